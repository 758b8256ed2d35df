//! Where in a passage its answer stands: short sections share a passage, and a hit opens at the one that is meant. Pure.

use crate::model::{Chunk, ChunkKind, Heading, plain};

/// The headings within the passage up to the one under which most of what is asked stands; none where that is its beginning, or where nothing
/// tells.
pub(super) fn headings_to_answer(question: &str, chunk: &Chunk) -> Vec<String> {
    let sections = sections(chunk);
    if sections.len() < 2 {
        return Vec::new();
    }
    let asked = Asked::of(question);
    let found: Vec<usize> = sections.iter().map(|section| asked.found_in(section)).collect();
    // Of equal ones the first.
    let best = (0..found.len()).rev().max_by_key(|at| found[*at]).unwrap_or_default();
    if found[best] == 0 {
        return Vec::new();
    }
    let headings = sections.iter().take(best + 1).skip(1).filter_map(|section| section.lines().next().and_then(heading_of));
    headings.map(|heading| plain(heading).into_owned()).collect()
}

/// The passage as it opens at the last of these headings, which stand in it one after the other; as it was, where the page has them not so.
pub(super) fn open_at(chunk: &mut Chunk, headings: &[String], outline: &[Heading]) {
    let begins = |of: &Heading| of.anchor.is_some() && of.anchor == chunk.anchor;
    let mut next = outline.iter().position(begins).unwrap_or(0);
    let mut at = None;
    for heading in headings {
        let Some(found) = outline[next..].iter().position(|of| of.text.trim() == heading.trim()) else { return };
        at = Some(next + found);
        next += found + 1;
    }
    let Some(at) = at.filter(|at| outline[*at].anchor.is_some()) else { return };
    let mut path: Vec<&Heading> = Vec::new();
    for heading in &outline[..=at] {
        path.retain(|above| above.level < heading.level);
        path.push(heading);
    }
    chunk.anchor.clone_from(&outline[at].anchor);
    chunk.heading_path = path.into_iter().map(|heading| heading.text.clone()).collect();
}

/// The passage cut before each heading in it; the first piece may be empty.
fn sections(chunk: &Chunk) -> Vec<&str> {
    if chunk.kind != ChunkKind::Text {
        return Vec::new();
    }
    let (mut sections, mut from, mut at, mut fence) = (Vec::new(), 0, 0, None);
    for line in chunk.text.split_inclusive('\n') {
        let marks = ["```", "~~~"].into_iter().find(|marks| line.trim_start().starts_with(*marks));
        match (fence, marks) {
            (None, Some(_)) => fence = marks,
            (Some(open), Some(marks)) if open == marks => fence = None,
            (None, None) if heading_of(line).is_some() && sections.len() < MOST_SECTIONS => {
                sections.push(&chunk.text[from..at]);
                from = at;
            }
            _ => {}
        }
        at += line.len();
    }
    sections.push(&chunk.text[from..]);
    sections
}

/// What stands behind the marks of a heading.
fn heading_of(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len()).then(|| text.strip_prefix(' ')).flatten().map(str::trim)
}

/// What a question asks for, in lower case.
struct Asked {
    whole: String,
    words: Vec<String>,
    /// Neighbouring characters of scripts without spaces.
    pairs: Vec<String>,
}

impl Asked {
    fn of(question: &str) -> Self {
        let whole = question.trim().trim_matches(['"', '`']).to_lowercase();
        let (mut words, mut pairs) = (Vec::new(), Vec::new());
        for word in whole.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(MOST_WORDS) {
            let characters: Vec<char> = word.chars().collect();
            if characters.iter().any(|c| is_unspaced(*c)) {
                pairs.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
            } else if characters.len() > 1 || characters[0].is_ascii_digit() {
                words.push(stem(word).to_owned());
            }
        }
        words.sort();
        words.dedup();
        pairs.truncate(MOST_WORDS);
        Self { whole, words, pairs }
    }

