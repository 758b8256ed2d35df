//! What of a page is another one's, section by section and passage by passage. Pure, and linear in both texts.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use serde::Serialize;

use super::lens::Lens;
use crate::model::Document;

/// What has become of a page's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageChanges {
    /// Before and now, if it is another one.
    pub title: Option<[String; 2]>,
    /// In the order of the page as it is now; those that are gone last.
    pub sections: Vec<SectionChange>,
    /// Sections that have changed and are not among these: there are too many.
    pub more_sections: u64,
}

/// What has become of one section. The headings below a section are sections of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SectionChange {
    pub change: Change,
    /// From the outermost to its own, without that of the page; none of what stands before the first heading.
    pub headings: Vec<String>,
    /// What it was called before, if it is called otherwise now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Vec<String>>,
    /// The fragment under which the page opens there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// Passages that only the old text has, as markdown: paragraphs, entries of lists, rows of tables, blocks of code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Those that only the new text has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Changed passages that are not among these: there are too many.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Added,
    Removed,
    Changed,
    /// It says the same under another heading.
    Renamed,
}

impl Change {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Renamed => "renamed",
        }
    }
}

impl PageChanges {
    /// Whether all passages are there that were there before: if the page is another one, then in their order.
    pub fn is_empty(&self) -> bool {
        self.title.is_none() && self.sections.is_empty()
    }
}

/// What a page is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Print {
    /// Of the text as it is, line breaks aside.
    pub exact: u64,
    /// Of the text without what the versions differ in anyway.
    pub text: u64,
    pub title: u64,
    /// The smallest of the hashes of its passages, in their order: two pages have as many of them in common as they are alike.
    pub sketch: Box<[u64]>,
}

impl Print {
    pub fn of(document: &Document, lens: &Lens) -> Self {
        let (mut exact, mut text) = (DefaultHasher::new(), DefaultHasher::new());
        let mut sketch: Vec<u64> = Vec::new();
        for section in sections(document) {
            for heading in &section.path {
                heading.hash(&mut exact);
                lens.through(heading).hash(&mut text);
            }
            for block in &section.blocks {
                block.hash_into(block.text, &mut exact);
                let hash = block.hash(lens);
                hash.hash(&mut text);
                sketch.push(hash);
                if sketch.len() >= 64 * SKETCH {
                    smallest(&mut sketch);
                }
            }
        }
        document.title.hash(&mut exact);
        let title = hash_of(&lens.through(&document.title));
        title.hash(&mut text);
        smallest(&mut sketch);
        Self { exact: exact.finish(), text: text.finish(), title, sketch: sketch.into() }
    }

    /// How much of both is in both, nearly: 0 to 1.
    pub fn likeness(&self, other: &Self) -> f32 {
        let (mut one, mut two) = (self.sketch.iter().peekable(), other.sketch.iter().peekable());
        let (mut all, mut both) = (0_u16, 0_u16);
        while usize::from(all) < SKETCH {
            match (one.peek(), two.peek()) {
                (None, None) => break,
                (Some(a), Some(b)) if a == b => {
                    both += 1;
                    one.next();
                    two.next();
                }
                (Some(a), Some(b)) if a > b => _ = two.next(),
                (Some(_), _) => _ = one.next(),
                (None, Some(_)) => _ = two.next(),
            }
            all += 1;
        }
        if all == 0 { 0.0 } else { f32::from(both) / f32::from(all) }
    }
}

