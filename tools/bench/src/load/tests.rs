//! Generator and upstream against each other.

use std::thread;

use super::prompt::{Wish, body, request};
use super::*;
use crate::socket;
use crate::upstream::{self, Form};

/// An upstream of its own, on a free port.
fn upstream() -> u16 {
    let listener = socket::listen(0).unwrap();
    let port = socket::port(&listener).unwrap();
    thread::spawn(move || upstream::serve(&listener));
    port
}

fn load(path: &str, wish: Wish, pace: Pace) -> Load {
    let port = upstream();
    Load {
        port,
        request: request(port, path, &[], &body("model", wish, 70_000)),
        stamps: match wish.form {
            Form::Whole => 1,
            Form::Stream => wish.tokens,
        },
        pace,
        arrivals: 0,
        warm_ms: 20,
        run_ms: 200,
        drain_ms: 1_000,
    }
}

fn wish(form: Form) -> Wish {
    Wish {
        form,
        tokens: 5,
        first_us: 2_000,
        gap_us: 3_000,
    }
}

const CLOSED: Pace = Pace::Closed {
    connections: 8,
    ramp_ms: 5,
};

#[test]
fn an_open_loop_keeps_its_rate_and_waits_for_the_first_token() {
    let pace = Pace::Open {
        per_s: 500.0,
        connections: 64,
    };
    let outcome = run(&load("/v1/chat/completions", wish(Form::Whole), pace), None).unwrap();
    assert_eq!((outcome.bad, outcome.unanswered), (0, 0), "{outcome:?}");
    assert!((60..140).contains(&outcome.good), "{outcome:?}");
    assert!(outcome.latency.p50 >= 2_000.0, "{outcome:?}");
    // The upstream's own time is no part of what is added.
    assert!(
        outcome.added.p50 < outcome.latency.p50 - 1_500.0,
        "{outcome:?}"
    );
}

#[test]
fn streams_of_every_dialect_come_whole_with_their_gaps() {
    for path in [
        "/v1/chat/completions",
        "/v1/messages",
        "/v1beta/models/m:streamGenerateContent?alt=sse",
    ] {
        let outcome = run(&load(path, wish(Form::Stream), CLOSED), None).unwrap();
        assert_eq!(
            (outcome.bad, outcome.unanswered),
            (0, 0),
            "{path}: {outcome:?}"
        );
        assert!(outcome.good > 0, "{path}: {outcome:?}");
        // Four gaps of 3 ms and the first token's 2 ms.
        assert!(outcome.latency.p50 >= 14_000.0, "{path}: {outcome:?}");
        assert!(outcome.gap.count > outcome.good, "{path}: {outcome:?}");
    }
}

#[test]
fn refusals_and_missing_pieces_are_bad() {
    let refused = run(&load("/nothing", wish(Form::Whole), CLOSED), None).unwrap();
    assert_eq!(refused.good, 0);
    assert!(refused.bad > 0 && refused.refusal.unwrap().contains("404"));
    let short = Load {
        stamps: 6,
        ..load("/v1/chat/completions", wish(Form::Stream), CLOSED)
    };
    let outcome = run(&short, None).unwrap();
    assert!(outcome.good == 0 && outcome.bad > 0, "{outcome:?}");
}
