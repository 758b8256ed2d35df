//! What is written and read about pages and chunks, each function within a transaction of its caller.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use url::Url;

use crate::model::{Chunk, ChunkKind, Document, Filled, Metadata, SourceId, Validators};

use super::packages;
use super::passages::{self, Kept};
use super::sources::{find_source, name_of, source_for, source_of};
use super::texts::{self, CHUNK_TABLES, MARKDOWN, PAGE_COLUMNS, folder};
use super::words::Rows;
use crate::store::checksum::Checksum;
use crate::store::error::Failure;
use crate::store::hashes::text_hash;
use crate::store::hashes::{Hash, hash_of, hash_with};
use crate::store::keep::SITE;
use crate::store::words::{Changes, Language, Shelf};
use crate::store::written::{self, Said, Saying, beyond, columns_of, count, filled, headings, milliseconds, parse_source, time, written};
use crate::store::{PageId, PageSummary, Put};

/// The columns that `chunk` reads of `CHUNK_TABLES`, in its order: what the checksum is of, then the checksum, the row it is told by, and
/// the anchor, which the checksum is of where there is one.
pub(super) const CHUNK_COLUMNS: &str = "c.ordinal, c.kind, said.heading_path, c.language, said.context,
    CASE WHEN said.is_relative THEN replace(said.text, char(1), substr(on_page.url, 1, on_page.base)) ELSE said.text END,
    c.page, c.checksum, c.id, c.anchor";

/// Stores pages of a source, or of the one that each belongs to, cut for a model that reads so many tokens, or for none; and whether all
/// vectors that there were are there still, but for those of chunks that are gone. Their words are one segment of the index.
pub(super) fn put_all<'p>(
    connection: &Connection,
    pages: impl Iterator<Item = (Option<&'p SourceId>, &'p Document, &'p [Chunk])>,
    cut_for: Option<u32>,
) -> Result<Vec<(Put, Kept)>, Failure> {
    let (mut words, mut put) = (Changes::default(), Vec::new());
    for (source, document, chunks) in pages {
        let source = match source {
            Some(source) => source_of(connection, source)?,
            None => source_for(connection, &document.url)?,
        };
        put.push(put_as(connection, source, document, chunks, cut_for, &mut words)?);
    }
    write_words(connection, words)?;
    Ok(put)
}

pub(super) fn put_as(
    connection: &Connection,
    source: i64,
    document: &Document,
    chunks: &[Chunk],
    cut_for: Option<u32>,
    words: &mut Changes,
) -> Result<(Put, Kept), Failure> {
    let put = put_page(connection, source, document, chunks, words)?;
    let mut update = connection.prepare_cached("UPDATE pages SET cut_for = ?3 WHERE url = ?1 AND source = ?2 AND cut_for IS NOT ?3")?;
    update.execute(params![document.url.as_str(), source, cut_for.unwrap_or(u32::MAX)])?;
    Ok(put)
}

/// What is damaged in the index of words is made anew with the rest of it.
pub(super) fn write_words(connection: &Connection, changes: Changes) -> Result<(), Failure> {
    match changes.write(&Rows::of(connection)?) {
        Err(Failure::Words) => {
            log::warn!("the index of words is damaged, and is made anew");
            index_words(connection)
        }
        written => written,
    }
}

/// At most `limit` pages that were cut for no model, or for one that reads more than so many tokens. Of old ones it is not known.
pub(super) fn cut_for_more(connection: &Connection, tokens: u32, limit: usize) -> Result<Vec<PageId>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    // Two looks into the index: it has those without a number at its beginning, the others from the first that is too large on.
    for condition in ["cut_for IS NULL AND ?1 >= 0", "cut_for > ?1"] {
        let sql = format!("SELECT id FROM pages WHERE {condition} LIMIT ?2");
        found.extend(collect(connection, &sql, params![tokens, limit - found.len() as i64], |row| Ok(PageId(row.get(0)?)))?);
    }
    Ok(found)
}

