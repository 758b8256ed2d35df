//! Every lock file as its tool writes it, and as it must not be.

use std::fs;

use super::*;

struct Made(tempfile::TempDir);

impl Made {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn read(&self) -> Project {
        Project::read(self.0.path()).unwrap()
    }

    /// `name@version`, with `!` for direct ones and what they need in brackets.
    fn shown(&self) -> Vec<String> {
        shown(&self.read())
    }
}

fn own(project: &Project) -> Vec<String> {
    project.own.iter().map(ToString::to_string).collect()
}

fn shown(project: &Project) -> Vec<String> {
    let of = |at: usize| project.dependencies[at].package.name.clone();
    let one = |dependency: &Dependency| {
        let needs = dependency.needs.iter().map(|at| of(*at)).collect::<Vec<_>>().join(" ");
        let mark = if dependency.is_direct { "!" } else { "" };
        format!("{}{mark}{}", dependency.package, if needs.is_empty() { String::new() } else { format!(" [{needs}]") })
    };
    project.dependencies.iter().map(one).collect()
}

const CARGO: &str = r#"
version = 4
[[package]]
name = "own"
version = "0.1.0"
dependencies = ["a", "b 2.0.0", "g"]
[[package]]
name = "a"
version = "1.0.0"
source = "registry+https://index.test"
checksum = "00"
dependencies = ["b 1.0.0 (registry+https://index.test)"]
[[package]]
name = "b"
version = "1.0.0"
source = "registry+https://index.test"
[[package]]
name = "b"
version = "2.0.0"
source = "registry+https://index.test"
[[package]]
name = "g"
version = "0.2.0"
source = "git+https://github.com/o/g.git?rev=abc#abc0123456789"
"#;

#[test]
fn cargo_tells_two_versions_of_a_crate_apart() {
    let project = Made::new(&[("Cargo.lock", CARGO)]).read();
    assert_eq!(shown(&project), ["crate:a@1.0.0! [b]", "crate:b@1.0.0", "crate:b@2.0.0!", "crate:g@0.2.0!"]);
    assert_eq!(project.dependencies[0].needs, [1], "the version that it was resolved to");
    let git = Source::Git { url: "https://github.com/o/g.git".into(), commit: Some("abc0123456789".into()) };
    assert_eq!((&project.dependencies[3].source, project.dependencies[3].command().as_str()), (&git, "cargo fetch --locked"));
}

