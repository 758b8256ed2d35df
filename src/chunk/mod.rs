//! Cuts a document into chunks that can be found and answered on their own. Pure.
//!
//! Prose is cut along the headings, then along blocks, lines, sentences and words; every code block is an example besides.
//! Knows markdown, but neither the model that will read the chunks nor the store that keeps them.

mod code;
mod markdown;

use std::ops::Range;

use crate::model::{Chunk, ChunkKind, Document};

use self::markdown::{Block, BlockKind, Fence, scan};

/// How large chunks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Characters in one chunk's text, at most; values below 256 are taken as 256. Default 1,400: a sentence model of
    /// 256 tokens sees about 1,200 of English prose, and sections are halved rather than filled up, so most chunks are below that.
    /// Smaller chunks find less by words and cost more to embed.
    pub max_chars: usize,
    /// A section with fewer characters shares a chunk with the sections after it under the same parent. Default 200.
    pub min_chars: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_chars: 1_400, min_chars: 200 }
    }
}

/// A document's chunks, text and code, in the order of the document.
///
/// The headings that a chunk stands under are in its path and not in its text, but where one chunk holds several sections.
/// Code fences are whole, unless one alone is over the limit: then each part is fenced again. Of a table cut in two, both parts have
/// the header. No text is lost: what is not in a text chunk is in a heading path.
///
/// ```
/// use smolcrawl::chunk::{self, Config};
/// use smolcrawl::model::Document;
///
/// let document = Document {
///     url: "https://docs.test/tasks".parse().unwrap(),
///     title: "Tasks".into(),
///     markdown: "# Tasks\n\n## Cancel\n\nDropping a task cancels it.\n".into(),
///     validators: Default::default(),
///     fetched_at: std::time::SystemTime::UNIX_EPOCH,
/// };
/// let chunks = chunk::split(&document, &Config::default());
/// assert_eq!(chunks[0].heading_path, ["Tasks", "Cancel"]);
/// assert_eq!(chunks[0].text, "Dropping a task cancels it.");
/// ```
pub fn split(document: &Document, config: &Config) -> Vec<Chunk> {
    let max = config.max_chars.max(256);
    let blocks = scan(&document.markdown);
    let sections = sections(&blocks);
    let mut found: Vec<(usize, Chunk)> = Vec::new();
    for group in groups(&sections, config.min_chars.min(max), max) {
        let path = common_path(group);
        found.extend(
            texts(group, path, max)
                .into_iter()
                .map(|(start, text)| (start, Chunk { ordinal: 0, heading_path: path.to_vec(), text, kind: ChunkKind::Text })),
        );
    }
    found.extend(sections.iter().flat_map(|section| code::examples(section, max)));
    // Stable: a text chunk precedes the examples that are found at its own start.
    found.sort_by_key(|(start, _)| *start);
    let chunks = found.into_iter().map(|(_, chunk)| chunk).zip(0..);
    chunks.map(|(chunk, ordinal)| Chunk { ordinal, ..chunk }).collect()
}

/// A heading with what stands below it, up to the next heading of any level.
struct Section<'a> {
    path: Vec<String>,
    /// Of the heading; 0 for what stands before the first one.
    level: usize,
    /// Where the section starts in the document, in bytes.
    start: usize,
    body: &'a [Block<'a>],
    /// Characters of the body.
    size: usize,
}

impl Section<'_> {
    fn heading(&self) -> String {
        format!("{} {}\n\n", "#".repeat(self.level), self.path.last().map_or("", String::as_str))
    }
}

