//! The events of a streamed response: items that begin, grow and end, one after the other or
//! interleaved.

use super::super::answer::ReasoningView;
use super::super::compose::{Piece, Speaker};
use super::super::fault::{Fault, FaultClass};
use super::super::json;
use super::super::object::{Object, array};
use super::super::stream::Event;
use super::answer::{MOST_ITEMS, word};
use super::tell::{self, Item, Teller};
use super::{ending, usage};

/// What has been told of a response.
#[derive(Debug)]
pub(super) struct Telling {
    speaker: Speaker,
    teller: Teller,
    items: Vec<Open>,
}

/// An item that has begun.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Its `output_index`.
    index: u64,
    kind: Item,
    /// Its number among the calls, if it is one.
    call: usize,
    progress: Progress,
}

/// How much of an item has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Nothing but that it began.
    Begun,
    /// A part of its content, piece by piece.
    Running,
    /// All of it.
    Closed,
}

impl Telling {
    pub(super) fn new(view: ReasoningView) -> Self {
        Self {
            speaker: Speaker::new(view),
            teller: Teller::default(),
            items: Vec::new(),
        }
    }

    pub(super) fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// The stream failed. Nothing follows.
    pub(super) fn fail(&mut self, fault: Fault, out: &mut Vec<Event>) {
        self.speaker.fail(fault, out);
    }

    /// The stream is over, with or without its last event.
    pub(super) fn close(&mut self, out: &mut Vec<Event>) {
        self.speaker.close(out);
    }

    /// Tells one event; `data` is its text.
    pub(super) fn event(
        &mut self,
        name: &[u8],
        event: &Object<'_>,
        data: &[u8],
        out: &mut Vec<Event>,
    ) {
        let kind = event.get("type").and_then(json::string);
        let kind = kind.unwrap_or_else(|| String::from_utf8_lossy(name));
        let said = out.len();
        match kind.as_ref() {
            "response.output_text.delta" => {
                self.delta(event, Item::Message, |text| Piece::Text(text), out)
            }
            "response.refusal.delta" => {
                self.delta(event, Item::Message, |text| Piece::Refusal(text), out)
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.thought(event, out);
            }
            "response.function_call_arguments.delta" => self.arguments(event, out),
            "response.reasoning_summary_part.added" => self.teller.pause(),
            "response.output_item.added" => self.begin(event, out),
            "response.output_item.done" => {
                let item = event.get("item").map(Object::parse);
                if let (Some(Ok(item)), Some(index)) = (item, index(event)) {
                    self.complete(&item, index, out);
                }
            }
            "response.output_text.annotation.added" => {
                let Self { speaker, .. } = self;
                let raw = event.get("annotation").unwrap_or("{}");
                tell::annotation(raw, &mut |piece| speaker.say(piece, out));
            }
            "response.created" => {
                let response = Object::parse(event.get("response").unwrap_or("{}"));
                self.teller.answer_id = word(&response.unwrap_or_default(), "id");
            }
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => self.over(event, out),
            "error" => {
                let text = String::from_utf8_lossy(data);
                self.speaker.fail(ending::failed(&text), out);
            }
            // An error without any type.
            "" if event.get("error").is_some() => {
                let text = String::from_utf8_lossy(data);
                self.speaker.fail(ending::failed(&text), out);
            }
            _ => {}
        }
        if out.len() == said && !self.speaker.ended() {
            out.push(Event::Alive);
        }
    }

    /// The item an event belongs to, begun unless it has.
    fn open(&mut self, index: u64, kind: Item) -> Option<&mut Open> {
        let known = self.items.iter().rposition(|open| open.index == index);
        if known.is_none() && self.items.len() < MOST_ITEMS {
            self.items.push(Open {
                index,
                kind,
                call: self.speaker.calls(),
                progress: Progress::Begun,
            });
        }
        match known {
            Some(at) => self.items.get_mut(at),
            None => self.items.last_mut().filter(|open| open.index == index),
        }
    }

