//! Finds chunks by meaning: vectors as bytes with a scale, all of one model in memory, and which chunks say what each stands for.
//!
//! Follows the database by the numbers of its rows, so it does not matter which process wrote them. Does not know which model made them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use rusqlite::{Connection, OptionalExtension, Row, ToSql};

use super::pages::damaged;
use super::passages::{self, Kept, LIST_COLUMNS, Listed, VECTOR_COLUMNS, vector_agrees};
use super::scan::{Direction, Fetched, Look, Rows};
use super::sketches::{self, Part};
use crate::model::Wanted;
use crate::store::ModelSummary;
use crate::store::checksum::Checksum;
use crate::store::error::{Error, Failure};
use crate::store::fuse::Candidate;
use crate::store::near::{PARTS, SAMPLED, among_neighbours, steps};
use crate::store::words::Filter;

/// The row of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct ModelRow {
    pub id: i64,
    pub dimensions: usize,
    /// Passages that have a vector, said by chunks or not.
    pub vectors: u64,
    /// Chunks that have one.
    pub chunks: u64,
}

impl ModelRow {
    pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Self>, Failure> {
        Self::one(connection, "SELECT id, dimensions, vectors, chunks FROM models WHERE name = ?1", name)
    }

    /// The same, made where there is none.
    pub(super) fn made(connection: &Connection, name: &str, dimensions: u64) -> Result<Self, Failure> {
        connection
            .prepare_cached("INSERT INTO models (name, dimensions) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute((name, i64::try_from(dimensions).unwrap_or(i64::MAX)))?;
        Self::find(connection, name)?.ok_or(Failure::Malformed("a model just written is not there"))
    }

    pub(super) fn of(connection: &Connection, id: i64) -> Result<Option<Self>, Failure> {
        Self::one(connection, "SELECT id, dimensions, vectors, chunks FROM models WHERE id = ?1", id)
    }

    fn one(connection: &Connection, sql: &str, which: impl ToSql) -> Result<Option<Self>, Failure> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([which])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let number = |column| {
            let number: i64 = row.get(column)?;
            u64::try_from(number).map_err(|_| Failure::Malformed("a model has a negative number of vectors"))
        };
        let (dimensions, vectors, chunks) = (row.get::<_, u32>(1)?, number(2)?, number(3)?);
        if dimensions == 0 {
            return Err(Failure::Malformed("a model has no dimensions"));
        }
        Ok(Some(Self { id: row.get(0)?, dimensions: dimensions as usize, vectors, chunks }))
    }
}

/// The models that have vectors, those with the most first: it counts nothing, and there are few.
pub(super) fn models(connection: &Connection) -> Result<Vec<ModelSummary>, Failure> {
    let mut statement = connection
        .prepare_cached("SELECT name, dimensions, vectors FROM models WHERE vectors > 0 ORDER BY vectors DESC, id DESC LIMIT 100")?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let rows = statement.query_map([], read)?.collect::<Result<Vec<_>, _>>()?;
    let count = |number| u64::try_from(number).map_err(|_| Failure::Malformed("a model has a negative number"));
    rows.into_iter()
        .map(|(name, dimensions, vectors)| Ok(ModelSummary { name, dimensions: count(dimensions)?, vectors: count(vectors)? }))
        .collect()
}

/// What a file's newest rows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Newest {
    /// Of lists of pages: a page that is put or removed has another.
    pub list: i64,
    /// Of vectors, of whatever model.
    vector: i64,
}

impl Newest {
    pub(super) fn of(connection: &Connection) -> Result<Self, Failure> {
        let sql = "SELECT (SELECT coalesce(max(id), 0) FROM page_chunks), (SELECT coalesce(max(id), 0) FROM vectors)";
        Ok(connection.prepare_cached(sql)?.query_row([], |row| Ok(Self { list: row.get(0)?, vector: row.get(1)? }))?)
    }
}

