//! What sites, disks and other processes do to a user of the real binary: each gets its own message and hint, nothing that was
//! stored is lost, and one bad page never ends a crawl.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::io::Write;
#[cfg(target_os = "linux")]
use std::path::Path;
#[cfg(any(target_os = "linux", windows))]
use std::process::Command;
use std::process::{Output, Stdio};

use binary::{Server, report, run, serve, serve_tls, smolcrawl, text};
#[cfg(windows)]
use schannel::cert_context::{CertContext, HashAlgorithm};
#[cfg(windows)]
use schannel::cert_store::{CertAdd, CertStore};
use serde_json::{Value, json};
use site::{Reply, Site};
use tempfile::TempDir;

/// Asserts that it failed with one line of error, which says all of `why`, and a hint that says `hint`, and answers that line.
#[track_caller]
fn failed(output: &Output, why: &[&str], hint: &str) -> String {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let lines: Vec<_> = stderr.lines().collect();
    let [error, advice] = lines[..] else { panic!("not an error and a hint: {stderr}") };
    assert!(error.starts_with("error: ") && why.iter().all(|why| error.contains(why)), "{why:?} is missing: {stderr}");
    assert!(advice.starts_with("hint: ") && advice.contains(hint), "{hint:?} is missing: {stderr}");
    error.to_owned()
}

fn prose(text: &str) -> Reply {
    Reply::html(format!("<title>T</title><main><h1>T</h1><p>{text}</p></main>"))
}

fn gzip(bytes: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for piece in bytes {
        encoder.write_all(&piece).unwrap();
    }
    encoder.finish().unwrap()
}

/// More than a body may have, decoded.
fn large() -> impl Iterator<Item = Vec<u8>> {
    std::iter::repeat_n(vec![b' '; MEBIBYTE], 33)
}

const MEBIBYTE: usize = 1 << 20;

#[test]
fn a_certificate_of_nobody_is_refused_until_it_is_trusted() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let (port, certificate) = serve_tls(&site);
    site.reply(&format!("localhost:{port}/"), prose("Behind a certificate of its own."));
    let url = format!("https://localhost:{port}/");
    let fetch = ["fetch", url.as_str(), "--allow-private"];

    failed(&smolcrawl(home.path()).args(fetch).output().unwrap(), &[&url, "the certificate of localhost is not valid"], "SSL_CERT_FILE");
    let crawled = run(home.path(), &["crawl", &url, "--allow-private", "--db", "x.db", "--json"]);
    failed(&crawled, &["nothing was stored", &url, "certificate"], "SSL_CERT_FILE");
    assert!(report(&crawled)["failed"][0]["error"].as_str().unwrap().contains("certificate"), "{}", text(&crawled.stdout));

    std::fs::write(home.path().join("ca.pem"), certificate).unwrap();
    let trusted = smolcrawl(home.path()).args(fetch).env("SSL_CERT_FILE", "ca.pem").output().unwrap();
    assert!(text(&trusted.stdout).contains("Behind a certificate of its own."), "{}", text(&trusted.stderr));
    // Trusted, but for another name.
    let other = ["fetch", &format!("https://127.0.0.1:{port}/"), "--allow-private"];
    failed(
        &smolcrawl(home.path()).args(other).env("SSL_CERT_FILE", "ca.pem").output().unwrap(),
        &["the certificate of 127.0.0.1 is not valid"],
        "it is for another host name",
    );
}

