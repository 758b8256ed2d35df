//! The database as a file among others: who may read it, where it cannot be written, who made it, and what has become of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::Connection;
use smolcrawl::chunk;
use smolcrawl::model::{Document, Embedded, Mode, Query, SourceId};
use smolcrawl::store::{Config, Error, Store};
use tempfile::TempDir;
use url::Url;

const MODEL: &str = "test-4";
const VECTOR: [f32; 4] = [0.5, 0.5, 0.5, 0.5];

fn url(path: &str) -> Url {
    Url::parse("https://a.test/").unwrap().join(path).unwrap()
}

fn put(store: &Store, path: &str, markdown: &str) -> Result<(), Error> {
    let document = Document::new(url(path), "Title", markdown, SystemTime::UNIX_EPOCH);
    store.put(&document, &chunk::split(&document, &chunk::Config { min_chars: 0, ..chunk::Config::default() })).map(drop)
}

fn embed(store: &Store) {
    let vectors = store.pending(MODEL, 1_000).unwrap().into_iter().map(|pending| Embedded { chunk: pending.chunk, vector: VECTOR.into() });
    store.put_vectors(MODEL, &vectors.collect::<Vec<_>>()).unwrap();
}

fn found(store: &Store, text: &str) -> Result<Vec<String>, Error> {
    let hits = store.search(&Query { mode: Mode::Hybrid, limit: 100, ..Query::new(text) }, Some(&VECTOR), MODEL)?;
    Ok(hits.iter().map(|hit| hit.url.path().to_owned()).collect())
}

/// A database with a few pages, all embedded, and its folder.
fn made() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = Store::open(&path, Config::default()).unwrap();
    for page in ["herons", "storks", "cranes"] {
        put(&store, page, &format!("# Of {page}\n\nAll that is known of {page}.\n\n```sh\nwatch {page}\nfeed {page}\n```\n")).unwrap();
    }
    embed(&store);
    (folder, path)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every kind of question.
fn ask(store: &Store) -> Result<(), Error> {
    let source = SourceId::parse("a.test").unwrap();
    store.sources()?;
    store.pages(&source)?;
    store.pages_after("https://a", "", 10)?;
    store.sources_after("", "", 10)?;
    store.count_pages("https://")?;
    store.validators(&source)?;
    store.languages(None)?;
    store.pending(MODEL, 10)?;
    store.pending("another", 100)?;
    store.progress(MODEL)?;
    for page in ["herons", "storks", "cranes", "nothing"] {
        store.page(&url(page))?;
    }
    for mode in [Mode::Lexical, Mode::Dense, Mode::Hybrid] {
        store.search(&Query { mode, ..Query::new("what is known of storks?") }, Some(&VECTOR), MODEL)?;
    }
    Ok(())
}

#[test]
fn a_question_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["typo.db", "no/folder/typo.db"] {
        let error = Store::open_existing(folder.path().join(path), Config::default()).unwrap_err();
        assert!(matches!(error, Error::Missing { .. }) && error.hint().unwrap().contains("crawl something first"), "{error:?}");
    }
    assert_eq!(names(folder.path()), [] as [&str; 0]);
    // What is there is opened to be written, too.
    let (_folder, path) = made();
    let store = Store::open_existing(path, Config::default()).unwrap();
    assert!(store.is_writable());
    put(&store, "new", "New.").unwrap();
}

#[test]
fn reading_alone_makes_and_changes_nothing() {
    let (folder, path) = made();
    let before = fs::read(&path).unwrap();
    let store = Store::open_to_read(&path, Config::default()).unwrap();
    assert!(!store.is_writable());
    ask(&store).unwrap();
    assert_eq!(found(&store, "storks").unwrap()[0], "/storks");
    assert_eq!(store.page(&url("cranes")).unwrap().unwrap().title, "Title");
    for error in [put(&store, "new", "New.").unwrap_err(), store.remove_source(&SourceId::parse("a.test").unwrap()).unwrap_err()] {
        assert!(matches!(error, Error::ReadOnly { .. }) && error.hint().is_some(), "{error:?}");
    }
    drop(store);
    assert_eq!((names(folder.path()), fs::read(&path).unwrap() == before), (vec!["index.db".to_owned()], true));
}

