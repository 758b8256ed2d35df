//! Sketches of vectors as the file has them: some thousand together, so that a search reads a tenth of what the vectors themselves are, and
//! of these those that come near. Nothing is in them that the vectors do not say: what is damaged is read from these, and made anew.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::passages::{Kept, VECTOR_COLUMNS, forget_vector, vector_agrees, vector_sum};
use super::scan::{EXACT, mean, sketch};
use super::vector::ModelRow;
use crate::store::checksum::Checksum;
use crate::store::error::Failure;

/// `center` is what the sketches of a model are about, once it has so many vectors that not all of them are compared. A row has those of the
/// vectors with numbers greater than `after` and up to `last`: what is between rows, or behind the last of them, has none.
pub(super) const TABLES: &str = "
    ALTER TABLE models ADD COLUMN center BLOB;
    CREATE TABLE vector_sketches (
        last INTEGER PRIMARY KEY,
        model INTEGER NOT NULL REFERENCES models (id),
        after INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        passages BLOB NOT NULL,
        factors BLOB NOT NULL,
        sketches BLOB NOT NULL
    );
    CREATE INDEX vector_sketches_of_model ON vector_sketches (model);
";

/// What is read of a row: what the checksum is of, beside the center, then the checksum.
const COLUMNS: &str = "last, model, after, passages, factors, sketches, checksum";

/// What the sketches of a model are about; none where it has none.
pub(super) fn center(connection: &Connection, model: ModelRow) -> Result<Option<Vec<i8>>, Failure> {
    let mut find = connection.prepare_cached("SELECT center FROM models WHERE id = ?1")?;
    let mut rows = find.query([model.id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    // Damaged it is none, and is made anew with all sketches.
    let bytes = row.get_ref(0)?.as_blob().ok().filter(|bytes| bytes.len() == model.dimensions);
    Ok(bytes.map(|bytes| bytes.iter().map(|byte| byte.cast_signed()).collect()))
}

/// What comes to somebody who reads the sketches of a model from a vector on.
pub(super) enum Part<'a> {
    Sketches(Sketched<'a>),
    /// Vectors with numbers greater than the first and up to the second are in no sketches that can be read.
    Vectors(i64, i64),
}

/// Tells of all vectors of a model with numbers greater than `after` where they are, in their order. Whether all sketches were what was
/// stored.
pub(super) fn each(
    connection: &Connection,
    model: ModelRow,
    center: &[i8],
    after: i64,
    mut tell: impl FnMut(Part<'_>) -> Result<(), Failure>,
) -> Result<Kept, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM vector_sketches WHERE model = ?1 AND last > ?2 ORDER BY last");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((model.id, after))?;
    let (mut covered, mut kept) = (after, Kept::All);
    while let Some(row) = rows.next()? {
        let Some(sketched) = Sketched::read(row, center)? else {
            kept = Kept::NotAll;
            continue;
        };
        let (from, to): (i64, i64) = (row.get(2)?, row.get(0)?);
        if from > covered {
            tell(Part::Vectors(covered, from))?;
        }
        tell(Part::Sketches(sketched))?;
        covered = to;
    }
    tell(Part::Vectors(covered, i64::MAX))?;
    Ok(kept)
}

/// A row, as it lies there.
pub(super) struct Sketched<'a> {
    passages: &'a [[u8; 8]],
    factors: &'a [[u8; 4]],
    sketches: &'a [u8],
    /// Of each.
    bytes: usize,
}

impl<'a> Sketched<'a> {
    /// None if it is not what was stored, or about another center.
    fn read(row: &'a Row<'_>, center: &[i8]) -> Result<Option<Self>, Failure> {
        if !about(center).columns(row, 0..6)?.agrees(row.get_ref(6)?) {
            return Ok(None);
        }
        let blob = |column| row.get_ref(column).ok().and_then(|value| value.as_blob().ok()).unwrap_or_default();
        let ((passages, []), (factors, [])) = (blob(3).as_chunks::<8>(), blob(4).as_chunks::<4>()) else { return Ok(None) };
        let (sketches, bytes) = (blob(5), center.len().div_ceil(64) * 8);
        let is_whole = passages.len() == factors.len() && sketches.len() == passages.len() * bytes && bytes > 0;
        Ok(is_whole.then_some(Self { passages, factors, sketches, bytes }))
    }

    /// Passage, sketch and factor of each vector.
    pub(super) fn vectors(&self) -> impl Iterator<Item = (i64, &'a [u8], f32)> {
        let numbers = self.passages.iter().map(|bytes| i64::from_le_bytes(*bytes));
        let factors = self.factors.iter().map(|bytes| f32::from_le_bytes(*bytes));
        numbers.zip(self.sketches.chunks_exact(self.bytes)).zip(factors).map(|((passage, sketch), factor)| (passage, sketch, factor))
    }
}

/// A row in the making.
#[derive(Debug, Default, PartialEq)]
struct Made {
    last: i64,
    after: i64,
    passages: Vec<u8>,
    factors: Vec<u8>,
    sketches: Vec<u8>,
}

impl Made {
    /// Of the vectors of a model with numbers greater than `after` and up to `last`, the first so many that there are. Those that are not
    /// what was stored are told apart, by passage and number.
    fn of(connection: &Connection, model: i64, center: &[i8], (after, last): (i64, i64)) -> Result<(Self, Vec<(i64, i64)>), Failure> {
        let sql = format!("SELECT {VECTOR_COLUMNS} FROM vectors WHERE model = ?1 AND id > ?2 AND id <= ?3 ORDER BY id LIMIT {BLOCK}");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((model, after, last))?;
        let (mut made, mut bad, mut words) = (Self { after, last: after, ..Self::default() }, Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            made.last = row.get(5)?;
            let data = row.get_ref(3)?.as_blob().ok().filter(|data| data.len() == center.len());
            match (vector_agrees(row)?, data) {
                (true, Some(data)) => {
                    words.clear();
                    let factor = sketch(data, row.get(2)?, center, &mut words);
                    made.passages.extend(row.get::<_, i64>(1)?.to_le_bytes());
                    made.factors.extend(factor.to_le_bytes());
                    made.sketches.extend(words.iter().flat_map(|word| word.to_le_bytes()));
                }
                _ => bad.push((row.get(1).unwrap_or_default(), made.last)),
            }
        }
        Ok((made, bad))
    }

    fn write(&self, connection: &Connection, model: i64, center: &[i8]) -> Result<(), Failure> {
        if self.passages.is_empty() {
            connection.prepare_cached("DELETE FROM vector_sketches WHERE last = ?1")?.execute([self.last])?;
            return Ok(());
        }
        let sum = about(center).number(self.last).number(model).number(self.after);
        let sum = sum.bytes(&self.passages).bytes(&self.factors).bytes(&self.sketches).sum();
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO vector_sketches (last, model, after, checksum, passages, factors, sketches)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![self.last, model, self.after, sum, self.passages, self.factors, self.sketches])?;
        Ok(())
    }
}

