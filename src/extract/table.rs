//! Tells tables of data from tables that are layout, and lays the former's cells out on a grid.

use crate::extract::admonition;
use crate::extract::article::Article;
use crate::extract::dom::{Dom, NodeId};

/// What a table is to its reader.
pub(super) enum Table {
    Data(Cells),
    /// Data whose cells hold more than a line can: each row is written as a section, its cells below the names of their columns.
    Rows(Vec<Labelled>),
    /// A frame around text.
    Layout,
}

pub(super) struct Cells {
    pub(super) captions: Vec<NodeId>,
    pub(super) rows: Vec<Row>,
}

pub(super) enum Row {
    /// As many places as every other row has.
    Places(Vec<Option<NodeId>>),
    /// A heading of the rows after it, in a cell that is all of its row.
    Heading(NodeId),
}

/// A cell of a row that is written as a section.
pub(super) struct Labelled {
    pub(super) cell: NodeId,
    pub(super) label: Label,
}

/// What stands above such a cell.
#[derive(Clone, Copy)]
pub(super) enum Label {
    /// Nothing: it is a head that the cells of its column tell.
    Told,
    /// Nothing: it is a head that is too long for that, or has none to tell it.
    Itself,
    /// The head of its column, of which this is the first cell with text.
    First(NodeId),
    /// The same for those below it.
    Again(NodeId),
}

pub(super) fn read(dom: &Dom, article: &Article, table: NodeId) -> Table {
    if matches!(dom.attribute(table, "role"), Some("presentation" | "none")) {
        return Table::Layout;
    }
    let (captions, rows) = if dom.is(table, "table") { rows(dom, article, table) } else { rows_of_grid(dom, article, table) };
    let count: usize = rows.iter().map(Vec::len).sum();
    let Some(columns) = rows.iter().map(Vec::len).max().filter(|_| count <= MAX_CELLS) else { return Table::Layout };
    let headed = rows.iter().flatten().any(|cell| is_head(dom, *cell));
    if columns < 2 && rows.len() < 2 || is_note(dom, table) {
        return Table::Layout;
    }
    let facts = rows.iter().flatten().map(|cell| Facts::of(dom, *cell)).fold(Facts::default(), Facts::and);
    // One column or one row without a head is often a frame, and is a table only where there is nothing else in it.
    let narrow = !headed && (columns < 2 || rows.len() < 2);
    let frame = facts.blocks || facts.longest > MAX_LINE || facts.filled < 2 || facts.linked == facts.filled;
    if facts.tables || narrow && frame {
        return sections(dom, &rows, headed && columns > 1);
    }
    match facts.headings || facts.long_code || facts.longest > MAX_CELL {
        true => sections(dom, &rows, headed && columns > 1),
        false => {
            let Some(mut grid) = grid(dom, &rows) else { return Table::Layout };
            let width = grid.iter().map(Vec::len).max().unwrap_or(0);
            if grid.len() * width > most_places(&rows) {
                return Table::Layout;
            }
            grid.iter_mut().for_each(|places| places.resize(width, None));
            let heading = |row: &[NodeId]| row.first().copied().filter(|cell| row.len() == 1 && columns > 1 && holds_heading(dom, *cell));
            let rows = rows.iter().zip(grid).map(|(row, places)| heading(row).map_or(Row::Places(places), Row::Heading));
            Table::Data(Cells { captions, rows: rows.collect() })
        }
    }
}