/// The file and its log as a process leaves them that was killed.
#[test]
fn what_was_left_in_the_log_is_read() {
    let (folder, path) = made();
    let killed = tempfile::tempdir().unwrap();
    let copy = killed.path().join("index.db");
    let store = Store::open(&path, Config::default()).unwrap();
    put(&store, "ibises", "Known of ibises, in the log only.").unwrap();
    fs::copy(&path, &copy).unwrap();
    fs::copy(folder.path().join("index.db-wal"), killed.path().join("index.db-wal")).unwrap();

    let reading = Store::open_to_read(&copy, Config::default()).unwrap();
    assert!(found(&reading, "ibises").unwrap().contains(&"/ibises".to_owned()));
    ask(&reading).unwrap();
    drop(reading);
    assert_eq!(names(killed.path()), ["index.db", "index.db-wal"], "nothing is made, and nothing is moved");
    // Without the log it is not there: that is what was read.
    fs::remove_file(killed.path().join("index.db-wal")).unwrap();
    assert!(!found(&Store::open_to_read(&copy, Config::default()).unwrap(), "ibises").unwrap().contains(&"/ibises".to_owned()));
}

#[test]
fn who_reads_alone_sees_what_others_write() {
    let (_folder, path) = made();
    let reading = Store::open_to_read(&path, Config::default()).unwrap();
    assert_eq!(found(&reading, "herons").unwrap()[0], "/herons");
    let writing = Store::open(&path, Config::default()).unwrap();
    put(&writing, "ibises", "Known of ibises.").unwrap();
    embed(&writing);
    assert_eq!(found(&reading, "ibises").unwrap()[0], "/ibises", "while it is being written");
    writing.remove_page(None, &url("herons")).unwrap();
    drop(writing);
    assert!(!found(&reading, "herons").unwrap().contains(&"/herons".to_owned()), "after it was written");
    assert_eq!(reading.page(&url("herons")).unwrap(), None);
}

#[test]
#[cfg(unix)]
fn what_is_made_is_private_and_what_is_there_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("new/folder/index.db");
    let store = Store::open(&path, Config::default()).unwrap();
    put(&store, "x", "Text.").unwrap();
    for end in ["", "-wal", "-shm"] {
        assert_eq!(mode(Path::new(&format!("{}{end}", path.display()))), 0o600, "{end}");
    }
    assert_eq!((mode(&folder.path().join("new")), mode(&folder.path().join("new/folder")), mode(folder.path())), (0o700, 0o700, 0o755));
    drop(store);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    let store = Store::open(&path, Config::default()).unwrap();
    put(&store, "y", "Text.").unwrap();
    assert_eq!((mode(&path), mode(&folder.path().join("new/folder/index.db-wal"))), (0o664, 0o664));
}

/// A name is a name: no parameter in it is obeyed.
#[test]
#[cfg(unix)]
fn a_path_is_never_a_uri() {
    let folder = tempfile::tempdir().unwrap();
    let before = std::env::current_dir().unwrap();
    // The only test of this binary that says a relative path.
    std::env::set_current_dir(folder.path()).unwrap();
    let named = ["file:x.db?mode=memory", "file:y.db", ":memory:", "a?b=c#d%20.db", "z.db?immutable=1", "file:///tmp/never.db"];
    for name in named {
        let store = Store::open(name, Config::default()).unwrap();
        put(&store, "storks", "Of storks.").unwrap();
        drop(store);
        assert_eq!(found(&Store::open_existing(name, Config::default()).unwrap(), "storks").unwrap(), ["/storks"], "{name}");
        assert_eq!(found(&Store::open_to_read(name, Config::default()).unwrap(), "storks").unwrap(), ["/storks"], "{name}");
        assert!(folder.path().join(name).is_file(), "{name}: {:?}", names(folder.path()));
    }
    std::env::set_current_dir(before).unwrap();
    assert!(!Path::new("/tmp/never.db").exists());
    let error = Store::open("", Config::default()).unwrap_err();
    assert!(matches!(error, Error::CannotOpen { .. }) && error.hint().is_some(), "{error:?}");
}

