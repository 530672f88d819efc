//! Payment methods: cards that are attached to customers, listed and detached.

use serde_json::{Value, json};

use super::cards::TestCard;
use super::form::Form;
use super::state::State;
use super::trouble::Trouble;

/// A new payment method for a test card, of nobody yet.
pub(super) fn of_card(state: &mut State, card: &TestCard, now_s: u64) -> Result<Value, Trouble> {
    let method = json!({
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": { "address": null, "email": null, "name": null, "phone": null },
        "card": card.details(),
        "created": now_s,
        "customer": null,
        "metadata": {},
        "type": "card",
    });
    let method = state.create("pm", method)?;
    if let Some(id) = method["id"].as_str() {
        state.set_behaviour(id, card.behaviour);
    }
    Ok(method)
}

pub(super) fn create(state: &mut State, form: &Form, now_s: u64) -> Result<Value, Trouble> {
    let number = form.required("card[number]")?;
    let card = TestCard::find(number);
    let card = card
        .ok_or_else(|| Trouble::invalid("card[number]", "The simulation knows only test cards."))?;
    of_card(state, card, now_s)
}

/// The payment method with this id; a name of a test card stands for a new one.
pub(super) fn named(state: &mut State, id: &str, now_s: u64) -> Result<Value, Trouble> {
    match TestCard::find(id) {
        Some(card) => of_card(state, card, now_s),
        None => state.find("payment_method", id, "payment_method").cloned(),
    }
}

pub(super) fn show(state: &State, id: &str) -> Result<Value, Trouble> {
    let found = state.find("payment_method", id, "id").cloned();
    found.map_err(|_| Trouble::not_found("PaymentMethod", id))
}

pub(super) fn list(state: &State, query: &Form) -> Result<Value, Trouble> {
    let customer = query.required("customer")?;
    state.find("customer", customer, "customer")?;
    let mut methods = state.all("payment_method", "customer", customer);
    methods.truncate(100);
    Ok(json!({
        "object": "list",
        "data": methods,
        "has_more": false,
        "url": "/v1/payment_methods",
    }))
}

pub(super) fn attach(
    state: &mut State,
    id: &str,
    form: &Form,
    now_s: u64,
) -> Result<Value, Trouble> {
    let customer = form.required("customer")?;
    state.find("customer", customer, "customer")?;
    let method = named(state, id, now_s)?;
    let id = method["id"].as_str().unwrap_or_default();
    let attached = state.change(id, &[("customer", json!(customer))]);
    state.happened("payment_method.attached", &attached, now_s);
    Ok(attached)
}

pub(super) fn detach(state: &mut State, id: &str, now_s: u64) -> Result<Value, Trouble> {
    let method = show(state, id)?;
    if method["customer"].is_null() {
        let message = "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(Trouble::invalid("payment_method", message));
    }
    let detached = state.change(id, &[("customer", Value::Null)]);
    state.happened("payment_method.detached", &detached, now_s);
    Ok(detached)
}
