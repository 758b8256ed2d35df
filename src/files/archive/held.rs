//! Documents that wait for what they include: it stands anywhere in an archive, which is gone over once more for it when its end is reached.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::Unpacked;
use crate::files::included::{Allowance, Asking, text};

#[derive(Default)]
pub(super) struct Held {
    documents: VecDeque<Unpacked>,
    bytes: usize,
    /// Paths where what they include may lie.
    asked: HashSet<String>,
    found: HashMap<String, Arc<str>>,
    allowance: Allowance,
}

impl Held {
    /// Keeps a document that asks for other files, as far as there is room; all else is given back.
    pub(super) fn take(&mut self, file: Unpacked) -> Option<Unpacked> {
        let room = MOST_HELD.checked_sub(self.bytes + file.bytes.len()).is_some() && self.asked.len() < MOST_ASKED;
        let asked = match Asking::of(&file.path, file.role, &file.bytes).filter(|_| room) {
            Some(asking) => asking.paths(),
            None => return Some(file),
        };
        self.asked.extend(asked);
        self.bytes += file.bytes.len();
        self.documents.push_back(file);
        None
    }

    pub(super) fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// What is to be looked for.
    pub(super) fn asked(&mut self) -> HashSet<String> {
        std::mem::take(&mut self.asked)
    }

    pub(super) fn found(&mut self, file: Unpacked) {
        if let Some(text) = text(file.bytes) {
            self.found.insert(file.path, text);
        }
    }

    /// The next document, with what was found of what it includes.
    pub(super) fn give(&mut self) -> Option<Unpacked> {
        let file = self.documents.pop_front()?;
        let asking = Asking::of(&file.path, file.role, &file.bytes);
        let whole = asking.and_then(|asking| asking.answered(&self.allowance, |path| self.found.get(path).cloned()));
        Some(match whole {
            Some(whole) => Unpacked { bytes: whole.into_bytes(), ..file },
            None => file,
        })
    }
}

/// Bytes of documents.
const MOST_HELD: usize = 64 << 20;
/// Paths; those of one document more at the most.
const MOST_ASKED: usize = 100_000;
