//! What an answer has said so far, kept while another model may have to go on with it.

use super::super::stream::Chunk;
use super::speech::{Others, Speech};

/// Longer texts are not kept: a model that should go on would have to read them first.
const MOST_TEXT_BYTES: usize = 1 << 20;

/// The text of an answer that has not ended.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    text: String,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Text and reasoning only.
    #[default]
    Plain,
    /// It has said what no other model can go on with, or has ended.
    Beyond,
}

impl Transcript {
    /// Takes note of a chunk that goes to the caller.
    pub fn take(&mut self, chunk: &Chunk) {
        if self.state == State::Beyond {
            return;
        }
        match Speech::of(chunk) {
            Some(speech)
                if speech.others == Others::None
                    && chunk.finish.is_none()
                    && self.text.len() + speech.text.len() <= MOST_TEXT_BYTES =>
            {
                self.text.push_str(&speech.text);
            }
            Some(_) | None => {
                self.state = State::Beyond;
                self.text = String::new();
            }
        }
    }

    /// The text, when another model can go on with it.
    pub fn text(&self) -> Option<&str> {
        match self.state {
            State::Plain => Some(&self.text),
            State::Beyond => None,
        }
    }
}
