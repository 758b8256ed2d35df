//! What is below every element of a page, counted: text, links, running text, headings, code, controls. Knows numbers only; `judge`
//! says what they mean.

use crate::extract::dom::{Dom, NodeId, Step};

/// What is below one node. Lengths are in bytes without blanks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fact {
    pub(super) text: u32,
    /// Of `text`, what stands in links.
    pub(super) links: u32,
    /// Running text: paragraphs with sentences, less their links.
    pub(super) prose: f32,
    pub(super) headings: u32,
    /// Of `headings`, those that are links out of the page: titles of something that is elsewhere.
    pub(super) linked_headings: u32,
    /// Of `headings`, those of the first and second level.
    pub(super) main_headings: u32,
    /// Of `headings`, those of the first level.
    pub(super) titles: u32,
    /// Paragraphs, items and cells that have words of their own, not in links.
    pub(super) paragraphs: u32,
    /// Of `paragraphs`, those long enough to say something.
    pub(super) sentences: u32,
    /// Of `text`, what stands in listings and in tables that have heads: no menu has them.
    pub(super) listed: u32,
    /// Buttons and fields.
    pub(super) controls: u32,
    /// How many links.
    pub(super) anchors: u32,
    /// Of `anchors`, those that are a picture and nothing else.
    pub(super) pictured: u32,
    pub(super) images: u32,
    /// Heads of columns and rows.
    heads: u32,
    /// The first heading.
    pub(super) heading: Option<NodeId>,
}

impl Fact {
    /// Text that leads nowhere, prose or not.
    pub(super) fn plain(&self) -> f32 {
        (self.text - self.links) as f32
    }

    pub(super) fn link_share(&self) -> f32 {
        self.links as f32 / self.text.max(1) as f32
    }

    /// Whether all of its links are pictures, as the arrows that lead through a manual are.
    pub(super) fn is_pictured(&self) -> bool {
        self.pictured > 0 && self.pictured == self.anchors
    }

    /// Whether it is there for what it lists, rather than a frame in which that stands.
    pub(super) fn is_listing(&self) -> bool {
        self.listed * 2 > self.text
    }

    /// Headings of sections, not of what is elsewhere.
    pub(super) fn own_headings(&self) -> u32 {
        self.headings - self.linked_headings
    }

    fn add(&mut self, below: &Fact) {
        self.text += below.text;
        self.links += below.links;
        self.prose += below.prose;
        self.headings += below.headings;
        self.linked_headings += below.linked_headings;
        self.main_headings += below.main_headings;
        self.titles += below.titles;
        self.paragraphs += below.paragraphs;
        self.sentences += below.sentences;
        self.listed += below.listed;
        self.controls += below.controls;
        self.anchors += below.anchors;
        self.pictured += below.pictured;
        self.images += below.images;
        self.heads += below.heads;
        self.heading = self.heading.or(below.heading);
    }
}

/// The facts of every node of a page.
pub(super) struct Facts(Vec<Fact>);