    fn delta(
        &mut self,
        event: &Object<'_>,
        kind: Item,
        piece: fn(&str) -> Piece<'_>,
        out: &mut Vec<Event>,
    ) {
        let text = event.get("delta").and_then(json::string);
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return;
        };
        if let Some(open) = index(event).and_then(|index| self.open(index, kind)) {
            open.progress = Progress::Running;
        }
        self.speaker.say(piece(&text), out);
    }

    fn thought(&mut self, event: &Object<'_>, out: &mut Vec<Event>) {
        let text = event.get("delta").and_then(json::string);
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return;
        };
        if let Some(open) = index(event).and_then(|index| self.open(index, Item::Reasoning)) {
            open.progress = Progress::Running;
        }
        let Self {
            speaker, teller, ..
        } = self;
        teller.thought(&text, &mut |piece| speaker.say(piece, out));
    }

    /// Arguments are told only of calls that have begun: others have no name.
    fn arguments(&mut self, event: &Object<'_>, out: &mut Vec<Event>) {
        let index = index(event);
        let open = self
            .items
            .iter_mut()
            .rfind(|open| Some(open.index) == index && open.kind == Item::Call);
        let text = event.get("delta").and_then(json::string);
        if let (Some(open), Some(text)) = (open, text.filter(|text| !text.is_empty())) {
            open.progress = Progress::Running;
            let call = open.call;
            self.speaker.say(Piece::Arguments(call, &text), out);
        }
    }

    fn begin(&mut self, event: &Object<'_>, out: &mut Vec<Event>) {
        let item = event.get("item").map(Object::parse);
        let (Some(Ok(item)), Some(index)) = (item, index(event)) else {
            return;
        };
        if self.items.iter().any(|open| open.index == index) {
            return;
        }
        let kind = Item::of(&item);
        self.open(index, kind);
        if kind == Item::Call {
            let Self {
                speaker, teller, ..
            } = self;
            teller.call(&item, index, &mut |piece| speaker.say(piece, out));
        }
    }

    /// Tells what has not been told of a complete item.
    fn complete(&mut self, item: &Object<'_>, index: u64, out: &mut Vec<Event>) {
        let known = self.items.iter().rfind(|open| open.index == index).copied();
        let calls = self.speaker.calls();
        let Self {
            speaker, teller, ..
        } = self;
        let say = &mut |piece: Piece<'_>| speaker.say(piece, out);
        match known.map(|open| (open, open.kind, open.progress)) {
            Some((_, _, Progress::Closed)) => return,
            Some((open, Item::Call, Progress::Begun)) => tell::arguments(item, open.call, say),
            Some((_, Item::Reasoning, Progress::Running)) => teller.detail(item, index, say),
            Some((_, Item::Message | Item::Call | Item::Other, Progress::Running)) => {}
            None | Some((_, Item::Message | Item::Reasoning | Item::Other, Progress::Begun)) => {
                teller.whole(item, index, calls, say);
            }
        }
        if let Some(open) = self.open(index, Item::of(item)) {
            open.progress = Progress::Closed;
        }
    }

    /// The response is over: what its events left out is told from its items.
    fn over(&mut self, event: &Object<'_>, out: &mut Vec<Event>) {
        let Some(Ok(response)) = event.get("response").map(Object::parse) else {
            let what = "the provider's stream could not be read";
            return self.fail(Fault::ours(FaultClass::Malformed, what), out);
        };
        let (finish, native) = match ending::of(&response) {
            Ok(end) => end,
            Err(fault) => return self.speaker.fail(fault, out),
        };
        let items = response.get("output").unwrap_or("[]");
        let items = array(items, MOST_ITEMS).unwrap_or_default();
        for (index, raw) in items.into_iter().enumerate() {
            if let Ok(item) = Object::parse(raw) {
                self.complete(&item, index as u64, out);
            }
        }
        if let Some(usage) = response.get("usage").and_then(usage::read) {
            self.speaker.count(usage, out);
        }
        self.speaker.end(finish, &native);
        self.speaker.close(out);
    }
}

fn index(event: &Object<'_>) -> Option<u64> {
    event.get("output_index").and_then(json::count)
}