/// Replaces the chunks of a page by those that it was cut into anew, unless it is another page by now: then none.
pub(super) fn recut(
    connection: &Connection,
    page: PageId,
    document: &Document,
    chunks: &[Chunk],
    cut_for: u32,
) -> Result<Option<Kept>, Failure> {
    let sql = "SELECT source FROM pages WHERE id = ?1";
    let Some(source) = connection.prepare_cached(sql)?.query_row([page.0], |row| row.get::<_, i64>(0)).optional()? else { return Ok(None) };
    let same = match StoredPage::find(connection, source, &document.url)? {
        Some(page) => page.title == document.title && page.markdown == document.markdown && page.said == Said::of(document),
        None => false,
    };
    if !same {
        return Ok(None);
    }
    let mut words = Changes::default();
    let (_, kept) = put_as(connection, source, document, chunks, Some(cut_for), &mut words)?;
    write_words(connection, words)?;
    Ok(Some(kept))
}

/// Notes that a page need not be cut again, whatever it is.
pub(super) fn leave_cut(connection: &Connection, page: PageId, cut_for: u32) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE pages SET cut_for = ?2 WHERE id = ?1")?.execute(params![page.0, cut_for])?;
    Ok(())
}

fn put_page(
    connection: &Connection,
    source: i64,
    document: &Document,
    chunks: &[Chunk],
    words: &mut Changes,
) -> Result<(Put, Kept), Failure> {
    let page = match StoredPage::find(connection, source, &document.url) {
        Ok(Some(page)) => page,
        Ok(None) => {
            return Ok((Put::Added, insert(connection, source, document, chunks, words)?));
        }
        // What cannot be read any more is written anew.
        Err(failure) if failure.is_of_content() => {
            write_words(connection, std::mem::take(words))?;
            return anew(connection, source, document, chunks, words);
        }
        Err(failure) => return Err(failure),
    };
    // Chunks that come before may be those that go now.
    write_words(connection, std::mem::take(words))?;
    let healed = remove_damaged(connection, page.id, words)?;
    let stored = chunks_of(connection, page.id)?;
    let renamed = page.title != document.title;
    let said = Said::of(document);
    let language = language_of(&document.metadata, &document.markdown);
    // A word has another stem in another language.
    let is_indexed_otherwise = renamed || page.language() != language;
    let same = stored.iter().map(|stored| &stored.chunk).eq(chunks);
    let unchanged = !healed && !renamed && page.markdown == document.markdown && page.said == said && same;
    update_page(connection, page.id, source, document, &said)?;
    if page.markdown != document.markdown {
        write_text(connection, page.id, document)?;
    }
    let kept = passages::verify(connection, page.id)?;
    let listed = passages::has_its_list(connection, page.id)?;
    if unchanged && listed && page.is_summed && page.cut_for.is_some() && stored.iter().all(Stored::has_its_passage) {
        return Ok((if kept == Kept::All { Put::Unchanged } else { Put::Replaced }, kept));
    }
    let mut old: HashMap<Saying<'_>, Vec<(i64, &Chunk)>> = HashMap::new();
    // A chunk that is embedded by other words than before is another.
    for Stored { id, chunk, .. } in stored.iter().rev().filter(|stored| stored.has_its_passage()) {
        old.entry(Saying::of(chunk)).or_default().push((*id, chunk));
    }
    for chunk in chunks {
        match old.get_mut(&Saying::of(chunk)).and_then(Vec::pop) {
            None => {
                let said = chunk.words();
                let id = insert_chunk(connection, page.id, &document.url, chunk, &said)?;
                words.add(id, source, language, &document.title, chunk, &said);
            }
            Some((id, before)) => {
                if before != chunk || !page.is_summed {
                    let sum = chunk_sum(page.id, chunk, &headings(chunk));
                    let mut update =
                        connection.prepare_cached("UPDATE chunks SET ordinal = ?2, checksum = ?3, anchor = ?4 WHERE id = ?1")?;
                    update.execute(params![id, chunk.ordinal, sum, chunk.anchor])?;
                }
                if is_indexed_otherwise {
                    words.remove(id);
                    words.add(id, source, language, &document.title, chunk, &chunk.words());
                }
            }
        }
    }
    let left = old.into_values().flatten().map(|(id, _)| id).collect::<HashSet<_>>();
    let gone: Vec<i64> =
        stored.iter().filter(|stored| left.contains(&stored.id) || !stored.has_its_passage()).map(|stored| stored.id).collect();
    for id in &gone {
        words.remove(*id);
        connection.prepare_cached("DELETE FROM chunks WHERE id = ?1")?.execute([id])?;
    }
    // What is subtracted for a damaged row may not be what was added for it.
    if healed || !listed {
        passages::drop_stray_lists(connection)?;
        passages::recount(connection, source)?;
    }
    passages::list(connection, page.id)?;
    // Passages that other pages had before may have been joined to this one.
    let kept = if passages::verify(connection, page.id)? == Kept::All { kept } else { Kept::NotAll };
    passages::evict(connection, &gone)?;
    Ok((if unchanged && kept == Kept::All { Put::Unchanged } else { Put::Replaced }, kept))
}

