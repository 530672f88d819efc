//! Credit in the pages: a deposit from the form to the receipt, and the saved card.

use super::forms::{Browser, typed, wrong};
use super::pages::check_markup;
use super::router::{header, text};
use super::shop::{Shop, VISA};

#[actix_web::test]
async fn a_deposit_is_shown_with_its_fee_paid_and_receipted() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    let browser = Browser::of(&shop.router, &ada.owner);
    let page = browser.page("/dashboard/credit").await;
    assert!(page.contains("fee $0.80, credit $19.20"), "{page}");
    let path = "/dashboard/credit/deposit";
    for (chosen, other) in [
        ("other", "4.99"),
        ("other", "500.01"),
        ("other", "ten"),
        ("", ""),
    ] {
        let fields = [("amount_usd", chosen), ("other_usd", other)];
        let html = browser.refused(path, &fields, 400).await;
        assert!(!wrong(&html, "amount_usd").is_empty());
        assert_eq!(typed(&html, "other_usd"), other);
    }
    assert!(shop.stripe.calls().is_empty(), "nobody was asked");

    let once = typed(&page, "once");
    let fields = [
        ("amount_usd", "other"),
        ("other_usd", "10.13"),
        ("once", once.as_str()),
    ];
    let going = browser.send(path, &fields).await;
    assert_eq!(going.status(), 200);
    let html = going.text().await.unwrap();
    check_markup(path, &html);
    assert!(html.contains("<h1>$10.13</h1>") && html.contains("$0.41") && html.contains("$9.72"));
    // Sent twice it is one order.
    let again = browser.send(path, &fields).await.text().await.unwrap();
    assert_eq!(again, html);
    let billing = shop.billing(&ada).await;
    let orders = billing["orders"]["data"].as_array().unwrap();
    assert_eq!(orders.len(), 1);
    let order = text(&orders[0]["id"]);

    let receipt = format!("/dashboard/receipts/{order}");
    assert_eq!(browser.get(&receipt).await.status(), 404, "not paid yet");
    let url = html
        .split('"')
        .find(|part| part.starts_with("http") && part.contains("cs_"))
        .unwrap();
    let session = url.rsplit('/').next().unwrap();
    shop.stripe.pay(session, VISA).unwrap();
    shop.until_balance_is(&ada, "9.72").await;
    let page = browser.page(&receipt).await;
    for part in [
        "$9.72",
        "$0.41",
        "$10.13",
        "ada@example.com",
        &order,
        &ada.account,
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    shop.until_billing(&ada, |billing| !billing["card"].is_null())
        .await;
    let page = browser.page("/dashboard/credit").await;
    assert!(page.contains("<h1>$9.72</h1>") && page.contains(&receipt));
    assert!(page.contains("that ends in 4242"));
    let csv = browser.get("/dashboard/transactions.csv?limit=1000").await;
    assert!(header(csv.headers(), "content-type").starts_with("text/csv"));
    assert!(csv.text().await.unwrap().contains(&order));
    let back = browser
        .page(&format!("/dashboard?deposit=paid&order={order}"))
        .await;
    assert!(back.contains("role=\"status\""));
}

#[actix_web::test]
async fn auto_recharge_says_what_is_wrong_and_the_card_is_forgotten() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada@example.com").await;
    let browser = Browser::of(&shop.router, &ada.owner);
    let path = "/dashboard/credit/recharge";
    let fields = |amount: &'static str| {
        [
            ("auto_recharge.enabled", "on"),
            ("auto_recharge.threshold_usd", "2"),
            ("auto_recharge.amount_usd", amount),
            ("auto_recharge.monthly_cap_usd", "100"),
        ]
    };
    let html = browser.refused(path, &fields("4"), 400).await;
    assert_eq!(typed(&html, "auto_recharge.amount_usd"), "4");
    assert!(wrong(&html, "auto_recharge.amount_usd").contains("5.00 to 500.00 USD"));
    // Emptied, the amount that is stored would stay without being seen.
    let html = browser.refused(path, &fields(""), 400).await;
    let wrong_amount = wrong(&html, "auto_recharge.amount_usd");
    assert_eq!(wrong_amount, "Expected an amount in USD.");
    let html = browser.refused(path, &fields("20"), 400).await;
    assert!(wrong(&html, "auto_recharge.enabled").contains("No card"));
    assert!(
        html.contains("value=\"on\" checked"),
        "what was ticked stays"
    );
    assert_eq!(shop.billing(&ada).await["auto_recharge"]["enabled"], false);

    let (_, session) = shop.ordered(&ada, "20.00").await;
    shop.stripe.pay(&session, VISA).unwrap();
    shop.until_balance_is(&ada, "19.2").await;
    let page = browser.page("/dashboard/credit").await;
    for cents in [">20.00</td>", ">0.80</td>", ">19.20</td>"] {
        assert!(page.contains(cents), "{cents}: {page}");
    }
    shop.until_billing(&ada, |billing| !billing["card"].is_null())
        .await;
    browser.done(path, &fields("20")).await;
    assert_eq!(shop.billing(&ada).await["auto_recharge"]["enabled"], true);
    browser.done("/dashboard/credit/card", &[]).await;
    assert!(shop.billing(&ada).await["card"].is_null());
}

#[actix_web::test]
async fn without_card_payments_the_page_says_so() {
    let router = super::router::Router::start().await;
    let owner = router.sign_in("ada@example.com", 1).await;
    let browser = Browser::of(&router, &owner);
    let page = browser.page("/dashboard/credit").await;
    assert!(page.contains("Deposits are off") && !page.contains("/dashboard/credit/deposit"));
    let html = browser
        .refused("/dashboard/credit/deposit", &[("amount_usd", "20.00")], 404)
        .await;
    assert!(html.contains("Deposits are off"));
}
