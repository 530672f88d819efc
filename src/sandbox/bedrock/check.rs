//! What makes Bedrock refuse a request, in its own words: fields, sampling, tools. Messages are
//! checked apart.

use serde_json::Value;

use super::errors::Trouble;
use super::request::list;
use super::{conversation, model};

/// Fields of a request.
const FIELDS: [&str; 8] = [
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "outputConfig",
    "additionalModelRequestFields",
    "requestMetadata",
    "serviceTier",
];

/// Checks a request.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn chat(model: &str, body: &Value) -> Result<(), Trouble> {
    known(body, &FIELDS)?;
    inference(model, &body["inferenceConfig"])?;
    for (index, block) in list(&body["system"]).iter().enumerate() {
        conversation::system(model, block, &format!("system.{index}"))?;
    }
    tools(model, &body["toolConfig"])?;
    additional(model, body)?;
    let format = &body["outputConfig"]["textFormat"];
    let schema = &format["structure"]["jsonSchema"]["schema"];
    let is_schema = schema
        .as_str()
        .is_some_and(|text| serde_json::from_str::<Value>(text).is_ok_and(|it| it.is_object()));
    let is_known = format["type"] == "json_schema" && is_schema;
    if !format.is_null() && !is_known {
        return Err(Trouble::invalid(
            "The value at outputConfig.textFormat.structure.jsonSchema.schema must be a valid JSON schema.",
        ));
    }
    conversation::messages(model, body)
}

/// Refuses members that are not in the list.
pub(super) fn known(object: &Value, names: &[&str]) -> Result<(), Trouble> {
    let unknown = object
        .as_object()
        .and_then(|object| object.keys().find(|name| !names.contains(&name.as_str())));
    match unknown {
        Some(name) => Err(Trouble::invalid(format!(
            "Malformed input request: #: extraneous key [{name}] is not permitted, please reformat your input and try again."
        ))),
        None => Ok(()),
    }
}

fn inference(model: &str, config: &Value) -> Result<(), Trouble> {
    known(
        config,
        &["maxTokens", "temperature", "topP", "stopSequences"],
    )?;
    for name in ["temperature", "topP"] {
        let value = &config[name];
        if !value.is_null() && !value.as_f64().is_some_and(|it| (0.0..=1.0).contains(&it)) {
            return Err(Trouble::invalid(format!(
                "1 validation error detected: Value '{value}' at 'inferenceConfig.{name}' failed to satisfy constraint: Member must have value less than or equal to 1"
            )));
        }
    }
    let most = &config["maxTokens"];
    if !most.is_null() && most.as_u64().is_none_or(|most| most == 0) {
        return Err(Trouble::invalid(format!(
            "1 validation error detected: Value '{most}' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1"
        )));
    }
    if !config["stopSequences"].is_null() && !model::takes_stop(model) {
        return Err(Trouble::no_field("stopSequences"));
    }
    Ok(())
}

fn tools(model: &str, config: &Value) -> Result<(), Trouble> {
    if config.is_null() {
        return Ok(());
    }
    known(config, &["tools", "toolChoice"])?;
    let tools = list(&config["tools"]);
    if tools.is_empty() {
        return Err(Trouble::invalid(
            "1 validation error detected: Value at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ));
    }
    for (index, tool) in tools.iter().enumerate() {
        let at = format!("toolConfig.tools.{index}.toolSpec");
        if tool["cachePoint"].is_object() && model::takes_cache_points(model) {
            continue;
        }
        let spec = &tool["toolSpec"];
        known(spec, &["name", "description", "inputSchema", "strict"])?;
        if !spec["name"].as_str().is_some_and(is_name) {
            return Err(Trouble::invalid(format!(
                "1 validation error detected: Value at '{at}.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+"
            )));
        }
        if spec["description"] == "" {
            return Err(Trouble::invalid(format!(
                "Invalid length for parameter {at}.description, value: 0, valid min length: 1"
            )));
        }
        if spec["inputSchema"]["json"]["type"] != "object" {
            return Err(Trouble::invalid(format!(
                "The value at {at}.inputSchema.json.type must be one of the following: object."
            )));
        }
    }
    let choice = config["toolChoice"].as_object();
    let kind = choice.and_then(|choice| choice.keys().next());
    match kind {
        Some(kind) if !model::tool_choices(model).contains(&kind.as_str()) => {
            Err(Trouble::no_field(&format!("toolConfig.toolChoice.{kind}")))
        }
        Some(_) | None => Ok(()),
    }
}

/// A tool's name as Bedrock takes it.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

fn additional(model: &str, body: &Value) -> Result<(), Trouble> {
    let fields = &body["additionalModelRequestFields"];
    known(fields, model::additional_fields(model))?;
    let thinking = &fields["thinking"];
    if !thinking.is_object() {
        return Ok(());
    }
    let forced = ["any", "tool"]
        .iter()
        .any(|kind| body["toolConfig"]["toolChoice"][*kind].is_object());
    if forced {
        return Err(Trouble::invalid(
            "The model returned the following errors: Thinking may not be enabled when tool_choice forces tool use.",
        ));
    }
    if !body["inferenceConfig"]["temperature"].is_null() {
        return Err(Trouble::invalid(
            "The model returned the following errors: `temperature` may only be set to 1 when thinking is enabled.",
        ));
    }
    let budget = thinking["budget_tokens"].as_u64();
    let most = body["inferenceConfig"]["maxTokens"].as_u64();
    match (budget, most) {
        (Some(budget), Some(most)) if budget >= 1024 && budget < most => Ok(()),
        (None, _) if thinking["type"] == "adaptive" => Ok(()),
        (Some(_) | None, _) => Err(Trouble::invalid(
            "The model returned the following errors: `max_tokens` must be greater than `thinking.budget_tokens`, which must be at least 1024.",
        )),
    }
}
