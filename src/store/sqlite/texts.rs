//! Texts that are stored once, however many pages and sources say them: what chunks say, and the parts that pages are cut into. So the second
//! version of a manual costs what changed. Each function within a transaction of its caller.

use std::borrow::Cow;
use std::collections::HashSet;

use ring::digest::{Context, SHA256};
use rusqlite::types::{ToSql, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};

use super::pages::collect;
use crate::store::error::Failure;

/// What the chunks of a query are read from, as `c`, where `CHUNK_COLUMNS` are asked for.
pub(super) const CHUNK_TABLES: &str =
    "chunks AS c LEFT JOIN sayings AS said ON said.id = c.saying LEFT JOIN pages AS on_page ON on_page.id = c.page";

macro_rules! markdown {
    () => {
        "(SELECT coalesce(group_concat(
            CASE WHEN part.is_relative THEN replace(part.text, char(1), substr(pages.url, 1, pages.base)) ELSE part.text END, '' ORDER BY has.ordinal), '')
            FROM page_parts AS has JOIN parts AS part ON part.id = has.part WHERE has.page = pages.id)"
    };
}

/// The text of a row of `pages`, put together from its parts.
pub(super) const MARKDOWN: &str = markdown!();

/// What a page's checksum is of, then the checksum, the address of the markdown and where the text came from, which the checksum is of where
/// there is one.
pub(super) const PAGE_COLUMNS: &str =
    concat!("url, source, title, etag, last_modified, ", markdown!(), ", metadata, outline, checksum, twin, filled");

/// The folder that a page's links are kept relative to: that of its version, else its site. Another version has another, and the texts are the
/// same. What is stored relies on it: where it becomes another, all of that has to be written anew.
pub(super) fn folder(url: &str) -> &str {
    &url[..base(url)]
}

fn base(url: &str) -> usize {
    let Some(host) = url.find("://").map(|at| at + 3) else { return 0 };
    let Some(path) = url[host..].find('/').map(|at| host + at + 1) else { return 0 };
    let end = url[path..].find(['?', '#']).map_or(url.len(), |at| path + at);
    let mut at = path;
    while let Some(length) = url[at..end].find('/') {
        if is_version(&url[at..at + length]) {
            return at + length + 1;
        }
        at += length + 1;
    }
    path
}

/// A guess: where it is wrong, nothing is but what is shared.
fn is_version(segment: &str) -> bool {
    if matches!(segment, "stable" | "latest" | "next" | "nightly" | "current" | "master" | "main" | "dev" | "devel") {
        return true;
    }
    let number = segment.strip_prefix(['v', 'V']).unwrap_or(segment);
    segment.len() <= 24 && number.starts_with(|c: char| c.is_ascii_digit())
}

/// The text with a mark in the place of the folder, and whether there is one. A text that has the mark itself stays as it is.
fn relative<'a>(text: &'a str, base: &str) -> (Cow<'a, str>, bool) {
    if base.is_empty() || text.contains(MARK) || !text.contains(base) {
        return (Cow::Borrowed(text), false);
    }
    (Cow::Owned(text.replace(base, MARK)), true)
}

/// What is said by a chunk, as it is written to its columns. Of an old file a column may hold anything.
pub(super) struct Saying<'a> {
    pub headings: ValueRef<'a>,
    pub context: ValueRef<'a>,
    pub text: ValueRef<'a>,
}

