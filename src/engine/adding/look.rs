//! Whether what lies on this disk is as it was when it was last read: by names, sizes and times alone, without reading anything.

use std::path::PathBuf;

use super::given::{AddRequest, is_local};
use crate::engine::Engine;
use crate::error::Error;
use crate::files::{self, Folder, Listing, Origin, Selection, Sequence, Wanted};
use crate::model::{Page, SourceId, SourceState, SourceSummary};
use crate::reactor::Lane;

impl Engine {
    /// The sources that were read from this disk to their end, and can be looked at again.
    pub async fn sources_on_disk(&self) -> Result<Vec<SourceSummary>, Error> {
        if !self.has_database() {
            return Ok(Vec::new());
        }
        let known = self.sources().await?;
        let is_settled = |of: &SourceSummary| matches!(of.state, SourceState::Complete | SourceState::Limited);
        Ok(known.into_iter().filter(|of| is_settled(of) && of.recipe.as_ref().is_some_and(|recipe| is_local(recipe).is_some())).collect())
    }

    /// Whether a source of this disk has changed there since it was last read. What is not there any more has not: its pages are kept until
    /// somebody removes them. Dropping the future ends the looking after a bounded step.
    ///
    /// # Errors
    /// [`Error::Files`]: it cannot be looked at.
    pub async fn has_changed_on_disk(&self, summary: &SourceSummary) -> Result<bool, Error> {
        let Some(recipe) = summary.recipe.clone() else { return Ok(false) };
        let Some(files) = recipe.files.clone() else { return Ok(false) };
        let before = files.state.clone();
        let handle = &self.inner.handle;
        let request = match handle.unblock_on(Lane::Bulk, move || AddRequest::of(&recipe, &files)).await {
            Err(Error::Files(files::Error::NotFound { .. })) => return Ok(false),
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
            _ => return Ok(false),
        };
        Ok(before.as_ref() != Some(&state))
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
        files::path_of(&url::Url::parse(uri).ok()?)
    }

    pub(in crate::engine) fn allowed(&self, folders: Vec<PathBuf>) -> Vec<PathBuf> {
        folders.into_iter().chain(self.inner.config.allowed_paths.iter().cloned()).collect()
    }

    /// What lies where a stored page of this disk was read from; none where there is nothing any more.
    ///
    /// # Errors
    /// [`Error::Files`].
    pub(in crate::engine) async fn page_on_disk(&self, url: &url::Url) -> Result<Option<Page>, Error> {
        let given = url.to_string();
        let path = files::path_of(url).ok_or(Error::NotFiles { given })?;
        let limit = Selection::default().max_file_bytes;
        let read = move || {
            let listing = Listing::of_file(&path, limit)?;
            let mut page = listing.page(&listing.files[0])?;
            // Its address may be that of its repository's host by now.
            page.url = listing.on_disk().of(&listing.files[0].path);
            Ok(page)
        };
        match self.inner.handle.unblock_on(Lane::Bulk, read).await {
            Ok(page) => Ok(Some(page)),
            Err(files::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Where a source of this disk lies.
    pub async fn path_of_source(&self, source: &SourceId) -> Result<Option<PathBuf>, Error> {
        let summary = self.source(source).await?;
        Ok(summary.recipe.as_ref().and_then(is_local).map(PathBuf::from))
    }
}
