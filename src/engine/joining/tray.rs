//! What one worker of a joined crawl has to tell with its next calls, and what it has in hand until that is told.
//!
//! The walk tells what it has found once, whatever becomes of the call. So what can be told twice stays here until the store has it: links,
//! lessons, what is left out. Pages and what became of addresses do not, as these are others' then.

use std::collections::{HashMap, HashSet};

use url::Url;

use super::board::Parcel;
use crate::crawl::Tidings;
use crate::engine::crawling::Cut;
use crate::http::masked;
use crate::model::{Became, Dealt, PageOf, Remark, RemarkKind, Settled, Spent, Waiting, Wish};

#[derive(Debug, Default)]
pub(super) struct Tray {
    /// What is to be told with the next call.
    settled: Settled,
    /// By what pages that are under way are known.
    contents: HashMap<Box<str>, Vec<u64>>,
    /// Addresses that were given to it and are not dealt with.
    held: HashSet<Box<str>>,
    /// Pages that came, and are not dealt with.
    handed_out: HashSet<Box<str>>,
    /// Of these, those that are being read or are to be stored. Its length is bounded.
    under_way: Vec<Url>,
    cut: Vec<Cut>,
    /// How those that are under way were dealt with.
    of_pages: HashMap<Box<str>, Dealt>,
    /// What was skipped and what failed, until what it is about is settled.
    remarks: Vec<Remark>,
}

impl Tray {
    /// Takes what the walk has to tell.
    pub(super) fn collect(&mut self, tidings: Tidings) {
        self.settled.found.extend(tidings.found);
        self.settled.left_out.extend(tidings.left_out);
        self.settled.lessons.extend(tidings.lessons);
        self.settled.given_up.extend(tidings.given_up);
        for (url, content) in tidings.contents {
            self.contents.entry(url).or_default().push(content);
        }
        for mut dealt in tidings.dealt {
            dealt.is_page = self.handed_out.remove(&dealt.url);
            if self.under_way.iter().any(|url| *url.as_str() == *dealt.url) {
                // Its place at its origin is free.
                self.settled.fetched.extend(dealt.hops.iter().chain([&dealt.url]).cloned());
                self.of_pages.insert(dealt.url.clone(), dealt);
            } else {
                self.contents.remove(&dealt.url);
                self.settled.dealt.push(dealt);
            }
        }
    }

