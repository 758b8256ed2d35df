//! Messages of PostgreSQL's protocol, version 3: written into bytes and read from them. Pure.

use super::Broken;

/// Messages that wait to be sent, one after the other.
#[derive(Debug, Default)]
pub(in crate::store::postgres) struct Outgoing {
    bytes: Vec<u8>,
}

impl Outgoing {
    pub(in crate::store::postgres) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    pub(in crate::store::postgres) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// As if nothing had been written behind the first so many bytes.
    pub(in crate::store::postgres) fn cut(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// The first message, which has no kind: who wants to be let in where, and what holds for the session.
    pub(in crate::store::postgres) fn startup(&mut self, parameters: &[(&str, &str)]) {
        self.sized(None, |body| {
            body.extend(VERSION.to_be_bytes());
            for (name, value) in parameters {
                text(body, name);
                text(body, value);
            }
            body.push(0);
        });
    }

    /// Asks whether the server speaks TLS; it answers with one byte.
    pub(in crate::store::postgres) fn ask_for_tls(&mut self) {
        self.sized(None, |body| body.extend(TLS.to_be_bytes()));
    }

    /// On a connection of its own: the statement that another one runs is to end.
    pub(in crate::store::postgres) fn cancel(&mut self, process: i32, key: &[u8]) {
        self.sized(None, |body| {
            body.extend(CANCEL.to_be_bytes());
            body.extend(process.to_be_bytes());
            body.extend(key);
        });
    }

    pub(in crate::store::postgres) fn password(&mut self, password: &str) {
        self.sized(Some(b'p'), |body| text(body, password));
    }

    pub(in crate::store::postgres) fn sasl_begin(&mut self, mechanism: &str, first: &[u8]) {
        self.sized(Some(b'p'), |body| {
            text(body, mechanism);
            body.extend(length_of(first));
            body.extend(first);
        });
    }

    pub(in crate::store::postgres) fn sasl_answer(&mut self, answer: &[u8]) {
        self.sized(Some(b'p'), |body| body.extend(answer));
    }

    /// Statements without parameters, run one after the other.
    pub(in crate::store::postgres) fn batch(&mut self, sql: &str) {
        self.sized(Some(b'Q'), |body| text(body, sql));
    }

    /// Prepares a statement under a name; `kinds` are the numbers of its parameters' types.
    pub(in crate::store::postgres) fn parse(&mut self, name: &str, sql: &str, kinds: impl ExactSizeIterator<Item = u32>) {
        self.sized(Some(b'P'), |body| {
            text(body, name);
            text(body, sql);
            body.extend((kinds.len() as u16).to_be_bytes());
            kinds.for_each(|kind| body.extend(kind.to_be_bytes()));
        });
    }

    /// Gives a prepared statement its parameters, which `write` puts behind their lengths; everything is in binary, there and back.
    pub(in crate::store::postgres) fn bind<P>(&mut self, name: &str, parameters: &[P], write: impl Fn(&P, &mut Vec<u8>)) {
        self.sized(Some(b'B'), |body| {
            text(body, "");
            text(body, name);
            body.extend([0, 1, 0, 1]);
            body.extend((parameters.len() as u16).to_be_bytes());
            parameters.iter().for_each(|parameter| write(parameter, body));
            body.extend([0, 1, 0, 1]);
        });
    }

    pub(in crate::store::postgres) fn execute(&mut self) {
        self.sized(Some(b'E'), |body| {
            text(body, "");
            body.extend([0; 4]);
        });
    }

    /// Prepared statements are for as long as the connection; one that is not used any more can go.
    pub(in crate::store::postgres) fn close(&mut self, name: &str) {
        self.sized(Some(b'C'), |body| {
            body.push(b'S');
            text(body, name);
        });
    }

    pub(in crate::store::postgres) fn sync(&mut self) {
        self.sized(Some(b'S'), |_| {});
    }

    pub(in crate::store::postgres) fn goodbye(&mut self) {
        self.sized(Some(b'X'), |_| {});
    }

    fn sized(&mut self, kind: Option<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.extend(kind);
        let at = self.bytes.len();
        self.bytes.extend([0; 4]);
        write(&mut self.bytes);
        // Nothing that is sent comes near: what is too long is refused where its value is made.
        let length = i32::try_from(self.bytes.len() - at).unwrap_or(i32::MAX);
        self.bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
}

fn text(body: &mut Vec<u8>, text: &str) {
    body.extend(text.bytes().filter(|byte| *byte != 0));
    body.push(0);
}

/// A length as the protocol writes it before a value.
pub(in crate::store::postgres) fn length_of(value: &[u8]) -> [u8; 4] {
    i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes()
}

/// What the server says.
#[derive(Debug, PartialEq)]
pub(in crate::store::postgres) enum Incoming {
    Authentication(Authentication),
    /// By which this connection's statements are ended from another.
    Key {
        process: i32,
        key: Vec<u8>,
    },
    Parameter {
        name: String,
        value: String,
    },
    Row(Row),
    /// A statement is over: how many rows it has touched.
    Complete(u64),
    /// A transaction is over, and nothing of it has happened.
    Undone,
    Error(Box<Told>),
    Notice(Box<Told>),
    Ready(State),
    /// What nothing follows from.
    Other,
}

#[derive(Debug, PartialEq)]
pub(in crate::store::postgres) enum Authentication {
    Ok,
    Cleartext,
    Md5,
    Sasl(Vec<String>),
    SaslContinue(Vec<u8>),
    SaslFinal(Vec<u8>),
    Other(i32),
}

/// Where a connection is when it is ready for the next statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::postgres) enum State {
    Idle,
    InTransaction,
    Failed,
}

/// An error or a notice, as the server words it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store::postgres) struct Told {
    /// Five characters that say which it is, whatever the language (SQLSTATE).
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
    /// Its connection is over.
    pub is_fatal: bool,
}

