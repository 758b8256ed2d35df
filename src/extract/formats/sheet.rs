//! The markdown of a document in the making, for readers of formats that are not HTML: blocks are put one after another, list items
//! are nested by the columns of their source, links are made absolute and remembered, and what is left out is counted.

use url::Url;

use crate::extract::allowance::LONGEST;
use crate::model::{Heading, Metadata, Meter, Note};

/// What was read.
#[derive(Debug, Default)]
pub(in crate::extract) struct Reading {
    /// As the document names itself.
    pub title: Option<String>,
    pub markdown: String,
    pub outline: Vec<Heading>,
    pub metadata: Metadata,
    pub notes: Vec<Note>,
    /// Where it leads, as written.
    pub links: Vec<String>,
}

pub(super) struct Sheet<'a> {
    base: &'a Url,
    meter: &'a Meter,
    /// How much may be written in all, and how much of it may stand elsewhere in the document, in bytes.
    most: usize,
    spare: usize,
    pub(super) reading: Reading,
    /// Open list items, outermost first.
    items: Vec<Item>,
    last: Last,
}

struct Item {
    /// The column from which on text of the source belongs to it.
    from: usize,
    /// How far its text is indented here.
    width: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Last {
    Item,
    Other,
}

impl<'a> Sheet<'a> {
    /// For a document of so many bytes: what is written of it is a small multiple of that.
    pub(super) fn new(base: &'a Url, meter: &'a Meter, size: usize) -> Self {
        let (most, spare) = (MOST_WRITTEN * size + LEAST, MOST_REPEATED * size + LEAST);
        Self { base, meter, most, spare, reading: Reading::default(), items: Vec::new(), last: Last::Other }
    }

    /// Whether more of the document is to be read; asked before each of its lines and parts.
    pub(super) fn goes_on(&self) -> bool {
        self.meter.goes_on_by(LINE) && !self.is_full()
    }

    /// Whether so much may be written that stands elsewhere in the document: what a name stands for, what a link leads to.
    pub(super) fn repeats(&mut self, length: usize) -> bool {
        let left = self.spare.checked_sub(length);
        self.spare = left.unwrap_or(0);
        left.is_some()
    }

    fn is_full(&self) -> bool {
        self.reading.markdown.len() > self.most
    }

    /// Of the reading that this sheet is a part of.
    pub(super) fn meter(&self) -> &'a Meter {
        self.meter
    }

