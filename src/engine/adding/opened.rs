//! From what was given to what there is to read: where it lies, what its source is called, what is stored of it already.

use std::path::Path;
use std::sync::Arc;
use std::vec;

use futures_lite::future;
use tempfile::NamedTempFile;
use url::Url;

use super::FAILED;
use super::compared::{Compared, Known, Met, compare};
use super::download::Downloaded;
use super::given::{self, AddRequest, Target};
use crate::engine::Engine;
use crate::error::Error;
use crate::files::{
    self, Archive, ArchiveLimits, Checkout, Folder, Forge, Found, GitLimits, Installed, LeftOut, Listing, Next, Origin, Place, Places,
    Repository, Rule, Selection, Sequence, Shelf, TopFolder, Unpacked, Wanted,
};
use crate::model::{Page, Recipe, SourceId, SourceSummary, Validators};
use crate::reactor::{Boxed, Handle, Lane};

/// What there is to read, and what is known of its source.
#[derive(Debug)]
pub(super) struct Opened {
    pub source: SourceId,
    pub recipe: Recipe,
    /// As it is stored.
    pub recipe_before: Option<Recipe>,
    /// What the source says its version is, where its name does not.
    pub version: Option<String>,
    /// What all of it is known by.
    pub state: Option<String>,
    pub supply: Supply,
    /// Documents that were found; of an archive that is known at its end.
    pub found: u64,
    pub unchanged: u64,
    pub still_skipped: u64,
    /// Pages of files that are not there any more.
    pub gone: Vec<Url>,
    pub left_out: LeftOut,
    /// Pages that the source has of files.
    pub had: u64,
    pub notes: Vec<String>,
    /// What was given, for people.
    what: String,
}

/// Where files come from.
pub(super) enum Supply {
    Listed {
        listing: Arc<Listing>,
        todo: vec::IntoIter<Todo>,
    },
    Packed(Box<Packed>),
    /// All is as it was, or all has been read.
    Nothing,
}

impl std::fmt::Debug for Supply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Listed { .. } => "Listed",
            Self::Packed(_) => "Packed",
            Self::Nothing => "Nothing",
        })
    }
}

/// A file that is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Todo {
    pub found: Found,
    pub url: Url,
    /// Where it is stored, if that is elsewhere.
    pub before: Option<Url>,
    pub is_known: bool,
}

impl Supply {
    pub fn is_unpacking(&self) -> bool {
        matches!(self, Self::Packed(packed) if packed.reading.is_some())
    }

    pub fn has_more(&self) -> bool {
        match self {
            Self::Listed { todo, .. } => todo.len() > 0,
            Self::Packed(packed) => packed.reading.is_some() || packed.archive.is_some(),
            Self::Nothing => false,
        }
    }
}

impl Opened {
    /// Files and folders that are wanted and not read.
    pub fn beyond_limits(&self) -> u64 {
        [Rule::Limit, Rule::TooDeep].iter().map(|rule| self.left_out.count(*rule)).sum()
    }

    /// `also`: what else was left out, for people.
    pub fn nothing(&self, also: Option<String>) -> Error {
        let left_out = self.left_out.by_rule().map(|(rule, left)| format!("{} {rule} (such as {})", left.count, left.first));
        Error::NothingToRead { what: self.what.clone(), left_out: left_out.chain(also).collect(), kept: self.had }
    }

    pub fn ended(&mut self, ended: Ended) {
        // Which of its pages an entry was that cannot be read is not known.
        if ended.left_out.count(Rule::Unreadable) == 0 {
            self.gone.extend(ended.gone);
        }
        self.left_out = ended.left_out;
        self.state = self.state.take().or(ended.state);
        self.supply = Supply::Nothing;
    }
}

/// An archive that is being read, one entry after the other.
pub(super) struct Packed {
    /// While nothing of it is being read.
    archive: Option<Box<Archive>>,
    reading: Option<Boxed<'static, Looked>>,
    at: At,
    place: Option<Place>,
    former: Option<Place>,
    /// Of the repository: all paths are below it.
    folder: Option<String>,
    known: Known,
    /// Held for as long as it is read.
    _file: Option<NamedTempFile>,
}

/// An archive after a look for its next entry.
type Looked = (Box<Archive>, Result<Next, files::Error>);

