//! `search`: one question, or a file of them.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::engine::{Found as Answer, FoundSymbol};
use smolcrawl::model::{ChunkKind, Evidence, Hit, Mode, PageKind, PerPage, Query, SourceId, Wanted, date};
use smolcrawl::store;
use url::Url;

use super::marked::Words;
use super::output::Output;
use super::{Failure, Shown, database_exists, lines};
use crate::cli;
use crate::terminal::{self, Paint, Style, tell};

pub async fn run(engine: &Engine, asked: cli::Search, shown: Shown, paint: Paint) -> Result<(), Failure> {
    let mut query = query(engine, &asked)?;
    database_exists(engine)?;
    if let Some(source) = &asked.source {
        query.sources = super::sources::meant(engine, source).await?.default;
    }
    let project = if asked.any_version { None } else { engine.project_of(Path::new(".")).await? };
    if let (true, Some(project)) = (query.sources.is_empty(), &project)
        && let Some((sources, left_out)) = engine.sources_of_project(project.clone()).await?
    {
        query.sources = sources;
        if shown != Shown::Quiet {
            let project = project.display().to_string();
            tell!("note: packages in the versions of {}; {left_out} sources of others left out: --any-version", terminal::line(&project));
        }
    }
    if shown != Shown::Quiet {
        tell_what_is_missing(engine, query.mode).await?;
    }
    match &asked.batch {
        Some(file) => batch(engine, &query, &asked, file, shown).await,
        None => {
            // One more, which tells whether there are more.
            query.limit += 1;
            let found = engine.find(query.clone()).await.map_err(failure)?;
            tell_what_failed(&found, shown);
            tell_what_is_corrected(&found, shown);
            tell_what_is_weak(&found, shown);
            if found.hits.is_empty() && shown != Shown::Quiet {
                tell_why_nothing(engine, &query).await?;
            }
            let symbols = if asked.offset == 0 { engine.exact_symbols(&query.text, project).await? } else { Vec::new() };
            print(&query, &found, &symbols, &asked, shown, paint)
        }
    }
}

/// No question is asked with a day that is none.
fn failure(error: smolcrawl::Error) -> Failure {
    match error {
        smolcrawl::Error::Store(store::Error::NoDate { .. }) => Failure::flag(error),
        error => error.into(),
    }
}

/// A hybrid search that had to do without the meaning says so, whatever the results look like.
fn tell_what_failed(found: &Answer, shown: Shown) {
    if let Some(error) = found.without_meaning.as_ref().filter(|_| shown != Shown::Quiet) {
        tell!("note: found by words only, as the question could not be embedded: {}", terminal::line(&error.chain()));
        if let Some(hint) = error.hint() {
            tell!("hint: {}", terminal::line(&hint));
        }
    }
}

fn query(engine: &Engine, asked: &cli::Search) -> Result<Query, Failure> {
    let url_prefix = super::prefix(asked.url_prefix.as_ref())?;
    Ok(Query {
        limit: usize::from(asked.limit) + usize::from(asked.offset),
        mode: match asked.mode {
            Some(cli::Mode::Hybrid) => Mode::Hybrid,
            Some(cli::Mode::Lexical) => Mode::Lexical,
            Some(cli::Mode::Dense) => Mode::Dense,
            None => engine.default_mode(),
        },
        wanted: if asked.code { Wanted::Code } else { Wanted::Text },
        per_page: match asked.per_page {
            None if asked.code && !asked.distinct_pages => PerPage::AtMost(EXAMPLES_OF_A_PAGE),
            None | Some(1) => PerPage::Best,
            Some(0) => PerPage::All,
            Some(most) => PerPage::AtMost(most.into()),
        },
        url_prefix,
        languages: asked.language.iter().cloned().collect(),
        kinds: asked.kind.iter().map(|kind| page_kind(*kind)).collect(),
        since: asked.since.clone(),
        ..Query::new(asked.query.join(" "))
    })
}

