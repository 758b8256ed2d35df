//! Pages as they go from one database into another with all that is known of them, many at a time.

use std::collections::HashMap;

use url::Url;

use super::Postgres;
use super::meaning::{Model, others, put_all};
use super::pages::{CHUNK_COLUMNS, PAGE_COLUMNS, PAGE_WIDTH, chunk, clean_chunk, document, put_page, remove, write_words};
use super::sources::{find_source, source_of};
use super::transaction::{Transaction, limit as at_most};
use super::wire::Value;
use crate::model::{Chunk, CopiedPage, SharedPage, SharedVector, SourceId};
use crate::store::copied::is_sound;
use crate::store::error::Failure;
use crate::store::hashes::{Hash, hash_of};
use crate::store::keep::{Copying, NamedSymbols, PackageRow, Span};
use crate::store::near::Quantised;
use crate::store::words::Changes;
use crate::store::written::count;
use crate::store::{Error, ModelSummary, kept_as};

impl Copying for Postgres {
    fn copied(&self, source: &SourceId, span: Span<'_>, models: &[ModelSummary]) -> Result<Vec<CopiedPage>, Error> {
        self.read(|transaction| copied(transaction, source, span, models))
    }

    fn put_copied(&self, source: &SourceId, pages: &[CopiedPage], models: &[ModelSummary], gone: &[Url]) -> Result<u64, Error> {
        self.write(|transaction| {
            for url in gone {
                remove(transaction, Some(source), url.as_str())?;
            }
            put(transaction, source_of(transaction, source)?, pages)?;
            let mut others = 0;
            for (place, model) in models.iter().enumerate() {
                others += put_vectors(transaction, model, pages, place)?;
            }
            Ok(others)
        })
    }

    fn identity(&self) -> Result<String, Error> {
        let sql =
            "SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), d.oid, 'pages'::regclass::oid) FROM pg_database AS d
                   WHERE d.datname = current_database()";
        self.read(|transaction| Ok(transaction.one(sql, &[])?.text(0)?.to_owned()))
    }

    fn spare_vectors(&self) -> Result<u64, Error> {
        let sql = "SELECT count(*) FROM passages AS p JOIN vectors AS v ON v.passage = p.id WHERE p.uses = 0";
        self.read(|transaction| count(transaction.one(sql, &[])?.number(0)?))
    }

    fn package_names(&self, package: PackageRow) -> Result<Vec<NamedSymbols>, Error> {
        let sql = "SELECT name, symbols FROM symbol_names WHERE package = $1 ORDER BY name";
        self.read(|transaction| {
            transaction.collect(sql, &[package.0.into()], |row| {
                Ok(NamedSymbols { name: row.text(0)?.to_owned(), symbols: row.bytes(1)?.to_vec() })
            })
        })
    }
}

fn copied(transaction: &Transaction<'_>, source: &SourceId, span: Span<'_>, models: &[ModelSummary]) -> Result<Vec<CopiedPage>, Failure> {
    let Some(source) = find_source(transaction, source)? else { return Ok(Vec::new()) };
    let sql = "SELECT id, bytes FROM pages WHERE source = $1 AND url > $2 ORDER BY url LIMIT $3";
    let values = [source.into(), span.after.into(), at_most(AT_ONCE)];
    let mut bytes = 0;
    let fits = |(id, length): (i64, u64)| {
        let is_room = bytes < span.bytes;
        bytes += SMALL + length;
        is_room.then_some(id)
    };
    let found = transaction.collect(sql, &values, |row| Ok((row.number(0)?, count(row.number(1)?)?)))?;
    let ids: Vec<i64> = found.into_iter().map_while(fits).collect();
    let mut chunks = grouped(
        transaction,
        &format!("SELECT c.page, {CHUNK_COLUMNS} FROM chunks AS c WHERE c.page = ANY ($1) ORDER BY c.page, c.ordinal, c.id"),
        &ids,
    )?;
    let mut vectors = Vec::with_capacity(models.len());
    for model in models {
        vectors.push(match Model::find(transaction, &model.name)? {
            Some(model) => vectors_of(transaction, model, &ids)?,
            None => HashMap::new(),
        });
    }
    let sql = format!("SELECT {PAGE_COLUMNS}, p.cut_for, p.id, p.missed FROM pages AS p WHERE p.id = ANY ($1) ORDER BY p.url");
    transaction
        .collect(&sql, &[Value::Numbers(&ids)], |row| {
            let id = row.number(PAGE_WIDTH + 1)?;
            // Of none it is not known, and the highest number stands for no model: for either it is cut again.
            let cut_for =
                row.number_or_null(PAGE_WIDTH)?.and_then(|tokens| u32::try_from(tokens).ok()).filter(|tokens| *tokens != u32::MAX);
            Ok((id, SharedPage { document: document(row)?, chunks: Vec::new(), cut_for }, count(row.number(PAGE_WIDTH + 2)?)?))
        })?
        .into_iter()
        .map(|(id, page, missed)| {
            let page = SharedPage { chunks: chunks.remove(&id).unwrap_or_default(), ..page };
            Ok(CopiedPage { page, missed, vectors: vectors.iter_mut().map(|of| of.remove(&id).unwrap_or_default()).collect() })
        })
        .collect()
}

