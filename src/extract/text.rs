//! Plain text and markdown pass as they are, but for line ends and what stands before and after the text.

use crate::extract::escape;

/// With `\n` for line ends, without a markdown page's front matter (YAML between `---` lines).
pub(super) fn passed(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    escape::visible(without_front_matter(&text)).trim_matches(['\n', ' ', '\t', '\u{feff}']).to_owned()
}

fn without_front_matter(text: &str) -> &str {
    let Some(after) = text.strip_prefix("---\n") else { return text };
    let is_field = |line: &str| line.is_empty() || line.starts_with([' ', '-', '#']) || line.contains(':');
    match after.split_once("\n---\n") {
        Some((matter, rest)) if matter.lines().all(is_field) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_passes_but_for_its_frame() {
        assert_eq!(passed("\r\n# A\r\n\r\n    code\r\n"), "# A\n\n    code");
        assert_eq!(passed("---\ntitle: A\n---\n# A\n"), "# A");
        assert_eq!(passed("---\nno field\n---\n# A\n"), "---\nno field\n---\n# A");
    }
}
