//! A clone of a repository that lies on this disk: at which commit it stands, and where it is from. Read from git's own files, without git;
//! nothing that they name is run.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::forge::Forge;
use super::index::Tracked;
use super::origin::Repository;
use super::place::Place;

/// What git's files say of a working tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Where the working tree begins.
    pub root: PathBuf,
    /// In full. None: nothing is committed yet.
    pub commit: Option<String>,
    /// None: no branch is checked out, but a commit or tag.
    pub branch: Option<String>,
    /// A tag of this commit, the highest of them by its text, where a list of all tags says so.
    pub tag: Option<String>,
    /// Where git keeps what is of this working tree alone.
    git: PathBuf,
    /// Where it was cloned from: the remote `origin`, else the first.
    pub remote: Option<Repository>,
}

impl Checkout {
    /// The repository that a folder is in: the folder itself, or the nearest above that has one.
    ///
    /// # Errors
    /// [`Error::Io`]: git's files are there and cannot be read.
    pub fn of(folder: &Path) -> Result<Option<Self>, Error> {
        for root in folder.ancestors().take(DEEPEST) {
            if let Some(git) = git_folder(&root.join(".git"))? {
                return Self::read(root, &git).map(Some);
            }
        }
        Ok(None)
    }

    fn read(root: &Path, git: &Path) -> Result<Self, Error> {
        // What several working trees share lies in the folder of the first.
        let common = match text_of(&git.join("commondir"))? {
            Some(path) => git.join(path.trim()),
            None => git.to_owned(),
        };
        let head = text_of(&git.join("HEAD"))?.unwrap_or_default();
        let packed = text_of(&common.join("packed-refs"))?.unwrap_or_default();
        let (branch, commit) = match head.trim().strip_prefix("ref: ") {
            Some(name) => {
                let branch = name.strip_prefix("refs/heads/").filter(|branch| *branch != ".invalid");
                (branch.map(str::to_owned), resolved(git, &common, name, &packed)?)
            }
            None => (None, hash(head.trim())),
        };
        let tag = match &commit {
            Some(commit) => tag_of(&common, commit, &packed)?,
            None => None,
        };
        let remote = text_of(&common.join("config"))?.and_then(|config| remote_of(&config));
        Ok(Self { root: root.to_owned(), git: git.to_owned(), commit, branch, tag, remote })
    }

    /// What a version of it is called: the tag, else the beginning of the commit.
    pub fn version(&self) -> Option<String> {
        self.tag.clone().or_else(|| self.commit.as_ref().map(|commit| commit[..SHORT].to_owned()))
    }

    /// Where the files below a folder of the working tree are to be seen on the host, if it is one that is known.
    ///
    /// What is not committed is not there, nor is a commit that was not pushed.
    pub fn place(&self, folder: &Path) -> Option<Place> {
        let (forge, web): (Forge, _) = self.remote.as_ref()?.web.clone()?;
        Some(Place::Hosted { forge, web, commit: self.commit.clone()?, folder: self.below(folder)? })
    }

    /// The files below a folder that the repository has; none where that is not known.
    pub(super) fn tracked(&self, folder: &Path) -> Option<Tracked> {
        Tracked::read(&self.git, &self.below(folder)?)
    }

    fn below(&self, folder: &Path) -> Option<String> {
        let below = folder.strip_prefix(&self.root).ok()?;
        let names: Option<Vec<&str>> = below.iter().map(|name| name.to_str()).collect();
        Some(names?.join("/"))
    }
}

/// The folder that `.git` is, or that it names if it is a file, as in submodules and further working trees.
fn git_folder(path: &Path) -> Result<Option<PathBuf>, Error> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(None) };
    if metadata.is_dir() {
        return Ok(path.join("HEAD").is_file().then(|| path.to_owned()));
    }
    if !metadata.is_file() {
        return Ok(None);
    }
    let text = text_of(path)?.unwrap_or_default();
    let named = text.trim().strip_prefix("gitdir:").map(|to| path.parent().unwrap_or(path).join(to.trim()));
    Ok(named.filter(|to| to.join("HEAD").is_file()))
}

fn resolved(git: &Path, common: &Path, name: &str, packed: &str) -> Result<Option<String>, Error> {
    // Names are written by git, but a file may have been written by anybody.
    if !name.starts_with("refs/")
        || name.split('/').any(|part| part.is_empty() || part.starts_with('.'))
        || name.contains(['\\', ':', '\0'])
    {
        return Ok(None);
    }
    for folder in [git, common] {
        if let Some(found) = text_of(&folder.join(name))?.and_then(|text| hash(text.trim())) {
            return Ok(Some(found));
        }
    }
    let lines = packed.lines().filter_map(|line| line.split_once(' '));
    Ok(lines.filter(|(_, of)| *of == name).find_map(|(at, _)| hash(at)))
}

/// A tag that names the commit, be it directly or, in the packed list, by what an annotated tag was found to name.
fn tag_of(common: &Path, commit: &str, packed: &str) -> Result<Option<String>, Error> {
    let mut found: Option<String> = None;
    let mut take = |name: &str| {
        if found.as_deref().is_none_or(|known| known < name) {
            found = Some(name.to_owned());
        }
    };
    let mut last = None;
    for line in packed.lines() {
        match (line.strip_prefix('^'), line.split_once(' ')) {
            (Some(peeled), _) => {
                if let Some(name) = last.take().filter(|_| peeled == commit) {
                    take(name);
                }
            }
            (None, Some((at, name))) => {
                last = name.strip_prefix("refs/tags/");
                if let Some(name) = last.filter(|_| at == commit) {
                    take(name);
                }
            }
            _ => {}
        }
    }
    for entry in fs::read_dir(common.join("refs/tags")).into_iter().flatten().flatten().take(MAX_TAGS) {
        let name = entry.file_name();
        if let (Some(name), Some(text)) = (name.to_str(), text_of(&entry.path())?)
            && text.trim() == commit
        {
            take(name);
        }
    }
    Ok(found)
}