fn anew(connection: &Connection, source: i64, document: &Document, chunks: &[Chunk], words: &mut Changes) -> Result<(Put, Kept), Failure> {
    remove_pages(connection, Some(source), &document.url, words)?;
    Ok((Put::Replaced, insert(connection, source, document, chunks, words)?))
}

fn insert(connection: &Connection, source: i64, document: &Document, chunks: &[Chunk], words: &mut Changes) -> Result<Kept, Failure> {
    let page = insert_page(connection, source, document)?;
    let language = language_of(&document.metadata, &document.markdown);
    for chunk in chunks {
        let said = chunk.words();
        words.add(insert_chunk(connection, page, &document.url, chunk, &said)?, source, language, &document.title, chunk, &said);
    }
    passages::list(connection, page)?;
    passages::verify(connection, page)
}

fn language_of(metadata: &Metadata, markdown: &str) -> Language {
    Language::of_page(metadata.language.as_deref(), markdown)
}

/// Removes the chunks of a page that are not what was stored; whether there were any. What is missing then is made anew.
fn remove_damaged(connection: &Connection, page: i64, words: &mut Changes) -> Result<bool, Failure> {
    let sql = format!("SELECT {CHUNK_COLUMNS} FROM {CHUNK_TABLES} WHERE c.page = ?1");
    let chunks = collect(connection, &sql, [page], |row| match chunk(connection, row, 0) {
        Err(failure) if failure.is_of_content() => Ok(Some(row.get::<_, i64>(8)?)),
        other => other.map(|_| None),
    })?;
    let mut healed = false;
    for id in chunks.into_iter().flatten() {
        words.remove(id);
        connection.prepare_cached("DELETE FROM chunks WHERE id = ?1")?.execute([id])?;
        healed = true;
    }
    Ok(healed)
}

pub(super) fn touch(connection: &Connection, source: &SourceId, url: &Url, fetched_at: SystemTime) -> Result<(), Failure> {
    let sql = "UPDATE pages SET fetched_at = ?3, missed = 0 WHERE url = ?1 AND source = (SELECT id FROM sources WHERE name = ?2)";
    connection.prepare_cached(sql)?.execute((url.as_str(), source.as_str(), milliseconds(fetched_at)))?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, source: Option<&SourceId>, url: &Url) -> Result<bool, Failure> {
    let source = match source {
        None => None,
        Some(source) => match find_source(connection, source)? {
            None => return Ok(false),
            found => found,
        },
    };
    let mut words = Changes::default();
    let was_there = remove_pages(connection, source, url, &mut words)?;
    write_words(connection, words)?;
    Ok(was_there)
}

/// A page could not be had, and not for what passes: how often in a row that was so.
pub(super) fn miss(connection: &Connection, source: &SourceId, url: &Url) -> Result<u64, Failure> {
    let sql = "UPDATE pages SET missed = missed + 1 WHERE url = ?1 AND source = (SELECT id FROM sources WHERE name = ?2) RETURNING missed";
    let missed = connection.prepare_cached(sql)?.query_row([url.as_str(), source.as_str()], |row| row.get(0)).optional()?;
    count(missed.unwrap_or(0))
}

/// The page of a source at an address, or those of all.
fn remove_pages(connection: &Connection, source: Option<i64>, url: &Url, words: &mut Changes) -> Result<bool, Failure> {
    // By its row alone: what cannot be read can still be removed.
    let sql = "SELECT id FROM pages WHERE url = ?1 AND (?2 IS NULL OR source = ?2)";
    let pages = collect(connection, sql, params![url.as_str(), source], |row| Ok(row.get::<_, i64>(0)?))?;
    for page in &pages {
        remove_where(connection, "id = ?1", *page, words)?;
    }
    Ok(!pages.is_empty())
}

