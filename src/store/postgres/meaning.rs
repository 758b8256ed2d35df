//! Vectors of passages: what is embedded, what is pending, and which are nearest. A vector belongs to a model and to a passage, known by its
//! hash, on whatever page it stands; the server compares them.

use std::collections::{HashMap, HashSet};

use super::pages::{CHUNK_COLUMNS, chunk};
use super::transaction::{Transaction, limit as at_most};
use super::wire::Value;
use super::{Postgres, lock};
use crate::model::{EmbedProgress, Embedded, Mode, Pending, Wanted};
use crate::store::among::Among;
use crate::store::error::Failure;
use crate::store::fuse::Candidate;
use crate::store::hashes::SPARE;
use crate::store::keep::Meaning;
use crate::store::near::{Quantised, among_neighbours, quantise};
use crate::store::ranges::Ranges;
use crate::store::words::Filter;
use crate::store::written::count;
use crate::store::{Error, ModelSummary};

impl Meaning for Postgres {
    fn pending(&self, model: &str, limit: usize) -> Result<Vec<Pending>, Error> {
        let known = lock(&self.embedded).get(model).cloned().unwrap_or_default();
        let (pending, known) = self.read(|transaction| {
            let mut known = known.clone();
            Ok((pending(transaction, model, &mut known, limit)?, known))
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
            put_all(transaction, row, &put)
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
}

/// The row of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub id: i64,
    pub dimensions: usize,
    vectors: u64,
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
fn written(numbers: impl Iterator<Item = f32>) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("[");
    for (at, number) in numbers.enumerate() {
        write!(text, "{}{number}", if at == 0 { "" } else { "," }).expect("a text takes all");
    }
    text.push(']');
    text
}

/// Each unless its passage has a vector of this model.
pub(super) fn put_all(transaction: &Transaction<'_>, model: Model, vectors: &[(i64, Quantised)]) -> Result<(), Failure> {
    if vectors.is_empty() {
        return Ok(());
    }
    let passages: Vec<i64> = vectors.iter().map(|(passage, _)| *passage).collect();
    let scales: Vec<f32> = vectors.iter().map(|(_, vector)| vector.scale).collect();
    let steps = |vector: &Quantised| written(vector.data.iter().map(|step| f32::from(step.cast_signed())));
    let steps: Vec<String> = vectors.iter().map(|(_, vector)| steps(vector)).collect();
    let steps: Vec<Option<&str>> = steps.iter().map(|steps| Some(steps.as_str())).collect();
    let sql = "INSERT INTO vectors (model, passage, scale, steps)
               SELECT DISTINCT ON (passage) $1::bigint, passage, scale, steps::halfvec
               FROM unnest($2::bigint[], $3::real[], $4::text[]) AS of (passage, scale, steps)
               ON CONFLICT (model, passage) DO NOTHING";
    let values = [model.id.into(), Value::Numbers(&passages), Value::Reals(&scales), Value::Texts(&steps)];
    transaction.execute(sql, &values).map(drop)
}

fn progress(transaction: &Transaction<'_>, model: &str) -> Result<EmbedProgress, Failure> {
    let row = transaction.one("SELECT coalesce(sum(chunks), 0)::bigint FROM sources", &[])?;
    Ok(EmbedProgress { chunks: count(row.number(0)?)?, embedded: Model::find(transaction, model)?.map_or(0, |model| model.chunks) })
}

/// The passages that lack a vector of the model, each once, text before code, the newest first. `known` are the chunks of each kind of which
/// it is known that they have one: what is found out is added, so that nothing is looked at twice.
pub(super) fn pending(transaction: &Transaction<'_>, model: &str, known: &mut [Ranges; 2], limit: usize) -> Result<Vec<Pending>, Failure> {
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
                    if seen.insert(passage) {
                        chosen.push(id);
                    }
                }
                if rows.len() < asked {
                    break;
                }
            }
            known.add(low, unknown);
        }
    }
    let mut pending = passages_of(transaction, &chosen)?;
    pending.sort_by_key(|pending| pending.passage.len());
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
/// goes, the oldest first, and some with it, so that it is seldom.
pub(super) fn evict(transaction: &Transaction<'_>) -> Result<(), Failure> {
    let live = transaction.one("SELECT coalesce(sum(chunks), 0)::bigint FROM sources", &[])?.number(0)?;
    let most = live.max(0).saturating_add(SPARE);
    let beyond = "SELECT id FROM passages WHERE uses = 0 ORDER BY id DESC LIMIT 1 OFFSET $1";
    if transaction.row(beyond, &[most.into()])?.is_none() {
        return Ok(());
    }
    let newest = transaction.one(beyond, &[(most - most / 8).into()])?.number(0)?;
    let old = "(SELECT id FROM passages WHERE uses = 0 AND id <= $1)";
    transaction.execute(&format!("DELETE FROM vectors WHERE passage IN {old}"), &[newest.into()])?;
    transaction.execute(&format!("DELETE FROM passages WHERE id IN {old}"), &[newest.into()]).map(drop)
}

