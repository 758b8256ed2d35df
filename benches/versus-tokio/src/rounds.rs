//! The whole benchmark: as the process that was started, as one that it has started to measure, as a far end, or as a server.
//!
//! Each measurement is a process of its own. Rounds are interleaved, the contestants of each in random order, so that whatever else the
//! machine does meets all of them. What was done has to be the same for all that are compared: else there is no figure, and the run fails.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use smolcrawl::reactor::ReactorKind;

use crate::contestants::{Contestant, Threads};
use crate::far::{self, Far, Kind, Place};
use crate::machine::Machine;
use crate::measured::Measured;
use crate::network::{self, Network};
use crate::program::Programs;
use crate::results::{self, Figures, Run, Series};
use crate::support::meter;
use crate::work::{self, Family, Job, Workload};
use crate::{cost, report};

pub fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if variable(far::ON_ONE).is_some() {
        meter::pin(1);
    }
    match words[..] {
        ["measure", job] => say(&measured(job)),
        ["stage", job, kind] => say(&staged(job, kind)),
        ["far", ref words @ ..] => far::serve(words),
        // By `support::peers`, which starts a server of its own.
        ["peer", what] => crate::support::peers::serve(what),
        ["mcp", contestant] => work::serve_mcp(contestant.parse().expect("the parent knows the names")),
        ["rounds"] => Settings::from_variables().run(),
        ["cost", folder] => cost_into(Path::new(folder)),
        ["report", folder] => report::write(&results_folder(), Path::new(folder), None),
        ["report", folder, "--compare", other] => report::write(&results_folder(), Path::new(folder), Some(Path::new(other))),
        ["documents", folder, root] => {
            if let Err(error) = report::write_documents(Path::new(folder), Path::new(root)) {
                eprintln!("error: {error}\nhint: OUT names the folder of a report, which benches/versus-tokio/run writes");
                std::process::exit(1);
            }
        }
        _ => {
            eprintln!("error: what is asked for is not known: {}\nhint: benches/versus-tokio/run --help", arguments.join(" "));
            std::process::exit(2);
        }
    }
}

/// In a process that was started to measure one thing.
fn measured(job: &str) -> String {
    let job: Job = serde_json::from_str(job).expect("the parent writes JSON");
    let workload = work::all().into_iter().find(|workload| workload.name == job.workload).expect("the parent knows the workloads");
    meter::open_files();
    let contestant = job.contestant.parse().expect("the parent knows the contestants");
    serde_json::to_string(&workload.measure(contestant, &job)).expect("a measurement has a JSON form")
}

fn cost_into(folder: &Path) {
    let told = (Machine::here(""), cost::measure(folder));
    results::write(&results::file(&results_folder(), "cost"), &told);
}