    /// What relative addresses are relative to.
    pub(super) fn base(&self) -> &'a Url {
        self.base
    }

    /// One line; `text` is markdown.
    pub(super) fn heading(&mut self, level: usize, text: &str, anchor: Option<String>) {
        let text = joined(text);
        if text.is_empty() {
            return;
        }
        self.items.clear();
        self.gap();
        let level = level.clamp(1, 6);
        let offset = self.reading.markdown.len();
        self.reading.markdown.push_str(&"#".repeat(level));
        self.reading.markdown.push(' ');
        self.reading.markdown.push_str(&text);
        self.reading.outline.push(Heading { level: level as u8, text: plain(&text), anchor, offset });
        self.last = Last::Other;
    }

    /// From here on text belongs to what stands at this column of the source.
    pub(super) fn at(&mut self, column: usize) {
        while self.items.last().is_some_and(|item| column < item.from) {
            self.items.pop();
        }
    }

    /// The next blocks stand in no list.
    pub(super) fn outside(&mut self) {
        self.items.clear();
    }

    /// Words of one paragraph, or lines that are to stay lines.
    pub(super) fn paragraph(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.gap();
        self.lines(text);
        self.last = Last::Other;
    }

    /// Begins a list item whose mark stands at `column` and whose text at `from`.
    pub(super) fn item(&mut self, column: usize, from: usize, mark: &str, text: &str) {
        while self.items.last().is_some_and(|item| column < item.from) {
            self.items.pop();
        }
        match self.last {
            Last::Item if !self.reading.markdown.is_empty() => self.reading.markdown.push('\n'),
            _ => self.gap(),
        }
        let indent = self.indent();
        self.reading.markdown.push_str(&" ".repeat(indent));
        self.reading.markdown.push_str(mark);
        self.reading.markdown.push(' ');
        // Deeper ones stand at the deepest, so that indentation does not outgrow the text.
        let width = (indent + mark.len() + 1).min(DEEPEST);
        if self.items.len() < DEEPEST {
            self.items.push(Item { from: from.max(column + 1), width });
        }
        self.rest_of_lines(text.trim());
        self.last = Last::Item;
    }

    /// The text of an item that was begun without.
    pub(super) fn complete_item(&mut self, text: &str) {
        match self.last {
            Last::Item => self.rest_of_lines(text),
            Last::Other => self.paragraph(text),
        }
    }

    /// A term with what follows as its meaning.
    pub(super) fn term(&mut self, text: &str) {
        let text = joined(text);
        match text.is_empty() || text.contains("**") {
            true => self.paragraph(&text),
            false => self.paragraph(&format!("**{text}**")),
        }
    }

    /// Code, exactly; blank lines around it are not its own.
    pub(super) fn fence(&mut self, language: &str, code: &str) {
        let code = code.trim_end().trim_start_matches('\n');
        if code.is_empty() {
            return;
        }
        // What is longer, or ends the line or a fence, is no language.
        let is_language = language.len() <= LONGEST_LANGUAGE && !language.contains(['`', '~', '\n']);
        let language = if is_language { language } else { "" };
        let (mut longest, mut run) = (0, 0);
        for c in code.chars() {
            run = if c == '`' { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        let fence = "`".repeat(3.max(longest + 1));
        self.gap();
        self.lines(&format!("{fence}{language}\n{code}\n{fence}"));
        self.last = Last::Other;
    }

    /// The first row is the header; cells are markdown. Every row gets as many cells as the widest.
    pub(super) fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        if columns == 0 {
            return;
        }
        // A row may be shorter than its table: what is not there says nothing.
        let missing: usize = rows[1..].iter().map(|row| columns.saturating_sub(row.len())).sum();
        let fills = self.repeats("  |".len() * missing);
        let row = |cells: &[String]| {
            let mut line = String::from("|");
            let width = if fills { columns } else { cells.len() };
            for cell in (0..width).map(|at| cells.get(at).map_or("", String::as_str)) {
                line.push(' ');
                line.push_str(&cell.trim().replace('|', "\\|").replace("\n\n", "<br>").replace('\n', " "));
                line.push_str(" |");
            }
            line
        };
        let head: Vec<String> = (0..columns).map(|at| rows[0].get(at).cloned().unwrap_or_default()).collect();
        let mut lines = vec![row(&head), format!("|{}", " --- |".repeat(columns))];
        lines.extend(rows[1..].iter().map(|cells| row(cells)));
        self.gap();
        self.lines(&lines.join("\n"));
        self.last = Last::Other;
    }

    /// Markdown with the outline that belongs to it, put below what there is.
    pub(super) fn append(&mut self, part: Reading) {
        if part.markdown.is_empty() {
            return;
        }
        self.items.clear();
        self.gap();
        let start = self.reading.markdown.len();
        self.reading.markdown.push_str(&part.markdown);
        self.reading.outline.extend(part.outline.into_iter().map(|heading| Heading { offset: heading.offset + start, ..heading }));
        self.reading.links.extend(part.links);
        for note in part.notes {
            self.count(note);
        }
        self.last = Last::Other;
    }

    /// What is left out by a rule is told once, with its first words.
    pub(super) fn leave_out(&mut self, rule: &'static str, text: &str) {
        let words = text.split_whitespace().count();
        if words == 0 {
            return;
        }
        let begins: Vec<_> = text.split_whitespace().take(FIRST_WORDS).collect();
        self.count(Note { rule, words, begins: begins.join(" ").chars().take(FIRST_CHARS).collect() });
    }

    fn count(&mut self, note: Note) {
        match self.reading.notes.iter_mut().find(|known| known.rule == note.rule) {
            Some(known) => known.words += note.words,
            None => self.reading.notes.push(note),
        }
    }

    /// A link to `target` as markdown; its text alone where that leads nowhere.
    pub(super) fn link(&mut self, text: &str, target: &str) -> String {
        match self.resolved(target) {
            Some(target) => {
                let link = format!("[{}]({target})", text.trim());
                self.reading.links.push(target);
                link
            }
            None => text.trim().to_owned(),
        }
    }

    pub(super) fn image(&mut self, alt: &str, target: &str) -> String {
        let address = Some(target.trim()).filter(|target| target.len() <= LONGEST).and_then(|target| self.base.join(target).ok());
        match address.filter(|address| address.as_str().len() <= LONGEST && self.repeats(address.as_str().len())) {
            Some(target) if !alt.trim().is_empty() => format!("![{}]({target})", alt.trim().replace(['[', ']'], " ")),
            _ => {
                self.leave_out("images without a description", target);
                String::new()
            }
        }
    }

    fn resolved(&mut self, target: &str) -> Option<String> {
        let target = target.trim();
        if target.len() > LONGEST {
            self.leave_out("address", target);
            return None;
        }
        let address = self.base.join(target).ok().filter(|_| !target.is_empty())?;
        if !matches!(address.scheme(), "http" | "https" | "mailto" | "ftp") {
            return None;
        }
        // The target may be that of a name.
        if address.as_str().len() > LONGEST || !self.repeats(address.as_str().len()) {
            self.leave_out("address", target);
            return None;
        }
        // A parenthesis would end the link.
        Some(String::from(address).replace('(', "%28").replace(')', "%29"))
    }

    pub(super) fn finish(mut self) -> Reading {
        if self.is_full() {
            let end = self.reading.markdown.floor_char_boundary(self.most);
            let rest = self.reading.markdown.split_off(end);
            self.leave_out("more than the document", &rest);
            self.reading.outline.retain(|heading| heading.offset < end);
        }
        let kept = self.reading.markdown.trim_end().len();
        self.reading.markdown.truncate(kept);
        self.reading
    }

    fn indent(&self) -> usize {
        self.items.last().map_or(0, |item| item.width)
    }

    fn gap(&mut self) {
        if !self.reading.markdown.is_empty() {
            self.reading.markdown.push_str("\n\n");
        }
    }

    fn lines(&mut self, text: &str) {
        let indent = " ".repeat(self.indent());
        self.reading.markdown.push_str(&indent);
        self.rest_of_lines(text);
    }

    fn rest_of_lines(&mut self, text: &str) {
        let indent = " ".repeat(self.indent());
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                self.reading.markdown.push('\n');
                if !line.is_empty() {
                    self.reading.markdown.push_str(&indent);
                }
            }
            self.reading.markdown.push_str(line);
        }
    }
}

