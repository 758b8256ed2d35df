//! What does each reactor cost: in processor time, system calls and memory, for a round trip, a connection, a timer, a task, a
//! page, and for thousands of connections at rest?
//!
//! `cargo bench --bench reactor`; `ROUNDS=3 QUICK=1 WORKLOADS=echo,fetch CONTESTANTS=edge` for less. The contestants are the kinds
//! of this platform, in the shape in which they ship. How they compare with Tokio is measured by `benches/versus-tokio/run`,
//! outside of this package, which has no Tokio.

#[cfg(unix)]
mod support;

#[cfg(unix)]
fn main() {
    let contestants = support::ours::contestants()
        .into_iter()
        .map(|(name, choice)| support::rounds::Contestant::new(name, move |job| support::ours::run(&support::ours::start(choice), job)));
    support::rounds::main(&contestants.collect::<Vec<_>>());
}

#[cfg(not(unix))]
fn main() {
    eprintln!("processor time is measured on Unix only");
}
