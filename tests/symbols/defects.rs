//! What was found in the rooms' code by reading it: a name that is there was accused, a place was wrong, a text was too much.

use super::{Arc, Checked, Ecosystem, Indexed, Language, Package, PackageId, Reach, Reader, Reason, Verdict, check, only, package, reach};

pub(super) fn python(files: &[(&str, &str)]) -> Reach {
    reach(package(Ecosystem::PyPi, files))
}

pub(super) fn rust(text: &str) -> Reach {
    reach(package(Ecosystem::Cargo, &[("src/lib.rs", text)]))
}

/// That `there` is accused nowhere, and that a name which is not there still is: without that the test could not fail.
#[track_caller]
pub(super) fn judged(there: &str, missing: Option<&str>, language: Language, reach: &Reach) {
    let accused = |code: &str| -> Vec<Checked> {
        check(code, language, reach).into_iter().filter(|checked| checked.verdict == Verdict::DoesNotExist).collect()
    };
    assert_eq!(accused(there), [], "{there}");
    if let Some(missing) = missing {
        assert_eq!(accused(missing).len(), 1, "{missing}");
    }
}

#[test]
fn places_are_those_of_the_code_as_it_was_given() {
    let kettle = python(&[("kettle/__init__.py", "def boil(): ...\n")]);
    for code in ["    import kettle\r\n    kettle.boil()\r\n", "Text:\n\n  >>> import kettle\n  >>> for x in y:\n  ...   kettle.boil()\n"] {
        let found = only(&check(code, Language::Python, &kettle), "boil");
        assert_eq!(&code[found.offset..found.offset + 4], "boil", "{code}");
    }
    let code = "# use kettle::Kettle;\r\n  # \n#\nassert!(kettle::boil());\n";
    let found = only(&check(code, Language::Rust, &rust("pub fn boil() {} pub struct Kettle;")), "boil");
    assert_eq!(&code[found.offset..found.offset + 4], "boil");
}

#[test]
fn an_alias_with_parameters_has_its_name_without_them() {
    let kettle = python(&[("kettle/__init__.py", "type Pair[T] = tuple[T, T]\n")]);
    judged("import kettle\nkettle.Pair\n", Some("import kettle\nkettle.Pear\n"), Language::Python, &kettle);
}

#[test]
fn what_is_put_into_a_class_elsewhere_is_the_classes() {
    let base = "class Kettle:\n  def boil(self): ...\nclass Pot:\n  def boil(self): ...\n";
    let patch = "from .base import Kettle, Pot\nKettle.pour = lambda self: 1\nfor name in names:\n  setattr(Pot, name, 1)\n";
    let kettle = python(&[("kettle/__init__.py", ""), ("kettle/base.py", base), ("kettle/patch.py", patch)]);
    let there = "from kettle.base import Kettle, Pot\nKettle().pour()\nPot().simmer\n";
    judged(there, Some("from kettle.base import Kettle\nKettle().simmer\n"), Language::Python, &kettle);
    // A module that is open stays so, though its name stands for something else, too.
    let writer = "def lid(): ...\nglobals()['cup'] = 1\n";
    let kettle = python(&[("kettle/__init__.py", "from .writer import lid as writer\n"), ("kettle/writer.py", writer)]);
    judged("import kettle.writer\nfrom kettle.writer import cup\n", None, Language::Python, &kettle);
}

#[test]
fn attributes_are_set_under_any_name_of_the_receiver_and_past_it() {
    let text = "class A:\n  def __init__(this, lid: int):\n    this.lid = lid\nclass B:\n  def __init__(self):\n    \
                object.__setattr__(self, 'lid', 1)\n";
    let kettle = python(&[("kettle/__init__.py", text)]);
    judged("import kettle\nkettle.A(1).lid\nkettle.B().lid\n", Some("import kettle\nkettle.A(1).cup\n"), Language::Python, &kettle);
}

