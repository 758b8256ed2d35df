//! Measures in rounds: each measurement in a fresh process, contestants in random order, so that whatever else the machine does
//! meets all of them. Ratios are taken within a round, and told as the median with the quartiles.
//!
//! All of it is held to one processor, the far ends as well: what it costs to wake another one depends on what that is doing, and
//! would be most of what is measured.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::process::{Command, Stdio};

use super::meter::{self, Measured};
use super::peers::{self, Peer};
use super::workloads::{Job, Workload};

/// Something that can run the workloads.
pub struct Contestant {
    pub name: String,
    /// In a process of its own.
    pub run: Box<dyn Fn(Job) -> Measured>,
}

impl Contestant {
    pub fn new(name: impl Into<String>, run: impl Fn(Job) -> Measured + 'static) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

/// The whole benchmark: as the process that was started, as one that it has started to measure, or as a far end.
/// The first contestant is the one that the others are compared with.
pub fn main(contestants: &[Contestant]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["measure", name, workload, size, idlers, peer] => {
            let contestant = contestants.iter().find(|contestant| contestant.name == name).expect("the parent knows the names");
            meter::open_files();
            let number = |word: &str| word.parse().expect("the parent gives numbers");
            let job = Job {
                workload: workload.parse().expect("the parent knows the workloads"),
                size: number(size),
                idlers: number(idlers),
                peer: peer.parse().ok(),
            };
            say(&format!("{}\n", (contestant.run)(job)));
        }
        ["peer", what] => peers::serve(what),
        // What cargo adds.
        _ => say(&Rounds::from_variables(contestants).table()),
    }
}

/// What is measured how often.
struct Rounds<'a> {
    contestants: Vec<&'a Contestant>,
    workloads: Vec<Workload>,
    rounds: usize,
    /// Every size is divided by so much.
    divisor: usize,
    /// Idle connections of a process, if it may have so many files.
    idlers: usize,
    /// What it is measured on.
    machine: String,
}

