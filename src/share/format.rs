//! The file: how its records are written, and read by somebody who believes none of them. Knows neither database nor model.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;
use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use serde::{Deserialize, Serialize};
use url::Url;

use super::bytes::{Rest, put_number, put_optional, put_text, put_u32, put_u64};
use super::error::Error;
use crate::model::{
    Chunk, ChunkKind, Document, FilesRecipe, Filled, Heading, Metadata, Recipe, SharedPage, SharedSource, SharedVector, SourceId,
    SourceState, Validators,
};

/// What a file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The model that the vectors are of, and the components of each; none where there are none.
    pub model: Option<(String, u32)>,
    /// When it was written.
    pub written: Option<SystemTime>,
}

/// What a file holds, in this order: a source, its pages by address, and behind each page vectors of its chunks, in one record or several.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Source(Box<SharedSource>),
    Page(Box<SharedPage>),
    Vectors(Vec<SharedVector>),
}

/// How much is in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub sources: u64,
    pub pages: u64,
    pub chunks: u64,
    pub vectors: u64,
}

/// Writes a file, record by record.
///
/// ```
/// use smolcrawl::model::{Document, SharedPage, SharedSource, SourceId, SourceState};
/// use smolcrawl::share::{Head, Record, Writer, records};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let path = std::env::temp_dir().join(format!("smolcrawl-doc-{}.smolcrawl", std::process::id()));
/// let page = Document::new("https://docs.test/".parse()?, "Docs", "# Docs\n", std::time::SystemTime::UNIX_EPOCH);
/// let source = SharedSource {
///     source: SourceId::new("docs", Some("1.0"))?,
///     says_version: None,
///     recipe: None,
///     state: SourceState::Complete,
///     left: 0,
///     made: None,
///     refreshed: None,
/// };
/// let mut writer = Writer::new(std::fs::File::create(&path)?, &path, &Head::default())?;
/// writer.source(&source)?;
/// writer.page(&SharedPage { document: page.clone(), chunks: Vec::new(), cut_for: None }, &[])?;
/// let (_, totals) = writer.finish()?;
/// assert_eq!((totals.sources, totals.pages), (1, 1));
///
/// let read: Vec<_> = records(&path)?.collect::<Result<_, _>>()?;
/// let [Record::Source(of), Record::Page(shared)] = read.as_slice() else { panic!("{read:?}") };
/// assert_eq!((&**of, &shared.document), (&source, &page));
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
pub struct Writer<W: Write> {
    path: PathBuf,
    encoder: ZlibEncoder<Summed<W>>,
    /// The record being written: kept for its memory.
    record: Vec<u8>,
    totals: Totals,
}

impl<W: Write> Writer<W> {
    /// `path` is for messages.
    pub fn new(mut to: W, path: &Path, head: &Head) -> Result<Self, Error> {
        let mut start = MAGIC.to_vec();
        put_u32(&mut start, VERSION);
        let mut sum = Context::new(&SHA256);
        sum.update(&start);
        to.write_all(&start).map_err(Error::io(path, WRITTEN))?;
        let encoder = ZlibEncoder::new(Summed { to, sum }, Compression::default());
        let mut writer = Self { path: path.to_owned(), encoder, record: Vec::new(), totals: Totals::default() };
        put_optional(&mut writer.record, head.model.as_ref().map(|(name, _)| name.as_str()));
        put_u32(&mut writer.record, head.model.as_ref().map_or(0, |(_, dimensions)| *dimensions));
        put_number(&mut writer.record, head.written.map(milliseconds));
        writer.write(HEAD)?;
        Ok(writer)
    }

