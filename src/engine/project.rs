//! What a project uses, from its lock files to the store: each package at exactly its version is looked for on the disk, read, and its
//! symbols kept. Nothing is fetched, and no tool is asked; what is not there is told, with what would bring it.

mod known;
mod own;
mod pages;
mod plan;
mod scan;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use serde::Serialize;
use url::Url;

pub(super) use self::known::{About, Known, Needed, OWN, State, Use, ecosystem, id_of, name_of};
pub(super) use self::own::{NAME as OWN_NAME, OwnCrate, OwnPackage};
use self::plan::Plan;
pub(super) use self::scan::names;
use self::scan::{Rows, Scanned};
use super::Engine;
use super::{Access, Asking};
use crate::error::Error;
use crate::files::PackageName;
use crate::model::SourceId;
use crate::reactor::Lane;
use crate::store::{CutPage, PackageRow, SITE, StoredPackage, StoredProject};

/// Which of a project's packages are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Include {
    /// Those that the project itself asks for.
    Direct,
    /// These, and all that they use.
    #[default]
    All,
}

/// What was found of a project.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ProjectReport {
    /// The folder with the lock files.
    pub project: PathBuf,
    /// The lock files that were read.
    pub locks: Vec<String>,
    /// Packages that the project uses, in whatever way.
    pub packages: usize,
    /// Of these, those that it asks for itself.
    pub direct: usize,
    /// Packages whose source was read now.
    pub read: usize,
    /// Packages that were as they had been read before.
    pub unchanged: usize,
    /// Symbols of all packages that are known now.
    pub symbols: u64,
    /// Pages of direct packages: their documents, and what they say of their items.
    pub pages: u64,
    /// Bytes of source that was read now.
    pub bytes: u64,
    /// Packages that do not lie on the disk, or cannot be read.
    pub missing: Vec<Missing>,
    /// Packages that were not asked for: they are used by others only.
    pub not_asked_for: usize,
    /// What was left out of packages, and what else there is to know.
    pub notes: Vec<String>,
    pub elapsed_ms: u64,
}

/// A package that is not read, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Missing {
    /// As in `crate:smol@2.0.2`.
    pub package: String,
    pub direct: bool,
    pub why: String,
    /// What would bring it: for people to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Where its documentation is on the web, to be crawled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation: Option<Url>,
}

/// A package that a [`ReadingProject`] has dealt with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PackageRead {
    pub package: PackageName,
    /// Its place among those that are dealt with, from 1, and how many these are.
    pub at: usize,
    pub of: usize,
    /// Whether it had to be read: else it was as before.
    pub was_read: bool,
}

/// A project that is being read, a package at a time. Dropped, it stops; what is stored stays.
#[derive(Debug)]
pub struct ReadingProject {
    engine: Engine,
    plan: Plan,
    next: usize,
    stored: HashMap<PackageName, (PackageRow, StoredPackage)>,
    report: ProjectReport,
    begun: std::time::Instant,
    /// Over when this is dropped.
    asking: Asking,
}

impl Engine {
    /// Begins to read what a project uses: the one in the folder, or in the nearest above it.
    ///
    /// # Errors
    /// [`NoProject`](crate::files::Error::NoProject), what its lock files say, and what the store says.
    pub async fn read_project(&self, path: PathBuf, include: Include) -> Result<ReadingProject, Error> {
        self.read_project_in(path, include, None).await
    }

    /// The same for who may have only that read which lies below these folders, and below those that the configuration allows everybody; and
    /// packages, where the tools of the user keep them. What else the project uses is told as missing.
    ///
    /// # Errors
    /// As [`read_project`](Self::read_project): a project that lies above of the folders is none.
    pub async fn read_project_below(&self, path: PathBuf, include: Include, folders: Vec<PathBuf>) -> Result<ReadingProject, Error> {
        let allowed = self.allowed(folders);
        self.read_project_in(path, include, Some(allowed)).await
    }

