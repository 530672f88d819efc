//! The body of a streamed answer, as actix takes it: frames, and comments until there are any.

mod bill;
mod ending;
mod flow;
mod leave;
mod recovery;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::timeout;

use self::flow::Flow;
use self::leave::Attended;
use super::ApiError;
use super::attempt::LiveStream;
use super::headers::AutoVerdict;
use super::metered::{Meter, Spending};
use super::visit::unix_seconds;
use crate::actors::provider::Lease;
use crate::actors::stop::StopListener;
use crate::catalog::{ModelId, OnDisconnect, ProviderName};
use crate::ids::GenerationId;
use crate::routing::Candidate;
use crate::wire::{Envelope, Warning};

pub use self::bill::{answer_tokens, counted, estimate, is_billable};
pub use self::recovery::{Resume, is_wanted};

/// Time between two comments while no content comes.
const COMMENT_PERIOD: Duration = Duration::from_secs(10);

/// Everything a stream needs to its end.
pub struct Ticket {
    /// Counts and bills.
    pub meter: Box<Meter>,
    /// Reports how the attempt ended.
    pub lease: Option<Lease>,
    /// The upstream's events.
    pub live: Box<LiveStream>,
    /// Writes the caller's frames.
    pub envelope: Envelope,
    /// Who answers.
    pub candidate: Candidate,
    /// What was left out of the request.
    pub warnings: Vec<Warning>,
    /// When the attempt went upstream.
    pub dispatched: Instant,
    /// When its first content came.
    pub answered: Instant,
    /// What `auto` decided.
    pub auto: Option<AutoVerdict>,
    /// Estimated input, for when the provider does not count.
    pub prompt_tokens: u64,
    /// How many answers were asked for.
    pub choices: u32,
    /// The hash of the messages that it answers.
    pub conversation: Option<u64>,
    /// Watches the hold.
    pub spending: Spending,
    /// What becomes of the upstream's stream when the caller leaves.
    pub on_disconnect: OnDisconnect,
    /// Hears when the router is to end.
    pub stop: StopListener,
    /// What it takes to go on after a break, where that is wanted.
    pub resume: Option<Box<Resume>>,
}

type Frame = Result<Bytes, actix_web::Error>;

/// The frames of an answer that has begun.
pub fn frames(ticket: Ticket) -> impl Stream<Item = Frame> {
    let flowing = Stage::Flowing(Attended::new(Flow::new(ticket)));
    stream::unfold(flowing, |stage| stage.advance(COMMENT_PERIOD))
}

/// The frames of an answer that is still waited for: comments until it begins. An error is the only
/// frame then, because the status has already been sent.
pub fn patient_frames(
    opening: Pin<Box<impl Future<Output = Result<Ticket, ApiError>> + 'static>>,
    generation: GenerationId,
) -> impl Stream<Item = Frame> {
    let first: Frame = Ok(comment());
    let opening = Stage::Opening(opening, generation);
    let rest = stream::unfold(opening, |stage| stage.advance(COMMENT_PERIOD));
    stream::once(async { first }).chain(rest)
}

type Opening = Pin<Box<dyn Future<Output = Result<Ticket, ApiError>>>>;
type Pause = Pin<Box<dyn Future<Output = (Option<Bytes>, Attended)>>>;

/// The same frames; what is logged while they are made carries the request's ids.
pub fn logged<S: Stream + Unpin>(
    mut frames: S,
    span: tracing::Span,
) -> impl Stream<Item = S::Item> {
    stream::poll_fn(move |task| {
        let _logged = span.enter();
        frames.poll_next_unpin(task)
    })
}

/// How far a stream has come.
enum Stage {
    /// The first content is waited for.
    Opening(Opening, GenerationId),
    Flowing(Attended),
    /// The answer broke off, and somebody is asked to go on with it.
    Pausing(Pause),
    Ended,
}

impl Stage {
    /// The next frame, and what follows it: a comment when nothing comes for a period.
    async fn advance(self, period: Duration) -> Option<(Frame, Self)> {
        let mut stage = self;
        loop {
            stage = match stage {
                Self::Ended => return None,
                Self::Opening(mut opening, generation) => {
                    match timeout(period, &mut opening).await {
                        Err(_) => return Some((Ok(comment()), Self::Opening(opening, generation))),
                        Ok(Err(error)) => {
                            return Some((Ok(failed(&error, generation)), Self::Ended));
                        }
                        Ok(Ok(ticket)) => Self::Flowing(Attended::new(Flow::new(ticket))),
                    }
                }
                Self::Flowing(mut attended) if attended.has_broken_off() => {
                    Self::Pausing(Box::pin(async move { (attended.next().await, attended) }))
                }
                Self::Flowing(mut attended) => match attended.next().await? {
                    frame if frame.is_empty() => Self::Flowing(attended),
                    frame => return Some((Ok(frame), Self::Flowing(attended))),
                },
                Self::Pausing(mut pause) => match timeout(period, &mut pause).await {
                    Err(_) => return Some((Ok(comment()), Self::Pausing(pause))),
                    Ok((None, _)) => return None,
                    Ok((Some(frame), attended)) if frame.is_empty() => Self::Flowing(attended),
                    Ok((Some(frame), attended)) => {
                        return Some((Ok(frame), Self::Flowing(attended)));
                    }
                },
            };
        }
    }
}

fn comment() -> Bytes {
    let mut frame = Vec::new();
    Envelope::comment(&mut frame);
    frame.into()
}

fn failed(error: &ApiError, generation: GenerationId) -> Bytes {
    let envelope = Envelope::new(
        generation,
        unix_seconds(),
        &ModelId::new(""),
        &ProviderName::new(""),
    );
    let mut frame = Vec::new();
    envelope.error(
        error.code().word(),
        error.message(),
        Some(&error.metadata_json()),
        &mut frame,
    );
    Envelope::done(&mut frame);
    frame.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pause_is_bridged_with_comments() {
        let mut stage = Stage::Pausing(Box::pin(std::future::pending()));
        for _ in 0..3 {
            let (frame, rest) = stage.advance(Duration::from_millis(1)).await.unwrap();
            assert_eq!(frame.unwrap(), comment());
            assert!(matches!(rest, Stage::Pausing(_)), "it is still waited for");
            stage = rest;
        }
    }
}
