//! Sources out of the database into a file, and out of a file into the database: slice by slice, a page in memory at a time.

use std::path::PathBuf;
use std::time::SystemTime;

use super::{Access, Engine};
use crate::error::Error;
use crate::model::{Chunk, SharedPage, SharedSource, SharedVector, SourceId};
use crate::reactor::Lane;
use crate::share::{self, Form, Head, Names, Record, Records, Shown, Target, Totals, Tree, Writer};
use crate::store::{self, Put, SharedVectors, Store};

/// What becomes of what is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and it is an error.
    #[default]
    Refuse,
    /// It is replaced. Of a file: when the new one is complete.
    Replace,
}

/// What is exported, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    pub sources: Vec<SourceId>,
    /// The file, or for [`Form::Markdown`] the folder.
    pub to: PathBuf,
    /// As texts; none: as one compressed file that [`Engine::import`] reads.
    pub form: Option<Form>,
    /// Of the file at `to`. A folder has to be new or empty, whatever this says.
    pub existing: Existing,
}

impl Export {
    /// To one compressed file, where there is none.
    pub fn new(sources: Vec<SourceId>, to: impl Into<PathBuf>) -> Self {
        Self { sources, to: to.into(), form: None, existing: Existing::Refuse }
    }
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportReport {
    pub sources: Vec<SourceId>,
    pub pages: u64,
    /// Of these three, texts have none.
    pub chunks: u64,
    pub vectors: u64,
    /// The model that the vectors are of.
    pub model: Option<String>,
    /// Bytes of the file, or of all files of the folder.
    pub bytes: u64,
}

/// What was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub sources: Vec<Imported>,
    pub chunks: u64,
    /// That were stored: what has no vector is embedded as always.
    pub vectors: u64,
    /// The model that the vectors in the file are of; none where there are none.
    pub model: Option<String>,
    /// That are in the file and were left out, because they are of another model than the engine's.
    pub vectors_of_another_model: u64,
    /// When the file was written.
    pub written: Option<SystemTime>,
}

/// What became of one source of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub source: SourceId,
    /// In the file.
    pub pages: u64,
    pub added: u64,
    pub replaced: u64,
    pub unchanged: u64,
    /// That were stored and are not in the file.
    pub removed: u64,
}

/// Sources to be shared.
impl Engine {
    /// Writes sources to a file: pages with their passages, the vectors of the engine's model, and what the sources are made of, without
    /// credentials. The file is there when it is complete; dropped before, the future leaves nothing behind.
    ///
    /// ```
    /// use smolcrawl::config::{Config, Embeddings, Environment};
    /// use smolcrawl::engine::{Chunking, Existing, Export};
    /// use smolcrawl::model::{Document, SourceId};
    /// use smolcrawl::{Engine, reactor::sim::Sim};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let handle = Sim::new().handle();
    /// let engine = || {
    ///     let config = Config { environment: Environment::none(), embeddings: Embeddings::None, ..Config::new(":memory:") };
    ///     Engine::with_handle(config, handle.clone())
    /// };
    /// let (ours, theirs) = (engine()?, engine()?);
    /// let page = Document::new("https://docs.test/a".parse()?, "A", "# A\n\nText.\n", std::time::SystemTime::now());
    /// let source = SourceId::of(&page.url);
    /// let file = std::env::temp_dir().join(format!("smolcrawl-doc-share-{}.smolcrawl", std::process::id()));
    /// handle.block_on(async {
    ///     ours.put(page, Chunking::default()).await?;
    ///     let exported = ours.export(Export::new(vec![source.clone()], &file)).await?;
    ///     let imported = theirs.import(file.clone(), Existing::Refuse).await?;
    ///     assert_eq!((exported.pages, imported.sources[0].added), (1, 1));
    ///     assert_eq!(theirs.sources().await?[0].source, source);
    ///     Ok::<(), smolcrawl::Error>(())
    /// })?;
    /// # std::fs::remove_file(&file)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotStored`], [`Error::Share`], and what the store says.
    pub async fn export(&self, export: Export) -> Result<ExportReport, Error> {
        let Export { sources, to, form, existing } = export;
        let (reading, model) = self.reading_of(sources, form.is_none()).await?;
        let sources: Vec<_> = reading.sources.iter().map(|of| of.source.clone()).collect();
        let begin = move || {
            let target = |to| match existing {
                Existing::Refuse => Target::new(to),
                Existing::Replace => Target::replacing(to),
            };
            let sink = match form {
                None => {
                    let head = Head { model, written: Some(SystemTime::now()) };
                    Sink::File(Box::new(Writer::new(target(&to)?, &to, &head)?), head.model.map(|(name, _)| name))
                }
                Some(Form::Markdown) => Sink::Folder(Tree::new(&to)?, Names::default()),
                Some(form) => Sink::Text(target(&to)?, to, form),
            };
            Ok::<_, share::Error>((reading, sink))
        };
        let (mut reading, mut sink) = self.inner.handle.unblock_on(Lane::Bulk, begin).await?;
        loop {
            let step = move |store: &Store| {
                let mut bytes = 0;
                while bytes < SLICE {
                    let Some(piece) = reading.next(store)? else { return Ok((reading, sink, Ok(true))) };
                    bytes += piece.bytes();
                    if let Err(error) = sink.take(&reading, piece) {
                        return Ok((reading, sink, Err(error)));
                    }
                }
                Ok((reading, sink, Ok(false)))
            };
            let is_over: Result<bool, share::Error>;
            (reading, sink, is_over) = self.store_in(Lane::Bulk, step).await?;
            if is_over? {
                break;
            }
        }
        let pages = reading.pages;
        let report = self.inner.handle.unblock_on(Lane::Bulk, move || sink.complete()).await?;
        Ok(ExportReport { sources, pages, ..report })
    }

