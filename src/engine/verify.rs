//! Whether a stored page still says what it said.

use std::time::SystemTime;

use url::Url;

use super::compare::{PageChanges, changes_of_page};
use super::{Engine, Robots};
use crate::crawl::{Refetched, is_elsewhere, is_route, normalise};
use crate::error::Error;
use crate::model::{Document, Page, SourceId};
use crate::store::text_hash;

impl Engine {
    /// Asks whether a stored page still says what it said, that of a source or the one that was fetched last; nothing is stored.
    ///
    /// # Errors
    /// [`Error::NoPage`]; what a fetch may fail with.
    pub async fn verify(&self, url: Url, source: Option<SourceId>) -> Result<Verified, Error> {
        let page = if is_route(&url) { url.clone() } else { normalise(url.clone()) };
        let (asked, among) = (page.clone(), source.clone());
        let stored = self.with_store(move |store| {
            let stored = |url: Url| Ok(store.page_in(among.as_ref(), &url)?.map(|found| (url, found)));
            // What is behind `#` is a part of the address of some pages, and a place in others.
            match stored(url)? {
                None => stored(asked),
                found => Ok(found),
            }
        });
        let Some((url, (source, stored))) = stored.await? else { return Err(Error::NoPage { url: page, source_id: source }) };
        let hash = text_hash(stored.markdown.as_bytes());
        if let Some(checked) = self.verified_on_disk(&url, &source, &stored, &hash).await? {
            return Ok(Verified { url, source, fetched_at: stored.fetched_at, hash, checked });
        }
        let checked = match self.inner.crawler.refetch_filled(&url, &stored.validators, &stored.filled, Robots::Obey).await? {
            Refetched::Unchanged => Checked::Unchanged,
            Refetched::Gone => Checked::Gone,
            Refetched::Page(page, _) if is_elsewhere(&page.url, &url) => Checked::Moved { to: page.url },
            Refetched::Page(page, _) => {
                let now = self.read(Page { url: url.clone(), ..page }).await?;
                match text_hash(now.markdown.as_bytes()) {
                    same if same == hash => Checked::Unchanged,
                    hash => Checked::Changed { hash, changes: changes_of_page(&stored, &now) },
                }
            }
        };
        Ok(Verified { url, source, fetched_at: stored.fetched_at, hash, checked })
    }
}

#[cfg(feature = "files")]
impl Engine {
    /// Of a page that was read from a file: none of it is asked of a site.
    async fn verified_on_disk(&self, url: &Url, source: &SourceId, stored: &Document, hash: &str) -> Result<Option<Checked>, Error> {
        let summary = self.source(source).await?;
        if url.scheme() != "file" {
            let is_of_files = summary.recipe.as_ref().is_some_and(|recipe| recipe.files.is_some());
            return if is_of_files { Err(Error::OfFiles { url: url.clone(), source_id: source.clone() }) } else { Ok(None) };
        }
        let Some(page) = self.page_on_disk(url, &summary).await? else { return Ok(Some(Checked::Gone)) };
        if page.url != *url {
            return Ok(Some(Checked::Moved { to: page.url }));
        }
        let now = self.read(page).await?;
        Ok(Some(match text_hash(now.markdown.as_bytes()) {
            same if same == hash => Checked::Unchanged,
            hash => Checked::Changed { hash, changes: changes_of_page(stored, &now) },
        }))
    }
}

#[cfg(not(feature = "files"))]
impl Engine {
    async fn verified_on_disk(&self, url: &Url, source: &SourceId, _: &Document, _: &str) -> Result<Option<Checked>, Error> {
        match url.scheme() {
            "file" => Err(Error::OfFiles { url: url.clone(), source_id: source.clone() }),
            _ => Ok(None),
        }
    }
}

/// What became of a stored page on its site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub url: Url,
    pub source: SourceId,
    /// When it was stored.
    pub fetched_at: SystemTime,
    /// Of its markdown as it is stored: that of a [`Hit`](crate::model::Hit) from it.
    pub hash: String,
    pub checked: Checked,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It says the same.
    Unchanged,
    Changed {
        /// Of its markdown now.
        hash: String,
        /// No section of them has changed where only the order or the spacing has.
        changes: PageChanges,
    },
    /// It leads elsewhere.
    Moved { to: Url },
    /// 404 or 410.
    Gone,
}

impl Checked {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed { .. } => "changed",
            Self::Moved { .. } => "moved",
            Self::Gone => "gone",
        }
    }
}
