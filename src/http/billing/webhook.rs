//! `POST /v1/billing/webhook`: what Stripe says of payments. Nothing is believed without a signature,
//! and nothing is credited that was not ordered.
//!
//! An event that is understood is answered with 200, also when it credits nothing: Stripe would send
//! it again for three days, and it would be wrong each time. The log has an error to look into. Only
//! when the storage fails the answer is 503, and Stripe comes again.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::actors::accounts::{KeepCard, SendReceipt};
use crate::actors::clock::now_ms;
use crate::actors::ledger::{FailOrder, FindOrder, GoesBack, PayOrder, Reverse};
use crate::billing::{self, Currency, Event, Notice, Paid, StripeId};
use crate::http::{ApiError, Code, Switchboard, body, not_found, visit};
use crate::ids::OrderId;
use crate::store::{Author, By, Credited, DepositOrder, Origin, Reversed};

/// Longest event. Stripe's are a few KiB.
const EVENT_BYTES: usize = 256 << 10;

/// `POST /v1/billing/webhook`
pub async fn webhook(
    desk: Data<Switchboard>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let settings = &desk.settings.deposits;
    if settings.webhook_secrets.is_empty() {
        return Err(not_found(http.path()));
    }
    let body = body::read(&desk, &http, payload, EVENT_BYTES).await?;
    let header = http.headers().get("stripe-signature");
    let header = header.and_then(|header| header.to_str().ok());
    let checked = billing::verify(
        header.unwrap_or_default(),
        &body.bytes,
        &settings.webhook_secrets,
        now_ms() / 1000,
    );
    checked.map_err(|error| {
        tracing::warn!(%error, "an event of Stripe's was not believed");
        ApiError::new(Code::InvalidSignature, format!("Not believed: {error}."))
    })?;
    let event = Event::parse(&body.bytes).map_err(|error| {
        tracing::error!(%error, "an event of Stripe's cannot be read; check the API version of the endpoint");
        ApiError::new(Code::InvalidJson, "This is no event that can be read.")
    })?;
    let ours = settings.stripe.as_ref();
    if ours.is_some_and(|access| !access.takes(event.mode)) {
        tracing::warn!(event = %event.id, "an event of Stripe's other mode, test or live, was passed over");
        return Ok(received());
    }
    // Stripe may hang up; what was begun for an event is done all the same.
    let author = Author {
        by: By::Stripe,
        request: visit::request_id(&http),
    };
    let heard = actix_web::rt::spawn(async move { hear(&desk, event, author).await });
    heard.await.map_err(ApiError::internal)??;
    Ok(received())
}

fn received() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "received": true }))
}

async fn hear(desk: &Switchboard, event: Event, author: Author) -> Result<(), ApiError> {
    match event.notice {
        Notice::Other => Ok(()),
        Notice::Paid(paid) => credit(desk, event.id, paid, author).await,
        Notice::Charged {
            order,
            customer,
            card,
        } => {
            let Some(order) = find(desk, order).await? else {
                tracing::warn!(%order, "a card was used for an order that is not known");
                return Ok(());
            };
            let keep = KeepCard {
                account: order.account,
                customer,
                card,
                at_s: event.created_s,
                author,
            };
            keep_card(desk, order.id, keep).await
        }
        Notice::Failed {
            order,
            intent,
            code,
        } => {
            tracing::info!(%order, %intent, code, "a payment failed");
            give_up(desk, order).await
        }
        Notice::Refunded {
            intent,
            total,
            currency,
        } => {
            let reverse = Reverse {
                event: event.id,
                intent,
                back: GoesBack::Refunded(total),
                author,
            };
            go_back(desk, currency, reverse).await
        }
        Notice::Disputed {
            intent,
            dispute,
            amount,
            currency,
            stage,
        } => {
            let reverse = Reverse {
                event: event.id,
                intent,
                back: GoesBack::Disputed {
                    dispute,
                    amount,
                    stage,
                },
                author,
            };
            go_back(desk, currency, reverse).await
        }
    }
}

/// Credits an order that was paid, and mails the receipt.
async fn credit(
    desk: &Switchboard,
    event: StripeId,
    paid: Paid,
    author: Author,
) -> Result<(), ApiError> {
    let (order, intent) = (paid.order, paid.intent.clone());
    let complain = |reason: &str| {
        tracing::error!(%event, %order, %intent, reason, "a payment was not credited");
    };
    if paid.currency == Currency::Other {
        complain("another currency was paid than ordered; compare with the processor");
        return Ok(());
    }
    let pay = PayOrder {
        event: event.to_string(),
        paid,
        author,
    };
    match ApiError::unless_down(desk.ledger.send(pay).await)? {
        Ok(Credited::First { order, deposited }) => {
            let (account, credit_usd) = (order.account, deposited.credited);
            tracing::info!(%account, order = %order.id, %intent, %credit_usd, "a deposit was credited");
            desk.accounts.do_send(SendReceipt(order));
        }
        Ok(Credited::Again) => {}
        Err(error) => complain(&error.to_string()),
    }
    Ok(())
}

/// Keeps the card of an order for later charges.
async fn keep_card(desk: &Switchboard, order: OrderId, keep: KeepCard) -> Result<(), ApiError> {
    if let Err(error) = ApiError::unless_down(desk.accounts.send(keep).await)? {
        tracing::warn!(%order, %error, "a card was not kept");
    }
    Ok(())
}

/// An automatic charge that failed will not be paid; on a page, the customer may try another card.
async fn give_up(desk: &Switchboard, order: OrderId) -> Result<(), ApiError> {
    match find(desk, order).await?.map(|order| order.origin) {
        Some(Origin::Recharge) => ApiError::unless_down(desk.ledger.send(FailOrder(order)).await),
        Some(Origin::Checkout) | None => Ok(()),
    }
}

async fn find(desk: &Switchboard, order: OrderId) -> Result<Option<DepositOrder>, ApiError> {
    ApiError::unless_down(desk.ledger.send(FindOrder(order)).await)
}

async fn go_back(desk: &Switchboard, currency: Currency, reverse: Reverse) -> Result<(), ApiError> {
    let (event, intent) = (reverse.event.clone(), reverse.intent.clone());
    if currency == Currency::Other {
        tracing::debug!(%event, %intent, "a payment in another currency is none of ours");
        return Ok(());
    }
    match ApiError::unless_down(desk.ledger.send(reverse).await)? {
        Ok(Reversed::Booked(account)) => {
            tracing::warn!(%account, %event, %intent, "money of a deposit went back, or came back");
        }
        Ok(Reversed::Waiting) => {
            tracing::info!(%event, %intent, "money went back of a payment that is not known yet");
        }
        Ok(Reversed::Again) => {}
        Err(error) => {
            tracing::error!(%event, %intent, %error, "money that went back was not booked")
        }
    }
    Ok(())
}
