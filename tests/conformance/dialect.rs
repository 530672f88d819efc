//! Whether the request that reached an upstream fits the upstream's published format.

use model_router::catalog::Dialect;
use serde_json::Value;

use super::case::{Case, Mode};
use super::request::{self, HISTORY_RESULTS, IMAGE};
use super::router::{AWS_SECRET, key_of};
use super::target::Target;
use super::upstream::Call;

/// Everything about the request that does not fit.
pub fn breaches(case: &Case, target: Target<'_>, sent: &Value, call: &Call) -> Vec<String> {
    let mut breaches = Vec::new();
    let path = path(case, target);
    if call.method != "POST" || call.path != path {
        breaches.push(format!("{} {} instead of {path}", call.method, call.path));
    }
    if call.provider != case.provider {
        breaches.push(format!("it went to {}", call.provider));
    }
    breaches.extend(credentials(case.dialect, target, call));
    let content_type = call.header("content-type").unwrap_or_default();
    if !content_type.starts_with("application/json") {
        breaches.push(format!("content type {content_type:?}"));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        breaches.push("the body is no JSON".to_owned());
        return breaches;
    };
    let known = fields(case.dialect);
    let unknown = body.as_object().into_iter().flat_map(|body| body.keys());
    for field in unknown.filter(|field| !known.contains(&field.as_str())) {
        breaches.push(format!("unknown field {field}"));
    }
    breaches.extend(model_and_mode(case, target, &body));
    breaches.extend(roles(case.dialect, &body));
    breaches.extend(contents(case, target, sent, call, &body));
    breaches
}

fn path(case: &Case, target: Target<'_>) -> String {
    let base = url::Url::parse(&target.provider.base_url).ok();
    let base = base
        .as_ref()
        .map_or("", |url| url.path().trim_end_matches('/'));
    let upstream = &target.model.upstream;
    match (case.dialect, case.mode) {
        (Dialect::OpenAi, _) => format!("{base}/chat/completions"),
        (Dialect::Responses, _) => format!("{base}/responses"),
        (Dialect::Anthropic, _) => format!("{base}/v1/messages"),
        (Dialect::Gemini, Mode::Whole) => {
            format!("{base}/v1beta/models/{upstream}:generateContent")
        }
        (Dialect::Gemini, Mode::Streamed) => {
            format!("{base}/v1beta/models/{upstream}:streamGenerateContent?alt=sse")
        }
        (Dialect::Bedrock, mode) => {
            let upstream = upstream.replace(':', "%3A");
            let verb = match mode {
                Mode::Whole => "converse",
                Mode::Streamed => "converse-stream",
            };
            format!("{base}/model/{upstream}/{verb}")
        }
    }
}

fn credentials(dialect: Dialect, target: Target<'_>, call: &Call) -> Vec<String> {
    let key = match &target.provider.base_url_env {
        Some(_) => key_of(target.provider.name.as_str()),
        None => key_of("others"),
    };
    let header = |name: &str| call.header(name).unwrap_or_default();
    let mut breaches = Vec::new();
    let right = match dialect {
        Dialect::OpenAi | Dialect::Responses => header("authorization") == format!("Bearer {key}"),
        Dialect::Anthropic => {
            header("x-api-key") == key && header("anthropic-version") == "2023-06-01"
        }
        Dialect::Gemini => header("x-goog-api-key") == key,
        Dialect::Bedrock => {
            let signature = header("authorization");
            let scope = "/us-east-1/bedrock/aws4_request";
            signature.starts_with(&format!("AWS4-HMAC-SHA256 Credential={key}/"))
                && signature.contains(scope)
                && signature.contains("host;")
                && signature.contains("Signature=")
                && !header("x-amz-date").is_empty()
        }
    };
    if !right {
        breaches.push("the provider's key or signature is not where it belongs".to_owned());
    }
    let mut all = call.path.clone();
    for (_, value) in &call.headers {
        all.push_str(value);
    }
    all.push_str(&String::from_utf8_lossy(&call.body));
    for secret in ["mr_sk_", AWS_SECRET] {
        if all.contains(secret) {
            breaches.push(format!("{secret}… leaks"));
        }
    }
    if all.matches("conformance-key-of-").count() != 1 {
        breaches.push("a key is sent more than once, or where it is not asked for".to_owned());
    }
    breaches
}