/// How many times as long as a document what is written of it may be, and what of it is repeated.
const MOST_WRITTEN: usize = 7;
const MOST_REPEATED: usize = 3;
/// In bytes, and so much besides: small documents have long addresses.
const LEAST: usize = 32 * 1024;
/// What a line costs, in steps.
const LINE: usize = 16;
/// Columns of indentation, and items within items.
const DEEPEST: usize = 24;
/// In bytes.
const LONGEST_LANGUAGE: usize = 60;
const FIRST_WORDS: usize = 12;
const FIRST_CHARS: usize = 120;

/// Blanks and line ends made one blank.
pub(super) fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text that means itself in markdown.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        let special = match c {
            '\\' => after.is_ascii_punctuation(),
            '*' => !(before.is_whitespace() && after.is_whitespace()),
            '`' => true,
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric() || before.is_whitespace() && after.is_whitespace()),
            // An address in angle brackets is a link.
            '<' if rest.clone().take(4).eq("http".chars()) => false,
            '<' => after.is_ascii_alphabetic() || matches!(after, '/' | '!' | '?'),
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// A paragraph that does not begin like a heading, a quote or a list item.
pub(super) fn begun(text: &str) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marks = text.bytes().take_while(|byte| *byte == b'#').count();
    let special = match text.as_bytes() {
        [b'-' | b'+' | b'*', b' ', ..] | [b'>', ..] => true,
        [b'#', ..] => marks <= 6 && text[marks..].starts_with(' '),
        _ => false,
    };
    if (1..10).contains(&digits)
        && matches!(text.as_bytes().get(digits), Some(b'.' | b')'))
        && text.as_bytes().get(digits + 1) == Some(&b' ')
    {
        return format!("{}\\{}", &text[..digits], &text[digits..]);
    }
    match special {
        true => format!("\\{text}"),
        false => text.to_owned(),
    }
}

/// A code span, whatever is in it.
pub(super) fn code(text: &str) -> String {
    let text = text.trim();
    match (text.is_empty(), text.contains('`')) {
        (true, _) => String::new(),
        (_, false) => format!("`{text}`"),
        (_, true) => {
            let (mut longest, mut run) = (0, 0);
            for c in text.chars() {
                run = if c == '`' { run + 1 } else { 0 };
                longest = longest.max(run);
            }
            let marks = "`".repeat(longest + 1);
            format!("{marks} {text} {marks}")
        }
    }
}

