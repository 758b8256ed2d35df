//! The index that finds the nearest of many vectors: a graph (HNSW) for each model, made by pgvector while others read and write.
//!
//! It is an index on an expression, of the rows of one model: so vectors of any length are in one table, and the catalogue tells whether there
//! is one and whether it is whole.

use std::time::Duration;

use super::connection::Connection;
use super::meaning::Model;
use super::schema::{self, Limits, Takes};
use super::trouble::Trouble;
use super::{Postgres, Transaction};
use crate::store::Error;
use crate::store::error::Failure;

/// What a model's index is called.
pub(super) fn name(model: i64) -> String {
    format!("vectors_near_{model}")
}

/// What is indexed: what a question is compared with has to be written the same.
pub(super) fn indexed(dimensions: usize) -> String {
    format!("steps::halfvec({dimensions})")
}

impl Postgres {
    /// Makes the index of a model, if it has enough vectors and there is none; whether it was made.
    pub(super) fn make_graph(&self, model: &str) -> Result<bool, Error> {
        if self.takes == Takes::QuestionsOnly {
            return Ok(false);
        }
        let least = self.config.indexed_from;
        let wanted = self.read(|transaction| {
            let known = Model::find(transaction, model)?.filter(|model| model.vectors >= least && model.dimensions <= MOST_DIMENSIONS);
            Ok(match known {
                Some(model) if !is_whole(transaction, model.id)? => Some(model),
                _ => None,
            })
        })?;
        match wanted {
            Some(model) => self.make(model).map_err(|failure| self.at(failure)),
            None => {
                self.count_once()?;
                Ok(false)
            }
        }
    }

    /// How many rows there are decides how they are asked for, and the server counts them some minutes later: until then, narrowed questions take
    /// ten times as long.
    fn count_once(&self) -> Result<(), Error> {
        let uncounted = "SELECT EXISTS (SELECT 1 FROM pg_class WHERE oid IN ('chunks'::regclass, 'vectors'::regclass) AND reltuples < 0)";
        if self.read(|transaction| transaction.one(uncounted, &[])?.is_true(0).map_err(Into::into))? {
            self.write_beside(|transaction| {
                transaction.take_time();
                COUNT.iter().try_for_each(|sql| transaction.execute(sql, &[]).map(drop))
            })?;
        }
        Ok(())
    }

    /// On a connection of its own: what takes so long is in no transaction, and has other limits.
    fn make(&self, model: Model) -> Result<bool, Failure> {
        let limits = Limits { statement: LONGEST, wait: LONGEST };
        let mut connection = Connection::open(&self.address, limits.statement)?;
        schema::settle(&mut connection, &self.address, limits)?;
        // By whoever is first; it goes with the connection.
        let sql = "SELECT pg_try_advisory_lock(1397572434, hashtext($1))";
        let of = format!("{}.{}", self.address.schema, name(model.id));
        if !connection.row(sql, &[of.as_str().into()])?.is_some_and(|row| row.is_true(0).unwrap_or(false)) {
            return Ok(false);
        }
        log::info!("making an index of {} vectors in {}, which takes a while", model.vectors, self.address);
        // What one that was interrupted has left is none, and is in the way.
        connection.batch(&format!("DROP INDEX CONCURRENTLY IF EXISTS {}", name(model.id)))?;
        connection.batch(&format!(
            "SELECT set_config('maintenance_work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')),
             least({}, pg_size_bytes(current_setting('shared_buffers')) / 2)) / 1024 || 'kB', false)",
            model.vectors.saturating_mul(bytes_of(model.dimensions))
        ))?;
        let make = format!(
            "CREATE INDEX CONCURRENTLY {} ON vectors USING hnsw (({}) halfvec_cosine_ops) WITH (m = {LINKS}, ef_construction = {LOOKED_AT}) WHERE model = {}",
            name(model.id),
            indexed(model.dimensions),
            model.id
        );
        match connection.batch(&make) {
            // Several that work at it share memory, of which a container has little.
            Err(Failure::Server(Trouble::Full { why })) => {
                log::debug!("{}: {why}; once more, by one process", self.address);
                connection.batch(&format!("DROP INDEX CONCURRENTLY IF EXISTS {}", name(model.id)))?;
                connection.batch("SET max_parallel_maintenance_workers TO 0")?;
                connection.batch(&make)?;
            }
            made => made?,
        }
        COUNT.iter().try_for_each(|sql| connection.batch(sql))?;
        Ok(true)
    }
}

/// Whether there is one that can be asked.
pub(super) fn is_whole(transaction: &Transaction<'_>, model: i64) -> Result<bool, Failure> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid)";
    Ok(transaction.one(sql, &[name(model).as_str().into()])?.is_true(0)?)
}

/// What a vector takes in memory while the index is made: itself, twice as many links as there are on the lowest level, and some.
fn bytes_of(dimensions: usize) -> u64 {
    2 * dimensions as u64 + 2 * LINKS * 16 + 200
}

/// How many rows there are decides how they are asked for.
const COUNT: [&str; 4] = ["ANALYZE vectors", "ANALYZE chunks", "ANALYZE passages", "ANALYZE pages"];
/// pgvector's limit for half floats.
const MOST_DIMENSIONS: usize = 4_000;
/// Links of a vector on each level but the lowest, which has twice as many (`m`).
const LINKS: u64 = 16;
/// Vectors that are looked at for the links of a new one (`ef_construction`).
const LOOKED_AT: u64 = 100;
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
