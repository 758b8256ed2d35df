//! What a site offers to programs: its `llms.txt`, and its pages in markdown. Where they are, and which belong together. Pure.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use url::Url;

use crate::extract;
use crate::extract::Kind;
use crate::model::{Page, Validators};

use super::frontier::origin;
use super::names::bare;

/// Where an llms.txt is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Beside the seed.
    Near,
    /// At the top of the site.
    Top,
    /// The `llms-full.txt` beside one that was found: whether it is there.
    Full,
}

/// Where the llms.txt of a page is.
pub(super) fn llms_txt(page: &Url, place: Place) -> Option<Url> {
    let at = match place {
        Place::Near => "llms.txt",
        Place::Top => "/llms.txt",
        Place::Full => "llms-full.txt",
    };
    let mut url = page.join(at).ok()?;
    url.set_query(None);
    Some(url)
}

/// Whether it is an llms.txt, by its name.
pub(super) fn is_llms(url: &Url) -> bool {
    url.path().ends_with("/llms.txt") || is_full(url)
}

/// Whether all of a site stands there in one text.
pub(super) fn is_full(url: &Url) -> bool {
    url.path().ends_with("/llms-full.txt")
}

/// The pages that a file of JSON may be for programs: `/x`, `/x/` and `/x.html` of `/x.json`. Descriptions of interfaces are none: they
/// say more than the page that shows them.
pub(super) fn pages_of_data(url: &Url) -> Vec<Url> {
    let name = url.path().rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    if ["openapi", "swagger", "asyncapi", "schema", "api"].iter().any(|word| name.contains(word)) {
        return Vec::new();
    }
    let Some(path) = url.path().strip_suffix(".json").filter(|path| url.query().is_none() && !path.ends_with('/')) else {
        return Vec::new();
    };
    let folder = path.strip_suffix("index").filter(|path| path.ends_with('/'));
    let paths = [Some(path.to_owned()), Some(format!("{path}/")), Some(format!("{path}.html")), folder.map(str::to_owned)];
    let at = |path: String| {
        let mut page = url.clone();
        page.set_path(&path);
        page
    };
    paths.into_iter().flatten().map(at).collect()
}

/// Pages that were met as HTML and as markdown.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// Hashes of addresses that are said to be pages in markdown.
    listed: HashSet<u64>,
    /// Hashes of addresses that are the markdown of a page that was taken.
    used: HashSet<u64>,
    /// Hashes of the names of pages that were taken as HTML, and as markdown that is listed.
    html: HashSet<u64>,
    markdown: HashSet<u64>,
    /// Twins in a row that came to nothing, until one came to something.
    failures: u8,
    /// Origins whose answers depend on what is asked for: how often in a row markdown was asked for and did not come.
    varying: HashMap<Box<str>, u8>,
    hasher: RandomState,
}

impl Twins {
    /// An llms.txt has this link.
    pub(super) fn list(&mut self, link: &Url) {
        if is_markdown(link) && self.listed.len() < MOST {
            self.listed.insert(self.hasher.hash_one(link.as_str()));
        }
    }

    fn is_listed(&self, url: &Url) -> bool {
        is_markdown(url) && self.listed.contains(&self.hasher.hash_one(url.as_str()))
    }

    /// The page at `url` was handed out, and says that `twin` is the same in markdown.
    pub(super) fn took(&mut self, url: &Url, twin: Option<&Url>) {
        let name = self.hasher.hash_one(name(url));
        let taken = if self.is_listed(url) { &mut self.markdown } else { &mut self.html };
        if url.query().is_none() && taken.len() < MOST {
            taken.insert(name);
        }
        if let Some(twin) = twin.filter(|twin| *twin != url && self.used.len() < MOST) {
            self.used.insert(self.hasher.hash_one(twin.as_str()));
        }
    }

    /// Whether the page was taken already in its other form. Of two addresses that are alike but for `.md` that is known only where an
    /// llms.txt has the one with it.
    pub(super) fn has(&self, url: &Url) -> bool {
        let name = || self.hasher.hash_one(name(url));
        match url.query() {
            Some(_) => false,
            None if self.is_listed(url) => self.html.contains(&name()),
            None => !self.markdown.is_empty() && self.markdown.contains(&name()),
        }
    }

    /// Whether it is the markdown of a page that was taken, or of one that is taken as HTML: then it need not even be asked for.
    pub(super) fn is_needless(&self, url: &Url) -> bool {
        !self.used.is_empty() && self.used.contains(&self.hasher.hash_one(url.as_str())) || self.is_listed(url) && self.has(url)
    }

