//! Vectors of passages: what is embedded, and what is pending. A vector belongs to a model and to a passage, known by its hash, on whatever
//! page it stands.

use std::collections::{HashMap, HashSet};

use super::pages::{CHUNK_COLUMNS, chunk};
use super::transaction::{Transaction, limit as at_most};
use super::wire::Value;
use super::{Postgres, lock};
use crate::model::{EmbedProgress, Embedded, Pending};
use crate::store::error::Failure;
use crate::store::hashes::{SPARE, is_due};
use crate::store::keep::Meaning;
use crate::store::near::{Quantised, quantise};
use crate::store::ranges::Ranges;
use crate::store::written::count;
use crate::store::{Error, ModelSummary};

impl Meaning for Postgres {
    fn pending(&self, model: &str, limit: usize) -> Result<Vec<Pending>, Error> {
        let known = lock(&self.embedded).get(model).cloned().unwrap_or_default();
        let (pending, known) = self.read(|transaction| {
            let mut known = known.clone();
            let pending = pending(transaction, model, &mut known, &HashSet::new(), limit)?;
            Ok((pending.into_iter().map(|(_, pending)| pending).collect(), known))
        })?;
        lock(&self.embedded).insert(model.to_owned(), known);
        Ok(pending)
    }

    fn pending_of(&self, model: &str, chunks: &[i64]) -> Result<Vec<Pending>, Error> {
        self.read(|transaction| pending_of(transaction, model, chunks))
    }

    fn put_vectors(&self, model: &str, vectors: &[Embedded]) -> Result<(), Error> {
        let Some(first) = vectors.first() else { return Ok(()) };
        if first.vector.is_empty() {
            return Err(Error::BadVector { chunk: first.chunk });
        }
        self.write(|transaction| {
            let row = Model::made(transaction, model, first.vector.len())?;
            let chunks: Vec<i64> = vectors.iter().map(|embedded| embedded.chunk).collect();
            // The chunk may be gone meanwhile.
            let sql = "SELECT id, passage FROM chunks WHERE id = ANY ($1)";
            let found = transaction.collect(sql, &[Value::Numbers(&chunks)], |row| Ok((row.number(0)?, row.number(1)?)))?;
            let passages: HashMap<i64, i64> = found.into_iter().collect();
            let mut put = Vec::with_capacity(vectors.len());
            for Embedded { chunk, vector } in vectors {
                if vector.len() != row.dimensions {
                    return Err(Error::Dimensions { model: model.to_owned(), expected: row.dimensions, found: vector.len() }.into());
                }
                let kept = quantise(vector).ok_or(Error::BadVector { chunk: *chunk })?;
                put.extend(passages.get(chunk).map(|passage| (*passage, kept)));
            }
            put_all(transaction, row, &put)?;
            let done: Vec<i64> = passages.into_values().collect();
            let sql = "DELETE FROM embedding_leases WHERE model = $1 AND passage = ANY ($2)";
            transaction.execute(sql, &[model.into(), Value::Numbers(&done)]).map(drop)
        })
    }

    fn models(&self) -> Result<Vec<ModelSummary>, Error> {
        let sql = "SELECT name, dimensions, vectors FROM models WHERE vectors > 0 ORDER BY vectors DESC, id DESC LIMIT 100";
        self.read(|transaction| {
            transaction.collect(sql, &[], |row| {
                Ok(ModelSummary { name: row.text(0)?.to_owned(), dimensions: count(row.number(1)?)?, vectors: count(row.number(2)?)? })
            })
        })
    }

    fn progress(&self, model: &str) -> Result<EmbedProgress, Error> {
        self.read(|transaction| progress(transaction, model))
    }

    fn dimensions(&self, model: &str) -> Result<Option<u32>, Error> {
        self.read(|transaction| Ok(Model::find(transaction, model)?.map(|model| model.dimensions as u32)))
    }

    fn index_vectors(&self, model: &str) -> Result<bool, Error> {
        self.make_graph(model)
    }
}

/// The row of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub id: i64,
    pub dimensions: usize,
    pub vectors: u64,
    chunks: u64,
}

impl Model {
    pub(super) fn find(transaction: &Transaction<'_>, name: &str) -> Result<Option<Self>, Failure> {
        let Some(row) = transaction.row("SELECT id, dimensions, vectors, chunks FROM models WHERE name = $1", &[name.into()])? else {
            return Ok(None);
        };
        let dimensions = usize::try_from(row.number(1)?).map_err(|_| Failure::Malformed("a model has no dimensions"))?;
        Ok(Some(Self { id: row.number(0)?, dimensions, vectors: count(row.number(2)?)?, chunks: count(row.number(3)?)? }))
    }

