//! The project's own code, as far as a piece of code names it: read as it is on the disk now, from what was read before and the files that
//! have changed since.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::scope::Scope;
use super::shelved::OwnRead;
use crate::engine::project::OwnPackage;
use crate::engine::{Engine, Inner};
use crate::error::Error;
use crate::files::{self, Ecosystem};
use crate::reactor::Lane;
use crate::store::Store;
use crate::symbols::{self, Checked, Home, Indexed};

/// What of the project's own code a question may look into.
#[derive(Debug, Default)]
pub(super) struct OwnCode {
    pub packages: Vec<Arc<Indexed>>,
    /// Where the code stands, if it is a part of one of these.
    pub home: Option<Home>,
    /// Of each of the packages.
    folders: Vec<PathBuf>,
}

impl OwnCode {
    /// Names under which it is reached.
    pub fn roots(&self) -> HashSet<&str> {
        self.packages.iter().flat_map(|package| package.roots()).collect()
    }

    /// Where something of it that was found stands.
    pub fn url(&self, checked: &Checked) -> Option<url::Url> {
        let id = checked.package.as_ref()?;
        let at = self.packages.iter().position(|package| package.package().id == *id)?;
        let symbol = self.packages[at].symbol(checked.path.as_deref()?)?;
        let line = symbol.line.max(1) as usize;
        files::Place::folder(&self.folders[at]).map(|place| place.lines(&symbol.file, line, line))
    }
}

/// A package that is to be read, with what is known of it already.
struct Asked {
    key: String,
    own: OwnPackage,
    known: Option<Arc<OwnRead>>,
    stored: Option<Vec<u8>>,
}

impl Engine {
    /// What of a project's own code is named by a piece of code, which may be a file of it.
    pub(super) async fn own_code(
        &self,
        project: &Path,
        of: Ecosystem,
        mentioned: &HashSet<String>,
        file: Option<PathBuf>,
    ) -> Result<OwnCode, Error> {
        let (inner, project, mentioned) = (self.inner.clone(), project.to_owned(), mentioned.clone());
        let asked = self.with_symbols(move |store| inner.own_asked(store, &project, of, &mentioned, file.as_deref())).await?;
        let (asked, home) = asked;
        let read = self.inner.handle.unblock_on(Lane::Bulk, move || asked.into_iter().filter_map(read).collect::<Vec<_>>()).await;
        let mut code = OwnCode { home, ..OwnCode::default() };
        for (key, folder, read) in read {
            code.packages.push(read.package.clone());
            code.folders.push(folder);
            self.inner.keep_own_read(key, read);
        }
        Ok(code)
    }
}

impl Inner {
    fn own_asked(
        &self,
        store: &Store,
        project: &Path,
        of: Ecosystem,
        mentioned: &HashSet<String>,
        file: Option<&Path>,
    ) -> Result<(Vec<Asked>, Option<Home>), Error> {
        let scope = self.scope(store, Some(project))?;
        let file = file.and_then(|file| std::fs::canonicalize(file).ok());
        let mut asked = Vec::new();
        let mut home = None;
        for own in packages(&scope, project, of) {
            let here = file.as_deref().and_then(|file| own.home(file));
            let is_named = own.names().any(|name| mentioned.contains(&name));
            // Scripts say what others have besides.
            if here.is_none() && !is_named && of != Ecosystem::Npm {
                continue;
            }
            home = home.or(here);
            let key = own.key(project);
            let known = self.own_read(&key);
            let row = scope.own_kept.get(&key).filter(|_| known.is_none());
            let stored = row.map_or(Ok(None), |row| store.package_content(*row))?;
            asked.push(Asked { key, own, known, stored });
        }
        Ok((asked, home))
    }
}

/// The packages that a project is made of; those whose folder lies deeper first, as a file is part of the innermost.
fn packages(scope: &Scope, project: &Path, of: Ecosystem) -> Vec<OwnPackage> {
    let mut packages: Vec<OwnPackage> = match of {
        Ecosystem::Cargo => scope.own_sources.iter().map(|own| OwnPackage::of_crate(project, own)).collect(),
        Ecosystem::Npm if scope.uses.iter().any(|used| used.ecosystem == of) => vec![OwnPackage::of_scripts(project)],
        Ecosystem::Pypi => vec![OwnPackage::of_python(project, files::modules_in(project))],
        _ => Vec::new(),
    };
    packages.sort_by_key(|own| std::cmp::Reverse(own.folder.components().count()));
    packages
}

/// None where it cannot be read: then it is as unknown as before.
fn read(asked: Asked) -> Option<(String, PathBuf, Arc<OwnRead>)> {
    let Asked { key, own, known, stored } = asked;
    let stored = || stored.and_then(|stored| symbols::decode_pieces(&stored)).unwrap_or_default();
    let (known, before) = match known {
        Some(known) => (Some(known), Vec::new()),
        None => (None, stored()),
    };
    let read = match own.read(known.as_ref().map_or(&before, |known| &known.pieces)) {
        Ok(None) => known.unwrap_or_else(|| Arc::new(OwnRead { package: Arc::new(own.joined(&before)), pieces: before })),
        Ok(Some(pieces)) => Arc::new(OwnRead { package: Arc::new(own.joined(&pieces)), pieces }),
        Err(error) => {
            log::debug!("the code of {} is not read: {error}", own.folder.display());
            return None;
        }
    };
    Some((key, own.folder, read))
}
