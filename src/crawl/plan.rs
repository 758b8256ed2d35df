//! What a crawl is asked to do, and which URLs that takes in. Pure: parsed at the door, trusted after.

use url::{Host, Url};

use super::error::Error;
use super::frontier::normalise;

/// A crawl as asked for. The defaults are those of [`CrawlRequest::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrawlRequest {
    /// Where it starts: pages, sitemaps or llms.txt files.
    pub seeds: Vec<Url>,
    /// Which links are followed. Default: [`Scope::Prefix`].
    pub scope: Scope,
    /// Links followed from a seed at most; 0 fetches the seeds (and what a sitemap among them lists). Default: 3.
    pub depth: u32,
    /// Pages handed out at most, kept exactly: what fails or is skipped does not count. Default: 500.
    pub max_pages: u64,
    /// Requests in flight at most. Default: 10.
    pub concurrency: usize,
    /// Requests in flight to one origin at most; none: as many as `concurrency`. Where robots.txt sets a `Crawl-delay` it is one.
    /// Default: none.
    pub per_host: Option<usize>,
    /// Default: [`Robots::Obey`].
    pub robots: Robots,
    /// Default: [`Sitemaps::Ignore`].
    pub sitemaps: Sitemaps,
}

/// Which URLs belong to a crawl. `http` and `https` are the same site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The folder of the seed: `https://a.test/docs/start` takes in all below `https://a.test/docs/`.
    #[default]
    Prefix,
    /// The host and port of the seed.
    Host,
    /// The registrable domain of the seed with all its hosts, after the public suffix list: `docs.python.org` takes in `python.org`.
    Domain,
}

impl std::str::FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        match text {
            "prefix" => Ok(Self::Prefix),
            "host" => Ok(Self::Host),
            "domain" => Ok(Self::Domain),
            _ => Err(UnknownScope),
        }
    }
}

/// A scope is `prefix`, `host` or `domain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope, it is one of: prefix, host, domain")]
pub struct UnknownScope;

/// What robots.txt, `<meta name=robots>`, `X-Robots-Tag` and `rel=nofollow` of a whole page are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Robots {
    /// RFC 9309, `Crawl-delay`, noindex and nofollow are kept.
    #[default]
    Obey,
    /// For sites of one's own.
    Ignore,
}

/// What the `Sitemap` lines of robots.txt are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sitemaps {
    /// Only links are followed.
    #[default]
    Ignore,
    /// The pages they list, as far as they are in scope, are fetched as if they were seeds. Needs [`Robots::Obey`].
    Follow,
}

impl CrawlRequest {
    /// Default settings.
    pub fn new(seeds: Vec<Url>) -> Self {
        Self {
            seeds,
            scope: Scope::default(),
            depth: 3,
            max_pages: 500,
            concurrency: 10,
            per_host: None,
            robots: Robots::default(),
            sitemaps: Sitemaps::default(),
        }
    }

    /// Seeds as users write them, default settings.
    ///
    /// ```
    /// use smolcrawl::crawl::{CrawlRequest, Scope};
    ///
    /// let request = CrawlRequest::parse(&["https://docs.rs/smol/"])?.scope(Scope::Host).depth(2).max_pages(100);
    /// assert_eq!(request.concurrency, 10);
    ///
    /// let error = CrawlRequest::parse(&["docs.rs/smol"]).unwrap_err();
    /// assert_eq!(error.hint().unwrap(), "did you mean https://docs.rs/smol?");
    /// # Ok::<(), smolcrawl::crawl::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSeed`], [`Error::NotAUrl`] and [`Error::Scheme`], for the first seed that is wrong.
    pub fn parse(seeds: &[impl AsRef<str>]) -> Result<Self, Error> {
        let seeds: Vec<Url> = seeds.iter().map(|seed| parse_url(seed.as_ref())).collect::<Result<_, _>>()?;
        if seeds.is_empty() { Err(Error::NoSeed) } else { Ok(Self::new(seeds)) }
    }

    #[must_use]
    pub fn scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    #[must_use]
    pub fn depth(self, depth: u32) -> Self {
        Self { depth, ..self }
    }

    #[must_use]
    pub fn max_pages(self, max_pages: u64) -> Self {
        Self { max_pages, ..self }
    }

    /// At least 1.
    #[must_use]
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency: concurrency.max(1), ..self }
    }

    /// At least 1.
    #[must_use]
    pub fn per_host(self, per_host: usize) -> Self {
        Self { per_host: Some(per_host.max(1)), ..self }
    }

    #[must_use]
    pub fn robots(self, robots: Robots) -> Self {
        Self { robots, ..self }
    }

    #[must_use]
    pub fn sitemaps(self, sitemaps: Sitemaps) -> Self {
        Self { sitemaps, ..self }
    }
}

