//! Whether to look for an answer right after a question, before the system has told of one. Pure.

/// A server on this machine may have answered before the write of the question returned: then reading at once saves the
/// waiting for an event. Elsewhere it is a system call in vain, so each failure makes the next attempts fewer.
#[derive(Debug, Default)]
pub(crate) struct Haste {
    /// Something was written, and nothing read since: one attempt may be made.
    tempted: bool,
    /// Writes to let pass without an attempt.
    pause: u8,
    /// How many those were when an attempt last failed: in the end 255, which cannot be measured.
    last_pause: u8,
}

impl Haste {
    /// Something was written.
    pub(crate) fn wrote(&mut self) {
        match self.pause {
            0 => self.tempted = true,
            _ => self.pause -= 1,
        }
    }

    /// True once after a write, if an attempt is worth it. `came` must be told what it brought.
    pub(crate) fn looks(&mut self) -> bool {
        std::mem::take(&mut self.tempted)
    }

    /// What an attempt has brought.
    pub(crate) fn came(&mut self, outcome: Outcome) {
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

    fn attempts(haste: &mut Haste, writes: usize, outcome: Outcome) -> usize {
        let look = |_: &usize| {
            haste.wrote();
            let looks = haste.looks();
            if looks {
                haste.came(outcome);
            }
            looks
        };
        (0..writes).filter(look).count()
    }

    #[test]
    fn attempts_in_vain_become_few() {
        let mut haste = Haste::default();
        assert!(!haste.looks(), "nothing was asked");
        assert_eq!(attempts(&mut haste, 25_600, Outcome::Nothing), 107);
        assert_eq!(attempts(&mut haste, 25_600, Outcome::Nothing), 100);
    }

    #[test]
    fn a_peer_that_answers_at_once_is_always_looked_at() {
        let mut haste = Haste::default();
        attempts(&mut haste, 100, Outcome::Nothing);
        attempts(&mut haste, 256, Outcome::Answer);
        assert_eq!(attempts(&mut haste, 100, Outcome::Answer), 100);
    }
}
