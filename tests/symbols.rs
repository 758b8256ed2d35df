//! What an API offers, and code held against it, through the public API: the corpora in `tests/symbols/cases`, one promise a line.

#![cfg(feature = "code")]

#[path = "symbols/accused.rs"]
mod accused;
#[path = "symbols/defects.rs"]
mod defects;
#[cfg(unix)]
#[path = "symbols/growth.rs"]
mod growth;
#[path = "symbols/languages.rs"]
mod languages;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use smolcrawl::symbols::{
    Checked, Dependency, Ecosystem, Home, Indexed, Kind, Language, Limits, Package, PackageId, Reach, Reader, Reason, Verdict, Wanted,
    check, check_at, find,
};

/// Files below a folder, as a package of this name.
fn read(ecosystem: Ecosystem, folder: &str) -> Package {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/symbols/cases").join(folder);
    let mut reader = Reader::new(PackageId::new(ecosystem, "kettle", "0.3.1"), "kettle");
    let mut folders = vec![base.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(&base).unwrap().to_str().unwrap().replace('\\', "/");
                    reader.file(&name, &fs::read(&path).unwrap());
                }
            }
        }
    }
    reader.finish()
}

fn package(ecosystem: Ecosystem, files: &[(&str, &str)]) -> Package {
    let mut reader = Reader::new(PackageId::new(ecosystem, "kettle", "0.3.1"), "kettle");
    for (path, text) in files {
        reader.file(path, text.as_bytes());
    }
    reader.finish()
}

fn reach(package: Package) -> Reach {
    Reach::new(vec![Arc::new(Indexed::new(package))])
}

/// The first word of a line is "no" (something in it does not exist) or "ok" (nothing in it may be accused).
fn judge(file: &str, language: Language, reach: &Reach) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/symbols/cases").join(file);
    let mut wrong = Vec::new();
    let mut judged = 0;
    for line in fs::read_to_string(path).unwrap().lines() {
        let (wanted, code) = line.split_once(' ').unwrap();
        let checked = check(&code.trim().replace("\\n", "\n"), language, reach);
        let is_accused = checked.iter().any(|checked| checked.verdict == Verdict::DoesNotExist);
        judged += 1;
        if is_accused != (wanted == "no") {
            wrong.push(format!("{line}\n{checked:#?}"));
        }
    }
    assert!(judged > 10, "{file} has {judged} lines");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_python_trap_has_its_verdict() {
    judge("py/snippets.txt", Language::Python, &reach(read(Ecosystem::PyPi, "py")));
}

#[test]
fn every_rust_trap_has_its_verdict() {
    judge("rs/snippets.txt", Language::Rust, &reach(read(Ecosystem::Cargo, "rs/kettle")));
}

#[test]
fn every_typescript_trap_has_its_verdict() {
    judge("ts/snippets.txt", Language::TypeScript, &reach(read(Ecosystem::Npm, "ts/kettle")));
}

#[test]
fn what_only_the_code_of_a_package_has_is_not_said_to_be_missing() {
    let mut reader = Reader::new(PackageId::new(Ecosystem::Npm, "kettle", "1.0.0"), "kettle");
    reader.file("index.d.ts", b"export function boil(): Water; export interface Water { pour(): void } export function cool(): void;");
    reader.beside(b"exports.boil = boil; exports.whistle = whistle; function pour() {}");
    let reach = Reach::new(vec![Arc::new(Indexed::new(reader.finish()))]);
    let snippet = "import { boil, whistle, sing } from 'kettle';\nboil().whistle(); boil().cool(); boil().sing();\n";
    let checked = check(snippet, Language::TypeScript, &reach);
    let of = |verdict: Verdict| checked.iter().filter(|of| of.verdict == verdict).map(|of| of.text.as_str()).collect::<Vec<_>>();
    // Of what is declared it is known whose it is.
    assert_eq!(of(Verdict::DoesNotExist), ["sing", "boil().cool", "boil().sing"]);
    assert_eq!(of(Verdict::Unknown), ["whistle", "boil().whistle"]);
}

