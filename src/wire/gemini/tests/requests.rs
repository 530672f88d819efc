//! Requests: fields, tools, formats, thinking.

use super::*;
use crate::wire::chat::tests::RICH;
use crate::wire::left_out;

/// `generationConfig` and what follows the contents.
fn config(encoded: &Encoded) -> String {
    let shown = show(encoded);
    let (_, rest) = shown.split_once(r#""parts":[{"text":"hi"}]}]"#).unwrap();
    rest.strip_prefix(',').unwrap_or(rest).to_owned()
}

#[test]
fn a_rich_request() {
    // The file is too short for a PDF's base64 and there is one choice only at Google.
    let body = RICH.replace("base64,AA\"", "base64,AAAA\"");
    insta::assert_snapshot!(show(&encode(THREE, &body).unwrap()));
    assert_eq!(
        encode(THREE, &body).unwrap().path,
        "/v1beta/models/gemini-3.1-pro-preview:streamGenerateContent?alt=sse"
    );
}

#[test]
fn names_never_leave_their_segment() {
    let name = "../a b%2f?x=\u{7}#é";
    let request = parse(r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#);
    let encoded = encode_chat(&request, &model(name, &[]), &google(), &Context::PLAIN).unwrap();
    assert_eq!(
        encoded.path,
        "/v1beta/models/..%2Fa%20b%252f%3Fx%3D%07%23%C3%A9:generateContent"
    );
}

#[test]
fn numbers_limits_and_stops() {
    let fields = r#""temperature":0.7,"top_p":0.9,"top_k":40,"seed":-3,"stop":"END","max_tokens":100,"frequency_penalty":0.5,"presence_penalty":0,"user":"u","n":1,"include_reasoning":false"#;
    insta::assert_snapshot!(config(&with(FLASH, fields)), @r#"
    "generationConfig":{"temperature":0.7,"topP":0.9,"topK":40,"maxOutputTokens":100,"stopSequences":["END"],"seed":-3}}
    advisory;unsupported;frequency_penalty,advisory;unsupported;user
    "#);
    let long = r#""max_completion_tokens":99999999,"seed":9223372036854775807,"stop":["","a"],"include_reasoning":false,"x_unknown":1"#;
    insta::assert_snapshot!(config(&with(FLASH, long)), @r#"
    "generationConfig":{"maxOutputTokens":65536,"stopSequences":["a"],"seed":1}}
    advisory;untranslatable;x_unknown,advisory;unsupported;max_completion_tokens
    "#);
    let defaults = r#""include_reasoning":false,"logprobs":false,"store":false,"parallel_tool_calls":true,"modalities":["text"],"service_tier":"auto","stop":[],"metadata":{},"temperature":null"#;
    insta::assert_snapshot!(config(&with(FLASH, defaults)), @"}");
}

#[test]
fn no_more_output_than_is_paid_for() {
    let request = parse(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":50,"include_reasoning":false}"#,
    );
    let capped = |cap| {
        let context = Context {
            output_cap: Some(cap),
            ..Context::PLAIN
        };
        config(&encode_chat(&request, &model(FLASH, &[]), &google(), &context).unwrap())
    };
    insta::assert_snapshot!(capped(7), @r#"
    "generationConfig":{"maxOutputTokens":7}}
    advisory;insufficient_credits;max_tokens
    "#);
    insta::assert_snapshot!(capped(70), @r#""generationConfig":{"maxOutputTokens":50}}"#);
}

#[test]
fn sampling_and_stops_that_a_model_refuses_are_left_out() {
    let request = parse(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0,"stop":["a"],"include_reasoning":false}"#,
    );
    let model = model(FLASH, &[Trait::NoSampling, Trait::NoStop]);
    let encoded = encode_chat(&request, &model, &google(), &Context::PLAIN).unwrap();
    insta::assert_snapshot!(config(&encoded), @r"
    }
    advisory;unsupported;temperature,advisory;unsupported;stop
    ");
    assert_eq!(left_out(&request, &model, &google()).len(), 2);
}

#[test]
fn thinking_is_said_in_each_models_words() {
    let thinking = |upstream, fields: &str| {
        let shown = config(&with(upstream, fields));
        shown
            .replace(r#""generationConfig":{"thinkingConfig":"#, "")
            .replace("}}", "}")
    };
    let cases = [
        r#""x":null"#,
        r#""reasoning_effort":"none""#,
        r#""reasoning_effort":"minimal""#,
        r#""reasoning_effort":"low""#,
        r#""reasoning_effort":"medium""#,
        r#""reasoning_effort":"high""#,
        r#""reasoning_effort":"xhigh""#,
        r#""reasoning":{"effort":"low","exclude":true}"#,
        r#""reasoning":{"max_tokens":50}"#,
        r#""reasoning":{"max_tokens":2000}"#,
        r#""reasoning":{"max_tokens":99999}"#,
        r#""reasoning":{"enabled":false}"#,
        r#""reasoning":{"enabled":true}"#,
    ];
    let mut table = String::new();
    for upstream in [
        FLASH,
        PRO,
        "gemini-3-pro-preview",
        THREE,
        "gemini-3-flash-preview",
        "gemini-flash-latest",
    ] {
        table.push_str(&format!("# {upstream}\n"));
        for case in cases {
            let shown = thinking(upstream, case).replace('\n', "  ");
            table.push_str(&format!("{case} → {shown}\n"));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_model_that_does_not_think_is_not_asked_to() {
    let request = parse(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"reasoning_effort":"low"}"#,
    );
    let mut gemma = model("gemma-3-27b-it", &[]);
    gemma.abilities = Abilities::NONE;
    let encoded = encode_chat(&request, &gemma, &google(), &Context::PLAIN).unwrap();
    insta::assert_snapshot!(config(&encoded), @r"
    }
    advisory;unsupported;reasoning_effort
    ");
}

const TOOLS: &str = r#""tools":[{"type":"function","function":{"name":"f","description":"F.","parameters":{"type":"object","properties":{"b":{"type":"string"},"a":{"const":1}},"required":["b"],"additionalProperties":false}}},{"type":"function","function":{"name":"g"}}],"include_reasoning":false"#;

#[test]
fn tools_and_every_choice_among_them() {
    insta::assert_snapshot!(config(&with(FLASH, TOOLS)), @r#""tools":[{"functionDeclarations":[{"name":"f","description":"F.","parametersJsonSchema":{"type":"object","properties":{"b":{"type":"string"},"a":{"enum":[1]}},"required":["b"],"additionalProperties":false}},{"name":"g"}]}]}"#);
    let choice = |choice: &str| {
        let shown = config(&with(FLASH, &format!("{TOOLS},{choice}")));
        let (_, config) = shown.split_once("]}]").unwrap();
        config.to_owned()
    };
    insta::assert_snapshot!(choice(r#""tool_choice":"auto""#), @"}");
    insta::assert_snapshot!(choice(r#""tool_choice":"none""#), @r#","toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}"#);
    insta::assert_snapshot!(choice(r#""tool_choice":"required""#), @r#","toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#);
    insta::assert_snapshot!(choice(r#""tool_choice":{"type":"function","function":{"name":"g"}}"#), @r#","toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}}"#);
    insta::assert_snapshot!(choice(r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"g"}}]}}"#), @r#","toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["g"]}}}"#);
    insta::assert_snapshot!(choice(r#""function_call":{"name":"f"}"#), @r#","toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}"#);
    let strict = r#""tools":[{"type":"function","function":{"name":"f","strict":true}}],"include_reasoning":false"#;
    insta::assert_snapshot!(config(&with(FLASH, strict)), @r#""tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}"#);
    let old = r#""functions":[{"name":"f","parameters":{}}],"function_call":"auto","include_reasoning":false"#;
    insta::assert_snapshot!(config(&with(FLASH, old)), @r#""tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{}}}]}]}"#);
}

#[test]
fn tools_that_google_does_not_take() {
    let refused_tool = |fields: &str| {
        refused(encode(
            FLASH,
            &format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{fields}}}"#),
        ))
    };
    let function =
        |function: &str| format!(r#""tools":[{{"type":"function","function":{function}}}]"#);
    assert_eq!(
        refused_tool(&function(r#"{"name":"f","parameters":{"type":"string"}}"#)),
        ("invalid", "tools[0].function.parameters".into())
    );
    assert_eq!(
        refused_tool(&function(
            r##"{"name":"f","parameters":{"properties":{"a":{"$ref":"#/nowhere"}}}}"##
        )),
        ("invalid", "tools[0].function.parameters".into())
    );
    assert_eq!(
        refused_tool(&function(r#"{"name":"2f"}"#)),
        ("unsupported", "tools[0].function.name".into())
    );
    assert_eq!(
        refused_tool(r#""tools":[{"type":"custom","custom":{"name":"f"}}]"#),
        ("unsupported", "tools[0]".into())
    );
    assert_eq!(
        refused_tool(&format!(
            r#"{TOOLS},"tool_choice":{{"type":"function","function":{{"name":"h"}}}}"#
        )),
        ("invalid", "tool_choice".into())
    );
    assert_eq!(
        refused_tool(
            r#""response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"properties":{"a":[]}}}}"#
        ),
        ("invalid", "response_format.json_schema.schema".into())
    );
}

#[test]
fn json_answers_with_and_without_tools() {
    let schema = r#""response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"]}}},"include_reasoning":false"#;
    let object = r#""response_format":{"type":"json_object"},"include_reasoning":false"#;
    let tools = r#""tools":[{"type":"function","function":{"name":"f"}}]"#;
    insta::assert_snapshot!(config(&with(FLASH, object)), @r#""generationConfig":{"responseMimeType":"application/json"}}"#);
    insta::assert_snapshot!(config(&with(FLASH, schema)), @r#""generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"]}}}"#);
    let both = |upstream, format: &str, more: &str| {
        show(&with(upstream, &format!("{format},{tools}{more}")))
    };
    insta::assert_snapshot!(both(THREE, schema, ""), @r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}],"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"]}}}"#);
    insta::assert_snapshot!(both(FLASH, schema, ""), @r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"f"},{"name":"model_router_final_answer","description":"Gives the final answer to the user. Call it, alone, when no other tool is needed any more.","parametersJsonSchema":{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"]}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#);
    insta::assert_snapshot!(both(FLASH, object, ""), @r#"
    {"systemInstruction":{"parts":[{"text":"When you answer without calling a tool, answer with one JSON object and nothing else."}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}]}
    advisory;untranslatable;response_format
    "#);
    insta::assert_snapshot!(both(FLASH, schema, r#","tool_choice":"none""#), @r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"]}}}"#);
    insta::assert_snapshot!(both(FLASH, schema, r#","tool_choice":"required""#), @r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#);
}
