//! Finds the main content of a page. Documentation names its content (`main`, `role=main`, the wrappers of its generators);
//! other pages are judged by where their running text is. What is beside the content within it, `beside` marks.

use crate::extract::beside::{self, Genre};
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::weights::Weights;

/// Which part of a page is read.
pub(super) struct Article {
    /// In document order, none within another.
    pub(super) roots: Vec<NodeId>,
    /// By node: it and all below it is left out.
    left_out: Vec<bool>,
}

impl Article {
    pub(super) fn is_left_out(&self, node: NodeId) -> bool {
        self.left_out[node.index()]
    }

    /// The text below `node`, without what is left out.
    pub(super) fn text(&self, dom: &Dom, node: NodeId) -> String {
        let mut text = String::new();
        let mut walk = dom.walk(node);
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(below) if self.is_left_out(below) => walk.pass_over(),
                Step::Enter(below) => text.push_str(dom.text(below).unwrap_or_default()),
                Step::Leave(_) => {}
            }
        }
        text
    }
}

pub(super) fn find(dom: &Dom) -> Article {
    let mut left_out = vec![false; dom.len()];
    beside::leave_out_unread(dom, &mut left_out);
    let all = Weights::of(dom, &left_out);
    let genre = Genre::of(dom);
    let unread = left_out.clone();
    beside::leave_out_hinted(dom, genre, &all, &mut left_out);
    let weights = Weights::of(dom, &left_out);
    let named = named_content(dom, &left_out, &weights);
    let root = match named {
        Some((rank, root)) if genre == Genre::Reference || rank >= GENERATED => root,
        _ => {
            let top = story_around_heading(dom, genre, &weights).unwrap_or_else(|| body(dom));
            let root = densest(dom, top, genre, &left_out, &weights);
            beside::leave_out_link_lists(dom, root, &weights, &mut left_out);
            root
        }
    };
    // A page of contents is its links.
    let reference = genre == Genre::Reference || named.is_some_and(|(rank, _)| rank >= GENERATED);
    if reference && weights.text[root.index()] * 2 < all.text[root.index()] && weights.text[root.index()] < 1_000 {
        left_out = unread;
    }
    let mut roots = vec![root];
    if genre == Genre::Reference
        && named.is_some()
        && let Some(heading) = heading_before(dom, root, &left_out)
    {
        roots.insert(0, heading);
    }
    Article { roots, left_out }
}

/// The element that a documentation generator, or the author, calls the content.
fn named_content(dom: &Dom, left_out: &[bool], weights: &Weights) -> Option<(u8, NodeId)> {
    // The best name wins; of elements of one name the one with most text.
    let mut best: Option<(u8, u32, NodeId)> = None;
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if left_out[node.index()] {
            walk.pass_over();
            continue;
        }
        let Some(rank) = rank(dom, node) else { continue };
        let text = weights.text[node.index()];
        if text >= LEAST && best.is_none_or(|(known, most, _)| (rank, text) > (known, most)) {
            best = Some((rank, text, node));
        }
    }
    let (rank, text, node) = best?;
    // "article" is also what overviews call each of their entries, and "body" what others call a part.
    let most = match rank {
        BODY => weights.prose[node.index()] > weights.prose[dom.root().index()] * 0.7,
        0..=GENERIC => text * 2 > weights.text[dom.root().index()],
        _ => true,
    };
    most.then_some((rank, node))
}

/// Text shorter than this is not taken for the content by its name alone.
const LEAST: u32 = 120;
const GENERIC: u8 = 4;
const BODY: u8 = 6;
/// Names from here on are given by generators.
const GENERATED: u8 = 6;

fn rank(dom: &Dom, node: NodeId) -> Option<u8> {
    let name = dom.name(node)?;
    let class = |wanted: &str| dom.has_class(node, wanted);
    let id = dom.attribute(node, "id").unwrap_or_default();
    let main = dom.attribute(node, "role") == Some("main");
    if class("theme-doc-markdown")
        || class("md-content__inner")
        || class("mw-parser-output")
        || class("devsite-article-body")
        || class("sl-markdown-content")
    {
        return Some(9);
    }
    if dom.attribute(node, "itemprop").is_some_and(|names| names.split_ascii_whitespace().any(|name| name == "articleBody")) {
        return Some(8);
    }
    if main && (class("body") || class("document"))
        || class("markdown-body")
        || id == "docContent"
        || class("rst-content")
        || id == "main-content" && &**name == "section"
    {
        return Some(7);
    }
    if class("body") && &**name == "div" {
        return Some(BODY);
    }
    match &**name {
        "main" => Some(5),
        _ if main => Some(5),
        "article" => Some(4),
        "div" | "section" if matches!(id, "content" | "main-content" | "main" | "bodyContent") => Some(3),
        _ => None,
    }
}

fn body(dom: &Dom) -> NodeId {
    dom.descendants(dom.root()).find(|node| dom.is(*node, "body")).unwrap_or(dom.root())
}

/// The article that the page's first heading stands in: what else has running text is teasers of other stories.
fn story_around_heading(dom: &Dom, genre: Genre, weights: &Weights) -> Option<NodeId> {
    let heading = dom.descendants(dom.root()).find(|node| dom.is(*node, "h1")).filter(|_| genre == Genre::Story)?;
    dom.ancestors(heading)
        .find(|above| (dom.is(*above, "article") || dom.is(*above, "main")) && weights.prose[above.index()] >= LEAST_STORY)
}

/// Less prose than this is a teaser.
const LEAST_STORY: f32 = 400.0;

/// Follows the running text down from `top` as long as one child has nearly all of it.
fn densest(dom: &Dom, top: NodeId, genre: Genre, left_out: &[bool], weights: &Weights) -> NodeId {
    let total = weights.prose[top.index()];
    let share = if genre == Genre::Story { 0.7 } else { 0.85 };
    let mut root = top;
    loop {
        let heaviest = dom
            .children(root)
            .filter(|child| !left_out[child.index()] && dom.name(*child).is_some())
            .max_by(|one, other| weights.prose[one.index()].total_cmp(&weights.prose[other.index()]));
        match heaviest {
            Some(child)
                if weights.prose[child.index()] >= total * share
                    && total > 0.0
                    && (genre == Genre::Story || weights.plain(child) >= weights.plain(top) * 0.7)
                    && !dom.is(child, "p")
                    && !dom.is(child, "pre") =>
            {
                root = child;
            }
            _ => return root,
        }
    }
}

/// The page's only `<h1>`, where it stands before the content.
fn heading_before(dom: &Dom, root: NodeId, left_out: &[bool]) -> Option<NodeId> {
    let mut heading = None;
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if left_out[node.index()] {
            walk.pass_over();
        } else if node == root {
            let within = dom.descendants(root).any(|below| dom.is(below, "h1"));
            return heading.filter(|heading| !within && begins_title(dom, *heading));
        } else if dom.is(node, "h1") {
            heading = Some(node);
        }
    }
    None
}

fn begins_title(dom: &Dom, heading: NodeId) -> bool {
    let plain =
        |node: NodeId| dom.text_content(node).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let heading = plain(heading);
    !heading.is_empty()
        && dom.descendants(dom.root()).find(|node| dom.is(*node, "title")).is_some_and(|title| plain(title).starts_with(&heading))
}
