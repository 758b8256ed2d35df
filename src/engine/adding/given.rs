//! What somebody gave: what its source is called, what is kept so that it can be read again, and what that was of. Pure.

use std::path::{Path, PathBuf};

use url::Url;

use crate::error::Error;
use crate::files::{self, GitUser, Here, Installed, Origin, PackageName, PathPattern, Repository, Selection, Usual, Wanted};
use crate::model::{BadName, FilesRecipe, Recipe, SourceId, SourceSummary, host};

/// What is to be added, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddRequest {
    /// Of the web only archives and repositories: pages are crawled.
    pub origin: Origin,
    /// Which files; of these documents alone are read.
    pub selection: Selection,
    /// What the source is to be called. Default: after the origin.
    pub name: Option<String>,
    /// The version that it documents. Default: that of the package, or what was asked for of a repository.
    pub version: Option<String>,
    /// The folder of a project, whose packages of npm and Python are meant. Default: the working folder.
    pub project: Option<PathBuf>,
    /// Below which of these a package has to lie, beside where the tools of its kind keep all of them. None: anywhere.
    confined_to: Option<Vec<PathBuf>>,
    /// It was asked for by a client, now or when it was first read.
    is_confined: bool,
}

impl AddRequest {
    /// Default settings.
    pub fn new(origin: Origin) -> Self {
        Self { origin, selection: Selection::default(), name: None, version: None, project: None, confined_to: None, is_confined: false }
    }

    #[must_use]
    pub fn selection(self, selection: Selection) -> Self {
        Self { selection, ..self }
    }

    #[must_use]
    pub fn named(self, name: Option<String>, version: Option<String>) -> Self {
        Self { name, version, ..self }
    }

    /// For who may have only that read which lies below these folders: packages are those of the first, and none whose links lead elsewhere.
    #[must_use]
    pub fn confined_to(self, folders: Vec<PathBuf>) -> Self {
        // Without a folder there is no project.
        let project = folders.first().cloned().or_else(|| Some(PathBuf::new()));
        Self { project, confined_to: Some(folders), is_confined: true, ..self }
    }

    pub(super) fn confinement(&self) -> Option<&[PathBuf]> {
        self.confined_to.as_deref()
    }

    /// What a client can have read is what anybody can have.
    pub(super) fn git_user(&self) -> GitUser {
        if self.is_confined { GitUser::Anybody } else { GitUser::Own }
    }

    /// What a client has had read is read again only where it lay: a link that is there now leads elsewhere. Blocking.
    ///
    /// # Errors
    /// [`files::Error::Outside`], [`files::Error::NotFound`], [`files::Error::Io`].
    pub(super) fn is_in_place(&self) -> Result<(), files::Error> {
        match self.origin.path() {
            Some(path) if self.is_confined => files::without_links(path),
            _ => Ok(()),
        }
    }

    /// What a recipe is of.
    ///
    /// # Errors
    /// [`Error::Files`]: it is not there any more, or the recipe was written by another program.
    pub(super) fn of(recipe: &Recipe, files: &FilesRecipe) -> Result<Self, Error> {
        // What is given in a recipe is absolute.
        let here = Here { folder: PathBuf::from("/"), home: None };
        let mut origin = Origin::parse(&files.given, &here)?;
        if let Origin::Repository(repository) = &mut origin {
            repository.folder.clone_from(&files.folder);
        }
        let patterns = |texts: &[String]| texts.iter().map(|text| PathPattern::parse(text)).collect::<Result<Vec<_>, _>>();
        // One list is kept of both.
        let (exclude, alike) = match recipe.exclude.len().checked_sub(COMMON.len()) {
            Some(own) if recipe.exclude[own..] == COMMON => recipe.exclude.split_at(own),
            _ => (&*recipe.exclude, &[][..]),
        };
        let selection = Selection {
            include: patterns(&recipe.include)?,
            exclude: patterns(exclude)?,
            alike: patterns(alike)?,
            usual: if recipe.everything { Usual::Take } else { Usual::LeaveOut },
            max_files: usize::try_from(files.max_files).unwrap_or(usize::MAX),
            max_bytes: files.max_bytes,
            max_file_bytes: files.max_file_bytes,
            ..Selection::default()
        };
        Ok(Self { selection, is_confined: files.confined, ..Self::new(origin) })
    }

    /// The names that a source of it may have, the best first: the further ones are for when that is another's.
    pub(super) fn names(&self) -> Result<Vec<SourceId>, BadName> {
        let (names, found) = called(&self.origin);
        let version = self.version.as_deref().map(str::trim).filter(|version| !version.is_empty()).or(found.as_deref());
        match self.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => Ok(vec![SourceId::new(name, version)?]),
            None => {
                let (good, mut bad) = names.iter().map(|name| SourceId::new(name, version)).partition::<Vec<_>, _>(Result::is_ok);
                match bad.pop() {
                    Some(error) if good.is_empty() => Err(error.expect_err("what is no name was sorted out")),
                    _ => Ok(good.into_iter().flatten().collect()),
                }
            }
        }
    }
}

