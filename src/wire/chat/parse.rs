//! From the body's bytes to a checked request.

use bytes::Bytes;

use crate::catalog::{Abilities, Ability};

use super::super::json::{self, Kind};
use super::super::object::{Object, Span};
use super::check::{self, Path};
use super::invalid::Invalid;
use super::message::Reader;
use super::tools::{Declared, Format};
use super::{ChatRequest, Facts, Field, extensions, tools};

/// Deepest nesting of arrays and objects.
const MOST_DEPTH: usize = 128;
const MOST_MODEL_BYTES: usize = 256;
const MOST_STOPS: usize = 4;

impl ChatRequest {
    /// Reads and checks a request. Unknown fields are kept as they are; a `null` counts as absent.
    pub fn parse(body: Bytes) -> Result<Self, Invalid> {
        let body = body_text(body)?;
        let top = Object::parse(&body).map_err(Invalid::json)?;
        let mut reader = Reader {
            body: &body,
            needs: Abilities::NONE,
        };
        let model = top
            .borrowed("model")
            .ok_or_else(|| Invalid::missing("model"))?;
        let mut facts = Facts {
            model: model_name(model)?,
            ..Facts::default()
        };
        let messages = top
            .borrowed("messages")
            .ok_or_else(|| Invalid::missing("messages"))?;
        let messages = reader.messages(Path::Field("messages"), messages)?;
        facts.needs = reader.needs;
        for (name, raw) in top.iter().filter(|(_, raw)| *raw != "null") {
            if !facts.read_ours(name, raw)? && !facts.read_shape(name, raw, &body)? {
                check_plain(name, raw)?;
            }
        }
        if top.get("top_logprobs").is_some() && !facts.logprobs {
            return Err(Invalid::value(
                "top_logprobs",
                "it is allowed only together with 'logprobs': true",
            ));
        }
        let fields = top
            .into_members()
            .map(|(name, raw)| Field {
                name: name.into(),
                value: Span::of(&body, &raw),
            })
            .collect();
        Ok(Self {
            fields,
            messages,
            facts,
            body,
        })
    }
}

/// A body as text that is safe to be parsed: UTF-8, shorter than 4 GiB, not nested too deeply.
pub(in crate::wire) fn body_text(body: Bytes) -> Result<String, Invalid> {
    let body = String::from_utf8(body.into())
        .map_err(|_| Invalid::json("it is not UTF-8; send JSON in UTF-8"))?;
    if u32::try_from(body.len()).is_err() {
        return Err(Invalid::json("it is larger than 4 GiB"));
    }
    if json::is_deeper(&body, MOST_DEPTH) {
        return Err(Invalid::json(format_args!(
            "it is nested deeper than {MOST_DEPTH} levels"
        )));
    }
    Ok(body)
}

/// The name of a model, trimmed.
pub(in crate::wire) fn model_name(raw: &str) -> Result<String, Invalid> {
    let path = Path::Field("model");
    let name = check::text(path, raw)?;
    let name = name.trim();
    if name.is_empty() {
        return Err(Invalid::missing(path));
    }
    if name.len() > MOST_MODEL_BYTES {
        return Err(Invalid::value(path, "a model name has at most 256 bytes"));
    }
    Ok(name.to_owned())
}

