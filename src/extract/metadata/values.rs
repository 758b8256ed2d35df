//! What a value of a page's head must look like to be believed: one line of text, a date, a language tag, a version.
//! Knows nothing of where a value stands. What does not look like it is left out, never repaired.

/// Blanks joined, nothing that is not shown or turns the direction of what follows, at most so many characters.
pub(in crate::extract) fn line(text: &str, most: usize) -> Option<String> {
    let (mut line, mut length, mut parted) = (String::new(), 0, false);
    for c in text.chars() {
        if c.is_whitespace() {
            parted = !line.is_empty();
        } else if !is_unseen(c) {
            if length >= most {
                break;
            }
            if std::mem::take(&mut parted) {
                line.push(' ');
                length += 1;
            }
            line.push(c);
            length += 1;
        }
    }
    (!line.is_empty()).then_some(line)
}

/// Control characters, marks of direction, and characters without width; joiners are part of words.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A date, or date and time, of ISO 8601 (a blank for the `T` as in RFC 3339). A date is also believed before something else, as in
/// "2024-05-31 00:35:55 UTC", and then alone.
pub(super) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    let day = text.get(..10).filter(|day| is_day(day.as_bytes()))?;
    let rest = &text[10..];
    let whole = rest.is_empty() || rest.strip_prefix(['T', 't', ' ']).is_some_and(is_time);
    match whole {
        true => Some(text.to_owned()),
        false => rest.starts_with(|c: char| c.is_whitespace()).then(|| day.to_owned()),
    }
}

/// `2024-05-31`; a year before 1000 is a date that was never set.
fn is_day(day: &[u8]) -> bool {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *day else { return false };
    let digits = [y0, y1, y2, y3, m0, m1, d0, d1];
    let pair = |tens: u8, ones: u8| (tens - b'0') * 10 + (ones - b'0');
    digits.iter().all(u8::is_ascii_digit) && y0 != b'0' && (1..=12).contains(&pair(m0, m1)) && (1..=31).contains(&pair(d0, d1))
}

/// `12:00`, `12:00:30.25Z`, `12:00:30+01:00`.
fn is_time(time: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() >= count && text.as_bytes()[..count].iter().all(u8::is_ascii_digit);
    if !digits(time, 2) || time.as_bytes().get(2) != Some(&b':') || !digits(&time[3..], 2) {
        return false;
    }
    let mut rest = &time[5..];
    if let Some(seconds) = rest.strip_prefix(':') {
        if !digits(seconds, 2) {
            return false;
        }
        rest = &seconds[2..];
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if rest.len() == fraction.len() {
                return false;
            }
        }
    }
    match rest.strip_prefix(['+', '-']) {
        Some(zone) => match zone.len() {
            2 | 4 => digits(zone, zone.len()),
            5 => digits(zone, 2) && zone.as_bytes()[2] == b':' && digits(&zone[3..], 2),
            _ => false,
        },
        None => matches!(rest, "" | "Z" | "z"),
    }
}

/// A language tag of the shape that BCP 47 gives it; `en_US`, as Open Graph writes it, is one with its own mark.
pub(super) fn language(text: &str) -> Option<String> {
    let tag = text.trim().replace('_', "-");
    let mut parts = tag.split('-');
    let first = parts.next()?;
    let is_known = matches!(first.len(), 2 | 3) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_tag = is_known && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    // "und" is how a page says that it does not know, "mul" and "zxx" that there is no one language.
    let is_one = !["und", "mul", "zxx", "mis"].iter().any(|none| first.eq_ignore_ascii_case(none));
    (is_tag && is_one && tag.len() <= LONGEST_TAG).then_some(tag)
}

const LONGEST_TAG: usize = 35;

/// A version as a word of its own: `3.2.25`, `v1.0-rc.1`, `R2023b`, `3.1.x`. Names of branches ("latest", "stable") are none.
pub(super) fn is_version(word: &str) -> bool {
    let number = word.strip_prefix(['v', 'V', 'r', 'R']).unwrap_or(word);
    number.starts_with(|c: char| c.is_ascii_digit())
        && word.len() <= LONGEST_VERSION
        && number.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '~' | ':'))
}