/// What is to be read.
#[derive(Debug)]
pub(super) enum Target {
    Given(AddRequest),
    Installed(Installed),
    /// What a source is made of.
    Again(Box<SourceSummary>),
}

/// What is kept of what was given. The seed is the address that those of its pages begin with.
pub(super) fn recipe(request: &AddRequest, seeds: Vec<Url>) -> Recipe {
    let AddRequest { origin, selection, .. } = request;
    let texts = |patterns: &[PathPattern]| patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect::<Vec<_>>();
    let folder = match origin {
        Origin::Repository(Repository { folder, .. }) => folder.clone(),
        _ => None,
    };
    Recipe {
        seeds,
        include: texts(&selection.include),
        exclude: texts(&selection.exclude).into_iter().chain(texts(&selection.alike)).collect(),
        everything: selection.usual == Usual::Take,
        files: Some(FilesRecipe {
            given: origin.given(),
            folder,
            max_files: selection.max_files as u64,
            max_bytes: selection.max_bytes,
            max_file_bytes: selection.max_file_bytes,
            state: None,
            confined: request.is_confined,
        }),
        ..Recipe::default()
    }
}

/// Whether it is the same but for what changes whenever it is read, and for who has it read.
pub(super) fn is_same(one: &Recipe, other: &Recipe) -> bool {
    let bare = |recipe: &Recipe| {
        let files = recipe.files.clone().map(|files| FilesRecipe { given: plain(&files.given), state: None, confined: false, ..files });
        Recipe { seeds: Vec::new(), files, ..recipe.clone() }
    };
    bare(one) == bare(other)
}

/// Whether two sources are made of one thing, whatever of it they take.
pub(super) fn is_of_the_same(one: &FilesRecipe, other: &FilesRecipe) -> bool {
    plain(&one.given) == plain(&other.given) && one.folder == other.folder
}

/// A path as it is kept now: earlier versions kept `/a/./b/` as it was written.
fn plain(given: &str) -> String {
    let path = Path::new(given);
    if path.is_absolute() { path.components().collect::<PathBuf>().to_string_lossy().into_owned() } else { given.to_owned() }
}

/// The path of what lies on this disk that a source is made of; none of what is of everybody.
pub(super) fn is_local(recipe: &Recipe) -> Option<&Path> {
    let files = recipe.files.as_ref().filter(|files| !files.is_of_everybody())?;
    let path = Path::new(&files.given);
    path.is_absolute().then_some(path)
}

/// What is read of a package: what was written for people, and not what is in every package alike.
pub(super) fn of_package() -> Result<Selection, files::Error> {
    Ok(Selection { alike: common()?, wanted: Wanted::Documents, usual: Usual::Take, ..Selection::default() })
}

/// What every package has alike.
pub(super) fn common() -> Result<Vec<PathPattern>, files::Error> {
    COMMON.iter().map(|text| PathPattern::parse(text)).collect()
}

pub(super) fn package_source(package: &PackageName) -> Result<SourceId, BadName> {
    SourceId::of_package(package.ecosystem.as_str(), &package.name, package.version.as_deref())
}

/// Names, the best first, and the version that the origin itself says.
fn called(origin: &Origin) -> (Vec<String>, Option<String>) {
    match origin {
        Origin::Web(url) | Origin::ArchiveAt(url) => {
            let file = url.path_segments().and_then(|mut names| names.next_back()).unwrap_or_default();
            let (name, version) = of_archive(file);
            (vec![name.clone(), format!("{}/{name}", host(url))], version)
        }
        Origin::Site(name) => (vec![name.clone()], None),
        Origin::Folder(path) => (of_path(path), None),
        Origin::File(path) => (of_path(path), None),
        Origin::Archive(path) => {
            let (name, version) = of_archive(&path.file_name().unwrap_or_default().to_string_lossy());
            (of_path(&path.with_file_name(name)), version)
        }
        Origin::Repository(repository) => {
            let place = repository.web.as_ref().map(|(_, web)| web.clone()).or_else(|| address(&repository.remote));
            let name = place.map_or_else(
                || repository.name().to_owned(),
                |url| format!("{}{}", host(&url), url.path().trim_end_matches('/').trim_end_matches(".git")),
            );
            let folder = repository.folder.as_ref().map(|folder| format!("/{folder}")).unwrap_or_default();
            (vec![shortened(&good(&format!("{name}{folder}")))], repository.reference.as_deref().map(good))
        }
        Origin::Package(package) => {
            let name = package_source(package).map_or_else(|_| package.name.clone(), |source| source.name().to_owned());
            (vec![name], package.version.clone())
        }
    }
}

