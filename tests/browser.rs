//! Pages that scripts fill in, filled in by a real browser: a Chromium, Chrome or Edge that is installed. Without one these tests say so and do
//! nothing. `SMOLCRAWL_TEST_RENDERS` and `SMOLCRAWL_TEST_KILLS` ask for more of what is done many times.

#[path = "support/binary.rs"]
mod binary;
#[cfg(target_os = "linux")]
#[path = "support/child.rs"]
mod child;
#[cfg(target_os = "linux")]
#[path = "support/process.rs"]
mod process;
#[path = "support/site.rs"]
mod site;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
#[cfg(target_os = "linux")]
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use smolcrawl::config::{Config, Environment};

use binary::{Server, report, run, smolcrawl, text};

/// Nothing where there is none, which is said past the harness, as it keeps what tests print.
fn browser() -> Option<PathBuf> {
    let settings = smolcrawl::config::Settings::default()
        .then(smolcrawl::config::Origin::Builder, [(smolcrawl::config::Key::Database, ":memory:".to_owned())]);
    match Config::parse(&settings, &Environment::of_process()).unwrap().crawl.browser.find() {
        Ok(program) => Some(program),
        Err(error) => {
            let _ = writeln!(std::io::stderr().lock(), "NOT tested with a browser: {error}");
            None
        }
    }
}

/// Chromium does not run its sandbox for root.
fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    false
}

fn with_browser<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let sandbox = if is_root() { &["--browser-no-sandbox"][..] } else { &[] };
    [arguments, &["--allow-private"], sandbox].concat()
}

/// Answers by target, and notes what was asked: method and target, which is a whole address where it is asked as a proxy, and the cookies that
/// came with it.
struct Peer {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    /// Each of them, as it comes.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "waited for where we are killed"))]
    news: Mutex<mpsc::Receiver<String>>,
}

type Answer = (u16, &'static str, String);

impl Peer {
    fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (sender, news) = mpsc::channel();
        let (noted, answer) = (asked.clone(), Arc::new(answer));
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (noted, answer, sender) = (noted.clone(), answer.clone(), sender.clone());
                thread::spawn(move || serve(socket, &noted, &*answer, &sender));
            }
        });
        Self { address, asked, news: Mutex::new(news) }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self, target: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| line.split_once(' ').is_some_and(|(_, asked)| asked == target)).count()
    }

    #[cfg(target_os = "linux")]
    fn wait_for(&self, target: &str) {
        let news = self.news.lock().unwrap();
        while !news.recv_timeout(Duration::from_secs(60)).unwrap().ends_with(target) {}
    }
}

fn serve(socket: TcpStream, noted: &Mutex<Vec<String>>, answer: &dyn Fn(&str) -> Answer, news: &mpsc::Sender<String>) {
    let mut socket = BufReader::new(socket);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if socket.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
        noted.lock().unwrap().push(line.clone());
        let cookies =
            head.lines().find_map(|line| line.to_ascii_lowercase().starts_with("cookie:").then(|| line["cookie:".len()..].trim()));
        noted.lock().unwrap().extend(cookies.map(|cookies| format!("{cookies} <- {line}")));
        let _ = news.send(line.clone());
        let target = line.split_once(' ').map_or("", |(_, target)| target);
        let (status, kind, body) = answer(target);
        let extra = if (300..400).contains(&status) { format!("Location: {body}\r\n") } else { String::new() };
        let length = body.len();
        let reply = format!("HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\n{extra}Content-Length: {length}\r\n\r\n{body}");
        if socket.get_mut().write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn html(body: &str) -> Answer {
    (200, "text/html", body.to_owned())
}

/// A page without a text of its own.
fn app(script: &str) -> Answer {
    html(&format!("<!doctype html><title>An application</title><div id=root></div><script>{script}</script>"))
}

fn script(text: &str) -> Answer {
    (200, "text/javascript", text.to_owned())
}

fn none() -> Answer {
    (404, "text/plain", "there is nothing".to_owned())
}

/// An empty home, with a folder for temporary files in it.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("tmp")).unwrap();
    home
}

fn run_there(home: &Path, arguments: &[&str]) -> Output {
    smolcrawl(home).env("TMPDIR", home.join("tmp")).env("SMOLCRAWL_RENDER_SECONDS", "4").args(arguments).output().unwrap()
}

