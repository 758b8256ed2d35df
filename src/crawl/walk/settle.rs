//! What an answer changes: pages handed out, links queued, redirects and canonical addresses followed, failures noted.

use std::collections::VecDeque;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Instant;
use std::vec;

use url::Url;

use crate::crawl::canonical::{Claim, credible};
use crate::crawl::error::Error;
use crate::crawl::fetch::Read;
use crate::crawl::frontier::{Entry, Named, Offered, Role, TOO_LONG, normalise, origin};
use crate::crawl::plan::{Moved, Robots, Sitemaps, is_binary};
use crate::crawl::polite::pause_after;
use crate::crawl::report::{Failed, LINKED_FROM, NO_PAGE, OUT_OF_SCOPE, Skipped};
use crate::crawl::robots::{Forbidden, Rules};
use crate::crawl::selection::{LeaveOut, wants_login};
use crate::crawl::sitemap::{Kind, Sitemap};
use crate::crawl::together::Lesson;
use crate::crawl::traps::{without_session, without_tracking};
use crate::crawl::twins::{Place, is_full, is_llms};
use crate::crawl::walk::{Crawl, USUAL_SITEMAP, Visit};
use crate::extract::{Outline, Shell};
use crate::http::{masked, masked_text};
use crate::model::{self, Page, nearest};

impl Crawl {
    pub(super) fn page(&mut self, url: Url, entry: Entry, Read { page, mut outline, content, beside, is_hollow }: Read) {
        // A seed that only sends its readers on is no other thing than one that is redirected: what is below its target is meant.
        if entry.role == Role::Seed
            && let Some(to) = outline.forward.take().map(|to| self.in_one_form(to))
            && to != url
            && !entry.via.iter().any(|hop| **hop == *to.as_str())
        {
            return self.moved(url, entry, to, false);
        }
        // At a site whose pages are none of an application, what runs in place of a page that is not there is no other page.
        if page.status == 404 && page.filled.is_served() && entry.role != Role::Seed && !self.fetcher.scripted().has_any(&origin(&url)) {
            return self.fail(url, &entry, &Error::Status { status: page.status, retry_after: None });
        }
        let obey = self.request.robots == Robots::Obey;
        let content = self.content_in_source(&url, content);
        // Also of an earlier crawl, which may have had this very page.
        let (first, copies) = match self.contents.get(&content).filter(|(first, _)| **first != *page.url.as_str()) {
            Some((first, copies)) => (Some(first.clone()), *copies),
            None => (None, 0),
        };
        if entry.role == Role::Seed {
            // That of a shell is told when there is a link of it.
            if beside.is_none() || !outline.links.is_empty() {
                self.learn_of_seed(&url, &outline.links);
            }
            if is_llms(&url) {
                self.list(&outline.links);
            }
        }
        self.hear(&url, &outline.alternates);
        let leads_on = self.leads_on(&url, &outline.links);
        // Links of a copy may lead elsewhere, as they are relative to another address; but where every address has the same
        // content, as some servers answer, following them would not end.
        if entry.depth < self.request.depth
            && self.request.sitemaps != Sitemaps::Only
            && copies < MAX_COPIES_FOLLOWED
            && (outline.robots.follow || !obey)
        {
            // Of a shell it is asked later whether it has any.
            let are_needed = self.linked.is_some() || beside.is_some();
            let mut links = if are_needed { outline.links.clone() } else { std::mem::take(&mut outline.links) };
            // Only a browser tells of places behind "#".
            if page.filled == model::Filled::Rendered {
                let routes = links.extract_if(.., |link| link.fragment().is_some()).collect();
                self.backlog.add(&url, Found::Route { depth: entry.depth + 1 }, routes);
            }
            self.backlog.add(&url, Found::Link { depth: entry.depth + 1 }, links);
            for known_by in std::mem::take(&mut outline.too_long) {
                if self.left_out.len() >= MOST_LEFT_OUT || self.left_out.insert(known_by) {
                    self.report.pass_over(TOO_LONG, None);
                }
            }
        }
        if entry.role == Role::Seed && self.request.uses_sitemaps() {
            self.backlog.add(&url, Found::Nearby, vec![url.clone()]);
        }
        // Behind the links, which are what was asked for.
        if entry.role == Role::Seed
            && self.request.uses_sitemaps()
            && !self.naming.contains(&origin(&url))
            && let Ok(guess) = url.join(USUAL_SITEMAP)
        {
            self.backlog.add(&url, Found::Guess, vec![guess]);
        }
        if obey && !outline.robots.index {
            return self.skip(url, NOT_INDEXED.to_owned());
        }
        let is_for_links = entry.role == Role::Seed && !self.selection.is_included(&url);
        // One that came out of a browser is what it is.
        let beside = beside.filter(|_| page.filled == model::Filled::Served);
        let is_hollow = is_hollow && self.linked.is_none() && outline.markdown.is_none();
        if let Some(beside) = beside {
            if is_for_links || self.linked.is_some() {
                return self.fill_for_links(page, outline, beside, &entry);
            }
            if self.needs_no_text(&url, &mut outline, &entry) {
                return;
            }
            // Shells of one site have one content at every address; that of their text is what tells them apart.
            self.contents.entry(content).or_insert_with(|| (url.as_str().into(), 0)).1 = copies.saturating_add(1);
            return self.fill(page, &outline, beside, &entry);
        }
        if is_for_links {
            return self.skip(url, NOT_INCLUDED.to_owned());
        }
        // Before it is compared with others: what stands beside the empty place may be the same on all of them.
        if is_hollow {
            if !self.needs_no_text(&url, &mut outline, &entry) {
                self.fill_further(page, &outline, &entry);
            }
            return;
        }
        if let Some(first) = first {
            let why = same_as(&first);
            self.contents.insert(content, (first, copies.saturating_add(1)));
            self.standing.became_page(&url);
            return self.note_skip(url, why);
        }
        if self.twins.has(&url) {
            self.standing.became_page(&url);
            return self.note_skip(url, IN_MARKDOWN.to_owned());
        }
        let canonical = outline.canonical.take().map(|canonical| self.in_one_form(canonical));
        if canonical.is_some_and(|canonical| self.yields(&url, (entry.depth, entry.role), &entry.via, &canonical, outline.title.as_deref()))
        {
            return;
        }
        if !leads_on && outline.markdown.is_none() && outline.shell.as_ref().is_some_and(Shell::is_of_framework) {
            self.look_for_links(page.clone(), &outline, &entry);
        }
        self.contents.insert(content, (url.as_str().into(), 1));
        self.note_content(&url, content);
        if let Some(name) = outline.shell.as_ref().and_then(|shell| shell.shipped.as_deref()) {
            self.report.read_shipped(name);
        }
        if page.filled == model::Filled::Served {
            self.fetcher.scripted().has_own(&origin(&url));
        }
        if let Some(yielded) = self.standing.became_page(&url) {
            self.names.learn(&yielded, &url);
        }
        self.hand_out(page, outline);
    }

