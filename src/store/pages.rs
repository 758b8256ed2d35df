//! What is written and read about pages, chunks and vectors, each function within a transaction of its caller.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use url::Url;

use crate::model::{Chunk, ChunkKind, Document, EmbedProgress, Embedded, Heading, Metadata, Pending, SourceId, SourceSummary, Validators};

use super::checksum::Checksum;
use super::error::{Error, Failure};
use super::lexical::source_token;
use super::vector::{ModelRow, quantise};
use super::{PageSummary, Put};

/// The columns that `chunk` reads, in its order: what the checksum is of, then the checksum, the row it is told by, and the anchor, which
/// the checksum is of where there is one.
pub(super) const CHUNK_COLUMNS: &str =
    "c.ordinal, c.kind, c.heading_path, c.language, c.context, c.text, c.page, c.checksum, c.id, c.anchor";

/// What is read of a vector to compare it: what the checksum is of, then the checksum.
pub(super) const VECTOR_COLUMNS: &str = "v.chunk, v.model, v.page, v.kind, v.scale, v.data, v.checksum";

/// Stores a page that was cut for a model that reads so many tokens, or for none.
pub(super) fn put(connection: &Connection, document: &Document, chunks: &[Chunk], cut_for: Option<u32>) -> Result<Put, Failure> {
    let put = put_page(connection, document, chunks)?;
    let mut update = connection.prepare_cached("UPDATE pages SET cut_for = ?2 WHERE url = ?1 AND cut_for IS NOT ?2")?;
    update.execute(params![document.url.as_str(), cut_for.unwrap_or(u32::MAX)])?;
    Ok(put)
}

/// At most `limit` pages that were cut for no model, or for one that reads more than so many tokens. Of old ones it is not known.
pub(super) fn cut_for_more(connection: &Connection, tokens: u32, limit: usize) -> Result<Vec<Url>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    // Two looks into the index: it has those without a number at its beginning, the others from the first that is too large on.
    for condition in ["cut_for IS NULL AND ?1 >= 0", "cut_for > ?1"] {
        let sql = format!("SELECT url FROM pages WHERE {condition} LIMIT ?2");
        found.extend(collect(connection, &sql, params![tokens, limit - found.len() as i64], |row| parse_url(row.get_ref(0)?))?);
    }
    Ok(found)
}

/// Replaces the chunks of a page by those that it was cut into anew, unless it is another page by now; whether it was the same.
pub(super) fn recut(connection: &Connection, document: &Document, chunks: &[Chunk], cut_for: u32) -> Result<bool, Failure> {
    let same = match StoredPage::find(connection, &document.url)? {
        Some(page) => page.title == document.title && page.markdown == document.markdown && page.said == Said::of(document),
        None => false,
    };
    if same {
        put(connection, document, chunks, Some(cut_for))?;
    }
    Ok(same)
}

/// Notes that a page need not be cut again, whatever it is.
pub(super) fn leave_cut(connection: &Connection, url: &Url, cut_for: u32) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE pages SET cut_for = ?2 WHERE url = ?1")?.execute(params![url.as_str(), cut_for])?;
    Ok(())
}

