//! A caller's chat request from arbitrary bytes, written for a model of every dialect.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use model_router::catalog::{Catalog, Layer};
use model_router::wire::{ChatRequest, Context, dialect_of, encode_chat, left_out, speaks};

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::load(&[Layer::builtin()]).expect("the built-in catalog is right"));

fuzz_target!(|data: &[u8]| {
    let Ok(request) = ChatRequest::parse(Bytes::copy_from_slice(data)) else {
        return;
    };
    for model in CATALOG.models() {
        let Some(provider) = CATALOG.provider(&model.provider) else {
            continue;
        };
        if !speaks(dialect_of(provider, model), model.endpoint) {
            continue;
        }
        let first = encode_chat(&request, model, provider, &Context::PLAIN);
        let second = encode_chat(&request, model, provider, &Context::PLAIN);
        let _ = left_out(&request, model, provider);
        if let (Ok(first), Ok(second)) = (first, second) {
            assert_eq!(first.body, second.body, "{}", model.id);
        }
    }
});
