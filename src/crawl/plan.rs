//! What a crawl is asked to do, and which URLs that takes in. Pure: parsed at the door, trusted after.

use std::time::Duration;

use url::{Host, Url};

use crate::http;

use super::credentials::Credentials;
use super::error::Error;
use super::frontier::normalise;
use super::names::bare;
use super::selection::{LeaveOut, Pattern};

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
    /// Requests at most, whatever they are for and whatever comes of them: robots.txt, sitemaps, redirects, retries, pages that fail or
    /// ask not to be indexed. None: 20 for each of `max_pages`, and 100 more. Default: none.
    pub max_requests: Option<u64>,
    /// Bytes of answers at most, as decoded, looked at before each request: those in flight may go beyond it. None: 1 MiB for each of
    /// `max_pages`, and 256 MiB more. Default: none.
    pub max_bytes: Option<u64>,
    /// From the first poll on; then requests in flight are cancelled. Default: none, which is no limit.
    pub max_time: Option<Duration>,
    /// Requests in flight at most. Default: 10.
    pub concurrency: usize,
    /// Requests in flight to one origin at most; none: as many as `concurrency`. Where robots.txt sets a `Crawl-delay` it is one.
    /// Default: none.
    pub per_host: Option<usize>,
    /// Default: [`Robots::Obey`].
    pub robots: Robots,
    /// Default: [`Sitemaps::Ignore`].
    pub sitemaps: Sitemaps,
    /// Pages that one of these takes, and the links of the seeds, are all that is fetched. None: all that is in scope. Default: none.
    pub include: Vec<Pattern>,
    /// What one of these takes is left out, whatever includes it; a seed is not. Default: none.
    pub exclude: Vec<Pattern>,
    /// Default: [`LeaveOut::Usual`].
    pub leave_out: LeaveOut,
    /// The language of the pages that are wanted, as a tag (BCP 47) of which the first part counts: other translations are left out. None:
    /// that of the seed, as far as its address has one. Default: none.
    pub language: Option<String>,
    /// None: as the crawler's [`Config`](super::Config) has it. Default: none.
    pub render: Option<Render>,
    /// Origins for whose pages a browser was found to be needed, as a crawl before this one has told ([`Crawl::scripted`](super::Crawl::scripted)):
    /// there what has a text beside an empty place for an application is rendered as well, and no data is looked for. Default: none.
    pub scripted: Vec<String>,
    /// What is shown to sites in this crawl, beside that of the crawler's [`Config`](super::Config): user and password of a seed, as it was
    /// [parsed](CrawlRequest::parse). They are in no recipe. Default: none.
    pub credentials: Credentials,
}

/// Which URLs belong to a crawl. `http` and `https` are the same site, and so are a host and the same host with `www.` before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The folder of the seed: `https://a.test/docs/` and `https://a.test/docs/start.html` take in all below `https://a.test/docs/`.
    ///
    /// Without a slash or an extension at its end a name may be a folder or a page. `https://a.test/docs` is a folder. Deeper down,
    /// `https://a.test/docs/start` is one if the page has links to what is below it, else a page of the folder `https://a.test/docs/`.
    #[default]
    Prefix,
    /// The host and port of the seed.
    Host,
    /// The registrable domain of the seed with all its hosts, after the public suffix list: `docs.python.org` takes in `python.org`.
    Domain,
}

impl Scope {
    /// As it is parsed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Host => "host",
            Self::Domain => "domain",
        }
    }
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

/// What robots.txt, `<meta name=robots>` and `X-Robots-Tag` are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Robots {
    /// RFC 9309, `Crawl-delay`, noindex and nofollow are kept.
    #[default]
    Obey,
    /// For sites of one's own.
    Ignore,
}

/// What sitemaps are worth that no seed is: those that robots.txt names or, where it names none, `/sitemap.xml` of the seed's host.
/// The same holds for what else a site offers to programs: its llms.txt, and pages in the markdown that they name as themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sitemaps {
    /// Only links are followed.
    #[default]
    Ignore,
    /// The pages they list, as far as they are in scope, are fetched as if the seed had links to them; none at a depth of 0.
    Follow,
    /// The same, and no link is followed.
    Only,
}

