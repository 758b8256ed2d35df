//! HTTP/1.1 as bytes (RFC 9112): writes the head of a request, reads the head of an answer, undoes the framing of its body.
//! Pure: no socket, no clock. Whatever the pieces in which the bytes arrive, the outcome is the same.

use std::io::Write;
use std::mem::MaybeUninit;

use url::{Position, Url};

use super::error::{BodyFault, Error, HeadFault};
use super::headers::Headers;
use super::redirect::is_redirect;
use super::request::{Method, is_token};

/// The head of an answer, and what it says about the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    pub(super) persistence: Persistence,
}

/// Where the body ends (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    /// With the connection: the peer's orderly close is the only mark.
    UntilClose,
}

/// Whether the connection may carry another request after this message (RFC 9112 9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persistence {
    Keep,
    Close,
}

/// Whether the answer to this request has a body at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The answer to HEAD describes a body that does not follow.
    HeadOnly,
    Everything,
}

/// What goes into the head of a request.
#[derive(Debug)]
pub(super) struct RequestHead<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    pub(super) target: Target,
    /// The caller's fields; they win over the defaults below.
    pub(super) headers: &'a [(String, String)],
    pub(super) user_agent: &'a str,
    pub(super) authorization: Option<&'a str>,
    pub(super) proxy_authorization: Option<&'a str>,
    pub(super) body: usize,
}

/// The form of the request target (RFC 9112 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Origin,
    /// For a proxy that forwards.
    Absolute,
}

impl RequestHead<'_> {
    /// # Errors
    /// [`Error::InvalidHeader`] for a field that would break out of its line or that belongs to the client.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        for (name, value) in self.headers {
            if is_own_field(name) || name.is_empty() || !name.bytes().all(is_token) || value.bytes().any(is_control) {
                return Err(Error::InvalidHeader { name: name.clone() });
            }
        }
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        if self.target == Target::Absolute {
            out.extend_from_slice(b"http://");
            self.write_authority(out);
        }
        out.extend_from_slice(&self.url.as_str().as_bytes()[self.target_range()]);
        out.extend_from_slice(b" HTTP/1.1\r\nHost: ");
        self.write_authority(out);
        out.extend_from_slice(b"\r\n");
        self.write_default(out, "User-Agent", Some(self.user_agent));
        self.write_default(out, "Accept", Some("*/*"));
        self.write_default(out, "Accept-Encoding", Some("gzip, deflate, br, zstd"));
        self.write_default(out, "Authorization", self.authorization);
        self.write_default(out, "Proxy-Authorization", self.proxy_authorization);
        for (name, value) in self.headers {
            write_field(out, name, value);
        }
        if self.body > 0 || self.method.expects_body() {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "Content-Length: {}\r\n", self.body);
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn target_range(&self) -> std::ops::Range<usize> {
        let before = self.url[..Position::BeforePath].len();
        before..before + self.url[Position::BeforePath..Position::AfterQuery].len()
    }

    fn write_authority(&self, out: &mut Vec<u8>) {
        // `host_str` has the brackets of an IPv6 literal, and `port` is none where it is the scheme's own.
        out.extend_from_slice(self.url.host_str().unwrap_or_default().as_bytes());
        if let Some(port) = self.url.port() {
            let _ = write!(out, ":{port}");
        }
    }

    fn write_default(&self, out: &mut Vec<u8>, name: &str, value: Option<&str>) {
        if let Some(value) = value
            && !self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
        {
            write_field(out, name, value);
        }
    }
}

/// Finds the final head in what has arrived, passing over interim answers (RFC 9110 15.2).
#[derive(Debug)]
pub(super) struct HeadReader {
    asked: Asked,
    interim: usize,
    /// Bytes of empty lines passed over.
    blank: usize,
    /// Bytes of the present head that are known not to hold its end, so that a head in drops is not read anew for each.
    searched: usize,
}

impl HeadReader {
    pub(super) fn new(asked: Asked) -> Self {
        Self { asked, interim: 0, blank: 0, searched: 0 }
    }

