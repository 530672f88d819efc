//! Prompts are counted and choices understood as a person would.

use super::*;
use serde_json::json;

fn read(flavour: Flavour, body: Value) -> ChatRequest {
    let model = body["model"].as_str().unwrap().to_owned();
    ChatRequest::read(flavour, &model, body.as_object().unwrap())
}

#[test]
fn prompt_tokens_can_be_checked_by_hand() {
    let request = read(
        Flavour::OpenAi,
        json!({"model": "gpt-4.1", "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": "Look: [[cached:5]]"},
                {"type": "image_url", "image_url": {"url": "data:"}}]},
            {"role": "assistant", "tool_calls": [{"id": "a", "function":
                {"name": "see", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "a cat"}]}),
    );
    let system = 4 + 3;
    let user = 4 + 2 + (2 + 2 + 1 + 1 + 2) + 85;
    let assistant = 4 + 1 + 2;
    let tool = 4 + 2;
    assert_eq!(request.prompt_tokens, 3 + system + user + assistant + tool);
    assert_eq!(request.cached_tokens, 5);
    assert_eq!(request.ask.tool_result.as_deref(), Some("a cat"));
}

#[test]
fn images_behind_a_result_belong_to_it() {
    let shown = json!({"role": "user", "content": [{"type": "text", "text": "call_1:"},
        {"type": "image_url", "image_url": {"url": "data:"}}]});
    let result = json!({"role": "tool", "tool_call_id": "a", "content": "a cat"});
    let question = json!({"role": "user", "content": "What is it?"});
    let ask = |messages: Value| {
        let request = read(Flavour::OpenAi, json!({"model": "m", "messages": messages}));
        (request.ask.prompt, request.ask.tool_result)
    };
    let (prompt, seen) = ask(json!([question, result, shown]));
    assert_eq!(
        (prompt.as_str(), seen.as_deref()),
        ("What is it?", Some("a cat"))
    );
    assert_eq!(ask(json!([question, shown])).1, None);
}

#[test]
fn choices_of_the_caller_are_understood() {
    let request = read(
        Flavour::Groq,
        json!({"model": "qwen/qwen3-32b", "messages": [], "stop": "x", "max_tokens": 9,
            "reasoning_format": "raw", "parallel_tool_calls": false,
            "tools": [{"type": "function", "function": {"name": "f"}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}}}),
    );
    assert_eq!(request.reasoning, ReasoningForm::Inline);
    assert_eq!(request.ask.tool_choice, ToolChoice::Named("f".to_owned()));
    assert_eq!(request.ask.parallel, Parallel::Single);
    assert_eq!(request.ask.most_tokens, Some(9));
    assert_eq!(request.ask.stop, ["x"]);
}
