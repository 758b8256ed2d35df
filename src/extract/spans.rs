//! What stands within a line: code, keys, links, pictures, formulas, indices. The part of the writer that knows their elements.

use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::html::{Open, Writer, is_block};
use crate::extract::inline::{Form, Means};
use crate::extract::math::{self, Found};
use crate::extract::scripts::{self, Script};
use crate::extract::tex::{self, Piece};

impl Writer<'_> {
    /// Plain text, in which there may be formulas.
    pub(super) fn words(&mut self, text: &str) {
        for piece in tex::pieces(text) {
            match piece {
                Piece::Words(words) => self.inline.text(words),
                Piece::Formula(formula) => self.inline.code(formula),
            }
        }
    }

    /// A formula is a code span: whatever it consists of, it is read back as it is.
    pub(super) fn formula(&mut self, found: Found) {
        let Found::Formula(formula) = found else { return };
        let display = formula.display && !self.in_cell && !self.inline.is_in_link();
        if display {
            self.paragraph();
        }
        match self.page.form {
            Form::Markdown => self.inline.code(&formula.text),
            Form::Text => self.inline.text(&formula.text),
        }
        if display {
            self.paragraph();
        }
    }

    /// A superscript or subscript. Its own elements are visited only where it is more than an index.
    pub(super) fn script(&mut self, node: NodeId) -> Option<Open> {
        match scripts::read(self.page.dom, self.page.article, node, self.inline.before()) {
            Script::Content => return Some(Open::Nothing),
            Script::Linked(_) if self.page.form == Form::Markdown && self.heading.is_none() => return Some(Open::Nothing),
            Script::Linked(text) => self.inline.text(&format!("[{text}]")),
            Script::Same(text) => self.inline.text(&text),
            Script::Footnote(text) => self.inline.text(&format!("[{text}]")),
            Script::Apart(text) => {
                self.inline.part();
                self.inline.text(&text);
                self.inline.part();
            }
            Script::Numerator(text) => {
                self.inline.part();
                self.inline.text(&text);
            }
            Script::Index(mark, text) => self.inline.index(mark, &text),
        }
        None
    }

    /// What style sheets set between two words: the colon before the type of a parameter, the mark between parts of a path.
    pub(super) fn separator(&mut self, node: NodeId, name: &str) {
        let dom = self.page.dom;
        if name != "span" || self.inline.is_empty() {
            return;
        }
        let is_of_term = || dom.ancestors(node).take(3).any(|above| dom.is(above, "dt"));
        if dom.has_class(node, "classifier") && is_of_term() {
            // Of a second type only what stands between them.
            if self.inline.ends_with(':') || self.inline.ends_with(',') {
                return;
            }
            self.inline.text(" : ");
        } else if dom.first_child(node).is_none() && ["sep", "separator", "divider"].iter().any(|class| dom.has_class(node, class)) {
            self.inline.part();
        }
    }

    /// An element that is a block by its own style, or stands apart by it.
    pub(super) fn styled(&mut self, node: NodeId) -> Open {
        match display(self.page.dom, node) {
            Some(Display::Block) if !self.inline.is_in_link() => {
                self.paragraph();
                Open::Block
            }
            Some(_) => {
                self.inline.part();
                Open::Apart
            }
            None => Open::Nothing,
        }
    }

    pub(super) fn code_span(&mut self, node: NodeId) {
        let dom = self.page.dom;
        let text = self.code_text(node);
        // Code with a link around all of it becomes a link around code.
        let links: Vec<_> = dom.descendants(node).filter(|below| dom.is(*below, "a")).take(2).collect();
        match links.as_slice() {
            [link] if dom.text_content(*link).trim() == text.trim() => match self.link(*link) {
                Open::Link(mark, target) => {
                    self.inline.code(&text);
                    self.inline.link(mark, &target);
                }
                _ => self.inline.code(&text),
            },
            _ if !text.contains('\u{b}') => self.inline.code(&text),
            _ => {
                let text: String = text
                    .chars()
                    .map(|c| {
                        if c == '\u{b}' {
                            '\n'
                        } else if c == '\n' {
                            ' '
                        } else {
                            c
                        }
                    })
                    .collect();
                self.code_lines(&text);
            }
        }
    }

    /// Lines of code where no code block can stand: a span each.
    pub(super) fn code_lines(&mut self, text: &str) {
        let mut lines = text.lines().map(str::trim_end).filter(|line| !line.trim_start().is_empty()).peekable();
        while let Some(line) = lines.next() {
            match self.in_cell {
                // Indentation says something there.
                true => self.inline.code_as_is(line.to_owned()),
                false => self.inline.code(line.trim_start()),
            }
            match self.heading {
                Some(_) => self.inline.part(),
                None if lines.peek().is_some() => self.inline.line_break(),
                None => {}
            }
        }
    }

    /// The text of inline code: indices marked, formulas told, `\u{b}` for each line that ends.
    fn code_text(&self, node: NodeId) -> String {
        let (dom, article) = (self.page.dom, self.page.article);
        let mut text = String::new();
        let mut key = None;
        let mut walk = dom.walk(node);
        while let Some(step) = walk.next() {
            let part = |text: &mut String, mark: char| {
                if !text.is_empty() && !text.ends_with([mark, '\u{b}']) {
                    text.push(mark);
                }
            };
            match step {
                Step::Enter(below) if article.is_left_out(below) => walk.pass_over(),
                Step::Enter(below) => {
                    if let Some(words) = dom.text(below) {
                        text.push_str(words);
                        continue;
                    }
                    if let Some(found) = math::find(dom, below) {
                        if let Found::Formula(formula) = found {
                            text.push_str(&formula.text);
                        }
                        walk.pass_over();
                        continue;
                    }
                    match dom.name(below).map(|name| &**name) {
                        Some("sup" | "sub") => {
                            match scripts::read(dom, article, below, &text) {
                                Script::Content => continue,
                                Script::Index(mark, index) => text.extend([mark.to_string(), index]),
                                Script::Numerator(words) => text.extend([" ", words.as_str()]),
                                Script::Same(words) | Script::Apart(words) => text.push_str(&words),
                                Script::Footnote(words) | Script::Linked(words) => text.extend(["[", &words, "]"]),
                            }
                            walk.pass_over();
                        }
                        Some("br") => part(&mut text, '\u{b}'),
                        Some("kbd" | "samp") if below != node && key == Some(text.len()) => part(&mut text, ' '),
                        Some(name) if below != node && is_block(name) => part(&mut text, '\u{b}'),
                        _ => match display(dom, below).filter(|_| below != node) {
                            Some(Display::Block) => part(&mut text, '\u{b}'),
                            Some(Display::Apart) => part(&mut text, ' '),
                            None => {}
                        },
                    }
                }
                Step::Leave(below) if below == node => {}
                Step::Leave(below) => match dom.name(below).map(|name| &**name) {
                    Some("kbd" | "samp") => key = Some(text.len()),
                    Some(name) if is_block(name) => part(&mut text, '\u{b}'),
                    Some(_) => match display(dom, below) {
                        Some(Display::Block) => part(&mut text, '\u{b}'),
                        Some(Display::Apart) => part(&mut text, ' '),
                        None => {}
                    },
                    None => {}
                },
            }
        }
        text.truncate(text.trim_end_matches('\u{b}').len());
        text
    }

    /// Words that stand side by side only because their elements are set apart by style: buttons, and what is in a caption.
    pub(super) fn part_from_neighbour(&mut self, node: NodeId, name: &str) {
        self.part_from_badge(node, name);
        let dom = self.page.dom;
        let after_element = || dom.previous_sibling(node).is_some_and(|before| dom.name(before).is_some());
        let parts = match name {
            "button" => after_element(),
            "a" | "span" | "small" => {
                dom.parent(node).is_some_and(|parent| dom.is(parent, "figcaption") || dom.is(parent, "button")) && after_element()
            }
            _ => false,
        };
        if parts {
            self.inline.part();
        }
    }

    /// How a word is read, above it: in brackets, where the page has none for those who see no difference.
    pub(super) fn reading(&mut self, node: NodeId) -> Open {
        let dom = self.page.dom;
        let bracketed = dom.parent(node).is_some_and(|ruby| dom.children(ruby).take(BADGE).any(|part| dom.is(part, "rp")));
        // The readings of a word's parts have brackets of their own.
        let several = dom.is(node, "rtc") && dom.children(node).take(BADGE).any(|part| dom.is(part, "rt") || dom.is(part, "rp"));
        if bracketed || several || dom.text_start(node, BADGE).trim().is_empty() {
            return Open::Nothing;
        }
        self.inline.text("(");
        Open::Quoted(")")
    }

    /// A heading that is a picture says what is on it. A site's logo that leads to its first page is none.
    pub(super) fn picture_as_heading(&mut self, heading: NodeId) {
        let dom = self.page.dom;
        // Below these, stories set their pictures as headings.
        let heads = dom.is(heading, "h1") || dom.is(heading, "h2") || dom.attribute(heading, "id").is_some();
        if !heads || !self.inline.is_empty() {
            return;
        }
        let Some(picture) = dom.descendants(heading).take(PICTURE).find(|below| dom.is(*below, "img")) else { return };
        let linked = dom.ancestors(picture).take(PICTURE).take_while(|above| *above != heading).any(|above| dom.is(above, "a"));
        if let Some(alternative) = dom.attribute(picture, "alt").filter(|_| !linked) {
            self.inline.text(alternative);
        }
    }

    /// What is set beside code in an element of its own, as a type or a badge, stands apart from it; letters right behind it do not.
    pub(super) fn part_from_badge(&mut self, node: NodeId, name: &str) {
        if matches!(name, "span" | "a" | "small" | "label" | "mark") || name.contains('-') {
            let begins = || {
                let mut texts = self.page.dom.descendants(node).take(BADGE).filter_map(|below| self.page.dom.text(below));
                texts.find(|text| !text.is_empty()).is_some_and(|text| text.starts_with(char::is_alphanumeric))
            };
            if (self.inline.ends_in_code() && !is_raised(self.page.dom, node) || is_badge(self.page.dom, node)) && begins() {
                self.inline.part();
            }
        }
    }

    pub(super) fn link(&mut self, node: NodeId) -> Open {
        let dom = self.page.dom;
        let href = dom.attribute(node, "href").map(str::trim);
        let Some(href) = href.filter(|_| self.page.form == Form::Markdown && self.heading.is_none()) else { return Open::Nothing };
        // A card: its blocks stay blocks, and its address is known to the crawler.
        let around_blocks = || {
            dom.descendants(node)
                .skip(1)
                .any(|below| dom.name(below).is_some_and(|name| is_block(name) || &**name == "pre" || &**name == "table"))
        };
        if around_blocks() {
            return Open::Nothing;
        }
        match self.page.allowance.address(self.page.base, href, &["http", "https", "mailto", "ftp"]) {
            Some(target) => Open::Link(self.inline.open("", Means::Look), String::from(target)),
            None => Open::Nothing,
        }
    }

    pub(super) fn image(&mut self, node: NodeId) {
        let dom = self.page.dom;
        let alternative = dom.attribute(node, "alt").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        if alternative.is_empty() || self.page.form == Form::Text || self.heading.is_some() {
            return;
        }
        let source = source(dom, node);
        if let Some(source) = source.and_then(|source| self.page.allowance.address(self.page.base, source, &["http", "https"])) {
            self.inline.image(&alternative, source.as_str());
        }
    }
}

