//! What an account may spend: a day's limit, holds that grow with a stream, corrections by hand,
//! prices that stay what they were.

use model_router::sandbox::{Fault, Vendor};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::router::{ADMIN, Account, Router, ask, chunks, error_of, header, pico, text};

fn streamed(model: &str, prompt: &str) -> Value {
    let mut body = ask(model, prompt);
    body["stream"] = json!(true);
    body
}

async fn patch(router: &Router, account: &str, body: &Value) -> reqwest::Response {
    let request = router
        .client
        .patch(format!("{}/admin/accounts/{account}", router.url))
        .bearer_auth(ADMIN);
    request.json(body).send().await.unwrap()
}

async fn limit(router: &Router, account: &Account, usd: Value) {
    let set = patch(router, &account.id, &json!({ "daily_limit_usd": usd })).await;
    assert_eq!(set.status(), 200);
    let said: Value = set.json().await.unwrap();
    assert_eq!(said["daily_limit_usd"], usd);
}

/// A chat that must be refused with its headers.
async fn refused(router: &Router, account: &Account, body: &Value) -> (HeaderMap, Value) {
    let response = router.chat(account, body).await;
    let headers = response.headers().clone();
    let (status, error) = error_of(response).await;
    assert_eq!(status, 429, "{error}");
    (headers, error)
}

#[actix_web::test]
async fn a_daily_limit_ends_paid_work_until_midnight_and_free_models_go_on() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let body = ask("gpt-4.1", "[[tokens:40]] Hello");
    let (headers, _) = router.served(&account, &body).await;
    let cost = header(&headers, "x-model-router-cost").to_owned();
    limit(&router, &account, json!(cost)).await;

    let (headers, error) = refused(&router, &account, &body).await;
    assert_eq!(error["code"], "daily_limit_exceeded");
    assert!(text(&error["message"]).contains(&cost), "{error}");
    let wait: u64 = header(&headers, "retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    let free = ask("llama-3.3-70b-versatile", "Hello");
    router.served(&account, &free).await;
    let mut economy = ask("economy", "Hello");
    economy["prefer"] = json!("quality");
    let (headers, _) = router.served(&account, &economy).await;
    assert_eq!(header(&headers, "x-model-router-cost"), "0");

    limit(&router, &account, json!("1")).await;
    router.served(&account, &body).await;
    limit(&router, &account, json!("0")).await;
    refused(&router, &account, &body).await;
    limit(&router, &account, Value::Null).await;
    router.served(&account, &body).await;
    router.verify().await;
}

#[actix_web::test]
async fn requests_at_one_time_share_what_the_day_leaves() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = ask("gpt-4.1", "[[tokens:40]] at one time");
    body["max_tokens"] = json!(40);
    let (headers, _) = router.served(&account, &body).await;
    let cost = pico(header(&headers, "x-model-router-cost"));
    let ten_more = model_router::money::Picodollars::new(cost * 11).to_string();
    limit(&router, &account, json!(ten_more)).await;
    let answers = futures_util::future::join_all((0..40).map(|_| router.chat(&account, &body)));
    let statuses: Vec<u16> = answers.await.iter().map(|a| a.status().as_u16()).collect();
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(200), count(429)), (10, 30));
    let spent = 5_000_000_000_000 - pico(&router.balance(&account).await);
    assert_eq!(spent, cost * 11);
    router.verify().await;
}

#[actix_web::test]
async fn a_limit_can_be_given_with_the_account_and_nonsense_is_refused_by_name() {
    let router = Router::start().await;
    let create = async |limit: Value| {
        let email = format!("{}@example.com", model_router::ids::KeyId::new());
        let body = json!({ "email": email, "credit_usd": "1", "daily_limit_usd": limit });
        let request = router.admin("/admin/accounts").json(&body);
        request.send().await.unwrap()
    };
    let made: Value = create(json!("0")).await.json().await.unwrap();
    assert_eq!(made["daily_limit_usd"], "0");
    let account = Account {
        id: text(&made["account_id"]),
        key: text(&made["api_key"]),
    };
    refused(&router, &account, &ask("gpt-4.1", "Hello")).await;
    let (status, error) = error_of(create(json!("-1")).await).await;
    assert_eq!((status, &error["param"]), (400, &json!("daily_limit_usd")));

    for body in [
        json!({ "daily_limit_usd": "much" }),
        json!({ "daily_limit_usd": "-0.01" }),
        json!({ "daily_limit_usd": "1.0000000000001" }),
        json!({}),
    ] {
        let (status, error) = error_of(patch(&router, &account.id, &body).await).await;
        assert_eq!((status, &error["param"]), (400, &json!("daily_limit_usd")));
    }
    for body in [
        json!({ "daily_limit_usd": 1 }),
        json!({ "dayly_limit": "1" }),
    ] {
        let (status, error) = error_of(patch(&router, &account.id, &body).await).await;
        assert_eq!(status, 400);
        let message = text(&error["message"]);
        assert!(!body["dayly_limit"].is_string() || message.contains("dayly_limit"));
    }
    let nobody = model_router::ids::AccountId::new().to_string();
    let none = json!({ "daily_limit_usd": null });
    assert_eq!(patch(&router, &nobody, &none).await.status(), 404);
    refused(&router, &account, &ask("gpt-4.1", "Hello")).await;
}

