//! Answers, errors and streams of OpenAI's Responses API from arbitrary bytes.
#![no_main]

use model_router::catalog::Dialect;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::upstream(Dialect::Responses, data));