/// The pages of a source whose addresses begin with `prefix`; with none, also what is known of the source itself.
pub(super) fn remove_source(connection: &Connection, source: &SourceId, prefix: Option<&str>) -> Result<u64, Failure> {
    let named = source;
    let Some(source) = find_source(connection, named)? else { return Ok(0) };
    let mut words = Changes::default();
    let removed = match prefix {
        None => remove_where(connection, "source = ?1", source, &mut words)?,
        Some(prefix) => {
            let sql = "SELECT id FROM pages WHERE source = ?1 AND url >= ?2 AND url < ?3";
            let pages = collect(connection, sql, params![source, prefix, beyond(prefix)], |row| Ok(row.get::<_, i64>(0)?))?;
            pages.into_iter().try_fold(0, |sum, page| Ok::<_, Failure>(sum + remove_where(connection, "id = ?1", page, &mut words)?))?
        }
    };
    write_words(connection, words)?;
    // Little is left to count, and what was damaged is counted right again.
    passages::recount(connection, source)?;
    if prefix.is_none() {
        packages::remove_all_of(connection, SITE, named.as_str())?;
        super::sources::forget(connection, source)?;
    }
    Ok(removed)
}

fn remove_where(connection: &Connection, condition: &str, value: i64, words: &mut Changes) -> Result<u64, Failure> {
    let pages = format!("SELECT id FROM pages WHERE {condition}");
    let execute = |sql: String| connection.prepare_cached(&sql)?.execute([value]);
    for page in collect(connection, &pages, [value], |row| Ok(row.get::<_, i64>(0)?))? {
        passages::unlist(connection, page)?;
        texts::remove_parts(connection, page)?;
    }
    passages::forget_unlisted(connection)?;
    let gone: Vec<i64> = collect(connection, &format!("SELECT id FROM chunks WHERE page IN ({pages})"), [value], |row| Ok(row.get(0)?))?;
    gone.iter().for_each(|id| words.remove(*id));
    execute(format!("DELETE FROM chunks WHERE page IN ({pages})"))?;
    let removed = execute(format!("DELETE FROM pages WHERE {condition}"))? as u64;
    passages::evict(connection, &gone)?;
    Ok(removed)
}

/// The page at an address: of one source, or the one that was fetched last.
pub(super) fn page(connection: &Connection, source: Option<&SourceId>, url: &Url) -> Result<Option<(SourceId, Document)>, Failure> {
    let sql = format!(
        "SELECT {PAGE_COLUMNS}, fetched_at, (SELECT s.name FROM sources AS s WHERE s.id = pages.source) AS name FROM pages
         WHERE url = ?1 AND (?2 IS NULL OR name = ?2) ORDER BY fetched_at DESC, id DESC LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![url.as_str(), source.map(SourceId::as_str)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((parse_source(&row.get::<_, String>(12)?)?, document(row)?)))
}

pub(super) fn sources_of(connection: &Connection, url: &Url) -> Result<Vec<SourceId>, Failure> {
    let sql = "SELECT s.name FROM pages AS p JOIN sources AS s ON s.id = p.source WHERE p.url = ?1 ORDER BY s.name";
    collect(connection, sql, [url.as_str()], |row| parse_source(&row.get::<_, String>(0)?))
}

pub(super) fn page_of(connection: &Connection, page: PageId) -> Result<Option<Document>, Failure> {
    let mut statement = connection.prepare_cached(&format!("SELECT {PAGE_COLUMNS}, fetched_at FROM pages WHERE id = ?1"))?;
    let mut rows = statement.query([page.0])?;
    rows.next()?.map(document).transpose()
}

/// All of the pages of a source from the one behind the address `after` on, in their order.
pub(super) fn documents_after(connection: &Connection, source: &SourceId, after: &str, limit: usize) -> Result<Vec<Document>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT {PAGE_COLUMNS}, fetched_at FROM pages WHERE +source = (SELECT id FROM sources WHERE name = ?1) AND url > ?2 ORDER BY url LIMIT ?3"
    );
    collect(connection, &sql, params![source.as_str(), after, limit], document)
}

/// Of which source a page is, when it was fetched, and what its text is known by.
pub(super) fn provenance(connection: &Connection, page: i64) -> Result<(SourceId, SystemTime, String), Failure> {
    let mut statement = connection.prepare_cached(&format!("SELECT source, fetched_at, {MARKDOWN} FROM pages WHERE id = ?1"))?;
    let mut rows = statement.query([page])?;
    let Some(row) = rows.next()? else { return Err(Failure::Malformed("a passage is of a page that is not there")) };
    let markdown = row.get_ref(2)?.as_bytes().map_err(|_| Failure::Malformed("the text of a page is none"))?;
    Ok((name_of(connection, row.get(0)?)?, time(row.get(1)?), text_hash(markdown)))
}

