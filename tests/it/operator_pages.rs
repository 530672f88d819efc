//! The operator's pages over HTTP: who gets in, numbers that are the JSON routes', and forms that do
//! what those routes do.

use reqwest::Method;
use serde_json::{Value, json};

use super::forms::{Browser, cookie, typed, wrong};
use super::pages::{HOSTILE, check_harmless};
use super::router::{ADMIN, Router, ask, error_of, header, pico, text};

async fn admin(router: &Router, path: &str) -> Value {
    let answer = router.send(Method::GET, path, ADMIN, &json!({})).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

#[actix_web::test]
async fn the_token_opens_a_cookie_of_its_own_and_guessing_is_bounded() {
    let router = Router::start().await;
    let mut browser = Browser::new(&router.url, "");
    let door = header(browser.get("/admin/log").await.headers(), "location").to_owned();
    assert_eq!(door, "/admin/sign-in?next=%2Fadmin%2Flog");
    for token in ["", "wrong", "wrong again"] {
        let html = browser
            .refused("/admin/sign-in", &[("token", token)], 401)
            .await;
        assert_eq!(wrong(&html, "token"), "This is not the admin token.");
    }
    let from_elsewhere = browser
        .send_from("cross-site", "/admin/sign-in", &[("token", ADMIN)])
        .await;
    assert_eq!(from_elsewhere.status(), 403);
    let fields = [("token", ADMIN), ("next", "/admin/log")];
    let answer = browser.send("/admin/sign-in", &fields).await;
    assert_eq!(header(answer.headers(), "location"), "/admin/log");
    let set = header(answer.headers(), "set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains(ADMIN));
    let held = cookie(&answer);
    browser.cookie = held.clone();
    assert!(browser.page("/admin/log").await.contains("admin_signed_in"));
    // The cookie is for pages; the JSON routes take the token alone.
    assert_eq!(browser.get("/admin/overview").await.status(), 401);
    browser.done("/admin/sign-out", &[]).await;
    assert_eq!(
        browser.get("/admin").await.status(),
        303,
        "it is over for the cookie too"
    );

    let mut refused = Vec::new();
    for _ in 0..10 {
        refused.push(
            browser
                .send("/admin/sign-in", &[("token", "x")])
                .await
                .status()
                .as_u16(),
        );
    }
    assert_eq!(
        refused.iter().filter(|status| **status == 401).count(),
        6,
        "{refused:?}"
    );
    let right = browser.send("/admin/sign-in", &fields).await;
    assert_eq!(right.status(), 429, "nor the right one, for an hour");
}

#[actix_web::test]
async fn without_a_token_there_are_no_such_pages() {
    let router = Router::with("", |settings| settings.admin_token = None).await;
    let browser = Browser::new(&router.url, "mr-admin=x");
    for path in ["/admin", "/admin/sign-in", "/admin/customers", "/admin/log"] {
        assert_eq!(browser.get(path).await.status(), 404, "{path}");
    }
    assert_eq!(
        browser
            .send("/admin/sign-in", &[("token", "")])
            .await
            .status(),
        404
    );
}

#[actix_web::test]
async fn a_listener_of_its_own_has_the_operators_routes_and_nothing_else() {
    let any = "127.0.0.1:0".parse().unwrap();
    let router = Router::with("", |settings| settings.server.admin_bind = Some(any)).await;
    let (public, own) = (
        Browser::new(&router.url, ""),
        Browser::new(&router.admin_url, ""),
    );
    for path in [
        "/admin",
        "/admin/sign-in",
        "/admin/overview",
        "/admin/accounts",
    ] {
        assert_eq!(public.get(path).await.status(), 404, "{path}");
        assert_ne!(own.get(path).await.status(), 404, "{path}");
    }
    for path in ["/", "/models", "/dashboard", "/v1/models", "/login"] {
        assert_ne!(public.get(path).await.status(), 404, "{path}");
        assert_eq!(own.get(path).await.status(), 404, "{path}");
    }
    assert_eq!(own.get("/health").await.status(), 200);
    let signed = own.send("/admin/sign-in", &[("token", ADMIN)]).await;
    let own = Browser::new(&router.admin_url, &cookie(&signed));
    assert!(
        own.page("/admin").await.contains("Customers' credit")
            || own.page("/admin").await.contains("credit")
    );
}

#[actix_web::test]
async fn every_number_is_that_of_the_json_routes() {
    let router = Router::start().await;
    let account = router.account("5").await;
    for model in ["gpt-4.1", "claude-haiku-4-5"] {
        router.served(&account, &ask(model, "Hello")).await;
    }
    let browser = Browser::operator(&router).await;
    let overview = admin(&router, "/admin/overview").await;
    let page = browser.page("/admin").await;
    for member in [
        "credit_usd",
        "revenue_usd",
        "provider_cost_usd",
        "given_usd",
        "losses_usd",
    ] {
        assert!(
            page.contains(&format!(">{}<", overview[member].as_str().unwrap())),
            "{member}"
        );
    }
    assert!(page.contains("<title id=\"attempts-title\">") && page.contains(": 2</title>"));
    let books = browser.page("/admin/books").await;
    for (name, usd) in overview["ledger"].as_object().unwrap() {
        let line = books
            .split("<tr>")
            .find(|line| line.contains(&format!(">{name}<")))
            .unwrap();
        assert!(line.contains(&format!(">{}<", usd.as_str().unwrap())));
    }
    let verified = browser
        .send("/admin/books/verify", &[])
        .await
        .text()
        .await
        .unwrap();
    let report = admin(&router, "/admin/ledger/verify").await;
    assert!(
        verified.contains(report["head_hash"].as_str().unwrap()),
        "{verified}"
    );

    let id = account.id;
    let found = browser.page(&format!("/admin/customers?query={id}")).await;
    let shown = admin(&router, &format!("/admin/accounts/{id}")).await;
    let balance = format!(">{}<", shown["balance_usd"].as_str().unwrap());
    assert!(found.contains(&balance) && found.contains("1 of 1"));
    let one = browser.page(&format!("/admin/customers/{id}")).await;
    assert!(one.contains(&format!(">${}<", shown["balance_usd"].as_str().unwrap())));
    assert!(one.contains(shown["keys"][0]["hint"].as_str().unwrap()));
    assert!(
        browser
            .page("/admin/customers?query=nobody@nowhere")
            .await
            .contains("Nobody like that")
    );
}

#[actix_web::test]
async fn the_days_add_up_to_the_books() {
    let router = Router::start().await;
    let account = router.account("5").await;
    let browser = Browser::operator(&router).await;
    let empty = browser.page("/admin?days=90").await;
    assert!(empty.contains("Nothing on 90 days.") && empty.contains("days=30#days"));
    for model in ["gpt-4.1", "claude-haiku-4-5"] {
        router.served(&account, &ask(model, "Hello")).await;
    }
    let overview = admin(&router, "/admin/overview").await;
    for days in ["30", "90", "7", "nonsense"] {
        let page = browser.page(&format!("/admin?days={days}")).await;
        assert!(page.len() < 60 << 10, "{} bytes", page.len());
        for chart in ["revenue", "cost"] {
            assert!(
                page.contains(&format!("<title id=\"{chart}-title\">")),
                "{page}"
            );
        }
        let csv = browser.get(&format!("/admin/days.csv?days={days}")).await;
        assert_eq!(header(csv.headers(), "content-disposition"), "attachment");
        let csv = csv.text().await.unwrap();
        let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        for member in head.iter().skip(1) {
            let column = head.iter().position(|name| name == member).unwrap();
            let usd = |line: &str| pico(line.split(',').nth(column).unwrap());
            let sum: i64 = csv.lines().skip(1).map(usd).sum();
            let booked = overview[*member].as_str().unwrap();
            assert_eq!(sum, pico(booked), "{member}: {csv}");
            assert!(page.contains(&format!(">{booked}<")), "{member}");
        }
    }
    assert_ne!(overview["revenue_usd"], "0");
    router.verify().await;
}

#[actix_web::test]
async fn an_account_is_given_credit_corrected_limited_and_switched() {
    let router = Router::start().await;
    let account = router.account("1").await;
    let browser = Browser::operator(&router).await;
    let path = format!("/admin/customers/{}", account.id);
    let once = typed(&browser.page(&path).await, "once");
    let give = |usd: &'static str, once: &str| {
        vec![
            ("grant.amount_usd".to_owned(), usd.to_owned()),
            ("grant.reason".to_owned(), "for the trouble".to_owned()),
            ("once".to_owned(), once.to_owned()),
        ]
    };
    let send = async |action: &str, fields: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        browser.send(&format!("{path}/{action}"), &fields).await
    };
    for bad in ["", "0", "-1", "much", "1e3"] {
        let refused = send("grant", give(bad, &once)).await;
        assert_eq!(refused.status(), 400, "{bad}");
        let html = refused.text().await.unwrap();
        assert_eq!(typed(&html, "grant.amount_usd"), bad);
        assert_eq!(typed(&html, "grant.reason"), "for the trouble");
        assert!(!wrong(&html, "grant.amount_usd").is_empty());
    }
    assert_eq!(router.balance(&account).await, "1");
    // Sent twice it is given once.
    for _ in 0..2 {
        assert_eq!(send("grant", give("2.50", &once)).await.status(), 303);
    }
    assert_eq!(router.balance(&account).await, "3.5");

    let once = typed(&browser.page(&path).await, "once");
    let adjust = |usd: &str, reason: &str| {
        vec![
            ("adjust.amount_usd".to_owned(), usd.to_owned()),
            ("adjust.reason".to_owned(), reason.to_owned()),
            ("once".to_owned(), once.clone()),
        ]
    };
    let refused = send("adjust", adjust("-100", "too much")).await;
    assert!(!wrong(&refused.text().await.unwrap(), "adjust.amount_usd").is_empty());
    let refused = send("adjust", adjust("-1", "")).await.text().await.unwrap();
    assert!(!wrong(&refused, "adjust.reason").is_empty());
    assert_eq!(
        send("adjust", adjust("-0.50", "a mistake")).await.status(),
        303
    );
    assert_eq!(router.balance(&account).await, "3");

    browser
        .done(&format!("{path}/limit"), &[("daily_limit_usd", "0.000001")])
        .await;
    let (status, error) = router.refused(&account, &ask("gpt-4.1", "Hi")).await;
    assert_eq!(
        (status, &error["code"]),
        (429, &json!("daily_limit_exceeded"))
    );
    browser
        .done(&format!("{path}/limit"), &[("daily_limit_usd", "")])
        .await;
    browser
        .done(&format!("{path}/access"), &[("disabled", "yes")])
        .await;
    let (status, error) = router.refused(&account, &ask("gpt-4.1", "Hi")).await;
    assert_eq!((status, &error["code"]), (403, &json!("key_disabled")));
    browser
        .done(&format!("{path}/access"), &[("disabled", "no")])
        .await;
    router.served(&account, &ask("gpt-4.1", "Hi")).await;
    let page = browser.page(&path).await;
    for action in [
        "credit_granted",
        "balance_adjusted",
        "account_disabled",
        "account_enabled",
    ] {
        assert!(page.contains(action), "{action}");
    }
    assert_eq!(
        browser.get("/admin/customers/acct_nobody").await.status(),
        404
    );
    router.verify().await;
}

