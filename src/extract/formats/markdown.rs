//! Markdown and its dialects, which pass as they are but for what only a generator reads: front matter, modules and components of MDX,
//! comments, scripts, marks of admonitions and anchors. Lines of code are never touched.

use crate::extract::formats::components::{self, Component};
use crate::extract::formats::inside::{self, Spans};
use crate::extract::formats::matter;
use crate::extract::formats::nesting::{CODE, Nesting, Place, columns};
use crate::extract::formats::options;
use crate::extract::formats::sheet::{Reading, Sheet, joined, plain};
use crate::extract::termynal;
use crate::model::{Heading, Meter};
use memchr::memmem;
use std::collections::{HashSet, VecDeque};
use url::Url;

pub(super) fn read(text: &str, url: &Url, meter: &Meter) -> Reading {
    written(text, url, meter).0
}

/// A text that others follow: code that does not end ends with it.
pub(super) fn part(text: &str, url: &Url, meter: &Meter) -> Reading {
    let (mut reading, fence) = written(text, url, meter);
    if let Some(Fence { mark, length, prefix, .. }) = fence {
        reading.markdown.push_str(&format!("\n{prefix}{}", String::from(mark).repeat(length)));
    }
    reading
}

/// With the fence that is left open.
fn written(text: &str, url: &Url, meter: &Meter) -> (Reading, Option<Fence>) {
    let matter = matter::cut(text);
    let mut sheet = Sheet::new(url, meter, text.len());
    sheet.reading.metadata = matter.metadata;
    sheet.leave_out("front matter", matter.source);
    let mdx = url.path().to_ascii_lowercase().ends_with(".mdx") || is_mdx(matter.rest);
    let mut writer = Writer { sheet, out: String::with_capacity(text.len()), mdx, ..Writer::new(url, meter, text.len()) };
    let mut lines = matter.rest.lines().peekable();
    while let Some(line) = lines.next().filter(|_| writer.sheet.goes_on()) {
        writer.line(line, &mut lines);
    }
    let Writer { sheet, out, headings, fence, .. } = writer;
    let mut reading = sheet.finish();
    let frame = ['\n', ' ', '\t', '\u{feff}'];
    let cut = out.len() - out.trim_start_matches(frame).len();
    reading.markdown = out.trim_matches(frame).to_owned();
    reading.outline = headings.into_iter().map(|heading| Heading { offset: heading.offset.saturating_sub(cut), ..heading }).collect();
    let first = |level| reading.outline.iter().find(|heading: &&Heading| heading.level <= level).map(|heading| heading.text.clone());
    reading.title = first(1).or(matter.title).or_else(|| first(6));
    (reading, fence)
}

type Lines<'a> = std::iter::Peekable<std::str::Lines<'a>>;

struct Writer<'a> {
    sheet: Sheet<'a>,
    out: String,
    headings: Vec<Heading>,
    mdx: bool,
    /// Quotes and lists.
    nesting: Nesting,
    fence: Option<Fence>,
    /// Marks and lengths of open directives of MyST, whose lines are prose.
    prose: Vec<(char, usize)>,
    /// Open components and containers, outermost first.
    open: Vec<Open>,
    /// The id of the next heading.
    anchor: Option<String>,
    /// Where the last line begins, if it may be the text of an underlined heading.
    paragraph: Option<usize>,
    /// The id that stood above that line.
    above: Option<String>,
    /// Blanks before the line, if it is one of an item's: what is set in its place stays in the item.
    margin: String,
    blank: bool,
    /// The last blank line was set here.
    spaced: bool,
    /// Of each kind, whether no comment ends after this place.
    comments_end: [bool; COMMENTS.len()],
    /// The same of what is unread.
    unread_ends: [bool; UNREAD.len()],
    /// Lengths of the lines of slashes that end something, once they were looked for.
    slashes: Option<HashSet<usize>>,
    /// Within a listing's element whose text a script reads as HTML.
    is_typed: bool,
    /// What the tags are called that end something, once that was looked for.
    closed: Option<HashSet<String>>,
}

struct Fence {
    mark: char,
    length: usize,
    /// Blanks before it in the source, which its lines lose.
    indent: usize,
    /// What stands before its lines as they are written.
    prefix: String,
    /// How many quotes it stands in.
    quotes: usize,
    /// The column from which on its marks are code.
    ends_before: usize,
}

struct Open {
    name: String,
    /// Blanks that its lines lose, once the first is known.
    indent: Option<usize>,
    at: usize,
    /// Blanks that they keep: those of the item that it stands in.
    margin: usize,
    /// Ends where a line is not indented so far.
    by_indent: bool,
    /// What the components in it are called, in their order, if it is said here.
    labels: VecDeque<String>,
}