    pub fn source(&mut self, of: &SharedSource) -> Result<(), Error> {
        let (recipe, state) = of_everybody(of.recipe.clone(), of.state);
        let recipe = recipe.map(|recipe| serde_json::to_string(&recipe).expect("texts, numbers and addresses are JSON"));
        put_text(&mut self.record, of.source.as_str());
        put_optional(&mut self.record, of.says_version.as_deref());
        put_optional(&mut self.record, recipe.as_deref());
        self.record.push(STATES.iter().position(|known| *known == state).unwrap_or(0) as u8);
        put_u64(&mut self.record, of.left);
        put_number(&mut self.record, of.made.map(milliseconds));
        put_number(&mut self.record, of.refreshed.map(milliseconds));
        self.totals.sources += 1;
        self.write(SOURCE)
    }

    /// A page of the last source, behind those whose addresses come before its own.
    pub fn page(&mut self, page: &SharedPage, vectors: &[SharedVector]) -> Result<(), Error> {
        let SharedPage { document, chunks, cut_for } = page;
        let record = &mut self.record;
        put_text(record, document.url.as_str());
        put_text(record, &document.title);
        // Those of a twin, whose address is not in the file, say nothing of the page.
        let Validators { etag, last_modified, twin } = &document.validators;
        put_optional(record, etag.as_deref().filter(|_| twin.is_none()));
        put_optional(record, last_modified.as_deref().filter(|_| twin.is_none()));
        put_u64(record, milliseconds(document.fetched_at));
        let written = "texts, numbers and addresses are JSON";
        put_text(record, &serde_json::to_string(&Said::of(document)).expect(written));
        put_text(record, &serde_json::to_string(&document.outline).expect(written));
        put_number(record, cut_for.map(u64::from));
        put_text(record, &document.markdown);
        put_u32(record, chunks.len() as u32);
        for chunk in chunks {
            put_chunk(record, chunk);
        }
        if record.len() > MOST_OF_RECORD || chunks.len() > MOST_CHUNKS {
            let bytes = std::mem::take(record).len();
            return Err(Error::TooLarge { url: document.url.clone(), bytes, limit: MOST_OF_RECORD });
        }
        self.totals.pages += 1;
        self.totals.chunks += chunks.len() as u64;
        self.write(PAGE)?;
        let length = vectors.first().map_or(0, |vector| vector.data.len() + 8);
        for part in vectors.chunks((VECTORS_AT_ONCE / length.max(1)).max(1)) {
            put_u32(&mut self.record, part.len() as u32);
            for SharedVector { chunk, scale, data } in part {
                put_u32(&mut self.record, *chunk);
                put_u32(&mut self.record, scale.to_bits());
                self.record.extend(data);
            }
            self.totals.vectors += part.len() as u64;
            self.write(VECTORS)?;
        }
        Ok(())
    }

    /// Writes the end, without which a file is none, and gives back what was written to.
    pub fn finish(mut self) -> Result<(W, Totals), Error> {
        let Totals { sources, pages, chunks, vectors } = self.totals;
        [sources, pages, chunks, vectors].into_iter().for_each(|number| put_u64(&mut self.record, number));
        self.write(END)?;
        let Summed { mut to, sum } = self.encoder.finish().map_err(Error::io(&self.path, WRITTEN))?;
        to.write_all(sum.finish().as_ref()).and_then(|()| to.flush()).map_err(Error::io(&self.path, WRITTEN))?;
        Ok((to, self.totals))
    }

    fn write(&mut self, kind: u8) -> Result<(), Error> {
        let mut before = vec![kind];
        put_u32(&mut before, self.record.len() as u32);
        let written = self.encoder.write_all(&before).and_then(|()| self.encoder.write_all(&self.record));
        self.record.clear();
        written.map_err(Error::io(&self.path, WRITTEN))
    }
}

/// What a page says of itself, and beside it where its text came from: readers that do not know of that pass over it.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Said {
    #[serde(flatten)]
    metadata: Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    filled: Option<String>,
}

impl Said {
    fn of(document: &Document) -> Self {
        let Document { metadata, filled, .. } = document;
        Self { metadata: metadata.clone(), filled: (!filled.is_served()).then(|| filled.to_string()) }
    }
}

