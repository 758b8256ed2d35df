//! How pages ended that have next to no text: where several of one shell did after all of the patience, and none of it has had its text later than
//! it was quiet, the next ones are not waited for as long. Pure.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::Config;
use super::shared::Owner;

/// The bytes that a site serves for its application, of one crawl.
pub(super) type Shell = u64;

#[derive(Debug, Default)]
pub(super) struct Ends {
    hasher: RandomState,
    known: HashMap<Shell, Known>,
    in_order: VecDeque<Shell>,
}

#[derive(Debug, Default)]
struct Known {
    /// Hashes of the texts that were the last.
    texts: HashSet<u64>,
    /// Pages that had their last text when they were quiet for the first time, and the others.
    at_once: u32,
    later: u32,
}

impl Ends {
    pub(super) fn shell(&self, owner: &Owner, body: &[u8]) -> Shell {
        self.hasher.hash_one((owner, body))
    }

    /// How long nothing may be heard of a page that has this text, which is next to nothing.
    pub(super) fn patience(&self, shell: Shell, text: &str, config: &Config) -> Duration {
        match self.known.get(&shell) {
            Some(known) if known.at_once >= SEVERAL && known.later == 0 => match known.texts.contains(&self.hasher.hash_one(text)) {
                true => config.quiet,
                // Short pages are what this application has.
                false => config.quiet.max(config.for_text / 3),
            },
            _ => config.quiet.max(config.for_text),
        }
    }

    /// A page ended so. `first` is what it had when it was quiet for the first time.
    pub(super) fn note(&mut self, shell: Shell, first: &str, text: &str) {
        let text_hash = self.hasher.hash_one(text);
        let known = self.known_of(shell);
        *(if first == text { &mut known.at_once } else { &mut known.later }) += 1;
        if known.texts.len() < MOST_TEXTS {
            known.texts.insert(text_hash);
        }
    }

    /// A page had a text after all, and not when it was quiet for the first time.
    pub(super) fn came_later(&mut self, shell: Shell) {
        self.known_of(shell).later += 1;
    }

    fn known_of(&mut self, shell: Shell) -> &mut Known {
        if !self.known.contains_key(&shell) {
            self.in_order.push_back(shell);
            if self.in_order.len() > MOST_SHELLS
                && let Some(gone) = self.in_order.pop_front()
            {
                self.known.remove(&gone);
            }
        }
        self.known.entry(shell).or_default()
    }
}

const SEVERAL: u32 = 3;
const MOST_SHELLS: usize = 500;
const MOST_TEXTS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_so_before_is_not_waited_for_again() {
        let config = Config::default();
        let mut ends = Ends::default();
        let owner = |crawl| (crawl, "https://a.test".to_owned());
        let (one, other) = (ends.shell(&owner(1), b"<div id=app>"), ends.shell(&owner(2), b"<div id=app>"));
        assert_ne!(one, other);
        assert_eq!(ends.patience(one, "Not found", &config), config.for_text);
        ends.note(one, "Not found", "Not found");
        ends.note(one, "Pot", "Pot");
        assert_eq!(ends.patience(one, "Pot", &config), config.for_text);
        ends.note(one, "Pan", "Pan");
        assert_eq!((ends.patience(one, "Kettle", &config), ends.patience(one, "Pot", &config)), (config.for_text / 3, config.quiet));
        assert_eq!(ends.patience(other, "Pot", &config), config.for_text);
        // One that was quiet before it had its text is reason enough.
        ends.came_later(one);
        assert_eq!((ends.patience(one, "Kettle", &config), ends.patience(one, "Pot", &config)), (config.for_text, config.for_text));
        ends.came_later(other);
        (0..9).for_each(|_| ends.note(other, "Pot", "Pot"));
        assert_eq!(ends.patience(other, "Pot", &config), config.for_text);
        for number in 0..2 * MOST_SHELLS as u64 {
            ends.note(number, "", "");
        }
        assert_eq!((ends.known.len(), ends.in_order.len()), (MOST_SHELLS, MOST_SHELLS));
        for number in 0..2 * MOST_TEXTS {
            ends.note(7, "", &number.to_string());
        }
        assert!(ends.known.values().all(|known| known.texts.len() <= MOST_TEXTS));
    }
}
