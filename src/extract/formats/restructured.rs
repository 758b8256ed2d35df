//! reStructuredText: blocks by their indentation, headings by the order in which their adornments come, directives by what they show.
//! A directive that is not known keeps its argument and its content; of options, comments and definitions a reader sees nothing.

use url::Url;

use crate::extract::formats::grid;
use crate::extract::formats::inside;
use crate::extract::formats::roles::{Names, inline};
use crate::extract::formats::sheet::{Reading, Sheet, begun, code, joined};
use crate::model::Meter;

pub(super) fn read(text: &str, url: &Url, meter: &Meter) -> Reading {
    let text = text.replace('\t', "        ");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let names = Names::of(&lines);
    let mut reader = Reader {
        sheet: Sheet::new(url, meter, text.len()),
        lines,
        at: 0,
        names,
        styles: Vec::new(),
        level: 0,
        members: Vec::new(),
        language: String::new(),
        anchor: None,
    };
    while reader.at < reader.lines.len() && reader.sheet.goes_on() {
        reader.block();
    }
    let mut reading = reader.sheet.finish();
    reading.title = reading.outline.iter().min_by_key(|heading| heading.level).map(|heading| heading.text.clone());
    reading
}

struct Reader<'a> {
    sheet: Sheet<'a>,
    lines: Vec<&'a str>,
    at: usize,
    names: Names<'a>,
    /// Adornments of headings in order of appearance; whether above, too.
    styles: Vec<(char, bool)>,
    /// Of the section.
    level: usize,
    /// Columns of the descriptions of members that are open.
    members: Vec<usize>,
    /// Of code that names none.
    language: String,
    /// The label before a heading.
    anchor: Option<String>,
}

impl<'a> Reader<'a> {
    fn block(&mut self) {
        let line = self.lines[self.at];
        if line.is_empty() {
            self.at += 1;
            return;
        }
        let column = column(line);
        let bare = line.trim_start();
        self.sheet.at(column);
        while self.members.last().is_some_and(|member| column <= *member) {
            self.members.pop();
        }
        if column == 0 && self.heading() {
            return;
        }
        if bare == ".." || bare.starts_with(".. ") {
            return self.explicit(column, bare[2..].trim_start());
        }
        self.anchor = None;
        if is_adornment(bare) && bare.len() >= 4 {
            self.at += 1;
        } else if grid::is_simple_border(bare) || bare.starts_with("+-") || bare.starts_with("+=") {
            self.table(bare);
        } else if bare.starts_with(">>> ") {
            let block = self.paragraph_lines(column);
            self.sheet.fence("pycon", &dedented(&block));
        } else if bare == "|" || bare.starts_with("| ") {
            let block = self.paragraph_lines(0);
            let lines: Vec<_> = block.iter().map(|line| self.text(line.trim_start().trim_start_matches('|'))).collect();
            self.sheet.paragraph(&lines.join("\\\n"));
        } else if let Some((mark, width)) = item(bare) {
            self.item(column, &mark, width);
        } else if let Some((name, body)) = field(bare) {
            self.field(column, name, body);
        } else if let Some((option, meaning)) = bare.split_once("  ").filter(|_| bare.starts_with('-') && bare.len() > 2) {
            let text = self.text(meaning);
            self.at += 1;
            let more = self.continuation(column + 1);
            let text = joined(&format!("{}: {text} {more}", code(option)));
            self.sheet.item(column, column + 2, "-", &text);
        } else {
            self.paragraph(column);
        }
    }

    /// `Title` with a line below, or with one above and below.
    fn heading(&mut self) -> bool {
        let [line, next, third] = [0, 1, 2].map(|ahead| self.lines.get(self.at + ahead).copied().unwrap_or_default());
        let over = is_adornment(line)
            && !next.is_empty()
            && third.starts_with(&line[..1])
            && is_adornment(third)
            && third.len() + 2 >= next.trim().chars().count();
        let under = !over
            && !is_adornment(line)
            && (is_adornment(next) || next.len() == 2 && next.len() >= line.chars().count() && is_adornment(&next.repeat(2)))
            // A short line below is a mistake that is forgiven from four characters on.
            && (next.len() >= 4 || next.len() >= line.chars().count())
            && !next.starts_with("::")
            && !line.starts_with(".. ");
        if !over && !under {
            return false;
        }
        let style = (if over { line } else { next }.chars().next().unwrap_or('='), over);
        let level = match self.styles.iter().position(|known| *known == style) {
            Some(level) => level,
            None if self.styles.len() < MOST_STYLES => {
                self.styles.push(style);
                self.styles.len() - 1
            }
            None => MOST_STYLES - 1,
        };
        self.level = level + 1;
        self.members.clear();
        let title = self.text(if over { next } else { line });
        let anchor = self.anchor.take();
        self.sheet.heading(self.level, &title, anchor);
        self.at += if over { 3 } else { 2 };
        true
    }

