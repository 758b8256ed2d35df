//! Small tables of our own, made as the tools make theirs, and what must not be mixed up in them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::*;
use crate::symbols::package::Kind;
use base64::Engine as _;

fn sphinx(rows: &str) -> Vec<u8> {
    let mut bytes =
        b"# Sphinx inventory version 2\n# Project: Kettle docs\n# Version: \n# The remainder of this file is compressed using zlib.\n"
            .to_vec();
    bytes.extend(zlib(rows.as_bytes()));
    bytes
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

#[test]
fn names_of_an_inventory_may_hold_spaces_and_anchors_their_name() {
    let table = inventory(&sphinx(
        "kettle.Pot.boil py:method 1 api.html#$ -\nkettle --size std:cmdoption 1 cli.html#cmdoption-kettle-size -\n\
         search std:label -1 search.html Search Page\nnamed tuple std:term 1 glossary.html#term-named-tuple -\n\
         a 1 b c:macro 1 c.html#c.$ -\nkettle py:module 0 api.html#module-$ -\nbroken row\n",
    ))
    .unwrap();
    assert_eq!((table.project.as_str(), table.version.as_str()), ("Kettle docs", ""), "the version may be empty");
    let rows: Vec<_> = table.symbols.iter().map(|symbol| (symbol.path.as_str(), symbol.kind, symbol.anchor.as_deref().unwrap())).collect();
    assert_eq!(
        rows,
        [
            ("kettle.Pot.boil", Kind::Method, "api.html#kettle.Pot.boil"),
            ("kettle --size", Kind::Other, "cli.html#cmdoption-kettle-size"),
            ("search", Kind::Other, "search.html"),
            ("named tuple", Kind::Other, "glossary.html#term-named-tuple"),
            ("a 1 b", Kind::Macro, "c.html#c.a 1 b"),
            ("kettle", Kind::Module, "api.html#module-kettle"),
        ]
    );
    assert_eq!(table.symbols[2].doc, "Search Page");
    assert_eq!((table.notes[0].rule, table.notes[0].words), ("rows that are not understood", 1));
}

#[test]
fn an_inventory_that_is_none_or_damaged_or_a_bomb_is_refused() {
    assert_eq!(inventory(b"<html>"), Err(TableError::Other("an inventory of Sphinx")));
    assert_eq!(inventory(b""), Err(TableError::Other("an inventory of Sphinx")));
    let mut cut = sphinx(&"kettle.boil py:function 1 api.html#$ -\n".repeat(300));
    cut.truncate(cut.len() - 20);
    assert_eq!(inventory(&cut), Err(TableError::Damaged), "a part of it is no table");
    let wide = format!("{}\nkettle.boil py:function 1 api.html#$ -\n", " a".repeat(4_000_000));
    let table = inventory(&sphinx(&wide)).unwrap();
    assert_eq!((table.symbols.len(), table.notes[0].rule), (1, "length of a row"));
    let bomb = zlib(&vec![b'\n'; UNPACKED as usize + 10]);
    let mut bytes = b"# Sphinx inventory version 2\n# Project: a\n# Version: 1\n# zlib\n".to_vec();
    bytes.extend(bomb);
    assert_eq!(inventory(&bytes), Err(TableError::TooLarge { limit: UNPACKED }));
}

#[test]
fn members_of_java_are_found_where_their_module_puts_them() {
    let table = javadoc(Javadoc {
        members: r#"memberSearchIndex = [{"p":"org.kettle","c":"Pot.Lid","l":"Pot.Lid(int)","u":"%3Cinit%3E(int)"},{"p":"org.kettle","c":"Pot","l":"SIZE"},
            {"p":"org.kettle","c":"Pot","l":"boil(String, int...)","u":"boil(java.lang.String,int...)"},{"p":"plain","c":"A","l":"a()"}];updateSearchResults();"#,
        types: r#"typeSearchIndex = [{"l":"All Classes","u":"allclasses-index.html"},{"p":"org.kettle","l":"Pot.Lid"}]"#,
        packages: r#"packageSearchIndex = [{"l":"All Packages","u":"allpackages-index.html"},{"m":"kettle.base","l":"org.kettle"},{"l":"plain"}]"#,
    })
    .unwrap();
    let rows: Vec<_> = table
        .symbols
        .iter()
        .map(|symbol| format!("{} {} {}", symbol.kind.name(), symbol.path, symbol.anchor.as_deref().unwrap()))
        .collect();
    assert_eq!(
        rows,
        [
            "module org.kettle kettle.base/org/kettle/package-summary.html",
            "module plain plain/package-summary.html",
            "class org.kettle.Pot.Lid kettle.base/org/kettle/Pot.Lid.html",
            "constructor org.kettle.Pot.Lid.Lid kettle.base/org/kettle/Pot.Lid.html#%3Cinit%3E(int)",
            "field org.kettle.Pot.SIZE kettle.base/org/kettle/Pot.html#SIZE",
            "method org.kettle.Pot.boil kettle.base/org/kettle/Pot.html#boil(java.lang.String,int...)",
            "method plain.A.a plain/A.html#a()",
        ]
    );
    assert_eq!(javadoc(Javadoc { members: "alert(1)", ..Javadoc::default() }), Err(TableError::Other("an index of Javadoc")));
    assert!(matches!(javadoc(Javadoc { types: "typeSearchIndex = [{]", ..Javadoc::default() }), Err(TableError::Json(_))));
}

