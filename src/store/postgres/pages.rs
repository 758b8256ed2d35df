//! What is written and read about pages and chunks.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use url::Url;

use super::Postgres;
use super::sources::{find_source, source_for, source_of};
use super::transaction::{Transaction, limit as at_most};
use super::wire::{Row, Value, without_nul};
use super::{meaning, words};
use crate::model::{Chunk, ChunkKind, Document, Filled, Heading, Metadata, SourceId, Validators};
use crate::store::error::Failure;
use crate::store::hashes::{Hash, hash_of, hash_with, text_hash};
use crate::store::keep::{Given, Pages};
use crate::store::words::{Changes, Language, Shelf as _};
use crate::store::written::{
    Said, Saying, beyond, columns_of, count, filled, headings, milliseconds, parse_source, parse_url, time, written,
};
use crate::store::{Error, PageId, PageSummary, Put, address};

impl Pages for Postgres {
    fn put_given(&self, pages: &[Given<'_>], tokens: Option<u32>) -> Result<Vec<Put>, Error> {
        let cut_for = tokens.unwrap_or(u32::MAX);
        self.write(|transaction| {
            let (mut words, mut put) = (Changes::default(), Vec::with_capacity(pages.len()));
            for Given { source, document, chunks } in pages {
                let source = match source {
                    Some(source) => source_of(transaction, source)?,
                    None => source_for(transaction, &document.url)?,
                };
                put.push(put_page(transaction, source, document, chunks, cut_for, &mut words)?);
            }
            write_words(transaction, words)?;
            Ok(put)
        })
    }

    fn cut_for_more(&self, tokens: u32, limit: usize) -> Result<Vec<PageId>, Error> {
        // Two looks into the index: it has those without a number at its beginning, the others from the first that is too large on.
        let sql =
            "(SELECT id FROM pages WHERE cut_for IS NULL LIMIT $2) UNION ALL (SELECT id FROM pages WHERE cut_for > $1 LIMIT $2) LIMIT $2";
        self.read(|transaction| transaction.collect(sql, &[i64::from(tokens).into(), at_most(limit)], |row| Ok(PageId(row.number(0)?))))
    }

    fn recut(&self, page: PageId, document: &Document, chunks: &[Chunk], tokens: u32) -> Result<bool, Error> {
        self.write(|transaction| {
            let Some(row) = transaction.row("SELECT source FROM pages WHERE id = $1", &[page.0.into()])? else { return Ok(false) };
            let source = row.number(0)?;
            let (document, chunks) = clean(document, chunks);
            let same = match StoredPage::find(transaction, source, &document.url)? {
                Some(page) => page.title == document.title && page.markdown == document.markdown && page.said == Said::of(&document),
                None => false,
            };
            if same {
                let mut words = Changes::default();
                put_page(transaction, source, &document, &chunks, tokens, &mut words)?;
                write_words(transaction, words)?;
            }
            Ok(same)
        })
    }

    fn leave_cut(&self, page: PageId, tokens: u32) -> Result<(), Error> {
        let sql = "UPDATE pages SET cut_for = $2 WHERE id = $1";
        self.write(|transaction| transaction.execute(sql, &[page.0.into(), i64::from(tokens).into()]).map(drop))
    }

    fn touch(&self, source: &SourceId, url: &Url, fetched_at: SystemTime) -> Result<(), Error> {
        let sql = "UPDATE pages SET fetched_at = $3, missed = 0 WHERE url = $1 AND source = (SELECT id FROM sources WHERE name = $2)";
        let url = address(url);
        let values = [url.as_str().into(), source.as_str().into(), milliseconds(fetched_at).into()];
        self.write(|transaction| transaction.execute(sql, &values).map(drop))
    }

    fn remove_page(&self, source: Option<&SourceId>, url: &Url) -> Result<bool, Error> {
        let url = address(url);
        self.write(|transaction| remove(transaction, source, url.as_str()))
    }

    fn remove_pages(&self, source: &SourceId, prefix: &str) -> Result<u64, Error> {
        self.write(|transaction| {
            let Some(source) = find_source(transaction, source)? else { return Ok(0) };
            let sql = "SELECT id FROM pages WHERE source = $1 AND url >= $2 AND url < $3";
            let values = [source.into(), prefix.into(), Value::Text(Some(&beyond(prefix)))];
            let pages = transaction.collect(sql, &values, |row| Ok(row.number(0)?))?;
            remove_all(transaction, &pages)
        })
    }

    fn page_in(&self, source: Option<&SourceId>, url: &Url) -> Result<Option<(SourceId, Document)>, Error> {
        let sql = format!(
            "SELECT {PAGE_COLUMNS}, s.name FROM pages AS p JOIN sources AS s ON s.id = p.source
             WHERE p.url = $1 AND ($2::text IS NULL OR s.name = $2) ORDER BY p.fetched_at DESC, p.id DESC LIMIT 1"
        );
        let (url, source) = (address(url), source.map(SourceId::as_str));
        self.read(|transaction| {
            let row = transaction.row(&sql, &[url.as_str().into(), source.into()])?;
            row.map(|row| Ok((parse_source(row.text(PAGE_WIDTH)?)?, document(&row)?))).transpose()
        })
    }

    fn sources_of_page(&self, url: &Url) -> Result<Vec<SourceId>, Error> {
        let sql = "SELECT s.name FROM pages AS p JOIN sources AS s ON s.id = p.source WHERE p.url = $1 ORDER BY s.name";
        let url = address(url);
        self.read(|transaction| transaction.collect(sql, &[url.as_str().into()], |row| parse_source(row.text(0)?)))
    }

    fn page_of(&self, page: PageId) -> Result<Option<Document>, Error> {
        let sql = format!("SELECT {PAGE_COLUMNS} FROM pages AS p WHERE p.id = $1");
        self.read(|transaction| transaction.row(&sql, &[page.0.into()])?.as_ref().map(document).transpose())
    }

    fn documents_after(&self, source: &SourceId, after: &str, limit: usize) -> Result<Vec<Document>, Error> {
        let sql = format!(
            "SELECT {PAGE_COLUMNS} FROM pages AS p WHERE p.source = (SELECT id FROM sources WHERE name = $1) AND p.url > $2 ORDER BY p.url LIMIT $3"
        );
        self.read(|transaction| transaction.collect(&sql, &[source.as_str().into(), after.into(), at_most(limit)], document))
    }

    fn page_saying_the_same(&self, source: &SourceId, document: &Document) -> Result<Option<Url>, Error> {
        self.read(|transaction| {
            let Some(source) = find_source(transaction, source)? else { return Ok(None) };
            let known = "SELECT 1 FROM pages WHERE url = $1 AND source = $2";
            let is_there = transaction.row(known, &[document.url.as_str().into(), source.into()])?.is_some();
            if document.markdown.is_empty() || is_there {
                return Ok(None);
            }
            let markdown = without_nul(&document.markdown);
            let hash = text_hash(markdown.as_bytes());
            let sql = "SELECT url FROM pages WHERE source = $1 AND hash = $2 AND markdown = $3 ORDER BY id LIMIT 1";
            let row = transaction.row(sql, &[source.into(), Value::Text(Some(&hash)), Value::Text(Some(&markdown))])?;
            row.map(|row| parse_url(row.text(0)?)).transpose()
        })
    }

    fn first_pages(&self, source: &SourceId, prefix: &str, limit: usize) -> Result<Vec<PageSummary>, Error> {
        let sql = format!(
            "SELECT {SUMMARY_COLUMNS} FROM pages AS p WHERE p.source = (SELECT id FROM sources WHERE name = $1) AND p.url >= $2 AND p.url < $3
             ORDER BY p.url LIMIT $4"
        );
        let behind = beyond(prefix);
        let values = [source.as_str().into(), prefix.into(), Value::Text(Some(&behind)), at_most(limit)];
        self.read(|transaction| transaction.collect(&sql, &values, summary))
    }

    fn pages_after(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<PageSummary>, Error> {
        // Of several at one address the one that was fetched last.
        let sql = format!(
            "SELECT DISTINCT ON (p.url) {SUMMARY_COLUMNS} FROM pages AS p WHERE p.url >= $1 AND p.url <> $2 AND p.url < $3
             ORDER BY p.url, p.fetched_at DESC, p.id DESC LIMIT $4"
        );
        let behind = beyond(prefix);
        let values = [prefix.max(after).into(), after.into(), Value::Text(Some(&behind)), at_most(limit)];
        self.read(|transaction| transaction.collect(&sql, &values, summary))
    }

    fn count_pages(&self, prefix: &str) -> Result<u64, Error> {
        let sql = "SELECT count(DISTINCT url) FROM pages WHERE url >= $1 AND url < $2";
        let behind = beyond(prefix);
        self.read(|transaction| count(transaction.one(sql, &[prefix.into(), Value::Text(Some(&behind))])?.number(0)?))
    }

    fn validators_before(&self, source: &SourceId, before: Option<SystemTime>) -> Result<Vec<(Url, Validators, Filled)>, Error> {
        let sql = "SELECT p.url, p.etag, p.last_modified, p.twin, p.filled FROM pages AS p
                   WHERE p.source = (SELECT id FROM sources WHERE name = $1) AND ($2::bigint IS NULL OR p.fetched_at < $2) ORDER BY p.url";
        let values = [source.as_str().into(), before.map(milliseconds).into()];
        self.read(|transaction| {
            transaction.collect(sql, &values, |row| Ok((parse_url(row.text(0)?)?, validators(row, 1)?, filled(row.text_or_null(4)?))))
        })
    }

    fn miss(&self, source: &SourceId, url: &Url) -> Result<u64, Error> {
        let sql =
            "UPDATE pages SET missed = missed + 1 WHERE url = $1 AND source = (SELECT id FROM sources WHERE name = $2) RETURNING missed";
        let url = address(url);
        self.write(|transaction| {
            let row = transaction.row(sql, &[url.as_str().into(), source.as_str().into()])?;
            row.map_or(Ok(0), |row| count(row.number(0)?))
        })
    }
}

/// A damaged index does not keep pages from being stored: it is made anew from what they say.
pub(super) fn write_words(transaction: &Transaction<'_>, changes: Changes) -> Result<(), Failure> {
    match changes.write(&words::Rows::of(transaction)) {
        Err(Failure::Words) => {
            log::warn!("the index of words is damaged, and is made anew");
            index_words(transaction)
        }
        written => written,
    }
}

/// Stores a page of a source in place of what is there.
pub(super) fn put_page(
    transaction: &Transaction<'_>,
    source: i64,
    document: &Document,
    chunks: &[Chunk],
    cut_for: u32,
    words: &mut Changes,
) -> Result<Put, Failure> {
    let (document, chunks) = clean(document, chunks);
    let (document, chunks) = (&*document, &*chunks);
    let language = Language::of_page(document.metadata.language.as_deref(), &document.markdown);
    let Some(page) = StoredPage::find(transaction, source, &document.url)? else {
        let id = insert_page(transaction, source, document, cut_for)?;
        let all: Vec<&Chunk> = chunks.iter().collect();
        insert_chunks(transaction, Place { page: id, source, language, title: &document.title }, &all, words)?;
        return Ok(Put::Added);
    };
    // Chunks that come before may be those that go now.
    write_words(transaction, std::mem::take(words))?;
    let stored = chunks_of(transaction, page.id)?;
    let said = Said::of(document);
    let renamed = page.title != document.title;
    // A word has another stem in another language.
    let is_indexed_otherwise = renamed || page.language() != language;
    let same = stored.iter().map(|stored| &stored.chunk).eq(chunks) && stored.iter().all(Stored::has_its_passage);
    let unchanged = !renamed && page.markdown == document.markdown && page.said == said && same;
    update_page(transaction, page.id, document, &said, cut_for)?;
    if unchanged {
        return Ok(Put::Unchanged);
    }
    let mut old: HashMap<Saying<'_>, Vec<(i64, &Chunk)>> = HashMap::new();
    // A chunk that is embedded by other words than before is another.
    for Stored { id, chunk, .. } in stored.iter().rev().filter(|stored| stored.has_its_passage()) {
        old.entry(Saying::of(chunk)).or_default().push((*id, chunk));
    }
    let place = Place { page: page.id, source, language, title: &document.title };
    let mut new = Vec::new();
    for chunk in chunks {
        let Some((id, before)) = old.get_mut(&Saying::of(chunk)).and_then(Vec::pop) else {
            new.push(chunk);
            continue;
        };
        if before != chunk {
            let sql = "UPDATE chunks SET ordinal = $2, anchor = $3 WHERE id = $1";
            transaction.execute(sql, &[id.into(), i64::from(chunk.ordinal).into(), chunk.anchor.as_deref().into()])?;
        }
        if is_indexed_otherwise {
            words.remove(id);
            words.add(id, source, language, &document.title, chunk, &chunk.words());
        }
    }
    let left: HashSet<i64> = old.into_values().flatten().map(|(id, _)| id).collect();
    let gone: Vec<i64> =
        stored.iter().filter(|stored| left.contains(&stored.id) || !stored.has_its_passage()).map(|stored| stored.id).collect();
    gone.iter().for_each(|id| words.remove(*id));
    insert_chunks(transaction, place, &new, words)?;
    if !gone.is_empty() {
        transaction.execute("DELETE FROM chunks WHERE id = ANY ($1)", &[Value::Numbers(&gone)])?;
        meaning::evict(transaction, &gone)?;
    }
    Ok(Put::Replaced)
}

/// Where chunks stand.
#[derive(Clone, Copy)]
struct Place<'a> {
    page: i64,
    source: i64,
    language: Language,
    title: &'a str,
}

fn insert_chunks(transaction: &Transaction<'_>, place: Place<'_>, chunks: &[&Chunk], words: &mut Changes) -> Result<(), Failure> {
    if chunks.is_empty() {
        return Ok(());
    }
    let said: Vec<Cow<'_, str>> = chunks.iter().map(|chunk| chunk.words()).collect();
    let hashes: Vec<Hash> = chunks.iter().zip(&said).map(|(chunk, words)| hash_with(chunk, words)).collect();
    let passages = numbers_of(transaction, &hashes)?;
    let ids =
        transaction.collect("SELECT nextval('chunk_numbers') FROM generate_series(1, $1)", &[(chunks.len() as i64).into()], |row| {
            Ok(row.number(0)?)
        })?;
    let of = |hash| passages.get(hash).copied().ok_or(Failure::Malformed("a passage just written is not there"));
    let passages = hashes.iter().map(of).collect::<Result<Vec<_>, _>>()?;
    let headings: Vec<String> = chunks.iter().map(|chunk| headings(chunk)).collect();
    let columns: Vec<_> = chunks.iter().map(|chunk| columns_of(&chunk.kind)).collect();
    let kinds: Vec<i64> = columns.iter().map(|(kind, ..)| *kind).collect();
    let ordinals: Vec<i64> = chunks.iter().map(|chunk| chunk.ordinal.into()).collect();
    let paths: Vec<_> = headings.iter().map(|path| Some(path.as_str())).collect();
    let languages: Vec<_> = columns.iter().map(|(_, language, _)| *language).collect();
    let contexts: Vec<_> = columns.iter().map(|(.., context)| *context).collect();
    let texts: Vec<_> = chunks.iter().map(|chunk| Some(chunk.text.as_str())).collect();
    let anchors: Vec<_> = chunks.iter().map(|chunk| chunk.anchor.as_deref()).collect();
    transaction.execute(
        "INSERT INTO chunks (page, source, id, kind, ordinal, heading_path, language, context, text, anchor, passage)
         SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[])",
        &[
            place.page.into(),
            place.source.into(),
            Value::Numbers(&ids),
            Value::Numbers(&kinds),
            Value::Numbers(&ordinals),
            Value::Texts(&paths),
            Value::Texts(&languages),
            Value::Texts(&contexts),
            Value::Texts(&texts),
            Value::Texts(&anchors),
            Value::Numbers(&passages),
        ],
    )?;
    for ((id, chunk), said) in ids.into_iter().zip(chunks).zip(&said) {
        words.add(id, place.source, place.language, place.title, chunk, said);
    }
    Ok(())
}

