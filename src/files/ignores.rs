//! `.gitignore` files, by the matcher of the crate `ignore`: of each folder its own, then those above, as gitignore(5) has it. One that is
//! too large or holds what is no pattern is told.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// What is ignored in a folder, and above it.
#[derive(Debug)]
pub(super) struct Ignores {
    own: Gitignore,
    above: Option<Arc<Ignores>>,
}

/// A file that was not obeyed, or not in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotObeyed;

impl Ignores {
    /// What is ignored below a root that lies in a working tree: by the tree's own list, and by the files from its top down to the root,
    /// without the root's own.
    pub(super) fn above(tree: &Path, root: &Path) -> Option<Arc<Self>> {
        let mut found = None;
        (found, _) = add(found, tree, &tree.join(".git/info/exclude"));
        for folder in root.ancestors().skip(1).take_while(|folder| folder.starts_with(tree)).collect::<Vec<_>>().into_iter().rev() {
            (found, _) = add(found, folder, &folder.join(".gitignore"));
        }
        found
    }

    /// Those of a folder, with its own file if it has one.
    pub(super) fn below(above: Option<Arc<Self>>, folder: &Path) -> (Option<Arc<Self>>, Option<NotObeyed>) {
        add(above, folder, &folder.join(".gitignore"))
    }

    /// Whether a path is ignored, whose folders are not.
    pub(super) fn takes(&self, path: &Path, is_folder: bool) -> bool {
        let mut next = Some(self);
        while let Some(ignores) = next {
            match ignores.own.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => next = ignores.above.as_deref(),
            }
        }
        false
    }
}

fn add(above: Option<Arc<Ignores>>, folder: &Path, file: &Path) -> (Option<Arc<Ignores>>, Option<NotObeyed>) {
    // A link could lead to a pipe, or out of the root.
    let Some(metadata) = fs::symlink_metadata(file).ok().filter(fs::Metadata::is_file) else { return (above, None) };
    let mut text = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
    if metadata.len() > LARGEST || read.is_err() {
        return (above, Some(NotObeyed));
    }
    let mut builder = GitignoreBuilder::new(folder);
    let mut wrong = None;
    for (number, line) in String::from_utf8_lossy(&text).lines().enumerate() {
        if number >= MAX_LINES || line.len() > LONGEST_LINE || builder.add_line(None, line).is_err() {
            wrong = Some(NotObeyed);
        }
        if number >= MAX_LINES {
            break;
        }
    }
    match builder.build() {
        Ok(own) if own.is_empty() => (above, wrong),
        Ok(own) => (Some(Arc::new(Ignores { own, above })), wrong),
        Err(_) => (above, Some(NotObeyed)),
    }
}

/// Bytes.
const LARGEST: u64 = 1 << 20;
const LONGEST_LINE: usize = 4_096;
/// Each becomes an expression that is compiled.
const MAX_LINES: usize = 5_000;
