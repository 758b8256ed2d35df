//! Shells of applications: pages whose text is looked for beside them, in what their site ships for its scripts, and put in its place. What
//! is asked for waits its turn like any request; what nothing is found for is handed out as it is.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use url::{Position, Url};

use crate::crawl::canonical::Templates;
use crate::crawl::error::Error;
use crate::crawl::fetch::rendering::directives_of;
use crate::crawl::fetch::{Answer, Read, content_of, worth_another_try};
use crate::crawl::frontier::{Entry, Role, normalise, origin};
use crate::crawl::plan::{Robots, Sitemaps};
use crate::crawl::robots::Directives;
use crate::crawl::selection::is_login;
use crate::crawl::walk::settle::{Found, NOT_INCLUDED, NOT_INDEXED, same_as};
use crate::crawl::walk::{Crawl, Done};
use crate::extract;
use crate::extract::{Ask, Beside, Index, Outline, Routes, Taken};
use crate::http::masked;
use crate::model::{Page, Validators};

/// Pages that wait for their text, and what is known of where texts are.
#[derive(Default)]
pub(super) struct Shells {
    /// By the address that is asked.
    waiting: HashMap<Box<str>, Vec<(Filling, Ask)>>,
    /// By the address of an answer that is being read for all pages of a site: those that have come to it meanwhile.
    reading: HashMap<Box<str>, Vec<Filling>>,
    /// The texts of all pages of a site, by their address.
    indexes: HashMap<Box<str>, (Index, Validators)>,
    /// Pages that have come, and of which it is not known yet where their text is: they hold a place of `max_pages`.
    filling: u64,
    /// Descriptions that are the whole text of whatever shows them, by their address: no page has a text of its own of them any more.
    whole: HashMap<Box<str>, Box<str>>,
    /// Lists of pages that were read, by their address.
    lists: HashSet<Box<str>>,
    /// What was read for all pages that name it, and holds nothing for any, by its address.
    barren: HashSet<Box<str>>,
    /// By the page that shows all of them.
    routes: HashMap<Box<str>, Arc<Routes>>,
    /// By origin and name of the data: how often in a row it was not there.
    misses: HashMap<(Box<str>, &'static str), u8>,
    /// What pages name as their address, as they are served, and as they are when a browser has filled them in.
    pub(super) served: Templates,
    rendered: Templates,
    /// By origin: how many pages in a row had no links in a browser to what was not met.
    leading_nowhere: HashMap<Box<str>, u8>,
}

/// A page on its way to its text.
pub(super) struct Filling {
    page: Page,
    /// It has next to no words without scripts.
    says_nothing: bool,
    depth: u32,
    role: Role,
    /// The addresses that redirected to it.
    via: Vec<Box<str>>,
    directives: Directives,
    /// What is still to be asked.
    asks: VecDeque<Ask>,
    /// It, or what was found beside it, has links to pages of the crawl.
    leads_on: bool,
    wanted: Wanted,
}

/// What of a page is looked for.
enum Wanted {
    Text,
    /// Its own text is not wanted.
    LinksAlone,
    /// They are told, with those that it has by itself.
    Links(Box<Outline>),
    /// It has a text of its own, and at its site scripts add what else there is.
    More,
    /// Links alone, which its scripts write: its text was found in data.
    Further,
    /// Routes alone, which lists beside it name: it is dealt with.
    Routes,
}

/// An answer that was read for a page.
pub(super) struct Filled {
    filling: Filling,
    ask: Ask,
    taken: Taken,
    validators: Validators,
    /// What the answer asks of whoever reads it.
    said: Directives,
    /// Pages that wait for the same index.
    others: Vec<Filling>,
}

impl Shells {
    /// What is asked for a route of a page that shows all of them.
    pub(super) fn file_of(&self, url: &Url) -> Option<Ask> {
        url.fragment()?;
        let top = &url[..Position::AfterQuery];
        self.routes.get(top)?.ask(url)
    }

    /// Lists of the folder that a route is in, each as long as it was not asked for.
    fn lists_of(&self, url: &Url) -> VecDeque<Ask> {
        let routes = self.routes.get(&url[..Position::AfterQuery]);
        let lists = routes.map(|routes| routes.lists_of(url)).unwrap_or_default();
        lists.into_iter().filter(|ask| !self.lists.contains(ask.url.as_str())).collect()
    }

