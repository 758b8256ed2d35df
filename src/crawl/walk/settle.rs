//! What an answer changes: pages handed out, links queued, redirects and canonical addresses followed, failures noted.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Instant;

use url::Url;

use crate::crawl::canonical::credible;
use crate::crawl::error::Error;
use crate::crawl::frontier::{Entry, Offered, Role, normalise, origin};
use crate::crawl::plan::{Robots, is_binary};
use crate::crawl::polite::pause_after;
use crate::crawl::report::{Failed, Skipped};
use crate::crawl::robots::{Forbidden, Rules};
use crate::crawl::sitemap::{Kind, Sitemap};
use crate::crawl::walk::{Crawl, Visit};
use crate::extract::Outline;
use crate::model::Page;

impl Crawl {
    pub(super) fn page(&mut self, url: Url, entry: Entry, page: Page, outline: Outline) {
        let obey = self.request.robots == Robots::Obey;
        // Without the scheme: a site that answers http and https alike has its pages once.
        let content = self.hasher.hash_one((url.host_str(), url.port(), &page.body));
        let copies = self.contents.get(&content).copied().unwrap_or_default();
        // Links of a copy may lead elsewhere, as they are relative to another address; but where every address has the same
        // content, as some servers answer, following them would not end.
        if entry.depth < self.request.depth && copies < MAX_COPIES_FOLLOWED && (outline.robots.follow || !obey) {
            self.offer_links(&url, entry.depth + 1, outline.links);
        }
        if obey && !outline.robots.index {
            return self.skip(url, "the page asks not to be indexed".to_owned());
        }
        if copies > 0 {
            self.contents.insert(content, copies.saturating_add(1));
            self.standing.became_page(&url);
            return self.note_skip(url, "the same content as another page".to_owned());
        }
        if entry.role != Role::Restored
            && let Some(canonical) = credible(&url, outline.canonical.map(normalise).as_ref(), &self.bounds)
            && !entry.via.iter().any(|hop| **hop == *canonical.as_str())
            && self.yield_to(&url, entry.depth, canonical)
        {
            return self.note_skip(url, format!("its canonical address is {canonical}"));
        }
        self.contents.insert(content, 1);
        self.standing.became_page(&url);
        self.report.pages += 1;
        self.ready.push_back(Visit::Page(page));
    }

    /// Whether the canonical address was or will be fetched, so that the page may be left out.
    fn yield_to(&mut self, page: &Url, depth: u32, canonical: &Url) -> bool {
        let from: Arc<str> = page.as_str().into();
        let offered = self.frontier.offer(canonical, || Entry::new(canonical, depth, Role::Page).from(&from));
        let yields = !matches!(offered, Offered::Refused(_)) && self.standing.yields(page, depth, canonical);
        if yields {
            let waiting = self.standing.passed_on(page, canonical);
            self.restore(waiting);
        }
        yields
    }

    pub(super) fn sitemap(&mut self, url: Url, entry: Entry, sitemap: Sitemap) {
        let level = match entry.role {
            Role::Sitemap { level } => level,
            Role::Seed | Role::Page | Role::Restored => 0,
        };
        if !sitemap.notes.is_empty() {
            let notes: Vec<_> = sitemap.notes.iter().map(ToString::to_string).collect();
            let why = format!("a faulty sitemap, of which {} entries were read: {}", sitemap.entries.len(), notes.join("; "));
            self.skip(url.clone(), why);
        }
        let from: Arc<str> = url.as_str().into();
        for listed in sitemap.entries {
            let listed = normalise(listed.url);
            let (role, why_not) = match sitemap.kind {
                Kind::Index => {
                    (Role::Sitemap { level: level + 1 }, (level >= MAX_INDEX_LEVEL).then_some("a sitemap index within too many others"))
                }
                Kind::Pages if !self.bounds.may_list(&listed) => (Role::Page, Some("in a sitemap, but out of scope")),
                Kind::Pages => (Role::Page, is_binary(&listed).then_some("not a page by its name")),
            };
            let offered = match why_not {
                Some(why) => Offered::Refused(why),
                None => self.frontier.offer_named(&listed, || Entry::new(&listed, 0, role).from(&from)),
            };
            if let Offered::Refused(why) = offered {
                self.report.pass_over(why);
            }
        }
    }

