//! Binary frames of `application/vnd.amazon.eventstream`, with their checksums.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// An event, padded to hide its length as the provider does.
pub(super) fn event(name: &'static str, mut payload: Value) -> Bytes {
    let length = 1 + payload.to_string().len() % ALPHABET.len();
    payload["p"] = json!(&ALPHABET[..length]);
    raw(":event-type", name, "event", payload.to_string())
}

/// An event that cannot be read.
pub(super) fn unreadable() -> Bytes {
    let half = r#"{"contentBlockIndex":0,"delta":"#.to_owned();
    raw(":event-type", "contentBlockDelta", "event", half)
}

/// An exception, which ends the stream.
pub(super) fn exception(name: &'static str, message: &str) -> Bytes {
    let payload = json!({"message": message}).to_string();
    raw(":exception-type", name, "exception", payload)
}

fn raw(
    kind: &'static str,
    name: &'static str,
    message_type: &'static str,
    payload: String,
) -> Bytes {
    let header = |name: &'static str, value: &'static str| {
        Header::new(name, HeaderValue::String(value.into()))
    };
    let message = Message::new(payload)
        .add_header(header(kind, name))
        .add_header(header(":content-type", "application/json"))
        .add_header(header(":message-type", message_type));
    let mut frame = BytesMut::new();
    // Names and sizes are ours and within bounds; a frame that failed would be missed by the tests.
    write_message_to(&message, &mut frame).ok();
    frame.freeze()
}