fn put_page(connection: &Connection, document: &Document, chunks: &[Chunk]) -> Result<Put, Failure> {
    let source = source_of(connection, &document.url)?;
    let page = match StoredPage::find(connection, &document.url) {
        Ok(Some(page)) => page,
        Ok(None) => {
            insert(connection, source, document, chunks)?;
            return Ok(Put::Added);
        }
        // What cannot be read any more is written anew.
        Err(failure) if failure.is_of_content() => {
            remove(connection, &document.url)?;
            insert(connection, source, document, chunks)?;
            return Ok(Put::Replaced);
        }
        Err(failure) => return Err(failure),
    };
    let healed = remove_damaged(connection, page.id)?;
    let stored = chunks_of(connection, page.id)?;
    let renamed = page.title != document.title || page.source != source;
    let said = Said::of(document);
    let same = stored.iter().map(|(_, chunk)| chunk).eq(chunks);
    let unchanged = !healed && !renamed && page.markdown == document.markdown && page.said == said && same;
    update_page(connection, page.id, source, document, &said)?;
    if unchanged && page.is_summed && page.cut_for.is_some() {
        return Ok(Put::Unchanged);
    }
    let mut old: HashMap<Saying<'_>, Vec<(i64, &Chunk)>> = HashMap::new();
    for (id, chunk) in stored.iter().rev() {
        old.entry(Saying::of(chunk)).or_default().push((*id, chunk));
    }
    for chunk in chunks {
        match old.get_mut(&Saying::of(chunk)).and_then(Vec::pop) {
            None => insert_chunk(connection, page.id, source, &document.title, chunk)?,
            Some((id, before)) => {
                if before != chunk || !page.is_summed {
                    let sum = chunk_sum(page.id, chunk, &headings(chunk));
                    let mut update =
                        connection.prepare_cached("UPDATE chunks SET ordinal = ?2, checksum = ?3, anchor = ?4 WHERE id = ?1")?;
                    update.execute(params![id, chunk.ordinal, sum, chunk.anchor])?;
                }
                // Before it was known for which model pages are cut, their words were not those that are read.
                if renamed || page.cut_for.is_none() {
                    delete_words(connection, id, &chunk.kind)?;
                    insert_words(connection, id, source, &document.title, chunk)?;
                }
            }
        }
    }
    let gone: HashMap<i64, &Chunk> = stored.iter().map(|(id, chunk)| (*id, chunk)).collect();
    for (id, _) in old.into_values().flatten() {
        connection.prepare_cached("DELETE FROM vectors WHERE chunk = ?1")?.execute([id])?;
        delete_words(connection, id, &gone[&id].kind)?;
        connection.prepare_cached("DELETE FROM chunks WHERE id = ?1")?.execute([id])?;
    }
    Ok(if unchanged { Put::Unchanged } else { Put::Replaced })
}

fn insert(connection: &Connection, source: i64, document: &Document, chunks: &[Chunk]) -> Result<(), Failure> {
    let page = insert_page(connection, source, document)?;
    chunks.iter().try_for_each(|chunk| insert_chunk(connection, page, source, &document.title, chunk))
}

/// Removes the chunks and vectors of a page that are not what was stored; whether there were any. What is missing then is made anew.
/// Vectors of before there were checksums get theirs.
fn remove_damaged(connection: &Connection, page: i64) -> Result<bool, Failure> {
    let sql = format!("SELECT {CHUNK_COLUMNS} FROM chunks AS c WHERE c.page = ?1");
    let chunks = collect(connection, &sql, [page], |row| match chunk(connection, row, 0) {
        Err(failure) if failure.is_of_content() => Ok(Some(row.get::<_, i64>(8)?)),
        other => other.map(|_| None),
    })?;
    let sql = format!("SELECT {VECTOR_COLUMNS}, v.id FROM vectors AS v WHERE v.page = ?1");
    let vectors = collect(connection, &sql, [page], |row| {
        let (sum, stored, id) = (Checksum::default().columns(row, 0..6)?, row.get_ref(6)?, row.get::<_, i64>(7)?);
        if stored == ValueRef::Null {
            connection.prepare_cached("UPDATE vectors SET checksum = ?2 WHERE id = ?1")?.execute((id, sum.sum()))?;
        }
        Ok((!sum.agrees(stored)).then_some(id))
    })?;
    let (chunks, vectors) = (chunks.into_iter().flatten(), vectors.into_iter().flatten());
    let mut healed = false;
    for id in chunks {
        connection.prepare_cached("DELETE FROM vectors WHERE chunk = ?1")?.execute([id])?;
        // Its kind is not to be trusted.
        connection.prepare_cached("DELETE FROM text_words WHERE rowid = ?1")?.execute([id])?;
        connection.prepare_cached("DELETE FROM code_words WHERE rowid = ?1")?.execute([id])?;
        connection.prepare_cached("DELETE FROM chunks WHERE id = ?1")?.execute([id])?;
        healed = true;
    }
    for id in vectors {
        connection.prepare_cached("DELETE FROM vectors WHERE id = ?1")?.execute([id])?;
        healed = true;
    }
    Ok(healed)
}

