//! The nouns that travel: a `Page` becomes a `Document`, `Chunk`s and `Embedded` vectors; a `Query` becomes `Hit`s.
//! Plain values without behaviour of any room: no network, no parser, no database.

mod addresses;
mod budget;
mod date;
mod filled;
mod joined;
mod part;
mod plain;
mod shared;
mod source;

use std::borrow::Cow;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use url::Url;

pub use self::addresses::Addresses;
pub use self::budget::{Budget, Meter, OverBudget};
pub use self::date::date;
pub use self::filled::Filled;
pub use self::joined::{
    Became, Clock, Dealt, Given, Joined, JoinedEnd, JoinedId, JoinedLimits, JoinedPlan, JoinedTotals, PageOf, Remark, RemarkKind,
    RobotsKnown, Settled, Spent, Verdict, Waiting, Wish, WorkerId,
};
pub use self::part::part_end;
pub use self::plain::plain;
pub use self::shared::{CopiedPage, SharedPage, SharedSource, SharedVector};
pub(crate) use self::source::rootless;
pub use self::source::{
    BadName, Candidate, Earlier, FilesRecipe, Meant, NotMeant, Recipe, SourceId, SourceState, SourceSummary, Trail, host, meant, nearest,
};

/// One HTTP answer that a crawl wants kept: transfer and content encoding undone, characters not yet decoded.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where the body came from in the end: after redirects, without fragment.
    pub url: Url,
    /// HTTP status, 2xx.
    pub status: u16,
    /// `Content-Type` as sent, parameters included: the charset is judged by `extract`.
    pub content_type: Option<String>,
    /// The decoded body.
    pub body: Vec<u8>,
    /// Links followed from a seed to get here; a seed has 0.
    pub depth: u32,
    /// What a later conditional request repeats.
    pub validators: Validators,
    /// When the answer arrived.
    pub fetched_at: SystemTime,
    /// Where the body came from, if it is not what the server sent for the page.
    pub filled: Filled,
}

/// `ETag` and `Last-Modified` as sent (RFC 9110 8.8): kept so that a refresh can ask "has it changed?".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// Where the answer came from, if it is the page in markdown: an address of its own, or that of the page where the server gives markdown
    /// to whoever asks for it; or if it is data of the site from which the text was taken. Links in it are relative to this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twin: Option<Url>,
}

/// A page read: its title and main content as CommonMark with tables, every link absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub url: Url,
    /// Never empty: the title element, else the first heading, else the URL's last segment.
    pub title: String,
    /// Main content; no navigation, no permalink marks.
    pub markdown: String,
    /// The headings of `markdown`, in its order.
    pub outline: Vec<Heading>,
    /// The code blocks of `markdown`, in its order.
    pub code: Vec<CodeBlock>,
    pub metadata: Metadata,
    /// What stands in the page and not in `markdown`.
    pub notes: Vec<Note>,
    pub validators: Validators,
    pub fetched_at: SystemTime,
    pub filled: Filled,
}

impl Document {
    /// A document that says nothing of itself but its text.
    pub fn new(url: Url, title: impl Into<String>, markdown: impl Into<String>, fetched_at: SystemTime) -> Self {
        Self {
            url,
            title: title.into(),
            markdown: markdown.into(),
            outline: Vec::new(),
            code: Vec::new(),
            metadata: Metadata::default(),
            notes: Vec::new(),
            validators: Validators::default(),
            fetched_at,
            filled: Filled::default(),
        }
    }

    /// The heading at which the page opens under a fragment, which is given without `#`, as it stands in URLs or not percent-encoded.
    pub fn heading_at(&self, fragment: &str) -> Option<&Heading> {
        Heading::at(&self.outline, &self.url, fragment)
    }

    /// The page from that byte of its markdown on, with the headings and code blocks that are in this part.
    #[must_use]
    pub fn from_offset(mut self, offset: usize) -> Self {
        self.markdown.drain(..offset);
        self.outline.retain_mut(|heading| heading.offset.checked_sub(offset).map(|rest| heading.offset = rest).is_some());
        self.code.retain_mut(|block| block.offset.checked_sub(offset).map(|rest| block.offset = rest).is_some());
        self
    }
}

/// A heading of a document, and where it is: in the markdown, and in the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// As plain text.
    pub text: String,
    /// The fragment under which the page opens at this place, without `#` and not percent-encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// Where its line begins in [`Document::markdown`], in bytes.
    pub offset: usize,
}

