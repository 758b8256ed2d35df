//! What a search asks, of one file: see [`View`].

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};

use super::pages::{CHUNK_COLUMNS, HEAD_COLUMNS, chunk, head, provenance};
use super::passages;
use super::sources::{find_source, name_of};
use super::texts::CHUNK_TABLES;
use super::vector::{Matrix, ModelRow, Nearest, Newest, vectors_of};
use super::words::Rows;
use crate::model::{Mode, Pending, Query, SourceId, Wanted};
use crate::store::among::Among;
use crate::store::error::{Error, Failure};
use crate::store::fuse::Candidate;
use crate::store::narrow::{Narrow, Narrowed};
use crate::store::near::apart;
use crate::store::rank::of_page;
use crate::store::view::{Stored, View};
use crate::store::words::{self, Asked, Filter};
use crate::store::written::{beyond, metadata};

/// The query's vector, the model that made it, and that model's vectors in memory.
pub(super) type Meaning<'a> = (&'a str, &'a [f32], &'a RwLock<Matrix>);

/// The file, within one transaction, and what is kept of it in memory.
pub(super) struct Look<'a> {
    pub connection: &'a Connection,
    pub narrowed: &'a Mutex<Option<Narrowed>>,
    /// None: the question was asked without a vector.
    pub meaning: Option<Meaning<'a>>,
}

impl View for Look<'_> {
    fn find_source(&self, source: &SourceId) -> Result<Option<i64>, Failure> {
        find_source(self.connection, source)
    }

    fn name_of(&self, source: i64) -> Result<SourceId, Failure> {
        name_of(self.connection, source)
    }

    fn among(&self, query: &Query, sources: &[i64]) -> Result<Option<Arc<Among>>, Failure> {
        among(self.connection, query, sources, self.narrowed)
    }

    fn by_words(&self, asked: &Asked, filter: Filter<'_>) -> Result<Vec<Candidate>, Failure> {
        words::search(&Rows::of(self.connection)?, asked, filter)
    }

    fn by_meaning(&self, mode: Mode, filter: Filter<'_>) -> Result<Vec<Candidate>, Failure> {
        match self.meaning {
            Some(meaning) => nearest(self.connection, meaning, mode, filter),
            None => Err(Error::NeedsVector { mode }.into()),
        }
    }

    fn vectors(&self, chunks: &[i64]) -> Result<Vec<Option<Vec<f32>>>, Failure> {
        let model = self.meaning.map_or(Ok(None), |(model, ..)| ModelRow::find(self.connection, model))?;
        match model {
            Some(model) => vectors_of(self.connection, model, chunks),
            None => Ok(vec![None; chunks.len()]),
        }
    }

    fn stored(&self, id: i64) -> Result<Option<Stored>, Failure> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {HEAD_COLUMNS}, {CHUNK_COLUMNS} FROM {CHUNK_TABLES} JOIN pages AS p ON p.id = c.page WHERE c.id = ?1"
        ))?;
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (url, title) = head(row)?;
        Ok(Some(Stored { url, title, source: row.get(1)?, page: row.get(10)?, chunk: chunk(self.connection, row, 4)? }))
    }

    fn provenance(&self, page: i64) -> Result<(SourceId, SystemTime, String), Failure> {
        provenance(self.connection, page)
    }

    fn pending_of(&self, model: &str, chunks: &[i64]) -> Result<Vec<Pending>, Failure> {
        passages::pending_of(self.connection, model, chunks)
    }
}