impl Open {
    fn new(name: &str, at: usize) -> Self {
        Self { name: name.to_owned(), indent: None, at, margin: 0, by_indent: false, labels: VecDeque::new() }
    }

    fn is_container(&self) -> bool {
        self.name == CONTAINER || self.name.starts_with(SLASHES)
    }
}

impl<'a> Writer<'a> {
    fn new(url: &'a Url, meter: &'a Meter, size: usize) -> Self {
        Self {
            sheet: Sheet::new(url, meter, size),
            out: String::new(),
            headings: Vec::new(),
            mdx: false,
            nesting: Nesting::default(),
            fence: None,
            prose: Vec::new(),
            open: Vec::new(),
            anchor: None,
            paragraph: None,
            above: None,
            margin: String::new(),
            blank: true,
            spaced: false,
            comments_end: [false; COMMENTS.len()],
            unread_ends: [false; UNREAD.len()],
            slashes: None,
            is_typed: false,
            closed: None,
        }
    }

    fn line(&mut self, line: &str, lines: &mut Lines<'_>) {
        if self.is_code(line) {
            return;
        }
        let bare = line.trim();
        if bare.is_empty() {
            // What was left out or set here has its blank line already.
            let more = !(self.spaced && self.out.ends_with("\n\n"));
            if more || self.open.last().is_some_and(|open| open.name == MODULE) {
                self.put("");
            }
            return;
        }
        self.close_by_indent(line);
        let source = line;
        let line = self.without_indent(line);
        let (at, column) = (columns(source), columns(line));
        // MDX has no code that is indented.
        let kept = self.open.last().map_or(0, |open| open.margin);
        let base = at - column + kept;
        let place = self.nesting.place(source, base, if self.mdx { usize::MAX } else { CODE });
        let is_of_item = kept > 0 || place.base > base;
        self.margin.clear();
        if is_of_item {
            self.margin.push_str(&line[..line.len() - line.trim_start_matches([' ', '\t']).len()]);
        }
        if self.closes_prose_fence(bare) {
            return;
        }
        if let Some(opener) = fence_of(place.content.trim_end()).filter(|_| self.mdx || !place.is_indented() || !self.blank) {
            return self.open_fence(line, &place, opener, lines);
        }
        // Indented code, where nothing but a component indents.
        let is_indented = match self.open.last() {
            Some(open) => open.is_container() && place.is_indented(),
            None => column >= CODE,
        };
        if is_indented && self.blank && !self.mdx {
            // In an item the text of that is indented as well.
            if !(is_of_item && !place.is_indented() && self.is_marked_block(bare, at, column, lines)) {
                self.put(line);
                self.blank = true;
            }
            return;
        }
        let is_placeholder = self.is_placeholder(bare, lines);
        if !is_placeholder
            && (self.is_module(bare, column)
                || self.is_component(bare, column, lines)
                || self.is_place_of_contents(bare)
                || self.is_marked_block(bare, at, column, lines))
        {
            return;
        }
        let line = if is_placeholder { line.replacen('<', "\\<", 1) } else { line.to_owned() };
        let line = self.without_unread(line, lines);
        let line = self.without_comments(&line, lines);
        let line = if self.mdx { components::unwrapped(&line) } else { line };
        if line.trim().is_empty() {
            self.spaced = true;
            return;
        }
        self.note_include(bare);
        self.text(&line, column);
    }

    /// What a generator puts in place of a line is not to be had here: the line stays.
    fn note_include(&mut self, bare: &str) {
        if asks_for_file(bare) {
            self.sheet.leave_out("includes", bare);
        }
    }

    /// Whether a fence is open around this line.
    fn is_code(&mut self, line: &str) -> bool {
        let Some(fence) = &self.fence else { return false };
        let Some(place) = Place::within(line, fence.quotes) else {
            // With the quote ends the code in it.
            self.fence = None;
            return false;
        };
        let bare = place.content.trim_end();
        let ends = place.column < fence.ends_before && bare.len() >= fence.length && bare.chars().all(|c| c == fence.mark);
        let indent = fence.indent.min(line.len() - line.trim_start_matches([' ', '\t']).len());
        if ends {
            self.fence = None;
        }
        self.note_include(bare.trim_start());
        match self.is_typed {
            true => self.put(&termynal::shown(&line[indent..])),
            false => self.put(&line[indent..]),
        }
        self.blank = false;
        true
    }