    fn paragraph(&mut self, column: usize) {
        let first = self.lines[self.at].trim_start();
        let next = self.lines.get(self.at + 1).copied().unwrap_or_default();
        // A term, with its meaning indented below.
        if !next.is_empty() && self::column(next) > column && !first.ends_with("::") {
            self.at += 1;
            let (term, classifier) = first.split_once(" : ").unwrap_or((first, ""));
            let term = self.text(term);
            self.sheet.term(&term);
            if !classifier.is_empty() {
                let classifier = self.text(classifier);
                self.sheet.paragraph(&begun(&classifier));
            }
            return;
        }
        let lines = self.paragraph_lines(column);
        let text = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        let (text, literal) = without_colons(&text);
        let text = self.text(text);
        self.sheet.paragraph(&begun(&text));
        if literal {
            self.literal(column);
        }
    }

    fn item(&mut self, column: usize, mark: &str, width: usize) {
        let from = column + width;
        let first = self.lines[self.at].get(from..).unwrap_or_default();
        self.at += 1;
        // What is no paragraph is read again at its own column.
        let more = if first.starts_with(".. ") { String::new() } else { self.continuation(from) };
        let whole = joined(&format!("{first} {more}"));
        let (text, literal) = without_colons(&whole);
        let text = self.text(text);
        self.sheet.item(column, from, mark, &text);
        if literal {
            self.literal(column);
        }
    }

    /// `:name: body`
    fn field(&mut self, column: usize, name: &str, body: &str) {
        self.at += 1;
        let more = self.continuation(column + 1);
        let body = joined(&format!("{body} {more}"));
        let plain = body.clone();
        let metadata = &mut self.sheet.reading.metadata;
        match name.to_ascii_lowercase().as_str() {
            // Options of the generator.
            "orphan" | "tocdepth" | "nocomments" | "nosearch" => return,
            "author" | "authors" => metadata.author = Some(plain),
            "version" => metadata.version = Some(plain),
            "date" if plain.starts_with(|c: char| c.is_ascii_digit()) => metadata.published = Some(plain),
            _ => {}
        }
        let (name, body) = (self.text(name), self.text(&body));
        self.sheet.item(column, column + 2, "-", &format!("**{name}**: {body}"));
    }

    /// Lines directly below that are indented at least so far.
    fn continuation(&mut self, from: usize) -> String {
        let mut text = String::new();
        while let Some(line) = self.lines.get(self.at).filter(|line| !line.is_empty() && column(line) >= from) {
            text.push_str(line.trim_start());
            text.push(' ');
            self.at += 1;
        }
        text
    }

