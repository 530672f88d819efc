//! Signing in through the pages, as a browser without scripts does it.

use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::json;

use super::mailbox::{code, mails};
use super::pages::{BROWSER, HOSTILE, check_harmless, check_headers, check_markup};
use super::router::{Account, Router, header, text};

/// A browser: it sends forms from our pages and follows nothing by itself.
async fn send(router: &Router, path: &str, fields: &[(&str, &str)]) -> Response {
    from(router, path, fields, "same-origin", "").await
}

async fn from(
    router: &Router,
    path: &str,
    fields: &[(&str, &str)],
    site: &str,
    cookie: &str,
) -> Response {
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    client
        .post(format!("{}{path}", router.url))
        .header("accept", BROWSER)
        .header("sec-fetch-site", site)
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish())
        .send()
        .await
        .unwrap()
}

/// The value of a hidden field.
fn field(html: &str, name: &str) -> String {
    let at = html.find(&format!("name=\"{name}\" value=\"")).unwrap();
    let rest = &html[at..];
    rest.split('"').nth(3).unwrap().to_owned()
}

/// Asks for a code and types it.
async fn sign_in(router: &Router, email: &str, next: &str, mails: usize) -> Response {
    let asked = send(router, "/login", &[("email", email), ("next", next)]).await;
    assert_eq!(asked.status(), 200);
    let html = asked.text().await.unwrap();
    let code = code(&router.dir.path().join("var"), email, mails).await;
    let fields = [
        ("email", email),
        ("code", &code),
        ("flow", &field(&html, "flow")),
        ("next", &field(&html, "next")),
    ];
    send(router, "/login/code", &fields).await
}