fn page_kind(kind: cli::Kind) -> PageKind {
    match kind {
        cli::Kind::Page => PageKind::Page,
        cli::Kind::ReleaseNotes => PageKind::ReleaseNotes,
        cli::Kind::Contents => PageKind::Contents,
        cli::Kind::Blog => PageKind::Blog,
        cli::Kind::Source => PageKind::Source,
    }
}

/// A search by meaning over an index that has no vectors for some of its chunks says so.
async fn tell_what_is_missing(engine: &Engine, mode: Mode) -> Result<(), Failure> {
    if mode == Mode::Lexical {
        return Ok(());
    }
    let progress = engine.embed_progress().await?;
    if progress.embedded < progress.chunks {
        let missing = progress.chunks - progress.embedded;
        if let Some(former) = engine.former_model().await {
            tell!(
                "note: the model has changed and has embedded {} of {} chunks; until it has more, the vectors of {} answer; \
                 `smolcrawl work` goes on, as does the next `crawl` or `serve`",
                progress.embedded,
                progress.chunks,
                terminal::line(&former)
            );
            return Ok(());
        }
        let found = if mode == Mode::Dense { "are not found" } else { "are found by their words only" };
        tell!(
            "note: {missing} of {} chunks are not embedded yet and {found}; `smolcrawl work` goes on, as does the next `crawl` or `serve`",
            progress.chunks
        );
    }
    Ok(())
}

/// That nothing is stored, or that what it was narrowed to has nothing.
async fn tell_why_nothing(engine: &Engine, query: &Query) -> Result<(), Failure> {
    if engine.embed_progress().await?.chunks == 0 {
        tell!("note: nothing is stored yet: crawl a site first, `smolcrawl crawl URL`");
        return Ok(());
    }
    if !query.languages.is_empty() {
        let there = engine.languages_instead(query.languages.clone(), query.sources.clone()).await?;
        tell!("note: nothing in {} was found; {}", terminal::line(&query.languages.join(", ")), terminal::line(&there));
    }
    if query.since.is_some() {
        tell!("note: nothing was found since that day; pages that say no date are not among what is found since one");
    }
    if !query.kinds.is_empty() {
        tell!("note: nothing was found of that --kind: without it there may be");
    }
    Ok(())
}

#[derive(Deserialize)]
struct Question {
    /// Text or number: handed back as it came.
    id: Value,
    query: String,
}

impl Question {
    /// The question of a line, or its id and why there is none.
    fn parse(line: &str) -> Result<Self, (Value, String)> {
        let value: Value = serde_json::from_str(line).map_err(|error| (Value::Null, error.to_string()))?;
        let id = value.get("id").cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|error| (id, error.to_string()))
    }
}

/// Every line is answered. One that cannot be asked is answered by why, and the command fails in the end.
async fn batch(engine: &Engine, query: &Query, asked: &cli::Search, file: &Path, shown: Shown) -> Result<(), Failure> {
    let opened = File::open(file).map_err(|error| Failure::new(format!("{}: {error}", file.display()), LINES))?;
    let mut output = Output::new();
    // Once for all.
    let mut told = false;
    let mut is_found = shown == Shown::Quiet;
    let mut unasked = Vec::new();
    for (number, line) in lines::of(opened) {
        let question = match line {
            Ok(line) => Question::parse(&line),
            // A line that is not UTF-8 is over, and the next one may be; any other error is that of the file.
            Err(error) if error.kind() == ErrorKind::InvalidData => Err((Value::Null, error.to_string())),
            Err(error) => return Err(Failure::new(format!("{}, line {number}: {error}", file.display()), LINES)),
        };
        let answer = match question {
            Ok(Question { id, query: text }) => match engine.find(Query { text, ..query.clone() }).await {
                Ok(found) => Ok((id, found)),
                Err(error @ smolcrawl::Error::Store(store::Error::EmptyQuery)) => Err((id, error.chain())),
                // What is wrong with a flag, the database or the model is so for every question.
                Err(error) => return Err(failure(error)),
            },
            Err(unread) => Err(unread),
        };
        match answer {
            Ok((id, found)) => {
                if !told {
                    tell_what_failed(&found, shown);
                    told = found.without_meaning.is_some();
                }
                is_found |= !found.hits.is_empty();
                output.json(&as_json(json!({ "id": id }), &found, asked))?;
            }
            Err((id, why)) => {
                output.json(&json!({ "id": id, "error": format!("line {number}: {why}") }))?;
                unasked.push((number, why));
            }
        }
    }
    output.finish()?;
    // What all questions were narrowed to.
    if !is_found {
        tell_why_nothing(engine, query).await?;
    }
    let others = match unasked.len() {
        0 => return Ok(()),
        1 => String::new(),
        all => format!(" (and {} lines after it)", all - 1),
    };
    let (number, why) = &unasked[0];
    Err(Failure::new(format!("{}, line {number}: {why}{others}", file.display()), LINES))
}

