//! Schemas of tool arguments: checked, and repaired where the provider wants JSON Schema of 2020.
//!
//! The provider takes any schema of draft 2020-12 whose root is an object without `anyOf`, `oneOf`
//! or `allOf`. Older drafts spell tuples and exclusive bounds differently.

use super::super::json::{self, Kind};
use super::super::object::{Flaw, Object, array};
use super::super::{CannotEncode, Reason, Warning};
use super::root;

const MOST_ENTRIES: usize = 65_536;
const LONGEST_KEY: usize = 64;
const TYPES: [&str; 7] = [
    r#""string""#,
    r#""number""#,
    r#""integer""#,
    r#""boolean""#,
    r#""object""#,
    r#""array""#,
    r#""null""#,
];

/// A tool's `parameters` as the provider takes them. `path` is where they stand.
pub(super) fn input(
    raw: &str,
    path: &str,
    warnings: &mut Vec<Warning>,
) -> Result<String, CannotEncode> {
    let plain = checked(raw, path)?;
    let object = Object::parse(&plain).map_err(|flaw| broken(path, &flaw))?;
    let object = match root::flatten(object) {
        root::Flat::Unchanged(object) => object,
        root::Flat::Loosened(object) => {
            warnings.push(Warning::advisory(Reason::Untranslatable, path.to_owned()));
            object
        }
    };
    match object.get("type") {
        Some(r#""object""#) => {}
        None => {}
        Some(raw) if Kind::of(raw) == Kind::Array && raw.contains(r#""object""#) => {}
        Some(_) => {
            let at = format!("{path}.type");
            return Err(broken(&at, &"the arguments of a tool are an object"));
        }
    }
    check_keys(&object, path)?;
    let mut object = object;
    object.set("type", r#""object""#);
    let mut out = String::with_capacity(plain.len() + 24);
    object.write(&mut out);
    Ok(out)
}

/// A schema whose parts are schemas, in the words of draft 2020-12.
pub(super) fn checked(raw: &str, path: &str) -> Result<String, CannotEncode> {
    let mut at = path.to_owned();
    let mut plain = String::with_capacity(raw.len() + 24);
    write(raw, &mut at, &mut plain)?;
    Ok(plain)
}

/// The provider takes only plain names of arguments, which cannot be changed without being noticed.
fn check_keys(object: &Object<'_>, path: &str) -> Result<(), CannotEncode> {
    let Some(properties) = object
        .get("properties")
        .and_then(|raw| Object::parse(raw).ok())
    else {
        return Ok(());
    };
    let plain = |key: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(allowed)
    };
    match properties.iter().find(|(key, _)| !plain(key)) {
        None => Ok(()),
        Some((key, _)) => Err(CannotEncode::Unsupported {
            param: format!("{path}.properties.{key}"),
            message:
                "Anthropic's models take argument names of letters, digits, '_', '.' and '-'; \
                      others take any."
                    .to_owned(),
        }),
    }
}

/// Appends a schema, with its subschemas checked and repaired.
fn write(raw: &str, at: &mut String, out: &mut String) -> Result<(), CannotEncode> {
    let schema = match (Kind::of(raw), Object::parse(raw)) {
        (Kind::Bool, _) | (_, Err(Flaw::TooMany(_))) => {
            out.push_str(raw);
            return Ok(());
        }
        (_, Err(flaw)) => return Err(broken(at, &flaw)),
        (_, Ok(schema)) => schema,
    };
    out.push('{');
    for (name, raw) in schema.iter() {
        let length = at.len();
        at.push('.');
        at.push_str(name);
        member(name, raw, at, out)?;
        at.truncate(length);
    }
    out.push('}');
    Ok(())
}

fn member(name: &str, raw: &str, at: &mut String, out: &mut String) -> Result<(), CannotEncode> {
    match (name, Kind::of(raw)) {
        ("type", Kind::String) if !TYPES.contains(&raw) => {
            Err(broken(at, &format_args!("{raw} is no type of JSON Schema")))
        }
        ("type", Kind::Array) => {
            let types = array(raw, TYPES.len()).map_err(|flaw| broken(at, &flaw))?;
            match types.iter().find(|name| !TYPES.contains(name)) {
                Some(other) => Err(broken(
                    at,
                    &format_args!("{other} is no type of JSON Schema"),
                )),
                None => {
                    json::push_member(out, name, raw);
                    Ok(())
                }
            }
        }
        ("type", Kind::Bool | Kind::Number | Kind::Object) => {
            Err(broken(at, &"expected a type or a list of types"))
        }
        // Drafts 3 and 4 said here what later ones say elsewhere.
        ("required" | "exclusiveMinimum" | "exclusiveMaximum", Kind::Bool) => Ok(()),
        (
            "type" | "required" | "properties" | "items" | "anyOf" | "oneOf" | "allOf",
            Kind::Null,
        ) => Ok(()),
        ("required", Kind::String | Kind::Number | Kind::Object) => {
            Err(broken(at, &"expected a list of names"))
        }
        ("items", Kind::Array) => list("prefixItems", raw, at, out),
        (
            "items"
            | "additionalProperties"
            | "not"
            | "if"
            | "then"
            | "else"
            | "contains"
            | "propertyNames"
            | "unevaluatedItems"
            | "unevaluatedProperties",
            Kind::Bool | Kind::Object,
        ) => {
            json::push_member(out, name, "");
            write(raw, at, out)
        }
        ("properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas", _) => {
            map(name, raw, at, out)
        }
        ("anyOf" | "oneOf" | "allOf" | "prefixItems", _) => list(name, raw, at, out),
        ("items" | "not", Kind::String | Kind::Number) => Err(broken(at, &"expected a schema")),
        _ => {
            json::push_member(out, name, raw);
            Ok(())
        }
    }
}

fn map(name: &str, raw: &str, at: &mut String, out: &mut String) -> Result<(), CannotEncode> {
    json::push_member(out, name, "");
    let schemas = match Object::parse(raw) {
        Ok(schemas) => schemas,
        Err(Flaw::TooMany(_)) => {
            out.push_str(raw);
            return Ok(());
        }
        Err(flaw) => return Err(broken(at, &flaw)),
    };
    out.push('{');
    for (key, raw) in schemas.iter() {
        json::push_member(out, key, "");
        let length = at.len();
        at.push('.');
        at.push_str(key);
        write(raw, at, out)?;
        at.truncate(length);
    }
    out.push('}');
    Ok(())
}

fn list(name: &str, raw: &str, at: &mut String, out: &mut String) -> Result<(), CannotEncode> {
    let schemas = array(raw, MOST_ENTRIES).map_err(|flaw| broken(at, &flaw))?;
    json::push_member(out, name, "[");
    for (index, raw) in schemas.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let length = at.len();
        at.push_str(&format!("[{index}]"));
        write(raw, at, out)?;
        at.truncate(length);
    }
    out.push(']');
    Ok(())
}

/// A definition that a local `$ref` names.
pub(super) fn resolve<'a>(reference: &str, root: &Object<'a>) -> Option<(String, &'a str)> {
    let pointer = json::string(reference)?;
    let mut steps = pointer.strip_prefix("#/")?.split('/');
    let (group, name) = (steps.next()?, steps.next()?);
    if steps.next().is_some() || !matches!(group, "$defs" | "definitions") {
        return None;
    }
    let name = name.replace("~1", "/").replace("~0", "~");
    let definitions = Object::parse(root.borrowed(group)?).ok()?;
    let found = definitions.borrowed(&name)?;
    Some((name, found))
}

fn broken(path: &str, what: &dyn std::fmt::Display) -> CannotEncode {
    CannotEncode::Invalid {
        param: path.to_owned(),
        message: format!("'{path}' is no JSON Schema: {what}."),
    }
}
