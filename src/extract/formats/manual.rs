//! Manual pages: sections, tagged paragraphs and displays of the man macros; those of mdoc are written by `mdoc`. Requests that only set type
//! are left out.

use url::Url;

use crate::extract::formats::mdoc;
use crate::extract::formats::roff::{Font, Pieces, add, arguments, plain};
use crate::extract::formats::sheet::{self, Reading, Sheet, begun, escaped, joined};
use crate::extract::formats::strings::Strings;
use crate::model::Meter;

pub(super) fn read(text: &str, url: &Url, meter: &Meter) -> Reading {
    let is_mdoc = text.lines().any(|line| line.starts_with(".Dd ") || line == ".Dd" || line.starts_with(".Dt "));
    let mut page = Page::new(url, meter, text.len());
    let mut lines = Lines { lines: text.lines(), pending: None, strings: Strings::new(text.len()), meter };
    match is_mdoc {
        true => mdoc::write(&mut page, &mut lines),
        false => {
            while let Some(line) = lines.next_line() {
                page.line(&line, &mut lines);
            }
        }
    }
    page.sheet.leave_out("strings", lines.strings.unknown());
    page.finish()
}

/// Lines with those joined that a backslash at their end joins, and with the page's own strings in place of their names.
pub(super) struct Lines<'a> {
    lines: std::str::Lines<'a>,
    meter: &'a Meter,
    pending: Option<String>,
    pub(super) strings: Strings,
}

impl Lines<'_> {
    pub(super) fn next_line(&mut self) -> Option<String> {
        if let Some(line) = self.pending.take() {
            return Some(line);
        }
        let mut line = self.lines.next().filter(|line| self.meter.goes_on_by(1 + line.len() / 16))?.to_owned();
        while line.ends_with('\\') && !line.ends_with("\\\\") {
            let Some(more) = self.lines.next() else { break };
            line.pop();
            line.push_str(more);
        }
        Some(self.strings.filled(line))
    }

    pub(super) fn back(&mut self, line: String) {
        self.pending = Some(line);
    }
}

pub(super) struct Page<'a> {
    pub(super) sheet: Sheet<'a>,
    pub(super) pieces: Pieces,
    pub(super) font: Font,
    /// Lines of a display, which are kept as they are.
    pub(super) display: Option<Vec<String>>,
    /// The next line of text is the tag of a paragraph.
    tag: bool,
    /// The next line of text is in this font, or is a heading of this level.
    next: Option<Next>,
    /// Levels of indentation: by `.RS`, or by lists.
    pub(super) indents: usize,
    /// A list item waits for its text.
    pub(super) in_item: bool,
    /// The last piece is a line break.
    broken: bool,
    /// Whether the conditions held that may have an "else", if that is known.
    held: Vec<Option<bool>>,
    title: Option<String>,
    section: String,
}

#[derive(Clone, Copy)]
enum Next {
    Font(Font),
    Heading(usize),
}

impl<'a> Page<'a> {
    fn new(url: &'a Url, meter: &'a Meter, size: usize) -> Self {
        Self {
            sheet: Sheet::new(url, meter, size),
            pieces: Pieces::default(),
            font: Font::Roman,
            display: None,
            tag: false,
            next: None,
            indents: 0,
            in_item: false,
            broken: false,
            held: Vec::new(),
            title: None,
            section: String::new(),
        }
    }

