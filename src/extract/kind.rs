//! What a body is. Its media type says so where that can be believed; where the first bytes say otherwise, as of a PDF sent as
//! `text/html`, they are believed, and the name in the address decides between kinds of text.

use url::Url;

use crate::extract::magic;

/// What a page is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    Html,
    /// MDX among it.
    Markdown,
    /// reStructuredText.
    Restructured,
    AsciiDoc,
    /// Org mode.
    Org,
    /// A manual page: roff with the macros of man or mdoc.
    Manual,
    /// Notebooks, descriptions of interfaces, or data.
    Json,
    /// Likewise.
    Yaml,
    /// RSS or Atom.
    Feed,
    /// A file of source text or data, in this language.
    Code(&'static str),
    /// Prose or source text without markup that is known here.
    Text,
    /// An XML `urlset` or `sitemapindex`.
    Sitemap,
    /// Any other XML.
    Xml,
    /// The media type, lower-case and without parameters; of text in an encoding that is not read, with that.
    Other(String),
}

/// Of a page whose body is not known yet, an empty one tells what its media type and its name can.
pub fn kind(content_type: Option<&str>, url: &Url, body: &[u8]) -> Kind {
    // It says the same in any encoding.
    if let Some(encoding) = magic::utf_16(body) {
        return kind_of_bytes(content_type, url, encoding.decode_with_bom_removal(body).0.as_bytes());
    }
    kind_of_bytes(content_type, url, body)
}

fn kind_of_bytes(content_type: Option<&str>, url: &Url, body: &[u8]) -> Kind {
    let essence = essence(content_type.unwrap_or_default());
    match essence.as_str() {
        "" | "*/*" | "application/octet-stream" | "binary/octet-stream" | "application/unknown" | "unknown/unknown" => sniffed(url, body),
        "text/css" | "text/javascript" | "text/ecmascript" | "text/calendar" | "text/vcard" | "text/rtf" => Kind::Other(essence),
        _ => match declared(&essence) {
            Some(kind) => magic::of(body).map_or_else(|| found(kind, url, body), |name| Kind::Other(name.to_owned())),
            None => Kind::Other(essence),
        },
    }
}

/// The last of the media types in the header, as browsers take it (<https://fetch.spec.whatwg.org/#concept-header-extract-mime-type>),
/// with what servers write for it: quoted, or its subtype alone.
fn essence(content_type: &str) -> String {
    let types = content_type.split(',').rev().map(|one| {
        let one = one.split(';').next().unwrap_or_default();
        one.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).to_ascii_lowercase()
    });
    let named = types.filter_map(|one| match one.as_str() {
        "html" | "htm" => Some("text/html".to_owned()),
        "xhtml" => Some("application/xhtml+xml".to_owned()),
        "text" | "plain" | "txt" => Some("text/plain".to_owned()),
        "markdown" | "md" => Some("text/markdown".to_owned()),
        "xml" | "json" | "yaml" | "pdf" => Some(format!("application/{one}")),
        _ => (one.contains('/') && one != "*/*").then_some(one),
    });
    named.into_iter().next().unwrap_or_default()
}

/// What a media type says, if it says a kind of text that is read.
fn declared(essence: &str) -> Option<Kind> {
    Some(match essence {
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "text/markdown" | "text/x-markdown" | "text/mdx" | "text/x-web-markdown" => Kind::Markdown,
        "text/x-rst" | "text/prs.fallenstein.rst" | "text/x-restructuredtext" => Kind::Restructured,
        "text/asciidoc" | "text/x-asciidoc" => Kind::AsciiDoc,
        "text/org" | "text/x-org" => Kind::Org,
        "text/troff" | "text/x-troff" | "application/x-troff" | "application/x-troff-man" | "text/x-troff-man" => Kind::Text,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => Kind::Code("json"),
        "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" | "text/vnd.yaml" | "application/vnd.oai.openapi" => {
            Kind::Yaml
        }
        "application/toml" | "text/x-toml" => Kind::Code("toml"),
        "text/csv" => Kind::Code("csv"),
        "text/tab-separated-values" => Kind::Code("tsv"),
        "application/xml" | "text/xml" => Kind::Xml,
        "application/x-sh" => Kind::Code("bash"),
        "application/sql" => Kind::Code("sql"),
        json if matches!(json, "application/json" | "text/json" | "text/x-json") || json.ends_with("+json") => Kind::Json,
        yaml if yaml.ends_with("+yaml") => Kind::Yaml,
        xml if xml.ends_with("+xml") && !xml.starts_with("image/") => Kind::Xml,
        source if source.starts_with("text/x-") => by_extension(source_name(&source["text/x-".len()..])).unwrap_or(Kind::Text),
        text if text.starts_with("text/") => Kind::Text,
        _ => return None,
    })
}

