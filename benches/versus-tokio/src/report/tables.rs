//! The report in words and tables.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Figure, RIVALS, best, families, goals, in_order, ratio, workload};
use crate::contestants::Contestant;
use crate::results::{Figures, Quartiles, Run, Series, Workload};
use crate::work::Family;

pub fn report(run: &Run, other: Option<&Run>) -> String {
    let mut out = String::from("# smolcrawl beside Tokio\n\n");
    let is_quick = run.families.values().any(|figures| figures.is_quick);
    if is_quick {
        out.push_str("**The quick form: it says that all of it runs. The figures mean nothing.**\n\n");
    }
    out.push_str(HEAD);
    for contestant in Contestant::all() {
        line(&mut out, &[format!("`{contestant}`"), contestant.told()]);
    }
    out.push_str("\n## Goals\n\nProcessor time where nothing else is said, as a multiple of the best of A and B in the same run: the median (and the quartiles).\n\n");
    out.push_str(&goals::table(run, other));
    out.push_str("\n![goals](goals.svg)\n");
    for (family, figures) in families(run) {
        of_family(&mut out, family, figures, other);
    }
    if let Some((machine, costs)) = &run.cost {
        out.push_str("\n## What it takes to have it\n\n| | | crates | clean build, s | of processor time, s | stripped, MiB | start, ms |\n|---|---|---|---|---|---|---|\n");
        for cost in costs {
            let or_none = |value: Option<f64>, digits: usize| value.map_or_else(String::new, |value| format!("{value:.digits$}"));
            line(
                &mut out,
                &[
                    format!("`{}`", cost.name),
                    cost.told.clone(),
                    or_none(cost.crates.map(|crates| crates as f64), 0),
                    or_none(cost.built.map(|built| built.0), 0),
                    or_none(cost.built.map(|built| built.1), 0),
                    or_none(cost.size.map(|size| size as f64 / f64::from(1 << 20)), 1),
                    or_none(cost.start, 1),
                ],
            );
        }
        writeln!(out, "\n{}\n\n{COST}", machine.told()).expect("a string takes all");
    }
    out
}

fn of_family(out: &mut String, family: Family, figures: &Figures, other: Option<&Run>) {
    let rounds = figures.workloads.iter().flat_map(|workload| workload.contestants.values()).map(|series| series.cpu.len());
    let rounds: BTreeSet<usize> = rounds.collect();
    let told = rounds.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    writeln!(out, "\n## {}\n\n{}; rounds: {told}; it took {} s", family.title(), figures.machine.told(), figures.took).expect(ALL);
    if family == Family::Fetch {
        writeln!(out, "\nNetworks that are slower than loopback: {}.", figures.machine.network).expect(ALL);
    }
    out.push('\n');
    for workload in &figures.workloads {
        writeln!(out, "- `{}`: {} ({})", workload.name, workload.told, workload.work).expect(ALL);
    }
    writeln!(out, "\n![processor time]({family}.svg)\n\nProcessor time of one operation, as a multiple of the best of A and B:\n")
        .expect(ALL);
    let names: Vec<String> = {
        let there: BTreeSet<&str> = figures.workloads.iter().flat_map(in_order).collect();
        Contestant::all().into_iter().map(|one| one.to_string()).filter(|name| there.contains(&**name)).collect()
    };
    head(out, &names, "best of A and B");
    for own in &figures.workloads {
        let to = best(own, Figure::Cpu, &RIVALS);
        let cells = names.iter().map(|name| to.and_then(|to| ratio(own, Figure::Cpu, name, to)).map_or_else(String::new, ratio_told));
        let each = to.and_then(|to| Quartiles::of(&own.contestants[to].cpu)).map_or_else(String::new, |each| time(each.middle));
        line(out, &[vec![format!("`{}`", own.name)], cells.collect(), vec![format!("{each} ({})", to.unwrap_or("none"))]].concat());
        if let Some(there) = other.and_then(|other| workload(other, &own.name)) {
            let to = best(there, Figure::Cpu, &RIVALS);
            let cells = names.iter().map(|name| to.and_then(|to| ratio(there, Figure::Cpu, name, to)).map_or_else(String::new, ratio_told));
            line(out, &[vec![format!("`{}`, there", own.name)], cells.collect(), vec![to.unwrap_or("none").to_owned()]].concat());
        }
    }
    let middle =
        |values: &[f64], told: fn(f64) -> String| Quartiles::of(values).map_or_else(String::new, |quartiles| told(quartiles.middle));
    let counted = |value: Option<f64>| value.map_or_else(String::new, number);
    let table = |out: &mut String, title: &str, cell: &dyn Fn(&Series) -> String| {
        one_table(out, title, &names, &figures.workloads, cell);
    };
    table(out, "Processor time of one operation", &|series| middle(&series.cpu, time));
    table(out, "Time of one operation", &|series| middle(&series.wall, time));
    table(out, "Most memory, MiB", &|series| middle(&series.peak, mebibytes));
    table(out, "Median of single ones", &|series| middle(&series.latency, time));
    match family {
        Family::Reactor => table(out, "Memory of one connection at rest, bytes", &|series| middle(&series.resting, number)),
        _ => table(out, "Memory at rest, MiB", &|series| middle(&series.resting, mebibytes)),
    }
    table(out, "System calls of one operation", &|series| counted(series.calls));
    table(out, "Allocations of one operation", &|series| counted(series.allocations.map(|(count, _)| count)));
    table(out, "Allocated by one operation, bytes", &|series| counted(series.allocations.map(|(_, bytes)| bytes)));
    let beside: BTreeSet<&String> =
        figures.workloads.iter().flat_map(|workload| workload.contestants.values()).flat_map(|series| series.beside.keys()).collect();
    for name in beside {
        table(out, name, &|series| counted(series.beside.get(name).copied()));
    }
}

