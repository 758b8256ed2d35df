//! Finds the vectors nearest to a query among those in memory. Pure: knows numbers, not what they stand for.
//!
//! Three looks, each at fewer vectors than the one before. Of every vector there is a sketch, the signs of its components about their
//! mean, one bit each: how many of them differ from the query's is counted for all. What is near by that is estimated by the query's
//! components with these signs, and what is near by that as well is compared byte by byte. How far a look may err is measured in each
//! query on a sample, so that vectors which the sketches tell apart badly cost more, not their places.

mod sketch;

use std::collections::HashMap;

use self::sketch::{Table, differ, differing, signs};
pub(super) use self::sketch::{mean, sketch};

/// Vectors of one length as bytes with a scale, by the order in which they came. Of some only the sketch may be here: what the vector itself
/// is is read when a query comes to it.
#[derive(Debug, Default)]
pub(super) struct Rows {
    dimensions: usize,
    length: usize,
    segments: Vec<Segment>,
    /// What the sketches are about, in steps: as it was given, or the mean of the first vectors; none while these are so few that all are
    /// compared.
    center: Option<Vec<i8>>,
}

/// At most [`SEGMENT`] vectors: no growing copies more than these.
#[derive(Debug)]
struct Segment {
    /// Steps in two's complement; zeros, which take no memory, where the vector is not here.
    data: Vec<u8>,
    /// No number where the vector is not here.
    scales: Vec<f32>,
    /// [`Rows::words`] of each vector: a bit for each component that is greater than the mean's.
    sketches: Vec<u64>,
    /// By what the sum of the query's components with the sketch's signs is multiplied to be about in proportion to the product of the two.
    factors: Vec<f32>,
}

