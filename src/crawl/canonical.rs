//! Which page stands for which: a page yields to its canonical address, unless that comes to nothing. Pure.

use std::collections::{HashMap, HashSet};

use url::Url;

use crate::model::Became;

use super::plan::Bounds;

/// Pages that were left out because another address is said to be theirs.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Canonical address -> the first page that yielded to it, and its depth.
    yielded: HashMap<Box<str>, (Box<str>, u32)>,
    /// Addresses that gave no page: failed, redirected, skipped.
    nothing: HashSet<Box<str>>,
    /// Where others look after that: what became of addresses.
    told: Option<HashMap<Box<str>, Became>>,
}

impl Standing {
    /// From now on it is only told, as pages that yield and those that they yield to may be fetched by others.
    pub(super) fn share(&mut self) {
        self.told.get_or_insert_default();
    }

    /// Nobody waits for it any more.
    pub(super) fn forget(&mut self, canonical: &Url) {
        self.yielded.remove(canonical.as_str());
    }

    /// What became of an address, where that is told: nothing, unless something was said of it.
    pub(super) fn became(&mut self, url: &str) -> Became {
        self.told.as_mut().and_then(|told| told.remove(url)).unwrap_or(Became::Nothing)
    }

    fn tell(&mut self, url: &Url, became: Became) -> bool {
        let Some(told) = &mut self.told else { return false };
        told.insert(url.as_str().into(), became);
        true
    }

    /// Whether `page` is to be left out in favour of `canonical`.
    pub(super) fn yields(&mut self, page: &Url, depth: u32, canonical: &Url) -> bool {
        if self.tell(page, Became::Yields(canonical.as_str().into())) {
            return true;
        }
        if self.nothing.contains(canonical.as_str()) {
            return false;
        }
        self.yielded.entry(canonical.as_str().into()).or_insert_with(|| (page.as_str().into(), depth));
        true
    }

    /// Returns the page that yielded to it.
    pub(super) fn became_page(&mut self, url: &Url) -> Option<Url> {
        if self.tell(url, Became::Page) {
            return None;
        }
        self.yielded.remove(url.as_str()).map(|page| parsed(page).0)
    }

    /// `from` redirects to `to`, or yields to it itself: who yielded to `from` now waits for `to`. Returns that page where this
    /// cannot be, because it is `to` itself or because `to` gave no page.
    pub(super) fn passed_on(&mut self, from: &Url, to: &Url) -> Option<(Url, u32)> {
        if let Some(told) = &mut self.told {
            // One that yields has said so.
            told.entry(from.as_str().into()).or_insert_with(|| Became::Moved(to.as_str().into()));
            return None;
        }
        self.nothing.insert(from.as_str().into());
        let page = self.yielded.remove(from.as_str())?;
        if *page.0 == *to.as_str() || self.nothing.contains(to.as_str()) {
            return Some(parsed(page));
        }
        self.yielded.entry(to.as_str().into()).or_insert(page);
        None
    }

    /// Returns the page that yielded to `url` for nothing, and is to be had after all, with its depth.
    pub(super) fn came_to_nothing(&mut self, url: &Url) -> Option<(Url, u32)> {
        if self.tell(url, Became::Nothing) {
            return None;
        }
        self.nothing.insert(url.as_str().into());
        self.yielded.remove(url.as_str()).map(parsed)
    }
}

fn parsed((page, depth): (Box<str>, u32)) -> (Url, u32) {
    (Url::parse(&page).expect("the text of a parsed URL is a URL"), depth)
}

/// The canonical address where it can be believed: another page of the crawl, and not the front page, which careless templates
/// name on every page.
pub(super) fn credible<'a>(page: &Url, canonical: Option<&'a Url>, bounds: &Bounds) -> Option<&'a Url> {
    canonical.filter(|canonical| {
        let front = canonical.path() == "/" && canonical.query().is_none();
        let is_front = matches!(page.path(), "/" | "/index.html" | "/index.htm" | "/index.php");
        *canonical != page && bounds.contains(canonical) && (!front || is_front)
    })
}

/// Canonical addresses of pages that scripts fill in. All of them may be served from one template, or written by one script, which names one
/// address for every page: it is that of a page only where pages of the site name different ones.
#[derive(Debug, Default)]
pub(super) struct Templates {
    /// By origin: the address that was named first, until another one is named.
    named: HashMap<Box<str>, Option<Box<str>>>,
}

impl Templates {
    /// A page of this origin names this address. Whether its pages are told apart so.
    pub(super) fn tell_apart(&mut self, origin: Box<str>, canonical: &Url) -> bool {
        if self.named.len() >= MOST_TEMPLATES && !self.named.contains_key(&origin) {
            return false;
        }
        let first = self.named.entry(origin).or_insert_with(|| Some(canonical.as_str().into()));
        if first.as_deref().is_some_and(|first| first != canonical.as_str()) {
            *first = None;
        }
        first.is_none()
    }
}

