//! YAML as a tree with lines, for lock files and the navigation of sites. The events are those of the crate `saphyr-parser`, which is here
//! for `extract` anyway. Aliases are nothing: no tool writes them into these files, and so a tree is never larger than its text.

use saphyr_parser::{Event, Parser};

/// A value, and the line where it begins, from 1.
#[derive(Debug, PartialEq)]
pub(super) struct Yaml {
    pub(super) line: usize,
    pub(super) node: Node,
}

#[derive(Debug, PartialEq)]
pub(super) enum Node {
    /// As it was written, without quotes.
    Scalar(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
    Nothing,
}

/// The documents of a file.
///
/// # Errors
/// The line, and what is wrong there.
pub(super) fn documents(text: &str) -> Result<Vec<Yaml>, (usize, String)> {
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| (error.marker().line(), error.info().to_owned()))?;
        let line = span.start.line();
        let value = match event {
            Event::Scalar(text, ..) => Yaml { line, node: Node::Scalar(text.into_owned()) },
            Event::Alias(_) => Yaml { line, node: Node::Nothing },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() >= DEEPEST {
                    return Err((line, format!("values nest more than {DEEPEST} deep")));
                }
                let node = if matches!(event, Event::MappingStart(..)) { Node::Map(Vec::new()) } else { Node::List(Vec::new()) };
                open.push(Open { value: Yaml { line, node }, key: None });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(open) => open.value,
                None => continue,
            },
            _ => continue,
        };
        match open.last_mut() {
            None => documents.push(value),
            Some(open) => open.add(value),
        }
    }
    Ok(documents)
}

struct Open {
    value: Yaml,
    key: Option<String>,
}

impl Open {
    fn add(&mut self, value: Yaml) {
        match &mut self.value.node {
            Node::List(values) => values.push(value),
            Node::Map(entries) => match self.key.take() {
                Some(key) => entries.push((key, value)),
                None => {
                    self.key = Some(match value.node {
                        Node::Scalar(key) => key,
                        _ => String::new(),
                    })
                }
            },
            _ => {}
        }
    }
}

impl Yaml {
    /// The value of a key; none if it is not there, or this is no mapping.
    pub(super) fn at(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Of a mapping, in the order of the text.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.node {
            Node::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.node {
            Node::List(values) => values,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The text that stands under a key.
    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        self.at(key)?.text()
    }
}

const DEEPEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_lines() {
        let documents = documents("a: 1\nb:\n  - x\n  - {c: 'd'}\n---\nsecond: *none\n").unwrap_or_default();
        // An alias to nothing is an error of the whole.
        assert!(documents.is_empty());
        let documents = super::documents("a: 1\nb:\n  - x\n  - {c: 'd'}\n---\nsecond: &n y\nthird: *n\n").unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[0].text_at("a"), Some("1"));
        let items = documents[0].at("b").unwrap().items();
        assert_eq!((items[1].line, items[1].text_at("c")), (4, Some("d")));
        assert_eq!(documents[1].at("third").unwrap().node, Node::Nothing);
    }

    #[test]
    fn what_is_broken_is_told_with_its_line() {
        assert_eq!(documents("a: 1\nb: [\n").unwrap_err().0, 3);
        assert!(documents(&"[".repeat(100_000)).is_err());
        assert!(documents(&"- ".repeat(100_000)).is_err());
        assert_eq!(documents("").unwrap(), []);
    }
}