/// `VERSUS_RESULTS`, which `run` sets.
fn results_folder() -> PathBuf {
    let folder = PathBuf::from(variable("VERSUS_RESULTS").unwrap_or_else(|| "results".to_owned()));
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What is measured how often.
struct Settings {
    /// Names of workloads or families; none is all of them.
    named: Option<Vec<String>>,
    contestants: Option<Vec<Contestant>>,
    rounds: usize,
    /// Nobody has said how many rounds there are: each family stops when its time is over.
    is_bounded: bool,
    is_quick: bool,
    /// Families that have figures are left as they are.
    resumes: bool,
    site: Option<String>,
    programs: Programs,
    results: PathBuf,
    /// The program that counts allocations.
    counted: Option<PathBuf>,
    /// Reactors that this system does not let start.
    missing: Vec<Contestant>,
}

impl Settings {
    /// `WORKLOADS`, `CONTESTANTS`, `ROUNDS`, `QUICK`, `RESUME` and `SITE` say what to do; the default is all of it, ten times, or as often as there is time for.
    fn from_variables() -> Self {
        let list = |name: &str| variable(name).map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>());
        let is_quick = variable("QUICK").is_some();
        let known = |name: &String| name.parse::<Contestant>().unwrap_or_else(|error| refuse("CONTESTANTS", &error));
        let named = list("WORKLOADS");
        let all = work::all();
        for name in named.iter().flatten() {
            if !all.iter().any(|workload| is_named(workload, name)) {
                refuse("WORKLOADS", &format!("no workload and no family is called {name}"));
            }
        }
        let rounds =
            variable("ROUNDS").map(|rounds| rounds.parse().unwrap_or_else(|_| refuse("ROUNDS", &format!("not a number: {rounds}"))));
        let this = std::env::current_exe().expect("this program knows where it is");
        Self {
            named,
            contestants: list("CONTESTANTS").map(|names| names.iter().map(known).collect()),
            is_bounded: rounds.is_none(),
            rounds: rounds.unwrap_or(if is_quick { 1 } else { 10 }).max(1),
            is_quick,
            resumes: variable("RESUME").is_some(),
            site: variable("SITE"),
            programs: Programs::from_variables(),
            results: results_folder(),
            counted: Some(this.with_file_name("counted")).filter(|path| path.is_file()),
            missing: Contestant::all().into_iter().filter(is_missing).collect(),
        }
    }

    fn run(&self) {
        let all = work::all();
        let known = Run::read(&self.results);
        for family in Family::ALL {
            let is_asked = |workload: &&Workload| {
                let named = self.named.as_ref();
                let is_in_time = !self.is_quick || named.is_some() || workload.is_in_quick;
                workload.family == family && is_in_time && named.is_none_or(|names| names.iter().any(|name| is_named(workload, name)))
            };
            let workloads: Vec<&Workload> = all.iter().filter(is_asked).collect();
            let is_known = known.families.get(&family).is_some_and(|figures| figures.is_quick == self.is_quick);
            if workloads.is_empty() || (self.resumes && is_known) {
                continue;
            }
            let figures = self.figures(family, &workloads);
            results::write(&results::file(&self.results, &family.to_string()), &figures);
        }
    }

    fn figures(&self, family: Family, workloads: &[&Workload]) -> Figures {
        let (machine, begun) = (Machine::here(Network::here().told()), Instant::now());
        let mut table: HashMap<&str, results::Workload> = HashMap::new();
        let mut stage = Stage::new(self);
        for round in 0..self.rounds {
            let late = self.is_bounded && begun.elapsed() > Duration::from_secs(family.budget()) && round >= FEWEST;
            if late {
                eprintln!("{family}: {round} rounds, as the time is over");
                break;
            }
            eprintln!("{family}: round {} of {}", round + 1, self.rounds);
            // A workload at a time: what is compared is measured close together.
            for workload in workloads.iter().filter(|workload| round < workload.rounds) {
                let mut contestants = self.contestants_of(workload);
                // What takes ten times as long is told by one.
                contestants.retain(|one| round == 0 || *one != Contestant::Python);
                contestants.sort_by_cached_key(|_| random());
                for contestant in contestants {
                    let measured = stage.measure(workload, contestant, self.size(workload), &[], None);
                    let told = table.entry(&workload.name).or_insert_with(|| results::Workload {
                        name: workload.name.clone(),
                        told: workload.told.clone(),
                        ..results::Workload::default()
                    });
                    if let Err(error) = keep(told, contestant, &measured) {
                        eprintln!(
                            "error: {}: {error}\nhint: a figure counts only for equal work: the contestants are to be mended",
                            workload.name
                        );
                        std::process::exit(1);
                    }
                }
            }
        }
        for workload in workloads {
            for contestant in self.contestants_of(workload) {
                let told = table.get_mut(&*workload.name).and_then(|told| told.contestants.get_mut(&contestant.to_string()));
                if let Some(series) = told {
                    self.count(&mut stage, workload, contestant, series);
                }
            }
        }
        let workloads = workloads.iter().filter_map(|workload| table.remove(&*workload.name)).collect();
        Figures { machine, took: begun.elapsed().as_secs(), is_quick: self.is_quick, workloads }
    }

    /// What is the same each time is counted once: allocations, and system calls.
    fn count(&self, stage: &mut Stage<'_>, workload: &Workload, contestant: Contestant, series: &mut Series) {
        let is_in_process = !matches!(contestant, Contestant::Program | Contestant::Spider | Contestant::Python);
        // A server of MCP is another process than the one that would count.
        let is_wanted = is_in_process && workload.family != Family::Mcp && (!self.is_quick || workload.is_traced);
        if let Some(counted) = self.counted.as_deref().filter(|_| is_wanted) {
            let measured = stage.measure(workload, contestant, self.size(workload), &[], Some(counted));
            let each = |value: u64| value as f64 / measured.operations.max(1) as f64;
            series.allocations = measured.allocations.map(|allocations| (each(allocations.count), each(allocations.bytes)));
        }
        if workload.is_traced && !self.is_quick {
            series.calls = stage.system_calls(workload, contestant);
        }
    }

    fn contestants_of(&self, workload: &Workload) -> Vec<Contestant> {
        let all = workload.contestants(&self.programs);
        // In the quick form what takes long is run by one of each kind.
        let few = [Contestant::Ours(ReactorKind::Selector), Contestant::A(Threads::One), Contestant::B(Threads::One)];
        let is_short = !self.is_quick || workload.rounds >= 10;
        let all = all.into_iter().filter(|one| !self.missing.contains(one));
        let is_asked = |one: &Contestant| match &self.contestants {
            Some(named) => named.contains(one),
            None => is_short || few.contains(one),
        };
        all.filter(is_asked).collect()
    }

    fn size(&self, workload: &Workload) -> usize {
        if self.is_quick { workload.quick } else { workload.size }
    }
}

