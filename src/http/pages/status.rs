//! `GET /status`: how every provider is now and was on 90 days, from this router's own attempts.

use std::time::Instant;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::model::{period, success};
use super::when::{day, length, minute};
use super::{answer, frame};
use crate::actors::catalog::{Route, World};
use crate::actors::clock::now_ms;
use crate::catalog::ModelId;
use crate::http::health::{Overall, best_of};
use crate::http::standings;
use crate::http::{ApiError, Switchboard};
use crate::pages::words::{count, duration};
use crate::pages::{Here, Incident, Period, ProviderRow, SickModel, Status, chart};
use crate::routing::uptime::{DAYS, End, Outage, Uptime, WHOLE};
use crate::routing::{Standing, Tally};

/// Incidents that are shown.
const MOST_INCIDENTS: usize = 50;
const DESCRIPTION: &str =
    "How every provider is now and was on the last 90 days, from this router's own attempts.";

/// `GET /status`
pub async fn status(desk: Data<Switchboard>, http: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (world, now, wall_ms) = (desk.world.load_full(), Instant::now(), now_ms());
    let overall = Overall::of(&desk, &world, now);
    let (configured, unconfigured): (Vec<&Route>, Vec<&Route>) = world
        .routes()
        .map(AsRef::as_ref)
        .partition(|route| best_of(&world, route, now) != Standing::Unconfigured);
    let uptime = desk.logbook.uptime();
    let page = Status {
        frame: frame(&http, Here::Status, "Status", DESCRIPTION),
        word: overall.word,
        trouble: overall.trouble,
        providers: configured
            .iter()
            .map(|route| provider(&world, route, best_of(&world, route, now), &uptime, wall_ms))
            .collect(),
        unconfigured: unconfigured
            .iter()
            .map(|route| route.provider.name.to_string())
            .collect(),
        sick: sick(&world),
        incidents: uptime
            .outages()
            .take(MOST_INCIDENTS)
            .map(|outage| incident(outage, wall_ms))
            .collect(),
        days: DAYS,
    };
    drop(uptime);
    answer::open(&http, &desk.settings, &page)
}

fn provider(
    world: &World,
    route: &Route,
    standing: Standing,
    uptime: &Uptime,
    wall_ms: u64,
) -> ProviderRow {
    let name = &route.provider.name;
    let days = uptime.days(name, wall_ms);
    let mut all = Tally::default();
    let mut periods: Vec<Period> = Vec::with_capacity(days.len());
    for (at, tally) in days {
        periods.push(period(day(at), tally.unwrap_or(&Tally::default())));
        if let Some(tally) = tally {
            all.absorb(tally);
        }
    }
    let lately = lately(world, route, uptime, wall_ms);
    let ms = |share| lately.first_token_ms(share);
    let told = periods.iter().filter(|period| period.attempts > 0).count();
    ProviderRow {
        name: name.to_string(),
        state: standing.as_str(),
        chart: chart::success(name.as_str(), &periods),
        success: success(&all),
        attempts: count(all.attempts()),
        told,
        bad_days: periods
            .iter()
            .rev()
            .filter(|period| period.failed > 0)
            .map(Period::title)
            .collect(),
        p50: ms(0.5).map_or("no data".to_owned(), duration),
        p90: ms(0.9).map_or("no data".to_owned(), duration),
    }
}

/// The last 24 hours of a provider's models together.
fn lately(world: &World, route: &Route, uptime: &Uptime, wall_ms: u64) -> Tally {
    let models: Vec<&ModelId> = world
        .catalog
        .models()
        .iter()
        .filter(|model| model.provider == route.provider.name)
        .map(|model| &model.id)
        .collect();
    let mut sum = Tally::default();
    for (_, tally) in uptime.hours(models.into_iter(), wall_ms) {
        sum.absorb(&tally);
    }
    sum
}

fn sick(world: &World) -> Vec<SickModel> {
    let rows = standings::all(world).into_iter();
    rows.filter(|row| matches!(row.shown.state, "tripped" | "probing"))
        .map(|row| SickModel {
            id: row.model,
            provider: row.provider,
            state: row.shown.state,
            since: row.shown.since.unwrap_or_default(),
            reason: row.shown.reason.unwrap_or_default(),
        })
        .collect()
}

fn incident(outage: &Outage, wall_ms: u64) -> Incident {
    Incident {
        begun: minute(outage.begun_ms),
        provider: outage.provider.clone(),
        subject: if outage.model == WHOLE {
            "all models".to_owned()
        } else {
            outage.model.clone()
        },
        reason: outage.reason.clone(),
        lasted: match outage.end {
            End::Open => format!("{} so far", length(wall_ms.saturating_sub(outage.begun_ms))),
            End::Recovered(at) => length(at.saturating_sub(outage.begun_ms)),
            End::Unseen => "end not seen".to_owned(),
        },
    }
}
