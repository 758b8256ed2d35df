//! Which of the pages in bounds are wanted: what was named to be taken or left out, and what a reader of one manual is not served by, such as
//! its translations. Pure.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};
use url::Url;

use super::error::Error;
use super::names::bare;
use super::plan::CrawlRequest;

/// One of `--include` or `--exclude`: a glob or, after `re:`, a regular expression.
///
/// A glob is of the path, or of the whole URL if it has `://` in it; `*` is any number of any characters, slashes too, and `?`, `[a-z]` and
/// `{a,b}` are as usual. Without a slash at its beginning it may begin at any segment. What is below it belongs to it: `/blog` is all of the blog.
/// A regular expression is looked for anywhere in the URL (syntax: that of the crate `regex`, linear in the URL).
///
/// ```
/// use smolcrawl::crawl::Pattern;
///
/// let url = |path: &str| url::Url::parse("https://docs.test").unwrap().join(path).unwrap();
/// assert!(Pattern::parse("/api/*.html")?.takes(&url("/api/x/task.html")));
/// assert!(Pattern::parse("blog")?.takes(&url("/en/blog/2020/news")));
/// assert!(!Pattern::parse("/blog")?.takes(&url("/en/blog/2020/news")));
/// assert!(Pattern::parse("re:/v[0-9]+/")?.takes(&url("/v2/guide")));
/// assert_eq!(Pattern::parse("re:(").unwrap_err().hint().unwrap(), "see https://docs.rs/regex/#syntax");
/// # Ok::<(), smolcrawl::crawl::Error>(())
/// ```
#[derive(Clone)]
pub struct Pattern {
    text: Box<str>,
    matcher: Matcher,
}

#[derive(Clone)]
enum Matcher {
    Url(Vec<GlobMatcher>),
    Path(Vec<GlobMatcher>),
    Regex(Regex),
}

