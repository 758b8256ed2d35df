//! Marks of list items in reStructuredText: bullets, numbers, letters and Roman numerals. Whether "i" is one or the ninth letter, and whether
//! a word in parentheses is a numeral at all, is told by the item before.

/// The last number that was read at each column of the lists that are open, outermost first.
#[derive(Default)]
pub(super) struct Enumerators {
    last: Vec<(usize, usize)>,
}

/// The mark of a list item as markdown has it, and how wide mark and blanks are in the source.
pub(super) fn item(bare: &str, column: usize, enumerators: &mut Enumerators) -> Option<(String, usize)> {
    let (mark, rest) = bare.split_once(' ').unwrap_or((bare, ""));
    let width = mark.len() + 1 + (rest.len() - rest.trim_start().len());
    if matches!(mark, "-" | "*" | "+" | "•" | "‣") {
        return Some(("-".to_owned(), width));
    }
    let inner = mark.strip_suffix(['.', ')']).filter(|_| !rest.is_empty())?;
    let inner = inner.strip_prefix('(').unwrap_or(inner);
    let is_closed = mark.ends_with(')');
    while enumerators.last.pop_if(|(within, _)| *within > column).is_some() {}
    let next = enumerators.last.last().filter(|(at, _)| *at == column).map_or(1, |(_, last)| last + 1);
    let letter = match inner.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() && is_closed => Some(usize::from(letter.to_ascii_lowercase() - b'a') + 1),
        _ => None,
    };
    let number = match inner {
        "#" => 1,
        digits if !digits.is_empty() && digits.len() < 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        numeral if is_closed && letter != Some(next) && roman(numeral).is_some_and(|number| number == next || number == 1) => {
            roman(numeral)?
        }
        _ => letter?,
    };
    enumerators.last.pop_if(|(at, _)| *at == column);
    enumerators.last.push((column, number));
    Some((format!("{number}."), width))
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
    (rest.is_empty()).then_some(number)
}

const NUMERALS: [(&str, usize); 13] = [
    ("m", 1000),
    ("cm", 900),
    ("d", 500),
    ("cd", 400),
    ("c", 100),
    ("xc", 90),
    ("l", 50),
    ("xl", 40),
    ("x", 10),
    ("ix", 9),
    ("v", 5),
    ("iv", 4),
    ("i", 1),
];
const LONGEST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(lines: &[&str]) -> Vec<String> {
        let mut enumerators = Enumerators::default();
        let marks = lines.iter().map(|line| {
            let bare = line.trim_start();
            item(bare, line.len() - bare.len(), &mut enumerators).map_or("none".to_owned(), |(mark, _)| mark)
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
