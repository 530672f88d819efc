//! Amounts are exact, and read what they print.

use super::*;
use proptest::prelude::*;

#[test]
fn prices_are_exact() {
    assert_eq!(Rate::from_usd_per_mtok("0.05").map(Rate::get), Ok(50_000));
    assert_eq!(Rate::from_usd_per_mtok("0.0375").map(Rate::get), Ok(37_500));
    assert_eq!(Rate::from_usd_per_mtok("25").map(Rate::get), Ok(25_000_000));
    assert_eq!(
        Rate::from_usd_per_mtok("0.0000001"),
        Err(MoneyError::TooFine)
    );
    assert_eq!(Rate::from_usd_per_mtok("-1"), Err(MoneyError::OutOfRange));
}

#[test]
fn amounts_read_and_print_as_the_contract_says() {
    let amount: Picodollars = "5.00".parse().unwrap();
    assert_eq!(amount.get(), 5 * PER_USD);
    assert_eq!(amount.to_string(), "5");
    assert_eq!(Picodollars::new(214_000_000).to_string(), "0.000214");
    assert_eq!(Picodollars::new(-1).to_string(), "-0.000000000001");
    for bad in [
        "",
        ".",
        "1.",
        ".5",
        "1e3",
        "+1",
        "1,0",
        " 1",
        "0.0000000000001",
        "99999999",
    ] {
        assert!(bad.parse::<Picodollars>().is_err(), "{bad}");
    }
}

#[test]
fn cents_are_read_only_when_they_are_whole() {
    let read = |text: &str| Cents::of_usd(text.parse().unwrap());
    assert_eq!(read("5.00"), Some(Cents::new(500)));
    assert_eq!(read("12.3").unwrap().to_string(), "12.30");
    assert_eq!(read("0.07").unwrap().to_string(), "0.07");
    for odd in ["5.001", "-5", "-0.000000000001"] {
        assert_eq!(read(odd), None, "{odd}");
    }
}

proptest! {
    #[test]
    fn text_form_round_trips(raw in any::<i64>().prop_filter("symmetric", |v| *v != i64::MIN)) {
        let amount = Picodollars::new(raw);
        prop_assert_eq!(amount.to_string().parse::<Picodollars>(), Ok(amount));
    }
}
