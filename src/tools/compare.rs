//! `compare_versions` and `verify_page`: what changed from one version to another, and whether a page still says what it said.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use futures_lite::future;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{Checked, Comparison, Engine, PageChanges, PageName, Pair, SectionChange, Verified, parse_with_fragment};
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::model::date;
use crate::tools::bound::{DEFAULT, cost, line, room, within};
use crate::tools::untrusted::Untrusted;
use crate::tools::{address, address_of_file, reply, sources};

pub fn versions(engine: Engine) -> Tool {
    Tool::typed("compare_versions", VERSIONS, move |asked: Versions, _: Context| {
        let engine = engine.clone();
        async move {
            let (from, to) = (sources::one(&engine, &asked.from).await?, sources::one(&engine, &asked.to).await?);
            let compared = engine.compare(&from, &to).await.map_err(|error| reply(&error))?;
            told(&engine, &compared, &asked).await.map(Untrusted)
        }
    })
    .title("Compare versions")
    .without_output_schema()
    .annotations(Annotations { read_only: Some(true), open_world: Some(false), ..Annotations::default() })
}

pub fn verify(engine: Engine) -> Tool {
    Tool::typed("verify_page", VERIFY, move |asked: OnePage, context: Context| {
        let engine = engine.clone();
        async move {
            let url = match address_of_file(&asked.url) {
                Some(url) => url,
                None => {
                    let url = address(&asked.url)?.seeds.swap_remove(0);
                    parse_with_fragment(&asked.url).unwrap_or(url)
                }
            };
            let source = match asked.source.as_deref().filter(|source| !source.trim().is_empty()) {
                Some(source) => Some(sources::one(&engine, source).await?),
                None => None,
            };
            if !engine.has_database() {
                return Err(ToolError::new(format!("{} is not stored", line(&asked.url))).hint("nothing is stored yet: crawl it first"));
            }
            let verifying = async { Some(engine.verify(url.clone(), source).await) };
            let watching = async {
                for second in 0..PATIENCE.as_secs() {
                    context.progress(second as f64, None, format!("waiting for {url}"));
                    engine.handle().sleep(Duration::from_secs(1)).await;
                }
                None
            };
            match future::or(verifying, watching).await {
                Some(verified) => Ok(Untrusted(Verdict::of(verified.map_err(|error| reply(&error))?))),
                None => Err(ToolError::new(format!("{}: no answer within {} s", line(url.as_str()), PATIENCE.as_secs()))
                    .hint("the site is slow, or its robots.txt asks for long pauses: refresh_source goes on in the background")),
            }
        }
    })
    .title("Verify a page")
    .also_named("source", "source_id")
    .annotations(Annotations { read_only: Some(true), ..Annotations::default() })
}

/// As many of the changes as fit, those of pages as a whole first.
async fn told(engine: &Engine, compared: &Comparison, asked: &Versions) -> Result<Compared, ToolError> {
    let wanted = asked.url_part.as_deref().unwrap_or_default().to_lowercase();
    let changes: Vec<_> = all(compared).filter(|change| change.url().to_lowercase().contains(&wanted)).collect();
    let mut answer = Compared {
        from: compared.from.to_string(),
        to: compared.to.to_string(),
        counts: counts(compared),
        changes: Vec::new(),
        next_offset: None,
        notice: Some(compared.notes.join("; ")).filter(|notes| !notes.is_empty()),
    };
    let mut left = room(asked.max_chars, &answer)?;
    let offset = within("offset", asked.offset, 0, u32::try_from(changes.len()).unwrap_or(u32::MAX))? as usize;
    for change in &changes[offset..] {
        let mut entry = change.entry();
        if let (Which::Changed(pair), false) = (change, asked.pages_only) {
            // A page that has been removed meanwhile has no changes.
            let changes = engine.page_changes(compared, pair).await.map_err(|error| reply(&error))?;
            changes.into_iter().for_each(|changes| entry.take(changes));
        }
        // The first is told whatever it takes, as far as it fits: whoever reads on comes to an end.
        if answer.changes.is_empty() {
            entry.cut(left);
            if cost(&entry) + 1 > left {
                return Err(ToolError::new("max_chars is too small for one change").hint("ask with a larger max_chars"));
            }
        }
        let Some(rest) = left.checked_sub(cost(&entry) + 1) else { break };
        left = rest;
        answer.changes.push(entry);
    }
    let next = offset + answer.changes.len();
    let more = (next < changes.len()).then(|| format!("{} more changes do not fit: go on with offset {next}", changes.len() - next));
    answer.next_offset = more.as_ref().map(|_| next);
    let none = (changes.is_empty() && !wanted.is_empty()).then(|| "no changed page has that in its URL".to_owned());
    let notices: Vec<_> = [answer.notice.take(), more, none].into_iter().flatten().collect();
    answer.notice = Some(notices.join("; ")).filter(|notice| !notice.is_empty());
    Ok(answer)
}

