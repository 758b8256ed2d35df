//! What is acknowledged stays, whoever is killed: the writer, the server, or the network between them. `tests/postgres/kills` does it
//! 200 times.

#[path = "../support/killed.rs"]
mod killed;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use smolcrawl::model::SourceId;
use smolcrawl::store::{Config, Store};

use crate::proxy::{Cut, Proxy};
use crate::{psql, restart, server, wait_for};
use killed::{Write, write};

/// Writes of a round.
const WRITES: u64 = 24;
const STILL_AT_IT: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'smolcrawl' AND state <> 'idle'";
/// For one write, a server that starts anew meanwhile included.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strike {
    Writer,
    Server,
    Closed,
    Reset,
}

struct Writer {
    child: Child,
    stdin: ChildStdin,
    /// What it says that it has stored.
    stored: Receiver<u64>,
}

impl Writer {
    fn start(address: &str) -> Self {
        let program = std::env::var("SMOLCRAWL_TEST_WRITER").expect("it needs the example postgres_writer: tests/postgres/run");
        let mut child = Command::new(program).arg(address).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, stored) = mpsc::channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        thread::spawn(move || {
            // What it has not said to the end it has not said.
            for number in lines.map_while(Result::ok).filter_map(|line| line.parse().ok()) {
                if sender.send(number).is_err() {
                    return;
                }
            }
        });
        Self { stdin: child.stdin.take().unwrap(), child, stored }
    }
}

/// The texts by their addresses.
type Pages = BTreeMap<String, String>;

fn done(pages: &mut Pages, number: u64) {
    match write(number) {
        Write::Put(document, _) => _ = pages.insert(document.url.to_string(), document.markdown),
        Write::Remove(url) => _ = pages.remove(url.as_str()),
    }
}

fn there(store: &Store) -> Pages {
    let source = SourceId::of(&"https://docs.test/".parse().unwrap());
    let (mut pages, mut after) = (Pages::new(), String::new());
    loop {
        let documents = store.documents_after(&source, &after, 200).unwrap();
        let Some(last) = documents.last() else { return pages };
        after = last.url.to_string();
        pages.extend(documents.into_iter().map(|document| (document.url.to_string(), document.markdown)));
    }
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn what_is_acknowledged_outlives_whoever_is_killed() {
    let rounds: u32 = std::env::var("KILLS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10);
    let proxy = Proxy::to(server().port().unwrap());
    let mut through = server();
    through.set_port(Some(proxy.port())).unwrap();
    let (address, through) = (format!("{}?schema=killed", server()), format!("{through}?schema=killed"));
    let looking = Store::open(&address, Config { busy_timeout: Duration::from_secs(30), ..Config::default() }).unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let (mut pages, mut number, mut writer) = (Pages::new(), 0_u64, Writer::start(&through));
    let (mut strikes, mut written, mut unsaid) = (BTreeMap::<Strike, u32>::new(), 0_u64, 0_u32);
    let (_keep, never) = mpsc::channel::<()>();
    for round in 0..rounds {
        let numbers: Vec<u64> = (number..number + WRITES).collect();
        number += WRITES;
        let asked: String = numbers.iter().map(|number| format!("{number}\n")).collect();
        writer.stdin.write_all(asked.as_bytes()).unwrap();
        let (before, jitter) = (next(WRITES - 2), Duration::from_micros(next(12_000)));
        let strike = [Strike::Writer, Strike::Server, Strike::Closed, Strike::Reset][next(4) as usize];
        *strikes.entry(strike).or_default() += 1;
        let mut acknowledged = 0;
        let take = |pages: &mut Pages, stored: u64, acknowledged: &mut usize| {
            assert_eq!(stored, numbers[*acknowledged]);
            done(pages, stored);
            *acknowledged += 1;
        };
        for _ in 0..before {
            let stored = writer.stored.recv_timeout(PATIENCE).unwrap();
            take(&mut pages, stored, &mut acknowledged);
        }
        // Anywhere in the middle of a write.
        never.recv_timeout(jitter).unwrap_err();
        match strike {
            Strike::Writer => {
                writer.child.kill().unwrap();
                writer.child.wait().unwrap();
                // What the server has of it, it does to the end.
                wait_for(|| psql("stores", STILL_AT_IT) == "0");
                // What it had said before.
                while let Ok(stored) = writer.stored.recv_timeout(PATIENCE) {
                    take(&mut pages, stored, &mut acknowledged);
                }
                writer = Writer::start(&through);
            }
            strike => {
                match strike {
                    Strike::Server => restart(),
                    Strike::Closed => proxy.cut(Cut::Closed),
                    _ => proxy.cut(Cut::Reset),
                }
                proxy.mend();
                while acknowledged < numbers.len() {
                    let stored =
                        writer.stored.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{round}: {strike:?} has ended the writer"));
                    take(&mut pages, stored, &mut acknowledged);
                }
            }
        }
        written += acknowledged as u64;
        let found = there(&looking);
        if found != pages {
            // The one that it was at may be stored, and nobody has said so: but then as a whole.
            assert!(acknowledged < numbers.len(), "{round}: after {strike:?} there is other than what was acknowledged");
            done(&mut pages, numbers[acknowledged]);
            unsaid += 1;
            assert!(
                found == pages,
                "{round}: after {strike:?} and {acknowledged} of {} there is other than what was acknowledged",
                numbers.len()
            );
        }
        let check = looking.check().unwrap();
        assert!(check.is_whole() && check.pages == pages.len() as u64, "{round}: {strike:?}: {check:?}");
    }
    writer.child.kill().unwrap();
    writer.child.wait().unwrap();
    eprintln!(
        "{rounds} kills {strikes:?}: {written} writes acknowledged, {} pages, nothing lost; {unsaid} were stored and not yet said",
        pages.len()
    );
}
