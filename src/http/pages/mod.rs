//! The pages' handlers: each gathers what its page says and hands it to a template.

mod admin;
mod answer;
mod api;
mod assets;
mod dashboard;
mod days;
mod docs;
mod form;
mod grid;
mod landing;
mod login;
mod member;
mod model;
mod models;
mod next;
mod playground;
mod price;
mod status;
mod trouble;
mod when;

use actix_web::{HttpRequest, web};

pub use self::answer::wants_html;
pub use self::assets::asset;
pub use self::docs::docs;
pub use self::landing::landing;
pub use self::login::{login, logout, send_code, verify_code};
pub use self::model::model;
pub use self::models::models;
pub use self::status::status;
pub use self::trouble::explain_to_people;
use super::routes::{page, post};
use super::{Switchboard, auth};
use crate::pages::{Frame, Here, Viewer};

/// The routes of pages that belong to somebody.
pub fn routes(app: &mut web::ServiceConfig) {
    app.configure(dashboard::routes)
        .configure(admin::routes)
        .service(page("/playground", playground::playground))
        .service(post("/playground/key", playground::key));
}

/// The frame of a page.
fn frame(http: &HttpRequest, here: Here, title: &str, description: &str) -> Frame {
    let desk = http.app_data::<web::Data<Switchboard>>();
    Frame {
        title: title.to_owned(),
        description: description.to_owned(),
        here,
        viewer: if auth::is_signed_in(http) {
            Viewer::Customer
        } else {
            Viewer::Stranger
        },
        simulated: desk.is_some_and(|desk| desk.is_sandbox()),
    }
}
