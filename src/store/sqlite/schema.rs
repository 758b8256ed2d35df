//! The tables, their version, and what a connection is set to. Knows SQL only.

use std::sync::OnceLock;

use rusqlite::{Connection, TransactionBehavior};

use super::{joined, packages, pages, passages, sketches, texts, words};
use crate::store::error::Failure;

/// "SMCR": written to the file's header, so that a database of another program is never taken for ours.
const APPLICATION_ID: i32 = 0x534d_4352;

/// The version this program writes: the number of migrations.
const VERSION: i32 = MIGRATIONS.len() as i32;

/// Each takes the schema one version further.
const MIGRATIONS: [Migration; 14] = [
    Migration::of(FIRST),
    Migration::of(SAID),
    Migration::of(CHECKSUMS),
    Migration::of(words::TABLES),
    Migration { before: PASSAGES, fill: passages::migrate, after: &[PASSAGES_COUNTED, COUNTED] },
    Migration::of(CUT),
    Migration { before: SOURCES, fill: |_| Ok(()), after: &[COUNTED] },
    Migration { before: TEXTS, fill: texts::migrate, after: &[TEXTS_MOVED] },
    Migration { before: sketches::TABLES, fill: sketches::migrate, after: &[] },
    Migration::of(REMEMBERED),
    Migration::of(packages::TABLES),
    Migration::of(FILLED),
    // The words of everything are indexed anew as well: see WORDS_VERSION.
    Migration::of(joined::TABLES),
    Migration::of(joined::FREE_ADDRESSES),
];

/// Files of an earlier one have other words in their index, by FTS5 up to the third version, of letters with marks up to the twelfth. The index is
/// filled when the schema is that of this version.
const WORDS_VERSION: i32 = 13;

/// Tables are made, filled with what is there, and then what is left of the old ones goes.
struct Migration {
    before: &'static str,
    fill: fn(&Connection) -> Result<(), Failure>,
    after: &'static [&'static str],
}

impl Migration {
    const fn of(sql: &'static str) -> Self {
        Self { before: sql, fill: |_| Ok(()), after: &[] }
    }

    fn run(&self, connection: &Connection) -> Result<(), Failure> {
        connection.execute_batch(self.before)?;
        (self.fill)(connection)?;
        Ok(self.after.iter().try_for_each(|sql| connection.execute_batch(sql))?)
    }
}