    pub(super) fn learn_of_seed(&mut self, url: &Url, links: &[Url]) {
        let is_folder = self.bounds.read(url, links);
        let has_old_versions = self.selection.read(url, links.iter().filter(|link| self.bounds.contains(link)));
        if is_folder.is_some() || has_old_versions.is_some() {
            self.teach(|| Lesson::Read { seed: url.clone(), is_folder, has_old_versions });
        }
    }

    /// The same of its folder alone.
    pub(super) fn learn_bounds(&mut self, url: &Url, links: &[Url]) {
        if let Some(is_folder) = self.bounds.read(url, links) {
            self.teach(|| Lesson::Read { seed: url.clone(), is_folder: Some(is_folder), has_old_versions: None });
        }
    }

    /// What a page says of itself in other languages is known to a crawl that goes on.
    fn hear(&mut self, page: &Url, alternates: &[(String, Url)]) {
        let new = self.selection.speaks(page, alternates);
        if let Some(together) = &mut self.together {
            // What is too long is met by nobody.
            let met = new.into_iter().filter(|url| !self.frontier.is_too_long(url));
            together.left_out.extend(met.map(|url| url.as_str().into()));
        } else if self.keeps_trail {
            self.new_translations.extend(new.into_iter().map(|url| url.as_str().into()));
        }
    }

