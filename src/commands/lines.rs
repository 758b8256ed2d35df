//! Lines of JSON as they are read: numbered from 1, blank ones left out.

use std::io::{self, BufRead, BufReader, Read};

pub fn of(reader: impl Read) -> impl Iterator<Item = (usize, io::Result<String>)> {
    let numbered = (1..).zip(BufReader::new(reader).lines());
    let unmarked = numbered.map(|(number, line)| (number, if number == 1 { line.map(without_mark) } else { line }));
    unmarked.filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim().is_empty()))
}

/// Without the byte order mark that editors and shells of Windows put before a text in UTF-8.
fn without_mark(text: String) -> String {
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}