#[test]
fn no_password_of_a_url_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = Store::open(&path, Config::default()).unwrap();
    let with = Url::parse("https://me:s3cret@a.test/herons").unwrap();
    let document = Document::new(with.clone(), "Herons", "Herons wade.", SystemTime::UNIX_EPOCH);
    store.put(&document, &chunk::split(&document, &chunk::Config::default())).unwrap();
    assert_eq!(store.page(&with).unwrap().unwrap().url, url("herons"), "asked for with it, it is the same page");
    store.touch(&SourceId::of(&with), &with, SystemTime::now()).unwrap();
    assert_eq!(store.put(&document, &chunk::split(&document, &chunk::Config::default())).unwrap(), smolcrawl::store::Put::Unchanged);
    assert!(store.remove_page(None, &with).unwrap());
    put(&store, "herons", "Herons wade.").unwrap();
    drop(store);
    assert!(!fs::read(&path).unwrap().windows(6).any(|bytes| bytes == b"s3cret"));
}

/// Changes a database as its maker would who wants something run by who opens it.
fn tampered(sql: &str) -> (TempDir, PathBuf) {
    let (folder, path) = made();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA writable_schema = ON").unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().unwrap();
    (folder, path)
}

#[test]
fn what_others_put_into_the_schema_is_refused_and_not_run() {
    for (sql, named) in [
        ("CREATE TRIGGER evil AFTER INSERT ON pages BEGIN DELETE FROM sources; END", "trigger \"evil\""),
        ("CREATE VIEW more AS SELECT load_extension('x')", "view \"more\""),
        ("CREATE TABLE theirs (x)", "table \"theirs\""),
        ("CREATE VIRTUAL TABLE theirs USING fts5 (x)", "table \"theirs\""),
        ("CREATE INDEX theirs ON pages (title)", "index \"theirs\""),
        ("DROP TRIGGER vector_deleted", "trigger \"vector_deleted\" is missing"),
        ("DROP INDEX pages_of_source", "index \"pages_of_source\" is missing"),
        ("ALTER TABLE chunks ADD COLUMN more", "table \"chunks\" is another"),
        (
            "DROP TRIGGER vector_added; CREATE TRIGGER vector_added AFTER INSERT ON vectors BEGIN DELETE FROM pages; END",
            "trigger \"vector_added\" is another",
        ),
        ("DROP TABLE word_gone; CREATE VIEW word_gone AS SELECT 1 AS segment, randomblob(1000000000) AS bits", "word_gone"),
        (
            "UPDATE sqlite_master SET sql = replace(sql, 'bits BLOB NOT NULL', 'bits BLOB NOT NULL CHECK (abs(segment) > 0)')
             WHERE name = 'word_gone'",
            "table \"word_gone\" is another",
        ),
    ] {
        let (_folder, path) = tampered(sql);
        let before = fs::read(&path).unwrap();
        for error in [
            Store::open(&path, Config::default()).unwrap_err(),
            Store::open_existing(&path, Config::default()).unwrap_err(),
            Store::open_to_read(&path, Config::default()).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Altered { .. }) && error.hint().is_some(), "{sql}: {error:?}");
            assert!(error.to_string().contains(named), "{sql}: {error}");
        }
        assert!(fs::read(&path).unwrap() == before, "{sql}");
    }
    // What SQLite itself adds is no harm.
    let (_folder, path) = tampered("ANALYZE");
    ask(&Store::open(path, Config::default()).unwrap()).unwrap();
}

#[test]
fn a_foreign_version_is_refused() {
    for (pragma, value) in [("user_version", -1), ("user_version", 0), ("application_id", 1), ("application_id", 0)] {
        let (_folder, path) = made();
        Connection::open(&path).unwrap().pragma_update(None, pragma, value).unwrap();
        let error = Store::open(&path, Config::default()).unwrap_err();
        assert!(matches!(error, Error::NotADatabase { .. }), "{pragma} {value}: {error:?}");
    }
}

