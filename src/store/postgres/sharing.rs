//! Pages as they leave one database and come into another: with their passages and the vectors of these, a page at a time.

use std::collections::HashMap;
use std::time::SystemTime;

use super::Postgres;
use super::meaning::{Model, put_all};
use super::pages::{CHUNK_COLUMNS, PAGE_COLUMNS, PAGE_WIDTH, chunk, clean_chunks, document, remove};
use super::sources::{drop_trail, find_source, forget, source_of};
use super::transaction::{Transaction, limit as at_most};
use super::wire::Value;
use crate::model::{Chunk, SharedPage, SharedSource, SharedVector, SourceId, SourceState};
use crate::store::Error;
use crate::store::error::Failure;
use crate::store::hashes::hash_of;
use crate::store::keep::{SharedVectors, Sharing};
use crate::store::near::Quantised;
use crate::store::written::{is_of_import, marked, milliseconds, number_of};

impl Sharing for Postgres {
    fn shared_after(
        &self,
        source: &SourceId,
        after: &str,
        vectors: Option<&SharedVectors>,
    ) -> Result<Option<(String, SharedPage, Vec<SharedVector>)>, Error> {
        self.read(|transaction| {
            let Some(source) = find_source(transaction, source)? else { return Ok(None) };
            let sql =
                format!("SELECT {PAGE_COLUMNS}, p.cut_for, p.id FROM pages AS p WHERE p.source = $1 AND p.url > $2 ORDER BY p.url LIMIT 1");
            let Some(row) = transaction.row(&sql, &[source.into(), after.into()])? else { return Ok(None) };
            let (address, document, page) = (row.text(0)?.to_owned(), document(&row)?, row.number(PAGE_WIDTH + 1)?);
            // Of none it is not known, and the highest number stands for no model: for either it is cut again.
            let cut_for =
                row.number_or_null(PAGE_WIDTH)?.and_then(|tokens| u32::try_from(tokens).ok()).filter(|tokens| *tokens != u32::MAX);
            let sql = format!("SELECT {CHUNK_COLUMNS} FROM chunks AS c WHERE c.page = $1 ORDER BY c.ordinal, c.id");
            let chunks = transaction.collect(&sql, &[page.into()], |row| chunk(row, 0))?;
            let vectors = match vectors {
                Some(vectors) => vectors_of(transaction, vectors, page)?,
                None => Vec::new(),
            };
            Ok(Some((address, SharedPage { document, chunks, cut_for }, vectors)))
        })
    }

    fn in_the_way(&self, sources: &[SourceId], import: &str) -> Result<Vec<SourceId>, Error> {
        self.read(|transaction| {
            let mut there = Vec::new();
            for source in sources {
                if find_source(transaction, source)?.is_none() {
                    continue;
                }
                let sql = "SELECT recipe FROM sources WHERE name = $1 AND state = $2";
                let values = [source.as_str().into(), number_of(SourceState::Incomplete).into()];
                let row = transaction.row(sql, &values)?;
                let recipe = row.as_ref().map_or(Ok(None), |row| row.text_or_null(0))?;
                if !recipe.is_some_and(|recipe| is_of_import(recipe, import)) {
                    there.push(source.clone());
                }
            }
            Ok(there)
        })
    }

    fn begin_import(&self, of: &SharedSource, import: &str) -> Result<(), Error> {
        let recipe = marked(of.recipe.as_ref(), import);
        self.write(|transaction| {
            let id = source_of(transaction, &of.source)?;
            drop_trail(transaction, id)?;
            let sql = "UPDATE sources SET recipe = $2, state = $3, waiting = 0 WHERE id = $1";
            transaction.execute(sql, &[id.into(), recipe.as_str().into(), number_of(SourceState::Incomplete).into()]).map(drop)
        })
    }