/// One change of a page.
enum Which<'a> {
    Added(&'a PageName),
    Removed(&'a PageName),
    Moved(&'a Pair),
    Changed(&'a Pair),
}

fn all(compared: &Comparison) -> impl Iterator<Item = Which<'_>> {
    let names = compared.added.iter().map(Which::Added).chain(compared.removed.iter().map(Which::Removed));
    names.chain(compared.moved.iter().map(Which::Moved)).chain(compared.changed.iter().map(Which::Changed))
}

impl Which<'_> {
    fn url(&self) -> &str {
        match self {
            Self::Added(page) | Self::Removed(page) => page.url.as_str(),
            Self::Moved(pair) | Self::Changed(pair) => pair.url.as_str(),
        }
    }

    fn entry(&self) -> Entry {
        let (change, title, was) = match self {
            Self::Added(page) => ("added", &page.title, None),
            Self::Removed(page) => ("removed", &page.title, None),
            Self::Moved(pair) => ("moved", &pair.title, Some(&pair.was)),
            Self::Changed(pair) => ("changed", &pair.title, Some(&pair.was).filter(|_| pair.is_moved)),
        };
        Entry {
            change,
            url: self.url().to_owned(),
            title: line(title),
            was: was.map(|was| was.as_str().to_owned()),
            title_was: None,
            sections: Vec::new(),
            more_sections: 0,
            notice: None,
        }
    }
}

fn counts(compared: &Comparison) -> BTreeMap<&'static str, u64> {
    BTreeMap::from([
        ("pages_from", compared.pages[0]),
        ("pages_to", compared.pages[1]),
        ("unchanged", compared.unchanged),
        ("only_version", compared.only_version),
        ("changed", compared.changed.len() as u64),
        ("moved", compared.moved.len() as u64),
        ("added", compared.added.len() as u64),
        ("removed", compared.removed.len() as u64),
    ])
}

#[derive(Deserialize, JsonSchema)]
struct Versions {
    /// The older version, as name@version
    from: String,
    /// The newer one
    to: String,
    /// Only pages with this in their URL
    #[serde(default)]
    url_part: Option<String>,
    /// Without what changed within pages
    #[serde(default)]
    pages_only: bool,
    /// next_offset of the answer before
    #[serde(default)]
    offset: u32,
    /// Characters of the answer
    #[serde(default = "max_chars")]
    max_chars: u32,
}

#[derive(Deserialize, JsonSchema)]
struct OnePage {
    /// The stored page
    url: String,
    /// The source whose copy is meant
    #[serde(default)]
    source: Option<String>,
}

fn max_chars() -> u32 {
    DEFAULT
}

// What clients need not know beforehand is not in the schemas: a table of tools is read whole into every context.

#[derive(Serialize, JsonSchema)]
struct Compared {
    #[schemars(skip)]
    from: String,
    #[schemars(skip)]
    to: String,
    // Of pages.
    #[schemars(skip)]
    counts: BTreeMap<&'static str, u64>,
    #[schemars(with = "Vec<serde_json::Value>")]
    changes: Vec<Entry>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    /// added, removed, moved or changed.
    change: &'static str,
    url: String,
    title: String,
    /// Where it was, if that was another place.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title_was: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sections: Vec<SectionChange>,
    #[serde(skip_serializing_if = "is_zero")]
    more_sections: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

impl Entry {
    fn take(&mut self, changes: PageChanges) {
        self.notice = changes.is_empty().then(|| "its passages stand in another order".to_owned());
        self.title_was = changes.title.map(|[was, _]| line(&was));
        (self.sections, self.more_sections) = (changes.sections, changes.more_sections);
    }

