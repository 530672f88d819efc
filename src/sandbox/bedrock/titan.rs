//! Titan's text embeddings by InvokeModel: one text a call.

use actix_web::{Error, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::{Value, json};

use super::desk::{self, Desk};
use super::errors::Trouble;
use crate::sandbox::call::Delivery;
use crate::sandbox::play::{self, Show};
use crate::sandbox::{dice, tokens, vector};

/// The most tokens of a text.
const MOST_TOKENS: usize = 8192;
/// The lengths of vectors that can be asked for.
const SIZES: [usize; 3] = [256, 512, 1024];

/// `POST /model/{id}/invoke`.
pub(super) async fn invoke(
    desk: web::Data<Desk>,
    request: HttpRequest,
    model: web::Path<String>,
    payload: Result<Bytes, Error>,
) -> HttpResponse {
    let received = desk
        .receive(&request, payload, &model, Delivery::Whole)
        .await;
    let (call, body) = match received {
        Ok(received) => received,
        Err(refusal) => return refusal,
    };
    let (text, size) = match read(&call.model, &body) {
        Ok(wanted) => wanted,
        Err(trouble) => return desk::refuse(call, &trouble),
    };
    let count = tokens::count(text);
    let numbers = if call.plan.empty {
        Vec::new()
    } else {
        vector::of(text, size)
    };
    let answer = json!({"embedding": numbers, "embeddingsByType": {"float": numbers},
        "inputTextTokenCount": count});
    let mut builder = HttpResponse::Ok();
    builder
        .content_type("application/json")
        .insert_header(("x-amzn-requestid", dice::fresh_uuid()))
        .insert_header(("x-amzn-bedrock-input-token-count", count.to_string()));
    let show = Show::whole(answer.to_string().into_bytes(), count);
    play::respond(builder, show, call.plan, call.entry)
}

/// The text and the length of its vector.
fn read<'a>(model: &str, body: &'a Value) -> Result<(&'a str, usize), Trouble> {
    let malformed = |what: &str| Trouble::invalid(format!("Malformed input request: {what}"));
    if !model.contains("titan-embed-text-v2") {
        return Err(Trouble::invalid(
            "The provided model identifier is invalid.",
        ));
    }
    let known = ["inputText", "dimensions", "normalize", "embeddingTypes"];
    let members = body.as_object().into_iter().flatten();
    if let Some((name, _)) = members
        .into_iter()
        .find(|(name, _)| !known.contains(&name.as_str()))
    {
        return Err(malformed(&format!(
            "extraneous key [{name}] is not permitted"
        )));
    }
    let text = body["inputText"]
        .as_str()
        .ok_or_else(|| malformed("required key [inputText] not found"))?;
    let count = tokens::count(text);
    if text.is_empty() {
        return Err(malformed("expected minLength: 1, actual: 0"));
    }
    if count > MOST_TOKENS {
        return Err(Trouble::invalid(format!(
            "400 Bad Request: Too many input tokens. Max input tokens: {MOST_TOKENS}, request input token count: {count}"
        )));
    }
    let asked = &body["dimensions"];
    let size = if asked.is_null() {
        Some(1024)
    } else {
        let size = asked.as_u64().and_then(|size| usize::try_from(size).ok());
        size.filter(|size| SIZES.contains(size))
    };
    let wrong_size = || malformed("dimensions is not one of 256, 512, 1024");
    Ok((text, size.ok_or_else(wrong_size)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "amazon.titan-embed-text-v2:0";

    #[test]
    fn wrong_requests_are_refused() {
        let refused = |model: &str, body: Value| read(model, &body).is_err();
        assert!(!refused(
            V2,
            json!({"inputText": "a", "dimensions": 256, "normalize": true})
        ));
        assert!(refused(V2, json!({"inputText": "a", "dimensions": 300})));
        assert!(refused(V2, json!({"inputText": ""})));
        assert!(refused(V2, json!({"inputText": ["a"]})));
        assert!(refused(V2, json!({"inputText": "a", "user": "me"})));
        assert!(refused(
            V2,
            json!({"inputText": "word ".repeat(MOST_TOKENS + 1)})
        ));
        assert!(refused("zai.glm-4.7", json!({"inputText": "a"})));
    }
}
