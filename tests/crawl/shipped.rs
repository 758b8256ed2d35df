//! Sites whose pages scripts fill in: what they ship for their scripts is read in the place of their pages.

use std::io::Write;

use smolcrawl::crawl::{CrawlReport, Refetched, Robots, Visit};
use smolcrawl::extract;
use smolcrawl::model::{Filled, Page, Validators};

use crate::site::{Asked, Reply};
use crate::{World, request, url};

pub(crate) const WORDS: &str = "A kettle boils water in two minutes, and a pot takes longer.";

pub(crate) fn shell(head: &str) -> Reply {
    Reply::html(format!("<!doctype html><html><head><title>Docs</title>{head}</head><body><div id=app></div></body></html>"))
}

pub(crate) fn markdown(text: &str) -> Reply {
    Reply::new(200, "text/markdown", text)
}

pub(crate) fn json(text: &str) -> Reply {
    Reply::new(200, "application/json", text)
}

/// The pages with their texts and where these came from, by address.
pub(crate) fn crawled(world: &World, seed: &str) -> (Vec<(String, String, String)>, CrawlReport) {
    let mut crawl = world.crawler().crawl(request(seed));
    let mut pages = Vec::new();
    let report = world.handle.block_on(async {
        while let Some(visit) = crawl.next().await {
            if let Visit::Page(page) = visit {
                pages.push(page);
            }
        }
        crawl.finish()
    });
    let mut told: Vec<_> = pages.iter().map(told).collect();
    told.sort();
    (told, report)
}

pub(crate) fn told(page: &Page) -> (String, String, String) {
    match extract::document(page) {
        Ok(document) => (document.url.to_string(), document.markdown, document.filled.to_string()),
        Err(why) => (page.url.to_string(), why.to_string(), "nothing".to_owned()),
    }
}

pub(crate) fn urls(pages: &[(String, String, String)]) -> Vec<&str> {
    pages.iter().map(|(url, ..)| url.as_str()).collect()
}

#[test]
fn a_site_of_routes_is_crawled_by_its_sidebar() {
    let world = World::new();
    world.site.reply(
        "a.test/docs/",
        shell("<script>window.$docsify = {name: 'Tea', loadSidebar: true}</script><script src=//cdn.test/docsify.js></script>"),
    );
    world.site.reply(
        "a.test/docs/_sidebar.md",
        markdown("- [Home](/)\n- [Guide](guide.md)\n- [Deep](/more/deep)\n- [Gone](gone.md)\n- [Away](http://b.test/)\n"),
    );
    world.site.reply("a.test/docs/README.md", markdown(&format!("# Tea\n\n{WORDS} See [guide](guide.md).\n")));
    world.site.on("a.test/docs/guide.md", |asked: &Asked| match asked.header("if-none-match") {
        Some("\"1\"") => Reply::status(304),
        _ => markdown(&format!("# Guide\n\nThe guide. {WORDS} [Next](more/other?id=x) ![](a.png)\n")).header("ETag", "\"1\""),
    });
    world.site.reply("a.test/docs/more/deep.md", markdown("# Deep\n\nShort.\n"));
    world.site.reply("a.test/docs/more/other.md", markdown("# Other\n\nAnother short page.\n"));
    world.site.reply("a.test/docs/gone.md", Reply::status(404));
    let (pages, report) = crawled(&world, "http://a.test/docs/");
    assert_eq!(
        urls(&pages),
        ["http://a.test/docs/", "http://a.test/docs/#/guide", "http://a.test/docs/#/more/deep", "http://a.test/docs/#/more/other"]
    );
    assert!(pages.iter().all(|(.., filled)| filled == "shipped:docsify"), "{pages:?}");
    assert!(pages[1].1.starts_with("# Guide\n\nThe guide."));
    assert_eq!((report.shipped["docsify"], report.pages, report.failures(), report.left), (4, 4, 1, 0), "{report:?}");
    let once = |target: &str| world.site.targets().iter().filter(|asked| *asked == target).count();
    assert_eq!((once("a.test/docs/guide.md"), once("a.test/docs/README.md"), once("a.test/docs/gone.md")), (1, 1, 1));

    // A refresh asks for the file of the route, under its validators.
    let guide = url("http://a.test/docs/#/guide");
    let filled = Filled::Shipped("docsify".into());
    let known = Validators { etag: Some("\"1\"".into()), last_modified: None, twin: Some(url("http://a.test/docs/guide.md")) };
    let again = |known: &Validators| world.handle.block_on(world.crawler().refetch_filled(&guide, known, &filled, Robots::Obey));
    assert!(matches!(again(&known), Ok(Refetched::Unchanged)));
    let Ok(Refetched::Page(page, _)) = again(&Validators { etag: None, ..known.clone() }) else { panic!("it has changed") };
    assert_eq!((page.url.as_str(), &page.filled), (guide.as_str(), &filled));
    world.site.reply("a.test/docs/guide.md", Reply::status(404));
    assert!(matches!(again(&known), Ok(Refetched::Gone)));

    // A route whose file is not there has the status of that.
    let gone = world.handle.block_on(world.crawler().fetch(&url("http://a.test/docs/#/gone"), Robots::Obey));
    assert!(gone.as_ref().is_err_and(|error| format!("{error:?}").contains("404")), "{gone:?}");

    // A route is fetched as people open it.
    let deep = world.handle.block_on(world.crawler().fetch(&url("http://a.test/docs/#/more/deep"), Robots::Obey)).unwrap();
    assert_eq!(told(&deep), ("http://a.test/docs/#/more/deep".into(), "# Deep\n\nShort.".into(), "shipped:docsify".into()));
}

