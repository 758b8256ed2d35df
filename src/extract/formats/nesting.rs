//! Where a line of markdown stands: in which quotes and items of lists, and what it says behind their marks. Columns are those of the
//! source, counted as CommonMark does: a tab goes to the next fourth.

/// The quotes and items that are open.
#[derive(Default)]
pub(super) struct Nesting {
    items: Vec<Item>,
}

struct Item {
    /// How many quotes stand around it.
    quotes: usize,
    /// The column at which its text begins.
    column: usize,
}

/// A line without the marks of what it stands in.
pub(super) struct Place<'l> {
    pub(super) content: &'l str,
    pub(super) column: usize,
    pub(super) quotes: usize,
    /// The column at which the text of what it stands in begins.
    pub(super) base: usize,
}

impl Place<'_> {
    /// So far to the right that it is code, where nothing but indentation says so.
    pub(super) fn is_indented(&self) -> bool {
        self.column >= self.base + CODE
    }
}

impl Nesting {
    /// Takes the marks off a line that is not blank, and ends what it is not part of. What stands around the page's own text is indented by
    /// `base`; marks that are indented by `code` are text.
    pub(super) fn place<'l>(&mut self, line: &'l str, base: usize, code: usize) -> Place<'l> {
        let mut place = Place { content: line, column: 0, quotes: 0, base };
        let mut is_drawn = None;
        loop {
            place.skip_blanks();
            // A blank line ends nothing.
            if place.content.trim_start().is_empty() {
                return place;
            }
            let is_quote = place.content.starts_with('>');
            let ended = self.items.iter().position(|item| match item.quotes.cmp(&place.quotes) {
                std::cmp::Ordering::Less => false,
                std::cmp::Ordering::Equal => item.column > place.column,
                std::cmp::Ordering::Greater => !is_quote,
            });
            self.items.truncate(ended.unwrap_or(self.items.len()));
            if let Some(item) = self.items.iter().rfind(|item| item.quotes == place.quotes) {
                place.base = place.base.max(item.column);
            }
            if place.column >= place.base.saturating_add(code) {
                return place;
            }
            if is_quote {
                place.unquote();
                place.base = place.column;
                continue;
            }
            // "- - -" is a line that is drawn.
            let width = list_mark(place.content).filter(|_| self.items.len() < MOST_ITEMS);
            let Some(width) = width.filter(|_| !*is_drawn.get_or_insert_with(|| self::is_drawn(place.content))) else { return place };
            let behind = &place.content[width..];
            let mut text = Place { content: behind, column: place.column + width, ..place };
            let begins = text.column + 1;
            text.skip_blanks();
            // Behind five blanks or more there is code in the item.
            let column = if text.column >= begins + CODE { begins } else { text.column };
            self.items.push(Item { quotes: place.quotes, column });
            place = text;
        }
    }
}

impl<'l> Place<'l> {
    fn skip_blanks(&mut self) {
        let content = self.content.trim_start_matches([' ', '\t']);
        self.column = columns_of(&self.content[..self.content.len() - content.len()], self.column);
        self.content = content;
    }

    /// Behind the `>` that it begins with.
    fn unquote(&mut self) {
        let quoted = self.content.strip_prefix('>').unwrap_or(self.content);
        self.quotes += 1;
        self.column += 1;
        self.content = quoted;
        if let Some(spaced) = quoted.strip_prefix(' ') {
            (self.content, self.column) = (spaced, self.column + 1);
        }
    }

    /// A line of code within so many quotes; none where it stands outside of one of them.
    pub(super) fn within(line: &'l str, quotes: usize) -> Option<Self> {
        let mut place = Place { content: line, column: 0, quotes: 0, base: 0 };
        place.skip_blanks();
        for _ in 0..quotes {
            if !place.content.starts_with('>') {
                return None;
            }
            place.unquote();
            place.skip_blanks();
        }
        Some(place)
    }
}

