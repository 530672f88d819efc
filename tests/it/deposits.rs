//! Deposits over HTTP: ordered, paid on Stripe's page, credited, mailed, listed; the saved card; and
//! how all of it is refused.

use std::time::{Duration, Instant};

use model_router::sandbox::stripe::Fault;
use reqwest::{Method, redirect};
use serde_json::{Value, json};

use super::mailbox::mails;
use super::router::{Router, ask, error_of, text};
use super::shop::{Shop, VISA};

#[actix_web::test]
async fn a_deposit_from_the_order_to_the_receipt() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    let billing = shop.billing(&ada).await;
    assert_eq!(billing["deposits"], "on");
    assert_eq!(
        (&billing["card"], &billing["fee_percent"]),
        (&Value::Null, &json!(4))
    );
    assert_eq!([&billing["least_usd"], &billing["most_usd"]], ["5", "500"]);

    let (order, session) = shop.ordered(&ada, "10.13").await;
    for (name, usd) in [
        ("amount_usd", "10.13"),
        ("fee_usd", "0.41"),
        ("credit_usd", "9.72"),
    ] {
        assert_eq!(order[name], usd);
    }
    // The page shows the fee before anything is paid, and leads back to the router.
    let browser = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap();
    let url = text(&order["url"]);
    let page = browser
        .get(&url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("$9.72 of credit and a fee of $0.41"),
        "{page}"
    );
    let declined = browser.post(&url).body("card=4000000000000002");
    assert_eq!(declined.send().await.unwrap().status(), 402);
    assert_eq!(shop.balance(&ada).await, "0");
    let paid = browser.post(&url).body(format!("card={VISA}"));
    let paid = paid.send().await.unwrap();
    assert_eq!(paid.status(), 303);
    let back = paid.headers()["location"].to_str().unwrap();
    let order_id = text(&order["order_id"]);
    assert!(
        back.ends_with(&format!("/dashboard?deposit=paid&order={order_id}")),
        "{back}"
    );
    shop.until_balance_is(&ada, "9.72").await;

    let billing = shop.until_billing(&ada, |b| b["card"].is_object()).await;
    let card = json!({ "brand": "visa", "last4": "4242", "exp": "2034-12" });
    assert_eq!(billing["card"], card);
    let listed = &billing["orders"]["data"][0];
    for (name, value) in [
        ("id", order_id.as_str()),
        ("status", "paid"),
        ("origin", "checkout"),
        ("amount_usd", "10.13"),
        ("fee_usd", "0.41"),
        ("credit_usd", "9.72"),
        ("returned_usd", "0"),
    ] {
        assert_eq!(listed[name], value, "{name}");
    }
    let (_, history) = shop
        .send(&ada, Method::GET, "/v1/account/transactions")
        .await;
    assert_eq!(history["data"].as_array().unwrap().len(), 1);
    for (name, value) in [
        ("kind", "deposit"),
        ("amount_usd", "9.72"),
        ("paid_usd", "10.13"),
        ("fee_usd", "0.41"),
        ("order_id", &order_id),
    ] {
        assert_eq!(history["data"][0][name], value, "{name}");
    }
    let receipt = mail(
        &shop,
        "ada@example.com",
        "Receipt for your deposit of $10.13",
    )
    .await;
    assert!(
        receipt.contains("$9.72") && receipt.contains(&order_id),
        "{receipt}"
    );

    // Stripe was told no more than it needs, in the version that its answers are read in.
    let created = &shop.stripe.calls()[0];
    assert_eq!(created.path, "/v1/customers");
    assert_eq!(created.version.as_deref(), Some("2024-06-20"));
    let account = &ada.account;
    let key = format!("customer-{account}-0");
    assert_eq!(created.idempotency_key.as_deref(), Some(key.as_str()));
    let session = shop.stripe.object(&session).unwrap();
    assert_eq!(session["client_reference_id"], order_id.as_str());
    // A second order is the same customer's.
    shop.ordered(&ada, "5").await;
    let customers = |call: &&model_router::sandbox::stripe::Call| call.path == "/v1/customers";
    assert_eq!(shop.stripe.calls().iter().filter(customers).count(), 1);
    shop.router.verify().await;
}