fn sections<'a>(blocks: &'a [Block<'a>]) -> Vec<Section<'a>> {
    let mut sections = Vec::new();
    let mut open: Vec<(usize, String)> = Vec::new();
    let (mut at, mut level, mut start) = (0, 0, 0);
    while at < blocks.len() || at == 0 {
        if let Some(BlockKind::Heading { level: own, title }) = blocks.get(at).map(|block| &block.kind) {
            open.retain(|(outer, _)| outer < own);
            open.push((*own, title.clone()));
            (level, start) = (*own, blocks[at].start);
            at += 1;
        }
        let end =
            blocks[at..].iter().position(|block| matches!(block.kind, BlockKind::Heading { .. })).map_or(blocks.len(), |next| at + next);
        let body = &blocks[at..end];
        let size = body.iter().map(|block| chars(block.raw.trim_end())).sum();
        sections.push(Section { path: open.iter().map(|(_, title)| title.clone()).collect(), level, start, body, size });
        if end == blocks.len() {
            break;
        }
        at = end;
    }
    drop_bare_parents(&mut sections);
    sections
}

/// A heading with nothing of its own below is in the paths of its children.
fn drop_bare_parents(sections: &mut Vec<Section<'_>>) {
    let is_bare_parent = |pair: &[Section<'_>]| pair[0].size == 0 && pair[1].path.starts_with(&pair[0].path);
    let mut keep: Vec<bool> = sections.windows(2).map(|pair| !is_bare_parent(pair)).collect();
    keep.push(sections.last().is_some_and(|last| last.size > 0 || last.level > 0));
    let mut keep = keep.into_iter();
    sections.retain(|_| keep.next().unwrap_or(true));
}

/// Runs of sections that share a chunk: small ones are joined with their next sibling or first child.
fn groups<'s, 'a>(sections: &'s [Section<'a>], min: usize, max: usize) -> Vec<&'s [Section<'a>]> {
    let mut groups = Vec::new();
    let mut rest = sections;
    while let Some(first) = rest.first() {
        let size = |section: &Section<'_>| section.size + chars(&section.heading()) + 2 * section.body.len();
        let (mut count, mut joined) = (1, size(first));
        while let Some(next) = rest.get(count)
            && joined < min
            && joined + size(next) <= max
            && common_path(&rest[..=count]).len() + 1 >= first.path.len()
        {
            joined += size(next);
            count += 1;
        }
        let (group, after) = rest.split_at(count);
        groups.push(group);
        rest = after;
    }
    groups
}

fn common_path<'s>(group: &'s [Section<'_>]) -> &'s [String] {
    let Some((first, others)) = group.split_first() else { return &[] };
    let shared = |other: &Section<'_>| first.path.iter().zip(&other.path).take_while(|(ours, theirs)| ours == theirs).count();
    &first.path[..others.iter().map(shared).fold(first.path.len(), usize::min)]
}

/// The texts of a group of sections, each with its start in the document.
fn texts(group: &[Section<'_>], path: &[String], max: usize) -> Vec<(usize, String)> {
    let mut parts: Vec<(usize, String)> = Vec::new();
    for section in group {
        let mut heading = if section.path.len() > path.len() || section.size == 0 { section.heading() } else { String::new() };
        if section.size == 0 {
            parts.push((section.start, std::mem::take(&mut heading)));
        }
        for block in section.body {
            // A heading goes with the block below it.
            let before = std::mem::take(&mut heading);
            parts.extend(pieces(block, max).into_iter().map(|piece| (block.start, piece)));
            if !before.is_empty()
                && let Some((_, first)) = parts.iter_mut().rfind(|(start, _)| *start == block.start)
            {
                first.insert_str(0, &before);
            }
        }
    }
    let sizes: Vec<usize> = parts.iter().map(|(_, text)| chars(text)).collect();
    let joined = pack(&sizes, max).into_iter().map(|run| {
        let text: String = parts[run.clone()].iter().map(|(_, text)| text.as_str()).collect();
        (parts[run.start].0, balanced(without_blank_ends(&text)))
    });
    joined.filter(|(_, text)| !text.is_empty()).collect()
}

/// The block, or parts of it that fit the limit and can be read on their own.
fn pieces(block: &Block<'_>, max: usize) -> Vec<String> {
    let whole = match &block.kind {
        BlockKind::Fence(Fence { closed: false, closer, .. }) => {
            let line_end = if block.raw.ends_with('\n') { "" } else { "\n" };
            format!("{}{line_end}{closer}", block.raw)
        }
        _ => block.raw.to_owned(),
    };
    if chars(whole.trim_end()) <= max {
        return vec![whole];
    }
    match &block.kind {
        BlockKind::Fence(fence) if 2 * (chars(fence.opener) + chars(&fence.closer) + 1) <= max => {
            let room = max - chars(fence.opener).max(chars(&fence.reopener)) - chars(&fence.closer) - 1;
            let parts = cut(fence.body, room).into_iter().enumerate();
            parts
                .map(|(index, part)| {
                    let opener = if index == 0 { fence.opener } else { &fence.reopener };
                    let line_end = if part.ends_with('\n') { "" } else { "\n" };
                    format!("{opener}{part}{line_end}{}\n", fence.closer.trim_end_matches('\n'))
                })
                .collect()
        }
        BlockKind::Table { header } if 2 * chars(header) <= max => {
            let rows = &block.raw[header.len()..];
            cut(rows, max - chars(header)).into_iter().map(|part| format!("{header}{part}")).collect()
        }
        _ => cut(block.raw, max).into_iter().map(str::to_owned).collect(),
    }
}

/// Closes a fence that was opened by where a line was cut or by losing the list it stood in.
fn balanced(text: &str) -> String {
    let open = scan(text).into_iter().find_map(|block| match block.kind {
        BlockKind::Fence(Fence { closed: false, closer, .. }) => Some(closer),
        _ => None,
    });
    match open {
        Some(closer) => format!("{text}\n{}", closer.trim_end()),
        None => text.to_owned(),
    }
}

/// Consecutive parts of `text` of at most `max` characters and of about one size, cut where it hurts least.
fn cut(text: &str, max: usize) -> Vec<&str> {
    cut_at(text, max, &[paragraph_ends, line_ends, sentence_ends, word_ends])
}

/// Positions in a text after which it may be cut.
type Ends = fn(&str) -> Vec<usize>;

/// As deep as there are kinds of ends: a unit that is too long is cut at the next finer ones.
fn cut_at<'a>(text: &'a str, max: usize, finer: &[Ends]) -> Vec<&'a str> {
    if chars(text) <= max {
        return vec![text];
    }
    let Some((ends, finer)) = finer.split_first() else { return cut_anywhere(text, max) };
    let mut units = Vec::new();
    let mut start = 0;
    for end in ends(text).into_iter().chain([text.len()]).filter(|&end| end > 0) {
        if end > start {
            units.extend(cut_at(&text[start..end], max, finer));
            start = end;
        }
    }
    let sizes: Vec<usize> = units.iter().map(|unit| chars(unit)).collect();
    let mut start = 0;
    let runs = pack(&sizes, max).into_iter().map(|run| {
        let length: usize = units[run].iter().map(|unit| unit.len()).sum();
        start += length;
        &text[start - length..start]
    });
    runs.collect()
}

