//! Cuts a page into the tokens that html5ever's tree builder takes: tags, text, comments. The tokenizer of the HTML standard
//! (<https://html.spec.whatwg.org/#tokenization>) for a page that is there as a whole: text and values that stand in it as they are read
//! are views of it, not copies. Knows no tree; passes the tests of html5lib.

mod declaration;
mod entities;
mod names;
mod references;
#[cfg(test)]
mod tests;

use std::ops::Range;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::{Attribute, LocalName, QualName, ns};
use memchr::{memchr, memchr2};

use crate::extract::text::with_line_feeds;
use crate::model::Meter;

use self::names::Names;
pub(super) use self::references::{Place, decode};

/// Gives the tokens of a page to a sink, as far as the budget goes, and the end.
pub(super) fn run(html: &str, sink: &impl TokenSink, meter: &Meter) {
    let html = html.strip_prefix('\u{feff}').unwrap_or(html);
    // Only in XML a page names texts of its own.
    let html = if sink.adjusted_current_node_present_but_not_in_html_namespace() { entities::replaced(html) } else { html.into() };
    let text = StrTendril::from(&*with_line_feeds(&html));
    let mut tokenizer = Tokenizer::new(&text, sink);
    let mut before = 0;
    while tokenizer.at < text.len() && meter.goes_on_by(1 + (tokenizer.at - before) / BYTES_A_STEP) {
        before = tokenizer.at;
        tokenizer.step();
    }
    tokenizer.finish();
}

struct Tokenizer<'a, S> {
    /// The page, with line feeds only.
    source: &'a str,
    /// The same, for views of it.
    text: &'a StrTendril,
    has_nulls: bool,
    /// How far it is read, in bytes.
    at: usize,
    state: State,
    /// The start tag that was given last: what holds text ends with its end tag.
    last: Option<LocalName>,
    names: Names,
    /// Those of one tag.
    attributes: Vec<Span>,
    /// What text with references becomes.
    decoded: String,
    sink: &'a S,
}

/// What the rest of the page is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Markup.
    Data,
    /// Text up to an end tag, with references.
    Rcdata,
    /// Text up to an end tag.
    Rawtext,
    /// The same, in which a comment may hold another script.
    Script,
    /// Text up to the end.
    Plaintext,
    /// Text up to `]]>`.
    Cdata,
}

/// Where an attribute is in the page.
#[derive(Clone, Debug)]
struct Span {
    name: Range<usize>,
    value: Range<usize>,
}

impl<'a, S: TokenSink> Tokenizer<'a, S> {
    fn new(text: &'a StrTendril, sink: &'a S) -> Self {
        Self {
            source: text,
            text,
            has_nulls: memchr(0, text.as_bytes()).is_some(),
            at: 0,
            state: State::Data,
            last: None,
            names: Names::default(),
            attributes: Vec::new(),
            decoded: String::new(),
            sink,
        }
    }

    /// Reads at least one byte.
    fn step(&mut self) {
        match self.state {
            State::Data => self.data(),
            State::Rcdata | State::Rawtext | State::Script => self.held_text(),
            State::Plaintext => self.text_up_to(self.source.len()),
            State::Cdata => self.quoted_text(),
        }
    }

    fn finish(&self) {
        self.give(Token::EOFToken);
        self.sink.end();
    }

    /// Gives what changes nothing for the tokenizer.
    fn give(&self, token: Token) {
        let _ = self.sink.process_token(token, LINE);
    }

    fn data(&mut self) {
        let bytes = self.source.as_bytes();
        let tag = memchr(b'<', &bytes[self.at..]).map_or(bytes.len(), |distance| self.at + distance);
        if tag > self.at {
            return self.text_up_to(tag);
        }
        match (bytes.get(tag + 1), bytes.get(tag + 2)) {
            (Some(first), _) if first.is_ascii_alphabetic() => self.tag(TagKind::StartTag, tag + 1),
            (Some(b'/'), Some(first)) if first.is_ascii_alphabetic() => self.tag(TagKind::EndTag, tag + 2),
            (Some(b'/'), Some(b'>')) => self.at = tag + 3,
            (Some(b'/'), Some(_)) => self.bogus_comment(tag + 2),
            (Some(b'!'), _) => self.declaration(),
            (Some(b'?'), _) => self.bogus_comment(tag + 1),
            // At the end it is text, too.
            (Some(b'/'), None) => self.text_up_to(tag + 2),
            _ => self.text_up_to(tag + 1),
        }
    }

