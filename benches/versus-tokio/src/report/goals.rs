//! What is wanted, and what was reached.

use std::fmt::Write as _;

use super::{BY_HAND, Figure, RIVALS, best, ratio, workload};
use crate::results::{Quartiles, Run};

/// One thing that is wanted of one contestant in one workload.
pub struct Goal {
    pub told: &'static str,
    pub workload: &'static str,
    /// Of ours.
    pub own: &'static str,
    what: What,
    /// At the most.
    pub limit: f64,
}

enum What {
    /// To the best of these.
    Ratio(Figure, &'static [&'static str]),
    /// MiB more than this one.
    More(Figure, &'static str),
    /// A mean of what is told beside.
    Beside(&'static str),
    /// The size of a program, to that of another.
    Size(&'static str),
}

const CPU: What = What::Ratio(Figure::Cpu, &RIVALS);

pub fn all() -> Vec<Goal> {
    let goal = |told, workload, own, what, limit| Goal { told, workload, own, what, limit };
    let cpu = |told, workload, own, limit| goal(told, workload, own, CPU, limit);
    let by_hand = |told, workload, own, limit| goal(told, workload, own, What::Ratio(Figure::Cpu, &BY_HAND), limit);
    let mut all = vec![
        cpu("round trips", "echo", "edge", 1.0),
        cpu("round trips", "echo", "selector", 1.1),
        cpu("connections", "churn", "edge", 1.0),
        cpu("connections", "churn", "selector", 1.1),
    ];
    for own in ["selector", "edge", "poll", "completion"] {
        all.push(cpu("timers that fire", "timers", own, 1.0));
        all.push(cpu("time limits", "timeouts", own, 1.0));
    }
    for own in ["selector", "edge"] {
        all.push(by_hand("pages on loopback, of reqwest", "fetch-20k-64", own, 0.45));
        all.push(by_hand("pages at 20 ms, of reqwest", "fetch-20k-64-20ms", own, 0.70));
    }
    all.extend([
        by_hand("the full pipeline, of B", "crawl-words", "selector", 0.80),
        goal("its memory, of B", "crawl-words", "selector", What::Ratio(Figure::Peak, &BY_HAND), 0.50),
        goal("the full pipeline, of spider with markdown", "crawl-words", "selector", What::Ratio(Figure::Cpu, &["spider"]), 1.0),
        goal("its memory, of spider", "crawl-words", "selector", What::Ratio(Figure::Peak, &["spider"]), 0.35),
        goal("links only, of spider", "crawl-links", "selector", What::Ratio(Figure::Cpu, &["spider"]), 0.80),
        goal("links only by the program, of spider", "crawl-links", "smolcrawl", What::Ratio(Figure::Cpu, &["spider"]), 0.80),
        goal("time to the first MCP answer, `serve`", "mcp-start", "smolcrawl", What::Ratio(Figure::Wall, &BY_HAND), 0.80),
        goal("time to the first MCP answer, an echo", "mcp-start", "selector", What::Ratio(Figure::Wall, &BY_HAND), 0.80),
        by_hand("a ping, of rmcp, `serve`", "mcp-ping", "smolcrawl", 0.75),
        by_hand("a ping, of rmcp, an echo", "mcp-ping", "selector", 0.75),
        goal("idle memory of `serve` above rmcp's echo, MiB", "mcp-idle", "smolcrawl", What::More(Figure::Resting, "b1"), 2.0),
        goal("stripped program without the model", "cost", "ours", What::Size("theirs"), 0.80),
    ]);
    for own in ["selector", "edge"] {
        all.push(goal("lines of noise after 10,000 resets", "resets", own, What::Beside("noise"), 0.0));
    }
    all
}

impl Goal {
    /// What was measured: a median with its quartiles; none if it was not.
    pub fn reached(&self, run: &Run) -> Option<Quartiles> {
        let exactly = |middle| Quartiles { lower: middle, middle, upper: middle };
        if let What::Size(to) = &self.what {
            let size = |name: &str| Some(run.cost.as_ref()?.1.iter().find(|cost| cost.name == name)?.size? as f64);
            return Some(exactly(size(self.own)? / size(to)?));
        }
        let workload = workload(run, self.workload)?;
        match &self.what {
            What::Ratio(figure, among) => ratio(workload, *figure, self.own, best(workload, *figure, among)?),
            What::More(figure, than) => {
                let middle = |name: &str| Some(Quartiles::of(figure.of(workload.contestants.get(name)?))?.middle);
                Some(exactly((middle(self.own)? - middle(than)?) / f64::from(1 << 20)))
            }
            What::Beside(name) => workload.contestants.get(self.own)?.beside.get(*name).map(|mean| exactly(*mean)),
            What::Size(_) => None,
        }
    }
}

/// All of them, as a table; with what another machine reached, if there is one.
pub fn table(run: &Run, other: Option<&Run>) -> String {
    let there = if other.is_some() { " there |" } else { "" };
    let rule = if other.is_some() { "---|" } else { "" };
    let mut out = format!("| goal | of | in | at most | measured |{there} |\n|---|---|---|---|---|{rule}---|\n");
    for goal in all() {
        let told = |run: &Run| match goal.reached(run) {
            Some(Quartiles { lower, middle, upper }) if lower == upper => (format!("{middle:.2}"), verdict(middle, goal.limit)),
            Some(Quartiles { lower, middle, upper }) => (format!("{middle:.2} ({lower:.2}–{upper:.2})"), verdict(middle, goal.limit)),
            None => ("not measured".to_owned(), String::new()),
        };
        let (measured, verdict) = told(run);
        let there = other.map_or_else(String::new, |other| format!(" {} |", told(other).0));
        let Goal { told, workload, own, limit, .. } = goal;
        writeln!(out, "| {told} | `{own}` | {workload} | {limit:.2} | {measured} |{there} {verdict} |").expect("a string takes all");
    }
    out
}

fn verdict(measured: f64, limit: f64) -> String {
    match is_within(measured, limit) {
        true => "reached".to_owned(),
        false => format!("{:.2} too much", measured - limit),
    }
}

/// As it is printed: to the hundredth.
pub fn is_within(measured: f64, limit: f64) -> bool {
    (measured * 100.0).round() <= (limit * 100.0).round()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Figures, Series, Workload};
    use crate::work::{self, Family};

    #[test]
    fn goals_are_of_workloads_that_there_are() {
        let known = work::all();
        for goal in all().iter().filter(|goal| goal.workload != "cost") {
            assert!(known.iter().any(|workload| workload.name == goal.workload), "{}", goal.workload);
        }
    }

    #[test]
    fn what_is_too_much_is_told_and_what_was_not_measured_is_not() {
        let series = |cpu: f64| Series { cpu: vec![cpu, cpu, cpu], ..Series::default() };
        let contestants = [("edge", series(3.0)), ("selector", series(2.0)), ("a1", series(2.0))];
        let contestants = contestants.map(|(name, series)| (name.to_owned(), series)).into();
        let workloads = vec![Workload { name: "echo".to_owned(), contestants, ..Workload::default() }];
        let families = [(Family::Reactor, Figures { workloads, ..Figures::default() })].into();
        let told = table(&Run { families, cost: None }, None);
        assert!(told.contains("| round trips | `edge` | echo | 1.00 | 1.50 | 0.50 too much |"), "{told}");
        assert!(told.contains("| round trips | `selector` | echo | 1.10 | 1.00 | reached |"), "{told}");
        assert!(told.contains("| connections | `edge` | churn | 1.00 | not measured |  |"), "{told}");
    }
}