    /// How many pages are on their way to their text.
    pub(super) fn filling(&self) -> u64 {
        self.filling
    }

    /// And how many addresses they wait for.
    pub(super) fn asked(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// What is at the address has been read, and is kept.
    fn is_known(&self, url: &Url) -> bool {
        self.indexes.contains_key(url.as_str()) || self.whole.contains_key(url.as_str())
    }

    /// What is read of an index, with what is known of it already.
    fn know_index(&mut self, ask: &Ask, index: Option<Index>, validators: &Validators) {
        let Some(index) = index else { return };
        let at = ask.index().as_str();
        // Any other one: it is asked for again where it is wanted again.
        if self.indexes.len() >= MOST_SITES
            && !self.indexes.contains_key(at)
            && let Some(other) = self.indexes.keys().next().cloned()
        {
            self.indexes.remove(&other);
        }
        match self.indexes.get_mut(at) {
            Some((known, _)) => known.join(index),
            None => _ = self.indexes.insert(at.into(), (index, validators.clone())),
        }
    }

    /// Of as many sites as are kept; others are asked at each of their routes.
    fn know(&mut self, routes: Arc<Routes>) {
        if routes.are_in_fragments() && self.routes.len() < MOST_SITES {
            self.routes.insert(routes.top().as_str().into(), routes);
        }
    }

    /// It has been asked for, and what it names is known.
    fn know_list(&mut self, ask: &Ask) {
        if self.lists.len() < MOST_WHOLE {
            self.lists.insert(ask.url.as_str().into());
        }
    }

    /// There is nothing in it, for whoever else names it.
    fn know_barren(&mut self, ask: &Ask) {
        if self.barren.len() < MOST_WHOLE {
            self.barren.insert(ask.url.as_str().into());
        }
    }

    fn is_worth_asking(&self, ask: &Ask) -> bool {
        !self.barren.contains(ask.url.as_str())
            && self.misses.get(&(origin(&ask.url), ask.name())).is_none_or(|misses| *misses < MOST_MISSES)
    }

    fn came(&mut self, ask: &Ask, to_something: bool) {
        let misses = self.misses.entry((origin(&ask.url), ask.name())).or_default();
        *misses = if to_something { 0 } else { misses.saturating_add(1) };
    }
}

impl Crawl {
    /// Looks for the text of a shell. It is handed out when it is known whether there is any.
    pub(super) fn fill(&mut self, page: Page, outline: &Outline, beside: Beside, entry: &Entry) {
        let (depth, role, directives) = (entry.depth, entry.role, directives_of(outline));
        self.is_twin_asked = true;
        let named: Vec<Url> = beside.routes.iter().flat_map(|routes| routes.named()).chain(beside.links).collect();
        let is_named = !named.is_empty();
        self.follow_beside(&page.url, named, depth, directives);
        if let Some(routes) = beside.routes {
            self.shells.know(routes);
        }
        let says_nothing = outline.shell.as_ref().is_none_or(|shell| shell.says_nothing);
        let leads_on = is_named || self.leads_on(&page.url, &outline.links);
        // Where nothing was found for other pages of the site but by a browser, nothing is looked for.
        let is_in_vain =
            self.shells.file_of(&page.url).is_none() && self.fetcher.may_render() && self.fetcher.scripted().needs(&origin(&page.url));
        // Nor is there data of what is not there.
        let asks = if is_in_vain || page.status == 404 { VecDeque::new() } else { beside.asks.into() };
        self.shells.filling += 1;
        let via = entry.via.clone();
        self.ask_beside(Filling { page, says_nothing, depth, role, via, directives, asks, leads_on, wanted: Wanted::Text });
    }

    /// The links of a shell, where nothing else of it is wanted, are what its scripts write.
    pub(super) fn fill_for_links(&mut self, page: Page, outline: Outline, beside: Beside, entry: &Entry) {
        let (depth, role, directives) = (entry.depth, entry.role, directives_of(&outline));
        self.is_twin_asked = true;
        let named = beside.routes.iter().flat_map(|routes| routes.named()).chain(beside.links).collect();
        self.follow_beside(&page.url, named, depth, directives);
        let wanted = if self.linked.is_some() { Wanted::Links(Box::new(outline)) } else { Wanted::LinksAlone };
        self.shells.filling += 1;
        let (via, asks) = (entry.via.clone(), VecDeque::new());
        self.came_to_nothing(Filling { page, says_nothing: true, depth, role, via, directives, asks, leads_on: true, wanted });
    }

