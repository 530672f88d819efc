//! Answers, errors and streams of Google's generateContent from arbitrary bytes.
#![no_main]

use model_router::catalog::Dialect;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::upstream(Dialect::Gemini, data));
