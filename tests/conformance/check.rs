//! The checks of one case.

use serde_json::{Value, json};

use super::case::Case;
use super::dialect;
use super::expect::{Counts, Expected, ExpectedUsage};
use super::failure::Blame;
use super::report::{Check, Outcome};
use super::seen::{Choice, Seen, ToolCall};
use super::target::Target;
use super::upstream::Call;

/// Every check, in the order of the columns.
pub fn all(
    case: &Case,
    target: Target<'_>,
    body: &Value,
    seen: &Seen,
    calls: &[Call],
) -> Vec<(Check, Outcome)> {
    let mut outcomes = vec![(Check::Request, request(case, target, body, seen, calls))];
    if calls.is_empty() {
        return outcomes;
    }
    let expected = Expected::of(case);
    let fails = case.fails();
    // Before any content a failure is an HTTP error; an empty answer may be taken for one.
    let refused = fails && expected.is_empty();
    if refused || (seen.status != 200 && expected.is_empty()) {
        outcomes.push((Check::Error, error(case, &expected, seen)));
        outcomes.push((Check::Shape, outcome(seen.breaches.clone())));
        return outcomes;
    }
    if seen.status != 200 {
        let told = format!("expected an answer, got {} {}", seen.status, seen.error);
        outcomes.push((Check::Error, Outcome::Failed(told)));
        return outcomes;
    }
    if fails {
        let broke_off = seen.error.is_object();
        outcomes.push((Check::Error, same(&json!(true), &json!(broke_off))));
    }
    outcomes.extend(answer(&expected, seen));
    outcomes.push((Check::Shape, outcome(seen.breaches.clone())));
    outcomes
}

fn outcome(breaches: Vec<String>) -> Outcome {
    match breaches.is_empty() {
        true => Outcome::Passed,
        false => Outcome::Failed(breaches.join("; ")),
    }
}

fn same(expected: &Value, got: &Value) -> Outcome {
    match expected == got {
        true => Outcome::Passed,
        false => Outcome::Failed(format!("expected {expected}, got {got}")),
    }
}

fn request(case: &Case, target: Target<'_>, body: &Value, seen: &Seen, calls: &[Call]) -> Outcome {
    match calls {
        [call] => outcome(dialect::breaches(case, target, body, call)),
        [] => Outcome::Failed(format!(
            "the upstream was not asked; the router said {} {}",
            seen.status, seen.error
        )),
        more => Outcome::Failed(format!("the upstream was asked {} times", more.len())),
    }
}

fn answer(expected: &Expected, seen: &Seen) -> Vec<(Check, Outcome)> {
    let nothing = Choice::default();
    let first = seen.choices.first().unwrap_or(&nothing);
    let all_text: String = seen
        .choices
        .iter()
        .map(|choice| choice.text.as_str())
        .collect();
    // The recorder reads the first choice of some formats and joins all of others.
    let text = match expected.text == all_text {
        true => &all_text,
        false => &first.text,
    };
    let all_reasoning: String = seen.choices.iter().map(|c| c.reasoning.as_str()).collect();
    let reasoning = match dense(&expected.reasoning) == dense(&all_reasoning) {
        true => &all_reasoning,
        false => &first.reasoning,
    };
    let mut outcomes = vec![
        (Check::Text, same(&json!(expected.text), &json!(text))),
        // How several blocks of reasoning are joined is not laid down.
        (
            Check::Reasoning,
            same(&json!(dense(&expected.reasoning)), &json!(dense(reasoning))),
        ),
        (Check::Tools, tools(&expected.calls, &first.calls)),
        (
            Check::Finish,
            finish(&expected.finish, first.finish.as_deref()),
        ),
        (Check::Usage, usage(&expected.usage, &seen.usage)),
    ];
    if !expected.refusal.is_empty() || !first.refusal.is_empty() {
        let refusal = same(&json!(expected.refusal), &json!(first.refusal));
        outcomes.push((Check::Refusal, refusal));
    }
    outcomes
}

/// Text without white space.
fn dense(text: &str) -> String {
    text.split_whitespace().collect()
}

