//! Who is asking: extractors for a caller with an API key and for a visitor who has signed in.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};

use super::{ApiError, Code, Switchboard, cookie, rate, visit};
use crate::actors::accounts::{Principal, SignedIn};
use crate::actors::clock::now_ms;
use crate::ids::{AccountId, ApiKey, RequestId, SessionId, SessionToken};
use crate::store::{Access, Author, By, KeyScope};

/// A request with an API key that may be used for inference.
#[derive(Clone)]
pub struct Caller(pub Arc<Principal>);

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(principal(request, KeyScope::Inference).map(Self))
    }
}

/// A request with an API key that may read.
pub struct KeyReader(pub Arc<Principal>);

impl FromRequest for KeyReader {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(principal(request, KeyScope::Read).map(Self))
    }
}

/// A request that may read what the account has and did: by session, or by a key that may read.
pub struct Reader(AccountId);

impl Reader {
    /// Whose.
    pub fn account(&self) -> AccountId {
        self.0
    }
}

impl FromRequest for Reader {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(owner(request, KeyScope::Read).map(|owner| Self(owner.account)))
    }
}

/// A request that may change the account and its keys: by session, or by a key that may manage.
pub struct Manager {
    account: AccountId,
    author: Author,
}

impl Manager {
    /// Somebody who has signed in.
    pub fn of(visitor: &Visitor) -> Self {
        Self {
            account: visitor.account(),
            author: visitor.author(),
        }
    }

    /// Whose.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// As whom.
    pub fn author(&self) -> Author {
        self.author
    }
}

impl FromRequest for Manager {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(owner(request, KeyScope::Manage))
    }
}

/// Whose account it is, by session or by a key with a scope. Whoever sends a key means it, whatever
/// cookie comes along.
fn owner(request: &HttpRequest, scope: KeyScope) -> Result<Manager, ApiError> {
    if sent_key(request).is_some_and(|sent| !sent.starts_with(SessionToken::PREFIX)) {
        let principal = principal(request, scope)?;
        let (account, key) = (principal.account, principal.key);
        let by = By::Key { account, key };
        let request = visit::request_id(request);
        return Ok(Manager {
            account,
            author: Author { by, request },
        });
    }
    Ok(Manager::of(&visitor(request)?))
}

fn principal(request: &HttpRequest, scope: KeyScope) -> Result<Arc<Principal>, ApiError> {
    let desk = switchboard(request)?;
    let key = sent_key(request).ok_or_else(|| {
        ApiError::new(
            Code::MissingApiKey,
            "No API key was sent; add the header 'Authorization: Bearer mr_sk_…'.",
        )
    })?;
    let invalid = || {
        ApiError::new(
            Code::InvalidApiKey,
            "This is not a valid API key; check it for typing errors, or create another.",
        )
    };
    let hash = ApiKey::parse(key)
        .map_err(|_| invalid())?
        .hash(&desk.pepper);
    let principal = desk.keys.load().get(&hash).cloned().ok_or_else(invalid)?;
    let now_ms = now_ms();
    rate::admit(request, &principal, now_ms)?;
    check(&principal, scope, now_ms)?;
    Ok(principal)
}

/// Refuses a key that may not be used now, or not for this.
fn check(principal: &Principal, scope: KeyScope, now_ms: u64) -> Result<(), ApiError> {
    if principal.access == Access::Disabled {
        let message = "This key is switched off; use another one.";
        return Err(ApiError::new(Code::KeyDisabled, message));
    }
    if principal.policy.is_expired(now_ms) {
        let message = "This key has expired; use another one.";
        return Err(ApiError::new(Code::KeyExpired, message));
    }
    if !principal.policy.allows(scope) {
        let message = format!(
            "This key lacks the scope '{}'; use a key that has it.",
            scope.as_str()
        );
        return Err(ApiError::new(Code::InsufficientScope, message));
    }
    Ok(())
}

