//! Do the hot paths cost more than they did? Counted are allocations and instructions, which are the same on a busy machine.
//!
//! ```text
//! benches/guard/run            compares with benches/guard/baseline: fails where something is more than 5 % above it
//! benches/guard/run --write    writes the baseline anew, where more is meant or less was reached
//! ```
//!
//! Allocations are counted on the thread of the path, growing included, and are the same each time. Instructions are counted by valgrind where it is installed, and
//! compared with a baseline of the same compiler, C library and width of vectors only; else they are said to be NOT checked. Each is the
//! difference of a run with three rounds and one with a single round, so that what comes before does not count. What still varies are the
//! seeds of hash tables: a few instructions in a thousand.

mod baseline;
mod paths;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use baseline::{Baseline, Cost};
use paths::{PATHS, Prepare};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let started = Instant::now();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(),
        ["--write"] => write(),
        ["rounds", name, rounds] => return run(name, rounds),
        _ => {
            eprintln!("error: unknown arguments\nhint: none, or --write");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => {
            println!("took {} s", started.elapsed().as_secs());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), String> {
    let known = Baseline::read()
        .map_err(|error| format!("the baseline cannot be read: {error}\nhint: benches/guard/run --write makes it; git has the old one"))?;
    let here = made_by();
    let unchecked = match (counter(), known.made_by == here) {
        (false, _) => Some("valgrind is not installed (apt-get install valgrind)".to_owned()),
        (true, false) => Some(format!("the baseline is of {}, this is {here}", known.made_by)),
        (true, true) => None,
    };
    let begun = Instant::now();
    let (mut findings, mut lower, mut late) = (Vec::new(), Vec::new(), Vec::new());
    println!("{:16} {:>20} {:>22} {:>24}", "", "allocations", "bytes", "instructions");
    for (name, prepare) in PATHS {
        let is_in_time = begun.elapsed() < LONGEST;
        late.extend((unchecked.is_none() && !is_in_time).then_some(*name));
        let now = cost(name, *prepare, unchecked.is_none() && is_in_time)?;
        let Some(then) = known.costs.get(*name) else {
            findings.push(format!("{name} is not in the baseline"));
            continue;
        };
        println!("{name:16} {}", now.beside(then));
        findings.extend(now.worse_than(then).into_iter().map(|what| format!("{name}: {what}")));
        // The other way round: what was is more than may be beside what is.
        lower.extend((!then.worse_than(&now).is_empty()).then_some(*name));
    }
    let gone = known.costs.keys().filter(|name| PATHS.iter().all(|(path, _)| path != name));
    findings.extend(gone.map(|name| format!("{name} is in the baseline and no path any more")));
    if let Some(why) = unchecked {
        println!("instructions were NOT checked: {why}");
    }
    if !late.is_empty() {
        println!("instructions were NOT checked of {}: {} s were over, the machine is busy", late.join(", "), LONGEST.as_secs());
    }
    if !lower.is_empty() {
        println!("more than 5 % below the baseline: {} (benches/guard/run --write holds them to it)", lower.join(", "));
    }
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!(
        "more than 5 % above the baseline: {}\nhint: if it is meant, say why in the commit and run benches/guard/run --write",
        findings.join("; ")
    ))
}

/// After this no more instructions are counted: alone on the machine it takes a tenth of it.
const LONGEST: Duration = Duration::from_secs(120);

fn write() -> Result<(), String> {
    if !counter() {
        return Err("valgrind counts the instructions of the baseline, and is not installed\nhint: apt-get install valgrind".to_owned());
    }
    let costs = PATHS.iter().map(|(name, prepare)| Ok(((*name).to_owned(), cost(name, *prepare, true)?)));
    let costs = costs.collect::<Result<_, String>>()?;
    (Baseline { made_by: made_by(), costs }).write().map_err(|error| format!("the baseline cannot be written: {error}"))
}

