//! Stores on a real server that is wrong, refuses or goes away: `tests/postgres/run postgres` starts one. And on what is no server at all,
//! for which none is needed.
#![cfg(feature = "postgres")]

#[cfg(feature = "cli")]
#[path = "support/binary.rs"]
mod binary;
#[path = "postgres/hostile.rs"]
mod hostile;
#[path = "postgres/kept.rs"]
mod kept;
#[path = "postgres/kills.rs"]
mod kills;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "postgres/rights.rs"]
mod rights;
#[cfg(feature = "cli")]
#[path = "postgres/serve.rs"]
mod serve;
#[cfg(feature = "cli")]
#[path = "support/site.rs"]
mod site;
#[path = "postgres/tls.rs"]
mod tls;

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use proxy::{Cut, Proxy};
use smolcrawl::config::{Config as Settings, Embeddings, Environment};
use smolcrawl::engine::Existing;
use smolcrawl::model::{Chunk, ChunkKind, Document, Embedded, Mode, PageKind, PerPage, Query, SourceId, Wanted};
use smolcrawl::reactor::sim::Sim;
use smolcrawl::store::{Config, Error, Put, Store, Trouble};
use smolcrawl::{Engine, chunk};
use url::Url;

const NEEDS: &str = "it needs a server: tests/postgres/run";

/// The server that was started for this.
fn server() -> Url {
    Url::parse(&std::env::var("SMOLCRAWL_TEST_POSTGRES").expect(NEEDS)).unwrap()
}

/// The same as somebody else, with another database.
fn as_other(user: &str, password: Option<&str>, database: &str) -> String {
    let mut url = server();
    url.set_username(user).unwrap();
    url.set_password(password).unwrap();
    url.set_path(database);
    url.into()
}

fn psql(database: &str, sql: &str) -> String {
    let url = server();
    let mut psql = Command::new(std::env::var("SMOLCRAWL_TEST_PSQL").expect(NEEDS));
    let port = url.port().unwrap().to_string();
    psql.args([
        "-X",
        "-A",
        "-t",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        "127.0.0.1",
        "-p",
        &port,
        "-U",
        url.username(),
        "-d",
        database,
        "-c",
        sql,
    ]);
    let done = psql.output().unwrap();
    assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// Until something has happened elsewhere.
fn wait_for(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "it does not happen");
    }
}

