//! One crawl that many processes and machines do together, its frontier a table.
//!
//! The crawler's own walk does the work, as for a crawl that one process does: what is different is where an address comes from and where
//! links go. A worker **takes** addresses from the table, which it has *leased* from then on, and **settles** them in one transaction with the
//! page, its links, and all that others have to know. What is here are the rules of that, over the few operations of [`Rows`], so that
//! SQLite, PostgreSQL and a table in memory do the same.
//!
//! - **A lease is a worker's.** Who was silent for the time of a lease is gone: what it had comes back, and as addresses stand in the
//!   order in which they were found, before what was found later at the same depth. A worker that is gone settles nothing; it
//!   comes in again as another. So a page is stored once, and asked for again only where a lease ran out.
//! - **A lease holds a place**: of `max_pages` until it is settled, and of its origin until it was fetched. So limits are exact in total,
//!   and no origin has more requests in flight than it may have, whoever makes them. Workers share the places of an origin evenly.
//! - **Requests and bytes are allowed in parts**, which are handed out once and given back by whoever does not need them. Those of
//!   a worker that is gone count as spent.
//! - **An address is there once.** What it became stays: a page that names another one as its canonical address waits for what becomes of
//!   that, also where others fetch it. Contents are told apart over all workers as well.
//! - **Who is silent is found by whoever asks next**; there is nobody whose end would stop the others.
//!
//! In PostgreSQL, addresses are taken beside the lock of those who store pages; whoever settles has that lock before any row. Rows are locked in
//! one order: its own as a worker, the crawl, all else; of other workers only those that are free. What is left of a crawl that is over is
//! deleted in any order, as nobody works with it.

mod left;
mod memory;
mod rows;
mod rules;
mod table;

pub(super) use self::left::{CLOSED, OPEN, SWEPT, portions};
pub use self::memory::JoinedInMemory;
pub(super) use self::rows::{
    AddressRow, CrawlRow, HeldRow, LEASED, OriginRow, Rows, WorkerRow, as_trail, end_of, hops, number, written_hops,
};
pub(super) use self::rules::{enter, judge, keep_robots, leave, open, renew, robots, settle, take, totals};
