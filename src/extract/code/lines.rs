//! The text of a listing exactly as a reader would copy it: its lines, whatever elements they are made of, without line numbers,
//! buttons, labels and tooltips.

use std::collections::HashMap;
use std::ops::Range;

use crate::extract::code::apart::{self, At};
use crate::extract::code::aside;
use crate::extract::code::classes::tokens;
use crate::extract::code::elements::{is_line, is_own_end};
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::tally::Tally;

/// How blanks in a listing are meant.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Blanks {
    /// As in `pre`.
    Exact,
    /// Exact within its lines; between them the page is only indented.
    Lines,
    /// As in running text: only breaks and blocks end a line.
    Joined,
}

pub(super) struct Text {
    pub(super) text: String,
    /// The title that stands within the listing.
    pub(super) caption: Option<String>,
    /// Some lines are shown as taken out or put in, and each has a mark before it that says so.
    pub(super) is_diff: bool,
    /// What stands in the listing and is none of it.
    pub(super) left_out: Tally,
}

pub(super) fn read(dom: &Dom, block: NodeId, blanks: Blanks) -> Text {
    let mut reading = Reading {
        dom,
        block,
        blanks,
        text: String::new(),
        caption: None,
        left_out: Tally::default(),
        ended: false,
        closed: false,
        starts: Vec::new(),
        numbered: false,
        cell: false,
        changes: Vec::new(),
    };
    let mut walk = dom.walk(block);
    while let Some(step) = walk.next() {
        match step {
            Step::Enter(node) if dom.text(node).is_some() => reading.text(node),
            Step::Enter(node) if node == block => {}
            Step::Enter(node) if reading.is_apart(node) => walk.pass_over(),
            Step::Enter(node) if dom.is(node, "br") => reading.line_break(),
            Step::Enter(node) if dom.is(node, "hr") => reading.rule(),
            Step::Enter(node) if is_line(dom, node) => reading.begin(node),
            Step::Enter(node) if dom.is(node, "td") => reading.cell(node),
            Step::Leave(node) if node != block && is_line(dom, node) => reading.end(node),
            Step::Enter(_) | Step::Leave(_) => {}
        }
    }
    let (changes, caption) = (std::mem::take(&mut reading.changes), reading.caption.take());
    let left_out = std::mem::take(&mut reading.left_out);
    // By the lines as they were read: blanks may go from them, and no line does.
    let marks = marks(&reading.text, &changes);
    let (text, is_diff) = with_marks(reading.finish(), &marks);
    match caption {
        // The title of nothing is what there is.
        Some(caption) if text.trim().is_empty() => Text { text: caption, caption: None, is_diff: false, left_out },
        caption => Text { text, caption, is_diff, left_out },
    }
}

struct Reading<'a> {
    dom: &'a Dom,
    block: NodeId,
    blanks: Blanks,
    text: String,
    caption: Option<String>,
    left_out: Tally,
    /// A line is over, whose end is not written yet.
    ended: bool,
    /// An element that is a line ended here.
    closed: bool,
    /// Where the open lines began, and how they are marked.
    starts: Vec<(usize, Option<char>)>,
    /// There were numbers within the lines.
    numbered: bool,
    /// Behind a cell another begins here.
    cell: bool,
    /// Lines that are marked, as places in `text`.
    changes: Vec<(Range<usize>, char)>,
}