/// Where the entries of an archive are to be seen.
#[derive(Clone, Debug)]
enum At {
    Below(Url),
    /// At the commit that the archive says it is of, else at what was asked for.
    Repository {
        forge: Forge,
        web: Url,
        reference: Option<String>,
    },
}

pub(super) enum Read {
    Entry(Unpacked),
    /// Nothing of what was looked at is wanted.
    More,
    End,
    Failed(files::Error),
}

pub(super) enum Judged {
    Read(Box<(Todo, Page)>),
    Unchanged,
    StillNothing,
}

/// What is known at the end of an archive.
pub(super) struct Ended {
    pub left_out: LeftOut,
    pub gone: Vec<Url>,
    pub state: Option<String>,
    pub version: Option<String>,
}

impl Packed {
    /// Begins to read the next entry, if none is being read.
    pub fn begin(&mut self, handle: &Handle) {
        if self.reading.is_none()
            && let Some(mut archive) = self.archive.take()
        {
            let reading = move || {
                let next = archive.next();
                (archive, next)
            };
            self.reading = Some(Box::pin(handle.unblock_on(Lane::Bulk, reading)));
        }
    }

    pub async fn read(&mut self) -> Option<Read> {
        let Some(reading) = &mut self.reading else { return future::pending().await };
        let (archive, next) = reading.await;
        self.reading = None;
        self.archive = Some(archive);
        Some(match next {
            Ok(Next::File(entry)) => Read::Entry(entry),
            Ok(Next::More) => Read::More,
            Ok(Next::End) => Read::End,
            Err(error) => {
                self.archive = None;
                Read::Failed(error)
            }
        })
    }

    pub fn judge(&mut self, entry: Unpacked) -> Judged {
        let path = &*entry.path;
        let (at, commit, folder) = (&self.at, self.archive.as_ref().and_then(|archive| archive.commit()), &self.folder);
        let place = self.place.get_or_insert_with(|| at.place(commit, folder.as_deref()));
        let url = place.of(path);
        let tag = files::tag_of(&entry.bytes);
        let addresses = [Some(url), self.former.as_ref().map(|former| former.of(path))].into_iter().flatten().collect();
        match self.known.meet(addresses, &tag) {
            Met::Unchanged => Judged::Unchanged,
            Met::StillNothing => Judged::StillNothing,
            Met::Read { url, before, is_known } => {
                let found = Found { path: path.into(), role: entry.role, bytes: entry.bytes.len() as u64, modified: None };
                let mut page = files::page(url.clone(), entry.role, entry.bytes);
                page.validators = Validators { etag: Some(tag), ..Validators::default() };
                Judged::Read(Box::new((Todo { found, url, before, is_known }, page)))
            }
        }
    }

    /// The address that those of its files begin with, once it is known.
    pub fn root(&self) -> Option<Url> {
        self.place.as_ref().map(Place::root)
    }

    pub fn ended(&mut self) -> Ended {
        let archive = self.archive.take();
        let commit = archive.as_ref().and_then(|archive| archive.commit()).map(str::to_owned);
        Ended {
            left_out: archive.map(|archive| archive.left_out().clone()).unwrap_or_default(),
            gone: self.known.not_met(),
            version: commit.as_ref().map(|commit| commit.chars().take(SHORT).collect()),
            state: commit,
        }
    }
}

impl At {
    fn place(&self, commit: Option<&str>, folder: Option<&str>) -> Place {
        match self {
            Self::Below(url) => Place::Below(url.clone()),
            Self::Repository { forge, web, reference } => Place::Hosted {
                forge: *forge,
                web: web.clone(),
                commit: commit.or(reference.as_deref()).unwrap_or("HEAD").to_owned(),
                folder: folder.unwrap_or_default().to_owned(),
            },
        }
    }
}

/// Where something lies, and what its source is.
struct Located {
    request: AddRequest,
    installed: Option<Installed>,
    source: SourceId,
    summary: Option<SourceSummary>,
}

impl Engine {
    /// Where packages lie.
    pub fn places(&self, project: Option<std::path::PathBuf>) -> Places {
        let on_disk = &self.inner.config.on_disk;
        Places {
            cargo_home: on_disk.cargo_home.clone(),
            go_mod_cache: on_disk.go_mod_cache.clone(),
            virtual_env: on_disk.virtual_env.clone(),
            project,
        }
    }

