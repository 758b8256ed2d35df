//! Finds chunks by meaning: vectors as bytes with a scale, all of one model in memory, every one compared.
//!
//! Exact search is quick enough: 100,000 vectors of 384 bytes are 38 MB, read once per query. Does not know which model made them.

use rusqlite::Connection;

use super::checksum::Checksum;
use super::error::Failure;
use super::fuse::{Best, Candidate};
use super::lexical::Filter;
use super::pages::{VECTOR_COLUMNS, damaged};
use crate::model::Wanted;

/// A vector as bytes: a component is `data[i] * scale`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantised {
    pub scale: f32,
    pub data: Vec<u8>,
}

/// None for a vector without direction: empty, all zeros, or with a component that is no finite number.
pub(super) fn quantise(vector: &[f32]) -> Option<Quantised> {
    let (steps, scale) = steps(vector, f32::from(i8::MAX))?;
    // The blob holds the two's complement of each step.
    let data = steps.map(|step| step as i8 as u8).collect();
    Some(Quantised { scale, data })
}

/// The components in units of the scale that makes the largest one `limit`.
fn steps(vector: &[f32], limit: f32) -> Option<(impl Iterator<Item = f32>, f32)> {
    let largest = vector.iter().fold(0.0_f32, |largest, component| largest.max(component.abs()));
    let usable = largest > 0.0 && vector.iter().all(|component| component.is_finite());
    let scale = largest / limit;
    (usable && scale > 0.0).then(|| (vector.iter().map(move |component| (component / scale).round()), scale))
}

/// The row of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct ModelRow {
    pub id: i64,
    pub dimensions: usize,
    pub vectors: u64,
    /// How many of its vectors have ever been deleted: rises with each, so that a copy in memory can tell whether it is stale.
    deletions: i64,
}

impl ModelRow {
    pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Self>, Failure> {
        let mut statement = connection.prepare_cached("SELECT id, dimensions, vectors, deletions FROM models WHERE name = ?1")?;
        let mut rows = statement.query([name])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (dimensions, vectors): (u32, i64) = (row.get(1)?, row.get(2)?);
        let vectors = u64::try_from(vectors).map_err(|_| Failure::Malformed("a model has a negative number of vectors"))?;
        Ok(Some(Self { id: row.get(0)?, dimensions: dimensions as usize, vectors, deletions: row.get(3)? }))
    }
}

/// All vectors of one model, in memory. Follows the database by the ids of rows, so it does not matter which process wrote them.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    /// The highest `vectors.id` that was read.
    last: i64,
    /// `models.deletions` as of the last look.
    deletions: i64,
    text: Shelf,
    code: Shelf,
}