fn rows(dom: &Dom, article: &Article, table: NodeId) -> (Vec<NodeId>, Vec<Vec<NodeId>>) {
    let (mut captions, mut rows) = (Vec::new(), Vec::new());
    // The first head is shown above all rows and the first foot below them, wherever they are written.
    let (mut head, mut foot, mut place) = (None, None, Place::Body);
    let mut next = dom.first_child(table);
    while let Some(node) = next {
        let mut inside = false;
        if dom.parent(node) == Some(table) {
            place = Place::Body;
        }
        match dom.name(node).map(|name| &**name) {
            _ if article.is_left_out(node) => {}
            Some("thead") => {
                inside = true;
                place = if *head.get_or_insert(node) == node { Place::Head } else { Place::Body };
            }
            Some("tfoot") => {
                inside = true;
                place = if *foot.get_or_insert(node) == node { Place::Foot } else { Place::Body };
            }
            Some("tbody") => inside = true,
            Some("caption") => captions.push(node),
            Some("tr") => {
                let row: Vec<_> =
                    dom.children(node).filter(|cell| (dom.is(*cell, "td") || dom.is(*cell, "th")) && !article.is_left_out(*cell)).collect();
                if !row.is_empty() {
                    rows.push((place, row));
                }
            }
            _ => {}
        }
        next = dom.first_child(node).filter(|_| inside).or_else(|| dom.following(node, table));
    }
    rows.sort_by_key(|(place, _)| *place);
    (captions, rows.into_iter().map(|(_, row)| row).collect())
}

/// Where the rows of a part of a table are shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Head,
    Body,
    Foot,
}

/// Whether an element that is no table is laid out as one: by its roles, or by Javadoc's names for its columns.
pub(super) fn is_grid(dom: &Dom, node: NodeId) -> bool {
    matches!(dom.attribute(node, "role"), Some("table" | "grid")) || dom.has_class(node, "summary-table")
}

fn rows_of_grid(dom: &Dom, article: &Article, grid: NodeId) -> (Vec<NodeId>, Vec<Vec<NodeId>>) {
    let (mut captions, mut rows) = (Vec::new(), Vec::<Vec<NodeId>>::new());
    let by_role = dom.attribute(grid, "role").is_some();
    // Without roles there are as many cells a row as there are heads.
    let columns = dom
        .children(grid)
        .take_while(|child| dom.name(*child).is_none() || is_head(dom, *child))
        .filter(|child| is_head(dom, *child))
        .count();
    let mut next = dom.first_child(grid);
    while let Some(node) = next {
        let role = dom.attribute(node, "role").unwrap_or_default();
        let mut inside = false;
        if article.is_left_out(node) {
        } else if role == "row" {
            rows.push(Vec::new());
            inside = true;
        } else if matches!(role, "cell" | "gridcell" | "columnheader" | "rowheader") {
            rows.last_mut().into_iter().for_each(|row| row.push(node));
        } else if dom.is(node, "caption") || dom.has_class(node, "caption") {
            captions.push(node);
        } else if by_role {
            // A grid within is one of its own.
            inside = dom.name(node).is_some() && !is_grid(dom, node);
        } else if dom.name(node).is_some() && columns > 0 {
            match rows.last_mut().filter(|row| row.len() < columns) {
                Some(row) => row.push(node),
                None => rows.push(vec![node]),
            }
        }
        next = dom.first_child(node).filter(|_| inside).or_else(|| dom.following(node, grid));
    }
    rows.retain(|row| !row.is_empty());
    (captions, rows)
}

fn is_head(dom: &Dom, cell: NodeId) -> bool {
    dom.is(cell, "th") || dom.attribute(cell, "role") == Some("columnheader") || dom.has_class(cell, "table-header")
}

/// Notes are framed by a table, their icon in a cell of its own.
fn is_note(dom: &Dom, table: NodeId) -> bool {
    admonition::is_note(dom, table) || dom.parent(table).is_some_and(|parent| admonition::is_note(dom, parent))
}

/// What there is in a cell that says whether it fits a line.
#[derive(Default)]
struct Facts {
    /// In bytes.
    longest: usize,
    tables: bool,
    blocks: bool,
    /// Headings with something after them.
    headings: bool,
    long_code: bool,
    /// Cells that hold anything.
    filled: usize,
    /// Of these, cells with a link.
    linked: usize,
}

