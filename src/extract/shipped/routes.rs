//! Sites whose pages are routes behind `#`, each of which is a file of markdown that a script would fetch: docsify and Docute. Which file a
//! route is, and to which routes a file leads.

use std::sync::Arc;

use url::Url;

use crate::extract::shipped::answer::Means;
use crate::extract::shipped::beside::{Ask, targets, without_fragment};
use crate::extract::shipped::data::Data;
use crate::extract::shipped::literal;
use crate::extract::shipped::sources::Sources;
use crate::model::{Meter, Page};

/// The routes of one site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes {
    name: &'static str,
    /// The page that shows all of them, without a fragment.
    top: Url,
    /// Where the files are.
    files: Url,
    /// The file of the first route.
    home: String,
    /// Of the name of each file, with its dot.
    ending: String,
    /// Files that name routes and are no pages: `_sidebar.md`.
    lists: Vec<String>,
    /// Whether folders have lists of their own.
    are_nested: bool,
    /// Links are seen from the file that has them; else from the top.
    are_relative: bool,
    /// Routes that the page itself names.
    named: Vec<String>,
    /// Before the path of a route: `#` or `#!`.
    mark: &'static str,
}

impl Routes {
    /// Of a shell that starts such a site, as its scripts say.
    pub(super) fn of(page: &Url, sources: &Sources<'_>, meter: &Meter) -> Option<Self> {
        let top = without_fragment(page.clone());
        let program = |sign: &str| sources.scripts.iter().filter(|script| script.is_program()).find(|script| script.text.contains(sign));
        let loads = |sign: &str| sources.scripts.iter().any(|script| script.source.as_deref().is_some_and(|source| source.contains(sign)));
        let after = |text: &str, sign: &str| text.split_once(sign).map(|(_, after)| after.to_owned()).unwrap_or_default();
        if program("$docsify").is_some() || loads("docsify") {
            let config = program("$docsify").map(|script| after(script.text, "$docsify"));
            let config =
                config.map(|text| literal::value(text.trim_start().strip_prefix('=').unwrap_or_default(), meter)).unwrap_or_default();
            let list = |name: &str, usual: &str| match config.field(name) {
                Some(Data::Text(file)) => Some(file.clone()),
                Some(Data::Flag(true)) => Some(usual.to_owned()),
                _ => None,
            };
            let lists = [list("loadSidebar", "_sidebar.md"), list("loadNavbar", "_navbar.md")].into_iter().flatten().collect();
            let is_history = config.text_of("routerMode") == Some("history");
            let home = config.text_of("homepage").unwrap_or("README.md");
            let files = config.text_of("basePath").and_then(|path| folder(&top, path)).unwrap_or(folder(&top, "")?);
            let ending = config.text_of("ext").unwrap_or(".md");
            let routes = Self {
                name: "docsify",
                files,
                home: home.to_owned(),
                ending: ending.to_owned(),
                lists,
                // One that stands for all of them is usually named so.
                are_nested: !config.field("alias").is_some_and(|alias| alias.fields().iter().any(|(name, _)| name.contains("_sidebar"))),
                are_relative: config.field("relativePath") == Some(&Data::Flag(true)),
                named: Vec::new(),
                mark: if is_history { "" } else { "#" },
                top,
            };
            return Some(routes).filter(|routes| routes.is_at_home());
        }
        let docute = program("new Docute(").map(|script| after(script.text, "new Docute"))?;
        let arguments = literal::value(&format!("f{docute}"), meter);
        let config = arguments.children().next().map(|(_, config)| config.clone()).unwrap_or_default();
        let mut named = Vec::new();
        links_of(&config, &mut named, 0);
        let is_history = config.field("router").and_then(|router| router.text_of("mode")) == Some("history");
        let files = config.text_of("sourcePath").and_then(|path| folder(&top, path)).unwrap_or(folder(&top, "")?);
        let routes = Self {
            name: "Docute",
            files,
            home: "README.md".to_owned(),
            ending: ".md".to_owned(),
            lists: Vec::new(),
            are_nested: false,
            are_relative: true,
            named,
            mark: if is_history { "" } else { "#" },
            top,
        };
        Some(routes).filter(|routes| routes.is_at_home())
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The page that shows all routes.
    pub fn top(&self) -> &Url {
        &self.top
    }

    /// Whether they are behind `#`; else each is an address, and its page is a shell of its own.
    pub fn are_in_fragments(&self) -> bool {
        !self.mark.is_empty()
    }

    /// Files of another origin are nothing that the page stands for.
    fn is_at_home(&self) -> bool {
        self.files.origin() == self.top.origin()
    }

    /// What is asked in the place of the page: files that name routes, and that of the page.
    pub(super) fn asks(self: &Arc<Self>) -> Vec<Ask> {
        // Where routes are addresses, each is the page of one.
        let path = if self.mark.is_empty() { self.top.path().strip_prefix(self.files.path()).unwrap_or_default() } else { "" };
        let page = self.file(path).map(|url| Ask { url, means: Means::Route(self.clone()) });
        self.lists_in("").into_iter().chain(self.lists_at(path)).chain(page).collect()
    }

    /// Lists of the folder that a route is in, where that is none of all.
    pub fn lists_of(self: &Arc<Self>, route: &Url) -> Vec<Ask> {
        let path = route.fragment().filter(|_| self.are_in_fragments()).unwrap_or_default();
        self.lists_at(path.trim_start_matches('!').trim_start_matches('/'))
    }

    fn lists_at(self: &Arc<Self>, path: &str) -> Vec<Ask> {
        let folder = path.split(['?', '#']).next().unwrap_or_default().rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder.is_empty() || !self.are_nested { Vec::new() } else { self.lists_in(&format!("{folder}/")) }
    }

    fn lists_in(self: &Arc<Self>, folder: &str) -> Vec<Ask> {
        let lists = self.lists.iter().filter_map(|list| self.files.join(&format!("{folder}{}", list.trim_start_matches('/'))).ok());
        let lists = lists.filter(|url| url.origin() == self.top.origin() && url.path().starts_with(self.files.path()));
        lists.map(|url| Ask { url, means: Means::Routes(self.clone()) }).collect()
    }

    /// What is asked for a route, where the address is one of this site.
    pub fn ask(self: &Arc<Self>, route: &Url) -> Option<Ask> {
        self.source(route).map(|url| Ask { url, means: Means::Route(self.clone()) })
    }

    fn source(&self, route: &Url) -> Option<Url> {
        self.file(route.fragment()?.trim_start_matches('!'))
    }

    fn file(&self, path: &str) -> Option<Url> {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
        let path = match path {
            "" => self.home.clone(),
            folder if folder.ends_with('/') => format!("{folder}README{}", self.ending),
            file if file.ends_with(&self.ending) => file.to_owned(),
            file => format!("{file}{}", self.ending),
        };
        let url = self.files.join(&path).ok()?;
        (url.origin() == self.files.origin() && url.path().starts_with(self.files.path())).then_some(url)
    }

    /// The routes that the shell itself names.
    pub fn named(&self) -> Vec<Url> {
        self.named.iter().filter_map(|link| self.route(link, "")).collect()
    }

    /// The routes to which a file of the site leads, each once, in order.
    pub fn led_to(&self, file: &Page, meter: &Meter) -> Vec<Url> {
        let within = file.url.path().strip_prefix(self.files.path()).unwrap_or_default();
        let folder = within.rfind('/').filter(|_| self.are_relative).map_or("", |slash| &within[..=slash]);
        let mut met = std::collections::HashSet::new();
        let routes = targets(file, meter).into_iter().filter_map(|target| self.route(&target, folder));
        routes.filter(|route| met.insert(route.clone())).take(MOST).collect()
    }

    /// The address of what a file in `folder` calls so: relative to the folder, or to the top of the site.
    fn route(&self, link: &str, folder: &str) -> Option<Url> {
        let link = link.trim();
        let link = match link.strip_prefix(self.top.as_str()).filter(|rest| rest.starts_with('#')) {
            Some(rest) => rest,
            None if link.contains("://") || link.starts_with("//") || link.starts_with("mailto:") || link.starts_with("tel:") => {
                return None;
            }
            None => link,
        };
        let link = match link.strip_prefix('#').map(|route| route.trim_start_matches('!')) {
            Some(route) if route.starts_with('/') => route,
            // A heading of the same file.
            Some(_) => return None,
            None => link,
        };
        let path = link.split(['?', '#', ':']).next().unwrap_or_default();
        if path.is_empty() {
            return None;
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        // Pictures and archives are no routes; a version is.
        let ending = name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.bytes().all(|byte| byte.is_ascii_alphabetic()));
        if ending.is_some_and(|ending| format!(".{ending}") != self.ending && ending.len() <= 5) {
            return None;
        }
        // Dots are undone as in addresses.
        let base = Url::parse("http://route.invalid/").ok()?.join(folder).ok()?;
        let path = base.join(path).ok()?.path().to_owned();
        let path = path.strip_suffix(&self.ending).unwrap_or(&path);
        let path = path.strip_suffix("README").unwrap_or(path);
        let home = self.home.strip_suffix(&self.ending).unwrap_or(&self.home);
        if path == "/" || path.trim_start_matches('/') == home {
            return Some(self.top.clone());
        }
        if self.mark.is_empty() {
            return self.files.join(path.trim_start_matches('/')).ok();
        }
        let mut route = self.top.clone();
        route.set_fragment(Some(path));
        Some(route)
    }
}

/// The folder of a path, relative to the page.
fn folder(top: &Url, path: &str) -> Option<Url> {
    let path = if path.is_empty() || path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
    let mut folder = top.join("./").ok()?.join(&path).ok()?;
    folder.set_query(None);
    Some(folder)
}

/// `link` of everything that a menu has.
fn links_of(data: &Data, named: &mut Vec<String>, depth: usize) {
    if depth > DEEPEST || named.len() >= MOST {
        return;
    }
    named.extend(data.text_of("link").map(str::to_owned));
    data.children().for_each(|(_, below)| links_of(below, named, depth + 1));
}

/// Routes of one file.
const MOST: usize = 10_000;
const DEEPEST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::shipped::sources::Sources;
    use crate::extract::syntax::Syntax;
    use crate::model::Budget;

