//! AsciiDoc: titles by their `=`, blocks by their delimiters, attributes of a block in the brackets above it. Attributes of the document are
//! known by name; conditions and included files are not followed.

use std::collections::HashMap;

use url::Url;

use crate::extract::formats::macros::inline;
use crate::extract::formats::sheet::{Reading, Sheet, begun, code};
use crate::extract::formats::tabular::{self, Cell, Layout, Piece};
use crate::extract::formats::{inside, markup};
use crate::model::Meter;

pub(super) fn read(text: &str, url: &Url, meter: &Meter) -> Reading {
    let mut reader = Reader {
        sheet: Sheet::new(url, meter, text.len()),
        lines: text.lines().map(str::trim_end).collect(),
        at: 0,
        attributes: HashMap::new(),
        block: Block::default(),
        marks: Vec::new(),
        attached: false,
        open: Vec::new(),
    };
    while reader.at < reader.lines.len() && reader.sheet.goes_on() {
        reader.block();
    }
    // What does not end says at the end of the document who said it.
    while let Some(open) = reader.open.pop() {
        reader.sheet.outside();
        reader.sheet.paragraph(&open.said);
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
    /// The line above says that the next block belongs to the item that is open.
    attached: bool,
    /// Blocks that are open, outermost first.
    open: Vec<Open<'a>>,
}

struct Open<'a> {
    delimiter: &'a str,
    /// How many items were open around it.
    within: usize,
    /// Who said what is in it.
    said: String,
}

