//! Marks of list items in reStructuredText: bullets, numbers, letters and Roman numerals. Whether "i" is one or the ninth letter, and whether
//! a word in parentheses is a numeral at all, is told by the item before; whether "A." begins an item or a name, by the item below, too.

use crate::extract::lists::NUMERALS;

/// The last number that was read at each column of the lists that are open, outermost first.
#[derive(Default)]
pub(super) struct Enumerators {
    last: Vec<Last>,
}

#[derive(Clone, Copy)]
struct Last {
    column: usize,
    number: usize,
    /// Of a letter or a numeral with a point, whether it is a capital; none where its item has ended.
    capital: Option<bool>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Mark<'l> {
    /// As markdown has it.
    pub(super) shown: String,
    /// A letter or a numeral, by which others may refer to the item: markdown knows numbers only.
    pub(super) label: Option<&'l str>,
    /// How wide mark and blanks are in the source.
    pub(super) width: usize,
}

/// The mark of a list item, with the lines below it.
pub(super) fn item<'l>(bare: &'l str, column: usize, below: &[&str], enumerators: &mut Enumerators) -> Option<Mark<'l>> {
    let found = mark_of(bare, column, below, enumerators);
    if found.is_none() {
        // What stands between two items is no list.
        enumerators.last.iter_mut().filter(|last| last.column >= column).for_each(|last| last.capital = None);
    }
    found
}

fn mark_of<'l>(bare: &'l str, column: usize, below: &[&str], enumerators: &mut Enumerators) -> Option<Mark<'l>> {
    let (mark, rest) = bare.split_once(' ').unwrap_or((bare, ""));
    let width = mark.len() + 1 + (rest.len() - rest.trim_start().len());
    if matches!(mark, "-" | "*" | "+" | "•" | "‣") {
        return Some(Mark { shown: "-".to_owned(), label: None, width });
    }
    let inner = mark.strip_suffix(['.', ')']).filter(|_| !rest.is_empty())?;
    let is_closed = mark.ends_with(')');
    let inner = inner.strip_prefix('(').unwrap_or(inner);
    while enumerators.last.pop_if(|last| last.column > column).is_some() {}
    let last = enumerators.last.last().filter(|last| last.column == column).copied();
    let next = last.map_or(1, |last| last.number + 1);
    let letter = letter(inner);
    let digits = || inner.len() < 6 && inner.bytes().all(|byte| byte.is_ascii_digit());
    let (number, label) = match inner {
        "" => return None,
        "#" => (1, None),
        _ if digits() => (inner.parse().ok()?, None),
        _ if !is_closed => {
            let known = last.filter(|last| last.capital == Some(is_capital(inner))).map(|last| last.number + 1);
            (pointed(inner, known, column, below)?, Some(inner))
        }
        numeral if letter != Some(next) && roman(numeral).is_some_and(|number| number == next || number == 1) => {
            (roman(numeral)?, Some(inner))
        }
        _ => (letter?, Some(inner)),
    };
    enumerators.last.pop_if(|last| last.column == column);
    enumerators.last.push(Last { column, number, capital: label.filter(|_| !is_closed).map(is_capital) });
    Some(Mark { shown: format!("{number}."), label, width })
}

/// The number of "b." or "ii.": where it is the next one, or the next one follows at the margin of the list.
fn pointed(inner: &str, known: Option<usize>, column: usize, below: &[&str]) -> Option<usize> {
    let found = [letter(inner), roman(inner)];
    found.iter().flatten().next()?;
    let margin = |line: &str| line.len() - line.trim_start().len();
    let following = below.iter().take(LONGEST_ITEM).find(|line| !line.is_empty() && margin(line) <= column);
    let after = following.filter(|line| margin(line) == column).and_then(|line| line.trim_start().split_once(". "));
    let after = after.map(|(after, _)| after).filter(|after| is_capital(after) == is_capital(inner));
    let numbers = after.map(|after| [letter(after), roman(after)]).unwrap_or_default();
    let is_followed = |kind: usize, number: usize| numbers[kind] == Some(number + 1);
    // A line right below, and not further in, is one of a paragraph.
    let is_ended = below.first().is_none_or(|line| line.is_empty() || margin(line) != column);
    let mut found = found.into_iter().enumerate().filter_map(|(kind, number)| Some((kind, number?)));
    let goes_on = found.clone().find(|(kind, number)| Some(*number) == known && (is_ended || is_followed(*kind, *number)));
    goes_on.or_else(|| found.find(|(kind, number)| is_followed(*kind, *number))).map(|(_, number)| number)
}

