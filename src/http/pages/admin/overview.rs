//! `GET /admin`: the books, the latest days and the attempts at a glance.

use std::ops::RangeInclusive;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::around;
use super::gate::Console;
use crate::actors::clock::now_ms;
use crate::http::pages::answer;
use crate::http::pages::days::{amounts, drawn, last, usd};
use crate::http::pages::form::Form;
use crate::http::pages::model::{period, success};
use crate::http::pages::when::day;
use crate::http::sheet::csv;
use crate::http::usage::read;
use crate::http::{ApiError, Switchboard, admin};
use crate::money::Picodollars;
use crate::pages::admin::{Overview, Part};
use crate::pages::chart;
use crate::pages::columns::{Amount, columns};
use crate::pages::words::count;
use crate::routing::Tally;
use crate::store::{Day, Takings};

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

/// The days that can be asked for.
const RANGES: [u64; 2] = [30, 90];
/// Days of attempts that are drawn; the status page has all of them.
const ATTEMPT_DAYS: usize = 30;
/// The columns of days as CSV.
const HEAD: [&str; 7] = [
    "day",
    "revenue_usd",
    "provider_cost_usd",
    "deposits_usd",
    "fees_usd",
    "losses_usd",
    "given_usd",
];

/// `GET /admin?days=30`
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
    let (attempts, providers) = attempts(&desk);
    let days = asked(&http);
    let (range, found) = found(&desk, days).await?;
    let drawn = drawn(&range, &found);
    let sum = found
        .iter()
        .fold(Takings::default(), |sum, (_, day)| sum.plus(*day));
    let newest_first = found.iter().rev();
    let page = Overview {
        frame,
        panel,
        figures: figures.collect(),
        ranges: RANGES.map(|range| (range, range == days)).into(),
        days,
        revenue: columns(
            "Charged, USD",
            &amounts(&drawn, |day: &Takings| usd(day.revenue)),
        ),
        cost: columns(
            "Provider cost, USD",
            &amounts(&drawn, |day: &Takings| usd(day.provider_cost)),
        ),
        rows: newest_first
            .map(|(day, takings)| row(day.iso(), takings))
            .collect(),
        sum: row("All of them".to_owned(), &sum),
        attempts: columns("Attempts upstream", &attempts),
        providers,
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// `GET /admin/days.csv?days=30`
pub async fn days_csv(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    let (_, found) = found(&desk, asked(&http)).await?;
    let rows = found.iter().rev();
    let rows = rows.map(|(day, takings)| row(day.iso(), takings).into());
    csv(&http, &HEAD, rows, None)
}

/// How many days are to be shown: the first of the choices for anything else.
fn asked(http: &HttpRequest) -> u64 {
    let days = Form::of_query(http).text("days").parse().ok();
    days.filter(|days| RANGES.contains(days))
        .unwrap_or(RANGES[0])
}

async fn found(
    desk: &Switchboard,
    days: u64,
) -> Result<(RangeInclusive<Day>, Vec<(Day, Takings)>), ApiError> {
    let range = last(days, now_ms());
    let (archive, first, last) = (desk.archive.clone(), *range.start(), *range.end());
    let found = read(desk, move || archive.takings(first, last)).await?;
    Ok((range, found))
}

fn row(name: String, takings: &Takings) -> [String; 7] {
    let Takings {
        revenue,
        provider_cost,
        deposits,
        fees,
        losses,
        given,
    } = takings;
    let [revenue, cost, deposits, fees, losses, given] =
        [revenue, provider_cost, deposits, fees, losses, given].map(Picodollars::to_string);
    [name, revenue, cost, deposits, fees, losses, given]
}

/// Attempts by day, and what came of them by provider.
fn attempts(desk: &Switchboard) -> (Vec<Amount>, Vec<(String, String, chart::Chart)>) {
    let (world, wall_ms) = (desk.world.load_full(), now_ms());
    let uptime = desk.logbook.uptime();
    let mut by_day: Vec<(u64, u64)> = Vec::new();
    let mut providers = Vec::new();
    for route in world.routes().filter(|route| route.is_configured()) {
        let name = &route.provider.name;
        let mut all = Tally::default();
        let mut periods = Vec::new();
        let latest = uptime.days(name, wall_ms);
        let latest = latest.into_iter().rev().take(ATTEMPT_DAYS).rev();
        for (n, (at, tally)) in latest.enumerate() {
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
