//! `GET /dashboard/receipts/{id}`: the receipt of a deposit, to be printed.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::around;
use super::credit::order_row;
use crate::http::pages::member::Member;
use crate::http::pages::{answer, when};
use crate::http::usage::read;
use crate::http::{ApiError, Code, Switchboard, account};
use crate::ids::OrderId;
use crate::pages::dashboard::{Receipt, Tab};
use crate::store::OrderState;

/// `GET /dashboard/receipts/{id}`
pub async fn receipt(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    // "Not yours", "not there" and "not paid" are the same answer.
    let missing = || ApiError::new(Code::NotFound, "There is no such receipt.");
    let order: OrderId = id.parse().map_err(|_| missing())?;
    let (archive, account) = (desk.archive.clone(), member.account());
    let found = read(&desk, move || archive.order(account, order)).await?;
    let (order, back) = found.ok_or_else(missing)?;
    let OrderState::Paid { intent, at_ms } = &order.state else {
        return Err(missing());
    };
    let (frame, panel) = around(&http, Tab::Credit);
    let page = Receipt {
        frame,
        panel,
        seller: desk.settings.public_url(),
        email: account::find(&desk, account).await?.account.email,
        account: account.to_string(),
        paid_at: when::minute(*at_ms),
        payment: intent.clone(),
        order: order_row(&order, back),
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}
