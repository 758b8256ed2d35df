//! What is written and read about sources, and how far the crawl of one is, each function within a transaction of its caller.

use std::time::SystemTime;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use url::Url;

use crate::model::{Candidate, Document, Earlier, Meant, Metadata, NotMeant, Recipe, SourceId, SourceState, SourceSummary, Trail, host};

use super::pages::{collect, parse_url};
use super::texts;
use crate::store::error::Failure;
use crate::store::meant::who_is_meant;
use crate::store::written::{MOST_MISSES, number_of, recipe, state_of};
use crate::store::written::{beyond, count, metadata, milliseconds, parse_source, time};

/// Of a page that nobody has named a source for: the one that has it already, else that of its host.
pub(super) fn source_for(connection: &Connection, url: &Url) -> Result<i64, Failure> {
    let sql = "SELECT source FROM pages WHERE url = ?1 ORDER BY fetched_at DESC, id DESC LIMIT 1";
    match connection.prepare_cached(sql)?.query_row([url.as_str()], |row| row.get(0)).optional()? {
        Some(source) => Ok(source),
        None => source_of(connection, &SourceId::of(url)),
    }
}

/// The source's row, which is made if there is none.
pub(super) fn source_of(connection: &Connection, source: &SourceId) -> Result<i64, Failure> {
    connection.prepare_cached("INSERT INTO sources (name) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([source.as_str()])?;
    Ok(connection.prepare_cached("SELECT id FROM sources WHERE name = ?1")?.query_row([source.as_str()], |row| row.get(0))?)
}

/// The source's row, if it has pages.
pub(super) fn find_source(connection: &Connection, source: &SourceId) -> Result<Option<i64>, Failure> {
    let sql = format!("SELECT s.id FROM sources AS s WHERE s.name = ?1 AND {LISTED}");
    Ok(connection.prepare_cached(&sql)?.query_row([source.as_str()], |row| row.get(0)).optional()?)
}

pub(super) fn name_of(connection: &Connection, source: i64) -> Result<SourceId, Failure> {
    let sql = "SELECT name FROM sources WHERE id = ?1";
    let name: Option<String> = connection.prepare_cached(sql)?.query_row([source], |row| row.get(0)).optional()?;
    parse_source(&name.unwrap_or_default())
}

/// Every source with pages, by name.
pub(super) fn sources(connection: &Connection) -> Result<Vec<SourceSummary>, Failure> {
    let sql = format!(
        "SELECT s.name, s.pages, s.chunks, s.code_examples, s.embedded, (SELECT max(p.fetched_at) FROM pages AS p WHERE p.source = s.id),
                s.says_version, s.recipe, s.state, s.waiting, s.made, s.refreshed
         FROM sources AS s WHERE {LISTED} ORDER BY s.name"
    );
    collect(connection, &sql, [], |row| {
        Ok(SourceSummary {
            source: parse_source(&row.get::<_, String>(0)?)?,
            pages: count(row.get(1)?)?,
            chunks: count(row.get(2)?)?,
            code_examples: count(row.get(3)?)?,
            embedded: count(row.get(4)?)?,
            last_fetched: time(row.get::<_, Option<i64>>(5)?.unwrap_or(0)),
            says_version: row.get(6)?,
            recipe: recipe_of(row, 7)?,
            state: state_of(row.get(8)?)?,
            left: count(row.get(9)?)?,
            made: row.get::<_, Option<i64>>(10)?.map(time),
            refreshed: row.get::<_, Option<i64>>(11)?.map(time),
        })
    })
}

fn recipe_of(row: &Row<'_>, column: usize) -> Result<Option<Recipe>, Failure> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        // Bytes that are no text are no recipe either.
        text => recipe(Some(text.as_str().unwrap_or_default())),
    }
}