#[test]
fn types_of_a_package_of_its_own_stand_for_code_without_any() {
    let npm = |name: &str, files: &[(&str, &str)]| {
        let mut reader = Reader::new(PackageId::new(Ecosystem::Npm, name, "1.0.0"), name);
        files.iter().for_each(|(path, text)| reader.file(path, text.as_bytes()));
        Arc::new(Indexed::new(reader.finish()))
    };
    let code = npm("@a/pot.js", &[("index.js", "exports.stir = function () {}; exports.hidden = 1;")]);
    let types = npm("@types/a__pot.js", &[("index.d.ts", "export function stir(): Spoon; export interface Spoon { tap(): void }")]);
    let node = npm(
        "@types/node",
        &[("fs.d.ts", "declare module 'fs' { function openSync(): number; }\ndeclare module 'node:fs' { export * from 'fs'; }")],
    );
    let snippet =
        "import { stir, hidden } from '@a/pot.js';\nstir().tap(); stir().drop();\nimport fs from 'node:fs';\nfs.openSync(); fs.shut();\n";
    let missing = |reach: &Reach| {
        let checked = check(snippet, Language::JavaScript, reach);
        checked.into_iter().filter(|of| of.verdict == Verdict::DoesNotExist).map(|of| of.text).collect::<Vec<_>>()
    };
    assert_eq!(missing(&Reach::new(vec![code.clone(), types.clone(), node.clone()])), ["stir().drop", "fs.shut"]);
    assert_eq!(missing(&Reach::new(vec![types, code.clone(), node])), ["stir().drop", "fs.shut"]);
    // Code without types is no reason for an accusation.
    assert_eq!(missing(&Reach::new(vec![code])), [] as [&str; 0]);
}

/// Seen in firebase and jest-worker.
#[test]
fn what_is_there_under_another_condition_or_is_put_there_by_code_is_not_said_to_be_missing() {
    let mut reader = Reader::new(PackageId::new(Ecosystem::Npm, "kettle", "1.0.0"), "kettle");
    let manifest = r#"{"exports": {".": {"types": "./dist/index.d.ts", "react-native": {"types": "./dist/native/index.d.ts"}, "default": "./dist/index.js"},
        "./lid": {"types": "./dist/lid.d.ts"}}}"#;
    let files = [
        ("package.json", manifest),
        ("dist/index.d.ts", "export declare class Worker { end(): void }\nexport declare class Pot { fill(): void }\n"),
        ("dist/native/index.d.ts", "export declare function whistle(): void;\n"),
        ("dist/src/index.d.ts", "export declare class Handler { }\n"),
        ("dist/lid.d.ts", "export declare function lift(): void;\n"),
    ];
    files.iter().for_each(|(path, text)| reader.file(path, text.as_bytes()));
    reader.beside(b"class Worker { constructor(names) { for (const name of names) this[name] = call } end() {} }\nclass Pot {}\n");
    let reach = Reach::new(vec![Arc::new(Indexed::new(reader.finish()))]);
    let snippet = "import { Worker, Pot, whistle, Handler, lift } from 'kettle';\nnew Worker().hello(); new Pot().hello(); whistle();\n";
    let checked = check(snippet, Language::TypeScript, &reach);
    let of = |verdict: Verdict| checked.iter().filter(|of| of.verdict == verdict).map(|of| of.text.as_str()).collect::<Vec<_>>();
    assert_eq!(of(Verdict::Exists), ["Worker", "Pot", "whistle", "kettle"]);
    assert_eq!(of(Verdict::Unknown), ["new Worker().hello"]);
    assert_eq!(of(Verdict::DoesNotExist), ["Handler", "lift", "new Pot().hello"], "what another entry or file has is not there");
}

