//! The adversary's matrix: every route, asked by everyone, in every way to send a key, about things
//! of both accounts. A route without a rule fails it.

pub mod pages;
pub mod rules;

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use self::pages::PAGES;
use self::rules::{About, RULES, Rule};
use super::mailbox::SignedIn;
use super::router::{ADMIN, Router, ask, text};

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Credential {
    Key(String),
    DisabledKey(String),
    ExpiredKey(String),
    Session(String),
    Admin,
    Nothing,
}

impl Credential {
    fn text(&self) -> &str {
        match self {
            Self::Key(key) | Self::DisabledKey(key) | Self::ExpiredKey(key) => key,
            Self::Session(token) => token,
            Self::Admin => ADMIN,
            Self::Nothing => "",
        }
    }
}

/// How it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Bearer,
    XApiKey,
    Cookie,
}

const WAYS: [Way; 3] = [Way::Bearer, Way::XApiKey, Way::Cookie];

/// Someone who asks, and whose things they may see.
struct Someone {
    name: &'static str,
    credential: Credential,
    own: Option<usize>,
}

/// One account's things.
struct Things {
    account: String,
    owner: SignedIn,
    generation: String,
}

async fn things(router: &Router, email: &str) -> (Things, String) {
    let owner = router.owner(email, "5").await;
    let all = json!({ "scopes": ["inference", "read", "manage"] });
    let (_, key) = router.make_key(&owner, all).await;
    let (headers, _) = router.served(&key, &ask("gpt-4.1-mini", "Hello")).await;
    let generation = headers["x-model-router-generation-id"].to_str().unwrap();
    let things = Things {
        account: key.id.clone(),
        generation: generation.to_owned(),
        owner,
    };
    (things, key.key)
}

/// The refusal that a rule has for a credential, if it has one.
fn refusal(rule: Rule, sent: &Credential, way: Way) -> Option<u16> {
    use Credential::{Admin, DisabledKey, ExpiredKey, Key, Nothing, Session};
    let by_header = way != Way::Cookie;
    let key = |sent: &Credential| match sent {
        Key(_) if by_header => None,
        DisabledKey(_) if by_header => Some(403),
        ExpiredKey(_) if by_header => Some(401),
        Key(_) | DisabledKey(_) | ExpiredKey(_) | Session(_) | Admin | Nothing => Some(401),
    };
    let session = matches!(sent, Session(_)) && way != Way::XApiKey;
    match rule {
        Rule::Everyone => None,
        Rule::Key | Rule::KeyRead => key(sent),
        Rule::Owner if session => None,
        Rule::Owner => key(sent),
        Rule::Session => (!session).then_some(401),
        Rule::Operator => (*sent != Admin || way != Way::Bearer).then_some(401),
    }
}

fn request(
    router: &Router,
    method: &str,
    path: &str,
    sent: &Credential,
    way: Way,
) -> RequestBuilder {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = router
        .client
        .request(method.clone(), format!("{}{path}", router.url));
    let request = match (sent, way) {
        (Credential::Nothing, _) => request,
        (sent, Way::Bearer) => request.bearer_auth(sent.text()),
        (sent, Way::XApiKey) => request.header("x-api-key", sent.text()),
        (sent, Way::Cookie) => request
            .header("cookie", format!("mr={}", sent.text()))
            .header("sec-fetch-site", "same-origin"),
    };
    match method {
        Method::GET => request,
        _ => request.json(&json!({})),
    }
}

