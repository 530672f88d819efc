//! The operator, and whoever else may see the router's figures.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::auth::{bearer, switchboard};
use super::{ApiError, Code, Switchboard, visit};
use crate::actors::clock::now_ms;
use crate::actors::ledger::Note;
use crate::ids::RequestId;
use crate::store::{Action, Author, By, Deed};

/// A request with the admin token. Without a configured token the route does not exist.
pub struct Operator {
    request: Option<RequestId>,
}

impl Operator {
    /// The operator, who has signed in to the pages.
    pub(super) fn of_page(request: &HttpRequest) -> Self {
        Self {
            request: visit::request_id(request),
        }
    }

    /// As whom.
    pub fn author(&self) -> Author {
        Author {
            by: By::Admin,
            request: self.request,
        }
    }
}

impl FromRequest for Operator {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(operator(request))
    }
}

fn operator(request: &HttpRequest) -> Result<Operator, ApiError> {
    let desk = switchboard(request)?;
    let Some(token) = &desk.settings.admin_token else {
        return Err(super::not_found(request.path()));
    };
    let Some(sent) = bearer(request) else {
        let message = "No admin token was sent; add the header 'Authorization: Bearer …'.";
        return Err(ApiError::new(Code::MissingApiKey, message));
    };
    if is_token(sent, token.expose_secret()) {
        Ok(Operator {
            request: visit::request_id(request),
        })
    } else {
        note_refusal(desk, request);
        Err(ApiError::new(
            Code::InvalidApiKey,
            "This is not the admin token.",
        ))
    }
}

/// Whether a text is the admin token.
pub(super) fn is_token(sent: &str, token: &str) -> bool {
    // Digests have one length, so the comparison takes the same time for every guess.
    Sha256::digest(sent).ct_eq(&Sha256::digest(token)).into()
}

/// Puts wrong tokens into the audit log, at most a row a minute however many there are.
pub(super) fn note_refusal(desk: &Switchboard, request: &HttpRequest) {
    let now_ms = now_ms();
    if let Some(times) = desk.refused_operators.count(now_ms) {
        let author = Author {
            by: By::Stranger,
            request: visit::request_id(request),
        };
        let deed = Deed::new(author, Action::AdminRefused, None, now_ms);
        desk.ledger.do_send(Note(deed.with("times", times)));
    }
}

/// Whoever may read the metrics: the operator, or a program on the same machine. What a proxy on the
/// same machine passes on comes from elsewhere, and proxies say so.
pub struct Observer;

/// Headers with which proxies say for whom they ask.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

impl FromRequest for Observer {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let loopback = request
            .peer_addr()
            .is_some_and(|peer| peer.ip().is_loopback());
        let forwarded = FORWARDED
            .iter()
            .any(|name| request.headers().contains_key(*name));
        if loopback && !forwarded {
            return ready(Ok(Self));
        }
        ready(operator(request).map(|_| Self))
    }
}