/// `python` of `script.python`, `c` of `csrc`: as file names have them.
fn source_name(name: &str) -> &str {
    match name.trim_start_matches("script.").trim_end_matches("-source") {
        "csrc" | "chdr" => "c",
        "c++src" | "c++hdr" | "c++" => "cpp",
        "python" => "py",
        "rust" | "rustsrc" => "rs",
        "ruby" => "rb",
        "shellscript" => "sh",
        "patch" => "diff",
        other => other,
    }
}

/// What was declared, corrected by what is there.
fn found(declared: Kind, url: &Url, body: &[u8]) -> Kind {
    let start = magic::text_of(body);
    match declared {
        Kind::Html => html(url, body, start),
        Kind::Xml => xml(start),
        _ if magic::is_binary(body) => Kind::Other("application/octet-stream".to_owned()),
        Kind::Json | Kind::Yaml if is_document(start) => Kind::Html,
        Kind::Text => text(url, start),
        kind => kind,
    }
}

/// Declared as HTML, by many servers of what they know nothing of.
fn html(url: &Url, body: &[u8], start: &[u8]) -> Kind {
    let head = &start[..start.len().min(HEAD)];
    // A few characters of UTF-16 have NULs beside their first "<".
    if head.starts_with(b"<") || body.starts_with(b"\0<") {
        return match xml(start) {
            kind @ (Kind::Sitemap | Kind::Feed) => kind,
            _ if !has_tag(head, &DOCUMENT) && by_name(url) == Some(Kind::Markdown) && has_heading(head) => Kind::Markdown,
            _ => Kind::Html,
        };
    }
    if head.is_empty() || has_tag(head, &DOCUMENT) {
        return Kind::Html;
    }
    if magic::is_binary(body) {
        return Kind::Other("application/octet-stream".to_owned());
    }
    if is_json(start) {
        return Kind::Json;
    }
    if is_manual(head) {
        return Kind::Manual;
    }
    match by_name(url) {
        Some(kind) => kind,
        None if last_segment(url).ends_with(".txt") => Kind::Text,
        None if has_tag(head, &TAGS) => Kind::Html,
        None if head.starts_with(b"# ") || head.starts_with(b"---\n") && has_heading(head) => Kind::Markdown,
        None => Kind::Html,
    }
}

fn text(url: &Url, start: &[u8]) -> Kind {
    let head = &start[..start.len().min(HEAD)];
    // As browsers do, text is not taken for HTML for its tags alone.
    if is_document(head) && matches!(extension(url).as_str(), "html" | "htm" | "xhtml") {
        return Kind::Html;
    }
    if head.starts_with(b"<")
        && let kind @ (Kind::Sitemap | Kind::Feed) = xml(head)
    {
        return kind;
    }
    if is_manual(head) {
        return Kind::Manual;
    }
    by_name(url).unwrap_or(Kind::Text)
}

/// Nothing is declared.
fn sniffed(url: &Url, body: &[u8]) -> Kind {
    if let Some(name) = magic::of(body) {
        return Kind::Other(name.to_owned());
    }
    let start = magic::text_of(body);
    if start.starts_with(b"<?xml") {
        return xml(start);
    }
    if is_markup(start) {
        return html(url, body, start);
    }
    if magic::is_binary(body) {
        return Kind::Other("application/octet-stream".to_owned());
    }
    match extension(url).as_str() {
        "html" | "htm" | "xhtml" => Kind::Html,
        "css" => Kind::Other("text/css".to_owned()),
        "js" | "mjs" => Kind::Other("text/javascript".to_owned()),
        "xml" | "rss" | "atom" => xml(start),
        _ => text(url, start),
    }
}

