//! Sections that say by their heading that they are about something else.

use std::collections::HashSet;

use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::facts::{Facts, is_heading};
use crate::extract::genre::Genre;
use crate::extract::judge::Rule;

/// Sections of a story, a product or a list whose heading says that they are about something else, or what others said of it.
pub(super) fn leave_out(dom: &Dom, genre: Genre, all: &Facts, left_out: &mut [Option<Rule>]) {
    let page = all.at(dom.root());
    for heading in dom.descendants(dom.root()).filter(|node| is_heading(dom, *node) && !dom.is(*node, "h1")) {
        let Some(rule) = told(&dom.text_start(heading, LONGEST_TOLD), genre) else { continue };
        // What begins with the heading and holds no title of the page is its section.
        let section = std::iter::once(heading)
            .chain(dom.ancestors(heading))
            .take_while(|above| {
                let fact = all.at(*above);
                fact.heading == Some(heading)
                    && fact.text * 2 < page.text
                    // Teasers have little of the running text.
                    && (rule == Rule::Replies || fact.prose * 5.0 <= page.prose)
                    && !dom.name(*above).is_some_and(|name| matches!(&**name, "main" | "body" | "article"))
            })
            .last();
        let Some(section) = section else { continue };
        left_out[section.index()].get_or_insert(rule);
        // Where only the heading stands in its element, what it tells of follows, up to the next heading of its level.
        if all.at(section).text == all.at(heading).text {
            let mut next = dom.next_sibling(section);
            while let Some(node) = next.filter(|node| all.at(*node).heading.is_none_or(|below| level(dom, below) > level(dom, heading))) {
                let fact = all.at(node);
                if fact.text * 2 > page.text || rule == Rule::Offer && fact.prose * 5.0 > page.prose {
                    break;
                }
                left_out[node.index()].get_or_insert(rule);
                next = dom.next_sibling(node);
            }
        }
    }
}

fn level(dom: &Dom, heading: NodeId) -> Option<String> {
    dom.name(heading).map(|name| name.to_string())
}

/// In bytes; what goes on for longer is a sentence.
const LONGEST_TOLD: usize = 60;

/// What a heading of such a section says.
fn told(heading: &str, genre: Genre) -> Option<Rule> {
    let heading = heading.trim().to_lowercase();
    if heading.len() >= LONGEST_TOLD {
        return None;
    }
    let shop = genre == Genre::Product && SHOP.iter().any(|phrase| heading.contains(phrase));
    if shop || ELSEWHERE.iter().any(|phrase| heading.contains(phrase)) {
        return Some(Rule::Offer);
    }
    let said = heading.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "review" | "reviews" | "ratings" | "testimonials"));
    (genre == Genre::Product && (said || heading.contains("clients say") || heading.contains("customers say"))).then_some(Rule::Replies)
}

/// What a shop says below whatever it sells.
const SHOP: [&str; 8] =
    ["shipping", "delivery", "return polic", "meet your seller", "as seen on", "instagram", "how to get it", "ways to pay"];

const ELSEWHERE: [&str; 25] = [
    "who is online",
    "similar threads",
    "similar topics",
    "related topics",
    "suggested topics",
    "related questions",
    "you may also",
    "you might also",
    "you might like",
    "may interest you",
    "also bought",
    "also viewed",
    "also like",
    "customers who viewed",
    "frequently bought",
    "related products",
    "related articles",
    "related posts",
    "related stories",
    "related items",
    "recommended for you",
    "recently viewed",
    "similar products",
    "similar items",
    "featured products",
];

/// Shops write a part once for wide and once for narrow screens: of equal parts with a heading, the first is read.
pub(super) fn leave_out_copies(dom: &Dom, all: &Facts, left_out: &mut [Option<Rule>]) {
    let mut known = HashSet::new();
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if left_out[node.index()].is_some() {
            walk.pass_over();
            continue;
        }
        let fact = all.at(node);
        let part = dom.name(node).is_some() && fact.headings > 0 && (LEAST_COPY..LONGEST_COPY).contains(&fact.text);
        // An element around one other holds the same.
        let around = || dom.parent(node).is_some_and(|parent| all.at(parent).text == fact.text);
        if part && !around() {
            let text: String = dom.text_content(node).split_whitespace().collect();
            if !known.insert(text) {
                left_out[node.index()] = Some(Rule::Copy);
            }
            walk.pass_over();
        }
    }
}

/// In bytes: shorter parts may be alike by chance.
const LEAST_COPY: u32 = 40;
const LONGEST_COPY: u32 = 4_000;
