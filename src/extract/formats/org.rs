//! Org mode: headlines by their stars, blocks between `#+BEGIN` and `#+END`, tables as they are drawn; drawers and settings are left out.

use url::Url;

use crate::extract::formats::markup;
use crate::extract::formats::sheet::{Reading, Sheet, begun, code, joined};
use crate::model::Meter;

pub(super) fn read(text: &str, url: &Url, meter: &Meter) -> Reading {
    let mut reader =
        Reader { sheet: Sheet::new(url, meter, text.len()), lines: text.lines().map(str::trim_end).collect(), at: 0, title: None };
    while reader.at < reader.lines.len() && reader.sheet.goes_on() {
        reader.block();
    }
    let Reader { sheet, title, .. } = reader;
    let mut reading = sheet.finish();
    reading.title = title.or_else(|| reading.outline.iter().min_by_key(|heading| heading.level).map(|heading| heading.text.clone()));
    reading
}

struct Reader<'a> {
    sheet: Sheet<'a>,
    lines: Vec<&'a str>,
    at: usize,
    title: Option<String>,
}

impl<'a> Reader<'a> {
    fn block(&mut self) {
        let line = self.lines[self.at];
        let bare = line.trim_start();
        let column = line.len() - bare.len();
        if bare.is_empty() {
            self.at += 1;
            return;
        }
        if let Some((level, text)) = headline(line) {
            return self.headline(level, text);
        }
        if let Some(keyword) = bare.strip_prefix("#+") {
            return self.keyword(column, keyword);
        }
        if bare == "#" || bare.starts_with("# ") {
            self.at += 1;
            return self.sheet.leave_out("comments", bare.trim_start_matches('#'));
        }
        if is_drawer(bare) {
            return self.drawer(bare);
        }
        self.sheet.at(column);
        if bare == ":" || bare.starts_with(": ") {
            let lines = self.while_lines(|line| line.trim_start() == ":" || line.trim_start().starts_with(": "));
            let code: Vec<&str> = lines.iter().map(|line| line.trim_start().strip_prefix(": ").unwrap_or_default()).collect();
            return self.sheet.fence("", &code.join("\n"));
        }
        if bare.starts_with('|') {
            return self.table();
        }
        if ["DEADLINE:", "SCHEDULED:", "CLOSED:", "CLOCK:"].iter().any(|mark| bare.starts_with(mark)) {
            self.at += 1;
            return self.sheet.leave_out("planning", bare);
        }
        if is_rule(bare) {
            self.at += 1;
            return;
        }
        if let Some((mark, width)) = item(bare, column) {
            self.at += 1;
            let first = line.get(column + width..).unwrap_or_default();
            // `[@5]` is the number that the item has.
            let counter = first.strip_prefix("[@").and_then(|rest| rest.split_once(']')).filter(|(number, _)| is_number(number));
            let (mark, first) = match counter.filter(|_| mark != "-") {
                Some((number, rest)) => (format!("{number}."), rest.trim_start()),
                None => (mark, first),
            };
            let mut text = String::new();
            add(&mut text, first);
            text.push_str(&self.continuation(column + 1));
            let text = match text.split_once(" :: ") {
                Some((term, text)) => format!("**{}**: {}", self.text(term), self.text(text)),
                None => self.text(&text),
            };
            return self.sheet.item(column, column + width, &mark, &text);
        }
        if let Some(name) = environment(bare) {
            return self.formula(name);
        }
        let text = self.continuation(0);
        let text = self.text(&text);
        self.sheet.paragraph(&begun(&text));
    }

    /// From `\\begin{name}` to where it ends, which is no part of a paragraph.
    fn formula(&mut self, name: &str) {
        let end = format!("\\end{{{name}}}");
        let lines = self.lines[self.at..].iter().take(LONGEST_FORMULA);
        let length = lines.take_while(|line| !line.contains(&end)).count() + 1;
        let block = self.lines.get(self.at..self.at + length).filter(|block| block[length - 1].contains(&end));
        match block.map(|block| block.join("\n")) {
            Some(formula) => {
                self.at += length;
                self.sheet.paragraph(&format!("$$\n{}\n$$", formula.trim()));
            }
            // One that does not end is text.
            None => {
                let text = self.continuation(0);
                let text = self.text(&text);
                self.sheet.paragraph(&begun(&text));
            }
        }
    }