    /// What an element holds that holds text only.
    fn held_text(&mut self) {
        let end = match self.state {
            State::Script => self.end_of_script(),
            _ => self.end_of_text(),
        };
        if end > self.at {
            self.text_up_to(end);
        }
        self.state = State::Data;
        if end < self.source.len() {
            self.tag(TagKind::EndTag, end + 2);
        }
    }

    fn end_of_text(&self) -> usize {
        let bytes = self.source.as_bytes();
        let Some(name) = &self.last else { return bytes.len() };
        let mut from = self.at;
        while let Some(distance) = memchr(b'<', &bytes[from..]) {
            let tag = from + distance;
            if bytes.get(tag + 1) == Some(&b'/') && self.is_named(tag + 2, name) {
                return tag;
            }
            from = tag + 1;
        }
        bytes.len()
    }

    /// A script that begins a comment and another script within it ends behind both.
    fn end_of_script(&self) -> usize {
        let bytes = self.source.as_bytes();
        let Some(name) = &self.last else { return bytes.len() };
        let (mut from, mut is_comment, mut is_within) = (self.at, false, false);
        while let Some(distance) = memchr2(b'<', if is_comment { b'-' } else { b'<' }, &bytes[from..]) {
            let at = from + distance;
            from = at + 1;
            let rest = &bytes[at..];
            if rest.starts_with(b"-->") {
                (is_comment, is_within) = (false, false);
            } else if rest.starts_with(b"</") && !is_within && self.is_named(at + 2, name) {
                return at;
            } else if rest.starts_with(b"</") && is_within && self.is_named(at + 2, "script") {
                is_within = false;
            } else if rest.starts_with(b"<!--") && !is_comment {
                // "<!-->" is a whole one.
                (is_comment, from) = (true, at + 2);
            } else if rest[0] == b'<' && is_comment && self.is_named(at + 1, "script") {
                is_within = true;
            }
        }
        bytes.len()
    }

    /// Whether there is the name of a tag, whatever follows it.
    fn is_named(&self, at: usize, name: &str) -> bool {
        let (bytes, end) = (self.source.as_bytes(), at + name.len());
        bytes.get(at..end).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
            && bytes.get(end).is_some_and(|next| is_blank(*next) || matches!(next, b'/' | b'>'))
    }

    fn quoted_text(&mut self) {
        let end = memchr::memmem::find(&self.source.as_bytes()[self.at..], b"]]>").map(|distance| self.at + distance);
        self.text_up_to(end.unwrap_or(self.source.len()));
        if let Some(end) = end {
            (self.at, self.state) = (end + 3, State::Data);
        }
    }

    /// Gives the text from here to there.
    fn text_up_to(&mut self, end: usize) {
        let range = std::mem::replace(&mut self.at, end)..end;
        let keeps_nulls = matches!(self.state, State::Data | State::Cdata);
        if !self.has_nulls || !keeps_nulls {
            return self.plain_text(range);
        }
        let mut from = range.start;
        while let Some(distance) = memchr(0, &self.source.as_bytes()[from..range.end]) {
            self.plain_text(from..from + distance);
            // The tree builder knows where it is nothing.
            self.give(Token::NullCharacterToken);
            from += distance + 1;
        }
        self.plain_text(from..range.end);
    }

    fn plain_text(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let text = match self.state {
            State::Data | State::Rcdata => self.value(range, Place::Text),
            State::Rawtext | State::Script | State::Plaintext | State::Cdata => self.without_nulls(range),
        };
        self.give(Token::CharacterTokens(text));
    }

    /// With references replaced.
    fn value(&mut self, range: Range<usize>, place: Place) -> StrTendril {
        let source = &self.source[range.clone()];
        if memchr(b'&', source.as_bytes()).is_none() {
            return self.without_nulls(range);
        }
        self.decoded.clear();
        decode(source, place, &mut self.decoded);
        match self.decoded.contains('\0') {
            true => StrTendril::from(self.decoded.replace('\0', "\u{fffd}")),
            false => StrTendril::from(&*self.decoded),
        }
    }

    fn without_nulls(&self, range: Range<usize>) -> StrTendril {
        let source = &self.source[range.clone()];
        match self.has_nulls && source.contains('\0') {
            true => StrTendril::from(source.replace('\0', "\u{fffd}")),
            // A tendril is shorter than 4 GiB, and so are its parts.
            false => self.text.subtendril(range.start as u32, (range.end - range.start) as u32),
        }
    }

