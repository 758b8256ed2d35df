//! Finds the vectors nearest to a query among those in memory. Pure: knows numbers, not what they stand for.
//!
//! Three looks, each at fewer vectors than the one before. Of every vector there is a sketch, the signs of its components about their
//! mean, one bit each: how many of them differ from the query's is counted for all. What is near by that is estimated by the query's
//! components with these signs, and what is near by that as well is compared byte by byte. How far a look may err is measured in each
//! query on a sample, so that vectors which the sketches tell apart badly cost more, not their places.

/// Vectors of one length as bytes with a scale, by the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Rows {
    dimensions: usize,
    length: usize,
    segments: Vec<Segment>,
    /// The mean of the first vectors, in steps; none while there are so few that all are compared.
    center: Option<Vec<i8>>,
}

/// At most [`SEGMENT`] vectors: no growing copies more than these.
#[derive(Debug)]
struct Segment {
    /// Steps in two's complement.
    data: Vec<u8>,
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

    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Adds a vector: as many bytes as there are dimensions, each a step in two's complement.
    pub(super) fn push(&mut self, data: &[u8], scale: f32) {
        let words = self.words();
        if self.segments.last().is_none_or(|last| last.scales.len() == SEGMENT) {
            // Room that is not used yet takes no memory; of vectors longer than any model's it is not asked for.
            let room = if self.dimensions <= LONGEST { SEGMENT } else { 0 };
            let sketched = if self.center.is_some() { room } else { 0 };
            self.segments.push(Segment {
                data: Vec::with_capacity(room * self.dimensions),
                scales: Vec::new(),
                sketches: Vec::with_capacity(sketched * words),
                factors: Vec::with_capacity(sketched),
            });
        }
        let last = self.segments.last_mut().expect("one has just been added if there was none");
        last.data.extend_from_slice(data);
        last.scales.push(scale);
        self.length += 1;
        match &self.center {
            Some(center) => {
                let factor = sketch(data, scale, center, &mut last.sketches);
                last.factors.push(factor);
            }
            None if self.length > EXACT => self.sketch_all(),
            None => {}
        }
    }

    /// Puts another vector in the place of one that is there.
    pub(super) fn set(&mut self, row: usize, data: &[u8], scale: f32) {
        let words = self.words();
        let (segment, at) = (&mut self.segments[row / SEGMENT], row % SEGMENT);
        let place = &mut segment.data[at * self.dimensions..(at + 1) * self.dimensions];
        place.copy_from_slice(data);
        segment.scales[at] = scale;
        if let Some(center) = &self.center {
            let mut words_of = Vec::with_capacity(words);
            segment.factors[at] = sketch(place, scale, center, &mut words_of);
            segment.sketches[at * words..(at + 1) * words].copy_from_slice(&words_of);
        }
    }

    fn sketch_all(&mut self) {
        let mut sums = vec![0_i64; self.dimensions];
        for segment in &self.segments {
            for row in segment.data.chunks_exact(self.dimensions) {
                sums.iter_mut().zip(row).for_each(|(sum, &step)| *sum += i64::from(step.cast_signed()));
            }
        }
        let center: Vec<i8> = sums.iter().map(|&sum| (sum as f32 / self.length as f32).round() as i8).collect();
        for segment in &mut self.segments {
            for (row, &scale) in segment.data.chunks_exact(self.dimensions).zip(&segment.scales) {
                let factor = sketch(row, scale, &center, &mut segment.sketches);
                segment.factors.push(factor);
            }
        }
        self.center = Some(center);
    }

