//! `POST /v1/embeddings` over HTTP: every form, every price, never another model.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model_router::sandbox::Vendor;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::router::{Account, Router, error_of, header, pico, text};

pub const TITAN: &str = "amazon.titan-embed-text-v2:0";

pub async fn embed(router: &Router, account: &Account, body: &Value) -> (HeaderMap, Value) {
    let request = router.post(account, "/v1/embeddings").json(body);
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    (headers, serde_json::from_str(&text).unwrap())
}

pub async fn refused(router: &Router, account: &Account, body: &Value) -> (u16, Value) {
    let request = router.post(account, "/v1/embeddings").json(body);
    error_of(request.send().await.unwrap()).await
}

/// The vectors in the order they stand in, whichever way they are written.
#[allow(clippy::cast_possible_truncation)]
pub fn vectors(body: &Value) -> Vec<Vec<f32>> {
    let data = body["data"].as_array().unwrap();
    let vector = |(index, item): (usize, &Value)| {
        assert_eq!(item["index"], index);
        let Some(text) = item["embedding"].as_str() else {
            let numbers = item["embedding"].as_array().unwrap().iter();
            return numbers
                .map(|number| number.as_f64().unwrap() as f32)
                .collect();
        };
        let bytes = STANDARD.decode(text).unwrap();
        let chunks = bytes.as_chunks::<4>().0.iter();
        chunks.map(|chunk| f32::from_le_bytes(*chunk)).collect()
    };
    data.iter().enumerate().map(vector).collect()
}

#[actix_web::test]
async fn every_form_of_input_and_both_encodings_give_the_same_vectors() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for (model, size) in [
        ("embed-small", 1536),
        ("embed-large", 3072),
        ("embed-titan", 1024),
    ] {
        let (_, one) = embed(
            &router,
            &account,
            &json!({"model": model, "input": "Hello"}),
        )
        .await;
        let list = json!({"model": model, "input": ["Hello", "world"], "encoding_format": "float"});
        let (_, two) = embed(&router, &account, &list).await;
        let packed =
            json!({"model": model, "input": ["Hello", "world"], "encoding_format": "base64"});
        let (_, packed) = embed(&router, &account, &packed).await;
        assert!(packed["data"][0]["embedding"].is_string());
        let two = vectors(&two);
        assert_eq!(two[0].len(), size);
        assert_eq!(vectors(&one)[0], two[0]);
        assert_eq!(vectors(&packed), two);
        assert_ne!(two[0], two[1]);
    }
    for (input, most) in [(json!([1, 2, 3]), 1), (json!([[1], [2, 3]]), 2)] {
        let body = json!({"model": "embed-small", "input": input, "user": "me"});
        let (_, answer) = embed(&router, &account, &body).await;
        assert_eq!(vectors(&answer).len(), most);
        assert_eq!(answer["usage"]["prompt_tokens"], 3);
    }
    let request = router.post(&account, "/embeddings");
    let body = json!({"model": "text-embedding-3-small", "input": "Hello", "provider": {"only": ["openai"]}});
    assert_eq!(request.json(&body).send().await.unwrap().status(), 200);
}

