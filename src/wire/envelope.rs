//! What the caller receives: our id, model and provider around an upstream's choices.

use crate::catalog::{ModelId, ProviderName};
use crate::ids::GenerationId;

use super::answer::Answer;
use super::json;
use super::stream::Chunk;
use super::usage::UsageBlock;

/// Writes an answer's frames or body. All frames of one answer have the same head.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// `"id":…` up to and with `provider`, but for the value of `object`.
    head: String,
    /// Where that value stands in it.
    object_at: usize,
}

const CHUNK: &str = "chat.completion.chunk";
const ANSWER: &str = "chat.completion";
/// What a head takes with the longest names of a catalog.
const HEAD_BYTES: usize = 192;

impl Envelope {
    /// `created_s` is Unix time; model and provider are those that really run.
    pub fn new(id: GenerationId, created_s: u64, model: &ModelId, provider: &ProviderName) -> Self {
        let mut head = String::with_capacity(HEAD_BYTES);
        head.push_str(r#""id":""#);
        head.push_str(&id.to_string());
        head.push_str(r#"","object":""#);
        let object_at = head.len();
        head.push_str(r#"","created":"#);
        json::push_number(&mut head, created_s);
        head.push_str(r#","model":"#);
        json::push_string(&mut head, model.as_str());
        head.push_str(r#","provider":"#);
        json::push_string(&mut head, provider.as_str());
        Self { head, object_at }
    }

    /// The head of an `object`, in parts.
    fn head<'a>(&'a self, object: &'a str) -> [&'a str; 3] {
        let (before, after) = self.head.split_at(self.object_at);
        [before, object, after]
    }

    /// One chunk of the answer.
    pub fn chunk(&self, chunk: &Chunk, out: &mut Vec<u8>) {
        self.frame(&[&chunk.members], out);
    }

    /// The chunk after the last choice: no choices, the usage. `metadata` is a raw JSON object on one
    /// line.
    pub fn usage(&self, usage: &UsageBlock<'_>, metadata: Option<&str>, out: &mut Vec<u8>) {
        let mut block = String::with_capacity(512);
        usage.write(&mut block);
        if let Some(metadata) = metadata {
            json::push_member(&mut block, "metadata", metadata);
        }
        self.frame(&[r#""choices":[],"usage":"#, &block], out);
    }

    /// The chunk that says that the answer broke off. `metadata` is a raw JSON object.
    pub fn error(&self, code: &str, message: &str, metadata: Option<&str>, out: &mut Vec<u8>) {
        self.last(code, message, metadata.unwrap_or("{}"), "error", out);
    }

    /// The chunk that says that the answer was ended before its end because it cannot be paid
    /// further.
    pub fn cut_off(&self, code: &str, message: &str, out: &mut Vec<u8>) {
        self.last(code, message, "{}", "length", out);
    }

    fn last(&self, code: &str, message: &str, metadata: &str, finish: &str, out: &mut Vec<u8>) {
        let mut error = String::from(r#""error":{"message":"#);
        json::push_string(&mut error, message);
        error.push_str(r#","code":"#);
        json::push_string(&mut error, code);
        error.push_str(r#","metadata":"#);
        // A line break inside the object would end the frame.
        error.push_str(&metadata.replace(['\n', '\r'], " "));
        error.push_str(r#"},"choices":[{"index":0,"delta":{},"finish_reason":"#);
        json::push_string(&mut error, finish);
        error.push_str(r#","native_finish_reason":null}]"#);
        self.frame(&[&error], out);
    }

    fn frame(&self, members: &[&str], out: &mut Vec<u8>) {
        let len: usize = members.iter().map(|part| part.len()).sum();
        out.reserve(len + self.head.len() + CHUNK.len() + 16);
        out.extend_from_slice(b"data: {");
        for part in self.head(CHUNK) {
            out.extend_from_slice(part.as_bytes());
        }
        out.push(b',');
        for part in members {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(b"}\n\n");
    }

    /// The end of the stream.
    pub fn done(out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    /// A sign of life that clients ignore.
    pub fn comment(out: &mut Vec<u8>) {
        out.extend_from_slice(b": MODEL-ROUTER PROCESSING\n\n");
    }

    /// The whole body of an answer that is not streamed.
    pub fn answer(&self, answer: &Answer, usage: &UsageBlock<'_>) -> Vec<u8> {
        let len = answer.choices.len() + answer.rest.len() + self.head.len();
        let mut out = String::with_capacity(len + 768);
        out.push('{');
        for part in self.head(ANSWER) {
            out.push_str(part);
        }
        for part in [&answer.rest, &answer.choices] {
            if !part.is_empty() {
                out.push(',');
                out.push_str(part);
            }
        }
        out.push(',');
        out.push_str(r#""usage":"#);
        usage.write(&mut out);
        out.push('}');
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream::Weight;
    use super::*;
    use crate::catalog::Cost;
    use crate::usage::Usage;

    #[test]
    fn frames_share_one_head_and_stay_on_one_line() {
        let id: GenerationId = "gen_00000000000000000000000001".parse().unwrap();
        let envelope = Envelope::new(
            id,
            1_700_000_000,
            &ModelId::new("a/\"b\""),
            &ProviderName::new("groq"),
        );
        let mut out = Vec::new();
        Envelope::comment(&mut out);
        let chunk = Chunk {
            members: r#""choices":[]"#.into(),
            weight: Weight::Nothing,
            text_bytes: 0,
            finish: None,
        };
        envelope.chunk(&chunk, &mut out);
        envelope.error(
            "upstream_timeout",
            "It\nstalled.",
            Some("{\n\"a\":1}"),
            &mut out,
        );
        let usage = UsageBlock {
            usage: Usage::default(),
            cost: Cost::default(),
            extra: None,
        };
        envelope.usage(&usage, None, &mut out);
        Envelope::done(&mut out);
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
