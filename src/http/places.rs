//! How many connections are open or being opened, each of which takes a file descriptor, and who waits for one to be closed: a full table of
//! this process is a reason to wait, and no fault of a host.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The descriptors that a client, its clones and its connections hold.
#[derive(Debug)]
pub(super) struct Places {
    taken: AtomicUsize,
    waiting: AtomicUsize,
    /// Rung once for each place that is given back while somebody waits.
    bell: (async_channel::Sender<()>, async_channel::Receiver<()>),
}

impl Places {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), waiting: AtomicUsize::new(0), bell: async_channel::bounded(MOST_RINGS) })
    }

    pub(super) fn take(self: &Arc<Self>) -> Place {
        self.taken.fetch_add(1, Ordering::SeqCst);
        Place { places: self.clone(), had: Had::Something }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Ready when a place has been given back. Rung and not heard is heard later, in vain: who is woken tries, and waits again.
    pub(super) async fn given_back(&self) {
        let _waiting = Waiting::of(self);
        // Neither end is ever closed.
        let _ = self.bell.1.recv().await;
    }
}

/// For one connection, from its first attempt until its socket is closed: to be dropped after that.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    had: Had,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Had {
    Something,
    Nothing,
}

impl Place {
    /// There was no descriptor to be had, so that none is given back: two that wait would wake each other for ever.
    pub(super) fn got_nothing(&mut self) {
        self.had = Had::Nothing;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken.fetch_sub(1, Ordering::SeqCst);
        if self.had == Had::Something && self.places.waiting.load(Ordering::SeqCst) > 0 {
            // Full means that it rings already.
            let _ = self.places.bell.0.try_send(());
        }
    }
}

struct Waiting<'a>(&'a Places);

impl<'a> Waiting<'a> {
    fn of(places: &'a Places) -> Self {
        places.waiting.fetch_add(1, Ordering::SeqCst);
        Self(places)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

const MOST_RINGS: usize = 64;

#[cfg(test)]
mod tests {
    use futures_lite::future;

    use super::*;

    #[test]
    fn who_waits_hears_of_a_place_that_held_something_and_of_no_other() {
        let places = Places::new();
        let (mut empty, full) = (places.take(), places.take());
        assert_eq!(places.taken(), 2);
        let mut waiting = Box::pin(places.given_back());
        assert!(future::block_on(future::poll_once(&mut waiting)).is_none());
        empty.got_nothing();
        drop(empty);
        assert!(future::block_on(future::poll_once(&mut waiting)).is_none());
        drop(full);
        assert!(future::block_on(future::poll_once(&mut waiting)).is_some());
        drop(waiting);
        // Nobody waits, so nothing is left for who comes later.
        drop(places.take());
        assert!(future::block_on(future::poll_once(places.given_back())).is_none());
        assert_eq!(places.taken(), 0);
    }
}