/// Reads `PAGE_COLUMNS` and the time of fetching.
pub(super) fn document(row: &Row<'_>) -> Result<Document, Failure> {
    let url = parse_url(row.get_ref(0)?)?;
    if !page_agrees(row)? {
        return Err(Failure::Damaged(format!("the page {url}")));
    }
    let validators = Validators { etag: row.get(3)?, last_modified: row.get(4)?, twin: twin(row, 9)? };
    let said = Said { metadata: row.get(6)?, outline: row.get(7)? };
    let document = Document::new(url, row.get::<_, String>(2)?, row.get::<_, String>(5)?, time(row.get(11)?));
    let document = Document { validators, filled: filled_of(row, 10)?, ..document };
    Ok(Document { metadata: said.metadata()?, outline: said.outline(&document.markdown)?, ..document })
}

/// Whether a row that begins with `PAGE_COLUMNS` is what was stored.
pub(super) fn page_agrees(row: &Row<'_>) -> Result<bool, Failure> {
    let sum = Checksum::default().columns(row, 0..8)?;
    let sum = if row.get_ref(9)? == ValueRef::Null { sum } else { sum.columns(row, [9])? };
    let sum = if row.get_ref(10)? == ValueRef::Null { sum } else { sum.columns(row, [10])? };
    Ok(sum.agrees(row.get_ref(8)?))
}

fn filled_of(row: &Row<'_>, column: usize) -> Result<Filled, Failure> {
    Ok(filled(row.get::<_, Option<String>>(column)?.as_deref()))
}

fn twin(row: &Row<'_>, column: usize) -> Result<Option<Url>, Failure> {
    let twin = row.get_ref(column)?;
    if twin == ValueRef::Null { Ok(None) } else { parse_url(twin).map(Some) }
}

/// What is read of a page to tell where something stands: what its head's checksum is of, then that checksum.
pub(super) const HEAD_COLUMNS: &str = "p.url, p.source, p.title, p.head";

/// The address and the title in a row that begins with `HEAD_COLUMNS`.
pub(super) fn head(row: &Row<'_>) -> Result<(Url, String), Failure> {
    if !Checksum::default().columns(row, 0..3)?.agrees(row.get_ref(3)?) {
        let url = row.get_ref(0)?.as_str().unwrap_or("a page").chars().take(SHOWN).collect::<String>();
        return Err(Failure::Damaged(format!("the address or title of {url}")));
    }
    Ok((parse_url(row.get_ref(0)?)?, row.get(2)?))
}

/// Whether a row that has `CHUNK_COLUMNS` from column `first` on is what was stored.
pub(super) fn chunk_agrees(row: &Row<'_>, first: usize) -> Result<bool, Failure> {
    let sum = Checksum::default().columns(row, first..first + 7)?;
    let sum = if row.get_ref(first + 9)? == ValueRef::Null { sum } else { sum.columns(row, [first + 9])? };
    Ok(sum.agrees(row.get_ref(first + 7)?))
}

pub(super) fn list(connection: &Connection, source: &SourceId, prefix: &str, limit: usize) -> Result<Vec<PageSummary>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT {SUMMARY_COLUMNS} FROM pages AS p JOIN sources AS s ON s.id = p.source
         WHERE s.name = ?1 AND p.url >= ?2 AND p.url < ?3 ORDER BY p.url LIMIT ?4"
    );
    collect(connection, &sql, params![source.as_str(), prefix, beyond(prefix), limit], summary)
}

pub(super) fn after(connection: &Connection, prefix: &str, after: &str, limit: usize) -> Result<Vec<PageSummary>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    collect(connection, &pages_after(), params![prefix.max(after), after, beyond(prefix), limit], summary)
}

/// By the index of the addresses alone: from the first to the last that is asked for, already in their order.
fn pages_after() -> String {
    // Of several at one address the one that was fetched last: what is beside a maximum is of its row.
    format!(
        "SELECT {SUMMARY_COLUMNS}, max(p.fetched_at) FROM pages AS p WHERE p.url >= ?1 AND p.url <> ?2 AND p.url < ?3 GROUP BY p.url ORDER BY p.url LIMIT ?4"
    )
}

