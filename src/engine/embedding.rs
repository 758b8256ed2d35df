//! Vectors behind what is stored: batch by batch, until nothing is left without one. Knows of pages only what the store has pending.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Asking, Embedder, Engine, Inner, cut, measured, most_tokens};
use crate::chunk;
use crate::embed::{self, Embed};
use crate::error::{Error, chain};
use crate::http::masked;
use crate::model::{Budget, Clock, EmbedProgress, Embedded, Pending, Query};
use crate::reactor::Lane;
use crate::store::{self, PageId, Store};

/// The embeddings.
impl Engine {
    /// Embeds what is stored without a vector, until nothing is. Safe to drop: what was embedded stays.
    pub fn embed_pending(&self) -> Embedding {
        Embedding { engine: self.clone(), lease: None }
    }

    /// The same beside other processes and machines that do it: each batch is in the hands of one of them. Whoever is silent for a while,
    /// its batch is given to another; while others are at the last ones it is waited for them.
    pub fn embed_together(&self) -> Embedding {
        let made = (self.inner.handle.now(), Instant::now());
        Embedding { engine: self.clone(), lease: Some(made) }
    }

    /// Embeds behind everything else for as long as it is polled: what an earlier run left as soon as the database is
    /// open, then every page that is stored. After a failure, which is logged, it pauses; then it goes on by itself if the
    /// failure may pass, else with the next page. The pages stay searchable by their words.
    pub async fn keep_embedding(&self) {
        let mut pause = FIRST_PAUSE;
        while self.inner.bell.1.recv().await.is_ok() {
            // Rung again if this future is dropped before the run is over: who comes after goes on with it.
            let unfinished = Unfinished(&self.inner);
            let mut embedding = self.embed_pending();
            while let Some(embedded) = embedding.next().await {
                match embedded {
                    Ok(progress) => {
                        log::debug!("embedded {} of {} chunks", progress.embedded, progress.chunks);
                        pause = FIRST_PAUSE;
                    }
                    Err(error) => {
                        log::error!("embedding stopped, pages are found by their words only: {}", error.chain());
                        // A crawl rings with every page, and a service that is down is neither asked nor told of so often.
                        self.inner.handle.sleep(pause).await;
                        pause = LAST_PAUSE.min(pause * 2);
                        if error.is_transient() {
                            self.inner.ring();
                        }
                        break;
                    }
                }
            }
            unfinished.completed();
        }
    }

    /// Embeds what a question's words bring up and what has no vector yet, as far as that goes within its own time: so the first question
    /// after a crawl finds by meaning, too. Nothing, where all is embedded or nothing can be stored.
    pub(super) async fn embed_for(&self, query: &Query, embedder: &dyn Embed) -> Result<(), Error> {
        let (query, model, inner) = (query.clone(), embedder.model().to_owned(), self.inner.clone());
        let lacking = {
            let model = model.clone();
            self.with_store(move |store| {
                let progress = store.progress(&model)?;
                if progress.embedded >= progress.chunks || !store.is_writable() {
                    return Ok(Vec::new());
                }
                Ok(readable(&inner.embedder, store.lacking(&query, &model, LOOKED_AT)?))
            })
            .await?
        };
        if lacking.is_empty() {
            return Ok(());
        }
        let (rows, passages): (Vec<i64>, Vec<String>) = lacking.into_iter().map(|pending| (pending.chunk, pending.passage)).unzip();
        let vectors = embedder.embed_now(&passages, WAITED).await;
        let embedded: Vec<Embedded> =
            rows.into_iter().zip(vectors).filter_map(|(chunk, vector)| Some(Embedded { chunk, vector: vector?.ok()? })).collect();
        if !embedded.is_empty() {
            self.with_store(move |store| store.put_vectors(&model, &embedded)).await?;
        }
        Ok(())
    }

    /// How much of what is stored has a vector of the current model.
    pub async fn embed_progress(&self) -> Result<EmbedProgress, Error> {
        let embedder = self.inner.embedder.clone();
        // Naming a model may mean reading its files.
        self.with_store(move |store| store.progress(embedder.as_deref().map(Embed::model).unwrap_or_default())).await
    }

