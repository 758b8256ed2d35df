//! Whether a page is written in HTML or in XHTML: in the latter any element may close itself. Knows only how a page begins.

/// By which rules tags are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Html,
    /// XHTML by its own word, but sent as HTML: its authors saw what browsers make of it, so only what would take the rest of the
    /// page with it closes itself.
    Declared,
    /// Sent as XML.
    Xml,
}

impl Syntax {
    /// The media type as sent decides, else how the page begins.
    pub(super) fn of(content_type: Option<&str>, html: &str) -> Self {
        let essence = content_type.unwrap_or_default().split([';', ',']).next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/xhtml+xml" | "application/xml" | "text/xml" => Self::Xml,
            xml if xml.ends_with("+xml") => Self::Xml,
            // Nobody said anything: a file. Its declaration counts as a browser's guess from ".xhtml" would.
            "" if start(html).starts_with("<?xml") && Self::declared(html) == Self::Declared => Self::Xml,
            _ => Self::declared(html),
        }
    }

    /// What the page says of itself.
    pub(super) fn declared(html: &str) -> Self {
        let html = start(html);
        if html.starts_with("<?xml ") {
            return Self::Declared;
        }
        let mut end = html.len().min(HEAD);
        while !html.is_char_boundary(end) {
            end -= 1;
        }
        let head = html[..end].to_ascii_lowercase();
        let tag = |name: &str| head.split('<').find_map(|tag| tag.strip_prefix(name)).map(|tag| tag.split('>').next().unwrap_or_default());
        let doctype = tag("!doctype").is_some_and(|doctype| doctype.contains("xhtml"));
        match doctype || tag("html").is_some_and(|html| html.contains("xmlns=")) {
            true => Self::Declared,
            false => Self::Html,
        }
    }
}

/// Without byte order mark and blanks, which files are found to begin with.
fn start(html: &str) -> &str {
    html.trim_start_matches(|c: char| c == '\u{feff}' || c.is_ascii_whitespace())
}

/// In bytes: comments and conditional comments may stand before the first tag.
const HEAD: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_decides_then_the_page() {
        let (xml, plain) = ("<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", "<!DOCTYPE html><html lang=en>");
        assert_eq!(Syntax::of(Some("application/xhtml+xml; charset=utf-8"), plain), Syntax::Xml);
        assert_eq!(Syntax::of(Some("text/html"), xml), Syntax::Declared);
        assert_eq!(Syntax::of(None, xml), Syntax::Xml);
        assert_eq!(Syntax::of(None, plain), Syntax::Html);
        assert_eq!(Syntax::of(Some("text/html"), plain), Syntax::Html);
    }

    #[test]
    fn a_page_says_that_it_is_xhtml_in_one_of_three_ways() {
        for html in [
            "\u{feff}\n<?xml version='1.0'?><html>",
            "<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN' 'x'><html>",
            "<!-- made by é --><html lang=en xmlns=\"http://www.w3.org/1999/xhtml\"><body>",
        ] {
            assert_eq!(Syntax::declared(html), Syntax::Declared, "{html}");
        }
        for html in ["", "<p>xmlns= and <!doctype>", "<!doctype html><html><svg xmlns='x'>", "<?php html xmlns= ?><html>"] {
            assert_eq!(Syntax::declared(html), Syntax::Html, "{html}");
        }
        assert_eq!(Syntax::declared(&"é".repeat(3_000)), Syntax::Html);
    }
}
