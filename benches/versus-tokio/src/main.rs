//! What do the reactors of smolcrawl cost beside Tokio's?
//!
//! The same workloads, from the same file, in one program, so that all are compiled alike. The first line of the table, which the
//! others are multiples of, is Tokio as one writes it: `tokio::net`, `tokio::spawn` and a current-thread runtime, nothing of ours;
//! pages are fetched with reqwest. `tokio-2` is the same on a runtime with two workers. `handle-tokio` and `handle-tokio-2` are
//! those runtimes behind our `Reactor` trait, with our executor and our HTTP client: what the trait costs, and what the client does.

#[path = "../../support/mod.rs"]
mod support;

mod natural;
mod reactor;

use smolcrawl::reactor::Handle;

use crate::support::ours;
use crate::support::rounds;
use crate::support::rounds::Contestant;

fn main() {
    let mut contestants = vec![
        Contestant::new("tokio", |job| natural::run(natural::current_thread(), job)),
        Contestant::new("tokio-2", |job| natural::run(natural::two_workers(), job)),
        Contestant::new("handle-tokio", |job| ours::run(&Handle::new(reactor::OnTokio::new(natural::current_thread())), job)),
        Contestant::new("handle-tokio-2", |job| ours::run(&Handle::new(reactor::OnTokio::new(natural::two_workers())), job)),
    ];
    for (name, choice) in ours::contestants() {
        contestants.push(Contestant::new(name, move |job| ours::run(&ours::start(choice), job)));
    }
    rounds::main(&contestants);
}
