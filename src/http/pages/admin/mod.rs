//! The operator's pages under `/admin`, beside the JSON routes: signed in by the admin token, in forms
//! that become the bodies of those routes.

mod books;
mod catalog;
mod customers;
mod gate;
mod log;
mod overview;
mod providers;

use actix_web::HttpRequest;
use actix_web::web::{self, ServiceConfig};

use super::form::Form;
use super::frame;
use crate::http::routes::{get, page, post, resource};
use crate::pages::admin::Part;
use crate::pages::{Frame, Here, Panel};

/// The routes of the operator's pages.
pub fn routes(app: &mut ServiceConfig) {
    app.service(page("/admin", overview::overview))
        .service(get("/admin/days.csv", overview::days_csv))
        .service(
            resource("/admin/sign-in", "GET, POST")
                .route(web::get().to(gate::ask))
                .route(web::head().to(gate::ask))
                .route(web::post().to(gate::sign_in)),
        )
        .service(post("/admin/sign-out", gate::sign_out))
        .service(page("/admin/customers", customers::list))
        .service(page("/admin/customers/{id}", customers::one))
        .service(post("/admin/customers/{id}/grant", customers::grant))
        .service(post("/admin/customers/{id}/adjust", customers::adjust))
        .service(post("/admin/customers/{id}/limit", customers::limit))
        .service(post("/admin/customers/{id}/access", customers::access))
        .service(
            resource("/admin/providers", "GET, POST")
                .route(web::get().to(providers::list))
                .route(web::head().to(providers::list))
                .route(web::post().to(providers::order)),
        )
        .service(page("/admin/catalog", catalog::catalog))
        .service(post("/admin/catalog/check", catalog::check))
        .service(post("/admin/catalog/apply", catalog::apply))
        .service(post("/admin/catalog/load-again", catalog::load_again))
        .service(page("/admin/books", books::books))
        .service(post("/admin/books/verify", books::verify))
        .service(page("/admin/log", log::log));
}

/// What stands around and beside a part, and what was just done.
fn around(http: &HttpRequest, part: Part) -> (Frame, Panel) {
    let frame = frame(http, Here::Elsewhere, part.name(), "For the operator.");
    let mut panel = part.panel();
    panel.done = match Form::of_query(http).text("done") {
        "given" => "The credit is given.",
        "corrected" => "The balance is corrected.",
        "saved" => "Saved.",
        "switched" => "Switched. It holds from now on.",
        "rested" => "It rests: nobody asks it.",
        "resumed" => "It is asked again.",
        "applied" => "The catalog is in the file, and in use.",
        "loaded" => "The catalog was loaded again.",
        _ => "",
    };
    (frame, panel)
}