/// The chunks of pages.
fn grouped(transaction: &Transaction<'_>, sql: &str, pages: &[i64]) -> Result<HashMap<i64, Vec<Chunk>>, Failure> {
    let mut found: HashMap<i64, Vec<Chunk>> = HashMap::with_capacity(pages.len());
    for (page, chunk) in transaction.collect(sql, &[Value::Numbers(pages)], |row| Ok((row.number(0)?, chunk(row, 1)?)))? {
        found.entry(page).or_default().push(chunk);
    }
    Ok(found)
}

/// The vectors of pages, in bytes, as they were written.
fn vectors_of(transaction: &Transaction<'_>, model: Model, pages: &[i64]) -> Result<HashMap<i64, Vec<SharedVector>>, Failure> {
    let sql = "SELECT c.page, c.place - 1, v.scale, v.steps::real[] FROM (SELECT page, passage,
               row_number() OVER (PARTITION BY page ORDER BY ordinal, id) AS place FROM chunks WHERE page = ANY ($1)) AS c
               JOIN vectors AS v ON v.passage = c.passage AND v.model = $2 ORDER BY c.page, c.place";
    let mut found: HashMap<i64, Vec<SharedVector>> = HashMap::with_capacity(pages.len());
    for row in transaction.rows(sql, &[Value::Numbers(pages), model.id.into()])? {
        let chunk = u32::try_from(row.number(1)?).map_err(|_| Failure::Malformed("a page has too many chunks"))?;
        let data = row.reals(3)?.into_iter().map(|step| step as i8 as u8).collect();
        found.entry(row.number(0)?).or_default().push(SharedVector { chunk, scale: row.real(2)?, data });
    }
    Ok(found)
}

fn put(transaction: &Transaction<'_>, source: i64, copied: &[CopiedPage]) -> Result<(), Failure> {
    let mut words = Changes::default();
    let (mut missing, mut times) = (Vec::new(), Vec::new());
    for CopiedPage { page, missed, .. } in copied {
        let document = kept_as(&page.document);
        put_page(transaction, source, &document, &page.chunks, page.cut_for.unwrap_or(u32::MAX), &mut words)?;
        if *missed > 0 {
            missing.push(Some(page.document.url.as_str()));
            times.push(i64::try_from(*missed).unwrap_or(i64::MAX));
        }
    }
    write_words(transaction, words)?;
    if !missing.is_empty() {
        let sql = "UPDATE pages AS p SET missed = of.missed FROM unnest($2::text[], $3::bigint[]) AS of (url, missed)
                   WHERE p.source = $1 AND p.url = of.url";
        transaction.execute(sql, &[source.into(), Value::Texts(&missing), Value::Numbers(&times)])?;
    }
    Ok(())
}

/// How many passages have another one already.
fn put_vectors(transaction: &Transaction<'_>, summary: &ModelSummary, copied: &[CopiedPage], place: usize) -> Result<u64, Failure> {
    let dimensions = usize::try_from(summary.dimensions).unwrap_or(usize::MAX);
    let mut of_passages: HashMap<Hash, &SharedVector> = HashMap::new();
    for page in copied {
        for vector in page.vectors.get(place).into_iter().flatten() {
            is_sound(&summary.name, dimensions, vector)?;
            if let Some(chunk) = page.page.chunks.get(vector.chunk as usize) {
                of_passages.insert(hash_of(&clean_chunk(chunk)), vector);
            }
        }
    }
    if of_passages.is_empty() {
        return Ok(0);
    }
    let model = Model::made(transaction, &summary.name, dimensions)?;
    if model.dimensions != dimensions {
        return Err(Error::Dimensions { model: summary.name.clone(), expected: model.dimensions, found: dimensions }.into());
    }
    let hashes: Vec<&[u8]> = of_passages.keys().map(|hash| hash.as_slice()).collect();
    let found = transaction.collect("SELECT hash, id FROM passages WHERE hash = ANY ($1)", &[Value::ByteLists(&hashes)], |row| {
        let hash: Hash = row.bytes(0)?.try_into().map_err(|_| Failure::Malformed("the hash of a passage has another length"))?;
        Ok((hash, row.number(1)?))
    })?;
    let of = |(hash, passage): &(Hash, i64)| {
        let SharedVector { scale, data, .. } = of_passages.get(hash)?;
        Some((*passage, Quantised { scale: *scale, data: data.clone() }))
    };
    let vectors: Vec<_> = found.iter().filter_map(of).collect();
    // Where all were put none was there.
    if put_all(transaction, model, &vectors)? == vectors.len() as u64 { Ok(0) } else { others(transaction, model, &vectors) }
}

/// Pages that are looked at for what is read together.
const AT_ONCE: usize = 512;
/// What the least page counts as.
const SMALL: u64 = 4 << 10;
