//! What a source is called that a crawl fills, and what is kept of the crawl so that it can be filled again. Pure.

use url::Url;

use crate::model::{Recipe, SourceId, host};

use super::error::Error;
use super::frontier::normalise;
use super::plan::{CrawlRequest, Robots, Scope};
use super::selection::{LeaveOut, Pattern, is_language_of_path, is_version_of_path};

impl CrawlRequest {
    /// The sources that the seeds are called after, each with its seeds: the host and what of the path names something, and the version in
    /// the path.
    ///
    /// ```
    /// use smolcrawl::crawl::CrawlRequest;
    ///
    /// let called = |seed| CrawlRequest::parse(&[seed]).unwrap().sources()[0].0.to_string();
    /// assert_eq!(called("https://docs.rs/smol/2.0.1/smol/index.html"), "docs.rs/smol@2.0.1");
    /// assert_eq!(called("https://docs.djangoproject.com/en/5.0/"), "docs.djangoproject.com@5.0");
    /// assert_eq!(called("https://a.test/"), "a.test");
    /// ```
    pub fn sources(&self) -> Vec<(SourceId, Vec<Url>)> {
        let mut sources: Vec<(SourceId, Vec<Url>)> = Vec::new();
        for seed in &self.seeds {
            let source = if self.scope == Scope::Prefix && self.depth > 0 { called(seed) } else { SourceId::of(seed) };
            match sources.iter_mut().find(|(known, _)| *known == source) {
                Some((_, seeds)) => seeds.push(seed.clone()),
                None => sources.push((source, vec![seed.clone()])),
            }
        }
        sources
    }

    /// What is kept of it, for a source of these seeds: without user names and passwords.
    pub fn recipe(&self, seeds: Vec<Url>) -> Recipe {
        let seeds = seeds.into_iter().map(normalise).collect();
        let texts = |patterns: &[Pattern]| patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect();
        Recipe {
            seeds,
            scope: self.scope.as_str().to_owned(),
            depth: self.depth,
            max_pages: self.max_pages,
            max_requests: self.max_requests,
            max_bytes: self.max_bytes,
            include: texts(&self.include),
            exclude: texts(&self.exclude),
            sitemaps: self.sitemaps.as_str().to_owned(),
            language: self.language.clone(),
            everything: self.leave_out == LeaveOut::Nothing,
            ignore_robots: self.robots == Robots::Ignore,
            render: self.render.map(|render| render.as_str().to_owned()),
            scripted: self.scripted.clone(),
            files: None,
        }
    }

    /// The crawl that a recipe is of.
    ///
    /// # Errors
    /// [`Error::NoSeed`], [`Error::Pattern`] and [`Error::Recipe`], where the file was made by another program.
    pub fn of(recipe: &Recipe) -> Result<Self, Error> {
        let unknown = |what: &str| Error::Recipe { what: what.chars().take(100).collect() };
        let patterns = |texts: &[String]| texts.iter().map(|text| Pattern::parse(text)).collect::<Result<Vec<_>, _>>();
        if recipe.seeds.is_empty() {
            return Err(Error::NoSeed);
        }
        Ok(Self {
            scope: recipe.scope.parse().map_err(|_| unknown(&recipe.scope))?,
            depth: recipe.depth,
            max_pages: recipe.max_pages,
            max_requests: recipe.max_requests,
            max_bytes: recipe.max_bytes,
            include: patterns(&recipe.include)?,
            exclude: patterns(&recipe.exclude)?,
            sitemaps: recipe.sitemaps.parse().map_err(|_| unknown(&recipe.sitemaps))?,
            language: recipe.language.clone(),
            render: recipe.render.as_deref().map(|render| render.parse().map_err(|_| unknown(render))).transpose()?,
            scripted: recipe.scripted.clone(),
            leave_out: if recipe.everything { LeaveOut::Nothing } else { LeaveOut::Usual },
            robots: if recipe.ignore_robots { Robots::Ignore } else { Robots::Obey },
            ..Self::new(recipe.seeds.clone())
        })
    }
}

/// Host and folder without what is a language, a version or said before; with the last version that is in it.
fn called(seed: &Url) -> SourceId {
    let path = seed.path();
    let folder = &path[..=path.rfind('/').unwrap_or(0)];
    let last = &path[folder.len()..];
    let last = Some(last).filter(|last| !last.contains('.') || name_and_version(last).1.is_some());
    let (mut name, mut version) = (host(seed), None);
    let mut said: Vec<String> = Vec::new();
    for segment in folder.split('/').chain(last).filter(|segment| !segment.is_empty()) {
        let (word, of_segment) = name_and_version(segment);
        version = of_segment.or(version);
        let Some(word) = word else { continue };
        let plain = word.to_ascii_lowercase().replace('-', "_");
        if !is_language_of_path(word) && !said.contains(&plain) && said.len() < LONGEST {
            name = format!("{name}/{word}");
            said.push(plain);
        }
    }
    // What a name cannot have is escaped in a path; only its length may be too much.
    SourceId::new(&name, version).unwrap_or_else(|_| SourceId::of(seed))
}

