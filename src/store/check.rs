//! Looks at all of a database: its structure, every checksum, and whether its indexes of words hold the words of its texts.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rusqlite::{Connection, Row};

use super::checksum::Checksum;
use super::error::Failure;
use super::pages::{CHUNK_COLUMNS, HEAD_COLUMNS, PAGE_COLUMNS, VECTOR_COLUMNS, chunk, chunk_agrees, head, insert_words, page_agrees};
use super::schema;
use crate::model::ChunkKind;

/// What was found in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    pub pages: u64,
    pub chunks: u64,
    pub vectors: u64,
    /// Rows that were stored before there were checksums: of these, nothing can be said. They get theirs when their page is stored again.
    pub without_checksum: u64,
    /// Addresses of pages of which something is not what was stored, in their order: at most 1,000.
    pub damaged: Vec<String>,
    /// Of `damaged`, those that are not listed.
    pub damaged_unlisted: u64,
    /// What is wrong with the file beyond single pages, in SQLite's words or ours: at most 100.
    pub faults: Vec<String>,
}

impl Check {
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty() && self.faults.is_empty()
    }
}

/// Within one transaction of `connection`, which is written nothing to.
pub(super) fn check(connection: &Connection) -> Result<Check, Failure> {
    let mut check = Check::default();
    let mut damaged = BTreeSet::new();
    let steps: [(&str, Step<'_>); 6] = [
        ("the structure", &|check, _| structure(connection, check)),
        ("references", &|check, _| references(connection, check)),
        ("pages", &|check, damaged| pages(connection, check, damaged)),
        ("passages", &|check, damaged| chunks(connection, check, damaged)),
        ("vectors", &|check, damaged| vectors(connection, check, damaged)),
        ("words", &|check, _| words(connection, check)),
    ];
    for (what, step) in steps {
        match step(&mut check, &mut damaged) {
            Ok(()) => {}
            // What a step cannot get to does not keep the next one from what it can.
            Err(failure) if failure.is_of_content() || failure.is_of_file() => check.fault(format!("{what}: {}", failure.told())),
            Err(failure) => return Err(failure),
        }
    }
    check.damaged_unlisted = damaged.len().saturating_sub(MAX_LISTED) as u64;
    check.damaged = damaged.into_iter().take(MAX_LISTED).collect();
    Ok(check)
}

/// Adds to what is found, and to the addresses of pages that are damaged.
type Step<'a> = &'a dyn Fn(&mut Check, &mut BTreeSet<String>) -> Result<(), Failure>;

impl Check {
    fn fault(&mut self, what: String) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(what);
        }
    }
}

fn structure(connection: &Connection, check: &mut Check) -> Result<(), Failure> {
    each(connection, &format!("PRAGMA integrity_check({MAX_FAULTS})"), |row| {
        let told: String = row.get(0)?;
        if told != "ok" {
            check.fault(told);
        }
        Ok(())
    })
}

fn references(connection: &Connection, check: &mut Check) -> Result<(), Failure> {
    let sql = format!("SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 LIMIT {MAX_FAULTS}");
    each(connection, &sql, |row| {
        let (table, parent, rows): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        check.fault(format!("{rows} rows of {table} belong to no row of {parent}"));
        Ok(())
    })
}

fn pages(connection: &Connection, check: &mut Check, damaged: &mut BTreeSet<String>) -> Result<(), Failure> {
    each(connection, &format!("SELECT {PAGE_COLUMNS} FROM pages"), |row| {
        check.pages += 1;
        check.without_checksum += u64::from(row.get_ref(8)?.as_i64_or_null().is_ok_and(|sum| sum.is_none()));
        if !page_agrees(row)? {
            damaged.insert(address(row, 0));
        }
        Ok(())
    })?;
    each(connection, &format!("SELECT {HEAD_COLUMNS} FROM pages AS p"), |row| {
        match head(row) {
            Err(failure) if failure.is_of_content() => _ = damaged.insert(address(row, 0)),
            other => _ = other?,
        }
        Ok(())
    })
}

