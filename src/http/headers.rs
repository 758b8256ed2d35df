//! Header fields of an answer, in the order sent. Names compare without case; values are text even where the peer sent Latin-1.

use std::fmt;

/// The header section of an answer. One allocation holds all names and values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    text: String,
    spans: Vec<Span>,
}

/// Byte offsets into `Headers::text`: the name ends where the value begins.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    middle: u32,
    end: u32,
}

impl Headers {
    /// All fields as `(name, value)`; names as the peer wrote them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.spans
            .iter()
            .map(|span| (&self.text[span.start as usize..span.middle as usize], &self.text[span.middle as usize..span.end as usize]))
    }

    /// The value of the first field of this name. Bytes that are not UTF-8 were read as Latin-1, so nothing is lost.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of every field of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The members of a comma-separated list spread over any number of fields (RFC 9110 5.6.1), empty ones left out.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.all(name).flat_map(|value| value.split(',')).map(str::trim).filter(|member| !member.is_empty())
    }

    pub fn len(&self) -> usize {
        self.spans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub(super) fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), spans: Vec::with_capacity(fields) }
    }

    /// Adds a field as received: Latin-1 is made text, and a folded value one line (RFC 9112 5.2). In an address, bytes that are not UTF-8 are
    /// percent-encoded instead: its server knows it by them.
    pub(super) fn push_raw(&mut self, name: &str, value: &[u8]) {
        let (start, middle) = self.open(name);
        match std::str::from_utf8(value) {
            Ok(value) if !value.contains(['\r', '\n']) => self.text.push_str(value),
            Ok(value) => push_unfolded(&mut self.text, value),
            Err(_) if ADDRESSES.iter().any(|known| known.eq_ignore_ascii_case(name)) => push_unfolded(&mut self.text, &encoded(value)),
            Err(_) => {
                let latin: String = value.iter().map(|byte| char::from(*byte)).collect();
                push_unfolded(&mut self.text, &latin);
            }
        }
        self.close(start, middle);
    }

    fn open(&mut self, name: &str) -> (u32, u32) {
        let start = self.text.len() as u32;
        self.text.push_str(name);
        (start, self.text.len() as u32)
    }

    fn close(&mut self, start: u32, middle: u32) {
        self.spans.push(Span { start, middle, end: self.text.len() as u32 });
    }
}

fn push_unfolded(text: &mut String, value: &str) {
    for (number, line) in value.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        if number > 0 {
            text.push(' ');
        }
        text.push_str(line);
    }
}

/// Fields whose value is an address.
const ADDRESSES: [&str; 3] = ["location", "refresh", "content-location"];

/// What is not ASCII percent-encoded, but for the host, which is a name and no bytes.
fn encoded(value: &[u8]) -> String {
    let host = match value.windows(2).position(|pair| pair == b"//") {
        Some(at) if at == 0 || value[at - 1] == b':' => {
            at + 2..value[at + 2..].iter().position(|byte| b"/?#".contains(byte)).map_or(value.len(), |length| at + 2 + length)
        }
        _ => 0..0,
    };
    let mut text = String::with_capacity(value.len() + 16);
    for (at, byte) in value.iter().enumerate() {
        match byte {
            0x80.. if !host.contains(&at) => text.push_str(&format!("%{byte:02X}")),
            _ => text.push(char::from(*byte)),
        }
    }
    text
}

/// For tests and for answers made up by a caller's own cache.
impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in fields {
            let (start, middle) = headers.open(name.as_ref());
            headers.text.push_str(value.as_ref());
            headers.close(start, middle);
        }
        headers
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case_and_values_keep_their_order() {
        let headers = Headers::from_iter([("Vary", "a, b"), ("X", "1"), ("vary", "c,,")]);
        assert_eq!(headers.first("VARY"), Some("a, b"));
        assert_eq!(headers.all("vary").collect::<Vec<_>>(), ["a, b", "c,,"]);
        assert_eq!(headers.list("vary").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(headers.first("y"), None);
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn latin_1_becomes_text_and_folds_become_spaces() {
        let mut headers = Headers::default();
        headers.push_raw("a", b"caf\xe9");
        headers.push_raw("b", "café".as_bytes());
        headers.push_raw("c", b"one\r\n  two\n\tthree");
        assert_eq!(headers.iter().map(|(_, value)| value).collect::<Vec<_>>(), ["café", "café", "one two three"]);
    }

    #[test]
    fn the_bytes_of_an_address_stay_what_they_are() {
        for (sent, read) in [
            (&b"/caf\xe9?q=\xfc#\xdf"[..], "/caf%E9?q=%FC#%DF"),
            ("/café".as_bytes(), "/café"),
            (b"http://caf\xe9.test/caf\xe9//caf\xe9", "http://café.test/caf%E9//caf%E9"),
            (b"//caf\xe9.test", "//café.test"),
            (b"/a//caf\xe9", "/a//caf%E9"),
        ] {
            let mut headers = Headers::default();
            headers.push_raw("Location", sent);
            headers.push_raw("X-Title", sent);
            assert_eq!(headers.first("location"), Some(read));
            assert!(!headers.first("x-title").unwrap().contains('%'), "other fields are text");
        }
    }
}
