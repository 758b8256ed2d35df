//! Reads what a service answers: vectors, or the words of an error. Pure; foreign bytes are refused, never a panic, and a service that
//! repeats a secret is not repeated.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::embed::{Error, Judged, normalised};

/// The body of a success.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    data: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    /// Which text it is for. Small servers leave it out and keep the order.
    index: Option<usize>,
    /// Some write null for a text that they failed on.
    embedding: Option<Numbers>,
}

/// A vector as it is read: from digits or from base64, into numbers at once. An enum that tries the one and then the other would have serde
/// keep a copy of each text, and 32 bytes for each number.
#[derive(Debug)]
struct Numbers(Result<Vec<f32>, Error>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers, or base64")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Numbers, A::Error> {
                let mut floats = Vec::new();
                // JSON has no NaN, for which many libraries write null.
                while let Some(number) = numbers.next_element::<Option<f32>>()? {
                    floats.push(number.unwrap_or(f32::NAN));
                }
                Ok(Numbers(Ok(floats)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Numbers, E> {
                Ok(Numbers(undone(text)))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// Little-endian f32 in base64.
fn undone(text: &str) -> Result<Vec<f32>, Error> {
    let bytes = STANDARD.decode(text.trim()).map_err(|error| Error::Malformed { why: error.to_string() })?;
    let (words, rest) = bytes.as_chunks::<4>();
    match rest.is_empty() {
        true => Ok(words.iter().map(|word| f32::from_le_bytes(*word)).collect()),
        false => Err(Error::Malformed { why: format!("a vector of {} bytes is no list of f32", bytes.len()) }),
    }
}

impl Answer {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(body).map_err(|error| Error::Malformed { why: error.to_string() })
    }

    /// Normalised vectors in the order of the texts, of which there were so many; a bad one spoils no other.
    pub(super) fn vectors(self, expected: usize) -> Result<Vec<Judged>, Error> {
        if self.data.len() != expected {
            return Err(Error::WrongCount { expected, found: self.data.len() });
        }
        let mut vectors: Vec<Option<Judged>> = (0..expected).map(|_| None).collect();
        for (at, item) in self.data.into_iter().enumerate() {
            let index = item.index.unwrap_or(at);
            match vectors.get_mut(index) {
                Some(free @ None) => *free = Some(judged(item.embedding)),
                _ => return Err(Error::WrongIndex { index }),
            }
        }
        Ok(vectors.into_iter().flatten().collect())
    }
}

/// The length that most vectors have, of several such the first.
pub(super) fn usual_length(vectors: &[Judged]) -> Option<usize> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for length in vectors.iter().flatten().map(Vec::len) {
        match counts.iter_mut().find(|(other, _)| *other == length) {
            Some((_, count)) => *count += 1,
            None => counts.push((length, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(length, _)| length)
}

fn judged(numbers: Option<Numbers>) -> Judged {
    let vector = numbers.ok_or(Error::NotFinite)?.0?;
    match vector.len() {
        ..=MAX_DIMENSIONS => normalised(vector),
        found => Err(Error::TooManyDimensions { found, limit: MAX_DIMENSIONS }),
    }
}

/// The error of an answer that is no success.
pub(super) fn refusal(status: u16, retry_after: Option<Duration>, body: &[u8], secrets: &[String]) -> Error {
    // Whatever is longer says no more.
    let body = &body[..body.len().min(LONGEST_COMPLAINT)];
    let value = serde_json::from_slice::<Value>(body).ok();
    let message = message(value.as_ref(), body, secrets);
    let is_used_up = matches!(status, 402 | 403 | 429)
        && value.as_ref().is_some_and(|value| {
            let codes = ["/error/code", "/error/type", "/error/status", "/code", "/type"];
            let mut told = codes.iter().filter_map(|path| value.pointer(path)?.as_str());
            told.any(|code| USED_UP.contains(&code.to_ascii_lowercase().as_str()))
        });
    match is_used_up {
        true => Error::QuotaExceeded { status, message },
        false => Error::Status { status, message, retry_after },
    }
}

/// `text` without the secrets in it, nor the beginnings of any: a service may have cut what it repeats.
pub(super) fn masked(mut text: String, secrets: &[String]) -> String {
    for secret in secrets {
        let beginning: String = secret.chars().take(RECOGNISED).collect();
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(&beginning)).map(|at| from + at) {
            let told: usize =
                text[at..].chars().zip(secret.chars()).take_while(|(told, known)| told == known).map(|(told, _)| told.len_utf8()).sum();
            text.replace_range(at..at + told, "***");
            from = at + 3;
        }
    }
    text
}

/// What a server says about its error, on one line, shortened, and without the secrets that some repeat.
fn message(value: Option<&Value>, body: &[u8], secrets: &[String]) -> Option<String> {
    let text = match value {
        Some(value) => ["/error/message", "/error", "/message", "/detail"]
            .iter()
            .find_map(|path| value.pointer(path).and_then(|found| found.as_str().map(str::to_owned)))
            .unwrap_or_else(|| value.to_string()),
        None => String::from_utf8_lossy(body).into_owned(),
    };
    // Before it is cut, and before its white space changes.
    let text = masked(text, secrets);
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || steers(c)).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    let short: String = line.chars().take(MESSAGE).collect();
    match () {
        () if line.is_empty() => None,
        () if short.len() < line.len() => Some(short + "…"),
        () => Some(short),
    }
}

/// Whether a character acts on a terminal or turns the order of a text around (Unicode UAX 9, 2).
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Longer vectors than any model gives: the longest in use have 12,288 numbers.
pub(super) const MAX_DIMENSIONS: usize = 16_384;
/// How services say that no more is paid for, which no waiting changes.
const USED_UP: &[&str] = &[
    "insufficient_quota",
    "insufficient_user_quota",
    "quota_exceeded",
    "billing_hard_limit_reached",
    "billing_not_active",
    "credit_balance_too_low",
];
/// Bytes of the body of an error that are looked at.
const LONGEST_COMPLAINT: usize = 64 * 1024;
/// Characters of a secret that are recognised as its beginning.
const RECOGNISED: usize = 8;
/// Characters of a server's message that are passed on.
const MESSAGE: usize = 300;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vectors(body: &str, expected: usize) -> Result<Vec<Vec<f32>>, Error> {
        Answer::parse(body.as_bytes())?.vectors(expected)?.into_iter().collect()
    }

    #[test]
    fn vectors_come_in_the_order_of_their_index() {
        let body = r#"{"object":"list","data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3.0,4]}],"usage":{}}"#;
        assert_eq!(vectors(body, 2).unwrap(), [[0.6, 0.8], [0.0, 1.0]]);
        assert_eq!(vectors(r#"{"data":[{"embedding":[1]},{"embedding":[-1]}]}"#, 2).unwrap(), [[1.0], [-1.0]]);
    }

    #[test]
    fn base64_and_floats_are_the_same() {
        let bytes: Vec<u8> = [3.0_f32, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let body = format!(r#"{{"data":[{{"index":0,"embedding":"{}"}}]}}"#, STANDARD.encode(bytes));
        assert_eq!(vectors(&body, 1).unwrap(), [[0.6, 0.8]]);
    }

    #[test]
    fn wrong_answers_are_refused_by_what_is_wrong() {
        let one = r#"{"data":[{"index":0,"embedding":[1]}]}"#;
        assert!(matches!(vectors(one, 2), Err(Error::WrongCount { expected: 2, found: 1 })));
        let twice = r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#;
        assert!(matches!(vectors(twice, 2), Err(Error::WrongIndex { index: 0 })));
        assert!(matches!(vectors(r#"{"data":[{"index":7,"embedding":[1]}]}"#, 1), Err(Error::WrongIndex { index: 7 })));
        for bad in ["[0,0]", "[]", "[1e39]", "\"AACAfw==\"", "\"AADAfw==\"", "null", "[null]", "[1,null]"] {
            let body = format!(r#"{{"data":[{{"index":0,"embedding":{bad}}}]}}"#);
            assert!(matches!(vectors(&body, 1), Err(Error::NotFinite)), "{bad}");
        }
        for bad in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"{"data":[{"embedding":"%%"}]}"#,
            r#"{"data":[{"embedding":"AAA="}]}"#,
            r#"{"data":[{"embedding":[NaN]}]}"#,
            r#"{"data":[{"embedding":["x"]}]}"#,
        ] {
            assert!(matches!(vectors(bad, 1), Err(Error::Malformed { .. })), "{bad}");
        }
    }

    #[test]
    fn the_words_of_a_server_are_found_shortened_and_cleaned() {
        let secrets = ["sk-secret".to_owned()];
        let message = |body: &str| match refusal(500, None, body.as_bytes(), &secrets) {
            Error::Status { message, .. } => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(message(r#"{"error":{"message":"no such model","code":1}}"#).unwrap(), "no such model");
        assert_eq!(message(r#"{"error":"no"}"#).unwrap(), "no");
        assert_eq!(message(r#"{"detail":"no"}"#).unwrap(), "no");
        assert_eq!(message("<b>Bad\r\nGateway\u{1b}[31m</b>").unwrap(), "<b>Bad Gateway [31m</b>");
        assert_eq!(message(r#"{"error":{"message":"wrong key sk-secret"}}"#).unwrap(), "wrong key ***");
        assert_eq!(message(" "), None);
        assert_eq!(message(&"é".repeat(10_000)).unwrap().chars().count(), MESSAGE + 1);
        assert_eq!(message("a\u{202e}b\u{2066}c").unwrap(), "a b c");
        // Cut in the middle of the key.
        assert!(!message(&format!("{}sk-secret", "x".repeat(MESSAGE - 4))).unwrap().contains("sk-"));
    }

    #[test]
    fn one_bad_vector_spoils_no_other() {
        let long = format!("[{}1]", "0,".repeat(MAX_DIMENSIONS));
        for bad in ["null", "[null,null]", "[0,0]", "[]", "\"%%\"", long.as_str()] {
            let body = format!(r#"{{"data":[{{"embedding":[1,0]}},{{"embedding":{bad}}},{{"embedding":[0,1]}}]}}"#);
            let judged = Answer::parse(body.as_bytes()).unwrap().vectors(3).unwrap();
            assert_eq!(judged.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true], "{judged:?}");
        }
    }

    #[test]
    fn a_quota_that_is_used_up_is_no_passing_trouble() {
        let refusal = |status, body: &str| refusal(status, None, body.as_bytes(), &[]);
        let used_up = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        for status in [402, 403, 429] {
            let error = refusal(status, used_up);
            assert!(matches!(&error, Error::QuotaExceeded { .. }) && !error.is_transient() && error.hint().is_some(), "{error:?}");
        }
        let rate = r#"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}"#;
        assert!(refusal(429, rate).is_transient() && refusal(500, used_up).is_transient(), "negative control");
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands_and_however_much_of_it() {
        let secrets = ["sk-0123456789".to_owned(), "pässword-1".to_owned()];
        let masked = |text: &str| masked(text.to_owned(), &secrets);
        assert_eq!(masked("key sk-0123456789, again sk-0123456789sk-0123456789"), "key ***, again ******");
        assert_eq!(masked("cut: sk-012345…"), "cut: ***…");
        assert_eq!(masked("pässword-1 and pässword"), "*** and ***");
        assert_eq!(masked("sk-01 is anybody's, so is password"), "sk-01 is anybody's, so is password");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_an_error(body in any::<Vec<u8>>()) {
            let _ = Answer::parse(&body).and_then(|answer| answer.vectors(1));
            let _ = refusal(500, None, &body, &["sk-secret".to_owned()]);
        }
    }
}
