//! Finds the code examples of a section: each block with its language and the prose that says what it is for.

use crate::model::{Chunk, ChunkKind, plain};

use super::Section;
use super::cut::{chars, cut};
use super::headings::Headings;
use super::markdown::{Block, BlockKind};
use super::measure::Measure;
use super::pot::Pot;

/// A block of one line is an example only from this length on: shorter ones are names and prompts, found by the text around them.
const MIN_LINE_CHARS: usize = 40;

/// Characters of prose before a block that say what it is for.
const CONTEXT_BEFORE: usize = 300;

/// Characters of prose after it.
const CONTEXT_AFTER: usize = 150;

/// How many times as long as other chunks an example may be before it is cut: half of a program answers nothing, and what a model does
/// not read of it is told by its names.
const LONGER: usize = 4;

/// The examples of one section, each with its start in the document. One that is far over the limit becomes several.
pub(super) fn examples(section: &Section<'_>, max: usize, measure: Option<&Measure<'_>>, pot: &mut Pot) -> Vec<(usize, Chunk)> {
    let mut examples = Vec::new();
    let mut headings = None;
    // The last words of the prose read last: many blocks may stand behind one paragraph.
    let mut before = String::new();
    for (index, block) in section.body.iter().enumerate() {
        if is_prose(block) {
            before = last_words(block.raw, CONTEXT_BEFORE);
        }
        let BlockKind::Fence(fence) = &block.kind else { continue };
        let lines = fence.code.lines().filter(|line| !line.trim().is_empty()).count();
        if lines < 2 && chars(fence.code.trim()) < MIN_LINE_CHARS {
            continue;
        }
        let after = section.body.get(index + 1).filter(|block| is_prose(block)).map_or("", |block| block.raw);
        let context = context(&before, after, measure);
        let headings = headings.get_or_insert_with(|| Headings::of(&section.path, measure));
        for (part, _) in cut(&fence.code, LONGER * max, &chars) {
            let text = part.trim_matches(['\n', '\r']).trim_end();
            if text.trim().is_empty() {
                continue;
            }
            let heading_path = pot.path(&headings.shown, 0);
            let context = if pot.takes(context.len()) { context.clone() } else { String::new() };
            let kind = ChunkKind::Code { language: fence.language.clone(), context };
            examples.push((block.start, Chunk { ordinal: 0, heading_path, text: text.to_owned(), kind, anchor: None }));
        }
    }
    examples
}

/// The words around a block: fewer where they would leave the code too little of what a model reads.
fn context(before: &str, after: &str, measure: Option<&Measure<'_>>) -> String {
    let (mut most_before, mut most_after) = (CONTEXT_BEFORE, CONTEXT_AFTER);
    loop {
        let parts = [last_words(before, most_before), first_words(after, most_after)];
        let context = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
        match measure {
            Some(measure) if !measure.is_within(&plain(&context), measure.most() / CONTEXT_SHARE) => {
                (most_before, most_after) = (most_before / 2, most_after / 2);
            }
            _ => return context,
        }
    }
}

/// The part of what a model reads that the words around code may take: one in so many.
const CONTEXT_SHARE: usize = 3;

fn is_prose(block: &Block<'_>) -> bool {
    matches!(block.kind, BlockKind::Prose) && !block.raw.trim().is_empty()
}

/// The last words of a text on one line, of at most so many characters.
fn last_words(text: &str, limit: usize) -> String {
    let (mut words, mut room) = (Vec::new(), limit);
    for word in text.split_whitespace().rev() {
        let length = chars(word) + usize::from(!words.is_empty());
        if length > room {
            // A word longer than all that is wanted is better than none.
            if words.is_empty() && limit > 0 {
                words.extend(word.char_indices().rev().nth(limit - 1).map(|(at, _)| &word[at..]));
            }
            break;
        }
        room -= length;
        words.push(word);
    }
    words.reverse();
    words.join(" ")
}

/// Its first words likewise.
fn first_words(text: &str, limit: usize) -> String {
    let (mut words, mut room) = (Vec::new(), limit);
    for word in text.split_whitespace() {
        let length = chars(word) + usize::from(!words.is_empty());
        if length > room {
            if words.is_empty() {
                words.extend(word.char_indices().nth(limit).map(|(at, _)| &word[..at]));
            }
            break;
        }
        room -= length;
        words.push(word);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_around_are_cut_between_words() {
        assert_eq!((last_words("a bb\n  ccc", 6), first_words(" a bb\n  ccc", 5)), ("bb ccc".to_owned(), "a bb".to_owned()));
        assert_eq!((last_words("abcdef", 3), first_words("abcdef", 3)), ("def".to_owned(), "abc".to_owned()));
        assert_eq!((last_words(" ", 3), first_words("ab", 3)), (String::new(), "ab".to_owned()));
    }
}
