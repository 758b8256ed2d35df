//! Pictures of the ratios: bars, in SVG.

use std::path::Path;

use plotters::prelude::{BLACK, Color, IntoDrawingArea, PathElement, RGBColor, Rectangle, SVGBackend, Text, WHITE};
use plotters::style::{IntoFont, TextStyle};

use super::{Figure, RIVALS, best, families, goals, in_order, ratio};
use crate::results::Run;

/// One bar, in a group.
struct Bar {
    name: String,
    value: f64,
    color: RGBColor,
    /// What it should not be longer than.
    limit: Option<f64>,
}

type Group = (String, Vec<Bar>);

/// One for the goals, and one for each family.
pub fn all(run: &Run, folder: &Path) {
    let reached = goals::all().into_iter().filter(|goal| !matches!(goal.workload, "resets" | "mcp-idle")).filter_map(|goal| {
        let value = goal.reached(run)?.middle;
        let color = if goals::is_within(value, goal.limit) { GREEN } else { RED };
        let bar = Bar { name: format!("{value:.2} of {:.2}", goal.limit), value, color, limit: Some(goal.limit) };
        Some((format!("{}, {}", goal.told.replace('`', ""), goal.own), vec![bar]))
    });
    draw(&folder.join("goals.svg"), "To the best of A and B, or who is named: less is better; the mark is the goal", reached.collect());
    for (family, figures) in families(run) {
        let groups = figures.workloads.iter().filter_map(|workload| {
            let to = best(workload, Figure::Cpu, &RIVALS)?;
            let bars = in_order(workload).into_iter().filter_map(|name| {
                let value = ratio(workload, Figure::Cpu, name, to)?.middle;
                Some(Bar { name: format!("{name} {value:.2}"), value, color: color(name), limit: None })
            });
            Some((workload.name.clone(), bars.collect()))
        });
        let title = format!("{}: processor time to the best of A and B; less is better", family.title());
        draw(&folder.join(format!("{family}.svg")), &title, groups.collect());
    }
}

/// Horizontal bars; what is longer than the picture ends at its edge and says its length all the same.
fn draw(file: &Path, title: &str, groups: Vec<Group>) {
    const LEFT: i32 = 330;
    const WIDTH: i32 = 900;
    const BAR: i32 = 14;
    const MOST: f64 = 2.5;
    let bars: usize = groups.iter().map(|(_, bars)| bars.len()).sum();
    let height = 50 + bars as i32 * BAR + groups.len() as i32 * 8;
    let scale = f64::from(WIDTH - LEFT - 130) / MOST;
    let across = |value: f64| LEFT + (value.min(MOST) * scale) as i32;
    let drawn = || -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::new(file, (WIDTH as u32, height as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        let (large, small) = (TextStyle::from(("sans-serif", 18).into_font()), TextStyle::from(("sans-serif", 14).into_font()));
        area.draw(&Text::new(title, (8, 8), large))?;
        area.draw(&PathElement::new([(across(1.0), 32), (across(1.0), height - 8)], BLACK.mix(0.4)))?;
        let mut top = 36;
        for (name, bars) in groups {
            area.draw(&Text::new(name, (8, top + 1), small.clone()))?;
            for bar in bars {
                let end = across(bar.value);
                area.draw(&Rectangle::new([(LEFT, top), (end, top + BAR - 3)], bar.color.filled()))?;
                if let Some(limit) = bar.limit {
                    area.draw(&Rectangle::new([(across(limit) - 1, top - 2), (across(limit) + 1, top + BAR - 1)], BLACK.filled()))?;
                }
                area.draw(&Text::new(bar.name, (end.max(bar.limit.map_or(0, across)) + 5, top + 1), small.clone()))?;
                top += BAR;
            }
            top += 8;
        }
        Ok(area.present()?)
    };
    drawn().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

fn color(contestant: &str) -> RGBColor {
    match contestant {
        "a1" | "a2" => RGBColor(240, 160, 60),
        "b1" | "b2" => RGBColor(200, 90, 60),
        "spider" | "python" => RGBColor(140, 110, 160),
        _ => RGBColor(40, 110, 180),
    }
}

const GREEN: RGBColor = RGBColor(60, 150, 80);
const RED: RGBColor = RGBColor(200, 70, 60);