/// The numbers of passages by their hashes, new or known.
fn numbers_of(transaction: &Transaction<'_>, hashes: &[Hash]) -> Result<HashMap<Hash, i64>, Failure> {
    let bytes: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_slice()).collect();
    let known = |sql: &str| -> Result<Vec<(Hash, i64)>, Failure> {
        transaction.collect(sql, &[Value::ByteLists(&bytes)], |row| {
            let hash = row.bytes(0)?.try_into().map_err(|_| Failure::Malformed("the hash of a passage has another length"))?;
            Ok((hash, row.number(1)?))
        })
    };
    let mut numbers: HashMap<Hash, i64> = known("SELECT hash, id FROM passages WHERE hash = ANY ($1)")?.into_iter().collect();
    if hashes.iter().any(|hash| !numbers.contains_key(hash)) {
        numbers.extend(known("INSERT INTO passages (hash) SELECT DISTINCT unnest($1) ON CONFLICT (hash) DO NOTHING RETURNING hash, id")?);
    }
    Ok(numbers)
}

/// The page of a source at an address, or those of all sources; whether there was one.
pub(super) fn remove(transaction: &Transaction<'_>, source: Option<&SourceId>, url: &str) -> Result<bool, Failure> {
    let sql = "SELECT p.id FROM pages AS p JOIN sources AS s ON s.id = p.source WHERE p.url = $1 AND ($2::text IS NULL OR s.name = $2)";
    let pages = transaction.collect(sql, &[url.into(), source.map(SourceId::as_str).into()], |row| Ok(row.number(0)?))?;
    Ok(remove_all(transaction, &pages)? > 0)
}

