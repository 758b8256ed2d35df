//! Files that are no text, by their first bytes, and text whose characters take more than a byte each. Knows no media types but the ones
//! it names.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The media type of a file that is known by how it begins.
pub(super) fn of(body: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = AT_START.iter().find(|(magic, _)| body.starts_with(magic)) {
        return Some(name);
    }
    match body {
        // PDF readers look for its mark in the first bytes, not at the very first.
        _ if text_of(body).starts_with(b"%PDF-") => Some("application/pdf"),
        [b'R', b'I', b'F', b'F', _, _, _, _, form @ ..] => match form {
            [b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
            [b'W', b'A', b'V', b'E', ..] => Some("audio/wav"),
            [b'A', b'V', b'I', b' ', ..] => Some("video/avi"),
            _ => None,
        },
        [0, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => Some(match brand {
            [b'a', b'v', b'i', b'f', ..] => "image/avif",
            [b'h', b'e', b'i', ..] | [b'm', b'i', b'f', b'1', ..] => "image/heif",
            [b'M', b'4', b'A', ..] => "audio/mp4",
            _ => "video/mp4",
        }),
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', ..] => Some("application/x-bzip2"),
        _ if body.get(257..262) == Some(b"ustar") => Some("application/x-tar"),
        // Browsers read none either: <https://encoding.spec.whatwg.org/#names-and-labels> leaves it out.
        _ if is_utf_32(body) => Some("text/plain; charset=utf-32"),
        _ => None,
    }
}

/// UTF-16 by its mark, or without one by its shape: of text that is Latin for the most part, or has markup around it, every other byte is
/// NUL.
pub(super) fn utf_16(body: &[u8]) -> Option<&'static Encoding> {
    match body {
        _ if is_utf_32(body) => None,
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        // Quick to see of nearly all pages.
        _ if !head(body).contains(&0) => None,
        _ => [UTF_16LE, UTF_16BE].into_iter().find(|encoding| {
            let at = usize::from(*encoding == UTF_16BE);
            let mut pairs = head(body).chunks_exact(2).map(|pair| (pair[at], pair[1 - at]));
            let (all, narrow) = (pairs.len(), pairs.clone().filter(|(low, high)| *high == 0 && is_text(*low)).count());
            all >= SHAPED && 2 * narrow > all && pairs.all(|(low, high)| high != 0 || is_text(low) || low >= 0x80)
        }),
    }
}

/// By its mark, or by its shape likewise.
fn is_utf_32(body: &[u8]) -> bool {
    if body.starts_with(b"\xff\xfe\0\0") || body.starts_with(b"\0\0\xfe\xff") {
        return true;
    }
    let quads = || head(body).chunks_exact(4).map(|quad| [quad[0], quad[1], quad[2], quad[3]]);
    // Numbers of four bytes have control characters among them.
    let is_character = |code: u32| char::from_u32(code).is_some_and(|c| !c.is_ascii() || is_text(c as u8));
    let is_shaped = |of: fn([u8; 4]) -> u32| {
        let narrow = quads().filter(|quad| u8::try_from(of(*quad)).is_ok_and(is_text)).count();
        quads().len() >= SHAPED && 2 * narrow > quads().len() && quads().all(|quad| is_character(of(quad)))
    };
    head(body).contains(&0) && (is_shaped(u32::from_le_bytes) || is_shaped(u32::from_be_bytes))
}

/// A character of ASCII that stands in text.
fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' '..=b'~')
}

fn head(body: &[u8]) -> &[u8] {
    &body[..body.len().min(1024)]
}

/// Characters from which on their shape says something.
const SHAPED: usize = 8;

/// Control characters that no text has, [`utf_16`] but for. As in <https://mimesniff.spec.whatwg.org/#binary-data-byte>.
pub(super) fn is_binary(body: &[u8]) -> bool {
    let head = &body[..body.len().min(1445)];
    head.iter().any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f))
}

/// From where its text begins.
pub(super) fn text_of(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start()
}

/// None that a text could begin with.
const AT_START: [(&[u8], &str); 34] = [
    (b"\x89PNG", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"8BPS\0", "image/vnd.adobe.photoshop"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"!<arch>\n", "application/x-archive"),
    (b"\0asm", "application/wasm"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ\x90\0", "application/x-executable"),
    (b"\xcf\xfa\xed\xfe", "application/x-executable"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"wOFF\0\x01\0\0", "font/woff"),
    (b"wOF2\0\x01\0\0", "font/woff2"),
    (b"OTTO\0", "font/otf"),
    (b"\0\x01\0\0\0", "font/ttf"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"OggS\0", "application/ogg"),
    (b"ID3\x03", "audio/mpeg"),
    (b"ID3\x04", "audio/mpeg"),
    (b"fLaC\0", "audio/flac"),
    (b"%!PS-Adobe", "application/postscript"),
    (b"{\\rtf1", "text/rtf"),
];
