//! Schemas as generators write them, and whether what comes of them keeps the published rules.

use proptest::prelude::*;
use serde_json::Value;

use super::{Root, SchemaFlaw, reduced};

fn any(raw: &str) -> String {
    reduced(raw, Root::Any).unwrap()
}

#[test]
fn plain_schemas_keep_their_words_and_their_order() {
    let plain = r#"{"type":"object","properties":{"b":{"type":["string","null"],"description":"x","minLength":1,"pattern":"^a"},"a":{"type":"array","items":{"type":"number","exclusiveMinimum":0}}},"required":["b"],"additionalProperties":false}"#;
    assert_eq!(any(plain), plain);
    assert_eq!(
        any(" { \"type\" : \"string\" ,\n\"default\": {\"a\" : [1, 2.0]} } "),
        r#"{"type":"string","default":{"a":[1,2.0]}}"#
    );
    assert_eq!(any("true"), "{}");
}

#[test]
fn constants_enums_and_nulls() {
    assert_eq!(any(r#"{"const":"a"}"#), r#"{"enum":["a"]}"#);
    assert_eq!(any(r#"{"const":true}"#), r#"{"type":"boolean"}"#);
    assert_eq!(any(r#"{"const":null}"#), r#"{"type":"null"}"#);
    assert_eq!(
        any(r#"{"const":{"a":1},"description":"d"}"#),
        r#"{"description":"d"}"#
    );
    assert_eq!(
        any(r#"{"type":"integer","enum":[1,2]}"#),
        r#"{"type":"integer","enum":[1,2]}"#
    );
    assert_eq!(
        any(r#"{"type":["string","null"],"enum":["a",null],"description":"d"}"#),
        r#"{"description":"d","anyOf":[{"type":"string","enum":["a"]},{"type":"null"}]}"#
    );
    assert_eq!(
        any(r#"{"enum":["a",["b"]],"type":["string","array"]}"#),
        r#"{"type":["string","array"]}"#
    );
    assert_eq!(
        any(r#"{"type":"string","nullable":true}"#),
        r#"{"type":["string","null"]}"#
    );
    assert_eq!(
        any(r#"{"enum":[true,null]}"#),
        r#"{"type":["boolean","null"]}"#
    );
}

#[test]
fn arrays_and_required_names() {
    assert_eq!(any(r#"{"type":"array"}"#), r#"{"type":"array","items":{}}"#);
    assert_eq!(
        any(r#"{"items":[{"type":"string"}],"additionalItems":false}"#),
        r#"{"prefixItems":[{"type":"string"}]}"#
    );
    assert_eq!(
        any(r#"{"properties":{"a":{}},"required":["a","b"]}"#),
        r#"{"properties":{"a":{}},"required":["a"]}"#
    );
    assert_eq!(
        any(r#"{"type":"object","required":["a"]}"#),
        r#"{"type":"object"}"#
    );
}

#[test]
fn references_lead_to_definitions_and_stand_alone() {
    assert_eq!(
        any(
            r##"{"$schema":"x","definitions":{"A":{"type":"string"},"Unused":{"$ref":"#/definitions/A"}},"properties":{"a":{"$ref":"#/definitions/A"},"b":{"$ref":"#/definitions/A","description":"B.","default":"x"},"c":{"allOf":[{"$ref":"#/definitions/A"}],"title":"C"}}}"##
        ),
        r##"{"properties":{"a":{"$ref":"#/$defs/A"},"b":{"description":"B.","anyOf":[{"$ref":"#/$defs/A"}]},"c":{"title":"C","anyOf":[{"$ref":"#/$defs/A"}]}},"$defs":{"A":{"type":"string"}}}"##
    );
    // The root behind a reference, a target outside the definitions, and two of one name.
    assert_eq!(
        any(
            r##"{"$ref":"#/$defs/R","$defs":{"R":{"type":"object","properties":{"a":{"type":"string"},"b":{"$ref":"#/$defs/R/properties/a"},"c":{"$ref":"#/x/a"}}}},"x":{"a":{"type":"null"}}}"##
        ),
        r##"{"type":"object","properties":{"a":{"type":"string"},"b":{"$ref":"#/$defs/a"},"c":{"$ref":"#/$defs/a_2"}},"$defs":{"R":{"type":"object","properties":{"a":{"type":"string"},"b":{"$ref":"#/$defs/a"},"c":{"$ref":"#/$defs/a_2"}}},"a":{"type":"string"},"a_2":{"type":"null"}}}"##
    );
}

#[test]
fn circles_close_only_where_they_may() {
    let tree = r##"{"type":"object","properties":{"value":{"type":"string"},"children":{"type":"array","items":{"$ref":"#"}}},"required":["value","children"]}"##;
    assert_eq!(
        any(tree),
        r##"{"type":"object","properties":{"value":{"type":"string"},"children":{"type":"array","items":{"$ref":"#/$defs/root"}}},"required":["value","children"],"$defs":{"root":{"type":"object","properties":{"value":{"type":"string"},"children":{"type":"array","items":{"$ref":"#/$defs/root"}}},"required":["value"]}}}"##
    );
    let json = r##"{"$defs":{"J":{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#/$defs/J"}}]}},"properties":{"j":{"$ref":"#/$defs/J"}},"required":["j"]}"##;
    assert_eq!(
        any(json),
        r##"{"properties":{"j":{"$ref":"#/$defs/J"}},"required":["j"],"$defs":{"J":{"anyOf":[{"type":"string"},{"type":"array","items":{}}]}}}"##
    );
    let mutual =
        r##"{"$ref":"#/$defs/A","$defs":{"A":{"$ref":"#/$defs/B"},"B":{"$ref":"#/$defs/A"}}}"##;
    assert!(serde_json::from_str::<Value>(&any(mutual)).is_ok());
}

#[test]
fn parts_of_a_whole_are_merged() {
    assert_eq!(
        any(
            r##"{"allOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"$ref":"#/$defs/B"}],"properties":{"c":{}},"required":["c"],"$defs":{"B":{"type":"object","properties":{"b":{"type":"number"}},"required":["b"]}}}"##
        ),
        r##"{"properties":{"c":{},"a":{"type":"string"},"b":{"type":"number"}},"required":["c","a","b"],"type":"object","$defs":{"B":{"type":"object","properties":{"b":{"type":"number"}},"required":["b"]}}}"##
    );
}

#[test]
fn merging_what_refers_to_itself_ends() {
    let own = any(
        r##"{"properties":{"x":{"allOf":[{"$ref":"#/$defs/D"},{"title":"T","minProperties":1}]}},"$defs":{"D":{"type":"object","properties":{"a":{"allOf":[{"$ref":"#/$defs/D"},{"minProperties":2}]}}}}}"##,
    );
    assert_eq!(
        own,
        r##"{"properties":{"x":{"type":"object","properties":{"a":{"$ref":"#/$defs/D"}},"title":"T","minProperties":1}},"$defs":{"D":{"type":"object","properties":{"a":{"$ref":"#/$defs/D"}}}}}"##
    );
    // Every definition merges the next one twice.
    let defs: Vec<_> = (0..40)
        .map(|n| {
            let next = format!(
                r##"{{"allOf":[{{"$ref":"#/$defs/D{}"}},{{"type":"object"}}]}}"##,
                n + 1
            );
            format!(r#""D{n}":{{"properties":{{"a":{next},"b":{next}}}}}"#)
        })
        .collect();
    let doubling = format!(
        r##"{{"$ref":"#/$defs/D0","$defs":{{{},"D40":{{}}}}}}"##,
        defs.join(",")
    );
    assert!(any(&doubling).len() < 200_000);
}

#[test]
fn arguments_are_objects() {
    let arguments = |raw| reduced(raw, Root::Object);
    assert_eq!(
        arguments("{}").unwrap(),
        r#"{"type":"object","properties":{}}"#
    );
    assert_eq!(
        arguments(r#"{"properties":{"a":{}}}"#).unwrap(),
        r#"{"type":"object","properties":{"a":{}}}"#
    );
    assert_eq!(
        arguments(r#"{"type":["object","null"],"properties":{}}"#).unwrap(),
        r#"{"type":"object","properties":{}}"#
    );
    assert_eq!(
        arguments(r#"{"type":"array"}"#),
        Err(SchemaFlaw::NoObject("\"array\"".into()))
    );
}

#[test]
fn what_is_no_schema_is_told() {
    let flaw = |raw| reduced(raw, Root::Any).unwrap_err();
    assert_eq!(flaw("[]"), SchemaFlaw::NoSchema("an array"));
    assert_eq!(
        flaw(r#"{"properties":{"a":"string"}}"#),
        SchemaFlaw::NoSchema("a string")
    );
    assert_eq!(
        flaw(r##"{"$ref":"#/$defs/a"}"##),
        SchemaFlaw::DanglingReference("#/$defs/a".into())
    );
    assert_eq!(
        flaw(r#"{"items":{"$ref":"https://example.com/a"}}"#),
        SchemaFlaw::DanglingReference("https://example.com/a".into())
    );
    let wide: Vec<_> = (0..600)
        .map(|n| format!(r##""p{n}":{{"$ref":"#/x/p{n}"}}"##))
        .collect();
    let there: Vec<_> = (0..600).map(|n| format!(r#""p{n}":{{}}"#)).collect();
    let wide = format!(
        r#"{{"properties":{{{}}},"x":{{{}}}}}"#,
        wide.join(","),
        there.join(",")
    );
    assert_eq!(flaw(&wide), SchemaFlaw::TooManyDefinitions(512));
}

/// Google's published rules for one schema and what is below it: enums of strings and numbers,
/// references alone and to definitions that are there, no constants, no merging, defined names in
/// `required`. Gathers the references that do not stand inside an optional property.
fn keeps_the_rules(defs: &Value, schema: &Value, demanded: &mut Vec<String>) -> Result<(), String> {
    let keywords = schema.as_object().ok_or(format!("no schema: {schema}"))?;
    if let Some(reference) = keywords.get("$ref") {
        let name = reference.as_str().and_then(|r| r.strip_prefix("#/$defs/"));
        let name = name.ok_or("a reference elsewhere")?;
        if keywords.len() > 1 {
            return Err("a reference with siblings".into());
        }
        demanded.push(name.to_owned());
        return defs
            .get(name)
            .map(|_| ())
            .ok_or("a dangling reference".into());
    }
    let required: Vec<&str> = match keywords.get("required") {
        Some(names) => names
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect(),
        None => Vec::new(),
    };
    for (keyword, value) in keywords {
        match keyword.as_str() {
            "const" | "allOf" | "nullable" | "definitions" | "not" => {
                return Err(format!("{keyword} is left"));
            }
            "enum"
                if !value
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|v| v.is_string() || v.is_number()) =>
            {
                return Err(format!("an enum of {value}"));
            }
            "required"
                if required
                    .iter()
                    .any(|name| keywords["properties"].get(name).is_none()) =>
            {
                return Err("an undefined name is required".into());
            }
            "properties" => {
                for (name, property) in value.as_object().unwrap() {
                    let mut optional = Vec::new();
                    let inside = if required.contains(&name.as_str()) {
                        &mut *demanded
                    } else {
                        &mut optional
                    };
                    keeps_the_rules(defs, property, inside)?;
                }
            }
            "anyOf" | "oneOf" | "prefixItems" => {
                for one in value.as_array().unwrap() {
                    keeps_the_rules(defs, one, demanded)?;
                }
            }
            "items" => keeps_the_rules(defs, value, demanded)?,
            "additionalProperties" if !value.is_boolean() => {
                keeps_the_rules(defs, value, demanded)?
            }
            _ => {}
        }
    }
    Ok(())
}

/// The same for a schema with its definitions, none of which may demand itself.
fn check(root: &Value) -> Result<(), String> {
    let none = Value::Object(serde_json::Map::new());
    let defs = root.get("$defs").unwrap_or(&none);
    keeps_the_rules(defs, root, &mut Vec::new())?;
    let mut demands = std::collections::HashMap::new();
    for (name, schema) in defs.as_object().unwrap() {
        let mut demanded = Vec::new();
        keeps_the_rules(defs, schema, &mut demanded)?;
        demands.insert(name.clone(), demanded);
    }
    for name in demands.keys() {
        let mut todo = demands[name].clone();
        for _ in 0..100 {
            let Some(next) = todo.pop() else { break };
            if next == *name {
                return Err(format!("{name} demands itself"));
            }
            todo.extend(demands[&next].clone());
        }
    }
    Ok(())
}

/// Random schemas with three definitions that refer to each other at will.
fn schemas() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(r#"{"type":"string"}"#.to_owned()),
        Just(r#"{"const":7}"#.to_owned()),
        Just(r#"{"enum":["a",null,3]}"#.to_owned()),
        Just(r#"{"type":"array"}"#.to_owned()),
        Just(r#"{"type":"boolean","nullable":true,"not":{"const":false}}"#.to_owned()),
        (0..3).prop_map(|n| format!(r##"{{"$ref":"#/$defs/D{n}"}}"##)),
        (0..3)
            .prop_map(|n| format!(r##"{{"$ref":"#/$defs/D{n}","description":"d","title":"t"}}"##)),
        (0..3).prop_map(|n| format!(
            r##"{{"allOf":[{{"$ref":"#/$defs/D{n}"}},{{"type":"object"}}]}}"##
        )),
        Just(r##"{"$ref":"#"}"##.to_owned()),
    ];
    let schema = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|one| format!(r#"{{"type":"array","items":{one}}}"#)),
            proptest::collection::vec(inner.clone(), 1..3)
                .prop_map(|all| format!(r#"{{"anyOf":[{}]}}"#, all.join(","))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!(
                r#"{{"type":"object","properties":{{"a":{a},"b":{b}}},"required":["a","z"]}}"#
            )),
            inner.prop_map(|one| format!(
                r#"{{"type":"object","properties":{{}},"additionalProperties":{one}}}"#
            )),
        ]
    });
    proptest::collection::vec(schema, 4).prop_map(|all| {
        format!(
            r#"{{"type":"object","properties":{{"x":{}}},"required":["x"],"$defs":{{"D0":{},"D1":{},"D2":{}}}}}"#,
            all[0], all[1], all[2], all[3]
        )
    })
}

proptest! {
    #[test]
    fn any_schema_comes_out_by_the_rules(schema in schemas()) {
        let out = reduced(&schema, Root::Object).unwrap();
        let out: Value = serde_json::from_str(&out).unwrap();
        prop_assert_eq!(check(&out), Ok(()), "{} of {}", out, schema);
    }

    #[test]
    fn broken_texts_never_panic(text in "[\\[\\]{}\",:a$ref#/ ]{0,60}") {
        let _ = reduced(&text, Root::Any);
    }
}
