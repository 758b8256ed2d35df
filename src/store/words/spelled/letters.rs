//! Letters that are typed for others: those of a keyboard that has no others, and those that two languages with one script have as two. Pure.

use std::collections::HashSet;

use crate::store::words::language::Language;

/// A word with such letters in place of others, in lower case as what is given; `language` is that of most texts.
pub(super) fn others(word: &str, language: Option<Language>) -> Vec<String> {
    let mut others = Vec::new();
    match word.chars().find(|c| c.is_alphabetic()) {
        Some('\u{620}'..='\u{6d3}' | '\u{750}'..='\u{77f}') => arabic(word, &mut others),
        Some('\u{904}'..='\u{97f}') => devanagari(word, &mut others),
        Some('\u{400}'..='\u{4ff}') => cyrillic(word, language, &mut others),
        Some('a'..='z' | '\u{df}'..='\u{24f}') => latin(word, language, &mut others),
        _ => {}
    }
    others.extend(with_plain_digits(word));
    let mut known = HashSet::new();
    others.retain(|other| other != word && known.insert(other.clone()));
    others.truncate(MOST);
    others
}

/// Persian and Arabic have two letters for one of Arabic script, and who types has one of the keyboards.
fn arabic(word: &str, others: &mut Vec<String>) {
    let end = word.char_indices().next_back().map_or(0, |(at, _)| at);
    for [yeh, last] in YEHS {
        for kaf in KAFS {
            let as_typed = word.char_indices().map(|(at, c)| match c {
                _ if YEHS.iter().flatten().any(|other| *other == c) => {
                    if at == end {
                        last
                    } else {
                        yeh
                    }
                }
                _ if KAFS.contains(&c) => kaf,
                _ => c,
            });
            others.push(as_typed.collect());
        }
    }
    // Hamza is left out, and the ending of feminine words is typed as the letter that looks like it.
    if word.contains(HAMZAS) {
        others.push(word.replace(HAMZAS, "ا"));
    }
    if let Some(rest) = word.strip_suffix('ة') {
        others.push(format!("{rest}ه"));
    } else if let Some(rest) = word.strip_suffix('ه') {
        others.push(format!("{rest}ة"));
    }
}

/// The dot below is typed or not, and so is the nasal consonant that a dot above stands for.
fn devanagari(word: &str, others: &mut Vec<String>) {
    let letters: Vec<char> = word.chars().collect();
    let has_nukta = |at: usize| letters.get(at + 1) == Some(&NUKTA);
    if letters.contains(&NUKTA) {
        others.push(word.replace(NUKTA, ""));
    }
    let dotted: Vec<usize> = (0..letters.len()).filter(|at| DOTTED.contains(letters[*at]) && !has_nukta(*at)).collect();
    let with_nukta = |places: &[usize]| -> String {
        let with = |(at, c): (usize, &char)| [Some(*c), places.contains(&at).then_some(NUKTA)];
        letters.iter().enumerate().flat_map(with).flatten().collect()
    };
    if dotted.len() > 1 {
        others.push(with_nukta(&dotted));
    }
    others.extend(dotted.iter().take(MOST_DOTTED).map(|at| with_nukta(&[*at])));
    let nasals: Vec<String> = [word].into_iter().chain(others.iter().map(String::as_str)).flat_map(nasals_of).collect();
    others.extend(nasals);
}

/// `हिंदी` of `हिन्दी` and the other way round, `कहां` and `कहाँ`.
fn nasals_of(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let nasal_of = |c: char| ROWS.iter().find(|row| row.contains(c)).and_then(|row| row.chars().next_back());
    let (mut dots, mut consonants, mut at) = (String::new(), String::new(), 0);
    while let Some(&c) = letters.get(at) {
        let (second, third) = (letters.get(at + 1).copied(), letters.get(at + 2).copied());
        match c {
            _ if second == Some(VIRAMA) && third.is_some_and(|third| nasal_of(third) == Some(c) && third != c) => {
                dots.push(ANUSVARA);
                consonants.extend([c, VIRAMA]);
                at += 1;
            }
            ANUSVARA => {
                dots.push(c);
                match second.and_then(nasal_of) {
                    Some(nasal) => consonants.extend([nasal, VIRAMA]),
                    None => consonants.push(CHANDRABINDU),
                }
            }
            CHANDRABINDU => {
                dots.push(ANUSVARA);
                consonants.push(c);
            }
            _ => {
                dots.push(c);
                consonants.push(c);
            }
        }
        at += 1;
    }
    [dots, consonants].into_iter().filter(|other| other != word).collect()
}

/// Ukrainian has two letters for what Russian keyboards have one for.
fn cyrillic(word: &str, language: Option<Language>, others: &mut Vec<String>) {
    if word.contains('ґ') {
        others.push(word.replace('ґ', "г"));
    } else if language.is_some_and(|language| language.is_one_of(&["uk"])) || word.contains(['і', 'ї', 'є']) {
        for (at, _) in word.match_indices('г').take(MOST_DOTTED) {
            others.push(format!("{}ґ{}", &word[..at], &word[at + 'г'.len_utf8()..]));
        }
    }
}

