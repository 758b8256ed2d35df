//! The pages of one source on both sides: compared, copied where they are not there, and read again.

use std::collections::VecDeque;

use futures_lite::future;
use url::Url;

use super::{CopiedSource, Ends};
use crate::engine::Engine;
use crate::error::Error;
use crate::model::{CopiedPage, SourceId};
use crate::reactor::Lane;
use crate::share;
use crate::store::{CopyCounts, CopySum, Span, is_there};

/// The pages of a source in one database, by address, portion by portion.
#[derive(Debug)]
struct Reader {
    engine: Engine,
    source: SourceId,
    /// The address of the last page that was read.
    after: String,
    /// Read, and not looked at yet.
    pages: VecDeque<CopiedPage>,
    is_over: bool,
}

impl Reader {
    fn of(engine: &Engine, source: &SourceId) -> Self {
        Self { engine: engine.clone(), source: source.clone(), after: String::new(), pages: VecDeque::new(), is_over: false }
    }

    /// Reads some more, behind what is not looked at yet.
    async fn read(&mut self, ends: &Ends) -> Result<(), Error> {
        if self.is_over {
            return Ok(());
        }
        let (source, after, models) = (self.source.clone(), self.after.clone(), ends.models.clone());
        let read = move |store: &crate::store::Store| store.copied(&source, Span { after: &after, bytes: PORTION }, &models);
        let pages = self.engine.store_in(Lane::Bulk, read).await?;
        match pages.last() {
            Some(last) => address(last).clone_into(&mut self.after),
            None => self.is_over = true,
        }
        self.pages.extend(pages);
        Ok(())
    }

    /// Reads some, unless there is something.
    async fn fill(&mut self, ends: &Ends) -> Result<(), Error> {
        if self.pages.is_empty() { self.read(ends).await } else { Ok(()) }
    }
}

/// A source that is on both sides.
#[derive(Debug)]
pub(super) struct Comparing {
    source: SourceId,
    /// None before it is known whose vectors are compared.
    sides: Option<[Reader; 2]>,
    sums: [CopySum; 2],
    others: u64,
}

impl Comparing {
    pub(super) fn of(source: SourceId) -> Self {
        Self { source, sides: None, sums: Default::default(), others: 0 }
    }

    /// Compares some more; whether all is the same, when that is known.
    pub(super) async fn step(&mut self, ends: &Ends) -> Result<Option<bool>, Error> {
        let [from, to] = self.sides.get_or_insert_with(|| [Reader::of(&ends.from, &self.source), Reader::of(&ends.to, &self.source)]);
        let (one, other) = future::zip(from.fill(ends), to.fill(ends)).await;
        one.and(other)?;
        if from.pages.is_empty() || to.pages.is_empty() {
            return Ok(Some(from.pages.is_empty() && to.pages.is_empty()));
        }
        while let (Some(page), Some(there)) = (from.pages.front(), to.pages.front()) {
            let Some(others) = is_there(page, there) else { return Ok(Some(false)) };
            self.others += others;
            self.sums[0].add(page);
            self.sums[1].add(there);
            from.pages.pop_front();
            to.pages.pop_front();
        }
        Ok(None)
    }

    pub(super) fn into_outcome(self) -> CopiedSource {
        outcome(self.source, &self.sums, [0, 0, self.others], 0)
    }
}

/// A source on its way: what is there is compared, the rest is written.
#[derive(Debug)]
pub(super) struct Walk {
    source: SourceId,
    has_pages: bool,
    sides: Option<[Reader; 2]>,
    /// Of what was read here.
    sum: CopySum,
    written: u64,
    removed: u64,
    others: u64,
}

impl Walk {
    /// `has_pages`: whether any are there.
    pub(super) fn of(source: SourceId, has_pages: bool) -> Self {
        Self { source, has_pages, sides: None, sum: CopySum::default(), written: 0, removed: 0, others: 0 }
    }