impl Sitemaps {
    /// As it is parsed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "never",
            Self::Follow => "auto",
            Self::Only => "only",
        }
    }
}

impl std::str::FromStr for Sitemaps {
    type Err = UnknownSitemaps;

    /// As on the command line: `never`, `auto`, `only`.
    fn from_str(text: &str) -> Result<Self, UnknownSitemaps> {
        match text {
            "never" => Ok(Self::Ignore),
            "auto" => Ok(Self::Follow),
            "only" => Ok(Self::Only),
            _ => Err(UnknownSitemaps),
        }
    }
}

/// Sitemaps are looked for `auto`, `only` or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown use of sitemaps, it is one of: auto, only, never")]
pub struct UnknownSitemaps;

/// Which pages a browser fills in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Render {
    /// None: no script is run.
    Never,
    /// Those that are next to empty without their scripts, if there is a browser.
    #[default]
    Auto,
    /// All.
    Always,
}

impl Render {
    /// As it is parsed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Auto => "auto",
            Self::Always => "always",
        }
    }
}

impl std::str::FromStr for Render {
    type Err = UnknownRender;

    fn from_str(text: &str) -> Result<Self, UnknownRender> {
        match text {
            "never" => Ok(Self::Never),
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            _ => Err(UnknownRender),
        }
    }
}

/// Pages are rendered `never`, `auto` or `always`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown use of a browser, it is one of: never, auto, always")]
pub struct UnknownRender;

impl CrawlRequest {
    /// Default settings.
    pub fn new(seeds: Vec<Url>) -> Self {
        Self {
            seeds,
            scope: Scope::default(),
            depth: 3,
            max_pages: 500,
            max_requests: None,
            max_bytes: None,
            max_time: None,
            concurrency: 10,
            per_host: None,
            robots: Robots::default(),
            sitemaps: Sitemaps::default(),
            include: Vec::new(),
            exclude: Vec::new(),
            leave_out: LeaveOut::default(),
            language: None,
            render: None,
            scripted: Vec::new(),
            credentials: Credentials::default(),
        }
    }

    /// Seeds as users write them, default settings. A user and a password in one are shown to its origin alone, and are in the seed no more.
    ///
    /// ```
    /// use smolcrawl::crawl::{CrawlRequest, Scope};
    ///
    /// let request = CrawlRequest::parse(&["https://docs.rs/smol/"])?.scope(Scope::Host).depth(2).max_pages(100);
    /// assert_eq!(request.concurrency, 10);
    ///
    /// assert_eq!(CrawlRequest::parse(&["docs.rs/smol"])?.seeds[0].as_str(), "https://docs.rs/smol");
    /// let error = CrawlRequest::parse(&["http//docs.rs/smol"]).unwrap_err();
    /// assert_eq!(error.hint().unwrap(), "did you mean http://docs.rs/smol?");
    /// # Ok::<(), smolcrawl::crawl::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSeed`], [`Error::NotAUrl`] and [`Error::Scheme`], for the first seed that is wrong, and [`Error::Header`] for a user that
    /// cannot be shown.
    pub fn parse(seeds: &[impl AsRef<str>]) -> Result<Self, Error> {
        let mut request = Self::new(Vec::with_capacity(seeds.len()));
        for seed in seeds {
            let url = parse_whole(seed.as_ref())?;
            request.credentials.of_url(&url)?;
            request.seeds.push(normalise(url));
        }
        if request.seeds.is_empty() { Err(Error::NoSeed) } else { Ok(request) }
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

    #[must_use]
    pub fn max_requests(self, max_requests: u64) -> Self {
        Self { max_requests: Some(max_requests), ..self }
    }

    #[must_use]
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes: Some(max_bytes), ..self }
    }

    #[must_use]
    pub fn max_time(self, max_time: Duration) -> Self {
        Self { max_time: Some(max_time), ..self }
    }

    /// Whether sitemaps are looked for.
    pub(super) fn uses_sitemaps(&self) -> bool {
        match self.sitemaps {
            Sitemaps::Ignore => false,
            Sitemaps::Follow => self.depth > 0,
            Sitemaps::Only => true,
        }
    }

    /// What `max_requests` comes to.
    pub fn requests_allowed(&self) -> u64 {
        self.max_requests.unwrap_or_else(|| self.max_pages.saturating_mul(REQUESTS_A_PAGE).saturating_add(REQUESTS_BESIDES))
    }

    /// What `max_bytes` comes to.
    pub fn bytes_allowed(&self) -> u64 {
        self.max_bytes.unwrap_or_else(|| self.max_pages.saturating_mul(BYTES_A_PAGE).saturating_add(BYTES_BESIDES))
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

    /// One pattern more.
    #[must_use]
    pub fn include(mut self, pattern: Pattern) -> Self {
        self.include.push(pattern);
        self
    }

    /// One pattern more.
    #[must_use]
    pub fn exclude(mut self, pattern: Pattern) -> Self {
        self.exclude.push(pattern);
        self
    }

    #[must_use]
    pub fn leave_out(self, leave_out: LeaveOut) -> Self {
        Self { leave_out, ..self }
    }

    #[must_use]
    pub fn render(self, render: Render) -> Self {
        Self { render: Some(render), ..self }
    }

    #[must_use]
    pub fn language(self, language: impl Into<String>) -> Self {
        Self { language: Some(language.into()), ..self }
    }
}

