//! What a question asks for letter for letter: what stands in quotes, names and numbers, or all of it. Pure.

use crate::store::words::{Asked, named_and_numbered};

/// A question as the ranking sees it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Question {
    /// In quotes, folded.
    phrases: Vec<String>,
    /// Single words in the quotes of programs, folded.
    quoted_words: Vec<String>,
    /// Identifiers, options, error codes, numbers of a longer question, folded.
    names: Vec<String>,
    /// All of it, folded, where it is short enough to stand in a text as it is.
    whole: Option<String>,
    /// How many words that is.
    words: usize,
    /// It is one name, number or quotation and nothing else.
    is_exact: bool,
    /// It asks what is new, or what was changed in a version.
    asks_for_changes: bool,
}

impl Question {
    pub(super) fn of(text: &str, asked: &Asked) -> Self {
        let text = text.trim();
        let quoted = |texts: &[String]| texts.iter().map(|text| folded(text).trim().to_owned()).collect::<Vec<_>>();
        let (phrases, quoted_words) = (quoted(asked.phrases()), quoted(asked.quoted_words()));
        let only_quoted = asked.is_exact() && !phrases.is_empty();
        let mut names: Vec<String> = tokens(text).filter(|token| is_name(token)).map(folded).collect();
        names.sort();
        names.dedup();
        names.truncate(MOST);
        let words = text.split_whitespace().count();
        let alone = words == 1 && tokens(text).any(|token| is_name(token) || token.chars().all(|c| !c.is_alphabetic()));
        let whole = (text.len() <= LONGEST && !only_quoted && (alone || (2..=MOST_WORDS).contains(&words)))
            .then(|| folded(text.trim_end_matches(['?', '!'])).trim().to_owned());
        let asks_for_changes = folded(text).split(|c: char| !c.is_alphanumeric()).any(|word| CHANGES.contains(&word));
        Self { phrases, quoted_words, names, whole, words, is_exact: alone || asked.is_exact(), asks_for_changes }
    }

    /// Nothing but these letters is meant: what a model makes of them counts for little.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    pub(super) fn asks_for_changes(&self) -> bool {
        self.asks_for_changes
    }

    /// What a passage gains by what it holds of the question letter for letter. `headings` are its title, those it stands under and those
    /// within it; `text` is as it is read.
    pub(super) fn exact<'a>(&self, headings: impl IntoIterator<Item = &'a str>, text: &str) -> f32 {
        if self.phrases.is_empty() && self.quoted_words.is_empty() && self.names.is_empty() && self.whole.is_none() {
            return 0.0;
        }
        let headings: Vec<String> = headings.into_iter().map(folded).collect();
        let text = folded(text);
        let as_written = |phrase: &str| {
            if headings.iter().any(|heading| declares(heading, phrase)) {
                DECLARED
            } else if headings.iter().any(|heading| holds(heading, phrase)) {
                1.0
            } else if holds(&text, phrase) {
                0.75
            } else {
                0.0
            }
        };
        let held = |phrase: &str| {
            let others = otherwise(phrase);
            others.iter().map(|other| OTHERWISE * as_written(other)).fold(as_written(phrase), f32::max)
        };
        let all = |texts: &[String]| texts.iter().fold(0.0, |all, text| all + held(text));
        let of_all = |texts: &[String]| all(texts) / texts.len().max(1) as f32;
        let quoted = all(&self.phrases) * PHRASE + of_all(&self.quoted_words) * QUOTED_WORD;
        let named = of_all(&self.names) * NAME;
        // The more words stand there one after the other, the less by chance.
        let pasted = WHOLE * self.words.saturating_sub(1).clamp(1, MOST_TIMES) as f32;
        let weight = match (self.is_exact, self.names.is_empty()) {
            (true, _) => ALONE,
            (false, false) => MESSAGE.max(pasted),
            (false, true) => pasted,
        };
        let whole = self.whole.as_deref().map_or(0.0, held) * weight;
        quoted.min(MOST_QUOTED) + named.max(whole)
    }
}

/// Whether a heading says that below it is what the phrase names: `class asyncio.TaskGroup`, `unlink(missing_ok=False)`, `E0502`.
fn declares(heading: &str, phrase: &str) -> bool {
    let heading = heading.trim_start_matches(['#', ' ']);
    let Some(at) = heading.find(phrase).filter(|_| holds(heading, phrase)) else { return false };
    let (before, after) = (&heading[..at], &heading[at + phrase.len()..]);
    // What it belongs to may stand before it, and one word that says what it is.
    let before = before.trim_end_matches(|c: char| !c.is_whitespace()).trim();
    let is_called = !before.contains(char::is_whitespace) && before.len() <= 12;
    is_called && after.trim_start().chars().next().is_none_or(|c| "([{<:=,*—–¶".contains(c))
}