    /// A tag whose name begins at `from`. One that the page ends in is none.
    fn tag(&mut self, kind: TagKind, from: usize) {
        let start = self.at;
        let Some((name, self_closing)) = self.scan(from) else {
            self.at = self.source.len();
            return;
        };
        let name = self.names.of(&self.source[name]);
        let is_giant = self.at - start > GIANT_TAG && self.attributes.len() > MOST_ATTRIBUTES;
        if kind == TagKind::StartTag {
            self.last = Some(name.clone());
        }
        if is_giant {
            // Without its tag a style would be text.
            if kind == TagKind::StartTag && super::tags::holds_text(&name) {
                self.at = self.end_of_text();
            }
            return;
        }
        let (attrs, had_duplicate_attributes) = match kind {
            TagKind::StartTag => self.read_attributes(),
            TagKind::EndTag => (Vec::new(), false),
        };
        let tag = Tag { kind, name, self_closing, attrs, had_duplicate_attributes };
        self.state = match self.sink.process_token(Token::TagToken(tag), LINE) {
            TokenSinkResult::Plaintext => State::Plaintext,
            TokenSinkResult::RawData(RawKind::Rcdata) => State::Rcdata,
            TokenSinkResult::RawData(RawKind::Rawtext) => State::Rawtext,
            TokenSinkResult::RawData(RawKind::ScriptData | RawKind::ScriptDataEscaped(_)) => State::Script,
            // No script is run, and what the page is encoded in has been decided.
            TokenSinkResult::Continue | TokenSinkResult::Script(_) | TokenSinkResult::EncodingIndicator(_) => State::Data,
        };
    }

    /// Finds the parts of a tag and goes behind it: where its name is, and whether it closes itself. None where the page ends before.
    fn scan(&mut self, from: usize) -> Option<(Range<usize>, bool)> {
        let bytes = self.source.as_bytes();
        self.attributes.clear();
        let end = from + bytes[from..].iter().position(|byte| is_blank(*byte) || matches!(byte, b'/' | b'>'))?;
        let (name, mut at) = (from..end, end);
        loop {
            match *bytes.get(at)? {
                b'>' => {
                    self.at = at + 1;
                    return Some((name, bytes[at - 1] == b'/' && self.attributes.last().is_none_or(|last| last.value.end < at)));
                }
                byte if is_blank(byte) || byte == b'/' => at += 1,
                _ => at = self.scan_attribute(at)?,
            }
        }
    }

    /// The attribute that begins at `start`, which is told with where to go on.
    fn scan_attribute(&mut self, start: usize) -> Option<usize> {
        let bytes = self.source.as_bytes();
        let ends_name = |byte: &u8| is_blank(*byte) || matches!(byte, b'/' | b'>' | b'=');
        // The first character belongs to the name even if it is "=".
        let end = start + 1 + bytes[start + 1..].iter().position(ends_name)?;
        let behind_blanks = |at: usize| Some(at + bytes[at..].iter().position(|byte| !is_blank(*byte))?);
        let mut at = behind_blanks(end)?;
        if bytes[at] != b'=' {
            self.attributes.push(Span { name: start..end, value: end..end });
            return Some(at);
        }
        at = behind_blanks(at + 1)?;
        let (value, next) = match bytes[at] {
            quote @ (b'"' | b'\'') => {
                let end = at + 1 + memchr(quote, &bytes[at + 1..])?;
                (at + 1..end, end + 1)
            }
            _ => {
                let end = at + bytes[at..].iter().position(|byte| is_blank(*byte) || *byte == b'>')?;
                (at..end, end)
            }
        };
        self.attributes.push(Span { name: start..end, value });
        Some(next)
    }

    /// Those that were found, of each name the first, and whether there were more.
    fn read_attributes(&mut self) -> (Vec<Attribute>, bool) {
        let spans = std::mem::take(&mut self.attributes);
        let mut attributes: Vec<Attribute> = Vec::with_capacity(spans.len());
        let mut is_repeated = false;
        for Span { name, value } in &spans {
            let name = self.names.of(&self.source[name.clone()]);
            if attributes.iter().any(|known| known.name.local == name) {
                is_repeated = true;
                continue;
            }
            let value = self.value(value.clone(), Place::Attribute);
            attributes.push(Attribute { name: QualName::new(None, ns!(), name), value });
        }
        self.attributes = spans;
        (attributes, is_repeated)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r' | 0x0c)
}

/// Nobody is told of a line.
const LINE: u64 = 1;
/// About so much text is read while a node is looked at.
const BYTES_A_STEP: usize = 16;
/// In bytes: tags that are longer and have so many attributes are left out, as comparing each with each would take minutes.
const GIANT_TAG: usize = 8 * 1024;
const MOST_ATTRIBUTES: usize = 1_000;
