//! Cookies of those who have signed in, and whether a request that carries one was meant by our own
//! pages.

use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderValue, ORIGIN, SET_COOKIE};
use actix_web::{HttpMessage, HttpRequest};

use crate::config::Settings;
use crate::store::SESSION_MS;

/// A customer's session.
const SESSION: Kind = Kind {
    name: "__Host-mr",
    plain_name: "mr",
    same_site: SameSite::Lax,
};

/// A cookie that says who has signed in. No script reads it, and it goes to this host alone.
pub struct Kind {
    /// Begins with `__Host-`: browsers then insist on `Secure`, on `Path=/` and on this very host.
    pub name: &'static str,
    /// Its name on a developer's desk, where there is no TLS.
    pub plain_name: &'static str,
    /// Whether links from other sites carry it.
    pub same_site: SameSite,
}

impl Kind {
    /// What the request's cookie holds.
    pub fn held(&self, request: &HttpRequest, settings: &Settings) -> Option<String> {
        request
            .cookie(self.name(settings))
            .map(|cookie| cookie.value().to_owned())
    }

    /// The cookie with a value, for so long.
    pub fn with(&self, value: &str, max_age: Duration, settings: &Settings) -> Cookie<'static> {
        Cookie::build(self.name(settings), value.to_owned())
            .path("/")
            .http_only(true)
            .secure(!settings.is_plain_loopback())
            .same_site(self.same_site)
            .max_age(max_age)
            .finish()
    }

    /// The cookie that ends it.
    pub fn removal(&self, settings: &Settings) -> Cookie<'static> {
        self.with("", Duration::ZERO, settings)
    }

    fn name(&self, settings: &Settings) -> &'static str {
        if settings.is_plain_loopback() {
            self.plain_name
        } else {
            self.name
        }
    }
}

/// Where a request was made, as far as browsers tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By a page of ours, or by the user's own hand.
    Own,
    /// By a page of someone else.
    Foreign,
    /// Not said: no browser, or an old one.
    Unsaid,
}

/// Where the request was made: `Sec-Fetch-Site`, which pages cannot forge, else `Origin`.
pub fn origin(headers: &HeaderMap, settings: &Settings) -> Origin {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    if let Some(site) = text("sec-fetch-site") {
        return match site {
            "same-origin" | "none" => Origin::Own,
            _ => Origin::Foreign,
        };
    }
    match text(ORIGIN.as_str()) {
        None => Origin::Unsaid,
        Some(origin) if origin == own_origin(settings) => Origin::Own,
        Some(_) => Origin::Foreign,
    }
}

/// Whether a cookie may not speak for this request: it changes something, and nothing says that a
/// page of ours asked for it.
pub fn is_forgeable(request: &HttpRequest, settings: &Settings) -> bool {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    !reads && origin(request.headers(), settings) != Origin::Own
}

/// The session token that the request's cookie carries.
pub fn token(request: &HttpRequest, settings: &Settings) -> Option<String> {
    SESSION.held(request, settings)
}

/// The cookie that keeps a browser signed in for as long as a session lives.
pub fn fresh(token: &str, settings: &Settings) -> Cookie<'static> {
    let lifetime = i64::try_from(SESSION_MS).unwrap_or(i64::MAX);
    SESSION.with(token, Duration::milliseconds(lifetime), settings)
}

/// A cookie that the response to this request shall renew.
struct Renewed(Cookie<'static>);

/// Has the response to a request carry its cookie again, for another while.
pub fn renew(request: &HttpRequest, token: &str, settings: &Settings) {
    let renewed = Renewed(fresh(token, settings));
    request.extensions_mut().insert(renewed);
}

/// Writes a renewed cookie, unless the response sets or ends one itself.
pub fn write_renewed(response: &mut ServiceResponse<impl MessageBody>) {
    let renewed = response.request().extensions_mut().remove::<Renewed>();
    let headers = response.headers_mut();
    if let Some(Renewed(cookie)) = renewed
        && !headers.contains_key(SET_COOKIE)
        && let Ok(value) = HeaderValue::from_str(&cookie.to_string())
    {
        headers.insert(SET_COOKIE, value);
    }
}

/// The cookie that ends it.
pub fn removal(settings: &Settings) -> Cookie<'static> {
    SESSION.removal(settings)
}

fn own_origin(settings: &Settings) -> String {
    match &settings.server.public_url {
        Some(url) => url.origin().ascii_serialization(),
        None => settings.public_url(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::HttpResponse;
    use actix_web::http::header::HeaderName;
    use actix_web::test::TestRequest;

    use super::*;

    fn settings(public_url: &str) -> Settings {
        Settings::parse("test", &format!("[server]\npublic_url = {public_url:?}")).unwrap()
    }

    fn of(headers: &[(&'static str, &str)]) -> Origin {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        origin(&map, &settings("https://router.example/path"))
    }

    #[test]
    fn browsers_say_where_a_request_was_made() {
        assert_eq!(of(&[("sec-fetch-site", "same-origin")]), Origin::Own);
        assert_eq!(of(&[("sec-fetch-site", "none")]), Origin::Own);
        assert_eq!(of(&[("sec-fetch-site", "same-site")]), Origin::Foreign);
        assert_eq!(of(&[("sec-fetch-site", "cross-site")]), Origin::Foreign);
        assert_eq!(of(&[("origin", "https://router.example")]), Origin::Own);
        assert_eq!(of(&[("origin", "http://router.example")]), Origin::Foreign);
        assert_eq!(of(&[("origin", "null")]), Origin::Foreign);
        assert_eq!(of(&[]), Origin::Unsaid);
    }

    #[test]
    fn what_pages_cannot_forge_outweighs_the_rest() {
        let both = [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://router.example"),
        ];
        assert_eq!(of(&both), Origin::Foreign);
    }

    #[test]
    fn the_cookie_is_bound_to_this_host_and_to_tls() {
        let text = fresh("mr_ss_x", &settings("https://router.example")).to_string();
        for part in [
            "__Host-mr=mr_ss_x",
            "HttpOnly",
            "SameSite=Lax",
            "Secure",
            "Path=/",
            "Max-Age=2592000",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Domain"));
    }

    #[test]
    fn a_response_renews_the_cookie_unless_it_ends_it() {
        let settings = settings("https://router.example");
        let answer = |own: Option<Cookie<'static>>| {
            let request = TestRequest::default().to_http_request();
            renew(&request, "mr_ss_x", &settings);
            let mut response = HttpResponse::Ok().finish();
            own.iter()
                .for_each(|cookie| response.add_cookie(cookie).unwrap());
            let mut response = ServiceResponse::new(request, response);
            write_renewed(&mut response);
            let all: Vec<_> = response.headers().get_all(SET_COOKIE).cloned().collect();
            assert_eq!(all.len(), 1);
            all[0].to_str().unwrap().to_owned()
        };
        assert!(answer(None).contains("__Host-mr=mr_ss_x"));
        assert!(answer(Some(removal(&settings))).contains("Max-Age=0"));
    }

    #[test]
    fn on_a_desk_without_tls_the_cookie_has_a_plain_name() {
        let text = removal(&settings("http://127.0.0.1:8080")).to_string();
        assert!(text.starts_with("mr=;") && text.contains("Max-Age=0"));
        assert!(!text.contains("Secure"), "{text}");
    }
}
