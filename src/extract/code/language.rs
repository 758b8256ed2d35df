//! The language that a listing's author, highlighter or theme has marked it with: on it, around it or beside it.

use crate::extract::code::classes::{before, behind, class, has_class, has_word, listing_in, short_text, tokens};
use crate::extract::code::inferred;
use crate::extract::code::names::{self, is_known, is_none, normal};
use crate::extract::dom::{Dom, NodeId};

/// What is said of a listing's language.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Named(String),
    /// That it is in none.
    None,
    Nothing,
}

/// By attribute or class, else by a label that readers see, else by the name of a file.
pub(super) fn of(dom: &Dom, block: NodeId) -> Said {
    match marked(dom, block) {
        Said::Nothing => {}
        said => return said,
    }
    // Parts of a signature, too, may be called as a language is.
    if inferred::by_place(dom, block).is_some() {
        return Said::Nothing;
    }
    if let Some(label) = label_of(dom, block) {
        // As the page shows it: that is what its readers know it by.
        return if is_none(&label) { Said::None } else { Said::Named(label) };
    }
    file_of(dom, block).map_or(Said::Nothing, |language| Said::Named(language.to_owned()))
}

/// By attribute or class only.
pub(super) fn marked(dom: &Dom, block: NodeId) -> Said {
    // mdBook nests `pre` and `code` within `pre`; where a table lays lines out, the code is a few elements down.
    let depth = if dom.is(block, "pre") { INNER } else { INNER_LAID_OUT };
    let inner = dom.descendants(block).skip(1).take(depth * 8).filter(|below| dom.is(*below, "code") || dom.is(*below, "pre")).take(depth);
    let own = std::iter::once(block).chain(inner).map(|node| (node, Place::Own));
    let around = wrappers(dom, block).take(WRAPPERS).map(|node| (node, Place::Wrapper));
    own.chain(around).find_map(|(node, place)| named(dom, node, place)).unwrap_or(Said::Nothing)
}

fn wrappers(dom: &Dom, block: NodeId) -> impl Iterator<Item = NodeId> {
    dom.ancestors(block)
        .take_while(|above| dom.name(*above).is_some_and(|name| !matches!(&**name, "body" | "html" | "main" | "article" | "li" | "dd")))
}

/// How far above a listing its highlighter may have put the name.
const WRAPPERS: usize = 7;
/// How many elements within it.
const INNER: usize = 2;
const INNER_LAID_OUT: usize = 6;

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Own,
    Wrapper,
}

/// What one element says; `None` where that is nothing.
fn named(dom: &Dom, node: NodeId, place: Place) -> Option<Said> {
    for attribute in ATTRIBUTES {
        if let Some(name) = dom.attribute(node, attribute).and_then(plausible) {
            return Some(said(&name));
        }
    }
    let classes = class(dom, node);
    // Beside one of these, a bare name is the language of what is within.
    let bare = place == Place::Own || tokens(dom, node).any(|token| HIGHLIGHTERS.contains(&token));
    let mut known = None;
    let mut tokens = classes.split([' ', '\t', '\n', '\r', '\x0c', ';']).filter(|token| !token.is_empty());
    while let Some(token) = tokens.next() {
        if let Some(rest) = token.strip_prefix("brush:") {
            let name = if rest.is_empty() { tokens.next().unwrap_or_default() } else { rest };
            if let Some(name) = plausible(name) {
                return Some(said(&name));
            }
        }
        for (prefix, trust) in PREFIXES {
            let Some(name) = token.strip_prefix(prefix) else { continue };
            // "lang-en" on a wrapper is about people, and "source-list" or "highlight-box" about layout.
            let certain = match trust {
                Trust::Always => !LAYOUT.contains(&name),
                Trust::Own => place == Place::Own && !LAYOUT.contains(&name),
                Trust::Sphinx => has_class(dom, node, "notranslate"),
                Trust::Known => false,
            };
            // Sphinx tries Python where its author said nothing.
            if trust == Trust::Sphinx && name == "default" {
                return None;
            }
            // GitHub names HTML text.html.basic.
            let name = if prefix == "highlight-text-" { name.split('-').next().unwrap_or_default() } else { name };
            if let Some(name) = plausible(name).filter(|name| certain || is_known(name) || is_none(name)) {
                return Some(said(&name));
            }
            break;
        }
        if bare && known.is_none() && is_known(&token.to_ascii_lowercase()) {
            known = Some(token);
        }
    }
    // GitHub's and old editors' way; else it is about people.
    let attribute = |name| dom.attribute(node, name).map(str::to_ascii_lowercase).filter(|lang| names::is_shown(lang));
    let lang = attribute("lang").filter(|lang| place == Place::Own && is_known(lang));
    known.map(str::to_owned).or(lang).or_else(|| attribute("language")).map(|name| said(&name))
}

