//! YAML as the values of JSON, for documents whose reader knows JSON. An alias is what it stands for while that is small in sum: what a
//! document grows to is bounded by its own length.

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::extract::formats::ordered::{Map, Value};
use crate::model::Meter;

/// The first document of a file; none where it is broken.
pub(super) fn parse(text: &str, meter: &Meter) -> Option<Value> {
    let mut budget = text.len();
    // With the size of each: it is asked for at each alias.
    let mut anchors: Vec<Option<(Value, usize)>> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text).take_while(|_| meter.goes_on()) {
        let (event, _) = event.ok()?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style), anchor),
            Event::Alias(anchor) => {
                let known = anchors.get(anchor).and_then(Option::as_ref).filter(|(_, size)| *size <= budget);
                budget -= known.map_or(0, |(_, size)| *size);
                (known.map_or(Value::Null, |(value, _)| value.clone()), 0)
            }
            Event::SequenceStart(anchor, _) => {
                open.push(Open { value: Value::Array(Vec::new()), anchor, key: None });
                if open.len() > DEEPEST {
                    return None;
                }
                continue;
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open { value: Value::Object(Map::default()), anchor, key: None });
                if open.len() > DEEPEST {
                    return None;
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Open { value, anchor, .. } = open.pop()?;
                (value, anchor)
            }
            _ => continue,
        };
        if anchor > 0 && anchor < MAX_ANCHORS {
            // Copies are paid for like aliases: anchors within anchors would be quadratic.
            let size = size(&value);
            if size <= budget {
                budget -= size;
                anchors.resize(anchors.len().max(anchor + 1), None);
                anchors[anchor] = Some((value.clone(), size));
            }
        }
        match open.last_mut() {
            None => return Some(value),
            Some(open) => open.add(value),
        }
    }
    None
}

/// A sequence or mapping that is not read to its end.
struct Open {
    value: Value,
    anchor: usize,
    key: Option<String>,
}

impl Open {
    fn add(&mut self, value: Value) {
        match &mut self.value {
            Value::Array(values) => values.push(value),
            Value::Object(object) => match self.key.take() {
                None => {
                    self.key = Some(match value {
                        Value::String(key) => key,
                        other => other.to_string(),
                    })
                }
                Some(key) if key == "<<" => {
                    if let Value::Object(merged) = value {
                        for (key, value) in merged {
                            if !object.contains_key(&key) {
                                object.insert(key, value);
                            }
                        }
                    }
                }
                Some(key) => {
                    object.insert(key, value);
                }
            },
            _ => {}
        }
    }
}

/// As the core schema of YAML 1.2 has it.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        // Not "1.10", which is a version, or "010": what would be written otherwise stays text.
        number => match number.parse::<serde_json::Number>() {
            Ok(parsed) if parsed.to_string() == number => Value::Number(parsed),
            _ => Value::String(number.to_owned()),
        },
    }
}

/// About as many bytes as the value has when written. Without recursion: what a file nests is bounded, but not by the stack.
fn size(value: &Value) -> usize {
    let mut size = 0;
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        size += match value {
            Value::String(text) => text.len() + 2,
            Value::Array(values) => {
                rest.extend(values);
                2
            }
            Value::Object(object) => {
                rest.extend(object.values());
                2 + object.keys().map(|key| key.len() + 4).sum::<usize>()
            }
            _ => 4,
        };
    }
    size
}

/// As deep as `serde_json` reads.
const DEEPEST: usize = 120;
const MAX_ANCHORS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;
    use serde_json::json;

    #[test]
    fn values_are_those_of_json() {
        let text = "a: &x {b: 1, c: 1.10, d: \"2\"}\ne: [*x, yes, null, true]\nf:\n  <<: *x\n  b: 3\ng: >-\n  folded\n  text\n3: ~\n---\nsecond: 1\n";
        let x = json!({ "b": 1, "c": "1.10", "d": "2" });
        let wanted = json!({ "a": x, "e": [x, "yes", null, true], "f": { "b": 3, "c": "1.10", "d": "2" }, "g": "folded text", "3": null });
        let found = parse(text, &unlimited()).unwrap();
        assert_eq!(serde_json::to_value(&found).unwrap(), wanted);
        for broken in ["a: [", "a: b: c", "", "\t- a\n  b: {"] {
            assert_eq!(parse(broken, &unlimited()), None, "{broken}");
        }
    }

    #[test]
    fn aliases_do_not_grow() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..30 {
            let alias = format!("*a{}", level - 1);
            bomb += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(","));
        }
        let found = parse(&bomb, &unlimited()).unwrap();
        assert!(size(&found) < 8 * bomb.len(), "{}", size(&found));
        assert_eq!(parse(&"[".repeat(100_000), &unlimited()), None);
        assert_eq!(parse(&"- ".repeat(100_000), &unlimited()), None);
    }
}
