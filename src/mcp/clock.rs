//! The only thing that serving needs from a runtime: to know the time and to wait.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// A wait that any executor may poll.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Time as the embedder's runtime has it; virtual in tests.
pub trait Clock: fmt::Debug + Send + Sync {
    fn now(&self) -> Instant;

    /// Ready once `now()` has grown by `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Instant {
        (**self).now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        (**self).sleep(duration)
    }
}