impl Pattern {
    /// # Errors
    /// [`Error::Pattern`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let wrong = |why: String| Error::Pattern { text: text.to_owned(), why };
        if text.is_empty() || text.len() > LONGEST {
            return Err(wrong(format!("it has {} bytes, 1 to {LONGEST} are allowed", text.len())));
        }
        let globs = |begin: &str| {
            let below = if text.ends_with('/') { "**" } else { "/**" };
            [format!("{begin}{text}"), format!("{begin}{text}{below}")]
                .iter()
                .map(|glob| {
                    GlobBuilder::new(glob).literal_separator(false).backslash_escape(true).build().map(|glob| glob.compile_matcher())
                })
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| wrong(error.kind().to_string()))
        };
        let matcher = match text.strip_prefix("re:") {
            Some(expression) => {
                let built = RegexBuilder::new(expression).size_limit(LARGEST).build();
                Matcher::Regex(built.map_err(|error| wrong(error.to_string().lines().last().unwrap_or_default().replace("error: ", "")))?)
            }
            None if text.contains("://") => Matcher::Url(globs("")?),
            None if text.starts_with('/') => Matcher::Path(globs("")?),
            None => Matcher::Path(globs("**/")?),
        };
        Ok(Self { text: text.into(), matcher })
    }

    /// Whether it is one that the pattern is about.
    pub fn takes(&self, url: &Url) -> bool {
        match &self.matcher {
            Matcher::Url(globs) => globs.iter().any(|glob| glob.is_match(url.as_str())),
            Matcher::Path(globs) => {
                let with_query = &url[url::Position::BeforePath..url::Position::AfterQuery];
                globs.iter().any(|glob| glob.is_match(url.path()) || url.query().is_some() && glob.is_match(with_query))
            }
            Matcher::Regex(regex) => regex.is_match(url.as_str()),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

/// What is left out although it is in scope and nobody has named it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LeaveOut {
    /// Translations and other versions of what the seed is, the whole in one page, listings of source code, lists by tag, author or
    /// month, and forms to log in or search; a page in markdown that was taken as HTML; and of what has no end (calendars, filters, paths that
    /// repeat themselves) what comes after a while. Each is counted in [`CrawlReport::passed_over`](super::CrawlReport::passed_over).
    #[default]
    Usual,
    /// Nothing but addresses that are too long.
    Nothing,
}

/// What is wanted of a site.
#[derive(Debug)]
pub(super) struct Selection {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    leave_out: LeaveOut,
    /// The primary subtag (BCP 47), lower case.
    language: Option<String>,
    /// Hashes of addresses that a page names as itself in another language; as many as fit.
    translations: HashSet<u64>,
    hasher: RandomState,
    homes: Vec<Home>,
}

/// Where a seed stands.
#[derive(Debug)]
struct Home {
    host: String,
    port: Option<u16>,
    /// Segments of its folder.
    folder: Vec<String>,
    /// The segment of its path that is a language.
    language: Option<usize>,
    /// The segment that is a version.
    version: Option<usize>,
    /// Whether what is below has versions that are others; of a seed that has none itself.
    has_old_versions: bool,
}

impl Selection {
    /// The seeds are in normal form.
    pub(super) fn of(request: &CrawlRequest, seeds: &[Url]) -> Self {
        Self {
            include: request.include.clone(),
            exclude: request.exclude.clone(),
            leave_out: request.leave_out,
            language: request.language.as_deref().map(primary),
            translations: HashSet::new(),
            hasher: RandomState::new(),
            homes: seeds.iter().filter_map(Home::of).collect(),
        }
    }

    /// A seed was redirected: its place is there.
    pub(super) fn moved(&mut self, from: &Url, to: &Url) {
        let (Some(old), Some(new)) = (Home::of(from), Home::of(to)) else { return };
        match self.homes.iter_mut().find(|home| home.is_at(&old)) {
            Some(home) => *home = new,
            None => self.homes.push(new),
        }
    }

    /// The page of a seed was read and has these links within bounds. Where most of them lead to versions, these are all there is.
    pub(super) fn read<'a>(&mut self, seed: &Url, links: impl Iterator<Item = &'a Url>) -> Option<bool> {
        let at = Home::of(seed)?;
        let home = self.homes.iter_mut().find(|home| home.is_at(&at))?;
        let (mut versions, mut others) = (0, 0);
        for link in links.filter(|link| home.is_host_of(link)) {
            let path = segments(link);
            match path.strip_prefix(&home.folder[..]).and_then(|below| below.first()) {
                Some(first) if is_surely_version(first) => versions += 1,
                Some(_) => others += 1,
                None => {}
            }
        }
        home.has_old_versions = others > versions;
        Some(home.has_old_versions)
    }

    /// The same, as another has read it.
    pub(super) fn told(&mut self, seed: &Url, has_old_versions: bool) {
        let Some(at) = Home::of(seed) else { return };
        if let Some(home) = self.homes.iter_mut().find(|home| home.is_at(&at)) {
            home.has_old_versions = has_old_versions;
        }
    }

    /// A page names itself in several languages (`hreflang`): all but its own, or the one that is wanted, are translations. Those that were
    /// not known as such before.
    pub(super) fn speaks<'a>(&mut self, page: &Url, alternates: &'a [(String, Url)]) -> Vec<&'a Url> {
        let mine = alternates.iter().find(|(_, url)| url == page).map(|(language, _)| primary(language));
        let Some(wanted) = self.language.clone().or(mine) else { return Vec::new() };
        let others = alternates.iter().filter(|(language, url)| url != page && primary(language) != wanted && primary(language) != "x");
        others.filter(|(_, url)| self.is_new_translation(url.as_str())).map(|(_, url)| url).collect()
    }

    /// A page of an earlier crawl has named it so.
    pub(super) fn knows_translation(&mut self, url: &str) {
        self.is_new_translation(url);
    }

    fn is_new_translation(&mut self, url: &str) -> bool {
        self.translations.len() < MOST_TRANSLATIONS && self.translations.insert(self.hasher.hash_one(url))
    }

    /// The page itself, where an address asks for it to be printed.
    pub(super) fn unprinted(&self, url: &Url) -> Option<Url> {
        if self.leave_out == LeaveOut::Nothing {
            return None;
        }
        let is_print = |part: &str| matches!(part, "print" | "print=1" | "print=true" | "print=yes" | "printable=yes");
        let parts: Vec<&str> = url.query()?.split('&').collect();
        let kept: Vec<&str> = parts.iter().copied().filter(|part| !is_print(part)).collect();
        let mut page = url.clone();
        page.set_query(if kept.is_empty() { None } else { Some(kept.join("&")) }.as_deref());
        (kept.len() < parts.len()).then_some(page)
    }

    /// Whether it was named, if any were.
    pub(super) fn is_included(&self, url: &Url) -> bool {
        self.include.is_empty() || self.include.iter().any(|pattern| pattern.takes(url))
    }

    /// Why a page that no seed is, is not wanted.
    pub(super) fn refuses(&self, url: &Url) -> Option<&'static str> {
        if self.exclude.iter().any(|pattern| pattern.takes(url)) {
            return Some(EXCLUDED);
        }
        if !self.is_included(url) {
            return Some(NOT_INCLUDED);
        }
        if self.leave_out == LeaveOut::Nothing {
            return None;
        }
        if self.translations.contains(&self.hasher.hash_one(url.as_str())) {
            return Some(TRANSLATION);
        }
        let home = self.homes.iter().filter(|home| home.is_host_of(url)).max_by_key(|home| home.shared(&segments(url)))?;
        let path = segments(url);
        // What a seed is cannot be what is left out.
        let of = |rule: &'static str, is: bool| Some(rule).filter(|_| is);
        of(TRANSLATION, self.is_translation(home, &path))
            .or_else(|| of(VERSION, home.is_other_version(&path)))
            .or_else(|| of(WHOLE, home.is_whole(&path)))
            .or_else(|| of(LISTING, is_listing(&path) && !is_listing(&home.folder)))
            .or_else(|| of(ARCHIVE, is_archive(&path) && !is_archive(&home.folder)))
            .or_else(|| of(FORM, home.is_form(&path, url.query())))
    }

    fn is_translation(&self, home: &Home, path: &[String]) -> bool {
        let own = home.language.map(|at| primary(&home.folder[at]));
        let wanted = self.language.clone().or(own);
        if let Some(at) = home.language {
            let there = path.get(at).filter(|_| path[..at] == home.folder[..at]);
            return there.is_some_and(|segment| is_language(segment) && wanted.is_some_and(|wanted| primary(segment) != wanted));
        }
        let below = path.strip_prefix(&home.folder[..]).and_then(|below| below.first());
        below.is_some_and(|segment| {
            is_surely_language(segment)
                && match &wanted {
                    Some(wanted) => primary(segment) != *wanted,
                    // English beside a manual without a name for its own language is often all there is.
                    None => primary(segment) != "en",
                }
        })
    }
}