impl<'a> Rounds<'a> {
    /// `ROUNDS`, `QUICK`, `WORKLOADS=echo,churn`, `CONTESTANTS=edge,poll` and `CPUS` say what to do; the default is all of it, ten
    /// times, on one processor.
    fn from_variables(contestants: &'a [Contestant]) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let workloads = match variable("WORKLOADS") {
            Some(names) => names.split(',').map(|name| name.parse().unwrap_or_else(|error| panic!("WORKLOADS: {error}"))).collect(),
            None => Workload::ALL.to_vec(),
        };
        let named = variable("CONTESTANTS");
        let is_named = |name: &str| named.as_ref().is_none_or(|names| names.split(',').any(|word| word == name));
        let rounds = variable("ROUNDS").map_or(10, |rounds| rounds.parse().unwrap_or_else(|_| panic!("ROUNDS: not a number: {rounds}")));
        let processors = variable("CPUS").map_or(1, |count| count.parse().unwrap_or_else(|_| panic!("CPUS: not a number: {count}")));
        let machine = machine(processors);
        meter::pin(processors);
        let divisor = if variable("QUICK").is_some() { 20 } else { 1 };
        let wanted = Workload::Idle.size() / divisor;
        let idlers = wanted.min(meter::open_files().saturating_sub(FILES));
        if idlers < wanted {
            eprintln!("{idlers} idle connections in place of {wanted}: a process may open no more files (ulimit -n)");
        }
        let contestants: Vec<_> =
            contestants.iter().enumerate().filter(|(at, one)| *at == 0 || is_named(&one.name)).map(|(_, one)| one).collect();
        Self { contestants, workloads, rounds, divisor, idlers, machine }
    }

    fn table(&self) -> String {
        let mut seen = Seen::default();
        for round in 0..self.rounds {
            eprintln!("round {} of {}", round + 1, self.rounds);
            // A workload at a time: what is compared is measured close together.
            for &workload in &self.workloads {
                if round >= FEW && matches!(workload, Workload::Idle | Workload::Ping) {
                    continue;
                }
                let mut order: Vec<_> = (0..self.contestants.len()).collect();
                order.sort_by_cached_key(|_| random());
                for one in order {
                    let measured = self.measure(workload, one, self.size(workload), &[]);
                    seen.measured.entry((workload.name(), one)).or_default().push(measured);
                }
            }
        }
        for (workload, one) in COUNTED.iter().flat_map(|workload| (0..self.contestants.len()).map(|one| (*workload, one))) {
            if self.workloads.contains(&workload)
                && self.divisor == 1
                && let Some(calls) = self.system_calls(workload, one)
            {
                seen.calls.insert((workload.name(), one), calls);
            }
        }
        self.written(&seen)
    }

    fn size(&self, workload: Workload) -> usize {
        match workload {
            Workload::Idle => self.idlers,
            other => other.size() / self.divisor,
        }
    }

    /// One measurement in a process of its own, behind the words of `wrapper`.
    fn measure(&self, workload: Workload, one: usize, size: usize, wrapper: &[&str]) -> Measured {
        let name = &self.contestants[one].name;
        let peer = Peer::of(workload);
        let addr = peer.as_ref().map_or("none".to_owned(), |peer| peer.addr.to_string());
        let this = std::env::current_exe().expect("this program knows where it is");
        let mut command = match wrapper {
            [] => Command::new(this),
            [program, rest @ ..] => {
                let mut command = Command::new(program);
                command.args(rest).arg(this);
                command
            }
        };
        command.args(["measure", name, workload.name(), &size.to_string(), &self.idlers.to_string(), &addr]).stdin(Stdio::null());
        let output = command.stderr(Stdio::inherit()).output().expect("a process can be started");
        assert!(output.status.success(), "{name} failed in {}: {}", workload.name(), output.status);
        let told = String::from_utf8_lossy(&output.stdout);
        told.trim().parse().unwrap_or_else(|error| panic!("{name} in {}: {error}", workload.name()))
    }

    /// System calls of one operation: the difference of two runs, so that what is done once does not count.
    /// None where strace(1) is not to be had.
    fn system_calls(&self, workload: Workload, one: usize) -> Option<f64> {
        let calls = |size: usize| {
            let file = std::env::temp_dir().join(format!("reactor-bench-{}", std::process::id()));
            let name = file.to_str()?;
            Command::new("strace").arg("-V").stdout(Stdio::null()).status().ok().filter(|status| status.success())?;
            let measured = self.measure(workload, one, size, &["strace", "-f", "-c", "-o", name]);
            let told = std::fs::read_to_string(&file).ok()?;
            std::fs::remove_file(&file).ok()?;
            // % time, seconds, usecs/call, calls, errors (may be missing), name.
            let total = told.lines().find(|line| line.ends_with("total"))?;
            Some((total.split_whitespace().nth(3)?.parse::<f64>().ok()?, measured.operations))
        };
        let size = workload.size() / 20;
        let ((few, small), (many, large)) = (calls(size)?, calls(size * 2)?);
        Some((many - few) / (large - small) as f64)
    }

    fn written(&self, seen: &Seen) -> String {
        let mut out = format!("{}; rounds: {}\n\n", self.machine, self.rounds);
        let compared: Vec<_> = self.workloads.iter().copied().filter(|workload| *workload != Workload::Idle).collect();
        let head: Vec<_> = compared.iter().map(|workload| workload.name()).collect();
        let line = |out: &mut String, cells: &[String]| writeln!(out, "| {} |", cells.join(" | ")).expect("a string takes all");
        let rule = |out: &mut String, columns: usize| writeln!(out, "|---|{}", "---|".repeat(columns - 1)).expect("a string takes all");

        out.push_str("Processor time of one operation, as a multiple of the first line's in the same round: median (quartiles).\n\n");
        line(&mut out, &[vec![String::new()], head.iter().map(|name| (*name).to_owned()).collect()].concat());
        rule(&mut out, head.len() + 1);
        for (one, contestant) in self.contestants.iter().enumerate() {
            let cells = compared.iter().map(|workload| seen.ratio(workload.name(), one));
            line(&mut out, &[vec![contestant.name.clone()], cells.collect()].concat());
        }
        let micros = compared.iter().map(|workload| {
            let each = seen.of(workload.name(), 0, Measured::each);
            format!("{:.2}", Quartiles::of(each).middle / 1000.0)
        });
        line(&mut out, &[vec![format!("{}, µs", self.contestants[0].name)], micros.collect()].concat());

        out.push('\n');
        let titles = ["", "calls, echo", "calls, churn", "calls, fetch", "idle, ms/s", "idle, bytes", "ping, µs"];
        line(&mut out, &titles.map(str::to_owned));
        rule(&mut out, titles.len());
        for (one, contestant) in self.contestants.iter().enumerate() {
            let calls = COUNTED.map(|workload| match seen.calls.get(&(workload.name(), one)) {
                Some(calls) => format!("{calls:.1}"),
                None => NOT_MEASURED.to_owned(),
            });
            let middle = |values: Vec<f64>, digits: usize| match values.is_empty() {
                true => NOT_MEASURED.to_owned(),
                false => format!("{:.digits$}", Quartiles::of(values).middle),
            };
            let rest = [
                middle(seen.of("idle", one, |measured| measured.each() / 1e6), 2),
                middle(seen.of("idle", one, |measured| measured.bytes.unwrap_or(0) as f64), 0),
                middle(seen.of("ping", one, |measured| measured.latency.unwrap_or_default().as_nanos() as f64 / 1000.0), 0),
            ];
            line(&mut out, &[vec![contestant.name.clone()], calls.to_vec(), rest.to_vec()].concat());
        }
        writeln!(
            out,
            "\nCalls: system calls of one operation. Idle: processor time in a second, and resident memory of one connection, at {} \
             connections. Ping: the median round trip beside as many.",
            self.idlers
        )
        .expect("a string takes all");
        out
    }
}

