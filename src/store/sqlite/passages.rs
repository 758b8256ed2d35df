//! What is embedded, and for which passages: a vector belongs to a model and to a passage, known by its hash, on whatever page it stands.
//! So nothing is embedded twice, and what is gone and comes back still has its vector. Each function within a transaction of its caller.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::pages::{CHUNK_COLUMNS, chunk, collect, damaged};
use super::sketches;
use super::texts::CHUNK_TABLES;
use super::vector::ModelRow;
use crate::model::{EmbedProgress, Embedded, Pending};
use crate::store::checksum::Checksum;
use crate::store::error::{Error, Failure};
use crate::store::hashes::{Hash, SPARE, hash, is_due};
use crate::store::near::quantise;
use crate::store::ranges::Ranges;
use crate::store::written::count;

/// The number of a passage, new or known.
pub(super) fn number(connection: &Connection, hash: &Hash) -> Result<i64, Failure> {
    let mut find = connection.prepare_cached("SELECT id FROM passages WHERE hash = ?1")?;
    if let Some(id) = find.query_row([hash], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let sum = Checksum::default().bytes(hash).sum();
    connection.prepare_cached("INSERT INTO passages (hash, checksum) VALUES (?1, ?2)")?.execute(params![hash, sum])?;
    Ok(connection.last_insert_rowid())
}

/// A chunk of a page as lists of pages have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub chunk: i64,
    pub passage: i64,
    pub is_code: bool,
}

/// What is read of a list to compare it: what the checksum is of, then the checksum and the list's number.
pub(super) const LIST_COLUMNS: &str = "page, source, chunks, checksum, id";

/// Writes down what chunks a page has now.
pub(super) fn list(connection: &Connection, page: i64) -> Result<(), Failure> {
    let source: i64 = connection.prepare_cached("SELECT source FROM pages WHERE id = ?1")?.query_row([page], |row| row.get(0))?;
    let listed = chunks_of(connection, page)?;
    write_list(connection, page, Some(source), &encode(&listed))
}

