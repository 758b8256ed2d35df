//! What a search asks, of the server: see [`View`].

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::date::seconds;
use super::nearest::nearest;
use super::pages::{CHUNK_COLUMNS, chunk};
use super::sources::find_source;
use super::transaction::Transaction;
use super::wire::{Row, Value};
use super::words::Rows;
use super::{Postgres, lock, meaning, pages};
use crate::model::{Hit, Mode, Pending, Query, SourceId, Wanted};
use crate::store::among::Among;
use crate::store::error::{Error, Failure};
use crate::store::fuse::Candidate;
use crate::store::keep::Questions;
use crate::store::narrow::{Narrow, Narrowed};
use crate::store::rank::of_page;
use crate::store::search;
use crate::store::view::{Stored, View};
use crate::store::words::{self, Asked, Filter};
use crate::store::written::{beyond, metadata, parse_source, parse_url, time};

impl Questions for Postgres {
    fn search(&self, query: &Query, vector: Option<&[f32]>, model: &str) -> Result<Vec<Hit>, Error> {
        self.with_words(|| {
            self.read(|transaction| search::search(&Look::at(self, transaction, vector.map(|vector| (model, vector))), &self.config, query))
        })
    }

    fn lacking(&self, query: &Query, model: &str, limit: usize) -> Result<Vec<Pending>, Error> {
        self.with_words(|| self.read(|transaction| search::lacking(&Look::at(self, transaction, None), query, model, limit)))
    }

    fn similar_words(&self, word: &str, wanted: Wanted) -> Result<Vec<String>, Error> {
        self.with_words(|| self.read(|transaction| words::similar(&Rows::known(transaction, &self.blocks), word, wanted)))
    }

    fn corrected(&self, question: &str, wanted: Wanted) -> Result<Option<String>, Error> {
        self.with_words(|| self.read(|transaction| words::corrected(&Rows::known(transaction, &self.blocks), question, wanted)))
    }
}

impl Postgres {
    /// A question to the index of words. A damaged one is made anew where that can be: nothing is in it that the texts do not say.
    fn with_words<T>(&self, ask: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        match ask() {
            Err(damaged) if damaged.is_of_words() => {
                log::warn!("the index of words in {} is damaged, and is made anew", self.address);
                self.write(pages::index_words).map_err(|error| damaged.unless_it_may_pass(error))?;
                ask()
            }
            answer => answer,
        }
    }
}

/// The database, within one transaction.
struct Look<'t, 'c> {
    store: &'t Postgres,
    transaction: &'t Transaction<'c>,
    /// The model and its vector of the question; none where it was asked without.
    meaning: Option<(&'t str, &'t [f32])>,
    /// What has been read ahead.
    stored: RefCell<HashMap<i64, Stored>>,
    pages: RefCell<HashMap<i64, (SourceId, SystemTime, String)>>,
    names: RefCell<HashMap<i64, SourceId>>,
}

impl<'t, 'c> Look<'t, 'c> {
    fn at(store: &'t Postgres, transaction: &'t Transaction<'c>, meaning: Option<(&'t str, &'t [f32])>) -> Self {
        Self { store, transaction, meaning, stored: RefCell::default(), pages: RefCell::default(), names: RefCell::default() }
    }

