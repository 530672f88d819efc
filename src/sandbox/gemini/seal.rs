//! Thought signatures of the simulation: they belong to one call, or to a text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What stands for a signature that cannot be had.
const SKIP: &str = "skip_thought_signature_validator";

/// The signature of a text.
pub(super) fn of_text(text: &str) -> String {
    seal("text", text)
}

/// The signature of a call.
pub(super) fn of_call(name: &str, args: &Value) -> String {
    seal("call", &format!("{name}\n{args}"))
}

/// Whether the signature is the call's own, or the word that stands for one.
pub(super) fn fits_call(signature: &str, name: &str, args: &Value) -> bool {
    signature == SKIP || signature == of_call(name, args)
}

/// Whether some text was signed like this; which one is not checked, as texts come in pieces.
pub(super) fn is_of_text(signature: &str) -> bool {
    signature == SKIP
        || STANDARD
            .decode(signature)
            .is_ok_and(|bytes| bytes.starts_with(b"text:"))
}

fn seal(kind: &str, what: &str) -> String {
    let mut bytes = format!("{kind}:").into_bytes();
    bytes.extend_from_slice(&Sha256::digest(what.as_bytes()));
    STANDARD.encode(bytes)
}