    /// Has the store make what finds the nearest of many vectors, where it has such a thing. Without it all are compared.
    pub(super) async fn index_vectors(&self, model: String) {
        let asking = Asking::default();
        let is_over = asking.0.clone();
        let made = self.store_in(Lane::Heavy, move |store| store::until(is_over, || store.index_vectors(&model))).await;
        match made {
            Err(Error::Store(store::Error::Missing { .. })) => {}
            Err(error) => log::warn!("there is no index of vectors, so that a search compares all: {}", error.chain()),
            Ok(_) => {}
        }
    }

    /// As [`Engine::embed_progress`], not older than a second where others store, and as it is where this engine does: counting takes
    /// longer than a search, and every answer tells it.
    #[cfg_attr(not(feature = "schema"), expect(dead_code, reason = "the tools ask for it"))]
    pub(crate) async fn recent_progress(&self) -> Result<EmbedProgress, Error> {
        let now = self.inner.handle.now();
        let lately = *self.inner.lately();
        if let Some((_, progress)) = lately.filter(|(at, _)| now.saturating_duration_since(*at) < Duration::from_secs(1)) {
            return Ok(progress);
        }
        let progress = self.embed_progress().await?;
        *self.inner.lately() = Some((now, progress));
        Ok(progress)
    }

    /// How fast chunks are embedded at the moment, and so when the rest will be; none while none are.
    pub fn embedding_pace(&self, progress: &EmbedProgress) -> Option<Pace> {
        let (at, a_second) = (*self.inner.pace())?;
        let is_current = self.inner.handle.now().saturating_duration_since(at) < PACE_HOLDS;
        let missing = progress.chunks.saturating_sub(progress.embedded);
        let left = Duration::try_from_secs_f64(missing as f64 / a_second).ok().filter(|_| is_current && missing > 0)?;
        Some(Pace { a_second, left })
    }

    /// Texts that the model has refused or failed on, each time, since this engine was made. They are found by their words only, and are
    /// tried again by the next.
    pub fn set_aside(&self) -> usize {
        self.inner.refused().len()
    }
}

/// How fast chunks are embedded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Chunks in a second: of the last batches, each of which counts less than the next.
    pub a_second: f64,
    /// Until all have a vector, if it goes on so.
    pub left: Duration,
}

/// `35 chunks a second, about 2 min left`.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.a_second < 10.0);
        write!(f, "{:.decimals$} chunks a second, about ", self.a_second)?;
        match self.left.as_secs() {
            seconds @ 0..=99 => write!(f, "{} s left", seconds.max(1)),
            seconds @ 100..=5_999 => write!(f, "{} min left", seconds.div_ceil(60)),
            seconds => write!(f, "{:.1} h left", seconds as f64 / 3_600.0),
        }
    }
}

/// A run of the embedder over what is stored.
#[derive(Debug)]
pub struct Embedding {
    engine: Engine,
    /// Of one that does it with others: when it was made, by the handle and by the machine, as virtual time goes ahead.
    lease: Option<(Instant, Instant)>,
}

