//! Which passages are nearest to a question: by the index of many vectors where there is one and the question is not too narrow for it, else
//! by comparing all that fit. Whichever it was, what is found is ranked by the same figures.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::graph;
use super::lock;
use super::meaning::written;
use super::transaction::{Transaction, limit as at_most};
use super::wire::Value;
use crate::model::{Mode, Wanted};
use crate::store::Error;
use crate::store::among::Among;
use crate::store::error::Failure;
use crate::store::fuse::Candidate;
use crate::store::near::{PARTS, SAMPLED, among_neighbours, apart};
use crate::store::words::Filter;
use crate::store::written::count;

/// The chunks nearest to the query by meaning, best first: each passage's own cosine, and those of what stands beside it on its page.
pub(super) fn nearest(
    transaction: &Transaction<'_>,
    (name, vector): (&str, &[f32]),
    mode: Mode,
    filter: Filter<'_>,
    means: &Means,
    indexed_from: u64,
) -> Result<Vec<Candidate>, Failure> {
    let Some(model) = Model::find(transaction, name, filter)?.filter(|model| model.vectors > 0) else {
        let is_empty = transaction.row("SELECT 1 FROM chunks LIMIT 1", &[])?.is_none();
        return match mode {
            Mode::Dense if !is_empty => Err(Error::NothingEmbedded { model: name.to_owned() }.into()),
            _ => Ok(Vec::new()),
        };
    };
    if vector.len() != model.dimensions {
        return Err(Error::Dimensions { model: name.to_owned(), expected: model.dimensions, found: vector.len() }.into());
    }
    let asked = Direction::of(vector).ok_or(Error::BadQueryVector)?;
    let apart = Direction::of(&apart(vector, &means.of(transaction, &model)?, model.vectors)).unwrap_or_else(|| asked.clone());
    let question = Question { apart, asked, among: filter.among.map(multirange) };
    let room = by_index_room(filter);
    let fitting = filter.among.map_or(model.fitting, |among| among.count().min(model.fitting)).min(model.vectors);
    if model.is_indexed && model.vectors >= indexed_from && goes_by_index(fitting, model.vectors, room) {
        transaction.before_the_next(&set_up(looked_at(fitting, model.vectors, room)));
        let found = candidates(transaction, &model, &question, filter, &by_index(&model, filter, room))?;
        // It may have given up early. Then all that fit are compared.
        if found.passages >= room {
            return Ok(found.ranked);
        }
    }
    Ok(candidates(transaction, &model, &question, filter, &by_all(filter))?.ranked)
}

/// The row of a model, and how it can be asked.
struct Model {
    id: i64,
    dimensions: usize,
    vectors: u64,
    /// Chunks of the kind and the source that are asked for.
    fitting: u64,
    is_indexed: bool,
}

impl Model {
    fn find(transaction: &Transaction<'_>, name: &str, filter: Filter<'_>) -> Result<Option<Self>, Failure> {
        let sql = "SELECT m.id, m.dimensions, m.vectors,
                   (SELECT coalesce(sum(CASE WHEN $2 THEN s.code_examples ELSE s.chunks - s.code_examples END), 0)::bigint
                    FROM sources AS s WHERE $3::bigint IS NULL OR s.id = $3),
                   EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indexrelid = to_regclass('vectors_near_' || m.id) AND i.indisvalid)
                   FROM models AS m WHERE m.name = $1";
        let values = [name.into(), Value::Truth(filter.wanted == Wanted::Code), filter.source.into()];
        let Some(row) = transaction.row(sql, &values)? else { return Ok(None) };
        let dimensions = usize::try_from(row.number(1)?).map_err(|_| Failure::Malformed("a model has no dimensions"))?;
        Ok(Some(Self {
            id: row.number(0)?,
            dimensions,
            vectors: count(row.number(2)?)?,
            fitting: count(row.number(3)?)?,
            is_indexed: row.is_true(4)?,
        }))
    }
}

