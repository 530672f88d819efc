//! Writes a schema in the smaller language.

use std::borrow::Cow;

use super::super::json;
use super::merge::{Merged, lone_reference};
use super::node::Node;
use super::normal::{Members, as_object, normal};
use super::refs::{DROPPED, Targets};
use super::{Root, SchemaFlaw};

/// How deep references to references and `allOf` inside `allOf` are followed.
const MOST_MERGES: usize = 16;

/// Where a schema stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The definition that is being written; none at the root.
    pub scope: Option<usize>,
    /// Whether a circle may close here.
    circle: Circle,
}

/// A circle of references may close only inside a property that is not required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Circle {
    Allowed,
    Refused,
}

/// Writes one schema with its definitions.
pub(super) struct Reducer<'t> {
    pub(super) targets: &'t Targets<'t>,
    out: String,
    /// The definitions whose members are being written in place.
    pub(super) inlining: Vec<usize>,
    /// How many have been, so far.
    pub(super) inlined: usize,
}

impl<'t> Reducer<'t> {
    pub(super) fn new(targets: &'t Targets<'t>) -> Self {
        Self {
            targets,
            out: String::new(),
            inlining: Vec::new(),
            inlined: 0,
        }
    }

    /// Writes the root and, behind its own members, the definitions.
    pub(super) fn root(mut self, node: &Node<'t>, root: Root) -> Result<String, SchemaFlaw> {
        let place = Place {
            scope: None,
            circle: Circle::Refused,
        };
        let mut node = node.clone();
        for _ in 0..MOST_MERGES {
            match self.target_of(&node) {
                Some(target) => node = target,
                None => break,
            }
        }
        let node = match root {
            Root::Any => node,
            Root::Object => as_object(node)?,
        };
        self.schema(&node, place)?;
        if self.targets.iter().next().is_some() {
            self.out.pop();
            json::push_member(&mut self.out, "$defs", "{");
            for (index, target) in self.targets.iter().enumerate() {
                json::push_member(&mut self.out, &target.name, "");
                let place = Place {
                    scope: Some(index),
                    circle: Circle::Refused,
                };
                self.schema(target.node, place)?;
            }
            self.out.push_str("}}");
        }
        Ok(self.out)
    }

