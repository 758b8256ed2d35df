//! reStructuredText: blocks by their indentation, headings by the order in which their adornments come, directives by what they show.
//! A directive that is not known keeps its argument and its content; of options, comments and definitions a reader sees nothing.

use std::ops::Range;

use url::Url;

use crate::extract::formats::enumerators::{Enumerators, Mark, item};
use crate::extract::formats::roles::{Names, inline};
use crate::extract::formats::sheet::{Reading, Sheet, begun, code, joined};
use crate::extract::formats::{grid, inside, markup, tabulators};
use crate::model::Meter;

pub(super) fn read(text: &str, url: &Url, meter: &Meter) -> Reading {
    let spread = tabulators::spread(text);
    let lines: Vec<&str> = spread.lines().map(str::trim_end).collect();
    let names = Names::of(&lines);
    let mut reader = Reader {
        sheet: Sheet::new(url, meter, spread.len()),
        lines,
        sources: text.lines().collect(),
        at: 0,
        names,
        styles: Vec::new(),
        level: 0,
        members: Vec::new(),
        enumerators: Enumerators::default(),
        glossary: None,
        has_modules: false,
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
    /// With blanks in place of tabs, by which columns are counted.
    lines: Vec<&'a str>,
    /// The same lines as written.
    sources: Vec<&'a str>,
    at: usize,
    names: Names<'a>,
    /// Adornments of headings in order of appearance; whether above, too.
    styles: Vec<(char, bool)>,
    /// Of the section.
    level: usize,
    /// Columns of the descriptions of members that are open.
    members: Vec<usize>,
    enumerators: Enumerators,
    /// The column of the glossary that is open: several terms may have one meaning in it.
    glossary: Option<usize>,
    /// Modules are named: what is called a class is one, and no name of a style.
    has_modules: bool,
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
        self.glossary = self.glossary.filter(|glossary| column > *glossary);
        if column == 0 && self.heading() {
            return;
        }
        if bare == ".." || bare.starts_with(".. ") {
            return self.explicit(column, bare[2..].trim_start());
        }
        self.anchor = None;
        // The target of a reference that has no name.
        let is_target = bare.strip_prefix("__ ").is_some_and(|target| !target.trim().contains(' '));
        if is_target || is_adornment(bare) && bare.len() >= 4 {
            self.at += 1;
        } else if grid::is_simple_border(bare) || bare.starts_with("+-") || bare.starts_with("+=") {
            self.table(bare);
        } else if bare.starts_with(">>> ") {
            let begun = self.at;
            self.paragraph_lines(column);
            let session = self.exact(begun..self.at);
            self.sheet.fence("pycon", &session);
        } else if bare == "|" || bare.starts_with("| ") {
            let block = self.paragraph_lines(0);
            let lines: Vec<_> = block.iter().map(|line| self.text(line.trim_start().trim_start_matches('|'))).collect();
            self.sheet.paragraph(&lines.join("\\\n"));
        } else if let Some(mark) = item(bare, column, &self.lines[self.at + 1..], &mut self.enumerators) {
            self.item(column, &mark);
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
        if self.glossary.is_some() && self.shares_its_meaning(column) {
            self.at += 1;
            let term = self.text(first);
            return self.sheet.term(&term);
        }
        let lines = self.paragraph_lines(column);
        let text = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        let (text, literal) = without_colons(&text);
        let text = self.text(text);
        self.sheet.paragraph(&begun(&text));
        if literal && !self.quoted_literal(column) {
            self.literal(column);
        }
    }

    /// Whether this line of a glossary is one of several terms that stand above one meaning.
    fn shares_its_meaning(&self, column: usize) -> bool {
        let mut lines = self.lines[self.at..].iter().take(MOST_TERMS);
        let below = lines.find(|line| line.is_empty() || self::column(line) != column);
        below.is_some_and(|line| self::column(line) > column)
    }

    fn item(&mut self, column: usize, mark: &Mark<'_>) {
        let from = column + mark.width;
        let first = self.lines[self.at].get(from..).unwrap_or_default();
        self.at += 1;
        // What is no paragraph is read again at its own column.
        let more = if first.starts_with(".. ") { String::new() } else { self.continuation(from) };
        let whole = joined(&format!("{first} {more}"));
        let (text, literal) = without_colons(&whole);
        let text = self.text(text);
        let text = mark.label.map_or(text.clone(), |label| format!("({label}) {text}"));
        self.sheet.item(column, from, &mark.shown, text.trim());
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

    /// Lines that are indented more than `column`, as code.
    fn listing(&mut self, column: usize) -> String {
        let begun = self.at;
        self.indented(column);
        self.exact(begun..self.at)
    }

    /// Lines as they are written, but for the indentation that all of them have.
    fn exact(&self, range: Range<usize>) -> String {
        let filled = self.lines[range.clone()].iter().filter(|line| !line.is_empty());
        let indent = filled.map(|line| column(line)).min().unwrap_or(0);
        let lines = self.sources[range].iter().map(|line| tabulators::without_indent(line.trim_end(), indent));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn literal(&mut self, column: usize) {
        let listing = self.listing(column);
        let language = self.language.clone();
        self.sheet.fence(&language, &listing);
    }

    /// Literal text that is not indented: all its lines begin with the same mark.
    fn quoted_literal(&mut self, column: usize) -> bool {
        let begun = self.at + self.lines[self.at..].iter().take_while(|line| line.is_empty()).count();
        let Some(first) = self.lines.get(begun).filter(|line| self::column(line) == column) else { return false };
        let first = first.trim_start();
        // What is text, or a block of its own, was not meant.
        let mark = first.chars().next().filter(|mark| mark.is_ascii_punctuation() && !"`:*_|\\".contains(*mark));
        let Some(mark) = mark.filter(|_| !first.starts_with(".. ") && !is_adornment(first)) else { return false };
        let lines = self.lines[begun..].iter();
        self.at = begun + lines.take_while(|line| self::column(line) == column && line.trim_start().starts_with(mark)).count();
        let quoted = self.exact(begun..self.at);
        let language = self.language.clone();
        self.sheet.fence(&language, &quoted);
        true
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
                let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| self.cell(cell)).collect()).collect();
                self.sheet.table(&rows);
            }
            None => {
                let text = self.exact(begun..self.at);
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
        let (domain, kind) = name.rsplit_once(':').unwrap_or(("", name));
        let kind = kind.to_ascii_lowercase();
        match kind.as_str() {
            "code-tab" | "group-code-tab" => {
                let (language, label) = argument.split_once(' ').unwrap_or((argument, argument));
                let label = self.text(label);
                self.sheet.term(&label);
                self.code(column, "code", language);
            }
            "example" if domain == "http" => self.code(column, "code", "http"),
            "module" => self.module(argument),
            "currentmodule" | "namespace" | "namespace-push" | "namespace-pop" => {
                self.has_modules |= kind == "currentmodule";
                self.sheet.leave_out("directives", &format!("{kind} {argument}"));
                self.options();
            }
            // What a domain has are descriptions.
            _ if domain == "http" => self.member(column, &kind.to_ascii_uppercase(), argument),
            _ if !domain.is_empty() && !kind.starts_with("auto") => self.member(column, "", argument),
            "class" if self.describes_class(argument) => self.member(column, "", argument),
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
                    grid::list(&block).iter().map(|row| row.iter().map(|cell| self.cell(cell)).collect()).collect();
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
            "raw" if argument.eq_ignore_ascii_case("html") => {
                self.options();
                let html = self.listing(column);
                markup::write(&mut self.sheet, &html);
            }
            "literalinclude" => {
                let options = self.options();
                self.caption(&options);
                self.include(&kind, argument);
            }
            "include" => {
                self.indented(column);
                self.include(&kind, argument);
            }
            "meta" => {
                let block = self.indented(column);
                let metadata = &mut self.sheet.reading.metadata;
                metadata.description = metadata.description.take().or_else(|| description(&block));
                self.sheet.leave_out("directives", &format!("{kind} {}", block.join(" ")));
            }
            "contents" | "index" | "default-role" | "role" | "sectionauthor" | "codeauthor" | "tabularcolumns" | "raw" | "automodule"
            | "autoclass" | "autofunction" | "autosummary" | "highlightlang" | "rst-class" | "default-domain" | "program" | "testsetup"
            | "testcleanup" => {
                let block = self.indented(column);
                self.sheet.leave_out("directives", &format!("{kind} {argument} {}", block.join(" ")));
            }
            "only" | "ifconfig" | "container" | "class" | "cssclass" | "compound" | "epigraph" | "highlights" | "pull-quote" | "tabs"
            | "hlist" | "tab-set" | "tab-set-code" | "grid" | "card-group" => {
                self.options();
            }
            "glossary" => {
                self.options();
                self.glossary = Some(column);
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
            _ if MEMBERS.contains(&kind.as_str()) => self.member(column, "", argument),
            _ => {
                self.options();
                let argument = self.text(argument);
                self.sheet.paragraph(&begun(&argument));
            }
        }
    }

    fn code(&mut self, column: usize, kind: &str, argument: &str) {
        let options = self.options();
        self.caption(&options);
        let text = self.listing(column);
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

    /// What a generator puts in its place is not to be had here: which file it is stays.
    fn include(&mut self, kind: &str, file: &str) {
        let asked = format!("{kind}:: {file}");
        self.sheet.leave_out("includes", &asked);
        self.sheet.paragraph(&code(&asked));
    }

    fn caption(&mut self, options: &[(&str, &str)]) {
        if let Some((_, caption)) = options.iter().find(|(name, _)| *name == "caption") {
            let caption = self.text(caption);
            self.sheet.term(&caption);
        }
    }

    /// What the text around it describes: it has no section of its own.
    fn module(&mut self, name: &str) {
        self.has_modules = true;
        let options = self.options();
        let synopsis = options.iter().find(|(name, _)| *name == "synopsis").map_or("", |(_, synopsis)| synopsis);
        let synopsis = self.text(synopsis);
        let between = if synopsis.is_empty() { "" } else { ": " };
        self.sheet.paragraph(&format!("Module {}{between}{synopsis}", code(name)));
    }

    /// Whether `.. class::` is one of a program: docutils knows it as the style of what follows.
    fn describes_class(&self, argument: &str) -> bool {
        let has_options = self.lines.get(self.at).is_some_and(|line| line.starts_with(' ') && field(line.trim_start()).is_some());
        self.has_modules || has_options || argument.contains(['(', '.']) || argument.starts_with(char::is_uppercase)
    }

    /// What is described, one signature a line behind its `mark`, as headings below the section's.
    fn member(&mut self, column: usize, mark: &str, argument: &'a str) {
        let mut signatures = vec![argument];
        while let Some(line) =
            self.lines.get(self.at).filter(|line| !line.is_empty() && self::column(line) > column && field(line.trim_start()).is_none())
        {
            signatures.push(line.trim());
            self.at += 1;
        }
        let options = self.options();
        let option = |name: &str| options.iter().find(|(option, _)| *option == name).map(|(_, value)| *value);
        let kind = option("type").map_or(String::new(), |kind| format!(": {kind}"));
        let value = option("value").map_or(String::new(), |value| format!(" = {value}"));
        let default = option("default").map(|value| format!("Default: {}", self.text(value)));
        let level = self.level + 1 + self.members.len();
        for signature in signatures.into_iter().filter(|signature| !signature.is_empty()) {
            let signature = format!("{mark} {signature}{kind}{value}").replace('\\', "");
            self.sheet.heading(level, &code(&signature), None);
        }
        self.sheet.paragraph(&default.unwrap_or_default());
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

    /// An empty comment or an escaped blank is how an empty cell is written where a row would end without one.
    fn cell(&mut self, text: &str) -> String {
        if matches!(text, ".." | "\\") { String::new() } else { self.text(text) }
    }
}

fn column(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_adornment(line: &str) -> bool {
    let first = line.as_bytes().first().copied().unwrap_or_default();
    line.len() >= 3 && first.is_ascii_punctuation() && line.bytes().all(|byte| byte == first) && line != "..." && !line.starts_with("```")
}

/// `:name: body`; a role is none.
fn field(bare: &str) -> Option<(&str, &str)> {
    let (name, body) = bare.strip_prefix(':')?.split_once(':')?;
    let is_field = !name.is_empty() && name.len() < 80 && !name.starts_with(' ') && (body.is_empty() || body.starts_with(' '));
    is_field.then(|| (name, body.trim()))
}

/// What `:description lang=en: text` of a page's metadata says, which may go on below.
fn description(lines: &[&str]) -> Option<String> {
    let is_it = |line: &&str| field(line.trim_start()).is_some_and(|(name, _)| name.split_whitespace().next() == Some("description"));
    let at = lines.iter().position(|line| is_it(&line.trim_start()))?;
    let below = lines[at + 1..].iter().take_while(|line| column(line) > column(lines[at]));
    let (_, first) = field(lines[at].trim_start())?;
    let text = std::iter::once(first).chain(below.map(|line| line.trim())).collect::<Vec<_>>().join(" ");
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
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
/// Lines of a glossary that are looked at for a meaning below them.
const MOST_TERMS: usize = 20;

/// Directives that describe what an API or a program offers.
const MEMBERS: [&str; 36] = [
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
    fn a_page_is_described_by_its_metadata() {
        let found =
            reading("Title\n=====\n\n.. meta::\n   :keywords: x\n   :description lang=en: All of\n      it.\n   :other: y\n\nText.");
        assert_eq!((found.markdown.as_str(), found.metadata.description.as_deref()), ("# Title\n\nText.", Some("All of it.")));
        assert_eq!(reading(".. meta::\n   :keywords: x\n\nText.").metadata.description, None);
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
            (".. code-block:: make\n\n   all:\n   \techo a\n", "```make\nall:\n\techo a\n```"),
            (".. code-block:: go\n\n\tfunc a() {\n\t\tb(\t1)\n\t}\n", "```go\nfunc a() {\n\tb(\t1)\n}\n```"),
            ("Do::\n\n\ta\n\n        \tb", "Do:\n\n```\na\n\n\tb\n```"),
            (".. code-block:: python\n   :caption: app.py\n\n   x\n", "**app.py**\n\n```python\nx\n```"),
            (".. literalinclude:: a.py\n   :caption: The ``a``\n\nb", "**The `a`**\n\n`literalinclude:: a.py`\n\nb"),
            (".. include:: a.rst\n   :start-line: 1\n\nb", "`include:: a.rst`\n\nb"),
            ("Do::\n\n> a = 1\n>   b\n\nc", "Do:\n\n```\n> a = 1\n>   b\n```\n\nc"),
            ("- Do::\n\n- b", "- Do:\n- b"),
            ("Do::\n\n.. code-block:: c\n\n   x;", "Do:\n\n```c\nx;\n```"),
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
            (
                ".. tabs::\n\n   .. code-tab:: py\n\n      def a():\n          b\n\n   .. code-tab:: c The label\n\n      int a;\n",
                "**py**\n\n```py\ndef a():\n    b\n```\n\n**The label**\n\n```c\nint a;\n```",
            ),
            (".. ifconfig:: a\n\n   B.\n", "B."),
            (".. glossary::\n\n   a\n      A.\n   b\n   c : d\n      C.\n\ne\nf\n", "**a**\n\nA.\n\n**b**\n\n**c**\n\nd\n\nC.\n\ne f"),
            (".. raw:: html\n\n   <p>Said <b>so</b>.</p>\n", "Said **so**."),
            ("`A`__ b\n\n__ https://a.test\n\n__ no target\n", "[A](https://a.test/) b\n\n__ no target"),
            (".. toctree::\n   :maxdepth: 2\n\n   intro\n   More <more>\n\nx", "- intro\n- More \\<more>\n\nx"),
            ("x [1]_\n\n.. [1] A\n   note.\n", "x [1]\n\n[1] A note."),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
        let notes = reading(".. a comment\n   of two lines\n\n..\n\n  quoted\n\n.. raw:: html\n\n   <b>\n").notes;
        assert_eq!(notes.iter().map(|note| (note.rule, note.words)).collect::<Vec<_>>(), [("comments", 5), ("passed through", 1)]);
    }

    #[test]
    fn what_is_described_has_its_signature() {
        for (text, wanted) in [
            (
                ".. py:class:: Foo(a, b=1)\n\n   A.\n\n   .. py:method:: bar(self)\n\n      B.\n",
                "# `Foo(a, b=1)`\n\nA.\n\n## `bar(self)`\n\nB.",
            ),
            (
                ".. class:: foo(a)\n\n   A.\n\n.. cpp:class:: bar\n\n   B.\n\n.. class:: Baz\n\n.. class:: kettle\n   :final:\n",
                "# `foo(a)`\n\nA.\n\n# `bar`\n\nB.\n\n# `Baz`\n\n# `kettle`",
            ),
            (".. class:: special wide\n\nA.\n\n.. rst-class:: b\n\nC.\n\n.. class:: b\n\n   D.\n", "A.\n\nC.\n\nD."),
            (".. currentmodule:: k\n\n.. class:: date\n\n   A.\n", "# `date`\n\nA."),
            (
                ".. py:module:: kettle\n   :platform: all\n   :synopsis: Boils *it*.\n\nA.\n\n.. module:: b\n",
                "Module `kettle`: Boils *it*.\n\nA.\n\nModule `b`",
            ),
            (".. py:attribute:: LIMIT\n   :type: int\n   :value: 3\n\n   Most.\n", "# `LIMIT: int = 3`\n\nMost."),
            (".. http:post:: /users/(int:id)\n\n   A.\n\n   :query a: b\n", "# `POST /users/(int:id)`\n\nA.\n\n- **query a**: b"),
            (".. rst:directive:: foo\n\n   A.\n\n.. rst:role:: bar\n", "# `foo`\n\nA.\n\n# `bar`"),
            (".. http:example:: curl\n\n   GET / HTTP/1.1\n", "```http\nGET / HTTP/1.1\n```"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
    }

    #[test]
    fn lists_fields_and_terms_are_read() {
        for (text, wanted) in [
            ("* a\n  b\n\n  c\n\n  * d\n\n#. e\n#. f", "- a b\n\n  c\n\n  - d\n1. e\n1. f"),
            ("term\n    Meaning\n    goes on.\n\nother : type\n    M2", "**term**\n\nMeaning goes on.\n\n**other**\n\ntype\n\nM2"),
            (":param x: The x\n   value.\n:returns: y", "- **param x**: The x value.\n- **returns**: y"),
            ("-o FILE  Write to it\n--all    Every one\n         of them", "- `-o FILE`: Write to it\n- `--all`: Every one of them"),
            ("| a\n| b", "a\\\nb"),
            ("(i) a\n(ii) b\n(iii) c", "1. (i) a\n2. (ii) b\n3. (iii) c"),
            ("a. one\n   goes on\nb. two\n\nC. Lewis wrote\nso", "1. (a) one goes on\n2. (b) two\n\nC. Lewis wrote so"),
            ("1. z\n\n   i. in\n   ii. jn\n\n2. y", "1. z\n   1. (i) in\n   2. (ii) jn\n2. y"),
            ("= =\na b\n= =\n1 2\n= =\n\nx", "| a | b |\n| --- | --- |\n| 1 | 2 |\n\nx"),
            ("= ====\n1 x\n2 yyyy\n= ====", "|  |  |\n| --- | --- |\n| 1 | x |\n| 2 | yyyy |"),
            (".. confval:: x\n   :type: int\n   :default: ``3``\n\n   C.", "# `x: int`\n\nDefault: `3`\n\nC."),
            ("= is a sign, and so is = =", "= is a sign, and so is = ="),
            ("h) a\ni) b\nj) c", "8. (h) a\n9. (i) b\n10. (j) c"),
            ("A. a\nB. b\n\n(mix) it\n\nC. Moore said", "1. (A) a\n2. (B) b\n\n(mix) it\n\nC. Moore said"),
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
        let spans = "=====  =====  ======\n   Inputs     Output\n------------  ------\n  A      B    A or B\n=====  =====  ======\n..     False  \\\nTrue          True\n=====  =====  ======\n";
        assert_eq!(markdown(spans), "| Inputs |  | Output |\n| --- | --- | --- |\n| A | B | A or B |\n|  | False |  |\n| True |  | True |");
    }
}
