//! `add`: what lies on the disk, or in a repository, becomes a source; a site is crawled.

use std::env;
use std::time::Instant;

use futures_lite::future;
use smolcrawl::Engine;
use smolcrawl::engine::{AddEvent, AddReport, AddRequest, Adding, LeftOutFiles};
use smolcrawl::files::{Origin, PathPattern, Selection, Usual};
use smolcrawl::model::SourceId;
use smolcrawl::reactor::Handle;

use super::output::Output;
use super::progress::{Lines, PATIENCE, Spinner};
use super::signals::interruption;
use super::{Failure, Shown, crawl, failures, progress};
use crate::cli;

pub async fn run(engine: &Engine, asked: cli::Add, shown: Shown) -> Result<(), Failure> {
    let here = env::current_dir().map_err(|error| Failure::new(format!("the working folder: {error}"), "change to one that is there"))?;
    let origin = engine.origin(asked.what.clone(), here).await?;
    if matches!(origin, Origin::Web(_) | Origin::Site(_)) {
        if asked.max_file_bytes.is_some() {
            return Err(Failure::usage("--max-file-bytes is for files, and this is a site"));
        }
        return crawl::run(engine, asked.crawl(), shown).await;
    }
    // Where nobody says a name, it is made of what is added.
    let said = |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let named = SourceId::new(said(&asked.name).as_deref().unwrap_or("docs"), said(&asked.lib_version).as_deref());
    named.map_err(|error| Failure::flag(smolcrawl::Error::Name { error }))?;
    let request = AddRequest::new(origin).selection(selection(&asked)?).named(asked.name.clone(), asked.lib_version.clone());
    let interrupted = interruption()?;
    let mut watch = Watch {
        read: 0,
        began: engine.handle().now(),
        lines: Lines::new(engine.handle(), shown),
        spinner: Spinner::new(shown),
        handle: engine.handle().clone(),
    };
    let mut adding = engine.add(request, engine.config().chunk.clone());
    let mut outcome = future::or(async { Some(follow(&mut adding, &mut watch).await) }, async {
        interrupted.asked().await;
        None
    })
    .await;
    let is_interrupted = outcome.is_none();
    if !matches!(outcome, Some(Ok(()))) {
        // What has been read is stored, as far as that is a matter of moments.
        adding.stop();
        let stored = engine.handle().timeout(PATIENCE, follow(&mut adding, &mut watch)).await;
        if let (None, Ok(Err(failure))) = (&outcome, stored) {
            outcome = Some(Err(failure));
        }
    }
    watch.spinner.clear();
    let report = adding.report();
    if is_interrupted || matches!(outcome, Some(Ok(()))) || report.pages() > 0 {
        print(&report, asked.json)?;
    }
    outcome.unwrap_or(Ok(()))?;
    if is_interrupted {
        let kept = format!("{} pages are stored and kept; {}", report.pages(), progress::not_embedded(engine).await?);
        return Err(Failure::interrupted(kept, "run it again: files that are stored and have not changed are not read again"));
    }
    let embedded = match asked.no_index {
        true => Ok(()),
        false => progress::embed_unless_interrupted(engine, shown, &interrupted).await,
    };
    nothing_stored(&report).and(embedded)
}

fn selection(asked: &cli::Add) -> Result<Selection, Failure> {
    let patterns = |texts: &[String]| texts.iter().map(|text| PathPattern::parse(text)).collect::<Result<Vec<_>, _>>();
    let usual = Selection::default();
    Ok(Selection {
        include: patterns(&asked.include).map_err(Failure::flag)?,
        exclude: patterns(&asked.exclude).map_err(Failure::flag)?,
        usual: if asked.everything { Usual::Take } else { Usual::LeaveOut },
        max_files: asked.max_files.map_or(usual.max_files, |most| usize::try_from(most).unwrap_or(usize::MAX)),
        max_bytes: asked.max_bytes.unwrap_or(usual.max_bytes),
        max_file_bytes: asked.max_file_bytes.unwrap_or(usual.max_file_bytes),
        ..usual
    })
}

/// What a person sees of files that are being read.
struct Watch {
    read: u64,
    began: Instant,
    lines: Lines,
    spinner: Spinner,
    handle: Handle,
}