/// Values that no version of this program writes.
#[test]
fn what_is_read_is_judged() {
    for sql in [
        "UPDATE pages SET url = 'no address' || id",
        "UPDATE pages SET url = 'data:no-host,' || id",
        "UPDATE pages SET title = x'ff'",
        "UPDATE pages SET outline = '[{\"level\":1,\"text\":\"x\",\"offset\":4000000000}]', checksum = NULL",
        "UPDATE pages SET outline = '[{\"level\":77,\"text\":\"x\",\"offset\":0}]', checksum = NULL",
        "UPDATE pages SET metadata = '{', checksum = NULL",
        "UPDATE sources SET name = ''",
        "UPDATE chunks SET ordinal = -5, checksum = NULL",
        "UPDATE chunks SET kind = 7, checksum = NULL",
        "UPDATE sayings SET heading_path = '7'; UPDATE chunks SET checksum = NULL",
        "PRAGMA foreign_keys = OFF; UPDATE chunks SET saying = 7777, checksum = NULL",
        "UPDATE vectors SET data = x'00'",
        "UPDATE vectors SET scale = 9e999",
        "UPDATE vectors SET passage = 'x'",
        "UPDATE page_chunks SET chunks = x'ffffffffffffffffffff'",
        "UPDATE page_chunks SET chunks = 7",
        "UPDATE page_chunks SET source = 'x'",
        "UPDATE models SET chunks = -4",
        "UPDATE models SET dimensions = 0",
        "UPDATE sources SET pages = -4",
        "UPDATE models SET dimensions = -4",
        "UPDATE models SET vectors = -4",
    ] {
        let (_folder, path) = made();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let error = Store::open(&path, Config::default()).and_then(|store| ask(&store)).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. } | Error::Damaged { .. }) && error.hint().is_some(), "{sql}: {error:?}");
    }
}

fn is_told(error: &Error, path: &str) -> bool {
    matches!(error, Error::Damaged { .. }) && error.to_string().contains(path) && error.hint().unwrap().contains("crawl that page again")
}

