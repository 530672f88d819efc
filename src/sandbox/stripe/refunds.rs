//! Refunds of a payment, whole or in parts.

use serde_json::{Value, json};

use super::form::Form;
use super::intents::{charge_of, text};
use super::state::State;
use super::trouble::Trouble;

pub(super) fn create(state: &mut State, form: &Form, now_s: u64) -> Result<Value, Trouble> {
    let intent = form.required("payment_intent")?;
    let amount = match form.get("amount") {
        None => None,
        Some(_) => Some(form.cents("amount")?),
    };
    refund(state, intent, amount, now_s)
}

/// Refunds so much of a payment, or what is left of it.
pub(super) fn refund(
    state: &mut State,
    intent: &str,
    amount: Option<u64>,
    now_s: u64,
) -> Result<Value, Trouble> {
    let charge = charge_of(state, intent)?;
    let paid = charge["amount"].as_u64().unwrap_or_default();
    let before = charge["amount_refunded"].as_u64().unwrap_or_default();
    let left = paid.saturating_sub(before);
    let amount = amount.unwrap_or(left);
    if amount == 0 || amount > left {
        let message =
            format!("Refund amount ({amount}) is greater than unrefunded amount ({left})");
        return Err(Trouble::invalid("amount", message));
    }
    let id = text(&charge, "id");
    let members = [
        ("amount_refunded", json!(before + amount)),
        ("refunded", json!(before + amount == paid)),
    ];
    let charge = state.change(&id, &members);
    let refund = json!({
        "object": "refund",
        "amount": amount,
        "charge": id,
        "created": now_s,
        "currency": "usd",
        "payment_intent": intent,
        "status": "succeeded",
    });
    let refund = state.create("re", refund)?;
    state.happened("charge.refunded", &charge, now_s);
    Ok(refund)
}
