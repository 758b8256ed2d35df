//! A run as a report: tables in markdown, pictures in SVG, goals with what was reached, and all figures as JSON.

mod documents;
mod goals;
mod plot;
mod tables;

use std::path::Path;

pub use self::documents::write as write_documents;
use crate::results::{self, Quartiles, Run, Series, Workload};
use crate::work::Family;

/// Writes `report.md`, its pictures and `run.json` into `folder`, of what the folder of results has; beside another run, if one is given.
pub fn write(results: &Path, folder: &Path, other: Option<&Path>) {
    let run = Run::read(results);
    if run.families.is_empty() && run.cost.is_none() {
        eprintln!("error: {} has no figures\nhint: benches/versus-tokio/run measures them", results.display());
        std::process::exit(2);
    }
    let other = other.map(|file| {
        Run::open(file).unwrap_or_else(|error| {
            eprintln!("error: {error}\nhint: --compare takes the run.json of a report");
            std::process::exit(2);
        })
    });
    std::fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    results::write(&results::file(folder, "run"), &run);
    plot::all(&run, folder);
    let text = tables::report(&run, other.as_ref());
    std::fs::write(folder.join("report.md"), text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    eprintln!("{}", goals::table(&run, None));
    eprintln!("written: {}", folder.join("report.md").display());
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Cpu,
    Wall,
    Peak,
    Resting,
}

impl Figure {
    fn of(self, series: &Series) -> &[f64] {
        match self {
            Self::Cpu => &series.cpu,
            Self::Wall => &series.wall,
            Self::Peak => &series.peak,
            Self::Resting => &series.resting,
        }
    }
}

const RIVALS: [&str; 4] = ["a1", "a2", "b1", "b2"];
const BY_HAND: [&str; 2] = ["b1", "b2"];

fn workload<'a>(run: &'a Run, name: &str) -> Option<&'a Workload> {
    run.families.values().flat_map(|figures| &figures.workloads).find(|workload| workload.name == name)
}

/// Of these the one with the least, by the median.
fn best<'a>(workload: &Workload, figure: Figure, among: &[&'a str]) -> Option<&'a str> {
    let middle = |name: &str| Some(Quartiles::of(figure.of(workload.contestants.get(name)?))?.middle);
    let known = among.iter().filter_map(|name| Some((*name, middle(name)?)));
    known.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(name, _)| name)
}

/// Of one to another, taken within each round.
fn ratio(workload: &Workload, figure: Figure, own: &str, to: &str) -> Option<Quartiles> {
    let (own, to) = (figure.of(workload.contestants.get(own)?), figure.of(workload.contestants.get(to)?));
    let ratios: Vec<f64> = own.iter().zip(to).filter(|(_, to)| **to > 0.0).map(|(own, to)| own / to).collect();
    Quartiles::of(&ratios)
}

/// In the order in which contestants are named everywhere.
fn in_order(workload: &Workload) -> Vec<&str> {
    let all = crate::contestants::Contestant::all().into_iter().map(|one| one.to_string());
    all.filter_map(|name| Some(workload.contestants.get_key_value(&name)?.0.as_str())).collect()
}

fn families(run: &Run) -> impl Iterator<Item = (Family, &results::Figures)> {
    run.families.iter().map(|(family, figures)| (*family, figures))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(cpu: &[f64]) -> Series {
        Series { cpu: cpu.to_vec(), ..Series::default() }
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_to_the_best() {
        let contestants = [("edge", series(&[1.0, 40.0, 3.0])), ("a1", series(&[2.0, 20.0, 4.0])), ("b1", series(&[9.0, 9.0, 9.0]))];
        let contestants = contestants.map(|(name, series)| (name.to_owned(), series)).into();
        let workload = Workload { contestants, ..Workload::default() };
        assert_eq!(best(&workload, Figure::Cpu, &RIVALS), Some("a1"));
        assert_eq!(best(&workload, Figure::Cpu, &BY_HAND), Some("b1"));
        assert_eq!(best(&workload, Figure::Peak, &RIVALS), None);
        assert_eq!(ratio(&workload, Figure::Cpu, "edge", "a1").unwrap().middle, 0.75);
        assert_eq!(ratio(&workload, Figure::Cpu, "edge", "spider"), None);
    }
}