    /// A page with a text of its own and an empty place, at a site whose pages a browser fills in.
    pub(super) fn fill_further(&mut self, page: Page, outline: &Outline, entry: &Entry) {
        let (depth, role, directives) = (entry.depth, entry.role, directives_of(outline));
        self.is_twin_asked = true;
        self.shells.filling += 1;
        let (via, asks) = (entry.via.clone(), VecDeque::new());
        self.came_to_nothing(Filling {
            page,
            says_nothing: true,
            depth,
            role,
            via,
            directives,
            asks,
            leads_on: true,
            wanted: Wanted::More,
        });
    }

    fn ask_beside(&mut self, mut filling: Filling) {
        while let Some(mut ask) = filling.asks.pop_front() {
            if !self.may_ask_beside(&ask, &filling.page.url) || ask.is_list() && self.shells.lists.contains(ask.url.as_str()) {
                continue;
            }
            if let Some((index, validators)) = self.shells.indexes.get(ask.index().as_str()) {
                if let Some(page) = extract::looked_up(&filling.page, &ask, validators.clone(), index) {
                    return self.filled(page, filling, &ask, Vec::new());
                }
                let Some(next) = extract::asked_next(&filling.page, &ask, index) else { continue };
                ask = next;
            }
            if let Some(first) = self.shells.whole.get(ask.url.as_str()) {
                let why = same_as(first);
                return self.is_another(&filling.page.url, why);
            }
            if let Some(others) = self.shells.reading.get_mut(ask.url.as_str()) {
                filling.asks.push_front(ask);
                others.push(filling);
                return;
            }
            let waiting = self.shells.waiting.entry(ask.url.as_str().into()).or_default();
            let is_first = waiting.is_empty();
            let url = ask.url.clone();
            waiting.push((filling, ask));
            if is_first {
                // Before all else: a page waits for it.
                self.frontier.put_back(&url, Entry::new(&url, 0, Role::Beside));
            }
            return;
        }
        self.came_to_nothing(filling);
    }

    /// What lies at the page's origin stands for the page; another site is asked only where the crawl would go there.
    fn may_ask_beside(&mut self, ask: &Ask, page: &Url) -> bool {
        let is_within = origin(&ask.url) == origin(page) || self.bounds.contains(&ask.url);
        if !is_within {
            self.report.pass_over(ELSEWHERE, Some(&ask.url));
        }
        is_within && !self.bounds.is_bad_port(&ask.url) && self.shells.is_worth_asking(ask)
    }

    /// What came of the request for an address beside a page.
    pub(super) fn beside(&mut self, url: &Url, entry: Entry, answer: Result<Answer, Error>, given_up: Option<u32>, now: Instant) {
        match answer {
            Ok(Answer::File(file, said)) => self.read_for_all(url, Arc::new(*file), said),
            Ok(Answer::Moved { to, .. }) if self.may_follow(url, &to, &entry) => {
                let waiting = self.shells.waiting.remove(url.as_str()).unwrap_or_default();
                let waiting = waiting.into_iter().map(|(filling, ask)| (filling, ask.moved(to.clone())));
                // It may have come for another page, by another way.
                if self.shells.is_known(&to) || self.shells.reading.contains_key(to.as_str()) {
                    for (mut filling, ask) in waiting {
                        filling.asks.push_front(ask);
                        self.ask_beside(filling);
                    }
                    return;
                }
                let others = self.shells.waiting.entry(to.as_str().into()).or_default();
                let is_first = others.is_empty();
                others.extend(waiting);
                if is_first {
                    let via = entry.via.iter().cloned().chain([entry.url]).collect();
                    self.frontier.put_back(&to, Entry { via, ..Entry::new(&to, 0, Role::Beside) });
                }
            }
            Err(error) if given_up.is_none() && worth_another_try(&error) && entry.attempts < self.fetcher.config.retries => {
                self.try_again(url, entry, &error, now);
            }
            _ => self.no_answer(url),
        }
    }