impl Rows {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { dimensions, ..Self::default() }
    }

    /// Such as have sketches about `center`, from the first one on.
    pub(super) fn about(center: Vec<i8>) -> Self {
        Self { dimensions: center.len(), center: Some(center), ..Self::default() }
    }

    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn center(&self) -> Option<&[i8]> {
        self.center.as_deref()
    }

    /// Adds a vector: as many bytes as there are dimensions, each a step in two's complement.
    pub(super) fn push(&mut self, data: &[u8], scale: f32) {
        let row = self.grow();
        self.keep(row, data, scale);
        if let Some(center) = &self.center {
            let last = self.segments.last_mut().expect("one has just grown");
            let factor = sketch(data, scale, center, &mut last.sketches);
            last.factors.push(factor);
        } else if self.length > EXACT {
            self.sketch_all();
        }
    }

    /// Adds a vector by its sketch, where there is something that the sketches are about: a byte for eight components.
    pub(super) fn push_sketch(&mut self, sketch: &[u8], factor: f32) {
        debug_assert!(self.center.is_some() && sketch.len() == self.words() * 8);
        self.grow();
        let last = self.segments.last_mut().expect("one has just grown");
        last.sketches.extend(sketch.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)));
        last.factors.push(factor);
    }

    /// Puts another vector in the place of one that is there.
    pub(super) fn set(&mut self, row: usize, data: &[u8], scale: f32) {
        let words = self.words();
        self.keep(row, data, scale);
        let (segment, at) = (&mut self.segments[row / SEGMENT], row % SEGMENT);
        if let Some(center) = &self.center {
            let mut words_of = Vec::with_capacity(words);
            segment.factors[at] = sketch(data, scale, center, &mut words_of);
            segment.sketches[at * words..(at + 1) * words].copy_from_slice(&words_of);
        }
    }

    /// Keeps a vector of which the sketch is here.
    pub(super) fn keep(&mut self, row: usize, data: &[u8], scale: f32) {
        let (segment, at) = (&mut self.segments[row / SEGMENT], row % SEGMENT);
        segment.data[at * self.dimensions..(at + 1) * self.dimensions].copy_from_slice(data);
        segment.scales[at] = scale;
    }

    /// A row more, of which nothing is known yet.
    fn grow(&mut self) -> usize {
        if self.segments.last().is_none_or(|last| last.scales.len() == SEGMENT) {
            // Room that is not used yet takes no memory; of vectors longer than any model's it is not asked for.
            let room = if self.dimensions <= LONGEST { SEGMENT } else { 0 };
            let sketched = if self.center.is_some() { room } else { 0 };
            self.segments.push(Segment {
                data: vec![0; room * self.dimensions],
                scales: Vec::new(),
                sketches: Vec::with_capacity(sketched * self.words()),
                factors: Vec::with_capacity(sketched),
            });
        }
        let last = self.segments.last_mut().expect("one has just been added if there was none");
        last.scales.push(f32::NAN);
        let needed = last.scales.len() * self.dimensions;
        if last.data.len() < needed {
            last.data.resize(needed, 0);
        }
        self.length += 1;
        self.length - 1
    }

    fn sketch_all(&mut self) {
        let dimensions = self.dimensions;
        let rows = |segment: &Segment| segment.scales.len() * dimensions;
        let all = self.segments.iter().flat_map(|segment| segment.data[..rows(segment)].chunks_exact(dimensions));
        let center = mean(dimensions, all);
        for segment in &mut self.segments {
            let Segment { data, scales, sketches, factors } = segment;
            for (row, &scale) in data.chunks_exact(dimensions).zip(&*scales) {
                factors.push(sketch(row, scale, &center, sketches));
            }
        }
        self.center = Some(center);
    }

    /// The distance up to which vectors are looked at that may score `floor` and more, and what is estimated of these at the least.
    fn bounds(&self, table: &Table, distances: &Distances, sample: &[(usize, f32)], floor: f32) -> Option<(u16, f32)> {
        let line = Line::through(sample.iter().map(|&(row, score)| (score, f32::from(distances.of[row]))))?;
        // Nearer is a smaller distance: a line that rises says nothing.
        let farthest = (line.slope < 0.0).then(|| line.at(floor) + DOUBT * line.spread)?;
        let estimates: Vec<_> = sample.iter().map(|&(row, score)| (score, self.estimate(table, row))).collect();
        let second = Line::through(estimates.iter().copied())?;
        let least_estimate = (second.slope > 0.0).then(|| second.at(floor) - DOUBT * second.spread)?;
        Some((farthest.clamp(0.0, f32::from(OUT - 1)) as u16, least_estimate))
    }

    /// Rows all over those admitted.
    fn sample(&self, distances: &Distances) -> impl Iterator<Item = usize> {
        let step = self.length.div_ceil(SAMPLE).max(1);
        distances.of.chunks(step).enumerate().filter_map(move |(part, of)| {
            let at = of.iter().position(|&distance| distance != OUT)?;
            Some(part * step + at)
        })
    }

    fn distances(&self, query: &Direction, admit: impl Fn(usize, &mut [bool])) -> Distances {
        let words = self.words();
        // The signs of the query itself: it is compared with what is left of a vector without the mean.
        let sketch = signs(&query.steps);
        let mut of = Vec::with_capacity(self.length);
        let mut admitted = [false; SEGMENT];
        let mut count = 0;
        for (number, segment) in self.segments.iter().enumerate() {
            let admitted = &mut admitted[..segment.scales.len()];
            admit(number * SEGMENT, admitted);
            let here = admitted.iter().filter(|admitted| **admitted).count();
            count += here;
            match (here, words) {
                (0, _) => of.resize(of.len() + segment.scales.len(), OUT),
                (_, 4) => differ::<4>(&segment.sketches, &sketch, admitted, &mut of),
                (_, 6) => differ::<6>(&segment.sketches, &sketch, admitted, &mut of),
                (_, 8) => differ::<8>(&segment.sketches, &sketch, admitted, &mut of),
                (_, 12) => differ::<12>(&segment.sketches, &sketch, admitted, &mut of),
                (_, 16) => differ::<16>(&segment.sketches, &sketch, admitted, &mut of),
                _ => {
                    let rows = segment.sketches.chunks_exact(words).zip(&*admitted);
                    of.extend(rows.map(|(row, &admitted)| if admitted { differing(row, &sketch) } else { OUT }));
                }
            }
        }
        Distances { of, admitted: count, farthest: (self.dimensions.min(usize::from(OUT - 1))) as u16 }
    }

    /// None where the vector is not here.
    fn product(&self, query: &Direction, row: usize) -> Option<f32> {
        let (segment, at) = (&self.segments[row / SEGMENT], row % SEGMENT);
        let scale = segment.scales[at];
        (!scale.is_nan()).then(|| query.product(&segment.data[at * self.dimensions..(at + 1) * self.dimensions], scale))
    }

    fn estimate(&self, table: &Table, row: usize) -> f32 {
        let (segment, at) = (&self.segments[row / SEGMENT], row % SEGMENT);
        let words = self.words();
        table.sum(&segment.sketches[at * words..(at + 1) * words]) as f32 * segment.factors[at]
    }

    /// Of a sketch.
    fn words(&self) -> usize {
        self.dimensions.div_ceil(64)
    }
}