    /// Reads on in `input`, which begins with the first byte not yet consumed. Returns how many bytes are consumed now, and the
    /// head if it is complete.
    pub(super) fn advance(&mut self, input: &[u8]) -> Result<(usize, Option<Head>), HeadFault> {
        let mut consumed = 0;
        loop {
            if self.searched == 0 {
                // Empty lines before a status line, left over from an earlier message (RFC 9112 2.2).
                let blank = input[consumed..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                consumed += blank;
                self.blank += blank;
                if self.blank > MAX_HEAD {
                    return Err(HeadFault::TooLarge { limit: MAX_HEAD });
                }
            }
            let rest = &input[consumed..];
            let end = end_of_head(rest, self.searched.saturating_sub(3));
            // The beginning is looked at before the end is there: a peer that is not HTTP may wait for us to go on.
            let seen = match end {
                Some(end) if end <= MAX_HEAD => rest,
                _ if self.searched < FIRST_LOOK => &rest[..rest.len().min(FIRST_LOOK)],
                _ => &[],
            };
            self.searched = rest.len();
            let Some((head, length)) = parse_head(seen, end.filter(|end| *end <= seen.len()), self.asked)? else {
                return match end.unwrap_or(rest.len()) > MAX_HEAD {
                    true => Err(HeadFault::TooLarge { limit: MAX_HEAD }),
                    false => Ok((consumed, None)),
                };
            };
            consumed += length;
            self.searched = 0;
            match head.status {
                101 => return Err(HeadFault::Switched),
                100..200 => self.interim += 1,
                _ => return Ok((consumed, Some(head))),
            }
            if self.interim > MAX_INTERIM {
                return Err(HeadFault::TooManyInterim { limit: MAX_INTERIM });
            }
        }
    }
}

/// Undoes the framing of one body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deframer {
    state: State,
    /// Bytes of data handed out.
    received: u64,
    /// Bytes spent on chunk extensions and on trailers, over the whole body.
    extensions: usize,
    trailers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length {
        left: u64,
    },
    UntilClose,
    Size {
        value: u64,
        digits: u8,
    },
    Extension {
        size: u64,
    },
    Chunk {
        left: u64,
    },
    ChunkEnd,
    ChunkLineFeed,
    /// `blank`: nothing of the present line has been seen, so a line feed ends the message.
    Trailers {
        blank: bool,
    },
    Done,
}

/// What comes next in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// So many bytes of data follow, at least one; `took` says how many were used.
    Data(usize),
    /// Nothing without more input.
    More,
    End,
}

