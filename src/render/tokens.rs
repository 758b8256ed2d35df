//! Turns: how many may do a thing at once.

use async_channel::{Receiver, Sender};

/// What may be taken so many times at once.
#[derive(Debug)]
pub(super) struct Tokens(Sender<()>, Receiver<()>);

/// Given back when dropped.
pub(super) struct Token<'a>(&'a Sender<()>);

impl Tokens {
    pub(super) fn new(count: usize) -> Self {
        let (sender, receiver) = async_channel::bounded(count);
        (0..count).for_each(|_| _ = sender.try_send(()));
        Self(sender, receiver)
    }

    pub(super) async fn take(&self) -> Token<'_> {
        // Both ends are here.
        let _ = self.1.recv().await;
        Token(&self.0)
    }
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}
