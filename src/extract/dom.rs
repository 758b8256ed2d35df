//! A parsed page as a flat arena: html5ever builds it, `article` and the writer walk it. Knows HTML's tree, not its meaning.
//! Nothing here recurses, and nesting is capped, so a hostile page costs neither stack nor quadratic time.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeBuilder, TreeBuilderOpts, TreeSink};
use html5ever::{Attribute, LocalName, Namespace, QualName, local_name, ns};

use crate::extract::syntax::Syntax;
use crate::extract::tags;
use crate::extract::tokenizer;
#[cfg(test)]
use crate::model::Budget;
use crate::model::Meter;

/// A position in the arena of one `Dom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NodeId(u32);

impl NodeId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The tree of one page.
#[derive(Debug)]
pub(super) struct Dom {
    nodes: Vec<Node>,
    /// Of the page it was made of, in bytes.
    size: usize,
    /// Of the page's reading: each node that is looked at is a step, and once it is over no walk goes on.
    meter: Meter,
}

#[derive(Debug)]
struct Node {
    parent: u32,
    first_child: u32,
    last_child: u32,
    previous: u32,
    next: u32,
    depth: u32,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Document,
    Element {
        name: QualName,
        attributes: Vec<Attribute>,
        /// Which names its attributes may have: most questions are for one that is not there.
        names: Names,
    },
    Text(StrTendril),
    /// Comments and processing instructions: nothing reads them.
    Other,
}

/// A bit for each name, which it shares with others.
#[derive(Clone, Copy, Debug)]
struct Names(u64);

impl Names {
    fn of(attributes: &[Attribute]) -> Self {
        Self(attributes.iter().fold(0, |names, attribute| names | Self::bit(&attribute.name.local)))
    }

    #[inline]
    fn may_hold(self, name: &str) -> bool {
        self.0 & Self::bit(name) != 0
    }

    #[inline]
    fn bit(name: &str) -> u64 {
        let first = name.as_bytes().first().copied().unwrap_or_default();
        let last = name.as_bytes().last().copied().unwrap_or_default();
        1 << ((usize::from(first) * 5 + usize::from(last) * 3 + name.len()) % 64)
    }
}

impl Dom {
    /// A page as what it says it is.
    #[cfg(test)]
    pub(super) fn parse(html: &str) -> Self {
        Self::parse_as(html, Syntax::declared(html))
    }

    #[cfg(test)]
    pub(super) fn parse_as(html: &str, syntax: Syntax) -> Self {
        Self::parse_within(html, syntax, &Budget::new(std::time::Duration::MAX).begin())
    }

    /// Any text is a page.
    pub(super) fn parse_within(html: &str, syntax: Syntax, meter: &Meter) -> Self {
        let options = TreeBuilderOpts { scripting_enabled: false, drop_doctype: true, ..TreeBuilderOpts::default() };
        let builder = TreeBuilder::new(Sink::default(), options);
        let limiter = Limiter { builder, syntax, dropped: Cell::new(0), framed: Cell::new(false) };
        tokenizer::run(html, &limiter, meter);
        Self { nodes: limiter.builder.sink.finish(), size: html.len(), meter: meter.clone() }
    }

    pub(super) fn root(&self) -> NodeId {
        NodeId(0)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How long the page is, in bytes: what is written of it is bounded by that.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn parent(&self, node: NodeId) -> Option<NodeId> {
        link(self.nodes[node.index()].parent)
    }

    pub(super) fn first_child(&self, node: NodeId) -> Option<NodeId> {
        link(self.nodes[node.index()].first_child)
    }

    pub(super) fn last_child(&self, node: NodeId) -> Option<NodeId> {
        link(self.nodes[node.index()].last_child)
    }

    pub(super) fn next_sibling(&self, node: NodeId) -> Option<NodeId> {
        link(self.nodes[node.index()].next)
    }

    /// The sibling before it that is no text.
    pub(super) fn previous_element(&self, node: NodeId) -> Option<NodeId> {
        let previous = |node: &NodeId| self.previous_sibling(*node);
        // Text and comments stand between elements one by one.
        std::iter::successors(previous(&node), previous).take(4).find(|before| self.name(*before).is_some())
    }

    /// The sibling after it that is no text.
    pub(super) fn next_element(&self, node: NodeId) -> Option<NodeId> {
        let next = |node: &NodeId| self.next_sibling(*node);
        std::iter::successors(next(&node), next).take(4).find(|after| self.name(*after).is_some())
    }

    pub(super) fn previous_sibling(&self, node: NodeId) -> Option<NodeId> {
        link(self.nodes[node.index()].previous)
    }

    pub(super) fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let children = std::iter::successors(self.first_child(node), |child| self.next_sibling(*child));
        children.take_while(|_| self.meter.goes_on())
    }

