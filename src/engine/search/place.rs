//! Where in a passage its answer stands: short sections share a passage, and a hit opens at the one that is meant. Pure.

use std::collections::HashSet;

use crate::model::{Chunk, ChunkKind, Heading, plain};
use crate::store::{others_of, telling_words, words_of};

/// What begins a part of a passage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beginning {
    text: String,
    /// Or a line of code, which may be a definition that the page opens at.
    is_heading: bool,
}

/// What begins the parts of the passage up to the one in which most of what is asked stands; none where that is its beginning, or where
/// nothing tells.
pub(super) fn beginnings_to_answer(question: &str, chunk: &Chunk) -> Vec<Beginning> {
    if chunk.kind != ChunkKind::Text {
        return Vec::new();
    }
    let sections = cut(&chunk.text, |line| heading_of(line).is_some());
    let asked = Asked::of(question);
    let Some(best) = asked.best_of(&sections) else { return Vec::new() };
    let headings = sections.iter().take(best + 1).skip(1).filter_map(|section| section.lines().next().and_then(heading_of));
    let heading = |text: &str| Beginning { text: plain(text).into_owned(), is_heading: true };
    let mut beginnings: Vec<Beginning> = headings.map(heading).collect();
    let definitions = cut(sections[best], |line| code_of(line).is_some());
    if let Some(best) = asked.best_of(&definitions) {
        let lines = definitions.iter().take(best + 1).filter_map(|part| part.lines().next().and_then(code_of));
        beginnings.extend(lines.map(|text| Beginning { text: text.to_owned(), is_heading: false }));
    }
    beginnings
}