    fn closes_prose_fence(&mut self, bare: &str) -> bool {
        let ends = |(mark, length): &(char, usize)| bare.len() >= *length && bare.chars().all(|c| c == *mark);
        self.prose.pop_if(|fence| ends(fence)).is_some()
    }

    fn open_fence(&mut self, line: &str, place: &Place<'_>, (mark, length): (char, usize), lines: &mut Lines<'_>) {
        let indent = self.open.last().and_then(|open| open.indent).unwrap_or(0);
        let (before, bare) = line.split_at(line.len() - place.content.len());
        let info = bare[length..].trim();
        // On a line of its own.
        let directive = info.strip_prefix('{').and_then(|info| info.split_once('}')).filter(|_| before.trim().is_empty());
        let prefix = before.chars().map(|c| if matches!(c, '>' | '\t') { c } else { ' ' }).collect();
        let ends_before = if self.mdx { usize::MAX } else { place.column.max(place.base) + CODE };
        let fence = Fence { mark, length, indent, prefix, quotes: place.quotes, ends_before };
        match directive.map(|(name, argument)| (name.trim(), argument.trim())) {
            Some((name, argument)) if self.prose.len() < MOST_OPEN && is_admonition(name) => {
                self.prose.push((mark, length));
                self.options(lines);
                self.admonition(name, argument);
            }
            Some(("code-block" | "code" | "code-cell" | "sourcecode", language)) => {
                if let Some(caption) = self.options(lines) {
                    self.blank_line();
                    self.put(&format!("{before}**{caption}**"));
                    self.blank_line();
                }
                self.fence = Some(fence);
                self.put(&format!("{before}{}{language}", &bare[..length]));
            }
            other => {
                if let Some(("include" | "literalinclude", _)) = other {
                    self.sheet.leave_out("includes", bare);
                }
                self.fence = Some(fence);
                self.put(line);
            }
        }
        self.blank = false;
    }

    /// Of a directive; gives what it is called.
    fn options(&mut self, lines: &mut Lines<'_>) -> Option<String> {
        let options = options::take(lines);
        let shown = |name: &str| matches!(name, "caption" | "filename");
        for (name, value) in options.iter().filter(|(name, _)| !shown(name)) {
            self.sheet.leave_out("options", &format!("{name} {value}"));
        }
        options.into_iter().find(|(name, value)| shown(name) && !value.is_empty()).map(|(_, value)| value.to_owned())
    }

    /// `import` and `export` of MDX, up to a blank line.
    fn is_module(&mut self, bare: &str, column: usize) -> bool {
        if !self.blank || !self.open.is_empty() || column > 0 {
            return false;
        }
        let imports = bare.strip_prefix("import ").is_some_and(|rest| {
            let quoted = rest.trim_end_matches(';').ends_with(['"', '\'']);
            quoted && (rest.contains(" from ") || rest.starts_with(['"', '\''])) || self.mdx && rest.starts_with('{')
        });
        let exports = self.mdx
            && ["export const ", "export default ", "export function ", "export {", "export let "]
                .iter()
                .any(|mark| bare.starts_with(mark));
        if imports || exports {
            self.mdx = true;
            self.open.push(Open { indent: Some(0), ..Open::new(MODULE, 0) });
            self.sheet.leave_out("modules of MDX", bare);
        }
        imports || exports
    }

    /// `<Enter>`: a key, or a value to fill in, as nothing ends it. A browser would hide it.
    fn is_placeholder(&mut self, bare: &str, lines: &Lines<'_>) -> bool {
        let Some(name) = components::name_alone(bare).filter(|name| !self.mdx && !is_of_html(name)) else { return false };
        let closed = self.closed.get_or_insert_with(|| {
            let here = components::closed(bare).map(str::to_owned);
            here.chain(lines.clone().flat_map(components::closed).map(str::to_owned)).take(MOST_NAMES).collect()
        });
        !closed.contains(name)
    }

