//! What OpenAI's models refuse on this API and the catalog has no word for: efforts and
//! verbosities, by family. The lists are those of OpenAI's own error messages ("Supported values
//! are: …").

use super::super::chat::Effort;

/// The words of `reasoning.effort` that a model takes.
fn efforts(upstream: &str) -> &'static [Effort] {
    use Effort::{High, Low, Medium, Minimal, None, XHigh};
    let model = bare(upstream);
    let is = |family: &str| model.starts_with(family);
    if is("gpt-5.1-codex-mini") {
        &[Medium, High]
    } else if is("gpt-5.1-codex-max") {
        &[Low, Medium, High, XHigh]
    } else if is("gpt-5-codex") || is("gpt-5.1-codex") || is("codex-mini") || is_o_series(model) {
        &[Low, Medium, High]
    } else if model.contains("codex") {
        &[Low, Medium, High, XHigh]
    } else if is("gpt-5-pro") {
        &[High]
    } else if model.contains("-pro") {
        &[Medium, High, XHigh]
    } else if is("gpt-5.1") {
        &[None, Low, Medium, High]
    } else if is("gpt-5.") {
        &[None, Low, Medium, High, XHigh]
    } else if is("gpt-5") {
        &[Minimal, Low, Medium, High]
    } else {
        &[None, Minimal, Low, Medium, High, XHigh]
    }
}

/// The effort nearest to the wanted one that the model takes; of two equally near, the higher.
pub(super) fn nearest_effort(upstream: &str, wanted: Effort) -> Effort {
    let distance = |effort: Effort| (effort as usize).abs_diff(wanted as usize);
    let nearest = efforts(upstream)
        .iter()
        .copied()
        .min_by_key(|effort| (distance(*effort), std::cmp::Reverse(*effort)));
    nearest.unwrap_or(wanted)
}

/// Whether the model takes this `text.verbosity`. The codex models before GPT-5.3, and those
/// before GPT-5, only take the usual one.
pub(super) fn takes_verbosity(upstream: &str, verbosity: &str) -> bool {
    let model = bare(upstream);
    let early_codex = [
        "gpt-5-codex",
        "gpt-5.1-codex",
        "gpt-5.2-codex",
        "codex-mini",
    ];
    let usual_only = early_codex.iter().any(|family| model.starts_with(family))
        || model.starts_with("gpt-4")
        || is_o_series(model);
    !usual_only || verbosity == "medium"
}

/// The name without the organisation that some hosts put before it.
fn bare(upstream: &str) -> &str {
    upstream.rsplit('/').next().unwrap_or(upstream)
}

fn is_o_series(model: &str) -> bool {
    ["o1", "o3", "o4"]
        .iter()
        .any(|family| model.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effort_becomes_one_the_model_takes() {
        let near = |model, effort: Effort| nearest_effort(model, effort).as_str();
        assert_eq!(near("gpt-5.1-codex-mini", Effort::None), "medium");
        assert_eq!(near("gpt-5.1-codex-mini", Effort::XHigh), "high");
        assert_eq!(near("gpt-5.3-codex", Effort::Minimal), "low");
        assert_eq!(near("gpt-5.3-codex", Effort::XHigh), "xhigh");
        assert_eq!(near("openai/gpt-5-codex", Effort::XHigh), "high");
        assert_eq!(near("gpt-5.4", Effort::Minimal), "low");
        assert_eq!(near("gpt-5-mini", Effort::None), "minimal");
        assert_eq!(near("gpt-5-pro", Effort::Low), "high");
        assert_eq!(near("grok-4", Effort::Minimal), "minimal");
    }

    #[test]
    fn early_codex_has_one_verbosity() {
        assert!(!takes_verbosity("gpt-5.1-codex-mini", "low"));
        assert!(takes_verbosity("gpt-5.1-codex-mini", "medium"));
        assert!(takes_verbosity("gpt-5.3-codex", "low"));
    }
}
