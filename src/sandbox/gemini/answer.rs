//! An answer in Google's shape, whole or frame by frame.

use bytes::Bytes;
use serde_json::{Value, json};

use super::request::{Request, Shown};
use super::seal;
use super::trouble::Trouble;
use crate::sandbox::call::Call;
use crate::sandbox::dice::{self, Alphabet};
use crate::sandbox::fault::Refusal;
use crate::sandbox::play::{Frame, Show};
use crate::sandbox::reply::{self, Answer, Ask, Content, Finish, ToolCall};
use crate::sandbox::tools::ToolChoice;

/// What is said in answer to one request.
pub(super) struct Response {
    request: Request,
    answer: Answer,
    /// The prompt was refused.
    blocked: bool,
    id: String,
}

/// A piece of the answer.
struct Piece {
    part: Value,
    tokens: usize,
}

impl Response {
    pub(super) fn new(request: Request, call: &Call) -> Self {
        let answer = if call.plan.empty {
            Answer::empty()
        } else {
            answer(&request)
        };
        Self {
            blocked: call.plan.refusal == Some(Refusal::Policy),
            id: dice::fresh(Alphabet::Alphanumeric, 23),
            request,
            answer,
        }
    }

    /// Tokens of the answer.
    pub(super) fn tokens(&self) -> usize {
        self.answer.reasoning.len() + self.answer.visible_tokens()
    }

    /// The body of an answer that is not streamed; Google's printer indents it.
    pub(super) fn whole(&self) -> Vec<u8> {
        let mut parts: Vec<Value> = Vec::new();
        for piece in self.pieces() {
            let joined = parts.last_mut().and_then(|last| join(last, &piece.part));
            if joined.is_none() {
                parts.push(piece.part);
            }
        }
        if let (Content::Text(_), Some(last)) = (&self.answer.content, parts.last_mut())
            && let Some(signature) = self.text_signature()
            && last["thought"].is_null()
        {
            last["thoughtSignature"] = json!(signature);
        }
        let mut body = self.frame(parts, self.finish_reason());
        body["usageMetadata"] = self.usage();
        format!("{body:#}\n").into_bytes()
    }

    /// One token a frame; the signature of a text in an empty part at the end.
    pub(super) fn stream(self) -> Show {
        let mut frames: Vec<Frame> = Vec::new();
        if !self.blocked {
            for piece in self.pieces() {
                let mut frame = self.frame(vec![piece.part], None);
                frame["usageMetadata"] = json!({"promptTokenCount": self.request.prompt_tokens,
                    "totalTokenCount": self.request.prompt_tokens});
                frames.push(sse(&frame, piece.tokens));
            }
        }
        let last = match (&self.answer.content, self.text_signature()) {
            (Content::Text(_), Some(signature)) => {
                vec![json!({"text": "", "thoughtSignature": signature})]
            }
            (Content::Text(_) | Content::Refusal(_) | Content::Calls(_), _) => Vec::new(),
        };
        let mut end = self.frame(last, self.finish_reason());
        end["usageMetadata"] = self.usage();
        frames.push(sse(&end, 0));
        let (_, error) = Trouble::Status(500).answer(None);
        Show {
            frames: Box::new(frames.into_iter()),
            malformed: Bytes::from_static(b"data: {\"candidates\": [{\"content\": {\"par\r\n\r\n"),
            error: Bytes::from(format!("{error:#}\r\n")),
        }
    }

    fn frame(&self, parts: Vec<Value>, finish: Option<&str>) -> Value {
        let mut frame = json!({"modelVersion": self.request.ask.model, "responseId": self.id});
        if self.blocked {
            frame["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
            return frame;
        }
        let mut candidate = json!({"content": {"role": "model"}, "index": 0});
        if !parts.is_empty() {
            candidate["content"]["parts"] = Value::Array(parts);
        }
        if let Some(finish) = finish {
            candidate["finishReason"] = json!(finish);
        }
        frame["candidates"] = json!([candidate]);
        frame
    }

    fn finish_reason(&self) -> Option<&'static str> {
        Some(match (&self.answer.content, self.answer.finish) {
            (Content::Refusal(_), _) => "SAFETY",
            (Content::Text(_) | Content::Calls(_), Finish::Length) => "MAX_TOKENS",
            (Content::Text(_) | Content::Calls(_), Finish::Stop | Finish::ToolCalls) => "STOP",
        })
    }

