//! The rows of the index of words in PostgreSQL. What a search looks up comes at once: a turn to the server costs more than most of its rows.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::transaction::{Transaction, limit as at_most};
use super::wire::Value;
use crate::store::error::Failure;
use crate::store::lock;
use crate::store::words::{BROKEN, Beside, Keyed, Segment, Shelf, Start, Statistics, Take, TakePart, languages_blob, languages_of};

/// The rows, within one transaction.
pub(super) struct Rows<'t, 'c> {
    transaction: &'t Transaction<'c>,
    /// What others have read.
    shared: Option<&'t Mutex<Known>>,
    /// Blocks that have been read ahead, by segment and key.
    ahead: RefCell<HashMap<i64, Blocks>>,
    /// The segments and keys of which all blocks that may be asked for have been.
    looked_up: RefCell<HashSet<(i64, Vec<u8>)>>,
    /// By segment: the key that was given last, and blocks behind it, the first of them last.
    behind: RefCell<HashMap<i64, Behind>>,
    /// Blocks that are to be written.
    new: RefCell<(i64, Vec<Keyed>)>,
    /// All that is gone of a segment, part by part.
    gone: RefCell<HashMap<i64, Parts>>,
}

type Blocks = BTreeMap<Vec<u8>, Arc<[u8]>>;
type Behind = (Vec<u8>, Vec<Keyed>);
type Parts = BTreeMap<i64, Vec<u8>>;

impl<'t, 'c> Rows<'t, 'c> {
    pub(super) fn of(transaction: &'t Transaction<'c>) -> Self {
        Self {
            transaction,
            shared: None,
            ahead: RefCell::default(),
            looked_up: RefCell::default(),
            behind: RefCell::default(),
            new: RefCell::default(),
            gone: RefCell::default(),
        }
    }

    /// The same for a question: blocks that were read for another are not read again.
    pub(super) fn known(transaction: &'t Transaction<'c>, blocks: &'t Mutex<Known>) -> Self {
        Self { shared: Some(blocks), ..Self::of(transaction) }
    }

    fn write_new(&self) -> Result<(), Failure> {
        let (segment, blocks) = &mut *self.new.borrow_mut();
        if blocks.is_empty() {
            return Ok(());
        }
        let firsts: Vec<&[u8]> = blocks.iter().map(|(first, _)| first.as_slice()).collect();
        let data: Vec<&[u8]> = blocks.iter().map(|(_, data)| data.as_slice()).collect();
        let sql = "INSERT INTO word_blocks (segment, first, data) SELECT $1, * FROM unnest($2::bytea[], $3::bytea[])";
        self.transaction.execute(sql, &[(*segment).into(), Value::ByteLists(&firsts), Value::ByteLists(&data)])?;
        blocks.clear();
        Ok(())
    }

    fn blocks(&self, sql: &str, segment: i64, key: &[u8], most: usize) -> Result<Vec<Keyed>, Failure> {
        self.transaction
            .collect(sql, &[segment.into(), key.into(), at_most(most)], |row| Ok((row.bytes(0)?.to_vec(), row.bytes(1)?.to_vec())))
    }

    fn with_gone<T>(&self, segment: i64, work: impl FnOnce(&Parts) -> T) -> Result<T, Failure> {
        if !self.gone.borrow().contains_key(&segment) {
            let sql = "SELECT part, bits FROM word_gone WHERE segment = $1";
            let parts = self.transaction.collect(sql, &[segment.into()], |row| Ok((row.number(0)?, row.bytes(1)?.to_vec())))?;
            self.gone.borrow_mut().insert(segment, parts.into_iter().collect());
        }
        let gone = self.gone.borrow();
        Ok(work(gone.get(&segment).ok_or(BROKEN)?))
    }
}

impl Shelf for Rows<'_, '_> {
    fn segments(&self, kind: i64) -> Result<Vec<Segment>, Failure> {
        let sql = "SELECT id, kind, chunks, length, first, last, gone, languages FROM word_segments WHERE kind = $1 ORDER BY first, id";
        self.transaction.collect(sql, &[kind.into()], |row| {
            let number = |column| u64::try_from(row.number(column)?).map_err(|_| BROKEN);
            let languages = languages_of(row.bytes(7)?)?;
            let statistics = Statistics { chunks: number(2)?, length: number(3)?, first: row.number(4)?, last: row.number(5)?, languages };
            let segment = Segment { id: row.number(0)?, kind: row.number(1)?, statistics, gone: number(6)? };
            if segment.is_sound() { Ok(segment) } else { Err(BROKEN) }
        })
    }

