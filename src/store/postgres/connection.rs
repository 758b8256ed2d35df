//! One connection: statements, transactions, and when it is given up. A statement takes one turn to the server and back.

mod login;
mod named;

use std::collections::HashMap;
use std::time::Duration;

use self::login::{connect, nobody_asks};
use self::named::with_schema;
use super::address::Address;
use super::trouble::Trouble;
use super::wire::{Failed, HEAD, Incoming, LONGEST, Outgoing, Patience, Row, State, Stream, Told, Value, head, read};
use crate::store::error::Failure;

/// A connection that is let in.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    /// What has come and was not read, from `at` on.
    incoming: Vec<u8>,
    at: usize,
    /// What is sent with the next statement.
    outgoing: Outgoing,
    /// Answers to what was sent with nobody waiting: they come before the next.
    owed: u32,
    state: State,
    /// The names of prepared statements.
    prepared: HashMap<String, String>,
    /// Of statements that were ever prepared: no name is given twice.
    made: u64,
    /// Where pgvector is.
    vectors: String,
    /// How long a statement may take, and one of this transaction.
    limit: Duration,
    limit_now: Duration,
    /// Bytes of one answer.
    most: usize,
    is_let_in: bool,
    /// Nothing can be done with it any more.
    is_over: bool,
    address: Address,
    /// By which a statement of it is ended from outside.
    key: Option<(i32, Vec<u8>)>,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All that it sees is of one moment.
    Read,
    /// It sees what others have written meanwhile: who writes holds the lock that keeps them from it.
    Write,
}

impl Connection {
    pub(super) fn open(address: &Address, limit: Duration) -> Result<Self, Failure> {
        let patience = Patience::of_asker(limit.clamp(LEAST_LOG_IN, LOG_IN));
        Self::let_in(connect(address, patience)?, address, limit, patience)
    }

    /// Until the first statement can be sent.
    fn let_in(stream: Stream, address: &Address, limit: Duration, patience: Patience) -> Result<Self, Failure> {
        let mut connection = Self {
            stream,
            incoming: Vec::new(),
            at: 0,
            outgoing: Outgoing::default(),
            owed: 0,
            state: State::Idle,
            prepared: HashMap::new(),
            made: 0,
            vectors: String::new(),
            limit,
            limit_now: limit,
            most: MOST_OF_ANSWER,
            is_let_in: false,
            is_over: false,
            address: address.clone(),
            key: None,
        };
        connection.outgoing.startup(&[
            ("user", &address.user),
            ("database", &address.database),
            ("client_encoding", "UTF8"),
            ("application_name", "smolcrawl"),
        ]);
        connection.flush(patience)?;
        connection.log_in(patience)?;
        Ok(connection)
    }

    /// Where the names of pgvector are.
    pub(super) fn set_vectors(&mut self, schema: String) {
        self.vectors = schema;
    }

    /// Whether it can be used again, within no transaction.
    pub(super) fn is_reusable(&self) -> bool {
        !self.is_over && self.state == State::Idle
    }

    /// Begins a transaction, with the statement that comes next.
    pub(super) fn begin(&mut self, purpose: Purpose) {
        self.limit_now = self.limit;
        self.ahead(match purpose {
            Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Purpose::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        });
    }

    /// Sends statements with the one that comes next, whose error is theirs.
    pub(super) fn ahead(&mut self, sql: &str) {
        self.outgoing.batch(sql);
        self.owed += 1;
    }

    /// Until the end of the transaction a statement may take as long as what looks at everything does.
    pub(super) fn take_time(&mut self) {
        self.limit_now = self.limit.max(LONG);
        self.ahead(&format!("SET LOCAL statement_timeout TO {}", self.limit_now.as_millis()));
    }

