//! Crawls that many machines do together: the rows of `store::joined`. Addresses are taken beside the lock of those who write; pages are
//! settled under it. Rows are locked in one order, a worker's own, then its crawl's, then others, and of others only those that are free.

use std::time::{Duration, SystemTime};

use super::pages::{put_page, write_words};
use super::sources::{begin, source_for, source_of};
use super::transaction::{Transaction, limit as at_most};
use super::wire::{Row, Value};
use super::{Postgres, meaning};
use crate::model::{
    Clock, Given, Joined, JoinedEnd, JoinedId, JoinedLimits, JoinedPlan, JoinedTotals, PageOf, Pending, Remark, RemarkKind, RobotsKnown,
    Settled, Spent, Trail, Waiting, Wish, WorkerId,
};
use crate::store::error::Failure;
use crate::store::hosts::LONGEST;
use crate::store::joined::{
    AddressRow, CLOSED, CrawlRow, HeldRow, LEASED, OPEN, OriginRow, Rows, SWEPT, WorkerRow, as_trail, end_of, enter, hops, judge,
    keep_robots, leave, number, open, portions, renew, robots, settle, take, totals, written_hops,
};
use crate::store::keep::{JoinedCrawls, Leases, Verdicts};
use crate::store::words::Changes;
use crate::store::written::{count, milliseconds, parse_joined_sources, time, written_joined_sources};
use crate::store::{CutPage, Error, Start, kept_as, lock};

/// As in the embedded store.
pub(super) const TABLES: &str = r#"
    CREATE TABLE joined_crawls (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text COLLATE "C" NOT NULL,
        sources text NOT NULL,
        opened bigint NOT NULL,
        max_pages bigint NOT NULL,
        max_requests bigint NOT NULL,
        max_bytes bigint NOT NULL,
        per_host bigint NOT NULL,
        lease bigint NOT NULL,
        ending bigint NOT NULL DEFAULT 0,
        ended bigint NOT NULL DEFAULT 0,
        closed bigint NOT NULL DEFAULT 0,
        waiting bigint NOT NULL DEFAULT 0,
        held bigint NOT NULL DEFAULT 0,
        done bigint NOT NULL DEFAULT 0,
        pages bigint NOT NULL DEFAULT 0,
        stored bigint NOT NULL DEFAULT 0,
        skipped bigint NOT NULL DEFAULT 0,
        failed bigint NOT NULL DEFAULT 0,
        returned bigint NOT NULL DEFAULT 0,
        late bigint NOT NULL DEFAULT 0,
        granted_requests bigint NOT NULL DEFAULT 0,
        granted_bytes bigint NOT NULL DEFAULT 0,
        spent_requests bigint NOT NULL DEFAULT 0,
        spent_bytes bigint NOT NULL DEFAULT 0,
        turns bigint NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX joined_crawls_going_on ON joined_crawls (name) WHERE ended = 0;
    CREATE TABLE joined_workers (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        crawl bigint NOT NULL REFERENCES joined_crawls (id),
        name text NOT NULL,
        until bigint NOT NULL,
        gone bigint NOT NULL DEFAULT 0,
        granted_requests bigint NOT NULL DEFAULT 0,
        granted_bytes bigint NOT NULL DEFAULT 0,
        spent_requests bigint NOT NULL DEFAULT 0,
        spent_bytes bigint NOT NULL DEFAULT 0
    );
    CREATE INDEX joined_workers_of ON joined_workers (crawl, gone, until);
    CREATE TABLE joined_origins (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        crawl bigint NOT NULL REFERENCES joined_crawls (id),
        name text COLLATE "C" NOT NULL,
        waiting bigint NOT NULL DEFAULT 0,
        in_flight bigint NOT NULL DEFAULT 0,
        delay bigint NOT NULL DEFAULT 0,
        turn bigint NOT NULL DEFAULT 0,
        given_up bigint NOT NULL DEFAULT 0,
        robots_until bigint NOT NULL DEFAULT 0,
        UNIQUE (crawl, name)
    );
    CREATE INDEX joined_origins_open ON joined_origins (crawl, turn) WHERE waiting > 0;
    CREATE TABLE joined_robots (
        origin bigint PRIMARY KEY REFERENCES joined_origins (id),
        status bigint NOT NULL,
        body bytea NOT NULL
    );
    CREATE TABLE joined_urls (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        crawl bigint NOT NULL,
        url text COLLATE "C" NOT NULL,
        origin bigint NOT NULL,
        depth bigint NOT NULL,
        role bigint NOT NULL,
        met_on text,
        via text,
        state bigint NOT NULL,
        worker bigint,
        target text COLLATE "C",
        UNIQUE (crawl, url)
    );
    CREATE INDEX joined_urls_waiting ON joined_urls (origin, depth, id) WHERE state = 0;
    CREATE INDEX joined_urls_held ON joined_urls (worker, id) WHERE worker IS NOT NULL;
    CREATE INDEX joined_urls_yielded ON joined_urls (crawl, target, id) WHERE state = 6;
    CREATE TABLE joined_contents (
        crawl bigint NOT NULL,
        content bigint NOT NULL,
        url text NOT NULL,
        PRIMARY KEY (crawl, content)
    );
    CREATE TABLE joined_lessons (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        crawl bigint NOT NULL,
        lesson text NOT NULL
    );
    CREATE INDEX joined_lessons_of ON joined_lessons (crawl, id);
    CREATE TABLE joined_notes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        crawl bigint NOT NULL,
        kind bigint NOT NULL,
        url text NOT NULL,
        why text NOT NULL
    );
    CREATE INDEX joined_notes_of ON joined_notes (crawl, id);
    CREATE TABLE embedding_leases (
        model text NOT NULL,
        passage bigint NOT NULL,
        until bigint NOT NULL,
        PRIMARY KEY (model, passage)
    );