    /// Whether twins are still asked for: many a template names some that are not there.
    pub(super) fn are_worth_asking(&self) -> bool {
        self.failures < MOST_FAILURES
    }

    /// Whether a page that says that it depends on what is asked for is asked for in markdown: few sites mean that by it, and the first pages tell.
    pub(super) fn may_be_at(&self, page: &Url) -> bool {
        self.varying.len() < MOST_ORIGINS && self.varying.get(&origin(page)).is_none_or(|refused| *refused < MOST_REFUSALS)
    }

    pub(super) fn answered(&mut self, page: &Url, in_markdown: bool) {
        let refused = self.varying.entry(origin(page)).or_default();
        *refused = if in_markdown { 0 } else { refused.saturating_add(1) };
    }

    pub(super) fn came(&mut self, to_something: bool) {
        self.failures = if to_something { 0 } else { self.failures.saturating_add(1) };
    }
}

/// The page in its better form, under its own address; none where the twin is empty or is no markdown. Its validators are those of the
/// twin, which a refresh asks for.
pub(super) fn in_markdown(page: &Page, twin: &Page) -> Option<Page> {
    let kind = extract::kind(twin.content_type.as_deref(), &twin.url, &twin.body);
    let start = twin.body.trim_ascii_start().get(..HEAD).unwrap_or(&twin.body).to_ascii_lowercase();
    let is_html = [&b"<!doctype"[..], b"<html", b"<head"].iter().any(|tag| start.starts_with(tag));
    if is_html || !matches!(kind, Kind::Markdown | Kind::Text) || twin.body.trim_ascii().len() < LEAST {
        return None;
    }
    let charset = twin.content_type.as_deref().and_then(|kind| kind.split_once(';')).map_or("", |(_, parameters)| parameters.trim());
    let content_type = if charset.is_empty() { "text/markdown".to_owned() } else { format!("text/markdown; {charset}") };
    Some(Page {
        url: page.url.clone(),
        status: page.status,
        content_type: Some(content_type),
        body: twin.body.clone(),
        depth: page.depth,
        validators: Validators { twin: Some(twin.url.clone()), ..twin.validators.clone() },
        fetched_at: twin.fetched_at,
        filled: twin.filled.clone(),
    })
}

pub(super) fn is_markdown(url: &Url) -> bool {
    url.path().ends_with(".md")
}

/// What the addresses of a page have in common: `/x`, `/x/`, `/x.html`, `/x/index.html`, and each with `.md` behind it.
fn name(url: &Url) -> (String, Option<u16>) {
    let path = url.path();
    let path = path.strip_suffix(".md").unwrap_or(path);
    let path = path.strip_suffix(".html").or_else(|| path.strip_suffix(".htm")).unwrap_or(path);
    let path = path.strip_suffix("/index").unwrap_or(path).trim_end_matches('/');
    (format!("{}{path}", url.host_str().map(bare).unwrap_or_default()), url.port())
}

/// Addresses that are remembered of each kind: 16 MB.
const MOST: usize = 1_000_000;

/// Twins that come to nothing before no more are asked for.
const MOST_FAILURES: u8 = 5;

/// Pages in a row that did not come in markdown before an origin is asked for it no more, and origins of which that is known.
const MOST_REFUSALS: u8 = 2;
const MOST_ORIGINS: usize = 10_000;

/// Bytes that tell a document of HTML.
const HEAD: usize = 16;

