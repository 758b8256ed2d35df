//! What a project depends on, at exactly which versions: read from the lock files that its tools wrote. Reading is all; no tool is asked,
//! and nothing is fetched.

mod bun;
mod cargo;
mod go;
mod npm;
mod pipenv;
mod pnpm;
mod python;
mod requirements;
mod yarn;

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ring::digest;
use serde::Serialize;

use crate::http;

use super::error::Error;
use super::folder::read_file;
use super::package::{Ecosystem, PackageName};

/// A project, by its lock files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The folder with the lock files.
    pub root: PathBuf,
    /// The lock files that were read, by name.
    pub locks: Vec<String>,
    /// Each once, in the order of ecosystem, name and version.
    pub dependencies: Vec<Dependency>,
    /// Packages that the project itself is made of, by what its lock file says.
    pub own: Vec<PackageName>,
    /// Folders of these below the project, where its lock file says them, with `/` between names.
    pub own_folders: Vec<String>,
    /// Names of npm by which the project's code reaches packages that are called otherwise.
    pub aliases: Vec<String>,
    /// A list of what it uses names more that is not told here, such as a folder elsewhere.
    pub is_partial: bool,
    /// What there is to know of it, such as entries that name no package.
    pub notes: Vec<String>,
    /// Known by the contents of the lock files: another one means that something has changed.
    pub fingerprint: String,
}

/// A package that a project uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// With its version, where the list says one.
    pub package: PackageName,
    pub source: Source,
    /// The project itself asks for it. Otherwise something that it asks for does.
    pub is_direct: bool,
    /// Where the lock file says that it lies, below the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What it uses itself: positions in [`Project::dependencies`], in order. Empty where the list does not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<usize>,
    /// The lock file that names it.
    pub lock: &'static str,
}

/// Where a package is from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Registry,
    Git {
        url: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// An archive.
    Url(String),
    /// A folder, below the project or beside it.
    Path(String),
}

impl Dependency {
    /// What would bring all that the lock file names onto the disk, at its versions. It is for people to run.
    pub fn command(&self) -> String {
        COMMANDS.iter().find(|(lock, _)| *lock == self.lock).map_or("", |(_, command)| command).to_owned()
    }
}

impl Project {
    /// Reads the lock files of a folder. Blocking; some megabytes at the most.
    ///
    /// ```
    /// use smolcrawl::files::Project;
    ///
    /// let folder = tempfile::tempdir()?;
    /// std::fs::write(folder.path().join("requirements.txt"), "requests==2.31.0\n")?;
    /// let project = Project::read(folder.path())?;
    /// assert_eq!(project.dependencies[0].package.to_string(), "pypi:requests@2.31.0");
    /// assert!(project.dependencies[0].is_direct);
    /// std::fs::write(folder.path().join("requirements.txt"), "requests==\n")?;
    /// assert!(Project::read(folder.path()).unwrap_err().to_string().contains("line 1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoProject`], [`Error::Broken`] with the line, [`Error::Version`], [`Error::TooLarge`], [`Error::Io`].
    pub fn read(root: &Path) -> Result<Self, Error> {
        let mut project = Self {
            root: root.to_owned(),
            locks: Vec::new(),
            dependencies: Vec::new(),
            own: Vec::new(),
            own_folders: Vec::new(),
            aliases: Vec::new(),
            is_partial: false,
            notes: Vec::new(),
            fingerprint: String::new(),
        };
        let mut sum = digest::Context::new(&digest::SHA256);
        for (name, path, bytes) in locks(root)? {
            sum.update(name.as_bytes());
            sum.update(digest::digest(&digest::SHA256, &bytes).as_ref());
            if name == NAMED {
                continue;
            }
            let text = decoded(&path, bytes)?;
            let beside = |name: &str| read_file(&root.join(name), LARGEST).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            project.add(name, read_lock(name, &path, &text, &beside)?);
        }
        if project.locks.is_empty() {
            return Err(Error::NoProject { path: root.to_owned() });
        }
        project.fingerprint = hexadecimal(sum.finish().as_ref());
        Ok(project)
    }