"#;

/// The rows of one crawl.
struct Table<'t, 'c> {
    transaction: &'t Transaction<'c>,
    crawl: i64,
}

impl Rows for Table<'_, '_> {
    fn crawl(&self) -> Result<Option<CrawlRow>, Failure> {
        let sql = format!("SELECT {CRAWL} FROM joined_crawls WHERE id = $1 FOR UPDATE");
        self.transaction.row(&sql, &[self.crawl.into()])?.as_ref().map(crawl_row).transpose()
    }

    fn set_crawl(&self, crawl: &CrawlRow) -> Result<(), Failure> {
        let sql =
            "UPDATE joined_crawls SET ending = $2, ended = $3, waiting = $4, held = $5, done = $6, pages = $7, stored = $8, skipped = $9,
                   failed = $10, returned = $11, late = $12, granted_requests = $13, granted_bytes = $14, spent_requests = $15,
                   spent_bytes = $16, turns = $17 WHERE id = $1";
        let values = [&[self.crawl][..], &crawl.columns()].concat();
        self.transaction.execute(sql, &values.into_iter().map(Value::from).collect::<Vec<_>>()).map(drop)
    }

    fn add_worker(&self, name: &str, until: i64) -> Result<i64, Failure> {
        let sql = "INSERT INTO joined_workers (crawl, name, until) VALUES ($1, $2, $3) RETURNING id";
        Ok(self.transaction.one(sql, &[self.crawl.into(), name.into(), until.into()])?.number(0)?)
    }

    fn worker(&self, worker: i64) -> Result<Option<WorkerRow>, Failure> {
        let sql = format!("SELECT {WORKER} FROM joined_workers WHERE id = $1 AND crawl = $2 FOR UPDATE");
        self.transaction.row(&sql, &[worker.into(), self.crawl.into()])?.as_ref().map(worker_row).transpose()
    }

    fn set_worker(&self, worker: &WorkerRow) -> Result<(), Failure> {
        let sql = "UPDATE joined_workers SET until = $2, gone = $3, granted_requests = $4, granted_bytes = $5, spent_requests = $6, spent_bytes = $7
                   WHERE id = $1";
        let values = [&[worker.id][..], &worker.columns()].concat();
        self.transaction.execute(sql, &values.into_iter().map(Value::from).collect::<Vec<_>>()).map(drop)
    }

    fn silent(&self, now: i64, latest: i64) -> Result<Vec<WorkerRow>, Failure> {
        // One that is settling just now has its row locked, and is not silent.
        let sql = format!(
            "SELECT {WORKER} FROM joined_workers WHERE crawl = $1 AND gone = 0 AND (until < $2 OR until > $3) FOR UPDATE SKIP LOCKED"
        );
        self.transaction.collect(&sql, &[self.crawl.into(), now.into(), latest.into()], worker_row)
    }

    fn alive(&self) -> Result<i64, Failure> {
        let sql = "SELECT count(*) FROM joined_workers WHERE crawl = $1 AND gone = 0";
        Ok(self.transaction.one(sql, &[self.crawl.into()])?.number(0)?)
    }