    fn add_segment(&self, kind: i64) -> Result<i64, Failure> {
        Ok(self.transaction.one("INSERT INTO word_segments (kind) VALUES ($1) RETURNING id", &[kind.into()])?.number(0)?)
    }

    fn put_block(&self, segment: i64, first: &[u8], data: &[u8]) -> Result<(), Failure> {
        let is_other = self.new.borrow().0 != segment;
        if is_other || self.new.borrow().1.len() >= WRITTEN_AT_ONCE {
            self.write_new()?;
        }
        let mut new = self.new.borrow_mut();
        new.0 = segment;
        new.1.push((first.to_vec(), data.to_vec()));
        Ok(())
    }

    fn update_segment(&self, segment: &Segment) -> Result<(), Failure> {
        self.write_new()?;
        let Statistics { chunks, length, first, last, languages } = &segment.statistics;
        let signed = |number: u64| i64::try_from(number).map(Value::from).map_err(|_| BROKEN);
        let languages = languages_blob(languages);
        let sql = "UPDATE word_segments SET chunks = $2, length = $3, first = $4, last = $5, gone = $6, languages = $7 WHERE id = $1";
        let (first, last) = ((*first).into(), (*last).into());
        let values =
            [segment.id.into(), signed(*chunks)?, signed(*length)?, first, last, signed(segment.gone)?, languages.as_slice().into()];
        self.transaction.execute(sql, &values).map(drop)
    }

    fn remove_segment(&self, segment: i64) -> Result<(), Failure> {
        self.write_new()?;
        for table in ["word_blocks", "word_gone"] {
            self.transaction.execute(&format!("DELETE FROM {table} WHERE segment = $1"), &[segment.into()])?;
        }
        self.gone.borrow_mut().remove(&segment);
        self.behind.borrow_mut().remove(&segment);
        self.transaction.execute("DELETE FROM word_segments WHERE id = $1", &[segment.into()]).map(drop)
    }

    fn blocks_from(&self, segment: i64, key: &[u8], start: Start, take: Take<'_>) -> Result<(), Failure> {
        if self.looked_up.borrow().contains(&(segment, key.to_vec())) {
            let ahead = self.ahead.borrow();
            let Some(blocks) = ahead.get(&segment) else { return Ok(()) };
            let Some((first, data)) = blocks.range(..=key.to_vec()).next_back() else { return Ok(()) };
            if !take(first, data)? {
                return Ok(());
            }
            let behind = (std::ops::Bound::Excluded(key.to_vec()), std::ops::Bound::Unbounded);
            for (first, data) in blocks.range(behind) {
                if !take(first, data)? {
                    break;
                }
            }
            return Ok(());
        }
        let goes_on = match self.blocks(BEFORE, segment, key, 1)?.first() {
            Some((first, data)) => take(first, data)?,
            None => start == Start::BeforeOrFirst,
        };
        if !goes_on {
            return Ok(());
        }
        let (mut last, mut most) = (key.to_vec(), READ_FIRST);
        loop {
            let blocks = self.blocks(BEHIND, segment, &last, most)?;
            for (first, data) in &blocks {
                if !take(first, data)? {
                    return Ok(());
                }
            }
            match blocks.into_iter().next_back() {
                Some((first, _)) => last = first,
                None => return Ok(()),
            }
            most = READ_AT_ONCE;
        }
    }

    fn block_behind(&self, segment: i64, key: &[u8]) -> Result<Option<Keyed>, Failure> {
        let mut behind = self.behind.borrow_mut();
        let (given, read) = behind.entry(segment).or_default();
        // Who goes through a segment asks for one after the other.
        if given != key || read.is_empty() {
            *read = self.blocks(BEHIND, segment, key, READ_AT_ONCE)?;
            read.reverse();
        }
        let next = read.pop();
        if let Some((first, _)) = &next {
            given.clone_from(first);
        }
        Ok(next)
    }