    /// Finds out what there is to read.
    pub(super) async fn open(self, target: Target) -> Result<Opened, Error> {
        self.open_database().await?;
        let located = self.locate(target).await?;
        let source = located.source.clone();
        let (pages, misses) = match &located.summary {
            None => (Vec::new(), Vec::new()),
            Some(_) => self.with_store(move |store| Ok((store.validators(&source)?, store.misses(&source)?))).await?,
        };
        let known = Known::new(pages, misses.into_iter().map(|(url, _)| url));
        let asked = located.request.clone();
        self.inner.handle.unblock_on(Lane::Bulk, move || asked.is_in_place()).await?;
        log::info!("reading {} into {}", located.request.origin.given(), located.source);
        match &located.request.origin {
            Origin::Folder(_) | Origin::File(_) | Origin::Package(_) => self.open_listed(located, known).await,
            Origin::Archive(path) => {
                let path = path.clone();
                self.open_archive(located, known, &path).await
            }
            Origin::ArchiveAt(url) => {
                let url = url.clone();
                self.open_download(located, known, &url).await
            }
            Origin::Repository(repository) => {
                let repository = repository.clone();
                self.open_repository(located, known, repository).await
            }
            _ => Err(Error::NotFiles { given: located.request.origin.given() }),
        }
    }

    async fn locate(&self, target: Target) -> Result<Located, Error> {
        let handle = &self.inner.handle;
        match target {
            Target::Again(summary) => {
                let recipe = summary.recipe.clone().unwrap_or_default();
                let files = recipe.files.clone().ok_or_else(|| Error::NoRecipe { source_id: summary.source.clone() })?;
                let request = handle.unblock_on(Lane::Bulk, move || AddRequest::of(&recipe, &files)).await?;
                let installed = self.installed(&request).await?;
                Ok(Located { request, installed, source: summary.source.clone(), summary: Some(*summary) })
            }
            Target::Given(mut request) => {
                let installed = self.installed(&request).await?;
                if let Some(installed) = &installed {
                    request.origin = Origin::Package(installed.package.clone());
                    request.selection = Selection { usual: files::Usual::Take, alike: given::common()?, ..request.selection };
                }
                self.named(request, installed).await
            }
            Target::Installed(installed) => {
                let origin = Origin::Package(installed.package.clone());
                let request = AddRequest::new(origin).selection(given::of_package()?);
                self.named(request, Some(installed)).await
            }
        }
    }

    async fn installed(&self, request: &AddRequest) -> Result<Option<Installed>, Error> {
        let Origin::Package(package) = &request.origin else { return Ok(None) };
        let project = request.project.clone().or_else(|| std::env::current_dir().ok());
        let (places, package) = (self.places(project), package.clone());
        let common = [&places.cargo_home, &places.go_mod_cache, &places.virtual_env].into_iter().flatten().cloned();
        let allowed: Option<Vec<_>> = request.confinement().map(|folders| folders.iter().cloned().chain(common).collect());
        let find = move || {
            let mut installed = Shelf::new(places).find(&package)?;
            if let Some(allowed) = allowed {
                installed.root = files::below(&installed.root, &allowed)?;
            }
            Ok::<_, files::Error>(installed)
        };
        Ok(Some(self.inner.handle.unblock_on(Lane::Bulk, find).await?))
    }

    /// The source that has been made of the same, else the first of its names that is no other's.
    async fn named(&self, request: AddRequest, installed: Option<Installed>) -> Result<Located, Error> {
        let names = request.names().map_err(|error| Error::Name { error })?;
        let known = self.sources().await?;
        let asked = given::recipe(&request, Vec::new()).files.unwrap_or_default();
        let is_of_the_same = |of: &SourceSummary| {
            let files = of.recipe.as_ref().and_then(|recipe| recipe.files.as_ref());
            files.is_some_and(|files| given::is_of_the_same(files, &asked))
        };
        let is_named = request.name.is_some() || request.version.is_some();
        if !is_named && let Some(of) = known.iter().find(|of| is_of_the_same(of)) {
            return Ok(Located { request, installed, source: of.source.clone(), summary: Some(of.clone()) });
        }
        for source in names {
            match known.iter().find(|of| of.source == source) {
                None => return Ok(Located { request, installed, source, summary: None }),
                Some(of) if is_of_the_same(of) => {
                    return Ok(Located { request, installed, source, summary: Some(of.clone()) });
                }
                // Symbols of a package may have been stored before its documents.
                Some(of) if of.recipe.is_none() && installed.is_some() => {
                    return Ok(Located { request, installed, source, summary: Some(of.clone()) });
                }
                Some(_) if is_named => return Err(Error::NameTaken { source_id: source }),
                Some(_) => {}
            }
        }
        let source = request.names().map_err(|error| Error::Name { error })?.swap_remove(0);
        Err(Error::NameTaken { source_id: source })
    }

