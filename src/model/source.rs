//! A source: what a set of pages is known by, what it was made of, and which of several is meant. Plain values: no database, no network.

use std::cmp::Ordering;
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Addresses;

/// What a source is known by: a name and, where there is one, a version, as in `docs.rs`, `docs.rs/smol@2.0.1` or `127.0.0.1:8931`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(String);

impl SourceId {
    /// The source of a page that nobody has named another for: host, and port where it is not the scheme's own.
    pub fn of(url: &Url) -> Self {
        Self(host(url))
    }

    /// A name and a version as users give them.
    ///
    /// ```
    /// use smolcrawl::model::SourceId;
    ///
    /// let source = SourceId::new("smol", Some("2.0"))?;
    /// assert_eq!((source.as_str(), source.name(), source.version()), ("smol@2.0", "smol", Some("2.0")));
    /// assert!(SourceId::new("two words", None).is_err());
    /// # Ok::<(), smolcrawl::model::BadName>(())
    /// ```
    ///
    /// # Errors
    /// Empty, of more than 200 bytes, or with white space, `@`, `?`, `#`, `://` or a control character.
    pub fn new(name: &str, version: Option<&str>) -> Result<Self, BadName> {
        let is_good = |part: &str| {
            let is_bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '?' | '#');
            !part.is_empty() && part.len() <= LONGEST && !part.contains(is_bad) && !part.contains("://")
        };
        match [Some(name), version].into_iter().flatten().find(|part| !is_good(part)) {
            Some(part) => Err(BadName { text: part.chars().take(LONGEST).collect() }),
            None => Ok(Self(version.map_or_else(|| name.to_owned(), |version| format!("{name}@{version}")))),
        }
    }

    /// That of a package, by the word for its kind: `crate:serde@1.0.219`. The mark of an npm scope is left away, as it stands before a version
    /// in the name of a source: `npm:types/node@20.1.0`.
    ///
    /// # Errors
    /// As [`SourceId::new`].
    pub fn of_package(kind: &str, name: &str, version: Option<&str>) -> Result<Self, BadName> {
        Self::new(&format!("{kind}:{}", name.trim_start_matches('@')), version)
    }

    /// As it is written: `name` or `name@version`.
    pub fn named(text: &str) -> Option<Self> {
        match text.split_once('@') {
            Some((name, version)) => Self::new(name, Some(version)).ok(),
            None => Self::new(text, None).ok(),
        }
    }

    /// A host, `host:port` or any URL of it, which are the source of that host; or a name with a path or a version, as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let url = match text {
            _ if text.contains("://") => Url::parse(text),
            _ if text.contains(['/', '@']) => return Self::named(text),
            _ => Url::parse(&format!("https://{text}")),
        };
        // "host:80" keeps its port only if it is not http's: SourceId::of never has it either.
        url.ok().filter(Url::has_host).map(|url| match (url.scheme(), url.port()) {
            ("https", Some(80)) if !text.contains("://") => Self(rootless(url.host_str().unwrap_or_default()).to_owned()),
            _ => Self::of(&url),
        })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the version.
    pub fn name(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(name, _)| name)
    }

    pub fn version(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, version)| version)
    }

    /// Whether it answers in the place of another one of its name, where no version was asked for: see [`meant`].
    ///
    /// ```
    /// use smolcrawl::model::SourceId;
    ///
    /// let of = |text| SourceId::named(text).unwrap();
    /// assert!(of("smol@1.10").is_preferred_to(&of("smol@1.9")));
    /// assert!(of("smol@1.9").is_preferred_to(&of("smol@2.0-rc1")));
    /// ```
    pub fn is_preferred_to(&self, other: &Self) -> bool {
        (rank(self.version()), &self.0) > (rank(other.version()), &other.0)
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name or version that a source cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be the name or version of a source: 1 to {LONGEST} bytes without white space, @, ?, # and ://")]
pub struct BadName {
    pub text: String,
}

/// What a source is made of: what was asked for, so that it can be filled again. It holds no credentials; those are looked up by site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    pub seeds: Vec<Url>,
    /// `prefix`, `host` or `domain`.
    pub scope: String,
    pub depth: u32,
    pub max_pages: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_requests: Option<u64>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// `auto`, `only` or `never`.
    pub sitemaps: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Nothing in scope is left out.
    pub everything: bool,
    pub ignore_robots: bool,
    /// `never`, `auto` or `always`; none is as the settings have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub render: Option<String>,
    /// Origins for whose pages a browser was found to be needed: learned, not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scripted: Vec<String>,
    /// Of what is no site: its one seed is the address that those of its pages begin with, and `include`, `exclude` and `everything` are about
    /// paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<FilesRecipe>,
}

