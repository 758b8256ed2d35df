//! Tables that are drawn with characters or written as lists, for formats of plain text: rows of cells, the first of them the header.

/// `=== ====`: a border of a simple table.
pub(super) fn is_simple_border(line: &str) -> bool {
    line.starts_with('=') && line.contains(' ') && line.bytes().all(|byte| matches!(byte, b'=' | b' '))
}

/// Each line is looked at for each.
const MOST_COLUMNS: usize = 60;

/// Columns are where the border's runs are; a line whose first cell is empty goes on with the row above. Rows end with their last cell that is
/// not empty, as a short border may stand above any number of short lines.
pub(super) fn simple(lines: &[&str]) -> Option<Vec<Vec<String>>> {
    let border = lines.first()?;
    let (mut columns, mut ends) = (Vec::new(), Vec::new());
    let mut at = 0;
    for run in border.split_inclusive(' ') {
        if run.trim_end() != "" {
            columns.push(at);
            ends.push(at + run.trim_end().len());
        }
        at += run.len();
    }
    if columns.len() > MOST_COLUMNS {
        return None;
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut borders = 0;
    for line in &lines[1..] {
        let bare = line.trim();
        if bare.is_empty() || bare.bytes().all(|byte| matches!(byte, b'=' | b'-' | b' ')) && bare.len() > 2 {
            borders += usize::from(is_simple_border(bare));
            continue;
        }
        let mut cells = Vec::new();
        let (mut first, length) = (0, line.chars().count());
        for next in 1..=columns.len() {
            if columns[next - 1] >= length {
                break;
            }
            // What stands between two columns belongs to both: the cell spans them.
            let spans = columns.get(next).is_some_and(|to| !slice(line, ends[next - 1], Some(*to)).is_empty());
            if !spans {
                cells.resize(first, "");
                cells.push(slice(line, columns[first], columns.get(next).copied()));
                first = next;
            }
        }
        // It spans all columns up to the last that the line reaches.
        if first < columns.len() && cells.len() <= first && columns[first] < length {
            cells.resize(first, "");
            cells.push(slice(line, columns[first], None));
        }
        while cells.len() > 1 && cells.last().is_some_and(|cell| cell.is_empty()) {
            cells.pop();
        }
        match rows.last_mut() {
            Some(above) if cells.first().is_none_or(|cell| cell.is_empty()) => {
                if above.len() < cells.len() {
                    above.resize(cells.len(), String::new());
                }
                for (cell, more) in above.iter_mut().zip(cells).filter(|(_, more)| !more.is_empty()) {
                    cell.push(' ');
                    cell.push_str(more);
                }
            }
            _ => rows.push(cells.into_iter().map(str::to_owned).collect()),
        }
    }
    // Without a border below the header there is none.
    if borders == 1 && !rows.is_empty() {
        rows.insert(0, vec![String::new(); columns.len()]);
    }
    (!rows.is_empty()).then(|| trimmed(rows))
}

/// None where cells span columns or rows.
pub(super) fn grid(lines: &[&str]) -> Option<Vec<Vec<String>>> {
    let border = lines.first()?;
    let columns: Vec<usize> = border.match_indices('+').map(|(at, _)| at).collect();
    if columns.len() > MOST_COLUMNS {
        return None;
    }
    let mut rows = Vec::new();
    let mut row = vec![String::new(); columns.len().checked_sub(1)?];
    let mut has_header = false;
    for line in &lines[1..] {
        if line.trim_start().starts_with('+') {
            has_header |= line.contains('=') && rows.is_empty();
            if line.match_indices('+').map(|(at, _)| at).ne(columns.iter().copied()) {
                return None;
            }
            rows.push(std::mem::replace(&mut row, vec![String::new(); columns.len() - 1]));
            continue;
        }
        // Columns are counted in characters.
        let chars: Vec<(usize, char)> = line.char_indices().collect();
        for (cell, ends) in row.iter_mut().zip(columns.windows(2)) {
            let (Some((from, '|')), Some((to, '|'))) = (chars.get(ends[0]), chars.get(ends[1])) else { return None };
            let text = line[from + 1..*to].trim();
            if !text.is_empty() {
                cell.push_str(if cell.is_empty() { "" } else { " " });
                cell.push_str(text);
            }
        }
    }
    if !has_header && !rows.is_empty() {
        rows.insert(0, vec![String::new(); columns.len() - 1]);
    }
    (!rows.is_empty()).then_some(rows)
}

/// A list of lists: `* - cell` begins a row, `- cell` at the same column a cell.
pub(super) fn list(lines: &[&str]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut column = None;
    for line in lines {
        let at = line.len() - line.trim_start().len();
        let bare = line.trim();
        if let Some(first) = bare.strip_prefix("* -").filter(|_| column.is_none_or(|column| column == at)) {
            column = Some(at);
            rows.push(vec![first.trim().to_owned()]);
        } else if let Some(row) = rows.last_mut() {
            match bare
                .strip_prefix('-')
                .filter(|rest| column.is_some_and(|column| at == column + 2) && (rest.is_empty() || rest.starts_with(' ')))
            {
                Some(cell) => row.push(cell.trim().to_owned()),
                None => {
                    if let Some(cell) = row.last_mut().filter(|_| !bare.is_empty()) {
                        cell.push_str(if cell.is_empty() { "" } else { " " });
                        cell.push_str(bare);
                    }
                }
            }
        }
    }
    rows
}

/// The cells of one line, in quotes where they hold commas.
pub(super) fn comma_separated(line: &str) -> Vec<String> {
    separated(line, ',')
}

/// The same with another character in place of the comma.
pub(super) fn separated(line: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cells.last_mut().map(|cell| cell.push('"')).unwrap_or_default();
            }
            '"' => quoted = !quoted,
            c if c == separator && !quoted => cells.push(String::new()),
            c => cells.last_mut().map(|cell| cell.push(c)).unwrap_or_default(),
        }
    }
    trimmed(vec![cells]).pop().unwrap_or_default()
}

