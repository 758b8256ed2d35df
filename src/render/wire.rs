//! The browser's protocol on a pipe: JSON with a NUL behind each message. Pure.

use std::io::{self, BufRead};

use serde_json::{Value, json};

use super::error::Error;

/// What the browser says.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// To a call of ours.
    Answer { id: u64, outcome: Result<Value, String> },
    /// Of a session, which is what we have of a page; else of the browser.
    Event { session: Option<String>, method: String, params: Value },
    /// Too long to be kept, as a page can make itself and the words about what it asks for. Of an answer whoever waits for it is told; else
    /// it is waited for until its limit.
    PassedOver { answers: Option<u64>, bytes: usize },
}

/// A call as it goes out.
pub(super) fn call(id: u64, session: Option<&str>, method: &str, params: Value) -> Vec<u8> {
    let mut message = json!({ "id": id, "method": method, "params": params });
    if let Some(session) = session {
        message["sessionId"] = session.into();
    }
    let mut bytes = message.to_string().into_bytes();
    bytes.push(0);
    bytes
}

/// The next message; none at the end. `buffer` is room for it.
pub(super) fn read(from: &mut impl BufRead, buffer: &mut Vec<u8>) -> Result<Option<Message>, Error> {
    buffer.clear();
    let mut bytes = 0;
    loop {
        let piece = match from.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // A pipe whose other end died.
            Err(_) => return Ok(None),
        };
        if piece.is_empty() {
            return Ok(None);
        }
        let (taken, is_whole) = match memchr::memchr(0, piece) {
            Some(end) => (end, true),
            None => (piece.len(), false),
        };
        bytes += taken;
        if bytes <= LONGEST {
            buffer.extend_from_slice(&piece[..taken]);
        }
        from.consume(taken + usize::from(is_whole));
        match is_whole {
            true if bytes > LONGEST => return Ok(Some(Message::PassedOver { answers: answered(buffer), bytes })),
            true => return parse_whole(buffer).map(Some),
            false if bytes > ENDLESS => return Err(Error::TooLong { limit: ENDLESS }),
            false => {}
        }
    }
}

/// Which call a message answers, by its beginning: the browser writes that first.
fn answered(bytes: &[u8]) -> Option<u64> {
    let number = bytes.strip_prefix(b"{\"id\":")?;
    let number = &number[..number.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count()];
    str::from_utf8(number).ok()?.parse().ok()
}

/// A page may have half of a character, as it cuts texts where it likes, and the browser sends what it has: one character is lost by that, and
/// not the browser with all pages in it.
fn parse_whole(bytes: &mut [u8]) -> Result<Message, Error> {
    match parse(bytes) {
        Err(_) if replace_halves(bytes) => parse(bytes),
        outcome => outcome,
    }
}

/// Puts the sign for what cannot be shown in the place of each `\ud83d` that is half of a pair and stands alone. Whether there was one.
fn replace_halves(bytes: &mut [u8]) -> bool {
    let (mut at, mut replaced) = (0, false);
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        at += found;
        at += match (unit(&bytes[at..]), bytes.get(at + UNIT..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * UNIT,
            (Some(0xd800..=0xdfff), _) => {
                bytes[at..at + UNIT].copy_from_slice(b"\\ufffd");
                replaced = true;
                UNIT
            }
            (Some(_), _) => UNIT,
            // The stroke, and what it stands before.
            (None, _) => 2,
        };
        if at >= bytes.len() {
            break;
        }
    }
    replaced
}

/// The number of an escape that these bytes begin with.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.get(..UNIT)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | (*digit as char).to_digit(16)? as u16))
}

fn parse(bytes: &[u8]) -> Result<Message, Error> {
    let junk = || Error::Junk { what: String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).into_owned() };
    let Ok(Value::Object(mut message)) = serde_json::from_slice::<Value>(bytes) else { return Err(junk()) };
    if let Some(id) = message.get("id").and_then(Value::as_u64) {
        let outcome = match message.remove("error") {
            Some(error) => Err(error["message"].as_str().unwrap_or("no reason given").chars().take(SHOWN).collect()),
            None => Ok(message.remove("result").unwrap_or_default()),
        };
        return Ok(Message::Answer { id, outcome });
    }
    match message.remove("method") {
        Some(Value::String(method)) => {
            let session = message.remove("sessionId").and_then(|session| session.as_str().map(str::to_owned));
            Ok(Message::Event { session, method, params: message.remove("params").unwrap_or_default() })
        }
        // An error that belongs to no call: what we sent was not understood.
        _ => Err(junk()),
    }
}