/// Removes pages with all that is of them, and returns how many there were.
pub(super) fn remove_all(transaction: &Transaction<'_>, pages: &[i64]) -> Result<u64, Failure> {
    let (mut removed, mut gone) = (0, Vec::new());
    for pages in pages.chunks(AT_ONCE) {
        let chunks: Vec<i64> =
            transaction
                .collect("DELETE FROM chunks WHERE page = ANY ($1) RETURNING id", &[Value::Numbers(pages)], |row| Ok(row.number(0)?))?;
        let mut words = Changes::default();
        chunks.iter().for_each(|chunk| words.remove(*chunk));
        gone.extend(chunks);
        write_words(transaction, words)?;
        removed += transaction.execute("DELETE FROM pages WHERE id = ANY ($1)", &[Value::Numbers(pages)])?;
    }
    if removed > 0 {
        meaning::evict(transaction, &gone)?;
    }
    Ok(removed)
}

/// A page as it is stored.
struct StoredPage {
    id: i64,
    title: String,
    markdown: String,
    said: Said,
}

impl StoredPage {
    fn find(transaction: &Transaction<'_>, source: i64, url: &Url) -> Result<Option<Self>, Failure> {
        let sql = "SELECT id, title, markdown, metadata, outline FROM pages WHERE url = $1 AND source = $2";
        let Some(row) = transaction.row(sql, &[url.as_str().into(), source.into()])? else { return Ok(None) };
        let text = |column| Ok::<_, Failure>(row.text(column)?.to_owned());
        let said = Said { metadata: row.text_or_null(3)?.map(str::to_owned), outline: row.text_or_null(4)?.map(str::to_owned) };
        Ok(Some(Self { id: row.number(0)?, title: text(1)?, markdown: text(2)?, said }))
    }

