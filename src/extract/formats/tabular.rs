//! Tables of AsciiDoc: cells behind bars, with what stands before a bar saying how far the cell reaches, or values that are separated by commas
//! or colons. Text within cells is read by who asks.

use std::mem;

use crate::extract::formats::grid;
use crate::extract::formats::sheet::Sheet;

/// What the lines above a table say of it.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// A style for each column, where they are told.
    columns: Vec<char>,
    has_header: bool,
    format: Option<Format>,
    separator: Option<char>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Bars,
    Commas,
    Colons,
}

/// Rows of cells; a list is one whose cells stand one below another with nothing to tell how many make a row.
pub(super) struct Table {
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) is_list: bool,
}

/// Parts of its text, each of which begins a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Item(String),
    Code(String),
}

impl Layout {
    /// Adds what one line in brackets says.
    pub(super) fn add(&mut self, inner: &str) {
        if let Some(columns) = named(inner, "cols").filter(|columns| !columns.is_empty()) {
            self.columns = columns_of(columns);
        }
        let options = named(inner, "options").or_else(|| named(inner, "opts")).unwrap_or_default();
        self.has_header |= inner.contains("%header") || options.split(',').any(|option| option.trim() == "header");
        match named(inner, "format") {
            Some("csv") => self.format = Some(Format::Commas),
            Some("dsv") => self.format = Some(Format::Colons),
            Some("psv") => self.format = Some(Format::Bars),
            Some("tsv") => (self.format, self.separator) = (Some(Format::Commas), Some('\t')),
            _ => {}
        }
        match named(inner, "separator") {
            Some("\\t") => self.separator = Some('\t'),
            Some(separator) => self.separator = separator.chars().next(),
            None => {}
        }
    }
}

/// Of `1,2a`, `3*` or `2*,1`: the letter of each column, or a blank.
fn columns_of(columns: &str) -> Vec<char> {
    if let Ok(number) = columns.trim().parse::<usize>() {
        return vec![' '; number.min(MAX_COLUMNS)];
    }
    let mut styles = Vec::new();
    for column in columns.split([',', ';']) {
        let copies = column.split_once('*').and_then(|(copies, _)| copies.trim().parse().ok()).unwrap_or(1_usize);
        let style = column.trim().chars().next_back().filter(char::is_ascii_lowercase).unwrap_or(' ');
        styles.extend(std::iter::repeat_n(style, copies.min(MAX_COLUMNS - styles.len())));
    }
    styles
}

/// What is separated by commas in brackets, without quotes; a comma in quotes separates nothing.
pub(super) fn parts(inner: &str) -> std::vec::IntoIter<&str> {
    let (mut parts, mut begun, mut quote) = (Vec::new(), 0, None);
    for (at, c) in inner.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            // An apostrophe within a word is none.
            ('"', None) => quote = Some('"'),
            ('\'', None) if inner[begun..at].trim_end().ends_with('=') => quote = Some('\''),
            (',', None) => {
                parts.push(&inner[begun..at]);
                begun = at + 1;
            }
            _ => {}
        }
    }
    // What does not end is separated like the rest.
    match quote {
        Some(_) => parts.extend(inner[begun..].split(',')),
        None => parts.push(&inner[begun..]),
    }
    parts.into_iter().map(|part| part.trim().trim_matches('"')).collect::<Vec<_>>().into_iter()
}

/// The value of `name=value`.
pub(super) fn named<'a>(inner: &'a str, name: &str) -> Option<&'a str> {
    if !inner.contains(name) {
        return None;
    }
    let value = parts(inner).find_map(|part| part.strip_prefix(name)?.trim_start().strip_prefix('='))?;
    Some(value.trim().trim_matches(['"', '\'']))
}

/// The lines between two marks.
pub(super) fn read(lines: &[&str], mark: &str, layout: &Layout, sheet: &mut Sheet<'_>) -> Table {
    let (format, separator) = match mark.chars().next() {
        Some(',') => (Format::Commas, ','),
        Some(':') => (Format::Colons, ':'),
        Some('!') => (Format::Bars, '!'),
        _ => (Format::Bars, '|'),
    };
    let format = layout.format.unwrap_or(format);
    let usual = match format {
        Format::Commas => ',',
        Format::Colons => ':',
        Format::Bars => separator,
    };
    let separator = layout.separator.unwrap_or(usual);
    match format {
        Format::Bars => behind_bars(lines, separator, layout, sheet),
        Format::Commas => separated(lines, separator),
        Format::Colons => {
            let rows = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| {
                let cells = split(line, separator).into_iter().map(|text| Cell::of(&[text], ' '));
                cells.collect()
            });
            Table { rows: rows.collect(), is_list: false }
        }
    }
}

