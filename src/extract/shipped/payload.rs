//! The data of one page that a framework has in a file beside it: its scripts ask for that when a reader comes to the page from another one, and
//! where the page is a shell.

use url::Url;

use crate::extract::shipped::data::Data;
use crate::extract::shipped::sources::Sources;
use crate::extract::shipped::{devalue, literal};
use crate::model::Meter;

/// By the framework, each with a way of its own to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Next,
    Nuxt,
    Svelte,
    /// Remix as well.
    Router,
}

impl Payload {
    pub(super) const ALL: [Self; 4] = [Self::Next, Self::Nuxt, Self::Svelte, Self::Router];

    /// What the data is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Next => "Next data",
            Self::Nuxt => "Nuxt payload",
            Self::Svelte => "SvelteKit data",
            Self::Router => "React Router data",
        }
    }

    /// The address of that of a shell, if it is one of such a framework.
    pub(super) fn beside(self, page: &Url, sources: &Sources<'_>, meter: &Meter) -> Option<Url> {
        let starts = |sign: &str| sources.scripts.iter().any(|script| script.is_program() && script.text.contains(sign));
        let path = page.path();
        let address = match self {
            Self::Next => next(path, sources, meter)?,
            Self::Nuxt => sources.scripts.iter().find(|script| script.id.as_deref() == Some("__NUXT_DATA__"))?.payload.clone()?,
            Self::Svelte if starts("__sveltekit") || starts("kit.start(") => match path.strip_suffix(".html") {
                Some(_) => format!("{path}__data.json"),
                None => format!("{}/__data.json", path.trim_end_matches('/')),
            },
            Self::Router if starts("__reactRouterContext") || starts("__remixContext") => match path.trim_end_matches('/') {
                "" => "/_root.data".to_owned(),
                path => format!("{path}.data"),
            },
            Self::Svelte | Self::Router => return None,
        };
        page.join(&address).ok().filter(|url| url.origin() == page.origin())
    }

    /// What an answer holds.
    pub(super) fn read(self, source: &str, meter: &Meter) -> Data {
        match self {
            Self::Next => {
                let data = literal::value(source, meter);
                data.field("pageProps").cloned().unwrap_or_default()
            }
            Self::Nuxt => devalue::unflattened(&literal::value(source, meter)),
            Self::Svelte => {
                let data = literal::value(source, meter);
                let nodes = data.field("nodes").map(Data::items).unwrap_or_default();
                Data::List(nodes.iter().filter_map(|node| node.field("data")).map(devalue::unflattened).collect())
            }
            // What comes later is on lines of its own.
            Self::Router => devalue::streamed(&literal::value(source.lines().next().unwrap_or_default(), meter)),
        }
    }
}

/// Of pages that are made before they are asked for, or then, there is a file; a shell of others has its text by itself.
fn next(path: &str, sources: &Sources<'_>, meter: &Meter) -> Option<String> {
    let data = sources.scripts.iter().find(|script| script.id.as_deref() == Some("__NEXT_DATA__"))?.data(meter);
    let is_so = |name: &&str| data.field(name) == Some(&Data::Flag(true));
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let build = data.text_of("buildId").filter(|build| !build.is_empty() && build.bytes().all(is_of_name))?;
    ["isFallback", "gsp", "gssp"].iter().any(is_so).then_some(())?;
    let scripts = sources.scripts.iter().filter_map(|script| script.source.as_deref());
    let base =
        scripts.filter(|script| script.starts_with('/') && !script.starts_with("//")).find_map(|script| script.split_once("/_next/"));
    let base = base.map_or("", |(base, _)| base);
    let path = path.strip_prefix(base).unwrap_or(path).trim_matches('/');
    let path = path.strip_suffix(".html").unwrap_or(path);
    // Each language has its folder, also the one that addresses do not name.
    let locale = data.text_of("locale").filter(|locale| path.split('/').next() != Some(locale));
    let parts: Vec<&str> = locale.into_iter().chain(Some(path).filter(|path| !path.is_empty())).collect();
    let path = if parts.is_empty() { "index".to_owned() } else { parts.join("/") };
    Some(format!("{base}/_next/data/{build}/{path}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::syntax::Syntax;
    use crate::model::Budget;

    fn address(payload: Payload, page: &str, head: &str) -> Option<String> {
        let meter = Budget::default().begin();
        let page: Url = format!("https://a.test{page}").parse().unwrap();
        payload.beside(&page, &Sources::of(head, Syntax::Html, &meter), &meter).map(|url| url[url::Position::BeforePath..].to_owned())
    }

    #[test]
    fn each_framework_has_its_files_where_its_scripts_look() {
        let next = |page: &str, more: &str| {
            let data = format!(r#"<script id=__NEXT_DATA__ type=application/json>{{"props":{{}},"buildId":"B-1",{more}}}</script>"#);
            address(Payload::Next, page, &format!("<script src=/docs/_next/static/main.js></script>{data}"))
        };
        assert_eq!(next("/docs/guide/", "\"isFallback\":true").as_deref(), Some("/docs/_next/data/B-1/guide.json"));
        assert_eq!(next("/docs/", "\"gsp\":true").as_deref(), Some("/docs/_next/data/B-1/index.json"));
        assert_eq!(next("/docs/a", "\"gssp\":true,\"locale\":\"en\"").as_deref(), Some("/docs/_next/data/B-1/en/a.json"));
        assert_eq!(next("/docs/en/a", "\"gsp\":true,\"locale\":\"en\"").as_deref(), Some("/docs/_next/data/B-1/en/a.json"));
        // A page that asks for its text in the browser has no such file.
        assert_eq!((next("/docs/a", "\"nextExport\":true"), next("/docs/a", "\"isFallback\":false")), (None, None));
        let nuxt = "<script id=__NUXT_DATA__ data-src=/guide/_payload.json?1 type=application/json>[{}]</script>";
        assert_eq!(address(Payload::Nuxt, "/guide", nuxt).as_deref(), Some("/guide/_payload.json?1"));
        assert_eq!(address(Payload::Nuxt, "/guide", &nuxt.replace("/guide/", "https://b.test/")), None, "another site");
        let svelte = |page| address(Payload::Svelte, page, "<script>__sveltekit_1 = {}; kit.start(app)</script>").unwrap();
        assert_eq!([svelte("/"), svelte("/a/"), svelte("/a.html")], ["/__data.json", "/a/__data.json", "/a.html__data.json"]);
        let router = |page| address(Payload::Router, page, "<script>window.__reactRouterContext = {}</script>").unwrap();
        assert_eq!([router("/"), router("/a/b/")], ["/_root.data", "/a/b.data"]);
        assert!(Payload::ALL.iter().all(|payload| address(*payload, "/", "<script>other()</script>").is_none()));
    }

    #[test]
    fn what_is_none_holds_nothing() {
        let meter = Budget::default().begin();
        for other in [
            "",
            "<!doctype html><p>A page.",
            "[]",
            "{\"type\":\"redirect\",\"location\":\"/x\"}",
            "{\"nodes\":[null,{\"type\":\"skip\"}]}",
            "7",
        ] {
            for payload in Payload::ALL {
                let data = payload.read(other, &meter);
                assert!(data.text().is_none() && data.fields().is_empty(), "{payload:?} {other}: {data:?}");
            }
        }
    }
}