impl Facts {
    /// Looks no further than to a table within, which is looked at for itself.
    fn of(dom: &Dom, cell: NodeId) -> Self {
        let mut facts = Self::default();
        let (mut heading, mut code, mut lines) = (None, None, 0);
        for below in dom.descendants(cell).skip(1) {
            if let Some(text) = dom.text(below) {
                facts.longest += text.len();
                let within = |node| dom.ancestors(below).take(NEAR).any(|above| above == node);
                if code.is_some_and(within) {
                    lines += text.bytes().filter(|byte| *byte == b'\n').count();
                    facts.long_code |= lines > MAX_CODE_LINES;
                }
                facts.headings |= heading.is_some_and(|heading| !text.trim().is_empty() && !within(heading));
                continue;
            }
            match dom.name(below).map(|name| &**name) {
                Some(_) if is_grid(dom, below) => {
                    facts.tables = true;
                    break;
                }
                Some("table") => {
                    facts.tables = true;
                    break;
                }
                Some("a") => facts.linked = 1,
                Some("pre") => (code, lines) = (Some(below), 0),
                Some("h1" | "h2" | "h3" | "h4" | "h5" | "h6") => heading = Some(below),
                Some("p" | "div" | "ul" | "ol" | "dl" | "blockquote" | "section" | "img") => facts.blocks = true,
                _ => {}
            }
        }
        facts.filled = usize::from(holds_text(dom, cell));
        facts.blocks |= code.is_some() || heading.is_some();
        facts
    }

    fn and(self, other: Self) -> Self {
        Self {
            longest: self.longest.max(other.longest),
            tables: self.tables || other.tables,
            blocks: self.blocks || other.blocks,
            headings: self.headings || other.headings,
            long_code: self.long_code || other.long_code,
            filled: self.filled + other.filled,
            linked: self.linked + other.linked,
        }
    }
}

/// Rows as sections, where the columns have heads.
fn sections(dom: &Dom, rows: &[Vec<NodeId>], headed: bool) -> Table {
    let headed = headed && rows.first().is_some_and(|heads| heads.iter().all(|cell| is_head(dom, *cell)));
    let grid = if headed { grid(dom, rows).unwrap_or_default() } else { Vec::new() };
    let Some((heads, rest)) = grid.split_first() else { return Table::Layout };
    let mut told = vec![false; heads.len()];
    let mut cells = Vec::new();
    for (column, cell) in rest.iter().flat_map(|row| row.iter().enumerate()) {
        let (Some(cell), Some(Some(head))) = (*cell, heads.get(column)) else { continue };
        let is_first = !told[column] && holds_text(dom, cell);
        told[column] |= is_first;
        cells.push(Labelled { cell, label: if is_first { Label::First(*head) } else { Label::Again(*head) } });
    }
    let label = |head: NodeId, told: bool| if told && holds_text(dom, head) && is_short(dom, head) { Label::Told } else { Label::Itself };
    let heads = heads.iter().zip(told).filter_map(|(head, told)| head.map(|cell| Labelled { cell, label: label(cell, told) }));
    Table::Rows(heads.chain(cells).collect())
}

/// Longer text than this is not looked up in a column.
const MAX_CELL: usize = 4_000;
/// In bytes: more is a paragraph.
const MAX_LINE: usize = 200;
/// More lines of code than a cell is read with.
const MAX_CODE_LINES: usize = 4;
/// How far above its text a heading or a listing is looked for.
const NEAR: usize = 8;
const MAX_CELLS: usize = 200_000;
/// Places for each cell; `rowspan` and one long row may make many.
const MOST_EMPTY: usize = 6;
/// Wider than any cell that is read; `colspan` may say anything.
const WIDEST_CELL: usize = 60;

fn most_places(rows: &[Vec<NodeId>]) -> usize {
    MOST_EMPTY * rows.iter().map(Vec::len).sum::<usize>() + MAX_CELL
}

