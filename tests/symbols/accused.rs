//! Right code that was accused once, and beside it wrong code that still is: without that an answer which says nothing would pass.

use super::defects::{judged, python, rust};
use super::{
    Arc, Dependency, Ecosystem, Home, Indexed, Language, Package, PackageId, Reach, Reader, Verdict, check, check_at, package, reach,
};

/// Each right snippet, and the wrong one that it is told from.
#[track_caller]
fn all(snippets: &[(&str, &str)], language: Language, reach: &Reach) {
    for (right, wrong) in snippets {
        judged(right, Some(wrong), language, reach);
    }
}

#[test]
fn values_of_pythons_own_library_have_what_it_gives_them() {
    let kettle = python(&[("kettle/__init__.py", "class Store:\n  def get(self, of): ...\n")]);
    for right in [
        "read_text()",
        "most_common(3)",
        "namelist()",
        "setLevel(1)",
        "add_argument('x')",
        "assert_called_once_with()",
        "_asdict()",
        "walk()",
    ] {
        let right = format!("import kettle\nkettle.Store().get(1).{right}\n");
        judged(&right, Some("import kettle\nkettle.Store().get(1).read_txet()\n"), Language::Python, &kettle);
    }
}

#[test]
fn what_was_put_into_a_package_of_python_may_come_out() {
    let kettle = python(&[("kettle/__init__.py", "class Store:\n  def get(self, of): ...\n")]);
    let own = "u = kettle.Store().get(User)\nu.full_name()\n";
    for import in ["from .models import User\n", "from models import User\n"] {
        let right = format!("import kettle\n{import}{own}");
        // What is known of a class itself is known all the same.
        judged(&right, Some(&format!("{right}kettle.Store().gte(1)\n")), Language::Python, &kettle);
    }
    judged("import kettle\n", Some(&format!("import kettle\nfrom pathlib import Path as User\n{own}")), Language::Python, &kettle);
}

#[test]
fn what_code_gives_itself_or_asks_for_first_is_there() {
    let text = "class Kettle:\n  def __init__(self, to): ...\n  def heat(self): ...\nclass Pot: ...\nboil = 1\n";
    let kettle = python(&[("kettle/__init__.py", text)]);
    all(
        &[
            ("import kettle\nk = kettle.Kettle(1)\nk.extra = 3\nprint(k.extra)\n", "import kettle\nk = kettle.Kettle(1)\nprint(k.extra)\n"),
            ("import kettle\nk = kettle.Kettle(1)\nk.a, k.b = 1, 2\nk.a\n", "import kettle\nk = kettle.Kettle(1)\nk.a\n"),
            ("import kettle\nkettle.NEW = 1\nkettle.NEW\n", "import kettle\nkettle.NEW\n"),
            ("import kettle\nkettle.boil = Mock()\nkettle.boil.assert_any_call(1)\n", "import kettle\nkettle.brew.assert_any_call(1)\n"),
            ("import kettle\nkettle.V if hasattr(kettle, 'V') else None\n", "import kettle\nkettle.V if kettle.boil else None\n"),
            ("import kettle\nif not hasattr(kettle, 'warm'):\n  raise SystemExit\nkettle.warm()\n", "import kettle\nkettle.warm()\n"),
            (
                "import kettle\nassert 'warm' in dir(kettle)\nkettle.warm()\n",
                "import kettle\nassert 'warm' in kettle.boil\nkettle.warm()\n",
            ),
            ("import kettle\nmonkeypatch.setattr(kettle, 'x', 1)\nkettle.x\n", "import kettle\nprint('x')\nkettle.x\n"),
            ("import kettle\nwith patch('kettle.x') as p:\n  kettle.x\n", "import kettle\nwith kettle.boil as p:\n  kettle.x\n"),
            (
                "import kettle\nmatch k:\n  case Point(x=kettle):\n    kettle.whatever\n",
                "import kettle\nmatch k:\n  case kettle.Pot(x=1):\n    kettle.whatever\n",
            ),
            (
                "import kettle\nmatch k:\n  case [1, *kettle]:\n    kettle.whatever\n",
                "import kettle\nmatch k:\n  case [1, *k]:\n    kettle.whatever\n",
            ),
            (
                "import kettle\nmatch k:\n  case 1 as kettle:\n    kettle.whatever\n",
                "import kettle\nmatch k:\n  case 1 as k:\n    kettle.whatever\n",
            ),
        ],
        Language::Python,
        &kettle,
    );
}