    fn may_follow(&self, url: &Url, to: &Url, entry: &Entry) -> bool {
        to != url
            && entry.via.len() < self.fetcher.config.http.max_redirects
            && !entry.via.iter().any(|hop| **hop == *to.as_str())
            && (origin(to) == origin(url) || self.bounds.contains(to))
            && !is_login(url, to)
    }

    /// There is nothing at the address, or it may not be asked.
    pub(super) fn no_answer(&mut self, url: &Url) {
        log::debug!("nothing for pages without text at {}", masked(url));
        for (mut filling, ask) in self.shells.waiting.remove(url.as_str()).unwrap_or_default() {
            self.shells.came(&ask, false);
            let Taken { asks, index, .. } = extract::missing(&ask);
            self.shells.know_index(&ask, index, &Validators::default());
            asks.into_iter().rev().for_each(|ask| filling.asks.push_front(ask));
            if ask.is_list() {
                self.shells.know_list(&ask);
            }
            self.ask_beside(filling);
        }
    }

    fn read_for_all(&mut self, url: &Url, file: Arc<Page>, said: Directives) {
        let mut waiting = self.shells.waiting.remove(url.as_str()).unwrap_or_default();
        // The first one reads an index for the others, too, and a description is no other text for them.
        let is_of_all = waiting.first().is_some_and(|(_, ask)| ask.is_of_all() || ask.is_whole() || ask.is_list());
        let others = if is_of_all { waiting.split_off(1) } else { Vec::new() };
        if let Some((_, ask)) = waiting.first().filter(|_| is_of_all) {
            // Somebody may wait already: it was asked for again, by another way.
            self.shells.reading.entry(ask.url.as_str().into()).or_default();
        }
        let mut others: Vec<Filling> = others
            .into_iter()
            .map(|(mut filling, ask)| {
                filling.asks.push_front(ask);
                filling
            })
            .collect();
        for (filling, ask) in waiting {
            let (fetcher, file, others) = (self.fetcher.clone(), file.clone(), std::mem::take(&mut others));
            self.jobs.push(Box::pin(async move {
                let validators = file.validators.clone();
                let taken = fetcher.take(filling.page.clone(), ask.clone(), file).await;
                Done::Read(Box::new(Filled { filling, ask, taken, validators, said, others }))
            }));
        }
    }

    pub(super) fn read_beside(&mut self, Filled { mut filling, ask, taken, validators, said, others }: Filled) {
        let Taken { page, asks, links, index, beyond } = taken;
        self.report.pass_over_all(BEYOND, beyond, &ask.url);
        self.shells.came(&ask, page.is_some() || !asks.is_empty() || !links.is_empty());
        filling.leads_on |= ask.is_list() && !links.is_empty() || self.leads_on(&filling.page.url, &links);
        let page_links = if self.linked.is_some() { links.clone() } else { Vec::new() };
        self.follow_beside(&filling.page.url, links, filling.depth, filling.directives.and(said));
        if ask.is_list() {
            self.shells.know_list(&ask);
        }
        if (ask.is_whole() || ask.is_of_all()) && page.is_none() && asks.is_empty() && index.is_none() {
            self.shells.know_barren(&ask);
        }
        self.shells.know_index(&ask, index, &validators);
        match page {
            // Where the file is the page, what is asked of it is asked of the page.
            Some(_) if ask.is_the_page() && !said.index && self.request.robots == Robots::Obey => {
                let address = filling.page.url;
                self.skip(address.clone(), NOT_INDEXED.to_owned());
                self.is_done(&address);
            }
            Some(page) => self.filled(page, filling, &ask, page_links),
            None => {
                asks.into_iter().rev().for_each(|ask| filling.asks.push_front(ask));
                self.ask_beside(filling);
            }
        }
        let meanwhile = self.shells.reading.remove(ask.url.as_str()).unwrap_or_default();
        others.into_iter().chain(meanwhile).for_each(|filling| self.ask_beside(filling));
    }

