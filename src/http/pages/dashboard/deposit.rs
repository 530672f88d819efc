//! `POST /dashboard/credit/deposit`: a deposit is ordered, and shown once more before one goes to the
//! card processor's page.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::credit::{show, stored};
use super::{around, status};
use crate::http::fields::Fields;
use crate::http::pages::answer;
use crate::http::pages::form::{Form, object, refuse};
use crate::http::pages::member::Member;
use crate::http::{ApiError, Switchboard, billing};
use crate::pages::dashboard::{Going, Tab};
use crate::pages::words::dollars;

/// The fields of the form.
const FIELDS: [&str; 2] = ["amount_usd", "other_usd"];
/// The choice of an amount that is not offered.
const OTHER: &str = "other";

/// `POST /dashboard/credit/deposit`
pub async fn order(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let (frame, mut panel) = around(&http, Tab::Credit);
    let amount = match form.text("amount_usd") {
        OTHER => form.json("other_usd"),
        _ => form.json("amount_usd"),
    };
    let fields = Fields::of(object([
        ("amount_usd", amount),
        ("idempotency_key", form.json("once")),
    ]));
    let ordered = billing::order(&desk, member.account(), &http, fields).await;
    let said = match ordered {
        Ok(said) => said,
        Err(error) => {
            let typed = form.over(stored(&desk, &member).await?, &FIELDS);
            let typed = refuse(typed, &mut panel, &error, &FIELDS);
            return show(&desk, &http, &member, (typed, panel), status(&error)).await;
        }
    };
    let said: Value = serde_json::from_str(&said).map_err(ApiError::internal)?;
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    let page = Going {
        frame,
        panel,
        paid: dollars(&text("amount_usd")),
        fee: dollars(&text("fee_usd")),
        credit: dollars(&text("credit_usd")),
        url: text("url"),
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}
