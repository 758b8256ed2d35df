//! Wide and repeated source: eight times as much of it may cost about eight times as much. Another shape is one line of a table.

use std::time::Duration;

use super::{Arc, Ecosystem, Indexed, Language, PackageId, Reach, Reader, check};

/// A name, and a text of so many parts.
type Shape = (&'static str, fn(usize) -> String);

fn each(times: usize, part: impl Fn(usize) -> String) -> String {
    (0..times).map(part).collect()
}

const PYTHON: &[Shape] = &[
    ("functions", |n| each(n, |i| format!("def f{i}(a, b=1): ...\n"))),
    ("what methods set", |n| format!("class A:\n{}", each(n, |i| format!("  def f{i}(self):\n    self.a{i} = 1\n")))),
    ("what one method sets", |n| format!("class A:\n def f(self):\n{}", each(n, |i| format!("  self.a{i} = 1\n")))),
    ("names listed one by one", |n| each(n, |i| format!("__all__ += ['f{i}']\ndef f{i}(): ...\n"))),
    ("names bound at once", |n| format!("{} = x\n", each(n, |i| format!("a{i},")))),
    ("one value for many names", |n| format!("{}1\n", each(n, |i| format!("a{i} = ")))),
    ("bases", |n| format!("class A({}B): ...\n", each(n, |i| format!("b{i}, ")))),
    ("separators of parameters", |n| format!("def f({}): ...\n", each(n, |i| format!("a{i}, /, ")))),
    ("names given on", |n| format!("from x import {}a\n", each(n, |i| format!("a{i}, ")))),
    ("conditions beside each other", |n| format!("if a: b = 1\n{}", each(n, |i| format!("elif a{i}: b{i} = 1\n")))),
    ("attributes set elsewhere", |n| format!("from .b import A\n{}", each(n, |i| format!("A.a{i} = 1\nsetattr(A, x{i}, 1)\n")))),
];

const RUST: &[Shape] = &[
    ("documented functions", |n| each(n, |i| format!("/// Says.\n#[inline]\npub fn f{i}() {{}}\n"))),
    ("attributes of one function", |n| format!("{}pub fn f() {{}}\n", "#[inline]\n".repeat(n))),
    ("remarks", |n| format!("{}pub fn f() {{}}\n", "// x\n\n".repeat(n))),
    ("variants", |n| format!("pub enum E {{ {} }}\n", each(n, |i| format!("/// Says.\n A{i},\n")))),
    ("fields", |n| format!("pub struct S {{ {} }}\n", each(n, |i| format!("/// Says.\n pub a{i}: u8,\n")))),
    ("methods", |n| format!("pub struct S; impl S {{ {} }}\n", each(n, |i| format!("/// Says.\n pub fn f{i}(&self) {{}}\n")))),
    ("traits of one type", |n| format!("pub struct S; mod m {{ {} }}\n", each(n, |i| format!("impl T{i} for super::S {{}}\n")))),
    ("traits in other modules", |n| {
        format!("pub struct S; mod m {{ use super::S; {} }}\n", each(n, |i| format!("impl T{i} for S {{}}\n")))
    }),
    ("lists of use", |n| format!("pub use a::{{ {} }};\n", each(n, |i| format!("a{i},")))),
    ("uses", |n| each(n, |i| format!("pub use a::b{i};\n"))),
    ("macros", |n| each(n, |i| format!("made! {{ pub fn f{i}() {{}} }}\n"))),
    ("passing macros", |n| {
        let definitions = each(n, |i| format!("macro_rules! m{i} {{ ($($i:item)*) => {{ $($i)* }} }}\n"));
        format!("{definitions}{}", each(n, |i| format!("m{i}! {{ pub fn f{i}() {{}} }}\n")))
    }),
    ("tables", |n| format!("pub static A: &[u8] = &[{}];\n", "1, \"a\", [2, 'b'], ".repeat(20 * n))),
    ("tables that are none", |n| format!("pub static A: &[u8] = &{};\n", "[1, [2, ".repeat(20 * n))),
    ("one name many times", |n| format!("pub struct S;\n{}", "impl S { pub fn new() {} }\n".repeat(n))),
];

const SCRIPT: &[Shape] = &[
    ("documented functions", |n| each(n, |i| format!("/** Says. */\nexport function f{i}(a, b) {{}}\n"))),
    ("members", |n| format!("export class A {{ {} }}\n", each(n, |i| format!("/** Says. */\n f{i}() {{}}\n")))),
    ("names exported at the end", |n| {
        format!("{}export {{ {} }};\n", each(n, |i| format!("let a{i};\n")), each(n, |i| format!("a{i} as b{i},")))
    }),
    ("one name exported often", |n| format!("let a;\nexport {{ {} }};\n", each(n, |i| format!("a as b{i},")))),
    ("assignments", |n| each(n, |i| format!("exports.a{i} = function () {{}};\n"))),
    ("names of one pattern", |n| format!("export const {{ {} }} = a;\n", each(n, |i| format!("a{i},")))),
    ("remarks", |n| format!("{}export function f() {{}}\n", "// x\n".repeat(n))),
    ("directions of generics", |n| each(n, |i| format!("export interface A{i}<in out T, out U> {{}}\n"))),
    ("statements that are not understood", |n| each(n, |i| format!("export const a{i}: ?%& B = 1;\n"))),
    ("imported types", |n| each(n, |i| format!("export declare const a{i}: import(\"./a{i}.js\").A;\n"))),
];

const GO: &[Shape] = &[
    ("documented functions", |n| format!("package a\n{}", each(n, |i| format!("// Says.\nfunc F{i}() {{}}\n")))),
    ("a group", |n| format!("package a\nconst (\n{})\n", each(n, |i| format!("// Says.\nA{i} = 1\n")))),
    ("names of one line", |n| format!("package a\nvar {}B int\n", each(n, |i| format!("A{i}, ")))),
    ("fields", |n| format!("package a\ntype S struct {{\n{}}}\n", each(n, |i| format!("A{i} int // says\n")))),
    ("methods", |n| format!("package a\n{}", each(n, |i| format!("func (s *S) F{i}() {{}}\n")))),
];

const JAVA: &[Shape] = &[
    ("methods", |n| format!("package a; public class A {{ {} }}\n", each(n, |i| format!("/** Says. */\n public void f{i}() {{}}\n")))),
    ("fields of one line", |n| format!("package a; public class A {{ int {}b; }}\n", each(n, |i| format!("a{i}, ")))),
    ("classes", |n| format!("package a;\n{}", each(n, |i| format!("class A{i} {{}}\n")))),
];

const C: &[Shape] = &[
    ("documented functions", |n| each(n, |i| format!("/** Says. */\nint f{i}(int a);\n"))),
    ("macros", |n| each(n, |i| format!("/* Says. */\n#define A{i} 1\n"))),
    ("variables of one line", |n| format!("int {}b;\n", each(n, |i| format!("a{i}, ")))),
    ("values", |n| format!("enum e {{ {} }};\n", each(n, |i| format!("A{i}, ")))),
    ("conditions", |n| each(n, |i| format!("#ifdef A{i}\nint f{i}(void);\n#endif\n"))),
    ("stars", |n| format!("int {}a;\n", "*".repeat(n))),
];

const PYTHON_USED: &[Shape] = &[
    ("calls", |n| format!("import kettle\n{}", "kettle.boil(1)\n".repeat(n))),
    ("calls that speak of errors", |n| format!("import kettle\n{}", "kettle.boyl(1) # error\n".repeat(n))),
    ("prompts with errors", |n| format!(">>> import kettle\n{}", ">>> kettle.boyl(1)\nError\n".repeat(n))),
    ("calls in a with", |n| format!("import kettle\nwith a:\n{}", " kettle.boil(1)\n".repeat(n))),
    ("names that are not there", |n| format!("import kettle\n{}", each(n, |i| format!("kettle.boyl{i}\n")))),
    ("imports", |n| format!("{}{}", "import kettle\n".repeat(n), "kettle.boil(1)\n".repeat(n))),
    ("attributes bound at once", |n| format!("import kettle\n{} = 1\n", "kettle.boil,".repeat(n))),
    ("attributes in a list", |n| format!("import kettle\na = [{}]\n", "kettle.boil,".repeat(n))),
    ("parameters", |n| format!("import kettle\ndef f({}): kettle.boil(1)\n", each(n, |i| format!("a{i}=b, ")))),
    ("arguments", |n| format!("import kettle\nkettle.boil({})\n", each(n, |i| format!("a{i}=b, ")))),
    ("names bound again", |n| format!("import kettle\n{}", "a = kettle\na.boil(1)\n".repeat(n))),
];

const RUST_USED: &[Shape] = &[
    ("paths", |n| format!("fn main() {{ {} }}\n", "kettle::boil();\n".repeat(n))),
    ("paths in a list", |n| format!("fn main() {{ let a = [{}]; }}\n", "kettle::boil(), ".repeat(n))),
    ("names of one use", |n| format!("use kettle::{{ {} }};\n", "boil, ".repeat(n))),
    ("uses", |n| format!("{}fn main() {{ {} }}\n", "use kettle::Kettle;\n".repeat(n), "Kettle::new();\n".repeat(n))),
    ("stars", |n| format!("{}fn main() {{ {} }}\n", "use kettle::*;\n".repeat(n), each(n, |i| format!("Kettle::new{i}();\n")))),
    ("methods", |n| format!("fn main() {{ let k = kettle::Kettle::new(); {} }}\n", "k.boil();\n".repeat(n))),
    ("names that are not there", |n| format!("fn main() {{ {} }}\n", each(n, |i| format!("kettle::boyl{i}();\n")))),
    ("hidden lines", |n| "# use kettle::Kettle;\n".repeat(n)),
    ("methods that are not there", |n| {
        format!("use kettle::Kettle; fn main() {{ let k = Kettle::new(); {} }}\n", each(n, |i| format!("k.boyl{i}();\n")))
    }),
];

fn package(ecosystem: Ecosystem, path: &str, text: &str) -> Indexed {
    let mut reader = Reader::new(PackageId::new(ecosystem, "kettle", "1"), "kettle");
    reader.file(path, text.as_bytes());
    Indexed::new(reader.finish())
}

#[test]
fn reading_is_linear() {
    let python = |text: &str| drop(package(Ecosystem::PyPi, "kettle/__init__.py", text));
    let rust = |text: &str| drop(package(Ecosystem::Cargo, "src/lib.rs", text));
    all(PYTHON, 400, python);
    all(RUST, 300, rust);
    all(SCRIPT, 400, |text| drop(package(Ecosystem::Npm, "index.js", text)));
    all(SCRIPT, 400, |text| drop(package(Ecosystem::Npm, "index.ts", text)));
    all(SCRIPT, 400, |text| drop(package(Ecosystem::Npm, "index.d.ts", text)));
    all(GO, 400, |text| drop(package(Ecosystem::Go, "a.go", text)));
    all(JAVA, 400, |text| drop(package(Ecosystem::Maven, "A.java", text)));
    all(C, 400, |text| drop(package(Ecosystem::C, "a.h", text)));
    all(C, 400, |text| drop(package(Ecosystem::C, "a.hpp", text)));
}

/// Fewer than are answered, so that nothing is saved by stopping.
#[test]
fn checking_is_linear() {
    let names = each(300, |i| format!("def brew{i}(): ...\n"));
    let text = format!("def boil(to): ...\n{names}");
    let python = Reach::new(vec![Arc::new(package(Ecosystem::PyPi, "kettle/__init__.py", &text))]);
    let text = "pub fn boil() {} pub struct Kettle; impl Kettle { pub fn new() -> Self { Kettle } pub fn boil(&self) {} }";
    let rust = Reach::new(vec![Arc::new(package(Ecosystem::Cargo, "src/lib.rs", text))]);
    all(PYTHON_USED, 600, |text| drop(check(text, Language::Python, &python)));
    all(RUST_USED, 600, |text| drop(check(text, Language::Rust, &rust)));
}

/// That the measure can fail.
#[test]
fn what_is_quadratic_is_found() {
    let shape: Shape = ("a square", |n| "x".repeat(n));
    let square = |text: &str| {
        let places = (0..text.len()).flat_map(|at| (0..text.len()).map(move |other| std::hint::black_box(at ^ other)));
        assert!(places.sum::<usize>() > 0);
    };
    assert!(grows(&shape, 1_000, square).is_some());
}

fn all(shapes: &[Shape], parts: usize, work: impl Fn(&str)) {
    let only = std::env::var("GROWTH").unwrap_or_default();
    let shapes = shapes.iter().filter(|(name, _)| name.contains(&only));
    let wrong: Vec<String> = shapes.filter_map(|shape| grows(shape, parts, &work)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a shape costs, where that is more than in proportion to its length: a line has 8 times as much, a square 64.
fn grows((name, make): &Shape, parts: usize, work: impl Fn(&str)) -> Option<String> {
    let (text, longer) = (make(parts), make(8 * parts));
    let most = 20.0 * longer.len() as f64 / text.len() as f64 / 8.0;
    // Beside other work even processor time is now more, now less: the least of several is what it costs.
    let cost = |text: &str| (0..3).map(|_| spent(|| work(text))).min().expect("there are some");
    let (first, further) = (cost(&text).max(Duration::from_micros(300)), cost(&longer));
    (further > first.mul_f64(most)).then(|| format!("{name}: {first:?} for {} bytes, {further:?} for {}", text.len(), longer.len()))
}

fn spent(work: impl FnOnce()) -> Duration {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
    };
    let begun = now();
    work();
    now() - begun
}
