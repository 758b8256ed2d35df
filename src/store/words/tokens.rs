//! Cuts text into tokens: of pages and of questions alike. Pure; linear in its input.
//!
//! A unit is what is written as one: `asyncio.TaskGroup`, `--max-pages`, `C++`, a run of Chinese. It gives its words, itself where it is
//! more than one word, and the parts of its words.

use std::borrow::Cow;

use unicode_normalization::char::{compose, decompose_canonical, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// What a token is to its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// A word of letters and digits. It counts for the length of the text.
    Word,
    /// A part of a word: `group` of `TaskGroup`.
    Part,
    /// A unit of several words, or with signs that belong to it: `asyncio.taskgroup`, `c++`.
    Whole,
    /// Two neighbours of a script without spaces, or one that has none. It counts like a word.
    Gram,
    /// An operator or an emoji. It counts like a word.
    Sign,
}

/// A token in lower case. Marks above letters are still there: see [`fold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub text: &'a str,
    pub role: Role,
    /// Number of its unit in the text.
    pub unit: u32,
}

/// Gives each token of a text, in order, to `take`.
pub(super) fn each(text: &str, take: &mut impl FnMut(Token<'_>)) {
    let text = normal(text);
    let mut scanner = Scanner { text: &text, at: 0, unit: 0, lower: String::new(), take };
    while scanner.at < text.len() {
        scanner.step();
    }
}

/// Without the marks above and below Latin and Greek letters, and with one form of those Russian letters that are written in two.
/// As the tokenizer of FTS5 (unicode61) does, and for more than one mark.
pub(super) fn fold(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    let mut folded = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            // Its other form is what is typed.
            'ё' => folded.push('е'),
            'ı' => folded.push('i'),
            // These do not decompose, and are typed so where a keyboard has none of them.
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'þ' => folded.push_str("th"),
            // A letter of its own.
            'й' | 'ї' => folded.push(c),
            _ if is_latin_or_greek(c) || is_mark(c) => decompose_canonical(c, |part| {
                if !is_mark(part) {
                    folded.push(part);
                }
            }),
            _ => folded.push(c),
        }
    }
    Cow::Owned(folded)
}

/// NFKC: full width is half width, `ﬁ` is `fi`, a letter with its mark is one.
fn normal(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    // Elsewhere most texts are in order but for a few characters.
    let mut normal = String::with_capacity(text.len());
    normal.extend(text.nfkc());
    Cow::Owned(normal)
}

struct Scanner<'a, F> {
    text: &'a str,
    at: usize,
    unit: u32,
    /// What a token is written to where it is not in the text as it is.
    lower: String,
    take: &'a mut F,
}