/// Whether the list of a page is the one that it should have.
pub(super) fn has_its_list(connection: &Connection, page: i64) -> Result<bool, Failure> {
    let sql = format!("SELECT {LIST_COLUMNS}, (SELECT p.source FROM pages AS p WHERE p.id = page) FROM page_chunks WHERE page = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([page])?;
    let Some(row) = rows.next()? else { return Ok(false) };
    let whole = Checksum::default().columns(row, 0..3)?.agrees(row.get_ref(3)?) && row.get_ref(1)? == row.get_ref(5)?;
    Ok(whole && row.get_ref(2)?.as_blob().ok() == Some(&encode(&chunks_of(connection, page)?)))
}

/// Drops lists of pages that there never were: damaged ones.
pub(super) fn drop_stray_lists(connection: &Connection) -> Result<(), Failure> {
    connection.execute("DELETE FROM page_chunks WHERE source IS NOT NULL AND page NOT IN (SELECT id FROM pages)", [])?;
    Ok(())
}

/// The chunks of a page by their numbers, as its list should have them.
pub(super) fn chunks_of(connection: &Connection, page: i64) -> Result<Vec<Listed>, Failure> {
    collect(connection, "SELECT id, coalesce(passage, 0), kind FROM chunks WHERE page = ?1 ORDER BY id", [page], |row| {
        Ok(Listed { chunk: row.get(0)?, passage: row.get(1)?, is_code: row.get::<_, i64>(2)? != 0 })
    })
}

/// The page is gone: its list says so, for who has it in memory.
pub(super) fn unlist(connection: &Connection, page: i64) -> Result<(), Failure> {
    write_list(connection, page, None, &[])
}

/// Drops what says that pages are gone, but for the last. Who has read none of those yet reads all lists anew.
pub(super) fn forget_unlisted(connection: &Connection) -> Result<(), Failure> {
    let sql = "SELECT id FROM page_chunks WHERE source IS NULL ORDER BY id DESC LIMIT 1 OFFSET ?1";
    let mut at = connection.prepare_cached(sql)?;
    if at.query_row([2 * GONE], |row| row.get::<_, i64>(0)).optional()?.is_none() {
        return Ok(());
    }
    let last: i64 = at.query_row([GONE], |row| row.get(0))?;
    connection.execute("DELETE FROM page_chunks WHERE source IS NULL AND id <= ?1", [last])?;
    connection.execute("UPDATE forgotten SET list = ?1", [last])?;
    Ok(())
}

fn write_list(connection: &Connection, page: i64, source: Option<i64>, chunks: &[u8]) -> Result<(), Failure> {
    let sum = Checksum::default().number(page);
    let sum = match source {
        Some(source) => sum.number(source),
        None => sum.optional(None),
    };
    // In the place of the one before, under a new number.
    connection
        .prepare_cached("INSERT OR REPLACE INTO page_chunks (page, source, chunks, checksum) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![page, source, chunks, sum.bytes(chunks).sum()])?;
    Ok(())
}

/// Numbers as differences, seven bits a byte: most take one.
fn encode(listed: &[Listed]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(listed.len() * 3);
    let (mut chunk, mut passage) = (0, 0);
    for of in listed {
        write_number(&mut bytes, of.chunk.wrapping_sub(chunk).cast_unsigned());
        let apart = of.passage.wrapping_sub(passage);
        let folded = (apart.wrapping_shl(1) ^ (apart >> 63)).cast_unsigned();
        bytes.push(u8::from(of.is_code));
        write_number(&mut bytes, folded);
        (chunk, passage) = (of.chunk, of.passage);
    }
    bytes
}

/// None where the bytes are no list. It never holds more than a third as many chunks as there are bytes.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Vec<Listed>> {
    let mut listed = Vec::with_capacity(bytes.len() / 3);
    let (mut chunk, mut passage) = (0_i64, 0_i64);
    while !bytes.is_empty() {
        chunk = chunk.wrapping_add(read_number(&mut bytes)?.cast_signed());
        let is_code = match bytes.split_off_first()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let folded = read_number(&mut bytes)?;
        passage = passage.wrapping_add((folded >> 1).cast_signed() ^ -((folded & 1).cast_signed()));
        listed.push(Listed { chunk, passage, is_code });
    }
    Some(listed)
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        let byte = bytes.split_off_first()?;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// The passages that lack a vector of the model, each once, text before code, the newest first; at most `limit`, in the order of their
/// lengths. `known` are the chunks of each kind of which it is known that they have one: what is found out is added.
///
/// Those that are `leased` are passed over: somebody is at them.
pub(super) fn pending(
    connection: &Connection,
    model: &str,
    known: &mut [Ranges; 2],
    leased: &HashSet<i64>,
    limit: usize,
) -> Result<Vec<(i64, Pending)>, Failure> {
    let progress = progress(connection, model)?;
    if progress.chunks == progress.embedded {
        return Ok(Vec::new());
    }
    let model = ModelRow::find(connection, model)?.map_or(0, |model| model.id);
    let newest: i64 = connection.query_row("SELECT coalesce(max(id), 0) FROM chunks", [], |row| row.get(0))?;
    let mut look = connection.prepare_cached(
        "SELECT c.id, c.passage FROM chunks AS c WHERE c.kind = ?1 AND c.id BETWEEN ?2 AND ?3
         AND NOT EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = c.passage AND e.model = ?4) ORDER BY c.id DESC",
    )?;
    let mut seen = HashSet::new();
    let mut chosen = Vec::new();
    'kinds: for (kind, known) in (0_i64..).zip(known) {
        for (low, high) in known.gaps(newest) {
            let mut rows = look.query(params![kind, low, high, model])?;
            // Of the chunks from here down nothing is known yet.
            let mut unknown = high;
            while let Some(row) = rows.next()? {
                if chosen.len() == limit {
                    break 'kinds;
                }
                let (id, passage): (i64, i64) = (row.get(0)?, row.get(1)?);
                known.add(id + 1, unknown);
                unknown = id - 1;
                if !leased.contains(&passage) && seen.insert(passage) {
                    chosen.push((id, passage));
                }
            }
            known.add(low, unknown);
        }
    }
    let mut pending =
        chosen.into_iter().map(|(id, passage)| Ok((passage, passage_of(connection, id)?))).collect::<Result<Vec<_>, Failure>>()?;
    pending.sort_by_key(|(_, pending)| pending.passage.len());
    Ok(pending)
}