/// The address of a repository as a page would have it: `git@host:owner/name.git` too.
pub(super) fn address(remote: &str) -> Option<Url> {
    let url = match (Url::parse(remote), remote.split_once(':')) {
        (Ok(url), _) if url.has_host() => url,
        (_, Some((user, path))) => Url::parse(&format!("https://{}/{path}", user.rsplit('@').next().unwrap_or(user))).ok()?,
        _ => return None,
    };
    Url::parse(&format!("https://{}{}", host(&url), url.path())).ok()
}

/// The last name of a path, then with more and more of what stands before it.
fn of_path(path: &Path) -> Vec<String> {
    let short = |name: &str| good(&name.chars().take(LONGEST_OF_PATH).collect::<String>());
    let names: Vec<String> =
        path.iter().rev().filter_map(|name| name.to_str()).map(short).filter(|name| !name.is_empty()).take(NAMES).collect();
    let joined = |count: usize| names[..count].iter().rev().cloned().collect::<Vec<_>>().join("/");
    let all: Vec<String> = (1..=names.len()).map(|count| shortened(&joined(count))).collect();
    if all.is_empty() { vec!["files".to_owned()] } else { all }
}

/// `smol-2.0.2.tar.gz`: smol, 2.0.2.
fn of_archive(file: &str) -> (String, Option<String>) {
    let lower = file.to_ascii_lowercase();
    let end = [".tar.gz", ".tgz", ".tar", ".zip"].into_iter().find(|end| lower.ends_with(end)).map_or(0, str::len);
    let stem = good(&file[..file.len() - end]);
    let is_version = |text: &str| {
        let numbers = text.strip_prefix('v').unwrap_or(text);
        numbers.starts_with(|c: char| c.is_ascii_digit()) && numbers.contains('.')
    };
    match stem.match_indices('-').find(|(at, _)| is_version(&stem[at + 1..])) {
        Some((at, _)) if at > 0 => (shortened(&stem[..at]), Some(stem[at + 1..].to_owned())),
        _ => (shortened(&stem), None),
    }
}

/// What the name of a source can have: see [`SourceId::new`].
fn good(text: &str) -> String {
    let plain = |c: char| if c.is_whitespace() || c.is_control() || matches!(c, '@' | '?' | '#' | ':' | '\\') { '-' } else { c };
    text.chars().map(plain).collect::<String>().trim_matches('-').trim_matches('/').to_owned()
}

/// As much of a name as that of a source has room for.
fn shortened(name: &str) -> String {
    name[..name.floor_char_boundary(LONGEST)].trim_end_matches(['-', '/']).to_owned()
}

