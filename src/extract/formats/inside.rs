//! What readers of several formats know alike: kinds of admonitions, and code spans within a line.

use std::collections::HashMap;

/// Kinds of admonitions, as Sphinx, AsciiDoc, Docusaurus, VitePress and MkDocs name them.
pub(super) const ADMONITIONS: [&str; 24] = [
    "note",
    "tip",
    "info",
    "warning",
    "danger",
    "caution",
    "important",
    "attention",
    "hint",
    "error",
    "seealso",
    "success",
    "question",
    "failure",
    "bug",
    "example",
    "quote",
    "abstract",
    "todo",
    "check",
    "callout",
    "aside",
    "summary",
    "alert",
];

/// "Note", or "Note: Title" where it has one of its own. Of what is no admonition, the title alone.
pub(super) fn admonition(kind: &str, title: &str) -> String {
    let kind = kind.trim_start_matches("callout-").to_ascii_lowercase();
    let title = title.trim();
    let label = match kind.as_str() {
        "seealso" => "See also".to_owned(),
        "details" if title.is_empty() => "Details".to_owned(),
        "versionadded" => "Added in version".to_owned(),
        "versionchanged" => "Changed in version".to_owned(),
        "deprecated" => "Deprecated".to_owned(),
        known if ADMONITIONS.contains(&known) => known[..1].to_ascii_uppercase() + &known[1..],
        _ => return title.to_owned(),
    };
    match title.is_empty() || title.eq_ignore_ascii_case(&label) {
        true => label,
        false => format!("{label}: {title}"),
    }
}

/// A line's code spans, which are passed over.
pub(super) struct Spans {
    /// Start and end, in order.
    spans: Vec<(usize, usize)>,
    next: usize,
}

impl Spans {
    pub(super) fn of(line: &str) -> Self {
        let bytes = line.as_bytes();
        let mut runs = Vec::new();
        let mut at = 0;
        while let Some(begun) = bytes[at..].iter().position(|byte| *byte == b'`').map(|found| at + found) {
            at = begun + bytes[begun..].iter().take_while(|byte| **byte == b'`').count();
            runs.push((begun, at - begun));
        }
        // For each length of a run of backticks, the places where one stands, the first of them last.
        let mut places: HashMap<usize, Vec<usize>> = HashMap::new();
        for (begun, length) in runs.iter().rev() {
            places.entry(*length).or_default().push(*begun);
        }
        let mut spans = Vec::new();
        let mut end = 0;
        for (begun, length) in runs {
            let Some(places) = places.get_mut(&length).filter(|_| begun >= end) else { continue };
            while places.last().is_some_and(|place| *place <= begun) {
                places.pop();
            }
            if let Some(place) = places.pop() {
                end = place + length;
                spans.push((begun, end));
            }
        }
        Self { spans, next: 0 }
    }

    /// Where `wanted` stands from a place on, which may not go back from call to call.
    pub(super) fn find(&mut self, line: &str, wanted: &str, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let found = at + line.get(at..)?.find(wanted)?;
            while self.spans.get(self.next).is_some_and(|(_, end)| *end <= found) {
                self.next += 1;
            }
            match self.spans.get(self.next) {
                Some((begun, end)) if *begun <= found => at = *end,
                _ => return Some(found),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_are_passed_over() {
        let first = |line: &str| Spans::of(line).find(line, "<", 0);
        assert_eq!(first("`<` a <"), Some(6));
        assert_eq!(first("``a ` < `` é <"), Some(14));
        assert_eq!(first("`a <"), Some(3));
        assert_eq!(first("`a` ```<``"), Some(7));
        assert_eq!(first("`a`"), None);
    }

    #[test]
    fn admonitions_are_named() {
        assert_eq!(admonition("NOTE", ""), "Note");
        assert_eq!(admonition("tip", "A b"), "Tip: A b");
        assert_eq!(admonition("details", "A b"), "A b");
        assert_eq!(admonition("code-group", ""), "");
    }
}