fn left(home: &Path) -> Vec<String> {
    fs::read_dir(home.join("tmp")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

const LONG: &str = "The kettle is put on, and when it sings the water is poured over the leaves, which takes some minutes.";

#[test]
fn an_application_is_crawled_by_the_links_that_its_scripts_write() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| match target {
        "/robots.txt" => (200, "text/plain", "User-agent: *\nDisallow: /api/closed".to_owned()),
        "/" | "/two" => app("").pipe(|body| body.replace("<script></script>", "<script src=/app.js></script>")),
        "/three" => html(&format!("<title>Static</title><main><h1>Static</h1><p>{LONG} {LONG}</main>")),
        "/app.js" => script(
            "const root = document.getElementById('root');
             const get = (path) => fetch(path).then((answer) => answer.text(), () => 'refused');
             Promise.all([get('/api/text?of=' + location.pathname), get('/api/closed')]).then(([open, closed]) => {
               root.innerHTML = '<main><h1>Page ' + location.pathname + '</h1><p>' + open + '</p><p>The closed one is ' + closed +
                 '.</p><a href=/two>two</a> <a href=/three>three</a></main><img src=/picture.png>';
               fetch('/api/change', { method: 'POST', body: 'x' }).catch(() => 0);
               navigator.sendBeacon('/api/beacon', 'x');
             });",
        ),
        target if target.starts_with("/api/text") => (200, "text/plain", format!("{LONG} That was {target}.")),
        _ => none(),
    });
    let home = home();
    let output = run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json"]));
    let told = report(&output);
    assert_eq!((&told["stored"], &told["rendered"]), (&json!(3), &json!(2)), "{told} {}", text(&output.stderr));
    for (target, times) in [("/app.js", 1), ("/api/closed", 0), ("/api/change", 0), ("/api/beacon", 0), ("/picture.png", 0), ("/", 1)] {
        assert_eq!(peer.asked(target), times, "{target}: {:?}", peer.asked.lock().unwrap());
    }
    let page = run(home.path(), &["show", &peer.url("/two")]);
    assert!(text(&page.stdout).contains("That was /api/text?of=/two.") && text(&page.stdout).contains("The closed one is refused."));
    assert_eq!(left(home.path()), [] as [String; 0]);

    // None is asked for, and so none is run.
    let without =
        report(&run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json", "--render", "never", "--fresh"])));
    assert_eq!(without["rendered"], json!(0));
}

#[test]
fn a_shell_that_is_read_for_its_links_alone_is_rendered_for_them() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| match target {
        "/" => app("document.getElementById('root').innerHTML = '<p>Here is what there is.</p><a href=/docs/a>a</a> <a href=/other>b</a>'"),
        "/docs/a" => html(&format!("<title>A</title><main><h1>A</h1><p>{LONG} {LONG}</main>")),
        _ => none(),
    });
    let home = home();
    let included = ["crawl", &peer.url("/"), "--include", "/docs/*", "--no-index", "--json"];
    let told = report(&run_there(home.path(), &with_browser(&included)));
    assert_eq!((&told["stored"], &told["rendered"]), (&json!(1), &json!(1)), "{told}");
    let links = run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--links-only", "--depth", "0"]));
    let lines = text(&links.stdout);
    assert!(lines.contains(&format!("\"to\":\"{}\"", peer.url("/docs/a"))), "{lines}");
}

/// A value through a function.
trait Pipe {
    fn pipe(self, change: impl FnOnce(String) -> String) -> Answer;
}

impl Pipe for Answer {
    fn pipe(self, change: impl FnOnce(String) -> String) -> Answer {
        (self.0, self.1, change(self.2))
    }
}

