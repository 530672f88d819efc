//! What the pieces work on: made once, the same in every run.

use std::collections::HashMap;
use std::fmt::Write;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use model_router::actors::breaker::{Breakers, Policy};
use model_router::actors::rate::Allowance;
use model_router::catalog::{
    Catalog, Dialect, Layer, Model, ModelId, Prefer, Provider, ProviderName, Tier,
};
use model_router::config::{self, RateLimits};
use model_router::ids::{AccountId, ApiKey, GenerationId, KeyHash, KeyId, Pepper, RequestId};
use model_router::money::Picodollars;
use model_router::routing::context::Rooms;
use model_router::routing::{
    Ask, Choice, Ended, Live, Observation, Observed, Prepared, Spend, Standing, classify, grid,
};
use model_router::store::{
    AttemptRecord, Book, Db, Delivery, Generation, Limits, Order, SpendLimits, Status,
};
use model_router::usage::Usage;
use model_router::wire::{ChatRequest, Envelope, dialect_of, speaks};
use serde_json::json;
use tempfile::TempDir;
use time::Date;
use time::macros::date;

use crate::fixtures;

/// A dollar.
pub const DOLLAR: i64 = 1_000_000_000_000;
/// What one read of a connection brings.
pub const READ_BYTES: usize = 8 * 1024;
/// Models of a router with a large catalog.
const MANY: usize = 1_000;
const KEYS: usize = 1_000;
const TODAY: Date = date!(2025 - 12 - 01);
/// Some moment, in milliseconds since 1970.
pub const WALL_MS: u64 = 1_790_000_000_000;
const DIALECTS: [Dialect; 5] = [
    Dialect::OpenAi,
    Dialect::Responses,
    Dialect::Anthropic,
    Dialect::Gemini,
    Dialect::Bedrock,
];

/// Everything that the pieces need.
pub struct Stock {
    pub key: String,
    pub pepper: Pepper,
    pub keys: HashMap<KeyHash, usize>,
    pub allowance: Allowance,
    pub small: Bytes,
    pub large: Bytes,
    pub parsed_small: ChatRequest,
    pub parsed_large: ChatRequest,
    pub catalog: Catalog,
    pub prepared: Prepared,
    pub many: Catalog,
    pub prepared_many: Prepared,
    pub judge: classify::Model,
    pub rooms: [(Spend, Arc<Rooms>); 1],
    pub ask: Ask,
    pub breakers: Breakers,
    pub now: Instant,
    pub wall_ms: u64,
    pub book: Book,
    pub account: AccountId,
    pub answers: HashMap<Dialect, Vec<u8>>,
    pub streams: HashMap<Dialect, Vec<u8>>,
    pub envelope: Envelope,
    observed: HashMap<ModelId, Observed>,
    numbers: u128,
    _db: Db,
    _dir: TempDir,
}

impl Stock {
    pub fn new() -> Self {
        let now = Instant::now();
        let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
        let many =
            Catalog::load(&[Layer::builtin(), further(MANY - catalog.models().len())]).unwrap();
        let (dir, pepper) = (
            TempDir::new().unwrap(),
            Pepper::from_bytes(&[7; 64]).unwrap(),
        );
        let (db, book) = funded(&dir, AccountId::from_bytes([1; 16]));
        let (key, keys) = keys(&pepper);
        let (small, large) = (Bytes::from(small()), Bytes::from(fixtures::request()));
        let chat = catalog.models().iter().filter(|model| model.is_chat());
        let chat: Vec<_> = chat.cloned().collect();
        let choice = Choice::tier(Tier::Standard, Prefer::Balanced);
        let observed = observed(&many, now);
        let later = now + Duration::from_secs(7);
        let live = |model: &Model| observed[&model.id].live(model, Standing::Flowing, later);
        Self {
            key,
            keys,
            pepper,
            // Fills faster than a run can take.
            allowance: Allowance::new(&RateLimits {
                paying_per_min: NonZeroU32::MAX,
                ..RateLimits::default()
            }),
            parsed_small: ChatRequest::parse(small.clone()).unwrap(),
            parsed_large: ChatRequest::parse(large.clone()).unwrap(),
            small,
            large,
            judge: classify::builtin().unwrap(),
            rooms: [(Spend::Any, Arc::new(Rooms::of(&chat, &|_| 300)))],
            ask: grid::typical(choice, TODAY),
            breakers: Breakers::new(Policy::of(&config::Breaker::default()), now),
            now: later,
            wall_ms: WALL_MS,
            book,
            account: AccountId::from_bytes([1; 16]),
            answers: DIALECTS.map(|d| (d, fixtures::answer(d))).into(),
            streams: DIALECTS.map(|d| (d, fixtures::stream(d))).into(),
            envelope: Envelope::new(
                GenerationId::from_bytes([2; 16]),
                WALL_MS / 1000,
                &ModelId::new("model"),
                &ProviderName::new("provider"),
            ),
            numbers: 0,
            prepared: Prepared::of(&catalog, TODAY, &live),
            prepared_many: Prepared::of(&many, TODAY, &live),
            catalog,
            many,
            observed,
            _db: db,
            _dir: dir,
        }
    }

    /// A number that was not there before.
    pub fn next_number(&mut self) -> u128 {
        self.numbers += 1;
        self.numbers
    }

    /// An account whose texts nobody has counted.
    pub fn next_account(&mut self) -> String {
        self.next_number().to_string()
    }

