//! Which language a page is written in, and what the stem of a word is in it. Pure.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;

use snowball_stemmers_rs::{Algorithm, Stemmer};

/// A language whose words have stems: its place in [`LANGUAGES`], which is what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store) struct Language(u8);

impl Language {
    pub(in crate::store) const ENGLISH: Self = Self(0);

    pub(super) fn from_code(code: u8) -> Option<Self> {
        LANGUAGES.get(usize::from(code)).map(|_| Self(code))
    }

    pub(super) fn code(self) -> u8 {
        self.0
    }

    /// Of a page, by what it says of itself (a tag of BCP 47) and by its text. A text in plain words of another language is believed
    /// more: many sites are said to be English by their template.
    pub(in crate::store) fn of_page(declared: Option<&str>, text: &str) -> Self {
        guess(text).or_else(|| declared.and_then(Self::tagged)).unwrap_or(Self::ENGLISH)
    }

    /// The one that the plain words of a question speak for; none where it may be English or has too few of them.
    pub(super) fn of_question(question: &str) -> Option<Self> {
        let lower = question.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).take(SAMPLE).collect();
        spoken_for(&words).and_then(|(tag, _)| Self::tagged(tag))
    }

    pub(super) fn tagged(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        // Norwegian is two.
        let primary = if primary.eq_ignore_ascii_case("nb") || primary.eq_ignore_ascii_case("nn") { "no" } else { primary };
        let at = LANGUAGES.iter().position(|(known, ..)| known.eq_ignore_ascii_case(primary))?;
        Some(Self(at as u8))
    }

    pub(super) fn is_one_of(self, tags: &[&str]) -> bool {
        tags.contains(&LANGUAGES[usize::from(self.0)].0)
    }

    /// Whether words are made of others that are written as one: `Paketfilterregeln`.
    pub(super) fn joins_words(self) -> bool {
        self.is_one_of(&["de", "nl", "sv", "da", "no", "fi"])
    }

    /// The language by which a word on a page in this one is stemmed: one of the word's alphabet. None: it has no stem.
    pub(super) fn of_word(self, word: &str) -> Option<Self> {
        if word.len() < 3 || word.len() > MAX_BYTES {
            return None;
        }
        let alphabet = Alphabet::of(word)?;
        let (_, _, own) = LANGUAGES[usize::from(self.0)];
        Some(if own == alphabet { self } else { alphabet.usual() })
    }

    /// The stem of a word in lower case. What a language's own rules make of a word is remembered: texts repeat their words.
    pub(super) fn stem(self, word: &str) -> String {
        STEMS.with_borrow_mut(|stems| {
            let (stemmer, known) = stems.entry(self.0).or_insert_with(|| {
                let (_, algorithm, _) = LANGUAGES[usize::from(self.0)];
                (Stemmer::create(algorithm), HashMap::new())
            });
            if let Some(stem) = known.get(word) {
                return stem.clone();
            }
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            let stem = stemmer.stem(word).into_owned();
            known.insert(word.into(), stem.clone());
            stem
        })
    }
}

/// The language of the plain words in the beginning of a text, if they leave no doubt.
fn guess(text: &str) -> Option<Language> {
    let end = text.char_indices().nth(SAMPLE).map_or(text.len(), |(at, _)| at);
    let (mut counts, mut words) = ([0_u32; LISTS.len()], 0_u32);
    let (mut russian, mut ukrainian, mut letters) = (0_u32, 0_u32, 0_u32);
    let plain = PLAIN.get_or_init(plain_words);
    for word in text[..end].split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        words += 1;
        if word.len() <= LONGEST_PLAIN {
            let word =
                if word.bytes().all(|byte| byte.is_ascii_lowercase()) { Cow::Borrowed(word) } else { Cow::Owned(word.to_lowercase()) };
            let lists = plain.get(&*word).copied().unwrap_or(0);
            counts.iter_mut().enumerate().for_each(|(at, count)| *count += u32::from(lists >> at & 1));
        }
        if !word.is_ascii() {
            for c in word.chars() {
                letters += u32::from(matches!(c, '\u{400}'..='\u{4ff}'));
                russian += u32::from(matches!(c, 'ы' | 'э' | 'ъ' | 'ё'));
                ukrainian += u32::from(matches!(c, 'і' | 'ї' | 'є' | 'ґ'));
            }
        }
    }
    if letters as usize * 3 > end.min(SAMPLE) {
        return Language::tagged(if ukrainian > russian { "uk" } else { "ru" });
    }
    let (best, most) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
    let second = counts.iter().enumerate().filter(|(at, _)| *at != best).map(|(_, count)| *count).max().unwrap_or(0);
    let is_sure = *most >= 8 && *most * 8 >= words && *most >= 2 * second;
    if is_sure { Language::tagged(LISTS[best].0) } else { None }
}