fn said(name: &str) -> Said {
    normal(name).map_or(Said::None, Said::Named)
}

const ATTRIBUTES: [&str; 9] = [
    "data-lang",
    "data-language",
    "data-code-lang",
    "data-code-language",
    "data-enlighter-language",
    "data-syntax",
    "data-programming-language",
    "data-ext",
    "syntax",
];

#[derive(Clone, Copy, PartialEq)]
enum Trust {
    /// Whatever follows is a name.
    Always,
    /// On the listing itself.
    Own,
    /// Beside the class that Sphinx sets.
    Sphinx,
    /// A name that is known only.
    Known,
}

const PREFIXES: [(&str, Trust); 19] = [
    ("language-", Trust::Always),
    ("language_", Trust::Known),
    ("lang-", Trust::Own),
    ("highlight-source-", Trust::Known),
    ("highlight-text-", Trust::Known),
    ("mw-highlight-lang-", Trust::Always),
    ("source-", Trust::Known),
    ("highlight-", Trust::Sphinx),
    ("lang:", Trust::Known),
    ("hl-", Trust::Known),
    ("src-", Trust::Known),
    ("code-", Trust::Known),
    // Files as GitHub shows them.
    ("type-", Trust::Known),
    ("gatsby-code-", Trust::Known),
    ("example-", Trust::Known),
    ("syntax-", Trust::Known),
    ("sp-", Trust::Known),
    ("sh_", Trust::Known),
    ("enlighter-", Trust::Known),
];

/// Wrappers with such names hold several languages or none.
const LAYOUT: [&str; 18] = [
    "tabs",
    "tab",
    "switcher",
    "selector",
    "picker",
    "toggle",
    "list",
    "menu",
    "container",
    "wrapper",
    "box",
    "block",
    "content",
    "id",
    "label",
    "specific",
    "code",
    "none-selected",
];

const HIGHLIGHTERS: [&str; 12] = [
    "highlight",
    "highlighter-rouge",
    "hljs",
    "sourceCode",
    "codehilite",
    "CodeRay",
    "syntaxhighlighter",
    "crayon-syntax",
    "listing",
    "shiki",
    "wp_syntax",
    "prettyprint",
];

/// A name as highlighters have them, lower-case.
fn plausible(name: &str) -> Option<String> {
    let name = Some(name)
        .filter(|name| name.len() < 200)?
        .trim()
        .trim_start_matches('{')
        .split([',', '{', ':', ' ', '}'])
        .next()
        .unwrap_or_default()
        .trim_start_matches('.');
    let sound =
        !name.is_empty() && name.len() <= 24 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-' | '_' | '.'));
    sound.then(|| name.to_ascii_lowercase())
}

/// The language that this element, in or beside a listing, does nothing but show.
pub(super) fn label(dom: &Dom, node: NodeId) -> Option<String> {
    let classed = dom.is(node, "figcaption") || has_word(dom, node, &LABELS);
    if !classed || has_word(dom, node, &["tab", "tabs", "token"]) {
        return None;
    }
    let text = short_text(dom, node)?.to_lowercase();
    names::is_shown(&text).then_some(text)
}

/// Words in the class of what stands above a listing.
const LABELS: [&str; 13] =
    ["lang", "language", "label", "header", "title", "caption", "badge", "info", "filename", "name", "toolbar", "type", "syntax"];

