//! Pages that scripts fill in, from the crawl to the store, with a browser of our own that has no pages (`tests/fixtures/fake_browser.rs`): which
//! of them are asked for in a browser, which address they are stored under, and what is kept of them where there is no browser any more.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use binary::{report, run, serve, text};
use site::{Reply, Site};

/// Built by `cargo test` before this runs.
fn fake() -> String {
    let program = std::env::current_exe().unwrap();
    let folder = program.parent().and_then(Path::parent).unwrap().join("examples");
    let fake: PathBuf = folder.join(format!("fake_browser{}", std::env::consts::EXE_SUFFIX));
    fake.to_str().unwrap().to_owned()
}

/// A site on loopback, and a place for what is stored of it.
struct World {
    site: Site,
    host: String,
    home: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let site = Site::default();
        let host = serve(&site);
        Self { site, host, home: tempfile::tempdir().unwrap() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// An address that is a shell but for `beside`, and what a browser adds to it.
    fn app(&self, path: &str, beside: &str, text: &str) {
        let order = format!("<!--[ask {}]-->", self.url(&format!("/text{path}")));
        let page = format!("<!doctype html><title>{path}</title><div id=root></div><script src=/app.js></script>{beside}{order}");
        self.site.reply(&format!("{}{path}", self.host), Reply::html(page));
        self.site.reply(&format!("{}/text{path}", self.host), Reply::html(text));
    }

    fn crawl(&self, further: &[&str]) -> Value {
        let seed = self.url("/");
        let arguments =
            [&["crawl", &seed, "--allow-private", "--no-index", "--json", "--depth", "9", "--concurrency", "1"], further].concat();
        let output = run(self.home.path(), &arguments);
        let told = report(&output);
        assert_eq!(told["failed_total"], json!(0), "{told} {}", text(&output.stderr));
        told
    }

    fn shown(&self, path: &str) -> String {
        text(&run(self.home.path(), &["show", &self.url(path)]).stdout)
    }

    /// The paths of all that is stored.
    fn stored(&self) -> Vec<String> {
        let pages = text(&run(self.home.path(), &["pages", &self.host, "--json"]).stdout);
        let pages: Vec<Value> = pages.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let mut urls = Vec::new();
        pages.iter().for_each(|page| addresses(page, &self.url(""), &mut urls));
        urls.sort();
        urls
    }
}

/// Of each page, without what all of them begin with.
fn addresses(value: &Value, top: &str, urls: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| addresses(item, top, urls)),
        Value::Object(fields) => match fields.get("url").and_then(Value::as_str).and_then(|url| url.strip_prefix(top)) {
            Some(path) => urls.push(path.to_owned()),
            None => fields.values().for_each(|value| addresses(value, top, urls)),
        },
        _ => {}
    }
}

fn why(told: &Value) -> Vec<(String, String)> {
    let skipped = told["skipped"].as_array().unwrap().iter();
    let mut why: Vec<_> = skipped
        .map(|skipped| (skipped["url"].as_str().unwrap().to_owned(), skipped["why"].as_str().unwrap().to_owned()))
        .map(|(url, why)| (url.split_once("://").and_then(|(_, rest)| Some(format!("/{}", rest.split_once('/')?.1))).unwrap(), why))
        .collect();
    why.sort();
    why
}

/// What stands at the foot of each page, and is enough for one.
fn foot() -> String {
    "<p>All pages of this house are written by its scripts, but for this line, which stands at the foot of each of them.</p>".repeat(3)
}