/// By word, in which lists it is, as bits.
fn plain_words() -> HashMap<&'static str, u16> {
    let mut plain: HashMap<&str, u16> = HashMap::new();
    for (at, (_, list)) in LISTS.iter().enumerate() {
        list.iter().for_each(|word| *plain.entry(word).or_default() |= 1 << at);
    }
    plain
}

/// Whether a word of a question says nothing about what it is about: in English, and in the language that two of its words and more
/// speak for.
pub(super) fn stop_words(words: &[&str]) -> Vec<bool> {
    let other = spoken_for(words);
    let is_stop = |word: &&str| ENGLISH.contains(word) || ASKING.contains(word) || other.is_some_and(|(_, list)| list.contains(word));
    words.iter().map(is_stop).collect()
}

/// A question in a script without spaces without what only says that it asks: its neighbouring characters stand in few texts, and would be
/// what is missed in all others. As it is, if nothing else is there.
pub(super) fn without_asking(question: &str) -> Cow<'_, str> {
    if question.is_ascii() || !ASKING_UNSPACED.iter().any(|asking| question.contains(asking)) {
        return Cow::Borrowed(question);
    }
    let rest = ASKING_UNSPACED.iter().fold(question.to_owned(), |rest, asking| rest.replace(asking, " "));
    if rest.contains(char::is_alphanumeric) { Cow::Owned(rest) } else { Cow::Borrowed(question) }
}