#[actix_web::test]
async fn the_answer_and_its_record_say_what_ran_and_what_it_cost() {
    let router = Router::start().await;
    let account = router.account("1.00").await;
    let body =
        json!({"model": "EMBED-LARGE", "input": ["Hello there", "world"], "dimensions": 256});
    let (headers, answer) = embed(&router, &account, &body).await;
    assert_eq!(answer["object"], "list");
    assert_eq!(answer["model"], "text-embedding-3-large");
    assert_eq!(answer["provider"], "openai");
    assert_eq!(answer["data"][1]["object"], "embedding");
    assert_eq!(vectors(&answer)[1].len(), 256);
    assert_eq!(
        header(&headers, "x-model-router-model"),
        "text-embedding-3-large"
    );
    assert_eq!(header(&headers, "x-model-router-provider"), "openai");
    assert_eq!(
        header(&headers, "x-model-router-attempts"),
        "openai/text-embedding-3-large:ok"
    );
    assert!(!headers.contains_key("x-model-router-tier"));
    let id = text(&answer["id"]);
    assert_eq!(header(&headers, "x-model-router-generation-id"), id);

    // $0.13 a million tokens are 130,000 pico-dollars each.
    let tokens = answer["usage"]["prompt_tokens"].as_i64().unwrap();
    assert_eq!(answer["usage"]["total_tokens"], tokens);
    let cost = header(&headers, "x-model-router-cost");
    assert_eq!(pico(cost), tokens * 130_000);
    assert_eq!(
        pico(&router.balance(&account).await),
        1_000_000_000_000 - tokens * 130_000
    );

    let record = router.get(&account, &format!("/v1/generations/{id}")).await;
    let record = &record["data"];
    assert_eq!(record["model"], "text-embedding-3-large");
    assert_eq!(record["tokens_prompt"], tokens);
    assert_eq!(record["total_cost"], cost);
    assert_eq!(record["streamed"], false);
    assert_eq!(record["status"], "ok");
    assert!(record["tier"].is_null() && record["prefer"].is_null());
    router.verify().await;
}

#[actix_web::test]
async fn thousands_of_inputs_come_back_in_order_for_one_charge() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let inputs: Vec<String> = (0..5000).map(|i| format!("input {i}")).collect();
    let body = json!({"model": "embed-small", "input": inputs, "dimensions": 8, "encoding_format": "base64"});
    let (headers, answer) = embed(&router, &account, &body).await;
    let all = vectors(&answer);
    assert_eq!(all.len(), 5000);
    assert_eq!(
        router
            .sandbox
            .script(Vendor::OpenAi)
            .call_count("text-embedding-3-small"),
        3
    );
    for index in [0, 2047, 2048, 4095, 4096, 4999] {
        let body =
            json!({"model": "embed-small", "input": format!("input {index}"), "dimensions": 8});
        let (_, one) = embed(&router, &account, &body).await;
        assert_eq!(vectors(&one)[0], all[index], "{index}");
    }
    let tokens = answer["usage"]["prompt_tokens"].as_i64().unwrap();
    assert_eq!(
        pico(header(&headers, "x-model-router-cost")),
        tokens * 20_000
    );
    assert_eq!(
        header(&headers, "x-model-router-attempts"),
        "openai/text-embedding-3-small:ok"
    );

    // Titan takes one text a call.
    let inputs: Vec<String> = (0..40).map(|i| format!("text {i}")).collect();
    let body = json!({"model": TITAN, "input": inputs, "dimensions": 256, "user": "me"});
    let (headers, answer) = embed(&router, &account, &body).await;
    assert_eq!(router.sandbox.script(Vendor::Bedrock).call_count(TITAN), 40);
    assert_eq!(
        header(&headers, "x-model-router-warnings"),
        "advisory;untranslatable;user"
    );
    let body = json!({"model": TITAN, "input": "text 39", "dimensions": 256});
    let (_, one) = embed(&router, &account, &body).await;
    assert_eq!(vectors(&one)[0], vectors(&answer)[39]);
    router.verify().await;
}