#[test]
fn npm_is_read_in_all_its_versions() {
    let third = r#"{"lockfileVersion": 3, "packages": {
        "": {"dependencies": {"a": "^1"}, "devDependencies": {"@s/b": "1"}},
        "node_modules/a": {"version": "1.0.0", "resolved": "https://r.test/a/-/a-1.0.0.tgz", "dependencies": {"c": "^2"}},
        "node_modules/a/node_modules/c": {"version": "2.0.0"},
        "node_modules/c": {"version": "1.0.0"},
        "node_modules/@s/b": {"version": "1.1.0", "dependencies": {"c": "1"}},
        "node_modules/alias": {"name": "real", "version": "3.0.0"},
        "node_modules/ws": {"resolved": "packages/ws", "link": true},
        "packages/ws": {"version": "1.0.0", "dependencies": {"alias": "*"}},
        "node_modules/git": {"version": "1.0.0", "resolved": "git+ssh://git@github.com/o/r.git#abc"}}}"#;
    let made = Made::new(&[("package-lock.json", third)]);
    assert_eq!(made.shown(), ["npm:@s/b@1.1.0! [c]", "npm:a@1.0.0! [c]", "npm:c@1.0.0", "npm:c@2.0.0", "npm:git@1.0.0", "npm:real@3.0.0!"]);
    let project = made.read();
    assert_eq!((own(&project), &*project.aliases), (vec!["npm:ws".to_owned()], &["alias".to_owned()][..]));
    assert_eq!((project.dependencies[0].needs[0], project.dependencies[1].needs[0]), (2, 3), "the nearest is used");
    assert_eq!(project.dependencies[3].at.as_deref(), Some("node_modules/a/node_modules/c"));
    assert!(matches!(&project.dependencies[4].source, Source::Git { commit: Some(commit), .. } if commit == "abc"));
    let first = r#"{"lockfileVersion": 1, "dependencies": {
        "a": {"version": "1.0.0", "requires": {"c": "^2"}, "dependencies": {"c": {"version": "2.0.0"}}},
        "c": {"version": "1.0.0"}}}"#;
    let made = Made::new(&[("package-lock.json", first), ("package.json", r#"{"dependencies": {"a": "1"}}"#)]);
    assert_eq!(made.shown(), ["npm:a@1.0.0! [c]", "npm:c@1.0.0", "npm:c@2.0.0"]);
    assert_eq!(made.read().dependencies[0].needs, [2]);
}

#[test]
fn pnpm_is_read_in_all_its_versions() {
    let ninth = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1\n        version: 1.0.0(react@18.0.0)\n    devDependencies:\n      '@s/b':\n        specifier: ^1\n        version: 1.1.0\npackages:\n  a@1.0.0:\n    resolution: {integrity: x}\n  '@s/b@1.1.0':\n    resolution: {integrity: x}\n  react@18.0.0:\n    resolution: {integrity: x}\nsnapshots:\n  a@1.0.0(react@18.0.0):\n    dependencies:\n      react: 18.0.0\n  '@s/b@1.1.0': {}\n  react@18.0.0: {}\n";
    let made = Made::new(&[("pnpm-lock.yaml", ninth)]);
    assert_eq!(made.shown(), ["npm:@s/b@1.1.0!", "npm:a@1.0.0! [react]", "npm:react@18.0.0"]);
    assert_eq!(made.read().dependencies[0].at.as_deref(), Some("node_modules/.pnpm/@s+b@1.1.0/node_modules/@s/b"));
    let linked = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      ui:\n        specifier: workspace:*\n        version: link:packages/ui\n      b:\n        specifier: npm:a@1\n        version: a@1.0.0\npackages:\n  a@1.0.0:\n    resolution: {integrity: x}\nsnapshots:\n  a@1.0.0: {}\n";
    let project = Made::new(&[("pnpm-lock.yaml", linked)]).read();
    assert_eq!((own(&project), &*project.aliases), (vec!["npm:ui".to_owned()], &["b".to_owned()][..]));
    let sixth = "lockfileVersion: '6.0'\ndependencies:\n  a:\n    specifier: ^1\n    version: 1.0.0\npackages:\n  /a@1.0.0:\n    resolution: {integrity: x}\n    dependencies:\n      '@s/b': 1.1.0\n  /@s/b@1.1.0:\n    resolution: {integrity: x}\n";
    assert_eq!(Made::new(&[("pnpm-lock.yaml", sixth)]).shown(), ["npm:@s/b@1.1.0", "npm:a@1.0.0! [@s/b]"]);
    let fifth = "lockfileVersion: 5.4\nspecifiers:\n  a: ^1\ndependencies:\n  a: 1.0.0_react@18.0.0\npackages:\n  /a/1.0.0_react@18.0.0:\n    resolution: {integrity: x}\n    dependencies:\n      '@s/b': 1.1.0\n  /@s/b/1.1.0:\n    resolution: {integrity: x}\n";
    assert_eq!(Made::new(&[("pnpm-lock.yaml", fifth)]).shown(), ["npm:@s/b@1.1.0", "npm:a@1.0.0! [@s/b]"]);
}

#[test]
fn yarn_is_read_in_both_its_forms() {
    let package = ("package.json", r#"{"dependencies": {"a": "^1.0.0"}}"#);
    let classic = "# yarn lockfile v1\n\n\na@^1.0.0, a@~1.0.0:\n  version \"1.0.1\"\n  resolved \"https://r.test/a/-/a-1.0.1.tgz#00\"\n  integrity sha512-x\n  dependencies:\n    \"@s/b\" \"^1.0.0\"\n\n\"@s/b@^1.0.0\":\n  version \"1.1.0\"\n  resolved \"https://r.test/@s/b/-/b-1.1.0.tgz#00\"\n";
    assert_eq!(Made::new(&[("yarn.lock", classic), package]).shown(), ["npm:@s/b@1.1.0", "npm:a@1.0.1! [@s/b]"]);
    let berry = "__metadata:\n  version: 8\n\n\"@s/b@npm:^1.0.0\":\n  version: 1.1.0\n  resolution: \"@s/b@npm:1.1.0\"\n  languageName: node\n\n\"a@npm:^1.0.0, a@npm:~1.0.0\":\n  version: 1.0.1\n  resolution: \"a@npm:1.0.1\"\n  dependencies:\n    \"@s/b\": \"npm:^1.0.0\"\n\n\"g@https://github.com/o/g.git\":\n  version: 2.0.0\n  resolution: \"g@https://github.com/o/g.git#commit=abc\"\n\n\"own@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"own@workspace:.\"\n  dependencies:\n    a: \"npm:^1.0.0\"\n";
    let made = Made::new(&[("yarn.lock", berry)]);
    assert_eq!(made.shown(), ["npm:@s/b@1.1.0", "npm:a@1.0.1! [@s/b]", "npm:g@2.0.0"]);
    assert_eq!(own(&made.read()), ["npm:own"]);
    let alias = "# yarn lockfile v1\n\n\n\"b@npm:a@^1.0.0\":\n  version \"1.0.1\"\n";
    assert_eq!(Made::new(&[("yarn.lock", alias)]).read().aliases, ["b"]);
    let aliases = "# yarn lockfile v1\n\n\na@^1.0.0, \"b@npm:a@^1.0.0\":\n  version \"1.0.1\"\n";
    let project = Made::new(&[("yarn.lock", aliases)]).read();
    assert_eq!((project.aliases.as_slice(), shown(&project)), (&["b".to_owned()][..], vec!["npm:a@1.0.1".to_owned()]));
    assert!(matches!(&made.read().dependencies[2].source, Source::Git { commit: Some(commit), .. } if commit == "abc"));
}

#[test]
fn what_npm_called_otherwise_in_its_first_form_has_its_own_name() {
    let lock = r#"{"lockfileVersion": 1, "dependencies": {
        "low": {"version": "npm:a@1.0.1"}, "of": {"version": "npm:@s/b@2.0.0", "requires": {"low": "npm:a@^1"}}}}"#;
    let project = Made::new(&[("package-lock.json", lock), ("package.json", r#"{"dependencies": {"low": "npm:a@^1"}}"#)]).read();
    assert_eq!(shown(&project), ["npm:@s/b@2.0.0 [a]", "npm:a@1.0.1!"]);
    assert_eq!((project.aliases.join(" "), project.notes.join(" ")), ("low of".to_owned(), String::new()));
    assert_eq!(project.dependencies[1].at.as_deref(), Some("node_modules/low"));
}

#[test]
fn bun_is_read() {
    let bun = r#"{
  "lockfileVersion": 1,
  "workspaces": {
    "": { "name": "own", "dependencies": { "a": "^1.0.0", "low": "npm:b@^2.0.0", "@s/in": "workspace:*", }, },
    "packages/in": { "name": "@s/in", "devDependencies": { "b": "^1.0.0", "g": "github:o/g", }, },
  },
  "packages": {
    "@s/b": ["@s/b@3.0.0", "", {}, "sha512-x"],
    "@s/in": ["@s/in@workspace:packages/in"],
    "@s/in/b": ["b@1.0.0", "", { "bin": { "x": "a,]}\"", }, }, "sha512-x"],
    "a": ["a@1.0.1", "", { "dependencies": { "b": "^2.0.0", }, "peerDependencies": { "@s/b": "*" } }, "sha512-x"],
    "b": ["b@2.0.0", "", {}, "sha512-x"],
    "low": ["b@2.0.0", "", {}, "sha512-x"],
    "g": ["g@github:o/g#abc", { "dependencies": { "b": "1" } }, "o-g-abc"],
  },
}
"#;
    let project = Made::new(&[("bun.lock", bun)]).read();
    assert_eq!(shown(&project), ["npm:@s/b@3.0.0", "npm:a@1.0.1! [@s/b b]", "npm:b@1.0.0!", "npm:b@2.0.0!", "npm:g! [b]"]);
    assert_eq!((own(&project).join(" "), project.aliases.join(" ")), ("npm:@s/in".to_owned(), "low".to_owned()));
    assert_eq!(project.dependencies[2].at.as_deref(), Some("node_modules/@s/in/node_modules/b"));
    assert_eq!(project.dependencies[4].source, Source::Git { url: "https://github.com/o/g".into(), commit: Some("abc".into()) });
    assert_eq!(project.dependencies[0].command(), "bun install --frozen-lockfile");
}

#[test]
fn further_locks_of_python_are_read() {
    let pyproject = ("pyproject.toml", "[project]\ndependencies = ['A[x]>=1', 'g']\n[tool.pdm.dev-dependencies]\ntest = ['c']\n");
    let pdm = "[metadata]\nlock_version = '4.5.0'\n[[package]]\nname = 'a'\nversion = '1.0'\ndependencies = ['b-b>=2; python_version < \"4\"']\n\
        [[package]]\nname = 'a'\nversion = '1.0'\nextras = ['x']\ndependencies = ['a==1.0', 'c']\n\
        [[package]]\nname = 'b.b'\nversion = '2.0'\n[[package]]\nname = 'c'\nversion = '3'\n\
        [[package]]\nname = 'g'\nversion = '0.1'\ngit = 'https://github.com/o/g.git'\nrevision = 'abc'\n";
    let project = Made::new(&[("pdm.lock", pdm), pyproject]).read();
    let wanted = ["pypi:a@1.0! [b.b c]", "pypi:b.b@2.0", "pypi:c@3!", "pypi:g@0.1!"];
    assert_eq!(shown(&project), wanted);
    let git = |url: &str| Source::Git { url: url.into(), commit: Some("abc".into()) };
    assert_eq!(project.dependencies[3].source, git("https://github.com/o/g.git"));
    let pylock = "lock-version = '1.0'\ncreated-by = 'x'\n[[packages]]\nname = 'a'\nversion = '1.0'\ndependencies = [{ name = 'b-b' }]\n\
        [[packages]]\nname = 'b-b'\nversion = '2.0'\n[[packages]]\nname = 'g'\nvcs = { type = 'git', url = 'https://github.com/o/g', commit-id = 'abc' }\n\
        [[packages]]\nname = 'own'\ndirectory = { path = 'libs/own', editable = true }\n";
    let project = Made::new(&[("pylock.toml", pylock), pyproject]).read();
    assert_eq!(shown(&project), ["pypi:a@1.0! [b-b]", "pypi:b-b@2.0", "pypi:g!"]);
    assert_eq!(project.dependencies[2].source, git("https://github.com/o/g"));
    assert_eq!((own(&project).join(" "), project.own_folders.join(" ")), ("pypi:own".to_owned(), "libs/own".to_owned()));
    let pipenv = r#"{"_meta": {}, "default": {"a": {"version": "==1.0", "markers": "x"}, "own": {"editable": true, "path": "."},
        "g": {"git": "https://github.com/o/g.git", "ref": "abc"}}, "develop": {"b-b": {"version": "==2.0"}}}"#;
    let pipfile = ("Pipfile", "[[source]]\nurl = 'https://x.test'\n[packages]\nA = '*'\n[dev-packages]\nb_b = '*'\n[requires]\ng = '3'\n");
    let project = Made::new(&[("Pipfile.lock", pipenv), pipfile]).read();
    assert_eq!(shown(&project), ["pypi:a@1.0!", "pypi:b-b@2.0!", "pypi:g"]);
    assert_eq!(Made::new(&[("Pipfile.lock", pipenv)]).read().notes.len(), 1);
}

#[test]
fn locks_of_python_are_read() {
    let uv = r#"
version = 1
revision = 3
requires-python = ">=3.12"
[[package]]
name = "own"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "a" }]
[package.dev-dependencies]
dev = [{ name = "c" }]
[[package]]
name = "a"
version = "1.0"
source = { registry = "https://index.test/simple" }
dependencies = [{ name = "b-b", marker = "x" }]
[[package]]
name = "b-b"
version = "2.0"
source = { git = "https://github.com/o/b?tag=v2#abc" }
[[package]]
name = "c"
version = "3.0"
source = { registry = "https://index.test/simple" }
"#;
    let made = Made::new(&[("uv.lock", uv)]);
    assert_eq!(made.shown(), ["pypi:a@1.0! [b-b]", "pypi:b-b@2.0", "pypi:c@3.0!"]);
    assert_eq!((own(&made.read()), made.read().own_folders), (vec!["pypi:own".to_owned()], vec![]));
    for (folder, wanted) in [("packages/lib", &["packages/lib"][..]), ("../other", &[]), ("/other", &[])] {
        let made = Made::new(&[("uv.lock", &uv.replace("editable = \".\"", &format!("editable = \"{folder}\"")))]);
        assert_eq!(made.read().own_folders, wanted, "{folder}");
    }
    let poetry = r#"
