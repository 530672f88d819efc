//! The plot of the page: two panels of bars, drawn as SVG.

use std::fmt::Write;

use super::figures::{Figures, P50, P99, PER_S, Time};
use super::tables::whole;
use crate::suite::{MOST, RATE};

const WIDTH: f64 = 860.0;
const ROW: f64 = 30.0;
const TOP: f64 = 56.0;
/// Where bars begin in each panel, and how long the longest is.
const PANELS: [f64; 2] = [110.0, 540.0];
const LONGEST: f64 = 230.0;

/// Draws the plot.
pub fn draw(figures: &Figures<'_>) -> String {
    let targets = figures.targets();
    let height = TOP + ROW * targets.len() as f64 + 34.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\" \
         aria-label=\"Requests a second and latency added, by target\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let [left, right] = PANELS;
    text(
        &mut svg,
        left,
        24.0,
        "start",
        "Requests a second, 64 connections",
    );
    text(
        &mut svg,
        right,
        24.0,
        "start",
        "Added at 1,000/s, µs: p50 (dark) and p99, logarithmic",
    );
    let most = figures
        .targets()
        .iter()
        .filter_map(|t| figures.plain(t, MOST, PER_S))
        .fold(1.0, f64::max);
    for (row, target) in targets.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        text(&mut svg, left - 8.0, y + 13.0, "end", target);
        if let Some(per_s) = figures.plain(target, MOST, PER_S) {
            bar(&mut svg, left, y, per_s / most, "#2f6f9f");
            text(
                &mut svg,
                left + LONGEST * per_s / most + 6.0,
                y + 13.0,
                "start",
                &whole(per_s),
            );
        }
        let added = |quantile| figures.added(target, RATE, Time::Added, quantile);
        if let (Some(p50), Some(p99)) = (added(P50), added(P99)) {
            bar(&mut svg, right, y, log(p99), "#e0b070");
            bar(&mut svg, right, y, log(p50), "#9f5f1f");
            let label = format!("{} / {}", whole(p50), whole(p99));
            text(
                &mut svg,
                right + LONGEST * log(p99.max(p50)) + 6.0,
                y + 13.0,
                "start",
                &label,
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// From 10 µs to a second: a place from 0 to 1.
fn log(us: f64) -> f64 {
    (us.max(10.0).log10() - 1.0).clamp(0.0, 5.0) / 5.0
}

fn bar(svg: &mut String, x: f64, y: f64, share: f64, colour: &str) {
    let width = (LONGEST * share).max(1.0);
    // Writing to a String cannot fail.
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"18\" fill=\"{colour}\"/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#222222\">{words}</text>"
    );
}