    /// The same, made where there is none.
    pub(super) fn made(transaction: &Transaction<'_>, name: &str, dimensions: usize) -> Result<Self, Failure> {
        if let Some(model) = Self::find(transaction, name)? {
            return Ok(model);
        }
        transaction.execute("INSERT INTO models (name, dimensions) VALUES ($1, $2)", &[name.into(), (dimensions as i64).into()])?;
        Self::find(transaction, name)?.ok_or(Failure::Malformed("a model just written is not there"))
    }
}

/// Numbers as pgvector reads them.
pub(super) fn written(numbers: impl Iterator<Item = f32>) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("[");
    for (at, number) in numbers.enumerate() {
        write!(text, "{}{number}", if at == 0 { "" } else { "," }).expect("a text takes all");
    }
    text.push(']');
    text
}

/// Each unless its passage has a vector of this model; how many had none.
pub(super) fn put_all(transaction: &Transaction<'_>, model: Model, vectors: &[(i64, Quantised)]) -> Result<u64, Failure> {
    with_all(
        transaction,
        model,
        vectors,
        "INSERT INTO vectors (model, passage, scale, steps)
        SELECT DISTINCT ON (passage) $1::bigint, passage, scale, steps::halfvec FROM of ON CONFLICT (model, passage) DO NOTHING",
    )
}

/// Of how many the passage has another one of this model.
pub(super) fn others(transaction: &Transaction<'_>, model: Model, vectors: &[(i64, Quantised)]) -> Result<u64, Failure> {
    with_all(
        transaction,
        model,
        vectors,
        "SELECT 1 FROM of JOIN vectors AS v ON v.model = $1 AND v.passage = of.passage
        WHERE v.scale <> of.scale OR v.steps::text <> of.steps::halfvec::text",
    )
}

/// How many rows a statement gives or changes, which has `of`: passages with scale and steps.
fn with_all(transaction: &Transaction<'_>, model: Model, vectors: &[(i64, Quantised)], sql: &str) -> Result<u64, Failure> {
    if vectors.is_empty() {
        return Ok(0);
    }
    let passages: Vec<i64> = vectors.iter().map(|(passage, _)| *passage).collect();
    let scales: Vec<f32> = vectors.iter().map(|(_, vector)| vector.scale).collect();
    let steps = |vector: &Quantised| written(vector.data.iter().map(|step| f32::from(step.cast_signed())));
    let steps: Vec<String> = vectors.iter().map(|(_, vector)| steps(vector)).collect();
    let steps: Vec<Option<&str>> = steps.iter().map(|steps| Some(steps.as_str())).collect();
    let sql = format!("WITH of AS (SELECT * FROM unnest($2::bigint[], $3::real[], $4::text[]) AS of (passage, scale, steps)) {sql}");
    let values = [model.id.into(), Value::Numbers(&passages), Value::Reals(&scales), Value::Texts(&steps)];
    transaction.execute(&sql, &values)
}

fn progress(transaction: &Transaction<'_>, model: &str) -> Result<EmbedProgress, Failure> {
    let row = transaction.one("SELECT coalesce(sum(chunks), 0)::bigint FROM sources", &[])?;
    Ok(EmbedProgress { chunks: count(row.number(0)?)?, embedded: Model::find(transaction, model)?.map_or(0, |model| model.chunks) })
}

/// The passages that lack a vector of the model, each once, text before code, the newest first. `known` are the chunks of each kind of which
/// it is known that they have one: what is found out is added, so that nothing is looked at twice.
///
/// Those that are `leased` are passed over: somebody is at them.
pub(super) fn pending(
    transaction: &Transaction<'_>,
    model: &str,
    known: &mut [Ranges; 2],
    leased: &HashSet<i64>,
    limit: usize,
) -> Result<Vec<(i64, Pending)>, Failure> {
    let progress = progress(transaction, model)?;
    if progress.chunks == progress.embedded {
        return Ok(Vec::new());
    }
    let model = Model::find(transaction, model)?.map_or(0, |model| model.id);
    let newest = transaction.one("SELECT coalesce(max(id), 0) FROM chunks", &[])?.number(0)?;
    let look = "SELECT c.id, c.passage FROM chunks AS c WHERE c.kind = $1 AND c.id BETWEEN $2 AND $3
                AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.passage = c.passage AND v.model = $4) ORDER BY c.id DESC LIMIT $5";
    let (mut seen, mut chosen) = (HashSet::new(), Vec::new());
    'kinds: for (kind, known) in (0_i64..).zip(known) {
        for (low, high) in known.gaps(newest) {
            // Of the chunks from here down nothing is known yet.
            let mut unknown = high;
            loop {
                let asked = (limit - chosen.len()).saturating_add(1).min(MOST_AT_ONCE);
                let rows = transaction.rows(look, &[kind.into(), low.into(), unknown.into(), model.into(), at_most(asked)])?;
                for row in &rows {
                    if chosen.len() == limit {
                        break 'kinds;
                    }
                    let (id, passage) = (row.number(0)?, row.number(1)?);
                    known.add(id + 1, unknown);
                    unknown = id - 1;
                    if !leased.contains(&passage) && seen.insert(passage) {
                        chosen.push((id, passage));
                    }
                }
                if rows.len() < asked {
                    break;
                }
            }
            known.add(low, unknown);
        }
    }
    let chunks: Vec<i64> = chosen.iter().map(|(chunk, _)| *chunk).collect();
    let passages: HashMap<i64, i64> = chosen.into_iter().collect();
    let pending = passages_of(transaction, &chunks)?.into_iter();
    let mut pending: Vec<_> = pending.filter_map(|pending| Some((*passages.get(&pending.chunk)?, pending))).collect();
    pending.sort_by_key(|(_, pending)| pending.passage.len());
    Ok(pending)
}

