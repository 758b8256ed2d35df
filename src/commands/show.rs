//! `show`: a stored page on stdout, whole or in parts.

use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::crawl;
use smolcrawl::model::{Document, SourceId, date, part_end};
use url::Url;

use super::output::Output;
use super::sources::seconds;
use super::{Failure, Shown, compare, database_exists};
use crate::cli;
use crate::terminal::{self, Paint, Style, tell};

pub async fn run(engine: &Engine, asked: cli::Show, shown: Shown, paint: Paint) -> Result<(), Failure> {
    let mut url = super::stored(&asked.url)?;
    url.set_fragment(None);
    database_exists(engine)?;
    let source = match &asked.source {
        Some(source) => Some(compare::one(engine, source).await?),
        None => None,
    };
    let whole = match crawl::parse_with_fragment(&asked.url) {
        Some(whole) => engine.page_in(source.clone(), whole).await?,
        None => None,
    };
    let stored = if whole.is_some() { whole } else { engine.page_in(source.clone(), url.clone()).await? };
    let (source, document) = match stored {
        Some(stored) => stored,
        None => return Err(missing(engine, url, source.as_ref()).await?),
    };
    if asked.source.is_none() && shown != Shown::Quiet {
        let others: Vec<_> = engine.sources_of_page(document.url.clone()).await?.into_iter().filter(|other| *other != source).collect();
        if !others.is_empty() {
            let note = format!("note: this is the page of {source}; --source shows that of {}", listed(&others));
            tell!("{}", terminal::line(&note));
        }
    }
    if asked.outline {
        return outline(&source, &document, &asked, paint);
    }
    let part = Part::of(&document, &asked)?;
    let mut output = Output::new();
    if asked.json.json {
        output.json(&json!({
            "url": document.url, "title": document.title, "source": source, "version": source.version(),
            "fetched": date(document.fetched_at), "fetched_unix": seconds(document.fetched_at), "metadata": document.metadata,
            "filled": document.filled.to_string(),
            "markdown": part.text, "offset": part.offset, "total_chars": part.total, "next_offset": part.next
        }))?;
        return Ok(output.finish()?);
    }
    output.text(part.text.trim_end_matches('\n'))?;
    output.finish()?;
    if let Some(told) = document.filled.told().filter(|_| shown != Shown::Quiet) {
        tell!("note: the text is {told}");
    }
    if let Some(next) = part.next.filter(|_| shown != Shown::Quiet) {
        tell!("more: --offset {next} ({} of {} characters are left)", part.total - next, part.total);
    }
    Ok(())
}

/// What is printed of a page: characters, as the tool `read_page` counts them.
struct Part<'a> {
    text: &'a str,
    offset: usize,
    total: usize,
    /// Where to go on, if there is more.
    next: Option<usize>,
}

impl<'a> Part<'a> {
    fn of(document: &'a Document, asked: &cli::Show) -> Result<Self, Failure> {
        let markdown = document.markdown.as_str();
        let total = markdown.chars().count();
        let fragment = asked.url.split_once('#').map(|(_, fragment)| fragment.trim()).filter(|fragment| !fragment.is_empty());
        let fragment = fragment.filter(|fragment| document.url.fragment() != Some(*fragment));
        let anchor = asked.from.as_deref().map(|anchor| anchor.trim_start_matches('#')).or(fragment);
        let at = match (asked.offset, anchor) {
            (Some(0), None) | (None, None) => 0,
            (Some(offset), _) => markdown.char_indices().nth(offset).map(|(at, _)| at).ok_or_else(|| {
                let hint = format!("--offset may be 0 to {}", total.saturating_sub(1));
                Failure::new(format!("--offset is {offset}, and the page has {total} characters"), hint)
            })?,
            (None, Some(anchor)) => document.heading_at(anchor).map(|heading| heading.offset).ok_or_else(|| unknown(document, anchor))?,
        };
        let (before, rest) = markdown.split_at(at);
        let offset = before.chars().count();
        let text = match asked.limit {
            Some(limit) => &rest[..part_end(before, rest, usize::try_from(limit).unwrap_or(usize::MAX), |_| 1)],
            None => rest,
        };
        let next = (text.len() < rest.len()).then(|| offset + text.chars().count());
        Ok(Self { text, offset, total, next })
    }
}

