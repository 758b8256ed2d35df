//! Members of an API whose generator sets their name where others set a heading: what the heading says, and what declares the member.
//! Each is known by how its generator builds it, not by a page.

use crate::extract::article::Article;
use crate::extract::code;
use crate::extract::dom::{Dom, NodeId};

/// What stands where a member begins.
pub(super) enum Member {
    /// A signature that is its own heading, on one line.
    Signature,
    Named(Named),
}

pub(super) struct Named {
    /// Never empty.
    pub(super) name: String,
    /// In the element on whose place the page opens.
    pub(super) place: NodeId,
    /// More ways to call it.
    pub(super) others: Vec<String>,
    pub(super) declared: Declared,
}

/// What is written below the name.
pub(super) enum Declared {
    Nothing,
    /// The element is a listing.
    Listing,
    /// The text of one.
    Text(String),
}

pub(super) fn of(dom: &Dom, article: &Article, node: NodeId) -> Option<Member> {
    let name = &**dom.name(node)?;
    if !matches!(name, "dt" | "p" | "div" | "span") || dom.attribute(node, "class").is_none() {
        return None;
    }
    match name {
        "dt" => is_signature(dom, node).then_some(Member::Signature),
        "p" => haddock(dom, node).map(Member::Named),
        "span" => scaladoc2(dom, article, node).or_else(|| dokka(dom, node)).map(Member::Named),
        _ => rdoc(dom, article, node).or_else(|| scaladoc3(dom, article, node)).or_else(|| pdoc(dom, article, node)).map(Member::Named),
    }
}

/// The element that holds a member with all that describes it.
pub(super) fn home(dom: &Dom, member: NodeId) -> NodeId {
    let around = |above: &NodeId| HOMES.iter().any(|class| dom.has_class(*above, class));
    dom.ancestors(member).take(4).find(around).or_else(|| dom.parent(member)).unwrap_or(member)
}

const HOMES: [&str; 5] = ["method-detail", "documentableElement", "main-subrow", "classattr", "top"];

/// Whether a heading is of the description of the member whose home this is.
pub(super) fn is_within(dom: &Dom, heading: NodeId, home: NodeId) -> bool {
    heading == home || dom.ancestors(heading).take(PARTS).any(|above| above == home)
}

/// Whether the element says no more than the member before it has said.
pub(super) fn is_told(dom: &Dom, node: NodeId) -> bool {
    dom.is(node, "span")
        && dom.has_class(node, "symbol")
        && dom.previous_element(node).is_some_and(|before| scaladoc2_symbol(dom, before) == Some(node) && symbol_name(dom, node).is_some())
}

/// Sphinx, in its newer and its older form.
fn is_signature(dom: &Dom, node: NodeId) -> bool {
    dom.has_class(node, "sig") || dom.attribute(node, "id").is_some() && below(dom, node, &["descname", "sig-name"]).is_some()
}

/// `<p class=src><a class=def>boil</a> :: Int</p>`, of one name or several.
fn haddock(dom: &Dom, node: NodeId) -> Option<Named> {
    if !dom.has_class(node, "src") {
        return None;
    }
    let parts = || dom.children(node).take(PARTS);
    let names: Vec<_> = parts().filter(|part| dom.has_class(*part, "def")).filter_map(|part| short(dom, part)).collect();
    let is_blank = |part| dom.text(part).is_some_and(|text| text.trim().is_empty());
    let only_names = parts().all(|part| dom.has_class(part, "def") || code::is_action(dom, part) || is_blank(part));
    let declared = if only_names { Declared::Nothing } else { Declared::Listing };
    (!names.is_empty()).then(|| Named { name: names.join(", "), place: node, others: Vec::new(), declared })
}

/// `div.method-heading`, several of them in a `div.method-header`.
fn rdoc(dom: &Dom, article: &Article, node: NodeId) -> Option<Named> {
    let mut headings = match dom.has_class(node, "method-heading") {
        true => vec![node],
        false if dom.has_class(node, "method-header") => {
            dom.children(node).filter(|child| dom.has_class(*child, "method-heading")).collect()
        }
        false => return None,
    }
    .into_iter();
    let first = headings.next()?;
    short(dom, first)?;
    let told = |heading| {
        let text = line(&article.text(dom, heading));
        // How an attribute may be used is no index of it.
        text.strip_suffix(']')
            .and_then(|text| text.rsplit_once('['))
            .filter(|(_, mode)| matches!(*mode, "R" | "W" | "RW"))
            .map_or_else(|| text.clone(), |(name, mode)| format!("{} [{mode}]", name.trim_end()))
    };
    let name = Some(told(first)).filter(|name| !name.is_empty())?;
    Some(Named { name, place: first, others: headings.map(told).filter(|call| !call.is_empty()).collect(), declared: Declared::Nothing })
}

