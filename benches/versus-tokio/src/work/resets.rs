//! Answers that are complete, each followed by a reset: what is lost, what is asked again, and what is said about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use log::{Level, LevelFilter, Log, Metadata, Record};
use smolcrawl::http::{Client, Config, PrivateAddresses, Request};
use url::Url;

use super::Job;
use crate::contestants::{Contestant, Driver};
use crate::far::{RESET_SIZE, asked};
use crate::measured::{Measured, Meter};
use crate::natural::Natural;
use crate::support::ours::Ours;
use crate::support::workloads::World;
use crate::theirs;

const AT_ONCE: usize = 16;

pub fn measure(contestant: Contestant, job: &Job) -> Measured {
    log::set_logger(&COUNTED).expect("there is no other logger");
    log::set_max_level(LevelFilter::Debug);
    let far = job.far().addr;
    let url = Url::parse(&format!("http://{far}/page")).expect("an address makes a URL");
    let measured = match contestant.driver() {
        Driver::Handle(handle) => {
            let config = Config { private_addresses: PrivateAddresses::Allow, ..Config::default() };
            let client = Client::new(&handle, config).expect("the settings are the default");
            ask_all(&Ours(handle), job.size, move || {
                let (client, url) = (client.clone(), url.clone());
                async move { Some(client.send(Request::get(url)).await.ok()?.bytes().await.ok()?.len()) }
            })
        }
        Driver::Runtime(runtime) => {
            let client = runtime.block_on(async { theirs::client(None) }).expect("reqwest takes its settings");
            ask_all(&Natural(runtime), job.size, move || {
                let (client, url) = (client.clone(), url.clone());
                async move { Some(client.get(url).send().await.ok()?.bytes().await.ok()?.len()) }
            })
        }
    };
    let retried = asked(far).expect("the far end counts").saturating_sub(job.size as u64);
    let said = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    let beside = [("retries", retried as f64), ("noise", said(&COUNTED.warnings)), ("debug lines", said(&COUNTED.others))];
    let mut measured = measured;
    measured.beside.extend(beside.map(|(name, value)| (name.to_owned(), value)));
    measured
}

fn ask_all<W: World, F>(world: &W, answers: usize, ask: impl Fn() -> F + Clone + Send + Sync + 'static) -> Measured
where
    F: Future<Output = Option<usize>> + Send + 'static,
{
    let inner = world.clone();
    world.block_on(async move {
        let (left, failed) = (Arc::new(AtomicUsize::new(answers)), Arc::new(AtomicUsize::new(0)));
        let meter = Meter::start();
        let tasks: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (left, failed, ask) = (left.clone(), failed.clone(), ask.clone());
                inner.spawn(async move {
                    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                        if ask().await != Some(RESET_SIZE) {
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        let mut measured = meter.stop(answers, format!("{answers} questions"));
        measured.beside.insert("failures".to_owned(), failed.load(Ordering::Relaxed) as f64);
        measured
    })
}

/// Counts lines that somebody would read at the default level, and those for whoever looks for a defect.
struct Counted {
    warnings: AtomicU64,
    others: AtomicU64,
}

static COUNTED: Counted = Counted { warnings: AtomicU64::new(0), others: AtomicU64::new(0) };

impl Log for Counted {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let counter = if record.level() <= Level::Info { &self.warnings } else { &self.others };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn flush(&self) {}
}