fn put_chunk(record: &mut Vec<u8>, chunk: &Chunk) {
    put_u32(record, chunk.ordinal);
    put_u32(record, chunk.heading_path.len() as u32);
    chunk.heading_path.iter().for_each(|heading| put_text(record, heading));
    put_text(record, &chunk.text);
    put_optional(record, chunk.anchor.as_deref());
    match &chunk.kind {
        ChunkKind::Text => record.push(0),
        ChunkKind::Code { language, context } => {
            record.push(1);
            put_optional(record, language.as_deref());
            put_text(record, context);
        }
    }
}

/// What goes through it is summed up.
struct Summed<W> {
    to: W,
    sum: Context,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The records of a file that is what was written: its checksum has been compared. Each is looked at as it is read.
///
/// # Errors
/// The file is damaged, foreign, newer, or not laid out as it should be.
pub fn records(path: &Path) -> Result<impl Iterator<Item = Result<Record, Error>>, Error> {
    let mut check = Check::begin(path)?;
    while !check.step()? {}
    let mut records = check.records()?;
    Ok(std::iter::from_fn(move || records.read_next().transpose()))
}

/// Compares the checksum of a file, a part at a time.
#[derive(Debug)]
pub struct Check {
    path: PathBuf,
    file: File,
    sum: SumSoFar,
    /// Bytes that the checksum is of and that are not read yet.
    left: u64,
    /// Bytes from the end of the head to the checksum.
    body: u64,
    buffer: Vec<u8>,
}

struct SumSoFar(Context);

impl std::fmt::Debug for SumSoFar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SumSoFar")
    }
}

impl Check {
    /// Opens the file, and looks whether it is one of ours, of a version that is known.
    pub fn begin(path: &Path) -> Result<Self, Error> {
        let read = || Error::io(path, READ);
        let mut file = File::open(path).map_err(read())?;
        let metadata = file.metadata().map_err(read())?;
        if metadata.is_dir() {
            return Err(Error::Foreign { path: path.to_owned() });
        }
        let mut start = Vec::new();
        (&mut file).take(START as u64).read_to_end(&mut start).map_err(read())?;
        if !start.starts_with(MAGIC) {
            // The beginning of a beginning is a file that was cut off.
            let is_cut = !start.is_empty() && MAGIC.starts_with(&start);
            return Err(if is_cut { Error::Damaged { path: path.to_owned() } } else { Error::Foreign { path: path.to_owned() } });
        }
        let version = Rest(&start[MAGIC.len()..]).u32();
        let body = metadata.len().checked_sub((START + SHA256_OUTPUT_LEN) as u64);
        let (Some(version), Some(body)) = (version, body) else { return Err(Error::Damaged { path: path.to_owned() }) };
        match version {
            VERSION => {}
            0 => return Err(Error::Damaged { path: path.to_owned() }),
            found => return Err(Error::Newer { path: path.to_owned(), found, known: VERSION }),
        }
        let mut sum = Context::new(&SHA256);
        sum.update(&start);
        Ok(Self { path: path.to_owned(), file, sum: SumSoFar(sum), left: body, body, buffer: vec![0; 64 << 10] })
    }

    /// Reads some more, and tells whether that was all.
    ///
    /// # Errors
    /// The file is damaged, or cannot be read.
    pub fn step(&mut self) -> Result<bool, Error> {
        let damaged = || Error::Damaged { path: self.path.clone() };
        for _ in 0..READS_IN_STEP {
            let wanted = self.left.min(self.buffer.len() as u64) as usize;
            if wanted == 0 {
                let mut stored = Vec::new();
                (&mut self.file).take(SHA256_OUTPUT_LEN as u64 + 1).read_to_end(&mut stored).map_err(Error::io(&self.path, READ))?;
                let sum = self.sum.0.clone().finish();
                return if sum.as_ref() == stored { Ok(true) } else { Err(damaged()) };
            }
            match self.file.read(&mut self.buffer[..wanted]) {
                Ok(0) => return Err(damaged()),
                Ok(read) => {
                    self.sum.0.update(&self.buffer[..read]);
                    self.left -= read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io(&self.path, READ)(error)),
            }
        }
        Ok(false)
    }

