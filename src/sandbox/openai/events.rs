//! The chunks of a streamed answer, in the order the provider sends them.

use serde_json::{Value, json};

use super::completion::Completion;
use super::flavour::Flavour;
use super::request::ReasoningForm;
use crate::sandbox::reply::{Answer, Content, Finish, ToolCall};

/// One chunk to come.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) choice: usize,
    pub(super) kind: Kind,
    /// Tokens of the answer that it carries.
    pub(super) tokens: usize,
    /// Whether it says that the assistant speaks.
    pub(super) opens: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A first chunk without text of the answer; `Null` content where calls follow.
    Greeting(Value),
    Reasoning(String),
    Text(String),
    Refusal(String),
    CallStart {
        index: usize,
        name: String,
        arguments: String,
    },
    Arguments {
        index: usize,
        text: String,
    },
    Finish(Finish),
}

/// The chunks of all choices, which take turns.
pub(super) fn all(completion: &Completion) -> Vec<Event> {
    let choices = completion.answers.iter().enumerate();
    let lists = choices
        .map(|(choice, answer)| events(completion, choice, answer))
        .collect();
    braid(lists)
}

/// One item of each list in turn, until all are used up.
fn braid<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut braided = Vec::new();
    loop {
        let before = braided.len();
        braided.extend(lists.iter_mut().filter_map(Iterator::next));
        if braided.len() == before {
            return braided;
        }
    }
}

fn events(completion: &Completion, choice: usize, answer: &Answer) -> Vec<Event> {
    let flavour = completion.flavour;
    let event = |kind, tokens| Event {
        choice,
        kind,
        tokens,
        opens: false,
    };
    let greeting = match &answer.content {
        Content::Calls(_) => Value::Null,
        Content::Text(_) | Content::Refusal(_) => json!(""),
    };
    let mut events = Vec::new();
    if flavour != Flavour::Xai {
        events.push(event(Kind::Greeting(greeting), 0));
    }
    events.extend(
        reasoning_events(completion.request.reasoning, &answer.reasoning)
            .into_iter()
            .map(|kind| event(kind, 1)),
    );
    match &answer.content {
        Content::Text(tokens) => {
            events.extend(tokens.iter().map(|text| event(Kind::Text(text.clone()), 1)));
        }
        Content::Refusal(tokens) => events.extend(tokens.iter().map(|text| match flavour {
            Flavour::OpenAi => event(Kind::Refusal(text.clone()), 1),
            Flavour::Xai | Flavour::Groq | Flavour::Cerebras => event(Kind::Text(text.clone()), 1),
        })),
        Content::Calls(calls) => events.extend(
            call_events(flavour, calls)
                .into_iter()
                .map(|(kind, tokens)| event(kind, tokens)),
        ),
    }
    events.push(event(Kind::Finish(answer.finish), 0));
    if let Some(first) = events.first_mut() {
        first.opens = true;
    }
    events
}

fn reasoning_events(form: ReasoningForm, thought: &[String]) -> Vec<Kind> {
    let last = thought.len().saturating_sub(1);
    let inline = |(at, token): (usize, &String)| {
        let before = if at == 0 { "<think>\n" } else { "" };
        let after = if at == last { "\n</think>\n\n" } else { "" };
        Kind::Text(format!("{before}{token}{after}"))
    };
    match form {
        ReasoningForm::Hidden => Vec::new(),
        ReasoningForm::Field(_) => thought.iter().cloned().map(Kind::Reasoning).collect(),
        ReasoningForm::Inline => thought.iter().enumerate().map(inline).collect(),
    }
}

/// OpenAI and Cerebras send arguments in fragments, one call after the other; xAI and Groq send each
/// call whole.
fn call_events(flavour: Flavour, calls: &[ToolCall]) -> Vec<(Kind, usize)> {
    let start = |index: usize, call: &ToolCall, arguments: String| Kind::CallStart {
        index,
        name: call.name.clone(),
        arguments,
    };
    let whole = |(index, call): (usize, &ToolCall)| {
        let tokens = call.name_tokens() + call.arguments.len();
        (start(index, call, call.arguments.concat()), tokens)
    };
    let fragments = |(index, call): (usize, &ToolCall)| {
        let first = (start(index, call, String::new()), call.name_tokens());
        let rest = call.arguments.iter().map(move |text| {
            let text = text.clone();
            (Kind::Arguments { index, text }, 1)
        });
        std::iter::once(first).chain(rest).collect::<Vec<_>>()
    };
    let calls = calls.iter().enumerate();
    match flavour {
        Flavour::Xai | Flavour::Groq => calls.map(whole).collect(),
        Flavour::OpenAi | Flavour::Cerebras => calls.flat_map(fragments).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braiding_takes_turns() {
        assert_eq!(
            braid(vec![vec![1, 4, 6], vec![2], vec![3, 5]]),
            [1, 2, 3, 4, 5, 6]
        );
        assert_eq!(braid(Vec::<Vec<u8>>::new()), Vec::<u8>::new());
    }
}