fn separated(lines: &[&str], separator: char) -> Table {
    let mut rows = Vec::new();
    let mut record = String::new();
    let mut quotes = 0;
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        if !record.is_empty() {
            record.push(' ');
        }
        record.push_str(line);
        quotes += line.matches('"').count();
        // Within quotes a record goes on.
        if quotes % 2 == 0 {
            rows.push(grid::separated(&mem::take(&mut record), separator));
        }
    }
    if !record.is_empty() {
        rows.push(grid::separated(&record, separator));
    }
    let rows = rows.into_iter().map(|row| row.into_iter().map(|text| Cell::of(&[text], ' ')).collect());
    Table { rows: rows.collect(), is_list: false }
}

fn behind_bars(lines: &[&str], separator: char, layout: &Layout, sheet: &mut Sheet<'_>) -> Table {
    let mut cells: Vec<Begun> = Vec::new();
    let mut implied = 0;
    for line in lines {
        let parts = split(line, separator);
        let last = parts.len() - 1;
        let mut spec = Spec::default();
        for (index, part) in parts.into_iter().enumerate() {
            // What stands right before a bar is said of the cell behind it.
            let (text, next) = if index < last { before_bar(&part, index) } else { (part.as_str(), Spec::default()) };
            match cells.last_mut() {
                _ if index > 0 => cells.push(Begun { spec, lines: vec![text.to_owned()] }),
                Some(cell) => cell.lines.push(text.to_owned()),
                None if text.trim().is_empty() => {}
                None => cells.push(Begun { spec, lines: vec![text.to_owned()] }),
            }
            spec = next;
        }
        if implied == 0 {
            implied = cells.iter().map(|cell| cell.spec.copies * cell.spec.columns).sum();
        }
    }
    // A first line that stands apart is one, too.
    let is_apart = lines.first().is_some_and(|line| !line.trim().is_empty()) && lines.get(1).is_some_and(|line| line.is_empty());
    let has_header = layout.has_header || is_apart;
    let columns = if layout.columns.is_empty() { implied.clamp(1, MAX_COLUMNS) } else { layout.columns.len() };
    let rows = rows(cells, columns, layout, has_header, sheet);
    let is_list = columns == 1 && layout.columns.is_empty() && !has_header && rows.len() > 1;
    Table { rows, is_list }
}

/// A cell as its lines are read.
struct Begun {
    spec: Spec,
    lines: Vec<String>,
}

/// How often a cell is repeated, how far it reaches, and how its text is meant.
#[derive(Clone, Copy)]
struct Spec {
    copies: usize,
    columns: usize,
    rows: usize,
    style: char,
}

impl Default for Spec {
    fn default() -> Self {
        Self { copies: 1, columns: 1, rows: 1, style: ' ' }
    }
}

impl Spec {
    /// Of `2*`, `.3+^.>s` or `a`.
    fn parse(token: &str) -> Option<Self> {
        let mut spec = Self::default();
        let numbers = token.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let (factor, rest) = token.split_at(token.len() - numbers.len());
        let rest = match rest.strip_prefix(['*', '+']) {
            Some(after) if factor.contains(|c: char| c.is_ascii_digit()) => {
                let (columns, rows) = factor.split_once('.').unwrap_or((factor, ""));
                let number =
                    |digits: &str| if digits.is_empty() { Some(1) } else { digits.parse::<usize>().ok().filter(|number| *number > 0) };
                let (columns, rows) = (number(columns)?.min(MAX_COLUMNS), number(rows)?.min(MOST_ROWS));
                match rest.starts_with('*') {
                    true => spec.copies = columns,
                    false => (spec.columns, spec.rows) = (columns, rows),
                }
                after
            }
            _ if factor.contains(|c: char| c.is_ascii_digit()) => return None,
            _ => token,
        };
        let style = rest.trim_start_matches(['<', '^', '>', '.']);
        if rest.len() - style.len() > "<.<".len() {
            return None;
        }
        match style {
            "" => {}
            "a" | "d" | "e" | "h" | "l" | "m" | "s" | "v" => spec.style = style.chars().next().unwrap_or(' '),
            _ => return None,
        }
        Some(spec)
    }
}

/// The text before a bar, and what is said there of the cell behind it: at the beginning of a line, or behind a blank.
fn before_bar(part: &str, index: usize) -> (&str, Spec) {
    let begun = part.rfind(char::is_whitespace).map_or(0, |at| at + part[at..].chars().next().map_or(1, char::len_utf8));
    let (text, token) = part.split_at(begun);
    let may_be = !token.is_empty() && (index == 0 || begun > 0);
    match Spec::parse(token).filter(|_| may_be) {
        Some(spec) => (text, spec),
        None => (part, Spec::default()),
    }
}