    /// What the file is known by, once all of it has been read.
    pub fn sum(&self) -> String {
        self.sum.0.clone().finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The records from the first on, of the file as it is opened already: what has another name meanwhile is the same.
    pub fn records(&self) -> Result<Records, Error> {
        let read = || Error::io(&self.path, READ);
        let mut file = self.file.try_clone().map_err(read())?;
        file.seek(SeekFrom::Start(START as u64)).map_err(read())?;
        let mut records = Records {
            path: self.path.clone(),
            decoder: ZlibDecoder::new(BufReader::with_capacity(64 << 10, file.take(self.body))),
            head: Head::default(),
            totals: Totals::default(),
            place: Place::Start,
            sources: Vec::new(),
            record: Vec::new(),
        };
        records.read_head()?;
        Ok(records)
    }
}

/// Reads record by record; a record is in memory at a time.
pub struct Records {
    path: PathBuf,
    decoder: ZlibDecoder<BufReader<Take<File>>>,
    head: Head,
    totals: Totals,
    place: Place,
    /// Those so far.
    sources: Vec<SourceId>,
    /// The bytes of the last record: kept for their memory.
    record: Vec<u8>,
}

/// What may come next.
#[derive(Debug)]
enum Place {
    Start,
    /// Behind the head, or a source.
    Between,
    /// Behind a page, with its address and which of its chunks have no vector yet.
    Page {
        url: String,
        without: Vec<bool>,
    },
    End,
}

impl Records {
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// So far; at the end of all.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    pub fn sources(&self) -> &[SourceId] {
        &self.sources
    }

    /// None behind the last: nothing follows, and there were as many as it says.
    pub fn read_next(&mut self) -> Result<Option<Record>, Error> {
        if matches!(self.place, Place::End) {
            return Ok(None);
        }
        let kind = self.read()?;
        let record = std::mem::take(&mut self.record);
        let read = self.understand(kind, &record);
        self.record = record;
        match read {
            Ok(Some(record)) => Ok(Some(record)),
            Ok(None) => self.end().map(|()| None),
            Err(what) => Err(self.malformed(what)),
        }
    }

    fn malformed(&self, what: &'static str) -> Error {
        Error::Malformed { path: self.path.clone(), what }
    }

    fn read_head(&mut self) -> Result<(), Error> {
        if self.read()? != HEAD {
            return Err(self.malformed("it has no head"));
        }
        let mut rest = Rest(&self.record);
        let read = (|| {
            let model = rest.optional()?.map(str::to_owned);
            let dimensions = rest.u32()?;
            let written = time(rest.number()?)?;
            rest.end()?;
            let is_sound = model.as_ref().map_or(dimensions == 0, |name| {
                (1..=MOST_DIMENSIONS).contains(&dimensions) && !name.is_empty() && name.len() <= LONGEST_NAME
            });
            is_sound.then(|| Head { model: model.map(|name| (name, dimensions)), written })
        })();
        self.head = read.ok_or_else(|| self.malformed("its head is none"))?;
        self.place = Place::Between;
        Ok(())
    }

    /// The next record's bytes; its kind. Memory grows with what is there, not with what a length says.
    fn read(&mut self) -> Result<u8, Error> {
        let mut before = [0; 5];
        // A checksum that agrees was made of this: what cannot be decompressed was so from the start.
        let malformed = |path: &Path| Error::Malformed { path: path.to_owned(), what: "it ends within a record, or is not compressed" };
        self.decoder.read_exact(&mut before).map_err(|_| malformed(&self.path))?;
        let [kind, length @ ..] = before;
        let length = u32::from_le_bytes(length) as usize;
        if length > MOST_OF_RECORD {
            return Err(self.malformed("a record is larger than any"));
        }
        self.record.clear();
        // A large one is not kept for the small ones that follow.
        self.record.shrink_to(1 << 20);
        let read = (&mut self.decoder).take(length as u64).read_to_end(&mut self.record);
        if read.is_ok_and(|read| read == length) { Ok(kind) } else { Err(malformed(&self.path)) }
    }

