//! What some write as one word and others as two: a name with its number, and what languages join by a sign that is no letter. Pure.

/// The two words that a word may be in a text: `HTTP 404` where `http404` is asked for.
pub(in crate::store::words) fn apart(word: &str) -> Vec<[String; 2]> {
    let two = |(before, behind): (&str, &str)| [before.to_owned(), behind.to_owned()];
    if word.is_ascii() {
        return named_and_numbered(word).map(two).into_iter().collect();
    }
    let (before, behind) = word.split_once(APOSTROPHE).unwrap_or_default();
    let by_apostrophe = (!before.is_empty() && !behind.is_empty()).then_some((before, behind));
    let rest = |part: &str| part.chars().count() >= LEAST_LETTERS;
    let prefix = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix).filter(|behind| rest(behind)).map(|behind| (*prefix, behind)));
    let suffix = SUFFIXES.iter().find_map(|suffix| word.strip_suffix(suffix).filter(|before| rest(before)).map(|before| (before, *suffix)));
    [by_apostrophe, prefix, suffix].into_iter().flatten().map(two).collect()
}

/// The word that two words may be which are asked for one behind the other: `http404` for `http` and `404`.
pub(in crate::store::words) fn together(before: &str, behind: &str) -> Option<String> {
    let joint = match behind.chars().next()? {
        '0'..='9' if is_name(before) && is_number(behind) => "",
        'є' | 'ю' | 'я' | 'ї' if before.ends_with(|c| ('\u{430}'..='\u{4ff}').contains(&c)) => APOSTROPHE,
        '\u{620}'..='\u{6d3}' if PREFIXES.contains(&before) || SUFFIXES.contains(&behind) && is_arabic(before) => "",
        _ => return None,
    };
    let both = before.len() + joint.len() + behind.len() <= LONGEST;
    both.then(|| format!("{before}{joint}{behind}"))
}

/// `http` and `404`.
pub(in crate::store) fn named_and_numbered(word: &str) -> Option<(&str, &str)> {
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, number) = word.split_at(letters);
    (is_name(name) && is_number(number) && word.len() <= LONGEST).then_some((name, number))
}

fn is_name(word: &str) -> bool {
    word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// `404`, `3.11`.
fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && word.starts_with(|c: char| c.is_ascii_digit())
}

fn is_arabic(word: &str) -> bool {
    word.starts_with(|c| ('\u{620}'..='\u{6d3}').contains(&c))
}

/// A letter to Unicode, and the right sign for what others type as a quotation mark: `обʼєкт`, `об'єкт`.
const APOSTROPHE: &str = "\u{2bc}";
/// Of Persian verbs and nouns: they are joined by a sign that is not seen, or by none, or stand apart. In the letters of Persian and of Arabic.
const PREFIXES: [&str; 4] = ["نمی", "نمي", "می", "مي"];
const SUFFIXES: [&str; 10] = ["هایی", "هايي", "های", "هاي", "ها", "ترین", "ترين", "تر", "ام", "اند"];
/// Of what stands beside them.
const LEAST_LETTERS: usize = 3;
/// Bytes.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_and_two_are_the_same() {
        for (word, before, behind) in [
            ("http404", "http", "404"),
            ("python3", "python", "3"),
            ("об\u{2bc}єкт", "об", "єкт"),
            ("میخواهم", "می", "خواهم"),
            ("کتابها", "کتاب", "ها"),
        ] {
            assert_eq!(apart(word), [[before.to_owned(), behind.to_owned()]], "{word}");
            assert_eq!(together(before, behind).as_deref(), Some(word), "{word}");
        }
        assert_eq!(named_and_numbered("python3.11"), Some(("python", "3.11")));
        assert_eq!(together("python", "3.11").as_deref(), Some("python3.11"));
        for word in ["e0502", "404", "http", "sha256sum", "1password", "объект", "می", "ʼ", "ʼя", "كتاب", "東京", ""] {
            assert!(apart(word).is_empty(), "{word}");
        }
        for (before, behind) in [("a", "1"), ("1", "404"), ("http", "x1"), ("http", ""), ("kettle", "я"), ("سلام", "دنیا"), ("", "1")]
        {
            assert_eq!(together(before, behind), None, "{before} {behind}");
        }
    }
}