impl Heading {
    /// That of an outline at which the page at this address opens under a fragment: see [`Document::heading_at`].
    pub fn at<'h>(outline: &'h [Self], url: &Url, fragment: &str) -> Option<&'h Self> {
        // Compared as they are written in URLs, in which few characters stand for themselves.
        let mut url = url.clone();
        url.set_fragment(Some(fragment));
        let wanted = url.fragment()?.to_owned();
        outline.iter().find(|heading| {
            url.set_fragment(heading.anchor.as_deref());
            heading.anchor.as_deref() == Some(fragment) || url.fragment() == Some(wanted.as_str())
        })
    }
}

/// A fenced code block of a document, and whether its language is the page's word or a conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeBlock {
    /// Where the line of its opening fence begins in [`Document::markdown`], in bytes.
    pub offset: usize,
    /// As written behind the fence.
    pub language: Option<String>,
    /// Nothing in the page marks the language; its generator or the code itself leaves no doubt of it.
    pub inferred: bool,
}

/// What a page says of itself, as far as it says it: nothing is derived from its text or address. What it does not say is left out of
/// the JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The address that the page wants to be known by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical: Option<Url>,
    /// A language tag (BCP 47) as written: `en`, `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The same page in other languages (`hreflang`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub translations: Vec<Translation>,
    /// A date, or date and time, of ISO 8601, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// Likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The program that made the page: `Sphinx 7.2.6`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// The software that the page documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// Its version, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A page in another language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    pub language: String,
    pub url: Url,
}

/// Something that was left out of a page, and the rule by which it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    pub rule: &'static str,
    /// How many words are left out.
    pub words: usize,
    /// The first of them.
    pub begins: String,
}

/// A piece of a document that is found and answered as one: it carries the headings it stands under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Position in the document, from 0; prose and code are counted together.
    pub ordinal: u32,
    /// Headings from the outermost to the nearest, without `#` marks.
    pub heading_path: Vec<String>,
    /// Markdown. Of a code example: the code alone, without its fence.
    pub text: String,
    pub kind: ChunkKind,
    /// The fragment under which the page opens at the heading that this stands under, without `#` and not percent-encoded; none where
    /// none is known.
    pub anchor: Option<String>,
}

/// What a chunk is, and so which of the two searches finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkKind {
    /// Found by `Wanted::Text`. Code fences inside the text stay in it.
    Text,
    /// One code block of its own, found by `Wanted::Code`.
    Code {
        /// Lower-case name as marked by the author; none where nothing says so.
        language: Option<String>,
        /// The prose just before and after the block, which says what it is for.
        context: String,
    },
}

impl Chunk {
    /// What an embedding sees: the headings, then the [words](Self::words).
    pub fn passage(&self) -> String {
        self.passage_of(&self.words())
    }

    /// The same where the words are known.
    pub(crate) fn passage_of(&self, words: &str) -> String {
        let mut passage = self.heading_path.join(" > ");
        if !passage.is_empty() && !words.is_empty() {
            passage.push('\n');
        }
        passage.push_str(words);
        passage
    }

    /// The text as it is [read](plain), without the headings: what a search by words looks into. Code is as it stands, behind its context.
    pub fn words(&self) -> Cow<'_, str> {
        match &self.kind {
            ChunkKind::Text => plain(&self.text),
            ChunkKind::Code { context, .. } if context.is_empty() => Cow::Borrowed(&self.text),
            ChunkKind::Code { context, .. } => Cow::Owned(format!("{}\n{}", plain(context), self.text)),
        }
    }
}

/// A chunk that is stored but has no vector of the current model yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The chunk's row in the store.
    pub chunk: i64,
    /// `Chunk::passage` of it.
    pub passage: String,
}

/// The vector of one stored chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// The row named by `Pending::chunk`.
    pub chunk: i64,
    /// L2-normalised.
    pub vector: Vec<f32>,
}

/// A question to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub text: String,
    /// Only these sources. Empty: all.
    pub sources: Vec<SourceId>,
    /// At most so many hits, at least 1.
    pub limit: usize,
    pub mode: Mode,
    pub wanted: Wanted,
    pub per_page: PerPage,
    /// Only pages whose address begins so, as in `https://docs.rs/smol/`.
    pub url_prefix: Option<String>,
    /// Only code examples in one of these languages, by the names that [`ChunkKind::Code`] has; prose is in none. Empty: in any.
    pub languages: Vec<String>,
    /// Only pages that are of one of these kinds by address and title. Empty: of any.
    pub kinds: Vec<PageKind>,
    /// Only pages that say that they were changed, or published, on this day or later, in their text or by the server's `Last-Modified`;
    /// those without a date are not among them. As in `2025-01-31`, or with a time as ISO 8601 has it; days begin by UTC.
    pub since: Option<String>,
    /// How well the model knows the question's words, 0 (not at all) to 1: the less it does, the less its vector weighs in a hybrid search.
    /// The engine sets it; 1 by default.
    pub familiarity: f32,
}

