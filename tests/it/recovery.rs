//! Streams that break off after content and are continued by another model, word for word and cent
//! for cent.

use model_router::sandbox::{Fault, Vendor};
use serde_json::{Value, json};

use super::router::{Account, Router, ask, chunks, header, pico, streamed_text, text};

const ANSWER: &str = "[[say:a b c d e f g h i j]] go";
/// A letter is a token.
const WORDS: &str = "a b c d e f g h i j";
/// What has reached the caller when the stream is cut after four tokens.
const FIRST: &str = "a b c d";

/// A stream from gpt-4.1 that `fallback` may go on with.
fn request(fallback: &str) -> Value {
    let mut body = ask("gpt-4.1", ANSWER);
    body["stream"] = json!(true);
    body["models"] = json!([fallback]);
    body["recovery"] = json!("continue");
    body
}

/// The chunks of a stream that was cut after four tokens at OpenAI, and its generation's id.
async fn cut(router: &Router, account: &Account, body: &Value) -> (Vec<Value>, String) {
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set(Fault::CutTokens(4));
    let response = router.chat(account, body).await;
    assert_eq!(response.status(), 200);
    let id = header(response.headers(), "x-model-router-generation-id").to_owned();
    (chunks(&response.text().await.unwrap()), id)
}

fn finish(chunks: &[Value]) -> &str {
    let mut finishes = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["finish_reason"].as_str());
    finishes.next_back().unwrap()
}

#[actix_web::test]
async fn a_model_that_takes_prefill_goes_on_and_each_word_is_paid_once() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let (chunks, id) = cut(&router, &account, &request("claude-haiku-4-5")).await;
    assert_eq!(streamed_text(&chunks), WORDS);
    assert_eq!(finish(&chunks), "stop");
    assert!(chunks.iter().all(|chunk| chunk.get("error").is_none()));
    for chunk in &chunks {
        assert_eq!(chunk["model"], "gpt-4.1", "one head to the end");
    }
    let roles = chunks
        .iter()
        .filter(|chunk| chunk["choices"][0]["delta"]["role"].is_string());
    assert_eq!(roles.count(), 1);
    let last = chunks.last().unwrap();
    assert_eq!(
        last["metadata"]["recovery"],
        json!({ "from": "gpt-4.1", "to": "claude-haiku-4-5", "at_chars": FIRST.len() })
    );

    let call = router
        .sandbox
        .script(Vendor::Anthropic)
        .calls()
        .pop()
        .unwrap();
    let asked = call.body["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(asked["role"], "assistant", "{asked}");

    // The first part as after any cut: input and delivered text, counted by us. The rest: output
    // only, at the second model's price.
    let usage = &last["usage"];
    let first_output = FIRST.len().div_ceil(4);
    let prompt = usage["prompt_tokens"].as_u64().unwrap();
    assert_eq!(usage["completion_tokens"], json!(first_output + 6));
    assert_eq!(usage["estimated"], true);
    let (gpt_input, gpt_output, haiku_output) = (2_000_000, 8_000_000, 5_000_000);
    let due = i64::try_from(prompt).unwrap() * gpt_input
        + i64::try_from(first_output).unwrap() * gpt_output
        + 6 * haiku_output;
    assert_eq!(pico(&usage["cost"].to_string()), due);
    assert_eq!(
        pico(&router.balance(&account).await),
        5_000_000_000_000 - due
    );

    let record = router.get(&account, &format!("/v1/generations/{id}")).await;
    assert_eq!(record["data"]["status"], "ok", "{record}");
    assert_eq!(record["data"]["model"], "claude-haiku-4-5");
    assert_eq!(pico(&text(&record["data"]["total_cost"])), due);
    let attempts: Vec<&str> = record["data"]["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(attempts, ["malformed", "ok"], "{record}");
    router.verify().await;
}

#[actix_web::test]
async fn a_model_without_prefill_is_asked_anew_and_heard_from_the_cut_on() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let (chunks, _) = cut(&router, &account, &request("grok-3-beta")).await;
    assert_eq!(streamed_text(&chunks), WORDS);
    assert_eq!(finish(&chunks), "stop");
    let call = router.sandbox.script(Vendor::Xai).calls().pop().unwrap();
    assert_eq!(call.body["messages"].as_array().unwrap().len(), 1);
    // Ten tokens were generated for all of the text.
    let new_bytes = WORDS.len() - FIRST.len();
    let share = (10 * new_bytes).div_ceil(WORDS.len());
    let usage = &chunks.last().unwrap()["usage"];
    let first_output = FIRST.len().div_ceil(4);
    assert_eq!(usage["completion_tokens"], json!(first_output + share));
    let prompt = i64::try_from(usage["prompt_tokens"].as_u64().unwrap()).unwrap();
    let (gpt_input, gpt_output, grok_output) = (2_000_000, 8_000_000, 15_000_000);
    let due = prompt * gpt_input
        + i64::try_from(first_output).unwrap() * gpt_output
        + i64::try_from(share).unwrap() * grok_output;
    assert_eq!(pico(&usage["cost"].to_string()), due);
    assert_eq!(
        pico(&router.balance(&account).await),
        5_000_000_000_000 - due
    );
    router.verify().await;
}

