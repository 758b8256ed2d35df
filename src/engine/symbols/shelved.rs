//! Packages that were asked lately, ready to be asked again, up to a bound of memory. What is stored is looked at before each question: another
//! process may have changed it.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use super::scope::Scope;
use crate::engine::Inner;
use crate::error::Error;
use crate::store::{self, PackageRow, Store};
use crate::symbols::{self, Indexed, Piece};

/// What is known of packages, made ready to be asked.
#[derive(Debug, Default)]
pub(in crate::engine) struct Shelved {
    /// By which state of the store.
    state: Option<[i64; 3]>,
    scopes: HashMap<Option<PathBuf>, Arc<Scope>>,
    names: Option<Arc<Names>>,
    /// The one that was asked last stands last.
    packages: VecDeque<(Key, Arc<Indexed>)>,
    weight: usize,
    /// The project's own code, by its key.
    own: HashMap<String, Arc<OwnRead>>,
}

/// The project's own code as it was read last.
#[derive(Debug)]
pub(super) struct OwnRead {
    pub pieces: Vec<Piece>,
    pub package: Arc<Indexed>,
}

/// All names of symbols, one behind the other: what a misspelt one is compared with.
#[derive(Debug, Default)]
pub(super) struct Names {
    text: String,
    ends: Vec<usize>,
}

impl Names {
    fn read(store: &Store) -> Result<Self, Error> {
        let mut names = Self::default();
        for name in store.symbol_names(0..=LONGEST, MAX_NAMES)? {
            names.text.push_str(&name);
            names.ends.push(names.text.len());
        }
        Ok(names)
    }

    pub fn all(&self) -> impl Iterator<Item = &str> {
        let begins = std::iter::once(&0).chain(&self.ends);
        begins.zip(&self.ends).map(|(begin, end)| &self.text[*begin..*end])
    }
}

/// A package, and in which project: there it depends on other versions.
type Key = (PackageRow, Option<PathBuf>);

impl Inner {
    fn symbols(&self) -> MutexGuard<'_, Shelved> {
        self.symbols.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored has changed.
    pub(in crate::engine) fn forget_symbols(&self) {
        *self.symbols() = Shelved::default();
    }

    /// The packages of the project that a path lies in, or all.
    pub(super) fn scope(&self, store: &Store, project: Option<&Path>) -> Result<Arc<Scope>, Error> {
        let state = store.packages_state()?;
        let key = project.map(Path::to_owned);
        {
            let mut shelved = self.symbols();
            if shelved.state != Some(state) {
                // What is read of own code is known by its files.
                *shelved = Shelved { state: Some(state), own: std::mem::take(&mut shelved.own), ..Shelved::default() };
            }
            if let Some(scope) = shelved.scopes.get(&key) {
                return Ok(scope.clone());
            }
        }
        let mut scope = Scope::read(store, project)?;
        scope.state = state;
        let scope = Arc::new(scope);
        let mut shelved = self.symbols();
        // Something may have been stored meanwhile, and another have read that.
        if shelved.state == Some(state) {
            if shelved.scopes.len() >= MAX_SCOPES {
                shelved.scopes.clear();
            }
            shelved.scopes.insert(key, scope.clone());
        }
        Ok(scope)
    }

    /// A project's own code as it was read last.
    pub(super) fn own_read(&self, key: &str) -> Option<Arc<OwnRead>> {
        self.symbols().own.get(key).cloned()
    }

    pub(super) fn keep_own_read(&self, key: String, read: Arc<OwnRead>) {
        let mut shelved = self.symbols();
        // Any other one: it is read again.
        if shelved.own.len() >= MAX_OWN
            && !shelved.own.contains_key(&key)
            && let Some(other) = shelved.own.keys().next().cloned()
        {
            shelved.own.remove(&other);
        }
        shelved.own.insert(key, read);
    }

    /// The names of all symbols that are stored.
    pub(super) fn names(&self, store: &Store, scope: &Scope) -> Result<Arc<Names>, Error> {
        {
            let shelved = self.symbols();
            if let Some(names) = shelved.names.as_ref().filter(|_| shelved.state == Some(scope.state)) {
                return Ok(names.clone());
            }
        }
        let names = Arc::new(Names::read(store)?);
        let mut shelved = self.symbols();
        if shelved.state == Some(scope.state) {
            shelved.names = Some(names.clone());
        }
        Ok(names)
    }

    /// A package ready to be asked.
    pub(super) fn package(&self, store: &Store, scope: &Scope, at: usize) -> Result<Option<Arc<Indexed>>, Error> {
        let Some(stored) = &scope.stored[at] else { return Ok(None) };
        let key = (stored.row, scope.project.clone());
        {
            let mut shelved = self.symbols();
            if let Some(place) = shelved.packages.iter().rposition(|(known, _)| *known == key)
                && let Some(found) = shelved.packages.remove(place)
            {
                let package = found.1.clone();
                shelved.packages.push_back(found);
                return Ok(Some(package));
            }
        }
        let Some(content) = store.package_content(stored.row)? else { return Ok(None) };
        let name = &scope.uses[at];
        let damaged = || store::Error::Damaged { path: self.config.database.clone(), what: format!("the package {}", name.name()) };
        let (mut dependencies, mut renamed) = (scope.dependencies(at), Vec::new());
        for (called, own) in scope.renamed(at) {
            // Where the own name means another version, it stays as it is, and where it leads is not known.
            if !dependencies.iter().any(|dependency| dependency.root == own) {
                dependencies
                    .iter_mut()
                    .filter(|dependency| dependency.root == called)
                    .for_each(|dependency| dependency.root.clone_from(&own));
                renamed.push((called, own));
            }
        }
        let package = symbols::decode(&content).ok_or_else(damaged)?.depending_on(dependencies);
        let package = Arc::new(renamed.iter().fold(package, |package, (called, own)| package.calling(called, own)));
        let mut shelved = self.symbols();
        if shelved.state != Some(scope.state) {
            return Ok(Some(package));
        }
        shelved.weight += package.weight();
        shelved.packages.push_back((key, package.clone()));
        while shelved.weight > MAX_WEIGHT && shelved.packages.len() > 1 {
            let Some((_, oldest)) = shelved.packages.pop_front() else { break };
            shelved.weight = shelved.weight.saturating_sub(oldest.weight());
        }
        Ok(Some(package))
    }
}

/// Bytes of packages that stay in memory.
const MAX_WEIGHT: usize = 128 << 20;
const MAX_SCOPES: usize = 20;
/// Packages of projects' own code that stay in memory.
const MAX_OWN: usize = 8;
/// Names that are compared with one that is nowhere, and bytes of each.
const MAX_NAMES: usize = 400_000;
const LONGEST: usize = 100;
