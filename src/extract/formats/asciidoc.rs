//! AsciiDoc: titles by their `=`, blocks by their delimiters, attributes of a block in the brackets above it. Attributes of the document are
//! known by name; conditions and included files are not followed.

use std::collections::HashMap;

use url::Url;

use crate::extract::formats::inside;
use crate::extract::formats::macros::inline;
use crate::extract::formats::sheet::{Reading, Sheet, begun};
use crate::model::Meter;

pub(super) fn read(text: &str, url: &Url, meter: &Meter) -> Reading {
    let mut reader = Reader {
        sheet: Sheet::new(url, meter, text.len()),
        lines: text.lines().map(str::trim_end).collect(),
        at: 0,
        attributes: HashMap::new(),
        block: Block::default(),
        marks: Vec::new(),
        open: Vec::new(),
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
    /// Of the document: `:name: value`.
    attributes: HashMap<&'a str, &'a str>,
    /// What the lines above say of the next block.
    block: Block<'a>,
    /// Marks of list items that are open, outermost first.
    marks: Vec<&'a str>,
    /// Delimiters of blocks that are open.
    open: Vec<&'a str>,
}

#[derive(Default)]
struct Block<'a> {
    style: &'a str,
    language: &'a str,
    title: &'a str,
    anchor: Option<&'a str>,
}

impl<'a> Reader<'a> {
    fn block(&mut self) {
        let line = self.lines[self.at];
        let bare = line.trim_start();
        if bare.is_empty() {
            self.at += 1;
            return;
        }
        if bare.starts_with("//") && (bare == "////" || !bare.starts_with("///")) {
            return self.comment(bare);
        }
        if self.attribute(bare) || self.brackets(bare) || self.title(bare) {
            self.at += 1;
            return;
        }
        if self.heading(line) {
            self.block = Block::default();
            return;
        }
        let block = std::mem::take(&mut self.block);
        if let Some(mark) = delimiter(bare) {
            return self.delimited(mark, &block);
        }
        if bare == "+" {
            // What follows belongs to the item above.
            self.at += 1;
            return;
        }
        let title = self.text(block.title);
        self.sheet.term(&title);
        if bare.starts_with("|===") || bare.starts_with(",===") || bare.starts_with("!===") {
            return self.table(bare);
        }
        if self.item(bare) {
            return;
        }
        if is_code(&block) {
            let lines = self.paragraph_lines();
            return self.sheet.fence(block.language, &lines.join("\n"));
        }
        if line.starts_with([' ', '\t']) && self.marks.is_empty() {
            let lines = self.paragraph_lines();
            return self.sheet.fence("", &dedented(&lines));
        }
        self.paragraph(bare, &block);
    }

    fn comment(&mut self, bare: &str) {
        let begun = self.at;
        self.at += 1;
        if bare == "////" {
            while self.lines.get(self.at).is_some_and(|line| *line != "////") {
                self.at += 1;
            }
            self.at = (self.at + 1).min(self.lines.len());
        }
        let comment = self.lines[begun..self.at].join(" ");
        self.sheet.leave_out("comments", comment.trim_matches(['/', ' ']));
    }