    fn note_content(&mut self, page: &Url, content: u64) {
        if let Some(together) = &mut self.together {
            together.contents.push((page.as_str().into(), content));
        } else if self.keeps_trail {
            self.new_contents.push((page.as_str().into(), content));
        }
    }

    /// Which of the sources that are filled a page belongs to.
    fn source_of(&self, page: &Url) -> usize {
        nearest(self.sources.iter().map(|(_, seeds)| seeds.as_slice()), page)
    }

    /// What the page is compared with others by: what two sources have in common belongs to both. The same in every process.
    fn content_in_source(&self, page: &Url, content: u64) -> u64 {
        let Some((source, _)) = self.sources.get(self.source_of(page)) else { return content };
        source.as_str().bytes().fold(content, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(FNV))
    }

    /// The page that had this content already; if there is none, it is this one from now on.
    pub(super) fn first_with(&mut self, page: &Page, content: u64) -> Option<Arc<str>> {
        let content = self.content_in_source(&page.url, content);
        match self.contents.entry(content) {
            Occupied(known) => Some(known.get().0.clone()).filter(|first| **first != *page.url.as_str()),
            Vacant(place) => {
                place.insert((page.url.as_str().into(), 1));
                self.note_content(&page.url, content);
                None
            }
        }
    }

    /// Whether a page that has no text yet is had in another form, or yields to its canonical address, if that is its own; then that is told.
    fn needs_no_text(&mut self, url: &Url, outline: &mut Outline, entry: &Entry) -> bool {
        if self.twins.has(url) {
            self.standing.became_page(url);
            self.note_skip(url.clone(), IN_MARKDOWN.to_owned());
            return true;
        }
        let canonical = outline.canonical.take().map(|canonical| self.in_one_form(canonical));
        canonical.is_some_and(|canonical| {
            self.shells.served.tell_apart(origin(url), &canonical)
                && self.yields(url, (entry.depth, entry.role), &entry.via, &canonical, outline.title.as_deref())
        })
    }

    /// Whether the page is left out, as another address is said to be its own; then that is told.
    pub(super) fn yields(&mut self, url: &Url, (depth, role): (u32, Role), via: &[Box<str>], canonical: &Url, title: Option<&str>) -> bool {
        let yields = role != Role::Restored
            && credible(url, Some(canonical), &self.bounds).is_some()
            && !via.iter().any(|hop| **hop == *canonical.as_str())
            // A version is not left out for another one that is crawled beside it.
            && self.source_of(canonical) == self.source_of(url)
            && self.selection.refuses(canonical).is_none()
            && self.claims(url, depth, canonical, title)
            && self.yield_to(url, depth, canonical);
        if yields {
            self.note_skip(url.clone(), format!("its canonical address is {}", masked(canonical)));
        }
        yields
    }

    /// Whether the page is believed. Where it is one too many, those before it are fetched again; what others fetch is theirs.
    fn claims(&mut self, page: &Url, depth: u32, canonical: &Url, title: Option<&str>) -> bool {
        match self.claims.judge(page, depth, canonical, title) {
            Claim::Believed => true,
            Claim::Refused(believed) => {
                if self.together.is_none() && !believed.is_empty() {
                    self.standing.forget(canonical);
                    believed.into_iter().for_each(|page| self.restore(Some(page)));
                }
                false
            }
        }
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
        let (level, named) = match entry.role {
            Role::Sitemap { level, named } => (level, named),
            Role::Seed | Role::Page | Role::Restored | Role::Llms(_) | Role::Beside => (0, Named::Seed),
        };
        self.report.read_sitemap(&url);
        if !sitemap.notes.is_empty() {
            let notes: Vec<_> = sitemap.notes.iter().map(ToString::to_string).collect();
            let why = format!("a faulty sitemap, of which {} entries were read: {}", sitemap.entries.len(), notes.join("; "));
            self.skip(url.clone(), why);
        }
        self.sitemap_bytes += sitemap.bytes;
        let found = match sitemap.kind {
            Kind::Index => Found::InIndex { level: level + 1, named },
            Kind::Pages => Found::InSitemap { named },
        };
        self.backlog.add(&url, found, sitemap.entries.into_iter().map(|entry| entry.url).collect());
    }

