//! Cuts a document into chunks that can be found and answered on their own. Pure.
//!
//! Prose is cut along the headings, then along blocks, lines, sentences and words; every code block is an example besides.
//! Knows markdown, but neither the model that will read the chunks nor the store that keeps them.

mod code;
mod condensed;
mod cut;
mod headings;
mod markdown;
mod measure;
mod pot;

use crate::model::{Budget, Chunk, ChunkKind, Document, Heading, Meter, OverBudget, plain};

pub use self::condensed::condensed;
use self::cut::{chars, cut, pack};
use self::headings::Headings;
use self::markdown::{Block, BlockKind, Fence, scan};
pub use self::measure::Measure;
use self::measure::Scale;
use self::pot::Pot;

/// How large chunks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Characters in one chunk's text, at most; values below 256 are taken as 256. Default 1,400: a sentence model of
    /// 256 tokens sees about 1,200 of English prose, and sections are halved rather than filled up, so most chunks are below that.
    /// Smaller chunks find less by words and cost more to embed. Where it is known what a model reads, they are within that, too.
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
/// let markdown = "# Tasks\n\n## Cancel\n\nDropping a task cancels it.\n";
/// let document = Document::new("https://docs.test/tasks".parse().unwrap(), "Tasks", markdown, std::time::SystemTime::UNIX_EPOCH);
/// let chunks = chunk::split(&document, &Config::default());
/// assert_eq!(chunks[0].heading_path, ["Tasks", "Cancel"]);
/// assert_eq!(chunks[0].text, "Dropping a task cancels it.");
/// ```
///
/// There are at most [`MOST_CHUNKS`], and together they are no more than a small multiple of the document: where short pieces stand below
/// long headings, the headings are not repeated without end.
///
/// Of a document that costs more than the default [`Budget`], which none of a page within it does, there is what was cut until then.
pub fn split(document: &Document, config: &Config) -> Vec<Chunk> {
    cut_until_over(document, config, None, &Budget::default().begin())
}

/// Chunks of one document: what stands behind them in it is not found by a search. Ten megabytes of prose have about as many.
pub const MOST_CHUNKS: usize = 20_000;

/// The same within a budget that the caller has begun on this thread: that of the page which the document was read of.
///
/// # Errors
/// Where the budget is over.
pub fn split_within(document: &Document, config: &Config, meter: &Meter) -> Result<Vec<Chunk>, OverBudget> {
    split_for(document, config, None, meter)
}

/// The same for a model, which reads so much of a passage: the [passage](Chunk::passage) of every text chunk is within that, its headings
/// within a quarter of it, of which the nearest ones win (a first "…" tells of others). A code example may be longer, and is
/// [condensed] where it is embedded.
///
/// # Errors
/// Where the budget is over.
pub fn split_for(document: &Document, config: &Config, measure: Option<&Measure<'_>>, meter: &Meter) -> Result<Vec<Chunk>, OverBudget> {
    let chunks = cut_until_over(document, config, measure, meter);
    meter.verdict().map(|()| chunks)
}

fn cut_until_over(document: &Document, config: &Config, measure: Option<&Measure<'_>>, meter: &Meter) -> Vec<Chunk> {
    let max = config.max_chars.max(256);
    let blocks = scan(&document.markdown, meter);
    let sections = sections(&blocks, measure, meter);
    let mut pot = Pot::of(document.markdown.len());
    let mut found: Vec<(usize, Chunk)> = Vec::new();
    for group in meter.each(groups(&sections, config.min_chars.min(max), max)) {
        let path = common_path(group);
        let headings = Headings::of(path, measure);
        // Of several sections the headings are in the text, and of one its own, if it is not whole above it.
        let above = path.len() - usize::from(!headings.is_nearest_whole);
        let mut own = usize::from(group.len() == 1);
        for (start, text) in texts_within(group, &headings, above, max, measure, meter) {
            let heading_path = pot.path(&headings.shown, std::mem::take(&mut own));
            found.push((start, Chunk { ordinal: 0, heading_path, text, kind: ChunkKind::Text, anchor: None }));
        }
        if found.len() > MOST_CHUNKS {
            break;
        }
    }
    for section in meter.each(&sections) {
        found.extend(code::examples(section, max, measure, &mut pot));
        if found.len() > 2 * MOST_CHUNKS {
            break;
        }
    }
    // Stable: a text chunk precedes the examples that are found at its own start.
    found.sort_by_key(|(start, _)| *start);
    found.truncate(MOST_CHUNKS);
    anchor(&mut found, &document.outline);
    let chunks = found.into_iter().map(|(_, chunk)| chunk).zip(0..);
    chunks.map(|(chunk, ordinal)| Chunk { ordinal, ..chunk }).collect()
}

