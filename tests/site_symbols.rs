//! What sites of documentation offer by name: their tables are asked for at the end of a crawl, and a name is found where it is documented.
#![cfg(all(feature = "code", feature = "files"))]

#[path = "support/site.rs"]
mod site;

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::engine::{AddReport, AddRequest, Chunking, CrawlRequest, RefreshRequest, SymbolQuery};
use smolcrawl::files::Origin;
use smolcrawl::http::PrivateAddresses;
use smolcrawl::model::{SourceId, SourceState};
use smolcrawl::reactor::Handle;
use smolcrawl::reactor::sim::Sim;
use smolcrawl::{Engine, Error};

use site::{Reply, Site};

struct World {
    handle: Handle,
    site: Site,
    engine: Engine,
}

impl World {
    fn new() -> Self {
        let sim = Sim::new();
        sim.host("docs.test", ["10.0.0.1"]);
        let (handle, site) = (sim.handle(), Site::default());
        let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
        sim.spawn(site.clone().serve(handle.clone(), listener, drop));
        let mut config = Config { environment: Environment::none(), ..Config::new(":memory:") };
        config.crawl.http.private_addresses = PrivateAddresses::Allow;
        config.embeddings = Embeddings::None;
        let engine = Engine::with_handle(config, handle.clone()).unwrap();
        Self { handle, site, engine }
    }

    fn page(&self, path: &str, generator: &str, body: &str) {
        let html = format!("<!doctype html><meta name=generator content='{generator}'><title>T</title><main>{body}</main>");
        self.site.reply(&format!("docs.test{path}"), Reply::html(html));
    }

    fn crawl(&self, request: CrawlRequest) {
        let mut crawling = self.engine.crawl(request, Chunking::default());
        self.handle.block_on(async {
            while let Some(event) = crawling.next().await {
                event.unwrap();
            }
        });
    }

    fn find(&self, name: &str, package: Option<&str>) -> Result<Vec<String>, Error> {
        let asked = SymbolQuery { name: name.into(), package: package.map(str::to_owned), ..SymbolQuery::default() };
        let found = self.handle.block_on(self.engine.find_symbols(asked))?;
        let told = |found: smolcrawl::engine::FoundSymbol| {
            format!("{} {} {} {}", found.kind, found.path, found.package, found.url.map(String::from).unwrap_or_default())
        };
        Ok(found.found.into_iter().map(told).chain(found.not_searched.into_iter().map(|what| format!("not: {what}"))).collect())
    }

    fn add(&self, path: &Path) -> AddReport {
        self.handle.block_on(async {
            let mut adding = self.engine.add(AddRequest::new(Origin::File(path.to_owned())), Chunking::default());
            while let Some(event) = adding.next().await {
                event.unwrap();
            }
            adding.report()
        })
    }

    /// Requests for files with such an end.
    fn asked(&self, end: &str) -> Vec<String> {
        self.site.targets().into_iter().filter(|target| target.ends_with(end)).collect()
    }
}

fn request() -> CrawlRequest {
    CrawlRequest::parse(&["http://docs.test/3/library/"]).unwrap()
}

fn inventory(rows: &str) -> Reply {
    let mut bytes =
        b"# Sphinx inventory version 2\n# Project: Kettle\n# Version: 3.1\n# The remainder is compressed using zlib.\n".to_vec();
    let mut packed = ZlibEncoder::new(&mut bytes, Compression::default());
    packed.write_all(rows.as_bytes()).unwrap();
    packed.finish().unwrap();
    Reply::new(200, "application/octet-stream", bytes)
}

const LIBRARY: &str = "<h1>Library</h1><p>Of kettles and pots.</p><a href='pot.html'>pot</a>";