    /// What [`fingerprint`](Self::fingerprint) would be now, without the work of reading.
    ///
    /// # Errors
    /// As [`read`](Self::read), but that nothing is said of what the files hold.
    pub fn fingerprint_of(root: &Path) -> Result<String, Error> {
        let mut sum = digest::Context::new(&digest::SHA256);
        for (name, _, bytes) in locks(root)? {
            sum.update(name.as_bytes());
            sum.update(digest::digest(&digest::SHA256, &bytes).as_ref());
        }
        Ok(hexadecimal(sum.finish().as_ref()))
    }

    /// The folder with lock files that a path is in: itself, or the nearest above.
    pub fn find(path: &Path) -> Option<&Path> {
        path.ancestors().take(DEEPEST).find(|folder| LOCKS.iter().any(|name| folder.join(name).is_file()))
    }

    fn add(&mut self, name: &'static str, lock: Lock) {
        self.locks.push(name.to_owned());
        self.own.extend(lock.own);
        self.own_folders.extend(lock.own_folders);
        self.aliases.extend(lock.aliases);
        self.is_partial |= lock.is_partial;
        self.notes.extend(lock.notes.into_iter().map(|note| format!("{name}: {note}")));
        let mut order: Vec<usize> = (0..lock.packages.len()).collect();
        order.sort_by(|a, b| lock.packages[*a].package.cmp(&lock.packages[*b].package));
        // Where one list has the same twice, as npm has for each place, the first stands for both.
        let mut places = vec![0; lock.packages.len()];
        let mut known: HashMap<(PackageName, Source), usize> = HashMap::new();
        for at in order {
            let locked = &lock.packages[at];
            let next = self.dependencies.len();
            let place = *known.entry((locked.package.clone(), locked.source.clone())).or_insert(next);
            places[at] = place;
            if place < next {
                self.dependencies[place].is_direct |= locked.is_direct;
                continue;
            }
            self.dependencies.push(Dependency {
                package: locked.package.clone(),
                source: locked.source.clone(),
                is_direct: locked.is_direct,
                at: locked.at.clone(),
                needs: Vec::new(),
                lock: name,
            });
        }
        for (at, locked) in lock.packages.iter().enumerate() {
            let needs = &mut self.dependencies[places[at]].needs;
            // With its extras a package may stand beside itself.
            needs.extend(locked.needs.iter().filter_map(|need| places.get(*need)).filter(|need| **need != places[at]));
            needs.sort_unstable();
            needs.dedup();
        }
    }
}

/// What a lock file says.
#[derive(Debug, Default)]
struct Lock {
    packages: Vec<Locked>,
    own: Vec<PackageName>,
    own_folders: Vec<String>,
    aliases: Vec<String>,
    is_partial: bool,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Locked {
    package: PackageName,
    source: Source,
    is_direct: bool,
    at: Option<String>,
    /// Positions in the lock's list.
    needs: Vec<usize>,
}

impl Lock {
    /// Adds a package; none where it could be no package's name, which is told.
    fn push(&mut self, ecosystem: Ecosystem, name: &str, version: &str, source: Source) -> Option<&mut Locked> {
        let Some(package) = PackageName::listed(ecosystem, name, version) else {
            if self.notes.len() < MAX_NOTES {
                self.notes.push(format!("\"{}\" is no package's name and version", short(&format!("{name} {version}"))));
            }
            return None;
        };
        self.packages.push(Locked { package, source, is_direct: false, at: None, needs: Vec::new() });
        self.packages.last_mut()
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(note);
        }
    }

    /// Adds a name under which the project's code reaches something, where it is another one than that has itself.
    fn call(&mut self, called: &str, name: &str) {
        if called != name && PackageName::listed(Ecosystem::Npm, called, "").is_some() {
            self.aliases.push(called.to_owned());
        }
    }
}

/// Reads files beside the lock file, such as the project's own description.
type Beside<'a> = &'a dyn Fn(&str) -> Option<String>;

