//! The definitions that a schema refers to, and which of them lead back to which.

use std::borrow::Cow;

use super::SchemaFlaw;
use super::node::Node;

/// The most definitions of one schema.
const MOST_TARGETS: usize = 512;

/// Keywords that hold values, not schemas.
pub(super) const VALUES: [&str; 4] = ["const", "default", "enum", "examples"];

/// Keywords that no provider with a smaller language understands and that may refer to definitions:
/// left out, so that nothing dangles.
pub(super) const DROPPED: [&str; 21] = [
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "additionalItems",
    "contains",
    "contentSchema",
    "definitions",
    "dependencies",
    "dependentSchemas",
    "discriminator",
    "else",
    "if",
    "not",
    "patternProperties",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "$vocabulary",
];

/// One definition that is referred to.
#[derive(Debug)]
pub(super) struct Target<'t> {
    pub pointer: Cow<'t, str>,
    pub node: &'t Node<'t>,
    /// Its name in the new `$defs`.
    pub name: String,
    /// Which definitions can be reached from it.
    reaches: Vec<bool>,
}

/// All definitions that are reachable from the root, in the order in which they are met.
#[derive(Debug)]
pub(super) struct Targets<'t>(Vec<Target<'t>>);

impl<'t> Targets<'t> {
    /// Follows all references.
    pub(super) fn of(root: &'t Node<'t>) -> Result<Self, SchemaFlaw> {
        let mut targets = Self(Vec::new());
        let mut edges: Vec<Vec<usize>> = Vec::new();
        targets.follow(root, root)?;
        while let Some(next) = targets.0.get(edges.len()) {
            let node = next.node;
            let found = targets.follow(node, root)?;
            edges.push(found);
        }
        for (index, target) in targets.0.iter_mut().enumerate() {
            target.reaches = reachable(index, &edges);
        }
        Ok(targets)
    }

    /// Notes the targets of all references below `node`.
    fn follow(&mut self, node: &'t Node<'t>, root: &'t Node<'t>) -> Result<Vec<usize>, SchemaFlaw> {
        let mut pointers = Vec::new();
        references(node, &mut pointers);
        pointers
            .into_iter()
            .map(|pointer| match self.index(&pointer) {
                Some(known) => Ok(known),
                None => self.add(pointer, root),
            })
            .collect()
    }

    fn add(&mut self, pointer: Cow<'t, str>, root: &'t Node<'t>) -> Result<usize, SchemaFlaw> {
        if self.0.len() == MOST_TARGETS {
            return Err(SchemaFlaw::TooManyDefinitions(MOST_TARGETS));
        }
        let Some(node) = resolve(&pointer, root) else {
            let shown = pointer.chars().take(128).collect();
            return Err(SchemaFlaw::DanglingReference(shown));
        };
        let name = self.unused_name(&pointer);
        self.0.push(Target {
            pointer,
            node,
            name,
            reaches: Vec::new(),
        });
        Ok(self.0.len() - 1)
    }

    fn unused_name(&self, pointer: &str) -> String {
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let mut name: String = last
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-')
            .take(64)
            .collect();
        if name.is_empty() {
            name.push_str("root");
        }
        let taken = |name: &str| self.0.iter().any(|target| target.name == name);
        if !taken(&name) {
            return name;
        }
        (2..=MOST_TARGETS + 1)
            .map(|number| format!("{name}_{number}"))
            .find(|name| !taken(name))
            .unwrap_or(name)
    }

    /// Which definition a reference means.
    pub(super) fn index(&self, pointer: &str) -> Option<usize> {
        self.0.iter().position(|target| target.pointer == pointer)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Target<'t>> {
        self.0.get(index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Target<'t>> {
        self.0.iter()
    }

    /// Whether a reference to `to` inside the definition `from` goes in a circle.
    pub(super) fn circles(&self, from: Option<usize>, to: usize) -> bool {
        from.is_some_and(|from| {
            from == to
                || self
                    .get(to)
                    .is_some_and(|target| target.reaches.get(from) == Some(&true))
        })
    }
}

fn reachable(start: usize, edges: &[Vec<usize>]) -> Vec<bool> {
    let mut seen = vec![false; edges.len()];
    let mut todo = edges.get(start).cloned().unwrap_or_default();
    while let Some(next) = todo.pop() {
        if let Some(mark @ false) = seen.get_mut(next) {
            *mark = true;
            todo.extend(edges.get(next).into_iter().flatten());
        }
    }
    seen
}

/// The references in schema positions below `node`.
fn references<'t>(node: &'t Node<'t>, found: &mut Vec<Cow<'t, str>>) {
    match node {
        Node::Scalar(_) => {}
        Node::Array(elements) => elements.iter().for_each(|one| references(one, found)),
        Node::Object(members) => {
            for (name, value) in members {
                match (name.as_ref(), value) {
                    ("$ref", value @ Node::Scalar(_)) => found.extend(value.text()),
                    ("properties", properties) => {
                        for (_, property) in properties.members() {
                            references(property, found);
                        }
                    }
                    (name, _) if VALUES.contains(&name) || DROPPED.contains(&name) => {}
                    (_, value) => references(value, found),
                }
            }
        }
    }
}

/// The value that a JSON pointer such as `#/$defs/a` leads to.
fn resolve<'t>(pointer: &str, root: &'t Node<'t>) -> Option<&'t Node<'t>> {
    let path = pointer.strip_prefix('#')?;
    let mut node = root;
    for segment in path.split('/').skip(1) {
        let segment = segment
            .replace("%24", "$")
            .replace("~1", "/")
            .replace("~0", "~");
        node = match node {
            Node::Object(_) => node.get(&segment)?,
            Node::Array(elements) => elements.get(segment.parse::<usize>().ok()?)?,
            Node::Scalar(_) => return None,
        };
    }
    (path.is_empty() || path.starts_with('/')).then_some(node)
}