/// An http or https URL as users write it, in the form a crawl compares: see [`normalise`].
///
/// # Errors
/// [`Error::NotAUrl`] and [`Error::Scheme`].
pub fn parse_url(text: &str) -> Result<Url, Error> {
    parse_whole(text).map(normalise)
}

/// With user and password.
fn parse_whole(text: &str) -> Result<Url, Error> {
    let text = text.trim();
    if let Some(url) = by_its_host(text) {
        return Ok(url);
    }
    let url = Url::parse(text).map_err(|source| Error::NotAUrl { text: text.to_owned(), source })?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        // "localhost:8000/x" is a URL with the scheme "localhost", but nobody means that.
        _ if text[url.scheme().len() + 1..].starts_with(|first: char| first.is_ascii_digit()) => {
            Err(Error::NotAUrl { text: text.to_owned(), source: url::ParseError::RelativeUrlWithoutBase })
        }
        scheme => Err(Error::Scheme { text: text.to_owned(), scheme: scheme.to_owned() }),
    }
}

/// The address that begins with the name of a host, as people write it: `https://` is what they mean, and `http://` on this machine and
/// where the host is an address. A name is one below a suffix that is known, or has a port: `README.md.bak` and `index.html` are names of
/// files.
fn by_its_host(text: &str) -> Option<Url> {
    let (authority, _) = text.split_at(text.find(['/', '?', '#', '\\']).unwrap_or(text.len()));
    if authority.is_empty() || authority.starts_with('.') || authority.contains(|c: char| c.is_whitespace() || c == '@') {
        return None;
    }
    let port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (host, has_port) = match authority.rsplit_once(':') {
        Some((host, number)) if port(number) => (host, true),
        _ => (authority, false),
    };
    let url = Url::parse(&format!("https://{text}")).ok()?;
    let is_ours = match url.host()? {
        // "1.2" is an address for browsers, and the number of a version for people.
        Host::Ipv4(address) if host == address.to_string() => true,
        Host::Ipv6(_) => true,
        Host::Ipv4(_) => return None,
        Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => true,
        Host::Domain(_) if has_port => false,
        Host::Domain(name) if psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known()) && name.contains('.') => false,
        Host::Domain(_) => return None,
    };
    // Not by `set_scheme`, which would keep the port that is usual for the other one.
    if is_ours { Url::parse(&format!("http://{text}")).ok() } else { Some(url) }
}

/// The area that a crawl stays in: one root per seed.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    scope: Scope,
    roots: Vec<Root>,
}