    fn understand(&mut self, kind: u8, record: &[u8]) -> Result<Option<Record>, &'static str> {
        match (kind, &mut self.place) {
            (SOURCE, Place::Between | Place::Page { .. }) => {
                let source = read_source(record).ok_or("a source is none")?;
                if self.sources.contains(&source.source) {
                    return Err("a source is there twice");
                }
                if self.sources.len() == MOST_SOURCES {
                    return Err("there are more sources than in any");
                }
                self.sources.push(source.source.clone());
                self.totals.sources += 1;
                self.place = Place::Between;
                Ok(Some(Record::Source(Box::new(source))))
            }
            (PAGE, Place::Between | Place::Page { .. }) if !self.sources.is_empty() => {
                let page = read_page(record)?;
                let url = page.document.url.as_str().to_owned();
                if matches!(&self.place, Place::Page { url: before, .. } if *before >= url) {
                    return Err("pages are not in the order of their addresses");
                }
                self.totals.pages += 1;
                self.totals.chunks += page.chunks.len() as u64;
                self.place = Place::Page { url, without: vec![true; page.chunks.len()] };
                Ok(Some(Record::Page(Box::new(page))))
            }
            (VECTORS, Place::Page { without, .. }) => {
                let (_, dimensions) = self.head.model.as_ref().ok_or("there are vectors of no model")?;
                let vectors = read_vectors(record, *dimensions as usize).ok_or("a vector is none")?;
                for vector in &vectors {
                    let without = without.get_mut(vector.chunk as usize).ok_or("a vector is of a passage that is not there")?;
                    if !std::mem::take(without) {
                        return Err("a passage has two vectors");
                    }
                }
                self.totals.vectors += vectors.len() as u64;
                Ok(Some(Record::Vectors(vectors)))
            }
            (END, _) => {
                let mut rest = Rest(record);
                let mut number = || rest.u64().ok_or("its end is none");
                let said = Totals { sources: number()?, pages: number()?, chunks: number()?, vectors: number()? };
                if rest.end().is_none() || said != self.totals {
                    return Err("there is not as much in it as it says");
                }
                self.place = Place::End;
                Ok(None)
            }
            _ => Err("a record is of an unknown kind, or in the place of another"),
        }
    }

    /// Behind the last record there is nothing.
    fn end(&mut self) -> Result<(), Error> {
        let more = self.decoder.read(&mut [0]).map_or(true, |read| read > 0);
        let behind = self.decoder.get_mut().fill_buf().map_or(true, |bytes| !bytes.is_empty());
        if more || behind { Err(self.malformed("there is something behind its end")) } else { Ok(()) }
    }
}

fn read_source(record: &[u8]) -> Option<SharedSource> {
    let mut rest = Rest(record);
    let source = SourceId::named(rest.text()?)?;
    let says_version = rest.optional()?.map(str::to_owned);
    let recipe = match rest.optional()? {
        None => None,
        Some(text) if text.len() > MOST_OF_SAID => return None,
        Some(text) => Some(serde_json::from_str::<Recipe>(text).ok()?),
    };
    let (mut recipe, state) = of_everybody(recipe, *STATES.get(usize::from(rest.byte()?))?);
    // Whoever made the file is not to have something read here with the user's own logins.
    if let Some(files) = recipe.as_mut().and_then(|recipe| recipe.files.as_mut()) {
        files.confined = true;
    }
    let left = rest.u64()?;
    let (made, refreshed) = (time(rest.number()?)?, time(rest.number()?)?);
    rest.end()?;
    let is_name = |text: &String| text.len() <= LONGEST_NAME && !text.chars().any(char::is_control);
    let is_sound = says_version.as_ref().is_none_or(is_name)
        && i64::try_from(left).is_ok()
        && recipe.as_ref().is_none_or(|recipe| recipe.seeds.iter().all(is_of_page));
    is_sound.then_some(SharedSource { source, says_version, recipe, state, left, made, refreshed })
}