    /// `** TODO [#A] Title :tag:`
    fn headline(&mut self, level: usize, text: &str) {
        self.at += 1;
        let mut text = text.trim();
        if let Some((rest, tags)) = text.rsplit_once(' ').filter(|(_, tags)| tags.len() > 2 && tags.starts_with(':') && tags.ends_with(':'))
        {
            self.sheet.leave_out("tags", tags);
            text = rest.trim();
        }
        // The title of the file is its first level.
        let level = level + usize::from(self.title.is_some());
        let anchor = self.custom_id();
        let text = self.text(text);
        self.sheet.heading(level, &text, anchor);
    }

    /// The id that the drawer below names.
    fn custom_id(&self) -> Option<String> {
        let drawer = self.lines[self.at..].iter().take(20).map(|line| line.trim()).skip_while(|line| line.is_empty());
        let mut drawer = drawer.take_while(|line| line.starts_with(':') && *line != ":END:");
        drawer.find_map(|line| line.strip_prefix(":CUSTOM_ID:")).map(|id| id.trim().to_owned())
    }

    fn keyword(&mut self, column: usize, keyword: &'a str) {
        let lower = keyword.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("begin_") {
            let name = rest.split_whitespace().next().unwrap_or_default().to_owned();
            let argument = keyword.split_whitespace().nth(1).unwrap_or_default();
            return self.begin(column, &name, argument);
        }
        self.at += 1;
        let (name, value) = lower.split_once(':').map_or((lower.as_str(), ""), |(name, _)| (name, keyword[name.len() + 1..].trim()));
        let said = || Some(value.to_owned()).filter(|value| !value.is_empty());
        let metadata = &mut self.sheet.reading.metadata;
        match name {
            "title" => {
                let title = self.text(value);
                if self.title.is_none() && !title.is_empty() {
                    self.sheet.heading(1, &title, None);
                    self.title = self.sheet.reading.outline.last().map(|heading| heading.text.clone());
                }
            }
            "author" => metadata.author = said(),
            "description" => metadata.description = said(),
            "language" => metadata.language = said(),
            "date" if value.starts_with(|c: char| c.is_ascii_digit()) => metadata.published = said(),
            "caption" => {
                let caption = self.text(value);
                self.sheet.at(column);
                self.sheet.term(&caption);
            }
            // A quote or a list within a block that ended here.
            _ if name.starts_with("end_") => {}
            _ => self.sheet.leave_out("settings", keyword),
        }
    }

    fn begin(&mut self, column: usize, name: &str, argument: &str) {
        self.at += 1;
        let is_code = matches!(name, "src" | "example" | "export" | "comment" | "latex" | "html" | "ascii" | "verse");
        if !is_code {
            // Its lines are read as others are.
            return;
        }
        let begun = self.at;
        let end = format!("#+end_{name}");
        while self.lines.get(self.at).is_some_and(|line| !line.trim().eq_ignore_ascii_case(&end)) {
            self.at += 1;
        }
        let lines = &self.lines[begun..self.at];
        self.at += 1;
        let blanks = |line: &&str| line.len() - line.trim_start().len();
        let indent = lines.iter().filter(|line| !line.is_empty()).map(blanks).min().unwrap_or(0);
        // A comma hides a star or a keyword from Org.
        let lines = lines.iter().map(|line| line.get(indent..).unwrap_or_default()).map(|line| match line.strip_prefix(',') {
            Some(rest) if rest.starts_with('*') || rest.starts_with("#+") => rest,
            _ => line,
        });
        let code = lines.collect::<Vec<_>>().join("\n");
        match name {
            "src" => {
                self.sheet.at(column);
                let language = match argument {
                    "emacs-lisp" | "elisp" => "lisp",
                    "shell" | "sh" => "bash",
                    "jupyter-python" => "python",
                    other => other,
                };
                self.sheet.fence(language, &code);
            }
            "example" => {
                self.sheet.at(column);
                self.sheet.fence("", &code);
            }
            "verse" => {
                self.sheet.at(column);
                self.verse(&code);
            }
            "html" => markup::write(&mut self.sheet, &code),
            "export" if argument.eq_ignore_ascii_case("html") => markup::write(&mut self.sheet, &code),
            _ => self.sheet.leave_out("passed through", &code),
        }
    }

