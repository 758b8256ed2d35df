//! Tells tables of data from tables that are layout, and lays the former's cells out on a grid.

use crate::extract::article::Article;
use crate::extract::dom::{Dom, NodeId};

/// A table of data: every row has as many places, the first is the header.
pub(super) struct Cells {
    pub(super) captions: Vec<NodeId>,
    pub(super) rows: Vec<Vec<Option<NodeId>>>,
}

/// `None` where the table is layout, or holds what no cell of a markdown table can.
pub(super) fn cells(dom: &Dom, article: &Article, table: NodeId) -> Option<Cells> {
    if matches!(dom.attribute(table, "role"), Some("presentation" | "none")) {
        return None;
    }
    let (mut captions, mut rows, mut cells) = (Vec::new(), Vec::new(), 0);
    let mut next = dom.first_child(table);
    while let Some(node) = next {
        let mut inside = false;
        match dom.name(node).map(|name| &**name) {
            _ if article.is_left_out(node) => {}
            Some("thead" | "tbody" | "tfoot") => inside = true,
            Some("caption") => captions.push(node),
            Some("tr") => {
                let row: Vec<_> =
                    dom.children(node).filter(|cell| (dom.is(*cell, "td") || dom.is(*cell, "th")) && !article.is_left_out(*cell)).collect();
                cells += row.len();
                if !row.is_empty() {
                    rows.push(row);
                }
            }
            _ => {}
        }
        next = dom.first_child(node).filter(|_| inside).or_else(|| dom.following(node, table));
    }
    let columns = rows.iter().map(Vec::len).max()?;
    if columns < 2 || cells > MAX_CELLS || rows.len() < 2 && !rows.iter().flatten().any(|cell| dom.is(*cell, "th")) {
        return None;
    }
    for cell in rows.iter().flatten() {
        let mut length = 0;
        for below in dom.descendants(*cell) {
            length += dom.text(below).map_or(0, str::len);
            if dom.name(below).is_some_and(|name| matches!(&**name, "table" | "pre" | "h1" | "h2" | "h3" | "h4")) {
                return None;
            }
        }
        if length > MAX_CELL {
            return None;
        }
    }
    Some(Cells { captions, rows: grid(dom, &rows) })
}

/// Longer text than this is not looked up in a column.
const MAX_CELL: usize = 4_000;
const MAX_CELLS: usize = 200_000;
/// Wider than any table that is read; `colspan` may say anything.
const MAX_COLUMNS: usize = 60;

fn grid(dom: &Dom, rows: &[Vec<NodeId>]) -> Vec<Vec<Option<NodeId>>> {
    let span = |cell: NodeId, name: &str| dom.attribute(cell, name).and_then(|span| span.trim().parse::<usize>().ok()).unwrap_or(1).max(1);
    let mut grid = Vec::with_capacity(rows.len());
    // For each column, how many rows a cell from above still covers.
    let mut covered: Vec<usize> = Vec::new();
    for row in rows {
        let mut places = Vec::new();
        let mut cells = row.iter();
        loop {
            let column = places.len();
            if covered.get(column).is_some_and(|rows| *rows > 0) {
                covered[column] -= 1;
                places.push(None);
                continue;
            }
            let Some(cell) = cells.next().filter(|_| column < MAX_COLUMNS) else { break };
            let below = span(*cell, "rowspan").min(rows.len()) - 1;
            let width = span(*cell, "colspan").min(MAX_COLUMNS - column);
            covered.resize(covered.len().max(column + width), 0);
            for offset in 0..width {
                places.push((offset == 0).then_some(*cell));
                covered[column + offset] = below;
            }
        }
        grid.push(places);
    }
    let columns = grid.iter().map(Vec::len).max().unwrap_or(0);
    for places in &mut grid {
        places.resize(columns, None);
    }
    grid
}
