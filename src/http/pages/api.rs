//! The API reference, read from the document that `/openapi.json` serves: what programs are told and
//! what people read is one thing.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::http::openapi;
use crate::pages::docs::{Field, Group, Operation};
use crate::pages::reference::spans;

/// The groups of the reference; none when the document cannot be read.
static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let document = openapi::document().ok();
    let document = document.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    document.as_ref().map_or_else(Vec::new, groups)
});

/// Every operation, by group.
pub fn reference() -> &'static [Group] {
    &GROUPS
}

fn groups(document: &Value) -> Vec<Group> {
    let tags = document["tags"].as_array().map_or(&[][..], Vec::as_slice);
    let group = |tag: &Value| {
        let name = text(&tag["name"]);
        Group {
            about: spans(&text(&tag["description"])),
            operations: operations(document, &name),
            name,
        }
    };
    tags.iter().map(group).collect()
}

fn operations(document: &Value, tag: &str) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in members(methods) {
            if operation["tags"][0] == tag {
                found.push(read(document, path, method, operation));
            }
        }
    }
    found
}

fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let parameters = operation["parameters"].as_array();
    let parameters = parameters.into_iter().flatten().map(|given| {
        let parameter = resolve(document, given);
        Field {
            name: text(&parameter["name"]),
            kind: format!("{}, {}", text(&parameter["in"]), kind(&parameter["schema"])),
            is_required: parameter["required"] == true,
            about: spans(&first_paragraph(&parameter["description"])),
        }
    });
    Operation {
        anchor: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        about: spans(&text(&operation["description"])),
        auth: auth(&operation["security"]),
        fields: parameters.chain(fields(document, body)).collect(),
        answers: members(&operation["responses"])
            .map(|(status, answer)| {
                let answer = resolve(document, answer);
                (status.clone(), spans(&text(&answer["description"])))
            })
            .collect(),
    }
}

/// The members of a body.
fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    let schema = resolve(document, schema);
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|n| n == name));
    members(&schema["properties"])
        .map(|(name, given)| {
            let property = resolve(document, given);
            let own = &given["description"];
            let about = if own.is_null() {
                &property["description"]
            } else {
                own
            };
            Field {
                name: name.clone(),
                kind: kind(property),
                is_required: is_required(name),
                about: spans(&first_paragraph(about)),
            }
        })
        .collect()
}

/// Who may call: the schemes of the document in words.
fn auth(security: &Value) -> String {
    let mut words: Vec<String> = Vec::new();
    for scheme in security.as_array().into_iter().flatten() {
        for (name, scopes) in members(scheme) {
            let scope = text(&scopes[0]);
            let word = match name.as_str() {
                "apiKey" | "xApiKey" if scope.is_empty() => "API key".to_owned(),
                "apiKey" | "xApiKey" => format!("API key that may {scope}"),
                "sessionToken" | "sessionCookie" => "session".to_owned(),
                "adminToken" => "admin token".to_owned(),
                other => other.to_owned(),
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(" or ")
    }
}

/// What a value is, in a word or two.
fn kind(schema: &Value) -> String {
    match &schema["type"] {
        Value::String(word) => word.clone(),
        Value::Array(words) => {
            let words: Vec<String> = words.iter().map(text).collect();
            words.join(" or ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "any".to_owned(),
    }
}

/// What a reference of the document stands for; anything else stands for itself.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let named = value["$ref"]
        .as_str()
        .and_then(|name| name.strip_prefix('#'));
    named.and_then(|at| document.pointer(at)).unwrap_or(value)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn first_paragraph(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.split("\n\n").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_document_is_shown_with_its_fields() {
        let document: Value = serde_json::from_slice(openapi::document().unwrap()).unwrap();
        let described: usize = members(&document["paths"])
            .map(|(_, methods)| {
                members(methods)
                    .filter(|(_, op)| op["operationId"].is_string())
                    .count()
            })
            .sum();
        let shown: Vec<&Operation> = reference()
            .iter()
            .flat_map(|group| &group.operations)
            .collect();
        assert_eq!(shown.len(), described);
        let chat = shown
            .iter()
            .find(|op| op.path == "/v1/chat/completions")
            .unwrap();
        assert_eq!(
            (chat.method.as_str(), chat.auth.as_str()),
            ("POST", "API key that may inference")
        );
        for name in ["model", "messages", "prefer"] {
            assert!(chat.fields.iter().any(|field| field.name == name), "{name}");
        }
        assert!(
            shown
                .iter()
                .all(|op| !op.answers.is_empty() && !op.summary.is_empty())
        );
    }
}