    /// The nearest rows among those that `admit` admits, with their products with the query: the best `room` of them, in no order. Only of
    /// the best `certain` it is made as sure as it can be that none is left out; the others are among what is looked at for these. It is
    /// asked of many rows at once, from one on: of each by itself it took longer than to compare the sketches.
    pub(super) fn nearest(&self, query: &Direction, certain: usize, room: usize, admit: impl Fn(usize, &mut [bool])) -> Vec<(usize, f32)> {
        let room = room.max(1);
        if self.center.is_none() {
            let mut admitted = vec![false; self.length];
            admit(0, &mut admitted);
            let rows = admitted.into_iter().enumerate().filter(|(_, admitted)| *admitted);
            return best(rows.map(|(row, _)| (row, self.product(query, row))).collect(), room);
        }
        let distances = self.distances(query, admit);
        self.staged(query, &distances, certain.clamp(1, room), room).unwrap_or_else(|| {
            let admitted = distances.of.iter().enumerate().filter(|(_, distance)| **distance != OUT);
            best(admitted.map(|(row, _)| (row, self.product(query, row))).collect(), room)
        })
    }

    /// None where all that are admitted should be compared: they are few, or a sketch says nothing of how near a vector is.
    fn staged(&self, query: &Direction, distances: &Distances, certain: usize, room: usize) -> Option<Vec<(usize, f32)>> {
        let first = 400.max(certain.saturating_mul(4)).max(room);
        if distances.admitted <= EXACT.max(first) {
            return None;
        }
        let table = Table::of(query, self.dimensions);
        let sample = self.sample(query, &table, distances)?;
        // The nearest by their sketches give a score that the last of the best has at least.
        let sure = distances.nearest(first);
        let mut found: Vec<_> = distances.up_to(0, sure).map(|row| (row, self.product(query, row))).collect();
        let last = found.len().min(certain) - usize::from(!found.is_empty());
        let (_, (_, floor), _) = (!found.is_empty()).then(|| found.select_nth_unstable_by(last, |a, b| b.1.total_cmp(&a.1)))?;

        let line = Line::through(sample.iter().map(|&(score, distance, _)| (score, distance)))?;
        // Nearer is a smaller distance: a line that rises says nothing.
        let farthest = (line.slope < 0.0).then(|| line.at(*floor) + DOUBT * line.spread)?;
        let second = Line::through(sample.iter().map(|&(score, _, estimate)| (score, estimate)))?;
        let least_estimate = (second.slope > 0.0).then(|| second.at(*floor) - DOUBT * second.spread)?;
        let farthest = farthest.clamp(0.0, f32::from(OUT - 1)) as u16;
        let near = distances.up_to(sure + 1, farthest).filter(|&row| self.estimate(&table, row) >= least_estimate);
        found.extend(near.map(|row| (row, self.product(query, row))));
        Some(best(found, room))
    }

