//! Real answers of every operation, held against `/openapi.json`: at least one success and, where
//! one can be had, one error of each.

use serde_json::{Value, json};

use super::mailbox;
use super::openapi_outside as outside;
use super::openapi_tour::Tour;
use super::router::{ADMIN, ask, text};

/// Operations that refuse nothing. HEAD refuses what GET does, without saying why.
const NEVER_REFUSED: [(&str, &str); 10] = [
    ("GET", "/"),
    ("GET", "/dashboard"),
    ("GET", "/docs"),
    ("GET", "/health"),
    ("GET", "/login"),
    ("GET", "/models"),
    ("GET", "/openapi.json"),
    // Another test has a router that is not ready.
    ("GET", "/ready"),
    ("GET", "/status"),
    ("GET", "/v1/models"),
];

#[actix_web::test]
async fn every_operation_answers_as_the_document_says() {
    let mut tour = Tour::start().await;
    chats(&mut tour).await;
    others_with_a_key(&mut tour).await;
    keys(&mut tour).await;
    history(&mut tour).await;
    operator(&mut tour).await;
    service(&mut tour).await;
    outside::deposits(&mut tour).await;
    outside::telemetry(&mut tour).await;
    outside::providers(&mut tour).await;
    outside::audit(&mut tour).await;
    outside::pages(&mut tour).await;
    strangers(&mut tour).await;
    garbage(&mut tour).await;
    signing_in_and_leaving(&mut tour).await;

    let operations = tour.document.operations();
    for (method, path) in operations.into_keys() {
        for succeeded in [true, false] {
            let refused =
                method == "HEAD" || NEVER_REFUSED.contains(&(method.as_str(), path.as_str()));
            let known = (method.clone(), path.clone(), succeeded);
            let seen = tour.seen.contains(&known) || (!succeeded && refused);
            assert!(seen, "{method} {path}: never seen with success {succeeded}");
        }
    }
}

/// Whole and streamed answers of every dialect, with text, tools, reasoning and each kind of end.
async fn chats(tour: &mut Tour) {
    let key = tour.key.clone();
    let tools = json!([{ "type": "function", "function": { "name": "weather",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } } } } }]);
    let models = [
        "gpt-4.1",
        "claude-sonnet-4-6",
        "gemini-2.5-flash",
        "o4-mini",
        "auto",
        "economy:free",
        "zai.glm-4.7-flash",
    ];
    for path in ["/v1/chat/completions", "/chat/completions"] {
        for model in models {
            for stream in [false, true] {
                let mut body = ask(model, "Hello");
                body["stream"] = json!(stream);
                let to = ("POST", path, "");
                tour.ask(to, &key, body.clone(), 200).await;
                body["tools"] = tools.clone();
                body["tool_choice"] = json!("required");
                tour.ask(to, &key, body, 200).await;
                let mut short = ask(model, "[[tokens:40]] Hello");
                short["stream"] = json!(stream);
                short["max_tokens"] = json!(5);
                tour.ask(to, &key, short, 200).await;
            }
        }
    }
    let to = ("POST", "/v1/chat/completions", "");
    let several = json!({ "model": "gpt-4.1", "n": 2, "logprobs": true, "seed": 7, "stop": ["."],
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "Hello" }] }] });
    tour.ask(to, &key, several, 200).await;
    for wrong in ["prefer", "temperature", "messages", "tools"] {
        let mut body = ask("gpt-4.1", "Hello");
        body[wrong] = json!("no");
        tour.ask(to, &key, body, 400).await;
    }
    tour.ask(to, &key, ask("no-such-model", "Hello"), 404).await;
    let mut blocked = ask("gpt-4.1", "Hello");
    blocked["provider"] = json!({ "only": ["xai"] });
    tour.ask(to, &key, blocked, 403).await;
    let poor = tour.router.account("").await.key;
    tour.ask(to, &poor, ask("gpt-4.1", "Hello"), 402).await;
}

