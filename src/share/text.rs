//! Pages as texts: one after the other, each written from itself alone. Pure.

use std::fmt::Write as _;

use serde::Serialize;

use crate::model::{Document, SourceId, date};

/// What pages are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A folder: a file a page, with what is known of it before its text.
    Markdown,
    /// A list of links, as sites have at `/llms.txt`.
    LlmsTxt,
    /// All texts, as sites have at `/llms-full.txt`.
    LlmsFull,
    /// A line of JSON a page, which `smolcrawl index --jsonl` reads.
    JsonLines,
}

/// A page to be written, and the source that it is of.
///
/// ```
/// use smolcrawl::model::{Document, SourceId};
/// use smolcrawl::share::{Form, Shown};
///
/// let source = SourceId::new("docs", Some("1.0"))?;
/// let page = Document::new("https://docs.test/".parse()?, "Docs", "Text.\n", std::time::SystemTime::UNIX_EPOCH);
/// let shown = Shown { source: &source, version: source.version(), document: &page };
/// assert_eq!(shown.page(Form::LlmsTxt), "- [Docs](https://docs.test/)\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub source: &'a SourceId,
    pub version: Option<&'a str>,
    pub document: &'a Document,
}

impl Shown<'_> {
    /// The page in this form; lines end, and nothing in them commands a terminal that is not in the text.
    pub fn page(&self, form: Form) -> String {
        match form {
            Form::Markdown => self.markdown(),
            Form::LlmsTxt => self.link(),
            Form::LlmsFull => self.full(),
            Form::JsonLines => self.line(),
        }
    }

    /// What stands before all pages of several sources.
    pub fn opening(form: Form, sources: &[SourceId]) -> String {
        let title = match sources {
            [source] => source.to_string(),
            several => format!("{} sources", several.len()),
        };
        if form == Form::LlmsTxt { format!("# {title}\n") } else { String::new() }
    }

    /// What stands before the pages of one of them.
    pub fn heading(form: Form, source: &SourceId, sources: &[SourceId]) -> String {
        match (form, sources) {
            (Form::LlmsTxt, [_]) => "\n## Pages\n\n".to_owned(),
            (Form::LlmsTxt, _) => format!("\n## {source}\n\n"),
            _ => String::new(),
        }
    }

    fn markdown(&self) -> String {
        let Self { source, version, document } = self;
        let mut text = String::with_capacity(document.markdown.len() + 256);
        // A string of JSON is one of YAML.
        let mut add = |name: &str, value: &str| writeln!(text, "{name}: {}", json(&value)).expect("a string takes everything");
        text_of_front(&mut add, source, *version, document);
        format!("---\n{text}---\n\n{}\n", document.markdown.trim_end_matches('\n'))
    }

    fn link(&self) -> String {
        let Document { title, url, metadata, .. } = self.document;
        let title = one_line(title).replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
        let url = url.as_str().replace('(', "%28").replace(')', "%29");
        match metadata.description.as_deref().map(one_line).filter(|description| !description.is_empty()) {
            Some(description) => format!("- [{title}]({url}): {description}\n"),
            None => format!("- [{title}]({url})\n"),
        }
    }

    fn full(&self) -> String {
        let Document { title, url, markdown, .. } = self.document;
        let title = one_line(title);
        let body = markdown.trim_matches('\n');
        let body = body
            .strip_prefix("# ")
            .and_then(|rest| rest.strip_prefix(title.as_str()))
            .filter(|rest| rest.starts_with('\n'))
            .unwrap_or(body);
        format!("# {title}\n\nSource: {url}\n\n{}\n\n", body.trim_matches('\n'))
    }

    fn line(&self) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            url: &'a str,
            title: &'a str,
            text: &'a str,
            source: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            version: Option<&'a str>,
            fetched: String,
        }
        let Self { source, version, document } = self;
        let line = Line {
            url: document.url.as_str(),
            title: &document.title,
            text: &document.markdown,
            source: source.as_str(),
            version: *version,
            fetched: date(document.fetched_at),
        };
        json(&line) + "\n"
    }
}

fn text_of_front(add: &mut dyn FnMut(&str, &str), source: &SourceId, version: Option<&str>, document: &Document) {
    add("title", &document.title);
    add("url", document.url.as_str());
    add("source", source.as_str());
    if let Some(version) = version {
        add("version", version);
    }
    add("fetched", &date(document.fetched_at));
}

/// All that commands a terminal is escaped, beyond what JSON asks for.
fn json(value: &impl Serialize) -> String {
    let written = serde_json::to_string(value).expect("texts are JSON");
    let is_command = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    if !written.contains(is_command) {
        return written;
    }
    let mut escaped = String::with_capacity(written.len() + 16);
    for c in written.chars() {
        match is_command(c) {
            // All of them are of the basic plane: one escape each.
            true => write!(escaped, "\\u{:04x}", u32::from(c)).expect("a string takes everything"),
            false => escaped.push(c),
        }
    }
    escaped
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn what_a_page_says_stays_within_its_place() {
        let source = SourceId::new("docs", Some("1.0")).unwrap();
        let url = "https://docs.test/a(b)?c".parse().unwrap();
        let mut page = Document::new(url, "A [x](y)\n---\n\"q\" \u{9b}", "# A\n\nText.\n\n\n", UNIX_EPOCH);
        page.metadata.description = Some("Two\nlines.".to_owned());
        let shown = Shown { source: &source, version: source.version(), document: &page };
        assert_eq!(shown.page(Form::LlmsTxt), "- [A \\[x\\](y) --- \"q\" \u{9b}](https://docs.test/a%28b%29?c): Two lines.\n");
        let markdown = shown.page(Form::Markdown);
        assert!(
            markdown.starts_with("---\ntitle: \"A [x](y)\\n---\\n\\\"q\\\" \\u009b\"\nurl: \"https://docs.test/a(b)?c\"\n"),
            "{markdown}"
        );
        assert!(markdown.ends_with("version: \"1.0\"\nfetched: \"1970-01-01T00:00:00Z\"\n---\n\n# A\n\nText.\n"), "{markdown}");
        let line = shown.page(Form::JsonLines);
        assert!(line.ends_with("}\n") && !line.contains('\u{9b}') && line.matches('\n').count() == 1, "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap()["title"], page.title);
    }
}