/// Every column of a page, its passages and its vectors, changed behind the store's back.
#[test]
fn what_is_not_what_was_stored_is_told_and_healed_by_storing_it_again() {
    for sql in [
        "UPDATE pages SET title = 'Titel' WHERE url LIKE '%storks'",
        "UPDATE parts SET text = replace(text, 'known', 'knowm') WHERE text LIKE '%storks%'",
        "UPDATE parts SET text = text || char(1), is_relative = 1 WHERE text LIKE '%storks%'",
        "DELETE FROM page_parts WHERE page = (SELECT id FROM pages WHERE url LIKE '%storks')",
        "UPDATE page_parts SET ordinal = ordinal + 3 WHERE page = (SELECT id FROM pages WHERE url LIKE '%storks'); \
         UPDATE page_parts SET part = (SELECT min(part) FROM page_parts) WHERE page = (SELECT id FROM pages WHERE url LIKE '%storks')",
        "UPDATE pages SET etag = 'x' WHERE url LIKE '%storks'",
        "UPDATE pages SET outline = NULL, metadata = '{}' WHERE url LIKE '%storks'",
        "UPDATE pages SET title = CAST(x'ff41' AS TEXT) WHERE url LIKE '%storks'",
        "UPDATE sayings SET text = replace(text, 'known', 'knowm') WHERE text LIKE '%storks%'",
        "UPDATE sayings SET text = CAST(x'ff41' AS TEXT) WHERE text LIKE '%storks%'",
        "UPDATE sayings SET heading_path = '[]' WHERE text LIKE '%storks%'",
        "UPDATE sayings SET context = 'x' WHERE text LIKE '%storks%'",
        "UPDATE chunks SET saying = NULL WHERE page = (SELECT id FROM pages WHERE url LIKE '%storks'); \
         DELETE FROM sayings WHERE text LIKE '%storks%'",
        "UPDATE chunks SET ordinal = ordinal + 7 WHERE page = (SELECT id FROM pages WHERE url LIKE '%storks')",
        "UPDATE chunks SET page = (SELECT id FROM pages WHERE url LIKE '%cranes') \
         WHERE saying IN (SELECT id FROM sayings WHERE text LIKE '%feed storks%')",
        "UPDATE vectors SET data = x'7f7f7f7e' \
         WHERE passage IN (SELECT passage FROM chunks WHERE page = (SELECT id FROM pages WHERE url LIKE '%storks'))",
        "UPDATE vectors SET scale = scale * 2 \
         WHERE passage IN (SELECT passage FROM chunks WHERE page = (SELECT id FROM pages WHERE url LIKE '%storks'))",
        "UPDATE page_chunks SET chunks = substr(chunks, 1, 3) WHERE page = (SELECT id FROM pages WHERE url LIKE '%storks')",
    ] {
        let (_folder, path) = made();
        assert!(Store::open(&path, Config::default()).unwrap().check().unwrap().is_whole());
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let store = Store::open(&path, Config::default()).unwrap();
        let check = store.check().unwrap();
        assert!(!check.is_whole() && (check.pages, check.without_checksum) == (3, 0), "{sql}: {check:?}");
        assert!(check.damaged.iter().all(|url| url.ends_with("storks") || sql.contains("cranes")), "{sql}: {check:?}");
        assert!(!check.damaged.is_empty(), "{sql}: {check:?}");

        let questions = [
            store.page(&url("storks")).map(drop),
            store.pages(&SourceId::parse("a.test").unwrap()).map(drop),
            found(&store, "what is known of storks?").map(drop),
            store
                .search(&Query { wanted: smolcrawl::model::Wanted::Code, mode: Mode::Lexical, ..Query::new("storks") }, None, MODEL)
                .map(drop),
            store.pending("another", 100).map(drop),
        ];
        let errors: Vec<_> = questions.into_iter().filter_map(Result::err).collect();
        assert!(errors.iter().any(|error| is_told(error, "https://a.test/")), "{sql}: {errors:?}");

        for page in ["storks", "cranes"] {
            put(&store, page, &format!("# Of {page}\n\nAll that is known of {page}.\n\n```sh\nwatch {page}\nfeed {page}\n```\n")).unwrap();
        }
        embed(&store);
        let healed = store.check().unwrap();
        assert!(healed.is_whole(), "{sql}: {healed:?}");
        ask(&store).unwrap();
        assert_eq!(found(&store, "storks").unwrap()[0], "/storks", "{sql}");
    }
}

#[test]
fn an_index_of_words_that_is_not_that_of_the_texts_is_told() {
    for (sql, whole) in [
        ("UPDATE word_blocks SET data = data", true),
        ("DELETE FROM word_segments WHERE kind = 1", false),
        ("UPDATE word_segments SET chunks = chunks + 1", false),
        ("UPDATE word_segments SET kind = 1 - kind", false),
        // One byte of a word in it.
        ("UPDATE word_blocks SET data = CAST(replace(data, 'storks', 'storms') AS BLOB)", false),
        ("UPDATE word_blocks SET checksum = checksum + 1", false),
        ("DELETE FROM word_blocks WHERE id = 1", false),
    ] {
        let (_folder, path) = made();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let check = Store::open(&path, Config::default()).unwrap().check().unwrap();
        assert_eq!(check.is_whole(), whole, "{sql}: {check:?}");
        assert!(whole || check.faults.iter().any(|fault| fault.contains("index of words")), "{sql}: {check:?}");
    }
}

/// It holds nothing that the texts do not: who may write makes it anew, who may not is told.
#[test]
fn a_damaged_index_of_words_is_made_anew_when_it_is_asked() {
    let (_folder, path) = made();
    Connection::open(&path).unwrap().execute_batch("UPDATE word_blocks SET checksum = checksum + 1").unwrap();
    let by_words = |store: &Store| store.search(&Query { mode: Mode::Lexical, ..Query::new("storks") }, None, MODEL);
    let error = by_words(&Store::open_to_read(&path, Config::default()).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }) && error.to_string().contains("index of words") && error.hint().is_some(), "{error}");
    let store = Store::open(&path, Config::default()).unwrap();
    assert!(!by_words(&store).unwrap().is_empty());
    assert!(store.check().unwrap().is_whole());
}