pub(super) fn touch(connection: &Connection, url: &Url, fetched_at: SystemTime) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached("UPDATE pages SET fetched_at = ?2 WHERE url = ?1")?;
    statement.execute((url.as_str(), milliseconds(fetched_at)))?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, url: &Url) -> Result<bool, Failure> {
    // By its row alone: what cannot be read can still be removed.
    let page = connection.prepare_cached("SELECT id FROM pages WHERE url = ?1")?.query_row([url.as_str()], |row| row.get(0)).optional()?;
    let Some(page) = page else { return Ok(false) };
    remove_where(connection, "id = ?1", page)?;
    Ok(true)
}

pub(super) fn remove_source(connection: &Connection, source: &SourceId) -> Result<u64, Failure> {
    match find_source(connection, source)? {
        Some(source) => remove_where(connection, "source = ?1", source),
        None => Ok(0),
    }
}

fn remove_where(connection: &Connection, condition: &str, value: i64) -> Result<u64, Failure> {
    let pages = format!("SELECT id FROM pages WHERE {condition}");
    let execute = |sql: String| connection.prepare_cached(&sql)?.execute([value]);
    execute(format!("DELETE FROM vectors WHERE page IN ({pages})"))?;
    execute(format!("DELETE FROM text_words WHERE rowid IN (SELECT id FROM chunks WHERE kind <> 1 AND page IN ({pages}))"))?;
    execute(format!("DELETE FROM code_words WHERE rowid IN (SELECT id FROM chunks WHERE kind <> 0 AND page IN ({pages}))"))?;
    execute(format!("DELETE FROM chunks WHERE page IN ({pages})"))?;
    Ok(execute(format!("DELETE FROM pages WHERE {condition}"))? as u64)
}

pub(super) fn page(connection: &Connection, url: &Url) -> Result<Option<Document>, Failure> {
    let mut statement = connection.prepare_cached(&format!("SELECT {PAGE_COLUMNS}, fetched_at FROM pages WHERE url = ?1"))?;
    let mut rows = statement.query([url.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    if !page_agrees(row)? {
        return Err(Failure::Damaged(format!("the page {url}")));
    }
    let validators = Validators { etag: row.get(3)?, last_modified: row.get(4)? };
    let said = Said { metadata: row.get(6)?, outline: row.get(7)? };
    let document = Document::new(url.clone(), row.get::<_, String>(2)?, row.get::<_, String>(5)?, time(row.get(9)?));
    let document = Document { validators, ..document };
    Ok(Some(Document { metadata: said.metadata()?, outline: said.outline(&document.markdown)?, ..document }))
}

/// What a page's checksum is of, then the checksum.
pub(super) const PAGE_COLUMNS: &str = "url, source, title, etag, last_modified, markdown, metadata, outline, checksum";

/// Whether a row that begins with `PAGE_COLUMNS` is what was stored.
pub(super) fn page_agrees(row: &Row<'_>) -> Result<bool, Failure> {
    Ok(Checksum::default().columns(row, 0..8)?.agrees(row.get_ref(8)?))
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

pub(super) fn list(connection: &Connection, source: &SourceId) -> Result<Vec<PageSummary>, Failure> {
    let sql = format!("SELECT {SUMMARY_COLUMNS} FROM pages AS p JOIN sources AS s ON s.id = p.source WHERE s.name = ?1 ORDER BY p.url");
    collect(connection, &sql, [source.as_str()], summary)
}

pub(super) fn after(connection: &Connection, prefix: &str, after: &str, limit: usize) -> Result<Vec<PageSummary>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    collect(connection, &pages_after(), params![prefix.max(after), after, beyond(prefix), limit], summary)
}

/// By the index of the addresses alone: from the first to the last that is asked for, already in their order.
fn pages_after() -> String {
    format!("SELECT {SUMMARY_COLUMNS} FROM pages AS p WHERE p.url >= ?1 AND p.url <> ?2 AND p.url < ?3 ORDER BY p.url LIMIT ?4")
}

pub(super) fn count_of(connection: &Connection, prefix: &str) -> Result<u64, Failure> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM pages WHERE url >= ?1 AND url < ?2")?;
    count(statement.query_row((prefix, beyond(prefix)), |row| row.get(0))?)
}

pub(super) fn sources_after(connection: &Connection, prefix: &str, after: &str, limit: usize) -> Result<Vec<SourceId>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    collect(connection, SOURCES_AFTER, params![prefix.max(after), after, beyond(prefix), limit], |row| {
        parse_source(&row.get::<_, String>(0)?)
    })
}

