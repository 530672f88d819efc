//! One schema's own keywords in words that the smaller language has.

use std::borrow::Cow;

use super::super::json::Kind;
use super::SchemaFlaw;
use super::node::Node;

/// The keywords of one schema, in order.
pub(super) type Members<'n> = Vec<(Cow<'n, str>, Node<'n>)>;

const NULL: Node<'static> = Node::Scalar("null");

/// A root that describes an object, as the arguments of a tool are.
pub(super) fn as_object(node: Node<'_>) -> Result<Node<'_>, SchemaFlaw> {
    let mut members = match node {
        Node::Object(members) => members,
        Node::Scalar("true") => Vec::new(),
        Node::Scalar(_) | Node::Array(_) => return Err(SchemaFlaw::NoSchema(node.kind())),
    };
    let has = |members: &Members<'_>, names: &[&str]| {
        members
            .iter()
            .any(|(name, _)| names.contains(&name.as_ref()))
    };
    match members.iter_mut().find(|(name, _)| name == "type") {
        None => members.insert(0, (Cow::Borrowed("type"), Node::Scalar("\"object\""))),
        Some((_, kind)) => {
            let object = Node::Scalar("\"object\"");
            if *kind != object && !kind.elements().contains(&object) {
                let mut shown = String::new();
                kind.write(&mut shown);
                return Err(SchemaFlaw::NoObject(shown));
            }
            *kind = object;
        }
    }
    let described = [
        "properties",
        "anyOf",
        "oneOf",
        "allOf",
        "$ref",
        "additionalProperties",
    ];
    if !has(&members, &described) {
        members.push((Cow::Borrowed("properties"), Node::Object(Vec::new())));
    }
    Ok(Node::Object(members))
}

/// `const`, `nullable` and enums of other kinds than strings and numbers, said in other words.
pub(super) fn normal(mut members: Members<'_>) -> Members<'_> {
    if let Some((at, value)) = take(&mut members, "const")
        && position(&members, "enum").is_none()
    {
        members.insert(at, (Cow::Borrowed("enum"), Node::Array(vec![value])));
    }
    let nullable = take(&mut members, "nullable");
    let mut nullable = nullable.is_some_and(|(_, value)| value == Node::Scalar("true"));
    if let Some((at, Node::Array(values))) = take(&mut members, "enum") {
        let (kept, odd): (Vec<_>, Vec<_>) = values.into_iter().partition(is_plain);
        let has_null = odd.contains(&NULL);
        let others = odd.iter().any(|value| *value != NULL);
        let only_booleans = odd.iter().all(|value| is_boolean(value) || *value == NULL);
        match (kept.is_empty(), others) {
            (false, false) => {
                members.insert(at, (Cow::Borrowed("enum"), Node::Array(kept)));
                nullable |= has_null;
            }
            (true, false) => set_type(&mut members, Node::Scalar("\"null\"")),
            (true, true) if only_booleans => {
                set_type(&mut members, Node::Scalar("\"boolean\""));
                nullable |= has_null;
            }
            // A choice between values of such kinds cannot be said: any value of the type passes.
            (true | false, true) => {}
        }
    }
    if nullable { or_null(members) } else { members }
}

fn is_plain(value: &Node<'_>) -> bool {
    match value {
        Node::Scalar(raw) => matches!(Kind::of(raw), Kind::String | Kind::Number),
        Node::Array(_) | Node::Object(_) => false,
    }
}

fn is_boolean(value: &Node<'_>) -> bool {
    matches!(value, Node::Scalar("true" | "false"))
}

fn position(members: &Members<'_>, name: &str) -> Option<usize> {
    members.iter().position(|(key, _)| key == name)
}

fn take<'n>(members: &mut Members<'n>, name: &str) -> Option<(usize, Node<'n>)> {
    let at = position(members, name)?;
    Some((at, members.remove(at).1))
}

fn set_type<'n>(members: &mut Members<'n>, kind: Node<'n>) {
    match members.iter_mut().find(|(name, _)| name == "type") {
        Some((_, value)) => *value = kind,
        None => members.push((Cow::Borrowed("type"), kind)),
    }
}

/// The schema, or `null`: in the type where that is enough, else as an alternative.
fn or_null(mut members: Members<'_>) -> Members<'_> {
    let null = Node::Scalar("\"null\"");
    let has_enum = position(&members, "enum").is_some();
    match members.iter_mut().find(|(name, _)| name == "type") {
        Some((_, kind)) if !has_enum => {
            let mut kinds = match &*kind {
                Node::Array(kinds) => kinds.clone(),
                Node::Scalar(_) | Node::Object(_) => vec![kind.clone()],
            };
            if !kinds.contains(&null) {
                kinds.push(null);
            }
            if kinds.len() > 1 {
                *kind = Node::Array(kinds);
            }
            return members;
        }
        Some((_, kind)) => *kind = without_null(kind),
        None => {}
    }
    let is_word = |name: &str| matches!(name, "title" | "description");
    let (mut outer, inner): (Members<'_>, Members<'_>) =
        members.into_iter().partition(|(name, _)| is_word(name));
    let alternative = Node::Object(vec![(Cow::Borrowed("type"), null)]);
    let choice = Node::Array(vec![Node::Object(inner), alternative]);
    outer.push((Cow::Borrowed("anyOf"), choice));
    outer
}

fn without_null<'n>(kind: &Node<'n>) -> Node<'n> {
    let Node::Array(kinds) = kind else {
        return kind.clone();
    };
    let rest: Vec<_> = kinds
        .iter()
        .filter(|kind| **kind != Node::Scalar("\"null\""))
        .cloned()
        .collect();
    match rest.as_slice() {
        [only] => only.clone(),
        _ => Node::Array(rest),
    }
}
