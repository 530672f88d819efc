//! Google's dialect: what it refuses, and the form of its answers.

use serde_json::{Value, json};

use super::super::Vendor;
use super::{Reply, Rig, read};

async fn ask(rig: &Rig, model: &str, body: &Value) -> Reply {
    let path = format!("/v1beta/models/{model}:generateContent");
    let request = rig.post(&path, body).header("x-goog-api-key", "k");
    read(request.send().await.unwrap()).await
}

fn user(text: &str) -> Value {
    json!({"role": "user", "parts": [{"text": text}]})
}

fn call(extra: &Value) -> Value {
    let mut part = json!({"functionCall": {"name": "f", "args": {}}});
    part.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    json!({"role": "model", "parts": [part]})
}

fn response(name: &str) -> Value {
    json!({"role": "user", "parts": [{"functionResponse": {"name": name, "response": {"result": 1}}}]})
}

#[actix_web::test]
async fn malformed_requests_are_refused() {
    let rig = Rig::start(Vendor::Google).await;
    let skip = json!({"thoughtSignature": "skip_thought_signature_validator"});
    let bad = json!({"thoughtSignature": "AAAA"});
    let none = json!({});
    let (two, three) = ("gemini-2.5-pro", "gemini-3.1-pro-preview");
    let contents = |turns: &[Value]| json!({"contents": turns});
    let with = |field: &str, value: Value| json!({"contents": [user("Hi")], field: value});
    let cases = [
        (two, json!({}), "contents is not specified"),
        (
            two,
            with("messages", json!([])),
            "Unknown name \"messages\"",
        ),
        (
            two,
            contents(&[json!({"role": "assistant", "parts": [{"text": "a"}]})]),
            "valid role",
        ),
        (
            two,
            contents(&[json!({"role": "user", "parts": []})]),
            "must not be empty",
        ),
        (
            two,
            contents(&[json!({"role": "user", "parts": [{"x": 1}]})]),
            "required oneof field",
        ),
        (
            two,
            contents(&[call(&none), response("f")]),
            "function call turn comes immediately after",
        ),
        (
            two,
            contents(&[user("a"), call(&none)]),
            "equal to the number",
        ),
        (
            two,
            contents(&[user("a"), response("f")]),
            "immediately after a function call turn",
        ),
        (
            two,
            contents(&[user("a"), call(&none), response("g")]),
            "match the function calls",
        ),
        (
            two,
            contents(&[user("a"), call(&bad), response("f")]),
            "signature is not valid",
        ),
        (
            three,
            contents(&[user("a"), call(&none), response("f")]),
            "missing a thought_signature",
        ),
        (
            two,
            with(
                "generationConfig",
                json!({"thinkingConfig": {"thinkingBudget": 0}}),
            ),
            "between 128 and 32768",
        ),
        (
            two,
            with(
                "generationConfig",
                json!({"thinkingConfig": {"thinkingLevel": "low"}}),
            ),
            "not supported",
        ),
        (
            three,
            with(
                "generationConfig",
                json!({"thinkingConfig": {"thinkingLevel": "minimal"}}),
            ),
            "not supported",
        ),
        (
            two,
            with("generationConfig", json!({"temperature": 3})),
            "supported range",
        ),
        (
            two,
            with("generationConfig", json!({"presencePenalty": 1})),
            "Penalty is not enabled",
        ),
        (
            two,
            with("tools", json!([{"functionDeclarations": [{"name": "1"}]}])),
            "Invalid function name",
        ),
        (
            two,
            with(
                "tools",
                json!([{"functionDeclarations": [{"name": "f",
            "parametersJsonSchema": {"type": "object", "properties": {"a": {"enum": [true]}}}}]}]),
            ),
            "strings and numbers",
        ),
    ];
    for (model, body, said) in cases {
        let reply = ask(&rig, model, &body).await;
        assert_eq!(reply.status, 400, "{body}");
        let error = &reply.json()["error"];
        assert!(
            error["message"].as_str().unwrap().contains(said),
            "{error} for {body}"
        );
        assert_eq!(error["status"], "INVALID_ARGUMENT");
    }
    for (model, extra) in [(two, &none), (two, &skip), (three, &skip)] {
        let good = contents(&[user("a"), call(extra), response("f"), user("b")]);
        assert_eq!(ask(&rig, model, &good).await.status, 200);
    }
}

#[actix_web::test]
async fn keys_models_and_paths() {
    let rig = Rig::start(Vendor::Google).await;
    let body = json!({"contents": [user("Hi")]});
    let path = "/v1beta/models/gemini-2.5-pro:generateContent";
    let keyless = read(rig.post(path, &body).send().await.unwrap()).await;
    assert_eq!(keyless.status, 403);
    let wrong = rig.post(path, &body).header("x-goog-api-key", "invalid");
    let wrong = read(wrong.send().await.unwrap()).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(
        wrong.json()["error"]["details"][0]["reason"],
        "API_KEY_INVALID"
    );
    assert_eq!(ask(&rig, "unknown-model", &body).await.status, 404);
    let limited = ask(&rig, "gemini-2.5-pro!status=429;retry_after=7", &body).await;
    assert_eq!(limited.json()["error"]["details"][0]["retryDelay"], "7s");
    assert!(limited.header("retry-after").is_none());
}
