//! Content codings (RFC 9110 8.4) undone while reading: gzip, deflate, br, zstd, and short stacks of them.
//! A stream that ends early is an error; what follows a complete gzip stream is ignored, as browsers do.

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

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// The codings of an answer, in the order in which they were applied.
///
/// # Errors
/// [`Error::UnsupportedCoding`] for one that is not known, or for more than a few.
pub(super) fn codings(headers: &Headers) -> Result<Vec<Coding>, Error> {
    let mut codings = Vec::new();
    for name in headers.list("content-encoding") {
        let coding = match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "br" => Coding::Brotli,
            "zstd" => Coding::Zstd,
            "identity" => continue,
            _ => return Err(Error::UnsupportedCoding { coding: quoted(name) }),
        };
        if codings.len() == MAX_STACK {
            return Err(Error::UnsupportedCoding { coding: quoted(&headers.list("content-encoding").collect::<Vec<_>>().join(", ")) });
        }
        codings.push(coding);
    }
    Ok(codings)
}

/// A body with its codings undone, the last one applied first.
pub(super) fn undo(framed: Framed, codings: &[Coding], limit: u64) -> Box<dyn Layer> {
    let mut layer: Box<dyn Layer> = Box::new(framed);
    for coding in codings.iter().rev() {
        layer = Box::new(Decoded { coding: *coding, stage: Stage::Start(layer), bytes: Vec::new(), start: 0, end: 0, total: 0, limit });
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
}

enum Stage {
    /// Nothing has come: an empty body is empty in every coding, and the first byte tells the two kinds of deflate apart.
    Start(Box<dyn Layer>),
    Gzip(GzipDecoder<Member>),
    Zlib(ZlibDecoder<Box<dyn Layer>>),
    Deflate(DeflateDecoder<Box<dyn Layer>>),
    Brotli(Box<BrotliDecoder<Box<dyn Layer>>>),
    Zstd(ZstdDecoder<Box<dyn Layer>>),
    /// A gzip member is complete, and so many bytes that may be the mark of another have been read; the rest may not have come yet.
    Between(Box<dyn Layer>, usize),
    /// The coded stream is complete; what lies below is read to its end, so that a message cut short is still noticed.
    Tail(Box<dyn Layer>),
    End(Box<dyn Layer>),
    /// Only while one stage is made from another.
    Moving,
}

impl Stage {
    fn start(coding: Coding, first: u8, below: Box<dyn Layer>) -> Self {
        match coding {
            Coding::Gzip => Self::Gzip(GzipDecoder::new(Member { mark: &[], below })),
            // RFC 9110 means zlib, some servers send bare deflate. A zlib stream begins with a byte that ends in 8 (RFC 1950),
            // which as deflate would be a stored block with padding that no encoder writes.
            Coding::Deflate if first & 0x0f == 8 => Self::Zlib(ZlibDecoder::new(below)),
            Coding::Deflate => Self::Deflate(DeflateDecoder::new(below)),
            Coding::Brotli => Self::Brotli(Box::new(BrotliDecoder::new(below))),
            Coding::Zstd => {
                let mut decoder = ZstdDecoder::with_params(below, &[DParameter::window_log_max(MAX_ZSTD_WINDOW)]);
                decoder.multiple_members(true);
                Self::Zstd(decoder)
            }
        }
    }

    fn below(&mut self) -> &mut Box<dyn Layer> {
        match self {
            Self::Start(below) | Self::Between(below, _) | Self::Tail(below) | Self::End(below) => below,
            Self::Gzip(decoder) => &mut decoder.get_mut().below,
            Self::Zlib(decoder) => decoder.get_mut(),
            Self::Deflate(decoder) => decoder.get_mut(),
            Self::Brotli(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
            Self::Moving => unreachable!("a stage is moved within one statement"),
        }
    }

    fn into_below(self) -> Box<dyn Layer> {
        match self {
            Self::Start(below) | Self::Between(below, _) | Self::Tail(below) | Self::End(below) => below,
            Self::Gzip(decoder) => decoder.into_inner().below,
            Self::Zlib(decoder) => decoder.into_inner(),
            Self::Deflate(decoder) => decoder.into_inner(),
            Self::Brotli(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.into_inner(),
            Self::Moving => unreachable!("a stage is moved within one statement"),
        }
    }

    fn replace(&mut self, make: impl FnOnce(Box<dyn Layer>) -> Self) {
        let below = std::mem::replace(self, Self::Moving).into_below();
        *self = make(below);
    }
}

impl Decoded {
    fn poll_decode(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let read = match &mut self.stage {
                Stage::Start(below) => {
                    let first = ready!(Pin::new(&mut **below).poll_fill_buf(cx))?.first().copied();
                    let coding = self.coding;
                    self.stage.replace(|below| match first {
                        Some(first) => Stage::start(coding, first, below),
                        None => Stage::End(below),
                    });
                    continue;
                }
                Stage::Gzip(decoder) => Pin::new(decoder).poll_read(cx, into),
                Stage::Zlib(decoder) => Pin::new(decoder).poll_read(cx, into),
                Stage::Deflate(decoder) => Pin::new(decoder).poll_read(cx, into),
                Stage::Brotli(decoder) => Pin::new(&mut **decoder).poll_read(cx, into),
                Stage::Zstd(decoder) => Pin::new(decoder).poll_read(cx, into),
                Stage::Between(_, GZIP_MARK_LENGTH) => {
                    self.stage.replace(|below| Stage::Gzip(GzipDecoder::new(Member { mark: &GZIP_MARK, below })));
                    continue;
                }
                // Members of a gzip file may follow one another (RFC 1952 2.2); anything else is not ours.
                Stage::Between(below, seen) => {
                    match ready!(Pin::new(&mut **below).poll_fill_buf(cx))?.first() {
                        Some(byte) if *byte == GZIP_MARK[*seen] => {
                            Pin::new(&mut **below).consume(1);
                            *seen += 1;
                        }
                        _ => self.stage.replace(Stage::Tail),
                    }
                    continue;
                }
                Stage::Tail(below) => {
                    let rest = ready!(Pin::new(&mut **below).poll_fill_buf(cx))?;
                    match rest.len() {
                        0 => self.stage.replace(Stage::End),
                        count => Pin::new(&mut **below).consume(count),
                    }
                    continue;
                }
                Stage::End(_) | Stage::Moving => return Poll::Ready(Ok(0)),
            };
            let count = ready!(read).map_err(|error| self.undecodable(error))?;
            if count == 0 {
                let coding = self.coding;
                self.stage.replace(|below| match coding {
                    Coding::Gzip => Stage::Between(below, 0),
                    _ => Stage::Tail(below),
                });
                continue;
            }
            self.total += count as u64;
            if self.total > self.limit {
                return Poll::Ready(Err(Error::BodyTooLarge { limit: self.limit }.into()));
            }
            return Poll::Ready(Ok(count));
        }
    }

    /// An error from below goes up as it is: a connection that broke is not a bad coding.
    fn undecodable(&self, error: io::Error) -> io::Error {
        match Error::from_io(error) {
            Ok(error) => error.into(),
            Err(source) => Error::Undecodable { coding: self.coding.name(), source }.into(),
        }
    }
}

/// What one gzip member is read from: the part of its mark that has been read already, then what lies below.
struct Member {
    mark: &'static [u8],
    below: Box<dyn Layer>,
}

impl AsyncRead for Member {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let ready = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncBufRead for Member {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let member = self.get_mut();
        match member.mark {
            [] => Pin::new(&mut *member.below).poll_fill_buf(cx),
            mark => Poll::Ready(Ok(mark)),
        }
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        match self.mark {
            [] => Pin::new(&mut *self.below).consume(amount),
            mark => self.mark = &mark[amount..],
        }
    }
}

impl Layer for Decoded {
    fn framed(&mut self) -> &mut Framed {
        self.stage.below().framed()
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
/// How a member begins: the two bytes of identification, and deflate, the only method (RFC 1952 2.3.1).
const GZIP_MARK: [u8; GZIP_MARK_LENGTH] = [0x1f, 0x8b, 8];
const GZIP_MARK_LENGTH: usize = 3;