/// Tells each chunk under which fragment the page opens where it stands: at its heading, or at the nearest one above that has an anchor.
fn anchor(chunks: &mut [(usize, Chunk)], outline: &[Heading]) {
    let mut outline = outline.iter().peekable();
    // Of the headings that are open, the level and the anchor.
    let mut open: Vec<(u8, Option<&str>)> = Vec::new();
    for (start, chunk) in chunks {
        while let Some(heading) = outline.next_if(|heading| heading.offset <= *start) {
            while open.pop_if(|(level, _)| *level >= heading.level).is_some() {}
            let above = open.last().and_then(|(_, anchor)| *anchor);
            open.push((heading.level, heading.anchor.as_deref().or(above)));
        }
        chunk.anchor = open.last().and_then(|(_, anchor)| anchor.map(str::to_owned));
    }
}

/// A heading with what stands below it, up to the next heading of any level.
struct Section<'a> {
    path: Vec<&'a str>,
    /// Where each of these stands: two headings may say the same.
    places: Vec<usize>,
    /// Of the heading; 0 for what stands before the first one.
    level: usize,
    /// Where the section starts in the document, in bytes.
    start: usize,
    body: &'a [Block<'a>],
    /// Characters of the body, about as many as a model takes them for.
    size: usize,
}

impl Section<'_> {
    fn heading(&self) -> String {
        format!("{} {}\n\n", "#".repeat(self.level), self.path.last().unwrap_or(&""))
    }

    /// How many headings, from the outermost on, both stand under.
    fn shares(&self, other: &Self) -> usize {
        self.places.iter().zip(&other.places).take_while(|(ours, theirs)| ours == theirs).count()
    }
}

fn sections<'a>(blocks: &'a [Block<'a>], measure: Option<&Measure<'_>>, meter: &Meter) -> Vec<Section<'a>> {
    let mut sections = Vec::new();
    let mut open: Vec<(usize, &str, usize)> = Vec::new();
    let (mut at, mut level, mut start) = (0, 0, 0);
    while at < blocks.len() || at == 0 {
        if let Some(BlockKind::Heading { level: own, title }) = blocks.get(at).map(|block| &block.kind) {
            open.retain(|(outer, ..)| outer < own);
            (level, start) = (*own, blocks[at].start);
            open.push((level, title.as_str(), start));
            at += 1;
        }
        let end =
            blocks[at..].iter().position(|block| matches!(block.kind, BlockKind::Heading { .. })).map_or(blocks.len(), |next| at + next);
        let body = &blocks[at..end];
        let size = body.iter().map(|block| roughly(block.raw.trim_end(), measure)).sum();
        let (path, places) = open.iter().map(|(_, title, place)| (*title, *place)).unzip();
        sections.push(Section { path, places, level, start, body, size });
        if end == blocks.len() {
            break;
        }
        at = end;
    }
    drop_bare_parents(&mut sections, measure, meter);
    sections
}

/// The characters of a text. To a model, one of a script without spaces is about as much as four of others.
fn roughly(text: &str, measure: Option<&Measure<'_>>) -> usize {
    match measure {
        Some(_) => text.chars().map(|c| if c >= '\u{e00}' && c.is_alphanumeric() { 4 } else { 1 }).sum(),
        None => chars(text),
    }
}

/// A heading with nothing of its own below is in the paths of its children, or of the first of them.
fn drop_bare_parents(sections: &mut Vec<Section<'_>>, measure: Option<&Measure<'_>>, meter: &Meter) {
    let is_bare_parent = |pair: &[Section<'_>]| {
        pair[0].size == 0
            && pair[1].shares(&pair[0]) == pair[0].path.len()
            && meter.goes_on_by(pair[1].path.len())
            && Headings::of(&pair[1].path, measure).is_whole
    };
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
            && is_together(&rest[..count], next)
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

/// Whether all headings above `next` and the group's sections are among what they share or in the group themselves.
fn is_together(group: &[Section<'_>], next: &Section<'_>) -> bool {
    let Some(first) = group.first() else { return true };
    let shared = common_path(group).len().min(first.shares(next));
    let parent = next.places.len().saturating_sub(1);
    shared + 1 >= first.path.len() && (parent <= shared || group.iter().any(|section| section.places == next.places[..parent]))
}

fn common_path<'s, 'a>(group: &'s [Section<'a>]) -> &'s [&'a str] {
    let Some((first, others)) = group.split_first() else { return &[] };
    &first.path[..others.iter().map(|other| first.shares(other)).fold(first.path.len(), usize::min)]
}

