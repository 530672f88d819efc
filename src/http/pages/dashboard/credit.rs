//! `/dashboard/credit`: the balance, deposits, auto-recharge and transactions.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::{around, done, status};
use crate::billing::{FEE_PERCENT, LEAST_DEPOSIT, MOST_DEPOSIT, fee};
use crate::http::fields::Fields;
use crate::http::history::{cause, transfer_view};
use crate::http::pages::form::{Form, object, refuse};
use crate::http::pages::member::Member;
use crate::http::pages::{answer, when};
use crate::http::usage::{PAGE, days, read, wrong};
use crate::http::{ApiError, Switchboard, account, billing};
use crate::ids::FlowId;
use crate::money::Cents;
use crate::pages::Panel;
use crate::pages::Typed;
use crate::pages::dashboard::{Credit, OrderRow, Tab, TransactionRow};
use crate::store::{AutoRecharge, DepositOrder, Kind, Switch, Transactions, Transfer, Wanted};

/// Amounts that are offered, in cents.
const AMOUNTS: [u64; 4] = [1_000, 2_000, 5_000, 10_000];
/// Deposits that are listed.
const MOST_ORDERS: usize = 20;
/// The fields of the auto-recharge.
const RECHARGE: [&str; 4] = [
    "auto_recharge.enabled",
    "auto_recharge.threshold_usd",
    "auto_recharge.amount_usd",
    "auto_recharge.monthly_cap_usd",
];

/// `GET /dashboard/credit?before=…`
pub async fn credit(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
) -> Result<HttpResponse, ApiError> {
    let (_, panel) = around(&http, Tab::Credit);
    let form = stored(&desk, &member).await?;
    show(&desk, &http, &member, (form, panel), StatusCode::OK).await
}

/// `POST /dashboard/credit/recharge`
pub async fn recharge(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let [enabled, threshold, amount, cap] = RECHARGE;
    // An amount that was emptied is no amount; left out, the stored one would stay unseen.
    let change = object([
        ("enabled", json!(form.has(enabled))),
        ("threshold_usd", json!(form.text(threshold))),
        ("amount_usd", json!(form.text(amount))),
        ("monthly_cap_usd", json!(form.text(cap))),
    ]);
    let fields = Fields::of(object([("auto_recharge", Value::Object(change))]));
    match account::alter(&desk, &member.manager(), fields).await {
        Ok(_) => Ok(done(Tab::Credit, "saved", "#recharge")),
        Err(error) => {
            let (_, mut panel) = around(&http, Tab::Credit);
            let typed = form.over(stored(&desk, &member).await?, &RECHARGE);
            let typed = refuse(typed, &mut panel, &error, &RECHARGE);
            let typed = match why_not(&error) {
                Some((field, why)) => typed.but(field, why),
                None => typed,
            };
            show(&desk, &http, &member, (typed, panel), status(&error)).await
        }
    }
}

/// Why amounts that could be read are no auto-recharge, and the field that it is about.
fn why_not(error: &ApiError) -> Option<(&str, String)> {
    let field = error.field()?;
    let [enabled, threshold, amount, cap] = RECHARGE;
    if error.expected().is_some() {
        return None;
    }
    let why = match field {
        _ if field == enabled => {
            "No card is saved; the first deposit saves the one that pays it.".to_owned()
        }
        _ if field == threshold => "Expected 0 or more.".to_owned(),
        _ if field == amount => format!(
            "A charge is from {} to {} USD, in whole cents.",
            usd(LEAST_DEPOSIT),
            usd(MOST_DEPOSIT)
        ),
        _ if field == cap => "A month has to allow one charge at least.".to_owned(),
        _ => return None,
    };
    Some((field, why))
}

/// `POST /dashboard/credit/card`
pub async fn forget_card(
    desk: Data<Switchboard>,
    member: Member,
) -> Result<HttpResponse, ApiError> {
    billing::forget_card(&desk, member.visitor()).await?;
    Ok(done(Tab::Credit, "forgotten", "#recharge"))
}

/// What the forms of this part say before anything is typed.
pub async fn stored(desk: &Switchboard, member: &Member) -> Result<Typed, ApiError> {
    let account = account::find(desk, member.account()).await?;
    let AutoRecharge {
        state,
        threshold,
        amount,
        monthly_cap,
    } = account.settings.auto_recharge;
    let [enabled, least, each, cap] = RECHARGE;
    let typed = Typed::default()
        .with("amount_usd", usd(Cents::new(AMOUNTS[1])))
        .with(least, threshold.to_string())
        .with(each, amount.to_string())
        .with(cap, monthly_cap.to_string());
    Ok(match state {
        Switch::On => typed.with(enabled, "on"),
        Switch::Off => typed,
    })
}

