//! A chat request as a prompt to be counted: every text, tool, image and document that a model reads.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::{Catalog, Encoding};
use crate::routing::Spend;
use crate::routing::context::{Image, Need, Prompt, Rooms, media};
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

/// What the request takes of the windows of models that may serve it: for each choice those models' rooms, and
/// whether they may cost the caller something.
///
/// No text has more tokens than bytes. So a request that only free models may serve, which holds
/// nothing, needs no exact count as long as its bytes fit all of them.
pub fn need_for(choices: &[(Spend, Arc<Rooms>)], request: &ChatRequest, account: &str) -> Need {
    let prompt = prompt(request, account);
    let most_output = request.max_output_tokens();
    let bytes = Need::of(&prompt, &[], most_output);
    let rough_will_do =
        |(spend, rooms): &(Spend, Arc<Rooms>)| rooms.are_free_and_fit(&bytes, *spend);
    if choices.iter().all(rough_will_do) {
        return Need::roughly(&prompt, most_output);
    }
    let encodings: Vec<Encoding> = choices
        .iter()
        .flat_map(|(_, rooms)| rooms.encodings())
        .collect();
    Need::of(&prompt, &encodings, most_output)
}

/// What the request takes of a window, counted in the encodings of the catalog's chat models.
pub fn need(catalog: &Catalog, request: &ChatRequest, account: &str) -> Need {
    let chat: Vec<_> = catalog.models().iter().filter(|m| m.is_chat()).collect();
    let is_used = |encoding: &Encoding| chat.iter().any(|m| m.tokenizer.encoding == *encoding);
    let encodings: Vec<Encoding> = Encoding::ALL.into_iter().filter(is_used).collect();
    let prompt = prompt(request, account);
    Need::of(&prompt, &encodings, request.max_output_tokens())
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