#[test]
fn what_was_rendered_is_not_given_up_for_what_is_left_without_a_browser() {
    let world = World::new();
    // That a browser is needed is known when three were filled in: then one with a text beside its place is rendered as well.
    world.app("/", "<a href=/a>a</a>", "The kettle is put on.");
    world.app("/a", "<a href=/b>b</a>", "When it sings the water is poured.");
    world.app("/b", "<a href=/c>c</a> <a href=/d>d</a>", "The leaves are in it for some minutes.");
    world.app("/c", &foot(), "Then the tea is ready.");
    world.site.reply(&format!("{}/d", world.host), Reply::html("<h1>Cups</h1><p>Cups are of china, as a rule.</p>"));
    let told = world.crawl(&["--browser", &fake()]);
    assert_eq!((&told["stored"], &told["rendered"], &told["kept_total"]), (&json!(5), &json!(4), &json!(0)), "{told}");
    let pages = ["/", "/a", "/b", "/c", "/d"];
    let before = pages.map(|page| world.shown(page));
    assert!(before[3].contains("Then the tea is ready.") && before[3].contains("at the foot"), "{}", before[3]);

    let because = "kept as rendered before: what it says without a browser is less";
    for without in [&["--render", "never"][..], &["--browser", "/nonesuch/browser"], &["--render", "never", "--fresh"]] {
        let told = world.crawl(without);
        let kept: Vec<_> = pages[..4].iter().map(|page| ((*page).to_owned(), because.to_owned())).collect();
        assert_eq!((&told["stored"], &told["kept_total"], &told["needs_browser_total"]), (&json!(1), &json!(4), &json!(0)), "{told}");
        assert_eq!((told["kept"].as_array().unwrap().len(), why(&told)), (4, kept), "{told}");
        assert_eq!(pages.map(|page| world.shown(page)), before, "{without:?}");
    }
    let people = run(world.home.path(), &["crawl", &world.url("/"), "--allow-private", "--no-index", "--depth", "9", "--render", "never"]);
    let told = text(&people.stdout) + &text(&people.stderr);
    assert!(told.contains("4 pages are kept as rendered before"), "{told}");
    // A refresh tells the same of what it asks for again, and nothing of the seed as of something new.
    let refreshed = run(world.home.path(), &["refresh", &world.host, "--allow-private", "--no-index", "--render", "never", "--json"]);
    let told = report(&refreshed);
    assert_eq!((&told["failed_total"], &told["updated"], &told["new_skipped_total"]), (&json!(4), &json!(0), &json!(0)), "{told}");

    // What has a text of its own now takes the place of what was rendered, and one that was never stored has nothing to be kept.
    world.site.reply(
        &format!("{}/a", world.host),
        Reply::html("<h1>Water</h1><p>Water is poured by hand now.</p><a href=/b>b</a><a href=/e>e</a>"),
    );
    world.app("/e", &foot().replace("foot", "end"), "Nobody asks for it.");
    let told = world.crawl(&["--render", "never"]);
    assert_eq!((&told["stored"], &told["kept_total"]), (&json!(3), &json!(3)), "{told}");
    assert!(world.shown("/a").contains("by hand now") && world.shown("/e").contains("at the end"), "{}", world.shown("/e"));
}

#[test]
fn what_was_read_from_data_is_not_given_up_for_what_is_left_without() {
    let world = World::new();
    let shell = "<!doctype html><title>Tea</title><h1>Tea</h1><div id=__next></div><script src=/app.js></script>";
    let data = r#"{"props":{"pageProps":{"content":"<p>The kettle whistles when its water boils.</p>"}}}"#;
    let page = |body: String| world.site.reply(&format!("{}/", world.host), Reply::html(body));
    page(format!("{shell}<script id=__NEXT_DATA__ type=application/json>{data}</script>"));
    assert_eq!(world.crawl(&["--render", "never"])["stored"], json!(1));
    page(shell.to_owned());
    let told = world.crawl(&["--render", "never"]);
    let because = "kept as read from data before: what it says without is less".to_owned();
    assert_eq!((why(&told), &told["kept_total"]), (vec![("/".to_owned(), because)], &json!(1)), "{told}");
    assert!(world.shown("/").contains("whistles"));
}

#[test]
fn a_page_is_rendered_and_stored_once_under_the_address_that_it_names() {
    let world = World::new();
    let named = |path: &str| format!("<link rel=canonical href={path}>");
    world.app("/", &format!("{}<a href=/a>a</a>", named("/")), "The kettle is put on.");
    world.app("/a", &format!("{}<a href=/b>b</a>", named("/a")), "When it sings the water is poured.");
    let links =
        "<a href=/c?from=b>c</a> <a href=/c>c</a> <a href=/d?from=b>d</a> <a href=/d>d</a> <a href=/e?from=b>e</a> <a href=/e>e</a>";
    world.app("/b", &format!("{}{links}", named("/b")), "The leaves are in it for some minutes.");
    // One with a text beside its place, a shell, and a shell whose address its script writes; no two answers are the same.
    for path in ["/c", "/c?from=b"] {
        world.app(path, &format!("{}{}", named("/c"), foot()), "Then the tea is ready.");
    }
    for path in ["/d", "/d?from=b"] {
        world.app(path, &named("/d"), "Cups are of china.");
    }
    for path in ["/e", "/e?from=b"] {
        world.app(path, "", &format!("{}Spoons are of silver.", named("/e")));
    }
    // Those that were rendered before them had their addresses written by scripts, too.
    for (path, said) in [("/", "The kettle is put on."), ("/a", "When it sings the water is poured."), ("/b", "The leaves are in it.")] {
        world.site.reply(&format!("{}/text{path}", world.host), Reply::html(format!("{}{said}", named(path))));
    }
    let told = world.crawl(&["--browser", &fake()]);
    assert_eq!(world.stored(), ["/", "/a", "/b", "/c", "/d", "/e"], "{told}");
    // The last one is known for what it is when it has been rendered.
    assert_eq!((&told["stored"], &told["rendered"]), (&json!(6), &json!(7)), "{told}");
    let yielded =
        ["c", "d", "e"].map(|name| (format!("/{name}?from=b"), format!("its canonical address is {}", world.url(&format!("/{name}")))));
    assert_eq!(why(&told), yielded, "{told}");
    assert_eq!(world.site.targets().iter().filter(|target| target.contains("/text/c")).count(), 1, "{:?}", world.site.targets());
}