/// A query's vector in steps, as fine as the sum of its products with bytes still fits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Direction {
    pub steps: Vec<i16>,
    pub scale: f32,
}

impl Direction {
    fn product(&self, data: &[u8], scale: f32) -> f32 {
        dot(data, &self.steps) as f32 * scale * self.scale
    }
}

/// What one query looks at: rows, and those that were read for it because they are here by their sketches alone.
pub(super) struct Look<'a, R> {
    rows: &'a Rows,
    query: &'a Direction,
    /// Reads rows, in their order. What there is none of is left out, and is not found.
    read: R,
    fetched: Fetched,
}

impl<'a, E, R: FnMut(&[usize], &mut Fetched) -> Result<(), E>> Look<'a, R> {
    pub(super) fn at(rows: &'a Rows, query: &'a Direction, read: R) -> Self {
        Self { rows, query, read, fetched: Fetched::default() }
    }

    /// From now on of another query, with what was read for the first one.
    pub(super) fn ask(&mut self, query: &'a Direction) -> &mut Self {
        self.query = query;
        self
    }

    /// The nearest rows among those that `admit` admits, with their products with the query: the best `room` of them, in no order. Only of
    /// the best `certain` it is made as sure as it can be that none is left out; the others are among what is looked at for these. It is
    /// asked of many rows at once, from one on: of each by itself it took longer than to compare the sketches.
    pub(super) fn nearest(&mut self, certain: usize, room: usize, admit: impl Fn(usize, &mut [bool])) -> Result<Vec<(usize, f32)>, E> {
        let (rows, room) = (self.rows, room.max(1));
        if rows.center.is_none() {
            let mut admitted = vec![false; rows.length];
            admit(0, &mut admitted);
            let chosen = admitted.into_iter().enumerate().filter(|(_, admitted)| *admitted).map(|(row, _)| row);
            return Ok(best(self.products(chosen)?, room));
        }
        let distances = rows.distances(self.query, admit);
        if let Some(found) = self.staged(&distances, certain.clamp(1, room), room)? {
            return Ok(found);
        }
        let admitted = distances.of.iter().enumerate().filter(|(_, distance)| **distance != OUT).map(|(row, _)| row);
        Ok(best(self.products(admitted)?, room))
    }

    /// None where all that are admitted should be compared: they are few, or a sketch says nothing of how near a vector is.
    fn staged(&mut self, distances: &Distances, certain: usize, room: usize) -> Result<Option<Vec<(usize, f32)>>, E> {
        let rows = self.rows;
        let first = 400.max(certain.saturating_mul(4)).max(room);
        if distances.admitted <= EXACT.max(first) {
            return Ok(None);
        }
        let sample = self.products(rows.sample(distances))?;
        if sample.len() < SAMPLE / 16 {
            return Ok(None);
        }
        // The nearest by their sketches give a score that the last of the best has at least.
        let sure = distances.nearest(first);
        let mut found = self.products(distances.up_to(0, sure))?;
        if found.is_empty() {
            return Ok(None);
        }
        let last = found.len().min(certain) - 1;
        let (_, (_, floor), _) = found.select_nth_unstable_by(last, |a, b| b.1.total_cmp(&a.1));
        let table = Table::of(self.query, rows.dimensions);
        let Some((farthest, least_estimate)) = rows.bounds(&table, distances, &sample, *floor) else { return Ok(None) };
        let near = distances.up_to(sure + 1, farthest).filter(|&row| rows.estimate(&table, row) >= least_estimate);
        found.extend(self.products(near)?);
        Ok(Some(best(found, room)))
    }

    /// Of rows in their order, each once, those that there are, with their products with the query.
    pub(super) fn products(&mut self, rows: impl Iterator<Item = usize>) -> Result<Vec<(usize, f32)>, E> {
        let mut products = Vec::new();
        let mut absent = Vec::new();
        for row in rows {
            match self.rows.product(self.query, row) {
                Some(product) => products.push((row, product)),
                None => absent.push(row),
            }
            if absent.len() == AT_ONCE {
                self.fetch(&mut absent, &mut products)?;
            }
        }
        self.fetch(&mut absent, &mut products)?;
        Ok(products)
    }

