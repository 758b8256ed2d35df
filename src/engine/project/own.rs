//! The project's own code: what of it is read, a file at a time, so that after a change only what has changed is read again. Blocking, on the
//! lane that reads pages.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::known::{Known, OWN, READER, id_of};
use crate::engine::{Access, Engine};
use crate::error::Error;
use crate::files::{self, Ecosystem, Installed, PackageName};
use crate::reactor::Lane;
use crate::store::{PackageRow, StoredPackage};
use crate::symbols::{self, Home, Indexed, PackageId, Piece, Reader};

/// A crate of the project, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::engine) struct OwnCrate {
    pub name: String,
    /// The name under which code reaches it.
    pub root: String,
    /// Its folder below the project, with `/` between names; empty where it is the project's.
    pub folder: String,
}

impl OwnCrate {
    /// Those of the crates in a folder that the lock file says are the project's own.
    pub fn all(project: &Path, found: &[Installed], own: &[String]) -> Vec<Self> {
        let of = |found: &Installed| {
            let below = found.root.strip_prefix(project).ok()?;
            let names: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
            Some(Self { name: found.package.name.clone(), root: found.modules.first()?.clone(), folder: names?.join("/") })
        };
        let is_own = |one: &Self| own.contains(&one.name.replace('-', "_"));
        found.iter().filter_map(of).filter(is_own).collect()
    }
}

impl Engine {
    /// Keeps what is read of a project's own code, so that the first question about code does not wait for it.
    pub(super) async fn keep_own(&self, project: PathBuf, known: &Known) -> Result<(), Error> {
        let crates = known.own_sources.clone();
        let has_scripts = known.uses.iter().any(|used| used.ecosystem == Ecosystem::Npm);
        let rows = self.store_in(Lane::Heavy, |store| Ok(kept(store.packages()?))).await?;
        let of = project.clone();
        let packages = self.inner.handle.unblock_on(Lane::Bulk, move || {
            let modules = OwnPackage::of_python(&of, files::modules_in(&of));
            let crates = crates.iter().map(|own| OwnPackage::of_crate(&of, own));
            let scripts = has_scripts.then(|| OwnPackage::of_scripts(&of));
            crates.chain([modules]).chain(scripts).collect::<Vec<_>>()
        });
        let mut gone: HashMap<String, PackageRow> =
            rows.into_iter().filter(|(key, _)| is_key_of(key, &project.to_string_lossy())).collect();
        for own in packages.await {
            let key = own.key(&project);
            let row = gone.remove(&key);
            let content = match row {
                Some(row) => self.store_in(Lane::Heavy, move |store| store.package_content(row)).await?,
                None => None,
            };
            let read = self.inner.handle.unblock_on(Lane::Bulk, move || {
                let before = content.and_then(|content| symbols::decode_pieces(&content)).unwrap_or_default();
                // What cannot be read now is asked for again by whoever asks about code.
                let pieces = own.read(&before).ok().flatten()?;
                Some((own.row(key, &pieces), symbols::encode_pieces(&pieces)))
            });
            if let Some((row, content)) = read.await {
                self.store_for(Lane::Heavy, Access::Store, move |store| store.put_package(&row, &content, &[])).await?;
            }
        }
        let gone: Vec<PackageRow> = gone.into_values().collect();
        self.store_in(Lane::Heavy, move |store| gone.into_iter().try_for_each(|row| store.remove_package(row).map(drop))).await
    }
}

/// Rows of own code, by their keys.
fn kept(packages: Vec<(PackageRow, StoredPackage)>) -> HashMap<String, PackageRow> {
    packages.into_iter().filter(|(_, of)| of.ecosystem == OWN).map(|(row, of)| (of.name, row)).collect()
}

/// Whether a row of own code is of a project.
pub(super) fn is_of(row: &StoredPackage, project: &str) -> bool {
    is_key_of(&row.name, project)
}

fn is_key_of(key: &str, project: &str) -> bool {
    key.rsplit_once('#').is_some_and(|(of, _)| of == project)
}

/// A package that the project is made of.
#[derive(Clone, Debug)]
pub(in crate::engine) struct OwnPackage {
    pub id: PackageId,
    /// The name under which code reaches it; of Python the modules say theirs.
    pub root: String,
    /// The folder that its paths are below.
    pub folder: PathBuf,
    ecosystem: Ecosystem,
    parts: Vec<String>,
}

impl OwnPackage {
    pub fn of_crate(project: &Path, own: &OwnCrate) -> Self {
        let mut folder = project.to_owned();
        folder.extend(own.folder.split('/').filter(|name| !name.is_empty()));
        let package = PackageName { ecosystem: Ecosystem::Cargo, name: own.name.clone(), version: None };
        Self { id: id_of(&package), root: own.root.clone(), folder, ecosystem: Ecosystem::Cargo, parts: vec!["src".to_owned()] }
    }

    /// What Python finds in the project's folder, as [`files::modules_in`] says it.
    pub fn of_python(project: &Path, modules: Vec<(String, String)>) -> Self {
        let id = PackageId::new(symbols::Ecosystem::PyPi, NAME, "");
        // What lies in `src` is named by itself.
        let parts = modules.into_iter().map(|(_, part)| part).filter(|part| part != "src").collect();
        Self { id, root: String::new(), folder: project.to_owned(), ecosystem: Ecosystem::Pypi, parts }
    }

