//! What every server of the family would refuse in a conversation, found before it is sent.

use std::collections::HashSet;

use super::super::chat::{ChatRequest, Message, Part};
use super::super::{CannotEncode, media};

/// Tool results answer a call that stands before them; inline images are images.
pub(super) fn check(request: &ChatRequest) -> Result<(), CannotEncode> {
    let mut made = HashSet::new();
    for (index, message) in request.messages().enumerate() {
        made.extend(message.tool_calls().filter_map(|call| call.id));
        if let Some(answered) = message.tool_call_id()
            && !made.contains(&answered)
        {
            let what = format!(
                "no tool call '{answered}' stands before this result; send the assistant's message that made the call"
            );
            return Err(invalid(format!("messages[{index}].tool_call_id"), &what));
        }
        images(index, message)?;
    }
    Ok(())
}

fn images(message: usize, content: Message<'_>) -> Result<(), CannotEncode> {
    // Looked at first, because no text need be decoded for it.
    if content.images() == 0 {
        return Ok(());
    }
    for (index, part) in content.parts().enumerate() {
        if let Part::Image { url, .. } = part
            && let Err(flaw) = media::parse(&url)
        {
            let param = format!("messages[{message}].content[{index}].image_url.url");
            return Err(invalid(param, &flaw.to_string()));
        }
    }
    Ok(())
}

fn invalid(param: String, what: &str) -> CannotEncode {
    CannotEncode::Invalid {
        message: format!("Invalid '{param}': {what}."),
        param,
    }
}
