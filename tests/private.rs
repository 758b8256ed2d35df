//! Documentation behind a login, by the real binary: who is shown what, and that no secret is told to anybody else.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::path::Path;
use std::process::Output;

use binary::{report, serve, smolcrawl, text};
use serde_json::json;
use site::{Asked, Reply, Site, page};
use tempfile::TempDir;

const SECRET: &str = "s3cret-t0ken";

/// A site that answers those alone who show `Authorization`, and its address.
fn private(expected: &'static str) -> (Site, String) {
    let site = Site::default();
    let address = serve(&site);
    site.on(&format!("{address}/*"), move |asked: &Asked| match &*asked.target {
        "/robots.txt" | "/sitemap.xml" => Reply::new(404, "text/plain", ""),
        _ if asked.header("authorization") != Some(expected) => Reply::new(401, "text/html", "<h1>Sign in</h1>"),
        "/" => Reply::html(page("Manual of herons that wade in shallow water", &["/reeds"])),
        _ => Reply::html(page("Reeds stand where the water is calm", &[])),
    });
    (site, address)
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    smolcrawl(home).args(arguments).args(["--allow-private"]).env("MANUAL_TOKEN", SECRET).output().unwrap()
}

/// What a command has left anywhere.
fn traces(home: &Path, output: &Output) -> String {
    let mut all = text(&output.stdout) + &text(&output.stderr);
    for file in ["x.db", "x.db-wal"] {
        all += &String::from_utf8_lossy(&std::fs::read(home.join(file)).unwrap_or_default());
    }
    all
}

#[cfg(unix)]
fn only_mine(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn only_mine(_: &Path) {}

#[test]
fn a_header_opens_a_site_and_is_told_to_nobody() {
    let home = TempDir::new().unwrap();
    let (_, address) = private("Bearer s3cret-t0ken");
    let url = format!("http://{address}/");
    let crawl = |options: &[&str]| run(home.path(), &[&["crawl", &url, "--db", "x.db", "--no-index", "--json", "-vv"], options].concat());
    let closed = crawl(&[]);
    assert_eq!(closed.status.code(), Some(1));
    let stderr = text(&closed.stderr);
    assert!(stderr.contains("HTTP 401") && stderr.contains("--header") && stderr.contains("credentials.toml"), "{stderr}");

    let opened = crawl(&["--header", "Authorization: Bearer s3cret-t0ken"]);
    assert_eq!(report(&opened)["stored"], json!(2), "{}", text(&opened.stderr));
    assert!(!traces(home.path(), &opened).contains(SECRET));
    let fetched = run(home.path(), &["fetch", &url, "-vv", "--header", "Authorization: Bearer s3cret-t0ken"]);
    assert!(text(&fetched.stdout).contains("herons") && !traces(home.path(), &fetched).contains(SECRET));

    for (header, status, why) in [
        ("Authorization", 2, "there is no colon in it"),
        ("Authorization: env:NO_SUCH_TOKEN", 1, "the environment has no NO_SUCH_TOKEN"),
        ("Host: s3cret-t0ken", 2, "is no header to send"),
        ("X: s3cret-t0ken\u{e9}", 2, "printable ASCII"),
    ] {
        let refused = crawl(&["--header", header]);
        let stderr = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(status), "{header}");
        assert!(stderr.contains(why) && stderr.contains("hint: ") && !stderr.contains(SECRET), "{stderr}");
    }
}

/// As with curl: for the origin of the address, and nowhere else.
#[test]
fn a_user_in_an_address_opens_its_site_and_is_told_to_nobody() {
    let home = TempDir::new().unwrap();
    // "me:s3cret-t0ken"
    let (site, address) = private("Basic bWU6czNjcmV0LXQwa2Vu");
    let (other, elsewhere) = private("nobody is known here");
    let url = format!("http://me:{SECRET}@{address}/");
    let opened = run(home.path(), &["crawl", &url, "--db", "x.db", "--no-index", "--json", "-vv"]);
    assert_eq!(report(&opened)["stored"], json!(2), "{}", text(&opened.stderr));
    assert!(!traces(home.path(), &opened).contains(SECRET));
    assert!(!traces(home.path(), &opened).contains("bWU6czNjcmV0LXQwa2Vu"));
    let fetched = run(home.path(), &["fetch", &url, "-vv"]);
    assert!(text(&fetched.stdout).contains("herons") && !traces(home.path(), &fetched).contains(SECRET), "{}", text(&fetched.stderr));
    // Where it redirects to is shown nothing.
    site.reply(&format!("{address}/away"), Reply::redirect(&format!("http://{elsewhere}/")));
    let away = run(home.path(), &["fetch", &format!("http://me:{SECRET}@{address}/away")]);
    assert_eq!(away.status.code(), Some(1));
    assert!(!other.asked().is_empty() && other.asked().iter().all(|asked| asked.header("authorization").is_none()));
    // It is stored nowhere: a refresh does not have it.
    let refreshed = run(home.path(), &["refresh", "--db", "x.db", "--no-index", &address]);
    assert!(text(&refreshed.stderr).contains("HTTP 401"), "{}", text(&refreshed.stderr));
}