impl Reading<'_> {
    /// Whether the element is none of the code: it is counted, or is the title of what follows.
    fn is_apart(&mut self, node: NodeId) -> bool {
        let (dom, at) = (self.dom, self.at());
        if apart::is_apart(dom, self.block, node, at) || dom.is(node, "a") && at != At::Words && aside::is_number_link(dom, node) {
            self.numbered |= dom.is(node, "span");
            self.left_out.count(dom, node);
            return true;
        }
        if at != At::Start || self.caption.is_some() {
            return false;
        }
        let Some((title, beside)) = apart::title(dom, self.block, node) else { return false };
        self.left_out.join(beside);
        self.caption = Some(title);
        true
    }

    fn at(&self) -> At {
        let mut written = self.text.bytes().rev().take(INDENTED);
        if self.text.len() < INDENTED && self.text.trim().is_empty() {
            At::Start
        } else if self.ended || written.find(|byte| *byte != b' ') == Some(b'\n') {
            At::Line
        } else {
            At::Words
        }
    }

    fn text(&mut self, node: NodeId) {
        let piece = self.dom.text(node).unwrap_or_default();
        if piece.is_empty() {
            return;
        }
        let blank = piece.bytes().all(|byte| byte.is_ascii_whitespace());
        if blank && self.blanks != Blanks::Joined && self.is_between_lines(node) {
            // The end of a line and the blanks that part it from the next are one.
            let ends = piece.matches('\n').count();
            let more = ends.saturating_sub(usize::from(self.ended || self.closed));
            if self.blanks == Blanks::Exact && ends > 0 {
                self.end_line();
                self.text.extend(std::iter::repeat_n('\n', more));
                self.closed = false;
            }
            return;
        }
        self.closed = false;
        if std::mem::take(&mut self.cell) && self.is_parted_from(piece) {
            self.text.push(' ');
        }
        if self.blanks == Blanks::Joined {
            return self.joined(piece);
        }
        if self.ended {
            self.ended = false;
            if !piece.starts_with('\n') {
                self.text.push('\n');
            }
        }
        if piece.is_ascii() {
            return self.text.push_str(piece);
        }
        // Invisible marks that editors put into empty lines.
        self.text.extend(piece.chars().filter(|c| !matches!(c, '\u{200b}' | '\u{feff}')).map(|c| if c == '\u{a0}' { ' ' } else { c }));
    }

    /// Whether what is in a cell is another word than what is before it in its row.
    fn is_parted_from(&self, piece: &str) -> bool {
        let written = self.starts.last().and_then(|(start, _)| self.text.get(*start..)).unwrap_or_default();
        // The marks of a diff have a column of their own, and belong to their lines.
        !(matches!(written, "" | "+" | "-")
            || self.ended
            || written.ends_with(char::is_whitespace)
            || piece.starts_with(char::is_whitespace))
    }

    /// Blanks that have nothing but lines, or nothing, on both sides.
    fn is_between_lines(&self, node: NodeId) -> bool {
        let dom = self.dom;
        if dom
            .parent(node)
            .and_then(|parent| dom.name(parent))
            .is_some_and(|name| matches!(&**name, "table" | "tbody" | "thead" | "tr" | "ol" | "ul"))
        {
            return true;
        }
        if self.blanks == Blanks::Lines && self.starts.is_empty() {
            return true;
        }
        let (before, behind) = (dom.previous_sibling(node), dom.next_sibling(node));
        (before.is_some() || behind.is_some())
            && before.is_none_or(|sibling| is_line(dom, sibling) && !is_own_end(dom, sibling))
            && behind.is_none_or(|sibling| is_line(dom, sibling))
    }

    fn joined(&mut self, piece: &str) {
        for (number, word) in piece.split(|c: char| c.is_ascii_whitespace()).enumerate() {
            let begins = self.ended || self.text.is_empty() || self.text.ends_with('\n');
            if number > 0 && !begins && !self.text.ends_with(' ') {
                self.text.push(' ');
            }
            if !word.is_empty() {
                self.end_line();
                self.text.extend(word.chars().filter(|c| *c != '\u{200b}').map(|c| if c == '\u{a0}' { ' ' } else { c }));
            }
        }
    }

    fn line_break(&mut self) {
        (self.ended, self.closed) = (false, false);
        self.text.push('\n');
    }

    fn end_line(&mut self) {
        if self.ended {
            self.ended = false;
            self.text.push('\n');
        }
    }

    /// A line across: what is behind it stands on another.
    fn rule(&mut self) {
        self.ended |= !self.text.is_empty() && !self.text.ends_with('\n');
    }

    fn begin(&mut self, node: NodeId) {
        if self.ended || !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        (self.ended, self.closed, self.cell) = (false, false, false);
        self.starts.push((self.text.len(), change(self.dom, node)));
    }

    fn cell(&mut self, node: NodeId) {
        self.cell = self.blanks != Blanks::Joined && self.dom.previous_element(node).is_some();
        if let Some((_, mark)) = self.starts.last_mut() {
            *mark = mark.or_else(|| change(self.dom, node));
        }
    }

    fn end(&mut self, node: NodeId) {
        let wrote = self.starts.pop().is_some_and(|(start, mark)| {
            // What is around a line that is marked says nothing more of it.
            let is_new = self.changes.last().is_none_or(|(last, _)| last.end <= start);
            self.changes.extend(mark.filter(|_| is_new).map(|mark| (start..self.text.len(), mark)));
            self.text.len() > start
        });
        // An empty element is an empty line.
        self.ended |= !wrote || !self.text.ends_with('\n');
        self.closed = true;
        if is_own_end(self.dom, node) {
            self.end_line();
        }
    }

    fn finish(self) -> String {
        let blank = |line: &str| line.trim_ascii().is_empty();
        let indented = || self.text.lines().filter(|line| !blank(line)).all(|line| line.starts_with(' '));
        // The blank that parts numbers from code.
        let parted = self.numbered && indented() && self.text.lines().any(|line| line.starts_with(' ') && !line.starts_with("  "));
        if !parted && self.blanks == Blanks::Exact && self.dom.is(self.block, "pre") {
            return self.text;
        }
        let line = |line: &str| match (blank(line), parted, self.blanks) {
            (true, ..) => String::new(),
            (_, true, _) => line[1..].to_owned(),
            (.., Blanks::Joined) => line.trim_end().to_owned(),
            _ => line.to_owned(),
        };
        self.text.split('\n').map(line).collect::<Vec<_>>().join("\n")
    }
}

