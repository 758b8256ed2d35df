//! `crawl --join` and `work`: one of many who do a crawl together, on this machine or others.

use std::time::{Duration, Instant};

use futures_lite::future;
use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::engine::{CrawlReport, CrawlRequest, Fill, JoinRequest, Joining, Resume};
use smolcrawl::model::{Joined, JoinedEnd, JoinedId, JoinedTotals, SourceId};
use smolcrawl::reactor::Handle;

use super::output::Output;
use super::progress::{Counts, Lines, PATIENCE, Spinner};
use super::signals::{Interruption, interruption};
use super::{Failure, Shown, crawl, database_exists, progress};
use crate::cli;
use crate::terminal::{self, tell};

/// Opens a crawl, or takes part in the one that is open.
pub async fn crawl(
    engine: &Engine,
    request: CrawlRequest,
    name: Option<SourceId>,
    asked: &cli::Crawl,
    shown: Shown,
) -> Result<(), Failure> {
    let interrupted = interruption()?;
    let resume = if asked.fresh { Resume::Never } else { Resume::IfInterrupted };
    let mut wanted = JoinRequest { name, resume, ..JoinRequest::new(request) };
    if let Some(lease) = asked.lease {
        wanted.lease = lease;
    }
    let mut joining = engine.join(wanted, engine.config().chunk.clone()).await?;
    let outcome = take_part(engine, &mut joining, shown, &interrupted).await;
    let report = joining.report();
    print(&report, joining.fill(), joining.totals(), asked.json)?;
    if outcome? == Ended::Interrupted {
        return Err(left(&report));
    }
    // Others may have stored all of it.
    let is_nothing = report.stored == 0 && joining.totals().stored == 0;
    let embedded = if asked.no_index { Ok(()) } else { progress::embed_together_unless_interrupted(engine, shown, &interrupted).await };
    embedded.and(if is_nothing { Err(crawl::nothing(&report, "nothing was stored")) } else { Ok(()) })
}

/// Takes part in what is open, and embeds what is to be embedded, until nothing is left.
pub async fn work(engine: &Engine, asked: cli::Work, shown: Shown) -> Result<(), Failure> {
    database_exists(engine)?;
    let interrupted = interruption()?;
    let (mut done, mut last, mut between) = (Vec::new(), None, BETWEEN);
    loop {
        match next(engine, &asked, shown, &interrupted, &mut done, &mut last).await {
            Ok(Next::Another) => continue,
            Ok(Next::Later) => between = BETWEEN,
            Ok(Next::Nothing) => return finish(&asked, &done),
            // Whoever is to stay waits for the store as well.
            Err(failure) if asked.wait && failure.may_pass() => {
                between = (between * 2).min(LONGEST_BETWEEN);
                tell!("tried again in {} s: {}", between.as_secs(), terminal::line(&failure.told()));
            }
            Err(failure) => {
                if failure.is_interruption() && !done.is_empty() {
                    finish(&asked, &done)?;
                }
                return Err(failure);
            }
        }
        let is_asked = future::or(
            async {
                engine.handle().sleep(between).await;
                false
            },
            async {
                interrupted.asked().await;
                true
            },
        );
        if is_asked.await {
            return finish(&asked, &done);
        }
    }
}

/// What one who works does next.
enum Next {
    Another,
    Later,
    Nothing,
}

/// Takes part in the first crawl that is open, or embeds where there is none.
async fn next(
    engine: &Engine,
    asked: &cli::Work,
    shown: Shown,
    interrupted: &Interruption,
    done: &mut Vec<Value>,
    last: &mut Option<JoinedId>,
) -> Result<Next, Failure> {
    let Some(joined) = open(engine, asked.source.as_deref()).await?.into_iter().next() else {
        // What nobody knows is a slip, but where what is opened later is waited for.
        if let (Some(source), true, false) = (&asked.source, done.is_empty(), asked.wait) {
            super::sources::meant(engine, source).await?;
        }
        if !asked.no_index {
            progress::embed_together_unless_interrupted(engine, shown, interrupted).await?;
        }
        return Ok(if asked.wait { Next::Later } else { Next::Nothing });
    };
    let id = joined.id;
    let mut joining = engine.take_part(joined, asked.concurrency.into(), engine.config().chunk.clone()).await?;
    let outcome = take_part(engine, &mut joining, shown, interrupted).await;
    let report = joining.report();
    done.push(described(&report, joining.fill(), joining.totals())?);
    if !asked.json.json {
        print(&report, joining.fill(), joining.totals(), asked.json)?;
    }
    if outcome? == Ended::Interrupted {
        return Err(left(&report));
    }
    // One that did not end with this part of it, as its time was up or the others are at it: no part is taken twice at once.
    Ok(if last.replace(id) == Some(id) { Next::Later } else { Next::Another })
}

