//! The web pages over HTTP: their headers, their sizes, what browsers and API clients get, and that
//! nothing which is echoed becomes markup.

use std::io::Read;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

use super::router::{Router, header};

/// Every page that anybody may see.
pub const OPEN: [&str; 19] = [
    "/",
    "/models",
    "/v1/models",
    "/models?q=gpt&sort=-output",
    "/models/gpt-4.1",
    "/v1/models/meta-llama/llama-4-scout-17b-16e-instruct",
    "/models/text-embedding-3-small",
    "/docs",
    "/docs/tiers",
    "/docs/auto-routing",
    "/docs/errors",
    "/docs/limits",
    "/docs/headers",
    "/docs/failover",
    "/docs/billing",
    "/docs/telemetry",
    "/docs/self-hosting",
    "/docs/api",
    "/status",
];

/// Bytes of a page on the wire at the most.
const MOST_BYTES: usize = 60 << 10;

/// What browsers say they take.
pub const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

impl Router {
    /// A request of a browser that follows no redirect.
    pub fn browse(&self, path: &str) -> RequestBuilder {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        client
            .get(format!("{}{path}", self.url))
            .header("accept", BROWSER)
    }

    /// The text of a page that is there.
    pub async fn page(&self, path: &str) -> String {
        let response = self.browse(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }
}

/// The headers that every page has.
pub fn check_headers(path: &str, headers: &HeaderMap) {
    let policy = header(headers, "content-security-policy");
    assert!(
        policy.starts_with("default-src 'none';"),
        "{path}: {policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{path}: {policy}"
    );
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(header(headers, name), value, "{path}");
    }
    assert!(header(headers, "permissions-policy").contains("camera=()"));
    assert!(header(headers, "x-request-id").starts_with("req_"));
}

/// Nothing stands inline and nothing comes from another host.
pub fn check_markup(path: &str, html: &str) {
    assert!(html.starts_with("<!doctype html>"), "{path}");
    assert_eq!(
        html.matches("<script").count(),
        1,
        "{path}: one script, by address"
    );
    assert!(
        !html.contains("<style") && !html.contains(" style=\""),
        "{path}"
    );
    assert!(!html.contains("src=\"http") && !html.contains("rel=\"stylesheet\" href=\"http"));
    for word in [
        "<html lang=\"en\">",
        "<title>",
        "id=\"main\"",
        "class=\"skip\"",
        "<h1",
    ] {
        assert!(html.contains(word), "{path}: no {word}");
    }
    assert_eq!(
        html.matches("<h1").count(),
        1,
        "{path}: one heading of the first rank"
    );
    for handler in [" onclick=", " onload=", " onerror=", "javascript:"] {
        assert!(!html.contains(handler), "{path}: {handler}");
    }
}

#[actix_web::test]
async fn every_page_has_its_headers_is_small_and_is_not_sent_twice() {
    let router = Router::start().await;
    for path in OPEN {
        let plain = router.browse(path).send().await.unwrap();
        assert_eq!(plain.status(), 200, "{path}");
        check_headers(path, plain.headers());
        assert!(plain.headers().get("content-encoding").is_none());
        let tag = header(plain.headers(), "etag").to_owned();
        let html = plain.text().await.unwrap();
        check_markup(path, &html);

        let packed = router.browse(path).header("accept-encoding", "gzip, br");
        let packed = packed.send().await.unwrap();
        assert_eq!(header(packed.headers(), "content-encoding"), "gzip");
        assert!(header(packed.headers(), "vary").contains("Accept-Encoding"));
        let bytes = packed.bytes().await.unwrap();
        assert!(bytes.len() < MOST_BYTES, "{path}: {} bytes", bytes.len());
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut unpacked)
            .unwrap();
        check_markup(path, &unpacked);

        // What is live may have moved between two requests; what is not has the same tag.
        if path.starts_with("/docs/") && path != "/docs/tiers" {
            let again = router.browse(path).header("if-none-match", &tag);
            let again = again.send().await.unwrap();
            assert_eq!(again.status(), 304, "{path}");
            assert!(again.bytes().await.unwrap().is_empty());
        }
    }
}

#[actix_web::test]
async fn head_tells_the_same_without_a_body() {
    let router = Router::start().await;
    for path in OPEN.into_iter().chain(["/login", "/health"]) {
        let asked = router.client.head(format!("{}{path}", router.url));
        let response = asked.header("accept", BROWSER).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.bytes().await.unwrap().is_empty(), "{path}");
    }
}

#[actix_web::test]
async fn programs_get_json_where_browsers_get_pages() {
    let router = Router::start().await;
    for accept in [
        "*/*",
        "application/json",
        "application/json, text/html;q=0.5",
    ] {
        for path in ["/models", "/v1/models", "/v1/models/gpt-4.1"] {
            let request = router.client.get(format!("{}{path}", router.url));
            let response = request.header("accept", accept).send().await.unwrap();
            assert_eq!(
                header(response.headers(), "content-type"),
                "application/json"
            );
            assert!(header(response.headers(), "vary").contains("accept"));
            assert!(response.headers().get("content-encoding").is_none());
            let body: Value = response.json().await.unwrap();
            assert!(body["object"].is_string(), "{path} {accept}: {body}");
        }
    }
}

