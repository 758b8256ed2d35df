//! Which files an installed package is made of, as far as its language is read, and what they are known by: another size or time is another
//! package. Links are never followed; what is left out is counted.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ring::digest;

use super::error::Error;
use super::folder::{join, read_below};
use super::left_out::{LeftOut, Rule};
use super::package::{Ecosystem, Installed};

/// The source files of a package.
#[derive(Clone, Debug)]
pub struct Contents {
    /// By name.
    pub files: Vec<SourceFile>,
    /// Code whose names others of its files describe, by name: only its words are wanted, which say what it has besides.
    pub beside: Vec<SourceFile>,
    pub left_out: LeftOut,
    /// Known by the names, sizes and times of the files: another one means that something has changed.
    pub stamp: String,
    /// Without links in it.
    root: PathBuf,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Below the package's root, with `/` between names.
    pub path: Box<str>,
    pub bytes: u64,
    modified: Option<SystemTime>,
}

impl Installed {
    /// Looks through its folder for source: Rust of a crate, Python with stubs and compiled modules of a package of Python, descriptions of
    /// types of a package of npm or else its code (with descriptions it is [`Contents::beside`]), Go without its tests of a module. Blocking.
    ///
    /// ```
    /// use smolcrawl::files::{PackageName, Places, Shelf};
    ///
    /// let cargo = tempfile::tempdir()?;
    /// let root = cargo.path().join("registry/src/index/smol-2.0.2");
    /// std::fs::create_dir_all(root.join("src"))?;
    /// std::fs::write(root.join("Cargo.toml"), "[package]\nname = 'smol'\nversion = '2.0.2'")?;
    /// std::fs::write(root.join("src/lib.rs"), "pub fn block_on() {}")?;
    /// let shelf = Shelf::new(Places { cargo_home: Some(cargo.path().to_owned()), ..Places::default() });
    /// let contents = shelf.find(&PackageName::parse("crate:smol")?)?.contents()?;
    /// assert_eq!(&*contents.files[0].path, "src/lib.rs");
    /// assert_eq!(contents.read(&contents.files[0], 100)?, b"pub fn block_on() {}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Io`]: the root itself cannot be read.
    pub fn contents(&self) -> Result<Contents, Error> {
        let (root, mut files, mut left_out) = self.walked(is_source)?;
        let mut beside = Vec::new();
        // Where a package of npm describes its types, these are what it offers; otherwise its code is.
        if self.package.ecosystem == Ecosystem::Npm && files.iter().any(|file| is_description(&file.path)) {
            let is_wanted = |file: &SourceFile| is_description(&file.path) || &*file.path == MANIFEST;
            (files, beside) = files.into_iter().partition(is_wanted);
            // The same types are often there for each kind of module; a short file may only lead to the other one.
            let all: HashMap<Box<str>, u64> = files.iter().map(|file| (file.path.clone(), file.bytes)).collect();
            let is_twice = |file: &SourceFile, end: &str, others: &[&str]| {
                let stem = file.path.strip_suffix(end);
                let other = |end: &&str| all.get(format!("{}{end}", stem?).as_str()).copied();
                others.iter().filter_map(other).any(|bytes| bytes * 2 >= file.bytes)
            };
            let is_other = |file: &SourceFile| is_twice(file, ".d.mts", &[".d.ts"]) || is_twice(file, ".d.cts", &[".d.ts", ".d.mts"]);
            let (twice, kept) = files.into_iter().partition(is_other);
            files = kept;
            // One of them may say more than the other.
            beside.extend::<Vec<_>>(twice);
            beside = bounded(beside, &mut left_out);
        }
        files.sort_unstable_by(|a, b| (&*a.path != MANIFEST, &a.path).cmp(&(&*b.path != MANIFEST, &b.path)));
        let stamp = stamp(files.iter().chain(&beside));
        Ok(Contents { files, beside, left_out, stamp, root })
    }