impl Embedding {
    /// Embeds one more batch and tells how far it is; none when nothing is left or there is no model.
    pub async fn next(&mut self) -> Option<Result<EmbedProgress, Error>> {
        let embedder = self.engine.inner.embedder.clone()?;
        match self.step(embedder).await {
            Ok(progress) => progress.map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    async fn step(&mut self, embedder: Arc<dyn Embed>) -> Result<Option<EmbedProgress>, Error> {
        let named = embedder.clone();
        let model = self.engine.inner.handle.unblock_on(Lane::Heavy, move || named.model().to_owned()).await;
        if self.cut_again().await? {
            return self.engine.store_in(Lane::Heavy, move |store| store.progress(&model)).await.map(Some);
        }
        let mut pending = self.pending(&model).await?;
        if pending.is_empty() && self.lease.is_some() {
            pending = self.pending_of_others(&model).await?;
        }
        if pending.is_empty() {
            self.engine.index_vectors(model).await;
            return Ok(None);
        }
        self.engine.tell_change(&model).await?;
        let (rows, passages): (Vec<i64>, Vec<String>) = pending.into_iter().map(|pending| (pending.chunk, pending.passage)).unzip();
        let began = self.engine.inner.handle.now();
        let embedded = self.together(&rows, embedder.embed_each(&passages).await?)?;
        self.note(began, rows.len());
        self.engine
            .store_in(Lane::Heavy, move |store| {
                store.put_vectors(&model, &embedded)?;
                store.progress(&model)
            })
            .await
            .map(Some)
    }

    fn note(&self, began: Instant, chunks: usize) {
        let now = self.engine.inner.handle.now();
        let took = now.saturating_duration_since(began).max(Duration::from_millis(1));
        let a_second = chunks as f64 / took.as_secs_f64();
        let mut pace = self.engine.inner.pace();
        let before = pace.filter(|(at, _)| now.saturating_duration_since(*at) < PACE_HOLDS);
        *pace = Some((now, before.map_or(a_second, |(_, before)| before + (a_second - before) / LATEST)));
    }

    /// Cuts some of the pages again that were cut for a model that reads more than this one, or for none: else what stands behind the
    /// end of what it reads would have no part in any vector. Whether there were any.
    async fn cut_again(&self) -> Result<bool, Error> {
        let inner = self.engine.inner.clone();
        let Some(most) = most_tokens(&inner.embedder) else { return Ok(false) };
        let work = move |store: &Store| {
            let pages = store.cut_for_more(most, CUT_AT_ONCE)?;
            for page in &pages {
                inner.cut_page_again(store, *page, most)?;
            }
            Ok(!pages.is_empty())
        };
        match self.engine.store_in(Lane::Heavy, work).await {
            Err(Error::Store(store::Error::Missing { .. })) => Ok(false),
            cut => cut,
        }
    }

    /// The next chunks without a vector, but for those that were refused.
    async fn pending(&self, model: &str) -> Result<Vec<Pending>, Error> {
        let (model, refused) = (model.to_owned(), self.engine.inner.refused().clone());
        let inner = self.engine.inner.clone();
        let clock = self.lease.map(|(now, real)| Clock::Store {
            ahead: self.engine.inner.handle.now().saturating_duration_since(now).saturating_sub(real.elapsed()),
        });
        let work = move |store: &Store| {
            let pending = match clock {
                Some(clock) => store.lease_pending(&model, EMBED_AT_ONCE, LEASE, clock)?,
                None => store.pending(&model, EMBED_AT_ONCE + refused.len())?,
            };
            Ok(readable(&inner.embedder, pending))
        };
        let found = self.engine.store_in(Lane::Heavy, work).await;
        let mut pending = match found {
            Err(Error::Store(store::Error::Missing { .. })) => Vec::new(),
            found => found?,
        };
        let refused = self.engine.inner.refused();
        pending.retain(|pending| !refused.contains(&pending.chunk));
        pending.truncate(EMBED_AT_ONCE);
        Ok(pending)
    }

    /// What others had in hand and did not embed, when they have died; nothing where they have, or nothing is to be waited for.
    async fn pending_of_others(&self, model: &str) -> Result<Vec<Pending>, Error> {
        let handle = &self.engine.inner.handle;
        let until = handle.now() + LEASE + LOOK_AGAIN;
        loop {
            let of = model.to_owned();
            let progress = self.engine.store_in(Lane::Heavy, move |store| store.progress(&of)).await?;
            let refused = self.engine.inner.refused().len() as u64;
            if progress.embedded + refused >= progress.chunks || handle.now() >= until {
                return Ok(Vec::new());
            }
            handle.sleep(LOOK_AGAIN).await;
            let pending = self.pending(model).await?;
            if !pending.is_empty() {
                return Ok(pending);
            }
        }
    }

    /// Chunks with their vectors, one each; those that can have none are set aside, as many as can be remembered.
    fn together(&self, rows: &[i64], vectors: Vec<Result<Vec<f32>, embed::Error>>) -> Result<Vec<Embedded>, Error> {
        if vectors.len() != rows.len() {
            return Err(embed::Error::WrongCount { expected: rows.len(), found: vectors.len() }.into());
        }
        let mut embedded = Vec::with_capacity(rows.len());
        for (&chunk, vector) in rows.iter().zip(vectors) {
            match vector {
                Ok(vector) => embedded.push(Embedded { chunk, vector }),
                Err(error) => {
                    let mut refused = self.engine.inner.refused();
                    if refused.len() >= SET_ASIDE {
                        return Err(error.into());
                    }
                    refused.insert(chunk);
                    drop(refused);
                    log::warn!("chunk {chunk} stays without a vector and is found by its words only: {}", chain(&error));
                }
            }
        }
        Ok(embedded)
    }
}

/// Passages as the model reads them: long code by its head and its names.
pub(super) fn readable(embedder: &Embedder, pending: Vec<Pending>) -> Vec<Pending> {
    measured(embedder, |measure| {
        let Some(measure) = measure else { return pending };
        let shortened = |passage: String| match chunk::condensed(&passage, measure) {
            Cow::Borrowed(_) => passage,
            Cow::Owned(short) => short,
        };
        pending.into_iter().map(|pending| Pending { passage: shortened(pending.passage), ..pending }).collect()
    })
}

impl Inner {
    fn cut_page_again(&self, store: &Store, page: PageId, most: u32) -> Result<(), crate::store::Error> {
        let document = match store.page_of(page) {
            Ok(Some(document)) => document,
            Ok(None) => return Ok(()),
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                log::warn!("a page stays as it was cut: {}", chain(&error));
                return store.leave_cut(page, most);
            }
        };
        let cutting = || cut(&document, &self.config.chunk, &self.embedder, &Budget::default().begin());
        // A defect that one page shows ends no more than the work on it.
        match catch_unwind(AssertUnwindSafe(cutting)) {
            Ok(Ok(chunks)) => store.recut(page, &document, &chunks, most).map(drop),
            Ok(Err(over)) => {
                log::warn!("{} stays as it was cut: {over}", masked(&document.url));
                store.leave_cut(page, most)
            }
            Err(_) => {
                log::error!("{} stays as it was cut: cutting it panicked, which is a defect of smolcrawl", masked(&document.url));
                store.leave_cut(page, most)
            }
        }
    }
}

/// A run of the embedder that was begun: it rings where it is dropped before its end.
struct Unfinished<'a>(&'a Inner);