#[test]
fn routes_in_fragments_are_pages_and_a_refresh_renders_them_again() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| {
        match target {
        "/" => app("").pipe(|body| body.replace("<script></script>", "<script src=/app.js></script>")),
        "/app.js" => script(
            "const show = () => { const route = location.hash.slice(1) || '/'; document.title = 'Route ' + route;
               document.getElementById('root').innerHTML = '<main><h1>Route ' + route + '</h1><p>What is told at ' + route +
                 ' is told nowhere else, and it takes a sentence.</p><a href=\"#/guide\">guide</a> <a href=\"#/api\">api</a> <a href=\"#/guide#part\">part</a></main>'; };
             addEventListener('hashchange', show); show();",
        ),
        _ => none(),
    }
    });
    let home = home();
    let told = report(&run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json"])));
    assert_eq!((&told["stored"], &told["rendered"]), (&json!(3), &json!(3)), "{told}");
    let page = text(&run(home.path(), &["show", &peer.url("/#/guide")]).stdout);
    assert!(page.contains("What is told at /guide is told nowhere else"), "{page}");
    let source = peer.address.clone();
    let again = report(&run_there(home.path(), &with_browser(&["refresh", &source, "--no-index", "--json"])));
    assert_eq!((&again["checked"], &again["unchanged"]), (&json!(3), &json!(3)), "{again}");
    // The same where every page is rendered, whatever it is.
    let home = self::home();
    let told = report(&run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json", "--render", "always"])));
    assert_eq!((&told["stored"], &told["rendered"]), (&json!(3), &json!(3)), "{told}");
    // A place in it is what is rendered also where each page is.
    let route = run_there(home.path(), &with_browser(&["fetch", &peer.url("/#/guide"), "--render", "always"]));
    assert!(text(&route.stdout).contains("What is told at /guide is told nowhere else"), "{} {}", text(&route.stdout), text(&route.stderr));
    let again = report(&run_there(home.path(), &with_browser(&["refresh", &source, "--no-index", "--json", "--render", "always"])));
    assert_eq!((&again["checked"], &again["unchanged"], &again["failed_total"]), (&json!(3), &json!(3), &json!(0)), "{again}");
    let page = text(&run(home.path(), &["show", &peer.url("/#/guide")]).stdout);
    assert!(page.contains("What is told at /guide is told nowhere else"), "{page}");
}

#[test]
fn routes_without_a_slash_are_pages_and_a_mark_alone_is_none() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| match target {
        "/" => app("const show = () => { const route = location.hash.slice(2) || 'index.md';
               document.getElementById('root').innerHTML = '<main><h1>Route ' + route + '</h1><p>What is told at ' + route +
                 ' is told nowhere else, and it takes a sentence.</p><a href=\"#!guide.md\">guide</a> <a href=\"#!\">menu</a></main>'; };
             addEventListener('hashchange', show); show();"),
        _ => none(),
    });
    let home = home();
    let told = report(&run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json"])));
    assert_eq!((&told["stored"], &told["rendered"], &told["skipped_total"]), (&json!(2), &json!(2), &json!(0)), "{told}");
    let page = text(&run(home.path(), &["show", &peer.url("/#!guide.md")]).stdout);
    assert!(page.contains("What is told at guide.md is told nowhere else"), "{page}");
    let again = report(&run_there(home.path(), &with_browser(&["refresh", &peer.address, "--no-index", "--json"])));
    assert_eq!((&again["checked"], &again["unchanged"]), (&json!(2), &json!(2)), "{again}");
}

#[test]
fn what_shows_that_it_waits_is_waited_for() {
    if browser().is_none() {
        return;
    }
    // Something is there at once: enough for a page, if it were one.
    let menu = "<p>All about kettles, and on each page of this house there is something else to read of them.</p>";
    let late = move |waits: &str| {
        app(&format!(
            "document.getElementById('root').innerHTML = `<aside>{menu}</aside><main>{waits}</main>`;
             setTimeout(() => {{ document.querySelector('main').innerHTML = '<h1>Late ' + location.pathname + '</h1><p>This came when a clock had struck. {LONG}' }}, 1200);"
        ))
    };
    let marks = [
        ("/busy", "<div aria-busy=true></div>"),
        ("/word", "<p>Loading the page…</p>"),
        ("/box", "<div class='x-Skeleton-root'></div>"),
        ("/bar", "<progress></progress>"),
    ];
    let peer = Peer::start(move |target| match target {
        "/" => html(&format!(
            "<main><h1>Late pages</h1><p>{LONG}</p><a href=/busy>1</a><a href=/word>2</a><a href=/box>3</a><a href=/bar>4</a>"
        )),
        _ => marks.iter().find(|(path, _)| *path == target).map_or_else(none, |(_, waits)| late(waits)),
    });
    let home = home();
    let told = report(&run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json"])));
    assert_eq!((&told["stored"], &told["rendered"]), (&json!(5), &json!(4)), "{told}");
    for (path, _) in marks {
        let page = text(&run(home.path(), &["show", &peer.url(path)]).stdout);
        assert!(page.contains("This came when a clock had struck"), "{path}: {page}");
    }
}

#[test]
fn cookies_that_scripts_set_are_of_the_page_alone() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| match target {
        "/" => app(
            "if (!document.cookie) { document.cookie = 'kettle=1; path=/'; document.cookie = 'pot=2; path=/elsewhere'; location.reload() }
             else fetch('/data').then((answer) => answer.text()).then((text) => { document.getElementById('root').innerHTML = text;
               fetch('/change', { method: 'POST', body: 'x' }).catch(() => 0) })",
        ),
        "/data" => html(&format!("<h1>Data</h1><p>{LONG}</p><a href=/next>next</a>")),
        "/next" => html(&format!("<h1>Next</h1><p>Another page. {LONG}</p>")),
        _ => none(),
    });
    let home = home();
    let told = report(&run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json"])));
    assert_eq!(told["stored"], json!(2), "{told}");
    let asked = peer.asked.lock().unwrap().clone();
    let mut with_cookies: Vec<_> = asked.iter().filter(|line| line.contains(" <- ")).map(String::as_str).collect();
    with_cookies.sort_unstable();
    assert_eq!(with_cookies, ["kettle=1 <- GET /", "kettle=1 <- GET /data"], "{asked:?}");
    assert!(!asked.iter().any(|line| line.starts_with("POST")), "{asked:?}");
    let (rule, first) = ("a method that may change something", json!(peer.url("/change")));
    assert_eq!((&told["refused"][rule], &told["refused_first"][rule]), (&json!(1), &first), "{told}");
}

