//! The committed counts, and what is compared with them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What a count may be at the most, in percent of the baseline.
const MOST_PERCENT: u64 = 105;
const HEAD: &str = "\
# Instructions of one call of each piece of a request's way, under callgrind. `make bench-check` fails when one of
# them takes 5 % more; `make bench-check BLESS=1` writes this file anew. Other tools make other counts: they are told
# then, and not held.
";

/// Whether a comparison went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Held,
    /// Something costs more, or is not in the baseline, or is nowhere else.
    Broken,
}

/// Counts by piece.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The tools behind the counts.
    made_with: String,
    instructions: BTreeMap<String, u64>,
}

impl Baseline {
    /// A baseline of these counts.
    pub fn of(made_with: String, counts: &[(&'static str, u64)]) -> Self {
        let counts = counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        Self {
            made_with,
            instructions: counts.collect(),
        }
    }

    /// Reads it from its file.
    pub fn read(file: &Path) -> io::Result<Self> {
        toml::from_str(&fs::read_to_string(file)?).map_err(io::Error::other)
    }

    /// Writes it to its file.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        fs::write(file, format!("{HEAD}{text}"))
    }

    /// A table of what has changed, and whether all of it may be.
    pub fn compare(&self, now: &Self) -> (String, Verdict) {
        let (mut text, mut broken) = (String::new(), false);
        for (name, count) in &now.instructions {
            let before = self.instructions.get(name).copied();
            let word = match before {
                None => "NEW",
                Some(before) if count * 100 > before * MOST_PERCENT => "MORE",
                Some(_) => "",
            };
            broken |= !word.is_empty();
            let change = before.map_or(String::new(), |before| {
                format!("{:+.2} %", (*count as f64 / before as f64 - 1.0) * 100.0)
            });
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<20} {count:>12} {change:>10} {word}");
        }
        for name in self
            .instructions
            .keys()
            .filter(|name| !now.instructions.contains_key(*name))
        {
            let _ = writeln!(text, "{name:<20} GONE");
            broken = true;
        }
        if self.made_with != now.made_with {
            let (before, now) = (&self.made_with, &now.made_with);
            let _ = writeln!(
                text,
                "bench-check: the baseline was made with {before}, and this with {now}: nothing is held"
            );
            return (text, Verdict::Held);
        }
        if !broken {
            return (text, Verdict::Held);
        }
        text.push_str(
            "bench-check: a hot path costs more than its baseline, or the list of pieces has changed.\n\
             Find out why; when it is meant, `make bench-check BLESS=1`.\n",
        );
        (text, Verdict::Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(before: &[(&'static str, u64)], now: &[(&'static str, u64)]) -> Verdict {
        let of = |counts| Baseline::of("tools".to_owned(), counts);
        of(before).compare(&of(now)).1
    }

    #[test]
    fn five_percent_more_is_too_much_and_less_is_not() {
        assert_eq!(verdict(&[("a", 1000)], &[("a", 1050)]), Verdict::Held);
        assert_eq!(verdict(&[("a", 1000)], &[("a", 1051)]), Verdict::Broken);
        assert_eq!(verdict(&[("a", 1000)], &[("a", 10)]), Verdict::Held);
    }

    #[test]
    fn pieces_without_a_baseline_and_the_other_way_round_are_told() {
        assert_eq!(verdict(&[], &[("a", 1)]), Verdict::Broken);
        assert_eq!(verdict(&[("a", 1)], &[]), Verdict::Broken);
    }

    #[test]
    fn counts_of_other_tools_are_told_and_not_held() {
        let before = Baseline::of("old".to_owned(), &[("a", 1000)]);
        let (text, verdict) = before.compare(&Baseline::of("new".to_owned(), &[("a", 2000)]));
        assert_eq!(verdict, Verdict::Held);
        assert!(text.contains("nothing is held"), "{text}");
    }
}