    async fn open_listed(&self, located: Located, known: Known) -> Result<Opened, Error> {
        let (origin, installed) = (located.request.origin.clone(), located.installed.clone());
        let selection = Selection { wanted: Wanted::Documents, ..located.request.selection.clone() };
        let max_file_bytes = selection.max_file_bytes;
        // The order of the site is that of the first reading: later nothing is opened that has not changed.
        let sequence = if known.len() == 0 { Sequence::AsSite } else { Sequence::ByName };
        let handle = &self.inner.handle;
        let listing = match (&origin, &installed) {
            (Origin::File(path), _) => {
                let path = path.clone();
                match handle.unblock_on(Lane::Bulk, move || Listing::of_file(&path, max_file_bytes)).await {
                    Err(files::Error::TooLarge { path, limit }) => {
                        let left_out = vec![format!("1 {} (more than {} KiB)", Rule::TooLarge, limit >> 10)];
                        return Err(Error::NothingToRead { what: path.display().to_string(), left_out, kept: known.len() });
                    }
                    listing => listing?,
                }
            }
            (_, Some(installed)) => {
                let installed = installed.clone();
                let open = move || match installed.parts.is_empty() {
                    true => Folder::open(&installed.root, selection),
                    false => Folder::open_parts(&installed.root, &installed.parts, selection),
                };
                listed(handle, move || open().map(|folder| folder.sequence(sequence))).await?
            }
            (Origin::Folder(path), None) => {
                let path = path.clone();
                listed(handle, move || Folder::open(&path, selection).map(|folder| folder.sequence(sequence))).await?
            }
            _ => return Err(Error::NotFiles { given: origin.given() }),
        };
        let former = former(&located);
        let had = known.len();
        if let Origin::File(path) = &origin
            && was_more(&listing, &known, former.as_ref())
        {
            let what = format!("{}, which is no folder or archive any more", path.display());
            return Err(Error::NothingToRead { what, left_out: Vec::new(), kept: had });
        }
        let description = installed.as_ref().and_then(|installed| installed.description.clone());
        let compare = move || {
            let mut listing = listing;
            if let Some(description) = description {
                listing.with_description(&description);
            }
            let compared = compare(&listing, known, former.as_ref());
            let state = listing.fingerprint();
            (listing, compared, state)
        };
        let (listing, compared, state) = handle.unblock_on(Lane::Bulk, compare).await;
        let Compared { todo, unchanged, still_nothing, gone } = compared;
        let version = listing.checkout.as_ref().and_then(Checkout::version).filter(|_| installed.is_none());
        let recipe = given::recipe(&located.request, vec![listing.home().root()]);
        let opened = Opened {
            recipe_before: located.summary.as_ref().and_then(|of| of.recipe.clone()),
            source: located.source,
            recipe,
            version,
            state: Some(state),
            found: listing.files.len() as u64,
            unchanged,
            still_skipped: still_nothing,
            gone,
            left_out: listing.left_out.clone(),
            had,
            notes: installed.as_ref().map(notes).unwrap_or_default(),
            what: origin.given(),
            supply: Supply::Listed { listing: Arc::new(listing), todo: todo.into_iter() },
        };
        if opened.found == 0 { Err(opened.nothing(None)) } else { Ok(opened) }
    }

