//! The walk of one of many who do a crawl together: given addresses, and asked what came of them.

use url::Url;

use crate::crawl::report::End;
use crate::crawl::together::{Lesson, Tidings, Together, entry};
use crate::crawl::walk::Crawl;
use crate::model::{Spent, Waiting};

/// With others.
impl Crawl {
    /// Its seeds are in the hands of who gives addresses.
    pub(in crate::crawl) fn shared(mut self) -> Self {
        self.frontier.share();
        self.standing.share();
        self.together = Some(Box::new(Together::default()));
        self
    }

    /// Addresses that are to be fetched, what may be spent for it more than before, and what others have learned. Whoever polls it has
    /// to poll it again.
    pub fn feed(&mut self, urls: Vec<Waiting>, allowed: Spent, lessons: &[(i64, String)]) {
        self.fetcher.allow(allowed.requests, allowed.bytes);
        lessons.iter().for_each(|(_, lesson)| self.learn(lesson));
        for (url, entry) in urls.into_iter().filter_map(entry) {
            self.frontier.queue_remembered(&url, entry);
        }
    }

    /// How many more addresses it can make use of.
    pub fn wants(&self) -> usize {
        let is_ending = self.together.as_ref().is_some_and(|together| together.is_ending);
        // Some are asked for ahead, so that none has to be waited for.
        let wanted = if is_ending || self.ended { 0 } else { self.request.concurrency.max(1) * 2 };
        wanted.saturating_sub(self.frontier.len() + self.jobs.len())
    }

    /// Requests and bytes so far.
    pub fn spent(&self) -> Spent {
        Spent { requests: self.fetcher.requests(), bytes: self.fetcher.bytes() }
    }

    /// What was allowed and is not spent is not spent any more.
    pub fn give_back(&mut self) -> Spent {
        self.fetcher.give_all_back()
    }

    /// What it was given is others' now: nothing of it is begun. What it has told is not told again.
    pub fn lose_all(&mut self) {
        self.fetcher.start_over();
        self.frontier.lose_shared();
    }

    /// Whether what it has is not begun for want of what it may spend.
    pub fn is_held_up(&self) -> bool {
        self.frontier.len() > 0 && !(self.fetcher.may_spend() && self.fetcher.may_receive())
    }

    /// Whether it makes no use of what it may spend: it has nothing to ask for, or not all that it takes, and nothing is in flight.
    pub fn needs_nothing(&self) -> bool {
        self.jobs.is_empty() && (self.is_idle() || self.is_held_up())
    }

    /// Whether nothing of it waits or is under way.
    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.frontier.len() == 0 && self.ready.is_empty() && self.backlog.is_empty()
    }

    /// What came since the last time.
    pub fn take_tidings(&mut self) -> Tidings {
        let spent = self.spent();
        let Some(together) = &mut self.together else { return Tidings::default() };
        let Together { lessons, given_up, left_out, contents, .. } = &mut **together;
        let (lessons, given_up) = (std::mem::take(lessons), std::mem::take(given_up));
        let (left_out, contents) = (std::mem::take(left_out), std::mem::take(contents));
        let outbox = self.frontier.outbox();
        let (found, dealt) =
            outbox.map(|outbox| (std::mem::take(&mut outbox.found), std::mem::take(&mut outbox.dealt))).unwrap_or_default();
        Tidings { found, dealt, left_out, lessons, given_up, contents, spent }
    }

    /// Begins nothing more: what waits is others', what is in flight comes to its end.
    pub fn wind_up(&mut self) {
        if let Some(together) = &mut self.together {
            together.is_ending = true;
        }
        let queued = self.frontier.len() > 0;
        if queued && self.jobs.is_empty() {
            self.frontier.clear();
        }
    }

    /// It is over, as those who do it together have found.
    pub fn end_as(&mut self, end: End) {
        self.limit = self.limit.or(Some(end).filter(|end| *end != End::Complete));
        self.end(end);
    }

    pub(in crate::crawl::walk) fn follow_at_once(&mut self, from: &Url, to: &Url) {
        if let Some(outbox) = self.frontier.outbox() {
            outbox.follow_at_once(from, to);
        }
    }

    pub(in crate::crawl::walk) fn teach(&mut self, lesson: impl FnOnce() -> Lesson) {
        if let Some(together) = &mut self.together {
            let written = serde_json::to_string(&lesson()).expect("addresses and truths are JSON");
            together.lessons.push(written);
        }
    }

    /// What another has been taught. What is none that this version knows is left out, as it was made by another.
    fn learn(&mut self, lesson: &str) {
        match serde_json::from_str(lesson) {
            Ok(Lesson::Read { seed, is_folder, has_old_versions }) => {
                if let Some(is_folder) = is_folder {
                    self.bounds.told(&seed, is_folder);
                }
                if let Some(has_old_versions) = has_old_versions {
                    self.selection.told(&seed, has_old_versions);
                }
            }
            Ok(Lesson::Moved { from, to }) => {
                self.selection.moved(&from, &to);
                self.bounds.moved(&from, &to);
            }
            Err(_) => log::warn!("what another crawler has learned of a seed cannot be read, as it is of another version: {lesson:.200}"),
        }
    }
}
