//! The room `render` against a browser of our own that has no pages (`tests/fixtures/fake_browser.rs`): what is said to it, what becomes of
//! one that fails, and that nothing of it is left. The same on every reactor. Real browsers: `tests/browser.rs`.

#[path = "support/reactors.rs"]
mod reactors;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_lite::future;
use smolcrawl::reactor::{AskedBy, Boxed, Choice, Drive, Fallback, Handle, choose};
use smolcrawl::render::{Asked, Browser, Config, Declined, Error, Fetched, Fetches, Outcome, Rendered, Served};
use url::Url;

/// Built by `cargo test` before this runs.
fn fake() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let folder = program.parent().and_then(Path::parent).unwrap().join("examples");
    folder.join(format!("fake_browser{}", std::env::consts::EXE_SUFFIX))
}

/// A folder that is gone afterwards, for profiles and for fakes of other names.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let name = format!("smolcrawl-rendering-{}-{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("profiles")).unwrap();
        Self(folder)
    }

    /// The fake under a name by which it fails.
    fn named(&self, name: &str) -> PathBuf {
        let program = self.0.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        fs::copy(fake(), &program).unwrap();
        program
    }

    fn config(&self, program: PathBuf) -> Config {
        Config { program: Some(program), temporary: self.0.join("profiles"), ..Config::default() }
    }

    fn profiles(&self) -> usize {
        fs::read_dir(self.0.join("profiles")).unwrap().count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Answers with what was asked, and notes it.
#[derive(Default)]
struct Echo(Mutex<Vec<String>>);

impl Fetches for Echo {
    fn fetch<'a>(&'a self, asked: Asked<'a>) -> Boxed<'a, Result<Fetched, Declined>> {
        let names: Vec<_> = asked.headers.iter().map(|(name, _)| name.as_str()).collect();
        let cookies = asked.cookies.iter().map(|cookies| format!(" with {cookies}"));
        self.0.lock().unwrap().push(format!("{} {} {}{}", asked.method, asked.url, names.join(","), cookies.collect::<String>()));
        Box::pin(async move {
            match asked.url.path() {
                "/refused" => Err(Declined { why: "a test".to_owned() }),
                path => Ok(Fetched::new(200, [("Content-Encoding".to_owned(), "br".to_owned())], format!("answer to {path}").into_bytes())),
            }
        })
    }

    fn identity(&self) -> u64 {
        7
    }

    fn refused(&self, rule: &'static str, url: Option<&Url>) {
        self.0.lock().unwrap().push(format!("refused, as it is {rule}: {}", url.unwrap()));
    }
}

async fn show(browser: &Browser, fetch: &Echo, body: &str) -> Result<Outcome, Error> {
    show_at("http://docs.test/page", browser, fetch, body).await
}

async fn show_at(url: &str, browser: &Browser, fetch: &Echo, body: &str) -> Result<Outcome, Error> {
    let url = Url::parse(url).unwrap();
    browser.render(&Served::new(&url, Some("text/html"), body.as_bytes()), fetch).await
}

fn rendered(outcome: Result<Outcome, Error>) -> Rendered {
    match outcome.unwrap() {
        Outcome::Rendered(rendered) => rendered,
        Outcome::Moved(to) => panic!("moved to {to}"),
    }
}

fn on_every_reactor(test: impl Fn(&Handle)) {
    for kind in reactors::kinds() {
        let choice = Choice { kind, asked_by: AskedBy::Builder, drive: Drive::CallingThread, fallback: Fallback::Refuse };
        eprintln!("on {kind}");
        test(&choose(choice).unwrap().0);
    }
}

#[test]
fn what_a_page_asks_for_is_answered_by_whoever_has_the_rules() {
    on_every_reactor(|handle| {
        let (folder, echo) = (Folder::new(), Echo::default());
        let browser = Browser::new(handle, folder.config(fake()));
        assert_eq!((browser.started(), folder.profiles()), (0, 0), "it is started when it is needed");
        handle.block_on(async {
            let body =
                "[ask http://docs.test/data][ask http://api.test/refused][post http://docs.test/change][script http://cdn.test/a.js]";
            let first = rendered(show(&browser, &echo, body).await);
            assert!(first.is_settled);
            assert_eq!((first.requests, first.refused), (3, 1));
            assert!(first.html.ends_with("<p>answer to /data<p>refused<p>refused<p>answer to /a.js"), "{}", first.html);
            // A script is asked for once a crawl.
            rendered(show(&browser, &echo, "[script http://cdn.test/a.js]").await);
            let left = show(&browser, &echo, "[go http://docs.test/other]").await;
            assert!(matches!(left, Ok(Outcome::Moved(to)) if to.path() == "/other"));
            rendered(show(&browser, &echo, "after it").await);
        });
        let asked = echo.0.lock().unwrap().clone();
        assert_eq!(
            asked,
            [
                "GET http://docs.test/data Accept",
                "GET http://api.test/refused Accept",
                "refused, as it is a method that may change something: http://docs.test/change",
                "GET http://cdn.test/a.js Accept"
            ],
            "the page itself is known, and no cookie of the browser is passed on"
        );
        assert_eq!(browser.started(), 1);
        drop(browser);
        assert_eq!(folder.profiles(), 0);
    });
}

#[test]
fn a_place_in_the_page_at_rest_is_opened_anew() {
    on_every_reactor(|handle| {
        let (folder, echo) = (Folder::new(), Echo::default());
        let config = Config { quiet: Duration::from_millis(5), at_once: 1, patience: Duration::from_secs(20), ..folder.config(fake()) };
        let browser = Browser::new(handle, config);
        handle.block_on(async {
            for place in ["", "#/a", "#/b", "#/b", ""] {
                let shown = rendered(show_at(&format!("http://docs.test/page{place}"), &browser, &echo, place).await);
                assert!(shown.is_settled && shown.html == place, "{place}: {shown:?}");
            }
        });
        assert_eq!(browser.started(), 1);
    });
}

#[test]
fn cookies_of_scripts_go_to_the_site_of_the_page_alone() {
    on_every_reactor(|handle| {
        let (folder, echo) = (Folder::new(), Echo::default());
        let browser = Browser::new(handle, folder.config(fake()));
        let body = "[ask http://docs.test/a][cookie kettle=1][cookie pot=2][ask http://docs.test/b][ask http://api.test/c][script http://docs.test/d.js]";
        handle.block_on(async { rendered(show(&browser, &echo, body).await) });
        assert_eq!(
            *echo.0.lock().unwrap(),
            [
                "GET http://docs.test/a Accept",
                "GET http://docs.test/b Accept with kettle=1; pot=2",
                "GET http://api.test/c Accept",
                "GET http://docs.test/d.js Accept with kettle=1; pot=2"
            ]
        );
    });
}

#[test]
fn a_page_that_is_too_heavy_on_its_way_is_told_as_such() {
    on_every_reactor(|handle| {
        let (folder, echo) = (Folder::new(), Echo::default());
        let browser = Browser::new(handle, Config { patience: Duration::from_secs(60), ..folder.config(fake()) });
        handle.block_on(async {
            let heavy = show(&browser, &echo, "[heavy]").await;
            assert!(matches!(heavy, Err(Error::TooHeavy { bytes, limit }) if bytes > 70 << 20 && limit == 64 << 20), "{heavy:?}");
            rendered(show(&browser, &echo, "one more").await);
        });
        assert_eq!(browser.started(), 1, "it is not the browser's fault");
    });
}

#[test]
fn a_page_is_read_when_its_scripts_have_run_and_its_text_is_there() {
    on_every_reactor(|handle| {
        let (folder, echo) = (Folder::new(), Echo::default());
        let config = Config { quiet: Duration::from_millis(5), for_text: Duration::from_secs(30), ..folder.config(fake()) };
        let browser = Browser::new(handle, Config { patience: Duration::from_secs(60), ..config.clone() });
        let never = Browser::new(handle, Config { for_text: Duration::from_millis(300), ..config });
        handle.block_on(async {
            let scripts = rendered(show(&browser, &echo, "[async]").await);
            assert!(scripts.html.ends_with("<p>The scripts ran.") && scripts.is_settled, "{}", scripts.html);
            let late = rendered(show(&browser, &echo, "[slow text]").await);
            assert!(late.html.ends_with("<p>It has come.") && late.is_settled, "{}", late.html);
            // It is not waited for without end.
            assert!(rendered(show(&never, &echo, "[no text]").await).is_settled);
            // Nor is one that ends as several of the same shell did: it is hardly looked at again.
            let mut looks = Vec::new();
            for _ in 0..4 {
                let html = rendered(show(&never, &echo, "[no text][looked]").await).html;
                looks.push(html.rsplit_once("<p>").unwrap().1.parse::<u32>().unwrap());
            }
            assert!(looks[3] * 5 < looks[2], "{looks:?}");
        });
    });
}

#[test]
fn a_browser_that_fails_is_started_anew_once() {
    on_every_reactor(|handle| {
        let (folder, echo) = (Folder::new(), Echo::default());
        let browser = Browser::new(handle, Config { answers_within: Duration::from_secs(3), ..folder.config(fake()) });
        handle.block_on(async {
            let once = folder.0.join("once");
            let body = format!("[die-once {}]it lives", once.display());
            assert!(rendered(show(&browser, &echo, &body).await).html.ends_with("it lives"));
            assert_eq!(browser.started(), 2);
            let huge = rendered(show(&browser, &echo, "[huge]that was long").await);
            assert!(huge.html.ends_with("that was long") && browser.started() == 2, "it is passed over");
            let half = rendered(show(&browser, &echo, "[half][ask http://docs.test/x]").await);
            assert!(half.html.ends_with("\u{fffd}<p>answer to /x") && browser.started() == 2, "one character is lost: {}", half.html);
            for (body, started) in [("[die]", 4), ("[junk]", 6)] {
                let error = show(&browser, &echo, body).await.unwrap_err();
                let is_right = match body {
                    "[die]" => matches!(error, Error::Ended { .. }),
                    _ => matches!(&error, Error::Junk { what } if what.contains("neither JSON")),
                };
                assert!(is_right && error.hint().is_some(), "{body}: {error:?}");
                // The first of the two is that of before.
                assert_eq!(browser.started(), started - 1, "{body}");
                rendered(show(&browser, &echo, "still there").await);
                assert_eq!(browser.started(), started, "{body}");
            }
        });
        drop(browser);
        assert_eq!(folder.profiles(), 0);
    });
}

#[test]
fn a_page_that_fails_ends_alone_and_at_its_limit() {
    on_every_reactor(|handle| {
        let (folder, echo) = (Folder::new(), Echo::default());
        let patience = Duration::from_millis(400);
        let browser = Browser::new(handle, Config { patience, quiet: Duration::from_millis(20), ..folder.config(fake()) });
        handle.block_on(async {
            assert!(matches!(show(&browser, &echo, "[crash]").await, Err(Error::Crashed)));
            assert!(matches!(show(&browser, &echo, "[dialogs]").await, Err(Error::Windows { .. })));
            let reloads = "[go http://docs.test/page]".repeat(9);
            assert!(matches!(show(&browser, &echo, &reloads).await, Err(Error::Reloads { .. })));
            let restless = rendered(show(&browser, &echo, "[restless]as it stands").await);
            assert!(!restless.is_settled && restless.html.ends_with("as it stands"));
            rendered(show(&browser, &echo, "one more").await);
        });
        assert_eq!(browser.started(), 1, "none of it is the browser's fault");
    });
}

#[test]
fn a_page_that_keeps_the_browser_busy_is_given_up() {
    let (folder, echo) = (Folder::new(), Echo::default());
    on_every_reactor(|handle| {
        let config = Config { patience: Duration::from_millis(200), ..folder.config(fake()) };
        let browser = Browser::new(handle, config);
        let began = Instant::now();
        assert!(matches!(handle.block_on(show(&browser, &echo, "[busy]")), Err(Error::Busy { .. })));
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    });
}

#[test]
fn one_that_cannot_be_started_is_told_in_time() {
    let folder = Folder::new();
    on_every_reactor(|handle| {
        let of = |name: &str| Config { answers_within: Duration::from_millis(300), ..folder.config(folder.named(name)) };
        let error = |config: Config| handle.block_on(show(&Browser::new(handle, config), &Echo::default(), "x")).unwrap_err();
        assert!(matches!(error(of("stillborn")), Error::Sandbox { said } if said.starts_with("No usable sandbox")));
        let useless = |name: &str| match error(of(name)) {
            Error::Useless { path, source } if path.ends_with(format!("{name}{}", std::env::consts::EXE_SUFFIX)) => *source,
            other => panic!("{name}: {other:?}"),
        };
        assert!(matches!(useless("mute"), Error::Silent { method: "Browser.getVersion", .. }));
        assert!(matches!(useless("babble"), Error::Junk { .. }));
        assert!(matches!(error(folder.config(folder.0.join("nonesuch"))), Error::NotThere { .. }));
        assert!(matches!(error(Config { program: None, ..Config::default() }), Error::NoBrowser));
        assert_eq!(folder.profiles(), 0);
    });
}

#[test]
fn one_that_is_of_no_use_is_not_started_for_every_page() {
    on_every_reactor(|handle| {
        let folder = Folder::new();
        let program = folder.named("useless");
        let browser = Browser::new(handle, folder.config(program.clone()));
        handle.block_on(async {
            for _ in 0..3 {
                let error = show(&browser, &Echo::default(), "x").await.unwrap_err();
                assert!(error.is_of_the_system() && error.hint().is_some(), "{error:?}");
                assert!(matches!(&error, Error::Useless { source, .. } if matches!(&**source, Error::Ended { said } if said.contains("the snap"))));
            }
        });
        assert_eq!(fs::read_to_string(program.with_extension("starts")).unwrap(), "x");
        drop(browser);
        assert_eq!(folder.profiles(), 0);
    });
}

#[test]
fn many_pages_at_once_and_after_each_other() {
    on_every_reactor(|handle| {
        let (folder, echo) = (Folder::new(), Echo::default());
        let config = Config { at_once: 3, pages: 10, quiet: Duration::from_millis(5), ..folder.config(fake()) };
        let browser = Browser::new(handle, config);
        handle.block_on(async {
            for _ in 0..4 {
                let all: Vec<_> = (0..8).map(|_| show(&browser, &echo, "[ask http://docs.test/x]")).collect();
                let mut all: futures_util::stream::FuturesUnordered<_> = all.into_iter().collect();
                while let Some(outcome) = futures_lite::StreamExt::next(&mut all).await {
                    assert!(rendered(outcome).html.ends_with("answer to /x"));
                }
            }
        });
        assert_eq!(browser.started(), 4, "32 pages, 10 to a browser");
        drop(browser);
    });
}

/// Notes the most browsers whose profiles were there when a page asked for something.
struct Census<'a>(&'a Folder, AtomicU64);