/// Where the system has no certificate to offer, Mozilla's are used, and that is logged.
#[test]
fn without_the_systems_certificates_there_are_mozillas() {
    let home = TempDir::new().unwrap();
    let (port, _) = serve_tls(&Site::default());
    std::fs::write(home.path().join("empty.pem"), "").unwrap();
    let fetch = ["fetch", &format!("https://localhost:{port}/"), "--allow-private", "-v"];
    for named in ["empty.pem", "missing.pem"] {
        let output = smolcrawl(home.path()).args(fetch).env("SSL_CERT_FILE", named).output().unwrap();
        let said = text(&output.stderr);
        assert!(said.contains("no system certificates: using Mozilla's"), "{named}: {said}");
        assert!(said.contains("error: ") && said.contains("the certificate of localhost is not valid"), "{named}: {said}");
    }
    // A file that was named and cannot be read is told without being asked for; where there is one, nothing is.
    for (named, is_told) in [("missing.pem", true), ("empty.pem", false)] {
        let output = smolcrawl(home.path()).args(&fetch[..3]).env("SSL_CERT_FILE", named).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(said.contains("WARN") && said.contains(named), is_told, "{named}: {said}");
    }
}

/// The store of this user, which Windows has in place of files. A person would be asked to consent in a window there, so that this is
/// for Wine alone, which asks nobody.
#[cfg(windows)]
#[test]
fn a_root_in_the_users_store_is_trusted() {
    if std::env::var_os("WINEPREFIX").is_none() {
        return eprintln!("not tried: a root in the user's store");
    }
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let (port, certificate) = serve_tls(&site);
    site.reply(&format!("localhost:{port}/"), prose("Vouched for by the user's store."));
    let url = format!("https://localhost:{port}/");
    let fetch = || run(home.path(), &["fetch", &url, "--allow-private"]);
    let refused = || failed(&fetch(), &[&url, "the certificate of localhost is not valid"], "SSL_CERT_FILE");

    refused();
    let root = Root::add(&certificate);
    let trusted = fetch();
    drop(root);
    assert!(text(&trusted.stdout).contains("Vouched for by the user's store."), "{}", text(&trusted.stderr));
    refused();
}

/// A certificate that is in the user's store until this is dropped.
#[cfg(windows)]
struct Root(CertContext);

#[cfg(windows)]
impl Root {
    fn add(certificate: &str) -> Self {
        let root = CertContext::from_pem(certificate).unwrap();
        // Others see it once the store is closed.
        CertStore::open_current_user("ROOT").unwrap().add_cert(&root, CertAdd::New).unwrap();
        Self(root)
    }
}

#[cfg(windows)]
impl Drop for Root {
    /// Where the store lies: Wine forgets a deletion from the store itself.
    fn drop(&mut self) {
        let thumbprint: String = self.0.fingerprint(HashAlgorithm::sha1()).unwrap().iter().map(|byte| format!("{byte:02X}")).collect();
        let key = format!(r"HKCU\Software\Microsoft\SystemCertificates\ROOT\Certificates\{thumbprint}");
        assert!(Command::new("reg").args(["delete", &key, "/f"]).output().unwrap().status.success(), "{key} is left");
    }
}

#[test]
fn a_proxy_of_the_environment_is_asked() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let proxy = serve(&site);
    site.on("docs.invalid/*", |_| Reply::status(500)).on("docs.invalidhttp://docs.invalid/page", |_| prose("By way of the proxy."));
    let fetch = |variables: &[(&str, &str)]| {
        let mut command = smolcrawl(home.path());
        // A proxy is where its operator says, and that is on loopback here.
        command.args(["fetch", "http://docs.invalid/page", "--ignore-robots", "--allow-private"]);
        command.envs(variables.iter().copied()).output().unwrap()
    };
    let address = format!("http://{proxy}");
    let lower = if cfg!(windows) { "Http_Proxy" } else { "http_proxy" };
    for name in ["HTTP_PROXY", "ALL_PROXY", lower] {
        let output = fetch(&[(name, &address)]);
        assert!(text(&output.stdout).contains("By way of the proxy."), "{name}: {}", text(&output.stderr));
    }
    for variables in
        [&[("HTTP_PROXY", address.as_str()), ("NO_PROXY", "docs.invalid")][..], &[("HTTP_PROXY", &address), ("REQUEST_METHOD", "GET")]]
    {
        failed(&fetch(variables), &["docs.invalid does not resolve"], "");
    }
}

