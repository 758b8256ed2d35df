//! What README and the topic about benchmarks show of the committed report: a paragraph and a table, written into them by
//! `run --documents`, so that they say what was measured. What stands around them is written by hand.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::{Figure, RIVALS, best, ratio, workload};
use crate::results::{Quartiles, Run};

/// A document, and what it shows.
struct Shown {
    /// From the root of the repository.
    file: &'static str,
    /// Characters of a line.
    width: usize,
    rows: &'static [(&'static str, &'static str)],
    columns: &'static [Column],
}

/// Its head, and of whom it is: the best of several.
type Column = (&'static str, &'static [&'static str]);

const DOCUMENTS: [Shown; 2] = [
    Shown { file: "README.md", width: 150, rows: &FEW, columns: &[SELECTOR, EDGE, PROGRAM, A, B, SPIDER] },
    Shown {
        file: "src/docs/benchmarks.md",
        width: 95,
        rows: &ALL,
        columns: &[SELECTOR, EDGE, POLL, COMPLETION, PROGRAM, A, B, SPIDER, PYTHON],
    },
];

/// The words with which the paragraph begins, by which it is found.
const BEGINNING: &str = "The committed run is of ";
/// And those of the one after the table.
const END: &str = "More than the best of A and B ";

const SELECTOR: Column = ("`selector`", &["selector"]);
const EDGE: Column = ("`edge`", &["edge"]);
const POLL: Column = ("`poll`", &["poll"]);
const COMPLETION: Column = ("`completion`", &["completion"]);
const PROGRAM: Column = ("program", &["smolcrawl"]);
const A: Column = ("A", &["a1", "a2"]);
const B: Column = ("B", &["b1", "b2"]);
const SPIDER: Column = ("spider", &["spider"]);
const PYTHON: Column = ("Python", &["python"]);

/// What an operation is, and the name of the workload.
const FEW: [(&str, &str); 9] = [
    ("round trip of 64 bytes", "echo"),
    ("connect, ask, be answered, close", "churn"),
    ("timer that fires", "timers"),
    ("page of 20 KB, 64 at once", "fetch-20k-64"),
    ("the same, 20 ms away", "fetch-20k-64-20ms"),
    ("page of a crawl, links only", "crawl-links"),
    ("page stored, searchable by words", "crawl-words"),
    ("MCP: ping", "mcp-ping"),
    ("text to an embeddings service", "vectors"),
];

const ALL: [(&str, &str); 18] = [
    ("round trip of 64 bytes", "echo"),
    ("connect, ask, be answered, close", "churn"),
    ("timer that fires", "timers"),
    ("time limit that does not", "timeouts"),
    ("task spawned and joined", "spawn"),
    ("round trip to another thread", "wakes"),
    ("page of 20 KB, 64 at once", "fetch-20k-64"),
    ("the same over TLS", "fetch-20k-64-tls"),
    ("a connection for each, 16 at once", "fetch-20k-16-close"),
    ("64 at once, 20 ms away", "fetch-20k-64-20ms"),
    ("page of a crawl, links only", "crawl-links"),
    ("page stored, searchable by words", "crawl-words"),
    ("the same, with vectors", "crawl-vectors"),
    ("MCP: ping", "mcp-ping"),
    ("MCP: call of a tool", "mcp-call"),
    ("MCP: start to the first answer", "mcp-start"),
    ("text to an embeddings service", "vectors"),
    ("answer followed by a reset", "resets"),
];

/// Writes into the documents below `root` what the report in `folder` has.
pub fn write(folder: &Path, root: &Path) -> Result<(), String> {
    let run = Run::open(&folder.join("run.json"))?;
    if run.families.values().any(|figures| figures.is_quick) {
        return Err("the figures of the quick form mean nothing: no document shows them".to_owned());
    }
    for shown in &DOCUMENTS {
        let file = root.join(shown.file);
        let at = |error: std::io::Error| format!("{}: {error}", file.display());
        let text = std::fs::read_to_string(&file).map_err(at)?;
        std::fs::write(&file, shown.renewed(&text, &run)?).map_err(at)?;
        eprintln!("written: {}", file.display());
    }
    Ok(())
}

impl Shown {
    /// The document with what this run measured in the place of what it showed.
    fn renewed(&self, text: &str, run: &Run) -> Result<String, String> {
        let missing = |what: &str| format!("{} has no line that begins with {what:?}", self.file);
        let line = |from: usize, beginning: &str| {
            let found = text[from..].match_indices(beginning).map(|(at, _)| from + at);
            found.into_iter().find(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n').ok_or_else(|| missing(beginning))
        };
        let begins = line(0, BEGINNING)?;
        let last = line(begins, END)?;
        let ends = text[last..].find("\n\n").map_or(text.len(), |at| last + at);
        Ok(format!("{}{}{}", &text[..begins], self.block(run), &text[ends..]))
    }

    fn block(&self, run: &Run) -> String {
        let known: Vec<&Column> =
            self.columns.iter().filter(|column| self.rows.iter().any(|row| cell(run, row.1, column).is_some())).collect();
        let heads: Vec<&str> = known.iter().map(|column| column.0).collect();
        let mut table = format!("| | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
        for (told, name) in self.rows {
            let cells: Vec<String> =
                known.iter().map(|column| cell(run, name, column).map_or_else(String::new, |middle| format!("{middle:.2}"))).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                writeln!(table, "| {told} | {} |", cells.join(" | ")).expect("a string takes all");
            }
        }
        format!("{}\n\n{table}\n{}", wrapped(&of_what(run), self.width), wrapped(&self.dearer(run), self.width))
    }

    /// Where one of the default reactors takes more than the best of A and B.
    fn dearer(&self, run: &Run) -> String {
        let of = |column: &Column| {
            let rows = self.rows.iter().filter_map(|(told, name)| {
                let middle = cell(run, name, column).filter(|middle| (middle * 100.0).round() > 100.0)?;
                Some(format!("{told} {middle:.2}"))
            });
            let rows: Vec<String> = rows.collect();
            if rows.is_empty() { "nothing".to_owned() } else { rows.join("; ") }
        };
        format!("{END}costs on `edge`: {}. On `selector`: {}.", of(&EDGE), of(&SELECTOR))
    }
}

/// Processor time, to the best of A and B: the median of the ratios within rounds.
fn cell(run: &Run, name: &str, (_, who): &Column) -> Option<f64> {
    let workload = workload(run, name)?;
    let (own, to) = (best(workload, Figure::Cpu, who)?, best(workload, Figure::Cpu, &RIVALS)?);
    ratio(workload, Figure::Cpu, own, to).map(|Quartiles { middle, .. }| middle)
}

/// When and where it was, who took part.
fn of_what(run: &Run) -> String {
    let machines = || run.families.values().map(|figures| &figures.machine);
    let days: BTreeSet<&str> = machines().filter_map(|machine| machine.date.split(' ').next()).collect();
    let commits: BTreeSet<&str> = machines().map(|machine| machine.commit.as_str()).collect();
    let places: BTreeSet<String> = machines().map(|machine| format!("{} processors ({})", machine.processors, machine.processor)).collect();
    let loads: Vec<f64> = machines().filter_map(|machine| machine.load.split(' ').next()?.parse().ok()).collect();
    let (least, most) = (loads.iter().copied().fold(f64::INFINITY, f64::min), loads.iter().copied().fold(0.0, f64::max));
    let series = || run.families.values().flat_map(|figures| &figures.workloads).flat_map(|workload| &workload.contestants);
    let rounds: BTreeSet<usize> = series().filter(|(name, _)| *name != "python").map(|(_, series)| series.cpu.len()).collect();
    let (fewest, all) = (rounds.first().copied().unwrap_or(0), rounds.last().copied().unwrap_or(0));
    let absent = [("smolcrawl", "the program"), ("spider", "spider"), ("python", "Python")];
    let absent: Vec<&str> =
        absent.into_iter().filter(|(name, _)| !series().any(|(there, _)| there == name)).map(|(_, told)| told).collect();
    let absent = if absent.is_empty() { String::new() } else { format!("; NOT measured: {}", absent.join(", ")) };
    format!(
        "{BEGINNING}{}, commit {}, on {} with a load of {least:.1} to {most:.1} before its parts, in {fewest} to {all} rounds{absent}. \
         Processor time of one operation as a multiple of the best of A and B, medians; less is better:",
        joined(&days),
        joined(&commits),
        places.into_iter().collect::<Vec<_>>().join(" and ")
    )
}

fn joined(words: &BTreeSet<&str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(" and ")
}

fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Figures, Series, Workload};
    use crate::work::Family;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    fn run(edge: f64) -> Run {
        let series = |cpu: f64| Series { cpu: vec![cpu; 3], ..Series::default() };
        let contestants = [("edge", edge), ("selector", 3.0), ("a1", 4.0), ("a2", 2.0), ("b1", 2.5)];
        let contestants = contestants.map(|(name, cpu)| (name.to_owned(), series(cpu))).into();
        let workloads = vec![Workload { name: "echo".to_owned(), contestants, ..Workload::default() }];
        let mut figures = Figures { workloads, ..Figures::default() };
        figures.machine.date = "2026-11-29 09:54".to_owned();
        figures.machine.load = "1.25 2 3".to_owned();
        Run { families: [(Family::Reactor, figures)].into(), cost: None }
    }

    #[test]
    fn the_documents_show_the_committed_report() {
        let run = Run::open(&root().join("benches/versus-tokio/report/run.json")).unwrap();
        for shown in &DOCUMENTS {
            let text = std::fs::read_to_string(root().join(shown.file)).unwrap().replace("\r\n", "\n");
            assert_eq!(shown.renewed(&text, &run).unwrap(), text, "benches/versus-tokio/run --documents writes it into {}", shown.file);
        }
    }

    #[test]
    fn a_table_has_who_took_part_and_says_where_we_are_dearer() {
        let block = DOCUMENTS[0].block(&run(1.0));
        assert!(
            block.contains(
                "| | `selector` | `edge` | A | B |\n|---|---|---|---|---|\n| round trip of 64 bytes | 1.50 | 0.50 | 1.00 | 1.25 |\n\n"
            ),
            "{block}"
        );
        assert!(block.ends_with("costs on `edge`: nothing. On `selector`: round trip of 64 bytes 1.50."), "{block}");
        assert!(
            block.starts_with(BEGINNING)
                && block.contains("of 2026-11-29,")
                && block.replace('\n', " ").contains("NOT measured: the program, spider, Python"),
            "{block}"
        );
    }

    #[test]
    fn only_what_is_written_by_a_run_is_replaced() {
        let shown = &DOCUMENTS[0];
        let before = format!("# Head\n\nBy hand.\n\n{}\n\nBy hand, too.\n", shown.block(&run(1.0)));
        let after = shown.renewed(&before, &run(5.0)).unwrap();
        assert_ne!(after, before);
        assert!(after.starts_with("# Head\n\nBy hand.\n\nThe committed") && after.ends_with(".\n\nBy hand, too.\n"), "{after}");
        assert!(after.contains("| 1.50 | 2.50 |") && !after.contains("0.50"), "{after}");
        assert_eq!(shown.renewed(&after, &run(1.0)).unwrap(), before);
        assert!(shown.renewed("# Head\n", &run(1.0)).unwrap_err().contains("README.md has no line"));
    }
}
