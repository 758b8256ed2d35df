//! Writes a subtree of a page as CommonMark with tables, or as plain text. Knows elements and their meaning to a reader,
//! not which part of the page matters: `article` has marked what to leave out.

use url::Url;

use crate::extract::article::Article;
use crate::extract::code::{self, Listing, Setting};
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::inline::{Inline, Mark};
use crate::extract::table::{self, Cells};
use crate::model::CodeBlock;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Markdown,
    /// Words, line breaks and list marks only.
    Text,
}

/// The main content of a page.
pub(super) struct Written {
    pub(super) text: String,
    pub(super) code: Vec<CodeBlock>,
}

pub(super) fn write(dom: &Dom, article: &Article, base: &Url, form: Form) -> Written {
    let mut writer = Writer::new(dom, article, base, form, Setting::of(dom));
    for root in &article.roots {
        writer.walk(*root);
        writer.paragraph();
        writer.gap = Gap::Blank;
    }
    Written { text: writer.out, code: writer.code }
}

/// What the page's relative addresses are relative to.
pub(super) fn base(dom: &Dom, url: &Url) -> Url {
    let base = dom.descendants(dom.root()).filter(|node| dom.is(*node, "base")).find_map(|node| dom.attribute(node, "href"));
    base.and_then(|base| url.join(base.trim()).ok()).filter(|base| !base.cannot_be_a_base()).unwrap_or_else(|| url.clone())
}

struct Writer<'a> {
    dom: &'a Dom,
    article: &'a Article,
    base: &'a Url,
    form: Form,
    setting: Setting,
    out: String,
    /// Where the block written last begins in `out`: its line, with the marks of what it stands in.
    begun: usize,
    code: Vec<CodeBlock>,
    /// What separates the next block from the last.
    gap: Gap,
    /// Quotes and list items around the place that is written, outermost first.
    containers: Vec<Container>,
    lists: Vec<List>,
    /// What ends with each open element, innermost last.
    open: Vec<Open>,
    inline: Inline,
    /// Level of the open heading: it is one line, without links and emphasis.
    heading: Option<usize>,
    /// In a table cell blocks are inline, too, and code blocks do not occur.
    in_cell: bool,
    /// The mark of the list written last, if nothing came after it: a list right behind it takes another.
    last_list: Option<char>,
}

#[derive(Clone, Copy, PartialEq)]
enum Gap {
    Line,
    Blank,
}

struct Container {
    /// Before its first line, and before all others.
    first: String,
    rest: String,
    begun: bool,
}

struct List {
    /// The next item's number.
    number: Option<u64>,
    mark: char,
    first: bool,
}

enum Open {
    Nothing,
    Block,
    Heading,
    Container,
    Item,
    List,
    Term,
    Quoted(&'static str),
    Marked(Mark),
    /// Its target, unless it cannot be one.
    Link(Mark, String),
}

impl<'a> Writer<'a> {
    fn new(dom: &'a Dom, article: &'a Article, base: &'a Url, form: Form, setting: Setting) -> Self {
        Self {
            dom,
            article,
            base,
            form,
            setting,
            out: String::new(),
            begun: 0,
            code: Vec::new(),
            gap: Gap::Blank,
            containers: Vec::new(),
            lists: Vec::new(),
            open: Vec::new(),
            inline: Inline::new(form),
            heading: None,
            in_cell: false,
            last_list: None,
        }
    }