impl<F: FnMut(Token<'_>)> Scanner<'_, F> {
    /// One unit, or one character that is none.
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let c = rest.chars().next().expect("the scanner stands before the end");
        if c.is_ascii_whitespace() {
            self.at += 1;
        } else if c.is_ascii_alphanumeric() || c == '_' {
            self.joined(self.at);
        } else if c.is_ascii() {
            match prefix(rest.as_bytes()).filter(|_| self.is_free()) {
                Some(length) => self.joined(self.at + length),
                None => self.operators(),
            }
        } else if let Some(script) = Script::of(c) {
            self.grams(script);
        } else if is_word(c) {
            self.joined(self.at);
        } else {
            if is_picture(c) {
                self.emit(self.at, self.at + c.len_utf8(), Role::Sign);
                self.unit += 1;
            }
            self.at += c.len_utf8();
        }
    }

    /// Whether what begins here does not belong to a word before it.
    fn is_free(&self) -> bool {
        self.text[..self.at].chars().next_back().is_none_or(|before| !is_word(before) && !matches!(before, ')' | ']' | '}' | '.' | '/'))
    }

    /// A unit whose first word begins at `start`; what stands between `self.at` and there belongs to it.
    fn joined(&mut self, start: usize) {
        let (from, bytes) = (self.at, self.text.as_bytes());
        let mut end = start;
        let mut words = 0;
        loop {
            let word = end;
            while let Some(c) = self.text[end..].chars().next().filter(|c| is_joined(*c)) {
                end += c.len_utf8();
            }
            self.words_of(word, end, &mut words);
            let joint = joint(&bytes[end..]);
            let next = self.text[end + joint..].chars().next();
            if joint == 0 || !next.is_some_and(is_joined) {
                break;
            }
            end += joint;
        }
        let plain = end;
        end += suffix(&bytes[end..]);
        // Underscores around a name belong to it, and it is asked for without them.
        let inner_start = start + bytes[start..plain].iter().take_while(|byte| **byte == b'_').count();
        let inner_end = plain - bytes[inner_start..plain].iter().rev().take_while(|byte| **byte == b'_').count();
        let is_whole = words > 1 || from != inner_start || end != inner_end;
        if words > 0 && is_whole {
            self.emit_whole(from, end);
            if words > 1 && (from, end) != (inner_start, inner_end) {
                self.emit_whole(inner_start, inner_end);
            }
        }
        self.unit += 1;
        self.at = end;
        if words == 0 {
            // Underscores alone.
            self.at = end.max(from + 1);
        }
    }

    /// The words between underscores, and their parts.
    fn words_of(&mut self, start: usize, end: usize, words: &mut u32) {
        let mut from = start;
        while from < end {
            let length = self.text[from..end].find('_').unwrap_or(end - from);
            // Marks alone are none.
            if self.text[from..from + length].contains(|c: char| c.is_alphanumeric() && !is_mark(c)) {
                *words += 1;
                self.word(from, from + length);
            }
            from += length + 1;
        }
    }

    fn word(&mut self, start: usize, end: usize) {
        if is_long(&self.text[start..end]) {
            return self.long(start, end);
        }
        self.emit(start, end, Role::Word);
        if end - start <= MAX_CAMEL {
            self.parts(start, end);
        }
    }

    /// What is longer than a token is no word: of a key or an image in base64 its beginning is enough. It is cut when it is in lower case,
    /// where `ß` has become two letters, as in capitals.
    fn long(&mut self, start: usize, end: usize) {
        let text = &self.text[start..end];
        let enough = text.char_indices().nth(MAX_PIECES * MAX_CHARS).map_or(text.len(), |(at, _)| at);
        self.lower.clear();
        lower(&text[..enough], &mut self.lower);
        let mut from = 0;
        for _ in 0..MAX_PIECES {
            let to = cut(&self.lower, from, self.lower.len());
            if to > from {
                (self.take)(Token { text: &self.lower[from..to], role: Role::Word, unit: self.unit });
            }
            from = to;
        }
    }

    /// `Task` and `Group` of `TaskGroup`, `HTTP` and `Server` of `HTTPServer`.
    fn parts(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        if word.len() < 4 || !word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()) || !word.is_ascii() {
            return;
        }
        let bytes = word.as_bytes();
        let begins = |at: usize| {
            let (before, here, next) = (bytes[at - 1], bytes[at], bytes.get(at + 1));
            here.is_ascii_uppercase() && (!before.is_ascii_uppercase() || next.is_some_and(u8::is_ascii_lowercase))
        };
        let mut from = 0;
        for at in 1..=bytes.len() {
            if at == bytes.len() || begins(at) {
                if at - from > 1 && at - from < bytes.len() {
                    self.emit(start + from, start + at, Role::Part);
                }
                from = at;
            }
        }
    }

    /// A run of one script without spaces, by twos.
    fn grams(&mut self, script: Script) {
        let (mut previous, mut from, mut count) = (self.at, self.at, 0);
        while from < self.text.len() {
            let length = cluster(&self.text[from..], script);
            if length == 0 {
                break;
            }
            if count > 0 {
                self.emit(previous, from + length, Role::Gram);
            }
            (previous, from, count) = (from, from + length, count + 1);
        }
        if count == 1 {
            self.emit(previous, from, Role::Gram);
        }
        // Every gram of it is a word of its own, to a question: it is asked for as a text is.
        self.unit += 1;
        self.at = from;
    }

    fn operators(&mut self) {
        let bytes = self.text.as_bytes();
        let length = bytes[self.at..].iter().take_while(|byte| OPERATOR_SIGNS.contains(byte)).count();
        let (start, end) = (self.at, self.at + length);
        if (2..=3).contains(&length) {
            let operator = &self.text[start..end];
            let is_apart = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace() || b"`'\"()[],".contains(byte));
            let apart = || is_apart(start.checked_sub(1).and_then(|before| bytes.get(before))) && is_apart(bytes.get(end));
            if OPERATORS.contains(&operator) || (MARKDOWN_TOO.contains(&operator) && apart()) {
                self.emit(start, end, Role::Sign);
                self.unit += 1;
            }
            self.at = end;
        } else if length > 3 {
            self.at = end;
        } else {
            // Here a prefix may follow: `(--flag`.
            self.at += 1;
        }
    }

    fn emit_whole(&mut self, start: usize, end: usize) {
        if end - start <= MAX_BYTES && self.text[start..end].chars().count() <= MAX_CHARS {
            self.emit(start, end, Role::Whole);
        }
    }

    fn emit(&mut self, start: usize, end: usize, role: Role) {
        let (text, unit) = (&self.text[start..end], self.unit);
        if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            return (self.take)(Token { text, role, unit });
        }
        self.lower.clear();
        if text.is_ascii() {
            self.lower.push_str(text);
            self.lower.make_ascii_lowercase();
        } else {
            lower(text, &mut self.lower);
        }
        // Lower case can take apart what NFKC has put together.
        if !self.lower.is_empty() {
            (self.take)(Token { text: &self.lower, role, unit });
        }
    }
}

