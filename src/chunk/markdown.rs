//! Reads CommonMark as a sequence of blocks, line by line: headings, fences, tables, prose.
//! Does not know what a chunk is. Inline marks are left alone but in headings; every byte of the input belongs to one block.

use crate::model::Meter;

/// About so much text is read in a step of the budget.
const BYTES_A_STEP: usize = 16;

/// A heading longer than this is somebody's bold paragraph: it stays text and is not carried along in every path below it.
const MAX_HEADING_CHARS: usize = 200;

/// Lists within lists, of which each line is looked at for each; deeper ones are text.
const MAX_LISTS: usize = 100;

/// A fence longer than this is a drawn line, not a fence: repeating it would fill chunks.
const MAX_FENCE_MARKS: usize = 32;

/// One block with the blank lines after it.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// Where `raw` starts in the document, in bytes.
    pub start: usize,
    pub raw: &'a str,
    pub kind: BlockKind<'a>,
}

#[derive(Debug)]
pub(super) enum BlockKind<'a> {
    /// ATX or setext, outside of lists and quotes.
    Heading {
        level: usize,
        title: String,
    },
    Fence(Fence<'a>),
    /// Header row and delimiter row, as one piece of `raw`.
    Table {
        header: &'a str,
    },
    /// A paragraph, a list item, a quote, HTML, an indented block.
    Prose,
}

/// A fenced code block, wherever it is nested.
#[derive(Debug)]
pub(super) struct Fence<'a> {
    /// The lines between the fences as they stand, container prefixes included.
    pub body: &'a str,
    /// The first line, newline included.
    pub opener: &'a str,
    /// Opens the fence again in the same container.
    pub reopener: String,
    /// Closes the fence in the same container; the author may have left it to the end of the container.
    pub closer: String,
    pub closed: bool,
    pub language: Option<String>,
    /// The code alone: prefixes and the fence's own indentation removed.
    pub code: String,
}

/// Cuts a document into blocks. Total: any text is a document. Where the budget ends, so do the blocks.
pub(super) fn scan<'a>(markdown: &'a str, meter: &Meter) -> Vec<Block<'a>> {
    let mut scanner = Scanner { markdown, blocks: Vec::new(), lists: Vec::new(), prose: None };
    let mut at = 0;
    while at < markdown.len() {
        let next = scanner.block(at);
        if !meter.goes_on_by(1 + (next - at) / BYTES_A_STEP) {
            return scanner.blocks;
        }
        at = next;
    }
    scanner.end_prose(markdown.len());
    scanner.blocks
}

struct Scanner<'a> {
    markdown: &'a str,
    blocks: Vec<Block<'a>>,
    /// The open list items, outermost first.
    lists: Vec<List>,
    prose: Option<Prose>,
}

/// An open list item.
#[derive(Clone, Copy)]
struct List {
    /// At which its content starts.
    column: usize,
    /// How many quotes it stands in.
    quotes: usize,
}

/// The prose block that is being read.
struct Prose {
    start: usize,
    last_line: usize,
    /// A paragraph outside of any container: "===" below makes it a heading.
    paragraph: bool,
}

