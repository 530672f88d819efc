//! The pages' handlers: each gathers what its page says and hands it to a template.

mod answer;
mod assets;
mod dashboard;
mod form;
mod format;
mod grid;
mod landing;
mod login;
mod next;
mod trouble;

use std::time::Instant;

use actix_web::{HttpRequest, web};

pub use self::assets::asset;
pub use self::dashboard::dashboard;
pub use self::landing::landing;
pub use self::login::{login, logout, send_code, verify_code};
pub use self::trouble::explain_to_people;
use super::{Switchboard, auth};
use crate::pages::{Frame, Here, Viewer};

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

/// A sample of `pages/samples` with this router's address.
fn sample(desk: &Switchboard, text: &str) -> String {
    text.trim_end()
        .replace(SAMPLE_URL, &desk.settings.public_url())
}

/// The address that the samples name: that of a router with built-in settings.
const SAMPLE_URL: &str = "http://127.0.0.1:8080";

fn now() -> Instant {
    Instant::now()
}