    /// These were given to it.
    pub(super) fn hold<'w>(&mut self, given: impl Iterator<Item = &'w Waiting>) {
        self.held.extend(given.map(|waiting| waiting.url.clone()));
    }

    pub(super) fn holds_nothing(&self) -> bool {
        self.held.is_empty()
    }

    /// A page came, and is read.
    pub(super) fn came(&mut self, page: &Url) {
        self.under_way.push(page.clone());
        self.handed_out.insert(page.as_str().into());
    }

    /// It was read, and is to be stored.
    pub(super) fn cut(&mut self, cut: Cut) {
        self.cut.push(cut);
    }

    /// Others read it: it is not told as what it was dealt with.
    pub(super) fn leave(&mut self, page: &Url) {
        self.of_pages.remove(page.as_str());
        self.forget(page);
    }

    /// What is not cut yet is not read to its end.
    pub(super) fn leave_unread(&mut self) {
        self.under_way.retain(|url| self.cut.iter().any(|cut| cut.url() == url));
    }

    /// It is under way no more: what it was dealt with as is told, if it was not told with the page.
    pub(super) fn forget(&mut self, page: &Url) {
        self.under_way.retain(|url| url != page);
        self.contents.remove(page.as_str());
        if let Some(dealt) = self.of_pages.remove(page.as_str()) {
            self.settled.dealt.push(dealt);
        }
    }

    pub(super) fn remark(&mut self, kind: RemarkKind, url: &Url, why: &str) {
        self.remarks.push(Remark { kind, url: url.to_string(), why: why.to_owned() });
    }

    /// Pages that are under way.
    pub(super) fn pages(&self) -> usize {
        self.under_way.len()
    }

    /// Of these, those that can be stored: they are read, and it is known what they led to.
    pub(super) fn ready(&self) -> usize {
        self.cut.iter().filter(|cut| self.is_ready(cut)).count()
    }

    fn is_ready(&self, cut: &Cut) -> bool {
        self.of_pages.contains_key(cut.url().as_str())
    }

    /// Whether a page that is read waits for what it led to.
    pub(super) fn waits(&self) -> bool {
        self.cut.iter().any(|cut| !self.is_ready(cut))
    }

    /// Whether more can be found: the store is to keep up with it.
    pub(super) fn has_room(&self) -> bool {
        self.settled.found.len() < MOST_FOUND
    }

    /// Whether that is a call already.
    pub(super) fn is_full(&self) -> bool {
        self.settled.found.len() >= FOUND_AT_ONCE
    }

    /// What frees places.
    pub(super) fn has_news(&self) -> bool {
        !(self.settled.fetched.is_empty() && self.settled.dealt.is_empty())
    }

    pub(super) fn has_found(&self) -> bool {
        !self.settled.found.is_empty()
    }

    /// All that came is told.
    pub(super) fn is_told(&self) -> bool {
        self.settled.dealt.is_empty() && self.ready() == 0
    }

    /// What goes with the next call. An address is dealt with when all that was found before it is told: while there is more of that than goes with
    /// one call, nothing else does that depends on it.
    pub(super) fn parcel(&mut self, wish: Wish, spent: Spent) -> Parcel {
        let many = self.settled.found.len().min(FOUND_AT_ONCE);
        let found: Vec<Waiting> = self.settled.found.drain(..many).collect();
        if self.has_found() {
            let Settled { fetched, left_out, lessons, given_up, .. } = &mut self.settled;
            let (fetched, left_out) = (std::mem::take(fetched), std::mem::take(left_out));
            let (lessons, given_up) = (std::mem::take(lessons), std::mem::take(given_up));
            let settled = Settled { found, fetched, left_out, lessons, given_up, spent, ..Settled::default() };
            return Parcel::new(settled, Vec::new(), Vec::new(), wish);
        }
        let mut settled = Settled { found, spent, ..std::mem::take(&mut self.settled) };
        let (ready, waiting): (Vec<Cut>, Vec<Cut>) = std::mem::take(&mut self.cut).into_iter().partition(|cut| self.is_ready(cut));
        self.cut = waiting;
        let mut of = Vec::with_capacity(ready.len());
        for cut in &ready {
            let url: Box<str> = cut.url().as_str().into();
            settled.dealt.extend(self.of_pages.remove(&url));
            of.push(PageOf { contents: self.contents.remove(&url).unwrap_or_default(), url });
        }
        settled.dealt.iter().flat_map(addresses).for_each(|url| _ = self.held.remove(url));
        settled.notes = self.due_remarks();
        Parcel::new(settled, of, ready, wish)
    }

    /// Those that are about nothing that is in hand still: so that they are told once, whoever ends when.
    fn due_remarks(&mut self) -> Vec<Remark> {
        if self.remarks.is_empty() {
            return Vec::new();
        }
        let open = shown(self.held.iter().chain(self.of_pages.keys()));
        let (kept, due) = std::mem::take(&mut self.remarks).into_iter().partition(|remark: &Remark| open.contains(&remark.url));
        self.remarks = kept;
        due
    }

    /// A page of a parcel was not stored, and will not be.
    pub(super) fn came_to_nothing(&mut self, parcel: &Parcel, page: &Url) {
        if let Some(dealt) = parcel.dealt(page) {
            self.settled.dealt.push(Dealt { became: Became::Nothing, is_page: false, ..dealt.clone() });
        }
    }

    /// What was in hand is others': they ask again, and tell what came of it.
    pub(super) fn lose(&mut self) {
        let theirs = shown(self.held.iter().chain(self.of_pages.keys()));
        self.remarks.retain(|remark| !theirs.contains(&remark.url));
        self.held.clear();
    }

    /// The same, and nobody knows whether this parcel is settled: what can be told twice is told again, and what was dealt with is others', too.
    pub(super) fn lose_with(&mut self, parcel: &Parcel) {
        let Settled { found, left_out, lessons, given_up, notes, dealt, .. } = parcel.settled();
        // What was found first is first again.
        self.settled.found.splice(..0, found.iter().cloned());
        self.settled.left_out.extend_from_slice(left_out);
        self.settled.lessons.splice(..0, lessons.iter().cloned());
        self.settled.given_up.extend_from_slice(given_up);
        self.remarks.extend_from_slice(notes);
        self.held.extend(dealt.iter().flat_map(addresses).cloned());
        self.lose();
    }

    /// It ends as none of them: others find again what it has found, with what they ask for again.
    pub(super) fn drop_all(&mut self) {
        self.settled = Settled::default();
        self.remarks.clear();
    }
}

fn addresses(dealt: &Dealt) -> impl Iterator<Item = &Box<str>> {
    dealt.hops.iter().chain([&dealt.url])
}