    fn fetch(&mut self, absent: &mut Vec<usize>, products: &mut Vec<(usize, f32)>) -> Result<(), E> {
        let missing: Vec<_> = absent.iter().copied().filter(|row| !self.fetched.of.contains_key(row)).collect();
        if !missing.is_empty() {
            (self.read)(&missing, &mut self.fetched)?;
        }
        let found =
            absent.drain(..).filter_map(|row| self.fetched.of.get(&row).map(|(scale, data)| (row, self.query.product(data, *scale))));
        products.extend(found);
        if self.fetched.of.len() > MOST_FETCHED {
            self.fetched.of.clear();
        }
        Ok(())
    }

    /// What was read, to be kept.
    pub(super) fn into_fetched(self) -> impl Iterator<Item = (usize, f32, Box<[u8]>)> {
        self.fetched.of.into_iter().map(|(row, (scale, data))| (row, scale, data))
    }
}

/// Vectors that were read, by their rows.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    of: HashMap<usize, (f32, Box<[u8]>)>,
}

impl Fetched {
    pub(super) fn add(&mut self, row: usize, data: &[u8], scale: f32) {
        self.of.insert(row, (scale, data.into()));
    }
}

/// How many signs of each row differ from the query's, [`OUT`] for those that are not admitted.
struct Distances {
    of: Vec<u16>,
    admitted: usize,
    farthest: u16,
}

impl Distances {
    /// The distance up to which there are about so many rows, by every so-manieth of them.
    fn nearest(&self, wanted: usize) -> u16 {
        let step = (self.admitted / (64 * wanted.max(1))).clamp(1, 16);
        let mut counts = vec![0_usize; usize::from(self.farthest) + 1];
        for &distance in self.of.iter().step_by(step).filter(|distance| **distance != OUT) {
            counts[usize::from(distance.min(self.farthest))] += step;
        }
        let mut so_far = 0;
        let reached = counts.iter().position(|count| {
            so_far += count;
            so_far >= wanted
        });
        reached.map_or(self.farthest, |distance| distance as u16)
    }

    /// The rows from one distance to another.
    fn up_to(&self, from: u16, to: u16) -> impl Iterator<Item = usize> {
        // Most are farther away: a wide look at many of them first.
        let parts = self.of.chunks(32).enumerate().filter(move |(_, part)| part.iter().fold(OUT, |least, of| least.min(*of)) <= to);
        let rows = parts.flat_map(|(number, part)| (number * 32..).zip(part));
        rows.filter(move |(_, distance)| (from..=to).contains(*distance)).map(|(row, _)| row)
    }
}

/// A straight line through points, and how far they lie from it (their standard deviation).
struct Line {
    offset: f32,
    slope: f32,
    spread: f32,
}

impl Line {
    /// None where the points do not tell of one.
    fn through(points: impl Iterator<Item = (f32, f32)> + Clone) -> Option<Self> {
        let count = points.clone().count() as f64;
        let sum = |of: &dyn Fn((f64, f64)) -> f64| points.clone().map(|(x, y)| of((f64::from(x), f64::from(y)))).sum::<f64>() / count;
        let (x, y) = (sum(&|(x, _)| x), sum(&|(_, y)| y));
        let (square, both) = (sum(&|(at, _)| (at - x) * (at - x)), sum(&|(at, to)| (at - x) * (to - y)));
        let slope = both / square;
        let spread = sum(&|(at, to)| (to - y - slope * (at - x)).powi(2)).sqrt();
        let line = Self { offset: (y - slope * x) as f32, slope: slope as f32, spread: spread as f32 };
        (line.offset.is_finite() && line.slope.is_finite() && line.spread.is_finite()).then_some(line)
    }

    fn at(&self, x: f32) -> f32 {
        self.offset + self.slope * x
    }
}

/// A sum for every 32 products: the compiler makes wide instructions of that on every target.
fn dot(row: &[u8], query: &[i16]) -> i32 {
    let product = |(row, query): (&u8, &i16)| i32::from(row.cast_signed()) * i32::from(*query);
    let (rows, rest) = row.as_chunks::<32>();
    let (queries, query_rest) = query.as_chunks::<32>();
    let mut sum = 0;
    for (row, query) in rows.iter().zip(queries) {
        sum += row.iter().zip(query).map(product).sum::<i32>();
    }
    sum + rest.iter().zip(query_rest).map(product).sum::<i32>()
}

