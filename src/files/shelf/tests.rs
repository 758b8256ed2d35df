//! Packages as each tool lays them onto the disk.

use super::*;
use crate::files::project::Project;

struct Disk(tempfile::TempDir);

impl Disk {
    fn new(files: &[(&str, &str)]) -> Self {
        let disk = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = disk.at(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        disk
    }

    fn at(&self, path: &str) -> PathBuf {
        // Temporary folders lie behind a link on some systems.
        fs::canonicalize(self.0.path()).unwrap().join(path)
    }

    fn shelf(&self) -> Shelf {
        Shelf::new(Places {
            cargo_home: Some(self.at("cargo")),
            go_mod_cache: Some(self.at("go")),
            virtual_env: None,
            project: Some(self.at("project")),
        })
    }

    fn find(&self, text: &str) -> Result<Installed, Error> {
        self.shelf().find(&PackageName::parse(text).unwrap())
    }

    /// Where each dependency of the project lies, or what would bring it.
    fn located(&self) -> Vec<String> {
        let project = Project::read(&self.at("project")).unwrap();
        let shelf = self.shelf();
        let one = |dependency: &Dependency| match shelf.locate(dependency) {
            Ok(found) => format!("{} {}", found.package, found.root.strip_prefix(self.at("")).unwrap_or(&found.root).display()),
            Err(Error::NotInstalled { package, command, .. }) => format!("{package} {command}"),
            Err(error) => panic!("{error}"),
        };
        project.dependencies.iter().map(one).map(|one| one.replace('\\', "/")).collect()
    }
}

#[test]
fn crates_lie_in_the_registry_and_in_checkouts() {
    let disk = Disk::new(&[
        (
            "cargo/registry/src/one/serde_json-1.0.9/Cargo.toml",
            "[package]\nname='serde_json'\nversion='1.0.9'\ndescription='''\nJSON\n'''\ndocumentation='https://docs.rs/serde_json'\nhomepage='https://x.test'\nreadme='README.md'",
        ),
        ("cargo/registry/src/two/serde_json-1.0.10/Cargo.toml", "[package]\nname='serde_json'\nversion='1.0.10'\n[lib]\nname='sj'"),
        ("cargo/registry/src/two/broken-1.0.0/Cargo.toml", "[package\n"),
        ("cargo/git/checkouts/thing-0123456789abcdef/abc0123/Cargo.toml", "[workspace]\nmembers=['g']"),
        ("cargo/git/checkouts/thing-0123456789abcdef/abc0123/crates/g/Cargo.toml", "[package]\nname='g'\nversion='0.2.0'"),
        (
            "project/Cargo.lock",
            "version = 4\n[[package]]\nname='g'\nversion='0.2.0'\nsource='git+https://x.test/o/thing.git#abc0123456789'\n[[package]]\nname='serde_json'\nversion='1.0.9'\nsource='registry+x'\n[[package]]\nname='none'\nversion='1.0.0'\nsource='registry+x'\n",
        ),
    ]);
    let found = disk.find("crate:serde-json").unwrap();
    assert_eq!((found.package.version.as_deref(), found.modules[0].as_str()), (Some("1.0.10"), "sj"), "the highest version, by numbers");
    let found = disk.find("crate:serde_json@1.0.9").unwrap();
    assert_eq!(found.about.documentation.unwrap().as_str(), "https://docs.rs/serde_json/1.0.9", "of that version");
    assert_eq!((found.about.description.as_deref(), found.about.readme.as_deref()), (Some("JSON"), Some("README.md")));
    let Err(Error::NotInstalled { there, command, .. }) = disk.find("crate:serde_json@2.0.0") else { panic!() };
    assert_eq!((there.join(" "), command.as_str()), ("1.0.10 1.0.9".to_owned(), "cargo add serde_json@=2.0.0 && cargo fetch"));
    assert!(matches!(disk.find("crate:broken"), Err(Error::Broken { .. })));
    let wanted = [
        "crate:g@0.2.0 cargo/git/checkouts/thing-0123456789abcdef/abc0123/crates/g",
        "crate:none@1.0.0 cargo fetch --locked",
        "crate:serde_json@1.0.9 cargo/registry/src/one/serde_json-1.0.9",
    ];
    assert_eq!(disk.located(), wanted);
}

#[test]
fn packages_of_npm_lie_flat_nested_and_scoped() {
    let disk = Disk::new(&[
        (
            "project/package-lock.json",
            r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0"},
            "node_modules/@s/b": {"version": "1.0.0"}, "node_modules/a/node_modules/@s/b": {"version": "2.0.0"}, "node_modules/old": {"version": "2.0.0"}}}"#,
        ),
        (
            "project/node_modules/a/package.json",
            r#"{"name": "a", "version": "1.0.0", "homepage": "https://a.test/docs", "repository": {"url": "git+https://github.com/o/a.git"}}"#,
        ),
        ("project/node_modules/a/README.md", "# A"),
        ("project/node_modules/@s/b/package.json", r#"{"version": "1.0.0", "homepage": "https://github.com/o/b#readme"}"#),
        ("project/node_modules/a/node_modules/@s/b/package.json", r#"{"version": "2.0.0"}"#),
        ("project/node_modules/old/package.json", r#"{"version": "1.0.0"}"#),
        ("project/node_modules/broken/package.json", "{"),
    ]);
    let wanted = [
        "npm:@s/b@1.0.0 project/node_modules/@s/b",
        "npm:@s/b@2.0.0 project/node_modules/a/node_modules/@s/b",
        "npm:a@1.0.0 project/node_modules/a",
        "npm:old@2.0.0 npm ci",
    ];
    assert_eq!(disk.located(), wanted, "another version than the lock file's is none");
    let about = disk.find("npm:a").unwrap().about;
    assert_eq!(about.documentation.unwrap().as_str(), "https://a.test/docs");
    assert_eq!((about.repository.unwrap().as_str(), about.readme.as_deref()), ("https://github.com/o/a", Some("README.md")));
    assert_eq!(disk.find("npm:@s/b").unwrap().about.documentation, None);
    assert!(matches!(disk.find("npm:broken"), Err(Error::NotInstalled { .. })));
}

#[cfg(unix)]
#[test]
fn pnpms_links_that_lead_in_circles_are_followed_once() {
    use std::os::unix::fs::symlink;
    let disk = Disk::new(&[
        (
            "project/pnpm-lock.yaml",
            "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        version: 1.0.0\npackages:\n  a@1.0.0: {resolution: {integrity: x}}\n  '@s/b@2.0.0': {resolution: {integrity: x}}\nsnapshots:\n  a@1.0.0:\n    dependencies:\n      '@s/b': 2.0.0\n  '@s/b@2.0.0':\n    dependencies:\n      a: 1.0.0\n",
        ),
        ("project/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json", r#"{"version": "1.0.0"}"#),
        ("project/node_modules/.pnpm/@s+b@2.0.0_peer@1.0.0/node_modules/@s/b/package.json", r#"{"version": "2.0.0"}"#),
    ]);
    let modules = disk.at("project/node_modules");
    symlink(".pnpm/a@1.0.0/node_modules/a", modules.join("a")).unwrap();
    fs::create_dir_all(modules.join(".pnpm/a@1.0.0/node_modules/@s")).unwrap();
    symlink("../../../@s+b@2.0.0_peer@1.0.0/node_modules/@s/b", modules.join(".pnpm/a@1.0.0/node_modules/@s/b")).unwrap();
    symlink("../../a@1.0.0/node_modules/a", modules.join(".pnpm/@s+b@2.0.0_peer@1.0.0/node_modules/a")).unwrap();
    let wanted = [
        "npm:@s/b@2.0.0 project/node_modules/.pnpm/@s+b@2.0.0_peer@1.0.0/node_modules/@s/b",
        "npm:a@1.0.0 project/node_modules/.pnpm/a@1.0.0/node_modules/a",
    ];
    assert_eq!(disk.located(), wanted);
    assert_eq!(disk.find("npm:a").unwrap().root, modules.join(".pnpm/a@1.0.0/node_modules/a"));
}

/// Each package has a folder in pnpm's own, and each was looked for in a list of all of them.
#[test]
fn pnpms_folder_is_read_once() {
    let at = |name: &str| format!("project/node_modules/.pnpm/{name}@1.0.0/node_modules/{name}/package.json");
    let disk = Disk::new(&[(&*at("kettle"), r#"{"version": "1.0.0"}"#), (&*at("kettles"), r#"{"version": "1.0.0"}"#)]);
    let shelf = disk.shelf();
    let find = |name: &str| shelf.find(&PackageName::parse(&format!("npm:{name}")).unwrap());
    assert!(find("kettle").unwrap().root.ends_with("kettle@1.0.0/node_modules/kettle"));
    let added = disk.at(&at("teapot"));
    fs::create_dir_all(added.parent().unwrap()).unwrap();
    fs::write(added, r#"{"version": "1.0.0"}"#).unwrap();
    assert!(find("kettles").is_ok() && find("kettle").is_ok());
    assert!(matches!(find("teapot"), Err(Error::NotInstalled { .. })), "what lies where is looked up once");
    assert!(disk.find("npm:teapot").is_ok());
}

#[test]
fn packages_of_python_are_known_by_what_their_installer_wrote() {
    let site = "project/.venv/lib/python3.12/site-packages";
    let at = |path: &str| format!("{site}/{path}");
    let record = "requests/__init__.py,sha256=x,10\nrequests/api.py,,\nrequests/data/x.json,,\nrequests-2.31.0.dist-info/METADATA,,\n../../../bin/x,,\nrequests/__pycache__/a.pyc,,\nsix.py,,\n\"odd,name/__init__.py\",,\n_fast.cpython-312-x86_64-linux-gnu.so,,\n/etc/passwd,,\n";
    let metadata = "Metadata-Version: 2.1\nName: Requests\nVersion: 2.31.0\nSummary: HTTP\nHome-page: https://requests.test\nProject-URL: Documentation, https://docs.requests.test\nProject-URL: Source, https://github.com/psf/requests\n\nName: not this\n";
    let names = [
        at("requests-2.31.0.dist-info/METADATA"),
        at("requests-2.31.0.dist-info/RECORD"),
        at("google_cloud_x-1.0.dist-info/RECORD"),
        at("old-1.0-py3.12.egg-info/top_level.txt"),
        at("old/__init__.py"),
        at("empty-1.0.dist-info/METADATA"),
    ];
    let namespace = "google/cloud/x/__init__.py,,\ngoogle/cloud/x/client.py,,\ngoogle/cloud/y.py,,\n";
    let disk = Disk::new(&[
        ("project/.venv/pyvenv.cfg", ""),
        (&names[0], metadata),
        (&names[1], record),
        (&names[2], namespace),
        (&names[3], "old\n../x\n"),
        (&names[4], ""),
        (&names[5], "Name: empty\n"),
        ("project/requirements.txt", "Requests==2.31\nmissing==1.0\n"),
    ]);
    let found = disk.find("pypi:requests").unwrap();
    assert_eq!((found.package.to_string().as_str(), found.root), ("pypi:Requests@2.31.0", disk.at(site)));
    assert_eq!(found.parts, ["_fast.cpython-312-x86_64-linux-gnu.so", "odd,name", "requests", "six.py"]);
    assert_eq!(found.modules, ["_fast", "requests", "six"]);
    assert_eq!(
        (found.about.documentation.unwrap().as_str(), found.about.description.as_deref()),
        ("https://docs.requests.test/", Some("HTTP"))
    );
    let found = disk.find("pypi:google-cloud.x").unwrap();
    assert_eq!(
        (found.parts, found.modules),
        (vec!["google/cloud/x".to_owned(), "google/cloud/y.py".to_owned()], vec!["google.cloud.x".to_owned(), "google.cloud.y".to_owned()]),
        "a namespace is shared"
    );
    let found = disk.find("pypi:old").unwrap();
    assert_eq!((found.parts, found.modules), (vec!["old".to_owned()], vec!["old".to_owned()]));
    assert_eq!(disk.find("pypi:empty").unwrap().parts, ["empty-1.0.dist-info"], "nothing else is its own");
    assert_eq!(disk.located(), ["pypi:Requests@2.31.0 ".to_owned() + site, "pypi:missing@1.0 pip install -r requirements.txt".to_owned()]);
}

#[cfg(unix)]
#[test]
fn an_editable_install_leads_to_where_it_is_written() {
    let info = "project/.venv/lib/python3.12/site-packages/own-0.1.0.dist-info";
    let disk = Disk::new(&[("project/.venv/pyvenv.cfg", ""), ("project/src/own/__init__.py", "")]);
    let url = |path: &Path| format!(r#"{{"url": "file://{}", "dir_info": {{"editable": true}}}}"#, path.display());
    fs::create_dir_all(disk.at(info)).unwrap();
    fs::write(disk.at(info).join("direct_url.json"), url(&disk.at("project"))).unwrap();
    fs::write(disk.at(info).join("METADATA"), "Name: own\nVersion: 0.1.0\n").unwrap();
    let found = disk.find("pypi:own").unwrap();
    assert_eq!((found.root, found.parts.len()), (disk.at("project"), 0));
    fs::write(disk.at(info).join("direct_url.json"), url(&disk.at("nowhere"))).unwrap();
    assert_eq!(disk.find("pypi:own").unwrap().parts, ["own-0.1.0.dist-info"]);
}

#[test]
fn modules_of_go_lie_in_the_cache_and_in_vendor() {
    let disk = Disk::new(&[
        ("go/github.com/!burnt!sushi/toml@v1.3.2/README.md", ""),
        ("go/github.com/!burnt!sushi/toml@v1.10.0/toml.go", ""),
        (
            "project/go.mod",
            "module m\ngo 1.21\nrequire github.com/BurntSushi/toml v1.3.2\nrequire a.test/vendored v1.0.0\nrequire a.test/none v1.0.0\nrequire a.test/local v1.0.0\nreplace a.test/local => ./local\n",
        ),
        ("project/local/go.mod", "module a.test/local"),
        ("project/vendor/modules.txt", "# a.test/vendored v1.0.0\n## explicit\na.test/vendored\n"),
        ("project/vendor/a.test/vendored/a.go", ""),
    ]);
    let found = disk.find("go:github.com/BurntSushi/toml").unwrap();
    assert_eq!(found.package.version.as_deref(), Some("v1.10.0"));
    assert_eq!(found.about.documentation.unwrap().as_str(), "https://pkg.go.dev/github.com/BurntSushi/toml@v1.10.0");
    let wanted = [
        "go:a.test/local@v1.0.0 project/local",
        "go:a.test/none@v1.0.0 go mod download",
        "go:a.test/vendored@v1.0.0 project/vendor/a.test/vendored",
        "go:github.com/BurntSushi/toml@v1.3.2 go/github.com/!burnt!sushi/toml@v1.3.2",
    ];
    assert_eq!(disk.located(), wanted);
}

#[test]
fn a_place_that_is_not_there_is_empty() {
    let shelf = Shelf::new(Places::default());
    for text in ["crate:a", "pypi:a", "npm:a", "go:a.test/a"] {
        let error = shelf.find(&PackageName::parse(text).unwrap()).unwrap_err();
        assert!(matches!(&error, Error::NotInstalled { there, .. } if there.is_empty()) && error.hint().is_some(), "{error}");
    }
}
