//! What each path did cost: a file of lines.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::{fs, io};

/// Of one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    pub allocations: u64,
    pub bytes: u64,
    /// None where nothing counts them.
    pub instructions: Option<u64>,
}

pub struct Baseline {
    /// Compiler, C library and processor, whose instructions they are.
    pub made_by: String,
    /// By the name of the path.
    pub costs: BTreeMap<String, Cost>,
}

impl Cost {
    /// What is more than it may be.
    pub fn worse_than(&self, then: &Self) -> Vec<String> {
        let told = |what: &str, now: u64, then: u64| (now > allowed(then)).then(|| format!("{what} {then} -> {now}"));
        let instructions = self.instructions.zip(then.instructions);
        [
            told("allocations", self.allocations, then.allocations),
            told("bytes", self.bytes, then.bytes),
            instructions.and_then(|(now, then)| told("instructions", now, then)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// As a row, with what it is of what it was.
    pub fn beside(&self, then: &Self) -> String {
        let told = |now: u64, then: u64| format!("{now} {:+.1}%", (now as f64 / then.max(1) as f64 - 1.0) * 100.0);
        let instructions = match (self.instructions, then.instructions) {
            (Some(now), Some(then)) => told(now, then),
            _ => "-".to_owned(),
        };
        format!("{:>20} {:>20} {instructions:>22}", told(self.allocations, then.allocations), told(self.bytes, then.bytes))
    }
}

fn allowed(then: u64) -> u64 {
    then + then / 20
}

impl Baseline {
    fn path() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("baseline")
    }

    pub fn read() -> io::Result<Self> {
        Self::parse(&fs::read_to_string(Self::path())?).ok_or_else(|| io::Error::other("a line is none of name, three numbers"))
    }

    fn parse(text: &str) -> Option<Self> {
        let made_by = text.lines().next()?.strip_prefix("# ")?.to_owned();
        let cost = |line: &str| {
            let mut words = line.rsplitn(4, ' ');
            let mut number = || words.next()?.parse().ok();
            let (instructions, bytes, allocations) = (number()?, number()?, number()?);
            Some((words.next()?.to_owned(), Cost { allocations, bytes, instructions: Some(instructions) }))
        };
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        Some(Self { made_by, costs: lines.map(cost).collect::<Option<_>>()? })
    }

    pub fn write(&self) -> io::Result<()> {
        fs::write(Self::path(), self.text())
    }

    fn text(&self) -> String {
        let mut text = format!("# {}\n# path, allocations, bytes, instructions\n", self.made_by);
        for (name, Cost { allocations, bytes, instructions }) in &self.costs {
            let instructions = instructions.map_or_else(|| "-".to_owned(), |count| count.to_string());
            writeln!(text, "{name} {allocations} {bytes} {instructions}").expect("a string takes all");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(allocations: u64, instructions: Option<u64>) -> Cost {
        Cost { allocations, bytes: 1_000, instructions }
    }

    #[test]
    fn five_percent_more_is_allowed_and_no_more() {
        let then = cost(100, Some(1_000));
        assert!(cost(105, Some(1_050)).worse_than(&then).is_empty());
        assert_eq!(cost(106, Some(900)).worse_than(&then), ["allocations 100 -> 106"]);
        assert_eq!(cost(90, Some(1_051)).worse_than(&then), ["instructions 1000 -> 1051"]);
        assert!(cost(100, None).worse_than(&then).is_empty());
        assert_eq!(Cost { bytes: 1_051, ..then.clone() }.worse_than(&then), ["bytes 1000 -> 1051"]);
    }

    #[test]
    fn what_is_written_is_read() {
        let costs = BTreeMap::from([("a path".to_owned(), cost(7, Some(9))), ("b".to_owned(), cost(8, Some(1)))]);
        let written = Baseline { made_by: "rustc 1.95.0 for x".to_owned(), costs }.text();
        let read = Baseline::parse(&written).unwrap();
        assert_eq!((read.text(), read.made_by.as_str()), (written, "rustc 1.95.0 for x"));
        for broken in ["", "name 1 2 3\n", "# rustc\nname 1 2\n", "# rustc\nname 1 2 -\n", "# rustc\nname 1 -2 3\n"] {
            assert!(Baseline::parse(broken).is_none(), "{broken:?}");
        }
    }
}
