//! Which lengths of vectors a model has, and who cuts them.

use std::fmt;

use crate::catalog::{Dialect, Model, Provider, Trait};

use super::super::CannotEncode;

/// The lengths that can be asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sizes {
    /// Any up to this one.
    UpTo(u32),
    /// These.
    Listed(&'static [u32]),
    /// This one.
    Only(u32),
}

impl Sizes {
    fn has(self, size: u32) -> bool {
        match self {
            Self::UpTo(most) => (1..=most).contains(&size),
            Self::Listed(sizes) => sizes.contains(&size),
            Self::Only(one) => size == one,
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpTo(most) => write!(f, "any size from 1 to {most}"),
            Self::Listed(sizes) => {
                let sizes: Vec<String> = sizes.iter().map(u32::to_string).collect();
                write!(f, "the sizes {}", sizes.join(", "))
            }
            Self::Only(size) => write!(f, "the size {size} alone"),
        }
    }
}

/// What is done about the length that the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Nothing: it is the model's own, or none was named.
    None,
    /// The upstream is asked for vectors of this length.
    Upstream(u32),
    /// The same of an upstream that does not bring what it cuts to length one again.
    UpstreamUnscaled(u32),
    /// The first numbers of each vector are kept and brought to length one again.
    Ours(u32),
}

impl Cut {
    /// What `wanted` takes. Fails with the sizes that exist.
    pub(super) fn of(
        wanted: Option<u32>,
        model: &Model,
        provider: &Provider,
    ) -> Result<Self, CannotEncode> {
        let Some(wanted) = wanted else {
            return Ok(Self::None);
        };
        let native = native(model, provider.dialect);
        let sizes = match native {
            Some(sizes) => sizes,
            None if model.has_trait(Trait::Matryoshka) => Sizes::UpTo(model.max_output),
            None => Sizes::Only(model.max_output),
        };
        if !sizes.has(wanted) {
            return Err(CannotEncode::Invalid {
                param: "dimensions".to_owned(),
                message: format!(
                    "Invalid 'dimensions': {} has {sizes}, not {wanted}.",
                    model.id
                ),
            });
        }
        Ok(match (native, sizes) {
            (Some(_), _) if provider.dialect == Dialect::Gemini => Self::UpstreamUnscaled(wanted),
            (Some(_), _) => Self::Upstream(wanted),
            (None, Sizes::UpTo(most)) if wanted < most => Self::Ours(wanted),
            (None, Sizes::UpTo(_) | Sizes::Listed(_) | Sizes::Only(_)) => Self::None,
        })
    }
}

/// The sizes that the upstream itself offers.
/// <https://platform.openai.com/docs/api-reference/embeddings/create>,
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>,
/// <https://ai.google.dev/gemini-api/docs/embeddings>
fn native(model: &Model, dialect: Dialect) -> Option<Sizes> {
    let name = model.upstream.as_str();
    match dialect {
        Dialect::OpenAi if name.starts_with("text-embedding-3-") => {
            Some(Sizes::UpTo(model.max_output))
        }
        Dialect::Bedrock if name.contains("titan-embed-text-v2") => {
            Some(Sizes::Listed(&[256, 512, 1024]))
        }
        // Every model of Google's that still answers has any size.
        Dialect::Gemini => Some(Sizes::UpTo(model.max_output)),
        Dialect::OpenAi | Dialect::Responses | Dialect::Anthropic | Dialect::Bedrock => None,
    }
}