    /// Pages that were met in what a site ships, as far as it lets them be followed.
    fn follow_beside(&mut self, page: &Url, links: Vec<Url>, depth: u32, directives: Directives) {
        // Of a seed these are the first that are known.
        if depth == 0 && !links.is_empty() {
            self.learn_bounds(page, &links);
        }
        let may_follow = directives.follow || self.request.robots != Robots::Obey;
        if depth >= self.request.depth || self.request.sitemaps == Sitemaps::Only || !may_follow {
            return;
        }
        let (routes, links): (Vec<Url>, Vec<Url>) = links.into_iter().partition(|link| link.fragment().is_some());
        self.backlog.add(page, Found::Route { depth: depth + 1 }, routes);
        self.backlog.add(page, Found::Link { depth: depth + 1 }, links);
    }

    /// A page at a route.
    pub(super) fn route(&mut self, url: Url, entry: &Entry, Read { page, outline, content, beside, .. }: Read) {
        let directives = directives_of(&outline);
        // One that came out of a browser is what it is.
        if let Some(beside) = beside.filter(|_| page.filled.is_served()) {
            self.is_twin_asked = true;
            let says_nothing = outline.shell.as_ref().is_none_or(|shell| shell.says_nothing);
            // Without a file it is a place in an application, which a browser may show.
            let asks = beside.routes.as_ref().and_then(|routes| routes.ask(&url)).into_iter().collect();
            if let Some(routes) = beside.routes {
                self.shells.know(routes);
            }
            self.shells.filling += 1;
            let (depth, role, via) = (entry.depth, entry.role, entry.via.clone());
            return self.ask_beside(Filling {
                page,
                says_nothing,
                depth,
                role,
                via,
                directives,
                asks,
                leads_on: true,
                wanted: Wanted::Text,
            });
        }
        self.follow_beside(&url, outline.links.clone(), entry.depth, directives);
        let asks = self.shells.lists_of(&url);
        if !asks.is_empty() {
            let of = Page { url: url.clone(), body: Vec::new(), ..page.clone() };
            self.shells.filling += 1;
            let (depth, role, via) = (entry.depth, entry.role, Vec::new());
            self.ask_beside(Filling {
                page: of,
                says_nothing: true,
                depth,
                role,
                via,
                directives,
                asks,
                leads_on: true,
                wanted: Wanted::Routes,
            });
        }
        if !directives.index && self.request.robots == Robots::Obey {
            return self.skip(url, NOT_INDEXED.to_owned());
        }
        if let Some(first) = self.first_with(&page, content) {
            return self.note_skip(url, same_as(&first));
        }
        self.take_in_its_place(page, outline);
    }

    /// `links`: what the text leads to, where that is told.
    fn filled(&mut self, page: Page, filling: Filling, ask: &Ask, links: Vec<Url>) {
        let address = &filling.page.url;
        log::debug!("{} is taken from {}", masked(address), masked(&ask.url));
        let content = content_of(&page);
        let first = self.first_with(&page, content);
        if ask.is_whole() && self.shells.whole.len() < MOST_WHOLE {
            let first = first.as_deref().map_or_else(|| masked(address).as_str().into(), Into::into);
            self.shells.whole.insert(ask.url.as_str().into(), first);
        }
        if let Some(first) = first {
            return self.is_another(address, same_as(&first));
        }
        self.standing.became_page(address);
        self.take_in_its_place(page, Outline { links, ..Outline::default() });
        if !filling.leads_on && ask.is_of_one() && self.may_have_links(&filling.page, filling.depth, filling.directives) {
            // It has its text, and holds no place any more.
            self.shells.filling -= 1;
            return self.came_to_nothing(Filling { wanted: Wanted::Further, ..filling });
        }
        self.learn_bounds(address, &[]);
        self.is_done(address);
    }

    /// Whether any of the links of a page is to another one of the crawl.
    pub(super) fn leads_on(&self, page: &Url, links: &[Url]) -> bool {
        links.iter().any(|link| link[..Position::AfterQuery] != page[..Position::AfterQuery] && self.bounds.contains(link))
    }

