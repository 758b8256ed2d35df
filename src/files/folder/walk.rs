//! The way through a folder: one folder after the other, names in order, so that twice the same is twice the same. What is not taken is
//! counted.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::error::Error;
use crate::files::ignores::Ignores;
use crate::files::left_out::{LeftOut, Rule};
use crate::files::selection::Selection;

use super::order::is_navigation;
use super::{Found, Listing, join};

#[derive(Debug)]
pub(super) struct Walk {
    root: PathBuf,
    selection: Selection,
    /// Folders that are still to be looked into; the next is the last.
    ahead: Vec<Ahead>,
    files: Vec<Found>,
    bytes: u64,
    left_out: LeftOut,
    unseen: Vec<Box<str>>,
    navigation: Vec<String>,
}

#[derive(Debug)]
struct Ahead {
    /// Below the root; empty for the root.
    path: String,
    depth: usize,
    ignores: Option<Arc<Ignores>>,
}

impl Walk {
    pub(super) fn new(root: PathBuf, selection: Selection, tree: Option<&Path>) -> Self {
        let tree = tree.filter(|_| selection.obeys_ignore_files());
        // The root is without links, the tree is one of the folders above it.
        let ignores = tree.and_then(|tree| Ignores::above(tree, &root));
        let ahead = vec![Ahead { path: String::new(), depth: 0, ignores }];
        Self {
            root,
            selection,
            ahead,
            files: Vec::new(),
            bytes: 0,
            left_out: LeftOut::default(),
            unseen: Vec::new(),
            navigation: Vec::new(),
        }
    }

    /// Looks at nothing of the root but these files and folders of it.
    pub(super) fn only(&mut self, parts: &[String]) {
        self.ahead.clear();
        for part in parts.iter().rev() {
            match fs::symlink_metadata(join(&self.root, part)) {
                Ok(metadata) if metadata.is_dir() => {
                    self.ahead.push(Ahead { path: part.clone(), depth: part.matches('/').count() + 1, ignores: None });
                }
                Ok(metadata) if metadata.is_file() => self.file(part.clone(), None),
                Ok(metadata) if metadata.is_symlink() => self.left_out.add(Rule::Link, part),
                Ok(_) => self.left_out.add(Rule::Special, part),
                // It is told as one, and known to be gone.
                Err(error) if error.kind() == ErrorKind::NotFound => self.left_out.add(Rule::Unreadable, part),
                Err(_) => self.unreadable(part.clone()),
            }
        }
    }

    /// Looks into some folders: whether that was all.
    pub(super) fn step(&mut self) -> Result<bool, Error> {
        let mut seen = 0;
        while seen < STEP {
            let Some(ahead) = self.ahead.pop() else { return Ok(true) };
            if self.files.len() >= self.selection.max_files {
                self.left_out.add(Rule::Limit, &format!("{}/", ahead.path));
                continue;
            }
            seen += 1 + self.folder(ahead)?;
        }
        Ok(self.ahead.is_empty())
    }

    /// Puts what was found into the listing: its files, and what tells of their order.
    pub(super) fn finish(&mut self, listing: &mut Listing) -> (Vec<Found>, Vec<String>) {
        listing.left_out = std::mem::take(&mut self.left_out);
        listing.unseen = std::mem::take(&mut self.unseen);
        (std::mem::take(&mut self.files), std::mem::take(&mut self.navigation))
    }