impl Matrix {
    /// Brings the matrix up to the state that `connection`'s transaction sees. Never goes back to an older one: a search that began
    /// before another process's write may come after one that began later.
    pub(super) fn follow(&mut self, connection: &Connection, model: ModelRow) -> Result<(), Failure> {
        if model.deletions > self.deletions {
            self.forget_deleted(connection, model)?;
        }
        // CROSS JOIN: the new rows come first, their pages after; the other way round every vector is looked at each time.
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {VECTOR_COLUMNS}, v.id, p.source FROM vectors AS v CROSS JOIN pages AS p ON p.id = v.page
             WHERE v.id > ?1 AND v.model = ?2 ORDER BY v.id"
        ))?;
        let mut rows = statement.query((self.last, model.id))?;
        while let Some(row) = rows.next()? {
            if !Checksum::default().columns(row, 0..6)?.agrees(row.get_ref(6)?) {
                return Err(damaged(connection, "a vector", row.get_ref(2)?));
            }
            let kind: i64 = row.get(3)?;
            let data = row.get_ref(5)?.as_blob().map_err(|_| Failure::Malformed("a vector is no blob"))?;
            if data.len() != model.dimensions {
                return Err(Failure::Malformed("a vector has another length than its model"));
            }
            let (id, scale): (_, f32) = (row.get(7)?, row.get(4)?);
            if !scale.is_finite() {
                return Err(Failure::Malformed("the scale of a vector is no number"));
            }
            let shelf = if kind == 0 { &mut self.text } else { &mut self.code };
            shelf.rows.push(Row { id, chunk: row.get(0)?, page: row.get(2)?, source: row.get(8)?, scale });
            shelf.data.extend(data.iter().map(|&byte| byte as i8));
            self.last = id;
        }
        Ok(())
    }

    fn forget_deleted(&mut self, connection: &Connection, model: ModelRow) -> Result<(), Failure> {
        let mut statement = connection.prepare_cached("SELECT id FROM vectors WHERE model = ?1")?;
        let mut alive = statement.query_map([model.id], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?;
        alive.sort_unstable();
        for shelf in [&mut self.text, &mut self.code] {
            shelf.retain(&alive, model.dimensions);
        }
        self.deletions = model.deletions;
        Ok(())
    }

    /// The vectors nearest to the query, best first; None for a query without direction.
    pub(super) fn nearest(&self, query: &[f32], filter: Filter<'_>) -> Option<Vec<Candidate>> {
        let shelf = match filter.wanted {
            Wanted::Text => &self.text,
            Wanted::Code => &self.code,
        };
        // As fine as products of the two still fit a sum of i32: then the query loses nothing that counts.
        let finest = i32::MAX / (i32::from(i8::MAX) * i32::try_from(query.len()).ok()?.max(1));
        let (steps, scale) = steps(query, finest.min(i32::from(i16::MAX)) as f32)?;
        let query: Vec<i16> = steps.map(|step| step as i16).collect();
        Some(shelf.nearest(&query, scale, filter))
    }
}

/// The vectors of one kind of chunk.
#[derive(Debug, Default)]
struct Shelf {
    /// Ascending by id.
    rows: Vec<Row>,
    /// The vectors of `rows`, one after the other.
    data: Vec<i8>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    id: i64,
    chunk: i64,
    page: i64,
    source: i64,
    scale: f32,
}

impl Shelf {
    /// Keeps the rows whose ids are in `alive`, which is sorted.
    fn retain(&mut self, alive: &[i64], dimensions: usize) {
        let mut kept = 0;
        for at in 0..self.rows.len() {
            if alive.binary_search(&self.rows[at].id).is_ok() {
                self.rows[kept] = self.rows[at];
                self.data.copy_within(at * dimensions..(at + 1) * dimensions, kept * dimensions);
                kept += 1;
            }
        }
        self.rows.truncate(kept);
        self.data.truncate(kept * dimensions);
    }

    fn nearest(&self, query: &[i16], scale: f32, filter: Filter<'_>) -> Vec<Candidate> {
        let mut best = Best::new(filter.room());
        for (row, data) in self.rows.iter().zip(self.data.chunks_exact(query.len())) {
            if filter.source.is_none_or(|source| source == row.source) && filter.admits(row.chunk) {
                let key = if filter.distinct_pages { row.page } else { row.chunk };
                best.push(Candidate { key, chunk: row.chunk, score: dot(data, query) as f32 * row.scale * scale, found: 0.0 });
            }
        }
        best.into_sorted()
    }
}