    fn gone(&self, segment: i64, first: i64, last: i64, take: TakePart<'_>) -> Result<(), Failure> {
        self.with_gone(segment, |parts| parts.range(first..=last).try_for_each(|(part, bits)| take(*part, bits)))?
    }

    fn gone_bits(&self, segment: i64, part: i64, take: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
        self.with_gone(segment, |parts| parts.get(&part).into_iter().for_each(|bits| take(bits)))
    }

    fn put_gone(&self, segment: i64, part: i64, bits: &[u8]) -> Result<(), Failure> {
        self.gone.borrow_mut().remove(&segment);
        let sql = "INSERT INTO word_gone (segment, part, bits) VALUES ($1, $2, $3) ON CONFLICT (segment, part) DO UPDATE SET bits = excluded.bits";
        self.transaction.execute(sql, &[segment.into(), part.into(), bits.into()]).map(drop)
    }

    fn clear(&self) -> Result<(), Failure> {
        for table in ["word_blocks", "word_gone", "word_segments"] {
            self.transaction.execute(&format!("DELETE FROM {table}"), &[])?;
        }
        self.gone.borrow_mut().clear();
        self.behind.borrow_mut().clear();
        Ok(())
    }

    fn pages_of(&self, chunks: &[i64]) -> Result<HashMap<i64, i64>, Failure> {
        let sql = "SELECT id, page FROM chunks WHERE id = ANY ($1)";
        let pages = self.transaction.collect(sql, &[Value::Numbers(chunks)], |row| Ok((row.number(0)?, row.number(1)?)))?;
        Ok(pages.into_iter().collect())
    }

    fn beside(&self, chunks: &[i64]) -> Result<HashMap<i64, Beside>, Failure> {
        let beside = self
            .transaction
            .collect(BESIDE, &[Value::Numbers(chunks)], |row| Ok((row.number(0)?, [row.number_or_null(1)?, row.number_or_null(2)?])))?;
        Ok(beside.into_iter().collect())
    }

    fn look_ahead(&self, segments: &[&Segment], terms: &[&[u8]]) -> Result<(), Failure> {
        let mut sought: Vec<Sought> = segments.iter().flat_map(|segment| terms.iter().map(|term| Sought::of(segment, term))).collect();
        let mut ahead = self.ahead.borrow_mut();
        let mut looked_up = self.looked_up.borrow_mut();
        let mut add = |sought: &Sought, blocks: &[Block]| {
            ahead.entry(sought.segment).or_default().extend(blocks.iter().cloned());
            looked_up.insert((sought.segment, [&*sought.term, &[0; 9]].concat()));
        };
        if let Some(shared) = self.shared {
            let mut shared = lock(shared);
            sought.retain(|sought| shared.find(sought).map(|blocks| add(sought, &blocks)).is_none());
        }
        if sought.is_empty() {
            return Ok(());
        }
        let (of_segments, of_terms): (Vec<i64>, Vec<&[u8]>) = sought.iter().map(|sought| (sought.segment, &*sought.term)).unzip();
        let mut found: Vec<Vec<Block>> = vec![Vec::new(); sought.len()];
        for row in self.transaction.rows(AHEAD, &[Value::Numbers(&of_segments), Value::ByteLists(&of_terms)])? {
            let place = usize::try_from(row.number(0)? - 1).ok().and_then(|place| found.get_mut(place)).ok_or(BROKEN)?;
            place.push((row.bytes(1)?.to_vec(), row.bytes(2)?.into()));
        }
        for (sought, blocks) in sought.into_iter().zip(found) {
            add(&sought, &blocks);
            if let Some(shared) = self.shared {
                lock(shared).keep(sought, blocks.into());
            }
        }
        Ok(())
    }
}

/// A block behind its key.
type Block = (Vec<u8>, Arc<[u8]>);

/// What is looked up: a term in a segment. A segment that has the same number and counts is the same, and its blocks never change.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Sought {
    segment: i64,
    counts: [u64; 2],
    term: Vec<u8>,
}

impl Sought {
    fn of(segment: &Segment, term: &[u8]) -> Self {
        let Statistics { chunks, length, .. } = segment.statistics;
        Self { segment: segment.id, counts: [chunks, length], term: term.to_vec() }
    }
}

/// Blocks that were read for questions, as many as there is room for.
#[derive(Debug, Default)]
pub(super) struct Known {
    blocks: HashMap<Sought, (u64, Arc<[Block]>)>,
    bytes: usize,
    /// Look-ups so far: who was looked up last stays.
    now: u64,
}

