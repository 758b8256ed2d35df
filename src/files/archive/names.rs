//! Names in archives: a path below the root, or left out. Pure. Nothing is written by these names, but they become addresses, and whoever
//! unpacks the same archive would be led astray by them.

use crate::files::left_out::Rule;

/// The name with `/` between its parts, if it leads to a place below the root on any system.
pub(super) fn safe(raw: &[u8]) -> Result<String, Rule> {
    let name = std::str::from_utf8(raw).map_err(|_| Rule::NotUnicode)?;
    // As tools of Windows write them.
    let name = name.replace('\\', "/");
    let has_drive = matches!(name.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic());
    if name.is_empty() || name.len() > LONGEST || name.starts_with('/') || has_drive || name.chars().any(char::is_control) {
        return Err(Rule::UnsafeName);
    }
    let mut parts = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(Rule::UnsafeName),
            // Windows takes away what stands at the end, so that these are the folder above, too.
            part if part.trim_end_matches([' ', '.']).is_empty() => return Err(Rule::UnsafeName),
            part => parts.push(part),
        }
    }
    match parts.len() {
        0 => Err(Rule::UnsafeName),
        depth if depth > DEEPEST => Err(Rule::TooDeep),
        _ => Ok(parts.join("/")),
    }
}

/// Bytes, as most systems have it.
const LONGEST: usize = 4_096;
const DEEPEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_below_the_root_or_is_left_out() {
        for (raw, wanted) in
            [("a/b.md", "a/b.md"), ("./a//b", "a/b"), (r"a\b.md", "a/b.md"), ("a..b/...c", "a..b/...c"), ("aux.md", "aux.md")]
        {
            assert_eq!(safe(raw.as_bytes()).as_deref(), Ok(wanted), "{raw}");
        }
        for raw in [
            "",
            ".",
            "./",
            "..",
            "../a",
            "a/../../b",
            "a/..",
            r"..\a",
            r"a\..\..\b",
            "/etc/passwd",
            r"\windows",
            r"\\server\share\x",
            "C:x",
            r"C:\x",
            "c:/x",
            "a/.. /b",
            "a/.../b",
            "a\0b",
            "a\nb",
            "\u{1b}[31m",
        ] {
            assert_eq!(safe(raw.as_bytes()), Err(Rule::UnsafeName), "{raw:?}");
        }
        assert_eq!(safe(b"\xff.md"), Err(Rule::NotUnicode));
        assert_eq!(safe("a/".repeat(200).as_bytes()), Err(Rule::TooDeep));
        assert_eq!(safe("a".repeat(5_000).as_bytes()), Err(Rule::UnsafeName));
    }
}