    pub(super) fn ancestors(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(node), |ancestor| self.parent(*ancestor))
    }

    /// `top` and everything below it, in document order.
    pub(super) fn descendants(&self, top: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let below = std::iter::successors(Some(top), move |node| self.first_child(*node).or_else(|| self.following(*node, top)));
        below.take_while(|_| self.meter.goes_on())
    }

    /// The next node in document order that is not below `node`, within `top`.
    pub(super) fn following(&self, node: NodeId, top: NodeId) -> Option<NodeId> {
        let mut node = node;
        while node != top {
            if let Some(next) = self.next_sibling(node) {
                return Some(next);
            }
            node = self.parent(node)?;
        }
        None
    }

    /// Enters and leaves `top` and everything below it, in document order.
    pub(super) fn walk(&self, top: NodeId) -> Walk<'_> {
        Walk { dom: self, top, next: Some(Step::Enter(top)), last: top }
    }

    pub(super) fn text(&self, node: NodeId) -> Option<&str> {
        match &self.nodes[node.index()].data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The element's local name, lower-case; `svg` and `math` descendants have theirs too.
    pub(super) fn name(&self, node: NodeId) -> Option<&LocalName> {
        match &self.nodes[node.index()].data {
            Data::Element { name, .. } => Some(&name.local),
            _ => None,
        }
    }

    pub(super) fn is(&self, node: NodeId, name: &str) -> bool {
        self.name(node).is_some_and(|local| &**local == name)
    }

    /// Inlined, as what is asked for is known to the compiler, and so is its bit.
    #[inline]
    pub(super) fn attribute(&self, node: NodeId, wanted: &str) -> Option<&str> {
        match &self.nodes[node.index()].data {
            Data::Element { attributes, names, .. } if names.may_hold(wanted) => value_of(attributes, wanted),
            _ => None,
        }
    }

    /// Moves `node` and what is below it to right before `place`, which is not below it.
    pub(super) fn put_before(&mut self, node: NodeId, place: NodeId) {
        if let Some(parent) = self.parent(place) {
            Sink::attach(&mut self.nodes, parent, node, Some(place));
        }
    }

    pub(super) fn remove_attribute(&mut self, node: NodeId, unwanted: &str) {
        if let Data::Element { attributes, .. } = &mut self.nodes[node.index()].data {
            attributes.retain(|attribute| &*attribute.name.local != unwanted);
        }
    }

    pub(super) fn has_class(&self, node: NodeId, wanted: &str) -> bool {
        self.attribute(node, "class").is_some_and(|classes| classes.split_ascii_whitespace().any(|class| class == wanted))
    }

    /// The text below `node` without blanks before it, up to about `limit` bytes, from as many nodes at the most.
    pub(super) fn text_start(&self, node: NodeId, limit: usize) -> String {
        let mut text = String::new();
        for piece in self.descendants(node).take(limit).filter_map(|below| self.text(below)) {
            // One look at a text that is as long as the page must not be as long.
            let piece = start(piece, 16 * limit);
            let piece = if text.is_empty() { piece.trim_start() } else { piece };
            text.push_str(start(piece, limit + 4 - text.len()));
            if text.len() > limit {
                break;
            }
        }
        text
    }

    /// All text below `node`, as it stands.
    pub(super) fn text_content(&self, node: NodeId) -> String {
        self.descendants(node).filter_map(|below| self.text(below)).collect()
    }
}

#[inline(never)]
fn value_of<'a>(attributes: &'a [Attribute], wanted: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| &*attribute.name.local == wanted).map(|attribute| &*attribute.value)
}

fn start(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// One event of a `Walk`. Text nodes are entered and left, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Enter(NodeId),
    Leave(NodeId),
}

/// A walk through a subtree that needs no stack.
pub(super) struct Walk<'a> {
    dom: &'a Dom,
    top: NodeId,
    next: Option<Step>,
    /// Entered last.
    last: NodeId,
}

