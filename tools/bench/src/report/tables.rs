//! Tables of all targets side by side.

use std::fmt::Write;

use super::figures::{
    CPU, CPU_PIECE, Figures, OWN_CPU, Of, P50, P99, PER_S, PIECES_PER_S, QUANTILES, RSS_MIB, Time,
};
use super::goal::short;
use crate::suite::{MOST, RATE_SLOW, Step, Suite, size};

/// Processor time or a ratio of it: there is none without a gateway.
fn positive(figure: Option<f64>) -> Option<f64> {
    figure.filter(|figure| *figure > 0.0)
}

/// A figure, or that there is none.
pub fn cell(figure: Option<f64>) -> String {
    figure.map_or_else(|| "–".to_owned(), whole)
}

/// A number with its thousands apart.
pub fn whole(figure: f64) -> String {
    if figure.abs() < 100.0 {
        return short(figure);
    }
    let digits = format!("{:.0}", figure.abs());
    let mut text = if figure < 0.0 {
        "-".to_owned()
    } else {
        String::new()
    };
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A table of markdown.
pub fn table(title: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!(
        "| {} |\n|{}\n",
        title.join(" | "),
        "---|".repeat(title.len())
    );
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// Latency added at fixed rates.
pub fn latency(figures: &Figures<'_>) -> String {
    let steps = rates(figures);
    let names: Vec<String> = steps.iter().map(|step| step.name()).collect();
    let title: Vec<&str> = ["Target"]
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    let quad = |target: &str, step: Step| {
        let all =
            QUANTILES.map(|quantile| cell(figures.added(target, step, Time::Added, quantile)));
        all.join(" / ")
    };
    let rows = figures.targets().into_iter().map(|target| {
        let cells = steps.iter().map(|step| quad(target, *step));
        std::iter::once(target.to_owned()).chain(cells).collect()
    });
    format!(
        "### Latency added, in µs: p50 / p90 / p99 / p99.9\n\n\
         The first row is what the way takes without a gateway; the others say how much longer it is with one. A target that\n\
         answered fewer than nine of ten requests has no figure.\n\n{}",
        table(&title, rows)
    )
}

/// Every rate that was measured.
fn rates(figures: &Figures<'_>) -> Vec<Step> {
    let all = [vec![RATE_SLOW], Suite::Full.steps()].concat();
    let rates = all
        .into_iter()
        .filter(|step| matches!(step, Step::Rate { .. }));
    rates
        .filter(|step| !figures.met(*step).is_empty())
        .collect()
}

/// How much goes, and what it takes.
pub fn throughput(figures: &Figures<'_>) -> String {
    let ratio = |target, to, of: Of| {
        figures
            .ratio(target, to, MOST, of)
            .map_or("–".to_owned(), short)
    };
    let rows = figures.targets().into_iter().map(|target| {
        vec![
            target.to_owned(),
            cell(figures.plain(target, MOST, PER_S)),
            ratio(target, "nginx", PER_S),
            ratio(target, "direct", PER_S),
            cell(positive(figures.plain(target, MOST, CPU))),
            ratio(target, "nginx", CPU),
            cell(positive(figures.plain(target, crate::suite::RATE, CPU))),
            cell(figures.plain(target, MOST, OWN_CPU)),
        ]
    });
    let title = [
        "Target",
        "Requests/s",
        "of nginx's",
        "of direct's",
        "CPU µs a request",
        "of nginx's",
        "CPU µs at 1,000/s",
        "Load's core busy, %",
    ];
    format!(
        "### As many requests as go: 64 connections, {}\n\n{}",
        size(crate::suite::SMALL),
        table(&title, rows)
    )
}

/// Streams.
pub fn streams(figures: &Figures<'_>) -> String {
    let rows = figures.met(Step::StreamsMost).into_iter().map(|target| {
        let added = |time, quantile| cell(figures.added(target, Step::Streams, time, quantile));
        let ratio = |to| figures.ratio(target, to, Step::StreamsMost, PIECES_PER_S);
        vec![
            target.to_owned(),
            format!("{} / {}", added(Time::Added, P50), added(Time::Added, P99)),
            added(Time::Gap, P99),
            cell(positive(figures.plain(target, Step::Streams, CPU_PIECE))),
            cell(figures.plain(target, Step::StreamsMost, PIECES_PER_S)),
            ratio("nginx").map_or("–".to_owned(), short),
            ratio("direct").map_or("–".to_owned(), short),
            cell(positive(figures.plain(
                target,
                Step::StreamsMost,
                CPU_PIECE,
            ))),
        ]
    });
    let title = [
        "Target",
        "First token added, µs: p50 / p99",
        "Gap added, µs: p99",
        "CPU µs a chunk",
        "Most chunks/s",
        "of nginx's",
        "of direct's",
        "CPU µs a chunk at most",
    ];
    format!(
        "### 200 streams at one time\n\nThe first three figures are at 10,000 chunks a second, the others at as many as go. `anthropic` and `gemini`\n\
         are asked in OpenAI's dialect and translated.\n\n{}",
        table(&title, rows)
    )
}

/// Whatever was refused, broke off, or had no answer in time.
pub fn failures(figures: &Figures<'_>) -> String {
    let held = [1_000, 2_000].map(|streams| Step::Held(streams).name());
    let records = figures.results.records.iter();
    let failed = records.filter(|record| {
        let outcome = &record.outcome;
        // Streams that are held are not meant to end.
        outcome.bad > 0 || outcome.unanswered > 0 && !held.contains(&record.step)
    });
    let rows: Vec<Vec<String>> = failed
        .map(|record| {
            let outcome = &record.outcome;
            let refusal = outcome.refusal.as_deref().unwrap_or_default();
            let counts = [outcome.good, outcome.bad, outcome.unanswered];
            let mut row = vec![record.target.clone(), record.step.clone()];
            row.extend(counts.map(|count| whole(count as f64)));
            row.push(refusal.replace(['|', '\n', '\r'], " "));
            row
        })
        .collect();
    if rows.is_empty() {
        return "### Failures\n\nNo request failed.".to_owned();
    }
    let title = [
        "Target",
        "Step",
        "Good",
        "Bad",
        "Unanswered",
        "The first refusal",
    ];
    format!("### Failures\n\n{}", table(&title, rows))
}

/// Memory and start.
pub fn memory(figures: &Figures<'_>) -> String {
    let with_process = figures
        .targets()
        .into_iter()
        .filter(|target| *target != "direct" && figures.start_ms(target).is_some());
    let rows = with_process.map(|target| {
        let held = |streams| cell(figures.plain(target, Step::Held(streams), RSS_MIB));
        vec![
            target.to_owned(),
            cell(figures.start_ms(target)),
            cell(figures.idle_mib(target)),
            held(1_000),
            held(2_000),
        ]
    });
    let title = [
        "Target",
        "Start to first 200, ms",
        "Idle, MiB",
        "1,000 streams",
        "2,000 streams",
    ];
    format!(
        "### Memory and start\n\n`paid` stands for the router's process, of which the other rows are ways to ask.\n\n{}",
        table(&title, rows)
    )
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(whole(1_234_567.0), "1,234,567");
        assert_eq!(whole(-4_321.0), "-4,321");
        assert_eq!(whole(123.0), "123");
        assert_eq!(whole(12.34), "12.3");
    }
}
