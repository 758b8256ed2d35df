//! What was measured, as it is kept: a file for each family, so that one can be measured again, and all of them together as a report has
//! them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cost::Cost;
use crate::machine::Machine;
use crate::measured::Measured;
use crate::work::Family;

/// One run, of one machine.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    pub families: BTreeMap<Family, Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<(Machine, Vec<Cost>)>,
}

/// Of a family.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    pub machine: Machine,
    /// Seconds.
    pub took: u64,
    /// That it runs is all that it says.
    pub is_quick: bool,
    pub workloads: Vec<Workload>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Workload {
    pub name: String,
    pub told: String,
    /// What was done in each measurement: the same for all that are compared.
    pub work: String,
    pub contestants: BTreeMap<String, Series>,
}

/// Of one contestant, in the order of the rounds; nanoseconds of one operation, and bytes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Series {
    pub cpu: Vec<f64>,
    pub wall: Vec<f64>,
    pub peak: Vec<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub resting: Vec<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub latency: Vec<f64>,
    /// System calls of one operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<f64>,
    /// Allocations of one operation, and their bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocations: Option<(f64, f64)>,
    /// Means of what else is told.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub beside: BTreeMap<String, f64>,
    /// What was done by one that does it in its own way, and is compared with none.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub work: String,
}

impl Series {
    pub fn add(&mut self, measured: &Measured) {
        let round = |value: f64| if value >= 100.0 { value.round() } else { (value * 100.0).round() / 100.0 };
        self.cpu.push(round(measured.each()));
        self.wall.push(round(measured.each_wall()));
        self.peak.extend(measured.peak);
        self.resting.extend(measured.resting);
        self.latency.extend(measured.latency.map(round));
        let rounds = self.cpu.len() as f64;
        for (name, value) in &measured.beside {
            let mean = self.beside.entry(name.clone()).or_default();
            *mean += (value - *mean) / rounds;
        }
    }
}

impl Run {
    /// What a folder has: of each family what was measured last.
    pub fn read(folder: &Path) -> Self {
        let families = Family::ALL.into_iter().filter_map(|family| Some((family, read(&file(folder, &family.to_string()))?)));
        Self { families: families.collect(), cost: read(&file(folder, "cost")) }
    }

    /// One that was kept in one file.
    pub fn open(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
    }
}

pub fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

fn read<T: for<'a> Deserialize<'a>>(file: &Path) -> Option<T> {
    let text = std::fs::read_to_string(file).ok()?;
    serde_json::from_str(&text).map_err(|error| eprintln!("{} is not read: {error}", file.display())).ok()
}

/// Whole or not at all.
pub fn write(file: &Path, value: &impl Serialize) {
    let text = serde_json::to_string(value).expect("what is measured has a JSON form") + "\n";
    let beside = file.with_extension("new");
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, file));
    written.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

/// The quartiles of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    pub lower: f64,
    pub middle: f64,
    pub upper: f64,
}

impl Quartiles {
    /// None of no values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |part: f64| {
            let place = part * last as f64;
            let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Some(Self { lower: at(0.25), middle: at(0.5), upper: at(0.75) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_the_values() {
        assert_eq!(Quartiles::of(&[]), None);
        assert_eq!(Quartiles::of(&[3.0]), Some(Quartiles { lower: 3.0, middle: 3.0, upper: 3.0 }));
        assert_eq!(Quartiles::of(&[4.0, 1.0, 3.0, 2.0]), Some(Quartiles { lower: 1.75, middle: 2.5, upper: 3.25 }));
    }
}