    /// Lines stay lines, and blank ones part stanzas.
    fn verse(&mut self, verse: &str) {
        let lines: Vec<String> = verse.lines().map(|line| self.text(line)).collect();
        for stanza in lines.split(String::is_empty) {
            self.sheet.paragraph(&begun(&stanza.join("\\\n")));
        }
    }

    fn drawer(&mut self, bare: &str) {
        let begun = self.at;
        let mut end = self.at + 1;
        while self
            .lines
            .get(end)
            .is_some_and(|line| end - begun < LONGEST_DRAWER && !line.trim().eq_ignore_ascii_case(":end:") && !line.starts_with('*'))
        {
            end += 1;
        }
        // One that does not end is text.
        if !self.lines.get(end).is_some_and(|line| line.trim().eq_ignore_ascii_case(":end:")) {
            self.at += 1;
            let text = self.text(bare);
            return self.sheet.paragraph(&text);
        }
        self.at = end + 1;
        let drawer = self.lines[begun + 1..end].join(" ");
        self.sheet.leave_out("drawers", &drawer);
    }

    fn table(&mut self) {
        let lines = self.while_lines(|line| line.trim_start().starts_with('|'));
        let has_header = lines.get(1).is_some_and(|line| line.trim_start().starts_with("|-"));
        let rows = lines.iter().map(|line| line.trim()).filter(|line| !line.starts_with("|-"));
        let mut rows: Vec<Vec<String>> =
            rows.map(|line| line.trim_start_matches('|').trim_end_matches('|').split('|').map(|cell| self.text(cell)).collect()).collect();
        if !has_header && !rows.is_empty() {
            rows.insert(0, vec![String::new(); rows[0].len()]);
        }
        self.sheet.table(&rows);
    }

    fn while_lines(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<&'a str> {
        let begun = self.at;
        while self.lines.get(self.at).is_some_and(|line| wanted(line)) {
            self.at += 1;
        }
        self.lines[begun..self.at].to_vec()
    }

    /// Lines of the same paragraph.
    fn continuation(&mut self, from: usize) -> String {
        let mut text = String::new();
        let first = self.at;
        while let Some(line) = self.lines.get(self.at) {
            let bare = line.trim_start();
            let column = line.len() - bare.len();
            let is_other = bare.is_empty()
                || bare.starts_with("#+")
                || bare.starts_with('|')
                || column < from
                || item(bare, column).is_some()
                || headline(line).is_some()
                || line.starts_with("[fn:") && line.contains("] ")
                || matches!(bare, "#" | ":")
                || bare.starts_with("# ")
                || bare.starts_with(": ")
                || is_rule(bare)
                || is_drawer(bare)
                || environment(bare).is_some();
            if is_other && !(self.at == first && from == 0) {
                break;
            }
            add(&mut text, bare);
            self.at += 1;
        }
        text
    }

    fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        let mut closes = [true; MARKS.len()];
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            let before = out.chars().next_back().unwrap_or(' ');
            if let Some((shown, length)) = if rest.starts_with("[[") { self.link(rest) } else { None } {
                out.push_str(&shown);
                at += length;
            } else if let Some(index) =
                MARKS.find(c).filter(|index| closes[*index] && (before.is_whitespace() || "(-{'\"".contains(before)))
            {
                match marked(rest, c) {
                    Ok((inner, length)) => {
                        match c {
                            '=' | '~' => out.push_str(&code(inner)),
                            '*' => out.push_str(&format!("**{inner}**")),
                            '/' => out.push_str(&format!("*{inner}*")),
                            '+' => out.push_str(&format!("~~{inner}~~")),
                            _ => out.push_str(inner),
                        }
                        at += length;
                    }
                    Err(more) => {
                        closes[index] = more;
                        out.push(c);
                        at += 1;
                    }
                }
            } else if c == '<' && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') {
                out.push_str("\\<");
                at += 1;
            } else {
                out.push(c);
                at += c.len_utf8();
            }
        }
        let lines = out.trim().trim_end_matches("\\\\").lines().map(joined).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\\\n")
    }

    /// `[[target][text]]`
    fn link(&mut self, rest: &str) -> Option<(String, usize)> {
        let window = &rest[2..rest.floor_char_boundary(LONGEST_LINK)];
        let inner = &window[..window.find("]]")?];
        let (target, text) = inner.split_once("][").unwrap_or((inner, inner));
        let length = inner.len() + 4;
        let target = target.strip_prefix("file:").unwrap_or(target).split("::").next().unwrap_or_default();
        // To a headline, an id or a name.
        let is_address = target.contains("://")
            || target.starts_with("mailto:")
            || target.contains(['/', '.']) && !target.starts_with(['*', '#']) && !target.contains(':');
        let is_image = [".png", ".jpg", ".jpeg", ".svg", ".gif"].iter().any(|end| target.ends_with(end));
        let shown = match is_address {
            true if is_image && text.len() == inner.len() => self.sheet.image("", target),
            true => self.sheet.link(text, target),
            false => text.trim_start_matches(['*', '#']).to_owned(),
        };
        Some((shown, length))
    }
}

/// The text between a mark and the next, and the length of all; else whether there may be one further on.
fn marked(rest: &str, mark: char) -> Result<(&str, usize), bool> {
    let inner = &rest[1..];
    let window = &inner[..inner.floor_char_boundary(LONGEST_LINK)];
    let Some(end) = window.find(mark) else { return Err(window.len() < inner.len()) };
    let after = inner[end + 1..].chars().next().unwrap_or(' ');
    let text = &inner[..end];
    match !text.is_empty() && text.trim() == text && !after.is_alphanumeric() {
        true => Ok((text, end + 2)),
        false => Err(true),
    }
}

/// Stars at the margin, and the text behind them.
fn headline(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('*');
    (text.len() < line.len() && text.starts_with(' ')).then(|| (line.len() - text.len(), text))
}

/// Adds a line to a paragraph: two backslashes at its end break it.
fn add(text: &mut String, line: &str) {
    match line.strip_suffix("\\\\") {
        Some(line) => text.extend([line.trim_end(), "\n"]),
        None => text.extend([line, " "]),
    }
}

/// The name of an environment of TeX that begins a line.
fn environment(bare: &str) -> Option<&str> {
    let (name, _) = bare.strip_prefix("\\begin{")?.split_once('}')?;
    (!name.is_empty() && name.len() < 40).then_some(name)
}