    /// What a schema that is a reference refers to.
    fn target_of(&self, node: &Node<'_>) -> Option<Node<'t>> {
        let pointer = node.get("$ref")?.text()?;
        let target = self.targets.get(self.targets.index(&pointer)?)?;
        Some(target.node.clone())
    }

    fn schema(&mut self, node: &Node<'_>, place: Place) -> Result<(), SchemaFlaw> {
        match node {
            Node::Scalar("true" | "false") => self.out.push_str("{}"),
            Node::Scalar(_) | Node::Array(_) => return Err(SchemaFlaw::NoSchema(node.kind())),
            Node::Object(members) => {
                if let Some(pointer) = lone_reference(node) {
                    self.reference(&pointer, members, place);
                    return Ok(());
                }
                let depth = self.inlining.len();
                match self.merged(members, place, MOST_MERGES) {
                    Merged::Members(members) => self.object(&normal(members), place)?,
                    Merged::Endless(pointer) => self.reference(&pointer, members, place),
                }
                self.inlining.truncate(depth);
            }
        }
        Ok(())
    }

    /// A reference stands alone; what describes it goes around an `anyOf`.
    fn reference(&mut self, pointer: &str, siblings: &[(Cow<'_, str>, Node<'_>)], place: Place) {
        let words: Members<'_> = siblings
            .iter()
            .filter(|(name, _)| matches!(name.as_ref(), "title" | "description"))
            .cloned()
            .collect();
        let target = self.targets.index(pointer);
        let name = target.and_then(|index| self.targets.get(index));
        let dead_end = match target {
            Some(to) => place.circle == Circle::Refused && self.targets.circles(place.scope, to),
            None => true,
        };
        self.out.push('{');
        for (name, value) in &words {
            json::push_member(&mut self.out, name, "");
            value.write(&mut self.out);
        }
        if let Some(target) = name.filter(|_| !dead_end) {
            let mut reference = String::new();
            json::push_string(&mut reference, &format!("#/$defs/{}", target.name));
            if words.is_empty() {
                json::push_member(&mut self.out, "$ref", &reference);
            } else {
                let alone = format!(r#"[{{"$ref":{reference}}}]"#);
                json::push_member(&mut self.out, "anyOf", &alone);
            }
        }
        self.out.push('}');
    }

    fn object(
        &mut self,
        members: &[(Cow<'_, str>, Node<'_>)],
        place: Place,
    ) -> Result<(), SchemaFlaw> {
        let find = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, v)| v);
        let required = self.required(find("properties"), find("required"), place);
        self.out.push('{');
        for (name, value) in members {
            match name.as_ref() {
                "properties" => {
                    json::push_member(&mut self.out, name, "{");
                    for (name, property) in value.members() {
                        let circle = match required.iter().any(|known| known == name) {
                            true => place.circle,
                            false => Circle::Allowed,
                        };
                        json::push_member(&mut self.out, name, "");
                        self.schema(property, Place { circle, ..place })?;
                    }
                    self.out.push('}');
                }
                "required" if required.is_empty() => {}
                "required" => {
                    json::push_member(&mut self.out, name, "[");
                    for (index, name) in required.iter().enumerate() {
                        if index > 0 {
                            self.out.push(',');
                        }
                        json::push_string(&mut self.out, name);
                    }
                    self.out.push(']');
                }
                "anyOf" | "oneOf" | "prefixItems" => self.list(name, value, place)?,
                "items" => match value {
                    // The form of tuples before prefixItems.
                    Node::Array(_) => self.list("prefixItems", value, place)?,
                    Node::Scalar("true" | "false") => {}
                    Node::Scalar(_) | Node::Object(_) => {
                        json::push_member(&mut self.out, name, "");
                        self.schema(value, place)?;
                    }
                },
                "additionalProperties" => {
                    json::push_member(&mut self.out, name, "");
                    match value {
                        Node::Scalar(raw @ ("true" | "false")) => self.out.push_str(raw),
                        Node::Scalar(_) | Node::Array(_) | Node::Object(_) => {
                            self.schema(value, place)?;
                        }
                    }
                }
                name if DROPPED.contains(&name) => {}
                name => {
                    json::push_member(&mut self.out, name, "");
                    value.write(&mut self.out);
                }
            }
        }
        let is_list = find("type").and_then(Node::text).as_deref() == Some("array");
        if is_list && find("items").is_none() && find("prefixItems").is_none() {
            json::push_member(&mut self.out, "items", "{}");
        }
        self.out.push('}');
        Ok(())
    }

    fn list(&mut self, name: &str, schemas: &Node<'_>, place: Place) -> Result<(), SchemaFlaw> {
        json::push_member(&mut self.out, name, "[");
        for (index, schema) in schemas.elements().iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.schema(schema, place)?;
        }
        self.out.push(']');
        Ok(())
    }

    /// The names that may stay required: defined ones, through which no circle closes.
    fn required(
        &self,
        properties: Option<&Node<'_>>,
        required: Option<&Node<'_>>,
        place: Place,
    ) -> Vec<String> {
        let names = required.map_or(&[][..], Node::elements);
        names
            .iter()
            .filter_map(Node::text)
            .filter(|name| {
                properties
                    .and_then(|properties| properties.get(name))
                    .is_some_and(|property| {
                        place.circle == Circle::Allowed || !self.closes_circle(property, place)
                    })
            })
            .map(Cow::into_owned)
            .collect()
    }

    /// Whether what has to be there below `node` refers back to the definition that is written.
    fn closes_circle(&self, node: &Node<'_>, place: Place) -> bool {
        match node {
            Node::Scalar(_) => false,
            Node::Array(elements) => elements.iter().any(|one| self.closes_circle(one, place)),
            Node::Object(members) => members.iter().any(|(name, value)| match name.as_ref() {
                "$ref" => value
                    .text()
                    .and_then(|pointer| self.targets.index(&pointer))
                    .is_some_and(|to| self.targets.circles(place.scope, to)),
                "properties" => {
                    let names = node.get("required").map_or(&[][..], Node::elements);
                    names
                        .iter()
                        .filter_map(Node::text)
                        .filter_map(|name| value.get(&name))
                        .any(|property| self.closes_circle(property, place))
                }
                "anyOf" | "oneOf" | "allOf" | "prefixItems" | "items" | "additionalProperties" => {
                    self.closes_circle(value, place)
                }
                _ => false,
            }),
        }
    }
}
