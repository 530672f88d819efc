//! Automatic recharge over HTTP, against a double of Stripe: one charge at a time, within its bounds,
//! and what becomes of cards that do not pay.

use std::time::Duration;

use futures_util::future::join_all;
use model_router::actors::ledger::AskRecharge;
use model_router::config::Settings;
use model_router::sandbox::stripe::{Behaviour, Call, Fault};
use reqwest::Method;
use serde_json::{Value, json};

use super::router::{ADMIN, Account, ask, error_of, pico, text};
use super::shop::{Customer, Shop, VISA};

const ADA: &str = "ada@example.com";

/// A shop in which nothing is waited for.
async fn shop() -> Shop {
    Shop::with(quick).await
}

fn quick(settings: &mut Settings) {
    settings.limits.running_per_account = 1000;
    settings.deposits.attempts = 1;
    settings.deposits.recharge_ask_again_ms = 10;
    settings.deposits.recharge_decline_pause_ms = 0;
}

impl Shop {
    /// A customer who has deposited so much, so that a card is saved, and the card.
    async fn with_card(&self, amount_usd: &str) -> (Customer, String) {
        let customer = self.customer(ADA).await;
        let card = self.deposit(&customer, amount_usd).await;
        (customer, card)
    }

    /// Pays a deposit with a good card; answers with the card once it is saved.
    async fn deposit(&self, customer: &Customer, amount_usd: &str) -> String {
        let (answer, session) = self.ordered(customer, amount_usd).await;
        self.stripe.pay(&session, VISA).unwrap();
        let order = &answer["order_id"];
        self.until_billing(customer, |billing| {
            let orders = billing["orders"]["data"].as_array().unwrap();
            let paid = |one: &Value| one["id"] == *order && one["status"] == "paid";
            billing["card"].is_object() && orders.iter().any(paid)
        })
        .await;
        text(&self.event("charge.succeeded")["data"]["object"]["payment_method"])
    }

    /// Switches auto-recharge on, which charges at once when too little is there.
    async fn recharge(&self, customer: &Customer, settings: Value) {
        let mut recharge = json!({ "enabled": true });
        let members = recharge.as_object_mut().unwrap();
        members.extend(settings.as_object().unwrap().clone());
        let body = json!({ "auto_recharge": recharge });
        let token = &customer.owner.token;
        let changed = self
            .router
            .send(Method::PATCH, "/v1/account", token, &body)
            .await;
        let (status, text) = (changed.status(), changed.text().await.unwrap());
        assert_eq!(status, 200, "{text}");
    }

    /// Waits until no charge of the account is wanted or under way.
    async fn rest(&self, customer: &Customer) {
        let account = customer.account.parse().unwrap();
        let desk = &self.router.desk;
        // Behind whatever has been said to the ledger, the call for credit is out.
        desk.ledger.send(AskRecharge(account)).await.unwrap();
        let purse = desk.purses.of(account);
        while !purse.call() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        purse.answer();
    }

    /// The charges that Stripe was asked for, and their keys, each once.
    fn charges(&self) -> Vec<String> {
        let asked = |call: &Call| call.path == "/v1/payment_intents";
        let calls = self.stripe.calls().into_iter().filter(asked);
        let mut keys: Vec<String> = calls.map(|call| call.idempotency_key.unwrap()).collect();
        keys.dedup();
        keys
    }

    /// What has become of the automatic charges, newest first.
    async fn outcomes(&self, customer: &Customer) -> Vec<String> {
        let billing = self.billing(customer).await;
        let orders = billing["orders"]["data"].as_array().unwrap();
        let automatic = orders.iter().filter(|one| one["origin"] == "auto_recharge");
        automatic.map(|one| text(&one["status"])).collect()
    }

    async fn state(&self, customer: &Customer) -> String {
        text(&self.billing(customer).await["auto_recharge"]["state"])
    }

