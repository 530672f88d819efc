//! The tables and the closing count.

use std::collections::BTreeMap;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The upstream got one request that fits its dialect.
    Request,
    Text,
    Reasoning,
    Tools,
    Finish,
    Usage,
    Refusal,
    Error,
    /// The form of the body or of the stream.
    Shape,
}

const CHECKS: [(Check, &str); 9] = [
    (Check::Request, "request"),
    (Check::Text, "text"),
    (Check::Reasoning, "reasoning"),
    (Check::Tools, "tools"),
    (Check::Finish, "finish"),
    (Check::Usage, "usage"),
    (Check::Refusal, "refusal"),
    (Check::Error, "error"),
    (Check::Shape, "shape"),
];
/// As much of a failure as is shown.
const MOST_CHARS: usize = 400;

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed(String),
}

/// How a case ended.
#[derive(Debug)]
pub enum Verdict {
    Skipped(&'static str),
    /// Only the checks that apply.
    Checked(Vec<(Check, Outcome)>),
}

/// All cases of a run.
#[derive(Default)]
pub struct Report(Vec<(String, Verdict)>);

/// Counts of one cell, or of the whole run.
#[derive(Clone, Copy, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Verdict {
    fn outcome(&self, check: Check) -> Option<&Outcome> {
        match self {
            Self::Skipped(_) => None,
            Self::Checked(outcomes) => {
                let (_, outcome) = outcomes.iter().find(|(of, _)| *of == check)?;
                Some(outcome)
            }
        }
    }
}

impl Report {
    pub fn add(&mut self, name: String, verdict: Verdict) {
        self.0.push((name, verdict));
    }

    pub fn has_failures(&self) -> bool {
        self.count().failed > 0
    }

    pub fn print(&self) {
        self.print_cases();
        self.print_providers();
        self.print_skips();
        for (name, verdict) in &self.0 {
            for (check, title) in CHECKS {
                if let Some(Outcome::Failed(why)) = verdict.outcome(check) {
                    let why: String = why.chars().take(MOST_CHARS).collect();
                    println!("{name} · {title} · {why}");
                }
            }
        }
        let Tally {
            passed,
            failed,
            skipped,
        } = self.count();
        println!("\nconformance: {passed} passed, {failed} failed, {skipped} skipped");
    }

    fn count(&self) -> Tally {
        let mut count = Tally::default();
        for (_, verdict) in &self.0 {
            match verdict {
                Verdict::Skipped(_) => count.skipped += 1,
                Verdict::Checked(outcomes) => {
                    match outcomes
                        .iter()
                        .all(|(_, outcome)| *outcome == Outcome::Passed)
                    {
                        true => count.passed += 1,
                        false => count.failed += 1,
                    }
                }
            }
        }
        count
    }

    /// A row for each case: `+` passed, `F` failed, `.` does not apply.
    fn print_cases(&self) {
        let titles: Vec<&str> = CHECKS.iter().map(|(_, title)| *title).collect();
        println!("{} case", titles.join(" "));
        for (name, verdict) in &self.0 {
            if matches!(verdict, Verdict::Skipped(_)) {
                continue;
            }
            let mut row = String::new();
            for (check, title) in CHECKS {
                let mark = match verdict.outcome(check) {
                    None => '.',
                    Some(Outcome::Passed) => '+',
                    Some(Outcome::Failed(_)) => 'F',
                };
                row.push_str(&format!("{mark:<width$} ", width = title.len()));
            }
            println!("{row}{name}");
        }
    }

    fn print_providers(&self) {
        let mut rows: BTreeMap<&str, [Tally; CHECKS.len()]> = BTreeMap::new();
        for (name, verdict) in &self.0 {
            let provider = name.split('/').next().unwrap_or_default();
            let row = rows.entry(provider).or_default();
            for (cell, (check, _)) in row.iter_mut().zip(CHECKS) {
                match verdict.outcome(check) {
                    None => cell.skipped += 1,
                    Some(Outcome::Passed) => cell.passed += 1,
                    Some(Outcome::Failed(_)) => cell.failed += 1,
                }
            }
        }
        println!("\npassed/failed/skipped");
        let titles: String = CHECKS
            .iter()
            .map(|(_, title)| format!("{title:>13}"))
            .collect();
        println!("{:<10}{titles}", "provider");
        for (provider, row) in rows {
            let cell = |t: &Tally| {
                let cell = format!("{}/{}/{}", t.passed, t.failed, t.skipped);
                format!("{cell:>13}")
            };
            let cells: String = row.iter().map(cell).collect();
            println!("{provider:<10}{cells}");
        }
    }

    fn print_skips(&self) {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, verdict) in &self.0 {
            if let Verdict::Skipped(reason) = verdict {
                *reasons.entry(reason).or_default() += 1;
            }
        }
        println!("\nskipped");
        for (reason, count) in reasons {
            println!("{count:>10}  {reason}");
        }
        println!();
    }
}
