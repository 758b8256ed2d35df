//! Projects made for the test: their packages read from the disk, found by name, and code held against them, by the real binary and by the
//! tools. What is not there is told, and never fetched.

#[path = "support/binary.rs"]
mod binary;
#[path = "projects/doubted.rs"]
mod doubted;
#[path = "support/site.rs"]
mod site;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use binary::{Server, report, smolcrawl, text};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A home with projects in it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn at(&self, path: &str) -> PathBuf {
        let mut at = fs::canonicalize(self.0.path()).unwrap();
        at.extend(path.split('/'));
        at
    }

    fn write(&self, path: &str, text: &str) {
        let at = self.at(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = smolcrawl(self.0.path());
        command.args(arguments).env("SMOLCRAWL_DB", self.at("index.db")).env("SMOLCRAWL_EMBEDDINGS", "none");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The JSON that a command prints which succeeds.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        report(&output)
    }

    /// What the check of a piece of code says, and its exit status.
    fn check(&self, project: &str, file: &str, code: &str) -> (Value, i32) {
        self.write(&format!("{project}/{file}"), code);
        let file = self.at(&format!("{project}/{file}"));
        let output = self.run(&["check", file.to_str().unwrap(), "--json"]);
        (report(&output), output.status.code().unwrap())
    }

    fn path(&self, path: &str) -> String {
        self.at(path).to_str().unwrap().to_owned()
    }
}

const SITE: &str = ".venv/lib/python3.12/site-packages";

/// As uv leaves it: kettle uses steam, and gone was never installed.
fn python(home: &Home, project: &str, version: &str, function: &str) {
    let at = |path: &str| format!("{project}/{path}");
    let lock = format!(
        "version = 1\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = {{ virtual = \".\" }}\ndependencies = [{{ name = \"kettle\" }}, {{ name = \"gone\" }}]\n\
         [[package]]\nname = \"kettle\"\nversion = \"{version}\"\nsource = {{ registry = \"x\" }}\ndependencies = [{{ name = \"steam\" }}]\n\
         [[package]]\nname = \"steam\"\nversion = \"3.0\"\nsource = {{ registry = \"x\" }}\n\
         [[package]]\nname = \"gone\"\nversion = \"1.0\"\nsource = {{ registry = \"x\" }}\n"
    );
    home.write(&at("uv.lock"), &lock);
    home.write(&at(".venv/pyvenv.cfg"), "");
    for (name, version, needs) in [("kettle", version, "Requires-Dist: steam>=1\n"), ("steam", "3.0", "")] {
        let info = at(&format!("{SITE}/{name}-{version}.dist-info"));
        home.write(&format!("{info}/METADATA"), &format!("Name: {name}\nVersion: {version}\n{needs}\n"));
        home.write(&format!("{info}/RECORD"), &format!("{name}/__init__.py,,\n"));
    }
    let kettle = format!(
        "from steam import Steam\n\nclass Kettle:\n    \"\"\"Heats water. And sings.\"\"\"\n    def {function}(self, to=100):\n        \"\"\"Heats it.\"\"\"\n        return 1\n\ndef whistle(): ...\n"
    );
    home.write(&at(&format!("{SITE}/kettle/__init__.py")), &kettle);
    home.write(&at(&format!("{SITE}/steam/__init__.py")), "class Steam:\n    def hiss(self): ...\n");
}

#[test]
fn a_python_project_is_read_found_and_checked() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    let read = home.json(&["project", &home.path("app")]);
    assert_eq!(
        (&read["packages"], &read["direct"], &read["read"], &read["unchanged"]),
        (&json!(3), &json!(2), &json!(2), &json!(0)),
        "{read}"
    );
    let missing = &read["missing"][0];
    assert_eq!((&missing["package"], &missing["command"]), (&json!("pypi:gone@1.0"), &json!("uv sync --frozen")));

    let found = home.json(&["find", "Kettle.boil", "--project", &home.path("app")]);
    let symbol = &found["symbols"][0];
    assert_eq!((&symbol["path"], &symbol["package"]), (&json!("kettle.Kettle.boil"), &json!("pypi:kettle@1.0")));
    assert_eq!((&symbol["signature"], &symbol["doc"]), (&json!("def boil(self, to=100)"), &json!("Heats it.")));
    assert!(symbol["place"].as_str().unwrap().replace('\\', "/").ends_with("/kettle/__init__.py:5"), "{symbol}");
    assert!(symbol["url"].as_str().unwrap().ends_with("/kettle/__init__.py#L5"), "{symbol}");
    assert!(found["not_searched"][0].as_str().unwrap().contains("pypi:gone@1.0"), "{found}");
    let near = home.json(&["find", "whistel", "--project", &home.path("app")]);
    assert_eq!((&near["symbols"][0]["path"], &near["symbols"][0]["how"]), (&json!("kettle.whistle"), &json!("near")));
    assert_eq!(home.json(&["find", "whis", "--prefix"])["symbols"][0]["path"], "kettle.whistle");
    let members = home.json(&["find", "kettle", "--members"]);
    let paths: Vec<&str> = members["symbols"].as_array().unwrap().iter().map(|symbol| symbol["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["kettle.Kettle", "kettle.whistle"]);

    let wrong = "import kettle\nk = kettle.Kettle()\nk.boyl()\nkettle.whistle()\n";
    let (checked, status) = home.check("app", "draft.py", wrong);
    let accused: Vec<_> = checked["references"].as_array().unwrap().iter().filter(|of| of["verdict"] == "does_not_exist").collect();
    assert_eq!((accused.len(), status), (1, 1), "{checked}");
    assert_eq!((&accused[0]["line"], &accused[0]["near"], &accused[0]["package"]), (&json!(3), &json!(["boil"]), &json!("kettle@1.0")));
    assert!(checked["not_indexed"][0].as_str().unwrap().contains("uv sync"), "{checked}");
    let (_, status) = home.check("app", "draft.py", "import kettle\nkettle.Kettle().boil(to=90)\n");
    assert_eq!(status, 0);
    // As long as one is missing, nobody knows by which names it is reached; and the project's own modules are its own.
    home.write("app/own.py", "x = 1\n");
    let (checked, _) = home.check("app", "draft.py", "import teapot\nimport own\nown.y()\n");
    assert_eq!(verdicts(&checked), ["import teapot unknown", "import own exists", "own.y does_not_exist"], "{checked}");
    // By stdin, from the project's own folder.
    let mut piped = home.command(&["check", "-", "--language", "python"]);
    let mut child = piped.current_dir(home.at("app")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), wrong.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("-:3: k.boyl does not exist") && text(&output.stderr).contains("one name does not exist"));
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    home.json(&["project", &home.path("app")]);
    let again = home.json(&["project", &home.path("app")]);
    assert_eq!((&again["read"], &again["unchanged"]), (&json!(0), &json!(2)));
    home.write(&format!("app/{SITE}/steam/__init__.py"), "class Steam:\n    def hiss(self): ...\n    def whisper(self): ...\n");
    let again = home.json(&["project", &home.path("app")]);
    assert_eq!((&again["read"], &again["unchanged"]), (&json!(1), &json!(1)));
    assert_eq!(home.json(&["find", "Steam.whisper"])["symbols"][0]["package"], "pypi:steam@3.0");
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    let direct = home.json(&["project", &home.path("app"), "--include", "direct"]);
    assert_eq!((&direct["read"], &direct["not_asked_for"]), (&json!(1), &json!(1)));
    // What is below is not asked for, so that nothing is said of it.
    let (checked, status) = home.check("app", "draft.py", "import steam\nsteam.Nothing()\n");
    assert_eq!(status, 0, "{checked}");
}