fn cookie(response: &Response) -> String {
    let cookie = header(response.headers(), "set-cookie");
    cookie.split(';').next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_newcomer_sees_a_key_that_works_and_a_customer_comes_back_to_where_they_were() {
    let router = Router::start().await;
    let welcome = sign_in(&router, "ada@example.com", "/models?q=a", 1).await;
    assert_eq!(welcome.status(), 200);
    check_headers("welcome", welcome.headers());
    assert_eq!(header(welcome.headers(), "cache-control"), "no-store");
    let first = cookie(&welcome);
    let html = welcome.text().await.unwrap();
    check_markup("welcome", &html);
    let key = html[html.find("mr_sk_").unwrap()..]
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    let account = Account {
        id: String::new(),
        key: key.clone(),
    };
    // The line that is shown with the key is answered, without any credit.
    let shown = include_str!("../../pages/samples/hello.sh");
    let body = shown.split('\'').nth(1).unwrap();
    let body = serde_json::from_str(body).unwrap();
    router.served(&account, &body).await;
    assert_eq!(router.balance(&account).await, "0");
    assert!(
        html.contains(&format!("Bearer {key}")),
        "the curl line has it"
    );
    assert!(html.contains("href=\"/models?q=a\""));

    let again = sign_in(&router, "ada@example.com", "/models?q=a", 2).await;
    assert_eq!(again.status(), 303);
    assert_eq!(header(again.headers(), "location"), "/models?q=a");
    let second = cookie(&again);
    assert_ne!(first, second);

    let dashboard = router.browse("/dashboard").header("cookie", &second);
    let dashboard = dashboard.send().await.unwrap();
    assert_eq!(dashboard.status(), 200);
    check_headers("/dashboard", dashboard.headers());
    assert_eq!(header(dashboard.headers(), "cache-control"), "no-store");
    let html = dashboard.text().await.unwrap();
    check_markup("/dashboard", &html);
    assert!(html.contains("ada@example.com") && html.contains("<h1>$0</h1>"));
    assert!(!html.contains(&key), "a key is shown once");
    // Who has signed in is led on, and the navigation says so.
    let login = router
        .browse("/login?next=/status")
        .header("cookie", &second);
    assert_eq!(
        header(login.send().await.unwrap().headers(), "location"),
        "/status"
    );
    let landing = router
        .browse("/")
        .header("cookie", &second)
        .send()
        .await
        .unwrap();
    assert!(
        landing
            .text()
            .await
            .unwrap()
            .contains("href=\"/dashboard\">Dashboard")
    );

    let out = from(&router, "/logout", &[], "same-origin", &second).await;
    assert_eq!(
        (out.status().as_u16(), header(out.headers(), "location")),
        (303, "/")
    );
    assert!(header(out.headers(), "set-cookie").contains("Max-Age=0"));
    let after = router
        .browse("/dashboard")
        .header("cookie", &second)
        .send()
        .await
        .unwrap();
    assert_eq!(after.status(), 303);
    assert_eq!(
        header(after.headers(), "location"),
        "/login?next=%2Fdashboard"
    );
}

#[actix_web::test]
async fn a_wrong_field_is_said_beside_it_and_keeps_what_was_typed() {
    let router = Router::start().await;
    let bad = send(
        &router,
        "/login",
        &[("email", "not an address"), ("next", "/status")],
    )
    .await;
    assert_eq!(bad.status(), 400);
    let html = bad.text().await.unwrap();
    check_markup("/login", &html);
    assert!(html.contains("value=\"not an address\"") && html.contains("aria-invalid=\"true\""));
    assert!(
        html.contains("aria-describedby=\"email-wrong\"") && html.contains("value=\"/status\"")
    );

    let asked = send(&router, "/login", &[("email", "ada@example.com")]).await;
    let html = asked.text().await.unwrap();
    let flow = field(&html, "flow");
    for (typed, status) in [("1234", 400), ("00000000", 401), ("", 400)] {
        let fields = [
            ("email", "ada@example.com"),
            ("code", typed),
            ("flow", &flow),
        ];
        let refused = send(&router, "/login/code", &fields).await;
        assert_eq!(refused.status(), status, "{typed}");
        assert!(refused.headers().get("set-cookie").is_none());
        let html = refused.text().await.unwrap();
        assert!(html.contains("aria-describedby=\"code-wrong\""), "{typed}");
        assert_eq!(
            (field(&html, "code"), field(&html, "flow")),
            (typed.to_owned(), flow.clone())
        );
    }
}

#[actix_web::test]
async fn pages_do_not_tell_whether_an_address_has_an_account() {
    let router = Router::start().await;
    sign_in(&router, "ada@example.com", "", 1).await;
    let page = async |email: &str| {
        let asked = send(&router, "/login", &[("email", email)]).await;
        let (status, html) = (asked.status(), asked.text().await.unwrap());
        let flow = field(&html, "flow");
        (
            status,
            html.replace(&flow, "FLOW").replace(email, "ADDRESS"),
        )
    };
    assert_eq!(page("ada@example.com").await, page("eve@example.com").await);
}

#[actix_web::test]
async fn forms_of_other_sites_change_nothing() {
    let router = Router::start().await;
    let fields = [("email", "ada@example.com")];
    for site in ["cross-site", "same-site"] {
        let asked = from(&router, "/login", &fields, site, "").await;
        assert_eq!(asked.status(), 403, "{site}");
        check_headers("foreign form", asked.headers());
    }
    let session = cookie(&sign_in(&router, "ada@example.com", "", 1).await);
    assert_eq!(
        mails(&router.dir.path().join("var"), "ada@example.com").len(),
        1
    );
    let out = from(&router, "/logout", &[], "cross-site", &session).await;
    assert_eq!(out.status(), 403);
    let dashboard = router.browse("/dashboard").header("cookie", &session);
    assert_eq!(
        dashboard.send().await.unwrap().status(),
        200,
        "still signed in"
    );
}

#[actix_web::test]
async fn nothing_leads_to_another_site_after_signing_in() {
    let router = Router::start().await;
    let asked = [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/login",
    ];
    sign_in(&router, "ada@example.com", "", 1).await;
    for (n, next) in asked.iter().enumerate().take(4) {
        let entered = sign_in(&router, "ada@example.com", next, n + 2).await;
        assert_eq!(
            header(entered.headers(), "location"),
            "/dashboard",
            "{next}"
        );
    }
    let typed = "/login?next=https%3A%2F%2Fevil.example";
    assert!(!router.page(typed).await.contains("evil.example"));
}

#[actix_web::test]
async fn what_is_typed_into_forms_and_names_of_keys_is_text() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    for hostile in HOSTILE {
        let asked = send(&router, "/login", &[("email", hostile), ("next", hostile)]).await;
        check_harmless("/login", &asked.text().await.unwrap(), hostile);
        let fields = [
            ("email", hostile),
            ("code", hostile),
            ("flow", hostile),
            ("next", hostile),
        ];
        let refused = send(&router, "/login/code", &fields).await;
        check_harmless("/login/code", &refused.text().await.unwrap(), hostile);
        router.make_key(&owner, json!({ "name": hostile })).await;
    }
    let session = owner.cookie.split(';').next().unwrap();
    let keys = router.browse("/dashboard/keys").header("cookie", session);
    let html = keys.send().await.unwrap().text().await.unwrap();
    for hostile in HOSTILE {
        check_harmless("/dashboard/keys", &html, hostile);
    }
    assert!(html.contains("&#60;script&#62;"), "it is shown, as text");
    let dashboard = router.browse("/dashboard").header("cookie", session);
    let html = dashboard.send().await.unwrap().text().await.unwrap();
    let credits = router.client.get(format!("{}/v1/account", router.url));
    let account: serde_json::Value = credits
        .bearer_auth(&owner.token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let shown = format!("<h1>${}</h1>", text(&account["balance_usd"]));
    assert!(html.contains(&shown), "the page's balance is the API's");
}

#[actix_web::test]
async fn who_follows_a_link_to_a_file_after_the_session_has_ended_comes_back_to_its_page() {
    let router = Router::start().await;
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    for (path, page) in [
        ("/dashboard/usage.csv?by=day", "usage"),
        ("/dashboard/transactions.csv", "credit"),
        ("/dashboard/export", "profile"),
    ] {
        let link = client.get(format!("{}{path}", router.url));
        let link = link
            .header("accept", BROWSER)
            .header("referer", format!("{}/dashboard/{page}", router.url));
        let answer = link.send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        let login = header(answer.headers(), "location");
        assert_eq!(login, format!("/login?next=%2Fdashboard%2F{page}"));
    }
    // A program is told what it is told of the API.
    let url = format!("{}/dashboard/usage.csv", router.url);
    assert_eq!(reqwest::get(url).await.unwrap().status(), 401);
}
