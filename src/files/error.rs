//! Why nothing can be read from what was given: a folder, an archive, a repository, a package, a lock file.

use std::io;
use std::path::{Path, PathBuf};

use crate::http;

use super::package::PackageName;

/// Why something on the disk, or something that was to come there, cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was given is nothing that can become a source.
    #[error("{:?} {why}", shown(text))]
    Origin { text: String, why: &'static str, hint: String },
    /// A file of this name lies here, and it may be a host's name as well.
    #[error("{:?} may be a host or what lies here under this name", shown(text))]
    Ambiguous { text: String },
    #[error("there is nothing at {}", path.display())]
    NotFound { path: PathBuf },
    /// Neither a file nor a folder: a device, a pipe, a socket.
    #[error("{} is neither a file nor a folder", path.display())]
    Special { path: PathBuf },
    /// Only what lies below these folders may be read.
    #[error("{} lies outside of what may be read", path.display())]
    Outside { path: PathBuf },
    /// It has grown since it was listed.
    #[error("{} is larger than {} KiB", path.display(), limit >> 10)]
    TooLarge { path: PathBuf, limit: u64 },
    /// One of [`Selection::include`](super::Selection::include) or `exclude` is no pattern.
    #[error("{text:?} is no pattern: {why}")]
    Pattern { text: String, why: String },
    /// An archive of a kind that is not read.
    #[error("{name} is {what}, which is not read")]
    Unsupported { name: String, what: &'static str },
    /// An archive that cannot be believed; what it held before that place has been handed out.
    #[error("{name} cannot be read on: {why}")]
    Archive { name: String, why: Refusal },
    /// A lock file or package description that is not of its form.
    #[error("{}{} {what}", path.display(), line.map(|line| format!(", line {line}:")).unwrap_or_else(|| ":".to_owned()))]
    Broken { path: PathBuf, line: Option<usize>, what: String },
    /// A lock file of a form that is newer, or older, than those that are known.
    #[error("{} is of version {found}, and {known} are known", path.display())]
    Version { path: PathBuf, found: String, known: &'static str },
    /// There is no lock file and no list of dependencies.
    #[error("no project is at {}", path.display())]
    NoProject { path: PathBuf },
    /// The package does not lie on this disk.
    #[error("{package} is not on the disk")]
    NotInstalled {
        package: PackageName,
        /// The versions that are.
        there: Vec<String>,
        /// What would bring it.
        command: String,
    },
    /// The program `git` is needed, and is not there.
    #[error("git is not installed")]
    NoGit {
        #[source]
        source: io::Error,
    },
    /// `git` says no, in its own words.
    #[error("git cannot fetch {}: {}", shown(repository), http::plain(said, 300))]
    Git { repository: String, said: String },
    /// It took longer, or became larger, than it may.
    #[error("the repository {} {why}", shown(repository))]
    TooMuch { repository: String, why: String },
    /// The operating system refuses.
    #[error("{} cannot be {act}", path.display())]
    Io {
        path: PathBuf,
        act: &'static str,
        #[source]
        source: io::Error,
    },
}

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It ends before it says so, or its sums are wrong.
    #[error("it is damaged or cut off ({0})")]
    Damaged(String),
    #[error("it holds more than {limit} entries")]
    Entries { limit: u64 },
    /// Decompressed.
    #[error("it holds more than {} MiB", limit >> 20)]
    Bytes { limit: u64 },
    /// As bombs do.
    #[error("it becomes more than {limit} times as large when unpacked")]
    Ratio { limit: u64 },
    #[error("it is encrypted")]
    Encrypted,
}

impl Error {
    /// What the reader of the message can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Origin { hint, .. } => hint.clone(),
            Self::Ambiguous { text } => format!("write https://{text} for the host, or ./{text} for what lies here"),
            Self::NotFound { .. } => "check the path; a URL begins with https://".to_owned(),
            Self::Special { .. } => "name a file, a folder or an archive".to_owned(),
            Self::Outside { .. } => "allow its folder with --allow-path, or open it as a root in the client".to_owned(),
            Self::TooLarge { .. } => "it is left out; larger limits can be given to the library".to_owned(),
            Self::Pattern { text, .. } if text.starts_with("re:") => "see https://docs.rs/regex/#syntax".to_owned(),
            Self::Pattern { .. } => "as in docs/*, *.md or examples; a regular expression begins with re:".to_owned(),
            Self::Unsupported { .. } => "unpack it and name the folder; zip, tar and tar.gz are read as they are".to_owned(),
            Self::Archive { why: Refusal::Damaged(_), .. } => "get it again from where it came".to_owned(),
            Self::Archive { why: Refusal::Encrypted, .. } => "unpack it and name the folder".to_owned(),
            Self::Archive { .. } => "if it can be trusted, unpack it and name the folder".to_owned(),
            Self::Broken { .. } => "make it again with the tool that wrote it; nothing was changed".to_owned(),
            Self::Version { .. } => "a newer smolcrawl may know it; or write it again with an older version of its tool".to_owned(),
            Self::NoProject { .. } => {
                "name a folder with Cargo.lock, package-lock.json, pnpm-lock.yaml, yarn.lock, bun.lock, uv.lock, poetry.lock, pdm.lock, pylock.toml, Pipfile.lock, requirements.txt or go.mod"
                    .to_owned()
            }
            Self::NotInstalled { there, command, .. } => match there.is_empty() {
                true => format!("`{command}` would bring it"),
                false => format!("on the disk is {}; `{command}` would bring it", listed(there)),
            },
            Self::NoGit { .. } => "install git, or give an archive of the repository".to_owned(),
            Self::Git { said, .. } if is_about_login(said) => {
                "the repository is private, or there is none: check the address, and that `git clone` works without asking".to_owned()
            }
            Self::Git { .. } => "check the address and the branch, tag or commit".to_owned(),
            Self::TooMuch { .. } => "clone it yourself with `git clone --depth 1`, and name the folder".to_owned(),
            Self::Io { .. } => return None,
        })
    }

    /// Whether it is about what may be read.
    pub fn is_outside(&self) -> bool {
        matches!(self, Self::Outside { .. })
    }

    /// Whether there is nothing at a path.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether it is about the disk rather than about what was asked for.
    pub fn is_of_disk(&self) -> bool {
        matches!(self, Self::Io { .. })
    }

    pub(super) fn io(path: impl Into<PathBuf>, act: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            _ => Self::Io { path, act, source },
        }
    }

    pub(super) fn broken(path: &Path, line: impl Into<Option<usize>>, what: impl Into<String>) -> Self {
        Self::Broken { path: path.to_owned(), line: line.into(), what: what.into() }
    }
}

/// As it may be shown: without credentials, and not without end.
fn shown(text: &str) -> String {
    http::plain(&http::masked_text(text), 200).to_string()
}

fn listed(versions: &[String]) -> String {
    let named = versions.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match versions.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn is_about_login(said: &str) -> bool {
    ["Authentication", "could not read Username", "could not read Password", "Permission denied", "not found", "terminal prompts disabled"]
        .iter()
        .any(|words| said.contains(words))
}

const NAMED: usize = 5;
