//! The dashboard over HTTP: its numbers are the API's, its forms change what they say or nothing, and
//! nothing that somebody typed becomes markup.

use reqwest::Method;
use serde_json::{Value, json};

use super::forms::{Browser, typed, wrong};
use super::mailbox::SignedIn;
use super::pages::{HOSTILE, check_harmless};
use super::router::{Account, Router, ask, header, text};

/// Somebody with credit, a key, and a browser.
pub async fn ada(router: &Router) -> (SignedIn, Account, Browser) {
    let owner = router.owner("ada@example.com", "5").await;
    let (_, key) = router.make_key(&owner, json!({})).await;
    let browser = Browser::of(router, &owner);
    (owner, key, browser)
}

async fn api(router: &Router, owner: &SignedIn, path: &str) -> Value {
    let answer = router
        .send(Method::GET, path, &owner.token, &json!({}))
        .await;
    answer.json().await.unwrap()
}

#[actix_web::test]
async fn every_number_is_the_apis() {
    let router = Router::start().await;
    let (owner, key, browser) = ada(&router).await;
    assert!(
        browser
            .page("/dashboard")
            .await
            .contains("Your first request"),
        "an empty account is taught"
    );
    for model in ["gpt-4.1", "claude-haiku-4-5", "gpt-4.1"] {
        router.served(&key, &ask(model, "Hello")).await;
    }
    let account = api(&router, &owner, "/v1/account").await;
    let balance = text(&account["balance_usd"]);
    let days = api(&router, &owner, "/v1/account/activity?by=day").await;
    let today = text(&days["data"][0]["total_cost"]);
    assert_ne!(today, "0");

    let overview = browser.page("/dashboard").await;
    assert!(overview.contains(&format!("<h1>${balance}</h1>")));
    assert!(overview.contains(&format!(">${today}<")));
    assert!(!overview.contains("Your first request"));

    let usage = browser.page("/dashboard/usage").await;
    assert!(usage.contains(&format!("<h1>${today}</h1>")) && usage.contains("for 3 requests"));
    assert!(usage.contains("<title id=\"spending-title\">") && usage.contains("<desc id="));
    let models = api(&router, &owner, "/v1/account/activity?by=model").await;
    for row in models["data"].as_array().unwrap() {
        let cells = format!("<th scope=\"row\">{}</th>", row["model"].as_str().unwrap());
        let line = usage
            .split("<tr>")
            .find(|line| line.contains(&cells))
            .unwrap();
        assert!(line.contains(&format!(">{}<", row["total_cost"].as_str().unwrap())));
        assert!(line.contains(&format!(">{}<", row["requests"])));
    }

    let requests = api(&router, &owner, "/v1/account/usage").await;
    let page = browser.page("/dashboard/requests").await;
    for row in requests["data"].as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        let link = format!("/dashboard/requests/{id}");
        let line = page
            .split("<tr>")
            .find(|line| line.contains(&link))
            .unwrap();
        assert!(line.contains(row["total_cost"].as_str().unwrap()));
        let one = browser.page(&link).await;
        assert!(one.contains(&format!("${} · ok", row["total_cost"].as_str().unwrap())));
        assert!(one.contains(row["request_id"].as_str().unwrap()));
        assert!(!one.contains("Hello"), "never what was said");
    }

    let moved = api(&router, &owner, "/v1/account/transactions").await;
    let page = browser.page("/dashboard/credit").await;
    for row in moved["data"].as_array().unwrap() {
        assert!(page.contains(&format!(">{}<", row["amount_usd"].as_str().unwrap())));
    }
    let keys = api(&router, &owner, "/v1/keys").await;
    let page = browser.page("/dashboard/keys").await;
    for row in keys["data"].as_array().unwrap() {
        assert!(page.contains(row["hint"].as_str().unwrap()));
        assert!(page.contains(&format!(
            ">{}<",
            row["usage_usd"]["total"].as_str().unwrap()
        )));
    }
    router.verify().await;
}

