//! The router's client of Stripe against localstripe, a double that others wrote: `make stripe`.

use model_router::actors::stripe::Stripe;
use model_router::billing::{Charge, NewCustomer, OffSession, StripeId};
use model_router::config::{Deposits, StripeAccess};
use model_router::ids::{AccountId, OrderId};
use model_router::money::Cents;
use reqwest::Client;
use serde_json::Value;

use super::router::{crypto, text};

/// A card of a customer's.
async fn card(url: &str, customer: &StripeId, number: &str) -> StripeId {
    let post = async |path: String, form: String| -> Value {
        let request = Client::new().post(format!("{url}{path}"));
        let request = request.bearer_auth("sk_test_12345");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request
            .body(form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let form = format!(
        "type=card&card[number]={number}&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123"
    );
    let method = post("/v1/payment_methods".to_owned(), form).await;
    let path = format!("/v1/payment_methods/{}/attach", text(&method["id"]));
    let method = post(path, format!("customer={customer}")).await;
    text(&method["id"]).parse().unwrap()
}

#[actix_web::test]
#[ignore = "needs localstripe: make stripe"]
async fn localstripe_charges_saved_cards_as_stripe_does() {
    crypto();
    let url = std::env::var("LOCALSTRIPE").unwrap();
    let access = StripeAccess::read("sk_test_12345".to_owned(), Some(&url)).unwrap();
    let stripe = Stripe::new(&access, &Deposits::default()).unwrap();
    let account = AccountId::new();
    let new = NewCustomer {
        account,
        email: "eve@example.com",
        lost: 0,
    };
    let customer = stripe.create_customer(&new).await.unwrap();
    let charge = async |number: &str| {
        let method = card(&url, &customer, number).await;
        let wanted = OffSession {
            order: OrderId::new(),
            account,
            customer: &customer,
            method: &method,
            amount: Cents::new(2000),
        };
        stripe.charge(&wanted).await
    };
    let paid = charge("4242424242424242").await;
    assert!(
        matches!(&paid, Charge::Succeeded { amount, .. } if *amount == Cents::new(2000)),
        "{paid:?}"
    );
    let declined = charge("4000000000000341").await;
    assert!(
        matches!(&declined, Charge::Declined(why) if why.code == "card_declined"),
        "{declined:?}"
    );
    let wanted = charge("4000002500003155").await;
    assert!(
        matches!(wanted, Charge::NeedsAuthentication { .. }),
        "{wanted:?}"
    );
    let cards = stripe.cards(&customer).await.unwrap();
    assert_eq!(cards.len(), 3);
    for card in &cards {
        stripe.detach(card).await.unwrap();
    }
    assert!(stripe.cards(&customer).await.unwrap().is_empty());
    stripe.delete_customer(&customer).await.unwrap();
    let lost = stripe.cards(&customer).await.unwrap_err();
    println!("a customer that is gone: {lost}");
}