fn read_page(record: &[u8]) -> Result<SharedPage, &'static str> {
    const NONE: &str = "a page is none";
    let mut rest = Rest(record);
    let address = rest.text().ok_or(NONE)?;
    let url = Url::parse(address).ok().filter(|url| url.as_str() == address && is_of_page(url));
    let url = url
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .ok_or("the address of a page is none of the web or of a file")?;
    let title = rest.text().ok_or(NONE)?;
    let validators = Validators {
        etag: rest.optional().ok_or(NONE)?.map(str::to_owned),
        last_modified: rest.optional().ok_or(NONE)?.map(str::to_owned),
        twin: None,
    };
    let fetched_at = rest.u64().and_then(|number| time(Some(number))).flatten().ok_or(NONE)?;
    let metadata = rest.text().filter(|text| text.len() <= MOST_OF_SAID).ok_or(NONE)?;
    let Said { metadata, filled } = serde_json::from_str(metadata).map_err(|_| "the metadata of a page are none")?;
    let filled = filled.as_deref().filter(|filled| filled.len() <= LONGEST_NAME && !filled.chars().any(char::is_control));
    let filled = filled.map_or(Filled::Served, Filled::parse);
    let outline = rest.text().filter(|text| text.len() <= MOST_OF_SAID).ok_or(NONE)?;
    let outline: Vec<Heading> = serde_json::from_str(outline).map_err(|_| "the outline of a page is none")?;
    let cut_for = rest.number().ok_or(NONE)?.map(u32::try_from).transpose().map_err(|_| NONE)?;
    let markdown = rest.text().ok_or(NONE)?;
    let fits = |heading: &Heading| (1..=6).contains(&heading.level) && markdown.is_char_boundary(heading.offset);
    if !outline.is_sorted_by_key(|heading| heading.offset) || !outline.iter().all(fits) {
        return Err("the outline of a page is that of another");
    }
    let count = rest.u32().ok_or(NONE)? as usize;
    if count > MOST_CHUNKS {
        return Err("a page has more passages than any");
    }
    let mut chunks: Vec<Chunk> = Vec::new();
    for _ in 0..count {
        let chunk = read_chunk(&mut rest).ok_or("a passage is none")?;
        if chunks.last().is_some_and(|before| before.ordinal > chunk.ordinal) {
            return Err("passages are not in their order");
        }
        chunks.push(chunk);
    }
    rest.end().ok_or(NONE)?;
    let document = Document { outline, metadata, validators, filled, ..Document::new(url, title, markdown, fetched_at) };
    Ok(SharedPage { document, chunks, cut_for })
}

fn read_chunk(rest: &mut Rest<'_>) -> Option<Chunk> {
    let ordinal = rest.u32()?;
    let headings = rest.u32().filter(|headings| *headings <= MOST_HEADINGS)?;
    let heading_path = (0..headings).map(|_| rest.text().map(str::to_owned)).collect::<Option<_>>()?;
    let text = rest.text()?.to_owned();
    let anchor = rest.optional()?.map(str::to_owned);
    let kind = match rest.byte()? {
        0 => ChunkKind::Text,
        1 => ChunkKind::Code { language: rest.optional()?.map(str::to_owned), context: rest.text()?.to_owned() },
        _ => return None,
    };
    Some(Chunk { ordinal, heading_path, text, kind, anchor })
}