/// A sum for each of 32 lanes: the compiler makes wide instructions of that on every target, of a single sum it does not.
fn dot(row: &[i8], query: &[i16]) -> i32 {
    let product = |row: &i8, query: &i16| i32::from(*row) * i32::from(*query);
    let (row_lanes, row_rest) = row.as_chunks::<32>();
    let (query_lanes, query_rest) = query.as_chunks::<32>();
    let mut sums = [0; 32];
    for (row, query) in row_lanes.iter().zip(query_lanes) {
        for lane in 0..32 {
            sums[lane] += product(&row[lane], &query[lane]);
        }
    }
    sums.iter().sum::<i32>() + row_rest.iter().zip(query_rest).map(|(row, query)| product(row, query)).sum::<i32>()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

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

    fn shelf(vectors: &[Vec<f32>]) -> Matrix {
        let mut matrix = Matrix::default();
        for (vector, id) in vectors.iter().zip(0..) {
            let quantised = quantise(vector).unwrap();
            matrix.text.rows.push(Row { id, chunk: id, page: id / 3, source: id % 2, scale: quantised.scale });
            matrix.text.data.extend(quantised.data.iter().map(|&byte| byte as i8));
        }
        matrix
    }

    fn filter(limit: usize) -> Filter<'static> {
        Filter { wanted: Wanted::Text, source: None, among: None, distinct_pages: false, limit }
    }

    fn exact(vectors: &[Vec<f32>], query: &[f32], limit: usize) -> HashSet<i64> {
        let dot = |vector: &Vec<f32>| vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
        let mut ranked: Vec<(f32, i64)> = vectors.iter().map(dot).zip(0..).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        ranked.into_iter().take(limit).map(|(_, id)| id).collect()
    }

    fn recall(vectors: &[Vec<f32>], queries: &[Vec<f32>]) -> f64 {
        let matrix = shelf(vectors);
        let kept = |query: &Vec<f32>| {
            let expected = exact(vectors, query, 10);
            matrix.nearest(query, filter(10)).unwrap().iter().filter(|found| expected.contains(&found.chunk)).count()
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
        let found = shelf(&vectors).nearest(&vectors[20], filter(3)).unwrap();
        assert_eq!(found[0].chunk, 20);
        assert!((found[0].score - 1.0).abs() < 0.01, "{}", found[0].score);
    }

    #[test]
    fn filters_narrow_the_scan() {
        let mut numbers = Numbers(9);
        let vectors: Vec<_> = (0..60).map(|_| numbers.vector(None, 1.0)).collect();
        let matrix = shelf(&vectors);
        let odd = matrix.nearest(&vectors[0], Filter { source: Some(1), ..filter(60) }).unwrap();
        assert!(odd.len() == 30 && odd.iter().all(|found| found.chunk % 2 == 1));
        let pages = matrix.nearest(&vectors[0], Filter { distinct_pages: true, ..filter(20) }).unwrap();
        assert!(pages.iter().all(|found| found.key == found.chunk / 3) && pages.len() == 60);
        assert_eq!(matrix.nearest(&vectors[0], Filter { wanted: Wanted::Code, ..filter(5) }).unwrap(), []);
    }

    #[test]
    fn a_vector_without_direction_is_refused() {
        for vector in [&[][..], &[0.0, 0.0], &[1.0, f32::NAN], &[f32::INFINITY, 0.0], &[f32::MIN_POSITIVE / 2.0, 0.0]] {
            let refused = quantise(vector).is_none_or(|kept| kept.scale.is_finite() && kept.data.iter().any(|&byte| byte != 0));
            assert!(refused, "{vector:?}");
        }
        assert_eq!(quantise(&[0.0; 3]), None);
        assert_eq!(quantise(&[f32::NAN; 3]), None);
        assert_eq!(Matrix::default().nearest(&[0.0; 3], filter(1)), None);
        assert_eq!(quantise(&[-1.0, 0.5]).unwrap().data, [129, 64]);
    }

    #[test]
    fn the_sum_of_products_cannot_overflow() {
        for dimensions in [1, 2, 384, 1_536, 4_096] {
            let ones = vec![1.0; dimensions];
            let mut matrix = Matrix::default();
            let quantised = quantise(&ones).unwrap();
            matrix.text.rows.push(Row { id: 1, chunk: 1, page: 1, source: 1, scale: quantised.scale });
            matrix.text.data.extend(quantised.data.iter().map(|&byte| byte as i8));
            let found = matrix.nearest(&ones, filter(1)).unwrap();
            assert!((found[0].score / dimensions as f32 - 1.0).abs() < 0.001, "{dimensions}: {}", found[0].score);
        }
    }
}
