//! The tags of a page, one after another, without a tree and without copies: for the pass that wants links only.
//! Reads as the HTML standard's tokenizer does where tags, attributes and comments are concerned.

use std::borrow::Cow;

use crate::extract::syntax::Syntax;
use crate::extract::tokenizer::{self, Place};

/// Elements that hold text only: what looks like a tag within them is none.
pub(super) fn holds_text(name: &str) -> bool {
    matches!(name, "script" | "style" | "title" | "textarea" | "xmp" | "iframe" | "noembed" | "noframes" | "plaintext")
}

/// The rest of a page.
pub(super) struct Tags<'a> {
    html: &'a str,
    at: usize,
    syntax: Syntax,
}

/// One start or end tag.
pub(super) struct Tag<'a> {
    /// Between `<` or `</` and `>`.
    source: &'a str,
    /// Where the name ends in `source`.
    name_end: usize,
    /// The name in lower case, cut where it is longer than any that matters.
    name: [u8; LONGEST],
    pub(super) closes: bool,
}

/// "blockquote" is the longest name in HTML; what is cut is unknown anyway.
const LONGEST: usize = 12;

impl<'a> Tags<'a> {
    pub(super) fn of(html: &'a str, syntax: Syntax) -> Self {
        Self { html, at: 0, syntax }
    }

    /// How far the page is read, in bytes.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// What `script` and its like hold is no markup.
    pub(super) fn skip_to_end_of(&mut self, tag: &Tag) {
        self.raw_to_end_of(tag);
    }

    /// The text up to the end tag, references decoded.
    pub(super) fn text_to_end_of(&mut self, tag: &Tag) -> Cow<'a, str> {
        decoded(self.raw_to_end_of(tag))
    }

    /// The same as it is written.
    pub(super) fn raw_to_end_of(&mut self, tag: &Tag) -> &'a str {
        if self.syntax != Syntax::Html && tag.ends_itself() {
            return "";
        }
        let name = tag.name();
        let rest = &self.html[self.at..];
        let bytes = rest.as_bytes();
        let mut from = 0;
        // A search for one byte is several times as quick as one for two, and scripts are most of many pages.
        while let Some(found) = rest[from..].find('<') {
            let start = from + found;
            from = start + 1;
            if bytes.get(from) != Some(&b'/') {
                continue;
            }
            let end = start + 2 + name.len();
            let named = bytes.get(start + 2..end).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()));
            if named && bytes.get(end).is_none_or(|next| is_blank(*next) || matches!(next, b'/' | b'>')) {
                self.at += start;
                return &rest[..start];
            }
        }
        self.at = self.html.len();
        rest
    }

    /// Past a comment, declaration or processing instruction that starts at `start`.
    fn skip_comment(&mut self, start: usize) {
        let rest = &self.html[start..];
        let end = match rest.strip_prefix("<!--") {
            // "<!-->" and "<!--->" are whole comments.
            Some(comment) if comment.starts_with('>') => Some(5),
            Some(comment) if comment.starts_with("->") => Some(6),
            Some(comment) => comment
                .match_indices('>')
                .find(|(at, _)| comment[..*at].ends_with("--") || comment[..*at].ends_with("--!"))
                .map(|(at, _)| at + 5),
            None if self.syntax != Syntax::Html && rest.starts_with("<![CDATA[") => rest.find("]]>").map(|end| end + 3),
            None => rest.find('>').map(|end| end + 1),
        };
        self.at = end.map_or(self.html.len(), |end| start + end);
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let bytes = self.html.as_bytes();
        loop {
            let start = self.at + self.html[self.at..].find('<')?;
            let closes = bytes.get(start + 1) == Some(&b'/');
            let from = start + if closes { 2 } else { 1 };
            match bytes.get(from)? {
                first if first.is_ascii_alphabetic() => {
                    let end = end_of_tag(bytes, from)?;
                    self.at = end + 1;
                    return Some(Tag::new(&self.html[from..end], closes));
                }
                b'!' | b'?' if !closes => self.skip_comment(start),
                // "</3" is a comment to the standard; "</>" is nothing.
                _ if closes => self.at = start + self.html[start..].find('>')? + 1,
                _ => self.at = start + 1,
            }
        }
    }
}

