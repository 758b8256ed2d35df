//! Which model answers while the model has changed: the old vectors, until the new model has made as many. And what there is to tell of it.

use std::sync::atomic::Ordering;

use super::{Embedder, Engine};
use crate::config::Config;
#[cfg(any(feature = "models", all(feature = "bundled-model", feature = "surf")))]
use crate::config::Embeddings;
use crate::embed::Embed;
use crate::error::Error;
use crate::model::Mode;
use crate::reactor::{Handle, Lane};
use crate::store::ModelSummary;

impl Engine {
    /// The models that what is stored has vectors of, those with the most first.
    pub async fn models(&self) -> Result<Vec<ModelSummary>, Error> {
        self.with_store(|store| store.models()).await
    }

    /// What the model is made of, as names and values: see [`Embed::facts`].
    pub fn model_facts(&self) -> Vec<(&'static str, String)> {
        self.inner.embedder.as_deref().map(Embed::facts).unwrap_or_default()
    }

    /// Loads a model of the user's own and embeds a word with it: the length of its vectors. None for any other model, of which nothing
    /// is asked.
    ///
    /// # Errors
    /// Why that model cannot be used.
    pub async fn try_model(&self) -> Result<Option<usize>, Error> {
        #[cfg(feature = "models")]
        if let (Some(model), Embeddings::Folder(_)) = (&self.inner.embedder, &self.inner.config.embeddings) {
            let vectors = model.embed(&["word".to_owned()], crate::embed::Purpose::Passage).await?;
            return Ok(Some(crate::embed::only(vectors)?.len()));
        }
        Ok(None)
    }

    /// The model whose vectors answer questions in place of the engine's own, which has fewer of them yet: the model has changed.
    pub async fn former_model(&self) -> Option<String> {
        self.answering(Mode::Dense).await.former_model
    }

    /// The model that a question is asked of: the former one, while the engine's own has fewer vectors. A model that cannot be used is not
    /// replaced: that it cannot is for the question to tell.
    pub(super) async fn answering(&self, mode: Mode) -> Answering {
        let Some(own) = self.inner.embedder.clone().filter(|_| mode != Mode::Lexical) else {
            return Answering { embedder: self.inner.embedder.clone(), model: String::new(), former_model: None };
        };
        let named = own.clone();
        // Naming a model may mean reading its files.
        let model = self.inner.handle.unblock_on(Lane::Interactive, move || named.model().to_owned()).await;
        if let Some(former) = self.inner.former.clone() {
            // What is wrong with the database the search itself will tell.
            let models = self.models().await.unwrap_or_default();
            let vectors = |name: &str| models.iter().find(|model| model.name == name).map_or(0, |model| model.vectors);
            let name = former.model().to_owned();
            // One that has not made a single vector may be unable to: then it would be waited for in vain, and nobody told why.
            if vectors(&name) > vectors(&model) && (vectors(&model) > 0 || self.try_model().await.is_ok()) {
                return Answering { embedder: Some(former), model: name.clone(), former_model: Some(name) };
            }
        }
        Answering { embedder: Some(own), model, former_model: None }
    }

    /// Says once that the model has changed, where another has more vectors than this one.
    pub(super) async fn tell_change(&self, model: &str) -> Result<(), Error> {
        if self.inner.is_change_told.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let models = self.models().await?;
        let vectors = models.iter().find(|known| known.name == model).map_or(0, |known| known.vectors);
        if let Some(former) = models.first().filter(|most| most.name != model && most.vectors > vectors) {
            let answers = match &self.inner.former {
                Some(known) if known.model() == former.name => "its vectors answer until there are as many of the new one",
                _ => "until then questions are answered by words and by what has been embedded anew",
            };
            log::warn!("the model has changed from {} to {model}: what is stored is embedded again, and {answers}", former.name);
        }
        Ok(())
    }
}

/// Who answers a question.
pub(super) struct Answering {
    pub embedder: Embedder,
    /// Names the space of its vectors; nothing where none are asked for.
    pub model: String,
    /// The same name, if it is not the engine's own.
    pub former_model: Option<String>,
}

/// The model that an index made before may have its vectors of, if it can be run beside another: the bundled one.
#[cfg(all(feature = "bundled-model", any(feature = "models", feature = "surf")))]
pub(super) fn former(config: &Config, handle: &Handle) -> Embedder {
    use crate::embed::{Cached, MiniLm, MiniLmConfig};
    match config.embeddings {
        Embeddings::None | Embeddings::MiniLm => None,
        _ => Some(std::sync::Arc::new(Cached::new(MiniLm::new(handle.clone(), MiniLmConfig::default())))),
    }
}

/// There is one model at the most.
#[cfg(not(all(feature = "bundled-model", any(feature = "models", feature = "surf"))))]
pub(super) fn former(_: &Config, _: &Handle) -> Embedder {
    None
}