    /// The same as texts, for somebody who writes them elsewhere: see [`Texts::next`].
    ///
    /// # Errors
    /// [`Error::NotStored`], and what the store says.
    pub async fn texts(&self, sources: Vec<SourceId>, form: Form) -> Result<Texts, Error> {
        let (reading, _) = self.reading_of(sources, false).await?;
        Ok(Texts { engine: self.clone(), form, reading: Some(reading) })
    }

    async fn reading_of(&self, named: Vec<SourceId>, is_whole: bool) -> Result<(Reading, Option<(String, u32)>), Error> {
        let known = self.sources().await?;
        let mut sources: Vec<SharedSource> = Vec::new();
        for source in named {
            let summary = known.iter().find(|of| of.source == source).ok_or(Error::NotStored { source_id: source })?;
            if !sources.iter().any(|of| of.source == summary.source) {
                sources.push(summary.clone().into());
            }
        }
        let model = if is_whole { self.stored_model().await? } else { None };
        let vectors = model.as_ref().map(|(name, _)| SharedVectors::of(name));
        Ok((Reading { sources, at: Place::Start, vectors, pages: 0 }, model))
    }

    /// The engine's model, and the components of its vectors in the store, if there are any.
    async fn stored_model(&self) -> Result<Option<(String, u32)>, Error> {
        let Some(name) = self.own_model().await else { return Ok(None) };
        let asked = name.clone();
        Ok(self.with_store(move |store| store.dimensions(&asked)).await?.map(|dimensions| (name, dimensions)))
    }

    async fn own_model(&self) -> Option<String> {
        let embedder = self.inner.embedder.clone()?;
        // Naming a model may mean reading its files.
        Some(self.inner.handle.unblock_on(Lane::Heavy, move || embedder.model().to_owned()).await)
    }

