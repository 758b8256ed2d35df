//! The data of Nuxt 3 and SvelteKit as `devalue` flattens it: a list of values, in which fields and items are places in the list.

use crate::extract::shipped::data::Data;

/// The first value of the list, put together. Each place is taken once: what stands in several places stands in the first of them, so that
/// the whole is no larger than the list.
pub(super) fn unflattened(list: &Data) -> Data {
    let Data::List(values) = list else { return Data::Nothing };
    let mut is_taken = vec![false; values.len()];
    taken(values, 0, &mut is_taken, 0)
}

fn taken(values: &[Data], place: usize, is_taken: &mut [bool], depth: usize) -> Data {
    let Some(value) = values.get(place).filter(|_| depth < DEEPEST) else { return Data::Nothing };
    // A short text costs nothing, and titles stand in several places.
    if let Data::Text(text) = value
        && text.len() < SHORT
    {
        return value.clone();
    }
    if std::mem::replace(&mut is_taken[place], true) {
        return Data::Nothing;
    }
    match value {
        Data::List(items) => match items.first() {
            // `["Reactive", 1]`, and sets and maps, whose items follow.
            Some(Data::Text(kind)) if kind == "Map" => {
                Data::List(items.iter().skip(2).step_by(2).map(|item| at(values, item, is_taken, depth)).collect())
            }
            Some(Data::Text(kind)) if kind == "Set" => {
                Data::List(items.iter().skip(1).map(|item| at(values, item, is_taken, depth)).collect())
            }
            Some(Data::Text(_)) => items.get(1).map_or(Data::Nothing, |item| at(values, item, is_taken, depth)),
            _ => Data::List(items.iter().map(|item| at(values, item, is_taken, depth)).collect()),
        },
        Data::Map(fields) => Data::Map(fields.iter().map(|(name, item)| (name.clone(), at(values, item, is_taken, depth))).collect()),
        other => other.clone(),
    }
}

fn at(values: &[Data], place: &Data, is_taken: &mut [bool], depth: usize) -> Data {
    match place {
        Data::Number(place) if *place >= 0.0 => taken(values, *place as usize, is_taken, depth + 1),
        _ => Data::Nothing,
    }
}

const DEEPEST: usize = 100;
/// In bytes.
const SHORT: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::shipped::literal;
    use crate::model::Budget;

    #[test]
    fn places_are_values_and_circles_end() {
        let read = |json: &str| unflattened(&literal::value(json, &Budget::default().begin()));
        let data = read(r#"[["ShallowReactive",1],{"data":2,"self":0},["Reactive",3],{"page":4},{"title":5,"again":5,"n":6},"Kettles",7]"#);
        let page = data.field("data").unwrap().field("page").unwrap();
        assert_eq!((page.text_of("title"), page.text_of("again")), (Some("Kettles"), Some("Kettles")));
        assert_eq!((page.field("n"), data.field("self")), (Some(&Data::Number(7.0)), Some(&Data::Nothing)));
        assert_eq!(read("[[0,0,0,99,-1]]"), Data::List(vec![Data::Nothing; 5]));
        assert_eq!((read("[]"), read("{}"), read("[[\"Set\",1],5]")), (Data::Nothing, Data::Nothing, Data::List(vec![Data::Number(5.0)])));
    }
}
