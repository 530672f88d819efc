//! Answers of simulated models: length, limits, reasoning, calls and choices.

#![allow(clippy::panic)]

use super::*;

fn ask(prompt: &str) -> Ask {
    Ask {
        house: "OpenAI",
        model: "gpt-4.1".to_owned(),
        prompt: prompt.to_owned(),
        begun: String::new(),
        tool_result: None,
        tools: Vec::new(),
        tool_choice: ToolChoice::Auto,
        parallel: Parallel::Allowed,
        format: Format::Text,
        usual_reasoning: None,
        most_tokens: None,
        stop: Vec::new(),
    }
}

fn said(ask: &Ask) -> (String, Finish) {
    let answer = answer(ask, 0);
    match answer.content {
        Content::Text(tokens) => (tokens.concat(), answer.finish),
        other @ (Content::Refusal(_) | Content::Calls(_)) => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_is_pleasant_and_of_usual_length() {
    let ask = ask("Tell me about the history of the old town of Prague");
    let answer = answer(&ask, 0);
    let tokens = answer.visible_tokens();
    assert!((30..=60).contains(&tokens), "{tokens}");
    let (text, _) = said(&ask);
    assert!(text.contains("simulated model of OpenAI"), "{text}");
    assert!(text.contains("gpt-4.1") && text.contains("Tell me about the history"));
}

#[test]
fn marks_and_limits_rule_the_length() {
    assert_eq!(answer(&ask("[[tokens:500]]"), 0).visible_tokens(), 500);
    assert_eq!(answer(&ask("[[tokens:0]]"), 0).visible_tokens(), 0);
    let mut short = ask("[[say:one two three]]");
    assert_eq!(said(&short), ("one two three".to_owned(), Finish::Stop));
    short.most_tokens = Some(2);
    assert_eq!(said(&short), ("one two".to_owned(), Finish::Length));
    short.stop = vec!["zzz".to_owned(), " two".to_owned()];
    assert_eq!(said(&short), ("one".to_owned(), Finish::Stop));
}

#[test]
fn reasoning_eats_from_the_same_budget() {
    let mut thinking = ask("[[reasoning:10]] hi");
    thinking.usual_reasoning = Some(24);
    thinking.most_tokens = Some(10);
    let answer = answer(&thinking, 0);
    assert_eq!(answer.reasoning.len(), 10);
    assert_eq!(answer.visible_tokens(), 0);
    assert_eq!(answer.finish, Finish::Length);
}

#[test]
fn a_tool_result_is_answered_with_text() {
    let mut after = ask("weather?");
    after.tools = vec![Tool {
        name: "get_weather".to_owned(),
        parameters: Value::Null,
    }];
    assert_eq!(answer(&after, 0).finish, Finish::ToolCalls);
    after.tool_result = Some("18 degrees and sunny".to_owned());
    assert!(said(&after).0.contains("18 degrees and sunny"));
}

#[test]
fn call_arguments_are_cut_at_the_budget() {
    let calls = vec![ToolCall {
        name: "weat".to_owned(),
        arguments: split("{\"city\":\"Paris\"}"),
    }];
    let (content, finish) = fit_calls(calls.clone(), 3);
    assert_eq!(finish, Finish::Length);
    let Content::Calls(cut) = content else {
        panic!("no calls");
    };
    assert_eq!(cut[0].arguments.len(), 2);
    assert_eq!(fit_calls(calls, 0).0, Content::Text(Vec::new()));
}

#[test]
fn an_answer_that_was_begun_is_gone_on_with() {
    let mut ask = ask("[[say:one two three]]");
    ask.begun = "one two".to_owned();
    assert_eq!(said(&ask).0, " three");
    ask.begun = "uno".to_owned();
    assert_eq!(said(&ask).0, "one two three");
}

#[test]
fn choices_differ() {
    let ask = ask("hi");
    assert_ne!(answer(&ask, 0), answer(&ask, 1));
    assert_eq!(answer(&ask, 1), answer(&ask, 1));
}
