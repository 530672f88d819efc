//! Recorded requests of any dialect as the chat request that a client of the router would send.
//! Only what takes room in a window is carried over.

use serde_json::{Value, json};

/// The chat request; `None` when it holds what a chat client cannot say (server tools, state kept by
/// the provider) or cannot be read.
pub fn of(api: &str, body: &Value) -> Option<Value> {
    let chat = match api {
        "chat" | "openai_compat_chat" | "mantle_chat" => Some(body.clone()),
        "responses" | "mantle_responses" => responses(body),
        "messages" => messages(body),
        "generateContent" | "streamGenerateContent" => gemini(body),
        "Converse" | "ConverseStream" => converse(body),
        _ => None,
    }?;
    let tools = chat["tools"].as_array();
    let plain = |tool: &Value| tool["function"].is_object();
    tools
        .is_none_or(|all| all.iter().all(plain))
        .then_some(chat)
}

/// Builds the messages of a chat request.
#[derive(Default)]
struct Builder {
    messages: Vec<Value>,
    tools: Vec<Value>,
    schema: Option<Value>,
}

impl Builder {
    fn say(&mut self, role: &str, parts: Vec<Value>) {
        if !parts.is_empty() {
            self.messages.push(json!({"role": role, "content": parts}));
        }
    }

    /// What an assistant said, called and thought. One message, as one turn.
    fn assistant(&mut self, parts: Vec<Value>, calls: Vec<Value>, thought: &str) {
        let mut message = json!({"role": "assistant"});
        if !parts.is_empty() {
            message["content"] = parts.into();
        }
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        if !thought.is_empty() {
            message["reasoning_content"] = thought.into();
        }
        if message.as_object().is_some_and(|members| members.len() > 1) {
            if message.get("content").is_none() && message.get("tool_calls").is_none() {
                message["content"] = "".into();
            }
            self.messages.push(message);
        }
    }

    fn result(&mut self, id: &Value, parts: Vec<Value>) {
        let id = id.as_str().unwrap_or("call");
        let content = if parts.is_empty() {
            vec![text("")]
        } else {
            parts
        };
        self.messages
            .push(json!({"role": "tool", "tool_call_id": id, "content": content}));
    }

    fn tool(&mut self, name: &Value, description: &Value, parameters: &Value) {
        let mut function = json!({"name": name});
        if !description.is_null() {
            function["description"] = description.clone();
        }
        if !parameters.is_null() {
            function["parameters"] = parameters.clone();
        }
        self.tools
            .push(json!({"type": "function", "function": function}));
    }

