//! The page of one request: who could have answered it, and what became of them.

use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::dashboard::ada;
use super::router::{Router, ask, header, text};

#[actix_web::test]
async fn the_page_of_a_request_says_who_else_could_have_answered() {
    let router = Router::start().await;
    let (_, key, browser) = ada(&router).await;
    let mut asked = ask("standard", "Hello");
    asked["prefer"] = json!("cheap");
    let route = router.post(&key, "/v1/route").json(&asked).send();
    let route: Value = route.await.unwrap().json().await.unwrap();
    let ranked = route["candidates"].as_array().unwrap();
    assert!(ranked.len() > 3);
    // The first one fails, the second one answers.
    let first = text(&ranked[0]["model"]);
    let upstream = router
        .desk
        .world
        .load()
        .catalog
        .model(&first)
        .unwrap()
        .upstream
        .clone();
    for vendor in Vendor::ALL {
        let script = router.sandbox.script(vendor);
        script.set_for(&upstream, Fault::Status(500));
    }
    let (headers, _) = router.served(&key, &asked).await;
    let id = header(&headers, "x-model-router-generation-id");
    let record = router.get(&key, &format!("/v1/generations/{id}")).await;
    let kept = record["data"]["candidates"].as_array().unwrap();
    assert_eq!(kept.len(), ranked.len().min(8));
    let page = browser.page(&format!("/dashboard/requests/{id}")).await;
    let table = page.split("aria-label=\"Candidates").nth(1).unwrap();
    let rows: Vec<&str> = table.split("<tr><td").skip(1).take(kept.len()).collect();
    for ((kept, ranked), row) in kept.iter().zip(ranked).zip(&rows) {
        for member in ["model", "cost_estimate", "state"] {
            assert_eq!(kept[member], ranked[member], "{kept}");
            assert!(row.contains(kept[member].as_str().unwrap()), "{row}");
        }
    }
    assert!(
        rows[0].contains(&first) && rows[0].contains(">500<"),
        "{}",
        rows[0]
    );
    assert!(rows[1].contains(">ok<") && rows[2].contains("not asked"));
}