    /// Leaves out the last sections, and of the first one passages, until it fits.
    fn cut(&mut self, room: usize) {
        if cost(self) < room {
            return;
        }
        let (sections, more) = (std::mem::take(&mut self.sections), self.more_sections);
        self.notice = Some(CUT.to_owned());
        self.more_sections = u64::MAX;
        let left = room.saturating_sub(cost(self) + 1);
        (self.sections, self.more_sections) = fitting(sections, left);
        self.more_sections += more;
    }
}

/// The first sections that fit, and how many do not; of the first as many passages as there is room for.
fn fitting(sections: Vec<SectionChange>, mut left: usize) -> (Vec<SectionChange>, u64) {
    let (mut kept, all) = (Vec::new(), sections.len());
    for mut section in sections {
        if kept.is_empty() && cost(&section) + 1 > left {
            let (removed, added) = (std::mem::take(&mut section.removed), std::mem::take(&mut section.added));
            let more = section.more + (removed.len() + added.len()) as u64;
            section.more = more;
            let mut room = left.saturating_sub(cost(&section) + LISTS);
            let mut kept_of = |passages: Vec<String>, share: usize| {
                let mut share = share.min(room);
                let fits = |passage: &String| {
                    let taken = cost(passage) + 1;
                    let is_fitting = taken <= share;
                    share -= if is_fitting { taken } else { 0 };
                    room -= if is_fitting { taken } else { 0 };
                    is_fitting
                };
                passages.into_iter().take_while(fits).collect::<Vec<_>>()
            };
            section.removed = kept_of(removed, left / 2);
            section.added = kept_of(added, left);
            section.more = more - (section.removed.len() + section.added.len()) as u64;
        }
        let Some(rest) = left.checked_sub(cost(&section) + 1) else { break };
        left = rest;
        kept.push(section);
    }
    let more = (all - kept.len()) as u64;
    (kept, more)
}

#[derive(Serialize, JsonSchema)]
struct Verdict {
    // unchanged, changed, moved or gone.
    checked: &'static str,
    #[schemars(skip)]
    url: String,
    #[schemars(skip)]
    source: String,
    // When it was stored.
    #[schemars(skip)]
    fetched: String,
    // Seconds since 1970.
    #[schemars(skip)]
    fetched_unix: u64,
    // Of the markdown as it is stored, as in search results.
    #[schemars(skip)]
    page_hash: String,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_now: Option<String>,
    // Where it has moved.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    title_was: Option<String>,
    // What has changed, as in compare_versions.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sections: Vec<SectionChange>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "is_zero")]
    more_sections: u64,
}

impl Verdict {
    fn of(verified: Verified) -> Self {
        let mut verdict = Self {
            checked: verified.checked.as_str(),
            url: verified.url.to_string(),
            source: verified.source.to_string(),
            fetched: date(verified.fetched_at),
            fetched_unix: verified.fetched_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            page_hash: verified.hash,
            hash_now: None,
            to: None,
            title_was: None,
            sections: Vec::new(),
            more_sections: 0,
        };
        match verified.checked {
            Checked::Changed { hash, changes } => {
                verdict.hash_now = Some(hash);
                verdict.title_was = changes.title.map(|[was, _]| line(&was));
                let left = (DEFAULT as usize).saturating_sub(cost(&verdict));
                (verdict.sections, verdict.more_sections) = fitting(changes.sections, left);
                verdict.more_sections += changes.more_sections;
            }
            Checked::Moved { to } => verdict.to = Some(to.to_string()),
            Checked::Unchanged | Checked::Gone => {}
        }
        verdict
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Characters around the two lists of passages.
const LISTS: usize = 40;
/// Clients give up after 60 s without a sign of life.
const PATIENCE: Duration = Duration::from_secs(45);
const CUT: &str = "more has changed in this page than fits: ask with a larger max_chars, or read_page";
const VERSIONS: &str =
    "What changed between two stored versions: pages added, removed, moved and changed, with the changed passages by heading.";
const VERIFY: &str = "Asks the site whether a stored page still says the same; stores nothing.";
