//! What a body is: the media type decides, and the first bytes where it is missing or says nothing.

use url::Url;

/// What a page is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Html,
    Markdown,
    /// Prose or source text without markup that is known here.
    Text,
    /// An XML `urlset` or `sitemapindex`.
    Sitemap,
    /// Any other XML: feeds among them.
    Xml,
    /// The media type, lower-case and without parameters.
    Other(String),
}

/// Media type first; sniffed where it is missing or too general (`application/octet-stream`, XML, plain text).
pub fn kind(content_type: Option<&str>, url: &Url, body: &[u8]) -> Kind {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "text/markdown" | "text/x-markdown" => Kind::Markdown,
        "" | "*/*" | "application/octet-stream" | "binary/octet-stream" | "application/unknown" | "unknown/unknown" => sniffed(url, body),
        "application/xml" | "text/xml" => xml(body),
        "text/css" | "text/javascript" | "text/ecmascript" | "text/csv" | "text/calendar" | "text/vcard" => Kind::Other(essence),
        text if text.starts_with("text/") => match is_binary(body) {
            true => Kind::Other("application/octet-stream".to_owned()),
            false => text_by_name(url),
        },
        text if text.ends_with("+xml") && !text.starts_with("image/") => xml(body),
        _ => Kind::Other(essence),
    }
}

fn sniffed(url: &Url, body: &[u8]) -> Kind {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| body.starts_with(magic)) {
        return Kind::Other((*name).to_owned());
    }
    if start.starts_with(b"<?xml") {
        return xml(body);
    }
    if is_markup(start) {
        return Kind::Html;
    }
    if is_binary(body) {
        return Kind::Other("application/octet-stream".to_owned());
    }
    match extension(url).as_str() {
        "html" | "htm" | "xhtml" => Kind::Html,
        "json" => Kind::Other("application/json".to_owned()),
        "css" => Kind::Other("text/css".to_owned()),
        "js" | "mjs" => Kind::Other("text/javascript".to_owned()),
        "csv" => Kind::Other("text/csv".to_owned()),
        "xml" => xml(body),
        _ => text_by_name(url),
    }
}

fn xml(body: &[u8]) -> Kind {
    let head = String::from_utf8_lossy(&body[..body.len().min(4096)]).to_ascii_lowercase();
    // The first tag that is neither a declaration nor a comment.
    let root = head.split('<').skip(1).find(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic())).unwrap_or_default();
    let name = root.split(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')).next().unwrap_or_default();
    match name.rsplit(':').next().unwrap_or_default() {
        "html" => Kind::Html,
        "urlset" | "sitemapindex" => Kind::Sitemap,
        _ => Kind::Xml,
    }
}

fn text_by_name(url: &Url) -> Kind {
    let name = last_segment(url);
    match extension(url).as_str() {
        "md" | "markdown" | "mdx" | "mkd" => Kind::Markdown,
        // llms.txt and llms-full.txt are markdown by their own definition (llmstxt.org).
        "txt" if name.starts_with("llms") => Kind::Markdown,
        _ => Kind::Text,
    }
}

fn last_segment(url: &Url) -> String {
    url.path().rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

fn extension(url: &Url) -> String {
    last_segment(url).rsplit_once('.').map(|(_, extension)| extension.to_owned()).unwrap_or_default()
}

fn is_markup(start: &[u8]) -> bool {
    let Some(after) = start.strip_prefix(b"<") else { return false };
    if after.starts_with(b"!--") {
        return true;
    }
    let end = after.iter().position(|byte| matches!(byte, b' ' | b'>' | b'\t' | b'\n' | b'\r' | b'/')).unwrap_or(after.len());
    let name = after[..end].to_ascii_lowercase();
    TAGS.contains(&name.as_slice())
}

/// Control characters that no text has; UTF-16 is text by its mark. As in <https://mimesniff.spec.whatwg.org/#binary-data-byte>.
fn is_binary(body: &[u8]) -> bool {
    let head = &body[..body.len().min(1445)];
    !head.starts_with(b"\xff\xfe")
        && !head.starts_with(b"\xfe\xff")
        && head.iter().any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f))
}

const TAGS: [&[u8]; 17] = [
    b"!doctype", b"html", b"head", b"body", b"title", b"script", b"style", b"meta", b"link", b"h1", b"div", b"table", b"p", b"a", b"b",
    b"br", b"font",
];

const MAGIC: [(&[u8], &str); 10] = [
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"RIFF", "audio/x-riff"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\0asm", "application/wasm"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ\x90\0", "application/x-executable"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content_type: Option<&str>, path: &str, body: &[u8]) -> Kind {
        kind(content_type, &Url::parse("https://docs.test/").unwrap().join(path).unwrap(), body)
    }

    #[test]
    fn the_media_type_decides() {
        assert_eq!(of(Some("Text/HTML; charset=utf-8"), "x.md", b"# x"), Kind::Html);
        assert_eq!(of(Some("text/markdown"), "x", b"<html>"), Kind::Markdown);
        assert_eq!(of(Some("text/plain"), "x", b"<html>"), Kind::Text);
        assert_eq!(of(Some("text/x-rst"), "x.rst", b"x"), Kind::Text);
        assert_eq!(of(Some("application/json"), "x.html", b"{}"), Kind::Other("application/json".into()));
        assert_eq!(of(Some("image/svg+xml"), "x", b"<svg>"), Kind::Other("image/svg+xml".into()));
    }

    #[test]
    fn plain_text_is_told_by_name_and_by_its_bytes() {
        assert_eq!(of(Some("text/plain"), "README.md", b"# x"), Kind::Markdown);
        assert_eq!(of(Some("text/plain"), "llms-full.txt", b"# x"), Kind::Markdown);
        assert_eq!(of(Some("text/plain"), "a.tar", b"a\0b"), Kind::Other("application/octet-stream".into()));
    }

    #[test]
    fn xml_is_told_by_its_root() {
        let sitemap = b"<?xml version='1.0'?><!-- made by x --><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>";
        assert_eq!(of(Some("application/xml"), "x", sitemap), Kind::Sitemap);
        assert_eq!(of(Some("text/xml"), "x", b"<s:sitemapindex>"), Kind::Sitemap);
        assert_eq!(of(Some("application/rss+xml"), "x", b"<rss>"), Kind::Xml);
        assert_eq!(of(Some("application/xml"), "x", b"<?xml version='1.0'?>\n<!DOCTYPE html>\n<html xmlns='x'>"), Kind::Html);
    }

    #[test]
    fn nothing_said_is_sniffed() {
        assert_eq!(of(None, "x", b"\xef\xbb\xbf \n<!DOCTYPE html><p>"), Kind::Html);
        assert_eq!(of(None, "x", b"%PDF-1.7"), Kind::Other("application/pdf".into()));
        assert_eq!(of(Some("application/octet-stream"), "x.md", b"# x"), Kind::Markdown);
        assert_eq!(of(None, "x.json", b"{}"), Kind::Other("application/json".into()));
        assert_eq!(of(None, "x", b"plain words"), Kind::Text);
        assert_eq!(of(None, "x", b"\x01\x02"), Kind::Other("application/octet-stream".into()));
        assert_eq!(of(None, "x", b""), Kind::Text);
    }
}