/// The members of a request that each API's reference lists; APIs refuse others.
fn fields(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::OpenAi => &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_tokens",
            "max_completion_tokens",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "n",
            "stop",
            "reasoning_effort",
            "reasoning_format",
            "temperature",
            "top_p",
            "response_format",
            "seed",
        ],
        Dialect::Responses => &[
            "model",
            "input",
            "instructions",
            "stream",
            "stream_options",
            "max_output_tokens",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "reasoning",
            "include",
            "store",
            "text",
            "temperature",
            "top_p",
            "truncation",
            "metadata",
        ],
        Dialect::Anthropic => &[
            "model",
            "messages",
            "system",
            "stream",
            "max_tokens",
            "tools",
            "tool_choice",
            "stop_sequences",
            "thinking",
            "output_config",
            "temperature",
            "top_p",
            "top_k",
            "metadata",
            "service_tier",
            "cache_control",
        ],
        Dialect::Gemini => &[
            "contents",
            "systemInstruction",
            "tools",
            "toolConfig",
            "generationConfig",
            "safetySettings",
            "cachedContent",
        ],
        Dialect::Bedrock => &[
            "messages",
            "system",
            "inferenceConfig",
            "toolConfig",
            "outputConfig",
            "additionalModelRequestFields",
            "additionalModelResponseFieldPaths",
            "requestMetadata",
            "performanceConfig",
            "serviceTier",
        ],
    }
}

fn model_and_mode(case: &Case, target: Target<'_>, body: &Value) -> Option<String> {
    let streams = case.mode == Mode::Streamed;
    match case.dialect {
        Dialect::OpenAi | Dialect::Responses | Dialect::Anthropic => {
            if body["model"] != target.model.upstream {
                return Some(format!("model is {}", body["model"]));
            }
            (body["stream"].as_bool().unwrap_or(false) != streams)
                .then(|| format!("stream is {}", body["stream"]))
        }
        // They stand in the path.
        Dialect::Gemini | Dialect::Bedrock => None,
    }
}

/// Who may speak, and in turn where the API wants it.
fn roles(dialect: Dialect, body: &Value) -> Vec<String> {
    let (turns, allowed): (_, &[&str]) = match dialect {
        Dialect::OpenAi => (
            &body["messages"],
            &["system", "developer", "user", "assistant", "tool"],
        ),
        // Items without a role are calls, their outputs and reasoning.
        Dialect::Responses => (
            &body["input"],
            &["system", "developer", "user", "assistant", ""],
        ),
        Dialect::Anthropic | Dialect::Bedrock => (&body["messages"], &["user", "assistant"]),
        Dialect::Gemini => (&body["contents"], &["user", "model"]),
    };
    let mut breaches = Vec::new();
    let turns = turns.as_array().map_or(&[][..], Vec::as_slice);
    let role = |turn: &Value| turn["role"].as_str().unwrap_or_default().to_owned();
    for turn in turns
        .iter()
        .filter(|turn| !allowed.contains(&role(turn).as_str()))
    {
        breaches.push(format!("role {}", turn["role"]));
    }
    // Google takes several turns of one role, such as results of tools before a question.
    let in_turn = matches!(dialect, Dialect::Anthropic | Dialect::Bedrock);
    if in_turn
        && turns
            .windows(2)
            .any(|pair| role(&pair[0]) == role(&pair[1]))
    {
        breaches.push("two turns of one role".to_owned());
    }
    if turns.is_empty() {
        breaches.push("no turns".to_owned());
    }
    if dialect == Dialect::Anthropic && !body["max_tokens"].is_u64() {
        breaches.push("max_tokens is missing".to_owned());
    }
    breaches
}

/// Whether everything that the caller sent arrived.
fn contents(
    case: &Case,
    target: Target<'_>,
    sent: &Value,
    call: &Call,
    body: &Value,
) -> Vec<String> {
    let contents = request::contents(case, target);
    let text = String::from_utf8_lossy(&call.body);
    let mut breaches = Vec::new();
    let mut wanted = vec!["Answer as recorded."];
    if contents.history {
        wanted.extend(HISTORY_RESULTS);
    }
    if contents.image {
        wanted.push(IMAGE);
    }
    if !sent["stop"].is_null() {
        wanted.push("END-OF-ANSWER");
    }
    for piece in wanted.into_iter().filter(|piece| !text.contains(piece)) {
        breaches.push(format!("{piece:?} did not arrive"));
    }
    let mut names = tool_names(case.dialect, body);
    names.sort();
    if names != contents.tools {
        breaches.push(format!("tools {names:?} instead of {:?}", contents.tools));
    }
    breaches
}

fn tool_names(dialect: Dialect, body: &Value) -> Vec<String> {
    let (list, name) = match dialect {
        Dialect::OpenAi => ("/tools", "/function/name"),
        Dialect::Responses | Dialect::Anthropic => ("/tools", "/name"),
        Dialect::Gemini => ("/tools/0/functionDeclarations", "/name"),
        Dialect::Bedrock => ("/toolConfig/tools", "/toolSpec/name"),
    };
    let tools = body.pointer(list).and_then(Value::as_array);
    let names = tools
        .into_iter()
        .flatten()
        .filter_map(|tool| tool.pointer(name)?.as_str());
    names.map(str::to_owned).collect()
}
