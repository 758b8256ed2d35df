//! Why something is not exported or imported: the file, or what it would take the place of.

use std::io;
use std::path::PathBuf;

use url::Url;

use crate::model::SourceId;

/// Why nothing was exported or imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is something else.
    #[error("{} is no export of smolcrawl", path.display())]
    Foreign { path: PathBuf },
    /// The file was written by a newer version of smolcrawl.
    #[error("{} is of format version {found}, this smolcrawl knows versions up to {known}", path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
    /// The file is not what was written: a byte is another, or its end is missing.
    #[error("{} is damaged or cut off: it has another checksum than it says", path.display())]
    Damaged { path: PathBuf },
    /// The file is as it was written, but not by smolcrawl: it says what no export says.
    #[error("{} is not laid out as smolcrawl does it: {what}", path.display())]
    Malformed { path: PathBuf, what: &'static str },
    /// Sources of the file are in the database.
    #[error("already stored: {}", listed(sources))]
    SourceExists { sources: Vec<SourceId> },
    /// What is in the database already and is not what was to be copied to it.
    #[error("already stored, and not the same: {}", listed(others))]
    Others { others: Vec<String> },
    /// Both names are those of one database.
    #[error("{} is to be copied to itself", database.display())]
    Itself { database: PathBuf },
    /// A source is not what was copied, as it is read again.
    #[error("{source_id} is not the same in both databases: {here} here, {there} there")]
    NotTheSame { source_id: SourceId, here: String, there: String },
    /// There is a file, or something in the folder.
    #[error("{} exists already", path.display())]
    Exists { path: PathBuf },
    /// A folder with something in it.
    #[error("the folder {} is not empty", path.display())]
    NotEmpty { path: PathBuf },
    /// Something else than the name of a file in the share folder.
    #[error("{name:?} cannot be the name of a file in the share folder")]
    Name { name: String },
    /// What is named in the share folder is elsewhere.
    #[error("{} is a link", path.display())]
    Link { path: PathBuf },
    /// There is no such file in the share folder; these are.
    #[error("there is no {name:?} in {}, which {}", folder.display(), had(there))]
    NotShared { name: String, folder: PathBuf, there: Vec<String> },
    /// There is no folder to share files in.
    #[error("there is no share folder, as the database is kept in memory")]
    NoFolder,
    /// A page is larger than what is read back.
    #[error("{url} is too large to be exported: {bytes} bytes with its passages, the limit is {limit}")]
    TooLarge { url: Url, bytes: usize, limit: usize },
    /// The operating system refuses.
    #[error("{} cannot be {act}", path.display())]
    Io { path: PathBuf, act: &'static str, source: io::Error },
}

impl Error {
    /// Whether it is about the disk rather than about what was asked for.
    pub fn is_of_disk(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::NotTheSame { .. })
    }

    /// What the reader of the message can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Foreign { .. } => {
                "import what `smolcrawl export` has written; {\"url\",\"title\",\"text\"} lines are for `smolcrawl index --jsonl`"
            }
            Self::Newer { .. } => "update smolcrawl, or export again with this version",
            Self::Damaged { .. } => "copy it again from where it was exported; nothing was stored",
            Self::Malformed { .. } => "export it again with `smolcrawl export`; nothing was stored",
            Self::SourceExists { .. } => "--replace puts those of the file in their place, and removes pages that the file does not have",
            Self::Others { .. } => "--replace puts what is copied in its place, and removes pages that are not copied; nothing was changed",
            Self::Itself { .. } => "--from and --to are two names of one database; nothing was changed",
            Self::NotTheSame { .. } => "run the same command again while nobody writes to either: what is the same already costs little",
            Self::Exists { .. } => "name another file, or replace this one with --force",
            Self::NotEmpty { .. } => "name a new folder: nothing in a folder is replaced",
            Self::Name { .. } => "give a name alone, such as docs.smolcrawl: no folder, and nothing that some systems do not take",
            Self::Link { .. } => "name a file that is in the folder itself; links out of it are not followed",
            Self::NotShared { .. } => "name one that is there, or ask the user to put the file into that folder",
            Self::NoFolder => "name one by the setting share_folder, or keep the database in a file",
            Self::TooLarge { .. } => "remove that page, or export as text with --format",
            Self::Io { .. } => "check the path, its rights and the space on the disk",
        }
    }

    pub(super) fn io(path: impl Into<PathBuf>, act: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, act, source }
    }
}

fn listed(all: &[impl ToString]) -> String {
    let names: Vec<_> = all.iter().take(NAMED).map(ToString::to_string).collect();
    match all.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

fn had(there: &[String]) -> String {
    if there.is_empty() { "is empty".to_owned() } else { format!("has {}", there.join(", ")) }
}

const NAMED: usize = 20;
