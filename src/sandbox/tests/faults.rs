//! Each fault that breaks an answer, as a client meets it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Rig, deltas, events};
use crate::sandbox::{Ending, Fault, Faults, Vendor};

/// Bytes that came before the body ended or broke, and whether it broke.
async fn received(mut response: reqwest::Response) -> (String, bool) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => return (String::from_utf8(body).unwrap(), false),
            Err(_) => return (String::from_utf8(body).unwrap(), true),
        }
    }
}

/// The events that have come in full.
fn complete(text: &str) -> &str {
    text.rsplit_once("\n\n").map_or("", |(events, _)| events)
}

async fn rig_with(vendor: Vendor, faults: impl Into<Faults>) -> (Rig, Value) {
    let rig = Rig::start(vendor).await;
    rig.script().set(faults);
    let body = rig.body("[[say:one two three four]]", json!({"stream": true}));
    (rig, body)
}

fn ending(rig: &Rig) -> Ending {
    rig.script().calls().last().unwrap().ending
}

#[actix_web::test]
async fn cut_leaves_exactly_so_many_bytes() {
    for cut in [0, 40, 700] {
        let (rig, body) = rig_with(Vendor::OpenAi, Fault::Cut(cut)).await;
        let (text, broken) = received(rig.send(&body).await.unwrap()).await;
        assert_eq!((text.len(), broken), (cut, true));
        assert_eq!(ending(&rig), Ending::Broken);
    }
    let (rig, _) = rig_with(Vendor::Groq, Fault::Cut(9)).await;
    let whole = rig.body("Hi", json!({}));
    let (text, broken) = received(rig.send(&whole).await.unwrap()).await;
    assert_eq!((text.len(), broken), (9, true));
}

#[actix_web::test]
async fn cut_tokens_leaves_so_many_tokens() {
    let (rig, body) = rig_with(Vendor::Xai, Fault::CutTokens(3)).await;
    let (text, broken) = received(rig.send(&body).await.unwrap()).await;
    assert!(broken);
    assert_eq!(deltas(&events(&text), "content").concat(), "one two thre");
}

#[actix_web::test]
async fn stall_falls_silent_and_a_hang_up_is_seen() {
    for (tokens, said) in [(0, ""), (2, "one two")] {
        let (rig, body) = rig_with(Vendor::OpenAi, Fault::Stall(tokens)).await;
        let mut response = rig.send(&body).await.unwrap();
        let mut text = String::new();
        while deltas(&events(complete(&text)), "content").concat() != said || text.is_empty() {
            let piece = response.chunk().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(&piece).unwrap());
        }
        let more = tokio::time::timeout(Duration::from_millis(50), response.chunk());
        assert!(more.await.is_err());
        assert_eq!(ending(&rig), Ending::Running);
        drop(response);
        let seen = |calls: &[crate::sandbox::SeenCall]| calls[0].ending == Ending::HungUp;
        assert!(rig.script().wait(seen).await);
    }
}

#[actix_web::test]
async fn hang_sends_nothing_and_a_hang_up_is_seen() {
    let (rig, body) = rig_with(Vendor::Cerebras, Fault::Hang).await;
    let nothing = tokio::time::timeout(Duration::from_millis(50), rig.send(&body)).await;
    assert!(nothing.is_err());
    let seen = |calls: &[crate::sandbox::SeenCall]| calls[0].ending == Ending::HungUp;
    assert!(rig.script().wait(seen).await);
}

#[actix_web::test]
async fn reset_closes_without_a_response() {
    let (rig, body) = rig_with(Vendor::OpenAi, Fault::Reset).await;
    let error = rig.send(&body).await.unwrap_err();
    assert!(error.is_request() && !error.is_connect(), "{error:?}");
    assert_eq!(ending(&rig), Ending::Broken);
}