/// Where the picture is. Lazily loaded ones have a placeholder for a source, and the real one in an attribute that their script reads or in
/// what stands beside them for those who run none.
fn source(dom: &Dom, picture: NodeId) -> Option<&str> {
    let is_real = |source: &&str| !source.trim().is_empty() && !source.starts_with("data:");
    let named = ["src", "data-src", "data-original", "data-lazy-src"];
    let stated = named.into_iter().filter_map(|name| dom.attribute(picture, name)).find(is_real);
    let of_set = || ["srcset", "data-srcset"].into_iter().filter_map(|name| first_of(dom.attribute(picture, name)?)).find(is_real);
    let beside = || {
        let neighbours = [dom.next_element(picture), dom.previous_element(picture)].into_iter().flatten();
        let without_scripts = neighbours.filter(|neighbour| dom.is(*neighbour, "noscript"));
        let mut pictures = without_scripts.filter_map(|node| dom.descendants(node).take(BADGE).find(|below| dom.is(*below, "img")));
        pictures.find_map(|other| dom.attribute(other, "src").filter(is_real))
    };
    stated.or_else(of_set).or_else(beside)
}

/// The first address of a set of them: "kettle.png 1x, kettle-large.png 2x".
fn first_of(set: &str) -> Option<&str> {
    set.trim_start_matches([' ', '\n', '\t', ',']).split_ascii_whitespace().next().map(|address| address.trim_end_matches(','))
}

