//! Tools of a request: what the API refuses about them, and how they are read.

use serde_json::Value;

use super::super::errors::Trouble;
use super::check::{Body, missing};
use crate::sandbox::tools::{Tool, ToolChoice};

/// Checks the tools and the choice among them.
///
/// # Errors
/// The first thing the API would refuse.
pub(super) fn check(body: &Body) -> Result<(), Trouble> {
    let tools = body.get("tools").and_then(Value::as_array);
    for (at, tool) in tools.into_iter().flatten().enumerate() {
        one(at, tool)?;
    }
    let Some(choice) = body.get("tool_choice").filter(|choice| !choice.is_null()) else {
        return Ok(());
    };
    if tools.is_none_or(Vec::is_empty) && choice != "auto" && choice != "none" {
        let message = "Tool choice must be 'auto' or 'none' when no tools are specified.";
        return Err(Trouble::invalid("tool_choice", "invalid_value", message));
    }
    if choice.is_object() && choice["type"] == "function" {
        let name = choice["name"]
            .as_str()
            .ok_or_else(|| missing("tool_choice.name"))?;
        if !tools.into_iter().flatten().any(|tool| tool["name"] == name) {
            let message = format!("Tool choice 'function' not found in 'tools' parameter: {name}.");
            return Err(Trouble::invalid("tool_choice", "invalid_value", message));
        }
    }
    Ok(())
}

fn one(at: usize, tool: &Value) -> Result<(), Trouble> {
    let path = |member: &str| format!("tools[{at}].{member}");
    if tool["type"] != "function" {
        return Err(missing(&path("type")));
    }
    let Some(name) = tool["name"].as_str() else {
        return Err(missing(&path("name")));
    };
    let Some(parameters) = tool.get("parameters") else {
        return Err(missing(&path("parameters")));
    };
    let wrong = |reason: &str| {
        Trouble::invalid(
            &path("parameters"),
            "invalid_function_parameters",
            format!("Invalid schema for function '{name}': {reason}"),
        )
    };
    if parameters["type"] != "object" {
        return Err(wrong("schema must be a JSON Schema of 'type: \"object\"'."));
    }
    if !parameters["properties"].is_object() {
        return Err(wrong("In context=(), object schema missing properties."));
    }
    for combination in ["anyOf", "oneOf", "allOf", "enum", "not"] {
        if parameters.get(combination).is_some() {
            return Err(wrong(
                "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level.",
            ));
        }
    }
    // Functions are strict unless they say otherwise.
    if tool["strict"] != false && parameters["additionalProperties"] != false {
        return Err(wrong(
            "In context=(), 'additionalProperties' is required to be supplied and to be false.",
        ));
    }
    Ok(())
}

/// The tools a simulated model may call.
pub(super) fn read(body: &Body) -> Vec<Tool> {
    let tools = body.get("tools").and_then(Value::as_array);
    tools
        .into_iter()
        .flatten()
        .filter_map(|tool| {
            Some(Tool {
                name: tool["name"].as_str()?.to_owned(),
                parameters: tool["parameters"].clone(),
            })
        })
        .collect()
}

/// How the caller wants them used.
pub(super) fn choice(body: &Body) -> ToolChoice {
    match body.get("tool_choice") {
        Some(Value::String(word)) if word == "none" => ToolChoice::Never,
        Some(Value::String(word)) if word == "required" => ToolChoice::Required,
        Some(named @ Value::Object(_)) => match named["name"].as_str() {
            Some(name) => ToolChoice::Named(name.to_owned()),
            None => ToolChoice::Auto,
        },
        Some(_) | None => ToolChoice::Auto,
    }
}