#[test]
fn robots_are_asked_for_the_files_of_routes() {
    let world = World::new();
    world
        .site
        .reply("a.test/", shell("<script>new Docute({sidebar: [{title: 'x', links: [{link: '/open'}, {link: '/closed'}]}]})</script>"));
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nDisallow: /closed.md\n"));
    world.site.reply("a.test/README.md", markdown(WORDS)).reply("a.test/open.md", markdown("# Open\n\nAn open page.\n"));
    world.site.reply("a.test/closed.md", markdown("# Closed\n"));
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!(urls(&pages), ["http://a.test/", "http://a.test/#/open"]);
    assert_eq!((report.skips(), report.left), (1, 0), "{report:?}");
    assert!(!world.site.targets().contains(&"a.test/closed.md".to_owned()));
}

#[test]
fn what_a_page_shows_of_an_interface_is_the_page() {
    const INTERFACE: &str = r#"{"openapi":"3.0.0","info":{"title":"Kettles","version":"1"},"paths":{"/boil":{"get":{"summary":"Boils the water","responses":{"200":{"description":"Boiled"}}}}}}"#;
    for head in [
        "<script>window.onload = function() { const ui = SwaggerUIBundle({ url: '/api.json', dom_id: '#swagger-ui' }) }</script>",
        "<script src=./swagger-initializer.js></script>",
        "<script>Redoc.init('api.json', {}, document.body)</script>",
        "<script id=api-reference data-url=/api.json></script>",
        "<script>Scalar.createApiReference('#app', { url: '/api.json' })</script>",
        "</head><body><redoc spec-url=/api.json></redoc><script src=redoc.js></script>",
    ] {
        let world = World::new();
        world.site.reply("a.test/", shell(head)).reply("a.test/api.json", json(INTERFACE));
        world.site.reply(
            "a.test/swagger-initializer.js",
            Reply::new(200, "text/javascript", "window.ui = SwaggerUIBundle({\n urls: [{url: \"/api.json\", name: \"x\"}] });"),
        );
        let (pages, report) = crawled(&world, "http://a.test/");
        assert_eq!(urls(&pages), ["http://a.test/"], "{head}");
        assert!(pages[0].1.contains("Boils the water") && pages[0].2 == "shipped:OpenAPI", "{head} {pages:?}");
        assert_eq!(report.shipped["OpenAPI"], 1);
    }
}