    fn origins(&self, names: &[&str]) -> Result<Vec<OriginRow>, Failure> {
        let texts: Vec<Option<&str>> = names.iter().map(|name| Some(*name)).collect();
        let sql = format!(
            "SELECT {ORIGIN} FROM unnest($2::text[]) WITH ORDINALITY AS of (named, place)
             JOIN joined_origins AS o ON o.crawl = $1 AND o.name = of.named ORDER BY of.place"
        );
        let find = || self.transaction.collect(&sql, &[self.crawl.into(), Value::Texts(&texts)], origin_row);
        let known = find()?;
        if known.len() == names.len() {
            return Ok(known);
        }
        let insert = "INSERT INTO joined_origins (crawl, name) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING";
        self.transaction.execute(insert, &[self.crawl.into(), Value::Texts(&texts)])?;
        find()
    }

    fn origin(&self, id: i64) -> Result<OriginRow, Failure> {
        origin_row(&self.transaction.one(&format!("SELECT {ORIGIN} FROM joined_origins AS o WHERE id = $1"), &[id.into()])?)
    }

    fn set_origin(&self, origin: &OriginRow) -> Result<(), Failure> {
        let sql =
            "UPDATE joined_origins SET waiting = $2, in_flight = $3, delay = $4, turn = $5, given_up = $6, robots_until = $7 WHERE id = $1";
        let OriginRow { id, waiting, in_flight, delay, turn, is_given_up, robots_until } = origin;
        let values = [*id, *waiting, *in_flight, *delay, *turn, i64::from(*is_given_up), *robots_until];
        self.transaction.execute(sql, &values.map(Value::from)).map(drop)
    }

    fn open_origins(&self, per_host: i64, now: i64, most: usize) -> Result<Vec<OriginRow>, Failure> {
        let sql = format!(
            "SELECT {ORIGIN} FROM joined_origins AS o WHERE crawl = $1 AND waiting > 0 AND given_up = 0
             AND in_flight < CASE WHEN delay > 0 THEN 1 ELSE $2 END
             AND NOT EXISTS (SELECT 1 FROM hosts AS h WHERE h.origin = o.name AND h.not_before > $3 AND h.not_before <= $4 AND h.overloads > 0)
             ORDER BY turn, id LIMIT $5"
        );
        let values = [self.crawl.into(), per_host.into(), now.into(), now.saturating_add(LONGEST).into(), at_most(most)];
        self.transaction.collect(&sql, &values, origin_row)
    }

    fn robots(&self, origin: i64) -> Result<Option<(u16, Vec<u8>)>, Failure> {
        let row = self.transaction.row("SELECT status, body FROM joined_robots WHERE origin = $1", &[origin.into()])?;
        row.map(|row| Ok((small(row.number(0)?)?, row.bytes(1)?.to_vec()))).transpose()
    }

    fn keep_robots(&self, origin: i64, status: u16, body: &[u8]) -> Result<(), Failure> {
        let sql = "INSERT INTO joined_robots (origin, status, body) VALUES ($1, $2, $3)
                   ON CONFLICT (origin) DO UPDATE SET status = excluded.status, body = excluded.body";
        self.transaction.execute(sql, &[origin.into(), i64::from(status).into(), body.into()]).map(drop)
    }

    fn next(&self, origin: i64, most: usize) -> Result<Vec<(i64, Waiting)>, Failure> {
        let sql = "SELECT id, url, depth, role, met_on, via FROM joined_urls WHERE origin = $1 AND state = 0 ORDER BY depth, id LIMIT $2
                   FOR UPDATE SKIP LOCKED";
        self.transaction.collect(sql, &[origin.into(), at_most(most)], |row| {
            let waiting = Waiting {
                url: row.text(1)?.into(),
                depth: u32::try_from(row.number(2)?).unwrap_or(u32::MAX),
                role: small(row.number(3)?)?,
                from: row.text_or_null(4)?.map(Into::into),
                via: hops(row.text_or_null(5)?),
            };
            Ok((row.number(0)?, waiting))
        })
    }

    fn hand(&self, addresses: &[i64], worker: i64) -> Result<(), Failure> {
        if addresses.is_empty() {
            return Ok(());
        }
        let sql = "UPDATE joined_urls SET state = $2, worker = $3 WHERE id = ANY ($1)";
        self.transaction.execute(sql, &[Value::Numbers(addresses), LEASED.into(), worker.into()]).map(drop)
    }

