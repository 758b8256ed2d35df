//! Files that are no text, by their first bytes. Knows no media types but the ones it names.

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
        _ => None,
    }
}

/// Control characters that no text has; UTF-16 is text by its mark. As in <https://mimesniff.spec.whatwg.org/#binary-data-byte>.
pub(super) fn is_binary(body: &[u8]) -> bool {
    let head = &body[..body.len().min(1445)];
    !head.starts_with(b"\xff\xfe")
        && !head.starts_with(b"\xfe\xff")
        && head.iter().any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f))
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