impl Home {
    fn of(seed: &Url) -> Option<Self> {
        let mut folder = segments(seed);
        if !seed.path().ends_with('/') && folder.last().is_some_and(|name| name.contains('.') && !is_surely_version(name)) {
            folder.pop();
        }
        let language = folder.iter().position(|segment| is_surely_language(segment) || segment == "en");
        let version = folder.iter().position(|segment| is_surely_version(segment) || is_bare_number(segment));
        let host = seed.host_str()?.to_owned();
        Some(Self { host, port: seed.port(), folder, language, version, has_old_versions: false })
    }

    fn is_at(&self, other: &Self) -> bool {
        (&self.host, self.port, &self.folder) == (&other.host, other.port, &other.folder)
    }

    fn is_host_of(&self, url: &Url) -> bool {
        url.port() == self.port && url.host_str().map(bare) == Some(bare(&self.host))
    }

    /// Segments that a path has in common with its folder.
    fn shared(&self, path: &[String]) -> usize {
        self.folder.iter().zip(path).take_while(|(mine, other)| mine == other).count()
    }

    fn is_other_version(&self, path: &[String]) -> bool {
        if let Some(at) = self.version {
            let there = path.get(at).filter(|_| path[..at] == self.folder[..at]);
            return there.is_some_and(|segment| *segment != self.folder[at] && is_version(segment));
        }
        let below = path.strip_prefix(&self.folder[..]).and_then(|below| below.first());
        self.has_old_versions && below.is_some_and(|segment| is_surely_version(segment))
    }