#[test]
fn a_model_is_told_what_to_do_as_well() {
    let home = TempDir::new().unwrap();
    let address = serve(&Site::default());
    let mut server = Server::start(home.path(), &["--db", "x.db"]);
    server.initialize();
    let answer = server.call(2, "crawl_single_page", json!({ "url": format!("http://{address}/") }));
    assert_eq!(answer["isError"], json!(true), "{answer}");
    let told = answer["content"][0]["text"].as_str().unwrap();
    assert!(told.contains("127.0.0.1, which is loopback") && told.contains("--allow-private"), "{told}");
    assert!(server.end().status.success());
}

#[test]
fn the_wrong_protocol_for_a_port() {
    let home = TempDir::new().unwrap();
    let (port, _) = serve_tls(&Site::default());
    let plain = serve(&Site::default());
    failed(&run(home.path(), &["fetch", &format!("https://{plain}/"), "--allow-private"]), &["no TLS session"], "http:// against https://");
    let closed = run(home.path(), &["fetch", &format!("http://localhost:{port}/"), "--allow-private"]);
    failed(&closed, &[&format!("http://localhost:{port}/")], "http:// against https://");
}

#[test]
fn too_large_is_too_large_however_it_is_sent() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let bomb = gzip(large());
    assert!(bomb.len() < MEBIBYTE);
    let coded = |bytes: &[u8], coding: &str| Reply::new(200, "text/html", bytes).header("Content-Encoding", coding);
    site.reply(&format!("{address}/plain"), Reply::new(200, "text/html", large().flatten().collect::<Vec<_>>()))
        .reply(&format!("{address}/bomb"), coded(&bomb, "gzip"))
        .reply(&format!("{address}/bomb-in-a-bomb"), coded(&gzip([bomb.clone()]), "gzip, gzip"))
        .reply(&format!("{address}/sitemap.xml.gz"), Reply::new(200, "application/gzip", bomb.clone()))
        .reply(&format!("{address}/no-gzip"), coded(b"\x00\x01\x02\xff\xfe\x03 no gzip \x00\x80\x81", "gzip"))
        .reply(&format!("{address}/plainly"), coded(b"<p>This is no gzip, but can be read.", "gzip"))
        .reply(&format!("{address}/half"), coded(&bomb[..bomb.len() / 2], "gzip"))
        .reply(&format!("{address}/odd"), coded(b"\x00\x01\x02\xff\xfe\x03 odd \x00\x80\x81", "rot13"));
    let fetch = |path: &str| run(home.path(), &["fetch", &format!("http://{address}{path}"), "--allow-private"]);
    for path in ["/plain", "/bomb", "/bomb-in-a-bomb"] {
        failed(&fetch(path), &[path, "the body is larger than 33554432 bytes"], "limit");
    }
    // What plainly is text is read, as browsers do.
    assert!(text(&fetch("/plainly").stdout).contains("This is no gzip"));
    failed(&fetch("/no-gzip"), &["/no-gzip", "not valid gzip"], "browser");
    failed(&fetch("/half"), &["/half", "not valid gzip"], "browser");
    failed(&fetch("/odd"), &["/odd", "rot13"], "browser");
    let seed = format!("http://{address}/sitemap.xml.gz");
    let crawled = run(home.path(), &["crawl", &seed, "--allow-private", "--json", "--db", "x.db"]);
    failed(&crawled, &["nothing was stored", &seed], "");
}

