//! What went wrong upstream, in one vocabulary for all providers.

use std::time::Duration;

use crate::usage::Usage;

/// Whose fault it was and what may help. Routing and breakers decide by this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// DNS, connect, TLS, or the connection broke before any byte of an answer.
    Connect,
    /// 500, 502, 503, 504, 529, or "overloaded" inside a stream.
    Server,
    /// A clock of ours ran out, or the upstream said 408.
    Timeout,
    /// 429 that passes by itself.
    RateLimited,
    /// The operator's purse or quota at the provider is empty.
    Quota,
    /// The provider refused the operator's key.
    Credential,
    /// The provider does not know the model (any more).
    ModelMissing,
    /// The request itself is wrong: 400, 413, 415, 422.
    Caller,
    /// Input and output together do not fit the model's window.
    ContextLength,
    /// The provider's content policy refused the request.
    Policy,
    /// The provider's answer could not be read, or ended too early.
    Malformed,
    /// The provider answered without any content.
    Empty,
    /// The model produced something unusable (a broken tool call); another model may do better.
    ModelOutput,
}

/// One failure of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose fault, and what may help.
    pub class: FaultClass,
    /// The upstream's HTTP status, if it came to one.
    pub status: Option<u16>,
    /// The upstream's own code, if it gave one.
    pub code: Option<String>,
    /// The field of the request that the upstream named.
    pub param: Option<String>,
    /// A text fit to be shown: cleaned of keys, account ids and HTML, and bounded.
    pub message: String,
    /// How long the upstream asked us to stay away.
    pub retry_after: Option<Duration>,
    /// What the upstream counted, and will bill, all the same.
    pub billed: Option<Box<Usage>>,
}

impl Fault {
    /// A fault that we found ourselves.
    pub fn ours(class: FaultClass, message: impl Into<String>) -> Self {
        Self {
            class,
            status: None,
            code: None,
            param: None,
            message: message.into(),
            retry_after: None,
            billed: None,
        }
    }
}