#[actix_web::test]
async fn a_provider_rests_and_is_asked_again_when_the_operator_says_so() {
    let router = Router::start().await;
    let account = router.account("5").await;
    let browser = Browser::operator(&router).await;
    let first = async || {
        let dry = router
            .post(&account, "/v1/route")
            .json(&ask("gpt-4.1", "Hi"));
        let dry: Value = dry.send().await.unwrap().json().await.unwrap();
        dry["candidates"][0]["state"].clone()
    };
    assert_eq!(first().await, "flowing");
    let order = |word: &'static str, minutes: &'static str| {
        [
            ("provider", "openai"),
            ("order", word),
            ("minutes", minutes),
        ]
    };
    for bad in ["", "0", "soon", "10081", "99999999999999999999"] {
        let html = browser
            .refused("/admin/providers", &order("rest", bad), 400)
            .await;
        let mut providers = html.split("<section");
        let openai = providers.find(|part| part.contains("id=\"openai\""));
        let openai = openai.unwrap();
        assert!(openai.contains("Minutes must be a number"), "{bad}");
        assert!(openai.contains(&format!("value=\"{bad}\"")), "{bad}");
        let said = html.matches("Minutes must be a number").count();
        assert_eq!(said, 1, "it stands beside the field alone");
    }
    assert_eq!(first().await, "flowing");
    let to = browser.done("/admin/providers", &order("rest", "5")).await;
    assert_eq!(to, "/admin/providers?done=rested#openai");
    let page = browser.page("/admin/providers").await;
    let openai = page
        .split("<section")
        .find(|part| part.contains("id=\"openai\""))
        .unwrap();
    assert!(
        openai.contains("tripped") && openai.contains("operator"),
        "{openai}"
    );
    // A pinned model is not asked either, and a tier goes elsewhere.
    let (status, _) = router.refused(&account, &ask("gpt-4.1", "Hi")).await;
    assert_eq!(status, 503);
    let (headers, _) = router.served(&account, &ask("standard", "Hi")).await;
    assert_ne!(header(&headers, "x-model-router-provider"), "openai");
    browser.done("/admin/providers", &order("resume", "")).await;
    assert_eq!(first().await, "flowing");
    router.served(&account, &ask("gpt-4.1", "Hi")).await;

    // The same by JSON.
    let rest = router
        .admin("/admin/providers/openai/rest")
        .json(&json!({ "rest_ms": 60_000 }));
    let rest: Value = rest.send().await.unwrap().json().await.unwrap();
    assert_eq!([&rest["provider"], &rest["state"]], ["openai", "tripped"]);
    assert!(rest["resting_until"].is_string());
    assert_eq!(router.refused(&account, &ask("gpt-4.1", "Hi")).await.0, 503);
    for bad in [
        json!({}),
        json!({ "rest_ms": 999 }),
        json!({ "rest_ms": "1000" }),
        json!({ "rest_ms": 604_800_001u64 }),
    ] {
        let (status, error) = error_of(
            router
                .admin("/admin/providers/openai/rest")
                .json(&bad)
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!((status, &error["param"]), (400, &json!("rest_ms")), "{bad}");
    }
    let nobody = router
        .admin("/admin/providers/nobody/resume")
        .send()
        .await
        .unwrap();
    assert_eq!(error_of(nobody).await.0, 404);
    let resumed = router
        .admin("/admin/providers/openai/resume")
        .send()
        .await
        .unwrap();
    assert_eq!(resumed.status(), 200);
    router.served(&account, &ask("gpt-4.1", "Hi")).await;
    let log = browser.page("/admin/log?action=provider_rested").await;
    assert!(log.contains("provider: openai") && !log.contains("<code>provider_resumed</code>"));
}

#[actix_web::test]
async fn reasons_queries_and_catalogs_stay_text() {
    let router = Router::start().await;
    let account = router.account("1").await;
    let browser = Browser::operator(&router).await;
    let path = format!("/admin/customers/{}", account.id);
    for hostile in HOSTILE {
        let once = typed(&browser.text(&path).await, "once");
        let fields = [
            ("grant.amount_usd", "0.01"),
            ("grant.reason", hostile),
            ("once", &once),
        ];
        assert_eq!(
            browser
                .send(&format!("{path}/grant"), &fields)
                .await
                .status(),
            303
        );
        for page in [path.as_str(), "/admin/log"] {
            check_harmless(page, &browser.text(page).await, hostile);
        }
        for (form, name) in [
            (format!("{path}/grant"), "grant.amount_usd"),
            ("/admin/catalog/check".to_owned(), "catalog"),
            ("/admin/catalog/apply".to_owned(), "catalog"),
            ("/admin/providers".to_owned(), "order"),
            ("/admin/sign-in".to_owned(), "next"),
        ] {
            let refused = browser
                .send(&form, &[(name, hostile)])
                .await
                .text()
                .await
                .unwrap();
            check_harmless(&form, &refused, hostile);
        }
        let query: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        for page in [
            format!("/admin/customers?query={query}"),
            format!("/admin/log?account={query}&action={query}&since={query}&until={query}"),
            format!("/admin/sign-in?next={query}"),
        ] {
            check_harmless(&page, &browser.text(&page).await, hostile);
        }
    }
    let shown = admin(&router, &format!("/admin/accounts/{}", account.id)).await;
    assert_eq!(text(&shown["balance_usd"]), "1.08");
}
