//! `/admin/customers`: accounts found, and what the operator does to one.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::{Map, Value, json};

use super::gate::Console;
use super::{around, log};
use crate::actors::accounts::{AccountView, FindAccounts};
use crate::http::fields::Fields;
use crate::http::pages::dashboard::key_row;
use crate::http::pages::form::{Form, object, refuse};
use crate::http::pages::login::see;
use crate::http::pages::{answer, when};
use crate::http::usage::{PAGE, read};
use crate::http::{ApiError, Switchboard, account, admin, keys};
use crate::ids::FlowId;
use crate::pages::admin::{Customer, CustomerRow, Customers, Part};
use crate::pages::{Panel, Typed};
use crate::store::Sought;

/// Rows of the audit log that are shown with an account.
const MOST_DEEDS: usize = 10;

/// `GET /admin/customers?query=…`
pub async fn list(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    desk.storage.may_answer()?;
    let query = Form::of_query(&http).text("query").to_owned();
    let find = FindAccounts {
        query: query.clone(),
        limit: PAGE,
    };
    let (rows, found) = desk.accounts.send(find).await.map_err(ApiError::internal)?;
    let (frame, panel) = around(&http, Part::Customers);
    let page = Customers {
        frame,
        panel,
        query,
        found,
        rows: rows.iter().map(|view| row(&desk, view)).collect(),
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// `GET /admin/customers/{id}`
pub async fn one(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (_, panel) = around(&http, Part::Customers);
    show(&desk, &http, &id, (Typed::default(), panel), StatusCode::OK).await
}

/// `POST /admin/customers/{id}/grant`
pub async fn grant(
    desk: Data<Switchboard>,
    http: HttpRequest,
    console: Console,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let fields = Fields::of(money(&form, "grant"));
    let given = admin::give(&desk, &console.0, &id, &http, fields).await;
    after(
        &desk,
        &http,
        &id,
        &form,
        ("grant.", "given#grant"),
        given.err(),
    )
    .await
}

/// `POST /admin/customers/{id}/adjust`
pub async fn adjust(
    desk: Data<Switchboard>,
    http: HttpRequest,
    console: Console,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let fields = Fields::of(money(&form, "adjust"));
    let adjusted = admin::adjust(&desk, &console.0, &id, &http, fields).await;
    after(
        &desk,
        &http,
        &id,
        &form,
        ("adjust.", "corrected#adjust"),
        adjusted.err(),
    )
    .await
}

/// `POST /admin/customers/{id}/limit`
pub async fn limit(
    desk: Data<Switchboard>,
    http: HttpRequest,
    console: Console,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let change = object([("daily_limit_usd", form.json("daily_limit_usd"))]);
    let changed = admin::overrule(&desk, &console.0, &id, Fields::of(change)).await;
    after(&desk, &http, &id, &form, ("", "saved#limit"), changed.err()).await
}

/// `POST /admin/customers/{id}/access`
pub async fn access(
    desk: Data<Switchboard>,
    http: HttpRequest,
    console: Console,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let change = object([("disabled", json!(form.text("disabled") == "yes"))]);
    let changed = admin::overrule(&desk, &console.0, &id, Fields::of(change)).await;
    after(
        &desk,
        &http,
        &id,
        &form,
        ("", "switched#access"),
        changed.err(),
    )
    .await
}

/// An amount and its reason as the API reads them.
fn money(form: &Form, prefix: &str) -> Map<String, Value> {
    object([
        ("amount_usd", form.json(&format!("{prefix}.amount_usd"))),
        ("reason", form.json(&format!("{prefix}.reason"))),
        ("idempotency_key", form.json("once")),
    ])
}

/// The account again: with what was done, or with what was typed and is wrong.
async fn after(
    desk: &Switchboard,
    http: &HttpRequest,
    id: &str,
    form: &Form,
    (prefix, word): (&str, &str),
    error: Option<ApiError>,
) -> Result<HttpResponse, ApiError> {
    let Some(error) = error else {
        return Ok(see(&format!("/admin/customers/{id}?done={word}")));
    };
    // Granting and adjusting have fields of the same names on one page.
    let on_page = |field: &str| match field {
        "amount_usd" | "reason" => format!("{prefix}{field}"),
        other => other.to_owned(),
    };
    let names = ["amount_usd", "reason", "daily_limit_usd"].map(on_page);
    let names = names.each_ref().map(String::as_str);
    let error = match error.field().map(on_page) {
        Some(field) => error.param(field),
        None => error,
    };
    let (_, mut panel) = around(http, Part::Customers);
    let typed = form.over(Typed::default(), &names);
    let typed = refuse(typed, &mut panel, &error, &names);
    show(desk, http, id, (typed, panel), error.status_code()).await
}

async fn show(
    desk: &Switchboard,
    http: &HttpRequest,
    id: &str,
    (form, panel): (Typed, Panel),
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let id = admin::existing(desk, id).await?;
    let view = account::find(desk, id).await?;
    let keys = keys::with_usage(desk, id).await?;
    let sought = Sought {
        account: Some(id),
        action: None,
        since_ms: None,
        until_ms: None,
        before: None,
    };
    let archive = desk.archive.clone();
    let deeds = read(desk, move || archive.deeds(&sought, MOST_DEEDS)).await?;
    let row = row(desk, &view);
    let form = if form.is_wrong() || !panel.trouble.is_empty() {
        form
    } else {
        form.with("daily_limit_usd", &row.limit)
    };
    let page = Customer {
        frame: around(http, Part::Customers).0,
        panel,
        row,
        form,
        once: FlowId::generate().reveal().to_owned(),
        keys: keys.iter().map(key_row).collect(),
        deeds: deeds.deeds.iter().map(log::row).collect(),
    };
    answer::personal(status, &desk.settings, &page)
}

fn row(desk: &Switchboard, view: &AccountView) -> CustomerRow {
    let account = &view.account;
    CustomerRow {
        id: account.id.to_string(),
        email: account.email.clone(),
        created: when::minute(account.created_ms),
        balance: desk.purses.of(account.id).available().to_string(),
        limit: view
            .daily_limit
            .map_or_else(String::new, |limit| limit.to_string()),
        state: if account.disabled {
            "disabled"
        } else {
            "active"
        },
    }
}