/// The texts of a group of sections, each with its start in the document: a model reads all of each below the headings.
fn texts_within(
    group: &[Section<'_>],
    headings: &Headings<'_>,
    above: usize,
    max: usize,
    measure: Option<&Measure<'_>>,
    meter: &Meter,
) -> Vec<(usize, String)> {
    // Most are within by their characters alone, and counted once for all.
    let mut found = texts(group, above, &Scale { max, tokens: None }, meter);
    let Some(measure) = measure else { return found };
    let path = headings.shown.join(" > ");
    let fits = |text: &str| measure.fits(&format!("{path}\n{}", plain(text)));
    let mut room = measure.most().saturating_sub(measure.of(&path) + 1).max(1);
    let length: usize = found.iter().map(|(_, text)| text.len()).sum();
    for _ in 0..if length <= LONG { TRIES } else { 1 } {
        let steps = found.iter().map(|(_, text)| 1 + text.len() / BYTES_A_STEP).sum();
        if !meter.goes_on_by(steps) || found.iter().all(|(_, text)| fits(text)) {
            return found;
        }
        found = texts(group, above, &Scale { max, tokens: Some((*measure, room)) }, meter);
        // What is cut inside of a mark may take more than it was taken for.
        room = (room - room / 8).max(1);
    }
    found.into_iter().flat_map(|(start, text)| halves(text, &fits, HALVES, meter).into_iter().map(move |text| (start, text))).collect()
}

/// The text, or parts of it that fit.
fn halves(text: String, fits: &dyn Fn(&str) -> bool, most: usize, meter: &Meter) -> Vec<String> {
    if most == 0 || fits(&text) || !meter.goes_on_by(1 + text.len() / BYTES_A_STEP) {
        return vec![text];
    }
    let middle = text.floor_char_boundary(text.len() / 2);
    let at = text[..middle].rfind(char::is_whitespace).map_or(middle, |space| text.ceil_char_boundary(space + 1));
    let parts = [&text[..at], &text[at..]].map(|part| balanced(without_blank_ends(part), meter));
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| halves(part, fits, most - 1, meter)).collect()
}

/// Ways to cut a group of sections that are tried, each with smaller parts, before those of its texts that do not fit are halved.
const TRIES: usize = 4;
/// Bytes of a group that is not cut another way for the few of its texts that do not fit: that would take as long again.
const LONG: usize = 1 << 16;
/// And so often each of these.
const HALVES: usize = 12;
/// About so much text is counted in a step of the budget.
const BYTES_A_STEP: usize = 16;

