//! Contestants that are programs of their own: where they are, and what they take.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::measured::{Measured, peak};

/// Those that are there; `run` builds them and says where in variables.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Programs {
    /// The release build of the program that users have.
    pub smolcrawl: Option<PathBuf>,
    /// Whether it has `crawl --links-only`.
    pub crawls_links: bool,
    pub spider: Option<PathBuf>,
    /// An interpreter that has the Python stack, and the folder of its scripts.
    pub python: Option<(PathBuf, PathBuf)>,
}

impl Programs {
    /// `VERSUS_SMOLCRAWL`, `VERSUS_SPIDER`, `VERSUS_PYTHON` and `VERSUS_SCRIPTS`.
    pub fn from_variables() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let there = |name: &str| path(name).filter(|path| path.is_file());
        let smolcrawl = there("VERSUS_SMOLCRAWL");
        let crawls_links = smolcrawl.as_deref().is_some_and(|program| help(program).contains("--links-only"));
        let python = there("VERSUS_PYTHON").zip(path("VERSUS_SCRIPTS"));
        Self { smolcrawl, crawls_links, spider: there("VERSUS_SPIDER"), python }
    }

    pub fn python(&self, script: &str) -> Command {
        let (interpreter, scripts) = self.python.as_ref().expect("it takes part where it is there");
        let mut command = Command::new(interpreter);
        command.arg(scripts.join(script));
        command
    }
}

fn help(program: &Path) -> String {
    let output = Command::new(program).args(["crawl", "--help"]).env_clear().output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs what measures itself and says so in the last line of its output.
pub fn told(mut command: Command) -> Measured {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{complaint}", output.status);
    let line = said.lines().last().unwrap_or_default();
    let mut measured: Measured = serde_json::from_str(line).unwrap_or_else(|error| panic!("{command:?} said {line:?}: {error}"));
    measured.beside.insert("noise".to_owned(), complaint.lines().count() as f64);
    measured
}

/// Runs a program to its end, and returns what it took from its start and what it said.
pub fn watched(mut command: Command) -> (Measured, String) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (mut stdout, mut stderr) = (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
    let reading = thread::spawn(move || io::read_to_string(&mut stdout));
    let complaining = thread::spawn(move || io::read_to_string(&mut stderr));
    let process = child.id();
    let (mut worked, mut most) = (None, None);
    // What a process took is gone with it: it is looked at until then.
    let status = loop {
        (worked, most) = (processor_time(process).or(worked), peak(&process.to_string()).or(most));
        match child.try_wait().expect("it is a child of ours") {
            Some(status) => break status,
            None => thread::sleep(LOOK),
        }
    };
    let wall = started.elapsed();
    let said = reading.join().expect("reading does not panic").expect("it writes UTF-8");
    let complaint = complaining.join().expect("reading does not panic").expect("it writes UTF-8");
    assert!(status.success(), "{command:?}: {status}\n{complaint}");
    let cpu = worked.map_or(0.0, |worked| worked.as_nanos() as f64);
    (Measured { cpu, wall: wall.as_nanos() as f64, peak: most, ..Measured::default() }, said)
}

/// proc(5): the fields after the name, which is in parentheses; user and system time are the 14th and 15th of all, in hundredths of a
/// second. Those of threads that have ended are in it.
fn processor_time(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
    let ticks: Option<Vec<u64>> = fields.map(|field| field.parse().ok()).collect();
    Some(Duration::from_millis(ticks?.iter().sum::<u64>() * 10))
}

const LOOK: Duration = Duration::from_millis(2);