#[test]
fn one_of_two_branches_may_be_for_another_version() {
    let kettle = python(&[("kettle/__init__.py", "def boil(to=1): ...\n")]);
    all(
        &[
            (
                "try:\n  from kettle import boil\nexcept ImportError:\n  from kettle import old_boil\n",
                "try:\n  x = 1\nexcept ValueError:\n  from kettle import old_boil\n",
            ),
            (
                "import kettle\ntry:\n  kettle.boil(new=1)\nexcept TypeError:\n  kettle.boil(old=1)\n",
                "import kettle\ntry:\n  kettle.boil(to=1)\nexcept OSError:\n  kettle.boil(old=1)\n",
            ),
            ("import kettle\nif KETTLE_V2:\n  kettle.boil_v2()\n", "import kettle\nif kettle_vast:\n  kettle.boil_v2()\n"),
            ("import kettle\nif PY3:\n  kettle.x\nelse:\n  kettle.y\n", "import kettle\nif x.has_lid():\n  kettle.x\n"),
            ("import kettle\nif NUMPY_VERSION >= (2, 0):\n  kettle.x\n", "import kettle\nif NUMPY >= (2, 0):\n  kettle.x\n"),
            ("import kettle\na = kettle.x if HAS_LID else kettle.y\n", "import kettle\na = kettle.x if lid else kettle.boil\n"),
            (
                "import kettle\nself.assertRaises(AttributeError, lambda: kettle.gone)\n",
                "import kettle\nself.assertTrue(AttributeError, lambda: kettle.gone)\n",
            ),
            ("import kettle\n@pytest.mark.xfail\ndef f():\n  kettle.gone\n", "import kettle\n@pytest.mark.slow\ndef f():\n  kettle.gone\n"),
        ],
        Language::Python,
        &kettle,
    );
}

#[test]
fn modules_have_what_the_interpreter_gives_them() {
    let kettle = python(&[("kettle/__init__.py", "def boil(): ...\n")]);
    let right = "import kettle\nkettle.__file__, kettle.__name__, kettle.__doc__, kettle.__dict__, kettle.__path__, kettle.__spec__\n";
    judged(right, Some("import kettle\nkettle.__version__\n"), Language::Python, &kettle);
}

/// The package itself, seen from a file of it.
#[track_caller]
fn judged_within(files: &[(&str, &str)], right: &str, wrong: &str) {
    let mut reader = Reader::new(PackageId::new(Ecosystem::PyPi, "own", ""), "").from_within();
    files.iter().for_each(|(path, text)| reader.file(path, text.as_bytes()));
    let reach = Reach::new(vec![Arc::new(Indexed::new(reader.finish()))]);
    let home = Home::of(Ecosystem::PyPi, "", "kettle/here.py").unwrap();
    let accused =
        |code: &str| check_at(code, Language::Python, &reach, &home).into_iter().filter(|of| of.verdict == Verdict::DoesNotExist).count();
    assert_eq!((accused(right), accused(wrong)), (0, 1), "{right}{wrong}");
}

#[test]
fn what_is_made_while_building_is_no_file_of_python() {
    let files = [
        ("kettle/__init__.py", ""),
        ("kettle/fast.pyx", "cpdef int f(): ..."),
        ("kettle/proto/__init__.py", ""),
        ("kettle/gas.py", "def burn(): ...\n"),
    ];
    for right in [
        "from ._version import version\n",
        "from .proto.x_pb2 import M\n",
        "from .fast import f\n",
        "from .kettle import K\n",
        "from . import _so\n",
    ] {
        for wrong in ["from .gass import burn\n", "from .gas import brun\n"] {
            judged_within(&files, right, wrong);
        }
    }
}

#[test]
fn names_that_a_package_binds_in_other_ways_are_there() {
    let core = "class Pot: ...\nclass Leaf: ...\nclass Cup: ...\nfor cls in (Pot,):\n  cls.simmer = 1\nLeaf.a, Leaf.b = 1, 2\n\
                def _add(cls):\n  cls.late = 1\n_add(Leaf)\ndef attach(leaf):\n  leaf.extra = 1\nprint(m := 3)\nassert (n := 4)\n\
                match x:\n  case num:\n    inner = 1\n  case Cup(tall=height) | [*rest]:\n    pass\nsetattr(Cup, 'told', 1)\n";
    let kettle = python(&[("kettle/__init__.py", ""), ("kettle/core.py", core)]);
    let begin = "import kettle.core as core\n";
    for right in [
        "core.Pot().simmer",
        "core.Leaf().a",
        "core.Leaf().b",
        "core.Leaf().late",
        "core.Leaf().extra",
        "core.m",
        "core.n",
        "core.num",
        "core.inner",
        "core.height",
        "core.rest",
        "core.Cup().told",
    ] {
        judged(&format!("{begin}{right}\n"), Some(&format!("{begin}core.Leaf().tall\n")), Language::Python, &kettle);
    }
    let other = "class Pot: ...\ndef fill(pot, names):\n  for name in names:\n    setattr(pot, name, 1)\n";
    let kettle = python(&[("kettle/__init__.py", "class Cup: ...\n"), ("kettle/core.py", other)]);
    judged("import kettle.core\nkettle.core.Pot().any\n", Some("import kettle\nkettle.Cup().any\n"), Language::Python, &kettle);
}

