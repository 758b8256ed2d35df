//! One variant a room, and the questions every caller asks of an error: whose fault, worth another try, what to do.

use std::fmt;

use url::Url;

use crate::config;
use crate::crawl;
use crate::embed;
use crate::extract;
#[cfg(feature = "files")]
use crate::files;
use crate::http;
use crate::model::{BadName, SourceId};
use crate::reactor;
use crate::share;
use crate::store;

/// Whatever can go wrong in the engine.
///
/// The message says what failed, its sources say why; [`Error::chain`] prints both on one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Reactor(#[from] reactor::Error),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error(transparent)]
    Crawl(#[from] crawl::Error),
    #[error(transparent)]
    Embed(#[from] embed::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Share(#[from] share::Error),
    #[cfg(feature = "files")]
    #[error(transparent)]
    Files(#[from] files::Error),
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The page came, but there is nothing in it to read.
    #[error("{} cannot be read: {}", http::masked(url), told(skip))]
    Unreadable { url: Url, skip: Box<extract::Skip> },
    /// A stored page whose address leads to another one now.
    #[error("{} redirects to {} now", http::masked(url), http::masked(to))]
    Moved { url: Url, to: Box<Url> },
    /// A stored page that came as what another one came as, and as nothing of what is stored.
    #[error("{} says now what {} says, and nothing of what is stored: that is kept", http::masked(url), http::masked(other))]
    SaysAsOthers { url: Url, other: Box<Url> },
    /// A stored page that is gone, where no page of its source came.
    #[error("{} is gone, and no page of its source came: what is stored is kept", http::masked(url))]
    GoneWithAll { url: Url },
    /// A question about meaning, and no model.
    #[error("there is no embeddings model to search by meaning with")]
    NoEmbedder,
    /// The source is not in the store.
    #[error("nothing of {source_id} is stored")]
    NotStored { source_id: SourceId },
    /// The name is known, the version is not there; these are.
    #[error("version {wanted} of {name} is not stored")]
    NoVersion { name: String, wanted: String, there: Vec<SourceId> },
    /// What was said names no source.
    #[error("no source {named:?} is stored")]
    UnknownSource {
        named: String,
        /// The one that is named most like it.
        meant: Option<SourceId>,
    },
    /// A source was to be named, not a page of it.
    #[error("{} is a page, not a source", http::masked(url))]
    IsAPage { url: Url, sources: Vec<SourceId> },
    /// A source was to be compared with itself.
    #[error("{source_id} and {source_id} are the same source")]
    SameSource { source_id: SourceId },
    /// The page is not in the store, or not of that source.
    #[error("{} is not stored{}", http::masked(url), source_id.as_ref().map(|source| format!(" in {source}")).unwrap_or_default())]
    NoPage { url: Url, source_id: Option<SourceId> },
    /// What was given has no document in it.
    #[error("there is nothing to read in {what}{}", left_out_of(left_out))]
    NothingToRead {
        what: String,
        /// What was left out, by rule.
        left_out: Vec<String>,
        /// Pages that are stored of it, and stay.
        kept: u64,
    },
    /// A source cannot be called so.
    #[error("{error}")]
    Name { error: BadName },
    /// Another source is called so.
    #[error("{source_id} is the name of a source that is made of something else")]
    NameTaken { source_id: SourceId },
    /// It is pages of the web, or this program was built without what reads it.
    #[error("{given} is no folder, archive, repository or package that is read here")]
    NotFiles { given: String },
    /// What a page was read from cannot be asked for it alone.
    #[error("{} was not fetched from a site: it is of {source_id}", http::masked(url))]
    OfFiles { url: Url, source_id: SourceId },
    /// Another process, or another engine on the same database, has removed the source that was being filled.
    #[error("{source_id} was removed while it was being filled")]
    Removed { source_id: SourceId },
    /// There is no crawl to go on with.
    #[error("no interrupted crawl of {source_id} is known")]
    NothingToResume { source_id: SourceId },
    /// A crawl of this source that is done together is open, and was opened otherwise.
    #[error("a crawl of {source_id} that is done together is open, with other settings")]
    JoinedOtherwise { source_id: SourceId },
    /// No project was read at this folder, or above it.
    #[error("no project at {} is indexed", path.display())]
    UnknownProject {
        path: std::path::PathBuf,
        /// Those that were.
        known: Vec<std::path::PathBuf>,
    },
    /// No package's symbols are known.
    #[error("the symbols of no package are indexed")]
    NoSymbols,
    /// No package that is known has this module or type.
    #[error("no module or type {module} is indexed")]
    UnknownModule { module: String, near: Vec<String> },
    /// Neither a module or type nor a package was named, and several packages are known.
    #[error("no module, type or package is named")]
    NoModule { near: Vec<String> },
    /// Code in a language whose names are not looked up.
    #[error("{} is not checked", if language.trim().is_empty() { "code without its language" } else { language })]
    LanguageUnchecked { language: String },
    /// Of a source that was not crawled as a whole it is not known how.
    #[error("{source_id} has no recipe")]
    NoRecipe { source_id: SourceId },
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// What was asked for cannot be.
    You,
    /// The site or the way to it.
    Site,
    /// The embeddings server or model.
    Embedder,
    /// The database or the disk below it.
    Disk,
    /// The system is short of files, threads or the like.
    Machine,
}

impl Error {
    /// Who has to act.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Config(_)
            | Self::NoEmbedder
            | Self::NotStored { .. }
            | Self::NoVersion { .. }
            | Self::UnknownSource { .. }
            | Self::Removed { .. }
            | Self::NothingToResume { .. }
            | Self::JoinedOtherwise { .. }
            | Self::NothingToRead { .. }
            | Self::Name { .. }
            | Self::NameTaken { .. }
            | Self::NotFiles { .. }
            | Self::OfFiles { .. }
            | Self::IsAPage { .. }
            | Self::SameSource { .. }
            | Self::NoPage { .. }
            | Self::UnknownProject { .. }
            | Self::NoSymbols
            | Self::UnknownModule { .. }
            | Self::NoModule { .. }
            | Self::LanguageUnchecked { .. }
            | Self::NoRecipe { .. } => Fault::You,
            #[cfg(feature = "files")]
            Self::Files(error) if error.is_of_disk() => Fault::Disk,
            #[cfg(feature = "files")]
            Self::Files(_) => Fault::You,
            Self::Http(error) if error.is_of_this_machine() => Fault::Machine,
            Self::Http(_) | Self::Unreadable { .. } | Self::Moved { .. } | Self::SaysAsOthers { .. } | Self::GoneWithAll { .. } => {
                Fault::Site
            }
            Self::Crawl(error)
                if matches!(
                    error.root(),
                    crawl::Error::NoSeed | crawl::Error::NotAUrl { .. } | crawl::Error::Scheme { .. } | crawl::Error::Agent { .. }
                ) =>
            {
                Fault::You
            }
            Self::Crawl(error) if matches!(error.root(), crawl::Error::Http { source } if source.is_of_this_machine()) => Fault::Machine,
            Self::Crawl(_) => Fault::Site,
            Self::Embed(_) => Fault::Embedder,
            Self::Store(
                store::Error::EmptyQuery
                | store::Error::NeedsVector { .. }
                | store::Error::Missing { .. }
                | store::Error::UnknownSource { .. }
                | store::Error::UnknownPrefix { .. }
                | store::Error::NoDate { .. },
            ) => Fault::You,
            Self::Store(_) => Fault::Disk,
            Self::Share(error) if error.is_of_disk() => Fault::Disk,
            Self::Share(_) => Fault::You,
            Self::Reactor(reactor::Error::UnknownKind { .. } | reactor::Error::NotBuilt { .. }) => Fault::You,
            Self::Reactor(_) => Fault::Machine,
        }
    }

    /// Whether the same again, later, may well succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Http(error) => error.is_transient(),
            Self::Crawl(error) => error.is_transient(),
            Self::Embed(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
            Self::SaysAsOthers { .. } | Self::GoneWithAll { .. } => true,
            Self::Reactor(_)
            | Self::Share(_)
            | Self::Config(_)
            | Self::Unreadable { .. }
            | Self::Moved { .. }
            | Self::NoEmbedder
            | Self::NotStored { .. }
            | Self::NoVersion { .. }
            | Self::UnknownSource { .. }
            | Self::Removed { .. }
            | Self::NothingToResume { .. }
            | Self::JoinedOtherwise { .. }
            | Self::NothingToRead { .. }
            | Self::Name { .. }
            | Self::NameTaken { .. }
            | Self::NotFiles { .. }
            | Self::OfFiles { .. }
            | Self::IsAPage { .. }
            | Self::SameSource { .. }
            | Self::NoPage { .. }
            | Self::UnknownProject { .. }
            | Self::NoSymbols
            | Self::UnknownModule { .. }
            | Self::NoModule { .. }
            | Self::LanguageUnchecked { .. }
            | Self::NoRecipe { .. } => false,
            #[cfg(feature = "files")]
            Self::Files(_) => false,
        }
    }

    /// What to do about it, where somebody can.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Reactor(error) => error.hint(),
            Self::Http(error) => error.hint().map(str::to_owned),
            Self::Crawl(error) => error.hint(),
            Self::Embed(error) => error.hint().map(str::to_owned),
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::Share(error) => Some(error.hint().to_owned()),
            Self::Config(error) => Some(error.hint()),
            #[cfg(feature = "files")]
            Self::Files(error) => error.hint(),
            #[cfg(feature = "files")]
            Self::NothingToRead { kept: 0, left_out, .. } if left_out.iter().any(|rule| rule.contains(files::Rule::TooLarge.as_str())) => {
                Some("--max-file-bytes takes in larger files".to_owned())
            }
            Self::NothingToRead { kept: 0, .. } => Some(
                "documents are files such as .md, .rst, .html, .txt and .ipynb; --include and --everything take in what is left out"
                    .to_owned(),
            ),
            Self::NothingToRead { kept, .. } => Some(format!("its {kept} stored pages are kept; `smolcrawl remove` removes them")),
            Self::Name { .. } => Some("give another name, as in smol, with the version 2.0".to_owned()),
            Self::NameTaken { .. } => Some("give another name, or remove that source first".to_owned()),
            Self::OfFiles { .. } => Some("refresh the source: what has not changed is not read again".to_owned()),
            Self::NotFiles { .. } => Some("crawl it, if it is a site".to_owned()),
            Self::Unreadable { skip, .. } => skip.hint().map(str::to_owned),
            Self::Moved { .. } => Some("crawl the new address; `smolcrawl remove` forgets a source that has moved as a whole".to_owned()),
            Self::SaysAsOthers { .. } => Some(
                "the site may be down or ask for something: see what it says to a browser; `smolcrawl crawl --fresh` takes it over"
                    .to_owned(),
            ),
            Self::GoneWithAll { .. } => {
                Some("the site may be down, or have moved; `smolcrawl remove` removes what is stored of it".to_owned())
            }
            Self::NoEmbedder => Some("ask for the lexical mode, or configure embeddings".to_owned()),
            Self::NotStored { .. } => Some("list what is stored with `smolcrawl sources`, or crawl it first".to_owned()),
            Self::NoVersion { there, .. } => Some(format!("stored are: {}", listed(there))),
            Self::UnknownSource { meant: Some(meant), .. } => {
                Some(format!("did you mean {meant}? `smolcrawl sources` lists what is stored"))
            }
            Self::UnknownSource { .. } => Some("list what is stored with `smolcrawl sources`, or crawl it first".to_owned()),
            Self::IsAPage { sources, .. } => {
                Some(format!("name the source: {}; or its pages alone, by the beginning of their URLs", listed(sources)))
            }
            Self::SameSource { .. } => Some("name two versions, as `smolcrawl sources` lists them".to_owned()),
            Self::NoPage { .. } => Some("find its stored address by a search, or fetch it and crawl it first".to_owned()),
            Self::JoinedOtherwise { .. } => {
                Some("take part in it as it is, `smolcrawl work`, or ask for the same; --fresh ends it and begins anew".to_owned())
            }
            Self::Removed { .. } => Some(
                "what came after that is kept, and the source is not complete: crawl or add it again, or remove it again with `smolcrawl remove`"
                    .to_owned(),
            ),
            Self::NothingToResume { .. } => Some("leave out --resume: it is crawled from its beginning".to_owned()),
            Self::UnknownProject { known, .. } if known.is_empty() => Some("read one with `smolcrawl project PATH`".to_owned()),
            Self::UnknownProject { known, .. } => {
                let known: Vec<_> = known.iter().take(NAMED).map(|path| path.display().to_string()).collect();
                Some(format!("read it with `smolcrawl project PATH`; indexed are {}", known.join(", ")))
            }
            Self::NoSymbols => Some("read the packages that a project uses with `smolcrawl project PATH`".to_owned()),
            Self::UnknownModule { near, .. } if near.is_empty() => Some("find its path with `smolcrawl find NAME`".to_owned()),
            Self::UnknownModule { near, .. } => Some(format!("is {} meant?", near.join(", or "))),
            Self::NoModule { near } => (!near.is_empty()).then(|| format!("name one; known are {}", near.join(", "))),
            Self::LanguageUnchecked { .. } => Some("Python, Rust, JavaScript and TypeScript are".to_owned()),
            Self::NoRecipe { .. } => Some("crawl it, so that it is known what belongs to it".to_owned()),
        }
    }

    /// The message and every cause below it, on one line: `what: why: why`.
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// The first of them.
/// Why a page gives no document, with what is secret in an address masked: that room knows no secrets.
pub(crate) fn told(skip: &extract::Skip) -> String {
    match skip {
        extract::Skip::Moved(to) => extract::Skip::Moved(http::masked(to)).to_string(),
        skip => skip.to_string(),
    }
}

