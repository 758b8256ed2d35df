//! Keeps pages, chunks and vectors in PostgreSQL with pgvector, for many machines. Synchronous.
//!
//! Who writes holds one lock for as long as the transaction takes: so the numbers of rows tell what is new, and segments of words are merged
//! by one at a time. Who reads holds none and sees one moment. Connections are taken from those that are idle, and made anew where the server
//! has ended them; what was not acknowledged is done again.

mod address;
mod check;
mod connection;
mod copying;
mod date;
mod graph;
mod joined;
mod meaning;
mod nearest;
mod origins;
mod packages;
mod pages;
mod schema;
mod sharing;
mod sources;
mod transaction;
mod trouble;
mod view;
mod wire;
mod words;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{fmt, thread};

use self::address::Address;
use self::connection::{Connection, Purpose};
use self::schema::{Limits, Missing, Takes};
use self::transaction::Transaction;
pub use self::trouble::Trouble;
use super::error::{Error, Failure};
use super::narrow::Narrowed;
use super::ranges::Ranges;
use super::server::UNREADABLE;
use super::until::nobody_waits;
use super::{Config, lock};

/// The engine behind `postgres://…`.
pub(super) struct Postgres {
    address: Address,
    config: Config,
    takes: Takes,
    /// Connections that nobody uses. Held to take one or to put it back.
    idle: Mutex<Vec<Connection>>,
    /// By model, for text and code: chunks that are known to have a vector. Numbers only grow, and a vector leaves only with the last chunk.
    embedded: Mutex<HashMap<String, [Ranges; 2]>>,
    /// What the last searches were narrowed to, the last one first. Held to look and to change.
    narrowed: Mutex<Vec<Narrowed>>,
    means: nearest::Means,
    /// Blocks of words that were read. Held to look and to change.
    blocks: Mutex<words::Known>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("address", &self.address).field("takes", &self.takes).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Opens the database to read and write, making the tables where they are missing.
    pub(super) fn open(text: &str, config: Config) -> Result<Self, Error> {
        let store = Self::prepared(text, config, Missing::Make)?;
        match store.takes.refusal() {
            None => Ok(store),
            Some(refusal) => Err(store.at(refusal.into())),
        }
    }

    /// Opens it for questions: a server that takes no writes is asked as well. The database is there, unlike a file that nobody has made, and
    /// so its tables are made where that can be.
    pub(super) fn open_existing(text: &str, config: Config) -> Result<Self, Error> {
        Self::prepared(text, config, Missing::MakeIfItCan)
    }

    /// Opens it to read alone: nothing is made.
    pub(super) fn open_to_read(text: &str, config: Config) -> Result<Self, Error> {
        Ok(Self { takes: Takes::QuestionsOnly, ..Self::prepared(text, config, Missing::Refuse)? })
    }

    fn prepared(text: &str, config: Config, missing: Missing) -> Result<Self, Error> {
        let address = Address::parse(text, &config.server).map_err(|trouble| Error::Server { server: UNREADABLE.to_owned(), trouble })?;
        let mut store = Self {
            address,
            config,
            takes: Takes::QuestionsOnly,
            idle: Mutex::default(),
            embedded: Mutex::default(),
            narrowed: Mutex::default(),
            means: nearest::Means::default(),
            blocks: Mutex::default(),
        };
        let opened = store.connect().and_then(|mut connection| {
            let takes = schema::prepare(&mut connection, &store.address, missing)?;
            Ok((connection, takes))
        });
        let (connection, takes) = opened.map_err(|failure| store.at(failure))?;
        store.takes = takes;
        lock(&store.idle).push(connection);
        Ok(store)
    }

    fn connect(&self) -> Result<Connection, Failure> {
        let limits = Limits::of(&self.config);
        let mut connection = Connection::open(&self.address, limits.statement)?;
        schema::settle(&mut connection, &self.address, limits)?;
        Ok(connection)
    }

