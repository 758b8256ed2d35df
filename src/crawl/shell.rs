//! Whether a page is a shell: next to no text, and scripts that are to bring it. Pure, and one pass over its bytes.

/// Whether what is to be read in it is nearly nothing although scripts are there.
pub(super) fn is_shell(body: &[u8]) -> bool {
    let (mut letters, mut has_script) = (0, false);
    let mut rest = body;
    while let Some(at) = memchr::memchr(b'<', rest) {
        letters += letters_of(&rest[..at]);
        if letters > MOST_LETTERS {
            return false;
        }
        rest = &rest[at + 1..];
        let closing = SILENT.iter().find(|name| begins_with(rest, name));
        has_script |= begins_with(rest, b"script");
        rest = match closing {
            Some(name) => behind(rest, name),
            None => memchr::memchr(b'>', rest).map_or(&[], |end| &rest[end + 1..]),
        };
    }
    has_script && letters + letters_of(rest) <= MOST_LETTERS
}

fn begins_with(rest: &[u8], name: &[u8]) -> bool {
    rest.len() > name.len()
        && rest[..name.len()].eq_ignore_ascii_case(name)
        && matches!(rest[name.len()], b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n')
}

/// What comes after the closing tag.
fn behind<'a>(mut rest: &'a [u8], name: &[u8]) -> &'a [u8] {
    while let Some(at) = memchr::memmem::find(rest, b"</") {
        rest = &rest[at + 2..];
        if begins_with(rest, name) {
            return memchr::memchr(b'>', rest).map_or(&[], |end| &rest[end + 1..]);
        }
    }
    &[]
}

fn letters_of(text: &[u8]) -> usize {
    // Of characters beyond ASCII the first byte counts.
    text.iter().filter(|byte| byte.is_ascii_alphanumeric() || **byte >= 0xc0).count()
}

/// Elements whose content nobody reads.
const SILENT: [&[u8]; 7] = [b"script", b"style", b"noscript", b"template", b"title", b"svg", b"select"];
/// "Loading…", a name, a line at the foot.
const MOST_LETTERS: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_has_scripts_and_no_text() {
        let react = "<!doctype html><html><head><title>A title that is long enough to be text of its own</title><script>var x = 'text text text';</script>\
             </head><body><noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div><script src=/a.js></script></body>";
        assert!(is_shell(react.as_bytes()));
        let text = format!("<p>{}</p>", "Put the kettle on and wait for it. ".repeat(8));
        for other in [text.clone(), format!("{react}{text}"), "<p>short</p>".to_owned(), String::new()] {
            assert!(!is_shell(other.as_bytes()), "{other}");
        }
        for open in ["<script>", "<script></scrip", "<script></script", "<", "<scripts>x"] {
            is_shell(open.as_bytes());
        }
    }
}
