//! `/v1/billing`: deposits by card. What was ordered and paid, the saved card, and its end.

mod checkout;
mod webhook;

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

pub use checkout::{checkout, order};
pub use webhook::webhook;

use super::auth::Visitor;
use super::generations::rfc3339;
use super::usage::{PAGE, limit, query, read, wrong};
use super::{ApiError, Code, Switchboard, account};
use crate::actors::accounts::{AccountView, DropCard, ShowWallet};
use crate::actors::clock::now_ms;
use crate::actors::ledger::AskRecharge;
use crate::actors::stripe::{Stripe, StripeError};
use crate::billing::{FEE_PERCENT, LEAST_DEPOSIT, MOST_DEPOSIT, StripeId, fee};
use crate::ids::AccountId;
use crate::money::Cents;
use crate::store::{DepositOrder, OrderState, Origin, RechargeState, Switch};

/// How long the page of an order is there.
const PAGE_OPEN_MS: u64 = 3 * 3600 * 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BillingQuery {
    limit: Option<String>,
    before: Option<String>,
}

/// `GET /v1/billing?limit=50&before=order_…`
pub async fn show(
    desk: Data<Switchboard>,
    visitor: Visitor,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked: BillingQuery = query(&http)?;
    let limit = asked.limit.as_deref().map_or(Ok(PAGE), limit)?;
    let before = asked.before.as_deref().map(str::parse).transpose();
    let before = before.map_err(|_| wrong("before", "before must be what the last page gave."))?;
    let (archive, id) = (desk.archive.clone(), visitor.account());
    let account = account::find(&desk, id).await?;
    let card = card(&desk, id).await?;
    // After the card: no order is older than the card that paid it.
    let page = read(&desk, move || archive.receipts(id, before, limit)).await?;
    let orders = page.orders.iter();
    let orders: Vec<Value> = orders
        .map(|(order, back)| order_view(order, *back))
        .collect();
    let before = page.before.map(|id| id.to_string());
    Ok(account::private(&json!({
        "deposits": if desk.stripe.is_some() { "on" } else { "off" },
        "least_usd": usd(LEAST_DEPOSIT),
        "most_usd": usd(MOST_DEPOSIT),
        "fee_percent": FEE_PERCENT,
        "auto_recharge": recharge(&desk, &account, &card).await?,
        "card": card,
        "orders": { "data": orders, "has_more": before.is_some(), "before": before },
    })))
}

/// `DELETE /v1/billing/card`: no saved card is charged any more, from now on here, and Stripe forgets
/// it. Said again, it makes up for what could not be done the first time.
pub async fn drop_card(
    desk: Data<Switchboard>,
    visitor: Visitor,
) -> Result<HttpResponse, ApiError> {
    forget_card(&desk, &visitor).await?;
    Ok(account::private(&json!({ "card": null })))
}

/// Has the visitor's card charged no more.
pub async fn forget_card(desk: &Switchboard, visitor: &Visitor) -> Result<(), ApiError> {
    let stripe = processor(desk)?;
    let account = visitor.account();
    let drop = DropCard {
        account,
        author: visitor.author(),
    };
    let wallet = ApiError::unless_down(desk.accounts.send(drop).await)?;
    if let Some(customer) = &wallet.customer {
        detach_all(&stripe, customer).await.map_err(|error| {
            let message = "The card is not charged any more, but Stripe could not be told to forget it; send this again.";
            failed(&error, account, message)
        })?;
    }
    Ok(())
}

