//! What a page in the browser needs of its surroundings: settings, whoever has the rules, and what pages of a browser have in common.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ends::Ends;
use super::shared::Scripts;
use super::{Config, Fetches};
use crate::reactor::Handle;

#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) handle: &'a Handle,
    pub(super) config: &'a Config,
    pub(super) fetch: &'a dyn Fetches,
    /// Neither is held across an await.
    pub(super) scripts: &'a Mutex<Scripts>,
    pub(super) ends: &'a Mutex<Ends>,
}

impl Around<'_> {
    pub(super) fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ends(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
