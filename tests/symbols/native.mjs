// Makes src/symbols/reach/native/script.txt: the types that JavaScript itself declares, each with its members, from the descriptions in the
// folder of the package `typescript` (or of the one it has its program from) where `lib.es5.d.ts` is; and the modules that Node brings. What browsers add to them is not among it.
//
//     node tests/symbols/native.mjs node_modules/typescript/lib > src/symbols/reach/native/script.txt

import { readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";

const folder = process.argv[2];
const types = new Map();
for (const name of readdirSync(folder).filter((name) => /^lib\.(es|decorators)[^/]*\.d\.ts$/.test(name) && !name.includes(".full."))) {
  const text = readFileSync(join(folder, name), "utf8").replace(/\/\*[^]*?\*\//g, "").replace(/\/\/.*$/gm, "");
  for (const [, type, body] of text.matchAll(/^ *(?:declare )?interface (\w+)[^{\n]*\{\n([^]*?)^ *\}/gm)) {
    const members = types.get(type) ?? types.set(type, new Set()).get(type);
    for (const [, member] of body.matchAll(/^ {4}(?:readonly |get |set )*(\w+)\??[(<:]/gm)) members.add(member);
  }
}
const alias = { string: "String", number: "Number", boolean: "Boolean" };
for (const [plain, type] of Object.entries(alias)) types.set(plain, new Set(types.get(type)));
// What each is made from has its members as well.
const above = { ReadonlyArray: [], IterableIterator: ["Iterator", "IteratorObject"], Generator: ["Iterator", "IteratorObject"], ArrayIterator: ["Iterator", "IteratorObject"], AsyncGenerator: ["AsyncIterator", "AsyncIteratorObject"], AsyncIterableIterator: ["AsyncIterator"], CallableFunction: ["Function"], TypeError: ["Error"], RangeError: ["Error"], SyntaxError: ["Error"], EvalError: ["Error"], ReferenceError: ["Error"], URIError: ["Error"], AggregateError: ["Error"], RegExpMatchArray: ["Array"], RegExpExecArray: ["Array"], IteratorObject: ["Iterator"] };
for (const [type, bases] of Object.entries(above)) for (const base of bases) for (const member of types.get(base) ?? []) types.get(type)?.add(member);
// Engines write these, and descriptions leave them out.
for (const member of ["stack", "cause", "message", "name", "captureStackTrace", "stackTraceLimit", "prepareStackTrace"]) for (const type of types.keys()) if (type.endsWith("Error")) types.get(type).add(member);
// What is made from a class has what stands at the class itself, too. Of these two everything is made.
for (const type of types.keys()) if (!["Object", "Function"].includes(type)) for (const member of types.get(type + "Constructor") ?? []) if (member !== "new") types.get(type).add(member);
// Those that stand in no namespace: a package may call its own what `Intl` has, too.
const global = /^(Array|ReadonlyArray|Promise|PromiseLike|Map|ReadonlyMap|Set|ReadonlySet|WeakMap|WeakSet|WeakRef|Date|RegExp|Function|Object|String|Number|Boolean|string|number|boolean|Iterator|Iterable|IterableIterator|IteratorObject|ArrayIterator|Generator|AsyncIterator|AsyncIterable|AsyncIterableIterator|AsyncGenerator|ArrayBuffer|SharedArrayBuffer|DataView|RegExp(Match|Exec)Array|\w*Error|(Big)?(Int|Uint|Float)\d+(Clamped)?Array)$/;
for (const type of [...types.keys()].filter((type) => global.test(type)).sort()) console.log(`${type}: ${[...types.get(type)].sort().join(" ")}`);
console.log(`@modules: ${builtinModules.filter((name) => !name.startsWith("_")).concat(["test", "sqlite", "sea"]).sort().join(" ")}`);
