//! Sends pages: which form the browser takes, and the headers of security and of caches.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT, Accept, AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, Encoding,
    Header, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use flate2::Compression;
use sha2::{Digest, Sha256};

use crate::config::Settings;
use crate::http::ApiError;
use crate::pages::{Page, asset};

/// Nothing of other hosts and nothing inline: what is not named here is refused.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every page beside the policy.
const GUARDS: [(&str, &str); 6] = [
    ("x-frame-options", "DENY"),
    // Not "no-referrer": browsers would then hide the origin of forms that are sent.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
         microphone=(), payment=(), usb=()",
    ),
    ("content-security-policy", POLICY),
];

/// Hex digits of a page's tag.
const TAG_DIGITS: usize = 32;

/// A page without secrets: compressed, and not sent again to whoever has it.
pub fn open(
    http: &HttpRequest,
    settings: &Settings,
    page: &impl Page,
) -> Result<HttpResponse, ApiError> {
    html(http, settings, page.render().map_err(ApiError::internal)?)
}

/// The same, once it is rendered.
pub fn html(
    http: &HttpRequest,
    settings: &Settings,
    html: String,
) -> Result<HttpResponse, ApiError> {
    let tag = format!(
        "W/\"{}\"",
        &hex::encode(Sha256::digest(&html))[..TAG_DIGITS]
    );
    let is_known = http
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag));
    let mut response = HttpResponse::Ok();
    guard(&mut response, settings);
    response
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((VARY, "Accept, Accept-Encoding, Cookie"));
    if is_known {
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8"));
    Ok(match taken(http, &[Encoding::gzip()]) {
        Some(_) => response
            .insert_header((CONTENT_ENCODING, "gzip"))
            .body(asset::gzip(html.as_bytes(), Compression::default())),
        None => response.body(html),
    })
}

/// A page of one visitor, which no cache may keep. It is not compressed: whoever could guess at
/// secrets beside an echoed text would learn from the length.
pub fn personal(
    status: StatusCode,
    settings: &Settings,
    page: &impl Page,
) -> Result<HttpResponse, ApiError> {
    let html = page.render().map_err(ApiError::internal)?;
    let mut response = HttpResponse::build(status);
    guard(&mut response, settings);
    Ok(response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(html))
}

/// The headers of every page.
fn guard(response: &mut HttpResponseBuilder, settings: &Settings) {
    for (name, value) in guards(settings) {
        response.insert_header((name, value));
    }
}

/// The headers that every page carries: what it may load, and who may show it.
pub fn guards(settings: &Settings) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let is_tls = settings.public_url().starts_with("https://");
    let tls = is_tls.then_some(("strict-transport-security", "max-age=31536000"));
    let all = GUARDS.into_iter().chain(tls);
    all.map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    })
}

/// The best of some encodings that a request takes; `None` for none of them.
pub fn taken(http: &HttpRequest, offered: &[Encoding]) -> Option<Encoding> {
    let identity = Encoding::identity();
    let all = offered.iter().chain([&identity]);
    let taken = AcceptEncoding::parse(http).ok()?.negotiate(all)?;
    (taken != identity).then_some(taken)
}

/// Whether a request comes from a browser's address bar or links: it names HTML, and not behind JSON.
pub fn wants_html(http: &HttpRequest) -> bool {
    if !mentions_html(http.headers()) {
        return false;
    }
    let Ok(accept) = Accept::parse(http) else {
        return false;
    };
    accept
        .ranked()
        .iter()
        .find_map(
            |kind| match (kind.type_().as_str(), kind.subtype().as_str()) {
                ("text", "html") => Some(true),
                ("application", "json") => Some(false),
                _ => None,
            },
        )
        .unwrap_or(false)
}

fn mentions_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn html(accept: &str) -> bool {
        let request = TestRequest::default().insert_header((ACCEPT, accept));
        wants_html(&request.to_http_request())
    }

    #[test]
    fn browsers_get_html_and_clients_json() {
        assert!(html(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        ));
        assert!(html("text/html"));
        for other in [
            "*/*",
            "application/json",
            "application/json, text/html;q=0.5",
            "",
            "text/",
            "text/htmlx",
        ] {
            assert!(!html(other), "{other}");
        }
        assert!(!wants_html(&TestRequest::default().to_http_request()));
    }

    #[test]
    fn encodings_that_are_refused_are_not_sent() {
        let taken = |accepted: &str| {
            let request = TestRequest::default().insert_header(("accept-encoding", accepted));
            taken(
                &request.to_http_request(),
                &[Encoding::brotli(), Encoding::gzip()],
            )
        };
        assert_eq!(taken("gzip, deflate, br"), Some(Encoding::brotli()));
        assert_eq!(taken("gzip"), Some(Encoding::gzip()));
        assert_eq!(taken("gzip;q=0, identity"), None);
        assert_eq!(taken("zstd"), None);
        assert_eq!(taken(""), None);
    }
}
