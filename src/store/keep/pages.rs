//! What a store keeps of pages and of the chunks that they were cut into.

use std::time::SystemTime;

use url::Url;

use crate::model::{Chunk, Document, Filled, SourceId, Validators};
use crate::store::{CutPage, Error, PageId, PageSummary, Put, kept_as};

/// A page that is to be stored: as a [`CutPage`], by reference.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// None: the source that it belongs to.
    pub source: Option<&'a SourceId>,
    pub document: &'a Document,
    pub chunks: &'a [Chunk],
}

/// Pages and their chunks.
pub trait Pages {
    /// Stores a page with its chunks in place of what was stored for its URL, in the source that has it, else in that of its host. Chunks
    /// that say what others say, or said not long ago, have their vectors.
    /// A user name and a password in the URL are not stored; wherever a URL is asked for, it means the one without them.
    fn put(&self, document: &Document, chunks: &[Chunk]) -> Result<Put, Error> {
        self.put_cut_for(None, document, chunks, None)
    }

    /// The same, in a source that is named, and where the page was cut for a model that reads so many tokens of a passage: for one that
    /// reads less it is [cut again](Pages::cut_for_more).
    fn put_cut_for(&self, source: Option<&SourceId>, document: &Document, chunks: &[Chunk], tokens: Option<u32>) -> Result<Put, Error> {
        let document = &*kept_as(document);
        Ok(self.put_given(&[Given { source, document, chunks }], tokens)?.pop().unwrap_or(Put::Unchanged))
    }

    /// Stores several pages at once, all or none, and tells what became of each: that costs less than one after the other.
    fn put_all(&self, pages: &[CutPage], tokens: Option<u32>) -> Result<Vec<Put>, Error> {
        let kept: Vec<_> = pages.iter().map(|page| kept_as(&page.document)).collect();
        let given = pages.iter().zip(&kept).map(|(page, document)| Given { source: page.source.as_ref(), document, chunks: &page.chunks });
        self.put_given(&given.collect::<Vec<_>>(), tokens)
    }

    /// The same of pages that are given by reference. Their addresses are without user names and passwords.
    fn put_given(&self, pages: &[Given<'_>], tokens: Option<u32>) -> Result<Vec<Put>, Error>;

    /// At most `limit` pages that were cut for no model, or for one that reads more than so many tokens of a passage.
    fn cut_for_more(&self, tokens: u32, limit: usize) -> Result<Vec<PageId>, Error>;

    /// Puts other chunks of the same page in place of those that are stored, unless another page has been put meanwhile; whether it was
    /// the same. Chunks that say the same keep their vectors.
    fn recut(&self, page: PageId, document: &Document, chunks: &[Chunk], tokens: u32) -> Result<bool, Error>;

    /// Notes that a page is not to be cut again for a model that reads so many tokens: it cannot be read, say.
    fn leave_cut(&self, page: PageId, tokens: u32) -> Result<(), Error>;

    /// The page of a source has been asked for and has not changed.
    fn touch(&self, source: &SourceId, url: &Url, fetched_at: SystemTime) -> Result<(), Error>;

    /// Forgets the page of a source at an address, or of all sources; whether there was one.
    fn remove_page(&self, source: Option<&SourceId>, url: &Url) -> Result<bool, Error>;

    /// Forgets the pages of a source whose addresses begin so, and returns how many there were.
    fn remove_pages(&self, source: &SourceId, prefix: &str) -> Result<u64, Error>;

    /// The page as it was put; times are kept to the millisecond. Of several sources' pages at one address it is the one that was fetched
    /// last.
    fn page(&self, url: &Url) -> Result<Option<Document>, Error> {
        Ok(self.page_in(None, url)?.map(|(_, document)| document))
    }

    /// The page of a source, or the one that was fetched last, with the source it is of.
    fn page_in(&self, source: Option<&SourceId>, url: &Url) -> Result<Option<(SourceId, Document)>, Error>;

    /// Where the text of the page of a source came from, or that of the page that was fetched last.
    fn filled(&self, source: Option<&SourceId>, url: &Url) -> Result<Option<Filled>, Error>;

    /// The sources that have a page at this address, by name.
    fn sources_of_page(&self, url: &Url) -> Result<Vec<SourceId>, Error>;

    /// The same by its row.
    fn page_of(&self, page: PageId) -> Result<Option<Document>, Error>;

    /// At most `limit` pages of a source with their texts, by address, from the one behind `after` on.
    fn documents_after(&self, source: &SourceId, after: &str, limit: usize) -> Result<Vec<Document>, Error>;

    /// The page of a source that has the text of this one already, if this one is not stored.
    fn page_saying_the_same(&self, source: &SourceId, document: &Document) -> Result<Option<Url>, Error>;

    /// The pages of a source in the order of their URLs.
    fn pages(&self, source: &SourceId) -> Result<Vec<PageSummary>, Error> {
        self.first_pages(source, "", usize::MAX)
    }

    /// The first `limit` of these whose addresses begin so.
    fn first_pages(&self, source: &SourceId, prefix: &str, limit: usize) -> Result<Vec<PageSummary>, Error>;

    /// At most `limit` pages whose addresses begin with `prefix`, in the order of their addresses, from the one behind `after` on. It
    /// costs what the answer costs, however many pages there are.
    fn pages_after(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<PageSummary>, Error>;

    /// How many pages have addresses that begin with `prefix`.
    fn count_pages(&self, prefix: &str) -> Result<u64, Error>;

    /// What a refresh of a source asks its pages with, in the order of their URLs.
    fn validators(&self, source: &SourceId) -> Result<Vec<(Url, Validators)>, Error> {
        let pages = self.validators_before(source, None)?;
        Ok(pages.into_iter().map(|(url, validators, _)| (url, validators)).collect())
    }

    /// The same, of the pages that were fetched before that time, and where their texts came from.
    fn validators_before(&self, source: &SourceId, before: Option<SystemTime>) -> Result<Vec<(Url, Validators, Filled)>, Error>;

    /// Notes that a page could not be had, and not for what passes; how often in a row that was so since it was last fetched.
    fn miss(&self, source: &SourceId, url: &Url) -> Result<u64, Error>;
}