/// `aendern` is `ändern` where most is written in a language that has the one for the other; `ändern` may be `aendern` anywhere.
fn latin(word: &str, language: Option<Language>, others: &mut Vec<String>) {
    if word.contains(UMLAUTS.map(|(letter, _)| letter)) {
        others.push(UMLAUTS.iter().fold(word.to_owned(), |word, (letter, pair)| word.replace(*letter, pair)));
        return;
    }
    let Some(pairs) = language.and_then(pairs_of) else { return };
    let mut typed = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        // `neue`, `bauen` and `quelle` have none.
        let is_apart = rest.starts_with('u') && typed.ends_with(['a', 'e', 'q', 'o', 'ä', 'ö']);
        let pair = pairs.iter().find(|(_, pair)| rest.starts_with(pair)).filter(|_| !is_apart);
        match pair {
            Some((letter, pair)) => {
                typed.push(*letter);
                rest = &rest[pair.len()..];
            }
            None => {
                typed.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    others.push(typed);
}

/// Two letters that are typed for one in a language.
fn pairs_of(language: Language) -> Option<&'static [(char, &'static str)]> {
    match () {
        () if language.is_one_of(&["de"]) => Some(&UMLAUTS[..3]),
        () if language.is_one_of(&["da", "no"]) => Some(&UMLAUTS[3..]),
        () if language.is_one_of(&["sv"]) => Some(&SWEDISH),
        () => None,
    }
}

/// Digits of other scripts are typed as those of all keyboards.
fn with_plain_digits(word: &str) -> Option<String> {
    let plain = |c: char| DIGITS.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|digit| *digit < 10));
    let has_other = word.chars().any(|c| plain(c).is_some());
    has_other.then(|| word.chars().map(|c| plain(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)).collect())
}

/// Within a word, and at its end.
const YEHS: [[char; 2]; 3] = [['ی', 'ی'], ['ي', 'ي'], ['ي', 'ى']];
const KAFS: [char; 2] = ['ک', 'ك'];
const HAMZAS: [char; 4] = ['أ', 'إ', 'آ', 'ٱ'];

const NUKTA: char = '\u{93c}';
const VIRAMA: char = '\u{94d}';
const ANUSVARA: char = '\u{902}';
const CHANDRABINDU: char = '\u{901}';
/// Letters that have a dot below in words of Persian, Arabic and English, and in some of Hindi.
const DOTTED: &str = "कखगजडढफ";
/// Consonants of one place of the mouth, the nasal last.
const ROWS: [&str; 5] = ["कखगघङ", "चछजझञ", "टठडढण", "तथदधन", "पफबभम"];

const UMLAUTS: [(char, &str); 6] = [('ä', "ae"), ('ö', "oe"), ('ü', "ue"), ('å', "aa"), ('ø', "oe"), ('æ', "ae")];
const SWEDISH: [(char, &str); 3] = [('å', "aa"), ('ä', "ae"), ('ö', "oe")];
/// Zeros: of Arabic, Persian, Devanagari, Bengali, Thai.
const DIGITS: [u32; 5] = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50];

/// Places in a word that may have another letter: each is looked up by itself.
const MOST_DOTTED: usize = 3;
/// Of a word.
const MOST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_for_others() {
        let of = |word: &str, tag: &str| others(word, Language::tagged(tag));
        for (word, tag, expected) in [
            ("می", "en", &["مي", "مى"][..]),
            ("كتابي", "ar", &["کتابی", "كتابی", "کتابي", "کتابى", "كتابى"]),
            ("مكتبة", "ar", &["مکتبة", "مكتبه"]),
            ("إعداد", "ar", &["اعداد"]),
            ("आज\u{93c}ाद", "hi", &["आजाद"]),
            ("फाइल", "hi", &["फ\u{93c}ाइल"]),
            ("हिन्दी", "hi", &["हिंदी"]),
            ("हिंदी", "hi", &["हिन्दी"]),
            ("वहाँ", "hi", &["वहां"]),
            ("ґрунт", "uk", &["грунт"]),
            ("грунт", "uk", &["ґрунт"]),
            ("город", "ru", &[]),
            ("ändern", "en", &["aendern"]),
            ("aenderungsuebersicht", "de", &["änderungsübersicht"]),
            ("quelle", "de", &[]),
            ("neue", "de", &[]),
            ("value", "en", &[]),
            ("aarhus", "da", &["århus"]),
            ("smoerrebroed", "da", &["smørrebrød"]),
            ("café", "fr", &[]),
            ("۱۲۳", "en", &["123"]),
            ("東京", "en", &[]),
            ("", "en", &[]),
        ] {
            assert_eq!(of(word, tag), expected, "{word}");
        }
        for word in ["ي".repeat(64), "ज".repeat(64), "г".repeat(64), "ंज".repeat(32)] {
            assert!(of(&word, "uk").len() <= MOST, "{word}");
        }
    }
}