#[test]
fn redirects_that_lead_nowhere() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    site.reply(&format!("{address}/a"), Reply::redirect("/b"))
        .reply(&format!("{address}/b"), Reply::redirect("/a"))
        .on(&format!("{address}/*"), |asked| Reply::redirect(&format!("{}x", asked.target)))
        .reply(&format!("{address}/robots.txt"), Reply::status(404))
        .reply(&format!("{address}/file"), Reply::redirect("file:///etc/passwd"))
        .reply(&format!("{address}/nowhere"), Reply::status(302))
        .reply(&format!("{address}/first"), Reply::redirect("/second"))
        .reply(&format!("{address}/second"), Reply::redirect("/closed?by=1"))
        .reply(&format!("{address}/closed?by=1"), Reply::status(403))
        .reply(&format!("{address}/alone"), Reply::status(403));
    let fetch = |path: &str| run(home.path(), &["fetch", &format!("http://{address}{path}"), "--allow-private"]);
    failed(&fetch("/a"), &["/a", "redirect loop"], "log-in");
    failed(&fetch("/longer"), &["/longer", "more than 10 redirects"], "log-in");
    failed(&fetch("/file"), &["/file", "without a usable Location"], "the site is at fault");
    failed(&fetch("/nowhere"), &["/nowhere", "without a usable Location"], "the site is at fault");
    // What was asked for, and what says so.
    let closed = format!("redirects to http://{address}/closed?by=1: HTTP 403");
    failed(&fetch("/first"), &["/first", &closed], "turns crawlers away");
    let alone = fetch("/alone");
    failed(&alone, &["/alone", "HTTP 403"], "turns crawlers away");
    assert!(!String::from_utf8_lossy(&alone.stderr).contains("redirects"));
}

#[test]
fn odd_text_is_read_as_well_as_it_can_be() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let japanese = "<p>日本語の文書をクロールして検索できるようにします。</p>";
    let shift_jis = |html: &str| encoding_rs::SHIFT_JIS.encode(html).0.into_owned();
    let nested = |depth: usize| format!("{}<p>found at the bottom of {depth}</p>{}", "<div>".repeat(depth), "</div>".repeat(depth));
    site.reply(&format!("{address}/header"), Reply::new(200, "text/html; charset=Shift_JIS", shift_jis(japanese)))
        .reply(&format!("{address}/meta"), Reply::new(200, "text/html", shift_jis(&format!("<meta charset=shift_jis>{japanese}"))))
        .reply(&format!("{address}/invalid"), Reply::new(200, "text/html; charset=utf-8", *b"<p>before \xff\xfe\xc3 after</p>"))
        .reply(&format!("{address}/nested"), Reply::html(nested(5_000)))
        .reply(&format!("{address}/deeper"), Reply::html(nested(100_000)))
        .reply(&format!("{address}/tags"), Reply::html(format!("<p>all the same</p>{}", "<b><i><a href=x><table><td>".repeat(5_000))))
        .reply(&format!("{address}/nul"), Reply::html("<p>nul \0 and \u{1b}[31m escape</p>"));
    let read = |path: &str| {
        let output = run(home.path(), &["fetch", &format!("http://{address}{path}"), "--allow-private"]);
        assert!(output.status.success(), "{path}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{path}");
        text(&output.stdout)
    };
    for path in ["/header", "/meta"] {
        assert!(read(path).contains("日本語の文書をクロールして検索できるようにします。"), "{path}: {}", read(path));
    }
    let invalid = read("/invalid");
    assert!(invalid.contains("before \u{fffd}") && invalid.contains(" after"), "{invalid}");
    assert!(read("/nested").contains("found at the bottom of 5000"));
    assert!(read("/deeper").contains("found at the bottom of 100000"));
    assert!(read("/tags").contains("all the same"));
    assert!(read("/nul").contains("escape"));

    let url = format!("http://{address}/nested");
    assert!(run(home.path(), &["crawl", &url, "--allow-private", "--db", "x.db"]).status.success());
    let found = report(&run(home.path(), &["search", "the bottom of 5000", "--mode", "lexical", "--db", "x.db", "--json"]));
    assert_eq!(found["hits"][0]["url"], json!(url), "{found}");
}

