//! The pieces of a request's way through the router, each one as a call that can be repeated. Criterion times
//! them (`benches/pieces`), callgrind counts their instructions (`tools/instructions`).

use std::hint::black_box;
use std::time::Duration;

use model_router::actors::breaker::{Outcome, Spare};
use model_router::actors::rate::Standing;
use model_router::catalog::{Catalog, Cost, Dialect};
use model_router::http::count::need_for;
use model_router::http::transcript::transcript;
use model_router::ids::ApiKey;
use model_router::routing::Standing::Flowing;
use model_router::routing::classify::{Circumstances, classify};
use model_router::routing::{Mood, Now, Prepared, foremost, ranked};
use model_router::wire::sse::{Item, SseDecoder};
use model_router::wire::{
    ChatRequest, Context, Event, ReasoningView, StreamDecoder, UsageBlock, decode_answer,
    encode_chat,
};

use crate::stock::{DOLLAR, READ_BYTES, Stock, order, record};

/// Candidates that a request begins with.
const CANDIDATES: usize = 8;

/// One piece: the name of its function, and what runs it once.
pub type Piece = (&'static str, fn(&mut Stock));

macro_rules! pieces {
    ($($piece:ident),* $(,)?) => {
        /// Every piece, in the order in which a request meets them. `small` is a prompt of 1.5 KiB, `large` one of
        /// 64 KiB; `rank` chooses among the models that are shipped, `rank_many` among 1,000; `frames` and `chunks`
        /// are streams of 2,000 pieces.
        pub const PIECES: &[Piece] = &[$((stringify!($piece), $piece)),*];
    };
}

pieces![
    key,
    rate,
    parse_small,
    parse_large,
    count_small,
    count_large,
    count_again,
    classify_large,
    rank,
    rank_many,
    rank_all,
    prepare_many,
    breaker,
    ledger,
    encode_small,
    encode_openai,
    encode_responses,
    encode_anthropic,
    encode_gemini,
    encode_bedrock,
    answer_openai,
    answer_responses,
    answer_anthropic,
    answer_gemini,
    answer_bedrock,
    frames,
    chunks_openai,
    chunks_responses,
    chunks_anthropic,
    chunks_gemini,
    chunks_bedrock,
];

#[inline(never)]
fn key(stock: &mut Stock) {
    let key = ApiKey::parse(black_box(&stock.key)).unwrap();
    black_box(stock.keys.get(&key.hash(&stock.pepper)).unwrap());
}

#[inline(never)]
fn rate(stock: &mut Stock) {
    black_box(stock.allowance.take(Standing::Paying).unwrap());
}

#[inline(never)]
fn parse_small(stock: &mut Stock) {
    black_box(ChatRequest::parse(stock.small.clone()).unwrap());
}

#[inline(never)]
fn parse_large(stock: &mut Stock) {
    black_box(ChatRequest::parse(stock.large.clone()).unwrap());
}

#[inline(never)]
fn count_small(stock: &mut Stock) {
    let account = stock.next_account();
    count(stock, &stock.parsed_small, &account);
}

#[inline(never)]
fn count_large(stock: &mut Stock) {
    let account = stock.next_account();
    count(stock, &stock.parsed_large, &account);
}

/// The account has sent the same before: its texts are only looked up.
#[inline(never)]
fn count_again(stock: &mut Stock) {
    count(stock, &stock.parsed_large, "the same");
}

fn count(stock: &Stock, request: &ChatRequest, account: &str) {
    black_box(need_for(&stock.rooms, request, account));
}

#[inline(never)]
fn classify_large(stock: &mut Stock) {
    let read = transcript(&stock.parsed_large);
    black_box(classify(&stock.judge, &read, &Circumstances::default()));
}

#[inline(never)]
fn rank(stock: &mut Stock) {
    choose(stock, &stock.prepared, &stock.catalog);
}

#[inline(never)]
fn rank_many(stock: &mut Stock) {
    choose(stock, &stock.prepared_many, &stock.many);
}

fn choose(stock: &Stock, prepared: &Prepared, catalog: &Catalog) {
    let now = Now {
        live: &|model| stock.live(model),
        standing: &|_| Flowing,
        mood: &|_| Mood::Calm,
    };
    let found = foremost(prepared, catalog, &stock.ask, &now, CANDIDATES);
    assert_eq!(found.ranked.len(), CANDIDATES);
    black_box(found);
}

/// All models ranked, as for a dry run or when the foremost have failed.
#[inline(never)]
fn rank_all(stock: &mut Stock) {
    let catalog = &stock.many;
    let live = |model: &_| stock.live(model);
    black_box(ranked(catalog, &stock.ask, &catalog.weights(), &live));
}

/// What is done now and then beside the requests, for 1,000 models.
#[inline(never)]
fn prepare_many(stock: &mut Stock) {
    let live = |model: &_| stock.live(model);
    black_box(Prepared::of(&stock.many, stock.ask.today, &live));
}

#[inline(never)]
fn breaker(stock: &mut Stock) {
    stock.now += Duration::from_millis(1);
    let (model, now) = (&stock.asked(Dialect::OpenAi).0.id.clone(), stock.now);
    let pass = stock.breakers.admit(model, Spare::Another, now).unwrap();
    stock
        .breakers
        .record(model, pass, Outcome::Success, now, 0.5);
}

#[inline(never)]
fn ledger(stock: &mut Stock) {
    stock.wall_ms += 1;
    let (order, now_ms) = (
        order(stock.account, stock.next_number(), stock.wall_ms),
        stock.wall_ms,
    );
    stock.book.authorise(&order, now_ms).unwrap();
    let record = record(&order, DOLLAR / 2000, now_ms);
    stock.book.settle(record, now_ms).unwrap();
    black_box(stock.book.take_batch());
}

#[inline(never)]
fn encode_small(stock: &mut Stock) {
    encode(stock, &stock.parsed_small, Dialect::OpenAi);
}

#[inline(never)]
fn encode_openai(stock: &mut Stock) {
    encode(stock, &stock.parsed_large, Dialect::OpenAi);
}

#[inline(never)]
fn encode_responses(stock: &mut Stock) {
    encode(stock, &stock.parsed_large, Dialect::Responses);
}

#[inline(never)]
fn encode_anthropic(stock: &mut Stock) {
    encode(stock, &stock.parsed_large, Dialect::Anthropic);
}

#[inline(never)]
fn encode_gemini(stock: &mut Stock) {
    encode(stock, &stock.parsed_large, Dialect::Gemini);
}

#[inline(never)]
fn encode_bedrock(stock: &mut Stock) {
    encode(stock, &stock.parsed_large, Dialect::Bedrock);
}

fn encode(stock: &Stock, request: &ChatRequest, dialect: Dialect) {
    let (model, provider) = stock.asked(dialect);
    black_box(encode_chat(request, model, provider, &Context::PLAIN).unwrap());
}

#[inline(never)]
fn answer_openai(stock: &mut Stock) {
    answer(stock, Dialect::OpenAi);
}

#[inline(never)]
fn answer_responses(stock: &mut Stock) {
    answer(stock, Dialect::Responses);
}

#[inline(never)]
fn answer_anthropic(stock: &mut Stock) {
    answer(stock, Dialect::Anthropic);
}

#[inline(never)]
fn answer_gemini(stock: &mut Stock) {
    answer(stock, Dialect::Gemini);
}

#[inline(never)]
fn answer_bedrock(stock: &mut Stock) {
    answer(stock, Dialect::Bedrock);
}

/// An upstream's answer read, and written for the caller.
fn answer(stock: &Stock, dialect: Dialect) {
    let read = decode_answer(dialect, &stock.answers[&dialect], ReasoningView::Include).unwrap();
    let reported = read.usage().unwrap();
    let block = UsageBlock {
        usage: reported.usage,
        cost: Cost::default(),
        extra: Some(&reported.extra),
    };
    black_box(stock.envelope.answer(&read, &block));
}

/// The frames of OpenAI's stream found, and nothing made of them.
#[inline(never)]
fn frames(stock: &mut Stock) {
    let mut decoder = SseDecoder::default();
    for piece in stock.streams[&Dialect::OpenAi].chunks(READ_BYTES) {
        let sink = |item: Item<'_>| {
            black_box(&item);
        };
        decoder.push(piece, sink).unwrap();
    }
}