impl Narrow {
    fn read(&self, connection: &Connection) -> Result<Among, Failure> {
        let prefix = self.url_prefix.as_deref().unwrap_or_default();
        let addresses = (prefix, beyond(prefix));
        let mut pages = connection.prepare_cached("SELECT 1 FROM pages WHERE url >= ?1 AND url < ?2 LIMIT 1")?;
        if self.url_prefix.is_some() && pages.query_row((prefix, &addresses.1), |_| Ok(())).optional()?.is_none() {
            return Err(Error::UnknownPrefix { prefix: prefix.to_owned() }.into());
        }
        let fitting = if self.kinds.is_empty() && self.since.is_none() { None } else { Some(self.pages(connection, &addresses)?) };
        let json = "a list of strings or numbers is JSON";
        let languages = serde_json::to_string(&self.languages).expect(json);
        let sources = serde_json::to_string(&self.sources).expect(json);
        // CROSS JOIN: first the pages, by the index of their addresses.
        let mut chunks = connection.prepare_cached(
            "SELECT c.id, p.id FROM pages AS p CROSS JOIN chunks AS c ON c.page = p.id
             WHERE p.url >= ?1 AND p.url < ?2 AND c.kind = ?3
             AND (json_array_length(?4) = 0 OR c.language IN (SELECT value FROM json_each(?4)))
             AND (json_array_length(?5) = 0 OR p.source IN (SELECT value FROM json_each(?5)))",
        )?;
        let mut rows = chunks.query(params![addresses.0, addresses.1, i64::from(self.wanted == Wanted::Code), languages, sources])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let page: i64 = row.get(1)?;
            if fitting.as_ref().is_none_or(|fitting| fitting.contains(&page)) {
                found.push(row.get(0)?);
            }
        }
        Ok(Among::of(found))
    }

    /// The pages at these addresses that are of the kinds and as new as is asked for.
    fn pages(&self, connection: &Connection, addresses: &(&str, String)) -> Result<HashSet<i64>, Failure> {
        let seconds = |text: &str| -> Result<Option<i64>, Failure> {
            // A number alone would be taken for days since the year -4712, and 30 February for 2 March.
            let sql = "SELECT CASE WHEN ?1 GLOB '????-??-??*' AND date(substr(?1, 1, 10)) = substr(?1, 1, 10) THEN unixepoch(?1) END";
            Ok(connection.prepare_cached(sql)?.query_row([text], |row| row.get(0))?)
        };
        let since = match &self.since {
            None => None,
            Some(text) => Some(seconds(text.trim())?.ok_or_else(|| Error::NoDate { text: text.clone() })?),
        };
        let sql = format!(
            "SELECT {HEAD_COLUMNS}, p.id, p.last_modified, iif(?3, p.metadata, NULL) FROM pages AS p WHERE p.url >= ?1 AND p.url < ?2"
        );
        let mut pages = connection.prepare_cached(&sql)?;
        let mut rows = pages.query(params![addresses.0, addresses.1, since.is_some()])?;
        let mut found = HashSet::new();
        while let Some(row) = rows.next()? {
            let (url, title) = head(row)?;
            let is_of_kind = self.kinds.is_empty() || self.kinds.contains(&of_page(&url, &title));
            let is_new = || -> Result<bool, Failure> {
                let Some(since) = since else { return Ok(true) };
                let says = metadata(row.get::<_, Option<String>>(6)?.as_deref())?;
                let said = says.modified.or(says.published).map_or(Ok(None), |said| seconds(&said))?;
                let last_modified: Option<String> = row.get(5)?;
                Ok(said.or_else(|| served(&last_modified?)).is_some_and(|date| date >= since))
            };
            if is_of_kind && is_new()? {
                found.insert(row.get(4)?);
            }
        }
        Ok(found)
    }
}

/// What a server said, in seconds since 1970.
fn served(last_modified: &str) -> Option<i64> {
    httpdate::parse_http_date(last_modified).ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs().try_into().ok()
}

/// Those of the last search are remembered.
fn among(
    connection: &Connection,
    query: &Query,
    sources: &[i64],
    narrowed: &Mutex<Option<Narrowed>>,
) -> Result<Option<Arc<Among>>, Failure> {
    let Some(to) = Narrow::of(query, sources) else { return Ok(None) };
    // The newest list of a page.
    let state = Newest::of(connection)?.list;
    let lock = || narrowed.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(last) = lock().as_ref().and_then(|last| last.chunks(&to, state)) {
        return Ok(Some(last));
    }
    let chunks = Arc::new(to.read(connection)?);
    *lock() = Some(Narrowed::new(to, state, Arc::clone(&chunks)));
    Ok(Some(chunks))
}

fn nearest(
    connection: &Connection,
    (name, vector, matrix): Meaning<'_>,
    mode: Mode,
    filter: Filter<'_>,
) -> Result<Vec<Candidate>, Failure> {
    let Some(model) = ModelRow::find(connection, name)?.filter(|model| model.vectors > 0) else {
        let is_empty = connection.query_row("SELECT 1 FROM chunks LIMIT 1", [], |_| Ok(())).optional()?.is_none();
        return match mode {
            Mode::Dense if !is_empty => Err(Error::NothingEmbedded { model: name.to_owned() }.into()),
            _ => Ok(Vec::new()),
        };
    };
    if vector.len() != model.dimensions {
        return Err(Error::Dimensions { model: name.to_owned(), expected: model.dimensions, found: vector.len() }.into());
    }
    let newest = Newest::of(connection)?;
    // Searches read it side by side; who waits to write is waited for, so it is only asked for where there is something to read.
    if !matrix.read().unwrap_or_else(PoisonError::into_inner).is_current(newest, model) || matrix.is_poisoned() {
        // A panic while following leaves rows without the last ones' data: such a matrix is read anew.
        let mut writing = matrix.write().unwrap_or_else(|poisoned| {
            let mut guard = poisoned.into_inner();
            matrix.clear_poison();
            *guard = Matrix::default();
            guard
        });
        writing.follow(connection, model, newest)?;
    }
    let Nearest { found, read } = {
        let matrix = matrix.read().unwrap_or_else(PoisonError::into_inner);
        let apart = apart(vector, matrix.mean(connection, model)?, model.vectors);
        matrix.nearest(connection, model, (&apart, vector), filter)?
    };
    // Who is in the way reads on, and what is not kept now is read again.
    if !read.is_empty()
        && let Ok(mut writing) = matrix.try_write()
    {
        writing.keep(read);
    }
    Ok(found)
}