fn about(center: &[i8]) -> Checksum {
    Checksum::default().bytes(&center.iter().map(|step| step.cast_unsigned()).collect::<Vec<_>>())
}

/// Sketches the oldest vectors of a model that are behind all sketches, as long as there are twice as many as are put together. One that is
/// not what was stored goes.
pub(super) fn add(connection: &Connection, model: ModelRow) -> Result<Kept, Failure> {
    let center = match center(connection, model)? {
        Some(center) => center,
        None if model.vectors <= EXACT as u64 => return Ok(Kept::All),
        None => begin(connection, model)?,
    };
    let mut kept = Kept::All;
    loop {
        let last = "SELECT coalesce(max(last), 0) FROM vector_sketches WHERE model = ?1";
        let after: i64 = connection.prepare_cached(last)?.query_row([model.id], |row| row.get(0))?;
        let behind = format!("SELECT count(*) FROM (SELECT 1 FROM vectors WHERE model = ?1 AND id > ?2 LIMIT {})", 2 * BLOCK);
        if connection.prepare_cached(&behind)?.query_row((model.id, after), |row| row.get::<_, i64>(0))? < 2 * BLOCK {
            return Ok(kept);
        }
        if put(connection, model.id, &center, (after, i64::MAX))?.1 == Kept::NotAll {
            kept = Kept::NotAll;
        }
    }
}

/// What all sketches of a model are about from now on: the mean of its first vectors.
fn begin(connection: &Connection, model: ModelRow) -> Result<Vec<i8>, Failure> {
    connection.execute("DELETE FROM vector_sketches WHERE model = ?1", [model.id])?;
    let mut statement = connection.prepare("SELECT data FROM vectors WHERE model = ?1 AND length(data) = ?2 ORDER BY id LIMIT ?3")?;
    let rows = statement.query_map((model.id, model.dimensions as i64, EXACT as i64), |row| row.get::<_, Vec<u8>>(0))?;
    let first = rows.collect::<Result<Vec<_>, _>>()?;
    let center = mean(model.dimensions, first.iter().map(Vec::as_slice));
    let bytes: Vec<u8> = center.iter().map(|step| step.cast_unsigned()).collect();
    connection.execute("UPDATE models SET center = ?2 WHERE id = ?1", params![model.id, bytes])?;
    Ok(center)
}

