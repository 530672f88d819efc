//! Sessions over HTTP: cookies and bearers, foreign pages, lists and ends.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::mailbox::{SignedIn, code, request};
use super::router::{Router, error_of, text};

const LIST: &str = "/v1/account/sessions";

impl SignedIn {
    /// The cookie as a browser sends it back.
    fn sent(&self) -> String {
        self.cookie.split(';').next().unwrap().to_owned()
    }
}

fn with_bearer(router: &Router, method: Method, path: &str, who: &SignedIn) -> RequestBuilder {
    let url = format!("{}{path}", router.url);
    router.client.request(method, url).bearer_auth(&who.token)
}

fn with_cookie(router: &Router, method: Method, path: &str, who: &SignedIn) -> RequestBuilder {
    let url = format!("{}{path}", router.url);
    router
        .client
        .request(method, url)
        .header("cookie", who.sent())
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

async fn list(router: &Router, who: &SignedIn) -> Vec<Value> {
    let response = with_bearer(router, Method::GET, LIST, who)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let body: Value = response.json().await.unwrap();
    body["data"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn an_account_sees_its_own_sessions_only() {
    let router = Router::start().await;
    let first = router.sign_in("ada@example.com", 1).await;
    let second = router.sign_in("ada@example.com", 2).await;
    router.sign_in("eve@example.com", 1).await;
    let seen = list(&router, &second).await;
    let ids: Vec<String> = seen.iter().map(|session| text(&session["id"])).collect();
    assert_eq!(ids, [first.session.clone(), second.session.clone()]);
    let current: Vec<&Value> = seen.iter().map(|session| &session["current"]).collect();
    assert_eq!(current, [false, true]);
    assert_eq!(seen[0]["user_agent"], "a browser of the tests");
    assert!(text(&seen[0]["created_at"]).starts_with("20"));
    let said = serde_json::to_string(&seen).unwrap();
    assert!(!said.contains(&first.token) && !said.contains(&second.token));
}

#[actix_web::test]
async fn not_yours_and_not_there_are_the_same_answer() {
    let router = Router::start().await;
    let ada = router.sign_in("ada@example.com", 1).await;
    let eve = router.sign_in("eve@example.com", 1).await;
    let mut answers = Vec::new();
    for id in [
        ada.session.as_str(),
        "sess_01M8AEPHFJ2D45RNBPH5F3AKW5",
        "nonsense",
    ] {
        let path = format!("{LIST}/{id}");
        let response = with_bearer(&router, Method::DELETE, &path, &eve)
            .send()
            .await
            .unwrap();
        answers.push(error_of(response).await);
    }
    assert_eq!(answers[0].0, 404);
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(list(&router, &ada).await.len(), 1);
}

#[actix_web::test]
async fn an_ended_session_is_dead_at_once_by_cookie_and_by_bearer() {
    let router = Router::start().await;
    let first = router.sign_in("ada@example.com", 1).await;
    let second = router.sign_in("ada@example.com", 2).await;
    let path = format!("{LIST}/{}", first.session);
    assert_eq!(
        status(with_bearer(&router, Method::DELETE, &path, &second)).await,
        200
    );
    for request in [
        with_bearer(&router, Method::GET, LIST, &first),
        with_cookie(&router, Method::GET, LIST, &first),
    ] {
        let (status, error) = error_of(request.send().await.unwrap()).await;
        assert_eq!(
            (status, text(&error["code"])),
            (401, "invalid_session".into())
        );
    }
    assert_eq!(list(&router, &second).await.len(), 1);
}

#[actix_web::test]
async fn logging_out_ends_one_session_and_everywhere_ends_all() {
    let router = Router::start().await;
    let mut sessions = Vec::new();
    for mails in 1..=3 {
        sessions.push(router.sign_in("ada@example.com", mails).await);
    }
    let out = with_bearer(&router, Method::POST, "/v1/auth/logout", &sessions[0]);
    let response = out.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let cookie = response.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        cookie.starts_with("mr=;") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    assert_eq!(list(&router, &sessions[1]).await.len(), 2);
    let all = with_bearer(&router, Method::DELETE, LIST, &sessions[1]);
    let body: Value = all.send().await.unwrap().json().await.unwrap();
    assert_eq!(body["deleted"], 2);
    for session in &sessions {
        assert_eq!(
            status(with_bearer(&router, Method::GET, LIST, session)).await,
            401
        );
    }
}

#[actix_web::test]
async fn a_cookie_changes_something_only_from_our_own_pages() {
    let router = Router::with("", |settings| {
        settings.server.public_url = Some("http://127.0.0.1:8080".parse().unwrap());
    })
    .await;
    let ada = router.sign_in("ada@example.com", 1).await;
    let missing = format!("{LIST}/sess_01M8AEPHFJ2D45RNBPH5F3AKW5");
    let cases: [(&[(&str, &str)], u16); 7] = [
        (&[], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("origin", "https://evil.example")], 403),
        (
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://127.0.0.1:8080"),
            ],
            403,
        ),
        // Past the check, the session to end is not there.
        (&[("sec-fetch-site", "same-origin")], 404),
        (&[("origin", "http://127.0.0.1:8080")], 404),
    ];
    for (headers, expected) in cases {
        let mut request = with_cookie(&router, Method::DELETE, &missing, &ada);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_eq!(status(request).await, expected, "{headers:?}");
    }
    let read = with_cookie(&router, Method::GET, LIST, &ada).header("sec-fetch-site", "cross-site");
    assert_eq!(status(read).await, 200);
    let bearer = with_bearer(&router, Method::DELETE, &missing, &ada);
    assert_eq!(status(bearer).await, 404);
}

#[actix_web::test]
async fn a_foreign_page_cannot_sign_its_visitor_in() {
    let router = Router::start().await;
    let flow = request(&router.client, &router.url, "eve@example.com").await;
    let code = code(&router.dir.path().join("var"), "eve@example.com", 1).await;
    let body = serde_json::json!({ "email": "eve@example.com", "code": code, "flow": flow });
    let response = router
        .client
        .post(format!("{}/v1/auth/verify-code", router.url))
        .header("sec-fetch-site", "cross-site")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("set-cookie"));
}