    async fn open_archive(&self, located: Located, known: Known, path: &Path) -> Result<Opened, Error> {
        let (file, asked) = (path.to_owned(), path.to_owned());
        let look = move || {
            let path = std::fs::canonicalize(&file).map_err(|source| files::Error::Io { path: file, act: "read", source })?;
            Ok::<_, Error>((files::file_tag(&path)?, path))
        };
        let (tag, path) = self.inner.handle.unblock_on(Lane::Bulk, look).await?;
        let below = match Place::folder(&path) {
            Some(place) => place.root(),
            None => return Err(files::Error::Special { path: asked }.into()),
        };
        if let Some(opened) = unchanged(&located, &known, &tag) {
            return Ok(opened);
        }
        self.open_packed(located, known, path, None, TopFolder::Keep, At::Below(below), Some(tag)).await
    }

    async fn open_download(&self, located: Located, known: Known, url: &Url) -> Result<Opened, Error> {
        let before = state_before(&located, &known).filter(|state| state.contains('"'));
        let (file, tag) = match self.download(url, before.as_deref()).await? {
            Downloaded::NotModified => {
                let state = before.unwrap_or_default();
                return unchanged(&located, &known, &state).ok_or(Error::NotFiles { given: url.to_string() });
            }
            Downloaded::New { file, tag } => (file, tag),
            Downloaded::Refused(error) => return Err(error),
        };
        let mut below = url.clone();
        let _ = (below.set_username(""), below.set_password(None));
        below.set_query(None);
        below.set_fragment(None);
        let below = Place::Below(below).root();
        let path = file.path().to_owned();
        self.open_packed(located, known, path, Some(file), TopFolder::Keep, At::Below(below), tag).await
    }

