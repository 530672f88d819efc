//! Streams: shape, first token, truthful endings, bills of what was delivered.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use model_router::sandbox::{Fault, Vendor};
use serde_json::json;

use super::router::{Router, ask, chunks, header, pico, streamed_text, text};

fn streamed(model: &str, prompt: &str) -> serde_json::Value {
    let mut body = ask(model, prompt);
    body["stream"] = json!(true);
    body
}

#[actix_web::test]
async fn a_stream_has_the_shape_of_the_contract_from_every_provider() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for model in [
        "gpt-4.1",
        "grok-3-beta",
        "llama-3.3-70b-versatile",
        "llama3.1-8b",
    ] {
        let whole = router
            .served(&account, &ask(model, "[[tokens:20]] Tell me."))
            .await
            .1;
        let response = router
            .chat(&account, &streamed(model, "[[tokens:20]] Tell me."))
            .await;
        assert_eq!(
            response.headers()["content-type"],
            "text/event-stream; charset=utf-8"
        );
        assert_eq!(header(response.headers(), "x-model-router-model"), model);
        let chunks = chunks(&response.text().await.unwrap());

        let (last, others) = chunks.split_last().unwrap();
        assert_eq!(last["choices"], json!([]), "{model}");
        assert_eq!(last["usage"]["completion_tokens"], 20, "{model}");
        assert_eq!(
            last["usage"]["prompt_tokens"], whole["usage"]["prompt_tokens"],
            "{model}"
        );
        assert_eq!(last["usage"]["cost"], whole["usage"]["cost"], "{model}");
        assert_eq!(
            chunks[0]["choices"][0]["delta"]["role"], "assistant",
            "{model}"
        );
        assert_eq!(
            streamed_text(others),
            text(&whole["choices"][0]["message"]["content"]),
            "{model}"
        );
        for chunk in &chunks {
            assert_eq!(
                (&chunk["id"], &chunk["model"]),
                (&chunks[0]["id"], &json!(model))
            );
            assert_eq!(chunk["object"], "chat.completion.chunk");
            assert!(
                chunk.get("obfuscation").is_none() && chunk.get("x_groq").is_none(),
                "{chunk}"
            );
        }
        assert!(
            others.iter().all(|chunk| chunk.get("usage").is_none()),
            "{model}"
        );
        let finishes: Vec<_> = others
            .iter()
            .filter_map(|c| c["choices"][0]["finish_reason"].as_str())
            .collect();
        assert_eq!(finishes, ["stop"], "{model}");
    }
    router.verify().await;
}

