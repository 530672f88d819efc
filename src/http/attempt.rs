//! One attempt at one model: encode, send, wait for real content.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout_at};

use super::clocks::Clocks;
use super::upstream::{Bytestream, Upstream, read_answer};
use crate::actors::catalog::Route;
use crate::catalog::Dialect;
use crate::usage::Usage;
use crate::wire::{
    self, Answer, ChatRequest, Encoded, Event, Fault, FaultClass, StreamDecoder, Weight,
};

/// Chunks that may come before the first content: role, pings and empty deltas.
const CHUNKS_BEFORE_CONTENT: usize = 4096;
/// Bytes of a stream that go out together at most, if they have come together.
const GATHERED_BYTES: usize = 16 << 10;

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
/// before. A fault carries what the provider counted by then.
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
    match stream.await_content(deadline).await {
        Ok(()) => Ok(Answered::Stream(Box::new(stream))),
        Err(fault) => Err(Fault {
            billed: fault.billed.or(stream.usage_so_far().map(Box::new)),
            ..fault
        }),
    }
}

impl LiveStream {
    /// Reads until the first real content. Role-only, empty and ping chunks are none, and reasoning
    /// that only the provider can read is none. The deadline is for content: however many bytes
    /// trickle in without any, it is not put off.
    async fn await_content(&mut self, deadline: Instant) -> Result<(), Fault> {
        let mut seen = 0;
        loop {
            let ended = self.read_before(deadline).await?;
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

    /// Reads one piece of the body; says whether that was its end.
    async fn read_before(&mut self, deadline: Instant) -> Result<bool, Fault> {
        match timeout_at(deadline, self.bytes.next()).await {
            Err(_) => Err(Fault::ours(FaultClass::Timeout, "no first token in time")),
            Ok(Some(Err(_))) => Err(Fault::ours(FaultClass::Connect, "the connection broke off")),
            Ok(Some(Ok(bytes))) => {
                self.decoder.push(&bytes, &mut self.events);
                Ok(false)
            }
            Ok(None) => {
                self.decoder.finish(&mut self.events);
                Ok(true)
            }
        }
    }

    /// The last usage among the events that nobody has taken yet.
    fn usage_so_far(&self) -> Option<Usage> {
        let usage = |event: &Event| match event {
            Event::Usage(reported) => Some(reported.usage),
            Event::Chunk(_)
            | Event::Alive
            | Event::Replay(_)
            | Event::Skipped
            | Event::Fault(_)
            | Event::Done => None,
        };
        self.events.iter().rev().find_map(usage)
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
                Ok(Some(Ok(bytes))) => {
                    self.decoder.push(&bytes, &mut self.events);
                    self.gather(bytes.len()).await;
                }
                Ok(None) => {
                    self.decoder.finish(&mut self.events);
                    if self.events.is_empty() {
                        return None;
                    }
                }
                Ok(Some(Err(_))) => self.events.push(broken_off()),
                Err(_) => return Some(vec![broken(FaultClass::Timeout, "the stream stalled")]),
            }
        }
    }

    /// Takes what else has come already, so that it goes out in one piece: a connection hands the chunks that it
    /// has read over one by one, and a write for each of them would cost more than all the rest.
    async fn gather(&mut self, mut bytes: usize) {
        while bytes < GATHERED_BYTES && !self.decoder.finished() {
            give_way().await;
            match self.bytes.next().now_or_never() {
                None => return,
                Some(Some(Ok(more))) => {
                    bytes += more.len();
                    self.decoder.push(&more, &mut self.events);
                }
                Some(Some(Err(_))) => return self.events.push(broken_off()),
                Some(None) => return self.decoder.finish(&mut self.events),
            }
        }
    }

    /// What has been decoded so far.
    pub fn decoder(&self) -> &StreamDecoder {
        &self.decoder
    }
}

/// Lets the worker's other tasks go first.
async fn give_way() {
    let mut gave_way = false;
    poll_fn(|task| {
        if gave_way {
            return Poll::Ready(());
        }
        gave_way = true;
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn broken_off() -> Event {
    broken(FaultClass::Malformed, "the stream broke off")
}

fn broken(class: FaultClass, message: &str) -> Event {
    Event::Fault(Fault::ours(class, message))
}

#[cfg(test)]
mod tests;