    /// All of a manual in one page stands at its top.
    fn is_whole(&self, path: &[String]) -> bool {
        let top = path.strip_prefix(&self.folder[..]).filter(|below| below.len() == 1).map(|below| stem(&below[0]));
        top.is_some_and(|name| matches!(name, "print" | "all" | "singlehtml" | "single-page" | "single_page" | "onepage" | "one-page"))
            || path.iter().any(|segment| matches!(&**segment, "singlehtml" | "_print"))
            || path.last().is_some_and(|name| name == "llms-full.txt")
    }

    /// At the top of a site or of the manual: deeper down, "search" and "login" are what a page is about.
    fn is_form(&self, path: &[String], query: Option<&str>) -> bool {
        let top = match path {
            [one] => Some(&**one),
            _ => path.strip_prefix(&self.folder[..]).filter(|below| below.len() == 1).map(|below| &*below[0]),
        };
        let goes_back = || query.is_some_and(|query| query.split('&').any(|part| BACK.iter().any(|word| part.starts_with(word))));
        let asks = || query.is_some_and(|query| query.split('&').any(|part| part.starts_with("q=") || part.starts_with("query=")));
        let name = path.last().map(|name| stem(name)).unwrap_or_default();
        match name {
            "signup" | "sign-up" | "logout" => top.is_some() || goes_back(),
            name if LOGINS.contains(&name) => top.is_some() || goes_back(),
            "search" => top.is_some() || asks(),
            _ => false,
        }
    }
}

/// Whether an address leads from a page to a form to log in, which stands where the page would be.
pub(super) fn wants_login(from: &Url, to: &Url) -> bool {
    !is_login(from, from) && is_login(from, to)
}