[[package]]
name = "a"
version = "1.0"
optional = false
[package.dependencies]
B_b = ">=1"
[[package]]
name = "b-b"
version = "2.0"
[package.source]
type = "git"
url = "https://github.com/o/b.git"
resolved_reference = "abc"
[metadata]
lock-version = "2.0"
"#;
    let pyproject = "[tool.poetry.dependencies]\npython = '^3.12'\nA = '^1'\n[tool.poetry.group.dev.dependencies]\nz = '1'\n";
    let made = Made::new(&[("poetry.lock", poetry), ("pyproject.toml", pyproject)]);
    assert_eq!(made.shown(), ["pypi:a@1.0! [b-b]", "pypi:b-b@2.0"]);
    assert_eq!(made.read().dependencies[1].source, Source::Git { url: "https://github.com/o/b.git".into(), commit: Some("abc".into()) });
    let standard = "[project]\ndependencies = ['a[x]>=1']\n[dependency-groups]\ndev = ['b.b', {include-group = 'x'}]\n";
    assert_eq!(Made::new(&[("poetry.lock", poetry), ("pyproject.toml", standard)]).shown(), ["pypi:a@1.0! [b-b]", "pypi:b-b@2.0!"]);
    assert_eq!(Made::new(&[("poetry.lock", poetry)]).read().notes.len(), 1);
}

