//! The pages that belong to somebody: who may see and send each of them.

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Somebody who has signed in.
    Member,
    /// The operator, signed in to the pages.
    Console,
    /// Anybody.
    Everyone,
}

/// Each page and form: method, path, who may.
pub const PAGES: &[(&str, &str, Who)] = &[
    ("GET", "/dashboard", Who::Member),
    ("GET", "/dashboard/keys", Who::Member),
    ("POST", "/dashboard/keys", Who::Member),
    ("GET", "/dashboard/keys/{id}", Who::Member),
    ("POST", "/dashboard/keys/{id}", Who::Member),
    ("POST", "/dashboard/keys/{id}/access", Who::Member),
    ("POST", "/dashboard/keys/{id}/delete", Who::Member),
    ("GET", "/dashboard/requests", Who::Member),
    ("GET", "/dashboard/requests/{id}", Who::Member),
    ("GET", "/dashboard/usage", Who::Member),
    ("GET", "/dashboard/credit", Who::Member),
    ("POST", "/dashboard/credit/deposit", Who::Member),
    ("POST", "/dashboard/credit/recharge", Who::Member),
    ("POST", "/dashboard/credit/card", Who::Member),
    ("GET", "/dashboard/receipts/{id}", Who::Member),
    ("GET", "/dashboard/settings", Who::Member),
    ("POST", "/dashboard/settings/providers", Who::Member),
    ("POST", "/dashboard/settings/limit", Who::Member),
    ("POST", "/dashboard/settings/defaults", Who::Member),
    ("POST", "/dashboard/settings/mails", Who::Member),
    ("POST", "/dashboard/settings/telemetry", Who::Member),
    ("POST", "/dashboard/settings/telemetry/remove", Who::Member),
    ("POST", "/dashboard/settings/telemetry/test", Who::Member),
    ("GET", "/dashboard/profile", Who::Member),
    ("POST", "/dashboard/profile/sessions", Who::Member),
    ("POST", "/dashboard/profile/sessions/{id}", Who::Member),
    ("POST", "/dashboard/profile/delete", Who::Member),
    ("GET", "/playground", Who::Everyone),
    ("POST", "/playground/key", Who::Member),
    ("GET", "/admin", Who::Console),
    ("GET", "/admin/days.csv", Who::Console),
    ("GET", "/admin/sign-in", Who::Everyone),
    ("POST", "/admin/sign-in", Who::Everyone),
    ("POST", "/admin/sign-out", Who::Console),
    ("GET", "/admin/customers", Who::Console),
    ("GET", "/admin/customers/{id}", Who::Console),
    ("POST", "/admin/customers/{id}/grant", Who::Console),
    ("POST", "/admin/customers/{id}/adjust", Who::Console),
    ("POST", "/admin/customers/{id}/limit", Who::Console),
    ("POST", "/admin/customers/{id}/access", Who::Console),
    ("GET", "/admin/providers", Who::Console),
    ("POST", "/admin/providers", Who::Console),
    ("GET", "/admin/catalog", Who::Console),
    ("POST", "/admin/catalog/check", Who::Console),
    ("POST", "/admin/catalog/apply", Who::Console),
    ("POST", "/admin/catalog/load-again", Who::Console),
    ("GET", "/admin/books", Who::Console),
    ("POST", "/admin/books/verify", Who::Console),
    ("GET", "/admin/log", Who::Console),
];