/// All kinds of bad pages beside good ones.
#[test]
fn a_failing_page_never_fails_a_crawl() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let long = "A sentence that goes on. ".repeat(1_000);
    let bad = [
        ("404", Reply::status(404), "404"),
        ("500", Reply::status(500), "500"),
        ("loop", Reply::redirect("/loop"), "redirect"),
        ("bomb", Reply::new(200, "text/html", gzip(large())).header("Content-Encoding", "gzip"), "larger than"),
        ("cut", prose(&long).reset_after(10_000), "the body ended after 10000 bytes of"),
        ("silent", Reply::hangup(), "closed before an answer"),
    ];
    let links: Vec<_> = bad.iter().map(|(path, ..)| *path).chain(["empty", "image", "reset", "good"]).collect();
    site.page(&format!("{address}/"), &links)
        .reply(&format!("{address}/empty"), Reply::html(""))
        .reply(&format!("{address}/image"), Reply::new(200, "image/png", *b"\x89PNG\r\n\x1a\n"))
        .reply(&format!("{address}/reset"), prose("Complete before the reset.").then_reset())
        .reply(&format!("{address}/good"), prose("As it should be."));
    for (path, reply, _) in &bad {
        site.reply(&format!("{address}/{path}"), reply.clone());
    }
    let url = format!("http://{address}/");
    let output = run(
        home.path(),
        &[
            "crawl",
            &url,
            &format!("http://{dead}/"),
            "http://no-such-host.invalid/",
            "--allow-private",
            "--no-index",
            "--db",
            "x.db",
            "--json",
        ],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "a bad page is news for the report alone");
    let told = report(&output);
    assert_eq!((&told["pages"], &told["stored"]), (&json!(4), &json!(3)), "{told}");
    let counted = |name: &str| told["http"][name].as_u64().unwrap();
    assert_eq!(counted("requests"), counted("succeeded") + counted("failed"), "{told}");
    let list = |name: &str, what: &str| -> Vec<(String, String)> {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        told[name].as_array().unwrap().iter().map(|one| (word(&one["url"]), word(&one[what]))).collect()
    };
    let (failures, skipped) = (list("failed", "error"), list("skipped", "why"));
    assert_eq!((failures.len(), skipped.len()), (bad.len() + 2, 2), "{told}");
    let why = |list: &[(String, String)], url: &str| {
        list.iter().find(|(at, _)| at == url).unwrap_or_else(|| panic!("{url} is missing: {told}")).1.clone()
    };
    for (path, _, cause) in &bad {
        assert!(why(&failures, &format!("{url}{path}")).contains(cause), "{path}: {told}");
    }
    assert!(why(&failures, &format!("{url}cut")).contains("reset"), "{told}");
    assert!(why(&failures, &format!("http://{dead}/")).contains("refused"), "{told}");
    assert!(why(&failures, "http://no-such-host.invalid/").contains("no-such-host.invalid does not resolve"), "{told}");
    assert!(why(&skipped, &format!("{url}empty")).contains("no text"), "{told}");
    assert!(why(&skipped, &format!("{url}image")).contains("image/png"), "{told}");
}

#[test]
fn lines_that_cannot_be_read_are_named() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("bad.jsonl"), b"\n\xff\xfe\n").unwrap();
    std::fs::create_dir(home.path().join("folder")).unwrap();
    std::fs::write(home.path().join("good.jsonl"), r#"{"url": "https://a.test/", "text": "Herons."}"#).unwrap();
    assert!(run(home.path(), &["index", "--jsonl", "good.jsonl", "--no-index", "--db", "x.db"]).status.success());
    for (arguments, why) in [
        (["index", "--jsonl", "bad.jsonl"], "bad.jsonl, line 2: "),
        (["search", "--batch", "bad.jsonl"], "bad.jsonl, line 2: "),
        (["index", "--jsonl", "folder"], "folder"),
        (["search", "--batch", "folder"], "folder"),
    ] {
        failed(&run(home.path(), &[&arguments[..], &["--quiet", "--db", "x.db"]].concat()), &[why], "each line is {");
    }
    let mut extract = smolcrawl(home.path());
    let bad = std::fs::File::open(home.path().join("bad.jsonl")).unwrap();
    let output = extract.args(["extract", "--jsonl"]).stdin(bad).output().unwrap();
    failed(&output, &["stdin, line 2: "], "each line is {");
    assert_eq!(report(&output)["id"], Value::Null);
    // The end of the input, and no line of it.
    let folder = std::fs::File::open(home.path().join("folder")).ok();
    if let Some(folder) = folder.filter(|_| cfg!(unix)) {
        let mut extract = smolcrawl(home.path());
        failed(&extract.args(["extract", "--jsonl"]).stdin(folder).output().unwrap(), &["stdin, line 1: "], "each line is {");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    site.reply(&format!("{address}/"), prose("Stored all the same."));
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let crawl = ["crawl", &format!("http://{address}/"), "--allow-private", "--no-index", "--json", "--db", "x.db"];
    let output = smolcrawl(home.path()).args(crawl).stdout(full()).output().unwrap();
    failed(&output, &["the result cannot be written", "No space left"], "standard output");
    let sources = report(&run(home.path(), &["sources", "--db", "x.db", "--json"]));
    assert_eq!(sources["sources"][0]["pages"], json!(1), "{sources}");
}

/// There is no full device on Windows, but there are handles that only read.
#[cfg(windows)]
#[test]
fn a_result_that_may_not_be_written_is_an_error() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("shut.txt"), "").unwrap();
    let shut = std::fs::File::open(home.path().join("shut.txt")).unwrap();
    failed(&smolcrawl(home.path()).arg("doctor").stdout(shut).output().unwrap(), &["the result cannot be written"], "standard output");
}