/// Where the tag's `>` is: not within a quoted value.
fn end_of_tag(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match bytes.get(at)? {
            b'>' => return Some(at),
            // Only behind "=" does a quote quote.
            b'=' if at > from => {
                at += 1;
                while is_blank(*bytes.get(at)?) {
                    at += 1;
                }
                match bytes[at] {
                    quote @ (b'"' | b'\'') => {
                        at += 1;
                        at += bytes[at..].iter().position(|byte| *byte == quote)? + 1;
                    }
                    _ => {
                        // An unquoted value may hold "=" and quotes.
                        at += bytes[at..].iter().position(|byte| is_blank(*byte) || *byte == b'>')?;
                    }
                }
            }
            // A "=" that begins a name is part of it.
            byte if is_blank(*byte) || *byte == b'/' => {
                at += 1;
                while bytes.get(at).is_some_and(|byte| is_blank(*byte) || *byte == b'/') {
                    at += 1;
                }
                if bytes.get(at) == Some(&b'=') {
                    at += 1;
                }
            }
            _ => at += 1,
        }
    }
}

impl<'a> Tag<'a> {
    fn new(source: &'a str, closes: bool) -> Self {
        let name_end = source.bytes().position(|byte| is_blank(byte) || byte == b'/').unwrap_or(source.len());
        let mut name = [0; LONGEST];
        for (lower, byte) in name.iter_mut().zip(source[..name_end].bytes()) {
            *lower = byte.to_ascii_lowercase();
        }
        Self { source, name_end, name, closes }
    }

    /// In lower case; empty if it is none of HTML's.
    pub(super) fn name(&self) -> &str {
        let length = self.name_end.min(LONGEST);
        std::str::from_utf8(&self.name[..length]).unwrap_or_default()
    }

    /// From `<` to `>`, in bytes.
    pub(super) fn len(&self) -> usize {
        self.source.len() + if self.closes { 3 } else { 2 }
    }

    /// `<svg/>`, but not `<a href=x/>`.
    pub(super) fn ends_itself(&self) -> bool {
        // The slash may end a value without quotes.
        self.source.ends_with('/')
            && std::iter::successors(self.next(self.name_end), |last| self.next(last.end)).all(|last| last.end < self.source.len())
    }

    /// The first attribute of that name (lower case), references decoded.
    pub(super) fn attribute(&self, wanted: &str) -> Option<Cow<'a, str>> {
        let found = std::iter::successors(self.next(self.name_end), |last| self.next(last.end))
            .find(|found| self.source.as_bytes()[found.name.clone()].eq_ignore_ascii_case(wanted.as_bytes()))?;
        self.source.get(found.value).map(decoded)
    }

    /// The attribute that begins at `at` or behind blanks there.
    fn next(&self, at: usize) -> Option<Span> {
        let bytes = self.source.as_bytes();
        let mut at = at;
        while bytes.get(at).is_some_and(|byte| is_blank(*byte) || *byte == b'/') {
            at += 1;
        }
        let start = at;
        // The first character belongs to the name even if it is "=".
        at += usize::from(bytes.get(at).is_some());
        while bytes.get(at).is_some_and(|byte| !is_blank(*byte) && !matches!(byte, b'/' | b'=')) {
            at += 1;
        }
        if at == start {
            return None;
        }
        let name = start..at;
        let mut next = at;
        while bytes.get(next).is_some_and(|byte| is_blank(*byte)) {
            next += 1;
        }
        if bytes.get(next) != Some(&b'=') {
            return Some(Span { name, value: 0..0, end: at });
        }
        next += 1;
        while bytes.get(next).is_some_and(|byte| is_blank(*byte)) {
            next += 1;
        }
        Some(match bytes.get(next) {
            Some(quote @ (b'"' | b'\'')) => {
                let end = bytes[next + 1..].iter().position(|byte| byte == quote).map_or(bytes.len(), |end| next + 1 + end);
                Span { name, value: next + 1..end, end: (end + 1).min(bytes.len()) }
            }
            _ => {
                let end = bytes[next..].iter().position(|byte| is_blank(*byte)).map_or(bytes.len(), |end| next + end);
                Span { name, value: next..end, end }
            }
        })
    }
}