#[test]
fn requirements_are_read_as_pip_reads_them() {
    let text = "# comment\n--index-url https://index.test\n-r other.txt\na==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n    # via -r requirements.in\nb.b[x,y]==2.0 ; python_version < '3.9'\n    # via\n    #   a\nc>=1,<2\nd @ git+https://github.com/o/d.git@v1#egg=d\ne @ https://x.test/e.whl ; x\n\nf==1.* # why\n";
    let made = Made::new(&[("requirements.txt", text)]);
    assert_eq!(made.shown(), ["pypi:a@1.0!", "pypi:b.b@2.0", "pypi:c!", "pypi:d!", "pypi:e!", "pypi:f!"]);
    let project = made.read();
    assert_eq!(project.notes, ["requirements.txt: other.txt is not followed"]);
    assert!(project.is_partial);
    assert!(matches!(&project.dependencies[3].source, Source::Git { commit: Some(commit), .. } if commit == "v1"));
}

#[test]
fn requirements_are_read_as_powershell_writes_them() {
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let text = "\u{feff}a==1.0\r\n-r more.txt\r\n";
    for bytes in [utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes)] {
        let made = Made::new(&[]);
        fs::write(made.0.path().join("requirements.txt"), &bytes).unwrap();
        fs::write(made.0.path().join("more.txt"), utf16("\u{feff}b==2.0\r\n", u16::to_le_bytes)).unwrap();
        assert_eq!(made.shown(), ["pypi:a@1.0!", "pypi:b@2.0!"]);
        let before = made.read().fingerprint;
        fs::write(made.0.path().join("more.txt"), utf16("\u{feff}b==3.0\r\n", u16::to_le_bytes)).unwrap();
        assert_ne!(made.read().fingerprint, before);
        let lone = [&bytes[..2], &utf16("a", u16::to_le_bytes), &[0xd8, 0xd8]].concat();
        fs::write(made.0.path().join("requirements.txt"), lone).unwrap();
        assert!(matches!(Project::read(made.0.path()), Err(Error::Broken { .. })));
    }
}

