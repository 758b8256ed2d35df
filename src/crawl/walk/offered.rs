//! What a site offers to programs, found unasked: its llms.txt, and pages in markdown in the place of their HTML.

use url::Url;

use crate::crawl::error::Error;
use crate::crawl::fetch::{Answer, Wanted, content_of};
use crate::crawl::frontier::{Entry, Named, Offered, Role, origin};
use crate::crawl::plan::Sitemaps;
use crate::crawl::polite::Verdict;
use crate::crawl::selection::{LeaveOut, is_login};
use crate::crawl::twins::{Place, in_markdown, is_llms, llms_txt};
use crate::crawl::walk::settle::{Found, same_as};
use crate::crawl::walk::{Crawl, Done, Visit, ended};
use crate::extract;
use crate::extract::{Kind, Outline};
use crate::http::masked;
use crate::model::{Page, Validators};

impl Crawl {
    /// Looks for an llms.txt as of this page. At most two requests an origin are made for what nobody has named.
    pub(super) fn look_for_llms(&mut self, page: &Url, place: Place) {
        let Some(url) = llms_txt(page, place) else { return };
        let guesses = self.llms_guesses.entry(origin(&url)).or_default();
        if *guesses >= MOST_GUESSES || !self.bounds.may_hold_sitemap(&url) || self.bounds.is_bad_port(&url) {
            return;
        }
        // Behind the links, which are what was asked for.
        if self.frontier.offer_named(&url, || Entry::new(&url, 1, Role::Llms(place))) == Offered::Queued {
            *guesses += 1;
            self.guesses += 1;
        }
    }

    /// What came of it.
    pub(super) fn llms(&mut self, url: &Url, place: Place, answer: Result<Answer, Error>) {
        match answer {
            Ok(Answer::There) => self.report.find_full(url),
            // What answers every address with a page of HTML has none.
            Ok(Answer::Page(read)) if place != Place::Full && is_text(&read.page) && !read.outline.links.is_empty() => {
                self.report.read_llms(url);
                self.list(&read.outline.links);
                self.backlog.add(url, Found::InLlms { named: Named::Guess }, read.outline.links);
                self.look_for_llms(url, Place::Full);
            }
            _ => self.came_to_no_guess(url, &Entry::new(url, 1, Role::Llms(place))),
        }
    }

    /// That is no news, as nobody has asked for it.
    pub(super) fn came_to_no_guess(&mut self, url: &Url, entry: &Entry) {
        log::debug!("nothing for programs at {}", masked(url));
        if entry.role == Role::Llms(Place::Near) {
            self.look_for_llms(url, Place::Top);
        }
    }

    /// Whether what is looked for may be there, too.
    pub(super) fn may_guess(&self, url: &Url, to: &Url) -> bool {
        let is_text = !is_llms(url) || to.path().ends_with(".txt");
        is_text && self.bounds.may_hold_sitemap(to) && !self.bounds.is_bad_port(to) && !is_login(url, to)
    }

    /// Pages in markdown are named there.
    pub(super) fn list(&mut self, links: &[Url]) {
        if self.request.leave_out == LeaveOut::Usual {
            links.iter().for_each(|link| self.twins.list(link));
        }
    }

    /// Hands a page out, once it is known whether there is a better form of it.
    pub(super) fn hand_out(&mut self, page: Page, outline: Outline) {
        if self.linked.is_some() {
            // Its links are what is wanted, not a better form of it.
            return self.hand_out_as_it_is(page, outline);
        }
        let twin = outline.markdown.clone().map(|twin| self.in_one_form(twin));
        if self.request.leave_out == LeaveOut::Usual {
            self.twins.took(&page.url, twin.as_ref());
        }
        match twin.filter(|twin| self.may_ask_for(twin, &page.url)) {
            Some(twin) if self.fetcher.spend() => self.ask_for_twin(page, twin),
            _ => self.hand_out_as_it_is(page, outline),
        }
    }

    pub(super) fn hand_out_as_it_is(&mut self, page: Page, outline: Outline) {
        if let Some(linked) = &mut self.linked {
            linked.push_back(outline);
        }
        self.report.pages += 1;
        self.ready.push_back(Visit::Page(page));
    }

    /// Only at once and where it costs nobody anything: what has to wait is not worth it, as there is the page itself.
    fn may_ask_for(&mut self, twin: &Url, page: &Url) -> bool {
        self.request.sitemaps != Sitemaps::Ignore
            && (if twin == page { self.twins.may_be_at(page) } else { self.twins.are_worth_asking() })
            && self.bounds.contains(twin)
            && !self.bounds.is_bad_port(twin)
            && matches!(self.polite.verdict(twin, &mut false, self.fetcher.handle.now()), Verdict::Go)
    }

    /// Takes the place of the request for the page itself.
    fn ask_for_twin(&mut self, page: Page, twin: Url) {
        self.polite.started(&twin, self.fetcher.handle.now());
        self.in_flight += 1;
        self.is_twin_asked = true;
        let (fetcher, robots) = (self.fetcher.clone(), self.request.robots);
        self.jobs.push(Box::pin(async move {
            fetcher.wait_for_turn(&twin, robots).await;
            let answer = fetcher.ask(&twin, page.depth, Wanted::Markdown, &Validators::default()).await;
            Done::Twin(Box::new(page), twin, Box::new(answer))
        }));
    }

    pub(super) fn twin(&mut self, page: Page, twin: &Url, answer: &Result<Answer, Error>) {
        self.in_flight -= 1;
        // It is not what the site is given up for: its pages tell whether they can be had.
        self.polite.ended(twin, self.fetcher.handle.now(), ended(answer));
        self.frontier.release(twin);
        let is_same_address = page.url == *twin;
        let better = match answer {
            Ok(Answer::Page(read)) => in_markdown(&page, &read.page).map(|better| (better, read)),
            _ => None,
        };
        match is_same_address {
            true => self.twins.answered(twin, better.is_some()),
            false => self.twins.came(better.is_some()),
        }
        let Some((better, read)) = better else {
            log::debug!("no markdown at {}", masked(twin));
            return self.hand_out_as_it_is(page, Outline::default());
        };
        // It may have been met under its own address before.
        let is_there = page.url.origin() == twin.origin();
        // Else it is that of another host.
        let content = if is_there { read.content } else { content_of(&better) };
        if let Some(first) = self.first_with(&better, content) {
            return self.note_skip(page.url, same_as(&first));
        }
        self.report.in_markdown += 1;
        self.hand_out_as_it_is(better, Outline::default());
    }
}

fn is_text(page: &Page) -> bool {
    matches!(extract::kind(page.content_type.as_deref(), &page.url, &page.body), Kind::Markdown | Kind::Text)
}

/// Requests to one origin for files that nobody has named, beside its robots.txt and sitemap.
const MOST_GUESSES: u8 = 2;