    /// The same of a project's own code: of npm it is TypeScript, with descriptions of types and without JavaScript.
    ///
    /// # Errors
    /// As [`contents`](Self::contents).
    pub fn own_contents(&self) -> Result<Contents, Error> {
        if self.package.ecosystem != Ecosystem::Npm {
            return self.contents();
        }
        let (root, mut files, left_out) = self.walked(|_, path| [".ts", ".mts", ".cts", ".tsx"].iter().any(|end| path.ends_with(end)))?;
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let stamp = stamp(files.iter());
        Ok(Contents { files, beside: Vec::new(), left_out, stamp, root })
    }

    /// Its folder without links in it, and the files in it that are meant.
    fn walked(&self, is_meant: fn(Ecosystem, &str) -> bool) -> Result<(PathBuf, Vec<SourceFile>, LeftOut), Error> {
        let root = fs::canonicalize(&self.root).map_err(Error::io(&self.root, "read"))?;
        let (files, left_out, ahead) = Default::default();
        let mut walk = Walk { root: &root, ecosystem: self.package.ecosystem, is_meant, files, left_out, ahead };
        if self.parts.is_empty() {
            walk.ahead.push((String::new(), 0));
        }
        for part in &self.parts {
            walk.met(part, 0);
        }
        while let Some((folder, depth)) = walk.ahead.pop() {
            walk.folder(&folder, depth)?;
        }
        let (files, left_out) = (walk.files, walk.left_out);
        Ok((root, files, left_out))
    }
}

impl Contents {
    /// Reads a file, if it still is one and lies where it was met.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Outside`], [`Error::NotFound`], [`Error::Special`], [`Error::Io`].
    pub fn read(&self, file: &SourceFile, limit: u64) -> Result<Vec<u8>, Error> {
        read_below(&self.root, &file.path, limit)
    }

    /// The package's folder, without links in it.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

impl SourceFile {
    /// What it is known by without being read: another size or time is another file.
    pub fn tag(&self) -> String {
        let since = self.modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default();
        format!("{:x}-{:x}", self.bytes, since.as_nanos())
    }
}

struct Walk<'a> {
    root: &'a Path,
    ecosystem: Ecosystem,
    is_meant: fn(Ecosystem, &str) -> bool,
    files: Vec<SourceFile>,
    left_out: LeftOut,
    /// Folders that are still to be looked into, below the root, with how deep they lie.
    ahead: Vec<(String, usize)>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &str, depth: usize) -> Result<(), Error> {
        let folder = join(self.root, path);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if path.is_empty() => return Err(Error::io(&folder, "read")(error)),
            Err(_) => {
                self.left_out.add(Rule::Unreadable, &format!("{path}/"));
                return Ok(());
            }
        };
        let mut names = Vec::new();
        for entry in entries.take(MAX_NAMES) {
            match entry.map(|entry| entry.file_name().into_string()) {
                Ok(Ok(name)) => names.push(name),
                Ok(Err(name)) => self.left_out.add(Rule::NotUnicode, &name.to_string_lossy()),
                Err(_) => self.left_out.add(Rule::Unreadable, &format!("{path}/")),
            }
        }
        if names.len() >= MAX_NAMES {
            self.left_out.add(Rule::Limit, &format!("{path}/"));
        }
        names.sort_unstable();
        for name in names {
            let path = if path.is_empty() { name } else { format!("{path}/{name}") };
            self.met(&path, depth + 1);
        }
        Ok(())
    }

    fn met(&mut self, path: &str, depth: usize) {
        let at = join(self.root, path);
        // Of the thing itself: a link is one.
        let Ok(metadata) = fs::symlink_metadata(&at) else { return self.left_out.add(Rule::Unreadable, path) };
        if metadata.is_symlink() {
            self.left_out.add(Rule::Link, path);
        } else if metadata.is_dir() {
            match self.enters(path, &at) {
                Ok(()) if depth > DEEPEST => self.left_out.add(Rule::TooDeep, &format!("{path}/")),
                Ok(()) => self.ahead.push((path.to_owned(), depth)),
                Err(rule) => self.left_out.add(rule, &format!("{path}/")),
            }
        } else if (self.is_meant)(self.ecosystem, path) {
            match self.files.len() < MAX_FILES {
                true => self.files.push(SourceFile { path: path.into(), bytes: metadata.len(), modified: metadata.modified().ok() }),
                false => self.left_out.add(Rule::Limit, path),
            }
        }
    }

    fn enters(&self, path: &str, at: &Path) -> Result<(), Rule> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_top = name.len() == path.len();
        match self.ecosystem {
            _ if name.starts_with('.') => Err(Rule::Hidden),
            Ecosystem::Npm if name == "node_modules" => Err(Rule::Vendored),
            Ecosystem::Go if name == "vendor" => Err(Rule::Vendored),
            Ecosystem::Go if name == "testdata" => Err(Rule::OtherRole),
            // Programs beside the library offer nothing.
            Ecosystem::Cargo if is_top && matches!(name, "tests" | "benches" | "examples" | "target") => Err(Rule::OtherRole),
            Ecosystem::Cargo if path == "src/bin" => Err(Rule::OtherRole),
            Ecosystem::Pypi if matches!(name, "__pycache__" | "node_modules") => Err(Rule::Generated),
            Ecosystem::Pypi if at.join("pyvenv.cfg").is_file() => Err(Rule::Vendored),
            _ => Ok(()),
        }
    }
}

