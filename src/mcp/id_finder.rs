//! Finds the id of a message that is not parsed: too long, or JSON beyond the parser's limits. Whoever sent such a
//! request waits for an answer, and only one with its id ends the wait.

use serde_json::Value;

use crate::mcp::message::Id;

/// Reads a message in pieces of any size and keeps only the id: constant memory, no recursion.
#[derive(Debug, Default)]
pub struct IdFinder {
    /// Objects and arrays open here.
    depth: u32,
    inside: Inside,
    /// The string or bare word being read at depth 1; longer ones than `LIMIT` are forgotten.
    token: Vec<u8>,
    /// The last key read at depth 1, while its value is awaited.
    key_is_id: bool,
    /// A string has ended at depth 1: a colon makes it a key.
    string_ended: bool,
    found: Option<Id>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Inside {
    #[default]
    Nothing,
    Word,
    Text,
    /// Directly after a backslash.
    Escape,
}

/// Ids are short; a longer token is no id that anybody waits for.
const LIMIT: usize = 4096;

impl IdFinder {
    pub fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.step(byte);
        }
    }

    /// The last `id` at the top level of the object; call when all was fed.
    pub fn found(self) -> Option<Id> {
        self.found
    }

    fn step(&mut self, byte: u8) {
        match self.inside {
            Inside::Escape => {
                self.keep(byte);
                self.inside = Inside::Text;
                return;
            }
            Inside::Text => {
                self.keep(byte);
                match byte {
                    b'\\' => self.inside = Inside::Escape,
                    b'"' => {
                        self.inside = Inside::Nothing;
                        self.string_ended = self.depth == 1;
                    }
                    _ => {}
                }
                return;
            }
            Inside::Word | Inside::Nothing => {}
        }
        match byte {
            b'"' => {
                self.token.clear();
                self.keep(byte);
                self.inside = Inside::Text;
            }
            b':' if self.string_ended => {
                self.key_is_id = self.token == br#""id""#;
                self.string_ended = false;
                self.token.clear();
            }
            b',' => self.end_of_value(),
            b'{' | b'[' => {
                self.key_is_id = self.key_is_id && self.depth != 1;
                self.inside = Inside::Nothing;
                self.depth = self.depth.saturating_add(1);
            }
            b'}' | b']' => {
                self.end_of_value();
                self.depth = self.depth.saturating_sub(1);
            }
            b' ' | b'\t' | b'\r' | b'\n' => self.inside = Inside::Nothing,
            _ => {
                if self.inside == Inside::Nothing && self.depth == 1 {
                    self.token.clear();
                }
                self.inside = Inside::Word;
                self.keep(byte);
            }
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() < LIMIT {
            self.token.push(byte);
        }
    }

    fn end_of_value(&mut self) {
        if self.depth == 1 {
            if self.key_is_id {
                self.found = serde_json::from_slice::<Value>(&self.token).ok().as_ref().and_then(Id::parse);
            }
            self.token.clear();
            self.key_is_id = false;
            self.string_ended = false;
        }
        self.inside = Inside::Nothing;
    }
}

/// Whether the line is JSON by its grammar and only exceeds what the parser supports. serde_json gives such errors no
/// kind of their own, so its wording is compared; a test holds the wording.
pub(crate) fn is_beyond_parser(error: &serde_json::Error) -> bool {
    let text = error.to_string();
    ["recursion limit exceeded", "number out of range", "lone leading surrogate", "unexpected end of hex escape"]
        .iter()
        .any(|reason| text.starts_with(reason))
}
