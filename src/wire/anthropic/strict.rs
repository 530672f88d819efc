//! Schemas that the provider can enforce: the part of JSON Schema that it compiles to a grammar.
//!
//! Source: the published limits of structured outputs. Objects are closed, references do not recur,
//! and bounds are not enforced: they move into the description, where the model reads them.

use super::super::json::{self, Kind};
use super::super::object::{Object, array};
use super::schema::resolve;

/// Limits over all enforced schemas of one request.
const MOST_STRICT_TOOLS: usize = 20;
const MOST_OPTIONAL: usize = 24;
const MOST_UNIONS: usize = 16;
const MOST_BRANCHES: usize = 256;
const MOST_PROPERTIES: usize = 256;

const FORMATS: [&str; 9] = [
    r#""date-time""#,
    r#""time""#,
    r#""date""#,
    r#""duration""#,
    r#""email""#,
    r#""hostname""#,
    r#""uri""#,
    r#""ipv4""#,
    r#""uuid""#,
];

/// What is left of the limits.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    tools: usize,
    optional: usize,
    unions: usize,
}

impl Budget {
    pub(super) const fn full() -> Self {
        Self {
            tools: MOST_STRICT_TOOLS,
            optional: MOST_OPTIONAL,
            unions: MOST_UNIONS,
        }
    }

    /// A tool's schema in its enforceable form; `None` when there is none, or too much is enforced.
    pub(super) fn tool(&mut self, raw: &str) -> Option<String> {
        let mut left = self.clone();
        left.tools = left.tools.checked_sub(1)?;
        let reduced = left.format(raw)?;
        *self = left;
        Some(reduced.text)
    }

    /// A response format's schema in its enforceable form.
    pub(super) fn format(&mut self, raw: &str) -> Option<Reduced> {
        let root = Object::parse(raw).ok()?;
        let mut reducer = Reducer {
            root: &root,
            left: self.clone(),
            inside: Vec::new(),
            finite: Vec::new(),
            told: Told::Nothing,
        };
        let mut text = String::with_capacity(raw.len() + 64);
        reducer.schema(raw, Level::Root, &mut text)?;
        let told = reducer.told;
        *self = reducer.left;
        Some(Reduced { text, told })
    }
}

/// A schema in its enforceable form.
#[derive(Debug)]
pub(super) struct Reduced {
    pub(super) text: String,
    pub(super) told: Told,
}

/// Whether bounds are told to the model instead of enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    Bounds,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Inner,
}

struct Reducer<'r, 'a> {
    root: &'r Object<'a>,
    left: Budget,
    /// Names of the definitions that are being followed.
    inside: Vec<String>,
    /// Names of the definitions that were followed to their end.
    finite: Vec<String>,
    told: Told,
}

impl Reducer<'_, '_> {
    /// Appends the reduced schema. `None` when the provider could not enforce it.
    fn schema(&mut self, raw: &str, level: Level, out: &mut String) -> Option<()> {
        let schema = Object::parse(raw).ok()?;
        if let Some(reference) = schema.get("$ref") {
            return self.reference(reference, level, out);
        }
        let types = Types::of(&schema)?;
        out.push('{');
        let mut bounds = String::new();
        for (name, raw) in schema.iter().filter(|(_, raw)| *raw != "null") {
            match name {
                "description"
                | "title"
                | "default"
                | "$schema"
                | "$id"
                | "$comment"
                | "examples"
                | "example"
                | "readOnly"
                | "writeOnly"
                | "deprecated"
                | "nullable"
                | "additionalProperties"
                | "required" => {}
                "$defs" | "definitions" if level == Level::Root => {
                    json::push_member(out, name, "");
                    self.map(raw, out)?;
                }
                "type" => {
                    if Kind::of(raw) == Kind::Array {
                        self.left.unions = self.left.unions.checked_sub(1)?;
                    }
                    json::push_member(out, name, raw);
                }
                "enum" | "const" => {
                    scalars(name, raw)?;
                    json::push_member(out, name, raw);
                }
                "anyOf" | "oneOf" if !(schema.has("anyOf") && schema.has("oneOf")) => {
                    self.left.unions = self.left.unions.checked_sub(1)?;
                    self.list("anyOf", raw, out)?;
                }
                "properties" => {
                    json::push_member(out, name, "");
                    self.map(raw, out)?;
                }
                "items" => {
                    json::push_member(out, name, "");
                    self.schema(raw, Level::Inner, out)?;
                }
                "format" if FORMATS.contains(&raw) => json::push_member(out, name, raw),
                "minItems" if matches!(raw, "0" | "1") => json::push_member(out, name, raw),
                // What these say cannot be told in a sentence, nor be left out.
                "anyOf" | "oneOf" | "$defs" | "definitions" | "allOf" | "not" | "if" | "then"
                | "else" | "patternProperties" | "prefixItems" | "dependentSchemas"
                | "$dynamicRef" => return None,
                _ => json::push_member(&mut bounds, name, raw),
            }
        }
        self.object_rules(&schema, types, out)?;
        self.describe(&schema, &bounds, out);
        out.push('}');
        Some(())
    }

