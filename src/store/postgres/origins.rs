//! When an origin may be asked next, by whichever machine. Nothing is held: who ends leaves a time that passes.

use std::time::{Duration, SystemTime};

use super::Postgres;
use super::transaction::Transaction;
use crate::store::Error;
use crate::store::error::Failure;
use crate::store::hosts::{Host, KEPT, LONGEST, MOST, Turn};
use crate::store::keep::Origins;
use crate::store::written::{milliseconds, time};

impl Origins for Postgres {
    fn take_turn(&self, origin: &str, delay: Option<Duration>, now: SystemTime) -> Result<Option<Duration>, Error> {
        // Of most origins there is nothing to write.
        if delay.is_none() && self.read(|transaction| find(transaction, origin))?.is_none() {
            return Ok(None);
        }
        self.write(|transaction| match Host::turn(find(transaction, origin)?, delay, milliseconds(now)) {
            Turn::Wait(wait) => Ok(Some(wait)),
            Turn::Free => Ok(None),
            Turn::Taken(host) => write(transaction, origin, host, milliseconds(now)).map(|()| None),
        })
    }

    fn note_overload(&self, origin: &str, asked: Option<Duration>, now: SystemTime) -> Result<SystemTime, Error> {
        self.write(|transaction| {
            let host = Host::overloaded(find(transaction, origin)?, asked, milliseconds(now));
            write(transaction, origin, host, milliseconds(now))?;
            Ok(time(host.not_before))
        })
    }

    fn note_answer(&self, origin: &str, now: SystemTime) -> Result<(), Error> {
        // Hardly ever is there anything to write, and this is asked for every answer.
        let rests = "SELECT 1 FROM hosts WHERE origin = $1 AND not_before <= $2 AND overloads > 0";
        let values = [origin.into(), milliseconds(now).into()];
        if self.read(|transaction| transaction.row(rests, &values))?.is_none() {
            return Ok(());
        }
        let sql = "UPDATE hosts SET overloads = 0 WHERE origin = $1 AND not_before <= $2";
        self.write(|transaction| transaction.execute(sql, &values).map(drop))
    }

    fn resting(&self, now: SystemTime) -> Result<Vec<(Box<str>, SystemTime)>, Error> {
        let now = milliseconds(now);
        let sql = "SELECT origin, not_before FROM hosts WHERE not_before > $1 AND not_before <= $2 AND overloads > 0 LIMIT $3";
        self.read(|transaction| {
            transaction.collect(sql, &[now.into(), now.saturating_add(LONGEST).into(), MOST.into()], |row| {
                Ok((row.text(0)?.into(), time(row.number(1)?)))
            })
        })
    }
}

fn find(transaction: &Transaction<'_>, origin: &str) -> Result<Option<Host>, Failure> {
    let row = transaction.row("SELECT not_before, delay, overloads FROM hosts WHERE origin = $1", &[origin.into()])?;
    row.map(|row| Ok(Host::stored(row.number(0)?, row.number(1)?, row.number(2)?))).transpose()
}

fn write(transaction: &Transaction<'_>, origin: &str, host: Host, now: i64) -> Result<(), Failure> {
    let sql = "INSERT INTO hosts (origin, not_before, delay, overloads) VALUES ($1, $2, $3, $4)
               ON CONFLICT (origin) DO UPDATE SET not_before = excluded.not_before, delay = excluded.delay, overloads = excluded.overloads";
    transaction.execute(sql, &[origin.into(), host.not_before.into(), host.delay.into(), host.overloads.into()])?;
    transaction.execute("DELETE FROM hosts WHERE not_before < $1", &[now.saturating_sub(KEPT).into()])?;
    Ok(())
}