/// The cells of each row in their columns; `None` where spans make far more places than there are cells.
fn grid(dom: &Dom, rows: &[Vec<NodeId>]) -> Option<Vec<Vec<Option<NodeId>>>> {
    let span = |cell: NodeId, name: &str| dom.attribute(cell, name).and_then(|span| span.trim().parse::<usize>().ok()).unwrap_or(1);
    let width = |cell: NodeId| span(cell, "colspan").max(1);
    // A title above all columns may say that it has more of them than there are.
    let counted = |cell: &NodeId| Some(width(*cell)).filter(|width| *width <= WIDEST_CELL).unwrap_or(1);
    let widest = rows.iter().filter(|row| row.len() > 1).map(|row| row.iter().map(counted).sum::<usize>()).max().unwrap_or(1);
    let ends = ends_of_sections(dom, rows);
    let mut grid = Vec::with_capacity(rows.len());
    let mut left_places = most_places(rows);
    // For each column, how many rows a cell from above still covers.
    let mut covered: Vec<usize> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let left = ends[number] - number;
        let mut places = Vec::new();
        let mut cells = row.iter();
        loop {
            let column = places.len();
            if covered.get(column).is_some_and(|rows| *rows > 0) {
                covered[column] -= 1;
                places.push(None);
                continue;
            }
            let Some(cell) = cells.next() else { break };
            // None is all that there are in its part of the table.
            let below = Some(span(*cell, "rowspan")).filter(|rows| *rows > 0).unwrap_or(left).min(left) - 1;
            let width = width(*cell).min(widest.saturating_sub(column).max(1)).min(WIDEST_CELL);
            covered.resize(covered.len().max(column + width), 0);
            for offset in 0..width {
                places.push((offset == 0).then_some(*cell));
                covered[column + offset] = below;
            }
            if places.len() > left_places {
                return None;
            }
        }
        left_places = left_places.checked_sub(places.len())?;
        grid.push(places);
    }
    Some(grid)
}

/// For each row the one behind the last of its part of the table: no cell goes on into another part.
fn ends_of_sections(dom: &Dom, rows: &[Vec<NodeId>]) -> Vec<usize> {
    let section = |row: &[NodeId]| row.first().and_then(|cell| dom.parent(dom.parent(*cell)?));
    let mut ends = vec![rows.len(); rows.len()];
    for number in (1..rows.len()).rev() {
        ends[number - 1] = if section(&rows[number - 1]) == section(&rows[number]) { ends[number] } else { number };
    }
    ends
}

/// The name of a column as it stands before each of its cells; of a long one the beginning.
pub(super) fn label(dom: &Dom, head: NodeId) -> Option<String> {
    let mut text = dom.text_start(head, 4 * MAX_LABEL).split_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() > MAX_LABEL {
        let end = text.floor_char_boundary(MAX_LABEL - "…".len());
        text.truncate(text[..end].rfind(' ').unwrap_or(end));
        text.push('…');
    }
    (!text.is_empty()).then_some(text)
}

/// Whether the label of a column says all that its head does.
fn is_short(dom: &Dom, head: NodeId) -> bool {
    dom.text_start(head, 4 * MAX_LABEL).split_whitespace().map(|word| word.len() + 1).sum::<usize>() <= MAX_LABEL + 1
}

fn holds_heading(dom: &Dom, cell: NodeId) -> bool {
    dom.descendants(cell).take(PARTS).any(|below| dom.name(below).is_some_and(|name| matches!(&**name, "h1" | "h2" | "h3" | "h4")))
}

/// Whether there is anything in a cell to stand below its label.
pub(super) fn holds_text(dom: &Dom, cell: NodeId) -> bool {
    dom.descendants(cell).take(PARTS).any(|below| dom.text(below).is_some_and(|text| !text.trim().is_empty()))
}

/// In nodes.
const PARTS: usize = 20;
/// In bytes.
const MAX_LABEL: usize = 60;