/// Ids of pages, chunks and vectors are never given twice (`AUTOINCREMENT`): a vector that arrives late cannot meet another chunk, and
/// "greater than the last one seen" finds all new rows.
/// The indexes of words were those of FTS5 up to the third version.
const FIRST: &str = "
    CREATE TABLE sources (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    );
    CREATE TABLE pages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        url TEXT NOT NULL UNIQUE,
        source INTEGER NOT NULL REFERENCES sources (id),
        title TEXT NOT NULL,
        etag TEXT,
        last_modified TEXT,
        fetched_at INTEGER NOT NULL,
        markdown TEXT NOT NULL
    );
    CREATE INDEX pages_of_source ON pages (source);
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        page INTEGER NOT NULL REFERENCES pages (id),
        kind INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        heading_path TEXT NOT NULL,
        language TEXT,
        context TEXT,
        text TEXT NOT NULL
    );
    CREATE INDEX chunks_of_page ON chunks (page, kind);
    CREATE INDEX chunks_of_kind ON chunks (kind);
    CREATE TABLE models (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        dimensions INTEGER NOT NULL,
        vectors INTEGER NOT NULL DEFAULT 0,
        deletions INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE vectors (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chunk INTEGER NOT NULL REFERENCES chunks (id),
        model INTEGER NOT NULL REFERENCES models (id),
        page INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        scale REAL NOT NULL,
        data BLOB NOT NULL,
        UNIQUE (chunk, model)
    );
    CREATE INDEX vectors_of_page ON vectors (page, chunk);
    CREATE TRIGGER vector_added AFTER INSERT ON vectors BEGIN
        UPDATE models SET vectors = vectors + 1 WHERE id = new.model;
    END;
    CREATE TRIGGER vector_deleted AFTER DELETE ON vectors BEGIN
        UPDATE models SET vectors = vectors - 1, deletions = deletions + 1 WHERE id = old.model;
    END;
    CREATE VIRTUAL TABLE text_words USING fts5 (
        source, title, headings, body, content='', contentless_delete=1, tokenize='porter unicode61'
    );
    CREATE VIRTUAL TABLE code_words USING fts5 (
        source, title, headings, body, content='', contentless_delete=1, tokenize='porter unicode61'
    );
";

/// What a page says of itself and its headings, as JSON. NULL: nothing, or not known of a page stored before.
const SAID: &str = "
    ALTER TABLE pages ADD COLUMN metadata TEXT;
    ALTER TABLE pages ADD COLUMN outline TEXT;
";

/// Of what a row says: see `checksum.rs`. A page has one more of its address, source and title alone, for who reads no more. NULL: stored before there were any.
const CHECKSUMS: &str = "
    ALTER TABLE pages ADD COLUMN head INTEGER;
    ALTER TABLE pages ADD COLUMN checksum INTEGER;
    ALTER TABLE chunks ADD COLUMN checksum INTEGER;
    ALTER TABLE vectors ADD COLUMN checksum INTEGER;
";

/// A vector belongs to a passage, whichever chunks say it, on whatever page, now or later. `passages` gives each a number by its hash;
/// `embedded` says which have a vector of a model, and its number; the newest vectors are rows of `vectors`, the others are packed into
/// `vector_blocks`, which are read at once. `uses` is how many chunks say a passage: one that no chunk says any more stays for a while,
/// with its vectors.
/// `page_chunks` says of each page which chunks and passages it has, in one row that is written anew (with a new id) whenever they change:
/// who keeps them in memory follows by these ids. Of a page that is gone a row without a source stays, until `forgotten` has passed it.
const PASSAGES: &str = "
    CREATE TABLE passages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        hash BLOB NOT NULL UNIQUE,
        uses INTEGER NOT NULL DEFAULT 0,
        checksum INTEGER NOT NULL
    );
    CREATE INDEX passages_unused ON passages (id) WHERE uses = 0;
    ALTER TABLE chunks ADD COLUMN passage INTEGER REFERENCES passages (id);
    DROP TRIGGER vector_added;
    DROP TRIGGER vector_deleted;
    ALTER TABLE vectors RENAME TO old_vectors;
    CREATE TABLE embedded (
        passage INTEGER NOT NULL REFERENCES passages (id),
        model INTEGER NOT NULL REFERENCES models (id),
        vector INTEGER NOT NULL,
        PRIMARY KEY (passage, model)
    ) WITHOUT ROWID;
    CREATE TABLE vectors (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        model INTEGER NOT NULL REFERENCES models (id),
        passage INTEGER NOT NULL,
        scale REAL NOT NULL,
        data BLOB NOT NULL,
        checksum INTEGER NOT NULL
    );
    CREATE INDEX vectors_of_model ON vectors (model);
    CREATE TABLE vector_blocks (
        last INTEGER PRIMARY KEY,
        model INTEGER NOT NULL REFERENCES models (id),
        checksum INTEGER NOT NULL,
        passages BLOB NOT NULL,
        scales BLOB NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX vector_blocks_of_model ON vector_blocks (model);
    CREATE TABLE page_chunks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        page INTEGER NOT NULL UNIQUE,
        source INTEGER,
        chunks BLOB NOT NULL,
        checksum INTEGER NOT NULL
    );
    CREATE INDEX page_chunks_gone ON page_chunks (id) WHERE source IS NULL;
    CREATE TABLE forgotten (
        list INTEGER NOT NULL
    );
    INSERT INTO forgotten VALUES (0);
    ALTER TABLE sources ADD COLUMN pages INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sources ADD COLUMN chunks INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sources ADD COLUMN code_examples INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sources ADD COLUMN embedded INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE models ADD COLUMN chunks INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE languages (
        source INTEGER NOT NULL REFERENCES sources (id),
        language TEXT NOT NULL,
        examples INTEGER NOT NULL,
        PRIMARY KEY (source, language)
    ) WITHOUT ROWID;
    DROP INDEX chunks_of_kind;
    DROP INDEX pages_of_source;
    CREATE INDEX pages_of_source ON pages (source, fetched_at);
";

const PASSAGES_COUNTED: &str = "
    DROP TABLE old_vectors;
    ALTER TABLE models DROP COLUMN deletions;
    CREATE INDEX chunks_of_kind ON chunks (kind, id, passage);
    CREATE INDEX chunks_of_passage ON chunks (passage);
";