/// The sources that somebody means who names one, or gives an address of it.
pub(super) fn find(connection: &Connection, text: &str) -> Result<Result<Meant, NotMeant>, Failure> {
    let sql = format!("SELECT s.name, s.says_version, s.recipe FROM sources AS s WHERE {LISTED} ORDER BY s.name");
    let known = collect(connection, &sql, [], |row| {
        let seeds = recipe_of(row, 2)?.map(|recipe| recipe.seeds).unwrap_or_default();
        let source = parse_source(&row.get::<_, String>(0)?)?;
        Ok((Candidate { source, says_version: row.get(1)?, hosts: seeds.iter().map(host).collect() }, seeds))
    })?;
    let sql = "SELECT s.name FROM pages AS p JOIN sources AS s ON s.id = p.source WHERE p.url = ?1";
    who_is_meant(text, &known, |url| collect(connection, sql, [url], |row| parse_source(&row.get::<_, String>(0)?)))
}

/// A crawl of it begins, or goes on.
pub(super) fn begin(connection: &Connection, source: &SourceId, recipe: &Recipe, now: SystemTime) -> Result<(), Failure> {
    let id = source_of(connection, source)?;
    let recipe = serde_json::to_string(recipe).expect("texts, numbers and addresses are JSON");
    connection.prepare_cached("UPDATE sources SET recipe = ?2, state = ?3, made = coalesce(made, ?4) WHERE id = ?1")?.execute(params![
        id,
        recipe,
        number_of(SourceState::Incomplete),
        milliseconds(now)
    ])?;
    Ok(())
}

pub(super) fn is_made(connection: &Connection, source: &SourceId) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sources WHERE name = ?1 AND recipe IS NOT NULL)";
    Ok(connection.prepare_cached(sql)?.query_row([source.as_str()], |row| row.get(0))?)
}

/// Its recipe with what was learned.
pub(super) fn learn(connection: &Connection, source: &SourceId, scripted: &[String]) -> Result<(), Failure> {
    let id = source_of(connection, source)?;
    let known = connection.query_row("SELECT recipe FROM sources WHERE id = ?1", [id], |row| row.get::<_, Option<String>>(0))?;
    let known = recipe(known.as_deref())?;
    let Some(known) = known else { return Ok(()) };
    let recipe = serde_json::to_string(&Recipe { scripted: scripted.to_vec(), ..known }).expect("texts, numbers and addresses are JSON");
    connection.prepare_cached("UPDATE sources SET recipe = ?2 WHERE id = ?1")?.execute(params![id, recipe])?;
    Ok(())
}

/// Nothing of an earlier crawl is known any more.
pub(super) fn forget_trail(connection: &Connection, source: &SourceId) -> Result<(), Failure> {
    let id = source_of(connection, source)?;
    drop_trail(connection, id)
}

fn drop_trail(connection: &Connection, source: i64) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM frontier WHERE source = ?1")?.execute([source])?;
    connection.prepare_cached("DELETE FROM contents WHERE source = ?1")?.execute([source])?;
    Ok(())
}

/// What a crawl has found and dealt with since it last told.
pub(super) fn record(connection: &Connection, source: &SourceId, trail: &Trail) -> Result<(), Failure> {
    let id = source_of(connection, source)?;
    let mut found =
        connection.prepare_cached("INSERT INTO frontier (source, url, depth, done) VALUES (?1, ?2, ?3, 0) ON CONFLICT DO NOTHING")?;
    for (url, depth) in &trail.found {
        found.execute(params![id, url, depth])?;
    }
    let mut done = connection
        .prepare_cached("INSERT INTO frontier (source, url, depth, done) VALUES (?1, ?2, 0, 1) ON CONFLICT DO UPDATE SET done = 1")?;
    for url in &trail.done {
        done.execute(params![id, url])?;
    }
    let mut content = connection
        .prepare_cached("INSERT INTO contents (source, content, url) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET url = excluded.url")?;
    for (url, hash) in &trail.contents {
        content.execute(params![id, hash.cast_signed(), url])?;
    }
    let mut translation =
        connection.prepare_cached("INSERT INTO frontier (source, url, depth, done) VALUES (?1, ?2, 0, 2) ON CONFLICT DO NOTHING")?;
    for url in &trail.translations {
        translation.execute(params![id, url])?;
    }
    connection.prepare_cached("UPDATE sources SET waiting = ?2 WHERE id = ?1")?.execute(params![id, trail.left as i64])?;
    Ok(())
}

