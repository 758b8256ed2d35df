//! Values on their way to the server and back, in PostgreSQL's binary form. Pure.

use std::borrow::Cow;

use super::Broken;
use super::message::{Row, length_of};

/// A parameter of a statement.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::postgres) enum Value<'a> {
    Number(Option<i64>),
    Truth(bool),
    Text(Option<&'a str>),
    Bytes(&'a [u8]),
    Numbers(&'a [i64]),
    Reals(&'a [f32]),
    Texts(&'a [Option<&'a str>]),
    ByteLists(&'a [&'a [u8]]),
}

impl Value<'_> {
    /// The number of its type, as every PostgreSQL has it.
    pub(in crate::store::postgres) fn kind(&self) -> u32 {
        match self {
            Self::Number(_) => INT8,
            Self::Truth(_) => BOOL,
            Self::Text(_) => TEXT,
            Self::Bytes(_) => BYTEA,
            Self::Numbers(_) => 1016,
            Self::Reals(_) => 1021,
            Self::Texts(_) => 1009,
            Self::ByteLists(_) => 1001,
        }
    }

    /// Writes it behind its length.
    pub(in crate::store::postgres) fn write(&self, into: &mut Vec<u8>) {
        match self {
            Self::Number(None) | Self::Text(None) => into.extend((-1_i32).to_be_bytes()),
            Self::Number(Some(number)) => sized(&number.to_be_bytes(), into),
            Self::Truth(truth) => sized(&[u8::from(*truth)], into),
            // As in HTML another stands for the one character that PostgreSQL keeps in no text, in what is asked and in what is stored.
            Self::Text(Some(text)) => sized(without_nul(text).as_bytes(), into),
            Self::Bytes(bytes) => sized(bytes, into),
            Self::Numbers(numbers) => array(INT8, numbers, |number, into| sized(&number.to_be_bytes(), into), into),
            Self::Reals(numbers) => array(FLOAT4, numbers, |number, into| sized(&number.to_be_bytes(), into), into),
            Self::Texts(texts) => array(TEXT, texts, |text, into| Self::Text(*text).write(into), into),
            Self::ByteLists(lists) => array(BYTEA, lists, |bytes, into| sized(bytes, into), into),
        }
    }
}

/// A text as the server can keep it: U+FFFD in place of each U+0000.
pub(in crate::store::postgres) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

fn sized(bytes: &[u8], into: &mut Vec<u8>) {
    into.extend(length_of(bytes));
    into.extend(bytes);
}

