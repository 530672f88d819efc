//! A form that a page sent: its fields as they were typed.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::http::cookie::{self, Origin};
use crate::http::{ApiError, Code, Switchboard, body};
use crate::pages::Panel;
use crate::pages::Typed;

/// Fields of a form; more of them are not read.
const MOST_FIELDS: usize = 64;

/// The fields of a form, each with its last value.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form that a page of ours sent. 403 when a page of someone else did.
    pub async fn read(
        desk: &Switchboard,
        http: &HttpRequest,
        payload: Payload,
    ) -> Result<Self, ApiError> {
        Self::read_within(desk, http, payload, desk.settings.limits.other_body_bytes).await
    }

    /// The same of a form of so many bytes at the most.
    pub async fn read_within(
        desk: &Switchboard,
        http: &HttpRequest,
        payload: Payload,
        limit: usize,
    ) -> Result<Self, ApiError> {
        match cookie::origin(http.headers(), &desk.settings) {
            Origin::Own | Origin::Unsaid => {}
            Origin::Foreign => {
                let message =
                    "This form was sent by another site's page; open ours and send it there.";
                return Err(ApiError::new(Code::ForeignOrigin, message));
            }
        }
        let body = body::read(desk, http, payload, limit).await?;
        Ok(Self::parse(&body.bytes))
    }

    /// The parameters of a path, which forms of method GET write.
    pub fn of_query(http: &HttpRequest) -> Self {
        Self::parse(http.query_string().as_bytes())
    }

    fn parse(bytes: &[u8]) -> Self {
        let fields = form_urlencoded::parse(bytes).into_owned();
        Self(fields.take(MOST_FIELDS).collect())
    }

    /// What was typed into a field; nothing when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().rev().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// All values of a field: of boxes that were ticked.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let given = self.0.iter().filter(move |(field, _)| field == name);
        given.map(|(_, value)| value.trim())
    }

    /// Whether anything was typed into a field.
    pub fn has(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// A text as the API reads it; an empty field is `null`.
    pub fn json(&self, name: &str) -> Value {
        match self.text(name) {
            "" => Value::Null,
            text => json!(text),
        }
    }

    /// The boxes that were ticked, as the API reads them.
    pub fn list(&self, name: &str) -> Value {
        self.all(name).collect()
    }

    /// What was typed over what is stored, in the fields of one form.
    pub fn over(&self, mut stored: Typed, fields: &[&str]) -> Typed {
        for name in fields {
            stored.clear(name);
            stored = stored.with_all(name, self.all(name).map(str::to_owned));
        }
        stored
    }
}

/// A JSON object of some members.
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Puts an error beside its field; above the page when it has none of these.
pub fn refuse(typed: Typed, panel: &mut Panel, error: &ApiError, fields: &[&str]) -> Typed {
    let said = said(error);
    match error.field().filter(|field| fields.contains(field)) {
        Some(field) => typed.but(field, said),
        None => {
            panel.trouble = said;
            typed
        }
    }
}

/// An error's message as it reads beside a field.
fn said(error: &ApiError) -> String {
    if error.code() == Code::MissingRequiredParameter && error.field().is_some() {
        return "This has to be filled in.".to_owned();
    }
    match error.expected() {
        Some(expected) => {
            let expected = expected.replace(" as a text", "").replace(", or null", "");
            format!("Expected {expected}.")
        }
        None => sentence(error.message()),
    }
}

/// A message as a sentence of a page: with a capital and a stop.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let stop = if message.ends_with('.') { "" } else { "." };
    first
        .into_iter()
        .chain(letters)
        .chain(stop.chars())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_trimmed() {
        let form = Form::parse(b"email=+ada%40example.com+&next=%2Fa%3Fb%3D1&x=%ff");
        assert_eq!(form.text("email"), "ada@example.com");
        assert_eq!(form.text("next"), "/a?b=1");
        assert_eq!(form.text("x"), "\u{fffd}");
        assert_eq!(form.text("missing"), "");
    }

    #[test]
    fn what_was_typed_stands_over_what_is_stored() {
        let stored = Typed::default()
            .with("a", "1")
            .with("b", "2")
            .with("c", "3");
        let typed = Form::parse(b"a=9&a=8&x=7").over(stored, &["a", "b"]);
        assert!(typed.has("a", "9") && typed.has("a", "8") && !typed.has("a", "1"));
        assert_eq!(
            (typed.value("b"), typed.value("c"), typed.value("x")),
            ("", "3", "")
        );
    }

    #[test]
    fn errors_read_well_beside_their_fields() {
        let wrong = ApiError::unexpected("spend_limit_usd.day", "an amount in USD as a text");
        assert_eq!(said(&wrong), "Expected an amount in USD.");
        let limit = "an amount in USD as a text, 0 or more, or null";
        let wrong_limit = ApiError::unexpected("daily_limit_usd", limit);
        assert_eq!(said(&wrong_limit), "Expected an amount in USD, 0 or more.");
        let bare = ApiError::new(Code::InvalidValue, "only 8 USD are available");
        assert_eq!(said(&bare), "Only 8 USD are available.");
        let missing = ApiError::new(Code::MissingRequiredParameter, "Missing …").param("name");
        assert_eq!(said(&missing), "This has to be filled in.");
        let mut panel = crate::pages::dashboard::Tab::Keys.panel();
        let typed = refuse(Typed::default(), &mut panel, &missing, &["name"]);
        assert_eq!(
            (typed.wrong("name"), panel.trouble.as_str()),
            ("This has to be filled in.", "")
        );
        let typed = refuse(Typed::default(), &mut panel, &wrong, &["name"]);
        assert_eq!(
            (typed.is_wrong(), panel.trouble.as_str()),
            (false, "Expected an amount in USD.")
        );
    }
}
