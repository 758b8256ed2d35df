//! Lists: their marks and numbers, items that are empty, tasks that are done.

use crate::extract::dom::{Dom, NodeId};
use crate::extract::lines::{Gap, Item, Lines};

/// The lists that are open, and what the last one leaves to the next.
#[derive(Debug, Default)]
pub(super) struct Lists {
    open: Vec<List>,
    /// The mark of the list written last, if nothing came after it: a list right behind it takes another.
    last: Option<char>,
}

#[derive(Debug)]
struct List {
    /// The next item's number.
    number: Option<u64>,
    /// How it is shown, where that is no number.
    letters: Option<Letters>,
    /// Its numbers go down.
    reversed: bool,
    mark: char,
    first: bool,
    /// Of the mark of its last item.
    width: usize,
    /// Marks of empty items: written only if another item follows.
    empty: Vec<String>,
    /// It stands in another list without an item around it.
    indented: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Letters {
    Alphabet,
    Capitals,
    Roman,
    RomanCapitals,
}

impl Letters {
    /// By the type of a list, its style, or what docutils and Asciidoctor call it.
    fn of(dom: &Dom, list: NodeId) -> Option<Self> {
        let by_type = dom.attribute(list, "type").and_then(|kind| match kind.trim() {
            "a" => Some(Self::Alphabet),
            "A" => Some(Self::Capitals),
            "i" => Some(Self::Roman),
            "I" => Some(Self::RomanCapitals),
            _ => None,
        });
        by_type.or_else(|| {
            let style = dom.attribute(list, "style").unwrap_or_default();
            let kinds = STYLES.iter().find(|(class, styles, _)| {
                dom.has_class(list, class) || style.contains("list-style") && styles.iter().any(|name| style.contains(name))
            });
            kinds.map(|(.., letters)| *letters)
        })
    }

    /// `None` where it has no number that is written so.
    fn written(self, number: u64) -> Option<String> {
        let lower = match self {
            Self::Alphabet | Self::Capitals => alphabetic(number),
            Self::Roman | Self::RomanCapitals => roman(number),
        }?;
        Some(if matches!(self, Self::Capitals | Self::RomanCapitals) { lower.to_ascii_uppercase() } else { lower })
    }
}

const STYLES: [(&str, [&str; 2], Letters); 4] = [
    ("loweralpha", ["lower-alpha", "lower-latin"], Letters::Alphabet),
    ("upperalpha", ["upper-alpha", "upper-latin"], Letters::Capitals),
    ("lowerroman", ["lower-roman"; 2], Letters::Roman),
    ("upperroman", ["upper-roman"; 2], Letters::RomanCapitals),
];

/// "z" is followed by "aa".
fn alphabetic(number: u64) -> Option<String> {
    let (mut rest, mut letters) = (number, Vec::new());
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'a' + u8::try_from(rest % 26).ok()?));
        rest /= 26;
    }
    (!letters.is_empty()).then(|| letters.iter().rev().collect())
}

fn roman(number: u64) -> Option<String> {
    let mut rest = usize::try_from(number).ok().filter(|number| (1..4_000).contains(number))?;
    let mut numeral = String::new();
    for (mark, value) in NUMERALS {
        while rest >= value {
            numeral.push_str(mark);
            rest -= value;
        }
    }
    Some(numeral)
}

