use serde_json::{Value, json};

use super::*;

fn generics() -> Value {
    json!({"params": [], "where_predicates": []})
}

fn function(inputs: &[(&str, Value)], output: Value) -> Value {
    json!({"function": {
        "sig": {"inputs": inputs, "output": output, "is_c_variadic": false}, "generics": generics(), "has_body": true,
        "header": {"is_const": false, "is_unsafe": false, "is_async": false, "abi": "Rust"},
    }})
}

fn module(items: &[u32]) -> Value {
    json!({"module": {"is_crate": false, "items": items, "is_stripped": false}})
}

fn named(path: &str, arguments: &[Value]) -> Value {
    let arguments: Vec<Value> = arguments.iter().map(|of| json!({"type": of})).collect();
    json!({"resolved_path": {"path": path, "id": 900, "args": {"angle_bracketed": {"args": arguments, "constraints": []}}}})
}

fn structure(fields: &[u32], impls: &[u32]) -> Value {
    let kind = json!({"plain": {"fields": fields, "has_stripped_fields": false}});
    json!({"struct": {"kind": kind, "generics": generics(), "impls": impls}})
}

fn of_impl(of_trait: Value, items: &[u32], blanket: Value) -> Value {
    json!({"impl": {"is_unsafe": false, "generics": generics(), "provided_trait_methods": [], "trait": of_trait, "for": {"generic": "T"},
        "items": items, "is_negative": false, "is_synthetic": false, "blanket_impl": blanket}})
}

/// A crate of these items; the first is the root.
fn written(items: &[(u32, &str, &str, Value)], paths: Value, format: u32) -> Vec<u8> {
    let index: serde_json::Map<String, Value> = items
        .iter()
        .map(|(id, name, visibility, inner)| {
            let item = json!({
                "id": id, "crate_id": 0, "name": (!name.is_empty()).then_some(name), "visibility": visibility, "links": {}, "attrs": [],
                "span": {"filename": "src\\lib.rs", "begin": [id + 10, 1], "end": [id + 10, 9]},
                "docs": format!("Doc of {name}."), "deprecation": (*name == "old").then(|| json!({"since": "1", "note": "use boil"})),
                "inner": inner,
            });
            (id.to_string(), item)
        })
        .collect();
    let all = json!({"root": items[0].0, "crate_version": "1.2.0", "includes_private": false, "index": index, "paths": paths,
        "external_crates": {}, "format_version": format});
    all.to_string().into_bytes()
}

fn given(name: &str, id: Value, is_glob: bool) -> Value {
    json!({"use": {"source": format!("somewhere::{name}"), "name": name, "id": id, "is_glob": is_glob}})
}