/// Of these chunks those that lack a vector of the model, each passage once, in the order of the chunks.
pub(super) fn pending_of(connection: &Connection, model: &str, chunks: &[i64]) -> Result<Vec<Pending>, Failure> {
    let model = ModelRow::find(connection, model)?.map_or(0, |model| model.id);
    let mut look = connection.prepare_cached(
        "SELECT c.passage FROM chunks AS c WHERE c.id = ?1
         AND NOT EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = c.passage AND e.model = ?2)",
    )?;
    let mut seen = HashSet::new();
    let mut pending = Vec::new();
    for &id in chunks {
        let passage: Option<Option<i64>> = look.query_row((id, model), |row| row.get(0)).optional()?;
        if passage.is_some_and(|passage| seen.insert(passage)) {
            pending.push(passage_of(connection, id)?);
        }
    }
    Ok(pending)
}

fn passage_of(connection: &Connection, id: i64) -> Result<Pending, Failure> {
    let mut find = connection.prepare_cached(&format!("SELECT {CHUNK_COLUMNS} FROM {CHUNK_TABLES} WHERE c.id = ?1"))?;
    let mut rows = find.query([id])?;
    let row = rows.next()?.ok_or(Failure::Malformed("a chunk that was just seen is not there"))?;
    Ok(Pending { chunk: id, passage: chunk(connection, row, 0)?.passage() })
}

/// Whether all of what was there before is there still: a vector that is found to be damaged goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    All,
    NotAll,
}

impl Kept {
    /// Of both.
    pub(super) fn and(self, other: Self) -> Self {
        if self == Self::All { other } else { self }
    }
}