fn lower(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            'ß' | 'ẞ' => into.push_str("ss"),
            'ς' => into.push('σ'),
            // What joins or parts letters unseen, and the mark of a line's end.
            '\u{ad}' | '\u{200c}' | '\u{200d}' | 'ـ' => {}
            // What is written in few texts, and typed by nobody.
            _ if is_vowel_point(c) => {}
            _ => {
                for c in c.to_lowercase() {
                    match into.chars().next_back().filter(|_| is_mark(c)).and_then(|before| compose(before, c)) {
                        Some(composed) => {
                            into.pop();
                            into.push(composed);
                        }
                        None => into.push(c),
                    }
                }
            }
        }
    }
}

/// Whether it has more characters than a token, in lower case.
fn is_long(word: &str) -> bool {
    word.len() > MAX_CHARS && word.chars().map(|c| if matches!(c, 'ß' | 'ẞ') { 2 } else { 1 }).sum::<usize>() > MAX_CHARS
}

/// Where a piece of a word ends.
fn cut(text: &str, from: usize, end: usize) -> usize {
    if end - from <= MAX_CHARS {
        return end;
    }
    let mut characters = text[from..end].char_indices().skip(MAX_CHARS);
    characters.next().map_or(end, |(at, _)| from + at)
}

/// Length of signs before a word that belong to it: `--flag`, `-v`, `.net`, `/etc`, `@types`, `$ref`, `#include`.
fn prefix(bytes: &[u8]) -> Option<usize> {
    let length = match bytes {
        [b'-', b'-', ..] => 2,
        [b'-' | b'.' | b'/' | b'@' | b'$' | b'#', ..] => 1,
        _ => return None,
    };
    bytes.get(length).is_some_and(|next| next.is_ascii_alphabetic() || (*next == b'_' && bytes[0] != b'-')).then_some(length)
}

/// Length of what joins two words to one: `a.b`, `a-b`, `a/b`, `a::b`, `a->b`, `a:b`, `a@b`, `a#b`, `a\b`. A word must follow.
fn joint(bytes: &[u8]) -> usize {
    match bytes {
        [b':', b':', ..] | [b'-', b'>', ..] => 2,
        [b'.' | b'-' | b'/' | b':' | b'@' | b'#' | b'\\', ..] => 1,
        _ => 0,
    }
}

/// Length of signs behind a word that belong to it: `C++`, `C#`.
fn suffix(bytes: &[u8]) -> usize {
    let (length, next) = match bytes {
        [b'+', b'+', rest @ ..] => (2, rest.first()),
        [b'#', rest @ ..] => (1, rest.first()),
        _ => return 0,
    };
    let ends = next.is_none_or(|next| !next.is_ascii_alphanumeric() && !b"+#=".contains(next));
    if ends { length } else { 0 }
}

fn is_joined(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { is_word(c) && Script::of(c).is_none() }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || (!c.is_ascii() && is_within_word(c))
}