fn read_vectors(record: &[u8], dimensions: usize) -> Option<Vec<SharedVector>> {
    let mut rest = Rest(record);
    let count = rest.u32()? as usize;
    // Before there is room for them.
    if rest.0.len() != count.checked_mul(dimensions + 8)? {
        return None;
    }
    let vectors = (0..count).map(|_| {
        let (chunk, scale, data) = (rest.u32()?, rest.f32()?, rest.take(dimensions)?);
        // Of vectors of length 1 no component is greater than 1; of no vector that is stored a byte is -128, or all are 0.
        let is_sound = scale.is_finite() && scale > 0.0 && scale <= 1.0 && !data.contains(&0x80) && data.iter().any(|step| *step != 0);
        is_sound.then(|| SharedVector { chunk, scale, data: data.to_vec() })
    });
    vectors.collect()
}

fn is_of_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// Pages of files have the address of their file. That of another host's is none: who looked at it would log in there.
fn is_of_page(url: &Url) -> bool {
    is_of_web(url) || url.scheme() == "file" && url.host_str().is_none_or(str::is_empty)
}

/// Without what is of one machine or user: a source of a folder is there as its pages are, and cannot be filled again where the folder is not.
fn of_everybody(recipe: Option<Recipe>, state: SourceState) -> (Option<Recipe>, SourceState) {
    match recipe {
        Some(recipe) if recipe.files.as_ref().is_none_or(FilesRecipe::is_of_everybody) => (Some(without_credentials(recipe)), state),
        Some(_) => (None, SourceState::Loose),
        None => (None, state),
    }
}

/// There are none in a recipe; a seed was written by a user.
fn without_credentials(recipe: Recipe) -> Recipe {
    let bare = |mut url: Url| {
        // Both fail only for URLs that cannot have a user name in the first place.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    };
    Recipe { seeds: recipe.seeds.into_iter().map(bare).collect(), ..recipe }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX).min(LATEST)
}

/// None where it is no time that is ever written.
fn time(milliseconds: Option<u64>) -> Option<Option<SystemTime>> {
    match milliseconds {
        None => Some(None),
        Some(number) if number > LATEST => None,
        Some(number) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(number)).map(Some),
    }
}

/// As PNG's: what reads it as text, or a mail that ends its lines otherwise, damages it at once.
const MAGIC: &[u8] = b"\x89smolcrawl\r\n\x1a\n";
/// The version that this program writes, and the highest that it reads.
const VERSION: u32 = 1;
/// Bytes before the body.
const START: usize = MAGIC.len() + 4;

const HEAD: u8 = b'H';
const SOURCE: u8 = b'S';
const PAGE: u8 = b'P';
const VECTORS: u8 = b'V';
const END: u8 = b'E';

/// By their numbers in the file.
const STATES: [SourceState; 4] = [SourceState::Loose, SourceState::Complete, SourceState::Limited, SourceState::Incomplete];

/// Bytes of a record.
const MOST_OF_RECORD: usize = 64 << 20;
/// Bytes of what a page says of itself, of its headings, of a recipe: what is read of a byte of JSON takes several.
const MOST_OF_SAID: usize = 8 << 20;
/// Passages of a page: five times what a page is cut into.
const MOST_CHUNKS: usize = 100_000;
/// Headings that a passage stands under.
const MOST_HEADINGS: u32 = 100;
const MOST_SOURCES: usize = 10_000;
/// Of a model whose vectors are stored.
const MOST_DIMENSIONS: u32 = 16_384;
/// Bytes of the name of a model, and of a version.
const LONGEST_NAME: usize = 1_000;
/// The end of the year 9999.
const LATEST: u64 = 253_402_300_799_999;
/// Bytes of vectors in one record, nearly.
const VECTORS_AT_ONCE: usize = 1 << 20;
/// Of 64 KiB each.
const READS_IN_STEP: usize = 256;

const WRITTEN: &str = "written";
const READ: &str = "read";

#[cfg(test)]
mod tests;