#[test]
fn a_site_that_needs_a_browser_is_known_for_it() {
    if browser().is_none() {
        return;
    }
    // Its last page has a text beside the empty place, by which it would be taken for a page.
    let beside =
        "<p>All pages of this house are written by its scripts, but for this line, which stands at the foot of one of them.</p>".repeat(3);
    let peer = Peer::start(move |target| {
        let page = |links: &str| {
            app(&format!(
                "document.getElementById('root').innerHTML = '<h1>Page {target}</h1><p>This is told at {target} alone. {LONG}</p>{links}'"
            ))
        };
        match target {
            "/" => page("<a href=/a>a</a>"),
            "/a" => page("<a href=/b>b</a>"),
            "/b" => page("<a href=/c>c</a>"),
            "/c" => page("").pipe(|body| format!("{body}{beside}")),
            _ => none(),
        }
    });
    let home = home();
    let told = report(&run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json"])));
    assert_eq!((&told["stored"], &told["rendered"]), (&json!(4), &json!(4)), "{told}");
    let origin = peer.url("");
    let sources: Value = serde_json::from_str(&text(&run(home.path(), &["sources", "--json"]).stdout)).unwrap();
    assert_eq!(sources["sources"][0]["recipe"]["scripted"], json!([origin]), "{sources}");
    let again = report(&run_there(home.path(), &with_browser(&["refresh", &peer.address, "--no-index", "--json"])));
    assert_eq!((&again["checked"], &again["unchanged"]), (&json!(4), &json!(4)), "{again}");
    // It is known before the first page of the next crawl.
    let next = report(&run_there(home.path(), &with_browser(&["crawl", &peer.url("/c"), "--name", &peer.address, "--no-index", "--json"])));
    assert_eq!((&next["stored"], &next["rendered"]), (&json!(1), &json!(1)), "{next}");
    let page = text(&run(home.path(), &["show", &peer.url("/c")]).stdout);
    assert!(page.contains("This is told at /c alone") && page.contains("at the foot of one of them"), "{page}");
    // Without one, what is stored says more than what is there.
    let without = run_there(home.path(), &["refresh", &peer.address, "--render", "never", "--no-index", "--json"]);
    assert_eq!(report(&without)["removed"], json!(0), "{}", text(&without.stdout));
    assert_eq!(text(&run(home.path(), &["show", &peer.url("/c")]).stdout), page);
}

#[test]
fn large_heaps_and_broken_texts_are_read() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| {
        match target {
        "/heap" => app(
            "window.heap = []; for (let i = 0; i < 25; i++) window.heap.push(new Array(1e6).fill(i + 0.5));
             document.getElementById('root').innerHTML = '<h1>Heap</h1><p>Two hundred megabytes of numbers stand behind this sentence.</p>'",
        ),
        "/half" => app(
            "const root = document.getElementById('root'); root.innerHTML = '<h1>Half</h1><p></p>';
             root.lastChild.append('A sign that is cut in two \\ud83d is no reason to lose the page, which has more.')",
        ),
        "/short" => app("document.getElementById('root').innerHTML = '<h1>Half</h1><p>Cut \\ud83d</p>'"),
        _ => none(),
    }
    });
    let home = home();
    for (path, text_of_it) in [("/heap", "Two hundred megabytes of numbers"), ("/half", "is no reason to lose the page"), ("/short", "Cut")]
    {
        let output = run_there(home.path(), &with_browser(&["fetch", &peer.url(path)]));
        assert!(text(&output.stdout).contains(text_of_it), "{path}: {} {}", text(&output.stdout), text(&output.stderr));
    }
}