#[actix_web::test]
async fn tool_calls_stream_with_index_and_one_id() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let tool = |name: &str| {
        json!({ "type": "function", "function": { "name": name, "parameters": {
            "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] } } })
    };
    for model in [
        "gpt-4.1",
        "grok-3-beta",
        "llama-3.3-70b-versatile",
        "llama3.1-8b",
    ] {
        let mut body = streamed(
            model,
            "Call both get_weather and get_time for Paris in parallel.",
        );
        body["tools"] = json!([tool("get_weather"), tool("get_time")]);
        let chunks = chunks(&router.chat(&account, &body).await.text().await.unwrap());
        let mut calls: Vec<(String, String)> = Vec::new();
        for delta in chunks
            .iter()
            .filter_map(|c| c["choices"][0]["delta"]["tool_calls"].as_array())
            .flatten()
        {
            let index = usize::try_from(delta["index"].as_u64().expect("an index")).unwrap();
            if index == calls.len() {
                assert!(
                    delta["id"].is_string() && delta["function"]["name"].is_string(),
                    "{model}: {delta}"
                );
                calls.push((text(&delta["function"]["name"]), String::new()));
            } else {
                assert!(delta.get("id").is_none(), "{model}: an id is sent once");
            }
            calls[index]
                .1
                .push_str(delta["function"]["arguments"].as_str().unwrap_or_default());
        }
        assert_eq!(calls.len(), 2, "{model}: {calls:?}");
        for (name, arguments) in &calls {
            let arguments: serde_json::Value = serde_json::from_str(arguments).unwrap();
            assert!(arguments["city"].is_string(), "{model} {name}: {arguments}");
        }
        let finish = chunks
            .iter()
            .rev()
            .find_map(|c| c["choices"][0]["finish_reason"].as_str());
        assert_eq!(finish, Some("tool_calls"), "{model}");
    }
}

#[actix_web::test]
async fn the_first_token_passes_at_once_on_a_kept_alive_connection() {
    let router = Router::start().await;
    let account = router.account("").await;
    router
        .served(&account, &ask("llama3.1-8b", "warm up"))
        .await;
    router
        .sandbox
        .script(Vendor::Cerebras)
        .set(Fault::GapMs(300));
    let started = Instant::now();
    let response = router
        .chat(&account, &streamed("llama3.1-8b", "[[tokens:3]] go"))
        .await;
    let mut bytes = response.bytes_stream();
    let first = bytes.next().await.unwrap().unwrap();
    let waited = started.elapsed();
    assert!(String::from_utf8_lossy(&first).contains("data: "));
    assert!(
        waited < Duration::from_millis(250),
        "the first token was held for {waited:?}"
    );
}

#[actix_web::test]
async fn a_cut_after_content_is_told_and_billed_as_delivered() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    router
        .sandbox
        .script(Vendor::OpenAi)
        .set(Fault::CutTokens(5));
    let response = router
        .chat(&account, &streamed("gpt-4.1", "[[tokens:50]] go"))
        .await;
    let id = header(response.headers(), "x-model-router-generation-id").to_owned();
    let chunks = chunks(&response.text().await.unwrap());
    let failed = chunks
        .iter()
        .find(|chunk| chunk["error"].is_object())
        .expect("an error chunk");
    assert_eq!(failed["choices"][0]["finish_reason"], "error");
    let usage = &chunks.last().unwrap()["usage"];
    assert_eq!(usage["estimated"], true);
    assert!(usage["completion_tokens"].as_u64().unwrap() > 0);
    let record = router.get(&account, &format!("/v1/generations/{id}")).await;
    assert_eq!(
        (&record["data"]["status"], &record["data"]["estimated"]),
        (&json!("failed"), &json!(true))
    );
    let cost = pico(&usage["cost"].to_string());
    assert!(cost > 0);
    assert_eq!(
        pico(&router.balance(&account).await),
        5_000_000_000_000 - cost
    );
    router.verify().await;
}

#[actix_web::test]
async fn a_client_that_leaves_is_billed_once_and_the_upstream_is_closed() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    router.sandbox.script(Vendor::OpenAi).set(Fault::GapMs(20));
    let response = router
        .chat(&account, &streamed("gpt-4.1", "[[tokens:1000]] go"))
        .await;
    let id = header(response.headers(), "x-model-router-generation-id").to_owned();
    let mut bytes = response.bytes_stream();
    for _ in 0..3 {
        bytes.next().await.unwrap().unwrap();
    }
    drop(bytes);

    let path = format!("{}/v1/generations/{id}", router.url);
    let deadline = Instant::now() + Duration::from_secs(5);
    let record: serde_json::Value = loop {
        let response = router
            .client
            .get(&path)
            .bearer_auth(&account.key)
            .send()
            .await
            .unwrap();
        if response.status() == 200 {
            break response.json().await.unwrap();
        }
        assert!(
            Instant::now() < deadline,
            "no record of the broken-off stream"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(record["data"]["cancelled"], true);
    let cost = pico(&text(&record["data"]["total_cost"]));
    assert!(cost > 0, "{record}");
    assert_eq!(
        pico(&router.balance(&account).await),
        5_000_000_000_000 - cost
    );
    router.verify().await;
}

#[actix_web::test]
async fn a_missing_done_mark_and_one_malformed_event_do_no_harm() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for fault in [Fault::NoDone, Fault::Malformed] {
        router.sandbox.script(Vendor::OpenAi).set(fault);
        let response = router
            .chat(&account, &streamed("gpt-4.1", "[[tokens:12]] go"))
            .await;
        let chunks = chunks(&response.text().await.unwrap());
        assert!(chunks.iter().all(|chunk| chunk.get("error").is_none()));
        assert_eq!(chunks.last().unwrap()["usage"]["completion_tokens"], 12);
    }
}

#[actix_web::test]
async fn a_long_wait_is_bridged_with_comments_and_still_ends_truthfully() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set_for("gpt-4.1", Fault::TtftMs(5_600));
    script.set_for("o3", [Fault::DelayMs(5_600), Fault::Status(500)]);
    let (good_body, bad_body) = (streamed("gpt-4.1", "[[tokens:5]] go"), streamed("o3", "go"));
    let (good, bad) = tokio::join!(
        router.chat(&account, &good_body),
        router.chat(&account, &bad_body)
    );
    let (good, bad) = tokio::join!(good.text(), bad.text());
    let (good, bad) = (good.unwrap(), bad.unwrap());
    for stream in [&good, &bad] {
        assert!(
            stream.starts_with(": MODEL-ROUTER PROCESSING\n\n"),
            "{stream}"
        );
    }
    assert_eq!(
        chunks(&good).last().unwrap()["usage"]["completion_tokens"],
        5
    );
    let failed = chunks(&bad);
    assert_eq!(failed[0]["error"]["code"], "all_candidates_failed", "{bad}");
    assert_eq!(failed[0]["choices"][0]["finish_reason"], "error");
    router.verify().await;
}