fn is_source(ecosystem: Ecosystem, path: &str) -> bool {
    let end = path.rsplit_once('.').map(|(_, end)| end);
    match ecosystem {
        Ecosystem::Cargo => end == Some("rs"),
        Ecosystem::Pypi => matches!(end, Some("py" | "pyi" | "pyx" | "so" | "pyd")),
        Ecosystem::Npm => path == MANIFEST || is_description(path) || matches!(end, Some("js" | "mjs" | "cjs")),
        Ecosystem::Go => end == Some("go") && !path.ends_with("_test.go"),
    }
}

/// Types without code.
fn is_description(path: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| path.ends_with(end))
}

/// Code without what was made small of it, up to a number of bytes.
fn bounded(mut code: Vec<SourceFile>, left_out: &mut LeftOut) -> Vec<SourceFile> {
    code.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let all: HashSet<Box<str>> = code.iter().map(|file| file.path.clone()).collect();
    code.retain(|file| !file.path.contains(SMALL) || !all.contains(file.path.replace(SMALL, ".").as_str()));
    let mut bytes = 0;
    code.retain(|file| {
        bytes += file.bytes;
        if bytes > MAX_BESIDE {
            left_out.add(Rule::Limit, &file.path);
        }
        bytes <= MAX_BESIDE
    });
    code
}

