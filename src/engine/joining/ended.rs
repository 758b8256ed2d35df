//! How a joined crawl that has ended is written down, by whoever finds that it has: more than one may.

use crate::crawl::End;
use crate::engine::{Engine, Fill};
use crate::error::Error;
use crate::model::{JoinedEnd, JoinedId, Trail};
use crate::reactor::Lane;
use crate::store::Store;

impl Engine {
    /// Notes how a crawl ended that was done together, and forgets its addresses. More than one may do it.
    pub(super) async fn close_joined(
        &self,
        id: JoinedId,
        fill: &Fill,
        end: JoinedEnd,
        left: u64,
        scripted: Vec<String>,
    ) -> Result<(), Error> {
        if !self.joined_crawls().await?.iter().any(|joined| joined.id == id) {
            return Ok(());
        }
        let notes = self.joined_notes(id).await?;
        self.note_joined_misses(fill, &notes).await?;
        if scripted != fill.request().scripted {
            self.learned(fill, scripted).await?;
        }
        if matches!(end, JoinedEnd::MaxPages | JoinedEnd::MaxRequests | JoinedEnd::MaxBytes) {
            self.leave_trail(id, fill, left).await?;
        }
        self.ended(fill.clone(), end_of(end), left).await?;
        let is_first = self.store_in(Lane::Heavy, move |store| store.close_joined(id)).await?;
        #[cfg(all(feature = "code", feature = "files"))]
        if is_first && matches!(end, JoinedEnd::Complete | JoinedEnd::MaxPages) {
            for source in fill.sources().cloned().collect::<Vec<_>>() {
                self.read_site(source, fill.request().robots).await;
            }
        }
        #[cfg(not(all(feature = "code", feature = "files")))]
        let _ = is_first;
        Ok(())
    }
}

impl Engine {
    /// What a crawl has met that came to a limit is kept as that of any other is, which goes on from there.
    async fn leave_trail(&self, id: JoinedId, fill: &Fill, left: u64) -> Result<(), Error> {
        let Some(source) = fill.source().cloned() else { return Ok(()) };
        let mut after: Box<str> = "".into();
        loop {
            let (source, from) = (source.clone(), after.clone());
            let next = move |store: &Store| {
                let (trail, last) = store.joined_trail(id, &from, AT_ONCE)?;
                if last.is_some() {
                    store.record(&source, &Trail { left, ..trail })?;
                }
                Ok(last)
            };
            match self.store_in(Lane::Heavy, next).await? {
                Some(last) => after = last,
                None => break,
            }
        }
        let mut after = None;
        loop {
            let source = source.clone();
            let next = move |store: &Store| {
                let contents = store.joined_contents(id, after, AT_ONCE)?;
                let last = contents.last().map(|(_, content)| *content);
                if last.is_some() {
                    store.record(&source, &Trail { left, contents, ..Trail::default() })?;
                }
                Ok(last)
            };
            after = self.store_in(Lane::Heavy, next).await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// Addresses of one transaction.
const AT_ONCE: usize = 10_000;

pub(super) fn end_of(end: JoinedEnd) -> End {
    match end {
        JoinedEnd::Complete => End::Complete,
        JoinedEnd::MaxPages => End::MaxPages,
        JoinedEnd::MaxRequests => End::MaxRequests,
        JoinedEnd::MaxBytes => End::MaxBytes,
        JoinedEnd::Stopped => End::Stopped,
    }
}
