//! `auto`: reads a whole conversation and picks a tier, by the structure of what is asked.
//!
//! A first, plain scorer: counts, no keywords, no regular expressions. It says what it saw.

use crate::catalog::Tier;

/// Bytes of one text that are read; longer texts are read at both ends.
const READ_BYTES: usize = 16 << 10;
/// Scores from here up go to standard.
const STANDARD_FROM: f64 = 30.0;
/// Scores from here up go to premium.
const PREMIUM_FROM: f64 = 78.0;

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

/// One message, as far as it matters here.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Who says it.
    pub speaker: Speaker,
    /// Its text, joined.
    pub text: String,
    /// Images, files and audio in it.
    pub attachments: u32,
}

/// A conversation to be classified.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    /// The messages in order.
    pub turns: Vec<Turn>,
    /// Bytes of the tools' declarations.
    pub tools_bytes: usize,
}

/// The tier for a conversation, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The tier.
    pub tier: Tier,
    /// 0 to 100; higher means harder.
    pub score: u8,
    /// What the score is made of, largest contribution first.
    pub signals: Vec<Signal>,
}

/// One part of a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// What was counted.
    pub name: &'static str,
    /// The count.
    pub value: f64,
    /// What it added to the score.
    pub weight: f64,
}

/// Scores a conversation. Deterministic; never fails. Without any text the answer is standard.
pub fn classify(conversation: &Conversation) -> Verdict {
    let asked = conversation
        .turns
        .iter()
        .rev()
        .find(|turn| turn.speaker == Speaker::User);
    let text = asked.map_or("", |turn| window(&turn.text));
    if text.trim().is_empty() {
        return Verdict {
            tier: Tier::Standard,
            score: 50,
            signals: vec![],
        };
    }
    let mut signals = signals(conversation, text);
    let sum: f64 = signals.iter().map(|signal| signal.weight).sum();
    let score = sum.clamp(0.0, 100.0);
    signals.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let tier = match score {
        score if score >= PREMIUM_FROM => Tier::Premium,
        score if score >= STANDARD_FROM => Tier::Standard,
        _ => Tier::Economy,
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=100"
    )]
    Verdict {
        tier,
        score: score.round() as u8,
        signals,
    }
}

fn signals(conversation: &Conversation, ask: &str) -> Vec<Signal> {
    let turns = &conversation.turns;
    let bytes = |speaker| {
        turns
            .iter()
            .filter(|t| t.speaker == speaker)
            .map(|t| t.text.len())
            .sum::<usize>()
    };
    let count = |speaker| turns.iter().filter(|t| t.speaker == speaker).count();
    let marks = ask
        .bytes()
        .filter(|b| b"{}[]()<>=;_\\^$".contains(b))
        .count();
    let digits = ask.bytes().filter(u8::is_ascii_digit).count();
    let clauses = ask.bytes().filter(|b| b",;:?\n".contains(b)).count();
    let attachments: u32 = turns.iter().map(|turn| turn.attachments).sum();
    [
        grows("ask_bytes", ask.len(), 6.0, 40),
        grows("ask_clauses", clauses, 4.0, 1),
        grows("ask_code_marks", marks, 4.0, 2),
        grows("ask_digits", digits, 2.0, 4),
        grows("system_bytes", bytes(Speaker::System), 2.5, 200),
        grows("history_bytes", bytes(Speaker::Assistant), 2.0, 400),
        grows("tool_results", count(Speaker::Tool), 9.0, 1),
        grows("tools_bytes", conversation.tools_bytes, 4.0, 200),
        grows(
            "attachments",
            usize::try_from(attachments).unwrap_or(usize::MAX),
            8.0,
            1,
        ),
    ]
    .into_iter()
    .filter(|signal| signal.value > 0.0)
    .collect()
}

/// A contribution that grows with the logarithm of a count: `weight × log2(1 + value ÷ unit)`.
fn grows(name: &'static str, value: usize, weight: f64, unit: u32) -> Signal {
    #[allow(clippy::cast_precision_loss, reason = "a byte count below 2^52")]
    let value = value as f64;
    Signal {
        name,
        value,
        weight: weight * (1.0 + value / f64::from(unit)).log2(),
    }
}

/// A text, or its first half-window when it is longer than the cap.
fn window(text: &str) -> &str {
    let mut end = text.len().min(READ_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Conversation {
        let turn = Turn {
            speaker: Speaker::User,
            text: text.to_owned(),
            attachments: 0,
        };
        Conversation {
            turns: vec![turn],
            tools_bytes: 0,
        }
    }

    #[test]
    fn small_talk_is_economy_and_work_is_not() {
        assert_eq!(classify(&user("Hi there!")).tier, Tier::Economy);
        let task = "Refactor these five files so that the parser, the planner and the executor share one error type:\n\
                    fn parse(input: &str) -> Result<Ast, ParseError> { ... }\n"
            .repeat(6);
        assert!(classify(&user(&task)).tier > Tier::Economy);
    }

    #[test]
    fn tool_loops_score_higher_than_chat() {
        let chat = user("Book me the usual flight.");
        let mut tools = chat.clone();
        tools.tools_bytes = 4000;
        tools.turns.insert(
            0,
            Turn {
                speaker: Speaker::Tool,
                text: "error: none left".into(),
                attachments: 0,
            },
        );
        assert!(classify(&tools).score > classify(&chat).score);
    }

    #[test]
    fn odd_input_is_standard_and_never_an_error() {
        assert_eq!(classify(&Conversation::default()).tier, Tier::Standard);
        assert_eq!(classify(&user("   ")).tier, Tier::Standard);
        let long = "é".repeat(200_000);
        assert_eq!(classify(&user(&long)), classify(&user(&long)));
    }
}
