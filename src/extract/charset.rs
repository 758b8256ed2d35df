//! Which encoding a page's bytes are in, found as browsers do (WHATWG Encoding and HTML standards), and the text they spell.
//! Knows bytes and header values, no markup beyond the declaration it looks for.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use crate::extract::magic;

/// The text of a body: byte order mark, else that every other byte is NUL, else header, else declaration, else the bytes themselves decide.
/// What is not valid in that encoding becomes U+FFFD.
pub(super) fn decode<'b>(content_type: Option<&str>, body: &'b [u8]) -> (Cow<'b, str>, &'static Encoding) {
    let sent = || content_type.and_then(by_header).map(|sent| mended(sent, body));
    let encoding = by_mark(body).or_else(|| magic::utf_16(body)).or_else(sent).or_else(|| declared(body)).unwrap_or_else(|| guessed(body));
    let text = encoding.decode_with_bom_removal(body).0;
    // A NUL is no character of any page, and SQLite and terminals take it amiss.
    let text = match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text,
    };
    (text, encoding)
}

/// The encoding named by the page itself within its first 1,024 bytes.
pub(super) fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let head = &body[..body.len().min(PRESCAN)];
    by_xml_declaration(head).or_else(|| by_meta(head))
}

/// <https://html.spec.whatwg.org/#prescan-a-byte-stream-to-determine-its-encoding>
const PRESCAN: usize = 1024;
/// What the detector is shown, from shortly before the first byte that is not ASCII.
const DETECTED: usize = 16 * 1024;

fn by_mark(body: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_bom(body).map(|(encoding, _)| encoding)
}

fn by_header(content_type: &str) -> Option<&'static Encoding> {
    Encoding::for_label(after_charset(content_type.as_bytes())?)
}

/// Servers send one name for all of their pages. Where the bytes are none of that encoding, and all of the one that the page declares, the
/// page is right.
fn mended(sent: &'static Encoding, body: &[u8]) -> &'static Encoding {
    // What is quick to see, and is so for nearly every page.
    let is_in_order = match sent {
        e if e == UTF_8 => is_utf_8(body),
        e if e == WINDOWS_1252 => body.is_ascii(),
        _ => false,
    };
    if is_in_order {
        return sent;
    }
    let Some(declared) = declared(body).filter(|declared| *declared != sent) else { return sent };
    // Any bytes are Windows-1252, and text beyond ASCII that is UTF-8 by chance is rare.
    let is_wrong = match sent {
        e if e == UTF_8 => !is_mostly_utf_8(body),
        e if e == WINDOWS_1252 => declared == UTF_8,
        e => e.decode_without_bom_handling_and_without_replacement(body).is_none(),
    };
    let fits = || match declared {
        e if e == UTF_8 => is_utf_8(body) && is_mostly_utf_8(body),
        e => e.decode_without_bom_handling_and_without_replacement(body).is_some(),
    };
    if is_wrong && fits() { declared } else { sent }
}

/// Whether all bytes are; a body may be cut short inside its last character.
fn is_utf_8(body: &[u8]) -> bool {
    std::str::from_utf8(body).map_or_else(|error| error.error_len().is_none(), |_| true)
}

/// Whether it has more characters beyond ASCII than bytes that are none: what somebody else has put in may be of another encoding.
fn is_mostly_utf_8(body: &[u8]) -> bool {
    let (mut characters, mut others) = (0, 0);
    for chunk in body.utf8_chunks() {
        characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        others += chunk.invalid().len();
    }
    characters > others
}

fn guessed(body: &[u8]) -> &'static Encoding {
    // ISO-2022-JP is all ASCII; nothing else begins its shifts.
    let shifts = body.contains(&0x1b).then(|| find(body, b"\x1b$")).flatten();
    match std::str::from_utf8(body) {
        Ok(_) if shifts.is_none() => return UTF_8,
        // A body cut short inside its last character.
        Err(error) if error.error_len().is_none() => return UTF_8,
        _ => {}
    }
    let start = shifts.or_else(|| body.iter().position(|byte| !byte.is_ascii())).unwrap_or(0).saturating_sub(256);
    let sample = &body[start..body.len().min(start + DETECTED)];
    // A stray byte in a page of otherwise sound UTF-8, whose multi-byte sequences hardly arise by chance.
    let (mut sound, mut stray) = (0usize, 0usize);
    for chunk in sample.utf8_chunks() {
        sound += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        stray += usize::from(!chunk.invalid().is_empty());
    }
    if stray > 0 && sound > 20 * stray {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample, true);
    detector.guess(None, Utf8Detection::Allow)
}