impl Known {
    fn find(&mut self, sought: &Sought) -> Option<Arc<[Block]>> {
        self.now += 1;
        let (last, blocks) = self.blocks.get_mut(sought)?;
        *last = self.now;
        Some(Arc::clone(blocks))
    }

    fn keep(&mut self, sought: Sought, blocks: Arc<[Block]>) {
        let bytes = |blocks: &[Block]| ENTRY + blocks.iter().map(|(first, data)| ENTRY + first.len() + data.len()).sum::<usize>();
        if self.bytes + bytes(&blocks) > MOST_BYTES {
            // The half that was looked up longest ago goes, so that it is seldom.
            let mut times: Vec<u64> = self.blocks.values().map(|(last, _)| *last).collect();
            let half = times.len() / 2;
            let bound = if times.is_empty() { 0 } else { *times.select_nth_unstable(half).1 };
            self.blocks.retain(|_, (last, _)| *last > bound);
            self.bytes = self.blocks.values().map(|(_, blocks)| bytes(blocks)).sum();
        }
        let added = bytes(&blocks);
        if self.bytes + added <= MOST_BYTES {
            self.bytes += added;
            if let Some((_, before)) = self.blocks.insert(sought, (self.now, blocks)) {
                self.bytes -= bytes(&before);
            }
        }
    }
}

const BESIDE: &str = "
    SELECT c.id,
        (SELECT b.id FROM chunks AS b WHERE b.page = c.page AND b.kind = c.kind AND b.id < c.id ORDER BY b.id DESC LIMIT 1),
        (SELECT a.id FROM chunks AS a WHERE a.page = c.page AND a.kind = c.kind AND a.id > c.id ORDER BY a.id LIMIT 1)
    FROM chunks AS c WHERE c.id = ANY ($1)";
/// Of each segment and term: the last block that begins before it, and those that begin with it.
const AHEAD: &str = r"
    SELECT s.place, f.first, f.data FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS s (segment, term, place)
    CROSS JOIN LATERAL (
        (SELECT w.first, w.data FROM word_blocks AS w WHERE w.segment = s.segment AND w.first <= s.term || '\x000000000000000000'::bytea
         ORDER BY w.first DESC LIMIT 1)
        UNION ALL
        (SELECT w.first, w.data FROM word_blocks AS w WHERE w.segment = s.segment AND w.first > s.term || '\x000000000000000000'::bytea
         AND w.first < s.term || '\x01'::bytea)
    ) AS f";
/// Memory for blocks that are known.
const MOST_BYTES: usize = 64 << 20;
/// What an entry takes beside its bytes.
const ENTRY: usize = 96;
const BEFORE: &str = "SELECT first, data FROM word_blocks WHERE segment = $1 AND first <= $2 ORDER BY first DESC LIMIT $3";
const BEHIND: &str = "SELECT first, data FROM word_blocks WHERE segment = $1 AND first > $2 ORDER BY first LIMIT $3";
/// Blocks that are read where one may be enough, and where more are likely.
const READ_FIRST: usize = 4;
const READ_AT_ONCE: usize = 64;
const WRITTEN_AT_ONCE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(term: u32) -> Sought {
        Sought { segment: 1, counts: [2, 3], term: term.to_le_bytes().to_vec() }
    }

    #[test]
    fn what_was_looked_up_lately_is_known_and_there_is_a_bound() {
        let mut known = Known::default();
        let blocks = || Arc::from(vec![(vec![1], Arc::from(vec![0; 1 << 20]))]);
        for term in 0..200 {
            known.keep(sought(term), blocks());
            assert!(known.find(&sought(0)).is_some(), "it is asked for all the time");
            assert!(known.bytes <= MOST_BYTES && known.blocks.len() < 64, "{}", known.bytes);
        }
        assert!(known.find(&sought(199)).is_some() && known.find(&sought(1)).is_none());
        assert!(known.find(&Sought { counts: [2, 4], ..sought(199) }).is_none());
        known.keep(sought(999), Arc::from(vec![(vec![1], Arc::from(vec![0; 65 << 20]))]));
        assert!(known.find(&sought(999)).is_none(), "what is larger than all that there is room for is not kept");
    }
}