fn is_capital(mark: &str) -> bool {
    mark.starts_with(char::is_uppercase)
}

fn letter(inner: &str) -> Option<usize> {
    match inner.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(usize::from(letter.to_ascii_lowercase() - b'a') + 1),
        _ => None,
    }
}

/// The number of a numeral, written as it should be.
fn roman(numeral: &str) -> Option<usize> {
    let lower = numeral.to_ascii_lowercase();
    if numeral.is_empty() || numeral.len() > LONGEST || lower != numeral && numeral.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let (mut rest, mut number) = (&*lower, 0);
    for (mark, value) in NUMERALS {
        // Nothing but M is written more than three times, and of the others what should be one mark is none of two.
        let most = if matches!(mark, "m" | "c" | "x" | "i") { 3 } else { 1 };
        for _ in 0..most {
            let Some(after) = rest.strip_prefix(mark) else { break };
            (rest, number) = (after, number + value);
        }
    }
    rest.is_empty().then_some(number)
}

const LONGEST: usize = 12;
/// In lines: the next item is looked for so far.
const LONGEST_ITEM: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(lines: &[&str]) -> Vec<String> {
        let mut enumerators = Enumerators::default();
        let marks = lines.iter().enumerate().filter(|(_, line)| !line.is_empty()).map(|(at, line)| {
            let bare = line.trim_start();
            let mark = item(bare, line.len() - bare.len(), &lines[at + 1..], &mut enumerators);
            mark.map_or("none".to_owned(), |mark| mark.shown)
        });
        marks.collect()
    }

    #[test]
    fn items_go_on_as_they_began() {
        assert_eq!(numbers(&["- a", "1. a", "(2) b", "#. c", "a) d", "b) e", "* f"]), ["-", "1.", "2.", "1.", "1.", "2.", "-"]);
        assert_eq!(numbers(&["(i) a", "(ii) b", "(iii) c", "(iv) d", "(v) e"]), ["1.", "2.", "3.", "4.", "5."]);
        assert_eq!(numbers(&["(I) a", "  (i) b", "  (ii) c", "(II) d", "  (i) e"]), ["1.", "1.", "2.", "2.", "1."]);
        assert_eq!(numbers(&["h) a", "i) b", "j) c"]), ["8.", "9.", "10."]);
        assert_eq!(numbers(&["A) a", "B) b", "C) c"]), ["1.", "2.", "3."]);
    }

    #[test]
    fn letters_with_a_point_are_items_where_others_follow() {
        assert_eq!(numbers(&["a. one", "b. two", "", "c. three"]), ["1.", "2.", "3."]);
        assert_eq!(
            numbers(&["i. one", "", "   more", "", "ii. two", "iii. three", "iv. four", "v. five"]),
            ["1.", "none", "2.", "3.", "4.", "5."]
        );
        assert_eq!(numbers(&["1. z", "", "   a. in", "   b. jn", "2. y", "   A. in", "   B. jn"]), ["1.", "1.", "2.", "2.", "1.", "2."]);
        assert_eq!(numbers(&["h. a", "i. b", "j. c"]), ["8.", "9.", "10."]);
        // Names, and sentences between them.
        assert_eq!(numbers(&["A. Einstein", "was", "B. Russell"]), ["none"; 3]);
        assert_eq!(numbers(&["a. one", "b. two", "", "C. Lewis", "", "c. Lewis", "wrote"]), ["1.", "2.", "none", "none", "none"]);
        assert_eq!(numbers(&["a. one", "b. two", "", "text", "", "c. Three"]), ["1.", "2.", "none", "none"]);
        assert_eq!(numbers(&["A. Einstein", "b. two"]), ["none"; 2]);
        assert_eq!(numbers(&["i. e. so", "j", "I. Newton", "", "II"]), ["none"; 4]);
        let mark = item("b) x", 0, &[], &mut Enumerators::default()).unwrap();
        assert_eq!((mark.label, mark.width), (Some("b"), 3));
    }

    #[test]
    fn words_are_no_numbers() {
        assert_eq!(numbers(&["(mix) a", "(iii) b", "A. Einstein", "e.g. c", "1.", "(iI) d", "(iiii) e", "(a b) f"]), ["none"; 8]);
    }

    #[test]
    fn numerals_are_read() {
        for (numeral, number) in [("xlii", Some(42)), ("MCMXCIV", Some(1994)), ("iiii", None), ("vx", None), ("", None), ("kettle", None)] {
            assert_eq!(roman(numeral), number, "{numeral}");
        }
    }
}
