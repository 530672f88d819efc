//! Who looks at a page of an account: somebody who has signed in. Everybody else signs in first, and
//! comes back.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::REFERER;
use actix_web::{FromRequest, HttpRequest};
use url::Url;

use super::login::{is_signed_out, see};
use super::next::Next;
use crate::http::auth::{Manager, Visitor};
use crate::ids::AccountId;

/// Somebody who has signed in.
pub struct Member(Visitor);

impl Member {
    /// Whose account it is.
    pub fn account(&self) -> AccountId {
        self.0.account()
    }

    /// The same with the session.
    pub fn visitor(&self) -> &Visitor {
        &self.0
    }

    /// The same as whoever changes the account.
    pub fn manager(&self) -> Manager {
        Manager::of(&self.0)
    }
}

impl FromRequest for Member {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload).into_inner();
        ready(visitor.map(Self).map_err(|error| {
            if is_signed_out(&error) {
                let login = see(&come_back(request).login());
                InternalError::from_response(error, login).into()
            } else {
                error.into()
            }
        }))
    }
}

/// Where one was: the page itself, or the one whose form was sent.
fn come_back(request: &HttpRequest) -> Next {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        let here = request.uri().path_and_query();
        return Next::of(here.map_or("", |here| here.as_str()));
    }
    page_before(request)
}

/// The page whose form was sent, or whose link to a file was followed.
pub fn page_before(request: &HttpRequest) -> Next {
    let page = request.headers().get(REFERER);
    let page = page.and_then(|page| Url::parse(page.to_str().ok()?).ok());
    Next::of(page.as_ref().map_or("", Url::path))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn one_comes_back_to_the_page_and_not_to_the_form_s_path() {
        let get = TestRequest::get().uri("/dashboard/requests?model=a");
        let next = come_back(&get.to_http_request());
        assert_eq!(next.as_str(), "/dashboard/requests?model=a");
        let post = TestRequest::post()
            .uri("/dashboard/settings/limit")
            .insert_header((
                REFERER,
                "https://router.example/dashboard/settings?done=saved",
            ));
        let next = come_back(&post.to_http_request());
        assert_eq!(next.as_str(), "/dashboard/settings");
        let post = TestRequest::post().uri("/dashboard/settings/limit");
        assert_eq!(come_back(&post.to_http_request()).as_str(), "/dashboard");
    }
}
