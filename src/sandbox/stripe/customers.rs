//! Customers: made, shown, deleted with their cards.

use serde_json::{Value, json};

use super::form::Form;
use super::state::State;
use super::trouble::Trouble;

pub(super) fn create(state: &mut State, form: &Form, now_s: u64) -> Result<Value, Trouble> {
    let customer = json!({
        "object": "customer",
        "created": now_s,
        "currency": null,
        "email": form.get("email"),
        "metadata": form.object("metadata"),
        "name": form.get("name"),
    });
    let customer = state.create("cus", customer)?;
    state.happened("customer.created", &customer, now_s);
    Ok(customer)
}

pub(super) fn show(state: &State, id: &str) -> Result<Value, Trouble> {
    let found = state.find("customer", id, "id").cloned();
    found.map_err(|_| Trouble::not_found("customer", id))
}

pub(super) fn delete(state: &mut State, id: &str) -> Result<Value, Trouble> {
    show(state, id)?;
    for method in state.all("payment_method", "customer", id) {
        let method = method["id"].as_str().unwrap_or_default().to_owned();
        state.change(&method, &[("customer", Value::Null)]);
    }
    state.remove(id);
    Ok(json!({ "id": id, "object": "customer", "deleted": true }))
}
