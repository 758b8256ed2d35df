//! Tags of components as MDX has them: names that begin with a capital, whose children are text.

use std::collections::VecDeque;

use crate::extract::formats::inside::{ADMONITIONS, Spans};
use crate::extract::formats::sheet::code;

/// A tag that begins a line.
pub(super) struct Component<'a> {
    pub(super) name: &'a str,
    /// What its attributes show to a reader.
    pub(super) label: Option<String>,
    /// What stands behind the label: of a parameter its type, where it goes, and whether it has to be there.
    pub(super) details: String,
    /// What is said of it besides.
    pub(super) description: Option<&'a str>,
    /// What its children are called, in their order.
    pub(super) labels: VecDeque<String>,
    pub(super) closes: bool,
    /// `<Name />`
    pub(super) alone: bool,
    pub(super) rest: &'a str,
}

/// Whether the text begins with a tag of a component.
pub(super) fn begins(text: &str) -> bool {
    name_of(text).is_some()
}

/// The name of a tag that has nothing but a name and begins the text.
pub(super) fn name_alone(text: &str) -> Option<&str> {
    let name = name_of(text)?;
    text[1..].strip_prefix(name).filter(|rest| rest.starts_with('>')).map(|_| name)
}

/// Names of the tags on a line that end components.
pub(super) fn closed(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("</").filter_map(move |(at, _)| name_of(&line[at..]))
}

pub(super) fn parse(text: &str) -> Option<Component<'_>> {
    let name = name_of(text)?;
    let end = end_of(text)?;
    let tag = &text[..end];
    let attributes = tag.split_once(name).map_or("", |(_, rest)| rest);
    let label = label(attributes).map(str::to_owned);
    let kind = name.to_ascii_lowercase();
    let place = PLACES.into_iter().find(|place| attribute(attributes, place).is_some()).filter(|_| is_field(&kind));
    let label = match label {
        Some(label) => Some(label),
        None if is_tab(name) => attribute(attributes, "value").map(str::to_owned),
        None if is_admonition(&kind) && !tag.starts_with("</") => Some(name.to_owned()),
        None => place.and_then(|place| attribute(attributes, place)).map(str::to_owned),
    };
    let details = if is_field(&kind) { details(attributes, place) } else { String::new() };
    let description = ["description", "caption"].iter().find_map(|name| attribute(attributes, name)).filter(|text| !text.trim().is_empty());
    // An address with a parenthesis or a blank would end the link.
    let address = attribute(attributes, "href").filter(|address| !address.is_empty() && !address.contains([' ', '(', ')', '<', '>']));
    let label = match address {
        Some(address) => label.map(|label| if label.contains(['[', ']']) { label } else { format!("[{label}]({address})") }),
        None => label,
    };
    let labels = items(attributes);
    Some(Component {
        name,
        label,
        details,
        description,
        labels,
        closes: tag.starts_with("</"),
        alone: tag.ends_with("/>"),
        rest: &text[end..],
    })
}

/// Where a parameter goes, as Mintlify names it by an attribute.
const PLACES: [&str; 4] = ["path", "query", "body", "header"];

/// Whether a component describes a parameter or a property.
fn is_field(kind: &str) -> bool {
    kind.ends_with("field") || kind.contains("param") || kind.starts_with("propert") || matches!(kind, "prop" | "attribute")
}

/// Whether a component may be called by the one that it stands in.
pub(super) fn is_tab(name: &str) -> bool {
    let name = name.rsplit('.').next().unwrap_or(name);
    name.ends_with("Tab") || name.ends_with("TabItem") || name.ends_with("TabPanel") || name == "TabsContent"
}

