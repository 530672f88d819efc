//! `/playground`: models tried out in the browser. The page asks `/v1` as any client does, with a key;
//! for who has signed in it makes one of its own.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::form::object;
use super::member::Member;
use super::{answer, frame};
use crate::actors::accounts::{ListKeys, Tell};
use crate::actors::clock::now_ms;
use crate::catalog::Prefer;
use crate::http::auth::Visitor;
use crate::http::fields::Fields;
use crate::http::generations::rfc3339;
use crate::http::{ApiError, Code, Switchboard, keys};
use crate::pages::{Choice, Here, Playground, Side};

/// The name of the page's keys. There is one at a time.
const KEY_NAME: &str = "playground page";
/// How long such a key can be used.
const KEY_LIFE: Duration = Duration::from_secs(24 * 3600);
const DESCRIPTION: &str = "Ask models, see what ran, why, and what it cost; compare two settings.";

/// `GET /playground`
pub async fn playground(
    desk: Data<Switchboard>,
    http: HttpRequest,
    visitor: Result<Visitor, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let account = visitor.ok().map(|visitor| visitor.account());
    let balance = account.map(|account| desk.purses.of(account).available());
    // Without credit only the free models answer, and this leads to them.
    let first = match balance {
        Some(balance) if !balance.is_positive() => ("economy", "cheap"),
        Some(_) | None => ("auto", "balanced"),
    };
    let page = Playground {
        frame: frame(&http, Here::Playground, "Playground", DESCRIPTION),
        account: account.map_or_else(String::new, |account| account.to_string()),
        balance: balance.map_or_else(String::new, |balance| balance.to_string()),
        base_url: desk.settings.public_url(),
        sides: sides(first),
        models: models(&desk),
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// `POST /playground/key`: a key for this page, in place of the one before. Nobody is mailed about it: who
/// opens the page has not made a key, and it ends with the day.
pub async fn key(desk: Data<Switchboard>, member: Member) -> Result<HttpResponse, ApiError> {
    let manager = member.manager();
    let old = desk.accounts.send(ListKeys(member.account())).await;
    let old = old.map_err(ApiError::internal)?;
    let is_ours = |policy: &crate::store::Policy| policy.expires_ms.is_some();
    for view in old
        .iter()
        .filter(|view| view.key.name == KEY_NAME && is_ours(&view.policy))
    {
        let removed = keys::remove(&desk, &manager, &view.key.id.to_string(), Tell::Nobody).await;
        match removed {
            // Another tab may have been faster.
            Err(error) if error.code() != Code::NotFound => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    let life_ms = u64::try_from(KEY_LIFE.as_millis()).unwrap_or(u64::MAX);
    let fields = Fields::of(object([
        ("name", json!(KEY_NAME)),
        ("scopes", json!(["inference", "read"])),
        (
            "expires_at",
            json!(rfc3339(now_ms().saturating_add(life_ms))),
        ),
    ]));
    let (_, secret) = keys::make(&desk, &manager, fields, Tell::Nobody).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "key": secret.reveal() })))
}

fn sides((tier, prefer): (&str, &str)) -> [Side; 2] {
    let choose = |names: &[&str], chosen: &str| {
        let choice = |name: &&str| Choice {
            name: (*name).to_owned(),
            is_chosen: *name == chosen,
        };
        names.iter().map(choice).collect()
    };
    let tiers = ["auto", "economy", "standard", "premium"];
    let prefers = Prefer::ALL.map(Prefer::as_str);
    [
        Side {
            letter: "a",
            title: "Ask",
            answer: "Answer",
            is_hidden: false,
            tiers: choose(&tiers, tier),
            prefers: choose(&prefers, prefer),
        },
        Side {
            letter: "b",
            title: "and compare with",
            answer: "Compared with",
            is_hidden: true,
            tiers: choose(&tiers, "premium"),
            prefers: choose(&prefers, "balanced"),
        },
    ]
}

/// The chat models whose provider is configured.
fn models(desk: &Switchboard) -> Vec<String> {
    let world = desk.world.load();
    let models = world.catalog.models().iter();
    let is_configured = |name| world.route(name).is_some_and(|route| route.is_configured());
    let mut ids: Vec<String> = models
        .filter(|model| model.is_chat() && is_configured(&model.provider))
        .map(|model| model.id.to_string())
        .collect();
    ids.sort_unstable();
    ids
}