    async fn adjust(&self, customer: &Customer, amount_usd: &str) {
        let path = format!("/admin/accounts/{}/adjust", customer.account);
        let body = json!({
            "amount_usd": amount_usd,
            "reason": "test",
            "idempotency_key": model_router::ids::KeyId::new().to_string(),
        });
        let done = self.router.send(Method::POST, &path, ADMIN, &body).await;
        assert_eq!(done.status(), 200);
    }
}

fn key_of(customer: &Customer) -> Account {
    Account {
        id: customer.account.clone(),
        key: text(&customer.owner.answer["api_key"]),
    }
}

#[actix_web::test]
async fn without_a_saved_card_it_cannot_be_switched_on() {
    let shop = shop().await;
    let customer = shop.customer(ADA).await;
    let token = &customer.owner.token;
    for body in [
        json!({ "auto_recharge": { "enabled": true } }),
        json!({ "auto_recharge": { "enabled": true }, "default_tier": "economy" }),
    ] {
        let refused = shop
            .router
            .send(Method::PATCH, "/v1/account", token, &body)
            .await;
        let (status, error) = error_of(refused).await;
        assert_eq!(
            (status, &error["param"]),
            (400, &json!("auto_recharge.enabled"))
        );
        assert!(text(&error["message"]).contains("No card is saved"));
    }
    let account = shop.send(&customer, Method::GET, "/v1/account").await.1;
    assert_eq!(account["default_tier"], Value::Null);
    assert_eq!(shop.state(&customer).await, "off");
}

#[actix_web::test]
async fn two_hundred_spends_that_cross_the_threshold_are_one_charge() {
    let shop = shop().await;
    let (customer, _) = shop.with_card("10").await;
    // Above what is held of 9.60 by the first request, below what the others leave.
    shop.recharge(
        &customer,
        json!({ "threshold_usd": "9.5999", "amount_usd": "20", "monthly_cap_usd": "500" }),
    )
    .await;
    shop.rest(&customer).await;
    assert_eq!(shop.charges(), Vec::<String>::new());
    shop.stripe.next(Fault::Delay(Duration::from_millis(50)));
    let key = key_of(&customer);
    let question = ask("gpt-4.1-mini", "Hello");
    let spends = (0..200).map(|_| shop.router.served(&key, &question));
    let costs: i64 = join_all(spends)
        .await
        .iter()
        .map(|(headers, _)| pico(headers["x-model-router-cost"].to_str().unwrap()))
        .sum();
    let billing = shop
        .until_billing(&customer, |billing| {
            billing["orders"]["data"][0]["origin"] == "auto_recharge"
                && billing["orders"]["data"][0]["status"] == "paid"
        })
        .await;
    assert_eq!(billing["auto_recharge"]["state"], "ready");
    assert_eq!(billing["orders"]["data"][0]["credit_usd"], "19.2");
    shop.rest(&customer).await;
    assert_eq!(shop.charges().len(), 1);
    assert_eq!(shop.outcomes(&customer).await, ["paid"]);
    let left = pico("9.6") + pico("19.2") - costs;
    assert_eq!(pico(&shop.balance(&customer).await), left);
    // By then the event has said the same again.
    let rows = shop.router.audit("action=auto_recharge_charged").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(shop.held("fee").await, "1.2");
    shop.router.verify().await;
}

#[actix_web::test]
async fn a_request_that_lacks_credit_has_the_card_charged_and_the_next_one_waits_for_it() {
    let shop = shop().await;
    let (customer, _) = shop.with_card("5").await;
    shop.adjust(&customer, "-4.8").await;
    let terms = json!({ "threshold_usd": "0", "amount_usd": "5" });
    shop.recharge(&customer, terms).await;
    shop.rest(&customer).await;
    assert_eq!(shop.charges(), Vec::<String>::new());
    shop.stripe.next(Fault::Delay(Duration::from_millis(200)));
    let key = key_of(&customer);
    let question = ask("gpt-4.1-mini", "Hello");
    let (status, error) = shop.router.refused(&key, &question).await;
    assert_eq!(
        (status, &error["code"]),
        (402, &json!("insufficient_credits"))
    );
    shop.until_billing(&customer, |billing| {
        billing["auto_recharge"]["state"] == "charging"
    })
    .await;
    shop.router.served(&key, &question).await;
    assert_eq!(shop.charges().len(), 1);
    shop.router.verify().await;
}