/// A container may forbid `completion`.
fn is_missing(contestant: &Contestant) -> bool {
    let error = contestant.cannot_start();
    if let Some(error) = &error {
        eprintln!("{contestant} is NOT measured: {error}");
    }
    error.is_some()
}

/// A word of `WORKLOADS` is a workload or a family.
fn is_named(workload: &Workload, name: &str) -> bool {
    workload.name == name || workload.family.to_string() == name
}

fn refuse(variable: &str, why: &str) -> ! {
    eprintln!("error: {variable}: {why}\nhint: benches/versus-tokio/run --help");
    std::process::exit(2);
}

/// Adds a measurement, if what was done is what the others did.
fn keep(told: &mut results::Workload, contestant: Contestant, measured: &Measured) -> Result<(), String> {
    let series = told.contestants.entry(contestant.to_string()).or_default();
    // Those that users have crawl and write in their own way: what they did is told beside.
    if measured.work.starts_with(IN_ITS_OWN_WAY) {
        series.work.clone_from(&measured.work);
    } else if told.work.is_empty() {
        told.work.clone_from(&measured.work);
    } else if told.work != measured.work {
        return Err(format!("{contestant} did not do what the others did: {} in place of {}", measured.work, told.work));
    }
    series.add(measured);
    Ok(())
}

/// `as spider does it`: what they say who are compared with none.
const IN_ITS_OWN_WAY: &str = "as ";

/// What measurements need around them: far ends.
struct Stage<'a> {
    settings: &'a Settings,
    network: Network,
    /// A site is made once: it takes a second.
    sites: HashMap<Kind, Far>,
}

impl<'a> Stage<'a> {
    fn new(settings: &'a Settings) -> Self {
        Self { settings, network: Network::here(), sites: HashMap::new() }
    }

    /// One measurement in a process of its own, behind the words of `wrapper`, by this program or another.
    fn measure(&mut self, workload: &Workload, contestant: Contestant, size: usize, wrapper: &[&str], program: Option<&Path>) -> Measured {
        let is_on_one = workload.is_on_one_processor();
        let mut job = Job {
            workload: workload.name.clone(),
            contestant: contestant.to_string(),
            size: self.idlers(workload, size),
            idlers: self.idlers(workload, if self.settings.is_quick { IDLERS / 20 } else { IDLERS }),
            far: None,
            vectors: None,
            site: self.settings.site.clone().filter(|_| workload.crawls_a_given_site()),
            programs: self.settings.programs.clone(),
        };
        let network = workload.network();
        let kind = workload.far(self.settings.is_quick).filter(|_| job.site.is_none());
        if let (Some((round_trip, lost)), Some(kind), Network::Netem) = (network, &kind, self.network) {
            let words = network::words(round_trip, lost);
            return run(&job, is_on_one, &[wrapper, &words.iter().map(String::as_str).collect::<Vec<_>>()].concat(), program, Some(kind));
        }
        // They end with this call, but for the site.
        let mut ends = Vec::new();
        job.far = kind.map(|kind| match kind {
            Kind::Site { .. } => self.sites.entry(kind).or_insert_with_key(|kind| Far::start(kind, false)).place.clone(),
            kind => started(&mut ends, &kind, is_on_one),
        });
        if let (Some((round_trip, late)), Some(place)) = (network, &mut job.far) {
            place.addr = started(&mut ends, &Kind::Delay { to: place.addr, round_trip, late }, is_on_one).addr;
        }
        job.vectors = workload.beside().map(|kind| started(&mut ends, &kind, is_on_one).addr);
        run(&job, is_on_one, wrapper, program, None)
    }