/// What a segment of a path names, and which version: `2.0`, `dev`, `qt-6.5`, `release-2`, `latest-v20.x`, `net@v0.20.0`.
fn name_and_version(segment: &str) -> (Option<&str>, Option<&str>) {
    // As packages of npm are written, whose scopes have a mark.
    let plain = segment.strip_prefix('@').unwrap_or(segment);
    let is_branch = |word: &str| BRANCHES.iter().any(|branch| word.eq_ignore_ascii_case(branch));
    if is_version_of_path(plain) || is_branch(plain) {
        return (None, Some(plain));
    }
    if let Some((name, version)) = plain.split_once('@').filter(|(name, version)| !name.is_empty() && is_version_of_path(version)) {
        return (Some(name), Some(version));
    }
    let joined = plain.char_indices().filter(|(_, c)| matches!(c, '-' | '_')).map(|(at, _)| (&plain[..at], &plain[at + 1..]));
    for (name, version) in joined {
        let says_so = ["version", "release", "rel", "branch", "stable", "latest"].iter().any(|word| name.eq_ignore_ascii_case(word));
        // "part-2" is no version, "utf-8" has none, and "2.0-is-there" is the title of some news.
        let is_number = version.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'v' | b'x'));
        if is_number
            && is_version_of_path(version)
            && (says_so || version.contains('.') && name.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            return (Some(name).filter(|_| !says_so), Some(version));
        }
    }
    (Some(plain), None)
}

/// What is called so where a version stands is what is being worked on, or the newest.
const BRANCHES: [&str; 6] = ["current", "dev", "devel", "main", "trunk", "unstable"];

/// Segments of a path that are in a name.
const LONGEST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::{Render, Sitemaps};

    #[test]
    fn sources_are_called_after_their_seeds() {
        for (seed, name) in [
            ("https://a.test/", "a.test"),
            ("http://a.test:8080/index.html", "a.test:8080"),
            ("https://a.test/docs", "a.test/docs"),
            ("https://a.test/docs/start.html", "a.test/docs"),
            ("https://docs.rs/tokio-util/latest/tokio_util/", "docs.rs/tokio-util@latest"),
            ("https://www.postgresql.org/docs/14/", "www.postgresql.org/docs@14"),
            ("https://docs.python.org/3/library/asyncio.html", "docs.python.org/library@3"),
            ("https://a.test/projects/x/en/stable/", "a.test/projects/x@stable"),
            ("https://a.test/docs/v1.2", "a.test/docs@v1.2"),
            ("https://a.test/pt-br/", "a.test"),
            ("https://a.test/a/b/c/d/e/f/", "a.test/a/b/c/d"),
            ("https://a.test/sitemap.xml", "a.test"),
            ("https://a.test/qt-6.5/", "a.test/qt@6.5"),
            ("https://a.test/docs/kettle-1.0.0", "a.test/docs/kettle@1.0.0"),
            ("https://a.test/docs/release-2/guide/", "a.test/docs/guide@2"),
            ("https://a.test/docs/latest-v20.x/api/", "a.test/docs/api@v20.x"),
            ("https://a.test/docs/current/", "a.test/docs@current"),
            ("https://a.test/en/dev/", "a.test@dev"),
            ("https://a.test/2.0.0%2Bbuild5/", "a.test@2.0.0%2Bbuild5"),
            ("https://a.test/npm/@scope/kettle@1.2.3/", "a.test/npm/scope/kettle@1.2.3"),
            ("https://a.test/utf-8/part-2/http-2/", "a.test/utf-8/part-2/http-2"),
            ("https://a.test/news/kettle-2.0-is-there/", "a.test/news/kettle-2.0-is-there"),
            ("https://a.test/kettle-2.0.html", "a.test"),
            ("https://a.test/@user/", "a.test/user"),
        ] {
            let request = CrawlRequest::parse(&[seed]).unwrap();
            assert_eq!(request.sources(), [(SourceId::named(name).unwrap(), request.seeds.clone())], "{seed}");
        }
        let both = CrawlRequest::parse(&["https://a.test/1.0/", "https://a.test/2.0/", "https://a.test/1.0/x/../y.html"]).unwrap();
        let named: Vec<_> = both.sources().into_iter().map(|(source, seeds)| (source.to_string(), seeds.len())).collect();
        assert_eq!(named, [("a.test@1.0".to_owned(), 2), ("a.test@2.0".to_owned(), 1)]);
        let host = CrawlRequest::parse(&["https://a.test/1.0/"]).unwrap();
        assert_eq!(host.clone().scope(Scope::Host).sources()[0].0.as_str(), "a.test");
        assert_eq!(host.depth(0).sources()[0].0.as_str(), "a.test");
    }

    #[test]
    fn a_recipe_is_the_crawl_it_is_of() {
        let request = CrawlRequest::parse(&["https://a.test/docs/"]).unwrap().scope(Scope::Host).depth(7).max_pages(9).max_bytes(5);
        let request = request.include(Pattern::parse("/api").unwrap()).exclude(Pattern::parse("re:x").unwrap()).language("de");
        let request = request.sitemaps(Sitemaps::Only).leave_out(LeaveOut::Nothing).robots(Robots::Ignore).max_requests(77);
        let request = CrawlRequest { scripted: vec!["https://a.test".to_owned()], ..request.render(Render::Always) };
        let recipe = request.recipe(vec!["https://me:secret@a.test/docs/".parse().unwrap()]);
        assert_eq!(recipe.seeds, request.seeds);
        let written = serde_json::to_string(&recipe).unwrap();
        assert_eq!(CrawlRequest::of(&serde_json::from_str(&written).unwrap()).unwrap(), request);
        for wrong in [
            Recipe { seeds: vec![], ..recipe.clone() },
            Recipe { scope: "all".into(), ..recipe.clone() },
            Recipe { include: vec!["re:(".into()], ..recipe.clone() },
            Recipe { sitemaps: String::new(), ..recipe.clone() },
            Recipe { render: Some("often".into()), ..recipe },
        ] {
            assert!(CrawlRequest::of(&wrong).unwrap_err().hint().is_some());
        }
    }
}
