//! Serves one connection over any pair of futures-io streams: reads lines, runs calls, writes answers. Everything happens
//! inside the returned future, so any executor can poll it, and dropping it drops every call. Knows no process and no runtime.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::FutureExt;
use futures_lite::future::poll_fn;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::{FuturesUnordered, StreamExt};
use log::{debug, trace};

use crate::mcp::clock::{Clock, Sleep};
use crate::mcp::context::Bell;
use crate::mcp::error::Error;
use crate::mcp::lines::LineReader;
use crate::mcp::message::shortened;
use crate::mcp::server::{Config, Server};
use crate::mcp::session::{Session, Step};
use crate::mcp::work::{Outcome, Ticket, Work};

impl Server {
    /// Serves one client until its input ends or `shutdown` is ready. Then no more is read, calls get [`Config::grace`] to
    /// answer, the others are dropped, and what was answered is flushed. A client that has gone away is a normal end.
    ///
    /// Calls run concurrently inside this future: work that occupies a processor belongs on a pool.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Write`] when a stream fails by more than the peer's departure.
    pub async fn serve<R, W, S>(&self, reader: R, writer: W, clock: impl Clock, shutdown: S) -> Result<(), Error>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
        S: Future<Output = ()>,
    {
        let mut shutdown = pin!(shutdown);
        let mut connection = Connection::new(self, reader, writer, clock);
        poll_fn(|cx| connection.poll(cx, shutdown.as_mut())).await
    }
}

/// One connection being served.
struct Connection<R, W, C> {
    session: Session,
    lines: LineReader<R>,
    output: Output<W>,
    running: FuturesUnordered<Abortable<Call>>,
    aborts: HashMap<Ticket, AbortHandle>,
    bell: Arc<Bell>,
    alarm: Alarm<C>,
    config: Config,
    phase: Phase,
    /// When held-back progress may be sent, or a question has waited long enough.
    report_due: Option<Instant>,
    /// Why reading ended, if not by the end of the input.
    read_error: Option<io::Error>,
}

type Call = Pin<Box<dyn Future<Output = (Ticket, Outcome)> + Send>>;

#[derive(Clone, Copy, Debug)]
enum Phase {
    Open,
    /// Nothing is read any more; calls may answer until then.
    Ending {
        until: Instant,
    },
    /// No call is left; the last answers are written until then.
    Flushing {
        until: Instant,
    },
}