    /// Of rows all over those admitted: score, distance and estimate.
    fn sample(&self, query: &Direction, table: &Table, distances: &Distances) -> Option<Vec<(f32, f32, f32)>> {
        let step = self.length.div_ceil(SAMPLE).max(1);
        let rows = distances.of.chunks(step).enumerate().filter_map(|(part, of)| {
            let at = of.iter().position(|&distance| distance != OUT)?;
            Some(part * step + at)
        });
        let look = |row| (self.product(query, row), f32::from(distances.of[row]), self.estimate(table, row));
        let sample: Vec<_> = rows.map(look).collect();
        (sample.len() >= SAMPLE / 16).then_some(sample)
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

    pub(super) fn product(&self, query: &Direction, row: usize) -> f32 {
        let (segment, at) = (&self.segments[row / SEGMENT], row % SEGMENT);
        let data = &segment.data[at * self.dimensions..(at + 1) * self.dimensions];
        dot(data, &query.steps) as f32 * segment.scales[at] * query.scale
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

/// What each byte of a sketch adds to the sum of the query's components with the sketch's signs.
struct Table(Vec<[i16; 256]>);

impl Table {
    fn of(query: &Direction, dimensions: usize) -> Self {
        let bytes = dimensions.div_ceil(64) * 8;
        let component = |at: usize| query.steps.get(at).map_or(0, |&step| i32::from(step));
        let largest = (0..bytes).map(|byte| (0..8).map(|bit| component(byte * 8 + bit).abs()).sum::<i32>()).max().unwrap_or(0);
        // So that eight of them fit.
        let coarser = largest / i32::from(i16::MAX) + 1;
        let of_byte = |byte: usize| {
            let components: [i32; 8] = std::array::from_fn(|bit| component(byte * 8 + bit) / coarser);
            let mut sums = [-components.iter().sum::<i32>() as i16; 256];
            for bits in 1..256_usize {
                // What the byte without its lowest bit adds, and that bit turned.
                let turned = 2 * components[bits.trailing_zeros() as usize];
                sums[bits] = (i32::from(sums[bits & (bits - 1)]) + turned) as i16;
            }
            sums
        };
        Self((0..bytes).map(of_byte).collect())
    }

    fn sum(&self, sketch: &[u64]) -> i32 {
        let mut sum = 0;
        for (word, tables) in sketch.iter().zip(self.0.as_chunks::<8>().0) {
            for (byte, table) in word.to_le_bytes().into_iter().zip(tables) {
                sum += i32::from(table[usize::from(byte)]);
            }
        }
        sum
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

/// Adds a vector's signs about the center, a bit each, and tells its factor.
fn sketch(row: &[u8], scale: f32, center: &[i8], sketches: &mut Vec<u64>) -> f32 {
    let (rows, row_rest) = row.as_chunks::<64>();
    let (centers, center_rest) = center.as_chunks::<64>();
    let mut sizes = 0_u32;
    for (row, center) in rows.iter().zip(centers) {
        let (word, size) = about(row, center);
        sketches.push(word);
        sizes = sizes.saturating_add(size);
    }
    if !row_rest.is_empty() {
        let (mut row, mut center) = ([0; 64], [0; 64]);
        row[..row_rest.len()].copy_from_slice(row_rest);
        center[..center_rest.len()].copy_from_slice(center_rest);
        let (word, size) = about(&row, &center);
        sketches.push(word);
        sizes = sizes.saturating_add(size);
    }
    // The larger what is left of it without the mean, the larger are its products; of what size they are is found by the sample.
    scale * sizes as f32
}

/// Which components are above the center's, and the sum of how far they all are from it. A loop for each, of a length that is known, of
/// which the compiler makes wide instructions.
fn about(row: &[u8; 64], center: &[i8; 64]) -> (u64, u32) {
    // With the highest bit turned the bytes lie in the order of the numbers, and as far from each other.
    let distance = |(step, center): (&u8, &i8)| u32::from((step ^ 0x80).abs_diff(center.cast_unsigned() ^ 0x80));
    let size = row.iter().zip(center).map(distance).sum();
    let mut above = [0; 64];
    above.iter_mut().zip(row.iter().zip(center)).for_each(|(above, (step, center))| *above = u8::from(step.cast_signed() > *center));
    (gather(&above), size)
}

/// The signs of a query.
fn signs(query: &[i16]) -> Vec<u64> {
    let parts = query.chunks(64).map(|part| {
        let mut above = [0; 64];
        above.iter_mut().zip(part).for_each(|(above, &step)| *above = u8::from(step > 0));
        gather(&above)
    });
    parts.collect()
}

/// Of bytes that are 0 or 1 a word with a bit for each, the first the lowest.
fn gather(bytes: &[u8; 64]) -> u64 {
    let (eights, _) = bytes.as_chunks::<8>();
    // The product puts bit 0 of each byte beside the others, in its highest byte.
    let bits = eights.iter().map(|eight| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56);
    bits.zip((0..8).map(|eight| eight * 8)).fold(0, |word, (bits, shift)| word | (bits << shift))
}

fn differ<const WORDS: usize>(sketches: &[u64], query: &[u64], admitted: &[bool], of: &mut Vec<u16>) {
    let (rows, _) = sketches.as_chunks::<WORDS>();
    let query: &[u64; WORDS] = query.try_into().expect("the query's sketch has as many words as each of the rows'");
    let distance = |row: &[u64; WORDS]| {
        let mut differing = 0;
        for word in 0..WORDS {
            differing += (row[word] ^ query[word]).count_ones();
        }
        differing as u16
    };
    if admitted.iter().all(|admitted| *admitted) {
        of.extend(rows.iter().map(distance));
    } else {
        of.extend(rows.iter().zip(admitted).map(|(row, &admitted)| if admitted { distance(row) } else { OUT }));
    }
}

fn differing(row: &[u64], query: &[u64]) -> u16 {
    row.iter().zip(query).map(|(row, query)| (row ^ query).count_ones()).sum::<u32>().min(u32::from(OUT - 1)) as u16
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
const EXACT: usize = 16_384;
/// Rows by which a query measures what sketches are worth.
const SAMPLE: usize = 1_024;
/// In standard deviations: how much worse than it should a vector among the best may look.
const DOUBT: f32 = 2.0;
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

    fn exact(rows: &Rows, query: &Direction, admits: impl Fn(usize) -> bool, limit: usize) -> HashSet<usize> {
        let all = (0..rows.len()).filter(|&row| admits(row)).map(|row| (row, rows.product(query, row))).collect();
        best(all, limit).into_iter().map(|(row, _)| row).collect()
    }

    /// How many of the best are found, in a thousand.
    fn found(rows: &Rows, queries: &[Direction], admits: impl Fn(usize) -> bool + Copy, limit: usize) -> usize {
        let of = |query: &Direction| {
            let expected = exact(rows, query, admits, limit);
            let found = rows.nearest(query, limit, limit, each(admits));
            assert!(
                found.len() == limit.min(expected.len())
                    && found.iter().all(|&(row, score)| admits(row) && score == rows.product(query, row))
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
            assert_eq!(rows.nearest(&query, 1, 1, each(|_| true)), [(4_321, rows.product(&query, 4_321))]);
            assert_eq!(rows.nearest(&query, 5, 5, each(|_| false)), []);
        }
    }

    /// All the same, opposite to each other, or nothing at all: then sketches say nothing, and the answer is right all the same.
    #[test]
    fn vectors_that_sketches_cannot_tell_apart_are_compared() {
        for of in [|_| 5_u8, |row: usize| if row.is_multiple_of(2) { 100 } else { 156 }, |_| 0] {
            let mut rows = Rows::new(64);
            (0..EXACT + 500).for_each(|row| rows.push(&[of(row); 64], if row == 777 { 2.0 } else { 1.0 }));
            let query = Direction { steps: vec![3; 64], scale: 1.0 };
            let found = rows.nearest(&query, 10, 10, each(|_| true));
            let least = found.iter().map(|(_, score)| *score).fold(f32::INFINITY, f32::min);
            let better = (0..rows.len()).filter(|&row| rows.product(&query, row) > least).count();
            assert!(found.len() == 10 && better < 10, "{found:?}");
        }
    }

    #[test]
    fn bits_are_gathered_in_their_order() {
        for bit in 0..64 {
            let mut bytes = [0; 64];
            bytes[bit] = 1;
            assert_eq!(gather(&bytes), 1 << bit);
        }
        assert_eq!(gather(&[1; 64]), u64::MAX);
    }

    #[test]
    fn a_table_adds_what_the_signs_say() {
        let mut numbers = Numbers(3);
        for (dimensions, size) in [(64, 100_i32), (100, 32_767), (1_600, 3_000)] {
            let steps: Vec<i16> = (0..dimensions).map(|_| ((numbers.next() % (2 * size as u64 + 1)) as i32 - size) as i16).collect();
            let table = Table::of(&Direction { steps: steps.clone(), scale: 1.0 }, dimensions);
            let largest = steps.chunks(8).map(|eight| eight.iter().map(|step| i32::from(*step).abs()).sum::<i32>()).max().unwrap();
            let sketch: Vec<u64> = (0..dimensions.div_ceil(64)).map(|_| numbers.next()).collect();
            let sign = |at: usize| if sketch[at / 64] >> (at % 64) & 1 == 1 { 1 } else { -1 };
            let expected: f64 = steps.iter().enumerate().map(|(at, step)| f64::from(i32::from(*step) * sign(at))).sum();
            let coarser = f64::from(largest / i32::from(i16::MAX) + 1);
            assert!((f64::from(table.sum(&sketch)) * coarser - expected).abs() <= coarser * dimensions as f64, "{dimensions}");
        }
    }
}