    async fn read_project_in(&self, path: PathBuf, include: Include, folders: Option<Vec<PathBuf>>) -> Result<ReadingProject, Error> {
        let begun = self.handle().now();
        let places = self.places(None);
        let plan = self.inner.handle.unblock_on(Lane::Bulk, move || Plan::make(&path, places, include, folders)).await?;
        let stored = self.store_for(Lane::Heavy, Access::Store, |store| {
            let damaged = store.damaged_packages()?;
            // What is damaged cannot be told about and is read again.
            damaged.iter().try_for_each(|row| store.remove_package(*row).map(drop))?;
            store.packages()
        });
        let stored = stored.await?.into_iter().filter_map(|(row, of)| Some((known::name_of(&of)?, (row, of)))).collect();
        let uses = &plan.known.uses;
        let report = ProjectReport {
            project: plan.root.clone(),
            locks: plan.known.locks.clone(),
            packages: uses.len(),
            direct: uses.iter().filter(|of| of.is_direct).count(),
            read: 0,
            unchanged: 0,
            symbols: 0,
            pages: 0,
            bytes: 0,
            missing: Vec::new(),
            not_asked_for: uses.iter().filter(|of| of.state == State::NotAskedFor).count(),
            notes: plan.known.notes.clone(),
            elapsed_ms: 0,
        };
        Ok(ReadingProject { engine: self.clone(), plan, next: 0, stored, report, begun, asking: Asking::default() })
    }
}

impl ReadingProject {
    /// Deals with the next package; none when all are dealt with.
    ///
    /// # Errors
    /// What the store says. A package that cannot be read is told in the report.
    pub async fn next(&mut self) -> Result<Option<PackageRead>, Error> {
        let Some((at, installed)) = self.plan.installed.get(self.next) else { return Ok(None) };
        let (at, installed) = (*at, installed.clone());
        self.next += 1;
        let of = &self.plan.known.uses[at];
        let package = of.name();
        let is_same =
            |of: &StoredPackage| serde_json::from_str(&of.about).is_ok_and(|about: About| self.plan.known.uses[at].is_kept_as(&about));
        let before = self.stored.get(&package).map(|(_, of)| of).filter(|before| is_same(before)).cloned();
        let is_over = self.asking.0.clone();
        let (used, to_scan) = (of.clone(), installed.clone());
        // Of what the project itself asks for, texts are searched in as well.
        let source =
            SourceId::of_package(package.ecosystem.as_str(), &package.name, package.version.as_deref()).ok().filter(|_| of.is_direct);
        let of_pages = source.clone();
        let scanning = self
            .engine
            .inner
            .handle
            .unblock_on(Lane::Bulk, move || scan::scan(&used, &to_scan, before.as_ref(), of_pages.as_ref(), &is_over));
        let mut was_read = false;
        match scanning.await {
            Ok(Scanned::Unchanged) => {
                self.report.unchanged += 1;
                self.report.symbols += self.stored.get(&package).map_or(0, |(_, of)| of.symbols);
            }
            Ok(Scanned::Read(scanned)) => {
                was_read = true;
                self.report.read += 1;
                self.report.symbols += scanned.row.symbols;
                self.report.bytes += scanned.bytes;
                scanned.notes.iter().for_each(|note| self.note(note.clone()));
                let Rows { row, content, names, pages, .. } = *scanned;
                // First: as long as the package is not there, it is read again.
                if let Some(source) = &source {
                    self.engine.put_items(source.clone(), pages).await?;
                }
                let put = move |store: &crate::store::Store| store.put_package(&row, &content, &names);
                self.engine.store_for(Lane::Heavy, Access::Store, put).await?;
                self.engine.inner.forget_symbols();
            }
            Err(error) => {
                let of = &mut self.plan.known.uses[at];
                of.state = State::Missing;
                of.why = Some(error.to_string());
            }
        }
        if let Some(source) = source {
            match self.engine.add_package(installed, self.engine.config().chunk.clone()).await {
                Ok(added) => added.failed.iter().for_each(|failed| self.note(format!("{package}: {}: {}", failed.url, failed.error))),
                Err(error @ Error::Store(_)) => return Err(error),
                // Its symbols are known all the same.
                Err(error) => self.note(format!("{package}: its documents: {}", error.chain())),
            }
            self.report.pages += self.engine.source(&source).await.map_or(0, |of| of.pages);
        }
        Ok(Some(PackageRead { package, at: self.next, of: self.plan.installed.len(), was_read }))
    }

    fn note(&mut self, note: String) {
        if self.report.notes.len() < MAX_NOTES {
            self.report.notes.push(note);
        }
    }

    /// How many packages are looked into.
    pub fn total(&self) -> usize {
        self.plan.installed.len()
    }

