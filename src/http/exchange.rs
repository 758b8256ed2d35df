//! One request and the head of its answer, on one connection. Decides nothing: what a broken connection means is for `verdict`.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::error::HeadFault;
use super::h1::{self, Asked, Head, HeadReader};
use crate::reactor::Stopped;

/// A request on its way.
pub(super) struct Exchange<'a> {
    connection: &'a mut Connection,
    /// The head, and with it a small body; then the rest of the body.
    parts: [&'a [u8]; 2],
    sending: Sending,
    /// The first failure to write. The peer may have answered all the same (an early 413), so reading goes on.
    write_error: Option<io::Error>,
    reader: HeadReader,
    /// Bytes of the answer, interim answers included.
    received: usize,
    limits: Limits,
    /// When something was last written.
    progress_at: Instant,
}

/// How long the head may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) first_byte: Duration,
    /// The end of the whole request.
    pub(super) deadline: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    /// So much of this part has been written.
    Part {
        index: usize,
        written: usize,
    },
    Flush,
    Done,
}

/// A complete head, and whether the whole request had been sent by then.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) sent: Sent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Whole,
    /// The peer answered early or closed its side: the connection is of no further use.
    Part,
}

/// Why there is no head.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection ended; `error` is none for an orderly end.
    Ended {
        error: Option<io::Error>,
        write_error: Option<io::Error>,
        received: usize,
    },
    Malformed(HeadFault),
    /// A time limit was reached after so many bytes.
    FirstByte {
        received: usize,
    },
    Total {
        received: usize,
    },
}

impl<'a> Exchange<'a> {
    pub(super) fn new(connection: &'a mut Connection, parts: [&'a [u8]; 2], asked: Asked, limits: Limits) -> Self {
        let progress_at = connection.alarm.now();
        let sending = Sending::Part { index: 0, written: 0 };
        Self { connection, parts, sending, write_error: None, reader: HeadReader::new(asked), received: 0, limits, progress_at }
    }

    pub(super) async fn run(mut self) -> Result<Answer, Failure> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answer, Failure>> {
        // Reading does not wait for writing to end: a peer that answers early may not read on, and both sides would wait for ever.
        if self.write_error.is_none()
            && let Poll::Ready(Err(error)) = self.poll_send(cx)
        {
            self.write_error = Some(error);
        }
        loop {
            match self.connection.poll_fill(cx) {
                Poll::Ready(Ok(count @ 1..)) => {
                    self.received += count;
                    let buffer = &mut self.connection.buffer;
                    match self.reader.advance(buffer.unread()) {
                        Ok((consumed, head)) => {
                            buffer.consume(consumed);
                            if let Some(head) = head {
                                let sent = if self.sending == Sending::Done { Sent::Whole } else { Sent::Part };
                                return Poll::Ready(Ok(Answer { head, sent }));
                            }
                        }
                        Err(fault) => return Poll::Ready(Err(Failure::Malformed(fault))),
                    }
                }
                Poll::Ready(end) => {
                    if end.as_ref().err().is_none_or(|error| Stopped::of(error).is_none())
                        && let Some(head) = h1::cut_redirect(self.connection.buffer.unread())
                    {
                        return Poll::Ready(Ok(Answer { head, sent: Sent::Part }));
                    }
                    let (error, write_error) = (end.err(), self.write_error.take());
                    return Poll::Ready(Err(Failure::Ended { error, write_error, received: self.received }));
                }
                Poll::Pending => break,
            }
        }
        let first_byte = self.progress_at.checked_add(self.limits.first_byte).unwrap_or(self.limits.deadline);
        ready!(self.connection.alarm.poll_reached(cx, first_byte.min(self.limits.deadline)));
        let received = self.received;
        Poll::Ready(Err(if self.limits.deadline <= first_byte { Failure::Total { received } } else { Failure::FirstByte { received } }))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.sending {
                Sending::Part { index, .. } if index == self.parts.len() => self.sending = Sending::Flush,
                Sending::Part { index, written } if written == self.parts[index].len() => {
                    self.sending = Sending::Part { index: index + 1, written: 0 };
                }
                Sending::Part { index, written } => {
                    let count = ready!(self.connection.wire.poll_write(cx, &self.parts[index][written..]))?;
                    if count == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    self.sending = Sending::Part { index, written: written + count };
                    // A body that goes out slowly is progress; the head and a small body go out at once.
                    if index > 0 {
                        self.progress_at = self.connection.alarm.now();
                    }
                }
                Sending::Flush => {
                    ready!(self.connection.wire.poll_flush(cx))?;
                    self.sending = Sending::Done;
                }
                Sending::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}