#[test]
fn data_beside_a_page_is_read_by_its_generator() {
    let world = World::new();
    world.site.reply("a.test/", Reply::html("<body><a href=/g/pots/>x</a><a href=/m/pots/>x</a><a href=/m/pans/>x</a><a href=/d/pots>x</a><a href=/s/pots.html>x</a><a href=/mint/pots>x</a><a href=/sb/>x</a><p>An index of the other pages of this site."));
    world.site.reply("a.test/g/pots/", Reply::html("<body><div id=___gatsby></div><script src=/g/app-1.js></script>"));
    world.site.reply("a.test/g/page-data/pots/page-data.json", json(&format!(r#"{{"componentChunkName":"x","path":"/pots/","result":{{"data":{{"markdownRemark":{{"html":"<p>Gatsby: {WORDS}</p>","frontmatter":{{"title":"Pots"}}}}}},"pageContext":{{"id":"a-b-c"}}}}}}"#)));
    for page in ["pots", "pans"] {
        world.site.reply(&format!("a.test/m/{page}/"), Reply::html(format!("<head><meta name=generator content='mkdocs-1.5'></head><body><div id=app></div><script>var base_url = '..'</script><i hidden>{page}</i>")));
    }
    world.site.reply("a.test/m/search/search_index.json", json(&format!(r#"{{"docs":[{{"location":"pots/","title":"Pots","text":"<p>MkDocs: {WORDS}</p>"}},{{"location":"pans/","title":"Pans","text":"Pans are flat and wide, and nothing for tea."}}]}}"#)));
    world.site.reply("a.test/d/pots", Reply::html("<body><div id=__docusaurus></div><script src=/d/assets/js/main.1.js></script>"));
    world.site.reply("a.test/d/search-index.json", json(&format!(r##"[{{"documents":[{{"i":1,"t":"Pots","u":"/d/pots","b":[]}}]}},{{"documents":[{{"i":2,"t":"Docusaurus: {WORDS}","s":"Boiling","u":"/d/pots","h":"#b","p":1}}]}}]"##)));
    world.site.reply(
        "a.test/s/pots.html",
        Reply::html("<html data-content_root='./'><body><div id=app></div><script>DOCUMENTATION_OPTIONS = {}</script>"),
    );
    world.site.reply(
        "a.test/s/searchindex.js",
        Reply::new(
            200,
            "text/javascript",
            r#"Search.setIndex({docnames:["index","pots"],filenames:["index.rst","pots.rst"],titles:["I","P"]})"#,
        ),
    );
    world.site.reply("a.test/s/_sources/pots.rst.txt", Reply::new(200, "text/plain", format!("Pots\n====\n\nSphinx: {WORDS}\n")));
    world.site.reply(
        "a.test/mint/pots",
        Reply::html("<head><meta name=generator content=Mintlify></head><body><div id=__next></div><script src=a.js></script>"),
    );
    world.site.reply("a.test/mint/pots.md", markdown(&format!("# Pots\n\nMintlify: {WORDS}\n")));
    world.site.reply("a.test/sb/", Reply::html("<body><div id=storybook-root></div><script src=a.js></script>"));
    world.site.reply("a.test/sb/index.json", json(r#"{"v":4,"entries":{"kettle--on":{"type":"story","title":"Kitchen/Kettle","name":"Switched on"},"kettle--off":{"title":"Kitchen/Kettle","name":"Switched off"}}}"#));
    let (pages, report) = crawled(&world, "http://a.test/");
    let of = |address: &str| {
        let (_, text, filled) =
            pages.iter().find(|(url, ..)| *url == format!("http://a.test{address}")).unwrap_or_else(|| panic!("{address} {pages:?}"));
        (text.as_str(), filled.as_str())
    };
    for (address, text, filled) in [
        ("/g/pots/", format!("# Pots\n\nGatsby: {WORDS}"), "shipped:page-data.json"),
        ("/m/pots/", format!("# Pots\n\nMkDocs: {WORDS}"), "shipped:MkDocs"),
        ("/m/pans/", "# Pans\n\nPans are flat and wide, and nothing for tea.".to_owned(), "shipped:MkDocs"),
        ("/d/pots", format!("# Pots\n\n## Boiling\n\nDocusaurus: {WORDS}"), "shipped:Docusaurus"),
        ("/s/pots.html", format!("# Pots\n\nSphinx: {WORDS}"), "shipped:Sphinx source"),
        ("/mint/pots", format!("# Pots\n\nMintlify: {WORDS}"), "shipped:Mintlify"),
        ("/sb/", "# Components and stories\n\n## Kitchen/Kettle\n\n- Switched on\n- Switched off".to_owned(), "shipped:Storybook index"),
    ] {
        let (read, by) = of(address);
        assert_eq!((read.trim(), by), (text.as_str(), filled), "{address}");
    }
    let index = world.site.targets().iter().filter(|asked| asked.ends_with("search_index.json")).count();
    assert_eq!((index, report.shipped["MkDocs"]), (1, 2), "one index serves all pages");
}

#[test]
fn a_file_that_an_element_of_the_site_shows_is_the_page() {
    let world = World::new();
    let page = |body: &str| {
        Reply::html(format!("<title>Tea</title><nav><a href=/>Tea</a> <a href=/pots.html>Pots</a></nav>{body}<script src=a.js></script>"))
    };
    world.site.reply("a.test/", page("<zero-md src='docs/tea.md?v=2'></zero-md>"));
    world.site.reply("a.test/pots.html", page("<main data-markdown=/docs/pots.md></main>"));
    world.site.reply("a.test/docs/tea.md?v=2", markdown(&format!("# Tea\n\nTea: {WORDS} [Two](/two.html)\n")));
    world.site.reply("a.test/docs/pots.md", markdown(&format!("# Pots\n\nPots: {WORDS}\n")));
    // Of several none is the page.
    world.site.reply("a.test/two.html", page("<zero-md src=docs/tea.md></zero-md><zero-md src=docs/pots.md></zero-md>"));
    let (pages, report) = crawled(&world, "http://a.test/");
    let of = |address: &str| pages.iter().find(|(url, ..)| url == address).map(|(_, text, filled)| (text.as_str(), filled.as_str()));
    let text = |name: &str| format!("# {name}\n\n{name}: {WORDS}");
    assert!(
        of("http://a.test/").is_some_and(|(read, by)| read.starts_with(&text("Tea")) && by == "shipped:source of the page"),
        "{pages:?}"
    );
    assert_eq!(of("http://a.test/pots.html"), Some((&*text("Pots"), "shipped:source of the page")), "{pages:?}");
    assert!(of("http://a.test/two.html").is_some_and(|(read, _)| read.starts_with("needs a browser")), "{pages:?}");
    assert_eq!((pages.len(), report.failures(), report.left), (3, 0, 0));
    assert!(report.passed_over.is_empty(), "their menus are there: {report:?}");
}

#[test]
fn folders_of_a_site_of_routes_have_sidebars_of_their_own() {
    let world = World::new();
    world.site.reply("a.test/", shell("<script>window.$docsify = {loadSidebar: true}</script>"));
    world.site.reply("a.test/_sidebar.md", markdown("- [Guide](guide.md)\n- [Tea](tea/)\n- [More](tea/more.md)\n- [Pots](pots/)\n"));
    world.site.reply("a.test/tea/_sidebar.md", markdown("- [Green](tea/green.md)\n- [Black](/tea/black)\n"));
    for page in ["README", "guide", "tea/README", "tea/more", "tea/green", "tea/black", "pots/README"] {
        world.site.reply(&format!("a.test/{page}.md"), markdown(&format!("# Page {page}\n\n{page}. {WORDS}\n")));
    }
    let (pages, report) = crawled(&world, "http://a.test/");
    let expected =
        ["", "#/guide", "#/pots/", "#/tea/", "#/tea/more", "#/tea/green", "#/tea/black"].map(|page| format!("http://a.test/{page}"));
    let mut found: Vec<String> = urls(&pages).into_iter().map(str::to_owned).collect();
    found.sort_by_key(|url| expected.iter().position(|known| known == url));
    assert_eq!(found, expected);
    assert_eq!((report.shipped["docsify"], report.failures(), report.left), (7, 0, 0), "{report:?}");
    for list in ["a.test/_sidebar.md", "a.test/tea/_sidebar.md", "a.test/pots/_sidebar.md"] {
        assert_eq!(world.site.targets().iter().filter(|asked| *asked == list).count(), 1, "{list}");
    }
    // Folders without one, however many, keep no page from its text.
    let world = World::new();
    world.site.reply("a.test/", shell("<script>window.$docsify = {loadSidebar: true}</script>"));
    let folders: String = (0..20).map(|folder| format!("- [Folder](folder-{folder}/)\n")).collect();
    world.site.reply("a.test/_sidebar.md", markdown(&folders)).reply("a.test/README.md", markdown(WORDS));
    for folder in 0..20 {
        world.site.reply(&format!("a.test/folder-{folder}/README.md"), markdown(&format!("# Folder {folder}\n\nOf {folder}. {WORDS}\n")));
    }
    let (pages, report) = crawled(&world, "http://a.test/");
    let lists = world.site.targets().iter().filter(|asked| asked.ends_with("/_sidebar.md")).count();
    assert_eq!((pages.len(), report.failures(), report.left), (21, 0, 0), "{report:?}");
    assert!(lists < 21, "what is not there is asked for no more: {lists}");
}

#[test]
fn a_description_is_found_by_way_of_scripts_and_settings() {
    const INTERFACE: &str = r#"{"openapi":"3.0.0","info":{"title":"Kettles","version":"1"},"paths":{"/boil":{"get":{"summary":"Boils the water","responses":{}}}}}"#;
    let page = |script: &str| {
        Reply::html(format!(
            "<title>Swagger UI</title><div id=swagger-ui></div><script src=./swagger-ui-bundle.js></script><script src=./{script}></script>"
        ))
    };
    let program = |text: String| Reply::new(200, "text/javascript", text);
    for (script, text) in [
        (
            "swagger-ui-init.js",
            format!(
                "let options = {{\"swaggerDoc\": {INTERFACE}}}; let doc = options.swaggerDoc; let all = {{ spec: doc, url: url }}; SwaggerUIBundle(all)"
            ),
        ),
        ("index.js", "var c = JSON.parse('{\"urls\":[{\"url\":\"api.json\",\"name\":\"One\"}]}'); SwaggerUIBundle(c)".to_owned()),
        ("swagger-initializer.js", "window.ui = SwaggerUIBundle({ url: '', \"configUrl\" : \"/v3/swagger-config\" })".to_owned()),
    ] {
        let world = World::new();
        world.site.reply("a.test/docs/", page(script)).reply(&format!("a.test/docs/{script}"), program(text));
        world.site.reply("a.test/docs/api.json", json(INTERFACE)).reply("a.test/v3/api-docs", json(INTERFACE));
        world.site.reply("a.test/v3/swagger-config", json(r#"{"configUrl":"/v3/swagger-config","url":"/v3/api-docs"}"#));
        let (pages, report) = crawled(&world, "http://a.test/docs/");
        assert_eq!(urls(&pages), ["http://a.test/docs/"], "{script}");
        assert!(pages[0].1.contains("Boils the water") && pages[0].2 == "shipped:OpenAPI", "{script} {pages:?}");
        assert_eq!((report.shipped["OpenAPI"], report.failures()), (1, 0), "{script}");
        assert!(!world.site.targets().iter().any(|target| target.ends_with("bundle.js")), "{:?}", world.site.targets());
        // And so it is where a refresh asks for it.
        let fetched = world.handle.block_on(world.crawler().fetch(&url("http://a.test/docs/"), Robots::Obey)).unwrap();
        let again = world.crawler();
        let again = world.handle.block_on(again.refetch_filled(&fetched.url, &fetched.validators, &fetched.filled, Robots::Obey));
        let Ok(Refetched::Page(again, _)) = again else { panic!("{script}: {again:?}") };
        assert_eq!(told(&again), told(&fetched), "{script}");
    }
}

#[test]
fn data_of_a_page_in_a_file_of_its_framework_is_read() {
    let html = format!("<p>{WORDS} See <a href=/pots>pots</a>.</p>");
    let next = r#"<script src=/_next/static/main.js></script><script id=__NEXT_DATA__ type=application/json>{"props":{"pageProps":{}},"page":"/[slug]","buildId":"B1","isFallback":true}</script>"#;
    let nuxt = r#"<script type=application/json id=__NUXT_DATA__ data-src="/_payload.json?1">[{"prerenderedAt":1},17]</script>"#;
    let svelte = "<script>__sveltekit_1 = {}; kit.start(app, element)</script>";
    let router = "<script>window.__reactRouterContext = {\"isSpaMode\":true};</script>";
    let value = serde_json::json!({ "title": "Kettles", "html": html });
    let flat = serde_json::json!([{ "page": 1 }, { "title": 2, "html": 3 }, "Kettles", html]);
    let streamed =
        serde_json::json!([{ "_1": 2 }, "routes/kettles", { "_3": 4 }, "data", { "_5": 6, "_7": 8 }, "title", "Kettles", "html", html]);
    for (name, head, file, data) in [
        ("Next data", next, "_next/data/B1/index.json", serde_json::json!({ "pageProps": { "doc": value } }).to_string()),
        (
            "Nuxt payload",
            nuxt,
            "_payload.json?1",
            serde_json::json!([{ "data": 1 }, ["ShallowReactive", 2], { "page": 3 }, { "title": 4, "html": 5 }, "Kettles", html])
                .to_string(),
        ),
        (
            "SvelteKit data",
            svelte,
            "__data.json",
            serde_json::json!({ "type": "data", "nodes": [null, { "type": "data", "data": flat }] }).to_string(),
        ),
        ("React Router data", router, "_root.data", format!("{streamed}\nP9:[]\n")),
    ] {
        let world = World::new();
        world.site.reply("a.test/", shell(head)).reply(&format!("a.test/{file}"), json(&data)).page("a.test/pots", &[]);
        let (pages, report) = crawled(&world, "http://a.test/");
        assert_eq!(urls(&pages), ["http://a.test/", "http://a.test/pots"], "{name}: links of the text are followed");
        assert_eq!(pages[0].1, format!("# Kettles\n\n{WORDS} See [pots](http://a.test/pots)."), "{name}");
        assert_eq!((pages[0].2.as_str(), report.shipped[name], report.failures()), (&*format!("shipped:{name}"), 1, 0), "{name}");
        let known = Validators { twin: Some(url(&format!("http://a.test/{file}"))), ..Validators::default() };
        let again = world.crawler();
        let filled = Filled::Shipped(name.into());
        let again = world.handle.block_on(again.refetch_filled(&url("http://a.test/"), &known, &filled, Robots::Obey));
        let Ok(Refetched::Page(again, _)) = again else { panic!("{name}: {again:?}") };
        assert_eq!(told(&again).1, pages[0].1, "{name}");
        // Where it is not there, nothing is made up.
        world.site.reply(&format!("a.test/{file}"), Reply::html("<!doctype html><p>The application, whatever was asked for.</p>"));
        let (pages, _) = crawled(&world, "http://a.test/");
        assert!(pages[0].1.starts_with("needs a browser"), "{name}: {pages:?}");
    }
}

/// Packed as Pagefind packs its files.
fn packed(bytes: &[u8]) -> Reply {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"pagefind_dcd").unwrap();
    gzip.write_all(bytes).unwrap();
    Reply::new(200, "application/octet-stream", gzip.finish().unwrap())
}

/// A version, and pages with their numbers of words.
fn index_of(names: &[String]) -> Reply {
    let text = |text: &str| [&[0x78, text.len() as u8], text.as_bytes()].concat();
    let pages: Vec<u8> = names.iter().flat_map(|name| [&[0x82][..], &text(name), &[0x18, 40]].concat()).collect();
    packed(&[&[0x85][..], &text("1.5.2"), &[0x98, names.len() as u8], &pages, &[0x80, 0x80, 0x80]].concat())
}

#[test]
fn fragments_of_a_search_are_each_read_once() {
    let world = World::new();
    let links: String = (0..20).map(|page| format!("<a href=/d/{page}/>{page}</a> ")).collect();
    world.site.reply("a.test/d/", Reply::html(format!("<h1>Kettles</h1><p>All the kettles of this house.</p>{links}")));
    let entry = r#"{"version":"1.5.2","languages":{"de":{"hash":"de_1","page_count":1},"en":{"hash":"en_1","page_count":20}}}"#;
    world.site.reply("a.test/d/pagefind/pagefind-entry.json", json(entry));
    // One of them is missing, which ends nothing.
    let names: Vec<String> = (0..5).chain([404]).chain(5..20).map(|page| format!("en_{page}")).collect();
    world.site.reply("a.test/d/pagefind/pagefind.en_1.pf_meta", index_of(&names));
    world.site.reply("a.test/d/pagefind/pagefind.de_1.pf_meta", index_of(&["de_0".to_owned()]));
    for page in 0..20 {
        world.site.reply(
            &format!("a.test/d/{page}/"),
            shell(&format!("<meta name=p content={page}><script src='/d/pagefind/pagefind-ui.js'></script>")),
        );
        let fragment = format!(
            "{{\"url\":\"/{page}/\",\"content\":\"Kettle {page}. Boiling. {WORDS}\",\"meta\":{{\"title\":\"Kettle {page}\"}},\
             \"anchors\":[{{\"element\":\"h2\",\"text\":\"Boiling\",\"location\":2}}]}}"
        );
        world.site.reply(&format!("a.test/d/pagefind/fragment/en_{page}.pf_fragment"), packed(fragment.as_bytes()));
    }
    let hidden = packed(format!("{{\"url\":\"/hidden/\",\"content\":\"{WORDS}\"}}").as_bytes());
    world.site.reply("a.test/d/pagefind/fragment/de_0.pf_fragment", hidden);
    world.site.reply("a.test/d/hidden/", shell("<script src='/d/pagefind/pagefind-ui.js'></script>"));
    let (pages, report) = crawled(&world, "http://a.test/d/");
    let seventh = pages.iter().find(|(url, ..)| url == "http://a.test/d/7/").unwrap();
    assert_eq!((seventh.1.trim(), seventh.2.as_str()), (&*format!("# Kettle 7\n\n## Boiling\n\n{WORDS}"), "shipped:Pagefind"));
    // One that no page leads to is met there.
    assert_eq!((pages.len(), report.shipped["Pagefind"], report.left), (22, 21, 0), "{report:?}");
    let asked = world.site.targets();
    let of = |end: &str| asked.iter().filter(|target| target.ends_with(end)).count();
    assert_eq!(of(".pf_fragment"), 22, "{asked:?}");
    assert!(of("entry.json") <= 4 && of(".pf_meta") <= 8, "{asked:?}");

    // A refresh asks for the file that the page was read from.
    let known = Validators { twin: Some(url("http://a.test/d/pagefind/fragment/en_7.pf_fragment")), ..Validators::default() };
    let (page, filled) = (url("http://a.test/d/7/"), Filled::Shipped("Pagefind".into()));
    let again = world.handle.block_on(world.crawler().refetch_filled(&page, &known, &filled, Robots::Obey));
    assert!(matches!(again, Ok(Refetched::Page(page, _)) if page.filled == filled && told(&page).1.contains("## Boiling")));
}

#[test]
fn shells_that_nothing_fills_are_each_handed_out_and_told() {
    let world = World::new();
    // One content at every address, as of an application that answers all of them.
    let same = "<body><div id=root></div><script src=/main.js></script>";
    world.site.page("a.test/", &["/x", "/y"]).reply("a.test/x", Reply::html(same)).reply("a.test/y", Reply::html(same));
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!(urls(&pages), ["http://a.test/", "http://a.test/x", "http://a.test/y"]);
    assert!(pages[1..].iter().all(|(_, text, _)| text.starts_with("needs a browser")), "{pages:?}");
    assert_eq!((report.left, report.failures()), (0, 0));
    assert_eq!(world.site.targets().len(), 3, "nothing is asked where no generator is known");
}

#[test]
fn ordinary_pages_cost_no_request_more() {
    let world = World::new();
    let payload = "<script id=__NEXT_DATA__ type=application/json>{\"props\":{\"pageProps\":{\"content\":\"<p>The text of the data, which is another one.</p>\"}}}</script>";
    world.site.reply("a.test/", Reply::html(format!("<div id=__next><main><h1>Own</h1><p>{WORDS}</p></main></div>{payload}")));
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!(pages, [("http://a.test/".to_owned(), format!("# Own\n\n{WORDS}"), "served".to_owned())]);
    assert_eq!((world.site.targets(), report.shipped.len()), (vec!["a.test/".to_owned()], 0));
}

#[test]
fn the_source_of_a_page_at_another_site_is_named_and_not_asked() {
    let world = World::new();
    world.site.reply("a.test/", Reply::html("<body><footer><a href=https://github.com/o/r/edit/main/docs/x.md>Edit this page</a></footer><div id=app></div><script src=a.js></script>"));
    let (_, report) = crawled(&world, "http://a.test/");
    assert_eq!(report.passed_over["the source of a page without text, at another site"], 1);
    let first = &report.passed_over_first["the source of a page without text, at another site"];
    assert_eq!(first.as_str(), "https://raw.githubusercontent.com/o/r/main/docs/x.md");
    // On its own site it is asked.
    let world = World::new();
    world.site.reply(
        "a.test/",
        Reply::html(
            "<body><footer><a href=/o/r/-/edit/main/docs/x.md>Edit this page</a></footer><div id=app></div><script src=a.js></script>",
        ),
    );
    world.site.reply("a.test/o/r/-/raw/main/docs/x.md", markdown(&format!("# X\n\n{WORDS}\n")));
    let (pages, _) = crawled(&world, "http://a.test/");
    assert_eq!((pages[0].1.trim(), pages[0].2.as_str()), (&*format!("# X\n\n{WORDS}"), "shipped:source of the page"));
}

#[test]
fn data_that_fails_or_is_html_or_moves_is_dealt_with() {
    for reply in
        [Reply::status(404), Reply::hangup(), shell(""), json("{"), json("[]"), Reply::redirect("/"), Reply::redirect("http://b.test/x")]
    {
        let world = World::new();
        world.site.reply("a.test/", Reply::html("<body><div id=___gatsby></div><script src=/app-1.js></script>"));
        world.site.reply("a.test/page-data/index/page-data.json", reply.clone());
        let (pages, report) = crawled(&world, "http://a.test/");
        assert_eq!((urls(&pages), report.left), (vec!["http://a.test/"], 0), "{reply:?}");
        assert!(pages[0].1.starts_with("needs a browser"), "{reply:?}");
    }
}

/// Shells that have the file of their text at another address each, as a generator of services has it.
fn with_twins(world: &World, count: usize) {
    let links: String = (0..count).map(|page| format!("<a href=/{page}>{page}</a> ")).collect();
    world.site.reply("a.test/", Reply::html(format!("<h1>Kettles</h1><p>All the kettles of this house.</p>{links}")));
    for page in 0..count {
        world.site.reply(&format!("a.test/{page}"), shell("<meta name=generator content=Mintlify><script src=/x.js></script>"));
        world.site.reply(&format!("a.test/{page}.md"), markdown(&format!("# Kettle {page}\n\n{WORDS}\n")));
    }
}

#[test]
fn pages_on_the_way_to_their_text_hold_places() {
    let world = World::new();
    with_twins(&world, 20);
    for most in [1, 3, 7] {
        let mut crawl = world.crawler().crawl(request("http://a.test/").max_pages(most));
        let mut pages = 0;
        let report = world.handle.block_on(async {
            while let Some(visit) = crawl.next().await {
                pages += u64::from(matches!(visit, Visit::Page(_)));
            }
            crawl.finish()
        });
        assert_eq!((pages, report.pages, report.left), (most, most, 21 - most), "{report:?}");
        assert_eq!(report.end, smolcrawl::crawl::End::MaxPages);
    }
}

#[test]
fn one_description_is_asked_for_once() {
    let world = World::new();
    let links: String = (0..30).map(|page| format!("<a href=/{page}>{page}</a> ")).collect();
    world.site.reply("a.test/", Reply::html(format!("<h1>Kettles</h1><p>All the kettles of this house.</p>{links}")));
    for page in 0..30 {
        let shows = "<script>SwaggerUIBundle({url: '/api.json'})</script>";
        world.site.reply(&format!("a.test/{page}"), shell(&format!("<meta name=page content={page}>{shows}")));
    }
    world.site.reply("a.test/api.json", json(r#"{"openapi":"3.0.0","info":{"title":"Kettles","version":"1"},"paths":{}}"#));
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!((pages.len(), report.skips(), report.left), (2, 29, 0), "{report:?}");
    let asked = world.site.targets().iter().filter(|target| *target == "a.test/api.json").count();
    assert!(asked <= 5, "it was asked for {asked} times");
}

#[test]
fn a_description_that_is_none_is_asked_for_once() {
    let world = World::new();
    let links: String = (0..12).map(|page| format!("<a href=/{page}>{page}</a> ")).collect();
    world.site.reply("a.test/", Reply::html(format!("<h1>Kettles</h1><p>All the kettles of this house.</p>{links}")));
    for page in 0..12 {
        let shows = "<script>SwaggerUIBundle({url: '/api.json'})</script>";
        world.site.reply(&format!("a.test/{page}"), shell(&format!("<meta name=page content={page}>{shows}")));
    }
    world.site.reply("a.test/api.json", json(r#"{"error":"the interface is asleep"}"#));
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!((pages.len(), report.left), (13, 0), "{report:?}");
    let asked = world.site.targets().iter().filter(|target| *target == "a.test/api.json").count();
    assert_eq!(asked, 1, "it was asked for {asked} times");
}

#[test]
fn an_index_elsewhere_is_read_once() {
    let world = World::new();
    let links: String = (0..12).map(|page| format!("<a href=/{page}/>{page}</a> ")).collect();
    world.site.reply("a.test/", Reply::html(format!("<h1>Kettles</h1><p>All the kettles of this house.</p>{links}")));
    let record = |page: usize| format!("{{\"location\":\"{page}/\",\"title\":\"K{page}\",\"text\":\"<p>Kettle {page}. {WORDS}</p>\"}}");
    for page in 0..12 {
        let top = format!("<meta name=generator content=mkdocs><meta name=p content={page}><script>var base_url = '..';</script>");
        world.site.reply(&format!("a.test/{page}/"), shell(&top));
    }
    world.site.reply("a.test/search/search_index.json", Reply::status(301).header("Location", "/other/search/index.json"));
    let records: Vec<String> = (0..12).map(|page| record(page).replace("\"location\":\"", "\"location\":\"/")).collect();
    world.site.reply("a.test/other/search/index.json", json(&format!("{{\"docs\":[{}]}}", records.join(","))));
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!((pages.len(), report.shipped["MkDocs"], report.left), (13, 12, 0), "{report:?}");
    let asked = world.site.targets().iter().filter(|target| *target == "a.test/other/search/index.json").count();
    assert!(asked <= 5, "it was asked for {asked} times");
}

#[test]
fn a_host_that_is_given_up_leaves_no_page_behind() {
    let world = World::new();
    with_twins(&world, 12);
    for page in 0..12 {
        world.site.reply(&format!("a.test/{page}.md"), Reply::status(500));
    }
    let (pages, report) = crawled(&world, "http://a.test/");
    let told = pages.len() as u64 + report.skips() + report.failures() + report.left;
    assert!(told >= 13 || report.failed.iter().any(|failed| failed.error.contains("URLs left")), "{report:?}");
    assert_eq!(report.left, 0);
}