    /// The chunks that a search is narrowed to.
    fn narrowed(&self, narrow: &Narrow) -> Result<Among, Failure> {
        let Narrow { wanted, sources, url_prefix, languages, kinds, since } = narrow;
        let prefix = url_prefix.as_deref().unwrap_or_default();
        let behind = beyond(prefix);
        let addresses = [prefix.into(), Value::Text(Some(&behind))];
        let there = "SELECT 1 FROM pages WHERE url >= $1 AND url < $2 LIMIT 1";
        if url_prefix.is_some() && self.transaction.row(there, &addresses)?.is_none() {
            return Err(Error::UnknownPrefix { prefix: prefix.to_owned() }.into());
        }
        let fitting = if kinds.is_empty() && since.is_none() { None } else { Some(self.fitting(narrow, prefix)?) };
        let languages: Vec<Option<&str>> = languages.iter().map(|language| Some(language.as_str())).collect();
        let sql = "SELECT c.id, c.page FROM pages AS p JOIN chunks AS c ON c.page = p.id WHERE p.url >= $1 AND p.url < $2 AND c.kind = $3
                   AND (cardinality($4::text[]) = 0 OR c.language = ANY ($4)) AND (cardinality($5::bigint[]) = 0 OR p.source = ANY ($5))";
        let [from, to] = addresses;
        let kind = i64::from(*wanted == Wanted::Code).into();
        let mut found = Vec::new();
        for row in self.transaction.rows(sql, &[from, to, kind, Value::Texts(&languages), Value::Numbers(sources)])? {
            let page = row.number(1)?;
            if fitting.as_ref().is_none_or(|fitting| fitting.contains(&page)) {
                found.push(row.number(0)?);
            }
        }
        Ok(Among::of(found))
    }

    /// The pages at these addresses that are of the kinds and as new as is asked for.
    fn fitting(&self, narrow: &Narrow, prefix: &str) -> Result<HashSet<i64>, Failure> {
        let since = match &narrow.since {
            None => None,
            Some(text) => Some(seconds(text.trim()).ok_or_else(|| Error::NoDate { text: text.clone() })?),
        };
        let sql = "SELECT p.id, p.url, p.title, p.last_modified, CASE WHEN $3 THEN p.metadata END FROM pages AS p WHERE p.url >= $1 AND p.url < $2";
        let behind = beyond(prefix);
        let mut found = HashSet::new();
        for row in self.transaction.rows(sql, &[prefix.into(), Value::Text(Some(&behind)), Value::Truth(since.is_some())])? {
            let is_of_kind = narrow.kinds.is_empty() || narrow.kinds.contains(&of_page(&parse_url(row.text(1)?)?, row.text(2)?));
            let is_new = || -> Result<bool, Failure> {
                let Some(since) = since else { return Ok(true) };
                let says = metadata(row.text_or_null(4)?)?;
                let said = says.modified.or(says.published).and_then(|said| seconds(&said));
                let last_modified = row.text_or_null(3)?;
                Ok(said.or_else(|| served(last_modified?)).is_some_and(|date| date >= since))
            };
            if is_of_kind && is_new()? {
                found.insert(row.number(0)?);
            }
        }
        Ok(found)
    }
}

impl View for Look<'_, '_> {
    fn find_source(&self, source: &SourceId) -> Result<Option<i64>, Failure> {
        find_source(self.transaction, source)
    }

    fn name_of(&self, source: i64) -> Result<SourceId, Failure> {
        if let Some(known) = self.names.borrow().get(&source) {
            return Ok(known.clone());
        }
        let name = parse_source(self.transaction.one("SELECT name FROM sources WHERE id = $1", &[source.into()])?.text(0)?)?;
        self.names.borrow_mut().insert(source, name.clone());
        Ok(name)
    }

    fn among(&self, query: &Query, sources: &[i64]) -> Result<Option<Arc<Among>>, Failure> {
        let Some(narrow) = Narrow::of(query, sources) else { return Ok(None) };
        let state = self.transaction.one("SELECT number FROM changes", &[])?.number(0)?;
        if let Some(known) = lock(&self.store.narrowed).iter().find_map(|last| last.chunks(&narrow, state)) {
            return Ok(Some(known));
        }
        let chunks = Arc::new(self.narrowed(&narrow)?);
        let mut last = lock(&self.store.narrowed);
        last.truncate(REMEMBERED - 1);
        last.insert(0, Narrowed::new(narrow, state, Arc::clone(&chunks)));
        Ok(Some(chunks))
    }

    fn by_words(&self, asked: &Asked, filter: Filter<'_>) -> Result<Vec<Candidate>, Failure> {
        words::search(&Rows::known(self.transaction, &self.store.blocks), asked, filter)
    }

