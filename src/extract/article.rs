//! Finds the main content of a page and marks what is beside it: navigation, banners, permalink marks, hidden parts.
//! Documentation names its content (`main`, `role=main`, the wrappers of its generators); other pages are judged by where
//! their running text is.

use crate::extract::dom::{Dom, NodeId, Step};

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
    leave_out_unread(dom, &mut left_out);
    let all = Weights::of(dom, &left_out);
    leave_out_hinted(dom, &all, &mut left_out);
    let weights = Weights::of(dom, &left_out);
    let named = named_content(dom, &left_out, &weights);
    let root = match named {
        Some(root) => root,
        None => {
            let root = densest(dom, &left_out, &weights);
            leave_out_link_lists(dom, root, &weights, &mut left_out);
            root
        }
    };
    let mut roots = vec![root];
    if named.is_some()
        && let Some(heading) = heading_before(dom, root, &left_out)
    {
        roots.insert(0, heading);
    }
    Article { roots, left_out }
}

/// What is below each node, by the length of its text in bytes without blanks.
struct Weights {
    text: Vec<u32>,
    /// Of `text`, what stands in links.
    links: Vec<u32>,
    /// Running text: paragraphs with sentences, less their links.
    prose: Vec<f32>,
}

impl Weights {
    fn of(dom: &Dom, left_out: &[bool]) -> Self {
        let mut weights = Self { text: vec![0; dom.len()], links: vec![0; dom.len()], prose: vec![0.0; dom.len()] };
        let mut links = 0u32;
        let mut walk = dom.walk(dom.root());
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(node) if left_out[node.index()] => walk.pass_over(),
                Step::Enter(node) => {
                    links += u32::from(dom.is(node, "a"));
                    if let Some(text) = dom.text(node) {
                        let length = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count() as u32;
                        weights.text[node.index()] = length;
                        weights.links[node.index()] = if links > 0 { length } else { 0 };
                    }
                }
                Step::Leave(node) => {
                    links -= u32::from(dom.is(node, "a"));
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
                .filter(|child| dom.text(*child).is_some() || dom.name(*child).is_some_and(|name| matches!(&**name, "b" | "i" | "em" | "strong" | "span")))
                .map(|child| self.text[child.index()] - self.links[child.index()])
                .sum(),
            _ => 0,
        };
        if text < 40 { 0.0 } else { text as f32 }
    }

    fn link_share(&self, node: NodeId) -> f32 {
        self.links[node.index()] as f32 / self.text[node.index()].max(1) as f32
    }
}

/// Leaves out what no reader sees or reads: scripts, controls, hidden elements, navigation by its element, permalink marks.
fn leave_out_unread(dom: &Dom, left_out: &mut [bool]) {
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        if let Step::Enter(node) = step
            && dom.name(node).is_some_and(|name| is_unread(dom, node, name))
        {
            left_out[node.index()] = true;
            walk.pass_over();
        }
    }
}

fn is_unread(dom: &Dom, node: NodeId, name: &str) -> bool {
    match name {
        "script" | "style" | "template" | "noscript" | "nav" | "button" | "input" | "select" | "textarea" | "iframe" | "svg" | "object" | "embed"
        | "canvas" | "video" | "audio" | "dialog" | "head" | "progress" | "datalist" | "map" | "clipboard-copy" => return true,
        "html" | "body" | "main" => return false,
        "a" => return is_permalink(dom, node),
        _ => {}
    }
    let role = dom.attribute(node, "role").unwrap_or_default();
    if matches!(role, "navigation" | "search" | "banner" | "contentinfo" | "menu" | "menubar" | "dialog" | "alertdialog" | "tab" | "tooltip" | "button") {
        return true;
    }
    // All tabs but one are hidden, and what they hold is content.
    let hidden = dom.attribute(node, "hidden").is_some_and(|hidden| hidden != "until-found");
    if hidden && role != "tabpanel" {
        return true;
    }
    dom.attribute(node, "style").is_some_and(|style| {
        let style: String = style.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        style.contains("display:none") && role != "tabpanel" || style.contains("visibility:hidden")
    })
}

