//! `GET /dashboard`: what a customer has.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::login::{is_signed_out, see};
use super::next::Next;
use super::when::minute;
use super::{answer, frame};
use crate::actors::accounts::{KeyView, ListKeys};
use crate::http::auth::Visitor;
use crate::http::{ApiError, Switchboard, account};
use crate::pages::sample::sample;
use crate::pages::{Dashboard, Here};

/// `GET /dashboard`
pub async fn dashboard(
    desk: Data<Switchboard>,
    http: HttpRequest,
    visitor: Result<Visitor, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let visitor = match visitor {
        Ok(visitor) => visitor,
        Err(error) if is_signed_out(&error) => return Ok(sign_in_first(&http)),
        Err(error) => return Err(error),
    };
    desk.storage.may_answer()?;
    let account = account::find(&desk, visitor.account()).await?;
    let keys = desk.accounts.send(ListKeys(visitor.account())).await;
    let keys = keys.map_err(ApiError::internal)?;
    let page = Dashboard {
        frame: frame(&http, Here::Account, "Dashboard", "Balance and keys."),
        email: account.account.email,
        balance: desk.purses.of(visitor.account()).available().to_string(),
        keys: keys.iter().map(key).collect(),
        curl: sample("hello.sh", &desk.settings.public_url()),
        base_url: desk.settings.public_url(),
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// To the sign-in page, and back here from it.
fn sign_in_first(http: &HttpRequest) -> HttpResponse {
    let here = http.uri().path_and_query();
    see(&Next::of(here.map_or("", |here| here.as_str())).login())
}

fn key(view: &KeyView) -> [String; 3] {
    let used = view.used_ms.map(minute);
    [
        view.key.name.clone(),
        view.key.hint.clone(),
        used.unwrap_or_else(|| "never".to_owned()),
    ]
}