/// What has become of a page; nothing is told of what the versions differ in anyway.
pub(super) fn changes(old: &Document, new: &Document, lens: &Lens) -> PageChanges {
    let (before, now) = (sections(old), sections(new));
    let (before_prints, now_prints) = (prints(&before, lens), prints(&now, lens));
    let partners = partners(&before_prints, &now_prints);
    let mut told = Told::default();
    for (index, section) in now.iter().enumerate() {
        match partners.of_new[index] {
            Some(was) if before_prints[was].text == now_prints[index].text => {
                if before_prints[was].path != now_prints[index].path {
                    told.section(Change::Renamed, section, Some(&before[was]), &[], &[]);
                }
            }
            Some(was) => {
                let (removed, added) = differing(&before[was], section, lens);
                let is_renamed = before_prints[was].path != now_prints[index].path;
                if !removed.is_empty() || !added.is_empty() {
                    told.section(Change::Changed, section, is_renamed.then_some(&before[was]), &removed, &added);
                } else if is_renamed {
                    told.section(Change::Renamed, section, Some(&before[was]), &[], &[]);
                }
            }
            None => told.section(Change::Added, section, None, &[], &section.blocks.iter().collect::<Vec<_>>()),
        }
    }
    for (section, _) in before.iter().zip(&partners.of_old).filter(|(_, partner)| !**partner) {
        told.section(Change::Removed, section, None, &section.blocks.iter().collect::<Vec<_>>(), &[]);
    }
    let titles = || [old, new].map(|document| short(&document.title, LONGEST));
    let is_retitled = lens.through(&old.title) != lens.through(&new.title);
    PageChanges { title: is_retitled.then(titles), ..told.changes }
}

/// What is told, and the room that is left for it.
struct Told {
    changes: PageChanges,
    /// Characters.
    room: usize,
}

impl Default for Told {
    fn default() -> Self {
        Self { changes: PageChanges::default(), room: ROOM }
    }
}

impl Told {
    fn section(&mut self, change: Change, section: &Section<'_>, was: Option<&Section<'_>>, removed: &[&Block<'_>], added: &[&Block<'_>]) {
        // Nothing stands between the beginning of a page and its first heading.
        if section.path.is_empty() && was.is_none() && removed.is_empty() && added.is_empty() {
            return;
        }
        if self.changes.sections.len() == SECTIONS {
            self.changes.more_sections += 1;
            return;
        }
        let names = |section: &Section<'_>| section.path.iter().map(|heading| short(heading, LONGEST)).collect::<Vec<_>>();
        let removed_told = self.passages(removed);
        let added_told = self.passages(added);
        let more = (removed.len() - removed_told.len() + added.len() - added_told.len()) as u64;
        self.changes.sections.push(SectionChange {
            change,
            headings: names(section),
            was: was.map(names),
            anchor: if change == Change::Removed { None } else { section.anchor.map(str::to_owned) },
            removed: removed_told,
            added: added_told,
            more,
        });
    }

    fn passages(&mut self, blocks: &[&Block<'_>]) -> Vec<String> {
        let mut told = Vec::new();
        for block in blocks.iter().take(PASSAGES) {
            let text = short(block.text.trim_end(), PASSAGE);
            if text.len() > self.room {
                break;
            }
            self.room -= text.len();
            told.push(text);
        }
        told
    }
}

/// Passages that only one of two sections has, each in its order.
fn differing<'a>(old: &'a Section<'_>, new: &'a Section<'_>, lens: &Lens) -> (Vec<&'a Block<'a>>, Vec<&'a Block<'a>>) {
    let hashes = |section: &Section<'_>| section.blocks.iter().map(|block| block.hash(lens)).collect::<Vec<_>>();
    let (old_hashes, new_hashes) = (hashes(old), hashes(new));
    (lacking(&old.blocks, &old_hashes, &new_hashes), lacking(&new.blocks, &new_hashes, &old_hashes))
}

/// The blocks that the others lack; one that is there twice and there once is lacking once.
fn lacking<'a>(blocks: &'a [Block<'_>], hashes: &[u64], others: &[u64]) -> Vec<&'a Block<'a>> {
    let mut there: HashMap<u64, usize> = HashMap::new();
    others.iter().for_each(|hash| *there.entry(*hash).or_default() += 1);
    let is_lacking = |hash: &u64| match there.get_mut(hash) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    };
    let are_lacking: Vec<bool> = hashes.iter().map(is_lacking).collect();
    blocks.iter().zip(are_lacking).filter(|(_, is_lacking)| *is_lacking).map(|(block, _)| block).collect()
}