pub(super) fn put_vectors(connection: &Connection, model: &str, vectors: &[Embedded]) -> Result<Kept, Failure> {
    let Some(first) = vectors.first() else { return Ok(Kept::All) };
    if first.vector.is_empty() {
        return Err(Error::BadVector { chunk: first.chunk }.into());
    }
    connection
        .prepare_cached("INSERT INTO models (name, dimensions) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![model, first.vector.len() as i64])?;
    let row = ModelRow::find(connection, model)?.ok_or(Failure::Malformed("a model just written is not there"))?;
    let mut find = connection.prepare_cached("SELECT passage FROM chunks WHERE id = ?1 AND passage IS NOT NULL")?;
    let mut done = connection.prepare_cached("DELETE FROM embedding_leases WHERE model = ?1 AND passage = ?2")?;
    for Embedded { chunk, vector } in vectors {
        if vector.len() != row.dimensions {
            return Err(Error::Dimensions { model: model.to_owned(), expected: row.dimensions, found: vector.len() }.into());
        }
        let quantised = quantise(vector).ok_or(Error::BadVector { chunk: *chunk })?;
        // The chunk may be gone meanwhile.
        let Some(passage) = find.query_row([chunk], |row| row.get(0)).optional()? else { continue };
        put_vector(connection, row.id, passage, quantised.scale, &quantised.data)?;
        done.execute(params![model, passage])?;
    }
    let counted = ModelRow::of(connection, row.id)?.unwrap_or(row);
    sketches::add(connection, counted)
}

/// Unless the passage has a vector of this model.
pub(super) fn put_vector(connection: &Connection, model: i64, passage: i64, scale: f32, data: &[u8]) -> Result<(), Failure> {
    let has = connection
        .prepare_cached("SELECT 1 FROM embedded WHERE passage = ?1 AND model = ?2")?
        .query_row((passage, model), |_| Ok(()))
        .optional()?;
    if has.is_some() {
        return Ok(());
    }
    let sum = vector_sum(model, passage, scale, data);
    connection
        .prepare_cached("INSERT INTO vectors (model, passage, scale, data, checksum) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![model, passage, scale, data, sum])?;
    let vector = connection.last_insert_rowid();
    connection.prepare_cached("INSERT INTO embedded (passage, model, vector) VALUES (?1, ?2, ?3)")?.execute((passage, model, vector))?;
    Ok(())
}

pub(super) fn vector_sum(model: i64, passage: i64, scale: f32, data: &[u8]) -> i32 {
    let numbers = [model, passage, i64::from(scale.to_bits())];
    numbers.into_iter().fold(Checksum::default(), Checksum::number).bytes(data).sum()
}

/// What is read of a vector to compare it: what the checksum is of, then the checksum and its number.
pub(super) const VECTOR_COLUMNS: &str = "model, passage, scale, data, checksum, id";

/// Whether a row of `VECTOR_COLUMNS` is what was stored.
pub(super) fn vector_agrees(row: &Row<'_>) -> Result<bool, Failure> {
    Ok(Checksum::default().columns(row, 0..4)?.agrees(row.get_ref(4)?))
}

/// A vector that is not what was stored goes, and its passage is embedded again.
pub(super) fn forget_vector(connection: &Connection, model: i64, passage: i64, id: i64) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM vectors WHERE id = ?1")?.execute([id])?;
    let forget = "DELETE FROM embedded WHERE model = ?1 AND (passage = ?2 OR vector = ?3)";
    connection.prepare_cached(forget)?.execute((model, passage, id))?;
    Ok(())
}

/// The vector with this number, which says that it is of this passage, is not what was stored. It is told by a page that has it; none if no
/// page has, so that nothing is lost.
pub(super) fn damaged_vector(connection: &Connection, model: i64, id: i64, passage: Option<i64>) -> Result<Option<Failure>, Failure> {
    let page_of = |which: &str, named: i64| -> Result<Option<Failure>, Failure> {
        let sql = format!(
            "SELECT c.page FROM embedded AS e JOIN chunks AS c ON c.passage = e.passage
             WHERE e.model = ?1 AND e.vector = ?2 AND {which} = ?3 LIMIT 1"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((model, id, named))?;
        Ok(rows.next()?.map(|row| row.get_ref(0).map(|page| damaged(connection, "a vector", page))).transpose()?)
    };
    let told = passage.map_or(Ok(None), |passage| page_of("e.passage", passage))?;
    // The passage may be what is damaged: then all are looked at.
    told.map_or_else(|| page_of("e.vector", id), |told| Ok(Some(told)))
}

/// Looks at the vectors of a page, and drops those that are not what was stored.
pub(super) fn verify(connection: &Connection, page: i64) -> Result<Kept, Failure> {
    let sql = "SELECT DISTINCT e.passage, e.model, e.vector FROM chunks AS c JOIN embedded AS e ON e.passage = c.passage WHERE c.page = ?1";
    let found = collect(connection, sql, [page], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
    let mut find = connection.prepare_cached(&format!("SELECT {VECTOR_COLUMNS} FROM vectors WHERE id = ?1"))?;
    let mut gone = HashSet::new();
    for (passage, model, vector) in found {
        let mut rows = find.query([vector])?;
        let good = match rows.next()? {
            Some(row) => {
                let same = row.get_ref(0)?.as_i64().ok() == Some(model) && row.get_ref(1)?.as_i64().ok() == Some(passage);
                vector_agrees(row)? && same
            }
            None => false,
        };
        drop(rows);
        if !good {
            connection.prepare_cached("DELETE FROM vectors WHERE id = ?1")?.execute([vector])?;
            connection.prepare_cached("DELETE FROM embedded WHERE passage = ?1 AND model = ?2")?.execute((passage, model))?;
            gone.insert((model, vector));
        }
    }
    if gone.is_empty() {
        return Ok(Kept::All);
    }
    drop_strays(connection, &mut gone)?;
    drop_bare(connection)?;
    sketches::without(connection, &gone)?;
    Ok(Kept::NotAll)
}

/// Vectors that are not the ones which their passages are said to have: in time they would be told as damage again.
fn drop_strays(connection: &Connection, gone: &mut HashSet<(i64, i64)>) -> Result<(), Failure> {
    let sql = "DELETE FROM vectors WHERE NOT EXISTS (
        SELECT 1 FROM embedded AS e WHERE e.passage = vectors.passage AND e.model = vectors.model AND e.vector = vectors.id)
        RETURNING model, id";
    gone.extend(collect(connection, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?);
    Ok(())
}

/// Passages that nothing says and that have no vector.
fn drop_bare(connection: &Connection) -> Result<(), Failure> {
    let sql = "DELETE FROM passages WHERE uses = 0 AND NOT EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = passages.id)
               AND NOT EXISTS (SELECT 1 FROM chunks AS c WHERE c.passage = passages.id)";
    connection.execute(sql, [])?;
    Ok(())
}

/// Passages that no chunk says any more keep their vectors for when they come back: as many as others do, and some more. What is beyond
/// that goes, the oldest first, and some with it, so that it is seldom. `gone` are the chunks that have just been removed.
pub(super) fn evict(connection: &Connection, gone: &[i64]) -> Result<(), Failure> {
    let live: i64 = connection.prepare_cached("SELECT coalesce(sum(chunks), 0) FROM sources")?.query_row([], |row| row.get(0))?;
    let most = live.max(0).saturating_add(SPARE);
    if !is_due(gone, most) {
        return Ok(());
    }
    let beyond = "SELECT id FROM passages WHERE uses = 0 ORDER BY id DESC LIMIT 1 OFFSET ?1";
    if connection.prepare_cached(beyond)?.query_row([most], |row| row.get::<_, i64>(0)).optional()?.is_none() {
        return Ok(());
    }
    let newest: i64 = connection.prepare_cached(beyond)?.query_row([most - most / 8], |row| row.get(0))?;
    let unused =
        collect(connection, "SELECT id FROM passages WHERE uses = 0 AND id <= ?1 ORDER BY id", [newest], |row| Ok(row.get::<_, i64>(0)?))?;
    let mut gone = HashSet::new();
    for passage in unused {
        let of = collect(connection, "SELECT model, vector FROM embedded WHERE passage = ?1", [passage], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
        for (model, vector) in of {
            connection.prepare_cached("DELETE FROM vectors WHERE id = ?1")?.execute([vector])?;
            gone.insert((model, vector));
        }
        connection.prepare_cached("DELETE FROM embedded WHERE passage = ?1")?.execute([passage])?;
        let unsaid = "DELETE FROM passages WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM chunks AS c WHERE c.passage = ?1)";
        connection.prepare_cached(unsaid)?.execute([passage])?;
    }
    sketches::without(connection, &gone)
}

pub(super) fn progress(connection: &Connection, model: &str) -> Result<EmbedProgress, Failure> {
    let sql = "SELECT coalesce(sum(chunks), 0) FROM sources";
    let chunks = count(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)?;
    Ok(EmbedProgress { chunks, embedded: ModelRow::find(connection, model)?.map_or(0, |model| model.chunks) })
}

/// Counts all of a source anew, after something of it was found damaged: what is subtracted for a damaged row may not be what was added.
pub(super) fn recount(connection: &Connection, source: i64) -> Result<(), Failure> {
    for sql in COUNTS_OF_SOURCE {
        connection.execute(sql, [source])?;
    }
    Ok(())
}

/// With the source in ?1, or NULL for all.
const COUNTS_OF_SOURCE: [&str; 3] = [
    "UPDATE sources SET
        pages = (SELECT count(*) FROM pages AS p WHERE p.source = sources.id),
        chunks = (SELECT count(*) FROM pages AS p JOIN chunks AS c ON c.page = p.id WHERE p.source = sources.id),
        code_examples = (SELECT count(*) FROM pages AS p JOIN chunks AS c ON c.page = p.id WHERE p.source = sources.id AND c.kind = 1),
        embedded = (SELECT count(*) FROM pages AS p JOIN chunks AS c ON c.page = p.id WHERE p.source = sources.id
            AND EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = c.passage))
        WHERE ?1 IS NULL OR id = ?1",
    "DELETE FROM languages WHERE ?1 IS NULL OR source = ?1",
    "INSERT INTO languages (source, language, examples)
        SELECT p.source, c.language, count(*) FROM pages AS p JOIN chunks AS c ON c.page = p.id
        WHERE c.kind = 1 AND c.language IS NOT NULL AND (?1 IS NULL OR p.source = ?1) GROUP BY p.source, c.language",
];

/// What else is counted, for all.
const COUNTS_OF_ALL: [&str; 2] = [
    "UPDATE passages SET uses = (SELECT count(*) FROM chunks AS c WHERE c.passage = passages.id)",
    "UPDATE models SET vectors = (SELECT count(*) FROM embedded AS e WHERE e.model = models.id),
        chunks = (SELECT coalesce(sum(p.uses), 0) FROM embedded AS e JOIN passages AS p ON p.id = e.passage WHERE e.model = models.id)",
];

/// How many of what is counted are wrong, by what is counted.
pub(super) const WRONG_COUNTS: [(&str, &str); 4] = [
    (
        "sources",
        "SELECT count(*) FROM sources AS s WHERE (s.pages, s.chunks, s.code_examples, s.embedded) IS NOT (
            SELECT count(DISTINCT p.id), count(c.id), count(CASE WHEN c.kind = 1 THEN 1 END),
                count(CASE WHEN EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = c.passage) THEN 1 END)
            FROM pages AS p LEFT JOIN chunks AS c ON c.page = p.id WHERE p.source = s.id)",
    ),
    (
        "languages",
        "SELECT count(*) FROM (
            SELECT source, language, sum(examples) AS examples FROM (
                SELECT source, language, examples FROM languages UNION ALL
                SELECT p.source, c.language, -1 FROM pages AS p JOIN chunks AS c ON c.page = p.id WHERE c.kind = 1 AND c.language IS NOT NULL
            ) GROUP BY source, language) WHERE examples <> 0",
    ),
    (
        "models",
        "SELECT count(*) FROM models AS m WHERE (m.vectors, m.chunks) IS NOT (
            SELECT count(*), coalesce(sum((SELECT count(*) FROM chunks AS c WHERE c.passage = e.passage)), 0)
            FROM embedded AS e WHERE e.model = m.id)",
    ),
    ("passages", "SELECT count(*) FROM passages AS p WHERE p.uses <> (SELECT count(*) FROM chunks AS c WHERE c.passage = p.id)"),
];