/// Seen in requests and in twisted: a class of the package's own, called as one of the language is.
#[test]
fn a_base_is_the_packages_own_where_it_has_one_of_the_name() {
    let text = "class ConnectionError(Exception):\n  def retry(self): ...\nclass Refused(ConnectionError): ...\n";
    let user = "from ..base import Protocol\nfrom typing import Generic\nclass Echo(Protocol): ...\nclass Cup(Generic[T]): ...\n";
    let base = "class Protocol:\n  def send(self): ...\n";
    let kettle = python(&[("kettle/__init__.py", text), ("kettle/base.py", base), ("kettle/net/echo.py", user)]);
    let there = "import kettle\nfrom kettle.net.echo import Echo\nkettle.Refused().retry()\nEcho().send()\n";
    judged(there, Some("from kettle.net.echo import Cup\nCup().send()\n"), Language::Python, &kettle);
    let own = rust("pub trait Extend { fn pour_more(&self) {} } pub struct Kettle; impl Extend for Kettle {}");
    judged("kettle::Kettle.pour_more();", Some("kettle::Kettle.pour_less();"), Language::Rust, &own);
}

#[test]
fn types_that_stand_for_each_other_in_a_ring_have_an_end() {
    let script = |text: &str| {
        let files = [("index.d.ts", text), ("package.json", r#"{"types": "./index.d.ts"}"#)];
        reach(package(Ecosystem::Npm, &files))
    };
    let ring = script(
        "export declare const a: typeof b; export declare const b: typeof c; export declare const c: typeof a;\n\
         declare class Kettle { boil(): void; }\nexport declare const d: typeof e; export declare const e: typeof Kettle;",
    );
    let there = "import { a, d } from 'kettle'; new a().x; new (new a())().y; new d().boil();";
    judged(there, Some("import { d } from 'kettle'; new d().pour();"), Language::TypeScript, &ring);
    for own in ["export = x;", "export default x;"] {
        let itself = script(&format!("import * as self from './index';\ndeclare const x: typeof self;\n{own}"));
        judged(
            "import * as k from 'kettle'; import d from 'kettle'; k.nothing; d.nothing; k.default;",
            None,
            Language::TypeScript,
            &itself,
        );
    }
}

#[test]
fn what_a_condition_may_put_on_an_item_counts() {
    let text = "#[cfg_attr(feature = \"a\", derive(Debug, Builder), doc = \"a, b\")] pub struct Kettle; #[cfg_attr(docsrs, doc(cfg(x)))] \
                pub struct Cup; #[strange::default] pub struct Mug; #[tokio::test] async fn boils() {}";
    let kettle = package(Ecosystem::Cargo, &[("src/lib.rs", text)]);
    let open: Vec<&str> = kettle.open.iter().filter(|open| open.reason == Reason::Decorated).map(|open| open.detail.as_str()).collect();
    assert_eq!(open, ["Builder", "Builder", "strange::default", "strange::default"]);
    assert!(kettle.symbols.iter().all(|symbol| symbol.name() != "boils"));
}

#[test]
fn what_stands_in_broken_code_may_define_anything() {
    let kettle = rust("pub struct Kettle; impl Kettle { pub fn new() -> Kettle { Kettle } }");
    let there = "trait Pour { fn pour(&self) {}\nimpl Pour for kettle::Kettle }}\nfn main() { let k = kettle::Kettle::new(); k.pour(); }";
    judged(there, Some("fn main() { let k = kettle::Kettle::new(); k.pour(); }"), Language::Rust, &kettle);
}

#[test]
fn what_is_cut_off_is_not_looked_for() {
    let long = "a".repeat(3_000);
    let kettle = rust("pub struct Kettle<T>(T); impl<T> Kettle<T> { pub fn new() {} }");
    judged(&format!("kettle::Kettle::<{long}>::new();"), Some("kettle::Kettle::<u8>::old();"), Language::Rust, &kettle);
    let kettle = python(&[("kettle/__init__.py", "")]);
    judged(&format!("import kettle.{long}\n"), Some("import kettle.aaa\n"), Language::Python, &kettle);
}

#[test]
fn a_name_written_otherwise_than_words_are_is_not_missed_among_them() {
    let kettle = rust("made! { fn boil() {} } pub fn tell() -> &'static str { \" // \" } pub struct Kettle; made! { \" // \" pour }");
    let long = "b".repeat(101);
    judged(&format!("kettle::r#boil(); kettle::{long}();"), Some("kettle::boyl();"), Language::Rust, &kettle);
    judged("kettle::pour();", None, Language::Rust, &kettle);
}

fn read_alone(ecosystem: Ecosystem, path: &str, text: &str) -> Package {
    let mut reader = Reader::new(PackageId::new(ecosystem, "kettle", "1"), "kettle");
    reader.file(path, text.as_bytes());
    reader.finish()
}

#[test]
fn long_names_are_not_written_many_times_and_their_lack_is_said() {
    let name = "k".repeat(50_000);
    let members = (0..2_000).map(|at| format!("  def f{at}(self): ...\n")).collect::<String>();
    let class = read_alone(Ecosystem::PyPi, "kettle/__init__.py", &format!("class {name}:\n{members}"));
    let tree = (0..4_000).map(|at| format!("a{at}, ")).collect::<String>();
    let uses = read_alone(Ecosystem::Cargo, "src/lib.rs", &format!("pub use {name}::{{ {tree} }};"));
    for package in [class, uses] {
        let written: usize = package.symbols.iter().map(|symbol| symbol.path.len()).sum::<usize>()
            + package.reexports.iter().map(|given| given.target.len()).sum::<usize>();
        assert!(written < 1_000_000, "{written}");
        assert!(package.open.iter().any(|open| open.reason == Reason::Unread), "{:?}", package.open);
    }
    let path = format!("{}x.py", "kettle/".repeat(200));
    let far = read_alone(Ecosystem::PyPi, &path, "def boil(): ...\n");
    assert_eq!((far.symbols.len(), far.notes[0].rule), (0, "length of a path"));
}

#[test]
fn what_was_not_followed_leaves_its_scope_open() {
    let depth = 200;
    let modules = format!("{}pub fn boil() {{}}{}", "pub mod a {".repeat(depth), "}".repeat(depth));
    judged(&format!("kettle{}::boil();", "::a".repeat(depth)), Some("kettle::b();"), Language::Rust, &rust(&modules));
    let many = (0..6_000).map(|at| format!("a{at}, ")).collect::<String>();
    let text = format!(
        "pub use inner::{{ {many} }}; mod inner {{ {} }}",
        (0..6_000).map(|at| format!("pub fn a{at}() {{}} ")).collect::<String>()
    );
    judged("kettle::a5999();", None, Language::Rust, &rust(&text));
    let deep = format!("class A:\n  def f(self):\n    x = {}(self.lid := 1){}\n", "[".repeat(300), "]".repeat(300));
    judged("import kettle\nkettle.A().lid\n", None, Language::Python, &python(&[("kettle/__init__.py", &deep)]));
}

#[test]
fn answers_end_and_so_does_the_search_for_what_was_meant() {
    let names = (0..5_000).map(|at| format!("def brew{at}(): ...\n")).collect::<String>();
    let kettle = Reach::new(vec![Arc::new(Indexed::new(package(Ecosystem::PyPi, &[("kettle/__init__.py", &names)])))]);
    let code = format!("import kettle\n{}", (0..20_000).map(|at| format!("kettle.brwe{at}\n")).collect::<String>());
    let checked = check(&code, Language::Python, &kettle);
    assert_eq!(checked.len(), 5_000);
    assert!(!checked[1].near.is_empty());
    assert!(checked[4_999].near.is_empty());
}