fn tools(expected: &[ToolCall], got: &[ToolCall]) -> Outcome {
    let plain = |calls: &[ToolCall]| -> Value {
        let pair = |call: &ToolCall| json!([call.name, call.arguments]);
        calls.iter().map(pair).collect()
    };
    let contents = same(&plain(expected), &plain(got));
    if contents != Outcome::Passed {
        return contents;
    }
    let mut breaches = Vec::new();
    for (at, (wanted, call)) in expected.iter().zip(got).enumerate() {
        if call.id.is_empty() || got[..at].iter().any(|other| other.id == call.id) {
            breaches.push(format!("call {at} has the id {:?}", call.id));
        }
        if !wanted.id.is_empty() && wanted.id != call.id {
            breaches.push(format!("the id {:?} became {:?}", wanted.id, call.id));
        }
    }
    outcome(breaches)
}

fn finish(expected: &[&str], got: Option<&str>) -> Outcome {
    match got {
        Some(word) if expected.contains(&word) => Outcome::Passed,
        got => Outcome::Failed(format!("expected {}, got {got:?}", expected.join(" or "))),
    }
}

fn usage(expected: &ExpectedUsage, got: &Value) -> Outcome {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let said = Counts {
        prompt: number(&got["prompt_tokens"]),
        completion: number(&got["completion_tokens"]),
        cached: number(&got["prompt_tokens_details"]["cached_tokens"]),
        cache_write: number(&got["prompt_tokens_details"]["cache_write_tokens"]),
        reasoning: Some(number(
            &got["completion_tokens_details"]["reasoning_tokens"],
        )),
    };
    let mut breaches = Vec::new();
    if number(&got["total_tokens"]) != said.prompt + said.completion {
        breaches.push(format!("total_tokens is {}", got["total_tokens"]));
    }
    if !got["cost"].is_number() {
        breaches.push(format!("cost is {}", got["cost"]));
    }
    match expected {
        ExpectedUsage::Estimate => {
            if got["estimated"] != true || said.prompt == 0 {
                breaches.push(format!("expected an estimate, got {got}"));
            }
        }
        ExpectedUsage::Unknown => {}
        ExpectedUsage::OneOf(counts) => {
            let fits = |counts: &Counts| {
                let reasoning = counts.reasoning.or(said.reasoning);
                Counts {
                    reasoning,
                    ..*counts
                } == said
            };
            if !counts.iter().any(fits) {
                breaches.push(format!("expected {counts:?}, got {said:?}"));
            }
        }
    }
    outcome(breaches)
}

fn error(case: &Case, expected: &Expected, seen: &Seen) -> Outcome {
    if !case.fails() {
        return empty(expected, seen);
    }
    let blame = Blame::of(case);
    let right = blame.right();
    let code = seen.error["code"].as_str().unwrap_or_default();
    let mut breaches = Vec::new();
    if !right.statuses.contains(&seen.status)
        || !(right.codes.is_empty() || right.codes.contains(&code))
    {
        breaches.push(format!(
            "{blame:?} expected, {:?} {:?}; got {} {code}: {}",
            right.statuses, right.codes, seen.status, seen.error["message"]
        ));
    }
    let retry_after = seen.header("retry-after").parse::<u64>();
    if matches!(seen.status, 429 | 503) && !retry_after.is_ok_and(|seconds| seconds > 0) {
        breaches.push("no Retry-After".to_owned());
    }
    if blame == Blame::Caller {
        breaches.extend(unexplained(case, seen));
    }
    outcome(breaches)
}

/// An answer without any content, refused: a failure of the provider, or its policy.
fn empty(expected: &Expected, seen: &Seen) -> Outcome {
    let blocked = expected.finish.contains(&"content_filter");
    match seen.status {
        502 | 503 => Outcome::Passed,
        400 if blocked && seen.error["code"] == "content_policy_violation" => Outcome::Passed,
        status => Outcome::Failed(format!("{status} {} for an empty answer", seen.error)),
    }
}

/// Whoever made the mistake has to learn which: the provider's own first words.
fn unexplained(case: &Case, seen: &Seen) -> Option<String> {
    let theirs = case.derived["error"]["message"].as_str()?;
    let start: String = theirs.chars().take(20).collect();
    let ours = seen.error["message"].as_str().unwrap_or_default();
    (!ours.contains(&start)).then(|| format!("{theirs:?} became {ours:?}"))
}
