//! `pages`: what is stored of a source, page by page.

use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::model::{SourceId, date};
use smolcrawl::store::PageSummary;

use super::output::Output;
use super::sources::{meant, seconds};
use super::{Failure, Shown, database_exists};
use crate::cli;
use crate::terminal::tell;

pub async fn run(engine: &Engine, asked: cli::Pages, shown: Shown) -> Result<(), Failure> {
    let below = super::prefix(asked.below.as_ref())?;
    database_exists(engine)?;
    let sources = meant(engine, &asked.source).await?.default;
    let word = asked.r#match.as_deref().unwrap_or_default().to_lowercase();
    let is_meant = |page: &PageSummary| page.url.as_str().to_lowercase().contains(&word) || page.title.to_lowercase().contains(&word);
    let (mut pages, mut stored) = (Vec::new(), 0);
    for source in &sources {
        let all = engine.pages_of(source.clone(), String::new(), usize::MAX).await?;
        stored += all.len();
        let begins_so = |page: &PageSummary| below.as_ref().is_none_or(|below| page.url.as_str().starts_with(below.as_str()));
        pages.extend(all.into_iter().filter(|page| begins_so(page) && is_meant(page)).map(|page| (source, page)));
    }
    let found = pages.len();
    let limit = asked.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let listed: Vec<_> = pages.iter().skip(asked.offset).take(limit).collect();
    let next = asked.offset.saturating_add(listed.len());
    let next = (next < found && !listed.is_empty()).then_some(next);
    let mut output = Output::new();
    if asked.json.json {
        output.json(&json!({
            "sources": sources, "stored": stored, "found": found, "next_offset": next,
            "pages": listed.iter().map(|(source, page)| described(source, page)).collect::<Vec<_>>(),
        }))?;
    } else {
        for (_, PageSummary { url, title, fetched_at, bytes }) in listed.iter().map(|(source, page)| (source, page)) {
            // Tabs are between the columns.
            output.line(format!("{url}\t{}\t{}\t{}", title.replace('\t', " "), size(*bytes), date(*fetched_at)))?;
        }
        if found == 0 {
            output.line("no pages")?;
        }
    }
    output.finish()?;
    if !asked.json.json && shown != Shown::Quiet {
        tell!("{}", counted(listed.len(), found, stored, next));
    }
    Ok(())
}

/// How many there are, and what of them is not listed.
fn counted(listed: usize, found: usize, stored: usize, next: Option<usize>) -> String {
    let of_all = if found == stored { format!("{stored} pages are stored") } else { format!("{found} of {stored} stored pages are meant") };
    match next {
        Some(next) => format!("{of_all}, {listed} listed; more: --offset {next}"),
        None if listed < found => format!("{of_all}, {listed} listed"),
        None => of_all,
    }
}

fn described(source: &SourceId, page: &PageSummary) -> serde_json::Value {
    let PageSummary { url, title, fetched_at, bytes } = page;
    json!({
        "url": url, "title": title, "source": source, "bytes": bytes, "fetched": date(*fetched_at), "fetched_unix": seconds(*fetched_at)
    })
}

/// Of the markdown, as people read it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_told() {
        assert_eq!(counted(7, 7, 7, None), "7 pages are stored");
        assert_eq!(counted(2, 2, 7, None), "2 of 7 stored pages are meant");
        assert_eq!(counted(2, 5, 7, Some(2)), "5 of 7 stored pages are meant, 2 listed; more: --offset 2");
        assert_eq!([0, 1_023, 1_536, 5 << 20].map(size), ["0 B", "1023 B", "1.5 KiB", "5.0 MiB"]);
    }
}