/// Where an attribute is in a tag's source.
struct Span {
    name: std::ops::Range<usize>,
    value: std::ops::Range<usize>,
    end: usize,
}

/// Character references replaced.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    tokenizer::decode(text, Place::Attribute, &mut decoded);
    Cow::Owned(decoded)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r' | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::Dom;

    fn hrefs(html: &str) -> Vec<String> {
        Tags::of(html, Syntax::Html)
            .filter(|tag| tag.name() == "a" && !tag.closes)
            .filter_map(|tag| tag.attribute("href"))
            .map(Cow::into_owned)
            .collect()
    }

    #[test]
    fn attributes_are_read_as_browsers_read_them() {
        for (html, expected) in [
            ("<a href=x>", "x"),
            ("<A\nHREF = 'x y'>", "x y"),
            ("<a title='a>b' href=\"x\">", "x"),
            ("<a title=a'b href=x>", "x"),
            ("<a href=x/y/>", "x/y/"),
            ("<a/href=x>", "x"),
            ("<a =href=y href=x>", "x"),
            ("<a href href=y>", ""),
            ("<a href=x href=y>", "x"),
            ("<a data-href=y href=x>", "x"),
            ("<a href='?a=1&amp;b=2&c=3&#x41;&eacute;'>", "?a=1&b=2&c=3Aé"),
            ("<a href='?a=1&copy=2'>", "?a=1&copy=2"),
            ("<a \"href=y\" href=x>", "x"),
        ] {
            assert_eq!(hrefs(html), [expected], "{html}");
            let dom = Dom::parse(html);
            let parsed = dom.descendants(dom.root()).find_map(|node| dom.attribute(node, "href")).unwrap();
            assert_eq!(parsed, expected, "{html}");
        }
    }

    #[test]
    fn what_is_no_tag_is_none() {
        for html in [
            "a < b <a href=x",
            "<!-- <a href=x> -->",
            "<!doctype <a href=x>",
            "<?php <a href=x>",
            "</a href=x>",
            "<!-->--><1a href=x>",
            "</3 <a href=x>",
        ] {
            assert_eq!(hrefs(html), [""; 0], "{html}");
        }
        assert_eq!(hrefs("<!--><a href=x><!---><a href=y><!-- --!><a href=z>"), ["x", "y", "z"]);
    }

    #[test]
    fn raw_text_ends_at_its_own_end_tag() {
        let mut tags = Tags::of("<title>a </b> &lt; &amp;</TITLE ><a href=x>", Syntax::Html);
        let title = tags.next().unwrap();
        assert_eq!(title.name(), "title");
        assert_eq!(tags.text_to_end_of(&title), "a </b> < &");
        assert!(tags.next().unwrap().closes);
        assert_eq!(tags.next().unwrap().name(), "a");
    }

    #[test]
    fn a_tag_ends_itself_by_a_slash_that_is_no_value() {
        for (html, expected) in [
            ("<a/>", true),
            ("<a />", true),
            ("<a id='x'/>", true),
            ("<a id='x/'>", false),
            ("<a id=x />", true),
            ("<a id=x/>", false),
            ("<a id= x/>", false),
            ("<a id/>", true),
            ("<a b='x=y'/>", true),
            ("<a/ >", false),
            ("<a>", false),
        ] {
            assert_eq!(Tags::of(html, Syntax::Html).next().unwrap().ends_itself(), expected, "{html}");
        }
    }

    #[test]
    fn xhtml_closes_elements_at_once_and_quotes_text() {
        let html = "<script src='x'/><title/><a href='1'/><![CDATA[ > <a href='no'> ]]><a href='2'/>";
        let read = |syntax| {
            let mut tags = Tags::of(html, syntax);
            let mut found = Vec::new();
            while let Some(tag) = tags.next() {
                if holds_text(tag.name()) {
                    tags.skip_to_end_of(&tag);
                }
                found.extend(tag.attribute("href").map(Cow::into_owned));
            }
            found
        };
        assert_eq!(read(Syntax::Xml), ["1", "2"]);
        assert_eq!(read(Syntax::Html), [""; 0]);
    }
}
