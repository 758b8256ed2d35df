//! Where in a passage its answer stands: short sections share a passage, and a hit opens at the one that is meant. Pure.

use std::collections::HashSet;

use crate::model::{Chunk, ChunkKind, Heading, plain};
use crate::store::{telling_words, words_of};

/// The headings within the passage up to the one under which most of what is asked stands; none where that is its beginning, or where nothing
/// tells.
pub(super) fn headings_to_answer(question: &str, chunk: &Chunk) -> Vec<String> {
    let sections = sections(chunk);
    if sections.len() < 2 {
        return Vec::new();
    }
    let found = Asked::of(question).found_in(&sections);
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

/// What a question asks for.
struct Asked {
    /// All of it, in lower case.
    whole: String,
    words: Vec<String>,
}

impl Asked {
    fn of(question: &str) -> Self {
        let whole = question.trim().trim_matches(['"', '`']).to_lowercase();
        let mut words: Vec<String> = telling_words(question).into_iter().map(|word| stem(&word).to_owned()).collect();
        words.sort();
        words.dedup();
        Self { whole, words }
    }

    /// How much of it stands in each of the sections: the fewer of them have a word, the more it tells.
    fn found_in(&self, sections: &[&str]) -> Vec<usize> {
        let found: Vec<Vec<bool>> = sections.iter().map(|section| self.stands_in(section)).collect();
        let having = |at: usize| found.iter().filter(|found| found[at]).count();
        let worth: Vec<usize> = (0..self.words.len() + 1).map(|at| sections.len() + 1 - having(at)).collect();
        let sum = |found: &[bool]| found.iter().zip(&worth).filter(|(found, _)| **found).map(|(_, worth)| worth).sum::<usize>();
        // Of equal ones the one whose heading has more of it.
        let heading =
            |section: &str| section.lines().next().filter(|line| heading_of(line).is_some()).map_or(0, |line| sum(&self.stands_in(line)));
        found.iter().zip(sections).map(|(found, section)| 1_000 * sum(found) + heading(section).min(999)).collect()
    }

    /// Whether each of its words stands there, and all of it as it is.
    fn stands_in(&self, section: &str) -> Vec<bool> {
        let there: HashSet<String> = words_of(section).into_iter().collect();
        let stands = |word: &String| match word.chars().next() {
            // Articles and prepositions are written before a word, and characters are asked for by themselves.
            Some('\u{590}'..='\u{7ff}' | '\u{e00}'..) => there.iter().any(|other| other.contains(word.as_str())),
            _ if is_plain(word) => there.iter().any(|other| other.starts_with(word.as_str())),
            _ => there.contains(word),
        };
        let whole = self.whole.chars().count() > 1 && section.to_lowercase().contains(&self.whole);
        self.words.iter().map(stands).chain([whole]).collect()
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

const LEAST_STEM: usize = 4;
/// Of a passage.
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
    fn words_that_say_nothing_or_stand_in_all_of_it_choose_no_section() {
        let passage = "## Adding accounts\n\nHow do I do this? As a user, you do not: an account is what you ask for, and then you have it.\n\n\
            ## Resetting passwords\n\nAn account whose user forgot its password is given one.\n";
        let answering = |question: &str| headings_to_answer(question, &chunk(passage, None)).last().cloned().unwrap_or_default();
        assert_eq!(answering("how do I get a password for a user account"), "Resetting passwords");
        assert_eq!(answering("how do you add an account"), "Adding accounts");
        let kettle = "The kettle boils.\n\n## Temperature\n\nIt is set by hand.\n";
        assert_eq!(
            headings_to_answer("what temperature does the kettle have", &chunk(kettle, None)),
            ["Temperature"],
            "its heading says so"
        );
    }

    #[test]
    fn a_section_is_found_however_its_words_are_typed() {
        for (question, passage) in [
            ("quen mat khau", "## Thêm\n\nTài khoản mới.\n\n## Đặt lại\n\nNếu người dùng quên mật khẩu.\n"),
            ("istanbul", "## Ekleme\n\nYeni hesaplar.\n\n## Sunucular\n\nİSTANBUL ayrı yönetilir.\n"),
            ("zapomnialem hasla", "## Dodawanie\n\nNowe konta.\n\n## Resetowanie\n\nJeśli użytkownik zapomni hasła.\n"),
            ("비밀번호를 잊어버렸어요", "## 추가\n\n새 계정을 추가합니다.\n\n## 재설정\n\n비밀번호가 없으면 다시 설정합니다.\n"),
            ("أسترجع بياناتي", "## إنشاء\n\nيحفظ الجداول.\n\n## استعادة البيانات\n\nأوقف الخادم أولا.\n"),
            ("4ギガ", "## 手順\n\n実行します。\n\n## 要件\n\n４ギガバイトが必要です。\n"),
            ("strasse", "## Ort\n\nEin Haus.\n\n## Weg\n\nDie Straße ist lang.\n"),
        ] {
            assert_eq!(headings_to_answer(question, &chunk(passage, None)).len(), 2, "{question}");
        }
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