    /// Definitions are reduced where they stand; here it only matters that none contains itself.
    fn reference(&mut self, reference: &str, level: Level, out: &mut String) -> Option<()> {
        let (name, raw) = resolve(reference, self.root)?;
        if level == Level::Root || self.inside.contains(&name) {
            return None;
        }
        if !self.finite.contains(&name) {
            self.inside.push(name.clone());
            let before = self.left.clone();
            self.schema(raw, Level::Inner, &mut String::new())?;
            // The definition's own parameters are counted once, at the definition.
            self.left = before;
            self.inside.pop();
            self.finite.push(name);
        }
        out.push_str(r#"{"$ref":"#);
        out.push_str(reference);
        out.push('}');
        Some(())
    }

    fn map(&mut self, raw: &str, out: &mut String) -> Option<()> {
        let schemas = Object::parse(raw).ok()?;
        out.push('{');
        for (name, raw) in schemas.iter() {
            json::push_member(out, name, "");
            self.schema(raw, Level::Inner, out)?;
        }
        out.push('}');
        Some(())
    }

    fn list(&mut self, name: &str, raw: &str, out: &mut String) -> Option<()> {
        json::push_member(out, name, "[");
        for (index, raw) in array(raw, MOST_BRANCHES).ok()?.into_iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            self.schema(raw, Level::Inner, out)?;
        }
        out.push(']');
        Some(())
    }

    /// Closes an object and counts its optional properties. An object that is open on purpose, such
    /// as a map, cannot be enforced.
    fn object_rules(&mut self, schema: &Object<'_>, types: Types, out: &mut String) -> Option<()> {
        match types {
            Types::Other => return Some(()),
            Types::Array => return schema.get("items").map(|_| ()),
            Types::Object => {}
        }
        let open = schema.get("additionalProperties");
        let properties = schema
            .get("properties")
            .and_then(|raw| Object::parse(raw).ok());
        let count = properties.map_or(0, |properties| properties.iter().count());
        let closed = match open {
            Some("false") => true,
            Some("true") | None => count > 0,
            Some(_) => false,
        };
        if !closed || count > MOST_PROPERTIES {
            return None;
        }
        let required = schema.get("required").unwrap_or("[]");
        let needed = array(required, MOST_PROPERTIES).ok()?.len();
        self.left.optional = self
            .left
            .optional
            .checked_sub(count.saturating_sub(needed))?;
        if needed > 0 {
            json::push_member(out, "required", required);
        }
        json::push_member(out, "additionalProperties", "false");
        Some(())
    }

    /// Appends title, description and default; bounds that are not enforced join the description.
    fn describe(&mut self, schema: &Object<'_>, bounds: &str, out: &mut String) {
        for name in ["title", "default"] {
            if let Some(raw) = schema.get(name) {
                json::push_member(out, name, raw);
            }
        }
        let text = schema.get("description").and_then(json::string);
        let text = text.unwrap_or_default();
        if bounds.is_empty() {
            if !text.is_empty() {
                json::push_member(out, "description", "");
                json::push_string(out, &text);
            }
            return;
        }
        self.told = Told::Bounds;
        let gap = if text.is_empty() { "" } else { "\n\n" };
        json::push_member(out, "description", "");
        json::push_string(out, &format!("{text}{gap}{{{bounds}}}"));
    }
}

/// What a schema's `type` asks of its other keywords.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Types {
    Object,
    Array,
    Other,
}

impl Types {
    /// `None` for a schema that allows anything.
    fn of(schema: &Object<'_>) -> Option<Self> {
        let Some(raw) = schema.get("type") else {
            let said = ["enum", "const", "anyOf", "oneOf"];
            return said
                .iter()
                .any(|name| schema.has(name))
                .then_some(Self::Other);
        };
        Some(if raw.contains(r#""object""#) {
            Self::Object
        } else if raw.contains(r#""array""#) {
            Self::Array
        } else {
            Self::Other
        })
    }
}

fn scalars(name: &str, raw: &str) -> Option<()> {
    let is_scalar = |raw: &str| !matches!(Kind::of(raw), Kind::Array | Kind::Object);
    let all = match name {
        "const" => is_scalar(raw),
        _ => array(raw, usize::MAX).ok()?.into_iter().all(is_scalar),
    };
    all.then_some(())
}
