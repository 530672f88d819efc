//! Checks made-up instances against their schemas with a small validator of its own.
#![allow(clippy::panic)]

use serde_json::{Value, json};

use super::instance;
use crate::sandbox::words::Words;

fn made(schema: &Value) -> Value {
    instance(
        schema,
        &mut Words::of("What about Paris in 7 days with umbrella?"),
    )
}

/// Whether `value` satisfies the keywords used in these tests.
fn valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(keywords) = schema.as_object() else {
        return schema != &Value::Bool(false);
    };
    keywords.iter().all(|(keyword, rule)| {
        let any = |all: &Value| {
            all.as_array()
                .unwrap()
                .iter()
                .any(|option| valid(root, option, value))
        };
        let number = value.as_f64();
        let characters = value.as_str().map(|text| text.chars().count() as u64);
        let items = value.as_array();
        match keyword.as_str() {
            "$ref" => valid(
                root,
                root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap())
                    .unwrap(),
                value,
            ),
            "type" => rule.as_array().map_or_else(
                || has_type(rule, value),
                |types| types.iter().any(|one| has_type(one, value)),
            ),
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "anyOf" | "oneOf" => any(rule),
            "allOf" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|part| valid(root, part, value)),
            "properties" => rule.as_object().unwrap().iter().all(|(name, property)| {
                value
                    .get(name)
                    .is_none_or(|inner| valid(root, property, inner))
            }),
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "additionalProperties" => value.as_object().is_none_or(|object| {
                let known = keywords.get("properties").and_then(Value::as_object);
                object
                    .iter()
                    .filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name)))
                    .all(|(_, inner)| valid(root, rule, inner))
            }),
            "items" => items.is_none_or(|items| {
                let skip = keywords
                    .get("prefixItems")
                    .map_or(0, |first| first.as_array().unwrap().len());
                items.iter().skip(skip).all(|item| valid(root, rule, item))
            }),
            "prefixItems" => items.is_none_or(|items| {
                items
                    .iter()
                    .zip(rule.as_array().unwrap())
                    .all(|(item, schema)| valid(root, schema, item))
            }),
            "minItems" => items.is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => items.is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "uniqueItems" => items.is_none_or(|items| {
                items
                    .iter()
                    .enumerate()
                    .all(|(at, item)| !items[..at].contains(item))
            }),
            "minProperties" => value
                .as_object()
                .is_none_or(|object| object.len() as u64 >= rule.as_u64().unwrap()),
            "minLength" => characters.is_none_or(|length| length >= rule.as_u64().unwrap()),
            "maxLength" => characters.is_none_or(|length| length <= rule.as_u64().unwrap()),
            "minimum" => number.is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => number.is_none_or(|number| number <= rule.as_f64().unwrap()),
            "exclusiveMinimum" => number.is_none_or(|number| number > rule.as_f64().unwrap()),
            "exclusiveMaximum" => number.is_none_or(|number| number < rule.as_f64().unwrap()),
            "multipleOf" => {
                number.is_none_or(|number| (number / rule.as_f64().unwrap()).fract().abs() < 1e-9)
            }
            "$defs" | "definitions" | "title" | "description" | "format" | "default" => true,
            other => panic!("the validator does not know {other}"),
        }
    })
}

fn has_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}

#[test]
fn instances_satisfy_their_schemas() {
    let tree = json!({
        "$defs": {"node": {"type": "object", "additionalProperties": false,
            "required": ["value", "next", "children"],
            "properties": {
                "value": {"type": "integer", "minimum": 10, "exclusiveMaximum": 12},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}},
        "$ref": "#/$defs/node"});
    let schemas = [
        json!({"type": "object", "additionalProperties": false, "required": ["city", "unit"],
            "properties": {"city": {"type": "string", "minLength": 8, "maxLength": 9},
                "unit": {"enum": ["celsius", "fahrenheit"]},
                "days": {"type": ["integer", "null"], "maximum": 3}}}),
        json!({"type": "array", "minItems": 3, "maxItems": 3, "items": {"type": "number",
            "exclusiveMinimum": 0, "exclusiveMaximum": 1}}),
        json!({"type": "array", "uniqueItems": true, "minItems": 3,
            "items": {"enum": ["a", "b", "c"]}}),
        json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}],
            "items": false}),
        json!({"oneOf": [{"type": "null"}, {"const": "fixed"}]}),
        json!({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}},
            "required": ["a"]}, {"properties": {"b": {"type": "boolean"}}, "required": ["b"]}]}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2}),
        json!({"type": "object", "required": ["free"], "additionalProperties": true}),
        json!({"type": "integer", "multipleOf": 7, "minimum": 15}),
        json!({"type": "integer", "minimum": -5, "maximum": -5}),
        json!({"type": "number", "minimum": 2.5, "maximum": 2.75}),
        json!({"type": "integer", "minimum": 2.5, "maximum": 3.5}),
        json!({"type": "object", "properties": {"pair": {"$ref": "#/definitions/pair"}},
            "required": ["pair"], "definitions": {"pair": {"type": "array", "minItems": 2,
            "maxItems": 2, "items": {"type": "string", "format": "date"}}}}),
        json!({"type": "string", "default": "metric", "enum": ["metric"]}),
        tree,
    ];
    for schema in &schemas {
        let value = made(schema);
        assert!(valid(schema, schema, &value), "{schema} made {value}");
        assert_eq!(value, made(schema));
    }
}

#[test]
fn values_come_from_the_prompt() {
    let schema = json!({"type": "object", "properties": {
        "city": {"type": "string"}, "days": {"type": "integer"}}});
    assert_eq!(made(&schema), json!({"city": "Paris", "days": 7}));
}

#[test]
fn a_schema_without_end_is_cut_short() {
    let schema = json!({"$defs": {"a": {"type": "object", "required": ["a", "b"],
        "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"$ref": "#/$defs/a"}}}},
        "$ref": "#/$defs/a"});
    assert!(made(&schema).is_object());
    let circle = json!({"$defs": {"x": {"$ref": "#/$defs/x"}}, "$ref": "#/$defs/x"});
    assert_eq!(made(&circle), json!("Paris"));
}
