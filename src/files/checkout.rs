//! A clone of a repository that lies on this disk: at which commit it stands, and where it is from. Read from git's own files, without git;
//! nothing that they name is run.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::folder::join;
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
            if let Some(git) = git_folder(root)? {
                return Self::read(root, git).map(Some);
            }
        }
        Ok(None)
    }

    /// `git` is without links.
    fn read(root: &Path, git: PathBuf) -> Result<Self, Error> {
        // What several working trees share lies in the folder of the first, and that has what is of each.
        let common = match text_of(&git, "commondir", SHORTEST)?.map(|path| fs::canonicalize(git.join(path.trim()))) {
            Some(Ok(common)) if git.parent() == Some(&common.join("worktrees")) => common,
            _ => git.clone(),
        };
        let head = text_of(&git, "HEAD", SHORTEST)?.unwrap_or_default();
        let packed = text_of(&common, "packed-refs", LARGEST)?.unwrap_or_default();
        let (branch, commit) = match head.trim().strip_prefix("ref: ") {
            Some(name) => {
                let branch = name.strip_prefix("refs/heads/").filter(|branch| *branch != ".invalid");
                (branch.map(str::to_owned), resolved(&git, &common, name, &packed)?)
            }
            None => (None, hash(head.trim())),
        };
        let tag = match &commit {
            Some(commit) => tag_of(&common, commit, &packed)?,
            None => None,
        };
        let remote = text_of(&common, "config", CONFIG)?.and_then(|config| remote_of(&config));
        Ok(Self { root: root.to_owned(), git, commit, branch, tag, remote })
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

/// The folder that `.git` is, or that it names if it is a file, as in submodules and further working trees; without links. Anybody may have
/// written such a file: the folder has to know of it, else it is somebody else's.
fn git_folder(root: &Path) -> Result<Option<PathBuf>, Error> {
    let Some(git) = named(root)? else { return Ok(None) };
    let is_one = git.join("HEAD").is_file() && (is_own(root) || is_named_back(&git, root)? || is_submodule(&git, root)?);
    Ok(is_one.then_some(git))
}

/// Where `.git` leads.
fn named(root: &Path) -> Result<Option<PathBuf>, Error> {
    let path = root.join(".git");
    if is_own(root) {
        return Ok(fs::canonicalize(path).ok());
    }
    if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let Ok(root) = fs::canonicalize(root) else { return Ok(None) };
    let text = text_of(&root, ".git", SHORTEST)?.unwrap_or_default();
    Ok(text.trim().strip_prefix("gitdir:").and_then(|to| fs::canonicalize(root.join(to.trim())).ok()))
}

fn is_own(root: &Path) -> bool {
    fs::symlink_metadata(root.join(".git")).is_ok_and(|metadata| metadata.is_dir())
}

/// Git writes into the folder of a further working tree where that is.
fn is_named_back(git: &Path, root: &Path) -> Result<bool, Error> {
    let Some(back) = text_of(git, "gitdir", SHORTEST)? else { return Ok(false) };
    let there = |path: PathBuf| fs::canonicalize(path).ok();
    Ok(there(git.join(back.trim())).is_some_and(|back| Some(back) == there(root.join(".git"))))
}

/// That of a submodule lies in the folder of a repository that its working tree stands in.
fn is_submodule(git: &Path, root: &Path) -> Result<bool, Error> {
    for above in root.ancestors().skip(1).take(DEEPEST) {
        let Some(other) = named(above)? else { continue };
        if git.starts_with(other.join("modules")) && (is_own(above) || is_named_back(&other, above)?) {
            return Ok(true);
        }
    }
    Ok(false)
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
        if let Some(found) = text_of(folder, name, SHORTEST)?.and_then(|text| hash(text.trim())) {
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
        let Some(name) = name.to_str() else { continue };
        if text_of(common, &format!("refs/tags/{name}"), SHORTEST)?.is_some_and(|text| text.trim() == commit) {
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

/// A file below a folder that is without links; none if there is no such file, or if a link is on the way. At most so many bytes of it are read.
fn text_of(folder: &Path, name: &str, most: u64) -> Result<Option<String>, Error> {
    let path = join(folder, name);
    let is_there = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
    if !is_there || !fs::canonicalize(&path).is_ok_and(|real| real == path) {
        return Ok(None);
    }
    let file = File::open(&path).map_err(Error::io(&path, "read"))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(Error::io(&path, "read"))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Folders above that are looked into.
const DEEPEST: usize = 64;
/// Characters of a commit that name it to people.
const SHORT: usize = 10;
const MAX_TAGS: usize = 10_000;
/// Bytes of a file that holds one name or path: more of it is none.
const SHORTEST: u64 = 4 << 10;
const CONFIG: u64 = 1 << 20;
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
        write(root, "main/.git/worktrees/w/gitdir", "../../../../w/.git\n");
        write(root, "w/.git", "gitdir: ../main/.git/worktrees/w\n");
        let found = Checkout::of(&root.join("w")).unwrap().unwrap();
        assert_eq!((found.commit.as_deref(), found.branch.as_deref()), (Some(COMMIT), Some("other")));
        assert_eq!(found.remote.unwrap().remote, "https://gitlab.com/g/r");
    }

    #[test]
    fn a_submodule_is_of_the_repository_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "main/.git/HEAD", "ref: refs/heads/main\n");
        write(root, "main/.git/modules/lid/HEAD", COMMIT);
        write(root, "main/.git/modules/lid/modules/knob/HEAD", OTHER);
        write(root, "main/parts/lid/.git", "gitdir: ../../.git/modules/lid\n");
        write(root, "main/parts/lid/knob/.git", "gitdir: ../../../.git/modules/lid/modules/knob\n");
        let commit = |path: &str| Checkout::of(&root.join(path)).unwrap().unwrap().commit;
        assert_eq!((commit("main/parts/lid").as_deref(), commit("main/parts/lid/knob").as_deref()), (Some(COMMIT), Some(OTHER)));
    }

    /// Whoever may have a folder read must not learn by it what stands in others.
    #[test]
    fn what_somebody_wrote_into_a_folder_leads_to_no_other_repository() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "secret/.git/HEAD", "ref: refs/heads/hidden\n");
        write(root, "secret/.git/refs/heads/hidden", COMMIT);
        write(root, "secret/.git/config", "[remote \"origin\"]\nurl = https://gitlab.com/g/secret\n");
        write(root, "secret/.git/worktrees/w/HEAD", "ref: refs/heads/hidden\n");
        write(root, "secret/.git/worktrees/w/commondir", "../..\n");
        write(root, "secret/.git/worktrees/w/gitdir", "../../../../w/.git\n");
        let own = |path: &str| Checkout::of(&root.join(path)).unwrap().filter(|found| found.root.starts_with(root));
        let secret = fs::canonicalize(root.join("secret/.git")).unwrap();
        write(root, "plain/.git", &format!("gitdir: {}\n", secret.display()));
        write(root, "tree/.git", "gitdir: ../secret/.git/worktrees/w\n");
        write(root, "made/.git", "gitdir: git\n");
        write(root, "made/git/HEAD", "ref: refs/heads/hidden\n");
        write(root, "made/git/gitdir", "../.git\n");
        write(root, "made/git/commondir", &format!("{}\n", secret.display()));
        assert_eq!((own("plain"), own("tree")), (None, None));
        let made = own("made").unwrap();
        assert_eq!((made.commit, made.remote), (None, None), "what is shared has to know of the tree");
        #[cfg(unix)]
        {
            fs::create_dir_all(root.join("linked/.git")).unwrap();
            write(root, "linked/.git/HEAD", "ref: refs/heads/hidden\n");
            for name in ["refs", "config", "packed-refs"] {
                std::os::unix::fs::symlink(secret.join(name), root.join("linked/.git").join(name)).unwrap();
            }
            let linked = own("linked").unwrap();
            assert_eq!((linked.commit, linked.remote), (None, None));
        }
    }

    #[test]
    fn a_tag_is_short() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, ".git/HEAD", COMMIT);
        write(root, ".git/refs/tags/long", &format!("{COMMIT}{}", " ".repeat(10_000)));
        write(root, ".git/refs/tags/wide", &format!("{}{COMMIT}", " ".repeat(10_000)));
        // Of a file of any length so much is read as a name can have.
        assert_eq!(Checkout::of(root).unwrap().unwrap().tag.as_deref(), Some("long"));
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