/// A database of before there were checksums: it is read as it is, and gets them page by page.
#[test]
fn what_has_no_checksum_yet_gets_one_when_it_is_stored_again() {
    let (_folder, path) = made();
    let without = "UPDATE pages SET checksum = NULL, head = NULL; UPDATE chunks SET checksum = NULL";
    Connection::open(&path).unwrap().execute_batch(without).unwrap();
    let store = Store::open(&path, Config::default()).unwrap();
    ask(&store).unwrap();
    let check = store.check().unwrap();
    assert!(check.is_whole());
    assert_eq!(check.without_checksum, check.pages + check.chunks);
    for page in ["herons", "storks", "cranes"] {
        let document = Document::new(
            url(page),
            "Title",
            format!("# Of {page}\n\nAll that is known of {page}.\n\n```sh\nwatch {page}\nfeed {page}\n```\n"),
            SystemTime::UNIX_EPOCH,
        );
        let chunks = chunk::split(&document, &chunk::Config { min_chars: 0, ..chunk::Config::default() });
        assert_eq!(store.put(&document, &chunks).unwrap(), smolcrawl::store::Put::Unchanged);
    }
    assert_eq!(store.check().unwrap().without_checksum, 0);
    assert_eq!(store.pending(MODEL, 10).unwrap(), [], "the vectors are kept");
}

/// Random numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// What a database answers, as text.
fn answers(store: &Store) -> Result<String, Error> {
    use std::fmt::Write;
    let mut answers = String::new();
    for page in 0..PAGES {
        write!(answers, "{:?}", store.page(&url(&page.to_string()))?.map(|page| (page.url, page.title, page.markdown, page.outline)))
            .unwrap();
        let query = Query { mode: Mode::Hybrid, ..Query::new(format!("word{page} known")) };
        let hits = store.search(&query, Some(&VECTOR), MODEL)?;
        write!(answers, "{:?}", hits.iter().map(|hit| (&hit.url, &hit.title, &hit.chunk)).collect::<Vec<_>>()).unwrap();
    }
    Ok(answers)
}

const PAGES: usize = 12;

/// One bit of the file is flipped: the answers are those of before, or an error. What has no checksum, the indexes of words and numbers
/// beside the texts, may answer otherwise; then `check` finds it.
#[test]
fn a_flipped_bit_is_never_another_answer_without_being_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = Store::open(&path, Config::default()).unwrap();
    for page in 0..PAGES {
        put(&store, &page.to_string(), &format!("# Of word{page}\n\nAll that is known of word{page}: {}.\n", "so much ".repeat(page)))
            .unwrap();
    }
    embed(&store);
    let expected = answers(&store).unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    let flips = |summed: bool| {
        let mut numbers = Numbers(77);
        let (mut same, mut told, mut found, mut hidden) = (0, 0, 0, 0);
        for _ in 0..120 {
            let mut bytes = whole.clone();
            // Much of the file is room for what is to come.
            let used = std::iter::repeat_with(|| numbers.below(whole.len())).find(|&at| whole[at] != 0).unwrap();
            bytes[used] ^= 1 << numbers.below(8);
            fs::write(&path, bytes).unwrap();
            if !summed {
                let without = "UPDATE pages SET checksum = NULL, head = NULL; UPDATE chunks SET checksum = NULL";
                let _ = Connection::open(&path).unwrap().execute_batch(without);
            }
            let Ok(store) = Store::open_to_read(&path, Config::default()) else {
                told += 1;
                continue;
            };
            match answers(&store) {
                Err(_) => told += 1,
                Ok(answers) if answers == expected => same += 1,
                Ok(_) if !store.check().is_ok_and(|check| check.is_whole()) => found += 1,
                Ok(_) => hidden += 1,
            }
        }
        (same, told, found, hidden)
    };
    let (same, told, found, hidden) = flips(true);
    assert!(hidden == 0 && told > 10 && found < 20, "same {same}, told {told}, found by the check {found}, hidden {hidden}");
    let (same, told, found, hidden) = flips(false);
    assert!(hidden > 0, "without checksums: same {same}, told {told}, found by the check {found}, hidden {hidden}");
}

