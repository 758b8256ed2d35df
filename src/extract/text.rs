//! Plain text passes as it is, but for line ends and what stands before and after the text.

use std::borrow::Cow;

/// With `\n` for line ends.
pub(super) fn with_line_feeds(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
}

/// Without blank lines around it.
pub(super) fn passed(text: &str) -> String {
    with_line_feeds(text).trim_matches(['\n', ' ', '\t', '\u{feff}']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_passes_but_for_its_frame() {
        assert_eq!(passed("\r\n# A\r\n\r\n    code\r\n"), "# A\n\n    code");
        assert_eq!(passed("---\na: b\n---\n# A\rB\n"), "---\na: b\n---\n# A\nB");
    }
}