async fn body_of(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The paths of a route about things of one account, and the status for their owner. A key to be
/// deleted is made for the cell.
async fn target(router: &Router, method: &str, about: About, of: &Things) -> Option<(String, u16)> {
    match about {
        About::Self_(_) | About::Ends => None,
        About::Generation => Some((of.generation.clone(), 200)),
        About::Key(ok) if method == "DELETE" => {
            let (id, _) = router
                .make_key(&of.owner, json!({ "scopes": ["read"] }))
                .await;
            Some((id, ok))
        }
        About::Key(ok) => {
            let list = router
                .send(Method::GET, "/v1/keys", &of.owner.token, &json!({}))
                .await;
            let list: Value = list.json().await.unwrap();
            Some((text(&list["data"][0]["id"]), ok))
        }
        About::Session => Some((of.owner.session.clone(), 200)),
        About::Account(ok) => Some((of.account.clone(), ok)),
    }
}

/// An id of the right kind that nothing has.
fn nobody(about: About) -> String {
    match about {
        About::Generation => model_router::ids::GenerationId::new().to_string(),
        About::Key(_) => model_router::ids::KeyId::new().to_string(),
        About::Session => model_router::ids::SessionId::new().to_string(),
        About::Account(_) | About::Self_(_) | About::Ends => {
            model_router::ids::AccountId::new().to_string()
        }
    }
}

#[actix_web::test]
async fn everyone_gets_what_the_rules_say_and_strangers_cannot_tell_what_is_there() {
    let router = Router::start().await;
    let (ada, ada_key) = things(&router, "ada@example.com").await;
    let (eve, eve_key) = things(&router, "eve@example.com").await;
    let (id, disabled) = router.make_key(&ada.owner, json!({})).await;
    let off = json!({ "disabled": true });
    let path = format!("/v1/keys/{id}");
    assert_eq!(
        router
            .send(Method::PATCH, &path, &ada.owner.token, &off)
            .await
            .status(),
        200
    );
    let expired = expired_key(&router, &ada).await;
    let (ada_session, eve_session) = (ada.owner.token.clone(), eve.owner.token.clone());
    let someone = |name, credential, own| Someone {
        name,
        credential,
        own,
    };
    let everyone = [
        someone("owner", Credential::Key(ada_key), Some(0)),
        someone(
            "owner, signed in",
            Credential::Session(ada_session),
            Some(0),
        ),
        someone("other account", Credential::Key(eve_key), Some(1)),
        someone(
            "other account, signed in",
            Credential::Session(eve_session),
            Some(1),
        ),
        someone("admin", Credential::Admin, None),
        someone("disabled key", Credential::DisabledKey(disabled.key), None),
        someone("expired key", Credential::ExpiredKey(expired), None),
        someone("nobody", Credential::Nothing, None),
    ];
    let both = [ada, eve];
    let mut cells = 0;
    for (method, path, rule, about) in RULES {
        for who in &everyone {
            for way in WAYS {
                cells += cell(&router, method, path, (*rule, *about), who, way, &both).await;
            }
        }
    }
    assert!(cells > 1000, "{cells}");
    println!("{cells} cells");
    router.verify().await;
}

/// Asks one route in one way as one of them, about both accounts where it is about something.
async fn cell(
    router: &Router,
    method: &str,
    path: &str,
    (rule, about): (Rule, About),
    who: &Someone,
    way: Way,
    both: &[Things; 2],
) -> usize {
    let send = async |path: &str| {
        body_of(
            request(router, method, path, &who.credential, way)
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    let refused = refusal(rule, &who.credential, way);
    let name = format!("{method} {path} {} by {way:?}", who.name);
    match about {
        About::Ends if refused.is_none() => return 0,
        About::Self_(ok) => {
            let path = path.replace("{id:.+}", "no-such-model");
            assert_eq!(send(&path).await.0, refused.unwrap_or(ok), "{name}");
            return 1;
        }
        About::Ends => {
            assert_eq!(Some(send(path).await.0), refused, "{name}");
            return 1;
        }
        About::Generation | About::Key(_) | About::Session | About::Account(_) => {}
    }
    let missing = send(&path.replace("{id}", &nobody(about))).await;
    let may_see = |n: usize| who.own == Some(n) || rule == Rule::Operator;
    for (n, of) in both.iter().enumerate() {
        if about == About::Session && may_see(n) && refused.is_none() {
            continue;
        }
        let Some((id, ok)) = target(router, method, about, of).await else {
            continue;
        };
        let (status, body) = send(&path.replace("{id}", &id)).await;
        let expected = if may_see(n) { ok } else { 404 };
        assert_eq!(status, refused.unwrap_or(expected), "{name} of {n}: {body}");
        if status == 404 || refused.is_some() {
            assert_eq!((status, body), missing, "{name} of {n}");
        }
    }
    3
}

/// A key that has expired by the time it is given.
async fn expired_key(router: &Router, of: &Things) -> String {
    let soon = time::OffsetDateTime::now_utc() + time::Duration::milliseconds(300);
    let format = &time::format_description::well_known::Rfc3339;
    let expires = json!({ "expires_at": soon.format(format).unwrap() });
    let (_, key) = router.make_key(&of.owner, expires).await;
    while time::OffsetDateTime::now_utc() <= soon {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    key.key
}

/// The files that register routes.
const SOURCES: [&str; 4] = [
    include_str!("../../src/http/routes.rs"),
    include_str!("../../src/http/pages/mod.rs"),
    include_str!("../../src/http/pages/dashboard/mod.rs"),
    include_str!("../../src/http/pages/admin/mod.rs"),
];

/// The routes that are registered, with each of their methods.
pub fn registered() -> BTreeSet<(String, String)> {
    SOURCES.iter().copied().flat_map(routes_of).collect()
}

fn routes_of(source: &str) -> BTreeSet<(String, String)> {
    let start = source.find("fn routes(").unwrap();
    let rest = &source[start..];
    // One function, or one for each kind of route before the first helper.
    let end = rest.find("pub fn get<").or_else(|| rest.find("\n}\n"));
    let routes = &rest[..end.unwrap()];
    let mut found = BTreeSet::new();
    let calls = [
        ("get(", "GET"),
        ("page(", "GET"),
        ("post(", "POST"),
        ("resource(", ""),
    ];
    for (call, methods) in calls {
        for (at, _) in routes.match_indices(call) {
            let rest = routes[at + call.len()..].trim_start();
            let quoted = rest.strip_prefix("&format!(").unwrap_or(rest);
            // `web::get()` and the like name no path.
            let Some(quoted) = quoted.strip_prefix('"') else {
                continue;
            };
            let mut texts = quoted.split('"');
            let path = texts.next().unwrap().replace("{{", "{").replace("}}", "}");
            let methods = match methods {
                "" => texts.nth(1).unwrap(),
                one => one,
            };
            for method in methods.split(", ") {
                let prefixes = if path.starts_with("{prefix}") {
                    vec!["", "/v1"]
                } else {
                    vec![""]
                };
                for prefix in prefixes {
                    found.insert((method.to_owned(), path.replace("{prefix}", prefix)));
                }
            }
        }
    }
    found
}

#[test]
fn every_registered_route_has_a_rule() {
    let pages = PAGES.iter().map(|(method, path, _)| (*method, *path));
    let ruled: BTreeSet<(String, String)> = RULES
        .iter()
        .map(|(method, path, _, _)| (*method, *path))
        .chain(pages)
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(ruled, registered());
}

#[actix_web::test]
async fn the_registered_routes_take_exactly_the_methods_of_the_rules() {
    let router = Router::start().await;
    let pages = PAGES.iter().map(|(method, path, _)| (*method, *path));
    let ruled = RULES.iter().map(|(method, path, _, _)| (*method, *path));
    let all: Vec<(&str, &str)> = ruled.chain(pages).collect();
    let paths: BTreeSet<&str> = all.iter().map(|(_, path)| *path).collect();
    for path in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let known = all.contains(&(method, path));
            let asked = path.replace("{id:.+}", "x").replace("{id}", "x");
            let sent = request(&router, method, &asked, &Credential::Nothing, Way::Bearer);
            let status = sent.send().await.unwrap().status().as_u16();
            assert_eq!(status == 405, !known, "{method} {path}: {status}");
        }
    }
}
