//! `POST /v1/billing/checkout`: the order is kept first, then Stripe makes the page on which it is
//! paid. Said again with the same key, it is the same order.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::{PAGE_OPEN_MS, credit, failed, processor, usd};
use crate::actors::accounts::{KeepCustomer, LoseCustomer, ShowWallet};
use crate::actors::clock::now_ms;
use crate::actors::ledger::{AnswerOrder, FailOrder, PlaceOrder, ReleaseOrder};
use crate::actors::stripe::{Stripe, StripeError};
use crate::billing::{Checkout, LEAST_DEPOSIT, MOST_DEPOSIT, NewCustomer, Session, StripeId, fee};
use crate::http::auth::Visitor;
use crate::http::fields::{self, Fields};
use crate::http::{ApiError, Code, Switchboard, account};
use crate::ids::AccountId;
use crate::money::Cents;
use crate::store::{DepositOrder, KeyError, OrderError, Origin, Placed};

/// `POST /v1/billing/checkout`
pub async fn checkout(
    desk: Data<Switchboard>,
    visitor: Visitor,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    processor(&desk)?;
    let fields = Fields::read(&desk, &http, payload).await?;
    let answer = order(&desk, visitor.account(), &http, fields).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(answer))
}

/// Places the order that a body describes, and gives the body of the answer.
pub async fn order(
    desk: &Data<Switchboard>,
    account: AccountId,
    http: &HttpRequest,
    mut fields: Fields,
) -> Result<String, ApiError> {
    let stripe = processor(desk)?;
    let amount = amount(&mut fields)?;
    let key = fields.idempotency_key(http)?;
    fields.finish()?;
    let counter = Counter {
        desk: desk.clone(),
        stripe,
        account,
    };
    // Whoever leaves now must not leave an order behind that is neither made nor refused.
    let serving = actix_web::rt::spawn(async move { counter.serve(amount, key).await });
    serving.await.map_err(ApiError::internal)?
}

fn amount(fields: &mut Fields) -> Result<Cents, ApiError> {
    let expected = "an amount in USD as a text, from 5 to 500 in whole cents, such as \"20.00\"";
    fields.required("amount_usd", expected, |value: Value| {
        let cents = Cents::of_usd(fields::usd(value)?)?;
        let range = LEAST_DEPOSIT..=MOST_DEPOSIT;
        range.contains(&cents).then_some(cents)
    })
}

/// Where one account orders.
struct Counter {
    desk: Data<Switchboard>,
    stripe: Arc<Stripe>,
    account: AccountId,
}

/// Why an order has no page.
enum NoPage {
    /// Stripe did not make one.
    Stripe(StripeError),
    /// We failed.
    Ours(ApiError),
}

impl Counter {
    /// Answers with the body of the response, the first one when the key was used before.
    async fn serve(&self, amount: Cents, key: Option<String>) -> Result<String, ApiError> {
        let place = PlaceOrder {
            account: self.account,
            paid: amount,
            origin: Origin::Checkout,
            customer: None,
            request: key,
        };
        let placed = ApiError::unless_down(self.desk.ledger.send(place).await)?;
        let order = match placed.map_err(refused)? {
            Placed::Done(answer) => return Ok(answer),
            Placed::Order(order) => order,
        };
        match self.page(&order).await {
            Ok((customer, session)) => {
                let answer = answer(&order, &session);
                let note = AnswerOrder {
                    order: order.id,
                    customer,
                    answer: answer.clone(),
                };
                ApiError::unless_down(self.desk.ledger.send(note).await)?;
                Ok(answer)
            }
            Err(trouble) => Err(self.give_up(&order, trouble).await?),
        }
    }

    async fn page(&self, order: &DepositOrder) -> Result<(StripeId, Session), NoPage> {
        let customer = self.customer().await?;
        match self.ask(order, &customer).await {
            Ok(session) => Ok((customer, session)),
            // It was deleted there, or the key is of another account with Stripe now.
            Err(error) if error.is_lost_customer() => {
                let (account, accounts) = (self.account, &self.desk.accounts);
                let lost = accounts.send(LoseCustomer { account, customer }).await;
                ApiError::unless_down(lost).map_err(NoPage::Ours)?;
                let customer = self.customer().await?;
                let session = self.ask(order, &customer).await;
                Ok((customer, session.map_err(NoPage::Stripe)?))
            }
            Err(error) => Err(NoPage::Stripe(error)),
        }
    }

