//! From text to the word pieces of MiniLM's vocabulary (BERT, uncased). Pure; any text has tokens, nothing fails.
//!
//! Names of special tokens inside a text are words like any other: a page that says `[SEP]` does not end its own input.

mod characters;

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use self::characters::{is_control, is_ideograph, is_mark, is_punctuation};

/// Nobody but the vocabulary fills it: it needs no hash that withstands chosen keys, and every word of a page is looked up.
type Pieces = HashMap<&'static str, i32, foldhash::fast::FixedState>;

/// The vocabulary, ready for look-up.
#[derive(Debug)]
pub(super) struct Tokenizer {
    /// Pieces that begin a word.
    first: Pieces,
    /// Pieces that continue one, without their `##`.
    inner: Pieces,
    /// Bytes of the longest piece: no longer candidate is looked up.
    longest: usize,
}

impl Tokenizer {
    /// From vocab.txt: one piece a line, the line's number is its token.
    pub(super) fn new(vocabulary: &'static str) -> Self {
        let pieces = |room| Pieces::with_capacity_and_hasher(room, foldhash::fast::FixedState::default());
        let mut tokenizer = Self { first: pieces(1 << 15), inner: pieces(1 << 13), longest: 0 };
        for (token, line) in (0..).zip(vocabulary.lines()) {
            let (piece, pieces) = match line.strip_prefix("##") {
                Some(piece) if !piece.is_empty() => (piece, &mut tokenizer.inner),
                _ => (line, &mut tokenizer.first),
            };
            pieces.insert(piece, token);
            tokenizer.longest = tokenizer.longest.max(piece.len());
        }
        tokenizer
    }

    /// The tokens of a text, `[CLS]` and `[SEP]` included: at least 2, at most [`MAX_TOKENS`]. What is longer is cut.
    pub(super) fn tokens(&self, text: &str) -> Vec<i32> {
        let mut tokens = self.begun(text, MAX_TOKENS);
        tokens.truncate(MAX_TOKENS - 1);
        tokens.push(SEP);
        tokens
    }

    /// How many tokens all of a text would be, `[CLS]` and `[SEP]` included.
    pub(super) fn count(&self, text: &str) -> usize {
        self.begun(text, usize::MAX).len() + 1
    }

    /// `[CLS]` and the tokens of a text, until there are `most` or a few more.
    fn begun(&self, text: &str, most: usize) -> Vec<i32> {
        let mut tokens = vec![CLS];
        let mut word = Word::default();
        let mut rest = text;
        // ASCII is no mark and is decomposed to itself: most of any text needs no tables.
        while !rest.is_empty() {
            let begin = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            if !self.plain(&rest[..begin], &mut word, &mut tokens, most) {
                break;
            }
            let (other, after) = rest[begin..].split_at(rest[begin..].find(|c: char| c.is_ascii()).unwrap_or(rest.len() - begin));
            let goes_on = |character| {
                self.take(character, &mut word, &mut tokens);
                tokens.len() < most
            };
            if !normalised(other).all(goes_on) {
                break;
            }
            rest = after;
        }
        self.push(&mut word, &mut tokens);
        tokens
    }

    /// The next character of a text, normalised.
    fn take(&self, character: char, word: &mut Word, tokens: &mut Vec<i32>) {
        if character.is_whitespace() {
            self.push(word, tokens);
        } else if is_punctuation(character) {
            self.push(word, tokens);
            word.add(character);
            self.push(word, tokens);
        } else {
            word.add(character);
        }
    }

