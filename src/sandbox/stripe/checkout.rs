//! Checkout sessions: a page on which an amount is paid once, and the card kept.

use serde_json::{Value, json};

use super::cards::TestCard;
use super::form::Form;
use super::intents::{self, Presence, Wanted, text};
use super::methods;
use super::state::State;
use super::trouble::Trouble;

/// How long a session may be open, in seconds.
const SHORTEST_S: u64 = 30 * 60;
const LONGEST_S: u64 = 24 * 3600;

pub(super) fn create(
    state: &mut State,
    form: &Form,
    site: &str,
    now_s: u64,
) -> Result<Value, Trouble> {
    if form.required("mode")? != "payment" {
        return Err(Trouble::invalid(
            "mode",
            "The simulation knows only payment.",
        ));
    }
    let customer = form.required("customer")?;
    state.find("customer", customer, "customer")?;
    let price = "line_items[0][price_data]";
    if form.required(&format!("{price}[currency]"))? != "usd" {
        return Err(Trouble::invalid(
            "currency",
            "The simulation knows only usd.",
        ));
    }
    form.required(&format!("{price}[product_data][name]"))?;
    let unit = form.cents(&format!("{price}[unit_amount]"))?;
    let amount = unit.saturating_mul(form.cents("line_items[0][quantity]")?);
    let expires_s = match form.get("expires_at") {
        None => now_s + LONGEST_S,
        Some(_) => form.cents("expires_at")?,
    };
    if !(now_s + SHORTEST_S..=now_s + LONGEST_S).contains(&expires_s) {
        let message =
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.";
        return Err(Trouble::invalid("expires_at", message));
    }
    let session = json!({
        "object": "checkout.session",
        "amount_subtotal": amount,
        "amount_total": amount,
        "cancel_url": form.get("cancel_url"),
        "client_reference_id": form.get("client_reference_id"),
        "created": now_s,
        "currency": "usd",
        "customer": customer,
        "description": form.get(&format!("{price}[product_data][description]")),
        "expires_at": expires_s,
        "metadata": form.object("metadata"),
        "mode": "payment",
        "payment_intent": null,
        "payment_intent_data": {
            "metadata": form.object("payment_intent_data[metadata]"),
            "setup_future_usage": form.get("payment_intent_data[setup_future_usage]"),
        },
        "payment_status": "unpaid",
        "status": "open",
        "success_url": form.required("success_url")?,
    });
    let session = state.create("cs_test", session)?;
    let id = text(&session, "id");
    let url = json!(format!("{site}/c/pay/{id}"));
    Ok(state.change(&id, &[("url", url)]))
}

pub(super) fn show(state: &State, id: &str) -> Result<Value, Trouble> {
    let found = state.find("checkout.session", id, "session").cloned();
    found.map_err(|_| Trouble::not_found("checkout.session", id))
}

/// Pays an open session, and answers with it.
pub(super) fn pay(state: &mut State, id: &str, card: &str, now_s: u64) -> Result<Value, Trouble> {
    let session = show(state, id)?;
    if session["status"] != "open" || session["expires_at"].as_u64().unwrap_or(0) <= now_s {
        return Err(Trouble::invalid(
            "session",
            "This page is not open any more.",
        ));
    }
    let card = TestCard::find(card);
    let card = card.ok_or_else(|| Trouble::invalid("card", "This is no test card."))?;
    let intent = intent(state, &session, now_s)?;
    let method = methods::of_card(state, card, now_s)?;
    let intent = intents::confirm(state, &intent, &method, Presence::OnPage, now_s)?;
    if intent["setup_future_usage"].is_string() {
        let members = [("customer", session["customer"].clone())];
        let attached = state.change(&text(&method, "id"), &members);
        state.happened("payment_method.attached", &attached, now_s);
    }
    let members = [
        ("payment_status", json!("paid")),
        ("status", json!("complete")),
        ("url", Value::Null),
    ];
    let session = state.change(id, &members);
    state.happened("checkout.session.completed", &session, now_s);
    Ok(session)
}

/// The session's payment, made with the first attempt.
fn intent(state: &mut State, session: &Value, now_s: u64) -> Result<Value, Trouble> {
    if let Some(intent) = session["payment_intent"].as_str() {
        return intents::show(state, intent);
    }
    let data = &session["payment_intent_data"];
    let wanted = Wanted {
        amount: session["amount_total"].as_u64().unwrap_or_default(),
        customer: session["customer"].clone(),
        metadata: data["metadata"].clone(),
        setup_future_usage: data["setup_future_usage"].clone(),
    };
    let intent = intents::open(state, &wanted, now_s)?;
    let members = [("payment_intent", intent["id"].clone())];
    state.change(&text(session, "id"), &members);
    Ok(intent)
}
