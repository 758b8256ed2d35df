//! When an origin that wants to be asked slowly may be asked next, by whichever process: each function within a transaction of its caller.
//! Nothing is held: a process that ends leaves a time that passes.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, params};

use super::pages::{collect, milliseconds, time};
use crate::store::error::Failure;

/// Takes the turn of an origin that wants `delay` between two requests, or tells how long to wait; without one, by the delay that it
/// wanted last.
pub(super) fn take_turn(
    connection: &Connection,
    origin: &str,
    delay: Option<Duration>,
    now: SystemTime,
) -> Result<Option<Duration>, Failure> {
    let (now, known) = (milliseconds(now), find(connection, origin)?);
    let delay = delay.map(in_milliseconds).or(known.map(|host| host.delay)).unwrap_or(0);
    if let Some(host) = known.filter(|host| host.is_ahead(now, delay)) {
        return Ok(Some(Duration::from_millis((host.not_before - now).unsigned_abs())));
    }
    if delay > 0 {
        let overloads = known.map_or(0, |host| host.overloads_at(now));
        write(connection, origin, Host { not_before: now + delay, delay, overloads }, now)?;
    }
    Ok(None)
}

/// Whether nothing is known that an origin wants.
pub(super) fn is_unknown(connection: &Connection, origin: &str) -> Result<bool, Failure> {
    Ok(find(connection, origin)?.is_none())
}

/// The origin was asked too much; until when it is to be left alone: as long as it asks, else twice as long as the time before.
pub(super) fn note_overload(
    connection: &Connection,
    origin: &str,
    asked: Option<Duration>,
    now: SystemTime,
) -> Result<SystemTime, Failure> {
    let now = milliseconds(now);
    let known = find(connection, origin)?.unwrap_or(Host { not_before: now, delay: 0, overloads: 0 });
    // Of many at once the first counts: the others were under way.
    let is_under_way = known.overloads > 0 && known.is_ahead(now, 0);
    let overloads = if is_under_way { known.overloads } else { known.overloads_at(now) + 1 };
    let pause = asked.map_or(1_000 << (overloads - 1).min(10), in_milliseconds).min(LONGEST);
    let before = if known.is_ahead(now, known.delay) { known.not_before } else { now };
    let host = Host { not_before: before.max(now + pause), overloads, ..known };
    write(connection, origin, host, now)?;
    Ok(time(host.not_before))
}

/// The origin has answered; while it rests that is to what was under way.
pub(super) fn note_answer(connection: &Connection, origin: &str, now: SystemTime) -> Result<(), Failure> {
    let sql = "UPDATE hosts SET overloads = 0 WHERE origin = ?1 AND not_before <= ?2";
    connection.prepare_cached(sql)?.execute(params![origin, milliseconds(now)])?;
    Ok(())
}

/// Origins that are to be left alone, and until when.
pub(super) fn resting(connection: &Connection, now: SystemTime) -> Result<Vec<(Box<str>, SystemTime)>, Failure> {
    let now = milliseconds(now);
    let sql = "SELECT origin, not_before FROM hosts WHERE not_before > ?1 AND not_before <= ?2 AND overloads > 0 LIMIT ?3";
    collect(connection, sql, params![now, now + LONGEST, MOST], |row| Ok((row.get::<_, String>(0)?.into(), time(row.get(1)?))))
}

#[derive(Clone, Copy, Debug)]
struct Host {
    /// Milliseconds since 1970, as is `now` everywhere here.
    not_before: i64,
    delay: i64,
    /// In a row.
    overloads: i64,
}

impl Host {
    /// What lies further ahead than anything can is of a clock that has been set back.
    fn is_ahead(&self, now: i64, delay: i64) -> bool {
        (now + 1..=now + delay.max(LONGEST)).contains(&self.not_before)
    }

    /// When it has been left alone for long enough, the next one is the first again.
    fn overloads_at(&self, now: i64) -> i64 {
        if now < self.not_before.saturating_add(LONGEST) { self.overloads.clamp(0, 20) } else { 0 }
    }
}

