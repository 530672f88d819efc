//! Tools' and answers' schemas within the provider's published rules.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{encode, refused};

fn with_tool(parameters: Value, strict: Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": [
        {"type": "function", "function": {"name": "f", "parameters": parameters, "strict": strict}}]})
}

fn tool(parameters: Value) -> Value {
    encode("claude-sonnet-4-6", &with_tool(parameters, json!(false))).0["tools"][0].clone()
}

fn with_format(schema: Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "response_format":
        {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}})
}

#[test]
fn roots_become_objects() {
    let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}});
    let schema = tool(json!({"$ref": "#/$defs/Node", "$defs": {"Node": node}}));
    assert_eq!(schema["input_schema"]["properties"], node["properties"]);
    assert_eq!(schema["input_schema"]["$defs"]["Node"], node);
    let schema = tool(json!({"anyOf": [
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "null"}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "c"]}]}));
    assert_eq!(
        schema["input_schema"],
        json!({"type": "object", "required": ["a"], "properties":
            {"a": {"anyOf": [{"type": "string"}, {"type": "integer"}]}, "b": {"type": "null"}}})
    );
    assert_eq!(
        tool(json!({}))["input_schema"],
        json!({"type": "object", "properties": {}})
    );
    let old = tool(json!({"properties": {"p": {"type": "array",
        "items": [{"type": "number", "minimum": 0, "exclusiveMinimum": true}]}}}));
    let p = json!({"type": "array", "prefixItems": [{"type": "number", "minimum": 0}]});
    assert_eq!(old["input_schema"]["properties"]["p"], p);
}

#[test]
fn what_is_no_schema_is_named() {
    let refused = |parameters| refused("claude-sonnet-4-6", &with_tool(parameters, Value::Null)).0;
    let at = "tools[0].function.parameters";
    assert_eq!(refused(json!({"type": "string"})), format!("{at}.type"));
    assert_eq!(
        refused(json!({"properties": {"a": {"type": "strnig"}}})),
        format!("{at}.properties.a.type")
    );
    assert_eq!(
        refused(json!({"properties": {"a": 7}})),
        format!("{at}.properties.a")
    );
    assert_eq!(
        refused(json!({"properties": {"a": {"anyOf": [{}, "x"]}}})),
        format!("{at}.properties.a.anyOf[1]")
    );
    assert_eq!(
        refused(json!({"properties": {"a b": {}}})),
        format!("{at}.properties.a b")
    );
}

#[test]
fn strict_tools_are_closed_and_others_stay_as_they_are() {
    let bounded = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}});
    let (body, warnings) = encode("claude-sonnet-4-6", &with_tool(bounded, json!(true)));
    assert_eq!(
        body["tools"][0],
        json!({"name": "f", "strict": true, "input_schema": {"type": "object",
            "additionalProperties": false, "properties":
            {"n": {"type": "integer", "description": "{\"minimum\":1}"}}}})
    );
    assert!(warnings.is_empty());
    let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let (body, warnings) = encode("claude-sonnet-4-6", &with_tool(map.clone(), json!(true)));
    assert_eq!(body["tools"][0], json!({"name": "f", "input_schema": map}));
    assert_eq!(
        warnings,
        ["advisory;untranslatable;tools[0].function.strict"]
    );
}