/// The key as callers send it: a bearer token, the scheme in any case, or `x-api-key`.
fn sent_key(request: &HttpRequest) -> Option<&str> {
    let bearer = bearer(request);
    bearer
        .or_else(|| {
            request
                .headers()
                .get("x-api-key")?
                .to_str()
                .ok()
                .map(str::trim)
        })
        .filter(|key| !key.is_empty())
}

pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A request of someone who has signed in: by the session's cookie, or by its token as a bearer.
pub struct Visitor {
    signed_in: Arc<SignedIn>,
    request: Option<RequestId>,
}

impl Visitor {
    /// Who has signed in.
    pub fn account(&self) -> AccountId {
        self.signed_in.account
    }

    /// The session that the request belongs to.
    pub fn session(&self) -> SessionId {
        self.signed_in.session
    }

    /// As whom.
    pub fn author(&self) -> Author {
        Author {
            by: By::Session {
                account: self.account(),
                session: self.session(),
            },
            request: self.request,
        }
    }
}

impl FromRequest for Visitor {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visitor(request))
    }
}

fn visitor(request: &HttpRequest) -> Result<Visitor, ApiError> {
    let desk = switchboard(request)?;
    let sent = sent_token(request, desk)?;
    let now_ms = now_ms();
    let session = find_session(desk, sent.text(), now_ms).ok_or_else(|| {
        let message = "This session has ended; sign in again.";
        ApiError::new(Code::InvalidSession, message)
    })?;
    if let Some(touch) = session.touch(now_ms) {
        desk.accounts.do_send(touch);
        if let SentToken::Cookie(token) = &sent {
            cookie::renew(request, token, &desk.settings);
        }
    }
    Ok(Visitor {
        signed_in: session,
        request: visit::request_id(request),
    })
}

/// Whether a request comes from somebody who has signed in. It is no use of the session.
pub fn is_signed_in(request: &HttpRequest) -> bool {
    let found = switchboard(request).ok().and_then(|desk| {
        let token = cookie::token(request, &desk.settings)?;
        find_session(desk, &token, now_ms())
    });
    found.is_some()
}

/// A session's token as it came.
enum SentToken {
    Bearer(String),
    Cookie(String),
}

impl SentToken {
    fn text(&self) -> &str {
        match self {
            Self::Bearer(token) | Self::Cookie(token) => token,
        }
    }
}

/// The token of a request. Whoever sends a header means it; a cookie comes by itself and needs a
/// page of ours behind it.
fn sent_token(request: &HttpRequest, desk: &Switchboard) -> Result<SentToken, ApiError> {
    if request.headers().contains_key(AUTHORIZATION) {
        let token = bearer(request).unwrap_or_default();
        return Ok(SentToken::Bearer(token.to_owned()));
    }
    let Some(token) = cookie::token(request, &desk.settings) else {
        let message =
            "Nobody is signed in; sign in, or add the header 'Authorization: Bearer mr_ss_…'.";
        return Err(ApiError::new(Code::MissingSession, message));
    };
    if cookie::is_forgeable(request, &desk.settings) {
        let message = "A cookie changes nothing from another site; send the request from a page of this router.";
        return Err(ApiError::new(Code::ForeignOrigin, message));
    }
    Ok(SentToken::Cookie(token))
}

fn find_session(desk: &Switchboard, token: &str, now_ms: u64) -> Option<Arc<SignedIn>> {
    let hash = token.parse::<SessionToken>().ok()?.hash(&desk.pepper);
    let found = desk.sessions.load().get(&hash).cloned();
    found.filter(|session| session.is_live(now_ms))
}

pub(super) fn switchboard(request: &HttpRequest) -> Result<&Switchboard, ApiError> {
    request
        .app_data::<web::Data<Switchboard>>()
        .map(|desk| desk.get_ref())
        .ok_or_else(|| ApiError::internal("no switchboard"))
}
