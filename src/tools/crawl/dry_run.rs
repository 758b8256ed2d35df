//! What `smart_crawl_url` would fetch, by the start pages and sitemaps alone.

use std::time::Duration;

use futures_lite::future;

use super::{Report, SIGN_OF_LIFE, failures, of_failure, patience, together};
use crate::engine::{CrawlRequest, Engine};
use crate::mcp::{Context, ToolError};
use crate::model::SourceId;
use crate::tools::background::Reasons;
use crate::tools::bound::line;
use crate::tools::linked::{Linked, Links};

/// What a crawl would fetch. Nothing goes on behind the answer.
pub(super) async fn look(
    engine: &Engine,
    request: CrawlRequest,
    source: Option<SourceId>,
    wait: Duration,
    context: &Context,
) -> Result<Linked<Report>, ToolError> {
    let sources = source.map_or_else(|| request.sources().into_iter().map(|(source, _)| source).collect(), |source| vec![source]);
    let target = line(&request.seeds.iter().map(|url| url.as_str()).collect::<Vec<_>>().join(" "));
    let max_pages = request.max_pages;
    let began = engine.handle().now();
    let looking = async { Some(engine.dry_run(request).await) };
    let (handle, until) = (engine.handle(), began + patience(wait, context));
    let watching = async {
        for second in 0_u32.. {
            context.progress(second.into(), None, "looking at start pages and sitemaps");
            let left = until.saturating_duration_since(handle.now());
            if left.is_zero() {
                break;
            }
            handle.sleep(SIGN_OF_LIFE.min(left)).await;
        }
        None
    };
    let Some(would) = future::or(looking, watching).await else {
        let waited = wait.as_secs();
        return Err(ToolError::new(format!("{target}: start pages and sitemaps were not read within {waited} s"))
            .hint("the site is slow or its sitemaps are large: pass a larger wait_seconds, or crawl with a small max_pages"));
    };
    if let (Some(failed), true) = (would.report.failed.first(), would.seeds.is_empty() && would.total == 0) {
        return Err(of_failure("nothing would be fetched", failed));
    }
    let left_out: Vec<_> = would.report.passed_over.iter().map(|(why, count)| format!("{count} {why}")).collect();
    let left_out = (!left_out.is_empty()).then(|| format!("links not followed: {}", left_out.join(", ")));
    let what = format!(
        "nothing was stored; {} start pages and {} more would be fetched, and what these link to, {max_pages} at the most",
        would.seeds.len(),
        would.total
    );
    let report = Report {
        state: "dry_run",
        target,
        sources: sources.iter().map(SourceId::to_string).collect(),
        pages_crawled: Some(0),
        pages_stored: Some(0),
        skipped: would.report.skips(),
        skipped_such_as: Reasons::of(&would.report.skipped, would.report.skips()).told().iter().map(|told| line(told)).collect(),
        elapsed_ms: handle.now().saturating_duration_since(began).as_millis() as u64,
        failed: failures(&would.report.failed.iter().cloned().collect()),
        failures: would.report.failures(),
        would_fetch: would.seeds.iter().chain(&would.pages).take(WOULD_FETCH).map(|url| line(url.as_str())).collect(),
        would_fetch_total: would.seeds.len() as u64 + would.total,
        notice: together([Some(what), left_out]),
        ..Report::default()
    };
    Ok(Linked { answer: report, links: Links::understood_by(context) })
}

/// URLs that are told: enough to see what is in and what is not.
const WOULD_FETCH: usize = 50;
