//! `stopReason` in OpenAI's words.

use super::super::answer::Finish;
use super::super::fault::{Fault, FaultClass};

/// Why an answer ended, or the fault that a reason stands for.
pub(super) fn of(stop_reason: &str) -> Result<Finish, Fault> {
    match stop_reason {
        "tool_use" => Ok(Finish::ToolCalls),
        "max_tokens" | "model_context_window_exceeded" => Ok(Finish::Length),
        "guardrail_intervened" | "content_filtered" => Ok(Finish::ContentFilter),
        "malformed_model_output" | "malformed_tool_use" => Err(Fault {
            code: Some(stop_reason.to_owned()),
            ..Fault::ours(
                FaultClass::ModelOutput,
                "the model's output could not be read by its provider",
            )
        }),
        // `end_turn`, `stop_sequence`, and what may come.
        _ => Ok(Finish::Stop),
    }
}

/// The finish when only the answer tool was called, which is no call to the caller.
pub(super) fn with_calls(finish: Finish, calls: usize) -> Finish {
    match finish {
        Finish::ToolCalls if calls == 0 => Finish::Stop,
        Finish::Stop
        | Finish::Length
        | Finish::ToolCalls
        | Finish::FunctionCall
        | Finish::ContentFilter
        | Finish::Error => finish,
    }
}