/// Lines handled before other tasks of the executor get their turn.
const FAIR_SHARE: usize = 128;

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin, C: Clock> Connection<R, W, C> {
    fn new(server: &Server, reader: R, writer: W, clock: C) -> Connection<R, W, C> {
        let bell = Arc::new(Bell::default());
        let config = server.definition.config.clone();
        Connection {
            session: Session::new(server.definition.clone(), bell.clone()),
            lines: LineReader::new(reader, config.max_line),
            output: Output::new(writer),
            running: FuturesUnordered::new(),
            aborts: HashMap::new(),
            bell,
            alarm: Alarm { clock, set: None },
            config,
            phase: Phase::Open,
            report_due: None,
            read_error: None,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut shutdown: Pin<&mut impl Future<Output = ()>>) -> Poll<Result<(), Error>> {
        self.bell.listen(cx.waker());
        for _ in 0..FAIR_SHARE {
            if matches!(self.phase, Phase::Open) && shutdown.as_mut().poll(cx).is_ready() {
                debug!("mcp: shutdown was asked for");
                self.lines.forget();
                self.end();
            }
            let was_congested = self.output.is_congested();
            let mut progressed = self.read(cx) | self.run(cx) | self.report();
            match self.output.poll_write(cx) {
                Poll::Ready(Err(error)) => return Poll::Ready(self.output_failed(error)),
                Poll::Ready(Ok(())) | Poll::Pending => progressed |= was_congested && !self.output.is_congested(),
            }
            if let Poll::Ready(result) = self.poll_end(cx) {
                return Poll::Ready(result);
            }
            if !progressed && !self.alarm.poll(cx, self.wake_at()) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Takes one line, unless the client does not read what it asked for: then it is not asked for more.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let read = match self.phase {
            Phase::Open if self.output.is_congested() => self.lines.poll_end(cx).map_ok(|()| None),
            Phase::Open => self.lines.poll_next(cx),
            // What came before the end of the input is still served.
            Phase::Ending { .. } if self.lines.has_lines() && !self.output.is_congested() => self.lines.poll_next(cx),
            Phase::Ending { .. } | Phase::Flushing { .. } => return false,
        };
        match read {
            Poll::Pending => return false,
            Poll::Ready(Ok(Some(input))) => {
                trace!("mcp: in: {input}");
                let steps = self.session.receive(&input, self.alarm.clock.now());
                self.carry_out(steps);
            }
            Poll::Ready(Ok(None)) => {
                debug!("mcp: the input has ended");
                self.end();
            }
            Poll::Ready(Err(error)) => {
                debug!("mcp: the input failed: {error}");
                self.read_error = Some(error).filter(|error| !is_departure(error));
                self.end();
            }
        }
        true
    }

    /// Lets calls go on and answers those that have ended.
    fn run(&mut self, cx: &mut Context<'_>) -> bool {
        let Poll::Ready(Some(ended)) = self.running.poll_next_unpin(cx) else { return false };
        // A dropped call has no answer.
        if let Ok((ticket, outcome)) = ended {
            self.aborts.remove(&ticket);
            let steps = self.session.finish(ticket, outcome, self.alarm.clock.now());
            self.carry_out(steps);
        }
        true
    }

    /// Passes on what calls have left, unless the client does not read: then it waits, and the latest progress wins.
    fn report(&mut self) -> bool {
        if self.output.is_congested() {
            return false;
        }
        let now = self.alarm.clock.now();
        if !self.bell.was_rung() && self.report_due.is_none_or(|due| due > now) {
            return false;
        }
        let (steps, next) = self.session.report(now);
        self.report_due = next;
        let any = !steps.is_empty();
        self.carry_out(steps);
        any
    }

    fn carry_out(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Send(line) => {
                    trace!("mcp: out: {}", shortened(&line));
                    self.output.push(&line);
                }
                Step::Start(work) => {
                    let (abort, registration) = AbortHandle::new_pair();
                    self.aborts.insert(work.ticket, abort);
                    self.running.push(Abortable::new(started(work), registration));
                }
                Step::Drop(ticket) => {
                    if let Some(abort) = self.aborts.remove(&ticket) {
                        abort.abort();
                    }
                }
            }
        }
    }

    fn end(&mut self) {
        self.phase = Phase::Ending { until: self.alarm.clock.now() + self.config.grace };
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let now = self.alarm.clock.now();
        if matches!(self.phase, Phase::Ending { .. }) && !self.lines.has_lines() {
            self.session.input_has_ended();
        }
        if let Phase::Ending { until } = self.phase
            && (now >= until || (self.session.is_idle() && !self.lines.has_lines()))
        {
            let last_words = self.session.end();
            self.carry_out(last_words);
            self.running.clear();
            self.phase = Phase::Flushing { until: now + self.config.flush };
        }
        let Phase::Flushing { until } = self.phase else { return Poll::Pending };
        match self.output.poll_close(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(self.read_result()),
            Poll::Ready(Err(error)) => Poll::Ready(self.output_failed(error)),
            Poll::Pending if now >= until => {
                debug!("mcp: the client does not read its last answers");
                Poll::Ready(self.read_result())
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        let end = match self.phase {
            Phase::Open => None,
            Phase::Ending { until } | Phase::Flushing { until } => Some(until),
        };
        // Nothing is reported to a client that does not read; that it reads again wakes the task anyway.
        let report = self.report_due.filter(|_| !self.output.is_congested());
        end.into_iter().chain(report).min()
    }

    fn output_failed(&mut self, source: io::Error) -> Result<(), Error> {
        self.session.end();
        if !is_departure(&source) {
            return Err(Error::Write { source });
        }
        debug!("mcp: the client has gone away: {source}");
        Ok(())
    }

    fn read_result(&mut self) -> Result<(), Error> {
        self.read_error.take().map_or(Ok(()), |source| Err(Error::Read { source }))
    }
}

/// Runs the work; a panic ends the call and not the server.
fn started(work: Work) -> Call {
    let ticket = work.ticket;
    let label = work.label.clone();
    let call = async move { work.start().await };
    Box::pin(async move {
        let outcome = match AssertUnwindSafe(call).catch_unwind().await {
            Ok(ended) => Outcome::Ended(ended),
            Err(_) => {
                log::error!("mcp: {label} panicked");
                Outcome::Panicked
            }
        };
        (ticket, outcome)
    })
}

/// The peer's end of the pipe or connection is closed.
fn is_departure(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof, WriteZero};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof | WriteZero)
        || (cfg!(windows) && error.raw_os_error() == Some(ERROR_PIPE_NOT_CONNECTED))
}

/// The peer has disconnected its end of a named pipe, which is more than to close it. The standard library has no kind for it.
const ERROR_PIPE_NOT_CONNECTED: i32 = 233;

/// Lines on their way out.
struct Output<W> {
    writer: W,
    buffer: Vec<u8>,
    /// So much of `buffer` is written.
    written: usize,
    is_flushed: bool,
}

/// From here on the client must read before it is asked for more.
const CONGESTED: usize = 1 << 20;

impl<W: AsyncWrite + Unpin> Output<W> {
    fn new(writer: W) -> Output<W> {
        Output { writer, buffer: Vec::new(), written: 0, is_flushed: true }
    }

    fn push(&mut self, line: &str) {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.push(b'\n');
    }

    fn is_congested(&self) -> bool {
        self.buffer.len() - self.written >= CONGESTED
    }

    /// Ready when everything is written and flushed.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.buffer.len() {
            match std::task::ready!(Pin::new(&mut self.writer).poll_write(cx, &self.buffer[self.written..])) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            self.is_flushed = false;
        }
        self.written = 0;
        self.buffer.clear();
        // One huge answer must not stay in memory.
        self.buffer.shrink_to(CONGESTED);
        if !self.is_flushed {
            std::task::ready!(Pin::new(&mut self.writer).poll_flush(cx))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_write(cx))?;
        Pin::new(&mut self.writer).poll_close(cx)
    }
}

/// One wait at a time, set anew when the instant changes.
struct Alarm<C> {
    clock: C,
    set: Option<(Instant, Sleep)>,
}

impl<C: Clock> Alarm<C> {
    /// Whether the instant has come; otherwise the task is woken when it does.
    fn poll(&mut self, cx: &mut Context<'_>, at: Option<Instant>) -> bool {
        let Some(at) = at else {
            self.set = None;
            return false;
        };
        if self.set.as_ref().is_none_or(|(set, _)| *set != at) {
            let duration = at.saturating_duration_since(self.clock.now()).max(Duration::ZERO);
            self.set = Some((at, self.clock.sleep(duration)));
        }
        let (_, sleep) = self.set.as_mut().expect("it was just set");
        let is_over = sleep.poll(cx).is_ready();
        if is_over {
            self.set = None;
        }
        is_over
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
