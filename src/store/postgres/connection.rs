//! One connection: how it begins, statements, and transactions. A statement takes one turn to the server and back.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom as _, SystemRandom};

use super::address::{Address, Host, Tls};
use super::trouble::Trouble;
use super::wire::{Authentication, Failed, HEAD, Incoming, MECHANISM, Outgoing, Row, Scram, State, Stream, Told, Value, head, read, tls};
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
    /// How long a statement may take.
    limit: Duration,
    /// Nothing can be done with it any more.
    is_over: bool,
    address: Address,
    /// By which a statement of it is ended from outside.
    key: (i32, Vec<u8>),
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
        let stream = connect(address)?;
        let is_private = stream.is_encrypted() || address.tls == Tls::Off;
        let mut connection = Self {
            stream,
            incoming: Vec::new(),
            at: 0,
            outgoing: Outgoing::default(),
            owed: 0,
            state: State::Idle,
            prepared: HashMap::new(),
            made: 0,
            limit,
            is_over: false,
            address: address.clone(),
            key: (0, Vec::new()),
        };
        connection.outgoing.startup(&[
            ("user", &address.user),
            ("database", &address.database),
            ("client_encoding", "UTF8"),
            ("application_name", "smolcrawl"),
        ]);
        connection.flush()?;
        connection.log_in(is_private)?;
        Ok(connection)
    }

    /// Until the first statement can be sent.
    fn log_in(&mut self, is_private: bool) -> Result<(), Failure> {
        let deadline = Instant::now() + LOG_IN;
        let mut scram = None::<Scram>;
        let password = |connection: &Self| connection.address.password().map(str::to_owned).ok_or(Trouble::NoPassword);
        loop {
            match self.next(deadline)? {
                Incoming::Authentication(asked) => match asked {
                    Authentication::Ok => {}
                    // Whoever reads along reads it, and there it was said that nobody can.
                    Authentication::Cleartext if !is_private => return Err(Trouble::UnsafePassword { way: "in the clear" }.into()),
                    Authentication::Cleartext => {
                        let password = password(self)?;
                        self.outgoing.password(&password);
                        self.flush()?;
                    }
                    Authentication::Md5 => return Err(Trouble::UnsafePassword { way: "by MD5" }.into()),
                    Authentication::Sasl(ways) if ways.iter().any(|way| way == MECHANISM) => {
                        password(self)?;
                        let mut random = [0; 18];
                        let odd = |_| Trouble::LoginRefused { why: "the system gives no random numbers".to_owned() };
                        SystemRandom::new().fill(&mut random).map_err(odd)?;
                        let begun = scram.insert(Scram::new(random));
                        self.outgoing.sasl_begin(MECHANISM, &begun.first());
                        self.flush()?;
                    }
                    Authentication::SaslContinue(challenge) => {
                        let password = password(self)?;
                        let begun = scram.as_mut().ok_or(Trouble::LoginRefused { why: UNASKED.to_owned() })?;
                        let answer = begun.answer(&challenge, &password).map_err(|odd| Trouble::LoginRefused { why: odd.0.to_owned() })?;
                        self.outgoing.sasl_answer(&answer);
                        self.flush()?;
                    }
                    Authentication::SaslFinal(said) => {
                        let begun = scram.as_ref().ok_or(Trouble::LoginRefused { why: UNASKED.to_owned() })?;
                        begun.verify(&said).map_err(|odd| Trouble::LoginRefused { why: odd.0.to_owned() })?;
                    }
                    Authentication::Sasl(_) | Authentication::Other(_) => {
                        let why = "it asks for something other than a password (scram-sha-256)".to_owned();
                        return Err(Trouble::LoginRefused { why }.into());
                    }
                },
                Incoming::Key { process, key } => self.key = (process, key),
                Incoming::Error(told) => return Err(Trouble::of(*told).into()),
                Incoming::Ready(state) => {
                    self.state = state;
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    /// Whether it can be used again, within no transaction.
    pub(super) fn is_reusable(&self) -> bool {
        !self.is_over && self.state == State::Idle
    }

    /// Begins a transaction, with the statement that comes next.
    pub(super) fn begin(&mut self, purpose: Purpose) {
        self.outgoing.batch(match purpose {
            Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Purpose::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        });
        self.owed += 1;
    }

    /// Ends a transaction that has written nothing, without waiting for that.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        self.outgoing.batch("COMMIT");
        self.owed += 1;
        self.state = State::Idle;
        self.flush()
    }

    /// What has been written is there for all, and stays, when this has returned.
    pub(super) fn commit(&mut self) -> Result<(), Failure> {
        if self.state == State::Failed {
            return Err(Failure::Malformed("a transaction has failed unnoticed"));
        }
        self.batch("COMMIT")
    }

    /// Nothing has been written. If that cannot be said, the end of the connection says it.
    pub(super) fn roll_back(&mut self) {
        if self.is_over || self.batch("ROLLBACK").is_err() {
            self.is_over = true;
        }
    }

    /// Statements without parameters, and without an answer that matters.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        self.outgoing.batch(sql);
        self.answer().map(drop)
    }

    /// Statements without parameters that are sent with the next one. Where they fail, that one does, too: in a transaction.
    pub(super) fn before_the_next(&mut self, sql: &str) {
        self.outgoing.batch(sql);
        self.owed += 1;
    }

    /// The rows of an answer.
    pub(super) fn rows(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        self.ask(sql, parameters).map(|(rows, _)| rows)
    }

    /// The first row of an answer.
    pub(super) fn row(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<Option<Row>, Failure> {
        Ok(self.rows(sql, parameters)?.into_iter().next())
    }

    /// How many rows a statement has changed.
    pub(super) fn execute(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<u64, Failure> {
        self.ask(sql, parameters).map(|(_, count)| count)
    }

    fn ask(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<(Vec<Row>, u64), Failure> {
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
                self.outgoing.parse(&name, sql, parameters.iter().map(Value::kind));
                self.prepared.insert(sql.to_owned(), name.clone());
                name
            }
        };
        self.outgoing.bind(&name, parameters, Value::write);
        self.outgoing.execute();
        self.outgoing.sync();
        self.answer().inspect_err(|_| {
            // It may not have been prepared.
            self.prepared.remove(sql);
            self.outgoing.close(&name);
        })
    }

    /// Sends what is there to be sent, and reads what comes until the server is ready for the next.
    fn answer(&mut self) -> Result<(Vec<Row>, u64), Failure> {
        self.flush()?;
        let deadline = Instant::now() + self.limit + GRACE;
        let (mut rows, mut count) = (Vec::new(), 0);
        let mut failed: Option<Told> = None;
        loop {
            match self.next(deadline)? {
                Incoming::Row(row) if self.owed == 0 => rows.push(row),
                Incoming::Complete(of) => count = of,
                // What follows from it is told as well; the first is the cause.
                Incoming::Error(told) => {
                    self.is_over |= told.is_fatal;
                    if self.is_over {
                        return Err(Trouble::of(*told).into());
                    }
                    failed.get_or_insert(*told);
                }
                Incoming::Notice(told) => log::debug!("PostgreSQL: {}", told.message),
                Incoming::Ready(state) => {
                    self.state = state;
                    if self.owed == 0 {
                        return failed.map_or(Ok((rows, count)), |told| Err(Trouble::of(told).into()));
                    }
                    self.owed -= 1;
                }
                _ => {}
            }
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let bytes = self.outgoing.take();
        let sent = if self.is_over { Err(Failed::Io(std::io::ErrorKind::NotConnected.into())) } else { self.stream.send(&bytes) };
        sent.map_err(|failed| self.over(failed))
    }

    fn next(&mut self, deadline: Instant) -> Result<Incoming, Failure> {
        let mut head_bytes = [0; HEAD];
        self.exactly(&mut head_bytes, deadline)?;
        let odd = |_| Failure::from(Trouble::Unreachable { why: "what answers there does not speak PostgreSQL's protocol".to_owned() });
        let (kind, length) = head(head_bytes).map_err(odd).inspect_err(|_| self.is_over = true)?;
        let mut body = vec![0; length];
        self.exactly(&mut body, deadline)?;
        read(kind, body).map_err(odd).inspect_err(|_| self.is_over = true)
    }

    fn exactly(&mut self, mut into: &mut [u8], deadline: Instant) -> Result<(), Failure> {
        while !into.is_empty() {
            if self.at == self.incoming.len() {
                self.incoming.resize(BUFFER, 0);
                self.at = 0;
                let count = match self.stream.receive(&mut self.incoming, Some(deadline)) {
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
        self.is_over = true;
        match failed {
            Failed::Io(error) => Trouble::Lost { why: error.to_string() }.into(),
            Failed::Unwanted | Failed::Late => {
                let cancelled = connect(&self.address).and_then(|mut stream| {
                    let mut outgoing = Outgoing::default();
                    outgoing.cancel(self.key.0, &self.key.1);
                    stream.send(&outgoing.take()).map_err(|_| Trouble::TooSlow.into())
                });
                if let Err(error) = cancelled {
                    log::debug!("a statement that nobody waits for runs on: {}", error.told());
                }
                Trouble::TooSlow.into()
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.is_over {
            self.outgoing.goodbye();
            _ = self.stream.send(&self.outgoing.take());
        }
    }
}

fn connect(address: &Address) -> Result<Stream, Failure> {
    let unreachable = |error: std::io::Error| Failure::from(Trouble::Unreachable { why: error.to_string() });
    let host = match &address.host {
        Host::Folder(folder) => return Stream::connect_locally(folder, address.port, CONNECT).map_err(unreachable),
        Host::Named(host) => host,
    };
    let mut stream = Stream::connect(host, address.port, CONNECT).map_err(unreachable)?;
    if address.tls == Tls::Off {
        return Ok(stream);
    }
    let mut outgoing = Outgoing::default();
    outgoing.ask_for_tls();
    let mut answer = [0];
    let deadline = Some(Instant::now() + LOG_IN);
    let lost = |failed| match failed {
        Failed::Io(error) => unreachable(error),
        Failed::Unwanted | Failed::Late => Trouble::TooSlow.into(),
    };
    stream.send(&outgoing.take()).and_then(|()| stream.receive(&mut answer, deadline)).map_err(lost)?;
    let cannot = |why: String| Failure::from(Trouble::Tls { why });
    // What came behind this byte before TLS would be from somebody in between: there is no room for more than it.
    if answer != *b"S" {
        return Err(cannot("the server does not offer it".to_owned()));
    }
    let config = tls(address.roots.as_deref()).map_err(|error| match &address.roots {
        Some(file) => cannot(format!("{}: {error}", file.display())),
        None => cannot(error.to_string()),
    })?;
    stream.encrypt(config, host).map_err(|error| cannot(error.to_string()))?;
    Ok(stream)
}

const CONNECT: Duration = Duration::from_secs(10);
const LOG_IN: Duration = Duration::from_secs(15);
/// What the server has to end a statement itself before it is taken for gone.
const GRACE: Duration = Duration::from_secs(10);
const BUFFER: usize = 64 << 10;
const MOST_PREPARED: usize = 200;
const UNASKED: &str = "it goes on with an exchange that was not begun";