    fn language(&self) -> Language {
        let metadata = self.said.metadata().unwrap_or_default();
        Language::of_page(metadata.language.as_deref(), &self.markdown)
    }
}

fn insert_page(transaction: &Transaction<'_>, source: i64, document: &Document, cut_for: u32) -> Result<i64, Failure> {
    let said = Said::of(document);
    let Validators { etag, last_modified, twin } = &document.validators;
    let (hash, filled) = (text_hash(document.markdown.as_bytes()), written(&document.filled));
    let row = transaction.one(
        "INSERT INTO pages (url, source, title, etag, last_modified, twin, filled, fetched_at, markdown, bytes, hash, metadata, outline, cut_for)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
        &[
            document.url.as_str().into(),
            source.into(),
            document.title.as_str().into(),
            etag.as_deref().into(),
            last_modified.as_deref().into(),
            twin.as_ref().map(Url::as_str).into(),
            filled.as_deref().into(),
            milliseconds(document.fetched_at).into(),
            document.markdown.as_str().into(),
            (document.markdown.len() as i64).into(),
            hash.as_str().into(),
            said.metadata.as_deref().into(),
            said.outline.as_deref().into(),
            i64::from(cut_for).into(),
        ],
    )?;
    Ok(row.number(0)?)
}

fn update_page(transaction: &Transaction<'_>, page: i64, document: &Document, said: &Said, cut_for: u32) -> Result<(), Failure> {
    let Validators { etag, last_modified, twin } = &document.validators;
    let (hash, filled) = (text_hash(document.markdown.as_bytes()), written(&document.filled));
    // A text that is the same is not written again: the server would make a copy of it.
    transaction.execute(
        "UPDATE pages SET title = $2, etag = $3, last_modified = $4, twin = $5, filled = $6, fetched_at = $7,
         markdown = CASE WHEN hash = $10 THEN markdown ELSE $8 END, bytes = $9, hash = $10, metadata = $11, outline = $12, cut_for = $13, missed = 0
         WHERE id = $1",
        &[
            page.into(),
            document.title.as_str().into(),
            etag.as_deref().into(),
            last_modified.as_deref().into(),
            twin.as_ref().map(Url::as_str).into(),
            filled.as_deref().into(),
            milliseconds(document.fetched_at).into(),
            document.markdown.as_str().into(),
            (document.markdown.len() as i64).into(),
            hash.as_str().into(),
            said.metadata.as_deref().into(),
            said.outline.as_deref().into(),
            i64::from(cut_for).into(),
        ],
    )?;
    Ok(())
}