/// Whether an earlier crawl has dealt with anything.
pub(super) fn has_trail(connection: &Connection, source: &SourceId) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM frontier WHERE done = 1 AND source = (SELECT id FROM sources WHERE name = ?1))";
    Ok(connection.prepare_cached(sql)?.query_row([source.as_str()], |row| row.get(0))?)
}

/// What is known of an earlier crawl: what it had found and not dealt with, and what it had.
pub(super) fn trail(connection: &Connection, source: &SourceId) -> Result<Earlier, Failure> {
    let Some(id) = find_source(connection, source)? else { return Ok(Earlier::default()) };
    let mut earlier = Earlier::default();
    let mut statement = connection.prepare_cached("SELECT url, depth, done FROM frontier WHERE source = ?1")?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        let url = parse_url(row.get_ref(0)?)?;
        let is_room = match row.get::<_, i64>(2)? {
            0 => earlier.found.push(url.as_str(), row.get(1)?),
            1 => earlier.done.push(url.as_str(), 0),
            2 => {
                earlier.translations.push(url.as_str().into());
                true
            }
            _ => false,
        };
        if !is_room {
            return Err(Failure::Malformed("what is known of a crawl is none of its addresses"));
        }
    }
    earlier.found.sort_nearest_last();
    // Of what was under way it is not known whether it was stored.
    let sql = "SELECT c.url, c.content FROM contents AS c JOIN frontier AS f ON f.source = c.source AND f.url = c.url
               WHERE c.source = ?1 AND f.done = 1";
    earlier.contents =
        collect(connection, sql, [id], |row| Ok((parse_url(row.get_ref(0)?)?.as_str().into(), row.get::<_, i64>(1)?.cast_unsigned())))?;
    Ok(earlier)
}

/// What the pages of a source say of themselves in other languages, with the language that each says it is in.
pub(super) fn translations(connection: &Connection, source: &SourceId) -> Result<Vec<(Url, Metadata)>, Failure> {
    let sql =
        "SELECT url, metadata FROM pages WHERE source = (SELECT id FROM sources WHERE name = ?1) AND metadata LIKE '%\"translations\":%'
               LIMIT ?2";
    let read = |row: &Row<'_>| -> Result<_, Failure> { Ok((parse_url(row.get_ref(0)?)?, metadata(row.get_ref(1)?.as_str().ok())?)) };
    // What is damaged says nothing here; who reads that page is told.
    let said = collect(connection, sql, params![source.as_str(), MOST_SAYING], |row| match read(row) {
        Err(failure) if failure.is_of_content() => Ok(None),
        read => read.map(Some),
    })?;
    Ok(said.into_iter().flatten().collect())
}

pub(super) fn page_saying_the_same(connection: &Connection, source: &SourceId, document: &Document) -> Result<Option<Url>, Failure> {
    let Some(source) = find_source(connection, source)? else { return Ok(None) };
    let url = texts::saying_the_same(connection, source, document.url.as_str(), &document.markdown)?;
    url.map(|url| parse_url(ValueRef::Text(url.as_bytes()))).transpose()
}

/// Pages that are asked at the most.
const MOST_SAYING: i64 = 10_000;

/// A crawl or refresh of all of it is over.
pub(super) fn end(connection: &Connection, source: &SourceId, state: SourceState, left: u64, now: SystemTime) -> Result<(), Failure> {
    let id = source_of(connection, source)?;
    if find_source(connection, source)?.is_none() && state != SourceState::Incomplete {
        // Nothing came of it: it is as if it had not been.
        return forget(connection, id);
    }
    let refreshed = (state != SourceState::Incomplete).then(|| milliseconds(now));
    connection
        .prepare_cached("UPDATE sources SET state = ?2, waiting = ?3, refreshed = coalesce(?4, refreshed) WHERE id = ?1")?
        .execute(params![id, number_of(state), left as i64, refreshed])?;
    if state == SourceState::Complete {
        drop_trail(connection, id)?;
    }
    Ok(())
}