/// Waits for a mail with this subject.
async fn mail(shop: &Shop, to: &str, subject: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let found = mails(&shop.router.dir.path().join("var"), to);
        let wanted = |mail: &&String| mail.contains(&format!("Subject: {subject}\r\n"));
        if let Some(mail) = found.iter().find(wanted) {
            return mail.clone();
        }
        assert!(Instant::now() < deadline, "no mail {subject}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[actix_web::test]
async fn credit_of_a_deposit_can_be_spent_and_no_receipt_comes_when_none_is_wanted() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    let off = json!({ "notifications": { "receipts": false } });
    let token = &ada.owner.token;
    let changed = shop
        .router
        .send(Method::PATCH, "/v1/account", token, &off)
        .await;
    assert_eq!(changed.status(), 200);
    let (_, key) = shop.router.make_key(&ada.owner, json!({})).await;
    let (status, _) = shop.router.refused(&key, &ask("gpt-4.1", "Hello")).await;
    assert_eq!(status, 402);
    let (_, session) = shop.ordered(&ada, "5.00").await;
    shop.stripe.pay(&session, VISA).unwrap();
    shop.until_balance_is(&ada, "4.8").await;
    shop.router.served(&key, &ask("gpt-4.1", "Hello")).await;
    // The mail would have been written by now: the sign-in code of someone else is.
    shop.customer("eve@example.com").await;
    let mut all = mails(&shop.router.dir.path().join("var"), "ada@example.com");
    all.retain(|mail| mail.contains("Subject: Receipt"));
    assert_eq!(all, Vec::<String>::new());
    shop.router.verify().await;
}

#[actix_web::test]
async fn a_card_that_is_given_up_is_detached_and_stays_so() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    let eve = shop.customer("eve@example.com").await;
    for customer in [&ada, &eve] {
        let (_, session) = shop.ordered(customer, "5").await;
        shop.stripe.pay(&session, VISA).unwrap();
        shop.until_billing(customer, |b| b["card"].is_object())
            .await;
    }
    let charged = shop.event("charge.succeeded");
    let (status, answer) = shop.send(&eve, Method::DELETE, "/v1/billing/card").await;
    assert_eq!((status, answer), (200, json!({ "card": null })));
    let method = text(&charged["data"]["object"]["payment_method"]);
    assert_eq!(
        shop.stripe.object(&method).unwrap()["customer"],
        Value::Null
    );
    assert_eq!(shop.billing(&eve).await["card"], Value::Null);
    // An event of before that comes again brings nothing back.
    assert_eq!(shop.tell(&charged).await, 200);
    assert_eq!(shop.billing(&eve).await["card"], Value::Null);
    assert!(shop.billing(&ada).await["card"].is_object());
    // Said again it is the same; and when Stripe cannot be told, it can be said again.
    let (status, _) = shop.send(&eve, Method::DELETE, "/v1/billing/card").await;
    assert_eq!(status, 200);
    shop.stripe.next(Fault::Status(400));
    let (status, error) = shop.send(&ada, Method::DELETE, "/v1/billing/card").await;
    assert_eq!(
        (status, &error["error"]["code"]),
        (502, &json!("payment_processor_failed"))
    );
    assert_eq!(shop.billing(&ada).await["card"], Value::Null);
    let (status, _) = shop.send(&ada, Method::DELETE, "/v1/billing/card").await;
    assert_eq!(status, 200);
    let kept = shop
        .stripe
        .events()
        .iter()
        .filter(|event| event["type"] == "payment_method.detached")
        .count();
    assert_eq!(kept, 2);
}

#[actix_web::test]
async fn a_deleted_account_takes_its_customer_with_stripe_along() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    let (_, session) = shop.ordered(&ada, "5").await;
    shop.stripe.pay(&session, VISA).unwrap();
    shop.until_balance_is(&ada, "4.8").await;
    let customer = text(&shop.stripe.object(&session).unwrap()["customer"]);
    let body = json!({ "email": "ada@example.com", "forfeit_balance": true });
    let token = &ada.owner.token;
    let deleted = shop
        .router
        .send(Method::DELETE, "/v1/account", token, &body)
        .await;
    assert_eq!(deleted.status(), 200);
    let deadline = Instant::now() + Duration::from_secs(10);
    while shop.stripe.object(&customer).is_some() {
        assert!(Instant::now() < deadline, "the customer stays");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // What Stripe says of the account afterwards moves money, and finds nobody to mail to.
    let intent = text(&shop.stripe.object(&session).unwrap()["payment_intent"]);
    shop.stripe.hold_events();
    shop.stripe.refund(&intent, 500).unwrap();
    assert_eq!(shop.tell(&shop.event("charge.refunded")).await, 200);
    assert_eq!(shop.held("cash:stripe").await, "0");
    assert_eq!(shop.held("loss:refund").await, "-5");
    shop.router.verify().await;
}