    /// Judges up to `at_most` of what was found, and returns how much is left of it.
    pub(super) fn work_off(&mut self, at_most: usize) -> usize {
        for _ in 0..at_most {
            let next = self.backlog.next();
            for url in self.backlog.done.drain(..) {
                self.frontier.dealt_with(url, |url| self.standing.became(url));
            }
            let Some((from, found, url)) = next else { break };
            // A route is told apart by what is behind "#", which is nothing else anywhere.
            let mut url = if matches!(found, Found::Route { .. }) { url } else { self.in_one_form(url) };
            if let Some((page, why)) = self.itself(&url) {
                if self.is_new_refusal(&url) {
                    self.report.pass_over(why, Some(&url));
                }
                url = page;
            }
            match self.offer_found(&url, found, &from) {
                Offered::Refused(why) if self.is_new_refusal(&url) => {
                    log::debug!("not followed, as it is {why}: {}", masked(&url));
                    self.report.pass_over(why, Some(&url));
                }
                Offered::Refused(_) | Offered::Queued | Offered::Seen => {}
            }
        }
        self.backlog.left
    }

    /// The page of which the address is another form, and which.
    fn itself(&self, url: &Url) -> Option<(Url, &'static str)> {
        if self.request.leave_out == LeaveOut::Nothing {
            return None;
        }
        let mut itself = self.selection.unprinted(url).map(|page| (page, "to print: the page itself is asked for"));
        let shorter: [(Shorten, &str); 2] = [
            (without_session, "with the number of a visit: the page itself is asked for"),
            (without_tracking, "with where a reader came from: the page itself is asked for"),
        ];
        for (without, why) in shorter {
            let page = itself.as_ref().map_or(url, |(page, _)| page);
            if let Some(page) = without(page) {
                itself = Some((page, itself.map_or(why, |(_, why)| why)));
            }
        }
        itself
    }

    /// In normal form, by the name that its site goes by.
    pub(super) fn in_one_form(&self, url: Url) -> Url {
        let url = normalise(url);
        self.names.better(&url).unwrap_or(url)
    }

    /// The same link stands on every page.
    fn is_new_refusal(&mut self, url: &Url) -> bool {
        self.left_out.len() >= MOST_LEFT_OUT || self.left_out.insert(self.hasher.hash_one(url.as_str()))
    }

    fn offer_found(&mut self, url: &Url, found: Found, from: &Arc<str>) -> Offered {
        if is_full(url) && self.bounds.may_list(url) {
            self.report.find_full(url);
        }
        match found {
            Found::Link { .. } if !self.bounds.contains(url) => Offered::Refused(OUT_OF_SCOPE),
            Found::InSitemap { named } if !self.lists(named, url) => Offered::Refused("in a sitemap, but out of scope"),
            Found::InLlms { named } if !self.lists(named, url) => Offered::Refused("in llms.txt, but out of scope"),
            Found::Link { .. } | Found::InSitemap { .. } | Found::InLlms { .. } if is_binary(url) => Offered::Refused(NO_PAGE),
            _ if self.bounds.is_bad_port(url) => Offered::Refused(BAD_PORT),
            Found::Link { .. } | Found::InSitemap { .. } | Found::InLlms { .. } if let Some(why) = self.selection.refuses(url) => {
                Offered::Refused(why)
            }
            Found::Link { .. } | Found::InSitemap { .. } | Found::InLlms { .. } if self.twins.is_needless(url) => {
                Offered::Refused(IN_MARKDOWN)
            }
            Found::Route { .. } if !self.bounds.contains(url) => Offered::Refused(OUT_OF_SCOPE),
            Found::Route { .. } if let Some(why) = self.selection.refuses(url) => Offered::Refused(why),
            Found::Link { depth } | Found::Route { depth } => self.frontier.offer(url, || Entry::new(url, depth, Role::Page).from(from)),
            Found::InSitemap { named: Named::Seed } => self.frontier.offer_named(url, || Entry::new(url, 0, Role::Page).from(from)),
            Found::InSitemap { .. } | Found::InLlms { .. } => self.frontier.offer(url, || Entry::new(url, 1, Role::Page).from(from)),
            Found::Nearby => {
                self.look_for_llms(url, Place::Near);
                Offered::Seen
            }
            Found::Guess => match self.offer_sitemap(url, 0, Named::Guess, None) {
                Offered::Queued => {
                    self.guesses += 1;
                    Offered::Queued
                }
                // Met already, or there were too many: nobody has asked for it.
                Offered::Seen | Offered::Refused(_) => Offered::Seen,
            },
            Found::End => Offered::Seen,
            Found::InIndex { level, .. } if level > MAX_INDEX_LEVEL => Offered::Refused("a sitemap index within too many others"),
            Found::InIndex { level, named } => self.offer_sitemap(url, level, named, Some(from)),
        }
    }