/// `<li><span class=modifier_kind>def</span> <span class=symbol><span class=name>light</span>()</span>`
fn scaladoc2(dom: &Dom, article: &Article, node: NodeId) -> Option<Named> {
    let symbol = scaladoc2_symbol(dom, node)?;
    let name = symbol_name(dom, symbol)?;
    let text = line(&format!("{} {}", article.text(dom, node), article.text(dom, symbol)));
    Some(Named { name, place: dom.parent(node)?, others: Vec::new(), declared: Declared::Text(text) })
}

fn scaladoc2_symbol(dom: &Dom, node: NodeId) -> Option<NodeId> {
    let of_item = dom.has_class(node, "modifier_kind") && dom.parent(node).is_some_and(|parent| dom.is(parent, "li"));
    dom.next_element(node).filter(|next| of_item && dom.is(*next, "span") && dom.has_class(*next, "symbol"))
}

fn symbol_name(dom: &Dom, symbol: NodeId) -> Option<String> {
    short(dom, below(dom, symbol, &["name", "implicit"])?)
}

/// `<div class="header monospace"><div class=signature><div class=modifiers>def </div><div><a class=documentableName>light</a>()`
fn scaladoc3(dom: &Dom, article: &Article, node: NodeId) -> Option<Named> {
    let of_member = dom.has_class(node, "signature")
        && dom.parent(node).is_some_and(|parent| dom.has_class(parent, "header") && dom.has_class(parent, "monospace"));
    let name = short(dom, below(dom, node, &["documentableName"]).filter(|_| of_member)?)?;
    Some(Named { name, place: node, others: Vec::new(), declared: Declared::Text(line(&article.text(dom, node))) })
}

/// `<div class="main-subrow keyValue"><div><span class=inline-flex><div><a>boil</a>`, beside which the declaration stands.
fn dokka(dom: &Dom, node: NodeId) -> Option<Named> {
    let in_row = dom.has_class(node, "inline-flex") && dom.ancestors(node).take(2).any(|above| dom.has_class(above, "main-subrow"));
    let name = short(dom, dom.first_child(node).filter(|_| in_row)?)?;
    Some(Named { name, place: node, others: Vec::new(), declared: Declared::Nothing })
}

/// `<div class="attr function"><span class=def>def</span> <span class=name>boil</span>(…)`
fn pdoc(dom: &Dom, article: &Article, node: NodeId) -> Option<Named> {
    if !dom.has_class(node, "attr") {
        return None;
    }
    let name = short(dom, dom.children(node).take(PARTS).find(|part| dom.is(*part, "span") && dom.has_class(*part, "name"))?)?;
    let mut text = String::new();
    for part in dom.children(node).filter(|part| !article.is_left_out(*part) && !code::is_action(dom, *part)) {
        // "def" and the name stand apart, whatever is between them.
        if dom.has_class(part, "name") && text.ends_with(char::is_alphanumeric) {
            text.push(' ');
        }
        text.push_str(&article.text(dom, part));
    }
    Some(Named { name, place: node, others: Vec::new(), declared: Declared::Text(line(&text)) })
}

/// How many parts of a signature are looked at for its name.
const PARTS: usize = 40;

fn below(dom: &Dom, node: NodeId, classes: &[&str]) -> Option<NodeId> {
    dom.descendants(node).take(PARTS).find(|part| classes.iter().any(|class| dom.has_class(*part, class)))
}

/// The text of something that is no longer than a name.
fn short(dom: &Dom, node: NodeId) -> Option<String> {
    let text = dom.text_start(node, LONGEST);
    Some(line(&text)).filter(|name| !name.is_empty() && text.len() <= LONGEST)
}

/// In bytes, and nodes.
const LONGEST: usize = 500;

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