    /// The links of a page whose text is in its data, which has none.
    pub(super) fn look_for_links(&mut self, page: Page, outline: &Outline, entry: &Entry) {
        let (depth, role, directives) = (entry.depth, entry.role, directives_of(outline));
        if self.may_have_links(&page, depth, directives) {
            self.is_twin_asked = true;
            let (via, asks, wanted) = (entry.via.clone(), VecDeque::new(), Wanted::Further);
            self.came_to_nothing(Filling { page, says_nothing: false, depth, role, via, directives, asks, leads_on: false, wanted });
        }
    }

    /// Whether a browser is to be asked for links of a page that has its text: as long as those of the site's others had new ones there.
    fn may_have_links(&mut self, page: &Page, depth: u32, directives: Directives) -> bool {
        let may_follow = directives.follow || self.request.robots != Robots::Obey;
        let are_wanted = depth < self.request.depth && self.request.sitemaps != Sitemaps::Only && may_follow && self.linked.is_none();
        if !are_wanted || self.shells.leading_nowhere.get(&origin(&page.url)).is_some_and(|pages| *pages >= MOST_LEADING_NOWHERE) {
            return false;
        }
        if !self.fetcher.may_render() {
            self.report.pass_over(UNWRITTEN, Some(&page.url));
        }
        self.fetcher.may_render()
    }

    /// The links that scripts have written into a page whose text was found in its data.
    fn has_further(&mut self, Filling { page, depth, role, directives, .. }: Filling, rendered: Result<Option<Answer>, Error>) {
        let address = page.url;
        match rendered {
            Ok(Some(Answer::Page(read))) => {
                let Read { outline, .. } = *read;
                if role == Role::Seed {
                    self.learn_of_seed(&address, &outline.links);
                }
                let is_new = outline.links.iter().any(|link| self.bounds.contains(link) && !self.frontier.has_met(link));
                if self.shells.leading_nowhere.len() < MOST_WHOLE {
                    let pages = self.shells.leading_nowhere.entry(origin(&address)).or_default();
                    *pages = if is_new { 0 } else { pages.saturating_add(1) };
                }
                self.follow_beside(&address, outline.links.clone(), depth, directives.and(directives_of(&outline)));
            }
            Ok(Some(_)) => {}
            Ok(None) => self.report.pass_over(UNWRITTEN, Some(&address)),
            Err(error) => {
                log::debug!("the links of {} are not known, as it could not be rendered: {}", masked(&address), error.chain());
                self.report.pass_over(UNWRITTEN, Some(&address));
            }
        }
        self.learn_bounds(&address, &[]);
        self.backlog.dealt_with(address.as_str().into());
    }

    fn is_another(&mut self, address: &Url, why: String) {
        self.standing.became_page(address);
        self.learn_bounds(address, &[]);
        self.note_skip(address.clone(), why);
        self.is_done(address);
    }

    fn is_done(&mut self, address: &Url) {
        self.shells.filling -= 1;
        self.backlog.dealt_with(address.as_str().into());
    }

    fn take_in_its_place(&mut self, page: Page, outline: Outline) {
        if let crate::model::Filled::Shipped(name) = &page.filled {
            self.report.read_shipped(name);
            self.fetcher.scripted().has_data(&origin(&page.url));
        }
        // A link to the file itself is one to the page.
        self.twins.took(&normalise(page.url.clone()), page.validators.twin.as_ref().filter(|_| page.url.fragment().is_some()));
        self.hand_out_as_it_is(page, outline);
    }

    /// Neither the page nor what is beside it has a text: a browser is asked, if there is one.
    fn came_to_nothing(&mut self, filling: Filling) {
        if let Wanted::Routes = filling.wanted {
            self.shells.filling -= 1;
            return;
        }
        let (fetcher, robots) = (self.fetcher.clone(), self.request.robots);
        self.jobs.push(Box::pin(async move {
            let rendered = fetcher.rendered(&filling.page, filling.directives, robots).await;
            Done::Rendered(Box::new(filling), Box::new(rendered))
        }));
    }

