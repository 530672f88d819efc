//! The audit log: who did what to accounts, keys and money, as the operator reads it.

use reqwest::Method;
use serde_json::{Value, json};

use super::router::{ADMIN, Router, ask, error_of, text};

impl Router {
    /// The rows of the audit log that a query finds, newest first.
    pub async fn audit(&self, query: &str) -> Vec<Value> {
        let path = format!("/admin/audit?{query}");
        let answer = self.send(Method::GET, &path, ADMIN, &json!({})).await;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{body}");
        body["data"].as_array().unwrap().clone()
    }
}

fn actions(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(&row["action"])).collect()
}

#[actix_web::test]
async fn what_a_customer_changes_is_noted_with_session_key_and_request() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let account = text(&owner.answer["account_id"]);
    let manage = json!({ "scopes": ["inference", "read", "manage"] });
    let (manager_id, manager) = router.make_key(&owner, manage).await;
    let send = async |method, path: &str, bearer: &str, body: Value| {
        let answer = router.send(method, path, bearer, &body).await;
        assert!(answer.status().is_success(), "{path}");
        text(&json!(answer.headers()["x-request-id"].to_str().unwrap()))
    };
    let limits = json!({ "daily_limit_usd": "3", "blocked_providers": ["groq"] });
    let changed = send(Method::PATCH, "/v1/account", &manager.key, limits).await;
    let (id, other) = router.make_key(&owner, json!({})).await;
    let path = format!("/v1/keys/{id}");
    let off = json!({ "disabled": true });
    send(Method::PATCH, &path, &owner.token, off).await;
    send(Method::DELETE, &path, &owner.token, json!({})).await;
    let all = format!("account={account}");
    let rows = router.audit(&all).await;
    let expected = [
        "key_deleted",
        "key_disabled",
        "key_created",
        "account_changed",
        "key_created",
        "credit_granted",
        "signed_in",
        "account_created",
    ];
    assert_eq!(actions(&rows), expected);
    let change = &rows[3];
    assert_eq!(change["request_id"], json!(changed));
    assert_eq!(
        change["actor"],
        json!({ "type": "key", "account_id": account, "key_id": manager_id })
    );
    let said = text(&change["details"]["said"]);
    assert!(
        said.contains(r#""daily_limit_usd":"3""#) && said.contains("groq"),
        "{said}"
    );
    assert_eq!(rows[0]["actor"]["session_id"], json!(owner.session));
    assert_eq!(rows[0]["details"]["key_id"], json!(id));
    let whole = json!(rows).to_string();
    for secret in [&other.key, &manager.key, &owner.token] {
        assert!(!whole.contains(secret.as_str()));
    }
    router.verify().await;
}

#[actix_web::test]
async fn what_the_operator_does_is_noted_once_and_refusals_are_not() {
    let router = Router::start().await;
    let account = router.account("5").await;
    let send = async |method: Method, path: &str, body: Value| {
        router.send(method, path, ADMIN, &body).await.status()
    };
    let path = |end: &str| format!("/admin/accounts/{}{end}", account.id);
    let grant = json!({ "amount_usd": "2", "idempotency_key": "k", "reason": "sorry" });
    for _ in 0..3 {
        assert_eq!(
            send(Method::POST, &path("/credits"), grant.clone()).await,
            200
        );
    }
    let adjust = |amount: &str| json!({ "amount_usd": amount, "idempotency_key": amount, "reason": "too much" });
    assert_eq!(
        send(Method::POST, &path("/adjust"), adjust("-1")).await,
        200
    );
    assert_eq!(
        send(Method::POST, &path("/adjust"), adjust("-99")).await,
        400
    );
    let limit = json!({ "daily_limit_usd": "1" });
    assert_eq!(send(Method::PATCH, &path(""), limit).await, 200);
    for disabled in [true, false] {
        let body = json!({ "disabled": disabled });
        assert_eq!(send(Method::PATCH, &path(""), body).await, 200);
    }
    let rows = router.audit(&format!("account={}", account.id)).await;
    let expected = [
        "account_enabled",
        "account_disabled",
        "account_changed",
        "balance_adjusted",
        "credit_granted",
        "credit_granted",
        "account_created",
    ];
    assert_eq!(actions(&rows), expected);
    assert!(rows.iter().all(|row| row["actor"]["type"] == "admin"));
    let details = json!({ "amount_usd": "-1", "reason": "too much" });
    assert_eq!(rows[3]["details"], details);

    assert_eq!(
        send(Method::POST, "/admin/catalog/reload", json!({})).await,
        200
    );
    let export = router
        .send(Method::GET, "/admin/ledger/export", ADMIN, &json!({}))
        .await;
    export.bytes().await.unwrap();
    // A later write of the ledger's actor is behind the notes that nobody waited for.
    router.account("1").await;
    let exported = router.audit("action=ledger_exported").await;
    assert_eq!(exported.len(), 1);
    assert_eq!(router.audit("action=catalog_reloaded").await.len(), 1);
    router.verify().await;
}

