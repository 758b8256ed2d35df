//! The last look at what was read, whatever it was read from: nothing in it commands a terminal or an eye. Formats undo escapes of their
//! own after their source was looked at, and each has several.
//!
//! Text keeps new lines and tabs of all control characters (C0, C1, DEL), and the marks of direction that Arabic and Hebrew text has
//! within it (U+061C, U+200E, U+200F); names (title, headings, anchors, metadata) have neither. What turns the direction of all that
//! follows (U+202A to U+202E, U+2066 to U+2069) is in neither.

use crate::extract::Reading;
use crate::extract::escape::{is_command, is_direction, is_smuggled, visible};
use crate::model::Metadata;

pub(super) fn settle(reading: &mut Reading) {
    let Reading { title, text, outline, code, metadata, notes, shipped: _ } = reading;
    let offsets = outline.iter_mut().map(|heading| &mut heading.offset).chain(code.iter_mut().map(|block| &mut block.offset));
    settle_text(text, offsets.collect());
    name(title);
    for heading in outline {
        name(&mut heading.text);
        // A part of an address is not repaired.
        heading.anchor.take_if(|anchor| anchor.contains(is_unnamed));
    }
    for block in code {
        block.language.iter_mut().for_each(name);
    }
    for note in notes {
        name(&mut note.begins);
    }
    let Metadata { description, language, published, modified, author, generator, software, version, translations, canonical: _ } =
        metadata;
    let values = [description, language, published, modified, author, generator, software, version];
    values.into_iter().flatten().for_each(name);
    translations.iter_mut().for_each(|translation| name(&mut translation.language));
}

/// Offsets are places in the text.
fn settle_text(text: &mut String, mut offsets: Vec<&mut usize>) {
    let is_odd = |c: char| is_command(c) && !matches!(c, '\n' | '\t') || is_smuggled(c);
    if !text.contains(is_odd) {
        return;
    }
    offsets.sort_unstable_by_key(|offset| **offset);
    let mut settled = String::with_capacity(text.len() + 64);
    let mut from = 0;
    // The parts between them are looked at one by one, so that a place is where it was.
    for offset in offsets {
        let to = (*offset).clamp(from, text.len());
        settled.push_str(&visible(&text[from..to]));
        *offset = settled.len();
        from = to;
    }
    settled.push_str(&visible(&text[from..]));
    *text = settled;
}

fn name(text: &mut String) {
    if text.contains(is_unnamed) {
        text.retain(|c| !is_unnamed(c) || c == '\t');
        *text = text.replace('\t', " ");
    }
}

fn is_unnamed(c: char) -> bool {
    is_command(c) || is_direction(c) || is_smuggled(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CodeBlock, Heading};

    #[test]
    fn places_stay_where_they_were() {
        let text = "# A\u{1b}b\n\n```\n\u{9b}\n```\n\n## C\u{202e}".to_owned();
        let heading = |level, text: &str, offset| Heading { level, text: text.to_owned(), anchor: Some("a\u{7}".to_owned()), offset };
        let (fence, last) = (text.find("```").unwrap(), text.find("## ").unwrap());
        let mut reading = Reading {
            title: "A\u{1b}\u{200f}b".to_owned(),
            outline: vec![heading(1, "A\u{1b}b", 0), heading(2, "C", last)],
            code: vec![CodeBlock { offset: fence, language: None, inferred: false }],
            text,
            ..Reading::default()
        };
        settle(&mut reading);
        assert_eq!(reading.title, "Ab");
        assert_eq!(reading.outline[0].text, "Ab");
        assert_eq!(reading.outline[0].anchor, None);
        assert!(reading.text[reading.outline[1].offset..].starts_with("## C"));
        assert!(reading.text[reading.code[0].offset..].starts_with("```\n\u{fffd}\n"));
        assert!(!reading.text.contains(|c: char| c.is_control() && c != '\n'));
    }
}
