//! Finds the main content of a page. Documentation names its content (`main`, `role=main`, the wrappers of its generators);
//! other pages are judged by where their running text is. What is beside the content within it, `beside` marks, by what `judge` says;
//! where names would take too much of the page, it is read again with less trust in them.

use std::collections::HashSet;

use crate::extract::beside::{self, Court, Scripts};
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::facts::{Fact, Facts, is_heading};
use crate::extract::genre::{Cards, Genre, cards};
use crate::extract::headline;
use crate::extract::hidden::{Copies, is_hidden};
use crate::extract::judge::{Rule, Trust, most_taken};
use crate::extract::tally::Tally;
use crate::extract::told;
use crate::model::Note;

/// Which part of a page is read.
pub(super) struct Article {
    /// In document order, none within another.
    pub(super) roots: Vec<NodeId>,
    /// The page's title, where that is no heading. It stands in one of the roots, or is one.
    pub(super) title: Option<NodeId>,
    /// By node: why it and all below it is left out.
    left_out: Vec<Option<Rule>>,
}

impl Article {
    pub(super) fn is_left_out(&self, node: NodeId) -> bool {
        self.left_out[node.index()].is_some()
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

    /// What was left out that has words, and why.
    pub(super) fn notes(&self, dom: &Dom) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut walk = dom.walk(body(dom));
        while let Some(step) = walk.next() {
            let Step::Enter(node) = step else { continue };
            let Some(rule) = self.left_out[node.index()] else { continue };
            walk.pass_over();
            let mut left_out = Tally::default();
            left_out.count_but(dom, node, self.title);
            notes.extend(left_out.note(rule.name()));
        }
        notes
    }
}

pub(super) fn find(dom: &Dom) -> Article {
    let (unread, all) = read(dom);
    let genre = Genre::of(dom, &all);
    let mut left_out = judged(dom, genre, &unread, &all);
    let facts = &Facts::of(dom, &left_out);
    let named = named_content(dom, &left_out, facts);
    let heading = title_heading(dom, &left_out);
    let root = root(dom, genre, named, heading, facts, &mut left_out);
    let unheaded = headline::find(dom, root, &left_out);
    if let Some(title) = unheaded.or(heading).filter(|title| dom.ancestors(*title).any(|above| above == root)) {
        beside::leave_out_before_title(dom, root, title, facts, &mut left_out);
    }
    // A page of contents is its links.
    let reference = genre == Genre::Reference || named.is_some_and(|(rank, _)| rank >= GENERATED);
    if reference && facts.at(root).text * 2 < all.at(root).text && facts.at(root).text < LEAST_CONTENTS {
        for node in dom.descendants(root) {
            let linked = all.at(node).anchors > 0;
            left_out[node.index()].take_if(|rule| linked && matches!(rule, Rule::Navigation | Rule::Offer | Rule::LinkList));
        }
    }
    let around = named.map(|(_, named)| named).or_else(|| around(dom, root, heading?, facts));
    let around = around.filter(|around| genre == Genre::Story && dom.ancestors(root).any(|above| above == *around));
    let mut roots = with_siblings(dom, root, named.map(|(rank, _)| rank), around, genre, facts, &mut left_out);
    if let Some(title) = unheaded {
        left_out[title.index()] = None;
        headline::leave_out_beside(dom, title, &mut left_out);
        if !std::iter::once(title).chain(dom.ancestors(title)).any(|around| roots.contains(&around)) {
            roots.insert(0, title);
        }
    }
    Article { roots, title: unheaded, left_out }
}

/// What nobody reads, and what is below each element without it. Where scripts would have filled the page, what stands in for them is
/// read.
fn read(dom: &Dom) -> (Vec<Option<Rule>>, Facts) {
    let mut unread = vec![None; dom.len()];
    let substitutes = beside::leave_out_unread(dom, Scripts::Run, &mut unread);
    let all = Facts::of(dom, &unread);
    // A page that says a sentence may still wait for scripts: some have a frame with a greeting.
    let page = all.at(dom.root());
    let least = if page.sentences == 0 { 2.0 } else { 10.0 };
    if substitutes as f32 <= page.plain() * least {
        return (unread, all);
    }
    unread.fill(None);
    beside::leave_out_unread(dom, Scripts::Fail, &mut unread);
    let all = Facts::of(dom, &unread);
    (unread, all)
}

