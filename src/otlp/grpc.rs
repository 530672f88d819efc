//! gRPC, as much of it as one unary call takes: a frame of five bytes and a length, a status in the
//! trailers.

use reqwest::header::HeaderMap;

/// Length of what stands before a message.
const PREFIX: usize = 5;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// gRPC's code; 0 is well.
    pub code: u32,
    /// What the server said about it.
    pub message: String,
}

/// A message with its frame. `None` when it is longer than a frame can say.
pub fn frame(message: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(message.len()).ok()?;
    let mut framed = Vec::with_capacity(PREFIX + message.len());
    framed.push(0);
    framed.extend(length.to_be_bytes());
    framed.extend_from_slice(message);
    Some(framed)
}

/// The message in a body; empty when there is none.
pub fn unframe(body: &[u8]) -> &[u8] {
    match body {
        [0, a, b, c, d, message @ ..] => {
            let length = u32::from_be_bytes([*a, *b, *c, *d]);
            usize::try_from(length)
                .ok()
                .and_then(|length| message.get(..length))
                .unwrap_or_default()
        }
        _ => &[],
    }
}

/// How a call ended, from its trailers, or from its headers when nothing else came.
pub fn ended(trailers: &HeaderMap) -> Option<Ended> {
    let text = |name: &str| trailers.get(name)?.to_str().ok();
    Some(Ended {
        code: text("grpc-status")?.parse().ok()?,
        message: text("grpc-message").map(unescape).unwrap_or_default(),
    })
}

/// Whether the same call may succeed later, by OTLP's table.
pub fn is_worth_a_retry(code: u32) -> bool {
    const CANCELLED: u32 = 1;
    const DEADLINE_EXCEEDED: u32 = 4;
    const RESOURCE_EXHAUSTED: u32 = 8;
    const ABORTED: u32 = 10;
    const OUT_OF_RANGE: u32 = 11;
    const UNAVAILABLE: u32 = 14;
    const DATA_LOSS: u32 = 15;
    [
        CANCELLED,
        DEADLINE_EXCEEDED,
        RESOURCE_EXHAUSTED,
        ABORTED,
        OUT_OF_RANGE,
        UNAVAILABLE,
        DATA_LOSS,
    ]
    .contains(&code)
}

/// `%20` and the like as bytes.
pub fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let mut byte = [0];
        let escaped = first == b'%'
            && tail
                .get(..2)
                .is_some_and(|digits| hex::decode_to_slice(digits, &mut byte).is_ok());
        if escaped {
            bytes.push(byte[0]);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_status_is_read_with_its_message() {
        let mut trailers = HeaderMap::new();
        assert_eq!(ended(&trailers), None);
        trailers.insert("grpc-status", "16".parse().unwrap());
        trailers.insert("grpc-message", "no%20key%2".parse().unwrap());
        let message = "no key%2".to_owned();
        assert_eq!(ended(&trailers), Some(Ended { code: 16, message }));
        assert!(is_worth_a_retry(14) && !is_worth_a_retry(16));
    }

    proptest! {
        #[test]
        fn frames_come_back(message: Vec<u8>, cut in 0_usize..9) {
            let framed = frame(&message).unwrap();
            prop_assert_eq!(unframe(&framed), &message);
            let short = &framed[..framed.len().saturating_sub(cut)];
            prop_assert!(cut == 0 || unframe(short).is_empty());
        }

        #[test]
        fn no_message_panics(text in ".{0,20}") {
            unescape(&text);
        }
    }
}