    fn by_meaning(&self, mode: Mode, filter: Filter<'_>) -> Result<Vec<Candidate>, Failure> {
        match self.meaning {
            Some(meaning) => nearest(self.transaction, meaning, mode, filter, &self.store.means, self.store.config.indexed_from),
            None => Err(Error::NeedsVector { mode }.into()),
        }
    }

    fn vectors(&self, chunks: &[i64]) -> Result<Vec<Option<Vec<f32>>>, Failure> {
        match self.meaning {
            Some((model, _)) => meaning::vectors_of(self.transaction, model, chunks),
            None => Ok(vec![None; chunks.len()]),
        }
    }

    fn stored(&self, id: i64) -> Result<Option<Stored>, Failure> {
        if let Some(ahead) = self.stored.borrow_mut().remove(&id) {
            return Ok(Some(ahead));
        }
        Ok(self.transaction.row(STORED, &[Value::Numbers(&[id])])?.as_ref().map(stored).transpose()?.map(|(_, stored)| stored))
    }

    fn look_ahead(&self, chunks: &[i64]) -> Result<(), Failure> {
        let mut ahead = self.stored.borrow_mut();
        for row in self.transaction.rows(STORED, &[Value::Numbers(chunks)])? {
            let (id, stored) = stored(&row)?;
            let source = parse_source(row.text(SOURCE)?)?;
            let provenance = (source.clone(), time(row.number(SOURCE + 1)?), row.text(SOURCE + 2)?.to_owned());
            self.names.borrow_mut().insert(stored.source, source);
            self.pages.borrow_mut().insert(stored.page, provenance);
            ahead.insert(id, stored);
        }
        Ok(())
    }

    fn provenance(&self, page: i64) -> Result<(SourceId, SystemTime, String), Failure> {
        if let Some(known) = self.pages.borrow().get(&page) {
            return Ok(known.clone());
        }
        let sql = "SELECT s.name, p.fetched_at, p.hash FROM pages AS p JOIN sources AS s ON s.id = p.source WHERE p.id = $1";
        let row = self.transaction.one(sql, &[page.into()])?;
        Ok((parse_source(row.text(0)?)?, time(row.number(1)?), row.text(2)?.to_owned()))
    }

    fn pending_of(&self, model: &str, chunks: &[i64]) -> Result<Vec<Pending>, Failure> {
        meaning::pending_of(self.transaction, model, chunks)
    }
}

fn stored(row: &Row) -> Result<(i64, Stored), Failure> {
    let (url, title) = (parse_url(row.text(SOURCE - 2)?)?, row.text(SOURCE - 1)?.to_owned());
    let chunk = chunk(row, 3)?;
    Ok((row.number(0)?, Stored { url, title, source: row.number(1)?, page: row.number(2)?, chunk }))
}

/// What a server said, in seconds since 1970.
fn served(last_modified: &str) -> Option<i64> {
    httpdate::parse_http_date(last_modified).ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs().try_into().ok()
}

/// Searches of which it is remembered what they were narrowed to.
const REMEMBERED: usize = 4;
/// Chunks by their numbers, with what `stored` and `look_ahead` read.
const STORED: &str = concat!(
    "SELECT c.id, c.source, c.page, c.kind, c.ordinal, c.heading_path, c.language, c.context, c.text, c.anchor, p.url, p.title, s.name, ",
    "p.fetched_at, p.hash FROM chunks AS c JOIN pages AS p ON p.id = c.page JOIN sources AS s ON s.id = p.source WHERE c.id = ANY ($1)"
);
/// The column of the source's name: behind what `CHUNK_COLUMNS` has from the fourth column on, the address and the title.
const SOURCE: usize = 12;
const _: () = assert!(CHUNK_COLUMNS.len() == "c.kind, c.ordinal, c.heading_path, c.language, c.context, c.text, c.anchor".len());
