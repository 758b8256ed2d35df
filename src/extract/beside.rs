//! Marks what is beside the content of a page, or within it but not of it: navigation, banners, permalink marks, hidden parts,
//! what readers wrote. Judges by element, role, class and id, and by a few phrases; knows no page by its address.

use crate::extract::conceal::is_concealed;
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::facts::{Facts, is_heading};
use crate::extract::genre::Genre;
use crate::extract::hidden::{Copies, is_hidden};
use crate::extract::hints::{self, Hint, is_note};
use crate::extract::judge::{Case, Element, Rule, Trust, judge};
use crate::extract::phrases::is_phrase_of_site;
use crate::extract::{code, controls, math};

/// Whether scripts would run: what stands in for them is read only where they would have filled the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scripts {
    Run,
    Fail,
}

/// Leaves out what no reader sees or reads: scripts, controls, hidden elements, navigation by its element, permalink marks.
/// Returns how much text stands in for scripts, in bytes.
pub(super) fn leave_out_unread(dom: &Dom, scripts: Scripts, left_out: &mut [Option<Rule>]) -> usize {
    let mut substitutes = 0;
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        let Some(name) = dom.name(node) else { continue };
        let unread = match &**name {
            // Where scripts fail it is read; one within another is not counted for each of them.
            "noscript" if scripts == Scripts::Fail => false,
            "noscript" => {
                substitutes += dom.descendants(node).filter_map(|below| dom.text(below)).map(|text| text.trim().len()).sum::<usize>();
                true
            }
            name => is_unread(dom, node, name),
        };
        if unread {
            left_out[node.index()] = Some(if is_dialog(dom, node, name) { Rule::Dialog } else { Rule::Unread });
            walk.pass_over();
        }
    }
    substitutes
}

fn is_dialog(dom: &Dom, node: NodeId, name: &str) -> bool {
    name == "dialog" || matches!(dom.attribute(node, "role"), Some("dialog" | "alertdialog"))
}

fn is_unread(dom: &Dom, node: NodeId, name: &str) -> bool {
    match name {
        // Some of them are headings, columns, words of a sentence.
        "button" | "clipboard-copy" => return !controls::is_text(dom, node),
        // What is open is shown.
        "dialog" => return dom.attribute(node, "open").is_none(),
        // Some are where an example can be changed.
        "textarea" => return !code::is_field(dom, node),
        "template" => return dom.attribute(node, "shadowrootmode").is_none(),
        // Some of them are formulas.
        "script" => return !math::is_formula_script(dom, node),
        "style" | "nav" | "input" | "select" | "iframe" | "svg" | "object" | "embed" | "canvas" | "video" | "audio" | "head"
        | "progress" | "datalist" | "map" | "noframes" => return true,
        "html" | "body" | "main" => return false,
        "a" => return is_permalink(dom, node),
        _ => {}
    }
    let role = dom.attribute(node, "role").unwrap_or_default();
    matches!(role, "navigation" | "search" | "banner" | "contentinfo" | "menu" | "menubar" | "dialog" | "alertdialog" | "tab" | "tooltip")
        || role == "button" && !controls::is_text(dom, node)
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
    let href = dom.attribute(node, "href").unwrap_or_default();
    let within = href.starts_with('#');
    // A control that is written as a link.
    if (href == "#" || href.starts_with("javascript:")) && ["trigger", "dropdown", "toggle"].iter().any(|name| classes.contains(name)) {
        return true;
    }
    if is_picture_of_place(dom, node) {
        return true;
    }
    if !by_class && !within {
        return false;
    }
    let text = dom.text_start(node, LONGEST_MARK);
    let text = text.trim();
    let is_mark = text.chars().count() <= 2 && !text.chars().any(char::is_alphanumeric) && (by_class || is_sign_of_place(dom, node, text))
        || by_class && matches!(text, "Link" | "link" | "Permalink" | "permalink" | "Anchor" | "Copy link")
        || text.starts_with("Skip to");
    is_mark && dom.descendants(node).take(LONGEST_MARK).all(|below| !dom.is(below, "img"))
        || by_class && is_named_mark(classes, text)
        || within && text.is_empty() && is_picture_of_top(dom, node)
}