#[actix_web::test]
async fn malformed_stands_between_good_events() {
    for vendor in super::OPENAI_FAMILY {
        let (rig, body) = rig_with(vendor, Fault::Malformed).await;
        let reply = rig.chat(&body).await;
        let readable: Vec<bool> = reply
            .body
            .split("\n\n")
            .filter_map(|event| event.strip_prefix("data: "))
            .filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str::<Value>(data).is_ok())
            .collect();
        assert_eq!(readable[..4], [true, true, false, true], "{vendor:?}");
        assert!(readable[4..].iter().all(|good| *good));
    }
    let (rig, _) = rig_with(Vendor::OpenAi, Fault::Malformed).await;
    let whole = rig.chat(&rig.body("Hi", json!({}))).await;
    assert!(serde_json::from_str::<Value>(&whole.body).is_err());
}

#[actix_web::test]
async fn no_done_ends_politely_without_the_last_event() {
    let (rig, body) = rig_with(Vendor::OpenAi, Fault::NoDone).await;
    let (text, broken) = received(rig.send(&body).await.unwrap()).await;
    assert!(!broken && !text.contains("[DONE]"));
    assert_eq!(
        deltas(&events(&text), "content").concat(),
        "one two three four"
    );
}

#[actix_web::test]
async fn errors_inside_a_stream_have_the_providers_form() {
    for vendor in super::OPENAI_FAMILY {
        for (tokens, said) in [(0, ""), (2, "one two")] {
            let (rig, body) = rig_with(vendor, Fault::ErrorInStream(tokens)).await;
            let reply = rig.chat(&body).await;
            assert_eq!(reply.status, 200);
            assert!(!reply.body.contains("[DONE]"));
            let (before, last) = match reply.body.split_once("event: error\n") {
                Some((before, last)) => (before, last),
                None => reply
                    .body
                    .trim_end()
                    .rsplit_once("\n\n")
                    .unwrap_or(("", &reply.body)),
            };
            assert_eq!(
                deltas(&events(before), "content").concat(),
                said,
                "{vendor:?}"
            );
            let error = events(last).remove(0);
            match vendor {
                Vendor::OpenAi => assert_eq!(error["error"]["type"], "server_error"),
                Vendor::Xai => assert!(error["error"].is_string()),
                Vendor::Groq => {
                    assert_eq!(error["error"]["status_code"], 500);
                    assert!(reply.body.contains("event: error\n"));
                }
                Vendor::Cerebras => assert_eq!(error["status_code"], 500),
                Vendor::Bedrock | Vendor::Google => panic!("speaks another dialect"),
                Vendor::Anthropic => unreachable!("it speaks another dialect"),
            }
            let whole = rig.chat(&rig.body("Hi", json!({}))).await;
            assert_eq!(whole.status, 500);
        }
    }
}

#[actix_web::test]
async fn garbage_and_empty_answers() {
    let (rig, body) = rig_with(Vendor::OpenAi, Fault::Garbage).await;
    let reply = rig.chat(&body).await;
    assert_eq!(reply.status, 200);
    assert!(serde_json::from_str::<Value>(&reply.body).is_err());
    rig.script().set([Fault::Garbage, Fault::Status(503)]);
    assert_eq!(rig.chat(&body).await.status, 503);
    for vendor in super::OPENAI_FAMILY {
        let (rig, body) = rig_with(vendor, Fault::Empty).await;
        let chunks = rig.chat(&body).await.chunks();
        assert!(deltas(&chunks, "content").is_empty());
        let finish = |chunk: &Value| chunk["choices"][0]["finish_reason"] == "stop";
        assert!(chunks.iter().any(finish), "{vendor:?}");
        let whole = rig.chat(&rig.body("Hi", json!({}))).await.json();
        assert_eq!(whole["choices"][0]["message"]["content"], "");
        assert_eq!(whole["usage"]["completion_tokens"], 0);
    }
}

#[actix_web::test]
async fn large_requests_are_read() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let image = format!("data:image/png;base64,{}", "A".repeat(20 * 1024 * 1024));
    let content = json!([{"type": "text", "text": "[[say:seen]]"},
        {"type": "image_url", "image_url": {"url": image}}]);
    let messages = json!([{"role": "user", "content": content}]);
    let reply = rig.chat(&rig.body("", json!({"messages": messages}))).await;
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "seen");
    assert_eq!(rig.script().calls()[0].body, Value::Null);
}