#[test]
fn two_projects_keep_their_versions_apart() {
    let home = Home::new();
    python(&home, "old", "1.0", "boil");
    python(&home, "new", "2.0", "heat");
    home.json(&["project", &home.path("old")]);
    home.json(&["project", &home.path("new")]);
    for (project, right, wrong, version) in [("old", "boil", "heat", "kettle@1.0"), ("new", "heat", "boil", "kettle@2.0")] {
        let (_, status) = home.check(project, "draft.py", &format!("import kettle\nkettle.Kettle().{right}()\n"));
        assert_eq!(status, 0, "{project}");
        let (checked, status) = home.check(project, "draft.py", &format!("import kettle\nkettle.Kettle().{wrong}()\n"));
        assert_eq!(status, 1, "{project}");
        let accused = checked["references"].as_array().unwrap().iter().find(|of| of["verdict"] == "does_not_exist").unwrap();
        assert_eq!(accused["package"], version);
    }
    let found = home.json(&["find", "boil", "--project", &home.path("new")]);
    assert!(found["symbols"].as_array().unwrap().iter().all(|of| of["how"] == "near"), "no other version is a substitute: {found}");
    assert_eq!(home.json(&["find", "boil", "--all"])["symbols"][0]["package"], "pypi:kettle@1.0");
    let told = home.json(&["find", "boil", "--package", "kettle@1.0", "--project", &home.path("new")]);
    assert_eq!(told["not_searched"][0], "kettle@1.0 is not indexed of what the project uses; 2.0 is");
    // Another lock file is noticed.
    python(&home, "new", "3.0", "warm");
    let told = home.json(&["find", "heat", "--project", &home.path("new")]);
    assert!(told["not_searched"][0].as_str().unwrap().starts_with("its lock file has changed since"), "{told}");
    python(&home, "new", "2.0", "heat");
    // Forgotten, a project takes with it what no other one uses.
    assert_eq!(home.json(&["project", &home.path("old"), "--forget"])["packages_removed"], 1);
    let known = home.json(&["find", "boil", "--all"]);
    assert!(known["symbols"].as_array().unwrap().iter().all(|of| of["package"] != "pypi:kettle@1.0"), "{known}");
    assert_eq!(home.json(&["find", "hiss", "--all"])["symbols"][0]["package"], "pypi:steam@3.0");
}

/// Two versions of a crate, one of them under another name, and a macro that keeps nothing secret.
#[test]
fn crates_are_read_at_the_versions_of_the_graph() {
    let home = Home::new();
    let manifest = |name: &str, version: &str, needs: &str| format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n{needs}");
    let at = |name: &str, file: &str| format!(".cargo/registry/src/index/{name}/{file}");
    home.write(&at("steam-1.0.0", "Cargo.toml"), &manifest("steam", "1.0.0", ""));
    home.write(&at("steam-1.0.0", "src/lib.rs"), "/// The old one.\npub struct Old;\nimpl Old { pub fn hiss(&self) {} }\n");
    home.write(&at("steam-2.0.0", "Cargo.toml"), &manifest("steam", "2.0.0", ""));
    home.write(&at("steam-2.0.0", "src/lib.rs"), "pub struct New;\nimpl New { pub fn hiss(&self) {} }\n");
    home.write(
        &at("kettle-0.3.1", "Cargo.toml"),
        &manifest(
            "kettle",
            "0.3.1",
            "[dependencies.vapour]\npackage = \"steam\"\nversion = \"1\"\n[dependencies.gas]\nversion = \"1\"\noptional = true\n",
        ),
    );
    home.write(&at("kettle-0.3.1", "src/lib.rs"), "pub use vapour::Old;\npub fn boil() -> Old { Old }\n");
    let lock = "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"kettle\", \"steam 2.0.0\"]\n\
                [[package]]\nname = \"kettle\"\nversion = \"0.3.1\"\nsource = \"registry+x\"\ndependencies = [\"steam 1.0.0\"]\n\
                [[package]]\nname = \"steam\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n\
                [[package]]\nname = \"steam\"\nversion = \"2.0.0\"\nsource = \"registry+x\"\n";
    home.write("app/Cargo.lock", lock);
    let read = home.json(&["project", &home.path("app")]);
    assert_eq!((&read["read"], &read["missing"]), (&json!(3), &json!([])), "{read}");
    let code = "use app::own;\nuse tokio::net;\nfn main() {\n    kettle::Old.hiss();\n    let _ = steam::New;\n    let _ = steam::Old;\n    kettle::boyl();\n}\n";
    let (checked, status) = home.check("app", "main.rs", code);
    let verdicts: Vec<_> = checked["references"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["text"].as_str().unwrap(), of["verdict"].as_str().unwrap()))
        .collect();
    let verdict =
        |text: &str| verdicts.iter().find(|(known, _)| known.starts_with(text)).unwrap_or_else(|| panic!("{text} in {verdicts:?}")).1;
    assert_eq!(status, 1);
    assert_eq!(verdict("app::own"), "unknown", "the project's own");
    assert_eq!(verdict("tokio"), "not_in_lock");
    assert_eq!(verdict("kettle::Old"), "exists");
    assert_eq!((verdict("steam::New"), verdict("steam::Old")), ("exists", "does_not_exist"));
    assert_eq!(verdict("kettle::boyl"), "does_not_exist");
    // Of two versions that others use nobody knows which one is meant.
    home.write(&at("pot-1.0.0", "Cargo.toml"), &manifest("pot", "1.0.0", "[dependencies.steam]\nversion = \"2\"\n"));
    home.write(&at("pot-1.0.0", "src/lib.rs"), "pub use steam::New;\n");
    let pot = "[[package]]\nname = \"pot\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\ndependencies = [\"steam 2.0.0\"]\n";
    home.write("both/Cargo.lock", &(lock.replace("\"steam 2.0.0\"", "\"pot\"") + pot));
    home.json(&["project", &home.path("both")]);
    let (checked, status) = home.check(
        "both",
        "main.rs",
        "fn main() {\n    let _ = steam::Old;\n    let _ = steam::New;\n    let _ = pot::New;\n    let _ = kettle::Old;\n}\n",
    );
    let verdicts: Vec<_> = checked["references"].as_array().unwrap().iter().map(|of| of["verdict"].as_str().unwrap()).collect();
    assert_eq!((verdicts, status), (vec!["unknown", "unknown", "exists", "exists"], 0), "{checked}");
    // What is given on is found where it is given, with what it is.
    let found = home.json(&["find", "kettle::boil", "--project", &home.path("app")]);
    assert_eq!(found["symbols"][0]["signature"], "pub fn boil() -> Old");
    let versions = home.json(&["find", "hiss", "--project", &home.path("app")]);
    assert_eq!(versions["symbols"].as_array().unwrap().len(), 2, "{versions}");
}

/// What is said of the names of a piece of code, each as `name verdict`.
fn verdicts(checked: &Value) -> Vec<String> {
    let told = |of: &Value| format!("{} {}", of["text"].as_str().unwrap(), of["verdict"].as_str().unwrap());
    checked["references"].as_array().unwrap().iter().map(told).collect()
}

fn crate_at(home: &Home, folder: &str, manifest: &str, code: &str) {
    home.write(&format!("{folder}/Cargo.toml"), manifest);
    home.write(&format!("{folder}/src/lib.rs"), code);
}