/// Roman numerals and what each is worth, the greatest first.
pub(super) const NUMERALS: [(&str, usize); 13] = [
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

impl Lists {
    /// Something other than a list is written.
    pub(super) fn interrupted(&mut self) {
        self.last = None;
    }

    pub(super) fn open(&mut self, dom: &Dom, node: NodeId, lines: &mut Lines, after_text: bool) {
        let ordered = dom.is(node, "ol");
        let reversed = ordered && dom.attribute(node, "reversed").is_some();
        let first = || if reversed { dom.children(node).filter(|child| dom.is(*child, "li")).count() as u64 } else { 1 };
        let number = ordered.then(|| dom.attribute(node, "start").and_then(|start| start.trim().parse().ok()).unwrap_or_else(first));
        // Within an item, a list follows its text closely; only one that begins with 1 may do so by CommonMark.
        if after_text && !self.open.is_empty() && number.is_none_or(|number| number == 1) {
            lines.gap = Gap::Line;
        }
        let within = dom.parent(node).is_some_and(|parent| is_list(dom, parent));
        let width = self.open.last().filter(|list| within && !list.first).map(|list| list.width);
        if let Some(width) = width {
            lines.open_rest(width);
            lines.gap = Gap::Line;
        }
        let mark = match (ordered, self.last.filter(|_| width.is_none())) {
            (false, Some('-')) => '*',
            (false, _) => '-',
            (true, Some('.')) => ')',
            (true, _) => '.',
        };
        let letters = Letters::of(dom, node).filter(|_| ordered);
        self.open.push(List { number, letters, reversed, mark, first: true, width: 0, empty: Vec::new(), indented: width.is_some() });
    }

    pub(super) fn close(&mut self, lines: &mut Lines) {
        let list = self.open.pop();
        if list.as_ref().is_some_and(|list| list.indented) {
            lines.close();
        }
        self.last = list.map(|list| list.mark);
        lines.gap = Gap::Blank;
    }

    /// Returns how the item is marked where markdown has no such mark.
    pub(super) fn open_item(&mut self, dom: &Dom, node: NodeId, lines: &mut Lines) -> Option<String> {
        let Some(list) = self.open.last_mut() else {
            lines.open_item("- ".to_owned());
            return None;
        };
        if !list.first {
            lines.gap = Gap::Line;
        }
        if !is_blank(dom, node) {
            for mark in std::mem::take(&mut list.empty) {
                lines.open_item(mark);
                lines.block("");
                lines.close();
                lines.gap = Gap::Line;
            }
        }
        let mut letters = None;
        let mark = match &mut list.number {
            Some(number) => {
                // Nine digits are the most that CommonMark reads.
                let value = dom.attribute(node, "value").and_then(|value| value.trim().parse().ok());
                let this = value.unwrap_or(*number).min(999_999_999);
                *number = if list.reversed { this.saturating_sub(1) } else { this + 1 };
                letters = list.letters.and_then(|letters| letters.written(this));
                format!("{this}{} ", list.mark)
            }
            None => format!("{} ", list.mark),
        };
        list.width = mark.len();
        lines.open_item(mark);
        letters.map(|letters| format!("({letters})"))
    }

    pub(super) fn close_item(&mut self, dom: &Dom, node: NodeId, lines: &mut Lines) {
        let item = lines.close();
        let Some(list) = self.open.last_mut() else { return };
        match item {
            Item::Empty if !list.first && is_blank(dom, node) => {
                let this = |next: u64| if list.reversed { next + 1 } else { next.saturating_sub(1) };
                let mark = list.number.map_or_else(|| format!("{} ", list.mark), |next| format!("{}{} ", this(next), list.mark));
                list.empty.push(mark);
            }
            Item::Empty => {}
            Item::Written => list.first = false,
            // After a section, a list begins anew.
            Item::Ended => list.first = true,
        }
    }
}

fn is_list(dom: &Dom, node: NodeId) -> bool {
    dom.name(node).is_some_and(|name| matches!(&**name, "ul" | "ol" | "menu" | "dir"))
}

/// An item that its author left empty: not one whose content is left out.
fn is_blank(dom: &Dom, node: NodeId) -> bool {
    dom.children(node).take(2).all(|child| dom.text(child).is_some_and(|text| text.trim().is_empty()))
}

/// Whether a task is done, where the element is its box.
pub(super) fn task(dom: &Dom, node: NodeId) -> Option<&'static str> {
    // Asciidoctor draws the box, and so do those who set icons by hand.
    if dom.is(node, "i") {
        let icons = dom.attribute(node, "class")?;
        let is_outlined = || ["far", "fa-regular"].iter().any(|style| dom.has_class(node, style));
        return icons.split_ascii_whitespace().find_map(|icon| match icon {
            "fa-check-square-o" | "fa-check-square" => Some("[x]"),
            "fa-square-o" => Some("[ ]"),
            // One that is filled is a bullet.
            "fa-square" if is_outlined() => Some("[ ]"),
            _ => None,
        });
    }
    let checkbox = dom.is(node, "input") && dom.attribute(node, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox"));
    // What is to be ticked in a row of a table is no state of it.
    let told = || ["checked", "disabled", "readonly"].iter().any(|name| dom.attribute(node, name).is_some());
    let in_cell = || dom.ancestors(node).take(3).any(|above| dom.is(above, "td") || dom.is(above, "th"));
    (checkbox && (!in_cell() || told())).then(|| if dom.attribute(node, "checked").is_some() { "[x]" } else { "[ ]" })
}