    /// TypeScript in the project's folder, as far as it says what modules of packages have besides.
    pub fn of_scripts(project: &Path) -> Self {
        let id = PackageId::new(symbols::Ecosystem::Npm, NAME, "");
        Self { id, root: NAME.to_owned(), folder: project.to_owned(), ecosystem: Ecosystem::Npm, parts: Vec::new() }
    }

    /// Names by which code reaches it.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let of_parts = self.parts.iter().filter(|_| self.root.is_empty());
        let name = |part: &'_ String| part.rsplit('/').next().unwrap_or(part).trim_end_matches(".py").to_owned();
        std::iter::once(self.root.clone()).chain(of_parts.map(name))
    }

    /// Where a file stands in it, if it is one of it.
    pub fn home(&self, file: &Path) -> Option<Home> {
        let below = file.strip_prefix(&self.folder).ok()?;
        let names: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
        let path = names?.join("/");
        let is_part = |part: &String| path == *part || path.strip_prefix(part.as_str()).is_some_and(|rest| rest.starts_with('/'));
        if !self.parts.iter().any(is_part) {
            return None;
        }
        Home::of(self.id.ecosystem, &self.root, &path)
    }

    /// Under which name the store has what was read of it.
    pub fn key(&self, project: &Path) -> String {
        format!("{}#{}:{}", project.to_string_lossy(), self.ecosystem, self.root)
    }

    /// Its files as they are now; those that are as they were are taken from what was read before. None where all are.
    pub fn read(&self, before: &[Piece]) -> Result<Option<Vec<Piece>>, files::Error> {
        if self.parts.is_empty() && self.ecosystem != Ecosystem::Npm {
            return Ok((!before.is_empty()).then(Vec::new));
        }
        let contents = self.installed().own_contents()?;
        let stamp = |file: &files::SourceFile| format!("{READER}-{}", file.tag());
        let is_same = |(file, piece): (&files::SourceFile, &Piece)| *piece.path == *file.path && piece.stamp == stamp(file);
        if contents.files.len() == before.len() && contents.files.iter().zip(before).all(is_same) {
            return Ok(None);
        }
        let reader = self.reader();
        let known: HashMap<&str, &Piece> = before.iter().map(|piece| (piece.path.as_str(), piece)).collect();
        let mut left = MAX_BYTES;
        let mut pieces = Vec::new();
        for file in &contents.files {
            let stamp = stamp(file);
            let piece = match known.get(&*file.path).filter(|piece| piece.stamp == stamp) {
                Some(piece) => (*piece).clone(),
                None => {
                    let text = contents.read(file, left.min(LARGEST));
                    // What cannot be read may hold names that are not known.
                    text.map_or_else(
                        |_| reader.unread_piece(&file.path),
                        |text| reader.piece(&file.path, &stamp, if self.is_meant(&text) { &text } else { b"" }),
                    )
                }
            };
            left = left.saturating_sub(file.bytes);
            pieces.push(piece);
        }
        Ok(Some(pieces))
    }

    /// Whether what a file says counts elsewhere: of scripts such that declare what is not theirs.
    fn is_meant(&self, text: &[u8]) -> bool {
        let says = |word: &str| text.windows(word.len()).any(|at| at == word.as_bytes());
        self.ecosystem != Ecosystem::Npm || says("declare module") || says("declare global")
    }

    /// All files together.
    pub fn joined(&self, pieces: &[Piece]) -> Indexed {
        let mut reader = self.reader();
        pieces.iter().for_each(|piece| reader.join(piece));
        // Whatever else it uses is not at hand: what nobody has is not said of its values.
        let unknown = symbols::Dependency { root: String::new(), id: PackageId::new(self.id.ecosystem, "", ""), optional: false };
        Indexed::new(reader.finish()).depending_on(vec![unknown])
    }

    fn row(&self, key: String, pieces: &[Piece]) -> StoredPackage {
        StoredPackage {
            ecosystem: OWN.to_owned(),
            name: key,
            version: String::new(),
            root: self.folder.to_string_lossy().into_owned(),
            stamp: READER.to_string(),
            symbols: pieces.iter().map(|piece| piece.symbols() as u64).sum(),
            about: String::new(),
        }
    }

    fn reader(&self) -> Reader {
        Reader::new(self.id.clone(), self.root.clone()).from_within()
    }

    fn installed(&self) -> Installed {
        Installed {
            package: PackageName { ecosystem: self.ecosystem, name: self.id.name.clone(), version: None },
            root: self.folder.clone(),
            parts: self.parts.clone(),
            modules: Vec::new(),
            needs: Vec::new(),
            description: None,
            about: files::About::default(),
        }
    }
}

/// What the project's own modules of Python are called where a package is named.
pub(in crate::engine) const NAME: &str = "the project itself";
/// Bytes of a file, and of all files that are read of a package.
const LARGEST: u64 = 2 << 20;
const MAX_BYTES: u64 = 64 << 20;
