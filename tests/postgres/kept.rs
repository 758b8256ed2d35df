//! What is kept, as it was given: long vectors, odd characters, and what a database of a version before has. And what heals.

use std::time::{Duration, SystemTime};

use smolcrawl::chunk;
use smolcrawl::model::{
    Became, Clock, Dealt, Document, Embedded, Heading, JoinedLimits, JoinedPlan, Mode, PageOf, Query, Recipe, Settled, SharedVector,
    SourceId, Verdict, Waiting, Wish,
};
use smolcrawl::store::{Config, CutPage, Error, Put, Span, Store, StoredPackage, Trouble};
use url::Url;

use crate::{Holder, found, open, page, psql, put, server};

fn source() -> SourceId {
    SourceId::named("docs.test").unwrap()
}

fn limits() -> JoinedLimits {
    JoinedLimits { max_pages: 100, max_requests: 100, max_bytes: 1 << 30, per_host: 4, lease: Duration::from_secs(60) }
}

fn schema(name: &str) -> Store {
    open(&format!("{}?schema={name}", server())).unwrap()
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn vectors_may_be_longer_than_a_page_of_the_server() {
    let store = schema("long_vectors");
    put(&store, "a", "Herons stand still.");
    for dimensions in [384, 3_072, 4_096, 8_192, 16_000] {
        let model = format!("m{dimensions}");
        let pending = store.pending(&model, 10).unwrap();
        let vector: Vec<f32> = (0..dimensions).map(|at| (at as f32).sin()).collect();
        let embedded = Embedded { chunk: pending[0].chunk, vector: vector.clone() };
        store.put_vectors(&model, &[embedded]).unwrap();
        let query = Query { mode: Mode::Dense, ..Query::new("birds") };
        let hits = store.search(&query, Some(&vector), &model).unwrap();
        assert_eq!((hits.len(), hits[0].url.path()), (1, "/a"), "{dimensions}");
    }
    let pending = store.pending("too long", 10).unwrap();
    let error = store.put_vectors("too long", &[Embedded { chunk: pending[0].chunk, vector: vec![1.0; 16_384] }]).unwrap_err();
    assert!(matches!(&error, Error::Server { trouble: Trouble::TooLarge { why }, .. } if why.contains("16000")), "{error:?}");
    assert!(error.hint().is_some() && store.check().unwrap().is_whole());
}

/// PostgreSQL keeps no U+0000: U+FFFD stands for it, which has three bytes, and what is asked for is found all the same.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_character_that_cannot_be_kept_moves_no_heading_and_loses_no_page() {
    let store = schema("nulls");
    let markdown = "a\0é\0\n\n# B\n\nHerons\0 stand.\n\n## Ç\n\nStorks.\n";
    let document = |path: &str| {
        let url = Url::parse("https://docs.test/").unwrap().join(path).unwrap();
        let heading = |text: &str, level| {
            let offset = markdown.find(&format!("# {text}")).unwrap() - (usize::from(level) - 1);
            Heading { level, text: text.to_owned(), anchor: None, offset }
        };
        let outline = vec![heading("B", 1), heading("Ç", 2)];
        Document { outline, ..Document::new(url, "T\0", markdown, SystemTime::UNIX_EPOCH) }
    };
    let first = document("first");
    let chunks = chunk::split(&first, &chunk::Config { min_chars: 0, ..chunk::Config::default() });
    assert_eq!(store.put(&first, &chunks).unwrap(), Put::Added);
    assert_eq!(store.put(&first, &chunks).unwrap(), Put::Unchanged);
    let kept = store.page(&first.url).unwrap().unwrap();
    assert_eq!((&*kept.title, &*kept.markdown), ("T\u{fffd}", &*markdown.replace('\0', "\u{fffd}")));
    let at: Vec<&str> = kept.outline.iter().map(|heading| kept.markdown[heading.offset..].lines().next().unwrap()).collect();
    assert_eq!(at, ["# B", "## Ç"]);
    let source = SourceId::of(&first.url);
    assert_eq!(store.documents_after(&source, "", 10).unwrap(), [kept]);
    // Another address that says the same.
    assert_eq!(store.page_saying_the_same(&source, &document("second")).unwrap(), Some(first.url));
    // Its vectors come with an import.
    let vectors: Vec<SharedVector> =
        (0..chunks.len()).map(|chunk| SharedVector { chunk: chunk as u32, scale: 0.5, data: vec![1, 2] }).collect();
    store.put_shared_vectors("m", 2, &chunks, &vectors).unwrap();
    let progress = store.progress("m").unwrap();
    assert_eq!((progress.embedded, progress.chunks), (chunks.len() as u64, chunks.len() as u64));
    // And in all that is asked.
    let query = Query { mode: Mode::Lexical, languages: vec!["ru\0st".into()], ..Query::new("herons\0") };
    assert_eq!(store.search(&query, None, "m").unwrap().len(), 0);
    let query = Query { mode: Mode::Lexical, url_prefix: Some("https://docs.test/\0".into()), ..Query::new("herons") };
    assert!(matches!(store.search(&query, None, "m").unwrap_err(), Error::UnknownPrefix { .. }));
    store.says_version(&source, "1\0").unwrap();
    assert_eq!(store.sources().unwrap()[0].pages, 1);
}

