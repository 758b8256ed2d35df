//! A question as the index of words understands it. Pure.

use std::borrow::Cow;
use std::collections::HashSet;

use super::language;
use super::tokens::{self, Role};

/// The words of a question, and what it says by its form.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Asked {
    units: Vec<Unit>,
    phrases: Vec<String>,
    quoted_words: Vec<String>,
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
        let mut written: Vec<(u32, String, Role)> = Vec::new();
        tokens::each(&language::without_asking(&ends(question)), &mut |token| {
            written.push((token.unit, token.text.to_owned(), token.role))
        });
        let mut units: Vec<(u32, Unit)> = Vec::new();
        let chosen = chosen(&written);
        for ((of, text, role), _) in written.into_iter().zip(chosen).filter(|(_, is_chosen)| *is_chosen) {
            if units.last().is_none_or(|(unit, _)| *unit != of) {
                units.push((of, Unit::default()));
            }
            if let Some((_, unit)) = units.last_mut() {
                unit.tokens.push((text, role));
            }
        }
        let mut units: Vec<Unit> = units.into_iter().map(|(_, unit)| unit).collect();
        leave_out_stop_words(&mut units);
        let is_exact = is_exact(question);
        // One word between the quotes of programs may be the value of the day in a message or in code: `relation "users" does not exist`.
        let is_word =
            |(open, phrase): &(char, String)| !is_exact && *open == '"' && !phrase.contains(|c: char| c.is_whitespace() || c >= '\u{2e80}');
        let (quoted_words, phrases): (Vec<_>, Vec<_>) = quotations(question).into_iter().partition(is_word);
        let texts = |quoted: Vec<(char, String)>| quoted.into_iter().map(|(_, text)| text).collect();
        Self { units, phrases: texts(phrases), quoted_words: texts(quoted_words), is_exact }
    }

    /// Whether there is nothing in it that could be found.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// What stands in quotes or backticks, as it is written, without them: eight at most, with the single words.
    pub(in crate::store) fn phrases(&self) -> &[String] {
        &self.phrases
    }

    /// Single words in the quotes that programs have as well: they may be meant letter for letter, or are what an example happens to hold.
    pub(in crate::store) fn quoted_words(&self) -> &[String] {
        &self.quoted_words
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

/// A question of more than a few pages without its middle.
pub(crate) fn ends(question: &str) -> Cow<'_, str> {
    if question.len() <= 2 * LONGEST_END {
        return Cow::Borrowed(question);
    }
    let (first, last) = (question.floor_char_boundary(LONGEST_END), question.ceil_char_boundary(question.len() - LONGEST_END));
    Cow::Owned(format!("{} {}", &question[..first], &question[last..]))
}

/// Which of these tokens are looked up: each once, and of what somebody has pasted those at the beginning and at the end. There it is said
/// what it is about and what became of it, and who asks writes above it or below.
fn chosen(written: &[(u32, String, Role)]) -> Vec<bool> {
    let all: HashSet<&str> = written.iter().map(|(_, text, _)| text.as_str()).collect();
    let first = if all.len() > MAX_TOKENS { MAX_TOKENS / 2 } else { MAX_TOKENS };
    let (mut seen, mut chosen) = (HashSet::new(), vec![false; written.len()]);
    for ((_, text, _), is_chosen) in written.iter().zip(&mut chosen) {
        *is_chosen = seen.len() < first && seen.insert(text.as_str());
    }
    for ((_, text, _), is_chosen) in written.iter().zip(&mut chosen).rev() {
        *is_chosen |= seen.len() < MAX_TOKENS && seen.insert(text.as_str());
    }
    chosen
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

/// Whether a string behind it is one of code: `print(`, `key=`, `[`, `{`. A person who sets a bracket has a blank before it.
fn is_argument(before: &str) -> bool {
    before.ends_with(['{', '[', '='])
        || before.strip_suffix('(').is_some_and(|name| name.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '(' | '[' | ')')))
}

