//! AWS Bedrock's dialect: Converse, ConverseStream with binary frames, Titan's embeddings, and who may ask.

mod chat;
mod check;
mod conversation;
mod desk;
mod errors;
mod frames;
mod identity;
mod model;
mod request;
mod stream;
mod titan;

use std::sync::Arc;

use actix_web::web;

use super::script::Script;
use desk::Desk;

/// Adds the provider's routes.
pub(super) fn routes(app: &mut web::ServiceConfig, script: Arc<Script>) {
    app.app_data(web::Data::new(Desk { script }));
    app.route("/model/{id}/converse", web::post().to(chat::converse));
    app.route("/model/{id}/converse-stream", web::post().to(chat::stream));
    app.route("/model/{id}/invoke", web::post().to(titan::invoke));
    app.default_service(web::to(desk::not_found));
}