impl Walk<'_> {
    /// Neither enters what is below the element just entered, nor leaves it.
    pub(super) fn pass_over(&mut self) {
        self.next = self.after(self.last);
    }

    fn after(&self, node: NodeId) -> Option<Step> {
        if node == self.top {
            return None;
        }
        match self.dom.next_sibling(node) {
            Some(next) => Some(Step::Enter(next)),
            None => self.dom.parent(node).map(Step::Leave),
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let step = self.next.filter(|_| self.dom.meter.goes_on())?;
        self.next = match step {
            Step::Enter(node) => {
                self.last = node;
                Some(self.dom.first_child(node).map_or(Step::Leave(node), Step::Enter))
            }
            Step::Leave(node) => self.after(node),
        };
        Some(step)
    }
}

/// As much nesting as browsers keep, too: deeper tags are dropped, their text stays.
pub(super) const MAX_DEPTH: u32 = 512;
/// In end tags, for each level too deep.
const PENALTY: u32 = 1_000;
/// Formatting elements left open are repeated in every later paragraph; beyond so many nodes only text is added.
const MAX_NODES: usize = 1_500_000;
/// Of one element; it is asked for them again and again, by those around it, too.
const MOST_ATTRIBUTES: usize = 256;
/// In bytes, of a name of an element (`class`, `id`) and of its style: many others look at them.
const LONGEST_NAMES: usize = 1_000;
const LONGEST_STYLE: usize = 4_000;
const NONE: u32 = u32::MAX;

/// Cuts what an element is called where no page calls anything so.
fn shorten(attribute: &mut Attribute) {
    let longest = match &*attribute.name.local {
        "class" | "id" | "role" | "type" | "rel" => LONGEST_NAMES,
        "style" => LONGEST_STYLE,
        _ => return,
    };
    if attribute.value.len() > longest {
        let kept = attribute.value.floor_char_boundary(longest);
        attribute.value = StrTendril::from(&attribute.value[..kept]);
    }
}

fn link(index: u32) -> Option<NodeId> {
    (index != NONE).then_some(NodeId(index))
}

/// Stands before the tree builder, whose search for an open element is linear in the depth, and which knows HTML only.
struct Limiter {
    builder: TreeBuilder<NodeId, Sink>,
    syntax: Syntax,
    /// Start tags kept from the builder, whose end tags must not reach it either.
    dropped: Cell<u32>,
    /// The page is a set of frames: what it says to those who see none is all that it says.
    framed: Cell<bool>,
}

impl Limiter {
    fn keeps(&self, tag: &Tag) -> bool {
        // These change how the tokenizer reads on, or never nest; within drawings and formulas they do neither.
        if (tags::holds_text(&tag.name) || matches!(&*tag.name, "br" | "hr" | "img")) && !self.is_foreign() {
            return true;
        }
        let sink = &self.builder.sink;
        match tag.kind {
            TagKind::StartTag => {
                let kept = sink.open_depth.get() < MAX_DEPTH && sink.nodes.borrow().len() < MAX_NODES;
                if !kept && !tag.self_closing {
                    self.dropped.set(self.dropped.get() + 1);
                }
                kept
            }
            TagKind::EndTag => match self.dropped.get() {
                0 => {
                    sink.open_depth.set(sink.open_depth.get().saturating_sub(1));
                    true
                }
                dropped => {
                    self.dropped.set(dropped - 1);
                    false
                }
            },
        }
    }
}

impl Limiter {
    /// Whether it stands between the page and what it says without frames, and is kept from the builder.
    fn is_frame(&self, tag: &Tag) -> bool {
        let set = tag.name == local_name!("frameset");
        if set {
            self.framed.set(true);
        }
        set || tag.name == local_name!("noframes") && self.framed.get()
    }

    fn is_foreign(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }

    /// Whether this start tag is the whole element. The tree builder sees to drawings and formulas itself.
    fn is_whole(&self, tag: &Tag) -> bool {
        tag.self_closing && tag.kind == TagKind::StartTag && closes_itself(tag, self.syntax) && !self.is_foreign()
    }

    fn whole(&self, tag: Tag, line: u64) {
        let end = Tag { kind: TagKind::EndTag, self_closing: false, attrs: Vec::new(), ..tag.clone() };
        // Nothing is read in another way: the element is over.
        let _ = self.builder.process_token(Token::TagToken(tag), line);
        let _ = self.builder.process_token(Token::TagToken(end), line);
        let depth = &self.builder.sink.open_depth;
        depth.set(depth.get().saturating_sub(1));
    }
}