#[actix_web::test]
async fn the_log_is_found_by_key_model_and_day_and_leads_to_csv() {
    let router = Router::start().await;
    let (owner, key, browser) = ada(&router).await;
    let (other, second) = router.make_key(&owner, json!({ "name": "second" })).await;
    for (key, model) in [(&key, "gpt-4.1"), (&second, "claude-haiku-4-5")] {
        router.served(key, &ask(model, "Hello")).await;
    }
    let rows = async |query: &str| {
        let page = browser.page(&format!("/dashboard/requests{query}")).await;
        page.matches("/dashboard/requests/gen_").count()
    };
    assert_eq!(rows("").await, 2);
    assert_eq!(rows(&format!("?key={other}")).await, 1);
    assert_eq!(rows("?model=gpt-4.1").await, 1);
    assert_eq!(rows("?from=2020-01-01&to=2020-01-31").await, 0);
    assert_eq!(
        rows("?from=&to=&key=&model=").await,
        2,
        "an empty form is no filter"
    );
    let bad = browser.get("/dashboard/requests?from=yesterday").await;
    assert_eq!(bad.status(), 400);
    let html = bad.text().await.unwrap();
    assert_eq!(typed(&html, "from"), "yesterday");
    assert!(wrong(&html, "from").contains("day"), "{html}");

    let page = browser.page("/dashboard/requests?model=gpt-4.1").await;
    let at = page.find("/dashboard/requests.csv?").unwrap();
    let link = page[at..].split('"').next().unwrap().replace("&#38;", "&");
    let csv = browser.get(&link).await;
    assert_eq!(header(csv.headers(), "content-disposition"), "attachment");
    let csv = csv.text().await.unwrap();
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.lines().nth(1).unwrap().contains(",gpt-4.1,"));
    for by in ["day", "model", "key"] {
        let csv = browser.get(&format!("/dashboard/usage.csv?by={by}")).await;
        let csv = csv.text().await.unwrap();
        assert!(
            csv.starts_with(&format!("{by},total_cost,requests,")),
            "{csv}"
        );
    }
}

#[actix_web::test]
async fn a_key_is_made_bounded_switched_and_deleted_in_forms() {
    let router = Router::start().await;
    let (owner, _, browser) = ada(&router).await;
    let before = api(&router, &owner, "/v1/keys").await["data"]
        .as_array()
        .unwrap()
        .len();
    // What is wrong stands beside its field, what was typed stays, and nothing is made.
    for (field, value, says) in [
        ("spend_limit_usd.day", "much", "Expected an amount in USD."),
        (
            "expires_at",
            "2020-01-01",
            "Expected a date and time in the future",
        ),
        (
            "allowed_models",
            "gpt-9",
            "Expected a list of at most 100 ids",
        ),
        ("requests_per_minute", "0", "Expected a number from 1"),
    ] {
        let fields = [("name", "ci"), ("scopes", "inference"), (field, value)];
        let html = browser.refused("/dashboard/keys", &fields, 400).await;
        assert!(
            wrong(&html, field).starts_with(says),
            "{}",
            wrong(&html, field)
        );
        let stands = html.contains(&format!("value=\"{value}\""));
        assert!(stands && typed(&html, "name") == "ci", "{field}");
    }
    let long = "x".repeat(65);
    let html = browser
        .refused(
            "/dashboard/keys",
            &[("name", &long), ("scopes", "read")],
            400,
        )
        .await;
    assert_eq!(typed(&html, "name"), long);
    assert!(!wrong(&html, "name").is_empty());
    let after = api(&router, &owner, "/v1/keys").await["data"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(after, before);

    let fields = [
        ("name", "ci"),
        ("scopes", "inference"),
        ("spend_limit_usd.day", "0.50"),
        ("allowed_tiers", "economy"),
        ("allowed_models", "gpt-4.1, gpt-4.1-mini"),
        ("requests_per_minute", "7"),
    ];
    let made = browser.send("/dashboard/keys", &fields).await;
    assert_eq!(made.status(), 200);
    let html = made.text().await.unwrap();
    let secret = html[html.find("mr_sk_").unwrap()..]
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    assert!(
        html.contains(&format!("Bearer {secret}")),
        "the curl line has it"
    );
    let listed = api(&router, &owner, "/v1/keys").await;
    let key = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["name"] == "ci")
        .unwrap();
    assert_eq!(key["spend_limit_usd"]["day"], "0.5");
    assert_eq!(key["allowed_tiers"], json!(["economy"]));
    assert_eq!(key["allowed_models"], json!(["gpt-4.1", "gpt-4.1-mini"]));
    assert_eq!(key["requests_per_minute"], 7);
    let id = text(&key["id"]);
    let page = browser.page("/dashboard/keys").await;
    assert!(page.contains("$0.5 a day") && !page.contains(&secret));

    let path = format!("/dashboard/keys/{id}");
    let page = browser.page(&path).await;
    assert_eq!(typed(&page, "spend_limit_usd.day"), "0.5");
    let fields = [
        ("name", "ci two"),
        ("scopes", "inference"),
        ("scopes", "read"),
    ];
    browser.done(&path, &fields).await;
    let page = browser.page(&path).await;
    assert!(page.contains("<h1>ci two</h1>") && typed(&page, "spend_limit_usd.day").is_empty());

    let holder = Account {
        id: String::new(),
        key: secret,
    };
    browser
        .done(&format!("{path}/access"), &[("disabled", "yes")])
        .await;
    let (status, error) = router.refused(&holder, &ask("gpt-4.1-mini", "Hi")).await;
    assert_eq!((status, &error["code"]), (403, &json!("key_disabled")));
    browser
        .done(&format!("{path}/access"), &[("disabled", "no")])
        .await;
    router.served(&holder, &ask("gpt-4.1-mini", "Hi")).await;
    browser.done(&format!("{path}/delete"), &[]).await;
    assert_eq!(
        router.refused(&holder, &ask("gpt-4.1-mini", "Hi")).await.0,
        401
    );
    assert_eq!(browser.get(&path).await.status(), 404);
}