#[test]
fn an_address_that_a_template_names_for_every_page_takes_none_away() {
    let world = World::new();
    let named = "<link rel=canonical href=/start>";
    let next = [("/", "/a"), ("/a", "/b"), ("/b", "/c"), ("/c", "/d?page=1"), ("/d?page=1", "/d?page=2"), ("/d?page=2", "/")];
    for (path, next) in next {
        let beside = if path.len() > 2 || path == "/c" { foot() } else { String::new() };
        // As it is served, and as it is when the scripts have run.
        world.app(path, &format!("{named}<a href={next}>next</a>{beside}"), &format!("{named}This is told at {path} alone."));
    }
    let told = world.crawl(&["--browser", &fake()]);
    assert_eq!(world.stored(), ["/", "/a", "/b", "/c", "/d?page=1", "/d?page=2"], "{told}");
    assert_eq!((&told["stored"], &told["rendered"]), (&json!(6), &json!(6)), "{told}");
}

#[test]
fn the_text_of_a_page_that_was_taken_in_markdown_is_not_asked_for_in_a_browser() {
    let world = World::new();
    world.app("/", "<a href=/a>a</a>", "The kettle is put on.");
    world.app("/a", "<a href=/b>b</a>", "When it sings the water is poured.");
    world.app("/b", "<a href=/c.md>in markdown</a> <a href=/d>d</a>", "The leaves are in it for some minutes.");
    let host = world.host.clone();
    let list = format!("# Tea\n\n> All about tea.\n\n- [Ready](http://{host}/c.md): the last page.\n");
    world.site.reply(&format!("{host}/llms.txt"), Reply::new(200, "text/plain", list));
    world.site.reply(&format!("{host}/c.md"), Reply::new(200, "text/markdown", "# Ready\n\nThen the tea is ready, and is drunk.\n"));
    world.app("/d", &format!("<a href=/c>c</a>{}", foot()), "Cups are of china.");
    world.app("/c", &foot(), "Then the tea is ready.");
    let told = world.crawl(&["--browser", &fake()]);
    assert_eq!(world.stored(), ["/", "/a", "/b", "/c.md", "/d"], "{told}");
    assert_eq!(why(&told), [("/c".to_owned(), "the same page, which is there in markdown as well".to_owned())], "{told}");
    assert!(!world.site.targets().iter().any(|target| target.ends_with("/text/c")), "{:?}", world.site.targets());
}