/// Without lines and without a table of which nothing is known.
fn one_table(out: &mut String, title: &str, names: &[String], workloads: &[Workload], cell: &dyn Fn(&Series) -> String) {
    let cells = |workload: &Workload| -> Vec<String> {
        names.iter().map(|name| workload.contestants.get(name).map_or_else(String::new, cell)).collect()
    };
    let known: Vec<_> = workloads.iter().map(|workload| (workload, cells(workload))).filter(|(_, cells)| cells.concat() != "").collect();
    if known.is_empty() {
        return;
    }
    writeln!(out, "\n{title}:\n").expect(ALL);
    head(out, names, "");
    for (workload, cells) in known {
        line(out, &[vec![format!("`{}`", workload.name)], cells, vec![String::new()]].concat());
    }
}

fn head(out: &mut String, names: &[String], last: &str) {
    line(out, &[vec![String::new()], names.iter().map(|name| format!("`{name}`")).collect(), vec![last.to_owned()]].concat());
    writeln!(out, "|---|{}", "---|".repeat(names.len() + 1)).expect(ALL);
}

fn line(out: &mut String, cells: &[String]) {
    writeln!(out, "| {} |", cells.join(" | ")).expect(ALL);
}

fn ratio_told(Quartiles { lower, middle, upper }: Quartiles) -> String {
    format!("{middle:.2} ({lower:.2}–{upper:.2})")
}

/// Nanoseconds, as a time.
fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        ..1e9 => format!("{:.2} ms", nanoseconds / 1e6),
        _ => format!("{:.2} s", nanoseconds / 1e9),
    }
}

fn mebibytes(bytes: f64) -> String {
    format!("{:.1}", bytes / f64::from(1 << 20))
}

fn number(value: f64) -> String {
    if value >= 100.0 || value == value.round() { format!("{value:.0}") } else { format!("{value:.2}") }
}

const ALL: &str = "a string takes all";

const HEAD: &str = "Written by `benches/versus-tokio/run`; all figures are in [run.json](run.json). Each measurement is a process of its \
own, as are the far ends, which are not measured. Rounds are interleaved, in random order. A figure counts only if what was done is the \
same: pages, bytes, chunks, errors; bodies are read to their end. All are compiled alike (release, thin LTO), have the system's \
allocator, ring for TLS, the same time limits, and pools and concurrency of the same size. All but crawls are held to one processor.

| | |
|---|---|
";

const COST: &str = "`theirs` has the crates of this library's HTTP client and reactors in its tree, as it uses its extraction and store, \
and they are one crate; its program has not, as the linker leaves out what is not called.";