    /// Stores the sources of a file that [`Engine::export`] has written. All of the file is looked at before anything is stored: one that
    /// is damaged or not ours changes nothing. Each page is stored in a transaction; what was interrupted is incomplete, and is completed
    /// by importing the same file again. Vectors of another model than the engine's are left out: its own are made as always.
    ///
    /// With [`Existing::Replace`] sources that are there already have the pages of the file and no others afterwards.
    ///
    /// # Errors
    /// [`Error::Share`], and what the store says.
    pub async fn import(&self, from: PathBuf, existing: Existing) -> Result<ImportReport, Error> {
        let mut check = self.inner.handle.unblock_on(Lane::Bulk, move || share::Check::begin(&from)).await?;
        loop {
            let step = move || check.step().map(|is_over| (check, is_over));
            let is_over;
            (check, is_over) = self.inner.handle.unblock_on(Lane::Bulk, step).await?;
            if is_over {
                break;
            }
        }
        let first = move || Ok::<_, share::Error>((check.records()?, check));
        let (mut records, check) = self.inner.handle.unblock_on(Lane::Bulk, first).await?;
        loop {
            let look = move || {
                let mut left = SLICE;
                while left > 0 {
                    let Some(record) = records.read_next()? else { return Ok((records, true)) };
                    left = left.saturating_sub(Piece::bytes_of(&record));
                }
                Ok::<_, share::Error>((records, false))
            };
            let is_over;
            (records, is_over) = self.inner.handle.unblock_on(Lane::Bulk, look).await?;
            if is_over {
                break;
            }
        }
        let (sources, import) = (records.sources().to_vec(), check.sum());
        if existing == Existing::Refuse && self.has_database() {
            let import = import.clone();
            let sources = self.with_store(move |store| store.in_the_way(&sources, &import)).await?;
            if !sources.is_empty() {
                return Err(share::Error::SourceExists { sources }.into());
            }
        }
        let head = records.head().clone();
        let model = match (&head.model, self.own_model().await) {
            (Some((name, dimensions)), Some(own)) if *name == own => Some((own, *dimensions)),
            _ => None,
        };
        let report = ImportReport { model: head.model.map(|(name, _)| name), written: head.written, ..ImportReport::default() };
        let again = self.inner.handle.unblock_on(Lane::Bulk, move || check.records());
        let mut storing = Storing { records: again.await?, import, model, source: None, last: String::new(), chunks: Vec::new(), report };
        self.open_database().await?;
        loop {
            let inner = self.inner.clone();
            let step = move |store: &Store| {
                let outcome = storing.step(store);
                // Here and not after the await: pages are stored even if nobody waits for the answer any more.
                inner.ring();
                Ok(outcome.map(|is_over| (storing, is_over)))
            };
            let is_over;
            (storing, is_over) = self.store_for(Lane::Heavy, Access::Store, step).await??;
            if is_over {
                return Ok(storing.report);
            }
        }
    }
}

/// Pages as texts, slice by slice.
#[derive(Debug)]
pub struct Texts {
    engine: Engine,
    form: Form,
    /// None when all has been read.
    reading: Option<Reading>,
}

