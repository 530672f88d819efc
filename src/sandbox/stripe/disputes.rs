//! Disputes: opened by a cardholder, decided by a bank. Both are done by the control routes.

use serde_json::{Value, json};

use super::intents::{charge_of, text};
use super::state::State;
use super::trouble::Trouble;

/// The cardholder disputes what is left of a payment.
pub(super) fn open(state: &mut State, intent: &str, now_s: u64) -> Result<Value, Trouble> {
    let charge = charge_of(state, intent)?;
    let id = text(&charge, "id");
    if charge["disputed"] == true {
        let message = "This charge is disputed already.";
        return Err(Trouble::invalid("payment_intent", message));
    }
    let paid = charge["amount"].as_u64().unwrap_or_default();
    let refunded = charge["amount_refunded"].as_u64().unwrap_or_default();
    state.change(&id, &[("disputed", json!(true))]);
    let dispute = json!({
        "object": "dispute",
        "amount": paid.saturating_sub(refunded),
        "charge": id,
        "created": now_s,
        "currency": "usd",
        "metadata": {},
        "payment_intent": intent,
        "reason": "fraudulent",
        "status": "needs_response",
    });
    let dispute = state.create("du", dispute)?;
    state.happened("charge.dispute.created", &dispute, now_s);
    state.happened("charge.dispute.funds_withdrawn", &dispute, now_s);
    Ok(dispute)
}

/// The bank decides: `won` or `lost`.
pub(super) fn close(
    state: &mut State,
    id: &str,
    status: &str,
    now_s: u64,
) -> Result<Value, Trouble> {
    let dispute = state.find("dispute", id, "dispute")?;
    if dispute["status"] != "needs_response" {
        return Err(Trouble::invalid("dispute", "It is decided already."));
    }
    if !["won", "lost"].contains(&status) {
        return Err(Trouble::invalid("status", "It is won or lost."));
    }
    let closed = state.change(id, &[("status", json!(status))]);
    if status == "won" {
        state.happened("charge.dispute.funds_reinstated", &closed, now_s);
    }
    state.happened("charge.dispute.closed", &closed, now_s);
    Ok(closed)
}
