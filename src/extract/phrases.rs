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
    // What a row of a table says in one of its cells is said of the others.
    let is_cell = |below: &NodeId| dom.is(*below, "td") || dom.is(*below, "th");
    if dom.name(node).is_some_and(|name| matches!(&**name, "table" | "thead" | "tbody" | "tfoot" | "tr"))
        && dom.descendants(node).take(NEAR).filter(is_cell).nth(1).is_some()
    {
        return false;
    }
    // It names what follows, or what stands beside it.
    let is_name =
        || ["h2", "h3", "h4", "h5", "h6", "dt"].iter().any(|name| dom.is(node, name)) || is_all_of(dom, node, all, &["td", "th", "dt"]);
    let mut texts = dom.descendants(node).take(NEAR).filter_map(|below| dom.text(below)).map(str::trim).filter(|text| !text.is_empty());
    let Some(text) = texts.next() else { return false };
    // Buttons of manuals in a row: "Next: …, Previous: …, Up: …".
    if fact.anchors > 0 && fact.link_share() > 0.3 && fact.headings == 0 && ROWS.iter().any(|row| text.starts_with(row)) {
        return true;
    }
    if fact.text <= LONGEST_DATE
        && let Some(phrase) = DATES.iter().find(|phrase| begins(text, phrase))
    {
        return !is_name() && tells_date(dom, node, phrase);
    }
    if fact.text > LONGEST_PHRASE {
        return false;
    }
    let only_link = dom.is(node, "a") && (fact.links == fact.text || dom.attribute(node, "href").is_none());
    // What goes on in words, and leads nowhere, is a sentence of the text.
    let goes_on = |phrase: &str| {
        // Some of its words may be set apart.
        let all = dom.text_start(node, 2 * LONGEST_PHRASE as usize);
        let all = all.trim();
        let words = all.get(phrase.len()..).unwrap_or_default().split_whitespace().count();
        let is_request = REQUESTS.iter().any(|request| phrase.starts_with(request));
        fact.anchors == 0 && (words > MORE_WORDS && all.ends_with('.') || is_request && words >= MORE_WORDS && !all.contains('?'))
    };
    let is_said = PHRASES.iter().any(|phrase| begins(text, phrase) && !goes_on(phrase))
        || fact.text < 14 && !dom.is(node, "li") && ["advert", "advertisement"].iter().any(|word| text.eq_ignore_ascii_case(word))
        || begins(text, "Updated ") && text.ends_with(" ago")
        || fact.text < 20 && is_reading_time(text)
        || dom.name(node).is_some_and(|name| matches!(&**name, "p" | "div" | "span" | "a" | "section" | "footer"))
            && fact.text as usize <= LONGEST_LINE
            && LINES.iter().any(|line| begins(line, text) && dom.text_start(node, 2 * LONGEST_LINE).trim().eq_ignore_ascii_case(line));
    is_said && !is_name() && !is_in_sentence(dom, node, all)
        || only_link
            && LABELS.iter().any(|label| text.trim_matches(['[', ']']).eq_ignore_ascii_case(label))
            && !dom.parent(node).is_some_and(|parent| dom.is(parent, "li"))
            && !is_of_text(dom, node, all)
        || only_link
            && WORDS.iter().any(|word| text.trim_matches(['[', ']']).eq_ignore_ascii_case(word))
            && leads_to_its_source(dom, node)
            && (text.starts_with('[') || !is_word_of_sentence(dom, node, all))
        || only_link && is_arrow(text) && !dom.parent(node).is_some_and(|parent| dom.is(parent, "li")) && !is_of_text(dom, node, all)
        || only_link && LINK_PHRASES.iter().any(|phrase| text.strip_prefix(phrase).is_some_and(is_step)) && !is_of_text(dom, node, all)
}

/// "next ->", "<- previous": the word and an arrow to where it leads, and nothing else. "--next" and "->next" are names.
fn is_arrow(text: &str) -> bool {
    let is_word = |text: &str, words: &[&str]| words.iter().any(|word| text.trim_matches([' ', '\u{a0}']).eq_ignore_ascii_case(word));
    FORTH.iter().any(|arrow| text.strip_suffix(arrow).is_some_and(|word| is_word(word, &["next"])))
        || BACK.iter().any(|arrow| text.strip_prefix(arrow).is_some_and(|word| is_word(word, &["previous", "prev"])))
}

