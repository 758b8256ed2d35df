//! The rows of the index of words: segments, their blocks, and which of their chunks are gone. Knows SQL and no terms.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use crate::store::checksum::Checksum;
use crate::store::error::Failure;
use crate::store::words::{BROKEN, Beside, Keyed, Segment, Shelf, Start, Statistics, Take, TakePart, languages_blob, languages_of};

/// The tables of the index, in place of those of FTS5. Segments are numbered once and for all, so that no block is taken for one of another.
pub(in crate::store) const TABLES: &str = "
    DROP TABLE text_words;
    DROP TABLE code_words;
    CREATE TABLE word_segments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind INTEGER NOT NULL,
        chunks INTEGER NOT NULL,
        length INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        gone INTEGER NOT NULL,
        languages BLOB NOT NULL,
        checksum INTEGER NOT NULL
    );
    CREATE TABLE word_blocks (
        id INTEGER PRIMARY KEY,
        segment INTEGER NOT NULL,
        first BLOB NOT NULL,
        data BLOB NOT NULL,
        checksum INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX word_blocks_of_segment ON word_blocks (segment, first);
    CREATE TABLE word_gone (
        segment INTEGER NOT NULL,
        part INTEGER NOT NULL,
        bits BLOB NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (segment, part)
    ) WITHOUT ROWID;
";

/// The rows, within one transaction. What is looked up most is prepared once.
pub(in crate::store) struct Rows<'c> {
    connection: &'c Connection,
    last_before: RefCell<CachedStatement<'c>>,
    behind: RefCell<CachedStatement<'c>>,
    insert: RefCell<CachedStatement<'c>>,
}

impl<'c> Rows<'c> {
    pub(in crate::store) fn of(connection: &'c Connection) -> Result<Self, Failure> {
        let prepared = |sql| Ok::<_, Failure>(RefCell::new(connection.prepare_cached(sql)?));
        Ok(Self {
            connection,
            last_before: prepared(
                "SELECT first, data, checksum FROM word_blocks WHERE segment = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1",
            )?,
            behind: prepared("SELECT first, data, checksum FROM word_blocks WHERE segment = ?1 AND first > ?2 ORDER BY first")?,
            insert: prepared("INSERT INTO word_blocks (segment, first, data, checksum) VALUES (?1, ?2, ?3, ?4)")?,
        })
    }
}