#[test]
fn formats_are_enforced_where_they_can_be() {
    let plain = json!({"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]});
    let (body, warnings) = encode("claude-haiku-4-5", &with_format(plain));
    assert_eq!(
        body["output_config"]["format"],
        json!({"type": "json_schema", "schema": {"type": "object", "required": ["a"],
            "additionalProperties": false, "properties": {"a": {"type": ["string", "null"]}}}})
    );
    assert!(warnings.is_empty());
    let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}});
    let looped = json!({"type": "object", "properties": {"n": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": node}});
    let mut body = with_format(looped.clone());
    body["reasoning_effort"] = json!("low");
    let (body, warnings) = encode("claude-sonnet-4-6", &body);
    assert_eq!(body["tools"][0]["input_schema"], looped);
    assert_eq!(body["tool_choice"]["name"], body["tools"][0]["name"]);
    assert_eq!(
        (&body["output_config"], &body["thinking"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(warnings, ["advisory;unsupported;reasoning_effort"]);
    let broken = refused("claude-sonnet-4-6", &with_format(json!({"type": "objekt"})));
    assert_eq!(broken.0, "response_format.json_schema.schema.type");
    let words = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
        "response_format": {"type": "json_object"}});
    let (body, warnings) = encode("claude-sonnet-4-6", &words);
    assert!(
        body["system"][0]["text"]
            .as_str()
            .unwrap()
            .contains("JSON object")
    );
    assert_eq!(warnings, ["advisory;untranslatable;response_format"]);
}

#[test]
fn definitions_that_branch_are_followed_once() {
    let mut definitions = Map::new();
    for number in 0..40 {
        let next = json!({"$ref": format!("#/$defs/D{}", number + 1)});
        let properties = json!({"a": next, "b": next});
        definitions.insert(
            format!("D{number}"),
            json!({"type": "object", "properties": properties,
            "required": ["a", "b"]}),
        );
    }
    definitions.insert("D40".to_owned(), json!({"type": "string"}));
    let schema = json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/D0"}},
        "required": ["x"], "$defs": definitions});
    let (body, _) = encode("claude-sonnet-4-6", &with_format(schema));
    assert_eq!(
        body["output_config"]["format"]["schema"]["$defs"]["D40"],
        json!({"type": "string"})
    );
}

/// Schemas as callers send them, good ones.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string", "minLength": 2, "format": "email"})),
        Just(json!({"type": "integer", "minimum": 1, "exclusiveMaximum": 9})),
        Just(json!({"type": ["number", "null"]})),
        Just(json!({"enum": ["a", 1, null]})),
        Just(json!({"const": "x"})),
        Just(json!({"$ref": "#/$defs/Leaf"})),
        Just(json!({"$ref": "#/$defs/Loop"})),
        Just(json!(true)),
        Just(json!({})),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::btree_map("[a-d]", inner.clone(), 0..4).prop_map(
                |properties| json!({"type": "object", "properties": properties, "required": []})
            ),
            inner
                .clone()
                .prop_map(|items| json!({"type": "array", "items": items, "minItems": 2})),
            inner
                .clone()
                .prop_map(|value| json!({"type": "object", "additionalProperties": value})),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(|any| json!({"anyOf": any})),
            proptest::collection::vec(inner, 1..3).prop_map(|all| json!({"allOf": all})),
        ]
    })
}

/// Whether a schema is within the rules of enforced schemas.
fn enforceable(schema: &Value) -> bool {
    let Some(fields) = schema.as_object() else {
        return false;
    };
    let closed = schema["type"] != "object" || schema["additionalProperties"] == false;
    let allowed = [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "description",
        "title",
        "default",
        "format",
        "minItems",
    ];
    let says = fields
        .keys()
        .any(|key| ["type", "enum", "const", "anyOf", "$ref"].contains(&key.as_str()));
    let inner = ["properties", "$defs"]
        .iter()
        .filter_map(|name| schema[*name].as_object());
    let lists = schema["anyOf"]
        .as_array()
        .into_iter()
        .flatten()
        .chain(schema.get("items"));
    closed
        && says
        && fields.keys().all(|key| allowed.contains(&key.as_str()))
        && inner
            .flat_map(|map| map.values())
            .chain(lists)
            .all(enforceable)
}

proptest! {
    #[test]
    fn any_schema_makes_a_request_within_the_rules(schema in schema(), strict in any::<bool>()) {
        let definitions = json!({"Leaf": {"type": "string"}, "Loop": {"type": "object",
            "properties": {"again": {"$ref": "#/$defs/Loop"}}}});
        let root = json!({"type": "object", "properties": {"root": schema}, "$defs": definitions});
        let mut body = with_tool(root.clone(), json!(strict));
        body["response_format"] = with_format(root)["response_format"].clone();
        let (body, _) = encode("claude-sonnet-4-6", &body);
        for tool in body["tools"].as_array().unwrap() {
            let schema = &tool["input_schema"];
            prop_assert_eq!(&schema["type"], "object");
            prop_assert!(["anyOf", "oneOf", "allOf"].iter().all(|name| schema[*name].is_null()));
            prop_assert!(tool["strict"] != true || enforceable(schema), "{}", schema);
        }
        let format = &body["output_config"]["format"]["schema"];
        prop_assert!(format.is_null() || enforceable(format), "{}", format);
    }
}