/// By its first tag, which may stand after a declaration and comments.
fn xml(start: &[u8]) -> Kind {
    let head = String::from_utf8_lossy(&start[..start.len().min(HEAD)]);
    let mut rest = &*head;
    let root = loop {
        let Some((_, after)) = rest.split_once('<') else { return Kind::Xml };
        rest = match after.strip_prefix("!--") {
            Some(comment) => comment.split_once("-->").map_or("", |(_, after)| after),
            None if after.starts_with(|c: char| c.is_ascii_alphabetic()) => break after,
            None => after,
        };
    };
    let name = root.split(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')).next().unwrap_or_default().to_ascii_lowercase();
    match name.rsplit(':').next().unwrap_or_default() {
        "html" => Kind::Html,
        "urlset" | "sitemapindex" => Kind::Sitemap,
        "rss" | "feed" | "rdf" => Kind::Feed,
        _ => Kind::Xml,
    }
}

/// By the end of the address's path, for text.
fn by_name(url: &Url) -> Option<Kind> {
    let name = last_segment(url);
    match name.as_str() {
        // llms.txt and llms-full.txt are markdown by their own definition (llmstxt.org).
        text if text.starts_with("llms") && text.ends_with(".txt") => Some(Kind::Markdown),
        // As Sphinx serves its sources.
        source if source.ends_with(".rst.txt") => Some(Kind::Restructured),
        source if source.ends_with(".md.txt") => Some(Kind::Markdown),
        source if source.ends_with(".ipynb.txt") => Some(Kind::Json),
        "dockerfile" | "containerfile" => Some(Kind::Code("dockerfile")),
        "makefile" | "gnumakefile" => Some(Kind::Code("makefile")),
        "cmakelists.txt" => Some(Kind::Code("cmake")),
        _ => by_extension(&extension(url)),
    }
}

fn by_extension(extension: &str) -> Option<Kind> {
    Some(match extension {
        "md" | "markdown" | "mdx" | "mkd" | "mdown" | "qmd" | "rmd" => Kind::Markdown,
        "rst" | "rest" => Kind::Restructured,
        "adoc" | "asciidoc" | "asc" => Kind::AsciiDoc,
        "org" => Kind::Org,
        "json" | "ipynb" | "webmanifest" | "geojson" => Kind::Json,
        "yaml" | "yml" => Kind::Yaml,
        other => Kind::Code(SOURCES.binary_search_by_key(&other, |(extension, _)| extension).ok().map(|at| SOURCES[at].1)?),
    })
}

fn last_segment(url: &Url) -> String {
    url.path().rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

fn extension(url: &Url) -> String {
    last_segment(url).rsplit_once('.').map(|(_, extension)| extension.to_owned()).unwrap_or_default()
}

fn is_markup(start: &[u8]) -> bool {
    start.starts_with(b"<!--") || tag_at(start).is_some_and(|name| TAGS.iter().chain(&DOCUMENT).any(|tag| name.eq_ignore_ascii_case(tag)))
}

fn is_document(start: &[u8]) -> bool {
    tag_at(start).is_some_and(|name| DOCUMENT.iter().any(|tag| name.eq_ignore_ascii_case(tag)))
}

fn has_tag(head: &[u8], names: &[&[u8]]) -> bool {
    let starts = head.iter().enumerate().filter(|(_, byte)| **byte == b'<').map(|(at, _)| &head[at..]);
    starts.filter_map(tag_at).any(|name| names.iter().any(|tag| name.eq_ignore_ascii_case(tag)))
}

/// The name of the tag that begins here.
fn tag_at(start: &[u8]) -> Option<&[u8]> {
    let after = start.strip_prefix(b"<")?;
    // Longer ones are no tags that are looked for.
    let after = &after[..after.len().min(16)];
    let end = after.iter().position(|byte| matches!(byte, b' ' | b'>' | b'\t' | b'\n' | b'\r' | b'/')).unwrap_or(after.len());
    Some(&after[..end])
}

fn has_heading(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"# ") || line.starts_with(b"## "))
}

fn is_json(start: &[u8]) -> bool {
    let end = start.trim_ascii_end().last();
    let inner = start.get(1..).unwrap_or_default().trim_ascii_start().first();
    match start.first() {
        Some(b'{') => end == Some(&b'}') && matches!(inner, Some(b'"' | b'}')),
        Some(b'[') => end == Some(&b']') && matches!(inner, Some(b'{' | b'"' | b'[')),
        _ => false,
    }
}

