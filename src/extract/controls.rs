//! Which buttons are text of the page: headings that are clicked, names of columns, words of a sentence, code to be copied. All others do
//! something with the page. Judges by where a button stands and what is in it; every look is bounded.

use crate::extract::dom::{Dom, NodeId};
use crate::extract::facts::is_heading;

/// Whether what a button says is read where it stands.
pub(super) fn is_text(dom: &Dom, button: NodeId) -> bool {
    // A heading is one by whatever it is clicked.
    if is_heading(dom, button) || dom.is(button, "summary") || dom.is(button, "dt") {
        return true;
    }
    let said = said(dom, button);
    if holds_listing(dom, button) {
        return true;
    }
    if !is_name(&said) {
        return false;
    }
    let does = is_action(&said);
    if does && names_section(dom, button, &said) {
        return true;
    }
    if !does && (is_titled(dom, button) || dom.descendants(button).take(PARTS).any(|below| is_heading(dom, below))) {
        return true;
    }
    if is_all_of_cell(dom, button, &said) {
        return names_row(dom, button, &said) || !does && !is_action_of_row(dom, button, &said);
    }
    is_question(dom, button, &said) || is_request(dom, button) || is_in_sentence(dom, button, does)
}

/// A button that opens what stands below it, and says what that is: in a heading, or of an accordion.
fn is_question(dom: &Dom, button: NodeId, said: &str) -> bool {
    let class = dom.attribute(button, "class").unwrap_or_default().to_ascii_lowercase();
    let called = |names: &[&str]| names.iter().any(|name| class.contains(name)) && !class.contains("nav");
    let folds = dom.attribute(button, "aria-expanded").is_some() || dom.attribute(button, "aria-controls").is_some();
    let is_control = dom.is(button, "button");
    // Called so, one word is a question, too.
    if called(&["accordion", "faq", "question", "disclosure"]) && (folds || !is_control) && !is_action(said) {
        return true;
    }
    let called = called(&["accordion", "faq", "question", "collaps", "disclosure", "toggle"]);
    let titled = dom.parent(button).is_some_and(|parent| is_title(dom, parent));
    let holds = || dom.descendants(button).take(PARTS).any(|below| dom.is(below, "p"));
    said.split_whitespace().count() > 1
        && (folds && (titled || !is_control || called) || called && (titled || !is_control) || is_control && holds())
}

/// All of a heading: without it, what is below would have none.
fn is_titled(dom: &Dom, button: NodeId) -> bool {
    let Some(parent) = dom.parent(button).filter(|parent| is_title(dom, *parent)) else { return false };
    is_all_of(dom, button, parent)
}

/// The same of what is called as some buttons are: a term is none of these, and a heading that folds its section is one of the frame's only
/// where it is called so.
fn names_section(dom: &Dom, button: NodeId, said: &str) -> bool {
    let folds = dom.attribute(button, "aria-expanded").is_some() || dom.attribute(button, "aria-controls").is_some();
    let Some(parent) = dom.parent(button).filter(|parent| is_title(dom, *parent) && is_all_of(dom, button, *parent)) else { return false };
    !is_heading(dom, parent) || folds && !OF_FRAMES.contains(&plain(said).as_str())
}

fn is_title(dom: &Dom, node: NodeId) -> bool {
    is_heading(dom, node) || dom.is(node, "dt") || dom.is(node, "summary")
}

/// The method and the address of a request, by which descriptions of interfaces open an operation.
fn is_request(dom: &Dom, button: NodeId) -> bool {
    let parts = || dom.descendants(button).take(PARTS).filter_map(|below| dom.text(below)).map(str::trim).filter(|text| !text.is_empty());
    parts().take(2).count() > 1
        && parts().next().is_some_and(|first| METHODS.iter().any(|method| first.eq_ignore_ascii_case(method)))
        && parts().skip(1).any(|text| text.starts_with(['/', '{']) || text.starts_with("http"))
}

const METHODS: [&str; 9] = ["get", "post", "put", "patch", "delete", "del", "head", "options", "trace"];

/// Code to be copied stands in the button that copies it.
fn holds_listing(dom: &Dom, button: NodeId) -> bool {
    let code = dom.descendants(button).skip(1).take(PARTS).find(|below| dom.is(*below, "code") || dom.is(*below, "pre"));
    code.is_some_and(|code| is_name(&said(dom, code)))
}

