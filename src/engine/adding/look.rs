//! Whether what lies on this disk is as it was when it was last read: by names, sizes and times alone, without reading anything.

use std::path::{Path, PathBuf};

use url::Url;

use super::FAILED;
use super::given::{AddRequest, is_local};
use crate::engine::Engine;
use crate::error::Error;
use crate::files::{self, Folder, Listing, Origin, Selection, Sequence, Wanted};
use crate::model::{Page, Recipe, SourceId, SourceState, SourceSummary};
use crate::reactor::Lane;

impl Engine {
    /// The sources that were read from this disk to their end at least once, and can be looked at again.
    pub async fn sources_on_disk(&self) -> Result<Vec<SourceSummary>, Error> {
        if !self.has_database() {
            return Ok(Vec::new());
        }
        let known = self.sources().await?;
        let is_settled = |of: &SourceSummary| match of.state {
            SourceState::Complete | SourceState::Limited => true,
            // Somebody has ended a later reading.
            SourceState::Incomplete => of.refreshed.is_some(),
            SourceState::Loose => false,
        };
        Ok(known.into_iter().filter(|of| is_settled(of) && of.recipe.as_ref().is_some_and(|recipe| is_local(recipe).is_some())).collect())
    }

    /// Whether a source of this disk has changed there since it was last read. What is not there any more has not: its pages are kept until
    /// somebody removes them. Dropping the future ends the looking after a bounded step.
    ///
    /// # Errors
    /// [`Error::Files`]: it cannot be looked at.
    pub async fn has_changed_on_disk(&self, summary: &SourceSummary) -> Result<bool, Error> {
        Ok(self.changed_on_disk(summary).await?.is_some())
    }

    /// The same: what it is known by now, if it has changed.
    pub(crate) async fn changed_on_disk(&self, summary: &SourceSummary) -> Result<Option<String>, Error> {
        let Some(recipe) = summary.recipe.clone() else { return Ok(None) };
        let Some(files) = recipe.files.clone() else { return Ok(None) };
        let before = files.state.clone();
        let handle = &self.inner.handle;
        let found = move || {
            let request = AddRequest::of(&recipe, &files)?;
            request.is_in_place()?;
            Ok(request)
        };
        let request = match handle.unblock_on(Lane::Bulk, found).await {
            Err(Error::Files(files::Error::NotFound { .. })) => return Ok(None),
            request => request?,
        };
        let selection = Selection { wanted: Wanted::Documents, ..request.selection };
        let state = match request.origin {
            Origin::Folder(path) => {
                let open = move || Folder::open(&path, selection).map(|folder| folder.sequence(Sequence::ByName));
                let listing = super::opened::listed(handle, open).await?;
                handle.unblock_on(Lane::Bulk, move || listing.fingerprint()).await
            }
            Origin::File(path) => {
                let look = move || Listing::of_file(&path, selection.max_file_bytes).map(|listing| listing.fingerprint());
                handle.unblock_on(Lane::Bulk, look).await?
            }
            Origin::Archive(path) => handle.unblock_on(Lane::Bulk, move || files::file_tag(&path)).await?,
            _ => return Ok(None),
        };
        let is_same = before.as_deref().map(|before| before.strip_prefix(FAILED).unwrap_or(before)) == Some(&*state);
        Ok(Some(state).filter(|_| !is_same))
    }

    /// What was given, as it is understood here: relative paths begin at `folder`. It looks at the disk.
    ///
    /// # Errors
    /// As [`Origin::parse`].
    pub async fn origin(&self, text: String, folder: PathBuf) -> Result<Origin, Error> {
        let here = files::Here { folder, home: self.inner.config.on_disk.home.clone() };
        Ok(self.inner.handle.unblock_on(Lane::Bulk, move || Origin::parse(&text, &here)).await?)
    }

    /// The same for who may have only that read which lies below these folders, and below those that the configuration allows everybody:
    /// relative paths begin at the first of them.
    ///
    /// # Errors
    /// As [`Origin::parse_below`].
    pub async fn origin_below(&self, text: String, folders: Vec<PathBuf>) -> Result<Origin, Error> {
        let allowed = self.allowed(folders);
        let folder = allowed.first().cloned().unwrap_or_default();
        let here = files::Here { folder, home: self.inner.config.on_disk.home.clone() };
        Ok(self.inner.handle.unblock_on(Lane::Bulk, move || Origin::parse_below(&text, &here, &allowed)).await?)
    }