    /// Up to a blank line, or one that is indented less.
    fn paragraph_lines(&mut self, from: usize) -> Vec<&'a str> {
        let begun = self.at;
        self.at += 1;
        while self.lines.get(self.at).is_some_and(|line| !line.is_empty() && column(line) >= from && !line.trim_start().starts_with(".. "))
        {
            self.at += 1;
        }
        self.lines[begun..self.at].to_vec()
    }

    /// Lines that are indented more than `column`, blank ones within.
    fn indented(&mut self, column: usize) -> Vec<&'a str> {
        let begun = self.at;
        let mut end = begun;
        while let Some(line) = self.lines.get(self.at) {
            if !line.is_empty() {
                if self::column(line) <= column {
                    break;
                }
                end = self.at + 1;
            }
            self.at += 1;
        }
        self.at = end.max(begun);
        self.lines[begun..end].to_vec()
    }

    fn literal(&mut self, column: usize) {
        let block = self.indented(column);
        let language = self.language.clone();
        self.sheet.fence(&language, &dedented(&block));
    }

    fn table(&mut self, first: &str) {
        let is_simple = grid::is_simple_border(first);
        let begun = self.at;
        while let Some(line) = self.lines.get(self.at).map(|line| line.trim_start()) {
            let ends_before = if is_simple { false } else { !line.starts_with(['+', '|']) };
            if ends_before || line.is_empty() && !is_simple {
                break;
            }
            self.at += 1;
            let next = self.lines.get(self.at).copied().unwrap_or_default();
            // The last border of a simple table has nothing below it.
            if is_simple && self.at > begun + 1 && grid::is_simple_border(line) && next.is_empty() {
                break;
            }
        }
        let lines = &self.lines[begun..self.at];
        match if is_simple { grid::simple(lines) } else { grid::grid(lines) } {
            Some(rows) => {
                let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| self.text(cell)).collect()).collect();
                self.sheet.table(&rows);
            }
            None => {
                let text = dedented(lines);
                self.sheet.fence("", &text);
            }
        }
    }

    /// What follows `..`: a directive, a target, a footnote, or a comment.
    fn explicit(&mut self, column: usize, rest: &'a str) {
        self.at += 1;
        if let Some(label) = rest.strip_prefix('_').and_then(|rest| rest.strip_suffix(':')) {
            self.anchor = Some(id_of(label.trim_matches('`')));
            return;
        }
        if rest.starts_with('_') && rest.contains(':') || rest.starts_with('|') && rest.contains("::") {
            // A definition, which is used where it is named.
            self.indented(column);
            return;
        }
        self.anchor = None;
        if let Some((label, text)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let more = self.continuation(column + 1);
            let text = self.text(&joined(&format!("{text} {more}")));
            self.sheet.paragraph(&format!("[{label}] {text}"));
            return;
        }
        match rest.split_once("::").filter(|(name, _)| is_name(name)) {
            Some((name, argument)) => self.directive(column, name, argument.trim()),
            // An empty comment ends what stands before it, no more.
            None if rest.is_empty() && self.lines.get(self.at).is_none_or(|line| line.is_empty()) => {}
            None => {
                let block = self.indented(column);
                self.sheet.leave_out("comments", &format!("{rest}\n{}", block.join("\n")));
            }
        }
    }

    fn directive(&mut self, column: usize, name: &str, argument: &'a str) {
        let kind = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
        match kind.as_str() {
            "code-block" | "code" | "sourcecode" | "parsed-literal" | "productionlist" | "prompt" | "ipython" | "doctest" | "testcode"
            | "testoutput" | "console" | "literal" | "math" | "graphviz" | "mermaid" | "uml" => self.code(column, &kind, argument),
            "highlight" => {
                self.language = argument.to_owned();
                self.indented(column);
            }
            "image" | "figure" => {
                let options = self.options();
                let alt = options.iter().find(|(name, _)| *name == "alt").map_or("", |(_, value)| value);
                let image = self.sheet.image(alt, argument);
                self.sheet.paragraph(&image);
            }
            "toctree" => {
                self.options();
                for line in self.indented(column).into_iter().filter(|line| !line.is_empty()) {
                    let text = self.text(line.trim());
                    self.sheet.item(column, column + 2, "-", &text);
                }
                self.sheet.at(column);
            }
            "list-table" => {
                let options = self.options();
                let block = self.indented(column);
                let rows: Vec<Vec<String>> =
                    grid::list(&block).iter().map(|row| row.iter().map(|cell| self.text(cell)).collect()).collect();
                self.titled_table(argument, &options, rows);
            }
            "csv-table" => {
                let options = self.options();
                let block = self.indented(column);
                let header = options.iter().find(|(name, _)| *name == "header").map(|(_, value)| *value);
                let lines = header.into_iter().chain(block).filter(|line| !line.trim().is_empty());
                let rows: Vec<Vec<String>> =
                    lines.map(|line| grid::comma_separated(line).iter().map(|cell| self.text(cell)).collect()).collect();
                self.titled_table(argument, &options, rows);
            }
            "contents" | "index" | "meta" | "currentmodule" | "module" | "default-role" | "role" | "sectionauthor" | "codeauthor"
            | "tabularcolumns" | "raw" | "literalinclude" | "include" | "automodule" | "autoclass" | "autofunction" | "autosummary"
            | "highlightlang" | "rst-class" | "default-domain" | "program" | "testsetup" | "testcleanup" => {
                let block = self.indented(column);
                self.sheet.leave_out("directives", &format!("{kind} {argument} {}", block.join(" ")));
            }
            "only" | "container" | "class" | "compound" | "epigraph" | "tabs" | "hlist" | "tab-set" | "grid" | "card-group" => {
                self.options();
            }
            "rubric" | "tab" | "tab-item" | "group-tab" | "topic" | "sidebar" | "centered" | "card" | "grid-item-card" | "dropdown"
            | "table" | "collapse" => {
                let title = self.text(argument);
                self.options();
                self.sheet.term(&title);
            }
            "versionadded" | "versionchanged" | "deprecated" | "versionremoved" => {
                let (version, text) = argument.split_once(' ').unwrap_or((argument, ""));
                let label = inside::admonition(if kind == "versionremoved" { "deprecated" } else { &kind }, "");
                let more = self.continuation(column + 1);
                let text = self.text(&joined(&format!("{text} {more}")));
                self.sheet.paragraph(&format!("**{label} {version}**{}{text}", if text.is_empty() { "" } else { ": " }));
            }
            _ if inside::ADMONITIONS.contains(&kind.as_str()) || kind == "admonition" => {
                let (title, text) = if kind == "admonition" { (self.text(argument), "") } else { (String::new(), argument) };
                let label = inside::admonition(&kind, &title);
                self.sheet.term(&label);
                self.options();
                // Its text may begin beside its name.
                if !text.is_empty() {
                    let more = self.continuation(column + 1);
                    let text = self.text(&joined(&format!("{text} {more}")));
                    self.sheet.paragraph(&begun(&text));
                }
            }
            _ if MEMBERS.contains(&kind.as_str()) => self.member(column, argument),
            _ => {
                self.options();
                let argument = self.text(argument);
                self.sheet.paragraph(&begun(&argument));
            }
        }
    }

    fn code(&mut self, column: usize, kind: &str, argument: &str) {
        self.options();
        let block = self.indented(column);
        let text = dedented(&block);
        let language = match kind {
            "code-block" | "code" | "sourcecode" if argument.is_empty() => self.language.clone(),
            "code-block" | "code" | "sourcecode" => argument.split(' ').next().unwrap_or_default().to_ascii_lowercase(),
            "prompt" => argument.split(' ').next().unwrap_or_default().to_ascii_lowercase(),
            "ipython" | "testcode" => "python".to_owned(),
            "doctest" => "pycon".to_owned(),
            "console" => "console".to_owned(),
            "graphviz" => "dot".to_owned(),
            "mermaid" => "mermaid".to_owned(),
            "math" => {
                let formula = if argument.is_empty() { text } else { format!("{argument}\n{text}") };
                return self.sheet.paragraph(&format!("$$\n{}\n$$", formula.trim()));
            }
            _ => String::new(),
        };
        // Not an argument, but the code.
        let text = if matches!(kind, "productionlist" | "parsed-literal") && text.is_empty() { argument.to_owned() } else { text };
        let language = if matches!(language.as_str(), "none" | "text" | "default") { "" } else { &language };
        self.sheet.fence(language, &text);
    }

    /// What is described, one signature a line, as headings below the section's.
    fn member(&mut self, column: usize, argument: &'a str) {
        let mut signatures = vec![argument];
        while let Some(line) =
            self.lines.get(self.at).filter(|line| !line.is_empty() && self::column(line) > column && field(line.trim_start()).is_none())
        {
            signatures.push(line.trim());
            self.at += 1;
        }
        self.options();
        let level = self.level + 1 + self.members.len();
        for signature in signatures.into_iter().filter(|signature| !signature.is_empty()) {
            self.sheet.heading(level, &code(&signature.replace('\\', "")), None);
        }
        if self.members.len() < MOST_STYLES {
            self.members.push(column);
        }
    }

    fn titled_table(&mut self, title: &str, options: &[(&str, &str)], mut rows: Vec<Vec<String>>) {
        let title = self.text(title);
        self.sheet.term(&title);
        let has_header = options.iter().any(|(name, _)| matches!(*name, "header" | "header-rows"));
        if !has_header && !rows.is_empty() {
            rows.insert(0, vec![String::new(); rows[0].len()]);
        }
        self.sheet.table(&rows);
    }

    /// `:name: value` lines directly below a directive.
    fn options(&mut self) -> Vec<(&'a str, &'a str)> {
        let mut options = Vec::new();
        while let Some(option) = self.lines.get(self.at).filter(|line| line.starts_with(' ')).and_then(|line| field(line.trim_start())) {
            options.push(option);
            self.at += 1;
        }
        options
    }

    fn text(&mut self, text: &str) -> String {
        inline(text, &mut self.names, &mut self.sheet)
    }
}