    /// One transaction that reads: everything that `work` sees is of one moment.
    fn read<T>(&self, work: impl Fn(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, Error> {
        self.tried(|connection| {
            connection.begin(Purpose::Read);
            let answer = work(&Transaction::of(connection));
            match answer {
                Ok(answer) => {
                    // It has written nothing, so that nothing depends on how it ends.
                    connection.end().ok();
                    Ok(answer)
                }
                Err(failure) => {
                    connection.roll_back();
                    Err(Tried::Undone(failure))
                }
            }
        })
    }

    /// One transaction that writes: all of it happens, or nothing.
    fn write<T>(&self, work: impl Fn(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, Error> {
        self.write_within(work, |connection| connection.rows(LOCK, &[(&*self.address.schema).into()]).map(drop))
    }

    /// The same of rows that have locks of their own: beside those who write the rest.
    fn write_beside<T>(&self, work: impl Fn(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, Error> {
        self.write_within(work, |_| Ok(()))
    }

    fn write_within<T>(
        &self,
        work: impl Fn(&Transaction<'_>) -> Result<T, Failure>,
        lock: impl Fn(&mut Connection) -> Result<(), Failure>,
    ) -> Result<T, Error> {
        if let Some(refusal) = self.takes.refusal() {
            return Err(self.at(refusal.into()));
        }
        self.tried(|connection| {
            connection.begin(Purpose::Write);
            let written = lock(connection).and_then(|()| work(&Transaction::of(connection)));
            match written {
                // Once it is asked for the end of it, nobody knows whether it has come.
                Ok(answer) => connection.commit().map(|()| answer).map_err(Tried::Asked),
                Err(failure) => {
                    connection.roll_back();
                    Err(Tried::Undone(failure))
                }
            }
        })
    }

    /// Works with a connection, and again with another where one was lost and nothing has come of it: at once if it had been idle, for the
    /// server may have ended it long ago; then after longer and longer pauses.
    fn tried<T>(&self, attempt: impl Fn(&mut Connection) -> Result<T, Tried>) -> Result<T, Error> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let idle = lock(&self.idle).pop();
            let was_idle = idle.is_some();
            let done = match idle.map_or_else(|| self.connect(), Ok) {
                Ok(mut connection) => {
                    let done = attempt(&mut connection);
                    if connection.is_reusable() {
                        let mut idle = lock(&self.idle);
                        if idle.len() < MOST_IDLE {
                            idle.push(connection);
                        }
                    }
                    done
                }
                Err(failure) => Err(Tried::Undone(failure)),
            };
            let failure = match done {
                Ok(answer) => return Ok(answer),
                Err(Tried::Asked(failure)) => return Err(self.at(failure)),
                Err(Tried::Undone(failure)) => failure,
            };
            match &failure {
                Failure::Server(trouble) if trouble.is_lost() && was_idle => {
                    // They say goodbye when nobody waits for the lock.
                    let others = std::mem::take(&mut *lock(&self.idle));
                    drop(others);
                }
                Failure::Server(trouble)
                    if trouble.may_pass() && started.elapsed() + pause < self.config.busy_timeout && !nobody_waits() =>
                {
                    log::debug!("{}: {trouble}; trying again", self.address);
                    thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                _ => return Err(self.at(failure)),
            }
        }
    }

    fn at(&self, failure: Failure) -> Error {
        match failure {
            Failure::Server(trouble) => Error::Server { server: self.address.to_string(), trouble },
            // What could be done about a file is nothing that could be done here.
            Failure::Malformed(what) => self.at(Trouble::Damaged { why: what.to_owned() }.into()),
            other => other.at(&PathBuf::from(self.address.to_string())),
        }
    }
}

/// What an attempt has come to that has failed.
enum Tried {
    /// Nothing.
    Undone(Failure),
    /// Perhaps all of it.
    Asked(Failure),
}

/// For the whole schema, by its name; the number is the "SMCR" of our files.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1397572434, hashtext($1))";
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Connections that are kept for the next who asks.
const MOST_IDLE: usize = 16;