/// What is counted is counted by triggers, so that no write can forget it; `check` counts anew and compares.
const COUNTED: &str = "
    CREATE TRIGGER page_added AFTER INSERT ON pages BEGIN
        UPDATE sources SET pages = pages + 1 WHERE id = new.source;
    END;
    CREATE TRIGGER page_removed AFTER DELETE ON pages BEGIN
        UPDATE sources SET pages = pages - 1 WHERE id = old.source;
    END;
    CREATE TRIGGER chunk_added AFTER INSERT ON chunks BEGIN
        UPDATE passages SET uses = uses + 1 WHERE id = new.passage;
        UPDATE sources SET chunks = chunks + 1, code_examples = code_examples + (new.kind = 1),
            embedded = embedded + (EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = new.passage))
            WHERE id = (SELECT source FROM pages WHERE id = new.page);
        UPDATE models SET chunks = chunks + 1 WHERE id IN (SELECT e.model FROM embedded AS e WHERE e.passage = new.passage);
        INSERT INTO languages (source, language, examples)
            SELECT source, new.language, 1 FROM pages WHERE id = new.page AND new.kind = 1 AND new.language IS NOT NULL
            ON CONFLICT DO UPDATE SET examples = examples + 1;
    END;
    CREATE TRIGGER chunk_removed AFTER DELETE ON chunks BEGIN
        UPDATE sources SET chunks = chunks - 1, code_examples = code_examples - (old.kind = 1),
            embedded = embedded - (EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = old.passage))
            WHERE id = (SELECT source FROM pages WHERE id = old.page);
        UPDATE models SET chunks = chunks - 1 WHERE id IN (SELECT e.model FROM embedded AS e WHERE e.passage = old.passage);
        UPDATE languages SET examples = examples - 1
            WHERE old.kind = 1 AND source = (SELECT source FROM pages WHERE id = old.page) AND language = old.language;
        DELETE FROM languages
            WHERE source = (SELECT source FROM pages WHERE id = old.page) AND language = old.language AND examples <= 0;
        UPDATE passages SET uses = uses - 1 WHERE id = old.passage;
        DELETE FROM passages
            WHERE id = old.passage AND uses <= 0 AND NOT EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = old.passage)
            AND NOT EXISTS (SELECT 1 FROM chunks AS c WHERE c.passage = old.passage);
    END;
    CREATE TRIGGER vector_added AFTER INSERT ON embedded BEGIN
        UPDATE models SET vectors = vectors + 1, chunks = chunks + (SELECT uses FROM passages WHERE id = new.passage)
            WHERE id = new.model;
        UPDATE sources SET embedded = embedded
            + (SELECT count(*) FROM chunks AS c JOIN pages AS p ON p.id = c.page WHERE c.passage = new.passage AND p.source = sources.id)
            WHERE id IN (SELECT p.source FROM chunks AS c JOIN pages AS p ON p.id = c.page WHERE c.passage = new.passage)
            AND NOT EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = new.passage AND e.model <> new.model);
    END;
    CREATE TRIGGER vector_deleted AFTER DELETE ON embedded BEGIN
        UPDATE models SET vectors = vectors - 1, chunks = chunks - (SELECT uses FROM passages WHERE id = old.passage)
            WHERE id = old.model;
        UPDATE sources SET embedded = embedded
            - (SELECT count(*) FROM chunks AS c JOIN pages AS p ON p.id = c.page WHERE c.passage = old.passage AND p.source = sources.id)
            WHERE id IN (SELECT p.source FROM chunks AS c JOIN pages AS p ON p.id = c.page WHERE c.passage = old.passage)
            AND NOT EXISTS (SELECT 1 FROM embedded AS e WHERE e.passage = old.passage);
    END;
";

/// Where each chunk stands in its page, and for a model that reads how much the page was cut. NULL: not known of what was stored before.
/// The index tells which pages are to be cut again, and no page is read for it.
const CUT: &str = "
    ALTER TABLE chunks ADD COLUMN anchor TEXT;
    ALTER TABLE pages ADD COLUMN cut_for INTEGER;
    CREATE INDEX pages_cut_for ON pages (cut_for);
";