#[actix_web::test]
async fn what_is_not_there_is_a_page_for_browsers_and_json_for_programs() {
    let router = Router::start().await;
    for path in [
        "/nothing",
        "/models/gpt-9",
        "/docs/nothing",
        "/assets/style.css",
        "/admin/x",
    ] {
        let page = router.browse(path).send().await.unwrap();
        assert_eq!(page.status(), 404, "{path}");
        check_headers(path, page.headers());
        assert_eq!(header(page.headers(), "cache-control"), "no-store");
        check_markup(path, &page.text().await.unwrap());

        let json = router.client.get(format!("{}{path}", router.url));
        let (status, error) = super::router::error_of(json.send().await.unwrap()).await;
        assert_eq!(status, 404, "{path}: {error}");
    }
    // Under /v1 there are no pages but the models'.
    let api = router.browse("/v1/credits").send().await.unwrap();
    assert_eq!(super::router::error_of(api).await.0, 401);
}

#[actix_web::test]
async fn assets_have_the_name_of_their_content_and_are_kept_for_good() {
    let router = Router::start().await;
    let html = router.page("/").await;
    let mut found = 0;
    for part in html.split('"').filter(|part| part.starts_with("/assets/")) {
        found += 1;
        let mut texts = Vec::new();
        for coding in ["identity", "gzip", "br"] {
            let asked = router.browse(part).header("accept-encoding", coding);
            let response = asked.send().await.unwrap();
            assert_eq!(response.status(), 200, "{part}");
            let caching = header(response.headers(), "cache-control");
            assert_eq!(caching, "public, max-age=31536000, immutable");
            assert_eq!(
                header(response.headers(), "x-content-type-options"),
                "nosniff"
            );
            assert_eq!(
                header(response.headers(), "vary")
                    .matches("Accept-Encoding")
                    .count(),
                1
            );
            texts.push(unpacked(response).await);
        }
        assert!(
            !texts[0].is_empty() && texts.iter().all(|text| *text == texts[0]),
            "{part}"
        );
    }
    assert_eq!(found, 3, "style sheet, script, icon");
}

async fn unpacked(response: Response) -> Vec<u8> {
    let coding = response.headers().get("content-encoding").cloned();
    let bytes = response.bytes().await.unwrap();
    let mut plain = Vec::new();
    match coding.as_ref().map(|coding| coding.to_str().unwrap()) {
        Some("gzip") => {
            let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
            decoder.read_to_end(&mut plain).unwrap();
        }
        Some("br") => brotli::BrotliDecompress(&mut &bytes[..], &mut plain).unwrap(),
        _ => plain = bytes.to_vec(),
    }
    plain
}

/// Texts that are markup or script where they are not escaped.
pub const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg onload=alert(1)>",
    "</title></textarea></style><script>alert(1)</script>",
    "\" autofocus onfocus=\"alert(1)",
    "<a href=\"javascript:alert(1)\">x</a>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "<!--<script>",
];

/// A page that was asked for with a hostile text has it at most as text.
pub fn check_harmless(what: &str, html: &str, hostile: &str) {
    assert!(
        !html.contains(hostile),
        "{what}: {hostile} stands in the page as it is"
    );
    assert_eq!(html.matches("<script").count(), 1, "{what}: {hostile}");
    assert!(
        !html.contains("<img") && !html.contains("<svg onload"),
        "{what}: {hostile}"
    );
    assert!(!html.contains("\" onfocus") && !html.contains("\" autofocus onfocus"));
}

#[actix_web::test]
async fn nothing_that_is_echoed_becomes_markup() {
    let router = Router::start().await;
    for hostile in HOSTILE {
        let typed: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        for path in [
            format!("/models?q={typed}&tier={typed}&provider={typed}&can={typed}&sort={typed}"),
            format!("/models/{typed}"),
            format!("/docs/{typed}"),
            format!("/{typed}"),
            format!("/login?next={typed}"),
        ] {
            let page = router.browse(&path).send().await.unwrap();
            check_headers(&path, page.headers());
            check_harmless(&path, &page.text().await.unwrap(), hostile);
        }
    }
}

#[actix_web::test]
async fn a_router_behind_tls_insists_on_it() {
    let url = "https://router.example".parse().unwrap();
    let router = Router::with("", |settings| settings.server.public_url = Some(url)).await;
    let page = router.browse("/").send().await.unwrap();
    assert_eq!(
        header(page.headers(), "strict-transport-security"),
        "max-age=31536000"
    );
    let html = page.text().await.unwrap();
    assert!(html.contains("curl https://router.example/v1/chat/completions"));
    assert!(!html.contains("127.0.0.1"));
}