#[test]
fn the_inventory_of_a_manual_is_found_above_its_pages_and_asked_again_by_a_refresh() {
    let world = World::new();
    world.page("/3/library/", "Sphinx 7.2.6", LIBRARY);
    world.page("/3/library/pot.html", "Sphinx 7.2.6", "<h1>Pot</h1><p>It boils.</p>");
    world.site.reply(
        "docs.test/3/objects.inv",
        inventory("kettle.Pot.boil py:method 1 library/pot.html#$ -\nkettle py:module 0 library/pot.html#module-$ -\n"),
    );
    world.crawl(request());
    assert_eq!(
        world.asked("objects.inv"),
        ["docs.test/3/library/objects.inv", "docs.test/3/objects.inv"],
        "from the pages upwards, and no further"
    );
    let note = "not: docs.test/library: only what its site documents is known";
    assert_eq!(
        world.find("Pot.boil", None).unwrap(),
        ["method kettle.Pot.boil docs.test/library@3 http://docs.test/3/library/pot.html#kettle.Pot.boil", note]
    );
    assert_eq!(world.find("boil", Some("docs.test/library@3")).unwrap().len(), 2, "by the source");
    assert_eq!(world.find("boil", Some("Kettle")).unwrap().len(), 2, "by what is documented there");
    assert_eq!(world.find("boil", Some("other")).unwrap(), ["not: other is not indexed"]);
    let listed = SymbolQuery { name: "kettle".into(), ..SymbolQuery::default() };
    assert_eq!(
        world.handle.block_on(world.engine.list_symbols(listed)).unwrap().total,
        0,
        "its members stand below a class that is not listed"
    );

    // By each name that it is told by.
    let known = world.handle.block_on(world.engine.known_packages()).unwrap();
    assert_eq!(known, [("docs.test/library@3".to_owned(), 2)]);
    for package in ["docs.test/library@3", "docs.test/library", "site:docs.test/library@3", "Kettle"] {
        assert_eq!(world.find("boil", Some(package)).unwrap().len(), 2, "{package}");
        let whole = SymbolQuery { package: Some(package.into()), ..SymbolQuery::default() };
        assert_eq!(world.handle.block_on(world.engine.list_symbols(whole)).unwrap().total, 2, "{package}");
        let kinds = world.handle.block_on(world.engine.count_kinds(package.into())).unwrap();
        assert_eq!(kinds, [("method", 1), ("module", 1)], "{package}");
    }
    let other = SymbolQuery { package: Some("other".into()), ..SymbolQuery::default() };
    assert!(matches!(world.handle.block_on(world.engine.list_symbols(other)), Err(Error::UnknownModule { .. })));

    world.site.reply("docs.test/3/objects.inv", inventory("kettle.Pot.pour py:method 1 library/pot.html#$ -\n"));
    let source = SourceId::parse("docs.test/library@3").unwrap();
    world.handle.block_on(world.engine.refresh(RefreshRequest::new(source.clone()), Chunking::default())).unwrap();
    assert_eq!(world.find("pour", None).unwrap().len(), 2);
    assert!(world.find("boil", None).unwrap().iter().all(|found| !found.starts_with("method kettle.Pot.boil")), "it is not there any more");

    world.handle.block_on(world.engine.remove(source)).unwrap();
    assert!(matches!(world.find("pour", None), Err(Error::NoSymbols)), "they went with the source");
}

#[test]
fn other_sites_are_not_asked_and_what_robots_forbid_is_not() {
    let world = World::new();
    world.page("/3/library/", "Docusaurus", LIBRARY);
    world.crawl(request());
    assert!(world.asked("objects.inv").is_empty());
    assert!(matches!(world.find("boil", None), Err(Error::NoSymbols)));

    let world = World::new();
    world.page("/3/library/", "Sphinx 7.2.6", LIBRARY);
    world.site.reply("docs.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nDisallow: /*.inv\n"));
    world.site.reply("docs.test/3/objects.inv", inventory("kettle.boil py:function 1 a.html#$ -\n"));
    world.crawl(request());
    assert!(world.asked("objects.inv").is_empty());
}