async fn open(engine: &Engine, source: Option<&str>) -> Result<Vec<Joined>, Failure> {
    let open = engine.joined_crawls().await?;
    let Some(source) = source else { return Ok(open) };
    let is_meant = |joined: &Joined| joined.sources.iter().any(|(of, _)| of.as_str() == source || of.name() == source);
    Ok(open.into_iter().filter(is_meant).collect())
}

fn finish(asked: &cli::Work, done: &[Value]) -> Result<(), Failure> {
    let mut output = Output::new();
    if asked.json.json {
        output.json(&json!({ "crawls": done }))?;
    } else if done.is_empty() {
        output.line("no crawl that is done together is open")?;
    }
    Ok(output.finish()?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    ByItself,
    Interrupted,
}

async fn take_part(engine: &Engine, joining: &mut Joining, shown: Shown, interrupted: &Interruption) -> Result<Ended, Failure> {
    let mut watch = Watch {
        counts: Counts::default(),
        began: engine.handle().now(),
        lines: Lines::new(engine.handle(), shown),
        handle: engine.handle().clone(),
    };
    let spinner = Spinner::new(shown);
    let mut ended = future::or(follow(joining, &mut watch, &spinner), async {
        interrupted.asked().await;
        Ok(Ended::Interrupted)
    })
    .await;
    if !matches!(ended, Ok(Ended::ByItself)) {
        joining.stop();
        let stored = engine.handle().timeout(PATIENCE * 2, follow(joining, &mut watch, &spinner)).await;
        if let Ok(Err(failure)) = stored {
            ended = ended.and(Err(failure));
        }
    }
    spinner.clear();
    ended
}

struct Watch {
    counts: Counts,
    began: Instant,
    lines: Lines,
    handle: Handle,
}

async fn follow(joining: &mut Joining, watch: &mut Watch, spinner: &Spinner) -> Result<Ended, Failure> {
    loop {
        let told = told(watch.counts, joining.totals(), watch.handle.now().saturating_duration_since(watch.began));
        let Some(event) = watch.lines.during(joining.next(), || progress::say("crawling together", &told)).await else {
            return Ok(Ended::ByItself);
        };
        let url = watch.counts.take(event?);
        spinner.say_with(|| format!("{told} {}", terminal::line(url.as_str())));
    }
}

fn told(counts: Counts, totals: &JoinedTotals, elapsed: Duration) -> String {
    let JoinedTotals { workers, queued, leased, stored, .. } = totals;
    let (here, seconds) = (counts.stored, elapsed.as_secs());
    format!("{here} stored here and {stored} by {workers} workers, {leased} in hand, {queued} in the queue, {seconds} s")
}

fn described(report: &CrawlReport, fill: &Fill, totals: &JoinedTotals) -> Result<Value, Failure> {
    let mut told = serde_json::to_value(report).map_err(|error| Failure::new(error.to_string(), "this is a defect of smolcrawl"))?;
    told["sources"] = json!(fill.sources().collect::<Vec<_>>());
    told["pages_before"] = json!(0);
    told["joined"] = json!(totals);
    Ok(told)
}

fn print(report: &CrawlReport, fill: &Fill, totals: &JoinedTotals, json: cli::Json) -> Result<(), Failure> {
    if json.json {
        let mut output = Output::new();
        output.json(&described(report, fill, totals)?)?;
        return Ok(output.finish()?);
    }
    crawl::print(report, Some(fill), json, 0)?;
    let mut output = Output::new();
    let JoinedTotals { workers, queued, leased, stored, skipped, failed, requests, returned, late, .. } = totals;
    let how = match (totals.ended, queued + leased) {
        (Some(_), 0) => "it has ended".to_owned(),
        (Some(JoinedEnd::Stopped), left) => format!("it has ended with {left} URLs left"),
        (Some(_), left) => format!("it has ended with {left} URLs left, which `smolcrawl crawl … --resume` goes on with, without --join"),
        (None, left) => format!("{left} URLs are left, and {workers} workers are at it: `smolcrawl work` takes part"),
    };
    let back = match returned {
        0 => String::new(),
        returned => format!("; {returned} URLs came back from workers that died, {late} pages were late"),
    };
    output.line(format!("all together: {stored} pages stored, {skipped} skipped, {failed} failed, {requests} requests{back}; {how}"))?;
    Ok(output.finish()?)
}

fn left(report: &CrawlReport) -> Failure {
    let kept = format!("{} pages are stored and kept; what this worker had in hand is others'", report.stored);
    Failure::interrupted(kept, "the same command takes part again, as does `smolcrawl work`")
}

/// How long one who waits looks for more to do, and for how long at the most where the store cannot be asked.
const BETWEEN: Duration = Duration::from_secs(1);
const LONGEST_BETWEEN: Duration = Duration::from_secs(60);