/// What is left out by name and content, with as much trust in names as the page bears.
fn judged(dom: &Dom, genre: Genre, unread: &[Option<Rule>], all: &Facts) -> Vec<Option<Rule>> {
    let copies = Copies::of(dom, unread);
    let named = named_content(dom, unread, all);
    let core = named.map(|(_, core)| core).or_else(|| {
        let title = title_heading(dom, unread).filter(|_| genre == Genre::Reference)?;
        around(dom, densest(dom, body(dom), genre, unread, all), title, all)
    });
    let mut left_out = unread.to_vec();
    for trust in [Trust::Names, Trust::Shapes, Trust::Nothing] {
        left_out.copy_from_slice(unread);
        let taken = beside::leave_out(
            dom,
            &Court { genre, trust, core, is_named_main: named.is_some_and(|(rank, _)| rank == MAIN), all, copies: &copies },
            &mut left_out,
        );
        if taken <= (all.at(dom.root()).prose * most_taken(trust, genre)).max(ALWAYS_TAKEN) {
            break;
        }
    }
    if genre != Genre::Reference {
        told::leave_out(dom, genre, all, &mut left_out);
    }
    if matches!(genre, Genre::Product | Genre::Listing) {
        told::leave_out_copies(dom, all, &mut left_out);
    }
    left_out
}

/// The element that holds the content: as named, else around a list's entries, else where the running text is.
fn root(
    dom: &Dom,
    genre: Genre,
    named: Option<(u8, NodeId)>,
    title: Option<NodeId>,
    facts: &Facts,
    left_out: &mut [Option<Rule>],
) -> NodeId {
    if let Some((_, root)) = named.filter(|(rank, _)| genre != Genre::Story || *rank >= GENERATED) {
        return root;
    }
    if let Some(Cards { parent, .. }) = cards(dom, facts).filter(|_| genre == Genre::Listing && named.is_none()) {
        // The entries of one chapter are some of a book's.
        let chapter = dom.ancestors(parent).filter(|above| dom.is(*above, "dd")).last();
        let all = chapter.and_then(|chapter| dom.parent(chapter)).unwrap_or(parent);
        return title.and_then(|title| around(dom, all, title, facts)).unwrap_or(all);
    }
    let top = story_around_heading(dom, genre, facts).unwrap_or_else(|| body(dom));
    let root = densest(dom, top, genre, left_out, facts);
    // Below its title, a page's lists of links are its own.
    if let Some(root) = title.filter(|_| genre == Genre::Reference).and_then(|title| around(dom, root, title, facts)) {
        return root;
    }
    beside::leave_out_link_lists(dom, root, title, genre, facts, left_out);
    root
}

/// In bytes: a footer and a banner, however little else a page says.
const ALWAYS_TAKEN: f32 = 200.0;

/// In bytes; what has less text than this beside its links is a page of contents.
const LEAST_CONTENTS: u32 = 1_000;

/// The element that a documentation generator, or the author, calls the content.
fn named_content(dom: &Dom, left_out: &[Option<Rule>], facts: &Facts) -> Option<(u8, NodeId)> {
    let mut named = [Named::default(); RANKS as usize];
    let mut open: Vec<(u8, NodeId)> = Vec::new();
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let node = match step {
            Step::Enter(node) => node,
            Step::Leave(node) => {
                open.pop_if(|(_, innermost)| *innermost == node);
                continue;
            }
        };
        if left_out[node.index()].is_some() || is_hidden(dom, node) {
            walk.pass_over();
            continue;
        }
        let Some(rank) = rank(dom, node) else { continue };
        let text = facts.at(node).text;
        let known = &mut named[usize::from(rank)];
        if open.iter().all(|(around, _)| *around != rank) {
            known.all += text;
        }
        // Of elements of one name the one with most text.
        if text >= LEAST && known.best.is_none_or(|(most, _)| text > most) {
            known.best = Some((text, node));
        }
        if open.len() < MOST_OPEN {
            open.push((rank, node));
        }
    }
    // The best name wins.
    let (rank, (text, node)) = (0..RANKS).zip(named).rev().find_map(|(rank, named)| Some((rank, named.one(rank)?)))?;
    // "article" is also what overviews call each of their entries, and "body" what others call a part.
    let most = match rank {
        BODY => facts.at(node).prose > facts.at(dom.root()).prose * 0.7,
        0..=GENERIC => text * 2 > facts.at(dom.root()).text,
        _ => true,
    };
    most.then_some((rank, node))
}

/// Elements of one rank.
#[derive(Clone, Copy, Default)]
struct Named {
    /// The one with most text, and how much that is.
    best: Option<(u32, NodeId)>,
    /// Of all of them that do not stand within one another.
    all: u32,
}

impl Named {
    /// The one that is the content. Generators' names are also those of each entry where a page has several: the posts of a list, a question
    /// and what was said to it.
    fn one(self, rank: u8) -> Option<(u32, NodeId)> {
        self.best.filter(|(text, _)| rank <= BODY || self.all <= text + text / 3)
    }
}