#[actix_web::test]
async fn another_answer_to_the_same_question_is_not_glued_on() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = request("grok-3-beta");
    // Without a text to say, simulated models tell their own names.
    body["messages"][0]["content"] = json!("Introduce yourself.");
    let (chunks, _) = cut(&router, &account, &body).await;
    assert_eq!(finish(&chunks), "error");
    assert!(chunks.iter().any(|chunk| chunk["error"].is_object()));
    let said = streamed_text(&chunks);
    assert!(
        "Hello from gpt-4.1, a simulated".starts_with(&said),
        "{said}"
    );
    let usage = &chunks.last().unwrap()["usage"];
    assert_eq!(usage["completion_tokens"], json!(said.len().div_ceil(4)));
    let cost = pico(&usage["cost"].to_string());
    assert_eq!(
        pico(&router.balance(&account).await),
        5_000_000_000_000 - cost
    );
    router.verify().await;
}

#[actix_web::test]
async fn a_fallback_that_refuses_the_prefill_is_asked_anew() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::Anthropic)
        .next(1, Fault::Status(400));
    let (chunks, _) = cut(&router, &account, &request("claude-haiku-4-5")).await;
    assert_eq!(streamed_text(&chunks), WORDS);
    let calls = router.sandbox.script(Vendor::Anthropic).calls();
    let messages = |at: usize| calls[at].body["messages"].as_array().unwrap().len();
    assert_eq!((calls.len(), messages(0), messages(1)), (2, 2, 1));
    router.verify().await;
}

#[actix_web::test]
async fn recovery_is_off_unless_the_request_or_the_operator_says_so() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = request("grok-3-beta");
    body.as_object_mut().unwrap().remove("recovery");
    let (chunks, _) = cut(&router, &account, &body).await;
    assert_eq!(finish(&chunks), "error");
    assert_eq!(router.sandbox.script(Vendor::Xai).calls().len(), 0);

    let router = Router::with("", |settings| {
        settings.failover.recovery = model_router::wire::Recovery::Continue;
    })
    .await;
    let account = router.account("5.00").await;
    let (chunks, _) = cut(&router, &account, &body).await;
    assert_eq!(streamed_text(&chunks), WORDS);
    body["recovery"] = json!("off");
    let (chunks, _) = cut(&router, &account, &body).await;
    assert_eq!(finish(&chunks), "error");
    body["recovery"] = json!("perhaps");
    let (status, error) = router.refused(&account, &body).await;
    assert_eq!((status, text(&error["param"]).as_str()), (400, "recovery"));
}

#[actix_web::test]
async fn half_a_tool_call_is_never_continued() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let mut body = request("claude-haiku-4-5");
    body["messages"][0]["content"] = json!("Call get_weather for Paris.");
    body["tools"] = json!([{ "type": "function", "function": { "name": "get_weather",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } } } } }]);
    let (chunks, _) = cut(&router, &account, &body).await;
    assert_eq!(finish(&chunks), "error");
    assert_eq!(router.sandbox.script(Vendor::Anthropic).calls().len(), 0);
    router.verify().await;
}

#[actix_web::test]
async fn a_stall_and_an_error_event_are_continued_like_a_cut() {
    let router = Router::with("", |settings| settings.failover.stall_ms = 150).await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    for fault in [Fault::Stall(4), Fault::ErrorInStream(4)] {
        script.set(fault);
        let response = router.chat(&account, &request("claude-haiku-4-5")).await;
        let chunks = chunks(&response.text().await.unwrap());
        assert_eq!(streamed_text(&chunks), WORDS, "{fault:?}");
        assert_eq!(finish(&chunks), "stop");
    }
    router.verify().await;
}

#[actix_web::test]
async fn a_continuation_that_breaks_off_too_ends_truthfully() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::Anthropic)
        .set(Fault::CutTokens(3));
    let (chunks, _) = cut(&router, &account, &request("claude-haiku-4-5")).await;
    assert_eq!(streamed_text(&chunks), "a b c d e f g");
    assert_eq!(finish(&chunks), "error");
    let last = chunks.last().unwrap();
    assert_eq!(last["metadata"]["recovery"]["to"], "claude-haiku-4-5");
    let cost = pico(&last["usage"]["cost"].to_string());
    assert_eq!(
        pico(&router.balance(&account).await),
        5_000_000_000_000 - cost
    );
    router.verify().await;
}
