//! A conversation as far as the classifier reads it: beginnings and ends of texts, and counts of the rest.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Bytes kept of each end of a text.
const END_BYTES: usize = 8 << 10;
/// Bytes kept of each end of a tool's result or an earlier answer.
const SHORT_END_BYTES: usize = 2 << 10;
/// Turns kept at the beginning and at the end.
const FIRST_TURNS: usize = 4;
const LAST_TURNS: usize = 24;

/// Who says a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// System or developer.
    System,
    /// The caller.
    User,
    /// The model, earlier.
    Assistant,
    /// A tool's result.
    Tool,
}

/// A text, or both ends of a long one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The beginning, or all of it.
    pub head: String,
    /// The end of a text that is longer.
    pub tail: String,
    /// Bytes between them.
    pub skipped: u64,
}

impl Excerpt {
    /// Both ends of a text, up to so many bytes each.
    pub fn of(text: &str, end_bytes: usize) -> Self {
        if text.len() <= 2 * end_bytes {
            return Self {
                head: text.to_owned(),
                ..Self::default()
            };
        }
        let head = text.floor_char_boundary(end_bytes);
        let tail = text.ceil_char_boundary(text.len() - end_bytes);
        Self {
            head: text[..head].to_owned(),
            tail: text[tail..].to_owned(),
            skipped: (tail - head) as u64,
        }
    }

    /// Adds a text behind this one, within the same bounds.
    pub fn append(&mut self, text: &str, end_bytes: usize) {
        if self.head.is_empty() {
            *self = Self::of(text, end_bytes);
            return;
        }
        let joined = [&self.head, &self.tail, text].join("\n");
        let skipped = self.skipped;
        *self = Self::of(&joined, end_bytes);
        self.skipped += skipped;
    }

    /// Bytes of the whole text.
    pub fn bytes(&self) -> u64 {
        self.skipped + (self.head.len() + self.tail.len()) as u64
    }
}

/// What is known of one turn.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Who says it.
    pub speaker: Speaker,
    /// Its texts, joined.
    pub text: Excerpt,
    /// A hash of what it does, to see when it is done again.
    pub action: u64,
}

/// A conversation to be classified. Its size is bounded, whatever was said.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    first: Vec<Turn>,
    last: VecDeque<Turn>,
    /// Turns by speaker, all of them.
    counts: [u64; 4],
    bytes: u64,
    calls: u64,
    /// Tools that may be called.
    pub tools: u32,
    /// Their declarations.
    pub declarations: Excerpt,
}

impl Conversation {
    /// Declares tools: how many, and the JSON text that describes them.
    pub fn declare(&mut self, tools: u32, declarations: &str) {
        self.tools = tools;
        self.declarations = Excerpt::of(declarations, END_BYTES / 2);
    }

    /// Whether the text of message `i` of `n` is read; of the others only the size is known.
    pub const fn reads(i: usize, n: usize) -> bool {
        i < FIRST_TURNS || i + LAST_TURNS >= n
    }

    /// Counts a message in the middle, whose text is not read.
    pub fn pass_over(&mut self, speaker: Speaker, bytes: usize, calls: usize) {
        self.counts[speaker as usize] += 1;
        self.bytes += bytes as u64;
        self.calls += calls as u64;
    }

    /// Adds the next message: its texts, and the tools it calls with their
    /// arguments. Images and files say nothing about how hard it is.
    pub fn say<'a>(
        &mut self,
        speaker: Speaker,
        texts: impl IntoIterator<Item = &'a str>,
        calls: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        let end_bytes = match speaker {
            Speaker::System | Speaker::User => END_BYTES,
            Speaker::Assistant | Speaker::Tool => SHORT_END_BYTES,
        };
        let mut text = Excerpt::default();
        for part in texts {
            text.append(part, end_bytes);
        }
        let mut hasher = DefaultHasher::new();
        let mut called = 0_u64;
        for call in calls {
            call.hash(&mut hasher);
            called += 1;
        }
        if called == 0 {
            text.head.hash(&mut hasher);
        }
        self.counts[speaker as usize] += 1;
        self.bytes += text.bytes();
        self.calls += called;
        let turn = Turn {
            speaker,
            text,
            action: hasher.finish(),
        };
        if self.first.len() < FIRST_TURNS {
            self.first.push(turn);
            return;
        }
        if self.last.len() == LAST_TURNS {
            self.last.pop_front();
        }
        self.last.push_back(turn);
    }

    /// The turns that are kept, in order.
    pub fn turns(&self) -> impl DoubleEndedIterator<Item = &Turn> {
        self.first.iter().chain(&self.last)
    }

    /// How many turns a speaker had.
    pub fn count(&self, speaker: Speaker) -> u64 {
        self.counts[speaker as usize]
    }

    /// Bytes of all texts.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Calls of tools so far.
    pub fn calls(&self) -> u64 {
        self.calls
    }
}