const SOURCES_AFTER: &str = "SELECT s.name FROM sources AS s WHERE s.name >= ?1 AND s.name <> ?2 AND s.name < ?3
     AND EXISTS (SELECT 1 FROM pages AS p WHERE p.source = s.id) ORDER BY s.name LIMIT ?4";

/// Greater than all addresses and names that begin so, as they are ASCII.
pub(super) fn beyond(prefix: &str) -> String {
    format!("{prefix}\u{7f}")
}

/// What `summary` reads. The length comes from the row's header: no text is read for it.
const SUMMARY_COLUMNS: &str = "p.url, p.source, p.title, p.head, p.fetched_at, octet_length(p.markdown)";

fn summary(row: &Row<'_>) -> Result<PageSummary, Failure> {
    let (url, title) = head(row)?;
    Ok(PageSummary { url, title, fetched_at: time(row.get(4)?), bytes: count(row.get(5)?)? })
}

pub(super) fn validators(connection: &Connection, source: &SourceId) -> Result<Vec<(Url, Validators)>, Failure> {
    let sql = "SELECT p.url, p.etag, p.last_modified FROM pages AS p JOIN sources AS s ON s.id = p.source WHERE s.name = ?1 ORDER BY p.url";
    collect(connection, sql, [source.as_str()], |row| {
        Ok((parse_url(row.get_ref(0)?)?, Validators { etag: row.get(1)?, last_modified: row.get(2)? }))
    })
}

pub(super) fn sources(connection: &Connection) -> Result<Vec<SourceSummary>, Failure> {
    let counts = |sql| -> Result<HashMap<i64, u64>, Failure> {
        Ok(collect(connection, sql, [], |row| Ok((row.get(0)?, count(row.get(1)?)?)))?.into_iter().collect())
    };
    let chunks = counts("SELECT p.source, count(*) FROM pages AS p JOIN chunks AS c ON c.page = p.id GROUP BY p.source")?;
    let code = counts("SELECT p.source, count(*) FROM pages AS p JOIN chunks AS c ON c.page = p.id AND c.kind = 1 GROUP BY p.source")?;
    let embedded = counts("SELECT p.source, count(DISTINCT v.chunk) FROM pages AS p JOIN vectors AS v ON v.page = p.id GROUP BY p.source")?;
    let sql = "SELECT s.id, s.name, count(*), max(p.fetched_at) FROM sources AS s JOIN pages AS p ON p.source = s.id
               GROUP BY s.id ORDER BY s.name";
    collect(connection, sql, [], |row| {
        let id: i64 = row.get(0)?;
        let of = |counts: &HashMap<i64, u64>| counts.get(&id).copied().unwrap_or(0);
        let name: String = row.get(1)?;
        Ok(SourceSummary {
            source: parse_source(&name)?,
            pages: count(row.get(2)?)?,
            chunks: of(&chunks),
            code_examples: of(&code),
            embedded: of(&embedded),
            last_fetched: time(row.get(3)?),
        })
    })
}

pub(super) fn languages(connection: &Connection, source: Option<&SourceId>) -> Result<Vec<(String, u64)>, Failure> {
    let sql = "SELECT c.language, count(*) AS examples FROM sources AS s JOIN pages AS p ON p.source = s.id JOIN chunks AS c ON c.page = p.id
               WHERE c.kind = 1 AND c.language IS NOT NULL AND (?1 IS NULL OR s.name = ?1) GROUP BY c.language ORDER BY examples DESC, c.language";
    collect(connection, sql, [source.map(SourceId::as_str)], |row| Ok((row.get(0)?, count(row.get(1)?)?)))
}