/// A line of markdown as a reader sees it: without marks of emphasis, code and links, and without escapes.
pub(super) fn plain(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |at: usize| chars.get(at).copied().unwrap_or(' ');
    // NUL stands for what is taken out again.
    let mut out: Vec<char> = Vec::with_capacity(chars.len());
    let mut open = Vec::new();
    let mut unclosed = false;
    let mut next = 0;
    while next < chars.len() {
        let c = at(next);
        match c {
            '\\' if at(next + 1).is_ascii_punctuation() => {
                out.push(at(next + 1));
                next += 1;
            }
            '`' => {}
            '*' => {
                let run = chars[next..].iter().take_while(|c| **c == '*').count();
                let before = if next == 0 { ' ' } else { at(next - 1) };
                let after = at(next + run);
                if before.is_alphanumeric() && after.is_alphanumeric() || before == ' ' && after == ' ' {
                    out.extend(&chars[next..next + run]);
                }
                next += run - 1;
            }
            '[' => {
                open.push(out.len());
                out.push(c);
            }
            ']' => {
                let begun = open.pop();
                // Looked for where it is taken, or found to be nowhere: once for each place.
                let target = (begun.is_some() && at(next + 1) == '(' && !unclosed).then(|| chars[next..].iter().position(|c| *c == ')'));
                unclosed |= target == Some(None);
                match (begun, target.flatten()) {
                    (Some(begun), Some(end)) => {
                        out[begun] = '\0';
                        // An image's mark.
                        if let Some(mark) = begun.checked_sub(1).filter(|mark| out[*mark] == '!') {
                            out[mark] = '\0';
                        }
                        next += end;
                    }
                    _ => out.push(c),
                }
            }
            c => out.push(c),
        }
        next += 1;
    }
    joined(&out.into_iter().filter(|c| *c != '\0').collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;

    #[test]
    fn blocks_nest_by_their_columns() {
        let url = Url::parse("https://docs.test/a/b.rst").unwrap();
        let meter = unlimited();
        let mut sheet = Sheet::new(&url, &meter, 1_000);
        sheet.heading(1, "A `b` *c*", Some("a".into()));
        sheet.item(0, 2, "-", "one");
        sheet.item(0, 2, "-", "two");
        sheet.item(2, 5, "1.", "three");
        sheet.at(5);
        sheet.fence("c", "x;\n\n  y;\n");
        sheet.at(2);
        sheet.paragraph("of two");
        sheet.at(0);
        let link = sheet.link("p", "../c_(d)");
        sheet.paragraph(&link);
        sheet.leave_out("comments", "one two");
        sheet.leave_out("comments", "three");
        let reading = sheet.finish();
        assert_eq!(
            reading.markdown,
            "# A `b` *c*\n\n- one\n- two\n  1. three\n\n     ```c\n     x;\n\n       y;\n     ```\n\n  of two\n\n[p](https://docs.test/c_%28d%29)"
        );
        assert_eq!(reading.outline[0].text, "A b c");
        assert_eq!((reading.notes[0].words, reading.notes[0].begins.as_str()), (3, "one two"));
    }

    #[test]
    fn tables_have_all_their_columns() {
        let url = Url::parse("https://docs.test/a/b.rst").unwrap();
        let meter = unlimited();
        let mut sheet = Sheet::new(&url, &meter, 1_000);
        let cells = |letter: char| (0..100).map(|column| format!("{letter}{column}")).collect::<Vec<_>>();
        sheet.table(&[cells('h'), cells('v'), vec!["one".to_owned()]]);
        let markdown = sheet.finish().markdown;
        let lines: Vec<&str> = markdown.lines().collect();
        assert!(lines[0].ends_with("| h99 |") && lines[2].ends_with("| v99 |"), "{markdown}");
        assert!(lines.iter().all(|line| line.matches('|').count() == 101), "{markdown}");
    }

    #[test]
    fn text_means_itself() {
        assert_eq!(escaped("a_b _c_ *d* 2 * 3 <e> < f `g` \\h \\-"), "a_b \\_c\\_ \\*d\\* 2 * 3 \\<e> < f \\`g\\` \\h \\\\-");
        assert_eq!(begun("# a"), "\\# a");
        assert_eq!(begun("12. a"), "12\\. a");
        assert_eq!(begun("-a"), "-a");
        assert_eq!(plain("A [`b`](c) **d** e\\_f g*h [1] ![i](j) 2 * 3"), "A b d e_f g*h [1] i 2 * 3");
    }
}
