//! The account over HTTP: shown, changed in one step, deleted.

use reqwest::Method;
use serde_json::{Value, json};

use super::mailbox::SignedIn;
use super::router::{Router, ask, error_of, header, text};

async fn patch(router: &Router, owner: &SignedIn, body: Value) -> reqwest::Response {
    router
        .send(Method::PATCH, "/v1/account", &owner.token, &body)
        .await
}

async fn show(router: &Router, owner: &SignedIn) -> Value {
    let shown = router
        .send(Method::GET, "/v1/account", &owner.token, &json!({}))
        .await;
    assert_eq!(shown.status(), 200);
    shown.json().await.unwrap()
}

#[actix_web::test]
async fn settings_are_changed_and_outlive_the_answer() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let before = show(&router, &owner).await;
    assert_eq!(before["email"], "ada@example.com");
    assert_eq!(before["balance_usd"], "5");
    assert_eq!(before["auto_recharge"]["enabled"], false);
    let change = json!({
        "blocked_providers": ["grok", "openai"],
        "daily_limit_usd": "2.50",
        "default_tier": "economy",
        "default_prefer": "cheap",
        "auto_recharge": { "amount_usd": "50" },
        "notifications": { "receipts": false },
    });
    let changed: Value = patch(&router, &owner, change).await.json().await.unwrap();
    assert_eq!(changed, show(&router, &owner).await);
    assert_eq!(changed["blocked_providers"], json!(["openai", "xai"]));
    assert_eq!(changed["daily_limit_usd"], "2.5");
    assert_eq!(changed["auto_recharge"]["amount_usd"], "50");
    assert_eq!(
        changed["auto_recharge"]["threshold_usd"],
        before["auto_recharge"]["threshold_usd"]
    );
    assert_eq!(
        changed["notifications"],
        json!({ "low_balance": true, "receipts": false, "security": true })
    );
    let nulls = json!({ "daily_limit_usd": null, "default_tier": null, "default_prefer": null, "blocked_providers": [] });
    let back: Value = patch(&router, &owner, nulls).await.json().await.unwrap();
    for name in [
        "daily_limit_usd",
        "default_tier",
        "default_prefer",
        "blocked_providers",
    ] {
        assert_eq!(back[name], before[name], "{name}");
    }
}

#[actix_web::test]
async fn a_bad_member_is_refused_by_name_and_nothing_is_changed() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let before = show(&router, &owner).await;
    for (mut body, param) in [
        (
            json!({ "blocked_providers": ["nobody"] }),
            "blocked_providers",
        ),
        (json!({ "blocked_providers": "xai" }), "blocked_providers"),
        (json!({ "daily_limit_usd": 5 }), "daily_limit_usd"),
        (json!({ "daily_limit_usd": "-1" }), "daily_limit_usd"),
        (json!({ "default_prefer": "best" }), "default_prefer"),
        (
            json!({ "auto_recharge": { "amount_usd": "4.99" } }),
            "auto_recharge.amount_usd",
        ),
        (
            json!({ "auto_recharge": { "enabled": "yes" } }),
            "auto_recharge.enabled",
        ),
        (
            json!({ "auto_recharge": { "card": "x" } }),
            "auto_recharge.card",
        ),
        (
            json!({ "notifications": { "spam": true } }),
            "notifications.spam",
        ),
        (json!({ "telemetry": {} }), "telemetry.endpoint"),
        (json!({ "webhook": {} }), "webhook"),
        (json!({ "email": "eve@example.com" }), "email"),
    ] {
        body["default_tier"] = json!("premium");
        let (status, error) = error_of(patch(&router, &owner, body.clone()).await).await;
        assert_eq!(
            (status, error["param"].as_str()),
            (400, Some(param)),
            "{body}"
        );
    }
    assert_eq!(show(&router, &owner).await, before);
}

#[actix_web::test]
async fn default_tier_is_what_auto_means_and_default_prefer_what_nobody_said() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let (_, key) = router.make_key(&owner, json!({})).await;
    let change = json!({ "default_tier": "premium", "default_prefer": "cheap" });
    assert_eq!(patch(&router, &owner, change).await.status(), 200);
    let dry = async |body: Value| -> Value {
        let answer = router
            .post(&key, "/v1/route")
            .json(&body)
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    };
    let auto = dry(ask("auto", "Hello")).await;
    assert_eq!(
        (&auto["tier"], &auto["prefer"]),
        (&json!("premium"), &json!("cheap"))
    );
    assert_eq!(
        auto["auto"]["tier"], "economy",
        "what auto would have picked is told"
    );
    let mut said = ask("economy", "Hello");
    said["prefer"] = json!("quality");
    let said = dry(said).await;
    assert_eq!(
        (&said["tier"], &said["prefer"]),
        (&json!("economy"), &json!("quality"))
    );
    let suffix = dry(ask("economy:nitro", "Hello")).await;
    assert_eq!(suffix["prefer"], "fast");
}