    /// A tag of a component that begins a line: its children stay.
    fn is_component(&mut self, bare: &str, column: usize, lines: &mut Lines<'_>) -> bool {
        if self.open.last().is_some_and(|open| open.name == MODULE) {
            self.sheet.leave_out("modules of MDX", bare);
            return true;
        }
        if let Some(tag) = bare.strip_prefix("{%").and_then(|tag| tag.strip_suffix("%}")).filter(|tag| !tag.contains("%}")) {
            return self.is_block_tag(tag.trim_matches(['-', ' ']));
        }
        if !components::begins(bare) {
            return false;
        }
        // A tag may go over lines.
        let mut tag = bare.to_owned();
        let mut scan = components::Scan::default();
        let mut ended = scan.end(bare.as_bytes()).is_some();
        while !ended && tag.len() < components::LONGEST {
            // One that never ends is text.
            let Some(more) = lines.next_if(|line| !line.trim().is_empty() || scan.is_in_braces()) else { break };
            ended = scan.end(more.as_bytes()).is_some();
            tag.push('\n');
            tag.push_str(more);
        }
        let Some(first) = components::parse(&tag) else {
            for line in tag.lines() {
                self.text(line, column);
            }
            return true;
        };
        let mut rest = self.component(first, &tag, column);
        // Others may stand right behind it.
        for _ in 1..MOST_TAGS {
            let Some(next) = components::parse(rest) else { break };
            let tag = &rest[..rest.len() - next.rest.len()];
            rest = self.component(next, tag, column);
        }
        let rest = self.without_comments(rest, lines);
        if !rest.trim().is_empty() {
            let inner = components::unwrapped(&rest);
            self.blank = false;
            self.text(inner.trim(), 0);
        } else {
            self.blank_line();
        }
        true
    }

