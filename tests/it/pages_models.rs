//! The pages of models: searched and sorted without a script, with the API's numbers, and with names
//! that stay text.

use serde_json::Value;

use super::pages::check_harmless;
use super::router::{Router, header};

#[actix_web::test]
async fn names_of_the_catalog_are_text() {
    let name = "<script>alert(1)</script>";
    let overlay = format!(
        "[[model]]\nid = \"gpt-4.1\"\nname = {name:?}\nreplacement = {name:?}\ndeprecation_date = 2020-01-01\n"
    );
    let router = Router::with(&overlay, |_| {}).await;
    for path in ["/models", "/models/gpt-4.1", "/", "/status"] {
        check_harmless(path, &router.page(path).await, name);
    }
    assert!(
        router
            .page("/models/gpt-4.1")
            .await
            .contains("&#60;script&#62;")
    );
}

#[actix_web::test]
async fn the_list_is_searched_filtered_and_sorted_without_a_script() {
    let router = Router::start().await;
    let ids = async |query: &str| -> Vec<String> {
        let html = router.page(&format!("/models{query}")).await;
        let list = html.split("data-live-list").nth(1).unwrap().to_owned();
        let rows = list
            .split("<tr><th scope=\"row\"><a href=\"/models/")
            .skip(1);
        rows.map(|row| {
            row.split('>')
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
    };
    let all = ids("").await;
    assert!(all.len() > 30);
    assert_eq!(
        ids("?q=CLAUDE")
            .await
            .iter()
            .filter(|id| id.starts_with("claude"))
            .count(),
        ids("?q=claude").await.len()
    );
    assert!(
        ids("?tier=premium&provider=anthropic")
            .await
            .iter()
            .all(|id| id.starts_with("claude-opus"))
    );
    assert!(
        ids("?can=audio")
            .await
            .contains(&"gemini-2.5-pro".to_owned())
    );
    let by_name = ids("?sort=model").await;
    assert!(by_name.is_sorted() && by_name.len() == all.len());
    let mut reversed = ids("?sort=-model").await;
    reversed.reverse();
    assert_eq!(reversed, by_name);
    assert_eq!(
        ids("?sort=nonsense&tier=").await,
        all,
        "what cannot be looked for is left out"
    );
    assert!(ids("?q=no-such-model").await.is_empty());
    let head = router.page("/models?q=gpt&sort=output").await;
    assert!(head.contains("aria-sort=\"ascending\""));
    assert!(
        head.contains("/models?q=gpt&#38;sort=-output"),
        "the next click turns it round"
    );
}

#[actix_web::test]
async fn numbers_of_pages_are_the_apis() {
    let router = Router::start().await;
    let listed = router.client.get(format!("{}/v1/models", router.url));
    let listed: Value = listed.send().await.unwrap().json().await.unwrap();
    let models = listed["data"].as_array().unwrap();
    let gpt = models
        .iter()
        .find(|model| model["id"] == "gpt-4.1")
        .unwrap();
    let page = router.page("/models/gpt-4.1").await;
    let input: f64 = gpt["pricing"]["prompt"].as_str().unwrap().parse().unwrap();
    assert!(
        page.contains(&format!("{:.2} / 8.00", input * 1e6)),
        "{page}"
    );

    let tier = models
        .iter()
        .find(|model| model["id"] == "premium")
        .unwrap();
    let landing = router.page("/").await;
    for prefer in ["cheap", "quality", "coding"] {
        let leader = tier["grid"][prefer][0].as_str().unwrap();
        let cell =
            format!("<a href=\"/models/{leader}\" data-tier=\"premium\" data-prefer=\"{prefer}\"");
        assert!(landing.contains(&cell), "{prefer}: {leader}");
    }
    // A tier's name leads to its models, an alias to the model's own page.
    for (path, leads) in [
        ("/models/premium", "/models?tier=premium"),
        ("/models/auto", "/docs/auto-routing"),
        ("/models/embed-small", "/models/text-embedding-3-small"),
        ("/models/GPT-4.1", "/models/gpt-4.1"),
    ] {
        let response = router.browse(path).send().await.unwrap();
        assert_eq!(response.status(), 303, "{path}");
        assert_eq!(header(response.headers(), "location"), leads);
    }
}
