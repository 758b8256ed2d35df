//! Crawls that several processes do together on one file: the rows of `store::joined`, within one writing transaction each. Who writes has the
//! file to itself, so that nothing has to be locked.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::pages::{collect, put_all};
use super::{Sqlite, passages, sources};
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
use crate::store::written::{milliseconds, parse_joined_sources, time, written_joined_sources};
use crate::store::{CutPage, Error, kept_as, lock};

/// An address is in one state after the other; `worker` is who has it in hand, `target` where it moved or yielded to. Numbers of crawls are
/// never given twice, as the row of the last one stays; those of addresses tell which was found first.
pub(super) const TABLES: &str = "
    CREATE TABLE joined_crawls (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        sources TEXT NOT NULL,
        opened INTEGER NOT NULL,
        max_pages INTEGER NOT NULL,
        max_requests INTEGER NOT NULL,
        max_bytes INTEGER NOT NULL,
        per_host INTEGER NOT NULL,
        lease INTEGER NOT NULL,
        ending INTEGER NOT NULL DEFAULT 0,
        ended INTEGER NOT NULL DEFAULT 0,
        closed INTEGER NOT NULL DEFAULT 0,
        waiting INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0,
        done INTEGER NOT NULL DEFAULT 0,
        pages INTEGER NOT NULL DEFAULT 0,
        stored INTEGER NOT NULL DEFAULT 0,
        skipped INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        returned INTEGER NOT NULL DEFAULT 0,
        late INTEGER NOT NULL DEFAULT 0,
        granted_requests INTEGER NOT NULL DEFAULT 0,
        granted_bytes INTEGER NOT NULL DEFAULT 0,
        spent_requests INTEGER NOT NULL DEFAULT 0,
        spent_bytes INTEGER NOT NULL DEFAULT 0,
        turns INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE joined_workers (
        id INTEGER PRIMARY KEY,
        crawl INTEGER NOT NULL REFERENCES joined_crawls (id),
        name TEXT NOT NULL,
        until INTEGER NOT NULL,
        gone INTEGER NOT NULL DEFAULT 0,
        granted_requests INTEGER NOT NULL DEFAULT 0,
        granted_bytes INTEGER NOT NULL DEFAULT 0,
        spent_requests INTEGER NOT NULL DEFAULT 0,
        spent_bytes INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX joined_workers_of ON joined_workers (crawl, gone, until);
    CREATE TABLE joined_origins (
        id INTEGER PRIMARY KEY,
        crawl INTEGER NOT NULL REFERENCES joined_crawls (id),
        name TEXT NOT NULL,
        waiting INTEGER NOT NULL DEFAULT 0,
        in_flight INTEGER NOT NULL DEFAULT 0,
        delay INTEGER NOT NULL DEFAULT 0,
        turn INTEGER NOT NULL DEFAULT 0,
        given_up INTEGER NOT NULL DEFAULT 0,
        robots_until INTEGER NOT NULL DEFAULT 0,
        UNIQUE (crawl, name)
    );
    CREATE INDEX joined_origins_open ON joined_origins (crawl, turn) WHERE waiting > 0;
    CREATE TABLE joined_robots (
        origin INTEGER PRIMARY KEY REFERENCES joined_origins (id),
        status INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE joined_urls (
        id INTEGER PRIMARY KEY,
        crawl INTEGER NOT NULL REFERENCES joined_crawls (id),
        url TEXT NOT NULL,
        origin INTEGER NOT NULL REFERENCES joined_origins (id),
        depth INTEGER NOT NULL,
        role INTEGER NOT NULL,
        met_on TEXT,
        via TEXT,
        state INTEGER NOT NULL,
        worker INTEGER,
        target TEXT,
        UNIQUE (crawl, url)
    );
    CREATE INDEX joined_urls_waiting ON joined_urls (origin, depth, id) WHERE state = 0;
    CREATE INDEX joined_urls_held ON joined_urls (worker, id) WHERE worker IS NOT NULL;
    CREATE INDEX joined_urls_yielded ON joined_urls (crawl, target, id) WHERE state = 6;
    CREATE TABLE joined_contents (
        crawl INTEGER NOT NULL REFERENCES joined_crawls (id),
        content INTEGER NOT NULL,
        url TEXT NOT NULL,
        PRIMARY KEY (crawl, content)
    ) WITHOUT ROWID;
    CREATE TABLE joined_lessons (
        id INTEGER PRIMARY KEY,
        crawl INTEGER NOT NULL REFERENCES joined_crawls (id),
        lesson TEXT NOT NULL
    );
    CREATE INDEX joined_lessons_of ON joined_lessons (crawl, id);
    CREATE TABLE joined_notes (
        id INTEGER PRIMARY KEY,
        crawl INTEGER NOT NULL REFERENCES joined_crawls (id),
        kind INTEGER NOT NULL,
        url TEXT NOT NULL,
        why TEXT NOT NULL
    );
    CREATE INDEX joined_notes_of ON joined_notes (crawl, id);
    CREATE TABLE embedding_leases (
        model TEXT NOT NULL,
        passage INTEGER NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (model, passage)
    ) WITHOUT ROWID;
";

/// Where an origin is removed, SQLite looks for addresses that refer to it in all of the others.
pub(super) const FREE_ADDRESSES: &str = "
    CREATE TEMP TABLE joined_urls_kept AS SELECT * FROM joined_urls;
    DROP TABLE joined_urls;
    CREATE TABLE joined_urls (
        id INTEGER PRIMARY KEY,
        crawl INTEGER NOT NULL REFERENCES joined_crawls (id),
        url TEXT NOT NULL,
        origin INTEGER NOT NULL,
        depth INTEGER NOT NULL,
        role INTEGER NOT NULL,
        met_on TEXT,
        via TEXT,
        state INTEGER NOT NULL,
        worker INTEGER,
        target TEXT,
        UNIQUE (crawl, url)
    );
    INSERT INTO joined_urls SELECT * FROM joined_urls_kept;
    DROP TABLE joined_urls_kept;
    CREATE INDEX joined_urls_waiting ON joined_urls (origin, depth, id) WHERE state = 0;
    CREATE INDEX joined_urls_held ON joined_urls (worker, id) WHERE worker IS NOT NULL;
    CREATE INDEX joined_urls_yielded ON joined_urls (crawl, target, id) WHERE state = 6;
";

/// The rows of one crawl.
struct Table<'c> {
    connection: &'c Connection,
    crawl: i64,
}

impl Table<'_> {
    fn each(
        &self,
        sql: &str,
        addresses: &[i64],
        mut with: impl FnMut(&mut rusqlite::Statement<'_>, i64) -> rusqlite::Result<usize>,
    ) -> Result<(), Failure> {
        let mut statement = self.connection.prepare_cached(sql)?;
        addresses.iter().try_for_each(|address| with(&mut statement, *address).map(drop))?;
        Ok(())
    }
}

impl Rows for Table<'_> {
    fn crawl(&self) -> Result<Option<CrawlRow>, Failure> {
        let sql = format!("SELECT {CRAWL} FROM joined_crawls WHERE id = ?1");
        self.connection.prepare_cached(&sql)?.query_row([self.crawl], |row| Ok(crawl_row(row, 0))).optional()?.transpose()
    }

    fn set_crawl(&self, crawl: &CrawlRow) -> Result<(), Failure> {
        let sql =
            "UPDATE joined_crawls SET ending = ?2, ended = ?3, waiting = ?4, held = ?5, done = ?6, pages = ?7, stored = ?8, skipped = ?9,
                   failed = ?10, returned = ?11, late = ?12, granted_requests = ?13, granted_bytes = ?14, spent_requests = ?15,
                   spent_bytes = ?16, turns = ?17 WHERE id = ?1";
        let values = [&[self.crawl][..], &crawl.columns()].concat();
        self.connection.prepare_cached(sql)?.execute(params_from_iter(values))?;
        Ok(())
    }

    fn add_worker(&self, name: &str, until: i64) -> Result<i64, Failure> {
        let sql = "INSERT INTO joined_workers (crawl, name, until) VALUES (?1, ?2, ?3) RETURNING id";
        Ok(self.connection.prepare_cached(sql)?.query_row(params![self.crawl, name, until], |row| row.get(0))?)
    }

    fn worker(&self, worker: i64) -> Result<Option<WorkerRow>, Failure> {
        let sql = format!("SELECT {WORKER} FROM joined_workers WHERE id = ?1 AND crawl = ?2");
        Ok(self.connection.prepare_cached(&sql)?.query_row([worker, self.crawl], worker_row).optional()?)
    }

    fn set_worker(&self, worker: &WorkerRow) -> Result<(), Failure> {
        let sql = "UPDATE joined_workers SET until = ?2, gone = ?3, granted_requests = ?4, granted_bytes = ?5, spent_requests = ?6, spent_bytes = ?7
                   WHERE id = ?1";
        let values = [&[worker.id][..], &worker.columns()].concat();
        self.connection.prepare_cached(sql)?.execute(params_from_iter(values))?;
        Ok(())
    }

    fn silent(&self, now: i64, latest: i64) -> Result<Vec<WorkerRow>, Failure> {
        let sql = format!("SELECT {WORKER} FROM joined_workers WHERE crawl = ?1 AND gone = 0 AND (until < ?2 OR until > ?3)");
        collect(self.connection, &sql, [self.crawl, now, latest], |row| Ok(worker_row(row)?))
    }

    fn alive(&self) -> Result<i64, Failure> {
        let sql = "SELECT count(*) FROM joined_workers WHERE crawl = ?1 AND gone = 0";
        Ok(self.connection.prepare_cached(sql)?.query_row([self.crawl], |row| row.get(0))?)
    }

    fn origins(&self, names: &[&str]) -> Result<Vec<OriginRow>, Failure> {
        let mut insert =
            self.connection.prepare_cached("INSERT INTO joined_origins (crawl, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        let mut find = self.connection.prepare_cached(&format!("SELECT {ORIGIN} FROM joined_origins WHERE crawl = ?1 AND name = ?2"))?;
        let mut rows = Vec::with_capacity(names.len());
        for name in names {
            let known = find.query_row(params![self.crawl, name], origin_row).optional()?;
            rows.push(match known {
                Some(row) => row,
                None => {
                    insert.execute(params![self.crawl, name])?;
                    find.query_row(params![self.crawl, name], origin_row)?
                }
            });
        }
        Ok(rows)
    }

    fn origin(&self, id: i64) -> Result<OriginRow, Failure> {
        let sql = format!("SELECT {ORIGIN} FROM joined_origins WHERE id = ?1");
        Ok(self.connection.prepare_cached(&sql)?.query_row([id], origin_row)?)
    }

    fn set_origin(&self, origin: &OriginRow) -> Result<(), Failure> {
        let sql =
            "UPDATE joined_origins SET waiting = ?2, in_flight = ?3, delay = ?4, turn = ?5, given_up = ?6, robots_until = ?7 WHERE id = ?1";
        let OriginRow { id, waiting, in_flight, delay, turn, is_given_up, robots_until } = origin;
        self.connection.prepare_cached(sql)?.execute(params![id, waiting, in_flight, delay, turn, is_given_up, robots_until])?;
        Ok(())
    }

    fn open_origins(&self, per_host: i64, now: i64, most: usize) -> Result<Vec<OriginRow>, Failure> {
        let sql = format!(
            "SELECT {ORIGIN} FROM joined_origins AS o WHERE crawl = ?1 AND waiting > 0 AND given_up = 0
             AND in_flight < CASE WHEN delay > 0 THEN 1 ELSE ?2 END
             AND NOT EXISTS (SELECT 1 FROM hosts AS h WHERE h.origin = o.name AND h.not_before > ?3 AND h.not_before <= ?4 AND h.overloads > 0)
             ORDER BY turn, id LIMIT ?5"
        );
        collect(self.connection, &sql, params![self.crawl, per_host, now, now.saturating_add(LONGEST), most as i64], |row| {
            Ok(origin_row(row)?)
        })
    }

    fn robots(&self, origin: i64) -> Result<Option<(u16, Vec<u8>)>, Failure> {
        let sql = "SELECT status, body FROM joined_robots WHERE origin = ?1";
        Ok(self.connection.prepare_cached(sql)?.query_row([origin], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    fn keep_robots(&self, origin: i64, status: u16, body: &[u8]) -> Result<(), Failure> {
        let sql = "INSERT INTO joined_robots (origin, status, body) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET status = excluded.status, body = excluded.body";
        self.connection.prepare_cached(sql)?.execute(params![origin, status, body])?;
        Ok(())
    }

    fn next(&self, origin: i64, most: usize) -> Result<Vec<(i64, Waiting)>, Failure> {
        let sql = "SELECT id, url, depth, role, met_on, via FROM joined_urls WHERE origin = ?1 AND state = 0 ORDER BY depth, id LIMIT ?2";
        collect(self.connection, sql, [origin, most as i64], |row| {
            let waiting = Waiting {
                url: row.get::<_, String>(1)?.into(),
                depth: row.get(2)?,
                role: row.get(3)?,
                from: row.get::<_, Option<String>>(4)?.map(Into::into),
                via: hops(row.get::<_, Option<String>>(5)?.as_deref()),
            };
            Ok((row.get(0)?, waiting))
        })
    }

    fn hand(&self, addresses: &[i64], worker: i64) -> Result<(), Failure> {
        let sql = "UPDATE joined_urls SET state = ?2, worker = ?3 WHERE id = ?1";
        self.each(sql, addresses, |statement, address| statement.execute([address, LEASED, worker]))
    }

    fn held(&self, worker: i64) -> Result<Vec<HeldRow>, Failure> {
        let sql = "SELECT id, url, origin, state FROM joined_urls WHERE worker = ?1 ORDER BY id";
        collect(self.connection, sql, [worker], |row| {
            Ok(HeldRow { id: row.get(0)?, url: row.get::<_, String>(1)?.into(), origin: row.get(2)?, state: row.get(3)? })
        })
    }

    fn become_(&self, addresses: &[i64], state: i64, target: Option<&str>) -> Result<(), Failure> {
        let sql = "UPDATE joined_urls SET state = ?2, target = ?3, worker = CASE WHEN ?2 = 2 THEN worker END WHERE id = ?1";
        self.each(sql, addresses, |statement, address| statement.execute(params![address, state, target]))
    }

    fn ask_again(&self, address: i64, role: u16) -> Result<(), Failure> {
        let sql = "UPDATE joined_urls SET state = 0, role = ?2, worker = NULL, target = NULL WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute(params![address, role])?;
        Ok(())
    }

    fn insert(&self, addresses: &[(i64, &Waiting)], state: i64) -> Result<Vec<bool>, Failure> {
        let sql = "INSERT INTO joined_urls (crawl, url, origin, depth, role, met_on, via, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                   ON CONFLICT DO NOTHING";
        let mut insert = self.connection.prepare_cached(sql)?;
        let mut new = Vec::with_capacity(addresses.len());
        for (origin, Waiting { url, depth, role, from, via }) in addresses {
            let inserted = insert.execute(params![self.crawl, url, origin, depth, role, from.as_deref(), written_hops(via), state])?;
            new.push(inserted > 0);
        }
        Ok(new)
    }

    fn find(&self, url: &str) -> Result<Option<AddressRow>, Failure> {
        let sql = "SELECT id, origin, state, target FROM joined_urls WHERE crawl = ?1 AND url = ?2";
        Ok(self.connection.prepare_cached(sql)?.query_row(params![self.crawl, url], address_row).optional()?)
    }

    fn yielded_to(&self, url: &str) -> Result<Vec<AddressRow>, Failure> {
        let sql = "SELECT id, origin, state, target FROM joined_urls WHERE crawl = ?1 AND target = ?2 AND state = 6 ORDER BY id";
        collect(self.connection, sql, params![self.crawl, url], |row| Ok(address_row(row)?))
    }

    fn first_with(&self, content: u64, url: &str) -> Result<Box<str>, Failure> {
        let known = "SELECT url FROM joined_contents WHERE crawl = ?1 AND content = ?2";
        let find = || {
            self.connection.prepare_cached(known)?.query_row([self.crawl, content.cast_signed()], |row| row.get::<_, String>(0)).optional()
        };
        if let Some(first) = find()? {
            return Ok(first.into());
        }
        let sql = "INSERT INTO joined_contents (crawl, content, url) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute(params![self.crawl, content.cast_signed(), url])?;
        Ok(url.into())
    }

    fn add_lesson(&self, lesson: &str) -> Result<(), Failure> {
        self.connection
            .prepare_cached("INSERT INTO joined_lessons (crawl, lesson) VALUES (?1, ?2)")?
            .execute(params![self.crawl, lesson])?;
        Ok(())
    }

    fn lessons(&self, after: i64) -> Result<Vec<(i64, String)>, Failure> {
        let sql = "SELECT id, lesson FROM joined_lessons WHERE crawl = ?1 AND id > ?2 ORDER BY id";
        collect(self.connection, sql, [self.crawl, after], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn add_note(&self, note: &Remark) -> Result<(), Failure> {
        let sql = "INSERT INTO joined_notes (crawl, kind, url, why) VALUES (?1, ?2, ?3, ?4)";
        let is_failure = note.kind == RemarkKind::Failed;
        self.connection.prepare_cached(sql)?.execute(params![self.crawl, is_failure, note.url, note.why])?;
        Ok(())
    }
}

const CRAWL: &str =
    "max_pages, max_requests, max_bytes, per_host, lease, ending, ended, waiting, held, done, pages, stored, skipped, failed,
    returned, late, granted_requests, granted_bytes, spent_requests, spent_bytes, turns";
/// Of these.
const CRAWL_WIDTH: usize = 21;
const WORKER: &str = "id, until, gone, granted_requests, granted_bytes, spent_requests, spent_bytes";
const ORIGIN: &str = "id, waiting, in_flight, delay, turn, given_up, robots_until";

fn crawl_row(row: &Row<'_>, first: usize) -> Result<CrawlRow, Failure> {
    let at = |column: usize| -> Result<i64, Failure> { Ok(row.get(first + column)?) };
    Ok(CrawlRow {
        limits: JoinedLimits {
            max_pages: at(0)?.unsigned_abs(),
            max_requests: at(1)?.unsigned_abs(),
            max_bytes: at(2)?.unsigned_abs(),
            per_host: at(3)?.unsigned_abs(),
            lease: Duration::from_millis(at(4)?.unsigned_abs()),
        },
        ending: end_of(at(5)?)?,
        ended: end_of(at(6)?)?,
        waiting: at(7)?,
        held: at(8)?,
        done: at(9)?,
        pages: at(10)?,
        stored: at(11)?,
        skipped: at(12)?,
        failed: at(13)?,
        returned: at(14)?,
        late: at(15)?,
        granted: Spent { requests: at(16)?.unsigned_abs(), bytes: at(17)?.unsigned_abs() },
        spent: Spent { requests: at(18)?.unsigned_abs(), bytes: at(19)?.unsigned_abs() },
        turns: at(20)?,
    })
}

fn worker_row(row: &Row<'_>) -> rusqlite::Result<WorkerRow> {
    let at = |column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(WorkerRow {
        id: row.get(0)?,
        until: row.get(1)?,
        is_gone: row.get(2)?,
        granted: Spent { requests: at(3)?, bytes: at(4)? },
        spent: Spent { requests: at(5)?, bytes: at(6)? },
    })
}

fn origin_row(row: &Row<'_>) -> rusqlite::Result<OriginRow> {
    Ok(OriginRow {
        id: row.get(0)?,
        waiting: row.get(1)?,
        in_flight: row.get(2)?,
        delay: row.get(3)?,
        turn: row.get(4)?,
        is_given_up: row.get(5)?,
        robots_until: row.get(6)?,
    })
}

fn address_row(row: &Row<'_>) -> rusqlite::Result<AddressRow> {
    let target = row.get::<_, Option<String>>(3)?.map(Into::into);
    Ok(AddressRow { id: row.get(0)?, origin: row.get(1)?, state: row.get(2)?, target })
}

fn now(clock: Clock) -> i64 {
    milliseconds(match clock {
        Clock::At(time) => time,
        // The machine's own: one file is used by the processes of one machine.
        Clock::Store { ahead } => SystemTime::now() + ahead,
    })
}

/// Crawls as they are told, with how many are at each.
fn crawls(connection: &Connection, condition: &str, values: impl rusqlite::Params) -> Result<Vec<Joined>, Failure> {
    let sql = format!(
        "SELECT {CRAWL}, id, sources, opened, (SELECT count(*) FROM joined_workers AS w WHERE w.crawl = c.id AND w.gone = 0)
         FROM joined_crawls AS c WHERE {condition} ORDER BY id"
    );
    collect(connection, &sql, values, |row| {
        let crawl = crawl_row(row, 0)?;
        Ok(Joined {
            id: JoinedId(row.get(CRAWL_WIDTH)?),
            sources: parse_joined_sources(&row.get::<_, String>(CRAWL_WIDTH + 1)?)?,
            limits: crawl.limits,
            opened: time(row.get(CRAWL_WIDTH + 2)?),
            totals: totals(&crawl, row.get(CRAWL_WIDTH + 3)?),
        })
    })
}

/// Whoever is at the crawl settles nothing any more. Whether it was open.
fn close(connection: &Connection, crawl: i64) -> Result<bool, Failure> {
    connection.prepare_cached("DELETE FROM joined_workers WHERE crawl = ?1")?.execute([crawl])?;
    let close = "UPDATE joined_crawls SET closed = ?2 WHERE id = ?1 AND closed < ?2";
    Ok(connection.prepare_cached(close)?.execute((crawl, CLOSED))? > 0)
}

fn made(connection: &Connection, plan: &JoinedPlan, now: i64) -> Result<i64, Failure> {
    let JoinedLimits { max_pages, max_requests, max_bytes, per_host, lease } = plan.limits;
    let name = plan.sources.first().map_or("", |(source, _)| source.as_str());
    let sql = "INSERT INTO joined_crawls (name, sources, opened, max_pages, max_requests, max_bytes, per_host, lease)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id";
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let limits = (number(max_pages), number(max_requests), number(max_bytes), number(per_host));
    let values = params![name, written_joined_sources(&plan.sources), now, limits.0, limits.1, limits.2, limits.3, lease];
    let id: i64 = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    // Those before it; the row with the highest number stays.
    let before = collect(connection, "SELECT id FROM joined_crawls WHERE name = ?1 AND id < ?2", params![name, id], |row| Ok(row.get(0)?))?;
    before.into_iter().try_for_each(|before| close(connection, before).map(drop))?;
    Ok(id)
}

impl JoinedCrawls for Sqlite {
    fn clock(&self) -> Result<SystemTime, Error> {
        Ok(SystemTime::now())
    }

    fn open_joined(&self, plan: &JoinedPlan, clock: Clock) -> Result<Joined, Error> {
        let name = plan.sources.first().map_or("", |(source, _)| source.as_str());
        let opened = self.write(|transaction| {
            let known = crawls(transaction, "name = ?1 AND ended = 0", [name])?;
            if let Some(known) = known.into_iter().next() {
                return Ok(known);
            }
            let now = now(clock);
            let crawl = made(transaction, plan, now)?;
            open(&Table { connection: transaction, crawl }, &plan.seeds)?;
            for (source, recipe) in &plan.sources {
                sources::forget_trail(transaction, source)?;
                sources::begin(transaction, source, recipe, time(now))?;
            }
            crawls(transaction, "id = ?1", [crawl])?.pop().ok_or(Failure::Malformed(NOT_THERE))
        });
        self.sweep();
        opened
    }

    fn joined_crawls(&self) -> Result<Vec<Joined>, Error> {
        self.read(|transaction| crawls(transaction, "closed = ?1", [OPEN]))
    }

    fn joined_totals(&self, crawl: JoinedId) -> Result<Option<JoinedTotals>, Error> {
        self.read(|transaction| Ok(crawls(transaction, "id = ?1", [crawl.0])?.pop().map(|joined| joined.totals)))
    }

    fn joined_notes(&self, crawl: JoinedId) -> Result<Vec<Remark>, Error> {
        self.read(|transaction| {
            collect(transaction, "SELECT kind, url, why FROM joined_notes WHERE crawl = ?1 ORDER BY id", [crawl.0], |row| {
                let kind = if row.get(0)? { RemarkKind::Failed } else { RemarkKind::Skipped };
                Ok(Remark { kind, url: row.get(1)?, why: row.get(2)? })
            })
        })
    }

    fn enter_joined(&self, crawl: JoinedId, name: &str, clock: Clock) -> Result<WorkerId, Error> {
        self.write(|transaction| enter(&Table { connection: transaction, crawl: crawl.0 }, name, now(clock)).map(WorkerId))
    }

    fn take_joined(&self, crawl: JoinedId, worker: WorkerId, wish: &Wish, clock: Clock) -> Result<Option<Given>, Error> {
        self.write(|transaction| take(&Table { connection: transaction, crawl: crawl.0 }, worker.0, wish, now(clock)))
    }

    fn renew_joined(&self, crawl: JoinedId, worker: WorkerId, clock: Clock) -> Result<bool, Error> {
        self.write(|transaction| renew(&Table { connection: transaction, crawl: crawl.0 }, worker.0, now(clock)))
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
        let mut put = vec![None; pages.len()];
        let verdicts = self.write(|transaction| {
            let store = |stored: &[usize]| {
                let given = stored.iter().filter_map(|index| Some((cut.get(*index)?, kept.get(*index)?)));
                let given = given.map(|(page, document)| (page.source.as_ref(), &**document, &*page.chunks));
                for (index, done) in stored.iter().zip(put_all(transaction, given, tokens)?) {
                    put[*index] = Some(done);
                }
                Ok(())
            };
            settle(&Table { connection: transaction, crawl: crawl.0 }, worker.0, settled, pages, now(clock), store)
        })?;
        let put = put.into_iter().map(|put| put.and_then(|put| self.told(vec![put]).pop()));
        Ok(verdicts.map(|verdicts| verdicts.into_iter().zip(put).collect()))
    }

    fn leave_joined(&self, crawl: JoinedId, worker: WorkerId, spent: Spent, clock: Clock) -> Result<(), Error> {
        self.write(|transaction| leave(&Table { connection: transaction, crawl: crawl.0 }, worker.0, spent, now(clock)))
    }

    fn robots(&self, crawl: JoinedId, origin: &str, clock: Clock) -> Result<RobotsKnown, Error> {
        self.write(|transaction| robots(&Table { connection: transaction, crawl: crawl.0 }, origin, now(clock)))
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
        self.write(|transaction| keep_robots(&Table { connection: transaction, crawl: crawl.0 }, origin, known, delay, now(clock)))
    }

    fn joined_trail(&self, crawl: JoinedId, after: &str, limit: usize) -> Result<(Trail, Option<Box<str>>), Error> {
        let sql = "SELECT url, depth, role, state FROM joined_urls WHERE crawl = ?1 AND url > ?2 ORDER BY url LIMIT ?3";
        let met = self.read(|transaction| {
            collect(transaction, sql, params![crawl.0, after, limit as i64], |row| {
                Ok((row.get::<_, String>(0)?.into(), row.get(1)?, row.get(2)?, row.get(3)?))
            })
        })?;
        Ok(as_trail(met))
    }

    fn joined_contents(&self, crawl: JoinedId, after: Option<u64>, limit: usize) -> Result<Vec<(Box<str>, u64)>, Error> {
        let sql = "SELECT url, content FROM joined_contents WHERE crawl = ?1 AND (?2 IS NULL OR content > ?2) ORDER BY content LIMIT ?3";
        self.read(|transaction| {
            collect(transaction, sql, params![crawl.0, after.map(u64::cast_signed), limit as i64], |row| {
                Ok((row.get::<_, String>(0)?.into(), row.get::<_, i64>(1)?.cast_unsigned()))
            })
        })
    }

    fn end_joined(&self, crawl: JoinedId, end: JoinedEnd) -> Result<(), Error> {
        self.write(|transaction| {
            let rows = Table { connection: transaction, crawl: crawl.0 };
            let Some(mut row) = rows.crawl()? else { return Ok(()) };
            judge(&mut row);
            row.ended.get_or_insert(end);
            rows.set_crawl(&row)
        })
    }

    fn close_joined(&self, crawl: JoinedId) -> Result<bool, Error> {
        let is_due = self.write(|transaction| {
            let sql = "SELECT 1 FROM joined_crawls WHERE id = ?1 AND closed = ?2 AND ended <> 0";
            Ok(transaction.prepare_cached(sql)?.exists((crawl.0, OPEN))? && close(transaction, crawl.0)?)
        })?;
        self.sweep();
        Ok(is_due)
    }
}

impl Sqlite {
    /// Removes what crawls have left that are closed. What cannot be removed now is by the next.
    fn sweep(&self) {
        if let Err(error) = self.sweep_all() {
            log::debug!("what a crawl has left stays for now: {error}");
        }
    }

    fn sweep_all(&self) -> Result<(), Error> {
        let closed = "SELECT id FROM joined_crawls WHERE closed = ?1";
        for crawl in self.read(|transaction| collect(transaction, closed, [CLOSED], |row| Ok(row.get::<_, i64>(0)?)))? {
            for sql in portions("?1") {
                while self.write(|transaction| Ok(transaction.prepare_cached(&sql)?.execute([crawl])? > 0))? {}
            }
            let sql = "UPDATE joined_crawls SET closed = ?2 WHERE id = ?1";
            self.write(|transaction| Ok(transaction.prepare_cached(sql)?.execute((crawl, SWEPT))?))?;
        }
        // The account of a crawl stays until there is another of its name.
        let old = "SELECT id FROM joined_crawls AS c WHERE closed = ?1 AND EXISTS (SELECT 1 FROM joined_crawls AS n WHERE n.name = c.name AND n.id > c.id)";
        for crawl in self.read(|transaction| collect(transaction, old, [SWEPT], |row| Ok(row.get::<_, i64>(0)?)))? {
            self.write(|transaction| {
                transaction.prepare_cached("DELETE FROM joined_notes WHERE crawl = ?1")?.execute([crawl])?;
                Ok(transaction.prepare_cached("DELETE FROM joined_crawls WHERE id = ?1")?.execute([crawl])?)
            })?;
        }
        Ok(())
    }
}

impl Leases for Sqlite {
    fn lease_pending(&self, model: &str, limit: usize, lease: Duration, clock: Clock) -> Result<Vec<Pending>, Error> {
        let known = lock(&self.embedded).get(model).cloned().unwrap_or_default();
        let (taken, known) = self.write(|transaction| {
            let (now, mut known) = (now(clock), known);
            let until = now.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
            // One that would last longer than one begun now is of a clock that was set back.
            transaction.prepare_cached("DELETE FROM embedding_leases WHERE until < ?1 OR until > ?2")?.execute([now, until])?;
            let leased = "SELECT passage FROM embedding_leases WHERE model = ?1";
            let leased = collect(transaction, leased, [model], |row| Ok(row.get(0)?))?.into_iter().collect();
            let pending = passages::pending(transaction, model, &mut known, &leased, limit)?;
            let mut take = transaction.prepare_cached("INSERT INTO embedding_leases (model, passage, until) VALUES (?1, ?2, ?3)")?;
            for (passage, _) in &pending {
                take.execute(params![model, passage, until])?;
            }
            Ok((pending.into_iter().map(|(_, pending)| pending).collect(), known))
        })?;
        lock(&self.embedded).insert(model.to_owned(), known);
        Ok(taken)
    }
}

const NOT_THERE: &str = "a crawl just written is not there";
