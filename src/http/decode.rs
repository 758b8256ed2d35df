//! Content codings (RFC 9110 8.4) undone while reading: gzip, deflate, br, zstd, and short stacks of them.
//! A stream that ends early is an error; what follows a complete gzip stream is ignored, as browsers do. A body that is plainly text, whatever
//! coding it claims, is read as it is: many servers claim one and send none.
//!
//! What one poll does is bounded, and so is what a whole body may cost: the thread that polls has others to serve.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::futures::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use futures_io::{AsyncBufRead, AsyncRead};

use super::error::Error;
use super::framed::Framed;
use super::headers::Headers;
use super::masked::quoted;

/// A coding that an answer claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    /// None that can be undone, if it is one at all: see whether the body reads without.
    Unknown(Box<str>),
}

impl Coding {
    fn name(&self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Unknown(_) => "of a known coding",
        }
    }
}

/// The codings of an answer, in the order in which they were applied. What is no coding at all is left out.
///
/// # Errors
/// [`Error::UnsupportedCoding`] for more than a few.
pub(super) fn codings(headers: &Headers) -> Result<Vec<Coding>, Error> {
    let mut codings = Vec::new();
    for name in headers.list("content-encoding") {
        let name = name.split(';').next().unwrap_or_default().trim_matches(['"', ' ', '\t']).to_ascii_lowercase();
        let coding = match name.as_str() {
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" | "x-deflate" => Coding::Deflate,
            "br" | "brotli" => Coding::Brotli,
            "zstd" | "x-zstd" => Coding::Zstd,
            name if means_nothing(name) => continue,
            name => Coding::Unknown(quoted(name).into()),
        };
        if codings.len() == MAX_STACK {
            return Err(Error::UnsupportedCoding { coding: quoted(&headers.list("content-encoding").collect::<Vec<_>>().join(", ")) });
        }
        codings.push(coding);
    }
    Ok(codings)
}

/// Whether this is what people write there who mean no coding: a charset, a media type, how mail or a transfer is coded, no.
fn means_nothing(name: &str) -> bool {
    const WORDS: [&str; 16] = [
        "",
        "identity",
        "none",
        "no",
        "off",
        "false",
        "null",
        "undefined",
        "binary",
        "text",
        "plain",
        "7bit",
        "8bit",
        "chunked",
        "aws-chunked",
        "quoted-printable",
    ];
    WORDS.contains(&name) || name.contains('/') || encoding_rs::Encoding::for_label(name.as_bytes()).is_some()
}

/// A body with its codings undone, the last one applied first.
pub(super) fn undo(framed: Framed, codings: &[Coding], limit: u64) -> Box<dyn Layer> {
    let mut layer: Box<dyn Layer> = Box::new(framed);
    for coding in codings.iter().rev() {
        layer = Box::new(Decoded {
            coding: coding.clone(),
            stage: Stage::Start(Input::new(layer)),
            bytes: Vec::new(),
            start: 0,
            end: 0,
            total: 0,
            limit,
            members: Members::default(),
            spent: 0,
        });
    }
    layer
}

/// Something to read from, at the bottom of which lies a framed body.
pub(super) trait Layer: AsyncRead + AsyncBufRead + Send + Unpin {
    fn framed(&mut self) -> &mut Framed;
}

impl Layer for Framed {
    fn framed(&mut self) -> &mut Framed {
        self
    }
}

/// One coding undone.
struct Decoded {
    coding: Coding,
    stage: Stage,
    /// Decoded and not yet used: `bytes[start..end]`. Empty until a reader asks for a buffer.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes decoded so far, of which there may be `limit`: a bomb is stopped in whichever layer it goes off.
    total: u64,
    limit: u64,
    members: Members,
    /// Bytes decoded since others had their turn.
    spent: usize,
}

/// Of a gzip body: each costs something, whether anything is in it or not.
#[derive(Default)]
struct Members {
    /// Where `total` stood when the present one began.
    since: u64,
    empty: usize,
}

enum Stage {
    /// Not enough has come to tell what it is: an empty body is empty in every coding, and plain text is in none.
    Start(Input),
    Gzip(GzipDecoder<Input>),
    Zlib(ZlibDecoder<Input>),
    Deflate(DeflateDecoder<Input>),
    Brotli(Box<BrotliDecoder<Input>>),
    Zstd(ZstdDecoder<Input>),
    /// In no coding, whatever was claimed.
    Plain(Input),
    /// A gzip member is complete, and so many bytes that may be the mark of another have been read; the rest may not have come yet.
    Between(Input, usize),
    /// The coded stream is complete; what lies below is read to its end, so that a message cut short is still noticed.
    Tail(Input),
    End(Input),
    /// Only while one stage is made from another.
    Moving,
}

