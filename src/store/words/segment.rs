//! The rows of the index: segments, their blocks, and which of their chunks are gone. Knows SQL and no scores.
//!
//! A segment holds the postings of some chunks. It is never changed, but for the chunks that go: each has a bit. Segments are made by
//! storing pages and by merging others, and all of it happens in the transaction of its caller.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::block::{self, BROKEN, CHUNKS, Entries, Entry, Kind, MAX_DISTANCE, Posting, Postings, broken};
use super::builder::Builder;
use super::language::Language;
use super::merge;
use crate::store::checksum::Checksum;
use crate::store::error::Failure;

/// A block behind its key.
pub(super) type Keyed = (Vec<u8>, Vec<u8>);

/// What is counted of the chunks of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Statistics {
    pub chunks: u64,
    /// Words of all of them.
    pub length: u64,
    /// What the distances of its chunks are from: the first of them, or one before it.
    pub first: i64,
    pub last: i64,
    /// Chunks on pages in a language, by its code.
    pub languages: BTreeMap<u8, u64>,
}

impl Statistics {
    pub(super) fn add(&mut self, chunk: i64, length: u32) {
        if self.chunks == 0 {
            self.first = chunk;
        }
        (self.chunks, self.length, self.last) = (self.chunks + 1, self.length + u64::from(length), chunk);
    }

    pub(super) fn add_language(&mut self, language: Language, chunks: u64) {
        *self.languages.entry(language.code()).or_default() += chunks;
    }

    /// Of two segments together.
    pub(super) fn add_all(&mut self, other: &Self) {
        if self.chunks == 0 {
            self.first = other.first;
        }
        (self.first, self.last) = (self.first.min(other.first), self.last.max(other.last));
        (self.chunks, self.length) = (self.chunks.saturating_add(other.chunks), self.length.saturating_add(other.length));
        for (language, chunks) in &other.languages {
            let count = self.languages.entry(*language).or_default();
            *count = count.saturating_add(*chunks);
        }
    }
}

/// A row of `word_segments`.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub id: i64,
    pub kind: i64,
    /// With those that are gone.
    pub statistics: Statistics,
    /// Chunks that are gone.
    pub gone: u64,
}

impl Segment {
    /// The segments of a kind of chunks, in the order of their first chunks.
    pub(super) fn all(connection: &Connection, kind: i64) -> Result<Vec<Self>, Failure> {
        let sql = format!("SELECT {COLUMNS} FROM word_segments WHERE kind = ?1 ORDER BY first, id");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([kind])?;
        let mut segments = Vec::new();
        while let Some(row) = rows.next()? {
            if !Checksum::default().columns(row, 0..8)?.agrees(row.get_ref(8)?) {
                return Err(BROKEN);
            }
            let number = |column: usize| -> Result<u64, Failure> { u64::try_from(row.get::<_, i64>(column)?).map_err(|_| BROKEN) };
            let languages = languages_of(row.get_ref(7)?.as_blob().map_err(|_| BROKEN)?)?;
            let statistics = Statistics { chunks: number(2)?, length: number(3)?, first: row.get(4)?, last: row.get(5)?, languages };
            let segment = Self { id: row.get(0)?, kind: row.get(1)?, statistics, gone: number(6)? };
            let is_sound = segment.span() <= MAX_DISTANCE && segment.statistics.first <= segment.statistics.last;
            if !is_sound || segment.gone > segment.statistics.chunks {
                return Err(BROKEN);
            }
            segments.push(segment);
        }
        Ok(segments)
    }

    /// Writes what a builder holds.
    pub(super) fn build(connection: &Connection, kind: i64, builder: Builder) -> Result<(), Failure> {
        Self::write(connection, kind, |emit| builder.write(emit))
    }

    /// Makes a segment of the blocks that `blocks` gives. One without chunks is none.
    pub(super) fn write(
        connection: &Connection,
        kind: i64,
        blocks: impl FnOnce(&mut dyn FnMut(&[u8], &[u8]) -> Result<(), Failure>) -> Result<Statistics, Failure>,
    ) -> Result<(), Failure> {
        let id: i64 = connection
            .prepare_cached("INSERT INTO word_segments (kind, chunks, length, first, last, gone, languages, checksum) VALUES (?1, 0, 0, 0, 0, 0, x'', 0)")?
            .insert([kind])?;
        let mut insert = connection.prepare_cached("INSERT INTO word_blocks (segment, first, data, checksum) VALUES (?1, ?2, ?3, ?4)")?;
        let statistics = blocks(&mut |first, data| {
            insert.execute(params![id, first, data, block_sum(id, first, data)])?;
            Ok(())
        })?;
        let segment = Self { id, kind, statistics, gone: 0 };
        if segment.statistics.chunks == 0 { segment.remove(connection) } else { segment.update(connection) }
    }

