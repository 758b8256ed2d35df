//! Fairness between the tasks of one thread.

/// Transfers in a row that did not have to wait. A peer that is always ready must not keep a thread from all the others, so
/// now and then the task is made to wait its turn.
#[derive(Default)]
pub(crate) struct Streak(u8);

impl Streak {
    const LONGEST: u8 = 128;

    /// Counts one more.
    pub(crate) fn is_over(&mut self) -> bool {
        self.0 += 1;
        let over = self.0 > Self::LONGEST;
        if over {
            self.0 = 0;
        }
        over
    }
}
