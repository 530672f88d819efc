//! A beginning, and every way in which a second model may go on with it.

use bytes::Bytes;
use proptest::prelude::*;

use super::super::answer::Finish;
use super::super::chat::ChatRequest;
use super::super::stream::{Chunk, Weight};
use super::*;
use crate::catalog::{Catalog, Layer, Model};
use std::sync::Arc;

fn request(more: &str) -> ChatRequest {
    let body =
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":"Count."}}]{more}}}"#);
    ChatRequest::parse(Bytes::from(body)).unwrap()
}

fn model(id: &str) -> Arc<Model> {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let found = catalog.models().iter().find(|m| m.id.as_str() == id);
    Arc::clone(found.unwrap())
}

const CONTINUES: &str = "llama-3.3-70b-versatile";
const ANSWERS_ANEW: &str = "gpt-4.1";

fn chunk(delta: &str) -> Chunk {
    Chunk {
        members: format!(r#""choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]"#),
        weight: Weight::Content,
        text_bytes: 0,
        finish: None,
    }
}

fn said(text: &str) -> Chunk {
    chunk(&serde_json::json!({ "role": "assistant", "content": text }).to_string())
}

fn finish() -> Chunk {
    Chunk {
        members: r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]"#.to_owned(),
        weight: Weight::Nothing,
        text_bytes: 0,
        finish: Some(Finish::Stop),
    }
}

/// What the caller gets of a continuation; `None` when it diverges.
fn joined(joiner: &mut Joiner, texts: &[&str]) -> Option<String> {
    let mut got = String::new();
    for text in texts {
        match joiner.take(&said(text)) {
            Joined::Nothing => {}
            Joined::Diverged => return None,
            Joined::Chunk(chunk) => {
                let body: serde_json::Value =
                    serde_json::from_str(&format!("{{{}}}", chunk.members)).unwrap();
                let delta = &body["choices"][0]["delta"];
                assert!(delta.get("role").is_none(), "{delta}");
                got.push_str(delta["content"].as_str().unwrap());
            }
        }
    }
    Some(got)
}