/// The name of a column, by which it is sorted; a value that a click copies.
fn is_all_of_cell(dom: &Dom, button: NodeId, said: &str) -> bool {
    let cell = dom.ancestors(button).take(3).find(|above| dom.is(*above, "td") || dom.is(*above, "th"));
    cell.is_some_and(|cell| said.len() < LONGEST && is_all_of(dom, button, cell))
}

/// "Edit" and "Delete" of each row; a column may be called so.
fn is_action_of_row(dom: &Dom, button: NodeId, said: &str) -> bool {
    !dom.ancestors(button).take(3).any(|above| dom.is(above, "th")) && ROW_ACTIONS.contains(&plain(said).as_str())
}

/// The first cell of a row says what the others are about, where the rows beside it have another name there: "Start", "Stop".
fn names_row(dom: &Dom, button: NodeId, said: &str) -> bool {
    let Some(cell) = dom.ancestors(button).take(3).find(|above| dom.is(*above, "td")) else { return false };
    let Some(row) = dom.parent(cell).filter(|_| dom.previous_element(cell).is_none() && dom.next_element(cell).is_some()) else {
        return false;
    };
    let first = |row: NodeId| dom.children(row).take(PARTS).find(|cell| dom.is(*cell, "td"));
    let others: Vec<String> = [dom.previous_element(row), dom.next_element(row)]
        .into_iter()
        .flatten()
        .filter_map(first)
        .map(|cell| self::said(dom, cell))
        .collect();
    !others.is_empty() && others.iter().all(|other| !other.is_empty() && other != said)
}

/// "Click Save and wait": the sentence goes on behind the button.
fn is_in_sentence(dom: &Dom, button: NodeId, does: bool) -> bool {
    let sentence = dom
        .parent(button)
        .and_then(|parent| dom.name(parent))
        .is_some_and(|name| matches!(&**name, "p" | "li" | "dd" | "td" | "blockquote" | "figcaption" | "em" | "strong" | "b" | "i"));
    if !sentence {
        return false;
    }
    let beside = |near: Option<NodeId>| near.and_then(|near| dom.text(near)).filter(|text| !text.trim().is_empty());
    let (before, behind) = (beside(dom.previous_sibling(button)), beside(dom.next_sibling(button)));
    // A button that copies what is behind it is no word of it.
    if does && before.is_none() {
        return false;
    }
    let goes_on = behind.and_then(|text| text.trim_start().chars().next()).is_some_and(|first| {
        first.is_alphabetic() && !first.is_uppercase() || matches!(first, ',' | '.' | ';' | ':' | ')' | '!' | '?' | '。' | '、' | '，')
    });
    goes_on && behind.is_some_and(|text| before.is_some() || text.trim().contains(char::is_alphabetic))
}

/// Whether there is nothing else to read in what is around it.
fn is_all_of(dom: &Dom, button: NodeId, around: NodeId) -> bool {
    let text = |node| dom.descendants(node).take(PARTS).filter_map(|below| dom.text(below)).map(|text| text.trim().len()).sum::<usize>();
    text(around) == text(button)
}

