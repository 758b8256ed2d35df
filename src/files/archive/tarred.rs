//! tar, plain or through gzip: headers with the crate `tar`, the loop over them here, so that long names and extensions are bounded like
//! all else.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use tar::{EntryType, Header, PaxExtensions};

use super::{ArchiveLimits, Entry, Gate, Meter, Next, Refusal, STEP_BYTES, STEP_ENTRIES, damaged};

pub(super) struct Tar {
    source: Source,
    meter: Meter,
    /// Bytes of the last entry, padding included, that were not read.
    to_skip: u64,
    /// From headers that stand before the entry they are of.
    long_name: Option<Vec<u8>>,
    size: Option<u64>,
    commit: Option<String>,
    is_over: bool,
}

enum Source {
    Plain(Box<dyn BufRead + Send>),
    Gzip(MultiGzDecoder<Counted>),
}

impl Tar {
    pub(super) fn plain(reader: impl BufRead + Send + 'static, limits: &ArchiveLimits) -> Self {
        Self::new(Source::Plain(Box::new(reader)), limits)
    }

    pub(super) fn gzip(reader: impl BufRead + Send + 'static, limits: &ArchiveLimits) -> Self {
        Self::new(Source::Gzip(MultiGzDecoder::new(Counted { inner: Box::new(reader), count: 0 })), limits)
    }

    fn new(source: Source, limits: &ArchiveLimits) -> Self {
        Self { source, meter: Meter::new(limits), to_skip: 0, long_name: None, size: None, commit: None, is_over: false }
    }

    pub(super) fn commit(&self) -> Option<&str> {
        self.commit.as_deref()
    }

    pub(super) fn next(&mut self, gate: &mut Gate) -> Result<Next, Refusal> {
        let mut passed_over = 0;
        for _ in 0..STEP_ENTRIES {
            while self.to_skip > 0 {
                if passed_over > STEP_BYTES {
                    return Ok(Next::More);
                }
                passed_over += self.skip()?;
            }
            if self.is_over {
                return match self.rest()? {
                    true => Ok(Next::End),
                    false => Ok(Next::More),
                };
            }
            if let Some(file) = self.entry(gate)? {
                return Ok(Next::File(file));
            }
        }
        Ok(Next::More)
    }

