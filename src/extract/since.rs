//! Since which version a member is there: what some generators set beside a signature or in a heading, in an element of its own.

use crate::extract::dom::{Dom, NodeId};
use crate::extract::facts::is_heading;

/// `<span class=since>1.59.0</span>`; elsewhere a paragraph is called so, which is text.
pub(super) fn is_version(dom: &Dom, node: NodeId) -> bool {
    dom.is(node, "span") && dom.has_class(node, "since") && {
        let text = dom.text_start(node, LONGEST + 1);
        text.len() <= LONGEST && text.contains(|c: char| c.is_ascii_digit())
    }
}

/// In bytes: "1.36.0 (const: unstable)".
const LONGEST: usize = 60;

/// What it says, where it is the element itself or stands among other marks in one.
pub(super) fn told(dom: &Dom, node: NodeId) -> Option<String> {
    if !dom.is(node, "span") {
        return None;
    }
    let version = dom.descendants(node).take(PARTS).find(|below| is_version(dom, *below))?;
    let text = dom.text_start(version, LONGEST).split_whitespace().collect::<Vec<_>>().join(" ");
    let says = text.get(..5).is_some_and(|first| first.eq_ignore_ascii_case("since"));
    Some(if says { text } else { format!("Since {text}") })
}

/// In nodes.
const PARTS: usize = 8;

/// Whether the heading that it is about comes next.
pub(super) fn is_before_heading(dom: &Dom, node: NodeId) -> bool {
    let around = std::iter::once(node).chain(dom.ancestors(node).take(2).take_while(|above| dom.is(*above, "span")));
    let next = |level: NodeId| std::iter::successors(dom.next_element(level), |next| dom.next_element(*next)).take(NEAR);
    around.flat_map(next).any(|next| is_heading(dom, next))
}

/// In elements: an anchor may stand between.
const NEAR: usize = 2;
