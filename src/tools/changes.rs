//! Tells clients what crawls, refreshes and removals have changed, at a pace that clients can follow. Knows no job.

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use url::Url;

use crate::engine::Engine;
use crate::mcp::Notifier;
use crate::model::SourceId;
use crate::tools::resources::source_uri;

/// What has changed in the list of resources and in the resources themselves. Clones are the same.
#[derive(Clone, Debug)]
pub struct Changes {
    notifier: Notifier,
    /// Held for one look or one change, never across `.await`.
    untold: Arc<Mutex<Untold>>,
    /// Rung when something is untold; a full bell is already ringing.
    bell: (async_channel::Sender<()>, async_channel::Receiver<()>),
}

#[derive(Debug, Default)]
struct Untold {
    has_other_list: bool,
    sources: BTreeSet<SourceId>,
}

impl Changes {
    pub fn new() -> Self {
        Self { notifier: Notifier::new(), untold: Arc::default(), bell: async_channel::bounded(1) }
    }

    /// For the server whose clients are told.
    pub fn notifier(&self) -> Notifier {
        self.notifier.clone()
    }

    /// Pages of the source came or went.
    pub fn listed(&self, source: SourceId) {
        self.note(source, |untold| untold.has_other_list = true);
    }

    /// The page holds something else now, is new or is gone. Only who subscribed to it is told, so it needs no pace.
    pub fn page(&self, url: &Url, source: SourceId) {
        self.notifier.resource_updated(url.as_str());
        self.note(source, |_| {});
    }

    /// The pages, by the addresses under which they are stored, that somebody subscribed to.
    pub fn watched_pages(&self) -> Vec<Url> {
        let watched = self.notifier.watched();
        watched.iter().filter_map(|uri| Url::parse(uri).ok().filter(|url| url.as_str() == uri)).collect()
    }

    /// Tells for as long as it is polled: the first change at once, those that follow together, one notification in [`PACE`].
    pub async fn tell(&self, engine: &Engine) {
        while self.bell.1.recv().await.is_ok() {
            let untold = mem::take(&mut *self.lock());
            if untold.has_other_list {
                self.notifier.resources_changed();
            }
            untold.sources.iter().for_each(|source| self.notifier.resource_updated(&source_uri(source)));
            engine.handle().sleep(PACE).await;
        }
    }

    fn note(&self, source: SourceId, note: impl FnOnce(&mut Untold)) {
        let mut untold = self.lock();
        untold.sources.insert(source);
        note(&mut untold);
        drop(untold);
        // Full means that it rings already.
        let _ = self.bell.0.try_send(());
    }

    fn lock(&self) -> MutexGuard<'_, Untold> {
        // Whole at any moment a panic could come.
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Clients answer a changed list by asking for it again: a crawl stores pages for minutes, and must not keep them at it.
const PACE: Duration = Duration::from_secs(5);
