//! The whole picture: which texts of a conversation speak for it, and what they are made of.

use super::conversation::{Conversation, Excerpt, Speaker, Turn};
use super::scan::Scanner;
use super::texture::Texture;

/// Words with which an ask speaks for itself; below it, the one before is read too.
const SPEAKS: u32 = 4;
/// Asks that are read at the most.
const MOST_ASKS: usize = 6;
/// Results of tools that are looked at for failures.
const MOST_RESULTS: usize = 16;
/// Bytes of each end of such a result.
const RESULT_BYTES: usize = 256;
/// Actions among which repetition is looked for.
const MOST_ACTIONS: usize = 16;

/// Where in a conversation a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What is asked now.
    Ask,
    /// What was asked first, when that is something else.
    Opening,
    /// Instructions.
    System,
    /// The last answer.
    Answer,
    /// The last result of a tool.
    Result,
    /// Declared tools.
    Tools,
}

impl Place {
    /// All, in the order of the features.
    pub const ALL: [Self; 6] = [
        Self::Ask,
        Self::Opening,
        Self::System,
        Self::Answer,
        Self::Result,
        Self::Tools,
    ];
}

/// What a conversation shows.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// The texture of each [`Place`].
    pub textures: [Texture; 6],
    /// Asks that were read together because the newest says too little.
    pub asks_read: u32,
    /// Results of tools that tell of a failure, among the latest.
    pub failing: u32,
    /// The same without a success after them.
    pub failing_now: u32,
    /// Actions that had been done before, among the latest.
    pub repeated: u32,
}

impl Picture {
    /// Reads a conversation, and hands out the words and pairs of words of each place.
    pub fn of(conversation: &Conversation, grams: &mut dyn FnMut(Place, u32)) -> Self {
        let mut picture = Self::default();
        let turns: Vec<&Turn> = conversation.turns().collect();
        let by = |speaker| move |turn: &&&Turn| turn.speaker == speaker;
        let asks = asks(&turns);

        picture.read_asks(&asks, grams);
        let opening = asks
            .first()
            .filter(|_| asks.len() > picture.asks_read as usize);
        let mut read = |place: Place, text: Option<&Excerpt>| {
            let mut hand_out = |gram| grams(place, gram);
            let mut scanner = Scanner::new(&mut hand_out);
            if let Some(text) = text {
                take(&mut scanner, text);
            }
            picture.textures[place as usize] = scanner.texture;
        };
        read(
            Place::Opening,
            opening.and_then(|ask| ask.first()).map(|turn| &turn.text),
        );
        read(
            Place::System,
            turns
                .iter()
                .find(by(Speaker::System))
                .map(|turn| &turn.text),
        );
        let answer = turns.iter().rev().find(by(Speaker::Assistant));
        read(Place::Answer, answer.map(|turn| &turn.text));
        let result = turns.iter().rev().find(by(Speaker::Tool));
        read(Place::Result, result.map(|turn| &turn.text));
        read(Place::Tools, Some(&conversation.declarations));
        picture.look_at_results(&turns);
        picture.look_at_actions(&turns);
        picture
    }

    /// The newest ask, and those before it as long as they say too little.
    fn read_asks(&mut self, asks: &[Vec<&Turn>], grams: &mut dyn FnMut(Place, u32)) {
        let mut hand_out = |gram| grams(Place::Ask, gram);
        let mut scanner = Scanner::new(&mut hand_out);
        for ask in asks.iter().rev().take(MOST_ASKS) {
            for turn in ask {
                take(&mut scanner, &turn.text);
            }
            self.asks_read += 1;
            if scanner.texture.content >= SPEAKS {
                break;
            }
        }
        self.textures[Place::Ask as usize] = scanner.texture;
    }

    fn look_at_results(&mut self, turns: &[&Turn]) {
        let results = turns
            .iter()
            .rev()
            .filter(|turn| turn.speaker == Speaker::Tool);
        let mut still = true;
        for turn in results.take(MOST_RESULTS) {
            let fails = fails(&turn.text);
            still &= fails;
            self.failing += u32::from(fails);
            self.failing_now += u32::from(still);
        }
    }

    fn look_at_actions(&mut self, turns: &[&Turn]) {
        let actions = turns
            .iter()
            .rev()
            .filter(|turn| turn.speaker == Speaker::Assistant);
        let actions: Vec<u64> = actions.take(MOST_ACTIONS).map(|turn| turn.action).collect();
        for (i, action) in actions.iter().enumerate() {
            self.repeated += u32::from(actions[i + 1..].contains(action));
        }
    }
}

/// Turns of the user that follow one another are one ask.
fn asks<'a>(turns: &[&'a Turn]) -> Vec<Vec<&'a Turn>> {
    let mut asks: Vec<Vec<&Turn>> = Vec::new();
    let mut before = None;
    for turn in turns {
        if turn.speaker == Speaker::User {
            match asks.last_mut() {
                Some(ask) if before == Some(Speaker::User) => ask.push(turn),
                Some(_) | None => asks.push(vec![turn]),
            }
        }
        before = Some(turn.speaker);
    }
    asks
}

fn take(scanner: &mut Scanner<'_>, text: &Excerpt) {
    scanner.read(&text.head);
    scanner.read(&text.tail);
    let skipped = u32::try_from(text.skipped).unwrap_or(u32::MAX);
    scanner.texture.skipped = scanner.texture.skipped.saturating_add(skipped);
}

fn fails(text: &Excerpt) -> bool {
    let mut ignore = |_| {};
    let mut scanner = Scanner::new(&mut ignore);
    let head = text.head.floor_char_boundary(RESULT_BYTES);
    scanner.read(&text.head[..head]);
    let end = if text.tail.is_empty() {
        &text.head[head..]
    } else {
        &text.tail
    };
    let tail = end.ceil_char_boundary(end.len().saturating_sub(RESULT_BYTES));
    scanner.read(&end[tail..]);
    scanner.texture.failures > 0
}