#[test]
fn shadow_roots_frames_and_addresses_are_read_as_they_are_in_the_end() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| {
        match target {
        "/shadow" => app(
            "const root = document.getElementById('root');
             root.attachShadow({ mode: 'open' }).innerHTML = '<h1>In the shadow</h1><p>The shadow root says this & <b>that</b>.</p><slot></slot>';
             root.innerHTML = '<p>This was put into its slot.</p>';
             const frame = document.createElement('iframe'); frame.src = '/frame'; document.body.append(frame);
             const other = document.createElement('iframe'); other.src = 'http://other.test/'; document.body.append(other);",
        ),
        "/frame" => html("<p>The frame of the same site has a sentence.</p>"),
        "/pushed" => app(
            "history.pushState(null, '', '/deep/er/');
             document.getElementById('root').innerHTML = '<main><h1>Pushed</h1><p>A text of its own, and a <a href=link>relative link</a>.</p></main>'",
        ),
        "/moved" => app("location.replace('/target')"),
        "/target" => html(&format!("<main><h1>The target</h1><p>{LONG}</main>")),
        "/worker" => app(
            "const work = new Blob(['postMessage(\"A worker wrote this sentence, which is the text of the page.\")']);
             new Worker(URL.createObjectURL(work)).onmessage = (m) => { document.getElementById('root').innerHTML = '<h1>Work</h1><p>' + m.data }",
        ),
        "/late" => app("setTimeout(() => { document.getElementById('root').innerHTML = '<h1>Late</h1><p>It came a little later than the rest.' }, 250)"),
        "/late-more" => app("setTimeout(() => { document.getElementById('root').innerHTML = '<h1>Late</h1><p>A second is more than it takes to call a page quiet.' }, 1000)"),
        "/async" => html("<title>Async</title><div id=root></div><script async src=/async.js></script><script async src=/no.js></script>"),
        "/async.js" => script("import('/module.js').then((module) => module.show())"),
        "/module.js" => script("export const show = () => { root.innerHTML = '<h1>Module</h1><p>A module that a script has imported wrote this.' }"),
        _ => none(),
    }
    });
    let home = home();
    let fetch = |path: &str| {
        let output = run_there(home.path(), &with_browser(&["fetch", &peer.url(path)]));
        assert!(output.status.success(), "{path}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let shadow = fetch("/shadow");
    for part in ["# In the shadow", "this & **that**", "This was put into its slot.", "The frame of the same site has a sentence."] {
        assert!(shadow.contains(part), "{part}: {shadow}");
    }
    let pushed = fetch("/pushed");
    assert!(pushed.contains(&peer.url("/deep/er/link")), "{pushed}");
    assert!(fetch("/moved").contains("# The target"));
    assert!(fetch("/worker").contains("A worker wrote this sentence"));
    assert!(fetch("/late").contains("It came a little later"));
    assert!(fetch("/late-more").contains("A second is more than it takes"));
    assert!(fetch("/async").contains("A module that a script has imported"));
}

#[test]
fn private_addresses_are_refused_to_scripts_as_well() {
    if browser().is_none() {
        return;
    }
    let secret = Peer::start(|_| html("a secret of this machine"));
    let port = secret.address.rsplit(':').next().unwrap().to_owned();
    let proxy = {
        let port = port.clone();
        Peer::start(move |target| {
            match target {
            "http://docs.example.com/" => app(&format!(
                "const seen = [];
                 const get = (url) => fetch(url, {{ mode: 'no-cors' }}).then(() => seen.push('GOT ' + url), () => seen.push('refused'));
                 const load = (tag, url) => new Promise((done) => {{
                   const part = document.createElement(tag); part.src = url; part.onload = part.onerror = () => done(); document.body.append(part); }});
                 const here = ['http://127.0.0.1:{port}/a', 'http://localhost:{port}/b', 'http://[::1]:{port}/c', 'http://2130706433:{port}/d',
                   'http://169.254.169.254/latest', '/to-this-machine'];
                 Promise.all([...here.map(get), ...here.map((url) => load('iframe', url)), ...here.map((url) => load('script', url))]).then(() => {{
                   const socket = new WebSocket('ws://127.0.0.1:{port}/socket');
                   socket.onopen = socket.onerror = () => {{
                     document.getElementById('root').innerHTML = '<main><h1>Attempts</h1><p>What came of all these attempts: ' + seen.join(' ') + '</main>'; }};
                 }});"
            )),
            "http://docs.example.com/to-this-machine" => (302, "text/html", format!("http://127.0.0.1:{port}/redirected")),
            _ => none(),
        }
        })
    };
    let home = home();
    let sandbox = if is_root() { &["--browser-no-sandbox"][..] } else { &[] };
    let arguments = [&["fetch", "http://docs.example.com/", "--ignore-robots", "-v"], sandbox].concat();
    let output =
        smolcrawl(home.path()).env("http_proxy", proxy.url("")).env("TMPDIR", home.path().join("tmp")).args(&arguments).output().unwrap();
    let page = text(&output.stdout);
    assert!(page.contains("refused refused refused"), "{page} {}", text(&output.stderr));
    assert!(!page.contains("GOT"), "{page}");
    // By our guard, and not by what a browser knows of such addresses itself.
    let said = text(&output.stderr);
    for address in [format!("http://127.0.0.1:{port}/a"), format!("http://[::1]:{port}/c"), format!("http://127.0.0.1:{port}/redirected")] {
        let is_guarded = |line: &str| line.contains("came to nothing") && line.contains(&address) && line.contains("loopback");
        assert!(said.lines().any(is_guarded), "{address}: {said}");
    }
    assert_eq!(*secret.asked.lock().unwrap(), [] as [String; 0]);
    let asked = proxy.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|line| line.contains("http://docs.example.com/")), "{asked:?}");
}