fn unknown(document: &Document, anchor: &str) -> Failure {
    let anchors: Vec<_> = document.outline.iter().filter_map(|heading| heading.anchor.as_deref()).take(NAMED).collect();
    let hint = match anchors.as_slice() {
        [] => "no heading of this page has an anchor; --offset begins at a character".to_owned(),
        anchors => format!("--outline lists them: {}", anchors.join(", ")),
    };
    Failure::new(format!("no heading of {} has the anchor {anchor:?}", document.url), hint)
}

/// The headings, indented by their level.
fn outline(source: &SourceId, document: &Document, asked: &cli::Show, paint: Paint) -> Result<(), Failure> {
    let mut output = Output::new();
    if asked.json.json {
        output.json(&json!({ "url": document.url, "title": document.title, "source": source, "outline": document.outline }))?;
        return Ok(output.finish()?);
    }
    for heading in &document.outline {
        let indent = "  ".repeat(usize::from(heading.level.saturating_sub(1)));
        let anchor = heading.anchor.as_ref().map_or_else(String::new, |anchor| format!("  #{anchor}"));
        output.styled(paint, [(Style::Plain, indent.as_str()), (Style::Strong, &heading.text), (Style::Faint, &anchor)])?;
    }
    if document.outline.is_empty() {
        output.line("no headings")?;
    }
    Ok(output.finish()?)
}

/// Says what is stored nearest to a page that is not.
async fn missing(engine: &Engine, url: Url, source: Option<&SourceId>) -> Result<Failure, Failure> {
    let elsewhere = engine.sources_of_page(url.clone()).await?;
    let what = format!("{url} is not stored{}", source.map_or_else(String::new, |source| format!(" in {source}")));
    if !elsewhere.is_empty() {
        return Ok(Failure::new(what, format!("it is stored in {}", listed(&elsewhere))));
    }
    let near: Vec<_> = engine.pages_meant(url.clone(), NEAREST).await?.iter().map(Url::to_string).collect();
    let near = if near.is_empty() { String::new() } else { format!("stored nearest to it: {}; ", near.join(", ")) };
    let how = match url.scheme() {
        "file" => "`smolcrawl add PATH` stores what lies there".to_owned(),
        _ => format!("`smolcrawl fetch {url}` reads it as it is now"),
    };
    Ok(Failure::new(what, format!("{near}{how}")))
}

fn listed(sources: &[SourceId]) -> String {
    sources.iter().take(NAMED).map(SourceId::as_str).collect::<Vec<_>>().join(", ")
}

/// Stored pages that are offered for one that is not.
const NEAREST: usize = 3;
/// Names in a hint.
const NAMED: usize = 30;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use smolcrawl::model::Heading;

    use super::*;

    fn asked(url: &str) -> cli::Show {
        cli::Show {
            url: url.to_owned(),
            source: None,
            outline: false,
            from: None,
            offset: None,
            limit: None,
            json: cli::Json { json: false },
        }
    }

    fn page() -> Document {
        let mut page =
            Document::new(Url::parse("https://docs.test/p").unwrap(), "P", "# Über\n\nEins.\n\n## Zwei\n\nMehr.\n", SystemTime::now());
        let offset = page.markdown.find("## Zwei").unwrap();
        page.outline = vec![Heading { level: 2, text: "Zwei".into(), anchor: Some("zwei".into()), offset }];
        page
    }

    #[test]
    fn the_parts_of_a_page_are_the_page() {
        let page = page();
        let (mut offset, mut all) = (0, String::new());
        loop {
            let asked = cli::Show { offset: Some(offset), limit: Some(8), ..asked("docs.test/p") };
            let part = Part::of(&page, &asked).unwrap();
            all.push_str(part.text);
            match part.next {
                Some(next) => offset = next,
                None => break,
            }
        }
        assert_eq!(all, page.markdown);
        assert!(Part::of(&page, &cli::Show { offset: Some(100), ..asked("docs.test/p") }).is_err());
    }

    #[test]
    fn an_anchor_is_where_it_begins_and_an_unknown_one_is_an_error() {
        let page = page();
        for asked in [asked("docs.test/p#zwei"), cli::Show { from: Some("#zwei".into()), ..asked("docs.test/p") }] {
            assert_eq!(Part::of(&page, &asked).unwrap().text, "## Zwei\n\nMehr.\n");
        }
        assert!(Part::of(&page, &asked("docs.test/p#drei")).is_err());
    }
}
