//! One example, any executor: smol's (on the reactor's own block_on, on threads, under smol's block_on), `futures`', pollster.
//! async-std has a package of its own in `tests/async-std`, tokio in `benches/versus-tokio`.

#[path = "support/example.rs"]
mod example;

use std::sync::Arc;
use std::thread;

use example::example;
use smolcrawl::reactor::{AskedBy, Choice, Drive, Fallback, Handle, ReactorKind, choose};

#[test]
fn smols_local_executor_on_the_reactors_block_on() {
    for drive in [Drive::CallingThread, Drive::OwnThread] {
        for_every_reactor(drive, |handle| {
            let executor = smol::LocalExecutor::new();
            let tasks = [handle, handle].map(|handle| executor.spawn(example(handle.clone())));
            handle.block_on(executor.run(async {
                for task in tasks {
                    task.await;
                }
            }));
        });
    }
}

/// Of which each drives the reactor when it has nothing else to do, or none.
#[test]
fn smols_executor_on_two_threads() {
    for drive in [Drive::CallingThread, Drive::OwnThread] {
        for_every_reactor(drive, |handle| {
            let executor = Arc::new(smol::Executor::new());
            let (stop, stopped) = async_channel::bounded::<()>(1);
            let threads = [(); 2].map(|()| {
                let (executor, handle, stopped) = (executor.clone(), handle.clone(), stopped.clone());
                thread::spawn(move || match drive {
                    Drive::OwnThread => futures_lite::future::block_on(executor.run(stopped.recv())),
                    _ => handle.block_on(executor.run(stopped.recv())),
                })
            });
            let tasks = [(); 4].map(|()| executor.spawn(example(handle.clone())));
            futures_lite::future::block_on(async {
                for task in tasks {
                    task.await;
                }
            });
            drop(stop);
            threads.into_iter().for_each(|thread| assert!(thread.join().unwrap().is_err(), "the channel is closed"));
        });
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "one of the executors that must do")]
fn smols_block_on() {
    for_every_reactor(Drive::OwnThread, |handle| smol::block_on(example(handle.clone())));
}

#[test]
fn futures_block_on() {
    for_every_reactor(Drive::OwnThread, |handle| futures_executor::block_on(example(handle.clone())));
}

#[test]
fn futures_thread_pool() {
    let pool = futures_executor::ThreadPool::builder().pool_size(2).create().unwrap();
    for_every_reactor(Drive::OwnThread, |handle| {
        let (done, finished) = std::sync::mpsc::channel();
        for _ in 0..4 {
            let (handle, done) = (handle.clone(), done.clone());
            pool.spawn_ok(async move {
                example(handle).await;
                done.send(()).unwrap();
            });
        }
        drop(done);
        assert_eq!(finished.iter().count(), 4, "one of them panicked");
    });
}

#[test]
fn pollster() {
    for_every_reactor(Drive::OwnThread, |handle| pollster::block_on(example(handle.clone())));
}

fn for_every_reactor(drive: Drive, test: impl Fn(&Handle)) {
    for kind in ReactorKind::AVAILABLE.iter().copied().filter(|kind| *kind != ReactorKind::Auto) {
        eprintln!("{kind}, driven by the {drive}");
        let choice = Choice { kind, asked_by: AskedBy::Builder, drive, fallback: Fallback::Refuse };
        test(&choose(choice).unwrap().0);
    }
}
