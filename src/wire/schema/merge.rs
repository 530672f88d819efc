//! `allOf`, and references beside other keywords, merged into one list of members.

use std::borrow::Cow;

use super::node::Node;
use super::normal::Members;
use super::reduce::{Place, Reducer};
use super::refs::DROPPED;

/// How many definitions are merged into what refers to them, all in all.
const MOST_INLINED: usize = 64;

/// What merging comes to.
pub(super) enum Merged<'n> {
    Members(Members<'n>),
    /// Merging the target of this reference would never end: the reference has to do.
    Endless(Cow<'n, str>),
}

impl<'t> Reducer<'t> {
    /// The members with those of `allOf`, and of references beside other keywords, merged in.
    pub(super) fn merged<'n>(
        &mut self,
        members: &[(Cow<'n, str>, Node<'n>)],
        place: Place,
        depth: usize,
    ) -> Merged<'n>
    where
        't: 'n,
    {
        let mut merged: Members<'n> = members
            .iter()
            .filter(|(name, _)| !matches!(name.as_ref(), "allOf" | "$ref"))
            .cloned()
            .collect();
        if depth == 0 {
            return Merged::Members(merged);
        }
        let find = |wanted: &str| members.iter().find(|(name, _)| name == wanted);
        for part in find("allOf").map_or(&[][..], |(_, parts)| parts.elements()) {
            match self.merged(part.members(), place, depth - 1) {
                Merged::Members(part) => add(&mut merged, part),
                endless @ Merged::Endless(_) => return endless,
            }
        }
        let Some(pointer) = find("$ref").and_then(|(_, pointer)| pointer.text()) else {
            return Merged::Members(merged);
        };
        let Some(index) = self.targets.index(&pointer) else {
            return Merged::Members(merged);
        };
        let circles = self.targets.circles(place.scope, index) || self.inlining.contains(&index);
        if circles || self.inlined == MOST_INLINED {
            return Merged::Endless(pointer);
        }
        self.inlined += 1;
        self.inlining.push(index);
        let targets = self.targets;
        let target = targets
            .get(index)
            .map_or(&[][..], |target| target.node.members());
        match self.merged(target, place, depth - 1) {
            Merged::Members(part) => add(&mut merged, part),
            endless @ Merged::Endless(_) => return endless,
        }
        Merged::Members(merged)
    }
}

/// The pointer of a schema that is nothing but a reference, described or not, in either of the two
/// ways in which generators write that.
pub(super) fn lone_reference<'n>(node: &Node<'n>) -> Option<Cow<'n, str>> {
    let silent = |name: &str| {
        matches!(
            name,
            "$ref" | "allOf" | "title" | "description" | "default" | "examples"
        ) || DROPPED.contains(&name)
    };
    if !node.members().iter().all(|(name, _)| silent(name)) {
        return None;
    }
    match (node.get("$ref"), node.get("allOf").map(Node::elements)) {
        (Some(pointer), None) => pointer.text(),
        (None, Some([only])) => lone_reference(only),
        (Some(_), Some(_)) | (None, Some(_) | None) => None,
    }
}

/// Adds what is not there yet; properties and required names of both.
fn add<'n>(merged: &mut Members<'n>, part: Members<'n>) {
    for (name, value) in part {
        let known = merged.iter_mut().find(|(known, _)| *known == name);
        match (known, value) {
            (None, value) => merged.push((name, value)),
            (Some((_, Node::Object(known))), Node::Object(more)) if name == "properties" => {
                for (name, value) in more {
                    if !known.iter().any(|(known, _)| *known == name) {
                        known.push((name, value));
                    }
                }
            }
            (Some((_, Node::Array(known))), Node::Array(more)) if name == "required" => {
                for value in more {
                    if !known.contains(&value) {
                        known.push(value);
                    }
                }
            }
            (Some(_), _) => {}
        }
    }
}
