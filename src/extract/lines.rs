//! The page as it is written, line by line: what stands before each line within quotes and list items, and what parts one block from
//! the next. Knows no element.

use crate::extract::inline::Form;

#[derive(Debug)]
pub(super) struct Lines {
    form: Form,
    out: String,
    /// What separates the next block from the last.
    pub(super) gap: Gap,
    /// Quotes and list items around the place that is written, outermost first.
    containers: Vec<Container>,
    /// How much may still be written before lines, in bytes: short lines deep within lists are all indentation.
    spare: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Gap {
    Line,
    Blank,
}

#[derive(Debug)]
struct Container {
    kind: Kind,
    /// Before its first line, and before all others.
    first: String,
    rest: String,
    begun: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Quote,
    Item,
    /// A list item that a heading has ended.
    Ended,
}

/// What became of a list item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Item {
    Written,
    Empty,
    /// What stood in it goes on as a section.
    Ended,
}

impl Lines {
    /// What stands before lines may be as long as `size` all together, and something for small pages.
    pub(super) fn within(form: Form, size: usize) -> Self {
        Self { form, out: String::new(), gap: Gap::Blank, containers: Vec::new(), spare: size + LEAST }
    }

    pub(super) fn into_text(self) -> String {
        self.out
    }

    /// Where we are: how much is written, and within how many quotes and items.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.out.len(), self.containers.len())
    }

    /// Whether what is written next is the first of a list item.
    pub(super) fn begins_item(&self) -> bool {
        self.containers.last().is_some_and(|container| container.kind == Kind::Item && !container.begun)
    }

    /// Writes lines at the place where we are; says where the first of them begins.
    pub(super) fn block(&mut self, text: &str) -> usize {
        if !self.out.is_empty() {
            self.out.push('\n');
            if self.gap == Gap::Blank {
                for container in self.containers.iter().take_while(|container| container.begun) {
                    self.out.push_str(spared(&mut self.spare, &container.rest));
                }
                trim_line(&mut self.out);
                self.out.push('\n');
            }
        }
        let start = self.out.len();
        self.push(text);
        start
    }

    /// Goes on with the paragraph written last, on a line of its own.
    pub(super) fn go_on(&mut self, text: &str) {
        self.out.push_str(if self.form == Form::Markdown { "\\\n" } else { "\n" });
        self.push(text);
    }

    fn push(&mut self, text: &str) {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.out.push('\n');
            }
            for container in &mut self.containers {
                self.out.push_str(if container.begun { spared(&mut self.spare, &container.rest) } else { &container.first });
                container.begun = true;
            }
            match line.is_empty() {
                true => trim_line(&mut self.out),
                false => self.out.push_str(line),
            }
        }
        self.gap = Gap::Blank;
    }

    /// Writes on the one line of a cell.
    pub(super) fn in_cell(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push_str(if self.form == Form::Markdown { "<br>" } else { " " });
        }
        for container in self.containers.iter_mut().filter(|container| !container.begun) {
            container.begun = true;
            self.out.push_str(&container.first);
        }
        self.out.push_str(&text.replace("\\\n", "<br>").replace('\n', " "));
    }

    pub(super) fn open_quote(&mut self) {
        let mark = if self.form == Form::Text { "" } else { "> " };
        self.open(Kind::Quote, mark.to_owned(), mark.to_owned());
    }

    pub(super) fn open_item(&mut self, mark: String) {
        let rest = " ".repeat(mark.len());
        self.open(Kind::Item, mark, rest);
    }

    /// More of the list item written last.
    pub(super) fn open_rest(&mut self, width: usize) {
        self.open(Kind::Item, " ".repeat(width), " ".repeat(width));
        if let Some(container) = self.containers.last_mut() {
            container.begun = true;
        }
    }

    fn open(&mut self, kind: Kind, first: String, rest: String) {
        // Each of them is repeated on every line within.
        let (first, rest) = if self.containers.len() < MAX_CONTAINERS { (first, rest) } else { Default::default() };
        self.containers.push(Container { kind, first, rest, begun: false });
    }

    pub(super) fn close(&mut self) -> Item {
        match self.containers.pop() {
            Some(Container { kind: Kind::Ended, .. }) => Item::Ended,
            Some(Container { begun: true, .. }) => Item::Written,
            _ => Item::Empty,
        }
    }

    /// A heading ends the lists it stands in; a quote stays one.
    pub(super) fn end_items(&mut self) {
        let quotes = self.containers.iter().rposition(|container| container.kind == Kind::Quote).map_or(0, |quote| quote + 1);
        for container in &mut self.containers[quotes..] {
            *container = Container { kind: Kind::Ended, first: String::new(), rest: String::new(), begun: container.begun };
        }
        if self.containers.len() > quotes {
            self.gap = Gap::Blank;
        }
    }
}

/// Lists and quotes within one another; what is nested deeper stands at the last level.
const MAX_CONTAINERS: usize = 12;
/// In bytes.
const LEAST: usize = 32 * 1024;

/// What may stand before a line: nothing more, once there was too much.
fn spared<'a>(spare: &mut usize, before: &'a str) -> &'a str {
    let left = spare.checked_sub(before.len());
    *spare = left.unwrap_or(0);
    if left.is_some() { before } else { "" }
}

fn trim_line(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_say_where_they_begin() {
        let mut lines = Lines::within(Form::Markdown, 0);
        lines.block("a");
        lines.open_quote();
        let at = lines.block("# b");
        lines.open_item("- ".to_owned());
        lines.block("c\n\nd");
        assert_eq!((lines.close(), lines.close()), (Item::Written, Item::Written));
        lines.block("e");
        let text = lines.into_text();
        assert_eq!(text, "a\n\n> # b\n>\n> - c\n>\n>   d\n\ne");
        assert!(text[at..].starts_with("> # b"));
    }

    #[test]
    fn a_heading_ends_items_and_no_quotes() {
        let mut lines = Lines::within(Form::Markdown, 0);
        lines.open_quote();
        lines.open_item("1. ".to_owned());
        lines.end_items();
        lines.block("# a");
        lines.block("b");
        assert_eq!((lines.close(), lines.close()), (Item::Ended, Item::Written));
        assert_eq!(lines.into_text(), "> # a\n>\n> b");
    }
}