/// Sketches the first vectors between two numbers; the number of the last of them.
fn put(connection: &Connection, model: i64, center: &[i8], between: (i64, i64)) -> Result<(i64, Kept), Failure> {
    let (made, bad) = Made::of(connection, model, center, between)?;
    for (passage, id) in &bad {
        forget_vector(connection, model, *passage, *id)?;
    }
    // Where there are none it would be the row before that goes.
    if made.last > between.0 {
        made.write(connection, model, center)?;
    }
    Ok((made.last, if bad.is_empty() { Kept::All } else { Kept::NotAll }))
}

/// Makes sketches of a model anew where they are not what was stored.
pub(super) fn renew(connection: &Connection, name: &str) -> Result<Kept, Failure> {
    let Some(model) = ModelRow::find(connection, name)? else { return Ok(Kept::All) };
    let Some(center) = center(connection, model)? else { return add(connection, model) };
    let mut sound = Vec::new();
    let mut unsound = Vec::new();
    {
        let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM vector_sketches WHERE model = ?1 ORDER BY last"))?;
        let mut rows = statement.query([model.id])?;
        while let Some(row) = rows.next()? {
            match Sketched::read(row, &center)? {
                Some(_) => sound.push((row.get::<_, i64>(2)?, row.get::<_, i64>(0)?)),
                None => unsound.push(row.get::<_, i64>(0)?),
            }
        }
    }
    for last in unsound {
        connection.execute("DELETE FROM vector_sketches WHERE last = ?1", [last])?;
    }
    let (mut covered, mut kept) = (0, Kept::All);
    for (after, last) in sound {
        while covered < after {
            let (reached, whole) = put(connection, model.id, &center, (covered, after))?;
            if whole == Kept::NotAll {
                kept = Kept::NotAll;
            }
            covered = if reached == covered { after } else { reached };
        }
        covered = last;
    }
    let whole = add(connection, model)?;
    Ok(if kept == Kept::All { whole } else { kept })
}

/// Makes those anew that these vectors were in, by model and number, as they have gone.
pub(super) fn without(connection: &Connection, gone: &HashSet<(i64, i64)>) -> Result<(), Failure> {
    let mut blocks = HashSet::new();
    for (model, vector) in gone {
        let sql = "SELECT last FROM vector_sketches WHERE model = ?1 AND last >= ?2 AND after < ?2 ORDER BY last LIMIT 1";
        let last: Option<i64> = connection.prepare_cached(sql)?.query_row((model, vector), |row| row.get(0)).optional()?;
        blocks.extend(last.map(|last| (*model, last)));
    }
    for (model, last) in blocks {
        let Some(model) = ModelRow::of(connection, model)? else { continue };
        let Some(center) = center(connection, model)? else { continue };
        let after: i64 = connection.query_row("SELECT after FROM vector_sketches WHERE last = ?1", [last], |row| row.get(0))?;
        // Damaged ones stay, to be found.
        let (made, _) = Made::of(connection, model.id, &center, (after, last))?;
        Made { last, ..made }.write(connection, model.id, &center)?;
    }
    Ok(())
}