fn is_number(digits: &str) -> bool {
    !digits.is_empty() && digits.len() < 6 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_rule(bare: &str) -> bool {
    bare.len() >= 5 && bare.bytes().all(|byte| byte == b'-')
}

/// `:PROPERTIES:`
fn is_drawer(bare: &str) -> bool {
    let name = bare.strip_prefix(':').and_then(|bare| bare.strip_suffix(':'));
    name.is_some_and(|name| {
        !name.is_empty() && name.len() < 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    })
}

/// Mark and width of a list item; a star at the margin is a headline.
fn item(bare: &str, column: usize) -> Option<(String, usize)> {
    let (mark, rest) = bare.split_once(' ')?;
    let blanks = rest.len() - rest.trim_start().len();
    let shown = match mark {
        "-" | "+" => "-".to_owned(),
        "*" if column > 0 => "-".to_owned(),
        number => {
            let digits = number.strip_suffix(['.', ')'])?;
            format!("{}.", is_number(digits).then_some(digits)?)
        }
    };
    Some((shown, mark.len() + 1 + blanks))
}

const MARKS: &str = "*/_=~+";
const LONGEST_LINK: usize = 2_000;
const LONGEST_DRAWER: usize = 500;
/// In lines.
const LONGEST_FORMULA: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;

    fn reading(text: &str) -> Reading {
        read(text, &Url::parse("https://docs.test/a/b.org").unwrap(), &unlimited())
    }

    #[test]
    fn a_file_is_read_as_it_is_shown() {
        let found = reading(
            "#+TITLE: My notes\n#+AUTHOR: Ann\n#+OPTIONS: toc:nil\n\n* First :tag:\n:PROPERTIES:\n:CUSTOM_ID: one\n:END:\nSome *bold*, /slanted/, =code= and ~x < y~.\nMore [[https://t.test/x][text]] [[file:c.org][C]] [[*First]].\n\n\
             - a\n  b\n  - c\n- term :: meaning\n1. d\n\n#+BEGIN_SRC emacs-lisp :results none\n  (x)\n\n    ,* y\n#+END_SRC\n\n: out\n:   put\n\n| A | B |\n|---+---|\n| 1 | =2= |\n\n# hidden words\n** Deep\n#+begin_quote\nSaid.\n#+end_quote\n",
        );
        assert_eq!(
            found.markdown,
            "# My notes\n\n## First\n\nSome **bold**, *slanted*, `code` and `x < y`. More [text](https://t.test/x) [C](https://docs.test/a/c.org) First.\n\n\
             - a b\n  - c\n- **term**: meaning\n1. d\n\n```lisp\n(x)\n\n  ,* y\n```\n\n```\nout\n  put\n```\n\n| A | B |\n| --- | --- |\n| 1 | `2` |\n\n### Deep\n\nSaid."
        );
        assert_eq!((found.title.as_deref(), found.metadata.author.as_deref()), (Some("My notes"), Some("Ann")));
        assert_eq!(found.outline[1].anchor.as_deref(), Some("one"));
        assert_eq!(found.notes.iter().map(|note| note.rule).collect::<Vec<_>>(), ["settings", "tags", "drawers", "comments"]);
    }

    #[test]
    fn paragraphs_end_where_something_else_begins() {
        for (text, wanted) in [
            (
                "* One\nIntro\n** Two\nMore\n*** Three\n- a\n** Four\n| b |\n*** Five\nc",
                "# One\n\nIntro\n\n## Two\n\nMore\n\n### Three\n\n- a\n\n## Four\n\n|  |\n| --- |\n| b |\n\n### Five\n\nc",
            ),
            ("a [fn:1]\n[fn:1] Foot\ngoes on", "a [fn:1]\n\n[fn:1] Foot goes on"),
            ("a\n# hidden\nb\n: out\nc\n-----\nd", "a\n\nb\n\n```\nout\n```\n\nc\n\nd"),
            ("- a\n#+CAPTION: B\n| c |", "- a\n\n**B**\n\n|  |\n| --- |\n| c |"),
            ("#+begin_verse\none\n  *two*\n\nthree\n#+end_verse\nd", "one\\\n**two**\n\nthree\n\nd"),
            ("#+begin_export html\n<p>said <b>so</b></p>\n#+end_export", "said **so**"),
            ("1. one\n2. [@5] five\n3. [@x] y\n- [@2] z", "1. one\n5. five\n3. [@x] y\n- [@2] z"),
            ("Line\\\\\nnext *b*\\\\\nend\\\\\n\n- a \\\\\n  b", "Line\\\nnext **b**\\\nend\n\n- a\\\n  b"),
            (
                "Text\n\\begin{equation}\na_1=b *c* d\n\\end{equation}\nmore",
                "Text\n\n$$\n\\begin{equation}\na_1=b *c* d\n\\end{equation}\n$$\n\nmore",
            ),
            ("\\begin{align} x\nnever\n\n\\beginning", "\\begin{align} x never\n\n\\beginning"),
            // Bold text, a product and a range are none of these.
            ("a\n*b* c\n2 ** 3\n** \n#b\n:c d\n--- e", "a **b** c 2 ** 3 ** #b :c d --- e"),
        ] {
            assert_eq!(reading(text).markdown, wanted, "{text}");
        }
        assert_eq!(reading("#+begin_export latex\n\\x\n#+end_export\n#+begin_html\n<script>x()</script>\n#+end_html").notes.len(), 1);
    }

    #[test]
    fn what_does_not_end_is_text() {
        assert_eq!(reading(":LOGBOOK:\nx *a b\n\n[[c][d\n* /\n").markdown, ":LOGBOOK:\n\nx *a b\n\n[[c][d\n\n# /");
        assert_eq!(reading("#+begin_src c\nx").markdown, "```c\nx\n```");
    }
}
