//! Documents that are not HTML, read as what they are. Each reader knows one format and writes what it finds on a `Sheet`; what it leaves
//! out, the sheet counts. All are linear in their input, and none can fail: what is not understood stays text.

mod absolute;
mod asciidoc;
mod components;
mod data;
mod enumerators;
mod feed;
mod grid;
mod inside;
mod interface;
mod jsonfeed;
mod macros;
mod manual;
mod markdown;
mod markup;
mod matter;
mod mdoc;
mod nesting;
mod notebook;
mod operation;
mod options;
mod ordered;
mod org;
mod restructured;
mod roff;
mod roles;
mod schema;
mod sheet;
mod standards;
mod strings;
mod tabular;
mod tabulators;
mod targets;
mod yaml;

use url::Url;

use crate::extract::kind::Kind;
use crate::extract::text;
use crate::model::{CodeBlock, Meter};

pub(super) use absolute::absolute;
pub(super) use sheet::Reading;

/// What a text of this kind says; none of a kind that is read elsewhere, or not at all.
pub(super) fn read(kind: &Kind, text: &str, url: &Url, meter: &Meter) -> Option<Reading> {
    let text = &*text::with_line_feeds(text);
    Some(match kind {
        Kind::Markdown => markdown::read(text, url, meter),
        Kind::Restructured => restructured::read(text, url, meter),
        Kind::AsciiDoc => asciidoc::read(text, url, meter),
        Kind::Org => org::read(text, url, meter),
        Kind::Manual => manual::read(text, url, meter),
        Kind::Json => data::of_json(text, url, meter),
        Kind::Yaml => data::of_yaml(text, url, meter),
        Kind::Code(language) => data::of_code(language, text, url, meter),
        Kind::Feed => feed::read(text, url, meter),
        _ => return None,
    })
}

/// Where a text of this kind leads, as written.
pub(super) fn links(kind: &Kind, text: &str, url: &Url, meter: &Meter) -> Vec<String> {
    match kind {
        Kind::Markdown => targets::of_markdown(text),
        Kind::Text => targets::of(text),
        // An address in code or data is an example.
        Kind::Code(_) | Kind::Json | Kind::Yaml => Vec::new(),
        _ => read(kind, text, url, meter).map(|reading| reading.links).unwrap_or_default(),
    }
}

/// The fenced blocks of a markdown text, with the language as it is written.
pub(super) fn code_of(markdown: &str) -> Vec<CodeBlock> {
    let (mut blocks, mut open, mut offset) = (Vec::new(), None::<(char, usize)>, 0);
    let mut nesting = nesting::Nesting::default();
    for line in markdown.split_inclusive('\n') {
        // It may begin on the line of its list item.
        let bare = match open {
            None if !line.trim().is_empty() => nesting.place(line, 0, usize::MAX).content.trim_end(),
            _ => line.trim_start_matches([' ', '\t', '>']).trim_end(),
        };
        let mark = bare.chars().next().filter(|mark| matches!(mark, '`' | '~'));
        let length = mark.map_or(0, |mark| bare.len() - bare.trim_start_matches(mark).len());
        match (open, mark) {
            (None, Some(mark)) if length >= 3 && !bare[length..].contains('`') => {
                let language = bare[length..].split_whitespace().next().map(str::to_lowercase);
                blocks.push(CodeBlock { offset, language, inferred: false });
                open = Some((mark, length));
            }
            (Some((mark, least)), Some(other)) if mark == other && length >= least && bare.len() == length => open = None,
            _ => {}
        }
        offset += line.len();
    }
    blocks
}

/// For the tests of the readers.
#[cfg(test)]
fn unlimited() -> Meter {
    crate::model::Budget::new(std::time::Duration::MAX).begin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_found_where_they_open() {
        let markdown = "# T\n\n```Rust\nfn f() {}\n```\n\n- x\n\n  ````\n  ```\n  ````\n";
        let found: Vec<_> = code_of(markdown).into_iter().map(|block| (block.offset, block.language)).collect();
        assert_eq!(found, [(5, Some("rust".to_owned())), (33, None)]);
        assert!(markdown[33..].starts_with("  ````"));
        let markdown = "- ```html\n  <a>\n  ```\n- b\n\n> 1. ```sh\n>    ls\n>    ```\n\n~~~\n";
        let found: Vec<_> = code_of(markdown).into_iter().map(|block| (block.offset, block.language)).collect();
        assert_eq!(found, [(0, Some("html".to_owned())), (27, Some("sh".to_owned())), (56, None)]);
    }
}
