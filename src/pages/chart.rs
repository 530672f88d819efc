//! Charts drawn on the server: one column a period, readable without colour and without eyes.

use super::words::{count, duration, percent};

/// What came of the attempts of one period.
pub struct Period {
    /// Its name: a day or an hour.
    pub name: String,
    /// All attempts.
    pub attempts: u64,
    /// Those that failed.
    pub failed: u64,
    /// Median time to the first content, in milliseconds, where it was measured.
    pub p50_ms: Option<f64>,
    /// The time that nine of ten keep to.
    pub p90_ms: Option<f64>,
}

/// A chart of columns, 100 high and 10 wide each.
pub struct Chart {
    /// What it shows, in a sentence with its numbers.
    pub label: String,
    /// Its width.
    pub width: usize,
    /// Everything that is drawn.
    pub marks: Vec<Mark>,
    /// What its height stands for; empty where that is said by itself.
    pub top: String,
}

/// A rectangle.
pub struct Mark {
    /// Its left side.
    pub x: usize,
    /// Its upper side.
    pub y: u32,
    /// How wide it is.
    pub width: usize,
    /// How high it is.
    pub height: u32,
    /// `good`, `bad` or `none`.
    pub class: &'static str,
    /// What it says when it is pointed at.
    pub title: String,
}

/// Width of a column with its gap.
const COLUMN: usize = 10;
/// Space between two columns.
const GAP: usize = 2;
/// Height of a chart.
const HEIGHT: u32 = 100;
/// What failed is drawn at least this high, so that a single failure shows.
const LEAST: u32 = 12;

impl Period {
    /// The period in words.
    pub fn title(&self) -> String {
        if self.attempts == 0 {
            return format!("{}: no data", self.name);
        }
        let speed = match (self.p50_ms, self.p90_ms) {
            (Some(p50), Some(p90)) => {
                format!(", first token p50 {}, p90 {}", duration(p50), duration(p90))
            }
            (None, _) | (_, None) => String::new(),
        };
        format!(
            "{}: {} attempts, {} ok{speed}",
            self.name,
            count(self.attempts),
            self.success(),
        )
    }

    /// Share of attempts that went well.
    pub fn success(&self) -> String {
        percent(self.attempts - self.failed, self.attempts)
    }

    /// Median time to the first content.
    pub fn p50(&self) -> String {
        self.p50_ms.map_or("no data".to_owned(), duration)
    }

    /// The time that nine of ten keep to.
    pub fn p90(&self) -> String {
        self.p90_ms.map_or("no data".to_owned(), duration)
    }
}

/// Which share of the attempts of each period went well.
pub fn success(subject: &str, periods: &[Period]) -> Chart {
    let all: u64 = periods.iter().map(|period| period.attempts).sum();
    let failed: u64 = periods.iter().map(|period| period.failed).sum();
    let told = periods.iter().filter(|period| period.attempts > 0).count();
    let label = format!(
        "{subject}: {} of {} attempts ok; {told} of {} periods have data",
        percent(all - failed, all),
        count(all),
        periods.len(),
    );
    let marks = runs(periods).flat_map(|run| {
        let mark = |y, height, class| Mark {
            x: run.x,
            y,
            width: run.width,
            height,
            class,
            title: run.title.clone(),
        };
        match (run.first.attempts, failed_height(run.first)) {
            (0, _) => vec![mark(HEIGHT - LEAST, LEAST, "none")],
            (_, 0) => vec![mark(0, HEIGHT, "good")],
            (_, HEIGHT) => vec![mark(0, HEIGHT, "bad")],
            (_, bad) => vec![mark(0, bad, "bad"), mark(bad + 4, HEIGHT - bad - 4, "good")],
        }
    });
    Chart {
        label,
        width: periods.len() * COLUMN,
        marks: marks.collect(),
        top: String::new(),
    }
}

/// The time to the first content in each period: a bar from the median to what nine of ten keep to.
pub fn first_token(subject: &str, periods: &[Period]) -> Chart {
    let slowest = periods.iter().filter_map(|period| period.p90_ms);
    let top = slowest.fold(0.0, f64::max);
    let height = |ms: f64| share(ms, top);
    let marks = runs(periods).map(|run| {
        let (y, height, class) = match (run.first.p50_ms, run.first.p90_ms) {
            (Some(p50), Some(p90)) => {
                let (low, high) = (height(p50), height(p90));
                (HEIGHT - high, (high - low.min(high)).max(4), "good")
            }
            (None, _) | (_, None) => (HEIGHT - 3, 3, "none"),
        };
        Mark {
            x: run.x,
            y: y.min(HEIGHT - height),
            width: run.width,
            height,
            class,
            title: run.title,
        }
    });
    let measured = periods.iter().filter(|period| period.p50_ms.is_some());
    Chart {
        label: format!(
            "{subject}: first token from its median to its 90th percentile; {} of {} periods have data",
            measured.count(),
            periods.len(),
        ),
        width: periods.len() * COLUMN,
        marks: marks.collect(),
        top: if top > 0.0 {
            duration(top)
        } else {
            String::new()
        },
    }
}