    /// Reads one header, and what it is of if that is wanted.
    fn entry(&mut self, gate: &mut Gate) -> Result<Option<super::Unpacked>, Refusal> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        if block.iter().all(|byte| *byte == 0) {
            self.is_over = true;
            return Ok(None);
        }
        gate.count()?;
        let header = Header::from_byte_slice(&block);
        if !sum_is_right(header, &block) {
            return Err(Refusal::Damaged("a header has another sum than it says".to_owned()));
        }
        let kind = header.entry_type();
        let stated = header.entry_size().map_err(|error| damaged(&error))?;
        if kind.is_gnu_longname() || kind.is_gnu_longlink() || kind.is_pax_local_extensions() || kind.is_pax_global_extensions() {
            return self.extension(kind, stated).map(|()| None);
        }
        let size = self.size.take().unwrap_or(stated);
        // The rest of a sparse file's map stands in blocks of its own.
        if kind.is_gnu_sparse() && is_extended(header) {
            return Err(Refusal::Damaged("it has a sparse file in many pieces, which is not read".to_owned()));
        }
        let name = self.long_name.take().unwrap_or_else(|| header.path_bytes().into_owned());
        let entry = match kind {
            kind if kind.is_file() || kind.is_contiguous() => match name.ends_with(b"/") {
                true => Entry::Folder,
                false => Entry::File,
            },
            kind if kind.is_dir() => Entry::Folder,
            kind if kind.is_symlink() || kind.is_hard_link() => Entry::Link,
            _ => Entry::Special,
        };
        self.to_skip = padded(size)?;
        match gate.admits(&name, entry, size) {
            Some((path, role)) => {
                let bytes = self.contents(size)?;
                Ok(gate.handed(path, role, bytes))
            }
            None => Ok(None),
        }
    }

    /// What stands before an entry and is of it, or of all that follow.
    fn extension(&mut self, kind: EntryType, size: u64) -> Result<(), Refusal> {
        self.to_skip = padded(size)?;
        if size > LONGEST_EXTENSION {
            return Err(Refusal::Damaged("a name or extension in it is longer than any can be".to_owned()));
        }
        let bytes = self.contents(size)?;
        if kind.is_gnu_longname() {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            self.long_name = Some(bytes[..end].to_vec());
        }
        if !kind.is_pax_local_extensions() && !kind.is_pax_global_extensions() {
            return Ok(());
        }
        for record in PaxExtensions::new(&bytes) {
            let record = record.map_err(|error| damaged(&error))?;
            match (record.key_bytes(), kind.is_pax_local_extensions()) {
                (b"path", true) => self.long_name = Some(record.value_bytes().to_vec()),
                (b"size", true) => self.size = std::str::from_utf8(record.value_bytes()).ok().and_then(|text| text.parse().ok()),
                // git-archive(1) writes the commit here.
                (b"comment", false) => self.commit = record.value().ok().filter(|text| is_hash(text)).map(str::to_owned),
                _ => {}
            }
        }
        Ok(())
    }

    fn contents(&mut self, size: u64) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        // What is said of the size is reserved only as it comes.
        while (bytes.len() as u64) < size {
            let start = bytes.len();
            let more = (size - start as u64).min(CHUNK);
            bytes.resize(start + more as usize, 0);
            self.fill(&mut bytes[start..])?;
        }
        self.to_skip -= size;
        Ok(bytes)
    }

    /// Passes over some of what is to be skipped, and tells how much.
    fn skip(&mut self) -> Result<u64, Refusal> {
        let mut room = [0; 8 << 10];
        let length = self.to_skip.min(room.len() as u64);
        self.fill(&mut room[..length as usize])?;
        self.to_skip -= length;
        Ok(length)
    }

    /// Reads what stands behind the end mark, as the sums of gzip stand there: whether nothing is left.
    fn rest(&mut self) -> Result<bool, Refusal> {
        let Source::Gzip(reader) = &mut self.source else { return Ok(true) };
        let mut room = [0; 8 << 10];
        for _ in 0..STEP_BYTES / room.len() as u64 {
            let read = reader.read(&mut room).map_err(|error| damaged(&error))?;
            if read == 0 {
                return Ok(true);
            }
            self.meter.came_out(read as u64, reader.get_ref().count)?;
        }
        Ok(false)
    }

    fn fill(&mut self, room: &mut [u8]) -> Result<(), Refusal> {
        let read = match &mut self.source {
            Source::Plain(reader) => reader.read_exact(room),
            Source::Gzip(reader) => reader.read_exact(room),
        };
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Refusal::Damaged("it ends before its end mark".to_owned()),
            _ => damaged(&error),
        })?;
        let went_in = match &self.source {
            // What is not compressed is as large as it is.
            Source::Plain(_) => u64::MAX,
            Source::Gzip(reader) => reader.get_ref().count,
        };
        self.meter.came_out(room.len() as u64, went_in)
    }
}

/// What was read of a file so far.
struct Counted {
    inner: Box<dyn BufRead + Send>,
    count: u64,
}

impl Read for Counted {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(room)?;
        self.count += read as u64;
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count += amount as u64;
        self.inner.consume(amount);
    }
}

/// The sum of all bytes, with blanks in the place of the sum itself.
fn sum_is_right(header: &Header, block: &[u8; BLOCK]) -> bool {
    let sum: u32 = block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum();
    header.cksum().is_ok_and(|said| said == sum)
}

fn is_extended(header: &Header) -> bool {
    header.as_gnu().is_some_and(tar::GnuHeader::is_extended)
}

fn padded(size: u64) -> Result<u64, Refusal> {
    let padded = size.checked_next_multiple_of(BLOCK as u64);
    padded.ok_or_else(|| Refusal::Damaged("an entry says to be larger than any disk".to_owned()))
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const BLOCK: usize = 512;
const CHUNK: u64 = 256 << 10;
/// Bytes.
const LONGEST_EXTENSION: u64 = 1 << 20;