/// Whatever has become of the file: every question and every write ends in an answer or an error, and a flipped byte of a text is never
/// an answer.
#[test]
fn any_damage_ends_in_an_answer_or_an_error() {
    let (folder, path) = made();
    let whole = fs::read(&path).unwrap();
    let mut numbers = Numbers(20_261_128);
    let (mut answered, mut refused, mut seen) = (0, 0, 0);
    for trial in 0..250 {
        let mut bytes = whole.clone();
        match trial % 5 {
            0 => bytes[numbers.below(whole.len())] ^= 1 << numbers.below(8),
            1 => (0..20).for_each(|_| bytes[numbers.below(whole.len())] = numbers.below(256) as u8),
            2 => bytes.truncate(numbers.below(whole.len())),
            3 => {
                let page = numbers.below(whole.len() / 4_096) * 4_096;
                bytes[page..page + 4_096].fill(0);
            }
            // A page in place of another: pointers into a circle.
            _ => {
                let (from, to) = (numbers.below(whole.len() / 4_096), numbers.below(whole.len() / 4_096));
                bytes.copy_within(from * 4_096..(from + 1) * 4_096, to * 4_096);
            }
        }
        for name in names(folder.path()) {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        fs::write(&path, &bytes).unwrap();
        let outcomes = [
            Store::open_to_read(&path, Config::default()).and_then(|store| ask(&store)),
            Store::open(&path, Config::default()).and_then(|store| {
                seen += usize::from(!store.check()?.is_whole());
                ask(&store)?;
                put(&store, "storks", "# Of storks\n\nNothing is known of them any more.\n")?;
                store.remove_source(&SourceId::parse("a.test").unwrap()).map(drop)
            }),
        ];
        for outcome in outcomes {
            match outcome {
                Ok(()) => answered += 1,
                Err(Error::Sqlite { source }) => panic!("{trial}: not told as damage: {source}"),
                Err(error) => {
                    assert!(error.hint().is_some(), "{trial}: {error:?}");
                    refused += 1;
                }
            }
        }
    }
    assert!(answered > 20 && refused > 100 && seen > 15, "{answered} {refused} {seen}");
}

/// What was removed leaves room in the file, until it is made as small as what is in it; not while others have it open.
#[test]
fn a_file_is_made_as_small_as_what_is_in_it() {
    let (folder, path) = made();
    let store = Store::open(&path, Config::default()).unwrap();
    for number in 0..40 {
        let words: String = (0..3_000).map(|word| format!("word{number}x{word} ")).collect();
        put(&store, &format!("large/{number}"), &words).unwrap();
    }
    assert_eq!(store.remove_pages(&SourceId::parse("a.test").unwrap(), "https://a.test/large/").unwrap(), 40);
    let unused = store.unused_bytes().unwrap();
    assert!(unused > 1 << 20, "{unused}");
    let error = Store::compact(&path, &Config::default()).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }) && error.hint().is_some(), "{error}");
    assert_eq!(store.unused_bytes().unwrap(), unused, "nothing was done");
    drop(store);
    let before = fs::metadata(&path).unwrap().len();
    let compacted = Store::compact(&path, &Config::default()).unwrap();
    assert_eq!((compacted.before, compacted.after), (before, fs::metadata(&path).unwrap().len()));
    assert!(compacted.after < before - unused / 2, "{compacted:?}");
    assert_eq!(names(folder.path()), ["index.db"]);
    let store = Store::open(&path, Config::default()).unwrap();
    assert_eq!((store.unused_bytes().unwrap(), found(&store, "herons").unwrap()[0].as_str()), (0, "/herons"));
    assert!(store.check().unwrap().is_whole());
    ask(&store).unwrap();
    drop(store);
    fs::write(folder.path().join("other"), "no database").unwrap();
    assert!(Store::compact(folder.path().join("other"), &Config::default()).is_err());
    assert!(matches!(Store::compact(folder.path().join("none"), &Config::default()), Err(Error::Missing { .. })));
}