/// Gives a database of before there were passages its own: their hashes, the vectors that it has, and what is counted.
pub(super) fn migrate(connection: &Connection) -> Result<(), Failure> {
    number_passages(connection)?;
    keep_vectors(connection)?;
    let pages = collect(connection, "SELECT id FROM pages", [], |row| Ok(row.get::<_, i64>(0)?))?;
    connection.execute_batch("CREATE INDEX chunks_of_new_passage ON chunks (passage)")?;
    pages.into_iter().try_for_each(|page| list(connection, page))?;
    for sql in COUNTS_OF_SOURCE {
        connection.execute(sql, [None::<i64>])?;
    }
    for sql in COUNTS_OF_ALL {
        connection.execute(sql, [])?;
    }
    Ok(connection.execute_batch("DROP INDEX chunks_of_new_passage")?)
}

fn number_passages(connection: &Connection) -> Result<(), Failure> {
    // The columns of that version.
    let mut chunks = connection.prepare("SELECT id, kind, heading_path, context, text FROM chunks WHERE id > ?1 ORDER BY id LIMIT 1000")?;
    let mut update = connection.prepare("UPDATE chunks SET passage = ?2 WHERE id = ?1")?;
    let mut last = i64::MIN;
    loop {
        let part = chunks.query_map([last], |row| Ok((row.get::<_, i64>(0)?, old_passage(row).ok())))?.collect::<Result<Vec<_>, _>>()?;
        let Some((id, _)) = part.last() else { return Ok(()) };
        last = *id;
        for (id, passage) in part {
            // One that cannot be read has a passage of its own, until its page is stored again.
            let hash = passage.map_or_else(|| hash(format!("unreadable chunk {id}").as_bytes()), |passage| hash(passage.as_bytes()));
            update.execute((id, number(connection, &hash)?))?;
        }
    }
}