    fn update(&self, connection: &Connection) -> Result<(), Failure> {
        let Statistics { chunks, length, first, last, languages } = &self.statistics;
        let languages = languages_blob(languages);
        let signed = |number: u64| i64::try_from(number).map_err(|_| BROKEN);
        let numbers = [self.id, self.kind, signed(*chunks)?, signed(*length)?, *first, *last, signed(self.gone)?];
        let sum = numbers.iter().fold(Checksum::default(), |sum, number| sum.number(*number)).bytes(&languages).sum();
        let [id, _, chunks, length, first, last, gone] = numbers;
        connection
            .prepare_cached(
                "UPDATE word_segments SET chunks = ?2, length = ?3, first = ?4, last = ?5, gone = ?6, languages = ?7, checksum = ?8 WHERE id = ?1",
            )?
            .execute(params![id, chunks, length, first, last, gone, languages, sum])?;
        Ok(())
    }

    pub(super) fn remove(&self, connection: &Connection) -> Result<(), Failure> {
        for table in ["word_blocks", "word_gone"] {
            connection.prepare_cached(&format!("DELETE FROM {table} WHERE segment = ?1"))?.execute([self.id])?;
        }
        connection.prepare_cached("DELETE FROM word_segments WHERE id = ?1")?.execute([self.id])?;
        Ok(())
    }

    pub(super) fn first(&self) -> i64 {
        self.statistics.first
    }

    /// From its first chunk to its last.
    pub(super) fn span(&self) -> u64 {
        self.statistics.last.abs_diff(self.statistics.first)
    }