/// As addresses are shown.
fn shown<'u>(urls: impl Iterator<Item = &'u Box<str>>) -> HashSet<String> {
    urls.filter_map(|url| Some(masked(&Url::parse(url).ok()?).into())).collect()
}

/// Links that go with one call.
const FOUND_AT_ONCE: usize = 10_000;
/// Those that are kept until the store has them. While there are more, nothing is fetched.
const MOST_FOUND: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn found(numbers: std::ops::Range<usize>) -> Vec<Waiting> {
        let address = |number| format!("http://a.test/{number}").into();
        numbers.map(|number| Waiting { url: address(number), depth: 1, role: Waiting::PAGE, from: None, via: Vec::new() }).collect()
    }

    fn nothing(address: &str) -> Dealt {
        Dealt { url: address.into(), hops: Vec::new(), became: Became::Nothing, is_page: false }
    }

    fn parcel(tray: &mut Tray) -> Parcel {
        tray.parcel(Wish::default(), Spent::default())
    }

    #[test]
    fn many_links_go_in_order_with_several_calls_and_what_led_to_them_with_the_last() {
        let mut tray = Tray::default();
        let of_a_sitemap = Tidings { found: found(0..25_000), dealt: vec![nothing("http://a.test/map.xml")], ..Tidings::default() };
        tray.collect(of_a_sitemap);
        tray.remark(RemarkKind::Skipped, &url("http://a.test/other"), "a reason");
        assert!(tray.is_full() && tray.has_room());
        let told: Vec<(Vec<Waiting>, usize, usize)> = (0..4)
            .map(|_| parcel(&mut tray))
            .map(|parcel| (parcel.settled().found.clone(), parcel.settled().dealt.len(), parcel.settled().notes.len()))
            .collect();
        let counts: Vec<_> = told.iter().map(|(found, dealt, notes)| (found.len(), *dealt, *notes)).collect();
        assert_eq!(counts, [(10_000, 0, 0), (10_000, 0, 0), (5_000, 1, 1), (0, 0, 0)]);
        assert_eq!(told.into_iter().flat_map(|(found, ..)| found).collect::<Vec<_>>(), found(0..25_000));
        tray.collect(Tidings { found: found(0..50_000), ..Tidings::default() });
        assert!(!tray.has_room(), "the walk stands still until the store has some of them");
        parcel(&mut tray);
        assert!(tray.has_room());
    }

    #[test]
    fn what_the_store_did_not_take_is_told_again_but_for_what_is_others_now() {
        let mut tray = Tray::default();
        tray.hold(found(0..3).iter());
        let tidings = Tidings {
            found: found(10..12),
            dealt: vec![nothing("http://a.test/0")],
            left_out: vec!["http://a.test/de".into()],
            lessons: vec!["a seed is a folder".to_owned()],
            given_up: vec!["http://bad.test".into()],
            ..Tidings::default()
        };
        tray.collect(tidings);
        tray.remark(RemarkKind::Failed, &url("http://a.test/0"), "404 Not Found");
        tray.remark(RemarkKind::Failed, &url("http://a.test/1"), "it is in hand still");
        tray.remark(RemarkKind::Skipped, &url("http://a.test/elsewhere"), "a reason");
        let first = parcel(&mut tray);
        assert_eq!((first.settled().dealt.len(), first.settled().notes.len()), (1, 2));
        tray.collect(Tidings { found: found(12..14), lessons: vec!["later".to_owned()], ..Tidings::default() });
        tray.lose_with(&first);
        assert!(tray.holds_nothing());
        let again = parcel(&mut tray);
        let Settled { found: links, dealt, left_out, lessons, given_up, notes, .. } = again.settled();
        assert_eq!(*links, found(10..14), "in the order in which they were found");
        assert_eq!((dealt.len(), left_out.len(), given_up.len()), (0, 1, 1));
        assert_eq!(lessons, &["a seed is a folder", "later"]);
        assert_eq!(notes.iter().map(|note| &*note.why).collect::<Vec<_>>(), ["a reason"], "the others are told by who asks again");
        // What is taken is not told again, whoever it is then.
        tray.lose();
        assert_eq!(*parcel(&mut tray).settled(), Settled::default());
    }

    #[test]
    fn what_is_left_when_it_ends_is_dropped() {
        let mut tray = Tray::default();
        tray.collect(Tidings { found: found(0..3), dealt: vec![nothing("http://a.test/0")], ..Tidings::default() });
        assert!(!tray.is_told());
        tray.drop_all();
        assert!(tray.is_told() && !tray.has_found());
    }
}