/// The language, and its plain words, that two words and more of a question speak for, and more than for English.
fn spoken_for(words: &[&str]) -> Option<(&'static str, &'static [&'static str])> {
    let hits = |list: &[&str]| words.iter().filter(|word| list.contains(word)).count();
    let english = hits(&ENGLISH);
    let others = LISTS[1..].iter().map(|(tag, list)| (hits(list), (*tag, *list)));
    others.max_by_key(|(hits, _)| *hits).filter(|(hits, _)| *hits > english.max(1)).map(|(_, of)| of)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alphabet {
    Latin,
    Cyrillic,
    Greek,
    Arabic,
    Devanagari,
}

impl Alphabet {
    /// Of all letters of a word; none where they are of several, or where there is anything else.
    fn of(word: &str) -> Option<Self> {
        if word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Some(Self::Latin);
        }
        let mut alphabets = word.chars().map(Self::of_letter);
        let first = alphabets.next()??;
        alphabets.all(|alphabet| alphabet == Some(first)).then_some(first)
    }

    fn of_letter(c: char) -> Option<Self> {
        Some(match c {
            'a'..='z' | '\u{df}'..='\u{f6}' | '\u{f8}'..='\u{24f}' => Self::Latin,
            '\u{430}'..='\u{4ff}' => Self::Cyrillic,
            '\u{386}'..='\u{3ce}' => Self::Greek,
            '\u{620}'..='\u{652}' => Self::Arabic,
            '\u{900}'..='\u{94d}' => Self::Devanagari,
            _ => return None,
        })
    }

    fn usual(self) -> Language {
        let tag = match self {
            Self::Latin => "en",
            Self::Cyrillic => "ru",
            Self::Greek => "el",
            Self::Arabic => "ar",
            Self::Devanagari => "hi",
        };
        Language::tagged(tag).expect("each of these is in the table")
    }
}

static PLAIN: OnceLock<HashMap<&str, u16>> = OnceLock::new();

thread_local! {
    static STEMS: RefCell<HashMap<u8, (Stemmer, Stems)>> = RefCell::default();
}

/// By word.
type Stems = HashMap<Box<str>, String>;

/// Words of a language whose stems are remembered by a thread.
const MAX_KNOWN: usize = 30_000;
/// Bytes of a word that has a stem.
const MAX_BYTES: usize = 64;
/// Characters of a text that are looked at to guess its language.
const SAMPLE: usize = 2_000;
/// Bytes of the longest word in the lists.
const LONGEST_PLAIN: usize = 14;

/// Their places are stored: what is new goes to the end.
const LANGUAGES: [(&str, Algorithm, Alphabet); 24] = [
    // The older rules of two: .003 and .001 better (nDCG@10 of scifact and of manuals) than the newer ones.
    ("en", Algorithm::Porter, Alphabet::Latin),
    ("de", Algorithm::German, Alphabet::Latin),
    ("es", Algorithm::Spanish, Alphabet::Latin),
    ("fr", Algorithm::French, Alphabet::Latin),
    ("ru", Algorithm::Russian, Alphabet::Cyrillic),
    ("pt", Algorithm::Portuguese, Alphabet::Latin),
    ("it", Algorithm::Italian, Alphabet::Latin),
    ("nl", Algorithm::Dutch, Alphabet::Latin),
    ("pl", Algorithm::Polish, Alphabet::Latin),
    ("uk", Algorithm::Ukrainian, Alphabet::Cyrillic),
    ("cs", Algorithm::Czech, Alphabet::Latin),
    ("sv", Algorithm::Swedish, Alphabet::Latin),
    ("da", Algorithm::Danish, Alphabet::Latin),
    ("no", Algorithm::Norwegian, Alphabet::Latin),
    ("fi", Algorithm::Finnish, Alphabet::Latin),
    ("hu", Algorithm::Hungarian, Alphabet::Latin),
    ("ro", Algorithm::Romanian, Alphabet::Latin),
    ("tr", Algorithm::Turkish, Alphabet::Latin),
    ("ca", Algorithm::Catalan, Alphabet::Latin),
    ("el", Algorithm::Greek, Alphabet::Greek),
    ("ar", Algorithm::Arabic, Alphabet::Arabic),
    ("hi", Algorithm::Hindi, Alphabet::Devanagari),
    ("id", Algorithm::Indonesian, Alphabet::Latin),
    ("et", Algorithm::Estonian, Alphabet::Latin),
];

/// The plain words of languages, English first.
const LISTS: [(&str, &[&str]); 9] = [
    ("en", &ENGLISH),
    ("de", &GERMAN),
    ("es", &SPANISH),
    ("fr", &FRENCH),
    ("ru", &RUSSIAN),
    ("pt", &PORTUGUESE),
    ("it", &ITALIAN),
    ("nl", &DUTCH),
    ("pl", &POLISH),
];

/// In documents they stay, so that a phrase may hold them.
const ENGLISH: [&str; 89] = [
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does", "for",
    "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "me", "my", "no", "not",
    "of", "on", "or", "our", "please", "s", "she", "should", "so", "some", "such", "t", "tell", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "to", "too", "us", "was", "we", "were", "what", "when", "where", "which", "while",
    "who", "why", "will", "with", "would", "you", "your", "show", "explain", "find", "give", "want", "need", "im", "dont",
];

/// Words that ask, of languages that have no list here, and that no other language means something by; as tokens are, with one sigma.
const ASKING: [&str; 30] = [
    "nasıl",
    "neden",
    "niçin",
    "nerede",
    "miten",
    "miksi",
    "missä",
    "mikä",
    "πώσ",
    "πωσ",
    "γιατί",
    "πού",
    "ποιοσ",
    "hvordan",
    "hvorfor",
    "varför",
    "hogyan",
    "miért",
    "proč",
    "bagaimana",
    "mengapa",
    "كيف",
    "لماذا",
    "ماذا",
    "איך",
    "מדוע",
    "איפה",
    "कैसे",
    "क्यों",
    "कहाँ",
];

/// And of those without spaces, what is part of another last.
const ASKING_UNSPACED: [&str; 28] = [
    "请问",
    "請問",
    "为什么",
    "為什麼",
    "为何",
    "為何",
    "怎么办",
    "怎麼辦",
    "怎么样",
    "怎麼樣",
    "怎么",
    "怎麼",
    "怎样",
    "怎樣",
    "如何",
    "什么",
    "什麼",
    "哪里",
    "哪裡",
    "どうやって",
    "どのように",
    "どうすれば",
    "でしょうか",
    "ですか",
    "ますか",
    "어떻게",
    "무엇을",
    "무엇이",
];

const GERMAN: [&str; 71] = [
    "aber", "alle", "als", "am", "an", "auch", "auf", "aus", "bei", "bin", "bis", "da", "das", "dass", "dem", "den", "der", "des", "die",
    "dies", "diese", "diesem", "diesen", "dieser", "dieses", "du", "durch", "ein", "eine", "einem", "einen", "einer", "eines", "er", "es",
    "für", "gibt", "haben", "hat", "ich", "im", "in", "ist", "kann", "kein", "keine", "man", "mich", "mir", "mit", "muss", "nach", "nicht",
    "noch", "oder", "sich", "sie", "sind", "so", "und", "von", "warum", "was", "welche", "wenn", "wie", "wir", "wird", "zu", "zum", "zur",
];

const SPANISH: [&str; 59] = [
    "a", "al", "como", "cómo", "con", "cual", "cuál", "cuando", "cuándo", "de", "del", "desde", "donde", "dónde", "el", "ella", "en",
    "entre", "es", "esta", "está", "este", "esto", "hay", "la", "las", "le", "lo", "los", "me", "mi", "más", "muy", "no", "nos", "o",
    "para", "pero", "por", "puede", "puedo", "qué", "que", "quién", "se", "ser", "si", "sin", "sobre", "son", "su", "sus", "también", "te",
    "tiene", "un", "una", "y", "ya",
];

const FRENCH: [&str; 66] = [
    "a", "ai", "au", "aux", "avec", "ce", "ces", "cette", "c", "comment", "d", "dans", "de", "des", "du", "elle", "en", "est", "et",
    "être", "fait", "il", "ils", "j", "je", "l", "la", "le", "les", "leur", "lui", "m", "ma", "mais", "me", "mon", "n", "ne", "nous", "on",
    "ou", "où", "par", "pas", "peut", "plus", "pour", "pourquoi", "qu", "quand", "que", "quel", "quelle", "qui", "s", "sa", "se", "ses",
    "son", "sont", "sur", "un", "une", "vous", "y", "à",
];

const RUSSIAN: [&str; 62] = [
    "а",
    "без",
    "бы",
    "был",
    "была",
    "были",
    "быть",
    "в",
    "вам",
    "вас",
    "вы",
    "где",
    "для",
    "до",
    "его",
    "ее",
    "если",
    "есть",
    "еще",
    "же",
    "за",
    "и",
    "из",
    "или",
    "им",
    "их",
    "к",
    "как",
    "какая",
    "какие",
    "какой",
    "когда",
    "который",
    "кто",
    "ли",
    "мне",
    "можно",
    "мы",
    "на",
    "не",
    "нет",
    "но",
    "о",
    "об",
    "он",
    "она",
    "они",
    "от",
    "по",
    "почему",
    "при",
    "с",
    "со",
    "так",
    "такое",
    "то",
    "у",
    "что",
    "чтобы",
    "это",
    "этот",
    "я",
];

const PORTUGUESE: [&str; 50] = [
    "a", "ao", "aos", "as", "com", "como", "da", "das", "de", "do", "dos", "e", "é", "ela", "ele", "em", "entre", "essa", "esse", "está",
    "este", "eu", "isso", "já", "mais", "mas", "me", "muito", "na", "nas", "no", "nos", "não", "o", "onde", "os", "ou", "para", "pela",
    "pelo", "por", "qual", "quando", "que", "se", "sem", "ser", "sua", "um", "uma",
];

const ITALIAN: [&str; 56] = [
    "a", "ai", "al", "alla", "anche", "che", "chi", "ci", "come", "con", "cosa", "da", "dal", "dalla", "dei", "del", "della", "delle",
    "di", "dove", "e", "è", "essere", "gli", "ha", "ho", "i", "il", "in", "io", "la", "le", "lo", "ma", "mi", "nei", "nel", "nella", "non",
    "o", "per", "perché", "più", "quale", "quando", "questa", "questo", "se", "si", "sono", "su", "sul", "tra", "un", "una", "uno",
];

const DUTCH: [&str; 49] = [
    "aan", "als", "bij", "dan", "dat", "de", "deze", "die", "dit", "door", "een", "en", "er", "geen", "had", "heb", "heeft", "het", "hij",
    "hoe", "ik", "in", "is", "je", "kan", "maar", "me", "met", "mijn", "naar", "niet", "nog", "of", "om", "ook", "op", "te", "tot", "uit",
    "van", "voor", "waar", "waarom", "wat", "we", "wel", "worden", "wordt", "zijn",
];

const POLISH: [&str; 45] = [
    "a", "ale", "bez", "być", "co", "czy", "dla", "do", "gdzie", "go", "i", "ich", "jak", "jaki", "jakie", "jest", "już", "kiedy", "kto",
    "które", "który", "lub", "ma", "mnie", "można", "na", "nad", "nie", "o", "od", "oraz", "po", "pod", "przez", "przy", "są", "się",
    "ten", "to", "tym", "w", "z", "za", "ze", "że",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tag(language: Language) -> &'static str {
        LANGUAGES[usize::from(language.code())].0
    }

    #[test]
    fn a_page_is_in_the_language_of_its_plain_words() {
        let german =
            "Die Katze sitzt auf dem Dach, und der Hund wartet unter der Treppe, bis sie wieder zu ihm kommt. Es ist nicht leicht.";
        let spanish = "El gato está en la casa y no quiere salir, pero los perros de la calle se han ido por la noche con las luces.";
        let russian = "Кошка сидит на крыше, а собака ждёт её под лестницей, пока она не вернётся.";
        let ukrainian = "Кішка сидить на даху, а собака чекає її під сходами, доки вона не повернеться.";
        let english = "The cat sits on the roof, and the dog waits for it under the stairs until it is back with them.";
        for (declared, text, expected) in [
            (None, german, "de"),
            (Some("en"), german, "de"),
            (None, spanish, "es"),
            (None, russian, "ru"),
            (Some("en-US"), ukrainian, "uk"),
            (Some("fr"), english, "en"),
            (Some("fr-CA"), "Tableau 1", "fr"),
            (Some("nb"), "Tabell 1", "no"),
            (Some("zh"), "表 1", "en"),
            (None, "x = 1", "en"),
            (None, "", "en"),
        ] {
            assert_eq!(tag(Language::of_page(declared, text)), expected, "{declared:?} {text}");
        }
    }

    #[test]
    fn words_are_stemmed_by_their_alphabet() {
        let stem = |page: &str, word: &str| {
            let language = Language::tagged(page).unwrap();
            language.of_word(word).map(|language| language.stem(word))
        };
        assert_eq!(stem("en", "running").unwrap(), "run");
        assert_eq!(stem("de", "häuser").unwrap(), "haus");
        assert_eq!(stem("en", "собаками").unwrap(), stem("ru", "собака").unwrap());
        assert_eq!(stem("ru", "running").unwrap(), "run");
        for word in ["e0502", "ab", "ab1", "日本語", "aб", ""] {
            assert_eq!(stem("en", word), None, "{word}");
        }
    }

    #[test]
    fn stop_words_are_those_of_the_question() {
        assert_eq!(stop_words(&["die", "hard"]), [false, false]);
        assert_eq!(stop_words(&["wie", "installiere", "ich", "die", "datenbank"]), [true, false, true, true, false]);
        assert_eq!(stop_words(&["how", "to", "install"]), [true, true, false]);
        assert_eq!(stop_words(&["sayfa", "numaralarını", "nasıl", "eklerim"]), [false, false, true, false]);
    }

    #[test]
    fn what_asks_in_a_script_without_spaces_is_left_out_where_more_is_said() {
        assert_eq!(without_asking("如何限制磁盘配额"), " 限制磁盘配额");
        assert_eq!(without_asking("どうすれば復元できますか"), " 復元でき ");
        for question in ["如何？", "磁盘配额", "how is it", ""] {
            assert_eq!(without_asking(question), question);
        }
    }

    proptest! {
        /// The stemmers are made by a machine from rules: none of them may stumble over a word.
        #[test]
        fn no_word_is_too_odd(word in "[a-z]{0,30}|[a-zß-öø-ɏ]{0,30}|[а-ӿ]{0,20}|[Ά-ώ]{0,20}|[ؠ-ْ]{0,20}|[ऀ-्]{0,20}|[aeiouylsnty]{0,12}") {
            for code in 0..LANGUAGES.len() as u8 {
                let language = Language::from_code(code).unwrap();
                if let Some(language) = language.of_word(&word) {
                    prop_assert!(language.stem(&word).len() <= 2 * word.len() + 8);
                }
            }
        }
    }
}
