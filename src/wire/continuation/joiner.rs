//! Joins what a second model says on to what the first one said, so that the caller gets each word
//! once.

use super::super::stream::Chunk;
use super::begun::{Begun, Opening};
use super::speech::{Others, Speech};
use crate::catalog::Model;

/// Joins a continuation on. Its role and its reasoning are left out: the caller has had an opening.
#[derive(Clone, Debug)]
pub struct Joiner {
    /// What has to be said again before anything is new.
    awaited: String,
    opening: Opening,
    said_bytes: u64,
    passed_bytes: u64,
}

/// What becomes of a chunk of the continuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The caller has had all of it.
    Nothing,
    /// This is new.
    Chunk(Chunk),
    /// It is the answer to the same question, and not the same answer.
    Diverged,
}

impl Joiner {
    /// For a continuation that `model` gives.
    pub fn new(begun: &Begun, model: &Model) -> Self {
        let said = begun.said();
        let opening = begun.opening(model);
        let awaited = match opening {
            Opening::Restart => said,
            // A prefill is sent without the blanks at its end, which the model may say again.
            Opening::Prefill => &said[said.trim_end().len()..],
        };
        Self {
            awaited: awaited.to_owned(),
            opening,
            said_bytes: 0,
            passed_bytes: 0,
        }
    }

    /// Takes the next chunk of the continuation.
    pub fn take(&mut self, chunk: &Chunk) -> Joined {
        let Some(speech) = Speech::of(chunk) else {
            return Joined::Diverged;
        };
        // Arguments of a tool call and the like: never said before.
        let beside = match speech.others {
            Others::Some => chunk.text_bytes.saturating_sub(speech.text.len() as u64),
            Others::None => 0,
        };
        self.said_bytes += speech.text.len() as u64 + beside;
        let Some(new) = self.skip(&speech.text) else {
            return Joined::Diverged;
        };
        let goes_on = speech.others == Others::Some || chunk.finish.is_some();
        if goes_on && self.opening == Opening::Restart && !self.awaited.is_empty() {
            return Joined::Diverged;
        }
        self.passed_bytes += new.len() as u64 + beside;
        match speech.with_text(new, chunk) {
            Some(chunk) => Joined::Chunk(chunk),
            None => Joined::Nothing,
        }
    }

    /// The part of a text that is new. `None` when it is not what was awaited.
    fn skip<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let same = common(&self.awaited, text);
        let (done, both) = (same == self.awaited.len(), same == text.len());
        match self.opening {
            _ if done || both => {
                self.awaited.drain(..same);
                Some(&text[same..])
            }
            Opening::Restart => None,
            Opening::Prefill => {
                self.awaited.clear();
                Some(text)
            }
        }
    }

    /// Output tokens of which the caller has had nothing before: as much of `completion_tokens` as
    /// the new text is of all text, rounded up.
    pub fn share(&self, completion_tokens: u64) -> u64 {
        let wide = u128::from(completion_tokens) * u128::from(self.passed_bytes);
        let share = wide.div_ceil(u128::from(self.said_bytes.max(1)));
        u64::try_from(share).unwrap_or(completion_tokens)
    }

    /// UTF-8 bytes of content that were new.
    pub fn passed_bytes(&self) -> u64 {
        self.passed_bytes
    }
}

/// Bytes that both texts begin with, in whole characters.
fn common(a: &str, b: &str) -> usize {
    let pairs = a.chars().zip(b.chars());
    pairs
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum()
}