#[actix_web::test]
async fn what_cannot_be_deposited_is_refused_by_name_and_reaches_nobody() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    for (body, param, code) in [
        (json!({}), "amount_usd", "missing_required_parameter"),
        (json!({ "amount_usd": 10 }), "amount_usd", "invalid_value"),
        (
            json!({ "amount_usd": "4.99" }),
            "amount_usd",
            "invalid_value",
        ),
        (
            json!({ "amount_usd": "500.01" }),
            "amount_usd",
            "invalid_value",
        ),
        (
            json!({ "amount_usd": "10.005" }),
            "amount_usd",
            "invalid_value",
        ),
        (
            json!({ "amount_usd": "-10" }),
            "amount_usd",
            "invalid_value",
        ),
        (
            json!({ "amount_usd": "1e2" }),
            "amount_usd",
            "invalid_value",
        ),
        (
            json!({ "amount_usd": "10", "account": "x" }),
            "account",
            "unsupported_parameter",
        ),
    ] {
        let path = "/v1/billing/checkout";
        let token = &ada.owner.token;
        let refused = shop.router.send(Method::POST, path, token, &body).await;
        let (status, error) = error_of(refused).await;
        assert_eq!(
            (status, &error["param"], &error["code"]),
            (400, &json!(param), &json!(code)),
            "{body}"
        );
    }
    for key in ["", &"k".repeat(256)] {
        let (status, error) = error_of(shop.order(&ada, "10", Some(key)).await).await;
        assert_eq!((status, &error["param"]), (400, &json!("idempotency_key")));
    }
    for query in ["limit=0", "before=x", "page=2"] {
        let path = format!("/v1/billing?{query}");
        let (status, _) = shop.send(&ada, Method::GET, &path).await;
        assert_eq!(status, 400, "{query}");
    }
    assert!(shop.stripe.calls().is_empty());
    assert_eq!(shop.billing(&ada).await["orders"]["data"], json!([]));
}

#[actix_web::test]
async fn without_a_key_or_a_secret_deposits_are_off() {
    for has_key in [true, false] {
        let shop = Shop::with(|settings| {
            if has_key {
                settings.deposits.webhook_secrets.clear();
            } else {
                settings.deposits.stripe = None;
            }
        })
        .await;
        let ada = shop.customer("ada@example.com").await;
        assert_eq!(shop.billing(&ada).await["deposits"], "off");
        let (status, error) = error_of(shop.order(&ada, "10", None).await).await;
        assert_eq!((status, &error["code"]), (404, &json!("deposits_off")));
        let (status, _) = shop.send(&ada, Method::DELETE, "/v1/billing/card").await;
        assert_eq!(status, 404);
        assert!(shop.stripe.calls().is_empty());
    }
}

#[actix_web::test]
async fn an_account_orders_only_so_often_and_sees_its_orders_by_the_page() {
    let shop = Shop::with(|settings| settings.deposits.orders_per_day = 3).await;
    let ada = shop.customer("ada@example.com").await;
    let mut ordered = Vec::new();
    for amount in ["5", "6", "7"] {
        let (answer, _) = shop.ordered(&ada, amount).await;
        ordered.insert(0, text(&answer["order_id"]));
    }
    let fourth = shop.order(&ada, "8", None).await;
    let wait: u64 = fourth.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((86_300..=86_400).contains(&wait), "{wait}");
    let (status, error) = error_of(fourth).await;
    assert_eq!(
        (status, &error["code"]),
        (429, &json!("rate_limit_exceeded"))
    );
    // Another account is not held back, and sees nothing of it.
    let eve = shop.customer("eve@example.com").await;
    shop.ordered(&eve, "5").await;

    let (_, first) = shop.send(&ada, Method::GET, "/v1/billing?limit=2").await;
    let before = text(&first["orders"]["before"]);
    assert_eq!(first["orders"]["has_more"], true);
    let path = format!("/v1/billing?limit=2&before={before}");
    let (_, second) = shop.send(&ada, Method::GET, &path).await;
    assert_eq!(second["orders"]["has_more"], false);
    let ids = |page: &Value| -> Vec<String> {
        let data = page["orders"]["data"].as_array().unwrap();
        data.iter().map(|order| text(&order["id"])).collect()
    };
    assert_eq!([ids(&first), ids(&second)].concat(), ordered);
    let (_, export) = shop.send(&ada, Method::GET, "/v1/account/export").await;
    assert_eq!(export["orders"].as_array().unwrap().len(), 3);
    assert_eq!(export["card"], Value::Null);
}

#[actix_web::test]
async fn a_customer_that_stripe_has_lost_is_made_anew() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    let (_, session) = shop.ordered(&ada, "5").await;
    let customer = text(&shop.stripe.object(&session).unwrap()["customer"]);
    shop.stripe.forget(&customer);
    let (_, session) = shop.ordered(&ada, "6").await;
    let other = text(&shop.stripe.object(&session).unwrap()["customer"]);
    assert_ne!(customer, other);
    shop.stripe.pay(&session, VISA).unwrap();
    shop.until_balance_is(&ada, "5.76").await;
}

#[actix_web::test]
async fn the_routes_of_deposits_take_a_session_and_no_key() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let scopes = json!({ "scopes": ["inference", "read", "manage"] });
    let (_, key) = router.make_key(&owner, scopes).await;
    for (method, path) in [
        (Method::GET, "/v1/billing"),
        (Method::POST, "/v1/billing/checkout"),
        (Method::DELETE, "/v1/billing/card"),
    ] {
        let response = router.send(method, path, &key.key, &json!({})).await;
        assert_eq!(response.status(), 401, "{path}");
    }
}
