//! Finds the links of markdown and llms.txt pages, which are followed like those of HTML. Pure; renders nothing.
//!
//! Knows inline links, reference definitions and `<https://…>`; what stands in code is no link.

use std::collections::HashSet;

use url::Url;

/// Absolute http and https links in order, each once, without fragments. At most [`MAX_LINKS`].
pub fn links(text: &str, base: &Url) -> Vec<Url> {
    let mut links = Links { base, found: Vec::new(), seen: HashSet::new() };
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let marker = fence_marker(trimmed);
        match (fence, marker) {
            (Some(open), Some(close)) if close.starts_with(open) && trimmed[close.len()..].trim().is_empty() => fence = None,
            (Some(_), _) => {}
            (None, Some(open)) => fence = Some(open),
            (None, None) => links.of_line(line),
        }
    }
    links.found
}

/// llms.txt names a site's pages for language models (llmstxt.org); so do its longer siblings.
pub fn is_llms_txt(url: &Url) -> bool {
    let name = url.path().rsplit('/').next().unwrap_or_default();
    name.eq_ignore_ascii_case("llms.txt") || name.eq_ignore_ascii_case("llms-full.txt")
}

/// Links taken from one page at most.
pub const MAX_LINKS: usize = 50_000;

struct Links<'a> {
    base: &'a Url,
    found: Vec<Url>,
    seen: HashSet<Url>,
}

impl Links<'_> {
    fn of_line(&mut self, line: &str) {
        if let Some(target) = definition(line.trim_start()) {
            self.add(target);
            return;
        }
        let bytes = line.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            at = match bytes[at] {
                b'\\' => at + 2,
                b'`' => after_code(bytes, at),
                b']' if bytes.get(at + 1) == Some(&b'(') => match destination(&line[at + 2..]) {
                    Some(target) => {
                        self.add(target);
                        at + 2 + target.len()
                    }
                    None => at + 2,
                },
                b'<' if line[at + 1..].starts_with("http") => match line[at + 1..].split_once('>') {
                    Some((target, _)) if !target.contains(char::is_whitespace) => {
                        self.add(target);
                        at + 1 + target.len()
                    }
                    _ => at + 1,
                },
                _ => at + 1,
            };
        }
    }

    fn add(&mut self, target: &str) {
        if self.found.len() == MAX_LINKS || target.is_empty() || target.starts_with('#') {
            return;
        }
        let Ok(mut url) = self.base.join(target) else { return };
        url.set_fragment(None);
        if matches!(url.scheme(), "http" | "https") && url.has_host() && self.seen.insert(url.clone()) {
            self.found.push(url);
        }
    }
}

/// The run of at least three backticks or tildes that opens or closes a fence.
fn fence_marker(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|first| matches!(first, '`' | '~'))?;
    let length = line.bytes().take_while(|byte| *byte == mark as u8).count();
    (length >= 3).then(|| &line[..length])
}

/// `[name]: target`
fn definition(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix('[')?.split_once("]:")?;
    if name.is_empty() || name.contains(['[', ']']) {
        return None;
    }
    let rest = rest.trim_start();
    match rest.strip_prefix('<') {
        Some(rest) => rest.split_once('>').map(|(target, _)| target),
        None => rest.split_whitespace().next(),
    }
}

/// What stands between the parentheses up to a title: `<a b>`, or a run without spaces and with balanced parentheses.
fn destination(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('<') {
        return rest.split_once('>').map(|(target, _)| target);
    }
    let mut open = 0;
    for (at, character) in text.char_indices() {
        match character {
            '(' => open += 1,
            ')' if open == 0 => return Some(&text[..at]),
            ')' => open -= 1,
            ' ' | '\t' => return text[at..].contains(')').then(|| &text[..at]),
            _ => {}
        }
    }
    None
}

/// The first byte after a code span, or after its opening backticks where it has no end in this line.
fn after_code(bytes: &[u8], start: usize) -> usize {
    let run = |at: usize| bytes[at..].iter().take_while(|byte| **byte == b'`').count();
    let length = run(start);
    let mut at = start + length;
    while at < bytes.len() {
        match run(at) {
            0 => at += 1,
            found if found == length => return at + found,
            found => at += found,
        }
    }
    start + length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        links(text, &Url::parse("https://docs.test/guide/start.md").unwrap()).into_iter().map(String::from).collect()
    }

    #[test]
    fn an_llms_txt_lists_its_pages() {
        let text = "# Project\n> Short.\n## Docs\n- [Start](/start.md): first steps\n- [API](https://docs.test/api.html#top \"the API\")\n- [Start](/start.md)\n";
        assert_eq!(found(text), ["https://docs.test/start.md", "https://docs.test/api.html"]);
    }

    #[test]
    fn every_kind_of_link_is_found() {
        assert_eq!(found("see [a](b.md), <https://x.test/c>\n\n[ref]: ../d \"title\""), [
            "https://docs.test/guide/b.md",
            "https://x.test/c",
            "https://docs.test/d"
        ]);
        assert_eq!(found("[w](https://e.test/Rust_(language)) [v](</a b>)"), ["https://e.test/Rust_(language)", "https://docs.test/a%20b"]);
        assert_eq!(found("[![badge](/b.svg)](/target)"), ["https://docs.test/b.svg", "https://docs.test/target"]);
    }

    #[test]
    fn code_holds_no_links() {
        assert_eq!(found("```\n[a](b)\n``\n```\n[c](d)"), ["https://docs.test/guide/d"]);
        assert_eq!(found("~~~md\n[a](b)\n```\n~~~"), Vec::<String>::new());
        assert_eq!(found("`[a](b)` and ``x ` [a](c)`` but ` [e](f)"), ["https://docs.test/guide/f"]);
    }

    #[test]
    fn other_schemes_and_places_on_the_page_are_no_links() {
        assert_eq!(found("[a](#b) [m](mailto:a@b.test) [j](javascript:alert(1)) [e]()"), Vec::<String>::new());
    }

    #[test]
    fn llms_txt_is_known_by_its_name() {
        let is = |url: &str| is_llms_txt(&Url::parse(url).unwrap());
        assert!(is("https://a.test/llms.txt") && is("https://a.test/docs/llms-full.txt?v=1"));
        assert!(!is("https://a.test/robots.txt") && !is("https://a.test/llms.txt/"));
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "[\\[\\]()<>`~\\\\ \nahtps:/é#]{0,80}") {
            found(&text);
        }
    }
}