/// What a source is made of that is no site: a folder, a file, an archive, a repository, a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilesRecipe {
    /// So that it is found again: an absolute path, an address without credentials, `crate:serde@1.0.219`.
    pub given: String,
    /// Of a repository, the folder in it, with `/` between names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    pub max_files: u64,
    /// Bytes in sum.
    pub max_bytes: u64,
    /// Bytes of one file.
    pub max_file_bytes: u64,
    /// What all of it was known by when it was last read to its end: as long as that is so, nothing of it has to be read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// A client had it read, who may have only that read which lies where it was told, and which anybody can have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confined: bool,
}

impl FilesRecipe {
    /// Whether it is the same on another machine: no path, and nothing that only this user can log in to.
    pub fn is_of_everybody(&self) -> bool {
        ["http://", "https://", "crate:", "pypi:", "npm:", "go:"].iter().any(|start| self.given.starts_with(start))
    }
}

/// How far a source is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Pages that were stored one by one, or before sources had recipes.
    #[default]
    Loose,
    /// All that the recipe takes in was asked for.
    Complete,
    /// The crawl ended at one of its limits.
    Limited,
    /// A crawl is under way, or was interrupted.
    Incomplete,
}

/// What is known about one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSummary {
    pub source: SourceId,
    /// The version that its pages name, where its name has none.
    pub says_version: Option<String>,
    pub recipe: Option<Recipe>,
    pub state: SourceState,
    /// URLs that were known and not fetched when the last crawl of it ended, or when it last wrote down how far it was.
    pub left: u64,
    /// When it was first filled by its recipe.
    pub made: Option<SystemTime>,
    /// When a crawl or refresh of all of it last ended.
    pub refreshed: Option<SystemTime>,
    pub pages: u64,
    pub chunks: u64,
    /// Of `chunks`, those that are code examples.
    pub code_examples: u64,
    /// Of `chunks`, those that have a vector.
    pub embedded: u64,
    pub last_fetched: SystemTime,
}

impl SourceSummary {
    /// The version of its name, else the one that its pages name.
    pub fn version(&self) -> Option<&str> {
        self.source.version().or(self.says_version.as_deref())
    }
}

/// How far a crawl has come since it last told: addresses found, with the links followed from a seed, and addresses dealt with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    pub found: Vec<(Box<str>, u32)>,
    pub done: Vec<Box<str>>,
    /// Of addresses, by what their contents are known: the first with it each.
    pub contents: Vec<(Box<str>, u64)>,
    /// Addresses that pages have named as themselves in a language that is not wanted.
    pub translations: Vec<Box<str>>,
    /// Addresses that are known and not fetched yet.
    pub left: u64,
}

impl Trail {
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.done.is_empty() && self.contents.is_empty() && self.translations.is_empty()
    }
}

/// How far a crawl was that another one goes on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Found and not dealt with, those nearest to the seeds last.
    pub found: Addresses,
    /// Dealt with.
    pub done: Addresses,
    /// Of addresses that were, by what their contents are known.
    pub contents: Vec<(Box<str>, u64)>,
    /// As in a [`Trail`].
    pub translations: Vec<Box<str>>,
}

/// The sources that a text stands for: see [`meant`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meant {
    /// All that it fits, in the order of their names; or the one whose name it is exactly.
    pub sources: Vec<SourceId>,
    /// Of each name the one that answers where no version was asked for: the highest stable one.
    pub default: Vec<SourceId>,
}

impl Meant {
    /// The one source that is meant where one is wanted: the only one, or of those at a host the one that is called just so. `text` is what
    /// was asked for.
    pub fn only(&self, text: &str) -> Option<&SourceId> {
        let named = |source: &&SourceId| source.name().eq_ignore_ascii_case(text.trim());
        match &*self.default {
            [source] => Some(source),
            several => several.iter().find(named),
        }
    }
}

/// Why no source is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotMeant {
    Unknown,
    /// The name is there, the version is not; these are.
    NoVersion {
        name: String,
        wanted: String,
        there: Vec<SourceId>,
    },
}