#[actix_web::test]
async fn waits_stand_where_they_belong() {
    let wait = Duration::from_millis(60);
    let (rig, body) = rig_with(Vendor::OpenAi, Fault::DelayMs(60)).await;
    let start = Instant::now();
    let response = rig.send(&body).await.unwrap();
    assert!(start.elapsed() >= wait);
    drop(response);
    rig.script().set(Fault::TtftMs(300));
    let start = Instant::now();
    let mut response = rig.send(&body).await.unwrap();
    let first = response.chunk().await.unwrap().unwrap();
    assert!(std::str::from_utf8(&first).unwrap().contains("\"role\""));
    assert!(!std::str::from_utf8(&first).unwrap().contains("one"));
    let second = response.chunk().await.unwrap().unwrap();
    assert!(std::str::from_utf8(&second).unwrap().contains("one"));
    assert!(start.elapsed() >= Duration::from_millis(300));
    rig.script().set(Fault::GapMs(20));
    let start = Instant::now();
    rig.chat(&body).await;
    assert!(start.elapsed() >= Duration::from_millis(20 * 4));
}

#[actix_web::test]
async fn a_call_can_bring_its_own_faults() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let body = rig.body("Hi", json!({}));
    let with_header = async |text: &str| {
        let request = rig.post("/chat/completions", &body);
        let response = request.header("x-sandbox-fault", text).send().await;
        response.unwrap().status().as_u16()
    };
    assert_eq!(with_header("status=503;ttft_ms=1").await, 503);
    assert_eq!(with_header("bang").await, 400);
    let suffix = rig.body("Hi", json!({"model": "gpt-4.1!status=502"}));
    assert_eq!(rig.chat(&suffix).await.status, 502);
    let harmless = rig.body("Hi", json!({"model": "gpt-4.1!ttft_ms=1"}));
    assert_eq!(
        rig.chat(&harmless).await.json()["model"],
        "gpt-4.1-2025-04-14"
    );
    assert_eq!(rig.script().call_count("gpt-4.1"), 4);
    rig.script().set_for("o3", Fault::Status(500));
    rig.script().next(1, Fault::Status(504));
    assert_eq!(rig.chat(&body).await.status, 504);
    assert_eq!(rig.chat(&body).await.status, 200);
    let other = rig.body("Hi", json!({"model": "o3"}));
    assert_eq!(rig.chat(&other).await.status, 500);
}

#[actix_web::test]
async fn a_rupture_comes_at_its_point_in_its_manner() {
    for (fault, said, ended) in [
        ("break=after_headers/fin", "", "broken"),
        ("break=after_role/rst", "", "broken"),
        ("break=after_tokens:2/rst", "one two", "broken"),
        ("break=after_tokens:2/fin", "one two", "broken"),
        ("break=before_last:2/fin", "one two three four", "broken"),
        ("break=before_last:1/rst", "one two three four", "broken"),
        ("break=after_tokens:2/error", "one two", "ended"),
        ("break=after_tokens:2/broken", "one two three four", "ended"),
    ] {
        let (rig, mut body) = rig_with(Vendor::OpenAi, fault.parse::<Faults>().unwrap()).await;
        body["stream_options"] = json!({"include_usage": true});
        let (text, broken) = received(rig.send(&body).await.unwrap()).await;
        let readable: String = complete(&text)
            .split("\n\n")
            .filter(|event| event.ends_with('}'))
            .flat_map(|event| [event, "\n\n"])
            .collect();
        assert_eq!(
            deltas(&events(&readable), "content").concat(),
            said,
            "{fault}"
        );
        assert_eq!(broken, ended == "broken", "{fault}");
        let usage_came = text.contains("\"usage\":{");
        assert_eq!(
            usage_came,
            fault.contains("before_last:1") || fault.ends_with("/broken"),
            "{fault}"
        );
    }
}

#[actix_web::test]
async fn a_reset_is_no_orderly_close() {
    for (fault, reset) in [
        ("break=before_headers/rst", true),
        ("break=before_headers/fin", false),
    ] {
        let (rig, body) = rig_with(Vendor::OpenAi, fault.parse::<Faults>().unwrap()).await;
        let error = rig.send(&body).await.unwrap_err();
        let chain = format!("{error:?}");
        assert_eq!(chain.contains("ConnectionReset"), reset, "{chain}");
    }
}
