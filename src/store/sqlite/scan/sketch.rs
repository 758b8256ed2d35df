//! Sketches of vectors: a bit a component, and what can be told from them. Pure.

use super::{Direction, OUT};

/// Of vectors in steps, which the sketches of many more are about. Zeros of none.
pub(in crate::store) fn mean<'a>(dimensions: usize, rows: impl Iterator<Item = &'a [u8]>) -> Vec<i8> {
    let mut sums = vec![0_i64; dimensions];
    let mut count = 0_i64;
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, &step)| *sum += i64::from(step.cast_signed()));
        count += 1;
    }
    sums.iter().map(|&sum| (sum as f32 / count.max(1) as f32).round() as i8).collect()
}

/// Adds a vector's signs about the center, a bit each, and tells its factor.
pub(in crate::store) fn sketch(row: &[u8], scale: f32, center: &[i8], sketches: &mut Vec<u64>) -> f32 {
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
pub(super) fn signs(query: &[i16]) -> Vec<u64> {
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

pub(super) fn differ<const WORDS: usize>(sketches: &[u64], query: &[u64], admitted: &[bool], of: &mut Vec<u16>) {
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

pub(super) fn differing(row: &[u64], query: &[u64]) -> u16 {
    row.iter().zip(query).map(|(row, query)| (row ^ query).count_ones()).sum::<u32>().min(u32::from(OUT - 1)) as u16
}

/// What each byte of a sketch adds to the sum of the query's components with the sketch's signs.
pub(super) struct Table(Vec<[i16; 256]>);

impl Table {
    pub(super) fn of(query: &Direction, dimensions: usize) -> Self {
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

    pub(super) fn sum(&self, sketch: &[u64]) -> i32 {
        let mut sum = 0;
        for (word, tables) in sketch.iter().zip(self.0.as_chunks::<8>().0) {
            for (byte, table) in word.to_le_bytes().into_iter().zip(tables) {
                sum += i32::from(table[usize::from(byte)]);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
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