    fn line(&mut self, line: &str, lines: &mut Lines<'_>) {
        let Some(request) = request_of(line) else { return self.text(line) };
        let (name, rest) = request.split_at(request.find(|c: char| c.is_whitespace() || c == '\\').unwrap_or(request.len()));
        match name {
            "TH" => self.header(rest),
            "SH" | "Sh" => self.section(1, rest),
            "SS" | "Ss" => self.section(2, rest),
            "PP" | "P" | "LP" => {
                self.paragraph();
                self.outside_items();
            }
            "sp" | "Pp" => self.paragraph(),
            "br" => self.line_break(),
            "TP" | "TQ" => {
                self.paragraph();
                self.tag = true;
            }
            "IP" => {
                self.paragraph();
                if let Some(tag) = arguments(rest).first() {
                    self.tagged(tag);
                }
            }
            "HP" => self.paragraph(),
            "RS" => {
                self.paragraph();
                self.indents += 1;
            }
            "RE" => {
                self.paragraph();
                self.indents = self.indents.saturating_sub(1);
                self.outside_items();
            }
            "nf" | "EX" | "Vb" => {
                self.paragraph();
                self.display.get_or_insert_default();
            }
            "fi" | "EE" | "Ve" => self.end_display(),
            "B" | "SB" => self.in_font(Font::Bold, rest),
            "I" => self.in_font(Font::Italic, rest),
            "SM" | "R" => self.in_font(Font::Roman, rest),
            "BR" => self.alternate(Font::Bold, Font::Roman, rest),
            "RB" => self.alternate(Font::Roman, Font::Bold, rest),
            "IR" => self.alternate(Font::Italic, Font::Roman, rest),
            "RI" => self.alternate(Font::Roman, Font::Italic, rest),
            "BI" => self.alternate(Font::Bold, Font::Italic, rest),
            "IB" => self.alternate(Font::Italic, Font::Bold, rest),
            "MR" => {
                let arguments = arguments(rest);
                let part = |at: usize| arguments.get(at).map_or("", String::as_str);
                let reference = format!("\\fB{}\\fR({}){}", part(0), part(1), part(2));
                self.text(&reference);
            }
            "SY" => self.in_font(Font::Bold, rest),
            "OP" => {
                let option = format!("[{}]", joined(rest));
                self.text(&option);
            }
            "YS" => self.paragraph(),
            "UR" | "MT" => self.address(rest, lines),
            "TS" => self.table(lines),
            "EQ" => self.pass(lines, "EN", "equations"),
            "de" | "ig" | "am" | "de1" => self.pass(lines, "definition", "macros"),
            "if" | "ie" | "el" => self.condition(name, rest, lines),
            "ds" if lines.strings.define(rest) => {}
            "as" if lines.strings.append(rest) => {}
            "tr" => lines.strings.translate(rest),
            "so" | "ds" | "as" => self.sheet.leave_out("requests", request),
            // An escape, as in `.\" comment`.
            "" => {}
            // A macro of two letters is the page's own, too, where its arguments are words.
            _ if name.len() == 2 && name.starts_with(|c: char| c.is_ascii_uppercase()) && !UNSEEN.contains(&name) => {
                let text = arguments(rest).join(" ");
                if text.contains(char::is_alphabetic) {
                    self.text(&text);
                }
            }
            // Those that set type: what they name is no text.
            _ if name.len() <= 2 || name.chars().all(|c| c.is_ascii_lowercase()) => {}
            // A macro of the page's own; its arguments may be text.
            _ => self.text(rest.trim()),
        }
    }

    /// What is read under a condition, on its line or between braces.
    fn condition(&mut self, name: &str, rest: &str, lines: &mut Lines<'_>) {
        let (holds, body) = match name {
            "el" => (self.held.pop().flatten().map(|held| !held), rest.trim_start()),
            _ => condition(rest.trim_start()),
        };
        if name == "ie" && self.held.len() < DEEPEST {
            self.held.push(holds);
        }
        let block = body.strip_prefix("\\{");
        match (holds, block) {
            // Where nobody knows, both sides are read, but for the settings on the line.
            (None, _) => self.sheet.leave_out("requests", &format!("{name} {rest}")),
            (Some(false), Some(first)) => self.pass_block(lines, first),
            (Some(false), None) => self.sheet.leave_out("requests", body),
            (Some(true), block) => {
                let line = block.unwrap_or(body).trim_start();
                match is_condition(line) {
                    true if line.len() < LONGEST_NESTED => lines.back(line.to_owned()),
                    true => self.sheet.leave_out("requests", line),
                    false if line.is_empty() => {}
                    false => self.line(line, lines),
                }
            }
        }
    }