fn by_xml_declaration(head: &[u8]) -> Option<&'static Encoding> {
    if head.starts_with(&[0x3c, 0, 0x3f, 0, 0x78, 0]) {
        return Some(UTF_16LE);
    }
    if head.starts_with(&[0, 0x3c, 0, 0x3f, 0, 0x78]) {
        return Some(UTF_16BE);
    }
    let declaration = head.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..declaration.iter().position(|byte| *byte == b'>')?];
    let at = find(declaration, b"encoding")?;
    let value = declaration[at + 8..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let quote = *value.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let value = &value[1..];
    let name = &value[..value.iter().position(|byte| *byte == quote)?];
    // No control character or blank belongs to a name.
    name.iter().all(|byte| *byte > b' ').then(|| Encoding::for_label(name).map(as_declared)).flatten()
}

fn by_meta(head: &[u8]) -> Option<&'static Encoding> {
    let mut scan = Scan { bytes: head, at: 0 };
    while let Some(byte) = scan.peek() {
        let rest = &head[scan.at..];
        if byte != b'<' {
            scan.at += 1;
        } else if rest.starts_with(b"<!--") {
            // "<!-->" is a comment, too.
            scan.at += 2 + find(&rest[2..], b"-->")? + 3;
        } else if rest.len() > 5 && rest[1..5].eq_ignore_ascii_case(b"meta") && (is_blank(rest[5]) || rest[5] == b'/') {
            scan.at += 6;
            if let Some(encoding) = scan.meta() {
                return Some(encoding);
            }
        } else if rest.get(1).is_some_and(u8::is_ascii_alphabetic)
            || (rest.get(1) == Some(&b'/') && rest.get(2).is_some_and(u8::is_ascii_alphabetic))
        {
            scan.at += rest.iter().position(|byte| is_blank(*byte) || *byte == b'>')?;
            while scan.attribute()?.is_some() {}
        } else if matches!(rest.get(1), Some(b'!' | b'/' | b'?')) {
            scan.at += rest.iter().position(|byte| *byte == b'>')? + 1;
        } else {
            scan.at += 1;
        }
    }
    None
}

/// The standard's cursor. `None` from its methods is the end of the bytes.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn meta(&mut self) -> Option<&'static Encoding> {
        let (mut pragma, mut needs_pragma, mut charset) = (false, None, None);
        let mut seen = Vec::new();
        while let Some((name, value)) = self.attribute()? {
            if seen.contains(&name) {
                continue;
            }
            match name.as_slice() {
                b"http-equiv" => pragma |= value == b"content-type",
                b"content" if charset.is_none() => {
                    if let Some(found) = after_charset(&value).and_then(Encoding::for_label) {
                        charset = Some(Some(found));
                        needs_pragma = Some(true);
                    }
                }
                b"charset" => {
                    charset = Some(Encoding::for_label(&value));
                    needs_pragma = Some(false);
                }
                _ => {}
            }
            seen.push(name);
        }
        if needs_pragma? && !pragma {
            return None;
        }
        charset?.map(as_declared)
    }

    /// One attribute as (name, value), both lower-case; `Some(None)` at the end of the tag.
    fn attribute(&mut self) -> Option<Option<(Vec<u8>, Vec<u8>)>> {
        while is_blank(self.peek()?) || self.peek()? == b'/' {
            self.at += 1;
        }
        if self.peek()? == b'>' {
            self.at += 1;
            return Some(None);
        }
        let mut name = Vec::new();
        loop {
            match self.peek()? {
                b'=' if !name.is_empty() => break,
                byte if is_blank(byte) => break,
                b'/' | b'>' => return Some(Some((name, Vec::new()))),
                byte => name.push(byte.to_ascii_lowercase()),
            }
            self.at += 1;
        }
        self.skip_blanks()?;
        if self.peek()? != b'=' {
            return Some(Some((name, Vec::new())));
        }
        self.at += 1;
        self.skip_blanks()?;
        let mut value = Vec::new();
        match self.peek()? {
            quote @ (b'"' | b'\'') => loop {
                self.at += 1;
                match self.peek()? {
                    byte if byte == quote => {
                        self.at += 1;
                        return Some(Some((name, value)));
                    }
                    byte => value.push(byte.to_ascii_lowercase()),
                }
            },
            _ => loop {
                match self.peek()? {
                    byte if is_blank(byte) || byte == b'>' => return Some(Some((name, value))),
                    byte => value.push(byte.to_ascii_lowercase()),
                }
                self.at += 1;
            },
        }
    }

    fn skip_blanks(&mut self) -> Option<()> {
        while is_blank(self.peek()?) {
            self.at += 1;
        }
        Some(())
    }
}

