//! A walk through the API: every answer is held against `/openapi.json`.

use std::collections::BTreeSet;

use model_router::config::Settings;
use model_router::sandbox::stripe::Stripe;
use model_router::sandbox::{Script, Vendor};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::openapi::{Checked, Document};
use super::router::Router;
use super::shop::Shop;

/// A walk through the API that checks every answer and remembers what was asked.
pub struct Tour {
    pub router: Router,
    /// Whom the router's customers pay to.
    pub stripe: Stripe,
    pub document: Document,
    /// Method, path, and whether it succeeded.
    pub seen: BTreeSet<(String, String, bool)>,
    /// An API key with every scope, and a session's token.
    pub key: String,
    pub session: String,
    pub account: String,
}

impl Tour {
    pub async fn start() -> Self {
        let reachable = |settings: &mut Settings| settings.telemetry.allow_private = true;
        let Shop { router, stripe } = Shop::with(reachable).await;
        let document = Document::of(&router).await;
        let owner = router.owner("ada@example.com", "5").await;
        let all = json!({ "scopes": ["inference", "read", "manage"] });
        let (_, key) = router.make_key(&owner, all).await;
        Self {
            document,
            seen: BTreeSet::new(),
            key: key.key,
            session: owner.token,
            account: key.id,
            router,
            stripe,
        }
    }

    /// A request to a path of the document, its `{id}` filled in and its query added.
    pub fn request(&self, method: &str, path: &str, rest: &str) -> RequestBuilder {
        let path = match rest.strip_prefix('?') {
            Some(_) => format!("{path}{rest}"),
            None => ["{id}", "{name}", "{topic}"]
                .iter()
                .fold(path.to_owned(), |path, name| path.replace(name, rest)),
        };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.router
            .client
            .request(method, format!("{}{path}", self.router.url))
    }

    pub async fn send(&mut self, method: &str, path: &str, request: RequestBuilder) -> Checked {
        let response = request.send().await.unwrap();
        self.took(method, path, response).await
    }

    /// Checks an answer that was got in another way.
    pub async fn took(&mut self, method: &str, path: &str, response: Response) -> Checked {
        let checked = self.document.check(method, path, response).await;
        let seen = (method.to_owned(), path.to_owned(), checked.status < 400);
        self.seen.insert(seen);
        checked
    }

    /// An answer with this status to a request of someone, with a body unless it is `null`.
    pub async fn ask(
        &mut self,
        (method, path, rest): (&str, &str, &str),
        bearer: &str,
        body: Value,
        status: u16,
    ) -> Checked {
        let request = self.request(method, path, rest).bearer_auth(bearer);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        let checked = self.send(method, path, request).await;
        assert_eq!(checked.status, status, "{method} {path}: {}", checked.text);
        checked
    }

    pub async fn get(&mut self, path: &str, rest: &str, bearer: &str) -> Checked {
        self.ask(("GET", path, rest), bearer, Value::Null, 200)
            .await
    }

    pub fn script(&self, vendor: Vendor) -> &Script {
        self.router.sandbox.script(vendor)
    }
}
