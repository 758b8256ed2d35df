//! Writes a subtree of a page as CommonMark with tables, or as plain text. Knows elements and their meaning to a reader,
//! not which part of the page matters: `article` has marked what to leave out.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::extract::allowance::Allowance;
use crate::extract::article::Article;
use crate::extract::base::Base;
use crate::extract::code::{self, Role, Setting};
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::inline::{Form, Inline, Mark, Means};
use crate::extract::judge::Rule;
use crate::extract::lines::Lines;
use crate::extract::lists::Lists;
use crate::extract::table::Label;
use crate::extract::tabs::{self, Tabs};
use crate::extract::tally::Tally;
use crate::extract::{admonition, lists, math, members, since, table};
use crate::model::{CodeBlock, Heading, Note};

/// The main content of a page, and its headings.
pub(super) struct Written {
    pub(super) text: String,
    pub(super) outline: Vec<Heading>,
    pub(super) code: Vec<CodeBlock>,
    /// Addresses that were left out for being more than the page, numbers and buttons of listings.
    pub(super) unwritten: Vec<Note>,
}

pub(super) fn write(dom: &Dom, article: &Article, base: &Base, form: Form) -> Written {
    let tabs = Tabs::of(dom);
    let allowance = Allowance::of(dom.size());
    let marks = RefCell::default();
    let page = Page { dom, article, base, form, tabs: &tabs, setting: Setting::of(dom), allowance: &allowance, marks: &marks };
    let mut writer = Writer::new(page);
    for root in &article.roots {
        writer.walk(*root);
        writer.paragraph();
    }
    let (text, outline, code) = (writer.lines.into_text(), writer.outline, writer.code);
    let unwritten = marks.into_inner().note(Rule::Mark.name()).into_iter().chain(allowance.note()).collect();
    Written { text, outline, code, unwritten }
}

/// What the page's relative addresses are relative to.
pub(super) fn base(dom: &Dom, page: Base) -> Base {
    page.with(dom.descendants(dom.root()).filter(|node| dom.is(*node, "base")).find_map(|node| dom.attribute(node, "href")))
}

/// What is read, and how.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) dom: &'a Dom,
    pub(super) article: &'a Article,
    pub(super) base: &'a Base,
    pub(super) form: Form,
    pub(super) tabs: &'a Tabs,
    pub(super) setting: Setting,
    pub(super) allowance: &'a Allowance,
    /// What stands in and beside listings and is none of their code.
    pub(super) marks: &'a RefCell<Tally>,
}

pub(super) struct Writer<'a> {
    pub(super) page: Page<'a>,
    pub(super) inline: Inline,
    /// Level of the open heading: it is one line, without links and emphasis.
    pub(super) heading: Option<usize>,
    /// In a table cell blocks are inline, too, and code blocks do not occur.
    pub(super) in_cell: bool,
    pub(super) lines: Lines,
    pub(super) lists: Lists,
    /// What ends with each open element, innermost last.
    open: Vec<Open>,
    /// The term written last ends here: what defines it goes on with its line.
    pub(super) term: Option<(usize, usize)>,
    /// Cells that are written as sections, and what stands above each.
    pub(super) labelled: HashMap<NodeId, Label>,
    pub(super) outline: Vec<Heading>,
    pub(super) code: Vec<CodeBlock>,
    /// Of the heading written last that is not within a member: members are one below.
    pub(super) level: u8,
    /// What holds the member written last with all that describes it.
    pub(super) member: Option<NodeId>,
    /// The heading written last ends here.
    pub(super) headed: Option<(usize, usize)>,
    /// Since which version there is what the heading is about that is open or comes next.
    since: Option<String>,
    /// The mark of the item that begins here, where markdown has none like it.
    pub(super) letters: Option<String>,
}

