//! What others may do in the database, or not: those who make functions there, those who only read, and those who hold what is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use smolcrawl::store::{Config, Error, Put, Store, Trouble, until};

use crate::{Holder, as_other, found, open, page, psql, put, server, trouble, wait_for};

/// A database of its own: its address.
fn database(name: &str) -> String {
    psql("stores", &format!("CREATE DATABASE {name}"));
    server().join(name).unwrap().into()
}

fn vectors(store: &Store, model: &str, dimensions: usize) -> Result<(), Error> {
    let pending = store.pending(model, 10).unwrap();
    let of = |pending: &smolcrawl::model::Pending| {
        let vector = (0..dimensions).map(|at| (at as f32 + pending.chunk as f32).sin()).collect();
        smolcrawl::model::Embedded { chunk: pending.chunk, vector }
    };
    store.put_vectors(model, &pending.iter().map(of).collect::<Vec<_>>())
}

/// Functions that fit better than PostgreSQL's own, and an operator that stands in for one, each of which tells when it is called.
const TRAPS: &str = r#"
    CREATE ROLE mallory; GRANT CREATE ON SCHEMA public TO mallory; SET ROLE mallory; SET search_path TO public;
    CREATE FUNCTION hashtext(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'hashtext was called'; END $$;
    CREATE FUNCTION unnest(bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql AS $$ BEGIN RAISE 'unnest was called'; END $$;
    CREATE FUNCTION unnest(bigint[]) RETURNS SETOF bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'unnest was called'; END $$;
    CREATE FUNCTION cardinality(text[]) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'cardinality was called'; END $$;
    CREATE FUNCTION equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE '= was called'; END $$;
    CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = equal);
    CREATE FUNCTION within(bigint, int8multirange) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE '<@ was called'; END $$;
    CREATE OPERATOR <@ (LEFTARG = bigint, RIGHTARG = int8multirange, FUNCTION = within);
    CREATE TABLE sources (id bigint, pages bigint); CREATE TABLE pages (id bigint);
    CREATE FUNCTION nextval(text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'nextval was called'; END $$;
"#;

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn nobody_elses_functions_are_called() {
    let address = database("trapped");
    psql("trapped", TRAPS);
    let store = open(&address).unwrap();
    put(&store, "a", "Herons stand still.\n\n```rust\nfn heron() {}\n```\n");
    put(&store, "a", "Herons stand very still.");
    put(&store, "b", "Storks.");
    vectors(&store, "m", 8).unwrap();
    assert_eq!(found(&store, "herons"), ["/a"]);
    let query = smolcrawl::model::Query { url_prefix: Some("https://docs.test/a".into()), ..smolcrawl::model::Query::new("herons") };
    assert_eq!(store.search(&query, Some(&[1.0; 8]), "m").unwrap().len(), 1);
    assert_eq!(store.packages_state().unwrap(), [0, 0, 0]);
    assert!(store.check().unwrap().is_whole());
    // Whoever writes to our tables from elsewhere counts there as well.
    let insert = "INSERT INTO smolcrawl.pages (url, source, title, fetched_at, markdown, bytes, hash)
                  SELECT url || 'x', source, title, fetched_at, markdown, bytes, hash FROM smolcrawl.pages";
    psql("trapped", &format!("SET search_path TO public; {insert}"));
    let check = store.check().unwrap();
    assert!(check.is_whole() && check.pages == 4, "{check:?}");
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn who_may_only_read_reads() {
    let address = database("read");
    put(&open(&address).unwrap(), "a", "Herons stand still.");
    let grants = "GRANT USAGE ON SCHEMA smolcrawl TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA smolcrawl TO reader";
    psql("read", &format!("CREATE ROLE reader LOGIN PASSWORD 'secret'; {grants}"));
    let address = as_other("reader", Some("secret"), "read");
    let refused = trouble(open(&address));
    assert!(matches!(refused, Trouble::NoRights { .. }), "{refused:?}");
    let store = Store::open_existing(&address, Config::default()).unwrap();
    assert!(!store.is_writable());
    assert_eq!(found(&store, "herons"), ["/a"]);
    let (document, chunks) = page("b", "Storks.");
    assert!(matches!(store.put(&document, &chunks).unwrap_err(), Error::Server { trouble: Trouble::NoRights { .. }, .. }));
    psql("read", "REVOKE USAGE ON SCHEMA smolcrawl FROM reader");
    assert!(matches!(trouble(Store::open_existing(&address, Config::default())), Trouble::NoRights { .. }));
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn an_old_pgvector_is_told_and_nothing_is_made() {
    let address = database("aged");
    psql("aged", "CREATE EXTENSION vector; UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'");
    assert_eq!(trouble(open(&address)), Trouble::OldVectors { found: "0.7.4".into(), least: "0.8" });
    assert_eq!(psql("aged", "SELECT count(*) FROM pg_namespace WHERE nspname = 'smolcrawl'"), "0");
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_newer_smolcrawl_that_is_quicker_is_not_set_back() {
    let address = format!("{}?schema=raced", server());
    let holder = Holder::of("raced");
    let opening = thread::spawn(move || Store::open(&address, Config { busy_timeout: Duration::from_secs(20), ..Config::default() }));
    wait_for(|| psql("stores", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "1");
    psql(
        "stores",
        "CREATE SCHEMA raced; CREATE TABLE raced.smolcrawl_version (version bigint NOT NULL); INSERT INTO raced.smolcrawl_version VALUES (1000)",
    );
    drop(holder);
    let error = opening.join().unwrap().unwrap_err();
    assert!(matches!(error, Error::Newer { found: 1000, .. }), "{error:?}");
    assert_eq!(psql("stores", "SELECT version FROM raced.smolcrawl_version"), "1000");
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn times_may_be_nothing_and_without_end() {
    let address = format!("{}?schema=timed", server());
    let config = |busy_timeout| Config { busy_timeout, statement_timeout: Duration::MAX, ..Config::default() };
    let store = Store::open(&address, config(Duration::MAX)).unwrap();
    put(&store, "a", "Herons.");
    let at_once = Store::open(&address, config(Duration::ZERO)).unwrap();
    let holder = Holder::of("timed");
    let (document, chunks) = page("b", "Storks.");
    let started = Instant::now();
    let error = at_once.put(&document, &chunks).unwrap_err();
    assert!(matches!(error, Error::Server { trouble: Trouble::Busy { .. }, .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    drop(holder);
    // The server takes note of that when it gets to it, and nobody waits here.
    wait_for(|| at_once.put(&document, &chunks).is_ok_and(|put| put == Put::Added));
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn who_goes_away_leaves_nobody_waiting_on_the_server() {
    let address = format!("{}?schema=left", server());
    let store = Store::open(&address, Config { busy_timeout: Duration::from_secs(60), ..Config::default() }).unwrap();
    let holder = Holder::of("left");
    let waiting = || psql("stores", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
    let is_over = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&is_over);
    let asking = thread::spawn(move || {
        let (document, chunks) = page("b", "Storks.");
        until(is_over, || store.put(&document, &chunks))
    });
    wait_for(|| waiting() == "1");
    raised.store(true, Ordering::Relaxed);
    let error = asking.join().unwrap().unwrap_err();
    assert!(matches!(error, Error::Endless { .. }), "{error:?}");
    wait_for(|| waiting() == "0");
    drop(holder);
}

/// What looks at everything may take longer than a question.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_check_takes_the_time_that_it_needs() {
    let address = format!("{}?schema=slow", server());
    let config = Config { busy_timeout: Duration::from_secs(60), statement_timeout: Duration::from_millis(400), ..Config::default() };
    let store = Arc::new(Store::open(&address, config).unwrap());
    put(&store, "a", "Herons.");
    let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'slow.pages'::regclass AND granted";
    let holder = Holder::doing("LOCK TABLE slow.pages IN ACCESS EXCLUSIVE MODE;", held);
    let error = store.count_pages("").unwrap_err();
    assert!(matches!(error, Error::Server { trouble: Trouble::TooSlow, .. }), "{error:?}");
    let (sender, receiver) = mpsc::channel();
    let checked = Arc::clone(&store);
    let checking = thread::spawn(move || sender.send(checked.check()).unwrap());
    // Longer than a question may take.
    assert_eq!(receiver.recv_timeout(Duration::from_millis(1_500)).map(drop), Err(RecvTimeoutError::Timeout));
    drop(holder);
    assert!(receiver.recv_timeout(Duration::from_secs(20)).unwrap().unwrap().is_whole());
    checking.join().unwrap();
    // It was for that one transaction.
    assert_eq!(store.count_pages("").unwrap(), 1);
}

/// What is acknowledged stays, also where the server is set to say so too early.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn what_is_acknowledged_is_on_the_disk() {
    let address = database("hasty");
    let store = open(&address).unwrap();
    psql(
        "hasty",
        "ALTER DATABASE hasty SET synchronous_commit = off; CREATE TABLE seen (setting text);
         CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
         CREATE TRIGGER look AFTER INSERT ON smolcrawl.pages FOR EACH STATEMENT EXECUTE FUNCTION look()",
    );
    drop(store);
    put(&open(&address).unwrap(), "a", "Herons.");
    assert_eq!((&*psql("hasty", "SHOW synchronous_commit"), &*psql("hasty", "SELECT DISTINCT setting FROM seen")), ("off", "on"));
}

/// A copy that follows its server, as for reading or for when that is gone.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_copy_of_a_server_is_searched() {
    let address = format!("{}?schema=followed", server());
    put(&open(&address).unwrap(), "a", "Herons stand still.");
    let mut copy = server();
    copy.set_port(Some(std::env::var("SMOLCRAWL_TEST_STANDBY").expect("tests/postgres/run starts it").parse().unwrap())).unwrap();
    let copy = format!("{copy}?schema=followed");
    // It follows in its own time.
    wait_for(|| Store::open_existing(&copy, Config::default()).is_ok_and(|store| store.count_pages("").unwrap() == 1));
    assert_eq!(trouble(open(&copy)), Trouble::ReadOnly);
    let store = Store::open_existing(&copy, Config::default()).unwrap();
    assert!(!store.is_writable());
    assert_eq!(found(&store, "herons"), ["/a"]);
    assert!(store.check().unwrap().is_whole());
    let (document, chunks) = page("b", "Storks.");
    assert!(matches!(store.put(&document, &chunks).unwrap_err(), Error::Server { trouble: Trouble::ReadOnly, .. }));
}

/// On a disk of its own, so that it is not the server's log that is full.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_full_disk_loses_nothing() {
    let Ok(disk) = std::env::var("SMOLCRAWL_TEST_SMALL_DISK") else { return };
    psql("stores", &format!("CREATE TABLESPACE small LOCATION '{disk}'"));
    psql("stores", "CREATE DATABASE crowded TABLESPACE small");
    // Of somebody else, and in the way.
    let other = std::path::Path::new(&disk).join("other");
    std::fs::write(&other, vec![7; 6 << 20]).unwrap();
    let store = open(server().join("crowded").unwrap().as_ref()).unwrap();
    let mut state = 7_u64;
    let mut text = || {
        let mut word = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            format!("{:x} ", state >> 8)
        };
        format!("# Herons\n\n{}", (0..20_000).map(|_| word()).collect::<String>())
    };
    let mut stored = 0;
    let error = loop {
        let (document, chunks) = page(&stored.to_string(), &text());
        match store.put(&document, &chunks) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 200, "it is never full");
    };
    assert!(matches!(&error, Error::Server { trouble: Trouble::Full { .. }, .. }) && error.hint().is_some(), "{error:?}");
    assert!(stored > 0);
    let check = store.check().unwrap();
    assert!(check.is_whole() && check.pages == stored, "{check:?}");
    assert_eq!(store.count_pages("").unwrap(), stored);
    // As the hint says.
    std::fs::remove_file(other).unwrap();
    put(&store, "last", "Storks stand still.");
    assert_eq!(found(&store, "storks"), ["/last"]);
    assert!(store.check().unwrap().is_whole());
    drop(store);
    psql("stores", "DROP DATABASE crowded");
    psql("stores", "DROP TABLESPACE small");
}
