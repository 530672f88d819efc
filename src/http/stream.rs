//! The body of a streamed answer: upstream events → frames, and the settle before the last of them.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::ApiError;
use super::attempt::LiveStream;
use super::consequence::outcome;
use super::headers::AutoVerdict;
use super::metered::{Ending, Meter, Spending};
use super::refusal::unextended;
use super::visit::unix_seconds;
use crate::actors::breaker::Outcome;
use crate::actors::provider::Lease;
use crate::catalog::{ModelId, ProviderName};
use crate::ids::GenerationId;
use crate::routing::Candidate;
use crate::store::{Refusal, Status};
use crate::usage::Usage;
use crate::wire::{
    Delivered, Envelope, Event, Fault, FaultClass, Finish, ReportedUsage, UsageBlock, Warning,
};

/// Time between two comments while no content has come.
const COMMENT_PERIOD: Duration = Duration::from_secs(10);
/// Bytes of text that make a token when the provider did not count.
const BYTES_PER_TOKEN: u64 = 4;

/// Everything a stream needs to its end. Dropped before that, it bills what was delivered.
pub struct Ticket {
    /// Counts and bills.
    pub meter: Meter,
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
    /// Watches the hold.
    pub spending: Spending,
}

/// Where a stream is.
enum Phase {
    Flowing,
    Ended,
}

struct Metered {
    ticket: Ticket,
    phase: Phase,
    usage: Option<ReportedUsage>,
}

type Frame = Result<Bytes, actix_web::Error>;

/// The frames of an answer that has begun.
pub fn frames(ticket: Ticket) -> impl Stream<Item = Frame> {
    let metered = Metered {
        ticket,
        phase: Phase::Flowing,
        usage: None,
    };
    stream::unfold(metered, |mut metered| async move {
        metered.next().await.map(|frame| (Ok(frame), metered))
    })
}

type Opening = Pin<Box<dyn Future<Output = Result<Ticket, ApiError>>>>;

enum Patient {
    Waiting(Opening),
    Flowing(Box<Metered>),
    Ended,
}