    async fn open_repository(&self, located: Located, known: Known, repository: Repository) -> Result<Opened, Error> {
        let at = match &repository.web {
            Some((forge, web)) => At::Repository { forge: *forge, web: web.clone(), reference: repository.reference.clone() },
            None => At::Below(
                given::address(&repository.remote)
                    .map(|url| Place::Below(url).root())
                    .ok_or_else(|| Error::NotFiles { given: located.request.origin.given() })?,
            ),
        };
        let mut refused = None;
        if let Some(tarball) = repository.tarball() {
            let before = state_before(&located, &known).filter(|state| state.contains('"'));
            match self.download(&tarball, before.as_deref()).await? {
                Downloaded::NotModified => {
                    let state = before.unwrap_or_default();
                    if let Some(opened) = unchanged(&located, &known, &state) {
                        return Ok(opened);
                    }
                }
                Downloaded::New { file, tag } => {
                    let path = file.path().to_owned();
                    return self.open_packed(located, known, path, Some(file), TopFolder::Strip, at, tag).await;
                }
                // It may be private, and git may know how to log in.
                Downloaded::Refused(error) => refused = Some(error),
            }
        }
        let (mut asked, mut addresses) = (repository, Vec::new());
        if let Some(remote) = Url::parse(&asked.remote).ok().filter(|url| matches!(url.scheme(), "http" | "https")) {
            let judged = self.judged_for_git(&remote).await?;
            (asked.remote, addresses) = (judged.0.into(), judged.1);
        }
        let user = located.request.git_user();
        let fetched = match files::fetch(&self.inner.handle, asked, user, addresses, GitLimits::default()).await {
            Ok(fetched) => fetched,
            // Without git there is no other way than the one that was refused.
            Err(files::Error::NoGit { source }) => return Err(refused.unwrap_or(files::Error::NoGit { source }.into())),
            Err(error) => return Err(error.into()),
        };
        let selection = Selection { wanted: Wanted::Documents, ..located.request.selection.clone() };
        let archive = self.inner.handle.unblock_on(Lane::Bulk, move || fetched.into_archive(selection, ArchiveLimits::default())).await?;
        Ok(packed(located, known, archive, None, at, None))
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is what one archive needs, and none of it belongs to another")]
    async fn open_packed(
        &self,
        located: Located,
        known: Known,
        path: std::path::PathBuf,
        file: Option<NamedTempFile>,
        top: TopFolder,
        at: At,
        state: Option<String>,
    ) -> Result<Opened, Error> {
        let selection = Selection { wanted: Wanted::Documents, ..located.request.selection.clone() };
        let open = move || Archive::open(&path, selection, top, ArchiveLimits::default());
        let archive = self.inner.handle.unblock_on(Lane::Bulk, open).await?;
        Ok(packed(located, known, archive, file, at, state))
    }
}

/// Looks through a folder, a bounded step after the other.
pub(super) async fn listed(
    handle: &Handle,
    open: impl FnOnce() -> Result<Folder, files::Error> + Send + 'static,
) -> Result<Listing, Error> {
    let mut folder = handle.unblock_on(Lane::Bulk, open).await?;
    loop {
        let step;
        (folder, step) = handle
            .unblock_on(Lane::Bulk, move || {
                let step = folder.step();
                (folder, step)
            })
            .await;
        if let Some(listing) = step? {
            return Ok(listing);
        }
    }
}

fn packed(located: Located, known: Known, archive: Archive, file: Option<NamedTempFile>, at: At, state: Option<String>) -> Opened {
    let origin = &located.request.origin;
    let folder = match origin {
        Origin::Repository(repository) => repository.folder.clone(),
        _ => None,
    };
    // Where nothing is told of a commit, what was asked for is known before the first file is.
    let root = at.place(None, folder.as_deref()).root();
    let former = former(&located);
    let archive = archive.below(folder.clone());
    Opened {
        recipe: given::recipe(&located.request, vec![root]),
        recipe_before: located.summary.as_ref().and_then(|of| of.recipe.clone()),
        version: None,
        state,
        found: 0,
        unchanged: 0,
        still_skipped: 0,
        gone: Vec::new(),
        left_out: LeftOut::default(),
        had: known.len(),
        notes: Vec::new(),
        what: origin.given(),
        source: located.source,
        supply: Supply::Packed(Box::new(Packed {
            archive: Some(Box::new(archive)),
            reading: None,
            at,
            place: None,
            former,
            folder,
            known,
            _file: file,
        })),
    }
}

/// Of what is known to be as it was, if it was read to its end with the same settings.
fn unchanged(located: &Located, known: &Known, state: &str) -> Option<Opened> {
    let before = located.summary.as_ref()?.recipe.clone()?;
    let files = before.files.as_ref()?;
    let asked = given::recipe(&located.request, before.seeds.clone());
    if files.state.as_deref() != Some(state) || !given::is_same(&before, &asked) || known.len() == 0 {
        return None;
    }
    Some(Opened {
        source: located.source.clone(),
        recipe: before.clone(),
        recipe_before: Some(before),
        version: located.summary.as_ref().and_then(|of| of.says_version.clone()),
        state: Some(state.to_owned()),
        supply: Supply::Nothing,
        found: known.len(),
        unchanged: known.len(),
        still_skipped: 0,
        gone: Vec::new(),
        left_out: LeftOut::default(),
        had: known.len(),
        notes: Vec::new(),
        what: located.request.origin.given(),
    })
}

fn state_before(located: &Located, known: &Known) -> Option<String> {
    if known.len() == 0 {
        return None;
    }
    let before = located.summary.as_ref()?.recipe.as_ref()?;
    let asked = given::recipe(&located.request, Vec::new());
    let state = before.files.as_ref()?.state.clone().filter(|state| !state.starts_with(FAILED))?;
    given::is_same(before, &asked).then_some(state)
}

/// Where its files were when they were last read.
fn former(located: &Located) -> Option<Place> {
    let seed = located.summary.as_ref()?.recipe.as_ref()?.seeds.first()?.clone();
    Some(Place::Below(seed))
}

/// Whether a file stands in the place of a folder or an archive: the pages lay below its path, and it was none of them.
fn was_more(listing: &Listing, known: &Known, former: Option<&Place>) -> bool {
    let Some(found) = listing.files.first() else { return false };
    if [listing.place(found), listing.home(), listing.on_disk()].iter().any(|place| known.has(&place.of(&found.path))) {
        return false;
    }
    let below = Place::folder(&listing.root.join(&*found.path));
    known.len() > 1 || known.len() == 1 && below.is_some_and(|below| former.is_some_and(|former| former.root() == below.root()))
}

/// What a package says of where more is to be had.
fn notes(installed: &Installed) -> Vec<String> {
    let documentation = installed.about.documentation.as_ref();
    documentation.map(|url| format!("its documentation is at {url}, which can be added as well")).into_iter().collect()
}

/// Characters of a commit that name it to people.
const SHORT: usize = 10;
