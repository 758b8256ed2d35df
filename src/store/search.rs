//! One search from the question to its hits, within one transaction: both sides rank, the rankings become one, the chunks are read.

use super::Config;
use super::error::{Error, Failure};
use super::fuse::fuse;
use super::rank::Ranking;
use super::regularise::regularise;
use super::view::View;
use super::words::{Asked, Filter};
use crate::model::{Hit, Mode, Pending, PerPage, Query};

pub(super) fn search(view: &dyn View, config: &Config, query: &Query) -> Result<Vec<Hit>, Failure> {
    let asked = Asked::parse(&query.text);
    if query.text.trim().is_empty() || (query.mode == Mode::Lexical && asked.is_empty()) {
        return Err(Error::EmptyQuery.into());
    }
    let mut sources = Vec::with_capacity(query.sources.len());
    for source in &query.sources {
        sources.push(view.find_source(source)?.ok_or_else(|| Error::UnknownSource { source_id: source.clone() })?);
    }
    let among = view.among(query, &sources)?;
    let ranking = Ranking::of(query, &asked, config);
    // The same for all limits that an agent can page through: by how many are ranked their scores are scaled.
    let most = config.candidates.max(query.limit.saturating_add(query.limit / 2).checked_next_multiple_of(PAGED).unwrap_or(usize::MAX));
    let (source, distinct_pages) = (one(&sources), query.per_page == PerPage::Best);
    let filter = Filter { wanted: query.wanted, source, among: among.as_deref(), distinct_pages, limit: most };
    let weight = ranking.weight_of_meaning();
    let words = if weight < 1.0 { view.by_words(&asked, filter)? } else { Vec::new() };
    let meaning = if weight > 0.0 { view.by_meaning(query.mode, filter)? } else { Vec::new() };
    let mut answers = fuse(&words, &meaning, weight);
    // Who names a thing wants that thing, whatever is like what.
    if ranking.is_about_a_matter() {
        regularise(&mut answers, weight, |chunks| view.vectors(chunks))?;
    }
    ranking.hits(view, answers, query)
}

/// The chunks that stand first by the words of a question, best first, and lack a vector of the model, each passage once.
pub(super) fn lacking(view: &dyn View, query: &Query, model: &str, limit: usize) -> Result<Vec<Pending>, Failure> {
    let asked = Asked::parse(&query.text);
    let mut sources = Vec::with_capacity(query.sources.len());
    for source in &query.sources {
        sources.extend(view.find_source(source)?);
    }
    if sources.is_empty() && !query.sources.is_empty() {
        return Ok(Vec::new());
    }
    let among = view.among(query, &sources)?;
    let filter = Filter { wanted: query.wanted, source: one(&sources), among: among.as_deref(), distinct_pages: false, limit };
    let found = view.by_words(&asked, filter)?;
    view.pending_of(model, &found.into_iter().map(|found| found.chunk).collect::<Vec<_>>())
}

/// Half as many again as the highest limit of a tool.
const PAGED: usize = 150;

/// The one source that is asked, if it is one.
fn one(sources: &[i64]) -> Option<i64> {
    if let [one] = sources { Some(*one) } else { None }
}
