//! AWS event streams from bytes: frames with checksums, indifferent to where the bytes are cut.
//!
//! A frame is its length, the length of its headers, a checksum of both, headers, payload, and a
//! checksum of it all. After a damaged frame there is no way to find the next one.

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::{HeaderValue, Message};
use bytes::BytesMut;

/// The largest frame, in bytes.
const MOST_FRAME_BYTES: usize = 8 << 20;
/// Two lengths and their checksum.
const PRELUDE_BYTES: usize = 12;
/// A prelude and the closing checksum.
const LEAST_FRAME_BYTES: usize = PRELUDE_BYTES + 4;

/// The stream cannot be read any further: the provider's fault, or a proxy's in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// A length or checksum is wrong, or a header cannot be read.
    #[error("the event stream is damaged")]
    Damaged,
    /// A frame is longer than is read.
    #[error("an event is longer than 8 MiB")]
    TooLong,
}

/// What a frame is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// An event of the service.
    Event {
        /// `:event-type`.
        name: &'a str,
        /// Its JSON.
        payload: &'a [u8],
    },
    /// The service failed; the stream ends here.
    Failure {
        /// `:exception-type`, or `:error-code`.
        code: &'a str,
        /// The JSON of an exception, or the bare text of `:error-message`.
        payload: &'a [u8],
    },
}

/// The decoder's memory between two pieces of a body: the beginning of one frame.
#[derive(Debug, Default)]
pub(super) struct FrameDecoder {
    buffer: BytesMut,
}

impl FrameDecoder {
    /// Takes the next bytes and hands every completed frame to `sink`.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut sink: impl FnMut(Frame<'_>),
    ) -> Result<(), FrameError> {
        self.buffer.extend_from_slice(bytes);
        while let Some(length) = frame_length(&self.buffer)? {
            if self.buffer.len() < length {
                break;
            }
            let frame = self.buffer.split_to(length).freeze();
            let message = read_message_from(frame).map_err(|_| FrameError::Damaged)?;
            if let Some(frame) = frame_of(&message) {
                sink(frame);
            }
        }
        Ok(())
    }

    /// Whether the body may end here: no frame has only begun.
    pub(super) fn is_between_frames(&self) -> bool {
        self.buffer.is_empty()
    }
}

/// The length of the frame that the bytes begin with, once its prelude has come.
fn frame_length(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some((prelude, _)) = bytes.split_first_chunk::<PRELUDE_BYTES>() else {
        return Ok(None);
    };
    let [a, b, c, d, .., w, x, y, z] = *prelude;
    let checksum = crc32fast::hash(prelude.get(..8).unwrap_or_default());
    if checksum != u32::from_be_bytes([w, x, y, z]) {
        return Err(FrameError::Damaged);
    }
    match usize::try_from(u32::from_be_bytes([a, b, c, d])) {
        Ok(0..LEAST_FRAME_BYTES) => Err(FrameError::Damaged),
        Ok(length @ ..=MOST_FRAME_BYTES) => Ok(Some(length)),
        Ok(_) | Err(_) => Err(FrameError::TooLong),
    }
}

/// What a message says; `None` for kinds that this format does not have.
fn frame_of(message: &Message) -> Option<Frame<'_>> {
    let header = |wanted: &str| {
        message
            .headers()
            .iter()
            .find(|header| header.name().as_str() == wanted)
            .and_then(|header| text(header.value()))
    };
    match header(":message-type")? {
        "event" => Some(Frame::Event {
            name: header(":event-type")?,
            payload: message.payload(),
        }),
        "exception" => Some(Frame::Failure {
            code: header(":exception-type").unwrap_or_default(),
            payload: message.payload(),
        }),
        "error" => Some(Frame::Failure {
            code: header(":error-code").unwrap_or_default(),
            payload: header(":error-message").unwrap_or_default().as_bytes(),
        }),
        _ => None,
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.as_string().ok().map(|text| text.as_str())
}

#[cfg(test)]
pub(in crate::wire) mod tests {
    use super::*;
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::Header;
    use proptest::prelude::*;

    /// A frame with these headers.
    pub(in crate::wire) fn frame(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
        let mut message = Message::new(payload.to_owned());
        for (name, value) in headers {
            let value = HeaderValue::String((*value).to_owned().into());
            message = message.add_header(Header::new((*name).to_owned(), value));
        }
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes).unwrap();
        bytes
    }

    /// An event's frame.
    pub(in crate::wire) fn event(name: &str, payload: &str) -> Vec<u8> {
        frame(
            &[(":event-type", name), (":message-type", "event")],
            payload,
        )
    }

    fn decode(pieces: &[&[u8]]) -> Result<Vec<String>, FrameError> {
        let mut decoder = FrameDecoder::default();
        let mut found = Vec::new();
        for piece in pieces {
            decoder.push(piece, |frame| {
                found.push(match frame {
                    Frame::Event { name, payload } => {
                        format!("{name} {}", String::from_utf8_lossy(payload))
                    }
                    Frame::Failure { code, payload } => {
                        format!("!{code} {}", String::from_utf8_lossy(payload))
                    }
                });
            })?;
        }
        Ok(found)
    }

    fn stream() -> Vec<u8> {
        [
            event("messageStart", r#"{"role":"assistant"}"#),
            frame(&[(":message-type", "something-new")], "x"),
            frame(&[], "no headers"),
            frame(
                &[
                    (":message-type", "exception"),
                    (":exception-type", "throttlingException"),
                ],
                r#"{"message":"slow"}"#,
            ),
            frame(
                &[
                    (":message-type", "error"),
                    (":error-code", "500"),
                    (":error-message", "bad"),
                ],
                "",
            ),
        ]
        .concat()
    }

    #[test]
    fn every_cut_gives_the_same_frames() {
        let bytes = stream();
        let whole = decode(&[&bytes]).unwrap();
        assert_eq!(
            whole,
            [
                r#"messageStart {"role":"assistant"}"#,
                r#"!throttlingException {"message":"slow"}"#,
                "!500 bad"
            ]
        );
        for cut in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(decode(&[head, tail]).unwrap(), whole, "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(decode(&single).unwrap(), whole);
    }

    #[test]
    fn damage_is_seen_and_length_is_bounded() {
        let bytes = event("messageStart", "{}");
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(decode(&[&damaged]), Err(FrameError::Damaged), "byte {at}");
        }
        let mut prelude = Vec::from(u32::MAX.to_be_bytes());
        prelude.extend(0_u32.to_be_bytes());
        prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
        assert_eq!(decode(&[&prelude]), Err(FrameError::TooLong));
        prelude.splice(..4, 15_u32.to_be_bytes());
        let checksum = crc32fast::hash(&prelude[..8]).to_be_bytes();
        prelude.splice(8.., checksum);
        assert_eq!(decode(&[&prelude]), Err(FrameError::Damaged));
        assert_eq!(decode(&[b"<html>502</html>"]), Err(FrameError::Damaged));
    }

    proptest! {
        #[test]
        fn arbitrary_frames_never_panic(total in 0_u32..64, headers in 0_u32..64, body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut bytes = Vec::from(total.to_be_bytes());
            bytes.extend(headers.to_be_bytes());
            bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
            bytes.extend(body);
            let _ = decode(&[&bytes]);
        }
    }
}
