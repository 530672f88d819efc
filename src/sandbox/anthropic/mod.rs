//! The Messages dialect, as Anthropic speaks it.

mod calls;
mod check;
mod desk;
mod errors;
mod messages;
mod model;
mod reading;
mod request;
mod stream;
mod thinking;
mod tools;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix_web::web;

use super::script::Script;
use desk::Desk;

/// Adds the provider's routes.
pub(super) fn routes(app: &mut web::ServiceConfig, script: Arc<Script>) {
    app.app_data(web::Data::new(Desk { script }));
    app.route("/v1/messages", web::post().to(messages::create));
    app.default_service(web::to(desk::not_found));
}