#[actix_web::test]
async fn settings_are_what_the_forms_say_or_as_they_were() {
    let router = Router::start().await;
    let (owner, key, browser) = ada(&router).await;
    let account = async || api(&router, &owner, "/v1/account").await;
    // All but two ticked: the two are blocked, and routing obeys.
    let used = ["google", "anthropic", "xai", "bedrock", "groq"];
    let fields: Vec<(&str, &str)> = used.iter().map(|name| ("providers", *name)).collect();
    browser.done("/dashboard/settings/providers", &fields).await;
    assert_eq!(
        account().await["blocked_providers"],
        json!(["cerebras", "openai"])
    );
    let (status, error) = router.refused(&key, &ask("gpt-4.1", "Hi")).await;
    assert_eq!((status, &error["code"]), (403, &json!("provider_blocked")));
    let page = browser.page("/dashboard/settings").await;
    assert!(
        page.contains("value=\"google\" checked") && !page.contains("value=\"openai\" checked")
    );

    let to = browser.done("/dashboard/settings/providers", &[]).await;
    let page = browser.page(to.split('#').next().unwrap()).await;
    assert!(page.contains("Every provider is off"), "{page}");
    browser.done("/dashboard/settings/providers", &fields).await;

    let path = "/dashboard/settings/limit";
    let html = browser
        .refused(path, &[("daily_limit_usd", "-1")], 400)
        .await;
    assert_eq!(typed(&html, "daily_limit_usd"), "-1");
    assert!(wrong(&html, "daily_limit_usd").starts_with("Expected an amount in USD"));
    assert_eq!(account().await["daily_limit_usd"], Value::Null);
    browser.done(path, &[("daily_limit_usd", "0.000001")]).await;
    assert_eq!(account().await["daily_limit_usd"], "0.000001");
    let (status, error) = router.refused(&key, &ask("claude-haiku-4-5", "Hi")).await;
    assert_eq!(
        (status, &error["code"]),
        (429, &json!("daily_limit_exceeded"))
    );
    browser.done(path, &[("daily_limit_usd", "")]).await;
    assert_eq!(account().await["daily_limit_usd"], Value::Null);

    let fields = [("default_tier", "economy"), ("default_prefer", "coding")];
    browser.done("/dashboard/settings/defaults", &fields).await;
    browser
        .done(
            "/dashboard/settings/mails",
            &[("notifications", "receipts")],
        )
        .await;
    let now = account().await;
    assert_eq!(
        [&now["default_tier"], &now["default_prefer"]],
        ["economy", "coding"]
    );
    let mails = json!({ "low_balance": false, "receipts": true, "security": false });
    assert_eq!(now["notifications"], mails);

    let telemetry = "/dashboard/settings/telemetry";
    let fields = [
        ("telemetry.endpoint", "ftp://nowhere"),
        ("telemetry.sampling", "1"),
    ];
    let html = browser.refused(telemetry, &fields, 400).await;
    assert_eq!(typed(&html, "telemetry.endpoint"), "ftp://nowhere");
    assert!(!wrong(&html, "telemetry.endpoint").is_empty());
    let html = browser
        .refused(&format!("{telemetry}/test"), &[], 400)
        .await;
    assert!(html.contains("role=\"alert\""));
    assert_eq!(account().await["telemetry"], Value::Null);
}

#[actix_web::test]
async fn a_target_is_set_kept_without_its_secrets_and_removed() {
    let router = Router::with("", |settings| settings.telemetry.allow_private = true).await;
    let (owner, _, browser) = ada(&router).await;
    let path = "/dashboard/settings/telemetry";
    let fields = [
        ("telemetry.endpoint", "http://127.0.0.1:9"),
        ("telemetry.protocol", "http/json"),
        (
            "telemetry.headers",
            "authorization: Bearer of-the-test\nx-team: a",
        ),
        ("telemetry.sampling", "0.5"),
    ];
    browser.done(path, &fields).await;
    let target = api(&router, &owner, "/v1/account").await["telemetry"].clone();
    assert_eq!(
        [&target["protocol"], &target["content"]],
        ["http/json", "off"]
    );
    assert_eq!(target["sampling"], 0.5);
    let page = browser.page("/dashboard/settings").await;
    assert!(page.contains("authorization:") && !page.contains("of-the-test"));
    // A name without a value keeps what is stored; one that is gone goes.
    let kept = [
        fields[0],
        fields[1],
        ("telemetry.headers", "authorization:"),
        fields[3],
    ];
    browser.done(path, &kept).await;
    let target = api(&router, &owner, "/v1/account").await["telemetry"].clone();
    assert_eq!(target["headers"], json!({ "authorization": null }));
    let tested = browser.send(&format!("{path}/test"), &[]).await;
    assert!(tested.text().await.unwrap().contains("Not delivered in"));
    browser.done(&format!("{path}/remove"), &[]).await;
    assert_eq!(
        api(&router, &owner, "/v1/account").await["telemetry"],
        Value::Null
    );
}