/// Characters of a line from one column to before another.
fn slice(line: &str, from: usize, to: Option<usize>) -> &str {
    let mut places = line.char_indices().map(|(at, _)| at).chain([line.len()]);
    let Some(start) = places.nth(from) else { return "" };
    let end = to.and_then(|to| places.nth(to - from - 1)).unwrap_or(line.len());
    line[start..end].trim()
}

fn trimmed(rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.into_iter().map(|row| row.into_iter().map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_line_are_separated() {
        assert_eq!(comma_separated("a, \"b, \"\"c\"\"\" ,"), ["a", "b, \"c\"", ""]);
        assert_eq!(separated("a;\"b;c\",d", ';'), ["a", "b;c,d"]);
        assert_eq!(slice("é b", 2, None), "b");
        assert_eq!(slice("é", 2, Some(5)), "");
    }

    #[test]
    fn a_grid_with_spans_is_none() {
        assert_eq!(grid(&["+--+--+", "| a   |", "+--+--+"]), None);
        assert_eq!(grid(&["+"]), None);
        assert_eq!(simple(&["== =="]), None);
        assert_eq!(simple(&["==  ==", "a bc d", "== =="]).unwrap()[1], ["a bc d"]);
        assert_eq!(simple(&["== == ==", "a  bc", "   x  y", "== == =="]).unwrap()[1], ["a", "bc x", "y"]);
        assert_eq!(simple(&["==  ==  ==", "abcdefg", "==  ==  =="]).unwrap()[1], ["abcdefg"]);
        // Cells that are not there take no room.
        let border = "= ".repeat(60);
        let lines: Vec<&str> = std::iter::once(border.trim()).chain(std::iter::repeat_n("a b", 1_000)).collect();
        assert_eq!(simple(&lines).unwrap().iter().map(Vec::len).sum::<usize>(), 2_000);
        assert_eq!(simple(&["==  ==", "a   long  text", "== =="]).unwrap()[1], ["a", "long  text"]);
    }
}
