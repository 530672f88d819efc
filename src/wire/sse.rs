//! Server-sent events from bytes: linear, bounded, indifferent to where the bytes are cut.
//!
//! Follows the WHATWG parsing rules, with two leniencies that providers need: an event that the
//! end of the body cuts off is still delivered, and lines that are no field are handed on, because
//! an error may come as bare JSON in the middle of a stream.

use memchr::memchr2;

/// The largest event, in bytes.
pub const MOST_EVENT_BYTES: usize = 8 << 20;

/// An event or a line was longer than [`MOST_EVENT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than 8 MiB")]
pub struct TooLong;

/// What a stream consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A complete event.
    Event {
        /// Its `event:` name, empty if it has none.
        name: &'a [u8],
        /// Its `data:` lines, joined by newlines.
        data: &'a [u8],
    },
    /// A line that is neither a comment nor a field.
    Stray(&'a [u8]),
}

/// The decoder's memory between two pieces of a body.
#[derive(Debug, Default)]
pub struct SseDecoder {
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    data_lines: usize,
    start: Start,
    after_cr: bool,
}

/// Whether a byte-order mark may still come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Start {
    #[default]
    MarkPossible,
    Passed,
}

impl SseDecoder {
    /// Takes the next bytes and hands every completed item to `sink`.
    pub fn push(&mut self, bytes: &[u8], mut sink: impl FnMut(Item<'_>)) -> Result<(), TooLong> {
        let mut rest = bytes;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (line, tail) = rest.split_at(end);
            if self.line.is_empty() {
                self.take_line(line, &mut sink)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.take_line(&whole, &mut sink)?;
                whole.clear();
                self.line = whole;
            }
            rest = match tail {
                [b'\r', b'\n', tail @ ..] => tail,
                [b'\r'] => {
                    self.after_cr = true;
                    &[]
                }
                [_, tail @ ..] => tail,
                [] => &[],
            };
        }
        if self.line.len() + rest.len() > MOST_EVENT_BYTES {
            return Err(TooLong);
        }
        self.line.extend_from_slice(rest);
        Ok(())
    }

    /// Takes the end of the body: what has come of the last event is handed on.
    pub fn finish(&mut self, mut sink: impl FnMut(Item<'_>)) -> Result<(), TooLong> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line, &mut sink)?;
        }
        self.dispatch(&mut sink);
        Ok(())
    }

    fn take_line(&mut self, line: &[u8], sink: &mut impl FnMut(Item<'_>)) -> Result<(), TooLong> {
        let line = match self.start {
            Start::MarkPossible => line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line),
            Start::Passed => line,
        };
        self.start = Start::Passed;
        if line.is_empty() {
            self.dispatch(sink);
            return Ok(());
        }
        let (field, value) = match line.iter().position(|&byte| byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.take_data(value)?,
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            // Comments have an empty field name; nobody resumes these streams.
            b"" | b"id" | b"retry" => {}
            _ => sink(Item::Stray(line)),
        }
        Ok(())
    }

    fn take_data(&mut self, value: &[u8]) -> Result<(), TooLong> {
        if self.data.len() + value.len() >= MOST_EVENT_BYTES {
            return Err(TooLong);
        }
        if self.data_lines > 0 {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        self.data_lines += 1;
        Ok(())
    }

    fn dispatch(&mut self, sink: &mut impl FnMut(Item<'_>)) {
        if self.data_lines > 0 {
            sink(Item::Event {
                name: &self.name,
                data: &self.data,
            });
        }
        self.name.clear();
        self.data.clear();
        self.data_lines = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = SseDecoder::default();
        let mut found = Vec::new();
        let show = |item: Item<'_>| match item {
            Item::Event { name, data } => format!(
                "{}|{}",
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(data)
            ),
            Item::Stray(line) => format!("stray {}", String::from_utf8_lossy(line)),
        };
        for piece in pieces {
            decoder.push(piece, |item| found.push(show(item))).unwrap();
        }
        decoder.finish(|item| found.push(show(item))).unwrap();
        found
    }

    const ODD: &str = "\u{feff}: hello\r\ndata:a\r\n\r\nevent: error\rdata: b\rdata:  c\r\rid: 7\nretry: 3\n\ndata\n\ndata: \u{e9}\u{1F600}\n\n{\"error\":1}\nevent: lost\n\ndata: tail";

    #[test]
    fn all_line_endings_names_comments_and_multi_line_data() {
        assert_eq!(
            decode(&[ODD.as_bytes()]),
            [
                "|a",
                "error|b\n c",
                "|",
                "|\u{e9}\u{1F600}",
                "stray {\"error\":1}",
                "|tail"
            ]
        );
    }

    #[test]
    fn every_cut_gives_the_same_events() {
        let whole = decode(&[ODD.as_bytes()]);
        for cut in 0..=ODD.len() {
            let (head, tail) = ODD.as_bytes().split_at(cut);
            assert_eq!(decode(&[head, tail]), whole, "cut at {cut}");
        }
        let single: Vec<&[u8]> = ODD.as_bytes().chunks(1).collect();
        assert_eq!(decode(&single), whole);
    }

    #[test]
    fn size_is_bounded_within_a_line_and_over_many() {
        let mib = vec![b'x'; 1 << 20];
        let mut decoder = SseDecoder::default();
        let endless = (0..9).try_for_each(|_| decoder.push(&mib, |_| {}));
        assert_eq!(endless, Err(TooLong));
        let line = [b"data:", &mib[..], b"\n"].concat();
        let mut decoder = SseDecoder::default();
        let endless = (0..9).try_for_each(|_| decoder.push(&line, |_| {}));
        assert_eq!(endless, Err(TooLong));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_cut_anywhere(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), any::<u8>()], 0..200), cut in 0usize..200) {
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(decode(&[head, tail]), decode(&[&bytes]));
        }
    }
}
