//! What the provider refuses in tools and schemas.

use serde_json::{Map, Value};

use super::errors::Trouble;

const MOST_STRICT: usize = 20;
const LONGEST_NAME: usize = 128;
const LONGEST_KEY: usize = 64;

/// Checks `tools`, `tool_choice` and the schema of `output_config.format`.
pub(super) fn check(body: &Map<String, Value>) -> Result<(), Trouble> {
    let empty = Vec::new();
    let tools = body
        .get("tools")
        .and_then(Value::as_array)
        .unwrap_or(&empty);
    let mut names: Vec<&str> = Vec::new();
    for (index, tool) in tools.iter().enumerate() {
        check_tool(index, tool)?;
        let name = tool["name"].as_str().unwrap_or("");
        if names.contains(&name) {
            return Err(Trouble::invalid("tools: Tool names must be unique."));
        }
        names.push(name);
    }
    let strict = tools.iter().filter(|tool| tool["strict"] == true).count();
    if strict > MOST_STRICT {
        return Err(Trouble::invalid(format!(
            "Too many strict tools ({strict}). The maximum number of strict tools supported is \
             {MOST_STRICT}. Try reducing the number of tools marked as strict."
        )));
    }
    check_choice(body.get("tool_choice"), &names)?;
    let format = body
        .get("output_config")
        .map_or(&Value::Null, |config| &config["format"]);
    if format.is_null() {
        return Ok(());
    }
    if format["type"] != "json_schema" {
        return Err(Trouble::invalid(
            "output_config.format.type: Input should be 'json_schema'",
        ));
    }
    check_strict("output_config.format.schema", &format["schema"])
}

fn check_tool(index: usize, tool: &Value) -> Result<(), Trouble> {
    let at = format!("tools.{index}.custom");
    for field in tool.as_object().into_iter().flat_map(|tool| tool.keys()) {
        let known = [
            "name",
            "description",
            "input_schema",
            "strict",
            "cache_control",
            "type",
        ];
        if !known.contains(&field.as_str()) {
            return Err(Trouble::invalid(format!(
                "{at}.{field}: Extra inputs are not permitted"
            )));
        }
    }
    let name = tool["name"].as_str().unwrap_or("");
    if !is_plain(name, "_-", LONGEST_NAME) {
        return Err(Trouble::invalid(format!(
            "{at}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        )));
    }
    let schema = &tool["input_schema"];
    if !schema.is_object() {
        return Err(Trouble::invalid(format!(
            "{at}.input_schema: Input does not match the expected shape."
        )));
    }
    if schema["type"] != "object" {
        return Err(Trouble::invalid(format!(
            "{at}.input_schema.type: Field required"
        )));
    }
    if ["anyOf", "oneOf", "allOf"]
        .iter()
        .any(|name| !schema[*name].is_null())
    {
        return Err(Trouble::invalid(format!(
            "{at}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top \
             level"
        )));
    }
    let keys = schema["properties"].as_object();
    if keys.is_some_and(|keys| keys.keys().any(|key| !is_plain(key, "_.-", LONGEST_KEY))) {
        return Err(Trouble::invalid(format!(
            "{at}.input_schema.properties: Property keys should match pattern \
             '^[a-zA-Z0-9_.-]{{1,64}}$'"
        )));
    }
    check_draft(&at, schema)?;
    if tool["strict"] == true {
        check_strict(&at, schema)?;
    }
    Ok(())
}

fn is_plain(text: &str, marks: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

/// Older drafts are refused.
fn check_draft(at: &str, schema: &Value) -> Result<(), Trouble> {
    let old = schema["items"].is_array()
        || schema["exclusiveMinimum"].is_boolean()
        || schema["exclusiveMaximum"].is_boolean();
    if old {
        return Err(Trouble::invalid(format!(
            "{at}.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12."
        )));
    }
    inner(schema).try_for_each(|schema| check_draft(at, schema))
}

/// Enforced objects are closed, and any value at all cannot be enforced.
fn check_strict(at: &str, schema: &Value) -> Result<(), Trouble> {
    let fields = schema
        .as_object()
        .ok_or_else(|| Trouble::invalid(format!("{at}: Field required")))?;
    if schema["type"] == "object" && schema["additionalProperties"] != false {
        return Err(Trouble::invalid(format!(
            "{at}: For 'object' type, 'additionalProperties' must be explicitly set to false"
        )));
    }
    let refused = [
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "maxItems",
        "oneOf",
        "not",
    ];
    if let Some(name) = refused.iter().find(|name| fields.contains_key(**name)) {
        return Err(Trouble::invalid(format!(
            "{at}: property '{name}' is not supported"
        )));
    }
    inner(schema).try_for_each(|schema| check_strict(at, schema))
}

/// The schemas inside a schema.
fn inner(schema: &Value) -> impl Iterator<Item = &Value> {
    let groups = ["properties", "$defs", "definitions"]
        .into_iter()
        .filter_map(|name| schema[name].as_object())
        .flat_map(|group| group.values());
    let lists = ["anyOf", "oneOf", "allOf", "prefixItems"]
        .into_iter()
        .filter_map(|name| schema[name].as_array())
        .flatten();
    let single = schema.get("items").filter(|items| items.is_object());
    groups.chain(lists).chain(single)
}

fn check_choice(choice: Option<&Value>, names: &[&str]) -> Result<(), Trouble> {
    let Some(choice) = choice else { return Ok(()) };
    if names.is_empty() {
        return Err(Trouble::invalid(
            "tool_choice may only be specified while providing tools.",
        ));
    }
    match choice["type"].as_str() {
        Some("auto" | "any") => Ok(()),
        Some("none") if choice.get("disable_parallel_tool_use").is_some() => Err(Trouble::invalid(
            "tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted",
        )),
        Some("none") => Ok(()),
        Some("tool")
            if choice["name"]
                .as_str()
                .is_some_and(|name| names.contains(&name)) =>
        {
            Ok(())
        }
        Some("tool") => Err(Trouble::invalid("Tool '' not found in provided tools")),
        Some(_) | None => Err(Trouble::invalid(
            "tool_choice: Input tag does not match any of the expected tags: 'any', 'auto', \
             'none', 'tool'",
        )),
    }
}
