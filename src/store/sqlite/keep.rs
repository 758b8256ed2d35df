//! What the engine does, one transaction each: which function of which file.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use url::Url;

use super::vector::ModelRow;
use super::view::Look;
use super::words::Rows;
use super::{Sqlite, check, hosts, lock, pages, passages, sources, vector};
use crate::model::{
    Chunk, Document, Earlier, EmbedProgress, Embedded, Filled, Hit, Meant, Metadata, NotMeant, Pending, Query, Recipe, SourceId,
    SourceState, SourceSummary, Trail, Validators, Wanted,
};
use crate::store::keep::{Check, Given, Keep, Meaning, Origins, Pages, Questions, Sources};
use crate::store::{Error, ModelSummary, PageId, PageSummary, Put, Start, address, search, words};

impl Pages for Sqlite {
    fn put_given(&self, pages: &[Given<'_>], tokens: Option<u32>) -> Result<Vec<Put>, Error> {
        let pages = pages.iter().map(|page| (page.source, page.document, page.chunks));
        let put = self.write(|transaction| pages::put_all(transaction, pages, tokens))?;
        Ok(self.told(put))
    }

    fn cut_for_more(&self, tokens: u32, limit: usize) -> Result<Vec<PageId>, Error> {
        self.read(|transaction| pages::cut_for_more(transaction, tokens, limit))
    }

    fn recut(&self, page: PageId, document: &Document, chunks: &[Chunk], tokens: u32) -> Result<bool, Error> {
        let recut = self.write(|transaction| pages::recut(transaction, page, document, chunks, tokens))?;
        recut.inspect(|vectors| self.look_again(*vectors));
        Ok(recut.is_some())
    }

    fn leave_cut(&self, page: PageId, tokens: u32) -> Result<(), Error> {
        self.write(|transaction| pages::leave_cut(transaction, page, tokens))
    }

    fn touch(&self, source: &SourceId, url: &Url, fetched_at: SystemTime) -> Result<(), Error> {
        self.write(|transaction| pages::touch(transaction, source, &address(url), fetched_at))
    }

    fn remove_page(&self, source: Option<&SourceId>, url: &Url) -> Result<bool, Error> {
        self.write(|transaction| pages::remove(transaction, source, &address(url)))
    }

    fn remove_pages(&self, source: &SourceId, prefix: &str) -> Result<u64, Error> {
        self.write(|transaction| pages::remove_source(transaction, source, Some(prefix)))
    }

    fn page_in(&self, source: Option<&SourceId>, url: &Url) -> Result<Option<(SourceId, Document)>, Error> {
        self.read(|transaction| pages::page(transaction, source, &address(url)))
    }

    fn filled(&self, source: Option<&SourceId>, url: &Url) -> Result<Option<Filled>, Error> {
        self.read(|transaction| pages::filled_in(transaction, source, &address(url)))
    }

    fn sources_of_page(&self, url: &Url) -> Result<Vec<SourceId>, Error> {
        self.read(|transaction| pages::sources_of(transaction, &address(url)))
    }

    fn page_of(&self, page: PageId) -> Result<Option<Document>, Error> {
        self.read(|transaction| pages::page_of(transaction, page))
    }

    fn documents_after(&self, source: &SourceId, after: &str, limit: usize) -> Result<Vec<Document>, Error> {
        self.read(|transaction| pages::documents_after(transaction, source, after, limit))
    }

    fn page_saying_the_same(&self, source: &SourceId, document: &Document) -> Result<Option<Url>, Error> {
        self.read(|transaction| sources::page_saying_the_same(transaction, source, document))
    }

    fn first_pages(&self, source: &SourceId, prefix: &str, limit: usize) -> Result<Vec<PageSummary>, Error> {
        self.read(|transaction| pages::list(transaction, source, prefix, limit))
    }

    fn pages_after(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<PageSummary>, Error> {
        self.read(|transaction| pages::after(transaction, prefix, after, limit))
    }

    fn count_pages(&self, prefix: &str) -> Result<u64, Error> {
        self.read(|transaction| pages::count_of(transaction, prefix))
    }

    fn validators_before(&self, source: &SourceId, before: Option<SystemTime>) -> Result<Vec<(Url, Validators, Filled)>, Error> {
        self.read(|transaction| pages::validators(transaction, source, before))
    }

    fn miss(&self, source: &SourceId, url: &Url) -> Result<u64, Error> {
        self.write(|transaction| pages::miss(transaction, source, &address(url)))
    }
}

impl Sources for Sqlite {
    fn sources(&self) -> Result<Vec<SourceSummary>, Error> {
        self.read(|transaction| sources::sources(transaction))
    }

    fn sources_after(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<SourceId>, Error> {
        self.read(|transaction| sources::sources_after(transaction, prefix, after, limit))
    }

    fn languages(&self, source: Option<&SourceId>) -> Result<Vec<(String, u64)>, Error> {
        self.read(|transaction| sources::languages(transaction, source))
    }

    fn meant(&self, text: &str) -> Result<Result<Meant, NotMeant>, Error> {
        self.read(|transaction| sources::find(transaction, text))
    }

    fn begin(&self, source: &SourceId, recipe: &Recipe, start: Start, now: SystemTime) -> Result<(), Error> {
        self.write(|transaction| {
            if start == Start::Afresh {
                sources::forget_trail(transaction, source)?;
            }
            sources::begin(transaction, source, recipe, now)
        })
    }

    fn is_made(&self, source: &SourceId) -> Result<bool, Error> {
        self.read(|transaction| sources::is_made(transaction, source))
    }

    fn learn(&self, source: &SourceId, scripted: &[String]) -> Result<(), Error> {
        self.write(|transaction| sources::learn(transaction, source, scripted))
    }

    fn record(&self, source: &SourceId, trail: &Trail) -> Result<(), Error> {
        self.write(|transaction| sources::record(transaction, source, trail))
    }

    fn has_trail(&self, source: &SourceId) -> Result<bool, Error> {
        self.read(|transaction| sources::has_trail(transaction, source))
    }

    fn trail(&self, source: &SourceId) -> Result<Earlier, Error> {
        self.read(|transaction| sources::trail(transaction, source))
    }

    fn ended(&self, source: &SourceId, state: SourceState, left: u64, now: SystemTime) -> Result<(), Error> {
        self.write(|transaction| sources::end(transaction, source, state, left, now))?;
        // SQLite goes on with a file that has no name any more, and all of it would be gone with the process.
        self.is_in_place()
    }

    fn translations(&self, source: &SourceId) -> Result<Vec<(Url, Metadata)>, Error> {
        self.read(|transaction| sources::translations(transaction, source))
    }

    fn misses(&self, source: &SourceId) -> Result<Vec<(Box<str>, SystemTime)>, Error> {
        self.read(|transaction| sources::misses(transaction, source))
    }

    fn note_misses(&self, source: &SourceId, urls: &[Box<str>], now: SystemTime) -> Result<(), Error> {
        self.write(|transaction| sources::note_misses(transaction, source, urls, now))
    }

    fn says_version(&self, source: &SourceId, version: &str) -> Result<(), Error> {
        self.write(|transaction| sources::says_version(transaction, source, version))
    }

    fn remove_source(&self, source: &SourceId) -> Result<u64, Error> {
        self.write(|transaction| pages::remove_source(transaction, source, None))
    }
}

impl Origins for Sqlite {
    fn take_turn(&self, origin: &str, delay: Option<Duration>, now: SystemTime) -> Result<Option<Duration>, Error> {
        // Of most origins there is nothing to write.
        if delay.is_none() && self.read(|transaction| hosts::is_unknown(transaction, origin))? {
            return Ok(None);
        }
        self.write(|transaction| hosts::take_turn(transaction, origin, delay, now))
    }

    fn note_overload(&self, origin: &str, asked: Option<Duration>, now: SystemTime) -> Result<SystemTime, Error> {
        self.write(|transaction| hosts::note_overload(transaction, origin, asked, now))
    }

    fn note_answer(&self, origin: &str, now: SystemTime) -> Result<(), Error> {
        self.write(|transaction| hosts::note_answer(transaction, origin, now))
    }

    fn resting(&self, now: SystemTime) -> Result<Vec<(Box<str>, SystemTime)>, Error> {
        self.read(|transaction| hosts::resting(transaction, now))
    }
}

impl Meaning for Sqlite {
    fn pending(&self, model: &str, limit: usize) -> Result<Vec<Pending>, Error> {
        let known = lock(&self.embedded).get(model).cloned().unwrap_or_default();
        let (pending, known) = self.read(|transaction| {
            let mut known = known.clone();
            let pending = passages::pending(transaction, model, &mut known, &HashSet::new(), limit)?;
            Ok((pending.into_iter().map(|(_, pending)| pending).collect(), known))
        })?;
        lock(&self.embedded).insert(model.to_owned(), known);
        Ok(pending)
    }

    fn pending_of(&self, model: &str, chunks: &[i64]) -> Result<Vec<Pending>, Error> {
        self.read(|transaction| passages::pending_of(transaction, model, chunks))
    }

    fn put_vectors(&self, model: &str, vectors: &[Embedded]) -> Result<(), Error> {
        let kept = self.write(|transaction| passages::put_vectors(transaction, model, vectors))?;
        self.look_again(kept);
        Ok(())
    }

    fn models(&self) -> Result<Vec<ModelSummary>, Error> {
        self.read(|transaction| vector::models(transaction))
    }

    fn progress(&self, model: &str) -> Result<EmbedProgress, Error> {
        self.read(|transaction| passages::progress(transaction, model))
    }

    fn dimensions(&self, model: &str) -> Result<Option<u32>, Error> {
        self.read(|transaction| Ok(ModelRow::find(transaction, model)?.map(|model| model.dimensions as u32)))
    }

    /// All are compared by their sketches, which are written with them.
    fn index_vectors(&self, _model: &str) -> Result<bool, Error> {
        Ok(false)
    }
}

impl Questions for Sqlite {
    fn search(&self, query: &Query, vector: Option<&[f32]>, model: &str) -> Result<Vec<Hit>, Error> {
        self.with_words(|| {
            self.read(|transaction| {
                let matrix = Arc::clone(lock(&self.matrices).entry(model.to_owned()).or_default());
                let meaning = vector.map(|vector| (model, vector, &*matrix));
                search::search(&Look { connection: transaction, narrowed: &self.narrowed, meaning }, &self.config, query)
            })
        })
        .inspect(|_| self.renew_sketches(model))
    }

    fn lacking(&self, query: &Query, model: &str, limit: usize) -> Result<Vec<Pending>, Error> {
        self.with_words(|| {
            self.read(|transaction| {
                search::lacking(&Look { connection: transaction, narrowed: &self.narrowed, meaning: None }, query, model, limit)
            })
        })
    }

    fn similar_words(&self, word: &str, wanted: Wanted) -> Result<Vec<String>, Error> {
        self.with_words(|| self.read(|transaction| words::similar(&Rows::of(transaction)?, word, wanted)))
    }

    fn corrected(&self, question: &str, wanted: Wanted) -> Result<Option<String>, Error> {
        self.with_words(|| self.read(|transaction| words::corrected(&Rows::of(transaction)?, question, wanted)))
    }
}

impl Keep for Sqlite {
    fn is_writable(&self) -> bool {
        self.writer.is_some()
    }

    fn check(&self) -> Result<Check, Error> {
        self.read(|transaction| check::check(transaction))
    }

    fn unused_bytes(&self) -> Result<u64, Error> {
        self.read(|transaction| {
            let number = |pragma| transaction.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
            Ok((number("freelist_count")? * number("page_size")?).unsigned_abs())
        })
    }
}
