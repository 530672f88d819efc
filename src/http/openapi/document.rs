//! The OpenAPI document, joined from the files of `data/openapi`. What every route of a kind has in
//! common is written once, here: an operation says who may call it and what it takes, and the
//! headers and errors that follow from that are added.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The files, in the order of the reference.
const PARTS: [&str; 15] = [
    include_str!("../../../data/openapi/api.json"),
    include_str!("../../../data/openapi/chat.json"),
    include_str!("../../../data/openapi/chat-request.json"),
    include_str!("../../../data/openapi/chat-answer.json"),
    include_str!("../../../data/openapi/embeddings.json"),
    include_str!("../../../data/openapi/models.json"),
    include_str!("../../../data/openapi/usage.json"),
    include_str!("../../../data/openapi/sign-in.json"),
    include_str!("../../../data/openapi/account.json"),
    include_str!("../../../data/openapi/billing.json"),
    include_str!("../../../data/openapi/keys.json"),
    include_str!("../../../data/openapi/service.json"),
    include_str!("../../../data/openapi/pages.json"),
    include_str!("../../../data/openapi/admin.json"),
    include_str!("../../../data/openapi/errors.json"),
];

/// Paths that answer without `/v1` too.
const WITHOUT_PREFIX: [&str; 4] = [
    "/chat/completions",
    "/embeddings",
    "/models",
    "/models/{id}",
];

/// Paths whose GET is answered to HEAD too.
const WITH_HEAD: [&str; 11] = [
    "/v1/models",
    "/v1/models/{id}",
    "/health",
    "/ready",
    "/openapi.json",
    "/",
    "/docs",
    "/docs/{topic}",
    "/status",
    "/login",
    "/dashboard",
];

/// Headers of every response.
const EVERYWHERE: [&str; 3] = [
    "X-Request-Id",
    "X-Client-Request-Id",
    "X-Model-Router-Sandbox",
];
/// Headers of every answer to a known API key.
const KEYED: [&str; 6] = [
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
];
/// Headers of errors after `auto` has picked a tier.
const AUTO: [&str; 2] = ["X-Model-Router-Auto-Tier", "X-Model-Router-Auto-Score"];

/// JSON whose objects keep their order, which is the order that readers see.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Node {
    Object(Members),
    List(Vec<Node>),
    Leaf(Value),
}

type Members = IndexMap<String, Node>;

/// The whole document.
pub fn whole() -> Result<String, serde_json::Error> {
    let mut whole = Members::new();
    for part in PARTS {
        join(&mut whole, serde_json::from_str(part)?);
    }
    if let Some(info) = member(&mut whole, "info") {
        info.insert("version".to_owned(), text(env!("CARGO_PKG_VERSION")));
    }
    let shared = member(&mut whole, "components").and_then(|parts| member(parts, "responses"));
    for response in objects(shared) {
        add_headers(response, EVERYWHERE.iter().chain(&KEYED).chain(&AUTO));
    }
    if let Some(paths) = member(&mut whole, "paths") {
        for (path, item) in paths.iter_mut() {
            for operation in objects(object(item)) {
                complete(path, operation);
            }
        }
        add_heads(paths);
        copy_without_prefix(paths);
    }
    serde_json::to_string(&whole)
}

/// Lays one object over another. Nothing is said twice.
fn join(whole: &mut Members, part: Members) {
    for (name, value) in part {
        match (whole.get_mut(&name), value) {
            (Some(Node::Object(known)), Node::Object(more)) => join(known, more),
            (_, value) => {
                whole.insert(name, value);
            }
        }
    }
}