async fn others_with_a_key(tour: &mut Tour) {
    let key = tour.key.clone();
    for path in ["/v1/embeddings", "/embeddings"] {
        let to = ("POST", path, "");
        for format in ["float", "base64"] {
            let body =
                json!({ "model": "embed-small", "input": ["a", "b"], "encoding_format": format });
            tour.ask(to, &key, body, 200).await;
        }
        tour.ask(to, &key, json!({ "model": "gpt-4.1", "input": "a" }), 400)
            .await;
    }
    let titan = json!({ "model": "embed-titan", "input": "a", "dimensions": 256 });
    tour.ask(("POST", "/v1/embeddings", ""), &key, titan, 200)
        .await;
    for model in ["auto", "standard", "gpt-4.1"] {
        tour.ask(("POST", "/v1/route", ""), &key, ask(model, "Hello"), 200)
            .await;
    }
    let (headers, _) = {
        let account = super::router::Account {
            id: tour.account.clone(),
            key: key.clone(),
        };
        tour.router.served(&account, &ask("gpt-4.1", "Hello")).await
    };
    let generation = headers["x-model-router-generation-id"].to_str().unwrap();
    tour.get("/v1/generations/{id}", generation, &key).await;
    tour.ask(("GET", "/v1/generations/{id}", "x"), &key, Value::Null, 404)
        .await;
    tour.get("/v1/credits", "", &key).await;
    tour.get("/v1/key", "", &key).await;
}

async fn keys(tour: &mut Tour) {
    let session = tour.session.clone();
    let wanted = json!({ "name": "ci", "scopes": ["inference"], "expires_at": "2999-01-01T00:00:00Z",
        "spend_limit_usd": { "day": "1.50", "total": "10" }, "allowed_tiers": ["economy"],
        "allowed_models": ["gpt-4.1-mini"], "allowed_providers": ["grok"], "requests_per_minute": 30 });
    let made = tour
        .ask(("POST", "/v1/keys", ""), &session, wanted, 201)
        .await
        .json();
    let (id, key) = (text(&made["id"]), text(&made["key"]));
    tour.get("/v1/keys", "", &session).await;
    tour.ask(("GET", "/v1/key", ""), &key, Value::Null, 403)
        .await;
    tour.ask(
        ("POST", "/v1/keys", ""),
        &session,
        json!({ "name": "" }),
        400,
    )
    .await;
    let to = ("PATCH", "/v1/keys/{id}", id.as_str());
    tour.ask(
        to,
        &session,
        json!({ "disabled": true, "expires_at": null }),
        200,
    )
    .await;
    tour.ask(to, &session, json!({ "disabled": "yes" }), 400)
        .await;
    tour.ask(("GET", "/v1/key", ""), &key, Value::Null, 403)
        .await;
    let to = ("DELETE", "/v1/keys/{id}", id.as_str());
    tour.ask(to, &session, Value::Null, 200).await;
    tour.ask(to, &session, Value::Null, 404).await;
    let limited = json!({ "scopes": ["read"], "requests_per_minute": 1 });
    let owner = mailbox::SignedIn {
        token: session,
        session: String::new(),
        answer: json!({ "account_id": tour.account }),
        cookie: String::new(),
    };
    let (_, slow) = tour.router.make_key(&owner, limited).await;
    tour.get("/v1/credits", "", &slow.key).await;
    let refused = tour
        .ask(("GET", "/v1/credits", ""), &slow.key, Value::Null, 429)
        .await;
    assert_eq!(refused.headers["x-ratelimit-remaining"], "0");
}

async fn history(tour: &mut Tour) {
    let session = tour.session.clone();
    tour.get("/v1/account", "", &session).await;
    let change = json!({ "daily_limit_usd": "10", "blocked_providers": ["xai"], "default_prefer": "fast",
        "auto_recharge": { "threshold_usd": "2" }, "notifications": { "receipts": false } });
    tour.ask(("PATCH", "/v1/account", ""), &session, change, 200)
        .await;
    let wrong = json!({ "default_tier": "auto" });
    tour.ask(("PATCH", "/v1/account", ""), &session, wrong, 400)
        .await;
    tour.get("/v1/account/export", "", &session).await;
    for path in ["/v1/account/usage", "/v1/account/transactions"] {
        let page = tour
            .get(path, "?limit=2&from=2020-01-01", &session)
            .await
            .json();
        assert_eq!(page["data"].as_array().unwrap().len(), 2);
        let next = format!("?limit=2&before={}", page["before"].as_str().unwrap());
        tour.get(path, &next, &session).await;
        let csv = tour.request("GET", path, "?limit=2").bearer_auth(&session);
        let csv = tour
            .send("GET", path, csv.header("accept", "text/csv"))
            .await;
        assert_eq!(csv.text.lines().count(), 3);
        for wrong in [
            "?limit=0",
            "?from=yesterday",
            "?key=x",
            "?before=x",
            "?color=red",
        ] {
            tour.ask(("GET", path, wrong), &session, Value::Null, 400)
                .await;
        }
    }
    for by in ["day", "model", "key"] {
        tour.get("/v1/account/activity", &format!("?by={by}"), &session)
            .await;
    }
    let wrong = ("GET", "/v1/account/activity", "?by=colour");
    tour.ask(wrong, &session, Value::Null, 400).await;
    tour.get("/v1/account/sessions", "", &session).await;
}