    fn put_shared_vectors(&self, model: &str, dimensions: u32, chunks: &[Chunk], vectors: &[SharedVector]) -> Result<(), Error> {
        // As they were stored.
        let hashes: Vec<_> = clean_chunks(chunks).iter().map(hash_of).collect();
        let bytes: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_slice()).collect();
        self.write(|transaction| {
            let row = Model::made(transaction, model, dimensions as usize)?;
            let sql = "SELECT hash, id FROM passages WHERE hash = ANY ($1)";
            let found = transaction.collect(sql, &[Value::ByteLists(&bytes)], |row| Ok((row.bytes(0)?.to_vec(), row.number(1)?)))?;
            let found: HashMap<Vec<u8>, i64> = found.into_iter().collect();
            let mut put = Vec::with_capacity(vectors.len());
            for SharedVector { chunk, scale, data } in vectors {
                if data.len() != row.dimensions {
                    return Err(Error::Dimensions { model: model.to_owned(), expected: row.dimensions, found: data.len() }.into());
                }
                let Some(hash) = hashes.get(*chunk as usize) else { continue };
                let Some(passage) = found.get(hash.as_slice()) else { continue };
                // One without direction is none of ours.
                if !(scale.is_finite() && *scale > 0.0 && data.iter().any(|step| *step != 0)) {
                    return Err(Error::BadVector { chunk: i64::from(*chunk) }.into());
                }
                put.push((*passage, Quantised { scale: *scale, data: data.clone() }));
            }
            put_all(transaction, row, &put).map(drop)
        })
    }

    fn remove_between(&self, source: &SourceId, after: &str, before: Option<&str>, limit: usize) -> Result<u64, Error> {
        let sql = "SELECT p.url FROM pages AS p JOIN sources AS s ON s.id = p.source
                   WHERE s.name = $1 AND p.url > $2 AND ($3::text IS NULL OR p.url < $3) ORDER BY p.url LIMIT $4";
        let values = [source.as_str().into(), after.into(), before.into(), at_most(limit)];
        let between = self.read(|transaction| transaction.collect(sql, &values, |row| Ok(row.text(0)?.to_owned())))?;
        if between.is_empty() {
            return Ok(0);
        }
        self.write(|transaction| {
            between.iter().try_fold(0, |sum, url| Ok::<_, Failure>(sum + u64::from(remove(transaction, Some(source), url)?)))
        })
    }

    fn end_import(&self, of: &SharedSource) -> Result<(), Error> {
        let SharedSource { says_version, recipe, state, left, made, refreshed, .. } = of;
        let recipe = recipe.as_ref().map(|recipe| serde_json::to_string(recipe).expect("texts, numbers and addresses are JSON"));
        let time = |time: &Option<SystemTime>| Value::Number(time.map(milliseconds));
        let sql = "UPDATE sources SET recipe = $2, state = $3, waiting = $4, says_version = $5, made = $6, refreshed = $7 WHERE id = $1";
        self.write(|transaction| {
            let id = source_of(transaction, &of.source)?;
            if find_source(transaction, &of.source)?.is_none() {
                // Nothing came of it: it is as if it had not been.
                return forget(transaction, id);
            }
            let left = i64::try_from(*left).unwrap_or(i64::MAX);
            let version = says_version.as_deref().into();
            let values = [id.into(), recipe.as_deref().into(), number_of(*state).into(), left.into(), version, time(made), time(refreshed)];
            transaction.execute(sql, &values).map(drop)
        })
    }
}

/// As an export has them: in bytes.
fn vectors_of(transaction: &Transaction<'_>, vectors: &SharedVectors, page: i64) -> Result<Vec<SharedVector>, Failure> {
    let Some(model) = Model::find(transaction, &vectors.model)? else { return Ok(Vec::new()) };
    let sql = "SELECT c.place - 1, v.scale, v.steps::real[] FROM (SELECT passage, row_number() OVER (ORDER BY ordinal, id) AS place FROM chunks WHERE page = $1) AS c
               JOIN vectors AS v ON v.passage = c.passage AND v.model = $2 ORDER BY c.place";
    transaction.collect(sql, &[page.into(), model.id.into()], |row| {
        let chunk = u32::try_from(row.number(0)?).map_err(|_| Failure::Malformed("a page has too many chunks"))?;
        // They were written as whole steps of one byte.
        let data = row.reals(2)?.into_iter().map(|step| step as i8 as u8).collect();
        Ok(SharedVector { chunk, scale: row.real(1)?, data })
    })
}
