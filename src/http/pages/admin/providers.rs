//! `/admin/providers`: where providers stand, and the operator's word to their breakers.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::{Value, json};

use super::around;
use super::gate::Console;
use crate::actors::catalog::{Route, World};
use crate::actors::provider::standing;
use crate::http::fields::Fields;
use crate::http::pages::answer;
use crate::http::pages::form::{Form, object};
use crate::http::pages::login::see;
use crate::http::state::Shown;
use crate::http::{ApiError, Code, Switchboard, admin, standings};
use crate::pages::Panel;
use crate::pages::admin::{Part, ProviderRow, Providers};
use crate::routing::Standing;

/// Minutes that a provider rests unless others are typed.
const MINUTES: &str = "60";
const WRONG_MINUTES: &str = "Minutes must be a number from 1 to 10080.";

/// `GET /admin/providers`
pub async fn list(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    let (_, panel) = around(&http, Part::Providers);
    show(&desk, &http, panel, &|row| row, StatusCode::OK)
}

/// `POST /admin/providers`
pub async fn order(
    desk: Data<Switchboard>,
    http: HttpRequest,
    console: Console,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let provider = form.text("provider");
    let said = match form.text("order") {
        "rest" => {
            let fields = Fields::of(object([("rest_ms", rest_ms(form.text("minutes")))]));
            let rested = admin::rest(&desk, &console.0, provider, fields).await;
            rested.map(|_| "rested")
        }
        "resume" => {
            let resumed = admin::resume(&desk, &console.0, provider).await;
            resumed.map(|()| "resumed")
        }
        _ => Err(ApiError::new(
            Code::InvalidValue,
            "The order is rest or resume.",
        )),
    };
    match said {
        Ok(word) => Ok(see(&format!(
            "{}?done={word}#{provider}",
            Part::Providers.path()
        ))),
        Err(error) => {
            let (_, mut panel) = around(&http, Part::Providers);
            let is_wrong = error.field() == Some("rest_ms");
            if !is_wrong {
                error.message().clone_into(&mut panel.trouble);
            }
            let typed = |mut row: ProviderRow| {
                if is_wrong && row.name == provider {
                    form.text("minutes").clone_into(&mut row.minutes);
                    WRONG_MINUTES.clone_into(&mut row.wrong);
                }
                row
            };
            show(&desk, &http, panel, &typed, error.status_code())
        }
    }
}

fn rest_ms(minutes: &str) -> Value {
    let minutes = minutes.parse::<u64>().ok();
    let rest_ms = minutes.and_then(|minutes| minutes.checked_mul(60_000));
    rest_ms.map_or(json!(""), |rest_ms| json!(rest_ms))
}

fn show(
    desk: &Switchboard,
    http: &HttpRequest,
    panel: Panel,
    typed: &dyn Fn(ProviderRow) -> ProviderRow,
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let world = desk.world.load_full();
    let page = Providers {
        frame: around(http, Part::Providers).0,
        panel,
        rows: world
            .routes()
            .map(|route| typed(row(&world, route)))
            .collect(),
    };
    answer::personal(status, &desk.settings, &page)
}

fn row(world: &World, route: &Route) -> ProviderRow {
    let now = Instant::now();
    let whole = route.standings().whole();
    let state = if route.is_configured() {
        standing(&whole, now)
    } else {
        Standing::Unconfigured
    };
    let shown = Shown::new(state, Some(whole), now);
    let sick = standings::all(world).into_iter().filter(|row| {
        row.provider == route.provider.name.as_str()
            && matches!(row.shown.state, "tripped" | "probing")
    });
    ProviderRow {
        name: route.provider.name.to_string(),
        state: shown.state,
        since: shown.since.unwrap_or_default(),
        reason: shown.reason.unwrap_or_default(),
        is_configured: route.is_configured(),
        sick: sick
            .map(|row| {
                let reason = row.shown.reason.unwrap_or_default();
                [row.model, row.shown.state.to_owned(), reason.to_owned()]
            })
            .collect(),
        minutes: MINUTES.to_owned(),
        wrong: String::new(),
    }
}