/// Addresses that were met by crawls of a source and came to nothing, each with when that was first so.
pub(super) fn misses(connection: &Connection, source: &SourceId) -> Result<Vec<(Box<str>, SystemTime)>, Failure> {
    let sql = "SELECT url, since FROM misses WHERE source = (SELECT id FROM sources WHERE name = ?1)";
    collect(connection, sql, [source.as_str()], |row| Ok((row.get::<_, String>(0)?.into(), time(row.get(1)?))))
}

/// Addresses that have come to nothing now. Those that are pages by now, or were not met for the longest time, make room.
pub(super) fn note_misses(connection: &Connection, source: &SourceId, urls: &[Box<str>], now: SystemTime) -> Result<(), Failure> {
    let (id, now) = (source_of(connection, source)?, milliseconds(now));
    let mut insert = connection.prepare_cached(
        "INSERT INTO misses (source, url, since, met) VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET met = excluded.met",
    )?;
    for url in urls {
        insert.execute(params![id, url, now])?;
    }
    let stored = "DELETE FROM misses WHERE source = ?1 AND EXISTS (SELECT 1 FROM pages AS p WHERE p.url = misses.url AND p.source = ?1)";
    connection.prepare_cached(stored)?.execute([id])?;
    let oldest = "DELETE FROM misses WHERE source = ?1
                  AND url IN (SELECT url FROM misses WHERE source = ?1 ORDER BY met DESC, url LIMIT -1 OFFSET ?2)";
    connection.prepare_cached(oldest)?.execute(params![id, MOST_MISSES])?;
    Ok(())
}

/// The version that the pages of a source name.
pub(super) fn says_version(connection: &Connection, source: &SourceId, version: &str) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE sources SET says_version = ?2 WHERE name = ?1")?.execute([source.as_str(), version])?;
    Ok(())
}

/// All but the row's number and name, which pages that come later may have again.
pub(super) fn forget(connection: &Connection, source: i64) -> Result<(), Failure> {
    drop_trail(connection, source)?;
    connection.prepare_cached("DELETE FROM misses WHERE source = ?1")?.execute([source])?;
    let sql = "UPDATE sources SET recipe = NULL, says_version = NULL, state = 0, waiting = 0, made = NULL, refreshed = NULL WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([source])?;
    Ok(())
}

pub(super) fn sources_after(connection: &Connection, prefix: &str, after: &str, limit: usize) -> Result<Vec<SourceId>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    collect(connection, SOURCES_AFTER, params![prefix.max(after), after, beyond(prefix), limit], |row| {
        parse_source(&row.get::<_, String>(0)?)
    })
}

pub(super) const SOURCES_AFTER: &str = "SELECT s.name FROM sources AS s WHERE s.name >= ?1 AND s.name <> ?2 AND s.name < ?3
     AND s.pages <> 0 ORDER BY s.name LIMIT ?4";

/// Of one source, or of all.
pub(super) fn languages(connection: &Connection, source: Option<&SourceId>) -> Result<Vec<(String, u64)>, Failure> {
    let sql = "SELECT l.language, sum(l.examples) AS examples FROM sources AS s JOIN languages AS l ON l.source = s.id
               WHERE ?1 IS NULL OR s.name = ?1 GROUP BY l.language ORDER BY examples DESC, l.language";
    collect(connection, sql, [source.map(SourceId::as_str)], |row| Ok((row.get(0)?, count(row.get(1)?)?)))
}

/// What there is nothing to ask about is no source to anybody.
const LISTED: &str = "s.pages <> 0";
