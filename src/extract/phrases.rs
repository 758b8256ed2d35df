//! What sites say to readers beside any text, as data: phrases and labels, in the words of common themes.

use crate::extract::dom::{Dom, NodeId};
use crate::extract::facts::Facts;

/// What sites say to readers below or beside any text, by how it begins.
pub(super) fn is_phrase_of_site(dom: &Dom, node: NodeId, all: &Facts) -> bool {
    let fact = all.at(node);
    if fact.text < 3
        || fact.text > LONGEST_ROW
        || dom.name(node).is_some_and(|name| matches!(&**name, "pre" | "code" | "td" | "th" | "body" | "html" | "main" | "article" | "h1"))
    {
        return false;
    }
    let mut texts = dom.descendants(node).take(NEAR).filter_map(|below| dom.text(below)).map(str::trim).filter(|text| !text.is_empty());
    let Some(text) = texts.next() else { return false };
    // Buttons of manuals in a row: "Next: …, Previous: …, Up: …".
    if fact.anchors > 0 && fact.link_share() > 0.3 && fact.headings == 0 && ROWS.iter().any(|row| text.starts_with(row)) {
        return true;
    }
    if fact.text <= LONGEST_DATE && DATES.iter().any(|phrase| begins(text, phrase)) {
        return true;
    }
    if fact.text > LONGEST_PHRASE {
        return false;
    }
    let only_link = dom.is(node, "a") && (fact.links == fact.text || dom.attribute(node, "href").is_none());
    PHRASES.iter().any(|phrase| begins(text, phrase))
        || fact.text < 14 && ["advert", "advertisement"].iter().any(|word| text.eq_ignore_ascii_case(word))
        || begins(text, "Updated ") && text.ends_with(" ago")
        || only_link
            && LABELS.iter().any(|label| text.trim_matches(['[', ']']).eq_ignore_ascii_case(label))
            && !dom.parent(node).is_some_and(|parent| dom.is(parent, "li"))
        || only_link
            && LINK_PHRASES.iter().any(|phrase| text.strip_prefix(phrase).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// Without regard to case, which sites change as they like.
fn begins(text: &str, phrase: &str) -> bool {
    text.get(..phrase.len()).is_some_and(|start| start.eq_ignore_ascii_case(phrase))
}

/// In nodes: what is below many elements that hold nothing is looked at from each element around it.
const NEAR: usize = 64;

/// In bytes; a row of links to neighbours.
const LONGEST_ROW: u32 = 300;

const ROWS: [&str; 7] = ["Next:", "Previous:", "Prev:", "Up:", "[ <", "[<", "Nächste:"];

/// Links with a name like this do something with the page, or show its source.
const LABELS: [&str; 33] = [
    "src",
    "source",
    "view source",
    "view page source",
    "show source",
    "show all",
    "collapse",
    "expand",
    "expand all",
    "collapse all",
    "edit",
    "toggle source",
    "click to toggle source",
    "permalink",
    "report a bug",
    "report an issue",
    "back to top",
    "go to top",
    "return to main contents",
    "suggest edits",
    "submit a pull request",
    "fork",
    "select all",
    "select code",
    "reply",
    "quote",
    "report",
    "add a comment",
    "improve this doc",
    "run this code",
    "open in playground",
    "post reply",
    "copied to clipboard",
];

/// In bytes; what goes on for longer is a sentence of the text.
const LONGEST_PHRASE: u32 = 70;

/// In bytes; who changed a page, and how.
const LONGEST_DATE: u32 = 160;

const DATES: [&str; 4] = ["Last modified", "Last updated", "This page was last", "Page last updated"];

const PHRASES: [&str; 27] = [
    "Share this on",
    "Click to share",
    "Click to email",
    "Click to print",
    "Leave a comment",
    "Continue reading below",
    "Story continues below",
    "Like this story?",
    "Sign up for our newsletter",
    "Click to expand...",
    "Last edited",
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
    "Rate this page",
];

const LINK_PHRASES: [&str; 5] = ["Previous", "Next", "Prev", "« Previous", "← Previous"];