/// A name with its number as others write it: `http 404` for `http404`, and the other way round.
fn otherwise(phrase: &str) -> Vec<String> {
    let joined = phrase.replacen([' ', '-', '_'], "", 1);
    let Some((name, number)) = named_and_numbered(&joined) else { return Vec::new() };
    ["", " ", "-", "_"].iter().map(|joint| format!("{name}{joint}{number}")).filter(|other| other != phrase).collect()
}

/// The text as it is compared: lower case, one blank between words, without the marks that only markdown has.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '`' | '\\' => {}
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Whether the phrase stands there and is no part of a longer word.
fn holds(text: &str, phrase: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    // Scripts without blanks have no ends of words.
    let begins = phrase.chars().next().is_some_and(|c| is_word(Some(c)) && c < '\u{0e00}');
    let ends = phrase.chars().next_back().is_some_and(|c| is_word(Some(c)) && c < '\u{0e00}');
    !phrase.is_empty()
        && text.match_indices(phrase).take(MOST_PLACES).any(|(at, _)| {
            let goes_on_before = begins && is_word(text[..at].chars().next_back());
            let goes_on_behind = ends && is_word(text[at + phrase.len()..].chars().next());
            !goes_on_before && !goes_on_behind
        })
}

/// Words without the punctuation around them that belongs to the sentence.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().take(MOST_TOKENS).map(|word| {
        let word = word.trim_start_matches(['(', '"', '\'', ',', ';']).trim_end_matches(['?', '!', ',', ';', ':', '"', '\'']);
        let word = word.strip_suffix('.').filter(|word| word.contains(char::is_alphanumeric)).unwrap_or(word);
        match word.ends_with("()") {
            true => &word[..word.len() - 2],
            // Of a bracket that was opened outside.
            false if word.ends_with(')') && !word.contains('(') => word.trim_end_matches(')'),
            false => word,
        }
    })
}

/// Whether it is no word of a language but a name in a program, an option, a code or a number.
fn is_name(token: &str) -> bool {
    let (mut digits, mut letters, mut humps, mut before) = (0, 0, 0, ' ');
    for c in token.chars() {
        digits += usize::from(c.is_ascii_digit());
        letters += usize::from(c.is_alphabetic());
        humps += usize::from(c.is_uppercase() && before.is_lowercase());
        before = c;
    }
    let inner = token.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let joined = inner.contains(['_', '.', ':', '#', '@', '=']) || inner.contains("->") || inner.contains('+');
    let option = letters > 0 && token.starts_with(['-', '.', '@', '$', '#']);
    let ends_so = token.ends_with("++") || token.ends_with('#') && letters > 0;
    let shouted = letters >= 3 && inner.chars().all(|c| c.is_uppercase() || c.is_ascii_digit() || c == '_');
    let coded = digits > 0 && (letters > 0 || digits >= 2) && token.is_ascii();
    humps > 0 || joined && letters + digits > 1 || option || ends_so || shouted || coded || letters + digits == 0 && token.len() > 1
}

/// A question with one of these is about changes, wherever it is answered.
const CHANGES: [&str; 20] = [
    "changelog",
    "changed",
    "changes",
    "release",
    "releases",
    "released",
    "new",
    "news",
    "version",
    "versions",
    "deprecated",
    "removed",
    "added",
    "since",
    "upgrade",
    "upgrading",
    "migrate",
    "migration",
    "history",
    "breaking",
];