    /// What a tag shows; gives what follows it.
    fn component<'t>(&mut self, component: Component<'t>, tag: &str, column: usize) -> &'t str {
        let Component { name, label, details, description, labels, closes, alone, rest } = component;
        if closes {
            if let Some(at) = self.open.iter().rposition(|open| open.name == name) {
                self.open.truncate(at);
            }
        } else {
            let label = label.or_else(|| self.open.last_mut().filter(|_| components::is_tab(name))?.labels.pop_front());
            if alone && label.is_none() && description.is_none() {
                self.sheet.leave_out("components", tag);
            }
            let label = label.map(|label| format!("**{label}**{details}"));
            for text in [label, description.map(str::to_owned)].into_iter().flatten() {
                self.blank_line();
                self.put(&text);
                self.blank_line();
            }
        }
        let rest = rest.trim();
        let closing = format!("</{name}>");
        if !closes && !alone && !rest.contains(&closing) && self.open.len() < MOST_OPEN {
            self.open.push(Open { labels, ..Open::new(name, column) });
        }
        rest
    }

    /// `{% hint style="info" %}` as GitBook has it.
    fn is_block_tag(&mut self, tag: &str) -> bool {
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let label = components::label(rest);
        match name {
            "hint" => {
                let style = components::attribute(rest, "style").unwrap_or_default();
                self.admonition(if style.is_empty() { "note" } else { style }, "");
            }
            "tab" | "code" | "step" | "expandable" | "details" | "accordion" | "stepper" | "columns" | "column" | "tabs" => {
                if let Some(label) = label {
                    self.blank_line();
                    self.put(&format!("**{label}**"));
                    self.blank_line();
                }
            }
            "endhint" | "endtabs" | "endtab" | "endcode" | "endstep" | "endstepper" | "endexpandable" | "enddetails" | "endcolumns"
            | "endcolumn" => {
                self.blank_line();
            }
            _ => return false,
        }
        true
    }

    fn is_marked_block(&mut self, bare: &str, at: usize, column: usize, lines: &mut Lines<'_>) -> bool {
        self.is_container(bare, column) || self.is_block(bare, column, lines) || self.is_indented_container(bare, at, lines)
    }

    /// `:::note Title`
    fn is_container(&mut self, bare: &str, column: usize) -> bool {
        let colons = bare.bytes().take_while(|byte| *byte == b':').count();
        if colons < 3 {
            return false;
        }
        let rest = bare[colons..].trim();
        if rest.is_empty() {
            let known = self.open.iter().rposition(|open| open.name == CONTAINER);
            if let Some(at) = known {
                self.open.truncate(at);
                self.blank_line();
            }
            return known.is_some();
        }
        let rest = rest.trim_start_matches('{').trim_start_matches('.');
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        let (kind, title) = rest.split_at(end);
        if !kind.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return false;
        }
        let title = title.trim_start_matches('}');
        let attribute = components::label(title).map(str::to_owned);
        let title = match attribute {
            Some(title) => title,
            None => title.split('{').next().unwrap_or_default().trim().trim_matches(['[', ']', '"']).to_owned(),
        };
        self.blank_line();
        self.admonition(kind, &title);
        if self.open.len() < MOST_OPEN {
            self.open.push(Open::new(CONTAINER, column));
        }
        true
    }

    /// `!!! note "Title"` of MkDocs, whose lines are indented.
    fn is_indented_container(&mut self, bare: &str, at: usize, lines: &Lines<'_>) -> bool {
        let Some((kind, title)) = indented_container(bare) else { return false };
        let below = || lines.clone().find(|line| !line.trim().is_empty());
        // Without a title, and with nothing in it, it is a sentence.
        if title.is_none() && below().is_none_or(|line| columns(line) < at + CODE) {
            return false;
        }
        self.blank_line();
        let is_known = title.is_some() || !inside::admonition(kind, "").is_empty();
        self.admonition(kind, if is_known { title.unwrap_or_default() } else { kind });
        if self.open.len() < MOST_OPEN {
            self.open.push(Open { by_indent: true, margin: self.margin.len(), ..Open::new(CONTAINER, at) });
        }
        true
    }

    /// `/// note | Title` of PyMdown, which ends with a line of as many slashes.
    fn is_block(&mut self, bare: &str, column: usize, lines: &mut Lines<'_>) -> bool {
        let (slashes, head) = bare.split_at(bare.bytes().take_while(|byte| *byte == b'/').count());
        if !slashes.starts_with(SLASHES) {
            return false;
        }
        if head.is_empty() {
            let known = self.open.iter().rposition(|open| open.name == slashes);
            if let Some(at) = known {
                self.open.truncate(at);
                self.blank_line();
            }
            return known.is_some();
        }
        let Some((mut kind, title)) = block_head(head) else { return false };
        let all = self.slashes.get_or_insert_with(|| lines.clone().filter_map(slashes_alone).take(MOST_NAMES).collect());
        if !all.contains(&slashes.len()) || self.open.len() >= MOST_OPEN {
            return false;
        }
        while let Some((name, value)) =
            lines.next_if(|line| block_option(line, column).is_some()).and_then(|line| block_option(line, column))
        {
            self.sheet.leave_out("options", &format!("{name} {value}"));
            if kind == "admonition" && name == "type" && !value.is_empty() {
                kind = value;
            }
        }
        self.blank_line();
        if !matches!(kind, "html" | "caption" | "figure-caption" | "table-caption" | "define") {
            let is_known = !title.is_empty() || !inside::admonition(kind, "").is_empty();
            self.admonition(kind, if is_known { title } else { kind });
        }
        let indent = column.saturating_sub(self.margin.len());
        self.open.push(Open { indent: Some(indent), ..Open::new(slashes, column) });
        true
    }

    /// Where a generator puts the contents of the page.
    fn is_place_of_contents(&mut self, bare: &str) -> bool {
        let is_place = matches!(bare, "[[toc]]" | "[[TOC]]" | "[[_TOC_]]" | "[TOC]");
        if is_place {
            self.sheet.leave_out("places of contents", bare);
            self.spaced = true;
        }
        is_place
    }

    fn admonition(&mut self, kind: &str, title: &str) {
        let label = inside::admonition(kind, title);
        if !label.is_empty() {
            self.blank_line();
            self.put(&format!("{}**{label}**", self.margin));
            self.blank_line();
        }
    }

    /// Comments, but for those in code spans.
    fn without_comments(&mut self, line: &str, lines: &mut Lines<'_>) -> String {
        // A heading has its id in one.
        let own = id_in_comment(line).filter(|_| self.mdx && line.trim_start().starts_with('#'));
        let (line, id) = line.split_at(own.map_or(line.len(), |(before, _)| before.len()));
        let mut line = line.to_owned();
        for (kind, (begins, _)) in COMMENTS.iter().enumerate() {
            // Those in braces are of MDX.
            if !self.comments_end[kind] && (kind > 0 || self.mdx) && line.contains(begins) {
                line = self.without(kind, &line, lines);
            }
        }
        line.push_str(id);
        line
    }

    fn without(&mut self, kind: usize, line: &str, lines: &mut Lines<'_>) -> String {
        let (begins, ends) = COMMENTS[kind];
        let mut kept = String::with_capacity(line.len());
        let mut spans = Spans::of(line);
        let mut at = 0;
        while let Some(begun) = spans.find(line, begins, at) {
            let text = begun + begins.len();
            kept.push_str(&line[at..begun]);
            if let Some(end) = line[text..].find(ends).map(|end| text + end) {
                self.sheet.leave_out("comments", &line[text..end]);
                at = end + ends.len();
                // Of the blanks around it one is enough.
                at += usize::from(line[at..].starts_with(' ') && kept.ends_with(' ') && !kept.trim().is_empty());
                continue;
            }
            match end_ahead(&line[text..], ends, lines) {
                Some((comment, rest)) => {
                    self.sheet.leave_out("comments", &comment);
                    kept.push_str(rest);
                }
                // Where none ends, none is a comment; that is looked for once.
                None => {
                    self.comments_end[kind] = true;
                    kept.push_str(&line[begun..]);
                }
            }
            return kept;
        }
        kept.push_str(&line[at..]);
        kept
    }

    /// What no browser shows of a line, and of those below, that begins with a script or a style sheet.
    fn without_unread(&mut self, line: String, lines: &mut Lines<'_>) -> String {
        let bare = line.trim_start();
        let begins = |name: &str| {
            bare.strip_prefix('<')
                .and_then(|tag| tag.strip_prefix(name))
                .is_some_and(|tag| tag.is_empty() || tag.starts_with(['>', ' ', '\t']))
        };
        let Some(kind) = UNREAD.iter().position(|(name, _)| begins(name)).filter(|kind| !self.unread_ends[*kind]) else { return line };
        let ends = UNREAD[kind].1;
        // One of MDX may have nothing in it.
        let alone = bare.find('>').filter(|at| bare[..*at].ends_with('/')).map(|at| bare.split_at(at + 1));
        let found = match alone.or_else(|| bare.split_once(ends)) {
            Some((source, rest)) => Some((source.to_owned(), rest)),
            None => end_ahead(bare, ends, lines),
        };
        match found {
            Some((source, rest)) => {
                self.sheet.leave_out("scripts and styles", &source);
                rest.trim_start().to_owned()
            }
            None => {
                self.unread_ends[kind] = true;
                line
            }
        }
    }

    fn text(&mut self, line: &str, column: usize) {
        let bare = line.trim();
        if bare.starts_with("<div") {
            self.is_typed |=
                components::attribute(bare, "class").is_some_and(|class| class.split_whitespace().any(|class| class == termynal::CLASS));
        }
        if self.is_typed && bare.contains("</div>") {
            self.is_typed = false;
        }
        if column < CODE {
            let marks = bare.bytes().take_while(|byte| *byte == b'#').count();
            if (1..=6).contains(&marks) && (bare.len() == marks || bare[marks..].starts_with([' ', '\t'])) {
                return self.heading(marks, &bare[marks..]);
            }
            let underline = bare.bytes().all(|byte| byte == b'=') || bare.bytes().all(|byte| byte == b'-');
            if let Some(start) = self.paragraph.filter(|_| underline) {
                let before = self.out[start..].trim().to_owned();
                let (text, anchor) = without_anchor(&before);
                self.anchor = anchor.or_else(|| self.above.take());
                if text != before {
                    let at = start + self.out[start..].find(&before).unwrap_or(0);
                    self.out.truncate(at);
                    self.put(&text);
                }
                self.remember(if bare.starts_with('=') { 1 } else { 2 }, &text, start);
                self.put(line);
                self.paragraph = None;
                return;
            }
            if let Some(id) = anchor_alone(bare) {
                self.anchor = Some(id.to_owned());
                return;
            }
        }
        let start = self.out.len();
        self.put(line);
        let first = bare.as_bytes().first().copied().unwrap_or_default();
        let is_prose = column < CODE && !matches!(first, b'#' | b'>' | b'-' | b'+' | b'|' | b'<' | b'=' | b':');
        self.paragraph = Some(start).filter(|_| is_prose);
        self.above = self.anchor.take();
    }

    fn heading(&mut self, level: usize, text: &str) {
        self.is_typed = false;
        let (text, anchor) = match id_in_comment(text).filter(|_| self.mdx) {
            Some((before, id)) => (before.trim().to_owned(), Some(id.to_owned())),
            None => without_anchor(text.trim()),
        };
        // Marks that close it stand behind a blank: those of "C#" are its own.
        let text = match text.trim_end_matches('#') {
            open if open.is_empty() || open.ends_with([' ', '\t']) => open.trim(),
            _ => text.as_str(),
        };
        let anchor = anchor.or_else(|| self.anchor.take());
        self.anchor = anchor;
        let start = self.out.len();
        self.put(&format!("{} {text}", "#".repeat(level)));
        self.remember(level, text, start);
        self.blank = true;
    }

    fn remember(&mut self, level: usize, text: &str, offset: usize) {
        let text = plain(text);
        let anchor = self.anchor.take();
        if !text.is_empty() {
            self.headings.push(Heading { level: level as u8, text, anchor, offset });
        }
    }

    fn put(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
        self.blank = line.trim().is_empty();
        self.spaced &= self.blank;
        self.paragraph = None;
        if self.blank && self.open.last().is_some_and(|open| open.name == MODULE) {
            self.open.pop();
        }
    }

    fn blank_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.put("");
        }
        self.blank = true;
        self.spaced = true;
    }

    fn close_by_indent(&mut self, line: &str) {
        let column = columns(line);
        while self.open.last().is_some_and(|open| open.by_indent && column <= open.at) {
            self.open.pop();
            self.blank_line();
        }
    }

    /// Without the blanks that only show what is within what.
    fn without_indent<'l>(&mut self, line: &'l str) -> &'l str {
        let column = line.len() - line.trim_start_matches([' ', '\t']).len();
        let Some(open) = self.open.last_mut() else { return line };
        let indent = *open.indent.get_or_insert(match column > open.at || !open.is_container() {
            true => column.saturating_sub(open.margin),
            false => 0,
        });
        &line[indent.min(column)..]
    }
}