/// When the saved card is charged, and how that stands.
pub(super) async fn recharge(
    desk: &Switchboard,
    account: &AccountView,
    card: &Value,
) -> Result<Value, ApiError> {
    let settings = &account.settings.auto_recharge;
    let state = desk.ledger.send(AskRecharge(account.account.id)).await;
    let state = state.map_err(ApiError::internal)?;
    let word = match (state, settings.state) {
        // A charge that began goes on whatever is set, and why it was switched off is told.
        (RechargeState::Charging | RechargeState::Unclear | RechargeState::Stopped, _) => {
            state.as_str()
        }
        (_, Switch::Off) => "off",
        (_, Switch::On) if card.is_null() => "no_card",
        (_, Switch::On) => state.as_str(),
    };
    let mut view = account::recharge_view(settings);
    if let Some(members) = view.as_object_mut() {
        members.insert("state".to_owned(), json!(word));
    }
    Ok(view)
}

/// Cards of earlier deposits go too: whoever gives the card up means that none is kept.
async fn detach_all(stripe: &Stripe, customer: &StripeId) -> Result<(), StripeError> {
    let cards = match stripe.cards(customer).await {
        Err(error) if error.is_lost_customer() => return Ok(()),
        cards => cards?,
    };
    for card in cards {
        stripe.detach(&card).await?;
    }
    Ok(())
}

/// Has Stripe forget the customer of an account that was deleted. Nobody waits for it.
pub fn forget_customer(desk: &Switchboard, account: AccountId, customer: StripeId) {
    let Some(stripe) = desk.stripe.clone() else {
        tracing::warn!(%account, %customer, "a deleted account's customer stays with Stripe: deposits are off");
        return;
    };
    actix_web::rt::spawn(async move {
        if let Err(error) = stripe.delete_customer(&customer).await {
            tracing::warn!(%account, %customer, %error, "a deleted account's customer stays with Stripe");
        }
    });
}

/// Who takes card payments.
fn processor(desk: &Switchboard) -> Result<Arc<Stripe>, ApiError> {
    desk.stripe.clone().ok_or_else(|| {
        let message = "Deposits are off: this router's operator has set up no card payments.";
        ApiError::new(Code::DepositsOff, message)
    })
}

/// What a caller hears of Stripe's trouble; the rest is for the log.
fn failed(error: &StripeError, account: AccountId, message: &str) -> ApiError {
    tracing::error!(%account, %error, "Stripe did not do what it was asked");
    ApiError::new(Code::PaymentProcessor, message)
}

/// An order as its customer sees it, and how much of it has gone back.
pub(super) fn order_view(order: &DepositOrder, back: Cents) -> Value {
    let now_ms = now_ms();
    let (status, paid_at) = match &order.state {
        OrderState::Open => match order.origin {
            Origin::Checkout if order.created_ms.saturating_add(PAGE_OPEN_MS) < now_ms => {
                ("expired", None)
            }
            Origin::Checkout | Origin::Recharge => ("open", None),
        },
        OrderState::Failed => ("failed", None),
        OrderState::Paid { at_ms, .. } => ("paid", Some(rfc3339(*at_ms))),
    };
    json!({
        "id": order.id.to_string(),
        "created_at": rfc3339(order.created_ms),
        "origin": order.origin.as_str(),
        "status": status,
        "amount_usd": usd(order.paid),
        "fee_usd": usd(fee(order.paid)),
        "credit_usd": usd(credit(order.paid)),
        "paid_at": paid_at,
        "returned_usd": usd(back),
    })
}

/// The saved card of an account, as far as it may be shown; null without one.
pub(super) async fn card(desk: &Switchboard, account: AccountId) -> Result<Value, ApiError> {
    let wallet = desk.accounts.send(ShowWallet(account)).await;
    let card = wallet.map_err(ApiError::internal)?.card;
    Ok(card.map_or(
        Value::Null,
        |card| json!({ "brand": card.brand(), "last4": card.last4(), "exp": card.expires() }),
    ))
}

/// What becomes credit of what is paid.
pub(super) fn credit(paid: Cents) -> Cents {
    Cents::new(paid.get().saturating_sub(fee(paid).get()))
}

/// As amounts are written on the wire.
pub(super) fn usd(amount: Cents) -> String {
    amount.picodollars().unwrap_or_default().to_string()
}