fn restart() {
    let command = std::env::var("SMOLCRAWL_TEST_RESTART").expect(NEEDS);
    let done = Command::new("sh").args(["-c", &command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(done.success());
}

fn trouble(opened: Result<Store, Error>) -> Trouble {
    let error = opened.unwrap_err();
    let told = error.to_string();
    assert!(!told.contains("secret") && !told.contains("odd@characters"), "{told}");
    assert!(error.hint().is_some(), "{told}");
    match error {
        Error::Server { trouble, .. } => trouble,
        other => panic!("{other:?}"),
    }
}

fn open(address: &str) -> Result<Store, Error> {
    Store::open(address, Config { busy_timeout: Duration::from_millis(400), ..Config::default() })
}

fn page(path: &str, markdown: &str) -> (Document, Vec<Chunk>) {
    let url = Url::parse("https://docs.test/").unwrap().join(path).unwrap();
    let document = Document::new(url, "Title", markdown, SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
    let chunks = chunk::split(&document, &chunk::Config { min_chars: 0, ..chunk::Config::default() });
    (document, chunks)
}

fn put(store: &Store, path: &str, markdown: &str) -> Put {
    let (document, chunks) = page(path, markdown);
    store.put(&document, &chunks).unwrap()
}

fn found(store: &Store, text: &str) -> Vec<String> {
    let query = Query { mode: Mode::Lexical, ..Query::new(text) };
    store.search(&query, None, "m").unwrap().into_iter().map(|hit| hit.url.path().to_owned()).collect()
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn who_is_not_let_in_is_told_why() {
    psql("stores", "CREATE ROLE guest LOGIN PASSWORD 'secret'");
    assert!(matches!(trouble(open(&as_other("guest", Some("secret 2"), "stores"))), Trouble::LoginRefused { .. }));
    assert!(matches!(trouble(open(&as_other("nobody_known", Some("secret"), "stores"))), Trouble::LoginRefused { .. }));
    assert_eq!(trouble(open(&as_other("guest", None, "stores"))), Trouble::NoPassword);
    assert!(matches!(trouble(open(&as_other("guest", Some("secret"), "none_such"))), Trouble::NoDatabase { .. }));
    let rights = trouble(open(&as_other("guest", Some("secret"), "stores")));
    assert!(matches!(&rights, Trouble::NoRights { why } if why.contains("stores")), "{rights:?}");
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn what_is_no_server_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = |port: u16| format!("postgres://me:secret@127.0.0.1:{port}/x");
    let port = free.local_addr().unwrap().port();
    drop(free);
    assert!(matches!(trouble(open(&address(port))), Trouble::Unreachable { .. }));
    // Something else answers, and hangs up.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut socket, _) = other.accept().unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        }
    });
    assert!(matches!(trouble(open(&address(port))), Trouble::Unreachable { .. }));
    // It is asked for TLS, and answers with something else.
    let encrypted = format!("{}?sslmode=verify-full", address(port));
    assert!(matches!(trouble(open(&encrypted)), Trouble::Tls { .. }));
    answering.join().unwrap();
    // This one offers none.
    let url = format!("{}?sslmode=verify-full", server());
    assert!(matches!(trouble(open(&url)), Trouble::Tls { why } if why.contains("does not offer")));
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_database_that_cannot_be_used_is_told() {
    psql("stores", "CREATE ROLE maker LOGIN PASSWORD 'secret'");
    for (name, more) in [("latin", "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"), ("bare", "TEMPLATE template0"), ("theirs", "")] {
        psql("stores", &format!("CREATE DATABASE {name} {more}"));
        psql("stores", &format!("GRANT CREATE ON DATABASE {name} TO maker"));
    }
    assert_eq!(trouble(open(&as_other("maker", Some("secret"), "latin"))), Trouble::Encoding { found: "LATIN1".into() });
    assert!(
        matches!(trouble(open(&as_other("maker", Some("secret"), "bare"))), Trouble::NoVectors { .. }),
        "it may not make the extension"
    );
    psql("stores", "ALTER ROLE maker SUPERUSER; ALTER ROLE maker SET extension_control_path = '/nowhere'");
    let none = trouble(open(&as_other("maker", Some("secret"), "bare")));
    assert!(matches!(&none, Trouble::NoVectors { why } if why.contains("not available")), "{none:?}");
    assert_eq!(psql("bare", "SELECT count(*) FROM pg_namespace WHERE nspname = 'smolcrawl'"), "0", "and nothing has been left behind");
    psql("theirs", "CREATE SCHEMA smolcrawl; CREATE TABLE smolcrawl.pages (theirs int)");
    assert_eq!(trouble(open(&as_other("maker", Some("secret"), "theirs"))), Trouble::NotOurs { schema: "smolcrawl".into() });
    assert_eq!(psql("theirs", "SELECT count(*) FROM pg_class WHERE relnamespace = 'smolcrawl'::regnamespace AND relkind = 'r'"), "1");
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn who_only_reads_makes_no_tables_and_a_newer_database_is_left_alone() {
    psql("stores", "CREATE DATABASE versions");
    let address = server().join("versions").unwrap().to_string();
    assert!(matches!(Store::open_to_read(&address, Config::default()).unwrap_err(), Error::Missing { .. }));
    psql("stores", "ALTER DATABASE versions SET default_transaction_read_only = on");
    assert!(matches!(Store::open_existing(&address, Config::default()).unwrap_err(), Error::Missing { .. }));
    psql("stores", "ALTER DATABASE versions RESET default_transaction_read_only");
    assert_eq!(psql("versions", "SELECT count(*) FROM pg_namespace WHERE nspname = 'smolcrawl'"), "0");
    assert_eq!(Store::open_existing(&address, Config::default()).unwrap().sources().unwrap(), []);
    put(&open(&address).unwrap(), "a", "Herons stand still.");
    psql("versions", "UPDATE smolcrawl.smolcrawl_version SET version = 1000");
    assert!(matches!(open(&address).unwrap_err(), Error::Newer { found: 1000, .. }));
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn where_nothing_can_be_written_it_is_searched() {
    psql("stores", "CREATE DATABASE standing");
    let address = server().join("standing").unwrap().to_string();
    put(&open(&address).unwrap(), "a", "Herons stand still.");
    psql("stores", "ALTER DATABASE standing SET default_transaction_read_only = on");
    assert_eq!(trouble(open(&address)), Trouble::ReadOnly);
    let store = Store::open_existing(&address, Config::default()).unwrap();
    assert!(!store.is_writable());
    assert_eq!(found(&store, "herons"), ["/a"]);
    let (document, chunks) = page("b", "Storks.");
    assert!(matches!(store.put(&document, &chunks).unwrap_err(), Error::Server { trouble: Trouble::ReadOnly, .. }));
}

/// Somebody else who has begun something, for as long as this is there.
struct Holder(Child);

impl Holder {
    /// Whoever holds the lock for writing.
    fn of(schema: &str) -> Self {
        let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted";
        Self::doing(&format!("SELECT pg_advisory_lock(1397572434, hashtext('{schema}'));"), held)
    }

    /// Whoever has done this in a transaction that is not over; `seen` tells how many of it are there.
    fn doing(sql: &str, seen: &str) -> Self {
        let url = server();
        let mut psql = Command::new(std::env::var("SMOLCRAWL_TEST_PSQL").expect(NEEDS));
        psql.args(["-X", "-q", "-h", "127.0.0.1", "-p", &url.port().unwrap().to_string(), "-U", url.username(), "-d", "stores"]);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(format!("BEGIN; {sql}\n").as_bytes()).unwrap();
        wait_for(|| self::psql("stores", seen) != "0");
        Self(child)
    }
}

impl Drop for Holder {
    /// The end of what it says is the end of its connection, and undoes what it has begun.
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_lock_that_stays_is_busy_and_keeps_nobody_from_reading() {
    let store = open(&format!("{}?schema=held", server())).unwrap();
    put(&store, "a", "Herons stand still.");
    let holder = Holder::of("held");
    let (document, chunks) = page("b", "Storks.");
    let error = store.put(&document, &chunks).unwrap_err();
    assert!(matches!(&error, Error::Server { trouble: Trouble::Busy { .. }, .. }) && error.is_transient(), "{error:?}");
    assert_eq!(found(&store, "herons"), ["/a"]);
    drop(holder);
    assert_eq!(store.put(&document, &chunks).unwrap(), Put::Added);
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_server_that_comes_back_is_asked_on_and_has_all_that_it_acknowledged() {
    let address = format!("{}?schema=crashed", server());
    let store = Store::open(&address, Config { busy_timeout: Duration::from_secs(20), ..Config::default() }).unwrap();
    for round in 0..5 {
        for number in 0..10 {
            assert_eq!(put(&store, &format!("{round}-{number}"), &format!("Herons of round{round} and number{number}.")), Put::Added);
        }
        restart();
        // Whoever is in the middle of it connects anew.
        assert_eq!(found(&store, &format!("round{round}")).len(), 10);
    }
    psql("stores", "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'smolcrawl'");
    assert_eq!(put(&store, "last", "Storks."), Put::Added);
    let check = store.check().unwrap();
    assert!(check.is_whole(), "{check:?}");
    assert_eq!(check.pages, 51);
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_server_that_stays_away_is_told() {
    for how in [Cut::Closed, Cut::Reset] {
        let proxy = Proxy::to(server().port().unwrap());
        let mut address = server();
        address.set_port(Some(proxy.port())).unwrap();
        let store = open(&format!("{address}?schema=away")).unwrap();
        put(&store, "a", "Herons.");
        proxy.cut(how);
        let started = Instant::now();
        let error = store.sources().unwrap_err();
        let is_away = matches!(&error, Error::Server { trouble: Trouble::Unreachable { .. } | Trouble::Lost { .. }, .. });
        assert!(is_away && error.is_transient() && error.hint().is_some(), "{how:?}: {error:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "it is not waited for ever");
        proxy.mend();
        assert_eq!(found(&store, "herons"), ["/a"]);
    }
}

/// The ranking is ours, so both engines answer alike.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn both_engines_answer_alike() {
    let (file, server) = (Store::open_in_memory().unwrap(), open(&format!("{}?schema=alike", server())).unwrap());
    let words = "heron stork crane pond river reed wing feather nest egg fish frog mud stone bridge boat oar net rope knot".split(' ');
    let words: Vec<&str> = words.collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut sentence = |length: usize| (0..length).map(|_| words[next(words.len()).min(next(words.len()))]).collect::<Vec<_>>().join(" ");
    for number in 0..300 {
        let text: String = (0..5).map(|part| format!("## {} {part}\n\n{}.\n\n", sentence(2), sentence(40))).collect();
        let (document, chunks) = page(&format!("p{number}"), &text);
        assert_eq!(file.put(&document, &chunks).unwrap(), server.put(&document, &chunks).unwrap());
    }
    let meaning = |text: &str| -> Vec<f32> {
        let counts: Vec<f32> = words.iter().map(|word| text.matches(word).count() as f32 + 0.01).collect();
        let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt();
        counts.iter().map(|count| count / length).collect()
    };
    for store in [&file, &server] {
        loop {
            let pending = store.pending("m", 200).unwrap();
            if pending.is_empty() {
                break;
            }
            let of = |pending: &smolcrawl::model::Pending| Embedded { chunk: pending.chunk, vector: meaning(&pending.passage) };
            store.put_vectors("m", &pending.iter().map(of).collect::<Vec<_>>()).unwrap();
        }
    }
    assert_eq!(file.progress("m").unwrap(), server.progress("m").unwrap());
    for (mode, least) in [(Mode::Lexical, 200), (Mode::Dense, 195), (Mode::Hybrid, 195)] {
        let mut same = 0;
        for number in 0..200 {
            let text = sentence(1 + number % 4);
            let query = Query { mode, limit: 5, ..Query::new(&*text) };
            let vector = meaning(&text);
            let first = |store: &Store| -> Vec<(Url, u32)> {
                let hits = store.search(&query, Some(&vector), "m").unwrap();
                hits.into_iter().map(|hit| (hit.url, hit.chunk.ordinal)).collect()
            };
            same += usize::from(first(&file) == first(&server));
        }
        eprintln!("{mode:?}: {same} of 200 questions have the same first five");
        assert!(same >= least, "{mode:?}: {same} of 200");
    }
}

/// Numbers that look like chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    /// Of length one, as those of all models are.
    fn vector(&mut self) -> Vec<f32> {
        let vector: Vec<f32> = (0..24).map(|_| self.below(2_001) as f32 / 1_000.0 - 1.0).collect();
        smolcrawl::embed::normalised(vector).unwrap()
    }
}

/// Two large sources and a small one, with text and code of several languages; and what an index of its vectors is asked.
fn many_passages(schema: &str) -> (String, Chance) {
    let address = format!("{}?schema={schema}", server());
    let (store, mut chance) = (open(&address).unwrap(), Chance(0x2545_f491_4f6c_dd1d));
    for page in 0..700 {
        let site = if page % 50 == 0 { "small" } else { ["large", "larger"][page % 2] };
        let url = Url::parse(&format!("https://{site}.test/{page}")).unwrap();
        let document = Document::new(url, "Title", "text", SystemTime::UNIX_EPOCH);
        let chunk = |ordinal: u32| {
            let language = ordinal.is_multiple_of(10).then(|| "rust".to_owned());
            let kind = if ordinal.is_multiple_of(5) { ChunkKind::Code { language, context: String::new() } } else { ChunkKind::Text };
            Chunk { ordinal, heading_path: Vec::new(), text: format!("passage {page} {ordinal}"), kind, anchor: None }
        };
        store.put(&document, &(0..20).map(chunk).collect::<Vec<_>>()).unwrap();
    }
    loop {
        let pending = store.pending("m", 1_000).unwrap();
        if pending.is_empty() {
            return (address, chance);
        }
        let embedded: Vec<_> = pending.iter().map(|of| Embedded { chunk: of.chunk, vector: chance.vector() }).collect();
        store.put_vectors("m", &embedded).unwrap();
    }
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn the_nearest_are_found_by_an_index_and_no_narrowed_answer_comes_short() {
    let (address, mut chance) = many_passages("graph");
    let with = |indexed_from| Store::open(&address, Config { indexed_from, ..Config::default() }).unwrap();
    let (index, exact) = (with(1_000), with(u64::MAX));
    assert!(!exact.index_vectors("m").unwrap() && !index.index_vectors("none").unwrap());
    // Who writes meanwhile does not wait, and an index that was left half made is made anew.
    psql(
        "stores",
        "SET search_path TO graph, public; CREATE INDEX vectors_near_1 ON vectors USING hnsw ((steps::halfvec(24)) halfvec_cosine_ops) WHERE model = 1",
    );
    psql("stores", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'graph.vectors_near_1'::regclass");
    assert!(index.index_vectors("m").unwrap() && !index.index_vectors("m").unwrap());
    let asked = [
        ("all", Query::new("x")),
        ("code", Query { wanted: Wanted::Code, ..Query::new("x") }),
        ("a source", Query { sources: vec![SourceId::parse("large.test").unwrap()], ..Query::new("x") }),
        ("a small source", Query { sources: vec![SourceId::parse("small.test").unwrap()], ..Query::new("x") }),
        (
            "two sources",
            Query { sources: ["small.test", "large.test"].map(|name| SourceId::parse(name).unwrap()).to_vec(), ..Query::new("x") },
        ),
        ("a language", Query { wanted: Wanted::Code, languages: vec!["rust".to_owned()], ..Query::new("x") }),
    ];
    for (which, query) in asked {
        let (mut found, mut wanted) = (0, 0);
        for _ in 0..40 {
            let vector = chance.vector();
            let first = |store: &Store| -> Vec<(Url, u32)> {
                let query = Query { mode: Mode::Dense, limit: 10, per_page: PerPage::All, ..query.clone() };
                let hits = store.search(&query, Some(&vector), "m").unwrap();
                hits.into_iter().map(|hit| (hit.url, hit.chunk.ordinal)).collect()
            };
            let (all, some) = (first(&exact), first(&index));
            assert_eq!(all.len(), some.len(), "{which}");
            wanted += all.len();
            found += all.iter().filter(|hit| some.contains(hit)).count();
        }
        eprintln!("{which}: {found} of {wanted}");
        assert!(found as f64 >= 0.98 * wanted as f64, "{which}: {found} of {wanted}");
    }
    drop((index, exact));
    // What a session has counted is there when it has ended.
    let deadline = Instant::now() + Duration::from_secs(20);
    while psql("stores", "SELECT idx_scan >= 40 FROM pg_stat_user_indexes WHERE schemaname = 'graph' AND indexrelname = 'vectors_near_1'")
        != "t"
    {
        assert!(Instant::now() < deadline, "the index has not been asked");
    }
}

/// Chunks that are far from each other make a long list of ranges, which is not read again for each of them.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_search_among_scattered_chunks_is_soon_over() {
    let (address, mut chance) = many_passages("scattered");
    let store = Store::open(&address, Config { statement_timeout: Duration::from_secs(3), ..Config::default() }).unwrap();
    let kinds = vec![PageKind::Page];
    let query = Query { mode: Mode::Dense, wanted: Wanted::Code, languages: vec!["rust".to_owned()], kinds, limit: 10, ..Query::new("x") };
    let found = |vector: &[f32]| store.search(&query, Some(vector), "m").unwrap().len();
    assert_eq!((found(&chance.vector()), found(&chance.vector())), (10, 10));
    // What is remembered of it is not what is there any more.
    let url = Url::parse("https://large.test/new").unwrap();
    let page = Document::new(url.clone(), "Title", "text", SystemTime::UNIX_EPOCH);
    let kind = ChunkKind::Code { language: Some("rust".to_owned()), context: String::new() };
    let chunk = Chunk { ordinal: 0, heading_path: Vec::new(), text: "heron".to_owned(), kind, anchor: None };
    open(&address).unwrap().put(&page, &[chunk]).unwrap();
    let pending = store.pending("m", 10).unwrap();
    let vector = chance.vector();
    store.put_vectors("m", &[Embedded { chunk: pending[0].chunk, vector: vector.clone() }]).unwrap();
    assert_eq!(store.search(&query, Some(&vector), "m").unwrap()[0].url, url);
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_copy_goes_on_when_the_server_was_gone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let address = format!("{}?schema=copied", server());
    let from = Store::open(&file, Config::default()).unwrap();
    let long = "Herons stand still in shallow water until a fish comes by. ".repeat(8_000);
    for number in 0..16 {
        let (document, chunks) = page(&format!("{number:02}"), &format!("# Page {number}\n\n{long}"));
        from.put(&document, &chunks[..3]).unwrap();
    }
    let handle = Sim::new().handle();
    let engine = |database: &Path| {
        let settings = Settings { environment: Environment::none(), embeddings: Embeddings::None, ..Settings::new(database) };
        Engine::with_handle(settings, handle.clone()).unwrap()
    };
    let (ours, theirs) = (engine(&file), engine(Path::new(&address)));
    let (mut restarts, mut begun) = (0, 0);
    let report = 'copies: loop {
        begun += 1;
        assert!(begun < 40, "it comes to no end");
        let mut copying = theirs.copy_from(&ours, Existing::Refuse);
        loop {
            match handle.block_on(copying.next()) {
                None => break 'copies copying.into_report(),
                // Once it was asked to end a transaction, nobody knows whether it has: the same copy finds out.
                Some(Err(error)) => {
                    assert!(error.is_transient(), "{error:?}");
                    break;
                }
                Some(Ok(progress)) if progress.copied > restarts * 3 && progress.copied < 16 => {
                    restart();
                    restarts += 1;
                }
                Some(Ok(_)) => {}
            }
        }
    };
    assert!(restarts > 2 && report.sources[0].pages == 16, "{restarts}: {report:?}");
    let there = open(&address).unwrap();
    let source = &report.sources[0].source;
    assert_eq!(from.documents_after(source, "", 100).unwrap(), there.documents_after(source, "", 100).unwrap());
    assert!(there.check().unwrap().is_whole());
}