/// All vectors of one model, in memory, and the chunks that they stand for.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    /// Up to where it has read.
    last: Newest,
    /// A vector a row, a row a passage.
    rows: Rows,
    row_of: Numbering,
    /// By row.
    passages: Vec<i64>,
    /// By row: what is asked of the first of its chunks first, apart from it as every search reads all of these.
    tags: Vec<Tag>,
    /// By row: the first chunk that says it; of any value where the tag says that none does.
    owners: Vec<Owner>,
    /// First chunks of passages that have no vector yet.
    waiting: HashMap<i64, (Owner, Tag)>,
    /// Chunks that say what another says, by passage and number.
    further: HashMap<i64, BTreeMap<i64, (i64, Tag)>>,
    /// By page: number of its source, and its list as it is stored.
    pages: HashMap<i64, Box<[u8]>>,
    /// Numbers of sources, by their place in tags.
    sources: Vec<i64>,
    places: HashMap<i64, u32>,
    /// Sketches in the file were not what was stored.
    is_unsound: bool,
    /// About the mean of all of them, and of how many it was made: once a search has asked for it.
    mean: OnceLock<(usize, Vec<f32>)>,
}

/// A chunk and its page.
#[derive(Clone, Copy, Debug, Default)]
struct Owner {
    chunk: i64,
    page: i64,
}

/// Kind and source of a chunk, and whether others say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tag(u32);

impl Tag {
    const NONE: Self = Self(0);
    const TEXT: u32 = 1;
    const CODE: u32 = 2;
    /// Others say the same.
    const SHARED: u32 = 4;
    /// The source's place is above these.
    const BITS: u32 = 3;

    fn with(self, bits: u32) -> Self {
        Self(self.0 | bits)
    }

    fn without(self, bits: u32) -> Self {
        Self(self.0 & !bits)
    }

    fn has(self, bits: u32) -> bool {
        self.0 & bits != 0
    }

    fn source(self) -> u32 {
        self.0 >> Self::BITS
    }
}

impl Matrix {
    pub(super) fn is_current(&self, newest: Newest, model: ModelRow) -> bool {
        newest.list <= self.last.list && newest.vector <= self.last.vector && !self.is_stale(model)
    }

    /// Whether it is better read anew than gone on with: most of it is gone from the file, or it is of another length.
    fn is_stale(&self, model: ModelRow) -> bool {
        let is_other = self.rows.len() > 0 && self.rows.dimensions() != model.dimensions;
        is_other || self.rows.len() as u64 > model.vectors.saturating_mul(2).saturating_add(20_000)
    }

    /// Brings it up to the state that `connection`'s transaction sees. Never goes back to an older one: a search that began before
    /// another process's write may come after one that began later.
    pub(super) fn follow(&mut self, connection: &Connection, model: ModelRow, newest: Newest) -> Result<(), Failure> {
        let center = sketches::center(connection, model)?;
        // With sketches about something else the ones in the file are of no use.
        if self.is_stale(model) || center.as_deref().is_some_and(|center| self.rows.center() != Some(center)) {
            *self = Self::default();
        }
        if self.rows.len() == 0 {
            self.rows = center.clone().map_or_else(|| Rows::new(model.dimensions), Rows::about);
        }
        if newest.vector > self.last.vector {
            match center {
                Some(center) => self.follow_sketches(connection, model, &center)?,
                None => _ = self.follow_vectors(connection, model, (self.last.vector, i64::MAX))?,
            }
            self.last.vector = newest.vector;
        }
        if newest.list > self.last.list {
            self.follow_lists(connection)?;
        }
        if self.mean.get().is_some_and(|(rows, _)| self.rows.len() - rows > rows / 8) {
            self.mean.take();
        }
        Ok(())
    }

    /// Until this is over nothing moves `last`: what is met again has its row by then.
    fn follow_sketches(&mut self, connection: &Connection, model: ModelRow, center: &[i8]) -> Result<(), Failure> {
        let mut is_whole = true;
        let kept = sketches::each(connection, model, center, self.last.vector, |part| {
            match part {
                Part::Sketches(sketched) => {
                    sketched.vectors().for_each(|(passage, sketch, factor)| self.add_sketch(passage, sketch, factor))
                }
                // Only the newest have no sketches yet.
                Part::Vectors(after, to) => is_whole &= self.follow_vectors(connection, model, (after, to))? == 0 || to == i64::MAX,
            }
            Ok(())
        })?;
        self.is_unsound |= kept == Kept::NotAll || !is_whole;
        Ok(())
    }