/// At each separator; one behind a backslash is text.
fn split(line: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    for (index, part) in line.split(separator).enumerate() {
        match parts.last_mut() {
            Some(last) if index > 0 && last.ends_with('\\') => {
                last.pop();
                last.push(separator);
                last.push_str(part);
            }
            Some(last) if index == 0 => last.push_str(part),
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

fn rows(cells: Vec<Begun>, columns: usize, layout: &Layout, has_header: bool, sheet: &mut Sheet<'_>) -> Vec<Vec<Cell>> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut row: Vec<Cell> = Vec::new();
    // Into how many rows a cell above reaches, for each column.
    let mut reached = vec![0_usize; columns];
    for Begun { spec, lines } in cells {
        let length: usize = lines.iter().map(|line| line.len() + 1).sum();
        for copy in 0..spec.copies {
            if copy > 0 && !sheet.repeats(length) {
                break;
            }
            // One column is free in each row.
            if row.is_empty() {
                let least = reached.iter().min().copied().unwrap_or(0);
                reached.iter_mut().for_each(|rows| *rows -= least);
            }
            pass(&mut row, &mut reached);
            let column = row.len().min(columns - 1);
            let style = match spec.style {
                ' ' if !has_header || !rows.is_empty() => layout.columns.get(column).copied().unwrap_or(' '),
                style => style,
            };
            row.push(Cell::of(&lines, style));
            row.resize_with((column + spec.columns).min(columns).max(row.len()), Cell::default);
            reached[column..row.len()].iter_mut().for_each(|rows| *rows = spec.rows - 1);
            pass(&mut row, &mut reached);
            if row.len() == columns {
                rows.push(without_end(mem::take(&mut row)));
            }
        }
    }
    if !row.is_empty() {
        rows.push(row);
    }
    rows
}

/// Empty cells where cells above reach into the row.
fn pass(row: &mut Vec<Cell>, reached: &mut [usize]) {
    while let Some(rows) = reached.get_mut(row.len()).filter(|rows| **rows > 0) {
        *rows -= 1;
        row.push(Cell::default());
    }
}

/// A row may be shorter than its table.
fn without_end(mut row: Vec<Cell>) -> Vec<Cell> {
    while row.len() > 1 && row.last().is_some_and(|cell| cell.pieces.is_empty()) {
        row.pop();
    }
    row
}

impl Cell {
    fn of(lines: &[impl AsRef<str>], style: char) -> Self {
        let lines = lines.iter().map(|line| line.as_ref().trim());
        let mut cell = Self::default();
        match style {
            'l' => cell.pieces.extend(lines.filter(|line| !line.is_empty()).map(|line| Piece::Code(line.to_owned()))),
            'm' => cell.pieces.push(Piece::Code(lines.collect::<Vec<_>>().join(" "))),
            'v' => cell.pieces.extend(lines.filter(|line| !line.is_empty()).map(|line| Piece::Text(line.to_owned()))),
            'a' => cell.read_blocks(lines),
            _ => lines.for_each(|line| cell.add(line)),
        }
        cell.pieces.retain(|piece| !piece.text().is_empty());
        cell
    }

    /// A blank line begins a paragraph.
    fn add(&mut self, line: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text) | Piece::Item(text)) if !line.is_empty() => {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(line);
            }
            _ => self.pieces.push(Piece::Text(line.to_owned())),
        }
    }

    /// A cell that is a document of its own.
    fn read_blocks<'l>(&mut self, lines: impl Iterator<Item = &'l str>) {
        let mut listing: &str = "";
        for line in lines {
            let is_drawn = line.len() >= 4 && "-.=*_+".chars().any(|mark| line.chars().all(|c| c == mark));
            if !listing.is_empty() {
                match line == listing {
                    true => listing = "",
                    false => self.pieces.push(Piece::Code(line.to_owned())),
                }
            } else if is_drawn || line.starts_with("```") {
                listing = match line.starts_with("```") {
                    true => "```",
                    false if line.starts_with(['-', '.']) => line,
                    false => "",
                };
                self.add("");
            } else if matches!(line, "+" | "--") || line.starts_with('[') && line.ends_with(']') {
                self.add("");
            } else if let Some((_, text)) = line.split_once(' ').filter(|(mark, _)| is_bullet(mark)) {
                self.pieces.push(Piece::Item(text.trim().to_owned()));
            } else {
                self.add(line);
            }
        }
    }
}

impl Piece {
    fn text(&self) -> &str {
        let (Self::Text(text) | Self::Item(text) | Self::Code(text)) = self;
        text
    }
}