    /// Leaves out what stands between braces, the first of which is open.
    fn pass_block(&mut self, lines: &mut Lines<'_>, first: &str) {
        let mut open = 1_usize;
        let mut line = first.to_owned();
        loop {
            open = (open + line.matches("\\{").count()).saturating_sub(line.matches("\\}").count());
            self.sheet.leave_out("requests", &line);
            if open == 0 {
                return;
            }
            match lines.next_line() {
                // A section ends what does not end itself.
                Some(next) if next.starts_with(".SH") => return lines.back(next),
                Some(next) => line = next,
                None => return,
            }
        }
    }

    /// What follows belongs to no item of the list that stands here.
    fn outside_items(&mut self) {
        if self.display.is_none() {
            self.sheet.at(self.indents * 2);
        }
    }

    fn header(&mut self, rest: &str) {
        let arguments: Vec<String> = arguments(rest).iter().map(|argument| plain(argument)).collect();
        let part = |at: usize| arguments.get(at).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
        if let Some(name) = part(0) {
            self.titled(&name, &part(1).unwrap_or_default());
        }
        self.sheet.reading.metadata.modified = part(2).filter(|date| date.starts_with(|c: char| c.is_ascii_digit()));
    }

    /// `NAME(section)`
    pub(super) fn titled(&mut self, name: &str, section: &str) {
        // Written in capitals by custom only.
        let name = if name.chars().any(char::is_lowercase) { name.to_owned() } else { name.to_lowercase() };
        self.title = Some(if section.is_empty() { name } else { format!("{name}({section})") });
    }

    pub(super) fn section(&mut self, level: usize, rest: &str) {
        self.end_display();
        self.indents = 0;
        let title = arguments(rest).join(" ");
        if title.is_empty() {
            self.next = Some(Next::Heading(level));
            return;
        }
        self.heading(level, &plain(&title));
    }

    pub(super) fn heading(&mut self, level: usize, title: &str) {
        self.paragraph();
        self.font = Font::Roman;
        if level == 1 {
            self.section = title.to_owned();
        }
        self.sheet.heading(level + 1, &escaped(title), None);
    }

    fn text(&mut self, line: &str) {
        if let Some(display) = &mut self.display {
            display.push(plain(line));
            return;
        }
        if line.trim().is_empty() {
            return self.paragraph();
        }
        match self.next.take() {
            Some(Next::Heading(level)) => return self.heading(level, &plain(line)),
            Some(Next::Font(font)) => {
                self.space();
                add(&mut self.pieces, line.trim(), font);
                return self.after_text();
            }
            None => {}
        }
        // A line that begins with a blank begins a line.
        if line.starts_with(' ') {
            self.line_break();
        }
        self.space();
        self.font = add(&mut self.pieces, line.trim(), self.font);
        self.after_text();
    }

    fn after_text(&mut self) {
        if std::mem::take(&mut self.tag) {
            let tag = self.pieces.take();
            self.font = Font::Roman;
            self.write_tag(&tag);
        }
    }

    fn tagged(&mut self, tag: &str) {
        let mut pieces = Pieces::default();
        add(&mut pieces, tag, Font::Roman);
        let tag = pieces.take();
        self.write_tag(&tag);
    }

    /// A bullet or a number begins an item; anything else is a term.
    fn write_tag(&mut self, tag: &str) {
        let bare = tag.trim().trim_matches('*').replace('\\', "");
        let number = bare.trim_start_matches(['(', '[']).trim_end_matches(['.', ')', ']']);
        let depth = self.indents * 2;
        if matches!(bare.as_str(), "•" | "-" | "*" | "o" | "·" | "—" | "–" | "") {
            self.sheet.item(depth, depth + 1, "-", "");
        } else if !number.is_empty() && number.len() < 4 && number.bytes().all(|byte| byte.is_ascii_digit()) {
            self.sheet.item(depth, depth + 1, &format!("{number}."), "");
        } else {
            self.sheet.at(depth);
            self.sheet.paragraph(&begun(&joined(tag)));
            return;
        }
        self.in_item = true;
    }

