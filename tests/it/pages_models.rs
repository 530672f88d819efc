//! The pages of models: searched and sorted without a script, with the API's numbers, and with names
//! that stay text.

use std::process::Command;

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;

use super::pages::check_harmless;
use super::router::{Router, crypto, header};
use super::signin_process::serve;

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
async fn a_thousand_models_are_shown_by_the_page() {
    let row = |n: usize| {
        let tier = ["economy", "standard", "premium"][n % 3];
        format!(
            "[[model]]\nid = \"many-{n:04}\"\nprovider = \"openai\"\nupstream = \"m{n}\"\ntier = \"{tier}\"\n\
             context_window = 131072\nmax_output = 8192\nprice = {{ input = {}.5, output = {n}.0 }}\n",
            n % 7
        )
    };
    let overlay: String = (0..1000).map(row).collect();
    let router = Router::with(&overlay, |_| {}).await;
    let ids = |html: &str| -> Vec<String> {
        let list = html.split("data-live-list").nth(1).unwrap();
        let rows = list.split("<th scope=\"row\"><a href=\"/models/").skip(1);
        rows.map(|row| row.split('"').next().unwrap().to_owned())
            .collect()
    };
    // Following the links without a script shows every model once, as far as it is looked for.
    let mut path = "/models?q=many&tier=standard&sort=-model".to_owned();
    let mut all = Vec::new();
    loop {
        let asked = router.browse(&path).header("accept-encoding", "gzip");
        let bytes = asked.send().await.unwrap().bytes().await.unwrap();
        assert!(bytes.len() < 60 << 10, "{path}: {} bytes", bytes.len());
        let html = router.page(&path).await;
        let page = ids(&html);
        assert!(page.len() <= 100);
        all.extend(page);
        let Some(at) = html.find("rel=\"next\"") else {
            break;
        };
        let href = html[..at].rsplit("href=\"").next().unwrap();
        path = href.split('"').next().unwrap().replace("&#38;", "&");
        assert!(
            path.contains("q=many") && path.contains("tier=standard"),
            "{path}"
        );
    }
    let mut expected: Vec<String> = (0..1000)
        .filter(|n| n % 3 == 1)
        .map(|n| format!("many-{n:04}"))
        .collect();
    expected.reverse();
    assert_eq!(all, expected);
    let second = router.page("/models?q=many&page=2").await;
    assert!(second.contains("101 to 200 of 1000; ") && second.contains("Page 2 of 10"));
    assert!(
        second.contains("href=\"/models?q=many\" rel=\"prev\""),
        "{second}"
    );
    let sorted = "/models?q=many&#38;sort=input";
    assert!(second.contains(sorted), "sorting begins at the first page");
    let last = ids(&router.page("/models?q=many&page=10").await);
    for beyond in ["11", "99999999999999999999"] {
        let shown = ids(&router.page(&format!("/models?q=many&page={beyond}")).await);
        assert!(shown == last || beyond.len() > 3, "{beyond}");
    }
    for nonsense in ["0", "-1", "two", ""] {
        let shown = router
            .page(&format!("/models?q=many&page={nonsense}"))
            .await;
        assert!(shown.contains("Page 1 of 10"), "{nonsense}");
    }
    let bytes = router.browse("/models").header("accept-encoding", "gzip");
    let bytes = bytes.send().await.unwrap().bytes().await.unwrap();
    assert!(bytes.len() < 60 << 10, "{} bytes", bytes.len());
}

#[actix_web::test]
async fn a_restart_keeps_the_prices_of_before() {
    crypto();
    let dir = TempDir::new().unwrap();
    let client = Client::new();
    let mut shown = Vec::new();
    // The second run has another price, the third one has it still.
    for price in ["2", "3", "3"] {
        let catalog =
            format!("[[model]]\nid = \"gpt-4.1\"\nprice = {{ input = {price}, output = 8 }}\n");
        std::fs::write(dir.path().join("prices.toml"), catalog).unwrap();
        std::fs::write(
            dir.path().join("model-router.toml"),
            "[catalog]\noverlay = \"prices.toml\"\n",
        )
        .unwrap();
        let (mut child, url) = serve(dir.path(), &dir.path().join("log"));
        let page = client.get(format!("{url}/models/gpt-4.1"));
        let page = page.header("accept", "text/html").send().await.unwrap();
        let page = page.text().await.unwrap();
        let history = page.split("Price history").nth(1).unwrap();
        shown.push(history.split("</table>").next().unwrap().to_owned());
        let id = child.id().to_string();
        let stopped = Command::new("kill").args(["-TERM", &id]).status();
        assert!(stopped.unwrap().success() && child.wait().unwrap().success());
    }
    let has = |shown: &str, price: &str| shown.contains(&format!(">{price} / 8.00<"));
    assert!(
        has(&shown[0], "2.00") && !has(&shown[0], "3.00"),
        "{}",
        shown[0]
    );
    assert!(
        has(&shown[1], "2.00") && has(&shown[1], "3.00"),
        "{}",
        shown[1]
    );
    assert_eq!(shown[1], shown[2], "nothing new came");
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