fn listed(sources: &[SourceId]) -> String {
    let names: Vec<_> = sources.iter().take(NAMED).map(SourceId::as_str).collect();
    match sources.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// What stands behind the error.
fn left_out_of(rules: &[String]) -> String {
    if rules.is_empty() { String::new() } else { format!(": left out are {}", rules.join(", ")) }
}

const NAMED: usize = 20;

/// As [`Error::chain`], for any error. A cause that its effect already tells is not told twice.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !line.ends_with(&message) {
            line.push_str(": ");
            line.push_str(&message);
        }
        cause = error.source();
    }
    line
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::You => "request",
            Self::Site => "site",
            Self::Embedder => "embedder",
            Self::Disk => "disk",
            Self::Machine => "machine",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_to_act_is_told_by_the_room_and_the_fact() {
        let site = crawl::Error::Status { status: 503, retry_after: None };
        let cases = [
            (Error::from(crawl::Error::NoSeed), Fault::You, false),
            (Error::from(site), Fault::Site, true),
            (Error::from(embed::Error::NotFinite), Fault::Embedder, false),
            (Error::from(store::Error::EmptyQuery), Fault::You, false),
            (Error::from(store::Error::DiskFull { path: "x.db".into() }), Fault::Disk, false),
            (Error::from(store::Error::Busy { path: "x.db".into() }), Fault::Disk, true),
            (Error::NoEmbedder, Fault::You, false),
        ];
        for (error, fault, transient) in cases {
            assert_eq!((error.fault(), error.is_transient()), (fault, transient), "{error:?}");
            assert!(error.hint().is_some(), "{error:?}");
        }
    }

    #[test]
    fn a_cause_is_told_once() {
        let url = Url::parse("https://docs.test/").unwrap();
        let error = Error::from(crawl::Error::At { url, source: Box::new(crawl::Error::TooManyRedirects { limit: 3 }) });
        assert_eq!(error.chain(), "https://docs.test/: more than 3 redirects");
        let repeats = Error::Config(config::Error::NoModel);
        assert_eq!(repeats.chain(), repeats.to_string());
    }
}