    fn in_font(&mut self, font: Font, rest: &str) {
        let arguments = arguments(rest);
        if arguments.is_empty() {
            self.next = Some(Next::Font(font));
            return;
        }
        if let Some(display) = &mut self.display {
            display.push(plain(&arguments.join(" ")));
            return;
        }
        self.space();
        add(&mut self.pieces, &arguments.join(" "), font);
        self.after_text();
    }

    fn alternate(&mut self, one: Font, other: Font, rest: &str) {
        let arguments = arguments(rest);
        if let Some(display) = &mut self.display {
            display.push(plain(&arguments.concat()));
            return;
        }
        self.space();
        for (index, argument) in arguments.iter().enumerate() {
            add(&mut self.pieces, argument, if index % 2 == 0 { one } else { other });
        }
        self.after_text();
    }

    /// `.UR address`, text, `.UE`
    fn address(&mut self, rest: &str, lines: &mut Lines<'_>) {
        let address = plain(arguments(rest).first().map_or("", String::as_str));
        let mut words = String::new();
        let mut after = String::new();
        for _ in 0..MOST_LINES_OF_LINK {
            let Some(line) = lines.next_line() else { break };
            match line.strip_prefix(".UE").or_else(|| line.strip_prefix(".ME")) {
                Some(rest) => {
                    after = plain(rest.trim());
                    break;
                }
                None => {
                    words.push_str(&plain(&line));
                    words.push(' ');
                }
            }
        }
        let target = if address.contains('@') && !address.contains(':') { format!("mailto:{address}") } else { address.clone() };
        // The pieces are escaped when they are written; a link is written as its words and its address.
        self.sheet.reading.links.push(target);
        self.space();
        let shown = match joined(&words) {
            words if words.is_empty() => format!("{address}{after}"),
            words => format!("{words} ({address}){after}"),
        };
        self.pieces.push(Font::Roman, &shown);
        self.after_text();
    }

    fn table(&mut self, lines: &mut Lines<'_>) {
        self.paragraph();
        let mut separator = '\t';
        let mut in_format = true;
        let mut rows: Vec<Vec<String>> = Vec::new();
        // The text of a cell that goes over lines.
        let mut block: Option<String> = None;
        while let Some(line) = lines.next_line() {
            if line.starts_with(".TE") {
                break;
            }
            if in_format {
                if let Some((_, after)) = line.split_once("tab(").or_else(|| line.split_once("tab (")) {
                    separator = after.chars().next().unwrap_or('\t');
                }
                in_format = !line.trim_end().ends_with('.');
                continue;
            }
            if let Some(text) = &mut block {
                match line.strip_prefix("T}") {
                    Some(rest) => {
                        let cell = joined(text);
                        let row = rows.last_mut().map(|row| row.push(cell));
                        block = None;
                        if row.is_some() && !rest.is_empty() {
                            self.cells(rest.strip_prefix(separator).unwrap_or(rest), separator, &mut rows, &mut block);
                        }
                    }
                    None if line.starts_with('.') => {
                        let words = request_of(&line).and_then(|request| request.split_once(' ')).map_or("", |(_, words)| words);
                        text.push_str(&plain(words));
                        text.push(' ');
                    }
                    None => {
                        text.push_str(&cell(&line));
                        text.push(' ');
                    }
                }
                continue;
            }
            let is_rule = line.trim().chars().all(|c| matches!(c, '_' | '=')) || line.starts_with(".T&");
            if !is_rule && request_of(&line).is_none() {
                rows.push(Vec::new());
                self.cells(&line, separator, &mut rows, &mut block);
            }
        }
        if let Some(text) = block {
            rows.push(vec![joined(&text)]);
        }
        self.sheet.table(&rows);
    }