    /// Those with numbers greater than the first and up to the second; how many they were.
    fn follow_vectors(&mut self, connection: &Connection, model: ModelRow, between: (i64, i64)) -> Result<u64, Failure> {
        let sql = format!("SELECT {VECTOR_COLUMNS} FROM vectors WHERE model = ?1 AND id > ?2 AND id <= ?3 ORDER BY id");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((model.id, between.0, between.1))?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            if let Some((scale, data)) = whole(connection, model, row)? {
                self.add(row.get(1)?, scale, data);
                count += 1;
            }
        }
        Ok(count)
    }

    /// Reads vectors that are here by their sketches alone. One that is gone is none any more.
    fn read(&self, connection: &Connection, model: ModelRow, rows: &[usize], fetched: &mut Fetched) -> Result<(), Failure> {
        let sql = format!(
            "SELECT {VECTOR_COLUMNS} FROM vectors WHERE id = (SELECT e.vector FROM embedded AS e WHERE e.passage = ?1 AND e.model = ?2)"
        );
        let mut find = connection.prepare_cached(&sql)?;
        for &row in rows {
            let mut found = find.query((self.passages[row], model.id))?;
            if let Some(found) = found.next()?
                && let Some((scale, data)) = whole(connection, model, found)?
            {
                fetched.add(row, data, scale);
            }
        }
        Ok(())
    }

    /// Keeps what a search has read.
    pub(super) fn keep(&mut self, read: Vec<(i64, f32, Box<[u8]>)>) {
        for (passage, scale, data) in read {
            // It may have been read anew meanwhile.
            if let Some(row) = self.row_of.find(passage).filter(|_| data.len() == self.rows.dimensions()) {
                self.rows.keep(row, &data, scale);
            }
        }
    }

    /// Whether sketches in the file were not what was stored; asked once.
    pub(super) fn take_unsound(&mut self) -> bool {
        std::mem::take(&mut self.is_unsound)
    }

    pub(super) fn is_unsound(&self) -> bool {
        self.is_unsound
    }

    fn add_sketch(&mut self, passage: i64, sketch: &[u8], factor: f32) {
        // What was read as a vector has its sketch.
        if self.row_of.find(passage).is_none() {
            self.rows.push_sketch(sketch, factor);
            self.enrol(passage);
        }
    }

    fn add(&mut self, passage: i64, scale: f32, data: &[u8]) {
        if let Some(row) = self.row_of.find(passage) {
            // Stored anew, after it was found damaged.
            self.rows.set(row, data, scale);
            return;
        }
        self.rows.push(data, scale);
        self.enrol(passage);
    }

    /// The last row is of this passage.
    fn enrol(&mut self, passage: i64) {
        self.row_of.add(passage, self.rows.len() - 1);
        self.passages.push(passage);
        let waiting = if self.waiting.is_empty() { None } else { self.waiting.remove(&passage) };
        let (owner, tag) = waiting.unwrap_or((Owner::default(), Tag::NONE));
        self.owners.push(owner);
        self.tags.push(tag);
        if self.waiting.capacity() > 1_000 && self.waiting.len() < self.waiting.capacity() / 8 {
            self.waiting.shrink_to_fit();
        }
    }

    fn follow_lists(&mut self, connection: &Connection) -> Result<(), Failure> {
        let forgotten: i64 = connection.prepare_cached("SELECT coalesce(max(list), 0) FROM forgotten")?.query_row([], |row| row.get(0))?;
        if self.last.list < forgotten {
            self.forget_lists();
        }
        let mut statement = connection.prepare_cached(&format!("SELECT {LIST_COLUMNS} FROM page_chunks WHERE id > ?1 ORDER BY id"))?;
        let mut rows = statement.query([self.last.list])?;
        while let Some(row) = rows.next()? {
            let malformed = || Failure::Malformed("the list of a page's chunks is none");
            if !Checksum::default().columns(row, 0..3)?.agrees(row.get_ref(3)?) {
                let there = "SELECT 1 FROM pages WHERE id = ?1";
                match connection.prepare_cached(there)?.query_row([row.get::<_, i64>(0)?], |_| Ok(())).optional()? {
                    Some(()) => return Err(damaged(connection, "the list of passages", row.get_ref(0)?)),
                    // It says that a page is gone, and no search can answer with that.
                    None => continue,
                }
            }
            let (page, source): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
            let bytes = row.get_ref(2)?.as_blob().map_err(|_| malformed())?;
            let listed = passages::decode(bytes).ok_or_else(malformed)?;
            self.leave(page);
            if let Some(source) = source {
                let place = self.place_of(source);
                for of in listed {
                    let kind = if of.is_code { Tag::CODE } else { Tag::TEXT };
                    self.enter(of.passage, Owner { chunk: of.chunk, page }, Tag(place << Tag::BITS | kind));
                }
                self.pages.insert(page, bytes.into());
            }
            self.last.list = row.get(4)?;
        }
        Ok(())
    }

    /// The rows of what stands beside a chunk on its page, of the same kind. `lists` has what pages say, once they have been looked at.
    fn beside(&self, owner: Owner, lists: &mut HashMap<i64, Vec<Listed>>) -> [Option<usize>; 2] {
        let said = || self.pages.get(&owner.page).and_then(|bytes| passages::decode(bytes)).unwrap_or_default();
        let list = lists.entry(owner.page).or_insert_with(said);
        let Ok(at) = list.binary_search_by_key(&owner.chunk, |of| of.chunk) else { return [None; 2] };
        let is_alike = |of: &&Listed| of.is_code == list[at].is_code;
        let beside = [list[..at].iter().rev().find(is_alike), list[at + 1..].iter().find(is_alike)];
        beside.map(|of| self.row_of.look(of?.passage))
    }

    fn place_of(&mut self, source: i64) -> u32 {
        let (sources, next) = (&mut self.sources, self.places.len() as u32);
        *self.places.entry(source).or_insert_with(|| {
            sources.push(source);
            next
        })
    }

    fn forget_lists(&mut self) {
        self.tags.fill(Tag::NONE);
        self.waiting.clear();
        self.further.clear();
        self.pages.clear();
        self.last.list = 0;
    }

    /// A chunk says a passage.
    fn enter(&mut self, passage: i64, owner: Owner, tag: Tag) {
        let row = self.row_of.find(passage);
        let first = match row {
            Some(row) => {
                if self.tags[row] == Tag::NONE {
                    (self.owners[row], self.tags[row]) = (owner, tag);
                    return;
                }
                &mut self.tags[row]
            }
            None => match self.waiting.entry(passage) {
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert((owner, tag));
                    return;
                }
                std::collections::hash_map::Entry::Occupied(place) => &mut place.into_mut().1,
            },
        };
        *first = first.with(Tag::SHARED);
        self.further.entry(passage).or_default().insert(owner.chunk, (owner.page, tag));
    }

    /// What a page said it says no more.
    fn leave(&mut self, page: i64) {
        let Some(bytes) = self.pages.remove(&page) else { return };
        for of in passages::decode(&bytes).unwrap_or_default() {
            let row = self.row_of.find(of.passage);
            let first = match row {
                Some(row) => (self.tags[row] != Tag::NONE).then(|| (self.owners[row], self.tags[row])),
                None => self.waiting.get(&of.passage).copied(),
            };
            let Some((owner, tag)) = first else { continue };
            let mut further = self.further.remove(&of.passage).unwrap_or_default();
            let first = if owner.chunk == of.chunk {
                further.pop_first().map(|(chunk, (page, tag))| (Owner { chunk, page }, tag))
            } else {
                further.remove(&of.chunk);
                Some((owner, tag.without(Tag::SHARED)))
            };
            let first = first.map(|(owner, tag)| (owner, if further.is_empty() { tag } else { tag.with(Tag::SHARED) }));
            if !further.is_empty() {
                self.further.insert(of.passage, further);
            }
            match (row, first) {
                (Some(row), first) => (self.owners[row], self.tags[row]) = first.unwrap_or((Owner::default(), Tag::NONE)),
                (None, Some(first)) => _ = self.waiting.insert(of.passage, first),
                (None, None) => _ = self.waiting.remove(&of.passage),
            }
        }
    }

    /// About the mean of the model's vectors, of as many as it had when it was asked for.
    pub(super) fn mean(&self, connection: &Connection, model: ModelRow) -> Result<&[f32], Failure> {
        if let Some((_, mean)) = self.mean.get() {
            return Ok(mean);
        }
        let mean = mean(connection, model)?;
        Ok(&self.mean.get_or_init(|| (self.rows.len(), mean)).1)
    }

    /// The chunks nearest to what is looked for, best first, each with its cosine with what was asked.
    /// Of vectors that are here by their sketches alone those that come near are read; they are to be [kept](Self::keep).
    pub(super) fn nearest(
        &self,
        connection: &Connection,
        model: ModelRow,
        (sought, asked): (&[f32], &[f32]),
        filter: Filter<'_>,
    ) -> Result<Nearest, Failure> {
        let Some(asked) = direction(asked) else { return Err(Error::BadQueryVector.into()) };
        let direction = direction(sought).unwrap_or_else(|| asked.clone());
        let kind = match filter.wanted {
            Wanted::Text => Tag::TEXT,
            Wanted::Code => Tag::CODE,
        };
        let source = match filter.source.map(|source| self.places.get(&source)) {
            None => None,
            Some(Some(place)) => Some(*place),
            Some(None) => return Ok(Nearest::default()),
        };
        let among = filter.among;
        let fits = |tag: Tag, chunk: i64| {
            tag.has(kind) && source.is_none_or(|source| source == tag.source()) && among.is_none_or(|among| among.contains(chunk))
        };
        let others = |row: usize| {
            let others = if self.tags[row].has(Tag::SHARED) { self.further.get(&self.passages[row]) } else { None };
            others.into_iter().flatten().map(|(chunk, (page, tag))| (Owner { chunk: *chunk, page: *page }, *tag))
        };
        // All rows are asked for by every search: each question by itself, so that most are answered for many rows at once.
        let admit = |from: usize, admitted: &mut [bool]| {
            let tags = &self.tags[from..from + admitted.len()];
            let tagged = admitted.iter_mut().zip(tags);
            match source {
                None => tagged.for_each(|(admitted, tag)| *admitted = tag.has(kind)),
                Some(source) => tagged.for_each(|(admitted, tag)| *admitted = tag.has(kind) & (tag.source() == source)),
            }
            if let Some(among) = among {
                let chosen = admitted.iter_mut().zip(&self.owners[from..]).filter(|(admitted, _)| **admitted);
                chosen.for_each(|(admitted, owner)| *admitted = among.contains(owner.chunk));
            }
            if !self.further.is_empty() {
                let left = admitted.iter_mut().zip(from..).filter(|(admitted, row)| !**admitted && self.tags[*row].has(Tag::SHARED));
                left.for_each(|(admitted, row)| *admitted = others(row).any(|(owner, tag)| fits(tag, owner.chunk)));
            }
        };
        let mut look =
            Look::at(&self.rows, &direction, |rows: &[usize], fetched: &mut Fetched| self.read(connection, model, rows, fetched));
        let mut owners = Vec::new();
        for (row, cosine) in look.nearest(filter.certain(), filter.room(), admit)? {
            let all = std::iter::once((self.owners[row], self.tags[row])).chain(others(row));
            let fitting = all.filter(|(owner, tag)| fits(*tag, owner.chunk)).take(filter.room());
            owners.extend(fitting.map(|(owner, _)| (owner, row, cosine)));
        }
        let mut lists = HashMap::new();
        let beside: Vec<_> = owners.iter().map(|(owner, ..)| self.beside(*owner, &mut lists)).collect();
        let rows: BTreeSet<usize> = beside.iter().flatten().flatten().copied().collect();
        let products: HashMap<usize, f32> = look.products(rows.into_iter())?.into_iter().collect();
        let found: BTreeSet<usize> = owners.iter().map(|(_, row, _)| *row).collect();
        let cosines: HashMap<usize, f32> = look.ask(&asked).products(found.into_iter())?.into_iter().collect();
        let candidate = |((owner, row, cosine), beside): ((Owner, usize, f32), [Option<usize>; 2])| Candidate {
            found: cosines.get(&row).copied().unwrap_or(cosine),
            key: if filter.distinct_pages { owner.page } else { owner.chunk },
            chunk: owner.chunk,
            score: among_neighbours(cosine, beside.into_iter().flatten().filter_map(|row| products.get(&row).copied())),
        };
        let mut found: Vec<_> = owners.into_iter().zip(beside).map(candidate).collect();
        // Equal scores by age.
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        found.truncate(filter.room());
        let read = look.into_fetched().map(|(row, scale, data)| (self.passages[row], scale, data)).collect();
        Ok(Nearest { found, read })
    }
}

