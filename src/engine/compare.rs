//! What changed between two versions, as their pages tell it. Every page of both is read twice at the most, a few at a time; what is kept
//! of it meanwhile is its address, its title and hashes.

mod lens;
mod pairs;
mod passages;

use std::sync::Arc;

use url::Url;

use self::lens::{Lens, Place};
use self::pairs::{At, Known, pairs};
pub use self::passages::{Change, PageChanges, SectionChange};
use self::passages::{Print, changes};
use super::{CrawlRequest, Engine};
use crate::error::Error;
use crate::model::{Document, SourceId, SourceState, SourceSummary};
use crate::store::Store;

impl Engine {
    /// Finds out which pages were added, removed, moved and changed from one source to another, as a rule two versions of one name. Pages
    /// are the same by their address without the version, by their place below the folder of their source, by their text, or by title
    /// and most of the text. The numbers of the two versions and the addresses of the two folders make no difference.
    ///
    /// # Errors
    /// [`Error::SameSource`], [`Error::NotStored`], and what the store says.
    pub async fn compare(&self, from: &SourceId, to: &SourceId) -> Result<Comparison, Error> {
        if from == to {
            return Err(Error::SameSource { source_id: from.clone() });
        }
        let (old, new) = (self.source(from).await?, self.source(to).await?);
        let places = [&old, &new].map(place);
        let mut called = Called::default();
        for summary in [&old, &new] {
            called.by(summary);
            let first = self.documents_of(summary.source.clone(), String::new()).await?;
            first.iter().for_each(|page| called.in_page(page));
        }
        let lens = Arc::new(Lens::new(&called.versions, [&places[0], &places[1]], &called.software));
        let [old_place, new_place] = places;
        let before = self.known(from.clone(), Arc::clone(&lens), old_place).await?;
        let now = self.known(to.clone(), Arc::clone(&lens), new_place).await?;
        Ok(Comparison::of([&old, &new], lens, &before, &now))
    }

    /// What has changed in a page that is in both; none if it is stored no more.
    ///
    /// # Errors
    /// What the store says.
    pub async fn page_changes(&self, comparison: &Comparison, pair: &Pair) -> Result<Option<PageChanges>, Error> {
        let (from, to, pair, lens) = (comparison.from.clone(), comparison.to.clone(), pair.clone(), Arc::clone(&comparison.lens));
        let told = move |store: &Store| {
            let (old, new) = (store.page_in(Some(&from), &pair.was)?, store.page_in(Some(&to), &pair.url)?);
            Ok(old.zip(new).map(|((_, old), (_, new))| changes(&old, &new, &lens)))
        };
        self.with_store(told).await
    }

    async fn known(&self, source: SourceId, lens: Arc<Lens>, place: Place) -> Result<Vec<Known>, Error> {
        let (place, mut known) = (Arc::new(place), Vec::<Known>::new());
        loop {
            let after = known.last().map_or_else(String::new, |page| page.url.to_string());
            let (source, lens, place) = (source.clone(), Arc::clone(&lens), Arc::clone(&place));
            let read = move |store: &Store| {
                let pages = store.documents_after(&source, &after, AT_ONCE)?;
                Ok(pages.iter().map(|page| Known::of(page, &lens, &place)).collect::<Vec<_>>())
            };
            let read = self.with_store(read).await?;
            let is_all = read.len() < AT_ONCE;
            known.extend(read);
            if is_all {
                return Ok(known);
            }
        }
    }

    async fn documents_of(&self, source: SourceId, after: String) -> Result<Vec<Document>, Error> {
        self.with_store(move |store| store.documents_after(&source, &after, AT_ONCE)).await
    }
}

/// What has changed in a page between two times, for whoever has both.
pub(super) fn changes_of_page(old: &Document, new: &Document) -> PageChanges {
    changes(old, new, &Lens::default())
}

/// What changed between two versions, page by page.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub from: SourceId,
    pub to: SourceId,
    /// How many pages each has.
    pub pages: [u64; 2],
    /// In both, and the same; those below among them.
    pub unchanged: u64,
    /// Of the unchanged pages those that differ in the version's number, in the addresses of the two, or in what a program counts: the marks of
    /// lists and numbered fragments.
    pub only_version: u64,
    pub added: Vec<PageName>,
    pub removed: Vec<PageName>,
    /// At another place, with the same text.
    pub moved: Vec<Pair>,
    /// With another text, at the same place or at another.
    pub changed: Vec<Pair>,
    /// What else is to be known: that nothing is in both, or that one of them is not complete.
    pub notes: Vec<String>,
    lens: Arc<Lens>,
}

