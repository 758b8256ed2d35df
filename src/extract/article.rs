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
    let genre = genre(dom);
    let unread = left_out.clone();
    leave_out_hinted(dom, genre, &all, &mut left_out);
    let weights = Weights::of(dom, &left_out);
    let named = named_content(dom, &left_out, &weights);
    let root = match named {
        Some((rank, root)) if genre == Genre::Reference || rank >= GENERATED => root,
        _ => {
            let top = story_around_heading(dom, genre, &weights).unwrap_or_else(|| body(dom));
            let root = densest(dom, top, genre, &left_out, &weights);
            leave_out_link_lists(dom, root, &weights, &mut left_out);
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

/// What kind of page this is, and so what belongs to its content.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Genre {
    /// Documentation and everything else: its lists of links, headings and captions are content.
    Reference,
    /// A news item or post, which says so itself: its content is running text, among much else.
    Story,
}

fn genre(dom: &Dom) -> Genre {
    let mut story = false;
    for node in dom.descendants(dom.root()) {
        let Some(name) = dom.name(node) else { continue };
        story |= match &**name {
            // Code is what stories seldom have.
            "pre" => return Genre::Reference,
            "meta" => {
                let name = ["property", "name", "itemprop"].into_iter().find_map(|name| dom.attribute(node, name)).unwrap_or_default();
                name == "og:type" && dom.attribute(node, "content").is_some_and(|kind| kind.eq_ignore_ascii_case("article"))
                    || name == "article:published_time"
                    || name == "datePublished"
            }
            "script" if dom.attribute(node, "type") == Some("application/ld+json") => {
                let data = dom.text_content(node);
                ["NewsArticle\"", "BlogPosting\"", "\"Article\""].iter().any(|kind| data.contains(kind))
            }
            _ => dom.attribute(node, "itemprop").is_some_and(|names| names == "articleBody" || names == "datePublished"),
        };
    }
    if story { Genre::Story } else { Genre::Reference }
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
    matches!(role, "navigation" | "search" | "banner" | "contentinfo" | "menu" | "menubar" | "dialog" | "alertdialog" | "tab" | "tooltip" | "button")
}

/// Not shown until something is clicked; all tabs but one are hidden so, and what they hold is content.
fn is_hidden(dom: &Dom, node: NodeId) -> bool {
    if dom.attribute(node, "role") == Some("tabpanel") {
        return false;
    }
    dom.attribute(node, "hidden").is_some_and(|hidden| hidden != "until-found")
        // Utility classes like "hidden md:block" hide on small screens only.
        || dom.attribute(node, "class").is_some_and(|classes| {
            classes.split_ascii_whitespace().any(|class| class == "hidden" || class == "invisible") && !classes.contains(':')
        })
        || dom.attribute(node, "style").is_some_and(|style| {
            let style: String = style.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            style.contains("display:none") || style.contains("visibility:hidden")
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
fn leave_out_hinted(dom: &Dom, genre: Genre, all: &Weights, left_out: &mut [bool]) {
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
        let share = if genre == Genre::Story { 0.6 } else { 0.4 };
        let most = all.text[node.index()] as f32 > total as f32 * share || all.prose[node.index()] > prose * share;
        let out = match &**name {
            "html" | "body" | "main" | "pre" | "code" | "table" | "tbody" | "tr" | "td" | "article" => false,
            // Some pages are hidden until their script has run.
            _ if is_hidden(dom, node) => !most,
            "footer" => !most,
            "header" => !most && !holds_heading(dom, node),
            "aside" => !most && !is_note(dom, node),
            _ if dom.attribute(node, "role") == Some("complementary") => !most && !is_note(dom, node),
            "h1" | "figure" | "figcaption" | "time" | "small" if genre == Genre::Story => !most,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "span" | "a" | "em" | "strong" | "b" | "i" | "summary" => is_mark(dom, node),
            _ => match hint(dom, node, genre) {
                Some(Hint::Beside) => !most && !holds_title(dom, node),
                Some(Hint::Replies) => !holds_title(dom, node),
                None => false,
            },
        };
        if out {
            left_out[node.index()] = true;
            walk.pass_over();
        }
    }
}

fn is_heading(dom: &Dom, node: NodeId) -> bool {
    dom.name(node).is_some_and(|name| matches!(&**name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6"))
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
                    | "since" | "hideme" | "out-of-band" | "menu-title" | "katex-html" | "MathJax_Preview" | "gs-label" | "skip-link" | "u-visually-hidden"
            )
        })
    })
}

