//! What features cost, what pieces cost, and how cost grows.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::figures::{CPU, Figures};
use super::tables::{cell, table};
use crate::suite::{MOST, MOST_HUGE, MOST_LARGE};

/// Instructions of each piece of a request's way, as they are committed.
pub fn counts(file: &Path) -> io::Result<BTreeMap<String, u64>> {
    let text = fs::read_to_string(file)?;
    let read: toml::Table = text.parse().map_err(io::Error::other)?;
    let counts = read.get("instructions").and_then(toml::Value::as_table);
    let counts = counts
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), u64::try_from(value.as_integer()?).ok()?)));
    Ok(counts.collect())
}

/// Processor time a request at full load, with one feature more or less.
pub fn features(figures: &Figures<'_>) -> String {
    let cpu = |target: &str| figures.plain(target, MOST, CPU);
    let rows = FEATURES.map(|(what, target, base)| {
        let more = cpu(target).zip(cpu(base)).map(|(own, base)| own - base);
        vec![what.to_owned(), cell(cpu(target)), cell(more)]
    });
    format!(
        "## What it costs\n\n### By feature\n\nProcessor time of the whole router at full load, 64 connections, 1.5 KiB. Each row but the first does one thing more\n\
         than another, which it names. A key is checked always; its cost is among the pieces below.\n\n{}",
        table(
            &["What is done", "CPU µs a request", "of it for this"],
            rows
        )
    )
}

/// What is done, whose figure it is, and from whose it differs by that.
const FEATURES: [(&str, &str, &str); 7] = [
    (
        "Keys, rate limits, parsing, a pinned free model",
        "a free model",
        "",
    ),
    (
        "Route: chosen among the free models of a tier",
        "a free tier",
        "a free model",
    ),
    (
        "Classify: the tier is `auto`'s choice too",
        "auto, without credit",
        "a free tier",
    ),
    (
        "Count: with credit, the tier's paid models need exact counts",
        "a free tier, with credit",
        "a free tier",
    ),
    (
        "Ledger and count: a pinned paid model, held and charged",
        "a paid model",
        "a free model",
    ),
    (
        "Trace: a free model, exported to the operator's backend",
        "traced: a free model",
        "a free model",
    ),
    (
        "Trace: a paid model, exported to the operator's backend",
        "traced: a paid model",
        "a paid model",
    ),
];

/// The pieces in instructions.
pub fn pieces(counts: &BTreeMap<String, u64>) -> String {
    // No count comes near to where a float is inexact.
    let rows = counts
        .iter()
        .map(|(name, count)| vec![format!("`{name}`"), cell(Some(*count as f64))]);
    format!(
        "### By piece\n\nInstructions of one call under callgrind, the same in every run; `make bench-check` holds them. `small` is a prompt of\n\
         1.5 KiB, `large` one of 64 KiB; `rank` chooses among the models that are shipped, `rank_many` among 1,000; `chunks`\n\
         and `frames` are streams of 2,000 pieces. `cargo bench --bench pieces` has the same pieces in time.\n\n{}",
        table(&["Piece", "Instructions"], rows)
    )
}

/// How cost grows with the prompt, the catalog and the accounts.
pub fn scaling(figures: &Figures<'_>) -> String {
    let cpu = |target: &str, step| cell(figures.plain(target, step, CPU));
    let prompts = [MOST, MOST_LARGE, MOST_HUGE].map(|step| {
        vec![
            step.name(),
            cpu("a free model", step),
            cpu("a paid model", step),
        ]
    });
    let sizes = [
        ("39 models, 2 accounts", ""),
        ("1,000 models", "1,000 models: "),
        ("100,000 accounts", "100,000 accounts: "),
    ];
    let sizes = sizes.map(|(name, prefix)| {
        let ways = ["a free model", "a free tier", "a paid model"];
        let cells = ways.map(|way| cpu(&format!("{prefix}{way}"), MOST));
        std::iter::once(name.to_owned()).chain(cells).collect()
    });
    format!(
        "### By size\n\nProcessor time a request at full load, in µs, by the size of its body:\n\n{}\n\
         The same with a body of 1.5 KiB, by what the router knows. The further models are all of one tier:\n\n{}",
        table(&["Load", "A free model", "A paid model"], prompts),
        table(
            &["Router", "A free model", "A free tier", "A paid model"],
            sizes
        )
    )
}
