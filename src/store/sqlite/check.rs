//! Looks at all of a database: its structure, every checksum, and whether its indexes of words hold the words of its texts.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;

use rusqlite::{Connection, Row};

use super::packages;
use super::pages::{CHUNK_COLUMNS, HEAD_COLUMNS, chunk_agrees, each_of_words, head, page_agrees};
use super::passages::{self, VECTOR_COLUMNS, vector_agrees};
use super::texts::{self, CHUNK_TABLES, PAGE_COLUMNS};
use super::words::Rows;
use super::{schema, sketches};
use crate::store::checksum::Checksum;
use crate::store::error::Failure;
use crate::store::keep::Check;
use crate::store::words;

/// Within one transaction of `connection`, which is written nothing to.
pub(super) fn check(connection: &Connection) -> Result<Check, Failure> {
    let mut check = Check::default();
    let mut damaged = BTreeSet::new();
    let steps: [(&str, Step<'_>); 12] = [
        ("the structure", &|check, _| structure(connection, check)),
        ("references", &|check, _| references(connection, check)),
        ("pages", &|check, damaged| pages(connection, check, damaged)),
        ("passages", &|check, damaged| chunks(connection, check, damaged)),
        ("texts", &|check, _| strays(connection, check)),
        ("hashes", &|check, _| hashes(connection, check)),
        ("vectors", &|check, damaged| vectors(connection, check, damaged)),
        ("sketches", &|check, _| sketched(connection, check)),
        ("lists", &|check, damaged| lists(connection, check, damaged)),
        ("counts", &|check, _| counts(connection, check)),
        ("words", &|check, _| words(connection, check)),
        ("packages", &|check, _| symbols(connection, check)),
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
    each(connection, &format!("SELECT {CHUNK_COLUMNS}, p.url FROM {CHUNK_TABLES} LEFT JOIN pages AS p ON p.id = c.page"), |row| {
        check.chunks += 1;
        check.without_checksum += u64::from(row.get_ref(7)?.as_i64_or_null().is_ok_and(|sum| sum.is_none()));
        if !chunk_agrees(row, 0)? {
            damaged.insert(address(row, 10));
        }
        Ok(())
    })
}

/// Nothing is kept that nobody says.
fn strays(connection: &Connection, check: &mut Check) -> Result<(), Failure> {
    for (what, sql) in texts::STRAYS {
        each(connection, sql, |row| {
            let strays: i64 = row.get(0)?;
            if strays > 0 {
                check.fault(format!("{strays} {what}"));
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn hashes(connection: &Connection, check: &mut Check) -> Result<(), Failure> {
    each(connection, "SELECT hash, checksum, id FROM passages", |row| {
        if !Checksum::default().columns(row, 0..1)?.agrees(row.get_ref(1)?) {
            check.fault(format!("the hash of passage {} is not what was stored", row.get::<_, i64>(2)?));
        }
        Ok(())
    })
}

/// Each vector is what was stored, and there is one for each passage that is said to have one, and no more.
fn vectors(connection: &Connection, check: &mut Check, damaged: &mut BTreeSet<String>) -> Result<(), Failure> {
    // Passage, model and number of each.
    let mut found: Vec<(i64, i64, i64)> = Vec::new();
    let mut bad = HashSet::new();
    each(connection, &format!("SELECT {VECTOR_COLUMNS} FROM vectors"), |row| {
        let id: i64 = row.get(5)?;
        match vector_agrees(row)? {
            true => found.push((row.get(1)?, row.get(0)?, id)),
            false => {
                bad.insert(id);
                check.fault(format!("vector {id} is not what was stored"));
            }
        }
        Ok(())
    })?;
    found.sort_unstable();
    let mut found = found.into_iter().peekable();
    let mut differ = 0_u64;
    let mut pages =
        connection.prepare_cached("SELECT DISTINCT p.url FROM chunks AS c JOIN pages AS p ON p.id = c.page WHERE c.passage = ?1")?;
    each(connection, "SELECT passage, model, vector FROM embedded ORDER BY passage, model", |row| {
        check.vectors += 1;
        let (passage, model, vector): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if bad.contains(&vector) {
            let mut rows = pages.query([passage])?;
            while let Some(row) = rows.next()? {
                damaged.insert(address(row, 0));
            }
            return Ok(());
        }
        while found.next_if(|of| (of.0, of.1) < (passage, model)).is_some() {
            differ += 1;
        }
        let own = found.next_if(|of| (of.0, of.1) == (passage, model));
        differ += u64::from(own.is_none_or(|(_, _, id)| vector != id));
        Ok(())
    })?;
    differ += found.count() as u64;
    if differ > 0 {
        check.fault(format!("{differ} passages have no vector and are said to, or the other way round"));
    }
    Ok(())
}

/// Sketches are those of the vectors.
fn sketched(connection: &Connection, check: &mut Check) -> Result<(), Failure> {
    let wrong = sketches::wrong(connection)?;
    if wrong > 0 {
        check.fault(format!("{wrong} rows of sketches are not those of the vectors: the next search by meaning makes them anew"));
    }
    Ok(())
}

/// Each page has the list of its chunks.
fn lists(connection: &Connection, check: &mut Check, damaged: &mut BTreeSet<String>) -> Result<(), Failure> {
    each(connection, "SELECT url, id FROM pages", |row| {
        if !passages::has_its_list(connection, row.get(1)?)? {
            damaged.insert(address(row, 0));
        }
        Ok(())
    })?;
    each(connection, "SELECT count(*) FROM page_chunks WHERE (source IS NULL) = (page IN (SELECT id FROM pages))", |row| {
        let strays: i64 = row.get(0)?;
        if strays > 0 {
            check.fault(format!("{strays} lists of passages are of pages that are gone, or the other way round"));
        }
        Ok(())
    })
}

/// What is counted at each write is what there is.
fn counts(connection: &Connection, check: &mut Check) -> Result<(), Failure> {
    for (what, sql) in passages::WRONG_COUNTS {
        each(connection, sql, |row| {
            let wrong: i64 = row.get(0)?;
            if wrong > 0 {
                check.fault(format!("{wrong} counts of {what} are wrong"));
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The index of words is made anew in memory and compared.
fn words(connection: &Connection, check: &mut Check) -> Result<(), Failure> {
    let mut again = Connection::open_in_memory()?;
    schema::prepare(&mut again)?;
    let transaction = again.transaction()?;
    let unreadable = each_of_words(connection, &mut |changes| changes.write(&Rows::of(&transaction)?))?;
    for (kind, name) in [(0, "text"), (1, "code")] {
        let stored = words::digest(&Rows::of(connection)?, kind)?;
        // What is missing is damaged, and has been told to be.
        if unreadable > 0 {
            continue;
        }
        let expected = words::digest(&Rows::of(&transaction)?, kind)?;
        if stored != expected {
            let mut told = format!("the index of words of {name} is not that of the texts");
            if stored.0 != expected.0 {
                write!(told, ": {} entries in place of {}", stored.0, expected.0).expect("a string takes everything");
            }
            check.fault(told);
        }
    }
    Ok(())
}

/// What is kept of packages is what was stored.
fn symbols(connection: &Connection, check: &mut Check) -> Result<(), Failure> {
    let mut damaged = Vec::new();
    check.packages = packages::each_damaged(connection, &mut |_, what| {
        if damaged.len() < MAX_FAULTS {
            damaged.push(what);
        }
    })?;
    damaged.into_iter().for_each(|what| check.fault(format!("{what} is not what was stored: `smolcrawl project` reads it again")));
    Ok(())
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
