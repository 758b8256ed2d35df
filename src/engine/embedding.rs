//! Vectors behind what is stored: batch by batch, until nothing is left without one. Knows of pages only what the store has pending.

use std::sync::Arc;
use std::time::Duration;

use super::{Engine, Inner};
use crate::embed::{self, Embed};
use crate::error::{Error, chain};
use crate::model::{EmbedProgress, Embedded, Pending};
use crate::reactor::Lane;

/// The embeddings.
impl Engine {
    /// Embeds what is stored without a vector, until nothing is. Safe to drop: what was embedded stays.
    pub fn embed_pending(&self) -> Embedding {
        Embedding { engine: self.clone() }
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

    /// How much of what is stored has a vector of the current model.
    pub async fn embed_progress(&self) -> Result<EmbedProgress, Error> {
        let embedder = self.inner.embedder.clone();
        // Naming a model may mean reading its files.
        self.with_store(move |store| store.progress(embedder.as_deref().map(Embed::model).unwrap_or_default())).await
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

    /// Texts that the model has refused or failed on, each time, since this engine was made. They are found by their words only, and are
    /// tried again by the next.
    pub fn set_aside(&self) -> usize {
        self.inner.refused().len()
    }
}

/// A run of the embedder over what is stored.
#[derive(Debug)]
pub struct Embedding {
    engine: Engine,
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
        let pending = self.pending(&model).await?;
        if pending.is_empty() {
            return Ok(None);
        }
        self.engine.tell_change(&model).await?;
        let (rows, passages): (Vec<i64>, Vec<String>) = pending.into_iter().map(|pending| (pending.chunk, pending.passage)).unzip();
        let embedded = self.together(&rows, embedder.embed_each(&passages).await?)?;
        self.engine
            .store_in(Lane::Heavy, move |store| {
                store.put_vectors(&model, &embedded)?;
                store.progress(&model)
            })
            .await
            .map(Some)
    }

    /// The next chunks without a vector, but for those that were refused.
    async fn pending(&self, model: &str) -> Result<Vec<Pending>, Error> {
        let (model, refused) = (model.to_owned(), self.engine.inner.refused().clone());
        let found = self.engine.store_in(Lane::Heavy, move |store| store.pending(&model, EMBED_AT_ONCE + refused.len())).await;
        let mut pending = match found {
            Err(Error::Store(crate::store::Error::Missing { .. })) => Vec::new(),
            found => found?,
        };
        let refused = self.engine.inner.refused();
        pending.retain(|pending| !refused.contains(&pending.chunk));
        pending.truncate(EMBED_AT_ONCE);
        Ok(pending)
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

/// Passages fetched from the store at once: a few batches of the model.
const EMBED_AT_ONCE: usize = 64;
/// Chunks that are remembered as such that can have no vector. More of them are the service's fault, whatever it says.
const SET_ASIDE: usize = 1_000;
/// From a failure of the embedder to its next try, doubled with every failure in a row.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LAST_PAUSE: Duration = Duration::from_secs(600);
