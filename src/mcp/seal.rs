//! Lets clients carry something of ours that they must not change: a cursor, or the state between two rounds of a request.
//! Sealed with a key that only this server has; it is readable, so it holds no secrets.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use serde_json::Value;

/// Signs and checks with HMAC-SHA256 (RFC 2104).
#[derive(Debug)]
pub(crate) struct Seal(hmac::Key);

/// Bytes of the signature.
const TAG: usize = 32;

impl Seal {
    /// With a key of its own, for as long as the server lives. `None` if the system has no randomness.
    pub(crate) fn new() -> Option<Seal> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok().map(Seal)
    }

    /// `text` in a form that [`Seal::opened`] accepts for the same purpose only.
    pub(crate) fn sealed(&self, purpose: &Purpose, text: &str) -> String {
        let tag = self.signed(purpose, text.as_bytes());
        URL_SAFE_NO_PAD.encode([tag.as_ref(), text.as_bytes()].concat())
    }

    /// `None` for whatever was not sealed here for this purpose.
    pub(crate) fn opened(&self, purpose: &Purpose, sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (tag, text) = bytes.split_at_checked(TAG)?;
        hmac::verify(&self.0, &purpose.with(text), tag).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    fn signed(&self, purpose: &Purpose, text: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, &purpose.with(text))
    }
}

/// What a seal is good for; one for another purpose does not open.
#[derive(Debug)]
pub(crate) struct Purpose(String);

impl Purpose {
    /// The next page of that list.
    pub(crate) fn cursor(list: &'static str) -> Purpose {
        Purpose(format!("cursor\n{list}"))
    }

    /// The next round of that request: of the same method with the same parameters, whatever the order of their keys.
    pub(crate) fn round(method: &str, name: &str, arguments: &Value) -> Purpose {
        let mut text = format!("round\n{method}\n{name:?}\n");
        write_sorted(arguments, &mut text);
        Purpose(text)
    }

    /// With the length in front, no text can pass for a part of the purpose.
    fn with(&self, text: &[u8]) -> Vec<u8> {
        let length = (self.0.len() as u64).to_be_bytes();
        [length.as_slice(), self.0.as_bytes(), text].concat()
    }
}

/// JSON with the keys of every object in order: maps keep whatever order the client wrote when some crate of the program wants so.
fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| key.as_str());
            out.push('{');
            for (key, value) in entries {
                out.push_str(&format!("{key:?}:"));
                write_sorted(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for value in values {
                write_sorted(value, out);
                out.push(',');
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_was_sealed_for_the_same_purpose_opens() {
        let seal = Seal::new().unwrap();
        let purpose = Purpose::cursor("tools");
        let sealed = seal.sealed(&purpose, "50");
        assert_eq!(seal.opened(&purpose, &sealed).as_deref(), Some("50"));
        assert_eq!(seal.opened(&Purpose::cursor("prompts"), &sealed), None);
        assert_eq!(Seal::new().unwrap().opened(&purpose, &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.opened(&purpose, std::str::from_utf8(&changed).unwrap()), None, "{at}");
        }
        for odd in ["", "A", "50", "äöü", &format!("{sealed}-TAMPERED"), &"A".repeat(100_000)] {
            assert_eq!(seal.opened(&purpose, odd), None);
        }
    }

    #[test]
    fn a_round_belongs_to_its_request() {
        let seal = Seal::new().unwrap();
        let round = |method: &str, name: &str, arguments: &str| {
            let arguments: Value = serde_json::from_str(arguments).unwrap();
            Purpose::round(method, name, &arguments)
        };
        let sealed = seal.sealed(&round("tools/call", "a", r#"{"x":1,"y":[{"b":2,"a":1}]}"#), "");
        assert!(seal.opened(&round("tools/call", "a", r#"{"y":[{"a":1,"b":2}],"x":1}"#), &sealed).is_some());
        for (method, name, arguments) in
            [("prompts/get", "a", "{}"), ("tools/call", "b", "{}"), ("tools/call", "a", r#"{"x":2,"y":[{"b":2,"a":1}]}"#)]
        {
            assert!(seal.opened(&round(method, name, arguments), &sealed).is_none(), "{method} {name} {arguments}");
        }
        assert_eq!(seal.opened(&Purpose::round("a", "b", &json!({})), &seal.sealed(&Purpose::cursor("a"), "")), None);
    }
}