impl<'a> Scanner<'a> {
    /// Reads the line at `at`, or the whole block that it opens, and returns where the next line starts.
    fn block(&mut self, at: usize) -> usize {
        let line = line_at(self.markdown, at);
        let next = at + line.len();
        let place = peel(line, &mut self.lists);
        if place.content.is_empty() && !place.item {
            self.blank(at, next);
            return next;
        }
        if !place.indented {
            if let Some(opening) = opening_fence(place.content) {
                self.end_prose(at);
                return self.fence(at, line, &place, opening);
            }
            let inside = place.quotes > 0 || place.item || !self.lists.is_empty();
            if !inside && let Some((level, title)) = atx_heading(place.content) {
                self.end_prose(at);
                self.push(at, next, BlockKind::Heading { level, title });
                return next;
            }
            if let Some(prose) = self.prose.as_ref().filter(|prose| prose.paragraph && !inside)
                && let Some(level) = setext_level(place.content)
                && let Some(title) = heading_title(&self.markdown[prose.start..at])
            {
                let start = prose.start;
                self.prose = None;
                self.push(start, next, BlockKind::Heading { level, title });
                return next;
            }
            if let Some(header) = self.prose.as_ref().map(|prose| prose.last_line)
                && is_table_head(peel(line_at(self.markdown, header), &mut Vec::new()).content, place.content)
            {
                self.end_prose(header);
                return self.table(header, next);
            }
            if place.item || is_thematic_break(place.content) {
                self.end_prose(at);
            }
            let paragraph = !inside && !is_thematic_break(place.content);
            match &mut self.prose {
                Some(prose) => (prose.last_line, prose.paragraph) = (at, prose.paragraph && paragraph),
                None => self.prose = Some(Prose { start: at, last_line: at, paragraph }),
            }
            return next;
        }
        match &mut self.prose {
            Some(prose) => prose.last_line = at,
            None => self.prose = Some(Prose { start: at, last_line: at, paragraph: false }),
        }
        next
    }

    fn blank(&mut self, at: usize, next: usize) {
        self.end_prose(at);
        match self.blocks.last_mut() {
            Some(last) => last.raw = &self.markdown[last.start..next],
            None => self.push(at, next, BlockKind::Prose),
        }
    }

    fn end_prose(&mut self, end: usize) {
        if let Some(prose) = self.prose.take().filter(|prose| prose.start < end) {
            self.push(prose.start, end, BlockKind::Prose);
        }
    }

    fn push(&mut self, start: usize, end: usize, kind: BlockKind<'a>) {
        self.blocks.push(Block { start, raw: &self.markdown[start..end], kind });
    }

    fn fence(&mut self, start: usize, opener: &'a str, place: &Place<'a>, opening: Opening<'a>) -> usize {
        let container = self.lists.last().map_or(0, |list| list.column);
        let body = start + opener.len();
        let (mut at, mut closed, mut code) = (body, false, String::new());
        let mut end = body;
        while at < self.markdown.len() {
            let line = line_at(self.markdown, at);
            let Some((column, rest)) = unquote(line, place.quotes) else { break };
            let (indent, content) = indentation(rest, column);
            if !content.is_empty() && indent < container {
                break;
            }
            at += line.len();
            if indent < container.max(place.base) + 4 && opening.is_closed_by(content) {
                closed = true;
                break;
            }
            code.push_str(without_indentation(rest, column, place.column));
            code.push('\n');
            end = at;
        }
        let prefix = continuing_prefix(opener, place);
        let fence = opening.marks;
        let kind = Fence {
            body: &self.markdown[body..end],
            opener,
            reopener: format!("{prefix}{fence}{}\n", opening.info),
            closer: format!("{prefix}{fence}\n"),
            closed,
            language: opening.language(),
            code,
        };
        self.push(start, at, BlockKind::Fence(kind));
        at
    }

    /// Rows follow until a blank line or another block.
    fn table(&mut self, start: usize, rows: usize) -> usize {
        let mut at = rows;
        while at < self.markdown.len() {
            let line = line_at(self.markdown, at);
            let mut lists = self.lists.clone();
            let place = peel(line, &mut lists);
            if place.content.is_empty() || place.item || opening_fence(place.content).is_some() || atx_heading(place.content).is_some() {
                break;
            }
            at += line.len();
        }
        self.push(start, at, BlockKind::Table { header: &self.markdown[start..rows] });
        at
    }
}

/// A line without the marks of the containers it lies in.
struct Place<'a> {
    /// What is left, without indentation and line end.
    content: &'a str,
    /// Column of `content`.
    column: usize,
    /// Column at which the innermost container's content starts.
    base: usize,
    quotes: usize,
    /// The line starts a list item.
    item: bool,
    /// Four columns or more to the right of its container: nothing there opens a block.
    indented: bool,
}

