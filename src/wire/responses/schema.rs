//! Tool parameters as this API takes them: the root of the schema has to be an object that lists
//! its properties.

use std::borrow::Cow;

use super::super::json::{self, Kind};
use super::super::object::{Object, array};

/// Parameters of a tool that takes none.
pub(super) const NOTHING: &str = r#"{"type":"object","properties":{}}"#;

/// Combinations that are refused at the root, though not below it.
const COMBINATIONS: [&str; 3] = ["anyOf", "oneOf", "allOf"];

/// More branches than any tool has.
const MOST_BRANCHES: usize = 256;

/// The schema with an object at its root. What already has one is returned byte for byte, and so
/// is what cannot be read: the upstream knows better what to say about it.
pub(super) fn rooted(raw: &str) -> Cow<'_, str> {
    let Ok(object) = Object::parse(raw) else {
        return Cow::Borrowed(raw);
    };
    let combined = COMBINATIONS.iter().any(|name| object.get(name).is_some());
    if object.get("type") == Some("\"object\"")
        && object.get("properties").is_some()
        && object.get("$ref").is_none()
        && !combined
    {
        return Cow::Borrowed(raw);
    }
    let mut root = inlined(&object);
    let mut properties = Object::default();
    merge(&mut properties, root.borrowed("properties"));
    for name in COMBINATIONS {
        let branches = root.borrowed(name).unwrap_or("[]");
        for branch in array(branches, MOST_BRANCHES).unwrap_or_default() {
            let branch = Object::parse(branch).unwrap_or_default();
            let branch = inlined_from(&branch, &object);
            merge(&mut properties, branch.borrowed("properties"));
        }
        root.remove(name);
    }
    let mut listed = String::new();
    properties.write(&mut listed);
    root.set("type", "\"object\"");
    root.set("properties", listed);
    let mut out = String::with_capacity(raw.len() + 48);
    root.write(&mut out);
    Cow::Owned(out)
}

/// The root with the definition that it only points to in its place.
fn inlined<'a>(root: &Object<'a>) -> Object<'a> {
    let mut whole = root.clone();
    if let Some(target) = target(root, root) {
        whole.remove("$ref");
        for (name, raw) in target.into_members() {
            if let (Cow::Borrowed(name), Cow::Borrowed(raw)) = (name, raw)
                && !whole.has(name)
            {
                whole.set(name, raw);
            }
        }
    }
    whole
}

/// A branch, or the definition that it points to.
fn inlined_from<'a>(branch: &Object<'a>, root: &Object<'a>) -> Object<'a> {
    target(branch, root).unwrap_or_else(|| branch.clone())
}

/// What a `$ref` to `#/$defs/…` or `#/definitions/…` of the root names.
fn target<'a>(from: &Object<'a>, root: &Object<'a>) -> Option<Object<'a>> {
    let path = json::string(from.borrowed("$ref")?)?;
    let mut steps = path.strip_prefix("#/")?.split('/');
    let definitions = Object::parse(root.borrowed(steps.next()?)?).ok()?;
    let raw = definitions.borrowed(steps.next()?)?;
    match steps.next() {
        None => Object::parse(raw).ok(),
        Some(_) => None,
    }
}

fn merge<'a>(into: &mut Object<'a>, properties: Option<&'a str>) {
    let Some(raw) = properties.filter(|raw| Kind::of(raw) == Kind::Object) else {
        return;
    };
    for (name, raw) in Object::parse(raw).unwrap_or_default().into_members() {
        if let (Cow::Borrowed(name), Cow::Borrowed(raw)) = (name, raw)
            && !into.has(name)
        {
            into.set(name, raw);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_stays_as_it_is() {
        let raw = r##"{ "type":"object", "properties":{"a":{"anyOf":[{"$ref":"#/$defs/T"}]}},"$defs":{"T":{}} }"##;
        assert_eq!(rooted(raw), raw);
        assert_eq!(rooted("[broken"), "[broken");
    }

    #[test]
    fn the_root_becomes_an_object() {
        assert_eq!(rooted("{}"), NOTHING);
        insta::assert_snapshot!(
            rooted(r##"{"$ref":"#/$defs/Node","$defs":{"Node":{"type":"object","properties":{"next":{"$ref":"#/$defs/Node"}},"required":["next"]}}}"##),
            @r##"{"$defs":{"Node":{"type":"object","properties":{"next":{"$ref":"#/$defs/Node"}},"required":["next"]}},"type":"object","properties":{"next":{"$ref":"#/$defs/Node"}},"required":["next"]}"##
        );
        insta::assert_snapshot!(
            rooted(r##"{"type":["object","null"],"oneOf":[{"properties":{"a":{"type":"string"}}},{"$ref":"#/definitions/B"}],"definitions":{"B":{"properties":{"b":true,"a":1}}}}"##),
            @r##"{"type":"object","definitions":{"B":{"properties":{"b":true,"a":1}}},"properties":{"a":{"type":"string"},"b":true}}"##
        );
    }

    #[test]
    fn endless_references_end() {
        let raw = r##"{"$ref":"#/$defs/A","$defs":{"A":{"$ref":"#/$defs/A"}}}"##;
        assert!(rooted(raw).contains(r#""type":"object""#));
    }
}
