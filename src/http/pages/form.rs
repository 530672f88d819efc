//! A form that a page sent: its fields as they were typed.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use url::form_urlencoded;

use crate::http::cookie::{self, Origin};
use crate::http::{ApiError, Code, Switchboard, body};

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
        match cookie::origin(http.headers(), &desk.settings) {
            Origin::Own | Origin::Unsaid => {}
            Origin::Foreign => {
                let message =
                    "This form was sent by another site's page; open ours and send it there.";
                return Err(ApiError::new(Code::ForeignOrigin, message));
            }
        }
        let limit = desk.settings.limits.other_body_bytes;
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
}
