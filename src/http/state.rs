//! Where a model or a provider stands, since when and why, as `/health` and `/v1/models` tell it.

use std::time::{Instant, SystemTime};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::actors::breaker::{Reason, Status};
use crate::actors::catalog::World;
use crate::catalog::Model;
use crate::routing::Standing;

/// One standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// `flowing`, `tripped`, `probing`, `unconfigured` or `retired`.
    pub state: &'static str,
    /// RFC 3339. Left out while it flows or is not configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Left out while it flows or is not configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl Shown {
    /// A standing, and what is behind it.
    pub fn new(standing: Standing, status: Option<Status>, now: Instant) -> Self {
        let status = match standing {
            Standing::Tripped(_) | Standing::Probing => status,
            Standing::Flowing | Standing::Unconfigured => None,
        };
        Self {
            state: standing.as_str(),
            since: status.and_then(|status| wall_clock(status.since, now)),
            reason: status.and_then(|status| status.reason.map(Reason::as_str)),
        }
    }

    /// A model past its provider's last day.
    pub const fn retired() -> Self {
        Self {
            state: "retired",
            since: None,
            reason: None,
        }
    }

    /// Where a model stands.
    pub fn of_model(world: &World, model: &Model, now: Instant) -> Self {
        let standing = world.live(model, now).standing;
        Self::new(standing, world.status(model, now), now)
    }
}

/// The best of some standings, for what is served as long as one of them flows.
pub fn best(standings: impl Iterator<Item = Standing>) -> Standing {
    let rank = |standing: &Standing| match standing {
        Standing::Flowing => 0,
        Standing::Probing => 1,
        Standing::Tripped(_) => 2,
        Standing::Unconfigured => 3,
    };
    standings.min_by_key(rank).unwrap_or(Standing::Unconfigured)
}

/// A moment of the monotonic clock on the wall.
fn wall_clock(moment: Instant, now: Instant) -> Option<String> {
    let ago = now.saturating_duration_since(moment);
    let at = OffsetDateTime::from(SystemTime::now().checked_sub(ago)?);
    at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::actors::breaker::State;

    #[test]
    fn since_and_reason_are_told_of_what_does_not_flow() {
        let begun = Instant::now();
        let now = begun + Duration::from_secs(5);
        let status = Status {
            state: State::Probing,
            since: begun,
            reason: Some(Reason::Unreachable),
            open_from: None,
        };
        let shown = Shown::new(Standing::Probing, Some(status), now);
        assert_eq!(
            (shown.state, shown.reason),
            ("probing", Some("unreachable"))
        );
        let since = OffsetDateTime::parse(&shown.since.unwrap(), &Rfc3339).unwrap();
        let ago = OffsetDateTime::now_utc() - since;
        assert!((4..8).contains(&ago.whole_seconds()), "{ago}");
        let flowing = Shown::new(Standing::Flowing, Some(status), now);
        assert_eq!((flowing.since, flowing.reason), (None, None));
    }

    #[test]
    fn the_best_one_counts() {
        let tripped = Standing::Tripped(Duration::ZERO);
        let all = [Standing::Unconfigured, tripped, Standing::Probing];
        assert_eq!(best(all.into_iter()), Standing::Probing);
        assert_eq!(best(all[..2].iter().copied()), tripped);
        assert_eq!(best(std::iter::empty()), Standing::Unconfigured);
    }
}