fn is_bullet(mark: &str) -> bool {
    mark == "-" || (1..=5).contains(&mark.len()) && (mark.bytes().all(|byte| byte == b'*') || mark.bytes().all(|byte| byte == b'.'))
}

const MAX_COLUMNS: usize = 60;
/// That a cell reaches into.
const MOST_ROWS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;
    use url::Url;

    fn table(attributes: &str, text: &str) -> Vec<Vec<String>> {
        let url = Url::parse("https://docs.test/a.adoc").unwrap();
        let meter = unlimited();
        let mut sheet = Sheet::new(&url, &meter, 1_000);
        let mut layout = Layout::default();
        layout.add(attributes);
        let lines: Vec<&str> = text.lines().collect();
        let table = read(&lines, "|===", &layout, &mut sheet);
        let shown = |cell: &Cell| {
            cell.pieces.iter().map(|piece| format!("{piece:?}")).collect::<Vec<_>>().join(" ").replace("Text(", "").replace(')', "")
        };
        table.rows.iter().map(|row| row.iter().map(shown).collect()).collect()
    }

    #[test]
    fn cells_stand_behind_bars() {
        for (attributes, text, wanted) in [
            ("", "|a \\| b |c\n|d |e", r#"[["\"a | b\"", "\"c\""], ["\"d\"", "\"e\""]]"#),
            ("cols=\"1,1\"", "|a\n|b\n\n|c\nd\n|e", r#"[["\"a\"", "\"b\""], ["\"c d\"", "\"e\""]]"#),
            ("cols=2*", "|a\n|b\n2+|c\nh|d |e\n2*|f", r#"[["\"a\"", "\"b\""], ["\"c\""], ["\"d\"", "\"e\""], ["\"f\"", "\"f\""]]"#),
            (
                ".x,cols=\"2\"",
                ".2+|a |b\n|c\n.2+|d .2+|e\n|f|g",
                r#"[["\"a\"", "\"b\""], ["", "\"c\""], ["\"d\"", "\"e\""], ["\"f\"", "\"g\""]]"#,
            ),
            ("%header,cols=\"1,m\"", "|a |b\n|c |d", r#"[["\"a\"", "\"b\""], ["\"c\"", "Code(\"d\""]]"#),
            (
                "",
                "|a |b\n\nl|x\ny\na|\n* c\nd\n* e\n\n----\nf\n----",
                r#"[["\"a\"", "\"b\""], ["Code(\"x\" Code(\"y\"", "Item(\"c d\" Item(\"e\" Code(\"f\""]]"#,
            ),
            // A word before a bar is none of these.
            ("", "|a b|c\n|2x|3 +|d", r#"[["\"a b\"", "\"c\""], ["\"2x\"", "\"3 +\""], ["\"d\""]]"#),
            ("", "|one\n\ntwo|three", r#"[["\"one\" \"two\""], ["\"three\""]]"#),
            ("format=csv", "a,\"b,\nc\"\nd", r#"[["\"a\"", "\"b, c\""], ["\"d\""]]"#),
            ("format=dsv", "a:b\\:c\n", r#"[["\"a\"", "\"b:c\""]]"#),
            ("format=tsv", "a\tb,c", r#"[["\"a\"", "\"b,c\""]]"#),
            ("separator=;", "x;y;z", r#"[["\"x\"", "\"y\"", "\"z\""]]"#),
            ("", "", "[]"),
        ] {
            assert_eq!(format!("{:?}", table(attributes, text)), wanted, "{attributes} {text}");
        }
    }

    #[test]
    fn what_reaches_far_is_bounded() {
        let cells = "60+|x\n".repeat(2_000) + &"1000*|y\n".repeat(2_000) + &".1000+|z\n".repeat(2_000);
        let rows = table("cols=60*", &cells);
        assert!(rows.iter().map(Vec::len).sum::<usize>() < 40 * cells.len(), "{}", rows.len());
    }

    #[test]
    fn attributes_are_separated_but_in_quotes() {
        assert_eq!(parts("quote, \"A, b\", c").collect::<Vec<_>>(), ["quote", "A, b", "c"]);
        assert_eq!(parts("quote, O'Brien, d'x").collect::<Vec<_>>(), ["quote", "O'Brien", "d'x"]);
        assert_eq!(parts("a, \"b, c").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!((named("%header,cols=\"1,2a\"", "cols"), named("xcols=1", "cols")), (Some("1,2a"), None));
        assert_eq!((columns_of("1,2*a,^m"), columns_of("3")), (vec![' ', 'a', 'a', 'm'], vec![' '; 3]));
    }
}
