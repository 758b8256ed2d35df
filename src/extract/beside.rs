//! Marks what is beside the content of a page, or within it but not of it: navigation, banners, permalink marks, hidden parts,
//! what readers wrote. Judges by element, role, class and id, and by a few phrases; knows no page by its address.

use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::math;
use crate::extract::weights::Weights;

/// What kind of page this is, and so what belongs to its content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Genre {
    /// Documentation and everything else: its lists of links, headings and captions are content.
    Reference,
    /// A news item or post, which says so itself: its content is running text, among much else.
    Story,
}

impl Genre {
    pub(super) fn of(dom: &Dom) -> Self {
        let mut story = false;
        for node in dom.descendants(dom.root()) {
            let Some(name) = dom.name(node) else { continue };
            story |= match &**name {
                // Code is what stories seldom have.
                "pre" => return Self::Reference,
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
        if story { Self::Story } else { Self::Reference }
    }
}

/// Leaves out what no reader sees or reads: scripts, controls, hidden elements, navigation by its element, permalink marks.
pub(super) fn leave_out_unread(dom: &Dom, left_out: &mut [bool]) {
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
        "template" => return dom.attribute(node, "shadowrootmode").is_none(),
        "script" => return !math::is_formula_script(dom, node),
        "style" | "noscript" | "nav" | "button" | "input" | "select" | "textarea" | "iframe" | "svg" | "object" | "embed" | "canvas"
        | "video" | "audio" | "dialog" | "head" | "progress" | "datalist" | "map" | "clipboard-copy" => return true,
        "html" | "body" | "main" => return false,
        "a" => return is_permalink(dom, node),
        _ => {}
    }
    let role = dom.attribute(node, "role").unwrap_or_default();
    matches!(
        role,
        "navigation" | "search" | "banner" | "contentinfo" | "menu" | "menubar" | "dialog" | "alertdialog" | "tab" | "tooltip" | "button"
    )
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
            "headerlink"
                | "hash-link"
                | "header-anchor"
                | "anchorjs-link"
                | "permalink"
                | "heading-anchor"
                | "anchor-link"
                | "doc-anchor"
                | "viewcode-link"
                | "viewcode-back"
                | "heading-link"
                | "headinglink"
                | "td-heading-self-link"
                | "anchor"
                | "self-link"
                | "srclink"
                | "sl-anchor-link"
                | "skip-link"
                | "skiplink"
                | "src"
                | "rightside"
                | "edit-page"
                | "edit-link"
                | "theme-edit-this-page"
                | "md-skip"
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
    let source =
        classes.split_ascii_whitespace().any(|class| matches!(class, "viewcode-link" | "viewcode-back" | "srclink" | "src" | "rightside"));
    source && matches!(text.trim_matches(['[', ']']).to_ascii_lowercase().as_str(), "source" | "docs" | "view source")
        || text.starts_with("Edit this")
        || text.starts_with("Permalink to")
        || text.starts_with("Direct link to")
        || text.starts_with("Section titled")
}

/// Leaves out what its class or id calls navigation, advertising or the like, unless most of the page is in it.
pub(super) fn leave_out_hinted(dom: &Dom, genre: Genre, all: &Weights, left_out: &mut [bool]) {
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
        if all.text[node.index()] <= LONGEST_PHRASE && is_phrase_of_site(dom, node, all) {
            left_out[node.index()] = true;
            walk.pass_over();
            continue;
        }
        let share = if genre == Genre::Story { 0.6 } else { 0.4 };
        let most = all.text[node.index()] as f32 > total as f32 * share || all.prose[node.index()] > prose * share;
        let out = match &**name {
            "td" | "pre" => is_line_numbers(dom, node),
            // MathJax names its formulas after its menu.
            name if name.starts_with("mjx-") => false,
            "html" | "body" | "main" | "code" | "table" | "tbody" | "tr" | "article" => false,
            // Some pages are hidden until their script has run.
            _ if is_hidden(dom, node) => all.text[node.index()] as f32 <= total as f32 * 0.75,
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

/// The id consists of words of the heading that stands first within.
fn is_named_by_heading(dom: &Dom, node: NodeId) -> bool {
    // Slugs are short; a longer id is not worth the comparison.
    let Some(id) = dom.attribute(node, "id").filter(|id| id.len() < 200) else { return false };
    let first = dom.children(node).find(|child| dom.name(*child).is_some()).filter(|first| is_heading(dom, *first));
    first.is_some_and(|heading| {
        let heading = dom.text_content(heading).to_lowercase();
        id.split(['-', '_']).all(|word| heading.contains(&word.to_lowercase()))
    })
}

/// What sites say to readers below or beside any text, by how it begins.
fn is_phrase_of_site(dom: &Dom, node: NodeId, all: &Weights) -> bool {
    let length = all.text[node.index()];
    if length < 4
        || dom.name(node).is_some_and(|name| matches!(&**name, "pre" | "code" | "td" | "th" | "body" | "html" | "main" | "article" | "h1"))
    {
        return false;
    }
    let mut texts = dom.descendants(node).filter_map(|below| dom.text(below)).map(str::trim).filter(|text| !text.is_empty());
    let Some(text) = texts.next() else { return false };
    let only_link = all.links[node.index()] == length && dom.is(node, "a");
    PHRASES.iter().any(|phrase| text.starts_with(phrase))
        || only_link
            && LINK_PHRASES.iter().any(|phrase| text.strip_prefix(phrase).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// In bytes; what goes on for longer is a sentence of the text.
const LONGEST_PHRASE: u32 = 70;

const PHRASES: [&str; 18] = [
    "Was this page helpful",
    "Was this helpful",
    "Was this article helpful",
    "Is this page helpful",
    "Did this page help",
    "Did you find this page useful",
    "Edit this page",
    "Edit on Git",
    "Edit this on Git",
    "View page source",
    "Improve this page",
    "Suggest edits",
    "Suggest changes",
    "Report an issue with this page",
    "Help improve MDN",
    "Last modified",
    "Last updated",
    "Rate this page",
];

const LINK_PHRASES: [&str; 5] = ["Previous", "Next", "Prev", "« Previous", "← Previous"];

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
    words(dom, node).any(|word| {
        matches!(
            word.as_str(),
            "admonition" | "note" | "tip" | "warning" | "callout" | "alert" | "caution" | "important" | "danger" | "info"
        )
    })
}

/// Small things beside the text, in elements that else hold it.
fn is_mark(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.split_ascii_whitespace().any(|class| {
            matches!(
                class,
                "mw-editsection"
                    | "sr-only"
                    | "visually-hidden"
                    | "screen-reader-text"
                    | "visuallyhidden"
                    | "copy-path"
                    | "linenos"
                    | "md-tag"
                    | "breadcrumb"
                    | "since"
                    | "viewcode-link"
                    | "hideme"
                    | "out-of-band"
                    | "menu-title"
                    | "katex-html"
                    | "MathJax_Preview"
                    | "gs-label"
                    | "skip-link"
                    | "u-visually-hidden"
            )
        })
    })
}

/// The column of numbers beside a listing that is laid out as a table.
fn is_line_numbers(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.split_ascii_whitespace().any(|class| matches!(class, "linenos" | "lineno" | "gutter" | "gl" | "rouge-gutter" | "linenodiv"))
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
            "byline" | "dateline" | "caption" | "credit" | "credits" | "author" | "authors" | "tags" | "tag" | "timestamp" | "pubdate"
            | "gallery" | "slideshow" | "teaser" | "teasers" | "widget" | "widgets" | "deck" | "dek" | "subtitle" | "headline"
            | "kicker" | "meta" | "metadata" | "postmeta" | "topics" | "inset" | "pullquote" | "replies" | "comment" | "login"
            | "print" | "video" | "player" | "carousel" | "featured" | "popular" | "latest" | "trending"
                if genre == Genre::Story =>
            {
                true
            }
            "nav" | "navbar" | "navigation" | "sidenav" | "subnav" | "topnav" | "menu" | "submenu" | "breadcrumb" | "breadcrumbs"
            | "crumbs" | "pagination" | "pager" | "prevnext" | "sidebar" | "sidebars" | "sidebarwrapper" | "sphinxsidebar" | "sidemenu"
            | "tableofcontents" | "toolbar" | "footer" | "masthead" | "cookie" | "cookies" | "consent" | "gdpr" | "newsletter"
            | "subscribe" | "subscription" | "signup" | "share" | "sharing" | "sharebar" | "sharedaddy" | "social" | "socials"
            | "addthis" | "addtoany" | "sharethis" | "feedback" | "related" | "recommended" | "recommendations" | "recirc" | "trending"
            | "outbrain" | "taboola" | "promo" | "promos" | "promotion" | "advert" | "advertisement" | "advertising" | "adverts"
            | "ads" | "adsense" | "sponsor" | "sponsored" | "banner" | "popup" | "modal" | "skiplink" | "skiplinks" | "printfooter"
            | "catlinks" | "navbox" | "navfooter" | "navheader" | "copyright" | "noprint" | "jumpto" | "siteNotice" | "sitenotice"
            | "toc" => true,
            // As in "content-list" and "page-tools".
            "contents" => before == "of",
            "tools" => before == "page",
            "next" => before == "prev" || before == "previous",
            "this" => before == "edit",
            "page" => before == "edit",
            "only" => before == "sr",
            "link" => before == "skip",
            "posts" | "articles" | "stories" | "reading" | "news" | "read" => {
                matches!(before.as_str(), "related" | "more" | "popular" | "latest" | "most" | "other" | "recent")
            }
            "bio" => before == "author",
            "switcher" => true,
            "selection" | "selector" | "picker" => matches!(before.as_str(), "language" | "lang" | "locale" | "version"),
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
    let section = dom.is(node, "section") || is_named_by_heading(dom, node);
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

/// Below a root found by its text, blocks that are mostly links lead elsewhere.
pub(super) fn leave_out_link_lists(dom: &Dom, root: NodeId, weights: &Weights, left_out: &mut [bool]) {
    let mut walk = dom.walk(root);
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if left_out[node.index()] {
            walk.pass_over();
            continue;
        }
        let list = node != root
            && dom.name(node).is_some_and(|name| matches!(&**name, "div" | "section" | "ul" | "ol" | "table" | "aside" | "form" | "dl"));
        if list
            && weights.text[node.index()] > 0
            && weights.link_share(node) > 0.6
            && weights.prose[node.index()] < weights.prose[root.index()] * 0.25
        {
            left_out[node.index()] = true;
            walk.pass_over();
        }
    }
}