/// Scaladoc's mark of a link to a member is a picture.
fn is_picture_of_place(dom: &Dom, link: NodeId) -> bool {
    let Some(picture) = dom.first_child(link).filter(|only| dom.is(*only, "img") && dom.next_sibling(*only).is_none()) else {
        return false;
    };
    dom.attribute(picture, "alt")
        .is_some_and(|alt| ["permalink", "permanent link"].iter().any(|name| alt.trim().eq_ignore_ascii_case(name)))
}

/// An arrow that leads to where the page begins.
fn is_picture_of_top(dom: &Dom, link: NodeId) -> bool {
    let mut pictures = dom.descendants(link).take(LONGEST_MARK).filter(|below| dom.is(*below, "img"));
    pictures.next().and_then(|picture| dom.attribute(picture, "alt")).is_some_and(|alt| {
        let alt = alt.trim().trim_matches(['[', ']', '^']).trim();
        ["top", "to top", "back to top", "go to top", "top of page"].iter().any(|name| alt.eq_ignore_ascii_case(name))
    }) && dom.parent(link).is_some_and(|around| {
        // Alone in its line: within a sentence it is a word of it.
        dom.children(around).all(|beside| beside == link || dom.text(beside).is_some_and(|text| text.trim().is_empty()))
    })
}

/// What themes set beside a heading or a note for a link to it, without a class. Operators that lead to where they are explained are others.
fn is_sign_of_place(dom: &Dom, node: NodeId, text: &str) -> bool {
    let is_sign = |c| {
        matches!(c, '¶' | '#' | '§' | '🔗' | '⚓' | '∞' | '↩' | '↑' | '⇧' | '^' | '*' | '☞' | '⤴' | '◆' | '◇' | '\u{fe0e}' | '\u{fe0f}')
    };
    text.chars().all(is_sign) && !dom.descendants(node).take(LONGEST_MARK).any(|below| dom.is(below, "code"))
}

/// In bytes; longer ones are links with a text.
const LONGEST_MARK: usize = 80;

fn is_named_mark(classes: &str, text: &str) -> bool {
    let source =
        classes.split_ascii_whitespace().any(|class| matches!(class, "viewcode-link" | "viewcode-back" | "srclink" | "src" | "rightside"));
    source && matches!(text.trim_matches(['[', ']']).to_ascii_lowercase().as_str(), "source" | "docs" | "view source")
        || text.starts_with("Edit this")
        || text.starts_with("Permalink to")
        || text.starts_with("Direct link to")
        || text.starts_with("Section titled")
}

/// What the judge is told beside the page itself.
pub(super) struct Court<'a> {
    pub(super) genre: Genre,
    pub(super) trust: Trust,
    /// What the page calls its main content, or what holds its title and its text.
    pub(super) core: Option<NodeId>,
    /// Whether the page calls it so.
    pub(super) is_named_main: bool,
    pub(super) all: &'a Facts,
    pub(super) copies: &'a Copies<'a>,
}

/// Leaves out what is beside the content by its name and what it holds. Returns how much running text that took.
pub(super) fn leave_out(dom: &Dom, court: &Court, left_out: &mut [Option<Rule>]) -> f32 {
    let Court { genre, trust, all, .. } = *court;
    let page = all.at(dom.root());
    let (mut taken, mut within) = (0.0, false);
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let node = match step {
            Step::Enter(node) => node,
            Step::Leave(node) => {
                within &= Some(node) != court.core;
                continue;
            }
        };
        within |= Some(node) == court.core;
        if left_out[node.index()].is_some() {
            walk.pass_over();
            continue;
        }
        let Some(name) = dom.name(node) else { continue };
        let fact = all.at(node);
        let rule = if is_phrase_of_site(dom, node, all) {
            Some(Rule::Phrase)
        } else if court.copies.is_noted(node) && (is_hidden(dom, node) && !is_concealed(dom, node) || is_for_ears(dom, node, name)) {
            // A mark in the text leads to it.
            None
        } else if is_mark(dom, node, name) && fact.prose == 0.0
            || is_for_ears(dom, node, name) && fact.text * 2 <= page.text && !is_all_of_cell(dom, node, all)
        {
            Some(Rule::Mark)
        } else if is_content_by_name(name) && (is_page(name) || !is_hidden(dom, node)) {
            None
        } else if is_hidden(dom, node) && court.copies.repeats(node) {
            Some(Rule::HiddenCopy)
        } else {
            let hint = hints::of(dom, node, genre);
            let element = match element(dom, node, name, court, hint) {
                Element::Aside if within && is_set_apart(dom, node) => Element::Note,
                Element::Plain if within && hint.is_some() && is_set_apart(dom, node) => Element::Note,
                element => element,
            };
            let entries = hint == Some(Hint::Replies) && holds_entries(dom, node);
            // What stands right in it, and not in parts of it: a remark, and no frame.
            let is_said =
                within && hint.is_some() && dom.children(node).filter_map(|child| dom.text(child)).any(|text| text.trim().len() > 2);
            judge(&Case { element, hint, fact, page, genre, within, cored: court.core.is_some(), trust, entries, is_said })
        };
        if let Some(rule) = rule {
            taken += if rule.is_bounded() { fact.prose } else { 0.0 };
            left_out[node.index()] = Some(rule);
            walk.pass_over();
        } else if name == "pre" {
            // A listing is read by rules of its own.
            walk.pass_over();
        }
    }
    taken
}