#[actix_web::test]
async fn a_stream_longer_than_its_hold_is_served_whole_while_the_balance_lasts() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let body = streamed("gpt-4.1", "[[tokens:6000]] a long story");
    let response = router.chat(&account, &body).await;
    let chunks = chunks(&response.text().await.unwrap());
    let usage = &chunks.last().unwrap()["usage"];
    assert_eq!(usage["completion_tokens"], 6000);
    assert!(chunks.iter().all(|chunk| chunk["error"].is_null()));
    let spent = 5_000_000_000_000 - pico(&router.balance(&account).await);
    // Three times what was held at first, 1200 tokens of output, and no loss.
    assert!(spent > 6000 * 8_000_000, "{spent}");
    assert_eq!(router.desk.ledger_tally.read().overrun.count, 0);
    router.verify().await;
}

#[actix_web::test]
async fn a_stream_that_cannot_be_paid_further_ends_with_length_and_says_so() {
    let router = Router::start().await;
    // The hold is $0.0096 and a little input; the answer would cost $0.048.
    let account = router.account("0.012").await;
    let body = streamed("gpt-4.1", "[[tokens:6000]] a long story");
    let response = router.chat(&account, &body).await;
    assert_eq!(response.status(), 200);
    let id = header(response.headers(), "x-model-router-generation-id").to_owned();
    let chunks = chunks(&response.text().await.unwrap());
    let [.., cut, last] = chunks.as_slice() else {
        panic!("too few chunks")
    };
    assert_eq!(cut["error"]["code"], "insufficient_credits");
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    let usage = &last["usage"];
    assert_eq!(usage["estimated"], true);
    let delivered: usize = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .map(str::len)
        .sum();
    assert_eq!(usage["completion_tokens"], delivered.div_ceil(4));
    let (cost, left) = (
        pico(&usage["cost"].to_string()),
        pico(&router.balance(&account).await),
    );
    assert_eq!(cost + left, 12_000_000_000);
    assert!(left < 1_000_000_000, "{left} is left of the last credit");
    let record = router.get(&account, &format!("/v1/generations/{id}")).await;
    assert_eq!(record["data"]["finish_reason"], "length");
    assert_eq!(pico(&text(&record["data"]["total_cost"])), cost);
    assert_eq!(router.desk.ledger_tally.read().overrun.count, 0);
    router.verify().await;
}

#[actix_web::test]
async fn a_free_stream_never_asks_for_more() {
    let router = Router::start().await;
    let account = router.account("").await;
    let body = streamed("llama-3.3-70b-versatile", "[[tokens:6000]] a long story");
    let response = router.chat(&account, &body).await;
    let chunks = chunks(&response.text().await.unwrap());
    assert_eq!(chunks.last().unwrap()["usage"]["completion_tokens"], 6000);
}

#[actix_web::test]
async fn balances_are_corrected_in_both_directions_once_per_key() {
    let router = Router::start().await;
    let account = router.account("1.00").await;
    let path = format!("/admin/accounts/{}/adjust", account.id);
    let adjust = async |usd: &str, reason: &str, key: &str| {
        let body = json!({ "amount_usd": usd, "reason": reason, "idempotency_key": key });
        router.admin(&path).json(&body).send().await.unwrap()
    };
    for _ in 0..2 {
        let answer = adjust("-0.40", "charged twice elsewhere", "a").await;
        assert_eq!(answer.status(), 200);
        let said: Value = answer.json().await.unwrap();
        assert_eq!(said["balance_usd"], "0.6");
    }
    assert_eq!(adjust("0.15", "goodwill", "b").await.status(), 200);
    for (usd, reason, key, status, param) in [
        (
            "-0.41",
            "charged twice elsewhere",
            "a",
            422,
            "idempotency_key",
        ),
        ("-0.76", "too much", "c", 400, "amount_usd"),
        ("0", "nothing", "c", 400, "amount_usd"),
        ("five", "no number", "c", 400, "amount_usd"),
        ("1", "", "c", 400, "reason"),
        ("1", "no key", "", 400, "idempotency_key"),
    ] {
        let (got, error) = error_of(adjust(usd, reason, key).await).await;
        assert_eq!((got, text(&error["param"]).as_str()), (status, param));
    }
    assert_eq!(router.balance(&account).await, "0.75");
    router.verify().await;
}

#[actix_web::test]
async fn a_request_is_charged_by_the_prices_it_was_planned_with() {
    let price = |usd: &str| {
        format!("[[model]]\nid = \"gpt-4.1\"\nprice = {{ input = {usd}, output = {usd} }}\n")
    };
    let router = Router::with(&price("1"), |_| {}).await;
    let account = router.account("5.00").await;
    let mut body = ask("gpt-4.1", "[[tokens:40]] Hello");
    body["max_tokens"] = json!(40);
    let (headers, _) = router.served(&account, &body).await;
    let before = header(&headers, "x-model-router-cost").to_owned();

    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::DelayMs(300));
    let reload = async {
        assert!(script.wait(|calls| calls.len() == 2).await);
        let path = router.dir.path().join("catalog.toml");
        std::fs::write(path, price("10")).unwrap();
        let request = router.admin("/admin/catalog/reload");
        assert_eq!(request.send().await.unwrap().status(), 200);
    };
    let ((headers, answer), ()) = tokio::join!(router.served(&account, &body), reload);
    assert_eq!(header(&headers, "x-model-router-cost"), before);
    let record = |id: String| {
        let path = format!("/v1/generations/{id}");
        let (router, account) = (&router, &account);
        async move { router.get(account, &path).await["data"]["total_cost"].clone() }
    };
    assert_eq!(record(text(&answer["id"])).await, json!(before));

    script.clear();
    let (headers, _) = router.served(&account, &body).await;
    let after = pico(header(&headers, "x-model-router-cost"));
    assert_eq!(after, 10 * pico(&before));
    router.verify().await;
}