impl Facts {
    /// Of what is not left out. Controls are counted, though nothing in them is read.
    pub(super) fn of<T>(dom: &Dom, left_out: &[Option<T>]) -> Self {
        let mut facts = Self(vec![Fact::default(); dom.len()]);
        let mut links = 0u32;
        let mut walk = dom.walk(dom.root());
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(node) if left_out[node.index()].is_some() => {
                    walk.pass_over();
                    if is_control(dom, node)
                        && let Some(parent) = dom.parent(node)
                    {
                        facts.0[parent.index()].controls += 1;
                    }
                }
                Step::Enter(node) => {
                    links += u32::from(is_link(dom, node));
                    if let Some(text) = dom.text(node) {
                        let length = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count() as u32;
                        let fact = &mut facts.0[node.index()];
                        fact.text = length;
                        fact.links = if links > 0 { length } else { 0 };
                    }
                }
                Step::Leave(node) => {
                    links -= u32::from(is_link(dom, node));
                    facts.0[node.index()].prose += facts.own_prose(dom, node);
                    let fact = &mut facts.0[node.index()];
                    if is_link(dom, node) {
                        fact.anchors += 1;
                        fact.pictured += u32::from(fact.images > 0 && fact.text == 0);
                    }
                    fact.images += u32::from(dom.is(node, "img"));
                    match dom.name(node).map(|name| &**name) {
                        Some("th") => fact.heads += u32::from(fact.text > 0),
                        Some("table") if fact.heads > 1 && fact.paragraphs > 0 && fact.links * 2 < fact.text => fact.listed = fact.text,
                        Some("pre" | "textarea") if holds_more_than_numbers(dom, node) => fact.listed = fact.text,
                        _ => {}
                    }
                    if is_heading(dom, node) && fact.text > 0 {
                        fact.heading = Some(node);
                        fact.headings += 1;
                        fact.linked_headings += u32::from(fact.links * 2 > fact.text && !stays_in_page(dom, node));
                        fact.titles += u32::from(dom.is(node, "h1"));
                        fact.main_headings += u32::from(dom.is(node, "h1") || dom.is(node, "h2"));
                    }
                    if fact.paragraphs == 0 && fact.plain() > 3.0 && is_paragraph(dom, node) {
                        fact.paragraphs += 1;
                        fact.sentences += u32::from(fact.plain() >= LEAST_SENTENCE);
                    }
                    let fact = *fact;
                    if let Some(parent) = dom.parent(node) {
                        facts.0[parent.index()].add(&fact);
                    }
                }
            }
        }
        facts
    }

    pub(super) fn at(&self, node: NodeId) -> &Fact {
        &self.0[node.index()]
    }

    fn own_prose(&self, dom: &Dom, node: NodeId) -> f32 {
        let Some(name) = dom.name(node) else { return 0.0 };
        let text = match &**name {
            "p" | "pre" | "blockquote" | "dd" if self.at(node).prose == 0.0 => self.at(node).plain(),
            // Text straight in a container, as in pages that part paragraphs by line breaks.
            "div" | "section" | "article" | "td" | "main" | "body" => dom
                .children(node)
                .filter(|child| {
                    dom.text(*child).is_some()
                        || dom.name(*child).is_some_and(|name| matches!(&**name, "b" | "i" | "em" | "strong" | "span"))
                })
                .map(|child| self.at(child).plain())
                .sum(),
            _ => 0.0,
        };
        if text < 40.0 { 0.0 } else { text }
    }
}

/// The numbers of lines are no listing.
fn holds_more_than_numbers(dom: &Dom, node: NodeId) -> bool {
    let mut texts = dom.descendants(node).take(NEAR).filter_map(|below| dom.text(below));
    texts.any(|text| text.bytes().take(NEAR).any(|byte| !byte.is_ascii_digit() && !byte.is_ascii_whitespace()))
}

/// In nodes, and bytes of each.
const NEAR: usize = 40;

/// In bytes; shorter ones are labels.
const LEAST_SENTENCE: f32 = 30.0;

/// Elements that hold running text.
fn is_paragraph(dom: &Dom, node: NodeId) -> bool {
    dom.name(node).is_some_and(|name| matches!(&**name, "p" | "li" | "td" | "th" | "dd" | "pre" | "blockquote" | "figcaption"))
}

/// An anchor that leads somewhere.
fn is_link(dom: &Dom, node: NodeId) -> bool {
    dom.is(node, "a") && dom.attribute(node, "href").is_some()
}

pub(super) fn is_heading(dom: &Dom, node: NodeId) -> bool {
    dom.name(node).is_some_and(|name| matches!(&**name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6"))
}

/// As themes have it whose headings are their own permalinks, or lead back to the contents: its links stay in the page.
fn stays_in_page(dom: &Dom, heading: NodeId) -> bool {
    let around = dom.ancestors(heading).take(LEVELS);
    let mut links = dom.descendants(heading).take(NEAR).chain(around).filter(|node| is_link(dom, *node)).peekable();
    links.peek().is_some()
        && links.all(|link| {
            let place = dom.attribute(link, "href").and_then(|href| href.split_once('#')).filter(|(_, id)| !matches!(*id, "" | "top"));
            place.is_some_and(|(page, id)| {
                page.is_empty()
                    || [Some(link), Some(heading), dom.parent(heading)].iter().flatten().any(|node| dom.attribute(*node, "id") == Some(id))
            })
        })
}

/// How far around a heading a link is looked for.
const LEVELS: usize = 4;

fn is_control(dom: &Dom, node: NodeId) -> bool {
    match dom.name(node).map(|name| &**name) {
        Some("button" | "select" | "textarea") => true,
        Some("input") => dom.attribute(node, "type") != Some("hidden"),
        _ => false,
    }
}
