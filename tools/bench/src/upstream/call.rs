//! A request to the upstream: which dialect it speaks, and what its prompt says about the answer.

use memchr::memmem;

/// Headers that are read of a request.
const MOST_HEADERS: usize = 64;
/// Marks and flags stand near an end of a body.
const EDGE_BYTES: usize = 4096;

/// Which provider is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's chat completions.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Google's generateContent.
    Gemini,
}

/// How an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In one piece.
    Whole,
    /// As server-sent events.
    Stream,
}

/// A request, as far as the answer depends on it. The prompt may say `[[tokens:64]]`, `[[first_us:20000]]`
/// and `[[gap_us:10000]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who is asked.
    pub dialect: Dialect,
    /// How the answer comes.
    pub form: Form,
    /// Pieces of a stream, or words of a whole answer.
    pub tokens: u32,
    /// Until the first piece.
    pub first_ns: u64,
    /// Between two pieces.
    pub gap_ns: u64,
    /// What the answer says the prompt had.
    pub prompt_tokens: usize,
}

/// What is asked of the upstream beside answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// To take traces or figures.
    Export,
    /// Anything by GET: whoever looks for models finds some.
    Look,
    /// Nothing that it knows.
    Unknown,
}

/// What has been read.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// The request is not there yet; with so many bytes in all it may be.
    More {
        /// Bytes from the request's beginning.
        bytes: usize,
    },
    /// A call, of so many bytes.
    Call {
        /// The call.
        call: Call,
        /// Its length.
        bytes: usize,
    },
    /// Something else, of so many bytes.
    Other {
        /// Its length.
        bytes: usize,
        /// What it is.
        what: Other,
    },
    /// Not HTTP.
    Bad,
}

/// Reads the request at the beginning of these bytes.
pub fn read(input: &[u8]) -> Read {
    if input.is_empty() {
        return Read::More { bytes: 0 };
    }
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(input) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Read::More { bytes: 0 },
        Err(_) => return Read::Bad,
    };
    let (Some(method), Some(path)) = (request.method, request.path) else {
        return Read::Bad;
    };
    let header = |name: &str| {
        let found = request
            .headers
            .iter()
            .find(|h| h.name.eq_ignore_ascii_case(name));
        found.and_then(|h| std::str::from_utf8(h.value).ok())
    };
    let (body, bytes) = match (header("content-length"), header("transfer-encoding")) {
        (Some(length), _) => {
            let Ok(length) = length.trim().parse::<usize>() else {
                return Read::Bad;
            };
            if input.len() < head + length {
                return Read::More {
                    bytes: head + length,
                };
            }
            (
                std::borrow::Cow::from(&input[head..head + length]),
                head + length,
            )
        }
        (None, Some(_)) => match chunked(&input[head..]) {
            Ok(Some((body, length))) => (body.into(), head + length),
            Ok(None) => return Read::More { bytes: 0 },
            Err(()) => return Read::Bad,
        },
        (None, None) => (std::borrow::Cow::from(&[][..]), head),
    };
    match (method, dialect(path)) {
        ("POST", Some(dialect)) => Read::Call {
            call: call(dialect, path, &body),
            bytes,
        },
        (method, _) => Read::Other {
            bytes,
            what: match (method, path) {
                ("POST", "/v1/traces" | "/v1/metrics") => Other::Export,
                ("GET", _) => Other::Look,
                _ => Other::Unknown,
            },
        },
    }
}

/// A chunked body and its length on the wire; `None` while it goes on.
fn chunked(input: &[u8]) -> Result<Option<(Vec<u8>, usize)>, ()> {
    let (mut at, mut body) = (0, Vec::new());
    loop {
        let (head, length) = match httparse::parse_chunk_size(&input[at..]) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(()),
        };
        let length = usize::try_from(length).map_err(|_| ())?;
        let end = at + head + length + 2;
        if input.len() < end {
            return Ok(None);
        }
        body.extend_from_slice(&input[at + head..at + head + length]);
        at = end;
        if length == 0 {
            return Ok(Some((body, at)));
        }
    }
}

fn dialect(path: &str) -> Option<Dialect> {
    if path.contains("/chat/completions") {
        Some(Dialect::OpenAi)
    } else if path.contains("enerateContent") {
        Some(Dialect::Gemini)
    } else if path.contains("/messages") {
        Some(Dialect::Anthropic)
    } else {
        None
    }
}

fn call(dialect: Dialect, path: &str, body: &[u8]) -> Call {
    let streams = match dialect {
        Dialect::Gemini => path.contains("stream"),
        Dialect::OpenAi | Dialect::Anthropic => says_true(body, b"\"stream\""),
    };
    let mark = |name: &str| mark(body, name);
    Call {
        dialect,
        form: if streams { Form::Stream } else { Form::Whole },
        tokens: mark("[[tokens:")
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(64),
        first_ns: mark("[[first_us:").unwrap_or(0) * 1000,
        gap_ns: mark("[[gap_us:").unwrap_or(0) * 1000,
        prompt_tokens: body.len() / 4,
    }
}

/// The number after a mark's name.
fn mark(body: &[u8], name: &str) -> Option<u64> {
    let rest = find(body, name.as_bytes())?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |n: u64, byte| {
        n.saturating_mul(10).saturating_add(u64::from(byte - b'0'))
    }))
}

/// Whether a member of the body is `true`.
fn says_true(body: &[u8], name: &[u8]) -> bool {
    let rest = find(body, name).map(|rest| rest.trim_ascii_start());
    let value = rest.and_then(|rest| rest.strip_prefix(b":"));
    value.is_some_and(|value| value.trim_ascii_start().starts_with(b"true"))
}

/// What stands behind a text that is near one of the ends.
fn find<'a>(body: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    let first = &body[..body.len().min(EDGE_BYTES)];
    let last = body.len().saturating_sub(EDGE_BYTES);
    let at = memmem::find(first, text)
        .or_else(|| memmem::find(&body[last..], text).map(|at| last + at))?;
    Some(&body[at + text.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        r#"{"messages":[{"content":"[[tokens:7]][[first_us:20]] hi"}],"stream" : true}"#;

    fn wanted() -> Call {
        Call {
            dialect: Dialect::OpenAi,
            form: Form::Stream,
            tokens: 7,
            first_ns: 20_000,
            gap_ns: 0,
            prompt_tokens: BODY.len() / 4,
        }
    }

    #[test]
    fn a_request_is_read_when_all_of_it_is_there() {
        let text = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {}\r\n\r\n{BODY}GET",
            BODY.len()
        );
        let bytes = text.len() - 3;
        for cut in 1..bytes {
            assert!(
                matches!(read(&text.as_bytes()[..cut]), Read::More { .. }),
                "{cut}"
            );
        }
        assert_eq!(
            read(text.as_bytes()),
            Read::Call {
                call: wanted(),
                bytes
            }
        );
    }

    #[test]
    fn a_chunked_request_is_read_too() {
        let (a, b) = BODY.split_at(20);
        let text = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
             {:x}\r\n{a}\r\n{:x}\r\n{b}\r\n0\r\n\r\n",
            a.len(),
            b.len()
        );
        for cut in 1..text.len() {
            assert!(
                matches!(read(&text.as_bytes()[..cut]), Read::More { .. }),
                "{cut}"
            );
        }
        assert_eq!(
            read(text.as_bytes()),
            Read::Call {
                call: wanted(),
                bytes: text.len()
            }
        );
    }

    #[test]
    fn what_is_not_http_is_bad() {
        assert_eq!(read(b"\0\r\n\r\n"), Read::Bad);
    }
}