/// A page whose declaration could be read as ASCII is not in UTF-16, whatever it says.
fn as_declared(encoding: &'static Encoding) -> &'static Encoding {
    match encoding {
        e if e == UTF_16LE || e == UTF_16BE => UTF_8,
        e if e == X_USER_DEFINED => WINDOWS_1252,
        e => e,
    }
}

/// The label after `charset=`: <https://html.spec.whatwg.org/#extracting-character-encodings-from-meta-elements>
fn after_charset(value: &[u8]) -> Option<&[u8]> {
    let mut rest = value;
    loop {
        let at = rest.windows(7).position(|window| window.eq_ignore_ascii_case(b"charset"))?;
        rest = rest[at + 7..].trim_ascii_start();
        if let Some(label) = rest.strip_prefix(b"=") {
            let label = label.trim_ascii_start();
            return match label.first()? {
                quote @ (b'"' | b'\'') => {
                    let label = &label[1..];
                    Some(&label[..label.iter().position(|byte| byte == quote)?])
                }
                _ => Some(&label[..label.iter().position(|byte| is_blank(*byte) || matches!(byte, b';' | b',')).unwrap_or(label.len())]),
            };
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_agree_on_the_declared_encoding() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/corpus/charset/encoding.json")).expect("the corpus is JSON");
        let mut judged = 0;
        for case in cases.as_array().unwrap().iter().filter(|case| case["late"].as_bool() != Some(true)) {
            let bytes = match case["data"].as_str() {
                Some(ascii) => ascii.as_bytes().to_vec(),
                None => from_base64(case["data_b64"].as_str().unwrap()),
            };
            let found = by_mark(&bytes).or_else(|| declared(&bytes)).unwrap_or(WINDOWS_1252);
            assert_eq!(found.name().to_ascii_lowercase(), case["encoding"].as_str().unwrap(), "{} {}", case["source"], case["n"]);
            judged += 1;
        }
        assert_eq!(judged, 75);
    }

    #[test]
    fn the_mark_comes_before_the_header_and_the_header_before_the_page() {
        assert_eq!(decode(Some("text/html; charset=shift_jis"), b"\xef\xbb\xbf\xc3\xa9").0, "é");
        assert_eq!(decode(Some("text/html; charset=\"ISO-8859-1\""), b"<meta charset=utf-8>\xe9").0, "<meta charset=utf-8>é");
        // But not where the bytes are none of that encoding, and all of the one that the page declares.
        assert_eq!(
            decode(Some("text/html; charset=utf-8"), b"<meta charset=windows-1251>\xcf\xf0\xe8").0,
            "<meta charset=windows-1251>При"
        );
        assert_eq!(decode(Some("text/html; charset=iso-8859-1"), "<meta charset=utf-8>При".as_bytes()).0, "<meta charset=utf-8>При");
        assert_eq!(decode(Some("text/html; charset=utf-8"), b"<meta charset=utf-8>a\xff").0, "<meta charset=utf-8>a\u{fffd}");
        // Nor for one byte of it.
        let mixed = [&b"<meta charset=iso-8859-1>"[..], "Größe für Bär".as_bytes(), b" \xe9"].concat();
        assert_eq!(decode(Some("text/html; charset=utf-8"), &mixed).0, "<meta charset=iso-8859-1>Größe für Bär \u{fffd}");
        let cut = [&b"<meta charset=iso-8859-1>"[..], "Größe \u{20ac}".as_bytes()].concat();
        assert!(decode(Some("text/html; charset=utf-8"), &cut[..cut.len() - 1]).0.contains("Größe"));
        let cut = [&b"<meta charset=utf-8>"[..], "Größe für Bär \u{20ac}".as_bytes()].concat();
        assert!(decode(Some("text/html; charset=iso-8859-1"), &cut[..cut.len() - 1]).0.contains("Größe"));
        assert_eq!(decode(Some("text/html; charset=utf-8"), "<meta charset=windows-1251>é".as_bytes()).0, "<meta charset=windows-1251>é");
        assert_eq!(decode(Some("text/html; charset=nonsense"), b"<meta charset=koi8-r>\xc1").0, "<meta charset=koi8-r>а");
    }

    #[test]
    fn utf_16_is_read_without_a_mark_whatever_is_said() {
        let text = "<!doctype html><title>Größe</title><p>Text mit 題 und Ж";
        for of in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(of).collect();
            for sent in [None, Some("text/html"), Some("text/html; charset=utf-8"), Some("text/html; charset=utf-16")] {
                assert_eq!(decode(sent, &bytes).0, text, "{sent:?}");
            }
            assert_eq!(decode(None, &bytes[..bytes.len() - 1]).0.trim_end_matches('\u{fffd}'), text.trim_end_matches('Ж'));
            // Of few NULs nothing is concluded.
            let chinese = "日本語の文章です。文字コードは宣言されていません。".repeat(4);
            let bytes: Vec<u8> = chinese.encode_utf16().flat_map(of).collect();
            let label = if bytes[0] == 0x65 { "text/plain; charset=utf-16be" } else { "text/plain; charset=utf-16le" };
            assert_eq!(decode(Some(label), &bytes).0, chinese);
        }
        // A page with a NUL in it is none.
        assert_eq!(decode(Some("text/html; charset=utf-8"), "<p>Größe\0 and more".as_bytes()).0, "<p>Größe\u{fffd} and more");
    }

    #[test]
    fn undeclared_bytes_are_guessed() {
        let late = format!("{}café", " ".repeat(40_000));
        assert_eq!(decode(None, late.as_bytes()).0, late);
        let japanese = "これは日本語で書かれた文章です。文字コードは宣言されていません。";
        for encoding in [encoding_rs::SHIFT_JIS, encoding_rs::EUC_JP, encoding_rs::ISO_2022_JP] {
            let bytes = encoding.encode(japanese).0;
            assert_eq!(decode(None, &bytes).0, japanese, "{}", encoding.name());
        }
    }

    #[test]
    fn what_is_invalid_is_replaced_and_what_is_cut_is_kept() {
        assert_eq!(decode(Some("text/html; charset=utf-8"), b"a\xffb").0, "a\u{fffd}b");
        assert_eq!(decode(None, "naïve café".as_bytes().split_last().unwrap().1).0, "naïve caf\u{fffd}");
        assert_eq!(decode(None, b"a\0b").0, "a\u{fffd}b");
        assert_eq!(decode(None, b"").0, "");
        let mut stray = "日本語の文章です。".repeat(20).into_bytes();
        stray.push(0xff);
        stray.extend("続き".bytes());
        assert!(decode(None, &stray).0.ends_with("\u{fffd}続き"));
    }

    fn from_base64(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (mut bits, mut held) = (0u32, 0);
        for byte in text.bytes() {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => continue,
            };
            bits = bits << 6 | u32::from(value);
            held += 6;
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held) as u8);
            }
        }
        bytes
    }
}