#[test]
fn pages_that_would_never_end_end_at_their_limits() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| {
        match target {
        "/" => html(&format!(
            "<main><h1>Bad pages</h1><p>{LONG}</p><a href=/loop>1</a><a href=/reload>2</a><a href=/alert>3</a><a href=/memory>4</a><a href=/windows>5</a>\
             <a href=/clock>6</a><a href=/download>7</a><a href=/good>8</a></main>"
        )),
        "/loop" => app("for (;;);"),
        "/reload" => app("location.reload()"),
        "/alert" => app("for (;;) alert(1)"),
        "/memory" => app("const all = []; for (;;) all.push({ one: [1, 2, 3, Math.random()] })"),
        "/windows" => app("setInterval(() => { for (let i = 0; i < 20; i++) window.open('/good?' + i) }, 1)"),
        "/clock" => app("let n = 0; setInterval(() => { document.getElementById('root').innerHTML = '<main><h1>Clock</h1><p>It has struck for a while now, and it goes on: ' + n++ }, 20)"),
        "/download" => app(
            "const a = document.createElement('a'); a.href = URL.createObjectURL(new Blob(['data'])); a.download = 'smolcrawl-test.txt'; a.click();
             document.getElementById('root').innerHTML = '<main><h1>Download</h1><p>A file was offered, and nobody has taken it from here.'",
        ),
        "/good" => app("document.getElementById('root').innerHTML = '<main><h1>Good</h1><p>This one is a page like any other, with a text.'"),
        _ => none(),
    }
    });
    let home = home();
    let began = Instant::now();
    let output = run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json"]));
    let told = report(&output);
    let failed: Vec<_> = told["failed"].as_array().unwrap().iter().map(|failed| format!("{} {}", failed["url"], failed["error"])).collect();
    for (path, why) in
        [("/loop", "kept the browser busy"), ("/reload", "loaded itself anew"), ("/alert", "dialogs"), ("/windows", "windows")]
    {
        assert!(failed.iter().any(|line| line.contains(path) && line.contains(why)), "{path}: {failed:?}");
    }
    assert!(failed.iter().any(|line| line.contains("/memory") && (line.contains("crashed") || line.contains("busy"))), "{failed:?}");
    assert_eq!(told["stored"], json!(4), "{told}");
    assert!(began.elapsed() < Duration::from_secs(90), "{:?}", began.elapsed());
    assert_eq!(left(home.path()), [] as [String; 0]);
    assert_eq!(
        fs::read_dir(home.path()).unwrap().flatten().filter(|entry| entry.file_name().to_string_lossy().contains("smolcrawl-test")).count(),
        0
    );
}

#[test]
fn without_a_browser_it_is_told_once_what_to_install() {
    let peer = Peer::start(|target| match target {
        "/" => html(&format!("<main><h1>Static</h1><p>{LONG} {LONG}</p><a href=/app>app</a><a href=/app2>app</a></main>")),
        "/app" | "/app2" => app("document.body.append('text')"),
        _ => none(),
    });
    let home = home();
    let none = ["--browser", "/nonesuch/chromium", "--allow-private"];
    let output = run_there(home.path(), &[&["crawl", &peer.url("/"), "--no-index", "--json"][..], &none].concat());
    let (told, said) = (report(&output), text(&output.stderr));
    assert_eq!((&told["stored"], &told["rendered"]), (&json!(1), &json!(0)), "{told}");
    assert_eq!(said.matches("--browser").count(), 1, "{said}");
    let output = run_there(home.path(), &[&["fetch", &peer.url("/"), "--render", "always"][..], &none].concat());
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("there is no browser at") && said.contains("hint: name the program"), "{said}");
}