pub(super) fn count_of(connection: &Connection, prefix: &str) -> Result<u64, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM pages WHERE url >= ?1 AND url < ?2 GROUP BY url)")?;
    count(statement.query_row((prefix, beyond(prefix)), |row| row.get(0))?)
}

/// What `summary` reads: no text is read for it.
const SUMMARY_COLUMNS: &str = "p.url, p.source, p.title, p.head, p.fetched_at, p.bytes";

fn summary(row: &Row<'_>) -> Result<PageSummary, Failure> {
    let (url, title) = head(row)?;
    Ok(PageSummary { url, title, fetched_at: time(row.get(4)?), bytes: count(row.get(5)?)? })
}

/// With the time before which a page was fetched, if it matters.
pub(super) fn validators(
    connection: &Connection,
    source: &SourceId,
    before: Option<SystemTime>,
) -> Result<Vec<(Url, Validators, Filled)>, Failure> {
    let sql = "SELECT p.url, p.etag, p.last_modified, p.twin, p.filled FROM pages AS p JOIN sources AS s ON s.id = p.source
               WHERE s.name = ?1 AND (?2 IS NULL OR p.fetched_at < ?2) ORDER BY p.url";
    collect(connection, sql, params![source.as_str(), before.map(milliseconds)], |row| {
        let validators = Validators { etag: row.get(1)?, last_modified: row.get(2)?, twin: twin(row, 3)? };
        Ok((parse_url(row.get_ref(0)?)?, validators, filled_of(row, 4)?))
    })
}

/// Reads `CHUNK_COLUMNS`, which begin at column `first`.
pub(super) fn chunk(connection: &Connection, row: &Row<'_>, first: usize) -> Result<Chunk, Failure> {
    if !chunk_agrees(row, first)? {
        return Err(damaged(connection, "a passage", row.get_ref(first + 6)?));
    }
    let kind = match row.get::<_, i64>(first + 1)? {
        0 => ChunkKind::Text,
        1 => ChunkKind::Code { language: row.get(first + 3)?, context: row.get::<_, Option<String>>(first + 4)?.unwrap_or_default() },
        _ => return Err(Failure::Malformed("a chunk is of an unknown kind")),
    };
    let headings = row.get_ref(first + 2)?.as_str().map_err(|_| Failure::Malformed("a heading path is no text"))?;
    let heading_path = serde_json::from_str(headings).map_err(|_| Failure::Malformed("a heading path is no list"))?;
    Ok(Chunk { ordinal: row.get(first)?, heading_path, text: row.get(first + 5)?, kind, anchor: row.get(first + 9)? })
}

/// A part of a page is not what was stored.
pub(super) fn damaged(connection: &Connection, what: &str, page: ValueRef<'_>) -> Failure {
    let url = page.as_i64().ok().and_then(|page| {
        let mut statement = connection.prepare_cached("SELECT url FROM pages WHERE id = ?1").ok()?;
        statement.query_row([page], |row| row.get::<_, String>(0)).ok()
    });
    Failure::Damaged(match url {
        Some(url) => format!("{what} of {url}"),
        None => format!("{what} of a page that is not there"),
    })
}

pub(super) fn parse_url(column: ValueRef<'_>) -> Result<Url, Failure> {
    written::parse_url(column.as_str().unwrap_or_default())
}

struct StoredPage {
    id: i64,
    title: String,
    markdown: String,
    said: Said,
    /// Whether it was stored with checksums, its chunks with it.
    is_summed: bool,
    cut_for: Option<i64>,
}

impl StoredPage {
    fn language(&self) -> Language {
        language_of(&self.said.metadata().unwrap_or_default(), &self.markdown)
    }

    fn find(connection: &Connection, source: i64, url: &Url) -> Result<Option<Self>, Failure> {
        let sql = format!(
            "SELECT id, title, {MARKDOWN}, metadata, outline, checksum IS NOT NULL, cut_for FROM pages WHERE url = ?1 AND source = ?2"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let read = |row: &Row<'_>| {
            let said = Said { metadata: row.get(3)?, outline: row.get(4)? };
            let (is_summed, cut_for) = (row.get(5)?, row.get(6)?);
            Ok(Self { id: row.get(0)?, title: row.get(1)?, markdown: row.get(2)?, said, is_summed, cut_for })
        };
        Ok(statement.query_row(params![url.as_str(), source], read).optional()?)
    }
}

