//! Writes tables: as rows of one line each, or cell by cell where a line cannot hold them.

use crate::extract::admonition;
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::html::{Open, Writer};
use crate::extract::inline::{Form, Inline, Place};
use crate::extract::table::{self, Cells, Label, Row, Table};

impl Writer<'_> {
    pub(super) fn table(&mut self, node: NodeId) -> Option<Open> {
        self.tell_letters();
        if self.in_cell {
            return Some(Open::Block);
        }
        match table::read(self.page.dom, self.page.article, node) {
            Table::Data(cells) => {
                self.data(&cells);
                None
            }
            Table::Rows(cells) => {
                self.labelled.extend(cells.into_iter().map(|labelled| (labelled.cell, labelled.label)));
                Some(Open::Block)
            }
            Table::Layout => Some(Open::Block),
        }
    }

    /// A cell of a table that is written as blocks.
    pub(super) fn free_cell(&mut self, node: NodeId) -> Option<Open> {
        self.paragraph();
        if admonition::is_icon(self.page.dom, node) {
            return None;
        }
        if admonition::is_head(self.page.dom, node) {
            return Some(self.note_title(node));
        }
        let (dom, allowance) = (self.page.dom, self.page.allowance);
        let label = match self.labelled.get(&node) {
            Some(Label::Told) => return None,
            Some(Label::Itself) => return Some(Open::Title),
            // What is told here for the first time repeats nothing.
            Some(Label::First(head)) => table::label(dom, *head),
            Some(Label::Again(head)) if table::holds_text(dom, node) => table::label(dom, *head).filter(|label| allowance.repeats(label)),
            _ => None,
        };
        if let Some(label) = label {
            self.inline.text(&label);
            self.leave(Open::Term);
        }
        Some(Open::Block)
    }

    fn data(&mut self, cells: &Cells) {
        for caption in &cells.captions {
            let caption = self.cell(*caption).replace("<br>", " ");
            if !caption.is_empty() {
                self.block(&caption);
            }
        }
        let mut lines = Vec::with_capacity(cells.rows.len() + 1);
        for row in &cells.rows {
            match row {
                Row::Places(places) => self.row(places, &mut lines),
                Row::Heading(cell) => {
                    self.rows(&mut lines);
                    // No table is in a cell of this one, so this goes no deeper.
                    self.walk(*cell);
                    self.paragraph();
                }
            }
        }
        self.rows(&mut lines);
    }

    /// A row of a table, unless nothing is in it.
    fn row(&self, places: &[Option<NodeId>], lines: &mut Vec<String>) {
        let texts: Vec<_> = places.iter().map(|cell| cell.map(|cell| self.cell(cell)).unwrap_or_default()).collect();
        if texts.iter().all(String::is_empty) {
            return;
        }
        if self.page.form == Form::Text {
            return lines.push(texts.join("\t"));
        }
        // Tables end a cell at a pipe wherever it stands, in code, too.
        let mut line = "|".to_owned();
        for text in &texts {
            line.extend([" ", &text.replace('|', "\\|"), " |"]);
        }
        lines.push(line);
        if lines.len() == 1 {
            lines.push(format!("|{}", " --- |".repeat(places.len())));
        }
    }

    fn rows(&mut self, lines: &mut Vec<String>) {
        if !lines.is_empty() {
            self.block(&lines.join("\n"));
            lines.clear();
        }
    }

    fn cell(&self, cell: NodeId) -> String {
        let mut writer = Writer::new(self.page);
        writer.in_cell = true;
        writer.walk(cell);
        writer.paragraph();
        let text = writer.lines.into_text();
        if !text.is_empty() {
            return text;
        }
        match sign(self.page.dom, cell) {
            Some(sign) => {
                let mut inline = Inline::new(self.page.form);
                inline.text(&sign);
                inline.take(Place::Within).unwrap_or_default()
            }
            None => text,
        }
    }
}

/// What a cell says by a sign alone, as its author tells those who do not see it: "Yes", "Not supported".
fn sign(dom: &Dom, cell: NodeId) -> Option<String> {
    let mut walk = dom.walk(cell);
    let (mut seen, mut title) = (0, None);
    while let Some(Step::Enter(node) | Step::Leave(node)) = walk.next() {
        seen += 1;
        let Some(name) = dom.name(node).filter(|_| seen <= SIGN) else { continue };
        if matches!(&**name, "button" | "a" | "select" | "input" | "template" | "script" | "style") {
            walk.pass_over();
            continue;
        }
        let drawn = || dom.is(node, "title").then(|| dom.text_start(node, LONGEST_SIGN));
        let said = ["aria-label", "alt", "title"].into_iter().find_map(|name| dom.attribute(node, name)).map(str::to_owned).or_else(drawn);
        let said = said.map(|said| said.split_whitespace().collect::<Vec<_>>().join(" "));
        title = title.or(said.filter(|said| said.len() <= LONGEST_SIGN && said.contains(char::is_alphanumeric)));
    }
    title
}

/// In nodes, and in bytes.
const SIGN: usize = 24;
const LONGEST_SIGN: usize = 80;