/// A heading and what stands below it, up to the next one.
struct Section<'a> {
    path: Vec<&'a str>,
    anchor: Option<&'a str>,
    blocks: Vec<Block<'a>>,
}

#[derive(Clone, Copy)]
struct Block<'a> {
    text: &'a str,
    is_code: bool,
}

impl Block<'_> {
    fn hash(&self, lens: &Lens) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self.is_code {
            true => self.hash_into(&lens.through(self.text), &mut hasher),
            false => Self::hash_prose(&lens.through(self.text), &mut hasher),
        }
        hasher.finish()
    }

    /// Prose is the same however its lines are broken.
    fn hash_into(&self, text: &str, hasher: &mut DefaultHasher) {
        match self.is_code {
            true => text.lines().for_each(|line| line.trim_end().hash(hasher)),
            false => text.split_whitespace().for_each(|word| word.hash(hasher)),
        }
        hasher.write_u8(self.is_code.into());
    }

    /// An entry of a list is the same whatever mark is before it, and a link whatever number its target was given by the program that made it.
    fn hash_prose(text: &str, hasher: &mut DefaultHasher) {
        let mut words = text.split_whitespace().peekable();
        while words.next_if(|word| matches!(*word, "-" | "*" | "+")).is_some() {
            "-".hash(hasher);
        }
        words.for_each(|word| without_numbers(word).hash(hasher));
        hasher.write_u8(0);
    }
}