impl Stage {
    /// `first` is the first byte of `input`.
    fn start(coding: &Coding, first: u8, input: Input) -> Self {
        match coding {
            Coding::Gzip => Self::Gzip(GzipDecoder::new(input)),
            // RFC 9110 means zlib, some servers send bare deflate. A zlib stream begins with a byte that ends in 8 (RFC 1950),
            // which as deflate would be a stored block with padding that no encoder writes.
            Coding::Deflate if first & 0x0f == 8 => Self::Zlib(ZlibDecoder::new(input)),
            Coding::Deflate => Self::Deflate(DeflateDecoder::new(input)),
            Coding::Brotli => Self::Brotli(Box::new(BrotliDecoder::new(input))),
            Coding::Zstd => {
                let mut decoder = ZstdDecoder::with_params(input, &[DParameter::window_log_max(MAX_ZSTD_WINDOW)]);
                decoder.multiple_members(true);
                Self::Zstd(decoder)
            }
            Coding::Unknown(_) => Self::Plain(input),
        }
    }

    fn input(&mut self) -> &mut Input {
        match self {
            Self::Start(input) | Self::Plain(input) | Self::Between(input, _) | Self::Tail(input) | Self::End(input) => input,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zlib(decoder) => decoder.get_mut(),
            Self::Deflate(decoder) => decoder.get_mut(),
            Self::Brotli(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
            Self::Moving => unreachable!("a stage is moved within one statement"),
        }
    }

    fn into_input(self) -> Input {
        match self {
            Self::Start(input) | Self::Plain(input) | Self::Between(input, _) | Self::Tail(input) | Self::End(input) => input,
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zlib(decoder) => decoder.into_inner(),
            Self::Deflate(decoder) => decoder.into_inner(),
            Self::Brotli(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.into_inner(),
            Self::Moving => unreachable!("a stage is moved within one statement"),
        }
    }

    fn replace(&mut self, make: impl FnOnce(Input) -> Self) {
        let input = std::mem::replace(self, Self::Moving).into_input();
        *self = make(input);
    }
}

impl Decoded {
    fn poll_decode(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.spent >= TURN {
            self.spent = 0;
            return yield_now(cx);
        }
        let most = into.len().min(TURN);
        let into = &mut into[..most];
        loop {
            let read = match &mut self.stage {
                Stage::Start(input) => {
                    let looks = ready!(input.poll_look(cx, &self.coding))?;
                    let coding = &self.coding;
                    match looks {
                        Looks::Empty => self.stage.replace(Stage::End),
                        Looks::Coded(first) => self.stage.replace(|input| Stage::start(coding, first, input)),
                        Looks::Text => self.stage.replace(Stage::Plain),
                        Looks::Foreign => {
                            let Coding::Unknown(name) = coding else { unreachable!("what is known is tried") };
                            return Poll::Ready(Err(Error::UnsupportedCoding { coding: name.clone().into() }.into()));
                        }
                    }
                    continue;
                }
                Stage::Gzip(decoder) => Pin::new(decoder).poll_read(cx, into),
                Stage::Zlib(decoder) => Pin::new(decoder).poll_read(cx, into),
                Stage::Deflate(decoder) => Pin::new(decoder).poll_read(cx, into),
                Stage::Brotli(decoder) => Pin::new(&mut **decoder).poll_read(cx, into),
                Stage::Zstd(decoder) => Pin::new(decoder).poll_read(cx, into),
                Stage::Plain(input) => Pin::new(input).poll_read(cx, into),
                Stage::Between(_, GZIP_MARK_LENGTH) => {
                    self.begin_member()?;
                    self.stage.replace(|input| Stage::Gzip(GzipDecoder::new(input.after(&GZIP_MARK))));
                    continue;
                }
                // Members of a gzip file may follow one another (RFC 1952 2.2); anything else is not ours.
                Stage::Between(input, seen) => {
                    match ready!(Pin::new(&mut *input).poll_fill_buf(cx))?.first() {
                        Some(byte) if *byte == GZIP_MARK[*seen] => {
                            Pin::new(input).consume(1);
                            *seen += 1;
                        }
                        _ => self.stage.replace(Stage::Tail),
                    }
                    continue;
                }
                Stage::Tail(input) => {
                    let rest = ready!(Pin::new(&mut *input).poll_fill_buf(cx))?;
                    match rest.len() {
                        0 => self.stage.replace(Stage::End),
                        count => Pin::new(input).consume(count),
                    }
                    continue;
                }
                Stage::End(_) | Stage::Moving => return Poll::Ready(Ok(0)),
            };
            let count = ready!(read).map_err(|error| self.undecodable(error))?;
            if count == 0 {
                match &self.stage {
                    Stage::Gzip(_) => self.stage.replace(|input| Stage::Between(input, 0)),
                    _ => self.stage.replace(Stage::Tail),
                }
                continue;
            }
            self.total += count as u64;
            self.spent += count;
            if self.total > self.limit {
                return Poll::Ready(Err(Error::BodyTooLarge { limit: self.limit }.into()));
            }
            return Poll::Ready(Ok(count));
        }
    }

    /// Another gzip member begins: it counts for something, and those with nothing in them for more, of which honest files have few.
    fn begin_member(&mut self) -> io::Result<()> {
        self.members.empty += usize::from(self.total == self.members.since);
        self.total += MEMBER_WORTH;
        self.members.since = self.total;
        if self.total > self.limit {
            return Err(Error::BodyTooLarge { limit: self.limit }.into());
        }
        if self.members.empty > MAX_EMPTY_MEMBERS {
            let source = io::Error::new(io::ErrorKind::InvalidData, "it has members by the hundred with nothing in them");
            return Err(Error::Undecodable { coding: self.coding.name(), source }.into());
        }
        Ok(())
    }

    /// An error from below goes up as it is: a connection that broke is not a bad coding.
    fn undecodable(&self, error: io::Error) -> io::Error {
        match Error::from_io(error) {
            Ok(error) => error.into(),
            Err(source) => Error::Undecodable { coding: self.coding.name(), source }.into(),
        }
    }
}

/// Others have their turn, then the task goes on.
pub(super) fn yield_now<T>(cx: &Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// What a decoder reads from: what has been looked at already, then what lies below, with a pause for others now and then: the decoders
/// read on until they have something, and there are inputs of any length in which there is nothing.
struct Input {
    /// Read from below: `seen[at..]` is still to be used.
    seen: Vec<u8>,
    at: usize,
    below: Box<dyn Layer>,
    /// Bytes used since others had their turn.
    spent: usize,
}

/// What the beginning of a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    Empty,
    /// In the coding that was claimed, or broken; with the first byte.
    Coded(u8),
    Text,
    /// Neither text nor in a coding that is known.
    Foreign,
}

impl Input {
    fn new(below: Box<dyn Layer>) -> Self {
        Self { seen: Vec::new(), at: 0, below, spent: 0 }
    }

    /// The same with `before` before it.
    fn after(mut self, before: &[u8]) -> Self {
        self.seen.splice(..self.at, before.iter().copied());
        self.at = 0;
        self
    }

    /// Looks at the beginning, as far as that takes.
    fn poll_look(&mut self, cx: &mut Context<'_>, coding: &Coding) -> Poll<io::Result<Looks>> {
        loop {
            let there = ready!(Pin::new(&mut *self.below).poll_fill_buf(cx))?;
            let whole = there.is_empty();
            // The common case, in which nothing is copied.
            if self.seen.is_empty()
                && let Some(looks) = look(coding, &there[..there.len().min(LOOK)], whole)
            {
                return Poll::Ready(Ok(looks));
            }
            let count = there.len().min(LOOK - self.seen.len());
            self.seen.extend_from_slice(&there[..count]);
            Pin::new(&mut *self.below).consume(count);
            if let Some(looks) = look(coding, &self.seen, whole) {
                return Poll::Ready(Ok(looks));
            }
        }
    }
}

impl AsyncRead for Input {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let ready = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncBufRead for Input {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let input = self.get_mut();
        if input.at < input.seen.len() {
            return Poll::Ready(Ok(&input.seen[input.at..]));
        }
        if input.spent >= TURN {
            input.spent = 0;
            return yield_now(cx);
        }
        Pin::new(&mut *input.below).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.spent += amount;
        if self.at < self.seen.len() {
            self.at += amount;
        } else {
            Pin::new(&mut *self.below).consume(amount);
        }
    }
}

/// What a body is that begins so, and is no longer where that is `whole`; none where more must be seen.
fn look(coding: &Coding, first: &[u8], whole: bool) -> Option<Looks> {
    let Some(byte) = first.first() else { return whole.then_some(Looks::Empty) };
    let otherwise = match coding {
        Coding::Unknown(_) => Looks::Foreign,
        _ => Looks::Coded(*byte),
    };
    // What has a mark of its own needs no guess.
    let (mark, mask): (&[u8], u8) = match coding {
        Coding::Gzip => (&GZIP_MARK[..2], 0xff),
        Coding::Zstd if byte & 0xf0 == 0x50 => (&ZSTD_SKIPPABLE, 0xf0),
        Coding::Zstd => (&ZSTD_MARK, 0xff),
        _ => (&[], 0xff),
    };
    let fits =
        byte & mask == mark.first().map_or(0, |first| first & mask) && first.iter().zip(mark).skip(1).all(|(one, other)| one == other);
    let has_mark = !mark.is_empty();
    if has_mark && fits {
        return if first.len() >= mark.len() || whole { Some(otherwise) } else { None };
    }
    // In UTF-16, which is half noughts.
    if matches!(first, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        match first {
            [_, _, one, other, ..] if (*one == 0) != (*other == 0) => return Some(Looks::Text),
            [_, _, _, _, ..] => {}
            _ if !whole => return None,
            _ => {}
        }
    }
    // No page is one byte, but an empty stream of br is, which may be printable (RFC 7932 9.1), and so may what is left of one that was cut.
    let is_tiny = whole && first.len() == 1 && !matches!(coding, Coding::Unknown(_));
    let is_certain = has_mark || matches!(coding, Coding::Unknown(_)) || first.len() == LOOK;
    match !is_tiny && first.iter().all(|byte| is_text(*byte)) && (is_certain || is_utf8_so_far(first)) {
        false => Some(otherwise),
        true if whole || first.len() == LOOK => Some(Looks::Text),
        true => None,
    }
}

/// In any charset that extends ASCII. Of what is compressed, every ninth byte is none of these.
fn is_text(byte: u8) -> bool {
    !byte.is_ascii_control() || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)
}

fn is_utf8_so_far(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true)
}