    /// Thoughts, then words or calls. A refusal is silence, and so is a call that was cut off.
    fn pieces(&self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        match self.request.shown {
            Shown::Yes => pieces.extend(self.answer.reasoning.iter().map(|token| Piece {
                part: json!({"text": token, "thought": true}),
                tokens: 1,
            })),
            Shown::No => {}
        }
        match &self.answer.content {
            Content::Refusal(_) => {}
            Content::Text(tokens) => pieces.extend(tokens.iter().map(|token| Piece {
                part: json!({"text": token}),
                tokens: 1,
            })),
            Content::Calls(calls) => {
                let calls = calls.iter().enumerate();
                pieces.extend(calls.filter_map(|(index, call)| self.call(index, call)));
            }
        }
        pieces
    }

    /// Only the first of several calls is signed. The older generation names none.
    fn call(&self, index: usize, call: &ToolCall) -> Option<Piece> {
        let args: Value = serde_json::from_str(&call.arguments.concat()).ok()?;
        let mut part = json!({"functionCall": {"name": call.name, "args": args}});
        if self.request.model.is_third() {
            let mut dice = dice::from_text(&format!("{}\n{index}", self.request.seed));
            let id = dice::draw(&mut dice, Alphabet::Alphanumeric, 8);
            part["functionCall"]["id"] = json!(id);
        }
        if index == 0 && !self.answer.reasoning.is_empty() {
            part["thoughtSignature"] = json!(seal::of_call(&call.name, &args));
        }
        Some(Piece {
            part,
            tokens: call.name_tokens() + call.arguments.len(),
        })
    }

    /// The third generation signs its texts too.
    fn text_signature(&self) -> Option<String> {
        let signs = self.request.model.is_third() && !self.answer.reasoning.is_empty();
        signs.then(|| seal::of_text(&self.request.seed))
    }

    /// The output's counts are absent where there is none; thoughts stand beside the candidates.
    fn usage(&self) -> Value {
        let prompt = self.request.prompt_tokens;
        let (thoughts, visible) = match self.blocked {
            true => (0, 0),
            false => (self.answer.reasoning.len(), self.answer.visible_tokens()),
        };
        let mut usage = json!({"promptTokenCount": prompt,
            "totalTokenCount": prompt + thoughts + visible,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}]});
        let counts = [
            ("candidatesTokenCount", visible),
            ("thoughtsTokenCount", thoughts),
            ("cachedContentTokenCount", self.request.cached_tokens),
        ];
        for (name, count) in counts {
            if count > 0 {
                usage[name] = json!(count);
            }
        }
        usage
    }
}

/// In mode ANY a model always calls: what it was asked for, else the last function it may call.
fn answer(request: &Request) -> Answer {
    let free = reply::answer(&request.ask, 0);
    let forced = request.forced.as_ref().and_then(|names| names.last());
    match (forced, &free.content) {
        (Some(name), Content::Text(_) | Content::Refusal(_)) => {
            let ask = Ask {
                tool_choice: ToolChoice::Named(name.clone()),
                begun: String::new(),
                tool_result: None,
                ..request.ask.clone()
            };
            reply::answer(&ask, 0)
        }
        (Some(_), Content::Calls(_)) | (None, _) => free,
    }
}

/// Adds a text to the part before it, if that is of the same kind.
fn join(last: &mut Value, next: &Value) -> Option<()> {
    let more = next["text"].as_str()?;
    let text = last["text"].as_str()?;
    if last["thought"] != next["thought"] {
        return None;
    }
    last["text"] = json!(format!("{text}{more}"));
    Some(())
}

fn sse(frame: &Value, tokens: usize) -> Frame {
    Frame {
        bytes: Bytes::from(format!("data: {frame}\r\n\r\n")),
        tokens,
    }
}
