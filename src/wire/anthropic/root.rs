//! The root of a tool's schema as one plain object: references followed, compositions merged.

use std::borrow::Cow;

use super::super::json;
use super::super::object::{Object, array};
use super::schema::resolve;

/// References that are followed in a row.
const MOST_HOPS: usize = 8;
const MOST_BRANCHES: usize = 1_024;

/// A root without `$ref`, `anyOf`, `oneOf` and `allOf`.
pub(super) enum Flat<'a> {
    /// It says what it said.
    Unchanged(Object<'a>),
    /// It allows more than before.
    Loosened(Object<'a>),
}

/// How the branches of a composition belong together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Together {
    All,
    Either,
}

/// Makes the root plain. The provider refuses references and compositions there only.
pub(super) fn flatten(mut object: Object<'_>) -> Flat<'_> {
    let mut loosened = false;
    for _ in 0..MOST_HOPS {
        let Some(reference) = object.borrowed("$ref") else {
            break;
        };
        object.remove("$ref");
        match resolve(reference, &object).and_then(|(_, raw)| Object::parse(raw).ok()) {
            Some(target) => object = joined(target, object),
            None => loosened = true,
        }
    }
    loosened |= object.remove("$ref").is_some();
    for (name, together) in [
        ("allOf", Together::All),
        ("anyOf", Together::Either),
        ("oneOf", Together::Either),
    ] {
        if let Some(raw) = object.borrowed(name) {
            object = merged(object, raw, together);
        }
        loosened |= object.remove(name).is_some();
    }
    if loosened {
        Flat::Loosened(object)
    } else {
        Flat::Unchanged(object)
    }
}

/// The members of `first`, and those that only `second` has.
fn joined<'a>(mut first: Object<'a>, second: Object<'a>) -> Object<'a> {
    for (name, raw) in second.into_members() {
        if let Cow::Borrowed(name) = name
            && !first.has(name)
        {
            first.set(name, raw);
        }
    }
    first
}

/// Properties of several schemas, by name and in order.
#[derive(Default)]
struct Properties<'a> {
    schemas: Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>,
}

impl<'a> Properties<'a> {
    fn add(&mut self, raw: &'a str) {
        let members = Object::parse(raw).unwrap_or_default().into_members();
        for (name, schema) in members {
            match self.schemas.iter_mut().find(|(known, _)| *known == name) {
                Some((_, schemas)) if schemas.contains(&schema) => {}
                Some((_, schemas)) => schemas.push(schema),
                None => self.schemas.push((name, vec![schema])),
            }
        }
    }

    fn write(&self, together: Together) -> String {
        let keyword = match together {
            Together::All => "allOf",
            Together::Either => "anyOf",
        };
        let mut out = String::from("{");
        for (name, schemas) in &self.schemas {
            json::push_member(&mut out, name, "");
            match schemas.as_slice() {
                [one] => out.push_str(one),
                several => {
                    out.push_str(&format!(r#"{{"{keyword}":[{}]}}"#, several.join(",")));
                }
            }
        }
        out.push('}');
        out
    }
}

/// The root with what its branches say of properties.
fn merged<'a>(mut root: Object<'a>, raw: &'a str, together: Together) -> Object<'a> {
    let mut properties = Properties::default();
    let mut required = names(root.borrowed("required"));
    if let Some(own) = root.borrowed("properties") {
        properties.add(own);
    }
    let mut common: Option<Vec<&str>> = None;
    for raw in array(raw, MOST_BRANCHES).unwrap_or_default() {
        let mut branch = Object::parse(raw).unwrap_or_default();
        if let Some((_, raw)) = branch.borrowed("$ref").and_then(|to| resolve(to, &root)) {
            branch = Object::parse(raw).unwrap_or_default();
        }
        if let Some(raw) = branch.borrowed("properties") {
            properties.add(raw);
        }
        let needs = names(branch.borrowed("required"));
        common = Some(match (common, together) {
            (None, _) => needs,
            (Some(mut known), Together::All) => {
                known.extend(needs);
                known
            }
            (Some(mut known), Together::Either) => {
                known.retain(|name| needs.contains(name));
                known
            }
        });
    }
    for name in common.unwrap_or_default() {
        if !required.contains(&name) {
            required.push(name);
        }
    }
    if !properties.schemas.is_empty() {
        root.set("properties", properties.write(together));
    }
    if !required.is_empty() {
        root.set("required", format!("[{}]", required.join(",")));
    }
    root.remove("additionalProperties");
    root
}

/// The raw names in a list.
fn names(raw: Option<&str>) -> Vec<&str> {
    raw.and_then(|raw| array(raw, usize::MAX).ok())
        .unwrap_or_default()
}
