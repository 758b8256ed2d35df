//! What components of Astro are given that run in the browser alone: attributes of `astro-island`, in which each value is a pair of its kind and
//! itself.

use crate::extract::shipped::data::Data;

/// The values, without their kinds.
pub(super) fn given(props: &Data) -> Data {
    plain(props, 0)
}

fn plain(value: &Data, depth: usize) -> Data {
    match value {
        _ if depth > DEEPEST => Data::Nothing,
        Data::Map(fields) => Data::Map(fields.iter().map(|(name, value)| (name.clone(), of_pair(value, depth + 1))).collect()),
        other => other.clone(),
    }
}

fn of_pair(pair: &Data, depth: usize) -> Data {
    match pair.items() {
        [Data::Number(kind), Data::List(items)] if LISTS.contains(kind) => {
            Data::List(items.iter().map(|item| of_pair(item, depth + 1)).collect())
        }
        [Data::Number(_), value] => plain(value, depth + 1),
        _ => Data::Nothing,
    }
}

/// Kinds that are lists of pairs: arrays, maps and sets.
const LISTS: [f64; 3] = [1.0, 4.0, 5.0];
/// Twice what is read of data.
const DEEPEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::shipped::literal;
    use crate::model::Budget;

    #[test]
    fn pairs_are_values() {
        let read = |props: &str| given(&literal::value(props, &Budget::default().begin()));
        let props = read(
            r#"{"title":[0,"Kettles"],"doc":[0,{"body":[0,"<p>x</p>"],"tags":[1,[[0,"a"],[0,"b"]]]}],"at":[3,"2024-01-01"],"odd":"x"}"#,
        );
        let doc = props.field("doc").unwrap();
        assert_eq!((props.text_of("title"), doc.text_of("body")), (Some("Kettles"), Some("<p>x</p>")));
        assert_eq!(doc.field("tags").unwrap().items(), [Data::Text("a".to_owned()), Data::Text("b".to_owned())]);
        assert_eq!((props.text_of("at"), props.field("odd")), (Some("2024-01-01"), Some(&Data::Nothing)));
        for odd in ["", "[]", "{\"a\":[0]}", "{\"a\":[1,2]}", &format!("{{\"a\":{}", "[1,[".repeat(10_000))] {
            let _ = read(odd);
        }
    }
}