fn stamp<'a>(files: impl Iterator<Item = &'a SourceFile>) -> String {
    let mut sum = digest::Context::new(&digest::SHA256);
    for file in files {
        let since = file.modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default();
        sum.update(&(file.path.len() as u64).to_le_bytes());
        sum.update(file.path.as_bytes());
        sum.update(&file.bytes.to_le_bytes());
        sum.update(&since.as_nanos().to_le_bytes());
    }
    sum.finish().as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

const MANIFEST: &str = "package.json";
/// No package of any registry is near these.
const MAX_FILES: usize = 50_000;
/// Bytes of code beside descriptions of its types.
const MAX_BESIDE: u64 = 128 << 20;
const SMALL: &str = ".min.";
const MAX_NAMES: usize = 100_000;
const DEEPEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::package::{About, PackageName};

    fn package(ecosystem: Ecosystem, root: &Path, parts: &[&str]) -> Installed {
        Installed {
            package: PackageName { ecosystem, name: "x".into(), version: Some("1".into()) },
            root: root.to_owned(),
            parts: parts.iter().map(|part| (*part).to_owned()).collect(),
            modules: Vec::new(),
            needs: Vec::new(),
            description: None,
            about: About::default(),
        }
    }

    fn write(root: &Path, files: &[&str]) {
        for file in files {
            let at = join(root, file);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, "x").unwrap();
        }
    }

    fn paths(contents: &Contents) -> Vec<&str> {
        contents.files.iter().map(|file| &*file.path).collect()
    }

    #[test]
    fn a_package_is_its_own_parts_and_what_its_language_reads() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, &["src/lib.rs", "src/a/b.rs", "build.rs", "tests/t.rs", "src/bin/x.rs", "README.md", ".git/x.rs", "examples/e.rs"]);
        let contents = package(Ecosystem::Cargo, root, &[]).contents().unwrap();
        assert_eq!(paths(&contents), ["build.rs", "src/a/b.rs", "src/lib.rs"]);
        assert_eq!((contents.left_out.count(Rule::OtherRole), contents.left_out.count(Rule::Hidden)), (3, 1));
        write(
            root,
            &[
                "own/__init__.py",
                "own/_c.cpython-312-x86_64-linux-gnu.so",
                "own/tests/t.py",
                "own/__pycache__/a.py",
                "other/a.py",
                "six.py",
            ],
        );
        let contents = package(Ecosystem::Pypi, root, &["own", "six.py"]).contents().unwrap();
        assert_eq!(paths(&contents), ["own/__init__.py", "own/_c.cpython-312-x86_64-linux-gnu.so", "own/tests/t.py", "six.py"]);
        write(root, &["n/package.json", "n/index.js", "n/lib/a.mjs", "n/node_modules/o/index.js", "n/lib/package.json"]);
        let npm = package(Ecosystem::Npm, &root.join("n"), &[]);
        assert_eq!(paths(&npm.contents().unwrap()), ["package.json", "index.js", "lib/a.mjs"]);
        write(root, &["n/a.d.ts", "n/index.min.js"]);
        let described = npm.contents().unwrap();
        assert_eq!(paths(&described), ["package.json", "a.d.ts"]);
        let beside: Vec<&str> = described.beside.iter().map(|file| &*file.path).collect();
        assert_eq!(beside, ["index.js", "lib/a.mjs"], "what is described need not be understood, and is read once");
        write(root, &["n/a.d.mts"]);
        let twice = npm.contents().unwrap();
        assert_eq!((paths(&twice), &*twice.beside[0].path), (vec!["package.json", "a.d.ts"], "a.d.mts"), "it may say more");
        write(root, &["n/src/own.ts"]);
        assert_eq!(paths(&npm.own_contents().unwrap()), ["a.d.mts", "a.d.ts", "src/own.ts"]);
        write(root, &["g/a.go", "g/a_test.go", "g/b/b.go", "g/vendor/v.go", "g/testdata/t.go"]);
        assert_eq!(paths(&package(Ecosystem::Go, &root.join("g"), &[]).contents().unwrap()), ["a.go", "b/b.go"]);
        assert!(package(Ecosystem::Cargo, &root.join("none"), &[]).contents().is_err());
    }

    #[test]
    fn a_stamp_changes_with_what_it_is_of() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, &["src/lib.rs"]);
        let stamp = || package(Ecosystem::Cargo, root, &[]).contents().unwrap().stamp;
        let first = stamp();
        assert_eq!(stamp(), first);
        fs::write(root.join("src/lib.rs"), "longer").unwrap();
        let second = stamp();
        write(root, &["src/more.rs"]);
        assert!(first != second && second != stamp());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, &["src/lib.rs", "outside.rs"]);
        std::os::unix::fs::symlink("/etc", root.join("src/etc")).unwrap();
        std::os::unix::fs::symlink("../outside.rs", root.join("src/out.rs")).unwrap();
        let contents = package(Ecosystem::Cargo, root, &["src"]).contents().unwrap();
        assert_eq!((paths(&contents), contents.left_out.count(Rule::Link)), (vec!["src/lib.rs"], 2));
        // What has become a link since is not followed either.
        fs::remove_file(root.join("src/lib.rs")).unwrap();
        std::os::unix::fs::symlink("../outside.rs", root.join("src/lib.rs")).unwrap();
        assert!(matches!(contents.read(&contents.files[0], 10), Err(Error::Outside { .. })));
    }
}