/// The label within the listing, or beside it or one of its wrappers.
fn label_of(dom: &Dom, block: NodeId) -> Option<String> {
    let within = dom.descendants(block).skip(1).take(WITHIN).filter(|below| dom.name(*below).is_some()).find_map(|below| label(dom, below));
    within.or_else(|| {
        let elements = |sibling| dom.descendants(sibling).take(WITHIN).filter(|below| dom.name(*below).is_some());
        beside(dom, block).flat_map(elements).find_map(|below| label(dom, below))
    })
}

/// How many nodes of a header are looked at.
const WITHIN: usize = 16;
/// How far up the wrappers a label may stand beside.
const LEVELS: usize = 3;

/// The elements around a listing that may say something of it.
fn beside(dom: &Dom, block: NodeId) -> impl Iterator<Item = NodeId> {
    // A wrapper with several listings has nothing beside it that is about this one.
    let alone = move |above: &NodeId| dom.children(*above).take(MANY).filter(|child| listing_in(dom, *child).is_some()).take(2).count() < 2;
    std::iter::once(block).chain(wrappers(dom, block).take(LEVELS).take_while(alone)).flat_map(|node| {
        // What stands beside another listing is that one's.
        let free = |sibling: &NodeId| listing_in(dom, *sibling).is_none();
        before(dom, node).take(2).take_while(free).chain(behind(dom, node).take(1).filter(free))
    })
}

const MANY: usize = 12;

/// The language of the file that the listing is said to be from.
fn file_of(dom: &Dom, block: NodeId) -> Option<&'static str> {
    let by_attribute = |node: NodeId| FILE_ATTRIBUTES.iter().find_map(|name| dom.attribute(node, name).and_then(names::of_file));
    let inner = dom.descendants(block).skip(1).take(WITHIN).find(|below| dom.is(*below, "code"));
    let by_text = |node: NodeId| {
        let classed = dom.is(node, "figcaption") || dom.is(node, "caption") || has_word(dom, node, &FILE_WORDS);
        short_text(dom, node).filter(|_| classed).and_then(|text| names::of_file(&text))
    };
    std::iter::once(block)
        .chain(inner)
        .chain(wrappers(dom, block).take(LEVELS))
        .find_map(by_attribute)
        .or_else(|| dom.descendants(block).skip(1).take(WITHIN).find_map(by_text))
        .or_else(|| beside(dom, block).flat_map(|sibling| dom.descendants(sibling).take(WITHIN)).find_map(by_text))
}

const FILE_ATTRIBUTES: [&str; 7] = ["data-file", "data-filename", "data-file-name", "data-path", "data-title", "data-label", "title"];
const FILE_WORDS: [&str; 8] = ["file", "filename", "filepath", "title", "caption", "header", "path", "name"];

#[cfg(test)]
mod tests {
    use super::*;

    fn name(html: &str) -> Option<String> {
        let dom = Dom::parse(html);
        let pre = dom.descendants(dom.root()).filter(|node| dom.is(*node, "pre")).last().unwrap();
        match of(&dom, pre) {
            Said::Named(name) => Some(name),
            Said::None => Some("none".to_owned()),
            Said::Nothing => None,
        }
    }