    fn routes(page: &str, script: &str) -> Option<Arc<Routes>> {
        let meter = Budget::default().begin();
        let html = format!("<div id=app></div><script>{script}</script>");
        Routes::of(&page.parse().unwrap(), &Sources::of(&html, Syntax::Html, &meter), &meter).map(Arc::new)
    }

    #[test]
    fn a_route_is_a_file() {
        let site = routes("https://a.test/docs/", "window.$docsify = { name: 'x', loadSidebar: true, onlyCover: !1 }").unwrap();
        let source = |route: &str| site.source(&format!("https://a.test/docs/{route}").parse().unwrap()).map(|url| url.path().to_owned());
        for (route, file) in
            [("#/", "README.md"), ("#/guide", "guide.md"), ("#/zh/", "zh/README.md"), ("#!/a/b?id=x", "a/b.md"), ("#/x.md", "x.md")]
        {
            assert_eq!(source(route), Some(format!("/docs/{file}")), "{route}");
        }
        assert_eq!((source("#/../../etc"), source("")), (None, None));
        let asked: Vec<String> = site.asks().iter().map(|ask| ask.url.path().to_owned()).collect();
        assert_eq!(asked, ["/docs/_sidebar.md", "/docs/README.md"]);
    }

    #[test]
    fn folders_have_lists_of_their_own() {
        let lists = |page: &str, route: &str, config: &str| -> Vec<String> {
            let site = routes(page, &format!("window.$docsify = {{ loadSidebar: true, {config} }}")).unwrap();
            let asks = if route.is_empty() { site.asks() } else { site.lists_of(&format!("{page}{route}").parse().unwrap()) };
            asks.iter().map(|ask| ask.url.path().to_owned()).collect()
        };
        let top = "https://a.test/docs/";
        assert_eq!(lists(top, "#/zh/", ""), ["/docs/zh/_sidebar.md"]);
        assert_eq!(lists(top, "#/zh/a/guide?id=x", ""), ["/docs/zh/a/_sidebar.md"]);
        assert!(["#/guide", "#/", "#/../x/y"].iter().all(|route| lists(top, route, "").is_empty()));
        assert!(lists(top, "#/zh/", "alias: {'/.*/_sidebar.md': '/_sidebar.md'}").is_empty(), "one stands for all");
        let led_to = |config: &str| {
            let site = routes(top, &format!("window.$docsify = {{ {config} }}")).unwrap();
            let body = b"[Green](zh/green.md) [Black](black.md) [Top](/top)".to_vec();
            let (url, content_type) = ("https://a.test/docs/zh/_sidebar.md".parse().unwrap(), Some("text/markdown".to_owned()));
            let (validators, fetched_at) = (crate::model::Validators::default(), std::time::SystemTime::UNIX_EPOCH);
            let file =
                Page { url, status: 200, content_type, body, depth: 0, validators, fetched_at, filled: crate::model::Filled::default() };
            let led_to = site.led_to(&file, &Budget::default().begin());
            led_to.iter().map(|url| url.fragment().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(led_to(""), ["/zh/green", "/black", "/top"], "as docsify itself sees them");
        assert_eq!(led_to("relativePath: true"), ["/zh/zh/green", "/zh/black", "/top"]);
        let history = lists("https://a.test/docs/zh/guide", "", "routerMode: 'history', basePath: '/docs/'");
        assert_eq!(history, ["/docs/_sidebar.md", "/docs/zh/_sidebar.md", "/docs/zh/guide.md"]);
    }

    #[test]
    fn links_of_files_are_routes() {
        let site = routes("https://a.test/docs/", "window.$docsify = {}").unwrap();
        let to = |link: &str, folder: &str| site.route(link, folder).map(|url| url.to_string());
        for (link, folder, route) in [
            ("guide.md", "", "#/guide"),
            ("#/guide", "", "#/guide"),
            ("/guide", "a/", "#/guide"),
            ("../b.md#x", "a/", "#/b"),
            ("b", "a/", "#/a/b"),
            ("README.md", "", ""),
            ("zh/README.md", "", "#/zh/"),
            ("v1.2", "", "#/v1.2"),
            ("guide.md ':ignore'", "", "#/guide"),
        ] {
            assert_eq!(to(link.split(' ').next().unwrap(), folder), Some(format!("https://a.test/docs/{route}")), "{link}");
        }
        for other in ["https://b.test/x", "a.png", "mailto:x@y.test", "#", "", "?x", "#boiling"] {
            assert_eq!(to(other, ""), None, "{other}");
        }
    }

    #[test]
    fn docute_names_its_routes_in_its_script() {
        let site = routes("https://a.test/", "new Docute({target: '#docute', sidebar: [{title: 'A', links: [{title: 'G', link: '/guide'}]}], nav: [{link: 'https://b.test'}]})").unwrap();
        assert_eq!(site.named(), ["https://a.test/#/guide".parse().unwrap()]);
        assert_eq!(routes("https://a.test/", "new Vue({})"), None);
        assert_eq!(routes("https://a.test/", "window.$docsify = {basePath: 'https://b.test/'}"), None, "the files of another site");
    }
}