/// A fork keeps the version of what it is a fork of.
#[test]
fn a_version_that_was_read_from_elsewhere_accuses_nobody() {
    let home = Home::new();
    let manifest = "[package]\nname = \"kettle\"\nversion = \"0.1.0\"\n";
    let mine = |commit: &str| format!("git+https://example.test/kettle#{commit}");
    let projects = [
        ("a", mine("aaaaaaa111"), ".cargo/git/checkouts/kettle-1/aaaaaaa"),
        ("b", mine("bbbbbbb222"), ".cargo/git/checkouts/kettle-1/bbbbbbb"),
        ("c", "registry+x".to_owned(), ".cargo/registry/src/index/kettle-0.1.0"),
    ];
    for (project, source, folder) in &projects {
        crate_at(&home, folder, manifest, &format!("pub fn of_{project}() {{}}\n"));
        let lock = format!(
            "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"kettle\"]\n\
             [[package]]\nname = \"kettle\"\nversion = \"0.1.0\"\nsource = \"{source}\"\n"
        );
        home.write(&format!("{project}/Cargo.lock"), &lock);
    }
    let code = |project: &str| format!("fn main() {{ kettle::of_{project}(); kettle::of_nobody(); }}\n");
    for (at, (project, ..)) in projects.iter().enumerate() {
        let read = home.json(&["project", &home.path(project)]);
        assert_eq!((&read["read"], &read["missing"]), (&json!(1), &json!([])), "{read}");
        let (checked, status) = home.check(project, "main.rs", &code(project));
        let right = format!("kettle::of_{project} exists");
        assert_eq!((verdicts(&checked), status), (vec![right, "kettle::of_nobody does_not_exist".to_owned()], 1), "{checked}");
        // The others have the same version, and are not the same.
        for (other, ..) in projects.iter().take(at) {
            let (checked, status) = home.check(other, "main.rs", &code(other));
            assert!(status == 0 && verdicts(&checked).iter().all(|of| of.ends_with(" unknown")), "{checked}");
            let told = checked["not_indexed"].to_string();
            assert!(told.contains("crate:kettle@0.1.0") && told.contains("read from elsewhere"), "{told}");
            let found = home.json(&["find", "of_a", "--package", "kettle", "--project", &home.path(other)]);
            assert!(found["symbols"] == json!([]) && found["not_searched"][0].as_str().unwrap().contains("read from elsewhere"), "{found}");
        }
    }
    let again = home.json(&["project", &home.path("a")]);
    assert_eq!((&again["read"], &again["unchanged"]), (&json!(1), &json!(0)));
    let again = home.json(&["project", &home.path("a")]);
    assert_eq!((&again["read"], &again["unchanged"]), (&json!(0), &json!(1)));
    assert_eq!(home.check("a", "main.rs", &code("a")).1, 1);
    assert_eq!(home.check("c", "main.rs", &code("c")).1, 0);
}

#[test]
fn of_two_versions_that_one_package_uses_none_is_chosen() {
    let registry = |name: &str| format!(".cargo/registry/src/index/{name}");
    for optional in ["false", "true"] {
        let home = Home::new();
        let manifest = |name: &str, version: &str| format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n");
        crate_at(&home, &registry("steam-1.0.0"), &manifest("steam", "1.0.0"), "pub struct Old;\nimpl Old { pub fn hiss(&self) {} }\n");
        crate_at(&home, &registry("steam-2.0.0"), &manifest("steam", "2.0.0"), "pub struct New;\nimpl New { pub fn whisper(&self) {} }\n");
        let needs = format!(
            "[dependencies.steam]\nversion = \"1\"\n[dependencies.steam-2x]\npackage = \"steam\"\nversion = \"2\"\noptional = {optional}\n"
        );
        let code = "pub use steam::Old;\npub fn boil() -> steam_2x::New { steam_2x::New }\n";
        crate_at(&home, &registry("kettle-1.0.0"), &(manifest("kettle", "1.0.0") + &needs), code);
        home.write(
            "app/Cargo.lock",
            "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"kettle\"]\n\
             [[package]]\nname = \"kettle\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\ndependencies = [\"steam 1.0.0\", \"steam 2.0.0\"]\n\
             [[package]]\nname = \"steam\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n\
             [[package]]\nname = \"steam\"\nversion = \"2.0.0\"\nsource = \"registry+x\"\n",
        );
        assert_eq!(home.json(&["project", &home.path("app")])["read"], 3);
        let code = "fn main() {\n    kettle::boil().whisper();\n    kettle::Old.whisper();\n    kettle::boyl();\n}\n";
        let (checked, status) = home.check("app", "main.rs", code);
        let accused: Vec<_> = verdicts(&checked).into_iter().filter(|of| of.ends_with(" does_not_exist")).collect();
        assert_eq!((accused, status), (vec!["kettle::boyl does_not_exist".to_owned()], 1), "{checked}");
    }
}

#[test]
fn code_of_a_crate_is_held_against_its_own_sources_as_they_are_now() {
    let home = Home::new();
    home.write(
        "app/Cargo.lock",
        "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n[[package]]\nname = \"inner-pot\"\nversion = \"0.1.0\"\n",
    );
    let manifest = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
    let library = "pub mod gas;\nmod hidden {\n    pub(crate) fn inner() {}\n}\npub use gas::Burner;\n#[cfg(test)]\nmod tests {\n    pub fn helper() {}\n}\n";
    crate_at(&home, "app", &manifest("app"), library);
    let gas = "use super::hidden::inner;\nuse self::flame::Blue;\nuse super::hidden::outer;\npub struct Burner;\nimpl Burner {\n    pub fn light() -> Self { Burner }\n    fn glow(&self) {}\n}\n\
               mod flame {\n    pub struct Blue;\n    fn f() { super::Burner::light(); super::Burner::quench(); crate::tests::helper(); }\n}\n";
    home.write("app/src/gas.rs", gas);
    crate_at(&home, "app/crates/inner", &manifest("inner-pot"), "pub fn fill() {}\n");
    home.write("app/src/cli.rs", "pub struct Arguments;\n");
    let read = home.json(&["project", &home.path("app")]);
    assert_eq!((&read["packages"], &read["missing"]), (&json!(0), &json!([])), "{read}");
    let (checked, status) = home.check("app", "src/gas.rs", gas);
    let wanted = [
        "super::hidden::inner exists",
        "self::flame::Blue exists",
        "super::hidden::outer does_not_exist",
        "super::Burner::light exists",
        "super::Burner::quench does_not_exist",
        "crate::tests::helper exists",
    ];
    assert_eq!((verdicts(&checked), status), (wanted.map(str::to_owned).to_vec(), 1), "{checked}");
    let inner = &checked["references"][0];
    assert!(inner["url"].as_str().unwrap().ends_with("/app/src/lib.rs#L3") && inner["package"] == "app", "{inner}");
    // The program stands among the modules of the library; a member has a name of its own.
    let main = "mod cli;\nuse cli::Arguments;\nuse app::{Burner, Flame};\nfn main() {\n    let _ = crate::cli::Nothing;\n    Burner::light();\n    app::gas::Stove;\n    inner_pot::fill();\n    inner_pot::spill();\n}\n";
    let (checked, status) = home.check("app", "src/main.rs", main);
    let wanted = [
        "cli::Arguments exists",
        "Burner, Flame exists",
        "Burner, Flame does_not_exist",
        "crate::cli::Nothing does_not_exist",
        "Burner::light exists",
        "app::gas::Stove does_not_exist",
        "inner_pot::fill exists",
        "inner_pot::spill does_not_exist",
    ];
    let told: Vec<String> = verdicts(&checked).into_iter().map(|of| of.replace("app::{Burner, Flame}", "Burner, Flame")).collect();
    assert_eq!((told, status), (wanted.map(str::to_owned).to_vec(), 1), "{checked}");
    // What was written since is there.
    home.write("app/src/gas.rs", &format!("{gas}pub struct Stove;\n"));
    home.write("app/src/cli.rs", "pub struct Arguments;\npub struct Nothing;\n");
    let (checked, _) = home.check("app", "src/main.rs", &main.replace(", Flame", "").replace("    inner_pot::spill();\n", ""));
    assert!(verdicts(&checked).iter().all(|of| of.ends_with(" exists")), "{checked}");
    // Tests beside a crate are crates of their own.
    let (checked, status) = home.check("app", "tests/boil.rs", "use crate::support;\nuse app::Burner;\nuse app::Nothing;\n");
    let wanted = ["crate::support unknown", "app::Burner exists", "app::Nothing does_not_exist"];
    assert_eq!((verdicts(&checked), status), (wanted.map(str::to_owned).to_vec(), 1), "{checked}");
    // What cannot be read is no reason to accuse.
    home.write("app/src/broken.rs", "pub fn f( {\n");
    home.write("app/src/lib.rs", &format!("{library}include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\n"));
    let (checked, status) = home.check("app", "src/gas.rs", gas);
    assert!(status == 0 && verdicts(&checked).iter().all(|of| !of.ends_with("does_not_exist")), "{checked}");
    assert!(!home.run(&["find", "Burner", "--all"]).status.success(), "what is found by name is what packages offer");
    assert_eq!(home.json(&["project", &home.path("app"), "--forget"])["packages_removed"], 0);
}