/// What `document` reads.
pub(super) const PAGE_COLUMNS: &str =
    "p.url, p.title, p.etag, p.last_modified, p.twin, p.filled, p.fetched_at, p.markdown, p.metadata, p.outline";
/// How many these are.
pub(super) const PAGE_WIDTH: usize = 10;

pub(super) fn document(row: &Row) -> Result<Document, Failure> {
    let said = Said { metadata: row.text_or_null(8)?.map(str::to_owned), outline: row.text_or_null(9)?.map(str::to_owned) };
    let document = Document::new(parse_url(row.text(0)?)?, row.text(1)?, row.text(7)?, time(row.number(6)?));
    let (metadata, outline): (Metadata, _) = (said.metadata()?, said.outline(&document.markdown)?);
    Ok(Document { validators: validators(row, 2)?, filled: filled(row.text_or_null(5)?), metadata, outline, ..document })
}

fn validators(row: &Row, first: usize) -> Result<Validators, Failure> {
    let text = |column| Ok::<_, Failure>(row.text_or_null(column)?.map(str::to_owned));
    let twin = row.text_or_null(first + 2)?.map(parse_url).transpose()?;
    Ok(Validators { etag: text(first)?, last_modified: text(first + 1)?, twin })
}

/// What `summary` reads: no text is read for it.
const SUMMARY_COLUMNS: &str = "p.url, p.title, p.fetched_at, p.bytes";