fn kettle(format: u32) -> Vec<u8> {
    let this = json!({"borrowed_ref": {"lifetime": null, "is_mutable": true, "type": {"generic": "Self"}}});
    let gives = named("std::result::Result", &[named("Steam", &[]), json!({"tuple": []})]);
    let header = json!({"is_const": true, "is_unsafe": true, "is_async": false, "abi": {"C": {"unwind": false}}});
    let bounded = json!({"trait_bound": {"trait": {"path": "Into", "id": 901, "args": null}, "generic_params": [], "modifier": "none"}});
    let generic = json!({"function": {
        "sig": {"inputs": [["to", {"generic": "T"}], ["_", {"array": {"type": {"primitive": "u8"}, "len": "4"}}]],
            "output": {"impl_trait": [bounded]}, "is_c_variadic": false},
        "generics": {"params": [
            {"name": "'a", "kind": {"lifetime": {"outlives": []}}},
            {"name": "T", "kind": {"type": {"bounds": [bounded], "default": null, "is_synthetic": false}}},
            {"name": "impl X", "kind": {"type": {"bounds": [], "default": null, "is_synthetic": true}}},
        ], "where_predicates": [{"bound_predicate": {"type": {"generic": "T"}, "bounds": [bounded], "generic_params": []}}]},
        "header": header, "has_body": true,
    }});
    let mut required = function(&[("self", json!({"generic": "Self"}))], Value::Null);
    required["function"]["has_body"] = false.into();
    let of_trait = json!({"trait": {"is_auto": false, "is_unsafe": false, "is_dyn_compatible": true, "items": [32, 33], "generics": generics(),
        "bounds": [bounded], "implementations": []}});
    let variant = |kind: Value| json!({"variant": {"kind": kind, "discriminant": null}});
    let items = [
        (1, "kettle", "public", module(&[2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 31])),
        (2, "boil", "public", generic),
        (3, "gas", "public", module(&[20, 25])),
        // What is private is given on.
        (4, "", "public", given("Steam", json!(40), false)),
        (5, "", "public", given("serde", Value::Null, false)),
        (6, "hot", "public", json!({"macro": "macro_rules! hot { () => {} }"})),
        (7, "Boil", "public", json!({"proc_macro": {"kind": "derive", "helpers": []}})),
        (
            8,
            "MOST",
            "public",
            json!({"constant": {"type": {"primitive": "u32"}, "const": {"expr": "7", "value": null, "is_literal": true}}}),
        ),
        (9, "", "public", given("Heat", json!(10), true)),
        (
            10,
            "Heat",
            "public",
            json!({"enum": {"generics": generics(), "has_stripped_variants": false, "variants": [14, 15], "impls": []}}),
        ),
        (11, "old", "public", function(&[], Value::Null)),
        (12, "hidden", "default", function(&[], Value::Null)),
        (13, "own", "crate", function(&[], Value::Null)),
        (14, "Low", "default", variant(json!("plain"))),
        (15, "High", "default", variant(json!({"tuple": [null]}))),
        (20, "Burner", "public", structure(&[21, 22], &[23, 24, 26])),
        (21, "size", "public", json!({"struct_field": {"primitive": "u32"}})),
        (22, "inner", "crate", json!({"struct_field": {"primitive": "u32"}})),
        (23, "", "default", of_impl(Value::Null, &[30], Value::Null)),
        (24, "", "default", of_impl(json!({"path": "std::fmt::Debug", "id": 902, "args": null}), &[12], Value::Null)),
        (25, "", "public", given("kettle", json!(1), true)),
        (26, "", "default", of_impl(json!({"path": "Any", "id": 903, "args": null}), &[12], json!({"generic": "T"}))),
        (30, "light", "public", function(&[("self", this)], gives)),
        (31, "Warm", "public", of_trait),
        (32, "warm", "default", required),
        (33, "cool", "default", function(&[], Value::Null)),
        (40, "Steam", "public", structure(&[], &[])),
    ];
    let paths = json!({
        "14": {"crate_id": 0, "path": ["kettle", "Heat", "Low"], "kind": "variant"},
        "20": {"crate_id": 0, "path": ["kettle", "gas", "Burner"], "kind": "struct"},
        "40": {"crate_id": 0, "path": ["kettle", "secret", "Steam"], "kind": "struct"},
    });
    written(&items, paths, format)
}

#[test]
fn items_stand_under_the_paths_that_lead_to_them() {
    for format in [39, 57, 61] {
        let table = rustdoc_json(&kettle(format)).unwrap();
        assert_eq!((table.project.as_str(), table.version.as_str(), &table.notes), ("kettle", "1.2.0", &Vec::new()));
        let told = |path: &str| {
            let symbol = table.symbols.iter().find(|symbol| symbol.path == path).unwrap_or_else(|| panic!("{path}"));
            (symbol.kind, symbol.signature.as_str(), symbol.anchor.as_deref().unwrap_or_default())
        };
        for (path, kind, signature, anchor) in [
            ("kettle", Kind::Module, "pub mod kettle", "kettle/index.html"),
            (
                "kettle::boil",
                Kind::Function,
                "pub const unsafe extern \"C\" fn boil<'a, T: Into>(to: T, _: [u8; 4]) -> impl Into where T: Into",
                "kettle/fn.boil.html",
            ),
            ("kettle::gas", Kind::Module, "pub mod gas", "kettle/gas/index.html"),
            ("kettle::Steam", Kind::Struct, "pub struct Steam", "kettle/struct.Steam.html"),
            ("kettle::serde", Kind::Other, "pub use somewhere::serde", ""),
            ("kettle::hot", Kind::Macro, "macro_rules! hot", "kettle/macro.hot.html"),
            ("kettle::Boil", Kind::Macro, "#[derive(Boil)]", "kettle/derive.Boil.html"),
            ("kettle::MOST", Kind::Constant, "pub const MOST: u32 = 7", "kettle/constant.MOST.html"),
            ("kettle::Low", Kind::Variant, "Low", "kettle/enum.Heat.html#variant.Low"),
            ("kettle::gas::Burner", Kind::Struct, "pub struct Burner", "kettle/gas/struct.Burner.html"),
            ("kettle::gas::Burner::size", Kind::Field, "pub size: u32", "kettle/gas/struct.Burner.html#structfield.size"),
            (
                "kettle::gas::Burner::light",
                Kind::Method,
                "pub fn light(&mut self) -> Result<Steam, ()>",
                "kettle/gas/struct.Burner.html#method.light",
            ),
            ("kettle::Warm", Kind::Trait, "pub trait Warm: Into", "kettle/trait.Warm.html"),
            ("kettle::Warm::warm", Kind::Method, "fn warm(self)", "kettle/trait.Warm.html#tymethod.warm"),
            ("kettle::Warm::cool", Kind::Method, "fn cool()", "kettle/trait.Warm.html#method.cool"),
            // What a module gives on of the one around it is there too, and documented where it is first.
            ("kettle::gas::boil", Kind::Function, told("kettle::boil").1, "kettle/fn.boil.html"),
        ] {
            assert_eq!(told(path), (kind, signature, anchor));
        }
        let symbol = |path: &str| table.symbols.iter().find(|symbol| symbol.path == path);
        let light = symbol("kettle::gas::Burner::light").unwrap();
        assert_eq!((light.doc.as_str(), light.file.as_str(), light.line), ("Doc of light.", "src/lib.rs", 40));
        assert_eq!(light.gives.as_deref(), Some("Result<Steam, ()>"));
        assert_eq!(symbol("kettle::old").unwrap().deprecated.as_deref(), Some("use boil"));
        assert_eq!(symbol("kettle::gas::Burner").unwrap().bases, ["Debug"]);
        for none in ["kettle::own", "kettle::gas::Burner::inner", "kettle::gas::Burner::hidden", "kettle::secret::Steam"] {
            assert!(symbol(none).is_none(), "{none}");
        }
    }
}