/// Lines of `import` and `export`.
const MODULE: &str = "import";
const CONTAINER: &str = ":::";
/// The least of what begins and ends a block of PyMdown.
const SLASHES: &str = "///";
/// How comments begin and end, those of MDX first.
const COMMENTS: [(&str, &str); 2] = [("{/*", "*/}"), ("<!--", "-->")];
/// What is in them no browser shows.
const UNREAD: [(&str, &str); 2] = [("script", "</script>"), ("style", "</style>")];
const MOST_OPEN: usize = 100;
/// On one line.
const MOST_TAGS: usize = 40;
/// Of tags that end something; those that come later are taken for text.
const MOST_NAMES: usize = 10_000;

/// Whether it is MDX, whatever it is called: a comment in braces begins a line or ends a heading.
fn is_mdx(text: &str) -> bool {
    let (begins, ends) = COMMENTS[0];
    if memmem::find(text.as_bytes(), begins.as_bytes()).is_none() {
        return false;
    }
    let mut fence: Option<(char, usize)> = None;
    text.lines().any(|line| {
        let bare = line.trim();
        if let Some((mark, length)) = fence {
            fence = fence.filter(|_| bare.len() < length || bare.chars().any(|c| c != mark));
            return false;
        }
        fence = fence_of(bare);
        line.starts_with(begins) || line.starts_with('#') && bare.ends_with(ends) && bare.contains(" {/*")
    })
}

