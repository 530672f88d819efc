//! What the models of each maker take on Bedrock, as far as it is known. Converse is one format,
//! but a field that a model does not know is a validation error.
//!
//! Sources: the API reference of `ToolChoice`, the user guide on prompt caching, and validation
//! errors that users of the SDKs report.

/// The maker and kind of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Claude,
    /// Amazon's first Nova models.
    Nova,
    /// Nova models that reason.
    Nova2,
    /// OpenAI's models with open weights.
    GptOss,
    /// OpenAI's other models.
    Gpt,
    Kimi,
    DeepSeek,
    Llama,
    Qwen,
    /// GLM, MiniMax, Mistral, Nemotron and others.
    Other,
}

/// How a model can be made to call a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forcing {
    /// Any tool, or a certain one.
    Named,
    /// Any tool; a certain one when it is the only one offered.
    Any,
    /// Not at all.
    Never,
}

impl Family {
    /// The family of an id such as `us.anthropic.claude-sonnet-4-6` or an ARN that ends in one.
    pub(super) fn of(upstream: &str) -> Self {
        let table = [
            ("anthropic.claude", Self::Claude),
            ("amazon.nova-2", Self::Nova2),
            ("amazon.nova", Self::Nova),
            ("openai.gpt-oss", Self::GptOss),
            ("openai.gpt-", Self::Gpt),
            ("moonshot", Self::Kimi),
            ("deepseek.v3", Self::DeepSeek),
            ("meta.llama", Self::Llama),
            ("qwen.", Self::Qwen),
        ];
        table
            .into_iter()
            .find(|(part, _)| upstream.contains(part))
            .map_or(Self::Other, |(_, family)| family)
    }

    /// How a tool call can be forced.
    pub(super) fn forcing(self) -> Forcing {
        match self {
            Self::Claude | Self::Nova | Self::Nova2 | Self::GptOss | Self::Gpt => Forcing::Named,
            Self::Kimi | Self::DeepSeek | Self::Qwen | Self::Other => Forcing::Any,
            Self::Llama => Forcing::Never,
        }
    }

    /// Whether a tool call can be forced while the model is told to think.
    pub(super) fn forces_while_thinking(self) -> bool {
        match self {
            Self::Claude | Self::DeepSeek => false,
            Self::Nova
            | Self::Nova2
            | Self::GptOss
            | Self::Gpt
            | Self::Kimi
            | Self::Llama
            | Self::Qwen
            | Self::Other => true,
        }
    }

    /// Whether `stopSequences` are taken: "This model doesn't support the stopSequences field".
    pub(super) fn takes_stop(self) -> bool {
        match self {
            Self::GptOss | Self::Qwen => false,
            Self::Claude
            | Self::Nova
            | Self::Nova2
            | Self::Gpt
            | Self::Kimi
            | Self::DeepSeek
            | Self::Llama
            | Self::Other => true,
        }
    }

    /// Whether `cachePoint` blocks are taken.
    pub(super) fn takes_cache_points(self) -> bool {
        match self {
            Self::Claude | Self::Nova | Self::Nova2 => true,
            Self::GptOss
            | Self::Gpt
            | Self::Kimi
            | Self::DeepSeek
            | Self::Llama
            | Self::Qwen
            | Self::Other => false,
        }
    }

    /// Whether signed reasoning is wanted back. Others refuse reasoning in the history or sign none.
    pub(super) fn replays_reasoning(self) -> bool {
        match self {
            Self::Claude | Self::Nova2 => true,
            Self::Nova
            | Self::GptOss
            | Self::Gpt
            | Self::Kimi
            | Self::DeepSeek
            | Self::Llama
            | Self::Qwen
            | Self::Other => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_profiles_and_arns() {
        let cases = [
            ("us.anthropic.claude-sonnet-4-6", Family::Claude),
            ("us.amazon.nova-2-lite-v1:0", Family::Nova2),
            ("amazon.nova-pro-v1:0", Family::Nova),
            ("openai.gpt-oss-120b-1:0", Family::GptOss),
            ("global.openai.gpt-5.5", Family::Gpt),
            ("moonshotai.kimi-k2.5", Family::Kimi),
            ("deepseek.v3.2", Family::DeepSeek),
            ("us.deepseek.r1-v1:0", Family::Other),
            ("us.meta.llama4-scout-17b-instruct-v1:0", Family::Llama),
            ("qwen.qwen3-32b-v1:0", Family::Qwen),
            ("zai.glm-4.7", Family::Other),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-3-7-sonnet",
                Family::Claude,
            ),
        ];
        for (id, family) in cases {
            assert_eq!(Family::of(id), family, "{id}");
        }
    }
}