fn summary(row: &Row) -> Result<PageSummary, Failure> {
    let (url, title) = (parse_url(row.text(0)?)?, row.text(1)?.to_owned());
    Ok(PageSummary { url, title, fetched_at: time(row.number(2)?), bytes: count(row.number(3)?)? })
}

/// What `chunk` reads.
pub(super) const CHUNK_COLUMNS: &str = "c.kind, c.ordinal, c.heading_path, c.language, c.context, c.text, c.anchor";

/// Reads `CHUNK_COLUMNS`, which begin at column `first`.
pub(super) fn chunk(row: &Row, first: usize) -> Result<Chunk, Failure> {
    let text = |column| Ok::<_, Failure>(row.text_or_null(first + column)?.map(str::to_owned));
    let kind = match row.number(first)? {
        0 => ChunkKind::Text,
        1 => ChunkKind::Code { language: text(3)?, context: text(4)?.unwrap_or_default() },
        _ => return Err(Failure::Malformed("a chunk is of an unknown kind")),
    };
    let heading_path = serde_json::from_str(row.text(first + 2)?).map_err(|_| Failure::Malformed("a heading path is no list"))?;
    let ordinal = u32::try_from(row.number(first + 1)?).map_err(|_| Failure::Malformed("a chunk has an impossible place"))?;
    Ok(Chunk { ordinal, heading_path, text: row.text(first + 5)?.to_owned(), kind, anchor: text(6)? })
}