fn column(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_adornment(line: &str) -> bool {
    let first = line.as_bytes().first().copied().unwrap_or_default();
    line.len() >= 3 && first.is_ascii_punctuation() && line.bytes().all(|byte| byte == first) && line != "..." && !line.starts_with("```")
}

/// The mark of a list item as markdown has it, and how wide mark and blanks are in the source.
fn item(bare: &str) -> Option<(String, usize)> {
    let (mark, rest) = bare.split_once(' ').unwrap_or((bare, ""));
    let width = mark.len() + 1 + (rest.len() - rest.trim_start().len());
    if matches!(mark, "-" | "*" | "+" | "•" | "‣") {
        return Some(("-".to_owned(), width));
    }
    let inner = mark.strip_suffix(['.', ')'])?;
    let inner = inner.strip_prefix('(').unwrap_or(inner);
    let number = match inner {
        "#" => 1,
        digits if !digits.is_empty() && digits.len() < 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        letter if letter.len() == 1 && letter.as_bytes()[0].is_ascii_lowercase() && mark.ends_with(')') => {
            usize::from(letter.as_bytes()[0] - b'a') + 1
        }
        _ => return None,
    };
    (!rest.is_empty()).then(|| (format!("{number}."), width))
}

/// `:name: body`; a role is none.
fn field(bare: &str) -> Option<(&str, &str)> {
    let (name, body) = bare.strip_prefix(':')?.split_once(':')?;
    let is_field = !name.is_empty() && name.len() < 80 && !name.starts_with(' ') && (body.is_empty() || body.starts_with(' '));
    is_field.then(|| (name, body.trim()))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() < 60
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.' | b'+'))
}

/// Without the colons that announce literal text, and whether they do.
fn without_colons(text: &str) -> (&str, bool) {
    match text.strip_suffix("::") {
        Some("") => ("", true),
        Some(before) if before.ends_with(' ') => (before.trim_end(), true),
        Some(_) => (&text[..text.len() - 1], true),
        None => (text, false),
    }
}

/// Without the indentation that all lines have.
fn dedented(lines: &[&str]) -> String {
    let indent = lines.iter().filter(|line| !line.is_empty()).map(|line| column(line)).min().unwrap_or(0);
    lines.iter().map(|line| line.get(indent..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The fragment that a label becomes.
fn id_of(label: &str) -> String {
    let mut id = String::new();
    for c in label.chars().flat_map(char::to_lowercase) {
        match c.is_alphanumeric() {
            true => id.push(c),
            false if !id.is_empty() && !id.ends_with('-') => id.push('-'),
            false => {}
        }
    }
    id.trim_end_matches('-').to_owned()
}

/// Levels of headings, and of members within members.
const MOST_STYLES: usize = 6;

/// Directives that describe what an API or a program offers.
const MEMBERS: [&str; 38] = [
    "function",
    "method",
    "staticmethod",
    "classmethod",
    "class",
    "attribute",
    "data",
    "exception",
    "property",
    "decorator",
    "decoratormethod",
    "option",
    "cmdoption",
    "envvar",
    "describe",
    "object",
    "confval",
    "opcode",
    "macro",
    "type",
    "struct",
    "union",
    "member",
    "var",
    "enum",
    "enumerator",
    "setting",
    "fieldlookup",
    "templatetag",
    "templatefilter",
    "django-admin",
    "signal",
    "rst:directive",
    "rst:role",
    "enum-class",
    "alias",
    "concept",
    "pdbcommand",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;

    fn reading(text: &str) -> Reading {
        read(text, &Url::parse("https://docs.test/a/b.rst").unwrap(), &unlimited())
    }

    fn markdown(text: &str) -> String {
        reading(text).markdown
    }

    #[test]
    fn headings_have_the_level_of_their_adornment() {
        let found = reading(
            "=====\nTitle\n=====\n\n.. _the Label:\n\nFirst\n-----\nText.\n\nDeep ``x``\n~~~~~~~~~~\n\n----\n\nSecond\n------\n\nIt\n==\nX\n",
        );
        assert_eq!(found.markdown, "# Title\n\n## First\n\nText.\n\n### Deep `x`\n\n## Second\n\n#### It\n\nX");
        assert_eq!(found.title.as_deref(), Some("Title"));
        assert_eq!(found.outline[1].anchor.as_deref(), Some("the-label"));
        assert_eq!(found.outline[2].text, "Deep x");
    }

    #[test]
    fn code_is_exact() {
        for (text, wanted) in [
            ("Do::\n\n    a\n\n      b\n\nafter", "Do:\n\n```\na\n\n  b\n```\n\nafter"),
            ("Do ::\n\n a\n", "Do\n\n```\na\n```"),
            ("::\n\n  a\n", "```\na\n```"),
            (".. code-block:: python\n   :linenos:\n\n   if x:\n       y()\n\ntext", "```python\nif x:\n    y()\n```\n\ntext"),
            (".. highlight:: c\n\nDo::\n\n  x;\n", "Do:\n\n```c\nx;\n```"),
            (">>> 1\n1\n\nx", "```pycon\n>>> 1\n1\n```\n\nx"),
            ("- a::\n\n    b\n\n- c", "- a:\n\n  ```\n  b\n  ```\n\n- c"),
            (".. math:: x^2\n", "$$\nx^2\n$$"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
    }

    #[test]
    fn directives_show_what_they_show() {
        for (text, wanted) in [
            (".. note::\n\n   A\n   b.\n\n   C.\n\nD", "**Note**\n\nA b.\n\nC.\n\nD"),
            (".. warning:: A\n   b.\n", "**Warning**\n\nA b."),
            (".. admonition:: My title\n\n   A.", "**My title**\n\nA."),
            (".. versionadded:: 3.1\n   More.", "**Added in version 3.1**: More."),
            (".. image:: c.png\n   :alt: A pot\n   :width: 3\n", "![A pot](https://docs.test/a/c.png)"),
            (
                ".. function:: f(a, *b)\n              g(c)\n\n   Does.\n\n   .. method:: h()\n\n      H.\n\n.. data:: D\n",
                "# `f(a, *b)`\n\n# `g(c)`\n\nDoes.\n\n## `h()`\n\nH.\n\n# `D`",
            ),
            (".. unknown:: Arg\n   :opt: x\n\n   Text.\n", "Arg\n\nText."),
            (".. toctree::\n   :maxdepth: 2\n\n   intro\n   More <more>\n\nx", "- intro\n- More \\<more>\n\nx"),
            ("x [1]_\n\n.. [1] A\n   note.\n", "x [1]\n\n[1] A note."),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
        let notes = reading(".. a comment\n   of two lines\n\n..\n\n  quoted\n\n.. raw:: html\n\n   <b>\n").notes;
        assert_eq!(notes.iter().map(|note| (note.rule, note.words)).collect::<Vec<_>>(), [("comments", 5), ("directives", 3)]);
    }

    #[test]
    fn lists_fields_and_terms_are_read() {
        for (text, wanted) in [
            ("* a\n  b\n\n  c\n\n  * d\n\n#. e\n#. f", "- a b\n\n  c\n\n  - d\n1. e\n1. f"),
            ("term\n    Meaning\n    goes on.\n\nother : type\n    M2", "**term**\n\nMeaning goes on.\n\n**other**\n\ntype\n\nM2"),
            (":param x: The x\n   value.\n:returns: y", "- **param x**: The x value.\n- **returns**: y"),
            ("-o FILE  Write to it\n--all    Every one\n         of them", "- `-o FILE`: Write to it\n- `--all`: Every one of them"),
            ("| a\n| b", "a\\\nb"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
    }

    #[test]
    fn tables_are_tables() {
        let wanted = "| A | B |\n| --- | --- |\n| 1 | `x` y |\n| 2 |  |";
        for text in [
            "=== =======\nA   B\n=== =======\n1   ``x``\n    y\n2\n=== =======\n\nafter",
            "+---+-------+\n| A | B     |\n+===+=======+\n| 1 | ``x`` |\n|   | y     |\n+---+-------+\n| 2 |       |\n+---+-------+\n\nafter",
            ".. list-table::\n   :header-rows: 1\n\n   * - A\n     - B\n   * - 1\n     - ``x``\n       y\n   * - 2\n     -\n\nafter",
            ".. csv-table::\n   :header: A, \"B\"\n\n   1, \"``x`` y\"\n   2,\n\nafter",
        ] {
            assert_eq!(markdown(text), format!("{wanted}\n\nafter"), "{text}");
        }
    }
}