const FORTH: [&str; 9] = ["-->", "->", "==>", "=>", ">>", "»", "›", "→", "⇒"];
const BACK: [&str; 9] = ["<--", "<-", "<==", "<=", "<<", "«", "‹", "←", "⇐"];

/// What may stand behind "Next" where that leads to the next page: ".js" and "(Int32)" may not.
fn is_step(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\u{a0}']);
    rest.is_empty()
        || rest.starts_with([':', '→', '»', '›', '>', '⟩', '▶'])
        || STEPS.iter().any(|step| rest.strip_prefix(step).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// Behind "Next" and "Previous".
const STEPS: [&str; 10] = ["page", "topic", "chapter", "section", "post", "article", "lesson", "up", "step", "entry"];

/// Whether a link is a word of the text around it: of a sentence, all of a cell, a term, a heading or an item's paragraph, or code.
fn is_of_text(dom: &Dom, node: NodeId, all: &Facts) -> bool {
    let attribute = |name: &str| dom.attribute(node, name).unwrap_or_default();
    // It does something, or says itself that it leads through the pages.
    if attribute("href") == "#"
        || attribute("href").starts_with("javascript:")
        || matches!(attribute("accesskey"), "p" | "n")
        || attribute("rel").split_ascii_whitespace().any(|rel| matches!(rel, "prev" | "next"))
    {
        return false;
    }
    let is_code = |node: NodeId| ["code", "kbd", "samp", "tt", "var"].iter().any(|name| dom.is(node, name));
    if dom.descendants(node).take(NEAR).any(is_code) || dom.ancestors(node).take(LEVELS).any(is_code) {
        return true;
    }
    if is_all_of(dom, node, all, &["td", "th", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6"]) {
        return true;
    }
    let block = dom.ancestors(node).take(LEVELS).find(|above| dom.name(*above).is_none_or(|name| !is_inline(name)));
    let Some(block) =
        block.filter(|block| ["p", "li", "td", "th", "dt", "dd", "blockquote", "figcaption"].iter().any(|name| dom.is(*block, name)))
    else {
        return false;
    };
    if dom.is(block, "p") && all.at(block).text == all.at(node).text {
        return dom.parent(block).is_some_and(|parent| ["li", "td", "th", "dd"].iter().any(|name| dom.is(parent, name)));
    }
    // Links in a row, with what parts them, are none.
    all.at(block).plain() > SEPARATORS
}

/// Whether words stand before it in its paragraph, or behind it, which make a sentence with it: "Click on Edit this page", of manuals that
/// explain how.
fn is_in_sentence(dom: &Dom, node: NodeId, all: &Facts) -> bool {
    Beside::of(dom, node).is_some_and(|beside| beside.is_sentence(dom, all))
}

/// The same of a word that else is a mark beside a name: the sentence goes on behind it, or leads to it.
fn is_word_of_sentence(dom: &Dom, node: NodeId, all: &Facts) -> bool {
    Beside::of(dom, node).filter(|beside| beside.is_sentence(dom, all)).is_some_and(|beside| {
        let text = |node: Option<NodeId>| node.and_then(|node| dom.text(node)).unwrap_or_default().trim();
        let (before, behind) = (text(beside.before), text(beside.behind));
        let is_code = |text: NodeId| dom.ancestors(text).take(LEVELS).any(|above| dom.is(above, "code"));
        let led = || before.split_whitespace().last().is_some_and(|last| LEADS.iter().any(|word| last.eq_ignore_ascii_case(word)));
        behind.starts_with(['.', ',', ';', ':', '?', '!'])
            || dom.is(beside.block, "p") && behind.starts_with(char::is_lowercase) && !beside.before.is_some_and(is_code)
            || led() && dom.text_start(node, NEAR).starts_with(char::is_lowercase)
    })
}

/// Before such a word: "from source".
const LEADS: [&str; 14] = ["the", "a", "its", "their", "this", "that", "your", "our", "from", "in", "of", "to", "and", "or"];

/// What stands before and behind a part of a line, in the block that holds the line.
struct Beside {
    block: NodeId,
    before: Option<NodeId>,
    behind: Option<NodeId>,
}

impl Beside {
    fn of(dom: &Dom, node: NodeId) -> Option<Self> {
        if !dom.name(node).is_some_and(|name| is_inline(name)) {
            return None;
        }
        let is_said = |below: &NodeId| dom.text(*below).is_some_and(|text| !text.trim().is_empty());
        let said = |node: NodeId| dom.descendants(node).take(NEAR).filter(is_said);
        let (mut before, mut behind, mut at) = (None, None, node);
        for _ in 0..LEVELS {
            let ahead = std::iter::successors(dom.previous_sibling(at), |sibling| dom.previous_sibling(*sibling)).take(NEIGHBOURS);
            before = before.or_else(|| ahead.filter_map(|sibling| said(sibling).last()).next());
            let after = std::iter::successors(dom.next_sibling(at), |sibling| dom.next_sibling(*sibling)).take(NEIGHBOURS);
            behind = behind.or_else(|| after.filter_map(|sibling| said(sibling).next()).next());
            let Some(around) = dom.parent(at) else { break };
            at = around;
            if !dom.name(at).is_some_and(|name| is_inline(name)) {
                break;
            }
        }
        let is_block = ["p", "li", "td", "th", "dt", "dd", "blockquote", "figcaption"].iter().any(|name| dom.is(at, name));
        is_block.then_some(Self { block: at, before, behind })
    }

    fn is_sentence(&self, dom: &Dom, all: &Facts) -> bool {
        let ends =
            |text: &str| text.trim_end().ends_with(|c: char| c.is_alphanumeric() || matches!(c, ',' | '(' | '"' | '“' | '„' | '«' | '「'));
        let goes_on = |text: &str| text.trim_start().starts_with(char::is_lowercase) && text.split_whitespace().nth(2).is_some();
        let text = |node: Option<NodeId>| node.and_then(|node| dom.text(node));
        text(self.before).is_some_and(ends)
            || self.before.is_none() && text(self.behind).is_some_and(goes_on) && all.at(self.block).anchors == 0
    }
}

/// Whether one of these holds the element and nothing else.
fn is_all_of(dom: &Dom, node: NodeId, all: &Facts, names: &[&str]) -> bool {
    let around = dom.ancestors(node).take(LEVELS).find(|above| names.iter().any(|name| dom.is(*above, name)));
    around.is_some_and(|around| all.at(around).text <= all.at(node).text + BRACKETS)
}

fn is_inline(name: &str) -> bool {
    matches!(name, "a" | "span" | "em" | "strong" | "b" | "i" | "small" | "sup" | "sub" | "u" | "font" | "bdi" | "q" | "cite" | "mark")
}

/// Generators set such a link beside a signature, in whatever stands around it.
fn leads_to_its_source(dom: &Dom, node: NodeId) -> bool {
    let href = dom.attribute(node, "href").unwrap_or_default();
    ["#L", "src/", "/_modules/", "_modules/", "/blob/", "/source/", "#line-"].iter().any(|part| href.contains(part))
        && !dom.descendants(node).take(NEAR).any(|below| dom.is(below, "code"))
}

/// How far around a link its sentence is looked for, and how many of its neighbours may have no words.
const LEVELS: usize = 6;
const NEIGHBOURS: usize = 4;
/// In bytes: what stands around an only link.
const BRACKETS: u32 = 2;
/// In bytes: what stands between links in a row.
const SEPARATORS: f32 = 4.0;
/// Of `LABELS`, those that are beside signatures.
const WORDS: [&str; 2] = ["source", "src"];

/// "5 min read", as blogs and manuals that look like them have it below the title.
fn is_reading_time(text: &str) -> bool {
    let number = text.trim_start_matches('~');
    let text = number.trim_start_matches(|c: char| c.is_ascii_digit());
    // Without one it is the least time of a read.
    text.len() < number.len()
        && ["min read", "mins read", "minute read", "minutes read", "minutes to read"]
            .iter()
            .any(|said| text.trim_start_matches([' ', '\u{a0}', '-']).eq_ignore_ascii_case(said))
}

/// Whether what stands behind the phrase is when the page was changed, or by whom, and not what a sentence says of something else.
fn tells_date(dom: &Dom, node: NodeId, phrase: &str) -> bool {
    if dom.descendants(node).take(NEAR).any(|below| dom.is(below, "time")) {
        return true;
    }
    let text = dom.text_start(node, LONGEST_DATE as usize * 2);
    let rest = text.get(phrase.len()..).unwrap_or_default().trim_start_matches([' ', '\u{a0}', '\n', '\t', ':', '-', '–', '—']).trim_end();
    let words = || rest.split_whitespace();
    let first = words().next().unwrap_or_default().to_lowercase();
    // "4 days", and "ago" is elsewhere.
    let since = || first.starts_with(|c: char| c.is_ascii_digit()) && words().count() <= 3;
    let few = || matches!(first.as_str(), "by" | "on" | "at" | "in" | "today" | "yesterday") && words().count() <= MOST_OF_AUTHOR;
    let starts = words().next().unwrap_or_default();
    // "Last modified time", "last updated by the job": of something else.
    if starts.bytes().all(|byte| byte.is_ascii_lowercase()) && !BEHIND_DATES.contains(&starts)
        || first == "by" && words().nth(1).is_some_and(|word| ["the", "a", "an", "its", "your", "this", "each"].contains(&word))
    {
        return false;
    }
    let month = |word: &str| MONTHS.iter().any(|month| begins(word, month));
    let dated = || {
        words().any(is_date)
            || words().any(month) && rest.contains(|c: char| c.is_ascii_digit())
            || words().last().is_some_and(|word| word.trim_end_matches('.').eq_ignore_ascii_case("ago"))
    };
    // In a paragraph somebody's name alone may be a sentence, too.
    dated() || since() || few() && !(dom.is(node, "p") && rest.ends_with('.'))
}

/// "2024", "2024-01-02", "1.2.24", "10:00", "2024年", but not a number of things or a version.
fn is_date(word: &str) -> bool {
    let mut runs = word.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    let first = runs.next().unwrap_or_default();
    let more = runs.count();
    first.len() == 4 && (first.starts_with("19") || first.starts_with("20")) || more > 1 || more == 1 && word.contains(':')
}

/// As they begin; English says "May", too, and so a number must be there.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Small words with which it goes on where a date or a name follows.
const BEHIND_DATES: [&str; 24] = [
    "by",
    "on",
    "at",
    "in",
    "date",
    "for",
    "from",
    "edited",
    "updated",
    "modified",
    "changed",
    "built",
    "generated",
    "reviewed",
    "published",
    "committed",
    "about",
    "over",
    "almost",
    "a",
    "an",
    "today",
    "yesterday",
    "since",
];

/// In words, with "by" or "on".
const MOST_OF_AUTHOR: usize = 5;

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

const DATES: [&str; 5] = ["Last modified", "Last updated", "Last edited", "This page was last", "Page last updated"];

/// Behind a phrase that is a request to readers.
const MORE_WORDS: usize = 3;

/// How phrases begin that a sentence may begin with as well.
const REQUESTS: [&str; 7] = ["Edit", "Suggest", "Rate", "Improve", "Report", "View", "Help"];

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
    "Subscribe to our newsletter",
];

/// In bytes.
const LONGEST_LINE: usize = 24;

/// Nothing stands behind them, and no section is called so.
const LINES: [&str; 12] = [
    "Copy page",
    "Copy as Markdown",
    "View as Markdown",
    "Ask AI",
    "Ask AI about this page",
    "Chat with this page",
    "Open in ChatGPT",
    "Open in Claude",
    "Powered by Mintlify",
    "Powered by GitBook",
    "Powered by ReadMe",
    "Built with Mintlify",
];

const LINK_PHRASES: [&str; 5] = ["Previous", "Next", "Prev", "« Previous", "← Previous"];
