//! The scorecard: pass, partial, safe or fail, and why.

use super::answer;
use super::caller::Seen;
use super::scenario::{Cut, End, Want, delivered};
use super::script::Call;

/// How a scenario ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that is demanded.
    Pass,
    /// The caller got what it asked for; something beside it was not as it should be.
    Partial,
    /// No answer, and a clean, bounded error that says so.
    Safe,
    /// Anything else.
    Fail,
}

impl Verdict {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Partial => "partial",
            Self::Safe => "safe",
            Self::Fail => "fail",
        }
    }
}

/// One line of the scorecard.
#[derive(Clone, Debug)]
pub struct Score {
    pub name: &'static str,
    pub what: &'static str,
    pub verdict: Verdict,
    /// What was not as it should be.
    pub reasons: Vec<String>,
    /// What was counted.
    pub facts: String,
}

/// What one call came to, at the providers and at the caller.
pub struct Played {
    /// Calls at the primary provider.
    pub primary: Vec<Call>,
    /// How many reached the fallback's.
    pub fallback: usize,
    pub seen: Seen,
    /// The healthy call afterwards.
    pub after: Seen,
}

/// Judges one call and the healthy one after it.
pub fn judge(want: &Want, played: &Played) -> (Verdict, Vec<String>) {
    let seen = &played.seen;
    let mut reasons = around(want, played);
    let got = match want.end {
        End::Answer => is_whole(seen),
        End::Refusal(status, code) => seen.status == status && seen.code == code,
    };
    let verdict = match (got, reasons.is_empty()) {
        (true, true) => Verdict::Pass,
        (true, false) => Verdict::Partial,
        (false, _) if is_safe(want, seen) => Verdict::Safe,
        (false, _) => Verdict::Fail,
    };
    if verdict == Verdict::Fail {
        reasons.push(format!("got {seen:?}"));
    }
    (verdict, reasons)
}

/// What is demanded beside the answer itself.
fn around(want: &Want, played: &Played) -> Vec<String> {
    let Played {
        primary,
        fallback,
        seen,
        after,
    } = played;
    let mut reasons = Vec::new();
    if !want.primary.contains(&primary.len()) || !want.fallback.contains(fallback) {
        reasons.push(format!(
            "{} + {fallback} calls went upstream",
            primary.len()
        ));
    }
    if let (Some((least, most)), [first, second, ..]) = (want.gap, primary.as_slice()) {
        let gap = second.at - first.at;
        if gap < least || gap > most {
            reasons.push(format!("asked again after {gap:?}"));
        }
    }
    if seen.took > want.within {
        reasons.push(format!("took {:?}", seen.took));
    }
    if want.end == End::Answer && !want.models.contains(&seen.model.as_str()) {
        reasons.push(format!("named {}", seen.model));
    }
    if want.end == End::Answer {
        reasons.extend(usage(want, seen));
    }
    if !is_whole(after) {
        reasons.push(format!("a healthy call afterwards: {after:?}"));
    }
    reasons
}

/// A usage is exact when one model gave the whole answer, and an estimate otherwise.
fn usage(want: &Want, seen: &Seen) -> Option<String> {
    let due = match want.cut {
        Cut::None => seen.completion_tokens == Some(answer::TOKENS as u64),
        Cut::After(_) => seen.completion_tokens.is_some_and(|tokens| tokens > 0),
    };
    (!due).then(|| format!("counted {:?} tokens", seen.completion_tokens))
}

/// The whole answer, and an end that says so.
pub fn is_whole(seen: &Seen) -> bool {
    seen.status == 200
        && seen.text == answer::text(0..answer::TOKENS)
        && seen.finish == "stop"
        && seen.done
        && !seen.told_error
}

/// A refusal, or a true beginning of the answer with an error, a usage and an end.
fn is_safe(want: &Want, seen: &Seen) -> bool {
    let bounded = seen.took <= want.within;
    let refused = seen.status >= 400 && !seen.code.is_empty();
    let told = seen.told_error
        && seen.finish == "error"
        && seen.done
        && seen.completion_tokens.is_some()
        && want.cut != Cut::None
        && seen.text == delivered(want.cut);
    bounded && (refused || told)
}

/// Prints a run's scorecard.
pub fn print(title: &str, scores: &[Score]) {
    println!("\n{title}");
    for score in scores {
        let Score {
            name,
            what,
            verdict,
            facts,
            ..
        } = score;
        println!("  {name}  {:8} {what:48} {facts}", verdict.name());
        for reason in &score.reasons {
            println!("         {reason}");
        }
    }
    let count = |verdict| scores.iter().filter(|s| s.verdict == verdict).count();
    println!(
        "  {} pass, {} partial, {} safe, {} fail",
        count(Verdict::Pass),
        count(Verdict::Partial),
        count(Verdict::Safe),
        count(Verdict::Fail)
    );
}
