//! Pages as they go from one store into another with all that is known of them, many at a time.

use std::ptr;

use rusqlite::{Connection, OptionalExtension, params};
use url::Url;

use super::passages::{self, Kept};
use super::sources::{find_source, source_of};
use super::vector::ModelRow;
use super::{Sqlite, connect, packages, pages, share, sketches};
use crate::model::{CopiedPage, SourceId};
use crate::store::copied::is_sound;
use crate::store::error::{Error, Failure};
use crate::store::hashes::hash_of;
use crate::store::keep::{Copying, NamedSymbols, PackageRow, Span};
use crate::store::words::Changes;
use crate::store::written::count;
use crate::store::{ModelSummary, kept_as};

impl Copying for Sqlite {
    fn copied(&self, source: &SourceId, span: Span<'_>, models: &[ModelSummary]) -> Result<Vec<CopiedPage>, Error> {
        self.read(|transaction| copied(transaction, source, span, models))
    }

    fn put_copied(&self, source: &SourceId, pages: &[CopiedPage], models: &[ModelSummary], gone: &[Url]) -> Result<u64, Error> {
        let (others, kept) = self.write(|transaction| put(transaction, source, pages, models, gone))?;
        self.look_again(kept);
        Ok(others)
    }

    fn identity(&self) -> Result<String, Error> {
        let file = connect::file_identity(&self.path);
        // One in memory is nobody else's.
        Ok(file.unwrap_or_else(|| format!("{:p}", ptr::from_ref(self))))
    }

    fn spare_vectors(&self) -> Result<u64, Error> {
        let sql = "SELECT count(*) FROM passages AS p JOIN embedded AS e ON e.passage = p.id WHERE p.uses = 0";
        self.read(|transaction| count(transaction.prepare_cached(sql)?.query_row([], |row| row.get(0))?))
    }

    fn package_names(&self, package: PackageRow) -> Result<Vec<NamedSymbols>, Error> {
        self.read(|transaction| packages::names(transaction, package.0))
    }
}

fn copied(connection: &Connection, source: &SourceId, span: Span<'_>, models: &[ModelSummary]) -> Result<Vec<CopiedPage>, Failure> {
    let Some(source) = find_source(connection, source)? else { return Ok(Vec::new()) };
    let models = models.iter().map(|model| ModelRow::find(connection, &model.name)).collect::<Result<Vec<_>, _>>()?;
    let (mut after, mut bytes, mut copied) = (span.after.to_owned(), 0, Vec::new());
    while bytes < span.bytes {
        let Some((address, read)) = share::page_after(connection, source, &after)? else { break };
        after = address;
        bytes += SMALL + read.page.document.markdown.len() as u64;
        let vectors = models.iter().map(|model| match model {
            Some(model) => share::vectors_of(connection, *model, &read.passages, read.id),
            None => Ok(Vec::new()),
        });
        copied.push(CopiedPage { vectors: vectors.collect::<Result<_, _>>()?, missed: count(read.missed)?, page: read.page });
    }
    Ok(copied)
}

fn put(
    connection: &Connection,
    source: &SourceId,
    copied: &[CopiedPage],
    models: &[ModelSummary],
    gone: &[Url],
) -> Result<(u64, Kept), Failure> {
    for url in gone {
        pages::remove(connection, Some(source), url)?;
    }
    let (mut words, mut all, id) = (Changes::default(), Kept::All, source_of(connection, source)?);
    let mut miss = connection.prepare_cached("UPDATE pages SET missed = ?3 WHERE url = ?1 AND source = ?2")?;
    for CopiedPage { page, missed, .. } in copied {
        let document = kept_as(&page.document);
        let (_, kept) = pages::put_as(connection, id, &document, &page.chunks, page.cut_for, &mut words)?;
        all = all.and(kept);
        miss.execute(params![document.url.as_str(), id, i64::try_from(*missed).unwrap_or(i64::MAX)])?;
    }
    pages::write_words(connection, words)?;
    let mut others = 0;
    for (place, model) in models.iter().enumerate() {
        if copied.iter().all(|page| page.vectors.get(place).is_none_or(Vec::is_empty)) {
            continue;
        }
        let row = ModelRow::made(connection, &model.name, model.dimensions)?;
        for page in copied {
            others += put_vectors(connection, (model, row), page, place)?;
        }
        all = all.and(sketches::add(connection, ModelRow::of(connection, row.id)?.unwrap_or(row))?);
    }
    Ok((others, all))
}

/// How many passages have another one already.
fn put_vectors(
    connection: &Connection,
    (summary, model): (&ModelSummary, ModelRow),
    copied: &CopiedPage,
    place: usize,
) -> Result<u64, Failure> {
    let mut find = connection.prepare_cached("SELECT id FROM passages WHERE hash = ?1")?;
    let sql = "SELECT v.scale, v.data FROM embedded AS e JOIN vectors AS v ON v.id = e.vector WHERE e.passage = ?1 AND e.model = ?2";
    let mut stored = connection.prepare_cached(sql)?;
    let mut others = 0;
    for vector in copied.vectors.get(place).into_iter().flatten() {
        is_sound(&summary.name, model.dimensions, vector)?;
        let Some(chunk) = copied.page.chunks.get(vector.chunk as usize) else { continue };
        let Some(passage) = find.query_row([hash_of(chunk)], |row| row.get::<_, i64>(0)).optional()? else { continue };
        let there: Option<(f32, Vec<u8>)> = stored.query_row((passage, model.id), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match there {
            Some(there) => others += u64::from((there.0, &there.1) != (vector.scale, &vector.data)),
            None => passages::put_vector(connection, model.id, passage, vector.scale, &vector.data)?,
        }
    }
    Ok(others)
}

/// What the least page counts as.
const SMALL: u64 = 4 << 10;
