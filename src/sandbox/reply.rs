//! What a simulated model answers: the same question always gets the same answer, in any dialect.

use serde_json::{Value, json};

use super::marks::Marks;
use super::schema;
use super::tokens;
use super::tools::{self, Parallel, Tool, ToolChoice};
use super::words::Words;

/// How many words of the question the answer repeats.
const ECHOED_WORDS: usize = 8;

/// What is asked, freed of its dialect.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// The provider's name for people.
    pub(super) house: &'static str,
    pub(super) model: String,
    /// The text of the last user message, marks included.
    pub(super) prompt: String,
    /// The beginning of the answer that was put into the model's mouth; empty without one.
    pub(super) begun: String,
    /// The result, when the last message is a tool's.
    pub(super) tool_result: Option<String>,
    pub(super) tools: Vec<Tool>,
    pub(super) tool_choice: ToolChoice,
    pub(super) parallel: Parallel,
    pub(super) format: Format,
    /// Reasoning tokens the model would usually spend; none when it does not reason.
    pub(super) usual_reasoning: Option<usize>,
    /// Most tokens of the answer, reasoning included.
    pub(super) most_tokens: Option<usize>,
    pub(super) stop: Vec<String>,
}

/// The form the caller wants the text in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Format {
    Text,
    JsonObject,
    JsonSchema(Value),
}

/// Why an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    Length,
    ToolCalls,
}

/// The visible part of an answer, in tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Text(Vec<String>),
    Refusal(Vec<String>),
    Calls(Vec<ToolCall>),
}

/// A tool call; its arguments are JSON text, in tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ToolCall {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) reasoning: Vec<String>,
    pub(super) content: Content,
    pub(super) finish: Finish,
}

impl Answer {
    /// An answer that says nothing.
    pub(super) fn empty() -> Self {
        Self {
            reasoning: Vec::new(),
            content: Content::Text(Vec::new()),
            finish: Finish::Stop,
        }
    }

    /// Tokens of the answer without reasoning.
    pub(super) fn visible_tokens(&self) -> usize {
        match &self.content {
            Content::Text(tokens) | Content::Refusal(tokens) => tokens.len(),
            Content::Calls(calls) => calls.iter().map(ToolCall::tokens).sum(),
        }
    }
}

impl ToolCall {
    /// Tokens of the name.
    pub(super) fn name_tokens(&self) -> usize {
        tokens::count(&self.name)
    }

    fn tokens(&self) -> usize {
        self.name_tokens() + self.arguments.len()
    }
}

/// Answers `ask`. `choice` tells several answers to one question apart.
pub(super) fn answer(ask: &Ask, choice: usize) -> Answer {
    let marks = Marks::of(&ask.prompt);
    let budget = ask.most_tokens.unwrap_or(usize::MAX);
    let reasoning = reasoning(ask, &marks, budget);
    let left = budget - reasoning.len();
    let (content, finish) = match wishes(ask, &marks) {
        Some(calls) => fit_calls(calls, left),
        None if marks.refuse => {
            let (tokens, finish) = fit("I'm sorry, but I can't help with that.", left);
            (Content::Refusal(tokens), finish)
        }
        None => {
            let text = text(ask, &marks, choice);
            let text = text.strip_prefix(&ask.begun).unwrap_or(&text);
            let (tokens, finish) = fit(before_stop(text, &ask.stop), left);
            (Content::Text(tokens), finish)
        }
    };
    Answer {
        reasoning,
        content,
        finish,
    }
}

fn reasoning(ask: &Ask, marks: &Marks, budget: usize) -> Vec<String> {
    let Some(usual) = ask.usual_reasoning else {
        return Vec::new();
    };
    let wanted = marks.reasoning.unwrap_or(usual).min(budget);
    let thought = format!(
        "The user says \"{}\". I am simulated, so a short and friendly answer will do.",
        echo(&marks.plain)
    );
    tokens::exactly(&thought, wanted)
}

/// The tool calls to make. A tool's result is answered with text, or it would never end.
fn wishes(ask: &Ask, marks: &Marks) -> Option<Vec<ToolCall>> {
    if ask.tool_result.is_some() {
        return None;
    }
    let calls: Vec<ToolCall> =
        tools::calls(&ask.tools, &ask.tool_choice, ask.parallel, &marks.plain)
            .into_iter()
            .map(|wish| ToolCall {
                name: wish.name,
                arguments: split(&wish.arguments.to_string()),
            })
            .collect();
    (!calls.is_empty()).then_some(calls)
}

fn text(ask: &Ask, marks: &Marks, choice: usize) -> String {
    if let Some(text) = &marks.say {
        return text.clone();
    }
    let mut words = Words::of(&marks.plain);
    match &ask.format {
        Format::JsonSchema(schema) => return schema::instance(schema, &mut words).to_string(),
        Format::JsonObject => {
            return json!({"answer": prose(ask, marks, choice), "simulated": true}).to_string();
        }
        Format::Text => {}
    }
    let prose = prose(ask, marks, choice);
    match marks.tokens {
        Some(n) => tokens::exactly(&prose, n).concat(),
        None => prose,
    }
}

fn prose(ask: &Ask, marks: &Marks, choice: usize) -> String {
    let opening = match choice {
        0 => String::new(),
        more => format!("Put another way ({more}): "),
    };
    let Ask { model, house, .. } = ask;
    let middle = match &ask.tool_result {
        Some(result) => format!("The tool answered: {}", echo(result)),
        None => format!("You said: \"{}\"", echo(&marks.plain)),
    };
    format!("{opening}Hello from {model}, a simulated model of {house}. {middle}. Have a nice day!")
}

/// The first few words of a text.
fn echo(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(ECHOED_WORDS).collect();
    words.join(" ").chars().take(80).collect()
}

fn before_stop<'a>(text: &'a str, stop: &[String]) -> &'a str {
    let end = stop
        .iter()
        .filter(|stop| !stop.is_empty())
        .filter_map(|stop| text.find(stop.as_str()))
        .min();
    &text[..end.unwrap_or(text.len())]
}

fn split(text: &str) -> Vec<String> {
    tokens::split(text).map(str::to_owned).collect()
}

fn fit(text: &str, most: usize) -> (Vec<String>, Finish) {
    let mut tokens = split(text);
    if tokens.len() <= most {
        return (tokens, Finish::Stop);
    }
    tokens.truncate(most);
    (tokens, Finish::Length)
}

/// Cuts the arguments off where the budget ends, as real models do.
fn fit_calls(calls: Vec<ToolCall>, most: usize) -> (Content, Finish) {
    let mut left = most;
    let mut finish = Finish::ToolCalls;
    let mut fitting = Vec::new();
    for mut call in calls {
        let Some(room) = left.checked_sub(call.name_tokens()) else {
            finish = Finish::Length;
            break;
        };
        if call.arguments.len() > room {
            call.arguments.truncate(room);
            finish = Finish::Length;
        }
        left = room - call.arguments.len();
        fitting.push(call);
    }
    if fitting.is_empty() {
        return (Content::Text(Vec::new()), finish);
    }
    (Content::Calls(fitting), finish)
}

#[cfg(test)]
mod tests;
