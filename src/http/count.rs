//! A chat request as a prompt to be counted: every text, tool, image and document that a model reads.

use std::borrow::Cow;

use serde::Deserialize;

use crate::catalog::{Catalog, Encoding, Model};
use crate::routing::Funds;
use crate::routing::context::{Image, Need, Prompt, media};
use crate::wire::{ChatRequest, Message, Part};

/// A `file` part.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    file_data: Option<Cow<'a, str>>,
}

/// An `input_audio` part.
#[derive(Deserialize)]
struct Audio<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(borrow)]
    format: Cow<'a, str>,
}

/// What the request takes of a window, for a caller with or without credit.
///
/// No text has more tokens than bytes. So a request of a caller without credit, which only free models
/// serve and which holds nothing, needs no exact count as long as its bytes fit all of them.
///
/// `expected_output` is what is learned of a model's answers, in tokens.
pub fn need_for(
    catalog: &Catalog,
    request: &ChatRequest,
    account: &str,
    funds: Funds,
    expected_output: impl Fn(&Model) -> u64,
) -> Need {
    let prompt = prompt(request, account);
    let most_output = request.max_output_tokens();
    match funds {
        Funds::None if fits_by_bytes(catalog, &prompt, most_output, expected_output) => {
            Need::roughly(&prompt, most_output)
        }
        Funds::None | Funds::Some => exactly(catalog, &prompt, most_output),
    }
}

/// Whether every free model has room for as many tokens as there are bytes.
fn fits_by_bytes(
    catalog: &Catalog,
    prompt: &Prompt<'_>,
    most_output: Option<u64>,
    expected_output: impl Fn(&Model) -> u64,
) -> bool {
    let bytes = Need::of(prompt, &[], most_output);
    let free = catalog.models().iter().filter(|model| model.free);
    free.filter(|model| model.is_chat())
        .all(|model| bytes.fits(model, expected_output(model)))
}

/// What the request takes of a window, counted in the encodings of the catalog's chat models.
pub fn need(catalog: &Catalog, request: &ChatRequest, account: &str) -> Need {
    exactly(
        catalog,
        &prompt(request, account),
        request.max_output_tokens(),
    )
}

fn exactly(catalog: &Catalog, prompt: &Prompt<'_>, most_output: Option<u64>) -> Need {
    let used = |encoding: &Encoding| {
        let mut chat = catalog.models().iter().filter(|model| model.is_chat());
        chat.any(|model| model.tokenizer.encoding == *encoding)
    };
    let encodings: Vec<Encoding> = Encoding::ALL.into_iter().filter(used).collect();
    Need::of(prompt, &encodings, most_output)
}

/// Everything of a request that a model reads.
fn prompt<'a>(request: &'a ChatRequest, account: &'a str) -> Prompt<'a> {
    let mut prompt = Prompt {
        account,
        tools: request.tools_raw(),
        schema: request.response_schema(),
        ..Prompt::default()
    };
    for message in request.messages() {
        add(&mut prompt, &message);
    }
    prompt
}

fn add<'a>(prompt: &mut Prompt<'a>, message: &Message<'a>) {
    prompt.messages += 1;
    prompt.texts.extend(message.name());
    prompt.texts.extend(message.reasoning());
    for part in message.parts() {
        match part {
            Part::Text(text) | Part::Refusal(text) => prompt.texts.push(text),
            Part::Image { url, detail } => {
                prompt.images.push(Image::of_url(&url, detail.as_deref()));
            }
            Part::Audio(raw) => prompt.audio_ms += audio_ms(raw),
            Part::File(raw) => prompt.pages += pages(raw),
        }
    }
    for call in message.tool_calls() {
        prompt.calls += 1;
        prompt.texts.push(call.name);
        prompt.texts.push(call.arguments);
    }
}

fn pages(raw: &str) -> u64 {
    let file: Option<File<'_>> = serde_json::from_str(raw).ok();
    media::pages(file.and_then(|file| file.file_data).as_deref())
}

fn audio_ms(raw: &str) -> u64 {
    let audio: Option<Audio<'_>> = serde_json::from_str(raw).ok();
    audio.map_or(0, |audio| media::audio_ms(&audio.data, &audio.format))
}
