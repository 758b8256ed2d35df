//! `perform_rag_query` and `search_code_examples`: questions to what is stored.

use std::time::UNIX_EPOCH;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::model::{ChunkKind, Hit, Mode, PageKind, PerPage, Query, SourceId, Wanted, date};
use crate::tools::background::Background;
use crate::tools::bound::{DEFAULT, cost, end, line, room, within};
use crate::tools::exact;
use crate::tools::linked::{Linked, Links};
use crate::tools::sources::meant;
use crate::tools::untrusted::Untrusted;
use crate::tools::{given, prefix, reply};

pub fn text(engine: Engine, background: Background) -> Tool {
    Tool::typed("perform_rag_query", TEXT, move |asked: TextQuestion, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        let TextQuestion { query, source, url_prefix, page_kind, since, project, match_count, offset, max_chars } = asked;
        let (language, wanted) = (None, Wanted::Text);
        let question = Question { query, source, url_prefix, language, page_kind, since, project, match_count, offset, max_chars, wanted };
        async move { search(&engine, &background, question, &context).await.map(Untrusted) }
    })
    .title("Search the documentation")
    .also_named("source", "source_id")
    .annotations(Annotations { read_only: Some(true), open_world: Some(false), ..Annotations::default() })
}

pub fn code(engine: Engine, background: Background) -> Tool {
    Tool::typed("search_code_examples", CODE, move |asked: CodeQuestion, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        let CodeQuestion { query, source_id: source, language, url_prefix, project, match_count, offset, max_chars } = asked;
        let (page_kind, since, wanted) = (None, None, Wanted::Code);
        let question = Question { query, source, url_prefix, language, page_kind, since, project, match_count, offset, max_chars, wanted };
        async move { search(&engine, &background, question, &context).await.map(Untrusted) }
    })
    .title("Search code examples")
    .also_named("source_id", "source")
    .annotations(Annotations { read_only: Some(true), open_world: Some(false), ..Annotations::default() })
}

struct Question {
    query: String,
    source: Option<String>,
    url_prefix: Option<String>,
    language: Option<String>,
    page_kind: Option<Kind>,
    since: Option<String>,
    project: Option<String>,
    match_count: u32,
    offset: u32,
    max_chars: u32,
    wanted: Wanted,
}