/// A page of one of the two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageName {
    pub url: Url,
    pub title: String,
}

/// A page of both versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// In the first version.
    pub was: Url,
    /// In the second.
    pub url: Url,
    pub title: String,
    /// Whether it is at another place, and not only in another version.
    pub is_moved: bool,
}

impl Comparison {
    fn of(sources: [&SourceSummary; 2], lens: Arc<Lens>, old: &[Known], new: &[Known]) -> Self {
        let found = pairs(old, new);
        let name = |page: &Known| PageName { url: page.url.clone(), title: page.title.clone() };
        let [from, to] = sources.map(|summary| summary.source.clone());
        let mut comparison = Self {
            from,
            to,
            pages: [old.len() as u64, new.len() as u64],
            unchanged: 0,
            only_version: 0,
            added: found.added.iter().map(|index| name(&new[*index])).collect(),
            removed: found.removed.iter().map(|index| name(&old[*index])).collect(),
            moved: Vec::new(),
            changed: Vec::new(),
            notes: sources.into_iter().filter_map(incomplete).collect(),
            lens,
        };
        let is_disjoint = found.pairs.is_empty() && !old.is_empty() && !new.is_empty();
        for (was, is, at) in found.pairs {
            let (was, is) = (&old[was], &new[is]);
            let is_moved = at == At::AnotherPlace;
            let pair = || Pair { was: was.url.clone(), url: is.url.clone(), title: is.title.clone(), is_moved };
            match was.print.text == is.print.text {
                false => comparison.changed.push(pair()),
                true if is_moved => comparison.moved.push(pair()),
                true => {
                    comparison.unchanged += 1;
                    comparison.only_version += u64::from(was.print.exact != is.print.exact);
                }
            }
        }
        if is_disjoint {
            let note = format!("{} and {} have no page in common: are they versions of the same?", comparison.from, comparison.to);
            comparison.notes.insert(0, note);
        }
        comparison
    }
}

impl Known {
    fn of(page: &Document, lens: &Lens, place: &Place) -> Self {
        Self {
            url: page.url.clone(),
            title: page.title.chars().take(TITLE).collect(),
            address: passages::hash_of(&lens.address(&page.url)),
            relative: lens.relative(&page.url, place).map(|path| passages::hash_of(&path)),
            print: Print::of(page, lens),
        }
    }
}

/// What the two versions and what they document are called.
#[derive(Default)]
struct Called {
    versions: Vec<String>,
    software: Vec<String>,
}

impl Called {
    fn by(&mut self, summary: &SourceSummary) {
        let seeds = summary.recipe.as_ref().map_or_else(Vec::new, |recipe| recipe.seeds.clone());
        let derived = CrawlRequest::new(seeds).sources();
        let named = derived.iter().map(|(source, _)| source).chain([&summary.source]);
        self.versions.extend(named.filter_map(SourceId::version).chain(summary.version()).map(str::to_owned));
        self.software.extend(summary.source.name().rsplit('/').next().map(str::to_owned));
    }

    fn in_page(&mut self, page: &Document) {
        self.versions.extend(page.metadata.version.clone().filter(|version| !self.versions.contains(version)));
        self.software.extend(page.metadata.software.clone().filter(|software| !self.software.contains(software)));
    }
}

fn place(summary: &SourceSummary) -> Place {
    Place::of(summary.recipe.as_ref().map_or(&[], |recipe| &recipe.seeds))
}

/// A page may lack for another reason than a change.
fn incomplete(summary: &SourceSummary) -> Option<String> {
    let why = match summary.state {
        SourceState::Complete | SourceState::Loose => return None,
        SourceState::Limited => "its crawl ended at a limit",
        SourceState::Incomplete => "its crawl was interrupted or is under way",
    };
    Some(format!("{} is not complete ({why}, {} URLs left): pages may be missing for that reason", summary.source, summary.left))
}

/// Pages whose texts are in memory at once.
const AT_ONCE: usize = 8;
/// Characters of a title.
const TITLE: usize = 300;
