//! Listings that Termynal types before its reader: the script reads their text as HTML, so tags in it are colours and references are
//! characters. Knows no page.

use memchr::memchr;

use crate::extract::tokenizer::{Place, decode};

/// Of the element around such a listing.
pub(super) const CLASS: &str = "termy";

/// What its reader sees.
pub(super) fn shown(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        bare.push_str(&rest[..at]);
        rest = &rest[at..];
        match tag(rest) {
            Some(length) => rest = &rest[length..],
            None => {
                bare.push('<');
                rest = &rest[1..];
            }
        }
    }
    bare.push_str(rest);
    let mut shown = String::with_capacity(bare.len());
    decode(&bare, Place::Text, &mut shown);
    shown
}

/// How long the tag is that begins the text, if it is one that colours.
fn tag(text: &str) -> Option<usize> {
    let name = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
    let end = name.bytes().take(LONGEST_NAME + 1).take_while(u8::is_ascii_alphanumeric).count();
    let (name, behind) = name.split_at(end);
    let is_known = NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
    if !is_known || !behind.starts_with(['>', ' ', '\t', '\n']) {
        return None;
    }
    text.bytes().take(LONGEST).position(|byte| byte == b'>').map(|at| at + 1)
}

const NAMES: [&str; 10] = ["font", "span", "u", "b", "i", "em", "strong", "a", "small", "s"];
const LONGEST_NAME: usize = 6;
/// In bytes; what goes on for longer is text.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_colour_are_not_seen() {
        for (text, wanted) in [
            ("<font color=\"#4E9A06\">INFO</font>: <b>a</b> &lt;b&gt; &amp;lt;", "INFO: a <b> &lt;"),
            ("<TEXT> <file.py> <but> a < b << c <u", "<TEXT> <file.py> <but> a < b << c <u"),
            ("é<span\nstyle='x'>é</span>é", "ééé"),
        ] {
            assert_eq!(shown(text), wanted);
        }
        let long = format!("<u {}>", "x".repeat(LONGEST));
        assert_eq!(shown(&long), long);
    }
}
