//! The data of Nuxt 3, SvelteKit and React Router 7 as it is flattened: a list of values, in which fields and items are places in the list.

use crate::extract::shipped::data::Data;

/// The first value of the list, put together. Each place is taken once: what stands in several places stands in the first of them, so that
/// the whole is no larger than the list.
pub(super) fn unflattened(list: &Data) -> Data {
    put_together(list, Keys::Names)
}

/// The same of React Router, as `turbo-stream` flattens it: the names of fields are places, too.
pub(super) fn streamed(list: &Data) -> Data {
    put_together(list, Keys::Places)
}

/// What the names of fields are.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    Names,
    /// `_12`
    Places,
}

fn put_together(list: &Data, keys: Keys) -> Data {
    let Data::List(values) = list else { return Data::Nothing };
    let written: usize = values.iter().map(|value| 1 + value.text().map_or(8 * value.fields().len(), str::len)).sum();
    taken(values, 0, &mut Left { is_taken: vec![false; values.len()], spare: 2 * written, keys }, 0)
}

/// What may still be taken.
struct Left {
    is_taken: Vec<bool>,
    /// Bytes of texts that may stand once more.
    spare: usize,
    keys: Keys,
}

fn taken(values: &[Data], place: usize, left: &mut Left, depth: usize) -> Data {
    let Some(value) = values.get(place).filter(|_| depth < DEEPEST) else { return Data::Nothing };
    if std::mem::replace(&mut left.is_taken[place], true) {
        // Titles stand in several places, and a short text costs little.
        let Some(spare) = value.text().filter(|text| text.len() < SHORT).and_then(|text| left.spare.checked_sub(text.len())) else {
            return Data::Nothing;
        };
        left.spare = spare;
        return value.clone();
    }
    match value {
        Data::List(items) => match items.first() {
            // `["Reactive", 1]`, and sets and maps, whose items follow.
            Some(Data::Text(kind)) if kind == "Map" => {
                Data::List(items.iter().skip(2).step_by(2).map(|item| at(values, item, left, depth)).collect())
            }
            Some(Data::Text(kind)) if kind == "Set" => Data::List(items.iter().skip(1).map(|item| at(values, item, left, depth)).collect()),
            Some(Data::Text(_)) => items.get(1).map_or(Data::Nothing, |item| at(values, item, left, depth)),
            _ => Data::List(items.iter().map(|item| at(values, item, left, depth)).collect()),
        },
        Data::Map(fields) => {
            Data::Map(fields.iter().map(|(name, item)| (named(values, name, left), at(values, item, left, depth))).collect())
        }
        other => other.clone(),
    }
}

fn named(values: &[Data], name: &str, left: &mut Left) -> String {
    let place = name.strip_prefix('_').filter(|_| left.keys == Keys::Places).and_then(|place| place.parse::<usize>().ok());
    let known = place.and_then(|place| values.get(place)).and_then(Data::text).filter(|known| known.len() < SHORT);
    // Records of one kind have the same names.
    match known.and_then(|known| Some((known, left.spare.checked_sub(known.len())?))) {
        Some((known, spare)) => {
            left.spare = spare;
            known.to_owned()
        }
        None => name.to_owned(),
    }
}

fn at(values: &[Data], place: &Data, left: &mut Left, depth: usize) -> Data {
    match place {
        Data::Number(place) if *place >= 0.0 => taken(values, *place as usize, left, depth + 1),
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
        let list = r#"[{"_1":2},"loaderData",{"_3":4},"routes/x",{"_5":6,"_7":-5},"title","Kettles","none"]"#;
        let data = streamed(&literal::value(list, &Budget::default().begin()));
        let page = data.field("loaderData").and_then(|data| data.field("routes/x")).unwrap();
        assert_eq!((page.text_of("title"), page.field("none")), (Some("Kettles"), Some(&Data::Nothing)));
        let many = read(&format!("[[{}],\"{}\"]", vec!["1"; 10_000].join(","), "x".repeat(250)));
        let texts: usize = many.items().iter().filter_map(Data::text).map(str::len).sum();
        assert!((250..30_000).contains(&texts), "a text is not written out without end: {texts}");
        assert_eq!((read("[]"), read("{}"), read("[[\"Set\",1],5]")), (Data::Nothing, Data::Nothing, Data::List(vec![Data::Number(5.0)])));
    }
}