    /// The same for a text of ASCII; whether there are fewer tokens than `most`. Letters and digits are taken word by word.
    fn plain(&self, text: &str, word: &mut Word, tokens: &mut Vec<i32>, most: usize) -> bool {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let letters = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (taken, after) = rest.split_at(letters.max(1));
            rest = after;
            if letters > 0 {
                word.add_letters(taken);
            } else if !is_control(first) {
                self.take(first, word, tokens);
                if tokens.len() >= most {
                    return false;
                }
            }
        }
        true
    }

    /// How well the model knows the words of a question: 1 for English, where few words are cut in pieces; near 0 for other languages,
    /// and 0 if there is no piece for any of it, or hardly more than its letters. Measured on questions in six languages.
    pub(super) fn familiarity(&self, question: &str) -> f32 {
        let (mut words, mut letters, mut pieces, mut known) = (0, 0, 0, 0);
        for word in question.split_whitespace().take(MOST_WORDS) {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            if word.is_empty() {
                continue;
            }
            let tokens = self.tokens(word);
            let unknown = tokens.iter().filter(|&&token| token == UNKNOWN).count();
            words += 1;
            letters += word.chars().filter(|c| c.is_alphanumeric()).count();
            known += tokens.len() - 2 - unknown;
            pieces += tokens.len() - 2 + unknown * UNKNOWN_PIECES;
        }
        if words > 0 && known == 0 {
            return 0.0;
        }
        let pieces_per_word = pieces as f32 / words.max(1) as f32;
        // It has the letters of many scripts and knows none of their words: its vector of what is spelt points anywhere.
        if pieces_per_word >= STRANGE && !question.is_ascii() && (letters as f32) < SPELT * pieces as f32 {
            return 0.0;
        }
        ((STRANGE - pieces_per_word) / (STRANGE - PLAIN)).clamp(0.01, 1.0)
    }

    /// Ends a word: its pieces by greedy longest match, or one `[UNK]` if any part of it has no piece.
    fn push(&self, word: &mut Word, tokens: &mut Vec<i32>) {
        let before = tokens.len();
        let mut rest = word.text.as_str();
        if word.characters > MAX_WORD {
            tokens.push(UNKNOWN);
            rest = "";
        }
        while !rest.is_empty() {
            let pieces = if tokens.len() == before { &self.first } else { &self.inner };
            let longest = &rest[..rest.floor_char_boundary(self.longest)];
            let mut ends = longest.char_indices().rev().map(|(at, character)| at + character.len_utf8());
            match ends.find_map(|end| pieces.get(&rest[..end]).map(|&token| (end, token))) {
                Some((end, token)) => {
                    tokens.push(token);
                    rest = &rest[end..];
                }
                None => {
                    tokens.truncate(before);
                    tokens.push(UNKNOWN);
                    break;
                }
            }
        }
        word.clear();
    }
}

/// The most tokens the model is given, special ones included: it was trained on no longer texts.
pub(super) const MAX_TOKENS: usize = 256;

/// A word so far. Beyond [`MAX_WORD`] it is only counted: it will be `[UNK]`, and may be megabytes of base64.
#[derive(Default)]
struct Word {
    text: String,
    characters: usize,
}

impl Word {
    fn add(&mut self, character: char) {
        self.characters += 1;
        if self.characters <= MAX_WORD {
            self.text.push(character);
        }
    }

    /// Of ASCII.
    fn add_letters(&mut self, letters: &str) {
        let begun = self.text.len();
        self.text.push_str(&letters[..letters.len().min(MAX_WORD.saturating_sub(self.characters))]);
        self.text[begun..].make_ascii_lowercase();
        self.characters += letters.len();
    }

    fn clear(&mut self) {
        self.text.clear();
        self.characters = 0;
    }
}

/// Cleaned, ideographs set apart, accents stripped, lower-case, in this order: the order matters for a few letters.
fn normalised(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|&character| !is_control(character))
        .flat_map(|character| {
            let (space, count) = if is_ideograph(character) { (Some(' '), 1) } else { (None, 0) };
            space.into_iter().chain([character]).chain(space.into_iter().take(count))
        })
        .nfd()
        .filter(|&character| !is_mark(character))
        .flat_map(char::to_lowercase)
}

/// Pieces a word: up to so many are English, from so many on another language.
const PLAIN: f32 = 1.1;
const STRANGE: f32 = 2.0;
/// Letters of a piece: Russian questions have 1.1, Japanese 0.9, Chinese 0.6, German and Spanish ones 2.7 and never less than 1.8.
const SPELT: f32 = 1.25;
/// What no piece is there for counts for more than one.
const UNKNOWN_PIECES: usize = 2;
/// Of a question.
const MOST_WORDS: usize = 64;

const UNKNOWN: i32 = 100;
const CLS: i32 = 101;
const SEP: i32 = 102;