#[derive(Default)]
struct Block<'a> {
    style: &'a str,
    language: &'a str,
    title: &'a str,
    anchor: Option<&'a str>,
    /// The second and third of what is said of it: of a quotation its author and work.
    author: &'a str,
    work: &'a str,
    /// Its lines stay lines.
    breaks: bool,
    layout: Layout,
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
        if let Some(text) = conditional(bare) {
            // Conditions are not followed: what they hold is text.
            self.lines[self.at] = text;
            return;
        }
        if bare == "+" {
            // What follows belongs to the item above.
            self.attached = true;
            self.at += 1;
            return;
        }
        if bare.starts_with(INCLUDE) {
            return self.include(bare);
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
        let is_within = !self.marks.is_empty();
        let is_table = is_table(bare);
        let is_item = !is_table && (term(bare).is_some() || mark_of(bare).is_some());
        if !is_item || !block.title.is_empty() {
            self.place();
        }
        self.attached = false;
        let title = self.text(block.title);
        self.sheet.term(&title);
        if is_table {
            return self.table(bare, &block);
        }
        if is_item && self.item(bare) {
            return;
        }
        if is_code(&block) {
            let lines = self.paragraph_lines();
            return self.sheet.fence(block.language, &lines.join("\n"));
        }
        if line.starts_with([' ', '\t']) && !is_within {
            let lines = self.paragraph_lines();
            return self.sheet.fence("", &dedented(&lines));
        }
        self.paragraph(bare, &block);
    }

    /// What is to stand in its place is not to be had here: which file it is stays.
    fn include(&mut self, bare: &str) {
        self.place();
        self.attached = false;
        self.at += 1;
        self.sheet.leave_out("includes", bare);
        self.sheet.paragraph(&code(bare));
    }

    /// A block that no "+" attaches is none of the item's above it.
    fn place(&mut self) {
        if !self.attached {
            self.marks.truncate(self.floor());
        }
        self.sheet.at(self.marks.len() * 2);
    }

    /// How many of the items that are open stand around the block that is open.
    fn floor(&self) -> usize {
        self.open.last().map_or(0, |open| open.within)
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
        if is_directive(bare) {
            self.leave_out_directive(bare);
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
        self.block.layout.add(inner);
        let mut parts = tabular::parts(inner);
        let style = parts.next().unwrap_or_default();
        let (style, rest) = style.split_at(style.find(['#', '.', '%']).unwrap_or(style.len()));
        if let Some(id) = rest.split('#').nth(1) {
            self.block.anchor = id.split(['.', '%']).next();
        }
        let mut options = rest.split('%').skip(1).chain(["options", "opts"].into_iter().filter_map(|name| tabular::named(inner, name)));
        self.block.breaks |= options.any(|option| option.split([',', '.', '#', '%']).any(|option| option == "hardbreaks"));
        if !style.is_empty() && !style.contains('=') {
            self.block.style = style;
        }
        if matches!(style, "quote" | "verse") {
            let mut said = parts.clone().filter(|part| !part.contains('='));
            let named = |name| tabular::named(inner, name);
            self.block.author = named("attribution").or_else(|| said.next()).unwrap_or_default();
            self.block.work = named("citetitle").or_else(|| said.next()).unwrap_or_default();
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
                level.filter(|_| is_title && self.open.iter().all(|open| open.delimiter != next)).map(|level| (level + 1, line))
            }
        };
        let Some((level, text)) = found else { return false };
        self.at += length;
        self.marks.clear();
        self.attached = false;
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
        if let Some(place) = self.open.iter().rposition(|open| open.delimiter == mark) {
            return self.close(place);
        }
        self.place();
        self.attached = false;
        let title = self.text(block.title);
        self.sheet.term(&title);
        if block.style == "verse" && mark.starts_with('_') {
            return self.verse(mark, block);
        }
        let is_code =
            mark.starts_with("----") || mark.starts_with("....") || mark.starts_with("```") || mark.starts_with("++++") || is_code(block);
        if !is_code {
            // Its lines are read as others are; the one that ends it is met again.
            let label = match block.style {
                "quote" => String::new(),
                style if inside::ADMONITIONS.contains(&style.to_ascii_lowercase().as_str()) => inside::admonition(style, ""),
                _ => String::new(),
            };
            if self.open.len() < MOST_OPEN {
                let said = self.said(block);
                self.open.push(Open { delimiter: mark, within: self.marks.len(), said });
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
            None if mark.starts_with("++++") => markup::write(&mut self.sheet, &code),
            None => self.sheet.fence(block.language, &code),
        }
    }

    /// Ends a block, and all that did not end within it.
    fn close(&mut self, place: usize) {
        while self.open.len() > place
            && let Some(Open { within, said, .. }) = self.open.pop()
        {
            self.marks.truncate(within);
            self.sheet.at(within * 2);
            self.sheet.paragraph(&said);
        }
    }

    /// Its lines stay lines.
    fn verse(&mut self, mark: &str, block: &Block<'a>) {
        let begun = self.at;
        while self.lines.get(self.at).is_some_and(|line| line.trim() != mark) {
            self.at += 1;
        }
        let verse = self.lines[begun..self.at].to_vec();
        self.at += 1;
        let lines: Vec<String> = verse.into_iter().map(|line| self.text(line)).collect();
        for stanza in lines.split(String::is_empty) {
            self.sheet.paragraph(&sheet_lines(stanza));
        }
        let said = self.said(block);
        self.sheet.paragraph(&said);
    }

    /// `— Ann Author, *Her Book*`; empty for what is no quotation.
    fn said(&mut self, block: &Block<'a>) -> String {
        let (author, work) = (self.text(block.author), self.text(block.work));
        match (author.is_empty(), work.is_empty()) {
            (true, true) => String::new(),
            (false, true) => format!("— {author}"),
            (true, false) => format!("— *{work}*"),
            (false, false) => format!("— {author}, *{work}*"),
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
            while self.lines.get(self.at).is_some_and(|line| self.goes_on(line) && !self.begins_block(line)) {
                self.go_on(&mut text);
            }
            let depth = self.marks.len() * 2;
            let (term, text) = (self.text(term), self.text(&text));
            // A term stands for itself, or in the item that it describes.
            self.sheet.at(depth);
            self.sheet.term(&term);
            self.sheet.paragraph(&begun(&text));
            return true;
        }
        let Some((mark, rest)) = mark_of(bare) else { return false };
        let kind = if mark.ends_with('.') && mark.starts_with(|c: char| c.is_ascii_digit()) { "1." } else { mark };
        let kind = if is_callout(mark) { "<1>" } else { kind };
        let floor = self.floor();
        // What is said of code is a list of its own, which another one ends.
        let is_apart = self.at > 0 && self.lines[self.at - 1].is_empty();
        self.marks.pop_if(|open| *open == "<1>" && kind != "<1>" && is_apart);
        // A mark that is known closes what is within; another one is within what is open.
        match self.marks.iter().skip(floor).position(|open| *open == kind) {
            Some(depth) => self.marks.truncate(floor + depth),
            None if self.marks.len() >= floor + DEEPEST => self.marks.truncate(floor),
            None => {}
        }
        let depth = self.marks.len();
        self.marks.push(kind);
        self.at += 1;
        let mut text = rest.to_owned();
        while self.lines.get(self.at).is_some_and(|line| self.goes_on(line)) {
            self.go_on(&mut text);
        }
        let shown = match kind {
            "<1>" => format!("{}.", mark.trim_matches(['<', '>', '.'])),
            "1." => mark.to_owned(),
            dots if dots.starts_with('.') => "1.".to_owned(),
            _ => "-".to_owned(),
        };
        let shown = if shown == "." { "1.".to_owned() } else { shown };
        let text = match text.strip_prefix("[*] ") {
            Some(done) => format!("[x] {done}"),
            None => text,
        };
        let text = self.text(&text);
        self.sheet.item(depth * 2, depth * 2 + 2, &shown, &text);
        true
    }

    /// Adds this line to the text of an item.
    fn go_on(&mut self, text: &mut String) {
        if let Some(more) = self.part_of_text(self.lines[self.at]) {
            text.push(' ');
            text.push_str(more.trim());
        }
        self.at += 1;
    }

    /// What a line says within a paragraph, where comments and conditions say nothing.
    fn part_of_text(&mut self, line: &'a str) -> Option<&'a str> {
        let mut line = line;
        while let Some(text) = conditional(line.trim_start()) {
            line = text;
        }
        if is_directive(line.trim_start()) {
            self.leave_out_directive(line);
            return None;
        }
        (!line.starts_with("//")).then_some(line)
    }

    fn leave_out_directive(&mut self, line: &str) {
        let rule = if line.trim_start().starts_with(INCLUDE) { "includes" } else { "directives" };
        self.sheet.leave_out(rule, line);
    }

    /// Whether a line is more of the item above.
    fn goes_on(&self, line: &str) -> bool {
        self.goes_on_in(Text::Item, line)
    }

    fn goes_on_in(&self, text: Text, line: &str) -> bool {
        let bare = line.trim_start();
        // A paragraph has lines that begin with a year or another number.
        let is_item = mark_of(bare).is_some_and(|(mark, _)| text == Text::Item || !mark.starts_with(|c: char| c.is_ascii_digit()));
        !bare.is_empty()
            && bare != "+"
            && delimiter(bare).is_none()
            && !is_table(bare)
            && !is_item
            && term(bare).is_none()
            && !(bare.starts_with('[') && bare.ends_with(']'))
    }

    /// Whether a line is no text: a title, an attribute, a macro.
    fn begins_block(&self, line: &str) -> bool {
        let is_macro = line.contains("::[") && !is_directive(line);
        line.starts_with("==") || line.starts_with(':') || is_macro || line.starts_with('.') && !line.starts_with(". ")
    }

    fn paragraph(&mut self, bare: &'a str, block: &Block<'a>) {
        if let Some((target, attributes)) = block_image(bare) {
            // What stands right below is a paragraph of its own.
            self.at += 1;
            let alt = attributes.split(',').next().unwrap_or_default().trim_matches('"');
            let image = self.sheet.image(alt, target);
            return self.sheet.paragraph(&image);
        }
        let lines = self.paragraph_lines();
        let breaks = block.style == "verse"
            || block.breaks
            || ["hardbreaks", "hardbreaks-option"].iter().any(|name| self.attributes.contains_key(name));
        let mut text = String::new();
        for line in &lines {
            text.push_str(line.trim());
            // A plus sign at its end breaks the line.
            match text.strip_suffix(" +").map(str::len) {
                Some(length) => {
                    text.truncate(length);
                    text.push('\n');
                }
                None if breaks => text.push('\n'),
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
        self.sheet.paragraph(&sheet_lines(&shown));
        let said = self.said(block);
        self.sheet.paragraph(&said);
    }

    fn paragraph_lines(&mut self) -> Vec<&'a str> {
        let begun = self.at;
        self.at += 1;
        while self.lines.get(self.at).is_some_and(|line| self.goes_on_in(Text::Paragraph, line)) {
            self.at += 1;
        }
        (begun..self.at).filter_map(|at| self.part_of_text(self.lines[at])).collect()
    }

    /// From one line of equals signs to the next.
    fn table(&mut self, mark: &'a str, block: &Block<'a>) {
        let from = self.at + 1;
        self.at = from;
        while self.lines.get(self.at).is_some_and(|line| line.trim() != mark) {
            self.at += 1;
        }
        let table = tabular::read(&self.lines[from..self.at], mark, &block.layout, &mut self.sheet);
        self.at += 1;
        let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(|cell| self.cell(cell)).collect()).collect();
        match table.is_list {
            // One cell a line: how many make a row is not told where it is read.
            true => rows.concat().iter().for_each(|cell| self.sheet.paragraph(&begun(cell))),
            false if rows.is_empty() => {}
            false => self.sheet.table(&rows),
        }
    }

    fn cell(&mut self, cell: &Cell) -> String {
        let pieces = cell.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => self.text(text),
            Piece::Item(text) => format!("- {}", self.text(text)),
            Piece::Code(text) => code(text),
        });
        pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    fn text(&mut self, text: &str) -> String {
        inline(text, &self.attributes, &mut self.sheet)
    }
}