/// A hit as JSON.
#[derive(Serialize)]
struct Found<'a> {
    /// With the fragment where the passage stands.
    url: String,
    title: &'a str,
    source: &'a SourceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    fetched: String,
    /// Seconds since 1970.
    fetched_unix: u64,
    page_hash: &'a str,
    score: f64,
    heading_path: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
    text: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    same_as: &'a [Url],
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Value>,
}

impl<'a> Found<'a> {
    fn of(hit: &'a Hit, explain: bool) -> Self {
        let (language, context) = match &hit.chunk.kind {
            ChunkKind::Text => (None, None),
            ChunkKind::Code { language, context } => (language.as_deref(), Some(context.as_str())),
        };
        Self {
            url: hit.link().into(),
            title: &hit.title,
            source: &hit.source,
            version: hit.source.version(),
            fetched: date(hit.fetched_at),
            fetched_unix: super::sources::seconds(hit.fetched_at),
            page_hash: &hit.page_hash,
            score: rounded(hit.score.into()),
            heading_path: &hit.chunk.heading_path,
            language,
            context,
            text: &hit.text,
            same_as: &hit.same_as,
            evidence: explain.then(|| short(&hit.evidence)),
        }
    }
}

/// As many digits as mean something.
fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

fn short(evidence: &Evidence) -> Value {
    let mut evidence = json!(evidence);
    for value in evidence.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        if let Some(number) = value.as_f64() {
            *value = json!(rounded(number));
        }
    }
    evidence
}

fn hits<'a>(found: &'a Answer, asked: &cli::Search) -> Vec<Found<'a>> {
    found.hits.iter().skip(asked.offset.into()).take(asked.limit.into()).map(|hit| Found::of(hit, asked.explain)).collect()
}

/// Where to go on, if there is more.
fn next(found: &Answer, asked: &cli::Search) -> Option<usize> {
    let next = usize::from(asked.offset) + usize::from(asked.limit);
    (found.hits.len() > next && next <= cli::DEEPEST.into()).then_some(next)
}

/// An answer as JSON: what was asked, the hits and what is to be said of them.
fn as_json(mut asked: Value, found: &Answer, options: &cli::Search) -> Value {
    asked["hits"] = json!(hits(found, options));
    asked["weak_match"] = json!(found.is_weak());
    if let Some(corrected) = &found.corrected {
        asked["corrected"] = json!(corrected);
    }
    asked
}

fn print(query: &Query, found: &Answer, symbols: &[FoundSymbol], asked: &cli::Search, shown: Shown, paint: Paint) -> Result<(), Failure> {
    let mut output = Output::new();
    let next = next(found, asked);
    if asked.json.json {
        let mut answer = as_json(json!({ "query": query.text }), found, asked);
        if !symbols.is_empty() {
            answer["symbols"] = json!(symbols);
        }
        if let Some(next) = next {
            answer["next_offset"] = json!(next);
        }
        output.json(&answer)?;
        return Ok(output.finish()?);
    }
    for symbol in symbols {
        super::symbols::print(&mut output, symbol, paint)?;
    }
    let words = Words::of(found.corrected.as_ref().unwrap_or(&query.text));
    for (index, hit) in found.hits.iter().enumerate().skip(asked.offset.into()).take(asked.limit.into()) {
        if asked.whole && index > usize::from(asked.offset) {
            output.line("")?;
        }
        head(&mut output, index + 1, hit, paint)?;
        if asked.whole {
            whole(&mut output, hit, &words, paint)?
        } else {
            beginning(&mut output, hit, &words, paint)?
        }
        if asked.explain {
            output.line(format!("   = {}", explained(hit)))?;
        }
    }
    match found.hits.len() {
        0 => output.line("no hits")?,
        all if all <= asked.offset.into() => output.line(format!("no more hits: there are {all}"))?,
        _ => {}
    }
    output.finish()?;
    if let Some(next) = next.filter(|_| shown != Shown::Quiet) {
        tell!("more: --offset {next}");
    }
    Ok(())
}