/// What stands before the end of a comment, with the lines below that it takes, and what stands behind it.
fn end_ahead<'l>(text: &str, ends: &str, lines: &mut Lines<'l>) -> Option<(String, &'l str)> {
    let mut ahead = lines.clone();
    let mut taken = text.to_owned();
    let rest = ahead.find_map(|line| {
        let (within, rest) = line.split_once(ends).map_or((line, None), |(within, rest)| (within, Some(rest)));
        taken.push('\n');
        taken.push_str(within);
        rest
    })?;
    *lines = ahead;
    Some((taken, rest))
}

/// The id that ends a heading as a comment, and what stands before: `{/*id*/}` of React's manual, `{/* #id */}` of Docusaurus.
fn id_in_comment(text: &str) -> Option<(&str, &str)> {
    let (begins, ends) = COMMENTS[0];
    let (before, comment) = text.trim_end().strip_suffix(ends)?.rsplit_once(begins)?;
    let id = comment.trim().strip_prefix('#').unwrap_or(comment);
    let is_id = !id.is_empty() && id.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'));
    // Not within another.
    let is_apart = before.rfind(begins).is_none_or(|open| before[open..].contains(ends));
    (is_id && is_apart).then_some((before, id))
}

/// `--8<-- "a.py"` of PyMdown, `{* a.py *}` and `{!a.py!}` as FastAPI has them, `{{#include a.rs}}` of mdBook.
fn asks_for_file(bare: &str) -> bool {
    let is_between = |begins: &str, ends: &str| bare.strip_prefix(begins).is_some_and(|rest| rest.ends_with(ends));
    let quoted = || bare.trim_start_matches('-').strip_prefix("8<-").is_some_and(|rest| rest.ends_with(['"', '\'']));
    match bare.as_bytes() {
        [b'{', ..] => {
            is_between("{*", "*}")
                || is_between("{!", "!}")
                || ["include", "rustdoc_include", "playground"].iter().any(|name| is_between(&format!("{{{{#{name} "), "}}"))
        }
        [b'-', ..] => quoted(),
        _ => false,
    }
}

/// Kind and title of ` note | Title`.
fn block_head(head: &str) -> Option<(&str, &str)> {
    let (kind, title) = head.split_once('|').map_or((head, ""), |(kind, title)| (kind, title.trim()));
    let is_kind = |kind: &str| kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let kind = kind.strip_prefix([' ', '\t'])?.trim();
    (kind.starts_with(|c: char| c.is_ascii_lowercase()) && is_kind(kind)).then_some((kind, title))
}