/// A version that stands where only a version can stand, without the word that says so.
pub(super) fn version(text: &str) -> Option<String> {
    let text = line(text, LONGEST_VERSION + 20)?;
    let said = ["Version", "version", "Release", "release"].iter().find_map(|word| text.strip_prefix(word));
    let number = said.unwrap_or(&text).trim_start_matches([':', ' ']);
    // A revision or a date may follow: "1.80.0 (05147895 2024-07-21)".
    let word = number.split(' ').next().unwrap_or_default().trim_matches(['(', ')', ',', ';']);
    is_version(word).then(|| word.to_owned())
}

const LONGEST_VERSION: usize = 40;

/// `Django 3.2.25` and `Java SE 17`: a name and the version that is its last word.
pub(super) fn name_and_version(text: &str) -> (&str, Option<&str>) {
    let text = text.trim();
    match text.rsplit_once(' ') {
        Some((name, word)) if is_version(word) => {
            let name = name.trim_end();
            (
                ["version", "Version", "release", "Release"].iter().find_map(|said| name.strip_suffix(said)).unwrap_or(name).trim_end(),
                Some(word),
            )
        }
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_nothing_that_is_not_shown() {
        assert_eq!(line(" a\n\tb\u{a0}c ", 99).as_deref(), Some("a b c"));
        assert_eq!(line("\u{1b}[31mred\u{7}\u{202e}txt.exe\u{200b}", 99).as_deref(), Some("[31mredtxt.exe"));
        assert_eq!(line("می\u{200c}خواهم", 99).as_deref(), Some("می\u{200c}خواهم"));
        assert_eq!(line("\u{7}\u{feff} \n", 99), None);
        assert_eq!(line("abc def", 4).as_deref(), Some("abc d"));
        assert_eq!(line("ééé", 2).as_deref(), Some("éé"));
    }

    #[test]
    fn only_dates_of_iso_8601_are_dates() {
        for good in [
            "2024-05-31",
            "2024-05-31T07:08",
            "2024-05-31T07:08:09Z",
            "2024-05-31 07:08:09",
            "2024-05-31T07:08:09.123456+02:00",
            "2024-05-31T07:08:09-0700",
        ] {
            assert_eq!(date(&format!(" {good}\n")).as_deref(), Some(good));
        }
        assert_eq!(date("2024-05-31 00:35:55 UTC").as_deref(), Some("2024-05-31"));
        for bad in [
            "",
            "May 31, 2024",
            "31.05.2024",
            "2024",
            "2024-13-01",
            "2024-05-32",
            "0001-01-01T00:00:00Z",
            "2024-05-31x",
            "2024-05-31T7",
            "20240531",
            "2024-05-3é",
        ] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_language_is_a_tag() {
        for (text, tag) in
            [("en", "en"), ("pt-BR", "pt-BR"), ("en_US", "en-US"), (" zh-Hant-TW ", "zh-Hant-TW"), ("de-CH-1996", "de-CH-1996")]
        {
            assert_eq!(language(text).as_deref(), Some(tag));
        }
        for none in ["", "english", "{{ lang }}", "und", "x-default", "e", "en-", "en-verylongsubtag", "en, de"] {
            assert_eq!(language(none), None, "{none}");
        }
    }

    #[test]
    fn a_version_has_a_number_first() {
        for (text, found) in [
            ("3.2.25", "3.2.25"),
            (" Version 1.2.3 ", "1.2.3"),
            ("version: v2.0-rc.1", "v2.0-rc.1"),
            ("1.80.0 (05147895 2024-07-21)", "1.80.0"),
            ("17", "17"),
            ("3.1.x", "3.1.x"),
            ("(3.4.90)", "3.4.90"),
        ] {
            assert_eq!(version(text).as_deref(), Some(found), "{text}");
        }
        for none in ["", "latest", "stable", "current", "main", "Version", "{{ version }}"] {
            assert_eq!(version(none), None, "{none}");
        }
        assert_eq!(name_and_version("Java SE 17"), ("Java SE", Some("17")));
        assert_eq!(name_and_version("Coreutils version 9.4"), ("Coreutils", Some("9.4")));
        assert_eq!(name_and_version("The Linux Kernel"), ("The Linux Kernel", None));
        assert_eq!(name_and_version("17"), ("17", None));
    }
}
