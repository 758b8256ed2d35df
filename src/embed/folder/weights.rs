//! Tells one file of weights from another. Vectors of two models must never meet, and a file may be replaced under its name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Unusable;

/// What the files of a model were when they were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Of all that they hold. Not against somebody who means to deceive: the files are the user's own.
    pub hash: u64,
    /// Of the weights.
    pub bytes: u64,
    looks: Vec<Option<(u64, SystemTime)>>,
}

impl Stamp {
    /// Reads all of the weights and of the tokenizer: about a tenth of a second for 500 MB that are in memory.
    pub(super) fn of(weights: &Path, tokenizer: &Path) -> Result<Self, Unusable> {
        let files = files(weights, tokenizer);
        let looks = files.iter().map(|file| look(file)).collect();
        let (mut hash, mut bytes) = (Hash::default(), 0);
        for file in &files {
            let unreadable = |error: io::Error| {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Unusable::Unreadable { file: name, why: error.to_string() }
            };
            let read = hash.file(file).map_err(unreadable)?;
            bytes += if file == tokenizer { 0 } else { read };
        }
        Ok(Self { hash: hash.finish(), bytes, looks })
    }

    /// Whether the files look as they did.
    pub(super) fn is_still_of(&self, weights: &Path, tokenizer: &Path) -> bool {
        files(weights, tokenizer).iter().map(|file| look(file)).eq(self.looks.iter().copied())
    }
}

fn look(file: &Path) -> Option<(u64, SystemTime)> {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// The graph, what lies beside it because it is too large for one file, and the tokenizer.
fn files(weights: &Path, tokenizer: &Path) -> Vec<PathBuf> {
    let beside = ["_data", ".data"].map(|ending| {
        let mut name = weights.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    });
    let beside = beside.into_iter().filter(|file| file.is_file());
    [weights.to_owned()].into_iter().chain(beside).chain([tokenizer.to_owned()]).collect()
}

/// A hash of a stream of bytes that is quick on large files: four lanes of eight bytes. Its value is the same on every machine.
struct Hash {
    lanes: [u64; 4],
    length: u64,
}

impl Default for Hash {
    fn default() -> Self {
        Self { lanes: [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x27d4_eb2f_1656_67c5], length: 0 }
    }
}

impl Hash {
    fn file(&mut self, path: &Path) -> io::Result<u64> {
        let before = self.length;
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let filled = fill(&mut file, &mut buffer)?;
            self.bytes(&buffer[..filled]);
            if filled < buffer.len() {
                // Where a file ends counts: what one begins with could else be the end of another.
                self.lane(0, self.length);
                return Ok(self.length - before);
            }
        }
    }

    /// Whole blocks, but for the end of a file.
    fn bytes(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let (blocks, rest) = bytes.as_chunks::<32>();
        for block in blocks {
            self.block(block);
        }
        if !rest.is_empty() {
            let mut last = [0; 32];
            last[..rest.len()].copy_from_slice(rest);
            self.block(&last);
        }
    }

    fn block(&mut self, block: &[u8; 32]) {
        for (lane, word) in block.as_chunks::<8>().0.iter().enumerate() {
            self.lane(lane, u64::from_le_bytes(*word));
        }
    }

    fn lane(&mut self, lane: usize, word: u64) {
        self.lanes[lane] = (self.lanes[lane] ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29);
    }

    fn finish(&self) -> u64 {
        self.lanes.iter().fold(self.length, |hash, lane| {
            let mixed = (hash ^ lane).wrapping_mul(0xff51_afd7_ed55_8ccd);
            mixed ^ (mixed >> 32)
        })
    }
}

/// As much as there is, up to the whole buffer.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_byte_is_another_model() {
        let folder = tempfile::tempdir().unwrap();
        let [weights, tokenizer] = ["model.onnx", "tokenizer.json"].map(|name| folder.path().join(name));
        let mut bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let stamp = |bytes: &[u8], pieces: &str| {
            fs::write(&weights, bytes).unwrap();
            fs::write(&tokenizer, pieces).unwrap();
            Stamp::of(&weights, &tokenizer).unwrap()
        };
        let first = stamp(&bytes, "{}");
        assert_eq!(first.bytes, 3_000_000);
        assert_eq!(stamp(&bytes, "{}").hash, first.hash, "the same again");
        let mut hashes = vec![first.hash, stamp(&bytes, "{ }").hash];
        for at in [0, 7, 31, 1 << 20, 2_999_999] {
            bytes[at] ^= 0x80;
            hashes.push(stamp(&bytes, "{}").hash);
            bytes[at] ^= 0x80;
        }
        bytes.push(0);
        hashes.push(stamp(&bytes, "{}").hash);
        fs::write(folder.path().join("model.onnx_data"), "more").unwrap();
        hashes.push(Stamp::of(&weights, &tokenizer).unwrap().hash);
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count, "each is another");
        assert!(!first.is_still_of(&weights, &tokenizer));
        assert!(Stamp::of(&weights, &tokenizer).unwrap().is_still_of(&weights, &tokenizer));
        // The value is kept in databases: it may not change with the machine or the version.
        fs::remove_file(folder.path().join("model.onnx_data")).unwrap();
        assert_eq!(stamp(b"weights", "pieces").hash, KNOWN);
    }

    const KNOWN: u64 = 1_796_388_417_041_749_887;
}