#[test]
fn a_value_may_stand_in_the_environment() {
    let home = TempDir::new().unwrap();
    let (_, address) = private(SECRET);
    let url = format!("http://{address}/");
    let opened = run(home.path(), &["crawl", &url, "--db", "x.db", "--no-index", "--json", "--header", "Authorization: env:MANUAL_TOKEN"]);
    assert_eq!(report(&opened)["stored"], json!(2), "{}", text(&opened.stderr));
    assert!(!traces(home.path(), &opened).contains(SECRET));
}

#[test]
fn a_file_of_credentials_is_read_if_nobody_else_can_read_it() {
    let home = TempDir::new().unwrap();
    let (_, address) = private("Basic bWU6czNjcmV0LXQwa2Vu");
    let (other, elsewhere) = private("nobody");
    let file = home.path().join("mine.toml");
    let said = format!("[\"http://{address}\"]\nuser = \"me\"\npassword = \"env:MANUAL_TOKEN\"\nheaders = {{ X-Team = \"docs\" }}\n");
    std::fs::write(&file, &said).unwrap();
    let url = format!("http://{address}/");
    let crawl = |address: &str, options: &[&str]| {
        let arguments = [&["crawl", address, "--db", "x.db", "--no-index", "--json"], options].concat();
        smolcrawl(home.path())
            .args(arguments)
            .args(["--allow-private"])
            .envs([("MANUAL_TOKEN", SECRET), ("SMOLCRAWL_CREDENTIALS", "mine.toml")])
            .output()
            .unwrap()
    };
    if cfg!(unix) {
        let refused = crawl(&url, &[]);
        let stderr = text(&refused.stderr);
        assert!(stderr.contains("mine.toml: others may read it (mode 6") && stderr.contains("hint: chmod 600 "), "{stderr}");
        assert_eq!(refused.status.code(), Some(1));
    }
    only_mine(&file);
    let opened = crawl(&url, &[]);
    assert_eq!(report(&opened)["stored"], json!(2), "{}", text(&opened.stderr));
    assert!(!traces(home.path(), &opened).contains(SECRET));
    // Another site is shown none of it.
    crawl(&format!("http://{elsewhere}/"), &[]);
    assert!(!other.asked().is_empty());
    assert!(other.asked().iter().all(|asked| asked.header("authorization").is_none() && asked.header("x-team").is_none()));

    // What is wrong with it is told by its place, without what stands there.
    for (said, why) in [
        ("[\"x\"]\n", "is no origin such as https://docs.test"),
        ("[\"http://a.test/docs\"]\n", "is no origin such as https://docs.test"),
        ("[\"http://a.test\"]\npasswort = \"s3cret-t0ken\"\n", "passwort: it is none of headers, user, password, cookies"),
        ("[\"http://a.test\"]\nuser = \"me\"\n", "password: it is missing"),
        ("[\"http://a.test\"]\npassword = \"s3cret-t0ken\"\n", "user: it is missing"),
        ("[\"http://a.test\"]\nheaders = \"s3cret-t0ken\"\n", "headers: it is no table"),
        ("[\"http://a.test\"]\nheaders = { \"a b\" = \"s3cret-t0ken\" }\n", "is no header to send"),
        ("[\"http://a.test\"]\nuser = \"me\"\npassword = \"s3cret-t0ken\n", "line 3, column 25: this is not TOML"),
        ("[\"http://a.test\"]\ncookies = \"none.txt\"\n", "none.txt"),
    ] {
        std::fs::write(&file, said).unwrap();
        let refused = crawl(&url, &[]);
        let stderr = text(&refused.stderr);
        assert!(stderr.contains(why) && stderr.contains("hint: ") && !stderr.contains(SECRET), "{said}: {stderr}");
        assert_eq!(refused.status.code(), Some(1));
    }
}