#[actix_web::test]
async fn three_declines_in_a_row_switch_it_off_with_a_mail() {
    let shop = shop().await;
    let (customer, card) = shop.with_card("5").await;
    shop.stripe.set_behaviour(&card, Behaviour::Declines);
    let key = key_of(&customer);
    let question = ask("gpt-4.1-mini", "Hello");
    shop.recharge(&customer, json!({ "threshold_usd": "100" }))
        .await;
    for declines in 1..=3 {
        shop.rest(&customer).await;
        assert_eq!(shop.charges().len(), declines);
        shop.router.served(&key, &question).await;
    }
    shop.rest(&customer).await;
    assert_eq!(shop.charges().len(), 3);
    let billing = shop.billing(&customer).await;
    assert_eq!(billing["auto_recharge"]["enabled"], false);
    assert_eq!(billing["auto_recharge"]["state"], "stopped");
    assert_eq!(shop.outcomes(&customer).await, ["failed"; 3]);
    let mails = shop.router.notices(ADA).await;
    let stopped = "Automatic recharge was switched off";
    assert_eq!(mails.iter().filter(|mail| *mail == stopped).count(), 1);
    let actions = ["auto_recharge_declined", "auto_recharge_stopped"];
    for (action, times) in actions.into_iter().zip([3, 1]) {
        let rows = shop.router.audit(&format!("action={action}")).await;
        assert_eq!(rows.len(), times, "{action}");
    }
    // Its owner may switch it on again; three charges a day are three, whatever became of them.
    shop.stripe.set_behaviour(&card, Behaviour::Pays);
    shop.recharge(&customer, json!({})).await;
    shop.rest(&customer).await;
    assert_eq!(shop.state(&customer).await, "ready");
    assert_eq!(shop.charges().len(), 3);
    shop.router.verify().await;
}

#[actix_web::test]
async fn a_declined_card_is_left_alone_for_a_while() {
    let shop = Shop::with(|settings| {
        quick(settings);
        settings.deposits.recharge_decline_pause_ms = 3_600_000;
    })
    .await;
    let (customer, card) = shop.with_card("5").await;
    shop.stripe
        .set_behaviour(&card, Behaviour::InsufficientFunds);
    shop.recharge(&customer, json!({ "threshold_usd": "100" }))
        .await;
    shop.rest(&customer).await;
    let key = key_of(&customer);
    for _ in 0..3 {
        shop.router
            .served(&key, &ask("gpt-4.1-mini", "Hello"))
            .await;
        shop.rest(&customer).await;
    }
    assert_eq!(shop.charges().len(), 1);
    assert_eq!(shop.state(&customer).await, "declined");
    let rows = shop.router.audit("action=auto_recharge_declined").await;
    assert_eq!(rows[0]["details"]["code"], "insufficient_funds");
}

#[actix_web::test]
async fn a_month_and_a_day_have_their_bounds() {
    for (amount, cap, charges) in [("20", "59.99", 2), ("5", "500", 3)] {
        let shop = shop().await;
        let (customer, _) = shop.with_card("5").await;
        let terms = json!({ "threshold_usd": "499", "amount_usd": amount, "monthly_cap_usd": cap });
        for _ in 0..5 {
            shop.recharge(&customer, terms.clone()).await;
            shop.rest(&customer).await;
        }
        assert_eq!(shop.charges().len(), charges, "{amount} of {cap}");
        assert_eq!(shop.outcomes(&customer).await, vec!["paid"; charges]);
        shop.router.verify().await;
    }
}