    /// How many names it has.
    fn folder(&mut self, ahead: Ahead) -> Result<usize, Error> {
        let folder = join(&self.root, &ahead.path);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if ahead.path.is_empty() => return Err(Error::io(&folder, "read")(error)),
            Err(_) => {
                self.unreadable(format!("{}/", ahead.path));
                return Ok(0);
            }
        };
        let mut names = Vec::new();
        for entry in entries {
            if names.len() >= MAX_NAMES {
                self.left_out.add(Rule::Limit, &format!("{}/", ahead.path));
                break;
            }
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok((name, kind)) => match name.into_string() {
                    Ok(name) => names.push((name, kind)),
                    Err(name) => self.left_out.add(Rule::NotUnicode, &below(&ahead.path, &name.to_string_lossy())),
                },
                Err(_) => self.unreadable(format!("{}/", ahead.path)),
            }
        }
        names.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let ignores = self.ignores(&ahead, &folder);
        let is_there = |name: &str| names.binary_search_by(|(other, _)| other.as_str().cmp(name)).is_ok();
        let mut folders = Vec::new();
        for (name, kind) in &names {
            let path = below(&ahead.path, name);
            if kind.is_symlink() {
                self.left_out.add(Rule::Link, &path);
            } else if kind.is_dir() {
                match self.enters(&path, ahead.depth, ignores.as_deref(), is_there) {
                    Ok(()) => folders.push(Ahead { path, depth: ahead.depth + 1, ignores: ignores.clone() }),
                    Err(rule) => self.left_out.add(rule, &format!("{path}/")),
                }
            } else if kind.is_file() {
                self.file(path, ignores.as_deref());
            } else {
                self.left_out.add(Rule::Special, &path);
            }
        }
        self.ahead.extend(folders.into_iter().rev());
        Ok(names.len())
    }

    fn ignores(&mut self, ahead: &Ahead, folder: &Path) -> Option<Arc<Ignores>> {
        if !self.selection.obeys_ignore_files() {
            return None;
        }
        let (ignores, not_obeyed) = Ignores::below(ahead.ignores.clone(), folder);
        if not_obeyed.is_some() {
            self.left_out.add(Rule::BadIgnoreFile, &below(&ahead.path, ".gitignore"));
        }
        ignores
    }

    fn enters(&self, path: &str, depth: usize, ignores: Option<&Ignores>, beside: impl Fn(&str) -> bool) -> Result<(), Rule> {
        let at = join(&self.root, path);
        self.selection.folder(path, beside, |name| at.join(name).is_file())?;
        // What is named is looked for in ignored folders, too.
        if self.selection.include.is_empty() && ignores.is_some_and(|ignores| ignores.takes(&at, true)) {
            return Err(Rule::Ignored);
        }
        match depth >= DEEPEST || self.ahead.len() >= MAX_AHEAD {
            true => Err(Rule::TooDeep),
            false => Ok(()),
        }
    }

    fn file(&mut self, path: String, ignores: Option<&Ignores>) {
        let at = join(&self.root, &path);
        if is_navigation(&path) && self.navigation.len() < MAX_NAVIGATION {
            self.navigation.push(path.clone());
        }
        let judged = self.selection.file(&path).and_then(|role| {
            let is_ignored = self.selection.include.is_empty() && ignores.is_some_and(|ignores| ignores.takes(&at, false));
            if is_ignored { Err(Rule::Ignored) } else { Ok(role) }
        });
        let judged = judged.and_then(|role| {
            let metadata = fs::symlink_metadata(&at).ok().filter(fs::Metadata::is_file).ok_or(Rule::Unreadable)?;
            let bytes = metadata.len();
            if bytes > self.selection.max_file_bytes {
                return Err(Rule::TooLarge);
            }
            if self.files.len() >= self.selection.max_files || self.bytes + bytes > self.selection.max_bytes {
                return Err(Rule::Limit);
            }
            Ok(Found { path: path.as_str().into(), role, bytes, modified: metadata.modified().ok() })
        });
        match judged {
            Ok(found) => {
                self.bytes += found.bytes;
                self.files.push(found);
            }
            Err(Rule::Unreadable) => self.unreadable(path),
            Err(rule) => self.left_out.add(rule, &path),
        }
    }

    fn unreadable(&mut self, path: String) {
        self.left_out.add(Rule::Unreadable, &path);
        match self.unseen.len() < MAX_UNSEEN {
            true => self.unseen.push(path.trim_start_matches('/').into()),
            // The root stands for all that is below it.
            false => self.unseen[0] = "".into(),
        }
    }
}

fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Names that one step looks at, about.
const STEP: usize = 2_000;
/// Names of one folder that are kept at a time.
const MAX_NAMES: usize = 500_000;
/// Folders that are known and not looked into.
const MAX_AHEAD: usize = 500_000;
/// Paths that are kept of what could not be looked at.
const MAX_UNSEEN: usize = 1_000;
const DEEPEST: usize = 128;
const MAX_NAVIGATION: usize = 2_000;
