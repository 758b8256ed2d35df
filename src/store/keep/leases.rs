//! Passages that somebody is embedding just now.

use std::time::Duration;

use crate::model::{Clock, Pending};
use crate::store::Error;

/// Batches of passages, each in the hands of one process at one time.
pub trait Leases {
    /// At most `limit` passages that lack a vector of this model and that nobody has in hand, as [`pending`](super::Meaning::pending) has
    /// them. Others are given none of these before so much time is over; one that has its vector by then is pending no more.
    fn lease_pending(&self, model: &str, limit: usize, lease: Duration, clock: Clock) -> Result<Vec<Pending>, Error>;
}