#[test]
fn files_that_requirements_name_are_read_with_them() {
    let made = Made::new(&[
        ("requirements.txt", "-r requirements/base.txt\n--requirement=requirements/dev.txt # x\nc\n"),
        ("requirements/base.txt", "\u{feff}a==1.0\n-r ../requirements.txt\n"),
        ("requirements/dev.txt", "-r base.txt\nb\n-e ..\n"),
    ]);
    assert_eq!(made.shown(), ["pypi:a@1.0!", "pypi:b!", "pypi:c!"]);
    let before = Project::fingerprint_of(made.0.path()).unwrap();
    assert_eq!(before, made.read().fingerprint);
    fs::write(made.0.path().join("requirements/base.txt"), "a==2.0\n").unwrap();
    assert_ne!(Project::fingerprint_of(made.0.path()).unwrap(), before, "what it names is a part of it");
    for (text, is_partial) in
        [("a\n-e .\n", false), ("a\n-c pins.txt\n", false), ("-r ../other.txt\n", true), ("-r none.txt\n", true), ("-e ./lib\n", true)]
    {
        assert_eq!(Made::new(&[("requirements.txt", text)]).read().is_partial, is_partial, "{text}");
    }
}

#[test]
fn a_file_that_is_named_a_thousand_times_is_read_once() {
    let made = Made::new(&[("requirements.txt", &"-r a.txt\n".repeat(50_000)), ("a.txt", &"# nothing\n".repeat(200_000))]);
    assert!(!made.read().is_partial);
    assert_eq!(Project::fingerprint_of(made.0.path()).unwrap(), made.read().fingerprint);
}