impl Deframer {
    pub(super) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(left) => State::Length { left },
            Framing::Chunked => State::Size { value: 0, digits: 0 },
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, received: 0, extensions: 0, trailers: 0 }
    }

    /// Consumes framing at the beginning of `input`: returns how much, and what follows it.
    pub(super) fn advance(&mut self, input: &[u8]) -> Result<(usize, Piece), BodyFault> {
        let mut at = 0;
        loop {
            let rest = &input[at..];
            match self.state {
                State::Done => return Ok((at, Piece::End)),
                State::Length { left } | State::Chunk { left } if !rest.is_empty() => {
                    let ready = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    return Ok((at, Piece::Data(ready)));
                }
                State::UntilClose if !rest.is_empty() => return Ok((at, Piece::Data(rest.len()))),
                _ => {}
            }
            let Some(byte) = rest.first() else { return Ok((at, Piece::More)) };
            self.state = self.after(*byte)?;
            at += 1;
        }
    }

    /// The data of the last `Piece::Data` was used, or `amount` bytes of it.
    pub(super) fn took(&mut self, amount: usize) {
        let amount = amount as u64;
        self.received += amount;
        self.state = match self.state {
            State::Length { left } if left <= amount => State::Done,
            State::Length { left } => State::Length { left: left - amount },
            State::Chunk { left } if left <= amount => State::ChunkEnd,
            State::Chunk { left } => State::Chunk { left: left - amount },
            other => other,
        };
    }

    /// How many bytes of data are known to come next, whether they have arrived or not: they may be read straight to where they go.
    pub(super) fn data_ahead(&self) -> u64 {
        match self.state {
            State::Length { left } | State::Chunk { left } => left,
            State::UntilClose => u64::MAX,
            _ => 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether an orderly end of the connection is the end of the body: without framing, and behind the last chunk, of which some servers
    /// leave out the empty line.
    pub(super) fn may_end(&self) -> bool {
        matches!(self.state, State::UntilClose | State::Extension { size: 0 } | State::Trailers { .. })
    }

    /// Bytes of data that there will be at least, by the size of the present chunk: it may be more than anybody wants.
    pub(super) fn announced(&self) -> u64 {
        match self.state {
            State::Chunk { left } => self.received.saturating_add(left),
            _ => self.received,
        }
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Bytes of data in the whole body, where the framing says so in advance.
    pub(super) fn expected(&self) -> Option<u64> {
        match self.state {
            State::Length { left } => Some(self.received + left),
            _ => None,
        }
    }

    /// One byte of chunked framing. A bare line feed ends a line too (RFC 9112 2.2).
    fn after(&mut self, byte: u8) -> Result<State, BodyFault> {
        Ok(match (self.state, byte) {
            (State::Size { value, digits }, byte) if byte.is_ascii_hexdigit() => {
                if digits == MAX_SIZE_DIGITS {
                    return Err(BodyFault::ChunkSize);
                }
                let digit = char::from(byte).to_digit(16).expect("a hex digit was just seen");
                State::Size { value: value << 4 | u64::from(digit), digits: digits + 1 }
            }
            (State::Size { value, digits: 1.. }, b'\n') | (State::Extension { size: value }, b'\n') => match value {
                0 => State::Trailers { blank: true },
                left => State::Chunk { left },
            },
            (State::Size { value, digits: 1.. }, b';' | b' ' | b'\t' | b'\r') => State::Extension { size: value },
            (State::Size { .. }, _) => return Err(BodyFault::ChunkSize),
            (State::Extension { size }, _) => {
                self.extensions += 1;
                if self.extensions > MAX_EXTENSIONS {
                    return Err(BodyFault::Extensions { limit: MAX_EXTENSIONS });
                }
                State::Extension { size }
            }
            (State::ChunkEnd, b'\r') => State::ChunkLineFeed,
            (State::ChunkEnd | State::ChunkLineFeed, b'\n') => State::Size { value: 0, digits: 0 },
            (State::ChunkEnd | State::ChunkLineFeed, _) => return Err(BodyFault::ChunkEnd),
            (State::Trailers { blank: true }, b'\n') => State::Done,
            (State::Trailers { blank }, byte) => {
                self.trailers += 1;
                if self.trailers > MAX_TRAILERS {
                    return Err(BodyFault::Trailers { limit: MAX_TRAILERS });
                }
                match byte {
                    b'\n' => State::Trailers { blank: true },
                    b'\r' => State::Trailers { blank },
                    _ => State::Trailers { blank: false },
                }
            }
            (state @ (State::Length { .. } | State::UntilClose | State::Chunk { .. } | State::Done), _) => state,
        })
    }
}

/// Larger heads exist only by mistake or malice; common servers stop at 8 to 64 KiB themselves.
const MAX_HEAD: usize = 128 * 1024;
/// Enough for a status line.
const FIRST_LOOK: usize = 64;
const MAX_FIELDS: usize = 256;
const MAX_INTERIM: usize = 32;
/// As many as fit 64 bits; leading zeros count.
const MAX_SIZE_DIGITS: u8 = 16;
const MAX_EXTENSIONS: usize = 16 * 1024;
const MAX_TRAILERS: usize = 32 * 1024;
/// Framing and routing are the client's business: a second voice there is how requests are smuggled.
const OWN_FIELDS: [&str; 8] = ["Host", "Content-Length", "Transfer-Encoding", "Connection", "TE", "Trailer", "Upgrade", "Expect"];

/// Whether this field is written by the client alone.
pub(super) fn is_own_field(name: &str) -> bool {
    OWN_FIELDS.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn write_field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.trim().as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// Where the empty line after a head ends, searching from `from`.
fn end_of_head(input: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(next) = input[at..].iter().position(|byte| *byte == b'\n') {
        at += next + 1;
        match input[at..] {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// A redirect whose head was cut short behind the line that says where it leads: the rest could not have said more.
pub(super) fn cut_redirect(received: &[u8]) -> Option<Head> {
    let whole = received.iter().rposition(|byte| *byte == b'\n')? + 1;
    let head = [&received[..whole], b"\r\n"].concat();
    let (head, _) = parse_head(&head, Some(head.len()), Asked::HeadOnly).ok()??;
    (is_redirect(head.status) && head.headers.first("location").is_some()).then_some(Head { persistence: Persistence::Close, ..head })
}

/// None if the head is not complete. `end` is where it ends, where that has come.
fn parse_head(input: &[u8], end: Option<usize>, asked: Asked) -> Result<Option<(Head, usize)>, HeadFault> {
    let mut fields = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let mut parser = httparse::ParserConfig::default();
    // What RFC 9112 5.1 and 5.2 let a client put up with, and browsers do.
    parser.allow_spaces_after_header_name_in_responses(true);
    parser.allow_obsolete_multiline_headers_in_responses(true);
    parser.allow_multiple_spaces_in_response_status_delimiters(true);
    let length = match parser.parse_response_with_uninit_headers(&mut response, input, &mut fields) {
        Ok(httparse::Status::Complete(length)) => length,
        Err(httparse::Error::TooManyHeaders) => return Err(HeadFault::TooManyHeaders { limit: MAX_FIELDS }),
        Err(httparse::Error::Version) => return Err(HeadFault::NotHttp),
        // Odd, or not all there: what it is shows when all of it is.
        Ok(httparse::Status::Partial) | Err(_) => {
            return end.map(|end| parse_odd_head(&input[..end], asked).map(|head| (head, end))).transpose();
        }
    };
    let (Some(status), Some(minor)) = (response.code, response.version) else { return Err(HeadFault::NotHttp) };
    let mut headers = Headers::with_capacity(response.headers.len(), length);
    for field in response.headers.iter() {
        headers.push_raw(field.name, field.value);
    }
    let framed = frame(status, minor, &headers, asked)?;
    Ok(Some((Head { status, headers, framing: framed.0, persistence: framed.1 }, length)))
}

/// A head with odd lines, as browsers read it: lines that are no field are passed over, and control characters are not there. Only what
/// says where the body ends must be beyond doubt.
fn parse_odd_head(head: &[u8], asked: Asked) -> Result<Head, HeadFault> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let (minor, status) = lines.next().and_then(status_line).ok_or(HeadFault::NotHttp)?;
    let mut fields: Vec<(&[u8], Vec<u8>)> = Vec::new();
    // A folded line (RFC 9112 5.2) goes the way of the one before it.
    let mut goes_on = false;
    for line in lines {
        let printable = |text: &[u8]| text.iter().copied().filter(|byte| !is_control(*byte)).collect::<Vec<_>>();
        if let [b' ' | b'\t', ..] = line {
            if let Some((_, value)) = fields.last_mut().filter(|_| goes_on) {
                value.push(b' ');
                value.extend(printable(line.trim_ascii()));
            }
            continue;
        }
        goes_on = false;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (line[..colon].trim_ascii_end(), &line[colon + 1..]);
        let is_field = !name.is_empty() && name.iter().copied().all(is_token);
        if is_framing(name) && !(is_field && value.iter().all(|byte| !is_control(*byte))) {
            return Err(HeadFault::Header);
        }
        if !is_field {
            continue;
        }
        if fields.len() == MAX_FIELDS {
            return Err(HeadFault::TooManyHeaders { limit: MAX_FIELDS });
        }
        fields.push((name, printable(value.trim_ascii())));
        goes_on = true;
    }
    let mut headers = Headers::with_capacity(fields.len(), head.len());
    for (name, value) in &fields {
        headers.push_raw(std::str::from_utf8(name).expect("a token is ASCII"), value);
    }
    let (framing, persistence) = frame(status, minor, &headers, asked)?;
    Ok(Head { status, headers, framing, persistence })
}

/// The minor version and the status. Any bytes may follow the status: nobody reads the reason.
fn status_line(line: &[u8]) -> Option<(u8, u16)> {
    let [minor @ (b'0' | b'1'), b' ', rest @ ..] = line.strip_prefix(b"HTTP/1.")? else { return None };
    match rest.trim_ascii_start() {
        [digits @ ..]
            if digits.len() >= 3
                && digits[..3].iter().all(u8::is_ascii_digit)
                && digits.get(3).is_none_or(|byte| !byte.is_ascii_alphanumeric()) =>
        {
            let status = digits[..3].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
            (status >= 100).then_some((minor - b'0', status))
        }
        _ => None,
    }
}

/// Whether a field of this name says where the body ends, or would but for what is no letter in it.
fn is_framing(name: &[u8]) -> bool {
    let is = |known: &[u8]| {
        let mut letters = name.iter().filter(|byte| is_token(**byte));
        known.iter().all(|byte| letters.next().is_some_and(|letter| letter.eq_ignore_ascii_case(byte))) && letters.next().is_none()
    };
    is(b"content-length") || is(b"transfer-encoding")
}

/// RFC 9112 6.3, in its order; the connection is kept only where nothing is in doubt.
fn frame(status: u16, minor: u8, headers: &Headers, asked: Asked) -> Result<(Framing, Persistence), HeadFault> {
    let (mut close, mut keep_alive) = (false, false);
    let (mut chunked, mut other_codings, mut has_length) = (0, 0, false);
    // The lengths and names of the few fields that matter decide quickly: this runs for every answer.
    for (name, value) in headers.iter() {
        match name.len() {
            10 if name.eq_ignore_ascii_case("connection") => {
                for option in value.split(',').map(str::trim) {
                    close |= option.eq_ignore_ascii_case("close");
                    keep_alive |= option.eq_ignore_ascii_case("keep-alive");
                }
            }
            14 => has_length |= name.eq_ignore_ascii_case("content-length"),
            17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                // "identity" is of RFC 2616 and means nothing.
                for coding in
                    value.split(',').map(str::trim).filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
                {
                    match coding.eq_ignore_ascii_case("chunked") {
                        true => chunked += 1,
                        false => other_codings += 1,
                    }
                }
            }
            _ => {}
        }
    }
    let persistence = if close || (minor == 0 && !keep_alive) { Persistence::Close } else { Persistence::Keep };
    if asked == Asked::HeadOnly || status < 200 || status == 204 || status == 304 {
        return Ok((Framing::Length(0), persistence));
    }
    // We never ask for other codings (TE), so none but chunked may come.
    if other_codings > 0 {
        return Err(HeadFault::TransferCoding);
    }
    if chunked > 0 {
        // Said by the program and by the server before it, it is done once; which of them is wrong about the rest, nobody knows.
        let persistence = if minor == 0 || has_length || chunked > 1 { Persistence::Close } else { persistence };
        return Ok((Framing::Chunked, persistence));
    }
    if has_length {
        return Ok((Framing::Length(content_length(headers)?), persistence));
    }
    Ok((Framing::UntilClose, Persistence::Close))
}

/// One number, however often it is repeated (RFC 9112 6.3, rule 5).
fn content_length(headers: &Headers) -> Result<u64, HeadFault> {
    let mut length = None;
    for member in headers.all("content-length").flat_map(|value| value.split(',')).map(str::trim) {
        let number = member.bytes().all(|byte| byte.is_ascii_digit()).then(|| member.parse().ok()).flatten();
        match (number, length) {
            (None, _) => return Err(HeadFault::ContentLength),
            (Some(number), Some(earlier)) if number != earlier => return Err(HeadFault::ContentLength),
            _ => length = number,
        }
    }
    length.ok_or(HeadFault::ContentLength)
}

#[cfg(test)]
mod tests;
