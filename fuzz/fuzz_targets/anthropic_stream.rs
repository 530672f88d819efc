//! Answers, errors and streams of Anthropic's Messages API from arbitrary bytes.
#![no_main]

use model_router::catalog::Dialect;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::upstream(Dialect::Anthropic, data));
