//! How much text, how much of it in links and how much running text there is below every element of a page.

use crate::extract::dom::{Dom, NodeId, Step};

/// What is below each node, by the length of its text in bytes without blanks.
pub(super) struct Weights {
    pub(super) text: Vec<u32>,
    /// Of `text`, what stands in links.
    pub(super) links: Vec<u32>,
    /// Running text: paragraphs with sentences, less their links.
    pub(super) prose: Vec<f32>,
}

impl Weights {
    pub(super) fn of(dom: &Dom, left_out: &[bool]) -> Self {
        let mut weights = Self { text: vec![0; dom.len()], links: vec![0; dom.len()], prose: vec![0.0; dom.len()] };
        let mut links = 0u32;
        let mut walk = dom.walk(dom.root());
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(node) if left_out[node.index()] => walk.pass_over(),
                Step::Enter(node) => {
                    links += u32::from(leads(dom, node));
                    if let Some(text) = dom.text(node) {
                        let length = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count() as u32;
                        weights.text[node.index()] = length;
                        weights.links[node.index()] = if links > 0 { length } else { 0 };
                    }
                }
                Step::Leave(node) => {
                    links -= u32::from(leads(dom, node));
                    weights.prose[node.index()] += weights.own_prose(dom, node);
                    if let Some(parent) = dom.parent(node) {
                        weights.text[parent.index()] += weights.text[node.index()];
                        weights.links[parent.index()] += weights.links[node.index()];
                        weights.prose[parent.index()] += weights.prose[node.index()];
                    }
                }
            }
        }
        weights
    }

    fn own_prose(&self, dom: &Dom, node: NodeId) -> f32 {
        let Some(name) = dom.name(node) else { return 0.0 };
        let text = match &**name {
            "p" | "pre" | "blockquote" | "dd" if self.prose[node.index()] == 0.0 => self.text[node.index()] - self.links[node.index()],
            // Text straight in a container, as in pages that part paragraphs by line breaks.
            "div" | "section" | "article" | "td" | "main" | "body" => dom
                .children(node)
                .filter(|child| {
                    dom.text(*child).is_some()
                        || dom.name(*child).is_some_and(|name| matches!(&**name, "b" | "i" | "em" | "strong" | "span"))
                })
                .map(|child| self.text[child.index()] - self.links[child.index()])
                .sum(),
            _ => 0,
        };
        if text < 40 { 0.0 } else { text as f32 }
    }

    /// Text that leads nowhere, prose or not.
    pub(super) fn plain(&self, node: NodeId) -> f32 {
        (self.text[node.index()] - self.links[node.index()]) as f32
    }

    pub(super) fn link_share(&self, node: NodeId) -> f32 {
        self.links[node.index()] as f32 / self.text[node.index()].max(1) as f32
    }
}

/// An anchor without an address only marks a place.
fn leads(dom: &Dom, node: NodeId) -> bool {
    dom.is(node, "a") && dom.attribute(node, "href").is_some()
}