#[test]
fn other_formats_and_texts_are_told() {
    for found in [0, 38, 62, 1_000] {
        assert_eq!(rustdoc_json(&kettle(found)), Err(TableError::Format { found, first: 39, last: 61 }));
    }
    let whole = kettle(57);
    for bad in [&b""[..], b"{", b"[]", b"{\"openapi\": 3}", b"{\"format_version\": \"57\"}", b"\xff", &whole[..whole.len() / 2]] {
        assert!(matches!(rustdoc_json(bad), Err(TableError::Json(_) | TableError::Other(_))), "{}", String::from_utf8_lossy(bad));
    }
    let missing = String::from_utf8(whole.clone()).unwrap().replace("\"root\":1", "\"root\":999");
    assert_eq!(rustdoc_json(missing.as_bytes()), Err(TableError::Other("JSON of rustdoc")));
    assert!(is_rustdoc_json(br#" {"root":1,"crate_version":null,"includes_private":false"#));
    assert!(!is_rustdoc_json(&b"x".repeat(2_000)));
    let deep = format!("{}{}{}", r#"{"slice":"#.repeat(50_000), r#"{"primitive":"u8"}"#, "}".repeat(50_000));
    let deep = String::from_utf8(whole).unwrap().replace(r#"{"primitive":"u32"}"#, &deep);
    assert!(matches!(rustdoc_json(deep.as_bytes()), Err(TableError::Json(_))), "the stack holds");
}

/// Modules each of which gives on all others, and a line of modules within modules.
#[test]
fn modules_that_give_each_other_on_end() {
    let count = 60_u32;
    let mut items = vec![(0, "ring".to_owned(), module(&(1..=count).collect::<Vec<_>>()))];
    for at in 1..=count {
        let stars: Vec<u32> = (1..=count).filter(|other| *other != at).map(|other| 1_000 + at * 100 + other).collect();
        items.extend((1..=count).filter(|other| *other != at).map(|other| {
            let star = given("m", json!(other), true);
            (1_000 + at * 100 + other, String::new(), star)
        }));
        let mut inside = stars;
        inside.push(100_000 + at);
        items.push((at, format!("m{at}"), module(&inside)));
        items.push((100_000 + at, format!("f{at}"), function(&[], Value::Null)));
    }
    let items: Vec<(u32, &str, &str, Value)> =
        items.iter().map(|(id, name, inner)| (*id, name.as_str(), "public", inner.clone())).collect();
    let table = rustdoc_json(&written(&items, json!({}), 57)).unwrap();
    assert_eq!(table.symbols.len() as u32, 1 + count + count * count);
    let line: Vec<(u32, &str, &str, Value)> = (0..3_000).map(|at| (at, "mmmmmmmmmm", "public", module(&[at + 1]))).collect();
    let table = rustdoc_json(&written(&line, json!({}), 57)).unwrap();
    assert!(table.symbols.len() < 200 && table.notes[0].rule == "length of a row", "{:?}", table.notes);
}