#[test]
fn cookies_of_a_browser_open_a_site_and_its_own_are_kept() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    site.on(&format!("{address}/*"), |asked: &Asked| match (&*asked.target, asked.header("cookie").unwrap_or_default()) {
        ("/robots.txt" | "/sitemap.xml", _) => Reply::new(404, "text/plain", ""),
        ("/", "session=s3cret-t0ken") => Reply::html(page("Manual of herons", &["/reeds"])).header("Set-Cookie", "seen=1; Path=/"),
        ("/reeds", "session=s3cret-t0ken; seen=1" | "seen=1; session=s3cret-t0ken") => Reply::html(page("Reeds stand in water", &[])),
        _ => Reply::html("<title>Sign in</title><h1>Sign in</h1><form>Name <input name=n> Password <input type=password></form>"),
    });
    let url = format!("http://{address}/");
    let crawl = || run(home.path(), &["crawl", &url, "--db", "x.db", "--no-index", "--json", "-vv"]);
    let closed = text(&crawl().stderr);
    assert!(closed.contains("the site wants a login: there is a form for it in place of the page"), "{closed}");
    let host = address.split(':').next().unwrap();
    std::fs::write(home.path().join("cookies.txt"), format!("{host}\tFALSE\t/\tFALSE\t0\tsession\ts3cret-t0ken\n")).unwrap();
    std::fs::write(home.path().join("mine.toml"), format!("[\"http://{address}\"]\ncookies = \"cookies.txt\"\n")).unwrap();
    only_mine(&home.path().join("cookies.txt"));
    only_mine(&home.path().join("mine.toml"));
    std::fs::write(home.path().join("c.toml"), "credentials = \"mine.toml\"\n").unwrap();
    let opened = run(home.path(), &["crawl", &url, "--db", "x.db", "--no-index", "--json", "-vv", "--config", "c.toml"]);
    assert_eq!(report(&opened)["stored"], json!(2), "{}", text(&opened.stderr));
    assert!(!traces(home.path(), &opened).contains(SECRET));
}

/// What asks no site for anything needs no credentials; who asks is told, and `doctor` tells.
#[test]
fn credentials_that_are_no_use_stop_only_what_needs_them() {
    let home = TempDir::new().unwrap();
    let (_, address) = private("Bearer s3cret-t0ken");
    let url = format!("http://{address}/");
    let shown = format!("Authorization: Bearer {SECRET}");
    let stored = run(home.path(), &["crawl", &url, "--db", "x.db", "--no-index", "--header", &shown]);
    assert!(stored.status.success(), "{}", text(&stored.stderr));
    let file = home.path().join("credentials.toml");
    std::fs::write(&file, format!("[\"http://{address}\"]\nuser = \"me\"\npassword = \"env:NOBODY_HAS_SET_THIS\"\n")).unwrap();
    only_mine(&file);
    let with = |arguments: &[&str]| {
        let mut running = smolcrawl(home.path());
        running
            .args(arguments)
            .args(["--allow-private", "--db", "x.db"])
            .env("SMOLCRAWL_CREDENTIALS", &file)
            .stdin(std::process::Stdio::null());
        running.output().unwrap()
    };
    for offline in [&["search", "herons", "--mode", "lexical"][..], &["sources"], &["pages", &address], &["show", &url], &["serve"]] {
        let output = with(offline);
        assert!(output.status.success(), "{offline:?}: {}", text(&output.stderr));
    }
    assert!(text(&with(&["serve"]).stderr).contains("the environment has no NOBODY_HAS_SET_THIS"));
    for asking in [&["fetch", &url][..], &["crawl", &url, "--no-index"], &["refresh", &address, "--no-index"], &["verify", &url]] {
        let output = with(asking);
        assert!(!output.status.success() && text(&output.stderr).contains("NOBODY_HAS_SET_THIS"), "{asking:?}: {}", text(&output.stderr));
    }
    let advice = report(&with(&["doctor", "--json"]))["advice"].to_string();
    assert!(advice.contains("the environment has no NOBODY_HAS_SET_THIS"), "{advice}");
}
