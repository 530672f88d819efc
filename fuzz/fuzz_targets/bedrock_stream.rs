//! Answers, errors and streams of AWS Bedrock's Converse from arbitrary bytes: as they are, and as
//! the payloads of frames whose checksums are right, which arbitrary bytes would never hit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model_router::catalog::Dialect;

const KINDS: [(&str, &str, &str); 8] = [
    ("event", ":event-type", "messageStart"),
    ("event", ":event-type", "contentBlockStart"),
    ("event", ":event-type", "contentBlockDelta"),
    ("event", ":event-type", "contentBlockStop"),
    ("event", ":event-type", "messageStop"),
    ("event", ":event-type", "metadata"),
    ("event", ":event-type", "unheardOf"),
    ("exception", ":exception-type", "modelStreamErrorException"),
];

fuzz_target!(|data: &[u8]| {
    fuzzing::upstream(Dialect::Bedrock, data);
    let Some((cut, rest)) = data.split_first() else {
        return;
    };
    let mut framed = vec![*cut];
    for line in rest.split(|byte| *byte == b'\n') {
        if let Some((kind, payload)) = line.split_first() {
            frame(
                KINDS[usize::from(*kind) % KINDS.len()],
                payload,
                &mut framed,
            );
        }
    }
    fuzzing::upstream(Dialect::Bedrock, &framed);
});

/// Appends one message of `application/vnd.amazon.eventstream`.
fn frame((message, header, kind): (&str, &str, &str), payload: &[u8], out: &mut Vec<u8>) {
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", message), (header, kind)] {
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let start = out.len();
    out.extend_from_slice(&((16 + headers.len() + payload.len()) as u32).to_be_bytes());
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out[start..]).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out[start..]).to_be_bytes());
}
