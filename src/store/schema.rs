//! The tables, their version, and what a connection is set to. Knows SQL only.

use rusqlite::{Connection, TransactionBehavior};

use super::error::Failure;

/// "SMCR": written to the file's header, so that a database of another program is never taken for ours.
const APPLICATION_ID: i32 = 0x534d_4352;

/// The version this program writes: the number of migrations.
const VERSION: i32 = MIGRATIONS.len() as i32;

/// Each takes the schema one version further.
const MIGRATIONS: [&str; 2] = [FIRST, SAID];

/// Ids of pages, chunks and vectors are never given twice (`AUTOINCREMENT`): a vector that arrives late cannot meet another chunk, and
/// "greater than the last one seen" finds all new rows.
/// The indexes of words hold no text (`content=''`): the text is in `chunks`. Their `source` column makes the filter by source a
/// part of the match.
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

/// Makes sure that the file is ours and of this version, creating or migrating it where needed. Foreign files are not changed.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), Failure> {
    let state = inspect(connection)?;
    // Only now that the file is known to be ours: the journal mode is written to it.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -8 << 10)?;
    if state == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been quicker.
    let version = inspect(&transaction)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

/// A connection that only reads, beside the writer that has prepared the file.
pub(super) fn prepare_reader(connection: &Connection) -> Result<(), Failure> {
    Ok(connection.pragma_update(None, "query_only", true)?)
}

/// The schema version of a file that is ours or empty (then 0).
fn inspect(connection: &Connection) -> Result<i32, Failure> {
    // One snapshot: the answers of before and after another process's first commit, mixed, are those of a foreign file.
    let snapshot = connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose()?;
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if let Some(snapshot) = snapshot {
        snapshot.commit()?;
    }
    match application {
        APPLICATION_ID if version > VERSION => Err(Failure::Newer { found: version, known: VERSION }),
        APPLICATION_ID if version > 0 => Ok(version),
        0 if version == 0 && tables == 0 => Ok(0),
        _ => Err(Failure::NotOurs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Metadata;
    use crate::store::pages;

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
        let found = pages::page(&connection, &"https://a.test/".parse().unwrap()).unwrap().unwrap();
        assert_eq!((found.title.as_str(), found.markdown.as_str()), ("Pots", "Warm."));
        assert_eq!((found.metadata, found.outline), (Metadata::default(), vec![]));
        prepare(&mut connection).unwrap();
    }
}