async fn operator(tour: &mut Tour) {
    let account = tour.account.clone();
    for path in [
        "/admin/overview",
        "/admin/ledger/verify",
        "/admin/ledger/export",
    ] {
        tour.get(path, "", ADMIN).await;
    }
    let new = json!({ "email": "eve@example.com", "credit_usd": "1.00", "daily_limit_usd": "3" });
    let to = ("POST", "/admin/accounts", "");
    tour.ask(to, ADMIN, new.clone(), 201).await;
    tour.ask(to, ADMIN, new, 409).await;
    let odd = json!({ "email": "eve@[127.0.0.1]" });
    tour.ask(to, ADMIN, odd, 400).await;
    tour.get("/admin/accounts", "?query=example&limit=10", ADMIN)
        .await;
    tour.ask(
        ("GET", "/admin/accounts", "?limit=0"),
        ADMIN,
        Value::Null,
        400,
    )
    .await;
    for path in [
        "/admin/accounts/{id}",
        "/admin/accounts/{id}/usage",
        "/admin/accounts/{id}/totals",
    ] {
        tour.get(path, &account, ADMIN).await;
        tour.ask(("GET", path, "acct_x"), ADMIN, Value::Null, 404)
            .await;
    }
    let to = ("PATCH", "/admin/accounts/{id}", account.as_str());
    tour.ask(to, ADMIN, json!({ "daily_limit_usd": null }), 200)
        .await;
    tour.ask(to, ADMIN, json!({}), 400).await;
    let to = ("POST", "/admin/accounts/{id}/credits", account.as_str());
    let grant = json!({ "amount_usd": "5.00", "idempotency_key": "i-1" });
    tour.ask(to, ADMIN, grant, 200).await;
    tour.ask(
        to,
        ADMIN,
        json!({ "amount_usd": "6", "idempotency_key": "i-1" }),
        422,
    )
    .await;
    let to = ("POST", "/admin/accounts/{id}/adjust", account.as_str());
    let less = json!({ "amount_usd": "-1", "reason": "twice", "idempotency_key": "i-2" });
    tour.ask(to, ADMIN, less, 200).await;
    tour.ask(to, ADMIN, json!({ "amount_usd": "-1" }), 400)
        .await;
    tour.ask(
        ("POST", "/admin/catalog/reload", ""),
        ADMIN,
        Value::Null,
        200,
    )
    .await;
    std::fs::write(
        tour.router.dir.path().join("catalog.toml"),
        "[[model]]\nid = 5",
    )
    .unwrap();
    tour.ask(
        ("POST", "/admin/catalog/reload", ""),
        ADMIN,
        Value::Null,
        400,
    )
    .await;
}

async fn service(tour: &mut Tour) {
    for path in ["/health", "/ready", "/metrics", "/openapi.json"] {
        tour.get(path, "", "").await;
    }
    for path in ["/health", "/ready", "/openapi.json"] {
        let request = tour.request("HEAD", path, "");
        tour.send("HEAD", path, request).await;
    }
    for path in ["/models", "/v1/models"] {
        let list = tour.get(path, "", "").await.json();
        assert!(list["data"].as_array().unwrap().len() > 50);
        let path = format!("{path}/{{id}}");
        for id in ["gpt-4.1", "standard", "auto", "embed-small", "embed-titan"] {
            tour.get(&path, id, "").await;
        }
        tour.ask(("GET", &path, "no-such-model"), "", Value::Null, 404)
            .await;
    }
    let proxied = tour
        .request("GET", "/metrics", "")
        .header("x-forwarded-for", "203.0.113.9");
    assert_eq!(tour.send("GET", "/metrics", proxied).await.status, 401);
}