/// As Ubuntu has one where the browser itself would come from elsewhere.
#[cfg(unix)]
#[test]
fn one_that_is_no_browser_is_told_once_and_pages_are_what_they_are_without() {
    use std::os::unix::fs::PermissionsExt;
    let peer = Peer::start(|target| match target {
        "/" => html(&format!("<main><h1>Static</h1><p>{LONG} {LONG}</p><a href=/app>app</a><a href=/app2>app</a></main>")),
        "/app" | "/app2" => {
            html("<div>All about kettles, and whatever belongs to them</div><div id=root></div><script src=/a.js></script>")
        }
        _ => none(),
    });
    let home = home();
    let (stub, starts) = (home.path().join("chromium-browser"), home.path().join("starts"));
    fs::write(&stub, format!("#!/bin/sh\necho x >> {}\necho 'It requires the chromium snap.' >&2\nexit 1\n", starts.display())).unwrap();
    fs::set_permissions(&stub, fs::Permissions::from_mode(0o755)).unwrap();
    let by = ["--browser", stub.to_str().unwrap(), "--allow-private"];
    let output = run_there(home.path(), &[&["crawl", &peer.url("/"), "--no-index", "--json"][..], &by].concat());
    let (told, said) = (report(&output), text(&output.stderr));
    // The second has the same words as the first.
    assert_eq!((&told["stored"], &told["failed_total"], &told["rendered"]), (&json!(2), &json!(0), &json!(0)), "{told} {said}");
    assert_eq!((said.matches("requires the chromium snap").count(), said.matches("--browser").count()), (1, 1), "{said}");
    assert_eq!(fs::read_to_string(&starts).unwrap(), "x\n", "it is not started for each page");
    // Who insists is told.
    let output = run_there(home.path(), &[&["fetch", &peer.url("/"), "--render", "always"][..], &by].concat());
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("is of no use: the browser ended: It requires the chromium snap."), "{said}");
    assert_eq!(left(home.path()), [] as [String; 0]);
}

#[test]
fn a_script_that_leads_to_a_login_gives_no_page() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| match target {
        "/members" => app("location.replace('/login?next=/members')"),
        target if target.starts_with("/login") => html(&format!("<main><h1>Log in</h1><p>{LONG} {LONG}</main>")),
        _ => none(),
    });
    let home = home();
    let output = run_there(home.path(), &with_browser(&["fetch", &peer.url("/members")]));
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("the site wants a login: it redirects to"), "{} {said}", text(&output.stdout));
}

#[test]
fn a_script_that_leads_to_nothing_takes_no_page_away() {
    if browser().is_none() {
        return;
    }
    let broken = Arc::new(AtomicBool::new(false));
    let is_broken = Arc::clone(&broken);
    let peer = Peer::start(move |target| match target {
        "/" if is_broken.load(Ordering::SeqCst) => app("location.replace('/404')"),
        "/" => app(&format!("document.getElementById('root').innerHTML = '<h1>Kettles</h1><p>{LONG}</p>'")),
        _ => none(),
    });
    let home = home();
    let told = report(&run_there(home.path(), &with_browser(&["crawl", &peer.url("/"), "--no-index", "--json"])));
    assert_eq!(told["rendered"], json!(1), "{told}");
    broken.store(true, Ordering::SeqCst);
    let again = run_there(home.path(), &with_browser(&["refresh", &peer.address, "--no-index", "--json"]));
    assert_eq!(report(&again)["removed"], json!(0), "{}", text(&again.stdout));
    assert!(text(&run(home.path(), &["show", &peer.url("/")]).stdout).contains("# Kettles"));
    // Of a page that nothing is known of, it is told what was met.
    let output = run_there(home.path(), &with_browser(&["fetch", &peer.url("/")]));
    assert!(!output.status.success() && text(&output.stderr).contains("where its script leads"), "{}", text(&output.stderr));
}

#[test]
fn what_a_page_asks_for_too_soon_it_is_given_a_little_later() {
    if browser().is_none() {
        return;
    }
    let asked = std::sync::atomic::AtomicU32::new(0);
    let peer = Peer::start(move |target| match target {
        "/" => app("fetch('/api').then((answer) => answer.text()).then((text) => { root.innerHTML = '<main><h1>Kettles</h1><p>' + text })"),
        "/api" if asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 => {
            (429, "text/plain", "Too much is asked, so come later than that.".to_owned())
        }
        "/api" => (200, "text/plain", LONG.to_owned()),
        _ => none(),
    });
    let home = home();
    let output = run_there(home.path(), &with_browser(&["fetch", &peer.url("/")]));
    let (page, said) = (text(&output.stdout), text(&output.stderr));
    assert!(page.contains(LONG), "{page} {said}");
    assert_eq!(peer.asked("/api"), 2);
}