/// An http or https URL as users write it, in the form a crawl compares: see [`normalise`].
///
/// # Errors
/// [`Error::NotAUrl`] and [`Error::Scheme`].
pub fn parse_url(text: &str) -> Result<Url, Error> {
    let text = text.trim();
    let url = Url::parse(text).map_err(|source| Error::NotAUrl { text: text.to_owned(), source })?;
    match url.scheme() {
        "http" | "https" => Ok(normalise(url)),
        // "localhost:8000/x" is a URL with the scheme "localhost", but nobody means that.
        _ if text[url.scheme().len() + 1..].starts_with(|first: char| first.is_ascii_digit()) => {
            Err(Error::NotAUrl { text: text.to_owned(), source: url::ParseError::RelativeUrlWithoutBase })
        }
        scheme => Err(Error::Scheme { text: text.to_owned(), scheme: scheme.to_owned() }),
    }
}

/// The area that a crawl stays in: one root per seed.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    scope: Scope,
    roots: Vec<Root>,
}

#[derive(Clone, Debug)]
struct Root {
    host: String,
    /// Only where it is not the scheme's own, so that http and https are one site.
    port: Option<u16>,
    /// With a slash at its end.
    folder: String,
    /// None for addresses and for hosts that are a public suffix themselves.
    domain: Option<String>,
}

impl Bounds {
    pub(super) fn new(scope: Scope, seeds: &[Url]) -> Self {
        Self { scope, roots: seeds.iter().filter_map(Root::of).collect() }
    }

    /// A seed that was redirected takes its area along; the old one holds no page, as it only redirects.
    pub(super) fn moved(&mut self, from: &Url, to: &Url) {
        let (Some(from), Some(to)) = (Root::of(from), Root::of(to)) else { return };
        match self.roots.iter_mut().find(|root| root.host == from.host && root.port == from.port && root.folder == from.folder) {
            Some(root) => *root = to,
            None => self.roots.push(to),
        }
    }

    pub(super) fn contains(&self, url: &Url) -> bool {
        self.roots.iter().any(|root| match self.scope {
            Scope::Prefix => root.is_host_of(url) && url.path().starts_with(&root.folder),
            Scope::Host => root.is_host_of(url),
            Scope::Domain => root.is_domain_of(url),
        })
    }

    /// Whether a sitemap may list this page: its folder is where the sitemap lies, which says nothing about the pages.
    pub(super) fn may_list(&self, url: &Url) -> bool {
        self.roots.iter().any(|root| root.is_host_of(url) || self.scope == Scope::Domain && root.is_domain_of(url))
    }
}

impl Root {
    fn of(seed: &Url) -> Option<Self> {
        let folder = seed.path().rfind('/').map_or("/", |slash| &seed.path()[..=slash]);
        Some(Self { host: seed.host_str()?.to_owned(), port: seed.port(), folder: folder.to_owned(), domain: domain(seed) })
    }

    fn is_host_of(&self, url: &Url) -> bool {
        url.port() == self.port && url.host_str() == Some(&self.host)
    }

    fn is_domain_of(&self, url: &Url) -> bool {
        match &self.domain {
            Some(mine) => domain(url).is_some_and(|domain| domain == *mine),
            None => self.is_host_of(url),
        }
    }
}

/// The registrable domain, as in `python.org`.
fn domain(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => psl::domain_str(name.trim_end_matches('.')).map(str::to_owned),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// Whether the name of the last segment tells that there is no text to read: then it is not even asked for.
pub(super) fn is_binary(url: &Url) -> bool {
    let name = url.path().rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 8 => {
            BINARY_EXTENSIONS.binary_search(&extension.to_ascii_lowercase().as_str()).is_ok()
        }
        _ => false,
    }
}