/// Nothing is in the index of words that the texts do not say: a damaged one keeps nobody from storing, replacing or removing.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_damaged_index_of_words_is_healed_by_whoever_writes() {
    let store = schema("unworded");
    let damage = || psql("stores", "DELETE FROM unworded.word_blocks; UPDATE unworded.word_segments SET languages = '\\xffff'");
    for (number, write) in [
        &(|store: &Store| _ = put(store, "a", "Herons stand still, and wait.")) as &dyn Fn(&Store),
        &|store: &Store| _ = put(store, "c", "Cranes."),
        &|store: &Store| assert!(store.remove_page(None, &Url::parse("https://docs.test/b").unwrap()).unwrap()),
        &|store: &Store| {
            let other = schema("worded");
            put(&other, "c", "Cranes that were copied.");
            let pages = other.copied(&source(), Span { after: "", bytes: 1 << 20 }, &[]).unwrap();
            assert_eq!((pages.len(), store.put_copied(&source(), &pages, &[], &[]).unwrap()), (1, 0));
        },
        &|store: &Store| {
            let (clock, limits) = (Clock::Store { ahead: Duration::ZERO }, limits());
            let seeds = vec![Waiting { url: "https://docs.test/c".into(), depth: 0, role: Waiting::PAGE, from: None, via: Vec::new() }];
            let crawl = store.open_joined(&JoinedPlan { sources: vec![(source(), Recipe::default())], limits, seeds }, clock).unwrap().id;
            let worker = store.enter_joined(crawl, "w", clock).unwrap();
            let wish = Wish { urls: 1, ..Wish::default() };
            assert_eq!(store.take_joined(crawl, worker, &wish, clock).unwrap().unwrap().urls.len(), 1);
            let (document, chunks) = page("c", "Cranes that were fetched.");
            let pages = [PageOf { url: "https://docs.test/c".into(), contents: Vec::new() }];
            let dealt = vec![Dealt { url: pages[0].url.clone(), hops: Vec::new(), became: Became::Page, is_page: true }];
            let settled = Settled { dealt, ..Settled::default() };
            let cut = [CutPage { source: Some(source()), document, chunks }];
            let done = store.settle_joined(crawl, worker, &settled, &pages, &cut, None, clock).unwrap().unwrap();
            assert_eq!(done[0].0, Verdict::Stored);
        },
    ]
    .into_iter()
    .enumerate()
    {
        put(&store, "a", "Herons stand still.");
        put(&store, "b", "Storks.");
        damage();
        write(&store);
        let check = store.check().unwrap();
        assert!(check.is_whole(), "{number}: {check:?}");
        assert_eq!(found(&store, "herons"), ["/a"], "{number}");
    }
}

/// Until it does so by itself, the server goes by no figures at all, and is slow.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn rows_are_counted_as_soon_as_there_are_some() {
    let store = schema("counted");
    let counted = || psql("stores", "SELECT reltuples FROM pg_class WHERE oid = 'counted.vectors'::regclass");
    put(&store, "a", "Herons stand still.");
    let pending = store.pending("m", 10).unwrap();
    store.put_vectors("m", &[Embedded { chunk: pending[0].chunk, vector: vec![1.0, 0.5] }]).unwrap();
    assert_eq!(counted(), "-1");
    assert!(!store.index_vectors("m").unwrap(), "it takes more for an index");
    assert_eq!(counted(), "1");
}