    fn cells(&mut self, line: &str, separator: char, rows: &mut [Vec<String>], block: &mut Option<String>) {
        for part in line.split(separator) {
            match part.trim() == "T{" {
                true => *block = Some(String::new()),
                false => {
                    if let Some(row) = rows.last_mut() {
                        row.push(cell(part));
                    }
                }
            }
        }
    }

    /// Leaves out what ends with `.name`, or with `..` after a definition.
    fn pass(&mut self, lines: &mut Lines<'_>, name: &str, rule: &'static str) {
        while let Some(line) = lines.next_line() {
            if line.starts_with("..") || line.strip_prefix('.').is_some_and(|request| request.trim() == name) {
                break;
            }
            // A section ends what does not end itself.
            if line.starts_with(".SH") {
                lines.back(line);
                break;
            }
            self.sheet.leave_out(rule, &line);
        }
    }

    pub(super) fn is_synopsis(&self) -> bool {
        self.section.eq_ignore_ascii_case("synopsis")
    }

    pub(super) fn space(&mut self) {
        if !self.pieces.is_empty() && !self.broken {
            self.pieces.push(Font::Roman, " ");
        }
        self.broken = false;
    }

    pub(super) fn line_break(&mut self) {
        if self.display.is_none() && !self.pieces.is_empty() && !self.broken {
            self.pieces.push(Font::Roman, "\n");
            self.broken = true;
        }
    }

    pub(super) fn paragraph(&mut self) {
        if let Some(display) = &mut self.display {
            display.push(String::new());
            return;
        }
        self.tag = false;
        self.next = None;
        self.broken = false;
        let text = self.pieces.take();
        let lines: Vec<String> = text.split('\n').map(joined).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() {
            return;
        }
        let text = begun(&lines.join("\\\n"));
        if self.section.eq_ignore_ascii_case("name") && self.sheet.reading.metadata.description.is_none() {
            let description = text.split_once(" - ").or_else(|| text.split_once(" – ")).or_else(|| text.split_once(" — "));
            self.sheet.reading.metadata.description = description.map(|(_, description)| sheet::plain(description));
        }
        match std::mem::take(&mut self.in_item) {
            true => self.sheet.complete_item(&text),
            false => {
                self.sheet.at(self.indents * 2);
                self.sheet.paragraph(&text);
            }
        }
    }

    pub(super) fn end_display(&mut self) {
        if let Some(lines) = self.display.take() {
            self.in_item = false;
            self.sheet.fence("", &lines.join("\n"));
        }
    }

    fn finish(mut self) -> Reading {
        self.end_display();
        self.paragraph();
        let mut reading = self.sheet.finish();
        reading.title = self.title.or_else(|| reading.outline.first().map(|heading| heading.text.clone()));
        reading
    }
}

/// What follows the point of a request; none for text.
pub(super) fn request_of(line: &str) -> Option<&str> {
    line.strip_prefix(['.', '\'']).map(|request| request.trim_start_matches([' ', '\t']))
}

/// Whatever stands behind its name: who reads the line would ask again.
fn is_condition(line: &str) -> bool {
    request_of(line).is_some_and(|request| ["if", "ie", "el"].iter().any(|name| request.starts_with(name)))
}

/// Whether a condition holds, if that is known, and what is read under it. A reader's terminal is what roff calls n; what is for other
/// devices says the same in other words.
fn condition(rest: &str) -> (Option<bool>, &str) {
    let (is_not, rest) = rest.strip_prefix('!').map_or((false, rest), |rest| (true, rest));
    let known = [
        ("n", true),
        ("o", true),
        ("t", false),
        ("e", false),
        ("v", false),
        ("\\n(.g", true),
        ("\\n[.g]", true),
        ("1", true),
        ("0", false),
    ];
    let found = known.into_iter().find_map(|(name, holds)| Some((holds, rest.strip_prefix(name)?)));
    match found.filter(|(_, body)| body.starts_with([' ', '\t', '\\'])) {
        Some((holds, body)) => (Some(holds != is_not), body.trim_start()),
        None => (None, rest),
    }
}