/// Whether `<name/>` is an element without content, rather than one that has been opened.
fn closes_itself(tag: &Tag, syntax: Syntax) -> bool {
    let name = &*tag.name;
    match syntax {
        // Void elements end by themselves, and these three are there whatever tags say.
        Syntax::Xml => !is_void(name) && !matches!(name, "html" | "head" | "body" | "svg" | "math"),
        Syntax::Declared if tags::holds_text(name) || is_formatting(name) => true,
        // A place to link to, in pages that were XHTML once.
        Syntax::Declared | Syntax::Html => {
            let has = |wanted: &str| tag.attrs.iter().any(|attribute| &*attribute.name.local == wanted);
            matches!(name, "a" | "span") && (has("id") || has("name")) && !has("href")
        }
    }
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "br"
            | "col"
            | "embed"
            | "frame"
            | "hr"
            | "image"
            | "img"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// What the tree builder opens again in every later paragraph until it is closed, and their like.
fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "kbd"
            | "nobr"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "tt"
            | "u"
            | "var"
    )
}

impl TokenSink for Limiter {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        match token {
            Token::TagToken(tag) if self.is_frame(&tag) || !self.keeps(&tag) => TokenSinkResult::Continue,
            Token::TagToken(tag) if self.is_whole(&tag) => {
                self.whole(tag, line);
                TokenSinkResult::Continue
            }
            Token::CommentToken(_) => TokenSinkResult::Continue,
            token => self.builder.process_token(token, line),
        }
    }

    fn end(&self) {
        self.builder.end();
    }

    /// Asked where text may be quoted as `<![CDATA[…]]>`: in HTML, within drawings and formulas only.
    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.syntax != Syntax::Html || self.is_foreign()
    }
}

/// What the tree builder writes to.
struct Sink {
    nodes: RefCell<Vec<Node>>,
    /// About how many elements are open: exact after each insertion, counted down by end tags between.
    open_depth: Cell<u32>,
}

impl Default for Sink {
    fn default() -> Self {
        let sink = Self { nodes: RefCell::new(Vec::with_capacity(4096)), open_depth: Cell::new(0) };
        sink.create(Data::Document);
        sink
    }
}

impl Sink {
    fn create(&self, data: Data) -> NodeId {
        let mut nodes = self.nodes.borrow_mut();
        let id = u32::try_from(nodes.len()).expect("the text of a page is shorter than 4 GiB, and so is its node count");
        nodes.push(Node { parent: NONE, first_child: NONE, last_child: NONE, previous: NONE, next: NONE, depth: 0, data });
        NodeId(id)
    }

    fn detach(nodes: &mut [Node], child: NodeId) {
        let Node { parent, previous, next, .. } = nodes[child.index()];
        if parent == NONE {
            return;
        }
        match link(previous) {
            Some(previous) => nodes[previous.index()].next = next,
            None => nodes[parent as usize].first_child = next,
        }
        match link(next) {
            Some(next) => nodes[next.index()].previous = previous,
            None => nodes[parent as usize].last_child = previous,
        }
        let node = &mut nodes[child.index()];
        (node.parent, node.previous, node.next) = (NONE, NONE, NONE);
    }

    /// Puts `child` below `parent`, before `next` or last.
    fn attach(nodes: &mut [Node], parent: NodeId, child: NodeId, next: Option<NodeId>) {
        Self::detach(nodes, child);
        let previous = match next {
            Some(next) => nodes[next.index()].previous,
            None => nodes[parent.index()].last_child,
        };
        let depth = nodes[parent.index()].depth + 1;
        let node = &mut nodes[child.index()];
        (node.parent, node.previous, node.next, node.depth) = (parent.0, previous, next.map_or(NONE, |next| next.0), depth);
        match link(previous) {
            Some(previous) => nodes[previous.index()].next = child.0,
            None => nodes[parent.index()].first_child = child.0,
        }
        match next {
            Some(next) => nodes[next.index()].previous = child.0,
            None => nodes[parent.index()].last_child = child.0,
        }
    }

