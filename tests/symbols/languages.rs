//! What the source of each other language gives: names, kinds, signatures, documentation, what is for others.

use super::{Ecosystem, Kind, PackageId, Reader};
use smolcrawl::symbols::{Indexed, Package, Reason, Symbol};

fn read(ecosystem: Ecosystem, name: &str, files: &[(&str, &str)]) -> Package {
    let mut reader = Reader::new(PackageId::new(ecosystem, name, "1.2.0"), name);
    files.iter().for_each(|(path, text)| reader.file(path, text.as_bytes()));
    reader.finish()
}

fn at<'p>(package: &'p Package, path: &str) -> &'p Symbol {
    let all = || package.symbols.iter().map(|symbol| symbol.path.as_str()).collect::<Vec<_>>().join("\n");
    package.symbols.iter().find(|symbol| symbol.path == path).unwrap_or_else(|| panic!("no {path} in\n{}", all()))
}

/// Path, kind and signature of what is for others, in the order of the text.
fn public(package: &Package) -> Vec<(String, Kind, String)> {
    let all = package.symbols.iter().filter(|symbol| !symbol.private && symbol.kind != Kind::Module);
    all.map(|symbol| (symbol.path.clone(), symbol.kind, symbol.signature.clone())).collect()
}

#[test]
fn declarations_of_typescript_are_read() {
    let text = r#"
/**
 * Boils. And sings.
 * @deprecated use {@link brew}
 */
export declare function boil<T>(to: string, by?: number): Promise<T>;
export declare function boil(to: number): void;
export declare class Kettle<T> extends Vessel<T> implements Lid {
    /** Full of water. */
    constructor(litres: number);
    private static secret: string;
    #own: number;
    get poured(): number;
    pour(into: Cup): this;
}
export interface Cup extends Vessel { size: number; lift?(by: Hand): void; [rest: string]: unknown }
export type Size = { small: 1 } | Big;
export type Shape = { round: boolean };
export declare const enum Tea { Green = 1, Black }
export declare const LITRES: number;
declare namespace inner.most { const k: string; }
declare module "kettle/extra" { export function more(): void; }
declare module "*.svg" { const url: string; }
export { boil as heat } from "./other";
export * from "../shared";
"#;
    let package = read(Ecosystem::Npm, "kettle", &[("lib/index.d.ts", text), ("package.json", r#"{"types": "./lib/index.d.ts"}"#)]);
    let found = public(&package);
    let names: Vec<String> = found.iter().map(|(path, kind, _)| format!("{} {path}", kind.name())).collect();
    assert_eq!(
        names,
        [
            "function kettle#boil",
            "function kettle#boil",
            "class kettle#Kettle",
            "constructor kettle#Kettle#constructor",
            "property kettle#Kettle#poured",
            "method kettle#Kettle#pour",
            "interface kettle#Cup",
            "property kettle#Cup#size",
            "method kettle#Cup#lift",
            "type kettle#Size",
            "type kettle#Shape",
            "property kettle#Shape#round",
            "enum kettle#Tea",
            "variant kettle#Tea#Green",
            "variant kettle#Tea#Black",
            "constant kettle#LITRES",
            "constant kettle#inner#most#k",
            "function kettle/extra#more",
        ]
    );
    let boil = at(&package, "kettle#boil");
    assert_eq!((boil.summary().as_str(), boil.line, boil.file.as_str()), ("Boils.", 6, "lib/index.d.ts"));
    assert_eq!(boil.signature, "function boil<T>(to: string, by?: number): Promise<T>");
    assert_eq!(boil.deprecated.as_deref(), Some("use {@link brew}"));
    let kettle = at(&package, "kettle#Kettle");
    assert_eq!(
        (kettle.signature.as_str(), kettle.bases.join(" ")),
        ("class Kettle<T> extends Vessel<T> implements Lid", "Vessel".to_owned())
    );
    assert_eq!(at(&package, "kettle#Kettle#constructor").doc, "Full of water.");
    assert!(at(&package, "kettle#Kettle#secret").private && at(&package, "kettle#Kettle#own").private);
    assert!(package.open.iter().any(|open| open.path == "kettle#Cup" && open.reason == Reason::Dynamic));
    let given: Vec<_> = package.reexports.iter().map(|given| format!("{} {} {}", given.scope, given.name, given.target)).collect();
    assert_eq!(given, ["kettle heat kettle/lib/other", "kettle * kettle/shared"]);
}

#[test]
fn a_module_that_is_a_namespace_has_its_names() {
    let text = "export = React;\nexport as namespace React;\ndeclare namespace React {\n /** Keeps. */\n function useState<S>(): S;\n}\n";
    let package = read(Ecosystem::Npm, "@types/react", &[("index.d.ts", text)]);
    assert_eq!(at(&package, "react#useState").summary(), "Keeps.", "as code names it");
    assert!(!at(&package, "react#useState").private);
    assert_eq!(public(&read(Ecosystem::Npm, "@types/a__b", &[("index.d.ts", "export const c: 1;")]))[0].0, "@a/b#c");
}

#[test]
fn only_what_javascript_exports_is_public() {
    let text = "
/** Pours. */
function pour(cup) { return cup }
function hidden() {}
const brew = (tea, ...rest) => tea;
class Pot { fill(litres) {} static of() { return new Pot() } }
Pot.prototype.empty = function () {};
export { brew, Pot as Kettle };
export default pour;
";
    let package = read(Ecosystem::Npm, "kettle", &[("index.js", text)]);
    let names: Vec<String> = public(&package).into_iter().map(|(path, _, signature)| format!("{path} {signature}")).collect();
    assert_eq!(
        names,
        [
            "kettle#pour function pour(cup)",
            "kettle#brew const brew = (tea, ...rest) =>",
            "kettle#Pot class Pot",
            "kettle#Pot#fill fill(litres)",
            "kettle#Pot#of static of()",
            "kettle#Pot#empty Pot.prototype.empty = function ()",
        ]
    );
    let given: Vec<String> = Indexed::new(package.clone()).given_names().map(|of| format!("{} {}", of.path, of.signature)).collect();
    assert_eq!(given, ["kettle#Kettle class Pot"]);
    assert!(at(&package, "kettle#hidden").private);
    let text = "function one() {}\nmodule.exports = { one, two: 2, three() {} };\nexports.four = function (a) {};\nmodule.exports.five = 5;\nthis.six = 6;\n";
    let names = public(&read(Ecosystem::Npm, "kettle", &[("lib/tea.cjs", text)]));
    let names: Vec<&str> = names.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(names, ["kettle/lib/tea#one", "kettle/lib/tea#two", "kettle/lib/tea#three", "kettle/lib/tea#four", "kettle/lib/tea#five"]);
}

#[test]
fn packages_of_go_are_folders() {
    let text = "// Package tea brews.\npackage tea\n
import \"io\"

// Brew does.
//
// Deprecated: use Steep.
func Brew(leaves []Leaf) (cup *Cup, err error) { return nil, nil }
func hidden() {}
// Pour empties.
func (c *Cup[T]) Pour(into io.Writer) error { return nil }
func (c Cup[T]) drink() {}
type (
\t// Cup holds.
\tCup[T any] struct {
\t\tSize, depth int // of one
\t\tio.Reader
\t}
\t// Lid closes.
\tLid interface { Close(force bool) error; io.Closer }
)
// Hot is.
const Hot = 100
const (
\tGreen = iota
\tBlack
)
var (
\tDefault = 1
)
";
    let files =
        [("tea/brew.go", text), ("tea/more_test.go", "package tea\nfunc Test() {}"), ("cmd/main.go", "package main\nfunc Run() {}")];
    let package = read(Ecosystem::Go, "example.test/kettle", &files);
    let names: Vec<String> = public(&package).into_iter().map(|(path, kind, _)| format!("{} {path}", kind.name())).collect();
    let wanted = [
        "function example.test/kettle/tea.Brew",
        "method example.test/kettle/tea.Cup.Pour",
        "struct example.test/kettle/tea.Cup",
        "field example.test/kettle/tea.Cup.Size",
        "interface example.test/kettle/tea.Lid",
        "method example.test/kettle/tea.Lid.Close",
        "constant example.test/kettle/tea.Hot",
        "constant example.test/kettle/tea.Green",
        "constant example.test/kettle/tea.Black",
        "variable example.test/kettle/tea.Default",
    ];
    assert_eq!(names, wanted);
    let brew = at(&package, "example.test/kettle/tea.Brew");
    assert_eq!(
        (brew.signature.as_str(), brew.deprecated.as_deref()),
        ("func Brew(leaves []Leaf) (cup *Cup, err error)", Some("use Steep."))
    );
    assert_eq!(at(&package, "example.test/kettle/tea").summary(), "Package tea brews.");
    assert_eq!(at(&package, "example.test/kettle/tea.Hot").doc, "Hot is.");
    let cup = at(&package, "example.test/kettle/tea.Cup");
    assert_eq!((cup.signature.as_str(), cup.doc.as_str(), cup.bases[0].as_str()), ("type Cup[T any] struct", "Cup holds.", "io.Reader"));
    let internal = read(Ecosystem::Go, "example.test/kettle", &[("internal/a.go", "package internal\nfunc A() {}")]);
    assert!(internal.symbols.iter().all(|symbol| symbol.private), "other modules cannot reach it");
}

#[test]
fn types_of_java_hold_what_is_said_of_them() {
    let text = "package org.kettle;
/** Boils water. {@code x} */
@Deprecated
public abstract class Kettle<T> extends Vessel implements Lid, Cup<T> {
  /** In litres. */ public static final int SIZE = 1, MOST = 2;
  int hidden;
  /** Of a size. */ protected Kettle(int size) {}
  /** Pours. */ public <R> R pour(String into, int... times) throws Spilled { return null; }
  public interface Handle { void lift(); int ANGLE = 1; private void grip() {} }
  public enum Tea { GREEN, BLACK { void x() {} }; public void brew() {} }
  public record Cup2(int size, String name) {}
  class Inner { public void unreachable() {} }
}
";
    let package = read(Ecosystem::Maven, "org.kettle:kettle", &[("org/kettle/Kettle.java", text)]);
    let names: Vec<String> = public(&package).into_iter().map(|(path, kind, _)| format!("{} {path}", kind.name())).collect();
    let wanted = [
        "class org.kettle.Kettle",
        "constant org.kettle.Kettle.SIZE",
        "constant org.kettle.Kettle.MOST",
        "constructor org.kettle.Kettle.Kettle",
        "method org.kettle.Kettle.pour",
        "interface org.kettle.Kettle.Handle",
        "method org.kettle.Kettle.Handle.lift",
        "constant org.kettle.Kettle.Handle.ANGLE",
        "enum org.kettle.Kettle.Tea",
        "variant org.kettle.Kettle.Tea.GREEN",
        "variant org.kettle.Kettle.Tea.BLACK",
        "method org.kettle.Kettle.Tea.brew",
        "class org.kettle.Kettle.Cup2",
        "method org.kettle.Kettle.Cup2.size",
        "method org.kettle.Kettle.Cup2.name",
    ];
    assert_eq!(names, wanted);
    let kettle = at(&package, "org.kettle.Kettle");
    assert_eq!((kettle.doc.as_str(), kettle.deprecated.as_deref()), ("Boils water. {@code x}", Some("")));
    assert_eq!(kettle.bases, ["Vessel", "Lid", "Cup"]);
    let pour = at(&package, "org.kettle.Kettle.pour");
    assert_eq!((pour.signature.as_str(), pour.doc.as_str()), ("public <R> R pour(String into, int... times) throws Spilled", "Pours."));
}

#[test]
fn headers_of_c_give_functions_types_and_macros() {
    let text = "#ifndef KETTLE_H
#define KETTLE_H
#define KETTLE_VERSION \"1\"
/** The larger. */
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#ifdef __cplusplus
extern \"C\" {
#endif
/* Boils. */
int kettle_boil(struct kettle *k, int to);
char *kettle_name(void);
typedef struct kettle { int litres, most; } kettle_t;
typedef int (*on_boil)(void *);
enum tea { GREEN, BLACK = 2 };
static int hidden(void) { return 1; }
extern int kettle_count;
#ifdef __cplusplus
}
#endif
#endif
";
    let package = read(Ecosystem::C, "kettle", &[("kettle.h", text)]);
    let names: Vec<String> = public(&package).into_iter().map(|(path, kind, _)| format!("{} {path}", kind.name())).collect();
    let wanted = [
        "macro KETTLE_VERSION",
        "macro MAX",
        "function kettle_boil",
        "function kettle_name",
        "struct kettle",
        "field kettle::litres",
        "field kettle::most",
        "type kettle_t",
        "type on_boil",
        "enum tea",
        "variant GREEN",
        "variant BLACK",
        "variable kettle_count",
    ];
    assert_eq!(names, wanted);
    let boil = at(&package, "kettle_boil");
    assert_eq!((boil.signature.as_str(), boil.doc.as_str()), ("int kettle_boil(struct kettle *k, int to)", "Boils."));
    assert_eq!((at(&package, "MAX").signature.as_str(), at(&package, "MAX").doc.as_str()), ("#define MAX(a, b)", "The larger."));
}

#[test]
fn classes_of_cpp_lie_in_their_namespaces() {
    let text = "namespace tea::green {
/// Boils water.
template <typename T> class Kettle : public Vessel<T> {
  int hidden;
 public:
  Kettle(int size);
  ~Kettle();
  virtual void pour() const = 0;
  static T best;
  using Size = int;
  enum class Kind { Round };
 private:
  int own();
};
template <typename T> void Kettle<T>::own_too() {}
void steep(Kettle<int> &kettle);
namespace { int inside_only(); }
}
";
    let package = read(Ecosystem::C, "kettle", &[("kettle.hpp", text)]);
    let names: Vec<String> = public(&package).into_iter().map(|(path, kind, _)| format!("{} {path}", kind.name())).collect();
    let wanted = [
        "class tea::green::Kettle",
        "constructor tea::green::Kettle::Kettle",
        "method tea::green::Kettle::~Kettle",
        "method tea::green::Kettle::pour",
        "field tea::green::Kettle::best",
        "type tea::green::Kettle::Size",
        "enum tea::green::Kettle::Kind",
        "variant tea::green::Kettle::Kind::Round",
        "method tea::green::Kettle::own_too",
        "function tea::green::steep",
    ];
    assert_eq!(names, wanted);
    let kettle = at(&package, "tea::green::Kettle");
    assert_eq!((kettle.doc.as_str(), kettle.bases.join(" ")), ("Boils water.", "Vessel".to_owned()));
    assert!(at(&package, "tea::green::inside_only").private);
}

#[test]
fn broken_and_foreign_text_is_no_harm() {
    for (ecosystem, path) in [
        (Ecosystem::Npm, "a.ts"),
        (Ecosystem::Npm, "a.js"),
        (Ecosystem::Npm, "a.tsx"),
        (Ecosystem::Npm, "package.json"),
        (Ecosystem::Go, "a.go"),
        (Ecosystem::Maven, "A.java"),
        (Ecosystem::C, "a.h"),
        (Ecosystem::C, "a.hpp"),
    ] {
        for text in [
            "",
            "\u{feff}",
            "\0\0",
            "export {",
            "class",
            "package",
            "]]]>>>",
            "type (",
            "#define",
            "é = ∂ƒ",
            &"{".repeat(9_000),
            &"namespace a{".repeat(3_000),
        ] {
            let package = read(ecosystem, "kettle", &[(path, text)]);
            assert!(package.symbols.len() < 3_100, "{path} {text:.20}");
        }
    }
    let deep = format!("{}int x;{}", "namespace a { ".repeat(500), "}".repeat(500));
    let package = read(Ecosystem::C, "kettle", &[("a.hpp", &deep)]);
    assert!(package.open.iter().any(|open| open.reason == Reason::Unread), "what lies too deep is said");
}