/// The part with its forms.
pub async fn show(
    desk: &Switchboard,
    http: &HttpRequest,
    member: &Member,
    (form, panel): (Typed, Panel),
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let (id, archive) = (member.account(), desk.archive.clone());
    let account = account::find(desk, id).await?;
    let card = billing::card(desk, id).await?;
    // After the card: no order is older than the card that paid it.
    let orders = read(desk, move || archive.receipts(id, None, MOST_ORDERS)).await?;
    let moved = transactions(desk, http, member).await?;
    let recharge = billing::recharge(desk, &account, &card).await?;
    let page = Credit {
        frame: around(http, Tab::Credit).0,
        panel,
        balance: desk.purses.of(id).available().to_string(),
        has_deposits: desk.stripe.is_some(),
        amounts: AMOUNTS.map(amount).into(),
        fee_percent: FEE_PERCENT,
        bounds: [usd(LEAST_DEPOSIT), usd(MOST_DEPOSIT)],
        form,
        once: FlowId::generate().reveal().to_owned(),
        card: card_text(&card),
        recharge: recharge_text(recharge["state"].as_str().unwrap_or_default()).to_owned(),
        orders: orders
            .orders
            .iter()
            .map(|(order, back)| order_row(order, *back))
            .collect(),
        transactions: moved
            .transfers
            .iter()
            .map(|t| row(t, member, &moved))
            .collect(),
        csv: "/dashboard/transactions.csv?limit=1000".to_owned(),
        older: moved.before.map_or_else(String::new, |before| {
            format!("{}?before={before}#transactions", Tab::Credit.path())
        }),
    };
    answer::personal(status, &desk.settings, &page)
}

async fn transactions(
    desk: &Switchboard,
    http: &HttpRequest,
    member: &Member,
) -> Result<Transactions, ApiError> {
    let asked = Form::of_query(http);
    let before = asked.has("before").then(|| asked.text("before").parse());
    let before = before.transpose();
    let before = before.map_err(|_| wrong("before", "before must be what the last page gave."))?;
    let (archive, id, always) = (desk.archive.clone(), member.account(), days(None, None)?);
    read(desk, move || {
        archive.transactions(id, &always, &Wanted::default(), before, PAGE)
    })
    .await
}

fn amount(cents: u64) -> [String; 3] {
    let paid = Cents::new(cents);
    [paid, fee(paid), billing::credit(paid)].map(usd)
}

/// Dollars as people write them: with two decimals.
pub fn usd(amount: Cents) -> String {
    let cents = amount.get();
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn card_text(card: &Value) -> String {
    let text = |name: &str| card[name].as_str().unwrap_or_default();
    if card.is_null() {
        return String::new();
    }
    format!(
        "{} that ends in {}, good until {}",
        text("brand"),
        text("last4"),
        text("exp")
    )
}

/// How the auto-recharge stands, in a sentence.
fn recharge_text(state: &str) -> &'static str {
    match state {
        "off" => "It is off.",
        "no_card" => "It is on, but no card is saved.",
        "ready" => "It is on.",
        "charging" => "A charge is under way.",
        "unclear" => "Nobody knows yet what became of the last charge; Stripe is asked again.",
        "declined" => "The card was declined the last time; it is tried again later.",
        "authentication_required" => {
            "The card's bank wants to see you: pay a deposit by hand, and it goes on."
        }
        "stopped" => {
            "It was switched off after too many declines; check the card and switch it on again."
        }
        _ => "",
    }
}

/// A transaction in the list.
fn row(transfer: &Transfer, member: &Member, page: &Transactions) -> TransactionRow {
    let view = transfer_view(transfer, member.account(), &page.receipts);
    let text = |name: &str| view[name].as_str().unwrap_or_default().to_owned();
    let [generation, model, reason] = cause(transfer);
    let order = text("order_id");
    let (what, href) = match (generation, order.as_str()) {
        (Some(id), _) => (
            model.unwrap_or_default(),
            format!("{}/{id}", Tab::Requests.path()),
        ),
        (None, "") => (reason.unwrap_or_default(), String::new()),
        (None, order) => ("receipt".to_owned(), format!("/dashboard/receipts/{order}")),
    };
    TransactionRow {
        at: when::minute(transfer.time_ms),
        kind: kind(&transfer.kind).to_owned(),
        amount: text("amount_usd"),
        what,
        href,
    }
}

/// What a transfer is, as customers call it.
fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Hold { .. } => "held",
        Kind::Extend { .. } => "held more",
        Kind::Post => "request",
        Kind::Late => "request, charged late",
        Kind::Void => "given back",
        Kind::Grant => "credit from the operator",
        Kind::Adjust => "correction",
        Kind::Deposit => "deposit",
        Kind::DepositFee => "deposit fee",
        Kind::Refund => "refund",
        Kind::Dispute => "dispute",
        Kind::Reinstated => "dispute won",
        Kind::Overrun
        | Kind::Orphan
        | Kind::Correction
        | Kind::Failed
        | Kind::Uncovered
        | Kind::Recovered => "borne by the operator",
    }
}

/// A deposit in the list.
pub fn order_row(order: &DepositOrder, back: Cents) -> OrderRow {
    let view = billing::order_view(order, back);
    let text = |name: &str| view[name].as_str().unwrap_or_default().to_owned();
    OrderRow {
        id: text("id"),
        at: when::minute(order.created_ms),
        origin: text("origin"),
        paid: usd(order.paid),
        fee: usd(fee(order.paid)),
        credit: usd(billing::credit(order.paid)),
        back: usd(back),
        status: text("status"),
    }
}
