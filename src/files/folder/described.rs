//! The README of a package of Python as its installer keeps it: behind the fields of `METADATA`, or in one of them
//! (<https://packaging.python.org/en/latest/specifications/core-metadata/#description>). Pure.

use crate::files::role::Role;

/// Whether a path is that of such a file.
pub(super) fn is_one(path: &str) -> bool {
    [".dist-info/METADATA", ".egg-info/PKG-INFO"].iter().any(|end| path.ends_with(end))
}

/// What its text is to be read as; none where it has none.
pub(super) fn role(file: &[u8]) -> Option<Role> {
    if text(file).iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let said = String::from_utf8_lossy(&file[..file.len().min(HEAD)]).to_ascii_lowercase();
    let head = said.lines().take_while(|line| !line.trim().is_empty());
    let kind = head.filter_map(|line| line.strip_prefix("description-content-type:")).next().unwrap_or_default().trim().to_owned();
    Some(Role::Document(match &*kind {
        kind if kind.starts_with("text/markdown") => "text/markdown",
        kind if kind.starts_with("text/plain") => "text/plain",
        // As long as nobody says otherwise.
        _ => "text/x-rst",
    }))
}

/// What stands behind the first blank line, else in the field `Description`, whose further lines are indented.
pub(super) fn text(file: &[u8]) -> Vec<u8> {
    let whole = String::from_utf8_lossy(file).replace("\r\n", "\n");
    let (head, body) = whole.split_once("\n\n").unwrap_or((&whole, ""));
    if !body.trim().is_empty() {
        return body.as_bytes().to_vec();
    }
    let mut lines = head.lines().skip_while(|line| !line.starts_with("Description:"));
    let first = lines.next().and_then(|line| line.split_once(':')).map_or("", |(_, text)| text.trim_start());
    let further = lines.take_while(|line| line.starts_with([' ', '\t'])).map(|line| {
        let line = line.strip_prefix("        ").unwrap_or(line.trim_start());
        line.strip_prefix("       |").or(line.strip_prefix('|')).unwrap_or(line)
    });
    std::iter::once(first).chain(further).collect::<Vec<_>>().join("\n").into_bytes()
}

/// Bytes in which the fields stand that say what the text is.
const HEAD: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_stands_behind_the_fields_or_in_one() {
        let new = b"Metadata-Version: 2.1\nName: pots\nDescription-Content-Type: text/markdown; charset=UTF-8\n\n# Pots\n\nKettles.\n";
        assert_eq!((role(new), text(new)), (Some(Role::Document("text/markdown")), b"# Pots\n\nKettles.\n".to_vec()));
        let old = b"Name: pots\r\nDescription: Pots\r\n        ====\r\n        |Kettles.\r\nPlatform: any\r\n";
        assert_eq!((role(old), text(old)), (Some(Role::Document("text/x-rst")), b"Pots\n====\nKettles.".to_vec()));
        for none in [&b"Name: pots\n\n"[..], b"", b"Name: pots", b"\n\n \n"] {
            assert_eq!(role(none), None);
        }
        assert!(is_one("pots-1.0.dist-info/METADATA") && !is_one("pots/METADATA"));
    }
}
