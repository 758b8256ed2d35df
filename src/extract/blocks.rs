//! How paragraphs, headings, members, listings and the titles of notes and tabs come onto lines of their own, and into the outline. The part of
//! the writer that knows where it is on the page.

use crate::extract::code::{self, Language, Listing};
use crate::extract::dom::NodeId;
use crate::extract::html::{Open, Writer};
use crate::extract::inline::{Form, Place};
use crate::extract::members::{Declared, Member, Named};
use crate::extract::tally::Tally;
use crate::extract::{admonition, anchors, escape, members};
use crate::model::{CodeBlock, Heading};

impl Writer<'_> {
    /// Ends the paragraph that is open, if anything is in it. A heading goes on: blocks within it are still on its line.
    pub(super) fn paragraph(&mut self) {
        match self.heading {
            Some(_) => self.inline.part(),
            None => self.finish(None),
        }
    }

    pub(super) fn finish(&mut self, heading: Option<(usize, NodeId)>) {
        let within = self.in_cell || heading.is_some();
        let Some(text) = self.inline.take(if within { Place::Within } else { Place::Lines }) else { return };
        if self.in_cell {
            return self.lines.in_cell(&text);
        }
        // Separators are none between lines of their own.
        if text.chars().all(|c| matches!(c, '|' | '\\' | '/' | ',' | '.' | '·' | '•' | '–' | '—' | '¶' | '§' | ' ')) {
            return;
        }
        if let Some((level, node)) = heading {
            return self.write_heading(level, node, &text);
        }
        let letters = self.letters.take().filter(|_| self.lines.begins_item());
        // Some pages have written it themselves.
        let text = match letters.filter(|letters| !text.starts_with(letters.as_str())) {
            Some(letters) => format!("{letters} {text}"),
            None => text,
        };
        match self.term.take().is_some_and(|end| end == self.lines.place()) {
            true => self.lines.go_on(&text),
            false => {
                self.block(&text);
            }
        }
    }

    /// The mark of an item that does not begin with a paragraph.
    pub(super) fn tell_letters(&mut self) {
        if let Some(letters) = self.letters.take().filter(|_| self.lines.begins_item() && !self.in_cell) {
            self.block(&letters);
        }
    }

    /// Begins a heading, which is one line.
    pub(super) fn heading(&mut self, node: NodeId, level: usize) -> Open {
        self.paragraph();
        self.tell_letters();
        self.lines.end_items();
        self.heading = Some(level);
        self.inline.plain(true);
        Open::Heading(node)
    }

    fn write_heading(&mut self, level: usize, node: NodeId, text: &str) {
        let title = text.replace("\\\n", " ").replace('\n', " ");
        let anchor = anchors::of(self.page.dom, self.page.article, node);
        let level = u8::try_from(level).unwrap_or(6);
        if self.page.form == Form::Text {
            let offset = self.block(&title);
            self.outline.push(Heading { level, text: title, anchor, offset });
            return;
        }
        let title = escape::at_end_of_heading(&title);
        let text = escape::undone(&title);
        if self.is_told_twice(level, &text) {
            return;
        }
        let offset = self.block(&format!("{} {title}", "######".get(..level.into()).unwrap_or("######")));
        // What a member's description is parted into does not end the members.
        if !self.member.is_some_and(|member| members::is_within(self.page.dom, node, member)) {
            self.level = level;
        }
        self.outline.push(Heading { level, text, anchor, offset });
        self.headed = Some(self.lines.place());
    }

    /// Themes set a page's title above the content and within it, one of them for print.
    fn is_told_twice(&self, level: u8, text: &str) -> bool {
        level == 1
            && self.headed == Some(self.lines.place())
            && self.outline.last().is_some_and(|last| last.level == level && last.text == text)
    }

    /// A member, which stands where others have a heading.
    pub(super) fn member(&mut self, node: NodeId, member: Member) {
        self.paragraph();
        match member {
            Member::Signature => self.signature(node),
            Member::Named(named) if self.in_cell => self.named_in_cell(node, &named),
            Member::Named(named) => self.named(node, named),
        }
    }

    fn named(&mut self, node: NodeId, named: Named) {
        self.lines.end_items();
        self.inline.text(&named.name);
        if let Some(name) = self.inline.take(Place::Within) {
            self.member = Some(members::home(self.page.dom, node));
            self.write_heading(self.member_level(node).into(), named.place, &name);
        }
        for call in &named.others {
            self.inline.code(call);
            self.finish(None);
        }
        match named.declared {
            Declared::Nothing => {}
            Declared::Listing => self.code_block(node),
            Declared::Text(text) if text == named.name => {}
            Declared::Text(text) => {
                let language = self.page.setting.language().map(|name| Language { name: name.to_owned(), inferred: true });
                self.listing(Listing { caption: None, text, language, left_out: Tally::default(), labels: Vec::new() });
            }
        }
    }

    fn named_in_cell(&mut self, node: NodeId, named: &Named) {
        match &named.declared {
            Declared::Text(text) => self.inline.code(text),
            Declared::Listing => self.code_block(node),
            Declared::Nothing => self.inline.code(&named.name),
        }
        for call in &named.others {
            self.paragraph();
            self.inline.code(call);
        }
        self.paragraph();
    }

    fn member_level(&self, node: NodeId) -> u8 {
        self.level.saturating_add(1).saturating_add(anchors::depth(self.page.dom, node)).min(6)
    }

    /// A signature that is a heading by itself.
    fn signature(&mut self, node: NodeId) {
        let signature = self.page.article.text(self.page.dom, node);
        self.inline.code(&signature);
        let text = self.inline.take(Place::Within).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        if self.in_cell {
            return self.lines.in_cell(&text);
        }
        let offset = self.block(&text);
        let level = self.member_level(node);
        self.member = Some(members::home(self.page.dom, node));
        let anchor = anchors::of(self.page.dom, self.page.article, node);
        let text = escape::visible(&signature.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned();
        self.outline.push(Heading { level, text, anchor, offset });
    }

    /// Writes lines at the place where we are; says where they begin.
    pub(super) fn block(&mut self, text: &str) -> usize {
        self.lists.interrupted();
        self.term = None;
        self.lines.block(text)
    }

    pub(super) fn code_block(&mut self, node: NodeId) {
        for part in code::parts(self.page.dom, node) {
            self.paragraph();
            if let Some(mut listing) = code::read(self.page.dom, part, self.page.setting) {
                let labels = std::mem::take(&mut listing.labels);
                self.listing(listing);
                self.labels(&labels);
            }
        }
    }

    /// What is said beside a declaration, on a line of its own.
    fn labels(&mut self, labels: &[String]) {
        for (number, label) in labels.iter().enumerate() {
            if number > 0 {
                self.inline.text(", ");
            }
            self.inline.code(label);
        }
        self.paragraph();
    }

    pub(super) fn listing(&mut self, listing: Listing) {
        let Listing { caption, text, language, left_out, .. } = listing;
        self.page.marks.borrow_mut().join(left_out);
        if caption.is_none() {
            self.tell_letters();
        }
        if let Some(caption) = caption {
            self.inline.text(&caption);
            self.paragraph();
        }
        if self.in_cell || self.heading.is_some() {
            return self.code_lines(&text);
        }
        if self.page.form == Form::Text {
            self.block(&text);
            return;
        }
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(3.max(longest + 1));
        let (language, inferred) = language.map_or((None, false), |language| (Some(language.name), language.inferred));
        let offset = self.block(&format!("{fence}{}\n{text}\n{fence}", language.as_deref().unwrap_or_default()));
        self.code.push(CodeBlock { offset, language, inferred });
    }

    /// The title of a note, with the note's kind where it does not say it.
    pub(super) fn note_title(&mut self, node: NodeId) -> Open {
        if let Some(kind) = admonition::kind_before(self.page.dom, node) {
            self.inline.text(kind);
            self.inline.text(": ");
        }
        Open::Title
    }

    /// A note that has no title gets one.
    pub(super) fn untitled_note(&mut self, node: NodeId) {
        if let Some(kind) = admonition::untold_kind(self.page.dom, node) {
            self.inline.text(kind);
            self.leave(Open::Title);
        }
    }

    pub(super) fn tab_label(&mut self, node: NodeId) {
        if let Some(label) = self.page.tabs.label(node).filter(|label| self.page.allowance.repeats(label)) {
            self.inline.text(label);
            self.paragraph();
        }
    }
}