#[actix_web::test]
async fn a_daily_limit_of_the_owner_holds_from_the_answer_on() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let (_, key) = router.make_key(&owner, json!({})).await;
    let body = ask("gpt-4.1", "Hello");
    router.served(&key, &body).await;
    patch(&router, &owner, json!({ "daily_limit_usd": "0" })).await;
    let (status, error) = router.refused(&key, &body).await;
    assert_eq!(
        (status, &error["code"]),
        (429, &json!("daily_limit_exceeded"))
    );
}

#[actix_web::test]
async fn a_deleted_account_is_dead_its_address_free_and_its_ledger_whole() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let (_, key) = router
        .make_key(&owner, json!({ "scopes": ["read", "inference", "manage"] }))
        .await;
    let (headers, _) = router.served(&key, &ask("gpt-4.1-mini", "Hello")).await;
    assert_ne!(header(&headers, "x-model-router-cost"), "0");
    let delete = async |bearer: &str, body: Value| {
        router
            .send(Method::DELETE, "/v1/account", bearer, &body)
            .await
    };
    let (status, error) =
        error_of(delete(&owner.token, json!({ "email": "ada@example.com" })).await).await;
    assert_eq!((status, &error["param"]), (400, &json!("forfeit_balance")));
    let wrong = json!({ "email": "eve@example.com", "forfeit_balance": true });
    let (status, error) = error_of(delete(&owner.token, wrong).await).await;
    assert_eq!((status, &error["param"]), (400, &json!("email")));
    let right = json!({ "email": "ADA@example.com", "forfeit_balance": true });
    let by_key = delete(&key.key, right.clone()).await;
    assert_eq!(by_key.status(), 401, "only whoever has signed in");
    assert_eq!(delete(&owner.token, right).await.status(), 200);
    let chat = router.chat(&key, &ask("gpt-4.1-mini", "Hello")).await;
    assert_eq!(chat.status(), 401);
    let shown = router
        .send(Method::GET, "/v1/account", &owner.token, &json!({}))
        .await;
    assert_eq!(shown.status(), 401);
    router.verify().await;
    let newcomer = router.sign_in("ada@example.com", 2).await;
    assert_eq!(newcomer.answer["new_account"], true);
    assert_ne!(text(&newcomer.answer["account_id"]), key.id);
    assert_eq!(show(&router, &newcomer).await["balance_usd"], "0");
}

#[actix_web::test]
async fn an_export_holds_everything_but_secrets() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let (_, key) = router.make_key(&owner, json!({})).await;
    for _ in 0..3 {
        router.served(&key, &ask("gpt-4.1-mini", "Hello")).await;
    }
    let export = router
        .send(Method::GET, "/v1/account/export", &owner.token, &json!({}))
        .await;
    assert_eq!(export.status(), 200);
    let said = export.text().await.unwrap();
    assert!(!said.contains(&key.key) && !said.contains(&owner.token));
    let export: Value = serde_json::from_str(&said).unwrap();
    let count = |list: &str| export[list].as_array().unwrap().len();
    assert_eq!(export["account"]["email"], "ada@example.com");
    assert_eq!((count("keys"), count("sessions")), (2, 1));
    assert_eq!((count("usage"), count("transactions")), (3, 4));
    // Created, signed in, given credit, a key made.
    assert_eq!(count("audit"), 4);
}

#[actix_web::test]
async fn the_operator_finds_shows_and_switches_off_an_account() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    router.owner("eve@example.com", "1").await;
    let (_, key) = router.make_key(&owner, json!({})).await;
    router.served(&key, &ask("gpt-4.1-mini", "Hello")).await;
    let get = async |path: &str| -> Value {
        let answer = router
            .send(Method::GET, path, super::router::ADMIN, &json!({}))
            .await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    };
    let overview = get("/admin/overview").await;
    assert_eq!(
        (&overview["accounts"], &overview["given_usd"]),
        (&json!(2), &json!("6"))
    );
    assert_eq!(overview["trial_balance"]["posted"], "0");
    let found = get("/admin/accounts?query=ADA@").await;
    assert_eq!(
        (&found["found"], &found["data"][0]["id"]),
        (&json!(1), &json!(key.id))
    );
    let path = format!("/admin/accounts/{}", key.id);
    assert_eq!(get(&path).await["keys"].as_array().unwrap().len(), 2);
    let set = async |disabled: bool| {
        let body = json!({ "disabled": disabled });
        let set = router
            .send(Method::PATCH, &path, super::router::ADMIN, &body)
            .await;
        assert_eq!(set.status(), 200);
    };
    set(true).await;
    assert_eq!(
        router.refused(&key, &ask("gpt-4.1-mini", "Hello")).await.0,
        403
    );
    let session = router
        .send(Method::GET, "/v1/account", &owner.token, &json!({}))
        .await;
    assert_eq!(session.status(), 401);
    set(false).await;
    router.served(&key, &ask("gpt-4.1-mini", "Hello")).await;
}