/// Whether it holds what readers' entries are made of, as far as its first elements tell.
fn holds_entries(dom: &Dom, node: NodeId) -> bool {
    dom.descendants(node).skip(1).take(200).any(|below| {
        dom.is(below, "time")
            || dom.attribute(below, "class").is_some_and(|class| {
                [
                    "comment-author",
                    "comment-body",
                    "comment-content",
                    "comment-meta",
                    "comment-reply",
                    "reply-link",
                    "avatar",
                    "vcard",
                    "usernote",
                ]
                .iter()
                .any(|name| class.contains(name))
                    // A theme's "td-comment__inner" is no comment.
                    || class.split_ascii_whitespace().any(|class| class.starts_with("comment_"))
            })
    })
}

/// Elements that are never beside the content.
fn is_content_by_name(name: &str) -> bool {
    // MathJax names its formulas after its menu.
    name.starts_with("mjx-")
        || matches!(name, "html" | "body" | "main" | "code" | "table" | "tbody" | "tr" | "td" | "th" | "pre" | "article")
}

/// Of these, those that hold all of a page, or a formula by several names: one of them is often hidden.
fn is_page(name: &str) -> bool {
    name.starts_with("mjx-") || matches!(name, "html" | "body" | "main")
}

fn element(dom: &Dom, node: NodeId, name: &str, court: &Court, hint: Option<Hint>) -> Element {
    // Some pages are hidden until their script has run.
    if is_hidden(dom, node) {
        let role = dom.attribute(node, "role").unwrap_or_default();
        let frame =
            hint.is_some() || matches!(role, "dialog" | "alertdialog" | "menu" | "tooltip") || dom.attribute(node, "aria-modal").is_some();
        return match () {
            () if frame => Element::HiddenFrame,
            () if court.copies.is_disclosed(dom, node) => Element::Disclosed,
            () => Element::Hidden,
        };
    }
    match name {
        "footer" | "div" | "p" if is_of_quotation(dom, node, hint) => Element::Text,
        "footer" => Element::Footer,
        "div" | "section" if !court.is_named_main && is_called_footer(dom, node) => Element::Footer,
        "header" => Element::Header,
        _ if name == "aside" || dom.attribute(node, "role") == Some("complementary") => {
            if is_note(dom, node) {
                Element::Note
            } else {
                Element::Aside
            }
        }
        // Below text, a heading of whatever level is one of a section.
        "h1" if dom.previous_element(node).is_some_and(|before| court.all.at(before).prose > 0.0) => Element::Text,
        "h1" | "figure" | "figcaption" | "time" | "small" if court.genre == Genre::Story => Element::Head,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "dt" | "dd" | "span" | "a" | "em" | "strong" | "b" | "i" | "summary" => {
            Element::Text
        }
        _ => Element::Plain,
    }
}