const RANKS: u8 = 10;
/// Elements of a page's own name hold few others.
const MOST_OPEN: usize = 16;

/// Text shorter than this is not taken for the content by its name alone.
const LEAST: u32 = 120;
const GENERIC: u8 = 4;
const MAIN: u8 = 5;
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
        || &**name == "div" && class("contents") && is_below_doxygens_title(dom, node)
    {
        return Some(7);
    }
    if class("body") && &**name == "div" {
        return Some(BODY);
    }
    match &**name {
        "main" => Some(MAIN),
        _ if main => Some(MAIN),
        "article" => Some(GENERIC),
        "div" | "section" if matches!(id, "content" | "main-content" | "main" | "bodyContent") => Some(3),
        _ => None,
    }
}

/// Where Doxygen sets its title, which is no heading. Docutils calls a list of what the page contains by the same name.
fn is_below_doxygens_title(dom: &Dom, node: NodeId) -> bool {
    dom.previous_element(node).is_some_and(|head| dom.descendants(head).take(HEAD).any(|below| dom.has_class(below, "headertitle")))
}

fn body(dom: &Dom) -> NodeId {
    dom.descendants(dom.root()).find(|node| dom.is(*node, "body")).unwrap_or(dom.root())
}

/// The article that the page's first heading stands in: what else has running text is teasers of other stories.
fn story_around_heading(dom: &Dom, genre: Genre, facts: &Facts) -> Option<NodeId> {
    let heading = dom.descendants(dom.root()).find(|node| dom.is(*node, "h1")).filter(|_| genre == Genre::Story)?;
    dom.ancestors(heading).find(|above| (dom.is(*above, "article") || dom.is(*above, "main")) && facts.at(*above).prose >= LEAST_STORY)
}

/// Less prose than this is a teaser.
const LEAST_STORY: f32 = 400.0;

/// Follows the running text down from `top` as long as one child has nearly all of it.
fn densest(dom: &Dom, top: NodeId, genre: Genre, left_out: &[Option<Rule>], facts: &Facts) -> NodeId {
    let total = facts.at(top).prose;
    let share = if genre == Genre::Story { 0.7 } else { 0.85 };
    let mut root = top;
    loop {
        let heaviest = dom
            .children(root)
            .filter(|child| left_out[child.index()].is_none() && dom.name(*child).is_some())
            .max_by(|one, other| facts.at(*one).prose.total_cmp(&facts.at(*other).prose));
        let has_most = |child: &NodeId| {
            facts.at(*child).prose >= total * share
                && total > 0.0
                && (genre == Genre::Story || facts.at(*child).plain() >= facts.at(top).plain() * 0.7)
        };
        match heaviest.filter(has_most) {
            // Beside its head, a row is one of a table.
            Some(row) if dom.is(row, "tr") && is_part(dom, row, facts) => {
                return dom.ancestors(row).find(|above| dom.is(*above, "table")).unwrap_or(root);
            }
            Some(child) if !is_part(dom, child, facts) => root = child,
            _ => return root,
        }
    }
}

/// A definition without its term, an item without the others, a quotation or a picture without what stands around it: no page.
fn is_part(dom: &Dom, node: NodeId, facts: &Facts) -> bool {
    let beside = |name: &str| {
        let parent = dom.parent(node).into_iter();
        parent.flat_map(|parent| dom.children(parent)).any(|child| child != node && dom.is(child, name) && facts.at(child).text > 0)
    };
    match dom.name(node).map(|name| &**name) {
        Some("p" | "pre" | "dd" | "dt" | "figure" | "figcaption" | "details" | "summary" | "caption") => true,
        // Some pages are set in one as a whole.
        Some("blockquote") => facts.at(node).headings == 0,
        Some("li") => facts.at(node).headings == 0 && beside("li"),
        Some("tr") => dom.children(node).any(|cell| dom.is(cell, "th") && facts.at(cell).text > 0),
        _ => false,
    }
}