#[test]
fn what_is_asked_for_by_its_place_alone_is_no_damage() {
    let text =
        "git+https://github.com/o/p.git@v1#egg=pots\nhttps://x.test/lid-1.0-py3-none-any.whl\n./local/knob-2.0-py3-none-any.whl --hash=x\n";
    let project = Made::new(&[("requirements.txt", text)]);
    assert_eq!(project.shown(), ["pypi:knob!", "pypi:lid!", "pypi:pots!"]);
    assert!(!project.read().is_partial);
    let named = "pot[warm]@https://github.com/o/pot/archive/v1.zip\nseal@file:///srv/seal.tar.gz\n";
    assert_eq!(Made::new(&[("requirements.txt", named)]).shown(), ["pypi:pot!", "pypi:seal!"]);
    for text in ["git+ssh://git@github.com/o/p.git\n", "./folder\n", "https://x.test/p.zip\n", "file:///p\n"] {
        let project = Made::new(&[("requirements.txt", &format!("a\n{text}"))]).read();
        assert_eq!((project.dependencies.len(), project.is_partial, project.notes.len()), (1, true, 1), "{text}");
    }
}

#[test]
fn modules_of_go_are_read_with_what_replaces_them() {
    let module = "module example.test/own\n\ngo 1.21\n\nrequire github.com/A/b v1.0.0\nrequire (\n\tgolang.org/x/net v0.30.0 // indirect\n\texample.test/local v0.1.0\n\texample.test/forked v1.0.0\n)\nreplace example.test/local => ../local\nreplace example.test/forked v1.0.0 => example.test/fork v1.1.0\n";
    let made = Made::new(&[("go.mod", module), ("go.sum", "golang.org/x/net v0.30.0 h1:x\ngolang.org/x/old v0.1.0 h1:x\n")]);
    assert_eq!(
        made.shown(),
        ["go:example.test/fork@v1.1.0!", "go:example.test/local@v0.1.0!", "go:github.com/A/b@v1.0.0!", "go:golang.org/x/net@v0.30.0"]
    );
    assert_eq!(made.read().dependencies[1].source, Source::Path("../local".into()));
    let old = "module m\nrequire a.test/a v1.0.0\n";
    let sums = "a.test/a v1.0.0 h1:x\nb.test/b v1.9.0 h1:x\nb.test/b v1.10.0 h1:x\nb.test/b v1.11.0/go.mod h1:x\n";
    assert_eq!(Made::new(&[("go.mod", old), ("go.sum", sums)]).shown(), ["go:a.test/a@v1.0.0!", "go:b.test/b@v1.10.0"]);
}

