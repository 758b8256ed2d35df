//! Which elements of a page are listings, whatever they are made of, and which are only there for one beside them. Judges by
//! structure, and by the classes of highlighters and generators; every look is bounded.

use std::ops::RangeInclusive;

use crate::extract::code::aside::{
    COUNTED, LONG_LISTING, consecutive, counts, has_number_word, is_cell_number, is_label, is_number_cell, is_numbers, listing_of,
};
use crate::extract::code::classes::{before, behind, class, has_class, has_word, listing_in, tokens};
use crate::extract::code::lines::{self, Blanks};
use crate::extract::dom::{Dom, NodeId};

/// What an element is to a listing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::extract) enum Role {
    /// It is one, with all that is in it.
    Block,
    /// It belongs to one beside it, and no reader reads it as text.
    Beside,
}

/// `None` where it has nothing to do with code, or holds a listing among other things.
pub(in crate::extract) fn role(dom: &Dom, node: NodeId) -> Option<Role> {
    let name = dom.name(node)?;
    match &**name {
        "pre" | "listing" | "xmp" if is_numbers_of_neighbour(dom, node) => Some(Role::Beside),
        "pre" | "listing" | "xmp" => Some(Role::Block),
        "textarea" if is_field(dom, node) => Some(Role::Block),
        "code" | "samp" | "tt" | "kbd" if is_around_listing(dom, node) => Some(Role::Block),
        "code" | "samp" | "tt" if is_listing_in_line(dom, node) => Some(Role::Block),
        "div" if is_drawing(dom, node) => Some(Role::Block),
        "table" if is_table_of_lines(dom, node) => Some(Role::Block),
        "div" | "p" | "span" | "section" | "small" | "a" | "label" | "strong" | "header" | "ol" => {
            // Most elements end here.
            if class(dom, node).is_empty() {
                return None;
            }
            if is_lined(dom, node) || is_signature(dom, node) {
                Some(Role::Block)
            } else if tokens(dom, node).any(|token| HIDDEN.contains(&token))
                || listing_of(dom, node).is_some() && is_numbers(dom, node)
                || is_label(dom, node)
                || is_cell_number(dom, node)
            {
                Some(Role::Beside)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// How blanks of this listing are meant.
pub(super) fn blanks(dom: &Dom, block: NodeId) -> Blanks {
    match dom.name(block).map(|name| &**name) {
        Some("pre" | "listing" | "xmp" | "textarea" | "kbd") => Blanks::Exact,
        Some("code" | "samp" | "tt") if keeps_lines(dom, block) || listing_in(dom, block).is_some() => Blanks::Exact,
        Some("div") if is_drawing(dom, block) => Blanks::Exact,
        Some("code" | "samp" | "tt" | "p" | "section") => Blanks::Joined,
        Some("div") if tokens(dom, block).any(|token| token == "tsd-signature" || token == "memproto") => Blanks::Joined,
        Some("div") if tokens(dom, block).any(|token| SIGNATURES.contains(&token)) => Blanks::Exact,
        _ => Blanks::Lines,
    }
}

/// A field in which code can be changed, and which holds it: nothing else shows it.
pub(in crate::extract) fn is_field(dom: &Dom, node: NodeId) -> bool {
    let named = dom.is(node, "textarea")
        && (has_word(dom, node, &["code", "codemirror", "codearea", "listing", "snippet"])
            || tokens(dom, node).any(|token| token.starts_with("language-") || token.starts_with("lang-")))
        // What is given away to be set into other pages.
        && !has_word(dom, node, &["embed", "share", "comment"]);
    let begins = |node| dom.text_start(node, FIELD).split_whitespace().collect::<String>();
    named && {
        let code = begins(node);
        let levels = std::iter::once(node).chain(dom.ancestors(node).take(2));
        let mut beside =
            levels.flat_map(|level| behind(dom, level).chain(before(dom, level))).filter_map(|sibling| listing_in(dom, sibling));
        let alike = code.get(..code.floor_char_boundary(FIELD / 2)).unwrap_or_default();
        !code.is_empty() && !beside.any(|listing| begins(listing).starts_with(alike))
    }
}

/// In bytes: where two listings begin alike, they are one.
const FIELD: usize = 200;

/// `code` around a listing, and around nothing else.
fn is_around_listing(dom: &Dom, node: NodeId) -> bool {
    let mut within = dom.children(node).filter(|child| dom.text(*child).is_none_or(|text| !text.trim().is_empty())).take(2);
    within.next().is_some_and(|only| dom.is(only, "pre")) && within.next().is_none()
}

/// A drawing that is written down, before a script has drawn it.
fn is_drawing(dom: &Dom, node: NodeId) -> bool {
    has_class(dom, node, "mermaid")
        && dom.first_child(node).is_some_and(|only| dom.text(only).is_some() && dom.next_sibling(only).is_none())
}

/// `code` without `pre` that has lines, and nothing beside it on them.
fn is_listing_in_line(dom: &Dom, node: NodeId) -> bool {
    let alone = dom.parent(node).and_then(|parent| dom.name(parent)).is_some_and(|name| {
        matches!(
            &**name,
            "p" | "div" | "li" | "td" | "dd" | "section" | "article" | "main" | "body" | "figure" | "center" | "blockquote" | "details"
        )
    }) && ends_line(dom, dom.previous_sibling(node))
        && ends_line(dom, dom.next_sibling(node));
    if !alone {
        return false;
    }
    let keeps = keeps_lines(dom, node);
    let mut lines = 0;
    for below in dom.descendants(node).skip(1).take(SEARCHED) {
        let breaks = dom.name(below).is_some_and(|name| matches!(&**name, "br" | "div" | "p" | "li" | "pre"));
        // A break at its end parts nothing.
        lines += usize::from(breaks || lines > 0 || keeps && dom.text(below).is_some_and(|text| text.trim().contains('\n')));
        if lines > 1 || lines == 1 && !breaks {
            return true;
        }
    }
    false
}

/// Nothing on this side, or what stands on lines of its own.
fn ends_line(dom: &Dom, sibling: Option<NodeId>) -> bool {
    let Some(sibling) = sibling else { return true };
    match (dom.text(sibling), dom.name(sibling)) {
        (Some(text), _) if text.trim().is_empty() => {
            // Blanks: what is behind them decides, and a second look is enough.
            let other = |near: Option<NodeId>| near.is_none_or(|near| dom.name(near).is_none_or(|name| is_parting(name)));
            other(dom.previous_sibling(sibling)) || other(dom.next_sibling(sibling))
        }
        (Some(_), _) => false,
        (None, name) => name.is_none_or(|name| is_parting(name)),
    }
}

fn is_parting(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "ul"
            | "ol"
            | "table"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "pre"
            | "br"
            | "hr"
            | "button"
            | "dl"
            | "blockquote"
            | "section"
    )
}

/// Its line ends are meant, as in `pre`: by style, or because a highlighter was here.
fn keeps_lines(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "style").is_some_and(|style| {
        let style: String = style.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        style.contains("white-space:pre") || style.contains("display:block")
    }) || tokens(dom, node).any(|token| {
        matches!(token, "hljs" | "prettyprint" | "sourceCode" | "block" | "code-block" | "codeblock")
            || token.starts_with("language-")
            || token.starts_with("brush:")
    })
}

/// How many nodes are searched for the first line end.
const SEARCHED: usize = 200;

/// A container of lines, by the class of editors and generators or because its children are lines and it says that it is code.
fn is_lined(dom: &Dom, node: NodeId) -> bool {
    if tokens(dom, node).any(|token| LINED.contains(&token)) {
        return true;
    }
    let first = dom.children(node).take(SIBLINGS).find(|child| dom.name(*child).is_some());
    let says = || has_word(dom, node, &["fragment", "code", "codeblock", "highlight", "source", "listing", "snippet"]);
    first.is_some_and(|first| {
        (dom.is(first, "div") || dom.is(first, "span"))
            && tokens(dom, first).any(|token| matches!(token, "line" | "code-line" | "codeline" | "line-code"))
            && listing_in(dom, first).is_none()
            && says()
    })
}

/// Doxygen's tooltips, and what editors lay beside and below their lines.
const HIDDEN: [&str; 9] = [
    "ttc",
    "line-numbers-wrapper",
    "cm-gutters",
    "cm-announced",
    "CodeMirror-gutters",
    "CodeMirror-measure",
    "CodeMirror-cursors",
    "ace_gutter",
    "react-line-numbers",
];

const LINED: [&str; 7] =
    ["CodeMirror-code", "cm-content", "view-lines", "ace_text-layer", "syntaxhighlighter", "dp-highlighter", "react-code-lines"];
const SIBLINGS: usize = 8;

/// The declaration of a member in the reference of a library.
fn is_signature(dom: &Dom, node: NodeId) -> bool {
    tokens(dom, node).any(|token| SIGNATURES.contains(&token)) && dom.descendants(node).take(SEARCHED).all(|below| !dom.is(below, "pre"))
        // Haddock; and Dokka, which sets several of these for one symbol.
        || dom.is(node, "p") && has_class(dom, node, "src")
        || has_class(dom, node, "symbol") && has_class(dom, node, "monospace")
}

const SIGNATURES: [&str; 10] = [
    "member-signature",
    "memberSignature",
    "type-signature",
    "typeSignature",
    "module-signature",
    "moduleSignature",
    "package-signature",
    "packageSignature",
    "tsd-signature",
    "memproto",
];

/// A table that lays out code: numbers in one column and lines, or one listing, in another.
fn is_table_of_lines(dom: &Dom, table: NodeId) -> bool {
    if tokens(dom, table).any(|token| TABLES.contains(&token)) {
        return true;
    }
    let Some(row) = dom.descendants(table).take(SIBLINGS).find(|below| dom.is(*below, "tr")) else { return false };
    let cells: Vec<_> = dom.children(row).take(SIBLINGS).filter(|cell| dom.name(*cell).is_some()).collect();
    if cells.iter().any(|cell| !dom.is(*cell, "td")) {
        return false;
    }
    let code = |cell: NodeId| tokens(dom, cell).any(|token| CELLS.contains(&token));
    match cells.as_slice() {
        [only] => code(*only) && listing_in(dom, *only).is_none(),
        [_, rest @ ..] if rest.iter().any(|cell| code(*cell)) => true,
        [numbers, rest @ ..] if has_number_word(dom, *numbers) => {
            let is_code =
                |cell: &NodeId| dom.has_class(*cell, "code") || listing_in(dom, *numbers).is_some() && listing_in(dom, *cell).is_some();
            is_number_cell(dom, *numbers) && rest.iter().any(is_code)
        }
        // Nothing but the numbers themselves says that these are those of lines.
        [numbers, code] => match listing_in(dom, *numbers) {
            Some(pre) => !has_more_rows(dom, row) && listing_in(dom, *code).is_some_and(|listing| are_numbers_of(dom, pre, listing)),
            None => dom.has_class(*code, "code") && holds_code(dom, *code) && are_numbered(dom, row),
        },
        _ => false,
    }
}

fn has_more_rows(dom: &Dom, row: NodeId) -> bool {
    let parts = [Some(row), dom.parent(row).filter(|part| !dom.is(*part, "table"))].into_iter().flatten();
    parts
        .flat_map(|part| before(dom, part).chain(behind(dom, part)))
        .any(|part| dom.is(part, "tr") || dom.is(part, "thead") || dom.descendants(part).take(SIBLINGS).any(|below| dom.is(below, "tr")))
}

/// Whether a cell that is called code holds any: "code" is also what an error or a country has.
fn holds_code(dom: &Dom, cell: NodeId) -> bool {
    let is_code = |below: NodeId| {
        dom.name(below).is_some_and(|name| matches!(&**name, "pre" | "code")) || dom.is(below, "span") && !class(dom, below).is_empty()
    };
    keeps_lines(dom, cell) || dom.descendants(cell).skip(1).take(SEARCHED).any(is_code)
}

/// Whether the rows from this one on are numbered one by one, in cells of numbers.
fn are_numbered(dom: &Dom, row: NodeId) -> bool {
    let cells = std::iter::successors(Some(row), |row| dom.next_element(*row)).take(SIBLINGS);
    let cells: Vec<_> = cells.filter_map(|row| dom.children(row).take(SIBLINGS).find(|cell| dom.is(*cell, "td"))).collect();
    let mut next = None;
    for cell in &cells {
        // All of a listing's numbers may stand in one cell.
        let numbers = consecutive(dom, *cell, COUNTED).filter(|numbers| next.is_none_or(|next| next == *numbers.start()));
        let Some(numbers) = numbers else { return false };
        next = Some(numbers.end().saturating_add(1));
    }
    let is_marked = |cell: &NodeId| is_number_cell(dom, *cell);
    cells.iter().all(is_marked) && (cells.len() > 1 || cells.iter().any(|cell| counts(dom, *cell, COUNTED).is_some_and(|known| known > 1)))
}

const TABLES: [&str; 9] = [
    "rouge-table",
    "highlighttable",
    "lntable",
    "codehilitetable",
    "crayon-table",
    "listing_frame",
    "hljs-ln",
    "js-file-line-container",
    "diff-table-code",
];
const CELLS: [&str; 9] =
    ["blob-code", "listing_code", "lines-code", "rouge-code", "crayon-code", "hljs-ln-code", "js-file-line", "code-line", "line-code"];

/// A `pre` of the numbers of its neighbour's lines. Alone, it is what a program printed, and so it is above or below another listing.
fn is_numbers_of_neighbour(dom: &Dom, pre: NodeId) -> bool {
    if counts(dom, pre, LONG_LISTING).is_none() {
        return false;
    }
    let parents = || dom.ancestors(pre).take(2);
    if std::iter::once(pre)
        .chain(parents())
        .any(|node| has_number_word(dom, node) && (node != pre || !has_class(dom, node, "line-numbers")))
    {
        return true;
    }
    // Only a column of its own has a neighbour.
    let alone = |node: NodeId| dom.children(node).take(COLUMN).filter(|child| dom.name(*child).is_some()).count() == 1;
    let mut columns = std::iter::once(pre).chain(parents().take_while(|above| alone(*above)));
    columns.any(|column| {
        dom.parent(column).is_some_and(|around| lays_out_columns(dom, around) && !is_exchange(dom, around) && !is_exchange(dom, column))
            && behind(dom, column)
                .next()
                .filter(|neighbour| !is_exchange(dom, *neighbour))
                .and_then(|neighbour| listing_in(dom, neighbour))
                .is_some_and(|listing| are_numbers_of(dom, pre, listing))
    })
}

/// Whether what is in it stands side by side, as numbers and code do.
fn lays_out_columns(dom: &Dom, node: NodeId) -> bool {
    let by_style = dom.attribute(node, "style").is_some_and(|style| {
        let style: String = style.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        style.contains("display:flex") || style.contains("display:grid")
    });
    by_style || has_word(dom, node, &["code", "codeblock", "highlight", "listing", "snippet", "source"])
}

/// What a program is given, or gives.
fn is_exchange(dom: &Dom, column: NodeId) -> bool {
    has_word(dom, column, &["input", "output", "stdin", "stdout", "result", "sample", "samples", "example", "examples"])
}

/// Whether one listing is nothing but the numbers of another's lines, from the first on or called so.
fn are_numbers_of(dom: &Dom, numbers: NodeId, listing: NodeId) -> bool {
    let is_named = has_word(dom, numbers, &["line", "lines", "number", "numbers", "num", "nums"]);
    let is_whole = |known: &RangeInclusive<u64>| *known.start() == 1 && *known.end() > 1;
    let Some(known) = consecutive(dom, numbers, LONG_LISTING).filter(|known| is_named || is_whole(known)) else { return false };
    let lines = |listing: NodeId| lines::read(dom, listing, Blanks::Exact).text.trim_end().lines().count() as u64;
    let (own, beside) = (known.end() - known.start() + 1, lines(listing));
    // Lines without a number may stand above the first: YARD tells the file there.
    let is_as_long = own.abs_diff(beside) <= 1 || is_named && lines(numbers).abs_diff(beside) <= 1;
    is_as_long && counts(dom, listing, LONG_LISTING).is_none()
}

/// How many children of a column are looked at.
const COLUMN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of each listing in a page, and what is left beside them.
    fn parts(html: &str) -> (Vec<String>, String) {
        let dom = Dom::parse(html);
        let (mut listings, mut rest) = (Vec::new(), String::new());
        let mut walk = dom.walk(dom.root());
        while let Some(step) = walk.next() {
            let crate::extract::dom::Step::Enter(node) = step else { continue };
            match role(&dom, node) {
                Some(Role::Block) => {
                    let text = lines::read(&dom, node, blanks(&dom, node)).text;
                    listings.push(text.trim_matches('\n').to_owned());
                    walk.pass_over();
                }
                Some(Role::Beside) => walk.pass_over(),
                None => rest.push_str(dom.text(node).unwrap_or_default().trim()),
            }
        }
        (listings, rest)
    }

    fn listing(html: &str, expected: &str) {
        let (listings, rest) = parts(html);
        assert_eq!(listings, [expected], "{html}");
        assert_eq!(rest, "", "{html}");
    }

    #[test]
    fn listings_without_pre_are_known_by_their_generators() {
        for html in [
            // Doxygen
            "<div class=fragment><div class=line><a id=l1></a><span class=lineno>    1</span>a</div>\n<div class=line><span class=lineno>    2</span> </div>\n<div class=line><span class=lineno>    3</span>b</div>\n</div><div class=ttc id=x><div class=ttname>T</div></div>",
            "<div class='fragment'><div class='line'>a</div>\n\n<div class='line'> </div>\n<div class='line'>b</div><div class=ttc>T</div></div>",
            // GitHub
            "<table class='highlight tab-size js-file-line-container'><tbody><tr><td id=L1 class='blob-num js-line-number' data-line-number=1></td><td id=LC1 class='blob-code blob-code-inner js-file-line'>a</td></tr> <tr><td class=blob-num data-line-number=2></td><td class='blob-code js-file-line'>\n</td></tr><tr><td class=blob-num data-line-number=3></td><td class='blob-code'>b</td></tr></table>",
            // Gitea
            "<table><tbody><tr><td class=lines-num><span data-line-number=1></span></td><td class='lines-code'><code class=code-inner>a\n</code></td></tr><tr><td class=lines-num></td><td class='lines-code'><code>\n</code></td></tr><tr><td></td><td class='lines-code'><code>b</code></td></tr></table>",
            // CodeMirror 5 and 6
            "<div class=CodeMirror><div class='CodeMirror-lines'><div class=CodeMirror-code><div><div class=CodeMirror-gutter-wrapper><div class='CodeMirror-linenumber'>1</div></div><pre class=' CodeMirror-line '><span>a</span></pre></div><pre class=CodeMirror-line><span>\u{200b}</span></pre><pre class=CodeMirror-line>b</pre></div></div></div>",
            "<div class=cm-editor><div class=cm-scroller><div class='cm-gutters numbers'><div class=cm-gutterElement>1</div></div><div class=cm-content><div class=cm-line>a</div><div class=cm-line><br></div><div class=cm-line>b</div></div></div></div>",
            // SyntaxHighlighter 3 and 1
            "<div class='syntaxhighlighter java'><div class=toolbar><span>?</span></div><table><tr><td class=gutter><div class='line n1'>1</div><div class=line>2</div><div class=line>3</div></td><td class=code><div class=container><div class='line n1'><code class=plain>a</code></div><div class=line>&nbsp;</div><div class=line><code>b</code></div></div></td></tr></table></div>",
            "<div class=dp-highlighter><div class=bar><div class=tools>view plain</div></div><ol class=dp-c><li class=alt><span><span>a</span></span></li><li></li><li><span>b</span></li></ol></div>",
            // Rouge in Jekyll, Hexo, Pygments, Chroma in Hugo, gtk-doc, highlightjs-line-numbers
            "<figure class=highlight><table class=rouge-table><tr><td class='gutter gl'><pre class=lineno>1\n2\n3\n</pre></td><td class=code><pre>a\n\nb\n</pre></td></tr></table></figure>",
            "<figure class='highlight js'><table><tr><td class=gutter><pre><span class=line>1</span><br><span class=line>2</span><br><span class=line>3</span><br></pre></td><td class=code><pre><span class=line>a</span><br><span class=line></span><br><span class=line>b</span><br></pre></td></tr></table></figure>",
            "<div class=highlight><table class=highlighttable><tr><td class=linenos><div class=linenodiv><pre><span>1</span>\n<span>2</span>\n<span>3</span></pre></div></td><td class=code><div><pre>a\n\nb\n</pre></div></td></tr></table></div>",
            "<div class=chroma><table class=lntable><tr><td class=lntd><pre class=chroma><code><span class=lnt>1\n</span><span class=lnt>2\n</span></code></pre></td><td class=lntd><pre class=chroma><code class=language-go data-lang=go><span class=line><span class=cl>a\n</span></span><span class=line><span class=cl>\n</span></span><span class=line><span class=cl>b</span></span></code></pre></td></tr></table></div>",
            "<table class=listing_frame><tbody><tr><td class=listing_lines align=right><pre>1\n2\n3</pre></td><td class=listing_code><pre class=programlisting>a\n\nb</pre></td></tr></tbody></table>",
            "<table><tr><td><pre>1\n2\n3</pre></td><td><pre>a\n\nb</pre></td></tr></table>",
            // YARD
            "<table class=source_code><tr><td><pre class=lines>\n12\n13\n14</pre></td><td><pre class=code>a\n\nb</pre></td></tr></table>",
            "<pre><code class=hljs><table class=hljs-ln><tr><td class='hljs-ln-line hljs-ln-numbers' data-line-number=1></td><td class='hljs-ln-line hljs-ln-code'>a</td></tr><tr><td class=hljs-ln-numbers></td><td class=hljs-ln-code>\n</td></tr><tr><td class=hljs-ln-numbers></td><td class=hljs-ln-code>b</td></tr></table></code></pre>",
            // Numbers in columns beside the listing
            "<div class='language-js line-numbers-mode'><pre class=language-js><code>a\n\nb\n</code></pre><div class='line-numbers-wrapper'><span class=line-number>1</span><br><span class=line-number>2</span><br></div></div>",
            "<div class=language-js><div class='line-numbers-wrapper'><span>1</span><br></div><pre>a\n\nb</pre></div>",
            "<div class=code><div class=gutter><pre>1\n2\n3</pre></div><div class=lines><pre>a\n\nb</pre></div></div>",
            "<div style='display: flex'><div><pre>1\n2\n3</pre></div><div><pre>a\n\nb</pre></div></div>",
            "<figure class=highlight><pre>1\n2\n3</pre><pre>a\n\nb</pre></figure>",
            // Rows that are numbered one by one
            "<table><tr><td><i>1</i></td><td class=code><code>a</code></td></tr><tr><td><i>2</i></td><td class=code><code></code></td></tr><tr><td><i>3</i></td><td class=code><code>b</code></td></tr></table>",
            "<table><tr><td>1<br>2<br>3</td><td class=code><pre>a\n\nb</pre></td></tr></table>",
            // Code alone
            "<p><code>a<br><br>b</code></p>",
            "<code><div>a</div><div></div><div>b</div></code>",
            "<div><code style='display:block'>a\n\nb</code></div>",
            "<div><samp>a<br><br>\n b<br></samp></div>",
            "<p><code class='hljs language-js'>a\n\nb</code></p>",
            "<div class=code-box><div class=line>a</div><div class=line></div><div class=line>b</div></div>",
        ] {
            listing(html, "a\n\nb");
        }
    }

    #[test]
    fn lines_without_a_number_may_stand_above_the_first() {
        listing(
            "<table class=source_code><tr><td><pre class=lines>\n\n\n12\n13</pre></td><td><pre class=code><span class=info># a.rb</span>\n\ndef a\nend</pre></td></tr></table>",
            "# a.rb\n\ndef a\nend",
        );
    }

    #[test]
    fn signatures_of_members_are_code() {
        for (html, expected) in [
            (
                "<div class='member-signature'><span class=modifiers>public</span>&nbsp;<span class=return-type>int</span>&nbsp;<span class=element-name>fill</span>()</div>",
                "public int fill()",
            ),
            (
                "<div class=memberSignature><span>void</span>&nbsp;f<wbr>(int&nbsp;a,\n      int&nbsp;b)</div>",
                "void f(int a,\n      int b)",
            ),
            (
                "<div class='tsd-signature'><span>fill</span>(<br>&nbsp;&nbsp;a<span>:</span> <a href=x>string</a>,<br>)<span>:</span> void</div>",
                "fill(\n  a: string,\n): void",
            ),
            (
                "<p class=src><a id=v class=def>fill</a> :: Int -&gt; <a href=x>IO</a> () <a href=s class=link>Source</a> <a href='#v' class=selflink>#</a></p>",
                "fill :: Int -> IO ()",
            ),
            ("<div class='symbol monospace'><span>fun </span>fill()</div>", "fun fill()"),
            (
                "<div class=memproto><table class=mlabels><tr><td class=mlabels-left><table class=memname><tr><td class=memname>int Kettle::fill </td><td>(</td><td class=paramtype>int&#160;</td><td class=paramname><em>a</em>, </td></tr><tr><td></td><td></td><td>int&#160;</td><td><em>b</em></td></tr><tr><td></td><td>)</td><td></td><td> const</td></tr></table></td><td class=mlabels-right><span class=mlabels><span class=mlabel>inline</span></span></td></tr></table></div>",
                "int Kettle::fill(int a, int b) const",
            ),
        ] {
            let dom = Dom::parse(html);
            let node = dom.descendants(dom.root()).find(|node| role(&dom, *node) == Some(Role::Block)).unwrap();
            assert_eq!(crate::extract::code::text(&dom, node), expected, "{html}");
        }
    }

    #[test]
    fn labels_and_buttons_beside_a_listing_are_no_text() {
        for html in [
            "<div class=language-js><button title=Copy></button><span class=lang>js</span><pre>a\n\nb</pre></div>",
            "<div class=box><div class=code-header><span class=code-lang>Shell</span><a class=copy-btn href='#'>Copy</a></div><pre>a\n\nb</pre></div>",
            "<div class=box><pre>a\n\nb</pre><div class='copy-status'>Copied!</div></div>",
            "<div class=box><pre>a\n\nb</pre><a class='playground-link' href=x>Open in Playground</a></div>",
            "<div class=box><div class=title>JavaScript</div><pre class=language-js>a\n\nb</pre></div>",
        ] {
            listing(html, "a\n\nb");
        }
    }

    #[test]
    fn what_only_looks_like_a_listing_or_its_label_stays_text() {
        for (html, rest) in [
            ("<p>Run <code>cd x<br>ls</code> now.</p>", "Runcd xlsnow."),
            ("<p><code>a</code><br><code>b</code></p>", "ab"),
            ("<p><code>a<br></code></p>", "a"),
            ("<h2><code>f(<br>a)</code></h2>", "f(a)"),
            ("<div class=line-block><div class=line>Roses</div><div class=line>are red</div></div>", "Rosesare red"),
            ("<table><tr><td>1</td><td>Copper</td></tr><tr><td>2</td><td>Iron</td></tr></table>", "1Copper2Iron"),
            ("<table><tr><td>1</td><td><pre>a</pre></td></tr></table>", "1"),
            ("<span class=lang>Go</span><p>is a language", "Gois a language"),
            ("<div class=title>Python</div><pre class=language-js>a</pre>", "Python"),
            ("<div class=title>Installing</div><pre>a</pre>", "Installing"),
            ("<div class=tab-title>Python</div><pre>a</pre>", "Python"),
            ("<p class=number>42</p>x", "42x"),
        ] {
            assert_eq!(parts(html).1, rest, "{html}");
        }
        assert_eq!(parts("<p>It prints<pre>1\n2\n3</pre>").0, ["1\n2\n3"]);
        assert_eq!(parts("<pre>1\n2\n3</pre><pre>a\nb\nc\nd\ne</pre>").0.len(), 2);
        assert_eq!(parts("<pre class='line-numbers'>1\n2</pre>").0, ["1\n2"]);
    }

    #[test]
    fn numbers_that_are_no_lines_of_their_neighbour_stay() {
        let numbers = "<pre>1\n2\n3</pre>";
        let words = "<pre>Yes\nNo\nYes</pre>";
        for html in [
            format!("{numbers}{words}"),
            format!("<div>{numbers}</div><div>{words}</div>"),
            format!("<div><div>{numbers}</div><div>{words}</div></div>"),
            format!("<div class=input>{numbers}</div><div class=output>{words}</div>"),
            format!("<div class=code-sample><div class=input>{numbers}</div><div class=output>{words}</div></div>"),
            format!("<div class=code-samples><div>{numbers}</div><div>{words}</div></div>"),
            // A listing beside others in a table is in a cell of its own.
            format!("<table><tr><th>Input</th><th>Output</th></tr><tr><td>{numbers}</td><td>{words}</td></tr></table>"),
            format!(
                "<table><thead><tr><th>In</th><th>Out</th></tr></thead><tbody><tr><td>{numbers}</td><td>{words}</td></tr></tbody></table>"
            ),
            format!("<table><tr><td>Input</td><td>Output</td></tr><tr><td>{numbers}</td><td>{words}</td></tr></table>"),
            format!("<table><tr><td>{numbers}</td><td>{words}</td></tr><tr><td>{numbers}</td><td>{words}</td></tr></table>"),
        ] {
            let (listings, _) = parts(&html);
            assert_eq!(listings.len() % 2, 0, "{html}");
            assert!(listings.chunks(2).all(|pair| pair == ["1\n2\n3", "Yes\nNo\nYes"]), "{html}: {listings:?}");
        }
        for (html, expected) in [
            ("<figure class=highlight><pre>10\n20\n30</pre><pre>ten\ntwenty\nthirty</pre></figure>", ["10\n20\n30", "ten\ntwenty\nthirty"]),
            ("<table><tr><td><pre>1\n2</pre></td><td><pre>10\n20</pre></td></tr></table>", ["1\n2", "10\n20"]),
            ("<table><tr><td><pre>3\n5</pre></td><td><pre>a\nb</pre></td></tr></table>", ["3\n5", "a\nb"]),
        ] {
            assert_eq!(parts(html).0, expected, "{html}");
        }
    }

    #[test]
    fn cells_that_are_called_code_may_be_of_a_table() {
        for html in [
            "<table><tr><td>200</td><td class=code>OK</td><td>It succeeded.</td></tr><tr><td>404</td><td class=code>NOT_FOUND</td><td>Nothing.</td></tr></table>",
            "<table><tr><td>1</td><td class=code>A0</td></tr><tr><td>2</td><td class=code>B0</td></tr></table>",
            "<table><tr><td><b>200</b></td><td class=code><code>OK</code></td></tr><tr><td><b>404</b></td><td class=code><code>NOT_FOUND</code></td></tr></table>",
            "<table><tr><td>1.</td><td class=code>open</td><td>Opens a file</td></tr></table>",
            "<table><tr><td class=number>1</td><td class=code>E_FAIL</td><td>Failure</td></tr></table>",
        ] {
            assert_eq!(parts(html).0, [""; 0], "{html}");
        }
    }
}