/// The number of what a chunk says, new or known; `base` is the folder of its page.
pub(super) fn saying(connection: &Connection, base: &str, saying: &Saying<'_>) -> Result<i64, Failure> {
    let (text, is_relative) = match saying.text.as_str() {
        Ok(text) => relative(text, base),
        Err(_) => (Cow::Borrowed(""), false),
    };
    let text = if is_relative { ValueRef::Text(text.as_bytes()) } else { saying.text };
    let hash = hash(&[saying.headings, saying.context, text], is_relative);
    let mut find = connection.prepare_cached("SELECT id, is_relative, heading_path, context, text FROM sayings WHERE hash = ?1")?;
    let mut rows = find.query([hash])?;
    let (headings, context, text) = (Bound(saying.headings), Bound(saying.context), Bound(text));
    if let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let same = row.get_ref(1)? == ValueRef::Integer(is_relative.into())
            && row.get_ref(2)? == headings.0
            && row.get_ref(3)? == context.0
            && row.get_ref(4)? == text.0;
        drop(rows);
        if !same {
            // What is damaged is written anew, for all that say it.
            connection
                .prepare_cached("UPDATE sayings SET is_relative = ?2, heading_path = ?3, context = ?4, text = ?5 WHERE id = ?1")?
                .execute(params![id, is_relative, headings, context, text])?;
        }
        return Ok(id);
    }
    Ok(connection
        .prepare_cached("INSERT INTO sayings (hash, is_relative, heading_path, context, text) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .insert(params![hash, is_relative, headings, context, text])?)
}

/// Writes the text of a page: its parts, those that others have as well once for all.
pub(super) fn write_parts(connection: &Connection, page: i64, base: &str, markdown: ValueRef<'_>) -> Result<(), Failure> {
    let before = parts_of(connection, page)?;
    let mut parts = Vec::new();
    match markdown.as_str() {
        Ok(text) => {
            for part in cut(text) {
                let (text, is_relative) = relative(part, base);
                parts.push(self::part(connection, ValueRef::Text(text.as_bytes()), is_relative)?);
            }
        }
        // Of an old file, and damaged there.
        Err(_) => parts.push(part(connection, markdown, false)?),
    }
    if parts == before {
        return Ok(());
    }
    // All of them: in a damaged file they may stand at other places than their order tells.
    connection.prepare_cached("DELETE FROM page_parts WHERE page = ?1")?.execute([page])?;
    let mut write = connection.prepare_cached("INSERT INTO page_parts (page, ordinal, part) VALUES (?1, ?2, ?3)")?;
    for (ordinal, part) in (0_i64..).zip(&parts) {
        write.execute((page, ordinal, part))?;
    }
    forget(connection, before.into_iter().collect())
}

/// The address of a page of the source, other than this, whose text is the same to the letter; none where this page itself is stored.
pub(super) fn saying_the_same(connection: &Connection, source: i64, url: &str, markdown: &str) -> Result<Option<String>, Failure> {
    let known = "SELECT 1 FROM pages WHERE url = ?1 AND source = ?2";
    if markdown.is_empty() || connection.prepare_cached(known)?.exists((url, source))? {
        return Ok(None);
    }
    let base = folder(url);
    let mut find = connection.prepare_cached("SELECT id FROM parts WHERE hash = ?1")?;
    let mut parts = Vec::new();
    for part in cut(markdown) {
        let (text, is_relative) = relative(part, base);
        let known: Option<i64> = find.query_row([hash(&[ValueRef::Text(text.as_bytes())], is_relative)], |row| row.get(0)).optional()?;
        let Some(known) = known else { return Ok(None) };
        parts.push(known);
    }
    let sql = "SELECT p.id, p.url FROM page_parts AS has JOIN pages AS p ON p.id = has.page
               WHERE has.part = ?1 AND has.ordinal = 0 AND p.source = ?2 AND p.bytes = ?3 ORDER BY p.id LIMIT ?4";
    let candidates =
        collect(connection, sql, params![parts.first(), source, markdown.len() as i64, MOST_ALIKE], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (page, url) in candidates {
        if parts_of(connection, page)? == parts {
            return Ok(Some(url));
        }
    }
    Ok(None)
}

/// Pages that are looked at, of those that begin alike and are as long.
const MOST_ALIKE: i64 = 16;

/// The page is about to be removed.
pub(super) fn remove_parts(connection: &Connection, page: i64) -> Result<(), Failure> {
    let before = parts_of(connection, page)?;
    connection.prepare_cached("DELETE FROM page_parts WHERE page = ?1")?.execute([page])?;
    forget(connection, before.into_iter().collect())
}

fn parts_of(connection: &Connection, page: i64) -> Result<Vec<i64>, Failure> {
    collect(connection, "SELECT part FROM page_parts WHERE page = ?1 ORDER BY ordinal", [page], |row| Ok(row.get(0)?))
}

/// Drops those of these parts that no page has any more.
fn forget(connection: &Connection, parts: HashSet<i64>) -> Result<(), Failure> {
    let mut drop =
        connection.prepare_cached("DELETE FROM parts WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM page_parts WHERE part = ?1)")?;
    parts.into_iter().try_for_each(|part| Ok(drop.execute([part]).map(|_| ())?))
}

fn part(connection: &Connection, text: ValueRef<'_>, is_relative: bool) -> Result<i64, Failure> {
    let hash = hash(&[text], is_relative);
    let mut find = connection.prepare_cached("SELECT id, is_relative, text FROM parts WHERE hash = ?1")?;
    let mut rows = find.query([hash])?;
    if let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let same = row.get_ref(1)? == ValueRef::Integer(is_relative.into()) && row.get_ref(2)? == text;
        drop(rows);
        if !same {
            let mut heal = connection.prepare_cached("UPDATE parts SET is_relative = ?2, text = ?3 WHERE id = ?1")?;
            heal.execute(params![id, is_relative, Bound(text)])?;
        }
        return Ok(id);
    }
    let sql = "INSERT INTO parts (hash, is_relative, text) VALUES (?1, ?2, ?3)";
    Ok(connection.prepare_cached(sql)?.insert(params![hash, is_relative, Bound(text)])?)
}

fn hash(values: &[ValueRef<'_>], is_relative: bool) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    context.update(&[u8::from(is_relative)]);
    for value in values {
        // Each with its kind and length before it, so that none can be taken for the end of another.
        let (kind, bytes): (u8, Cow<'_, [u8]>) = match value {
            ValueRef::Null => (0, Cow::Borrowed(&[])),
            ValueRef::Integer(number) => (1, Cow::Owned(number.to_le_bytes().to_vec())),
            ValueRef::Real(number) => (2, Cow::Owned(number.to_le_bytes().to_vec())),
            ValueRef::Text(bytes) => (3, Cow::Borrowed(bytes)),
            ValueRef::Blob(bytes) => (4, Cow::Borrowed(bytes)),
        };
        context.update(&[kind]);
        context.update(&(bytes.len() as u64).to_le_bytes());
        context.update(&bytes);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&context.finish().as_ref()[..16]);
    half
}

/// A value as it lies in a row, bound as it is.
struct Bound<'a>(ValueRef<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(self.0))
    }
}