/// Whoever sends nothing, or something that is not ours, is refused everywhere.
async fn strangers(tour: &mut Tour) {
    let operations = tour.document.operations();
    let secured = operations.into_iter().filter(|(_, operation)| {
        let alternatives = operation["security"].as_array().unwrap();
        !alternatives.is_empty() && !alternatives.contains(&json!({}))
    });
    let secured: Vec<(String, String)> = secured.map(|(name, _)| name).collect();
    assert!(secured.len() > 35, "{}", secured.len());
    for (method, path) in secured {
        let request = tour.request(&method, &path, "x");
        assert_eq!(
            tour.send(&method, &path, request).await.status,
            401,
            "{method} {path}"
        );
        let request = tour
            .request(&method, &path, "x")
            .bearer_auth("mr_sk_nobody");
        assert_eq!(
            tour.send(&method, &path, request).await.status,
            401,
            "{method} {path}"
        );
    }
}

/// A body that is no JSON, too large, or of another kind is refused wherever a body is taken.
async fn garbage(tour: &mut Tour) {
    let operations = tour.document.operations();
    let take_bodies = operations
        .into_iter()
        .filter(|(_, said)| !said["requestBody"].is_null());
    let take_bodies: Vec<(String, String, String)> = take_bodies
        .map(|((method, path), said)| {
            let first = said["security"][0].as_object();
            let scheme = first.and_then(|scheme| scheme.keys().next());
            let bearer = match scheme.map(String::as_str) {
                Some("adminToken") => ADMIN,
                Some("sessionToken") => &tour.session,
                Some(_) | None => &tour.key,
            };
            (method, path, bearer.to_owned())
        })
        .collect();
    assert!(take_bodies.len() > 12, "{}", take_bodies.len());
    for (method, path, bearer) in take_bodies {
        let account = tour.account.clone();
        let send = |tour: &Tour| tour.request(&method, &path, &account).bearer_auth(&bearer);
        let request = send(tour).body("no");
        assert_eq!(
            tour.send(&method, &path, request).await.status,
            400,
            "{method} {path}"
        );
        let request = send(tour).header("content-encoding", "gzip").body("{}");
        assert_eq!(
            tour.send(&method, &path, request).await.status,
            415,
            "{method} {path}"
        );
        let request = send(tour).body(vec![b' '; 70 << 10]);
        let large = tour.send(&method, &path, request).await.status;
        // Chats and embeddings may be as long.
        assert!([413, 400].contains(&large), "{method} {path}: {large}");
    }
}

async fn signing_in_and_leaving(tour: &mut Tour) {
    let email = "grace@example.com";
    let data = tour.router.dir.path().join("var");
    let mut sessions = Vec::new();
    for mails in 1..=3 {
        let to = ("POST", "/v1/auth/request-code", "");
        let flow = tour
            .ask(to, "", json!({ "email": email }), 200)
            .await
            .json();
        let code = mailbox::code(&data, email, mails).await;
        let mut offer =
            json!({ "email": email, "code": mailbox::other_than(&code), "flow": flow["flow"] });
        let to = ("POST", "/v1/auth/verify-code", "");
        tour.ask(to, "", offer.clone(), 401).await;
        offer["code"] = json!(code);
        sessions.push(tour.ask(to, "", offer, 200).await.json());
    }
    let token = |n: usize| text(&sessions[n]["session_token"]);
    let ended = text(&sessions[0]["session_id"]);
    let to = ("DELETE", "/v1/account/sessions/{id}", ended.as_str());
    tour.ask(to, &token(1), Value::Null, 200).await;
    tour.ask(to, &token(1), Value::Null, 404).await;
    tour.ask(("POST", "/v1/auth/logout", ""), &token(1), Value::Null, 200)
        .await;
    let to = ("DELETE", "/v1/account", "");
    tour.ask(to, &token(2), json!({ "email": "other@example.com" }), 400)
        .await;
    tour.ask(to, &token(2), json!({ "email": email }), 200)
        .await;
    let session = tour.session.clone();
    tour.ask(
        ("DELETE", "/v1/account/sessions", ""),
        &session,
        Value::Null,
        200,
    )
    .await;
}