/// Takes quote marks and list markers off a line. Lists that the line is not indented for end here, and so do those in quotes that it is
/// not in.
fn peel<'a>(line: &'a str, lists: &mut Vec<List>) -> Place<'a> {
    let mut rest = line.trim_end_matches(['\n', '\r']);
    let (mut column, mut base, mut quotes, mut item) = (0, 0, 0, false);
    // How many of the lists hold the line, as far as it is read.
    let mut held = 0;
    // Looked for once: each marker of "- - - x" may be the first of a drawn line.
    let mut drawn = None;
    loop {
        let (indent, content) = indentation(rest, column);
        column = indent;
        if content.is_empty() {
            // A blank line says nothing of indentation.
            lists.truncate(lists.partition_point(|list| list.quotes <= quotes));
            return Place { content, column, base, quotes, item, indented: false };
        }
        while let Some(list) = lists.get(held).filter(|list| list.quotes <= quotes) {
            if list.column > column {
                lists.truncate(held);
                break;
            }
            held += 1;
        }
        let inner = lists[..held].last().map_or(0, |list| list.column).max(base);
        if column >= inner + 4 {
            lists.truncate(held);
            return Place { content, column, base: inner, quotes, item, indented: true };
        }
        if let Some(quoted) = content.strip_prefix('>') {
            quotes += 1;
            column += 1;
            rest = match quoted.strip_prefix(' ') {
                Some(spaced) => {
                    column += 1;
                    spaced
                }
                None => quoted,
            };
            base = column;
        } else if held < MAX_LISTS
            && let Some(width) = list_marker(content).filter(|_| !is_drawn(content, &mut drawn))
        {
            item = true;
            let after = &content[width..];
            let (text, _) = indentation(after, column + width);
            let gap = text - (column + width);
            // CommonMark 5.2: five columns or more after the marker are an indented block inside the item.
            if (1..=4).contains(&gap) {
                column += width + gap;
                rest = after.trim_start_matches([' ', '\t']);
            } else {
                column += width + 1;
                rest = after.get(1..).unwrap_or("");
            }
            lists.truncate(held);
            lists.push(List { column, quotes });
            held += 1;
        } else {
            lists.truncate(held);
            return Place { content, column, base: inner, quotes, item, indented: false };
        }
    }
}

struct Opening<'a> {
    marks: &'a str,
    info: &'a str,
}

impl Opening<'_> {
    fn is_closed_by(&self, content: &str) -> bool {
        let mark = self.marks.as_bytes()[0] as char;
        let rest = content.trim_start_matches(mark);
        content.len() - rest.len() >= self.marks.len() && rest.trim().is_empty()
    }

    /// The first word of the info string; `{.python .numberLines}` and `rust,ignore` name one too.
    fn language(&self) -> Option<String> {
        let word =
            self.info.split([' ', '\t', ',', '{', '}', ';']).map(|word| word.trim_start_matches('.')).find(|word| !word.is_empty())?;
        let word = word.strip_prefix("language-").unwrap_or(word);
        Some(word.to_lowercase()).filter(|word| !word.is_empty() && word.len() <= 32)
    }
}

fn opening_fence(content: &str) -> Option<Opening<'_>> {
    let mark = content.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let info = content.trim_start_matches(mark);
    let marks = &content[..content.len() - info.len()];
    let info = info.trim();
    let is_fence = (3..=MAX_FENCE_MARKS).contains(&marks.len()) && !(mark == '`' && info.contains('`'));
    is_fence.then_some(Opening { marks, info })
}

fn atx_heading(content: &str) -> Option<(usize, String)> {
    let rest = content.trim_start_matches('#');
    let level = content.len() - rest.len();
    let is_heading = (1..=6).contains(&level) && (rest.is_empty() || rest.starts_with([' ', '\t']));
    let rest = rest.trim();
    let open = rest.trim_end_matches('#');
    let title = if open.is_empty() || open.ends_with([' ', '\t']) { open.trim() } else { rest };
    is_heading.then(|| heading_title(title)).flatten().map(|title| (level, title))
}

