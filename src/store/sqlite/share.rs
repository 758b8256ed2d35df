//! Pages as they leave one database and come into another: with their passages and the vectors of these, a page at a time.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, Row, params};
use url::Url;

use super::pages::{self, CHUNK_COLUMNS, chunk, collect, document, parse_url};
use super::passages::{self, Kept, VECTOR_COLUMNS, vector_agrees};
use super::sources::{self, find_source, source_of};
use super::texts::{CHUNK_TABLES, PAGE_COLUMNS};
use super::vector::ModelRow;
use super::{Sqlite, sketches};
use crate::model::{Chunk, SharedPage, SharedSource, SharedVector, SourceId, SourceState};
use crate::store::PageId;
use crate::store::error::{Error, Failure};
use crate::store::hashes::hash_of;
use crate::store::keep::{SharedVectors, Sharing};
use crate::store::written::milliseconds;
use crate::store::written::{self, marked, number_of};

impl Sharing for Sqlite {
    fn shared_after(
        &self,
        source: &SourceId,
        after: &str,
        vectors: Option<&SharedVectors>,
    ) -> Result<Option<(String, SharedPage, Vec<SharedVector>)>, Error> {
        self.read(|transaction| shared_after(transaction, source, after, vectors))
    }

    fn in_the_way(&self, sources: &[SourceId], import: &str) -> Result<Vec<SourceId>, Error> {
        self.read(|transaction| {
            let mut there = Vec::new();
            for source in sources {
                if find_source(transaction, source)?.is_some() && !is_of_import(transaction, source, import)? {
                    there.push(source.clone());
                }
            }
            Ok(there)
        })
    }

    fn begin_import(&self, of: &SharedSource, import: &str) -> Result<(), Error> {
        self.write(|transaction| begin_import(transaction, of, import))
    }

    fn put_shared_vectors(&self, model: &str, dimensions: u32, chunks: &[Chunk], vectors: &[SharedVector]) -> Result<(), Error> {
        let kept = self.write(|transaction| put_vectors(transaction, model, dimensions, chunks, vectors))?;
        self.look_again(kept);
        Ok(())
    }

    fn remove_between(&self, source: &SourceId, after: &str, before: Option<&str>, limit: usize) -> Result<u64, Error> {
        let between = self.read(|transaction| between(transaction, source, after, before, limit))?;
        if between.is_empty() {
            return Ok(0);
        }
        self.write(|transaction| {
            between.iter().try_fold(0, |sum, url| Ok::<_, Failure>(sum + u64::from(pages::remove(transaction, Some(source), url)?)))
        })
    }

    fn end_import(&self, of: &SharedSource) -> Result<(), Error> {
        self.write(|transaction| end_import(transaction, of))
    }
}

fn shared_after(
    connection: &Connection,
    source: &SourceId,
    after: &str,
    vectors: Option<&SharedVectors>,
) -> Result<Option<(String, SharedPage, Vec<SharedVector>)>, Failure> {
    let Some(source) = find_source(connection, source)? else { return Ok(None) };
    let Some((address, PageRead { id, page, passages, .. })) = page_after(connection, source, after)? else { return Ok(None) };
    let model = match vectors {
        Some(vectors) => ModelRow::find(connection, &vectors.model)?,
        None => None,
    };
    let vectors = model.map_or_else(|| Ok(Vec::new()), |model| vectors_of(connection, model, &passages, id))?;
    Ok(Some((address, page, vectors)))
}

/// A page with what it takes to find its vectors.
pub(super) struct PageRead {
    pub id: PageId,
    pub page: SharedPage,
    /// Of its chunks.
    pub passages: Vec<Option<i64>>,
    pub missed: i64,
}

