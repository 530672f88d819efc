//! The playground over HTTP: what it offers, and the key that it makes.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::forms::Browser;
use super::router::{Account, Router, ask, header, text};

#[actix_web::test]
async fn it_is_open_to_everybody_and_offers_what_can_be_asked() {
    let router = Router::start().await;
    let stranger = Browser::new(&router.url, "");
    let page = stranger.page("/playground").await;
    assert_eq!(
        page.matches("<script").count(),
        2,
        "the common script and its own"
    );
    assert!(page.contains("name=\"key\"") && page.contains("/login?next=/playground"));
    assert!(page.contains("<option>gpt-4.1</option>") && !page.contains("text-embedding"));
    let script = page
        .split('"')
        .find(|part| part.starts_with("/assets/playground."))
        .unwrap();
    let script = stranger.get(script).await;
    assert_eq!(script.status(), 200);
    let text = script.text().await.unwrap();
    assert!(text.lines().count() <= 400 && !text.contains("localStorage"));

    let owner = router.sign_in("ada@example.com", 1).await;
    let page = Browser::of(&router, &owner).page("/playground").await;
    assert!(!page.contains("name=\"key\""));
    assert!(
        page.contains("<option selected>economy</option>")
            && page.contains("<option selected>cheap</option>"),
        "without credit it begins with what is free"
    );
}

async fn key_of(browser: &Browser) -> Account {
    let answer = browser.send("/playground/key", &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(answer.headers(), "cache-control"), "no-store");
    let body: Value = answer.json().await.unwrap();
    Account {
        id: String::new(),
        key: text(&body["key"]),
    }
}

#[actix_web::test]
async fn its_key_asks_ends_after_a_day_and_takes_the_place_of_the_one_before() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let browser = Browser::of(&router, &owner);
    // One of the owner's own that happens to have the name.
    let (own, _) = router
        .make_key(&owner, json!({ "name": "playground page" }))
        .await;
    let first = key_of(&browser).await;
    router.served(&first, &ask("gpt-4.1-mini", "Hello")).await;
    let second = key_of(&browser).await;
    assert_eq!(
        router
            .refused(&first, &ask("gpt-4.1-mini", "Hello"))
            .await
            .0,
        401
    );
    router.served(&second, &ask("gpt-4.1-mini", "Hello")).await;
    let keys = router
        .send(reqwest::Method::GET, "/v1/keys", &owner.token, &json!({}))
        .await;
    let keys: Value = keys.json().await.unwrap();
    let keys: Vec<&Value> = keys["data"].as_array().unwrap().iter().collect();
    let pages: Vec<&&Value> = keys
        .iter()
        .filter(|key| key["name"] == "playground page")
        .collect();
    assert_eq!(pages.len(), 2);
    assert!(
        pages
            .iter()
            .any(|key| key["id"] == own && key["expires_at"].is_null())
    );
    let ours = pages.iter().find(|key| key["id"] != own).unwrap();
    assert_eq!(ours["scopes"], json!(["inference", "read"]));
    // Two keys were made and one deleted by the page; the owner's own is what the mails are about.
    let mails = router.notices("ada@example.com").await;
    assert_eq!(mails, ["An API key was created"]);
    assert!(ours["expires_at"].is_string());
}

#[actix_web::test]
async fn tabs_that_ask_for_a_key_at_the_same_time_all_get_one() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let browser = Browser::of(&router, &owner);
    for _ in 0..8 {
        for answer in join_all(["/playground/key"; 3].map(|path| browser.send(path, &[]))).await {
            assert_eq!(answer.status(), 200);
        }
    }
}