fn insert_page(connection: &Connection, source: i64, document: &Document) -> Result<i64, Failure> {
    let Validators { etag, last_modified, twin } = &document.validators;
    let said = Said::of(document);
    connection
        .prepare_cached(
            "INSERT INTO pages (url, source, title, etag, last_modified, fetched_at, metadata, outline, head, checksum, base, bytes, twin, filled)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            document.url.as_str(),
            source,
            document.title,
            etag,
            last_modified,
            milliseconds(document.fetched_at),
            said.metadata,
            said.outline,
            head_sum(source, document).sum(),
            page_sum(source, document, &said),
            folder(document.url.as_str()).len() as i64,
            document.markdown.len() as i64,
            twin.as_ref().map(Url::as_str),
            written(&document.filled)
        ])?;
    let page = connection.last_insert_rowid();
    write_text(connection, page, document)?;
    Ok(page)
}

fn write_text(connection: &Connection, page: i64, document: &Document) -> Result<(), Failure> {
    texts::write_parts(connection, page, folder(document.url.as_str()), ValueRef::Text(document.markdown.as_bytes()))
}

fn update_page(connection: &Connection, page: i64, source: i64, document: &Document, said: &Said) -> Result<(), Failure> {
    let Validators { etag, last_modified, twin } = &document.validators;
    connection
        .prepare_cached(
            "UPDATE pages SET title = ?2, etag = ?3, last_modified = ?4, fetched_at = ?5, metadata = ?6, outline = ?7, source = ?8,
             head = ?9, checksum = ?10, base = ?11, bytes = ?12, twin = ?13, filled = ?14, missed = 0 WHERE id = ?1",
        )?
        .execute(params![
            page,
            document.title,
            etag,
            last_modified,
            milliseconds(document.fetched_at),
            said.metadata,
            said.outline,
            source,
            head_sum(source, document).sum(),
            page_sum(source, document, said),
            folder(document.url.as_str()).len() as i64,
            document.markdown.len() as i64,
            twin.as_ref().map(Url::as_str),
            written(&document.filled)
        ])?;
    Ok(())
}

/// Of all columns but the time of fetching, which a page that has not changed takes over alone.
fn page_sum(source: i64, document: &Document, said: &Said) -> i32 {
    let Validators { etag, last_modified, twin } = &document.validators;
    let sum = head_sum(source, document)
        .optional(etag.as_deref().map(str::as_bytes))
        .optional(last_modified.as_deref().map(str::as_bytes))
        .bytes(document.markdown.as_bytes())
        .optional(said.metadata.as_deref().map(str::as_bytes))
        .optional(said.outline.as_deref().map(str::as_bytes));
    let sum = match twin {
        Some(twin) => sum.bytes(twin.as_str().as_bytes()),
        None => sum,
    };
    match written(&document.filled) {
        Some(filled) => sum.bytes(filled.as_bytes()).sum(),
        None => sum.sum(),
    }
}

fn head_sum(source: i64, document: &Document) -> Checksum {
    Checksum::default().bytes(document.url.as_str().as_bytes()).number(source).bytes(document.title.as_bytes())
}

fn chunk_sum(page: i64, chunk: &Chunk, headings: &str) -> i32 {
    let (kind, language, context) = columns_of(&chunk.kind);
    let sum = Checksum::default()
        .number(chunk.ordinal.into())
        .number(kind)
        .bytes(headings.as_bytes())
        .optional(language.map(str::as_bytes))
        .optional(context.map(str::as_bytes))
        .bytes(chunk.text.as_bytes())
        .number(page);
    match &chunk.anchor {
        Some(anchor) => sum.bytes(anchor.as_bytes()).sum(),
        None => sum.sum(),
    }
}

/// A chunk as it is stored.
struct Stored {
    id: i64,
    /// By which its passage is known.
    hash: Option<Hash>,
    chunk: Chunk,
}

impl Stored {
    /// Whether what is embedded of it is what would be today.
    fn has_its_passage(&self) -> bool {
        self.hash == Some(hash_of(&self.chunk))
    }
}

fn chunks_of(connection: &Connection, page: i64) -> Result<Vec<Stored>, Failure> {
    let sql = format!(
        "SELECT h.hash, c.id, {CHUNK_COLUMNS} FROM {CHUNK_TABLES} LEFT JOIN passages AS h ON h.id = c.passage WHERE c.page = ?1 ORDER BY c.ordinal"
    );
    collect(connection, &sql, [page], |row| {
        let hash = row.get_ref(0)?.as_blob().ok().and_then(|hash| hash.try_into().ok());
        Ok(Stored { id: row.get(1)?, hash, chunk: chunk(connection, row, 2)? })
    })
}