impl Shelf for Rows<'_> {
    fn segments(&self, kind: i64) -> Result<Vec<Segment>, Failure> {
        let sql = format!("SELECT {COLUMNS} FROM word_segments WHERE kind = ?1 ORDER BY first, id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([kind])?;
        let mut segments = Vec::new();
        while let Some(row) = rows.next()? {
            if !Checksum::default().columns(row, 0..8)?.agrees(row.get_ref(8)?) {
                return Err(BROKEN);
            }
            let number = |column: usize| -> Result<u64, Failure> { u64::try_from(row.get::<_, i64>(column)?).map_err(|_| BROKEN) };
            let languages = languages_of(row.get_ref(7)?.as_blob().map_err(|_| BROKEN)?)?;
            let statistics = Statistics { chunks: number(2)?, length: number(3)?, first: row.get(4)?, last: row.get(5)?, languages };
            let segment = Segment { id: row.get(0)?, kind: row.get(1)?, statistics, gone: number(6)? };
            if !segment.is_sound() {
                return Err(BROKEN);
            }
            segments.push(segment);
        }
        Ok(segments)
    }

    fn add_segment(&self, kind: i64) -> Result<i64, Failure> {
        let sql =
            "INSERT INTO word_segments (kind, chunks, length, first, last, gone, languages, checksum) VALUES (?1, 0, 0, 0, 0, 0, x'', 0)";
        Ok(self.connection.prepare_cached(sql)?.insert([kind])?)
    }

    fn put_block(&self, segment: i64, first: &[u8], data: &[u8]) -> Result<(), Failure> {
        self.insert.borrow_mut().execute(params![segment, first, data, block_sum(segment, first, data)])?;
        Ok(())
    }

    fn update_segment(&self, segment: &Segment) -> Result<(), Failure> {
        let Statistics { chunks, length, first, last, languages } = &segment.statistics;
        let languages = languages_blob(languages);
        let signed = |number: u64| i64::try_from(number).map_err(|_| BROKEN);
        let numbers = [segment.id, segment.kind, signed(*chunks)?, signed(*length)?, *first, *last, signed(segment.gone)?];
        let sum = numbers.iter().fold(Checksum::default(), |sum, number| sum.number(*number)).bytes(&languages).sum();
        let [id, _, chunks, length, first, last, gone] = numbers;
        self.connection
            .prepare_cached(
                "UPDATE word_segments SET chunks = ?2, length = ?3, first = ?4, last = ?5, gone = ?6, languages = ?7, checksum = ?8 WHERE id = ?1",
            )?
            .execute(params![id, chunks, length, first, last, gone, languages, sum])?;
        Ok(())
    }

    fn remove_segment(&self, segment: i64) -> Result<(), Failure> {
        for table in ["word_blocks", "word_gone"] {
            self.connection.prepare_cached(&format!("DELETE FROM {table} WHERE segment = ?1"))?.execute([segment])?;
        }
        self.connection.prepare_cached("DELETE FROM word_segments WHERE id = ?1")?.execute([segment])?;
        Ok(())
    }

    fn blocks_from(&self, segment: i64, key: &[u8], start: Start, take: Take<'_>) -> Result<(), Failure> {
        {
            let mut statement = self.last_before.borrow_mut();
            let mut rows = statement.query(params![segment, key])?;
            let goes_on = match rows.next()? {
                Some(row) => give(segment, row, take)?,
                None => start == Start::BeforeOrFirst,
            };
            if !goes_on {
                return Ok(());
            }
        }
        let mut statement = self.behind.borrow_mut();
        let mut rows = statement.query(params![segment, key])?;
        while let Some(row) = rows.next()? {
            if !give(segment, row, take)? {
                break;
            }
        }
        Ok(())
    }

    fn block_behind(&self, segment: i64, key: &[u8]) -> Result<Option<Keyed>, Failure> {
        let mut statement = self.behind.borrow_mut();
        let mut rows = statement.query(params![segment, key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mut found = None;
        give(segment, row, &mut |first, block| {
            found = Some((first.to_vec(), block.to_vec()));
            Ok(false)
        })?;
        Ok(found)
    }

    fn gone(&self, segment: i64, first: i64, last: i64, take: TakePart<'_>) -> Result<(), Failure> {
        let sql = "SELECT part, bits, checksum FROM word_gone WHERE segment = ?1 AND part BETWEEN ?2 AND ?3 ORDER BY part";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([segment, first, last])?;
        while let Some(row) = rows.next()? {
            let part: i64 = row.get(0)?;
            let bits = row.get_ref(1)?.as_blob().map_err(|_| BROKEN)?;
            if !bits_sum(segment, part, bits).agrees(row.get_ref(2)?) {
                return Err(BROKEN);
            }
            take(part, bits)?;
        }
        Ok(())
    }

    fn gone_bits(&self, segment: i64, part: i64, take: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
        let sql = "SELECT bits FROM word_gone WHERE segment = ?1 AND part = ?2";
        let known: Option<Vec<u8>> = self.connection.prepare_cached(sql)?.query_row([segment, part], |row| row.get(0)).optional()?;
        known.iter().for_each(|bits| take(bits));
        Ok(())
    }

    fn put_gone(&self, segment: i64, part: i64, bits: &[u8]) -> Result<(), Failure> {
        let sum = bits_sum(segment, part, bits).sum();
        let sql = "INSERT OR REPLACE INTO word_gone (segment, part, bits, checksum) VALUES (?1, ?2, ?3, ?4)";
        self.connection.prepare_cached(sql)?.execute(params![segment, part, bits, sum])?;
        Ok(())
    }

    fn clear(&self) -> Result<(), Failure> {
        Ok(self.connection.execute_batch("DELETE FROM word_blocks; DELETE FROM word_gone; DELETE FROM word_segments")?)
    }

    fn pages_of(&self, chunks: &[i64]) -> Result<HashMap<i64, i64>, Failure> {
        let mut page_of = self.connection.prepare_cached("SELECT page FROM chunks WHERE id = ?1")?;
        chunks.iter().map(|chunk| Ok((*chunk, page_of.query_row([chunk], |row| row.get(0))?))).collect()
    }

    fn beside(&self, chunks: &[i64]) -> Result<HashMap<i64, Beside>, Failure> {
        let mut find = self.connection.prepare_cached(BESIDE)?;
        let mut found = HashMap::with_capacity(chunks.len());
        for chunk in chunks {
            let beside = find.query_row([chunk], |row| Ok([row.get(0)?, row.get(1)?])).optional()?;
            found.extend(beside.map(|beside| (*chunk, beside)));
        }
        Ok(found)
    }
}

/// Gives a row of `word_blocks` if it is what was stored.
fn give(segment: i64, row: &Row<'_>, take: Take<'_>) -> Result<bool, Failure> {
    let first = row.get_ref(0)?.as_blob().map_err(|_| BROKEN)?;
    let block = row.get_ref(1)?.as_blob().map_err(|_| BROKEN)?;
    if block_agrees(segment, first, block, row.get_ref(2)?) { take(first, block) } else { Err(BROKEN) }
}

pub(in crate::store) fn block_sum(segment: i64, first: &[u8], data: &[u8]) -> i32 {
    Checksum::default().number(segment).bytes(first).bytes(data).sum()
}

fn block_agrees(segment: i64, first: &[u8], data: &[u8], stored: ValueRef<'_>) -> bool {
    stored.as_i64().is_ok_and(|stored| stored == i64::from(block_sum(segment, first, data)))
}

fn bits_sum(segment: i64, part: i64, bits: &[u8]) -> Checksum {
    Checksum::default().number(segment).number(part).bytes(bits)
}

const BESIDE: &str = "
    SELECT (SELECT b.id FROM chunks AS b WHERE b.page = c.page AND b.kind = c.kind AND b.id < c.id ORDER BY b.id DESC LIMIT 1),
           (SELECT a.id FROM chunks AS a WHERE a.page = c.page AND a.kind = c.kind AND a.id > c.id ORDER BY a.id LIMIT 1)
    FROM chunks AS c WHERE c.id = ?1";
const COLUMNS: &str = "id, kind, chunks, length, first, last, gone, languages, checksum";