    fn insert(&self, parent: NodeId, child: NodeOrText<NodeId>, next: Option<NodeId>) {
        let child = match child {
            NodeOrText::AppendNode(child) => child,
            NodeOrText::AppendText(text) => {
                let mut nodes = self.nodes.borrow_mut();
                self.open_depth.set(nodes[parent.index()].depth);
                let before = match next {
                    Some(next) => nodes[next.index()].previous,
                    None => nodes[parent.index()].last_child,
                };
                if let Some(Data::Text(known)) = link(before).map(|before| &mut nodes[before.index()].data) {
                    known.push_tendril(&text);
                    return;
                }
                drop(nodes);
                self.create(Data::Text(text))
            }
        };
        let mut nodes = self.nodes.borrow_mut();
        Self::attach(&mut nodes, parent, child, next);
        if let Data::Element { .. } = nodes[child.index()].data {
            let depth = nodes[child.index()].depth;
            // End tags that end nothing are counted, too: where they let in one element too many, the next needs many more of them.
            self.open_depth.set(depth.saturating_add(depth.saturating_sub(MAX_DEPTH).saturating_mul(PENALTY)));
        }
    }
}

#[derive(Debug)]
struct Name<'a>(Ref<'a, QualName>);

impl ElemName for Name<'_> {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }

    fn local_name(&self) -> &LocalName {
        &self.0.local
    }
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Vec<Node>;
    type ElemName<'a> = Name<'a>;

    fn finish(self) -> Vec<Node> {
        self.nodes.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        NodeId(0)
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Name<'a> {
        Name(Ref::map(self.nodes.borrow(), |nodes| match &nodes[target.index()].data {
            Data::Element { name, .. } => name,
            _ => unreachable!("the tree builder asks elements only for their name"),
        }))
    }

    fn create_element(&self, name: QualName, mut attributes: Vec<Attribute>, _: ElementFlags) -> NodeId {
        attributes.truncate(MOST_ATTRIBUTES);
        for attribute in &mut attributes {
            shorten(attribute);
        }
        let names = Names::of(&attributes);
        self.create(Data::Element { name, attributes, names })
    }

    fn create_comment(&self, _: StrTendril) -> NodeId {
        self.create(Data::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> NodeId {
        self.create(Data::Other)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.insert(*parent, child, None);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        let has_parent = self.nodes.borrow()[element.index()].parent != NONE;
        match has_parent {
            true => self.append_before_sibling(element, child),
            false => self.append(previous, child),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    /// A template's contents hang below it; whoever reads the tree leaves templates out.
    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        *target
    }

    fn same_node(&self, one: &NodeId, other: &NodeId) -> bool {
        one == other
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        let parent = link(self.nodes.borrow()[sibling.index()].parent);
        if let Some(parent) = parent {
            self.insert(parent, child, Some(*sibling));
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, added: Vec<Attribute>) {
        if let Data::Element { attributes, names, .. } = &mut self.nodes.borrow_mut()[target.index()].data {
            for mut attribute in added {
                if attributes.len() >= MOST_ATTRIBUTES {
                    break;
                }
                shorten(&mut attribute);
                if !attributes.iter().any(|known| known.name == attribute.name) {
                    attributes.push(attribute);
                }
            }
            *names = Names::of(attributes);
        }
    }

    fn remove_from_parent(&self, target: &NodeId) {
        Self::detach(&mut self.nodes.borrow_mut(), *target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        let mut nodes = self.nodes.borrow_mut();
        while let Some(child) = link(nodes[node.index()].first_child) {
            Self::attach(&mut nodes, *new_parent, child, None);
        }
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &NodeId) -> bool {
        match &self.nodes.borrow()[handle.index()].data {
            Data::Element { name, .. } => name.ns == ns!(mathml) && &*name.local == "annotation-xml",
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_left_open_and_tables_broken_still_give_one_tree() {
        let dom = Dom::parse("<p>a<b>b<p>c<table>d<tr><td>e</table><i>f</b>g");
        assert_eq!(dom.text_content(dom.root()), "abcdefg");
        for node in dom.descendants(dom.root()) {
            for child in dom.children(node) {
                assert_eq!(dom.parent(child), Some(node));
            }
        }
    }

    /// The text that `body` holds outside of anchors.
    fn outside_anchors(dom: &Dom) -> String {
        let anchored = |node| dom.ancestors(node).any(|above| dom.is(above, "a"));
        let body = dom.descendants(dom.root()).find(|node| dom.is(*node, "body")).unwrap();
        dom.descendants(body).filter(|node| !anchored(*node)).filter_map(|node| dom.text(node)).collect()
    }

    #[test]
    fn xhtml_closes_any_element_at_once() {
        for empty in [
            "<script src='x.js'/>",
            "<style/>",
            "<textarea/>",
            "<iframe src='v'/>",
            "<title/>",
            "<noscript/>",
            "<a id='x'/>",
            "<a href='x'/>",
            "<div class='clear'/>",
            "<i/>",
            "<code/>",
            "<svg/>",
            "<br/>",
        ] {
            let html = format!("<head><title/></head><body><h1>a</h1>{empty}<p>b</p></body>");
            let dom = Dom::parse_as(&html, Syntax::Xml);
            assert_eq!(outside_anchors(&dom), "ab", "{html}");
            let after = dom.descendants(dom.root()).find(|node| dom.is(*node, "p")).unwrap();
            assert_eq!(dom.ancestors(after).count(), 3, "{html}");
        }
    }

    #[test]
    fn xhtml_quotes_text() {
        let html = "<pre><![CDATA[if (a < b && c > d) {}]]></pre>";
        for (syntax, expected) in
            [(Syntax::Xml, "if (a < b && c > d) {}"), (Syntax::Declared, "if (a < b && c > d) {}"), (Syntax::Html, " d) {}]]>")]
        {
            let dom = Dom::parse_as(html, syntax);
            assert_eq!(dom.text_content(dom.root()), expected);
        }
    }

    #[test]
    fn xhtml_sent_as_html_loses_nothing_to_what_closes_itself() {
        for empty in [
            "<a id='x'/>",
            "<a name='x' />",
            "<script src='x.js'/>",
            "<style/>",
            "<textarea/>",
            "<title/>",
            "<em/>",
            "<b id='y'/>",
            "<span/>",
        ] {
            let html = format!("<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>{empty}a</h1><p>b</p></body>");
            let dom = Dom::parse(&html);
            assert_eq!(outside_anchors(&dom), "ab", "{html}");
        }
        // As browsers read it, a container is open until its end tag.
        let dom = Dom::parse("<html xmlns='http://www.w3.org/1999/xhtml'><div id='x'/><p>b</p></div>");
        let after = dom.descendants(dom.root()).find(|node| dom.is(*node, "p")).unwrap();
        assert_eq!(dom.ancestors(after).count(), 4);
    }

    #[test]
    fn anchors_that_close_themselves_hold_nothing_in_html_either() {
        for (html, expected) in [
            ("<h2><a id=x />a</h2><p>b", "ab"),
            ("<h2><a name='x'/>a</h2><p>b", "ab"),
            // The standard: this one is open, and the next one ends it.
            ("<h2><a href='x'/>a</a></h2><p>b", "b"),
        ] {
            assert_eq!(outside_anchors(&Dom::parse(html)), expected, "{html}");
        }
    }

    #[test]
    fn drawings_close_their_own_elements() {
        for syntax in [Syntax::Html, Syntax::Declared, Syntax::Xml] {
            let dom = Dom::parse_as("<p>a<svg><title/><a id='x'/><path d='m'/><g><rect/></g></svg>b</p><p>c", syntax);
            let paragraphs: Vec<_> = dom.descendants(dom.root()).filter(|node| dom.is(*node, "p")).map(|p| dom.text_content(p)).collect();
            assert_eq!(paragraphs, ["ab", "c"], "{syntax:?}");
        }
    }

    #[test]
    fn elements_that_close_themselves_count_for_no_depth() {
        let html = format!("{}<p id=after>x", "<div/>".repeat(5_000));
        let dom = Dom::parse_as(&html, Syntax::Xml);
        let after = dom.descendants(dom.root()).find(|node| dom.attribute(*node, "id") == Some("after")).unwrap();
        assert_eq!(dom.ancestors(after).count(), 3);
    }

    #[test]
    fn deep_nesting_keeps_its_text_and_gives_way_to_what_follows() {
        for depth in [5_000, 100_000] {
            let html = format!("{}deep{}<p id=after>after</p>", "<div>".repeat(depth), "</div>".repeat(depth));
            let dom = Dom::parse(&html);
            assert_eq!(dom.text_content(dom.root()), "deepafter");
            let after = dom.descendants(dom.root()).find(|node| dom.attribute(*node, "id") == Some("after")).unwrap();
            assert_eq!(dom.ancestors(after).count(), 3, "document, html, body");
        }
    }

    #[test]
    fn formatting_left_open_in_every_paragraph_does_not_multiply_without_end() {
        let html: String = (0..5_000).map(|n| format!("<p><font size={n}>x</p>")).collect();
        let dom = Dom::parse(&html);
        assert!(dom.len() < MAX_NODES + 50_000, "{}", dom.len());
        assert_eq!(dom.text_content(dom.root()).len(), 5_000);
    }
}