#[actix_web::test]
async fn a_bank_that_wants_the_customer_is_reported_and_not_asked_again() {
    let shop = shop().await;
    let (customer, card) = shop.with_card("5").await;
    shop.stripe.set_behaviour(&card, Behaviour::Authenticates);
    shop.recharge(&customer, json!({ "threshold_usd": "100" }))
        .await;
    let key = key_of(&customer);
    for _ in 0..4 {
        shop.rest(&customer).await;
        shop.router
            .served(&key, &ask("gpt-4.1-mini", "Hello"))
            .await;
    }
    shop.rest(&customer).await;
    assert_eq!(shop.charges().len(), 1);
    let billing = shop.billing(&customer).await;
    assert_eq!(billing["auto_recharge"]["state"], "authentication_required");
    assert_eq!(billing["auto_recharge"]["enabled"], true);
    let mails = shop.router.notices(ADA).await;
    let asked = "Your bank wants you to confirm a payment";
    assert_eq!(mails.iter().filter(|mail| *mail == asked).count(), 1);
    // A deposit that the customer makes shows that the card can be charged again. Of two cards that are
    // used in one second the first stays saved, so both pay.
    shop.stripe.set_behaviour(&card, Behaviour::Pays);
    shop.deposit(&customer, "5").await;
    assert_eq!(shop.state(&customer).await, "ready");
    shop.router
        .served(&key, &ask("gpt-4.1-mini", "Hello"))
        .await;
    shop.rest(&customer).await;
    assert_eq!(shop.outcomes(&customer).await, ["paid", "failed"]);
    shop.router.verify().await;
}

#[actix_web::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key_and_credited_once() {
    for faults in [vec![Fault::LoseAnswer], vec![Fault::Status(503); 3]] {
        let shop = shop().await;
        let (customer, _) = shop.with_card("5").await;
        shop.stripe.hold_events();
        faults.iter().for_each(|fault| shop.stripe.next(*fault));
        let terms = json!({ "threshold_usd": "20", "amount_usd": "20" });
        shop.recharge(&customer, terms).await;
        shop.until_balance_is(&customer, "24").await;
        shop.rest(&customer).await;
        assert_eq!(shop.charges().len(), 1, "one key, however often");
        let paid = shop.stripe.events().into_iter();
        let paid = paid.filter(|event| event["type"] == "payment_intent.succeeded");
        assert_eq!(paid.count(), 2, "the deposit and the charge");
        // The event comes late, and says nothing new.
        let event = shop.event("payment_intent.succeeded");
        assert_eq!(shop.tell(&event).await, 200);
        assert_eq!(shop.balance(&customer).await, "24");
        shop.router.verify().await;
    }
}

#[actix_web::test]
async fn an_event_that_comes_before_the_answer_credits_and_the_answer_does_not_again() {
    let shop = Shop::with(|settings| {
        quick(settings);
        // Longer than the test: only the event can say what became of the charge.
        settings.deposits.recharge_ask_again_ms = 3_600_000;
    })
    .await;
    let (customer, _) = shop.with_card("5").await;
    shop.stripe.next(Fault::LoseAnswer);
    let terms = json!({ "threshold_usd": "20", "amount_usd": "20" });
    shop.recharge(&customer, terms).await;
    shop.until_balance_is(&customer, "24").await;
    assert_eq!(shop.state(&customer).await, "ready");
    let rows = shop.router.audit("action=auto_recharge_charged").await;
    assert_eq!(rows[0]["actor"]["type"], "stripe");
    shop.router.verify().await;
}