    /// Notes what the project uses, once all are dealt with, and tells what was found.
    ///
    /// # Errors
    /// What the store says.
    pub async fn finish(mut self) -> Result<ProjectReport, Error> {
        let missing = self.plan.known.uses.iter().filter(|of| of.state == State::Missing);
        self.report.missing = missing
            .map(|of| Missing {
                package: of.name().to_string(),
                direct: of.is_direct,
                why: of.why.clone().unwrap_or_default(),
                command: of.command.clone(),
                documentation: of.documentation.clone(),
            })
            .collect();
        // Those of the project itself first.
        self.report.missing.sort_by_key(|missing| !missing.direct);
        let root = self.plan.root.to_string_lossy().into_owned();
        let content = serde_json::to_string(&self.plan.known).expect("texts and numbers are JSON");
        let project = StoredProject { root, fingerprint: self.plan.fingerprint.clone(), read_at: SystemTime::now(), content };
        self.engine.store_for(Lane::Heavy, Access::Store, move |store| store.put_project(&project)).await?;
        self.engine.keep_own(self.plan.root.clone(), &self.plan.known).await?;
        self.engine.inner.forget_symbols();
        self.report.elapsed_ms = u64::try_from(self.engine.handle().now().duration_since(self.begun).as_millis()).unwrap_or(u64::MAX);
        Ok(self.report)
    }
}

impl Engine {
    /// Puts the pages of a package's items in place of those that are stored.
    async fn put_items(&self, source: SourceId, pages: Vec<CutPage>) -> Result<(), Error> {
        let kept: HashSet<Url> = pages.iter().map(|page| page.document.url.clone()).collect();
        for batch in in_batches(pages) {
            for put in self.put_all_cut(batch).await? {
                put?;
            }
        }
        self.store_in(Lane::Heavy, move |store| {
            // Documents have a tag by which they are known again.
            let of_items = store.validators(&source)?.into_iter().filter(|(_, of)| of.etag.is_none()).map(|(url, _)| url);
            of_items.filter(|url| !kept.contains(url)).try_for_each(|url| store.remove_page(Some(&source), &url).map(drop))
        })
        .await
    }
}

/// Some at once, so that others that write need not wait for long.
fn in_batches(pages: Vec<CutPage>) -> Vec<Vec<CutPage>> {
    let mut batches: Vec<Vec<CutPage>> = Vec::new();
    for page in pages {
        match batches.last_mut().filter(|batch| batch.len() < BATCH) {
            Some(batch) => batch.push(page),
            None => batches.push(vec![page]),
        }
    }
    batches
}

impl Engine {
    /// The projects that were read, by their folders, and which of them is the one that a path lies in, the innermost of several.
    pub async fn project_of(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        if !self.has_database() {
            return Ok(None);
        }
        let path = path.to_owned();
        let projects = self.projects().await?;
        let above = self.inner.handle.unblock_on(Lane::Interactive, move || {
            let real = std::fs::canonicalize(&path).unwrap_or(path);
            projects.into_iter().filter(|root| real.starts_with(root)).max_by_key(|root| root.components().count())
        });
        Ok(above.await)
    }

    /// The folders of all projects that were read.
    pub async fn projects(&self) -> Result<Vec<PathBuf>, Error> {
        Ok(self.with_store(|store| store.projects()).await?.into_iter().map(|project| PathBuf::from(project.root)).collect())
    }

    /// Forgets a project, and the packages that no other project uses: how many these were; none if it is not known.
    pub async fn forget_project(&self, root: &Path) -> Result<Option<usize>, Error> {
        let root = root.to_string_lossy().into_owned();
        let forgotten = self.store_in(Lane::Heavy, move |store| {
            if !store.remove_project(&root)? {
                return Ok(None);
            }
            let used: Vec<Known> = store.projects()?.iter().filter_map(|project| serde_json::from_str(&project.content).ok()).collect();
            let used: HashSet<PackageName> = used.iter().flat_map(|known| known.uses.iter().map(Use::name)).collect();
            let mut removed = 0;
            for (row, of) in store.packages()? {
                let name = known::name_of(&of);
                if of.ecosystem == OWN {
                    if own::is_of(&of, &root) {
                        store.remove_package(row)?;
                    }
                } else if of.ecosystem != SITE && name.as_ref().is_none_or(|name| !used.contains(name)) {
                    removed += usize::from(store.remove_package(row)?);
                    let source =
                        name.and_then(|name| SourceId::of_package(name.ecosystem.as_str(), &name.name, name.version.as_deref()).ok());
                    source.map_or(Ok(0), |source| store.remove_source(&source))?;
                }
            }
            Ok(Some(removed))
        });
        let forgotten = forgotten.await?;
        self.inner.forget_symbols();
        Ok(forgotten)
    }
}

/// Pages of a transaction.
const BATCH: usize = 8;
/// Notes of packages that a report has.
const MAX_NOTES: usize = 200;

/// Whether nobody waits any more.
type Over = Arc<AtomicBool>;

fn is_over(over: &Over) -> bool {
    over.load(Ordering::Relaxed)
}