/// What stands in a button, on one line.
fn said(dom: &Dom, button: NodeId) -> String {
    dom.text_start(button, LONGEST).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// More than a sign: a letter may be one. A word of Chinese has no more than a few.
fn is_name(said: &str) -> bool {
    said.chars().filter(|c| c.is_alphanumeric()).nth(1).is_some()
}

/// Something that is done with the page or a part of it, wherever it stands.
fn is_action(said: &str) -> bool {
    ACTIONS.contains(&plain(said).as_str())
}

fn plain(said: &str) -> String {
    said.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// In nodes, and in bytes.
const PARTS: usize = 40;
const LONGEST: usize = 200;

const ACTIONS: [&str; 33] = [
    "copy",
    "copied",
    "copy code",
    "copy link",
    "copy link to heading",
    "copy section link",
    "copy to clipboard",
    "copy page",
    "edit",
    "edit source",
    "share",
    "print",
    "menu",
    "close",
    "open",
    "toggle",
    "show",
    "hide",
    "show more",
    "show less",
    "read more",
    "more",
    "less",
    "expand",
    "expand all",
    "collapse",
    "collapse all",
    "back to top",
    "search",
    "link",
    "permalink",
    "toggle navigation",
    "toggle menu",
];

/// Of these, those that frames of pages have as headings.
const OF_FRAMES: [&str; 10] =
    ["menu", "close", "toggle", "more", "less", "show more", "show less", "toggle navigation", "toggle menu", "back to top"];

const ROW_ACTIONS: [&str; 27] = [
    "add",
    "add to cart",
    "apply",
    "buy",
    "buy now",
    "cancel",
    "delete",
    "details",
    "download",
    "enable",
    "disable",
    "install",
    "order",
    "play",
    "preview",
    "quote",
    "remove",
    "reply",
    "report",
    "run",
    "save",
    "select",
    "start",
    "stop",
    "try it",
    "update",
    "view",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(html: &str) -> bool {
        let dom = Dom::parse(html);
        let button =
            |node: &NodeId| dom.is(*node, "button") || dom.is(*node, "clipboard-copy") || dom.attribute(*node, "role") == Some("button");
        is_text(&dom, dom.descendants(dom.root()).find(button).unwrap())
    }

    #[test]
    fn what_is_read_where_a_button_stands() {
        for html in [
            // Headings, however short
            "<h3><button aria-expanded=false>Installation</button></h3>",
            "<h3><button aria-expanded=false>どうやって使いますか</button></h3>",
            "<h2 class=accordion-header><button class='accordion-button collapsed' data-bs-toggle=collapse>Pricing</button></h2>",
            "<dl><dt><button aria-expanded=false>Pricing</button></dt></dl>",
            "<h3 role=button aria-expanded=false>Setup</h3>",
            "<div class=card-header role=button><h4>Returns</h4></div>",
            "<details><summary><button>Options</button></summary></details>",
            "<details><summary><button>Share</button></summary></details>",
            "<dl><dt><button aria-expanded=false>Print</button></dt></dl>",
            "<h3><button aria-expanded=false>Search</button></h3>",
            "<div role=button class=accordion-header>Support</div>",
            "<button class=accordion aria-expanded=false>Support</button>",
            "<button aria-expanded=false class=faq-question>What does it cost?</button>",
            "<button><p>What does it cost?</p></button>",
            // Columns and values
            "<table><tr><th><button>Name</button></th></tr></table>",
            "<table><tr><th><span role=button>Update</span></th></tr></table>",
            "<table><tr><td><button class=copy>abc-123</button></td></tr></table>",
            "<table><tr><td><button>Start</button></td><td>Starts it</td></tr><tr><td><button>Stop</button></td><td>Stops it</td></tr></table>",
            "<table><tr><td><button>Edit</button></td><td>Opens it</td></tr><tr><td>Other</td><td>Is another</td></tr></table>",
            // Words of a sentence
            "<li><button>Run</button> starts it.</li>",
            "<p>Click <button>Save</button> and then wait.</p>",
            "<p>Press <button>Edit</button>.</p>",
            "<p>点击<button>保存</button>按钮</p>",
            // Operations
            "<button aria-expanded=true><span class=method>GET</span><span><a>/pots/{id}</a></span><div>Get a pot</div></button>",
            "<button><span class='http-verb get'>get</span><span>/pots</span></button>",
            // Code
            "<button class=copy-button><code>npm i kettle</code></button>",
            "<clipboard-copy><code>npm i kettle</code></clipboard-copy>",
        ] {
            assert!(is_read(html), "{html}");
        }
    }

    #[test]
    fn buttons_that_do_something_are_no_text() {
        for html in [
            "<h2>Title<button>Copy link</button></h2>",
            "<h2>Title <button aria-expanded=false>Details</button></h2>",
            "<h2><button>Menu</button></h2>",
            "<h2><button aria-expanded=false>Menu</button></h2>",
            "<h2><button>Search</button></h2>",
            "<table><tr><td><button>Play</button></td><td>A song</td></tr><tr><td><button>Play</button></td><td>Another</td></tr></table>",
            "<table><tr><td>A song</td><td><button>Play</button></td></tr><tr><td>Another</td><td><button>Stop</button></td></tr></table>",
            "<h2>Title <button>#</button></h2>",
            "<button>Save all changes</button>",
            "<button aria-expanded=false>Products and services</button>",
            "<button class='navbar-toggle collapsed' aria-expanded=false>Toggle navigation bar</button>",
            "<table><tr><th>Name <button>Sort it</button></th></tr></table>",
            "<table><tr><td><button>Delete</button></td></tr></table>",
            "<table><tr><td><button>×</button></td></tr></table>",
            "<li><button>Copy</button> npm install</li>",
            "<li>An item <button>Remove it</button></li>",
            "<p><button>Yes</button> <button>No</button></p>",
            "<p>Price: 5 <button>Buy now</button> <small>Free</small></p>",
            "<button>Get <b>started</b> now</button>",
            "<button><svg></svg></button>",
            "<clipboard-copy>Copy it</clipboard-copy>",
        ] {
            assert!(!is_read(html), "{html}");
        }
    }
}
