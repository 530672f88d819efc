//! From the body's bytes to a checked embeddings request.

use bytes::Bytes;

use super::super::chat::check::{self, Path};
use super::super::chat::parse::{body_text, model_name};
use super::super::chat::{Invalid, extensions};
use super::super::json;
use super::super::object::{Object, Span};
use super::{EmbedRequest, Format, Kind, MOST_INPUTS, Place, Shape};

/// Most tokens of one input: far more than any model reads.
const MOST_TOKENS: usize = 131_072;
/// More dimensions than any model has.
const MOST_DIMENSIONS: i64 = 65_536;

impl EmbedRequest {
    /// Reads and checks a request. Unknown fields are kept as they are; a `null` counts as absent.
    pub fn parse(body: Bytes) -> Result<Self, Invalid> {
        let body = body_text(body)?;
        let top = Object::parse(&body).map_err(Invalid::json)?;
        let required = |name| top.borrowed(name).ok_or_else(|| Invalid::missing(name));
        let model = model_name(required("model")?)?;
        let (shape, inputs) = inputs(&body, required("input")?)?;
        let mut request = Self {
            model,
            shape,
            inputs,
            dimensions: None,
            format: Format::default(),
            rules: extensions::ProviderRules::default(),
            carried: Vec::new(),
            body: String::new(),
        };
        for (name, raw) in top.iter().filter(|(_, raw)| *raw != "null") {
            request.read(name, raw, &body)?;
        }
        request.body = body;
        Ok(request)
    }

    fn read(&mut self, name: &str, raw: &str, body: &str) -> Result<(), Invalid> {
        let at = Path::Field(name);
        match name {
            "model" | "input" => {}
            "dimensions" => {
                let count = check::integer(at, raw, 1..=MOST_DIMENSIONS)?;
                self.dimensions = u32::try_from(count).ok();
            }
            "encoding_format" => {
                self.format = match check::one_of(at, raw, &["float", "base64"])? {
                    "base64" => Format::Base64,
                    _ => Format::Float,
                };
            }
            "provider" => self.rules = extensions::provider(at, raw)?,
            "models" | "prefer" => {
                return Err(Invalid::unsupported(
                    at,
                    "vectors of different models cannot be compared, so exactly the model that is named is asked; leave it out",
                ));
            }
            _ => {
                if name == "user" {
                    check::is_text(at, raw)?;
                }
                self.carried.push((name.into(), Span::of(body, raw)));
            }
        }
        Ok(())
    }
}

fn inputs(body: &str, raw: &str) -> Result<(Shape, Vec<Place>), Invalid> {
    let path = Path::Field("input");
    match json::Kind::of(raw) {
        json::Kind::String => Ok((Shape::Single, vec![text(path, body, raw)?])),
        json::Kind::Array => list(path, body, raw),
        json::Kind::Null | json::Kind::Bool | json::Kind::Number | json::Kind::Object => {
            Err(wrong(path))
        }
    }
}

/// The first element tells what an array is; the others have to be the same.
fn list(path: Path<'_>, body: &str, raw: &str) -> Result<(Shape, Vec<Place>), Invalid> {
    let items = check::array(path, raw, MOST_TOKENS)?;
    let Some(first) = items.first() else {
        return Err(Invalid::value(path, "it is empty; give at least one input"));
    };
    let kind = json::Kind::of(first);
    if kind == json::Kind::Number {
        return Ok((Shape::Single, vec![tokens(path, body, raw)?]));
    }
    if items.len() > MOST_INPUTS {
        return Err(Invalid::value(
            path,
            format_args!(
                "it has {} inputs; one request takes at most {MOST_INPUTS}",
                items.len()
            ),
        ));
    }
    let place = |(index, raw): (usize, &str)| {
        let at = Path::Item(&path, index);
        let same = json::Kind::of(raw) == kind;
        match kind {
            json::Kind::String if same => text(at, body, raw),
            json::Kind::Array if same => tokens(at, body, raw),
            json::Kind::String => Err(Invalid::value(at, "expected a string like the first")),
            json::Kind::Array => {
                let expected = "expected an array of tokens like the first";
                Err(Invalid::value(at, expected))
            }
            json::Kind::Null | json::Kind::Bool | json::Kind::Number | json::Kind::Object => {
                Err(wrong(at))
            }
        }
    };
    let places = items.into_iter().enumerate().map(place);
    Ok((Shape::List, places.collect::<Result<_, _>>()?))
}

fn wrong(path: Path<'_>) -> Invalid {
    Invalid::value(
        path,
        "expected a string, an array of strings, an array of tokens, or an array of arrays of tokens",
    )
}

fn text(path: Path<'_>, body: &str, raw: &str) -> Result<Place, Invalid> {
    if raw == "\"\"" {
        return Err(Invalid::value(
            path,
            "an empty string has no embedding; leave it out",
        ));
    }
    Ok(Place {
        raw: Span::of(body, raw),
        kind: Kind::Text,
    })
}

fn tokens(path: Path<'_>, body: &str, raw: &str) -> Result<Place, Invalid> {
    let tokens = check::array(path, raw, MOST_TOKENS)?;
    for (index, token) in tokens.iter().enumerate() {
        check::integer(Path::Item(&path, index), token, 0..=i64::from(u32::MAX))?;
    }
    match u32::try_from(tokens.len()) {
        Ok(0) => Err(Invalid::value(
            path,
            "an empty array has no embedding; leave it out",
        )),
        count => Ok(Place {
            raw: Span::of(body, raw),
            kind: Kind::Tokens(count.unwrap_or(u32::MAX)),
        }),
    }
}