const MOST_TEMPLATES: usize = 1_000;

/// Canonical addresses that pages of other names say are theirs: old names of one page are a few. Where more say so the address is one that a
/// template has for all of its pages, and belongs to none of them.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// The first pages that named an address; none of those that are known to be a template's.
    by_canonical: HashMap<Box<str>, Option<Vec<Claimant>>>,
}

/// A page, its depth, and by what it is told from other ones.
type Claimant = (Box<str>, u32, Box<str>);

/// Whether a page is believed that names an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Believed,
    /// It is a template's. Those that were believed before are to be had after all.
    Refused(Vec<(Url, u32)>),
}

impl Claims {
    /// What a page is called is asked where its address does not tell: a start page with a query may be any page of its site.
    pub(super) fn judge(&mut self, page: &Url, depth: u32, canonical: &Url, title: Option<&str>) -> Claim {
        let own = name_of(page);
        let is_asked = is_start(page) && is_start(canonical) && page.query().is_some();
        let name: Box<str> = match title {
            Some(title) if is_asked => title.into(),
            // The same page with a query, in another version, language or folder.
            _ if is_asked || page.path() == canonical.path() || !own.is_empty() && own == name_of(canonical) => return Claim::Believed,
            _ => page.as_str().into(),
        };
        // Those told apart by their titles for themselves.
        let claimed: Box<str> = if is_asked { format!("{canonical}?").into() } else { canonical.as_str().into() };
        if self.by_canonical.len() >= MOST_CLAIMED && !self.by_canonical.contains_key(&claimed) {
            return Claim::Believed;
        }
        let known = self.by_canonical.entry(claimed).or_insert_with(|| Some(Vec::new()));
        let Some(pages) = known else { return Claim::Refused(Vec::new()) };
        if pages.iter().any(|(.., known)| *known == name) {
            return Claim::Believed;
        }
        if pages.len() < MOST_NAMES {
            pages.push((page.as_str().into(), depth, name));
            return Claim::Believed;
        }
        let believed = known.take().unwrap_or_default();
        Claim::Refused(believed.into_iter().map(|(page, depth, _)| parsed((page, depth))).collect())
    }
}

/// Whether it is where a site starts, by its path.
fn is_start(url: &Url) -> bool {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    last.is_empty() || matches!(last.rsplit_once('.'), Some(("index" | "default" | "main", form)) if FORMS.contains(&form))
}

/// The last part of a path, without what says in which form it is.
fn name_of(url: &Url) -> String {
    let path = url.path().trim_end_matches('/');
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let last = name(path);
    let (stem, _) = last.rsplit_once('.').filter(|(_, form)| FORMS.contains(form)).unwrap_or((&*last, ""));
    match (stem, path.rsplit_once('/')) {
        ("index", Some((folder, _))) => name(folder),
        _ => stem.to_owned(),
    }
}