/// The pending chunks, and from where to look for them the next time.
pub(super) fn pending(connection: &Connection, model: &str, mut from: [i64; 2], limit: usize) -> Result<(Vec<Pending>, [i64; 2]), Failure> {
    let model = ModelRow::find(connection, model)?.map_or(0, |model| model.id);
    let mut pending = Vec::new();
    for (kind, from) in from.iter_mut().enumerate() {
        let room = limit.saturating_sub(pending.len());
        if room == 0 {
            break;
        }
        let sql = format!(
            "SELECT c.id, {CHUNK_COLUMNS} FROM chunks AS c WHERE c.kind = ?1 AND c.id >= ?2
             AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.chunk = c.id AND v.model = ?3) ORDER BY c.id LIMIT ?4"
        );
        let found = collect(connection, &sql, params![kind as i64, *from, model, i64::try_from(room).unwrap_or(i64::MAX)], |row| {
            Ok(Pending { chunk: row.get(0)?, passage: chunk(connection, row, 1)?.passage() })
        })?;
        *from = match found.first() {
            Some(first) => first.chunk,
            None => connection.query_row("SELECT coalesce(max(id), 0) + 1 FROM chunks", [], |row| row.get(0))?,
        };
        pending.extend(found);
    }
    pending.sort_by_key(|pending| pending.passage.len());
    Ok((pending, from))
}

pub(super) fn put_vectors(connection: &Connection, model: &str, vectors: &[Embedded]) -> Result<(), Failure> {
    let Some(first) = vectors.first() else { return Ok(()) };
    connection
        .prepare_cached("INSERT INTO models (name, dimensions) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![model, first.vector.len() as i64])?;
    let row = ModelRow::find(connection, model)?.ok_or(Failure::Malformed("a model just written is not there"))?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO vectors (chunk, model, page, kind, scale, data, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    )?;
    let mut find = connection.prepare_cached("SELECT page, kind FROM chunks WHERE id = ?1")?;
    for Embedded { chunk, vector } in vectors {
        if vector.len() != row.dimensions {
            return Err(Error::Dimensions { model: model.to_owned(), expected: row.dimensions, found: vector.len() }.into());
        }
        let quantised = quantise(vector).ok_or(Error::BadVector { chunk: *chunk })?;
        // The chunk may be gone meanwhile.
        let Some((page, kind)) = find.query_row([chunk], |row| Ok((row.get(0)?, row.get(1)?))).optional()? else { continue };
        let sum =
            [*chunk, row.id, page, kind, i64::from(quantised.scale.to_bits())].into_iter().fold(Checksum::default(), Checksum::number);
        insert.execute(params![chunk, row.id, page, kind, quantised.scale, quantised.data, sum.bytes(&quantised.data).sum()])?;
    }
    Ok(())
}

pub(super) fn progress(connection: &Connection, model: &str) -> Result<EmbedProgress, Failure> {
    // By an index and row by row: a bare count(*) is one instruction, which nothing ends if the file's tree leads into itself.
    let chunks = count(connection.query_row("SELECT count(*) FROM chunks WHERE kind >= 0", [], |row| row.get(0))?)?;
    let embedded = ModelRow::find(connection, model)?.map_or(0, |model| model.vectors);
    Ok(EmbedProgress { chunks, embedded })
}

/// The source's row, if it has pages.
pub(super) fn find_source(connection: &Connection, source: &SourceId) -> Result<Option<i64>, Failure> {
    let sql = "SELECT s.id FROM sources AS s WHERE s.name = ?1 AND EXISTS (SELECT 1 FROM pages AS p WHERE p.source = s.id)";
    Ok(connection.prepare_cached(sql)?.query_row([source.as_str()], |row| row.get(0)).optional()?)
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
    column
        .as_str()
        .ok()
        .and_then(|url| Url::parse(url).ok())
        .filter(Url::has_host)
        .ok_or(Failure::Malformed("the address of a page is no URL"))
}

pub(super) fn parse_source(name: &str) -> Result<SourceId, Failure> {
    SourceId::parse(name).ok_or(Failure::Malformed("the name of a source is no host"))
}

struct StoredPage {
    id: i64,
    source: i64,
    title: String,
    markdown: String,
    said: Said,
    /// Whether it was stored with checksums, its chunks with it.
    is_summed: bool,
    cut_for: Option<i64>,
}

impl StoredPage {
    fn find(connection: &Connection, url: &Url) -> Result<Option<Self>, Failure> {
        let sql = "SELECT id, source, title, markdown, metadata, outline, checksum IS NOT NULL, cut_for FROM pages WHERE url = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let read = |row: &Row<'_>| {
            let said = Said { metadata: row.get(4)?, outline: row.get(5)? };
            let (is_summed, cut_for) = (row.get(6)?, row.get(7)?);
            Ok(Self { id: row.get(0)?, source: row.get(1)?, title: row.get(2)?, markdown: row.get(3)?, said, is_summed, cut_for })
        };
        Ok(statement.query_row([url.as_str()], read).optional()?)
    }
}

