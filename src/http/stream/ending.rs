//! The end of a streamed answer: what it comes to, the settle, and only then the last frames.

use bytes::Bytes;

use super::Ticket;
use super::bill;
use super::flow::{Flow, Phase};
use crate::actors::breaker::Outcome;
use crate::counters::StreamEnd;
use crate::http::consequence::{outcome, word};
use crate::http::metered::Ending;
use crate::routing::Observation;
use crate::store::Status;
use crate::usage::Usage;
use crate::wire::{Delivered, Envelope, Fault, FaultClass, Finish, UsageBlock};

impl Flow {
    /// The router ends, and with it the answer. The model did nothing wrong.
    pub(super) async fn stopped(&mut self) -> Bytes {
        self.ticket.lease = None;
        self.ticket.meter.witness().failed("stopped");
        let what = "the router was stopped before the answer ended";
        let fault = Fault::ours(FaultClass::Server, what);
        self.end(Some(fault), Vec::new()).await
    }

    /// Settles, and only then writes the last frames: who saw the end was charged exactly once.
    pub(super) async fn end(&mut self, fault: Option<Fault>, mut frame: Vec<u8>) -> Bytes {
        self.phase = Phase::Ended;
        let status = if fault.is_some() {
            Status::Failed
        } else {
            Status::Ok
        };
        self.report(fault.as_ref());
        if let Some(fault) = &fault {
            self.ticket.meter.witness().failed(&word(fault));
        }
        let counted = match (&fault, &self.before) {
            (Some(_), _) => StreamEnd::Broken,
            (None, Some(_)) => StreamEnd::Continued,
            (None, None) => StreamEnd::Whole,
        };
        self.ticket.meter.counters().stream(counted);
        let (shown, ending) = self.ending(status, fault.as_ref());
        if fault.is_none() && self.before.is_none() {
            let Ticket {
                meter,
                candidate,
                conversation,
                ..
            } = &mut self.ticket;
            meter.keep_warm(*conversation, &candidate.model, &shown);
        }
        self.note_loss(&ending);
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
        let usage = UsageBlock {
            usage: shown,
            cost: receipt.cost,
            extra,
        };
        envelope.usage(&usage, self.recovery().as_deref(), &mut frame);
        Envelope::done(&mut frame);
        frame.into()
    }

    /// What the provider counts and the caller does not pay, the operator does.
    fn note_loss(&mut self, ending: &Ending) {
        let Some(reported) = &self.usage else {
            return;
        };
        let borne = match (&ending.usage, &self.before) {
            (None, _) => reported.usage,
            (Some(paid), Some(_)) => bill::borne(reported, paid),
            (Some(_), None) => return,
        };
        let model = &self.ticket.candidate.model;
        self.ticket.meter.note_loss(model, &borne);
    }

    /// Usage together with what another model had delivered before.
    pub(super) fn with_before(&self, usage: Usage) -> Usage {
        match &self.before {
            Some((before, _)) => before.usage.plus(usage),
            None => usage,
        }
    }

    /// The metadata of an answer that two models gave. Headers had gone before.
    pub(super) fn recovery(&self) -> Option<String> {
        let (before, _) = self.before.as_ref()?;
        Some(format!(
            r#"{{"recovery":{{"from":{:?},"to":{:?},"at_chars":{}}}}}"#,
            before.model.id.as_str(),
            self.ticket.candidate.model.id.as_str(),
            before.chars
        ))
    }

    pub(super) fn report(&mut self, fault: Option<&Fault>) {
        let observed = self.observation();
        if let Some(mut lease) = self.ticket.lease.take() {
            if let Some(observed) = observed {
                lease.observe(observed);
            }
            lease.report(fault.map_or(Outcome::Success, outcome));
        }
    }

    /// How fast and how long the answer was. One that goes on from another's words tells neither.
    fn observation(&self) -> Option<Observation> {
        if self.before.is_some() {
            return None;
        }
        let ticket = &self.ticket;
        let (usage, _) = self.leg();
        let tokens = bill::answer_tokens(&usage, &ticket.candidate, ticket.choices)?;
        let first = ticket.answered - ticket.dispatched;
        Some(Observation::streamed(
            first,
            ticket.dispatched.elapsed(),
            tokens,
        ))
    }

    /// What the model at hand has added to the bill, and what it delivered.
    pub(super) fn leg(&self) -> (Usage, Delivered) {
        let delivered = self.ticket.live.decoder().delivered();
        let reported = self.usage.as_ref();
        match &self.before {
            None => {
                let usage = bill::counted(reported, self.ticket.prompt_tokens, &delivered);
                (usage, delivered)
            }
            Some((_, joiner)) => {
                let passed = Delivered {
                    text_bytes: joiner.passed_bytes(),
                    has_content: joiner.passed_bytes() > 0,
                };
                (bill::continuation(reported, joiner), passed)
            }
        }
    }

    fn ending(&self, status: Status, fault: Option<&Fault>) -> (Usage, Ending) {
        let (usage, delivered) = self.leg();
        let native = self.ticket.live.decoder().finish_reason();
        let finish = match fault {
            Some(_) => Some(Finish::Error),
            None => native.map(|(finish, _)| finish),
        };
        let ending = Ending {
            status,
            finish_reason: finish.map(|finish| finish.as_str().to_owned()),
            native_finish_reason: native.map(|(_, word)| word.to_owned()),
            usage: bill::is_billable(finish, &delivered, &usage).then_some(usage),
            ttft: Some(self.ticket.answered - self.ticket.dispatched),
        };
        (self.with_before(usage), ending)
    }

    /// The caller has left: what was delivered is billed, without anybody waiting for it.
    pub fn abandon(&mut self) {
        if !self.has_ended() {
            self.phase = Phase::Ended;
            self.ticket.meter.counters().stream(StreamEnd::Left);
            let (_, ending) = self.ending(Status::Cancelled, None);
            self.note_loss(&ending);
            self.ticket.meter.abandon(&ending);
        }
    }
}