/// Without the fragments that are given by counting, as `#id12` is by Docutils: a heading more moves them all.
fn without_numbers(word: &str) -> Cow<'_, str> {
    let (mut out, mut rest) = (String::new(), word);
    while let Some(at) = rest.find("#id") {
        let digits = rest[at + 3..].bytes().take_while(u8::is_ascii_digit).count();
        let end = at + 3 + digits;
        let is_counted = digits > 0 && rest[end..].starts_with([')', '>', ' ']);
        out.push_str(&rest[..if is_counted { at } else { end }]);
        rest = &rest[end..];
    }
    if rest.len() == word.len() {
        return Cow::Borrowed(word);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

struct SectionPrint {
    path: u64,
    heading: u64,
    text: u64,
    /// Of its passages.
    blocks: Vec<u64>,
    is_bare: bool,
}

fn prints(sections: &[Section<'_>], lens: &Lens) -> Vec<SectionPrint> {
    let print = |section: &Section<'_>| {
        let mut path = DefaultHasher::new();
        section.path.iter().for_each(|heading| lens.through(heading).hash(&mut path));
        let mut text = DefaultHasher::new();
        let blocks: Vec<u64> = section.blocks.iter().map(|block| block.hash(lens)).collect();
        blocks.iter().for_each(|block| block.hash(&mut text));
        let heading = hash_of(&lens.through(section.path.last().copied().unwrap_or_default()));
        let is_bare = blocks.is_empty() || section.path.is_empty();
        SectionPrint { path: path.finish(), heading, text: text.finish(), blocks, is_bare }
    };
    sections.iter().map(print).collect()
}

/// Which old section each new one was, and which old ones are one of the new.
struct Partners {
    of_new: Vec<Option<usize>>,
    of_old: Vec<bool>,
}

/// The same headings with the same text, else the same headings, else the same text, else the same last heading, each in order; else half of
/// the passages.
fn partners(old: &[SectionPrint], new: &[SectionPrint]) -> Partners {
    let mut partners = Partners { of_new: vec![None; new.len()], of_old: vec![false; old.len()] };
    partners.pair(old, new, |section| Some((section.path, section.text)));
    partners.pair(old, new, |section| Some((section.path, 0)));
    // What says nothing says the same as much else.
    partners.pair(old, new, |section| (!section.is_bare).then_some((section.text, 1)));
    partners.pair(old, new, |section| (!section.is_bare).then_some((section.heading, 2)));
    partners.pair_by_passages(old, new);
    partners
}

impl Partners {
    fn pair(&mut self, old: &[SectionPrint], new: &[SectionPrint], key: impl Fn(&SectionPrint) -> Option<(u64, u64)>) {
        let mut waiting: HashMap<(u64, u64), Vec<usize>> = HashMap::new();
        // From behind: the first is taken first.
        for (index, section) in old.iter().enumerate().rev().filter(|(index, _)| !self.of_old[*index]) {
            if let Some(key) = key(section) {
                waiting.entry(key).or_default().push(index);
            }
        }
        for (index, section) in new.iter().enumerate() {
            let free = self.of_new[index].is_none().then(|| key(section)).flatten();
            if let Some(was) = free.and_then(|key| waiting.get_mut(&key)).and_then(Vec::pop) {
                self.of_new[index] = Some(was);
                self.of_old[was] = true;
            }
        }
    }
}

impl Partners {
    /// What is renamed and changed at once: half of the passages of the longer section stand in the other one as well. A passage that several
    /// sections have tells nothing.
    fn pair_by_passages(&mut self, old: &[SectionPrint], new: &[SectionPrint]) {
        let mut places: HashMap<u64, Option<usize>> = HashMap::new();
        for (index, section) in old.iter().enumerate().filter(|(index, section)| !self.of_old[*index] && !section.is_bare) {
            for block in &section.blocks {
                let place = places.entry(*block).or_insert(Some(index));
                *place = place.filter(|place| *place == index);
            }
        }
        for (index, section) in new.iter().enumerate().filter(|(_, section)| !section.is_bare) {
            if self.of_new[index].is_some() {
                continue;
            }
            let mut common: HashMap<usize, usize> = HashMap::new();
            for was in section.blocks.iter().filter_map(|block| places.get(block).copied().flatten()) {
                *common.entry(was).or_default() += 1;
            }
            let most = common.into_iter().filter(|(was, _)| !self.of_old[*was]).max_by_key(|(was, count)| (*count, usize::MAX - was));
            if let Some((was, _)) = most.filter(|(was, count)| count * 2 >= section.blocks.len().max(old[*was].blocks.len())) {
                self.of_new[index] = Some(was);
                self.of_old[was] = true;
            }
        }
    }
}

/// The sections of a page. The heading of the page itself, if it has one, is a passage like others: nothing stands beside what is below it.
fn sections(document: &Document) -> Vec<Section<'_>> {
    let text = document.markdown.as_str();
    let mut outline = document.outline.iter().peekable();
    let mut sections = vec![Section { path: Vec::new(), anchor: None, blocks: Vec::new() }];
    let mut above: Vec<(u8, &str)> = Vec::new();
    let (mut at, mut fence, mut is_first) = (0, None, true);
    let mut open: Option<(usize, bool)> = None;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        while outline.peek().is_some_and(|heading| heading.offset < start) {
            outline.next();
        }
        let blocks = &mut sections.last_mut().expect("there is one from the start").blocks;
        let mut close = |open: &mut Option<(usize, bool)>, end: usize| {
            blocks.extend(open.take().map(|(from, is_code)| Block { text: &text[from..end], is_code }));
        };
        if let Some(mark) = fence {
            if closes(line, mark) {
                fence = None;
                close(&mut open, end);
            }
            continue;
        }
        fence = opens(line);
        if fence.is_some() {
            close(&mut open, start);
            open = Some((start, true));
            continue;
        }
        let heading = match outline.peek() {
            Some(heading) if heading.offset == start => Some((heading.level, heading.text.as_str(), heading.anchor.as_deref())),
            None if document.outline.is_empty() => written_heading(line).map(|(level, text)| (level, text, None)),
            _ => None,
        };
        if let Some((level, name, anchor)) = heading {
            close(&mut open, start);
            if std::mem::take(&mut is_first) && level == 1 {
                blocks.push(Block { text: &text[start..end], is_code: false });
            } else {
                while above.last().is_some_and(|(other, _)| *other >= level) {
                    above.pop();
                }
                above.push((level, name));
                sections.push(Section { path: above.iter().map(|(_, name)| *name).collect(), anchor, blocks: Vec::new() });
            }
        } else if line.trim().is_empty() {
            close(&mut open, start);
        } else if open.is_none() || is_piece(line) {
            close(&mut open, start);
            open = Some((start, false));
        }
    }
    if let Some((from, is_code)) = open {
        sections.last_mut().expect("there is one from the start").blocks.push(Block { text: &text[from..], is_code });
    }
    sections
}

