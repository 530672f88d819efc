//! Whether a simulated model calls tools, which ones, and with what arguments.

use serde_json::{Map, Value};

use super::schema;
use super::words::Words;

/// A function the caller offers.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    pub(super) name: String,
    /// The JSON Schema of its arguments; null when it takes none.
    pub(super) parameters: Value,
}

/// How the caller wants tools used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ToolChoice {
    Auto,
    Never,
    Required,
    Named(String),
}

/// Whether one answer may hold several calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parallel {
    Allowed,
    Single,
}

/// A call the model makes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// The calls that answer `prompt`, in order; none when the prompt wants none.
pub(super) fn calls(
    tools: &[Tool],
    choice: &ToolChoice,
    parallel: Parallel,
    prompt: &str,
) -> Vec<Wish> {
    let lower = prompt.to_lowercase();
    let mut chosen: Vec<&Tool> = match choice {
        ToolChoice::Never => Vec::new(),
        ToolChoice::Named(name) => tools.iter().filter(|tool| &tool.name == name).collect(),
        ToolChoice::Required => asked_for(tools, &lower).unwrap_or_else(|| first(tools)),
        ToolChoice::Auto => asked_for(tools, &lower).unwrap_or_default(),
    };
    if chosen.len() == 1 && wants_several(&lower) {
        let named = matches!(choice, ToolChoice::Named(_));
        let second = tools.iter().find(|tool| tool.name != chosen[0].name);
        chosen.push(second.filter(|_| !named).unwrap_or(chosen[0]));
    }
    if parallel == Parallel::Single {
        chosen.truncate(1);
    }
    let mut words = Words::of(prompt);
    chosen
        .into_iter()
        .map(|tool| Wish {
            name: tool.name.clone(),
            arguments: arguments(tool, &mut words),
        })
        .collect()
}

/// The tools named in the prompt; or, when it hints at tools, the one that fits it best.
fn asked_for<'a>(tools: &'a [Tool], prompt: &str) -> Option<Vec<&'a Tool>> {
    let named: Vec<&Tool> = tools
        .iter()
        .filter(|tool| prompt.contains(&tool.name.to_lowercase()))
        .collect();
    if !named.is_empty() {
        return Some(named);
    }
    let hinted = prompt.contains("the tool")
        || prompt
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| matches!(word, "weather" | "call" | "tools"));
    hinted.then(|| {
        let related = tools.iter().find(|tool| shares_a_word(tool, prompt));
        related.map_or_else(|| first(tools), |tool| vec![tool])
    })
}

fn first(tools: &[Tool]) -> Vec<&Tool> {
    tools.iter().take(1).collect()
}

fn shares_a_word(tool: &Tool, prompt: &str) -> bool {
    tool.name
        .to_lowercase()
        .split(['_', '-', '.'])
        .any(|part| part.len() > 3 && prompt.contains(part))
}

fn wants_several(prompt: &str) -> bool {
    prompt
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| matches!(word, "both" | "parallel" | "each"))
}

fn arguments(tool: &Tool, words: &mut Words) -> Value {
    let made = schema::instance(&tool.parameters, words);
    if made.is_object() {
        made
    } else {
        Value::Object(Map::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tools() -> Vec<Tool> {
        let city = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        vec![
            Tool {
                name: "get_time".to_owned(),
                parameters: Value::Null,
            },
            Tool {
                name: "get_weather".to_owned(),
                parameters: city,
            },
        ]
    }

    fn names(choice: &ToolChoice, parallel: Parallel, prompt: &str) -> Vec<String> {
        calls(&tools(), choice, parallel, prompt)
            .into_iter()
            .map(|wish| wish.name)
            .collect()
    }

    #[test]
    fn the_prompt_decides() {
        let auto = |prompt| names(&ToolChoice::Auto, Parallel::Allowed, prompt);
        assert!(auto("Tell me a joke").is_empty());
        assert_eq!(auto("How is the weather in Rome?"), ["get_weather"]);
        assert_eq!(auto("Use the tool"), ["get_time"]);
        assert_eq!(
            auto("Run get_weather and get_time"),
            ["get_time", "get_weather"]
        );
        assert_eq!(auto("Call both"), ["get_time", "get_weather"]);
    }

    #[test]
    fn the_caller_decides_more() {
        let both = "weather in both Paris and Rome";
        let named = ToolChoice::Named("get_weather".to_owned());
        assert!(names(&ToolChoice::Never, Parallel::Allowed, both).is_empty());
        assert_eq!(names(&named, Parallel::Single, both), ["get_weather"]);
        assert_eq!(
            names(&ToolChoice::Required, Parallel::Allowed, "Hi"),
            ["get_time"]
        );
        let twice = calls(&tools(), &named, Parallel::Allowed, both);
        assert_eq!(twice[0].arguments, json!({"city": "Paris"}));
        assert_eq!(twice[1].arguments, json!({"city": "Rome"}));
    }

    #[test]
    fn no_parameters_is_an_empty_object() {
        let wish = &calls(
            &tools(),
            &ToolChoice::Required,
            Parallel::Allowed,
            "get_time",
        )[0];
        assert_eq!(wish.arguments, json!({}));
    }
}