/// The parts of a text: at its headings, and what is long between them where a line ends whose bytes say so. So a change moves no cut but
/// those beside it, and what is the same in two versions is cut the same.
fn cut(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let length = at - start;
        let is_heading = line.trim_start_matches('#').starts_with(' ') && line.starts_with('#');
        if is_heading && length >= SHORT {
            parts.push(&text[start..at]);
            start = at;
        }
        at += line.len();
        let length = at - start;
        let sum = line.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        if length >= LONG && (sum.wrapping_mul(0x9E37_79B1) >> 28 == 0 || length >= LONGEST) {
            parts.push(&text[start..at]);
            start = at;
        }
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    parts
}

/// Stands for the folder of the page. No text of a page has it, but for a few.
const MARK: &str = "\u{1}";
/// Bytes of a part, at least, if it is not the last: one has a row of its own, and an entry in two indexes.
const SHORT: usize = 192;
/// From here on a part is cut at one of sixteen lines, and from there on at any.
const LONG: usize = 1_024;
const LONGEST: usize = 8_192;

/// Gives the rows of a database of before what they say, from the columns that they had it in.
pub(super) fn migrate(connection: &Connection) -> Result<(), Failure> {
    let mut next = connection.prepare("SELECT id, url, markdown FROM pages WHERE id > ?1 ORDER BY id LIMIT 1")?;
    let mut chunks = connection.prepare("SELECT id, heading_path, context, text FROM chunks WHERE page = ?1")?;
    let mut last = i64::MIN;
    loop {
        let mut rows = next.query([last])?;
        let Some(row) = rows.next()? else { break };
        last = row.get(0)?;
        // One that cannot be read has none.
        let url = row.get_ref(1)?.as_str().unwrap_or_default();
        let base = folder(url);
        let markdown = row.get_ref(2)?;
        let bytes = markdown.as_bytes().map_or(0, <[u8]>::len) as i64;
        write_parts(connection, last, base, markdown)?;
        let mut of_page = chunks.query([last])?;
        let mut said = Vec::new();
        while let Some(chunk) = of_page.next()? {
            let what = Saying { headings: chunk.get_ref(1)?, context: chunk.get_ref(2)?, text: chunk.get_ref(3)? };
            said.push((chunk.get::<_, i64>(0)?, saying(connection, base, &what)?));
        }
        drop(of_page);
        connection.prepare_cached("UPDATE pages SET base = ?2, bytes = ?3 WHERE id = ?1")?.execute((last, base.len() as i64, bytes))?;
        for (chunk, saying) in said {
            connection.prepare_cached("UPDATE chunks SET saying = ?2 WHERE id = ?1")?.execute((chunk, saying))?;
        }
    }
    Ok(())
}