/// Names of a path that may be in that of its source.
const NAMES: usize = 6;
/// Characters of one of them.
const LONGEST_OF_PATH: usize = 30;
/// Bytes of all of it.
const LONGEST: usize = 200;
/// Paths that every package has.
const COMMON: [&str; 12] = [
    ".*",
    "node_modules",
    "LICENSE*",
    "LICENCE*",
    "License*",
    "license*",
    "COPYING*",
    "COPYRIGHT*",
    "CODE_OF_CONDUCT*",
    "tests",
    "test",
    "fuzz",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> String {
        let here = Here { folder: std::env::temp_dir(), home: None };
        let request = AddRequest::new(Origin::parse(text, &here).unwrap());
        request.names().unwrap().iter().map(SourceId::as_str).collect::<Vec<_>>().join(" ")
    }

    #[cfg(unix)]
    #[test]
    fn one_path_is_the_same_however_it_was_kept() {
        let of = |given: &str| FilesRecipe { given: given.to_owned(), ..FilesRecipe::default() };
        for given in ["/home/me/docs", "/home/me/./docs", "/home/me//docs/"] {
            assert!(is_of_the_same(&of("/home/me/docs"), &of(given)), "{given}");
        }
        for given in ["/home/me/docs/x", "home/me/docs", "https://a.test/home/me/docs"] {
            assert!(!is_of_the_same(&of("/home/me/docs"), &of(given)), "{given}");
        }
    }

    #[test]
    fn a_source_is_called_after_what_was_given() {
        assert_eq!(names("https://github.com/smol-rs/smol@v2.0.2"), "github.com/smol-rs/smol@v2.0.2");
        assert_eq!(names("https://github.com/smol-rs/smol/tree/main/docs"), "github.com/smol-rs/smol/docs@main");
        assert_eq!(names("git@git.example.com:team/pots.git"), "git.example.com/team/pots");
        assert_eq!(names("https://a.test/x/pots-1.4.0.tar.gz"), "pots@1.4.0 a.test/pots@1.4.0");
        assert_eq!(names("https://a.test/x/pots.zip"), "pots a.test/pots");
        assert_eq!(
            names("https://github.com/microsoft/TypeScript/tree/v5.5.0-beta.2/doc"),
            "github.com/microsoft/TypeScript/doc@v5.5.0-beta.2"
        );
        assert_eq!(
            names("https://a.test/a-name-of-more-than-thirty-letters-1.4.0.zip").split(' ').next(),
            Some("a-name-of-more-than-thirty-letters@1.4.0")
        );
        let archive = Origin::Archive(PathBuf::from("/home/me/a-name-of-more-than-thirty-letters-2.1.tar.gz"));
        let (found, version) = called(&archive);
        assert_eq!(
            (&*found[0], &*found[1], version.as_deref()),
            ("a-name-of-more-than-thirty-let", "me/a-name-of-more-than-thirty-let", Some("2.1"))
        );
        let long = format!("https://own.test/{}/r.git", "ü".repeat(120));
        let name = names(&long);
        assert!(name.len() <= LONGEST && name.starts_with("own.test/%C3%BC"), "{name}");
        let deep = Origin::Folder(["/", &"ü".repeat(40), &"ö".repeat(40), &"ä".repeat(40), &"é".repeat(40), "docs"].iter().collect());
        let found = AddRequest::new(deep).names().unwrap();
        assert_eq!((found[0].as_str(), found[1].as_str().chars().count(), found.len()), ("docs", 35, 5));
        assert!(found.iter().all(|name| name.as_str().len() <= LONGEST));
        assert_eq!(names("npm:@types/node@20.1.0"), "npm:types/node@20.1.0");
        assert_eq!(of_path(Path::new("/home/me/my docs")), ["my-docs", "me/my-docs", "home/me/my-docs"]);
        assert_eq!(of_path(Path::new("/")), ["files"]);
        assert_eq!(of_archive("log4j-api-2.1.zip"), ("log4j-api".to_owned(), Some("2.1".to_owned())));
    }

    #[test]
    fn what_is_kept_is_what_was_given() {
        let here = Here { folder: std::env::temp_dir(), home: None };
        for text in ["https://github.com/o/r@v1", "https://github.com/o/r/tree/v1/docs", "crate:serde@1.0.219", "https://a.test/a.zip"] {
            let request = AddRequest::new(Origin::parse(text, &here).unwrap());
            let kept = recipe(&request, Vec::new());
            let files = kept.files.clone().unwrap();
            assert_eq!(AddRequest::of(&kept, &files).unwrap(), request, "{text}");
            assert_eq!(is_local(&kept), None);
        }
        let exclude = vec![PathPattern::parse("old").unwrap()];
        let request =
            AddRequest::new(Origin::parse("crate:serde@1.0.219", &here).unwrap()).selection(Selection { exclude, ..of_package().unwrap() });
        let kept = recipe(&request, Vec::new());
        assert_eq!((kept.exclude.len(), kept.exclude[0].as_str()), (13, "old"));
        let again = AddRequest::of(&kept, kept.files.as_ref().unwrap()).unwrap().selection;
        assert_eq!((again.exclude.len(), again.alike.len()), (1, 12), "what nobody gave is not told as given");
        let folder = tempfile::tempdir().unwrap();
        let selection =
            Selection { include: vec![PathPattern::parse("*.md").unwrap()], usual: Usual::Take, max_files: 7, ..Selection::default() };
        let request = AddRequest::new(Origin::Folder(folder.path().to_owned())).selection(selection);
        let kept = recipe(&request, Vec::new());
        assert_eq!(AddRequest::of(&kept, kept.files.as_ref().unwrap()).unwrap(), request);
        assert_eq!(is_local(&kept), Some(folder.path()));
        let path = folder.path().to_owned();
        drop(folder);
        let gone = AddRequest::of(&kept, kept.files.as_ref().unwrap()).unwrap_err();
        assert!(gone.to_string().contains(&path.display().to_string()) && gone.hint().is_some(), "{gone}");
    }

    #[test]
    fn what_is_like_what_every_package_has_is_not_read() {
        let selection = of_package().unwrap();
        let takes = |path: &str| selection.alike.iter().any(|pattern| pattern.takes(path));
        for path in [".github/x.md", "docs/.hidden.md", "LICENSE.md", "x/LICENSE-MIT.txt", "tests/data/a.md", "node_modules/x/README.md"] {
            assert!(takes(path), "{path}");
        }
        for path in ["README.md", "docs/testing.md", "src/a.b.md", "CHANGELOG.md", "docs/licensing.md"] {
            assert!(!takes(path), "{path}");
        }
    }
}