/// What was embedded of a chunk: headings, context and text as they are stored, with all that is markdown. Where that is not what is read,
/// the chunk's passage is another by now, and is embedded when its page is stored or cut again.
fn old_passage(row: &Row<'_>) -> Result<String, Failure> {
    let headings: String = row.get(2)?;
    let headings: Vec<String> = serde_json::from_str(&headings).map_err(|_| Failure::Malformed("a heading path is no list"))?;
    let context = match row.get::<_, i64>(1)? {
        0 => String::new(),
        _ => row.get::<_, Option<String>>(3)?.unwrap_or_default(),
    };
    let parts = [headings.join(" > "), context, row.get(4)?];
    Ok(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"))
}

/// But for those that are not what was stored: their passages are embedded again.
fn keep_vectors(connection: &Connection) -> Result<(), Failure> {
    let mut vectors = connection.prepare(
        "SELECT v.chunk, v.model, v.page, v.kind, v.scale, v.data, v.checksum, v.id, c.passage, m.dimensions FROM old_vectors AS v
         LEFT JOIN chunks AS c ON c.id = v.chunk LEFT JOIN models AS m ON m.id = v.model WHERE v.id > ?1 ORDER BY v.id LIMIT 1000",
    )?;
    let mut last = i64::MIN;
    loop {
        let (before, mut rows) = (last, vectors.query([last])?);
        while let Some(row) = rows.next()? {
            last = row.get(7)?;
            let whole = Checksum::default().columns(row, 0..6)?.agrees(row.get_ref(6)?);
            let (passage, dimensions): (Option<i64>, Option<i64>) = (row.get(8)?, row.get(9)?);
            let (Some(passage), Some(dimensions), Ok(model), Ok(scale), Ok(data)) =
                (passage, dimensions, row.get(1), row.get::<_, f32>(4), row.get_ref(5)?.as_blob())
            else {
                continue;
            };
            if whole && scale.is_finite() && data.len() as i64 == dimensions {
                put_vector(connection, model, passage, scale, data)?;
            }
        }
        if last == before {
            return Ok(());
        }
    }
}

/// Lists of pages that are gone: so many stay at least, twice as many at most.
const GONE: i64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_as_it_was() {
        let of = |chunk, passage, is_code| Listed { chunk, passage, is_code };
        for listed in [
            vec![],
            vec![of(1, 1, false), of(2, 2, true), of(3, 1, false)],
            vec![of(i64::MIN, i64::MAX, true), of(i64::MAX, i64::MIN, false), of(0, -1, true), of(7, 1 << 40, false)],
        ] {
            assert_eq!(decode(&encode(&listed)).unwrap(), listed);
        }
        assert_eq!(encode(&[of(1, 1, false), of(2, 2, false)]).len(), 6, "a few bytes a chunk");
    }

    #[test]
    fn any_bytes_are_a_list_or_none() {
        let mut state = 11_u64;
        for _ in 0..20_000 {
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state
            };
            let length = next() % 24;
            let bytes: Vec<u8> = (0..length).map(|_| [0, 1, 0x7f, 0x80, 0xff, next() as u8][next() as usize % 6]).collect();
            assert!(decode(&bytes).is_none_or(|listed| listed.len() <= bytes.len() / 3));
        }
        assert_eq!(decode(&[1, 2, 1]), None, "no such kind");
        assert_eq!(decode(&[0xff; 11]), None, "no end");
    }
}