#[test]
fn a_damaged_database_is_said_to_be_damaged() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    site.reply(&format!("{address}/"), prose("Soon to be lost."));
    let crawl = ["crawl", &format!("http://{address}/"), "--allow-private", "--no-index", "--json", "--db", "x.db"];
    assert!(run(home.path(), &crawl).status.success());
    let path = home.path().join("x.db");
    let whole = std::fs::read(&path).unwrap();
    let cut = whole[..whole.len() / 3].to_vec();
    let mut overwritten = whole.clone();
    overwritten[4096..].fill(0xa5);
    for damaged in [cut, overwritten] {
        std::fs::write(&path, &damaged).unwrap();
        failed(&run(home.path(), &["sources", "--db", "x.db"]), &["x.db is damaged"], "move the file away");
        failed(&run(home.path(), &crawl), &["x.db is damaged"], "move the file away");
    }
}

#[test]
fn a_database_that_cannot_be_one() {
    let home = TempDir::new().unwrap();
    let at = |name: &str| home.path().join(name);
    let site = Site::default();
    let address = serve(&site);
    site.reply(&format!("{address}/"), prose("Never to be stored."));
    let url = format!("http://{address}/");

    std::fs::write(at("text.db"), "not a database\n".repeat(100)).unwrap();
    std::fs::write(at("short.db"), "no").unwrap();
    let foreign = rusqlite::Connection::open(at("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").unwrap();
    drop(foreign);
    std::fs::create_dir(at("folder.db")).unwrap();
    let before = |name: &str| std::fs::read(at(name)).unwrap();
    let contents = ["text.db", "short.db", "foreign.db"].map(before);

    let not_ours = "is not a smolcrawl database";
    for (database, why, hint) in [
        ("text.db", not_ours, "not touched"),
        ("short.db", not_ours, "not touched"),
        ("foreign.db", not_ours, "not touched"),
        ("folder.db", "folder.db cannot be opened", "--db"),
        ("text.db/x.db", "x.db cannot be opened", "--db"),
        #[cfg(target_os = "linux")]
        ("/proc/x.db", "/proc/x.db cannot be", "--db"),
        #[cfg(target_os = "linux")]
        ("/proc/none/x.db", "/proc/none/x.db cannot be", "--db"),
        #[cfg(target_os = "linux")]
        ("/dev/null", "/dev/null", "--db"),
    ] {
        // A question makes nothing, so there is nothing that it could not make.
        let asked = if database.starts_with("/proc/") { ["does not exist", "crawl something first"] } else { [why, hint] };
        failed(&run(home.path(), &["sources", "--db", database]), &[asked[0]], asked[1]);
        // The report comes first: what was fetched is told even though it could not be kept.
        let crawled = run(home.path(), &["crawl", &url, "--allow-private", "--db", database, "--json"]);
        failed(&crawled, &[why], hint);
        assert_eq!(report(&crawled)["stored"], json!(0));
    }
    assert_eq!(["text.db", "short.db", "foreign.db"].map(before), contents, "what is not ours is not touched");

    // The server lives on, and says the same to the model.
    let mut server = Server::start(home.path(), &["--db", "text.db", "--allow-private"]);
    server.initialize();
    for (id, tool, arguments) in [
        (2, "get_available_sources", json!({})),
        (3, "crawl_single_page", json!({ "url": url })),
        (4, "perform_rag_query", json!({ "query": "x" })),
    ] {
        let answer = server.call(id, tool, arguments);
        assert_eq!(answer["isError"], json!(true), "{answer}");
        assert!(answer["content"][0]["text"].as_str().unwrap().contains(not_ours), "{answer}");
    }
    assert!(server.end().status.success());
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let home = TempDir::new().unwrap();
    let folder = home.path().join("shut");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(folder.join("probe"), "").is_ok() {
        return eprintln!("not tried: this user may write everywhere");
    }
    std::fs::write(home.path().join("lines.jsonl"), "{\"url\":\"http://a.test/\",\"text\":\"Herons.\"}").unwrap();
    for database in ["shut/x.db", "shut/deeper/x.db"] {
        let stored = run(home.path(), &["index", "--jsonl", "lines.jsonl", "--no-index", "--db", database]);
        failed(&stored, &[database, "cannot be written"], "writable");
        failed(&run(home.path(), &["sources", "--db", database]), &[database, "nothing is stored yet"], "crawl something first");
    }
    // What may not even be entered, and a file that may not be read: a question writes nothing.
    for (path, mode) in [("shut", 0o000), ("file.db", 0o000)] {
        let path = home.path().join(path);
        if !path.exists() {
            std::fs::write(&path, "").unwrap();
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    for database in ["shut/x.db", "file.db"] {
        for asked in [&["sources"][..], &["search", "herons", "--mode", "lexical"]] {
            let output = run(home.path(), &[asked, &["--db", database]].concat());
            failed(&output, &[database, "cannot be opened"], "may be entered");
        }
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Nothing can be written to the disk that the database lies on: what is stored is found, and what would be stored is refused.
#[cfg(target_os = "linux")]
#[test]
fn a_read_only_disk() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    site.reply(&format!("{address}/"), prose("Herons stand still in shallow water."));
    std::fs::create_dir(home.path().join("disk")).unwrap();
    let url = format!("http://{address}/");
    assert!(run(home.path(), &["crawl", &url, "--allow-private", "--no-index", "--db", "disk/x.db"]).status.success());
    let script = "mount --bind disk disk && mount -o remount,bind,ro disk || exit 77
        \"$1\" crawl \"$2\" --allow-private --no-index --db disk/x.db >&2; echo $?
        \"$1\" search herons --mode lexical --json --db disk/x.db; echo $?
        \"$1\" sources --json --db disk/x.db; echo $?
        \"$1\" refresh \"$2\" --allow-private --db disk/x.db >&2; echo $?
        \"$1\" remove \"$2\" --db disk/x.db >&2; echo $?
        ls disk";
    let asked = site.asked().len();
    let Some(output) = in_a_namespace(home.path(), script, &url) else { return };
    assert_eq!(site.asked().len(), asked, "nothing is fetched that cannot be stored");
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().filter(|line| *line == "error: disk/x.db cannot be written").count(), 3, "{stderr}");
    assert!(stderr.contains("hint: make file and folder writable"), "{stderr}");
    let stdout = text(&output.stdout);
    let lines: Vec<_> = stdout.lines().collect();
    let ["1", found, "0", sources, "0", "1", "1", "x.db"] = lines[..] else { panic!("{stdout}\n{stderr}") };
    let [found, sources] = [found, sources].map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(found["hits"][0]["url"], json!(url), "{found}");
    assert_eq!(sources["sources"][0]["pages"], json!(1), "{sources}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_what_is_stored() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let paths: Vec<_> = (0..60).map(|page| format!("/{page}")).collect();
    site.page(&format!("{address}/"), &paths.iter().map(String::as_str).collect::<Vec<_>>());
    for path in &paths {
        site.reply(&format!("{address}{path}"), prose(&format!("Page {path}. {}", "Words that fill a disk. ".repeat(500))));
    }
    std::fs::create_dir(home.path().join("disk")).unwrap();
    let script = "mount -t tmpfs -o size=700k tmpfs disk || exit 77
        \"$1\" crawl \"$2\" --allow-private --json --db disk/x.db; echo $?
        \"$1\" search words --mode lexical --json --db disk/x.db; echo $?
        \"$1\" sources --json --db disk/x.db; echo $?";
    let Some(output) = in_a_namespace(home.path(), script, &format!("http://{address}/")) else { return };
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let lines: Vec<_> = stdout.lines().collect();
    let [crawled, "1", found, "0", sources, "0"] = lines[..] else { panic!("{stdout}\n{stderr}") };
    let [crawled, found, sources] = [crawled, found, sources].map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(crawled["stored"].as_u64().unwrap() > 3, "{crawled}");
    assert!(sources["sources"][0]["pages"].as_u64() >= crawled["stored"].as_u64(), "{sources} {crawled}");
    assert!(!found["hits"].as_array().unwrap().is_empty(), "{found}");
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines, ["error: no space left for disk/x.db", "hint: free some space and run it again: what was stored is kept"]);
}

/// Runs a shell script, which may mount, on the binary and a URL; none where the system does not let us.
#[cfg(target_os = "linux")]
fn in_a_namespace(home: &Path, script: &str, url: &str) -> Option<Output> {
    let mut command = Command::new("unshare");
    let output = command
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_smolcrawl"), url])
        .current_dir(home)
        .env("HOME", home)
        .output();
    match output {
        Ok(output) if output.status.code() != Some(77) && !text(&output.stderr).starts_with("unshare: ") => Some(output),
        other => {
            eprintln!("not tried, as nothing may be mounted here: {other:?}");
            None
        }
    }
}

#[test]
fn two_processes_write_one_database() {
    let home = TempDir::new().unwrap();
    let crawl = || {
        let site = Site::default();
        let address = serve(&site);
        let paths: Vec<_> = (0..40).map(|page| format!("/{page}")).collect();
        site.page(&format!("{address}/"), &paths.iter().map(String::as_str).collect::<Vec<_>>());
        for path in &paths {
            site.reply(&format!("{address}{path}"), prose(&format!("Page {path} of {address}.")));
        }
        smolcrawl(home.path())
            .args(["crawl", &format!("http://{address}/"), "--allow-private", "--json", "--db", "x.db"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    for output in [crawl(), crawl()].map(|child| child.wait_with_output().unwrap()) {
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "");
        assert_eq!(report(&output)["stored"], json!(41));
    }
    let sources = report(&run(home.path(), &["sources", "--db", "x.db", "--json"]));
    for source in 0..2 {
        let source = &sources["sources"][source];
        assert_eq!((&source["pages"], &source["embedded"]), (&json!(41), &source["chunks"]), "{sources}");
    }
}

#[test]
fn a_database_that_stays_locked() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    site.reply(&format!("{address}/"), prose("Stored before the lock."));
    let crawl = ["crawl", &format!("http://{address}/"), "--allow-private", "--no-index", "--json", "--db", "x.db"];
    assert!(run(home.path(), &crawl).status.success());
    let other = rusqlite::Connection::open(home.path().join("x.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    site.reply(&format!("{address}/"), prose("Changed while it was locked."));
    failed(&run(home.path(), &crawl), &["x.db is locked by another process"], "wait for the other");
    let found = report(&run(home.path(), &["search", "stored before", "--mode", "lexical", "--json", "--db", "x.db"]));
    assert!(found["hits"][0]["text"].as_str().unwrap().contains("Stored before the lock."), "{found}");
}
