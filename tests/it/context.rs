//! The context-window guard: what is counted, what is left out, what is refused.

use serde_json::{Value, json};

use super::router::{Account, Router, ask, text};

async fn dry_run(router: &Router, account: &Account, body: &Value) -> Value {
    let response = router.post(account, "/v1/route").json(body).send().await;
    response.unwrap().json().await.unwrap()
}

fn reason<'a>(dry: &'a Value, model: &str) -> Option<&'a str> {
    let excluded = dry["excluded"].as_array().unwrap();
    excluded.iter().find(|e| e["model"] == model)?["reason"].as_str()
}

#[actix_web::test]
async fn the_dry_run_counts_as_the_first_candidate_does() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let sentence = "The quick brown fox jumps over the lazy dog.";
    // OpenAI's cookbook: ten for the text, four around the message, three for the start of the answer.
    let dry = dry_run(&router, &account, &ask("gpt-4.1", sentence)).await;
    assert_eq!(dry["prompt_tokens_estimate"], 17);
    let dry = dry_run(&router, &account, &ask("claude-opus-4-7", sentence)).await;
    assert!(dry["prompt_tokens_estimate"].as_u64().unwrap() > 17);
}

#[actix_web::test]
async fn a_request_at_the_edge_of_a_window_fits_and_one_beyond_does_not() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    // A window of 128,000; " word" is one token, the message takes six more.
    for (words, fits) in [
        (118_000, true),
        (121_900, true),
        (122_100, false),
        (140_000, false),
    ] {
        let mut body = ask("gpt-5.3-chat-latest", &" word".repeat(words));
        body["max_tokens"] = json!(6_000);
        let dry = dry_run(&router, &account, &body).await;
        let expected = (!fits).then_some("context_window");
        assert_eq!(
            reason(&dry, "gpt-5.3-chat-latest"),
            expected,
            "{words}: {dry}"
        );
    }
}

#[actix_web::test]
async fn a_tier_serves_a_long_prompt_with_the_models_it_fits() {
    let router = Router::start().await;
    let account = router.account("50.00").await;
    let body = ask("standard", &"word ".repeat(300_000));
    let (headers, _) = router.served(&account, &body).await;
    let dry = dry_run(&router, &account, &body).await;
    assert_eq!(reason(&dry, "o3"), Some("context_window"));
    assert_eq!(reason(&dry, "gpt-4.1"), None);
    // The window of 400,000 would hold it, its own limit for input does not.
    assert_eq!(reason(&dry, "gpt-5.3-codex"), Some("context_window"));
    let served = super::router::header(&headers, "x-model-router-model");
    assert_eq!(reason(&dry, served), None);
}

#[actix_web::test]
async fn a_refusal_names_the_count_and_the_largest_window_and_charges_nothing() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let body = ask("gpt-5.3-codex", &"word ".repeat(500_000));
    let (status, error) = router.refused(&account, &body).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (400, "context_length_exceeded")
    );
    assert_eq!(error["param"], "messages");
    let message = text(&error["message"]);
    for part in [
        "400000 tokens (gpt-5.3-codex)",
        "at most 272000 input",
        "about 500",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(router.balance(&account).await, "5");
}

#[actix_web::test]
async fn tools_images_and_schemas_take_room_too() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let count = async |body: &Value| {
        let dry = dry_run(&router, &account, body).await;
        dry["prompt_tokens_estimate"].as_u64().unwrap()
    };
    let plain = ask("gpt-4.1", "Hello");
    let base = count(&plain).await;
    let mut with_tool = plain.clone();
    with_tool["tools"] = json!([{"type": "function", "function": {"name": "weather",
        "description": "The weather of a city.", "parameters": {"type": "object",
        "properties": {"city": {"type": "string", "description": "Its name."}}, "required": ["city"]}}}]);
    assert!(count(&with_tool).await > base + 20);
    let mut with_image = plain.clone();
    // 1,536 × 1,024, which OpenAI scales to 1,152 × 768: six tiles.
    with_image["messages"][0]["content"] =
        json!([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]);
    assert_eq!(count(&with_image).await, base - 1 + 85 + 6 * 170);
    with_image["messages"][0]["content"][0]["image_url"]["detail"] = json!("low");
    assert_eq!(count(&with_image).await, base - 1 + 85);
    let mut with_schema = plain;
    with_schema["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "a",
        "schema": {"type": "object", "properties": {"b": {"type": "string"}}}}});
    assert!(count(&with_schema).await > base + 10);
}
