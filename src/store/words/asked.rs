//! A question as the index of words understands it. Pure.

use std::collections::HashSet;

use super::language;
use super::tokens::{self, Role};

/// The words of a question, and what it says by its form.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Asked {
    units: Vec<Unit>,
    phrases: Vec<String>,
    is_exact: bool,
}

/// What is written as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// In lower case.
    pub tokens: Vec<(String, Role)>,
}

impl Asked {
    pub(in crate::store) fn parse(question: &str) -> Self {
        let mut units: Vec<(u32, Unit)> = Vec::new();
        let mut seen = HashSet::new();
        tokens::each(question, &mut |token| {
            // A pasted page: the first words say what it is about.
            if seen.len() < MAX_TOKENS && seen.insert(token.text.to_owned()) {
                if units.last().is_none_or(|(unit, _)| *unit != token.unit) {
                    units.push((token.unit, Unit::default()));
                }
                if let Some((_, unit)) = units.last_mut() {
                    unit.tokens.push((token.text.to_owned(), token.role));
                }
            }
        });
        let mut units: Vec<Unit> = units.into_iter().map(|(_, unit)| unit).collect();
        leave_out_stop_words(&mut units);
        Self { units, phrases: phrases(question), is_exact: is_exact(question) }
    }

    /// Whether there is nothing in it that could be found.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// What stands in quotes or backticks, as it is written, without them: eight at most.
    pub(in crate::store) fn phrases(&self) -> &[String] {
        &self.phrases
    }

    /// Whether the whole question is one identifier, number or error code, or one quotation.
    pub(in crate::store) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Its words in lower case that stand by themselves, without those that say nothing: what a misspelling may be among.
    pub(in crate::store) fn words(&self) -> impl Iterator<Item = &str> {
        let of_words = |(text, role): &&(String, Role)| *role == Role::Word && text.chars().all(char::is_alphabetic);
        self.units
            .iter()
            .filter(|unit| unit.tokens.len() == 1)
            .flat_map(|unit| &unit.tokens)
            .filter(of_words)
            .map(|(text, _)| text.as_str())
    }

    pub(super) fn units(&self) -> &[Unit] {
        &self.units
    }
}

/// Where another word is there.
fn leave_out_stop_words(units: &mut Vec<Unit>) {
    let words: Vec<&str> = units.iter().flat_map(|unit| &unit.tokens).map(|(text, _)| text.as_str()).collect();
    let mut is_stop = language::stop_words(&words).into_iter();
    let marked: Vec<Vec<bool>> = units
        .iter()
        .map(|unit| unit.tokens.iter().zip(is_stop.by_ref()).map(|((_, role), is_stop)| is_stop && *role == Role::Word).collect())
        .collect();
    if marked.iter().flatten().all(|is_stop| *is_stop) {
        return;
    }
    for (unit, marked) in units.iter_mut().zip(marked) {
        let mut marked = marked.into_iter();
        unit.tokens.retain(|_| !marked.next().unwrap_or(false));
    }
    units.retain(|unit| !unit.tokens.is_empty());
}

fn phrases(question: &str) -> Vec<String> {
    let mut phrases = Vec::new();
    let mut rest = question;
    while let Some((at, open)) = rest.char_indices().find(|(_, c)| QUOTES.iter().any(|(open, _)| open == c)) {
        rest = &rest[at + open.len_utf8()..];
        let closes = |c: char| QUOTES.contains(&(open, c));
        let Some(end) = rest.find(closes) else { continue };
        let phrase = rest[..end].trim();
        if phrases.len() < MAX_PHRASES && phrase.len() <= MAX_PHRASE && phrase.contains(|c: char| !c.is_whitespace()) {
            phrases.push(phrase.to_owned());
        }
        let close = rest[end..].chars().next().map_or(0, char::len_utf8);
        rest = &rest[end + close..];
    }
    phrases
}

fn is_exact(question: &str) -> bool {
    let question = question.trim().trim_end_matches('?').trim_end();
    if question.len() > MAX_PHRASE {
        return false;
    }
    let within =
        |open: char, close: char| question.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).filter(|rest| !rest.is_empty());
    let quoted = QUOTES.iter().find_map(|(open, close)| within(*open, *close).filter(|rest| !rest.contains([*open, *close])));
    if quoted.is_some() || within('[', ']').is_some_and(|rest| rest.contains(|c: char| c.is_ascii_digit())) {
        return true;
    }
    let mut characters = question.trim_end_matches("()").chars();
    let Some(first) = characters.next() else { return false };
    let rest = characters.as_str();
    let is_one = !question.contains(char::is_whitespace) && question.contains(char::is_alphanumeric) && question.is_ascii();
    let is_sign = |c: char| c.is_ascii_digit() || "_.:/\\#+@$=<>".contains(c);
    is_one && (is_sign(first) || first == '-' || rest.contains(|c: char| is_sign(c) || c.is_ascii_uppercase()))
}

/// Tokens of a question that are looked up.
const MAX_TOKENS: usize = 64;
const MAX_PHRASES: usize = 8;
/// Bytes.
const MAX_PHRASE: usize = 200;

const QUOTES: [(char, char); 9] =
    [('"', '"'), ('`', '`'), ('“', '”'), ('„', '“'), ('„', '”'), ('«', '»'), ('»', '«'), ('「', '」'), ('『', '』')];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(question: &str) -> String {
        let asked = Asked::parse(question);
        asked.units.iter().flat_map(|unit| &unit.tokens).map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn stop_words_count_only_where_nothing_else_is_said() {
        assert_eq!(words("How do I do it?"), "how do i it");
        assert_eq!(words("How do I vacuum?"), "vacuum");
        assert_eq!(words("¿Cómo puedo instalar la base de datos?"), "instalar base datos");
        assert_eq!(words("is state-of-the-art"), "state art state-of-the-art");
        assert_eq!(words("the => of"), "=>");
        assert!(Asked::parse(" *** ").is_empty() && Asked::parse("").is_empty() && !Asked::parse("the").is_empty());
    }

    #[test]
    fn a_pasted_page_is_cut_off() {
        let page: String = (0..5_000).map(|word| format!("word{word} ")).collect();
        assert_eq!(words(&page).split(' ').count(), MAX_TOKENS);
    }

    #[test]
    fn quotations_are_phrases() {
        let asked = Asked::parse("what is \"address in use\" and `bind()` or „so etwas“ and \"open");
        assert_eq!(asked.phrases(), ["address in use", "bind()", "so etwas"]);
        assert!(Asked::parse("don't 'quote' \"\"").phrases().is_empty());
        assert!(Asked::parse(&"\"a\" ".repeat(1_000)).phrases().len() == MAX_PHRASES);
    }

    #[test]
    fn one_identifier_is_exact() {
        for question in [
            "429",
            "E0502",
            "missing_ok",
            "asyncio.TaskGroup",
            "createTask()",
            "--inspect-brk",
            "C++",
            "ENOENT",
            "[Errno 98]",
            "\"in use\"",
            "std::vec",
            ".NET",
            "/etc/hosts",
            "`x`",
        ] {
            assert!(Asked::parse(question).is_exact(), "{question}");
        }
        for question in ["vacuum", "Vacuum", "how to vacuum", "missing_ok default", "", "[note]", "東京", "\"a\" or \"b\""] {
            assert!(!Asked::parse(question).is_exact(), "{question}");
        }
    }
}