/// What stands in a heading that is all about it counts for more than what stands in one, and that for more than what stands in the text.
const DECLARED: f32 = 1.3;
/// What a phrase in quotes adds to a score that is 1 at the most without it.
const PHRASE: f32 = 0.8;
const MOST_QUOTED: f32 = 1.2;
/// What all single words in the quotes of programs add together.
const QUOTED_WORD: f32 = 0.2;
/// What is asked for alone stands before all that does not hold it.
const ALONE: f32 = 1.6;
/// What all names of a question add together.
const NAME: f32 = 0.05;
/// What a question of two words adds that stands there word for word; each word more adds as much again, up to six of them.
const WHOLE: f32 = 0.1;
const MOST_TIMES: usize = 5;
/// What a name with its number counts that is joined otherwise than in the question.
const OTHERWISE: f32 = 0.6;
/// And one that has names or codes: as messages of errors have.
const MESSAGE: f32 = 0.4;
/// Phrases or names.
const MOST: usize = 8;
/// In bytes, and in words.
const LONGEST: usize = 200;
const MOST_WORDS: usize = 16;
const MOST_TOKENS: usize = 64;
/// Of a phrase in one text.
const MOST_PLACES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Question {
        Question::of(text, &Asked::parse(text))
    }

    #[test]
    fn names_are_no_words() {
        for name in [
            "asyncio.TaskGroup",
            "missing_ok",
            "429",
            "--inspect-brk",
            "camelCase",
            "CamelCase",
            "E0502",
            "UPPER_CASE",
            "C++",
            "C#",
            ".NET",
            "std::io",
            "a->b",
            "=>",
            "?.",
            "v1.2.3",
            "__init__",
            "HTTP2",
            "EADDRINUSE",
            "@media",
            "-Wall",
            "3.14",
        ] {
            assert!(is_name(name), "{name}");
            assert!(of(name).is_exact(), "{name}");
        }
        for word in ["kettle", "Kettle", "don't", "re-use", "7", "tea,", "Übergröße", "東京", "a"] {
            assert!(!is_name(word), "{word}");
        }
    }

    #[test]
    fn what_stands_there_letter_for_letter_counts() {
        let exact = |question: &str, text: &str| of(question).exact(["Heading"], text);
        assert!(exact("429", "status 429 means") > 0.3);
        assert_eq!(exact("429", "status 1429 means 4290"), 0.0);
        assert!(exact("missing_ok", "`missing\\_ok`: bool") > 0.3);
        assert!(exact("how does \"task group\" end?", "A task  Group ends") > exact("how does task group end?", "A task group ends"));
        assert!(exact("[Errno 98] Address already in use", "OSError: [Errno 98] Address already in use") > 0.1);
        assert_eq!(exact("how are kettles made", "kettles are made"), 0.0);
        assert!(exact("when does pathlib.Path.unlink raise", "see pathlib.Path.unlink") > 0.03);
        assert!(exact("删除文件", "如何删除文件夹") == 0.0 && exact("`删除`", "如何删除文件夹") > 0.3);
    }

    #[test]
    fn a_name_and_its_number_are_one_word_or_two() {
        let exact = |question: &str, heading: &str, text: &str| of(question).exact([heading], text);
        for (question, text) in [("http404", "HTTP 404 means"), ("HTTP 404", "raise Http404 here"), ("http404", "an HTTP-404 is")] {
            assert!(exact(question, "x", text) > 0.3, "{question}: {text}");
            assert!(exact(question, "x", text) < exact(question, "x", question), "{question}: {text}");
            assert!(exact(question, "x", "HTTP 4041 and 404 of HTTP") < 0.1, "{question}");
        }
        assert!(exact("http404", "x", "http404") > exact("http404", "HTTP 404 Not Found", "x"));
        assert_eq!(exact("kettle404x", "x", "kettle 404x"), 0.0);
    }

    #[test]
    fn a_heading_counts_more_than_its_text() {
        let exact = |heading: &str, text: &str| of("kettle.lid").exact([heading], text);
        assert!(exact("of kettle.lid and others", "x") > exact("x", "kettle.lid"));
        for declared in ["kettle.lid", "class kettle.lid", "kettle.lid(open=False)", "`tea.kettle.lid`: *how*"] {
            assert!(exact(declared, "x") > exact("of kettle.lid and others", "x"), "{declared}");
        }
        assert_eq!(exact("kettle.lid.open", "x"), exact("see kettle.lid for others", "x"));
    }

    #[test]
    fn quotes_are_taken_apart() {
        let question = of("what is «der Kessel» and `x y` here");
        assert_eq!(question.phrases, ["der kessel", "x y"]);
        assert!(!question.is_exact() && of("\"the kettle\"").is_exact());
        assert_eq!(of("an \"open quote").phrases, [] as [&str; 0]);
        let nothing = of("").exact([""], "");
        assert!(nothing == 0.0 && nothing.is_sign_positive() && of("a kettle?").exact([""], "x").is_sign_positive());
        let word = |text: &str| of("what does \"yield\" do").exact(["x"], text);
        assert!(word("yield") > 0.1 && word("yield") < 0.3 && word("yields") == 0.0);
    }
}