#[test]
fn abstract_classes_register_and_paths_of_packages_grow() {
    let text = "from abc import ABC, ABCMeta\nclass Vessel(ABC): ...\nclass Pan(metaclass=ABCMeta):\n  def __init__(self, lid): ...\nclass Cup: ...\n";
    let kettle = python(&[("kettle/__init__.py", text)]);
    let right = "import kettle\nkettle.Vessel.register(int)\nkettle.Pan.register(int)\nkettle.Pan(lid=1)\n";
    for wrong in ["kettle.Cup.register(int)", "kettle.Pan.regsiter(int)", "kettle.Pan(pot=1)"] {
        judged(right, Some(&format!("import kettle\n{wrong}\n")), Language::Python, &kettle);
    }
    // Seen in astropy, whose constants are written into the module by a function of another one.
    let filled = "from .tools import fill, find_current_module\nfill(find_current_module())\n";
    let kettle = python(&[("kettle/__init__.py", ""), ("kettle/units.py", filled), ("kettle/tools.py", "def fill(of): ...\n")]);
    judged("from kettle.units import of\n", Some("from kettle.tools import of\n"), Language::Python, &kettle);
    let grown = "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n";
    let tea = python(&[("tea/__init__.py", ""), ("tea/green/__init__.py", grown), ("tea/black/__init__.py", "")]);
    judged("import tea.green.leafs\n", Some("import tea.black.leafs\n"), Language::Python, &tea);
}

#[test]
fn a_stub_beside_its_module_makes_nothing_less_known() {
    let code = "class T:\n  def __init__(self, a, **more): ...\n  def f(self): ...\ndef make(): ...\n";
    let stub = "class U:\n  def b(self) -> None: ...\nclass T:\n  def __init__(self, a: int) -> None: ...\n  def f(self) -> dict[str, int]: ...\n\
                def make() -> U: ...\n";
    let files = [("tea/__init__.py", ""), ("tea/two.py", code), ("tea/two.pyi", stub)];
    let tea = python(&files);
    let right = "import tea.two\ntea.two.T(1, lid=2).f()\ntea.two.make().b()\n";
    for wrong in ["tea.two.T(1).b", "tea.two.gone", "tea.two.make().gonne()"] {
        judged(right, Some(&format!("import tea.two\n{wrong}\n")), Language::Python, &tea);
    }
    // What two packages say of one root.
    let mut types = Reader::new(PackageId::new(Ecosystem::PyPi, "types-tea", "1"), "tea");
    types.file("tea-stubs/__init__.pyi", b"def pour(to: int) -> None: ...\n");
    let mut runtime = Reader::new(PackageId::new(Ecosystem::PyPi, "tea", "1"), "tea");
    runtime.file("tea/__init__.py", b"def pour(to, fast=False): ...\n");
    let both = Reach::new([types, runtime].map(|reader| Arc::new(Indexed::new(reader.finish()))).to_vec());
    judged("import tea\ntea.pour(1, fast=True)\n", Some("import tea\ntea.pour(1, slow=True)\n"), Language::Python, &both);
}

const KETTLE: &str =
    "pub struct Kettle; impl Kettle { pub fn new() -> Kettle { Kettle } } pub enum Error { Boil } impl Error { pub fn custom() {} }";

#[test]
fn traits_of_the_codes_own_give_methods_and_functions() {
    let kettle = rust(KETTLE);
    let new = "let k = kettle::Kettle::new();";
    for (right, wrong) in [
        (format!("use crate::ext::KettleExt; fn f() {{ {new} k.steam_up(); }}"), format!("fn f() {{ {new} k.steam_up(); }}")),
        (
            format!("mod tests {{ use super::*; fn f() {{ {new} k.own_ext(); }} }}"),
            format!("mod tests {{ fn f() {{ {new} k.own_ext(); }} }}"),
        ),
        (
            "trait Warm { fn warm() -> Self; } impl Warm for kettle::Kettle {} fn f() { kettle::Kettle::warm(); }".to_owned(),
            "trait Warm { fn heat() -> Self; } impl Warm for kettle::Kettle {} fn f() { kettle::Kettle::warm(); }".to_owned(),
        ),
        (
            "use warmers::Warm; fn f() { kettle::Kettle::warm(); }".to_owned(),
            "use std::fmt::Debug; fn f() { kettle::Kettle::warm(); }".to_owned(),
        ),
    ] {
        judged(&right, Some(&wrong), Language::Rust, &kettle);
    }
}