    /// A model of the shipped catalog that is asked in a dialect.
    pub fn asked(&self, dialect: Dialect) -> (&Model, &Provider) {
        let pairs = self.catalog.models().iter().filter_map(|model| {
            let provider = self.catalog.provider(&model.provider)?;
            Some((&**model, &**provider))
        });
        let mut spoken = pairs.filter(|(model, _)| speaks(dialect, model.endpoint));
        let found = spoken.find(|(model, provider)| dialect_of(provider, model) == dialect);
        found.unwrap()
    }

    /// What is known of a model.
    pub fn live(&self, model: &Model) -> Live {
        self.observed[&model.id].live(model, Standing::Flowing, self.now)
    }
}

/// Rows for so many models more, all of one tier, of which no two are alike.
fn further(models: usize) -> Layer {
    let mut text = String::new();
    for number in 0..models {
        let [price, size, speed, score] = [7, 31, 89, 53].map(|step| number * step % 101 + 1);
        let (cents, quality) = (price * price, 0.3 + score as f64 / 200.0);
        write!(
            text,
            "[[model]]\nid = \"further-{number}\"\nprovider = \"openai\"\nupstream = \"further-{number}\"\n\
             tier = \"standard\"\nfree = false\ncontext_window = {}\nmax_output = 8192\ntokenizer = \"openai\"\n\
             price = {{ input = {:.3}, output = {:.3}, cache_read = 0.02, cache_write = 0.1 }}\n\
             quality = {quality:.3}\ncoding = 0.5\nttft_ms = {}\ntokens_per_s = {}\n\n",
            32_768 * size,
            cents as f64 / 1000.0,
            (cents * (size + 100)) as f64 / 40_000.0,
            200 + 10 * speed,
            40 + speed * size % 200,
        )
        .unwrap();
    }
    Layer {
        name: "further.toml".to_owned(),
        text,
    }
}

/// Every model with a history, as in a router that has run for a while.
fn observed(catalog: &Catalog, now: Instant) -> HashMap<ModelId, Observed> {
    let history = |(number, model): (u64, &Model)| {
        let (first, end) = (300 + number * 13 % 700, 2_000 + number * 29 % 9_000);
        let [first, end] = [first, end].map(Duration::from_millis);
        let seen = Observation::streamed(first, end, 200 + number * 17 % 600);
        let mut observed = Observed::new(now);
        (0..20).for_each(|_| observed.record(Ended::Measured(seen), now));
        (model.id.clone(), observed)
    };
    let models = catalog.models().iter().map(|model| &**model);
    (0..).zip(models).map(history).collect()
}

/// A key, and the directory in which it is found.
fn keys(pepper: &Pepper) -> (String, HashMap<KeyHash, usize>) {
    let all: Vec<ApiKey> = (0..KEYS).map(|_| ApiKey::generate()).collect();
    let hashes = all.iter().enumerate();
    let directory = hashes
        .map(|(number, key)| (key.hash(pepper), number))
        .collect();
    (all[KEYS / 2].reveal().to_owned(), directory)
}

/// A request with a prompt of 1.5 KiB.
fn small() -> String {
    const PROSE: &str =
        "The router reads the whole conversation and picks a model that fits its window. ";
    let text: String = PROSE.chars().cycle().take(1_400).collect();
    json!({ "model": "standard", "messages": [
        { "role": "system", "content": "You are a helpful assistant." },
        { "role": "user", "content": text },
    ] })
    .to_string()
}

/// A ledger with one customer who has credit.
fn funded(dir: &TempDir, account: AccountId) -> (Db, Book) {
    let db = Db::open(dir.path()).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), WALL_MS).unwrap();
    let credit = Picodollars::new(1_000_000 * DOLLAR);
    book.grant(account, credit, "bench", "bench", WALL_MS)
        .unwrap();
    (db, book)
}

/// A hold of a tenth of a cent.
pub fn order(account: AccountId, number: u128, now_ms: u64) -> Order {
    Order {
        generation: GenerationId::from_bytes(number.to_be_bytes()),
        account,
        key: KeyId::from_bytes([3; 16]),
        provider: "openai".to_owned(),
        model: "gpt-4.1-mini".to_owned(),
        want: Picodollars::new(DOLLAR / 1000),
        least: Picodollars::new(1),
        price_version: "2026-01-31".to_owned(),
        daily_limit: None,
        key_limits: SpendLimits::default(),
        expires_ms: now_ms + 660_000,
    }
}

/// An answer that came to so much.
pub fn record(order: &Order, cost: i64, now_ms: u64) -> Generation {
    Generation {
        id: order.generation,
        request_id: RequestId::from_bytes(order.generation.to_bytes()),
        account: order.account,
        key: order.key,
        created_ms: now_ms,
        model: order.model.clone(),
        provider: order.provider.clone(),
        tier: Some("economy".to_owned()),
        prefer: "balanced".to_owned(),
        auto_score: None,
        streamed: Delivery::Stream,
        finish_reason: Some("stop".to_owned()),
        native_finish_reason: Some("stop".to_owned()),
        usage: Some(usage()),
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
        candidates: None,
    }
}

/// Tokens of a question and its answer.
pub fn usage() -> Usage {
    Usage {
        prompt_tokens: 900,
        completion_tokens: 250,
        ..Usage::default()
    }
}