    /// Whoever names a sitemap wants what it lists; one that was found adds to the links of the crawl.
    fn lists(&self, named: Named, url: &Url) -> bool {
        match named {
            Named::Seed => self.bounds.may_list(url),
            Named::Robots | Named::Guess => self.bounds.contains(url),
        }
    }

    fn offer_sitemap(&mut self, url: &Url, level: u8, named: Named, from: Option<&Arc<str>>) -> Offered {
        match () {
            () if !self.bounds.may_hold_sitemap(url) => Offered::Refused("a sitemap of another site"),
            () if self.bounds.is_bad_port(url) => Offered::Refused(BAD_PORT),
            () if self.sitemaps >= MAX_SITEMAPS => Offered::Refused("a sitemap beyond the 500 that are read in one crawl"),
            () if self.sitemap_bytes >= MAX_SITEMAP_BYTES => Offered::Refused("a sitemap beyond the 256 MiB that are read in one crawl"),
            () => {
                // Behind the pages that are listed already: a sitemap more is of use only when there is room for more pages.
                let depth = u32::from(level > 0 || named == Named::Guess);
                let offered = self.frontier.offer_named(url, || {
                    let entry = Entry::new(url, depth, Role::Sitemap { level, named });
                    if let Some(from) = from { entry.from(from) } else { entry }
                });
                self.sitemaps += usize::from(offered == Offered::Queued);
                offered
            }
        }
    }

    /// A redirect is a link that replaces its page: the target keeps depth and role, and is judged like any URL.
    pub(super) fn moved(&mut self, url: Url, entry: Entry, to: Url, is_known_now: bool) {
        let max_redirects = self.fetcher.config.http.max_redirects;
        let is_back = to == url || entry.via.iter().any(|hop| **hop == *to.as_str());
        let has_news = entry.has_news || is_known_now;
        if entry.is_guess() && (is_back || entry.via.len() >= max_redirects || !self.may_guess(&url, &to)) {
            return self.came_to_no_guess(&url, &entry);
        }
        if is_back && !has_news {
            return self.fail(url, &entry, &Error::RedirectLoop { through: to });
        }
        if entry.via.len() >= max_redirects {
            return self.fail(url, &entry, &Error::TooManyRedirects { limit: max_redirects });
        }
        if wants_login(&url, &to) {
            return self.fail(url, &entry, &Error::Login { to });
        }
        if self.bounds.is_bad_port(&to) {
            return self.skip(url, format!("redirects to {}, which has {BAD_PORT}", masked(&to)));
        }
        if is_back {
            // As somebody whom the site knows now. A site that never has enough of it comes to the limit of redirects.
            let via = entry.via.iter().cloned().chain([entry.url]).collect();
            let again = Entry { url: to.as_str().into(), via, attempts: 0, has_news: false, ..entry };
            self.follow_at_once(&url, &to);
            return self.frontier.put_back(&to, again);
        }
        self.names.learn(&url, &to);
        match entry.role {
            Role::Seed => {
                self.selection.moved(&url, &to);
                self.teach(|| Lesson::Moved { from: url.clone(), to: to.clone() });
                if self.bounds.moved(&url, &to) == Moved::Away {
                    // Said of an address that holds nothing, beside what becomes of the page.
                    self.note_skip(
                        url.clone(),
                        format!("redirects to another site, of which only {} and what is below it is taken", masked(&to)),
                    );
                }
            }
            Role::Page | Role::Restored if !self.bounds.contains(&to) => {
                return self.skip(url, format!("redirects to {}, which is out of scope", masked(&to)));
            }
            Role::Page | Role::Restored if let Some(why) = self.selection.refuses(&to) => {
                return self.skip(url, format!("redirects to {}, which is left out: {why}", masked(&to)));
            }
            Role::Sitemap { .. } if !self.bounds.may_hold_sitemap(&to) => {
                return self.skip(url, format!("redirects to {}, which is a sitemap of another site", masked(&to)));
            }
            Role::Sitemap { .. } | Role::Page | Role::Restored | Role::Llms(_) | Role::Beside => {}
        }
        // Others are nobody whom the site knows.
        if has_news && self.together.is_some() {
            if self.frontier.is_too_long(&to) {
                return self.skip(url, format!("redirects to {}, which is left out: {TOO_LONG}", masked(&to)));
            }
            let mut via = entry.via;
            via.push(entry.url);
            let next = Entry { url: to.as_str().into(), via, attempts: 0, is_allowed: false, has_news, ..entry };
            self.follow_at_once(&url, &to);
            return self.frontier.put_back(&to, next);
        }
        let is_guess = entry.is_guess();
        let offered = self.frontier.offer(&to, || {
            let mut via = entry.via;
            via.push(entry.url);
            Entry { url: to.as_str().into(), via, attempts: 0, is_allowed: false, has_news, ..entry }
        });
        if let Offered::Queued | Offered::Seen = offered {
            let waiting = self.standing.passed_on(&url, &to);
            self.restore(waiting);
        }
        match offered {
            Offered::Queued => self.guesses += u64::from(is_guess),
            Offered::Seen | Offered::Refused(_) if is_guess => {}
            Offered::Seen => self.note_skip(url, format!("redirects to {}, which was met already", masked(&to))),
            Offered::Refused(why) => self.skip(url, format!("redirects to {}, which is left out: {why}", masked(&to))),
        }
    }