    /// What a browser has made of a page.
    pub(super) fn rendered(&mut self, filling: Filling, rendered: Result<Option<Answer>, Error>) {
        if let Wanted::Further = filling.wanted {
            return self.has_further(filling, rendered);
        }
        let (url, depth) = (filling.page.url.clone(), filling.depth);
        let address = url.clone();
        match rendered {
            // It has a text all the same.
            Err(error) if matches!(filling.wanted, Wanted::More) => {
                log::debug!("{} is taken as it is, as it could not be rendered: {}", masked(&url), error.chain());
                return self.hand_out_shell(filling);
            }
            Ok(Some(Answer::Page(read))) => {
                let Read { page, mut outline, content, .. } = *read;
                let obey = self.request.robots == Robots::Obey;
                if filling.role == Role::Seed {
                    self.learn_of_seed(&url, &outline.links);
                }
                self.follow_beside(&url, outline.links.clone(), depth, directives_of(&outline));
                if obey && !outline.robots.index {
                    self.skip(url, NOT_INDEXED.to_owned());
                } else if let Wanted::LinksAlone = filling.wanted {
                    self.skip(url, NOT_INCLUDED.to_owned());
                } else {
                    if let Wanted::Text = filling.wanted {
                        self.fetcher.scripted().was_filled(&origin(&url));
                    }
                    let canonical = outline.canonical.take().map(|canonical| self.in_one_form(canonical));
                    // A place behind "#" is named by no canonical address.
                    let yields = canonical.filter(|_| url.fragment().is_none()).is_some_and(|canonical| {
                        self.shells.rendered.tell_apart(origin(&url), &canonical)
                            && self.yields(&url, (depth, filling.role), &filling.via, &canonical, outline.title.as_deref())
                    });
                    if !yields {
                        self.standing.became_page(&url);
                        match self.first_with(&page, content) {
                            Some(first) => self.note_skip(url, same_as(&first)),
                            // It is the better form itself.
                            None => self.hand_out_as_it_is(page, outline),
                        }
                    }
                }
            }
            Ok(Some(Answer::Moved { to, is_known_now })) if !matches!(filling.wanted, Wanted::More) => {
                self.moved(url.clone(), Entry::new(&url, depth, filling.role), to, is_known_now)
            }
            Ok(_) => return self.hand_out_shell(filling),
            Err(error) => self.fail(url.clone(), &Entry::new(&url, depth, filling.role), &error),
        }
        self.is_done(&address);
    }

    fn hand_out_shell(&mut self, Filling { page, says_nothing, depth, role, wanted, .. }: Filling) {
        let address = page.url.clone();
        if page.status == 404 {
            self.fail(page.url.clone(), &Entry::new(&page.url, depth, role), &Error::Status { status: page.status, retry_after: None });
            return self.is_done(&address);
        }
        match wanted {
            Wanted::Text | Wanted::Routes | Wanted::Further => {}
            Wanted::LinksAlone => {
                self.skip(page.url, format!("{NOT_INCLUDED}, and they may be written by scripts: it needs a browser"));
                return self.is_done(&address);
            }
            Wanted::More => {
                self.standing.became_page(&address);
                match self.first_with(&page, content_of(&page)) {
                    Some(first) => self.note_skip(page.url, same_as(&first)),
                    None => self.hand_out_as_it_is(page, Outline::default()),
                }
                return self.is_done(&address);
            }
            Wanted::Links(outline) => {
                self.standing.became_page(&address);
                self.hand_out(page, *outline);
                return self.is_done(&address);
            }
        }
        self.standing.became_page(&address);
        self.learn_bounds(&address, &[]);
        // Of those that have nothing at all each is told, as each may be another page.
        let first = if says_nothing { None } else { self.first_with(&page, content_of(&page)) };
        match first {
            Some(first) => self.note_skip(page.url, same_as(&first)),
            None => self.hand_out_as_it_is(page, Outline::default()),
        }
        self.is_done(&address);
    }
}

/// In the report's list of what was passed over.
const ELSEWHERE: &str = "the source of a page without text, at another site";

const UNWRITTEN: &str = "of pages read from data: scripts write them, which takes a browser";

const BEYOND: &str = "a page's text in a search index beyond those that are read";

/// Times in a row that data of one name was not there before an origin is asked for it no more.
const MOST_MISSES: u8 = 5;
/// Sites whose index or routes are kept.
const MOST_SITES: usize = 16;
/// Pages in a row whose links a browser had no news of before it is asked no more.
const MOST_LEADING_NOWHERE: u8 = 3;
/// Addresses of descriptions, and of lists, that are remembered.
const MOST_WHOLE: usize = 10_000;
