//! Checks of `messages`; each becomes a record of where its parts stand in the body.

use crate::catalog::{Abilities, Ability};

use super::super::json::{self, Kind};
use super::super::object::{Object, Span};
use super::check::{self, Path};
use super::invalid::Invalid;
use super::record::{CallRecord, Care, Content, PartRecord, REPLAYED, Record};
use super::view::Role;

const MOST_MESSAGES: usize = 100_000;
const MOST_PARTS: usize = 100_000;
const MOST_CALLS: usize = 1_024;

/// Reads messages and gathers what they need a model to be able to.
pub(super) struct Reader<'b> {
    pub body: &'b str,
    pub needs: Abilities,
}

impl<'b> Reader<'b> {
    pub(super) fn messages(
        &mut self,
        path: Path<'_>,
        raw: &'b str,
    ) -> Result<Vec<Record>, Invalid> {
        let messages = check::array(path, raw, MOST_MESSAGES)?;
        if messages.is_empty() {
            return Err(Invalid::value(path, "expected at least one message"));
        }
        messages
            .into_iter()
            .enumerate()
            .map(|(index, raw)| self.message(Path::Item(&path, index), raw))
            .collect()
    }

    fn span(&self, part: &str) -> Span {
        Span::of(self.body, part)
    }

    fn message(&mut self, path: Path<'_>, raw: &'b str) -> Result<Record, Invalid> {
        let message = check::object(path, raw)?;
        let role = Role::read(
            Path::Member(&path, "role"),
            check::required(path, &message, "role")?,
        )?;
        let mut record = Record {
            role,
            span: self.span(raw),
            content: Content::Absent,
            name: None,
            tool_call_id: None,
            calls: Vec::new(),
            care: Care::None,
        };
        if role == Role::Developer || message.iter().any(|(name, _)| REPLAYED.contains(&name)) {
            record.care = Care::MayNeedRewriting;
        }
        if let Some(name) = message.borrowed("name") {
            check::is_text(Path::Member(&path, "name"), name)?;
            record.name = Some(self.span(name));
        }
        self.content(path, &message, &mut record)?;
        match role {
            Role::Tool => {
                let id = check::required(path, &message, "tool_call_id")?;
                check::is_text(Path::Member(&path, "tool_call_id"), id)?;
                record.tool_call_id = Some(self.span(id));
            }
            Role::Assistant => self.calls(path, &message, &mut record)?,
            Role::Function if record.name.is_none() => {
                return Err(Invalid::missing(Path::Member(&path, "name")));
            }
            Role::System | Role::Developer | Role::User | Role::Function => {}
        }
        Ok(record)
    }

    fn content(
        &mut self,
        path: Path<'_>,
        message: &Object<'b>,
        record: &mut Record,
    ) -> Result<(), Invalid> {
        let at = Path::Member(&path, "content");
        let Some(raw) = message.borrowed("content") else {
            let stands_in = ["tool_calls", "function_call", "refusal", "audio"];
            let excused = match record.role {
                Role::Assistant => stands_in.iter().any(|name| message.get(name).is_some()),
                Role::Function => true,
                Role::System | Role::Developer | Role::User | Role::Tool => false,
            };
            return if excused {
                Ok(())
            } else {
                Err(Invalid::missing(at))
            };
        };
        match Kind::of(raw) {
            Kind::String => record.content = Content::Text(self.span(raw)),
            Kind::Array => {
                let parts = check::array(at, raw, MOST_PARTS)?;
                if parts.is_empty() {
                    return Err(Invalid::value(at, "expected at least one part"));
                }
                let mut records = Vec::with_capacity(parts.len());
                for (index, raw) in parts.into_iter().enumerate() {
                    let part = check::object(Path::Item(&at, index), raw)?;
                    if part.has("cache_control") {
                        record.care = Care::MayNeedRewriting;
                    }
                    records.push(self.part(Path::Item(&at, index), &part)?);
                }
                // No server of OpenAI's family takes anything but text in a tool's result.
                if record.role == Role::Tool && !records.iter().all(PartRecord::is_text) {
                    record.care = Care::MayNeedRewriting;
                }
                record.content = Content::Parts(records);
            }
            kind @ (Kind::Null | Kind::Bool | Kind::Number | Kind::Object) => {
                return Err(Invalid::value(
                    at,
                    format_args!(
                        "expected a string or an array of parts, got {}",
                        kind.as_str()
                    ),
                ));
            }
        }
        Ok(())
    }

