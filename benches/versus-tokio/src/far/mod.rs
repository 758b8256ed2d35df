//! The far ends, each in a process of its own, so that only the near end is measured: the same for every contestant.

mod delay;
mod http;
mod pages;
mod resets;
mod tls;
mod vectors;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

pub use resets::{SIZE as RESET_SIZE, asked};
pub use vectors::DIMENSIONS;

/// What stands at the far end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sends back what it gets.
    Echo,
    /// Pages of one size; `/close` closes behind its answer.
    Pages { size: usize, is_tls: bool },
    /// A site that is made up, of so many pages.
    Site { pages: usize },
    /// An embeddings service that answers after so many milliseconds.
    Vectors { delay: u64 },
    /// An answer, then a reset.
    Resets,
    /// In front of a server: half the round trip (ms) each way, and of a hundred segments so many that come a round trip late.
    Delay { to: SocketAddr, round_trip: u64, late: u64 },
}

impl Kind {
    /// As they are given to [`serve`].
    pub fn words(&self) -> Vec<String> {
        let words = |words: &[&dyn std::fmt::Display]| words.iter().map(|word| word.to_string()).collect();
        match self {
            Self::Echo => words(&[&"echo"]),
            Self::Pages { size, is_tls } => words(&[&"pages", size, is_tls]),
            Self::Site { pages } => words(&[&"site", pages]),
            Self::Vectors { delay } => words(&[&"vectors", delay]),
            Self::Resets => words(&[&"resets"]),
            Self::Delay { to, round_trip, late } => words(&[&"delay", to, round_trip, late]),
        }
    }
}

/// Where a far end is, and by which certificate it is known, in DER.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    pub addr: SocketAddr,
    pub certificate: Option<Vec<u8>>,
}

/// A server in another process; it ends with this.
pub struct Far {
    process: Child,
    pub place: Place,
}

impl Far {
    /// Held to one processor, or not.
    pub fn start(kind: &Kind, is_on_one: bool) -> Self {
        Self::start_by(&kind.words().iter().map(String::as_str).collect::<Vec<_>>(), is_on_one)
    }

    /// The same by its words.
    pub fn start_by(words: &[&str], is_on_one: bool) -> Self {
        let this = std::env::current_exe().expect("this program knows where it is");
        let mut command = Command::new(this);
        command.arg("far").args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        if is_on_one {
            command.env(ON_ONE, "1");
        }
        let mut process = command.spawn().expect("this program can start itself");
        let mut line = String::new();
        let out = process.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("a far end says where it listens");
        let mut told = line.split_whitespace();
        let addr = told.next().and_then(|addr| addr.parse().ok()).unwrap_or_else(|| panic!("{words:?} did not start: {line:?}"));
        let certificate = told.next().map(|text| BASE64_STANDARD.decode(text).expect("it is written by us"));
        Self { process, place: Place { addr, certificate } }
    }
}

/// The variable by which a process is told to hold itself to one processor.
pub const ON_ONE: &str = "VERSUS_ON_ONE";

impl Drop for Far {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until the parent has gone.
pub fn serve(words: &[&str]) {
    let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("not a number: {word}"));
    thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    match *words {
        ["echo"] => crate::support::peers::serve("echo"),
        ["pages", size, "false"] => pages::serve(&pages::one(number(size) as usize)),
        ["pages", size, "true"] => tls::serve(&pages::one(number(size) as usize)),
        ["site", pages] => pages::serve(&pages::site(number(pages))),
        ["vectors", delay] => vectors::serve(number(delay)),
        ["resets"] => resets::serve(),
        ["delay", to, round_trip, late] => {
            delay::serve(to.parse().expect("the parent gives an address"), number(round_trip), number(late));
        }
        _ => panic!("no far end is called {words:?}"),
    }
}

/// Threads of connections. They are waited for when they have ended, and not let go of: the C library of Debian 12 (glibc 2.36) looks at a thread once
/// more after letting go of it, when it may be gone with its memory.
#[derive(Default)]
struct Apart(Vec<thread::JoinHandle<io::Result<()>>>);

impl Apart {
    fn begin(&mut self, work: impl FnOnce() -> io::Result<()> + Send + 'static) {
        if self.0.len() == self.0.capacity() {
            self.0.extract_if(.., |thread| thread.is_finished()).for_each(|ended| drop(ended.join()));
        }
        self.0.push(thread::spawn(work));
    }
}

/// On a free port of loopback, which the parent is told.
fn listen(certificate: Option<&[u8]>) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let addr = listener.local_addr().expect("it is bound");
    let known_by = certificate.map(|der| BASE64_STANDARD.encode(der)).unwrap_or_default();
    let mut out = std::io::stdout();
    writeln!(out, "{addr} {known_by}").and_then(|()| out.flush()).expect("the parent listens");
    listener
}