/// A row of an answer: its bytes, and where each column is.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::store::postgres) struct Row {
    pub(in crate::store::postgres) bytes: Vec<u8>,
    /// None: NULL.
    pub(in crate::store::postgres) columns: Vec<Option<(usize, usize)>>,
}

impl Row {
    /// Bytes of memory that it takes.
    pub(in crate::store::postgres) fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len() + self.columns.len() * size_of::<Option<(usize, usize)>>()
    }
}

/// Bytes of a message before its body.
pub(in crate::store::postgres) const HEAD: usize = 5;

/// The kind of a message and the length of its body, which is `most` at most, from the bytes before it.
pub(in crate::store::postgres) fn head(head: [u8; HEAD], most: usize) -> Result<(u8, usize), Broken> {
    let [kind, length @ ..] = head;
    let length = usize::try_from(i32::from_be_bytes(length)).ok().and_then(|length| length.checked_sub(4));
    length.filter(|length| *length <= most).map(|length| (kind, length)).ok_or(Broken("a message has an impossible length"))
}

/// Reads the body of a message.
pub(in crate::store::postgres) fn read(kind: u8, body: Vec<u8>) -> Result<Incoming, Broken> {
    let mut rest = Rest(&body);
    Ok(match kind {
        b'R' => Incoming::Authentication(rest.authentication()?),
        b'K' => Incoming::Key { process: rest.number()?, key: rest.0.to_vec() },
        b'S' => Incoming::Parameter { name: rest.text()?, value: rest.text()? },
        b'D' => {
            let count = usize::try_from(rest.short()?).map_err(|_| CUT_OFF)?;
            let mut columns = Vec::with_capacity(count);
            for _ in 0..count {
                columns.push(match rest.number()? {
                    -1 => None,
                    length => {
                        let length = usize::try_from(length).map_err(|_| CUT_OFF)?;
                        let start = body.len() - rest.0.len();
                        rest.skip(length)?;
                        Some((start, start + length))
                    }
                });
            }
            Incoming::Row(Row { columns, bytes: body })
        }
        b'C' => {
            let tag = rest.text()?;
            if tag == "ROLLBACK" {
                return Ok(Incoming::Undone);
            }
            Incoming::Complete(tag.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0))
        }
        b'E' => Incoming::Error(Box::new(rest.told()?)),
        b'N' => Incoming::Notice(Box::new(rest.told()?)),
        b'Z' => Incoming::Ready(match rest.0 {
            [b'I'] => State::Idle,
            [b'T'] => State::InTransaction,
            [b'E'] => State::Failed,
            _ => return Err(Broken("the server is in an unknown state")),
        }),
        // Parsed, bound, closed, nothing to say, an empty statement, a description, a message of others.
        b'1' | b'2' | b'3' | b'n' | b'I' | b'T' | b't' | b'A' | b'v' => Incoming::Other,
        _ => return Err(Broken("a message is of an unknown kind")),
    })
}

/// What is left of a body.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn skip(&mut self, length: usize) -> Result<&[u8], Broken> {
        let (skipped, rest) = self.0.split_at_checked(length).ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(skipped)
    }

    fn number(&mut self) -> Result<i32, Broken> {
        let bytes = self.skip(4)?;
        Ok(i32::from_be_bytes(bytes.try_into().map_err(|_| CUT_OFF)?))
    }

    fn short(&mut self) -> Result<i16, Broken> {
        let bytes = self.skip(2)?;
        Ok(i16::from_be_bytes(bytes.try_into().map_err(|_| CUT_OFF)?))
    }

    fn text(&mut self) -> Result<String, Broken> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(CUT_OFF)?;
        let text = String::from_utf8_lossy(&self.0[..end]).into_owned();
        self.0 = &self.0[end + 1..];
        Ok(text)
    }

    fn authentication(&mut self) -> Result<Authentication, Broken> {
        Ok(match self.number()? {
            0 => Authentication::Ok,
            3 => Authentication::Cleartext,
            5 => Authentication::Md5,
            10 => {
                let mut mechanisms = Vec::new();
                while self.0.first().is_some_and(|byte| *byte != 0) {
                    mechanisms.push(self.text()?);
                }
                Authentication::Sasl(mechanisms)
            }
            11 => Authentication::SaslContinue(self.0.to_vec()),
            12 => Authentication::SaslFinal(self.0.to_vec()),
            other => Authentication::Other(other),
        })
    }

    fn told(&mut self) -> Result<Told, Broken> {
        let mut told = Told::default();
        loop {
            let kind = *self.skip(1)?.first().ok_or(CUT_OFF)?;
            match kind {
                0 => return Ok(told),
                b'C' => told.code = self.text()?,
                b'M' => told.message = shortened(self.text()?),
                b'D' => told.detail = Some(shortened(self.text()?)),
                // In English whatever the language of the server is.
                b'V' => told.is_fatal = matches!(self.text()?.as_str(), "FATAL" | "PANIC"),
                _ => _ = self.text()?,
            }
        }
    }
}