#[derive(Clone, Debug)]
struct Root {
    /// Of the seed itself.
    path: String,
    host: String,
    /// Only where it is not the scheme's own, so that http and https are one site.
    port: Option<u16>,
    folder: Folder,
    /// None for addresses and for hosts that are a public suffix themselves.
    domain: Option<String>,
    /// The seed was redirected from another site: nobody asked for more of this one than the page and what is below it.
    is_foreign: bool,
}

/// What "below the seed" is, as a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Folder {
    /// With a slash at its end.
    Below(String),
    /// This and what is below it; without a slash at its end.
    From(String),
    /// As `From`, unless the page turns out to have nothing below it.
    Perhaps(String),
}

/// Where a redirect took a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Within its site: the area went along.
    Along,
    /// To another site, of which only the page and what is below it belong to the crawl.
    Away,
}

impl Bounds {
    pub(super) fn new(scope: Scope, seeds: &[Url]) -> Self {
        Self { scope, roots: seeds.iter().filter_map(Root::of).collect() }
    }

    /// A seed that was redirected within its site takes its area along; the old one holds no page, as it only redirects.
    pub(super) fn moved(&mut self, from: &Url, to: &Url) -> Moved {
        let Some(mut new) = Root::of(to) else { return Moved::Along };
        let Some(from) = Root::of(from) else { return Moved::Along };
        let Some(old) = self.roots.iter().position(|root| root.is_at(&from)) else {
            self.roots.push(new);
            return Moved::Along;
        };
        let is_home = |root: &Root| !root.is_foreign && (root.is_host_of(to) || root.domain.is_some() && root.domain == new.domain);
        if is_home(&self.roots[old]) || self.roots[old].is_foreign && self.roots.iter().any(is_home) {
            self.roots[old] = new;
            return Moved::Along;
        }
        new.is_foreign = true;
        // Of a front page that would be the whole site.
        if to.path() == "/" || !to.path().ends_with('/') {
            new.folder = Folder::From(to.path().to_owned());
        }
        match self.roots[old].is_foreign {
            true => self.roots[old] = new,
            // The site's own pages stay in bounds: a sitemap that lies elsewhere lists them.
            false => self.roots.push(new),
        }
        Moved::Away
    }

    /// The page of a seed was read and has these links: now it is known whether it is a folder; none where it was, or it is no seed.
    pub(super) fn read(&mut self, seed: &Url, links: &[Url]) -> Option<bool> {
        let at = Root::of(seed)?;
        let mut is_folder = None;
        for root in self.roots.iter_mut().filter(|root| root.is_at(&at)) {
            if let Folder::Perhaps(path) = &root.folder {
                let has_something_below = links.iter().any(|link| {
                    link.host_str().map(bare) == Some(bare(&root.host))
                        && link.path().strip_prefix(&**path).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
                });
                is_folder = Some(has_something_below);
                root.settle(has_something_below);
            }
        }
        is_folder
    }

    /// The same, as another has read it.
    pub(super) fn told(&mut self, seed: &Url, is_folder: bool) {
        let Some(at) = Root::of(seed) else { return };
        self.roots.iter_mut().filter(|root| root.is_at(&at)).for_each(|root| root.settle(is_folder));
    }

    pub(super) fn contains(&self, url: &Url) -> bool {
        self.roots.iter().any(|root| match self.scope {
            _ if root.is_foreign => root.is_origin_of(url) && root.folder.contains(url.path()),
            Scope::Prefix => root.is_host_of(url) && root.folder.contains(url.path()),
            Scope::Host => root.is_host_of(url),
            Scope::Domain => root.is_domain_of(url),
        })
    }

    /// Whether a sitemap may list this page: its folder is where the sitemap lies, which says nothing about the pages.
    pub(super) fn may_list(&self, url: &Url) -> bool {
        self.own().any(|root| root.is_host_of(url) || self.scope == Scope::Domain && root.is_domain_of(url))
    }

    /// Whether a sitemap may lie there: on a seed's own host, or on its registrable domain, whatever the scope of pages is.
    pub(super) fn may_hold_sitemap(&self, url: &Url) -> bool {
        self.own().any(|root| root.is_host_of(url) || root.is_domain_of(url))
    }