fn find(connection: &Connection, origin: &str) -> Result<Option<Host>, Failure> {
    let sql = "SELECT not_before, delay, overloads FROM hosts WHERE origin = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok(Host { not_before: row.get(0)?, delay: row.get(1)?, overloads: row.get(2)? });
    let host = connection.prepare_cached(sql)?.query_row([origin], read).optional()?;
    Ok(host.map(|host| Host { delay: host.delay.clamp(0, MOST_DELAY), ..host }))
}

fn write(connection: &Connection, origin: &str, host: Host, now: i64) -> Result<(), Failure> {
    let sql = "INSERT INTO hosts (origin, not_before, delay, overloads) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET not_before = excluded.not_before, delay = excluded.delay, overloads = excluded.overloads";
    connection.prepare_cached(sql)?.execute(params![origin, host.not_before, host.delay, host.overloads])?;
    connection.prepare_cached("DELETE FROM hosts WHERE not_before < ?1")?.execute([now.saturating_sub(KEPT)])?;
    Ok(())
}

fn in_milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).min(MOST_DELAY)
}

/// The longest pause that a row of refusals or a server's word causes, as in a crawl.
const LONGEST: i64 = 60_000;
/// A day: what a robots.txt may ask for is less.
const MOST_DELAY: i64 = 86_400_000;
/// How long an origin is known that nobody asks.
const KEPT: i64 = 3_600_000;
/// Origins that rest at one time and are known to all.
const MOST: i64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema;

    const A: &str = "http://a.test";

    fn connection() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::prepare(&mut connection).unwrap();
        connection
    }

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + seconds(1_000_000 + second)
    }

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn one_turn_a_delay_whoever_takes_it() {
        let connection = connection();
        let take = |delay: Option<u64>, now| take_turn(&connection, A, delay.map(seconds), at(now)).unwrap();
        assert_eq!(take(None, 0), None, "nobody knows of a delay");
        assert_eq!(take(Some(10), 0), None);
        assert_eq!(take(Some(10), 3), Some(seconds(7)));
        assert_eq!(take(Some(10), 3), Some(seconds(7)), "asking takes no place in a queue");
        assert_eq!(take(None, 4), Some(seconds(6)), "who does not know its robots.txt yet keeps it, too");
        assert_eq!(take_turn(&connection, "http://b.test", Some(seconds(10)), at(4)).unwrap(), None);
        assert_eq!(take(Some(10), 10), None);
        // A clock that was set back by an hour makes nobody wait for an hour.
        assert_eq!(take_turn(&connection, A, Some(seconds(10)), at(10) - seconds(3_600)).unwrap(), None);
    }

    #[test]
    fn an_overloaded_origin_is_left_alone_by_all() {
        let connection = connection();
        let overload = |asked: Option<u64>, now| note_overload(&connection, A, asked.map(seconds), at(now)).unwrap();
        let rests = |now| resting(&connection, at(now)).unwrap().into_iter().map(|(_, until)| until).collect::<Vec<_>>();
        assert_eq!(overload(Some(20), 0), at(20));
        assert_eq!(overload(Some(5), 1), at(20), "a shorter word does not shorten it");
        assert_eq!((rests(19), rests(20)), (vec![at(20)], vec![]));
        assert_eq!(take_turn(&connection, A, Some(seconds(1)), at(5)).unwrap(), Some(seconds(15)), "nor is a turn taken meanwhile");
        // Without a word the pauses double, one for each round.
        assert_eq!(overload(None, 21), at(23));
        assert_eq!(overload(None, 22), at(24));
        assert_eq!(overload(None, 25), at(29));
        note_answer(&connection, A, at(28)).unwrap();
        assert_eq!(rests(28), vec![at(29)], "what was under way has been answered");
        assert_eq!(overload(Some(86_400), 30), at(90));
        assert_eq!(overload(None, 200), at(201), "after a while it begins anew");
        assert_eq!(overload(None, 202), at(204));
        note_answer(&connection, A, at(205)).unwrap();
        assert_eq!(overload(None, 206), at(207), "and after an answer");
    }

    #[test]
    fn what_nobody_asks_is_forgotten() {
        let connection = connection();
        for host in 0..50 {
            take_turn(&connection, &format!("http://h{host}.test"), Some(seconds(10)), at(host)).unwrap();
        }
        take_turn(&connection, A, Some(seconds(10)), at(10_000)).unwrap();
        assert_eq!(connection.query_row("SELECT count(*) FROM hosts", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }
}
