//! The words of a question where they stand in an answer. For the eye: what ranks the answers is the store's.

use crate::terminal::Style;

/// The words of a question that say something, in small letters.
pub struct Words(Vec<String>);

impl Words {
    pub fn of(question: &str) -> Self {
        let all: Vec<_> = pieces(question).filter(|(is_word, _)| *is_word).map(|(_, word)| word.to_lowercase()).collect();
        let telling: Vec<_> = all.iter().filter(|word| !COMMON.contains(&word.as_str())).cloned().collect();
        Self(if telling.is_empty() { all } else { telling })
    }

    /// A line in pieces, those marked that are words of the question, be it in another form.
    pub fn marked<'a>(&self, line: &'a str) -> impl Iterator<Item = (Style, &'a str)> {
        pieces(line).map(|(is_word, piece)| {
            let is_asked = is_word && {
                let piece = piece.to_lowercase();
                self.0.iter().any(|word| is_one_word(word, &piece))
            };
            (if is_asked { Style::Mark } else { Style::Plain }, piece)
        })
    }
}

/// Words and what stands between them. A character of a language without blanks is a word by itself.
fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let kind = |c: char| match c {
        '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => Kind::Alone,
        c if c.is_alphanumeric() || c == '_' => Kind::Word,
        _ => Kind::Between,
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = kind(rest.chars().next()?);
        let end = match first {
            Kind::Alone => rest.chars().next().map_or(0, char::len_utf8),
            _ => rest.find(|c| kind(c) != first).unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some((first != Kind::Between, piece))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Alone,
    Between,
}

/// The same word, or forms of one, as far as their ends tell: `cancel` and `cancelled`, not `index` and `indent`.
fn is_one_word(one: &str, other: &str) -> bool {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let (one, other) = (one.chars().count(), other.chars().count());
    let (shorter, longer) = (one.min(other), one.max(other));
    longer == same || longer - same <= ENDING && (same >= STEM || same == shorter && same >= SHORT_STEM)
}

/// Characters that forms of one word may differ in at their ends, and those that they have in common; fewer do where one is the beginning
/// of the other.
const ENDING: usize = 3;
const STEM: usize = 5;
const SHORT_STEM: usize = 4;

/// Words that stand in every text. They are marked where a question has no others.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "get", "has", "have", "how", "i", "if", "in", "is", "it",
    "its", "my", "not", "of", "on", "or", "s", "t", "that", "the", "there", "this", "to", "was", "what", "when", "where", "which", "who", "why",
    "will", "with", "you", "your",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(question: &str, line: &str) -> String {
        let words = Words::of(question);
        words.marked(line).map(|(style, piece)| if style == Style::Mark { format!("<{piece}>") } else { piece.to_owned() }).collect()
    }

    #[test]
    fn words_of_the_question_are_marked_in_whatever_form() {
        assert_eq!(
            marked("how to cancel a task", "A Task is cancelled; to cancel tasks, ask."),
            "A <Task> is <cancelled>; to <cancel> <tasks>, ask."
        );
        assert_eq!(marked("index", "indent the index; reindex"), "indent the <index>; reindex");
        assert_eq!(marked("missing_ok --flag", "`missing_ok=True` and --flag."), "`<missing_ok>=True` and --<flag>.");
        assert_eq!(marked("to be or not", "Not to be."), "<Not> <to> <be>.", "where nothing else is asked");
        assert_eq!(marked("東京 Zürich", "東の京、zürich 🙂"), "<東>の<京>、<zürich> 🙂");
        assert_eq!(marked("", "Nothing."), "Nothing.");
    }
}