#[actix_web::test]
async fn sessions_end_and_an_account_goes_only_when_it_is_meant() {
    let router = Router::start().await;
    let (owner, _, browser) = ada(&router).await;
    let other = router.sign_in("ada@example.com", 2).await;
    let page = browser.page("/dashboard/profile").await;
    assert!(
        page.contains("ada@example.com") && page.matches("/sessions/sess_").count() >= 2,
        "{page}"
    );
    browser
        .done(
            &format!("/dashboard/profile/sessions/{}", other.session),
            &[],
        )
        .await;
    assert_eq!(
        Browser::of(&router, &other)
            .get("/dashboard")
            .await
            .status(),
        303
    );
    assert_eq!(browser.get("/dashboard").await.status(), 200);

    let delete = "/dashboard/profile/delete";
    let html = browser
        .refused(delete, &[("email", "eve@example.com")], 400)
        .await;
    assert_eq!(typed(&html, "email"), "eve@example.com");
    let html = browser
        .refused(delete, &[("email", "ada@example.com")], 400)
        .await;
    assert!(
        wrong(&html, "forfeit_balance").contains("tick this to give it up"),
        "{html}"
    );
    assert_eq!(browser.get("/dashboard").await.status(), 200);
    let meant = [("email", "ada@example.com"), ("forfeit_balance", "on")];
    let to = browser.done(delete, &meant).await;
    assert_eq!(to, "/login?done=deleted");
    assert!(browser.page(&to).await.contains("The account is deleted"));
    let gone = router
        .send(Method::GET, "/v1/account", &owner.token, &json!({}))
        .await;
    assert_eq!(gone.status(), 401);
    router.verify().await;
}

#[actix_web::test]
async fn signing_out_everywhere_ends_this_session_too_and_one_comes_back_to_where_one_was() {
    let router = Router::start().await;
    let (_, _, browser) = ada(&router).await;
    let to = browser.done("/dashboard/profile/sessions", &[]).await;
    assert_eq!(to, "/login?done=ended");
    assert!(browser.page(&to).await.contains("Every session is ended"));
    let asked = browser.get("/dashboard/usage?from=2026-01-01").await;
    let to = header(asked.headers(), "location").to_owned();
    assert_eq!(to, "/login?next=%2Fdashboard%2Fusage%3Ffrom%3D2026-01-01");
    // A form that is sent too late leads back to its page, not to its own path.
    let to = browser
        .done("/dashboard/settings/limit", &[("daily_limit_usd", "1")])
        .await;
    assert_eq!(to, "/login?next=%2Fdashboard%2Fsettings");
}

#[actix_web::test]
async fn names_and_texts_stay_text() {
    let router = Router::start().await;
    let (owner, _, browser) = ada(&router).await;
    for (n, hostile) in HOSTILE.iter().enumerate() {
        let (id, key) = router.make_key(&owner, json!({ "name": hostile })).await;
        if n == 0 {
            router.served(&key, &ask("gpt-4.1-mini", "Hello")).await;
        }
        for path in ["/dashboard/keys", "/dashboard/requests", "/dashboard/usage"] {
            check_harmless(path, &browser.text(path).await, hostile);
        }
        check_harmless(
            "key",
            &browser.text(&format!("/dashboard/keys/{id}")).await,
            hostile,
        );
        for (path, name) in [
            ("/dashboard/keys", "spend_limit_usd.day"),
            ("/dashboard/settings/limit", "daily_limit_usd"),
            ("/dashboard/settings/telemetry", "telemetry.endpoint"),
            ("/dashboard/settings/telemetry", "telemetry.headers"),
            ("/dashboard/profile/delete", "email"),
        ] {
            let fields = [("name", *hostile), ("scopes", "read"), (name, *hostile)];
            let refused = browser.send(path, &fields).await;
            assert!(refused.status().is_client_error(), "{path} {name}");
            check_harmless(path, &refused.text().await.unwrap(), hostile);
        }
        let query: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        for path in ["/dashboard/requests", "/dashboard/usage"] {
            let path = format!("{path}?from={query}&key={query}&model={query}&done={query}");
            let page = browser.text(&path).await;
            check_harmless(&path, &page, hostile);
        }
    }
}
