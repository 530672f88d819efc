//! API keys over HTTP: made, bounded, changed, dead at once.

use model_router::sandbox::Vendor;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::mailbox::SignedIn;
use super::router::{Account, Router, ask, error_of, header, pico, text};

impl Router {
    /// A request with a bearer: a key or a session's token.
    pub async fn send(&self, method: Method, path: &str, bearer: &str, body: &Value) -> Response {
        let url = format!("{}{path}", self.url);
        let request = self.client.request(method, url).bearer_auth(bearer);
        request.json(body).send().await.unwrap()
    }

    /// A key that an owner makes: its id, and the key as an account that is asked with.
    pub async fn make_key(&self, owner: &SignedIn, body: Value) -> (String, Account) {
        let mut wanted = json!({ "name": "made" });
        wanted
            .as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        let made = self
            .send(Method::POST, "/v1/keys", &owner.token, &wanted)
            .await;
        let status = made.status();
        let made: Value = made.json().await.unwrap();
        assert_eq!(status, 201, "{made}");
        let account = Account {
            id: text(&owner.answer["account_id"]),
            key: text(&made["key"]),
        };
        (text(&made["id"]), account)
    }

    /// Someone who has signed in and has so much credit.
    pub async fn owner(&self, email: &str, credit_usd: &str) -> SignedIn {
        let owner = self.sign_in(email, 1).await;
        let path = format!(
            "/admin/accounts/{}/credits",
            text(&owner.answer["account_id"])
        );
        let grant = json!({ "amount_usd": credit_usd, "idempotency_key": "k" });
        let given = self.admin(&path).json(&grant).send().await.unwrap();
        assert_eq!(given.status(), 200);
        owner
    }
}

async fn refused(response: Response) -> (u16, String) {
    let (status, error) = error_of(response).await;
    (status, text(&error["code"]))
}