    fn walk(&mut self, top: NodeId) {
        let mut walk = self.dom.walk(top);
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(node) if self.article.is_left_out(node) => walk.pass_over(),
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

    /// What to do when the node is left; `None`: it is done with, its children are not visited.
    fn enter(&mut self, node: NodeId) -> Option<Open> {
        let dom = self.dom;
        if let Some(text) = dom.text(node) {
            self.inline.text(text);
            return None;
        }
        let Some(name) = dom.name(node) else { return Some(Open::Nothing) };
        if let Some(role) = code::role(dom, node) {
            if role == code::Role::Block {
                self.code_block(node);
            }
            return None;
        }
        match &**name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.paragraph();
                // The "Note" above a note is no heading of what follows the note.
                if dom.parent(node).is_some_and(|parent| is_admonition(dom, parent)) {
                    return Some(Open::Term);
                }
                self.heading = name.as_bytes().get(1).map(|digit| usize::from(digit - b'0'));
                self.inline.plain(true);
                Some(Open::Heading)
            }
            "table" => {
                self.paragraph();
                match table::cells(dom, self.article, node).filter(|_| !self.in_cell) {
                    Some(cells) => {
                        self.table(&cells);
                        None
                    }
                    None => Some(Open::Block),
                }
            }
            "ul" | "ol" | "menu" | "dir" => Some(self.list(node)),
            "li" => Some(self.item(node)),
            "blockquote" => {
                self.paragraph();
                self.container("> ".to_owned(), "> ".to_owned());
                Some(Open::Container)
            }
            "dt" => {
                self.paragraph();
                if dom.has_class(node, "sig") {
                    self.inline.code(&self.article.text(dom, node));
                    self.paragraph();
                    return None;
                }
                Some(Open::Term)
            }
            "summary" => {
                self.paragraph();
                Some(Open::Term)
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
                self.image(node);
                None
            }
            "code" | "kbd" | "samp" | "tt" => self.code_span(node),
            "strong" | "b" => Some(Open::Marked(self.inline.open("**"))),
            "em" | "i" | "cite" | "dfn" => Some(Open::Marked(self.inline.open("*"))),
            "del" | "s" | "strike" => Some(Open::Marked(self.inline.open("~~"))),
            "q" => {
                self.inline.text("\u{201c}");
                Some(Open::Quoted("\u{201d}"))
            }
            "a" => Some(self.link(node)),
            "math" => {
                self.formula(node);
                None
            }
            "td" | "th" => {
                // Only tables that are layout get here.
                self.paragraph();
                Some(Open::Block)
            }
            "p" | "div"
                if dom.attribute(node, "class").is_some_and(|classes| classes.split_ascii_whitespace().any(is_admonition_title)) =>
            {
                self.paragraph();
                Some(Open::Term)
            }
            name if is_block(name) => {
                self.paragraph();
                Some(Open::Block)
            }
            _ => Some(Open::Nothing),
        }
    }

    fn leave(&mut self, open: Open) {
        match open {
            Open::Nothing => {}
            Open::Block => self.paragraph(),
            Open::Heading => {
                let level = self.heading.take();
                self.finish(level);
                self.inline.plain(false);
            }
            Open::Container => {
                self.paragraph();
                self.containers.pop();
            }
            Open::Item => {
                self.paragraph();
                self.containers.pop();
                if let Some(list) = self.lists.last_mut() {
                    list.first = false;
                }
            }
            Open::List => {
                self.paragraph();
                self.last_list = self.lists.pop().map(|list| list.mark);
                self.gap = Gap::Blank;
            }
            Open::Term => {
                self.inline.embolden();
                self.paragraph();
            }
            Open::Quoted(mark) => self.inline.text(mark),
            Open::Marked(mark) => self.inline.close(mark),
            Open::Link(mark, target) => self.inline.link(mark, &target),
        }
    }

    /// Ends the paragraph that is open, if anything is in it. A heading goes on: blocks within it are still on its line.
    fn paragraph(&mut self) {
        match self.heading {
            Some(_) => self.inline.text(" "),
            None => self.finish(None),
        }
    }

    fn finish(&mut self, heading: Option<usize>) {
        let Some(text) = self.inline.take() else { return };
        // Separators are none between lines of their own.
        if !self.in_cell && text.chars().all(|c| matches!(c, '|' | '\\' | '/' | ',' | '.' | '·' | '•' | '–' | '—' | '¶' | '§' | ' '))
        {
            return;
        }
        if self.in_cell {
            if !self.out.is_empty() {
                self.out.push_str(if self.form == Form::Markdown { "<br>" } else { " " });
            }
            for container in self.containers.iter_mut().filter(|container| !container.begun) {
                container.begun = true;
                self.out.push_str(&container.first);
            }
            self.out.push_str(&text.replace("\\\n", "<br>").replace('\n', " "));
            return;
        }
        match heading.filter(|_| self.form == Form::Markdown) {
            Some(level) => {
                let title = text.replace("\\\n", " ").replace('\n', " ");
                self.block(&format!("{} {}", "######".get(..level).unwrap_or("######"), title));
            }
            None => self.block(&text),
        }
    }

