//! Token counts of a call in each provider's own form.

use serde_json::{Value, json};

use super::flavour::Flavour;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Prompt tokens, cached ones included.
    pub(super) prompt: usize,
    pub(super) cached: usize,
    pub(super) reasoning: usize,
    /// Output tokens without reasoning.
    pub(super) visible: usize,
}

/// The provider's usage object. xAI alone leaves reasoning out of `completion_tokens`.
pub(super) fn usage(flavour: Flavour, model: &str, count: Count) -> Value {
    let Count {
        prompt,
        cached,
        reasoning,
        visible,
    } = count;
    let output = reasoning + visible;
    let total = prompt + output;
    let reasoned = json!({"reasoning_tokens": reasoning, "audio_tokens": 0,
        "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0});
    match flavour {
        Flavour::OpenAi => json!({"prompt_tokens": prompt, "completion_tokens": output,
            "total_tokens": total,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": reasoned}),
        Flavour::Xai => json!({"prompt_tokens": prompt, "completion_tokens": visible,
            "total_tokens": total,
            "prompt_tokens_details": {"text_tokens": prompt, "audio_tokens": 0,
                "image_tokens": 0, "cached_tokens": cached},
            "completion_tokens_details": reasoned,
            "num_sources_used": 0, "cost_in_usd_ticks": cost_in_ticks(model, count)}),
        Flavour::Groq => {
            let mut usage = json!({"queue_time": 0.0125, "prompt_tokens": prompt,
                "prompt_time": 0.0025, "completion_tokens": output, "completion_time": 0.0625,
                "total_tokens": total, "total_time": 0.065});
            if cached > 0 {
                usage["prompt_tokens_details"] = json!({"cached_tokens": cached});
            }
            if reasoning > 0 {
                usage["completion_tokens_details"] = json!({"reasoning_tokens": reasoning});
            }
            usage
        }
        Flavour::Cerebras => json!({"prompt_tokens": prompt, "completion_tokens": output,
            "total_tokens": total, "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}),
    }
}

/// xAI's own charge; a tick is 1e-10 USD.
fn cost_in_ticks(model: &str, count: Count) -> usize {
    let (input, cached, output) = if model.starts_with("grok-3-mini") {
        (3_000, 750, 5_000)
    } else {
        (30_000, 7_500, 150_000)
    };
    (count.prompt - count.cached) * input
        + count.cached * cached
        + (count.reasoning + count.visible) * output
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: Count = Count {
        prompt: 20,
        cached: 4,
        reasoning: 7,
        visible: 3,
    };

    #[test]
    fn totals_are_sums_and_xai_leaves_reasoning_out() {
        for flavour in [
            Flavour::OpenAi,
            Flavour::Xai,
            Flavour::Groq,
            Flavour::Cerebras,
        ] {
            let usage = usage(flavour, "m", COUNT);
            let output = if flavour == Flavour::Xai { 3 } else { 10 };
            assert_eq!(usage["completion_tokens"], output);
            assert_eq!(usage["total_tokens"], 30);
            assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 4);
            assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 7);
        }
    }

    #[test]
    fn xai_names_its_charge() {
        let usage = usage(Flavour::Xai, "grok-3-mini-beta", COUNT);
        assert_eq!(
            usage["cost_in_usd_ticks"],
            16 * 3_000 + 4 * 750 + 10 * 5_000
        );
    }
}
