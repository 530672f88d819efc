//! Answers in the providers' formats, with the upstream's clock in their text.

use std::io::Write;

use super::call::{Call, Dialect, Form, Other};
use crate::clock::now_ns;
use crate::stamps;

const HEAD: &str = "HTTP/1.1 200 OK\r\nx-request-id: req_bench\r\n";
const WORD: &str = " word";

/// An answer that is being written.
pub struct Answer {
    call: Call,
    read_ns: u64,
    sent: u32,
    /// A piece before it is framed.
    piece: Vec<u8>,
}

/// There is more to write.
pub struct More;

impl Answer {
    /// The answer to a call that was read at this time.
    pub fn new(call: Call, read_ns: u64) -> Self {
        Self {
            call,
            read_ns,
            sent: 0,
            piece: Vec::new(),
        }
    }

    /// Time between two pieces.
    pub fn gap_ns(&self) -> u64 {
        self.call.gap_ns
    }

    /// An answer to what is no call.
    pub fn other(what: Other, out: &mut Vec<u8>) {
        let (status, body) = match what {
            Other::Export => ("200 OK", ""),
            Other::Look => ("200 OK", r#"{"object":"list","data":[]}"#),
            Other::Unknown => ("404 Not Found", r#"{"error":{"message":"unknown path"}}"#),
        };
        let length = body.len();
        let _ = write!(
            out,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
    }

    /// Appends the next piece; `None` when it was the last.
    pub fn write(&mut self, out: &mut Vec<u8>) -> Option<More> {
        match self.call.form {
            Form::Whole => {
                self.whole(out);
                None
            }
            Form::Stream => self.next(out),
        }
    }

    fn whole(&mut self, out: &mut Vec<u8>) {
        let (body, tokens, prompt) = (&mut self.piece, self.call.tokens, self.call.prompt_tokens);
        let total = prompt + tokens as usize;
        let (before, after) = whole_around(self.call.dialect);
        body.extend_from_slice(before.as_bytes());
        stamps::first(body, self.read_ns, now_ns());
        (0..tokens).for_each(|_| body.extend_from_slice(WORD.as_bytes()));
        body.extend_from_slice(after.as_bytes());
        let _ = match self.call.dialect {
            Dialect::OpenAi => write!(
                body,
                r#""usage":{{"prompt_tokens":{prompt},"completion_tokens":{tokens},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_bench"}}"#
            ),
            Dialect::Anthropic => write!(
                body,
                r#""usage":{{"input_tokens":{prompt},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{tokens}}}}}"#
            ),
            Dialect::Gemini => write!(
                body,
                r#""usageMetadata":{{"promptTokenCount":{prompt},"candidatesTokenCount":{tokens},"totalTokenCount":{total}}},"modelVersion":"bench","responseId":"bench"}}"#
            ),
        };
        let length = body.len();
        let _ = write!(
            out,
            "{HEAD}content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        out.extend_from_slice(body);
    }

    fn next(&mut self, out: &mut Vec<u8>) -> Option<More> {
        if self.sent == 0 {
            let _ = write!(
                out,
                "{HEAD}content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
            );
            opening(&self.call, &mut self.piece);
            frame(&mut self.piece, out);
        }
        self.word();
        frame(&mut self.piece, out);
        self.sent += 1;
        if self.sent < self.call.tokens {
            return Some(More);
        }
        ending(&self.call, &mut self.piece);
        frame(&mut self.piece, out);
        out.extend_from_slice(b"0\r\n\r\n");
        None
    }

    /// One piece of text.
    fn word(&mut self) {
        let (before, after) = piece_around(self.call.dialect);
        let piece = &mut self.piece;
        piece.extend_from_slice(before.as_bytes());
        if self.sent == 0 {
            stamps::first(piece, self.read_ns, now_ns());
        } else {
            stamps::further(piece, now_ns());
        }
        piece.extend_from_slice(after.as_bytes());
        if self.call.dialect == Dialect::Gemini {
            let (prompt, sent) = (self.call.prompt_tokens, self.sent + 1);
            let end = if sent < self.call.tokens {
                ""
            } else {
                r#""finishReason":"STOP","#
            };
            let total = prompt + sent as usize;
            let _ = write!(
                piece,
                "{end}\"index\":0}}],\"usageMetadata\":{{\"promptTokenCount\":{prompt},\"candidatesTokenCount\":{sent},\
                 \"totalTokenCount\":{total}}},\"modelVersion\":\"bench\",\"responseId\":\"bench\"}}\r\n\r\n"
            );
        }
    }
}

/// Moves a piece out, as a chunk of HTTP.
fn frame(piece: &mut Vec<u8>, out: &mut Vec<u8>) {
    if piece.is_empty() {
        return;
    }
    let _ = write!(out, "{:x}\r\n", piece.len());
    out.extend_from_slice(piece);
    out.extend_from_slice(b"\r\n");
    piece.clear();
}

/// What stands around the text of a whole answer.
fn whole_around(dialect: Dialect) -> (&'static str, &'static str) {
    match dialect {
        Dialect::OpenAi => (
            r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":""#,
            r#"","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"#,
        ),
        Dialect::Anthropic => (
            r#"{"id":"msg_bench","type":"message","role":"assistant","model":"bench","content":[{"type":"text","text":""#,
            r#""}],"stop_reason":"end_turn","stop_sequence":null,"#,
        ),
        Dialect::Gemini => (
            r#"{"candidates":[{"content":{"parts":[{"text":""#,
            r#""}],"role":"model"},"finishReason":"STOP","index":0}],"#,
        ),
    }
}

/// What stands around the text of a piece.
fn piece_around(dialect: Dialect) -> (&'static str, &'static str) {
    match dialect {
        Dialect::OpenAi => (
            r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench","service_tier":"default","system_fingerprint":"fp_bench","choices":[{"index":0,"delta":{"content":""#,
            "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
        ),
        Dialect::Anthropic => (
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"",
            "\"}}\n\n",
        ),
        Dialect::Gemini => (
            r#"data: {"candidates":[{"content":{"parts":[{"text":""#,
            r#""}],"role":"model"},"#,
        ),
    }
}

/// What comes before the first piece of text.
fn opening(call: &Call, out: &mut Vec<u8>) {
    let prompt = call.prompt_tokens;
    let _ = match call.dialect {
        Dialect::OpenAi => out.write_all(
            b"data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_bench\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
        ),
        Dialect::Anthropic => write!(
            out,
            "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"id\":\"msg_bench\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"bench\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{{\"input_tokens\":{prompt},\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1}}}}}}\n\nevent: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\n"
        ),
        Dialect::Gemini => Ok(()),
    };
}

/// What comes after the last piece of text.
fn ending(call: &Call, out: &mut Vec<u8>) {
    let (prompt, tokens) = (call.prompt_tokens, call.tokens);
    let total = prompt + tokens as usize;
    let _ = match call.dialect {
        Dialect::OpenAi => write!(
            out,
            "data: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_bench\",\"choices\":[{{\"index\":0,\"delta\":{{}},\"logprobs\":null,\"finish_reason\":\"stop\"}}]}}\n\ndata: {{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_bench\",\"choices\":[],\"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{tokens},\"total_tokens\":{total}}}}}\n\ndata: [DONE]\n\n"
        ),
        Dialect::Anthropic => write!(
            out,
            "event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":0}}\n\nevent: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\",\"stop_sequence\":null}},\"usage\":{{\"output_tokens\":{tokens}}}}}\n\nevent: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
        ),
        Dialect::Gemini => Ok(()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamps::Scanner;

    fn written(dialect: Dialect, form: Form) -> String {
        let call = Call {
            dialect,
            form,
            tokens: 3,
            first_ns: 0,
            gap_ns: 0,
            prompt_tokens: 10,
        };
        let (mut answer, mut out) = (Answer::new(call, 5), Vec::new());
        while answer.write(&mut out).is_some() {}
        String::from_utf8(out).unwrap()
    }

    fn stamps(text: &str) -> usize {
        let mut count = 0;
        Scanner::default().scan(text.as_bytes(), |_| count += 1);
        count
    }

    #[test]
    fn whole_answers_are_json_of_the_length_they_say() {
        for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
            let text = written(dialect, Form::Whole);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(
                head.contains(&format!("content-length: {}", body.len())),
                "{head}"
            );
            serde_json::from_str::<serde_json::Value>(body).unwrap();
            assert_eq!(stamps(body), 1);
        }
    }

    #[test]
    fn streams_are_events_of_json_with_a_stamp_in_every_piece() {
        for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
            let text = written(dialect, Form::Stream);
            assert_eq!(stamps(&text), 3, "{text}");
            for line in text.lines().filter_map(|line| line.strip_prefix("data: ")) {
                if line != "[DONE]" {
                    serde_json::from_str::<serde_json::Value>(line).unwrap();
                }
            }
            assert!(text.ends_with("0\r\n\r\n"));
        }
    }
}