/// What is left over, by what it is. What is missing makes a page or a passage another than was stored.
pub(super) const STRAYS: [(&str, &str); 3] = [
    (
        "parts of texts are of no page",
        "SELECT count(*) FROM parts WHERE NOT EXISTS (SELECT 1 FROM page_parts AS has WHERE has.part = parts.id)",
    ),
    (
        "texts are said by no passage",
        "SELECT count(*) FROM sayings WHERE NOT EXISTS (SELECT 1 FROM chunks AS c WHERE c.saying = sayings.id)",
    ),
    ("parts are of pages that are gone", "SELECT count(*) FROM page_parts WHERE page NOT IN (SELECT id FROM pages)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_kept_relative_to_the_version_or_the_site() {
        for (url, expected) in [
            ("https://docs.test/en/4.2/ref/models/", "https://docs.test/en/4.2/"),
            ("https://docs.test/v1/", "https://docs.test/v1/"),
            ("https://docs.test/stable/x.html?a=/2.0/", "https://docs.test/stable/"),
            ("https://docs.test/guide/start.html", "https://docs.test/"),
            ("https://docs.test/guide/4.2", "https://docs.test/"),
            ("https://docs.test", ""),
            ("no address", ""),
        ] {
            assert_eq!(folder(url), expected, "{url}");
        }
    }

    #[test]
    fn parts_are_the_text_and_a_change_moves_few_cuts() {
        let paragraph = |n: usize| format!("Sentence {n} about herons and the {} of the water.\n\n", n * n % 97);
        let text: String = (0..400).map(|n| if n % 25 == 0 { format!("## Part {n}\n\n") } else { paragraph(n) }).collect();
        let parts = cut(&text);
        assert_eq!(parts.concat(), text);
        assert!(parts.len() > 16 && parts.iter().all(|part| part.len() <= LONGEST + 100), "{}", parts.len());
        let changed = text.replace("Sentence 113 ", "Another sentence, longer than it was, ");
        let known: HashSet<&str> = parts.into_iter().collect();
        let new: Vec<_> = cut(&changed).into_iter().filter(|part| !known.contains(part)).collect();
        assert!((1..=3).contains(&new.len()), "{}", new.len());
        for text in ["", "\n", "# a", "no end", "# \n#\n##x\n", &"x".repeat(20_000)] {
            assert_eq!(cut(text).concat(), text);
        }
    }

    #[test]
    fn a_text_with_the_mark_in_it_stays_as_it_is() {
        assert_eq!(relative("see http://a.test/x", "http://a.test/"), ("see \u{1}x".into(), true));
        assert_eq!(relative("see \u{1} http://a.test/x", "http://a.test/"), ("see \u{1} http://a.test/x".into(), false));
        assert_eq!(relative("see x", "http://a.test/"), ("see x".into(), false));
        assert_eq!(relative("see x", ""), ("see x".into(), false));
    }

    #[test]
    fn no_value_is_taken_for_another() {
        let of = |values: &[ValueRef<'_>]| hash(values, false);
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        assert_ne!(of(&[text("ab"), text("c")]), of(&[text("a"), text("bc")]));
        assert_ne!(of(&[text(""), text("c")]), of(&[ValueRef::Null, text("c")]));
        assert_ne!(hash(&[text("a")], true), of(&[text("a")]));
    }
}