/// The chunks nearest to the query by meaning, best first: each passage's own cosine, and those of what stands beside it on its page.
pub(super) fn nearest(
    transaction: &Transaction<'_>,
    (name, vector): (&str, &[f32]),
    mode: Mode,
    filter: Filter<'_>,
) -> Result<Vec<Candidate>, Failure> {
    let Some(model) = Model::find(transaction, name)?.filter(|model| model.vectors > 0) else {
        let is_empty = transaction.row("SELECT 1 FROM chunks LIMIT 1", &[])?.is_none();
        return match mode {
            Mode::Dense if !is_empty => Err(Error::NothingEmbedded { model: name.to_owned() }.into()),
            _ => Ok(Vec::new()),
        };
    };
    if vector.len() != model.dimensions {
        return Err(Error::Dimensions { model: name.to_owned(), expected: model.dimensions, found: vector.len() }.into());
    }
    // Half floats hold the largest component best where it is 1, however long the vector of the question is.
    let largest = vector.iter().fold(0.0_f32, |largest, component| largest.max(component.abs()));
    if !(largest > 0.0 && vector.iter().all(|component| component.is_finite())) {
        return Err(Error::BadQueryVector.into());
    }
    let direction = written(vector.iter().map(|component| component / largest));
    let among = filter.among.map(multirange);
    let fits = |chunk: &str| {
        let source = if filter.source.is_some() { format!(" AND {chunk}.source = $5") } else { " AND $5::bigint IS NULL".to_owned() };
        let among = if among.is_some() { format!(" AND {chunk}.id <@ $6::int8multirange") } else { " AND $6::text IS NULL".to_owned() };
        format!("{chunk}.kind = $4{source}{among}")
    };
    let beside = |which: &str| format!("SELECT b.passage FROM chunks AS b WHERE b.page = c.page AND b.kind = $4 AND b.id {which} LIMIT 1");
    let sql = format!(
        "WITH near AS MATERIALIZED (
             SELECT v.passage, -(v.steps <#> $2::halfvec) * v.scale AS cosine FROM vectors AS v
             WHERE v.model = $1 AND EXISTS (SELECT 1 FROM chunks AS e WHERE e.passage = v.passage AND {})
             ORDER BY (v.steps <#> $2::halfvec) * v.scale, v.passage LIMIT $3)
         SELECT c.id, c.page, near.cosine, -(vb.steps <#> $2::halfvec) * vb.scale, -(va.steps <#> $2::halfvec) * va.scale
         FROM near
         CROSS JOIN LATERAL (SELECT f.id, f.page FROM chunks AS f WHERE f.passage = near.passage AND {} ORDER BY f.id LIMIT $3) AS c
         LEFT JOIN LATERAL ({}) AS before ON true
         LEFT JOIN vectors AS vb ON vb.model = $1 AND vb.passage = before.passage
         LEFT JOIN LATERAL ({}) AS after ON true
         LEFT JOIN vectors AS va ON va.model = $1 AND va.passage = after.passage",
        fits("e"),
        fits("f"),
        beside("< c.id ORDER BY b.id DESC"),
        beside("> c.id ORDER BY b.id"),
    );
    let values = [
        model.id.into(),
        Value::Text(Some(&direction)),
        at_most(filter.room().max(1)),
        i64::from(filter.wanted == Wanted::Code).into(),
        filter.source.into(),
        among.as_deref().into(),
    ];
    let mut found = transaction.collect(&sql, &values, |row| {
        let (chunk, page, cosine) = (row.number(0)?, row.number(1)?, row.real(2)? * largest);
        let mut beside = Vec::with_capacity(2);
        for column in [3, 4] {
            if !row.is_null(column) {
                beside.push(row.real(column)? * largest);
            }
        }
        let key = if filter.distinct_pages { page } else { chunk };
        Ok(Candidate { key, chunk, found: cosine, score: among_neighbours(cosine, beside.into_iter()) })
    })?;
    // Equal scores by age.
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    found.truncate(filter.room());
    Ok(found)
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

/// Numbers of chunks as PostgreSQL writes ranges of them.
fn multirange(among: &Among) -> String {
    let ranges: Vec<String> = among.runs().map(|(first, last)| format!("[{first},{last}]")).collect();
    format!("{{{}}}", ranges.join(","))
}

const MOST_AT_ONCE: usize = 1_000;
