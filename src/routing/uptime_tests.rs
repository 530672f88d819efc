//! Tests of what the status page is told.

use super::*;

/// Some noon.
const NOON: u64 = 20_000 * DAY_MS + 12 * HOUR_MS;

fn provider() -> ProviderName {
    ProviderName::new("p")
}

fn model() -> ModelId {
    ModelId::new("m")
}

fn attempt(uptime: &mut Uptime, ended: Ended, now_ms: u64) {
    uptime.record(&provider(), &model(), ended, now_ms);
}

#[test]
fn days_and_hours_without_attempts_have_no_data() {
    let mut uptime = Uptime::default();
    attempt(&mut uptime, Ended::Answered, NOON - DAY_MS);
    attempt(&mut uptime, Ended::Failed, NOON);
    let days = uptime.days(&provider(), NOON);
    assert_eq!(days.len(), 90);
    let told: Vec<_> = days.iter().filter_map(|(_, tally)| *tally).collect();
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].ok, told[0].failed), (1, 0));
    assert_eq!((told[1].ok, told[1].failed), (0, 1));
    assert_eq!(days[89].0, 20_000);
    let hours = uptime.hours([&model()].into_iter(), NOON);
    assert_eq!(hours.len(), 24);
    let attempts: Vec<u64> = hours.iter().map(|(_, tally)| tally.attempts()).collect();
    assert_eq!((attempts[23], attempts[..23].iter().sum::<u64>()), (1, 0));
    assert!(
        uptime
            .days(&ProviderName::new("other"), NOON)
            .iter()
            .all(|(_, t)| t.is_none())
    );
}

#[test]
fn what_is_kept_comes_back_and_what_is_too_old_goes() {
    let mut uptime = Uptime::default();
    attempt(&mut uptime, Ended::Answered, NOON);
    uptime.begin(&provider(), "m", "failures", NOON);
    uptime.begin(&provider(), WHOLE, "unreachable", NOON + 1);
    uptime.recover(&provider(), "m", NOON + 5);
    let rows: Vec<_> = uptime
        .take_changes(NOON)
        .into_iter()
        .map(|(row, kept)| (row, kept.unwrap()))
        .collect();
    assert_eq!(rows.len(), 4);
    assert!(uptime.take_changes(NOON).is_empty(), "written once");

    let mut back = Uptime::restore(rows, NOON);
    assert_eq!(back.days(&provider(), NOON)[89].1.unwrap().ok, 1);
    let ends: Vec<End> = back.outages().map(|outage| outage.end).collect();
    assert_eq!(ends, [End::Unseen, End::Recovered(NOON + 5)]);
    assert_eq!(
        back.take_changes(NOON).len(),
        1,
        "the one that ended unseen"
    );

    let later = NOON + 25 * HOUR_MS;
    let gone = back.take_changes(later);
    assert_eq!(gone, [(Row::Hour(NOON / HOUR_MS, "m".to_owned()), None)]);
    let gone = back.take_changes(NOON + 91 * DAY_MS);
    assert_eq!(gone.len(), 3, "the day and both outages: {gone:?}");
    assert!(gone.iter().all(|(_, kept)| kept.is_none()));
    assert_eq!(back.outages().count(), 0);
}

#[test]
fn outages_are_bounded_and_end_with_the_provider_that_had_them() {
    let mut uptime = Uptime::default();
    for n in 0..300 {
        uptime.begin(&provider(), "m", "failures", NOON + n);
        uptime.recover(&provider(), "m", NOON + n);
    }
    assert_eq!(uptime.outages().count(), MOST_OUTAGES);
    assert_eq!(uptime.outages().next().unwrap().begun_ms, NOON + 299);
    uptime.begin(&provider(), WHOLE, "credential", NOON + 300);
    uptime.lose_sight(&ProviderName::new("other"));
    assert_eq!(uptime.outages().next().unwrap().end, End::Open);
    uptime.lose_sight(&provider());
    assert_eq!(uptime.outages().next().unwrap().end, End::Unseen);
}
