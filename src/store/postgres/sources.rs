//! What is written and read about sources, and how far the crawl of one is.

use std::time::SystemTime;

use url::Url;

use super::transaction::{Transaction, limit as at_most};
use super::wire::Value;
use super::{Postgres, packages, pages};
use crate::model::{Candidate, Earlier, Meant, Metadata, NotMeant, Recipe, SourceId, SourceState, SourceSummary, Trail, host};
use crate::store::error::Failure;
use crate::store::keep::{SITE, Sources};
use crate::store::meant::who_is_meant;
use crate::store::written::{
    MOST_MISSES, beyond, count, metadata, milliseconds, number_of, parse_source, parse_url, recipe, state_of, time,
};
use crate::store::{Error, Start};

impl Sources for Postgres {
    fn sources(&self) -> Result<Vec<SourceSummary>, Error> {
        let sql = "SELECT s.name, s.pages, s.chunks, s.code_examples, s.embedded,
                   (SELECT max(p.fetched_at) FROM pages AS p WHERE p.source = s.id),
                   s.says_version, s.recipe, s.state, s.waiting, s.made, s.refreshed FROM sources AS s WHERE s.pages <> 0 ORDER BY s.name";
        self.read(|transaction| {
            transaction.collect(sql, &[], |row| {
                Ok(SourceSummary {
                    source: parse_source(row.text(0)?)?,
                    pages: count(row.number(1)?)?,
                    chunks: count(row.number(2)?)?,
                    code_examples: count(row.number(3)?)?,
                    embedded: count(row.number(4)?)?,
                    last_fetched: time(row.number_or_null(5)?.unwrap_or(0)),
                    says_version: row.text_or_null(6)?.map(str::to_owned),
                    recipe: recipe(row.text_or_null(7)?)?,
                    state: state_of(row.number(8)?)?,
                    left: count(row.number(9)?)?,
                    made: row.number_or_null(10)?.map(time),
                    refreshed: row.number_or_null(11)?.map(time),
                })
            })
        })
    }

