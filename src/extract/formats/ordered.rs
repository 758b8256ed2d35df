//! Values of JSON whose fields stay in the order in which a document has them: that of an interface is the order of its pages. Reads and
//! writes as `serde_json` does, and has what readers here ask of a value, under the same names.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Number;

/// One value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Value>),
    Object(Map),
}

/// Fields by name, in order. Of one that is there twice the last counts, in the place of the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Map {
    fields: Vec<(String, Value)>,
    /// Places in `fields`, where there are more than are looked through.
    places: HashMap<String, usize>,
}

impl Value {
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    pub(super) fn as_object(&self) -> Option<&Map> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    pub(super) fn as_array(&self) -> Option<&Vec<Self>> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub(super) fn as_u64(&self) -> Option<u64> {
        if let Self::Number(number) = self { number.as_u64() } else { None }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    pub(super) fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self, Self::String(_))
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// What a pointer (RFC 6901) leads to.
    pub(super) fn pointer(&self, pointer: &str) -> Option<&Self> {
        let mut parts = pointer.split('/');
        if parts.next() != Some("") {
            return None;
        }
        parts.try_fold(self, |value, part| match value {
            Self::Object(object) => object.get(&part.replace("~1", "/").replace("~0", "~")),
            Self::Array(values) => values.get(part.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

impl Map {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).map(|place| &self.fields[place].1)
    }

    pub(super) fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.fields.iter().map(|(name, _)| name)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.fields.iter().map(|(_, value)| value)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(super) fn insert(&mut self, name: String, value: Value) {
        if let Some(place) = self.place(&name) {
            self.fields[place].1 = value;
            return;
        }
        if self.fields.len() == FEW {
            self.places = self.fields.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        }
        if self.fields.len() >= FEW {
            self.places.insert(name.clone(), self.fields.len());
        }
        self.fields.push((name, value));
    }

    fn place(&self, name: &str) -> Option<usize> {
        match self.fields.len() {
            ..=FEW => self.fields.iter().position(|(known, _)| known == name),
            _ => self.places.get(name).copied(),
        }
    }
}

impl IntoIterator for Map {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a String, &'a Value);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, (String, Value)>, fn(&'a (String, Value)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields.iter().map(|(name, value)| (name, value))
    }
}

/// As JSON on one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Object(object) => serializer.collect_map(object),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::default();
        while let Some((name, value)) = fields.next_entry()? {
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// Fields that are looked through one by one.
const FEW: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_stays_and_what_is_written_is_what_was_read() {
        let text = r#"{"b":[1,-2,0.5,true,null,"é\n"],"a":{"z":{},"y":[]},"/x~":7}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value.to_string(), text);
        assert_eq!((value.pointer("/a/y"), value.pointer("/~1x~0").and_then(Value::as_u64)), (Some(&Value::Array(Vec::new())), Some(7)));
        assert_eq!((value.pointer("/b/5").and_then(Value::as_str), value.pointer("b"), value.pointer("/b/x")), (Some("é\n"), None, None));
        assert!(serde_json::from_str::<Value>(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn many_fields_are_found_and_the_last_of_a_name_counts() {
        let mut map = Map::default();
        for number in (0..1_000u64).chain([5, 11, 12, 13, 999]) {
            map.insert(format!("f{number}"), Value::Number(number.into()));
        }
        map.insert("f5".to_owned(), Value::Null);
        assert_eq!(map.keys().count(), 1_000);
        assert_eq!((map.get("f5"), map.get("f12").and_then(Value::as_u64), map.get("f1000")), (Some(&Value::Null), Some(12), None));
        assert_eq!(map.keys().nth(13).map(String::as_str), Some("f13"));
    }
}
