//! Automatic recharge and the process: killed between charge and credit, it is one charge and one
//! credit.

use std::time::{Duration, Instant};

use model_router::sandbox::stripe::{Call, Fault, Stripe};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::deposit_process::{Real, order, session};
use super::router::{ADMIN, crypto};
use super::shop::{VISA, page_of};

const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until the answer satisfies something.
async fn until(client: &Client, url: &str, bearer: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = client.get(url).bearer_auth(bearer).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{answer}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn charges(stripe: &Stripe) -> Vec<Call> {
    let calls = stripe.calls().into_iter();
    calls
        .filter(|call| call.path == "/v1/payment_intents")
        .collect()
}

fn taken(stripe: &Stripe) -> usize {
    let events = stripe.events();
    let paid = events
        .iter()
        .filter(|event| event["type"] == "payment_intent.succeeded");
    paid.count()
}

#[actix_web::test]
async fn killed_between_charge_and_credit_it_is_one_charge_and_one_credit() {
    crypto();
    let dir = TempDir::new().unwrap();
    let (log, var) = (dir.path().join("log"), dir.path().join("var"));
    let stripe = Stripe::start().unwrap();
    let client = Client::new();
    let router = Real::start(dir.path(), &log, &stripe);
    let session = session(&client, &router.url, &var).await;
    let ordered = order(&client, &router.url, &session).await.unwrap();
    let ordered: Value = ordered.json().await.unwrap();
    let page = page_of(&ordered);
    stripe.pay(&page, VISA).unwrap();
    let billing = format!("{}/v1/billing", router.url);
    until(&client, &billing, &session, |billing| {
        billing["card"].is_object() && billing["orders"]["data"][0]["status"] == "paid"
    })
    .await;

    // The money is taken, the answer is lost, and the process dies before it asks again.
    stripe.hold_events();
    stripe.next(Fault::LoseAnswer);
    let on = json!({ "auto_recharge": { "enabled": true, "threshold_usd": "20" } });
    let request = client.request(Method::PATCH, format!("{}/v1/account", router.url));
    let changed = request.bearer_auth(&session).json(&on).send().await;
    assert_eq!(changed.unwrap().status(), 200);
    let deadline = Instant::now() + PATIENCE;
    while taken(&stripe) < 2 {
        assert!(Instant::now() < deadline, "nothing was charged");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    router.signal("-KILL");
    drop(router);
    assert_eq!(
        charges(&stripe).len(),
        1,
        "it was killed before it asked again"
    );

    let router = Real::start(dir.path(), &log, &stripe);
    let account = format!("{}/v1/account", router.url);
    // Ten dollars and twenty dollars, each less four percent.
    until(&client, &account, &session, |account| {
        account["balance_usd"] == "28.8"
    })
    .await;
    assert_eq!(taken(&stripe), 2, "the deposit and one charge");
    let charges = charges(&stripe);
    assert!(charges.len() >= 2 && charges.iter().all(|call| *call == charges[0]));
    let billing = format!("{}/v1/billing", router.url);
    let billing = until(&client, &billing, &session, |_| true).await;
    assert_eq!(billing["orders"]["data"].as_array().unwrap().len(), 2);
    assert_eq!(billing["auto_recharge"]["state"], "ready");
    let audit = format!("{}/admin/audit?action=auto_recharge_charged", router.url);
    let rows = until(&client, &audit, ADMIN, |_| true).await;
    assert_eq!(rows["data"].as_array().unwrap().len(), 1);
    let verify = format!("{}/admin/ledger/verify", router.url);
    until(&client, &verify, ADMIN, |report| report["clean"] == true).await;
    router.end();
}
