//! What is accepted, what goes upstream, what comes back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::catalog::{Catalog, Dialect, Layer, Model, Provider};
use crate::ids::GenerationId;
use crate::money::Picodollars;
use crate::usage::Usage;
use crate::wire::{CannotEncode, Fault, FaultClass, Invalid, InvalidCode};

const OVERLAY: &str = r#"
[[provider]]
name = "local"
dialect = "openai"
base_url = "http://127.0.0.1:1/v1"
omit = ["user"]
[[model]]
id = "local-embed"
provider = "local"
endpoint = "embeddings"
context_window = 512
max_output = 4
price = { input = 0.01, output = 0 }
traits = ["matryoshka"]
[[model]]
id = "local-wide"
provider = "local"
endpoint = "embeddings"
context_window = 512
max_output = 3072
price = { input = 0.01, output = 0 }
[[model]]
id = "gemini-embedding-001"
provider = "google"
endpoint = "embeddings"
context_window = 2048
max_output = 3072
price = { input = 0.15, output = 0 }
[[model]]
id = "local-rigid"
provider = "local"
endpoint = "embeddings"
context_window = 512
max_output = 4
price = { input = 0.01, output = 0 }
"#;

fn catalog() -> Catalog {
    let overlay = Layer {
        name: "overlay".to_owned(),
        text: OVERLAY.to_owned(),
    };
    Catalog::load(&[Layer::builtin(), overlay]).unwrap()
}

fn request(body: &Value) -> EmbedRequest {
    EmbedRequest::parse(Bytes::from(body.to_string())).unwrap()
}

fn refused(body: &Value) -> Invalid {
    EmbedRequest::parse(Bytes::from(body.to_string())).unwrap_err()
}

fn row<T>(id: &str, then: impl FnOnce(&Model, &Provider) -> T) -> T {
    let catalog = catalog();
    let model = catalog
        .models()
        .iter()
        .find(|model| model.id.as_str() == id);
    let model = model.unwrap();
    then(model, catalog.provider(&model.provider).unwrap())
}

/// All calls of a request whose inputs have one token each.
fn encoded(id: &str, body: &Value) -> Result<Vec<Call>, CannotEncode> {
    let request = request(body);
    let pending: Vec<usize> = (0..request.inputs().len()).collect();
    let tokens = vec![1; pending.len()];
    row(id, |model, provider| {
        calls(&request, model, provider, &pending, &tokens)
    })
}

fn sent(call: &Call) -> (String, String) {
    let body = String::from_utf8(call.encoded.body.to_vec()).unwrap();
    (call.encoded.path.clone(), body)
}

