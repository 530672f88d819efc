//! `/dashboard`: what a customer has, did and may change, in forms that need no script. The rules are
//! those of the API: a form becomes the body that the API reads.

mod credit;
mod deposit;
mod keys;
mod overview;
mod profile;
mod receipt;
mod requests;
mod settings;
mod telemetry;
mod usage;

pub use self::keys::row as key_row;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::form::Form;
use super::{frame, login};
use crate::http::routes::{get, page, post, resource};
use crate::http::{ApiError, activity, history, takeout};
use crate::pages::Panel;
use crate::pages::dashboard::Tab;
use crate::pages::{Frame, Here};

/// The routes of the dashboard.
pub fn routes(app: &mut ServiceConfig) {
    app.service(page("/dashboard", overview::overview))
        .service(
            resource("/dashboard/keys", "GET, POST")
                .route(web::get().to(keys::list))
                .route(web::head().to(keys::list))
                .route(web::post().to(keys::make)),
        )
        .service(
            resource("/dashboard/keys/{id}", "GET, POST")
                .route(web::get().to(keys::one))
                .route(web::head().to(keys::one))
                .route(web::post().to(keys::change)),
        )
        .service(post("/dashboard/keys/{id}/access", keys::switch))
        .service(post("/dashboard/keys/{id}/delete", keys::delete))
        .service(page("/dashboard/requests", requests::list))
        .service(page("/dashboard/requests/{id}", requests::one))
        .service(get("/dashboard/requests.csv", history::usage))
        .service(page("/dashboard/usage", usage::usage))
        .service(get("/dashboard/usage.csv", activity::activity))
        .service(page("/dashboard/credit", credit::credit))
        .service(post("/dashboard/credit/deposit", deposit::order))
        .service(post("/dashboard/credit/recharge", credit::recharge))
        .service(post("/dashboard/credit/card", credit::forget_card))
        .service(get("/dashboard/transactions.csv", history::transactions))
        .service(page("/dashboard/receipts/{id}", receipt::receipt))
        .service(page("/dashboard/settings", settings::settings))
        .service(post("/dashboard/settings/providers", settings::providers))
        .service(post("/dashboard/settings/limit", settings::limit))
        .service(post("/dashboard/settings/defaults", settings::defaults))
        .service(post("/dashboard/settings/mails", settings::mails))
        .service(post("/dashboard/settings/telemetry", telemetry::set))
        .service(post(
            "/dashboard/settings/telemetry/remove",
            telemetry::remove,
        ))
        .service(post("/dashboard/settings/telemetry/test", telemetry::test))
        .service(page("/dashboard/profile", profile::profile))
        .service(get("/dashboard/export", takeout::export))
        .service(post("/dashboard/profile/sessions", profile::end_all))
        .service(post("/dashboard/profile/sessions/{id}", profile::end))
        .service(post("/dashboard/profile/delete", profile::delete));
}

/// What stands around and beside a part of the dashboard, and what was just done.
fn around(http: &HttpRequest, tab: Tab) -> (Frame, Panel) {
    let frame = frame(
        http,
        Here::Account,
        tab.name(),
        "What this account has and did.",
    );
    let mut panel = tab.panel();
    panel.done = match Form::of_query(http).text("done") {
        "saved" => "Saved.",
        "all_off" => "Saved. Every provider is off: no request of this account can be served.",
        "deleted" => "The key is deleted: requests with it are refused from now on.",
        "switched" => "Switched. It holds from now on.",
        "ended" => "The session is ended.",
        "forgotten" => "The card is not charged any more, and Stripe has forgotten it.",
        _ => "",
    };
    (frame, panel)
}

/// Back to a part, which says what was done.
fn done(tab: Tab, word: &str, anchor: &str) -> HttpResponse {
    login::see(&format!("{}?done={word}{anchor}", tab.path()))
}

/// The status of a page that shows an error.
fn status(error: &ApiError) -> StatusCode {
    error.status_code()
}