    pub(super) fn offer_sitemaps(&mut self, site: &Url, rules: &Rules) {
        if !rules.sitemaps.is_empty() {
            self.naming.insert(origin(site));
        }
        let beyond = rules.sitemaps.len().saturating_sub(MAX_SITEMAPS_OF_ROBOTS);
        (0..beyond).for_each(|_| self.report.pass_over("a sitemap beyond the 100 that are read of one robots.txt", None));
        for location in rules.sitemaps.iter().take(MAX_SITEMAPS_OF_ROBOTS) {
            let Ok(location) = site.join(location) else { continue };
            if matches!(location.scheme(), "http" | "https")
                && let Offered::Refused(why) = self.offer_sitemap(&normalise(location), 0, Named::Robots, None)
            {
                self.report.pass_over(why, None);
            }
        }
    }

    pub(super) fn forbidden(&mut self, url: Url, entry: Entry, forbidden: Forbidden) {
        if entry.is_guess() {
            self.guesses = self.guesses.saturating_sub(1);
            return self.came_to_no_guess(&url, &entry);
        }
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
        // It may be long until then.
        entry.is_allowed = false;
        match error {
            // The whole origin pauses, and with it this entry.
            Error::Status { status: 429 | 503, .. } => self.frontier.put_back(url, entry),
            _ => self.frontier.delay(entry, now + pause),
        }
    }