/// An array of one dimension.
fn array<T>(kind: u32, items: &[T], write: impl Fn(&T, &mut Vec<u8>), into: &mut Vec<u8>) {
    let at = into.len();
    into.extend([0; 4]);
    into.extend(i32::from(!items.is_empty()).to_be_bytes());
    // Whether there may be NULLs: the server looks for itself.
    into.extend(i32::from(kind == TEXT).to_be_bytes());
    into.extend(kind.to_be_bytes());
    if !items.is_empty() {
        into.extend(i32::try_from(items.len()).unwrap_or(i32::MAX).to_be_bytes());
        into.extend(1_i32.to_be_bytes());
    }
    items.iter().for_each(|item| write(item, into));
    let length = i32::try_from(into.len() - at - 4).unwrap_or(i32::MAX);
    into[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a [i64]> for Value<'a> {
    fn from(numbers: &'a [i64]) -> Self {
        Self::Numbers(numbers)
    }
}

impl Row {
    fn column(&self, column: usize) -> Result<Option<&[u8]>, Broken> {
        let place = self.columns.get(column).ok_or(Broken("a row has fewer columns than were asked for"))?;
        Ok(place.map(|(from, to)| &self.bytes[from..to]))
    }

    pub(in crate::store::postgres) fn is_null(&self, column: usize) -> bool {
        matches!(self.column(column), Ok(None))
    }

    pub(in crate::store::postgres) fn bytes(&self, column: usize) -> Result<&[u8], Broken> {
        self.column(column)?.ok_or(IS_NULL)
    }

    pub(in crate::store::postgres) fn text_or_null(&self, column: usize) -> Result<Option<&str>, Broken> {
        self.column(column)?.map(|bytes| str::from_utf8(bytes).map_err(|_| OTHER_TYPE)).transpose()
    }

    pub(in crate::store::postgres) fn text(&self, column: usize) -> Result<&str, Broken> {
        self.text_or_null(column)?.ok_or(IS_NULL)
    }

    pub(in crate::store::postgres) fn number_or_null(&self, column: usize) -> Result<Option<i64>, Broken> {
        let read = |bytes: &[u8]| match *bytes {
            [truth @ (0 | 1)] => Ok(i64::from(truth)),
            [a, b] => Ok(i16::from_be_bytes([a, b]).into()),
            [a, b, c, d] => Ok(i32::from_be_bytes([a, b, c, d]).into()),
            _ => bytes.try_into().map(i64::from_be_bytes).map_err(|_| OTHER_TYPE),
        };
        self.column(column)?.map(read).transpose()
    }

    pub(in crate::store::postgres) fn number(&self, column: usize) -> Result<i64, Broken> {
        self.number_or_null(column)?.ok_or(IS_NULL)
    }

    pub(in crate::store::postgres) fn is_true(&self, column: usize) -> Result<bool, Broken> {
        Ok(self.number(column)? != 0)
    }

    pub(in crate::store::postgres) fn real(&self, column: usize) -> Result<f32, Broken> {
        match *self.bytes(column)? {
            [a, b, c, d] => Ok(f32::from_be_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => Ok(f64::from_be_bytes([a, b, c, d, e, f, g, h]) as f32),
            _ => Err(OTHER_TYPE),
        }
    }

    /// An array of `real`.
    pub(in crate::store::postgres) fn reals(&self, column: usize) -> Result<Vec<f32>, Broken> {
        let bytes = self.bytes(column)?;
        let number = |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(i32::from_be_bytes).ok_or(OTHER_TYPE);
        if number(0)? == 0 {
            return Ok(Vec::new());
        }
        if number(0)? != 1 || number(4)? != 0 || number(8)? != FLOAT4 as i32 {
            return Err(OTHER_TYPE);
        }
        let items = bytes.get(20..).ok_or(OTHER_TYPE)?;
        let (items, []) = items.as_chunks::<8>() else { return Err(OTHER_TYPE) };
        if usize::try_from(number(12)?) != Ok(items.len()) {
            return Err(OTHER_TYPE);
        }
        Ok(items.iter().map(|[_, _, _, _, a, b, c, d]| f32::from_be_bytes([*a, *b, *c, *d])).collect())
    }
}

const IS_NULL: Broken = Broken("a column that is never NULL is");
const OTHER_TYPE: Broken = Broken("a column has a value of another type");

const BOOL: u32 = 16;
const BYTEA: u32 = 17;
const INT8: u32 = 20;
const TEXT: u32 = 25;
const FLOAT4: u32 = 700;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: Value<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.write(&mut bytes);
        bytes
    }

    fn row(values: &[Value<'_>]) -> Row {
        let (mut bytes, mut columns) = (Vec::new(), Vec::new());
        for value in values {
            let start = bytes.len() + 4;
            value.write(&mut bytes);
            columns.push((bytes[start - 4..start] != [0xff; 4]).then_some((start, bytes.len())));
        }
        Row { bytes, columns }
    }

    #[test]
    fn what_is_written_is_read() {
        let values =
            [Value::from(-7), Value::from("één"), Value::Text(None), Value::Reals(&[1.5, -2.0]), Value::Truth(true), Value::Reals(&[])];
        let row = row(&values);
        assert_eq!((row.number(0), row.text(1), row.text_or_null(2)), (Ok(-7), Ok("één"), Ok(None)));
        assert_eq!((row.reals(3), row.is_true(4), row.reals(5)), (Ok(vec![1.5, -2.0]), Ok(true), Ok(vec![])));
        assert!(row.text(2).is_err() && row.number(1).is_err() && row.reals(1).is_err() && row.number(9).is_err() && row.is_null(2));
    }

    #[test]
    fn arrays_are_as_postgresql_has_them() {
        assert_eq!(written(Value::Texts(&[Some("a")])), b"\0\0\0\x19\0\0\0\x01\0\0\0\x01\0\0\0\x19\0\0\0\x01\0\0\0\x01\0\0\0\x01a");
        assert_eq!(written(Value::from("a\0b")), "\0\0\0\x05a\u{fffd}b".as_bytes());
        assert_eq!(written(Value::Numbers(&[])), b"\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\x14");
    }
}