/// Seen in astropy, whose `__all__` lists what its `__getattr__` gives, and in Django's geometries.
#[test]
fn modules_that_answer_names_and_classes_that_become_others_accuse_nobody() {
    let kettle = package(
        Ecosystem::PyPi,
        &[
            ("kettle/__init__.py", "def __getattr__(name):\n    return getattr(gas, name)\n"),
            (
                "kettle/gas.py",
                "from .answers import __getattr__\nclass Burner:\n    def __init__(self, of):\n        self.__class__ = KINDS[of]\n",
            ),
            ("kettle/answers.py", "def give(): ...\ndef glow(): ...\n"),
            ("kettle/lid.py", "class Lid:\n    def __getattr__(self, name): ...\nclass Pan: ...\n"),
        ],
    );
    let snippet = "import kettle.gas, kettle.lid, kettle.answers\nkettle.Blue\nkettle.gas.Red\nkettle.gas.Burner(1).glow()\nkettle.answers.Green\nkettle.lid.Pot\nkettle.lid.Pan().sing()\n";
    let checked = check(snippet, Language::Python, &reach(kettle));
    let accused: Vec<&str> = checked.iter().filter(|of| of.verdict == Verdict::DoesNotExist).map(|of| of.text.as_str()).collect();
    assert_eq!(accused, ["kettle.answers.Green", "kettle.lid.Pot", "kettle.lid.Pan().sing"], "{checked:#?}");
}

fn only(checked: &[Checked], name: &str) -> Checked {
    checked.iter().find(|checked| checked.text.ends_with(name)).unwrap_or_else(|| panic!("no {name} in {checked:#?}")).clone()
}

#[test]
fn an_answer_says_what_there_is_to_know() {
    let reach = reach(read(Ecosystem::Cargo, "rs/kettle"));
    let checked = check(
        "fn main() {\n    let mut k = kettle::Kettle::new(2);\n    k.boyl(3);\n    let _ = kettle::gas::Burner;\n}\n",
        Language::Rust,
        &reach,
    );
    let missing = only(&checked, "boyl");
    assert_eq!((missing.line, missing.verdict, missing.near), (3, Verdict::DoesNotExist, vec!["boil".to_owned()]));
    assert_eq!(missing.package.unwrap().to_string(), "kettle@0.3.1");
    let behind = only(&checked, "Burner");
    assert_eq!(behind.verdict, Verdict::Exists);
    assert_eq!(behind.why, "needs feature = \"gas\"");
    let new = only(&checked, "new");
    assert_eq!(new.signature.as_deref(), Some("pub fn new(degrees: u32) -> Self"));
    let checked = check("use kettle::Kettle;\nlet mut k = Kettle::new(1);\nk.boil(2);\n", Language::Rust, &reach);
    assert_eq!(only(&checked, "boil").why, "deprecated: use heat");
}

#[test]
fn a_package_outside_the_lock_file_is_said_to_be_outside_and_only_then() {
    let kettle = read(Ecosystem::PyPi, "py");
    let code = "import teapot_utils\nimport os\n";
    let part = check(code, Language::Python, &reach(kettle.clone()));
    assert_eq!(part.iter().map(|checked| checked.verdict).collect::<Vec<_>>(), [Verdict::Unknown, Verdict::Unknown]);
    let whole = check(code, Language::Python, &reach(kettle).whole());
    assert_eq!(whole.iter().map(|checked| checked.verdict).collect::<Vec<_>>(), [Verdict::NotInLock, Verdict::Unknown]);
    assert!(whole.iter().all(|checked| checked.near.is_empty()), "nothing is suggested for installation");
}

#[test]
fn an_inventory_alone_accuses_nobody() {
    let mut known = read(Ecosystem::PyPi, "py");
    known.is_whole = false;
    let checked = check("import kettle\nkettle.Nothing()\nkettle.Kettle(1).poor()\n", Language::Python, &reach(known));
    assert!(checked.iter().all(|checked| checked.verdict != Verdict::DoesNotExist), "{checked:#?}");
}