/// `¶`, `#` and the like: a link to the place where it stands.
fn is_permalink(dom: &Dom, node: NodeId) -> bool {
    let classes = dom.attribute(node, "class").unwrap_or_default();
    let by_class = classes.split_ascii_whitespace().any(|class| {
        matches!(
            class,
            "headerlink" | "hash-link" | "header-anchor" | "anchorjs-link" | "permalink" | "heading-anchor" | "anchor-link" | "doc-anchor" | "viewcode-link"
                | "viewcode-back" | "heading-link" | "headinglink" | "td-heading-self-link" | "anchor" | "self-link" | "srclink" | "sl-anchor-link" | "skip-link"
                | "skiplink" | "src" | "rightside" | "edit-page" | "edit-link" | "theme-edit-this-page" | "md-skip"
        )
    });
    let within = dom.attribute(node, "href").is_some_and(|href| href.starts_with('#'));
    if !by_class && !within {
        return false;
    }
    let text = dom.text_content(node);
    let text = text.trim();
    let is_mark = text.chars().count() <= 2 && !text.chars().any(char::is_alphanumeric)
        || matches!(text, "Link" | "link" | "Permalink" | "permalink" | "Anchor" | "Copy link")
        || text.starts_with("Skip to");
    is_mark && dom.descendants(node).all(|below| !dom.is(below, "img")) || by_class && is_named_mark(classes, text)
}

fn is_named_mark(classes: &str, text: &str) -> bool {
    let source = classes.split_ascii_whitespace().any(|class| matches!(class, "viewcode-link" | "viewcode-back" | "srclink" | "src" | "rightside"));
    source && matches!(text.trim_matches(['[', ']']).to_ascii_lowercase().as_str(), "source" | "docs" | "view source")
        || text.starts_with("Edit this")
        || text.starts_with("Permalink to")
        || text.starts_with("Direct link to")
        || text.starts_with("Section titled")
}

/// Leaves out what its class or id calls navigation, advertising or the like, unless most of the page is in it.
fn leave_out_hinted(dom: &Dom, all: &Weights, left_out: &mut [bool]) {
    let total = all.text[dom.root().index()];
    let prose = all.prose[dom.root().index()];
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if left_out[node.index()] {
            walk.pass_over();
            continue;
        }
        let Some(name) = dom.name(node) else { continue };
        let most = all.text[node.index()] * 5 > total * 2 || all.prose[node.index()] > prose * 0.4;
        let out = match &**name {
            "html" | "body" | "main" | "pre" | "code" | "table" | "tbody" | "tr" | "td" | "article" => false,
            "footer" => !most,
            "header" => !most && !holds_heading(dom, node),
            "aside" => !most && !is_note(dom, node),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "span" | "a" | "em" | "strong" | "b" | "i" => is_mark(dom, node),
            _ => !most && hint(dom, node) && !holds_title(dom, node),
        };
        if out {
            left_out[node.index()] = true;
            walk.pass_over();
        }
    }
}

fn holds_heading(dom: &Dom, node: NodeId) -> bool {
    dom.descendants(node).any(|below| dom.is(below, "h1") || dom.is(below, "h2"))
}

fn holds_title(dom: &Dom, node: NodeId) -> bool {
    dom.descendants(node).any(|below| dom.is(below, "h1"))
}

fn is_note(dom: &Dom, node: NodeId) -> bool {
    words(dom, node).any(|word| matches!(word.as_str(), "admonition" | "note" | "tip" | "warning" | "callout" | "alert" | "caution" | "important" | "danger" | "info"))
}

/// Small things beside the text, in elements that else hold it.
fn is_mark(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.split_ascii_whitespace().any(|class| {
            matches!(
                class,
                "mw-editsection" | "sr-only" | "visually-hidden" | "screen-reader-text" | "visuallyhidden" | "copy-path" | "linenos" | "md-tag" | "breadcrumb"
                    | "katex-html" | "MathJax_Preview" | "gs-label" | "skip-link" | "u-visually-hidden"
            )
        })
    })
}

/// Class and id say that this is beside the content.
fn hint(dom: &Dom, node: NodeId) -> bool {
    let mut before = String::new();
    for word in words(dom, node) {
        let beside = match word.as_str() {
            "nav" | "navbar" | "navigation" | "sidenav" | "subnav" | "topnav" | "menu" | "submenu" | "breadcrumb" | "breadcrumbs" | "crumbs" | "pagination" | "pager"
            | "prevnext" | "sidebar" | "sidebars" | "sidebarwrapper" | "sphinxsidebar" | "sidemenu" | "tableofcontents" | "toolbar" | "footer" | "masthead" | "cookie"
            | "cookies" | "consent" | "gdpr" | "newsletter" | "subscribe" | "subscription" | "signup" | "paywall" | "share" | "sharing" | "sharebar" | "sharedaddy"
            | "social" | "socials" | "addthis" | "addtoany" | "sharethis" | "comments" | "disqus" | "livefyre" | "respond" | "feedback" | "related" | "recommended"
            | "recommendations" | "recirc" | "trending" | "outbrain" | "taboola" | "promo" | "promos" | "promotion" | "advert" | "advertisement" | "advertising"
            | "adverts" | "ads" | "adsense" | "sponsor" | "sponsored" | "banner" | "popup" | "modal" | "skiplink" | "skiplinks" | "printfooter" | "catlinks"
            | "navbox" | "navfooter" | "navheader" | "copyright" | "noprint" | "jumpto" | "siteNotice" | "sitenotice" | "toc" | "hidden" | "invisible" => true,
            // As in "content-list" and "page-tools".
            "contents" => before == "of",
            "tools" => before == "page",
            "next" => before == "prev" || before == "previous",
            "this" => before == "edit",
            "page" => before == "edit",
            "only" => before == "sr",
            "link" => before == "skip",
            "posts" | "articles" | "stories" | "reading" | "news" | "read" => matches!(before.as_str(), "related" | "more" | "popular" | "latest" | "most" | "other" | "recent"),
            "bio" => before == "author",
            _ => false,
        };
        if beside {
            return true;
        }
        before = word;
    }
    false
}

