//! Conversations: turns, media, calls with their results, signatures.

use super::*;

#[test]
fn instructions_turns_and_empty_texts() {
    let shown = messages(
        FLASH,
        r#"{"role":"system","content":"One."},{"role":"developer","content":[{"type":"text","text":"Two."}]},
           {"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"b"}]},
           {"role":"assistant","content":""},{"role":"user","content":"c"},
           {"role":"assistant","content":"d"},{"role":"assistant","refusal":"No.","content":null},{"role":"system","content":"Three."}"#,
    );
    insta::assert_snapshot!(show(&shown.unwrap()));
    let alone = messages(FLASH, r#"{"role":"system","content":"Speak."}"#).unwrap();
    insta::assert_snapshot!(show(&alone), @r#"{"contents":[{"role":"user","parts":[{"text":"Speak."}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}"#);
    let wordless = messages(FLASH, r#"{"role":"user","content":""}"#).unwrap();
    assert!(show(&wordless).contains(r#"[{"role":"user","parts":[{"text":" "}]}]"#));
}

#[test]
fn media_go_inline_or_by_address() {
    let shown = messages(
        FLASH,
        r#"{"role":"user","content":[
            {"type":"image_url","image_url":{"url":"data:image/JPG;base64,AAAA","detail":"high"}},
            {"type":"image_url","image_url":{"url":"https://example.com/a.png?x=1"}},
            {"type":"image_url","image_url":{"url":"https://example.com/a"}},
            {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},
            {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}},
            {"type":"file","file":{"file_data":"https://example.com/a.pdf"}}]}"#,
    );
    insta::assert_snapshot!(show(&shown.unwrap()));
}

#[test]
fn media_that_cannot_go_are_named() {
    let part = |part: &str| {
        refused(messages(
            FLASH,
            &format!(r#"{{"role":"user","content":[{{"type":"text","text":"a"}},{part}]}}"#),
        ))
    };
    let image = |url: &str| {
        part(&format!(
            r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#
        ))
    };
    let at = |rest: &str| format!("messages[0].content[1].{rest}");
    assert_eq!(
        image("data:image/png;base64,A"),
        ("invalid", at("image_url.url"))
    );
    assert_eq!(image("data:image/png,A"), ("invalid", at("image_url.url")));
    assert_eq!(
        image("data:image/gif;base64,AAAA"),
        ("unsupported", at("image_url.url"))
    );
    assert_eq!(
        image("http://example.com/a.png"),
        ("unsupported", at("image_url.url"))
    );
    assert_eq!(
        part(r#"{"type":"file","file":{"file_id":"file-1"}}"#),
        ("unsupported", at("file.file_id"))
    );
    assert_eq!(
        part(r#"{"type":"file","file":{"file_data":"data:application/zip;base64,AAAA"}}"#),
        ("unsupported", at("file.file_data"))
    );
    assert_eq!(
        part(r#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"opus"}}"#),
        ("unsupported", at("input_audio.format"))
    );
    assert_eq!(
        part(r#"{"type":"input_audio","input_audio":{"data":"?","format":"mp3"}}"#),
        ("invalid", at("input_audio.data"))
    );
}

/// A turn with two calls, its results in the other order, and a question behind them.
fn looped(assistant: &str) -> String {
    format!(
        r#"{{"role":"user","content":"go"}},
        {{"role":"assistant","content":"Let me see.","tool_calls":[
            {{"id":"c1","type":"function","function":{{"name":"f","arguments":"{{\"z\":1,\"a\":2}}"}}}},
            {{"id":"c2","type":"function","function":{{"name":"g","arguments":""}}}}]{assistant}}},
        {{"role":"tool","tool_call_id":"c2","content":[{{"type":"text","text":"two"}},{{"type":"image_url","image_url":{{"url":"data:image/png;base64,AAAA"}}}}]}},
        {{"role":"tool","tool_call_id":"c1","content":"{{\"one\":1}}"}},
        {{"role":"user","content":"and?"}}"#
    )
}

#[test]
fn results_come_in_the_order_of_their_calls() {
    insta::assert_snapshot!(
        "results_beside",
        show(&messages(FLASH, &looped("")).unwrap())
    );
    insta::assert_snapshot!(
        "results_inside",
        show(&messages(THREE, &looped("")).unwrap())
    );
}

const DETAILS: &str = r#"[{"type":"reasoning.encrypted","data":"c2lnLTE=","format":"google-gemini-v1","id":"c1","index":0},{"type":"reasoning.encrypted","data":"bG9vc2U=","format":"google-gemini-v1","index":1},{"type":"reasoning.encrypted","data":"foreign","format":"anthropic-claude-v1","id":"c2"}]"#;

#[test]
fn signatures_return_to_their_parts_sent_or_recalled() {
    let sent = looped(&format!(r#","reasoning_details":{DETAILS}"#));
    let sent = show(&messages(THREE, &sent).unwrap());
    for part in [
        r#"{"text":"Let me see.","thoughtSignature":"bG9vc2U="}"#,
        r#"{"functionCall":{"id":"c1","name":"f","args":{"z":1,"a":2}},"thoughtSignature":"c2lnLTE="}"#,
        r#"{"functionCall":{"id":"c2","name":"g","args":{}}}]"#,
        r#"{"functionResponse":{"id":"c1","name":"f","response""#,
    ] {
        assert!(sent.contains(part), "{part}\n{sent}");
    }
    let body = format!(r#"{{"model":"m","messages":[{}]}}"#, looped(""));
    let recalled = encode_recalling(THREE, &body, DETAILS).unwrap();
    assert_eq!(show(&recalled), sent);
}

#[test]
fn unsigned_calls_pass_only_where_they_must() {
    let three = show(&messages(THREE, &looped("")).unwrap());
    let signed = r#""thoughtSignature":"skip_thought_signature_validator""#;
    assert_eq!(three.matches(signed).count(), 1);
    assert!(!three.contains(r#""id":"c1""#));
    let two = show(&messages(FLASH, &looped("")).unwrap());
    assert_eq!(two.matches("thoughtSignature").count(), 0);
    // Invented ids are no ids of Google's.
    let invented = looped(&format!(r#","reasoning_details":{DETAILS}"#)).replace("c1", "call_gm_1");
    let invented = show(&messages(THREE, &invented).unwrap());
    assert!(
        invented.contains(r#""functionCall":{"name":"f""#),
        "{invented}"
    );
}

#[test]
fn a_signature_without_a_text_stands_on_an_empty_one() {
    let shown = messages(
        THREE,
        r#"{"role":"user","content":"a"},{"role":"assistant","content":"","reasoning_details":[{"type":"reasoning.encrypted","data":"eA==","format":"google-gemini-v1"}]},{"role":"user","content":"b"}"#,
    );
    assert!(show(&shown.unwrap()).contains(r#"[{"text":"","thoughtSignature":"eA=="}]"#));
}

#[test]
fn calls_and_results_that_do_not_match_are_named() {
    let call = r#"{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#;
    let user = r#"{"role":"user","content":"a"}"#;
    let result = |id: &str| format!(r#"{{"role":"tool","tool_call_id":"{id}","content":"x"}}"#);
    let case = |all: &[&str]| refused(messages(FLASH, &all.join(",")));
    let stray = ("invalid", "messages[1].tool_call_id".to_owned());
    assert_eq!(case(&[user, &result("c1")]), stray);
    let wrong = ("invalid", "messages[2].tool_call_id".to_owned());
    assert_eq!(case(&[user, call, &result("c9")]), wrong);
    let twice = ("invalid", "messages[3].tool_call_id".to_owned());
    assert_eq!(case(&[user, call, &result("c1"), &result("c1")]), twice);
    let unanswered = ("invalid", "messages[1].tool_calls[0]".to_owned());
    assert_eq!(case(&[user, call]), unanswered);
    assert_eq!(case(&[user, call, user]), unanswered);
}

#[test]
fn the_form_before_tools_and_botched_arguments() {
    let shown = messages(
        FLASH,
        r#"{"role":"assistant","function_call":{"name":"f","arguments":"not json"}},{"role":"function","name":"f","content":"x"}"#,
    );
    insta::assert_snapshot!(show(&shown.unwrap()), @r#"{"contents":[{"role":"user","parts":[{"text":"Continue."}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"arguments":"not json"}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"x"}}}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}"#);
}

#[test]
fn a_model_that_continues_nobody_says_so() {
    let request = parse(
        r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#,
    );
    let model = model(FLASH, &[Trait::NoPrefill]);
    let result = encode_chat(&request, &model, &google(), &Context::PLAIN);
    assert_eq!(refused(result), ("unsupported", "messages[1]".to_owned()));
}