/// What a search by meaning has found.
#[derive(Debug, Default)]
pub(super) struct Nearest {
    /// Best first.
    pub found: Vec<Candidate>,
    /// Passage, scale and data of vectors that were not in memory.
    pub read: Vec<(i64, f32, Box<[u8]>)>,
}

/// Scale and data of a row of `VECTOR_COLUMNS`. Damage of vectors that no page has is none to a search.
fn whole<'a>(connection: &Connection, model: ModelRow, row: &'a Row<'_>) -> Result<Option<(f32, &'a [u8])>, Failure> {
    if !vector_agrees(row)? {
        return passages::damaged_vector(connection, model.id, row.get(5)?, row.get(1).ok())?.map_or(Ok(None), Err);
    }
    let data = row.get_ref(3)?.as_blob().map_err(|_| Failure::Malformed("a vector is no blob"))?;
    if data.len() != model.dimensions {
        return Err(Failure::Malformed("a vector has another length than its model"));
    }
    let scale: f32 = row.get(2)?;
    if !scale.is_finite() {
        return Err(Failure::Malformed("the scale of a vector is no number"));
    }
    Ok(Some((scale, data)))
}

/// The vectors of a model for what these chunks say, in their order.
pub(super) fn vectors_of(connection: &Connection, model: ModelRow, chunks: &[i64]) -> Result<Vec<Option<Vec<f32>>>, Failure> {
    let sql = format!(
        "SELECT {VECTOR_COLUMNS} FROM vectors WHERE id = (
             SELECT e.vector FROM chunks AS c JOIN embedded AS e ON e.passage = c.passage WHERE c.id = ?1 AND e.model = ?2
         )"
    );
    let mut find = connection.prepare_cached(&sql)?;
    let mut found = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let mut rows = find.query((chunk, model.id))?;
        let stored = rows.next()?.map_or(Ok(None), |row| whole(connection, model, row))?;
        // The bytes are the two's complement of each step.
        found.push(stored.map(|(scale, data)| data.iter().map(|byte| f32::from(*byte as i8) * scale).collect()));
    }
    Ok(found)
}

