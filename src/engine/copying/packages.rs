//! What belongs to no source: packages with their names, and projects.

use std::collections::HashMap;

use super::{CopyReport, Ends};
use crate::error::Error;
use crate::reactor::Lane;
use crate::store::{NamedSymbols, PackageRow, SITE, Store, StoredPackage, StoredProject};

/// What is on both sides.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// Not copied yet.
    packages: Vec<(PackageRow, StoredPackage)>,
    projects: Vec<StoredProject>,
    packages_there: HashMap<[String; 3], (PackageRow, StoredPackage)>,
    projects_there: HashMap<String, StoredProject>,
    /// Sources that are there and are others.
    others: Vec<String>,
}

impl Shelf {
    pub(super) async fn look(ends: &Ends) -> Result<Self, Error> {
        let all = |store: &Store| Ok((store.packages()?, store.projects()?));
        let (packages, projects) = ends.from.store_in(Lane::Bulk, all).await?;
        let (packages_there, projects_there) = ends.to.store_in(Lane::Bulk, all).await?;
        Ok(Self {
            packages,
            projects,
            packages_there: packages_there.into_iter().map(|(row, of)| (key(&of), (row, of))).collect(),
            projects_there: projects_there.into_iter().map(|of| (of.root.clone(), of)).collect(),
            others: Vec::new(),
        })
    }

    pub(super) fn add_other(&mut self, source: String) {
        self.others.push(source);
    }

    /// What is there and is something else.
    pub(super) fn others(&mut self) -> Vec<String> {
        let mut others = std::mem::take(&mut self.others);
        let is_other = |of: &&StoredPackage| self.packages_there.get(&key(of)).is_some_and(|(_, there)| there != *of);
        let packages = self.packages.iter().map(|(_, of)| of).filter(is_other);
        others.extend(packages.map(|of| format!("{}:{}@{}", of.ecosystem, of.name, of.version)));
        let projects = self.projects.iter().filter(|of| self.projects_there.get(&of.root).is_some_and(|there| there != *of));
        others.extend(projects.map(|of| format!("the project {}", of.root)));
        others
    }

    /// Copies one more; whether there was one.
    pub(super) async fn step(&mut self, ends: &Ends, report: &mut CopyReport) -> Result<bool, Error> {
        if let Some((row, package)) = self.packages.pop() {
            let whole = whole(row);
            let Some(here) = ends.from.store_in(Lane::Bulk, whole).await? else { return Ok(true) };
            let there = match self.packages_there.get(&key(&package)) {
                Some((row, there)) if *there == package => ends.to.store_in(Lane::Bulk, self::whole(*row)).await?,
                _ => None,
            };
            report.packages += 1;
            if there.as_ref() == Some(&here) {
                report.packages_there += 1;
                return Ok(true);
            }
            let put = move |store: &Store| match package.ecosystem.as_str() {
                SITE => store.put_site(&package, &here.0, &here.1),
                _ => store.put_package(&package, &here.0, &here.1),
            };
            ends.write(put).await?;
            return Ok(true);
        }
        let Some(project) = self.projects.pop() else { return Ok(false) };
        report.projects += 1;
        if self.projects_there.get(&project.root) == Some(&project) {
            report.projects_there += 1;
        } else {
            ends.write(move |store| store.put_project(&project)).await?;
        }
        Ok(true)
    }
}

type Whole = (Vec<u8>, Vec<NamedSymbols>);

/// A package with its names; none if it has gone meanwhile.
fn whole(row: PackageRow) -> impl FnOnce(&Store) -> Result<Option<Whole>, crate::store::Error> + Send + 'static {
    move |store| store.package_content(row)?.map(|content| Ok((content, store.package_names(row)?))).transpose()
}

fn key(of: &StoredPackage) -> [String; 3] {
    [of.ecosystem.clone(), of.name.clone(), of.version.clone()]
}