async fn follow(adding: &mut Adding, watch: &mut Watch) -> Result<(), Failure> {
    loop {
        let (read, all, began, handle) = (watch.read, adding.files(), watch.began, watch.handle.clone());
        let how_far = || match all {
            0 => format!("looking, {read} read so far"),
            all => progress::done(read, all.max(read), handle.now().saturating_duration_since(began)),
        };
        watch.spinner.say_with(how_far);
        let Some(event) = watch.lines.during(adding.next(), || progress::say("reading", how_far())).await else { return Ok(()) };
        if !matches!(event?, AddEvent::Found) {
            watch.read += 1;
        }
    }
}

fn print(report: &AddReport, json: cli::Json) -> Result<(), Failure> {
    let mut output = Output::new();
    if json.json {
        output.json(report)?;
        return Ok(output.finish()?);
    }
    let is_again = report.updated + report.unchanged + report.removed > 0;
    for (what, pages, all) in [
        // Of what is new altogether the list says nothing that the folder does not.
        ("added  ", report.added_pages.as_slice(), if is_again { report.added } else { 0 }),
        ("changed", &report.updated_pages, report.updated),
        ("removed", &report.removed_pages, report.removed),
    ] {
        for page in pages.iter().take(if all > 0 { usize::MAX } else { 0 }) {
            output.line(format!("{what} {}: {}", page.url, page.title))?;
        }
        if let more @ 1.. = all.saturating_sub(pages.len() as u64) {
            output.line(format!("{what} {more} more"))?;
        }
    }
    report.skipped.iter().try_for_each(|skipped| output.line(format!("skipped {}: {}", skipped.url, skipped.why)))?;
    if let more @ 1.. = report.skipped_total - report.skipped.len() as u64 {
        output.line(format!("skipped {more} more"))?;
    }
    if let before @ 1.. = report.still_skipped_total {
        output.line(format!("skipped {before} files that there was nothing to read in before, and that have not changed"))?;
    }
    failures::lines("failed ", &report.failed, report.failed_total).into_iter().try_for_each(|line| output.line(line))?;
    report.left_out.iter().try_for_each(|left_out| output.line(told(left_out)))?;
    if let deep @ 1.. = report.too_deep() {
        output.line(format!("not complete: {deep} lie deeper than is read; a folder down there can be added by its own path"))?;
    }
    if let beyond @ 1.. = report.beyond_limits - report.too_deep().min(report.beyond_limits) {
        output.line(format!("not complete: {beyond} files or folders are beyond the limits; --max-files and --max-bytes allow more"))?;
    }
    report.hints.iter().try_for_each(|hint| output.line(hint))?;
    // Of what nothing is stored there is no source.
    if let Some(source) = report.source.as_ref().filter(|_| report.pages() > 0) {
        let version = report.version.as_ref().filter(|_| source.version().is_none()).map(|version| format!(", version {version}"));
        output.line(format!("stored as {source}{}", version.unwrap_or_default()))?;
    }
    output.line(format!(
        "{} files: {} added, {} changed, {} unchanged, {} removed, {} skipped, {} failed in {:.1} s",
        report.files,
        report.added,
        report.updated,
        report.unchanged,
        report.removed,
        report.skipped_total + report.still_skipped_total,
        report.failed_total,
        report.elapsed.as_secs_f64()
    ))?;
    Ok(output.finish()?)
}

/// What one rule has left out, with what takes it in.
pub(super) fn told(left_out: &LeftOutFiles) -> String {
    let such = if left_out.count == 1 { String::new() } else { "such as ".to_owned() };
    let takes_in = match left_out.rule {
        "hidden" | "generated" | "vendored" | "in .gitignore" => "; --everything takes them in, --include some of them",
        "too large" => "; --max-file-bytes allows more",
        _ => "",
    };
    format!("left out: {} {} ({such}{}){takes_in}", left_out.count, left_out.rule, left_out.first)
}

fn nothing_stored(report: &AddReport) -> Result<(), Failure> {
    if report.pages() > 0 || report.still_skipped_total > 0 {
        return Ok(());
    }
    let (why, hint) = match (report.failed.first(), report.skipped.first()) {
        (Some(failed), _) => (format!("{}: {}", failed.url, failed.error), failed.hint.as_deref()),
        (None, Some(skipped)) => (format!("{}: {}", skipped.url, skipped.why), None),
        (None, None) => ("there was nothing to read".to_owned(), None),
    };
    Err(Failure::new(format!("nothing was stored: {why}"), hint.unwrap_or("-v tells what became of each file")))
}