/// What a line may be more of.
#[derive(Clone, Copy, PartialEq)]
enum Text {
    Item,
    Paragraph,
}

/// Target and attributes of `image::target[attributes]`, which is a block by itself.
fn block_image(bare: &str) -> Option<(&str, &str)> {
    let rest = ["image::", "video::", "audio::"].iter().find_map(|mark| bare.strip_prefix(mark))?;
    rest.strip_suffix(']')?.split_once('[')
}

/// Lines that stay lines.
fn sheet_lines(lines: &[String]) -> String {
    begun(&lines.join("\\\n"))
}

/// A line that says nothing itself, but how the document is put together.
fn is_directive(bare: &str) -> bool {
    [INCLUDE, "ifdef::", "ifndef::", "ifeval::", "endif::", "toc::"].iter().any(|mark| bare.starts_with(mark))
}

/// The text of `ifdef::name[text]`, whose condition is not followed.
fn conditional(bare: &str) -> Option<&str> {
    let condition = bare.strip_prefix("ifdef::").or_else(|| bare.strip_prefix("ifndef::"))?;
    let (_, text) = condition.split_once('[')?;
    text.strip_suffix(']').filter(|text| !text.trim().is_empty())
}

fn is_table(bare: &str) -> bool {
    ["|===", ",===", ":===", "!==="].iter().any(|mark| bare.starts_with(mark))
}