#[actix_web::test]
async fn a_key_is_shown_once_and_listed_with_what_it_may_do() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let wanted = json!({
        "name": "ci",
        "scopes": ["inference"],
        "expires_at": "2999-01-01T00:00:00Z",
        "spend_limit_usd": { "day": "1.50", "total": "10" },
        "allowed_tiers": ["economy", "economy"],
        "allowed_models": ["gpt-4.1-mini"],
        "allowed_providers": ["grok"],
        "requests_per_minute": 30,
    });
    let (id, made) = router.make_key(&owner, wanted).await;
    let list = router
        .send(Method::GET, "/v1/keys", &owner.token, &json!({}))
        .await;
    let list: Value = list.json().await.unwrap();
    let said = list.to_string();
    assert!(!said.contains(&made.key));
    let keys = list["data"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "the first key and this one");
    let key = &keys[1];
    assert_eq!(
        (text(&key["id"]), text(&key["name"])),
        (id, "ci".to_owned())
    );
    assert!(
        made.key
            .ends_with(&text(&key["hint"])[text(&key["hint"]).len() - 4..])
    );
    assert_eq!(key["scopes"], json!(["inference"]));
    assert_eq!(key["expires_at"], "2999-01-01T00:00:00Z");
    let limits = json!({ "day": "1.5", "week": null, "month": null, "total": "10" });
    assert_eq!(key["spend_limit_usd"], limits);
    assert_eq!(key["allowed_tiers"], json!(["economy"]));
    assert_eq!(key["allowed_models"], json!(["gpt-4.1-mini"]));
    assert_eq!(key["allowed_providers"], json!(["xai"]));
    assert_eq!(key["requests_per_minute"], 30);
    assert_eq!(
        (&key["disabled"], &key["last_used_at"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(keys[0]["scopes"], json!(["inference", "read"]));
    assert_eq!(keys[0]["allowed_tiers"], Value::Null);
}

#[actix_web::test]
async fn a_bad_key_is_refused_by_field_and_changes_nothing() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    for (body, param) in [
        (json!({}), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (json!({ "name": "x", "scopes": ["admin"] }), "scopes"),
        (
            json!({ "name": "x", "expires_at": "2020-01-01T00:00:00Z" }),
            "expires_at",
        ),
        (json!({ "name": "x", "expires_at": 5 }), "expires_at"),
        (
            json!({ "name": "x", "spend_limit_usd": { "day": "-1" } }),
            "spend_limit_usd.day",
        ),
        (
            json!({ "name": "x", "spend_limit_usd": { "year": "1" } }),
            "spend_limit_usd.year",
        ),
        (
            json!({ "name": "x", "allowed_tiers": ["gold"] }),
            "allowed_tiers",
        ),
        (
            json!({ "name": "x", "allowed_models": ["nobody"] }),
            "allowed_models",
        ),
        (
            json!({ "name": "x", "allowed_providers": ["nobody"] }),
            "allowed_providers",
        ),
        (
            json!({ "name": "x", "requests_per_minute": 0 }),
            "requests_per_minute",
        ),
        (json!({ "name": "x", "admin": true }), "admin"),
    ] {
        let response = router
            .send(Method::POST, "/v1/keys", &owner.token, &body)
            .await;
        let (status, error) = error_of(response).await;
        assert_eq!(
            (status, error["param"].as_str()),
            (400, Some(param)),
            "{body}"
        );
    }
    let list = router
        .send(Method::GET, "/v1/keys", &owner.token, &json!({}))
        .await;
    let list: Value = list.json().await.unwrap();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_disabled_or_deleted_key_is_dead_on_an_open_connection_too() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let (id, key) = router.make_key(&owner, json!({})).await;
    let path = format!("/v1/keys/{id}");
    let body = ask("gpt-4.1-mini", "Hello");
    router.served(&key, &body).await;
    let set = async |disabled: bool| {
        let body = json!({ "disabled": disabled });
        let changed = router.send(Method::PATCH, &path, &owner.token, &body).await;
        assert_eq!(changed.status(), 200);
    };
    set(true).await;
    let dead = refused(router.chat(&key, &body).await).await;
    assert_eq!(dead, (403, "key_disabled".to_owned()));
    set(false).await;
    router.served(&key, &body).await;
    let deleted = router
        .send(Method::DELETE, &path, &owner.token, &json!({}))
        .await;
    assert_eq!(deleted.status(), 200);
    let gone = refused(router.chat(&key, &body).await).await;
    assert_eq!(gone, (401, "invalid_api_key".to_owned()));
    let again = router
        .send(Method::DELETE, &path, &owner.token, &json!({}))
        .await;
    assert_eq!(refused(again).await.0, 404);
    router.verify().await;
}

#[actix_web::test]
async fn an_expired_key_is_refused_from_its_last_moment_on() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let soon = time::OffsetDateTime::now_utc() + time::Duration::milliseconds(1500);
    let format = &time::format_description::well_known::Rfc3339;
    let expires = soon.format(format).unwrap();
    let (_, key) = router
        .make_key(&owner, json!({ "expires_at": expires }))
        .await;
    let body = ask("gpt-4.1-mini", "Hello");
    router.served(&key, &body).await;
    while time::OffsetDateTime::now_utc() <= soon {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let dead = refused(router.chat(&key, &body).await).await;
    assert_eq!(dead, (401, "key_expired".to_owned()));
}

#[actix_web::test]
async fn scopes_say_what_a_key_is_good_for() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let mut keys = Vec::new();
    for scope in ["inference", "read", "manage"] {
        keys.push(
            router
                .make_key(&owner, json!({ "scopes": [scope] }))
                .await
                .1
                .key,
        );
    }
    let chat = ask("gpt-4.1-mini", "Hello");
    let none = json!({});
    let routes = [
        (Method::POST, "/v1/chat/completions", &chat, 0),
        (Method::POST, "/v1/route", &chat, 0),
        (Method::GET, "/v1/credits", &none, 1),
        (Method::GET, "/v1/key", &none, 1),
        (Method::GET, "/v1/account", &none, 1),
        (Method::GET, "/v1/keys", &none, 2),
        (Method::PATCH, "/v1/account", &none, 2),
    ];
    for (method, path, body, needed) in routes {
        for (i, key) in keys.iter().enumerate() {
            let response = router.send(method.clone(), path, key, body).await;
            if i == needed {
                assert_eq!(response.status(), 200, "{path}");
            } else {
                let refused = refused(response).await;
                assert_eq!(refused, (403, "insufficient_scope".to_owned()), "{path}");
            }
        }
    }
}

#[actix_web::test]
async fn a_key_gives_no_right_that_it_lacks() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let own = json!({ "scopes": ["manage", "inference"], "allowed_tiers": ["economy"] });
    let (_, agent) = router.make_key(&owner, own).await;
    let make = async |body: Value| {
        router
            .send(Method::POST, "/v1/keys", &agent.key, &body)
            .await
    };
    let economy = json!(["economy"]);
    let wider = make(json!({ "name": "x", "scopes": ["inference"] })).await;
    let (status, error) = error_of(wider).await;
    assert_eq!((status, &error["param"]), (403, &json!("allowed_tiers")));
    let reading = make(json!({ "name": "x", "allowed_tiers": economy })).await;
    let (status, error) = error_of(reading).await;
    assert_eq!(
        (status, &error["param"]),
        (403, &json!("scopes")),
        "read is not its own"
    );
    let fits = json!({ "name": "x", "scopes": ["inference"], "allowed_tiers": economy });
    assert_eq!(make(fits).await.status(), 201);
}