/// Whether an address that another redirects to is that of a form to log in: at the top of its site, or with a way back, or on a host for it.
pub(super) fn is_login(from: &Url, to: &Url) -> bool {
    let path = segments(to);
    let named =
        path.last().is_some_and(|name| LOGINS.contains(&stem(name)) || matches!(stem(name), "sso" | "saml2" | "authorize" | "auth"));
    let goes_back = to.query().is_some_and(|query| {
        query.split('&').any(|part| {
            let name = part.split('=').next().unwrap_or_default().to_ascii_lowercase();
            BACK.iter().any(|word| name.starts_with(word))
        })
    });
    let host = |url: &Url| url.host_str().unwrap_or_default().split('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_host = matches!(&*host(to), "login" | "signin" | "sso" | "auth" | "accounts" | "id" | "idp") && host(to) != host(from);
    named && (goes_back || path.len() == 1 && LOGINS.contains(&stem(&path[0]))) || is_host && (named || goes_back)
}

/// Whether a segment of a path, as it is written, is a version rather than a name.
pub(super) fn is_version_of_path(segment: &str) -> bool {
    let segment = segment.to_ascii_lowercase().replace("%2b", "+");
    is_surely_version(&segment) || is_bare_number(&segment)
}

/// Whether a segment of a path, as it is written, is a language.
pub(super) fn is_language_of_path(segment: &str) -> bool {
    let segment = segment.to_ascii_lowercase();
    is_surely_language(&segment) || segment == "en"
}

/// Parts of the path, lower case, without empty ones.
fn segments(url: &Url) -> Vec<String> {
    url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// The name of a file without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').filter(|(stem, extension)| !stem.is_empty() && extension.len() <= 5).map_or(name, |(stem, _)| stem)
}

/// Listings of source code beside a manual: those of Sphinx, rustdoc, Doxygen and Javadoc.
fn is_listing(path: &[String]) -> bool {
    let file = path.last().map_or("", |name| name);
    path.iter().any(|segment| matches!(&**segment, "_modules" | "_sources" | "src-html"))
        || path.iter().any(|segment| segment == "src") && file.ends_with(".rs.html")
        || file.ends_with("_source.html") && path.len() > 1 && file.contains("_8")
}

/// Lists of what stands elsewhere: those of blogs. The pages of a long list are none: nothing else may lead to what stands there.
fn is_archive(path: &[String]) -> bool {
    let is_list = |pair: &[String]| {
        let (folder, name) = (&*pair[0], &*pair[1]);
        matches!(folder, "tag" | "category" | "author")
            || matches!(folder, "blog" | "news" | "posts" | "docs")
                && matches!(name, "tags" | "categories" | "authors" | "archive" | "archives")
    };
    path.windows(2).any(is_list) && !path.last().is_some_and(|name| matches!(&**name, "tag" | "category" | "author"))
}

/// `en`, `pt-br`, `zh_CN`, `zh-hans`: where a language stands, in lower case.
fn is_language(segment: &str) -> bool {
    match segment.split_once(['-', '_']) {
        None => LANGUAGES.contains(&segment),
        Some((language, rest)) => LANGUAGES.contains(&language) && is_region(rest),
    }
}

/// No word that a manual may have as a chapter: `it`, `is`, `id`, `no`, `go` are words, too.
fn is_surely_language(segment: &str) -> bool {
    match segment.split_once(['-', '_']) {
        None => SURE_LANGUAGES.contains(&segment),
        Some((language, rest)) => {
            LANGUAGES.contains(&language) && is_region(rest) && !matches!(segment, "is-in" | "to-do" | "as-is" | "or-in")
        }
    }
}

fn is_region(rest: &str) -> bool {
    matches!(rest, "hans" | "hant" | "latn" | "cyrl" | "419") || rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn primary(language: &str) -> String {
    language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Where a version stands.
fn is_version(segment: &str) -> bool {
    is_surely_version(segment)
        || is_bare_number(segment)
        || matches!(
            segment,
            "dev" | "main" | "current" | "devel" | "development" | "edge" | "trunk" | "unstable" | "beta" | "old" | "previous"
        )
}

/// `1.2`, `v3`, `2.x`, `5.0.1-rc1`, `stable`.
fn is_surely_version(segment: &str) -> bool {
    if matches!(segment, "stable" | "latest" | "next" | "nightly" | "canary" | "master") {
        return true;
    }
    let digits = segment.strip_prefix('v').unwrap_or(segment);
    let (number, rest) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len()));
    let is_number = number.starts_with(|c: char| c.is_ascii_digit()) && (number.contains('.') || digits.len() < segment.len());
    let is_rest = match rest {
        "" => !number.ends_with('.'),
        "x" => number.ends_with('.'),
        _ => rest.starts_with(['-', '+', '_']) || ["rc", "alpha", "beta", "a", "b", "dev"].iter().any(|stage| is_stage(rest, stage)),
    };
    is_number && is_rest && number.len() <= 16
}

fn is_stage(rest: &str, stage: &str) -> bool {
    rest.strip_prefix(stage).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// `15`, as the manuals of databases have it; no year, and no number of an article.
fn is_bare_number(segment: &str) -> bool {
    segment.len() <= 3 && !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// In `passed_over` of a report: what the request excludes, what it does not include, and translations.
pub const EXCLUDED: &str = "excluded";
pub const NOT_INCLUDED: &str = "not included";
pub const TRANSLATION: &str = "another language";
pub(super) const VERSION: &str = "another version";
pub(super) const WHOLE: &str = "the whole in one page";
pub(super) const LISTING: &str = "a listing of source code";
pub(super) const ARCHIVE: &str = "a list by tag, author or month";
pub(super) const FORM: &str = "a form to log in or search";

/// Names of forms to log in, and of what they are told to go back to.
const LOGINS: [&str; 7] = ["login", "log-in", "log_in", "signin", "sign-in", "sign_in", "wp-login"];
const BACK: [&str; 9] = ["next", "return", "redirect", "continue", "goto", "dest", "samlrequest", "client_id", "service"];

/// Addresses of translations that are remembered: 16 MB.
const MOST_TRANSLATIONS: usize = 1_000_000;

/// Bytes of a pattern, and of a regular expression that is compiled.
const LONGEST: usize = 1_000;
const LARGEST: usize = 1 << 20;

/// ISO 639-1.
#[rustfmt::skip]
const LANGUAGES: &[&str] = &[
    "aa", "ab", "ae", "af", "ak", "am", "an", "ar", "as", "av", "ay", "az", "ba", "be", "bg", "bi", "bm", "bn", "bo", "br", "bs", "ca", "ce",
    "ch", "co", "cr", "cs", "cu", "cv", "cy", "da", "de", "dv", "dz", "ee", "el", "en", "eo", "es", "et", "eu", "fa", "ff", "fi", "fj", "fo",
    "fr", "fy", "ga", "gd", "gl", "gn", "gu", "gv", "ha", "he", "hi", "ho", "hr", "ht", "hu", "hy", "hz", "ia", "id", "ie", "ig", "ii", "ik",
    "io", "is", "it", "iu", "ja", "jv", "ka", "kg", "ki", "kj", "kk", "kl", "km", "kn", "ko", "kr", "ks", "ku", "kv", "kw", "ky", "la", "lb",
    "lg", "li", "ln", "lo", "lt", "lu", "lv", "mg", "mh", "mi", "mk", "ml", "mn", "mr", "ms", "mt", "my", "na", "nb", "nd", "ne", "ng", "nl",
    "nn", "no", "nr", "nv", "ny", "oc", "oj", "om", "or", "os", "pa", "pi", "pl", "ps", "pt", "qu", "rm", "rn", "ro", "ru", "rw", "sa", "sc",
    "sd", "se", "sg", "si", "sk", "sl", "sm", "sn", "so", "sq", "sr", "ss", "st", "su", "sv", "sw", "ta", "te", "tg", "th", "ti", "tk", "tl",
    "tn", "to", "tr", "ts", "tt", "tw", "ty", "ug", "uk", "ur", "uz", "ve", "vi", "vo", "wa", "wo", "xh", "yi", "yo", "za", "zh", "zu",
];
/// Of these the ones that manuals are translated to most, and that are nothing else.
const SURE_LANGUAGES: &[&str] = &[
    "ar", "bg", "bn", "cs", "da", "de", "el", "es", "fa", "fi", "fr", "he", "hu", "ja", "ko", "nb", "nl", "pl", "pt", "ro", "ru", "sk",
    "sr", "sv", "th", "tr", "uk", "vi", "zh",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(&if text.contains("://") { text.to_owned() } else { format!("https://a.test{text}") }).unwrap()
    }

    fn usual(seed: &str) -> Selection {
        Selection::of(&CrawlRequest::new(vec![]), &[url(seed)])
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn patterns_take_paths_urls_and_what_is_below() {
        for (text, takes, not) in [
            ("/blog", "/blog /blog/ /blog/x /blog/2020/x", "/blogs /en/blog / /b"),
            ("blog", "/blog /en/blog/x /en/blog", "/my-blog /blogger/"),
            ("blog/", "/blog/ /en/blog/x", "/blog /blogs/"),
            ("/docs/*", "/docs/a /docs/a/b /docs/", "/doc/a /docs /x/docs/a"),
            ("*.pdf", "/a.pdf /x/y/a.pdf", "/a.pdfx /pdf"),
            ("*/v1/*", "/api/v1/x /v1/x", "/v1 /v2/x"),
            ("/{de,fr}/", "/de/ /fr/x", "/de /es/x"),
            ("/?[0-9]", "/a1 /a1/x", "/a /aa1 /ab"),
            ("https://a.test/x*", "/x /xy /x/y", "/y http://a.test/x https://b.test/x"),
            ("*print=*", "/x?print=1", "/print"),
            ("re:/v[0-9]+/", "/v1/ /x/v12/y", "/v/ /version1/"),
            ("re:^https://a\\.test/$", "/", "/x"),
        ] {
            let pattern = pattern(text);
            takes.split(' ').for_each(|path| assert!(pattern.takes(&url(path)), "{text} takes {path}"));
            not.split(' ').for_each(|path| assert!(!pattern.takes(&url(path)), "{text} does not take {path}"));
        }
        for text in ["", " ", "re:(", "re:a{999}{999}{999}", "[z-a]", "{a", &"x".repeat(1_001)] {
            let error = Pattern::parse(text).unwrap_err();
            assert!(matches!(error, Error::Pattern { .. }) && error.hint().is_some(), "{text}: {error:?}");
        }
    }

    #[test]
    fn what_is_excluded_is_not_even_included() {
        let selection = |include: &[&str], exclude: &[&str]| {
            let parsed = |texts: &[&str]| texts.iter().map(|text| pattern(text)).collect();
            let request = CrawlRequest::new(vec![]).leave_out(LeaveOut::Nothing);
            Selection::of(&CrawlRequest { include: parsed(include), exclude: parsed(exclude), ..request }, &[url("/")])
        };
        let both = selection(&["/api", "/guide"], &["*old*"]);
        for (path, expected) in
            [("/api/x", None), ("/guide", None), ("/blog", Some(NOT_INCLUDED)), ("/api/old", Some(EXCLUDED)), ("/old", Some(EXCLUDED))]
        {
            assert_eq!(both.refuses(&url(path)), expected, "{path}");
        }
        assert_eq!(selection(&[], &[]).refuses(&url("/fr/x")), None);
    }

    #[test]
    fn translations_of_the_seed_are_left_out() {
        for (seed, others, own) in [
            ("/en/docs/", "/fr/docs/x /pt-BR/docs/x /zh_CN/ /it/x /id/", "/en/docs/x /en-us/x /docs/x /api/x /item/"),
            ("/docs/en/latest/", "/docs/fr/latest/x /docs/ja/", "/docs/en/latest/x /docs/x /fr/x"),
            ("/de/", "/en/x /fr/x", "/de/x /x"),
            (
                "/docs/",
                "/docs/fr/x /docs/zh-cn/x /docs/pt_br/ /docs/zh-hans",
                "/docs/en/x /docs/it/x /docs/go/x /docs/is/x /docs/guide/fr/x /fr/x /docs/id",
            ),
            ("/", "/ja/ /es-419/x", "/en/ /to/ /no/ /x/ja/"),
        ] {
            let selection = usual(seed);
            others.split(' ').for_each(|path| assert_eq!(selection.refuses(&url(path)), Some(TRANSLATION), "{path} from {seed}"));
            own.split(' ').for_each(|path| assert_eq!(selection.refuses(&url(path)), None, "{path} from {seed}"));
        }
        let german = Selection::of(&CrawlRequest::new(vec![]).language("de-AT"), &[url("/docs/")]);
        assert_eq!(german.refuses(&url("/docs/de/x")), None);
        assert_eq!(german.refuses(&url("/docs/fr/x")), Some(TRANSLATION));
        assert_eq!(german.refuses(&url("/docs/x")), None);
        // As pages say it themselves.
        let mut selection = usual("/");
        let alternates = [("en", "/x"), ("it", "/x-it"), ("en-GB", "/x-gb"), ("x-default", "/x-any")]
            .map(|(language, path)| (language.to_owned(), url(path)));
        selection.speaks(&url("/y"), &alternates);
        assert_eq!(selection.refuses(&url("/x-it")), None);
        selection.speaks(&url("/x"), &alternates);
        for (path, expected) in [("/x-it", Some(TRANSLATION)), ("/x-gb", None), ("/x-any", None), ("/x", None)] {
            assert_eq!(selection.refuses(&url(path)), expected, "{path}");
        }
    }

    #[test]
    fn versions_beside_that_of_the_seed_are_left_out() {
        for (seed, others, own) in [
            ("/3/", "/2.7/x /3.12/library/ /dev/ /latest/x", "/3/x /x /library/3.12/ /2020/x"),
            ("/en/5.0/", "/en/4.2/x /en/dev/x /en/stable/", "/en/5.0/x /en/x /5.0/"),
            ("/docs/v1.2/guide/start", "/docs/v1.3/guide /docs/v2/ /docs/next/", "/docs/v1.2/x /docs/community/x"),
            ("/docs/15/index.html", "/docs/14/x /docs/current/", "/docs/15/x /docs/faq/"),
        ] {
            let selection = usual(seed);
            others.split(' ').for_each(|path| assert_eq!(selection.refuses(&url(path)), Some(VERSION), "{path} from {seed}"));
            own.split(' ').for_each(|path| assert_eq!(selection.refuses(&url(path)), None, "{path} from {seed}"));
        }
        // What is below a seed without a version: the old ones of a manual, or all there is of it.
        let links = |paths: &str| paths.split(' ').map(url).collect::<Vec<_>>();
        let mut manual = usual("/docs/");
        assert_eq!(manual.refuses(&url("/docs/1.x/intro")), None);
        manual.read(&url("/docs/"), links("/docs/intro /docs/guide /docs/api/x /docs/1.x/intro /docs/next/ /blog").iter());
        for (path, expected) in
            [("/docs/1.x/intro", Some(VERSION)), ("/docs/next/x", Some(VERSION)), ("/docs/15/x", None), ("/docs/x/1.x/", None)]
        {
            assert_eq!(manual.refuses(&url(path)), expected, "{path}");
        }
        let mut hub = usual("/docs/");
        hub.read(&url("/docs/"), links("/docs/1.0/ /docs/2.0/ /docs/3.0/ /docs/about").iter());
        assert_eq!(hub.refuses(&url("/docs/1.0/intro")), None);
    }

    #[test]
    fn versions_are_told_from_other_names() {
        for text in ["1.2", "v3", "2.x", "5.0.1", "5.0.1-rc1", "v1.2.3+build", "3.13b2", "1.0rc1", "stable", "latest"] {
            assert!(is_surely_version(text), "{text}");
        }
        for text in ["3", "2020", "v", "version", "1.", ".1", "1.2.html", "x", "2d", "3d", "v8js", "1password", "12345", "guide", "vim"] {
            assert!(!is_surely_version(text), "{text}");
        }
        assert!(is_bare_number("15") && !is_bare_number("2020") && !is_bare_number("") && !is_bare_number("1a"));
    }

    #[test]
    fn what_says_the_same_twice_or_nothing_is_left_out() {
        let selection = usual("/api/");
        for (path, expected) in [
            ("/api/all.html", Some(WHOLE)),
            ("/api/print.html", Some(WHOLE)),
            ("/api/stdio/print.html", None),
            ("/api/promise/all", None),
            ("/api/_modules/x/y.html", Some(LISTING)),
            ("/src/smol/lib.rs.html", Some(LISTING)),
            ("/api/src/main.html", None),
            ("/api/blog/tags/x", Some(ARCHIVE)),
            ("/tag/x", Some(ARCHIVE)),
            ("/tags/tag_p.asp", None),
            ("/blog/page/2", None),
            ("/api/page/setup", None),
            ("/api/tag", None),
            ("/api/search.html", Some(FORM)),
            ("/search?q=x", Some(FORM)),
            ("/api/rest/search", None),
            ("/login", Some(FORM)),
            ("/api/x/login?next=/api/", Some(FORM)),
            ("/api/commands/login", None),
            ("/api/x", None),
        ] {
            assert_eq!(selection.refuses(&url(path)), expected, "{path}");
        }
        for (path, expected) in [
            ("/x?print", Some("/x")),
            ("/x?a=1&print=1&b=2", Some("/x?a=1&b=2")),
            ("/x?printer=1", None),
            ("/x", None),
            ("/x?q=print", None),
        ] {
            assert_eq!(selection.unprinted(&url(path)), expected.map(url), "{path}");
        }
        for (from, to, expected) in [
            ("/docs/x", "/login", true),
            ("/docs/x", "/accounts/login/?next=/docs/x", true),
            ("/docs/x", "https://sso.a.test/authorize?client_id=1&redirect_uri=x", true),
            ("/docs/x", "https://login.b.test/?returnTo=x", true),
            ("/docs/x", "/docs/cli/login", false),
            ("/docs/x", "/docs/auth", false),
            ("/docs/x", "/docs/y?next=2", false),
            ("https://id.a.test/x", "https://id.a.test/y?client_id=1", false),
        ] {
            assert_eq!(is_login(&url(from), &url(to)), expected, "{to}");
        }
        // Where a seed is one, its like are wanted.
        assert_eq!(usual("/_modules/").refuses(&url("/_modules/x.html")), None);
        assert_eq!(usual("/blog/tags/rust/").refuses(&url("/blog/tags/rust/page/2")), None);
        assert_eq!(usual("/api/").refuses(&url("https://b.test/fr/x")), None);
    }
}