/// How many passages are taken out of the index: it costs as much for each as to compare fifty, so two to a page have to do.
fn by_index_room(filter: Filter<'_>) -> usize {
    if filter.distinct_pages { (filter.room() / 2).max(1) } else { filter.limit.max(1) }
}

/// Whether the index finds `room` vectors sooner than all that fit are compared. It has to look at `room * vectors / fitting` of them until so
/// many fit, each of which costs as much as comparing some.
fn goes_by_index(fitting: u64, vectors: u64, room: usize) -> bool {
    let fitting = u128::from(fitting);
    fitting * fitting > (u128::from(COSTS) * room as u128).saturating_mul(vectors.into())
}

/// How many vectors the index has to keep in view (`ef_search`) so that `room` of them fit, and some more: to go on behind them costs several
/// times as much as to look at more at once.
fn looked_at(fitting: u64, vectors: u64, room: usize) -> u64 {
    let wanted = u128::from(vectors).saturating_mul(room as u128).saturating_mul(11) / 10 / u128::from(fitting.max(1));
    u64::try_from(wanted).unwrap_or(u64::MAX).clamp(LEAST_LOOKED_AT, MOST_LOOKED_AT)
}

/// What a search by the index is set to, for the transaction.
fn set_up(looked_at: u64) -> String {
    format!(
        "SET LOCAL hnsw.ef_search TO {looked_at}; SET LOCAL hnsw.iterative_scan TO relaxed_order;
         SET LOCAL hnsw.max_scan_tuples TO {MOST_SCANNED}; SET LOCAL hnsw.scan_mem_multiplier TO 8"
    )
}

/// A question as it is written into statements.
struct Question {
    /// By which vectors are ranked.
    apart: Direction,
    asked: Direction,
    among: Option<String>,
}

/// A vector as it is written into statements.
#[derive(Clone)]
struct Direction {
    text: String,
    /// By which it is divided: half floats hold the largest component best where it is 1, however long the vector is.
    largest: f32,
}

impl Direction {
    /// None of a vector without one.
    fn of(vector: &[f32]) -> Option<Self> {
        let largest = vector.iter().fold(0.0_f32, |largest, component| largest.max(component.abs()));
        let is_one = largest > 0.0 && vector.iter().all(|component| component.is_finite());
        is_one.then(|| Self { text: written(vector.iter().map(|component| component / largest)), largest })
    }
}

/// About what the vectors of each model have in common, and of how many it was told.
#[derive(Default)]
pub(super) struct Means(Mutex<HashMap<i64, Mean>>);

/// Of so many vectors.
type Mean = (u64, Arc<[f32]>);

impl Means {
    fn of(&self, transaction: &Transaction<'_>, model: &Model) -> Result<Arc<[f32]>, Failure> {
        let known = lock(&self.0).get(&model.id).cloned();
        if let Some((_, mean)) = known.filter(|(vectors, _)| vectors.abs_diff(model.vectors) <= vectors / 8) {
            return Ok(mean);
        }
        let mean: Arc<[f32]> = mean(transaction, model)?.into();
        lock(&self.0).insert(model.id, (model.vectors, Arc::clone(&mean)));
        Ok(mean)
    }
}