    /// Ends a transaction that has written nothing, without waiting for that.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        self.ahead("COMMIT");
        self.state = State::Idle;
        self.flush(self.patience())
    }

    /// What has been written is there for all, and stays, when this has returned.
    pub(super) fn commit(&mut self) -> Result<(), Failure> {
        if self.state == State::Failed {
            return Err(Failure::Malformed("a transaction has failed unnoticed"));
        }
        self.outgoing.batch("COMMIT");
        // Of a transaction that has failed the server makes a ROLLBACK.
        if self.answer()?.is_undone { Err(Failure::Malformed("a transaction was undone unnoticed")) } else { Ok(()) }
    }

    /// Nothing has been written. If that cannot be said, the end of the connection says it.
    pub(super) fn roll_back(&mut self) {
        if self.is_over || self.batch("ROLLBACK").is_err() {
            self.is_over = true;
        }
    }

    /// Statements without parameters, and without an answer that matters.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        self.outgoing.batch(&with_schema(sql, &self.vectors));
        self.answer().map(drop)
    }

    /// Statements without parameters that are sent with the next one. Where they fail, that one does, too: in a transaction.
    pub(super) fn before_the_next(&mut self, sql: &str) {
        self.outgoing.batch(sql);
        self.owed += 1;
    }

    /// The rows of an answer.
    pub(super) fn rows(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        self.ask(sql, parameters).map(|answer| answer.rows)
    }

    /// The first row of an answer.
    pub(super) fn row(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<Option<Row>, Failure> {
        Ok(self.rows(sql, parameters)?.into_iter().next())
    }

    /// How many rows a statement has changed.
    pub(super) fn execute(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<u64, Failure> {
        self.ask(sql, parameters).map(|answer| answer.count)
    }

    fn ask(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<Answer, Failure> {
        let name = match self.prepared.get(sql) {
            Some(name) => name.clone(),
            None => {
                // Few statements are made for one question only, and what is prepared costs the server memory.
                if self.prepared.len() >= MOST_PREPARED {
                    for (_, name) in self.prepared.drain() {
                        self.outgoing.close(&name);
                    }
                }
                self.made += 1;
                let name = format!("s{}", self.made);
                self.outgoing.parse(&name, &with_schema(sql, &self.vectors), parameters.iter().map(Value::kind));
                self.prepared.insert(sql.to_owned(), name.clone());
                name
            }
        };
        let before = self.outgoing.len();
        self.outgoing.bind(&name, parameters, Value::write);
        let bytes = self.outgoing.len() - before;
        if bytes > LONGEST {
            self.outgoing.cut(before);
            return Err(Trouble::TooLarge { why: format!("{bytes} bytes are to be stored at once, and {LONGEST} are the most") }.into());
        }
        self.outgoing.execute();
        self.outgoing.sync();
        self.answer().inspect_err(|_| {
            // It may not have been prepared.
            self.prepared.remove(sql);
            self.outgoing.close(&name);
        })
    }

    /// Sends what is there to be sent, and reads what comes until the server is ready for the next.
    fn answer(&mut self) -> Result<Answer, Failure> {
        self.flush(self.patience())?;
        let patience = self.patience();
        let (mut answer, mut bytes) = (Answer::default(), 0_usize);
        let mut failed: Option<Told> = None;
        loop {
            match self.next(patience)? {
                Incoming::Row(row) if self.owed == 0 => {
                    bytes = bytes.saturating_add(row.size());
                    if bytes > self.most {
                        self.leave();
                        return Err(Trouble::TooLarge { why: format!("an answer has more than {} bytes", self.most) }.into());
                    }
                    answer.rows.push(row);
                }
                Incoming::Complete(of) => answer.count = of,
                Incoming::Undone => answer.is_undone = self.owed == 0,
                // What follows from it is told as well; the first is the cause.
                Incoming::Error(told) => {
                    self.is_over |= told.is_fatal;
                    if self.is_over {
                        return Err(Trouble::at_the_end(*told).into());
                    }
                    failed.get_or_insert(*told);
                }
                Incoming::Notice(told) => log::debug!("PostgreSQL: {}", told.message),
                Incoming::Ready(state) => {
                    self.state = state;
                    if self.owed == 0 {
                        return failed.map_or(Ok(answer), |told| Err(Trouble::of(told).into()));
                    }
                    self.owed -= 1;
                }
                Incoming::Authentication(_) => {
                    self.is_over = true;
                    return Err(unreachable(OTHER_PROTOCOL));
                }
                _ => {}
            }
        }
    }

    /// How long the answer to a statement is waited for.
    fn patience(&self) -> Patience {
        Patience::of_asker(with_grace(self.limit_now))
    }

    fn flush(&mut self, patience: Patience) -> Result<(), Failure> {
        let bytes = self.outgoing.take();
        let patience = patience.and(Duration::from_secs((bytes.len() / SLOWEST) as u64));
        let sent = if self.is_over { Err(Failed::Io(std::io::ErrorKind::NotConnected.into())) } else { self.stream.send(&bytes, patience) };
        sent.map_err(|failed| self.over(failed))
    }

    fn next(&mut self, patience: Patience) -> Result<Incoming, Failure> {
        let mut head_bytes = [0; HEAD];
        self.exactly(&mut head_bytes, patience)?;
        let most = if self.is_let_in { LONGEST } else { LONGEST_GREETING };
        let (kind, length) = head(head_bytes, most).map_err(|_| self.other_protocol())?;
        // It grows as the bytes come: what is merely said to come takes no memory.
        let mut body = Vec::new();
        while body.len() < length {
            let from = body.len();
            body.resize(length.min(from + PORTION), 0);
            self.exactly(&mut body[from..], patience)?;
        }
        read(kind, body).map_err(|_| self.other_protocol())
    }

    fn other_protocol(&mut self) -> Failure {
        self.is_over = true;
        unreachable(OTHER_PROTOCOL)
    }

    fn exactly(&mut self, mut into: &mut [u8], patience: Patience) -> Result<(), Failure> {
        while !into.is_empty() {
            if self.at == self.incoming.len() {
                self.incoming.resize(BUFFER, 0);
                self.at = 0;
                let count = match self.stream.receive(&mut self.incoming, patience) {
                    Ok(count) => count,
                    Err(failed) => {
                        self.incoming.clear();
                        return Err(self.over(failed));
                    }
                };
                self.incoming.truncate(count);
            }
            let count = into.len().min(self.incoming.len() - self.at);
            let (now, later) = into.split_at_mut(count);
            now.copy_from_slice(&self.incoming[self.at..self.at + count]);
            self.at += count;
            into = later;
        }
        Ok(())
    }

    /// Nothing more comes. What the server still does for it, it is told to leave.
    fn over(&mut self, failed: Failed) -> Failure {
        match failed {
            Failed::Io(error) => {
                self.is_over = true;
                Trouble::Lost { why: error.to_string() }.into()
            }
            Failed::Unwanted => {
                self.leave();
                nobody_asks(&self.address)
            }
            Failed::Late if !self.is_let_in => {
                self.is_over = true;
                unreachable("it takes too long to let anybody in")
            }
            Failed::Late => {
                self.leave();
                Trouble::TooSlow.into()
            }
        }
    }

    /// Goes away from what the server is doing, and has it leave that.
    fn leave(&mut self) {
        self.is_over = true;
        let Some((process, key)) = &self.key else { return };
        // Nobody waits for this one, and it is done all the same.
        let patience = Patience::of_ours(LEAVING);
        let told = connect(&self.address, patience).and_then(|mut stream| {
            let mut outgoing = Outgoing::default();
            outgoing.cancel(*process, key);
            stream.send(&outgoing.take(), patience).map_err(|_| Trouble::TooSlow.into())
        });
        if let Err(error) = told {
            log::debug!("a statement that nobody waits for runs on: {}", error.told());
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.is_over {
            self.outgoing.goodbye();
            _ = self.stream.send(&self.outgoing.take(), Patience::of_ours(GOODBYE));
        }
    }
}

/// What a statement has come to.
#[derive(Debug, Default)]
struct Answer {
    rows: Vec<Row>,
    /// How many rows it has touched.
    count: u64,
    /// It was the end of a transaction, of which nothing has happened.
    is_undone: bool,
}

fn unreachable(why: &str) -> Failure {
    Trouble::Unreachable { why: why.to_owned() }.into()
}

/// What the server has to end a statement itself before it is taken for gone: as long again, within bounds.
fn with_grace(limit: Duration) -> Duration {
    limit + limit.min(GRACE)
}

/// From the first packet until the first statement can be sent.
const LOG_IN: Duration = Duration::from_secs(15);
/// It proves a password, which takes its time, however little a statement may take.
const LEAST_LOG_IN: Duration = Duration::from_secs(2);
const GRACE: Duration = Duration::from_secs(10);
/// A statement that looks at everything, such as one of `check` or of a migration.
const LONG: Duration = Duration::from_secs(6 * 3600);
/// For telling the server that nobody waits any more.
const LEAVING: Duration = Duration::from_secs(2);
const GOODBYE: Duration = Duration::from_secs(1);
/// What is sent goes out at so many bytes a second, or is given up.
const SLOWEST: usize = 64 << 10;
const BUFFER: usize = 64 << 10;
/// Of a body, in bytes, for which room is made at once.
const PORTION: usize = 1 << 20;
const MOST_PREPARED: usize = 200;
/// Bytes of a message before anybody is let in.
const LONGEST_GREETING: usize = 64 << 10;
/// Bytes of an answer, in memory.
const MOST_OF_ANSWER: usize = if usize::BITS > 32 { 2 << 30 } else { 512 << 20 };
const OTHER_PROTOCOL: &str = "what answers there does not speak PostgreSQL's protocol";