    /// `:name: value`, and what stands in place of it.
    fn attribute(&mut self, bare: &'a str) -> bool {
        if ["include::", "ifdef::", "ifndef::", "ifeval::", "endif::", "toc::"].iter().any(|mark| bare.starts_with(mark)) {
            self.sheet.leave_out("directives", bare);
            return true;
        }
        if matches!(bare, "'''" | "<<<" | "---" | "***") {
            return true;
        }
        let Some((name, value)) = bare.strip_prefix(':').and_then(|rest| rest.split_once(':')) else { return false };
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'!'));
        if !is_name || !(value.is_empty() || value.starts_with(' ')) {
            return false;
        }
        let value = value.trim();
        let said = || Some(value.to_owned()).filter(|value| !value.is_empty());
        let metadata = &mut self.sheet.reading.metadata;
        match name {
            "author" => metadata.author = said(),
            "description" => metadata.description = said(),
            "lang" => metadata.language = said(),
            "revdate" if value.starts_with(|c: char| c.is_ascii_digit()) => metadata.modified = said(),
            "revnumber" => metadata.version = said(),
            _ => {}
        }
        // A long one might multiply.
        if value.len() < LONGEST_VALUE {
            self.attributes.insert(name, value);
        }
        true
    }

    /// `[source,c]`, `[[id]]`, `[#id.role]`: of the next block.
    fn brackets(&mut self, bare: &'a str) -> bool {
        let Some(inner) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return false };
        if let Some(id) = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            self.block.anchor = id.split(',').next();
            return true;
        }
        // A line of text in brackets has blanks, and no comma or equals sign before them.
        let first = inner.split([',', '=', '"']).next().unwrap_or_default();
        if first.trim().contains(' ') || bare.contains("](") {
            return false;
        }
        let mut parts = inner.split(',').map(|part| part.trim().trim_matches('"'));
        let style = parts.next().unwrap_or_default();
        let (style, rest) = style.split_at(style.find(['#', '.', '%']).unwrap_or(style.len()));
        if let Some(id) = rest.split('#').nth(1) {
            self.block.anchor = id.split(['.', '%']).next();
        }
        if !style.is_empty() && !style.contains('=') {
            self.block.style = style;
        }
        let language = parts.clone().find(|part| !part.contains('=')).or_else(|| parts.find_map(|part| part.strip_prefix("language=")));
        match language {
            Some(language) if matches!(self.block.style, "source" | "") => {
                self.block.style = "source";
                self.block.language = language;
            }
            _ if self.block.style == "source" && self.block.language.is_empty() => {
                self.block.language = self.attributes.get("source-language").copied().unwrap_or_default();
            }
            _ => {}
        }
        true
    }

    /// `.Title` of the next block.
    fn title(&mut self, bare: &'a str) -> bool {
        let title = bare.strip_prefix('.').filter(|title| !title.starts_with(['.', ' ']) && !title.is_empty());
        if let Some(title) = title {
            self.block.title = title;
        }
        title.is_some()
    }

    /// `== Title`, or a title with a line below.
    fn heading(&mut self, line: &'a str) -> bool {
        let mark = line.chars().next().filter(|c| matches!(c, '=' | '#')).unwrap_or(' ');
        let level = line.chars().take_while(|c| *c == mark && mark != ' ').count();
        let mut length = 1;
        let found = match (1..=6).contains(&level) && line[level..].starts_with(' ') {
            true => Some((level, &line[level..])),
            false => {
                let next = self.lines.get(self.at + 1).copied().unwrap_or_default();
                let level = "=-~^+".find(next.chars().next().unwrap_or(' '));
                let width = line.chars().count();
                let is_title = next.len() >= 3
                    && next.len().abs_diff(width) <= 2
                    && next.bytes().all(|byte| byte == next.as_bytes()[0])
                    && line.starts_with(char::is_alphanumeric);
                length = 2;
                level.filter(|_| is_title && !self.open.contains(&next)).map(|level| (level + 1, line))
            }
        };
        let Some((level, text)) = found else { return false };
        self.at += length;
        self.marks.clear();
        let text = self.text(text.trim().trim_end_matches(mark).trim());
        self.sheet.heading(level, &text, self.block.anchor.map(str::to_owned));
        // Below the document's title come its author and its revision.
        if level == 1 && self.sheet.reading.outline.len() == 1 {
            self.head();
        }
        true
    }

    fn head(&mut self) {
        while let Some(line) = self.lines.get(self.at).copied().filter(|line| !line.is_empty()) {
            self.at += 1;
            if line.starts_with("//") || self.attribute(line) {
                continue;
            }
            let is_author = line.contains('@') && line.contains('<');
            let metadata = &mut self.sheet.reading.metadata;
            if is_author && metadata.author.is_none() {
                metadata.author = line.split('<').next().map(|name| name.trim().to_owned());
            } else {
                let text = self.text(line);
                self.sheet.paragraph(&begun(&text));
            }
        }
    }

    /// Between two lines that are the same.
    fn delimited(&mut self, mark: &'a str, block: &Block<'a>) {
        self.at += 1;
        let title = self.text(block.title);
        self.sheet.term(&title);
        let is_code =
            mark.starts_with("----") || mark.starts_with("....") || mark.starts_with("```") || mark.starts_with("++++") || is_code(block);
        if !is_code {
            // Its lines are read as others are; the one that ends it is met again and shows nothing.
            let label = match block.style {
                style if inside::ADMONITIONS.contains(&style.to_ascii_lowercase().as_str()) => inside::admonition(style, ""),
                _ => String::new(),
            };
            match self.open.iter().rposition(|open| *open == mark) {
                Some(open) => self.open.truncate(open),
                None if self.open.len() < MOST_OPEN => self.open.push(mark),
                None => {}
            }
            return self.sheet.term(&label);
        }
        let begun = self.at;
        while self.lines.get(self.at).is_some_and(|line| !ends(line, mark)) {
            self.at += 1;
        }
        let code = self.lines[begun..self.at].join("\n");
        self.at += 1;
        match mark.strip_prefix("```") {
            Some(language) => self.sheet.fence(language.trim_matches('`').split(',').next().unwrap_or_default().trim(), &code),
            None if mark.starts_with("++++") && matches!(block.style, "stem" | "latexmath" | "asciimath") => {
                self.sheet.paragraph(&format!("$$\n{}\n$$", code.trim()))
            }
            None if mark.starts_with("++++") => self.sheet.leave_out("passed through", &code),
            None => self.sheet.fence(block.language, &code),
        }
    }

    fn item(&mut self, bare: &'a str) -> bool {
        if let Some((term, text)) = term(bare) {
            self.at += 1;
            let mut text = text.trim().to_owned();
            if text.is_empty() {
                // Its text may stand below, indented or not, after a blank line or not.
                while self.lines.get(self.at).is_some_and(|line| line.is_empty()) {
                    self.at += 1;
                }
            }
            while let Some(more) = self.lines.get(self.at).filter(|line| self.goes_on(line) && !self.begins_block(line)) {
                if !more.starts_with("//") {
                    text.push(' ');
                    text.push_str(more.trim_start());
                }
                self.at += 1;
            }
            let depth = self.marks.len() * 2;
            let (term, text) = (self.text(term), self.text(&text));
            // A term stands for itself, or in the item that it describes.
            self.sheet.at(depth);
            self.sheet.term(&term);
            self.sheet.paragraph(&begun(&text));
            return true;
        }
        let (mark, rest) = match bare.split_once(' ') {
            Some((mark, rest)) if !rest.trim().is_empty() => (mark, rest.trim()),
            _ => return false,
        };
        let is_mark = mark == "-"
            || mark.len() <= 6 && !mark.is_empty() && (mark.bytes().all(|byte| byte == b'*') || mark.bytes().all(|byte| byte == b'.'))
            || is_callout(mark)
            || mark.len() < 6
                && mark.strip_suffix('.').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_mark {
            return false;
        }
        let kind = if mark.ends_with('.') && mark.starts_with(|c: char| c.is_ascii_digit()) { "1." } else { mark };
        let kind = if is_callout(mark) { "<1>" } else { kind };
        // A mark that is known closes what is within; another one is within what is open.
        match self.marks.iter().position(|open| *open == kind) {
            Some(depth) => self.marks.truncate(depth),
            None if self.marks.len() >= 20 => self.marks.clear(),
            None => {}
        }
        let depth = self.marks.len();
        self.marks.push(kind);
        self.at += 1;
        let mut text = rest.to_owned();
        while let Some(more) = self.lines.get(self.at).filter(|line| self.goes_on(line)) {
            text.push(' ');
            text.push_str(more.trim_start());
            self.at += 1;
        }
        let shown = match kind {
            "<1>" => format!("{}.", mark.trim_matches(['<', '>', '.'])),
            "1." => mark.to_owned(),
            dots if dots.starts_with('.') => "1.".to_owned(),
            _ => "-".to_owned(),
        };
        let shown = if shown == "." { "1.".to_owned() } else { shown };
        let text = text
            .strip_prefix("[ ] ")
            .or_else(|| text.strip_prefix("[x] "))
            .map_or_else(|| text.clone(), |rest| format!("{}{rest}", &text[..4]));
        let text = self.text(&text);
        self.sheet.item(depth * 2, depth * 2 + 2, &shown, &text);
        true
    }

    /// Whether a line is more of the paragraph above.
    fn goes_on(&self, line: &str) -> bool {
        let bare = line.trim_start();
        let (mark, rest) = bare.split_once(' ').unwrap_or((bare, ""));
        let is_item = !rest.is_empty()
            && (mark == "-"
                || mark.len() <= 6 && (mark.bytes().all(|byte| byte == b'*') || mark.bytes().all(|byte| byte == b'.'))
                || is_callout(mark));
        !bare.is_empty()
            && bare != "+"
            && delimiter(bare).is_none()
            && !bare.starts_with("|===")
            && !is_item
            && term(bare).is_none()
            && !(bare.starts_with('[') && bare.ends_with(']'))
    }

    /// Whether a line is no text: a title, an attribute, a macro.
    fn begins_block(&self, line: &str) -> bool {
        line.starts_with("==") || line.starts_with(':') || line.contains("::[") || line.starts_with('.') && !line.starts_with(". ")
    }

    fn paragraph(&mut self, bare: &'a str, block: &Block<'a>) {
        // Without a "+" it is none of the item's.
        if self.at > 0 && self.lines[self.at - 1] != "+" {
            self.marks.clear();
        }
        self.sheet.at(self.marks.len() * 2);
        let lines = self.paragraph_lines();
        if let Some(rest) = ["image::", "video::", "audio::"].iter().find_map(|mark| bare.strip_prefix(mark)) {
            let (target, attributes) = rest.split_once('[').unwrap_or((rest, ""));
            let alt = attributes.trim_end_matches(']').split(',').next().unwrap_or_default().trim_matches('"');
            let image = self.sheet.image(alt, target);
            self.sheet.paragraph(&image);
            return;
        }
        let mut text = String::new();
        for line in &lines {
            text.push_str(line.trim());
            // A plus sign at its end breaks the line.
            match text.strip_suffix(" +").map(str::len) {
                Some(length) => {
                    text.truncate(length);
                    text.push('\n');
                }
                None if block.style == "verse" => text.push('\n'),
                None => text.push(' '),
            }
        }
        let (label, text) =
            match text.split_once(": ").filter(|(label, _)| label.len() < 12 && label.bytes().all(|byte| byte.is_ascii_uppercase())) {
                Some((label, rest)) if inside::ADMONITIONS.contains(&label.to_ascii_lowercase().as_str()) => {
                    (inside::admonition(label, ""), rest.to_owned())
                }
                _ if inside::ADMONITIONS.contains(&block.style.to_ascii_lowercase().as_str()) && block.style != "quote" => {
                    (inside::admonition(block.style, ""), text)
                }
                _ => (String::new(), text),
            };
        self.sheet.term(&label);
        let shown: Vec<String> = text.trim().split('\n').map(|line| self.text(line)).collect();
        self.sheet.paragraph(&begun(&shown.join("\\\n")));
    }

    fn paragraph_lines(&mut self) -> Vec<&'a str> {
        let begun = self.at;
        self.at += 1;
        while self.lines.get(self.at).is_some_and(|line| self.goes_on(line)) {
            self.at += 1;
        }
        self.lines[begun..self.at].iter().copied().filter(|line| !line.starts_with("//")).collect()
    }

    /// `|===` to `|===`: cells begin with `|`; as many a row as its first line has.
    fn table(&mut self, mark: &str) {
        self.at += 1;
        let (mut cells, mut columns, mut header_alone) = (Vec::<String>::new(), 0, false);
        while let Some(line) = self.lines.get(self.at).copied().filter(|line| *line != mark) {
            self.at += 1;
            let bare = line.trim();
            if bare.starts_with('|') || bare.contains(" |") || bare.contains("|") && cells.is_empty() {
                let mut parts = bare.split('|');
                // Before the first bar stands a cell's style, or the end of the cell above.
                let before = parts.next().unwrap_or_default();
                if let Some(cell) = cells.last_mut().filter(|_| before.len() > 4) {
                    cell.push(' ');
                    cell.push_str(before);
                }
                let first_line = columns == 0;
                let begun = cells.len();
                cells.extend(parts.map(|part| part.trim().to_owned()));
                if first_line {
                    columns = cells.len() - begun;
                    header_alone = self.lines.get(self.at).is_some_and(|line| line.is_empty());
                }
            } else if let Some(cell) = cells.last_mut().filter(|_| !bare.is_empty()) {
                cell.push(' ');
                cell.push_str(bare);
            }
        }
        self.at += 1;
        let cells: Vec<String> = cells.iter().map(|cell| self.text(cell)).collect();
        let mut rows: Vec<Vec<String>> = cells.chunks(columns.max(1)).map(<[String]>::to_vec).collect();
        if !header_alone && columns == 1 && rows.len() > 1 {
            // One cell a line: how many make a row is not told where it is read.
            let text = rows.concat().join("\n\n");
            return self.sheet.paragraph(&text);
        }
        if rows.is_empty() {
            rows.push(Vec::new());
        }
        self.sheet.table(&rows);
    }

    fn text(&mut self, text: &str) -> String {
        inline(text, &self.attributes, &mut self.sheet)
    }
}