#[test]
fn a_use_in_a_function_is_not_the_name_outside() {
    let kettle = rust(KETTLE);
    let right = "pub enum Error { Parse } fn a() { use kettle::Error; Error::custom(); } fn b() -> Error { Error::Parse }";
    let wrong = "fn a() { use kettle::Error; Error::custom(); } fn b() { Error::Parse }";
    judged(right, Some(wrong), Language::Rust, &kettle);
}

#[test]
fn what_a_prelude_of_ones_own_gives_may_be_of_packages_that_the_code_does_not_name() {
    let judged = |prelude: &str, code: &str, wanted: usize| {
        let mut own = Reader::new(PackageId::new(Ecosystem::Cargo, "app", ""), "app").from_within();
        own.file("src/main.rs", format!("mod prelude; mod more; {code}").as_bytes());
        own.file("src/prelude.rs", prelude.as_bytes());
        own.file("src/more.rs", b"pub use warmers::Warm;");
        let mut kettle = Reader::new(PackageId::new(Ecosystem::Cargo, "kettle", "1"), "kettle");
        kettle.file("src/lib.rs", KETTLE.as_bytes());
        let reach = Reach::new([own, kettle].map(|reader| Arc::new(Indexed::new(reader.finish()))).to_vec());
        let home = Home::of(Ecosystem::Cargo, "app", "src/main.rs").unwrap();
        let checked = check_at(&format!("mod prelude; mod more; {code}"), Language::Rust, &reach, &home);
        let accused: Vec<_> = checked.iter().filter(|of| of.verdict == Verdict::DoesNotExist).map(|of| of.text.as_str()).collect();
        assert_eq!(accused.len(), wanted, "{prelude} {accused:?}");
    };
    let code = "use crate::prelude::*; fn f() { let k = kettle::Kettle::new(); k.warm_up(); kettle::Kettle::make(); }";
    judged("pub use warmers::Warm;", code, 0);
    judged("pub use crate::more::*;", code, 0);
    judged("pub use crate::more::Warm;", code, 0);
    judged("pub fn nothing() {}", code, 2);
}

#[test]
fn derives_are_names_of_their_crates() {
    let text = "#[proc_macro_derive(Boil, attributes(boil))] pub fn derive_boil(of: TokenStream) -> TokenStream { of }";
    judged("use kettle::Boil;", Some("use kettle::Broil;"), Language::Rust, &rust(text));
}

#[test]
fn impl_blocks_count_wherever_they_stand() {
    let text = "pub struct Stove; pub struct Made; pub struct Pan; pub struct Kettle; pub struct Lid; pub type Cup = Kettle; \
                const _: () = { impl Stove { pub fn in_const() {} } }; \
                fn _x() { impl Made { pub fn in_fn() {} } } \
                #[some::extended] impl Pan {} #[some::bridge] pub mod ffi {} pub mod plain {} \
                impl Cup { pub fn sip(&self) {} } mod other { #[some::extended] impl super::Lid {} }";
    let out_of_reach = Dependency { root: "some".into(), id: PackageId::new(Ecosystem::Cargo, "some", "1"), optional: false };
    let mut reader = Reader::new(PackageId::new(Ecosystem::Cargo, "kettle", "1"), "kettle").dependencies(vec![out_of_reach]);
    reader.file("src/lib.rs", text.as_bytes());
    let kettle = reach(reader.finish());
    all(
        &[
            ("kettle::Stove::in_const();", "kettle::Stove::in_cnst();"),
            ("kettle::Made::in_fn();", "kettle::Made::in_const();"),
            ("kettle::Pan::extended();", "kettle::Stove::extended();"),
            ("kettle::Lid::extended();", "kettle::Made::extended();"),
            ("kettle::ffi::made();", "kettle::plain::made();"),
            ("kettle::Kettle::sip(&k);", "kettle::Kettle::slurp(&k);"),
        ],
        Language::Rust,
        &kettle,
    );
}