/// The column at which the text of a line begins.
pub(super) fn columns(line: &str) -> usize {
    columns_of(&line[..line.len() - line.trim_start_matches([' ', '\t']).len()], 0)
}

fn columns_of(blanks: &str, from: usize) -> usize {
    blanks.bytes().fold(from, |column, byte| if byte == b'\t' { (column / CODE + 1) * CODE } else { column + 1 })
}

/// The width of the mark of a list that a text begins with, without the blank behind it.
fn list_mark(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let width = match digits {
        0 if text.starts_with(['-', '+', '*']) => 1,
        1..=9 if text[digits..].starts_with(['.', ')']) => digits + 1,
        _ => return None,
    };
    (text.len() == width || text[width..].starts_with([' ', '\t'])).then_some(width)
}

fn is_drawn(text: &str) -> bool {
    let mark = text.chars().next().unwrap_or(' ');
    matches!(mark, '-' | '*') && text.chars().all(|c| c == mark || c.is_whitespace()) && text.chars().filter(|c| *c == mark).count() >= 3
}

/// Columns: the width of a tab, and of what is code.
pub(super) const CODE: usize = 4;
/// Each line is looked at for each.
const MOST_ITEMS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each line its content, its quotes, and whether it is code.
    fn places<'l>(lines: &[&'l str]) -> Vec<(&'l str, usize, bool)> {
        let mut nesting = Nesting::default();
        let places = lines.iter().map(|line| {
            let place = nesting.place(line, 0, CODE);
            (place.content, place.quotes, place.is_indented())
        });
        places.collect()
    }

    #[test]
    fn lines_stand_in_what_they_are_indented_for() {
        assert_eq!(
            places(&["1. a", "    b", "       c", "x", "    d", "- e", "  10. f", "      g", "          h", "  i"]),
            [
                ("a", 0, false),
                ("b", 0, false),
                ("c", 0, true),
                ("x", 0, false),
                ("d", 0, true),
                ("e", 0, false),
                ("f", 0, false),
                ("g", 0, false),
                ("h", 0, true),
                ("i", 0, false)
            ]
        );
        assert_eq!(places(&["\ta", "- b", "\tc", "\t\td"]), [("a", 0, true), ("b", 0, false), ("c", 0, false), ("d", 0, true)]);
        assert_eq!(places(&["-      a", "  b", "      c"]), [("a", 0, true), ("b", 0, false), ("c", 0, true)]);
    }

    #[test]
    fn lists_in_quotes_go_on_in_their_quotes() {
        assert_eq!(
            places(&["> 10. a", ">", ">     b", "> > c", ">     d", "e", ">     f"]),
            [("a", 1, false), ("", 1, false), ("b", 1, false), ("c", 2, false), ("d", 1, true), ("e", 0, false), ("f", 1, true)]
        );
        assert_eq!(places(&["- > a", "  > b", "> c", "    d"]), [("a", 1, false), ("b", 1, false), ("c", 1, false), ("d", 0, true)]);
    }

    #[test]
    fn what_is_no_list_opens_none() {
        for line in ["- - -", "***", "-a", "1.5 b", "1234567890. c", "+1"] {
            assert_eq!(places(&[line, "    d"]), [(line, 0, false), ("d", 0, true)]);
        }
    }

    #[test]
    fn many_marks_are_read_once() {
        for line in ["> ".repeat(20_000), "- ".repeat(20_000) + "x", "1. ".repeat(20_000), " >".repeat(20_000)] {
            assert!(Nesting::default().place(&line, 0, usize::MAX).content.len() < line.len());
        }
    }

    #[test]
    fn code_in_quotes_is_told_from_what_is_outside() {
        assert_eq!(Place::within("> > a", 2).map(|place| (place.content, place.column)), Some(("a", 4)));
        assert!(Place::within("> a", 2).is_none() && Place::within("a", 1).is_none());
    }
}
