//! Remembers the vectors of recent questions, which agents repeat. Knows no model: it asks the one it wraps.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::time::Duration;

use super::{Embed, Error, Judged, Purpose};
use crate::reactor::Boxed;

/// A model that remembers questions. Passages pass through: the store keeps their vectors.
#[derive(Debug)]
pub struct Cached<E> {
    inner: E,
    /// Held for one look-up or one insertion, never across `.await`.
    recent: Mutex<Recent>,
}

impl<E: Embed> Cached<E> {
    /// Questions remembered by default: with 384 dimensions 1.5 MB.
    pub const CAPACITY: usize = 1_000;

    /// Remembers [`CAPACITY`](Self::CAPACITY) questions.
    pub fn new(inner: E) -> Self {
        Self::with_capacity(inner, Self::CAPACITY)
    }

    /// Remembers `capacity` questions, those asked last; 0 remembers none.
    pub fn with_capacity(inner: E, capacity: usize) -> Self {
        Self { inner, recent: Mutex::new(Recent::new(capacity)) }
    }

    /// The model that is asked for what is not remembered.
    pub fn inner(&self) -> &E {
        &self.inner
    }

    async fn questions(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Error> {
        let keys: Vec<Key> = texts.iter().map(|text| key(self.inner.model(), text)).collect();
        let mut vectors: Vec<Option<Vec<f32>>> = {
            let mut recent = self.recent();
            keys.iter().zip(texts).map(|(key, text)| recent.vector(*key, text)).collect()
        };
        let missing: Vec<usize> = (0..texts.len()).filter(|&at| vectors[at].is_none()).collect();
        if !missing.is_empty() {
            let asked: Vec<String> = missing.iter().map(|&at| texts[at].clone()).collect();
            let found = self.inner.embed(&asked, Purpose::Query).await?;
            if found.len() != asked.len() {
                return Err(Error::WrongCount { expected: asked.len(), found: found.len() });
            }
            let mut recent = self.recent();
            for (at, vector) in missing.into_iter().zip(found) {
                recent.insert(keys[at], &texts[at], vector.clone());
                vectors[at] = Some(vector);
            }
        }
        Ok(vectors.into_iter().flatten().collect())
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        // Whole at any moment a panic could come: entries are only ever added or removed as one.
        self.recent.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<E: Embed> Embed for Cached<E> {
    fn model(&self) -> &str {
        self.inner.model()
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Boxed<'a, Result<Vec<Vec<f32>>, Error>> {
        match purpose {
            Purpose::Query => Box::pin(self.questions(texts)),
            Purpose::Passage => self.inner.embed(texts, purpose),
        }
    }

    fn embed_each<'a>(&'a self, texts: &'a [String]) -> Boxed<'a, Result<Vec<Judged>, Error>> {
        self.inner.embed_each(texts)
    }

    fn embed_soon<'a>(&'a self, question: &'a str, limit: Duration) -> Boxed<'a, Result<Vec<f32>, Error>> {
        Box::pin(async move {
            let key = key(self.inner.model(), question);
            let known = self.recent().vector(key, question);
            if let Some(vector) = known {
                return Ok(vector);
            }
            let vector = self.inner.embed_soon(question, limit).await?;
            self.recent().insert(key, question, vector.clone());
            Ok(vector)
        })
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.inner.facts()
    }

    fn embed_now<'a>(&'a self, texts: &'a [String], limit: Duration) -> Boxed<'a, Vec<Option<Judged>>> {
        self.inner.embed_now(texts, limit)
    }

    fn familiarity(&self, question: &str) -> f32 {
        self.inner.familiarity(question)
    }

    fn batch_hint(&self) -> usize {
        self.inner.batch_hint()
    }

    fn most_tokens(&self) -> Option<usize> {
        self.inner.most_tokens()
    }

    fn tokens(&self, passage: &str) -> usize {
        self.inner.tokens(passage)
    }
}

/// Hash of model and text.
type Key = u64;

fn key(model: &str, text: &str) -> Key {
    let mut hasher = DefaultHasher::new();
    (model, text).hash(&mut hasher);
    hasher.finish()
}

/// The entries used last.
#[derive(Debug)]
struct Recent {
    capacity: usize,
    entries: HashMap<Key, Entry>,
    /// Counts uses: the clock that entries age by.
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    /// Compared with the question, so that two texts of one hash do not share a vector.
    text: String,
    vector: Vec<f32>,
    /// `Recent::uses` at its last use.
    used: u64,
}

impl Recent {
    fn new(capacity: usize) -> Self {
        Self { capacity, entries: HashMap::new(), uses: 0 }
    }

    fn vector(&mut self, key: Key, text: &str) -> Option<Vec<f32>> {
        self.uses += 1;
        let entry = self.entries.get_mut(&key).filter(|entry| entry.text == text)?;
        entry.used = self.uses;
        Some(entry.vector.clone())
    }

    fn insert(&mut self, key: Key, text: &str, vector: Vec<f32>) {
        if self.capacity == 0 {
            return;
        }
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&key) {
            // A scan of a thousand is nothing beside the run of a model that has just been.
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key);
            oldest.map(|oldest| self.entries.remove(&oldest));
        }
        self.uses += 1;
        self.entries.insert(key, Entry { text: text.to_owned(), vector, used: self.uses });
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::block_on;

    use super::*;

    #[test]
    fn a_question_is_embedded_once() {
        let model = Cached::new(Counting::default());
        let ask = |texts: &[&str]| block_on(model.embed(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), Purpose::Query));
        assert_eq!(ask(&["a", "bb"]).unwrap(), [[1.0], [2.0]]);
        assert_eq!(ask(&["bb", "ccc", "a"]).unwrap(), [[2.0], [3.0], [1.0]]);
        assert_eq!(*model.inner().asked.lock().unwrap(), ["a", "bb", "ccc"]);
    }

    #[test]
    fn passages_are_not_remembered() {
        let model = Cached::new(Counting::default());
        for _ in 0..2 {
            block_on(model.embed(&["a".to_owned()], Purpose::Passage)).unwrap();
        }
        assert_eq!(model.inner().asked.lock().unwrap().len(), 2);
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let mut recent = Recent::new(2);
        recent.insert(1, "a", vec![1.0]);
        recent.insert(2, "b", vec![2.0]);
        assert!(recent.vector(1, "a").is_some());
        recent.insert(3, "c", vec![3.0]);
        assert_eq!(recent.vector(2, "b"), None);
        assert_eq!(recent.vector(1, "a"), Some(vec![1.0]));
        assert_eq!(recent.vector(3, "c"), Some(vec![3.0]));
        let mut none = Recent::new(0);
        none.insert(1, "a", vec![1.0]);
        assert_eq!(none.vector(1, "a"), None);
    }

    #[test]
    fn texts_of_one_hash_do_not_share_a_vector() {
        let mut recent = Recent::new(2);
        recent.insert(1, "a", vec![1.0]);
        assert_eq!(recent.vector(1, "b"), None);
    }

    /// A text's vector is its length.
    #[derive(Debug, Default)]
    struct Counting {
        asked: Mutex<Vec<String>>,
    }

    impl Embed for Counting {
        fn model(&self) -> &str {
            "counting"
        }

        fn embed<'a>(&'a self, texts: &'a [String], _purpose: Purpose) -> Boxed<'a, Result<Vec<Vec<f32>>, Error>> {
            self.asked.lock().unwrap().extend_from_slice(texts);
            Box::pin(async { Ok(texts.iter().map(|text| vec![text.len() as f32]).collect()) })
        }
    }
}