#[test]
fn a_broken_lock_is_told_with_its_line() {
    for (name, text, line) in [
        ("Cargo.lock", "version = 4\n[[package]]\nname = 3\n", Some(3)),
        ("Cargo.lock", "version = 4\n[[package\n", Some(2)),
        ("package-lock.json", "{\n  \"packages\": {\n", Some(3)),
        ("package-lock.json", "{\"lockfileVersion\": 3}", None),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages: [\n", Some(3)),
        ("pnpm-lock.yaml", "", Some(1)),
        ("yarn.lock", "a@1:\n  version \"1\"\n\nnonsense\n", Some(4)),
        ("yarn.lock", "__metadata:\n  version: 8\n\"a: [\n", Some(3)),
        ("uv.lock", "version = 1\n[[package]]\nversion = '1'\n", Some(2)),
        ("uv.lock", "", Some(1)),
        ("poetry.lock", "[[package]]\nname = \"a\nversion = 1\n", Some(2)),
        ("pdm.lock", "[[package]]\nname = \"a\nversion = 1\n", Some(2)),
        ("pylock.toml", "[[packages]]\nname = \"a\"\n", Some(1)),
        ("Pipfile.lock", "{\n\"_meta\": {},\n}", Some(3)),
        ("bun.lock", "{\n\"lockfileVersion\": 1,\n\"packages\": {,,},\n}", Some(3)),
        ("requirements.txt", "a==1\n\nb==\n", Some(3)),
        ("requirements.txt", "a==1\n==2\n", Some(2)),
        ("requirements.txt", "a nonsense\n", Some(1)),
        ("go.mod", "module m\nrequire (\n\ta.test/a v1\n", Some(2)),
        ("go.mod", "module m\nrequire a\n", Some(2)),
        ("go.mod", "module m\nnonsense x\n", Some(2)),
    ] {
        let made = Made::new(&[(name, text)]);
        let error = Project::read(made.0.path()).expect_err(name);
        let Error::Broken { line: found, .. } = &error else { panic!("{name}: {error}") };
        // Where a text ends too early, parsers name its last line or the one behind it.
        assert!(
            found == &line || line.zip(*found).is_some_and(|(line, found)| found.abs_diff(line) <= 1),
            "{name}: {error} and not {line:?}"
        );
        assert!(error.hint().is_some());
    }
}

#[test]
fn forms_that_are_too_new_are_said_to_be() {
    for (name, text) in [
        ("Cargo.lock", "version = 9\n"),
        ("package-lock.json", r#"{"lockfileVersion": 9, "packages": {}}"#),
        ("pnpm-lock.yaml", "lockfileVersion: '12.0'\n"),
        ("uv.lock", "version = 2\n"),
        ("pylock.toml", "lock-version = '2.0'\n"),
        ("bun.lock", "{\"lockfileVersion\": 7,}"),
    ] {
        let made = Made::new(&[(name, text)]);
        assert!(matches!(Project::read(made.0.path()), Err(Error::Version { .. })), "{name}");
    }
    assert!(matches!(Project::read(Made::new(&[]).0.path()), Err(Error::NoProject { .. })));
}

#[test]
fn names_that_lead_out_of_a_folder_are_no_packages() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {}, "node_modules/../../x": {"version": "1.0.0"}, "node_modules/a": {"version": "../../1"},
        "../node_modules/b": {"version": "1.0.0"}}}"#;
    let project = Made::new(&[("package-lock.json", lock)]).read();
    assert_eq!((project.dependencies.len(), project.notes.len()), (1, 2), "{project:?}");
    assert_eq!(project.dependencies[0].at, None, "a place that leads out is none");
}