/// A source has a recipe and a state, and pages of several sources may be at one address. The rows keep their numbers, so that what refers to
/// them does. `frontier` has the addresses that a crawl knows, until it is complete.
const SOURCES: &str = "
    ALTER TABLE sources ADD COLUMN says_version TEXT;
    ALTER TABLE sources ADD COLUMN recipe TEXT;
    ALTER TABLE sources ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sources ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sources ADD COLUMN made INTEGER;
    ALTER TABLE sources ADD COLUMN refreshed INTEGER;
    DROP TRIGGER page_added;
    DROP TRIGGER page_removed;
    DROP TRIGGER chunk_added;
    DROP TRIGGER chunk_removed;
    DROP TRIGGER vector_added;
    DROP TRIGGER vector_deleted;
    CREATE TABLE new_pages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        url TEXT NOT NULL,
        source INTEGER NOT NULL REFERENCES sources (id),
        title TEXT NOT NULL,
        etag TEXT,
        last_modified TEXT,
        fetched_at INTEGER NOT NULL,
        markdown TEXT NOT NULL,
        metadata TEXT,
        outline TEXT,
        head INTEGER,
        checksum INTEGER,
        cut_for INTEGER,
        missed INTEGER NOT NULL DEFAULT 0,
        UNIQUE (url, source)
    );
    INSERT INTO new_pages (id, url, source, title, etag, last_modified, fetched_at, markdown, metadata, outline, head, checksum, cut_for)
        SELECT id, url, source, title, etag, last_modified, fetched_at, markdown, metadata, outline, head, checksum, cut_for FROM pages;
    DELETE FROM sqlite_sequence WHERE name = 'new_pages';
    INSERT INTO sqlite_sequence (name, seq) SELECT 'new_pages', seq FROM sqlite_sequence WHERE name = 'pages';
    DROP TABLE pages;
    ALTER TABLE new_pages RENAME TO pages;
    CREATE INDEX pages_of_source ON pages (source, fetched_at);
    CREATE INDEX pages_cut_for ON pages (cut_for);
    CREATE TABLE frontier (
        source INTEGER NOT NULL REFERENCES sources (id),
        url TEXT NOT NULL,
        depth INTEGER NOT NULL,
        done INTEGER NOT NULL,
        PRIMARY KEY (source, url)
    ) WITHOUT ROWID;
";

/// What chunks say and what pages consist of is stored once, whoever says it: see `texts.rs`. `base` is the length of the folder in a page's
/// address that its links are kept relative to, `bytes` that of its text, `twin` where its markdown came from. `content` is by what a crawl that goes
/// on knows what a page said.
const TEXTS: &str = "
    CREATE TABLE sayings (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        is_relative INTEGER NOT NULL,
        heading_path TEXT NOT NULL,
        context TEXT,
        text TEXT NOT NULL
    );
    CREATE TABLE parts (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        is_relative INTEGER NOT NULL,
        text TEXT NOT NULL
    );
    CREATE TABLE page_parts (
        page INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        part INTEGER NOT NULL REFERENCES parts (id),
        PRIMARY KEY (page, ordinal)
    ) WITHOUT ROWID;
    CREATE INDEX pages_of_part ON page_parts (part);
    ALTER TABLE pages ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE pages ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE pages ADD COLUMN twin TEXT;
    ALTER TABLE frontier ADD COLUMN content INTEGER;
    ALTER TABLE chunks ADD COLUMN saying INTEGER REFERENCES sayings (id);
";

const TEXTS_MOVED: &str = "
    ALTER TABLE pages DROP COLUMN markdown;
    ALTER TABLE chunks DROP COLUMN text;
    ALTER TABLE chunks DROP COLUMN heading_path;
    ALTER TABLE chunks DROP COLUMN context;
    CREATE INDEX chunks_of_saying ON chunks (saying);
    CREATE TRIGGER saying_unsaid AFTER DELETE ON chunks BEGIN
        DELETE FROM sayings WHERE id = old.saying AND NOT EXISTS (SELECT 1 FROM chunks AS c WHERE c.saying = old.saying);
    END;
";

