//! What an answer's usage means for its bill: zero is zero, missing is counted, nothing is free.

use std::net::TcpListener;

use actix_web::web::{self, Json};
use actix_web::{App, HttpResponse, HttpServer};
use model_router::actors::ledger::Drain;
use serde_json::{Value, json};

use super::router::{Account, Router, ask, chunks, pico};

/// The text of every answer that has one: 12 bytes, 3 tokens when we count.
const TEXT: &str = "Hello there!";

/// What an upstream answers, by the name of the model that is asked for.
fn answer(model: &str) -> (Value, Value, Value) {
    let usage = |prompt: u64, completion: u64| {
        json!({ "prompt_tokens": prompt, "completion_tokens": completion,
            "total_tokens": prompt + completion })
    };
    match model {
        "zero" => (json!(TEXT), json!("stop"), usage(0, 0)),
        "counted" => (json!(TEXT), json!("stop"), usage(7, 5)),
        "missing" => (json!(TEXT), json!("stop"), Value::Null),
        "filtered" => (json!(""), json!("content_filter"), usage(7, 0)),
        "blank" => (json!(""), Value::Null, usage(7, 0)),
        other => panic!("no answer for {other}"),
    }
}

async fn upstream(body: Json<Value>) -> HttpResponse {
    let model = body["model"].as_str().unwrap();
    let (content, finish, usage) = answer(model);
    let head = json!({ "id": "c", "created": 1, "model": model });
    if body["stream"] != true {
        let mut whole = head;
        whole["object"] = json!("chat.completion");
        whole["choices"] = json!([{ "index": 0, "finish_reason": finish,
            "message": { "role": "assistant", "content": content } }]);
        whole["usage"] = usage;
        return HttpResponse::Ok().json(whole);
    }
    let chunk = |choices: Value, usage: &Value| {
        let mut chunk = head.clone();
        chunk["object"] = json!("chat.completion.chunk");
        chunk["choices"] = choices;
        if !usage.is_null() {
            chunk["usage"] = usage.clone();
        }
        format!("data: {chunk}\n\n")
    };
    let delta = json!([{ "index": 0, "delta": { "role": "assistant", "content": content },
        "finish_reason": null }]);
    let end = json!([{ "index": 0, "delta": {}, "finish_reason": finish }]);
    let frames = [
        chunk(delta, &Value::Null),
        chunk(end, &Value::Null),
        chunk(json!([]), &usage),
        "data: [DONE]\n\n".to_owned(),
    ];
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .body(frames.concat())
}

/// A router before an upstream that answers as above, at one dollar per million tokens.
async fn start() -> (Router, Account) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server =
        HttpServer::new(|| App::new().route("/v1/chat/completions", web::post().to(upstream)));
    actix_web::rt::spawn(server.workers(1).listen(listener).unwrap().run());
    let mut overlay = format!(
        "[[provider]]\nname = \"canned\"\ndialect = \"openai\"\nbase_url = \"{url}\"\napi_key_env = \"OPENAI_API_KEY\"\n"
    );
    for model in ["zero", "counted", "missing", "filtered", "blank"] {
        overlay += &format!(
            "[[model]]\nid = \"{model}\"\nprovider = \"canned\"\nupstream = \"{model}\"\ntier = [\"economy\"]\ncontext_window = 8000\nmax_output = 1000\nprice = {{ input = 1, output = 1 }}\nquality = 0.1\n"
        );
    }
    let router = Router::with(&overlay, |_| {}).await;
    let account = router.account("1.00").await;
    (router, account)
}

async fn spent(router: &Router, account: &Account) -> i64 {
    1_000_000_000_000 - pico(&router.balance(account).await)
}

/// The usage of an answer, streamed or not.
async fn usage(router: &Router, account: &Account, model: &str, stream: bool) -> Value {
    let mut body = ask(model, "Hi");
    body["stream"] = json!(stream);
    let response = router.chat(account, &body).await;
    assert_eq!(response.status(), 200, "{model}");
    let text = response.text().await.unwrap();
    if stream {
        chunks(&text).last().unwrap()["usage"].clone()
    } else {
        serde_json::from_str::<Value>(&text).unwrap()["usage"].clone()
    }
}

#[actix_web::test]
async fn a_reported_usage_is_charged_to_the_token() {
    let (router, account) = start().await;
    for (count, stream) in [(1, false), (2, true)] {
        let usage = usage(&router, &account, "counted", stream).await;
        assert_eq!(usage["total_tokens"], 12);
        assert!(usage["estimated"].is_null());
        assert_eq!(spent(&router, &account).await, count * 12_000_000);
    }
}

#[actix_web::test]
async fn an_explicit_zero_is_zero() {
    let (router, account) = start().await;
    for stream in [false, true] {
        let usage = usage(&router, &account, "zero", stream).await;
        assert_eq!(
            (&usage["total_tokens"], &usage["cost"]),
            (&json!(0), &json!(0))
        );
        assert!(usage["estimated"].is_null());
        assert_eq!(spent(&router, &account).await, 0);
    }
    router.verify().await;
}

#[actix_web::test]
async fn a_missing_usage_is_counted_from_the_text_and_says_so() {
    let (router, account) = start().await;
    let mut before = 0;
    for stream in [false, true] {
        let usage = usage(&router, &account, "missing", stream).await;
        assert_eq!(usage["estimated"], true);
        assert_eq!(usage["completion_tokens"], 3);
        let tokens = usage["total_tokens"].as_i64().unwrap();
        assert!(tokens > 3, "the prompt is counted too");
        let now = spent(&router, &account).await;
        assert_eq!(now - before, tokens * 1_000_000);
        before = now;
    }
    router.verify().await;
}

#[actix_web::test]
async fn no_output_with_a_filter_or_a_blank_finish_is_free_and_our_loss() {
    let (router, account) = start().await;
    let lost = || router.desk.ledger_tally.read().failed;
    for stream in [false, true] {
        let usage = usage(&router, &account, "filtered", stream).await;
        assert_eq!(usage["cost"], 0);
    }
    assert_eq!(spent(&router, &account).await, 0);
    router.desk.ledger.send(Drain).await.unwrap().unwrap();
    assert_eq!((lost().count, lost().amount.get()), (2, 14_000_000));
    for stream in [false, true] {
        let mut body = ask("blank", "Hi");
        body["stream"] = json!(stream);
        router.chat(&account, &body).await.text().await.unwrap();
        assert_eq!(spent(&router, &account).await, 0);
    }
    router.verify().await;
}