#[actix_web::test]
async fn what_is_wrong_is_named() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    let small = |name: &str, value: Value| {
        let mut body = json!({"model": "embed-small", "input": "a"});
        body[name] = value;
        body
    };
    let too_many_tokens = vec![1; 8192];
    for (body, status, code, param) in [
        (
            json!({"input": "a"}),
            400,
            "missing_required_parameter",
            "model",
        ),
        (
            json!({"model": "embed-small"}),
            400,
            "missing_required_parameter",
            "input",
        ),
        (
            small("input", json!(["a", ""])),
            400,
            "invalid_value",
            "input[1]",
        ),
        (small("input", json!([])), 400, "invalid_value", "input"),
        (
            small("input", json!([[1], [too_many_tokens[0], "x"]])),
            400,
            "invalid_value",
            "input[1][1]",
        ),
        (
            small("input", json!([[1], too_many_tokens])),
            400,
            "context_length_exceeded",
            "input[1]",
        ),
        (
            small("input", json!(["a", "word ".repeat(9000)])),
            400,
            "context_length_exceeded",
            "input[1]",
        ),
        (
            small("model", json!("economy")),
            400,
            "invalid_value",
            "model",
        ),
        (small("model", json!("auto")), 400, "invalid_value", "model"),
        (
            small("model", json!("gpt-4.1")),
            400,
            "invalid_value",
            "model",
        ),
        (
            small("model", json!("embed-nothing")),
            404,
            "model_not_found",
            "model",
        ),
        (
            small("dimensions", json!(1537)),
            400,
            "invalid_value",
            "dimensions",
        ),
        (
            json!({"model": TITAN, "input": "a", "dimensions": 300}),
            400,
            "invalid_value",
            "dimensions",
        ),
        (
            json!({"model": TITAN, "input": [1, 2]}),
            400,
            "unsupported_parameter",
            "input",
        ),
        (
            json!({"model": TITAN, "input": ["a", "word ".repeat(9000)]}),
            400,
            "context_length_exceeded",
            "input[1]",
        ),
        (
            small("encoding_format", json!("hex")),
            400,
            "invalid_value",
            "encoding_format",
        ),
        (
            small("models", json!(["embed-large"])),
            400,
            "unsupported_parameter",
            "models",
        ),
        (
            small("provider", json!({"only": ["nobody"]})),
            400,
            "invalid_value",
            "provider.only",
        ),
        (
            small("provider", json!({"ignore": ["openai"]})),
            403,
            "model_not_allowed",
            "provider",
        ),
        (
            small("provider", json!({"max_price": {"prompt": 0.001}})),
            403,
            "model_not_allowed",
            "provider.max_price",
        ),
    ] {
        let shown: String = body.to_string().chars().take(100).collect();
        let (got, error) = refused(&router, &account, &body).await;
        assert_eq!(got, status, "{shown}: {error}");
        assert_eq!(error["code"], code, "{shown}: {error}");
        assert_eq!(error["param"], param, "{shown}: {error}");
    }
    let (_, error) = refused(&router, &account, &small("dimensions", json!(1537))).await;
    assert!(
        text(&error["message"]).contains("from 1 to 1536"),
        "{error}"
    );
    let (_, error) = refused(&router, &account, &small("model", json!("gpt-4.1"))).await;
    assert!(
        text(&error["message"]).contains("text-embedding-3-small"),
        "{error}"
    );
    assert_eq!(router.balance(&account).await, "5");
    let chat = json!({"model": "embed-small", "messages": [{"role": "user", "content": "a"}]});
    assert_eq!(router.refused(&account, &chat).await.0, 400);
}

#[actix_web::test]
async fn credit_and_keys_are_asked_for() {
    let router = Router::start().await;
    let account = router.account("").await;
    let body = json!({"model": "embed-small", "input": "a"});
    let (status, error) = refused(&router, &account, &body).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (402, "insufficient_credits")
    );
    let url = format!("{}/v1/embeddings", router.url);
    let nobody = router.client.post(&url).json(&body).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    let wrong = router.client.get(&url).send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    let rich = router.account("1.00").await;
    let large = json!({"model": "embed-small", "input": "a".repeat(9 << 20)});
    let (status, error) = refused(&router, &rich, &large).await;
    assert_eq!(
        (status, text(&error["code"]).as_str()),
        (413, "payload_too_large")
    );
}

#[actix_web::test]
async fn models_say_what_they_embed() {
    let router = Router::start().await;
    let account = router.account("").await;
    let entry = router.get(&account, "/v1/models/embed-titan").await;
    assert_eq!(entry["dimensions"], 1024);
    assert_eq!(entry["max_input_tokens"], 8192);
    assert_eq!(entry["state"], "flowing");
}