impl Layer for Decoded {
    fn framed(&mut self) -> &mut Framed {
        self.stage.input().below.framed()
    }
}

impl AsyncRead for Decoded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let decoded = self.get_mut();
        if into.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if decoded.start < decoded.end {
            let count = into.len().min(decoded.end - decoded.start);
            into[..count].copy_from_slice(&decoded.bytes[decoded.start..decoded.start + count]);
            decoded.start += count;
            return Poll::Ready(Ok(count));
        }
        decoded.poll_decode(cx, into)
    }
}

impl AsyncBufRead for Decoded {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let decoded = self.get_mut();
        if decoded.start == decoded.end {
            let mut bytes = std::mem::take(&mut decoded.bytes);
            bytes.resize(BUFFER, 0);
            let read = decoded.poll_decode(cx, &mut bytes);
            decoded.bytes = bytes;
            (decoded.start, decoded.end) = (0, 0);
            decoded.end = ready!(read)?;
        }
        Poll::Ready(Ok(&decoded.bytes[decoded.start..decoded.end]))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().start += amount;
    }
}

/// More is never seen on honest sites.
const MAX_STACK: usize = 3;
/// 8 MiB, as binary logarithm: more is not allowed on the web (RFC 9659), and would be a way to take memory.
const MAX_ZSTD_WINDOW: u32 = 23;
const BUFFER: usize = 16 * 1024;
/// Bytes read or made between two turns of others: about a millisecond's work where a byte costs most.
const TURN: usize = 128 * 1024;
/// Bytes looked at to tell text from what is compressed.
const LOOK: usize = 256;
/// What a gzip member counts for in bytes, beside what is in it: setting up its decoder takes about as long as decoding so many.
const MEMBER_WORTH: u64 = 4096;
const MAX_EMPTY_MEMBERS: usize = 100;
/// How a member begins: the two bytes of identification, and deflate, the only method (RFC 1952 2.3.1).
const GZIP_MARK: [u8; GZIP_MARK_LENGTH] = [0x1f, 0x8b, 8];
const GZIP_MARK_LENGTH: usize = 3;
/// Of a frame, and of one to be passed over, whose first byte ends as it likes (RFC 8878 3.1).
const ZSTD_MARK: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const ZSTD_SKIPPABLE: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];