/// What is no letter and stands within words: marks, and what joins or parts letters unseen.
fn is_within_word(c: char) -> bool {
    is_mark(c) || matches!(c, '\u{ad}' | '\u{200c}' | '\u{200d}') || (c > '\u{590}' && c < '\u{fe30}' && is_combining_mark(c))
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Vowels and accents of Hebrew and Arabic.
fn is_vowel_point(c: char) -> bool {
    matches!(c, '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}')
        || matches!(c, '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}')
}

fn is_latin_or_greek(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' | '\u{1e00}'..='\u{1fff}')
}

/// Emoji, arrows, signs of mathematics, of keys, of currencies.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{20a0}'..='\u{20bf}' | '\u{2190}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Scripts that do not part words by spaces, and Korean, which parts them too seldom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// Han, Hiragana, Katakana: one text mixes them.
    Chinese,
    Korean,
    Thai,
    Lao,
    Khmer,
    Burmese,
}

impl Script {
    fn of(c: char) -> Option<Self> {
        Some(match c {
            ..='\u{e00}' => return None,
            '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' => Self::Thai,
            '\u{e81}'..='\u{ece}' | '\u{edc}'..='\u{edf}' => Self::Lao,
            '\u{1000}'..='\u{103f}' | '\u{1050}'..='\u{108f}' | '\u{a9e0}'..='\u{a9fe}' | '\u{aa60}'..='\u{aa7f}' => Self::Burmese,
            '\u{1780}'..='\u{17d3}' | '\u{17dc}'..='\u{17dd}' => Self::Khmer,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' => Self::Korean,
            '\u{2e80}'..='\u{2fdf}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{309f}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{30fc}'..='\u{30ff}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}' => Self::Chinese,
            _ => return None,
        })
    }
}

/// Length of the character of a script that a text begins with, and of the marks that stand at it; 0 if it begins with another.
fn cluster(text: &str, script: Script) -> usize {
    let mut characters = text.char_indices();
    match characters.next() {
        Some((_, c)) if Script::of(c) == Some(script) => {}
        _ => return 0,
    }
    let follows = |(_, c): &(usize, char)| is_mark(*c) || (Script::of(*c) == Some(script) && is_mark_of(script, *c));
    characters
        .take(MAX_MARKS)
        .take_while(follows)
        .last()
        .map_or_else(|| text.chars().next().map_or(0, char::len_utf8), |(at, c)| at + c.len_utf8())
}

/// Vowels, tones and the like that are written at a letter.
fn is_mark_of(script: Script, c: char) -> bool {
    match script {
        Script::Chinese | Script::Korean => false,
        Script::Thai => matches!(c, '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'),
        Script::Lao => matches!(c, '\u{eb1}' | '\u{eb4}'..='\u{ebc}' | '\u{ec8}'..='\u{ece}'),
        Script::Khmer => matches!(c, '\u{17b4}'..='\u{17d3}' | '\u{17dd}'),
        Script::Burmese => {
            matches!(c, '\u{102b}'..='\u{103e}' | '\u{1056}'..='\u{1059}' | '\u{105e}'..='\u{1060}' | '\u{1062}'..='\u{108f}')
        }
    }
}

/// Of a token.
pub(super) const MAX_CHARS: usize = 64;
/// Of a whole: characters may have several bytes.
const MAX_BYTES: usize = 4 * MAX_CHARS;
/// Of a word that is longer than a token.
const MAX_PIECES: usize = 4;
/// Bytes of a word that is looked at for parts.
const MAX_CAMEL: usize = MAX_CHARS;
const MAX_MARKS: usize = 8;

const OPERATOR_SIGNS: &[u8] = b"=!<>?&|+-*/%^~:.@$";

/// Signs of programming languages that are asked for by themselves.
const OPERATORS: [&str; 40] = [
    "=>", "->", "<-", "<=", ">=", "==", "===", "!=", "!==", "&&", "||", "??", "?.", "?:", "::", ":=", "+=", "-=", "*=", "/=", "%=", "|=",
    "&=", "^=", "<<", ">>", ">>>", "<=>", "=~", "!~", "|>", "<|", "..=", "...", "??=", "||=", "&&=", "**=", "++", "<>",
];