    /// Writes lines at the place where we are.
    fn block(&mut self, text: &str) {
        self.last_list = None;
        if !self.out.is_empty() {
            self.out.push('\n');
            if self.gap == Gap::Blank {
                for container in self.containers.iter().take_while(|container| container.begun) {
                    self.out.push_str(&container.rest);
                }
                trim_line(&mut self.out);
                self.out.push('\n');
            }
        }
        self.begun = self.out.len();
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.out.push('\n');
            }
            for container in &mut self.containers {
                self.out.push_str(if container.begun { &container.rest } else { &container.first });
                container.begun = true;
            }
            match line.is_empty() {
                true => trim_line(&mut self.out),
                false => self.out.push_str(line),
            }
        }
        self.gap = Gap::Blank;
    }

    fn container(&mut self, first: String, rest: String) {
        let (first, rest) = match (self.form, first.starts_with('>')) {
            (Form::Text, true) => Default::default(),
            // Each of them is repeated on every line within.
            _ if self.containers.len() >= MAX_CONTAINERS => Default::default(),
            _ => (first, rest),
        };
        self.containers.push(Container { first, rest, begun: false });
    }

    fn list(&mut self, node: NodeId) -> Open {
        let holds_text = !self.inline.is_empty();
        self.paragraph();
        let ordered = self.dom.is(node, "ol");
        let number = ordered.then(|| self.dom.attribute(node, "start").and_then(|start| start.trim().parse().ok()).unwrap_or(1));
        // Within an item, a list follows its text closely; only one that begins with 1 may do so by CommonMark.
        if holds_text && !self.lists.is_empty() && number.is_none_or(|number| number == 1) {
            self.gap = Gap::Line;
        }
        let mark = match (ordered, self.last_list) {
            (false, Some('-')) => '*',
            (false, _) => '-',
            (true, Some('.')) => ')',
            (true, _) => '.',
        };
        self.lists.push(List { number, mark, first: true });
        Open::List
    }

    fn item(&mut self, node: NodeId) -> Open {
        self.paragraph();
        let value = self.dom.attribute(node, "value").and_then(|value| value.trim().parse().ok());
        let Some(list) = self.lists.last_mut() else {
            self.container("- ".to_owned(), "  ".to_owned());
            return Open::Container;
        };
        if !list.first {
            self.gap = Gap::Line;
        }
        let first = match &mut list.number {
            Some(number) => {
                // Nine digits are the most that CommonMark reads.
                let this = value.unwrap_or(*number).min(999_999_999);
                *number = this + 1;
                format!("{this}{} ", list.mark)
            }
            None => format!("{} ", list.mark),
        };
        let rest = " ".repeat(first.len());
        self.container(first, rest);
        Open::Item
    }

    fn code_block(&mut self, node: NodeId) {
        self.paragraph();
        let Some(Listing { caption, text, language }) = code::read(self.dom, node, self.setting) else { return };
        if let Some(caption) = caption {
            self.inline.text(&caption);
            self.paragraph();
        }
        if self.in_cell || self.heading.is_some() {
            for line in text.lines() {
                self.inline.code(line);
                self.inline.text(" ");
            }
            return;
        }
        if self.form == Form::Text {
            return self.block(&text);
        }
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(3.max(longest + 1));
        let (language, inferred) = language.map_or((None, false), |language| (Some(language.name), language.inferred));
        self.block(&format!("{fence}{}\n{text}\n{fence}", language.as_deref().unwrap_or_default()));
        self.code.push(CodeBlock { offset: self.begun, language, inferred });
    }

    fn code_span(&mut self, node: NodeId) -> Option<Open> {
        // Code with a link around all of it becomes a link around code.
        let links: Vec<_> = self.dom.descendants(node).filter(|below| self.dom.is(*below, "a")).take(2).collect();
        let text = self.article.text(self.dom, node);
        match links.as_slice() {
            [link] if self.dom.text_content(*link).trim() == text.trim() => match self.link(*link) {
                Open::Link(mark, target) => {
                    self.inline.code(&text);
                    self.inline.link(mark, &target);
                }
                _ => self.inline.code(&text),
            },
            _ => self.inline.code(&text),
        }
        None
    }

    fn link(&mut self, node: NodeId) -> Open {
        let href = self.dom.attribute(node, "href").map(str::trim).filter(|href| !href.is_empty());
        let Some(href) = href.filter(|_| self.form == Form::Markdown && self.heading.is_none()) else { return Open::Nothing };
        let target = self.base.join(href).ok().filter(|target| matches!(target.scheme(), "http" | "https" | "mailto" | "ftp"));
        // A card: its blocks stay blocks, and its address is known to the crawler.
        let around_blocks = || {
            self.dom
                .descendants(node)
                .skip(1)
                .any(|below| self.dom.name(below).is_some_and(|name| is_block(name) || &**name == "pre" || &**name == "table"))
        };
        match target {
            Some(target) if !around_blocks() => Open::Link(self.inline.open(""), String::from(target)),
            _ => Open::Nothing,
        }
    }

    fn image(&mut self, node: NodeId) {
        let alternative = self.dom.attribute(node, "alt").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        if alternative.is_empty() || self.form == Form::Text || self.heading.is_some() {
            return;
        }
        // Lazily loaded images have a placeholder for a source.
        let source = ["src", "data-src", "data-original", "data-lazy-src"]
            .into_iter()
            .filter_map(|name| self.dom.attribute(node, name))
            .find(|source| !source.is_empty() && !source.starts_with("data:"));
        if let Some(source) =
            source.and_then(|source| self.base.join(source).ok()).filter(|source| matches!(source.scheme(), "http" | "https"))
        {
            self.inline.image(&alternative, source.as_str());
        }
    }

    fn formula(&mut self, node: NodeId) {
        let source = self.dom.descendants(node).find(|below| self.dom.is(*below, "annotation")).map(|below| self.dom.text_content(below));
        match source.or_else(|| self.dom.attribute(node, "alttext").map(str::to_owned)) {
            Some(source) if self.form == Form::Markdown => self.inline.code(&source),
            Some(source) => self.inline.text(&source),
            None => self.inline.text(&self.dom.text_content(node)),
        }
    }

    fn table(&mut self, cells: &Cells) {
        for caption in &cells.captions {
            self.walk(*caption);
            self.paragraph();
        }
        let mut lines = Vec::with_capacity(cells.rows.len() + 1);
        for (number, row) in cells.rows.iter().enumerate() {
            let mut line = String::new();
            for cell in row {
                let text = cell.map(|cell| self.cell(cell)).unwrap_or_default();
                match self.form {
                    Form::Markdown => {
                        line.push_str("| ");
                        line.push_str(&text);
                        line.push(' ');
                    }
                    Form::Text => {
                        line.push_str(if line.is_empty() { "" } else { "\t" });
                        line.push_str(&text);
                    }
                }
            }
            if self.form == Form::Markdown {
                line.push('|');
                lines.push(line);
                if number == 0 {
                    lines.push(format!("|{}", " --- |".repeat(row.len())));
                }
            } else {
                lines.push(line);
            }
        }
        self.block(&lines.join("\n"));
    }

    fn cell(&self, cell: NodeId) -> String {
        let mut writer = Writer::new(self.dom, self.article, self.base, self.form, self.setting);
        writer.in_cell = true;
        writer.walk(cell);
        writer.paragraph();
        match self.form {
            // Tables end a cell at a pipe wherever it stands, in code, too.
            Form::Markdown => writer.out.replace('|', "\\|"),
            Form::Text => writer.out,
        }
    }
}

/// Lists and quotes within one another; what is nested deeper stands at the last level.
const MAX_CONTAINERS: usize = 12;

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

fn is_admonition(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| {
        classes
            .split_ascii_whitespace()
            .any(|class| matches!(class, "admonition" | "note" | "tip" | "warning" | "caution" | "important" | "danger" | "alert"))
    })
}

fn is_admonition_title(class: &str) -> bool {
    // Docusaurus adds a hash to its names.
    class.starts_with("admonitionHeading")
        || matches!(class, "admonition-title" | "markdown-alert-title" | "topic-title" | "sidebar-title" | "rubric")
}

fn trim_line(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
}