/// Adds the errors and headers that follow from who may call an operation and what it takes.
fn complete(path: &str, operation: &mut Members) {
    let schemes = schemes(operation);
    let is = |name: &str| schemes.iter().any(|scheme| scheme == name);
    let (keyed, signed_in, admin) = (is("apiKey"), is("sessionToken"), is("adminToken"));
    let is_secured = keyed || signed_in || admin;
    let takes_body = operation.contains_key("requestBody");
    let takes_query = in_query(operation);
    let Some(responses) = member(operation, "responses") else {
        return;
    };
    let own = objects(Some(responses)).filter(|response| !response.contains_key("$ref"));
    for response in own {
        add_headers(response, EVERYWHERE.iter());
        if keyed {
            add_headers(response, KEYED.iter());
        }
        if signed_in {
            // A session that is used is renewed.
            add_headers(response, ["Set-Cookie"].iter());
        }
    }
    let implied = [
        (
            "400",
            "BadRequest",
            takes_body || (takes_query && is_secured),
        ),
        ("401", "Unauthorized", is_secured),
        ("403", "Forbidden", keyed || signed_in),
        ("404", "NotFound", admin || path.contains('{')),
        ("408", "RequestTimeout", takes_body),
        ("413", "PayloadTooLarge", takes_body),
        ("415", "UnsupportedMediaType", takes_body),
        ("429", "TooManyRequests", keyed),
        ("500", "InternalError", is_secured || takes_body),
        ("503", "Unavailable", is_secured || takes_body),
    ];
    for (status, name, applies) in implied {
        if applies {
            let name = format!("#/components/responses/{name}");
            let known = responses.entry(status.to_owned());
            known.or_insert_with(|| reference(&name));
        }
    }
    responses.sort_unstable_keys();
}

/// The names of the security schemes that an operation takes.
fn schemes(operation: &mut Members) -> Vec<String> {
    let Some(Node::List(alternatives)) = operation.get_mut("security") else {
        return Vec::new();
    };
    let each = alternatives.iter_mut().filter_map(object);
    each.flat_map(|scheme| scheme.keys().cloned()).collect()
}

/// Whether an operation takes anything in the URL's query.
fn in_query(operation: &Members) -> bool {
    let Some(Node::List(parameters)) = operation.get("parameters") else {
        return false;
    };
    let shared = ["From", "To", "Limit"].map(|name| format!("#/components/parameters/{name}"));
    parameters.iter().any(|parameter| match parameter {
        Node::Object(members) => {
            let says = |name: &str, value: &str| match members.get(name) {
                Some(Node::Leaf(Value::String(text))) => text == value,
                Some(_) | None => false,
            };
            says("in", "query") || shared.iter().any(|name| says("$ref", name))
        }
        Node::List(_) | Node::Leaf(_) => false,
    })
}

fn add_headers<'a>(response: &mut Members, names: impl Iterator<Item = &'a &'a str>) {
    let Some(headers) = member(response, "headers") else {
        return;
    };
    for name in names {
        let known = headers.entry((*name).to_owned());
        known.or_insert_with(|| reference(&format!("#/components/headers/{name}")));
    }
}

/// HEAD answers as GET does, without a body.
fn add_heads(paths: &mut Members) {
    for path in WITH_HEAD {
        let Some(item) = paths.get_mut(path).and_then(object) else {
            continue;
        };
        let Some(Node::Object(mut head)) = item.get("get").cloned() else {
            continue;
        };
        if let Some(Node::Leaf(Value::String(id))) = head.get_mut("operationId") {
            id.push_str("Head");
        }
        head.insert("description".to_owned(), text("As `GET`, without a body."));
        for response in objects(member(&mut head, "responses")) {
            response.shift_remove("content");
        }
        item.insert("head".to_owned(), Node::Object(head));
    }
}

fn copy_without_prefix(paths: &mut Members) {
    for path in WITHOUT_PREFIX {
        let Some(mut item) = paths.get(&format!("/v1{path}")).cloned() else {
            continue;
        };
        for operation in objects(object(&mut item)) {
            if let Some(Node::Leaf(Value::String(id))) = operation.get_mut("operationId") {
                id.push_str("WithoutPrefix");
            }
            let same = format!("The same as `/v1{path}`, for clients whose base URL lacks `/v1`.");
            operation.insert("description".to_owned(), text(&same));
        }
        paths.insert(path.to_owned(), item);
    }
}

fn object(node: &mut Node) -> Option<&mut Members> {
    match node {
        Node::Object(members) => Some(members),
        Node::List(_) | Node::Leaf(_) => None,
    }
}

/// The members that are objects themselves.
fn objects(of: Option<&mut Members>) -> impl Iterator<Item = &mut Members> {
    of.into_iter()
        .flat_map(Members::values_mut)
        .filter_map(object)
}

/// The object of that name, made if nothing is there.
fn member<'a>(of: &'a mut Members, name: &str) -> Option<&'a mut Members> {
    let node = of.entry(name.to_owned());
    object(node.or_insert_with(|| Node::Object(Members::new())))
}

fn reference(to: &str) -> Node {
    let members = [("$ref".to_owned(), text(to))];
    Node::Object(members.into_iter().collect())
}

fn text(text: &str) -> Node {
    Node::Leaf(Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests;
