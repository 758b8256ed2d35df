//! What became of files on their way into the store, as it is told.

use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::AddEvent;
use crate::crawl::MAX_LISTED;
use crate::engine::{Failed, Listed, RefreshReport, Skipped};
use crate::files::{LeftOut, Rule};
use crate::http::masked;
use crate::model::SourceId;
use crate::store::Put;

/// What became of all that somebody gave.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AddReport {
    /// What it was stored as.
    pub source: Option<SourceId>,
    /// The tag, commit or package version that it is of.
    pub version: Option<String>,
    /// Documents that there are to read.
    pub files: u64,
    pub added: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub removed: u64,
    /// The first [`MAX_LISTED`] of each.
    pub added_pages: Vec<Listed>,
    pub updated_pages: Vec<Listed>,
    pub removed_pages: Vec<Listed>,
    /// Documents without anything to store.
    pub skipped: Vec<Skipped>,
    pub skipped_total: u64,
    /// Likewise, as before.
    pub still_skipped_total: u64,
    pub failed: Vec<Failed>,
    pub failed_total: u64,
    /// What was not read at all, by rule.
    pub left_out: Vec<LeftOutFiles>,
    /// Files and folders that are wanted, and were not read as a limit was reached.
    pub beyond_limits: u64,
    /// What else is to be known of it, such as where its documentation is on the web.
    pub hints: Vec<String>,
    /// All that there is was looked at.
    pub is_complete: bool,
    pub elapsed: Duration,
}

/// What one rule has left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOutFiles {
    pub rule: &'static str,
    /// Files and folders; a folder counts once.
    pub count: u64,
    /// The first of them, below the root.
    pub first: String,
}

impl LeftOutFiles {
    pub(super) fn all(left_out: &LeftOut) -> Vec<Self> {
        left_out.by_rule().map(|(rule, left)| Self { rule: rule.as_str(), count: left.count, first: left.first.clone() }).collect()
    }
}

impl AddReport {
    /// Pages that are there now.
    pub fn pages(&self) -> u64 {
        self.added + self.updated + self.unchanged
    }

    /// Folders among those beyond the limits that nest deeper than is looked: no greater limit takes them in.
    pub fn too_deep(&self) -> u64 {
        self.left_out.iter().find(|of| of.rule == Rule::TooDeep.as_str()).map_or(0, |of| of.count)
    }

    /// How far a refresh is.
    pub(in crate::engine) fn count_into(&self, report: &mut RefreshReport) {
        report.checked = self.unchanged + self.updated + self.removed + self.skipped_total + self.still_skipped_total + self.failed_total;
        (report.unchanged, report.updated, report.removed, report.added) = (self.unchanged, self.updated, self.removed, self.added);
        (report.failed_total, report.new_skipped_total) = (self.failed_total, self.skipped_total);
        report.still_skipped_total = self.still_skipped_total;
    }

    /// What it has found in the end.
    pub(in crate::engine) fn list_into(self, report: &mut RefreshReport) {
        self.count_into(report);
        report.looked_for_new = self.is_complete;
        report.left = self.beyond_limits;
        (report.changed_pages, report.removed_pages, report.added_pages) = (self.updated_pages, self.removed_pages, self.added_pages);
        (report.failed, report.new_skipped) = (self.failed, self.skipped);
    }

    pub(super) fn count(&mut self, event: &AddEvent) {
        match event {
            AddEvent::Found => {}
            AddEvent::Stored { url, title, put } => {
                let page = || Listed { url: masked(url), title: title.clone() };
                match put {
                    Put::Added => note(&mut self.added_pages, &mut self.added, page),
                    Put::Replaced => note(&mut self.updated_pages, &mut self.updated, page),
                    Put::Unchanged => self.unchanged += 1,
                }
            }
            AddEvent::Removed(page) => note(&mut self.removed_pages, &mut self.removed, || page.clone()),
            AddEvent::Skipped(skipped) => note(&mut self.skipped, &mut self.skipped_total, || skipped.clone()),
            AddEvent::Failed(failed) => note(&mut self.failed, &mut self.failed_total, || failed.clone()),
        }
    }
}

impl Serialize for AddReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("AddReport", 20)?;
        fields.serialize_field("source", &self.source)?;
        fields.serialize_field("version", &self.version)?;
        fields.serialize_field("files", &self.files)?;
        fields.serialize_field("added", &self.added)?;
        fields.serialize_field("updated", &self.updated)?;
        fields.serialize_field("unchanged", &self.unchanged)?;
        fields.serialize_field("removed", &self.removed)?;
        fields.serialize_field("added_pages", &self.added_pages)?;
        fields.serialize_field("updated_pages", &self.updated_pages)?;
        fields.serialize_field("removed_pages", &self.removed_pages)?;
        fields.serialize_field("skipped", &self.skipped)?;
        fields.serialize_field("skipped_total", &self.skipped_total)?;
        fields.serialize_field("still_skipped_total", &self.still_skipped_total)?;
        fields.serialize_field("failed", &self.failed)?;
        fields.serialize_field("failed_total", &self.failed_total)?;
        fields.serialize_field("left_out", &self.left_out)?;
        fields.serialize_field("beyond_limits", &self.beyond_limits)?;
        fields.serialize_field("hints", &self.hints)?;
        fields.serialize_field("complete", &self.is_complete)?;
        fields.serialize_field("elapsed_ms", &(self.elapsed.as_millis() as u64))?;
        fields.end()
    }
}

fn note<T>(list: &mut Vec<T>, total: &mut u64, one: impl FnOnce() -> T) {
    *total += 1;
    if list.len() < MAX_LISTED {
        list.push(one());
    }
}