fn setext_level(content: &str) -> Option<usize> {
    let content = content.trim_end();
    let all = |mark| !content.is_empty() && content.chars().all(|c| c == mark);
    if all('=') {
        Some(1)
    } else if all('-') {
        Some(2)
    } else {
        None
    }
}

/// The heading as one line of plain words: no code marks, no emphasis, of a link its text alone. None if that is empty or too long.
fn heading_title(markdown: &str) -> Option<String> {
    // Before it is read: any line may be the last of a paragraph that "===" would make a heading.
    if markdown.char_indices().nth(MAX_HEADING_CHARS).is_some() {
        return None;
    }
    let mut title = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' if rest.starts_with(|next: char| next.is_ascii_punctuation()) => {
                let escaped = &rest[..1];
                title.push_str(escaped);
                rest = &rest[1..];
            }
            '`' => {}
            '*' if rest.starts_with('*') || title.ends_with('*') => rest = rest.trim_start_matches('*'),
            '!' if rest.starts_with('[') => {}
            '[' if rest.contains("](") => {}
            ']' if rest.starts_with('(') && rest.contains(')') => {
                rest = rest.split_once(')').map_or("", |(_, after)| after);
            }
            c if c.is_whitespace() => {
                if !title.is_empty() && !title.ends_with(' ') {
                    title.push(' ');
                }
            }
            c => title.push(c),
        }
    }
    let title = title.trim_end();
    (!title.is_empty()).then(|| title.to_owned())
}

fn is_table_head(header: &str, delimiter: &str) -> bool {
    let delimits = |cell: &str| {
        let dashes = cell.trim().trim_start_matches(':').trim_end_matches(':');
        !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
    };
    delimiter.contains('|')
        && delimiter.contains('-')
        && cells(delimiter).all(delimits)
        && header.contains('|')
        && cells(header).count() == cells(delimiter).count()
}

