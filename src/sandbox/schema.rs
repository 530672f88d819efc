//! A value that satisfies a JSON Schema, filled with words of the prompt.
//!
//! Understands what tools and structured outputs use: types, `properties`, `required`,
//! `additionalProperties`, `items`, `prefixItems`, lengths, bounds, `multipleOf`, `enum`, `const`,
//! `default`, `format`, `anyOf`, `oneOf`, `allOf` and local `$ref`. It does not know `pattern`,
//! `not` and `if`.

use serde_json::{Map, Value};

use super::bounds::{self, Kind};
use super::words::Words;

/// Below this depth optional properties are left out and the shortest alternative is taken.
const FRUGAL_DEPTH: usize = 5;

/// Below this depth a schema that demands itself is given up on.
const DEEPEST: usize = 32;

/// Most values of one instance.
const MOST_VALUES: usize = 4096;

/// Longest array and most characters a schema can demand.
const LONGEST: usize = 1024;

/// An instance of `schema`. The same schema and words give the same instance.
pub(super) fn instance(schema: &Value, words: &mut Words) -> Value {
    let mut maker = Maker {
        root: schema,
        words,
        left: MOST_VALUES,
    };
    maker.make(schema, 0)
}

struct Maker<'a> {
    root: &'a Value,
    words: &'a mut Words,
    left: usize,
}

impl Maker<'_> {
    fn make(&mut self, schema: &Value, depth: usize) -> Value {
        if depth > DEEPEST || self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        let Some(schema) = self.resolved(schema) else {
            return Value::String(self.words.word());
        };
        for fixed in ["const", "default"] {
            if let Some(value) = schema.get(fixed) {
                return value.clone();
            }
        }
        if let Some(values) = list(&schema, "enum") {
            return values.first().cloned().unwrap_or_default();
        }
        if let Some(options) = list(&schema, "anyOf").or_else(|| list(&schema, "oneOf")) {
            let chosen = choose(options, depth);
            let merged = merge(&without_alternatives(&schema), chosen);
            return self.make(&Value::Object(merged), depth + 1);
        }
        match type_of(&schema, depth) {
            "object" => self.object(&schema, depth),
            "array" => self.array(&schema, depth),
            "integer" => bounds::number(&schema, Kind::Integer, self.words.number()),
            "number" => bounds::number(&schema, Kind::Real, self.words.number()),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => Value::String(self.string(&schema)),
        }
    }

    /// The schema behind local references, with `allOf` merged in.
    fn resolved(&self, schema: &Value) -> Option<Map<String, Value>> {
        let mut object = schema.as_object()?.clone();
        for _ in 0..DEEPEST {
            let target = object
                .remove("$ref")
                .and_then(|reference| self.target(reference.as_str()?))
                .and_then(Value::as_object);
            if let Some(target) = target {
                object = merge(target, &Value::Object(object));
            }
            let Some(Value::Array(parts)) = object.remove("allOf") else {
                if object.contains_key("$ref") {
                    continue;
                }
                break;
            };
            for part in &parts {
                object = merge(&object, part);
            }
        }
        Some(object)
    }

    fn target(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        let required: Vec<&str> = list(schema, "required")
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut made = Map::new();
        if let Some(Value::Object(properties)) = schema.get("properties") {
            for (name, property) in properties {
                if depth < FRUGAL_DEPTH || required.contains(&name.as_str()) {
                    made.insert(name.clone(), self.make(property, depth + 1));
                }
            }
        }
        let extra = match schema.get("additionalProperties") {
            Some(extra @ Value::Object(_)) => extra.clone(),
            Some(_) | None => Value::Object(Map::new()),
        };
        for name in required {
            if !made.contains_key(name) {
                let value = self.make(&extra, depth + 1);
                made.insert(name.to_owned(), value);
            }
        }
        let least = size(schema, "minProperties").unwrap_or(0);
        while made.len() < least {
            let value = self.make(&extra, depth + 1);
            made.insert(format!("{}_{}", self.words.word(), made.len()), value);
        }
        Value::Object(made)
    }

    fn array(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        let first = list(schema, "prefixItems").cloned().unwrap_or_default();
        let usual = if depth < FRUGAL_DEPTH {
            first.len().max(2)
        } else {
            0
        };
        let least = size(schema, "minItems").unwrap_or(0);
        let most = size(schema, "maxItems").unwrap_or(LONGEST);
        let anything = Value::Object(Map::new());
        let rest = schema.get("items").unwrap_or(&anything).clone();
        let length = match rest {
            Value::Bool(false) => first.len(),
            Value::Bool(true)
            | Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => usual.clamp(least, most.max(least)),
        };
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let mut made: Vec<Value> = Vec::new();
        // Alternatives to a repeated item run out for a small enum: then the array stays shorter.
        for attempt in 0..length.saturating_mul(4) {
            if made.len() == length {
                break;
            }
            let item = first.get(made.len()).unwrap_or(&rest);
            let value = match list_of_object(item, "enum") {
                Some(values) if unique => values.get(attempt).cloned().unwrap_or_default(),
                Some(_) | None => self.make(item, depth + 1),
            };
            if !(unique && made.contains(&value)) {
                made.push(value);
            }
        }
        Value::Array(made)
    }

    fn string(&mut self, schema: &Map<String, Value>) -> String {
        let word = self.words.word();
        let text = match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => "2025-01-15T12:00:00Z".to_owned(),
            Some("date") => "2025-01-15".to_owned(),
            Some("time") => "12:00:00Z".to_owned(),
            Some("duration") => "P1D".to_owned(),
            Some("email") => "someone@example.com".to_owned(),
            Some("hostname") => "example.com".to_owned(),
            Some("ipv4") => "192.0.2.1".to_owned(),
            Some("ipv6") => "2001:db8::1".to_owned(),
            Some("uri") => "https://example.com/".to_owned(),
            Some("uuid") => "00000000-0000-4000-8000-000000000000".to_owned(),
            Some(_) | None => word,
        };
        let least = size(schema, "minLength").unwrap_or(0);
        let most = size(schema, "maxLength").unwrap_or(LONGEST);
        let padding = std::iter::repeat_n('x', least.saturating_sub(text.chars().count()));
        text.chars().chain(padding).take(most).collect()
    }
}

