//! Google's errors: its status words say whose fault it is where HTTP's number does not.

use super::super::fault::{Fault, FaultClass};
use super::super::openai;

/// Reads an error body. `status` is HTTP's; an error inside a stream has none.
pub(in crate::wire) fn decode_error(status: Option<u16>, body: &[u8]) -> Fault {
    let mut fault = openai::decode_error(status, body);
    let word = fault.code.clone().unwrap_or_default();
    if let Some(class) = class_of(&word, &fault) {
        fault.class = class;
    }
    fault
}

/// Source of the words: <https://ai.google.dev/gemini-api/docs/troubleshooting> and
/// `google.rpc.Code`.
fn class_of(word: &str, fault: &Fault) -> Option<FaultClass> {
    let says = |phrase: &str| fault.message.contains(phrase);
    Some(match word {
        // The operator's project or region, not the request.
        "FAILED_PRECONDITION" if says("location is not supported") || says("billing") => {
            FaultClass::Credential
        }
        // A file of the caller's that is not there or not readable, whatever the status says.
        "PERMISSION_DENIED" | "NOT_FOUND" if says("the File ") => FaultClass::Caller,
        "UNAUTHENTICATED" | "PERMISSION_DENIED" => FaultClass::Credential,
        "NOT_FOUND" => FaultClass::ModelMissing,
        "CANCELLED" | "ABORTED" | "INTERNAL" | "UNAVAILABLE" | "UNKNOWN" | "DATA_LOSS"
        | "DEADLINE_EXCEEDED" => FaultClass::Server,
        // The key is judged before the request, with the status of a wrong request.
        "INVALID_ARGUMENT" if fault.class == FaultClass::Server => FaultClass::Caller,
        _ => return None,
    })
}
