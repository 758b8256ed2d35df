//! Whether what lies on this disk is as it was when it was last read: by names, sizes and times alone, without reading anything.

use std::path::PathBuf;

use super::given::{AddRequest, is_local};
use crate::engine::Engine;
use crate::error::Error;
use crate::files::{self, Folder, Listing, Origin, Selection, Sequence, Wanted};
use crate::model::{SourceId, SourceState, SourceSummary};
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

    /// Where a source of this disk lies.
    pub async fn path_of_source(&self, source: &SourceId) -> Result<Option<PathBuf>, Error> {
        let summary = self.source(source).await?;
        Ok(summary.recipe.as_ref().and_then(is_local).map(PathBuf::from))
    }
}