/// A page whose text is in its data, and which has no link: a browser finds `further` there.
fn with_data(world: &World, path: &str, text: &str, further: &str) {
    let data = format!(r#"{{"props":{{"pageProps":{{"content":"<p>{text}</p>"}}}}}}"#);
    let order = format!("<!--[ask {}]-->", world.url(&format!("/links{path}")));
    let page = format!(
        "<!doctype html><title>{path}</title><div id=__next></div><script id=__NEXT_DATA__ type=application/json>{data}</script>{order}"
    );
    world.site.reply(&format!("{}{path}", world.host), Reply::html(page));
    world.site.reply(&format!("{}/links{path}", world.host), Reply::html(further));
}

#[test]
fn links_that_scripts_write_into_a_page_with_data_are_followed() {
    let world = World::new();
    with_data(&world, "/", "The kettle is put on, and it sings.", "<a href=/a>a</a>");
    let shell = "<!doctype html><title>/a</title><meta name=generator content=Mintlify><div id=__next></div><script src=/app.js></script>";
    world.site.reply(&format!("{}/a", world.host), Reply::html(format!("{shell}<!--[ask {}]-->", world.url("/links/a"))));
    world.site.reply(&format!("{}/links/a", world.host), Reply::html("<a href=/>top</a><a href=/b>b</a>"));
    world.site.reply(&format!("{}/a.md", world.host), Reply::new(200, "text/markdown", "# Water\n\nThe water is poured when it boils.\n"));
    let (names, links) = (["/b", "/c", "/d", "/e", "/f"], ["/c", "/d", "/e", "/f"].map(|path| format!("<a href={path}>x</a>")).concat());
    for name in names {
        with_data(&world, name, &format!("What is told at {name} is told nowhere else, and it is enough."), &links);
    }
    let told = world.crawl(&["--browser", &fake()]);
    assert_eq!(world.stored(), ["/", "/a", "/b", "/c", "/d", "/e", "/f"], "{told}");
    assert_eq!(told["shipped"], json!({"Mintlify": 1, "__NEXT_DATA__": 6}), "{told}");
    // Three of them that had no news are enough, but for those that came meanwhile.
    assert!((5..=7).contains(&told["rendered"].as_u64().unwrap()) && told["passed_over"] == json!({}), "{told}");
    assert!(world.shown("/a").contains("poured when it boils") && world.shown("/f").contains("told at /f"), "{}", world.shown("/f"));

    // What leads on by itself is not looked at, and it is said where nobody has looked.
    let world = World::new();
    world.site.reply(&format!("{}/", world.host), Reply::html(shell));
    world
        .site
        .reply(&format!("{}/index.md", world.host), Reply::new(200, "text/markdown", "# Tea\n\nTea is made of leaves: [more](/a.md).\n"));
    with_data(&world, "/a", "The kettle is put on, and it sings.", "");
    let told = world.crawl(&["--browser", &fake()]);
    assert_eq!((&told["stored"], &told["rendered"], &told["passed_over"]), (&json!(2), &json!(1), &json!({})), "{told}");
    let why = "of pages read from data: scripts write them, which takes a browser";
    let told = world.crawl(&["--render", "never", "--fresh"]);
    assert_eq!((&told["stored"], &told["passed_over"][why]), (&json!(2), &json!(1)), "{told}");
    assert_eq!(told["passed_over_first"][why], json!(world.url("/a")), "{told}");
}

/// Pages of an application that come with status 404, but for the first.
fn on_a_server_of_files(first: impl FnOnce(&World, &str)) -> World {
    let world = World::new();
    let links = ["a", "b", "gone", "none", "told"].map(|name| format!("<a href=/{name}>{name}</a> ")).concat();
    first(&world, &links);
    let pages = [
        ("/a", "<p>When it sings the water is poured.</p>"),
        ("/b", "<p>The leaves are in it for some minutes.</p>"),
        ("/gone", "<h1>Page not found</h1><p>The page you are looking for does not exist.</p>"),
        ("/none", ""),
    ];
    for (path, text) in pages {
        world.app(path, "", text);
        let order = format!("<!--[ask {}]-->", world.url(&format!("/text{path}")));
        let page = format!("<!doctype html><title>{path}</title><div id=root></div><script src=/app.js></script>{order}");
        world.site.reply(&format!("{}{path}", world.host), Reply::new(404, "text/html", page));
    }
    world
        .site
        .reply(&format!("{}/told", world.host), Reply::new(404, "text/html", "<h1>Nothing is here</h1><script src=/app.js></script>"));
    world
}

#[test]
fn an_application_in_place_of_files_that_are_not_there_is_run() {
    let crawl = |world: &World, further: &[&str]| {
        let seed = world.url("/");
        let arguments = [&["crawl", &seed, "--allow-private", "--no-index", "--json", "--fresh"], further].concat();
        report(&run(world.home.path(), &arguments))
    };
    let failed = |world: &World, told: &Value| -> Vec<String> {
        let failed = told["failed"].as_array().unwrap().iter();
        let mut failed: Vec<_> = failed.map(|failed| failed["url"].as_str().unwrap().replace(&world.url(""), "")).collect();
        failed.sort();
        failed
    };
    let fake = fake();
    let world = on_a_server_of_files(|world, links| world.app("/", "", &format!("<p>The kettle is put on.</p>{links}")));
    let told = crawl(&world, &["--browser", &fake]);
    assert_eq!(
        (world.stored(), failed(&world, &told)),
        (["/", "/a", "/b"].map(str::to_owned).to_vec(), vec!["/told".to_owned()]),
        "{told}"
    );
    assert!(world.shown("/a").contains("the water is poured"));
    assert_eq!(
        why(&told),
        [
            ("/gone".to_owned(), "the site says that there is no such page".to_owned()),
            ("/none".to_owned(), "no text in the page, also after its scripts".to_owned())
        ],
        "{told}"
    );
    // They are there for a refresh, too.
    let again = report(&run(world.home.path(), &["refresh", &world.host, "--allow-private", "--no-index", "--browser", &fake, "--json"]));
    assert_eq!((&again["checked"], &again["unchanged"], &again["removed"]), (&json!(3), &json!(3), &json!(0)), "{again}");
    // A place that somebody has named may be the first.
    let fetched = run(world.home.path(), &["fetch", &world.url("/b"), "--allow-private", "--browser", &fake]);
    assert!(text(&fetched.stdout).contains("some minutes"), "{} {}", text(&fetched.stdout), text(&fetched.stderr));
    // Without a browser they are what their status says.
    let fetched = run(world.home.path(), &["fetch", &world.url("/b"), "--allow-private", "--render", "never"]);
    assert!(text(&fetched.stderr).contains("404"), "{}", text(&fetched.stderr));

    // And so they are at a site whose pages are none of an application.
    let world = on_a_server_of_files(|world, links| {
        world.site.reply(&format!("{}/", world.host), Reply::html(format!("<h1>Tea</h1>{}{links}", foot())));
    });
    let told = crawl(&world, &["--browser", &fake]);
    let all = ["/a", "/b", "/gone", "/none", "/told"].map(str::to_owned).to_vec();
    assert_eq!((failed(&world, &told), &told["rendered"]), (all, &json!(0)), "{told}");
}

#[test]
fn a_page_in_the_browser_is_told_from_others_by_what_it_says() {
    let world = World::new();
    // As an application shows one page at several addresses: it marks where a reader is.
    let page = |path: &str, says: &str| {
        let menu = ["/a", "/a/", "/b"].map(|to| format!("<a class=x-{} href={to}>{to}</a>", to == path)).concat();
        let written = format!("<base href={}><nav data-at={path}>{menu}</nav><p>{says}</p>", world.url(path));
        let order = format!("<!--[ask {}]-->", world.url(&format!("/text{path}")));
        let shell = format!("<title>Tea</title><div id=root></div><script src=/app.js></script>{order}");
        world.site.reply(&format!("{}{path}", world.host), Reply::html(shell));
        world.site.reply(&format!("{}/text{path}", world.host), Reply::html(written));
    };
    page("/", "The kettle is put on.");
    page("/a", "When it sings the water is poured.");
    page("/a/", "When it sings the water is poured.");
    page("/b", "When it sings the water is poured out.");
    let told = world.crawl(&["--browser", &fake()]);
    assert_eq!(told["stored"], json!(3), "{told}");
    let copies = why(&told);
    assert!(matches!(copies.as_slice(), [(_, why)] if why.starts_with("the same content as") && why.contains("/a")), "{copies:?}");
}

#[test]
fn a_page_whose_time_was_up_before_its_text_was_there_is_told_as_such() {
    let world = World::new();
    let crawl = |beside: &str| {
        let seed = world.url("/");
        let page = format!("<title>x</title><div id=root></div><script src=/app.js></script><!--[restless]-->{beside}");
        world.site.reply(&format!("{}/", world.host), Reply::html(page));
        let arguments = ["crawl", &seed, "--allow-private", "--no-index", "--json", "--fresh", "--browser", &fake()];
        let output = binary::smolcrawl(world.home.path()).env("SMOLCRAWL_RENDER_SECONDS", "1").args(arguments).output().unwrap();
        report(&output)
    };
    let told = crawl("");
    assert_eq!((&told["failed_total"], &told["skipped_total"], &told["unsettled"]), (&json!(1), &json!(0), &json!(1)), "{told}");
    assert!(told["failed"][0]["error"].as_str().unwrap().contains("still at work when its time was up"), "{told}");
    // What has a text is read as it is then.
    let told = crawl("<p>Tea, hot.</p>");
    assert_eq!((&told["failed_total"], &told["stored"], &told["unsettled"]), (&json!(0), &json!(1), &json!(1)), "{told}");
}
