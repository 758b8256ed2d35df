//! Reads what a service answers: vectors, or the words of an error. Pure; foreign bytes are refused, never a panic.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::config::Secret;
use crate::embed::{Error, normalised};

/// The body of a success.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    data: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    /// Which text it is for. Small servers leave it out and keep the order.
    index: Option<usize>,
    embedding: Numbers,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Numbers {
    Floats(Vec<f32>),
    /// Little-endian f32 in base64.
    Base64(String),
}

impl Answer {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(body).map_err(|error| Error::Malformed { why: error.to_string() })
    }

    /// Normalised vectors in the order of the texts, of which there were so many.
    pub(super) fn vectors(self, expected: usize) -> Result<Vec<Vec<f32>>, Error> {
        if self.data.len() != expected {
            return Err(Error::WrongCount { expected, found: self.data.len() });
        }
        let mut vectors = vec![Vec::new(); expected];
        for (at, item) in self.data.into_iter().enumerate() {
            let index = item.index.unwrap_or(at);
            match vectors.get_mut(index) {
                Some(free) if free.is_empty() => *free = normalised(item.embedding.floats()?)?,
                _ => return Err(Error::WrongIndex { index }),
            }
        }
        Ok(vectors)
    }
}

impl Numbers {
    fn floats(self) -> Result<Vec<f32>, Error> {
        let text = match self {
            Self::Floats(floats) => return Ok(floats),
            Self::Base64(text) => text,
        };
        let bytes = STANDARD.decode(text.trim()).map_err(|error| Error::Malformed { why: error.to_string() })?;
        let (words, rest) = bytes.as_chunks::<4>();
        match rest.is_empty() {
            true => Ok(words.iter().map(|word| f32::from_le_bytes(*word)).collect()),
            false => Err(Error::Malformed { why: format!("a vector of {} bytes is no list of f32", bytes.len()) }),
        }
    }
}

/// What a server says about its error, on one line, shortened, and without the key that some repeat.
pub(super) fn message(body: &[u8], key: Option<&Secret>) -> Option<String> {
    let text = match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(value) => ["/error/message", "/error", "/message", "/detail"]
            .iter()
            .find_map(|path| value.pointer(path).and_then(|found| found.as_str().map(str::to_owned)))
            .unwrap_or_else(|| value.to_string()),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    // Before it is cut: half a key is not recognised any more.
    let text = match key {
        Some(key) => text.replace(key.reveal(), "***"),
        None => text,
    };
    let words: Vec<&str> =
        text.split(|character: char| character.is_whitespace() || character.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    let short: String = line.chars().take(MESSAGE).collect();
    match () {
        () if line.is_empty() => None,
        () if short.len() < line.len() => Some(short + "…"),
        () => Some(short),
    }
}

/// Characters of a server's message that are passed on.
const MESSAGE: usize = 300;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vectors(body: &str, expected: usize) -> Result<Vec<Vec<f32>>, Error> {
        Answer::parse(body.as_bytes())?.vectors(expected)
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
        for bad in ["[0,0]", "[]", "[1e39]", "\"AACAfw==\"", "\"AADAfw==\""] {
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
            r#"{"data":[{"embedding":[null]}]}"#,
        ] {
            assert!(matches!(vectors(bad, 1), Err(Error::Malformed { .. })), "{bad}");
        }
    }

    #[test]
    fn the_words_of_a_server_are_found_shortened_and_cleaned() {
        let key = Secret::new("sk-secret");
        let message = |body: &str| message(body.as_bytes(), Some(&key));
        assert_eq!(message(r#"{"error":{"message":"no such model","code":1}}"#).unwrap(), "no such model");
        assert_eq!(message(r#"{"error":"no"}"#).unwrap(), "no");
        assert_eq!(message(r#"{"detail":"no"}"#).unwrap(), "no");
        assert_eq!(message("<b>Bad\r\nGateway\u{1b}[31m</b>").unwrap(), "<b>Bad Gateway [31m</b>");
        assert_eq!(message(r#"{"error":{"message":"wrong key sk-secret"}}"#).unwrap(), "wrong key ***");
        assert_eq!(message(" "), None);
        assert_eq!(message(&"é".repeat(10_000)).unwrap().chars().count(), MESSAGE + 1);
        // Cut in the middle of the key.
        assert!(!message(&format!("{}sk-secret", "x".repeat(MESSAGE - 4))).unwrap().contains("sk-"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_an_error(body in any::<Vec<u8>>()) {
            let _ = Answer::parse(&body).and_then(|answer| answer.vectors(1));
            let _ = message(&body, None);
        }
    }
}