/// What stands in quotes, with the mark that opens it, but for strings in code.
fn quotations(question: &str) -> Vec<(char, String)> {
    let mut found = Vec::new();
    let mut from = 0;
    let has_code = question.contains(['{', '[']) || question.match_indices('(').any(|(at, _)| is_argument(&question[..=at]));
    // Marks that nothing closes: all of the rest is looked at once for each.
    let mut open_ended: Vec<char> = Vec::new();
    while let Some((at, open)) = question[from..].char_indices().find(|(_, c)| QUOTES.iter().any(|(open, _)| open == c)) {
        let before = &question[..from + at];
        from += at + open.len_utf8();
        if open_ended.contains(&open) {
            continue;
        }
        let Some(length) = question[from..].find(|c: char| QUOTES.contains(&(open, c))) else {
            open_ended.push(open);
            continue;
        };
        let phrase = question[from..from + length].trim();
        let mut behind = question[from + length..].chars();
        from += length + behind.next().map_or(0, char::len_utf8);
        let is_code = open == '"' && (is_argument(before) || has_code && (before.ends_with([',', ':']) || behind.next() == Some(':')));
        let is_phrase = phrase.len() <= MAX_PHRASE && phrase.contains(|c: char| !c.is_whitespace());
        if found.len() < MAX_PHRASES && is_phrase && !is_code {
            found.push((open, phrase.to_owned()));
        }
    }
    found
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
    // `PEP 540`, `HTTP 404`, `Python 3.11`.
    let is_numbered = |(name, number): (&str, &str)| {
        let is_name = (2..=10).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let is_number = digits >= 2 && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        is_name && is_number && !language::stop_words(&[name.to_lowercase().as_str()])[0]
    };
    if question.split_once(' ').is_some_and(is_numbered) {
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
/// Bytes of either end of a question.
const LONGEST_END: usize = 16_384;
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
    fn of_what_is_pasted_both_ends_are_asked_for() {
        for lines in [30, 3_000] {
            let trace: String = (0..lines).map(|line| format!("  File \"/srv/app/part{line}.py\", line {line}, in step{line}\n")).collect();
            let asked = words(&format!("Traceback of kettle:\n{trace}BoilError: no water in the kettle at {lines}"));
            for word in ["traceback", "kettle", "part0", "boilerror", "water"] {
                assert!(asked.split(' ').any(|other| other == word), "{word}: {asked}");
            }
            assert!(asked.split(' ').count() <= MAX_TOKENS && !asked.contains("part15"), "{asked}");
        }
    }

    #[test]
    fn quotations_are_phrases() {
        let asked = Asked::parse("what is \"address in use\" and `bind()` or „so etwas“ and \"open");
        assert_eq!(asked.phrases(), ["address in use", "bind()", "so etwas"]);
        assert!(Asked::parse("don't 'quote' \"\"").phrases().is_empty());
        assert_eq!(Asked::parse("\"yield\"").phrases(), ["yield"]);
        assert_eq!(Asked::parse("什么是\"删除\"").phrases(), ["删除"]);
        assert!(Asked::parse(&"\"a b\" ".repeat(1_000)).phrases().len() == MAX_PHRASES);
    }

    #[test]
    fn a_phrase_beside_a_sign_of_the_sentence_is_one() {
        for question in [
            "what does it mean (\"connection refused\")?",
            "error:\"connection refused\" why",
            "what is \"connection refused\": cause",
            "\"connection refused\",\"no water\"",
        ] {
            assert_eq!(Asked::parse(question).phrases()[0], "connection refused", "{question}");
        }
        // Marks that nothing closes are each looked for once.
        let open = format!("kettle {}", "„".repeat(200_000));
        assert!(quotations(&open).is_empty());
    }

    #[test]
    fn what_a_message_or_an_example_has_in_quotes_is_no_quotation() {
        for (question, words) in [
            ("what does \"yield\" do", &["yield"][..]),
            ("ERROR: relation \"users\" does not exist", &["users"]),
            ("git commit -m \"fix\" --amend", &["fix"]),
            ("json.dumps({\"name\": \"x\", \"id\": 1})", &["x"]),
            ("print(\"hello world\") prints", &[]),
            ("a = f(\"a b\", key=\"c d\")", &[]),
        ] {
            let asked = Asked::parse(question);
            assert_eq!(
                (asked.phrases(), asked.quoted_words()),
                (&[][..] as &[String], words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>().as_slice()),
                "{question}"
            );
        }
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
            "PEP 540",
            "HTTP 404",
            "python 3.11",
        ] {
            assert!(Asked::parse(question).is_exact(), "{question}");
        }
        for question in [
            "the 42",
            "chapter 7",
            "kettle 1a2",
            "vacuum",
            "Vacuum",
            "how to vacuum",
            "missing_ok default",
            "",
            "[note]",
            "東京",
            "\"a\" or \"b\"",
        ] {
            assert!(!Asked::parse(question).is_exact(), "{question}");
        }
    }
}