    /// Copies some more pages, and how many; none when all are there.
    pub(super) async fn step(&mut self, ends: &Ends) -> Result<Option<u64>, Error> {
        let has_pages = self.has_pages;
        let [from, to] = self.sides.get_or_insert_with(|| {
            let to = Reader { is_over: !has_pages, ..Reader::of(&ends.to, &self.source) };
            [Reader::of(&ends.from, &self.source), to]
        });
        from.fill(ends).await?;
        let portion = std::mem::take(&mut from.pages);
        portion.iter().for_each(|page| self.sum.add(page));
        let count = portion.len() as u64;
        let last = portion.back().map(|page| address(page).to_owned());
        // What is there up to the last address: pages that are the same, that are others, and that are to go.
        let (mut there, mut gone) = (VecDeque::new(), Vec::new());
        let is_behind = |page: &CopiedPage| last.as_deref().is_some_and(|last| address(page) > last);
        let mut wanted = portion.iter().map(address).peekable();
        loop {
            to.fill(ends).await?;
            while let Some(page) = to.pages.pop_front_if(|page| !is_behind(page)) {
                while wanted.next_if(|wanted| *wanted < address(&page)).is_some() {}
                match wanted.next_if_eq(&address(&page)) {
                    Some(_) => there.push_back(page),
                    None => gone.push(page.page.document.url),
                }
            }
            if gone.len() >= GONE_AT_ONCE {
                self.removed += put(ends, &self.source, Vec::new(), std::mem::take(&mut gone)).await?.1;
            }
            if !to.pages.is_empty() || to.is_over {
                break;
            }
        }
        let mut pages = Vec::with_capacity(portion.len());
        for page in portion {
            let before = there.pop_front_if(|there| address(there) == address(&page));
            match before.and_then(|before| is_there(&page, &before)) {
                Some(others) => self.others += others,
                None => pages.push(page),
            }
        }
        self.written += pages.len() as u64;
        // While these are written, the next are read.
        let (read, put) = future::zip(from.read(ends), put(ends, &self.source, pages, gone)).await;
        let (others, removed) = put?;
        read?;
        self.others += others;
        self.removed += removed;
        Ok((count > 0).then_some(count))
    }

    /// All are there, with so many addresses of its trail.
    pub(super) fn into_checking(self, addresses: u64) -> Checking {
        let Self { source, sum, written, removed, others, .. } = self;
        Checking { source, there: None, sums: [sum, CopySum::default()], counts: [written, removed, others], addresses }
    }
}

/// How many vectors there are others, and how many pages were removed.
async fn put(ends: &Ends, source: &SourceId, pages: Vec<CopiedPage>, gone: Vec<Url>) -> Result<(u64, u64), Error> {
    if pages.is_empty() && gone.is_empty() {
        return Ok((0, 0));
    }
    let (source, models) = (source.clone(), ends.models.clone());
    let others = ends.write(move |store| Ok((store.put_copied(&source, &pages, &models, &gone)?, gone.len() as u64)));
    others.await
}

/// A source that is there, as it is read again.
#[derive(Debug)]
pub(super) struct Checking {
    source: SourceId,
    there: Option<Reader>,
    /// Of what was read here, and of what is read there.
    sums: [CopySum; 2],
    /// Written, removed, and vectors that are others.
    counts: [u64; 3],
    addresses: u64,
}

impl Checking {
    /// Reads some more pages, and how many; none when all have been.
    pub(super) async fn step(&mut self, ends: &Ends) -> Result<Option<u64>, Error> {
        let there = self.there.get_or_insert_with(|| Reader::of(&ends.to, &self.source));
        there.fill(ends).await?;
        let pages = std::mem::take(&mut there.pages);
        pages.iter().for_each(|page| self.sums[1].add(page));
        Ok((!pages.is_empty()).then_some(pages.len() as u64))
    }

    /// # Errors
    /// [`share::Error::NotTheSame`].
    pub(super) fn into_outcome(self) -> Result<CopiedSource, Error> {
        let [here, there] = &self.sums;
        let (of, at) = (here.counts(), there.counts());
        // Passages that others say, too, may have vectors there that they have not here.
        let lacks = at.vectors < of.vectors;
        let is_other = at.vectors == of.vectors && self.counts[2] == 0 && here.of_vectors() != there.of_vectors();
        if here.of_texts() != there.of_texts() || lacks || is_other {
            let shown = |sum: &CopySum| {
                let CopyCounts { pages, chunks, vectors } = sum.counts();
                format!("{pages} pages, {chunks} chunks, {vectors} vectors, sha256 {}", sum.of_texts())
            };
            return Err(share::Error::NotTheSame { source_id: self.source, here: shown(here), there: shown(there) }.into());
        }
        Ok(outcome(self.source, &self.sums, self.counts, self.addresses))
    }
}

fn outcome(source: SourceId, [here, there]: &[CopySum; 2], [written, removed, other_vectors]: [u64; 3], addresses: u64) -> CopiedSource {
    let CopyCounts { pages, chunks, vectors } = here.counts();
    let vectors_sum = Some(here.of_vectors()).filter(|sum| *sum == there.of_vectors());
    CopiedSource { source, pages, chunks, vectors, written, removed, other_vectors, addresses, sum: here.of_texts(), vectors_sum }
}

fn address(page: &CopiedPage) -> &str {
    page.page.document.url.as_str()
}

/// Bytes of text that are read together, and written in one transaction.
const PORTION: u64 = 1 << 20;
/// Pages that are removed together.
const GONE_AT_ONCE: usize = 500;
