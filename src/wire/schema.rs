//! JSON Schemas of callers reduced to what providers with a smaller language accept.

mod merge;
mod node;
mod normal;
mod reduce;
mod refs;

#[cfg(test)]
mod tests;

use node::Node;
use reduce::Reducer;
use refs::Targets;

/// What the root of a schema has to describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// Anything.
    Any,
    /// An object: the arguments of a tool.
    Object,
}

/// Why a schema is none. The caller has to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SchemaFlaw {
    /// Neither an object nor a boolean where a schema has to stand.
    #[error("a schema is an object or a boolean, not {0}")]
    NoSchema(&'static str),
    /// A reference to nothing inside the schema.
    #[error("the reference '{0}' leads nowhere; define its target in $defs")]
    DanglingReference(String),
    /// The arguments of a tool are an object.
    #[error("the root has to be of type object, not {0}")]
    NoObject(String),
    /// More definitions than are followed.
    #[error("it refers to more than {0} definitions")]
    TooManyDefinitions(usize),
}

/// Rewrites a schema, a checked JSON text, without changing what it asks for where that is possible:
///
/// - all references lead to `$defs`, have no siblings but those around an `anyOf`, and go in circles
///   only through properties that are not required;
/// - `const` becomes `enum`, `allOf` is merged, `nullable` and `null` in an `enum` become a type;
/// - `enum` has strings and numbers only; names in `required` are defined; arrays have `items`.
///
/// Keywords without a meaning to the provider stay where they are harmless.
/// Source: `responseJsonSchema` in <https://ai.google.dev/api/generate-content>.
pub(super) fn reduced(raw: &str, root: Root) -> Result<String, SchemaFlaw> {
    let tree = Node::parse(raw);
    let targets = Targets::of(&tree)?;
    Reducer::new(&targets).root(&tree, root)
}
