//! Amounts by day as columns, drawn on the server and told in words.

/// Height of a column that stands for the greatest amount.
const HEIGHT: u128 = 100;
/// Width of a column with its gap.
const COLUMN: usize = 10;

/// One amount.
pub struct Amount {
    /// Its day.
    pub name: String,
    /// How great it is, in any unit.
    pub size: u64,
    /// The same as people read it.
    pub text: String,
}

/// A chart of columns.
pub struct Columns {
    /// What it shows.
    pub title: String,
    /// The same with its numbers, for whoever does not see it.
    pub told: String,
    /// Its width.
    pub width: usize,
    /// The columns.
    pub columns: Vec<Column>,
    /// What the full height stands for; empty when there is nothing.
    pub top: String,
    /// The first and the last day.
    pub span: [String; 2],
}

/// One column.
pub struct Column {
    /// Its left side.
    pub x: usize,
    /// Its upper side.
    pub y: u128,
    /// How high it is.
    pub height: u128,
    /// `good`, or `none` for a day without anything.
    pub class: &'static str,
    /// What it says when it is pointed at.
    pub title: String,
}

/// Draws amounts, oldest first.
pub fn columns(title: &str, amounts: &[Amount]) -> Columns {
    let greatest = amounts.iter().max_by_key(|amount| amount.size);
    let greatest = greatest.filter(|amount| amount.size > 0);
    let most = greatest.map_or(1, |amount| amount.size);
    let drawn = amounts.iter().enumerate().map(|(n, amount)| {
        let (height, class) = match amount.size {
            0 => (2, "none"),
            size => (
                (u128::from(size) * HEIGHT / u128::from(most)).max(3),
                "good",
            ),
        };
        Column {
            x: n * COLUMN,
            y: HEIGHT - height,
            height,
            class,
            title: format!("{}: {}", amount.name, amount.text),
        }
    });
    let used = amounts.iter().filter(|amount| amount.size > 0).count();
    let day = |amount: Option<&Amount>| amount.map_or_else(String::new, |a| a.name.clone());
    Columns {
        title: title.to_owned(),
        told: match greatest {
            Some(most) => format!(
                "{used} of {} days have some; the most is {} on {}.",
                amounts.len(),
                most.text,
                most.name,
            ),
            None => format!("Nothing on {} days.", amounts.len()),
        },
        width: amounts.len() * COLUMN,
        columns: drawn.collect(),
        top: greatest.map_or_else(String::new, |most| most.text.clone()),
        span: [day(amounts.first()), day(amounts.last())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(name: &str, size: u64) -> Amount {
        Amount {
            name: name.to_owned(),
            size,
            text: format!("${size}"),
        }
    }

    #[test]
    fn columns_stay_inside_and_the_smallest_shows() {
        let drawn = columns(
            "Spending",
            &[amount("a", 0), amount("b", 1), amount("c", u64::MAX)],
        );
        let heights: Vec<_> = drawn.columns.iter().map(|c| (c.y, c.height)).collect();
        assert_eq!(heights, [(98, 2), (97, 3), (0, 100)]);
        assert_eq!(drawn.columns[0].class, "none");
        assert_eq!(drawn.width, 30);
        assert!(drawn.told.starts_with("2 of 3 days"), "{}", drawn.told);
        assert_eq!(drawn.span, ["a", "c"]);
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        let drawn = columns("Spending", &[amount("a", 0)]);
        assert_eq!(
            (drawn.told.as_str(), drawn.top.as_str()),
            ("Nothing on 1 days.", "")
        );
        assert!(columns("Spending", &[]).columns.is_empty());
    }
}