/// The mark of a note, in a link or by itself.
fn is_raised(dom: &Dom, node: NodeId) -> bool {
    dom.children(node).find(|child| dom.text(*child).is_none_or(|text| !text.trim().is_empty())).is_some_and(|first| dom.is(first, "sup"))
}

/// "optional", "v1.2" in a frame of their own.
fn is_badge(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.len() <= LONGEST_CLASS
            && classes
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| matches!(word, "badge" | "chip" | "pill" | "stab" | "mlabel" | "Badge" | "Chip"))
    })
}

/// In bytes.
const LONGEST_CLASS: usize = 200;

/// In nodes: where the first letter is looked for.
const BADGE: usize = 8;

/// In nodes: where the picture of a heading is looked for.
const PICTURE: usize = 24;

/// How an element is set that is none of a block's, by its own style.
enum Display {
    Block,
    Apart,
}

fn display(dom: &Dom, node: NodeId) -> Option<Display> {
    if dom.is(node, "span") && (dom.has_class(node, "block") || dom.has_class(node, "d-block")) {
        return Some(Display::Block);
    }
    let style = dom.attribute(node, "style")?;
    style.split(';').take(40).find_map(|declaration| {
        let (property, value) = declaration.split_once(':')?;
        match (property.trim(), value.trim()) {
            ("display", "block" | "flex" | "grid" | "table" | "list-item" | "table-row") => Some(Display::Block),
            // A first letter may be set so to be large.
            ("display", "inline-block" | "inline-flex" | "table-cell") if !is_letter(dom, node) => Some(Display::Apart),
            _ => None,
        }
    })
}

fn is_letter(dom: &Dom, node: NodeId) -> bool {
    dom.first_child(node)
        .is_some_and(|child| dom.next_sibling(child).is_none() && dom.text(child).is_some_and(|text| text.trim().chars().count() < 2))
}
