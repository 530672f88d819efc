"""Tool loops of five turns with the official Python client: parallel calls, images in tool results,
thinking on; with each dialect, and across all of them, turn by turn on another provider."""

import json
import os
import sys
import traceback

from openai import OpenAI

client = OpenAI(base_url=f"{os.environ['ROUTER_URL']}/v1", api_key=os.environ["ROUTER_KEY"], max_retries=0)

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": f"{name} of a city", "parameters": CITY}}
    for name in ("get_weather", "get_time")
]
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
# Model, whether it sees images, whether it thinks. o3 makes one call at a time.
ONE_CALL = {"o3"}
DIALECTS = {
    "openai": ("gpt-4.1", True, False),
    "openai thinking": ("o3", True, True),
    "responses": ("gpt-5.3-codex", True, True),
    "anthropic": ("claude-sonnet-4-6", True, True),
    "anthropic haiku": ("claude-haiku-4-5", True, True),
    "google": ("gemini-2.5-pro", True, True),
    "google 3": ("gemini-3.1-pro-preview", True, True),
    "bedrock": ("moonshotai.kimi-k2.5", True, True),
    "xai": ("grok-3-mini-beta", False, True),
    "groq": ("meta-llama/llama-4-scout-17b-16e-instruct", True, False),
    "cerebras": ("qwen-3-235b-a22b-instruct-2507", False, False),
}
CITIES = ["Paris", "Oslo", "Lima", "Kyoto", "Accra"]


def assemble(stream):
    """A streamed answer as a message to send back, by the rules that every client follows."""
    message = {"role": "assistant", "content": None}
    calls = []
    for chunk in stream:
        for choice in chunk.choices:
            delta = choice.delta
            if delta.content:
                message["content"] = (message["content"] or "") + delta.content
            message.setdefault("reasoning_details", []).extend((delta.model_extra or {}).get("reasoning_details") or [])
            for part in delta.tool_calls or []:
                if part.index == len(calls):
                    calls.append({"id": part.id, "type": "function", "function": {"name": part.function.name, "arguments": ""}})
                calls[part.index]["function"]["arguments"] += part.function.arguments or ""
    if calls:
        message["tool_calls"] = calls
    return message


def step(model, messages, thinks, streamed, keeps):
    """One answer of the model as a message for the history."""
    extra = {"reasoning_effort": "low", "max_completion_tokens": 4096} if thinks else {}
    request = {"model": model, "messages": messages, "tools": TOOLS} | extra
    if streamed:
        message = assemble(client.chat.completions.create(stream=True, **request))
    else:
        message = client.chat.completions.create(**request).choices[0].message.model_dump(exclude_none=True)
    if not keeps:
        # A plain client knows nothing of reasoning; the router has to remember it.
        for field in ("reasoning_details", "reasoning_content", "reasoning"):
            message.pop(field, None)
    return message


def result(call, sees):
    arguments = json.loads(call["function"]["arguments"])
    assert isinstance(arguments["city"], str) and arguments["days"] >= 1, arguments
    content = json.dumps({"city": arguments["city"], "sunny": True})
    if sees and call["function"]["name"] == "get_weather":
        content = [{"type": "text", "text": content}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    return {"role": "tool", "tool_call_id": call["id"], "content": content}


def loop(models, images, keeps):
    messages = [
        {"role": "system", "content": "You are a travel desk."},
        {"role": "developer", "content": "Use the tools."},
    ]
    made = 0
    for turn, city in enumerate(CITIES):
        model, _, thinks = models[turn % len(models)]
        messages.append({"role": "user", "content": f"Run get_weather and get_time for {city}"})
        called = step(model, messages, thinks, turn % 2 == 0, keeps)
        calls = called.get("tool_calls") or []
        expected = ["get_weather"] if model in ONE_CALL else ["get_weather", "get_time"]
        assert [call["function"]["name"] for call in calls] == expected, called
        made += len(calls)
        messages.append(called)
        messages += [result(call, images) for call in calls]
        answer = step(model, messages, thinks, turn % 2 == 1, keeps)
        assert answer.get("content") and not answer.get("tool_calls"), answer
        messages.append(answer)
    ids = [call["id"] for message in messages for call in message.get("tool_calls") or []]
    assert len(set(ids)) == len(ids) == made, ids


def main():
    failures = 0
    everyone = list(DIALECTS.values())
    seeing = [model for model in everyone if model[1]]
    runs = [(name, [model], model[1]) for name, model in DIALECTS.items()]
    for start in range(len(everyone)):
        runs.append((f"across all, from {everyone[start][0]}", everyone[start:] + everyone[:start], False))
    for start in range(len(seeing)):
        runs.append((f"across the seeing, from {seeing[start][0]}", seeing[start:] + seeing[:start], True))
    for name, models, images in runs:
        for keeps in (True, False):
            label = f"loop {name}, reasoning {'sent back' if keeps else 'dropped by the client'}"
            try:
                loop(models, images, keeps)
                print(f"ok - {label}")
            except Exception:
                failures += 1
                print(f"not ok - {label}")
                traceback.print_exc()
    sys.exit(failures > 0)


main()