/// Manual pages begin with their title, after comments.
fn is_manual(head: &[u8]) -> bool {
    let first = head.split(|byte| *byte == b'\n').find(|line| !is_comment_of_roff(line) && !line.trim_ascii().is_empty());
    let first = first.unwrap_or_default();
    // Some define a string or a condition first.
    let is_request = |line: &[u8]| line.starts_with(b".") && line.get(1).is_some_and(u8::is_ascii_alphabetic);
    let title = |line: &[u8]| line.starts_with(b".TH ") || line.starts_with(b".Dd ") || line.starts_with(b".Dd\n");
    title(first) || is_request(first) && head.split(|byte| *byte == b'\n').any(title)
}

fn is_comment_of_roff(line: &[u8]) -> bool {
    [&b".\\\""[..], b"'\\\"", b"\\\"", b".\\#"].iter().any(|mark| line.starts_with(mark)) || line == b"."
}

/// How much of a body is looked at, in bytes.
const HEAD: usize = 4096;

/// Tags of a whole page.
const DOCUMENT: [&[u8]; 7] = [b"!doctype", b"html", b"head", b"body", b"title", b"meta", b"frameset"];

/// Tags that nothing but HTML has.
const TAGS: [&[u8]; 22] = [
    b"script", b"style", b"link", b"h1", b"h2", b"h3", b"div", b"table", b"p", b"a", b"b", b"br", b"font", b"span", b"ul", b"ol", b"pre",
    b"center", b"main", b"article", b"section", b"hr",
];