    /// Whether the port is one that no web server uses, and no seed has named.
    pub(super) fn is_bad_port(&self, url: &Url) -> bool {
        url.port().is_some_and(http::is_bad_port) && !self.own().any(|root| root.is_host_of(url))
    }

    fn own(&self) -> impl Iterator<Item = &Root> {
        self.roots.iter().filter(|root| !root.is_foreign)
    }
}

impl Root {
    fn of(seed: &Url) -> Option<Self> {
        let (host, domain) = (seed.host_str()?.to_owned(), domain(seed));
        let path = seed.path().to_owned();
        Some(Self { folder: Folder::of(&path), path, host, port: seed.port(), domain, is_foreign: false })
    }

    /// What may be a folder is one, or is a page.
    fn settle(&mut self, is_folder: bool) {
        if let Folder::Perhaps(path) = &self.folder {
            self.folder = if is_folder { Folder::From(path.clone()) } else { Folder::Below(parent(path).to_owned()) };
        }
    }

    fn is_at(&self, other: &Self) -> bool {
        (&self.host, self.port, &self.path) == (&other.host, other.port, &other.path)
    }

    /// The host, with `www.` or without.
    fn is_host_of(&self, url: &Url) -> bool {
        url.port() == self.port && url.host_str().map(bare) == Some(bare(&self.host))
    }

    /// The host as it is written.
    fn is_origin_of(&self, url: &Url) -> bool {
        url.port() == self.port && url.host_str() == Some(&self.host)
    }

    fn is_domain_of(&self, url: &Url) -> bool {
        match &self.domain {
            Some(mine) => domain(url).is_some_and(|domain| domain == *mine),
            None => self.is_host_of(url),
        }
    }
}

impl Folder {
    fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default();
        match parent(path) {
            folder if name.is_empty() || has_extension(name) => Self::Below(folder.to_owned()),
            "/" => Self::From(path.to_owned()),
            _ => Self::Perhaps(path.to_owned()),
        }
    }

    fn contains(&self, path: &str) -> bool {
        match self {
            Self::Below(folder) => path.starts_with(folder),
            Self::From(top) | Self::Perhaps(top) => path.strip_prefix(&**top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

/// With a slash at its end.
fn parent(path: &str) -> &str {
    path.rfind('/').map_or("/", |slash| &path[..=slash])
}

/// As files have, and versions ("v1.2", "3.x") have not.
fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (2..=8).contains(&extension.len())
            && extension.starts_with(|first: char| first.is_ascii_alphabetic())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
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

/// For links that fail, redirect, or lead to what is no page: of real sites a third of the requests at most come to nothing.
const REQUESTS_A_PAGE: u64 = 20;
const REQUESTS_BESIDES: u64 = 100;

/// Ten times what a page of documentation has.
const BYTES_A_PAGE: u64 = 1 << 20;
const BYTES_BESIDES: u64 = 256 << 20;

/// Sorted. No `xml`, `json`, `txt` or `md`: these may be pages, and their content type tells.
const BINARY_EXTENSIONS: &[&str] = &[
    "7z", "aac", "apk", "avi", "avif", "bin", "bmp", "bz2", "class", "crate", "css", "deb", "dll", "dmg", "doc", "docx", "eot", "epub",
    "exe", "flac", "flv", "gif", "gz", "ico", "img", "inv", "iso", "jar", "jpeg", "jpg", "js", "m4a", "m4v", "map", "mid", "mjs", "mkv",
    "mobi", "mov", "mp3", "mp4", "mpeg", "mpg", "msi", "odp", "ods", "odt", "ogg", "ogv", "otf", "pdf", "pkg", "png", "ppt", "pptx", "ps",
    "psd", "rar", "rpm", "so", "svg", "swf", "tar", "tgz", "tif", "tiff", "ttf", "war", "wasm", "wav", "webm", "webp", "whl", "wma", "wmv",
    "woff", "woff2", "xls", "xlsx", "xz", "zip", "zst",
];

#[cfg(test)]
mod tests;
