//! What class and id say of an element's place, as data: words that themes use for what is beside the content. A hint removes nothing
//! by itself; `judge` weighs it against what stands in the element.

use crate::extract::dom::{Dom, NodeId};
use crate::extract::facts::is_heading;
use crate::extract::genre::Genre;

/// What an element is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Menus, breadcrumbs, pagers, sidebars, tables of contents.
    Navigation,
    /// Advertising, sharing, newsletters, consent, what else may interest.
    Offer,
    /// What readers wrote below the page.
    Replies,
    /// Author, date, tags and pictures of a story.
    Byline,
    /// What a story says of itself below its title, and of others beside it.
    Teaser,
    /// Who wrote a post, with rank and signature.
    Member,
}

/// What class and id say, if anything.
pub(super) fn of(dom: &Dom, node: NodeId, genre: Genre) -> Option<Hint> {
    let (mut before, mut found) = (String::new(), None);
    for word in words(dom, node) {
        let hint = word_hint(&word, &before, genre).or_else(|| {
            let menu = word == "dropdown" && dom.children(node).take(NEAR).any(|child| dom.is(child, "ul") || dom.is(child, "ol"));
            menu.then_some(Hint::Navigation)
        });
        // "social-media-embed" is a quotation, notes are content, and "no-sidebar" says what is not there.
        if matches!(word.as_str(), "embed" | "footnote" | "footnotes" | "admonition" | "callout") {
            return None;
        }
        // What a user wrote is content, in whatever words it is called so.
        if found == Some(Hint::Member) && before == "user" && word.starts_with("content") {
            return None;
        }
        if hint == Some(Hint::Replies) {
            return hint;
        }
        if !matches!(before.as_str(), "no" | "without" | "has" | "with") {
            found = found.or(hint);
        }
        before = word;
    }
    found
}

/// In children: a menu has a label and its list.
const NEAR: usize = 40;

fn word_hint(word: &str, before: &str, genre: Genre) -> Option<Hint> {
    match word {
        "comments" | "commentlist" | "disqus" | "livefyre" | "respond" if genre != Genre::Thread => Some(Hint::Replies),
        "teaser" | "teasers" | "deck" | "dek" | "subtitle" if genre == Genre::Story => Some(Hint::Teaser),
        "byline" | "dateline" | "caption" | "credit" | "credits" | "author" | "authors" | "tags" | "tag" | "timestamp" | "pubdate"
        | "gallery" | "slideshow" | "widget" | "widgets" | "headline" | "kicker" | "meta" | "metadata" | "postmeta" | "topics"
        | "inset" | "pullquote" | "replies" | "comment" | "login" | "print" | "video" | "player" | "carousel" | "featured" | "popular"
        | "latest"
            if genre == Genre::Story =>
        {
            Some(Hint::Byline)
        }
        "signature" | "postprofile" | "avatar" | "userinfo" | "poster" | "postauthor" | "ipsreact" | "reactions"
            if genre == Genre::Thread =>
        {
            Some(Hint::Member)
        }
        "user" | "author" | "member" if genre == Genre::Thread => Some(Hint::Member),
        "notice" | "notices" if genre == Genre::Thread => Some(Hint::Offer),
        "filter" | "filters" | "facet" | "facets" | "refine" | "refinement" | "refinements" | "sort" | "sortby" | "sorting"
            if matches!(genre, Genre::Listing | Genre::Product) =>
        {
            Some(Hint::Navigation)
        }
        "reviews" | "testimonials" | "ratings" if genre == Genre::Product => Some(Hint::Replies),
        "upsell" | "upsells" | "crosssell" | "crosssells" if genre == Genre::Product => Some(Hint::Offer),
        "nav" | "leftnav" | "rightnav" | "navbar" | "navigation" | "sidenav" | "subnav" | "topnav" | "menu" | "submenu" | "breadcrumb"
        | "breadcrumbs" | "crumbs" | "pagination" | "pager" | "prevnext" | "sidebar" | "sidebars" | "sidebarwrapper" | "sphinxsidebar"
        | "sidemenu" | "tableofcontents" | "toolbar" | "footer" | "masthead" | "printfooter" | "catlinks" | "navbox" | "navfooter"
        | "navheader" | "copyright" | "noprint" | "jumpto" | "skiplink" | "skiplinks" | "toc" | "switcher" | "msearch" => {
            Some(Hint::Navigation)
        }
        "cookie" | "cookies" | "consent" | "gdpr" | "newsletter" | "subscribe" | "subscription" | "signup" | "share" | "sharing"
        | "sharebar" | "sharedaddy" | "social" | "socials" | "addthis" | "addtoany" | "sharethis" | "feedback" | "related"
        | "recommended" | "recommendations" | "recirc" | "trending" | "outbrain" | "taboola" | "promo" | "promos" | "promotion"
        | "advert" | "advertisement" | "advertising" | "adverts" | "ads" | "adsense" | "sponsor" | "sponsored" | "banner" | "popup"
        | "modal" | "sitenotice" => Some(Hint::Offer),
        // As in "content-list" and "page-tools".
        "contents" => (before == "of").then_some(Hint::Navigation),
        "tools" => (before == "page").then_some(Hint::Navigation),
        "next" => matches!(before, "prev" | "previous").then_some(Hint::Navigation),
        "this" | "page" => (before == "edit").then_some(Hint::Navigation),
        "only" => (before == "sr").then_some(Hint::Navigation),
        "link" => (before == "skip").then_some(Hint::Navigation),
        "posts" | "articles" | "stories" | "reading" | "news" | "read" | "products" | "items" => {
            matches!(before, "related" | "more" | "popular" | "latest" | "most" | "other" | "recent" | "similar").then_some(Hint::Offer)
        }
        "bio" => (before == "author").then_some(Hint::Byline),
        "selection" | "selector" | "picker" => matches!(before, "language" | "lang" | "locale" | "version").then_some(Hint::Navigation),
        _ => None,
    }
}

/// Whether class or id call it a note to the reader, which stands beside the text and belongs to it.
pub(super) fn is_note(dom: &Dom, node: NodeId) -> bool {
    words(dom, node).any(|word| {
        matches!(
            word.as_str(),
            "admonition"
                | "note"
                | "notice"
                | "footnote"
                | "footnotes"
                | "endnotes"
                | "seealso"
                | "tip"
                | "warning"
                | "callout"
                | "alert"
                | "caution"
                | "important"
                | "danger"
                | "info"
        )
    })
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

/// The id consists of words of the heading that stands first within.
fn is_named_by_heading(dom: &Dom, node: NodeId) -> bool {
    // Slugs are short; a longer id is not worth the comparison.
    let Some(id) = dom.attribute(node, "id").filter(|id| id.len() < 200) else { return false };
    // Anchors may stand before the heading.
    let mut children = dom.children(node).filter(|child| dom.name(*child).is_some() && dom.first_child(*child).is_some());
    let first = children.next().filter(|first| is_heading(dom, *first));
    first.is_some_and(|heading| {
        let heading = dom.text_start(heading, 400).to_lowercase();
        id.split(['-', '_']).all(|word| heading.contains(&word.to_lowercase()))
    })
}
