//! Looks at what the server cannot know to be wrong: whether counts are those of the rows, and the index of words that of the texts. What is
//! on its disks it checks itself.

use super::Postgres;
use super::pages::each_of_words;
use super::schema::Takes;
use super::transaction::Transaction;
use super::words::Rows;
use crate::store::Error;
use crate::store::error::Failure;
use crate::store::keep::{Check, Keep};
use crate::store::sqlite::words_in_memory;
use crate::store::words::{KINDS, digest};
use crate::store::written::count;

impl Keep for Postgres {
    fn is_writable(&self) -> bool {
        self.takes == Takes::Writes
    }

    fn check(&self) -> Result<Check, Error> {
        self.read(|transaction| {
            transaction.take_time();
            let mut check = rows(transaction)?;
            for (what, sql) in WRONG_COUNTS {
                let wrong = transaction.one(sql, &[])?.number(0)?;
                if wrong > 0 {
                    check.faults.push(format!("{wrong} counts of {what} are wrong"));
                }
            }
            match words(transaction) {
                Ok(()) => {}
                Err(Wrong::Other) => check.faults.push("the index of words is not that of the texts".to_owned()),
                Err(Wrong::Failure(failure)) if failure.is_of_content() => check.faults.push(format!("words: {}", failure.told())),
                Err(Wrong::Failure(failure)) => return Err(failure),
            }
            Ok(check)
        })
    }

    /// The server gives room back by itself (autovacuum).
    fn unused_bytes(&self) -> Result<u64, Error> {
        Ok(0)
    }
}

fn rows(transaction: &Transaction<'_>) -> Result<Check, Failure> {
    let sql = "SELECT (SELECT count(*) FROM pages), (SELECT count(*) FROM chunks), (SELECT count(*) FROM vectors), (SELECT count(*) FROM packages)";
    let row = transaction.one(sql, &[])?;
    let number = |column| count(row.number(column)?);
    Ok(Check { pages: number(0)?, chunks: number(1)?, vectors: number(2)?, packages: number(3)?, ..Check::default() })
}

enum Wrong {
    /// It is another than it should be.
    Other,
    Failure(Failure),
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The index of words is made anew in memory and compared.
fn words(transaction: &Transaction<'_>) -> Result<(), Wrong> {
    words_in_memory(|expected| {
        each_of_words(transaction, &mut |changes| changes.write(expected))?;
        for kind in KINDS {
            if digest(&Rows::of(transaction), kind)? != digest(expected, kind)? {
                return Err(Wrong::Other);
            }
        }
        Ok(())
    })
}

const WRONG_COUNTS: [(&str, &str); 4] = [
    (
        "sources",
        "SELECT count(*) FROM sources AS s WHERE (s.pages, s.chunks, s.code_examples, s.embedded) IS DISTINCT FROM (
            (SELECT count(*) FROM pages AS p WHERE p.source = s.id), (SELECT count(*) FROM chunks AS c WHERE c.source = s.id),
            (SELECT count(*) FROM chunks AS c WHERE c.source = s.id AND c.kind = 1),
            (SELECT count(*) FROM chunks AS c WHERE c.source = s.id AND EXISTS (SELECT 1 FROM vectors AS v WHERE v.passage = c.passage)))",
    ),
    ("passages", "SELECT count(*) FROM passages AS p WHERE p.uses <> (SELECT count(*) FROM chunks AS c WHERE c.passage = p.id)"),
    (
        "models",
        "SELECT count(*) FROM models AS m WHERE (m.vectors, m.chunks) IS DISTINCT FROM (
            (SELECT count(*) FROM vectors AS v WHERE v.model = m.id),
            (SELECT count(*) FROM vectors AS v JOIN chunks AS c ON c.passage = v.passage WHERE v.model = m.id))",
    ),
    (
        "languages",
        "SELECT count(*) FROM languages AS l WHERE l.examples <> (
            SELECT count(*) FROM chunks AS c WHERE c.source = l.source AND c.kind = 1 AND c.language = l.language)",
    ),
];
