//! Whether to look for an answer right after a question, before the system has told of one. Pure.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A server on this machine may have answered before the write of the question returned: then reading at once saves the
/// waiting for an event. Elsewhere it is a system call in vain, so each failure makes the next attempts fewer.
#[derive(Debug, Default)]
pub(crate) struct Haste {
    /// Something was written, and nothing read since: one attempt may be made.
    tempted: bool,
    first: First,
    pace: Pace,
}

/// The first attempt of a connection, of which it has nothing to go by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum First {
    #[default]
    ToCome,
    Made,
    Over,
}

/// What the first attempts of one reactor's connections came to: a crawl opens one after the other to servers that are all far away.
#[derive(Debug, Default)]
pub(crate) struct Newcomers(
    /// Held for a count.
    Mutex<Pace>,
);

/// How many chances are let pass.
#[derive(Debug, Default)]
struct Pace {
    /// From now on.
    pause: u8,
    /// How many those were when an attempt last failed: in the end 255, which cannot be measured.
    last_pause: u8,
}

impl Haste {
    /// Something was written.
    pub(crate) fn wrote(&mut self, newcomers: &Newcomers) {
        if self.first != First::ToCome {
            self.tempted |= self.pace.is_chance();
            return;
        }
        self.tempted = newcomers.lock().is_chance();
        self.first = if self.tempted { First::Made } else { First::Over };
    }

    /// True once after a write, if an attempt is worth it. `came` must be told what it brought.
    pub(crate) fn looks(&mut self) -> bool {
        std::mem::take(&mut self.tempted)
    }

    /// What an attempt has brought.
    pub(crate) fn came(&mut self, outcome: Outcome, newcomers: &Newcomers) {
        if self.first == First::Made {
            newcomers.lock().came(outcome);
        }
        self.first = First::Over;
        self.pace.came(outcome);
    }
}

impl Newcomers {
    fn lock(&self) -> MutexGuard<'_, Pace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn is_chance(&mut self) -> bool {
        let is_chance = self.pause == 0;
        self.pause = self.pause.saturating_sub(1);
        is_chance
    }

    fn came(&mut self, outcome: Outcome) {
        self.last_pause = match outcome {
            Outcome::Answer => 0,
            Outcome::Nothing => self.last_pause.saturating_mul(2).saturating_add(1),
        };
        self.pause = self.last_pause;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answer,
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts(haste: &mut Haste, newcomers: &Newcomers, writes: usize, outcome: Outcome) -> usize {
        let look = |_: &usize| {
            haste.wrote(newcomers);
            let looks = haste.looks();
            if looks {
                haste.came(outcome, newcomers);
            }
            looks
        };
        (0..writes).filter(look).count()
    }

    #[test]
    fn attempts_in_vain_become_few() {
        let mut haste = Haste::default();
        assert!(!haste.looks(), "nothing was asked");
        assert_eq!(attempts(&mut haste, &Newcomers::default(), 25_600, Outcome::Nothing), 107);
        assert_eq!(attempts(&mut haste, &Newcomers::default(), 25_600, Outcome::Nothing), 100);
    }

    #[test]
    fn a_peer_that_answers_at_once_is_always_looked_at() {
        let mut haste = Haste::default();
        attempts(&mut haste, &Newcomers::default(), 100, Outcome::Nothing);
        attempts(&mut haste, &Newcomers::default(), 256, Outcome::Answer);
        assert_eq!(attempts(&mut haste, &Newcomers::default(), 100, Outcome::Answer), 100);
    }

    #[test]
    fn a_new_connection_goes_by_what_others_came_to_and_then_by_itself() {
        let newcomers = Newcomers::default();
        let firsts = |count: usize, outcome| (0..count).map(|_| attempts(&mut Haste::default(), &newcomers, 1, outcome)).sum::<usize>();
        assert_eq!(firsts(25_600, Outcome::Nothing), 107);
        let mut near = Haste::default();
        assert_eq!(attempts(&mut near, &newcomers, 2, Outcome::Answer), 1, "its own second question is asked of itself");
        // As soon as one was worth it, all are.
        firsts(256, Outcome::Answer);
        assert_eq!(firsts(100, Outcome::Answer), 100);
    }
}