#[inline(never)]
fn chunks_openai(stock: &mut Stock) {
    chunks(stock, Dialect::OpenAi);
}

#[inline(never)]
fn chunks_responses(stock: &mut Stock) {
    chunks(stock, Dialect::Responses);
}

#[inline(never)]
fn chunks_anthropic(stock: &mut Stock) {
    chunks(stock, Dialect::Anthropic);
}

#[inline(never)]
fn chunks_gemini(stock: &mut Stock) {
    chunks(stock, Dialect::Gemini);
}

#[inline(never)]
fn chunks_bedrock(stock: &mut Stock) {
    chunks(stock, Dialect::Bedrock);
}

/// A stream of 2,000 chunks read, and written for the caller.
fn chunks(stock: &Stock, dialect: Dialect) {
    let mut decoder = StreamDecoder::new(dialect, ReasoningView::Include);
    let (mut events, mut out) = (Vec::new(), Vec::new());
    for piece in stock.streams[&dialect].chunks(READ_BYTES) {
        decoder.push(piece, &mut events);
        for event in events.drain(..) {
            if let Event::Chunk(chunk) = event {
                stock.envelope.chunk(&chunk, &mut out);
            }
        }
        black_box(&out);
        out.clear();
    }
    decoder.finish(&mut events);
}