/// Bytes of a message: the longest page in JSON, and more.
pub(super) const LONGEST: usize = 64 << 20;
/// Bytes after which one is not even waited for any more.
const ENDLESS: usize = 512 << 20;
/// Bytes of `\u0000`.
const UNIT: usize = 6;
/// Characters that are shown of what is not understood.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Result<Message, String>> {
        // Three bytes at a time, so that messages come in pieces.
        let mut from = io::BufReader::with_capacity(3, bytes);
        let mut buffer = Vec::new();
        let mut all = Vec::new();
        loop {
            match read(&mut from, &mut buffer) {
                Ok(Some(message)) => all.push(Ok(message)),
                Ok(None) => return all,
                Err(error) => {
                    all.push(Err(error.to_string()));
                    return all;
                }
            }
        }
    }

    #[test]
    fn messages_end_with_a_nul() {
        let bytes = b"{\"id\":1,\"result\":{\"a\":2}}\0{\"method\":\"Page.x\",\"sessionId\":\"S\",\"params\":{}}\0{\"id\":2,\"error\":{\"message\":\"no\"}}\0{\"id\"";
        let answer = |id, outcome| Ok(Message::Answer { id, outcome });
        let event = Message::Event { session: Some("S".to_owned()), method: "Page.x".to_owned(), params: json!({}) };
        assert_eq!(all(bytes), [answer(1, Ok(json!({ "a": 2 }))), Ok(event), answer(2, Err("no".to_owned()))]);
        assert_eq!(call(7, Some("S"), "A.b", json!({})).last(), Some(&0));
    }

    #[test]
    fn junk_is_an_error() {
        for junk in ["hello\0", "[]\0", "{}\0", "\0", "{\"error\":{\"message\":\"x\"}}\0", &format!("{}\0", "[".repeat(100_000))] {
            assert!(matches!(all(junk.as_bytes()).as_slice(), [Err(_)]), "{}", &junk[..junk.len().min(20)]);
        }
    }

    #[test]
    fn halves_of_characters_are_replaced_and_nothing_else() {
        let read = |text: &str| match all(format!("{{\"id\":1,\"result\":\"{text}\"}}\0").as_bytes()).as_slice() {
            [Ok(Message::Answer { outcome: Ok(Value::String(text)), .. })] => text.clone(),
            other => panic!("{text}: {other:?}"),
        };
        for (sent, text) in [
            ("a\\ud83d", "a\u{fffd}"),
            ("\\uD83D\\ud83d\\ude00!", "\u{fffd}\u{1f600}!"),
            ("\\ude00\\ud83d", "\u{fffd}\u{fffd}"),
            // A stroke that is one, and no escape behind it.
            ("\\\\ud83d\\ud83d\\\\", "\\ud83d\u{fffd}\\"),
            ("\\ud83dé\\u00e9\\n", "\u{fffd}éé\n"),
        ] {
            assert_eq!(read(sent), text, "{sent}");
        }
        for junk in ["\\u", "\\ud8", "\\ud83d\\uxxxx", "\\"] {
            let sent = format!("{{\"id\":1,\"result\":\"{junk}");
            assert!(matches!(all(format!("{sent}\0").as_bytes()).as_slice(), [Err(_)]), "{junk}");
        }
    }

    #[test]
    fn what_is_too_long_is_passed_over_and_the_next_is_read() {
        let long = format!("{}\0{{\"id\":7,\"result\":\"{}\0{}\0", " ".repeat(LONGEST + 1), "x".repeat(LONGEST), "{\"id\":1}");
        let mut from = io::BufReader::new(long.as_bytes());
        let mut buffer = Vec::new();
        assert_eq!(read(&mut from, &mut buffer).unwrap(), Some(Message::PassedOver { answers: None, bytes: LONGEST + 1 }));
        assert!(matches!(read(&mut from, &mut buffer), Ok(Some(Message::PassedOver { answers: Some(7), .. }))));
        assert!(buffer.capacity() <= 2 * LONGEST);
        assert!(matches!(read(&mut from, &mut buffer), Ok(Some(Message::Answer { id: 1, .. }))));
    }

    #[test]
    fn no_message_is_endless() {
        let mut endless = io::BufReader::with_capacity(1 << 20, io::repeat(b'x'));
        assert!(matches!(read(&mut endless, &mut Vec::new()), Err(Error::TooLong { .. })));
    }
}