#[test]
fn a_damaged_table_is_none_and_harms_nothing() {
    let world = World::new();
    world.page("/3/library/", "Sphinx 7.2.6", LIBRARY);
    world
        .site
        .reply("docs.test/3/library/objects.inv", Reply::new(200, "text/plain", "# Sphinx inventory version 2\n#\n#\n# zlib\nnot packed"));
    world.crawl(request());
    assert!(matches!(world.find("boil", None), Err(Error::NoSymbols)));
    let pages = world.handle.block_on(world.engine.sources()).unwrap()[0].pages;
    assert_eq!(pages, 1);
}

#[test]
fn the_table_of_another_manual_above_is_not_taken() {
    let world = World::new();
    world.page("/3/library/", "Sphinx 7.2.6", LIBRARY);
    world.site.reply("docs.test/objects.inv", inventory("portal.boil py:function 1 portal/a.html#$ -\n"));
    world.crawl(request());
    assert_eq!(world.asked("objects.inv").last().unwrap(), "docs.test/objects.inv", "it was looked at");
    assert!(matches!(world.find("boil", None), Err(Error::NoSymbols)));
}

#[test]
fn a_table_that_never_comes_keeps_no_crawl_from_its_end() {
    let world = World::new();
    world.page("/3/library/", "Sphinx 7.2.6", LIBRARY);
    world.site.reply("docs.test/3/library/objects.inv", inventory("").after(Duration::from_secs(86_400)));
    let begun = world.handle.now();
    world.crawl(request());
    assert!(world.handle.now() - begun < Duration::from_secs(100));
    let source = world.handle.block_on(world.engine.sources()).unwrap().remove(0);
    assert_eq!((source.pages, source.state), (1, SourceState::Complete));
}

#[test]
fn a_limit_of_requests_is_not_overstepped_for_a_table() {
    let world = World::new();
    world.page("/3/library/", "Sphinx 7.2.6", LIBRARY);
    world.page("/3/library/pot.html", "Sphinx 7.2.6", "<h1>Pot</h1><p>It boils.</p>");
    world.site.reply("docs.test/3/objects.inv", inventory("kettle.boil py:function 1 a.html#$ -\n"));
    world.crawl(request().max_requests(2));
    assert!(world.asked("objects.inv").is_empty());
}

#[test]
fn members_of_java_and_items_of_rust_open_where_they_are_documented() {
    let world = World::new();
    world.page("/3/library/", "javadoc", "<h1>Library</h1><p>Of pots.</p><a href='kettle/tea/Pot.html'>Pot</a>");
    world.page("/3/library/kettle/tea/Pot.html", "javadoc", "<h1>Pot</h1><p>It boils.</p>");
    let script = |text: &str| Reply::new(200, "application/javascript", text);
    world
        .site
        .reply("docs.test/3/library/member-search-index.js", script(r#"memberSearchIndex = [{"p":"tea","c":"Pot","l":"boil(int)"}];"#));
    world.site.reply("docs.test/3/library/type-search-index.js", script(r#"typeSearchIndex = [{"p":"tea","l":"Pot"}];"#));
    world.site.reply("docs.test/3/library/package-search-index.js", script(r#"packageSearchIndex = [{"m":"kettle","l":"tea"}];"#));
    world.crawl(request());
    assert_eq!(
        world.find("Pot.boil", None).unwrap()[0],
        "method tea.Pot.boil docs.test/library@3 http://docs.test/3/library/kettle/tea/Pot.html#boil(int)"
    );

    let world = World::new();
    let body = "<h1>Struct Pot</h1><pre class=\"rust item-decl\"><code>pub struct Pot;</code></pre><p>Holds water.</p>
        <h2 id=implementations>Implementations</h2><section id=method.boil class=method><h4 class=code-header>pub fn boil(&amp;self)</h4></section><p>Boils. Slowly.</p>";
    let html = format!("<!doctype html><meta name=generator content=rustdoc><title>Pot in kettle - Rust</title><main>{body}</main>");
    world.site.reply("docs.test/kettle/struct.Pot.html", Reply::html(html));
    world.crawl(CrawlRequest::parse(&["http://docs.test/kettle/struct.Pot.html"]).unwrap());
    assert_eq!(
        world.find("Pot::boil", None).unwrap()[0],
        "method kettle::Pot::boil docs.test/kettle http://docs.test/kettle/struct.Pot.html#method.boil"
    );
    // Nothing is asked for beside its pages.
    assert_eq!(world.site.targets(), ["docs.test/kettle/struct.Pot.html"]);
}

/// What rustdoc writes of a crate with one function.
fn rustdoc(function: &str, format: u32) -> String {
    let item = |id: u32, name: &str, inner: &str| {
        format!(
            r#""{id}": {{"id": {id}, "crate_id": 0, "name": "{name}", "span": {{"filename": "src/lib.rs", "begin": [{id}, 1], "end": [{id}, 9]}},
            "visibility": "public", "docs": "Says what {name} does.", "links": {{}}, "attrs": [], "deprecation": null, "inner": {inner}}}"#
        )
    };
    let module = r#"{"module": {"is_crate": true, "items": [1], "is_stripped": false}}"#;
    let called = r#"{"function": {"sig": {"inputs": [["to", {"primitive": "u32"}]], "output": {"primitive": "bool"}, "is_c_variadic": false},
        "generics": {"params": [], "where_predicates": []}, "header": {"is_const": false, "is_unsafe": false, "is_async": false, "abi": "Rust"},
        "has_body": true}}"#;
    format!(
        r#"{{"root": 0, "crate_version": "1.2.0", "includes_private": false, "index": {{{}, {}}}, "paths": {{}}, "external_crates": {{}},
        "format_version": {format}}}"#,
        item(0, "kettle", module),
        item(1, function, called)
    )
}