    fn held(&self, worker: i64) -> Result<Vec<HeldRow>, Failure> {
        let sql = "SELECT id, url, origin, state FROM joined_urls WHERE worker = $1 ORDER BY id";
        self.transaction.collect(sql, &[worker.into()], |row| {
            Ok(HeldRow { id: row.number(0)?, url: row.text(1)?.into(), origin: row.number(2)?, state: row.number(3)? })
        })
    }

    fn become_(&self, addresses: &[i64], state: i64, target: Option<&str>) -> Result<(), Failure> {
        if addresses.is_empty() {
            return Ok(());
        }
        let sql = "UPDATE joined_urls SET state = $2, target = $3, worker = CASE WHEN $2 = 2 THEN worker END WHERE id = ANY ($1)";
        self.transaction.execute(sql, &[Value::Numbers(addresses), state.into(), target.into()]).map(drop)
    }

    fn ask_again(&self, address: i64, role: u16) -> Result<(), Failure> {
        let sql = "UPDATE joined_urls SET state = 0, role = $2, worker = NULL, target = NULL WHERE id = $1";
        self.transaction.execute(sql, &[address.into(), i64::from(role).into()]).map(drop)
    }

    fn insert(&self, addresses: &[(i64, &Waiting)], state: i64) -> Result<Vec<bool>, Failure> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let urls: Vec<Option<&str>> = addresses.iter().map(|(_, waiting)| Some(&*waiting.url)).collect();
        let origins: Vec<i64> = addresses.iter().map(|(origin, _)| *origin).collect();
        let depths: Vec<i64> = addresses.iter().map(|(_, waiting)| waiting.depth.into()).collect();
        let roles: Vec<i64> = addresses.iter().map(|(_, waiting)| waiting.role.into()).collect();
        let met_on: Vec<Option<&str>> = addresses.iter().map(|(_, waiting)| waiting.from.as_deref()).collect();
        let via: Vec<Option<String>> = addresses.iter().map(|(_, waiting)| written_hops(&waiting.via)).collect();
        let via: Vec<Option<&str>> = via.iter().map(Option::as_deref).collect();
        // One address may be named twice here, and the first one counts; numbers are given in the order of the rows.
        let sql = "INSERT INTO joined_urls (crawl, url, origin, depth, role, met_on, via, state)
                   SELECT $1, url, origin, depth, role, met_on, via, $8
                   FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[]) WITH ORDINALITY
                        AS of (url, origin, depth, role, met_on, via, place) ORDER BY place
                   ON CONFLICT (crawl, url) DO NOTHING RETURNING url";
        let values = [
            self.crawl.into(),
            Value::Texts(&urls),
            Value::Numbers(&origins),
            Value::Numbers(&depths),
            Value::Numbers(&roles),
            Value::Texts(&met_on),
            Value::Texts(&via),
            state.into(),
        ];
        let mut new: std::collections::HashSet<Box<str>> =
            self.transaction.collect(sql, &values, |row| Ok(row.text(0)?.into()))?.into_iter().collect();
        Ok(addresses.iter().map(|(_, waiting)| new.remove(&waiting.url)).collect())
    }

    fn find(&self, url: &str) -> Result<Option<AddressRow>, Failure> {
        let sql = "SELECT id, origin, state, target FROM joined_urls WHERE crawl = $1 AND url = $2";
        self.transaction.row(sql, &[self.crawl.into(), url.into()])?.as_ref().map(address_row).transpose()
    }

    fn yielded_to(&self, url: &str) -> Result<Vec<AddressRow>, Failure> {
        let sql = "SELECT id, origin, state, target FROM joined_urls WHERE crawl = $1 AND target = $2 AND state = 6 ORDER BY id";
        self.transaction.collect(sql, &[self.crawl.into(), url.into()], address_row)
    }

    fn first_with(&self, content: u64, url: &str) -> Result<Box<str>, Failure> {
        let content = content.cast_signed();
        let known = "SELECT url FROM joined_contents WHERE crawl = $1 AND content = $2";
        if let Some(row) = self.transaction.row(known, &[self.crawl.into(), content.into()])? {
            return Ok(row.text(0)?.into());
        }
        let sql = "INSERT INTO joined_contents (crawl, content, url) VALUES ($1, $2, $3)";
        self.transaction.execute(sql, &[self.crawl.into(), content.into(), url.into()])?;
        Ok(url.into())
    }

    fn add_lesson(&self, lesson: &str) -> Result<(), Failure> {
        let sql = "INSERT INTO joined_lessons (crawl, lesson) VALUES ($1, $2)";
        self.transaction.execute(sql, &[self.crawl.into(), lesson.into()]).map(drop)
    }

    fn lessons(&self, after: i64) -> Result<Vec<(i64, String)>, Failure> {
        let sql = "SELECT id, lesson FROM joined_lessons WHERE crawl = $1 AND id > $2 ORDER BY id";
        self.transaction.collect(sql, &[self.crawl.into(), after.into()], |row| Ok((row.number(0)?, row.text(1)?.to_owned())))
    }

    fn add_note(&self, note: &Remark) -> Result<(), Failure> {
        let sql = "INSERT INTO joined_notes (crawl, kind, url, why) VALUES ($1, $2, $3, $4)";
        // U+0000 can be in no text there.
        let (url, why) = (note.url.replace('\0', "\u{FFFD}"), note.why.replace('\0', "\u{FFFD}"));
        let kind = i64::from(note.kind == RemarkKind::Failed);
        self.transaction.execute(sql, &[self.crawl.into(), kind.into(), (&*url).into(), (&*why).into()]).map(drop)
    }
}