fn cell(text: &str) -> String {
    let mut pieces = Pieces::default();
    add(&mut pieces, text.trim(), Font::Roman);
    pieces.take()
}

/// Macros whose arguments no reader sees: entries of an index, distances, names of systems.
const UNSEEN: [&str; 14] = ["IX", "IN", "XE", "PD", "DT", "UC", "AT", "AS", "PM", "Id", "FD", "HY", "UE", "ME"];
const MOST_LINES_OF_LINK: usize = 5;
/// Conditions within conditions.
const DEEPEST: usize = 20;
/// In bytes: a line of conditions is read again for each of them.
const LONGEST_NESTED: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;

    fn reading(text: &str) -> Reading {
        read(text, &Url::parse("https://docs.test/pot.1").unwrap(), &unlimited())
    }

    #[test]
    fn a_page_is_read_as_it_is_shown() {
        let found = reading(
            ".\\\" By hand\n.TH POT 1 2024-05-01 \"Pots 2\"\n.de XX\nhidden\n..\n.SH NAME\npot \\- boils water\n.SH SYNOPSIS\n.B pot\n.RB [ \\-a ]\n.I file\n.br\n\\fBpot\\fR \\-\\-help\n\
             .SH \"LONG OPTIONS\"\nIntro\ngoes on.\n.TP\n.BR \\-a \", \" \\-\\-all\nBoil *all*.\n.IP \\(bu 2\nOne\n.IP \\(bu 2\nTwo\n.PP\nSee:\n.RS 4\n.nf\n\\fBpot\\fR -a \\e\n  <x>\n.fi\n.RE\n\
             .SS Deep\n.UR https://pots.test/\nhome\n.UE .\n.TS\ntab(|);\nl l.\n\\fBA\\fR|B\n_\n1|T{\nlong\ncell\nT}\n.TE\n",
        );
        assert_eq!(
            found.markdown,
            "## NAME\n\npot - boils water\n\n## SYNOPSIS\n\n**pot** [**-a**] *file*\\\n**pot** --help\n\n## LONG OPTIONS\n\nIntro goes on.\n\n**-a**, **--all**\n\nBoil \\*all\\*.\n\n\
             - One\n- Two\n\nSee:\n\n```\npot -a \\\n  <x>\n```\n\n### Deep\n\nhome (https://pots.test/).\n\n| **A** | B |\n| --- | --- |\n| 1 | long cell |"
        );
        assert_eq!((found.title.as_deref(), found.metadata.description.as_deref()), (Some("pot(1)"), Some("boils water")));
        assert_eq!(found.metadata.modified.as_deref(), Some("2024-05-01"));
        assert_eq!(found.links, ["https://pots.test/"]);
        assert_eq!(found.outline.iter().map(|heading| heading.level).collect::<Vec<_>>(), [2, 2, 2, 3]);
    }

    #[test]
    fn one_side_of_a_condition_is_read() {
        for (text, wanted) in [
            (".ie t troff\n.el nroff\nend", "nroff end"),
            (".ie n nroff\n.el troff\nend", "nroff end"),
            (".if t hidden\n.if !t shown\n.if !n hidden", "shown"),
            (".ie t \\{\\\n.B troff\nmore\n.\\}\n.el \\{\\\n.B nroff\nmore\n.\\}\nend", "**nroff** more end"),
            (".if n \\{\nshown\n.if t \\{ hidden\n.\\}\n.\\}\nend", "shown end"),
            (".ie \\n(.g .ds a b\n.el .ds a c\n.if \\nF \\{\nboth\n.\\}\n.el x\nend", "both end"),
            (".if t \\{\nhidden\n.SH B\nx", "## B\n\nx"),
            (".if n .if !t .ie t x\n.el y", "y"),
            (&(".if n ".repeat(3_000) + "x\ny"), "y"),
        ] {
            assert_eq!(reading(&format!(".TH A 1\n{text}")).markdown, wanted, "{text}");
        }
        let nested = ".ie n \\{\n".repeat(50) + "x\n" + &".\\}\n.el \\{\nz\n.\\}\n".repeat(20) + &".\\}\n".repeat(30) + "y";
        assert_eq!(reading(&format!(".TH A 1\n{nested}")).markdown, "x y");
    }

    #[test]
    fn strings_stand_in_place_of_their_names() {
        let perl = ".tr \\(*W-\n.ie n \\{\\\n.    ds -- \\(*W-\n.    ds L\" \"\"\n.    ds R\" \"\"\n.    ds C` \"\"\n.    ds C' \"\"\n'br\\}\n.el\\{\\\n.    ds -- \\|\\(em\\|\n.    ds L\" ``\n'br\\}\n";
        for (text, wanted) in [
            (&*format!("{perl}foo \\- use \\*(L\"bar\\*(R\" \\*(-- and \\*(C`baz\\*(C'"), "foo - use \"bar\" -- and \"baz\""),
            ("foo \\*(L\"bar\\*(R\" \\*(--", "foo \"bar\" --"),
            (".ds Str value\n.as Str s\nUse \\*[Str].\n.B \"\\*(lqa b\"", "Use values. **“a b**"),
            (".ds a .SH X\n.ds q 'q\n\\*a\n\\*q", ".SH X 'q"),
            (".ds L\" \"\"\n.nf\n\\*(L\"x\\*(R\"\n.fi", "```\n\"x\"\n```"),
            (".CW code\nand\n.IX Header \"b\"\n.PD 0\n.Sp\n.Vx 2\nend", "code and end"),
        ] {
            assert_eq!(reading(&format!(".TH A 1\n{text}")).markdown, wanted, "{text}");
        }
        let notes = reading(".TH A 1\n.ds a b\na \\*[gone] \\*a\n").notes;
        assert_eq!(notes.iter().map(|note| (note.rule, note.words)).collect::<Vec<_>>(), [("strings", 1)]);
    }

    #[test]
    fn what_follows_a_list_is_none_of_it() {
        for (text, wanted) in [
            (".IP 1. 4\none\n.IP 2.\ntwo\n.RS 4\nwithin\n.RE\n.PP\n.EX\ncode\n.EE", "1. one\n2. two\n\n   within\n\n```\ncode\n```"),
            (
                ".TP\n.B \\-n\nCount\n.RS\n.IP \\(bu 2\nitem\n.RE\n.nf\ncode\n.fi\n.TS\nl l.\na\tb\n.TE",
                "**-n**\n\nCount\n\n- item\n\n```\ncode\n```\n\n| a | b |\n| --- | --- |",
            ),
            (".IP \\(bu\nitem\n.nf\ncode\n.fi\n.PP\nafter", "- item\n\n  ```\n  code\n  ```\n\nafter"),
            (".nf\na\n.PP\nb\n.fi", "```\na\n\nb\n```"),
        ] {
            assert_eq!(reading(&format!(".TH A 1\n{text}")).markdown, wanted, "{text}");
        }
    }

    #[test]
    fn what_does_not_end_is_read() {
        assert_eq!(reading(".TH A 1\n.nf\nx\n.SH B\n.de C\n.SH D\ny").markdown, "```\nx\n```\n\n## B\n\n## D\n\ny");
        assert_eq!(reading(".TH A 1\n.TS\nl.\nx\n").markdown, "| x |\n| --- |");
        assert_eq!(reading(".TH A 1\n.ie n .IP \"x\" 4\n.el .IP y 4\nz").markdown, "x\n\nz");
        assert_eq!(reading(".TH A 1\n.SH\nNAME\n.B\nx\n.TP").markdown, "## NAME\n\n**x**");
    }
}