    /// Where a path leads, if that is below these folders or those that the configuration allows everybody.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub async fn path_below(&self, path: PathBuf, folders: Vec<PathBuf>) -> Result<PathBuf, Error> {
        let allowed = self.allowed(folders);
        let path = allowed.first().map_or(path.clone(), |folder| folder.join(&path));
        Ok(self.inner.handle.unblock_on(Lane::Bulk, move || files::below(&path, &allowed)).await?)
    }

    /// The folders that an address of a client's root is of; none where it is none of this machine.
    pub fn folder_of(uri: &str) -> Option<PathBuf> {
        files::path_of(&Url::parse(uri).ok()?)
    }

    /// Those of these folders that a path lies in by its name alone: nothing is looked at.
    pub fn named_below<'a>(path: &Path, folders: &'a [PathBuf]) -> Vec<&'a PathBuf> {
        folders.iter().filter(|folder| files::is_named_below(path, folder)).collect()
    }

    pub(in crate::engine) fn allowed(&self, folders: Vec<PathBuf>) -> Vec<PathBuf> {
        folders.into_iter().chain(self.inner.config.allowed_paths.iter().cloned()).collect()
    }

    /// What lies where a stored page of this disk was read from; none where there is nothing any more.
    ///
    /// # Errors
    /// [`Error::NotFiles`] where its source is read from elsewhere: the address may be what another machine has said. [`Error::Files`].
    pub(in crate::engine) async fn page_on_disk(&self, url: &Url, of: &SourceSummary) -> Result<Option<Page>, Error> {
        let not_files = || Error::NotFiles { given: url.to_string() };
        let path = files::path_of(url).ok_or_else(not_files)?;
        let folders = of.recipe.as_ref().map(|recipe| self.read_from(recipe)).unwrap_or_default();
        let limit = Selection::default().max_file_bytes;
        let local = of.recipe.as_ref().and_then(|recipe| Some((PathBuf::from(is_local(recipe)?), recipe.clone())));
        let confined = of.recipe.clone().filter(|recipe| recipe.files.as_ref().is_some_and(|files| files.confined));
        let read = move || {
            if let Some(root) = confined.as_ref().and_then(is_local) {
                files::without_links(root)?;
            }
            let path = files::below(&path, &folders)?;
            let listing = match &local {
                // With what it includes of the folder that it was read from.
                Some((root, recipe)) => {
                    let request = recipe.files.as_ref().and_then(|files| AddRequest::of(recipe, files).ok());
                    let selection = request.map(|request| request.selection).unwrap_or_default();
                    Listing::of_file_below(root, &path, &Selection { max_file_bytes: limit, ..selection })?
                }
                None => Listing::of_file(&path, limit)?,
            };
            let mut page = listing.page(&listing.files[0])?;
            // Its address may be that of its repository's host by now.
            page.url = listing.on_disk().of(&listing.files[0].path);
            Ok(page)
        };
        match self.inner.handle.unblock_on(Lane::Bulk, read).await {
            Ok(page) => Ok(Some(page)),
            Err(files::Error::NotFound { .. }) => Ok(None),
            Err(files::Error::Outside { .. }) => Err(not_files()),
            Err(error) => Err(error.into()),
        }
    }

    /// The folders, or the file, that what a recipe is of lies in on this disk: of a package, where its tool keeps those of everybody.
    fn read_from(&self, recipe: &Recipe) -> Vec<PathBuf> {
        if let Some(path) = is_local(recipe) {
            return vec![path.to_owned()];
        }
        let given = recipe.files.as_ref().map_or("", |files| &*files.given);
        let on_disk = &self.inner.config.on_disk;
        match given.split_once(':') {
            // Beside these there is what logs its user in.
            Some(("crate", _)) => on_disk.cargo_home.iter().flat_map(|home| ["registry", "git"].map(|name| home.join(name))).collect(),
            Some(("go", _)) => on_disk.go_mod_cache.iter().cloned().collect(),
            Some(("pypi", _)) => on_disk.virtual_env.iter().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Where a source of this disk lies.
    pub async fn path_of_source(&self, source: &SourceId) -> Result<Option<PathBuf>, Error> {
        let summary = self.source(source).await?;
        Ok(summary.recipe.as_ref().and_then(is_local).map(PathBuf::from))
    }
}
