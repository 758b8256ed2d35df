//! Character references: `&amp;`, `&#x41;`, `&eacute`. <https://html.spec.whatwg.org/#character-reference-state>

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use memchr::memchr;

/// Where a reference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::extract) enum Place {
    Text,
    /// There `&copy=2` and `&copying` are none, as addresses have them.
    Attribute,
}

/// Writes a text with its references replaced.
pub(in crate::extract) fn decode(text: &str, place: Place, into: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        into.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes().get(1) {
            Some(b'#') => numeric(rest, into),
            Some(first) if first.is_ascii_alphanumeric() => named(rest, place, into),
            _ => None,
        };
        if length.is_none() {
            into.push('&');
        }
        rest = &rest[length.unwrap_or(1)..];
    }
    into.push_str(rest);
}

/// Writes the character that `&#…` stands for, and tells how long that is.
fn numeric(text: &str, into: &mut String) -> Option<usize> {
    let bytes = text.as_bytes();
    let (start, base) = if matches!(bytes.get(2), Some(b'x' | b'X')) { (3, 16) } else { (2, 10) };
    let digits = bytes[start..].iter().take_while(|byte| char::from(**byte).is_digit(base));
    let (mut number, mut end) = (0_u32, start);
    for digit in digits.filter_map(|byte| char::from(*byte).to_digit(base)) {
        number = number.saturating_mul(base).saturating_add(digit);
        end += 1;
    }
    if end == start {
        return None;
    }
    into.push(match number {
        0 => char::REPLACEMENT_CHARACTER,
        0x80..=0x9f => C1_REPLACEMENTS[(number - 0x80) as usize].or(char::from_u32(number)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER),
    });
    Some(end + usize::from(bytes.get(end) == Some(&b';')))
}

/// Writes what `&name` stands for, and tells how long that is.
fn named(text: &str, place: Place, into: &mut String) -> Option<usize> {
    let bytes = text.as_bytes();
    let name = bytes[1..].iter().take(LONGEST).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    if bytes.get(name + 1) == Some(&b';')
        && let Some(characters) = known(&text[1..name + 2])
    {
        into.extend(characters);
        return Some(name + 2);
    }
    // Old ones need no semicolon, and the longest counts.
    let (length, characters) = (2..=name.min(LONGEST_OLD)).rev().find_map(|length| Some((length, known(&text[1..=length])?)))?;
    let follows = bytes.get(length + 1);
    if place == Place::Attribute && follows.is_some_and(|next| *next == b'=' || next.is_ascii_alphanumeric()) {
        return None;
    }
    into.extend(characters);
    Some(length + 1)
}

/// One character or two.
fn known(name: &str) -> Option<impl Iterator<Item = char> + use<>> {
    let (first, second) = match name {
        "amp;" => (u32::from('&'), 0),
        "lt;" => (u32::from('<'), 0),
        "gt;" => (u32::from('>'), 0),
        "quot;" => (u32::from('"'), 0),
        // The table has the beginnings of names, too, which stand for nothing.
        _ => *NAMED_ENTITIES.get(name).filter(|(first, _)| *first != 0)?,
    };
    Some([first, second].into_iter().filter(|character| *character != 0).filter_map(char::from_u32))
}

/// In bytes, without the semicolon: `CounterClockwiseContourIntegral`.
const LONGEST: usize = 31;
/// Of those that need none: `Aacute`, `frac12`.
const LONGEST_OLD: usize = 6;
