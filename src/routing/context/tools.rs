//! Tools as OpenAI's models read them: declarations of TypeScript in a namespace.
//!
//! OpenAI does not publish the form; the one here is what its models repeat when asked, as the
//! libraries `openai-chat-tokens` and `tiktoken`'s users have worked it out.

use serde_json::{Map, Value};

/// Levels of a schema that are written out; what is deeper is `any`.
const MOST_DEPTH: usize = 32;

/// Tools, declared.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    /// How many.
    pub(super) tools: u64,
    /// One declaration after the other.
    pub(super) text: String,
}

/// Declares the tools of a raw JSON array `tools`, or of the older `functions`. What cannot be read
/// as a function counts as the JSON it is.
pub(super) fn declare(raw: &str) -> Declared {
    let Ok(tools) = serde_json::from_str::<Vec<Value>>(raw) else {
        return Declared {
            tools: 1,
            text: raw.to_owned(),
        };
    };
    let mut text = String::with_capacity(raw.len());
    for tool in &tools {
        match tool.get("function").unwrap_or(tool).as_object() {
            Some(function) if function.contains_key("name") => declaration(function, &mut text),
            Some(_) | None => text.push_str(&tool.to_string()),
        }
    }
    Declared {
        tools: tools.len() as u64,
        text,
    }
}

fn declaration(function: &Map<String, Value>, out: &mut String) {
    comment(function.get("description"), out);
    let name = function.get("name").and_then(Value::as_str).unwrap_or("");
    out.push_str("type ");
    out.push_str(name);
    match function.get("parameters").and_then(properties) {
        Some(_) => {
            out.push_str(" = (_: {\n");
            if let Some(parameters) = function.get("parameters") {
                members(parameters, out, 0);
            }
            out.push_str("}) => any;\n");
        }
        None => out.push_str(" = () => any;\n"),
    }
    // Formats of custom tools are sent along as they are.
    if let Some(format) = function.get("format") {
        out.push_str(&format.to_string());
    }
}

/// The properties of a schema that has any.
fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    let properties = schema.get("properties")?.as_object()?;
    (!properties.is_empty()).then_some(properties)
}

fn members(schema: &Value, out: &mut String, depth: usize) {
    let required = schema.get("required").and_then(Value::as_array);
    for (name, member) in properties(schema).into_iter().flatten() {
        comment(member.get("description"), out);
        out.push_str(name);
        let is_required = required.is_some_and(|all| all.iter().any(|one| one == name));
        out.push_str(if is_required { ": " } else { "?: " });
        kind(member, out, depth);
        out.push_str(",\n");
    }
    if let Some(definitions) = schema.get("$defs").or_else(|| schema.get("definitions")) {
        out.push_str(&definitions.to_string());
    }
}

fn kind(schema: &Value, out: &mut String, depth: usize) {
    if depth >= MOST_DEPTH {
        out.push_str("any");
        return;
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().map(Value::to_string).collect();
        out.push_str(&values.join(" | "));
        return;
    }
    if let Some(choices) = ["anyOf", "oneOf", "allOf"]
        .iter()
        .find_map(|name| schema.get(name)?.as_array())
    {
        for (i, choice) in choices.iter().enumerate() {
            out.push_str(if i == 0 { "" } else { " | " });
            kind(choice, out, depth + 1);
        }
        return;
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => {
            match schema.get("items") {
                Some(items) => kind(items, out, depth + 1),
                None => out.push_str("any"),
            }
            out.push_str("[]");
        }
        Some("object") if properties(schema).is_some() => {
            out.push_str("{\n");
            members(schema, out, depth + 1);
            out.push('}');
        }
        Some("integer") => out.push_str("number"),
        Some(word) => out.push_str(word),
        None => out.push_str("any"),
    }
}

fn comment(text: Option<&Value>, out: &mut String) {
    if let Some(text) = text.and_then(Value::as_str).filter(|text| !text.is_empty()) {
        out.push_str("// ");
        out.push_str(text);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_declared_with_its_comments() {
        let raw = r#"[{"type":"function","function":{"name":"weather","description":"Now.",
            "parameters":{"type":"object","required":["at"],"properties":{
            "at":{"type":"string","description":"City."},
            "unit":{"enum":["c","f"]},"tags":{"type":"array","items":{"type":"integer"}}}}}},
            {"name":"stop"}]"#;
        let declared = declare(raw);
        assert_eq!(declared.tools, 2);
        assert_eq!(
            declared.text,
            "// Now.\ntype weather = (_: {\n// City.\nat: string,\ntags?: number[],\nunit?: \"c\" | \"f\",\n\
             }) => any;\ntype stop = () => any;\n"
        );
    }

    #[test]
    fn what_is_no_function_counts_as_its_json() {
        assert_eq!(declare(r#"[{"type":"web"}]"#).text, r#"{"type":"web"}"#);
        assert_eq!(declare("[1]").text, "1");
    }

    #[test]
    fn a_schema_without_an_end_is_cut() {
        let deep = format!("{}{}", "{\"anyOf\":[".repeat(50), "]}".repeat(50));
        let raw = format!(r#"[{{"name":"f","parameters":{{"properties":{{"a":{deep}}}}}}}]"#);
        assert!(declare(&raw).text.contains("type f"));
    }
}