#[test]
fn a_model_that_continues_gets_the_beginning_as_its_own_message() {
    let plain = request(r#","max_tokens":20,"recovery":"continue""#);
    let begun = Begun::new("one two three ", &plain);
    assert_eq!(begun.opening(&model(CONTINUES)), Opening::Prefill);
    let asked = begun.request(&plain, &model(CONTINUES));
    let last = asked.messages().next_back().unwrap();
    assert_eq!(
        last.raw(),
        r#"{"role":"assistant","content":"one two three"}"#
    );
    // Thirteen bytes are taken for four tokens.
    assert_eq!(asked.max_output_tokens(), Some(16));
    assert_eq!(begun.opening(&model(ANSWERS_ANEW)), Opening::Restart);
    let anew = begun.request(&plain, &model(ANSWERS_ANEW));
    assert_eq!(anew.messages().len(), 1);
}

#[test]
fn where_a_beginning_has_no_place_everybody_is_asked_anew() {
    let tail = r#"{"role":"user","content":"Count."}"#;
    let own =
        format!(r#"{{"model":"m","messages":[{tail},{{"role":"assistant","content":"One"}}]}}"#);
    for (said, plain) in [
        ("one", ChatRequest::parse(Bytes::from(own)).unwrap()),
        (
            "one",
            request(r#","response_format":{"type":"json_object"}"#),
        ),
        (" \n", request("")),
    ] {
        let begun = Begun::new(said, &plain);
        assert_eq!(begun.opening(&model(CONTINUES)), Opening::Restart, "{said}");
    }
    let thinking = request(r#","reasoning_effort":"high""#);
    let begun = Begun::new("one", &thinking);
    assert_eq!(begun.opening(&model("claude-haiku-4-5")), Opening::Restart);
    assert_eq!(begun.opening(&model(CONTINUES)), Opening::Prefill);
}

#[test]
fn a_refused_prefill_becomes_a_restart() {
    let plain = request("");
    let mut begun = Begun::new("one", &plain);
    begun.refuse_prefill(&model(CONTINUES).id);
    assert_eq!(begun.opening(&model(CONTINUES)), Opening::Restart);
}

#[test]
fn blanks_between_a_prefill_and_its_rest_are_said_once() {
    let begun = Begun::new("one two ", &request(""));
    for (rest, new) in [(" three", "three"), ("three", "three")] {
        let mut joiner = Joiner::new(&begun, &model(CONTINUES));
        assert_eq!(
            joined(&mut joiner, &[rest, " four"]).unwrap(),
            format!("{new} four")
        );
    }
}

#[test]
fn a_restart_is_heard_only_from_where_the_first_answer_broke_off() {
    let begun = Begun::new("one two", &request(""));
    let mut joiner = Joiner::new(&begun, &model(ANSWERS_ANEW));
    let got = joined(&mut joiner, &["one", " two th", "ree", " four"]);
    assert_eq!(got.unwrap(), " three four");
    // Eighteen bytes were said, eleven of them new.
    assert_eq!(joiner.share(18), 11);
    assert_eq!(joiner.passed_bytes(), 11);
}

#[test]
fn a_restart_that_says_something_else_diverges() {
    let begun = Begun::new("one two", &request(""));
    let joiner = || Joiner::new(&begun, &model(ANSWERS_ANEW));
    assert_eq!(joined(&mut joiner(), &["one tw", "elve"]), None);
    let mut early = joiner();
    assert_eq!(joined(&mut early, &["one"]), Some(String::new()));
    assert_eq!(
        early.take(&finish()),
        Joined::Diverged,
        "it ends before the cut"
    );
    let call = chunk(r#"{"tool_calls":[{"index":0}]}"#);
    assert_eq!(joiner().take(&call), Joined::Diverged);
}

#[test]
fn reasoning_is_not_said_again_and_a_tool_call_may_follow() {
    let begun = Begun::new("one", &request(""));
    let mut joiner = Joiner::new(&begun, &model(CONTINUES));
    let thought = chunk(r#"{"role":"assistant","reasoning_content":"hm"}"#);
    assert_eq!(joiner.take(&thought), Joined::Nothing);
    let call = chunk(r#"{"tool_calls":[{"index":0,"id":"c"}]}"#);
    assert!(matches!(joiner.take(&call), Joined::Chunk(_)));
    assert_eq!(joiner.take(&finish()), Joined::Chunk(finish()));
}

#[test]
fn only_text_that_has_not_ended_can_be_continued() {
    let mut transcript = Transcript::default();
    for chunk in [
        chunk(r#"{"role":"assistant","content":""}"#),
        said("one"),
        said(" two"),
    ] {
        transcript.take(&chunk);
    }
    assert_eq!(transcript.text(), Some("one two"));
    for beyond in [
        chunk(r#"{"tool_calls":[{"index":0}]}"#),
        chunk(r#"{"refusal":"no"}"#),
        finish(),
    ] {
        let mut transcript = transcript.clone();
        transcript.take(&beyond);
        assert_eq!(transcript.text(), None, "{beyond:?}");
    }
}

proptest! {
    #[test]
    fn wherever_an_answer_is_cut_its_restart_makes_it_whole(
        text in "[a-zà ]{1,40}",
        cut in 0usize..40,
        pieces in proptest::collection::vec(1usize..6, 1..20),
    ) {
        let chars: Vec<char> = text.chars().collect();
        let first: String = chars.iter().take(cut).collect();
        let begun = Begun::new(&first, &request(""));
        let mut joiner = Joiner::new(&begun, &model(ANSWERS_ANEW));
        let mut texts = Vec::new();
        let mut at = 0;
        for size in pieces.into_iter().cycle() {
            if at >= chars.len() { break; }
            texts.push(chars.iter().skip(at).take(size).collect::<String>());
            at += size;
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let rest = joined(&mut joiner, &texts).unwrap();
        prop_assert_eq!(format!("{first}{rest}"), text);
    }
}