/// A chunk as it is stored.
struct Stored {
    id: i64,
    /// By which its passage is known.
    hash: Vec<u8>,
    chunk: Chunk,
}

impl Stored {
    /// Whether what is embedded of it is what would be today.
    fn has_its_passage(&self) -> bool {
        self.hash == hash_of(&self.chunk)
    }
}

fn chunks_of(transaction: &Transaction<'_>, page: i64) -> Result<Vec<Stored>, Failure> {
    let sql = format!(
        "SELECT h.hash, c.id, {CHUNK_COLUMNS} FROM chunks AS c JOIN passages AS h ON h.id = c.passage WHERE c.page = $1 ORDER BY c.ordinal, c.id"
    );
    transaction.collect(&sql, &[page.into()], |row| Ok(Stored { hash: row.bytes(0)?.to_vec(), id: row.number(1)?, chunk: chunk(row, 2)? }))
}

/// As it is kept: without the one character that PostgreSQL has in no text. Headings are where they are in what is kept.
fn clean<'d>(document: &'d Document, chunks: &'d [Chunk]) -> (Cow<'d, Document>, Cow<'d, [Chunk]>) {
    let Validators { etag, last_modified, .. } = &document.validators;
    let heads = [Some(&document.title), etag.as_ref(), last_modified.as_ref(), Some(&document.markdown)];
    let document = match heads.into_iter().flatten().all(|text| is_clean(text)) {
        true => Cow::Borrowed(document),
        false => {
            let mut clean = document.clone();
            let Validators { etag, last_modified, .. } = &mut clean.validators;
            let heads = [Some(&mut clean.title), etag.as_mut(), last_modified.as_mut(), Some(&mut clean.markdown)];
            heads.into_iter().flatten().for_each(|text| *text = without_nul(text).into_owned());
            move_headings(&document.markdown, &mut clean.outline);
            Cow::Owned(clean)
        }
    };
    (document, clean_chunks(chunks))
}

