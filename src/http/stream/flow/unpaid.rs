//! The end of an answer that the caller cannot pay further.

use bytes::Bytes;

use super::{Flow, Phase};
use crate::counters::StreamEnd;
use crate::http::metered::Ending;
use crate::http::refusal::unextended;
use crate::store::{Refusal, Status};
use crate::wire::{Envelope, Finish, UsageBlock};

impl Flow {
    /// Settles what was handed over, and only then says that the answer ends here.
    pub(super) async fn cut_off(&mut self, refusal: &Refusal, mut frame: Vec<u8>) -> Bytes {
        self.phase = Phase::Ended;
        self.report(None);
        self.ticket.meter.counters().stream(StreamEnd::Unpaid);
        let usage = match &self.usage {
            Some(_) => self.leg().0,
            None => self.ticket.spending.usage(),
        };
        let ending = Ending {
            status: Status::Ok,
            finish_reason: Some(Finish::Length.as_str().to_owned()),
            native_finish_reason: None,
            usage: Some(usage),
            ttft: Some(self.ticket.answered - self.ticket.dispatched),
        };
        let Ok(receipt) = self.ticket.meter.settle(&ending).await else {
            return frame.into();
        };
        let envelope = &self.ticket.envelope;
        let message = format!("The answer ends here: {refusal}.");
        envelope.cut_off(unextended(refusal).word(), &message, &mut frame);
        let block = UsageBlock {
            usage: self.with_before(usage),
            cost: receipt.cost,
            extra: None,
        };
        envelope.usage(&block, self.recovery().as_deref(), &mut frame);
        Envelope::done(&mut frame);
        frame.into()
    }
}