/// The words of class and id, lower-case: "articleBody main-text" has four.
fn words(dom: &Dom, node: NodeId) -> impl Iterator<Item = String> + '_ {
    let names = ["class", "id"].into_iter().filter_map(move |name| dom.attribute(node, name));
    names.flat_map(|name| name.split(|c: char| !c.is_ascii_alphanumeric())).flat_map(|part| {
        let mut rest = part;
        std::iter::from_fn(move || {
            let end = rest.as_bytes().windows(2).position(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
            let (word, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            rest = after;
            (!word.is_empty()).then(|| word.to_ascii_lowercase())
        })
    })
}

/// The element that a documentation generator, or the author, calls the content.
fn named_content(dom: &Dom, left_out: &[bool], weights: &Weights) -> Option<NodeId> {
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
    // "article" is also what overviews call each of their entries.
    let total = weights.text[dom.root().index()];
    (rank > GENERIC || text * 2 > total).then_some(node)
}

/// Text shorter than this is not taken for the content by its name alone.
const LEAST: u32 = 120;
const GENERIC: u8 = 4;

fn rank(dom: &Dom, node: NodeId) -> Option<u8> {
    let name = dom.name(node)?;
    let class = |wanted: &str| dom.has_class(node, wanted);
    let id = dom.attribute(node, "id").unwrap_or_default();
    let main = dom.attribute(node, "role") == Some("main");
    if class("theme-doc-markdown") || class("md-content__inner") || class("mw-parser-output") || class("devsite-article-body") || class("sl-markdown-content") {
        return Some(9);
    }
    if dom.attribute(node, "itemprop").is_some_and(|names| names.split_ascii_whitespace().any(|name| name == "articleBody")) {
        return Some(8);
    }
    if main && (class("body") || class("document")) || class("markdown-body") || id == "docContent" || class("rst-content") || id == "main-content" && &**name == "section" {
        return Some(7);
    }
    if class("body") && &**name == "div" {
        return Some(6);
    }
    match &**name {
        "main" => Some(5),
        _ if main => Some(5),
        "article" => Some(4),
        "div" | "section" if matches!(id, "content" | "main-content" | "main" | "bodyContent") => Some(3),
        _ => None,
    }
}

/// Follows the running text down from the body as long as one child has nearly all of it.
fn densest(dom: &Dom, left_out: &[bool], weights: &Weights) -> NodeId {
    let body = dom.descendants(dom.root()).find(|node| dom.is(*node, "body")).unwrap_or(dom.root());
    let total = weights.prose[body.index()];
    let mut root = body;
    loop {
        let heaviest = dom
            .children(root)
            .filter(|child| !left_out[child.index()] && dom.name(*child).is_some())
            .max_by(|one, other| weights.prose[one.index()].total_cmp(&weights.prose[other.index()]));
        match heaviest {
            Some(child) if weights.prose[child.index()] >= total * 0.7 && total > 0.0 && !dom.is(child, "p") && !dom.is(child, "pre") => root = child,
            _ => return root,
        }
    }
}

/// Below a root found by its text, blocks that are mostly links lead elsewhere.
fn leave_out_link_lists(dom: &Dom, root: NodeId, weights: &Weights, left_out: &mut [bool]) {
    let mut walk = dom.walk(root);
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if left_out[node.index()] {
            walk.pass_over();
            continue;
        }
        let list = node != root && dom.name(node).is_some_and(|name| matches!(&**name, "div" | "section" | "ul" | "ol" | "table" | "aside" | "form" | "dl"));
        if list && weights.text[node.index()] > 0 && weights.link_share(node) > 0.6 {
            left_out[node.index()] = true;
            walk.pass_over();
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
            return heading.filter(|_| !within);
        } else if dom.is(node, "h1") {
            heading = Some(node);
        }
    }
    None
}
