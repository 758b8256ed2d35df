//! How what is stored is written into rows and read from them, whatever the engine. Pure.

use std::time::{Duration, SystemTime};

use url::Url;

use super::error::Failure;
use crate::model::{Chunk, ChunkKind, Document, Filled, Heading, Metadata, Recipe, SourceId, SourceState};

/// What a page says of itself and its headings, as they are stored: nothing is stored for nothing.
#[derive(PartialEq, Eq)]
pub(super) struct Said {
    pub metadata: Option<String>,
    pub outline: Option<String>,
}

impl Said {
    pub(super) fn of(document: &Document) -> Self {
        let Document { metadata, outline, .. } = document;
        let written = "texts, numbers and addresses are JSON";
        Self {
            metadata: (*metadata != Metadata::default()).then(|| serde_json::to_string(metadata).expect(written)),
            outline: (!outline.is_empty()).then(|| serde_json::to_string(outline).expect(written)),
        }
    }

    pub(super) fn metadata(&self) -> Result<Metadata, Failure> {
        metadata(self.metadata.as_deref())
    }

    /// The headings, each at a place that there is: readers cut the text there.
    pub(super) fn outline(&self, markdown: &str) -> Result<Vec<Heading>, Failure> {
        let read = |text| serde_json::from_str(text).map_err(|_| Failure::Malformed("the outline of a page cannot be read"));
        let outline: Vec<Heading> = self.outline.as_deref().map_or_else(|| Ok(Vec::new()), read)?;
        let fits = |heading: &Heading| (1..=6).contains(&heading.level) && markdown.is_char_boundary(heading.offset);
        let ascends = outline.is_sorted_by_key(|heading| heading.offset);
        if ascends && outline.iter().all(fits) { Ok(outline) } else { Err(Failure::Malformed("the outline of a page is that of another")) }
    }
}

/// What a page says of itself, from how it is stored.
pub(super) fn metadata(stored: Option<&str>) -> Result<Metadata, Failure> {
    let read = |text| serde_json::from_str(text).map_err(|_| Failure::Malformed("the metadata of a page cannot be read"));
    stored.map_or_else(|| Ok(Metadata::default()), read)
}

/// The sources of a crawl that is done together, each with its recipe.
pub(super) fn written_joined_sources(sources: &[(SourceId, Recipe)]) -> String {
    serde_json::to_string(sources).expect("texts, numbers and addresses are JSON")
}

pub(super) fn parse_joined_sources(stored: &str) -> Result<Vec<(SourceId, Recipe)>, Failure> {
    let read: Vec<(String, Recipe)> =
        serde_json::from_str(stored).map_err(|_| Failure::Malformed("the sources of a crawl cannot be read"))?;
    read.into_iter().map(|(source, recipe)| Ok((parse_source(&source)?, recipe))).collect()
}

/// What a chunk says, wherever in the page it stands.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Saying<'a> {
    headings: &'a [String],
    code: Option<(Option<&'a str>, &'a str)>,
    text: &'a str,
}

impl<'a> Saying<'a> {
    pub(super) fn of(chunk: &'a Chunk) -> Self {
        let code = match &chunk.kind {
            ChunkKind::Text => None,
            ChunkKind::Code { language, context } => Some((language.as_deref(), context.as_str())),
        };
        Self { headings: &chunk.heading_path, code, text: &chunk.text }
    }
}

/// NULL where the text is the page's own.
pub(super) fn written(filled: &Filled) -> Option<String> {
    (!filled.is_served()).then(|| filled.to_string())
}

/// The same from how it is stored.
pub(super) fn filled(stored: Option<&str>) -> Filled {
    stored.map_or(Filled::Served, Filled::parse)
}

/// Number, language and context of what a chunk is.
pub(super) fn columns_of(kind: &ChunkKind) -> (i64, Option<&str>, Option<&str>) {
    match kind {
        ChunkKind::Text => (0, None, None),
        ChunkKind::Code { language, context } => (1, language.as_deref(), Some(context.as_str())),
    }
}

pub(super) fn headings(chunk: &Chunk) -> String {
    serde_json::to_string(&chunk.heading_path).expect("a list of strings is JSON")
}

pub(super) fn parse_url(text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).ok().filter(|url| url.has_host() || url.scheme() == "file");
    url.ok_or(Failure::Malformed("the address of a page is no URL"))
}

pub(super) fn parse_source(name: &str) -> Result<SourceId, Failure> {
    SourceId::named(name).ok_or(Failure::Malformed("the name of a source is none"))
}

/// From how a recipe is stored.
pub(super) fn recipe(stored: Option<&str>) -> Result<Option<Recipe>, Failure> {
    let read = |text| serde_json::from_str(text).map_err(|_| Failure::Malformed("the recipe of a source cannot be read"));
    stored.map(read).transpose()
}

/// The recipe of a source that is being imported. The mark stands where who does not look for it does not see it: no crawl writes it, and
/// the end of the import removes it.
pub(super) fn marked(recipe: Option<&Recipe>, import: &str) -> String {
    let mut recipe = serde_json::to_value(recipe.cloned().unwrap_or_default()).expect("texts, numbers and addresses are JSON");
    recipe[MARK] = import.into();
    recipe.to_string()
}

/// Whether a recipe is that of a source of which this import has not come to its end.
pub(super) fn is_of_import(recipe: &str, import: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(recipe).is_ok_and(|recipe| recipe[MARK] == import)
}

pub(super) fn state_of(number: i64) -> Result<SourceState, Failure> {
    STATES.get(usize::try_from(number).unwrap_or(usize::MAX)).copied().ok_or(Failure::Malformed("a source is in an unknown state"))
}

pub(super) fn number_of(state: SourceState) -> i64 {
    STATES.iter().position(|known| *known == state).map_or(0, |at| at as i64)
}

/// Greater than all addresses and names that begin so, in the order of their bytes: names of sources may have any letters.
pub(super) fn beyond(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

pub(super) fn count(number: i64) -> Result<u64, Failure> {
    u64::try_from(number).map_err(|_| Failure::Malformed("a count is negative"))
}

pub(super) fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn time(milliseconds: i64) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// By their numbers in rows.
const STATES: [SourceState; 4] = [SourceState::Loose, SourceState::Complete, SourceState::Limited, SourceState::Incomplete];
const MARK: &str = "import";

/// Of one source: as many as a report lists of what failed and of what was left out.
pub(super) const MOST_MISSES: i64 = 20_000;
