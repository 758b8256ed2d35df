//! How much of an answer fits: what a model reads is counted in characters of the JSON that carries it. Pure.

use serde::Serialize;

use crate::mcp::ToolError;
use crate::model::part_end;

/// What an answer may have where the caller does not say: about 5,000 tokens.
pub const DEFAULT: u32 = 20_000;
const LEAST: u32 = 1_000;
/// Far below what one message may have, whatever the characters are.
const MOST: u32 = 500_000;

/// `value` if it lies within bounds.
pub fn within(name: &str, value: u32, least: u32, most: u32) -> Result<u32, ToolError> {
    match (least..=most).contains(&value) {
        true => Ok(value),
        false => Err(ToolError::new(format!("{name} is {value}")).hint(format!("{name} may be {least} to {most}"))),
    }
}

/// The room for what an answer is about, beside its `envelope`: the answer with nothing in it.
pub fn room(max_chars: u32, envelope: &impl Serialize) -> Result<usize, ToolError> {
    let max_chars = within("max_chars", max_chars, LEAST, MOST)? as usize;
    Ok(max_chars.saturating_sub(cost(envelope) + NOTICE))
}

/// Characters of a value as JSON.
pub fn cost(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |json| json.chars().count())
}

/// One line of a report, cut where it is endless: a URL may be long.
pub fn line(text: &str) -> String {
    match text.char_indices().nth(LINE) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// The end, in bytes, of the part of `text` that fits into `room` characters of JSON: see [`part_end`].
pub fn end(before: &str, text: &str, room: usize) -> usize {
    part_end(before, text, room, escaped)
}

/// Characters that one takes in JSON (RFC 8259 7).
fn escaped(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        _ => 1,
    }
}

/// Room for what is said about what was cut.
const NOTICE: usize = 500;
/// Characters of a line of a report.
const LINE: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_a_reader_would() {
        let text = "One paragraph.\n\nAnother one,\nof two lines.\n\nThe last.";
        let cut = |room| &text[..end("", text, room)];
        assert_eq!(cut(1_000), text);
        assert_eq!(cut(50), "One paragraph.\n\nAnother one,\nof two lines.\n\n");
        assert_eq!(cut(40), "One paragraph.\n\n");
        let list = "A list:\n\n- the first entry\n- the second entry\n- the third\n";
        assert_eq!(&list[..end("", list, 50)], "A list:\n\n- the first entry\n- the second entry\n", "a heading is no good part");
        assert_eq!(cut(20), "One paragraph.\n\n");
        assert_eq!(cut(5), "One p");
        assert_eq!(cut(0), "O", "whoever reads on comes to an end");
    }

    #[test]
    fn a_blank_line_of_code_ends_no_paragraph() {
        let text = "Text.\n\n```python\nx = 1\n\ny = 2\n\nz = 3\n```\n\nMore text that is long enough not to fit.";
        assert_eq!(&text[..end("", text, 34)], "Text.\n\n```python\nx = 1\n\n", "the last line where no paragraph ends");
        assert_eq!(&text[..end("", text, 60)], "Text.\n\n```python\nx = 1\n\ny = 2\n\nz = 3\n```\n\n");
        // Read on inside of the block.
        let (before, after) = text.split_at(text.find("y = 2").unwrap());
        assert_eq!(&after[..end(before, after, 25)], "y = 2\n\nz = 3\n```\n\n");
        assert_eq!(&after[..end(before, after, 16)], "y = 2\n\nz = 3\n");
    }

    #[test]
    fn every_cut_fits_and_the_parts_are_the_whole() {
        let text = "\u{1}\u{1}\"quoted\" \\ und über 東京 🦀\n\n\tcode\n".repeat(20);
        for room in [1, 6, 7, 13, 40, 100, 400] {
            let (mut at, mut parts) = (0, String::new());
            while at < text.len() {
                let length = end(&text[..at], &text[at..], room);
                let part = &text[at..at + length];
                assert!(length > 0 && (cost(&part) - 2 <= room || part.chars().count() == 1), "{room}: {part:?}");
                parts.push_str(part);
                at += length;
            }
            assert_eq!(parts, text);
        }
    }

    #[test]
    fn a_line_is_short() {
        assert_eq!(line("short"), "short");
        assert_eq!(line(&"ü".repeat(1_000)).chars().count(), LINE + 1);
    }
}
