//! A rising curve of straight lines, from a margin to ten-thousandths.

const MOST_KNOTS: usize = 256;
const WHOLE: u16 = 10_000;

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knot {
    /// The margin.
    pub margin: i32,
    /// The height there, in ten-thousandths.
    pub height: u16,
}

/// At least two knots, rising. Before the first and after the last it is flat.
#[derive(Clone, Debug)]
pub struct Curve(Vec<Knot>);

impl Curve {
    /// A curve through the knots; `None` when they do not rise, or are too few or too many.
    pub fn new(knots: Vec<Knot>) -> Option<Self> {
        let rises =
            |pair: &[Knot]| pair[0].margin < pair[1].margin && pair[0].height <= pair[1].height;
        let sound = (2..=MOST_KNOTS).contains(&knots.len())
            && knots.windows(2).all(rises)
            && knots.iter().all(|knot| knot.height <= WHOLE);
        sound.then_some(Self(knots))
    }

    /// The height at a margin.
    pub fn at(&self, margin: i64) -> u16 {
        let Self(knots) = self;
        let after = knots.partition_point(|knot| i64::from(knot.margin) <= margin);
        let after = after.clamp(1, knots.len() - 1);
        let (low, high) = (knots[after - 1], knots[after]);
        let (from, to) = (i64::from(low.margin), i64::from(high.margin));
        let rise = i64::from(high.height) - i64::from(low.height);
        let within = margin.clamp(from, to) - from;
        let height = i64::from(low.height) + (rise * within).div_euclid(to - from);
        u16::try_from(height).unwrap_or(WHOLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(knots: &[(i32, u16)]) -> Option<Curve> {
        let knot = |&(margin, height)| Knot { margin, height };
        Curve::new(knots.iter().map(knot).collect())
    }

    #[test]
    fn between_knots_it_is_straight_and_beyond_them_flat() {
        let curve = curve(&[(-100, 1_000), (0, 2_000), (10, 9_000)]).unwrap();
        let heights = [i64::MIN, -100, -50, 0, 5, 10, i64::MAX].map(|margin| curve.at(margin));
        assert_eq!(heights, [1_000, 1_000, 1_500, 2_000, 5_500, 9_000, 9_000]);
    }

    #[test]
    fn what_does_not_rise_is_refused() {
        assert!(curve(&[(0, 1)]).is_none());
        assert!(curve(&[(0, 1), (0, 2)]).is_none());
        assert!(curve(&[(0, 2), (1, 1)]).is_none());
        assert!(curve(&[(0, 2), (1, 10_001)]).is_none());
    }
}