#[actix_web::test]
async fn a_card_that_is_given_up_is_not_charged_and_switches_it_off() {
    let shop = shop().await;
    let (customer, _) = shop.with_card("5").await;
    shop.recharge(&customer, json!({ "threshold_usd": "1" }))
        .await;
    let (status, _) = shop
        .send(&customer, Method::DELETE, "/v1/billing/card")
        .await;
    assert_eq!(status, 200);
    let billing = shop.billing(&customer).await;
    assert_eq!(billing["auto_recharge"]["enabled"], false);
    let path = format!("account={}", customer.account);
    let rows = shop.router.audit(&path).await;
    assert_eq!(rows[0]["action"], "card_removed");
    assert_eq!(
        rows[0]["actor"]["session_id"],
        json!(customer.owner.session)
    );
}

#[actix_web::test]
async fn a_low_balance_is_told_once_until_a_deposit_comes() {
    let shop = shop().await;
    let (customer, _) = shop.with_card("5").await;
    let key = key_of(&customer);
    let token = &customer.owner.token;
    let watch = async |usd: &str| {
        let body = json!({ "auto_recharge": { "threshold_usd": usd } });
        let done = shop.router.send(Method::PATCH, "/v1/account", token, &body);
        assert_eq!(done.await.status(), 200);
    };
    let told = async || {
        let account = customer.account.parse().unwrap();
        shop.router
            .desk
            .ledger
            .send(AskRecharge(account))
            .await
            .unwrap();
        shop.rest(&customer).await;
        // The mail is on its way to the mailer by now, behind what the accounts' actor does first.
        shop.send(&customer, Method::GET, "/v1/account").await;
        let mails = shop.router.notices(ADA).await;
        let low = "Your credit is running low";
        mails.iter().filter(|mail| *mail == low).count()
    };
    watch("4.79999").await;
    assert_eq!(told().await, 0);
    for _ in 0..3 {
        shop.router
            .served(&key, &ask("gpt-4.1-mini", "Hello"))
            .await;
        assert_eq!(told().await, 1);
    }
    shop.deposit(&customer, "5").await;
    watch("9").await;
    shop.router
        .served(&key, &ask("gpt-4.1-mini", "Hello"))
        .await;
    assert_eq!(told().await, 1);
    let left = shop.balance(&customer).await;
    watch(&left).await;
    shop.router
        .served(&key, &ask("gpt-4.1-mini", "Hello"))
        .await;
    assert_eq!(told().await, 2);
    let off = json!({ "notifications": { "low_balance": false } });
    shop.router
        .send(Method::PATCH, "/v1/account", token, &off)
        .await;
    let left = shop.balance(&customer).await;
    watch(&left).await;
    shop.router
        .served(&key, &ask("gpt-4.1-mini", "Hello"))
        .await;
    assert_eq!(told().await, 2);
}

#[actix_web::test]
async fn whom_no_charge_helps_is_told_of_a_low_balance() {
    let shop = shop().await;
    let (customer, _) = shop.with_card("5").await;
    let terms = json!({ "threshold_usd": "4.79999", "amount_usd": "5", "monthly_cap_usd": "5" });
    shop.recharge(&customer, terms).await;
    let key = key_of(&customer);
    // The first fall below the threshold is charged for.
    shop.router
        .served(&key, &ask("gpt-4.1-mini", "Hello"))
        .await;
    shop.rest(&customer).await;
    assert_eq!(shop.charges().len(), 1);
    assert!(
        !shop
            .router
            .notices(ADA)
            .await
            .iter()
            .any(|mail| mail.contains("low"))
    );
    // The month is full for the second one.
    let left = shop.balance(&customer).await;
    shop.recharge(&customer, json!({ "threshold_usd": left }))
        .await;
    shop.router
        .served(&key, &ask("gpt-4.1-mini", "Hello"))
        .await;
    shop.rest(&customer).await;
    shop.send(&customer, Method::GET, "/v1/account").await;
    assert_eq!(shop.charges().len(), 1);
    let mails = shop.router.notices(ADA).await;
    assert!(
        mails
            .iter()
            .any(|mail| mail == "Your credit is running low"),
        "{mails:?}"
    );
}
