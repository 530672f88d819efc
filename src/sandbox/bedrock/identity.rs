//! Who asks: a bearer key, or a signature of the right shape. The signature itself is not checked.

use actix_web::HttpRequest;

use super::errors::Trouble;

/// The only key that is refused.
const INVALID_KEY: &str = "invalid";

/// What is wrong with the request's credential.
pub(super) fn trouble(request: &HttpRequest) -> Option<Trouble> {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok()
    };
    let Some(given) = header("authorization") else {
        return Some(Trouble::new(
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ));
    };
    if let Some(key) = given.strip_prefix("Bearer ") {
        return matches!(key.trim(), "" | INVALID_KEY).then(|| Trouble::of_status(403));
    }
    let well_formed = header("x-amz-date").is_some_and(is_date) && signature(given).is_some();
    if !well_formed {
        return Some(Trouble::new(
            403,
            "IncompleteSignatureException",
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters and an 'X-Amz-Date' header.",
        ));
    }
    let wrong = signature(given) == Some(INVALID_KEY);
    wrong.then(|| Trouble::of_status(403))
}

/// `20250102T030405Z`.
fn is_date(text: &str) -> bool {
    text.len() == 16
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        })
}

/// The access key id of a well-formed signature for Bedrock.
fn signature(header: &str) -> Option<&str> {
    let rest = header.strip_prefix("AWS4-HMAC-SHA256 Credential=")?;
    let (credential, rest) = rest.split_once(", SignedHeaders=")?;
    let (signed, signature) = rest.split_once(", Signature=")?;
    let scope: Vec<&str> = credential.split('/').collect();
    let [key, day, region, "bedrock", "aws4_request"] = scope[..] else {
        return None;
    };
    let names: Vec<&str> = signed.split(';').collect();
    let fits = !region.is_empty()
        && day.len() == 8
        && names.contains(&"host")
        && names.contains(&"x-amz-date")
        && signature.len() == 64
        && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then_some(key)
}
