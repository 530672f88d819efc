//! `/admin/providers/{name}`: the operator has a provider left alone, or asked again.

use std::time::Duration;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::actors::clock::now_ms;
use crate::actors::ledger::Note;
use crate::actors::provider::Order;
use crate::catalog::ProviderName;
use crate::http::fields::Fields;
use crate::http::generations::rfc3339;
use crate::http::operator::Operator;
use crate::http::{ApiError, Code, Switchboard, keys};
use crate::store::{Action, Deed};

/// The shortest rest, one second, and the longest, seven days, in milliseconds.
const REST_MS: (u64, u64) = (1_000, 7 * 24 * 3600 * 1000);

/// `POST /admin/providers/{name}/rest`
pub async fn rest_provider(
    desk: Data<Switchboard>,
    operator: Operator,
    name: Path<String>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&desk, &http, payload).await?;
    let until_ms = rest(&desk, &operator, &name, fields).await?;
    Ok(HttpResponse::Ok().json(json!({
        "provider": name.as_str(),
        "state": "tripped",
        "resting_until": rfc3339(until_ms),
    })))
}

/// `POST /admin/providers/{name}/resume`
pub async fn resume_provider(
    desk: Data<Switchboard>,
    operator: Operator,
    name: Path<String>,
) -> Result<HttpResponse, ApiError> {
    resume(&desk, &operator, &name).await?;
    Ok(HttpResponse::Ok().json(json!({
        "provider": name.as_str(),
        "state": "flowing",
        "resting_until": null,
    })))
}

/// Has a provider left alone for as long as a body says; when that ends, in milliseconds since 1970.
pub async fn rest(
    desk: &Switchboard,
    operator: &Operator,
    name: &str,
    mut fields: Fields,
) -> Result<u64, ApiError> {
    let expected = "a number of milliseconds, from 1000 to 604800000";
    let rest_ms = fields.required("rest_ms", expected, |value: Value| {
        let rest_ms = value.as_u64()?;
        (REST_MS.0..=REST_MS.1)
            .contains(&rest_ms)
            .then_some(rest_ms)
    })?;
    fields.finish()?;
    let order = Order::Rest(Duration::from_millis(rest_ms));
    let deed = tell(desk, operator, name, order, Action::ProviderRested).await?;
    desk.ledger.do_send(Note(deed.with("rest_ms", rest_ms)));
    Ok(now_ms().saturating_add(rest_ms))
}

/// Has a provider asked again.
pub async fn resume(desk: &Switchboard, operator: &Operator, name: &str) -> Result<(), ApiError> {
    let deed = tell(desk, operator, name, Order::Resume, Action::ProviderResumed).await?;
    desk.ledger.do_send(Note(deed));
    Ok(())
}

async fn tell(
    desk: &Switchboard,
    operator: &Operator,
    name: &str,
    order: Order,
    action: Action,
) -> Result<Deed, ApiError> {
    let missing = || ApiError::new(Code::NotFound, "There is no such provider.");
    let world = desk.world.load_full();
    let known = keys::provider(&world.catalog, name).ok_or_else(missing)?;
    let route = world
        .route(&ProviderName::new(&known))
        .ok_or_else(missing)?;
    route.order(order).await.map_err(ApiError::internal)?;
    Ok(Deed::new(operator.author(), action, None, now_ms()).with("provider", known))
}