/// Rounds of those workloads that open thousands of connections: what they tell differs by more than chance, and they take long.
const FEW: usize = 3;

/// Of a process, beside its connections.
const FILES: usize = 200;

const NOT_MEASURED: &str = "not measured";

/// Whose system calls are of interest.
const COUNTED: [Workload; 3] = [Workload::Echo, Workload::Churn, Workload::Fetch];

/// By workload and contestant.
#[derive(Default)]
struct Seen {
    /// In the order of the rounds.
    measured: HashMap<(&'static str, usize), Vec<Measured>>,
    calls: HashMap<(&'static str, usize), f64>,
}

impl Seen {
    fn of(&self, workload: &'static str, one: usize, figure: impl Fn(&Measured) -> f64) -> Vec<f64> {
        self.measured.get(&(workload, one)).map_or(Vec::new(), |rounds| rounds.iter().map(figure).collect())
    }

    fn ratio(&self, workload: &'static str, one: usize) -> String {
        let (own, first) = (self.of(workload, one, Measured::each), self.of(workload, 0, Measured::each));
        let Quartiles { lower, middle, upper } = Quartiles::of(own.iter().zip(&first).map(|(own, first)| own / first).collect());
        if one == 0 { "1.00".to_owned() } else { format!("{middle:.2} ({lower:.2}–{upper:.2})") }
    }
}

struct Quartiles {
    lower: f64,
    middle: f64,
    upper: f64,
}

impl Quartiles {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * values.len().saturating_sub(1) as f64;
            let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Self { lower: at(0.25), middle: at(0.5), upper: at(0.75) }
    }
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Where this is measured, and how busy that is at the beginning.
fn machine(processors: usize) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| Some(line.strip_prefix("model name")?.trim_start_matches([' ', '\t', ':']).to_owned()));
    let load = read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ");
    format!(
        "{} {} {}, {processors} of {cores} processors ({}), load {load}",
        std::env::consts::OS,
        read("/proc/sys/kernel/osrelease").trim(),
        std::env::consts::ARCH,
        model.as_deref().unwrap_or("unknown")
    )
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).expect("somebody reads what this prints");
}