/// Bytes of a page in markdown: of fewer the HTML has more to say.
const LEAST: usize = 32;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::model::Filled;

    fn url(text: &str) -> Url {
        Url::parse("http://a.test").unwrap().join(text).unwrap()
    }

    fn page(address: &str, content_type: &str, body: &str) -> Page {
        Page {
            url: url(address),
            status: 200,
            content_type: Some(content_type.to_owned()),
            body: body.into(),
            depth: 1,
            validators: Validators { etag: Some(format!("\"{address}\"")), last_modified: None, twin: None },
            fetched_at: SystemTime::UNIX_EPOCH,
            filled: Filled::default(),
        }
    }

    #[test]
    fn data_is_of_the_pages_that_are_named_as_it_is() {
        let pages = |data: &str| pages_of_data(&url(data)).iter().map(|page| page.path().to_owned()).collect::<Vec<_>>();
        assert_eq!(pages("/a/x.json"), ["/a/x", "/a/x/", "/a/x.html"]);
        assert_eq!(pages("/a/index.json"), ["/a/index", "/a/index/", "/a/index.html", "/a/"]);
        for other in ["/x", "/x.json?y", "/x.json/", "/.json", "/x.jsonl", "/v1/openapi.json", "/Swagger.v2.json"] {
            assert_eq!(pages(other), [] as [&str; 0], "{other}");
        }
    }

    #[test]
    fn an_llms_txt_lies_beside_the_seed_or_at_the_top() {
        let at = |seed: &str, place| llms_txt(&url(seed), place).unwrap().path().to_owned();
        assert_eq!(at("/docs/start.html?x", Place::Near), "/docs/llms.txt");
        assert_eq!(at("/docs/start.html?x", Place::Top), "/llms.txt");
        assert_eq!(at("/docs/llms.txt", Place::Full), "/docs/llms-full.txt");
        assert_eq!(llms_txt(&url("/?x"), Place::Near), llms_txt(&url("/"), Place::Top));
        assert!(is_full(&url("/docs/llms-full.txt")) && !is_full(&url("/docs/llms.txt")) && !is_full(&url("/not-llms-full.txt")));
    }

    #[test]
    fn pages_that_are_one_are_known_where_an_llms_txt_names_them() {
        for (html, markdown) in [
            ("/x", "/x.md"),
            ("/x/", "/x.md"),
            ("/x.html", "/x.html.md"),
            ("/x.html", "/x.md"),
            ("/x/", "/x/index.md"),
            ("/x/index.html", "/x/index.html.md"),
            ("/", "/index.md"),
            ("http://www.a.test/x", "http://a.test/x.md"),
        ] {
            let (html, markdown) = (url(html), url(markdown));
            let mut twins = Twins::default();
            twins.took(&html, None);
            assert!(!twins.has(&markdown), "nobody has named it");
            twins.list(&markdown);
            assert!(twins.has(&markdown) && twins.is_needless(&markdown), "{html} {markdown}");
            let mut twins = Twins::default();
            twins.list(&markdown);
            twins.took(&markdown, None);
            assert!(twins.has(&html), "{html} {markdown}");
            assert!(!twins.is_needless(&html), "its links are read");
            for other in ["/y", "/x?a", "/x.txt", "http://b.test/x", "http://a.test:81/x"] {
                assert!(!twins.has(&url(other)), "{other}");
            }
        }
    }

    #[test]
    fn what_a_page_names_as_itself_in_markdown_is_not_asked_for_again() {
        let mut twins = Twins::default();
        assert!(!twins.is_needless(&url("/raw/7")));
        twins.took(&url("/x"), Some(&url("/raw/7")));
        twins.took(&url("/y"), Some(&url("/y")));
        assert!(twins.is_needless(&url("/raw/7")) && !twins.is_needless(&url("/y")));
    }

    #[test]
    fn twins_that_are_never_there_are_asked_for_no_more() {
        let mut twins = Twins::default();
        for _ in 0..MOST_FAILURES {
            assert!(twins.are_worth_asking());
            twins.came(false);
        }
        assert!(!twins.are_worth_asking());
        twins.came(true);
        assert!(twins.are_worth_asking());
    }

    #[test]
    fn a_twin_that_is_empty_or_no_markdown_is_not_taken() {
        let html = page("/x", "text/html", "<p>x");
        let text = "# Herons\n\nThey wade in shallow water and wait.\n";
        let taken = |content_type: &str, body: &str| in_markdown(&html, &page("/x.md", content_type, body));
        for content_type in ["text/markdown", "text/plain; charset=iso-8859-1", "application/octet-stream"] {
            let page = taken(content_type, text).unwrap_or_else(|| panic!("{content_type}"));
            assert_eq!((page.url.path(), &*page.body, page.depth), ("/x", text.as_bytes(), 1));
            assert_eq!(page.validators.etag.as_deref(), Some("\"/x.md\""), "what a refresh asks for is the twin");
            assert_eq!(page.validators.twin, Some(url("/x.md")));
            assert_eq!(extract::kind(page.content_type.as_deref(), &page.url, &page.body), Kind::Markdown);
        }
        assert_eq!(taken("text/plain; charset=iso-8859-1", text).unwrap().content_type.unwrap(), "text/markdown; charset=iso-8859-1");
        for (content_type, body) in [
            ("text/markdown", " \n"),
            ("text/markdown", "# X\n"),
            ("text/html", "<!doctype html><h1>Not found</h1><p>There is nothing at this address.</p>"),
            ("text/markdown", "<!doctype html><html><body><h1>Not found</h1><p>There is nothing here.</p>"),
            ("application/pdf", "%PDF-1.7 and so on and on and on and on"),
        ] {
            assert!(taken(content_type, body).is_none(), "{content_type} {body}");
        }
    }
}