#[test]
fn the_json_of_rustdoc_is_a_page_and_names() {
    let world = World::new();
    let home = tempfile::tempdir().unwrap();
    let path = std::fs::canonicalize(home.path()).unwrap().join("kettle.json");
    std::fs::write(&path, rustdoc("boil", 57)).unwrap();
    let report = world.add(&path);
    assert_eq!((report.added, report.failed_total), (1, 0), "{report:?}");
    let source = report.source.unwrap();
    let found = world.find("kettle::boil", None).unwrap();
    assert!(found[0].starts_with("function kettle::boil kettle") && found[0].ends_with("kettle.json"), "{found:?}");
    let pages = world.handle.block_on(world.engine.pages_of(source.clone(), String::new(), 10)).unwrap();
    let page = world.handle.block_on(world.engine.page(pages[0].url.clone())).unwrap().unwrap();
    assert!(
        page.markdown.contains("## kettle::boil\n\n```rust\npub fn boil(to: u32) -> bool\n```\n\nSays what boil does."),
        "{}",
        page.markdown
    );
    // Another file, and rustdoc's pages beside it.
    std::fs::create_dir(path.with_file_name("kettle")).unwrap();
    std::fs::write(path.with_file_name("kettle").join("index.html"), "").unwrap();
    std::fs::write(&path, rustdoc("simmer", 61)).unwrap();
    assert_eq!(world.add(&path).updated, 1);
    let found = world.find("simmer", None).unwrap();
    assert!(found[0].ends_with("/kettle/fn.simmer.html"), "{found:?}");
    assert!(world.find("boil", None).unwrap().iter().all(|found| !found.starts_with("function")));
    // What cannot be read takes nothing away.
    std::fs::write(&path, rustdoc("roar_loudly", 99)).unwrap();
    let report = world.add(&path);
    assert_eq!(report.failed_total, 1);
    assert!(report.failed[0].error.contains("its format is 99, and those from 39 to 61 are read"), "{:?}", report.failed);
    assert!(report.failed[0].hint.as_deref().is_some_and(|hint| hint.contains("newer smolcrawl")), "{:?}", report.failed);
    assert!(world.find("simmer", None).unwrap()[0].starts_with("function"));
    // A text of another kind does.
    std::fs::write(&path, "Kettles are kept in the kitchen, and pots on the stove beside it.").unwrap();
    assert_eq!(world.add(&path).updated, 1);
    assert!(world.find("simmer", None).is_err() || world.find("simmer", None).unwrap().iter().all(|found| !found.starts_with("function")));
}