async fn search(engine: &Engine, background: &Background, asked: Question, context: &Context) -> Result<Linked<Results>, ToolError> {
    let mut links = Links::understood_by(context);
    let count = within("match_count", asked.match_count, 1, MOST_RESULTS)? as usize;
    let offset = within("offset", asked.offset, 0, DEEPEST - 1)? as usize;
    // The last page of results may be a short one.
    let count = count.min(DEEPEST as usize - offset);
    let mode = engine.default_mode();
    let mut results =
        Results { symbols: Vec::new(), results: Vec::new(), count: 0, next_offset: None, search_mode: name(mode), notice: None };
    room(asked.max_chars, &results)?;
    if !engine.has_database() {
        results.notice = Some(NOTHING_STORED.to_owned());
        return Ok(Linked { answer: results, links });
    }
    background.look_at_files().await;
    let project = exact::project(engine, asked.project.as_deref(), context).await?;
    if offset == 0 {
        results.symbols = exact::named(engine, &asked.query, project.as_ref()).await?;
        // What is asked for is told first, and not in place of all else.
        while cost(&results.symbols) > asked.max_chars as usize / 3 {
            results.symbols.pop();
        }
    }
    let room = room(asked.max_chars, &results)?;
    let mut preference = None;
    let sources = match given(asked.source) {
        None => match exact::preferred(engine, project.as_ref()).await? {
            Some((sources, told)) => {
                preference = Some(told);
                sources
            }
            None => Vec::new(),
        },
        Some(named) => meant(engine, &named).await?.default,
    };
    let unread = background.unread(&sources);
    let url_prefix = prefix(asked.url_prefix)?;
    let language = given(asked.language);
    let is_narrowed = asked.page_kind.is_some() || asked.since.is_some();
    let query = Query {
        sources: sources.clone(),
        // One more, which tells whether there are more.
        limit: offset + count + 1,
        mode,
        wanted: asked.wanted,
        per_page: match asked.wanted {
            Wanted::Text => PerPage::Best,
            // Each is an answer of its own, but one page of a reference has hundreds.
            Wanted::Code => PerPage::AtMost(EXAMPLES_OF_A_PAGE),
        },
        url_prefix,
        languages: language.iter().cloned().collect(),
        kinds: asked.page_kind.map(PageKind::from).into_iter().collect(),
        since: given(asked.since),
        ..Query::new(asked.query)
    };
    let found = engine.find(query).await.map_err(|error| reply(&error))?;
    let is_weak = found.is_weak();
    let (hits, without_meaning, former, corrected) = (found.hits, found.without_meaning, found.former_model, found.corrected);
    let mode = if without_meaning.is_some() { Mode::Lexical } else { mode };
    results.search_mode = name(mode);
    let all = hits.len();
    let is_past_the_end = all > 0 && all <= offset;
    let found = all.saturating_sub(offset);
    fill(&mut results, &mut links, hits.into_iter().skip(offset).take(count), room);
    results.count = results.results.len();
    let next = offset + results.count;
    results.next_offset = (results.count < found && next < DEEPEST as usize).then_some(next);
    let is_deepest = results.count < found && next >= DEEPEST as usize;
    // What those of before are found by is told below.
    let missed_by = if former.is_some() { Mode::Lexical } else { mode };
    results.notice = notice(engine, &results, found.min(count), missed_by, language.filter(|_| all == 0), sources).await?;
    if is_deepest {
        results.notice = Some([results.notice, Some(MORE.to_owned())].into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    if is_past_the_end {
        let told = format!("no more results: there are {all}, so that offset may be 0 to {}", all - 1);
        results.notice = Some([Some(told), results.notice].into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    if all == 0 && is_narrowed {
        results.notice = Some([Some(NARROWED.to_owned()), results.notice].into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    if let Some(corrected) = corrected {
        let told = format!("some words stand nowhere in what is stored: answered for {:?}", line(&corrected));
        results.notice = Some([Some(told), results.notice].into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    if let Some(told) = preference {
        results.notice = Some([Some(told), results.notice].into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    if is_weak && results.symbols.is_empty() {
        results.notice = Some([Some(WEAK.to_owned()), results.notice].into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    if unread.is_some() {
        results.notice = Some([unread, results.notice].into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    if let Some(error) = without_meaning {
        let told = format!("found by words only, as the question could not be embedded: {}", line(&error.chain()));
        results.notice = Some([Some(told), results.notice].into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    if let Some(former) = former {
        let told = format!("the model has changed and its vectors are being made; answered by those of {}", line(&former));
        results.notice = Some([Some(told), results.notice].into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    Ok(Linked { answer: results, links })
}

/// Whole hits in their order, and a link to the page of each, for as long as they fit. Only a first one that is too long by itself is
/// cut.
fn fill(results: &mut Results, links: &mut Links, hits: impl Iterator<Item = Hit>, room: usize) {
    let mut left = room;
    for hit in hits {
        // The link is to the page, which has one however many of its passages are found.
        let page = hit.url.to_string();
        let mut found = Found::from(hit);
        let link = links.cost(&page, &found.title);
        let mut needed = cost(&found) + 1 + link;
        let mut is_linked = true;
        if needed > left && results.results.is_empty() {
            // Where there is little room it is for what was found.
            is_linked = link <= left / 4;
            found.cut(left - if is_linked { link } else { 0 });
            needed = left;
        }
        match left.checked_sub(needed) {
            Some(rest) => left = rest,
            None => return,
        }
        if is_linked {
            links.add(&page, &found.title);
        }
        results.results.push(found);
    }
}

/// What the results may lack, and what to do about it.
async fn notice(
    engine: &Engine,
    results: &Results,
    wanted: usize,
    mode: Mode,
    language: Option<String>,
    sources: Vec<SourceId>,
) -> Result<Option<String>, ToolError> {
    let mut notices = Vec::new();
    if results.count < wanted {
        let next = results.next_offset.unwrap_or_default();
        notices.push(format!("{} of {wanted} results fit into max_chars; the next ones begin at offset {next}", results.count));
    }
    if let (0, Some(language)) = (results.count, language) {
        let there = engine.languages_instead(vec![language.clone()], sources).await.map_err(|error| reply(&error))?;
        notices.push(format!("nothing in {:?} was found; {}", line(&language), line(&there)));
    }
    let progress = engine.recent_progress().await.map_err(|error| reply(&error))?;
    let missing = progress.chunks - progress.embedded.min(progress.chunks);
    let set_aside = missing.min(engine.set_aside() as u64);
    let missing = missing - set_aside;
    if progress.chunks == 0 {
        notices.push(NOTHING_STORED.to_owned());
    } else if mode != Mode::Lexical && missing > 0 {
        let all = progress.chunks;
        notices.push(format!("{missing} of {all} chunks are found by their words only so far; asking again later may find more"));
    }
    if mode != Mode::Lexical && set_aside > 0 {
        notices.push(format!("{set_aside} chunks could not be embedded and are found by their words only"));
    }
    Ok(Some(notices.join("; ")).filter(|notice| !notice.is_empty()))
}

fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Hybrid => "hybrid",
        Mode::Lexical => "lexical",
        Mode::Dense => "dense",
    }
}

#[derive(Deserialize, JsonSchema)]
struct TextQuestion {
    /// The question, in plain words or exact terms
    query: String,
    /// Only this source, as get_available_sources names it
    #[serde(default)]
    source: Option<String>,
    /// Only pages whose URL begins so
    #[serde(default)]
    url_prefix: Option<String>,
    /// Only pages of this kind
    #[serde(default)]
    page_kind: Option<Kind>,
    /// Only pages that say they changed on this day or later: 2025-01-31
    #[serde(default)]
    since: Option<String>,
    /// As in find_symbol
    #[serde(default)]
    project: Option<String>,
    /// Results at the most, 1 to 50
    #[serde(default = "five")]
    match_count: u32,
    /// next_offset of the answer before
    #[serde(default)]
    offset: u32,
    /// Characters of the answer
    #[serde(default = "max_chars")]
    max_chars: u32,
}

// As model::PageKind, which knows no schema.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Page,
    ReleaseNotes,
    Contents,
    Blog,
    Source,
}

impl From<Kind> for PageKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Page => Self::Page,
            Kind::ReleaseNotes => Self::ReleaseNotes,
            Kind::Contents => Self::Contents,
            Kind::Blog => Self::Blog,
            Kind::Source => Self::Source,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct CodeQuestion {
    /// What the code should do or contain
    query: String,
    /// Only this source, as get_available_sources names it
    #[serde(default)]
    source_id: Option<String>,
    /// Only code in this language, such as python
    #[serde(default)]
    language: Option<String>,
    /// Only pages whose URL begins so
    #[serde(default)]
    url_prefix: Option<String>,
    /// As in find_symbol
    #[serde(default)]
    project: Option<String>,
    /// Results at the most, 1 to 50
    #[serde(default = "five")]
    match_count: u32,
    /// next_offset of the answer before
    #[serde(default)]
    offset: u32,
    /// Characters of the answer
    #[serde(default = "max_chars")]
    max_chars: u32,
}

fn five() -> u32 {
    5
}

fn max_chars() -> u32 {
    DEFAULT
}

#[derive(Serialize, JsonSchema)]
struct Results {
    // What the question names exactly.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    symbols: Vec<serde_json::Value>,
    // Best first.
    #[schemars(with = "Vec<serde_json::Value>")]
    results: Vec<Found>,
    #[schemars(skip)]
    count: usize,
    // Where to go on, if there is more.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    // hybrid: words and meaning; lexical: words only.
    #[schemars(skip)]
    search_mode: &'static str,
    // What the results may lack.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

#[derive(Serialize)]
struct Found {
    // With the fragment where the passage stands.
    url: String,
    title: String,
    source_id: String,
    fetched: String,
    fetched_unix: u64,
    // Of the markdown of the page: another one means that it says something else.
    page_hash: String,
    // That the passage stands under, outermost first.
    headings: Vec<String>,
    // Markdown; of a code example the code alone.
    content: String,
    // Of a code example.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    // Prose around a code example.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    // Higher is better, within one answer.
    similarity: f64,
    // Pages that say the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    same_as: Vec<String>,
}

impl Found {
    /// Shortens the content, and before it what is about it, to fit into `room`. The address stays whole.
    fn cut(&mut self, room: usize) {
        let content = std::mem::take(&mut self.content);
        let all = content.chars().count();
        let mark = |kept| format!("\n[cut here, {kept} of {all} characters; read_page has the whole page]");
        let beside = cost(self) + cost(&mark(all));
        if beside + WORTH_SHOWING > room {
            self.context = self.context.take().map(|context| line(&context));
            self.headings.drain(..self.headings.len().saturating_sub(1));
            self.headings.iter_mut().for_each(|heading| *heading = line(heading));
            self.title = line(&self.title);
        }
        let left = room.saturating_sub(cost(self) + cost(&mark(all)));
        let kept = &content[..end("", &content, left)];
        self.content = format!("{kept}{}", mark(kept.chars().count()));
    }
}

impl From<Hit> for Found {
    fn from(hit: Hit) -> Self {
        let url = hit.link().into();
        let (language, context) = match hit.chunk.kind {
            ChunkKind::Text => (None, None),
            ChunkKind::Code { language, context } => (language, Some(context)),
        };
        Self {
            url,
            title: hit.title,
            source_id: hit.source.to_string(),
            fetched: date(hit.fetched_at),
            fetched_unix: hit.fetched_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            page_hash: hit.page_hash,
            headings: hit.chunk.heading_path,
            content: hit.text,
            language,
            context,
            // As many digits as mean something.
            similarity: (f64::from(hit.score) * 1e4).round() / 1e4,
            same_as: hit.same_as.into_iter().map(String::from).collect(),
        }
    }
}

const EXAMPLES_OF_A_PAGE: usize = 2;
const WEAK: &str =
    "weak match: neither the words nor the meaning of the question are found in what is stored, so these are likely no answers";
const MOST_RESULTS: u32 = 50;
/// Results that can be paged through: so many are ranked whatever the offset is, so that pages fit together.
const DEEPEST: u32 = 99;
/// Characters of a content below which what is about it is shortened first.
const WORTH_SHOWING: usize = 400;
const MORE: &str = "there are more than can be paged through: ask for one source, below a url_prefix, or with more words";
const NARROWED: &str =
    "nothing was found of that page_kind, or since that day; pages that say no date are not among what is found since one";
const NOTHING_STORED: &str = "nothing is stored yet: crawl a site first, with smart_crawl_url";
const TEXT: &str = "Searches the stored documentation by words and meaning: the best passage of each page, with its URL. \
     Search before answering from memory; crawl a missing site first. read_page has what is around it.";
const CODE: &str = "Searches the stored code examples: code with its language, its URL and the prose around it. \
     For \"how is this API called\".";

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::model::{Chunk, Evidence};

    fn hit(text: &str) -> Hit {
        let chunk =
            Chunk { ordinal: 0, heading_path: vec!["A".into(), "B".into()], text: text.into(), kind: ChunkKind::Text, anchor: None };
        let url = Url::parse("https://docs.test/page").unwrap();
        let (evidence, same_as) = (Evidence::default(), Vec::new());
        Hit {
            source: SourceId::of(&url),
            fetched_at: UNIX_EPOCH,
            page_hash: String::new(),
            url,
            title: "Page".into(),
            text: text.into(),
            chunk,
            score: 0.5,
            evidence,
            same_as,
        }
    }

    /// The results, and whether their page is linked.
    fn filled(hits: Vec<Hit>, max_chars: u32) -> (Vec<Found>, bool) {
        let mut results =
            Results { symbols: Vec::new(), results: Vec::new(), count: 0, next_offset: None, search_mode: "lexical", notice: None };
        let room = room(max_chars, &results).unwrap();
        let mut links = Links::default();
        let link = links.cost("https://docs.test/page", &hits[0].title);
        fill(&mut results, &mut links, hits.into_iter(), room);
        let is_linked = links.cost("https://docs.test/page", "") == 0;
        let used = cost(&results) + if is_linked { link } else { 0 };
        assert!(used + 400 <= max_chars as usize, "{used} of {max_chars}");
        (results.results, is_linked)
    }

    #[test]
    fn hits_are_whole_and_in_their_order() {
        let hits = || vec![hit(&"\"x\"\n".repeat(100)), hit(&"long ".repeat(1_000)), hit("short")];
        assert_eq!(filled(hits(), 20_000).0.len(), 3);
        let (results, is_linked) = filled(hits(), 2_000);
        assert_eq!((results.len(), is_linked), (1, true), "no shorter hit takes the place of a better one");
        assert_eq!(results[0].content, "\"x\"\n".repeat(100));
    }

    #[test]
    fn a_hit_opens_where_it_stands_and_its_page_is_linked_once() {
        let mut second = hit("second");
        second.chunk.anchor = Some("a b".to_owned());
        let (results, is_linked) = filled(vec![hit("first"), second], 20_000);
        assert_eq!((results[0].url.as_str(), results[1].url.as_str()), ("https://docs.test/page", "https://docs.test/page#a%20b"));
        assert!(is_linked);
    }

    #[test]
    fn a_hit_that_is_too_long_by_itself_is_cut_at_a_line_and_says_so() {
        let mut long = hit(&"A line of \"text\".\n".repeat(1_000));
        long.chunk.heading_path = vec!["heading ".repeat(200), "last ".repeat(200)];
        long.title = "title ".repeat(200);
        for max_chars in [2_000, 4_000, 10_000] {
            let (results, is_linked) = filled(vec![long.clone(), hit("short")], max_chars);
            assert_eq!(is_linked, max_chars > 2_000, "what little room there is is not for a link");
            let (kept, mark) = results[0].content.rsplit_once('\n').unwrap();
            assert!(kept.ends_with("\"text\".\n") && !kept.is_empty(), "{kept}");
            assert_eq!(mark, format!("[cut here, {} of 18000 characters; read_page has the whole page]", kept.chars().count()));
            assert_eq!((results.len(), results[0].url.as_str()), (1, "https://docs.test/page"));
        }
    }
}