const CRAWL: &str =
    "max_pages, max_requests, max_bytes, per_host, lease, ending, ended, waiting, held, done, pages, stored, skipped, failed,
    returned, late, granted_requests, granted_bytes, spent_requests, spent_bytes, turns";
/// Of these.
const CRAWL_WIDTH: usize = 21;
const WORKER: &str = "id, until, gone, granted_requests, granted_bytes, spent_requests, spent_bytes";
const ORIGIN: &str = "o.id, o.waiting, o.in_flight, o.delay, o.turn, o.given_up, o.robots_until";

fn crawl_row(row: &Row) -> Result<CrawlRow, Failure> {
    let amount = |column: usize| count(row.number(column)?);
    Ok(CrawlRow {
        limits: JoinedLimits {
            max_pages: amount(0)?,
            max_requests: amount(1)?,
            max_bytes: amount(2)?,
            per_host: amount(3)?,
            lease: Duration::from_millis(amount(4)?),
        },
        ending: end_of(row.number(5)?)?,
        ended: end_of(row.number(6)?)?,
        waiting: row.number(7)?,
        held: row.number(8)?,
        done: row.number(9)?,
        pages: row.number(10)?,
        stored: row.number(11)?,
        skipped: row.number(12)?,
        failed: row.number(13)?,
        returned: row.number(14)?,
        late: row.number(15)?,
        granted: Spent { requests: amount(16)?, bytes: amount(17)? },
        spent: Spent { requests: amount(18)?, bytes: amount(19)? },
        turns: row.number(20)?,
    })
}

fn worker_row(row: &Row) -> Result<WorkerRow, Failure> {
    let amount = |column: usize| count(row.number(column)?);
    Ok(WorkerRow {
        id: row.number(0)?,
        until: row.number(1)?,
        is_gone: row.number(2)? != 0,
        granted: Spent { requests: amount(3)?, bytes: amount(4)? },
        spent: Spent { requests: amount(5)?, bytes: amount(6)? },
    })
}

fn origin_row(row: &Row) -> Result<OriginRow, Failure> {
    Ok(OriginRow {
        id: row.number(0)?,
        waiting: row.number(1)?,
        in_flight: row.number(2)?,
        delay: row.number(3)?,
        turn: row.number(4)?,
        is_given_up: row.number(5)? != 0,
        robots_until: row.number(6)?,
    })
}

fn address_row(row: &Row) -> Result<AddressRow, Failure> {
    Ok(AddressRow { id: row.number(0)?, origin: row.number(1)?, state: row.number(2)?, target: row.text_or_null(3)?.map(Into::into) })
}

fn small(value: i64) -> Result<u16, Failure> {
    u16::try_from(value).map_err(|_| Failure::Malformed("a small number is too large"))
}

/// By the server's clock, which is one for all machines, unless a time is given.
fn now(transaction: &Transaction<'_>, clock: Clock) -> Result<i64, Failure> {
    match clock {
        Clock::At(time) => Ok(milliseconds(time)),
        Clock::Store { ahead } => {
            let now = transaction.one("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", &[])?.number(0)?;
            Ok(now.saturating_add(i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX)))
        }
    }
}