/// The frames of an answer that is still waited for: comments until it begins. An error is the only
/// frame then, because the status has already been sent.
pub fn patient_frames(
    opening: Pin<Box<impl Future<Output = Result<Ticket, ApiError>> + 'static>>,
    generation: GenerationId,
) -> impl Stream<Item = Frame> {
    let first: Frame = Ok(comment());
    let rest = stream::unfold(Patient::Waiting(opening), move |state| async move {
        match state {
            Patient::Ended => None,
            Patient::Flowing(mut metered) => metered
                .next()
                .await
                .map(|frame| (Ok(frame), Patient::Flowing(metered))),
            Patient::Waiting(mut opening) => {
                match tokio::time::timeout(COMMENT_PERIOD, &mut opening).await {
                    Err(_) => Some((Ok(comment()), Patient::Waiting(opening))),
                    Ok(Err(error)) => Some((Ok(failed(&error, generation)), Patient::Ended)),
                    Ok(Ok(ticket)) => {
                        let metered = Metered {
                            ticket,
                            phase: Phase::Flowing,
                            usage: None,
                        };
                        Some((Ok(comment()), Patient::Flowing(Box::new(metered))))
                    }
                }
            }
        }
    });
    stream::once(async { first }).chain(rest)
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

impl Metered {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.phase {
                Phase::Ended => return None,
                Phase::Flowing => {}
            }
            let mut frame = Vec::new();
            let Some(events) = self.ticket.live.next().await else {
                return Some(self.end(None, frame).await);
            };
            for event in events {
                match event {
                    Event::Chunk(chunk) => {
                        let ticket = &mut self.ticket;
                        let bytes = chunk.text_bytes;
                        match ticket.spending.count(&mut ticket.meter, bytes).await {
                            Ok(()) => ticket.envelope.chunk(&chunk, &mut frame),
                            Err(refusal) => return Some(self.cut_off(&refusal, frame).await),
                        }
                    }
                    Event::Usage(usage) => self.usage = Some(usage),
                    Event::Alive => {}
                    Event::Replay(replay) => self.ticket.meter.remember(&replay),
                    Event::Skipped => tracing::debug!("a malformed event was skipped"),
                    Event::Done => return Some(self.end(self.ended_badly(), frame).await),
                    Event::Fault(fault) => return Some(self.end(Some(fault), frame).await),
                }
            }
            if !frame.is_empty() {
                return Some(frame.into());
            }
        }
    }

    /// A stream may end in order and still say that the answer failed.
    fn ended_badly(&self) -> Option<Fault> {
        match self.ticket.live.decoder().finish_reason() {
            Some((Finish::Error, _)) => Some(Fault::ours(
                FaultClass::Server,
                "the provider broke its answer off",
            )),
            Some((
                Finish::Stop
                | Finish::Length
                | Finish::ToolCalls
                | Finish::FunctionCall
                | Finish::ContentFilter,
                _,
            ))
            | None => None,
        }
    }

    /// Settles, and only then writes the last frames: who saw the end was charged exactly once.
    async fn end(&mut self, fault: Option<Fault>, mut frame: Vec<u8>) -> Bytes {
        self.phase = Phase::Ended;
        let status = if fault.is_some() {
            Status::Failed
        } else {
            Status::Ok
        };
        self.report(fault.as_ref());
        let (shown, ending) = self.ending(status, fault.is_some());
        if let (None, Some(reported)) = (&ending.usage, &self.usage) {
            let model = &self.ticket.candidate.model;
            self.ticket.meter.note_loss(model, &reported.usage);
        }
        let receipt = match self.ticket.meter.settle(&ending).await {
            Ok(receipt) => receipt,
            // Without a settle there is no end: the stream just breaks off.
            Err(_) => return frame.into(),
        };
        let envelope = &self.ticket.envelope;
        if let Some(fault) = &fault {
            let metadata = format!(
                r#"{{"provider":{:?},"retryable":true}}"#,
                self.ticket.candidate.model.provider.as_str()
            );
            envelope.error(
                "upstream_error",
                &fault.message,
                Some(&metadata),
                &mut frame,
            );
        }
        let extra = self.usage.as_ref().map(|reported| &reported.extra);
        envelope.usage(
            &UsageBlock {
                usage: shown,
                cost: receipt.cost,
                extra,
            },
            &mut frame,
        );
        Envelope::done(&mut frame);
        frame.into()
    }

    /// Ends an answer that the caller cannot pay further: what was handed over is billed.
    async fn cut_off(&mut self, refusal: &Refusal, mut frame: Vec<u8>) -> Bytes {
        self.phase = Phase::Ended;
        self.report(None);
        let usage = self.usage.as_ref().map(|reported| reported.usage);
        let shown = usage.unwrap_or_else(|| self.ticket.spending.usage());
        let ending = Ending {
            status: Status::Ok,
            finish_reason: Some(Finish::Length.as_str().to_owned()),
            native_finish_reason: None,
            usage: Some(shown),
            ttft: Some(self.ticket.answered - self.ticket.dispatched),
        };
        let Ok(receipt) = self.ticket.meter.settle(&ending).await else {
            return frame.into();
        };
        let envelope = &self.ticket.envelope;
        let message = format!("The answer ends here: {refusal}.");
        envelope.cut_off(unextended(refusal).word(), &message, &mut frame);
        let block = UsageBlock {
            usage: shown,
            cost: receipt.cost,
            extra: None,
        };
        envelope.usage(&block, &mut frame);
        Envelope::done(&mut frame);
        frame.into()
    }

    fn report(&mut self, fault: Option<&Fault>) {
        if let Some(lease) = self.ticket.lease.take() {
            lease.report(fault.map_or(Outcome::Success, outcome));
        }
    }

    fn ending(&self, status: Status, failed: bool) -> (Usage, Ending) {
        let decoder = self.ticket.live.decoder();
        let delivered = decoder.delivered();
        let shown = counted(self.usage.as_ref(), self.ticket.prompt_tokens, &delivered);
        let native = decoder.finish_reason();
        let finish = if failed {
            Some(Finish::Error)
        } else {
            native.map(|(finish, _)| finish)
        };
        let ending = Ending {
            status,
            finish_reason: finish.map(|finish| finish.as_str().to_owned()),
            native_finish_reason: native.map(|(_, word)| word.to_owned()),
            usage: is_billable(finish, &delivered, &shown).then_some(shown),
            ttft: Some(self.ticket.answered - self.ticket.dispatched),
        };
        (shown, ending)
    }
}

impl Drop for Metered {
    /// The caller has left: the upstream is cancelled with the stream, what was delivered is billed.
    fn drop(&mut self) {
        match self.phase {
            Phase::Ended => {}
            Phase::Flowing => {
                let (_, ending) = self.ending(Status::Cancelled, false);
                self.ticket.meter.abandon(&ending);
            }
        }
    }
}

/// Usage as reported. What the provider did not say is counted from text; no prompt has zero tokens.
pub fn counted(
    reported: Option<&ReportedUsage>,
    prompt_tokens: u64,
    delivered: &Delivered,
) -> Usage {
    match reported.map(|reported| reported.usage) {
        None => estimate(prompt_tokens, delivered),
        // Zero all over is a count: a guardrail stepped in before the model was asked.
        Some(usage) if usage.prompt_tokens == 0 && usage.completion_tokens > 0 => Usage {
            prompt_tokens,
            estimated: true,
            ..usage
        },
        Some(usage) => usage,
    }
}

/// Usage counted from text, because the provider did not say.
pub fn estimate(prompt_tokens: u64, delivered: &Delivered) -> Usage {
    let completion_tokens = delivered.text_bytes.div_ceil(BYTES_PER_TOKEN);
    Usage {
        prompt_tokens,
        completion_tokens,
        estimated: true,
        ..Usage::default()
    }
}

/// Nothing is billed without output when the finish is blank, an error or a filter.
pub fn is_billable(finish: Option<Finish>, delivered: &Delivered, usage: &Usage) -> bool {
    let has_output = delivered.has_content || (usage.completion_tokens > 0 && !usage.estimated);
    match finish {
        None | Some(Finish::Error | Finish::ContentFilter) => has_output,
        Some(Finish::Stop | Finish::Length | Finish::ToolCalls | Finish::FunctionCall) => true,
    }
}
