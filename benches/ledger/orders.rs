//! Orders and records as requests make them.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use model_router::ids::{AccountId, GenerationId, KeyId, RequestId};
use model_router::money::Picodollars;
use model_router::store::{
    AttemptRecord, Book, CandidateRecord, CandidateState, Db, Delivery, Generation, Limits, Order,
    SpendLimits, Status,
};
use model_router::usage::Usage;

/// A dollar.
pub const DOLLAR: i64 = 1_000_000_000_000;

pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// An empty ledger whose customers may hold as much as they like.
pub fn open(dir: &Path) -> (Db, Book) {
    let db = Db::open(dir).unwrap();
    let limits = Limits {
        holds_per_account: usize::MAX,
        ..Limits::default()
    };
    let (book, _) = Book::load(&db, limits, now_ms()).unwrap();
    (db, book)
}

/// A hold of a tenth of a cent.
pub fn order(account: AccountId) -> Order {
    Order {
        generation: GenerationId::new(),
        account,
        // One key an account: a key for every request would make a start read a row of totals for each.
        key: KeyId::from_bytes(account.to_bytes()),
        provider: "openai".to_owned(),
        model: "gpt-4.1-mini".to_owned(),
        want: Picodollars::new(DOLLAR / 1000),
        least: Picodollars::new(1),
        price_version: "2026-01-31".to_owned(),
        daily_limit: None,
        key_limits: SpendLimits::default(),
        expires_ms: now_ms() + 660_000,
    }
}

/// As many candidates as a record keeps.
fn candidates(order: &Order) -> Vec<CandidateRecord> {
    let candidate = CandidateRecord {
        model: order.model.clone(),
        cost: order.want,
        ttft_ms: 400,
        state: CandidateState::Flowing,
    };
    vec![candidate; 8]
}

/// An answer that came to so much.
pub fn record(order: &Order, cost: i64) -> Generation {
    Generation {
        id: order.generation,
        request_id: RequestId::new(),
        account: order.account,
        key: order.key,
        created_ms: now_ms(),
        model: order.model.clone(),
        provider: order.provider.clone(),
        tier: Some("economy".to_owned()),
        prefer: "balanced".to_owned(),
        auto_score: None,
        streamed: Delivery::Stream,
        finish_reason: Some("stop".to_owned()),
        native_finish_reason: Some("stop".to_owned()),
        usage: Some(Usage {
            prompt_tokens: 900,
            completion_tokens: 250,
            ..Usage::default()
        }),
        cost: Picodollars::new(cost),
        ttft_ms: Some(320),
        latency_ms: 2_900,
        attempts: vec![AttemptRecord {
            provider: order.provider.clone(),
            model: order.model.clone(),
            outcome: "ok".to_owned(),
        }],
        status: Status::Ok,
        price_version: order.price_version.clone(),
        candidates: Some(candidates(order)),
    }
}