/// What is compared to find out which source is meant: its id, the version that its pages name, and the hosts of its seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub source: SourceId,
    pub says_version: Option<String>,
    pub hosts: Vec<String>,
}

/// The sources that somebody means who names a source: a name, `name@version`, where the version may be the beginning of one (`@2` is 2.0.1),
/// `stable` or `latest`, or a host, which means all of its sources.
///
/// Versions are ordered as numbers; those with a stage (`2.0-rc1`) or that are a branch (`dev`, `main`, `nightly`) are not stable.
pub fn meant(text: &str, known: &[Candidate]) -> Result<Meant, NotMeant> {
    let text = text.trim();
    // As packages of npm are written, whose scopes have a mark: see `SourceId::of_package`.
    let unmarked = text.strip_prefix("npm:@").map(|scoped| format!("npm:{scoped}"));
    let text = unmarked.as_deref().unwrap_or(text);
    let (name, wanted) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    if let Some(exact) = known.iter().find(|of| wanted.is_some() && of.source.as_str().eq_ignore_ascii_case(text)) {
        return Ok(Meant { sources: vec![exact.source.clone()], default: vec![exact.source.clone()] });
    }
    let host = SourceId::parse(name).filter(|_| !name.contains('/'));
    let is_at_host = |of: &Candidate| {
        host.as_ref()
            .is_some_and(|host| bare(host.as_str()) == bare(of.source.name()) || of.hosts.iter().any(|at| bare(at) == bare(host.as_str())))
    };
    let mut fitting: Vec<&Candidate> = known.iter().filter(|of| of.source.name().eq_ignore_ascii_case(name) || is_at_host(of)).collect();
    if fitting.is_empty() {
        return Err(NotMeant::Unknown);
    }
    if let Some(wanted) = wanted {
        let there: Vec<SourceId> = fitting.iter().map(|of| of.source.clone()).collect();
        fitting.retain(|of| of.source.name().eq_ignore_ascii_case(name));
        let of_name = |of: &&Candidate| version_of(of).is_some_and(|version| is_version(version, wanted));
        let fits: Vec<&Candidate> = fitting.iter().filter(|of| of_name(of)).copied().collect();
        let best = match wanted {
            "stable" | "latest" if fits.is_empty() => {
                fitting.iter().filter(|of| wanted == "latest" || rank(version_of(of)).0 >= STABLE).max_by(|a, b| order(a, b)).copied()
            }
            _ => fits.into_iter().max_by(|a, b| order(a, b)),
        };
        return match best {
            Some(best) => Ok(Meant { sources: vec![best.source.clone()], default: vec![best.source.clone()] }),
            None => Err(NotMeant::NoVersion { name: name.to_owned(), wanted: wanted.to_owned(), there }),
        };
    }
    let mut default: Vec<&Candidate> = Vec::new();
    for of in &fitting {
        match default.iter_mut().find(|other| other.source.name() == of.source.name()) {
            Some(other) if order(other, of) == Ordering::Less => *other = of,
            Some(_) => {}
            None => default.push(of),
        }
    }
    let ids = |of: &[&Candidate]| of.iter().map(|of| of.source.clone()).collect::<Vec<_>>();
    Ok(Meant { sources: ids(&fitting), default: ids(&default) })
}

fn version_of(of: &Candidate) -> Option<&str> {
    of.source.version().or(of.says_version.as_deref())
}

fn order(a: &Candidate, b: &Candidate) -> Ordering {
    rank(version_of(a)).cmp(&rank(version_of(b))).then_with(|| a.source.cmp(&b.source))
}

/// What class it is of, and its numbers.
fn rank(version: Option<&str>) -> (u8, Vec<u64>) {
    let Some(version) = version.map(|version| version.trim_start_matches(['v', 'V'])) else { return (UNKNOWN, Vec::new()) };
    match version {
        "stable" => return (STABLE + 2, Vec::new()),
        "latest" | "current" => return (STABLE + 1, Vec::new()),
        _ if !version.starts_with(|c: char| c.is_ascii_digit()) => return (0, Vec::new()),
        _ => {}
    }
    let (numbers, rest) = version.split_at(version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len()));
    let numbers = numbers.split('.').filter(|part| !part.is_empty()).map(|part| part.parse().unwrap_or(u64::MAX)).collect();
    let is_stable = rest.is_empty() || rest == "x" || rest.starts_with('+');
    (if is_stable { STABLE } else { STAGE }, numbers)
}