/// What class and id say of something beside the content.
enum Hint {
    Beside,
    /// What readers wrote: often longer than the page itself.
    Replies,
}

fn hint(dom: &Dom, node: NodeId, genre: Genre) -> Option<Hint> {
    let (mut before, mut found) = (String::new(), false);
    for word in words(dom, node) {
        let beside = match word.as_str() {
            "comments" | "commentlist" | "disqus" | "livefyre" | "respond" => return Some(Hint::Replies),
            "byline" | "dateline" | "caption" | "credit" | "credits" | "author" | "authors" | "tags" | "tag" | "timestamp" | "pubdate" | "gallery" | "slideshow"
            | "teaser" | "teasers" | "widget" | "widgets" | "deck" | "dek" | "subtitle" | "headline" | "kicker" | "meta" | "metadata" | "postmeta" | "topics" | "inset"
            | "pullquote" | "replies" | "comment" | "login" | "print" | "video" | "player" | "carousel" | "featured" | "popular" | "latest" | "trending"
                if genre == Genre::Story =>
            {
                true
            }
            "nav" | "navbar" | "navigation" | "sidenav" | "subnav" | "topnav" | "menu" | "submenu" | "breadcrumb" | "breadcrumbs" | "crumbs" | "pagination" | "pager"
            | "prevnext" | "sidebar" | "sidebars" | "sidebarwrapper" | "sphinxsidebar" | "sidemenu" | "tableofcontents" | "toolbar" | "footer" | "masthead" | "cookie"
            | "cookies" | "consent" | "gdpr" | "newsletter" | "subscribe" | "subscription" | "signup" | "share" | "sharing" | "sharebar" | "sharedaddy"
            | "social" | "socials" | "addthis" | "addtoany" | "sharethis" | "feedback" | "related" | "recommended"
            | "recommendations" | "recirc" | "trending" | "outbrain" | "taboola" | "promo" | "promos" | "promotion" | "advert" | "advertisement" | "advertising"
            | "adverts" | "ads" | "adsense" | "sponsor" | "sponsored" | "banner" | "popup" | "modal" | "skiplink" | "skiplinks" | "printfooter" | "catlinks"
            | "navbox" | "navfooter" | "navheader" | "copyright" | "noprint" | "jumpto" | "siteNotice" | "sitenotice" | "toc" => true,
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
            "dropdown" => genre == Genre::Reference && dom.children(node).any(|child| dom.is(child, "ul") || dom.is(child, "ol")),
            _ => false,
        };
        // "social-media-embed" is a quotation.
        if word == "embed" {
            return None;
        }
        found |= beside;
        before = word;
    }
    found.then_some(Hint::Beside)
}

/// The words of class and id, lower-case: "articleBody main-text" has four.
fn words(dom: &Dom, node: NodeId) -> impl Iterator<Item = String> + '_ {
    // The id of a section is made of its heading's words, which say nothing of its place.
    let section = dom.is(node, "section") || dom.children(node).find(|child| dom.name(*child).is_some()).is_some_and(|first| is_heading(dom, first));
    let names = ["class", "id"].into_iter().take(if section { 1 } else { 2 }).filter_map(move |name| dom.attribute(node, name));
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
    dom.ancestors(heading).find(|above| (dom.is(*above, "article") || dom.is(*above, "main")) && weights.prose[above.index()] >= LEAST_STORY)
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
            Some(child) if weights.prose[child.index()] >= total * share && total > 0.0 && !dom.is(child, "p") && !dom.is(child, "pre") => root = child,
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
            return heading.filter(|heading| !within && begins_title(dom, *heading));
        } else if dom.is(node, "h1") {
            heading = Some(node);
        }
    }
    None
}

fn begins_title(dom: &Dom, heading: NodeId) -> bool {
    let plain = |node: NodeId| dom.text_content(node).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let heading = plain(heading);
    !heading.is_empty() && dom.descendants(dom.root()).find(|node| dom.is(*node, "title")).is_some_and(|title| plain(title).starts_with(&heading))
}