fn is_clean(text: &str) -> bool {
    matches!(without_nul(text), Cow::Borrowed(_))
}

/// What stands for a character of one byte has three.
fn move_headings(markdown: &str, outline: &mut [Heading]) {
    let nuls: Vec<usize> = markdown.bytes().enumerate().filter_map(|(at, byte)| (byte == 0).then_some(at)).collect();
    for heading in outline {
        heading.offset += 2 * nuls.partition_point(|nul| *nul < heading.offset);
    }
}

pub(super) fn clean_chunks(chunks: &[Chunk]) -> Cow<'_, [Chunk]> {
    let has_clean = |chunk: &Chunk| {
        let (_, language, context) = columns_of(&chunk.kind);
        [Some(chunk.text.as_str()), chunk.anchor.as_deref(), language, context].into_iter().flatten().all(is_clean)
            && chunk.heading_path.iter().all(|heading| is_clean(heading))
    };
    if chunks.iter().all(has_clean) { Cow::Borrowed(chunks) } else { Cow::Owned(chunks.iter().map(clean_chunk).collect()) }
}

pub(super) fn clean_chunk(chunk: &Chunk) -> Chunk {
    let clean = |text: &String| without_nul(text).into_owned();
    let kind = match &chunk.kind {
        ChunkKind::Text => ChunkKind::Text,
        ChunkKind::Code { language, context } => ChunkKind::Code { language: language.as_ref().map(clean), context: clean(context) },
    };
    Chunk {
        ordinal: chunk.ordinal,
        heading_path: chunk.heading_path.iter().map(clean).collect(),
        text: clean(&chunk.text),
        kind,
        anchor: chunk.anchor.as_ref().map(clean),
    }
}

/// Makes the index of words anew from the chunks.
pub(super) fn index_words(transaction: &Transaction<'_>) -> Result<(), Failure> {
    words::Rows::of(transaction).clear()?;
    each_of_words(transaction, &mut |changes| changes.write(&words::Rows::of(transaction)))
}

/// Gives the words of all chunks, many at a time.
pub(super) fn each_of_words(transaction: &Transaction<'_>, write: &mut dyn FnMut(Changes) -> Result<(), Failure>) -> Result<(), Failure> {
    let sql = format!(
        "SELECT c.id, c.source, c.page, p.title, {CHUNK_COLUMNS} FROM chunks AS c JOIN pages AS p ON p.id = c.page WHERE c.id > $1 ORDER BY c.id LIMIT $2"
    );
    let (mut last, mut language) = (0, (0, Language::ENGLISH));
    loop {
        let rows = transaction.rows(&sql, &[last.into(), at_most(WORDS_AT_ONCE)])?;
        let mut changes = Changes::default();
        for row in &rows {
            let page = row.number(2)?;
            if language.0 != page {
                language = (page, stored_language(transaction, page)?);
            }
            let chunk = chunk(row, 4)?;
            last = row.number(0)?;
            changes.add(last, row.number(1)?, language.1, row.text(3)?, &chunk, &chunk.words());
        }
        if rows.is_empty() {
            return Ok(());
        }
        write(changes)?;
    }
}

fn stored_language(transaction: &Transaction<'_>, page: i64) -> Result<Language, Failure> {
    let row = transaction.one("SELECT metadata, markdown FROM pages WHERE id = $1", &[page.into()])?;
    let metadata: Metadata = row.text_or_null(0)?.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(Language::of_page(metadata.language.as_deref(), row.text(1)?))
}

/// Pages that are removed by one statement.
const AT_ONCE: usize = 500;
/// Chunks whose words make one segment where all are indexed anew.
const WORDS_AT_ONCE: usize = 2_000;