fn paragraph_ends(text: &str) -> Vec<usize> {
    let mut after_blank = false;
    let mut ends = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let blank = line.trim().is_empty();
        if after_blank && !blank {
            ends.push(at);
        }
        after_blank = blank;
        at += line.len();
    }
    ends
}

fn line_ends(text: &str) -> Vec<usize> {
    text.match_indices('\n').map(|(at, _)| at + 1).collect()
}

fn sentence_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && matches!(before, '.' | '!' | '?' | ';' | ':') {
            ends.push(at + c.len_utf8());
        }
        if matches!(c, '。' | '！' | '？') {
            ends.push(at + c.len_utf8());
        }
        before = c;
    }
    ends
}

fn word_ends(text: &str) -> Vec<usize> {
    text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, c)| at + c.len_utf8()).collect()
}

fn cut_anywhere(text: &str, max: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((limit, _)) = rest.char_indices().nth(max) {
        let boundaries = rest[..limit].char_indices().rev().map(|(at, _)| at).take(16);
        let at = std::iter::once(limit).chain(boundaries).find(|&at| at > 0 && !splits_a_grapheme(rest, at)).unwrap_or(limit);
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// Combining marks, joiners, variation selectors and skin tones belong to the character before them.
fn splits_a_grapheme(text: &str, at: usize) -> bool {
    let extends = |c| matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    text[at..].starts_with(extends) || text[..at].ends_with('\u{200d}')
}

/// Runs of consecutive parts, each of at most `max` in sum (but for a part that is larger alone), about equal in size.
fn pack(sizes: &[usize], max: usize) -> Vec<Range<usize>> {
    let total: usize = sizes.iter().sum();
    let target = total / total.div_ceil(max.max(1)).max(1);
    let mut runs = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (index, size) in sizes.iter().enumerate() {
        if index > start && (sum + size > max || sum + size / 2 > target) {
            runs.push(start..index);
            (start, sum) = (index, 0);
        }
        sum += size;
    }
    if start < sizes.len() {
        runs.push(start..sizes.len());
    }
    runs
}

/// The indentation of the first line is part of the markdown, empty lines around are not.
fn without_blank_ends(text: &str) -> &str {
    let text = text.trim_end();
    let lead = text.len() - text.trim_start().len();
    &text[text[..lead].rfind('\n').map_or(0, |newline| newline + 1)..]
}

fn chars(text: &str) -> usize {
    text.chars().count()
}
