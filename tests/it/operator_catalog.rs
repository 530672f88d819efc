//! The operator's page of the catalog over HTTP: checked without being used, and applied as it was
//! checked or not at all.

use serde_json::json;

use super::forms::{Browser, typed, wrong};
use super::router::{Router, ask, header};

/// A model's price, written as browsers write the lines of a form.
const DEARER: &str = "[[model]]\r\nid = \"gpt-4.1\"\r\nprice = { input = 3, output = 9 }";
/// The same as it stands in a file.
const DEARER_FILE: &str = "[[model]]\nid = \"gpt-4.1\"\nprice = { input = 3, output = 9 }\n";

#[actix_web::test]
async fn a_catalog_is_checked_and_changes_nothing() {
    let router = Router::start().await;
    let browser = Browser::operator(&router).await;
    let before = router.desk.world.load().catalog.version().to_owned();
    let good = "[[model]]\nid = \"gpt-4.1\"\nprice = { input = 3, output = 9 }\n";
    let checked = browser
        .send("/admin/catalog/check", &[("catalog", good)])
        .await;
    assert_eq!(checked.status(), 200);
    let html = checked.text().await.unwrap();
    assert!(
        html.contains("It can be used") && html.contains("Another price: gpt-4.1"),
        "{html}"
    );
    for bad in [
        "[[model]]\nid = \"gpt-4.1\"\ntier = \"luxury\"\n",
        "nonsense",
        "[[model]]\nid = 5",
    ] {
        let html = browser
            .refused("/admin/catalog/check", &[("catalog", bad)], 400)
            .await;
        assert!(
            html.contains("Refused") && html.contains("catalog:"),
            "{html}"
        );
        assert!(html.contains("</textarea>") && !html.contains("It can be used"));
    }
    let html = browser
        .refused("/admin/catalog/check", &[("catalog", "")], 400)
        .await;
    assert_eq!(wrong(&html, "catalog"), "This has to be filled in.");
    assert_eq!(router.desk.world.load().catalog.version(), before);
    browser.done("/admin/catalog/load-again", &[]).await;
    std::fs::write(router.dir.path().join("catalog.toml"), "nonsense").unwrap();
    let html = browser.refused("/admin/catalog/load-again", &[], 400).await;
    assert!(html.contains("stay what they were"), "{html}");
    assert_eq!(router.desk.world.load().catalog.version(), before);
}

/// What a check says has to be sent with the text to apply it.
async fn sums(browser: &Browser, text: &str) -> [String; 2] {
    let checked = browser
        .send("/admin/catalog/check", &[("catalog", text)])
        .await;
    assert_eq!(checked.status(), 200);
    let html = checked.text().await.unwrap();
    ["checked", "before"].map(|name| typed(&html, name))
}

fn form<'a>(text: &'a str, sums: &'a [String; 2]) -> [(&'a str, &'a str); 3] {
    [
        ("catalog", text),
        ("checked", sums[0].as_str()),
        ("before", sums[1].as_str()),
    ]
}

#[actix_web::test]
async fn a_checked_catalog_is_applied_to_the_file_and_used() {
    let router = Router::start().await;
    let account = router.account("5").await;
    let browser = Browser::operator(&router).await;
    let file = router.dir.path().join("catalog.toml");
    let sums = sums(&browser, DEARER).await;
    let to = browser
        .done("/admin/catalog/apply", &form(DEARER, &sums))
        .await;
    assert_eq!(to, "/admin/catalog?done=applied");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), DEARER_FILE);
    let page = browser.page("/admin/catalog?from=file").await;
    assert!(page.contains("price = { input = 3, output = 9 }"), "{page}");
    // The next request costs the new price, and the old one stays in the model's history.
    let mut cheap = ask("gpt-4.1", "Hi");
    cheap["max_tokens"] = json!(1);
    let (_, answer) = router.served(&account, &cheap).await;
    let usage = &answer["usage"];
    let tokens = |name: &str| usage[name].as_f64().unwrap();
    let expected = (3.0 * tokens("prompt_tokens") + 9.0 * tokens("completion_tokens")) / 1e6;
    let cost = usage["cost"].as_f64().unwrap();
    assert!((cost - expected).abs() < 1e-12, "{cost} and {expected}");
    let model = router.page("/models/gpt-4.1").await;
    let history = model.split("Price history").nth(1).unwrap();
    assert!(history.contains("2.00 / 8.00") && history.contains("3.00 / 9.00"));
    let log = browser.page("/admin/log?action=catalog_applied").await;
    assert!(log.contains(&format!("sha256: {}", sums[0])), "{log}");
    // What is in the file is what a reload reads.
    let version = router.desk.world.load().catalog.version().to_owned();
    browser.done("/admin/catalog/load-again", &[]).await;
    assert_eq!(router.desk.world.load().catalog.version(), version);
    // Sent again, the file is not what it was when the text was checked.
    let html = browser
        .refused("/admin/catalog/apply", &form(DEARER, &sums), 409)
        .await;
    assert!(html.contains("has changed since the check"), "{html}");
}