#[test]
fn names_are_found_whole_by_case_by_end_and_nearly() {
    let reach = reach(read(Ecosystem::Cargo, "rs/kettle"));
    let names = |name: &str| {
        let search = find(&reach, &Wanted { name: name.into(), ..Wanted::default() });
        search.found.iter().map(|found| found.symbol.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("Kettle.boil"), ["kettle::Kettle::boil"]);
    assert_eq!(names("KETTLE::BOIL"), ["kettle::Kettle::boil"]);
    assert_eq!(names("boill"), ["kettle::Kettle::boil"]);
    assert_eq!(names("xyzzyx"), [] as [&str; 0]);
    let kinds = find(&reach, &Wanted { name: "kettle".into(), kind: Some(Kind::Struct), ..Wanted::default() });
    assert_eq!(kinds.found.len(), 1);
    let other =
        find(&reach, &Wanted { name: "boil".into(), package: Some("kettle".into()), version: Some("9".into()), ..Wanted::default() });
    assert!(other.found.is_empty());
    assert_eq!(other.not_searched, ["kettle@9 is not indexed; 0.3.1 is"]);
}

#[test]
fn what_is_too_large_is_left_out_and_said() {
    let mut reader =
        Reader::new(PackageId::new(Ecosystem::PyPi, "kettle", "1"), "kettle").limits(Limits { symbols: 10, ..Limits::default() });
    let many: String = (0..100).map(|at| format!("def f{at}(): ...\n")).collect();
    reader.file("kettle/__init__.py", many.as_bytes());
    reader.file("kettle/more.py", b"def g(): ...\n");
    let package = reader.finish();
    assert!(package.symbols.len() <= 11, "{}", package.symbols.len());
    assert_eq!(package.notes[0].rule, "symbols of a package");
    assert!(package.open.iter().any(|open| open.reason == Reason::Unread));
    let checked = check("import kettle\nkettle.f50()\nkettle.more.g()\n", Language::Python, &reach(package));
    assert!(checked.iter().all(|checked| checked.verdict != Verdict::DoesNotExist), "{checked:#?}");
}

#[test]
fn tables_of_data_are_left_out_and_the_rest_of_their_file_is_read() {
    let numbers = "0x1f, 2, 3, ".repeat(300_000);
    let text = format!("/// Data.\npub static DATA: &[u8] = &[\n{numbers}\n];\npub fn boil() {{}}\n");
    let mut reader = Reader::new(PackageId::new(Ecosystem::Cargo, "kettle", "1"), "kettle");
    reader.file("src/lib.rs", text.as_bytes());
    let package = reader.finish();
    assert!(package.notes.is_empty() && package.is_whole && package.open.is_empty(), "{:?}", package.notes);
    let boil = package.symbols.iter().find(|symbol| symbol.path == "kettle::boil").unwrap();
    assert_eq!(boil.line, 5);
    let data = package.symbols.iter().find(|symbol| symbol.path == "kettle::DATA").unwrap();
    assert!(data.signature.starts_with("pub static DATA: &[u8] = &[") && data.signature.len() < 700, "{}", data.signature);
}

#[test]
fn deep_nesting_and_broken_text_end() {
    let deep = format!("x = {}1{}\n", "(".repeat(20_000), ")".repeat(20_000));
    let blocks = (0..300).map(|at| format!("{}if x:\n", " ".repeat(at))).collect::<String>();
    let rust = "mod a {".repeat(5_000);
    let chain = format!("import kettle\nkettle{}\n", ".boil()".repeat(3_000));
    let patterns =
        format!("{}a{} = x\nfor {}b{} in x: ...\n", "[".repeat(50_000), "]".repeat(50_000), "(".repeat(50_000), ")".repeat(50_000));
    let values = format!("{}1\n", "a = ".repeat(20_000));
    let dotted = format!("from {}a import b\n", "a.".repeat(400));
    for text in [&patterns, &values, &dotted] {
        let deep = reach(package(Ecosystem::PyPi, &[("kettle/__init__.py", text)]));
        check("import kettle\nkettle.b.c\n", Language::Python, &deep);
        check(text, Language::Python, &deep);
    }
    let _ = package(Ecosystem::PyPi, &[("kettle/__init__.py", &deep), ("kettle/b.py", &blocks), ("kettle/c.py", "class (:\n\0\u{fffd}")]);
    let _ = package(Ecosystem::Cargo, &[("src/lib.rs", &rust)]);
    let reach = reach(read(Ecosystem::PyPi, "py"));
    for code in [deep.as_str(), &blocks, &chain, "import", "from kettle import (", "\u{0}"] {
        check(code, Language::Python, &reach);
    }
    for code in [rust.as_str(), &chain, "use kettle::{{{{", "kettle::<<<"] {
        check(code, Language::Rust, &reach);
    }
}

#[test]
fn two_versions_of_a_crate_do_not_mix() {
    let version = |version: &str, text: &str| {
        let mut reader = Reader::new(PackageId::new(Ecosystem::Cargo, "steam", version), "steam");
        reader.file("src/lib.rs", text.as_bytes());
        reader.finish()
    };
    let mut user = Reader::new(PackageId::new(Ecosystem::Cargo, "kettle", "1"), "kettle").dependencies(vec![Dependency {
        root: "steam".into(),
        id: PackageId::new(Ecosystem::Cargo, "steam", "2"),
        optional: false,
    }]);
    user.file("src/lib.rs", b"pub use steam::New;");
    let old = version("1", "pub struct Old;");
    let new = version("2", "pub struct New; impl New { pub fn hiss(&self) {} }");
    let reach = Reach::new([old, new, user.finish()].map(|package| Arc::new(Indexed::new(package))).to_vec());
    let checked = check("let _ = kettle::New::hiss;\nlet _ = steam::Old;\nlet _ = steam::New;\n", Language::Rust, &reach);
    let verdicts: Vec<Verdict> = checked.iter().map(|checked| checked.verdict).collect();
    assert_eq!(verdicts, [Verdict::Exists, Verdict::Exists, Verdict::DoesNotExist]);
}

#[test]
fn a_package_goes_through_the_store_unchanged() {
    let package = read(Ecosystem::PyPi, "py");
    let text = serde_json::to_string(&package).unwrap();
    assert_eq!(serde_json::from_str::<Package>(&text).unwrap(), package);
}

/// Seen in networkx: names of `__all__` that begin with `b`, and two star imports that give the same name.
#[test]
fn stars_give_all_that_is_listed_and_two_of_them_decide_nothing() {
    let kettle = package(
        Ecosystem::PyPi,
        &[
            ("kettle/__init__.py", "from .one import *\nfrom .two import *\n"),
            ("kettle/one/__init__.py", "from . import cups\n__all__ = ['boil', 'cups']\ndef boil(): ...\ndef hidden(): ...\n"),
            ("kettle/one/cups.py", "def small(): ...\n"),
            ("kettle/two/__init__.py", "from . import cups\n"),
            ("kettle/two/cups.py", "def large(): ...\n"),
        ],
    );
    let checked = check(
        "import kettle\nkettle.boil()\nkettle.cups.large()\nkettle.cups.small()\nkettle.hidden()\n",
        Language::Python,
        &reach(kettle),
    );
    assert_eq!(only(&checked, "boil").verdict, Verdict::Exists);
    assert_ne!(only(&checked, "large").verdict, Verdict::DoesNotExist);
    assert_ne!(only(&checked, "small").verdict, Verdict::DoesNotExist);
    assert_eq!(only(&checked, "hidden").verdict, Verdict::DoesNotExist);
}
