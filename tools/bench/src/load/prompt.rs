//! Requests of a wanted size, whose prompt says how the upstream is to answer.

use crate::upstream::Form;

const PROSE: &str = "The router reads the whole conversation and picks a model that fits the window and the \
    budget of whoever asks. ";

/// How the upstream is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// In one piece or as a stream.
    pub form: Form,
    /// Pieces of a stream, or words.
    pub tokens: u32,
    /// Until the first piece, in microseconds.
    pub first_us: u64,
    /// Between two pieces, in microseconds.
    pub gap_us: u64,
}

/// A chat request of OpenAI's API, with a body of so many bytes.
pub fn body(model: &str, wish: Wish, bytes: usize) -> String {
    let Wish {
        form,
        tokens,
        first_us,
        gap_us,
    } = wish;
    let before = format!(
        "{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"system\",\"content\":\"You are a helpful assistant.\"}},\
         {{\"role\":\"user\",\"content\":\"[[tokens:{tokens}]][[first_us:{first_us}]][[gap_us:{gap_us}]] "
    );
    let after = match form {
        Form::Whole => "\"}]}",
        Form::Stream => "\"}],\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
    };
    let room = bytes.saturating_sub(before.len() + after.len());
    let prose: String = PROSE.chars().cycle().take(room).collect();
    format!("{before}{prose}{after}")
}

/// The request as it goes over the wire.
pub fn request(port: u16, path: &str, headers: &[(String, String)], body: &str) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    request.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_of_the_wanted_size() {
        for form in [Form::Whole, Form::Stream] {
            let wish = Wish {
                form,
                tokens: 1,
                first_us: 2,
                gap_us: 3,
            };
            let body = body("model", wish, 1536);
            assert_eq!(body.len(), 1536);
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                read["stream"].as_bool().unwrap_or(false),
                form == Form::Stream
            );
        }
    }
}