/// The mean of all vectors of a model, or of some from all over them. What is damaged is left out.
fn mean(connection: &Connection, model: ModelRow) -> Result<Vec<f32>, Failure> {
    let ends = "SELECT (SELECT min(id) FROM vectors WHERE model = ?1), (SELECT max(id) FROM vectors WHERE model = ?1)";
    let ends: (Option<i64>, Option<i64>) = connection.prepare_cached(ends)?.query_row([model.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (first, last) = (ends.0.unwrap_or(0), ends.1.unwrap_or(0));
    let (parts, of_each) = if model.vectors <= SAMPLED { (1, SAMPLED) } else { (PARTS, SAMPLED / PARTS) };
    let width = (last.saturating_sub(first) / parts.cast_signed()).saturating_add(1);
    let sql = format!("SELECT {VECTOR_COLUMNS} FROM vectors WHERE model = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id LIMIT ?4");
    let mut find = connection.prepare_cached(&sql)?;
    let (mut sums, mut count) = (vec![0.0; model.dimensions], 0.0_f32);
    for part in 0..parts.cast_signed() {
        let from = first.saturating_add(part.saturating_mul(width));
        let mut rows = find.query((model.id, from, from.saturating_add(width - 1), of_each.cast_signed()))?;
        while let Some(row) = rows.next()? {
            if !vector_agrees(row)? {
                continue;
            }
            if let Some((scale, data)) = whole(connection, model, row)? {
                sums.iter_mut().zip(data).for_each(|(sum, step)| *sum += f32::from(step.cast_signed()) * scale);
                count += 1.0;
            }
        }
    }
    sums.iter_mut().for_each(|sum| *sum /= count.max(1.0));
    Ok(sums)
}

/// None for a query without direction.
fn direction(query: &[f32]) -> Option<Direction> {
    // As fine as products of the two still fit a sum of i32: then the query loses nothing that counts.
    let finest = i32::MAX / (i32::from(i8::MAX) * i32::try_from(query.len()).ok()?.max(1));
    let (steps, scale) = steps(query, finest.min(i32::from(i16::MAX)) as f32)?;
    Some(Direction { steps: steps.map(|step| step as i16).collect(), scale })
}

/// Which row a passage has. Passages are numbered one after the other, and nearly all have a row: so rows stand by their passages, some
/// passages together.
#[derive(Debug, Default)]
struct Numbering {
    /// Where in `rows` such passages are.
    places: HashMap<i64, usize>,
    rows: Vec<[u32; TOGETHER as usize]>,
    /// The passages that were found last, and where: the next one is beside it, mostly.
    last: Option<(i64, usize)>,
}

impl Numbering {
    fn add(&mut self, passage: i64, row: usize) {
        let key = passage.div_euclid(TOGETHER);
        let place = self.last.filter(|last| last.0 == key).map_or_else(
            || {
                *self.places.entry(key).or_insert_with(|| {
                    self.rows.push([NO_ROW; TOGETHER as usize]);
                    self.rows.len() - 1
                })
            },
            |last| last.1,
        );
        self.last = Some((key, place));
        self.rows[place][passage.rem_euclid(TOGETHER) as usize] = row as u32;
    }

    fn find(&mut self, passage: i64) -> Option<usize> {
        let key = passage.div_euclid(TOGETHER);
        if self.last.is_none_or(|last| last.0 != key) {
            self.last = Some((key, *self.places.get(&key)?));
        }
        self.last.and_then(|last| self.at(last.1, passage))
    }

    /// As `find`, for many readers at once.
    fn look(&self, passage: i64) -> Option<usize> {
        self.places.get(&passage.div_euclid(TOGETHER)).and_then(|place| self.at(*place, passage))
    }

    fn at(&self, place: usize, passage: i64) -> Option<usize> {
        let row = self.rows[place][passage.rem_euclid(TOGETHER) as usize];
        (row != NO_ROW).then_some(row as usize)
    }
}

/// So many that those of a page are found by a look or two; so few that passages far from each other, each alone among its neighbours, take
/// about as much room as their vectors again.
const TOGETHER: i64 = 128;
const NO_ROW: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::store::near::quantise;

    /// Random numbers that are the same in every run (xorshift).
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> f32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            // The sum of a few is near enough to a normal distribution.
            (0..4).map(|part| ((self.0 >> (part * 16)) & 0xffff) as f32 / 65_536.0 - 0.5).sum()
        }

        fn vector(&mut self, center: Option<&[f32]>, spread: f32) -> Vec<f32> {
            let drawn: Vec<f32> = (0..DIMENSIONS).map(|at| center.map_or(0.0, |center| center[at]) + spread * self.next()).collect();
            let length = drawn.iter().map(|component| component * component).sum::<f32>().sqrt();
            drawn.into_iter().map(|component| component / length).collect()
        }
    }

    const DIMENSIONS: usize = 384;

    /// Three vectors a page, every other page's of another source.
    fn matrix(vectors: &[Vec<f32>]) -> Matrix {
        let mut matrix = Matrix { rows: Rows::new(vectors[0].len()), ..Matrix::default() };
        for (vector, id) in vectors.iter().zip(1..) {
            let quantised = quantise(vector).unwrap();
            matrix.add(id, quantised.scale, &quantised.data);
            let place = matrix.place_of(id % 2);
            matrix.enter(id, Owner { chunk: id, page: id / 3 }, Tag(place << Tag::BITS | Tag::TEXT));
        }
        matrix
    }

    /// Of vectors that are all in memory.
    fn nearest(matrix: &Matrix, query: &[f32], filter: Filter<'_>) -> Vec<Candidate> {
        let model = ModelRow { id: 1, dimensions: query.len(), vectors: matrix.rows.len() as u64, chunks: 0 };
        let nearest = matrix.nearest(&Connection::open_in_memory().unwrap(), model, (query, query), filter).unwrap();
        assert_eq!(nearest.read, []);
        nearest.found
    }

    fn filter(limit: usize) -> Filter<'static> {
        Filter { wanted: Wanted::Text, source: None, among: None, distinct_pages: false, limit }
    }

    fn exact(vectors: &[Vec<f32>], query: &[f32], limit: usize) -> HashSet<i64> {
        let dot = |vector: &Vec<f32>| vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
        let mut ranked: Vec<(f32, i64)> = vectors.iter().map(dot).zip(1..).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        ranked.into_iter().take(limit).map(|(_, id)| id).collect()
    }

    fn recall(vectors: &[Vec<f32>], queries: &[Vec<f32>]) -> f64 {
        let matrix = matrix(vectors);
        let kept = |query: &Vec<f32>| {
            let expected = exact(vectors, query, 10);
            nearest(&matrix, query, filter(10)).iter().filter(|found| expected.contains(&found.chunk)).count()
        };
        queries.iter().map(kept).sum::<usize>() as f64 / (10 * queries.len()) as f64
    }

    #[test]
    fn bytes_find_what_floats_find() {
        let mut numbers = Numbers(0x5eed);
        let random: Vec<_> = (0..2_000).map(|_| numbers.vector(None, 1.0)).collect();
        let queries: Vec<_> = (0..40).map(|_| numbers.vector(None, 1.0)).collect();
        let found = recall(&random, &queries);
        assert!(found >= 0.98, "random: {found}");
        let centers: Vec<_> = (0..20).map(|_| numbers.vector(None, 1.0)).collect();
        let clustered: Vec<_> = (0..2_000).map(|at| numbers.vector(Some(&centers[at % 20]), 0.08)).collect();
        let queries: Vec<_> = (0..40).map(|at| numbers.vector(Some(&centers[at % 20]), 0.08)).collect();
        let found = recall(&clustered, &queries);
        assert!(found >= 0.98, "clustered: {found}");
    }

    #[test]
    fn scores_are_cosines() {
        let mut numbers = Numbers(7);
        let vectors: Vec<_> = (0..50).map(|_| numbers.vector(None, 1.0)).collect();
        let found = nearest(&matrix(&vectors), &vectors[20], filter(3));
        assert_eq!(found[0].chunk, 21);
        assert!((found[0].score - 1.0).abs() < 0.01, "{}", found[0].score);
    }

    #[test]
    fn filters_narrow_the_scan() {
        let mut numbers = Numbers(9);
        let vectors: Vec<_> = (0..60).map(|_| numbers.vector(None, 1.0)).collect();
        let matrix = matrix(&vectors);
        let odd = nearest(&matrix, &vectors[0], Filter { source: Some(1), ..filter(60) });
        assert!(odd.len() == 30 && odd.iter().all(|found| found.chunk % 2 == 1));
        let pages = nearest(&matrix, &vectors[0], Filter { distinct_pages: true, ..filter(20) });
        assert!(pages.iter().all(|found| found.key == found.chunk / 3) && pages.len() == 60);
        assert_eq!(nearest(&matrix, &vectors[0], Filter { wanted: Wanted::Code, ..filter(5) }), []);
    }

    #[test]
    fn each_passage_has_its_row_wherever_its_number_is() {
        let mut numbering = Numbering::default();
        let passages: Vec<i64> = (1..100).rev().chain([-1, -TOGETHER, -TOGETHER - 1, i64::MIN, i64::MAX, 1 << 40, 4_000, 0]).collect();
        for (row, &passage) in passages.iter().enumerate() {
            assert_eq!((numbering.find(passage), numbering.look(passage)), (None, None), "{passage}");
            numbering.add(passage, row);
        }
        for (row, &passage) in passages.iter().enumerate() {
            assert_eq!((numbering.find(passage), numbering.look(passage)), (Some(row), Some(row)), "{passage}");
        }
        assert_eq!((numbering.find(100), numbering.look(i64::MIN + 1), numbering.find(7_777)), (None, None, None));
    }

    #[test]
    fn a_vector_without_direction_is_refused() {
        for vector in [&[][..], &[0.0, 0.0], &[1.0, f32::NAN], &[f32::INFINITY, 0.0], &[f32::MIN_POSITIVE / 2.0, 0.0]] {
            let refused = quantise(vector).is_none_or(|kept| kept.scale.is_finite() && kept.data.iter().any(|&byte| byte != 0));
            assert!(refused, "{vector:?}");
        }
        assert_eq!(quantise(&[0.0; 3]), None);
        assert_eq!(quantise(&[f32::NAN; 3]), None);
        assert_eq!(direction(&[0.0; 3]), None);
        assert_eq!(quantise(&[-1.0, 0.5]).unwrap().data, [129, 64]);
    }

    #[test]
    fn the_sum_of_products_cannot_overflow() {
        for dimensions in [1, 2, 384, 1_536, 4_096] {
            let ones = vec![1.0; dimensions];
            let matrix = matrix(std::slice::from_ref(&ones));
            let found = nearest(&matrix, &ones, filter(1));
            assert!((found[0].score / dimensions as f32 - 1.0).abs() < 0.001, "{dimensions}: {}", found[0].score);
        }
    }
}