    /// A redirect is a link that replaces its page: the target keeps depth and role, and is judged like any URL.
    pub(super) fn moved(&mut self, url: Url, entry: Entry, to: Url) {
        let max_redirects = self.fetcher.config.http.max_redirects;
        if to == url || entry.via.iter().any(|hop| **hop == *to.as_str()) {
            return self.fail(url, &entry, &Error::RedirectLoop { through: to });
        }
        if entry.via.len() >= max_redirects {
            return self.fail(url, &entry, &Error::TooManyRedirects { limit: max_redirects });
        }
        match entry.role {
            Role::Seed => self.bounds.moved(&url, &to),
            Role::Page | Role::Restored if !self.bounds.contains(&to) => {
                return self.skip(url, format!("redirects to {to}, which is out of scope"));
            }
            Role::Sitemap { .. } | Role::Page | Role::Restored => {}
        }
        let offered = self.frontier.offer(&to, || {
            let mut via = entry.via;
            via.push(entry.url);
            Entry { url: to.as_str().into(), depth: entry.depth, role: entry.role, from: entry.from, via, attempts: 0 }
        });
        if let Offered::Queued | Offered::Seen = offered {
            let waiting = self.standing.passed_on(&url, &to);
            self.restore(waiting);
        }
        match offered {
            Offered::Queued => {}
            Offered::Seen => self.note_skip(url, format!("redirects to {to}, which was met already")),
            Offered::Refused(why) => self.skip(url, format!("redirects to {to}, which is left out: {why}")),
        }
    }

    fn offer_links(&mut self, page: &Url, depth: u32, links: Vec<Url>) {
        let page: Arc<str> = page.as_str().into();
        for link in links {
            let link = normalise(link);
            let offered = match () {
                () if !self.bounds.contains(&link) => Offered::Refused("out of scope"),
                () if is_binary(&link) => Offered::Refused("not a page by its name"),
                () => self.frontier.offer(&link, || Entry::new(&link, depth, Role::Page).from(&page)),
            };
            if let Offered::Refused(why) = offered {
                self.report.pass_over(why);
            }
        }
    }

    pub(super) fn offer_sitemaps(&mut self, site: &Url, rules: &Rules) {
        for location in rules.sitemaps.iter().take(MAX_SITEMAPS_OF_ROBOTS) {
            let Ok(location) = site.join(location) else { continue };
            if matches!(location.scheme(), "http" | "https") {
                let location = normalise(location);
                self.frontier.offer_named(&location, || Entry::new(&location, 0, Role::Sitemap { level: 0 }));
            }
        }
    }

    pub(super) fn forbidden(&mut self, url: Url, entry: Entry, forbidden: Forbidden) {
        match (&forbidden, self.unreachable.get(&origin(&url))) {
            (Forbidden::Unreachable, Some(source)) => {
                let error = Error::Robots { source: source.clone() };
                self.fail(url, &entry, &error);
            }
            _ => self.skip(url, forbidden.to_string()),
        }
    }

    pub(super) fn try_again(&mut self, url: &Url, mut entry: Entry, error: &Error, now: Instant) {
        let pause = pause_after(entry.attempts.into());
        entry.attempts += 1;
        match error {
            // The whole origin pauses, and with it this entry.
            Error::Status { status: 429 | 503, .. } => self.frontier.put_back(url, entry),
            _ => self.frontier.delay(entry, now + pause),
        }
    }

    pub(super) fn give_up(&mut self, url: &Url, failures: u32) {
        let left = self.frontier.take_origin(url).len();
        if left > 0 {
            let error = Error::HostGivenUp { failures };
            let url = normalise(url.join("/").unwrap_or_else(|_| url.clone()));
            self.note_failure(Failed { url, error: format!("{error}, with {left} URLs left"), hint: error.hint(), is_transient: true });
        }
    }

    pub(super) fn skip(&mut self, url: Url, why: String) {
        let waiting = self.standing.came_to_nothing(&url);
        self.restore(waiting);
        self.note_skip(url, why);
    }

    fn note_skip(&mut self, url: Url, why: String) {
        let skipped = Skipped { url, why };
        self.report.skip(skipped.clone());
        self.ready.push_back(Visit::Skipped(skipped));
    }

    pub(super) fn fail(&mut self, url: Url, entry: &Entry, error: &Error) {
        let waiting = self.standing.came_to_nothing(&url);
        self.restore(waiting);
        let text = match &entry.from {
            Some(page) => format!("{}, linked from {page}", error.chain()),
            None => error.chain(),
        };
        self.note_failure(Failed { url, error: text, hint: error.hint(), is_transient: error.is_transient() });
    }

    fn note_failure(&mut self, failed: Failed) {
        self.report.fail(failed.clone());
        self.ready.push_back(Visit::Failed(failed));
    }

    /// A page that yielded to an address for nothing is fetched again, and taken as it is.
    fn restore(&mut self, waiting: Option<(Url, u32)>) {
        if let Some((page, depth)) = waiting {
            let entry = Entry::new(&page, depth, Role::Restored);
            self.frontier.put_back(&page, entry);
        }
    }
}

/// URLs with one content whose links are followed.
const MAX_COPIES_FOLLOWED: u8 = 8;

/// Indexes within each other; sitemaps.org knows one.
const MAX_INDEX_LEVEL: u8 = 2;

/// `Sitemap` lines of one robots.txt that are read.
const MAX_SITEMAPS_OF_ROBOTS: usize = 100;