/// So many rounds of a path, for whoever counts from outside.
fn run(name: &str, rounds: &str) -> ExitCode {
    let (Some((_, prepare)), Ok(rounds)) = (PATHS.iter().find(|(known, _)| *known == name), rounds.parse::<u32>()) else {
        return ExitCode::from(2);
    };
    let mut round = prepare();
    (0..rounds).for_each(|_| round());
    ExitCode::SUCCESS
}

fn cost(name: &str, prepare: Prepare, counts: bool) -> Result<Cost, String> {
    let mut round = prepare();
    // What is made once is made before.
    round();
    let mut cost = allocated(&mut round);
    if counts {
        let (three, one) = (instructions(name, 3)?, instructions(name, 1)?);
        cost.instructions = Some(three.saturating_sub(one) / 2);
    }
    Ok(cost)
}

/// Without instructions.
fn allocated(round: &mut dyn FnMut()) -> Cost {
    let allocated = allocation_counter::measure(round);
    Cost { allocations: allocated.count_total, bytes: allocated.bytes_total, instructions: None }
}

fn counter() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Of a process that does so many rounds.
fn instructions(name: &str, rounds: u32) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| format!("where this program is cannot be told: {error}"))?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    // From where on the C library copies by `rep movsb` is another length for each processor.
    valgrind.env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-ERMS,-FSRM");
    let output = valgrind.arg(program).args(["rounds", name, &rounds.to_string()]).output();
    let output = output.map_err(|error| format!("valgrind cannot be run: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{name} fails under valgrind: {}", told.trim()));
    }
    refs(&told).ok_or_else(|| format!("valgrind tells no instructions of {name}: {}", told.trim()))
}

/// The number in "==123== I   refs:      1,234,567".
fn refs(told: &str) -> Option<u64> {
    let line = told.lines().find(|line| line.contains("refs:"))?;
    line.rsplit_once(':')?.1.trim().replace(',', "").parse().ok()
}

/// What instructions depend on beside the code: the compiler, the C library with its allocator, and how wide vectors may be.
fn made_by() -> String {
    let told = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    };
    let rustc = told("rustc", "-vV");
    let of = |name: &str| rustc.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown").trim().to_owned();
    let library = told("getconf", "GNU_LIBC_VERSION");
    let library = if library.trim().is_empty() { "another C library" } else { library.trim() };
    format!("rustc {} for {}, {library}, {}", of("release:"), of("host:"), vectors())
}

#[cfg(target_arch = "x86_64")]
fn vectors() -> &'static str {
    if std::arch::is_x86_feature_detected!("avx2") { "avx2" } else { "sse2" }
}

#[cfg(not(target_arch = "x86_64"))]
fn vectors() -> &'static str {
    std::env::consts::ARCH
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn a_copy_that_is_put_into_a_path_is_seen() {
        let (_, prepare) = PATHS.iter().find(|(name, _)| *name == "chunk").unwrap();
        let mut round = prepare();
        round();
        let then = allocated(&mut round);
        assert!(then.allocations > 100 && then.bytes > 10_000, "{then:?}");
        assert!(allocated(&mut round).worse_than(&then).is_empty());
        let documents = paths::documents();
        let copied = allocated(&mut || {
            round();
            drop(black_box(documents.clone()));
        });
        assert!(!copied.worse_than(&then).is_empty(), "{copied:?} beside {then:?}");
    }

    #[test]
    fn each_path_allocates_the_same_each_time() {
        for (name, prepare) in PATHS {
            let (mut round, mut other) = (prepare(), prepare());
            round();
            other();
            let once = allocated(&mut round);
            let again = [allocated(&mut round), allocated(&mut other)];
            assert_eq!(again, [once.clone(), once], "{name}");
        }
    }

    #[test]
    fn instructions_are_read_from_what_valgrind_tells() {
        assert_eq!(refs("==7== \n==7== I   refs:      1,234,567\n"), Some(1_234_567));
        assert_eq!(refs("==7== I refs:        89\n"), Some(89));
        assert_eq!(refs("==7== I   refs:      many\n"), None);
        assert_eq!(refs("==7== killed\n"), None);
    }
}