/// Files of source text and data by extension, with the language that a fence names. Sorted.
const SOURCES: [(&str, &str); 105] = [
    ("adb", "ada"),
    ("ads", "ada"),
    ("asm", "asm"),
    ("awk", "awk"),
    ("bash", "bash"),
    ("bat", "bat"),
    ("bzl", "python"),
    ("c", "c"),
    ("cc", "cpp"),
    ("cfg", "ini"),
    ("cjs", "javascript"),
    ("clj", "clojure"),
    ("cljs", "clojure"),
    ("cmake", "cmake"),
    ("conf", "conf"),
    ("cpp", "cpp"),
    ("cr", "crystal"),
    ("cs", "csharp"),
    ("csproj", "xml"),
    ("csv", "csv"),
    ("cu", "cuda"),
    ("cxx", "cpp"),
    ("d", "d"),
    ("dart", "dart"),
    ("diff", "diff"),
    ("el", "lisp"),
    ("elm", "elm"),
    ("env", "bash"),
    ("erl", "erlang"),
    ("ex", "elixir"),
    ("exs", "elixir"),
    ("f90", "fortran"),
    ("fish", "fish"),
    ("fs", "fsharp"),
    ("gd", "gdscript"),
    ("go", "go"),
    ("gql", "graphql"),
    ("gradle", "gradle"),
    ("graphql", "graphql"),
    ("groovy", "groovy"),
    ("h", "c"),
    ("hcl", "hcl"),
    ("hh", "cpp"),
    ("hpp", "cpp"),
    ("hrl", "erlang"),
    ("hs", "haskell"),
    ("hxx", "cpp"),
    ("ini", "ini"),
    ("ino", "cpp"),
    ("java", "java"),
    ("jl", "julia"),
    ("js", "javascript"),
    ("json5", "json"),
    ("jsonc", "json"),
    ("jsonl", "json"),
    ("jsx", "jsx"),
    ("kt", "kotlin"),
    ("kts", "kotlin"),
    ("less", "less"),
    ("lisp", "lisp"),
    ("lua", "lua"),
    ("m", "objc"),
    ("mjs", "javascript"),
    ("ml", "ocaml"),
    ("mli", "ocaml"),
    ("ndjson", "json"),
    ("nim", "nim"),
    ("nix", "nix"),
    ("nu", "nu"),
    ("pas", "pascal"),
    ("patch", "diff"),
    ("php", "php"),
    ("pl", "perl"),
    ("pm", "perl"),
    ("properties", "properties"),
    ("proto", "protobuf"),
    ("ps1", "powershell"),
    ("py", "python"),
    ("pyi", "python"),
    ("pyx", "cython"),
    ("r", "r"),
    ("rb", "ruby"),
    ("rkt", "racket"),
    ("rs", "rust"),
    ("sass", "sass"),
    ("scala", "scala"),
    ("scm", "scheme"),
    ("scss", "scss"),
    ("sh", "bash"),
    ("sol", "solidity"),
    ("sql", "sql"),
    ("svelte", "svelte"),
    ("swift", "swift"),
    ("tcl", "tcl"),
    ("tf", "terraform"),
    ("toml", "toml"),
    ("ts", "typescript"),
    ("tsv", "tsv"),
    ("tsx", "tsx"),
    ("v", "verilog"),
    ("vb", "vb"),
    ("vim", "vim"),
    ("vue", "vue"),
    ("zig", "zig"),
    ("zsh", "bash"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content_type: Option<&str>, path: &str, body: &[u8]) -> Kind {
        kind(content_type, &Url::parse("https://docs.test/").unwrap().join(path).unwrap(), body)
    }

    fn kind_of(content_type: Option<&str>, path: &str, body: &[u8]) -> Kind {
        of(content_type, path, body)
    }

    fn other(name: &str) -> Kind {
        Kind::Other(name.to_owned())
    }

    #[test]
    fn the_media_type_decides() {
        assert_eq!(of(Some("Text/HTML; charset=utf-8"), "x.md", b"<p># x"), Kind::Html);
        assert_eq!(of(Some("text/markdown"), "x", b"<html>"), Kind::Markdown);
        assert_eq!(of(Some("text/plain"), "x", b"<html>"), Kind::Text);
        assert_eq!(of(Some("text/x-rst"), "x", b"x"), Kind::Restructured);
        assert_eq!(of(Some("application/json"), "x.html", b"{}"), Kind::Json);
        assert_eq!(of(Some("application/vnd.oai.openapi+json"), "x", b"{}"), Kind::Json);
        assert_eq!(of(Some("text/x-python; charset=utf-8"), "x", b"import x"), Kind::Code("python"));
        assert_eq!(of(Some("text/css"), "x.md", b"a{}"), other("text/css"));
        assert_eq!(of(Some("image/svg+xml"), "x", b"<svg>"), other("image/svg+xml"));
        assert_eq!(of(Some("application/pdf"), "x.html", b""), other("application/pdf"));
    }

    #[test]
    fn media_types_are_understood_as_servers_write_them() {
        for html in [
            "text/html, text/html",
            "text/html;",
            "\"text/html\"",
            "TEXT/HTML;charset=utf-8",
            "html",
            " text/html ,*/*",
            "text/plain, text/html; charset=x",
        ] {
            assert_eq!(of(Some(html), "x", b"<p>x"), Kind::Html, "{html}");
            assert_eq!(of(Some(html), "x", b""), Kind::Html, "{html}");
        }
        assert_eq!(of(Some("text"), "x.md", b"# x"), Kind::Markdown);
        assert_eq!(of(Some(";;,"), "x", b"<p>x"), Kind::Html);
    }

    #[test]
    fn what_is_no_text_is_told_by_its_bytes_whatever_is_said() {
        let tar = [vec![b'a'; 257], b"ustar\0".to_vec()].concat();
        for (body, name) in [
            (&b"%PDF-1.4\n1 0 obj"[..], "application/pdf"),
            (b"\x1f\x8b\x08\0\0", "application/gzip"),
            (b"\x89PNG\r\n\x1a\n", "image/png"),
            (b"GIF89a\x01\0", "image/gif"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
            (b"PK\x03\x04\x14", "application/zip"),
            (b"\x7fELF\x02", "application/x-executable"),
            (b"wOF2\0\x01\0\0", "font/woff2"),
            (b"SQLite format 3\0", "application/vnd.sqlite3"),
            (b"\0\0\0\x18ftypmp42", "video/mp4"),
            (&tar, "application/x-tar"),
            (b"\x01\x02\x03 and more", "application/octet-stream"),
        ] {
            for declared in [
                Some("text/html"),
                Some("text/html; charset=utf-8"),
                Some("text/plain"),
                Some("text/markdown"),
                Some("application/json"),
                None,
            ] {
                assert_eq!(of(declared, "dl.php?id=1", body), other(name), "{declared:?}");
            }
        }
        assert_eq!(of(Some("text/plain"), "x", b"GIF8 is what they begin with"), Kind::Text);
        assert_eq!(of(Some("text/html"), "x", "\u{feff}<p>a\u{8}b".as_bytes()), Kind::Html);
        assert_eq!(of(Some("text/html"), "x", b"<\0p\0>\0"), Kind::Html);
    }

    #[test]
    fn what_is_no_html_is_told_by_its_text_whatever_is_said() {
        let html = |path, body: &str| of(Some("text/html; charset=utf-8"), path, body.as_bytes());
        assert_eq!(html("llms.txt", "# A\n\n- [B](/b)\n"), Kind::Markdown);
        assert_eq!(html("guide.md", "A guide.\n\n## B\n"), Kind::Markdown);
        assert_eq!(html("guide.md", "<p align=center>A</p>\n\n# B\n"), Kind::Markdown);
        assert_eq!(html("guide.md", "<!doctype html><p>A\n# B\n"), Kind::Html);
        assert_eq!(html("guide.md", "Notice: x\n<html><p>A"), Kind::Html);
        assert_eq!(html("guide", "# A\n\nB\n"), Kind::Markdown);
        assert_eq!(html("guide", "A <b>B</b>"), Kind::Html);
        assert_eq!(html("guide", "only words"), Kind::Html);
        assert_eq!(html("x.rst", "A\n=\n"), Kind::Restructured);
        assert_eq!(html("robots.txt", "User-agent: *"), Kind::Text);
        assert_eq!(html("x", "{\"openapi\": \"3.0.0\"}\n"), Kind::Json);
        assert_eq!(html("x", "{ unclosed"), Kind::Html);
        assert_eq!(html("x", "<?xml version='1.0'?>\n<!-- <html> --><urlset>"), Kind::Sitemap);
        assert_eq!(html("x", "<sitemapindex xmlns='x'>"), Kind::Sitemap);
        assert_eq!(html("x", "<?xml version='1.0'?><rss version='2.0'>"), Kind::Feed);
        assert_eq!(html("x", "<?xml version='1.0'?><!DOCTYPE html><html>"), Kind::Html);
        assert_eq!(html("x", ""), Kind::Html);
        assert_eq!(of(Some("application/json"), "x", b" <!DOCTYPE html><p>No"), Kind::Html);
    }

    #[test]
    fn plain_text_is_told_by_name_and_by_its_bytes() {
        let text = |path, body: &[u8]| of(Some("text/plain"), path, body);
        assert_eq!(text("README.md", b"# x"), Kind::Markdown);
        assert_eq!(text("llms-full.txt", b"# x"), Kind::Markdown);
        assert_eq!(text("a.tar", b"a\0b"), other("application/octet-stream"));
        assert_eq!(text("x.html", b"<!doctype html><p>x"), Kind::Html);
        assert_eq!(text("x.html", b"no page"), Kind::Text);
        assert_eq!(text("x.adoc", b"= x"), Kind::AsciiDoc);
        assert_eq!(text("x.org", b"* x"), Kind::Org);
        assert_eq!(text("_sources/x.rst.txt", b"x"), Kind::Restructured);
        assert_eq!(text("openapi.yml", b"openapi: 3.0.0"), Kind::Yaml);
        assert_eq!(text("x.ipynb", b"{}"), Kind::Json);
        assert_eq!(text("main.rs", b"fn main() {}"), Kind::Code("rust"));
        assert_eq!(text("Makefile", b"all:"), Kind::Code("makefile"));
        assert_eq!(text("x.txt", b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>"), Kind::Feed);
    }

    #[test]
    fn text_of_two_bytes_a_character_is_known_by_what_it_says() {
        let encoded = |text: &str, of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(of).collect::<Vec<u8>>();
        for of in [u16::to_le_bytes, u16::to_be_bytes] {
            for mark in ["", "\u{feff}"] {
                let body = |text: &str| encoded(&format!("{mark}{text}"), of);
                let html = body("<!doctype html><title>Größe</title><p>Text</p>");
                for declared in [Some("text/html"), Some("text/html; charset=utf-8"), Some("application/octet-stream"), None] {
                    assert_eq!(kind_of(declared, "x", &html), Kind::Html, "{declared:?} {mark:?}");
                }
                let markdown = body("# Größe\n\nSome text.\n");
                assert_eq!(kind_of(Some("text/plain"), "x.md", &markdown), Kind::Markdown);
                assert_eq!(kind_of(Some("text/markdown"), "x", &markdown), Kind::Markdown);
                assert_eq!(kind_of(Some("text/html"), "x", &body("{\"openapi\": \"3.0.0\"}\n")), Kind::Json);
                let sitemap = body("<?xml version='1.0' encoding='utf-16'?><urlset>");
                assert_eq!(kind_of(Some("application/xml"), "x", &sitemap), Kind::Sitemap);
            }
        }
        let encoded = |text: &str, of: fn(u32) -> [u8; 4]| text.chars().map(u32::from).flat_map(of).collect::<Vec<u8>>();
        for of in [u32::to_le_bytes, u32::to_be_bytes] {
            for text in ["\u{feff}# 題\n", "# Heading\n\nSome text.\n", "<!doctype html><p>Text"] {
                for declared in [Some("text/html"), Some("text/markdown; charset=utf-32"), None] {
                    let kind = kind_of(declared, "x.md", &encoded(text, of));
                    assert_eq!(kind, other("text/plain; charset=utf-32"), "{declared:?} {text:?}");
                }
            }
        }
        // Numbers of two and four bytes are no text.
        let numbers: Vec<u8> = (3..200_u16).flat_map(u16::to_le_bytes).collect();
        assert_eq!(kind_of(Some("text/plain"), "x", &numbers), other("application/octet-stream"));
        let numbers: Vec<u8> = (3..200_u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(kind_of(Some("text/plain"), "x", &numbers), other("application/octet-stream"));
        assert_eq!(kind_of(Some("text/plain"), "x", &[&[0; 64][..], b"a text behind NULs"].concat()), other("application/octet-stream"));
    }

    #[test]
    fn manual_pages_are_told_by_their_title() {
        assert_eq!(of(Some("text/plain"), "x.1", b".\\\" By hand\n.TH X 1"), Kind::Manual);
        assert_eq!(of(Some("text/troff"), "x", b".Dd May 1, 2024\n.Dt X 1"), Kind::Manual);
        assert_eq!(of(None, "x.8", b"'\\\" t\n.ds a b\n.TH X 8"), Kind::Manual);
        assert_eq!(of(Some("text/plain"), "x-1.2", b"notes on 1.2\n.TH X 8"), Kind::Text);
        assert_eq!(of(Some("text/plain"), "x.1", b".hidden file\n"), Kind::Text);
    }

    #[test]
    fn xml_is_told_by_its_root() {
        let sitemap = b"<?xml version='1.0'?><!-- made by x --><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>";
        assert_eq!(of(Some("application/xml"), "x", sitemap), Kind::Sitemap);
        assert_eq!(of(Some("text/xml"), "x", b"<s:sitemapindex>"), Kind::Sitemap);
        assert_eq!(of(Some("application/rss+xml"), "x", b"<rss>"), Kind::Feed);
        assert_eq!(of(Some("application/xml"), "x", b"<rdf:RDF xmlns='x'>"), Kind::Feed);
        assert_eq!(of(Some("application/xml"), "x", b"<book>"), Kind::Xml);
        assert_eq!(of(Some("application/xml"), "x", b"<?xml version='1.0'?>\n<!DOCTYPE html>\n<html xmlns='x'>"), Kind::Html);
    }

    #[test]
    fn nothing_said_is_sniffed() {
        assert_eq!(of(None, "x", b"\xef\xbb\xbf \n<!DOCTYPE html><p>"), Kind::Html);
        assert_eq!(of(None, "x", b"%PDF-1.7"), other("application/pdf"));
        assert_eq!(of(Some("application/octet-stream"), "x.md", b"# x"), Kind::Markdown);
        assert_eq!(of(None, "x.json", b"{}"), Kind::Json);
        assert_eq!(of(None, "x.js", b"x()"), other("text/javascript"));
        assert_eq!(of(None, "x", b"plain words"), Kind::Text);
        assert_eq!(of(None, "x", b"\x01\x02"), other("application/octet-stream"));
        assert_eq!(of(None, "x", b""), Kind::Text);
    }

    #[test]
    fn extensions_are_sorted() {
        assert!(SOURCES.is_sorted_by_key(|(extension, _)| extension));
    }
}