/// The address of `origin`, else of the first remote, in git's configuration. Sections and values as git-config(1) has them, as far as
/// remotes need it.
fn remote_of(config: &str) -> Option<Repository> {
    let mut section = None;
    let mut first = None;
    for line in config.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            let head = head.split(']').next().unwrap_or_default();
            section =
                head.split_once(' ').filter(|(kind, _)| kind.eq_ignore_ascii_case("remote")).map(|(_, name)| name.trim().trim_matches('"'));
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        if section.is_some() && key.trim().eq_ignore_ascii_case("url") {
            let found = Repository::of_remote(value.trim().trim_matches('"'));
            if section == Some("origin") {
                return found;
            }
            first = first.or(found);
        }
    }
    first
}

/// SHA-1 or SHA-256.
fn hash(text: &str) -> Option<String> {
    (matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

/// None if there is no such file. At most so much of it is read as git's own files have.
fn text_of(path: &Path) -> Result<Option<String>, Error> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        _ => return Ok(None),
    }
    let file = File::open(path).map_err(Error::io(path, "read"))?;
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Folders above that are looked into.
const DEEPEST: usize = 64;
/// Characters of a commit that name it to people.
const SHORT: usize = 10;
const MAX_TAGS: usize = 10_000;
/// Bytes: repositories with 100,000 tags have a list of 10 MB.
const LARGEST: u64 = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
    const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";

    const TAG: &str = "fedcba9876543210fedcba9876543210fedcba98";

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_clone_says_where_it_stands_and_where_it_is_from() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, ".git/HEAD", "ref: refs/heads/main\n");
        write(root, ".git/packed-refs", &format!("# pack-refs with: peeled\n{OTHER} refs/heads/main\n{TAG} refs/tags/v1\n^{COMMIT}\n"));
        write(
            root,
            ".git/config",
            "[core]\n\tbare = false\n[remote \"up\"]\n\turl = https://x.test/y.git\n[remote \"origin\"]\n\turl = git@github.com:o/r.git\n",
        );
        let packed = Checkout::of(root).unwrap().unwrap();
        assert_eq!((packed.commit.as_deref(), packed.branch.as_deref(), packed.tag.as_deref()), (Some(OTHER), Some("main"), None));
        write(root, ".git/refs/heads/main", &format!("{COMMIT}\n"));
        write(root, "docs/a.md", "");
        let found = Checkout::of(&root.join("docs")).unwrap().unwrap();
        assert_eq!((found.commit.as_deref(), found.version().as_deref()), (Some(COMMIT), Some("v1")), "an annotated tag names the commit");
        let place = found.place(&root.join("docs")).unwrap();
        assert_eq!(place.of("a.md").as_str(), format!("https://github.com/o/r/blob/{COMMIT}/docs/a.md"));
        write(root, ".git/refs/tags/v2", COMMIT);
        assert_eq!(Checkout::of(root).unwrap().unwrap().tag.as_deref(), Some("v2"));
    }

    #[test]
    fn a_second_working_tree_shares_what_the_first_has() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "main/.git/HEAD", "ref: refs/heads/main\n");
        write(root, "main/.git/refs/heads/other", COMMIT);
        write(root, "main/.git/config", "[remote \"origin\"]\nurl = https://me:pw@gitlab.com/g/r\n");
        write(root, "main/.git/worktrees/w/HEAD", "ref: refs/heads/other\n");
        write(root, "main/.git/worktrees/w/commondir", "../..\n");
        write(root, "w/.git", "gitdir: ../main/.git/worktrees/w\n");
        let found = Checkout::of(&root.join("w")).unwrap().unwrap();
        assert_eq!((found.commit.as_deref(), found.branch.as_deref()), (Some(COMMIT), Some("other")));
        assert_eq!(found.remote.unwrap().remote, "https://gitlab.com/g/r");
    }

    #[test]
    fn what_is_no_clone_or_odd_is_not_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "plain/a.md", "");
        write(root, "plain/.git", "nonsense");
        let own = |found: Option<Checkout>| found.filter(|found| found.root.starts_with(root));
        assert_eq!(own(Checkout::of(&root.join("plain")).unwrap()), None);
        for head in ["ref: refs/../../etc/passwd", "ref: /etc/passwd", "xyz", "", "ref: refs/heads/.invalid"] {
            write(root, "odd/.git/HEAD", head);
            let found = Checkout::of(&root.join("odd")).unwrap().unwrap();
            assert_eq!((found.commit.clone(), found.version(), found.place(root)), (None, None, None), "{head}");
        }
        write(root, "odd/.git/HEAD", &COMMIT.to_uppercase());
        write(root, "odd/.git/config", "[remote \"origin\"]\nurl = ext::sh -c id\n[broken\n= \n");
        let found = Checkout::of(&root.join("odd")).unwrap().unwrap();
        assert_eq!((found.commit.as_deref(), found.remote), (Some(COMMIT), None));
    }
}
