//! What features cost, what pieces cost, and how cost grows.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::figures::{CPU, Figures};
use super::tables::{cell, table};
use crate::suite::{RATE, RATE_HUGE, RATE_LARGE, Step};

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
    let cpu = |target: &str| figures.plain(target, Step::Most, CPU);
    let rows = [
        (
            "keys, rate limits, parsing, counting, a pinned free model",
            "a free model",
            None,
        ),
        (
            "… chosen among the free models of a tier",
            "a free tier",
            Some("a free model"),
        ),
        (
            "… of the tier that `auto` picks, by an account without credit",
            "auto, free",
            Some("a free tier"),
        ),
        (
            "a pinned paid model: hold, durable charge, record",
            "a paid model",
            Some("a free model"),
        ),
        (
            "a free model, the operator's traces exported",
            "traced a free model",
            Some("a free model"),
        ),
        (
            "a paid model, the operator's traces exported",
            "traced a paid model",
            Some("a paid model"),
        ),
    ];
    let rows = rows.map(|(what, target, base)| {
        let base = base.and_then(cpu);
        let more = cpu(target).zip(base).map(|(own, base)| own - base);
        vec![what.to_owned(), cell(cpu(target)), cell(more)]
    });
    format!(
        "## What it costs\n\n### By feature\n\nProcessor time of the whole router at full load, 64 connections, 1.5 KiB. What is switched on is compared with\n\
         the row it is switched on from.\n\n{}",
        table(
            &["What is done", "CPU µs a request", "of it for this feature"],
            rows
        )
    )
}

/// The pieces in instructions.
pub fn pieces(counts: &BTreeMap<String, u64>) -> String {
    let rows = counts.iter().map(|(name, count)| {
        // No count comes near to where a float is inexact.
        vec![name.clone(), cell(Some(*count as f64))]
    });
    format!(
        "### By piece\n\nInstructions under callgrind, which are the same in every run; `make bench-check` holds them. `chunks` and `frames` are\n\
         streams of 2,000 chunks. `cargo bench --bench pieces` has the same pieces in time.\n\n{}",
        table(&["Piece", "Instructions"], rows)
    )
}

/// How cost grows with the prompt, the catalog and the accounts.
pub fn scaling(figures: &Figures<'_>) -> String {
    let prompts = [
        (RATE, "1.5 KiB at 1,000/s"),
        (RATE_LARGE, "64 KiB at 500/s"),
        (RATE_HUGE, "1 MiB at 20/s"),
    ];
    let prompts = prompts.map(|(step, name)| {
        let cpu = |target| cell(figures.plain(target, step, CPU));
        vec![name.to_owned(), cpu("nginx"), cpu("free"), cpu("paid")]
    });
    let at_most = |target: String| cell(figures.plain(&target, Step::Most, CPU));
    let sizes = [
        ("39 models, 2 accounts", ""),
        ("1,000 models", "1,000 models "),
        ("100,000 accounts", "100,000 accounts "),
    ];
    let sizes = sizes.map(|(name, prefix)| {
        let ways = ["a free model", "a free tier", "a paid model"];
        let cells = ways.map(|way| at_most(format!("{prefix}{way}")));
        std::iter::once(name.to_owned()).chain(cells).collect()
    });
    format!(
        "### By size\n\nProcessor time a request, in µs, by the size of its body:\n\n{}\n\
         At full load with a prompt of 1.5 KiB, by what the router knows:\n\n{}",
        table(&["Body", "nginx", "free", "paid"], prompts),
        table(
            &["Router", "A free model", "A free tier", "A paid model"],
            sizes
        )
    )
}
