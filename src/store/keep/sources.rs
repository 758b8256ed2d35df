//! What a store keeps of sources, and how far the crawl of one is.

use std::time::SystemTime;

use url::Url;

use crate::model::{Earlier, Meant, Metadata, NotMeant, Recipe, SourceId, SourceState, SourceSummary, Trail};
use crate::store::{Error, Start};

/// Sources and their trails.
pub trait Sources {
    /// All sources that have pages, by name.
    fn sources(&self) -> Result<Vec<SourceSummary>, Error>;

    /// At most `limit` names of sources that have pages and begin with `prefix`, in their order, from the one behind `after` on. It
    /// counts nothing, unlike [`sources`](Sources::sources).
    fn sources_after(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<SourceId>, Error>;

    /// The languages of the code examples of a source, or of all, the most frequent first, with the number of examples in each.
    fn languages(&self, source: Option<&SourceId>) -> Result<Vec<(String, u64)>, Error>;

    /// The sources that somebody means who writes a name, `name@version`, a host or an address: see [`meant`](crate::model::meant).
    fn meant(&self, text: &str) -> Result<Result<Meant, NotMeant>, Error>;

    /// Notes what a source is made of, and that a crawl of it begins or, with what is known of an earlier one, goes on.
    fn begin(&self, source: &SourceId, recipe: &Recipe, start: Start, now: SystemTime) -> Result<(), Error>;

    /// Whether it is known what a source is made of: not if it was removed since that was noted, or if its pages came one by one.
    fn is_made(&self, source: &SourceId) -> Result<bool, Error>;

    /// Notes for which origins a browser was found to be needed. Of a source without a recipe nothing is noted.
    fn learn(&self, source: &SourceId, scripted: &[String]) -> Result<(), Error>;

    /// Notes how far a crawl has come, so that it can go on after a crash.
    fn record(&self, source: &SourceId, trail: &Trail) -> Result<(), Error>;

    /// Whether a crawl that did not complete has dealt with anything.
    fn has_trail(&self, source: &SourceId) -> Result<bool, Error>;

    /// How far a crawl that did not complete has come.
    fn trail(&self, source: &SourceId) -> Result<Earlier, Error>;

    /// Notes how a crawl or refresh of a source ended, with so many known URLs not fetched.
    fn ended(&self, source: &SourceId, state: SourceState, left: u64, now: SystemTime) -> Result<(), Error>;

    /// The pages of a source that name themselves in other languages, with what they say of themselves.
    fn translations(&self, source: &SourceId) -> Result<Vec<(Url, Metadata)>, Error>;

    /// Addresses that crawls of a source have met and that came to nothing, each with when that was first so.
    fn misses(&self, source: &SourceId) -> Result<Vec<(Box<str>, SystemTime)>, Error>;

    /// Notes addresses that have come to nothing now. Of those that are known the first time stays; at most 20,000 of a source are kept.
    fn note_misses(&self, source: &SourceId, urls: &[Box<str>], now: SystemTime) -> Result<(), Error>;

    /// Notes the version that the pages of a source name.
    fn says_version(&self, source: &SourceId, version: &str) -> Result<(), Error>;

    /// Forgets a source with all its pages and returns how many there were.
    fn remove_source(&self, source: &SourceId) -> Result<u64, Error>;
}