fn crawls(transaction: &Transaction<'_>, condition: &str, values: &[Value<'_>]) -> Result<Vec<Joined>, Failure> {
    let sql = format!(
        "SELECT {CRAWL}, id, sources, opened, (SELECT count(*) FROM joined_workers AS w WHERE w.crawl = c.id AND w.gone = 0)
         FROM joined_crawls AS c WHERE {condition} ORDER BY id"
    );
    transaction.collect(&sql, values, |row| {
        let crawl = crawl_row(row)?;
        Ok(Joined {
            id: JoinedId(row.number(CRAWL_WIDTH)?),
            sources: parse_joined_sources(row.text(CRAWL_WIDTH + 1)?)?,
            limits: crawl.limits,
            opened: time(row.number(CRAWL_WIDTH + 2)?),
            totals: totals(&crawl, row.number(CRAWL_WIDTH + 3)?),
        })
    })
}

/// Whoever is at the crawl settles nothing any more. Whether it was open.
fn close(transaction: &Transaction<'_>, crawl: i64) -> Result<bool, Failure> {
    // In the order of all: workers before their crawl.
    transaction.rows("SELECT 1 FROM joined_workers WHERE crawl = $1 ORDER BY id FOR UPDATE", &[crawl.into()])?;
    transaction.rows("SELECT 1 FROM joined_crawls WHERE id = $1 FOR UPDATE", &[crawl.into()])?;
    transaction.execute("DELETE FROM joined_workers WHERE crawl = $1", &[crawl.into()])?;
    let close = "UPDATE joined_crawls SET closed = $2 WHERE id = $1 AND closed < $2";
    Ok(transaction.execute(close, &[crawl.into(), CLOSED.into()])? > 0)
}

fn made(transaction: &Transaction<'_>, plan: &JoinedPlan, now: i64) -> Result<i64, Failure> {
    let JoinedLimits { max_pages, max_requests, max_bytes, per_host, lease } = plan.limits;
    let name = plan.sources.first().map_or("", |(source, _)| source.as_str());
    let sql = "INSERT INTO joined_crawls (name, sources, opened, max_pages, max_requests, max_bytes, per_host, lease)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let sources = written_joined_sources(&plan.sources);
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let limits = [max_pages, max_requests, max_bytes, per_host].map(number);
    let values =
        [name.into(), (&*sources).into(), now.into(), limits[0].into(), limits[1].into(), limits[2].into(), limits[3].into(), lease.into()];
    let id = transaction.one(sql, &values)?.number(0)?;
    // Those before it.
    let before = "SELECT id FROM joined_crawls WHERE name = $1 AND id < $2";
    for before in transaction.collect(before, &[name.into(), id.into()], |row| Ok(row.number(0)?))? {
        close(transaction, before)?;
    }
    Ok(id)
}

impl Postgres {
    /// One transaction on the rows of a crawl, beside the lock of those who store pages.
    fn on_crawl<T>(&self, crawl: JoinedId, work: impl Fn(&Table<'_, '_>) -> Result<T, Failure>) -> Result<T, Error> {
        self.write_beside(|transaction| work(&Table { transaction, crawl: crawl.0 }))
    }
}

impl JoinedCrawls for Postgres {
    fn clock(&self) -> Result<SystemTime, Error> {
        self.read(|transaction| Ok(time(now(transaction, Clock::Store { ahead: Duration::ZERO })?)))
    }

    fn open_joined(&self, plan: &JoinedPlan, clock: Clock) -> Result<Joined, Error> {
        let name = plan.sources.first().map_or("", |(source, _)| source.as_str());
        let opened = self.write(|transaction| {
            let known = crawls(transaction, "name = $1 AND ended = 0", &[name.into()])?;
            if let Some(known) = known.into_iter().next() {
                return Ok(known);
            }
            let now = now(transaction, clock)?;
            let crawl = made(transaction, plan, now)?;
            open(&Table { transaction, crawl }, &plan.seeds)?;
            for (source, recipe) in &plan.sources {
                begin(transaction, source, recipe, Start::Afresh, time(now))?;
            }
            crawls(transaction, "id = $1", &[crawl.into()])?.pop().ok_or(Failure::Malformed("a crawl just written is not there"))
        });
        self.sweep();
        opened
    }

    fn joined_crawls(&self) -> Result<Vec<Joined>, Error> {
        self.read(|transaction| crawls(transaction, "closed = $1", &[OPEN.into()]))
    }

    fn joined_totals(&self, crawl: JoinedId) -> Result<Option<JoinedTotals>, Error> {
        self.read(|transaction| Ok(crawls(transaction, "id = $1", &[crawl.0.into()])?.pop().map(|joined| joined.totals)))
    }

