//! `GET /admin/log`: the audit log, found by account, deed and day.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use url::form_urlencoded::Serializer;

use super::around;
use super::gate::Console;
use crate::http::admin::sought;
use crate::http::pages::form::{Form, refuse};
use crate::http::pages::{answer, when};
use crate::http::usage::{PAGE, read};
use crate::http::{ApiError, Switchboard};
use crate::pages::Typed;
use crate::pages::admin::{DeedRow, Log, Part};
use crate::store::{Action, By, Deed};

/// What can be looked for.
const FIELDS: [&str; 4] = ["account", "action", "since", "until"];

/// `GET /admin/log?account=…&action=…&since=…&until=…&before=…`
pub async fn log(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    let form = Form::of_query(&http);
    let (frame, mut panel) = around(&http, Part::Log);
    let mut typed = form.over(Typed::default(), &FIELDS);
    let (deeds, before, status) = match find(&desk, &form).await {
        Ok((deeds, before)) => (deeds, before, StatusCode::OK),
        Err(error) => {
            typed = refuse(typed, &mut panel, &error, &FIELDS);
            (Vec::new(), None, error.status_code())
        }
    };
    let page = Log {
        frame,
        panel,
        form: typed,
        actions: Action::ALL.iter().map(|action| action.as_str()).collect(),
        rows: deeds.iter().map(row).collect(),
        older: before.map_or_else(String::new, |before| older(&form, &before)),
    };
    answer::personal(status, &desk.settings, &page)
}

async fn find(desk: &Switchboard, form: &Form) -> Result<(Vec<Deed>, Option<String>), ApiError> {
    let given = |name| form.has(name).then(|| form.text(name));
    let [account, action, since, until] = FIELDS.map(given);
    let sought = sought([account, action, since, until, given("before")])?;
    let archive = desk.archive.clone();
    let page = read(desk, move || archive.deeds(&sought, PAGE)).await?;
    Ok((page.deeds, page.before.map(|before| before.to_string())))
}

fn older(form: &Form, before: &str) -> String {
    let mut query = Serializer::new(String::new());
    for name in FIELDS.iter().filter(|name| form.has(name)) {
        query.append_pair(name, form.text(name));
    }
    query.append_pair("before", before);
    format!("{}?{}", Part::Log.path(), query.finish())
}

/// A row of the log.
pub fn row(deed: &Deed) -> DeedRow {
    let details = deed.details.iter();
    let details: Vec<String> = details
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    DeedRow {
        at: when::minute(deed.time_ms),
        by: match deed.by {
            By::Admin => "operator".to_owned(),
            By::Session { .. } => "owner".to_owned(),
            By::Key { key, .. } => key.to_string(),
            By::Stripe => "Stripe".to_owned(),
            By::Router => "the router".to_owned(),
            By::Stranger => "unknown".to_owned(),
        },
        action: deed.action.as_str(),
        account: deed
            .account
            .map_or_else(String::new, |account| account.to_string()),
        details: details.join(", "),
    }
}