    /// As many connections as a process may have, where the workload is about many.
    fn idlers(&self, workload: &Workload, wanted: usize) -> usize {
        if workload.name != "idle" && workload.name != "ping" || wanted < FILES {
            return wanted;
        }
        wanted.min(meter::open_files().saturating_sub(FILES))
    }

    /// System calls of one operation: the difference of two runs, so that what is done once does not count.
    /// None where strace(1) is not to be had.
    fn system_calls(&mut self, workload: &Workload, contestant: Contestant) -> Option<f64> {
        let mut calls = |size: usize| {
            let file = std::env::temp_dir().join(format!("versus-tokio-{}", std::process::id()));
            let name = file.to_str()?;
            Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().ok().filter(|status| status.success())?;
            let measured = self.measure(workload, contestant, size, &["strace", "-f", "-c", "-o", name], None);
            let told = std::fs::read_to_string(&file).ok()?;
            std::fs::remove_file(&file).ok()?;
            // % time, seconds, usecs/call, calls, errors (may be missing), name.
            let total = told.lines().find(|line| line.ends_with("total"))?;
            Some((total.split_whitespace().nth(3)?.parse::<f64>().ok()?, measured.operations))
        };
        let size = workload.size / 20;
        let ((few, small), (many, large)) = (calls(size)?, calls(size * 2)?);
        Some((many - few) / (large - small) as f64)
    }
}

fn started(ends: &mut Vec<Far>, kind: &Kind, is_on_one: bool) -> Place {
    let far = Far::start(kind, is_on_one);
    let place = far.place.clone();
    ends.push(far);
    place
}

/// In a process that is in a network of its own, in which nobody else listens: the far end is started there.
fn staged(job: &str, kind: &str) -> String {
    let mut job: Job = serde_json::from_str(job).expect("the parent writes JSON");
    let words: Vec<&str> = kind.split(' ').collect();
    let far = Far::start_by(&words, false);
    job.far = Some(far.place.clone());
    let measured = run(&job, false, &[], None, None);
    serde_json::to_string(&measured).expect("a measurement has a JSON form")
}

/// By this program or another, behind the words of `wrapper`; with the far end, if it is to be started there.
fn run(job: &Job, is_on_one: bool, wrapper: &[&str], program: Option<&Path>, kind: Option<&Kind>) -> Measured {
    let this = program.map_or_else(|| std::env::current_exe().expect("this program knows where it is"), Path::to_path_buf);
    let mut command = match wrapper {
        [] => Command::new(this),
        [wrapper, rest @ ..] => {
            let mut command = Command::new(wrapper);
            command.args(rest).arg(this);
            command
        }
    };
    command.arg(if kind.is_some() { "stage" } else { "measure" }).arg(serde_json::to_string(job).expect("a job has a JSON form"));
    command.args(kind.map(|kind| kind.words().join(" ")));
    if is_on_one {
        command.env(far::ON_ONE, "1");
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().expect("a process can be started");
    assert!(output.status.success(), "{} failed in {}: {}", job.contestant, job.workload, output.status);
    let told = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(told.trim()).unwrap_or_else(|error| panic!("{} in {}: {error}: {told:?}", job.contestant, job.workload))
}

/// Rounds that are measured however long they take.
const FEWEST: usize = 3;
/// Connections at rest.
const IDLERS: usize = 10_000;
/// Of a process, beside its connections.
const FILES: usize = 200;

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{text}").and_then(|()| out.flush()).expect("somebody reads what this prints");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_work_counts() {
        let did = |work: &str| Measured { work: work.to_owned(), operations: 2, cpu: 10.0, wall: 20.0, ..Measured::default() };
        let (selector, by_hand) = (Contestant::Ours(ReactorKind::Selector), Contestant::B(Threads::One));
        let mut told = results::Workload::default();
        keep(&mut told, selector, &did("2 pages, 10 bytes")).unwrap();
        keep(&mut told, by_hand, &did("2 pages, 10 bytes")).unwrap();
        keep(&mut told, Contestant::Spider, &did("as spider does it")).unwrap();
        assert_eq!(told.contestants["b1"].cpu, [5.0]);
        let refused = keep(&mut told, by_hand, &did("2 pages, 9 bytes")).unwrap_err();
        assert_eq!(refused, "b1 did not do what the others did: 2 pages, 9 bytes in place of 2 pages, 10 bytes");
        assert_eq!(told.contestants["b1"].cpu, [5.0], "what was not the same is no figure");
    }
}
