//! `GET /admin`: the books and the attempts at a glance.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::around;
use super::gate::Console;
use crate::actors::clock::now_ms;
use crate::http::pages::answer;
use crate::http::pages::model::{period, success};
use crate::http::pages::when::day;
use crate::http::{ApiError, Switchboard, admin};
use crate::pages::admin::{Overview, Part};
use crate::pages::chart;
use crate::pages::columns::{Amount, columns};
use crate::pages::words::count;
use crate::routing::Tally;

/// The figures of `GET /admin/overview` that are shown, and what they are called here.
const FIGURES: [(&str, &str); 11] = [
    ("accounts", "Accounts"),
    ("accounts_with_credit", "with credit"),
    ("credit_usd", "Customers' credit, USD"),
    ("held_usd", "of it held, USD"),
    ("open_holds", "Open holds"),
    ("deposits_usd", "Deposits, USD"),
    ("revenue_usd", "Charged, USD"),
    ("provider_cost_usd", "Provider cost, USD"),
    ("fees_usd", "Fees, USD"),
    ("losses_usd", "Losses, USD"),
    ("given_usd", "Given, USD"),
];

/// `GET /admin`
pub async fn overview(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    let books = admin::books(&desk).await?;
    let (frame, panel) = around(&http, Part::Overview);
    let figures = FIGURES.iter().map(|(member, name)| {
        let value = &books[member];
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        [(*name).to_owned(), text]
    });
    let (attempts, providers) = drawn(&desk);
    let page = Overview {
        frame,
        panel,
        figures: figures.collect(),
        attempts: columns("Attempts upstream", &attempts),
        providers,
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// Attempts by day, and what came of them by provider.
fn drawn(desk: &Switchboard) -> (Vec<Amount>, Vec<(String, String, chart::Chart)>) {
    let (world, wall_ms) = (desk.world.load_full(), now_ms());
    let uptime = desk.logbook.uptime();
    let mut by_day: Vec<(u64, u64)> = Vec::new();
    let mut providers = Vec::new();
    for route in world.routes().filter(|route| route.is_configured()) {
        let name = &route.provider.name;
        let mut all = Tally::default();
        let mut periods = Vec::new();
        for (n, (at, tally)) in uptime.days(name, wall_ms).into_iter().enumerate() {
            let none = Tally::default();
            let tally = tally.unwrap_or(&none);
            all.absorb(tally);
            periods.push(period(day(at), tally));
            match by_day.get_mut(n) {
                Some((_, attempts)) => *attempts += tally.attempts(),
                None => by_day.push((at, tally.attempts())),
            }
        }
        let chart = chart::success(name.as_str(), &periods);
        providers.push((name.to_string(), success(&all), chart));
    }
    let amount = |(at, attempts): (u64, u64)| Amount {
        name: day(at),
        size: attempts,
        text: count(attempts),
    };
    (by_day.into_iter().map(amount).collect(), providers)
}