impl Fetches for Census<'_> {
    fn fetch<'a>(&'a self, _: Asked<'a>) -> Boxed<'a, Result<Fetched, Declined>> {
        // A folder and its lock each.
        self.1.fetch_max(self.0.profiles() as u64, Ordering::Relaxed);
        Box::pin(async { Ok(Fetched::new(200, [], b"here".to_vec())) })
    }

    fn identity(&self) -> u64 {
        1
    }
}

#[test]
fn a_browser_makes_room_for_the_next_one() {
    on_every_reactor(|handle| {
        let folder = Folder::new();
        let config = Config { at_once: 3, pages: 4, quiet: Duration::from_millis(5), ..folder.config(fake()) };
        let (browser, census) = (Browser::new(handle, config), Census(&folder, AtomicU64::new(0)));
        let url = Url::parse("http://docs.test/page").unwrap();
        let body = "[ask http://docs.test/x]".repeat(20);
        handle.block_on(async {
            let served: Vec<_> = (0..16).map(|_| Served::new(&url, Some("text/html"), body.as_bytes())).collect();
            let mut all: futures_util::stream::FuturesUnordered<_> = served.iter().map(|served| browser.render(served, &census)).collect();
            while let Some(outcome) = futures_lite::StreamExt::next(&mut all).await {
                rendered(outcome);
            }
        });
        assert_eq!((browser.started(), census.1.load(Ordering::Relaxed)), (4, 2));
    });
}

#[test]
fn a_page_that_nobody_waits_for_any_more_leaves_nothing_behind() {
    on_every_reactor(|handle| {
        let (folder, echo) = (Folder::new(), Echo::default());
        let browser = Browser::new(handle, folder.config(fake()));
        handle.block_on(async {
            rendered(show(&browser, &echo, "first").await);
            for _ in 0..5 {
                // It is polled until it has asked, and dropped.
                let before = echo.0.lock().unwrap().len();
                let asked = async {
                    while echo.0.lock().unwrap().len() == before {
                        future::yield_now().await;
                    }
                    None
                };
                let shown = async { Some(show(&browser, &echo, "[ask http://docs.test/y][restless]").await) };
                assert!(future::or(shown, asked).await.is_none());
            }
            rendered(show(&browser, &echo, "last").await);
        });
        assert_eq!(browser.started(), 1);
        drop(browser);
        assert_eq!(folder.profiles(), 0);
    });
}