#[test]
fn code_of_a_python_package_is_held_against_its_own_modules() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    home.write("app/src/pot/__init__.py", "from .lid import Lid\n");
    home.write("app/src/pot/lid.py", "class Lid:\n    def open(self): ...\n");
    home.write("app/src/pot/base/__init__.py", "");
    home.write("app/tool.py", "from pot import Lid\n");
    home.json(&["project", &home.path("app")]);
    let code = "from . import lid\nfrom .lid import Lid, Lud\nfrom ..lid import Lid as Upper\nfrom .. import nothing\nlid.shut()\nlid.Lid().open()\nlid.Lid().shut()\nfrom kettle import Kettle\n";
    let (checked, status) = home.check("app", "src/pot/draft.py", code);
    let wanted = [
        "from . import lid exists",
        "lid exists",
        "from .lid import Lid, Lud exists",
        "Lid exists",
        "Lud does_not_exist",
        "from ..lid import Lid as Upper unknown",
        "from .. import nothing unknown",
        "lid.shut does_not_exist",
        "lid.Lid exists",
        "lid.Lid().open exists",
        "lid.Lid exists",
        "lid.Lid().shut does_not_exist",
        "from kettle import Kettle exists",
        "Kettle exists",
    ];
    assert_eq!((verdicts(&checked), status), (wanted.map(str::to_owned).to_vec(), 1), "{checked}");
    let (checked, _) = home.check(
        "app",
        "src/pot/base/__init__.py",
        "from ..lid import Lid\nfrom .. import Lid, Spout\nimport tool\ntool.Lid().open()\ntool.Lid().shut()\n",
    );
    let wanted = [
        "from ..lid import Lid exists",
        "Lid exists",
        "from .. import Lid, Spout exists",
        "Lid exists",
        "Spout does_not_exist",
        "import tool exists",
        "tool.Lid exists",
        "tool.Lid().open exists",
        "tool.Lid exists",
        "tool.Lid().shut does_not_exist",
    ];
    assert_eq!(verdicts(&checked), wanted, "{checked}");
    // Nobody knows what is relative to code that stands nowhere.
    let mut piped = home.command(&["check", "-", "--language", "python", "--json"]);
    let mut child = piped.current_dir(home.at("app")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"from .lid import Lud\nimport pot.lid\npot.lid.Lud()\n").unwrap();
    let checked = report(&child.wait_with_output().unwrap());
    assert_eq!(
        verdicts(&checked),
        ["from .lid import Lud unknown", "import pot.lid exists", "pot.lid exists", "pot.lid.Lud does_not_exist"],
        "{checked}"
    );
}

#[test]
fn names_that_only_the_projects_own_manifests_know_lead_to_what_they_mean_or_are_its_own() {
    let home = Home::new();
    let registry = |name: &str| format!(".cargo/registry/src/index/{name}");
    let manifest = |name: &str, needs: &str| format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\n{needs}");
    crate_at(&home, &registry("kettle-1.0.0"), &manifest("kettle", "[dependencies]\nsteam = \"1\"\n"), "pub fn boil() {}\n");
    crate_at(&home, &registry("steam-1.0.0"), &manifest("steam", ""), "pub fn hiss() {}\n");
    crate_at(&home, &registry("faster-steam-1.0.0"), &manifest("faster-steam", ""), "pub fn whisper() {}\n");
    let own = "[dependencies]\npot = { package = \"kettle\", version = \"1\" }\nkettle = { package = \"kettle\", version = \"1\" }\n";
    crate_at(&home, "app", &manifest("app", own), "");
    let member = "[target.'cfg(unix)'.dev-dependencies]\nsteam = { package = \"faster-steam\", version = \"1\" }\n";
    crate_at(&home, "app/crates/inner", &manifest("inner", member), "");
    let locked = |name: &str, more: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{more}\n");
    let lock = [
        locked("app", "dependencies = [\"kettle\"]"),
        locked("inner", "dependencies = [\"faster-steam\"]"),
        locked("kettle", "source = \"registry+x\"\ndependencies = [\"steam\"]"),
        locked("steam", "source = \"registry+x\""),
        locked("faster-steam", "source = \"registry+x\""),
    ];
    home.write("app/Cargo.lock", &format!("version = 4\n{}", lock.concat()));
    assert_eq!(home.json(&["project", &home.path("app")])["read"], 3);
    let (checked, status) = home.check(
        "app",
        "src/main.rs",
        "use pot::boil;\nuse teapot::lid;\nfn main() {\n    steam::whisper();\n    kettle::boil();\n    kettle::boyl();\n    pot::boyl();\n}\n",
    );
    let wanted = [
        "pot::boil exists",
        "teapot::lid not_in_lock",
        "steam::whisper unknown",
        "kettle::boil exists",
        "kettle::boyl does_not_exist",
        "pot::boyl does_not_exist",
    ];
    assert_eq!((verdicts(&checked), status), (wanted.map(str::to_owned).to_vec(), 1), "{checked}");
    let (checked, status) = home.check("app", "src/main.rs", "fn main() {\n    steam::whisper();\n    steam::hiss();\n}\n");
    assert_eq!((verdicts(&checked), status), (vec!["steam::whisper unknown".to_owned(), "steam::hiss unknown".to_owned()], 0), "{checked}");
}