/// A topic or a sidebar of docutils, which has its title first, in a paragraph: no list of what the page contains. Themes have headings.
fn is_set_apart(dom: &Dom, node: NodeId) -> bool {
    let first = dom.children(node).find(|child| dom.name(*child).is_some()).filter(|first| dom.is(*first, "p"));
    first.is_some_and(|title| dom.has_class(title, "topic-title") || dom.has_class(title, "sidebar-title"))
        && !dom.has_class(node, "contents")
}

/// Who said what is quoted, whether it is called a footer or is one; in an item or a cell, where it begins as such lines do.
fn is_of_quotation(dom: &Dom, node: NodeId, hint: Option<Hint>) -> bool {
    let parent = dom.parent(node).and_then(|parent| dom.name(parent)).map(|name| &**name);
    match parent {
        Some("blockquote") => matches!(hint, None | Some(Hint::Navigation)),
        Some("figure" | "li" | "td" | "dd") if dom.is(node, "footer") => {
            parent == Some("figure")
                || dom.text_start(node, LONGEST_MARK).starts_with(['—', '–', '-', '―', '~'])
                || dom.descendants(node).take(LONGEST_MARK).any(|below| dom.is(below, "cite"))
        }
        _ => false,
    }
}

/// Called so, and nothing else.
fn is_called_footer(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "id") == Some("footer") || dom.attribute(node, "class").is_some_and(|class| class.trim() == "footer")
}

/// Small things beside the text, in elements that else hold it.
fn is_mark(dom: &Dom, node: NodeId, name: &str) -> bool {
    match name {
        "td" | "pre" => return is_line_numbers(dom, node),
        // Doxygen sets the project's name and version above each page.
        "div" if dom.attribute(node, "id") == Some("titlearea") => {
            let is_of_project = |below| dom.attribute(below, "id").is_some_and(|id| id.starts_with("project"));
            return dom.descendants(node).take(LONGEST_MARK).any(is_of_project);
        }
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "div" | "label" | "span" | "a" | "em" | "strong" | "b" | "i" | "summary" => {}
        _ => return false,
    }
    let title = matches!(name, "div" | "label" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
    let mut classes = dom.attribute(node, "class").unwrap_or_default().split_ascii_whitespace();
    classes.any(|class| match class {
        // rustdoc's last one runs an example elsewhere.
        "hideme" | "out-of-band" | "menu-title" | "method-click-advice" | "test-arrow" => true,
        "katex-html" | "MathJax_Preview" | "mw-editsection" | "copy-path" | "linenos" | "md-tag" | "breadcrumb" | "viewcode-link"
        | "gs-label" | "skip-link" => !title,
        // A version beside a signature, which the writer tells below; elsewhere a paragraph about one.
        "since" => name == "span",
        _ => false,
    })
}

/// For those who hear the page, and shown to nobody. Its title, too, may be said to them only.
fn is_for_ears(dom: &Dom, node: NodeId, name: &str) -> bool {
    let classes = dom.attribute(node, "class").unwrap_or_default();
    name != "h1" && classes.split_ascii_whitespace().any(|class| FOR_EARS.contains(&class))
}

/// What a sign in a cell says to those who do not see it is what the cell says: "Yes", "No".
fn is_all_of_cell(dom: &Dom, node: NodeId, all: &Facts) -> bool {
    let cell = dom.ancestors(node).take(4).find(|above| ["td", "th", "dd"].iter().any(|name| dom.is(*above, name)));
    cell.is_some_and(|cell| all.at(node).text > 0 && all.at(cell).text == all.at(node).text)
}

const FOR_EARS: [&str; 5] = ["sr-only", "visually-hidden", "screen-reader-text", "visuallyhidden", "u-visually-hidden"];

/// The column of numbers beside a listing that is laid out as a table.
fn is_line_numbers(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.split_ascii_whitespace().any(|class| matches!(class, "linenos" | "lineno" | "gutter" | "gl" | "rouge-gutter" | "linenodiv"))
    })
}