#[test]
fn a_change_is_seen_by_the_fingerprint_alone() {
    let made = Made::new(&[("Cargo.lock", CARGO), ("go.mod", "module m\n")]);
    let before = made.read();
    assert_eq!(before.locks, ["Cargo.lock", "go.mod"]);
    assert_eq!(Project::fingerprint_of(made.0.path()).unwrap(), before.fingerprint);
    fs::write(made.0.path().join("go.sum"), "a v1 h1:x\n").unwrap();
    let after = Project::fingerprint_of(made.0.path()).unwrap();
    assert_ne!(after, before.fingerprint);
    assert_eq!(made.read().fingerprint, after);
    fs::create_dir(made.0.path().join("sub")).unwrap();
    assert_eq!(Project::find(&made.0.path().join("sub")), Some(made.0.path()));
}

#[test]
fn large_and_nested_locks_are_read_in_linear_time() {
    let mut cargo = "version = 4\n".to_owned();
    for number in 0..20_000 {
        cargo += &format!(
            "[[package]]\nname = \"p{number}\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\ndependencies = [\"p{}\"]\n",
            (number + 1) % 20_000
        );
    }
    assert_eq!(Made::new(&[("Cargo.lock", &cargo)]).read().dependencies.len(), 20_000);
    let place = "a/".repeat(400);
    let one = |number: usize| format!("\"{place}p{number}\": [\"p{number}@1.0.0\", \"\", {{\"dependencies\": {{\"none\": \"1\"}}}}],");
    let bun = format!("{{\"lockfileVersion\": 1, \"packages\": {{{}}}}}", (0..2_000).map(one).collect::<String>());
    assert_eq!(Made::new(&[("bun.lock", &bun)]).read().dependencies.len(), 2_000);
    let nested = format!(
        "{{\"lockfileVersion\": 1, \"dependencies\": {}1{}}}",
        "{\"a\": {\"version\": \"1.0.0\", \"dependencies\": ".repeat(60),
        "}}".repeat(60)
    );
    let project = Made::new(&[("package-lock.json", &nested)]).read();
    assert_eq!(project.dependencies.len(), 1);
    let deep =
        format!("{{\"lockfileVersion\": 1, \"dependencies\": {}1{}}}", "{\"a\": {\"dependencies\": ".repeat(100_000), "}}".repeat(100_000));
    assert!(matches!(Project::read(Made::new(&[("package-lock.json", &deep)]).0.path()), Err(Error::Broken { .. })));
}