/// Periods that are drawn as one.
struct Run<'a> {
    x: usize,
    width: usize,
    title: String,
    /// The first of them, which is as all of them are.
    first: &'a Period,
}

/// Periods without data that follow one another are drawn as one, for a page of mostly empty charts is slow to
/// show.
fn runs(periods: &[Period]) -> impl Iterator<Item = Run<'_>> {
    let alike = |one: &Period, next: &Period| one.attempts == 0 && next.attempts == 0;
    let mut begun = 0;
    periods.chunk_by(alike).filter_map(move |run| {
        let (first, last) = (run.first()?, run.last()?);
        let title = match run {
            [one] => one.title(),
            _ => format!("{} to {}: no data", first.name, last.name),
        };
        let x = begun * COLUMN;
        begun += run.len();
        Some(Run {
            x,
            width: run.len() * COLUMN - GAP,
            title,
            first,
        })
    })
}

/// How high a period's failures are drawn.
fn failed_height(period: &Period) -> u32 {
    if period.failed == 0 {
        return 0;
    }
    let exact = u128::from(period.failed) * u128::from(HEIGHT) / u128::from(period.attempts.max(1));
    let height = u32::try_from(exact).unwrap_or(HEIGHT);
    if period.failed == period.attempts {
        HEIGHT
    } else {
        height.clamp(LEAST, HEIGHT - LEAST)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of the height is between 0 and the height"
)]
fn share(ms: f64, top: f64) -> u32 {
    ((ms / top.max(1.0)).clamp(0.0, 1.0) * f64::from(HEIGHT)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(attempts: u64, failed: u64, speed: Option<(f64, f64)>) -> Period {
        Period {
            name: "2026-01-31".to_owned(),
            attempts,
            failed,
            p50_ms: speed.map(|(p50, _)| p50),
            p90_ms: speed.map(|(_, p90)| p90),
        }
    }

    #[test]
    fn a_single_failure_shows_and_no_data_is_said() {
        let chart = success(
            "p",
            &[
                period(0, 0, None),
                period(1_000_000, 1, None),
                period(2, 2, None),
            ],
        );
        let classes: Vec<_> = chart.marks.iter().map(|mark| mark.class).collect();
        assert_eq!(classes, ["none", "bad", "good", "bad"]);
        assert_eq!(chart.marks[1].height, LEAST);
        assert_eq!(chart.marks[0].title, "2026-01-31: no data");
        assert_eq!(chart.marks[3].height, HEIGHT);
        assert!(
            chart.label.contains("2 of 3 periods have data"),
            "{}",
            chart.label
        );
        assert!(chart.label.contains("99.99 %"), "{}", chart.label);
    }

    #[test]
    fn periods_without_data_share_a_mark() {
        let mut periods = [0, 0, 0, 7, 0]
            .map(|attempts| period(attempts, 0, (attempts > 0).then_some((1.0, 2.0))));
        periods[2].name = "2026-02-02".to_owned();
        for chart in [success("p", &periods), first_token("p", &periods)] {
            let places: Vec<_> = chart.marks.iter().map(|m| (m.x, m.width)).collect();
            assert_eq!(places, [(0, 28), (30, 8), (40, 8)]);
            assert_eq!(chart.marks[0].title, "2026-01-31 to 2026-02-02: no data");
            assert_eq!(chart.marks[2].title, "2026-01-31: no data");
            assert!(chart.label.ends_with("of 5 periods have data"));
        }
    }

    #[test]
    fn bars_reach_from_the_median_to_the_90th_percentile_and_stay_inside() {
        let periods = [
            period(9, 0, Some((100.0, 400.0))),
            period(9, 0, Some((50.0, 50.0))),
            period(0, 0, None),
        ];
        let chart = first_token("m", &periods);
        assert_eq!(chart.top, "400 ms");
        assert_eq!((chart.marks[0].y, chart.marks[0].height), (0, 75));
        assert!(
            chart
                .marks
                .iter()
                .all(|mark| mark.y + mark.height <= HEIGHT)
        );
        assert!(first_token("m", &[]).marks.is_empty());
        assert_eq!(first_token("m", &[period(0, 0, None)]).top, "");
    }
}
