//! The adversary's rules: who may use which route, and what it is about.

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Everyone,
    /// A key that may infer.
    Key,
    /// A key that may read.
    KeyRead,
    /// A session, or a key with the scope.
    Owner,
    Session,
    Operator,
}

/// What a route is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Nothing, or the account that asks: the status for whoever may.
    Self_(u16),
    /// A generation, key, session or account: the statuses for an own one.
    Generation,
    Key(u16),
    Session,
    Account(u16),
    /// Ends what the other cells need; its own tests say what it does for whoever may.
    Ends,
}

pub const RULES: &[(&str, &str, Rule, About)] = &[
    ("POST", "/chat/completions", Rule::Key, About::Self_(400)),
    ("POST", "/v1/chat/completions", Rule::Key, About::Self_(400)),
    ("POST", "/embeddings", Rule::Key, About::Self_(400)),
    ("POST", "/v1/embeddings", Rule::Key, About::Self_(400)),
    ("GET", "/models", Rule::Everyone, About::Self_(200)),
    ("GET", "/v1/models", Rule::Everyone, About::Self_(200)),
    ("GET", "/models/{id:.+}", Rule::Everyone, About::Self_(404)),
    (
        "GET",
        "/v1/models/{id:.+}",
        Rule::Everyone,
        About::Self_(404),
    ),
    ("GET", "/health", Rule::Everyone, About::Self_(200)),
    ("GET", "/ready", Rule::Everyone, About::Self_(200)),
    // The tests ask from the router's own machine, which may.
    ("GET", "/metrics", Rule::Everyone, About::Self_(200)),
    ("GET", "/", Rule::Everyone, About::Self_(200)),
    ("GET", "/assets/{name}", Rule::Everyone, About::Self_(404)),
    ("GET", "/docs", Rule::Everyone, About::Self_(200)),
    ("GET", "/docs/{topic}", Rule::Everyone, About::Self_(404)),
    ("GET", "/status", Rule::Everyone, About::Self_(200)),
    ("GET", "/openapi.json", Rule::Everyone, About::Self_(200)),
    ("GET", "/login", Rule::Everyone, About::Self_(200)),
    ("POST", "/login", Rule::Everyone, About::Self_(400)),
    ("POST", "/login/code", Rule::Everyone, About::Self_(400)),
    // Whoever has not signed in is led to the front page, and to the sign-in page.
    ("POST", "/logout", Rule::Everyone, About::Ends),
    // Links of the dashboard to what the API answers as CSV.
    (
        "GET",
        "/dashboard/requests.csv",
        Rule::Owner,
        About::Self_(200),
    ),
    (
        "GET",
        "/dashboard/usage.csv",
        Rule::Owner,
        About::Self_(200),
    ),
    (
        "GET",
        "/dashboard/transactions.csv",
        Rule::Owner,
        About::Self_(200),
    ),
    ("GET", "/dashboard/export", Rule::Owner, About::Self_(200)),
    ("POST", "/v1/route", Rule::Key, About::Self_(400)),
    (
        "GET",
        "/v1/generations/{id}",
        Rule::KeyRead,
        About::Generation,
    ),
    ("GET", "/v1/credits", Rule::KeyRead, About::Self_(200)),
    ("GET", "/v1/key", Rule::KeyRead, About::Self_(200)),
    ("GET", "/v1/account", Rule::Owner, About::Self_(200)),
    ("PATCH", "/v1/account", Rule::Owner, About::Self_(200)),
    ("DELETE", "/v1/account", Rule::Session, About::Self_(400)),
    (
        "POST",
        "/v1/account/telemetry/test",
        Rule::Owner,
        About::Self_(400),
    ),
    ("GET", "/v1/account/export", Rule::Owner, About::Self_(200)),
    ("GET", "/v1/account/usage", Rule::Owner, About::Self_(200)),
    (
        "GET",
        "/v1/account/transactions",
        Rule::Owner,
        About::Self_(200),
    ),
    (
        "GET",
        "/v1/account/activity",
        Rule::Owner,
        About::Self_(200),
    ),
    ("GET", "/v1/keys", Rule::Owner, About::Self_(200)),
    ("POST", "/v1/keys", Rule::Owner, About::Self_(400)),
    ("PATCH", "/v1/keys/{id}", Rule::Owner, About::Key(200)),
    ("DELETE", "/v1/keys/{id}", Rule::Owner, About::Key(200)),
    (
        "POST",
        "/v1/auth/request-code",
        Rule::Everyone,
        About::Self_(400),
    ),
    (
        "POST",
        "/v1/auth/verify-code",
        Rule::Everyone,
        About::Self_(400),
    ),
    ("POST", "/v1/auth/logout", Rule::Session, About::Ends),
    (
        "GET",
        "/v1/account/sessions",
        Rule::Session,
        About::Self_(200),
    ),
    ("DELETE", "/v1/account/sessions", Rule::Session, About::Ends),
    (
        "DELETE",
        "/v1/account/sessions/{id}",
        Rule::Session,
        About::Session,
    ),
    ("GET", "/v1/billing", Rule::Session, About::Self_(200)),
    // Deposits are off here; who may not order does not learn that.
    (
        "POST",
        "/v1/billing/checkout",
        Rule::Session,
        About::Self_(404),
    ),
    (
        "DELETE",
        "/v1/billing/card",
        Rule::Session,
        About::Self_(404),
    ),
    // Without a secret for events there is no such route.
    (
        "POST",
        "/v1/billing/webhook",
        Rule::Everyone,
        About::Self_(404),
    ),
    (
        "POST",
        "/admin/providers/{name}/rest",
        Rule::Operator,
        About::Self_(400),
    ),
    (
        "POST",
        "/admin/providers/{name}/resume",
        Rule::Operator,
        About::Self_(404),
    ),
    ("GET", "/admin/overview", Rule::Operator, About::Self_(200)),
    ("GET", "/admin/audit", Rule::Operator, About::Self_(200)),
    ("GET", "/admin/accounts", Rule::Operator, About::Self_(200)),
    (
        "GET",
        "/admin/accounts/{id}",
        Rule::Operator,
        About::Account(200),
    ),
    ("POST", "/admin/accounts", Rule::Operator, About::Self_(400)),
    (
        "PATCH",
        "/admin/accounts/{id}",
        Rule::Operator,
        About::Account(400),
    ),
    (
        "POST",
        "/admin/accounts/{id}/adjust",
        Rule::Operator,
        About::Account(400),
    ),
    (
        "POST",
        "/admin/accounts/{id}/credits",
        Rule::Operator,
        About::Account(400),
    ),
    (
        "POST",
        "/admin/catalog/reload",
        Rule::Operator,
        About::Self_(200),
    ),
    (
        "GET",
        "/admin/ledger/verify",
        Rule::Operator,
        About::Self_(200),
    ),
    (
        "GET",
        "/admin/ledger/export",
        Rule::Operator,
        About::Self_(200),
    ),
    (
        "GET",
        "/admin/accounts/{id}/usage",
        Rule::Operator,
        About::Account(200),
    ),
    (
        "GET",
        "/admin/accounts/{id}/totals",
        Rule::Operator,
        About::Account(200),
    ),
];