impl Facts {
    /// Our extensions. Says whether `name` was one of them.
    fn read_ours(&mut self, name: &str, raw: &str) -> Result<bool, Invalid> {
        let at = Path::Field(name);
        match name {
            "prefer" => self.prefer = Some(extensions::prefer(at, raw)?),
            "include_reasoning" => self.include_reasoning = Some(check::boolean(at, raw)?),
            "reasoning" => self.reasoning = extensions::reasoning(at, raw)?,
            "models" => self.fallback_models = extensions::models(at, raw)?,
            "recovery" => self.recovery = Some(extensions::recovery(at, raw)?),
            "provider" => self.rules = extensions::provider(at, raw)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Fields that decide which models can answer, and how. Says whether `name` was one of them.
    fn read_shape(&mut self, name: &str, raw: &str, body: &str) -> Result<bool, Invalid> {
        let at = Path::Field(name);
        match name {
            "model" | "messages" => {}
            "stream" => self.stream = check::boolean(at, raw)?,
            "max_tokens" => self.max_tokens = Some(tokens(at, raw)?),
            "max_completion_tokens" => self.max_completion_tokens = Some(tokens(at, raw)?),
            "n" => {
                let n = u32::try_from(check::integer(at, raw, 1..=128)?).ok();
                self.n = n;
                if n > Some(1) {
                    self.need(Ability::N);
                }
            }
            "logprobs" => {
                self.logprobs = check::boolean(at, raw)?;
                if self.logprobs {
                    self.need(Ability::Logprobs);
                }
            }
            "tools" => {
                let declared = tools::tools(at, raw)?;
                self.declare(declared, Span::of(body, raw));
            }
            "functions" => {
                let declared = tools::functions(at, raw)?;
                self.declare(declared, Span::of(body, raw));
            }
            "response_format" => {
                if tools::response_format(at, raw)? == Format::Schema {
                    self.need(Ability::JsonSchema);
                }
            }
            "modalities" => self.modalities(at, raw)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn need(&mut self, ability: Ability) {
        self.needs = self.needs.with(ability);
    }

    fn declare(&mut self, declared: Declared, span: Span) {
        match declared {
            Declared::Some => {
                self.need(Ability::Tools);
                self.tools = Some(span);
            }
            Declared::None => {}
        }
    }

    fn modalities(&mut self, path: Path<'_>, raw: &str) -> Result<(), Invalid> {
        for (index, raw) in check::array(path, raw, 2)?.into_iter().enumerate() {
            let kind = check::one_of(Path::Item(&path, index), raw, &["text", "audio"])?;
            if kind == "audio" {
                self.need(Ability::Audio);
            }
        }
        Ok(())
    }
}

fn tokens(path: Path<'_>, raw: &str) -> Result<u64, Invalid> {
    let count = check::integer(path, raw, 1..=i64::MAX)?;
    Ok(count.unsigned_abs())
}

/// Fields that only have to be well-formed. Unknown ones pass.
fn check_plain(name: &str, raw: &str) -> Result<(), Invalid> {
    let at = Path::Field(name);
    match name {
        "temperature" => check::number(at, raw, 0.0..=2.0),
        "top_p" => check::number(at, raw, 0.0..=1.0),
        "presence_penalty" | "frequency_penalty" => check::number(at, raw, -2.0..=2.0),
        "top_logprobs" => check::integer(at, raw, 0..=20).map(|_| ()),
        "seed" => check::integer(at, raw, i64::MIN..=i64::MAX).map(|_| ()),
        "stop" => stop(at, raw),
        "tool_choice" => tools::tool_choice(at, raw),
        "function_call" => function_call(at, raw),
        "reasoning_effort" => extensions::Effort::read(at, raw).map(|_| ()),
        "stream_options" => stream_options(at, raw),
        "parallel_tool_calls" | "store" => check::boolean(at, raw).map(|_| ()),
        "logit_bias" | "metadata" | "prediction" | "audio" | "web_search_options" => {
            check::is_kind(at, raw, Kind::Object)
        }
        "user" | "service_tier" | "verbosity" | "safety_identifier" | "prompt_cache_key" => {
            check::is_text(at, raw)
        }
        _ => Ok(()),
    }
}

fn stop(path: Path<'_>, raw: &str) -> Result<(), Invalid> {
    match Kind::of(raw) {
        Kind::String => Ok(()),
        Kind::Array => check::texts(path, raw, MOST_STOPS).map(|_| ()),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Object => Err(Invalid::value(
            path,
            format_args!("expected a string or at most {MOST_STOPS} strings"),
        )),
    }
}

fn function_call(path: Path<'_>, raw: &str) -> Result<(), Invalid> {
    if Kind::of(raw) == Kind::String {
        return check::one_of(path, raw, &["none", "auto"]).map(|_| ());
    }
    let call = check::object(path, raw)?;
    check::is_text(
        Path::Member(&path, "name"),
        check::required(path, &call, "name")?,
    )
}

fn stream_options(path: Path<'_>, raw: &str) -> Result<(), Invalid> {
    let options = check::object(path, raw)?;
    options.get("include_usage").map_or(Ok(()), |raw| {
        check::boolean(Path::Member(&path, "include_usage"), raw).map(|_| ())
    })
}
