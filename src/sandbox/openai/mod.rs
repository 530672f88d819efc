//! The OpenAI dialect: chat completions, embeddings and the list of models, as OpenAI, xAI, Groq
//! and Cerebras each speak it, and OpenAI's Responses API.

mod chat;
mod check;
mod completion;
mod desk;
mod embeddings;
mod errors;
mod events;
mod fields;
mod flavour;
mod headers;
mod models;
mod request;
mod responses;
mod stream;
mod usage;

use std::sync::Arc;

use actix_web::web;

pub(super) use flavour::Flavour;

use super::script::Script;
use desk::Desk;

/// Adds the provider's routes below `base_path`.
pub(super) fn routes(
    app: &mut web::ServiceConfig,
    base_path: &str,
    flavour: Flavour,
    script: Arc<Script>,
) {
    app.app_data(web::Data::new(Desk { flavour, script }));
    app.route(
        &format!("{base_path}/chat/completions"),
        web::post().to(chat::chat),
    );
    app.route(&format!("{base_path}/models"), web::get().to(models::list));
    if flavour == Flavour::OpenAi || flavour == Flavour::Xai {
        app.route(
            &format!("{base_path}/embeddings"),
            web::post().to(embeddings::embeddings),
        );
    }
    if flavour == Flavour::OpenAi {
        app.route(
            &format!("{base_path}/responses"),
            web::post().to(responses::responses),
        );
    }
    app.default_service(web::to(desk::not_found));
}
