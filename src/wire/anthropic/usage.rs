//! Anthropic's `usage` in normal form: its input count leaves cache reads and writes out.

use crate::usage::Usage;

use super::super::json;
use super::super::object::{Object, array};
use super::super::usage::{ReportedUsage, keep};

/// Counts that are passed on beside ours.
const FURTHER: [&str; 3] = ["service_tier", "inference_geo", "server_tool_use"];
const MOST_ROUNDS: usize = 256;

/// What has been counted so far. Streams tell it in two parts, the second cumulative.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    own: Round,
    thinking: Option<u64>,
    /// The sum over the rounds that one answer took, where it took several: after a compaction the
    /// plain counts show the last round only.
    rounds: Option<Round>,
    further: [Option<String>; FURTHER.len()],
}

/// Counts of one run of the model.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_1h: Option<u64>,
}

impl Round {
    /// Takes the counts that are there; the others stay.
    fn overlay(&mut self, usage: &Object<'_>) {
        let number = |name: &str| usage.get(name).and_then(json::count);
        let replace = |old: &mut Option<u64>, new: Option<u64>| *old = new.or(*old);
        replace(&mut self.input, number("input_tokens"));
        replace(&mut self.output, number("output_tokens"));
        replace(&mut self.cache_read, number("cache_read_input_tokens"));
        replace(&mut self.cache_write, number("cache_creation_input_tokens"));
        let split = usage
            .get("cache_creation")
            .and_then(|raw| Object::parse(raw).ok());
        if let Some(split) = split {
            let part = |name: &str| split.get(name).and_then(json::count);
            let (short, long) = (
                part("ephemeral_5m_input_tokens"),
                part("ephemeral_1h_input_tokens"),
            );
            replace(&mut self.cache_write_1h, long);
            if self.cache_write.is_none() {
                self.cache_write = sum(short, long);
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.input = sum(self.input, other.input);
        self.output = sum(self.output, other.output);
        self.cache_read = sum(self.cache_read, other.cache_read);
        self.cache_write = sum(self.cache_write, other.cache_write);
        self.cache_write_1h = sum(self.cache_write_1h, other.cache_write_1h);
    }
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
    }
}

impl Counts {
    /// Takes what a `usage` object says; what it does not say stays as it was.
    pub(super) fn overlay(&mut self, raw: &str) {
        let Ok(usage) = Object::parse(raw) else {
            return;
        };
        self.own.overlay(&usage);
        let details = usage
            .get("output_tokens_details")
            .and_then(|raw| Object::parse(raw).ok());
        let thinking = details.and_then(|details| json::count(details.get("thinking_tokens")?));
        self.thinking = thinking.or(self.thinking);
        if let Some(raw) = usage.get("iterations") {
            self.rounds = rounds(raw);
        }
        for (slot, name) in self.further.iter_mut().zip(FURTHER) {
            if let Some(raw) = usage.get(name) {
                *slot = Some(raw.to_owned());
            }
        }
    }

    /// The usage in normal form; `None` as long as one of both sides is unknown.
    pub(super) fn report(&self) -> Option<ReportedUsage> {
        let counts = self.rounds.unwrap_or(self.own);
        let (input, output) = (counts.input?, counts.output?);
        let cached_tokens = counts.cache_read.unwrap_or(0);
        let written = counts.cache_write.unwrap_or(0);
        let cache_write_1h_tokens = counts.cache_write_1h.unwrap_or(0);
        let usage = Usage {
            prompt_tokens: input.saturating_add(cached_tokens).saturating_add(written),
            cached_tokens,
            cache_write_tokens: written.saturating_sub(cache_write_1h_tokens),
            cache_write_1h_tokens,
            completion_tokens: output,
            reasoning_tokens: self.thinking.unwrap_or(0),
            estimated: false,
        };
        let mut reported = ReportedUsage::default();
        (reported.usage, reported.clamped) = usage.clamp();
        for (raw, name) in self.further.iter().zip(FURTHER) {
            if let Some(raw) = raw {
                keep(&mut reported.extra.top, name, raw);
            }
        }
        Some(reported)
    }
}

/// The sum of several rounds. An adviser's rounds run on another model, which is not ours to bill.
fn rounds(raw: &str) -> Option<Round> {
    let mut total = Round::default();
    let mut count = 0;
    for raw in array(raw, MOST_ROUNDS).ok()? {
        let round = Object::parse(raw).ok()?;
        if round.get("type") == Some("\"advisor_message\"") {
            continue;
        }
        let mut one = Round::default();
        one.overlay(&round);
        total.add(one);
        count += 1;
    }
    (count > 1).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(parts: &[&str]) -> Option<ReportedUsage> {
        let mut counts = Counts::default();
        for raw in parts {
            counts.overlay(raw);
        }
        counts.report()
    }

    #[test]
    fn the_prompt_includes_both_caches() {
        let reported = report(&[r#"{"input_tokens":4,"cache_creation_input_tokens":379,
            "cache_read_input_tokens":14714,"output_tokens":9,"service_tier":"standard",
            "cache_creation":{"ephemeral_5m_input_tokens":79,"ephemeral_1h_input_tokens":300},
            "output_tokens_details":{"thinking_tokens":5}}"#])
        .unwrap();
        let usage = reported.usage;
        assert_eq!((usage.prompt_tokens, usage.cached_tokens), (15097, 14714));
        assert_eq!(
            (usage.cache_write_tokens, usage.cache_write_1h_tokens),
            (79, 300)
        );
        assert_eq!((usage.completion_tokens, usage.reasoning_tokens), (9, 5));
        assert_eq!(reported.extra.top, r#""service_tier":"standard""#);
        assert!(!reported.clamped);
    }

    #[test]
    fn the_second_part_replaces_and_does_not_add() {
        let start = r#"{"input_tokens":2225,"output_tokens":1,"cache_read_input_tokens":3}"#;
        let usage = |delta| report(&[start, delta]).unwrap().usage;
        let old = usage(r#"{"output_tokens":40}"#);
        assert_eq!((old.prompt_tokens, old.completion_tokens), (2228, 40));
        let new =
            usage(r#"{"input_tokens":9447,"output_tokens":40,"cache_read_input_tokens":null}"#);
        assert_eq!((new.prompt_tokens, new.cached_tokens), (9450, 3));
        let rounds = usage(
            r#"{"input_tokens":6,"output_tokens":2,"iterations":[
                {"type":"compaction","input_tokens":600,"output_tokens":5},
                {"type":"advisor_message","input_tokens":9999,"output_tokens":9},
                {"type":"message","input_tokens":6,"output_tokens":2}]}"#,
        );
        assert_eq!((rounds.prompt_tokens, rounds.completion_tokens), (606, 7));
    }

    #[test]
    fn absent_is_not_zero_and_nonsense_is_no_credit() {
        assert_eq!(report(&["{}"]), None);
        assert_eq!(report(&[r#"{"input_tokens":3}"#]), None);
        assert_eq!(report(&[r#"{"input_tokens":-3,"output_tokens":1}"#]), None);
        let huge = report(&[r#"{"input_tokens":9223372036854775808,"output_tokens":1,
            "output_tokens_details":{"thinking_tokens":7}}"#])
        .unwrap();
        assert!(huge.clamped);
        assert_eq!(huge.usage.reasoning_tokens, 1);
    }
}