impl Texts {
    /// The next pages, each ending with the end of a line; none behind the last.
    ///
    /// ```
    /// use smolcrawl::config::{Config, Embeddings, Environment};
    /// use smolcrawl::engine::Chunking;
    /// use smolcrawl::model::{Document, SourceId};
    /// use smolcrawl::share::Form;
    /// use smolcrawl::{Engine, reactor::sim::Sim};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let handle = Sim::new().handle();
    /// let config = Config { environment: Environment::none(), embeddings: Embeddings::None, ..Config::new(":memory:") };
    /// let engine = Engine::with_handle(config, handle.clone())?;
    /// let page = Document::new("https://docs.test/a".parse()?, "A", "# A\n\nText.\n", std::time::SystemTime::now());
    /// let source = SourceId::of(&page.url);
    /// let text = handle.block_on(async {
    ///     engine.put(page, Chunking::default()).await?;
    ///     let mut texts = engine.texts(vec![source], Form::LlmsTxt).await?;
    ///     let mut text = String::new();
    ///     while let Some(pages) = texts.next().await {
    ///         text.push_str(&pages?);
    ///     }
    ///     Ok::<_, smolcrawl::Error>(text)
    /// })?;
    /// assert_eq!(text, "# docs.test\n\n## Pages\n\n- [A](https://docs.test/a)\n");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Result<String, Error>> {
        let (mut reading, form) = (self.reading.take()?, self.form);
        let step = move |store: &Store| {
            let mut text = String::new();
            while text.len() < SLICE {
                let Some(piece) = reading.next(store)? else { return Ok((text, None)) };
                text.push_str(&reading.text(form, &piece));
            }
            Ok((text, Some(reading)))
        };
        match self.engine.store_in(Lane::Bulk, step).await {
            Ok((text, reading)) => {
                self.reading = reading;
                (!text.is_empty()).then_some(Ok(text))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// The pages of sources, one after the other.
#[derive(Debug)]
struct Reading {
    sources: Vec<SharedSource>,
    at: Place,
    /// None where no vectors are read.
    vectors: Option<SharedVectors>,
    pages: u64,
}

#[derive(Debug)]
enum Place {
    Start,
    /// In the source of that number, behind a page.
    Behind(usize, String),
}

/// What is read next.
enum Piece {
    Source,
    Page(Box<SharedPage>, Vec<SharedVector>),
}

impl Piece {
    fn bytes(&self) -> usize {
        match self {
            Self::Source => SMALL,
            Self::Page(page, vectors) => page_bytes(page) + vectors_bytes(vectors),
        }
    }

    fn bytes_of(record: &Record) -> usize {
        match record {
            Record::Source(_) => SMALL,
            Record::Page(page) => page_bytes(page),
            Record::Vectors(vectors) => vectors_bytes(vectors),
        }
    }
}

/// What work it makes: many small ones make some, too.
fn page_bytes(page: &SharedPage) -> usize {
    SMALL + 2 * page.document.markdown.len() + page.chunks.len() * 512
}

fn vectors_bytes(vectors: &[SharedVector]) -> usize {
    SMALL + vectors.iter().map(|vector| vector.data.len() + 64).sum::<usize>()
}

impl Reading {
    fn next(&mut self, store: &Store) -> Result<Option<Piece>, store::Error> {
        let next = match &mut self.at {
            Place::Start => 0,
            Place::Behind(number, address) => match store.shared_after(&self.sources[*number].source, address, self.vectors.as_ref())? {
                Some((found, page, vectors)) => {
                    *address = found;
                    self.pages += 1;
                    return Ok(Some(Piece::Page(Box::new(page), vectors)));
                }
                None => *number + 1,
            },
        };
        if next == self.sources.len() {
            return Ok(None);
        }
        self.at = Place::Behind(next, String::new());
        Ok(Some(Piece::Source))
    }

    /// The source that it is in.
    fn source(&self) -> &SharedSource {
        match self.at {
            Place::Start => unreachable!("a source is the first piece"),
            Place::Behind(number, _) => &self.sources[number],
        }
    }

    fn text(&self, form: Form, piece: &Piece) -> String {
        let of = self.source();
        match piece {
            Piece::Source => {
                let names: Vec<_> = self.sources.iter().map(|of| of.source.clone()).collect();
                let is_first = matches!(self.at, Place::Behind(0, _));
                let opening = if is_first { Shown::opening(form, &names) } else { String::new() };
                opening + &Shown::heading(form, &of.source, &names)
            }
            Piece::Page(page, _) => Shown { source: &of.source, version: of.version(), document: &page.document }.page(form),
        }
    }
}

/// Where pages go.
enum Sink {
    File(Box<Writer<Target>>, Option<String>),
    Folder(Tree, Names),
    Text(Target, PathBuf, Form),
}

impl Sink {
    fn take(&mut self, reading: &Reading, piece: Piece) -> Result<(), share::Error> {
        match (self, piece) {
            (Self::File(writer, _), Piece::Source) => writer.source(reading.source()),
            (Self::File(writer, _), Piece::Page(page, vectors)) => writer.page(&page, &vectors),
            (Self::Folder(..), Piece::Source) => Ok(()),
            (Self::Folder(tree, names), page @ Piece::Page(..)) => {
                let text = reading.text(Form::Markdown, &page);
                let Piece::Page(page, _) = page else { return Ok(()) };
                tree.write(&names.of(&reading.source().source, &page.document.url), &text)
            }
            (Self::Text(target, to, form), piece) => {
                use std::io::Write;
                let written = target.write_all(reading.text(*form, &piece).as_bytes());
                written.map_err(|source| share::Error::Io { path: to.clone(), act: "written", source })
            }
        }
    }

    fn complete(self) -> Result<ExportReport, share::Error> {
        Ok(match self {
            Self::File(writer, model) => {
                let (target, Totals { chunks, vectors, .. }) = writer.finish()?;
                ExportReport { chunks, vectors, model, bytes: target.complete()?, ..ExportReport::default() }
            }
            Self::Folder(tree, _) => ExportReport { bytes: tree.complete()?, ..ExportReport::default() },
            Self::Text(target, ..) => ExportReport { bytes: target.complete()?, ..ExportReport::default() },
        })
    }
}

/// A file that has been looked at, on its way into the store.
struct Storing {
    records: Records,
    /// What the file is known by.
    import: String,
    /// The engine's model, if the file's vectors are of it.
    model: Option<(String, u32)>,
    source: Option<SharedSource>,
    /// The address of the last page of it.
    last: String,
    /// Of that page.
    chunks: Vec<Chunk>,
    report: ImportReport,
}

impl Storing {
    /// Stores some more, and tells whether that was all.
    fn step(&mut self, store: &Store) -> Result<bool, Error> {
        let mut left = SLICE_STORED;
        while left > 0 {
            let Some(record) = self.records.read_next()? else {
                self.end_source(store)?;
                return Ok(true);
            };
            left = left.saturating_sub(Piece::bytes_of(&record));
            match record {
                Record::Source(source) => {
                    self.end_source(store)?;
                    store.begin_import(&source, &self.import)?;
                    let of = source.source.clone();
                    self.report.sources.push(Imported { source: of, pages: 0, added: 0, replaced: 0, unchanged: 0, removed: 0 });
                    (self.source, self.last) = (Some(*source), String::new());
                }
                Record::Page(page) => self.put(store, *page)?,
                Record::Vectors(vectors) => match &self.model {
                    Some((model, dimensions)) => {
                        store.put_shared_vectors(model, *dimensions, &self.chunks, &vectors)?;
                        self.report.vectors += vectors.len() as u64;
                    }
                    None => self.report.vectors_of_another_model += vectors.len() as u64,
                },
            }
        }
        Ok(false)
    }

    fn put(&mut self, store: &Store, page: SharedPage) -> Result<(), Error> {
        let SharedPage { document, chunks, cut_for } = page;
        let url = document.url.as_str().to_owned();
        self.remove_until(store, Some(&url))?;
        let source = self.source.as_ref().map(|of| &of.source);
        let put = store.put_cut_for(source, &document, &chunks, cut_for)?;
        if let Some(imported) = self.report.sources.last_mut() {
            imported.pages += 1;
            match put {
                Put::Added => imported.added += 1,
                Put::Replaced => imported.replaced += 1,
                Put::Unchanged => imported.unchanged += 1,
            }
        }
        self.report.chunks += chunks.len() as u64;
        (self.last, self.chunks) = (url, chunks);
        Ok(())
    }

    fn end_source(&mut self, store: &Store) -> Result<(), Error> {
        self.remove_until(store, None)?;
        if let Some(source) = self.source.take() {
            store.end_import(&source)?;
        }
        Ok(())
    }

    /// Pages that are stored and that the file does not have: those between the last one and the next.
    fn remove_until(&mut self, store: &Store, next: Option<&str>) -> Result<(), Error> {
        let (Some(of), Some(imported)) = (&self.source, self.report.sources.last_mut()) else { return Ok(()) };
        loop {
            let removed = store.remove_between(&of.source, &self.last, next, REMOVED_AT_ONCE)?;
            imported.removed += removed;
            if removed == 0 {
                return Ok(());
            }
        }
    }
}

/// Bytes, or work that is as much, in a slice: tens of milliseconds.
const SLICE: usize = 2 << 20;
/// What is stored is indexed as well.
const SLICE_STORED: usize = 256 << 10;
/// What the least piece counts as.
const SMALL: usize = 4 << 10;
const REMOVED_AT_ONCE: usize = 64;