fn insert_chunk(connection: &Connection, page: i64, url: &Url, chunk: &Chunk, words: &str) -> Result<i64, Failure> {
    let (kind, language, context) = columns_of(&chunk.kind);
    let headings = headings(chunk);
    let sum = chunk_sum(page, chunk, &headings);
    let passage = passages::number(connection, &hash_with(chunk, words))?;
    let said = texts::Saying {
        headings: ValueRef::Text(headings.as_bytes()),
        context: context.map_or(ValueRef::Null, |context| ValueRef::Text(context.as_bytes())),
        text: ValueRef::Text(chunk.text.as_bytes()),
    };
    let saying = texts::saying(connection, folder(url.as_str()), &said)?;
    Ok(connection
        .prepare_cached(
            "INSERT INTO chunks (page, kind, ordinal, language, checksum, passage, anchor, saying) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .insert(params![page, kind, chunk.ordinal, language, sum, passage, chunk.anchor, saying])?)
}

/// Makes the index of words anew from the chunks, but for those that cannot be read.
pub(super) fn index_words(connection: &Connection) -> Result<(), Failure> {
    Rows::of(connection)?.clear()?;
    each_of_words(connection, &mut |changes| changes.write(&Rows::of(connection)?))?;
    Ok(())
}

/// Gives the words of all chunks, many at a time, and returns how many of them cannot be read.
pub(super) fn each_of_words(connection: &Connection, write: &mut dyn FnMut(Changes) -> Result<(), Failure>) -> Result<u64, Failure> {
    let sql = format!("SELECT {HEAD_COLUMNS}, {CHUNK_COLUMNS} FROM {CHUNK_TABLES} JOIN pages AS p ON p.id = c.page ORDER BY c.id");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let (mut changes, mut unreadable) = (Changes::default(), 0);
    let mut language = (0, Language::ENGLISH);
    while let Some(row) = rows.next()? {
        let page: i64 = row.get(10)?;
        if language.0 != page {
            language = (page, stored_language(connection, page)?);
        }
        match head(row).and_then(|(_, title)| Ok((title, chunk(connection, row, 4)?))) {
            Ok((title, chunk)) => changes.add(row.get(12)?, row.get(1)?, language.1, &title, &chunk, &chunk.words()),
            Err(failure) if failure.is_of_content() => unreadable += 1,
            Err(failure) => return Err(failure),
        }
        if changes.len() >= AT_ONCE {
            write(std::mem::take(&mut changes))?;
        }
    }
    write(changes)?;
    Ok(unreadable)
}

fn stored_language(connection: &Connection, page: i64) -> Result<Language, Failure> {
    let mut statement = connection.prepare_cached(&format!("SELECT metadata, {MARKDOWN} FROM pages WHERE id = ?1"))?;
    let mut rows = statement.query([page])?;
    let Some(row) = rows.next()? else { return Ok(Language::ENGLISH) };
    // What cannot be read of a page is told elsewhere.
    let metadata = row.get_ref(0)?.as_str_or_null().ok().flatten().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(language_of(&metadata, row.get_ref(1)?.as_str().unwrap_or_default()))
}

pub(super) fn collect<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Characters of an address that is told though it is damaged.
const SHOWN: usize = 200;
/// Chunks whose words make one segment where all are indexed anew.
const AT_ONCE: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema;
    use crate::store::sqlite::sources::SOURCES_AFTER;

    fn plan(connection: &Connection, sql: &str) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map(params!["a", "a", "b", 5], |row| row.get::<_, String>(3)).unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_part_of_a_list_is_found_by_an_index_and_sorts_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection).unwrap();
        for (sql, index) in [(pages_after().as_str(), "sqlite_autoindex_pages_1"), (SOURCES_AFTER, "sqlite_autoindex_sources_1")] {
            let plan = plan(&connection, sql);
            assert!(plan.contains(index) && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
        // Without an index it would be told.
        let sorted = "SELECT p.url FROM pages AS p WHERE p.title >= ?1 AND p.title <> ?2 AND p.title < ?3 ORDER BY p.title LIMIT ?4";
        assert!(plan(&connection, sorted).contains("SCAN"));
    }
}