    /// How much of it stands there.
    fn found_in(&self, section: &str) -> usize {
        let text = section.to_lowercase();
        let there: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let has = |word: &&String| match is_plain(word) {
            true => there.iter().any(|other| other.starts_with(word.as_str())),
            false => there.contains(&word.as_str()),
        };
        let whole = usize::from(self.whole.len() > 1 && text.contains(&self.whole));
        whole + self.words.iter().filter(has).count() + self.pairs.iter().filter(|pair| text.contains(pair.as_str())).count()
    }
}

/// The beginning that the forms of a longer word have in common.
fn stem(word: &str) -> &str {
    let length = word.chars().count();
    match is_plain(word) {
        true => word.char_indices().nth(length.saturating_sub(2).max(LEAST_STEM)).map_or(word, |(at, _)| &word[..at]),
        false => word,
    }
}

/// Whether it is a word that has forms: no number, and long enough.
fn is_plain(word: &str) -> bool {
    word.chars().count() >= LEAST_STEM && word.chars().all(char::is_alphabetic)
}

/// Of Chinese, Japanese, Thai and their neighbours.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

const LEAST_STEM: usize = 4;
/// Of a question, and sections of a passage.
const MOST_WORDS: usize = 64;
const MOST_SECTIONS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &str, anchor: Option<&str>) -> Chunk {
        Chunk {
            ordinal: 0,
            heading_path: vec!["Codes".into()],
            text: text.into(),
            kind: ChunkKind::Text,
            anchor: anchor.map(str::to_owned),
        }
    }

    fn heading(level: u8, text: &str, anchor: &str) -> Heading {
        Heading { level, text: text.into(), anchor: Some(anchor.to_owned()).filter(|anchor| !anchor.is_empty()), offset: 0 }
    }

    const CODES: &str = "Before it.\n\n## KTL-1042\n\nThe boiler is cold. Increase `boiler.timeout_ms`.\n\n## KTL-1043\n\nThe lid is open.\n\n\
        ```sh\n# no heading, though it cancels\n```\n\n### Notes\n\nClosing the lid helps.\n\n## KTL-1044\n\n再起動してください。\n";

    fn answering(question: &str) -> String {
        headings_to_answer(question, &chunk(CODES, None)).last().cloned().unwrap_or_default()
    }

    #[test]
    fn the_section_is_found_that_has_most_of_the_question() {
        for (question, expected) in [
            ("KTL-1043", "KTL-1043"),
            ("ktl 1044", "KTL-1044"),
            ("boiler.timeout_ms", "KTL-1042"),
            ("closes", "Notes"),
            ("closing the lid", "Notes"),
            ("再起動", "KTL-1044"),
            ("before", ""),
            ("nothing of it", ""),
            ("???", ""),
            ("it cancels", "KTL-1043"),
        ] {
            assert_eq!(answering(question), expected, "{question}");
        }
        assert_eq!(headings_to_answer("lid", &chunk("The lid.", None)), [""; 0]);
    }

    #[test]
    fn a_passage_opens_where_the_page_has_that_heading() {
        let outline = [
            heading(1, "Codes", ""),
            heading(2, "KTL-1042", "a"),
            heading(3, "Notes", "n1"),
            heading(2, "KTL-1043", "b"),
            heading(3, "Notes", "n2"),
            heading(2, "KTL-1044", ""),
        ];
        let opened = |question: &str| {
            let mut chunk = chunk(&CODES.replace("Before it.\n\n", ""), Some("a"));
            let headings = headings_to_answer(question, &chunk);
            open_at(&mut chunk, &headings, &outline);
            (chunk.anchor.unwrap(), chunk.heading_path.join(">"))
        };
        assert_eq!(opened("KTL-1043"), ("b".into(), "Codes>KTL-1043".into()));
        assert_eq!(opened("closing the lid"), ("n2".into(), "Codes>KTL-1043>Notes".into()), "not the first of that name");
        assert_eq!(opened("KTL-1044"), ("a".into(), "Codes".into()), "it has no anchor");
        assert_eq!(opened("teapots"), ("a".into(), "Codes".into()));
        let mut other = chunk(CODES, Some("a"));
        open_at(&mut other, &["Elsewhere".to_owned()], &outline);
        assert_eq!(other.anchor.as_deref(), Some("a"));
    }
}