/// How many rows are not what the vectors say.
pub(super) fn wrong(connection: &Connection) -> Result<u64, Failure> {
    let mut models = connection.prepare("SELECT id FROM models")?;
    let models = models.query_map([], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut wrong = 0;
    for model in models {
        let Some(model) = ModelRow::of(connection, model)? else { continue };
        let center = center(connection, model)?;
        let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM vector_sketches WHERE model = ?1 ORDER BY last"))?;
        let mut rows = statement.query([model.id])?;
        while let Some(row) = rows.next()? {
            let Some(center) = &center else {
                wrong += 1;
                continue;
            };
            let Some(sketched) = Sketched::read(row, center)? else {
                wrong += 1;
                continue;
            };
            let (made, bad) = Made::of(connection, model.id, center, (row.get(2)?, row.get(0)?))?;
            let same = made.passages == sketched.passages.as_flattened() && made.factors == sketched.factors.as_flattened();
            // A vector that is damaged itself is told by itself.
            wrong += u64::from(bad.is_empty() && (!same || made.sketches != sketched.sketches));
        }
    }
    Ok(wrong)
}

/// Up to the eighth version of the schema vectors were put together by the thousand, in an order that their passages tell: of a damaged byte
/// all were lost. They are rows again, each with its number, and what is not what was stored is embedded again.
pub(super) fn migrate(connection: &Connection) -> Result<(), Failure> {
    connection.execute_batch(NEW_VECTORS)?;
    let mut next = connection.prepare(
        "SELECT b.last, b.model, b.passages, b.scales, b.data, b.checksum, m.dimensions FROM vector_blocks AS b
         LEFT JOIN models AS m ON m.id = b.model ORDER BY b.last LIMIT 1",
    )?;
    let mut insert =
        connection.prepare("INSERT INTO new_vectors (id, model, passage, scale, data, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut number =
        connection.prepare("SELECT vector FROM embedded WHERE passage = ?1 AND model = ?2 AND vector > ?3 AND vector <= ?4")?;
    let mut before: HashMap<i64, i64> = HashMap::new();
    loop {
        let mut rows = next.query([])?;
        let Some(row) = rows.next()? else { break };
        let (last, model): (i64, i64) = (row.get(0)?, row.get(1)?);
        let after = before.insert(model, last).unwrap_or(0);
        match packed(row)? {
            Some(vectors) => {
                for (passage, scale, data) in vectors {
                    // One that is not said to be there is none.
                    let number: Option<i64> = number.query_row((passage, model, after, last), |row| row.get(0)).optional()?;
                    if let Some(number) = number {
                        insert.execute(params![number, model, passage, scale, data, vector_sum(model, passage, scale, data)])?;
                    }
                }
            }
            None => {
                let sql = "DELETE FROM embedded WHERE model = ?1 AND vector > ?2 AND vector <= ?3
                           AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.id = embedded.vector)";
                connection.execute(sql, (model, after, last))?;
            }
        }
        drop(rows);
        // At once, so that what comes has its room.
        connection.execute("DELETE FROM vector_blocks WHERE last = ?1", [last])?;
    }
    drop((next, insert, number));
    connection.execute_batch(VECTORS_MOVED)?;
    let models = connection.prepare("SELECT id FROM models")?.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    for model in models {
        if let Some(model) = ModelRow::of(connection, model)? {
            add(connection, model)?;
        }
    }
    Ok(())
}

/// Passage, scale and data.
type Packed<'a> = (i64, f32, &'a [u8]);

/// Vectors that were put together, if they are what was stored.
fn packed<'a>(row: &'a Row<'_>) -> Result<Option<Vec<Packed<'a>>>, Failure> {
    let dimensions = row.get::<_, Option<u32>>(6)?.unwrap_or(0) as usize;
    let blob = |column| row.get_ref(column).ok().and_then(|value| value.as_blob().ok()).unwrap_or_default();
    let ((passages, []), (scales, [])) = (blob(2).as_chunks::<8>(), blob(3).as_chunks::<4>()) else { return Ok(None) };
    let data = blob(4);
    let is_whole = passages.len() == scales.len() && Some(data.len()) == passages.len().checked_mul(dimensions) && dimensions > 0;
    if !is_whole || !Checksum::default().columns(row, 0..5)?.agrees(row.get_ref(5)?) {
        return Ok(None);
    }
    let numbers = passages.iter().map(|bytes| i64::from_le_bytes(*bytes));
    let scales = scales.iter().map(|bytes| f32::from_le_bytes(*bytes));
    Ok(Some(numbers.zip(scales).zip(data.chunks_exact(dimensions)).map(|((passage, scale), data)| (passage, scale, data)).collect()))
}

const NEW_VECTORS: &str = "
    CREATE TABLE new_vectors (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        model INTEGER NOT NULL REFERENCES models (id),
        passage INTEGER NOT NULL,
        scale REAL NOT NULL,
        data BLOB NOT NULL,
        checksum INTEGER NOT NULL
    );
";

const VECTORS_MOVED: &str = "
    INSERT OR REPLACE INTO new_vectors (id, model, passage, scale, data, checksum)
        SELECT id, model, passage, scale, data, checksum FROM vectors ORDER BY id;
    DELETE FROM sqlite_sequence WHERE name = 'new_vectors';
    INSERT INTO sqlite_sequence (name, seq) SELECT 'new_vectors', seq FROM sqlite_sequence WHERE name = 'vectors';
    DROP TABLE vectors;
    DROP TABLE vector_blocks;
    ALTER TABLE new_vectors RENAME TO vectors;
    CREATE INDEX vectors_of_model ON vectors (model);
";

/// Vectors whose sketches are put together.
const BLOCK: i64 = 1_024;
