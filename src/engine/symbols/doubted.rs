//! Verdicts that the disk speaks against: what was read of a package may be another one by now, and what no lock file names may lie there.

use std::collections::{BTreeSet, HashMap};

use super::scope::Scope;
use crate::files::{Ecosystem, PackageName};
use crate::symbols::{Checked, PackageId, Verdict};

impl Scope {
    /// Takes accusations back that cannot be relied on; says which packages are to be read again. Only the packages that something is said
    /// against are looked at, each once.
    pub fn doubted(&self, checked: &mut [Checked], by_id: &HashMap<PackageId, usize>) -> Vec<String> {
        let mut as_read: HashMap<usize, bool> = HashMap::new();
        let mut changed: BTreeSet<String> = BTreeSet::new();
        for one in checked {
            match one.verdict {
                Verdict::DoesNotExist => {
                    let Some(at) = one.package.as_ref().and_then(|id| by_id.get(id)).copied() else { continue };
                    if !*as_read.entry(at).or_insert_with(|| self.is_as_read(at)) {
                        changed.insert(self.uses[at].name().to_string());
                        take_back(one, "the package was installed anew since it was read: `smolcrawl project`");
                    }
                }
                Verdict::NotInLock if self.lies_in_modules(&one.text) => {
                    take_back(one, "it lies in node_modules, and the lock file does not name it");
                }
                _ => {}
            }
        }
        let told = |name| format!("{name} was installed anew since it was read: `smolcrawl project` reads it again");
        changed.into_iter().map(told).collect()
    }

    /// Whether what a program of npm imports is there, such as a workspace that is linked.
    fn lies_in_modules(&self, import: &str) -> bool {
        let slashes = if import.starts_with('@') { 2 } else { 1 };
        let root = &import[..import.match_indices('/').nth(slashes - 1).map_or(import.len(), |(at, _)| at)];
        let has_scripts = self.uses.iter().any(|used| used.ecosystem == Ecosystem::Npm);
        let is_script = has_scripts && PackageName::parse(&format!("npm:{root}")).is_ok();
        let folder = self.project.as_ref().filter(|_| is_script).map(|project| project.join("node_modules").join(root));
        folder.is_some_and(|folder| std::fs::symlink_metadata(folder).is_ok())
    }
}

fn take_back(one: &mut Checked, why: &str) {
    one.verdict = Verdict::Unknown;
    one.why = why.to_owned();
    one.near.clear();
}