/// What stands before the title within the content, and is nearly all links, leads elsewhere.
pub(super) fn leave_out_before_title(dom: &Dom, root: NodeId, title: NodeId, facts: &Facts, left_out: &mut [Option<Rule>]) {
    let mut path = title;
    while path != root
        && let Some(parent) = dom.parent(path)
    {
        for child in dom.children(parent).take_while(|child| *child != path) {
            let fact = facts.at(child);
            // The site's name may stand in a heading, too: as a link to its first page.
            let site = fact.titles > 0 && fact.linked_headings == fact.headings && fact.prose < 100.0;
            let arrows = || {
                fact.is_pictured()
                    && fact.pictured > 1
                    && fact.images == fact.pictured
                    && fact.text < 80
                    && !dom.text_start(child, 160).contains(char::is_alphanumeric)
                    && dom.descendants(child).filter(|below| dom.is(*below, "img")).all(|picture| is_step(dom, picture))
            };
            // A heading that is its own permalink.
            let titled = || fact.linked_headings == 0 && fact.heading.is_some_and(|heading| facts.at(heading).text == fact.text);
            let linked = fact.link_share() > if fact.anchors > 2 { 0.6 } else { 0.9 } && !titled();
            if left_out[child.index()].is_none() && (linked || site || arrows()) {
                left_out[child.index()] = Some(Rule::LinkList);
            }
        }
        path = parent;
    }
}

/// An arrow or a sign that leads to another page of a manual.
fn is_step(dom: &Dom, picture: NodeId) -> bool {
    let said = dom.attribute(picture, "alt").unwrap_or_default().trim().trim_matches(['[', ']', '<', '>', '-', ' ']);
    STEPS.iter().any(|step| said.eq_ignore_ascii_case(step))
}

const STEPS: [&str; 20] = [
    "prev",
    "previous",
    "next",
    "up",
    "top",
    "home",
    "back",
    "forward",
    "first",
    "last",
    "contents",
    "table of contents",
    "toc",
    "index",
    "search",
    "help",
    "start",
    "parent",
    "references",
    "main",
];

/// What holds the title and all that is below it: not the block that is there for the title and who wrote the page.
fn around_title(dom: &Dom, title: NodeId) -> Option<NodeId> {
    dom.parent(title_page(dom, title).unwrap_or(title))
}

pub(super) fn title_page(dom: &Dom, title: NodeId) -> Option<NodeId> {
    let is_titles = |node: &NodeId| {
        dom.attribute(*node, "class")
            .is_some_and(|classes| classes.split_ascii_whitespace().any(|class| class.eq_ignore_ascii_case("titlepage")))
    };
    dom.ancestors(title).take(TITLE_LEVELS).find(is_titles)
}

/// How far around it the block of a title is looked for.
const TITLE_LEVELS: usize = 4;

/// Paragraphs of words and links, and nothing else: "Implements `Kettle`."
fn says_what_leads(dom: &Dom, node: NodeId, facts: &Facts) -> bool {
    let around = innermost(dom, node, &["div"], facts);
    let is_paragraph = |child: NodeId| dom.is(child, "p") || facts.at(child).text == 0;
    dom.is(node, "div") && facts.at(node).plain() >= LEAST_SAID && dom.children(around).all(is_paragraph)
}

/// Down to the innermost of these that holds all.
fn innermost(dom: &Dom, node: NodeId, names: &[&str], facts: &Facts) -> NodeId {
    let mut around = node;
    loop {
        let mut parts = dom.children(around).filter(|child| facts.at(*child).text > 0);
        match (parts.next(), parts.next()) {
            (Some(only), None) if names.iter().any(|name| dom.is(only, name)) => around = only,
            _ => return around,
        }
    }
}

/// In bytes; less is what parts links.
const LEAST_SAID: f32 = 8.0;

/// A name or two in what is said of them: "Deprecated: use `kettle`", unless they lead to other pages of a manual.
fn holds_few(dom: &Dom, node: NodeId, facts: &Facts) -> bool {
    let fact = facts.at(node);
    let is_said = || fact.link_share() <= 0.9 || fact.plain() > 0.0 && dom.is(innermost(dom, node, &FRAMES, facts), "dl");
    fact.anchors < LEAST_LINKS && is_said() && !is_called_step(&dom.text_start(node, LONGEST_MARK))
}

/// Fewer are no list.
const LEAST_LINKS: u32 = 3;

fn is_called_step(text: &str) -> bool {
    let first = text.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    STEPS.iter().any(|step| first.eq_ignore_ascii_case(step))
}