    fn joined_notes(&self, crawl: JoinedId) -> Result<Vec<Remark>, Error> {
        let sql = "SELECT kind, url, why FROM joined_notes WHERE crawl = $1 ORDER BY id";
        self.read(|transaction| {
            transaction.collect(sql, &[crawl.0.into()], |row| {
                let kind = if row.number(0)? != 0 { RemarkKind::Failed } else { RemarkKind::Skipped };
                Ok(Remark { kind, url: row.text(1)?.to_owned(), why: row.text(2)?.to_owned() })
            })
        })
    }

    fn enter_joined(&self, crawl: JoinedId, name: &str, clock: Clock) -> Result<WorkerId, Error> {
        self.on_crawl(crawl, |rows| enter(rows, name, now(rows.transaction, clock)?).map(WorkerId))
    }

    fn take_joined(&self, crawl: JoinedId, worker: WorkerId, wish: &Wish, clock: Clock) -> Result<Option<Given>, Error> {
        self.on_crawl(crawl, |rows| take(rows, worker.0, wish, now(rows.transaction, clock)?))
    }

    fn renew_joined(&self, crawl: JoinedId, worker: WorkerId, clock: Clock) -> Result<bool, Error> {
        self.on_crawl(crawl, |rows| renew(rows, worker.0, now(rows.transaction, clock)?))
    }

    fn settle_joined(
        &self,
        crawl: JoinedId,
        worker: WorkerId,
        settled: &Settled,
        pages: &[PageOf],
        cut: &[CutPage],
        tokens: Option<u32>,
        clock: Clock,
    ) -> Result<Option<Verdicts>, Error> {
        let kept: Vec<_> = cut.iter().map(|page| kept_as(&page.document)).collect();
        let cut_for = tokens.unwrap_or(u32::MAX);
        let settle_in = |transaction: &Transaction<'_>| {
            let mut put = vec![None; pages.len()];
            let store = |stored: &[usize]| {
                let mut words = Changes::default();
                for index in stored {
                    let (Some(page), Some(document)) = (cut.get(*index), kept.get(*index)) else { continue };
                    let source = match &page.source {
                        Some(source) => source_of(transaction, source)?,
                        None => source_for(transaction, &document.url)?,
                    };
                    put[*index] = Some(put_page(transaction, source, document, &page.chunks, cut_for, &mut words)?);
                }
                write_words(transaction, words)
            };
            let verdicts = settle(&Table { transaction, crawl: crawl.0 }, worker.0, settled, pages, now(transaction, clock)?, store)?;
            Ok(verdicts.map(|verdicts| verdicts.into_iter().zip(put).collect()))
        };
        self.write(settle_in)
    }

    fn leave_joined(&self, crawl: JoinedId, worker: WorkerId, spent: Spent, clock: Clock) -> Result<(), Error> {
        self.on_crawl(crawl, |rows| leave(rows, worker.0, spent, now(rows.transaction, clock)?))
    }

    fn robots(&self, crawl: JoinedId, origin: &str, clock: Clock) -> Result<RobotsKnown, Error> {
        self.on_crawl(crawl, |rows| robots(rows, origin, now(rows.transaction, clock)?))
    }

    fn keep_robots(
        &self,
        crawl: JoinedId,
        origin: &str,
        known: Option<(u16, &[u8])>,
        delay: Option<Duration>,
        clock: Clock,
    ) -> Result<(), Error> {
        let delay = delay.map_or(0, |delay| i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
        self.on_crawl(crawl, |rows| keep_robots(rows, origin, known, delay, now(rows.transaction, clock)?))
    }

    fn joined_trail(&self, crawl: JoinedId, after: &str, limit: usize) -> Result<(Trail, Option<Box<str>>), Error> {
        let sql = "SELECT url, depth, role, state FROM joined_urls WHERE crawl = $1 AND url > $2 ORDER BY url LIMIT $3";
        let met = self.read(|transaction| {
            transaction.collect(sql, &[crawl.0.into(), after.into(), at_most(limit)], |row| {
                Ok((row.text(0)?.into(), u32::try_from(row.number(1)?).unwrap_or(u32::MAX), small(row.number(2)?)?, row.number(3)?))
            })
        })?;
        Ok(as_trail(met))
    }

    fn joined_contents(&self, crawl: JoinedId, after: Option<u64>, limit: usize) -> Result<Vec<(Box<str>, u64)>, Error> {
        let sql = "SELECT url, content FROM joined_contents WHERE crawl = $1 AND content > $2 ORDER BY content LIMIT $3";
        let first = "SELECT url, content FROM joined_contents WHERE crawl = $1 ORDER BY content LIMIT $2";
        self.read(|transaction| {
            let read = |row: &Row| Ok((row.text(0)?.into(), row.number(1)?.cast_unsigned()));
            match after {
                Some(after) => transaction.collect(sql, &[crawl.0.into(), after.cast_signed().into(), at_most(limit)], read),
                None => transaction.collect(first, &[crawl.0.into(), at_most(limit)], read),
            }
        })
    }

    fn end_joined(&self, crawl: JoinedId, end: JoinedEnd) -> Result<(), Error> {
        self.on_crawl(crawl, |rows| {
            let Some(mut row) = rows.crawl()? else { return Ok(()) };
            judge(&mut row);
            row.ended.get_or_insert(end);
            rows.set_crawl(&row)
        })
    }

    fn close_joined(&self, crawl: JoinedId) -> Result<bool, Error> {
        let is_due = self.write_beside(|transaction| {
            let sql = "SELECT 1 FROM joined_crawls WHERE id = $1 AND closed = $2 AND ended <> 0";
            Ok(transaction.row(sql, &[crawl.0.into(), OPEN.into()])?.is_some() && close(transaction, crawl.0)?)
        })?;
        self.sweep();
        Ok(is_due)
    }
}