/// Characters of the longest word that is looked up at all, as in the model's own tokenizer.
const MAX_WORD: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokenizer() -> Tokenizer {
        Tokenizer::new(include_str!("model/vocab.txt"))
    }

    /// How the file was made is said in it.
    #[test]
    fn tokens_are_those_of_the_reference() {
        let corpus: serde_json::Value = serde_json::from_str(include_str!("../../tests/corpus/embed/tokens.json")).unwrap();
        let tokenizer = tokenizer();
        let cases = corpus["cases"].as_array().unwrap();
        assert!(cases.len() > 50);
        for case in cases {
            let expected: Vec<i32> = serde_json::from_value(case["ids"].clone()).unwrap();
            assert_eq!(tokenizer.tokens(case["text"].as_str().unwrap()), expected, "{}", case["text"]);
        }
    }

    proptest! {
        /// As if all of it went through the tables.
        #[test]
        fn ascii_by_itself_gives_the_tokens_of_the_whole(text in "([ -~\\n\\t\\x00-\\x1f\\x7f]{0,4}|[e\u{301}\u{327}\u{93f}\u{903}é가각中\u{1100}\u{1161}İßŐ€]{0,4}){0,20}") {
            let tokenizer = tokenizer();
            let words: String = normalised(&text).flat_map(|c| if is_punctuation(c) { vec![' ', c, ' '] } else { vec![c] }).collect();
            let mut expected = vec![CLS];
            for part in words.split_whitespace() {
                let mut word = Word::default();
                part.chars().for_each(|c| word.add(c));
                tokenizer.push(&mut word, &mut expected);
            }
            expected.push(SEP);
            prop_assert_eq!(tokenizer.count(&text), expected.len());
            if expected.len() <= MAX_TOKENS {
                prop_assert_eq!(tokenizer.tokens(&text), expected);
            }
        }
    }

    #[test]
    fn length_is_bounded_whatever_the_text() {
        let tokenizer = tokenizer();
        for text in ["word ".repeat(10_000), "漢".repeat(10_000), "!".repeat(10_000), "x".repeat(1 << 20), "a\u{301}".repeat(1 << 18)] {
            let tokens = tokenizer.tokens(&text);
            assert!(tokens.len() <= MAX_TOKENS);
            assert_eq!((tokens[0], *tokens.last().unwrap()), (CLS, SEP));
        }
        assert_eq!(tokenizer.tokens(&"x".repeat(1 << 20)), [CLS, UNKNOWN, SEP]);
        assert_eq!(tokenizer.tokens(&"word ".repeat(300)).len(), MAX_TOKENS);
    }

    #[test]
    fn the_model_knows_english() {
        let tokenizer = tokenizer();
        for question in ["How do I cancel a task?", "what is returned when the file does not exist", ""] {
            assert!(tokenizer.familiarity(question) > 0.9, "{question}");
        }
        for question in ["Wie ändere ich die Gruppe einer Datei?", "¿Cómo instalo paquetes?", "Как настроить asyncio.TaskGroup в Python"]
        {
            let known = tokenizer.familiarity(question);
            assert!(known > 0.0 && known < 0.6, "{question}: {known}");
        }
        // It spells these.
        for question in ["ファイルの最後の部分を出力する", "Как удалить пустой каталог", "删除文件", "ꦏꦺꦠꦼꦭ꧀ 🫖🫖"]
        {
            assert_eq!(tokenizer.familiarity(question), 0.0, "{question}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_tokens(text in any::<String>()) {
            let tokens = shared().tokens(&text);
            prop_assert!((2..=MAX_TOKENS).contains(&tokens.len()));
            prop_assert_eq!(tokens.len(), shared().count(&text).min(MAX_TOKENS));
            // What tells without counting that a text is within a limit.
            prop_assert!(shared().count(&text) <= text.len() + 2);
            prop_assert!(tokens.iter().all(|token| (0..30_522).contains(token)));
        }

        #[test]
        fn a_beginning_has_the_same_tokens(text in "[a-z.,é漢 ]{0,2000}") {
            let (tokenizer, longer) = (shared(), format!("{text} and more"));
            let (short, long) = (tokenizer.tokens(&text), tokenizer.tokens(&longer));
            let common = short.len() - 1;
            prop_assert_eq!(&short[..common], &long[..common]);
        }
    }

    fn shared() -> &'static Tokenizer {
        static SHARED: std::sync::LazyLock<Tokenizer> = std::sync::LazyLock::new(tokenizer);
        &SHARED
    }
}