fn cells(row: &str) -> impl Iterator<Item = &str> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = if row.ends_with("\\|") { row } else { row.strip_suffix('|').unwrap_or(row) };
    let mut escaped = false;
    row.split(move |c| {
        let splits = c == '|' && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
}

fn is_thematic_break(content: &str) -> bool {
    let mut marks = content.chars().filter(|c| !c.is_whitespace());
    // Most lines end it here.
    let Some(mark @ ('-' | '*' | '_')) = marks.next() else { return false };
    let mut others = 0;
    marks.all(|c| {
        others += 1;
        c == mark
    }) && others >= 2
}

/// Whether the rest of a line is a thematic break, where `drawn` tells how much of its end is made of one mark and blanks, once that is
/// known.
fn is_drawn(rest: &str, drawn: &mut Option<usize>) -> bool {
    if !rest.starts_with(['-', '*']) {
        return false;
    }
    let drawn = *drawn.get_or_insert_with(|| {
        let mark = rest.trim_end().chars().next_back().unwrap_or(' ');
        rest.len() - rest.trim_end_matches(|c: char| c == mark || c.is_whitespace()).len()
    });
    rest.len() <= drawn && is_thematic_break(rest)
}

/// The width of the list marker that `content` starts with, without the space after it.
fn list_marker(content: &str) -> Option<usize> {
    let digits = content.bytes().take_while(u8::is_ascii_digit).count();
    let width = match digits {
        0 if content.starts_with(['-', '+', '*']) => 1,
        1..=9 if content[digits..].starts_with(['.', ')']) => digits + 1,
        _ => return None,
    };
    (content.len() == width || content[width..].starts_with([' ', '\t'])).then_some(width)
}

fn line_at(markdown: &str, at: usize) -> &str {
    let rest = &markdown[at..];
    &rest[..rest.find('\n').map_or(rest.len(), |newline| newline + 1)]
}

/// The column of the first character that is not white space, and the rest from there without the line end.
fn indentation(text: &str, mut column: usize) -> (usize, &str) {
    let text = text.trim_end_matches(['\n', '\r']);
    let content = text.trim_start_matches([' ', '\t']);
    for byte in text[..text.len() - content.len()].bytes() {
        column = if byte == b'\t' { (column / 4 + 1) * 4 } else { column + 1 };
    }
    // White space at the end of a line says nothing; of a blank line it is all there is.
    (column, if content.chars().all(char::is_whitespace) { "" } else { content })
}

/// The line with up to `until - column` columns of white space taken off.
fn without_indentation(text: &str, mut column: usize, until: usize) -> &str {
    let text = text.trim_end_matches(['\n', '\r']);
    let mut taken = 0;
    for byte in text.bytes() {
        if column >= until || !matches!(byte, b' ' | b'\t') {
            break;
        }
        column = if byte == b'\t' { (column / 4 + 1) * 4 } else { column + 1 };
        taken += 1;
    }
    &text[taken..]
}

/// The line inside `depth` quotes, with its column; None where it lies outside of one of them.
fn unquote(line: &str, depth: usize) -> Option<(usize, &str)> {
    let (mut column, mut rest) = (0, line);
    for _ in 0..depth {
        let (indent, content) = indentation(rest, column);
        rest = content.strip_prefix('>')?;
        column = indent + 1;
        if let Some(spaced) = rest.strip_prefix(' ') {
            (rest, column) = (spaced, column + 1);
        }
    }
    Some((column, rest))
}

/// What stands before a further line of the container that the fence of `opener` lies in: quote marks stay, list markers become spaces.
fn continuing_prefix(opener: &str, place: &Place<'_>) -> String {
    let line = opener.trim_end_matches(['\n', '\r']);
    let prefix = &line[..line.rfind(place.content).unwrap_or(0)];
    prefix.chars().map(|c| if c == '>' || c == '\t' { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    fn scan(markdown: &str) -> Vec<Block<'_>> {
        super::scan(markdown, &Budget::default().begin())
    }

    fn kinds(markdown: &str) -> Vec<String> {
        let name = |block: Block<'_>| match block.kind {
            BlockKind::Heading { level, title } => format!("h{level} {title}"),
            BlockKind::Fence(fence) => {
                format!("{} {:?}{}", fence.language.unwrap_or_default(), fence.code, if fence.closed { "" } else { " open" })
            }
            BlockKind::Table { .. } => format!("table {}", block.raw.lines().filter(|line| !line.trim().is_empty()).count()),
            BlockKind::Prose => format!("prose {:?}", block.raw.trim()),
        };
        scan(markdown).into_iter().map(name).collect()
    }

    #[test]
    fn headings_of_both_kinds() {
        assert_eq!(
            kinds("# One\n## Two ##\nThree\n===\nFour\n---\n#no\n    # code\n"),
            ["h1 One", "h2 Two", "h1 Three", "h2 Four", "prose \"#no\\n    # code\""]
        );
        assert_eq!(kinds("- item\n---\n> # quoted\n"), ["prose \"- item\"", "prose \"---\\n> # quoted\""]);
        assert_eq!(
            kinds("a\n\n- - -\n\n- - - x\n\n- * * *\n"),
            ["prose \"a\"", "prose \"- - -\"", "prose \"- - - x\"", "prose \"- * * *\""]
        );
    }

    #[test]
    fn a_heading_is_plain_words() {
        assert_eq!(kinds("## `run`(*args*) of [Task](https://x.test/y) \\_now\\_\n"), ["h2 run(*args*) of Task _now_"]);
        assert_eq!(kinds("# **Bold**\n"), ["h1 Bold"]);
    }

    #[test]
    fn fences_with_their_language() {
        assert_eq!(kinds("```Python\nx = 1\n```\n"), ["python \"x = 1\\n\""]);
        assert_eq!(kinds("~~~ {.rust .ignore}\n```\n~~~~\n"), ["rust \"```\\n\""]);
        assert_eq!(kinds("````md\n```\nx\n```\n````\n"), ["md \"```\\nx\\n```\\n\""]);
        assert_eq!(kinds("``` no`fence\n"), ["prose \"``` no`fence\""]);
        assert_eq!(kinds("```\nto the end"), [" \"to the end\\n\" open"]);
    }

    #[test]
    fn fences_in_lists_and_quotes() {
        assert_eq!(
            kinds("- step\n\n  ```sh\n  make\n    all\n  ```\n- next\n"),
            ["prose \"- step\"", "sh \"make\\n  all\\n\"", "prose \"- next\""]
        );
        assert_eq!(kinds("1.  ```c\n    int x;\n    ```\n"), ["c \"int x;\\n\""]);
        assert_eq!(kinds("> ```js\n> a\n>\n> b\n> ```\n> words\n"), ["js \"a\\n\\nb\\n\"", "prose \"> words\""]);
        assert_eq!(kinds("> ```js\n> a\nwords\n"), ["js \"a\\n\" open", "prose \"words\""]);
        assert_eq!(kinds("- ```js\n  a\nwords\n"), ["js \"a\\n\" open", "prose \"words\""]);
    }

    #[test]
    fn lists_in_quotes_go_on_from_line_to_line() {
        let of = |markdown: &str| kinds(markdown).into_iter().map(|kind| kind.replace('"', "'")).collect::<Vec<_>>();
        assert_eq!(of("> 10. a\n>\n>     ```sh\n>     ls\n>     ```\n> 11. b\n"), ["prose '> 10. a\\n>'", "sh 'ls\\n'", "prose '> 11. b'"]);
        assert_eq!(of("> - a\n>   - b\n>\n>     ```sh\n>     ls\n>     ```\n"), ["prose '> - a'", "prose '>   - b\\n>'", "sh 'ls\\n'"]);
        assert_eq!(
            of("1. a\n\n   > - b\n   >\n   >   ```sh\n   >   ls\n   >   ```\n"),
            ["prose '1. a'", "prose '> - b\\n   >'", "sh 'ls\\n'"]
        );
        // The end of the quote is the end of its lists.
        assert_eq!(of("> - a\n# b\n"), ["prose '> - a'", "h1 b"]);
        assert_eq!(of("> 10. a\n\n>     ```sh\n>     ls\n"), ["prose '> 10. a'", "prose '>     ```sh\\n>     ls'"]);
        assert_eq!(of("- a\n\n> b\n\n  ```sh\n  ls\n  ```\n"), ["prose '- a'", "prose '> b'", "sh 'ls\\n'"]);
    }

    #[test]
    fn tables_end_with_a_blank_line() {
        assert_eq!(kinds("| a | b |\n|---|:-:|\n| 1 | 2 |\n\ntext\n"), ["table 3", "prose \"text\""]);
        assert_eq!(kinds("a | b\n--|--\n1 | 2\n# h\n"), ["table 3", "h1 h"]);
        assert_eq!(kinds("a\n---\n"), ["h2 a"]);
        assert_eq!(kinds("intro\n| a | b \\| c |\n| - | - |\n"), ["prose \"intro\"", "table 2"]);
    }

    #[test]
    fn every_byte_is_in_one_block() {
        for text in ["\n\n# a\r\n\r\nb\r\n===\r\n- c\n\n\n```\n", "a\n| b |\n|-|\n| c", "> > - 1. ```\nx", "\u{feff}#\n#\n\t```\n\t\t\n"] {
            assert_eq!(scan(text).iter().map(|block| block.raw).collect::<String>(), text);
            assert!(scan(text).windows(2).all(|pair| pair[0].start + pair[0].raw.len() == pair[1].start));
        }
    }
}
