//! Finds the code examples of a section: each block with its language and the prose that says what it is for.

use crate::model::{Chunk, ChunkKind};

use super::Section;
use super::cut::{chars, cut};
use super::markdown::{Block, BlockKind};

/// A block of one line is an example only from this length on: shorter ones are names and prompts, found by the text around them.
const MIN_LINE_CHARS: usize = 40;

/// Characters of prose before a block that say what it is for.
const CONTEXT_BEFORE: usize = 300;

/// Characters of prose after it.
const CONTEXT_AFTER: usize = 150;

/// The examples of one section, each with its start in the document. One that is over the limit becomes several.
pub(super) fn examples(section: &Section<'_>, max: usize) -> Vec<(usize, Chunk)> {
    let mut examples = Vec::new();
    for (index, block) in section.body.iter().enumerate() {
        let BlockKind::Fence(fence) = &block.kind else { continue };
        let lines = fence.code.lines().filter(|line| !line.trim().is_empty()).count();
        if lines < 2 && chars(fence.code.trim()) < MIN_LINE_CHARS {
            continue;
        }
        let context = context(&section.body[..index], section.body.get(index + 1));
        for part in cut(&fence.code, max) {
            let text = part.trim_matches(['\n', '\r']).trim_end();
            if text.trim().is_empty() {
                continue;
            }
            let kind = ChunkKind::Code { language: fence.language.clone(), context: context.clone() };
            examples.push((block.start, Chunk { ordinal: 0, heading_path: section.path.clone(), text: text.to_owned(), kind }));
        }
    }
    examples
}

/// The nearest prose before the block, and the prose right after it.
fn context(before: &[Block<'_>], after: Option<&Block<'_>>) -> String {
    let is_prose = |block: &&Block<'_>| matches!(block.kind, BlockKind::Prose) && !block.raw.trim().is_empty();
    let before = before.iter().rfind(is_prose).map(|block| one_line(block.raw)).unwrap_or_default();
    let after = after.filter(is_prose).map(|block| one_line(block.raw)).unwrap_or_default();
    let parts = [last_words(&before, CONTEXT_BEFORE), first_words(&after, CONTEXT_AFTER)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn last_words(text: &str, limit: usize) -> &str {
    match chars(text).checked_sub(limit) {
        None | Some(0) => text,
        Some(excess) => {
            let start = text.char_indices().nth(excess).map_or(text.len(), |(at, _)| at);
            text[start..].split_once(' ').map_or(&text[start..], |(_, words)| words)
        }
    }
}

fn first_words(text: &str, limit: usize) -> &str {
    match text.char_indices().nth(limit) {
        None => text,
        Some((end, _)) => text[..end].rsplit_once(' ').map_or(&text[..end], |(words, _)| words),
    }
}