/// The mark of a list item, and its text.
fn mark_of(bare: &str) -> Option<(&str, &str)> {
    let (mark, rest) = bare.split_once(' ').filter(|(mark, rest)| !mark.is_empty() && !rest.trim().is_empty())?;
    let is_mark = mark == "-"
        || mark.len() <= 6 && (mark.bytes().all(|byte| byte == b'*') || mark.bytes().all(|byte| byte == b'.'))
        || is_callout(mark)
        || mark.len() < 6
            && mark.strip_suffix('.').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    is_mark.then(|| (mark, rest.trim()))
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

const INCLUDE: &str = "include::";
/// Blocks within blocks, and items within items.
const MOST_OPEN: usize = 20;
const DEEPEST: usize = 20;
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
            (
                "[quote, Ann Author, Her Book]\n____\nSaid.\n\nTwice.\n____\n\n[quote, Bo]\nSaid.\n\n[quote]\n____\nx\n____",
                "Said.\n\nTwice.\n\n— Ann Author, *Her Book*\n\nSaid.\n\n— Bo\n\nx",
            ),
            (
                "[verse, \"Poet, Old\", Book]\n____\none\n  *two*\n\nthree\n____\n\n[quote, never ends]\n____\ny",
                "one\\\n**two**\n\nthree\n\n— Poet, Old, *Book*\n\ny\n\n— never ends",
            ),
            ("* [*] a\n* [x] b\n* [ ] c", "- [x] a\n- [x] b\n- [ ] c"),
            ("1. one\n2. two\ngoes on\n5. five", "1. one\n2. two goes on\n5. five"),
            ("* a\n1. b\n2. c\n* d", "- a\n  1. b\n  2. c\n- d"),
            ("t::\n1. e\n2. f", "**t**\n\n1. e\n2. f"),
            ("It was\n1999. Then came\n2000. no item", "It was 1999. Then came 2000. no item"),
            ("image::c.png[A pot]\nRight behind.\nMore.", "![A pot](https://docs.test/a/c.png)\n\nRight behind. More."),
            ("image::c.png[A pot] in text\nb", "image::c.png[A pot] in text b"),
            ("* a\n+\nimage::c.png[A]\nb\n* d", "- a\n\n  ![A](https://docs.test/a/c.png)\n\nb\n\n- d"),
            ("[%hardbreaks]\na\nb\n\nc\nd", "a\\\nb\n\nc d"),
            ("[.lead%hardbreaks]\na\nb\n\n[options=\"hardbreaks\"]\nc\nd", "a\\\nb\n\nc\\\nd"),
            (":hardbreaks-option:\n\na\nb", "a\\\nb"),
            ("++++\n<p>said <b>so</b></p>\n++++", "said **so**"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
        for (text, wanted) in [
            ("|===\n|A |B\n\n|1\n|`x`\n|2 |y\nz\n|===\n\nafter", "| A | B |\n| --- | --- |\n| 1 | `x` |\n| 2 | y z |\n\nafter"),
            ("[cols=\"1,2\",options=\"header\"]\n|===\n|A |B\n|1 |2\n|===", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
            ("[cols=2*]\n|===\n|a\n|b\n\na|\n* c\n* d\n2+|e\n|===", "| a | b |\n| --- | --- |\n| - c<br>- d | e |"),
            (
                "[%header,format=csv]\n|===\nA,B\n1,\"2,3\"\n|===\n\n,===\nC\n,===",
                "| A | B |\n| --- | --- |\n| 1 | 2,3 |\n\n| C |\n| --- |",
            ),
            ("x\n,===\nA,B\n,===\n!===\n!C !D\n!===", "x\n\n| A | B |\n| --- | --- |\n\n| C | D |\n| --- | --- |"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
        let notes = reading("////\na b\n////\n\ninclude::x.adoc[]\n\n++++\n<b>\n++++\n").notes;
        assert_eq!(notes.iter().map(|note| note.rule).collect::<Vec<_>>(), ["comments", "includes", "passed through"]);
        assert_eq!(markdown("a\n\ninclude::x.adoc[]\n\nb"), "a\n\n`include::x.adoc[]`\n\nb");
        assert_eq!(markdown("= T\ninclude::x.adoc[]\n:a: b\n\n{a}"), "# T\n\nb");
    }

    #[test]
    fn blocks_belong_to_items_where_a_plus_says_so() {
        for (text, wanted) in [
            ("* a\n\n----\nb\n----\n\nc", "- a\n\n```\nb\n```\n\nc"),
            ("<1> a\n<2> b\n\n----\nc\n----", "1. a\n2. b\n\n```\nc\n```"),
            ("<1> a\n\n.T\n|===\n|b |c\n|===\n\n* d", "1. a\n\n**T**\n\n| b | c |\n| --- | --- |\n\n- d"),
            ("<1> a\n\n* b", "1. a\n- b"),
            ("* a\n+\n[source,c]\n.T\n----\nb\n----\n<1> c\n* d", "- a\n\n  **T**\n\n  ```c\n  b\n  ```\n\n  1. c\n- d"),
            ("* a\n+\n--\nb\n\n* c\n\nd\n--\n+\ne\n* f", "- a\n\n  b\n\n  - c\n\n  d\n\n  e\n\n- f"),
            ("* a\n+\n====\nb\n\n----\nc\n----\n====\n\nd", "- a\n\n  b\n\n  ```\n  c\n  ```\n\nd"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_a_condition_holds_is_text() {
        for (text, wanted) in [
            ("ifndef::x[]\nShown.\nendif::[]\n\nEnd.", "Shown.\n\nEnd."),
            ("ifndef::x[Shown *too*.]\n\nifdef::env[:v: 1]\n{v}", "Shown **too**.\n\n1"),
            ("a\nifdef::x[]\nb\nendif::[]\nifdef::y[ifndef::z[c]]\nd", "a b c d"),
            ("* a\nifdef::x[]\nb\nendif::[]\n* c", "- a b\n- c"),
            ("ifeval::[\"{a}\" == \"b\"]\nc\nendif::[]", "c"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
    }
}