#[actix_web::test]
async fn allowed_tiers_models_and_providers_bound_every_candidate() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let (_, economy) = router
        .make_key(&owner, json!({ "allowed_tiers": ["economy"] }))
        .await;
    let (headers, _) = router.served(&economy, &ask("economy", "Hello")).await;
    assert_eq!(header(&headers, "x-model-router-tier"), "economy");
    let (headers, _) = router
        .served(&economy, &ask("auto", "Prove the theorem, at length."))
        .await;
    assert_eq!(header(&headers, "x-model-router-tier"), "economy");
    for model in ["premium", "standard", "claude-opus-4-6"] {
        let (status, error) = router.refused(&economy, &ask(model, "Hello")).await;
        assert_eq!(
            (status, &error["code"]),
            (403, &json!("model_not_allowed")),
            "{error}"
        );
    }
    let (_, one) = router
        .make_key(&owner, json!({ "allowed_models": ["gpt-4.1-mini"] }))
        .await;
    router.served(&one, &ask("gpt-4.1-mini", "Hello")).await;
    assert_eq!(router.refused(&one, &ask("gpt-4.1", "Hello")).await.0, 403);
    let calls = router.sandbox.script(Vendor::Anthropic).calls().len();
    let (_, xai) = router
        .make_key(&owner, json!({ "allowed_providers": ["xai"] }))
        .await;
    let (headers, _) = router.served(&xai, &ask("standard", "Hello")).await;
    assert_eq!(header(&headers, "x-model-router-provider"), "xai");
    let dry: Value = router
        .post(&xai, "/v1/route")
        .json(&ask("standard", "Hello"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let candidates = dry["candidates"].as_array().unwrap();
    assert!(!candidates.is_empty() && candidates.iter().all(|c| c["provider"] == "xai"));
    assert!(
        dry["excluded"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["reason"] == "not_allowed")
    );
    let embed = json!({ "model": "text-embedding-3-small", "input": "Hello" });
    let embedded = router
        .post(&xai, "/v1/embeddings")
        .json(&embed)
        .send()
        .await
        .unwrap();
    assert_eq!(
        refused(embedded).await,
        (403, "model_not_allowed".to_owned())
    );
    assert_eq!(
        router.sandbox.script(Vendor::Anthropic).calls().len(),
        calls
    );
}

#[actix_web::test]
async fn a_keys_spend_limit_holds_against_requests_at_one_time() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let mut body = ask("gpt-4.1", "[[tokens:40]] at one time");
    body["max_tokens"] = json!(40);
    let (_, probe) = router.make_key(&owner, json!({})).await;
    let (headers, _) = router.served(&probe, &body).await;
    let cost = pico(header(&headers, "x-model-router-cost"));
    let usd = |amount: i64| model_router::money::Picodollars::new(amount).to_string();
    let limit = json!({ "total": usd(cost * 10) });
    let (_, key) = router
        .make_key(&owner, json!({ "spend_limit_usd": limit }))
        .await;
    let answers = futures_util::future::join_all((0..40).map(|_| router.chat(&key, &body))).await;
    let mut served = 0;
    for answer in answers {
        if answer.status() == 200 {
            served += 1;
        } else {
            assert_eq!(
                refused(answer).await,
                (402, "key_limit_exceeded".to_owned())
            );
        }
    }
    let me = router.get(&key, "/v1/key").await;
    let spent = pico(&text(&me["data"]["usage"]));
    assert_eq!(spent, cost * served);
    assert!(spent <= cost * 10 && served >= 9, "{served}");
    assert_eq!(text(&me["data"]["limit"]), usd(cost * 10));
    router.served(&probe, &body).await;
    router.verify().await;
}
