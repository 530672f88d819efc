//! What is wrong with a file is said by file, line, row and reason.

use super::tests::{LOCAL, layer, over_builtin};
use super::*;

/// A text of [`LOCAL`], what stands there instead, and the only complaint that follows.
type Case = (&'static str, &'static str, &'static str);

#[track_caller]
fn complain((text, instead, expected): &Case) {
    assert!(LOCAL.contains(text), "{text}");
    let error = over_builtin(&LOCAL.replacen(text, instead, 1)).unwrap_err();
    assert_eq!(error.to_string(), format!("mine.toml:{expected}"));
}

const URL: &str = r#""http://127.0.0.1:11434/v1/""#;

#[rustfmt::skip]
const PROVIDERS: &[Case] = &[
    (r#""openai""#, r#""smtp""#, r#"3: provider "local": dialect: unknown variant `smtp`, expected one of `openai`, `responses`, `anthropic`, `gemini`, `bedrock`"#),
    (URL, r#""ftp://host/""#, r#"4: provider "local": base_url: must start with http:// or https://"#),
    (URL, r#""http://u:p@host/""#, r#"4: provider "local": base_url: must not carry credentials; name a variable in api_key_env"#),
    (URL, r#""http://host/?k=1""#, r#"4: provider "local": base_url: must have neither a query nor a fragment"#),
    (URL, r##""http://host/#k""##, r#"4: provider "local": base_url: must have neither a query nor a fragment"#),
    (URL, r#""http://a b/""#, r#"4: provider "local": base_url: not a URL"#),
    (URL, r#""host""#, r#"4: provider "local": base_url: not a URL: relative URL without a base"#),
    (URL, "\"http://h\"\nkey_required = true", r#"1: provider "local": api_key_env: missing, though key_required is true"#),
    (URL, "\"http://h\"\napi_key_env = [\"A-B\"]", r#"5: provider "local": api_key_env: not the name of an environment variable"#),
    (URL, "\"http://h\"\napi_key = \"sk-1\"", r#"5: provider "local": api_key: unknown key"#),
    (URL, "\"http://h\"\nomit = [\"lögit\"]", r#"5: provider "local": omit: "lögit" is not the name of a field"#),
];

const ID: &str = r#""local-llama""#;
const PROVIDER: &str = r#"provider = "local""#;
const PRICE: &str = "input = 0.10";
const FIRST_TOKEN: &str = "first_token_ms = 10000";

#[rustfmt::skip]
const MODELS: &[Case] = &[
    (ID, r#""a b""#, r#"6: model "a b": id: must be visible ASCII without spaces, quotes, `\`, `?`, `#` and `%`"#),
    (ID, r#""a?b""#, r#"6: model "a?b": id: must be visible ASCII without spaces, quotes, `\`, `?`, `#` and `%`"#),
    (ID, r#""a\u0007""#, r#"6: model "a\u{7}": id: must be visible ASCII without spaces, quotes, `\`, `?`, `#` and `%`"#),
    (ID, r#""a/../b""#, r#"6: model "a/../b": id: must not have `..`, an empty part, or `/` at an end"#),
    (ID, r#""/a""#, r#"6: model "/a": id: must not have `..`, an empty part, or `/` at an end"#),
    (ID, r#""""#, r#"6: model "": id: must have 1 to 200 characters"#),
    (ID, r#""Premium""#, r#"6: model "Premium": id: is the name of a tier"#),
    (ID, "7", "5: model: id: missing, or not a text"),
    (PROVIDER, r#"provider = "elsewhere""#, r#"7: model "local-llama": provider: no [[provider]] row has this name"#),
    (PROVIDER, r#"provider = "grok""#, r#"7: model "local-llama": provider: callers who write grok mean xai"#),
    (PROVIDER, r#"provider = "Local""#, r#"7: model "local-llama": provider: must have 1 to 64 of a-z, 0-9, `-`, `_`, `.`"#),
    (PROVIDER, "", r#"5: model "local-llama": provider: missing"#),
    (PROVIDER, "provider = \"anthropic\"\nendpoint = \"responses\"", r#"8: model "local-llama": endpoint: the provider's dialect has no such endpoint"#),
    (PROVIDER, "provider = \"local\"\nendpoint = \"embeddings\"", r#"10: model "local-llama": tier: an embedding model has no tier"#),
    (r#"["standard", "economy"]"#, "[]", r#"9: model "local-llama": tier: a chat model needs a tier"#),
    (r#""economy"]"#, r#""cheap"]"#, r#"9: model "local-llama": tier: unknown variant `cheap`, expected one of `economy`, `standard`, `premium`"#),
    ("= 131072", "= 0", r#"10: model "local-llama": context_window: must be 1 to 1000000000"#),
    ("= 131072", "= 1.5", r#"10: model "local-llama": context_window: not a whole number"#),
    ("= 131072", "= 99999999999999999999", r#"10: model "local-llama": context_window: not a whole number"#),
    ("= 131072", "= 8191", r#"11: model "local-llama": max_output: is more than context_window"#),
    ("= 8192", "= 8192\nmax_input = 131073", r#"12: model "local-llama": max_input: is more than context_window"#),
    (PRICE, "input = -1", r#"12: model "local-llama": price.input: amount out of range"#),
    (PRICE, "input = nan", r#"12: model "local-llama": price.input: not a decimal amount such as 5.00"#),
    (PRICE, "input = 1e300", r#"12: model "local-llama": price.input: amount out of range"#),
    (PRICE, "input = 0.0000001", r#"12: model "local-llama": price.input: more decimals than can be kept exactly"#),
    (PRICE, "input = true", r#"12: model "local-llama": price.input: not a decimal amount"#),
    (PRICE, "input = 1, free = 0", r#"12: model "local-llama": price.free: unknown key"#),
    (PRICE, "input = 1, steps = [{ above_tokens = 9, input = 1, output = 1 }, { above_tokens = 9, input = 1, output = 1 }]", r#"12: model "local-llama": price.steps: must be at most 8, by ascending above_tokens"#),
    (PRICE, "input = 1, steps = [{ input = 1, output = 1 }]", r#"12: model "local-llama": price.steps.above_tokens: missing"#),
    (PRICE, "input = 1, steps = [1]", r#"12: model "local-llama": price.steps: not a table"#),
    ("price = {", "prices = {", "5: model \"local-llama\": price: missing, though the row is not free\nmine.toml:12: model \"local-llama\": prices: unknown key"),
    (r#""vision""#, r#""flight""#, r#"13: model "local-llama": abilities: unknown variant `flight`, expected one of `tools`, `vision`, `files`, `audio`, `json_schema`, `reasoning`, `logprobs`, `n`, `prefill`"#),
    ("abilities", "traits = \"moody\"\nabilities", r#"13: model "local-llama": traits: unknown variant `moody`, expected one of `max_completion_tokens`, `no_sampling`, `no_stop`, `no_parallel_tools`, `no_prefill`, `no_system_message`, `adaptive_thinking`, `xhigh_effort`, `matryoshka`"#),
    ("abilities", "quality = 1.01\nabilities", r#"13: model "local-llama": quality: must be 0 to 1"#),
    ("abilities", "coding = inf\nabilities", r#"13: model "local-llama": coding: not a finite number"#),
    ("abilities", "as_of = \"today\"\nabilities", r#"13: model "local-llama": as_of: not a date such as 2026-01-31, without quotes"#),
    ("abilities", "as_of = 07:32:00\nabilities", r#"13: model "local-llama": as_of: not a date such as 2026-01-31, without quotes"#),
    ("abilities", "free = 1\nabilities", r#"13: model "local-llama": free: must be true or false"#),
    ("abilities", "name = \"a\\nb\"\nabilities", r#"13: model "local-llama": name: has control characters"#),
    (FIRST_TOKEN, "first_token_ms = 0", r#"14: model "local-llama": timeouts.first_token_ms: must be 1 to 3600000"#),
    (FIRST_TOKEN, "idle_ms = 3600001", r#"14: model "local-llama": timeouts.idle_ms: must be 1 to 3600000"#),
    (FIRST_TOKEN, "idle = 1", r#"14: model "local-llama": timeouts.idle: unknown key"#),
];

/// A whole file, and all complaints about it.
#[rustfmt::skip]
const FILES: &[(&str, &str)] = &[
    ("a = 1\nb = = 2\nc = 'x\n", "2: extra `=`, expected nothing\nmine.toml:3: invalid literal string, expected `'`"),
    ("[models]\n", "1: models: unknown key; a catalog has [[provider]], [[model]], [[tokenizer]], [alias] and [weights]"),
    ("[model]\n", "1: model: not a list of tables; write [[model]]"),
    ("model = [1]", "1: model: not a table"),
    ("alias = 1", "1: alias: not a table; write [alias]"),
    ("weights = 1", "1: weights: not a table"),
    ("[weights]\ncost = -1", "2: weights.cost: must not be negative"),
    ("[weights]\ncost = 0\nspeed = 0\nquality = 0", "4: weights.quality: at least one weight must be more than 0"),
    ("[weights]\nlooks = 1", "2: weights.looks: unknown key"),
    ("[alias]\nfast = \"nowhere\"", r#"2: alias "fast": names neither a model nor a tier: "nowhere""#),
    ("[alias]\nfast = 1", r#"2: alias "fast": not a text"#),
    ("[alias]\n\"a b\" = \"o3\"", r#"2: alias "a b": must be visible ASCII without spaces, quotes, `\`, `?`, `#` and `%`"#),
    ("[alias]\nauto = \"o3\"", r#"2: alias "auto": is the name of a tier"#),
    ("[alias]\no3 = \"o4-mini\"", r#"2: alias "o3": is the id of another model"#),
    ("[alias]\nX = \"o3\"\nx = \"o3\"", r#"3: alias "x": already stands on line 2"#),
    ("[[model]]\nid = \"o5\"\ndisabled = true", r#"3: model "o5": disabled: no earlier file has this row"#),
    ("[[model]]\nid = \"o3\"\n[[model]]\nid = \"O3\"\n", r#"3: model "O3": already stands on line 1"#),
    ("[[provider]]\ndialect = \"openai\"", "1: provider: name: missing, or not a text"),
    ("[[provider]]\nname = \"gemini\"\ndialect = \"gemini\"\nbase_url = \"http://h\"", r#"2: provider "gemini": name: callers who write gemini mean google"#),
];

#[test]
fn broken_rows_are_named() {
    for case in PROVIDERS.iter().chain(MODELS) {
        complain(case);
    }
}

#[test]
fn broken_files_are_named() {
    for (text, expected) in FILES {
        let error = over_builtin(text).unwrap_err();
        assert_eq!(error.to_string(), format!("mine.toml:{expected}"), "{text}");
    }
    let error = Catalog::load(&[layer("mine.toml", LOCAL)]).unwrap_err();
    let expected = "catalog:1: [weights] is missing from every file";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn all_files_are_looked_at() {
    let files = [
        layer("a.toml", "a ="),
        Layer::builtin(),
        layer("b.toml", "= b"),
    ];
    let error = Catalog::load(&files).unwrap_err();
    let names: Vec<_> = error.problems().iter().map(|p| p.file.as_str()).collect();
    assert_eq!(names, ["a.toml", "b.toml"]);
}

fn rows(count: usize, row: &dyn Fn(usize) -> String) -> String {
    (0..count).map(row).collect()
}

#[test]
fn sizes_are_bounded() {
    let error = over_builtin(&"#".repeat((4 << 20) + 1)).unwrap_err();
    assert_eq!(error.to_string(), "mine.toml:1: larger than 4194304 bytes");

    let many = rows(5_000, &|n| {
        format!(
            "[[model]]\nid = \"m{n}\"\nprovider = \"openai\"\ntier = \"economy\"\nfree = true\n\
             context_window = 9\nmax_output = 9\n"
        )
    });
    let error = over_builtin(&many).unwrap_err();
    let expected = "mine.toml:34707: model \"m4958\": more than 5000 models";
    assert_eq!(error.to_string(), expected);

    let many = rows(200, &|n| {
        format!("[[provider]]\nname = \"p{n}\"\ndialect = \"openai\"\nbase_url = \"http://h\"\n")
    });
    let error = over_builtin(&many).unwrap_err();
    let expected = "mine.toml:773: provider \"p193\": more than 200 providers";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn all_problems_are_counted_and_fifty_are_listed() {
    let broken = rows(60, &|n| {
        format!("[[model]]\nid = \"m{n}\"\nprovider = \"openai\"\n")
    });
    let error = over_builtin(&broken).unwrap_err();
    assert_eq!(error.problems().len(), 50);
    assert!(error.to_string().ends_with("\nand 190 more"), "{error}");
}