/// In bytes; numbers are indented by no more.
const INDENTED: usize = 64;

/// Whether a line is shown as taken out or put in: VitePress and Shiki, Expressive Code, GitHub.
fn change(dom: &Dom, node: NodeId) -> Option<char> {
    let (mut kind, mut change) = (false, None);
    for token in tokens(dom, node) {
        match token {
            "diff" | "ec-line" | "highlight-line" => kind = true,
            "remove" | "del" => change = Some('-'),
            "add" | "ins" => change = Some('+'),
            "blob-code-deletion" => (kind, change) = (true, Some('-')),
            "blob-code-addition" => (kind, change) = (true, Some('+')),
            _ => {}
        }
    }
    change.filter(|_| kind)
}

/// The marks of a diff by the number of their lines; none where the lines have these themselves.
fn marks(text: &str, changes: &[(Range<usize>, char)]) -> HashMap<usize, char> {
    let mut marks = HashMap::new();
    let (mut number, mut counted) = (0, 0);
    let (bytes, mut told) = (text.as_bytes(), true);
    for (lines, mark) in changes {
        let Some(before) = bytes.get(counted..lines.start) else { return HashMap::new() };
        number += before.iter().filter(|byte| **byte == b'\n').count();
        let within = text.get(lines.start..lines.end.min(text.len())).unwrap_or_default().trim_end_matches('\n');
        told &= within.is_empty() || within.starts_with(*mark);
        marks.extend((0..=within.matches('\n').count()).map(|line| (number + line, *mark)));
        counted = lines.start;
    }
    if told { HashMap::new() } else { marks }
}