/// Sorted. No `xml`, `json`, `txt` or `md`: these may be pages, and their content type tells.
const BINARY_EXTENSIONS: &[&str] = &[
    "7z", "aac", "apk", "avi", "avif", "bin", "bmp", "bz2", "class", "crate", "css", "deb", "dll", "dmg", "doc", "docx", "eot", "epub",
    "exe", "flac", "flv", "gif", "gz", "ico", "img", "inv", "iso", "jar", "jpeg", "jpg", "js", "m4a", "m4v", "map", "mid", "mjs", "mkv",
    "mobi", "mov", "mp3", "mp4", "mpeg", "mpg", "msi", "odp", "ods", "odt", "ogg", "ogv", "otf", "pdf", "pkg", "png", "ppt", "pptx", "ps",
    "psd", "rar", "rpm", "so", "svg", "swf", "tar", "tgz", "tif", "tiff", "ttf", "war", "wasm", "wav", "webm", "webp", "whl", "wma", "wmv",
    "woff", "woff2", "xls", "xlsx", "xz", "zip", "zst",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn bounds(scope: Scope, seed: &str) -> Bounds {
        Bounds::new(scope, &[url(seed)])
    }

    #[test]
    fn seeds_are_parsed_at_the_door() {
        let request = CrawlRequest::parse(&[" https://A.test:443/x#part "]).unwrap();
        assert_eq!(request.seeds, [url("https://a.test/x")]);
        assert!(matches!(CrawlRequest::parse(&[] as &[&str]), Err(Error::NoSeed)));
    }

    #[test]
    fn a_wrong_seed_says_what_was_probably_meant() {
        let error = |seed: &str| CrawlRequest::parse(&[seed]).unwrap_err();
        let told = |seed: &str| (error(seed).to_string(), error(seed).hint().unwrap());
        assert_eq!(told("docs.rs"), ("not a URL: \"docs.rs\"".into(), "did you mean https://docs.rs?".into()));
        assert_eq!(told("localhost:8000/x").1, "did you mean http://localhost:8000/x?");
        assert_eq!(told("127.0.0.1:80").1, "did you mean http://127.0.0.1:80?");
        assert_eq!(told("//docs.rs/x").1, "did you mean https://docs.rs/x?");
        assert_eq!(told("ftp://a.test/"), ("unsupported scheme \"ftp\" in \"ftp://a.test/\"".into(), "only http and https are crawled".into()));
        assert_eq!(told("mailto:a@b.test").1, "only http and https are crawled");
        for nonsense in ["", "a b c", "https://", "http://:80", "https://a b/"] {
            assert_eq!(told(nonsense).1, "a URL begins with https:// or http://, then the host", "{nonsense}");
        }
    }

    #[test]
    fn a_prefix_is_the_folder_of_the_seed() {
        let bounds = bounds(Scope::Prefix, "https://a.test/docs/start.html");
        for inside in ["https://a.test/docs/", "https://a.test/docs/x/y?z=1", "http://a.test/docs/start.html"] {
            assert!(bounds.contains(&url(inside)), "{inside}");
        }
        for outside in ["https://a.test/", "https://a.test/docs", "https://a.test/docs2/", "https://a.test:8443/docs/", "https://b.test/docs/"] {
            assert!(!bounds.contains(&url(outside)), "{outside}");
        }
    }

    #[test]
    fn a_host_has_a_port() {
        let bounds = bounds(Scope::Host, "http://a.test:8080/docs/");
        assert!(bounds.contains(&url("http://a.test:8080/x")));
        assert!(!bounds.contains(&url("http://a.test/x")) && !bounds.contains(&url("http://www.a.test:8080/x")));
    }

    #[test]
    fn a_domain_ends_at_the_public_suffix() {
        let python = bounds(Scope::Domain, "https://docs.python.org/3/");
        assert!(python.contains(&url("https://python.org/")) && python.contains(&url("https://a.b.python.org:444/")));
        assert!(!python.contains(&url("https://pypi.org/")));
        let uk = bounds(Scope::Domain, "https://a.example.co.uk/");
        assert!(uk.contains(&url("https://example.co.uk/")) && !uk.contains(&url("https://other.co.uk/")));
        let pages = bounds(Scope::Domain, "https://me.github.io/");
        assert!(!pages.contains(&url("https://you.github.io/")));
        let address = bounds(Scope::Domain, "http://127.0.0.1:8080/");
        assert!(address.contains(&url("http://127.0.0.1:8080/x")) && !address.contains(&url("http://10.0.0.1:8080/x")));
    }

    #[test]
    fn a_redirected_seed_takes_the_scope_along() {
        let mut bounds = bounds(Scope::Prefix, "http://a.test/docs");
        assert!(bounds.contains(&url("http://a.test/other")));
        bounds.moved(&url("http://a.test/docs"), &url("https://www.a.test/docs/"));
        assert!(bounds.contains(&url("https://www.a.test/docs/x")) && !bounds.contains(&url("http://a.test/docs/x")));
    }

    #[test]
    fn binaries_are_known_by_their_extension() {
        assert!(BINARY_EXTENSIONS.is_sorted());
        for binary in ["/a.png", "/a.TAR.GZ", "/x/a.woff2?v=3", "/objects.inv"] {
            assert!(is_binary(&url("https://a.test").join(binary).unwrap()), "{binary}");
        }
        for page in ["/", "/a", "/a.html", "/v1.2/", "/png", "/.zip", "/a?f=x.zip", "/feed.xml", "/a.md", "/3.14"] {
            assert!(!is_binary(&url("https://a.test").join(page).unwrap()), "{page}");
        }
    }
}
