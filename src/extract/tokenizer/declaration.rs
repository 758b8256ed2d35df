//! What begins with `<!` or is taken for it: comments, the document type, quoted text.

use std::ops::Range;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Doctype, Token, TokenSink};
use memchr::memchr;

use super::{State, Tokenizer, entities, is_blank};

impl<S: TokenSink> Tokenizer<'_, S> {
    pub(super) fn declaration(&mut self) {
        let rest = &self.source.as_bytes()[self.at..];
        if rest.starts_with(b"<!--") {
            self.comment(self.at + 4);
        } else if rest.get(2..9).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype")) {
            self.at += 9;
            let doctype = self.doctype();
            self.give(Token::DoctypeToken(doctype));
        } else if rest.starts_with(b"<![CDATA[") && self.sink.adjusted_current_node_present_but_not_in_html_namespace() {
            (self.at, self.state) = (self.at + 9, State::Cdata);
        } else {
            self.bogus_comment(self.at + 2);
        }
    }

    fn comment(&mut self, start: usize) {
        let comment = &self.source[start..];
        let (length, end) = match comment.as_bytes() {
            [b'>', ..] => (0, 1),
            [b'-', b'>', ..] => (0, 2),
            _ => end_of_comment(comment),
        };
        self.at = start + end;
        self.give(Token::CommentToken(self.without_nulls(start..start + length)));
    }

    /// Something else that ends with the next `>`.
    pub(super) fn bogus_comment(&mut self, start: usize) {
        let end = self.next_of(b'>', start);
        self.at = (end + 1).min(self.source.len());
        self.give(Token::CommentToken(self.without_nulls(start..end)));
    }

    fn next_of(&self, byte: u8, from: usize) -> usize {
        memchr(byte, &self.source.as_bytes()[from..]).map_or(self.source.len(), |distance| from + distance)
    }

    /// From behind the word on.
    fn doctype(&mut self) -> Doctype {
        let mut doctype = Doctype::default();
        self.skip_blanks();
        let name = self.take_while(|byte| !is_blank(byte) && byte != b'>');
        if name.is_empty() {
            doctype.force_quirks = true;
        } else {
            doctype.name = Some(self.without_nulls(name).to_ascii_lowercase().into());
        }
        self.skip_blanks();
        if self.at == self.source.len() {
            doctype.force_quirks = true;
            return doctype;
        }
        let word = self.source.as_bytes().get(self.at..self.at + 6).unwrap_or_default();
        let is_whole = match () {
            () if word.eq_ignore_ascii_case(b"public") => self.identifiers(&mut doctype),
            () if word.eq_ignore_ascii_case(b"system") => {
                self.at += 6;
                self.skip_blanks();
                self.identifier(&mut doctype.system_id)
            }
            () => self.source.as_bytes()[self.at] == b'>',
        };
        self.skip_blanks();
        doctype.force_quirks |= !is_whole || self.at == self.source.len();
        self.pass_over_subset();
        // What stands behind the identifiers does not matter.
        let end = self.next_of(b'>', self.at);
        self.at = (end + 1).min(self.source.len());
        doctype
    }

    /// In XML, declarations may follow in brackets, which browsers that read HTML take for text.
    fn pass_over_subset(&mut self) {
        if self.source.as_bytes().get(self.at) == Some(&b'[')
            && self.sink.adjusted_current_node_present_but_not_in_html_namespace()
            && let Some(end) = entities::end_of_subset(&self.source[self.at..])
        {
            self.at += end;
        }
    }

    /// The public identifier and the one of the system behind it, which may be missing.
    fn identifiers(&mut self, doctype: &mut Doctype) -> bool {
        self.at += 6;
        self.skip_blanks();
        if !self.identifier(&mut doctype.public_id) {
            return false;
        }
        self.skip_blanks();
        self.source.as_bytes().get(self.at) == Some(&b'>') || self.identifier(&mut doctype.system_id)
    }

    /// In quotes; whether it is there and ends.
    fn identifier(&mut self, into: &mut Option<StrTendril>) -> bool {
        let Some(quote @ (b'"' | b'\'')) = self.source.as_bytes().get(self.at).copied() else { return false };
        self.at += 1;
        let identifier = self.take_while(|byte| byte != quote && byte != b'>');
        *into = Some(self.without_nulls(identifier));
        let is_whole = self.source.as_bytes().get(self.at) == Some(&quote);
        self.at += usize::from(is_whole);
        is_whole
    }

    fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        self.at += self.source.as_bytes()[start..].iter().take_while(|byte| is_part(**byte)).count();
        start..self.at
    }
}

/// How long the comment is, and how far from its beginning the rest of the page.
fn end_of_comment(comment: &str) -> (usize, usize) {
    let mut from = 0;
    while let Some(distance) = memchr(b'>', &comment.as_bytes()[from..]) {
        let before = &comment[..from + distance];
        from += distance + 1;
        if let Some(text) = before.strip_suffix("--").or_else(|| before.strip_suffix("--!")) {
            return (text.len(), from);
        }
    }
    // At the end of the page a part of the mark is enough.
    let text = ["--!", "--", "-"].iter().find_map(|mark| comment.strip_suffix(mark)).unwrap_or(comment);
    (text.len(), comment.len())
}