/// A table whose columns have heads is there for what it says, whatever leads away from it.
fn has_columns(dom: &Dom, node: NodeId, facts: &Facts) -> bool {
    let table = innermost(dom, node, &FRAMES, facts);
    let head = |cell: NodeId| dom.is(cell, "th") && facts.at(cell).text > 0;
    let is_of_heads = |row: NodeId| dom.children(row).take(MOST_COLUMNS).filter(|cell| head(*cell)).count() > 1;
    dom.is(table, "table") && dom.descendants(table).take(FIRST_ROW).any(|row| dom.is(row, "tr") && is_of_heads(row))
}

/// What is set in others of these alone.
const FRAMES: [&str; 6] = ["div", "section", "ul", "li", "dl", "table"];

/// In nodes: where the heads of a table stand.
const FIRST_ROW: usize = 40;
const MOST_COLUMNS: usize = 40;

/// Whether the last thing that is said below it is a heading of a section.
fn ends_in_heading(dom: &Dom, node: NodeId, facts: &Facts) -> bool {
    let mut last = Some(node);
    while let Some(node) = last {
        if is_heading(dom, node) {
            return !dom.is(node, "h1");
        }
        last = dom.last_child(node);
        while let Some(silent) = last.filter(|child| facts.at(*child).text == 0) {
            last = dom.previous_sibling(silent);
        }
    }
    false
}

/// Below a root found by its text, blocks that are mostly links lead elsewhere.
pub(super) fn leave_out_link_lists(
    dom: &Dom,
    root: NodeId,
    title: Option<NodeId>,
    genre: Genre,
    facts: &Facts,
    left_out: &mut [Option<Rule>],
) {
    // A page of contents: what stands right below its title.
    let titled = title.filter(|_| genre == Genre::Reference).and_then(|title| around_title(dom, title));
    let mut below_title = false;
    // A heading of a section has been read, and nothing below it.
    let mut is_headed = false;
    let mut walk = dom.walk(root);
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        below_title |= Some(node) == title;
        if left_out[node.index()].is_some() {
            walk.pass_over();
            continue;
        }
        let is_kept =
            // Without links there is no list of them; only the title is looked for.
            facts.at(node).anchors == 0 && (below_title || titled.is_none())
            // In code, names lead to where they are declared; in headings, too.
            || code::role(dom, node).is_some()
            || genre == Genre::Reference && is_heading(dom, node)
            || below_title && titled.is_some() && dom.parent(node) == titled && Some(node) != title;
        if is_kept || facts.at(node).text > 0 && dom.text(node).is_some() {
            is_headed = if facts.at(node).text > 0 { ends_in_heading(dom, node, facts) } else { is_headed };
            walk.pass_over();
            continue;
        }
        let list = node != root
            && dom.name(node).is_some_and(|name| matches!(&**name, "div" | "section" | "ul" | "ol" | "table" | "aside" | "form" | "dl"))
            && !(genre == Genre::Reference
                && (says_what_leads(dom, node, facts) || holds_few(dom, node, facts) || has_columns(dom, node, facts)));
        let fact = facts.at(node);
        // In a story, a paragraph that is one link to another.
        let link = genre == Genre::Story && dom.is(node, "p") && fact.anchors == 1 && fact.link_share() > 0.9;
        // What a heading or a paragraph leads to is part of the text: "See also".
        let led = || match genre {
            // A story leads to others in its last lines; what stands between its sections is its own.
            Genre::Story => {
                dom.previous_element(node).is_some_and(|before| is_heading(dom, before) && !dom.is(before, "h1"))
                    && dom.next_element(node).is_some_and(|after| is_heading(dom, after))
            }
            _ => {
                is_headed && genre == Genre::Reference
                    || fact.own_headings() > 0
                    || dom.previous_element(node).is_some_and(|before| {
                        left_out[before.index()].is_none()
                            && (is_heading(dom, before)
                                || dom.name(before).is_some_and(|name| matches!(&**name, "p" | "ul" | "ol" | "dl" | "table" | "pre")))
                    })
            }
        };
        if link || list && fact.text > 0 && fact.link_share() > 0.6 && fact.prose < facts.at(root).prose * 0.25 && !led() {
            left_out[node.index()] = Some(Rule::LinkList);
            walk.pass_over();
        }
    }
}
