//! What a deposit may be, and our fee of it.

use crate::money::Cents;

/// Our fee, in percent of a deposit.
pub const FEE_PERCENT: u64 = 4;
/// The least that can be deposited at one time: five dollars.
pub const LEAST_DEPOSIT: Cents = Cents::new(500);
/// The most: five hundred dollars.
pub const MOST_DEPOSIT: Cents = Cents::new(50_000);

/// Our fee of what is paid: 4 % to the cent, half a cent up. The rest becomes credit.
pub fn fee(paid: Cents) -> Cents {
    let hundredths = paid.get().saturating_mul(FEE_PERCENT);
    Cents::new(hundredths / 100 + u64::from(hundredths % 100 >= 50))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fee_is_four_percent_to_the_cent_half_up() {
        for (paid, expected) in [
            (1000, 40),
            (12, 0),
            (13, 1),
            (1012, 40),
            (1013, 41),
            (38, 2),
        ] {
            assert_eq!(fee(Cents::new(paid)).get(), expected, "{paid}");
        }
    }

    proptest! {
        #[test]
        fn the_fee_is_the_nearest_cent(paid in 0_u64..1_000_000_000) {
            let exact_hundredths = paid * 4;
            let got_hundredths = fee(Cents::new(paid)).get() * 100;
            prop_assert!(got_hundredths <= exact_hundredths + 50);
            prop_assert!(got_hundredths + 50 > exact_hundredths);
        }
    }
}