    pub(super) fn give_up(&mut self, url: &Url, failures: u32) {
        let (beside, left): (Vec<_>, Vec<_>) = self.frontier.take_origin(url).into_iter().partition(|entry| entry.role == Role::Beside);
        // The pages that wait for it may be at another host, and have come.
        beside.iter().for_each(|entry| self.no_answer(&entry.parsed()));
        if let Some(together) = &mut self.together {
            together.given_up.push(origin(url));
            left.iter().for_each(|entry| self.backlog.dealt_with(entry.url.clone()));
        }
        let left = left.len();
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

    pub(super) fn note_skip(&mut self, url: Url, why: String) {
        let skipped = Skipped { url: masked(&url), why };
        self.report.skip(skipped.clone());
        self.ready.push_back(Visit::Skipped(skipped));
    }

    pub(super) fn fail(&mut self, url: Url, entry: &Entry, error: &Error) {
        let waiting = self.standing.came_to_nothing(&url);
        self.restore(waiting);
        let text = match &entry.from {
            Some(page) => {
                format!("{}{LINKED_FROM}{}", error.chain(), Url::parse(page).map_or_else(|_| page.to_string(), |page| masked(&page).into()))
            }
            None => error.chain(),
        };
        self.note_failure(Failed { url: masked(&url), error: text, hint: error.hint(), is_transient: error.is_transient() });
    }

    fn note_failure(&mut self, failed: Failed) {
        self.report.fail(failed.clone());
        self.ready.push_back(Visit::Failed(failed));
    }

    /// A page that yielded to an address for nothing is fetched again, and taken as it is.
    fn restore(&mut self, waiting: Option<(Url, u32)>) {
        if let Some((page, depth)) = waiting {
            self.report.take_back(&masked(&page));
            let entry = Entry::new(&page, depth, Role::Restored);
            self.frontier.put_back(&page, entry);
        }
    }
}

/// Why a page is left out that says what another one says.
pub(super) fn same_as(first: &str) -> String {
    format!("the same content as {}", masked_text(first))
}

/// What was found in one page or sitemap after the other and is still to be judged, in the order in which it was found.
#[derive(Default)]
pub(super) struct Backlog {
    finds: VecDeque<(Arc<str>, Found, vec::IntoIter<Url>)>,
    /// The sum of what is left of these.
    left: usize,
    /// Addresses of which all that was found has been judged.
    done: Vec<Box<str>>,
}

/// How a URL was found.
#[derive(Clone, Copy)]
pub(super) enum Found {
    Link {
        depth: u32,
    },
    /// Behind `#`, of a page that shows all of them.
    Route {
        depth: u32,
    },
    InSitemap {
        named: Named,
    },
    InIndex {
        level: u8,
        named: Named,
    },
    InLlms {
        named: Named,
    },
    /// Where a sitemap often is.
    Guess,
    /// That was all of it.
    End,
    /// The seed, of which an llms.txt is looked for.
    Nearby,
}

/// The address without a part of it; none where it has none of that.
type Shorten = fn(&Url) -> Option<Url>;

impl Backlog {
    pub(super) fn add(&mut self, from: &Url, found: Found, urls: Vec<Url>) {
        self.left += urls.len();
        self.finds.push_back((from.as_str().into(), found, urls.into_iter()));
    }

    /// Behind all that an address led to.
    pub(super) fn dealt_with(&mut self, url: Box<str>) {
        self.finds.push_back((url.into(), Found::End, Vec::new().into_iter()));
    }

    fn next(&mut self) -> Option<(Arc<str>, Found, Url)> {
        loop {
            let (from, found, urls) = self.finds.front_mut()?;
            if let Some(url) = urls.next() {
                self.left -= 1;
                return Some((from.clone(), *found, url));
            }
            if let Some((url, Found::End, _)) = self.finds.pop_front() {
                self.done.push((*url).into());
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left == 0
    }
}

/// The prime of FNV-1a with 64 bits.
const FNV: u64 = 0x0000_0100_0000_01b3;

/// URLs that are remembered as left out: 16 MB.
const MOST_LEFT_OUT: usize = 1_000_000;

/// A page that is there twice is taken in the form that was met first.
const IN_MARKDOWN: &str = "the same page, which is there in markdown as well";

/// Of a seed.
pub(super) const NOT_INCLUDED: &str = "not included: only its links were read";

pub(super) const NOT_INDEXED: &str = "the page asks not to be indexed";

const BAD_PORT: &str = "a port that no web server uses";

/// Sitemaps that are read in one crawl, and the bytes of them: 25,000,000 pages.
const MAX_SITEMAPS: usize = 500;
const MAX_SITEMAP_BYTES: u64 = 256 << 20;

/// URLs with one content whose links are followed.
const MAX_COPIES_FOLLOWED: u8 = 8;

/// Indexes within each other; sitemaps.org knows one.
const MAX_INDEX_LEVEL: u8 = 2;

/// `Sitemap` lines of one robots.txt that are read.
const MAX_SITEMAPS_OF_ROBOTS: usize = 100;