    fn finish(self) -> Option<Value> {
        if self.messages.is_empty() {
            return None;
        }
        let mut chat = json!({"model": "any", "messages": self.messages});
        if !self.tools.is_empty() {
            chat["tools"] = self.tools.into();
        }
        if let Some(schema) = self.schema.filter(|schema| !schema.is_null()) {
            let named = json!({"name": "answer", "schema": schema});
            chat["response_format"] = json!({"type": "json_schema", "json_schema": named});
        }
        Some(chat)
    }
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn image(url: &str) -> Value {
    json!({"type": "image_url", "image_url": {"url": url}})
}

fn file(mime: &str, data: &str) -> Value {
    json!({"type": "file", "file": {"file_data": format!("data:{mime};base64,{data}")}})
}

/// Media in base64 by its type; `None` for what a chat client cannot send.
fn media(mime: &str, data: &str) -> Option<Value> {
    match mime.split_once('/')? {
        ("image", _) => Some(image(&format!("data:{mime};base64,{data}"))),
        ("audio", format) => {
            let audio = json!({"data": data, "format": format});
            Some(json!({"type": "input_audio", "input_audio": audio}))
        }
        ("application" | "text", _) => Some(file(mime, data)),
        _ => None,
    }
}

fn call(id: &Value, name: &Value, arguments: String) -> Value {
    let id = id.as_str().unwrap_or("call");
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn responses(body: &Value) -> Option<Value> {
    if ["previous_response_id", "conversation", "prompt"]
        .iter()
        .any(|key| !body[key].is_null())
    {
        return None;
    }
    let mut chat = Builder::default();
    if let Some(instructions) = body["instructions"].as_str() {
        chat.say("system", vec![text(instructions)]);
    }
    if let Some(input) = body["input"].as_str() {
        chat.say("user", vec![text(input)]);
    }
    for item in list(&body["input"]) {
        match item["type"].as_str().unwrap_or("message") {
            "message" => {
                let parts = response_parts(&item["content"])?;
                chat.say(item["role"].as_str()?, parts);
            }
            "function_call" => {
                let arguments = item["arguments"].as_str()?.to_owned();
                let calls = vec![call(&item["call_id"], &item["name"], arguments)];
                chat.assistant(Vec::new(), calls, "");
            }
            "function_call_output" => {
                chat.result(&item["call_id"], response_parts(&item["output"])?)
            }
            "reasoning" => {
                let summary = list(&item["summary"]).filter_map(|part| part["text"].as_str());
                chat.assistant(Vec::new(), Vec::new(), &summary.collect::<String>());
            }
            _ => return None,
        }
    }
    for tool in list(&body["tools"]) {
        (tool["type"] == "function").then_some(())?;
        chat.tool(&tool["name"], &tool["description"], &tool["parameters"]);
    }
    chat.schema = body["text"]["format"].get("schema").cloned();
    chat.finish()
}

fn response_parts(content: &Value) -> Option<Vec<Value>> {
    if let Some(all) = content.as_str() {
        return Some(vec![text(all)]);
    }
    let part = |part: &Value| match part["type"].as_str()? {
        "input_text" | "output_text" | "text" => Some(text(part["text"].as_str()?)),
        "input_image" => Some(image(part["image_url"].as_str()?)),
        "input_file" => {
            let data = part["file_data"].as_str()?;
            Some(json!({"type": "file", "file": {"file_data": data}}))
        }
        _ => None,
    };
    list(content).map(part).collect()
}

fn messages(body: &Value) -> Option<Value> {
    let mut chat = Builder::default();
    chat.say("system", anthropic_parts(&body["system"])?);
    for message in list(&body["messages"]) {
        let (mut parts, mut calls, mut thought) = (Vec::new(), Vec::new(), String::new());
        if let Some(all) = message["content"].as_str() {
            parts.push(text(all));
        }
        for block in list(&message["content"]) {
            match block["type"].as_str()? {
                "tool_use" => {
                    calls.push(call(
                        &block["id"],
                        &block["name"],
                        block["input"].to_string(),
                    ));
                }
                "tool_result" => {
                    chat.result(&block["tool_use_id"], anthropic_parts(&block["content"])?);
                }
                "thinking" => thought.push_str(block["thinking"].as_str()?),
                "redacted_thinking" => {}
                _ => parts.push(anthropic_part(block)?),
            }
        }
        match message["role"].as_str()? {
            "assistant" => chat.assistant(parts, calls, &thought),
            role => chat.say(role, parts),
        }
    }
    for tool in list(&body["tools"]) {
        tool["input_schema"].is_object().then_some(())?;
        chat.tool(&tool["name"], &tool["description"], &tool["input_schema"]);
    }
    let format = [&body["output_format"], &body["output_config"]["format"]];
    chat.schema = format
        .iter()
        .find_map(|format| format.get("schema").cloned());
    chat.finish()
}

fn anthropic_parts(content: &Value) -> Option<Vec<Value>> {
    match content.as_str() {
        Some(all) => Some(vec![text(all)]),
        None => list(content).map(anthropic_part).collect(),
    }
}

fn anthropic_part(block: &Value) -> Option<Value> {
    // Citations bring instructions that no chat client can ask for.
    if block["citations"]["enabled"] == true {
        return None;
    }
    let source = &block["source"];
    match (block["type"].as_str()?, source["type"].as_str()) {
        ("text", _) => Some(text(block["text"].as_str()?)),
        ("image" | "document", Some("base64")) => {
            media(source["media_type"].as_str()?, source["data"].as_str()?)
        }
        ("image", Some("url")) => Some(image(source["url"].as_str()?)),
        ("document", Some("text")) => Some(text(source["data"].as_str()?)),
        _ => None,
    }
}

fn gemini(body: &Value) -> Option<Value> {
    let field = |camel: &str, snake: &str| {
        let camel = &body[camel];
        if camel.is_null() {
            body[snake].clone()
        } else {
            camel.clone()
        }
    };
    if !body["cachedContent"].is_null() {
        return None;
    }
    let mut chat = Builder::default();
    let system = field("systemInstruction", "system_instruction");
    for content in std::iter::once(&system).chain(list(&body["contents"])) {
        gemini_content(content, content == &system, &mut chat)?;
    }
    for tool in list(&body["tools"]) {
        for function in list(tool.get("functionDeclarations")?) {
            let schema = [&function["parameters"], &function["parametersJsonSchema"]];
            let schema = schema.into_iter().find(|schema| !schema.is_null());
            let none = Value::Null;
            chat.tool(
                &function["name"],
                &function["description"],
                schema.unwrap_or(&none),
            );
        }
    }
    let config = &body["generationConfig"];
    let schema = [&config["responseSchema"], &config["responseJsonSchema"]];
    chat.schema = schema.into_iter().find(|schema| !schema.is_null()).cloned();
    chat.finish()
}

fn gemini_content(content: &Value, is_system: bool, chat: &mut Builder) -> Option<()> {
    let (mut parts, mut calls) = (Vec::new(), Vec::new());
    for part in list(&content["parts"]) {
        let function = &part["functionCall"];
        let response = &part["functionResponse"];
        if let Some(said) = part["text"].as_str() {
            parts.push(text(said));
        } else if function.is_object() {
            calls.push(call(
                &function["id"],
                &function["name"],
                function["args"].to_string(),
            ));
        } else if response.is_object() {
            let result = vec![text(&response["response"].to_string())];
            chat.result(&response["id"], result);
        } else {
            let inline = &part["inlineData"];
            parts.push(media(
                inline["mimeType"].as_str()?,
                inline["data"].as_str()?,
            )?);
        }
    }
    match content["role"].as_str() {
        Some("model") => chat.assistant(parts, calls, ""),
        _ if is_system => chat.say("system", parts),
        _ => chat.say("user", parts),
    }
    Some(())
}

fn converse(body: &Value) -> Option<Value> {
    let mut chat = Builder::default();
    let system: Option<Vec<Value>> = list(&body["system"])
        .map(|part| Some(text(part["text"].as_str()?)))
        .collect();
    chat.say("system", system?);
    for message in list(&body["messages"]) {
        let (mut parts, mut calls, mut thought) = (Vec::new(), Vec::new(), String::new());
        for block in list(&message["content"]) {
            let (used, result) = (&block["toolUse"], &block["toolResult"]);
            let reasoning = &block["reasoningContent"];
            if used.is_object() {
                calls.push(call(
                    &used["toolUseId"],
                    &used["name"],
                    used["input"].to_string(),
                ));
            } else if result.is_object() {
                let content: Option<Vec<Value>> =
                    list(&result["content"]).map(converse_part).collect();
                chat.result(&result["toolUseId"], content?);
            } else if reasoning.is_object() {
                thought.push_str(
                    reasoning["reasoningText"]["text"]
                        .as_str()
                        .unwrap_or_default(),
                );
            } else if block.get("cachePoint").is_none() {
                parts.push(converse_part(block)?);
            }
        }
        match message["role"].as_str()? {
            "assistant" => chat.assistant(parts, calls, &thought),
            role => chat.say(role, parts),
        }
    }
    for tool in list(&body["toolConfig"]["tools"]).filter(|tool| tool.get("cachePoint").is_none()) {
        let spec = tool.get("toolSpec")?;
        chat.tool(
            &spec["name"],
            &spec["description"],
            &spec["inputSchema"]["json"],
        );
    }
    chat.finish()
}

fn converse_part(block: &Value) -> Option<Value> {
    let bytes = |kind: &str| block[kind]["source"]["bytes"].as_str();
    if let Some(said) = block["text"].as_str() {
        return Some(text(said));
    }
    if let Some(value) = block.get("json") {
        return Some(text(&value.to_string()));
    }
    if let Some(data) = bytes("image") {
        return media(
            &format!("image/{}", block["image"]["format"].as_str()?),
            data,
        );
    }
    let is_pdf = block["document"]["format"] == "pdf";
    let cited = block["document"]["citations"]["enabled"] == true;
    (is_pdf && !cited).then_some(())?;
    media("application/pdf", bytes("document")?)
}
