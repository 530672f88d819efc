//! One `GenerateContentResponse`: a whole answer, or one frame of a stream. Read in one pass.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::fault::{Fault, FaultClass};
use super::super::json;
use super::usage::UsageMetadata;

/// What is read of a response. Members that we do not know are passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Frame<'a> {
    #[serde(borrow)]
    pub candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    pub prompt_feedback: Option<PromptFeedback<'a>>,
    #[serde(borrow)]
    pub usage_metadata: Option<UsageMetadata<'a>>,
    #[serde(borrow)]
    pub response_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

/// Why the prompt was refused, if it was.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PromptFeedback<'a> {
    #[serde(borrow)]
    pub block_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    pub block_reason_message: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Candidate<'a> {
    #[serde(borrow)]
    pub content: Option<Content<'a>>,
    #[serde(borrow)]
    pub finish_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    pub finish_message: Option<&'a RawValue>,
    pub index: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub parts: Option<Vec<Part<'a>>>,
}

/// A part; one of `text` and `functionCall`, or of kinds that no chat client can ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub text: Option<&'a RawValue>,
    pub thought: Option<bool>,
    #[serde(borrow)]
    pub function_call: Option<FunctionCall<'a>>,
    #[serde(borrow)]
    pub thought_signature: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionCall<'a> {
    #[serde(borrow)]
    pub name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub args: Option<&'a RawValue>,
    #[serde(borrow)]
    pub id: Option<&'a RawValue>,
}

impl<'a> Frame<'a> {
    /// Reads a response.
    pub(super) fn parse(text: &'a str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(|error| {
            Fault::ours(
                FaultClass::Malformed,
                format!("the provider's answer could not be read: {error}"),
            )
        })
    }
}

/// The text of a string that is not empty.
pub(super) fn text<'a>(raw: Option<&'a RawValue>) -> Option<std::borrow::Cow<'a, str>> {
    raw.map(RawValue::get)
        .and_then(json::string)
        .filter(|text| !text.is_empty())
}
