//! A target: a figure, the bound that it must keep, and the one that would be better still.

use std::fmt::Write;

/// Which side of a bound is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Good {
    /// At least the bound.
    Above,
    /// At most the bound.
    Below,
}

/// One row.
pub struct Goal {
    pub what: String,
    pub unit: &'static str,
    pub good: Good,
    pub figure: Option<f64>,
    pub must: f64,
    pub moonshot: Option<f64>,
}

impl Goal {
    pub fn above(what: &str, figure: Option<f64>, must: f64, moonshot: f64) -> Self {
        Self::new(what, " ×", Good::Above, figure, must, moonshot)
    }

    pub fn below(
        what: &str,
        unit: &'static str,
        figure: Option<f64>,
        must: f64,
        moonshot: f64,
    ) -> Self {
        Self::new(what, unit, Good::Below, figure, must, moonshot)
    }

    fn new(
        what: &str,
        unit: &'static str,
        good: Good,
        figure: Option<f64>,
        must: f64,
        moonshot: f64,
    ) -> Self {
        Self {
            what: what.to_owned(),
            unit,
            good,
            figure,
            must,
            moonshot: Some(moonshot),
        }
    }

    fn holds(&self, bound: f64) -> &'static str {
        match (self.figure, self.good) {
            (None, _) => "not measured",
            (Some(figure), Good::Above) if figure >= bound => "yes",
            (Some(figure), Good::Below) if figure <= bound => "yes",
            (Some(_), _) => "**no**",
        }
    }
}

/// Goals as a table.
pub fn table(goals: &[Goal]) -> String {
    let mut text = "| What | Ours | Must | | Moonshot | |\n|---|---|---|---|---|---|\n".to_owned();
    for goal in goals {
        let sign = match goal.good {
            Good::Above => "≥",
            Good::Below => "≤",
        };
        let unit = goal.unit;
        let ours = match goal.figure {
            Some(figure) => format!("{}{unit}", short(figure)),
            None => "–".to_owned(),
        };
        let moonshot = match goal.moonshot {
            Some(bound) => format!("{sign} {}{unit} | {}", short(bound), goal.holds(bound)),
            None => " | ".to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {ours} | {sign} {}{unit} | {} | {moonshot} |",
            goal.what,
            short(goal.must),
            goal.holds(goal.must),
        );
    }
    text
}

/// A number with as many digits as it is worth.
pub fn short(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}