#[test]
fn input_comes_in_four_forms() {
    let inputs = |input: Value| {
        let request = request(&json!({"model": "m", "input": input}));
        request
            .inputs()
            .map(|input| match input {
                Input::Text(text) => text.into_owned(),
                Input::Tokens(count) => format!("{count} tokens"),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(inputs(json!("a\nb")), ["a\nb"]);
    assert_eq!(inputs(json!(["a", "ü"])), ["a", "ü"]);
    assert_eq!(inputs(json!([1, 2, 3])), ["3 tokens"]);
    assert_eq!(inputs(json!([[1], [2, 3]])), ["1 tokens", "2 tokens"]);
}

#[test]
fn what_is_wrong_is_named() {
    let input = |input: Value| json!({"model": "m", "input": input});
    let with = |name: &str, value: Value| json!({"model": "m", "input": "a", name: value});
    let many = vec!["a"; MOST_INPUTS + 1];
    for (body, param) in [
        (input(json!("")), "input"),
        (input(json!([])), "input"),
        (input(json!({"text": "a"})), "input"),
        (input(json!(7)), "input"),
        (input(json!(many)), "input"),
        (input(json!(["a", ""])), "input[1]"),
        (input(json!(["a", 1])), "input[1]"),
        (input(json!(["a", null])), "input[1]"),
        (input(json!([null])), "input[0]"),
        (input(json!([{"text": "a"}])), "input[0]"),
        (input(json!([1, "a"])), "input[1]"),
        (input(json!([1, 2.5])), "input[1]"),
        (input(json!([1, -2])), "input[1]"),
        (input(json!([[1], []])), "input[1]"),
        (input(json!([[1], [2, "a"]])), "input[1][1]"),
        (input(json!([[1], "a"])), "input[1]"),
        (with("dimensions", json!(0)), "dimensions"),
        (with("dimensions", json!("8")), "dimensions"),
        (with("encoding_format", json!("int8")), "encoding_format"),
        (with("user", json!(7)), "user"),
        (with("provider", json!({"only": "x"})), "provider.only"),
    ] {
        let invalid = refused(&body);
        let shown = body.to_string().chars().take(80).collect::<String>();
        assert_eq!(invalid.param.as_deref(), Some(param), "{shown}");
        assert_eq!(invalid.code, InvalidCode::InvalidValue, "{shown}");
    }
    assert_eq!(
        refused(&json!({"input": "a"})).code,
        InvalidCode::MissingRequiredParameter
    );
    assert_eq!(
        refused(&json!({"model": "m"})).param.as_deref(),
        Some("input")
    );
    let other_model = refused(&with("models", json!(["n"])));
    assert_eq!(other_model.code, InvalidCode::UnsupportedParameter);
}

#[test]
fn openai_gets_the_callers_form_and_fields() {
    let body = json!({"model": "embed-small", "input": ["a", "b"], "dimensions": 8,
        "encoding_format": "float", "user": "me", "future": {"x": [1]}, "provider": {"only": ["openai"]}});
    let calls = encoded("text-embedding-3-small", &body).unwrap();
    assert_eq!(calls.len(), 1);
    insta::assert_debug_snapshot!(sent(&calls[0]), @r#"
    (
        "/embeddings",
        "{\"model\":\"text-embedding-3-small\",\"input\":[\"a\",\"b\"],\"dimensions\":8,\"encoding_format\":\"base64\",\"future\":{\"x\":[1]},\"user\":\"me\"}",
    )
    "#);
    let body = json!({"model": "m", "input": [1, 2], "user": "me", "encoding_format": "base64"});
    let calls = encoded("local-embed", &body).unwrap();
    insta::assert_debug_snapshot!(sent(&calls[0]), @r#"
    (
        "/embeddings",
        "{\"model\":\"local-embed\",\"input\":[1,2]}",
    )
    "#);
    let warning = calls[0].encoded.warnings[0].to_string();
    assert_eq!(warning, "advisory;unsupported;user");
}

#[test]
fn titan_gets_one_text_a_call() {
    let body = json!({"model": "m", "input": ["a", "b\"c"], "dimensions": 512, "user": "me"});
    let calls = encoded("amazon.titan-embed-text-v2:0", &body).unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1].inputs, [1]);
    insta::assert_debug_snapshot!(sent(&calls[1]), @r#"
    (
        "/model/amazon.titan-embed-text-v2%3A0/invoke",
        "{\"inputText\":\"b\\\"c\",\"dimensions\":512}",
    )
    "#);
    let warning = calls[0].encoded.warnings[0].to_string();
    assert_eq!(warning, "advisory;untranslatable;user");
    let tokens = json!({"model": "m", "input": [[1], [2]]});
    assert!(matches!(
        encoded("amazon.titan-embed-text-v2:0", &tokens),
        Err(CannotEncode::Unsupported { param, .. }) if param == "input[0]"
    ));
}

#[test]
fn google_gets_a_hundred_texts_a_call() {
    let body = json!({"model": "m", "input": vec!["a\"b"; 201], "dimensions": 768, "user": "me"});
    let calls = encoded("gemini-embedding-001", &body).unwrap();
    let lengths: Vec<usize> = calls.iter().map(|call| call.inputs.len()).collect();
    assert_eq!(lengths, [100, 100, 1]);
    assert_eq!(calls[2].inputs, [200]);
    insta::assert_debug_snapshot!(sent(&calls[2]), @r#"
    (
        "/v1beta/models/gemini-embedding-001:batchEmbedContents",
        "{\"requests\":[{\"model\":\"models/gemini-embedding-001\",\"content\":{\"parts\":[{\"text\":\"a\\\"b\"}]},\"outputDimensionality\":768}]}",
    )
    "#);
    let warning = calls[0].encoded.warnings[0].to_string();
    assert_eq!(warning, "advisory;untranslatable;user");
    let tokens = json!({"model": "m", "input": [1, 2]});
    assert!(matches!(
        encoded("gemini-embedding-001", &tokens),
        Err(CannotEncode::Unsupported { param, .. }) if param == "input"
    ));
}

#[test]
fn googles_vectors_are_read_in_order_and_brought_to_length_one() {
    let two = json!({"model": "m", "input": ["a", "b"], "dimensions": 2});
    let said = |embeddings: Value| json!({"embeddings": embeddings, "usageMetadata": {"promptTokenCount": 8}});
    let good = said(json!([{"values": [3.0, 4.0]}, {"values": [-0.6, 0.8]}]));
    let vectors = answer("gemini-embedding-001", &two, &good).unwrap();
    assert_eq!(vectors.vectors, [[0.6, 0.8], [-0.6, 0.8]]);
    assert_eq!(vectors.tokens, Some(8));
    let uncounted = json!({"embeddings": good["embeddings"]});
    let vectors = answer("gemini-embedding-001", &two, &uncounted).unwrap();
    assert_eq!(vectors.tokens, None);
    for odd in [
        said(json!([{"values": [3.0, 4.0]}])),
        said(json!([{"values": [3.0, 4.0]}, {}])),
        said(json!([{"values": [3.0, 4.0]}, {"values": [1, 2, 3]}])),
        said(json!([{"values": [3.0, 4.0, 0.0]}, {"values": [1, 2, 3]}])),
        json!({"embedding": {"values": [3.0, 4.0]}}),
    ] {
        let fault = answer("gemini-embedding-001", &two, &odd).unwrap_err();
        assert_eq!(fault.class, FaultClass::Malformed, "{odd}");
    }
}

#[test]
fn sizes_that_do_not_exist_are_refused_with_those_that_do() {
    let with = |id: &str, size: u32| {
        let body = json!({"model": "m", "input": "a", "dimensions": size});
        encoded(id, &body).map(|calls| sent(&calls[0]).1)
    };
    for (id, size, told) in [
        ("text-embedding-3-small", 1537, "from 1 to 1536"),
        ("amazon.titan-embed-text-v2:0", 300, "256, 512, 1024"),
        ("gemini-embedding-001", 3073, "from 1 to 3072"),
        ("local-embed", 5, "from 1 to 4"),
        ("local-rigid", 3, "the size 4 alone"),
    ] {
        let Err(CannotEncode::Invalid { param, message }) = with(id, size) else {
            panic!("{id} took {size}");
        };
        assert_eq!(param, "dimensions");
        assert!(message.contains(told) && message.contains(id), "{message}");
    }
    assert!(
        with("text-embedding-3-large", 3072)
            .unwrap()
            .contains("3072")
    );
    assert!(!with("local-rigid", 4).unwrap().contains("dimensions"));
    assert!(!with("local-embed", 3).unwrap().contains("dimensions"));
}

#[test]
fn inputs_are_split_to_a_providers_limits_in_order() {
    let split = |id: &str, body: &Value, tokens: Vec<u64>| {
        let request = request(body);
        let pending: Vec<usize> = (0..tokens.len()).collect();
        let calls = row(id, |model, provider| {
            calls(&request, model, provider, &pending, &tokens).unwrap()
        });
        let all: Vec<usize> = calls.iter().flat_map(|call| call.inputs.clone()).collect();
        assert_eq!(all, pending);
        calls
            .iter()
            .map(|call| call.inputs.len())
            .collect::<Vec<_>>()
    };
    let (openai, local) = ("text-embedding-3-large", "local-wide");
    let many = json!({"model": "m", "input": vec!["a"; 5000]});
    assert_eq!(split(openai, &many, vec![1; 5000]), [2048, 2048, 904]);
    // Decimals of 3,072 numbers each: an answer with 2,048 vectors would be too long.
    assert_eq!(split(local, &many, vec![1; 1000]), [682, 318]);
    // 100,000 tokens each: three fit.
    let long: Vec<Vec<u32>> = vec![vec![1; 100_000]; 7];
    let long = json!({"model": "m", "input": long});
    assert_eq!(split(openai, &long, vec![100_000; 7]), [3, 3, 1]);
}

fn answer(id: &str, body: &Value, said: &Value) -> Result<Vectors, Fault> {
    let call = encoded(id, body).unwrap().remove(0);
    let dialect = row(id, |_, provider| provider.dialect);
    decode(dialect, said.to_string().as_bytes(), &call)
}

#[test]
fn vectors_are_put_in_order_and_counted() {
    let two = json!({"model": "m", "input": ["a", "b"]});
    let said = json!({"data": [{"index": 1, "embedding": "AACAPwAAIMA="}, {"index": 0, "embedding": [0.5, 1]}],
        "usage": {"prompt_tokens": 7, "total_tokens": 7}});
    let vectors = answer("text-embedding-3-small", &two, &said).unwrap();
    assert_eq!(vectors.vectors, [[0.5, 1.0], [1.0, -2.5]]);
    assert_eq!(vectors.tokens, Some(7));
    let one = json!({"model": "m", "input": "a"});
    let call = encoded("amazon.titan-embed-text-v2:0", &one)
        .unwrap()
        .remove(0);
    let said = br#"{"embedding":[8.95569974090904E-4,-1E-3],"inputTextTokenCount":2}"#;
    let vectors = decode(Dialect::Bedrock, said, &call).unwrap();
    assert_eq!(vectors.vectors, [[8.955_7e-4, -1e-3]]);
    assert_eq!(vectors.tokens, Some(2));
}

#[test]
fn answers_that_make_no_sense_are_faults() {
    let body = json!({"model": "m", "input": ["a", "b"]});
    let item = |index: usize, embedding: Value| json!({"index": index, "embedding": embedding});
    let good = || item(0, json!([1, 2]));
    for data in [
        json!([good()]),
        json!([good(), good()]),
        json!([good(), item(2, json!([1, 2]))]),
        json!([good(), item(1, json!([1]))]),
        json!([good(), item(1, json!([1, null]))]),
        json!([good(), item(1, json!([1, [2]]))]),
        json!([good(), item(1, json!("AACAPwAAIM"))]),
        json!([good(), item(1, json!("AACAfwAAgD8="))]),
        json!([good(), item(1, Value::Null)]),
        json!([good(), good(), good()]),
    ] {
        let fault = answer("text-embedding-3-small", &body, &json!({"data": data})).unwrap_err();
        assert_eq!(fault.class, FaultClass::Malformed, "{data}");
    }
    let empty = json!({"data": [item(0, json!([])), item(1, json!([]))]});
    let fault = answer("text-embedding-3-small", &body, &empty).unwrap_err();
    assert_eq!(fault.class, FaultClass::Empty);
    let huge = br#"{"data":[{"embedding":[1e999]},{"embedding":[1]}]}"#;
    let call = encoded("text-embedding-3-small", &body).unwrap().remove(0);
    assert!(decode(Dialect::OpenAi, huge, &call).is_err());
    let in_band = json!({"error": {"message": "slow down", "code": "rate_limit_exceeded"}});
    let fault = answer("text-embedding-3-small", &body, &in_band).unwrap_err();
    assert_eq!(fault.class, FaultClass::RateLimited);
    let other_size = json!({"model": "m", "input": "a", "dimensions": 2});
    let said = json!({"data": [item(0, json!([1, 2, 3]))]});
    assert!(answer("text-embedding-3-small", &other_size, &said).is_err());
}

#[test]
fn vectors_that_may_be_cut_are_cut_to_length_one() {
    let body = json!({"model": "m", "input": "a", "dimensions": 2});
    let said = json!({"data": [{"embedding": [3.0, 4.0, 0.1, 0.2]}]});
    let vectors = answer("local-embed", &body, &said).unwrap();
    assert_eq!(vectors.vectors, [[0.6, 0.8]]);
    assert_eq!(vectors.tokens, None);
}

/// The body for some vectors, as the caller gets it.
fn list(vectors: &[Vec<f32>], format: Format) -> String {
    let usage = Usage {
        prompt_tokens: 5,
        ..Usage::default()
    };
    static MODEL: std::sync::LazyLock<Model> =
        std::sync::LazyLock::new(|| row("text-embedding-3-small", |model, _| model.clone()));
    let pieces = {
        let (id, cost) = (GenerationId::new(), Picodollars::new(100_000));
        List::new(id, &MODEL, vectors.to_vec(), format, &usage, cost).collect::<Vec<_>>()
    };
    String::from_utf8(pieces.concat()).unwrap()
}

#[test]
fn the_body_is_openais() {
    let body = list(&[vec![0.5, -1.0], vec![1e-30]], Format::Float);
    let body = format!("{}…{}", &body[..22], &body[54..]);
    insta::assert_snapshot!(body, @r#"{"object":"list","id":…,"model":"text-embedding-3-small","provider":"openai","data":[{"object":"embedding","index":0,"embedding":[0.5,-1.0]},{"object":"embedding","index":1,"embedding":[1.0000000031710769e-30]}],"usage":{"prompt_tokens":5,"total_tokens":5,"cost":0.0000001}}"#);
    let many: Vec<Vec<f32>> = vec![vec![0.125; 1536]; 100];
    let body: Value = serde_json::from_str(&list(&many, Format::Base64)).unwrap();
    assert_eq!(body["data"].as_array().unwrap().len(), 100);
}

/// What stands between the brackets or quotes of the first vector.
fn first(body: &str) -> &str {
    let rest = body.split_once(r#""embedding":"#).unwrap().1;
    rest[1..].split([']', '"']).next().unwrap()
}

fn two_call() -> Call {
    static CALL: std::sync::LazyLock<Call> = std::sync::LazyLock::new(|| {
        let body = json!({"model": "m", "input": ["a", "b"]});
        encoded("text-embedding-3-small", &body).unwrap().remove(0)
    });
    CALL.clone()
}

proptest! {
    #[test]
    fn base64_and_numbers_agree_bit_for_bit(
        bits in proptest::collection::vec(any::<u32>(), 1..40),
    ) {
        let numbers = bits.into_iter().map(f32::from_bits);
        let vector: Vec<f32> = numbers.filter(|number| number.is_finite()).collect();
        let body = list(std::slice::from_ref(&vector), Format::Base64);
        let bytes = STANDARD.decode(first(&body)).unwrap();
        let floats = bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk));
        let body = list(std::slice::from_ref(&vector), Format::Float);
        let texts = first(&body).split(',').filter(|text| !text.is_empty());
        // Readers of 32 and of 64 bits.
        let narrow: Vec<u32> = texts.clone().map(|text| text.parse::<f32>().unwrap().to_bits()).collect();
        let wide: Vec<u64> = texts.map(|text| text.parse::<f64>().unwrap().to_bits()).collect();
        prop_assert_eq!(narrow, floats.clone().map(f32::to_bits).collect::<Vec<_>>());
        prop_assert_eq!(wide, floats.clone().map(|x| f64::from(x).to_bits()).collect::<Vec<_>>());
        prop_assert_eq!(floats.collect::<Vec<_>>(), vector);
    }

    #[test]
    fn arbitrary_bodies_never_panic(text in any::<String>()) {
        let _ = EmbedRequest::parse(Bytes::from(text.clone()));
        for dialect in [Dialect::OpenAi, Dialect::Bedrock, Dialect::Gemini] {
            let _ = decode(dialect, text.as_bytes(), &two_call());
        }
    }
}