/// The heading that the page's title repeats, else its first one of the first level.
fn title_heading(dom: &Dom, left_out: &[Option<Rule>]) -> Option<NodeId> {
    let title = dom.descendants(dom.root()).find(|node| dom.is(*node, "title")).map(|title| plain(dom, title)).unwrap_or_default();
    let (mut first, mut within, mut read, mut walk) = (None, None, 0, dom.walk(dom.root()));
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if left_out[node.index()].is_some() {
            walk.pass_over();
        } else if is_heading(dom, node) {
            read += 1;
            let is_early = read <= FIRST_HEADINGS;
            if !is_early && !dom.is(node, "h1") {
                continue;
            }
            let text = plain(dom, node);
            // A title begins with the page's own name more often than with the site's. Menus may have many headings before it.
            if text.chars().count() >= 3 && title.starts_with(&text) && (is_early || text.len() * 4 >= title.len()) {
                return Some(node);
            }
            if !is_early {
                continue;
            }
            within = within.or(Some(node).filter(|_| text.chars().count() >= 3 && title.contains(&text)));
            first = first.or(Some(node).filter(|node| dom.is(*node, "h1") && !text.is_empty()));
        }
    }
    within.or(first)
}

/// So many are looked at: later ones repeat words of the title by chance.
const FIRST_HEADINGS: usize = 5;

/// The smallest element around `root` and the title, unless that is mostly links or all of the page. The block of a title page, where
/// licences stand, has the page below it.
fn around(dom: &Dom, root: NodeId, title: NodeId, facts: &Facts) -> Option<NodeId> {
    let above: HashSet<NodeId> = dom.ancestors(title).collect();
    let around = std::iter::once(root).chain(dom.ancestors(root)).find(|node| above.contains(node))?;
    let found = (facts.at(around).link_share() < 0.5 && !dom.is(around, "html")).then_some(around)?;
    let title_page = beside::title_page(dom, title).filter(|block| dom.ancestors(found).chain([found]).any(|above| above == *block));
    Some(title_page.and_then(|block| dom.parent(block)).unwrap_or(found))
}

