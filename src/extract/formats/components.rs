//! Tags of components as MDX has them: names that begin with a capital, whose children are text.

use crate::extract::formats::inside::{ADMONITIONS, Spans};

/// A tag that begins a line.
pub(super) struct Component<'a> {
    pub(super) name: &'a str,
    /// What its attributes show to a reader.
    pub(super) label: Option<String>,
    pub(super) closes: bool,
    /// `<Name />`
    pub(super) alone: bool,
    pub(super) rest: &'a str,
}

/// Whether the text begins with a tag of a component.
pub(super) fn begins(text: &str) -> bool {
    name_of(text).is_some()
}

pub(super) fn parse(text: &str) -> Option<Component<'_>> {
    let name = name_of(text)?;
    let end = end_of(text)?;
    let tag = &text[..end];
    let attributes = tag.split_once(name).map_or("", |(_, rest)| rest);
    let label = label(attributes).map(str::to_owned);
    let kind = name.to_ascii_lowercase();
    let label = match label {
        Some(label) => Some(label),
        None if kind == "tabitem" => attribute(attributes, "value").map(str::to_owned),
        None if is_admonition(&kind) && !tag.starts_with("</") => Some(name.to_owned()),
        None => None,
    };
    Some(Component { name, label, closes: tag.starts_with("</"), alone: tag.ends_with("/>"), rest: &text[end..] })
}

/// The title of an element by its attributes.
pub(super) fn label(attributes: &str) -> Option<&str> {
    ["label", "title", "name", "summary"].into_iter().find_map(|name| attribute(attributes, name)).filter(|label| !label.trim().is_empty())
}

/// The value of an attribute in quotes.
pub(super) fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    while let Some(at) = rest.find(name) {
        let begins = rest[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || c == '{');
        rest = &rest[at + name.len()..];
        let value = rest.trim_start().strip_prefix('=').map(|value| value.trim_start().trim_start_matches('{'));
        if let Some(value) = value.filter(|_| begins)
            && let Some(quote @ ('"' | '\'')) = value.chars().next()
        {
            return value[1..].split_once(quote).map(|(value, _)| value);
        }
    }
    None
}

/// Without the tags of components, but for those in code spans; their text stays.
pub(super) fn unwrapped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut spans = Spans::of(line);
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = spans.find(line, "<", at) {
        at = found + 1;
        if begins(&line[found..]) {
            // Where one does not end, the others would be looked through again.
            let Some(end) = end_of(&line[found..]) else { break };
            out.push_str(&line[kept..found]);
            at = found + end;
            kept = at;
        }
    }
    out.push_str(&line[kept..]);
    out
}

/// `TabItem` of `<TabItem …` and of `</TabItem>`.
fn name_of(text: &str) -> Option<&str> {
    let after = text.strip_prefix('<')?;
    let after = after.strip_prefix('/').unwrap_or(after);
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_')).unwrap_or(after.len());
    let (name, rest) = after.split_at(end);
    // `<T>` and `<BR>` are none; nor is `<String>` where an argument of a type follows.
    let is_name = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_uppercase()) && name.contains(|c: char| c.is_ascii_lowercase());
    (is_name && (rest.is_empty() || rest.starts_with([' ', '>', '/', '\n', '\t']))).then_some(name)
}

fn end_of(text: &str) -> Option<usize> {
    Scan::default().end(&text.as_bytes()[..text.len().min(LONGEST)])
}

/// Looks for the `>` that ends a tag: not one in quotes or braces. Is shown the tag part by part.
#[derive(Default)]
pub(super) struct Scan {
    quote: Option<u8>,
    braces: usize,
}

impl Scan {
    /// Just behind it.
    pub(super) fn end(&mut self, part: &[u8]) -> Option<usize> {
        for (at, &byte) in part.iter().enumerate() {
            match (byte, self.quote) {
                (byte, Some(open)) if byte == open => self.quote = None,
                (_, Some(_)) => {}
                (b'"' | b'\'', None) => self.quote = Some(byte),
                (b'{', None) => self.braces += 1,
                (b'}', None) => self.braces = self.braces.saturating_sub(1),
                (b'>', None) if self.braces == 0 => return Some(at + 1),
                _ => {}
            }
        }
        None
    }

    pub(super) fn is_in_braces(&self) -> bool {
        self.braces > 0
    }
}

/// In bytes: longer tags are none.
pub(super) const LONGEST: usize = 8_000;

fn is_admonition(kind: &str) -> bool {
    ADMONITIONS.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_text() {
        assert!(begins("<Tabs>") && begins("</Tabs>") && begins("<Foo.Bar x />") && begins("<Video"));
        assert!(!begins("<T>") && !begins("<BR>") && !begins("<div>") && !begins("<String, u8>") && !begins("a <Tabs>"));
        assert!(end_of("<Video a={x > y}").is_none() && end_of("<A b=\">").is_none() && end_of("<Video a={x > y} />").is_some());
        assert_eq!(unwrapped("a <Kbd>b</Kbd> `<Kbd>` <Icon name=\"x\" /> 1 < 2 <"), "a b `<Kbd>`  1 < 2 <");
        assert_eq!(attribute("subtitle='x' title={\"y\"}", "title"), Some("y"));
    }
}
