//! The schemas that Google accepts as `parametersJsonSchema` and `responseJsonSchema`.

use serde_json::Value;

use super::trouble::Trouble;

/// Checks a schema against the published rules.
pub(super) fn check(schema: &Value, at: &str) -> Result<(), Trouble> {
    let defs = schema.get("$defs").cloned().unwrap_or_default();
    below(schema, &defs, at)
}

fn below(schema: &Value, defs: &Value, at: &str) -> Result<(), Trouble> {
    let refused = |what: &str| Err(Trouble::invalid(format!("{at}: {what}")));
    let Some(keywords) = schema.as_object() else {
        return refused("a schema must be an object.");
    };
    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
        let known = reference
            .strip_prefix("#/$defs/")
            .is_some_and(|name| defs.get(name).is_some());
        if !known {
            return refused("reference to undefined schema.");
        }
        if keywords.keys().any(|name| !name.starts_with('$')) {
            return refused("if $ref is set, no other properties may be set.");
        }
    }
    for (keyword, value) in keywords {
        match keyword.as_str() {
            "enum" => {
                let all = value.as_array().into_iter().flatten();
                if !all.clone().all(|one| one.is_string() || one.is_number()) {
                    return refused("enum: only strings and numbers are allowed.");
                }
            }
            "required" => {
                for name in value.as_array().into_iter().flatten() {
                    let name = name.as_str().unwrap_or_default();
                    if keywords
                        .get("properties")
                        .and_then(|all| all.get(name))
                        .is_none()
                    {
                        return refused("required: property is not defined");
                    }
                }
            }
            "properties" | "$defs" => {
                for (name, schema) in value.as_object().into_iter().flatten() {
                    below(schema, defs, &format!("{at}.{keyword}[{name}]"))?;
                }
            }
            "anyOf" | "oneOf" | "prefixItems" => {
                for schema in value.as_array().into_iter().flatten() {
                    below(schema, defs, &format!("{at}.{keyword}"))?;
                }
            }
            "items" => below(value, defs, &format!("{at}.items"))?,
            "additionalProperties" if !value.is_boolean() => below(value, defs, at)?,
            _ => {}
        }
    }
    Ok(())
}