/// What a page says of itself and its headings, as they are stored: nothing is stored for nothing.
#[derive(PartialEq, Eq)]
struct Said {
    metadata: Option<String>,
    outline: Option<String>,
}

impl Said {
    fn of(document: &Document) -> Self {
        let Document { metadata, outline, .. } = document;
        let written = "texts, numbers and addresses are JSON";
        Self {
            metadata: (*metadata != Metadata::default()).then(|| serde_json::to_string(metadata).expect(written)),
            outline: (!outline.is_empty()).then(|| serde_json::to_string(outline).expect(written)),
        }
    }

    fn metadata(&self) -> Result<Metadata, Failure> {
        let read = |text| serde_json::from_str(text).map_err(|_| Failure::Malformed("the metadata of a page cannot be read"));
        self.metadata.as_deref().map_or_else(|| Ok(Metadata::default()), read)
    }

    /// The headings, each at a place that there is: readers cut the text there.
    fn outline(&self, markdown: &str) -> Result<Vec<Heading>, Failure> {
        let read = |text| serde_json::from_str(text).map_err(|_| Failure::Malformed("the outline of a page cannot be read"));
        let outline: Vec<Heading> = self.outline.as_deref().map_or_else(|| Ok(Vec::new()), read)?;
        let fits = |heading: &Heading| (1..=6).contains(&heading.level) && markdown.is_char_boundary(heading.offset);
        let ascends = outline.is_sorted_by_key(|heading| heading.offset);
        if ascends && outline.iter().all(fits) { Ok(outline) } else { Err(Failure::Malformed("the outline of a page is that of another")) }
    }
}

/// What a chunk says, wherever in the page it stands.
#[derive(PartialEq, Eq, Hash)]
struct Saying<'a> {
    headings: &'a [String],
    code: Option<(Option<&'a str>, &'a str)>,
    text: &'a str,
}

impl<'a> Saying<'a> {
    fn of(chunk: &'a Chunk) -> Self {
        let code = match &chunk.kind {
            ChunkKind::Text => None,
            ChunkKind::Code { language, context } => Some((language.as_deref(), context.as_str())),
        };
        Self { headings: &chunk.heading_path, code, text: &chunk.text }
    }
}

fn source_of(connection: &Connection, url: &Url) -> Result<i64, Failure> {
    let source = SourceId::of(url);
    connection.prepare_cached("INSERT INTO sources (name) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([source.as_str()])?;
    Ok(connection.prepare_cached("SELECT id FROM sources WHERE name = ?1")?.query_row([source.as_str()], |row| row.get(0))?)
}

fn insert_page(connection: &Connection, source: i64, document: &Document) -> Result<i64, Failure> {
    let Validators { etag, last_modified } = &document.validators;
    let said = Said::of(document);
    connection
        .prepare_cached(
            "INSERT INTO pages (url, source, title, etag, last_modified, fetched_at, markdown, metadata, outline, head, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            document.url.as_str(),
            source,
            document.title,
            etag,
            last_modified,
            milliseconds(document.fetched_at),
            document.markdown,
            said.metadata,
            said.outline,
            head_sum(source, document).sum(),
            page_sum(source, document, &said)
        ])?;
    Ok(connection.last_insert_rowid())
}