    fn sources_after(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<SourceId>, Error> {
        let sql = "SELECT name FROM sources WHERE name >= $1 AND name <> $2 AND name < $3 AND pages <> 0 ORDER BY name LIMIT $4";
        let behind = beyond(prefix);
        let values = [prefix.max(after).into(), after.into(), Value::Text(Some(&behind)), at_most(limit)];
        self.read(|transaction| transaction.collect(sql, &values, |row| parse_source(row.text(0)?)))
    }

    fn languages(&self, source: Option<&SourceId>) -> Result<Vec<(String, u64)>, Error> {
        let sql = "SELECT l.language, sum(l.examples)::bigint AS examples FROM sources AS s JOIN languages AS l ON l.source = s.id
                   WHERE $1::text IS NULL OR s.name = $1 GROUP BY l.language ORDER BY examples DESC, l.language COLLATE \"C\"";
        self.read(|transaction| {
            transaction.collect(sql, &[source.map(SourceId::as_str).into()], |row| Ok((row.text(0)?.to_owned(), count(row.number(1)?)?)))
        })
    }

    fn meant(&self, text: &str) -> Result<Result<Meant, NotMeant>, Error> {
        let listed = "SELECT name, says_version, recipe FROM sources WHERE pages <> 0 ORDER BY name";
        let at_address = "SELECT s.name FROM pages AS p JOIN sources AS s ON s.id = p.source WHERE p.url = $1";
        self.read(|transaction| {
            let known = transaction.collect(listed, &[], |row| {
                let seeds = recipe(row.text_or_null(2)?)?.map(|recipe| recipe.seeds).unwrap_or_default();
                let says_version = row.text_or_null(1)?.map(str::to_owned);
                Ok((Candidate { source: parse_source(row.text(0)?)?, says_version, hosts: seeds.iter().map(host).collect() }, seeds))
            })?;
            who_is_meant(text, &known, |url| transaction.collect(at_address, &[url.into()], |row| parse_source(row.text(0)?)))
        })
    }

    fn begin(&self, source: &SourceId, recipe: &Recipe, start: Start, now: SystemTime) -> Result<(), Error> {
        self.write(|transaction| begin(transaction, source, recipe, start, now))
    }

    fn is_made(&self, source: &SourceId) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sources WHERE name = $1 AND recipe IS NOT NULL)";
        self.read(|transaction| Ok(transaction.one(sql, &[source.as_str().into()])?.is_true(0)?))
    }

    fn learn(&self, source: &SourceId, scripted: &[String]) -> Result<(), Error> {
        self.write(|transaction| {
            let id = source_of(transaction, source)?;
            let Some(known) = recipe(transaction.one("SELECT recipe FROM sources WHERE id = $1", &[id.into()])?.text_or_null(0)?)? else {
                return Ok(());
            };
            let recipe =
                serde_json::to_string(&Recipe { scripted: scripted.to_vec(), ..known }).expect("texts, numbers and addresses are JSON");
            transaction.execute("UPDATE sources SET recipe = $2 WHERE id = $1", &[id.into(), recipe.as_str().into()]).map(drop)
        })
    }

    fn record(&self, source: &SourceId, trail: &Trail) -> Result<(), Error> {
        let found: Vec<Option<&str>> = trail.found.iter().map(|(url, _)| Some(&**url)).collect();
        let depths: Vec<i64> = trail.found.iter().map(|(_, depth)| i64::from(*depth)).collect();
        let done: Vec<Option<&str>> = trail.done.iter().map(|url| Some(&**url)).collect();
        let translations: Vec<Option<&str>> = trail.translations.iter().map(|url| Some(&**url)).collect();
        let contents: Vec<Option<&str>> = trail.contents.iter().map(|(url, _)| Some(&**url)).collect();
        let hashes: Vec<i64> = trail.contents.iter().map(|(_, hash)| hash.cast_signed()).collect();
        self.write(|transaction| {
            let id = source_of(transaction, source)?;
            if !found.is_empty() {
                let sql = "INSERT INTO frontier (source, url, depth, done) SELECT $1, *, 0 FROM unnest($2::text[], $3::bigint[]) ON CONFLICT DO NOTHING";
                transaction.execute(sql, &[id.into(), Value::Texts(&found), Value::Numbers(&depths)])?;
            }
            for (urls, sql) in [(&done, DONE), (&translations, TRANSLATED)] {
                if !urls.is_empty() {
                    transaction.execute(sql, &[id.into(), Value::Texts(urls)])?;
                }
            }
            if !contents.is_empty() {
                transaction.execute(CONTENTS, &[id.into(), Value::Numbers(&hashes), Value::Texts(&contents)])?;
            }
            transaction.execute("UPDATE sources SET waiting = $2 WHERE id = $1", &[id.into(), (trail.left as i64).into()]).map(drop)
        })
    }

    fn has_trail(&self, source: &SourceId) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM frontier WHERE done = 1 AND source = (SELECT id FROM sources WHERE name = $1))";
        self.read(|transaction| Ok(transaction.one(sql, &[source.as_str().into()])?.is_true(0)?))
    }

    fn trail(&self, source: &SourceId) -> Result<Earlier, Error> {
        let malformed = || Failure::Malformed("what is known of a crawl is none of its addresses");
        self.read(|transaction| {
            let Some(id) = find_source(transaction, source)? else { return Ok(Earlier::default()) };
            let mut earlier = Earlier::default();
            for row in transaction.rows("SELECT url, depth, done FROM frontier WHERE source = $1", &[id.into()])? {
                let url = parse_url(row.text(0)?)?;
                let is_room = match row.number(2)? {
                    0 => earlier.found.push(url.as_str(), u32::try_from(row.number(1)?).map_err(|_| malformed())?),
                    1 => earlier.done.push(url.as_str(), 0),
                    2 => {
                        earlier.translations.push(url.as_str().into());
                        true
                    }
                    _ => false,
                };
                if !is_room {
                    return Err(malformed());
                }
            }
            earlier.found.sort_nearest_last();
            // Of what was under way it is not known whether it was stored.
            let sql = "SELECT c.url, c.content FROM contents AS c JOIN frontier AS f ON f.source = c.source AND f.url = c.url
                       WHERE c.source = $1 AND f.done = 1";
            let contents = |row: &super::wire::Row| Ok((parse_url(row.text(0)?)?.as_str().into(), row.number(1)?.cast_unsigned()));
            earlier.contents = transaction.collect(sql, &[id.into()], contents)?;
            Ok(earlier)
        })
    }

    fn ended(&self, source: &SourceId, state: SourceState, left: u64, now: SystemTime) -> Result<(), Error> {
        let sql = "UPDATE sources SET state = $2, waiting = $3, refreshed = coalesce($4, refreshed) WHERE id = $1";
        self.write(|transaction| {
            let id = source_of(transaction, source)?;
            if find_source(transaction, source)?.is_none() && state != SourceState::Incomplete {
                // Nothing came of it: it is as if it had not been.
                return forget(transaction, id);
            }
            let refreshed = (state != SourceState::Incomplete).then(|| milliseconds(now));
            transaction.execute(sql, &[id.into(), number_of(state).into(), (left as i64).into(), refreshed.into()])?;
            if state == SourceState::Complete { drop_trail(transaction, id) } else { Ok(()) }
        })
    }

    fn translations(&self, source: &SourceId) -> Result<Vec<(Url, Metadata)>, Error> {
        let sql = "SELECT url, metadata FROM pages WHERE source = (SELECT id FROM sources WHERE name = $1) AND metadata LIKE '%\"translations\":%' LIMIT $2";
        self.read(|transaction| {
            transaction.collect(sql, &[source.as_str().into(), MOST_SAYING.into()], |row| {
                Ok((parse_url(row.text(0)?)?, metadata(row.text_or_null(1)?)?))
            })
        })
    }

    fn misses(&self, source: &SourceId) -> Result<Vec<(Box<str>, SystemTime)>, Error> {
        let sql = "SELECT url, since FROM misses WHERE source = (SELECT id FROM sources WHERE name = $1)";
        self.read(|transaction| transaction.collect(sql, &[source.as_str().into()], |row| Ok((row.text(0)?.into(), time(row.number(1)?)))))
    }

    fn note_misses(&self, source: &SourceId, urls: &[Box<str>], now: SystemTime) -> Result<(), Error> {
        let urls: Vec<Option<&str>> = urls.iter().map(|url| Some(&**url)).collect();
        let insert = "INSERT INTO misses (source, url, since, met) SELECT DISTINCT $1::bigint, url, $3::bigint, $3::bigint FROM unnest($2::text[]) AS url
                      ON CONFLICT (source, url) DO UPDATE SET met = excluded.met";
        let stored =
            "DELETE FROM misses AS m WHERE m.source = $1 AND EXISTS (SELECT 1 FROM pages AS p WHERE p.url = m.url AND p.source = $1)";
        let oldest = "DELETE FROM misses WHERE source = $1
                      AND url IN (SELECT url FROM misses WHERE source = $1 ORDER BY met DESC, url OFFSET $2)";
        self.write(|transaction| {
            let id = source_of(transaction, source)?;
            transaction.execute(insert, &[id.into(), Value::Texts(&urls), milliseconds(now).into()])?;
            transaction.execute(stored, &[id.into()])?;
            transaction.execute(oldest, &[id.into(), MOST_MISSES.into()]).map(drop)
        })
    }

    fn says_version(&self, source: &SourceId, version: &str) -> Result<(), Error> {
        let sql = "UPDATE sources SET says_version = $2 WHERE name = $1";
        self.write(|transaction| transaction.execute(sql, &[source.as_str().into(), version.into()]).map(drop))
    }

    fn remove_source(&self, source: &SourceId) -> Result<u64, Error> {
        self.write(|transaction| {
            let Some(id) = find_source(transaction, source)? else { return Ok(0) };
            let all = transaction.collect("SELECT id FROM pages WHERE source = $1", &[id.into()], |row| Ok(row.number(0)?))?;
            let removed = pages::remove_all(transaction, &all)?;
            packages::remove_all_of(transaction, SITE, source.as_str())?;
            forget(transaction, id)?;
            Ok(removed)
        })
    }
}

