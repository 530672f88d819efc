//! Why the ledger holds nothing for a request, in words for its caller.

use std::time::Duration;

use crate::actors::accounts::Principal;
use crate::actors::clock::{now_ms, today};
use crate::catalog::{Catalog, Model};
use crate::http::plan::Plan;
use crate::http::{ApiError, Code, Switchboard};
use crate::money::Picodollars;
use crate::routing::{Reason, Task, hold};
use crate::store::{Day, Refusal};

/// The error for a request that the ledger holds no credit for: 429 for a daily limit or too much
/// running, else 402.
pub fn unpaid(refusal: &Refusal, plan: &Plan, desk: &Switchboard, caller: &Principal) -> ApiError {
    match refusal {
        Refusal::DailyLimit { resets_in_ms, .. } => {
            let message = format!("{}.", sentence(refusal));
            ApiError::new(Code::DailyLimitExceeded, message)
                .retry_after(Duration::from_millis(*resets_in_ms))
        }
        Refusal::LimitBound { .. } => {
            let message = format!("{}; wait for one of them to end.", sentence(refusal));
            ApiError::new(Code::DailyLimitExceeded, message)
        }
        Refusal::KeyLimit { resets_in_ms, .. } => {
            let error = ApiError::new(Code::KeyLimitExceeded, format!("{}.", sentence(refusal)));
            match resets_in_ms {
                Some(ms) => error.retry_after(Duration::from_millis(*ms)),
                None => error,
            }
        }
        Refusal::KeyLimitBound { .. } => {
            let message = format!("{}; wait for one of them to end.", sentence(refusal));
            ApiError::new(Code::KeyLimitExceeded, message)
        }
        Refusal::TooManyHolds { .. } => {
            let message = format!("{}.", sentence(refusal));
            ApiError::new(Code::RateLimitExceeded, message)
        }
        Refusal::Recharging { .. } => {
            let message = format!("{}; try again in a few seconds.", sentence(refusal));
            ApiError::new(Code::InsufficientCredits, message).retry_after(Duration::from_secs(5))
        }
        Refusal::Bound { .. } | Refusal::Insufficient { .. } | Refusal::Ended => {
            no_credit(plan, desk, caller)
        }
    }
}

/// 429 for an account that has used what it may of free models today.
pub fn no_free(most: u32) -> ApiError {
    let message = format!(
        "Your account has used its {most} requests to free models of this UTC day; wait for the next one, or use a paid model."
    );
    let wait = Duration::from_millis(Day::ends_in_ms(now_ms()));
    ApiError::new(Code::RateLimitExceeded, message).retry_after(wait)
}

/// The code for a stream whose hold could not be enlarged.
pub fn unextended(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::DailyLimit { .. } | Refusal::LimitBound { .. } => Code::DailyLimitExceeded,
        Refusal::KeyLimit { .. } | Refusal::KeyLimitBound { .. } => Code::KeyLimitExceeded,
        Refusal::TooManyHolds { .. }
        | Refusal::Bound { .. }
        | Refusal::Insufficient { .. }
        | Refusal::Recharging { .. }
        | Refusal::Ended => Code::InsufficientCredits,
    }
}

/// A refusal in words for callers, with a capital letter.
fn sentence(refusal: &Refusal) -> String {
    let text = refusal.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// 402: names the balance, the estimate and the free models. After a failure of the storage no
/// balance is known, and it is 503.
pub fn no_credit(plan: &Plan, desk: &Switchboard, caller: &Principal) -> ApiError {
    if let Err(down) = desk.storage.may_answer() {
        return down.into();
    }
    let balance = caller.purse.available();
    let estimate = estimate(plan).map_or_else(String::new, |usd| format!(" of about ${usd}"));
    let instead = match plan.task {
        Task::Chat => {
            let free = free_models(&plan.world.catalog);
            format!(", or use a free model: {free} (model \"economy\" picks one of them)")
        }
        Task::Embed => String::new(),
    };
    let message = format!(
        "Your balance of ${balance} does not cover this request{estimate}. Add credit{instead}."
    );
    ApiError::new(Code::InsufficientCredits, message)
}

/// What the cheapest paid model that was asked for would be expected to cost.
fn estimate(plan: &Plan) -> Option<Picodollars> {
    let now = std::time::Instant::now();
    let cost = |model: &Model| {
        let expected = plan.world.live(model, now).output_mean;
        let output = expected.min(plan.need.max_output.unwrap_or(u64::MAX));
        hold::list_cost(model, plan.need.input(model), output)
    };
    let refused = plan
        .shortlist
        .excluded
        .iter()
        .filter(|e| e.reason == Reason::NotFree);
    let ranked = plan
        .shortlist
        .ranked
        .iter()
        .map(|candidate| &candidate.model);
    let further = plan.further.iter().flat_map(|rest| rest.candidates(now));
    let further: Vec<_> = further.map(|candidate| candidate.model).collect();
    let paid = ranked
        .chain(&further)
        .filter(|model| !model.free)
        .chain(refused.map(|e| &e.model));
    paid.map(|model| cost(model)).min()
}

/// The free models, by name.
fn free_models(catalog: &Catalog) -> String {
    let day = today();
    let free = catalog
        .models()
        .iter()
        .filter(|model| model.free && model.is_chat() && !model.is_retired(day));
    free.map(|model| model.id.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