fn update_page(connection: &Connection, page: i64, source: i64, document: &Document, said: &Said) -> Result<(), Failure> {
    let Validators { etag, last_modified } = &document.validators;
    connection
        .prepare_cached(
            "UPDATE pages SET title = ?2, etag = ?3, last_modified = ?4, fetched_at = ?5, markdown = ?6, metadata = ?7, outline = ?8,
             source = ?9, head = ?10, checksum = ?11 WHERE id = ?1",
        )?
        .execute(params![
            page,
            document.title,
            etag,
            last_modified,
            milliseconds(document.fetched_at),
            document.markdown,
            said.metadata,
            said.outline,
            source,
            head_sum(source, document).sum(),
            page_sum(source, document, said)
        ])?;
    Ok(())
}

/// Of all columns but the time of fetching, which a page that has not changed takes over alone.
fn page_sum(source: i64, document: &Document, said: &Said) -> i32 {
    let Validators { etag, last_modified } = &document.validators;
    head_sum(source, document)
        .optional(etag.as_deref().map(str::as_bytes))
        .optional(last_modified.as_deref().map(str::as_bytes))
        .bytes(document.markdown.as_bytes())
        .optional(said.metadata.as_deref().map(str::as_bytes))
        .optional(said.outline.as_deref().map(str::as_bytes))
        .sum()
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

fn columns_of(kind: &ChunkKind) -> (i64, Option<&str>, Option<&str>) {
    match kind {
        ChunkKind::Text => (0, None, None),
        ChunkKind::Code { language, context } => (1, language.as_deref(), Some(context.as_str())),
    }
}

fn headings(chunk: &Chunk) -> String {
    serde_json::to_string(&chunk.heading_path).expect("a list of strings is JSON")
}

fn chunks_of(connection: &Connection, page: i64) -> Result<Vec<(i64, Chunk)>, Failure> {
    let sql = format!("SELECT c.id, {CHUNK_COLUMNS} FROM chunks AS c WHERE c.page = ?1 ORDER BY c.ordinal");
    collect(connection, &sql, [page], |row| Ok((row.get(0)?, chunk(connection, row, 1)?)))
}

fn insert_chunk(connection: &Connection, page: i64, source: i64, title: &str, chunk: &Chunk) -> Result<(), Failure> {
    let (kind, language, context) = columns_of(&chunk.kind);
    let headings = headings(chunk);
    let sum = chunk_sum(page, chunk, &headings);
    connection
        .prepare_cached(
            "INSERT INTO chunks (page, kind, ordinal, heading_path, language, context, text, checksum, anchor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![page, kind, chunk.ordinal, headings, language, context, chunk.text, sum, chunk.anchor])?;
    insert_words(connection, connection.last_insert_rowid(), source, title, chunk)
}

pub(super) fn insert_words(connection: &Connection, id: i64, source: i64, title: &str, chunk: &Chunk) -> Result<(), Failure> {
    let headings = chunk.heading_path.join("\n");
    let (table, body) = match &chunk.kind {
        ChunkKind::Text => ("text_words", chunk.words()),
        ChunkKind::Code { .. } => ("code_words", chunk.words()),
    };
    connection
        .prepare_cached(&format!("INSERT INTO {table} (rowid, source, title, headings, body) VALUES (?1, ?2, ?3, ?4, ?5)"))?
        .execute(params![id, source_token(source), title, headings, body])?;
    Ok(())
}

fn delete_words(connection: &Connection, id: i64, kind: &ChunkKind) -> Result<(), Failure> {
    let table = match kind {
        ChunkKind::Text => "text_words",
        ChunkKind::Code { .. } => "code_words",
    };
    connection.prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?1"))?.execute([id])?;
    Ok(())
}

fn collect<T>(
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

fn count(number: i64) -> Result<u64, Failure> {
    u64::try_from(number).map_err(|_| Failure::Malformed("a count is negative"))
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn time(milliseconds: i64) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Characters of an address that is told though it is damaged.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

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
