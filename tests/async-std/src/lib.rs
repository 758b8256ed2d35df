//! The library on async-std's executor, which brings its own reactor for its own sockets and knows nothing of ours.
#![cfg(test)]

#[path = "../../support/example.rs"]
mod example;

use example::example;
use smolcrawl::reactor::{AskedBy, Choice, Drive, Fallback, Handle, ReactorKind, choose};

#[test]
fn on_async_stds_block_on() {
    for_every_reactor(|handle| async_std::task::block_on(example(handle.clone())));
}

#[test]
fn on_async_stds_threads() {
    for_every_reactor(|handle| {
        let tasks = [(); 4].map(|()| async_std::task::spawn(example(handle.clone())));
        async_std::task::block_on(async {
            for task in tasks {
                task.await;
            }
        });
    });
}

/// async-std drives none of our reactors, so they have a thread.
fn for_every_reactor(test: impl Fn(&Handle)) {
    for kind in ReactorKind::AVAILABLE.iter().copied().filter(|kind| *kind != ReactorKind::Auto) {
        eprintln!("{kind}");
        let choice = Choice { kind, asked_by: AskedBy::Builder, drive: Drive::OwnThread, fallback: Fallback::Refuse };
        test(&choose(choice).unwrap().0);
    }
}
