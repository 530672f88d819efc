//! Traits of the models on Bedrock that requests run into.

/// Whether the model is one of Anthropic's.
pub(super) fn is_claude(model: &str) -> bool {
    model.contains("anthropic.claude")
}

/// Reasoning tokens the model usually spends; none when it does not reason.
pub(super) fn usual_reasoning(model: &str, fields: &serde_json::Value) -> Option<usize> {
    let told = fields["thinking"]["type"] == "enabled" || fields["thinking"]["type"] == "adaptive";
    let effort = fields["reasoning_effort"].as_str();
    let always = [
        "gpt-oss",
        "moonshot",
        "zai.glm",
        "minimax",
        "nemotron-nano-3",
        "nemotron-super",
        "qwen3-32b",
    ];
    if is_claude(model) {
        return told.then_some(24);
    }
    if model.contains("deepseek.v3") {
        return (effort == Some("high")).then_some(24);
    }
    let reasons = always.iter().any(|name| model.contains(name));
    reasons.then_some(match effort {
        Some("low") => 12,
        Some("high" | "max") => 48,
        Some(_) | None => 24,
    })
}

/// The ways the model lets a tool call be forced.
pub(super) fn tool_choices(model: &str) -> &'static [&'static str] {
    if model.contains("meta.llama") {
        &["auto"]
    } else if ["claude", "nova", "openai."]
        .iter()
        .any(|name| model.contains(name))
    {
        &["auto", "any", "tool"]
    } else {
        &["auto", "any"]
    }
}

/// Whether the model takes `stopSequences`.
pub(super) fn takes_stop(model: &str) -> bool {
    !["gpt-oss", "qwen."].iter().any(|name| model.contains(name))
}

/// Whether the model takes `cachePoint` blocks.
pub(super) fn takes_cache_points(model: &str) -> bool {
    ["claude", "nova"].iter().any(|name| model.contains(name))
}

/// Members of `additionalModelRequestFields` that the model knows.
pub(super) fn additional_fields(model: &str) -> &'static [&'static str] {
    if is_claude(model) {
        &["thinking", "output_config", "top_k"]
    } else if model.contains("nova") {
        &["inferenceConfig", "reasoningConfig"]
    } else if ["gpt-oss", "moonshot", "deepseek.v3"]
        .iter()
        .any(|name| model.contains(name))
    {
        &["reasoning_effort"]
    } else {
        &[]
    }
}