    fn part(&mut self, path: Path<'_>, part: &Object<'b>) -> Result<PartRecord, Invalid> {
        const KINDS: [&str; 5] = ["text", "image_url", "input_audio", "file", "refusal"];
        let kind = check::required(path, part, "type")?;
        let kind = check::one_of(Path::Member(&path, "type"), kind, &KINDS)?;
        let raw = check::required(path, part, kind)?;
        let at = Path::Member(&path, kind);
        match kind {
            "text" => {
                check::is_text(at, raw)?;
                Ok(PartRecord::Text(self.span(raw)))
            }
            "refusal" => {
                check::is_text(at, raw)?;
                Ok(PartRecord::Refusal(self.span(raw)))
            }
            "image_url" => self.image(at, raw),
            "input_audio" => {
                let audio = check::object(at, raw)?;
                for name in ["data", "format"] {
                    check::is_text(Path::Member(&at, name), check::required(at, &audio, name)?)?;
                }
                self.needs = self.needs.with(Ability::Audio);
                Ok(PartRecord::Audio(self.span(raw)))
            }
            _ => self.file(at, raw),
        }
    }

    fn image(&mut self, path: Path<'_>, raw: &'b str) -> Result<PartRecord, Invalid> {
        let image = check::object(path, raw)?;
        let url = check::required(path, &image, "url")?;
        let at = Path::Member(&path, "url");
        // The URL may be megabytes of data: only its beginning is looked at.
        check::is_text(at, url)?;
        let scheme = ["\"data:", "\"https:", "\"http:"];
        let start = url.get(..7).unwrap_or(url).to_ascii_lowercase();
        if !scheme.iter().any(|scheme| start.starts_with(scheme)) {
            return Err(Invalid::value(at, "expected an https:, http: or data: URL"));
        }
        let detail = image.borrowed("detail");
        if let Some(detail) = detail {
            check::one_of(
                Path::Member(&path, "detail"),
                detail,
                &["auto", "low", "high", "original"],
            )?;
        }
        self.needs = self.needs.with(Ability::Vision);
        Ok(PartRecord::Image {
            url: self.span(url),
            detail: detail.map(|detail| self.span(detail)),
        })
    }

    fn file(&mut self, path: Path<'_>, raw: &'b str) -> Result<PartRecord, Invalid> {
        let file = check::object(path, raw)?;
        for name in ["file_data", "file_id", "filename"] {
            if let Some(raw) = file.get(name) {
                check::is_text(Path::Member(&path, name), raw)?;
            }
        }
        if file.get("file_data").or(file.get("file_id")).is_none() {
            return Err(Invalid::missing(Path::Member(&path, "file_data")));
        }
        self.needs = self.needs.with(Ability::Files);
        Ok(PartRecord::File(self.span(raw)))
    }

    fn calls(
        &self,
        path: Path<'_>,
        message: &Object<'b>,
        record: &mut Record,
    ) -> Result<(), Invalid> {
        if let Some(raw) = message.borrowed("tool_calls") {
            let at = Path::Member(&path, "tool_calls");
            for (index, raw) in check::array(at, raw, MOST_CALLS)?.into_iter().enumerate() {
                record.calls.push(self.call(Path::Item(&at, index), raw)?);
            }
        }
        if let Some(raw) = message.borrowed("function_call") {
            let at = Path::Member(&path, "function_call");
            let (name, arguments) = self.invocation(at, raw, "arguments")?;
            record.calls.push(CallRecord {
                id: None,
                name,
                arguments,
            });
        }
        Ok(())
    }

    fn call(&self, path: Path<'_>, raw: &'b str) -> Result<CallRecord, Invalid> {
        let call = check::object(path, raw)?;
        let id = check::required(path, &call, "id")?;
        check::is_text(Path::Member(&path, "id"), id)?;
        // Old clients leave the type out; there was only one.
        let kind = call.get("type").unwrap_or("\"function\"");
        let kind = check::one_of(Path::Member(&path, "type"), kind, &["function", "custom"])?;
        let raw = check::required(path, &call, kind)?;
        let input = if kind == "function" {
            "arguments"
        } else {
            "input"
        };
        let (name, arguments) = self.invocation(Path::Member(&path, kind), raw, input)?;
        Ok(CallRecord {
            id: Some(self.span(id)),
            name,
            arguments,
        })
    }

    fn invocation(
        &self,
        path: Path<'_>,
        raw: &'b str,
        input: &str,
    ) -> Result<(Span, Span), Invalid> {
        let function = check::object(path, raw)?;
        let name = check::required(path, &function, "name")?;
        let input_raw = check::required(path, &function, input)?;
        check::is_text(Path::Member(&path, "name"), name)?;
        check::is_text(Path::Member(&path, input), input_raw)?;
        if json::string_len(name) == 0 {
            return Err(Invalid::value(
                Path::Member(&path, "name"),
                "expected a name that is not empty",
            ));
        }
        Ok((self.span(name), self.span(input_raw)))
    }
}
