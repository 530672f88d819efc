//! Payments: made by a page or off-session, with the charge that each attempt makes.

use serde_json::{Value, json};

use super::cards::Behaviour;
use super::form::Form;
use super::methods;
use super::state::State;
use super::trouble::Trouble;

/// The least that can be charged, in cents.
const LEAST_CENTS: u64 = 50;

/// Whether the customer is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    OnPage,
    OffSession,
}

/// What is to be paid, by whom.
pub(super) struct Wanted {
    pub(super) amount: u64,
    pub(super) customer: Value,
    pub(super) metadata: Value,
    pub(super) setup_future_usage: Value,
}

/// `POST /v1/payment_intents`, which the simulation takes only confirmed and off-session.
pub(super) fn create(state: &mut State, form: &Form, now_s: u64) -> Result<Value, Trouble> {
    let amount = form.cents("amount")?;
    if amount < LEAST_CENTS {
        return Err(Trouble::invalid(
            "amount",
            "Amount must be at least 50 cents",
        ));
    }
    if form.required("currency")? != "usd" {
        return Err(Trouble::invalid(
            "currency",
            "The simulation knows only usd.",
        ));
    }
    for flag in ["confirm", "off_session"] {
        if form.get(flag) != Some("true") {
            let message = format!("The simulation knows only {flag}=true here.");
            return Err(Trouble::invalid(flag, message));
        }
    }
    let customer = form.required("customer")?;
    state.find("customer", customer, "customer")?;
    let method = methods::named(state, form.required("payment_method")?, now_s)?;
    let owner = method["customer"].as_str();
    if owner.is_some_and(|owner| owner != customer) {
        let message = "The PaymentMethod belongs to another customer.";
        return Err(Trouble::invalid("payment_method", message));
    }
    let wanted = Wanted {
        amount,
        customer: json!(customer),
        metadata: form.object("metadata"),
        setup_future_usage: Value::Null,
    };
    let intent = open(state, &wanted, now_s)?;
    confirm(state, &intent, &method, Presence::OffSession, now_s)
}

pub(super) fn show(state: &State, id: &str) -> Result<Value, Trouble> {
    let found = state.find("payment_intent", id, "intent").cloned();
    found.map_err(|_| Trouble::not_found("payment_intent", id))
}

/// A payment that nobody has tried yet.
pub(super) fn open(state: &mut State, wanted: &Wanted, now_s: u64) -> Result<Value, Trouble> {
    let intent = json!({
        "object": "payment_intent",
        "amount": wanted.amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "created": now_s,
        "currency": "usd",
        "customer": wanted.customer,
        "last_payment_error": null,
        "latest_charge": null,
        "metadata": wanted.metadata,
        "payment_method": null,
        "payment_method_types": ["card"],
        "setup_future_usage": wanted.setup_future_usage,
        "status": "requires_payment_method",
    });
    state.create("pi", intent)
}

/// Tries to charge a card. A failed attempt leaves the payment open.
pub(super) fn confirm(
    state: &mut State,
    intent: &Value,
    method: &Value,
    presence: Presence,
    now_s: u64,
) -> Result<Value, Trouble> {
    let id = text(intent, "id");
    let behaviour = state.behaviour(&text(method, "id"));
    if let Some(trouble) = refusal(behaviour, presence) {
        let members = [("last_payment_error", trouble.error())];
        let failed = state.change(&id, &members);
        state.happened("payment_intent.payment_failed", &failed, now_s);
        return Err(trouble.of_intent(failed));
    }
    let charge = state.create("ch", charge(intent, method, now_s))?;
    let members = [
        ("amount_received", intent["amount"].clone()),
        ("last_payment_error", Value::Null),
        ("latest_charge", charge["id"].clone()),
        ("payment_method", method["id"].clone()),
        ("status", json!("succeeded")),
    ];
    let paid = state.change(&id, &members);
    state.happened("charge.succeeded", &charge, now_s);
    state.happened("payment_intent.succeeded", &paid, now_s);
    Ok(paid)
}

fn refusal(behaviour: Behaviour, presence: Presence) -> Option<Trouble> {
    match (behaviour, presence) {
        (Behaviour::Pays, _) | (Behaviour::Authenticates, Presence::OnPage) => None,
        (Behaviour::Declines, _) => Some(Trouble::declined("generic_decline")),
        (Behaviour::InsufficientFunds, _) => Some(Trouble::declined("insufficient_funds")),
        (Behaviour::Expired, _) => Some(Trouble::declined("expired_card")),
        (Behaviour::Authenticates, Presence::OffSession) => {
            Some(Trouble::authentication_required())
        }
    }
}

fn charge(intent: &Value, method: &Value, now_s: u64) -> Value {
    json!({
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "captured": true,
        "created": now_s,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "disputed": false,
        "metadata": intent["metadata"],
        "paid": true,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": { "card": method["card"], "type": "card" },
        "refunded": false,
        "status": "succeeded",
    })
}

/// A text member of an object.
pub(super) fn text(object: &Value, member: &str) -> String {
    object[member].as_str().unwrap_or_default().to_owned()
}

/// The charge of a payment that was made.
pub(super) fn charge_of(state: &State, intent: &str) -> Result<Value, Trouble> {
    let intent = state.find("payment_intent", intent, "payment_intent")?;
    let charge = text(intent, "latest_charge");
    state.find("charge", &charge, "payment_intent").cloned()
}
