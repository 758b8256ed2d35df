//! The title of a page whose generator sets it in an element that is no heading: found again in the page's `<title>`.

use crate::extract::article::plain;
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::facts::is_heading;
use crate::extract::html::is_block;
use crate::extract::judge::Rule;

/// The element, before the end of the content below `root`; `None` where a heading says the title.
pub(super) fn find(dom: &Dom, root: NodeId, left_out: &[Option<Rule>]) -> Option<NodeId> {
    let whole = dom.descendants(dom.root()).find(|node| dom.is(*node, "title"))?;
    let title = plain(dom, whole);
    // Doxygen's way; elsewhere what comes last is the site's name.
    let behind_project = dom.text_start(whole, LONGEST).split_once(": ").map(|(_, own)| letters(own).collect::<String>());
    let mut found: Option<(NodeId, String)> = None;
    let (mut looked, mut walk) = (0, dom.walk(dom.root()));
    while let Some(step) = walk.next() {
        let node = match step {
            Step::Leave(node) if node == root => break,
            Step::Leave(_) => continue,
            Step::Enter(node) => node,
        };
        if left_out[node.index()].is_some() || dom.is(node, "head") || dom.is(node, "a") || dom.is(node, "pre") {
            walk.pass_over();
        } else if is_heading(dom, node) {
            let heading = plain(dom, node);
            let certain = |own: &String| title.starts_with(own.as_str()) || behind_project.as_ref() == Some(own);
            let first = dom.is(node, "h1") && !found.as_ref().is_some_and(|(_, own)| certain(own));
            if first || says(&title, &heading, SOME) || heading.starts_with(&title) {
                return None;
            }
        } else if found.is_none() && looked < MOST && dom.name(node).is_some_and(|name| is_titled(name)) {
            looked += 1;
            let own = own_text(dom, node);
            // A site's name comes last in the title more often than first.
            let fits = |own: &String| match is_called_title(dom, node) {
                // The heading may say more of it than the title, or less.
                true => {
                    says(&title, own, SOME)
                        || behind_project.as_ref().is_some_and(|behind| {
                            says(behind, own, SOME) || behind.chars().count() >= SHORTEST && own.ends_with(behind.as_str())
                        })
                }
                false => says(&title, own, MUCH_OF_IT) && title.starts_with(own.as_str()),
            };
            found = own.filter(|own| fits(own) && !is_linked(dom, node) && !is_word_of_text(dom, node)).map(|own| (node, own));
        }
    }
    found.map(|(node, _)| node)
}

/// What stands within the title on lines of its own: the groups that a page is in.
pub(super) fn leave_out_beside(dom: &Dom, title: NodeId, left_out: &mut [Option<Rule>]) {
    for child in dom.children(title).filter(|child| dom.name(*child).is_some_and(|name| is_block(name))) {
        left_out[child.index()] = Some(Rule::Outside);
    }
}

/// In percent of the title.
const SOME: usize = 0;
const MUCH_OF_IT: usize = 45;
/// How many elements are looked at.
const MOST: usize = 300;
/// In nodes.
const PARTS: usize = 40;
/// In characters.
const SHORTEST: usize = 3;
/// In bytes: a version beside the title, or what parts it from others.
const MOST_BESIDE: usize = 24;
/// How far around it its line is looked for.
const LEVELS: usize = 6;

fn is_titled(name: &str) -> bool {
    matches!(name, "div" | "p" | "td" | "th" | "header" | "strong" | "b" | "span" | "center" | "font" | "big")
}

fn says(title: &str, text: &str, share: usize) -> bool {
    text.chars().count() >= SHORTEST && text.len() * 100 >= title.len() * share && (title.starts_with(text) || title.ends_with(text))
}

fn is_called_title(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "role") == Some("heading")
        || dom.attribute(node, "class").is_some_and(|classes| {
            classes.split_ascii_whitespace().take(PARTS).any(|class| {
                matches!(
                    class,
                    "title" | "caption" | "headline" | "heading" | "page-title" | "pagetitle" | "post-title" | "entry-title" | "doc-title"
                )
            })
        })
}

/// Whether it leads away, as the site's name does to the first page.
fn is_linked(dom: &Dom, node: NodeId) -> bool {
    dom.children(node).take(PARTS).any(|child| dom.is(child, "a") && dom.attribute(child, "href").is_some())
}

/// Whether it is a word of a sentence: text stands beside it in its line.
fn is_word_of_text(dom: &Dom, node: NodeId) -> bool {
    let is_inline =
        |node: NodeId| dom.name(node).is_some_and(|name| matches!(&**name, "strong" | "b" | "span" | "font" | "big" | "em" | "i"));
    let is_link = |node: NodeId| dom.name(node).is_some_and(|name| matches!(&**name, "a" | "code" | "em" | "i"));
    let is_before = |sibling: NodeId| dom.text(sibling).map_or_else(|| is_link(sibling), |text| text.contains(char::is_alphanumeric));
    let is_behind = |sibling: NodeId| dom.text(sibling).map_or_else(|| is_link(sibling), |text| text.trim().len() > MOST_BESIDE);
    let mut levels = std::iter::once(node).chain(dom.ancestors(node)).take(LEVELS).take_while(|level| is_inline(*level));
    levels.any(|level| dom.previous_sibling(level).is_some_and(is_before) || dom.next_sibling(level).is_some_and(is_behind))
}

/// What stands in the element itself; `None` where it has more parts than a title.
fn own_text(dom: &Dom, node: NodeId) -> Option<String> {
    let mut text = String::new();
    let mut walk = dom.walk(node);
    let mut parts = 0;
    while let Some(step) = walk.next() {
        let Step::Enter(below) = step else { continue };
        parts += 1;
        if parts > PARTS || text.len() > LONGEST {
            return None;
        }
        if below != node && dom.name(below).is_some_and(|name| is_block(name) || matches!(&**name, "table" | "pre")) {
            if dom.text_start(below, LONGEST).len() > LONGEST_BESIDE {
                return None;
            }
            walk.pass_over();
        }
        text.extend(letters(dom.text(below).unwrap_or_default()));
    }
    Some(text)
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// In bytes.
const LONGEST: usize = 400;
/// In bytes: more than this beside a title in the same element is content.
const LONGEST_BESIDE: usize = 120;