#[actix_web::test]
async fn behind_tls_the_cookie_is_bound_to_the_host() {
    let router = Router::with("", |settings| {
        settings.server.public_url = Some("https://router.example".parse().unwrap());
    })
    .await;
    let ada = router.sign_in("ada@example.com", 1).await;
    assert!(ada.cookie.starts_with("__Host-mr=mr_ss_"), "{}", ada.cookie);
    assert!(ada.cookie.contains("Secure") && !ada.cookie.contains("Domain"));
    assert_eq!(
        status(with_cookie(&router, Method::GET, LIST, &ada)).await,
        200
    );
    let plain = router
        .client
        .get(format!("{}{LIST}", router.url))
        .header("cookie", format!("mr={}", ada.token));
    assert_eq!(status(plain).await, 401);
}

#[actix_web::test]
async fn keys_and_sessions_do_not_stand_for_each_other() {
    let router = Router::start().await;
    let ada = router.sign_in("ada@example.com", 1).await;
    let key = text(&ada.answer["api_key"]);
    let url = |path: &str| format!("{}{path}", router.url);
    let with_key = router.client.get(url(LIST)).bearer_auth(&key);
    let (status, error) = error_of(with_key.send().await.unwrap()).await;
    assert_eq!(
        (status, text(&error["code"])),
        (401, "invalid_session".into())
    );
    let with_token = router
        .client
        .get(url("/v1/credits"))
        .bearer_auth(&ada.token);
    let (status, error) = error_of(with_token.send().await.unwrap()).await;
    assert_eq!(
        (status, text(&error["code"])),
        (401, "invalid_api_key".into())
    );
    let nobody = router.client.get(url(LIST));
    let (status, error) = error_of(nobody.send().await.unwrap()).await;
    assert_eq!(
        (status, text(&error["code"])),
        (401, "missing_session".into())
    );
}

#[actix_web::test]
async fn other_methods_are_told_which_there_are() {
    let router = Router::start().await;
    let response = router.client.put(format!("{}{LIST}", router.url));
    let response = response.send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET, DELETE");
    assert_eq!(error_of(response).await.0, 405);
}
