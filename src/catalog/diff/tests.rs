//! Both shapes of price lists, with rows in the form in which they are published.

use super::*;
use crate::catalog::Layer;
use time::macros::date;

const LITELLM: &str = r#"{
  "sample_spec": {"max_tokens": "LEGACY parameter", "input_cost_per_token": 0.0, "litellm_provider": "one of the providers"},
  "gpt-4.1": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06,
    "cache_read_input_token_cost": 5e-07, "max_input_tokens": 1047576, "max_output_tokens": 32768, "max_tokens": 32768},
  "gemini/gemini-2.5-flash": {"litellm_provider": "gemini", "input_cost_per_token": 3.5e-07, "output_cost_per_token": 2.5e-06,
    "cache_read_input_token_cost": 3e-08, "max_input_tokens": 1048576, "max_output_tokens": 65535},
  "gemini-2.5-flash": {"litellm_provider": "vertex_ai-language-models", "input_cost_per_token": 9e-07},
  "claude-sonnet-4-6": {"litellm_provider": "anthropic", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
    "cache_creation_input_token_cost": 4e-06, "cache_read_input_token_cost": 3e-07, "max_input_tokens": 200000},
  "gpt-5.3-codex": {"litellm_provider": "openai", "max_input_tokens": 272000, "max_output_tokens": 128000},
  "text-embedding-3-small": {"litellm_provider": "openai", "input_cost_per_token": 2e-08, "output_cost_per_token": 0.0,
    "max_input_tokens": 8191, "output_vector_size": 1536}
}"#;

const GENAI: &str = r#"[
 {"id": "anthropic", "name": "Anthropic", "api_pattern": "x", "models": [
   {"id": "claude-opus-4-6", "match": {"or": [{"starts_with": "claude-opus-4-6"}, {"equals": "x"}]}, "context_window": 200000,
    "prices": [
      {"prices": {"input_mtok": {"base": 5, "tiers": [{"start": 200000, "price": 10}]}, "output_mtok": {"base": 30, "tiers": []}}},
      {"constraint": {"start_date": "2026-03-13"}, "prices": {"input_mtok": 5, "cache_write_mtok": 6.25, "cache_read_mtok": 0.5, "output_mtok": 25}}]}]},
 {"id": "aws", "models": [
   {"id": "meta.llama4-scout-17b-instruct-v1:0", "match": {"contains": "meta.llama4-scout-17b-instruct"},
    "prices": {"input_mtok": 0.17, "output_mtok": 0.7}},
   {"id": "r", "match": {"regex": "^zai"}, "prices": {"input_mtok": 99}}]},
 {"id": "x-ai", "models": [
   {"id": "grok-3", "match": {"and": [{"starts_with": "grok-3"}, {"ends_with": "beta"}]}, "prices": {"input_mtok": 3, "output_mtok": 15}}]}
]"#;

fn told(text: &str, today: time::Date) -> (Comparison, Vec<String>) {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let comparison = compare(&catalog, text, today).unwrap();
    let lines = comparison.drifts.iter().map(Drift::to_string).collect();
    (comparison, lines)
}

#[test]
fn litellms_list_is_compared() {
    let (comparison, lines) = told(LITELLM, date!(2026 - 11 - 26));
    assert_eq!((comparison.shape, comparison.compared), ("LiteLLM", 5));
    assert_eq!(
        lines,
        [
            "gemini-2.5-flash: input 0.3, listed 0.35 (as gemini/gemini-2.5-flash)",
            "gemini-2.5-flash: max_output 65536, listed 65535 (as gemini/gemini-2.5-flash)",
            "claude-sonnet-4-6: cache_write 3.75, listed 4 (as claude-sonnet-4-6)",
            "claude-sonnet-4-6: context_window 1000000, listed 200000 (as claude-sonnet-4-6)",
        ]
    );
    assert!(comparison.unlisted.contains(&"o3".to_owned()));
}

#[test]
fn genai_prices_list_is_compared_as_of_a_day() {
    let (comparison, lines) = told(GENAI, date!(2026 - 11 - 26));
    assert_eq!((comparison.shape, comparison.compared), ("genai-prices", 4));
    let opus =
        "claude-opus-4-6: context_window 1000000, listed 200000 (as anthropic/claude-opus-4-6)";
    assert!(lines.contains(&opus.to_owned()), "{lines:?}");
    let scout = "us.meta.llama4-scout-17b-instruct-v1:0: output 0.66, listed 0.7 (as aws/meta.llama4-scout-17b-instruct-v1:0)";
    assert!(lines.contains(&scout.to_owned()), "{lines:?}");
    let (_, before) = told(GENAI, date!(2026 - 03 - 12));
    let dearer = "claude-opus-4-6: output 25, listed 30 (as anthropic/claude-opus-4-6)";
    assert!(before.contains(&dearer.to_owned()), "{before:?}");
    assert!(!lines.contains(&dearer.to_owned()));
}

#[test]
fn what_is_no_price_list_is_refused() {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    for text in [
        "",
        "7",
        "{}",
        "[]",
        "{\"a\": 1}",
        "[{\"id\":",
        "<html>",
        "[1]",
    ] {
        assert!(
            compare(&catalog, text, date!(2026 - 11 - 26)).is_err(),
            "{text}"
        );
    }
}
