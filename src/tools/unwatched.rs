//! In the place of `watch` where nothing of the disk is read: nothing is looked at.

use futures_lite::future;

use crate::engine::Engine;
use crate::model::SourceId;
use crate::tools::background::Background;

#[derive(Debug)]
pub struct Watch;

impl Watch {
    pub fn new() -> Self {
        Self
    }

    pub async fn ask(&self, _: &Engine) {}

    pub fn unread(&self, _: &[SourceId]) -> Option<String> {
        None
    }

    pub async fn look(&self, _: &Engine, _: &Background) {
        future::pending().await
    }
}