#[test]
fn typedoc_is_read_in_each_of_its_forms() {
    let json = r#"{"rows":[{"kind":128,"name":"Pot","url":"classes/Pot.html","classes":""},{"kind":2048,"name":"boil","url":"classes/Pot.html#boil","parent":"tea.Pot"}],"index":{}}"#;
    let string = serde_json::to_string(json).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(json.as_bytes()).unwrap();
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    for text in [
        format!("window.searchData = JSON.parse({string});"),
        format!("window.searchData = \"data:application/octet-stream;base64,{}\";", encode(&gzip.finish().unwrap())),
        format!("window.searchData = \"{}\";", encode(&zlib(json.as_bytes()))),
    ] {
        let table = typedoc(&text).unwrap();
        let rows: Vec<_> = table.symbols.iter().map(|symbol| (symbol.path.as_str(), symbol.kind)).collect();
        assert_eq!(rows, [("Pot", Kind::Class), ("tea#Pot#boil", Kind::Method)], "{text:.60}");
    }
    assert_eq!(typedoc("window.searchData = \"!\";"), Err(TableError::Damaged));
    assert_eq!(typedoc("nothing"), Err(TableError::Other("the search data of TypeDoc")));
}

#[test]
fn pages_of_rustdoc_are_known_by_their_address_and_fragments() {
    let markdown = "# Struct Pot\n\nSince 1.0.0\n\n```rust\npub struct Pot<T>\nwhere T: Tea, { /* private fields */ }\n```\n\nHolds water.\nAnd tea.\n\n## Fields\n\n### lid: bool\n\nShuts.\n\n## Implementations\n\n#### pub fn boil(&self)\n\nSince 1.1.0 (const: 1.2.0)\n\nDeprecated since 1.2: use heat\n\n#### pub fn boil(&self, to: u8)\n\n```rust\nx\n```\n\n## Trait Implementations\n\n#### fn clone(&self) -> Self\n";
    let mut rest = 0;
    let mut heading = |level: u8, text: &str, anchor: &str| {
        let offset = rest + markdown[rest..].find(&format!("{} {text}\n", "#".repeat(level.into()))).unwrap();
        rest = offset + 1;
        crate::model::Heading { level, text: text.into(), anchor: Some(anchor.into()), offset }
    };
    let outline = [
        heading(1, "Struct Pot", "copy-path"),
        heading(2, "Fields", "fields"),
        heading(3, "lid: bool", "structfield.lid"),
        heading(2, "Implementations", "implementations"),
        heading(4, "pub fn boil(&self)", "method.boil"),
        heading(4, "pub fn boil(&self, to: u8)", "method.boil-1"),
        heading(2, "Trait Implementations", "trait-implementations"),
        heading(4, "fn clone(&self) -> Self", "method.clone"),
    ];
    let read = |name: &str, url: &str| {
        let symbols = rustdoc(name, &url.parse().unwrap(), &outline, markdown);
        symbols.into_iter().map(|symbol| format!("{} {} {}", symbol.kind.name(), symbol.path, symbol.anchor.unwrap())).collect::<Vec<_>>()
    };
    let page = "https://docs.rs/tea-pot/1.2.0/tea_pot/a/struct.Pot.html";
    let wanted = [
        format!("struct tea_pot::a::Pot {page}"),
        format!("field tea_pot::a::Pot::lid {page}#structfield.lid"),
        format!("method tea_pot::a::Pot::boil {page}#method.boil"),
        format!("method tea_pot::a::Pot::boil {page}#method.boil-1"),
    ];
    assert_eq!(read("tea_pot", page), wanted);
    let symbols = rustdoc("tea_pot", &page.parse().unwrap(), &outline, markdown);
    assert_eq!(
        (symbols[0].signature.as_str(), symbols[0].doc.as_str()),
        ("pub struct Pot<T> where T: Tea, { /* private fields */ }", "Holds water.\nAnd tea.")
    );
    assert_eq!((symbols[1].doc.as_str(), symbols[3].doc.as_str()), ("Shuts.", ""));
    assert_eq!(symbols[2].deprecated.as_deref(), Some("since 1.2: use heat"));
    assert_eq!(read("std", "https://x.test/std/vec/index.html")[0], "module std::vec https://x.test/std/vec/index.html");
    assert_eq!(read("std", "https://x.test/std/vec/")[0], "module std::vec https://x.test/std/vec/");
    assert!(read("std", "https://x.test/other/struct.A.html").is_empty(), "no page of this crate");
    assert!(read("std", "https://x.test/std/keyword.if.html").is_empty() && read("std", "https://x.test/std/all.html").is_empty());
    assert!(rustdoc("std", &"https://x.test/std/fn.a.html".parse().unwrap(), &[], "").len() == 1, "a page without headings");
}