#[test]
fn tools_render_where_they_are_asked_to() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| match target {
        "/" => html(&format!(
            "<main><h1>Half</h1><p>{LONG} {LONG}</p><div id=more></div></main><script>more.innerHTML = '<p>And a script adds this sentence.'</script>"
        )),
        _ => none(),
    });
    let home = home();
    let mut server = Server::start(home.path(), &with_browser(&[]));
    server.initialize();
    let fetch = |server: &mut Server, id: u32, arguments: Value| server.call(id, "fetch_url", arguments).to_string();
    assert!(!fetch(&mut server, 2, json!({ "url": peer.url("/") })).contains("a script adds"));
    assert!(fetch(&mut server, 3, json!({ "url": peer.url("/"), "render": "always" })).contains("a script adds"));
    assert!(fetch(&mut server, 4, json!({ "url": peer.url("/"), "render": "often" })).contains("auto, always or never"));
}

/// Processes with this in their command line.
#[cfg(target_os = "linux")]
fn processes(of: &str) -> usize {
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(of))).count()
}

#[cfg(target_os = "linux")]
fn times(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn many_renders_leave_nothing_behind() {
    // Alone, as what a process has open is counted.
    child::in_a_child("many_renders_leave_nothing_behind", "true", renders_leave_nothing_behind);
}

#[cfg(target_os = "linux")]
fn renders_leave_nothing_behind() {
    use smolcrawl::Engine;
    use smolcrawl::engine::{Render, Robots};
    let Some(program) = browser() else { return };
    let peer = Peer::start(|target| match target {
        "/robots.txt" => none(),
        path => app(&format!("document.getElementById('root').innerHTML = '<main><h1>Page</h1><p>{LONG} It is {path}.'")),
    });
    let home = home();
    let renders = times("SMOLCRAWL_TEST_RENDERS", 12);
    let mut config = Config { environment: Environment::none(), ..Config::new(":memory:") };
    config.crawl.http.private_addresses = smolcrawl::http::PrivateAddresses::Allow;
    config.crawl.browser.program = Some(program);
    config.crawl.browser.temporary = home.path().join("tmp");
    config.crawl.browser.pages = 100;
    if is_root() {
        config.crawl.browser.sandbox = smolcrawl::render::Sandbox::Off;
    }
    let before = process::handles();
    let engine = Engine::new(config).unwrap();
    for number in 0..renders {
        let url = peer.url(&format!("/{number}")).parse().unwrap();
        let page = engine.handle().block_on(engine.fetch_by(&url, Robots::Obey, Some(Render::Always))).unwrap();
        assert!(page.markdown.contains(&format!("It is /{number}.")), "{}", page.markdown);
    }
    assert!(processes(home.path().to_str().unwrap()) > 0);
    drop(engine);
    assert_eq!(left(home.path()), [] as [String; 0]);
    // The first of them is waited for; the others die with it, in their own time.
    let began = Instant::now();
    while processes(home.path().to_str().unwrap()) > 0 {
        assert!(began.elapsed() < Duration::from_secs(10));
        thread::yield_now();
    }
    assert!(process::handles() <= before + 4, "{} handles, {before} before", process::handles());
}

#[cfg(target_os = "linux")]
#[test]
fn a_browser_does_not_outlive_us() {
    if browser().is_none() {
        return;
    }
    let peer = Peer::start(|target| match target {
        "/" => app("fetch('/asked')"),
        "/robots.txt" => none(),
        // Until the other side goes.
        "/asked" => {
            thread::park_timeout(Duration::from_secs(5));
            none()
        }
        _ => none(),
    });
    for _ in 0..times("SMOLCRAWL_TEST_KILLS", 10) {
        let home = home();
        let mut command = smolcrawl(home.path());
        command.env("TMPDIR", home.path().join("tmp")).args(with_browser(&["fetch", &peer.url("/")]));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        peer.wait_for("/asked");
        let ours = home.path().to_str().unwrap().to_owned();
        assert!(processes(&ours) > 0);
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        let began = Instant::now();
        while processes(&ours) > 0 {
            assert!(began.elapsed() < Duration::from_secs(10), "a browser is left");
            thread::yield_now();
        }
        assert!(!left(home.path()).is_empty(), "nobody was there to remove the profile");
    }
}
