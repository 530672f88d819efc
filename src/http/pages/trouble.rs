//! Errors for people: a browser that asked for a page gets one, an API client its JSON.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, web};

use super::answer::{guards, wants_html};
use super::frame;
use super::login::see;
use super::member::page_before;
use crate::http::{ApiError, Switchboard};
use crate::pages::{Here, Page, Trouble};

/// Middleware: the body of an error becomes a page where a browser asked for one. Who has to sign in for a
/// file of the dashboard does that, and comes back to the page that links to it.
pub async fn explain_to_people<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let response = next.call(request).await?;
    let error = response.response().error();
    let error = error
        .and_then(|error| error.as_error::<ApiError>())
        .cloned();
    if response.status() == StatusCode::UNAUTHORIZED && is_of_dashboard(response.request()) {
        // A file that is sent leaves the browser where it is: on the page of the code.
        let login = see(&page_before(response.request()).login());
        return Ok(response.into_response(login).map_into_right_body());
    }
    let page = error
        .filter(|_| is_for_people(response.request()))
        .and_then(|error| page(response.request(), response.status().as_u16(), &error));
    let Some(html) = page else {
        return Ok(response.map_into_left_body());
    };
    let desk = response
        .request()
        .app_data::<web::Data<Switchboard>>()
        .cloned();
    Ok(response.map_body(|head, _| {
        for (name, value) in desk.iter().flat_map(|desk| guards(&desk.settings)) {
            head.headers.insert(name, value);
        }
        let plain = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (VARY, "Accept"),
        ];
        for (name, value) in plain {
            head.headers.insert(name, HeaderValue::from_static(value));
        }
        EitherBody::right(BoxBody::new(html))
    }))
}

/// Pages are everywhere but under `/v1`, where only the models have some.
fn is_for_people(request: &HttpRequest) -> bool {
    let path = request.path();
    let is_api = path.starts_with("/v1/") && !path.starts_with("/v1/models");
    !is_api && wants_html(request)
}

/// What the dashboard links to is the API's at times, which knows of no sign-in page.
fn is_of_dashboard(request: &HttpRequest) -> bool {
    request.path().starts_with("/dashboard/") && wants_html(request)
}

fn page(request: &HttpRequest, status: u16, error: &ApiError) -> Option<String> {
    let headline = match status {
        400 => "That cannot be used",
        401 => "Not signed in",
        403 => "Not allowed",
        404 => "There is nothing here",
        405 => "Not this way",
        429 => "Too many at one time",
        500.. => "The router failed",
        _ => "That did not work",
    };
    let page = Trouble {
        frame: frame(request, Here::Elsewhere, headline, headline),
        status,
        headline,
        message: error.message().to_owned(),
    };
    page.render().ok()
}
