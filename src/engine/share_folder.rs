//! Files that are shared by their names alone, in the one folder where they may be.

use std::path::PathBuf;

use super::Engine;
use crate::error::Error;
use crate::reactor::Lane;
use crate::share::{self, Folder};

impl Engine {
    /// The folder whose files [`Engine::share_target`] and [`Engine::shared_file`] name: see
    /// [`Config::shares_in`](crate::config::Config::shares_in).
    pub fn share_folder(&self) -> Option<Folder> {
        self.inner.config.shares_in().map(Folder::new)
    }

    /// Where an [`export`](Engine::export) of that name is to be written. The folder is made if need be.
    ///
    /// # Errors
    /// [`Error::Share`]: what is named is no name, or a link out of the folder; there is no such folder; what the system says.
    pub async fn share_target(&self, name: String) -> Result<PathBuf, Error> {
        self.in_share_folder(move |folder| folder.to_write(&name)).await
    }

    /// Where the file of that name is, to be [imported](Engine::import).
    ///
    /// # Errors
    /// The same, and that there is no such file.
    pub async fn shared_file(&self, name: String) -> Result<PathBuf, Error> {
        self.in_share_folder(move |folder| folder.to_read(&name)).await
    }

    async fn in_share_folder(
        &self,
        look: impl FnOnce(&Folder) -> Result<PathBuf, share::Error> + Send + 'static,
    ) -> Result<PathBuf, Error> {
        let folder = self.share_folder().ok_or(share::Error::NoFolder)?;
        Ok(self.inner.handle.unblock_on(Lane::Bulk, move || look(&folder)).await?)
    }
}
