//! What the provider refuses in calls and their results.

use serde_json::Value;

use super::errors::Trouble;

/// The blocks of a message that are of one kind.
pub(super) fn blocks<'a>(message: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = message["content"].as_array().into_iter().flatten();
    all.filter(move |block| block["type"] == kind)
}

/// Every call has its result at the head of the next message, and every result its call.
pub(super) fn check(messages: &[Value]) -> Result<(), Trouble> {
    let mut seen: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let ids = |message, kind, field: &'static str| -> Vec<&str> {
            blocks(message, kind)
                .map(|block| block[field].as_str().unwrap_or(""))
                .collect()
        };
        let called = ids(message, "tool_use", "id");
        for id in &called {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if id.is_empty() || !id.chars().all(plain) {
                return Err(Trouble::invalid(format!(
                    "messages.{index}.content.0.tool_use.id: String should match pattern \
                     '^[a-zA-Z0-9_-]+$'"
                )));
            }
            if seen.contains(id) {
                let message = format!("messages.{index}: `tool_use` ids must be unique");
                return Err(Trouble::invalid(message));
            }
            seen.push(id);
        }
        let answered = messages
            .get(index + 1)
            .map(results_at_head)
            .unwrap_or_default();
        if let Some(id) = called.iter().find(|id| !answered.contains(id)) {
            return Err(Trouble::invalid(format!(
                "messages.{index}: `tool_use` ids were found without `tool_result` blocks \
                 immediately after: {id}. Each `tool_use` block must have a corresponding \
                 `tool_result` block in the next message."
            )));
        }
        let before = index.checked_sub(1).and_then(|before| messages.get(before));
        let before = before
            .map(|message| ids(message, "tool_use", "id"))
            .unwrap_or_default();
        for id in ids(message, "tool_result", "tool_use_id") {
            if !before.contains(&id) {
                return Err(Trouble::invalid(format!(
                    "messages.{index}.content.0: unexpected `tool_use_id` found in `tool_result` \
                     blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` \
                     block in the previous message."
                )));
            }
        }
    }
    Ok(())
}

fn results_at_head(message: &Value) -> Vec<&str> {
    let all = message["content"].as_array().into_iter().flatten();
    all.take_while(|block| block["type"] == "tool_result")
        .map(|block| block["tool_use_id"].as_str().unwrap_or(""))
        .collect()
}