pub(super) enum Open {
    Nothing,
    Block,
    Heading(NodeId),
    Quote,
    Item(NodeId),
    List,
    /// The line above what it is about.
    Title,
    /// What the next paragraph defines.
    Term,
    Quoted(&'static str),
    Apart,
    Marked(Mark),
    /// Its target, unless it cannot be one.
    Link(Mark, String),
}

/// Whether a field, a film or a picture without words stands between two words, which are not one then.
fn is_between_words(dom: &Dom, node: NodeId) -> bool {
    dom.name(node).is_some_and(|name| {
        matches!(&**name, "input" | "select" | "textarea" | "button" | "video" | "audio" | "iframe" | "canvas" | "object" | "embed" | "img")
    }) && dom.next_sibling(node).is_some_and(|after| {
        let text = dom.text(after).map_or_else(|| dom.text_start(after, 8), str::to_owned);
        text.starts_with(char::is_alphanumeric)
    })
}

impl<'a> Writer<'a> {
    pub(super) fn new(page: Page<'a>) -> Self {
        Self {
            page,
            inline: Inline::new(page.form),
            heading: None,
            in_cell: false,
            lines: Lines::within(page.form, 2 * page.dom.size()),
            lists: Lists::default(),
            open: Vec::new(),
            term: None,
            labelled: HashMap::new(),
            outline: Vec::new(),
            code: Vec::new(),
            level: 0,
            member: None,
            headed: None,
            since: None,
            letters: None,
        }
    }