/// Letters and digits, lower-case.
pub(super) fn plain(dom: &Dom, node: NodeId) -> String {
    dom.text_start(node, 400).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The root, and what stands beside it on the way up and is of the content: the title, footnotes, an introduction. All else beside it is
/// left out. `story` is what the page calls its content, or what holds a story's title and its text.
fn with_siblings(
    dom: &Dom,
    root: NodeId,
    rank: Option<u8>,
    story: Option<NodeId>,
    genre: Genre,
    facts: &Facts,
    left_out: &mut [Option<Rule>],
) -> Vec<NodeId> {
    let core = *facts.at(root);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let title = dom.descendants(dom.root()).find(|node| dom.is(*node, "title")).map(|title| plain(dom, title)).unwrap_or_default();
    let begins = |heading| Some(plain(dom, heading)).is_some_and(|heading| heading.len() > 2 && title.starts_with(&heading));
    let mut titled = core.titles > 0 || core.heading.is_some_and(begins);
    let mut path = root;
    let first_parent = dom.parent(root).unwrap_or(root);
    let mut within = story.is_some();
    while let Some(parent) = dom.parent(path).filter(|_| !dom.is(path, "body")) {
        let mut behind = false;
        let mut kept = Vec::new();
        within &= Some(path) != story;
        // The heading of what follows, where it is one of the content.
        let mut leads = None;
        for child in dom.children(parent) {
            if child == path {
                behind = true;
                kept.extend(leads.take());
                before.splice(0..0, kept.drain(..));
                continue;
            }
            if left_out[child.index()].is_some() {
                continue;
            }
            let fact = facts.at(child);
            if within && fact.text == 0 && fact.images == 0 {
                continue;
            }
            if within && is_heading(dom, child) && fact.titles == 0 && fact.linked_headings == 0 {
                leave_outside(leads.replace(child), left_out);
                continue;
            }
            let names = !behind && !titled && fact.titles == 1 && names_page(dom, child, &title, fact.linked_headings > 0);
            let prose = fact.prose >= core.prose * 0.08 && fact.prose >= 80.0 && fact.link_share() < 0.4 && fact.controls == 0;
            let alike = parent == first_parent && is_alike(dom, child, root);
            let beside = match (genre, rank) {
                (Genre::Story, _) => {
                    let plain = fact.linked_headings == 0 && fact.link_share() < 0.15;
                    plain && prose && alike || within && (is_part_of_story(fact) || !behind && plain && is_lead(fact))
                }
                (_, Some(MAIN)) => false,
                // What generators put beside their content are licences and the like.
                (_, Some(rank)) if rank >= GENERATED => fact.own_headings() > 0 && fact.prose > 0.0 && fact.link_share() < 0.4,
                _ => {
                    (fact.prose > 0.0 || fact.paragraphs > 0 || fact.own_headings() > 0)
                        && fact.link_share() < 0.5
                        && !(fact.controls > 0 && fact.prose < 600.0)
                }
            };
            if names || beside || is_notes(dom, child) && fact.text > 0 {
                titled |= names;
                // Of a head that says nothing but names, the title.
                let alone = names && fact.paragraphs == 0;
                let heading = alone.then(|| dom.descendants(child).find(|node| dom.is(*node, "h1"))).flatten();
                kept.extend(leads.take());
                kept.push(heading.unwrap_or(child));
            } else if within
                && !behind
                && let Some(lead) = lead_within(dom, child, facts, left_out)
            {
                leave_out_around(dom, lead, child, left_out);
                leave_outside(leads.take(), left_out);
                kept.push(lead);
            } else {
                leave_outside([child].into_iter().chain(leads.take()), left_out);
            }
        }
        leave_outside(leads, left_out);
        after.extend(kept);
        path = parent;
    }
    before.push(root);
    before.extend(after);
    before
}

/// Whether it is told in a way of its own, and no remark beside the text: a section with a heading, or a list of things, some of which may
/// be links. Who wrote the story, and what is offered beside it, leads elsewhere or asks for something.
fn is_part_of_story(fact: &Fact) -> bool {
    let is_headed = fact.own_headings() > 0 && fact.titles == 0;
    let is_section = is_headed && (fact.prose > 0.0 || fact.paragraphs > 1) && fact.controls == 0 && fact.link_share() < 0.05;
    let is_list = fact.paragraphs >= LEAST_LIST && fact.controls < fact.paragraphs;
    fact.linked_headings == 0 && (is_section || is_list && fact.link_share() < if is_headed { 0.3 } else { 0.05 })
}

/// What a story says first, in an element of its own below its title.
fn is_lead(fact: &Fact) -> bool {
    fact.prose >= LEAST_LEAD && fact.anchors == 0 && fact.controls == 0
}

/// It may stand with the title, the date and the author.
fn lead_within(dom: &Dom, head: NodeId, facts: &Facts, left_out: &[Option<Rule>]) -> Option<NodeId> {
    if facts.at(head).prose < LEAST_LEAD {
        return None;
    }
    let is_lead = |node: &NodeId| {
        let fact = facts.at(*node);
        is_lead(fact) && fact.headings == 0 && left_out[node.index()].is_none()
    };
    dom.descendants(head)
        .take(HEAD)
        .filter(is_lead)
        .find(|node| !dom.ancestors(*node).take_while(|above| *above != head).any(|above| left_out[above.index()].is_some()))
}

/// In nodes.
const HEAD: usize = 100;

/// All of `top` but `node`.
fn leave_out_around(dom: &Dom, node: NodeId, top: NodeId, left_out: &mut [Option<Rule>]) {
    let mut path = node;
    while path != top
        && let Some(parent) = dom.parent(path)
    {
        let beside = dom.children(parent).filter(|child| *child != path && left_out[child.index()].is_none()).collect::<Vec<_>>();
        leave_outside(beside, left_out);
        path = parent;
    }
}

fn leave_outside(nodes: impl IntoIterator<Item = NodeId>, left_out: &mut [Option<Rule>]) {
    for node in nodes {
        left_out[node.index()] = Some(Rule::Outside);
    }
}

/// In bytes.
const LEAST_LEAD: f32 = 80.0;
/// In items.
const LEAST_LIST: u32 = 3;

/// Parts of one text: paragraphs, or blocks of one class.
fn is_alike(dom: &Dom, one: NodeId, other: NodeId) -> bool {
    dom.is(one, "p") || dom.name(one) == dom.name(other) && dom.attribute(one, "class") == dom.attribute(other, "class")
}

/// Footnotes, in whatever element.
fn is_notes(dom: &Dom, node: NodeId) -> bool {
    let called = |name: &str| {
        dom.attribute(node, name).is_some_and(|names| {
            names.split_ascii_whitespace().any(|name| matches!(name, "footnotes" | "endnotes" | "footnotes-list" | "notes" | "references"))
        })
    };
    called("id") || called("class") || dom.attribute(node, "role") == Some("doc-endnotes")
}

/// Whether the page's title holds the first heading below `top`; one that leads to another page is the site's, unless the title begins so,
/// or is little more than it and goes on behind it ("tea - How long does it draw? - Tea Overflow").
fn names_page(dom: &Dom, top: NodeId, title: &str, leads_away: bool) -> bool {
    let heading = dom.descendants(top).find(|node| dom.is(*node, "h1")).map(|heading| plain(dom, heading)).unwrap_or_default();
    let is_most = || heading.len() * 3 > title.len() && !title.ends_with(&heading);
    let holds = heading.chars().count() > 2 && title.contains(&heading) && (!leads_away || is_most());
    !heading.is_empty() && (holds || title.starts_with(&heading) || heading.starts_with(title))
}
