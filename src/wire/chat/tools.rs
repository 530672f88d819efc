//! Checks of `tools`, `tool_choice`, `functions` and `response_format`.

use super::super::json::Kind;
use super::super::object::Object;
use super::check::{self, Path};
use super::invalid::Invalid;

/// The most tools of one request, as in OpenAI's API.
const MOST_TOOLS: usize = 128;

/// Whether a list of tools declares any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    Some,
    None,
}

impl Declared {
    fn of(tools: &[&str]) -> Self {
        if tools.is_empty() {
            Self::None
        } else {
            Self::Some
        }
    }
}

/// `tools`: functions, and custom tools that pass as they are.
pub(super) fn tools(path: Path<'_>, raw: &str) -> Result<Declared, Invalid> {
    let tools = check::array(path, raw, MOST_TOOLS)?;
    for (index, raw) in tools.iter().enumerate() {
        let at = Path::Item(&path, index);
        let tool = check::object(at, raw)?;
        let kind = check::required(at, &tool, "type")?;
        match check::one_of(Path::Member(&at, "type"), kind, &["function", "custom"])? {
            "function" => function(
                Path::Member(&at, "function"),
                check::required(at, &tool, "function")?,
            )?,
            _ => check::is_kind(
                Path::Member(&at, "custom"),
                check::required(at, &tool, "custom")?,
                Kind::Object,
            )?,
        }
    }
    Ok(Declared::of(&tools))
}

/// `functions`, the form before tools.
pub(super) fn functions(path: Path<'_>, raw: &str) -> Result<Declared, Invalid> {
    let functions = check::array(path, raw, MOST_TOOLS)?;
    for (index, raw) in functions.iter().enumerate() {
        function(Path::Item(&path, index), raw)?;
    }
    Ok(Declared::of(&functions))
}

fn function(path: Path<'_>, raw: &str) -> Result<(), Invalid> {
    let function = check::object(path, raw)?;
    let name = check::required(path, &function, "name")?;
    check::function_name(Path::Member(&path, "name"), name)?;
    optional(path, &function, "description", Kind::String)?;
    optional(path, &function, "parameters", Kind::Object)?;
    if let Some(parameters) = function.get("parameters") {
        schema_type(Path::Member(&path, "parameters"), parameters)?;
    }
    optional(path, &function, "strict", Kind::Bool)
}

/// The root's `type`, where it is a word, is one that JSON Schema knows.
fn schema_type(path: Path<'_>, raw: &str) -> Result<(), Invalid> {
    const TYPES: [&str; 7] = [
        "array", "boolean", "integer", "null", "number", "object", "string",
    ];
    let schema = check::object(path, raw)?;
    match schema.get("type") {
        Some(word) if Kind::of(word) == Kind::String => {
            check::one_of(Path::Member(&path, "type"), word, &TYPES).map(|_| ())
        }
        Some(_) | None => Ok(()),
    }
}

fn optional(path: Path<'_>, object: &Object<'_>, name: &str, kind: Kind) -> Result<(), Invalid> {
    object.get(name).map_or(Ok(()), |raw| {
        check::is_kind(Path::Member(&path, name), raw, kind)
    })
}

/// `tool_choice`: a word, or an object that names a tool.
pub(super) fn tool_choice(path: Path<'_>, raw: &str) -> Result<(), Invalid> {
    if Kind::of(raw) == Kind::String {
        return check::one_of(path, raw, &["none", "auto", "required"]).map(|_| ());
    }
    let choice = check::object(path, raw)?;
    let kind = check::required(path, &choice, "type")?;
    let kinds = ["function", "custom", "allowed_tools"];
    let kind = check::one_of(Path::Member(&path, "type"), kind, &kinds)?;
    let named = check::required(path, &choice, kind)?;
    let at = Path::Member(&path, kind);
    let named = check::object(at, named)?;
    if kind == "function" {
        let name = check::required(at, &named, "name")?;
        check::function_name(Path::Member(&at, "name"), name)?;
    }
    Ok(())
}

/// Whether an answer has to follow a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Free,
    Schema,
}

/// `response_format`.
pub(super) fn response_format(path: Path<'_>, raw: &str) -> Result<Format, Invalid> {
    let format = check::object(path, raw)?;
    let kind = check::required(path, &format, "type")?;
    let kinds = ["text", "json_object", "json_schema"];
    if check::one_of(Path::Member(&path, "type"), kind, &kinds)? != "json_schema" {
        return Ok(Format::Free);
    }
    let at = Path::Member(&path, "json_schema");
    let wrapper = check::object(at, check::required(path, &format, "json_schema")?)?;
    let name = check::required(at, &wrapper, "name")?;
    check::function_name(Path::Member(&at, "name"), name)?;
    optional(at, &wrapper, "description", Kind::String)?;
    optional(at, &wrapper, "schema", Kind::Object)?;
    optional(at, &wrapper, "strict", Kind::Bool)?;
    Ok(Format::Schema)
}