/// Lines with these marks before them, and whether there are any.
fn with_marks(text: String, marks: &HashMap<usize, char>) -> (String, bool) {
    if marks.is_empty() {
        return (text, false);
    }
    let marked = |(number, line): (usize, &str)| match marks.get(&number) {
        Some(mark) => format!("{mark}{line}"),
        None if line.is_empty() => String::new(),
        None => format!(" {line}"),
    };
    (text.split('\n').enumerate().map(marked).collect::<Vec<_>>().join("\n"), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(html: &str) -> String {
        let dom = Dom::parse(html);
        let pre = dom.descendants(dom.root()).find(|node| dom.is(*node, "pre")).unwrap();
        read(&dom, pre, Blanks::Exact).text
    }

    #[test]
    fn text_is_exact() {
        let code = "fn main() {\n\n\tif a < b && c > d {\n        x();   \n    }\n}\n";
        let html =
            code.replace('&', "&amp;").replace('<', "&lt;").replace("if", "<span class=k>if</span>").replace("x()", "<a href=#x>x</a>()");
        assert_eq!(block(&format!("<pre>{html}</pre>")), code);
        assert_eq!(block(&format!("<pre><code>{html}</code></pre>")), code);
        assert_eq!(block(&format!("<pre><code><table><tr><td>{html}</td></tr></table></code></pre>")), code);
    }

    #[test]
    fn line_numbers_and_buttons_are_left_out() {
        for html in [
            "<pre><button>Copy</button><span class=lineno>1 </span>a\n<span class=lineno>2 </span>b</pre>",
            "<pre><span class=lineno>1</span> a\n<span class=lineno>2</span> b</pre>",
            "<pre><code><span class=line><span class='line-num'>1</span>a</span><span class=line><span class='line-num'>2</span>b</span></code></pre>",
            "<pre><code>a\nb</code><span aria-hidden=true class=line-numbers-rows><span></span><span></span></span></pre>",
            "<pre><code><a id=L1 href='#L1'>1</a>a\n<a id=L2 href='#L2'>2</a>b</code></pre>",
            "<pre><div class=toolbar><span>Copy</span></div><code>a\nb</code><a class='play-link' href=x>Run</a></pre>",
            "<pre><span class=codehilite-copy title=Copied!></span>a\nb<div class='copy-button'>Copied!</div></pre>",
            "<pre><code><table><tr><td class=num data-line-number=1>1</td><td>a</td></tr><tr><td class=num>2</td><td>b</td></tr></table></code></pre>",
        ] {
            assert_eq!(block(html).trim_end(), "a\nb", "{html}");
        }
        // What only looks like those is code.
        assert_eq!(
            block("<pre><a class=trait href=x>Copy</a> + <a class=trait href=y>Try</a>\n<span class=mi>1</span></pre>"),
            "Copy + Try\n1"
        );
        for class in ["number", "hljs-number", "token number", "mi", "nums", "constant numeric", "literal num"] {
            assert_eq!(block(&format!("<pre>f(<span class='{class}'>1024</span>)</pre>")), "f(1024)", "{class}");
        }
        assert_eq!(block("<pre><div class=line><span class=nb>1</span></div></pre>"), "1");
    }

    /// What is read, its title, and the words that are left out.
    fn parts(html: &str) -> (String, Option<String>, usize) {
        let dom = Dom::parse(html);
        let pre = dom.descendants(dom.root()).find(|node| dom.is(*node, "pre")).unwrap();
        let Text { text, caption, left_out, .. } = read(&dom, pre, Blanks::Exact);
        (text.trim_end().to_owned(), caption, left_out.note("mark").map_or(0, |note| note.words))
    }

    #[test]
    fn words_that_are_called_numbers_or_buttons_are_code() {
        for (html, expected) in [
            (
                "cp <span class=copy>a.txt</span> <span class=tools>b</span> <span class=gutter>12</span> <span class=toolbar>x</span> <span class=ln>ln -s</span> <span class=boring>b</span>",
                "cp a.txt b 12 x ln -s b",
            ),
            ("$ <span class=tools>make</span> <span class=copy>all</span>\n<span class=toolbar>x</span>y", "$ make all\nxy"),
            ("Set <span class=lang>python</span> as <span class=language>Rust</span>", "Set python as Rust"),
            ("<span class=language>python</span> main.py", "python main.py"),
            (
                "price: <span class=no-select>$5</span> <span class=select-none>100%</span> <span style='user-select:none'>42</span>",
                "price: $5 100% 42",
            ),
            ("f.c:<span class=lineno>3</span>: error", "f.c:3: error"),
            ("<span class=ln>ln -s</span> a b", "ln -s a b"),
            ("line <span class='line-number'>7</span>", "line 7"),
            ("<a class=copy href=x>dup</a>(2)", "dup(2)"),
            (
                "<span class=line><span class=number>1</span>, a</span>\n<span class=line><span class=number>2</span>, b</span>",
                "1, a\n2, b",
            ),
            (
                "<span class='token-line'><span class='token number'>1</span> a</span>\n<span class='token-line'><span class='token number'>2</span> b</span>",
                "1 a\n2 b",
            ),
        ] {
            assert_eq!(parts(&format!("<pre>{html}</pre>")), (expected.to_owned(), None, 0), "{html}");
        }
        // And what is one goes, and is counted.
        for (html, words) in [
            ("<span class=lineno>1 </span>a\n<span class=lineno>2 </span>b", 2),
            ("<span class=gutter> 9 | </span>a\n<span class=gutter>10 | </span>b", 4),
            ("<span class=ln>1</span><span class=ln>1</span>a\n<span class=ln>2</span>b", 3),
            ("<span class=lang>python</span>\na\nb", 1),
            ("<span class=lang>python</span><code>a\nb</code>", 1),
            ("<code>a\nb</code><span class=lang>python</span><span class=copy>Copy</span>", 2),
            ("<span class=toolbar><span>Copy</span> <span>Wrap</span></span><code>a\nb</code>", 2),
            ("<code>a\nb</code><span class=btn-copy title=x></span>", 0),
            ("<span class=boring>fn main() {\n</span>a\nb\n<span class=boring>}</span>", 4),
            ("a\nb<a class=copy-btn href=x>Copied!</a>", 1),
            ("<span class='sr-only'>Listing of letters</span>a\nb", 3),
            ("<span class=no-select>$ </span>a\n<span class=no-select>&gt; </span>b", 2),
        ] {
            let (text, caption, left_out) = parts(&format!("<pre>{html}</pre>"));
            assert_eq!((text.trim(), caption, left_out), ("a\nb", None, words), "{html}");
        }
    }

    #[test]
    fn blocks_with_words_are_code_whatever_they_are_called() {
        for (html, expected) in [
            ("<ol><li class=ln>one</li><li class=ln>two</li></ol>", "one\ntwo"),
            ("<div class=gutter>a = max(1)</div><div class=gutter>if b:</div>", "a = max(1)\nif b:"),
        ] {
            assert_eq!(parts(&format!("<pre>{html}</pre>")), (expected.to_owned(), None, 0), "{html}");
        }
        let long = "copy(from, to); ".repeat(20);
        assert_eq!(parts(&format!("<pre><div class=copy>{long}</div></pre>")).0, long.trim_end());
        assert_eq!(parts("<pre><div class=gutter>1 +<br>2 -</div><div>a</div></pre>").0, "a");
        assert_eq!(parts("<pre><div class=toolbar><span>Shell</span><button>Copy</button></div>a</pre>").0, "a");
    }

    #[test]
    fn titles_stand_before_the_code() {
        let long = "A very long header of a listing that says what it is about, and more";
        for (html, title) in [
            ("<div class='code-header'><span>main.rs</span><button>Copy</button></div>a\nb", "main.rs"),
            ("<span class=filename>main.rs</span>\na\nb", "main.rs"),
            ("<div class=filename>main.rs</div><code>a\nb</code>", "main.rs"),
            ("<div class='title code'>One</div>a\nb", "One"),
            ("<figcaption>One</figcaption><code>a\nb</code>", "One"),
            (&format!("<div class='code-header'>{long}</div>a\nb"), long),
        ] {
            let (text, caption, _) = parts(&format!("<pre>{html}</pre>"));
            assert_eq!((text.trim(), caption.as_deref()), ("a\nb", Some(title)), "{html}");
        }
        // What is called so elsewhere is code.
        for (html, expected) in [
            (
                "  File \"<span class=filename>a.py</span>\", line <span class=lineno>12</span>, in f\n  File \"<span class=filename>b.py</span>\", line <span class=lineno>7</span>",
                "  File \"a.py\", line 12, in f\n  File \"b.py\", line 7",
            ),
            ("<span class=filename>src/main.rs</span>:<span class=lineno>3</span>: error", "src/main.rs:3: error"),
            ("<div class=header>Host: a</div><div class=header>Accept: b</div>", "Host: a\nAccept: b"),
            ("<div class=header>HTTP/1.1 200 OK</div><div>Content-Length: 3</div>", "HTTP/1.1 200 OK\nContent-Length: 3"),
            ("<div class='title code'>One</div><div class='title code'>Two</div>x", "One\nTwo\nx"),
            ("<div class=caption>Alone</div>", "Alone"),
            ("x\n<div class=caption>Two</div>b", "x\nTwo\nb"),
        ] {
            let (text, caption, _) = parts(&format!("<pre>{html}</pre>"));
            assert_eq!((text.as_str(), caption), (expected, None), "{html}");
        }
    }

    #[test]
    fn cells_of_a_row_are_parted() {
        for (html, expected) in [
            ("<td>get(</td><td>-1)</td>", "get( -1)"),
            ("<td>a</td><td>b</td>", "a b"),
            ("<td>+</td><td>x = 1</td>", "+x = 1"),
            ("<td>a </td><td>b</td>", "a b"),
            ("<td></td><td>b</td>", "b"),
        ] {
            assert_eq!(block(&format!("<pre><table><tr>{html}</tr></table></pre>")).trim_end(), expected, "{html}");
        }
    }

    #[test]
    fn lines_may_be_elements() {
        for (html, expected) in [
            ("<div>a</div><div>b</div>", "a\nb"),
            ("<div>a</div>\n<div>b</div>", "a\nb"),
            ("\n  <div>a</div>\n  <div>b</div>\n", "a\nb"),
            ("<div>a\n</div>\n<div>b\n</div>", "a\nb"),
            ("<code><div><i>a</i></div><div>\n</div><div><i>b</i></div></code>", "a\n\nb"),
            ("<div>a</div><div></div><div>b</div>", "a\n\nb"),
            ("<div><div>a</div></div><div><div></div></div><div><div>b</div></div>", "a\n\nb"),
            ("<div><div>a</div><div></div></div><div>b</div>", "a\n\nb"),
            ("a<br><span>  b</span><br>", "a\n  b"),
            ("<span class=line>a</span><span class=line>  b</span>", "a\n  b"),
            ("<span class=line>a</span>\n<span class=line></span>\n<span class=line>b</span>", "a\n\nb"),
            ("<span class=line>a</span><br><span class=line></span><br><span class=line>b</span><br>", "a\n\nb"),
            ("<span class='token-line'>a<br></span><span class='token-line'><br></span><span class='token-line'>b<br></span>", "a\n\nb"),
            (
                "<span class=line><span class=cl>a\n</span></span><span class=line><span class=cl>\n</span></span><span class=line><span class=cl>b</span></span>",
                "a\n\nb",
            ),
            ("<span style='display: block;'>a</span><span style='display:grid'>b</span>", "a\nb"),
            ("<ol class=linenums><li class=L0>a</li><li class=L1></li><li class=L2>b</li></ol>", "a\n\nb"),
            ("<table><tr><td>a</td></tr>\n<tr><td></td></tr>\n<tr><td>b</td></tr></table>", "a\n\nb"),
            ("a\n<span class='gatsby-highlight-code-line'>b</span>c", "a\nb\nc"),
            ("a\n<span class='gatsby-highlight-code-line'>b</span><span class='gatsby-highlight-code-line'>c</span>\nd", "a\nb\nc\n\nd"),
            ("a\n<span class=hll>b\n</span>\n<span class=hll>c\n</span>d", "a\nb\n\nc\nd"),
            ("<span class='token inserted'><span class='token prefix'>+</span><span class='token line'>a\n</span></span>b", "+a\nb"),
            ("<span class='multi-line inline'>a</span>b", "ab"),
            (
                "<div class=ec-line><div class=gutter><div class=ln>1</div></div><div class=code>a</div></div><div class=ec-line><div class=gutter><div class=ln>2</div></div><div class=code>\n</div></div><div class=ec-line><div class=gutter><div class=ln>3</div></div><div class=code>b</div></div>",
                "a\n\nb",
            ),
        ] {
            let text = block(&format!("<pre>{html}</pre>"));
            assert_eq!(text.trim_end(), expected, "{html}");
        }
    }

    #[test]
    fn tooltips_are_not_code() {
        for html in [
            "<span class=line>const <span class='twoslash-hover'><span class='twoslash-popup-container'><code>const a: 1</code></span>a</span> = 1</span>",
            "<code><div class=line>const <data-lsp lsp='const a: 1'>a</data-lsp> = 1</div></code>",
            "const a<span role=tooltip>the answer</span> = 1",
            "<div class=line>const a = 1</div><span class=error><span>no</span></span><div class='meta-line'>  ^?</div>",
        ] {
            assert_eq!(block(&format!("<pre class='shiki twoslash'>{html}</pre>")).trim_end(), "const a = 1", "{html}");
        }
    }

    #[test]
    fn blanks_that_do_not_break_are_blanks_in_code() {
        assert_eq!(block("<pre>if a:\n&nbsp;&nbsp;b\u{200b}</pre>"), "if a:\n  b");
    }
}