/// Of a page that nobody has named a source for: the one that has it already, else that of its host.
pub(super) fn source_for(transaction: &Transaction<'_>, url: &Url) -> Result<i64, Failure> {
    let sql = "SELECT source FROM pages WHERE url = $1 ORDER BY fetched_at DESC, id DESC LIMIT 1";
    match transaction.row(sql, &[url.as_str().into()])? {
        Some(row) => Ok(row.number(0)?),
        None => source_of(transaction, &SourceId::of(url)),
    }
}

/// The source's row, which is made if there is none.
pub(super) fn source_of(transaction: &Transaction<'_>, source: &SourceId) -> Result<i64, Failure> {
    let find = "SELECT id FROM sources WHERE name = $1";
    if let Some(row) = transaction.row(find, &[source.as_str().into()])? {
        return Ok(row.number(0)?);
    }
    Ok(transaction.one("INSERT INTO sources (name) VALUES ($1) RETURNING id", &[source.as_str().into()])?.number(0)?)
}

/// The source's row, if it has pages.
pub(super) fn find_source(transaction: &Transaction<'_>, source: &SourceId) -> Result<Option<i64>, Failure> {
    let row = transaction.row("SELECT id FROM sources WHERE name = $1 AND pages <> 0", &[source.as_str().into()])?;
    row.map(|row| Ok(row.number(0)?)).transpose()
}

