//! What callers wish of tools, formats and thinking, in each family's words.

use super::requests::{CLAUDE, GLM, OLD_CLAUDE, hi, refused, sent};

/// `toolConfig` and the warnings for a choice between two tools.
fn chosen(choice: &str, upstream: &str) -> String {
    let fields = format!(
        r#","tools":[{{"type":"function","function":{{"name":"f"}}}},{{"type":"function","function":{{"name":"g"}}}}],"tool_choice":{choice}"#
    );
    let text = sent(&hi(&fields), upstream);
    let spec = r#","inputSchema":{"json":{"type":"object","properties":{}}}}}"#;
    let text = text
        .replace(spec, "")
        .replace(r#"{"toolSpec":{"name":"#, "");
    let config = text
        .split_once(r#""toolConfig":"#)
        .map_or("no tools}", |(_, config)| config);
    config.replace("}\n", " ").trim().to_owned()
}

#[test]
fn tool_choice_in_all_forms() {
    let llama = "us.meta.llama4-scout-17b-instruct-v1:0";
    let named = r#"{"type":"function","function":{"name":"g"}}"#;
    let allowed = r#"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}"#;
    let cases = [
        ("\"auto\"", GLM, r#"{"tools":["f","g"]}"#),
        ("\"none\"", GLM, "no tools}"),
        (
            "\"required\"",
            GLM,
            r#"{"tools":["f","g"],"toolChoice":{"any":{}}}"#,
        ),
        (
            named,
            CLAUDE,
            r#"{"tools":["f","g"],"toolChoice":{"tool":{"name":"g"}}}"#,
        ),
        (named, GLM, r#"{"tools":["g"],"toolChoice":{"any":{}}}"#),
        (
            named,
            llama,
            r#"{"tools":["f","g"]} advisory;unsupported;tool_choice"#,
        ),
        (
            allowed,
            CLAUDE,
            r#"{"tools":["g"],"toolChoice":{"any":{}}}"#,
        ),
    ];
    for (choice, upstream, expected) in cases {
        assert_eq!(chosen(choice, upstream), expected, "{choice} {upstream}");
    }
    let unknown = hi(
        r#","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"z"}}"#,
    );
    assert_eq!(refused(&unknown, GLM), "invalid tool_choice");
    let custom = hi(r#","tools":[{"type":"custom","custom":{"name":"f"}}]"#);
    assert_eq!(refused(&custom, GLM), "unsupported tools[0].custom");
    let array = hi(
        r#","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"array"}}}]"#,
    );
    assert_eq!(refused(&array, GLM), "invalid tools[0].function.parameters");
    let ours =
        hi(r#","tools":[{"type":"function","function":{"name":"model_router_json_answer"}}]"#);
    assert_eq!(refused(&ours, GLM), "invalid tools[0].function.name");
}

#[test]
fn answers_in_json() {
    let schema = r#","response_format":{"type":"json_schema","json_schema":{"name":"out","strict":true,"schema":{"properties":{"a":{"type":"string"}}}}}"#;
    insta::assert_snapshot!(sent(&hi(schema), GLM), @r#"
    /model/zai.glm-4.7/converse
    {"messages":[{"role":"user","content":[{"text":"hi"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"model_router_json_answer","description":"Give your answer with this tool.","inputSchema":{"json":{"properties":{"a":{"type":"string"}},"type":"object"}}}}],"toolChoice":{"any":{}}}}
    "#);
    let beside_tools =
        format!(r#"{schema},"tools":[{{"type":"function","function":{{"name":"f"}}}}]"#);
    insta::assert_snapshot!(sent(&hi(&beside_tools), GLM), @r#"
    /model/zai.glm-4.7/converse
    {"messages":[{"role":"user","content":[{"text":"hi"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]},"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"out","schema":"{\"properties\":{\"a\":{\"type\":\"string\"}}}"}}}}}
    "#);
    let llama = "us.meta.llama4-scout-17b-instruct-v1:0";
    let loose = schema.replace("true", "false");
    insta::assert_snapshot!(sent(&hi(&loose), llama), @r#"
    /model/us.meta.llama4-scout-17b-instruct-v1%3A0/converse
    {"messages":[{"role":"user","content":[{"text":"hi"}]}],"system":[{"text":"Answer with one JSON object and nothing else: no words around it, no code fence. It must be valid against this JSON Schema:\n{\"properties\":{\"a\":{\"type\":\"string\"}}}"}]}
    advisory;untranslatable;response_format
    "#);
    let object = hi(r#","response_format":{"type":"json_object"}"#);
    assert!(sent(&object, GLM).contains("Answer with one JSON object"));
}

/// `additionalModelRequestFields` and the warnings.
fn thought(fields: &str, upstream: &str) -> String {
    let text = sent(&hi(fields), upstream);
    let (_, body) = text.split_once('\n').unwrap();
    let (body, warnings) = body.split_once('\n').unwrap();
    let fields = body
        .split_once(r#""additionalModelRequestFields":"#)
        .map_or("-", |(_, fields)| fields.strip_suffix('}').unwrap());
    format!("{fields} {warnings}").trim().to_owned()
}

#[test]
fn reasoning_in_each_familys_words() {
    let effort = |word: &str| format!(r#","reasoning_effort":"{word}""#);
    let (gpt_oss, kimi) = ("openai.gpt-oss-120b-1:0", "moonshotai.kimi-k2.5");
    let (nova, deepseek) = ("us.amazon.nova-2-lite-v1:0", "deepseek.v3.2");
    let left_out = "- advisory;unsupported;reasoning_effort";
    let cases = [
        ("minimal", gpt_oss, r#"{"reasoning_effort":"low"}"#),
        ("xhigh", gpt_oss, r#"{"reasoning_effort":"high"}"#),
        ("none", gpt_oss, left_out),
        ("xhigh", kimi, r#"{"reasoning_effort":"max"}"#),
        (
            "medium",
            "openai.gpt-5.5",
            r#"{"reasoning":{"effort":"medium"}}"#,
        ),
        (
            "none",
            "openai.gpt-5.5",
            r#"{"reasoning":{"effort":"none"}}"#,
        ),
        (
            "high",
            nova,
            r#"{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}"#,
        ),
        ("high", deepseek, r#"{"reasoning_effort":"high"}"#),
        ("none", deepseek, "-"),
        (
            "low",
            CLAUDE,
            r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}}"#,
        ),
        ("none", CLAUDE, "-"),
        (
            "low",
            OLD_CLAUDE,
            r#"{"thinking":{"type":"enabled","budget_tokens":2048}}"#,
        ),
        ("high", GLM, left_out),
        ("high", "qwen.qwen3-32b-v1:0", left_out),
        ("high", "us.deepseek.r1-v1:0", left_out),
    ];
    for (word, upstream, expected) in cases {
        assert_eq!(
            thought(&effort(word), upstream),
            expected,
            "{word} {upstream}"
        );
    }
    let wish = |wish: &str| format!(r#","reasoning":{wish}"#);
    assert_eq!(thought(&wish(r#"{"enabled":true}"#), GLM), "-");
    assert_eq!(
        thought(&wish(r#"{"enabled":false}"#), GLM),
        "- advisory;unsupported;reasoning.enabled"
    );
    assert_eq!(
        thought(&wish(r#"{"max_tokens":3000}"#), OLD_CLAUDE),
        r#"{"thinking":{"type":"enabled","budget_tokens":3000}}"#
    );
    assert_eq!(
        thought(&wish(r#"{"max_tokens":3000}"#), gpt_oss),
        "- advisory;unsupported;reasoning.max_tokens"
    );
}

#[test]
fn a_budget_leaves_room_for_the_answer_and_no_sampling() {
    let fields = r#","reasoning_effort":"high","max_tokens":2000,"temperature":0.2,"stop":"x""#;
    insta::assert_snapshot!(sent(&hi(fields), OLD_CLAUDE), @r#"
    /model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse
    {"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":2000,"stopSequences":["x"]},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1999}}}
    advisory;unsupported;temperature
    "#);
    let small = r#","reasoning_effort":"high","max_tokens":500"#;
    assert_eq!(
        thought(small, OLD_CLAUDE),
        "- advisory;unsupported;reasoning_effort"
    );
}
