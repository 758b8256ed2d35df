//! Tabs of plain text: a reader sees blanks up to the next of the columns at which tabs stop; code keeps those that do not indent it.

use std::borrow::Cow;

/// With as many blanks in place of each tab as a reader sees.
pub(super) fn spread(text: &str) -> Cow<'_, str> {
    if !text.contains('\t') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let blanks = STOP - column % STOP;
                out.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
            }
            c => {
                out.push(c);
                column = if c == '\n' { 0 } else { column + 1 };
            }
        }
    }
    Cow::Owned(out)
}

/// A line without its first columns, which are blank. Of a tab that reaches beyond them its blanks there stay.
pub(super) fn without_indent(line: &str, indent: usize) -> Cow<'_, str> {
    let mut column = 0;
    for (at, c) in line.char_indices() {
        if column >= indent {
            let beyond = column - indent;
            return if beyond == 0 { Cow::Borrowed(&line[at..]) } else { Cow::Owned(" ".repeat(beyond) + &line[at..]) };
        }
        column = match c {
            '\t' => column + STOP - column % STOP,
            ' ' => column + 1,
            _ => return Cow::Borrowed(&line[at..]),
        };
    }
    Cow::Borrowed("")
}

/// Columns from one stop to the next.
const STOP: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_reach_to_the_next_stop() {
        assert_eq!(spread("a\tb\n\té\t12345678\tc"), "a       b\n        é       12345678        c");
        assert_eq!(spread("a b"), "a b");
    }

    #[test]
    fn what_indents_is_taken_by_columns() {
        for (line, indent, wanted) in [
            ("   \techo", 3, "\techo"),
            ("\t\tx\ty", 8, "\tx\ty"),
            ("\tx", 3, "     x"),
            ("  x", 2, "x"),
            ("x", 0, "x"),
            ("\tx", 0, "\tx"),
            (" x", 4, "x"),
            ("", 4, ""),
            ("  ", 4, ""),
        ] {
            assert_eq!(without_indent(line, indent), wanted, "{line:?}");
        }
    }
}