/// A crawl of it begins, or goes on.
pub(super) fn begin(
    transaction: &Transaction<'_>,
    source: &SourceId,
    recipe: &Recipe,
    start: Start,
    now: SystemTime,
) -> Result<(), Failure> {
    let id = source_of(transaction, source)?;
    if start == Start::Afresh {
        drop_trail(transaction, id)?;
    }
    let recipe = serde_json::to_string(recipe).expect("texts, numbers and addresses are JSON");
    let sql = "UPDATE sources SET recipe = $2, state = $3, made = coalesce(made, $4) WHERE id = $1";
    let state = number_of(SourceState::Incomplete);
    transaction.execute(sql, &[id.into(), recipe.as_str().into(), state.into(), milliseconds(now).into()]).map(drop)
}

/// Nothing of an earlier crawl is known any more.
pub(super) fn drop_trail(transaction: &Transaction<'_>, source: i64) -> Result<(), Failure> {
    transaction.execute("DELETE FROM frontier WHERE source = $1", &[source.into()])?;
    transaction.execute("DELETE FROM contents WHERE source = $1", &[source.into()]).map(drop)
}

/// All but the row's number and name, which pages that come later may have again.
pub(super) fn forget(transaction: &Transaction<'_>, source: i64) -> Result<(), Failure> {
    drop_trail(transaction, source)?;
    transaction.execute("DELETE FROM misses WHERE source = $1", &[source.into()])?;
    let sql = "UPDATE sources SET recipe = NULL, says_version = NULL, state = 0, waiting = 0, made = NULL, refreshed = NULL WHERE id = $1";
    transaction.execute(sql, &[source.into()]).map(drop)
}

const DONE: &str = "INSERT INTO frontier (source, url, depth, done) SELECT DISTINCT $1::bigint, url, 0, 1 FROM unnest($2::text[]) AS url
                    ON CONFLICT (source, url) DO UPDATE SET done = 1";
const TRANSLATED: &str =
    "INSERT INTO frontier (source, url, depth, done) SELECT $1, url, 0, 2 FROM unnest($2::text[]) AS url ON CONFLICT DO NOTHING";
const CONTENTS: &str = "INSERT INTO contents (source, content, url)
                        SELECT DISTINCT ON (content) $1::bigint, content, url
                        FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY AS of (content, url, place) ORDER BY content, place DESC
                        ON CONFLICT (source, content) DO UPDATE SET url = excluded.url";
/// Pages that are asked at the most.
const MOST_SAYING: i64 = 10_000;
