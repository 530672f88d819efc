//! Errors of Bedrock: the class stands in a header or in a frame, not in the body.

use std::time::Duration;

use super::super::fault::{Fault, FaultClass};
use super::super::openai;

/// How long a spent daily quota is left alone, which no header tells.
const DAILY_REST: Duration = Duration::from_secs(600);

/// Reads an error response. `error_type` is the header `x-amzn-errortype`, such as
/// `ValidationException:http://internal.amazon.com/…`, which is not always there.
pub(in crate::wire) fn decode_error(status: u16, error_type: Option<&str>, body: &[u8]) -> Fault {
    let name = error_type
        .and_then(|text| text.split(':').next())
        .map(str::trim)
        .unwrap_or_default();
    decode(Some(status), name, body)
}

/// Reads an exception inside a stream.
pub(super) fn decode_exception(name: &str, body: &[u8]) -> Fault {
    decode(None, name, body)
}

fn decode(status: Option<u16>, name: &str, body: &[u8]) -> Fault {
    let class = by_name(name);
    // An exception inside a stream has no status, and a validation error is still the request's.
    let judged = match class {
        Class::Request => status.or(Some(400)),
        Class::Is(_) | Class::Access | Class::Unknown => status,
    };
    let mut fault = openai::decode_error(judged, body);
    fault.status = status;
    let text = String::from_utf8_lossy(body.get(..4_096).unwrap_or(body)).to_ascii_lowercase();
    match class {
        Class::Is(class) => fault.class = class,
        Class::Access if text.contains("access to the model") => {
            fault.class = FaultClass::ModelMissing;
        }
        Class::Access => fault.class = FaultClass::Credential,
        Class::Request | Class::Unknown => {
            if let Some(class) = by_message(&text)
                && fault.class == FaultClass::Caller
            {
                fault.class = class;
            }
        }
    }
    if fault.class == FaultClass::RateLimited && text.contains("per day") {
        fault.retry_after = fault.retry_after.or(Some(DAILY_REST));
    }
    if !name.is_empty() {
        fault.code = Some(name.chars().take(64).collect());
    }
    fault
}

/// What the name of an exception tells.
enum Class {
    /// All there is to know.
    Is(FaultClass),
    /// The operator's key may not ask this model.
    Access,
    /// The request is wrong; the message tells how.
    Request,
    Unknown,
}

/// The same exceptions start with a capital letter in the header and with a small one in a frame.
fn by_name(name: &str) -> Class {
    Class::Is(match name.to_ascii_lowercase().as_str() {
        "throttlingexception" | "toomanyrequestsexception" => FaultClass::RateLimited,
        "servicequotaexceededexception" => FaultClass::Quota,
        "internalserverexception"
        | "internalfailure"
        | "serviceunavailableexception"
        | "modelstreamerrorexception"
        | "modelerrorexception"
        | "modelnotreadyexception" => FaultClass::Server,
        "modeltimeoutexception" => FaultClass::Timeout,
        "resourcenotfoundexception" => FaultClass::ModelMissing,
        "unrecognizedclientexception"
        | "expiredtokenexception"
        | "expiredtoken"
        | "invalidsignatureexception"
        | "incompletesignatureexception"
        | "missingauthenticationtokenexception" => FaultClass::Credential,
        "accessdeniedexception" => return Class::Access,
        "validationexception" => return Class::Request,
        _ => return Class::Unknown,
    })
}

/// Validation messages that blame the model's choice, not the request: another model may do.
fn by_message(text: &str) -> Option<FaultClass> {
    let table = [
        // Inference profiles: the bare id is no model that can be asked.
        ("on-demand throughput", FaultClass::ModelMissing),
        ("this model doesn't support", FaultClass::ModelOutput),
    ];
    let found = table.iter().find(|(phrase, _)| text.contains(phrase));
    found.map(|(_, class)| *class)
}