/// The first alternative that is not null; deep down, null when it is one of them.
fn choose(options: &[Value], depth: usize) -> &Value {
    let is_null = |option: &&Value| option.get("type") == Some(&Value::from("null"));
    let null = options.iter().find(is_null);
    let other = options.iter().find(|option| !is_null(option));
    let chosen = if depth < FRUGAL_DEPTH {
        other.or(null)
    } else {
        null.or(other)
    };
    chosen.unwrap_or(&Value::Null)
}

fn without_alternatives(schema: &Map<String, Value>) -> Map<String, Value> {
    let mut rest = schema.clone();
    rest.remove("anyOf");
    rest.remove("oneOf");
    rest
}

/// `base` with the keywords of `over`; properties and required names of both.
fn merge(base: &Map<String, Value>, over: &Value) -> Map<String, Value> {
    let mut merged = base.clone();
    let Some(over) = over.as_object() else {
        return merged;
    };
    for (name, value) in over {
        match (merged.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(more)) if name == "properties" => {
                known.extend(more.clone());
            }
            (Some(Value::Array(known)), Value::Array(more)) if name == "required" => {
                known.extend(more.iter().cloned());
            }
            _ => {
                merged.insert(name.clone(), value.clone());
            }
        }
    }
    merged
}

fn type_of(schema: &Map<String, Value>, depth: usize) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            let mut names = names.iter().filter_map(Value::as_str);
            let null = names.clone().find(|name| *name == "null");
            let other = names.find(|name| *name != "null");
            let chosen = if depth < FRUGAL_DEPTH {
                other.or(null)
            } else {
                null.or(other)
            };
            chosen.unwrap_or("null")
        }
        Some(_) | None if schema.contains_key("properties") => "object",
        Some(_) | None if schema.contains_key("items") => "array",
        Some(_) | None => "string",
    }
}

fn list<'a>(schema: &'a Map<String, Value>, name: &str) -> Option<&'a Vec<Value>> {
    schema.get(name).and_then(Value::as_array)
}

fn list_of_object<'a>(schema: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    schema.as_object().and_then(|schema| list(schema, name))
}

fn size(schema: &Map<String, Value>, name: &str) -> Option<usize> {
    let size = schema.get(name).and_then(Value::as_u64)?;
    Some(usize::try_from(size).unwrap_or(LONGEST).min(LONGEST))
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
