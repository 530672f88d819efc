//! One attempt at one model: encode, send, wait for real content.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::upstream::{Bytestream, Upstream, read_answer};
use crate::actors::catalog::Route;
use crate::catalog::{Ability, Dialect, Model};
use crate::config::{self, Failover};
use crate::wire::{
    self, Answer, ChatRequest, Encoded, Event, Fault, FaultClass, StreamDecoder, Weight,
};

/// Chunks that may come before the first content: role, pings and empty deltas.
const CHUNKS_BEFORE_CONTENT: usize = 4096;

/// The clocks of one attempt.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    first_token: Duration,
    answer: Duration,
    idle: Duration,
    total: Duration,
}

impl Clocks {
    /// The operator's clocks, with the model's own where it has them.
    pub fn of(settings: &Failover, model: &Model, has_alternative: bool) -> Self {
        let reasoning = model.abilities.has(Ability::Reasoning);
        let first_token = match (reasoning, has_alternative) {
            (true, _) => settings.reasoning_first_token_ms,
            (false, true) => settings.first_token_ms,
            (false, false) => settings.last_first_token_ms,
        };
        let total = model
            .timeouts
            .total
            .unwrap_or(config::ms(settings.total_ms));
        let whole = if has_alternative && !reasoning {
            config::ms(settings.answer_ms)
        } else {
            total
        };
        Self {
            first_token: model
                .timeouts
                .first_token
                .unwrap_or(config::ms(first_token))
                .min(total),
            answer: whole.min(total),
            idle: model.timeouts.idle.unwrap_or(config::ms(settings.idle_ms)),
            total,
        }
    }
}

/// An answer, or the beginning of one.
pub enum Answered {
    /// All of it.
    Whole(Box<Answer>),
    /// Up to its first real content.
    Stream(Box<LiveStream>),
}

/// A stream that has begun.
pub struct LiveStream {
    bytes: Bytestream,
    decoder: StreamDecoder,
    events: Vec<Event>,
    idle: Duration,
    deadline: Instant,
}

/// Sends an encoded request to one model and waits for real content. Nothing reaches the caller
/// before.
pub async fn run(
    upstream: &Upstream,
    route: &Route,
    encoded: &Encoded,
    dialect: Dialect,
    request: &ChatRequest,
    clocks: Clocks,
) -> Result<Answered, Fault> {
    let now = Instant::now();
    let view = request.reasoning_view();
    if !request.stream() {
        let deadline = now + clocks.answer;
        let bytes = upstream.send(route, dialect, encoded, deadline).await?;
        let answer = wire::decode_answer(dialect, &read_answer(bytes, deadline).await?, view)?;
        return Ok(Answered::Whole(Box::new(answer)));
    }
    let deadline = now + clocks.first_token;
    let mut stream = LiveStream {
        bytes: upstream.send(route, dialect, encoded, deadline).await?,
        decoder: StreamDecoder::new(dialect, view),
        events: Vec::new(),
        idle: clocks.idle,
        deadline: now + clocks.total,
    };
    stream.await_content(deadline).await?;
    Ok(Answered::Stream(Box::new(stream)))
}

impl LiveStream {
    /// Reads until the first real content. Role-only, empty and ping chunks are none.
    async fn await_content(&mut self, deadline: Instant) -> Result<(), Fault> {
        let mut seen = 0;
        loop {
            let ended = match timeout_at(deadline, self.bytes.next()).await {
                Err(_) => return Err(Fault::ours(FaultClass::Timeout, "no first token in time")),
                Ok(Some(Err(_))) => {
                    return Err(Fault::ours(FaultClass::Connect, "the connection broke off"));
                }
                Ok(Some(Ok(bytes))) => {
                    self.decoder.push(&bytes, &mut self.events);
                    false
                }
                Ok(None) => {
                    self.decoder.finish(&mut self.events);
                    true
                }
            };
            // Signs of life are not for the caller, and a model may think for long.
            self.events.retain(|event| !matches!(event, Event::Alive));
            for event in &self.events[seen..] {
                match event {
                    Event::Chunk(chunk) if chunk.weight == Weight::Content => return Ok(()),
                    Event::Fault(fault) => return Err(fault.clone()),
                    // The decoder lets an answer without content end well only when its finish or its
                    // usage explains why there is none.
                    Event::Done => return Ok(()),
                    Event::Chunk(_)
                    | Event::Alive
                    | Event::Usage(_)
                    | Event::Replay(_)
                    | Event::Skipped => {}
                }
            }
            seen = self.events.len();
            if ended || seen > CHUNKS_BEFORE_CONTENT {
                return Err(Fault::ours(
                    FaultClass::Malformed,
                    "the stream has no content",
                ));
            }
        }
    }

    /// The next events; `None` when there are no more. A cut or a stall is a fault among them.
    pub async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            if !self.events.is_empty() {
                return Some(std::mem::take(&mut self.events));
            }
            if self.decoder.finished() {
                return None;
            }
            let deadline = self.deadline.min(Instant::now() + self.idle);
            match timeout_at(deadline, self.bytes.next()).await {
                Ok(Some(Ok(bytes))) => self.decoder.push(&bytes, &mut self.events),
                Ok(None) => {
                    self.decoder.finish(&mut self.events);
                    if self.events.is_empty() {
                        return None;
                    }
                }
                Ok(Some(Err(_))) => {
                    return Some(vec![broken(FaultClass::Malformed, "the stream broke off")]);
                }
                Err(_) => return Some(vec![broken(FaultClass::Timeout, "the stream stalled")]),
            }
        }
    }

    /// What has been decoded so far.
    pub fn decoder(&self) -> &StreamDecoder {
        &self.decoder
    }
}

fn broken(class: FaultClass, message: &str) -> Event {
    Event::Fault(Fault::ours(class, message))
}