/// An ATX heading (CommonMark 4.2), for texts whose outline nobody has made.
fn written_heading(line: &str) -> Option<(u8, &str)> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    let is_heading = (1..=6).contains(&level) && rest.starts_with([' ', '\t', '\r', '\n']);
    is_heading.then(|| (level as u8, rest.trim().trim_end_matches('#').trim_end()))
}

/// An entry of a list or a row of a table: long ones change piece by piece.
fn is_piece(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with('|')
        || ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark))
        || number.len() < line.len() && number.starts_with(". ")
}

/// The mark of a fence and how many of it (CommonMark 4.5).
fn opens(line: &str) -> Option<(char, usize)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let marks = line.len() - rest.len();
    (marks >= 3 && !(mark == '`' && rest.contains('`'))).then_some((mark, marks))
}

fn closes(line: &str, (mark, least): (char, usize)) -> bool {
    let line = line.trim();
    line.len() >= least && line.chars().all(|c| c == mark)
}

pub(super) fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn smallest(hashes: &mut Vec<u64>) {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.truncate(SKETCH);
}

fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Hashes by which pages are likened.
const SKETCH: usize = 16;
/// Changed sections of a page that are told.
const SECTIONS: usize = 200;
/// Passages of a section that are told, of those that are gone and of those that are new.
const PASSAGES: usize = 50;
/// Characters of a passage that are told.
const PASSAGE: usize = 2_000;
/// Characters of a heading or title.
const LONGEST: usize = 300;
/// Bytes of all passages of a page that are told.
const ROOM: usize = 200_000;

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use url::Url;

    use super::*;
    use crate::engine::compare::lens::Place;
    use crate::model::Budget;

    fn page(markdown: &str) -> Document {
        Document::new(Url::parse("https://a.test/").unwrap(), "Page", markdown, SystemTime::UNIX_EPOCH)
    }

    fn lens() -> Lens {
        Lens::new(&["1.4".to_owned(), "2.0".to_owned()], [&Place::default(), &Place::default()], &[])
    }

    /// A line a change: what it is, of which section, and what is gone and new.
    fn told(old: &str, new: &str) -> Vec<String> {
        let changes = changes(&page(old), &page(new), &lens());
        let line = |section: &SectionChange| {
            let was = section.was.as_ref().map_or_else(String::new, |was| format!(" was {}", was.join(">")));
            let removed: String = section.removed.iter().map(|text| format!(" -{text}")).collect();
            let added: String = section.added.iter().map(|text| format!(" +{text}")).collect();
            format!("{} {}{was}:{removed}{added}", section.change.as_str(), section.headings.join(">"))
        };
        changes.sections.iter().map(line).collect()
    }

    const OLD: &str =
        "# Tool 1.4\n\nA tool.\n\n## Install\n\nRun it.\n\n```sh\na\n\nb\n```\n\n### On Windows\n\nNot yet.\n\n## Gone\n\nOld words.\n";

    #[test]
    fn a_section_that_is_renamed_and_changed_at_once_is_one() {
        let text = |name: &str, passages: &str| format!("# Tool\n\n## {name}\n\n{}\n", passages.replace(' ', "\n\n"));
        let of = |old: &str, new: &str| told(&text("Old", old), &text("New", new));
        assert_eq!(of("Stays. Also. Goes.", "Stays. Comes. Also."), ["changed New was Old: -Goes. +Comes."]);
        assert_eq!(of("One. Two. Three.", "One. Four. Five."), ["added New: +One. +Four. +Five.", "removed Old: -One. -Two. -Three."]);
        let two =
            |first: &str, second: &str| format!("{}\n## {second}\n\nSame.\n\nAlike.\n\nOf {second}.\n", text(first, "Same. Alike. Own."));
        assert_eq!(told(&two("A", "B"), &two("C", "B")), ["renamed C was A:"]);
    }

    #[test]
    fn what_is_the_same_is_not_told() {
        assert_eq!(told(OLD, OLD), [""; 0]);
        assert_eq!(told(OLD, &OLD.replace("1.4", "2.0")), [""; 0], "the number of the version");
        assert_eq!(told("One two\nthree.\n", "One\ntwo three."), [""; 0], "where lines are broken");
        assert_eq!(told("New in 1.4.", "New in 1.4."), [""; 0], "what names the old version still does");
        assert_eq!(
            told("- [A](x.html#id1)\n- [B](x.html#id2)\n", "* [A](x.html#id2)\n* [B](x.html#id13)\n"),
            [""; 0],
            "what a program counts"
        );
        // Shows that a difference is seen.
        assert_eq!(told("- [A](x.html#id1)\n", "- [A](x.html#ide)\n").len(), 1, "a name");
        assert_eq!(told("- [A](x.html#id1)\n", "- [A](y.html#id1)\n").len(), 1);
        assert_eq!(told("a - b\n", "a * b\n").len(), 1, "no mark of a list");
        assert_eq!(told("Tool 1.4", "Tool 3.0"), ["changed : -Tool 1.4 +Tool 3.0"]);
        assert_eq!(told("```\na\nb\n```\n", "```\na b\n```\n").len(), 1, "lines of code are not broken anywhere");
    }

    #[test]
    fn sections_and_passages_are_told_by_what_became_of_them() {
        let new = OLD.replace("Run it.", "Run it twice.").replace("## Gone\n\nOld words.\n", "## Fresh\n\n- One.\n- Two.\n");
        let new = new.replace("a\n\nb", "a\n\nc").replace("### On Windows", "### On Windows and macOS");
        assert_eq!(
            told(OLD, &new),
            [
                "changed Install: -Run it. -```sh\na\n\nb\n``` +Run it twice. +```sh\na\n\nc\n```",
                "renamed Install>On Windows and macOS was Install>On Windows:",
                "added Fresh: +- One. +- Two.",
                "removed Gone: -Old words.",
            ]
        );
    }

    #[test]
    fn of_a_list_or_table_the_pieces_are_told() {
        assert_eq!(told("- a\n- b\n  more\n- c\n", "- a\n- c\n- d\n"), ["changed : -- b\n  more +- d"]);
        assert_eq!(told("| a | b |\n|---|---|\n| 1 | 2 |\n", "| a | b |\n|---|---|\n| 1 | 3 |\n"), ["changed : -| 1 | 2 | +| 1 | 3 |"]);
        assert_eq!(told("1. a\n2. b\n", "1. a\n2. c\n"), ["changed : -2. b +2. c"]);
        assert_eq!(told("a\n\na\n\nb\n", "a\n\nb\n"), ["changed : -a"], "said twice and said once");
        assert_eq!(told("a\n\nb\n", "b\n\na\n"), [""; 0], "another order");
        assert_ne!(Print::of(&page("a\n\nb\n"), &lens()), Print::of(&page("b\n\na\n"), &lens()));
    }

    #[test]
    fn a_section_is_found_again_below_other_headings() {
        let old = "# P\n\n## A\n\ntext a\n\n### Examples\n\nfirst\n\n## B\n\ntext b\n\n### Examples\n\nsecond\n";
        let new = "# P\n\n## A\n\ntext a\n\n### Examples\n\nfirst\n\n## C\n\ntext b\n\n### Examples\n\nsecond, changed\n";
        assert_eq!(told(old, new), ["renamed C was B:", "changed C>Examples was B>Examples: -second +second, changed"]);
        let twice = "## X\n\none\n\n## X\n\ntwo\n";
        assert_eq!(told(twice, "## X\n\nzero\n\n## X\n\none\n\n## X\n\ntwo\n"), ["added X: +zero"]);
    }

    #[test]
    fn headings_are_those_of_the_outline_where_there_is_one() {
        let mut page = page("Intro\n\n# not a heading\n\nMore\n");
        assert_eq!(sections(&page).len(), 1, "the heading of the page is a passage");
        page.markdown = "Intro\n\n## One\n\n```\n## Two\n```\n".to_owned();
        assert_eq!(sections(&page).iter().map(|section| section.path.join(">")).collect::<Vec<_>>(), ["", "One"]);
        let heading =
            |level, text: &str, offset| crate::model::Heading { level, text: text.to_owned(), anchor: Some("x".to_owned()), offset };
        page.outline = vec![heading(3, "Plain", 7)];
        let of = sections(&page);
        assert_eq!((of.len(), of[1].path.as_slice(), of[1].anchor), (2, ["Plain"].as_slice(), Some("x")));
    }

    #[test]
    fn pages_are_alike_by_what_they_have_in_common() {
        let text = |from: usize, to: usize| (from..to).map(|number| format!("Paragraph {number}.\n\n")).collect::<String>();
        let of = |from, to| Print::of(&page(&text(from, to)), &lens());
        assert!(of(0, 300).likeness(&of(0, 300)) > 0.99);
        assert!(of(0, 300).likeness(&of(30, 300)) > 0.6);
        assert!(of(0, 300).likeness(&of(300, 600)) < 0.1);
        assert!(of(0, 0).likeness(&of(0, 0)) < 0.1, "nothing is like nothing");
    }

    #[test]
    fn what_is_told_is_bounded_and_what_is_not_is_counted() {
        let long = |word: &str| (0..300).map(|number| format!("## S {number}\n\n{}\n\n", word.repeat(3_000))).collect::<String>();
        let changes = changes(&page(&long("a ")), &page(&long("b ")), &lens());
        assert_eq!((changes.sections.len(), changes.more_sections), (SECTIONS, 300 - SECTIONS as u64));
        let bytes: usize = changes.sections.iter().flat_map(|section| section.removed.iter().chain(&section.added)).map(String::len).sum();
        assert!(bytes <= ROOM, "{bytes}");
        assert!(changes.sections[0].removed[0].ends_with('…'));
        assert_eq!(changes.sections.last().unwrap().more, 2);
        let many = super::changes(&page("x"), &page(&"a\n\n".repeat(1_000)), &lens());
        assert_eq!((many.sections[0].added.len(), many.sections[0].more), (PASSAGES, 1_000 - PASSAGES as u64));
    }

    #[test]
    fn however_a_page_is_made_it_takes_linear_time() {
        for piece in ["## a\n\n", "a\n\n", "- a\n", "```\n", "###### a\n\nb\n\n", "|", "\n", "1. "] {
            let (old, new) = (page(&piece.repeat(50_000)), page(&format!("{piece}x").repeat(40_000)));
            // Of the processor, where that can be told apart.
            let meter = Budget::new(Duration::from_secs(10)).begin();
            changes(&old, &new, &lens());
            Print::of(&old, &lens());
            assert!(meter.verdict().is_ok(), "{piece:?}");
        }
    }
}