fn read_lock(name: &'static str, path: &Path, text: &str, beside: Beside<'_>) -> Result<Lock, Error> {
    let text = text.trim_start_matches('\u{feff}');
    match name {
        "Cargo.lock" => cargo::read(path, text),
        "package-lock.json" | "npm-shrinkwrap.json" => npm::read(path, text, beside),
        "pnpm-lock.yaml" => pnpm::read(path, text),
        "bun.lock" => bun::read(path, text),
        "yarn.lock" => yarn::read(path, text, beside),
        "uv.lock" => python::uv(path, text),
        "poetry.lock" => python::poetry(path, text, beside),
        "pdm.lock" => python::pdm(path, text, beside),
        "pylock.toml" => python::pylock(path, text, beside),
        "Pipfile.lock" => pipenv::read(path, text, beside),
        "requirements.txt" => requirements::read(path, text),
        _ => go::read(path, text, beside),
    }
}

/// Stands for the name of a file that another one names: it is read with that.
const NAMED: &str = "-r";

/// A lock file's name, where it lies, and what is in it.
type Content = (&'static str, PathBuf, Vec<u8>);

/// The lock files that are there, with what is in them. Where two say the same in different ways, that of the tool which is in use.
fn locks(root: &Path) -> Result<Vec<Content>, Error> {
    let mut found = Vec::new();
    for group in [
        &["Cargo.lock"][..],
        &["pnpm-lock.yaml", "bun.lock", "yarn.lock", "npm-shrinkwrap.json", "package-lock.json"],
        &["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "requirements.txt"],
        &["go.mod"],
    ] {
        if let Some(name) = group.iter().find(|name| root.join(name).is_file()) {
            let path = root.join(name);
            let bytes = read_file(&path, LARGEST)?;
            let named = if *name == "requirements.txt" { requirements::named(&path, &bytes) } else { Vec::new() };
            found.push((*name, path, bytes));
            found.extend(named.into_iter().map(|(path, bytes)| (NAMED, path, bytes)));
        }
        // What a go.mod leaves unsaid stands here.
        if group == ["go.mod"] && root.join("go.mod").is_file() && root.join("go.sum").is_file() {
            let path = root.join("go.sum");
            let bytes = read_file(&path, LARGEST)?;
            found.push(("go.sum", path, bytes));
        }
    }
    Ok(found)
}

/// The text of a list. PowerShell writes what `pip freeze` says as UTF-16, with the mark of that.
fn decoded(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    let units = |read: fn([u8; 2]) -> u16| bytes[2..].chunks(2).map(|pair| read([pair[0], pair.get(1).copied().unwrap_or(0)])).collect();
    let units: Vec<u16> = match bytes.get(..2) {
        Some([0xff, 0xfe]) => units(u16::from_le_bytes),
        Some([0xfe, 0xff]) => units(u16::from_be_bytes),
        _ => return String::from_utf8(bytes).map_err(|_| Error::broken(path, None, "it is not UTF-8")),
    };
    String::from_utf16(&units).map_err(|_| Error::broken(path, None, "it is not UTF-16"))
}

/// A file of TOML that is none, with the line.
pub(super) fn of_toml(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| text[..span.start.min(text.len())].bytes().filter(|byte| *byte == b'\n').count() + 1);
    Error::broken(path, line, error.message())
}

/// Foreign text as it may stand in a message.
fn short(text: &str) -> String {
    http::plain(text, 100).to_string()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const LOCKS: [&str; 13] = [
    "Cargo.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "yarn.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock.toml",
    "Pipfile.lock",
    "requirements.txt",
    "go.mod",
];

const COMMANDS: [(&str, &str); 14] = [
    ("Cargo.lock", "cargo fetch --locked"),
    ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
    ("bun.lock", "bun install --frozen-lockfile"),
    ("yarn.lock", "yarn install --frozen-lockfile"),
    ("npm-shrinkwrap.json", "npm ci"),
    ("package-lock.json", "npm ci"),
    ("uv.lock", "uv sync --frozen"),
    ("poetry.lock", "poetry install"),
    ("pdm.lock", "pdm sync"),
    ("pylock.toml", "uv pip sync pylock.toml"),
    ("Pipfile.lock", "pipenv sync --dev"),
    ("requirements.txt", "pip install -r requirements.txt"),
    ("go.mod", "go mod download"),
    ("go.sum", "go mod download"),
];

/// Bytes of a lock file: the largest of real projects have some megabytes.
const LARGEST: u64 = 32 << 20;
const DEEPEST: usize = 64;
const MAX_NOTES: usize = 20;

#[cfg(test)]
mod tests;