    #[test]
    fn every_highlighter_names_its_language_in_its_own_way() {
        for (html, wanted) in [
            ("<pre><code class=language-rust>x", "rust"),
            ("<pre class='prettyprint lang-c'>x", "c"),
            ("<div class='highlight-python3 notranslate'><div class=highlight><pre>x", "python"),
            ("<div class='highlight-pycon notranslate'><div class=highlight><pre>x", "pycon"),
            ("<div class='highlight highlight-source-shell'><pre>x", "shell"),
            ("<div class='highlight highlight-text-html-basic'><pre>x", "html"),
            ("<div class='language-ruby highlighter-rouge'><div class=highlight><pre class=highlight><code>x", "ruby"),
            ("<pre class='brush: js notranslate'>x", "javascript"),
            ("<pre class='brush: css-nolint notranslate'>x", "css"),
            ("<pre language=bash><code language=bash>x", "bash"),
            ("<div language=python><pre>x", "python"),
            ("<div class='blob-wrapper data type-go'><pre>x", "go"),
            ("<pre class='brush:cpp;gutter:true'>x", "cpp"),
            ("<div data-lang=go><pre>x", "go"),
            ("<pre><code data-lang=YAML>x", "yaml"),
            ("<div data-language=jsx><pre>x", "javascript"),
            ("<pre><code class='hljs python'>x", "python"),
            ("<pre class='rust rust-example-rendered'><code>x", "rust"),
            ("<pre class='sourceCode r'><code class='sourceCode r'>x", "r"),
            ("<div class='mw-highlight mw-highlight-lang-bash mw-content-ltr'><pre>x", "bash"),
            ("<pre><code class='language-rust,no_run'>x", "rust"),
            ("<pre class=programlisting><code class='language-C++'>x", "cpp"),
            ("<div class='highlight hl-ipython3'><pre>x", "python"),
            ("<div class='highlight hl-sql'><pre>x", "sql"),
            ("<pre class='src src-python'>x", "python"),
            ("<div class='ruby highlight'><pre>x", "ruby"),
            ("<figure class='highlight yml'><pre>x", "yaml"),
            ("<pre class='gatsby-code-mjs'>x", "javascript"),
            ("<pre class='code python'>x", "python"),
            ("<pre class=python-repl>x", "pycon"),
            ("<div class='sp-javascript sp-cm'><pre>x", "javascript"),
            ("<pre lang=go>x", "go"),
            ("<pre class=giallo><code data-lang=toml><table><tr><td>x", "toml"),
            ("<pre class=EnlighterJSRAW data-enlighter-language=php>x", "php"),
        ] {
            assert_eq!(name(html).as_deref(), Some(wanted), "{html}");
        }
    }

    #[test]
    fn a_label_that_readers_see_is_written_as_it_is_shown() {
        for (html, wanted) in [
            ("<pre class='shiki twoslash'><div class=language-id>ts</div><code>x", "ts"),
            ("<div><span class=lang>JS</span><pre>x", "js"),
            ("<div class=box><div class=code-header><span class=title>Python</span></div><div><pre>x", "python"),
            ("<div><pre>x</pre><span class=code-lang>c++</span></div>", "c++"),
            ("<div class=crayon-syntax><div class=crayon-toolbar><span class=crayon-language>PHP</span></div><div><pre>x", "php"),
            // A mark of the highlighter is more exact.
            ("<div class=language-js><span class=lang>Javascript (node)</span><pre>x", "javascript"),
        ] {
            assert_eq!(name(html).as_deref(), Some(wanted), "{html}");
        }
        for html in [
            "<div><span class=lang>js</span><pre>y</pre><pre>x</pre></div>",
            "<div><div class=block><span class=lang>js</span><pre>y</pre></div><div class=block><pre>x</pre></div></div>",
            "<p class=title>An example of Rust</p><pre>x",
            "<p>rust</p><pre>x",
        ] {
            assert_eq!(name(html), None, "{html}");
        }
    }

    #[test]
    fn the_name_of_a_file_tells_its_language() {
        for (html, wanted) in [
            ("<figure><figcaption>src/main.rs</figcaption><pre>x", "rust"),
            ("<div class=code-block-title>Cargo.toml</div><pre>x", "toml"),
            ("<div class=code><div class=head><span class=filename>docker-compose.yml</span></div><pre>x", "yaml"),
            ("<pre data-file='app/models.py'>x", "python"),
            ("<div title='.bashrc'><pre>x", "bash"),
            ("<pre title=Dockerfile><code>x", "dockerfile"),
        ] {
            assert_eq!(name(html).as_deref(), Some(wanted), "{html}");
        }
        assert_eq!(name("<p>See main.rs</p><pre>x"), None);
    }

    #[test]
    fn what_is_no_language_names_none() {
        for html in [
            "<div class='highlight-default notranslate'><div class=highlight><pre>x",
            "<pre class=screen>x",
            "<div class=lang-en><pre>x",
            "<div class='highlight-box'><pre>x",
            "<div class='language-tabs'><pre>x",
            "<body class='language-python'><pre>x",
            "<div class='markdown'><pre>x",
            "<div class='example-good'><pre>x",
        ] {
            assert_eq!(name(html), None, "{html}");
        }
        for html in ["<pre><code class=language-text>x", "<div class='highlight-none notranslate'><pre>x", "<pre class='brush: plain'>x"] {
            assert_eq!(name(html).as_deref(), Some("none"), "{html}");
        }
    }
}