/// What stands in a message of ours is of a length that can be read.
fn shortened(mut text: String) -> String {
    if text.len() > LONGEST_TOLD {
        text.truncate(text.floor_char_boundary(LONGEST_TOLD));
        text.push('…');
    }
    text
}

const CUT_OFF: Broken = Broken("a message ends too early");

/// 3.0.
const VERSION: i32 = 3 << 16;
const TLS: i32 = 80_877_103;
const CANCEL: i32 = 80_877_102;
/// Of a message in bytes, there and back: PostgreSQL's own bound of a value is a gigabyte.
pub(in crate::store::postgres) const LONGEST: usize = 512 << 20;
/// Of what an error or a notice says.
const LONGEST_TOLD: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Result<Incoming, Broken> {
        read(kind, body.to_vec())
    }

    #[test]
    fn messages_have_their_lengths_before_them() {
        let mut outgoing = Outgoing::default();
        outgoing.batch("SELECT 1");
        assert_eq!(outgoing.take(), b"Q\0\0\0\x0dSELECT 1\0");
        outgoing.ask_for_tls();
        assert_eq!(outgoing.take(), [0, 0, 0, 8, 4, 210, 22, 47]);
        outgoing.startup(&[("user", "a")]);
        assert_eq!(outgoing.take(), b"\0\0\0\x10\0\x03\0\0user\0a\0\0");
        // What is in a text cannot end it.
        outgoing.password("a\0b");
        assert_eq!(outgoing.take(), b"p\0\0\0\x07ab\0");
    }

    #[test]
    fn rows_and_errors_are_read() {
        let row = message(b'D', b"\0\x03\0\0\0\x02ab\xff\xff\xff\xff\0\0\0\0").unwrap();
        let Incoming::Row(row) = row else { panic!("{row:?}") };
        assert_eq!(row.columns, [Some((6, 8)), None, Some((16, 16))]);
        let error = message(b'E', b"SFEHLER\0VFATAL\0C57P01\0Mends\0DLong.\0Fx.c\0\0").unwrap();
        let told = Told { code: "57P01".into(), message: "ends".into(), detail: Some("Long.".into()), is_fatal: true };
        assert_eq!(error, Incoming::Error(Box::new(told)));
        assert_eq!(message(b'C', b"INSERT 0 12\0").unwrap(), Incoming::Complete(12));
        assert_eq!(message(b'C', b"CREATE TABLE\0").unwrap(), Incoming::Complete(0));
        assert_eq!(message(b'C', b"ROLLBACK\0").unwrap(), Incoming::Undone);
        let long = message(b'N', format!("M{}\0D{}\0\0", "é".repeat(60_000), "x".repeat(60_000)).as_bytes()).unwrap();
        let Incoming::Notice(long) = long else { panic!("{long:?}") };
        assert!(long.message.len() < 2_010 && long.message.ends_with("é…") && long.detail.as_ref().unwrap().len() < 2_010);
        assert_eq!(message(b'Z', b"T").unwrap(), Incoming::Ready(State::InTransaction));
        let sasl = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0").unwrap();
        assert_eq!(sasl, Incoming::Authentication(Authentication::Sasl(vec!["SCRAM-SHA-256".into()])));
    }

    #[test]
    fn what_is_cut_off_is_refused_and_nothing_else_happens() {
        for (kind, body) in [
            (b'D', &b"\0\x01\0\0\0\x09ab"[..]),
            (b'D', b"\xff\xff"),
            (b'D', b"\0\x01\xff\xff\xff\xfe"),
            (b'E', b"SERROR"),
            (b'E', b""),
            (b'R', b"\0\0"),
            (b'Z', b"X"),
            (b'?', b""),
        ] {
            assert!(message(kind, body).is_err(), "{} {body:?}", char::from(kind));
        }
        for odd in [*b"D\0\0\0\x03", *b"D\x7f\xff\xff\xff", *b"D\xff\xff\xff\xff", *b"D\0\0\0\x0d"] {
            assert!(head(odd, 8).is_err(), "{odd:?}");
        }
        assert_eq!((head(*b"D\0\0\0\x06", 8), head(*b"D\0\0\0\x0c", 8)), (Ok((b'D', 2)), Ok((b'D', 8))));
    }
}