#[test]
fn a_project_of_npm_and_a_module_of_go_are_found_in() {
    let home = Home::new();
    home.write(
        "web/package-lock.json",
        r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"pad": "1"}}, "node_modules/pad": {"version": "1.0.0"}, "node_modules/none": {"version": "2.0.0"}}}"#,
    );
    home.write("web/node_modules/pad/package.json", r#"{"name": "pad", "version": "1.0.0", "types": "index.d.ts"}"#);
    home.write(
        "web/node_modules/pad/index.d.ts",
        "/** Pads on the left. Always. */\nexport declare function leftPad(text: string, length: number): string;\n",
    );
    let read = home.json(&["project", &home.path("web")]);
    assert_eq!((&read["read"], &read["missing"][0]["command"]), (&json!(1), &json!("npm ci")), "{read}");
    let found = home.json(&["find", "leftPad", "--project", &home.path("web")]);
    assert_eq!(
        (&found["symbols"][0]["package"], &found["symbols"][0]["doc"]),
        (&json!("npm:pad@1.0.0"), &json!("Pads on the left.")),
        "{found}"
    );
    home.write("service/go.mod", "module example.test/app\ngo 1.21\nrequire example.test/pot v1.2.0\n");
    home.write(
        "go/pkg/mod/example.test/pot@v1.2.0/pot.go",
        "package pot\n\n// Boil heats water.\nfunc Boil(to int) error { return nil }\n",
    );
    home.json(&["project", &home.path("service")]);
    let found = home.json(&["find", "Boil", "--project", &home.path("service")]);
    assert_eq!(
        (&found["symbols"][0]["package"], &found["symbols"][0]["kind"]),
        (&json!("go:example.test/pot@v1.2.0"), &json!("function")),
        "{found}"
    );
    let output = home.run(&["check", &home.path("service/go.mod"), "--language", "go"]);
    assert!(
        !output.status.success() && text(&output.stderr).contains("hint: Python, Rust, JavaScript and TypeScript are"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn code_of_typescript_is_held_against_the_types_in_node_modules() {
    let home = Home::new();
    let entry = |place: &str| format!("\"node_modules/{place}\": {{\"version\": \"1.0.0\"}}");
    let own = r#""": {"dependencies": {"pad": "1", "bare": "1", "@types/bare": "1"}}"#;
    let places = ["pad", "bare", "@types/bare"].map(entry).join(", ");
    home.write("web/package-lock.json", &format!("{{\"lockfileVersion\": 3, \"packages\": {{{own}, {places}}}}}"));
    for (name, entry) in
        [("pad", "\"types\": \"./dist/pad.d.ts\""), ("bare", "\"main\": \"index.js\""), ("@types/bare", "\"types\": \"index.d.ts\"")]
    {
        let manifest = format!("{{\"name\": \"{name}\", \"version\": \"1.0.0\", {entry}}}");
        home.write(&format!("web/node_modules/{name}/package.json"), &manifest);
    }
    home.write("web/node_modules/pad/dist/pad.d.ts", "export declare class Pad { left(by: number): this; text: string }\n");
    home.write("web/node_modules/pad/dist/pad.d.mts", "export declare class Pad { left(by: number): this; text: string }\n");
    home.write("web/node_modules/bare/index.js", "module.exports = function bare() {};\n");
    home.write("web/node_modules/@types/bare/index.d.ts", "import { Pad } from 'pad';\ndeclare function bare(): Pad;\nexport = bare;\n");
    home.json(&["project", &home.path("web")]);
    let code = "import { Pad } from 'pad';\nimport bare from 'bare';\nimport { x } from 'else';\nnew Pad().left(2).right(2);\nbare().text.trim();\nbare().texts;\n";
    let (checked, status) = home.check("web", "src/main.ts", code);
    let wanted = [
        "pad exists",
        "Pad exists",
        "bare exists",
        "else not_in_lock",
        "new Pad().left exists",
        "new Pad().left(2).right does_not_exist",
        "bare().text exists",
        "bare().text.trim unknown",
        "bare().texts does_not_exist",
    ];
    let mut found = verdicts(&checked);
    found.sort_by_key(|line| wanted.iter().position(|wanted| line == wanted));
    assert_eq!((found, status), (wanted.map(str::to_owned).to_vec(), 1), "{checked}");
}

#[test]
fn what_cannot_be_read_is_an_error_with_a_hint() {
    let home = Home::new();
    home.write("broken/uv.lock", "version = 1\n[[package]\n");
    home.write("empty/readme.md", "");
    for (path, wanted) in [("broken", "line 2"), ("empty", "no project is at"), ("nowhere", "there is nothing at")] {
        let output = home.run(&["project", &home.path(path)]);
        let told = text(&output.stderr);
        assert!(output.status.code() == Some(1) && told.contains(wanted) && told.contains("\nhint: "), "{path}: {told}");
    }
    assert!(!home.at("index.db").exists(), "nothing was stored");
    for arguments in [&["find", "x"][..], &["check", "-", "--language", "rust"]] {
        let told = text(&home.run(arguments).stderr);
        assert!(told.contains("the symbols of no package are indexed") && told.contains("hint: read the packages"), "{told}");
    }
    python(&home, "app", "1.0", "boil");
    home.json(&["project", &home.path("app")]);
    let told = text(&home.run(&["find", "x", "--project", &home.path("empty")]).stderr);
    assert!(told.contains("no project at") && told.contains("app"), "{told}");
    let told = text(&home.run(&["check", &home.path("app/uv.lock")]).stderr);
    assert!(told.contains("the language is not known"), "{told}");
    let told = text(&home.run(&["find", "kettel", "--members"]).stderr);
    assert!(told.contains("is kettle meant?"), "{told}");
    // A package that is known in part accuses nobody.
    home.write(&format!("app/{SITE}/kettle/__init__.py"), &format!("# {}\n", "x".repeat(3 << 20)));
    let read = home.json(&["project", &home.path("app")]);
    assert!(read["notes"][0].as_str().unwrap().contains("size of a file"), "{read}");
    let (checked, status) = home.check("app", "draft.py", "import kettle\nkettle.nothing()\n");
    assert_eq!(status, 0, "{checked}");
}

#[test]
fn damage_is_told_and_healed_by_reading_again() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    home.json(&["project", &home.path("app")]);
    let whole = home.json(&["doctor", "--check"]);
    assert_eq!((&whole["store"]["check"]["whole"], &whole["store"]["check"]["packages"]), (&json!(true), &json!(2)));
    // One byte of a signature, wherever it stands.
    let database = home.at("index.db");
    let mut bytes = fs::read(&database).unwrap();
    let places: Vec<usize> =
        bytes.windows(22).enumerate().filter(|(_, window)| *window == b"def boil(self, to=100)").map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| bytes[*at] = b'D');
    fs::write(&database, bytes).unwrap();
    let told = text(&home.run(&["find", "boil"]).stderr);
    assert!(told.contains("is damaged"), "{told}");
    let output = home.run(&["doctor", "--check", "--json"]);
    assert!(!output.status.success() && text(&output.stdout).contains("a name of package 1 is not what was stored"));
    assert_eq!(home.json(&["project", &home.path("app")])["read"], 1);
    assert_eq!(home.json(&["find", "boil"])["symbols"][0]["signature"], "def boil(self, to=100)");
}

/// What packages say of themselves is searched in, in the versions of the project; a symbol that is named stands first.
#[test]
fn questions_are_answered_from_the_packages_of_the_project() {
    let home = Home::new();
    python(&home, "old", "1.0", "boil_water");
    python(&home, "new", "2.0", "heat_water");
    for project in ["old", "new"] {
        let read = home.json(&["project", &home.path(project)]);
        assert!(read["pages"].as_u64().unwrap() >= 1, "{read}");
    }
    let ask = |project: &str, more: &[&str]| {
        let mut command = home.command(&["search", "what heats water", "--json"]);
        let output = command.args(more).current_dir(home.at(project)).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        report(&output)
    };
    let sources = |answer: &Value| {
        answer["hits"].as_array().unwrap().iter().map(|hit| hit["source"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (project, source) in [("old", "pypi:kettle@1.0"), ("new", "pypi:kettle@2.0")] {
        let answer = ask(project, &[]);
        assert!(!sources(&answer).is_empty() && sources(&answer).iter().all(|of| of == source), "{answer}");
        let url = answer["hits"][0]["url"].as_str().unwrap();
        assert!(url.starts_with("file:///") && url.contains("/kettle/__init__.py#L"), "{url}");
    }
    assert!(
        ask("old", &["--any-version"])["hits"]
            .as_array()
            .unwrap()
            .iter()
            .any(|hit| hit["same_as"].is_array() || hit["source"] == "pypi:kettle@2.0")
    );
    let mut command = home.command(&["search", "what does boil_water do", "--json"]);
    let answer = report(&command.current_dir(home.at("old")).output().unwrap());
    assert_eq!(answer["symbols"][0]["path"], "kettle.Kettle.boil_water", "{answer}");
    // Read again, what is gone is gone.
    home.write(&format!("old/{SITE}/kettle/__init__.py"), "def whistle():\n    \"\"\"Sings of steam.\"\"\"\n");
    home.json(&["project", &home.path("old")]);
    let pages = home.json(&["search", "heats water boil_water", "--source", "pypi:kettle@1.0"]);
    assert!(pages["hits"].as_array().unwrap().iter().all(|hit| !hit["text"].as_str().unwrap().contains("boil_water")), "{pages}");
    let removed = text(&home.run(&["remove", "pypi:kettle@1.0"]).stdout);
    assert!(removed.contains("pages removed"), "{removed}");
    assert!(home.json(&["find", "whistle", "--package", "kettle@1.0", "--all"])["symbols"].as_array().unwrap().is_empty());
    let removed = text(&home.run(&["remove", "pypi:steam@3.0"]).stdout);
    assert!(removed.contains("the symbols of 1 versions removed"), "{removed}");
}

/// Packages that nothing is stored of but what they offer: others use them, in two versions.
#[test]
fn symbols_without_pages_are_removed_and_several_versions_are_told() {
    let home = || {
        let home = Home::new();
        python(&home, "app", "1.0", "boil");
        python(&home, "old", "1.0", "boil");
        let lock = fs::read_to_string(home.at("old/uv.lock")).unwrap();
        home.write("old/uv.lock", &lock.replace("3.0", "4.0"));
        home.write(&format!("old/{SITE}/steam-4.0.dist-info/METADATA"), "Name: steam\nVersion: 4.0\n\n");
        home.write(&format!("old/{SITE}/steam-4.0.dist-info/RECORD"), "steam/__init__.py,,\n");
        for project in ["app", "old"] {
            assert_eq!(home.json(&["project", &home.path(project)])["packages"], 3);
        }
        home
    };
    let there = home();
    for (named, told) in [
        ("pypi:steam@9.9", "hint: "),
        ("pypi:nothing", "names no source"),
        (
            "pypi:steam",
            "means the symbols of 2 versions: pypi:steam@3.0, pypi:steam@4.0\nhint: name one of them, or remove them all with --yes",
        ),
    ] {
        let refused = there.run(&["remove", named]);
        assert!(refused.status.code() == Some(1) && text(&refused.stderr).contains(told), "{named}: {}", text(&refused.stderr));
    }
    assert_eq!(there.json(&["remove", "pypi:steam", "--yes"])["packages_removed"], 2);
    assert_eq!(there.run(&["remove", "pypi:steam", "--yes"]).status.code(), Some(1));

    let there = home();
    let mut server = Server::start(there.0.path(), &["--db", &there.path("index.db")]);
    server.initialize();
    let mut remove = |arguments: Value| server.call(2, "remove_source", arguments);
    assert!(failure(&remove(json!({ "source": "pypi:nothing" }))).starts_with("no source \"pypi:nothing\" is stored"));
    let below = json!({ "source": "pypi:steam@3.0", "pages_below": "https://steam.test/" });
    assert!(failure(&remove(below)).starts_with("no source \"pypi:steam@3.0\" is stored"));
    let several = failure(&remove(json!({ "source": "pypi:steam" })));
    assert!(several.contains("2 versions are meant by \"pypi:steam\": pypi:steam@3.0, pypi:steam@4.0\nhint: name one"), "{several}");
    let removed = remove(json!({ "source": "pypi:steam@3.0" }))["structuredContent"].clone();
    assert_eq!(removed, json!({ "source": "pypi:steam@3.0", "pages_removed": 0, "chunks_removed": 0, "packages_removed": 1 }));
    assert_eq!(remove(json!({ "source": "pypi:steam" }))["structuredContent"]["source"], "pypi:steam@4.0");
    assert!(failure(&remove(json!({ "source": "pypi:steam" }))).contains("is stored"));
    server.end();
}

#[test]
fn a_server_that_is_told_its_project_asks_nobody_for_it() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    python(&home, "other", "2.0", "heat");
    home.json(&["project", &home.path("other")]);
    let mut server = Server::start(home.0.path(), &["--db", &home.path("index.db"), "--project", &home.path("app")]);
    server.initialize();
    let read = server.call(2, "index_project", json!({}))["structuredContent"].clone();
    assert_eq!(read["read"], json!(2), "{read}");
    let code = json!({ "code": "import kettle\nkettle.boil()\nkettle.heat()\n", "language": "python" });
    let checked = server.call(3, "check_code", code)["structuredContent"].clone();
    server.end();
    assert!(checked["project"].as_str().unwrap().replace('\\', "/").ends_with("/app"), "{checked}");
    let output = home.run(&["serve", "--project", &home.path("nowhere")]);
    let told = text(&output.stderr);
    assert!(!output.status.success() && told.contains("there is nothing") && told.contains("hint:"), "{told}");
}

fn failure(result: &Value) -> String {
    assert_eq!(result["isError"], json!(true), "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn agents_read_only_what_they_may_and_are_told_the_rest() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    python(&home, "secret", "2.0", "heat");
    home.write("app/draft.py", "import kettle\nkettle.Kettle().boyl()\n");
    let (allowed, database) = (home.path("app"), home.path("index.db"));
    let mut server = Server::start(home.0.path(), &["--db", &database, "--allow-path", &allowed]);
    server.initialize();
    for (tool, arguments) in [
        ("index_project", json!({ "path": home.path("secret") })),
        ("index_project", json!({ "path": format!("{allowed}/../secret") })),
        ("check_ai_script_hallucinations", json!({ "script_path": home.path("secret/uv.lock") })),
    ] {
        let told = failure(&server.call(2, tool, arguments));
        assert!(told.contains("outside of what may be read") && told.contains("--allow-path"), "{told}");
    }
    assert!(failure(&server.call(2, "index_project", json!({}))).contains("no project is named"));
    assert!(failure(&server.call(2, "find_symbol", json!({ "name": "boil" }))).contains("index_project first"));
    let read = server.call(3, "index_project", json!({ "path": allowed }))["structuredContent"].clone();
    assert_eq!(
        (&read["state"], &read["read"], &read["missing"][0]["package"]),
        (&json!("done"), &json!(2), &json!("pypi:gone@1.0")),
        "{read}"
    );
    // The only one that there is.
    let found = server.call(4, "find_symbol", json!({ "name": "boil" }))["structuredContent"].clone();
    assert_eq!(found["symbols"][0]["path"], "kettle.Kettle.boil");
    assert!(found["notice"].as_str().unwrap().contains("in the versions of"), "{found}");
    let listed = server.call(5, "list_symbols", json!({ "module": "kettle.Kettle" }))["structuredContent"].clone();
    assert_eq!(listed["symbols"][0]["path"], "kettle.Kettle.boil");
    for (tool, arguments) in [
        ("check_code", json!({ "code": "import kettle\nkettle.Kettle().boyl()\n", "language": "python" })),
        ("check_ai_script_hallucinations", json!({ "script_path": home.path("app/draft.py") })),
    ] {
        let checked = server.call(6, tool, arguments)["structuredContent"].clone();
        let worst = &checked["references"][0];
        assert_eq!((&checked["do_not_exist"], &worst["line"], &worst["near"]), (&json!(1), &json!(2), &json!(["boil"])), "{checked}");
    }
    assert!(failure(&server.call(7, "check_code", json!({ "code": "x", "language": "cobol" }))).contains("cobol"));
    let asked = |server: &mut Server, command: &str| server.call(8, "query_knowledge_graph", json!({ "command": command }));
    assert_eq!(asked(&mut server, "repos")["structuredContent"]["total"], 2);
    assert_eq!(asked(&mut server, "class Kettle")["structuredContent"]["members"]["symbols"][0]["path"], "kettle.Kettle.boil");
    assert_eq!(asked(&mut server, "method boil Kettle")["structuredContent"]["symbols"][0]["path"], "kettle.Kettle.boil");
    assert!(asked(&mut server, "explore kettle")["structuredContent"]["symbols"].as_array().unwrap().len() > 1);
    assert_eq!(asked(&mut server, "classes kettle")["structuredContent"]["classes"][0]["symbols"][0]["path"], "kettle.Kettle");
    assert!(failure(&asked(&mut server, "query MATCH (n) RETURN n")).contains("no Cypher"));
    assert!(failure(&asked(&mut server, "destroy")).contains("commands are"));
    server.end();
}

/// Who pages past the end is not told that there is nothing of the kind.
#[test]
fn behind_the_last_of_several_it_is_told_how_many_there_are() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    let database = home.path("index.db");
    home.json(&["project", &home.path("app")]);
    let find = |more: &[&str]| text(&home.run(&[&["find", "--all"], more].concat()).stdout);
    for (asked, told) in [
        (&["boil", "--offset", "1"][..], "no more: there are 1\n"),
        (&["kettle.Kettle", "--members", "--offset", "90"], "no more: there are 1\n"),
        (&["kettle.Kettle", "--members", "--kind", "enum"], "there is nothing of the kind in \"kettle.Kettle\"\n"),
        (&["zzzzzzzzzzzz"], "nothing is called \"zzzzzzzzzzzz\"\n"),
    ] {
        assert_eq!(find(asked), told, "{asked:?}");
    }
    let all = home.json(&["find", "boil", "--all", "--offset", "1"]);
    assert_eq!((&all["symbols"], &all["total"], &all["left_off"]), (&json!([]), &json!(1), &json!(0)), "{all}");
    let empty = home.run(&["find", ""]);
    assert!(!empty.status.success() && text(&empty.stderr).contains("is empty\nhint: "), "{}", text(&empty.stderr));

    let mut server = Server::start(home.0.path(), &["--db", &database]);
    server.initialize();
    let past = "offset is 9, and there are 1\nhint: offset may be 0 to 0; take it from next_offset";
    assert_eq!(failure(&server.call(2, "find_symbol", json!({ "name": "boil", "offset": 9 }))), past);
    assert_eq!(failure(&server.call(3, "list_symbols", json!({ "module": "kettle.Kettle", "offset": 9 }))), past);
    assert!(failure(&server.call(4, "find_symbol", json!({ "name": " " }))).contains("is empty\nhint: "));
    let notice = |answer: Value| answer["structuredContent"]["notice"].as_str().unwrap_or_default().to_owned();
    let nothing = notice(server.call(5, "list_symbols", json!({ "module": "kettle.Kettle", "kind": "enum" })));
    assert_eq!(nothing, "there is nothing of the kind in it");
    let nothing = notice(server.call(6, "find_symbol", json!({ "name": "zzzzzzzzzzzz", "offset": 9 })));
    assert!(nothing.starts_with("nothing is called so"), "{nothing}");
    server.end();
}

/// As most packages have it: what they offer is defined below, and given on where one imports it from.
#[test]
fn what_is_given_on_has_its_members() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    home.write(
        &format!("app/{SITE}/kettle/__init__.py"),
        "from steam import Steam\nfrom .pots import Pot\nfrom .pans import *\nfrom gone import Lid\nfrom .pots import boil as Boil\n",
    );
    home.write(&format!("app/{SITE}/kettle/pots.py"), "class Pot:\n    def pour(self): ...\ndef boil(): ...\n");
    home.write(&format!("app/{SITE}/kettle/pans.py"), "class Pan:\n    def fry(self): ...\n");
    let files = ["__init__", "pots", "pans"].map(|name| format!("kettle/{name}.py,,\n")).concat();
    home.write(&format!("app/{SITE}/kettle-1.0.dist-info/RECORD"), &files);
    home.json(&["project", &home.path("app")]);
    for project in [&["--all"][..], &["--project", &home.path("app")]] {
        for (name, member) in [
            ("kettle.Pot", "kettle.pots.Pot.pour"),
            ("kettle.Pan", "kettle.pans.Pan.fry"),
            // Of another package.
            ("kettle.Steam", "steam.Steam.hiss"),
            ("kettle.pots.Pot", "kettle.pots.Pot.pour"),
        ] {
            let listed = home.json(&[&["find", "--members", name], project].concat());
            assert_eq!((&listed["symbols"][0]["path"], &listed["symbols"][1]), (&json!(member), &Value::Null), "{name}: {listed}");
        }
    }
    // It leads to what is not on the disk: that is named, and not the same again.
    let output = home.run(&["find", "--members", "kettle.Lid"]);
    assert!(text(&output.stderr).contains("hint: is gone.Lid meant?"), "{}", text(&output.stderr));
    // A function that is given on has no members: that is no empty list of them.
    let output = home.run(&["find", "--members", "kettle.Boil"]);
    assert!(text(&output.stderr).contains("no module or type kettle.Boil is indexed"), "{}", text(&output.stderr));
    let output = home.run(&["find", "--members", "kettle.pens.Pan"]);
    assert!(text(&output.stderr).contains("hint: is kettle.pans meant?"), "{}", text(&output.stderr));
    let output = home.run(&["find", "--members", "kettle.Lids"]);
    assert_eq!(output.status.code(), Some(1));
    let mut server = Server::start(home.0.path(), &["--db", &home.path("index.db")]);
    server.initialize();
    let class = server.call(2, "query_knowledge_graph", json!({ "command": "class Pan" }))["structuredContent"].clone();
    assert_eq!(class["members"]["symbols"][0]["path"], "kettle.pans.Pan.fry", "{class}");
    let class = server.call(3, "query_knowledge_graph", json!({ "command": "class kettle.Pot" }))["structuredContent"].clone();
    assert_eq!(class["members"]["symbols"][0]["path"], "kettle.pots.Pot.pour", "{class}");
    server.end();
}

#[test]
fn where_none_of_several_projects_is_named_that_is_told() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    python(&home, "other", "2.0", "heat");
    home.json(&["project", &home.path("app")]);
    home.json(&["project", &home.path("other")]);
    let mut server = Server::start(home.0.path(), &["--db", &home.path("index.db")]);
    server.initialize();
    let code = json!({ "code": "import kettle\n", "language": "python" });
    let checked = server.call(2, "check_code", code)["structuredContent"].clone();
    let told = checked["not_indexed"].to_string();
    assert!(told.contains("none of the 2 indexed projects was named (name one as `project`, such as /"), "{checked}");
    assert!(!told.contains("no project is known"), "{checked}");
    let found = server.call(3, "find_symbol", json!({ "name": "whistle" }))["structuredContent"].clone();
    assert!(found["not_searched"].to_string().contains("none of the 2 indexed projects was named"), "{found}");
    let meant = server.call(4, "find_symbol", json!({ "name": "whistle", "project": "none" }))["structuredContent"].clone();
    assert!(meant["symbols"][0].is_object() && !meant.to_string().contains("projects was named"), "{meant}");
    // What a client can do is not what one can at the command line.
    let told = failure(&server.call(5, "find_symbol", json!({ "name": "whistle", "project": "x" })));
    assert!(told.contains("hint: read it with index_project; indexed are /"), "{told}");
    let told = failure(&server.call(6, "list_symbols", json!({ "module": "teapot.lid" })));
    assert!(told.contains("hint: find its path with find_symbol"), "{told}");
    let told = failure(&server.call(7, "list_symbols", json!({})));
    assert!(told.starts_with("no module, type or package is named\nhint: name one; known are pypi:kettle@2.0"), "{told}");
    let told = failure(&server.call(8, "check_code", json!({ "code": "x", "language": "" })));
    assert!(told.starts_with("code without its language is not checked\nhint: Python, Rust"), "{told}");
    // Of many classes the rest is had by another tool: a command takes no offset.
    let many: String = (0..300).map(|number| format!("class Pot{number:03}:\n    \"\"\"Holds water.\"\"\"\n")).collect();
    home.write(&format!("app/{SITE}/kettle/__init__.py"), &many);
    home.json(&["project", &home.path("app")]);
    let classes = server.call(9, "query_knowledge_graph", json!({ "command": "classes kettle@1.0" }))["structuredContent"].clone();
    let first = &classes["classes"][0];
    let shown = first["symbols"].as_array().unwrap().len();
    assert!(first.get("next_offset").is_none(), "{first}");
    let told = first["notice"].as_str().unwrap();
    assert_eq!(told, format!("there are more: list_symbols with package \"kettle@1.0\", kind \"class\" and offset {shown} goes on"));
    let rest =
        server.call(10, "list_symbols", json!({ "package": "kettle@1.0", "kind": "class", "offset": shown }))["structuredContent"].clone();
    assert_eq!(rest["symbols"][0]["path"], format!("kettle.Pot{shown:03}"), "{rest}");
    server.end();
    // Where no project is indexed, there is none to name.
    let output = home.run(&["check", "-", "--language", "python", "--db", &home.path("empty.db")]);
    assert!(!text(&output.stdout).contains("projects was named"));
}

/// A lock file may name any folder of the disk, and may itself lie above of what may be read.
#[test]
fn a_lock_file_leads_nobody_out_of_what_may_be_read() {
    let home = Home::new();
    home.write("private/pot.go", "package pot\n\n// Secret boils.\nfunc Secret() {}\n");
    home.write("private/README.md", "# Pot\n\nThe secret of the pot.\n");
    home.write("repo/beside/lid.go", "package lid\n\nfunc Open() {}\n");
    home.write("repo/beside/README.md", "# Lid\n\nThe lid of the pot is no secret.\n");
    home.write("repo/docs/readme.md", "# Docs\n");
    home.write(
        "repo/go.mod",
        "module example.test/app\ngo 1.21\nrequire (\n\texample.test/pot v1.2.0\n\texample.test/none v1.0.0\n\texample.test/lid v1.0.0\n\texample.test/cup v1.0.0\n)\n\
         replace example.test/pot => ../private\nreplace example.test/none => ../nothing\nreplace example.test/lid => ./beside\n",
    );
    home.write("go/pkg/mod/example.test/cup@v1.0.0/cup.go", "package cup\n\nfunc Fill() {}\n");
    let index = |folder: &str, path: &str| {
        let mut server = Server::start(home.0.path(), &["--db", &home.path("tools.db"), "--allow-path", &home.path(folder)]);
        server.initialize();
        let read = server.call(2, "index_project", json!({ "path": home.path(path) }));
        let found = server.call(3, "perform_rag_query", json!({ "query": "the secret of the pot" })).to_string();
        server.end();
        assert!(!found.contains("The secret of"), "{found}");
        (read, found)
    };
    let told = failure(&index("repo/docs", "repo/docs").0);
    assert!(told.contains("no project is at"), "{told}");
    let (read, found) = index("repo", "repo/docs");
    let read = read["structuredContent"].clone();
    assert!(found.contains("The lid of"), "{found}");
    assert_eq!((&read["packages"], &read["read"]), (&json!(4), &json!(2)), "{read}");
    let missing: Vec<_> =
        read["missing"].as_array().unwrap().iter().map(|of| (of["package"].as_str().unwrap(), of["why"].as_str().unwrap())).collect();
    let names: Vec<_> = missing.iter().map(|(package, _)| *package).collect();
    assert_eq!(names, ["go:example.test/none@v1.0.0", "go:example.test/pot@v1.2.0"], "whether it is there or not");
    assert!(missing.iter().all(|(_, why)| why.ends_with("lies outside of what may be read")), "{read}");
    // Whoever sits at the command line may read what he can.
    let read = home.json(&["project", &home.path("repo/docs")]);
    assert_eq!((&read["read"], &read["missing"][0]["package"]), (&json!(3), &json!("go:example.test/none@v1.0.0")), "{read}");
    assert_eq!(home.json(&["find", "Secret"])["symbols"][0]["package"], "go:example.test/pot@v1.2.0");
    assert!(home.json(&["search", "the secret of the pot"])["hits"].to_string().contains("The secret of"));
}

#[cfg(unix)]
#[test]
fn a_link_leads_nobody_out_of_what_may_be_read() {
    let home = Home::new();
    home.write("private/package.json", r#"{"name": "pad", "version": "1.0.0", "types": "index.d.ts"}"#);
    home.write("private/index.d.ts", "export declare function secret(): void;\n");
    home.write(
        "web/package-lock.json",
        r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"pad": "1"}}, "node_modules/pad": {"version": "1.0.0"}}}"#,
    );
    home.write("web/node_modules/.package-lock.json", "{}");
    std::os::unix::fs::symlink(home.at("private"), home.at("web/node_modules/pad")).unwrap();
    let mut server = Server::start(home.0.path(), &["--db", &home.path("tools.db"), "--allow-path", &home.path("web")]);
    server.initialize();
    let read = server.call(2, "index_project", json!({ "path": home.path("web") }))["structuredContent"].clone();
    server.end();
    assert_eq!(read["read"], json!(0), "{read}");
    assert!(read["missing"][0]["why"].as_str().unwrap().contains("outside of what may be read"), "{read}");
    assert_eq!(home.json(&["project", &home.path("web")])["read"], 1);
}