/// Whether it is the version that was asked for, or one of it: `2` is 2.0.1 and not 21.
fn is_version(version: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.trim_start_matches(['v', 'V', '=']).to_ascii_lowercase();
    let (version, wanted) = (plain(version), plain(wanted));
    let wanted = wanted.trim_end_matches(".x").trim_end_matches(".*");
    !wanted.is_empty() && version.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+', '_']))
}

/// The number of the source whose seeds are nearest to a page; of equal ones the first, and 0 where there is none.
pub fn nearest<'s>(sources: impl Iterator<Item = &'s [Url]>, page: &Url) -> usize {
    let shared = |seed: &Url| {
        let same = seed.path().bytes().zip(page.path().bytes()).take_while(|(a, b)| a == b).count();
        if host(seed) == host(page) { 1 + same } else { 0 }
    };
    let likeness = |seeds: &[Url]| seeds.iter().map(shared).max().unwrap_or(0);
    let (mut at, mut most) = (0, None);
    for (number, seeds) in sources.enumerate() {
        let like = likeness(seeds);
        if most.is_none_or(|most| like > most) {
            (at, most) = (number, Some(like));
        }
    }
    at
}

/// Host, and port where it is not the scheme's own. `docs.test.` is the host `docs.test`.
pub fn host(url: &Url) -> String {
    let host = rootless(url.host_str().unwrap_or_default());
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The dot of the root that a name may end with makes it no other one (RFC 1034 3.1).
pub(crate) fn rootless(host: &str) -> &str {
    host.strip_suffix('.').filter(|host| !host.is_empty()).unwrap_or(host)
}

/// `www.` is the same site.
fn bare(host: &str) -> &str {
    let host = rootless(host);
    host.strip_prefix("www.").unwrap_or(host)
}

const STABLE: u8 = 4;
/// No version is named anywhere.
const UNKNOWN: u8 = 3;
const STAGE: u8 = 2;
/// Bytes of a name, and of a version.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn known(ids: &str) -> Vec<Candidate> {
        let candidate = |id: &str| {
            let (id, host) = id.split_once('=').unwrap_or((id, ""));
            let hosts = if host.is_empty() { vec![] } else { vec![host.to_owned()] };
            Candidate { source: SourceId::named(id).unwrap(), says_version: None, hosts }
        };
        ids.split(' ').map(candidate).collect()
    }

    fn shown(sources: &[SourceId]) -> String {
        sources.iter().map(SourceId::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_source_is_its_host_and_a_port_of_its_own() {
        let of = |url: &str| SourceId::of(&Url::parse(url).unwrap()).to_string();
        assert_eq!(of("https://docs.rs/smol/"), "docs.rs");
        assert_eq!(of("http://127.0.0.1:8931/python/"), "127.0.0.1:8931");
        assert_eq!(of("http://docs.rs:80/"), "docs.rs");
        // The same absolute name.
        assert_eq!(of("https://docs.rs./smol/"), "docs.rs");
        assert_eq!(of("http://docs.rs.:8931/"), "docs.rs:8931");
    }

    #[test]
    fn a_source_is_parsed_as_users_write_it() {
        for text in ["docs.rs", " docs.rs ", "DOCS.RS", "https://docs.rs/smol", "docs.rs:443", "docs.rs:80"] {
            assert_eq!(SourceId::parse(text).unwrap().as_str(), "docs.rs", "{text}");
        }
        assert_eq!(SourceId::parse("127.0.0.1:8931").unwrap().as_str(), "127.0.0.1:8931");
        assert_eq!(SourceId::parse("docs.rs/smol@2").unwrap().version(), Some("2"));
        assert_eq!(SourceId::parse(""), None);
        assert_eq!(SourceId::parse("a b"), None);
        for bad in ["", "@1", "a@", "a b", "a@b@c", "a?b", "a#b", "http://a", "a\n", &"x".repeat(201)] {
            assert_eq!(SourceId::named(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_name_means_its_highest_stable_version() {
        for (there, default) in [
            ("smol@1.9 smol@1.10.2 smol@2.0-rc1", "smol@1.10.2"),
            ("smol@2.0.1 smol@10.0 smol@9", "smol@10.0"),
            ("smol@2.0-rc1 smol@2.0-rc2", "smol@2.0-rc2"),
            ("smol@dev smol@1", "smol@1"),
            ("smol@stable smol@3 smol@dev", "smol@stable"),
            ("smol@main smol", "smol"),
            ("smol smol@0.1", "smol@0.1"),
            ("smol@v2 smol@v1", "smol@v2"),
        ] {
            assert_eq!(shown(&meant("smol", &known(there)).unwrap().default), default, "{there}");
            assert_eq!(shown(&meant("SMOL", &known(there)).unwrap().sources), there);
        }
    }

    #[test]
    fn a_version_is_found_by_its_beginning_and_never_replaced() {
        let there = known("smol@1.4 smol@2.0.1 smol@2.1 smol@21.0 other@3");
        for (asked, found) in [
            ("smol@2", "smol@2.1"),
            ("smol@2.0", "smol@2.0.1"),
            ("smol@1.x", "smol@1.4"),
            ("smol@v21", "smol@21.0"),
            ("smol@latest", "smol@21.0"),
        ] {
            assert_eq!(shown(&meant(asked, &there).unwrap().sources), found, "{asked}");
        }
        for asked in ["smol@3", "smol@2.2", "smol@0", "smol@"] {
            let Err(NotMeant::NoVersion { there, .. }) = meant(asked, &there) else { panic!("{asked}") };
            assert_eq!(shown(&there), "smol@1.4 smol@2.0.1 smol@2.1 smol@21.0");
        }
        assert_eq!(meant("smoll@2", &there), Err(NotMeant::Unknown));
        let mut says = known("pg");
        says[0].says_version = Some("15.4".to_owned());
        assert_eq!(shown(&meant("pg@15", &says).unwrap().sources), "pg");
        assert!(meant("pg@14", &says).is_err());
        let staged = known("a@1.0-rc1 a@dev");
        assert!(matches!(meant("a@stable", &staged), Err(NotMeant::NoVersion { .. })));
    }

    #[test]
    fn a_package_is_meant_as_its_kind_writes_it() {
        let there = known("crate:serde@1.0.219 npm:types/node@20.1.0 npm:types/node@22.0.0 pypi:requests@2.31");
        for (asked, found) in [
            ("crate:serde", "crate:serde@1.0.219"),
            ("crate:serde@1", "crate:serde@1.0.219"),
            ("npm:@types/node", "npm:types/node@22.0.0"),
            ("npm:@types/node@20", "npm:types/node@20.1.0"),
            ("pypi:requests@2.31", "pypi:requests@2.31"),
        ] {
            assert_eq!(shown(&meant(asked, &there).unwrap().default), found, "{asked}");
        }
        assert_eq!(SourceId::of_package("npm", "@types/node", Some("20.1.0")).unwrap().as_str(), "npm:types/node@20.1.0");
        assert!(SourceId::of_package("go", "golang.org/x/net", Some("v0.1.0")).is_ok());
    }

    #[test]
    fn a_host_means_all_its_sources() {
        let there = known("docs.rs/smol@2=docs.rs docs.rs/smol@1=docs.rs docs.rs tokio=www.docs.rs x.test=x.test");
        let meant_all = meant("docs.rs", &there).unwrap();
        assert_eq!(shown(&meant_all.sources), "docs.rs/smol@2 docs.rs/smol@1 docs.rs tokio");
        assert_eq!(shown(&meant_all.default), "docs.rs/smol@2 docs.rs tokio");
        assert_eq!(shown(&meant("docs.rs/smol", &there).unwrap().default), "docs.rs/smol@2");
        assert_eq!(meant("s.rs", &there), Err(NotMeant::Unknown));
        assert_eq!(shown(&meant("docs.rs.", &there).unwrap().default), shown(&meant_all.default));
        // As it was called before.
        assert_eq!(shown(&meant("a.test", &known("a.test.=a.test b.test=b.test")).unwrap().default), "a.test.");
        // Where one is wanted, it is the one that is called so.
        assert_eq!(meant_all.only(" DOCS.rs ").map(SourceId::as_str), Some("docs.rs"));
        assert_eq!(meant_all.only("www.docs.rs"), None);
        assert_eq!(meant("tokio", &there).unwrap().only("tokio").map(SourceId::as_str), Some("tokio"));
        assert_eq!(meant("a", &known("a/x=a a/y=a")).unwrap().only("a"), None);
    }
}