/// Of these chunks those that lack a vector of the model, each passage once, in the order of the chunks.
pub(super) fn pending_of(transaction: &Transaction<'_>, model: &str, chunks: &[i64]) -> Result<Vec<Pending>, Failure> {
    let model = Model::find(transaction, model)?.map_or(0, |model| model.id);
    let sql = "SELECT c.id, c.passage FROM chunks AS c WHERE c.id = ANY ($1)
               AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.passage = c.passage AND v.model = $2)";
    let lacking = transaction.collect(sql, &[Value::Numbers(chunks), model.into()], |row| Ok((row.number(0)?, row.number(1)?)))?;
    let passages: HashMap<i64, i64> = lacking.into_iter().collect();
    let mut seen = HashSet::new();
    let chosen: Vec<i64> =
        chunks.iter().filter(|chunk| passages.get(chunk).is_some_and(|passage| seen.insert(*passage))).copied().collect();
    passages_of(transaction, &chosen)
}

/// What these chunks are embedded by, in their order.
fn passages_of(transaction: &Transaction<'_>, chunks: &[i64]) -> Result<Vec<Pending>, Failure> {
    let sql = format!("SELECT c.id, {CHUNK_COLUMNS} FROM chunks AS c WHERE c.id = ANY ($1)");
    let found = transaction.collect(&sql, &[Value::Numbers(chunks)], |row| Ok((row.number(0)?, chunk(row, 1)?.passage())))?;
    let mut found: HashMap<i64, String> = found.into_iter().collect();
    Ok(chunks.iter().filter_map(|chunk| found.remove(chunk).map(|passage| Pending { chunk: *chunk, passage })).collect())
}

/// Passages that no chunk says any more keep their vectors for when they come back: as many as others do, and some more. What is beyond that
/// goes, the oldest first, and some with it, so that it is seldom. `gone` are the chunks that have just been removed.
pub(super) fn evict(transaction: &Transaction<'_>, gone: &[i64]) -> Result<(), Failure> {
    let live = transaction.one("SELECT coalesce(sum(chunks), 0)::bigint FROM sources", &[])?.number(0)?;
    let most = live.max(0).saturating_add(SPARE);
    if !is_due(gone, most) {
        return Ok(());
    }
    let beyond = "SELECT id FROM passages WHERE uses = 0 ORDER BY id DESC LIMIT 1 OFFSET $1";
    if transaction.row(beyond, &[most.into()])?.is_none() {
        return Ok(());
    }
    let newest = transaction.one(beyond, &[(most - most / 8).into()])?.number(0)?;
    let old = "(SELECT id FROM passages WHERE uses = 0 AND id <= $1)";
    transaction.execute(&format!("DELETE FROM vectors WHERE passage IN {old}"), &[newest.into()])?;
    transaction.execute(&format!("DELETE FROM passages WHERE id IN {old}"), &[newest.into()]).map(drop)
}

/// The vectors of a model for what these chunks say, in their order.
pub(super) fn vectors_of(transaction: &Transaction<'_>, name: &str, chunks: &[i64]) -> Result<Vec<Option<Vec<f32>>>, Failure> {
    let Some(model) = Model::find(transaction, name)? else { return Ok(vec![None; chunks.len()]) };
    let sql = "SELECT c.id, v.scale, v.steps::real[] FROM chunks AS c JOIN vectors AS v ON v.passage = c.passage AND v.model = $2
               WHERE c.id = ANY ($1)";
    let found = transaction.collect(sql, &[Value::Numbers(chunks), model.id.into()], |row| {
        let scale = row.real(1)?;
        Ok((row.number(0)?, row.reals(2)?.into_iter().map(|step| step * scale).collect()))
    })?;
    let found: HashMap<i64, Vec<f32>> = found.into_iter().collect();
    Ok(chunks.iter().map(|chunk| found.get(chunk).cloned()).collect())
}

const MOST_AT_ONCE: usize = 1_000;