/// The texts of a group of sections, each with its start in the document. So many headings are above them, the others in them.
fn texts(group: &[Section<'_>], above: usize, scale: &Scale<'_>, meter: &Meter) -> Vec<(usize, String)> {
    let mut parts: Vec<(usize, String, usize)> = Vec::new();
    for section in group {
        let mut heading = if section.path.len() > above || section.size == 0 { section.heading() } else { String::new() };
        if section.size == 0 {
            let size = scale.of(&heading);
            parts.push((section.start, std::mem::take(&mut heading), size));
        }
        for block in meter.each(section.body) {
            // A heading goes with the block below it.
            let before = std::mem::take(&mut heading);
            let first = parts.len();
            parts.extend(pieces(block, scale).into_iter().map(|(piece, size)| (block.start, piece, size)));
            if !before.is_empty()
                && let Some((_, text, size)) = parts.get_mut(first)
            {
                *size += scale.of(&before);
                text.insert_str(0, &before);
            }
        }
    }
    let sizes: Vec<usize> = parts.iter().map(|(_, _, size)| *size).collect();
    let joined = pack(&sizes, scale.max).into_iter().map(|run| {
        let text: String = parts[run.clone()].iter().map(|(_, text, _)| text.as_str()).collect();
        (parts[run.start].0, balanced(without_blank_ends(&text), meter))
    });
    joined.filter(|(_, text)| !text.is_empty()).collect()
}

/// The block, or parts of it that fit the limit and can be read on their own, each with its size.
fn pieces(block: &Block<'_>, scale: &Scale<'_>) -> Vec<(String, usize)> {
    let whole = match &block.kind {
        BlockKind::Fence(fence) if !fence.closed => closed(fence, block.raw),
        _ => block.raw.to_owned(),
    };
    let size = scale.of(whole.trim_end());
    if size <= scale.max {
        let size = size.max(chars(&whole));
        return vec![(whole, size)];
    }
    let max = scale.max;
    let sized = |part: String| {
        let size = scale.of(&part).max(chars(&part));
        (part, size)
    };
    match &block.kind {
        BlockKind::Fence(fence) if 2 * (chars(fence.opener) + chars(&fence.closer) + 1) <= max => {
            let room = max - chars(fence.opener).max(chars(&fence.reopener)) - chars(&fence.closer) - 1;
            let parts = cut(fence.body, room, &|code| scale.of_code(code)).into_iter().enumerate();
            let fenced = parts.map(|(index, (part, _))| {
                let opener = if index == 0 { fence.opener } else { &fence.reopener };
                let line_end = if part.ends_with('\n') { "" } else { "\n" };
                format!("{opener}{part}{line_end}{}\n", fence.closer.trim_end_matches('\n'))
            });
            fenced.map(sized).collect()
        }
        BlockKind::Table { header } if 2 * scale.of(header) <= max => {
            let rows = &block.raw[header.len()..];
            let parts = cut(rows, max - scale.of(header), &|rows| scale.of(rows));
            parts.into_iter().map(|(part, _)| sized(format!("{header}{part}"))).collect()
        }
        _ => cut(block.raw, max, &|text| scale.of(text)).into_iter().map(|(part, size)| (part.to_owned(), size)).collect(),
    }
}

/// The block with the closing line that its author left to the end of the container.
fn closed(fence: &Fence<'_>, raw: &str) -> String {
    let (open, after) = raw.split_at(fence.opener.len() + fence.body.len());
    let line_end = if open.ends_with('\n') { "" } else { "\n" };
    format!("{open}{line_end}{}{after}", fence.closer)
}

/// Closes fences that were opened by where a line was cut or by losing the list they stood in.
fn balanced(text: &str, meter: &Meter) -> String {
    let blocks = scan(text, meter).into_iter().map(|block| match &block.kind {
        BlockKind::Fence(fence) if !fence.closed => closed(fence, block.raw),
        _ => block.raw.to_owned(),
    });
    blocks.collect::<String>().trim_end().to_owned()
}

/// The indentation of the first line is part of the markdown, empty lines around are not.
fn without_blank_ends(text: &str) -> &str {
    let text = text.trim_end();
    let lead = text.len() - text.trim_start().len();
    &text[text[..lead].rfind('\n').map_or(0, |newline| newline + 1)..]
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use proptest::prelude::*;

    use super::*;

    fn chunks(markdown: &str, config: &Config) -> Vec<Chunk> {
        let document = Document::new("https://docs.test/".parse().unwrap(), "Title", markdown, SystemTime::UNIX_EPOCH);
        split(&document, config)
    }

    fn texts(markdown: &str, config: &Config) -> Vec<(String, String)> {
        let text = chunks(markdown, config).into_iter().filter(|chunk| chunk.kind == ChunkKind::Text);
        text.map(|chunk| (chunk.heading_path.join(" > "), chunk.text)).collect()
    }

    fn small(max_chars: usize) -> Config {
        Config { max_chars, min_chars: 0 }
    }

    #[test]
    fn sections_carry_their_headings() {
        let markdown = "Before.\n\n# A\n\nIntro.\n\n## B\n\nUnder b.\n\n#### D\n\nDeep.\n\n## C\n\nUnder c.\n";
        let found = texts(markdown, &small(1_000));
        let expected = [("", "Before."), ("A", "Intro."), ("A > B", "Under b."), ("A > B > D", "Deep."), ("A > C", "Under c.")];
        assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
    }

    #[test]
    fn small_sections_share_a_chunk_under_their_parent() {
        let markdown = "# A\n\n## B\n\nb\n\n## C\n\nc\n\n# Z\n\nz\n";
        let found = texts(markdown, &Config { max_chars: 1_000, min_chars: 200 });
        assert_eq!(found, [("A".to_owned(), "## B\n\nb\n\n## C\n\nc".to_owned()), ("Z".to_owned(), "z".to_owned())]);
    }

    #[test]
    fn sections_of_one_heading_are_two() {
        let markdown = "# A\n\n## Same\n\na\n\n## Same\n\nb\n\n### Deep\n\nc\n\n## Same\n\n## Same\n\nd\n";
        let found = texts(markdown, &Config { max_chars: 1_000, min_chars: 200 });
        let whole = "## Same\n\na\n\n## Same\n\nb\n\n### Deep\n\nc\n\n## Same\n\n## Same\n\nd";
        assert_eq!(found, [("A".to_owned(), whole.to_owned())]);
        let apart: Vec<String> = texts(markdown, &small(1_000)).into_iter().map(|(path, text)| format!("{path}: {text}")).collect();
        assert_eq!(apart, ["A > Same: a", "A > Same: b", "A > Same > Deep: c", "A > Same: ## Same", "A > Same: d"]);
        // A heading with nothing of its own is still told by its child.
        assert_eq!(texts("# A\n\n## A\n\nb\n", &Config::default()), [("A > A".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn fences_within_lists_within_quotes_are_whole() {
        let code: String = (0..60).map(|line| format!(">     value_{line} = {line}\n")).collect();
        for before in ["> 10. Run it:\n>\n", "> - a\n>   - b\n>\n", "> - a\n>\n>   1. b\n"] {
            let found = chunks(&format!("{before}>     ```python\n{code}>     ```\n"), &small(400));
            let examples: Vec<_> = found.iter().filter(|chunk| chunk.kind != ChunkKind::Text).collect();
            assert_eq!(examples.len(), 1, "{before}: {found:#?}");
            assert!(examples[0].text.starts_with("value_0 = 0\nvalue_1") && examples[0].text.ends_with("value_59 = 59"), "{before}");
            for chunk in found.iter().filter(|chunk| chunk.kind == ChunkKind::Text && chunk.text.contains("value_")) {
                assert!(chunk.text.contains("```python\n>     value_") && chunk.text.ends_with("\n>     ```"), "{}", chunk.text);
            }
        }
    }

    #[test]
    fn a_heading_alone_is_not_lost() {
        assert_eq!(texts("# Only\n", &Config::default()), [("Only".to_owned(), "# Only".to_owned())]);
        let found = texts("# A\n\n## Empty\n\n# B\n\nb\n", &small(1_000));
        assert_eq!(found[0], ("A > Empty".to_owned(), "## Empty".to_owned()));
        assert_eq!(chunks("", &Config::default()), []);
        assert_eq!(chunks("\n \n\t\n", &Config::default()), []);
    }

    #[test]
    fn a_fence_over_the_limit_is_fenced_again() {
        let code: String = (0..60).map(|line| format!("    let value_{line} = {line};\n")).collect();
        let found = texts(&format!("Words.\n\n```rust\n{code}```\n"), &small(400));
        assert!(found.len() > 3);
        for (_, text) in found.iter().filter(|(_, text)| text.contains("value_")) {
            assert!(text.contains("```rust\n    let") && text.ends_with("\n```"), "{text}");
            assert!(chars(text) <= 400);
        }
    }

    #[test]
    fn a_fence_within_the_limit_is_whole() {
        let code = "line\n\n".repeat(40);
        let markdown = format!("{}\n\n```\n{code}```\n\n{}\n", "Words before. ".repeat(20), "Words after. ".repeat(20));
        let found = texts(&markdown, &small(300));
        assert!(found.iter().any(|(_, text)| *text == format!("```\n{code}```")), "{found:#?}");
    }

    #[test]
    fn both_parts_of_a_table_have_its_header() {
        let rows: String = (0..40).map(|row| format!("| name {row} | what it is for |\n")).collect();
        let found = texts(&format!("| Name | Use |\n|---|---|\n{rows}"), &small(500));
        assert!(found.len() > 2);
        assert!(found.iter().all(|(_, text)| text.starts_with("| Name | Use |\n|---|---|\n| name ") && chars(text) <= 500));
    }

    #[test]
    fn prose_is_cut_between_sentences_into_even_parts() {
        let found = texts(&"Every sentence here is of one length. ".repeat(50), &small(1_000));
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(_, text)| text.ends_with("length.") && (900..=1_000).contains(&chars(text))));
    }

    #[test]
    fn text_without_spaces_is_cut_between_characters() {
        let found = texts(&"e\u{301}漢👩\u{200d}💻".repeat(300), &small(256));
        assert!(found.iter().all(|(_, text)| chars(text) <= 256 && !text.starts_with(['\u{301}', '\u{200d}', '💻'])));
    }

    #[test]
    fn code_has_its_language_and_the_prose_around() {
        let markdown = "# Tasks\n\nTo cancel a task, drop it:\n\n```rust\nlet task = spawn();\ndrop(task);\n```\n\nIt ends at once.\n\n```sh\nls\n```\n";
        let found = chunks(markdown, &Config::default());
        assert_eq!(found.len(), 2, "{found:#?}");
        assert_eq!((found[0].ordinal, &found[0].kind), (0, &ChunkKind::Text));
        assert_eq!(found[1].ordinal, 1);
        assert_eq!(found[1].text, "let task = spawn();\ndrop(task);");
        assert_eq!(found[1].heading_path, ["Tasks"]);
        let context = "To cancel a task, drop it:\nIt ends at once.".to_owned();
        assert_eq!(found[1].kind, ChunkKind::Code { language: Some("rust".into()), context });
    }

    #[test]
    fn one_line_is_an_example_if_it_is_long() {
        let found = chunks("```sh\ncargo install --locked --path . --features everything\n```\n", &Config::default());
        assert_eq!(found.len(), 2);
        assert_eq!(chunks("```sh\ncargo test\n```\n", &Config::default()).len(), 1);
    }

    fn markdown() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            4 => "[a-zA-Z0-9 .,é漢]{0,60}",
            1 => "#{1,7} [a-z]{0,12}( #+)?",
            2 => "( {0,5}|- |1\\. |> |> - |\t){0,3}(```|~~~|````)[a-z ]{0,6}",
            1 => "( {0,5}|- |1\\. |> ){0,3}[a-z|`~ -]{0,20}",
            1 => "\\| [a-z]{1,4} \\| [a-z]{0,9} \\|",
            1 => "\\|---\\|---\\|",
            1 => "(===|---|\\* \\* \\*|)",
            1 => "[a-z]{300,900}",
        ];
        prop::collection::vec((line, prop_oneof![Just("\n"), Just("\n\n"), Just("\r\n")]), 0..60)
            .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
    }

    /// Letters and digits in order: what is repeated (fences, table headers) or left to the paths is told apart by the tests.
    fn words(text: &str) -> Vec<&str> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_cut_within_the_limit_and_with_whole_fences(text in markdown(), max_chars in 256usize..700, min_chars in 0usize..300) {
            let found = chunks(&text, &Config { max_chars, min_chars });
            for (chunk, ordinal) in found.iter().zip(0..) {
                prop_assert_eq!(chunk.ordinal, ordinal);
                prop_assert!(!chunk.text.trim().is_empty());
                let most = if chunk.kind == ChunkKind::Text { max_chars } else { 4 * max_chars };
                // The closing of a fence that lost its list may come on top.
                prop_assert!(chars(&chunk.text) <= most + 40, "{} of {}", chars(&chunk.text), max_chars);
                if chunk.kind == ChunkKind::Text {
                    let open = scan(&chunk.text, &Budget::default().begin()).iter().filter(|block| matches!(&block.kind, BlockKind::Fence(fence) if !fence.closed)).count();
                    prop_assert_eq!(open, 0, "{:?}", &chunk.text);
                }
            }
        }

        #[test]
        fn no_text_is_lost(text in markdown(), max_chars in 256usize..700, min_chars in 0usize..300) {
            let found = chunks(&text, &Config { max_chars, min_chars });
            let kept = found.iter().filter(|chunk| chunk.kind == ChunkKind::Text);
            let kept: String = kept.map(|chunk| format!("{}\n{}\n", chunk.heading_path.join("\n"), chunk.text)).collect();
            // A word longer than a chunk is cut: its pieces are looked for in what is left without any white space.
            let kept: String = kept.chars().filter(|c| c.is_alphanumeric()).collect();
            for word in words(&text) {
                let piece: String = word.chars().take(40).collect();
                prop_assert!(kept.contains(&piece), "{} of {:?}", piece, &found);
            }
        }

        #[test]
        fn foreign_text_cannot_make_it_panic(text in "\\PC{0,400}", max_chars in 0usize..300) {
            chunks(&text, &small(max_chars));
        }
    }
}