impl Postgres {
    /// Removes what crawls have left that are closed, beside those who store pages. What cannot be removed now is by the next.
    fn sweep(&self) {
        if let Err(error) = self.sweep_all() {
            log::debug!("what a crawl has left stays for now: {error}");
        }
    }

    fn sweep_all(&self) -> Result<(), Error> {
        let closed = "SELECT id FROM joined_crawls WHERE closed = $1 ORDER BY id";
        for crawl in self.read(|transaction| transaction.collect(closed, &[CLOSED.into()], |row| Ok(row.number(0)?)))? {
            // One at a time: who finds nothing any more has to know that it is gone.
            let alone = "SELECT 1 FROM joined_crawls WHERE id = $1 FOR UPDATE";
            let once = |sql: &str| {
                self.write_beside(|transaction| {
                    transaction.rows(alone, &[crawl.into()])?;
                    transaction.execute(sql, &[crawl.into()])
                })
            };
            for sql in portions("$1") {
                while once(&sql)? > 0 {}
            }
            self.write_beside(|transaction| {
                transaction.execute("UPDATE joined_crawls SET closed = $2 WHERE id = $1", &[crawl.into(), SWEPT.into()])
            })?;
        }
        // The account of a crawl stays until there is another of its name.
        let old = "SELECT id FROM joined_crawls AS c WHERE closed = $1 AND EXISTS (SELECT 1 FROM joined_crawls AS n WHERE n.name = c.name AND n.id > c.id)
                   ORDER BY id";
        for crawl in self.read(|transaction| transaction.collect(old, &[SWEPT.into()], |row| Ok(row.number(0)?)))? {
            self.write_beside(|transaction| {
                transaction.execute("DELETE FROM joined_notes WHERE crawl = $1", &[crawl.into()])?;
                transaction.execute("DELETE FROM joined_crawls WHERE id = $1", &[crawl.into()])
            })?;
        }
        Ok(())
    }
}

impl Leases for Postgres {
    fn lease_pending(&self, model: &str, limit: usize, lease: Duration, clock: Clock) -> Result<Vec<Pending>, Error> {
        let known = lock(&self.embedded).get(model).cloned().unwrap_or_default();
        let (taken, known) = self.write(|transaction| {
            let (now, mut known) = (now(transaction, clock)?, known.clone());
            let until = now.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
            // One that would last longer than one begun now is of a clock that was set back.
            transaction.execute("DELETE FROM embedding_leases WHERE until < $1 OR until > $2", &[now.into(), until.into()])?;
            let leased = "SELECT passage FROM embedding_leases WHERE model = $1";
            let leased = transaction.collect(leased, &[model.into()], |row| Ok(row.number(0)?))?.into_iter().collect();
            let pending = meaning::pending(transaction, model, &mut known, &leased, limit)?;
            let passages: Vec<i64> = pending.iter().map(|(passage, _)| *passage).collect();
            let sql =
                "INSERT INTO embedding_leases (model, passage, until) SELECT $1, passage, $3 FROM unnest($2::bigint[]) AS of (passage)";
            transaction.execute(sql, &[model.into(), Value::Numbers(&passages), until.into()])?;
            Ok((pending.into_iter().map(|(_, pending)| pending).collect(), known))
        })?;
        lock(&self.embedded).insert(model.to_owned(), known);
        Ok(taken)
    }
}