/// The mean of all vectors of a model, or of some from all over them.
fn mean(transaction: &Transaction<'_>, model: &Model) -> Result<Vec<f32>, Failure> {
    let sql = "WITH span AS (SELECT min(passage) AS first, (max(passage) - min(passage)) / $2 + 1 AS width FROM vectors WHERE model = $1)
               SELECT v.scale, v.steps::real[] FROM span CROSS JOIN generate_series(0, $2 - 1) AS part CROSS JOIN LATERAL (
                   SELECT scale, steps FROM vectors
                   WHERE model = $1 AND passage >= first + part * width AND passage < first + (part + 1) * width ORDER BY passage LIMIT $3
               ) AS v";
    let (parts, of_each) = if model.vectors <= SAMPLED { (1, SAMPLED) } else { (PARTS, SAMPLED / PARTS) };
    let values = [model.id.into(), parts.cast_signed().into(), of_each.cast_signed().into()];
    let (mut sums, mut count) = (vec![0.0; model.dimensions], 0.0_f32);
    for row in transaction.rows(sql, &values)? {
        let scale = row.real(0)?;
        sums.iter_mut().zip(row.reals(1)?).for_each(|(sum, step)| *sum += step * scale);
        count += 1.0;
    }
    sums.iter_mut().for_each(|sum| *sum /= count.max(1.0));
    Ok(sums)
}

/// What is asked of a chunk that fits.
fn fits(chunk: &str, filter: Filter<'_>) -> String {
    let source = if filter.source.is_some() { format!(" AND {chunk}.source = $5") } else { " AND $5::bigint IS NULL".to_owned() };
    // In a query of its own, so that what may be long is read once and not for each row.
    let among = match filter.among {
        Some(_) => format!(" AND {chunk}.id <@ (SELECT $6::int8multirange)"),
        None => " AND $6::text IS NULL".to_owned(),
    };
    format!("{chunk}.kind = $4{source}{among}")
}