/// `name: value` below the head of such a block that is indented by `column`.
fn block_option(line: &str, column: usize) -> Option<(&str, &str)> {
    let (name, value) = line.trim().split_once(':').filter(|_| columns(line) >= column + CODE)?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (is_name && (value.is_empty() || value.starts_with(' '))).then(|| (name, value.trim()))
}

/// How many slashes a line is made of that may end such a block.
fn slashes_alone(line: &str) -> Option<usize> {
    let bare = line.trim();
    (bare.starts_with(SLASHES) && bare.bytes().all(|byte| byte == b'/')).then_some(bare.len())
}

/// Mark and length of the fence that a line begins.
pub(super) fn fence_of(bare: &str) -> Option<(char, usize)> {
    let mark = bare.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = bare.chars().take_while(|c| *c == mark).count();
    (length >= 3 && !(mark == '`' && bare[length..].contains('`'))).then_some((mark, length))
}

fn is_admonition(name: &str) -> bool {
    inside::ADMONITIONS.contains(&name)
        || matches!(name, "admonition" | "dropdown" | "versionadded" | "versionchanged" | "deprecated" | "topic" | "sidebar")
}

/// Those that HTML has, whatever their capitals.
fn is_of_html(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "br" | "hr" | "img" | "wbr" | "li" | "tr" | "td" | "th" | "dt" | "dd")
}

/// Kind and title of `!!! note inline "Title"`; none for what only begins like it.
fn indented_container(bare: &str) -> Option<(&str, Option<&str>)> {
    let mark = ["!!! ", "???+ ", "??? ", "=== "].into_iter().find(|mark| bare.starts_with(mark))?;
    let rest = bare[mark.len()..].trim();
    let (words, title, behind) = match rest.split_once('"') {
        Some((words, rest)) => rest.rsplit_once('"').map(|(title, behind)| (words, Some(title), behind))?,
        None => (rest, None, ""),
    };
    if mark == "=== " {
        return title.filter(|_| words.is_empty() && behind.is_empty()).map(|title| ("tab", Some(title)));
    }
    let is_class = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let is_modifier = |word: &str| matches!(word, "inline" | "end" | "annotate");
    let mut words = words.split_whitespace();
    let kind = words.next().filter(|kind| is_class(kind))?;
    // Beside a title there may be any class.
    let fits = words.all(|word| is_modifier(word) || title.is_some() && is_class(word)) && behind.split_whitespace().all(is_modifier);
    fits.then_some((kind, title))
}

/// `Text {#id .class}`, `Text <a id="id"></a>` and `<a name="id"></a>Text`.
fn without_anchor(text: &str) -> (String, Option<String>) {
    if let Some((before, attributes)) = text.strip_suffix('}').and_then(|text| text.rsplit_once('{')) {
        let mut words = attributes.split_whitespace().map(|word| word.trim_start_matches(':')).filter(|word| !word.is_empty());
        let is_name = |word: &str| word.len() > 1 && word.starts_with(['#', '.']);
        // As Docusaurus has it: an id, and no blank before it.
        let is_id = words.clone().count() == 1 && attributes.starts_with('#') && !before.ends_with('{');
        let is_apart = before.ends_with([' ', '\t']) || is_id;
        let are_attributes = words.clone().any(is_name) && words.clone().all(|word| is_name(word) || word.contains('='));
        if is_apart && are_attributes && !before.trim().is_empty() && !attributes.contains('}') {
            return (before.trim_end().to_owned(), words.find_map(|word| word.strip_prefix('#')).map(str::to_owned));
        }
    }
    if let Some(at) = text.find("<a ")
        && let Some(end) = text[at..].find("</a>").map(|end| at + end)
        && let Some(id) = anchor_alone(&text[at..end + 4])
    {
        return (joined(&format!("{} {}", &text[..at], &text[end + 4..])), Some(id.to_owned()));
    }
    (text.to_owned(), None)
}

/// `<a id="id"></a>` or `(id)=` of MyST, and nothing else.
fn anchor_alone(text: &str) -> Option<&str> {
    if let Some(id) = text.strip_prefix('(').and_then(|text| text.strip_suffix(")=")) {
        let is_id = |id: &&str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/'));
        return Some(id).filter(is_id).filter(|id| !id.is_empty());
    }
    let tag = text.strip_prefix("<a ")?;
    let tag = tag.strip_suffix("></a>").or_else(|| tag.strip_suffix("/>"))?;
    components::attribute(tag, "id").or_else(|| components::attribute(tag, "name")).filter(|_| !tag.contains("href"))
}

#[cfg(test)]
mod tests;
