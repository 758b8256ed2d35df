//! `compare`: what changed from one version to another, as their pages tell it.

use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::engine::{Change, Comparison, PageChanges, SectionChange};
use smolcrawl::model::SourceId;

use super::output::Output;
use super::{Failure, database_exists, sources};
use crate::cli;

pub async fn run(engine: &Engine, asked: cli::Compare) -> Result<(), Failure> {
    database_exists(engine)?;
    let (from, to) = (one(engine, &asked.from).await?, one(engine, &asked.to).await?);
    let compared = engine.compare(&from, &to).await?;
    let mut output = Output::new();
    for (change, pages) in [("added", &compared.added), ("removed", &compared.removed)] {
        for page in pages {
            match asked.json.json {
                true => output.json(&json!({ "change": change, "url": page.url, "title": page.title }))?,
                false => output.line(format!("{change:<8}  {}  {}", page.url, page.title))?,
            }
        }
    }
    for pair in &compared.moved {
        match asked.json.json {
            true => output.json(&json!({ "change": "moved", "url": pair.url, "was": pair.was, "title": pair.title }))?,
            false => output.line(format!("moved     {} -> {}  {}", pair.was, pair.url, pair.title))?,
        }
    }
    for pair in &compared.changed {
        // A page that has been removed meanwhile has no changes.
        let changes = if asked.pages_only { None } else { engine.page_changes(&compared, pair).await? };
        if asked.json.json {
            let mut page = json!({ "change": "changed", "url": pair.url, "was": pair.was, "title": pair.title, "moved": pair.is_moved });
            if let Some(changes) = &changes {
                page["changes"] = described(changes);
            }
            output.json(&page)?;
        } else {
            let was = if pair.is_moved { format!("{} -> ", pair.was) } else { String::new() };
            output.line(format!("changed   {was}{}  {}", pair.url, pair.title))?;
            if let Some(changes) = &changes {
                tell(&mut output, changes)?;
            }
        }
    }
    match asked.json.json {
        true => output.json(&summary(&compared))?,
        false => {
            output.line(in_short(&compared))?;
            compared.notes.iter().try_for_each(|note| output.line(format!("note: {note}")))?;
        }
    }
    Ok(output.finish()?)
}

/// The one source that is meant.
pub async fn one(engine: &Engine, text: &str) -> Result<SourceId, Failure> {
    let meant = sources::meant(engine, text).await?;
    meant.only(text).cloned().ok_or_else(|| {
        let names: Vec<_> = meant.default.iter().map(SourceId::as_str).take(NAMED).collect();
        Failure::new(format!("{text:?} means {} sources: {}", meant.default.len(), names.join(", ")), "name one of them")
    })
}

/// What has changed in a page, indented.
pub fn tell(output: &mut Output, changes: &PageChanges) -> Result<(), Failure> {
    if let Some([was, is]) = &changes.title {
        output.line(format!("  title: {was} -> {is}"))?;
    }
    for section in &changes.sections {
        output.line(format!("  {}", headed(section)))?;
        for (mark, passages) in [('-', &section.removed), ('+', &section.added)] {
            for line in passages.iter().flat_map(|passage| std::iter::once((mark, passage)).flat_map(marked)) {
                output.line(line)?;
            }
        }
        if section.more > 0 {
            output.line(format!("    ({} more passages)", section.more))?;
        }
    }
    if changes.more_sections > 0 {
        output.line(format!("  ({} more sections)", changes.more_sections))?;
    }
    if changes.is_empty() {
        output.line("  (the order of its passages)")?;
    }
    Ok(())
}

/// The first line of a passage behind its mark, the others below it.
fn marked((mark, passage): (char, &String)) -> Vec<String> {
    passage.lines().enumerate().map(|(index, line)| format!("    {} {line}", if index == 0 { mark } else { ' ' })).collect()
}

fn headed(section: &SectionChange) -> String {
    let name = |headings: &[String]| match headings {
        [] => "(beginning)".to_owned(),
        headings => headings.join(" > "),
    };
    let anchor = section.anchor.as_ref().map_or_else(String::new, |anchor| format!(" (#{anchor})"));
    let was = section.was.as_ref().map_or_else(String::new, |was| format!("{} -> ", name(was)));
    let mark = match section.change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed | Change::Renamed => '~',
    };
    format!("{mark} {was}{}{anchor}", name(&section.headings))
}

/// The same for programs.
pub fn described(changes: &PageChanges) -> Value {
    json!({ "title": changes.title, "sections": changes.sections, "more_sections": changes.more_sections })
}

fn summary(compared: &Comparison) -> Value {
    json!({
        "from": compared.from,
        "to": compared.to,
        "pages_from": compared.pages[0],
        "pages_to": compared.pages[1],
        "unchanged": compared.unchanged,
        "only_version": compared.only_version,
        "changed": compared.changed.len(),
        "moved": compared.moved.len(),
        "added": compared.added.len(),
        "removed": compared.removed.len(),
        "notes": compared.notes,
    })
}

fn in_short(compared: &Comparison) -> String {
    format!(
        "{} ({} pages) -> {} ({} pages): {} unchanged ({} of them but for the version), {} changed, {} moved, {} added, {} removed",
        compared.from,
        compared.pages[0],
        compared.to,
        compared.pages[1],
        compared.unchanged,
        compared.only_version,
        compared.changed.len(),
        compared.moved.len(),
        compared.added.len(),
        compared.removed.len()
    )
}

/// Sources that are named where one was to be.
const NAMED: usize = 100;