/// A line that begins a block and ends it.
fn delimiter(bare: &str) -> Option<&str> {
    if bare == "--" || bare.starts_with("```") {
        return Some(bare);
    }
    let first = bare.chars().next().filter(|c| "-=.+*_".contains(*c))?;
    (bare.len() >= 4 && bare.chars().all(|c| c == first)).then_some(bare)
}

fn ends(line: &str, mark: &str) -> bool {
    match mark.starts_with("```") {
        true => line.trim() == "```",
        false => line.trim() == mark,
    }
}

fn is_code(block: &Block<'_>) -> bool {
    matches!(block.style, "source" | "listing" | "literal")
}

/// `term:: text`, in as many colons as there are levels.
fn term(bare: &str) -> Option<(&str, &str)> {
    let at = [":::: ", "::: ", ":: ", ";; "].iter().find_map(|mark| Some((bare.find(mark)?, mark.len())));
    let (term, text) = match at {
        Some((at, length)) => (&bare[..at], &bare[at + length..]),
        None => (bare.strip_suffix("::").or_else(|| bare.strip_suffix(";;"))?.trim_end_matches(':'), ""),
    };
    (!term.trim().is_empty() && !term.contains("::")).then_some((term, text))
}

/// `<1>`
fn is_callout(mark: &str) -> bool {
    let number = mark.strip_prefix('<').and_then(|mark| mark.strip_suffix('>'));
    number.is_some_and(|number| number == "." || !number.is_empty() && number.len() < 4 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn dedented(lines: &[&str]) -> String {
    // Wider blanks are text here: to cut between them could be to cut one.
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let indent = lines.iter().map(|line| blanks(line)).min().unwrap_or(0);
    lines.iter().map(|line| &line[indent..]).collect::<Vec<_>>().join("\n")
}

/// Blocks within blocks.
const MOST_OPEN: usize = 20;
/// In bytes.
const LONGEST_VALUE: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;

    fn reading(text: &str) -> Reading {
        read(text, &Url::parse("https://docs.test/a/b.adoc").unwrap(), &unlimited())
    }

    fn markdown(text: &str) -> String {
        reading(text).markdown
    }

    #[test]
    fn a_document_has_a_head_and_sections() {
        let text = "= The _Pot_\nAnn Other <ann@docs.test>\n:description: All of it\n:toc:\n// hidden\n:pot: kettle\n\nA {pot} and {unknown}.\n\n[[first]]\n== First\n\nText\n\n=== Deep\n\nSecond\n------\nx\n";
        let found = reading(text);
        assert_eq!(found.markdown, "# The *Pot*\n\nA kettle and {unknown}.\n\n## First\n\nText\n\n### Deep\n\n## Second\n\nx");
        assert_eq!(found.title.as_deref(), Some("The Pot"));
        assert_eq!(found.outline[1].anchor.as_deref(), Some("first"));
        assert_eq!((found.metadata.author.as_deref(), found.metadata.description.as_deref()), (Some("Ann Other"), Some("All of it")));
    }

    #[test]
    fn code_is_exact() {
        for (text, wanted) in [
            ("[source,ruby]\n----\nif *x*\n\n  y <1>\n----\n<1> The y", "```ruby\nif *x*\n\n  y <1>\n```\n\n1. The y"),
            (".app.js\n[source,js]\n----\nx\n----", "**app.js**\n\n```js\nx\n```"),
            ("[source]\nx = *1*\ny\n\nz", "```\nx = *1*\ny\n```\n\nz"),
            ("....\na\n  b\n....", "```\na\n  b\n```"),
            ("```go\nx\n```", "```go\nx\n```"),
            ("a\n\n  $ b\n    c\n\nd", "a\n\n```\n$ b\n  c\n```\n\nd"),
            (":source-language: c\n\n[source]\n----\nx;\n----", "```c\nx;\n```"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
    }

    #[test]
    fn blocks_are_read() {
        for (text, wanted) in [
            (
                "NOTE: Take\ncare.\n\n[WARNING]\n====\nHot.\n\nVery.\n====\n\n[TIP]\nx",
                "**Note**\n\nTake care.\n\n**Warning**\n\nHot.\n\nVery.\n\n**Tip**\n\nx",
            ),
            ("* a\nb\n** c\n* d\n+\n----\ne\n----\n+\nf\n\n. g\n. h", "- a b\n  - c\n- d\n\n  ```\n  e\n  ```\n\n  f\n\n  1. g\n  1. h"),
            ("term:: Meaning\nother::\n  More", "**term**\n\nMeaning\n\n**other**\n\nMore"),
            ("image::c.png[A pot,100]\n\nimage::d.png[]", "![A pot](https://docs.test/a/c.png)"),
            ("a +\nb", "a\\\nb"),
            ("a::\n\tb\nc::\n\n  d\n// e\n  f\n", "**a**\n\nb\n\n**c**\n\nd f"),
            ("|===\n|A |B\n\n|1\n|`x`\n|2 |y\nz\n|===\n\nafter", "| A | B |\n| --- | --- |\n| 1 | `x` |\n| 2 | y z |\n\nafter"),
            ("[cols=\"1,2\",options=\"header\"]\n|===\n|A |B\n|1 |2\n|===", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
        let notes = reading("////\na b\n////\n\ninclude::x.adoc[]\n\n++++\n<b>\n++++\n").notes;
        assert_eq!(notes.iter().map(|note| note.rule).collect::<Vec<_>>(), ["comments", "directives", "passed through"]);
    }
}
