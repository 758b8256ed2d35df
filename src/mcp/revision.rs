//! The revisions of the protocol, and what differs between them. Pure.

use std::fmt;

/// A revision of the Model Context Protocol, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    /// Stateless: every request names its revision, there is no `initialize`.
    V2026_07_28,
}

impl Revision {
    /// Newest first, as they are offered.
    pub const ALL: [Revision; 5] =
        [Revision::V2026_07_28, Revision::V2025_11_25, Revision::V2025_06_18, Revision::V2025_03_26, Revision::V2024_11_05];

    pub fn parse(name: &str) -> Option<Revision> {
        Revision::ALL.into_iter().find(|revision| revision.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Revision::V2024_11_05 => "2024-11-05",
            Revision::V2025_03_26 => "2025-03-26",
            Revision::V2025_06_18 => "2025-06-18",
            Revision::V2025_11_25 => "2025-11-25",
            Revision::V2026_07_28 => "2026-07-28",
        }
    }

    pub(crate) fn names() -> [&'static str; 5] {
        Revision::ALL.map(Revision::name)
    }

    /// What `initialize` agrees on: the one asked for if it has such a handshake, else the newest that has.
    pub(crate) fn agreed(asked: &str) -> Revision {
        Revision::parse(asked).filter(|revision| !revision.is_modern()).unwrap_or(Revision::V2025_11_25)
    }

    /// Each request stands for itself: results say what they are and how long they may be kept.
    pub fn is_modern(self) -> bool {
        self >= Revision::V2026_07_28
    }

    /// Several messages on one line exist in this revision only.
    pub(crate) fn has_batches(self) -> bool {
        self == Revision::V2025_03_26
    }

    pub(crate) fn has_annotations(self) -> bool {
        self >= Revision::V2025_03_26
    }

    pub(crate) fn has_progress_messages(self) -> bool {
        self >= Revision::V2025_03_26
    }

    pub(crate) fn has_audio(self) -> bool {
        self >= Revision::V2025_03_26
    }

    pub(crate) fn has_completions_capability(self) -> bool {
        self >= Revision::V2025_03_26
    }

    pub(crate) fn has_resource_links(self) -> bool {
        self >= Revision::V2025_06_18
    }

    pub(crate) fn has_elicitation(self) -> bool {
        self >= Revision::V2025_06_18
    }

    /// Questions to the user that a web page answers, and tools within sampling.
    pub(crate) fn has_elicitation_by_url(self) -> bool {
        self >= Revision::V2025_11_25
    }

    pub(crate) fn has_icons(self) -> bool {
        self >= Revision::V2025_11_25
    }

    pub(crate) fn has_titles(self) -> bool {
        self >= Revision::V2025_06_18
    }

    /// Whether a piece of content has `_meta`.
    pub(crate) fn has_content_meta(self) -> bool {
        self >= Revision::V2025_06_18
    }

    pub(crate) fn has_structured_content(self) -> bool {
        self >= Revision::V2025_06_18
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