/// `contents` says by what the contents of a page are known, of which a page has two where it was taken from its markdown. In `frontier`, a row
/// is found (`done` is 0), dealt with (1) or left out as a translation (2). `misses` has addresses that crawls have met and that came to
/// nothing, so that a refresh tells each once; `hosts` when an origin that wants to be asked slowly may be asked next, by any process.
const REMEMBERED: &str = "
    CREATE TABLE contents (
        source INTEGER NOT NULL REFERENCES sources (id),
        content INTEGER NOT NULL,
        url TEXT NOT NULL,
        PRIMARY KEY (source, content)
    ) WITHOUT ROWID;
    INSERT OR IGNORE INTO contents (source, content, url) SELECT source, content, url FROM frontier WHERE content IS NOT NULL;
    ALTER TABLE frontier DROP COLUMN content;
    CREATE TABLE misses (
        source INTEGER NOT NULL REFERENCES sources (id),
        url TEXT NOT NULL,
        since INTEGER NOT NULL,
        met INTEGER NOT NULL,
        PRIMARY KEY (source, url)
    ) WITHOUT ROWID;
    CREATE TABLE hosts (
        origin TEXT NOT NULL PRIMARY KEY,
        not_before INTEGER NOT NULL,
        delay INTEGER NOT NULL,
        overloads INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX hosts_by_time ON hosts (not_before);
";

/// Where the text of a page came from, as `Filled` is written. NULL: from the page itself, as all did that were stored before.
const FILLED: &str = "
    ALTER TABLE pages ADD COLUMN filled TEXT;
";

/// Makes sure that the file is ours and of this version, creating or migrating it where needed. Foreign files are not changed.
pub(in crate::store) fn prepare(connection: &mut Connection) -> Result<(), Failure> {
    let state = inspect(connection)?;
    // Only now that the file is known to be ours: the journal mode is written to it.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // A table that others refer to is put in place of another by a migration; all rows keep their numbers.
    connection.pragma_update(None, "foreign_keys", state == VERSION)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -8 << 10)?;
    if state == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been quicker.
    let version = inspect(&transaction)?;
    if (1..VERSION).contains(&version) {
        log::info!("bringing the database from version {version} to {VERSION}, which takes a while if it is large");
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        migration.run(&transaction)?;
    }
    if (1..WORDS_VERSION).contains(&version) {
        log::info!("indexing the words of everything anew, for schema version {VERSION}");
        pages::index_words(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(connection.pragma_update(None, "foreign_keys", true)?)
}

/// A connection that only reads.
pub(in crate::store) fn prepare_reader(connection: &Connection) -> Result<(), Failure> {
    connection.pragma_update(None, "query_only", true)?;
    // The first look opens what there is to open: later there may be no descriptor left for it.
    Ok(connection.query_row("SELECT max(id) FROM sources", [], |_| Ok(()))?)
}

/// Makes sure that a file that cannot be written is ours and of this version.
pub(in crate::store) fn inspect_standing(connection: &Connection) -> Result<(), Failure> {
    match inspect(connection)? {
        VERSION => Ok(()),
        0 => Err(Failure::NotOurs),
        found => Err(Failure::Older { found, known: VERSION }),
    }
}

/// The schema version of a file that is ours or empty (then 0).
fn inspect(connection: &Connection) -> Result<i32, Failure> {
    // One snapshot: the answers of before and after another process's first commit, mixed, are those of a foreign file.
    let snapshot = connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose()?;
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let state = match application {
        APPLICATION_ID if version > VERSION => return Err(Failure::Newer { found: version, known: VERSION }),
        APPLICATION_ID if version > 0 => {
            compare(connection, version)?;
            version
        }
        0 if version == 0 && objects(connection)?.is_empty() => 0,
        _ => return Err(Failure::NotOurs),
    };
    if let Some(snapshot) = snapshot {
        snapshot.commit()?;
    }
    Ok(state)
}

/// A table, an index, a trigger or a view, as the file describes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Object {
    name: String,
    kind: String,
    sql: Option<String>,
}

/// Everything in the file is as the migrations make it: what is more could be run by our own statements, and what is missing or other
/// would fail them. What SQLite keeps for itself there may be: its statistics are of no consequence to an answer.
fn compare(connection: &Connection, version: i32) -> Result<(), Failure> {
    static CURRENT: OnceLock<Vec<Object>> = OnceLock::new();
    let made;
    let expected = if version != VERSION {
        made = expected(version)?;
        &made
    } else if let Some(known) = CURRENT.get() {
        known
    } else {
        made = expected(version)?;
        CURRENT.get_or_init(|| made)
    };
    let found = objects(connection)?;
    let named = |object: &Object| format!("the {} {:?}", object.kind, object.name.chars().take(60).collect::<String>());
    for object in &found {
        match expected.iter().find(|expected| expected.name == object.name && expected.kind == object.kind) {
            None => return Err(Failure::Altered(format!("{} is none of its own", named(object)))),
            Some(expected) if expected.sql == object.sql || is_plain_shadow(object) => {}
            Some(_) => return Err(Failure::Altered(format!("{} is another", named(object)))),
        }
    }
    match expected.iter().find(|expected| !found.iter().any(|object| object.name == expected.name)) {
        Some(missing) => Err(Failure::Altered(format!("{} is missing", named(missing)))),
        None => Ok(()),
    }
}

/// The tables in which FTS5 keeps an index are SQLite's own, and a later version of it may describe them in other words; but never with
/// an expression to be run.
fn is_plain_shadow(object: &Object) -> bool {
    let is_shadow = ["text_words_", "code_words_"].iter().any(|index| object.name.starts_with(index));
    let sql = object.sql.as_deref().unwrap_or_default().to_ascii_lowercase();
    is_shadow && object.kind == "table" && !["check", "generated", "default", " as", "virtual"].iter().any(|word| sql.contains(word))
}

fn expected(version: i32) -> Result<Vec<Object>, Failure> {
    let connection = Connection::open_in_memory()?;
    for migration in MIGRATIONS.iter().take(usize::try_from(version).unwrap_or(0)) {
        migration.run(&connection)?;
    }
    objects(&connection)
}

fn objects(connection: &Connection) -> Result<Vec<Object>, Failure> {
    let mut statement = connection.prepare(
        "SELECT name, type, sql FROM sqlite_master WHERE type NOT IN ('table', 'index') OR name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'
         ORDER BY name LIMIT 100",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok(Object { name: row.get(0)?, kind: row.get(1)?, sql: row.get(2)? });
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// A file as that version has made it.
#[cfg(test)]
pub(in crate::store) fn write_version(path: &std::path::Path, version: i32) {
    let connection = Connection::open(path).unwrap();
    MIGRATIONS.iter().take(version as usize).for_each(|migration| migration.run(&connection).unwrap());
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", version).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Metadata, Wanted};
    use crate::store::checksum::Checksum;

    #[test]
    fn a_file_of_the_first_version_is_taken_further() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(FIRST).unwrap();
        let page = "INSERT INTO sources VALUES (1, 'a.test');
            INSERT INTO pages VALUES (1, 'https://a.test/', 1, 'Pots', NULL, '\"1\"', 0, 'Warm.')";
        connection.execute_batch(page).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        prepare(&mut connection).unwrap();
        assert_eq!(inspect(&connection).unwrap(), VERSION);
        let (_, found) = pages::page(&connection, None, &"https://a.test/".parse().unwrap()).unwrap().unwrap();
        assert_eq!((found.title.as_str(), found.markdown.as_str()), ("Pots", "Warm."));
        assert_eq!((found.metadata, found.outline), (Metadata::default(), vec![]));
        prepare(&mut connection).unwrap();
    }

    /// Pages and chunks keep their numbers, and none is given again; hosts are sources.
    #[test]
    fn the_pages_of_an_older_file_are_those_of_its_hosts() {
        let mut connection = Connection::open_in_memory().unwrap();
        MIGRATIONS.iter().take(6).for_each(|migration| migration.run(&connection).unwrap());
        let rows = "INSERT INTO sources (id, name) VALUES (3, 'a.test'), (4, '127.0.0.1:80');
            INSERT INTO pages (id, url, source, title, fetched_at, markdown) VALUES (7, 'https://a.test/', 3, 'Pots', 5, 'Warm.'), (9, 'https://a.test/9', 3, 'x', 5, 'x');
            INSERT INTO passages (id, hash, uses, checksum) VALUES (2, x'00', 0, 0);
            INSERT INTO chunks (id, page, kind, ordinal, heading_path, text, passage) VALUES (1, 7, 0, 0, '[]', 'Warm.', 2);
            DELETE FROM pages WHERE id = 9";
        connection.execute_batch(rows).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 6).unwrap();
        prepare(&mut connection).unwrap();
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("SELECT page FROM chunks"), 7);
        assert_eq!(number("SELECT pages FROM sources WHERE id = 3"), 1);
        assert_eq!(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert_eq!(number("PRAGMA foreign_keys"), 1);
        connection.execute_batch("INSERT INTO pages (url, source, title, fetched_at) VALUES ('https://a.test/', 4, 'x', 5)").unwrap();
        assert_eq!(number("SELECT max(id) FROM pages"), 10);
        assert_eq!(number("SELECT pages FROM sources WHERE id = 4"), 1, "triggers are there");
        let again = "INSERT INTO pages (url, source, title, fetched_at) VALUES ('https://a.test/', 4, 'x', 5)";
        assert!(connection.execute_batch(again).is_err());
    }

    /// Whoever is at a crawl when the program is updated goes on with it.
    #[test]
    fn the_addresses_of_a_crawl_under_way_stay() {
        let mut connection = Connection::open_in_memory().unwrap();
        MIGRATIONS.iter().take(13).for_each(|migration| migration.run(&connection).unwrap());
        let rows = "INSERT INTO joined_crawls (id, name, sources, opened, max_pages, max_requests, max_bytes, per_host, lease)
                VALUES (1, 'a.test', '', 0, 1, 1, 1, 1, 1);
            INSERT INTO joined_origins (id, crawl, name) VALUES (4, 1, 'http://a.test');
            INSERT INTO joined_urls (id, crawl, url, origin, depth, role, met_on, via, state, worker, target)
                VALUES (7, 1, 'http://a.test/', 4, 2, 3, 'm', 'v', 6, 5, 't')";
        connection.execute_batch(rows).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 13).unwrap();
        prepare(&mut connection).unwrap();
        let kept = "SELECT concat_ws(' ', id, crawl, url, origin, depth, role, met_on, via, state, worker, target) FROM joined_urls";
        assert_eq!(connection.query_row(kept, [], |row| row.get::<_, String>(0)).unwrap(), "7 1 http://a.test/ 4 2 3 m v 6 5 t");
        // No address refers to it.
        connection.execute_batch("DELETE FROM joined_origins WHERE id = 4").unwrap();
        assert!(
            connection
                .execute_batch("INSERT INTO joined_urls (crawl, url, origin, depth, role, state) VALUES (1, 'http://a.test/', 4, 0, 0, 0)")
                .is_err()
        );
    }

    /// What the pages and chunks of two versions have in common is there once, and each reads as it did, also what was damaged.
    #[test]
    fn the_texts_of_an_older_file_are_kept_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        MIGRATIONS.iter().take(7).for_each(|migration| migration.run(&connection).unwrap());
        let rows = "INSERT INTO sources (id, name) VALUES (1, 'a@1.0'), (2, 'a@2.0');
            INSERT INTO passages (id, hash, uses, checksum) VALUES (2, x'00', 0, 0);";
        connection.execute_batch(rows).unwrap();
        for version in [1, 2] {
            let folder = format!("https://a.test/{version}.0/");
            let markdown = format!("# Pots\n\nSee [here]({folder}here).\n");
            let page = "INSERT INTO pages (id, url, source, title, fetched_at, markdown) VALUES (?1, ?2, ?1, 'Pots', 5, ?3)";
            connection.execute(page, (version, format!("{folder}pots"), &markdown)).unwrap();
            let chunk = "INSERT INTO chunks (page, kind, ordinal, heading_path, text, passage) VALUES (?1, 0, 0, '[\"Pots\"]', ?2, 2)";
            connection.execute(chunk, (version, format!("See [here]({folder}here)."))).unwrap();
        }
        let odd = "INSERT INTO pages (url, source, title, fetched_at, markdown, checksum) VALUES
            ('https://a.test/empty', 1, 'x', 5, '', NULL), ('https://a.test/damaged', 1, 'x', 5, CAST(x'ff41' AS TEXT), 7),
            ('https://a.test/mark', 1, 'x', 5, 'a' || char(1) || ' https://a.test/b', NULL)";
        connection.execute_batch(odd).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 7).unwrap();
        prepare(&mut connection).unwrap();
        let page = |path: &str| pages::page(&connection, None, &format!("https://a.test/{path}").parse().unwrap());
        let markdown = |path: &str| page(path).unwrap().unwrap().1.markdown;
        assert_eq!(markdown("1.0/pots"), "# Pots\n\nSee [here](https://a.test/1.0/here).\n");
        assert_eq!(markdown("2.0/pots"), "# Pots\n\nSee [here](https://a.test/2.0/here).\n");
        assert_eq!((markdown("empty"), markdown("mark")), (String::new(), "a\u{1} https://a.test/b".to_owned()));
        assert!(page("damaged").is_err());
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("SELECT count(*) FROM sayings"), 1);
        assert_eq!(number("SELECT count(*) FROM parts"), 3);
        assert_eq!(number("SELECT bytes FROM pages WHERE url LIKE '%1.0/pots'"), markdown("1.0/pots").len() as i64);
        assert_eq!(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    }

    /// Vectors that were put together by the thousand are rows again, each under its number, and have sketches; of a block that is damaged
    /// nothing stays but that its passages are to be embedded again.
    #[test]
    fn the_blocks_of_vectors_of_an_older_file_are_rows() {
        const BLOCKS: i64 = 19;
        let mut connection = Connection::open_in_memory().unwrap();
        MIGRATIONS.iter().take(8).for_each(|migration| migration.run(&connection).unwrap());
        connection.execute_batch("INSERT INTO models (id, name, dimensions) VALUES (1, 'm', 2), (2, 'another', 3)").unwrap();
        let component = |number: i64| [(number % 100) as u8 + 1, (number % 7) as u8];
        for block in 0..BLOCKS {
            let numbers = block * 1_000 + 1..=(block + 1) * 1_000;
            // Passages in another order than vectors, and a number that is nobody's.
            let (mut passages, mut scales, mut data) = (vec![], vec![], vec![]);
            for number in numbers.clone() {
                let passage = (BLOCKS * 1_000) - number + 1;
                let row = "INSERT INTO passages (id, hash, checksum) VALUES (?1, ?2, 0)";
                connection.execute(row, (passage, passage.to_le_bytes())).unwrap();
                connection.execute("INSERT INTO embedded (passage, model, vector) VALUES (?1, 1, ?2)", (passage, number)).unwrap();
                passages.extend(passage.to_le_bytes());
                scales.extend(0.5_f32.to_le_bytes());
                data.extend(component(number));
            }
            let last = *numbers.end();
            let sum = Checksum::default().number(last).number(1).bytes(&passages).bytes(&scales).bytes(&data).sum();
            let sum = if block == 2 { sum + 1 } else { sum };
            let sql = "INSERT INTO vector_blocks (last, model, checksum, passages, scales, data) VALUES (?1, 1, ?2, ?3, ?4, ?5)";
            connection.execute(sql, (last, sum, passages, scales, data)).unwrap();
        }
        let single = "INSERT INTO passages (id, hash, checksum) VALUES (99999, x'00', 0);
            INSERT INTO vectors (id, model, passage, scale, data, checksum) VALUES (19001, 2, 99999, 0.5, x'010203', 7);
            INSERT INTO embedded VALUES (99999, 2, 19001)";
        connection.execute_batch(single).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 8).unwrap();
        prepare(&mut connection).unwrap();
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let own = "SELECT count(*) FROM vectors AS v JOIN embedded AS e ON e.vector = v.id AND e.passage = v.passage AND e.model = v.model";
        assert_eq!((number(own), number("SELECT count(*) FROM vectors")), (18_001, 18_001));
        assert_eq!(number("SELECT count(*) FROM embedded"), 18_001);
        assert_eq!(number("SELECT vectors FROM models WHERE id = 1"), 18_000);
        assert_eq!(number("SELECT checksum FROM vectors WHERE id = 19001"), 7);
        let data: Vec<u8> = connection.query_row("SELECT data FROM vectors WHERE id = 4321", [], |row| row.get(0)).unwrap();
        assert_eq!(data, component(4_321));
        assert!(number("SELECT count(*) FROM vector_sketches WHERE model = 1") >= 16);
        assert_eq!(sketches::wrong(&connection).unwrap(), 0);
        assert_eq!(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
        connection.execute_batch("INSERT INTO vectors (model, passage, scale, data, checksum) VALUES (1, 1, 1, x'00', 0)").unwrap();
        assert_eq!(number("SELECT max(id) FROM vectors"), 19_002, "no number is given twice");
    }

    /// As the eleventh version has written it: the text of each page was its own.
    #[test]
    fn the_pages_of_an_older_file_were_filled_by_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        MIGRATIONS.iter().take(11).for_each(|migration| migration.run(&connection).unwrap());
        let page = "INSERT INTO sources (id, name) VALUES (1, 'a.test');
            INSERT INTO pages (url, source, title, fetched_at) VALUES ('https://a.test/', 1, 'Pots', 5)";
        connection.execute_batch(page).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 11).unwrap();
        prepare(&mut connection).unwrap();
        assert_eq!(inspect(&connection).unwrap(), VERSION);
        let (_, found) = pages::page(&connection, None, &"https://a.test/".parse().unwrap()).unwrap().unwrap();
        assert_eq!((found.title.as_str(), found.filled), ("Pots", crate::model::Filled::Served));
    }

    /// As the third version has written it: with the words in the tables of FTS5.
    #[test]
    fn the_words_of_an_older_file_are_found() {
        let mut connection = Connection::open_in_memory().unwrap();
        MIGRATIONS.iter().take(3).for_each(|migration| migration.run(&connection).unwrap());
        let rows = "INSERT INTO sources VALUES (1, 'a.test');
            INSERT INTO pages VALUES (1, 'https://a.test/', 1, 'Pots', NULL, NULL, 0, 'Warm.', '{\"language\":\"de\"}', NULL, NULL, NULL);
            INSERT INTO chunks VALUES (1, 1, 0, 0, '[]', NULL, NULL, 'Die Häuser am See.', NULL);
            INSERT INTO chunks VALUES (5, 1, 1, 1, '[\"Kochen\"]', 'rust', 'So geht es:', 'let pot = Pot::new();', NULL);
            INSERT INTO text_words (rowid, source, title, headings, body) VALUES (1, 'source1', 'Pots', '', 'Die Häuser am See.');
            INSERT INTO code_words (rowid, source, title, headings, body) VALUES (5, 'source1', 'Pots', 'Kochen', 'let pot = Pot::new();')";
        connection.execute_batch(rows).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 3).unwrap();
        prepare(&mut connection).unwrap();
        assert_eq!(inspect(&connection).unwrap(), VERSION);
        let found = |question: &str, wanted| {
            let filter = crate::store::words::Filter { wanted, source: Some(1), among: None, distinct_pages: true, limit: 9 };
            let ranking =
                crate::store::words::search(&words::Rows::of(&connection).unwrap(), &crate::store::words::Asked::parse(question), filter)
                    .unwrap();
            ranking.iter().map(|candidate| candidate.chunk).collect::<Vec<_>>()
        };
        assert_eq!(found("haus", Wanted::Text), [1], "by its stem in the language of the page");
        assert_eq!(found("Pot::new", Wanted::Code), [5]);
        assert_eq!(found("kochen", Wanted::Code), [5]);
        assert_eq!(found("kochen", Wanted::Text), [0; 0]);
    }
}