/// ` string, path, required, default `1``
fn details(attributes: &str, place: Option<&str>) -> String {
    let mut details: Vec<String> = attribute(attributes, "type").into_iter().chain(place).map(str::to_owned).collect();
    let is_set = |name| matches!(value(attributes, name), Some("" | "true"));
    if is_set("required") {
        details.push("required".to_owned());
    }
    if let Some(default) = attribute(attributes, "default").or_else(|| value(attributes, "default")).filter(|default| !default.is_empty()) {
        details.push(format!("default {}", code(default)));
    }
    if is_set("deprecated") {
        details.push("deprecated".to_owned());
    }
    if details.is_empty() { String::new() } else { format!(" {}", details.join(", ")) }
}

/// The value of an attribute in braces or alone, which is none for what has quotes.
fn value<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut scan = Scan::default();
    let mut at = 0;
    for (found, _) in attributes.match_indices(name) {
        // Not within the value of another.
        scan.end(&attributes.as_bytes()[at..found]);
        at = found;
        let begins = attributes[..found].ends_with(char::is_whitespace) && scan.is_outside();
        let rest = &attributes[found + name.len()..];
        if !begins || rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            continue;
        }
        return match rest.trim_start().strip_prefix('=') {
            Some(value) => value
                .trim_start()
                .strip_prefix('{')?
                .split_once('}')
                .map(|(value, _)| value.trim())
                .filter(|value| !value.contains(['"', '\''])),
            None => Some(""),
        };
    }
    None
}

/// Of `items={["Linux", { label: "Mac" }]}`.
fn items(attributes: &str) -> VecDeque<String> {
    let mut labels = VecDeque::new();
    let list = attributes.split_once("items=").and_then(|(_, list)| list.trim_start().strip_prefix('{')?.trim_start().strip_prefix('['));
    let Some(mut rest) = list else { return labels };
    // Within an object one of its values is what it is called.
    let (mut depth, mut is_label) = (0, false);
    while let Some(at) = rest.find(['"', '\'', '`', '{', '}', ']']).filter(|_| labels.len() < MOST_ITEMS) {
        let (before, after) = (rest[..at].trim_end(), &rest[at + 1..]);
        match rest.as_bytes()[at] {
            b'{' => (depth, is_label) = (depth + 1, false),
            b'}' => depth -= 1,
            b']' if depth <= 0 => break,
            b']' => {}
            quote => {
                let Some((text, behind)) = after.split_once(char::from(quote)) else { break };
                let names = ["label:", "title:", "name:", "value:"].iter().any(|name| before.ends_with(name));
                if depth == 0 || depth == 1 && names && !is_label {
                    labels.push_back(text.to_owned());
                    is_label = true;
                }
                rest = behind;
                continue;
            }
        }
        rest = after;
    }
    labels
}

const MOST_ITEMS: usize = 40;

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

    fn is_outside(&self) -> bool {
        self.braces == 0 && self.quote.is_none()
    }
}

/// In bytes: longer tags are none.
pub(super) const LONGEST: usize = 8_000;

fn is_admonition(kind: &str) -> bool {
    ADMONITIONS.contains(&kind) || matches!(kind, "pitfall" | "deprecated")
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
        assert_eq!(
            (name_alone("<Enter> x"), name_alone("<Enter x>"), name_alone("</Enter>"), name_alone("<Enter/>")),
            (Some("Enter"), None, None, None)
        );
        assert_eq!(closed("</A1b> x </div></Tab ></T").collect::<Vec<_>>(), ["A1b", "Tab"]);
        assert_eq!(attribute("subtitle='x' title={\"y\"}", "title"), Some("y"));
        let attributes = " a='required' not-required b={ {required} } required c={3}";
        assert_eq!((value(attributes, "required"), value(attributes, "c"), value(" required-x", "required")), (Some(""), Some("3"), None));
        assert_eq!(items(" items={['a', `b`, {icon: 'x', label: 'c', value: 'd'}]} d={['e']}"), ["a", "b", "c"]);
        assert_eq!((items(" items={names}"), items(" items={['a")), (VecDeque::new(), VecDeque::new()));
    }
}