    async fn ask(&self, order: &DepositOrder, customer: &StripeId) -> Result<Session, StripeError> {
        let checkout = Checkout {
            order: order.id,
            account: self.account,
            customer,
            amount: order.paid,
            expires_s: order.created_ms.saturating_add(PAGE_OPEN_MS) / 1000,
            site: &self.desk.settings.public_url(),
        };
        self.stripe.create_checkout(&checkout).await
    }

    /// The account's customer with Stripe, made on the first order.
    async fn customer(&self) -> Result<StripeId, NoPage> {
        let accounts = &self.desk.accounts;
        let wallet = accounts.send(ShowWallet(self.account)).await;
        let wallet = wallet.map_err(|error| NoPage::Ours(ApiError::internal(error)))?;
        if let Some(customer) = wallet.customer {
            return Ok(customer);
        }
        let found = account::find(&self.desk, self.account).await;
        let found = found.map_err(NoPage::Ours)?;
        let new = NewCustomer {
            account: self.account,
            email: &found.account.email,
            lost: wallet.lost,
        };
        let made = self.stripe.create_customer(&new).await;
        let keep = KeepCustomer {
            account: self.account,
            customer: made.map_err(NoPage::Stripe)?,
        };
        let kept = ApiError::unless_down(accounts.send(keep).await).map_err(NoPage::Ours)?;
        kept.map_err(|error| NoPage::Ours(ApiError::new(Code::NotFound, format!("{error}."))))
    }

    /// What becomes of an order without a page: where Stripe may have made one, the same order can be
    /// placed again under its key; what it refused will not be paid.
    async fn give_up(&self, order: &DepositOrder, trouble: NoPage) -> Result<ApiError, ApiError> {
        let ledger = &self.desk.ledger;
        let error = match trouble {
            NoPage::Ours(error) => {
                ledger.do_send(ReleaseOrder(order.id));
                return Ok(error);
            }
            NoPage::Stripe(error) => error,
        };
        match &error {
            StripeError::Unreachable | StripeError::Busy(_) | StripeError::Unreadable => {
                ledger.do_send(ReleaseOrder(order.id));
            }
            StripeError::KeyRefused(_) | StripeError::Refused { .. } => {
                ApiError::unless_down(ledger.send(FailOrder(order.id)).await)?;
            }
        }
        let message =
            "Stripe, which takes the payments, could not be used; nothing was charged. Try again.";
        Ok(failed(&error, self.account, message))
    }
}

fn answer(order: &DepositOrder, session: &Session) -> String {
    json!({
        "order_id": order.id.to_string(),
        "url": session.url,
        "amount_usd": usd(order.paid),
        "fee_usd": usd(fee(order.paid)),
        "credit_usd": usd(credit(order.paid)),
    })
    .to_string()
}

fn refused(error: OrderError) -> ApiError {
    let sentence = |error: &dyn std::fmt::Display| {
        let text = error.to_string();
        let mut chars = text.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        format!("{}{}.", first.unwrap_or_default(), chars.as_str())
    };
    let message = sentence(&error);
    match error {
        OrderError::Key(KeyError::Conflict) => ApiError::new(Code::IdempotencyConflict, message),
        OrderError::Key(KeyError::Running) => ApiError::new(Code::IdempotencyRunning, message),
        OrderError::Key(KeyError::Unusable) => {
            ApiError::new(Code::InvalidValue, message).param("idempotency_key")
        }
        OrderError::TooMany { again_ms } => {
            let wait_ms = again_ms.saturating_sub(now_ms());
            ApiError::new(Code::RateLimitExceeded, message)
                .retry_after(Duration::from_millis(wait_ms))
        }
    }
}