const FORMS: [&str; 7] = ["html", "htm", "xhtml", "php", "asp", "aspx", "jsp"];
/// Other names of one page.
const MOST_NAMES: usize = 3;
const MOST_CLAIMED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::plan::Scope;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_page_yields_unless_its_canonical_address_comes_to_nothing() {
        let (page, canonical) = (url("http://a.test/x?print=1"), url("http://a.test/x"));
        let mut standing = Standing::default();
        assert!(standing.yields(&page, 3, &canonical));
        assert_eq!(standing.came_to_nothing(&canonical), Some((page.clone(), 3)));
        assert_eq!(standing.came_to_nothing(&canonical), None);
        assert!(!standing.yields(&page, 3, &canonical));
    }

    #[test]
    fn a_page_that_yielded_to_a_good_one_stays_out() {
        let (page, canonical) = (url("http://a.test/x?print=1"), url("http://a.test/x"));
        let mut standing = Standing::default();
        assert!(standing.yields(&page, 3, &canonical));
        assert_eq!(standing.became_page(&canonical), Some(page));
        assert_eq!(standing.came_to_nothing(&canonical), None);
    }

    #[test]
    fn a_redirected_canonical_address_passes_the_duty_on() {
        let (page, canonical, target) = (url("http://a.test/x?print=1"), url("http://a.test/x"), url("http://a.test/y"));
        let mut standing = Standing::default();
        assert!(standing.yields(&page, 3, &canonical));
        assert_eq!(standing.passed_on(&canonical, &target), None);
        assert_eq!(standing.came_to_nothing(&target), Some((page, 3)));
    }

    #[test]
    fn a_page_does_not_wait_for_itself() {
        let (page, canonical) = (url("http://a.test/x"), url("http://a.test/y"));
        let mut standing = Standing::default();
        assert!(standing.yields(&page, 3, &canonical));
        assert_eq!(standing.passed_on(&canonical, &page), Some((page, 3)));
    }

    #[test]
    fn an_address_that_every_page_names_is_none_of_them() {
        let mut templates = Templates::default();
        let mut named = |origin: &str, canonical: &str| templates.tell_apart(origin.into(), &url(canonical));
        assert!(!(0..9).any(|_| named("a", "http://a.test/start")), "one address is named by all");
        assert!(!named("b", "http://b.test/x") && named("b", "http://b.test/y") && named("b", "http://b.test/x"));
        assert!(!named("a", "http://a.test/start"), "another site says nothing of this one");
        (0..2 * MOST_TEMPLATES).for_each(|number| _ = named(&number.to_string(), "http://a.test/x"));
        assert_eq!(templates.named.len(), MOST_TEMPLATES);
    }

    #[test]
    fn an_address_that_pages_of_many_names_say_is_theirs_belongs_to_none_of_them() {
        let mut claims = Claims::default();
        let mut claim = |page: &str, canonical: &str| claims.judge(&url(page), 2, &url(canonical), Some("Pots"));
        // Forms of one page are any number.
        for number in 0..9 {
            assert_eq!(claim(&format!("http://a.test/v{number}/pots.html?x"), "http://a.test/latest/Pots/"), Claim::Believed);
            assert_eq!(claim(&format!("http://a.test/list?page={number}"), "http://a.test/list"), Claim::Believed);
            assert_eq!(claim(&format!("http://a.test/{number}/pots/index.html"), "http://a.test/pots"), Claim::Believed);
        }
        let named = ["a", "b", "a", "c"].map(|name| claim(&format!("http://a.test/{name}"), "http://a.test/start/"));
        assert!(named.iter().all(|claim| *claim == Claim::Believed), "{named:?}");
        let restored = ["a", "b", "c"].map(|name| (url(&format!("http://a.test/{name}")), 2)).to_vec();
        assert_eq!(claim("http://a.test/d", "http://a.test/start/"), Claim::Refused(restored));
        assert_eq!(claim("http://a.test/e", "http://a.test/start/"), Claim::Refused(Vec::new()));
        assert_eq!(claim("http://a.test/start/?x", "http://a.test/start/"), Claim::Believed, "it is its own");
    }

    #[test]
    fn start_pages_with_a_query_are_told_apart_by_what_they_are_called() {
        let mut claims = Claims::default();
        let mut claim = |page: &str, canonical: &str, title| claims.judge(&url(page), 2, &url(canonical), title);
        for (canonical, start) in
            [("http://a.test/shop/index.php", "http://a.test/shop/index.php"), ("http://a.test/", "http://a.test/index.php")]
        {
            for number in 0..9 {
                let (sorted, unnamed) = (format!("{start}?sort={number}"), format!("{start}?x={number}"));
                assert_eq!(claim(&sorted, canonical, Some("Pots")), Claim::Believed, "it is called the same each time");
                assert_eq!(claim(&unnamed, canonical, None), Claim::Believed, "nothing tells them apart");
            }
            let page = |number: usize| format!("{start}?p={number}");
            for (number, title) in ["Glazes", "Kilns"].into_iter().enumerate() {
                assert_eq!(claim(&page(number), canonical, Some(title)), Claim::Believed);
            }
            let restored = vec![(url(&format!("{start}?sort=0")), 2), (url(&page(0)), 2), (url(&page(1)), 2)];
            assert_eq!(claim(&page(2), canonical, Some("Clays")), Claim::Refused(restored));
            assert_eq!(claim(&page(3), canonical, Some("Wheels")), Claim::Refused(Vec::new()));
        }
        // A list that is no start: a shop says which of its many orders is the one.
        for number in 0..9 {
            assert_eq!(claim(&format!("http://a.test/pots?colour={number}"), "http://a.test/pots", Some("Red")), Claim::Believed);
        }
    }

    #[test]
    fn careless_and_foreign_addresses_are_not_believed() {
        let bounds = Bounds::new(Scope::Host, &[url("http://a.test/")]);
        let believed = |page: &str, canonical: &str| credible(&url(page), Some(&url(canonical)), &bounds).is_some();
        assert!(believed("http://a.test/x?y", "http://a.test/x"));
        assert!(believed("http://a.test/index.html", "http://a.test/"));
        assert!(!believed("http://a.test/x", "http://a.test/"));
        assert!(!believed("http://a.test/x", "http://b.test/x"));
        assert!(!believed("http://a.test/x", "http://a.test/x"));
    }
}
