//! What reactors do, beside what the benchmarks of the package above have: time limits, and wakes from other threads.

use std::collections::VecDeque;
use std::pin::Pin;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future;

use super::Job;
use crate::contestants::{Contestant, Driver};
use crate::measured::{Measured, Meter, peak};
use crate::natural::Natural;
use crate::support::ours::Ours;
use crate::support::workloads::{self, Workload, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Micro {
    /// Timers of which few fire: time limits.
    Timeouts,
    /// Wakes across threads.
    Wakes,
}

/// Those that are written above.
pub fn shared(workload: Workload, contestant: Contestant, job: &Job) -> Measured {
    let far = job.far.as_ref().map(|place| place.addr);
    let asked = workloads::Job { workload, size: job.size, idlers: job.idlers, peer: far };
    let before = crate::measured::allocated();
    let told = match contestant.driver() {
        Driver::Handle(handle) => workloads::run(&Ours(handle), asked),
        Driver::Runtime(runtime) => workloads::run(&Natural(runtime), asked),
    };
    Measured {
        work: format!("{} operations of {}", told.operations, workload.name()),
        operations: told.operations as u64,
        cpu: told.cpu.as_nanos() as f64,
        wall: told.wall.as_nanos() as f64,
        peak: peak("self"),
        resting: told.bytes.map(|bytes| bytes as f64),
        latency: told.latency.map(|latency| latency.as_nanos() as f64),
        // Connections at rest are opened before it begins.
        allocations: crate::measured::allocated_since(before).filter(|_| !matches!(workload, Workload::Idle | Workload::Ping)),
        ..Measured::default()
    }
}

pub fn measure(micro: Micro, contestant: Contestant, size: usize) -> Measured {
    match contestant.driver() {
        Driver::Handle(handle) => run(micro, &Ours(handle), size),
        Driver::Runtime(runtime) => run(micro, &Natural(runtime), size),
    }
}

fn run<W: World>(micro: Micro, world: &W, size: usize) -> Measured {
    let inner = world.clone();
    world.block_on(async move {
        match micro {
            Micro::Timeouts => timeouts(&inner, size).await,
            Micro::Wakes => wakes(size).await,
        }
    })
}

/// Each is polled once, as by who waits for something else at the same time, and is dropped when a thousand others have been set.
async fn timeouts<W: World>(world: &W, count: usize) -> Measured {
    const AT_ONCE: usize = 1_000;
    const LIMIT: Duration = Duration::from_secs(30);
    let meter = Meter::start();
    let mut set: VecDeque<Pin<Box<dyn Future<Output = ()> + Send>>> = VecDeque::with_capacity(AT_ONCE);
    let mut fired = 0;
    for number in 0..count {
        if number % 100 == 0 {
            world.sleep_until(Instant::now()).await;
            fired += 1;
        }
        if set.len() == AT_ONCE {
            set.pop_front();
        }
        let mut limit: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(world.sleep_until(Instant::now() + LIMIT));
        assert!(future::poll_once(&mut limit).await.is_none(), "thirty seconds are not over");
        set.push_back(limit);
    }
    drop(set);
    meter.stop(count, format!("{count} time limits, {fired} fired"))
}

/// The thread outside blocks; the task is woken by it, and so the reactor.
async fn wakes(count: usize) -> Measured {
    let (to_thread, at_thread) = async_channel::bounded::<usize>(1);
    let (to_task, at_task) = async_channel::bounded::<usize>(1);
    let outside = thread::spawn(move || {
        while let Ok(number) = at_thread.recv_blocking() {
            if to_task.send_blocking(number).is_err() {
                return;
            }
        }
    });
    let meter = Meter::start();
    for number in 0..count {
        to_thread.send(number).await.expect("the thread listens");
        assert_eq!(at_task.recv().await, Ok(number));
    }
    let measured = meter.stop(count, format!("{count} round trips"));
    drop(to_thread);
    outside.join().expect("the thread outside ends by itself");
    measured
}