/// The first page of a source whose address is greater than this one, with that address as it is stored.
pub(super) fn page_after(connection: &Connection, source: i64, after: &str) -> Result<Option<(String, PageRead)>, Failure> {
    let next: Option<(i64, String)> =
        connection.prepare_cached(NEXT)?.query_row(params![source, after], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((page, address)) = next else { return Ok(None) };
    let (document, cut_for, missed) = {
        let sql = format!("SELECT {PAGE_COLUMNS}, fetched_at, cut_for, missed FROM pages WHERE id = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([page])?;
        let row = rows.next()?.ok_or(Failure::Malformed("a page that was just seen is not there"))?;
        (document(row)?, row.get::<_, Option<i64>>(12)?, row.get(13)?)
    };
    // Of none it is not known, and the highest number stands for no model: for either it is cut again.
    let cut_for = cut_for.and_then(|tokens| u32::try_from(tokens).ok()).filter(|tokens| *tokens != u32::MAX);
    let sql = format!("SELECT {CHUNK_COLUMNS}, c.passage FROM {CHUNK_TABLES} WHERE c.page = ?1 ORDER BY c.ordinal, c.id");
    let read = |row: &Row<'_>| Ok((chunk(connection, row, 0)?, row.get::<_, Option<i64>>(10)?));
    let (chunks, passages): (Vec<_>, Vec<_>) = collect(connection, &sql, [page], read)?.into_iter().unzip();
    Ok(Some((address, PageRead { id: PageId(page), page: SharedPage { document, chunks, cut_for }, passages, missed })))
}

/// Those that there are of passages of a page.
pub(super) fn vectors_of(
    connection: &Connection,
    model: ModelRow,
    passages: &[Option<i64>],
    page: PageId,
) -> Result<Vec<SharedVector>, Failure> {
    let mut find = connection.prepare_cached("SELECT vector FROM embedded WHERE passage = ?1 AND model = ?2")?;
    let mut single = connection.prepare_cached(&format!("SELECT {VECTOR_COLUMNS} FROM vectors WHERE id = ?1"))?;
    let mut found = Vec::new();
    let mut damaged = 0_u64;
    for (chunk, passage) in (0..).zip(passages) {
        let Some(passage) = passage else { continue };
        let Some(vector) = find.query_row((passage, model.id), |row| row.get::<_, i64>(0)).optional()? else { continue };
        let mut rows = single.query([vector])?;
        let read = match rows.next()? {
            Some(row) => {
                let data = row.get_ref(3)?.as_blob().ok().filter(|data| data.len() == model.dimensions);
                let is_it = vector_agrees(row)? && row.get::<_, i64>(1)? == *passage;
                match data.filter(|_| is_it) {
                    Some(data) => Some((row.get(2)?, data.to_vec())),
                    None => None,
                }
            }
            None => None,
        };
        match read {
            Some((scale, data)) => found.push(SharedVector { chunk, scale, data }),
            None => damaged += 1,
        }
    }
    if damaged > 0 {
        log::warn!("{damaged} vectors of page {} are damaged and are left out: `smolcrawl doctor --check` tells more", page.0);
    }
    Ok(found)
}

fn put_vectors(connection: &Connection, model: &str, dimensions: u32, chunks: &[Chunk], vectors: &[SharedVector]) -> Result<Kept, Failure> {
    let row = ModelRow::made(connection, model, dimensions.into())?;
    let mut find = connection.prepare_cached("SELECT id FROM passages WHERE hash = ?1")?;
    for SharedVector { chunk, scale, data } in vectors {
        if data.len() != row.dimensions {
            return Err(Error::Dimensions { model: model.to_owned(), expected: row.dimensions, found: data.len() }.into());
        }
        let Some(of) = chunks.get(*chunk as usize) else { continue };
        let Some(passage) = find.query_row([hash_of(of)], |row| row.get(0)).optional()? else { continue };
        passages::put_vector(connection, row.id, passage, *scale, data)?;
    }
    let counted = ModelRow::of(connection, row.id)?.unwrap_or(row);
    sketches::add(connection, counted)
}

fn begin_import(connection: &Connection, of: &SharedSource, import: &str) -> Result<(), Failure> {
    let id = source_of(connection, &of.source)?;
    sources::forget_trail(connection, &of.source)?;
    connection.prepare_cached("UPDATE sources SET recipe = ?2, state = ?3, waiting = 0 WHERE id = ?1")?.execute(params![
        id,
        marked(of.recipe.as_ref(), import),
        number_of(SourceState::Incomplete)
    ])?;
    Ok(())
}

fn is_of_import(connection: &Connection, source: &SourceId, import: &str) -> Result<bool, Failure> {
    let sql = "SELECT recipe FROM sources WHERE name = ?1 AND state = ?2";
    let recipe: Option<Option<String>> = connection
        .prepare_cached(sql)?
        .query_row(params![source.as_str(), number_of(SourceState::Incomplete)], |row| row.get(0))
        .optional()?;
    Ok(recipe.flatten().is_some_and(|recipe| written::is_of_import(&recipe, import)))
}

fn end_import(connection: &Connection, of: &SharedSource) -> Result<(), Failure> {
    let id = source_of(connection, &of.source)?;
    if find_source(connection, &of.source)?.is_none() {
        // Nothing came of it: it is as if it had not been.
        return sources::forget(connection, id);
    }
    let SharedSource { says_version, recipe, state, left, made, refreshed, .. } = of;
    let recipe = recipe.as_ref().map(|recipe| serde_json::to_string(recipe).expect("texts, numbers and addresses are JSON"));
    let time = |time: &Option<SystemTime>| time.map(milliseconds);
    connection
        .prepare_cached(
            "UPDATE sources SET recipe = ?2, state = ?3, waiting = ?4, says_version = ?5, made = ?6, refreshed = ?7 WHERE id = ?1",
        )?
        .execute(params![
            id,
            recipe,
            number_of(*state),
            i64::try_from(*left).unwrap_or(i64::MAX),
            says_version,
            time(made),
            time(refreshed)
        ])?;
    Ok(())
}

fn between(connection: &Connection, source: &SourceId, after: &str, before: Option<&str>, limit: usize) -> Result<Vec<Url>, Failure> {
    let Some(source) = find_source(connection, source)? else { return Ok(Vec::new()) };
    collect(connection, BETWEEN, params![source, after, before, limit as i64], |row| parse_url(row.get_ref(0)?))
}

/// Along the index of addresses: by that of sources, each page would take a look at all of them.
const NEXT: &str = "SELECT id, url FROM pages WHERE +source = ?1 AND url > ?2 ORDER BY url LIMIT 1";
const BETWEEN: &str = "SELECT url FROM pages WHERE +source = ?1 AND url > ?2 AND url < coalesce(?3, x'') ORDER BY url LIMIT ?4";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema;

    #[test]
    fn the_next_page_is_found_along_the_addresses() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection).unwrap();
        for sql in [NEXT, BETWEEN] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let values: &[&dyn rusqlite::ToSql] = &[&1, &"a", &"b", &1];
            let steps = statement.query_map(&values[..if sql == NEXT { 2 } else { 4 }], |row| row.get::<_, String>(3)).unwrap();
            let plan = steps.map(Result::unwrap).collect::<Vec<_>>().join("; ");
            assert!(plan.contains("sqlite_autoindex_pages_1") && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
