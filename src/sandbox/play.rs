//! Sends a response body frame by frame, with the planned pauses and breaks.

use std::collections::VecDeque;

use actix_web::body::BodyStream;
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::stream;
use thiserror::Error;

use super::fault::{LONGEST, Plan};
use super::rupture::{Manner, Progress};
use super::script::{Ending, Entry};

/// Frames that are known before they are sent; a rupture counts from the end.
const LOOK_AHEAD: usize = 3;

/// A piece of a body that is sent at once.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) bytes: Bytes,
    /// Tokens of the answer that it carries.
    pub(super) tokens: usize,
}

/// A body and what a dialect sends when it is to break.
pub(super) struct Show {
    pub(super) frames: Box<dyn Iterator<Item = Frame>>,
    /// What no reader of the dialect can read.
    pub(super) malformed: Bytes,
    /// The dialect's error inside a 200 response, which also ends it.
    pub(super) error: Bytes,
}

impl Show {
    /// A body that is no stream: two halves, so that faults in its middle have a place.
    pub(super) fn whole(body: Vec<u8>, tokens: usize) -> Self {
        let mut bytes = Bytes::from(body);
        let rest = bytes.split_off(bytes.len() / 2);
        let second = Frame {
            bytes: rest,
            tokens: 0,
        };
        Self {
            frames: Box::new([Frame { bytes, tokens }, second].into_iter()),
            malformed: Bytes::from_static(b"\"\"\""),
            error: Bytes::new(),
        }
    }
}

/// Makes the server close the connection.
#[derive(Debug, Error)]
#[error("the simulated provider closed the connection as planned")]
struct Broken;

/// A response that plays `show` as planned.
pub(super) fn respond(
    mut builder: HttpResponseBuilder,
    show: Show,
    plan: Plan,
    entry: Entry,
) -> HttpResponse {
    let player = Player {
        show,
        ahead: VecDeque::new(),
        plan,
        entry,
        queue: VecDeque::new(),
        sent_bytes: 0,
        sent_tokens: 0,
        frames: 0,
    };
    let body = stream::unfold(player, |mut player| async move {
        let piece = player.next().await?;
        Some((piece, player))
    });
    builder.body(BodyStream::new(Box::pin(body)))
}

/// Closes the connection without a response: a body that breaks at its first poll takes its
/// unsent head with it.
pub(super) fn reset(entry: Entry) -> HttpResponse {
    entry.end(Ending::Broken);
    HttpResponse::Ok().body(BodyStream::new(stream::iter([Err::<Bytes, _>(Broken)])))
}

/// What comes next.
#[derive(Debug)]
enum Step {
    Send(Bytes),
    Break,
    Reset,
    Stall,
    End(Ending),
}

struct Player {
    show: Show,
    /// The next frames, as many as a look ahead needs.
    ahead: VecDeque<Frame>,
    plan: Plan,
    entry: Entry,
    queue: VecDeque<Step>,
    sent_bytes: usize,
    sent_tokens: usize,
    frames: usize,
}

impl Player {
    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        let step = match self.queue.pop_front() {
            Some(step) => step,
            None => {
                self.plan_frame().await;
                self.queue.pop_front()?
            }
        };
        match step {
            Step::Send(bytes) => self.send(bytes),
            Step::End(ending) => {
                self.entry.end(ending);
                None
            }
            Step::Break => Some(self.broken().await),
            Step::Reset => {
                self.entry.reset_on_close();
                Some(self.broken().await)
            }
            Step::Stall => {
                tokio::time::sleep(LONGEST).await;
                Some(self.broken().await)
            }
        }
    }

    /// Queues the steps of the next frame, after its pause.
    async fn plan_frame(&mut self) {
        while self.ahead.len() < LOOK_AHEAD {
            match self.show.frames.next() {
                Some(frame) => self.ahead.push_back(frame),
                None => break,
            }
        }
        let left = self.ahead.len();
        let Some(frame) = self.ahead.pop_front() else {
            self.queue.push_back(Step::End(Ending::Complete));
            return;
        };
        if self.ruptures(&frame, left) {
            return;
        }
        if let Some(step) = self.interruption(&frame) {
            self.queue.extend(step);
            return;
        }
        let first_token = frame.tokens > 0 && self.sent_tokens == 0;
        if first_token {
            tokio::time::sleep(self.plan.ttft).await;
        } else if self.sent_tokens > 0 {
            tokio::time::sleep(self.plan.gap).await;
        }
        self.frames += 1;
        self.sent_tokens += frame.tokens;
        self.queue.push_back(Step::Send(frame.bytes));
        if self.plan.malformed && self.frames == 2 {
            self.queue
                .push_back(Step::Send(self.show.malformed.clone()));
        }
    }

    /// Whether the planned rupture comes before the frame and ends the body. One that does not end
    /// it is queued before the frame.
    fn ruptures(&mut self, frame: &Frame, left: usize) -> bool {
        let progress = Progress {
            tokens: self.sent_tokens,
            pieces: self.frames,
            next_tokens: frame.tokens,
            left,
        };
        let Some((_, manner)) = self
            .plan
            .rupture
            .take_if(|(point, _)| point.reached(progress))
        else {
            return false;
        };
        match manner {
            Manner::Fin => self.queue.push_back(Step::Break),
            Manner::Rst => self.queue.push_back(Step::Reset),
            Manner::Stall => self.queue.push_back(Step::Stall),
            Manner::Error => self.queue.extend([
                Step::Send(self.show.error.clone()),
                Step::End(Ending::Broken),
            ]),
            Manner::Broken => {
                self.queue
                    .push_back(Step::Send(self.show.malformed.clone()));
                return false;
            }
        }
        true
    }

    /// What happens instead of the frame, when its time has come.
    fn interruption(&self, frame: &Frame) -> Option<Vec<Step>> {
        let due = |after: Option<usize>| {
            after.is_some_and(|tokens| {
                self.sent_tokens >= tokens && (frame.tokens > 0 || self.sent_tokens > 0)
            })
        };
        if due(self.plan.error_tokens) {
            let error = Step::Send(self.show.error.clone());
            Some(vec![error, Step::End(Ending::Broken)])
        } else if due(self.plan.cut_tokens) {
            Some(vec![Step::Break])
        } else if due(self.plan.stall_tokens) {
            Some(vec![Step::Stall])
        } else {
            None
        }
    }

    fn send(&mut self, mut bytes: Bytes) -> Option<Result<Bytes, Broken>> {
        if let Some(cut) = self.plan.cut_bytes {
            let room = cut.saturating_sub(self.sent_bytes);
            if bytes.len() >= room {
                bytes.truncate(room);
                self.queue.clear();
                self.queue.push_back(Step::Break);
            }
        }
        self.sent_bytes += bytes.len();
        Some(Ok(bytes))
    }

    /// Yields first: what has been handed over is flushed before the connection goes.
    async fn broken(&mut self) -> Result<Bytes, Broken> {
        tokio::task::yield_now().await;
        self.entry.end(Ending::Broken);
        Err(Broken)
    }
}