/// Passages with their cosines, by comparing all. The direction is read in a query of its own, which is asked once: by a plan for any
/// question, it is read out of its text for each row else, which takes fifty times as long as to compare it.
fn by_all(filter: Filter<'_>) -> String {
    format!(
        "SELECT v.passage, -(v.steps <#> (SELECT $2::halfvec)) * v.scale AS score, -(v.steps <#> (SELECT $7::halfvec)) * v.scale AS cosine
         FROM vectors AS v
         WHERE v.model = $1 AND EXISTS (SELECT 1 FROM chunks AS e WHERE e.passage = v.passage AND {})
         ORDER BY (v.steps <#> (SELECT $2::halfvec)) * v.scale, v.passage LIMIT $3",
        fits("e", filter)
    )
}

/// The same by the index, nearly the best. The model and the limit are written out, so that the server sees that the index is the one, and for
/// how few; whether a passage fits is asked of each that comes out of it.
fn by_index(model: &Model, filter: Filter<'_>, room: usize) -> String {
    let (id, dimensions) = (model.id, model.dimensions);
    format!(
        "SELECT n.passage, -(n.steps <#> (SELECT $2::halfvec)) * n.scale AS score, -(n.steps <#> (SELECT $7::halfvec)) * n.scale AS cosine FROM (
             SELECT v.passage, v.steps, v.scale FROM vectors AS v
             WHERE v.model = {id} AND $1::bigint = {id} AND (SELECT true FROM chunks AS e WHERE e.passage = v.passage AND {} LIMIT 1)
             ORDER BY v.{} <=> $2::halfvec({dimensions}) LIMIT {room}) AS n
         ORDER BY (n.steps <#> (SELECT $2::halfvec)) * n.scale, n.passage LIMIT $3",
        fits("e", filter),
        graph::indexed(dimensions),
    )
}

/// What a way has found.
struct Found {
    passages: usize,
    ranked: Vec<Candidate>,
}

/// The chunks of the passages that are near, each with what stands beside it on its page.
fn candidates(transaction: &Transaction<'_>, model: &Model, question: &Question, filter: Filter<'_>, near: &str) -> Result<Found, Failure> {
    let beside = |which: &str| format!("SELECT b.passage FROM chunks AS b WHERE b.page = c.page AND b.kind = $4 AND b.id {which} LIMIT 1");
    let sql = format!(
        "WITH near AS MATERIALIZED ({near})
         SELECT c.id, c.page, near.score, -(vb.steps <#> (SELECT $2::halfvec)) * vb.scale, -(va.steps <#> (SELECT $2::halfvec)) * va.scale, near.passage, near.cosine
         FROM near
         CROSS JOIN LATERAL (SELECT f.id, f.page FROM chunks AS f WHERE f.passage = near.passage AND {} ORDER BY f.id LIMIT $3) AS c
         LEFT JOIN LATERAL ({}) AS before ON true
         LEFT JOIN vectors AS vb ON vb.model = $1 AND vb.passage = before.passage
         LEFT JOIN LATERAL ({}) AS after ON true
         LEFT JOIN vectors AS va ON va.model = $1 AND va.passage = after.passage",
        fits("f", filter),
        beside("< c.id ORDER BY b.id DESC"),
        beside("> c.id ORDER BY b.id"),
    );
    let Question { apart, asked, among } = question;
    let values = [
        model.id.into(),
        Value::Text(Some(&apart.text)),
        at_most(filter.room().max(1)),
        i64::from(filter.wanted == Wanted::Code).into(),
        filter.source.into(),
        among.as_deref().into(),
        Value::Text(Some(&asked.text)),
    ];
    let mut passages = HashSet::new();
    let mut ranked = Vec::new();
    for row in transaction.rows(&sql, &values)? {
        let (chunk, page, score) = (row.number(0)?, row.number(1)?, row.real(2)? * apart.largest);
        let mut beside = Vec::with_capacity(2);
        for column in [3, 4] {
            if !row.is_null(column) {
                beside.push(row.real(column)? * apart.largest);
            }
        }
        passages.insert(row.number(5)?);
        let key = if filter.distinct_pages { page } else { chunk };
        ranked.push(Candidate { key, chunk, found: row.real(6)? * asked.largest, score: among_neighbours(score, beside.into_iter()) });
    }
    // Equal scores by age.
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    ranked.truncate(filter.room());
    Ok(Found { passages: passages.len(), ranked })
}

/// Numbers of chunks as PostgreSQL writes ranges of them.
fn multirange(among: &Among) -> String {
    let ranges: Vec<String> = among.runs().map(|(first, last)| format!("[{first},{last}]")).collect();
    format!("{{{}}}", ranges.join(","))
}

/// What it costs to take one more out of the index, in vectors that are compared one by one: 45 and 0.9 microseconds.
const COSTS: u32 = 50;
/// With fewer in view some of the nearest ten are missed.
const LEAST_LOOKED_AT: u64 = 150;
/// pgvector's limit.
const MOST_LOOKED_AT: u64 = 1_000;
/// That it looks at until so many fit as are wanted; then all are compared.
const MOST_SCANNED: u32 = 40_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_questions_do_not_go_by_the_index() {
        // All of a million, a fifth, a tenth.
        assert!(goes_by_index(1_000_000, 1_000_000, 400) && goes_by_index(200_000, 1_000_000, 400));
        assert!(!goes_by_index(100_000, 1_000_000, 400) && goes_by_index(80_000, 1_000_000, 100));
        assert!(!goes_by_index(0, 1_000_000, 100) && !goes_by_index(1_000, 1_000, 400) && !goes_by_index(0, 0, 1));
        assert!(!goes_by_index(u64::MAX, u64::MAX, usize::MAX));
    }

    #[test]
    fn the_index_keeps_more_in_view_where_fewer_of_them_fit() {
        assert_eq!([1_000_000, 800_000, 500_000, 200_000].map(|fitting| looked_at(fitting, 1_000_000, 400)), [440, 550, 880, 1_000]);
        assert_eq!((looked_at(1_000, 1_000, 10), looked_at(0, u64::MAX, usize::MAX)), (150, 1_000));
    }

    #[test]
    fn chunks_are_written_as_runs() {
        assert_eq!(multirange(&Among::of(vec![3, 1, 2, 9])), "{[1,3],[9,9]}");
        assert_eq!(multirange(&Among::default()), "{}");
    }
}
