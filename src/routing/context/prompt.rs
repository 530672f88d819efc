//! What of a request a model reads, and how many tokens that is by a tokenizer's rules.

use std::borrow::Cow;

use super::image::Image;
use super::rough::estimate;
use super::sample;
use super::tools::{self, Declared};
use crate::catalog::{Encoding, Tokenizer, ToolForm};

/// Everything of a request that takes room in a window.
#[derive(Debug, Default)]
pub struct Prompt<'a> {
    /// Whose it is: counts are remembered for one account only.
    pub account: &'a str,
    /// Contents, names, arguments and results of calls, reasoning sent back.
    pub texts: Vec<Cow<'a, str>>,
    /// Messages.
    pub messages: u64,
    /// Tool calls of earlier turns.
    pub calls: u64,
    /// The raw JSON array of tools.
    pub tools: Option<&'a str>,
    /// The raw JSON of the schema that the answer has to follow.
    pub schema: Option<&'a str>,
    /// Images.
    pub images: Vec<Image>,
    /// Pages of documents.
    pub pages: u64,
    /// Sound, in milliseconds.
    pub audio_ms: u64,
}

/// A prompt's sizes: what every tokenizer's rules are applied to.
#[derive(Clone, Debug)]
pub struct Measure {
    texts: [Option<Texts>; Encoding::ALL.len()],
    /// No encoding has more tokens than bytes.
    most: Texts,
    messages: u64,
    calls: u64,
    tools: u64,
    images: Vec<Image>,
    pages: u64,
    audio_ms: u64,
}

/// Tokens of the texts in one encoding.
#[derive(Clone, Copy, Debug, Default)]
struct Texts {
    content: u64,
    /// Tools as declarations.
    declared: u64,
    /// Tools as JSON.
    json: u64,
    schema: u64,
}

impl Measure {
    /// Counts the texts once in each of the encodings.
    pub fn of(prompt: &Prompt<'_>, encodings: &[Encoding]) -> Self {
        let declared = prompt.tools.map(tools::declare).unwrap_or_default();
        let mut measure = Self::new(prompt, &declared);
        for encoding in encodings {
            let slot = measure.texts.get_mut(*encoding as usize);
            if let Some(slot @ None) = slot {
                *slot = Some(Texts::count(prompt, &declared.text, *encoding));
            }
        }
        measure
    }

    /// Looks at the texts without a tokenizer, at long ones here and there.
    pub fn roughly(prompt: &Prompt<'_>) -> Self {
        let declared = prompt.tools.map(tools::declare).unwrap_or_default();
        let rough = |texts: &[&str]| texts.iter().map(|text| estimate(text)).sum();
        let texts = Texts::by(prompt, &declared.text, rough);
        Self {
            texts: [Some(texts); Encoding::ALL.len()],
            ..Self::new(prompt, &declared)
        }
    }

    fn new(prompt: &Prompt<'_>, declared: &Declared) -> Self {
        let bytes = |texts: &[&str]| texts.iter().map(|text| text.len() as u64).sum();
        Self {
            texts: Default::default(),
            most: Texts::by(prompt, &declared.text, bytes),
            messages: prompt.messages,
            calls: prompt.calls,
            tools: declared.tools,
            images: prompt.images.clone(),
            pages: prompt.pages,
            audio_ms: prompt.audio_ms,
        }
    }

    /// Input tokens by a tokenizer's rules. A text that was not counted in its encoding counts as
    /// many tokens as it has bytes.
    pub fn tokens(&self, by: &Tokenizer) -> u64 {
        let counted = self.texts.get(by.encoding as usize).copied().flatten();
        let texts = counted.unwrap_or(self.most);
        let tools = match by.tool_form {
            ToolForm::Typescript => texts.declared,
            ToolForm::Json => texts.json,
        };
        let text = (texts.content + tools + texts.schema) * u64::from(by.percent);
        let once = |amount: u32, when: bool| if when { u64::from(amount) } else { 0 };
        let images: u64 = self.images.iter().map(|image| image.tokens(by.image)).sum();
        text.div_ceil(100)
            + u64::from(by.per_request)
            + self.messages * u64::from(by.per_message)
            + self.calls * u64::from(by.per_call)
            + once(by.tools, self.tools > 0)
            + self.tools * u64::from(by.per_tool)
            + once(by.schema, texts.schema > 0)
            + images
            + self.pages * u64::from(by.per_page)
            + self.audio_ms.div_ceil(1000) * u64::from(by.per_audio_s)
    }
}

impl Texts {
    fn count(prompt: &Prompt<'_>, declared: &str, encoding: Encoding) -> Self {
        Self::by(prompt, declared, |texts| {
            sample::total(prompt.account, encoding, texts)
        })
    }

    fn by(prompt: &Prompt<'_>, declared: &str, count: impl Fn(&[&str]) -> u64) -> Self {
        let contents: Vec<&str> = prompt.texts.iter().map(|text| &**text).collect();
        let one = |text: &str| count(&[text]);
        Self {
            content: count(&contents),
            declared: one(declared),
            json: prompt.tools.map_or(0, one),
            schema: prompt.schema.map_or(0, one),
        }
    }
}
