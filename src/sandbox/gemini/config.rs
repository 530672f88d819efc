//! What Google refuses in `generationConfig`, `tools` and `toolConfig`.

use serde_json::Value;

use super::model::Model;
use super::schema_rules;
use super::trouble::Trouble;

const FIELDS: [&str; 15] = [
    "candidateCount",
    "frequencyPenalty",
    "logprobs",
    "maxOutputTokens",
    "presencePenalty",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseModalities",
    "seed",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
];

/// Checks everything beside the contents.
pub(super) fn check(model: Model, body: &Value) -> Result<(), Trouble> {
    let names = declared(body)?;
    choice(&body["toolConfig"], &names)?;
    let config = &body["generationConfig"];
    for name in config.as_object().into_iter().flat_map(|all| all.keys()) {
        if !FIELDS.contains(&name.as_str()) {
            return Err(unknown(name, "generation_config"));
        }
    }
    numbers(config)?;
    if config["presencePenalty"].is_number() || config["frequencyPenalty"].is_number() {
        return Err(Trouble::invalid("Penalty is not enabled for this model"));
    }
    let is_json = config["responseMimeType"] == "application/json";
    if !config["responseJsonSchema"].is_null() {
        if !is_json {
            return Err(Trouble::invalid(
                "response_json_schema is only supported with response_mime_type application/json",
            ));
        }
        schema_rules::check(
            &config["responseJsonSchema"],
            "generation_config.response_json_schema",
        )?;
    }
    if is_json && !names.is_empty() && !model.is_third() {
        return Err(Trouble::invalid(
            "Function calling with a response mime type: 'application/json' is unsupported",
        ));
    }
    thinking(model, &config["thinkingConfig"])
}

/// What the API says of a field that it does not know.
pub(super) fn unknown(name: &str, at: &str) -> Trouble {
    Trouble::invalid(format!(
        "Invalid JSON payload received. Unknown name \"{name}\" at '{at}': Cannot find field."
    ))
}

fn numbers(config: &Value) -> Result<(), Trouble> {
    let outside = |name: &str, range: &str| {
        Err(Trouble::invalid(format!(
            "Unable to submit request because it has a {name} value of {} but the supported range is {range}. Update the value and try again.",
            config[name]
        )))
    };
    let number = |name: &str| config[name].as_f64();
    if number("temperature").is_some_and(|value| !(0.0..=2.0).contains(&value)) {
        return outside("temperature", "from 0 (inclusive) to 2.0001 (exclusive)");
    }
    if number("maxOutputTokens").is_some_and(|value| !(1.0..=65_536.0).contains(&value)) {
        return outside("maxOutputTokens", "from 1 (inclusive) to 65537 (exclusive)");
    }
    let seed = &config["seed"];
    let is_seed = seed
        .as_i64()
        .is_some_and(|seed| i32::try_from(seed).is_ok());
    if !seed.is_null() && !is_seed {
        return Err(Trouble::invalid(
            "Invalid value at 'generation_config.seed' (TYPE_INT32)",
        ));
    }
    let stops = config["stopSequences"].as_array();
    if stops.is_some_and(|stops| stops.len() > 5 || stops.iter().any(|stop| stop == "")) {
        return Err(Trouble::invalid(
            "stop_sequences must be at most 5 texts that are not empty",
        ));
    }
    Ok(())
}

fn thinking(model: Model, config: &Value) -> Result<(), Trouble> {
    let (budget, level) = (
        config["thinkingBudget"].as_i64(),
        config["thinkingLevel"].as_str(),
    );
    if budget.is_some() && level.is_some() {
        return Err(Trouble::invalid(
            "You can only set only one of thinking budget and thinking level.",
        ));
    }
    if let Some(level) = level
        && !model.levels().contains(&level)
    {
        return Err(Trouble::invalid(format!(
            "Thinking level {level} is not supported for this model."
        )));
    }
    if let Some(budget) = budget.filter(|budget| *budget != -1) {
        let range = model.budgets();
        if !range.contains(&budget) {
            return Err(Trouble::invalid(format!(
                "The thinking budget {budget} is invalid. Please choose a value between {} and {}.",
                range.start(),
                range.end()
            )));
        }
        if budget == 0 && config["includeThoughts"] == true {
            return Err(Trouble::invalid(
                "Thinking_config.include_thoughts is only enabled when thinking is enabled.",
            ));
        }
    }
    Ok(())
}

/// The names of the functions.
pub(super) fn declared(body: &Value) -> Result<Vec<String>, Trouble> {
    let mut names = Vec::new();
    let tools = body["tools"].as_array().into_iter().flatten();
    for function in tools.flat_map(|tool| {
        tool["functionDeclarations"]
            .as_array()
            .into_iter()
            .flatten()
    }) {
        let name = function["name"].as_str().unwrap_or_default();
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let rest = name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b));
        if !first || !rest || name.len() > 64 {
            return Err(Trouble::invalid(
                "Invalid function name. Must start with a letter or an underscore.",
            ));
        }
        if names.iter().any(|known| known == name) {
            return Err(Trouble::invalid(format!(
                "Duplicate function declaration found: {name}"
            )));
        }
        let parameters = &function["parametersJsonSchema"];
        if !parameters.is_null() {
            if parameters["type"] != "object" {
                return Err(Trouble::invalid(
                    "parametersJsonSchema must describe an object.",
                ));
            }
            schema_rules::check(
                parameters,
                "tools.function_declarations.parameters_json_schema",
            )?;
        }
        for field in function.as_object().into_iter().flat_map(|all| all.keys()) {
            if !["name", "description", "parametersJsonSchema"].contains(&field.as_str()) {
                return Err(unknown(field, "tools[0].function_declarations[0]"));
            }
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn choice(config: &Value, names: &[String]) -> Result<(), Trouble> {
    let calling = &config["functionCallingConfig"];
    let mode = calling["mode"].as_str().unwrap_or("AUTO");
    if !["AUTO", "ANY", "NONE", "VALIDATED"].contains(&mode) {
        return Err(Trouble::invalid(format!(
            "Invalid value at 'tool_config': \"{mode}\""
        )));
    }
    let allowed = calling["allowedFunctionNames"].as_array();
    if allowed.is_some() && !["ANY", "VALIDATED"].contains(&mode) {
        return Err(Trouble::invalid(
            "Allowed function names should be set only when function calling mode is ANY or VALIDATED.",
        ));
    }
    let known = |name: &Value| names.iter().any(|known| name == known.as_str());
    if !allowed.into_iter().flatten().all(known) {
        return Err(Trouble::invalid(
            "Allowed function names must be a subset of the declared functions.",
        ));
    }
    Ok(())
}