/// The best so many of what was found.
fn best(mut found: Vec<(usize, f32)>, limit: usize) -> Vec<(usize, f32)> {
    if found.len() > limit {
        // Equal ones by age, so that an answer does not depend on the order in which they were looked at.
        found.select_nth_unstable_by(limit - 1, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.truncate(limit);
    }
    found
}

const SEGMENT: usize = 4_096;
/// Dimensions that models have at most.
const LONGEST: usize = 4_096;
/// So many are compared without a look at their sketches.
pub(super) const EXACT: usize = 16_384;
/// Rows by which a query measures what sketches are worth.
const SAMPLE: usize = 1_024;
/// In standard deviations: how much worse than it should a vector among the best may look.
const DOUBT: f32 = 2.0;
/// Rows that are read together.
const AT_ONCE: usize = 4_096;
/// More vectors than these are not kept of one query: it has looked at all there are, and they are read again.
const MOST_FETCHED: usize = 65_536;
/// The distance of a row that is not admitted.
const OUT: u16 = u16::MAX;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Random numbers that are the same in every run (xorshift).
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }

        fn steps(&mut self, dimensions: usize) -> Vec<u8> {
            (0..dimensions).map(|_| (0..2).map(|_| self.next() % 128).sum::<u64>() as u8 ^ 0x80).collect()
        }
    }

    fn direction(steps: &[u8]) -> Direction {
        Direction { steps: steps.iter().map(|&step| i16::from(step.cast_signed()) * 7).collect(), scale: 0.01 }
    }

    fn each(admits: impl Fn(usize) -> bool) -> impl Fn(usize, &mut [bool]) {
        move |from, admitted: &mut [bool]| admitted.iter_mut().zip(from..).for_each(|(place, row)| *place = admits(row))
    }

    /// Of rows that are all here.
    fn nearest(rows: &Rows, query: &Direction, limit: usize, admit: impl Fn(usize, &mut [bool])) -> Vec<(usize, f32)> {
        let read = |rows: &[usize], _: &mut Fetched| Err(format!("{rows:?} are here"));
        Look::at(rows, query, read).nearest(limit, limit, admit).unwrap()
    }

    fn exact(rows: &Rows, query: &Direction, admits: impl Fn(usize) -> bool, limit: usize) -> HashSet<usize> {
        let all = (0..rows.len()).filter(|&row| admits(row)).map(|row| (row, rows.product(query, row).unwrap())).collect();
        best(all, limit).into_iter().map(|(row, _)| row).collect()
    }

    /// How many of the best are found, in a thousand.
    fn found(rows: &Rows, queries: &[Direction], admits: impl Fn(usize) -> bool + Copy, limit: usize) -> usize {
        let of = |query: &Direction| {
            let expected = exact(rows, query, admits, limit);
            let found = nearest(rows, query, limit, each(admits));
            assert!(
                found.len() == limit.min(expected.len())
                    && found.iter().all(|&(row, score)| admits(row) && Some(score) == rows.product(query, row))
            );
            found.iter().filter(|(row, _)| expected.contains(row)).count()
        };
        queries.iter().map(of).sum::<usize>() * 1_000 / (queries.len() * limit)
    }

    /// More than are all compared; of a length that is none of the usual ones, and of one that is.
    #[test]
    fn sketches_find_what_comparing_all_finds() {
        for dimensions in [100, 256] {
            let mut numbers = Numbers(0x5eed);
            let centers: Vec<_> = (0..EXACT / 50).map(|_| numbers.steps(dimensions)).collect();
            let mut near = |center: &[u8]| -> Vec<u8> {
                center
                    .iter()
                    .zip(numbers.steps(dimensions))
                    .map(|(&step, by)| (step.cast_signed() / 2 + by.cast_signed() / 4).cast_unsigned())
                    .collect()
            };
            let mut rows = Rows::new(dimensions);
            for row in 0..EXACT * 5 / 4 {
                rows.push(&near(&centers[row % centers.len()]), 0.5 + (row % 3) as f32 / 100.0);
            }
            let queries: Vec<_> = (0..10).map(|at| direction(&near(&centers[at * 7 % centers.len()]))).collect();
            let all = found(&rows, &queries, |_| true, 50);
            let most = found(&rows, &queries, |row| row % 9 != 0, 50);
            let few = found(&rows, &queries, |row| row % 9 == 0, 50);
            assert!(all >= 980 && most >= 980 && few == 1_000, "{dimensions}: {all}, {most}, {few}");
            // One that is put in the place of another is found there, and only there.
            let query = direction(&centers[3]);
            rows.set(4_321, &centers[3].clone(), 9.0);
            assert_eq!(nearest(&rows, &query, 1, each(|_| true)), [(4_321, rows.product(&query, 4_321).unwrap())]);
            assert_eq!(nearest(&rows, &query, 5, each(|_| false)), []);
        }
    }

    /// All the same, opposite to each other, or nothing at all: then sketches say nothing, and the answer is right all the same.
    #[test]
    fn vectors_that_sketches_cannot_tell_apart_are_compared() {
        for of in [|_| 5_u8, |row: usize| if row.is_multiple_of(2) { 100 } else { 156 }, |_| 0] {
            let mut rows = Rows::new(64);
            (0..EXACT + 500).for_each(|row| rows.push(&[of(row); 64], if row == 777 { 2.0 } else { 1.0 }));
            let query = Direction { steps: vec![3; 64], scale: 1.0 };
            let found = nearest(&rows, &query, 10, each(|_| true));
            let least = found.iter().map(|(_, score)| *score).fold(f32::INFINITY, f32::min);
            let better = (0..rows.len()).filter(|&row| rows.product(&query, row).unwrap() > least).count();
            assert!(found.len() == 10 && better < 10, "{found:?}");
        }
    }

    /// The same is found whether the vectors are here or are read when a query comes to them, and few are.
    #[test]
    fn vectors_that_are_elsewhere_are_read_when_they_are_looked_at() {
        const DIMENSIONS: usize = 128;
        let mut numbers = Numbers(0x5eed);
        let centers: Vec<_> = (0..EXACT / 50).map(|_| numbers.steps(DIMENSIONS)).collect();
        let all: Vec<Vec<u8>> = (0..2 * EXACT)
            .map(|row| {
                let near = centers[row % centers.len()].iter().zip(numbers.steps(DIMENSIONS));
                near.map(|(&step, by)| (step.cast_signed() / 2 + by.cast_signed() / 4).cast_unsigned()).collect()
            })
            .collect();
        let center = mean(DIMENSIONS, all.iter().map(Vec::as_slice));
        let (mut here, mut elsewhere) = (Rows::about(center.clone()), Rows::about(center.clone()));
        for data in &all {
            here.push(data, 0.5);
            let mut words = Vec::new();
            let factor = sketch(data, 0.5, &center, &mut words);
            elsewhere.push_sketch(&words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>(), factor);
        }
        let query = direction(&centers[3]);
        let sorted = |mut found: Vec<(usize, f32)>| {
            found.sort_by_key(|(row, _)| *row);
            found
        };
        let expected = sorted(nearest(&here, &query, 20, each(|_| true)));
        let mut read = Vec::new();
        let mut look = Look::at(&elsewhere, &query, |rows: &[usize], fetched: &mut Fetched| {
            read.extend_from_slice(rows);
            rows.iter().for_each(|&row| fetched.add(row, &all[row], 0.5));
            Ok::<_, ()>(())
        });
        assert_eq!(sorted(look.nearest(20, 20, each(|_| true)).unwrap()), expected);
        let fetched: Vec<_> = look.into_fetched().collect();
        let distinct: HashSet<_> = read.iter().collect();
        assert!(distinct.len() == read.len() && read.len() < all.len() / 4, "{} of {}", read.len(), distinct.len());
        fetched.iter().for_each(|(row, scale, data)| elsewhere.keep(*row, data, *scale));
        assert_eq!(sorted(nearest(&elsewhere, &query, 20, each(|_| true))), expected, "what was read is here now");

        // One that is gone is not found, and what fails is told.
        elsewhere = Rows::about(center.clone());
        all.iter().for_each(|_| elsewhere.push_sketch(&[0; DIMENSIONS / 8], 1.0));
        let none = Look::at(&elsewhere, &query, |_: &[usize], _: &mut Fetched| Ok::<_, ()>(())).nearest(5, 5, each(|_| true));
        assert_eq!(none, Ok(vec![]));
        let failed = Look::at(&elsewhere, &query, |_: &[usize], _: &mut Fetched| Err("damaged")).nearest(5, 5, each(|_| true));
        assert_eq!(failed, Err("damaged"));
    }
}