fn chunks(connection: &Connection, check: &mut Check, damaged: &mut BTreeSet<String>) -> Result<(), Failure> {
    each(connection, &format!("SELECT {CHUNK_COLUMNS}, p.url FROM chunks AS c LEFT JOIN pages AS p ON p.id = c.page"), |row| {
        check.chunks += 1;
        check.without_checksum += u64::from(row.get_ref(7)?.as_i64_or_null().is_ok_and(|sum| sum.is_none()));
        if !chunk_agrees(row, 0)? {
            damaged.insert(address(row, 10));
        }
        Ok(())
    })
}

fn vectors(connection: &Connection, check: &mut Check, damaged: &mut BTreeSet<String>) -> Result<(), Failure> {
    each(connection, &format!("SELECT {VECTOR_COLUMNS}, p.url FROM vectors AS v LEFT JOIN pages AS p ON p.id = v.page"), |row| {
        check.vectors += 1;
        check.without_checksum += u64::from(row.get_ref(6)?.as_i64_or_null().is_ok_and(|sum| sum.is_none()));
        if !Checksum::default().columns(row, 0..6)?.agrees(row.get_ref(6)?) {
            damaged.insert(address(row, 7));
        }
        Ok(())
    })
}

/// The indexes of words have no checksums: they are made anew in memory and compared.
fn words(connection: &Connection, check: &mut Check) -> Result<(), Failure> {
    let mut again = Connection::open_in_memory()?;
    schema::prepare(&mut again)?;
    let sql = format!("SELECT {HEAD_COLUMNS}, {CHUNK_COLUMNS} FROM chunks AS c JOIN pages AS p ON p.id = c.page ORDER BY c.id");
    let transaction = again.transaction()?;
    let mut left_out = BTreeSet::new();
    each(connection, &sql, |row| {
        let id: i64 = row.get(12)?;
        match head(row).and_then(|(_, title)| Ok((title, chunk(connection, row, 4)?))) {
            Ok((title, chunk)) => insert_words(&transaction, id, row.get(1)?, &title, &chunk),
            // It is damaged, and has been told to be.
            Err(failure) if failure.is_of_content() => Ok(_ = left_out.insert(id)),
            Err(failure) => Err(failure),
        }
    })?;
    if !left_out.is_empty() {
        return Ok(());
    }
    for kind in [ChunkKind::Text, ChunkKind::Code { language: None, context: String::new() }] {
        let table = if kind == ChunkKind::Text { "text_words" } else { "code_words" };
        let (stored, expected) = (digest(connection, table)?, digest(&transaction, table)?);
        if stored != expected {
            let differ = stored.0.abs_diff(expected.0);
            let mut told = format!("the index of words {table} is not that of the texts");
            if differ > 0 {
                write!(told, ": {} words in place of {}", stored.0, expected.0).expect("a string takes everything");
            }
            check.fault(told);
        }
    }
    Ok(())
}

/// How many words an index has, and a checksum of which stands where.
fn digest(connection: &Connection, table: &str) -> Result<(u64, i32), Failure> {
    // A table of the connection, not of the file; a connection that only reads lets in none of either.
    connection.pragma_update(None, "query_only", false)?;
    let listed = format!("CREATE VIRTUAL TABLE temp.listed USING fts5vocab(main, {table}, instance)");
    let made = connection.execute_batch(&listed);
    let mut words = 0;
    let mut sum = Checksum::default();
    let read = made.map_err(Failure::from).and_then(|()| {
        each(connection, "SELECT term, doc, col, offset FROM temp.listed", |row| {
            words += 1;
            sum = std::mem::take(&mut sum).columns(row, 0..4)?;
            Ok(())
        })
    });
    let removed = connection.execute_batch("DROP TABLE IF EXISTS temp.listed");
    connection.pragma_update(None, "query_only", true)?;
    read?;
    removed?;
    Ok((words, sum.sum()))
}

fn address(row: &Row<'_>, column: usize) -> String {
    let text = row.get_ref(column).ok().and_then(|text| text.as_bytes_or_null().ok().flatten());
    text.map_or_else(|| "a page that is not there".to_owned(), |text| String::from_utf8_lossy(text).chars().take(SHOWN).collect())
}

fn each(connection: &Connection, sql: &str, mut look: impl FnMut(&Row<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        look(row)?;
    }
    Ok(())
}

const MAX_LISTED: usize = 1_000;
const MAX_FAULTS: usize = 100;
/// Characters of an address that is told though it is damaged.
const SHOWN: usize = 200;