    pub(super) fn walk(&mut self, top: NodeId) {
        let mut walk = self.page.dom.walk(top);
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(node) if self.page.article.is_left_out(node) => {
                    if !self.pass(node) && is_between_words(self.page.dom, node) {
                        self.inline.part();
                    }
                    walk.pass_over();
                }
                Step::Enter(node) => match self.enter(node) {
                    Some(open) => self.open.push(open),
                    None => walk.pass_over(),
                },
                Step::Leave(_) => {
                    if let Some(open) = self.open.pop() {
                        self.leave(open);
                    }
                }
            }
        }
    }

    /// Of what is left out, a task's box says whether it is done: where an item or a cell begins. A version is told below its heading.
    fn pass(&mut self, node: NodeId) -> bool {
        if let Some(version) = since::told(self.page.dom, node) {
            self.version(node, version);
            return true;
        }
        let Some(mark) = lists::task(self.page.dom, node) else { return false };
        let begins = self.inline.is_empty() && (self.lines.begins_item() || self.in_cell && self.lines.place() == (0, 0));
        if begins {
            self.inline.raw(mark);
            self.inline.part();
        }
        begins
    }

    fn version(&mut self, node: NodeId, version: String) {
        if self.heading.is_some() || !self.in_cell && since::is_before_heading(self.page.dom, node) {
            self.since = Some(version);
        } else if self.in_cell || !self.inline.is_empty() {
            self.inline.part();
            self.inline.text(&version);
            self.inline.part();
        } else {
            self.inline.text(&version);
            self.paragraph();
        }
    }

    /// What to do when the node is left; `None`: it is done with, its children are not visited.
    fn enter(&mut self, node: NodeId) -> Option<Open> {
        let dom = self.page.dom;
        if let Some(text) = dom.text(node) {
            self.words(text);
            return None;
        }
        let Some(name) = dom.name(node) else { return Some(Open::Nothing) };
        if let Some(found) = math::find(dom, node) {
            self.formula(found);
            return None;
        }
        if let Some(member) = members::of(dom, self.page.article, node) {
            self.member(node, member);
            return None;
        }
        if members::is_told(dom, node) {
            return None;
        }
        if let Some(role) = code::role(dom, node) {
            match role {
                Role::Block => {
                    self.paragraph();
                    self.tab_label(node);
                    self.code_block(node);
                }
                Role::Beside => self.page.marks.borrow_mut().count(dom, node),
            }
            return None;
        }
        if self.page.article.title == Some(node) && !self.in_cell {
            return Some(self.heading(node, 1));
        }
        self.part_from_neighbour(node, name);
        match &**name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.paragraph();
                // The "Note" above a note is no heading of what follows the note.
                if dom.parent(node).is_some_and(|parent| admonition::is_note(dom, parent)) {
                    return Some(self.note_title(node));
                }
                if self.in_cell {
                    return Some(Open::Block);
                }
                let level = name.as_bytes().get(1).map_or(6, |digit| digit - b'0');
                Some(self.heading(node, level.into()))
            }
            "table" => {
                self.paragraph();
                self.untitled_note(node);
                self.table(node)
            }
            "ul" | "ol" | "menu" | "dir" => {
                if self.page.tabs.is_told(node) {
                    return None;
                }
                let after_text = !self.inline.is_empty();
                self.paragraph();
                self.tell_letters();
                self.lists.open(dom, node, &mut self.lines, after_text);
                Some(Open::List)
            }
            "li" => {
                self.paragraph();
                self.letters = self.lists.open_item(dom, node, &mut self.lines);
                Some(Open::Item(node))
            }
            "blockquote" => {
                self.paragraph();
                self.untitled_note(node);
                self.tell_letters();
                self.lines.open_quote();
                Some(Open::Quote)
            }
            "dt" => {
                self.paragraph();
                Some(Open::Term)
            }
            "summary" => {
                self.paragraph();
                Some(self.note_title(node))
            }
            "br" => {
                // Two breaks part paragraphs.
                match self.inline.is_broken() && !self.in_cell && self.heading.is_none() {
                    true => self.paragraph(),
                    false => self.inline.line_break(),
                }
                None
            }
            "hr" => {
                self.paragraph();
                None
            }
            "img" => {
                if dom.attribute(node, "alt").is_none_or(str::is_empty) && is_between_words(dom, node) {
                    self.inline.part();
                }
                self.image(node);
                None
            }
            "code" | "tt" => {
                self.code_span(node);
                None
            }
            "kbd" | "samp" => {
                // Keys are pressed one by one.
                self.inline.part_from_code();
                self.code_span(node);
                None
            }
            "strong" => Some(Open::Marked(self.inline.open("**", Means::Stress))),
            "b" => Some(Open::Marked(self.inline.open("**", Means::Look))),
            "em" => Some(Open::Marked(self.inline.open("*", Means::Stress))),
            "i" if self.pass(node) => None,
            "i" | "cite" | "dfn" => Some(Open::Marked(self.inline.open("*", Means::Look))),
            "del" | "s" | "strike" => Some(Open::Marked(self.inline.open("~~", Means::Look))),
            "q" => {
                self.inline.text("\u{201c}");
                Some(Open::Quoted("\u{201d}"))
            }
            "rt" | "rtc" => Some(self.reading(node)),
            "sup" | "sub" => self.script(node),
            "a" => Some(self.link(node)),
            "td" | "th" => self.free_cell(node),
            _ if admonition::is_title(dom, node) => {
                self.paragraph();
                Some(self.note_title(node))
            }
            "label" if tabs::is_label(dom, node) => {
                self.paragraph();
                if self.page.tabs.is_told(node) {
                    return None;
                }
                Some(Open::Block)
            }
            "footer" if dom.has_class(node, "blockquote-footer") && !dom.text_start(node, 4).starts_with(['—', '–', '-']) => {
                self.paragraph();
                // The dash that style sheets set before it.
                self.inline.text("— ");
                Some(Open::Block)
            }
            name => {
                let block = is_block(name);
                if block {
                    self.paragraph();
                    if self.page.tabs.is_told(node) {
                        return None;
                    }
                    self.untitled_note(node);
                    self.tab_label(node);
                    if table::is_grid(dom, node) {
                        return self.table(node);
                    }
                    if self.labelled.contains_key(&node) {
                        return self.free_cell(node);
                    }
                }
                if !block {
                    self.separator(node, name);
                }
                Some(match block {
                    true => Open::Block,
                    false => self.styled(node),
                })
            }
        }
    }

    pub(super) fn leave(&mut self, open: Open) {
        match open {
            Open::Nothing => {}
            Open::Block => self.paragraph(),
            Open::Heading(node) => {
                self.picture_as_heading(node);
                let level = self.heading.take();
                self.finish(level.map(|level| (level, node)));
                self.inline.plain(false);
                if let Some(version) = self.since.take() {
                    self.inline.text(&version);
                    self.paragraph();
                }
            }
            Open::Quote => {
                self.paragraph();
                self.lines.close();
            }
            Open::Item(node) => {
                self.paragraph();
                self.lists.close_item(self.page.dom, node, &mut self.lines);
            }
            Open::List => {
                self.paragraph();
                self.lists.close(&mut self.lines);
            }
            Open::Title => {
                self.inline.embolden();
                self.paragraph();
            }
            Open::Term => {
                self.inline.embolden();
                let before = self.lines.place();
                self.paragraph();
                if self.lines.place() != before && !self.in_cell {
                    self.term = Some(self.lines.place());
                }
            }
            Open::Quoted(mark) => self.inline.text(mark),
            Open::Apart => self.inline.part(),
            Open::Marked(mark) => self.inline.close(mark),
            Open::Link(mark, target) => self.inline.link(mark, &target),
        }
    }
}

/// Elements that stand on lines of their own.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "html"
            | "legend"
            | "li"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "option"
            | "p"
            | "section"
            | "summary"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
    )
}