/// What others have not ended has not happened.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn the_state_of_packages_is_that_of_what_is_there() {
    let store = schema("packed");
    let package = |version: &str| StoredPackage {
        ecosystem: "npm".into(),
        name: "herons".into(),
        version: version.into(),
        root: "/".into(),
        stamp: String::new(),
        symbols: 0,
        about: String::new(),
    };
    store.put_package(&package("1"), b"", &[]).unwrap();
    let before = store.packages_state().unwrap();
    let insert =
        "INSERT INTO packed.packages (ecosystem, name, version, root, stamp, symbols, about) VALUES ('npm', 'x', '1', '/', '', 0, '');";
    let seen = "SELECT count(*) FROM pg_locks WHERE relation = 'packed.packages'::regclass AND mode = 'RowExclusiveLock'";
    let holder = Holder::doing(insert, seen);
    assert_eq!(store.packages_state().unwrap(), before);
    drop(holder);
    assert_eq!(store.packages_state().unwrap(), before);
    store.put_package(&package("1"), b"other", &[]).unwrap();
    let replaced = store.packages_state().unwrap();
    assert_ne!(replaced, before);
    store.put_package(&package("2"), b"", &[]).unwrap();
    assert_ne!(store.packages_state().unwrap(), replaced);
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_schema_may_be_named_like_a_word_of_sql() {
    for name in ["order", "select", "1st", "user"] {
        let store = schema(name);
        put(&store, "a", "Herons.");
        assert_eq!(found(&store, "herons"), ["/a"], "{name}");
        assert!(store.check().unwrap().is_whole());
    }
}

/// A database that the first version with PostgreSQL has made, with two pages and their vectors, is brought to this one and loses nothing.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_database_of_the_first_version_is_brought_to_this_one() {
    psql("stores", "CREATE DATABASE older");
    psql("older", "CREATE EXTENSION vector");
    psql("older", include_str!("version-1.sql"));
    let address: String = server().join("older").unwrap().into();
    // Whoever may read what there was, and one whom somebody has taken a right.
    psql("stores", "CREATE ROLE older_reader; CREATE ROLE \"Older writer\"");
    psql("older", "GRANT SELECT ON ALL TABLES IN SCHEMA smolcrawl TO older_reader, PUBLIC");
    psql("older", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA smolcrawl TO \"Older writer\"");
    psql("older", "REVOKE SELECT ON smolcrawl.hosts FROM older_reader, PUBLIC");
    // Words that were cut by the rules of then.
    psql("older", "DELETE FROM smolcrawl.word_blocks; DELETE FROM smolcrawl.word_segments");
    psql("stores", "ALTER DATABASE older SET default_transaction_read_only = on");
    let error = Store::open_existing(&address, Config::default()).unwrap_err();
    assert!(matches!(&error, Error::Server { trouble: Trouble::Older { found: 1, .. }, .. }) && error.hint().is_some(), "{error:?}");
    psql("stores", "ALTER DATABASE older RESET default_transaction_read_only");
    let store = Store::open(&address, Config { busy_timeout: Duration::from_secs(5), ..Config::default() }).unwrap();
    let check = store.check().unwrap();
    assert!(check.is_whole(), "{check:?}");
    assert_eq!((check.pages, check.chunks, check.vectors), (2, 5, 5));
    assert_eq!(
        psql("older", "SELECT attstorage FROM pg_attribute WHERE attrelid = 'smolcrawl.vectors'::regclass AND attname = 'steps'"),
        "e"
    );
    assert_eq!(found(&store, "w1x0"), ["/7"]);
    let may = |role: &str, what: &str, table: &str| {
        psql("older", &format!("SELECT has_table_privilege('{role}', 'smolcrawl.{table}', '{what}')"))
    };
    for table in ["pages", "changes", "joined_crawls", "joined_urls", "embedding_leases"] {
        assert_eq!((&*may("older_reader", "SELECT", table), &*may("Older writer", "DELETE", table)), ("t", "t"), "{table}");
        assert_eq!(may("older_reader", "INSERT", table), "f", "{table}");
    }
    assert_eq!(may("older_reader", "SELECT", "hosts"), "f");
    let query = Query { mode: Mode::Dense, limit: 1, ..Query::new("herons") };
    assert_eq!(store.search(&query, Some(&[1.0, 0.0, -1.0]), "m").unwrap()[0].url.path(), "/14");
    let (document, chunks) = page("14", "Storks walk, and herons.");
    assert_eq!(store.put(&document, &chunks).unwrap(), Put::Replaced);
    assert!(store.check().unwrap().is_whole());
}