/// The passage as it opens at the last of these that the page has an anchor for, which stand in it one after the other; as it was, where the
/// page has no such headings.
pub(super) fn open_at(chunk: &mut Chunk, beginnings: &[Beginning], outline: &[Heading]) {
    let begins = |of: &Heading| of.anchor.is_some() && of.anchor == chunk.anchor;
    let mut next = outline.iter().position(begins).unwrap_or(0);
    let mut at = None;
    for Beginning { text, is_heading } in beginnings {
        match outline[next..].iter().position(|of| of.text.trim() == text.trim()) {
            Some(found) => {
                at = Some(next + found);
                next += found + 1;
            }
            None if *is_heading => return,
            None => {}
        }
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

/// A text cut before each line that begins a part; the first part may be empty.
fn cut(text: &str, begins: impl Fn(&str) -> bool) -> Vec<&str> {
    let (mut parts, mut from, mut at, mut fence) = (Vec::new(), 0, 0, None);
    for line in text.split_inclusive('\n') {
        let marks = ["```", "~~~"].into_iter().find(|marks| line.trim_start().starts_with(*marks));
        match (fence, marks) {
            (None, Some(_)) => fence = marks,
            (Some(open), Some(marks)) if open == marks => fence = None,
            (None, None) if begins(line) && parts.len() < MOST_PARTS => {
                parts.push(&text[from..at]);
                from = at;
            }
            _ => {}
        }
        at += line.len();
    }
    parts.push(&text[from..]);
    parts
}

/// What a line says that is code and nothing else, as definitions of an API are.
fn code_of(line: &str) -> Option<&str> {
    let text = line.trim().strip_prefix('`')?.strip_suffix('`')?;
    (!text.is_empty() && !text.contains('`')).then_some(text)
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
    /// Each however it is typed.
    words: Vec<Vec<String>>,
}

impl Asked {
    fn of(question: &str) -> Self {
        let whole = question.trim().trim_matches(['"', '`']).to_lowercase();
        let mut words = telling_words(question);
        words.sort_by(|one, other| stem(one).cmp(stem(other)));
        words.dedup_by(|one, other| stem(one) == stem(other));
        let typed = |word: String| others_of(&word).iter().chain([&word]).map(|word| stem(word).to_owned()).collect();
        Self { whole, words: words.into_iter().map(typed).collect() }
    }

    /// The part in which most of it stands, of equal ones the first; none where nothing of it does.
    fn best_of(&self, parts: &[&str]) -> Option<usize> {
        let found = self.found_in(parts);
        let best = (0..found.len()).rev().max_by_key(|at| found[*at])?;
        (found[best] > 0).then_some(best)
    }

    /// How much of it stands in each of the sections: the fewer of them have a word, the more it tells.
    fn found_in(&self, sections: &[&str]) -> Vec<usize> {
        let found: Vec<Vec<bool>> = sections.iter().map(|section| self.stands_in(section)).collect();
        let having = |at: usize| found.iter().filter(|found| found[at]).count();
        let worth: Vec<usize> = (0..self.words.len() + 1).map(|at| sections.len() + 1 - having(at)).collect();
        let sum = |found: &[bool]| found.iter().zip(&worth).filter(|(found, _)| **found).map(|(_, worth)| worth).sum::<usize>();
        // Of equal ones the one whose heading has more of it.
        let heading = |section: &str| {
            section.lines().next().filter(|line| heading_of(line).or(code_of(line)).is_some()).map_or(0, |line| sum(&self.stands_in(line)))
        };
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
        self.words.iter().map(|typed| typed.iter().any(&stands)).chain([whole]).collect()
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
const MOST_PARTS: usize = 200;

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

    fn texts(question: &str, passage: &str) -> Vec<String> {
        beginnings_to_answer(question, &chunk(passage, None)).into_iter().map(|beginning| beginning.text).collect()
    }

    fn answering(question: &str) -> String {
        texts(question, CODES).pop().unwrap_or_default()
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
        assert_eq!(texts("lid", "The lid."), [""; 0]);
    }

    #[test]
    fn words_that_say_nothing_or_stand_in_all_of_it_choose_no_section() {
        let passage = "## Adding accounts\n\nHow do I do this? As a user, you do not: an account is what you ask for, and then you have it.\n\n\
            ## Resetting passwords\n\nAn account whose user forgot its password is given one.\n";
        let answering = |question: &str| texts(question, passage).pop().unwrap_or_default();
        assert_eq!(answering("how do I get a password for a user account"), "Resetting passwords");
        assert_eq!(answering("how do you add an account"), "Adding accounts");
        let kettle = "The kettle boils.\n\n## Temperature\n\nIt is set by hand.\n";
        assert_eq!(texts("what temperature does the kettle have", kettle), ["Temperature"], "its heading says so");
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
            ("删除账户", "## 新增\n\n新增帳戶。\n\n## 管理\n\n可以刪除帳戶。\n"),
            ("ايميل", "## نام\n\nنام را بنویسید.\n\n## نشانی\n\nایمیل را بنویسید.\n"),
            ("aendern", "## Neu\n\nEin Konto.\n\n## Konto\n\nHier aendert man es.\n"),
            ("strasse", "## Ort\n\nEin Haus.\n\n## Weg\n\nDie Straße ist lang.\n"),
        ] {
            assert_eq!(texts(question, passage).len(), 2, "{question}");
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
            let beginnings = beginnings_to_answer(question, &chunk);
            open_at(&mut chunk, &beginnings, &outline);
            (chunk.anchor.unwrap(), chunk.heading_path.join(">"))
        };
        assert_eq!(opened("KTL-1043"), ("b".into(), "Codes>KTL-1043".into()));
        assert_eq!(opened("closing the lid"), ("n2".into(), "Codes>KTL-1043>Notes".into()), "not the first of that name");
        assert_eq!(opened("KTL-1044"), ("a".into(), "Codes".into()), "it has no anchor");
        assert_eq!(opened("teapots"), ("a".into(), "Codes".into()));
        let mut other = chunk(CODES, Some("a"));
        open_at(&mut other, &[Beginning { text: "Elsewhere".to_owned(), is_heading: true }], &outline);
        assert_eq!(other.anchor.as_deref(), Some("a"));
    }

    /// Definitions of an API are no headings, but a page opens at them.
    #[test]
    fn a_passage_opens_at_the_definition_that_is_asked_for() {
        let passage = "How to wait for several at once.\n\n```\n`shield(aw)`\nfenced\n```\n\n`awaitable gather(*aws)`\n\nRuns them together.\n\n\
            `pip install shields`\n\n`shield(aw)`\n\nNothing cancels it any more.\n\n## Notes\n\n`to_thread(func)`\n\nFor what blocks.\n";
        let outline = [
            heading(2, "Waiting", "w"),
            heading(3, "awaitable gather(*aws)", "gather"),
            heading(3, "shield(aw)", "shield"),
            heading(2, "Notes", "n"),
            heading(3, "to_thread(func)", "thread"),
        ];
        for (question, anchor, path) in [
            ("run together", "gather", "Waiting>awaitable gather(*aws)"),
            ("what cancels", "shield", "Waiting>shield(aw)"),
            ("to_thread", "thread", "Notes>to_thread(func)"),
            ("notes", "n", "Notes"),
            ("how to wait for several", "w", "Codes"),
            ("fenced", "w", "Codes"),
            ("pip install", "gather", "Waiting>awaitable gather(*aws)"),
        ] {
            let mut chunk = chunk(passage, Some("w"));
            let beginnings = beginnings_to_answer(question, &chunk);
            open_at(&mut chunk, &beginnings, &outline);
            assert_eq!((chunk.anchor.as_deref(), &*chunk.heading_path.join(">")), (Some(anchor), path), "{question}");
        }
        // Code that the page has no anchor for changes nothing.
        let mut plain = chunk("First.\n\n`pip install`\n\nSecond.\n", Some("w"));
        let beginnings = beginnings_to_answer("second", &plain);
        open_at(&mut plain, &beginnings, &outline);
        assert_eq!((plain.anchor.as_deref(), plain.heading_path.len()), (Some("w"), 1));
    }
}