#[test]
fn a_derive_that_makes_names_of_names_leaves_its_users_open() {
    let with = |derive: &str| {
        let mut inner = Reader::new(PackageId::new(Ecosystem::Cargo, "inner", "1"), "inner");
        inner.file("src/lib.rs", derive.as_bytes());
        let dependency = Dependency { root: "inner".into(), id: PackageId::new(Ecosystem::Cargo, "inner", "1"), optional: false };
        let mut kinds = Reader::new(PackageId::new(Ecosystem::Cargo, "kinds", "1"), "kinds").dependencies(vec![dependency]);
        kinds.file("src/lib.rs", b"#[derive(Inner)] pub enum Kind { Cold } pub fn kind() -> Kind { Kind::Cold }");
        Reach::new([inner, kinds].map(|reader| Arc::new(Indexed::new(reader.finish()))).to_vec())
    };
    let code = "fn f() { kinds::kind().as_cold(); }";
    for right in ["Ident::new(&format!(\"as_{}\", lower), span)", "syn::Ident::new(&name.to_snake_case(), span)"] {
        judged(code, None, Language::Rust, &with(&format!("fn name() {{ {right} }}")));
    }
    for wrong in ["Ident::new(&format!(\"__field{}\", at), span)", "Ident::new(\"as\", span); panic!(format!(\"no {} here\", at))"] {
        judged("", Some(code), Language::Rust, &with(&format!("fn name() {{ {wrong} }}")));
    }
}

fn npm(name: &str, files: &[(&str, &str)]) -> Package {
    let mut reader = Reader::new(PackageId::new(Ecosystem::Npm, name, "1.0.0"), name);
    files.iter().for_each(|(path, text)| reader.file(path, text.as_bytes()));
    reader.finish()
}

#[test]
fn generics_of_a_functions_type_are_no_interfaces() {
    let text = "export interface State { a: number } export declare const useIt: <State>(x: State) => State;\n\
                export interface Store { get: <State>() => State; own: () => State }\nexport declare const store: Store;";
    let kettle = reach(package(Ecosystem::Npm, &[("index.d.ts", text)]));
    let right = "import { useIt, store } from 'kettle';\nuseIt(q).b; store.get().b; store.own().a;";
    judged(right, Some("import { store } from 'kettle';\nstore.own().b;"), Language::TypeScript, &kettle);
}

#[test]
fn classes_have_what_stands_at_the_classes_of_the_language_that_they_are_made_from() {
    let text =
        "export declare class Oops extends Error {} export declare class Task extends Promise<string> {} export declare class Cup {}";
    let kettle = reach(package(Ecosystem::Npm, &[("index.d.ts", text)]));
    let right = "import { Oops, Task } from 'kettle';\nOops.captureStackTrace(x); Task.resolve(1); Task.allSettled([]);";
    for wrong in ["import { Cup } from 'kettle';\nCup.resolve(1);", "import { Task } from 'kettle';\nTask.resolv(1);"] {
        judged(right, Some(wrong), Language::TypeScript, &kettle);
    }
}

#[test]
fn what_a_project_or_another_package_adds_to_a_type_is_there() {
    let fastish = npm(
        "fastish",
        &[(
            "index.d.ts",
            "export interface App { listen(): void }\ndeclare global { namespace Fast { interface Open {} interface Full { a: 1 } } }\nexport interface Request extends Fast.Open {} export interface Reply extends Fast.Full {}",
        )],
    );
    let jwt = npm(
        "@fastish/jwt",
        &[("index.d.ts", "declare module 'fastish' { interface App { jwt: Jwt } interface Jwt { sign(x: string): string } }\nexport {};")],
    );
    let mut own = Reader::new(PackageId::new(Ecosystem::Npm, "the project itself", ""), "the project itself").from_within();
    own.file(
        "plugins/prisma.ts",
        b"import 'fastish';\ndeclare module 'fastish' { interface App { prisma: { find(): void } } }\nexport const x = 1;",
    );
    let reach = Reach::new([fastish, jwt, own.finish()].map(|package| Arc::new(Indexed::new(package))).to_vec());
    let code = |body: &str| {
        format!("import {{ App, Request, Reply }} from 'fastish';\nfunction f(app: App, req: Request, reply: Reply) {{ {body} }}")
    };
    let right = code("app.listen(); app.jwt.sign('x'); app.prisma.find(); req.currentUser; reply.a;");
    for wrong in ["app.prsma;", "app.jwt.sing('x');", "reply.currentUser;"] {
        judged(&right, Some(&code(wrong)), Language::TypeScript, &reach);
    }
    let found = check(&right, Language::TypeScript, &reach).iter().filter(|of| of.verdict == Verdict::Exists).count();
    assert_eq!(found, 10, "what is added exists");
}