/// Those that markdown and prose use for something else: they count where they stand apart.
const MARKDOWN_TOO: [&str; 5] = ["**", "--", "//", "..", "~~"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(text: &str) -> Vec<(String, Role)> {
        let mut tokens = Vec::new();
        each(text, &mut |token| tokens.push((fold(token.text).into_owned(), token.role)));
        tokens
    }

    fn texts(text: &str) -> String {
        tokens(text).into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_way_of_writing_has_its_tokens() {
        for (text, expected) in [
            ("Cancel a task-group.", "cancel a task group task-group"),
            ("asyncio.TaskGroup", "asyncio taskgroup task group asyncio.taskgroup"),
            ("create_task()", "create task create_task"),
            ("HTTPServer parseURL iPhone", "httpserver http server parseurl parse url iphone phone"),
            ("MAX_RETRY_COUNT", "max retry count max_retry_count"),
            ("use `--max-pages`", "use max pages --max-pages max-pages"),
            ("(-v)", "v -v"),
            ("C++, C# and .NET", "c c++ c c# and net .net"),
            ("error[E0502]", "error e0502"),
            ("[Errno 98] Address", "errno 98 address"),
            ("std::vec a->b", "std vec std::vec a b a->b"),
            ("__init__ _private", "init __init__ private _private"),
            ("__my_name__", "my name __my_name__ my_name"),
            ("v1.2.3 3.14", "v1 2 3 v1.2.3 3 14 3.14"),
            ("/etc/hosts", "etc hosts /etc/hosts etc/hosts"),
            ("x=>y a?.b x !== y && z", "x => y a ?. b x !== y && z"),
            ("`**` and **bold**", "** and bold"),
            ("a 🎉 → b", "a 🎉 → b"),
            ("straße STRASSE ﬁne Ｆｕｌｌ", "strasse strasse fine full"),
            ("naïve café Ängström ΆΣ", "naive cafe angstrom ασ"),
            ("cafe\u{301}", "cafe"),
            ("ёлка йод Київ", "елка йод київ"),
            ("東京タワー", "東京 京タ タワ ワー"),
            ("猫 です", "猫 です"),
            ("Pythonの教程abc", "python の教 教程 abc"),
            ("שָׁלוֹם עולם", "שלום עולם"),
            ("كِتَابٌ", "كتاب"),
            ("서울대", "서울 울대"),
            ("ที่นี่", "ที่นี่"),
            ("don't user's", "don t user s"),
            ("हिन्दी", "हिन्दी"),
            ("co\u{ad}operate", "cooperate"),
            ("--- *** ___ |---|---| ==== #", ""),
            ("https://a.test/x", "https a test x a.test/x"),
            ("node:fs @types/node", "node fs node:fs types node @types/node types/node"),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
    }

    #[test]
    fn units_hold_together_what_is_written_as_one() {
        let mut units = Vec::new();
        each("a b.c d", &mut |token| units.push(token.unit));
        assert_eq!(units, [0, 1, 1, 1, 2]);
    }

    #[test]
    fn a_long_word_is_cut_alike_in_capitals() {
        for before in 55..64 {
            let word = format!("{}{}", "a".repeat(before), "ß".repeat(before % 6));
            assert_eq!(texts(&word), texts(&word.to_uppercase()), "{before}");
            let word = format!("{}{}", "a".repeat(before), "ßß".repeat(8));
            assert_eq!(texts(&word), texts(&word.to_uppercase()), "{before}");
        }
    }

    #[test]
    fn what_is_no_word_is_cut() {
        let long = "x".repeat(1_000_000);
        let found = tokens(&long);
        assert_eq!(found.len(), MAX_PIECES);
        assert!(found.iter().all(|(text, _)| text.chars().count() <= MAX_CHARS));
        let path = "ab/".repeat(10_000);
        assert_eq!(tokens(&path).len(), 10_000);
        let camel = "aBc".repeat(20);
        assert!(tokens(&camel).len() <= 1 + camel.len());
    }

    proptest! {
        #[test]
        fn any_text_is_cut_into_few_and_short_tokens(text in "\\PC{0,300}|[a-zA-Z_.:/#@+<>=*-]{0,200}|(?s).{0,200}") {
            let found = tokens(&text);
            let normal: usize = text.nfkc().count();
            prop_assert!(found.len() <= 3 * normal + 1, "{} of {}", found.len(), normal);
            for (token, _) in &found {
                prop_assert!(!token.is_empty() && token.chars().count() <= 4 * MAX_CHARS, "{token:?}");
                prop_assert!(!token.contains(|c: char| c.is_control() || c.is_whitespace()), "{token:?}");
            }
        }

        /// What is indexed is found again when it is asked for as it is written, and in capitals.
        #[test]
        fn case_makes_no_difference(text in "[a-zäöüéß ]{0,60}") {
            prop_assert_eq!(texts(&text), texts(&text.to_uppercase()));
        }
    }
}