#[actix_web::test]
async fn what_was_not_checked_as_it_is_changes_nothing() {
    let router = Router::start().await;
    let browser = Browser::operator(&router).await;
    let file = router.dir.path().join("catalog.toml");
    let (version, text) = (
        router.desk.world.load().catalog.version().to_owned(),
        std::fs::read_to_string(&file).unwrap(),
    );
    let checked = sums(&browser, DEARER).await;
    let other = DEARER.replace("input = 3", "input = 0");
    let html = browser
        .refused("/admin/catalog/apply", &form(&other, &checked), 409)
        .await;
    assert!(html.contains("not the text that was checked"), "{html}");
    assert!(html.contains("input = 0"), "what was typed stays: {html}");
    // A text nobody checked does not get in with a digest that fits.
    let bad = "[[model]]\nid = \"gpt-4.1\"\ntier = \"luxury\"";
    let forged = [
        model_router::actors::overlay::digest(&format!("{bad}\n")),
        checked[1].clone(),
    ];
    let html = browser
        .refused("/admin/catalog/apply", &form(bad, &forged), 400)
        .await;
    assert!(html.contains("Nothing was changed"), "{html}");
    let cross = browser
        .send_from(
            "cross-site",
            "/admin/catalog/apply",
            &form(DEARER, &checked),
        )
        .await;
    assert_eq!(cross.status(), 403);
    let stranger = Browser::new(&router.url, "");
    let asked = stranger
        .send("/admin/catalog/apply", &form(DEARER, &checked))
        .await;
    assert!(header(asked.headers(), "location").starts_with("/admin/sign-in"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);

    // Somebody edits the file between check and apply: theirs stays.
    let theirs = format!("{text}# theirs\n");
    std::fs::write(&file, &theirs).unwrap();
    let html = browser
        .refused("/admin/catalog/apply", &form(DEARER, &checked), 409)
        .await;
    assert!(html.contains("has changed since the check"), "{html}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
    std::fs::remove_file(&file).unwrap();
    let html = browser
        .refused("/admin/catalog/apply", &form(DEARER, &checked), 500)
        .await;
    assert!(html.contains("cannot be read"), "{html}");
    assert!(!file.exists());
    assert_eq!(router.desk.world.load().catalog.version(), version);
    let log = browser.page("/admin/log?action=catalog_applied").await;
    assert!(log.contains("Nothing like that"), "{log}");
}

#[actix_web::test]
async fn a_file_that_cannot_be_written_and_none_at_all_are_said_plainly() {
    let router = Router::with("", |settings| {
        // No file beside it can have a longer name, so nothing can be written there, whoever we are.
        let path = settings.catalog.overlay.take().unwrap();
        let long = path.with_file_name("x".repeat(250));
        std::fs::copy(&path, &long).unwrap();
        settings.catalog.overlay = Some(long);
    })
    .await;
    let browser = Browser::operator(&router).await;
    let version = router.desk.world.load().catalog.version().to_owned();
    let checked = sums(&browser, DEARER).await;
    let html = browser
        .refused("/admin/catalog/apply", &form(DEARER, &checked), 500)
        .await;
    assert!(html.contains("cannot be written"), "{html}");
    assert_eq!(router.desk.world.load().catalog.version(), version);

    let router = Router::with("", |settings| settings.catalog.overlay = None).await;
    let browser = Browser::operator(&router).await;
    let page = browser.page("/admin/catalog").await;
    assert!(page.contains("no file is configured"), "{page}");
    let checked = browser
        .send("/admin/catalog/check", &[("catalog", DEARER)])
        .await;
    let html = checked.text().await.unwrap();
    assert!(html.contains("It can be used") && !html.contains("formaction"));
    let sums = [
        model_router::actors::overlay::digest(DEARER_FILE),
        String::new(),
    ];
    let html = browser
        .refused("/admin/catalog/apply", &form(DEARER, &sums), 400)
        .await;
    assert!(html.contains("no catalog file is configured"), "{html}");
}