impl Unfinished<'_> {
    fn completed(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.ring();
    }
}

/// How long a batch is in the hands of one of several.
const LEASE: Duration = Duration::from_secs(120);
/// How often it is looked whether others are done.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long it is true how fast chunks were embedded, where nothing newer is known.
const PACE_HOLDS: Duration = Duration::from_secs(60);
/// The last batch counts for one of so many.
const LATEST: f64 = 5.0;
/// Pages that are cut again in one step, after which it may end.
const CUT_AT_ONCE: usize = 8;
/// Chunks that stand first by the words of a question, which are embedded for it.
const LOOKED_AT: usize = 40;
/// For how long a question waits for that.
const WAITED: Duration = Duration::from_millis(300);
/// Passages fetched from the store at once: a few batches of the model.
const EMBED_AT_ONCE: usize = 64;
/// Chunks that are remembered as such that can have no vector. More of them are the service's fault, whatever it says.
const SET_ASIDE: usize = 1_000;
/// From a failure of the embedder to its next try, doubled with every failure in a row.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LAST_PAUSE: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_told_in_words() {
        let told = |a_second, seconds| Pace { a_second, left: Duration::from_secs(seconds) }.to_string();
        assert_eq!(told(35.4, 12), "35 chunks a second, about 12 s left");
        assert_eq!(told(3.46, 0), "3.5 chunks a second, about 1 s left");
        assert_eq!(told(3.0, 601), "3.0 chunks a second, about 11 min left");
        assert_eq!(told(3.0, 9_000), "3.0 chunks a second, about 2.5 h left");
    }

    #[test]
    fn the_pace_is_that_of_the_last_batches() {
        let engine = Engine::simulated();
        let progress = EmbedProgress { chunks: 300, embedded: 100 };
        assert_eq!(engine.embedding_pace(&progress), None);
        let now = engine.inner.handle.now();
        *engine.inner.pace() = Some((now, 20.0));
        assert_eq!(engine.embedding_pace(&progress), Some(Pace { a_second: 20.0, left: Duration::from_secs(10) }));
        assert_eq!(engine.embedding_pace(&EmbedProgress { chunks: 300, embedded: 300 }), None);
        *engine.inner.pace() = now.checked_sub(PACE_HOLDS).map(|at| (at, 20.0));
        assert_eq!(engine.embedding_pace(&progress), None, "it is long ago");
    }
}