impl Query {
    /// The ten pages of all that is stored whose passages answer best, by words and meaning.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            sources: Vec::new(),
            limit: 10,
            mode: Mode::default(),
            wanted: Wanted::default(),
            per_page: PerPage::default(),
            url_prefix: None,
            languages: Vec::new(),
            kinds: Vec::new(),
            since: None,
            familiarity: 1.0,
        }
    }
}

/// Which evidence ranks the hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Words and meaning, scores fused.
    #[default]
    Hybrid,
    /// Words only (BM25).
    Lexical,
    /// Meaning only (cosine).
    Dense,
}

/// Which kind of chunk is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    #[default]
    Text,
    Code,
}

/// How many hits one page may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PerPage {
    /// One: its best chunk, with what else of the page answers well joined to it in [`Hit::text`].
    #[default]
    Best,
    /// So many of its chunks, at least 1, each for itself.
    AtMost(usize),
    /// Every chunk for itself, those that say the same with the others.
    All,
}

/// A passage that answers a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub url: Url,
    pub title: String,
    /// The source, with the version in its name where there is one.
    pub source: SourceId,
    pub fetched_at: SystemTime,
    /// What the page's markdown is known by: the first half of its SHA-256, in hexadecimal.
    pub page_hash: String,
    /// The chunk that answers best.
    pub chunk: Chunk,
    /// What is to be read: the chunk's text, joined with the page's other chunks that answer nearly as well, in the page's order. "[…]"
    /// stands where the page has more between them.
    pub text: String,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// What the score is made of, and what can be told of the hit without any other.
    pub evidence: Evidence,
    /// Pages that say the same in nearly the same words, at most ten: they are no hits of their own.
    pub same_as: Vec<Url>,
}

/// What speaks for a hit, and against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// BM25 of its words. None: not among the best by words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bm25: Option<f32>,
    /// The share of the question's words that stand in it, the rare ones counting more: 0 to 1.
    pub words_found: f32,
    /// The cosine of its vector to the question's. None: not among the best by meaning, or there is no word in the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f32>,
    /// What meaning weighs against words, 0 to 1.
    pub weight_of_meaning: f32,
    /// What was added to the score because it holds a phrase or name of the question letter for letter.
    pub exact: f32,
    /// What was taken from the score for what kind of page it is.
    pub malus: f32,
    pub page_kind: PageKind,
}

impl Evidence {
    /// Whether so little speaks for it that it is likely no answer: in a hybrid search, neither its words nor its meaning do, and no quotation.
    pub fn is_weak(&self) -> bool {
        let by_meaning = self.cosine.map(|cosine| cosine < WEAK_COSINE);
        let by_words = self.bm25.map(|_| self.words_found < WEAK_WORDS);
        self.exact < WEAK_EXACT && by_meaning != Some(false) && by_words != Some(false)
    }
}

/// Measured on questions whose answer is not stored.
const WEAK_COSINE: f32 = 0.4;
const WEAK_WORDS: f32 = 0.5;
/// A name or number of a longer question that stands there adds less, and is one of its words: more is a quotation, a message, or a name that
/// is all of the question.
const WEAK_EXACT: f32 = 0.28;

/// What kind of page a hit is from, as its address, title and text tell. Most are none of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    #[default]
    Page,
    /// What changed from version to version.
    ReleaseNotes,
    /// A table of contents, an index: links to what is elsewhere.
    Contents,
    /// News, a blog.
    Blog,
    /// The source code of what is documented elsewhere.
    Source,
}

impl Hit {
    /// The address at which the page opens where the passage stands: that of the page, with the fragment of the passage's heading. A page
    /// whose own address has a fragment, such as a route, opens at that.
    pub fn link(&self) -> Url {
        let mut link = self.url.clone();
        if let Some(anchor) = self.chunk.anchor.as_deref().filter(|_| link.fragment().is_none()) {
            link.set_fragment(Some(anchor));
        }
        link
    }
}

/// How far the background embedding is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedProgress {
    /// Chunks stored.
    pub chunks: u64,
    /// Of these, with a vector of the current model.
    pub embedded: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_names_headings_and_context_first() {
        let mut chunk = Chunk {
            ordinal: 0,
            heading_path: vec!["Tasks".into(), "Cancel".into()],
            text: "drop(task);".into(),
            kind: ChunkKind::Text,
            anchor: None,
        };
        assert_eq!(chunk.passage(), "Tasks > Cancel\ndrop(task);");
        chunk.kind = ChunkKind::Code { language: None, context: "Dropping cancels:".into() };
        assert_eq!(chunk.passage(), "Tasks > Cancel\nDropping cancels:\ndrop(task);");
    }
}