#[actix_web::test]
async fn a_deleted_account_leaves_its_deletion_and_its_balance_in_the_log() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let account = text(&owner.answer["account_id"]);
    let body = json!({ "email": "ada@example.com", "forfeit_balance": true });
    let deleted = router.send(Method::DELETE, "/v1/account", &owner.token, &body);
    assert_eq!(deleted.await.status(), 200);
    let rows = router.audit(&format!("account={account}&limit=2")).await;
    assert_eq!(actions(&rows), ["balance_forfeited", "account_deleted"]);
    assert_eq!(rows[0]["details"]["amount_usd"], "-5");
    assert_eq!(rows[1]["details"]["balance_usd"], "5");
    assert!(!json!(rows).to_string().contains("ada@example.com"));
}

#[actix_web::test]
async fn wrong_admin_tokens_are_one_row_however_many_they_are() {
    let router = Router::start().await;
    for _ in 0..20 {
        let guess = router
            .send(Method::GET, "/admin/overview", "guess", &json!({}))
            .await;
        assert_eq!(guess.status(), 401);
    }
    router.account("1").await;
    let rows = router.audit("action=admin_refused").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["actor"]["type"], "unknown");
    assert!(!rows[0].to_string().contains("guess"));
}

#[actix_web::test]
async fn pages_follow_each_other_and_bad_filters_are_refused_by_name() {
    let router = Router::start().await;
    let account = router.account("1").await;
    for n in 0..5 {
        let body = json!({ "daily_limit_usd": n.to_string() });
        let path = format!("/admin/accounts/{}", account.id);
        router.send(Method::PATCH, &path, ADMIN, &body).await;
    }
    let mut seen = Vec::new();
    let mut before = String::new();
    loop {
        let path = format!("/admin/audit?action=account_changed&limit=2{before}");
        let page: Value = router
            .send(Method::GET, &path, ADMIN, &json!({}))
            .await
            .json()
            .await
            .unwrap();
        seen.extend(page["data"].as_array().unwrap().clone());
        if page["has_more"] == false {
            break;
        }
        before = format!("&before={}", text(&page["before"]));
    }
    let limits: Vec<String> = seen
        .iter()
        .map(|row| text(&row["details"]["daily_limit_usd"]))
        .collect();
    assert_eq!(limits, ["4", "3", "2", "1", "0"]);
    let last = text(&seen[4]["created_at"]);
    let until = router
        .audit(&format!("action=account_changed&until={last}"))
        .await;
    assert_eq!(until, Vec::<Value>::new());
    let since = router
        .audit(&format!("action=account_changed&since={last}"))
        .await;
    assert_eq!(since.len(), 5);
    for (query, param) in [
        ("account=ada", "account"),
        ("action=nothing", "action"),
        ("since=yesterday", "since"),
        ("until=2026-13-01", "until"),
        ("limit=0", "limit"),
        ("before=5", "before"),
        ("who=me", "who"),
    ] {
        let path = format!("/admin/audit?{query}");
        let refused = router.send(Method::GET, &path, ADMIN, &json!({})).await;
        let (status, error) = error_of(refused).await;
        assert_eq!((status, &error["param"]), (400, &json!(param)), "{query}");
    }
}

#[actix_web::test]
async fn the_overview_tells_what_was_earned_and_lost() {
    let router = Router::start().await;
    let account = router.account("5").await;
    let (headers, _) = router.served(&account, &ask("gpt-4.1-mini", "Hello")).await;
    let cost = headers["x-model-router-cost"].to_str().unwrap().to_owned();
    let overview = router
        .send(Method::GET, "/admin/overview", ADMIN, &json!({}))
        .await;
    let overview: Value = overview.json().await.unwrap();
    assert_eq!(overview["revenue_usd"], json!(cost));
    assert_eq!(
        (&overview["accounts"], &overview["losses_usd"]),
        (&json!(1), &json!("0"))
    );
    assert_eq!(
        (&overview["deposits_usd"], &overview["fees_usd"]),
        (&json!("0"), &json!("0"))
    );
    assert_eq!(
        overview["credit_usd"],
        json!(router.balance(&account).await)
    );
}
