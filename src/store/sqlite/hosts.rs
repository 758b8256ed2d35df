//! When an origin that wants to be asked slowly may be asked next, by whichever process: each function within a transaction of its caller.
//! Nothing is held: a process that ends leaves a time that passes.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, params};

use super::pages::collect;
use crate::store::error::Failure;
use crate::store::hosts::{Host, KEPT, LONGEST, MOST, Turn};
use crate::store::written::{milliseconds, time};

/// Takes the turn of an origin that wants `delay` between two requests, or tells how long to wait; without one, by the delay that it
/// wanted last.
pub(super) fn take_turn(
    connection: &Connection,
    origin: &str,
    delay: Option<Duration>,
    now: SystemTime,
) -> Result<Option<Duration>, Failure> {
    let now = milliseconds(now);
    match Host::turn(find(connection, origin)?, delay, now) {
        Turn::Wait(wait) => Ok(Some(wait)),
        Turn::Free => Ok(None),
        Turn::Taken(host) => write(connection, origin, host, now).map(|()| None),
    }
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
    let host = Host::overloaded(find(connection, origin)?, asked, now);
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

fn find(connection: &Connection, origin: &str) -> Result<Option<Host>, Failure> {
    let sql = "SELECT not_before, delay, overloads FROM hosts WHERE origin = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok(Host::stored(row.get(0)?, row.get(1)?, row.get(2)?));
    Ok(connection.prepare_cached(sql)?.query_row([origin], read).optional()?)
}

fn write(connection: &Connection, origin: &str, host: Host, now: i64) -> Result<(), Failure> {
    let sql = "INSERT INTO hosts (origin, not_before, delay, overloads) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET not_before = excluded.not_before, delay = excluded.delay, overloads = excluded.overloads";
    connection.prepare_cached(sql)?.execute(params![origin, host.not_before, host.delay, host.overloads])?;
    connection.prepare_cached("DELETE FROM hosts WHERE not_before < ?1")?.execute([now.saturating_sub(KEPT)])?;
    Ok(())
}

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
