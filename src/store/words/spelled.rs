//! Other ways to write a word that is asked for: with what some languages write before it, with or without the sign that joins its parts, in
//! letters that stand for others, as one word or two, with other particles. What is stored stays as it is written. Pure.

mod apart;
mod han;
mod korean;
mod letters;

pub(in crate::store) use self::apart::named_and_numbered;
pub(super) use self::apart::{apart, together};
pub(super) use self::korean::Noun;
use super::language::Language;
use super::tokens::Role;

/// As a text may have it where a question has it otherwise: `utf-8` for `utf8` and the other way round, `השרת` for `שרת`, `軟件` for `软件`. In
/// lower case, as what is given; `language` is that of most texts.
pub(super) fn spellings(text: &str, role: Role, language: Option<Language>) -> Vec<String> {
    let mut others = match (role, text.chars().next()) {
        (Role::Word, Some('\u{5d0}'..='\u{5ea}')) => hebrew(text),
        (Role::Word, Some('\u{620}'..='\u{64a}' | '\u{66e}'..='\u{6d3}')) => arabic(text),
        (Role::Word, _) => parted(text),
        (Role::Whole, _) => joined(text),
        (Role::Gram, _) => han::others(text),
        _ => Vec::new(),
    };
    if role == Role::Word {
        others.extend(letters::others(text, language));
    }
    others
}

/// Articles, conjunctions and prepositions of one letter are a part of the word that they stand before.
fn hebrew(text: &str) -> Vec<String> {
    let without = text.strip_prefix(OFTEN_BEFORE).filter(|rest| rest.chars().count() >= LEAST_LETTERS);
    BEFORE.iter().map(|letter| format!("{letter}{text}")).chain(without.map(str::to_owned)).collect()
}

/// With the article and without: what the rules for stems make of the one is not always what they make of the other.
fn arabic(text: &str) -> Vec<String> {
    match text.strip_prefix(ARTICLE).filter(|rest| rest.chars().count() >= LEAST_LETTERS) {
        Some(rest) => vec![rest.to_owned()],
        None => vec![format!("{ARTICLE}{text}")],
    }
}

/// `utf-8` and `utf/8` of `utf8`, `i/o` of `io`.
fn parted(text: &str) -> Vec<String> {
    if !text.is_ascii() || text.len() > LONGEST {
        return Vec::new();
    }
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, number) = text.split_at(letters);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match () {
        () if letters >= 2 && is_number => JOINTS.iter().map(|joint| format!("{name}{joint}{number}")).collect(),
        () if letters == 2 && number.is_empty() => vec![format!("{}/{}", &text[..1], &text[1..])],
        () => Vec::new(),
    }
}

/// `utf8` of `utf-8`, `io` of `i/o`, `run_script` and `runscript` (as `runScript` is in lower case) of `run-script`.
fn joined(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split(['-', '/', '_']).collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if text.len() > LONGEST || !(2..=MOST_PARTS).contains(&parts.len()) || !parts.iter().all(is_word) {
        return Vec::new();
    }
    ["", "_", "-"].iter().map(|joint| parts.join(joint)).filter(|other| other != text).collect()
}

const BEFORE: [char; 7] = ['ה', 'ו', 'ב', 'ל', 'מ', 'ש', 'כ'];
/// Of these, those that a word seldom begins with by itself.
const OFTEN_BEFORE: [char; 4] = ['ה', 'ו', 'ב', 'ל'];
const ARTICLE: &str = "ال";
/// Of what is left of a word.
const LEAST_LETTERS: usize = 3;
const JOINTS: [char; 2] = ['-', '/'];
/// Bytes.
const LONGEST: usize = 32;
const MOST_PARTS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_written_in_several_ways() {
        let word = |text| spellings(text, Role::Word, None);
        assert_eq!(word("utf8"), ["utf-8", "utf/8"]);
        assert_eq!(word("io"), ["i/o"]);
        assert_eq!(word("ملفات"), ["الملفات"]);
        assert_eq!(word("الملفات"), ["ملفات"]);
        assert!(word("שרת").contains(&"השרת".to_owned()) && word("השרת").contains(&"שרת".to_owned()));
        for plain in ["kettle", "8080", "x86", "e0502", "été", "東京", "σ", "א", ""] {
            assert!(word(plain).iter().all(|other| other.starts_with(BEFORE)), "{plain}");
        }
        let whole = |text| spellings(text, Role::Whole, None);
        for (written, others) in [
            ("utf-8", &["utf8", "utf_8"][..]),
            ("i/o", &["io", "i_o", "i-o"]),
            ("run-all-scripts", &["runallscripts", "run_all_scripts"]),
            ("max_pages", &["maxpages", "max-pages"]),
        ] {
            assert_eq!(whole(written), others);
        }
        for written in ["--max-pages", "a-b-c-d-e-f-g", "asyncio.run", "c++", "-", "a-", "ä-b", &"a-b".repeat(20)] {
            assert_eq!(whole(written), [""; 0], "{written}");
        }
    }
}
