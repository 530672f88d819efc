//! A streamed answer on its way: upstream events → frames, from one model or from two.

mod unpaid;

use bytes::Bytes;

use super::Ticket;
use super::recovery::BrokenOff;
use crate::http::consequence::word;
use crate::store::Refusal;
use crate::wire::{Chunk, Event, Fault, FaultClass, Finish, Joined, Joiner, ReportedUsage};

/// A stream and everything it has come to.
pub struct Flow {
    pub(super) ticket: Ticket,
    pub(super) phase: Phase,
    pub(super) usage: Option<ReportedUsage>,
    /// The finish that the caller was told.
    told: Option<Finish>,
    /// What another model had said before, and how this one's words are joined on.
    pub(super) before: Option<(BrokenOff, Joiner)>,
}

/// Where a stream is.
pub(super) enum Phase {
    Flowing,
    /// It broke off; everything before that has been handed out.
    Broken(Fault),
    Ended,
}

/// What a batch of events comes to.
enum Turn {
    Go,
    Done,
    Broken(Fault),
    /// The rest cannot be paid.
    Unpaid(Refusal),
    /// The router is to end.
    Stopped,
}

impl Flow {
    /// A stream whose first content has come.
    pub fn new(ticket: Ticket) -> Self {
        Self {
            ticket,
            phase: Phase::Flowing,
            usage: None,
            told: None,
            before: None,
        }
    }

    /// Whether everything has been told and billed.
    pub fn has_ended(&self) -> bool {
        match self.phase {
            Phase::Ended => true,
            Phase::Flowing | Phase::Broken(_) => false,
        }
    }

    /// Whether the answer broke off, so that the next frames may be long in coming.
    pub fn has_broken_off(&self) -> bool {
        match self.phase {
            Phase::Broken(_) => true,
            Phase::Flowing | Phase::Ended => false,
        }
    }

    /// The next frames for the caller; empty when the answer has just broken off, `None` after the last.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            match std::mem::replace(&mut self.phase, Phase::Flowing) {
                Phase::Flowing => {}
                Phase::Ended => {
                    self.phase = Phase::Ended;
                    return None;
                }
                Phase::Broken(fault) => {
                    let mut stop = self.ticket.stop.clone();
                    let recovered = tokio::select! {
                        recovered = self.recover(fault) => recovered,
                        () = stop.ordered() => return Some(self.stopped().await),
                    };
                    if let Err(fault) = recovered {
                        return Some(self.end(Some(fault), Vec::new()).await);
                    }
                }
            }
            let mut frame = Vec::new();
            let Ticket { live, stop, .. } = &mut self.ticket;
            let turn = tokio::select! {
                biased;
                () = stop.ordered() => Turn::Stopped,
                events = live.next() => match events {
                    Some(events) => self.write(events, &mut frame).await,
                    None => Turn::Done,
                },
            };
            match turn {
                Turn::Done => return Some(self.end(None, frame).await),
                Turn::Stopped => return Some(self.stopped().await),
                Turn::Unpaid(refusal) => return Some(self.cut_off(&refusal, frame).await),
                Turn::Broken(fault) => {
                    self.phase = Phase::Broken(fault);
                    return Some(frame.into());
                }
                Turn::Go => {}
            }
            if !frame.is_empty() {
                return Some(frame.into());
            }
        }
    }

    async fn write(&mut self, events: Vec<Event>, frame: &mut Vec<u8>) -> Turn {
        for event in events {
            match event {
                Event::Chunk(chunk) => {
                    if let Err(turn) = self.pass(chunk, frame).await {
                        return turn;
                    }
                }
                Event::Usage(usage) => self.usage = Some(usage),
                Event::Alive => {}
                Event::Replay(replay) => self.ticket.meter.remember(&replay),
                Event::Skipped => self.ticket.meter.counters().skipped_event(),
                Event::Done => return self.ended_badly().map_or(Turn::Done, Turn::Broken),
                Event::Fault(fault) => return self.broken(fault),
            }
        }
        Turn::Go
    }

    /// Hands a chunk on, or the part of it that the caller has not had yet.
    async fn pass(&mut self, chunk: Chunk, frame: &mut Vec<u8>) -> Result<(), Turn> {
        let chunk = match &mut self.before {
            None => chunk,
            Some((before, joiner)) => match joiner.take(&chunk) {
                Joined::Chunk(chunk) => chunk,
                Joined::Nothing => return Ok(()),
                Joined::Diverged => {
                    let fault = before.fault.clone();
                    tracing::info!(model = %self.ticket.candidate.model.id, "a restarted answer is another one");
                    // The model did nothing wrong: it was asked for an answer and gave one.
                    self.report(None);
                    return Err(Turn::Broken(fault));
                }
            },
        };
        let Ticket {
            spending, meter, ..
        } = &mut self.ticket;
        let bytes = chunk.text_bytes as u64;
        spending.count(meter, bytes).await.map_err(Turn::Unpaid)?;
        meter.witness().chunk(&chunk);
        self.told = chunk.finish.or(self.told);
        if let Some(resume) = &mut self.ticket.resume {
            resume.note(&chunk);
        }
        self.ticket.envelope.chunk(&chunk, frame);
        Ok(())
    }

    /// A connection that breaks after the finish was told takes nothing from the answer.
    fn broken(&self, fault: Fault) -> Turn {
        match self.told {
            None | Some(Finish::Error) => Turn::Broken(fault),
            Some(
                Finish::Stop
                | Finish::Length
                | Finish::ToolCalls
                | Finish::FunctionCall
                | Finish::ContentFilter,
            ) => Turn::Done,
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

    /// Lets another candidate go on, if that is wanted and somebody can. Otherwise the fault is told.
    async fn recover(&mut self, fault: Fault) -> Result<(), Fault> {
        self.report(Some(&fault));
        let ticket = &mut self.ticket;
        ticket.meter.broke_off(word(&fault));
        let Some(resume) = ticket.resume.take() else {
            return Err(fault);
        };
        let going_on = resume.go_on(&ticket.candidate, &fault, &mut ticket.meter);
        let Some(next) = Box::pin(going_on).await else {
            return Err(fault);
        };
        let (usage, _) = self.leg();
        let ticket = &mut self.ticket;
        ticket.meter.carry(&ticket.candidate.model, usage);
        let before = BrokenOff {
            model: std::sync::Arc::clone(&ticket.candidate.model),
            usage,
            chars: next.at_chars,
            fault,
        };
        ticket.spending.hand_on(&next.candidate.model);
        ticket.candidate = next.candidate;
        ticket.lease = Some(next.lease);
        ticket.live = next.live;
        ticket.on_disconnect = next.on_disconnect;
        self.usage = None;
        self.before = Some((before, next.joiner));
        Ok(())
    }

    /// Reads on without a caller, to learn what the provider counts.
    pub async fn drain(&mut self) {
        while let Some(events) = self.ticket.live.next().await {
            for event in events {
                match event {
                    Event::Usage(usage) => self.usage = Some(usage),
                    Event::Chunk(chunk) => {
                        if let Some((_, joiner)) = &mut self.before {
                            joiner.take(&chunk);
                        }
                    }
                    Event::Alive | Event::Replay(_) | Event::Skipped => {}
                    Event::Done | Event::Fault(_) => return,
                }
            }
        }
    }
}