/// Packages that this program is built with, where its own registry is: right names exist, and others do not.
#[test]
fn the_packages_of_this_program_are_read() {
    let home = Home::new();
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let entry = |name: &str| lock.split("\n\n").find(|entry| entry.contains(&format!("name = \"{name}\"\n"))).unwrap().to_owned();
    let wanted = [entry("httparse"), entry("itoa")];
    let own = "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"httparse\", \"itoa\"]";
    home.write("app/Cargo.lock", &format!("version = 4\n\n{own}\n\n{}\n", wanted.join("\n\n")));
    let mut command = home.command(&["project", &home.path("app"), "--json"]);
    if let Some(cargo_home) = cargo_home.filter(|path| path.is_absolute()) {
        command.env("CARGO_HOME", cargo_home);
    }
    let read = report(&command.output().unwrap());
    if read["missing"].as_array().unwrap().len() == 2 {
        // Built from a vendored copy: then the other tests have to do.
        eprintln!("no registry of cargo is here: {read}");
        return;
    }
    assert_eq!(read["read"], 2, "{read}");
    let code = "use httparse::{Request, Response};\nfn main() {\n    let mut headers = [httparse::EMPTY_HEADER; 4];\n    let mut request = Request::new(&mut headers);\n    request.parse(b\"GET\").unwrap();\n    let _ = Response::of_nothing(&mut []);\n    itoa::Buffer::new().format(3);\n}\n";
    let (checked, status) = home.check("app", "main.rs", code);
    let accused: Vec<_> = checked["references"].as_array().unwrap().iter().filter(|of| of["verdict"] == "does_not_exist").collect();
    assert_eq!((status, accused.len()), (1, 1), "{checked}");
    assert!(accused[0]["text"].as_str().unwrap().ends_with("of_nothing"), "{checked}");
}