/// What the score is made of, on one line.
fn explained(hit: &Hit) -> String {
    let Evidence { bm25, words_found, cosine, weight_of_meaning, exact, malus, page_kind } = hit.evidence;
    let or_none = |value: Option<f32>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
    let kind = json!(page_kind);
    format!(
        "score {:.3}: words {} ({:.0} % of them found), meaning {} (weight {weight_of_meaning:.2}), letter for letter +{exact:.2}, {} -{malus:.2}",
        hit.score,
        or_none(bm25),
        words_found * 100.0,
        or_none(cosine),
        kind.as_str().unwrap_or_default(),
    )
}

/// Words that are nowhere are found by those that are nearly the same.
fn tell_what_is_corrected(found: &Answer, shown: Shown) {
    if let Some(corrected) = found.corrected.as_ref().filter(|_| shown != Shown::Quiet) {
        tell!("note: some words stand nowhere in what is stored: answered for {:?}", terminal::line(corrected));
    }
}

/// Hits there are always; whether they are answers is another thing.
fn tell_what_is_weak(found: &Answer, shown: Shown) {
    if found.is_weak() && shown != Shown::Quiet {
        tell!(
            "note: weak match: neither the words nor the meaning of the question are found in what is stored, so this is likely no answer"
        );
    }
}

/// A hit for people: where it stands, then its first lines.
pub fn show(output: &mut Output, rank: usize, hit: &Hit, words: &Words, paint: Paint) -> std::io::Result<()> {
    head(output, rank, hit, paint)?;
    beginning(output, hit, words, paint)
}

fn head(output: &mut Output, rank: usize, hit: &Hit, paint: Paint) -> std::io::Result<()> {
    let (title, score) = (format!("{rank}. {}", hit.title), format!(" [{:.2}] ", hit.score));
    let headings = hit.chunk.heading_path.join(" > ");
    output.styled(paint, [(Style::Strong, title.as_str()), (Style::Faint, &score), (Style::Plain, &headings)])?;
    // Versions may have one address.
    let version = hit.source.version().map_or_else(String::new, |_| format!("  {}", hit.source));
    output.styled(paint, [(Style::Plain, "   "), (Style::Faint, hit.link().as_str()), (Style::Plain, &version)])
}

fn beginning(output: &mut Output, hit: &Hit, words: &Words, paint: Paint) -> std::io::Result<()> {
    for line in hit.text.lines().filter(|line| !line.trim().is_empty()).take(LINES_SHOWN) {
        let cut = line.char_indices().nth(COLUMNS_SHOWN).map_or(line, |(at, _)| &line[..at]);
        output.styled(paint, [(Style::Faint, "   | ")].into_iter().chain(words.marked(cut)))?;
    }
    Ok(())
}

/// All of it, as it stands.
fn whole(output: &mut Output, hit: &Hit, words: &Words, paint: Paint) -> std::io::Result<()> {
    hit.text.trim_end().lines().try_for_each(|line| output.styled(paint, words.marked(line)))
}

const LINES: &str = r#"each line is {"id": …, "query": "…"}"#;
/// Each is an answer of its own, but one page of a reference has hundreds.
const EXAMPLES_OF_A_PAGE: usize = 2;
const LINES_SHOWN: usize = 4;
const COLUMNS_SHOWN: usize = 110;