    /// Gives the entries of a term that hold chunks at distances from `from` to `to`, with their block.
    pub(super) fn entries(
        &self,
        connection: &Connection,
        term: &[u8],
        range: (u64, u64),
        take: impl FnMut(&Entry, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        Blocks::of(connection)?.entries(self, term, range, take)
    }

    /// The first block behind a key: its key and itself.
    pub(super) fn block_behind(&self, connection: &Connection, key: &[u8]) -> Result<Option<Keyed>, Failure> {
        let mut statement = connection
            .prepare_cached("SELECT first, data, checksum FROM word_blocks WHERE segment = ?1 AND first > ?2 ORDER BY first LIMIT 1")?;
        let mut rows = statement.query(params![self.id, key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (first, block) = (row.get_ref(0)?.as_blob().map_err(|_| BROKEN)?, row.get_ref(1)?.as_blob().map_err(|_| BROKEN)?);
        if !block_agrees(self.id, first, block, row.get_ref(2)?) {
            return Err(BROKEN);
        }
        Ok(Some((first.to_vec(), block.to_vec())))
    }

    /// The key of the block in which a term stands or would stand.
    pub(super) fn key_before(&self, connection: &Connection, term: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let sql = "SELECT coalesce((SELECT max(first) FROM word_blocks WHERE segment = ?1 AND first <= ?2),
                   (SELECT min(first) FROM word_blocks WHERE segment = ?1))";
        Ok(connection.prepare_cached(sql)?.query_row(params![self.id, term], |row| row.get(0))?)
    }

    pub(super) fn block_at(&self, connection: &Connection, key: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut statement = connection.prepare_cached("SELECT data, checksum FROM word_blocks WHERE segment = ?1 AND first = ?2")?;
        let mut rows = statement.query(params![self.id, key])?;
        let row = rows.next()?.ok_or_else(broken)?;
        let block = row.get_ref(0)?.as_blob().map_err(|_| BROKEN)?;
        if block_agrees(self.id, key, block, row.get_ref(1)?) { Ok(block.to_vec()) } else { Err(BROKEN) }
    }

    pub(super) fn has(&self, language: Language) -> bool {
        self.statistics.languages.contains_key(&language.code())
    }

    /// Gives the distances of chunks that are gone, from `from` to `to`, in their order.
    pub(super) fn gone_between(&self, connection: &Connection, (from, to): (u64, u64), mut take: impl FnMut(u64)) -> Result<(), Failure> {
        if self.gone == 0 {
            return Ok(());
        }
        let mut statement = connection
            .prepare_cached("SELECT part, bits, checksum FROM word_gone WHERE segment = ?1 AND part BETWEEN ?2 AND ?3 ORDER BY part")?;
        let mut rows = statement.query([self.id, (from / PART) as i64, (to / PART) as i64])?;
        while let Some(row) = rows.next()? {
            let part: i64 = row.get(0)?;
            let bits = row.get_ref(1)?.as_blob().map_err(|_| BROKEN)?;
            if !bits_sum(self.id, part, bits).agrees(row.get_ref(2)?) || bits.len() != PART as usize / 8 {
                return Err(BROKEN);
            }
            let base = u64::try_from(part).map_err(|_| BROKEN)? * PART;
            for (at, byte) in bits.iter().enumerate().filter(|(_, byte)| **byte != 0) {
                for bit in (0..8).filter(|bit| byte & (1 << bit) != 0) {
                    let distance = base + at as u64 * 8 + bit;
                    if (from..=to).contains(&distance) {
                        take(distance);
                    }
                }
            }
        }
        Ok(())
    }

    /// Notes that those of the chunks (sorted) that it holds are gone.
    fn forget(&mut self, connection: &Connection, chunks: &[i64]) -> Result<(), Failure> {
        let from = chunks.partition_point(|chunk| *chunk < self.first());
        let to = chunks.partition_point(|chunk| *chunk <= self.statistics.last);
        let Some(chunks) = chunks.get(from..to).filter(|chunks| !chunks.is_empty()) else { return Ok(()) };
        let distance = |chunk: &i64| chunk.abs_diff(self.first());
        let range = (distance(&chunks[0]), distance(&chunks[chunks.len() - 1]));
        let mut parts: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        let mut sought = chunks.iter().map(distance).peekable();
        self.entries(connection, &[CHUNKS], range, |entry, block| {
            let mut postings = Postings::of(Kind::Chunks, entry, block);
            while let Some(Posting { first, .. }) = postings.next()? {
                while sought.next_if(|sought| *sought < first).is_some() {}
                if sought.next_if_eq(&first).is_some() {
                    parts.entry((first / PART) as i64).or_default().push(first % PART);
                }
            }
            Ok(())
        })?;
        for (part, places) in parts {
            let known: Option<Vec<u8>> = connection
                .prepare_cached("SELECT bits FROM word_gone WHERE segment = ?1 AND part = ?2")?
                .query_row([self.id, part], |row| row.get(0))
                .optional()?;
            let mut bits = known.filter(|bits| bits.len() == PART as usize / 8).unwrap_or_else(|| vec![0; PART as usize / 8]);
            for place in places {
                let (byte, bit) = (&mut bits[place as usize / 8], 1 << (place % 8));
                self.gone += u64::from(*byte & bit == 0);
                *byte |= bit;
            }
            let sum = bits_sum(self.id, part, &bits).sum();
            connection
                .prepare_cached("INSERT OR REPLACE INTO word_gone (segment, part, bits, checksum) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![self.id, part, bits, sum])?;
        }
        self.update(connection)
    }

    /// Eight segments of a level make one of the next.
    fn level(&self) -> u32 {
        self.statistics.chunks.max(1).ilog(FANOUT as u64).min(TOP)
    }

    fn is_worn(&self) -> bool {
        self.gone * 4 > self.statistics.chunks
    }
}

/// Looks terms up: its statements are prepared once for many.
pub(super) struct Blocks<'c> {
    last_before: CachedStatement<'c>,
    behind: CachedStatement<'c>,
    sought: Vec<u8>,
}

impl<'c> Blocks<'c> {
    pub(super) fn of(connection: &'c Connection) -> Result<Self, Failure> {
        let last_before = connection.prepare_cached(
            "SELECT first, data, checksum FROM word_blocks WHERE segment = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1",
        )?;
        let behind =
            connection.prepare_cached("SELECT first, data, checksum FROM word_blocks WHERE segment = ?1 AND first > ?2 ORDER BY first")?;
        Ok(Self { last_before, behind, sought: Vec::new() })
    }

    /// As [`Segment::entries`].
    pub(super) fn entries(
        &mut self,
        segment: &Segment,
        term: &[u8],
        (from, to): (u64, u64),
        mut take: impl FnMut(&Entry, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.sought.clear();
        self.sought.extend_from_slice(term);
        self.sought.push(0);
        self.sought.extend(from.to_be_bytes());
        let mut last = None;
        // Whether what comes behind this block can be of the term.
        let mut goes_on = |row: &Row<'_>| -> Result<bool, Failure> {
            let key = row.get_ref(0)?.as_blob().map_err(|_| BROKEN)?;
            if key > term && key.strip_prefix(term).is_none_or(|rest| rest[0] != 0) {
                return Ok(false);
            }
            let block = row.get_ref(1)?.as_blob().map_err(|_| BROKEN)?;
            if !block_agrees(segment.id, key, block, row.get_ref(2)?) {
                return Err(BROKEN);
            }
            let mut entries = Entries::of(block);
            while let Some(entry) = entries.next()? {
                match entries.term().cmp(term) {
                    Ordering::Less => {}
                    Ordering::Greater => return Ok(false),
                    Ordering::Equal => {
                        if entry.last > segment.span() || last.is_some_and(|last| last >= entry.first) {
                            return Err(BROKEN);
                        }
                        last = Some(entry.last);
                        if entry.first > to {
                            return Ok(false);
                        }
                        if entry.last >= from {
                            take(&entry, block)?;
                        }
                    }
                }
            }
            Ok(true)
        };
        {
            let mut rows = self.last_before.query(params![segment.id, self.sought])?;
            match rows.next()? {
                Some(row) if goes_on(row)? => {}
                _ => return Ok(()),
            }
        }
        // Only of what begins with the term itself there is more: the key sought is the last one that this block may have.
        let mut rows = self.behind.query(params![segment.id, self.sought])?;
        while let Some(row) = rows.next()? {
            if !goes_on(row)? {
                break;
            }
        }
        Ok(())
    }
}

/// Notes that chunks are gone, of whichever kind they are.
pub(super) fn forget(connection: &Connection, chunks: &mut [i64]) -> Result<(), Failure> {
    chunks.sort_unstable();
    if chunks.is_empty() {
        return Ok(());
    }
    for kind in KINDS {
        for mut segment in Segment::all(connection, kind)? {
            segment.forget(connection, chunks)?;
        }
    }
    Ok(())
}

/// Merges what has become many, and writes anew what has become empty in large part.
pub(super) fn tidy(connection: &Connection, kind: i64) -> Result<(), Failure> {
    loop {
        let segments = Segment::all(connection, kind)?;
        let level = (0..TOP).find(|level| segments.iter().filter(|segment| segment.level() == *level).count() >= FANOUT);
        let chosen: Vec<Segment> = match (level, segments.iter().find(|segment| segment.is_worn())) {
            (Some(level), _) => segments.into_iter().filter(|segment| segment.level() == level).collect(),
            (None, Some(worn)) => vec![worn.clone()],
            (None, None) => return Ok(()),
        };
        merge::merge(connection, kind, &chosen)?;
    }
}

/// Throws the whole index away.
pub(super) fn clear(connection: &Connection) -> Result<(), Failure> {
    Ok(connection.execute_batch("DELETE FROM word_blocks; DELETE FROM word_gone; DELETE FROM word_segments")?)
}

fn block_sum(segment: i64, first: &[u8], data: &[u8]) -> i32 {
    Checksum::default().number(segment).bytes(first).bytes(data).sum()
}

fn block_agrees(segment: i64, first: &[u8], data: &[u8], stored: rusqlite::types::ValueRef<'_>) -> bool {
    stored.as_i64().is_ok_and(|stored| stored == i64::from(block_sum(segment, first, data)))
}

fn bits_sum(segment: i64, part: i64, bits: &[u8]) -> Checksum {
    Checksum::default().number(segment).number(part).bytes(bits)
}

fn languages_blob(languages: &BTreeMap<u8, u64>) -> Vec<u8> {
    let mut blob = Vec::new();
    for (language, chunks) in languages {
        blob.push(*language);
        block::put_number(&mut blob, *chunks);
    }
    blob
}

fn languages_of(mut blob: &[u8]) -> Result<BTreeMap<u8, u64>, Failure> {
    let mut languages = BTreeMap::new();
    while let [language, rest @ ..] = blob {
        blob = rest;
        languages.insert(*language, block::number(&mut blob)?);
    }
    Ok(languages)
}

/// Text and code.
pub(super) const KINDS: [i64; 2] = [0, 1];

const COLUMNS: &str = "id, kind, chunks, length, first, last, gone, languages, checksum";

/// Chunks whose bits stand in one row.
const PART: u64 = 4096;

const FANOUT: usize = 8;
/// The level above which nothing is merged: some ten megabytes, as much as one transaction should write.
const TOP: u32 = 5;
