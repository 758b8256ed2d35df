//! Documents that are not HTML, read as what they are. Each reader knows one format and writes what it finds on a `Sheet`; what it leaves
//! out, the sheet counts. All are linear in their input, and none can fail: what is not understood stays text.

mod asciidoc;
mod components;
mod data;
mod feed;
mod grid;
mod inside;
mod interface;
mod macros;
mod manual;
mod markdown;
mod matter;
mod mdoc;
mod notebook;
mod org;
mod restructured;
mod roff;
mod roles;
mod schema;
mod sheet;
mod targets;
mod yaml;

use url::Url;

use crate::extract::kind::Kind;
use crate::extract::text;

pub(super) use sheet::Reading;

/// What a text of this kind says; none of a kind that is read elsewhere, or not at all.
pub(super) fn read(kind: &Kind, text: &str, url: &Url) -> Option<Reading> {
    let text = &*text::with_line_feeds(text);
    Some(match kind {
        Kind::Markdown => markdown::read(text, url),
        Kind::Restructured => restructured::read(text, url),
        Kind::AsciiDoc => asciidoc::read(text, url),
        Kind::Org => org::read(text, url),
        Kind::Manual => manual::read(text, url),
        Kind::Json => data::of_json(text, url),
        Kind::Yaml => data::of_yaml(text, url),
        Kind::Code(language) => data::of_code(language, text, url),
        Kind::Feed => feed::read(text, url),
        _ => return None,
    })
}

/// Where a text of this kind leads, as written.
pub(super) fn links(kind: &Kind, text: &str, url: &Url) -> Vec<String> {
    match kind {
        Kind::Markdown | Kind::Text => targets::of(text),
        // An address in code or data is an example.
        Kind::Code(_) | Kind::Json | Kind::Yaml => Vec::new(),
        _ => read(kind, text, url).map(|reading| reading.links).unwrap_or_default(),
    }
}
