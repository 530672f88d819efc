"""The official Python client against a router whose providers are simulated."""

import asyncio
import json
import os
import sys
import traceback
import urllib.request

import openai
from openai import OpenAI
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

URL = os.environ["ROUTER_URL"]
KEY = os.environ["ROUTER_KEY"]
ADMIN = os.environ["ROUTER_ADMIN_TOKEN"]
client = OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)

HELLO = [{"role": "user", "content": "Say hello. [[tokens:12]]"}]
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": name, "parameters": CITY}}
    for name in ("get_weather", "get_time")
]
BOTH = [{"role": "user", "content": "Run get_weather and get_time for Paris"}]


class Event(BaseModel):
    name: str
    guests: list[str]
    minutes: int


def fails(kind, **request):
    """The error that a request must raise, of exactly this class."""
    body = {"messages": HELLO} | request
    try:
        client.chat.completions.create(**body)
    except openai.APIStatusError as error:
        assert type(error) is kind, f"{type(error).__name__}: {error}"
        assert error.request_id and error.request_id.startswith("req_"), error.request_id
        return error
    raise AssertionError("no error")


def streamed(**request):
    """All chunks of a stream, each of them checked strictly as it came over the wire."""
    with client.chat.completions.with_streaming_response.create(stream=True, **request) as response:
        data = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]
    assert data[-1] == "[DONE]", data[-1]
    return [ChatCompletionChunk.model_validate_json(chunk, strict=True) for chunk in data[:-1]]


def assembled(chunks):
    """Tool calls put together from their deltas, as clients do it."""
    calls = {}
    for chunk in chunks:
        for choice in chunk.choices:
            for delta in choice.delta.tool_calls or []:
                call = calls.setdefault(delta.index, {"id": None, "name": None, "arguments": ""})
                if delta.id:
                    assert call["id"] is None, "the id came twice"
                    call["id"] = delta.id
                if delta.function and delta.function.name:
                    assert call["name"] is None, "the name came twice"
                    call["name"] = delta.function.name
                call["arguments"] += (delta.function and delta.function.arguments) or ""
    return [calls[index] for index in sorted(calls)]


def test_chat():
    raw = client.chat.completions.with_raw_response.create(model="gpt-4.1", messages=HELLO)
    answer = ChatCompletion.model_validate_json(raw.text, strict=True)
    assert answer.id.startswith("gen_") and answer.id == raw.headers["x-model-router-generation-id"]
    assert answer.model == raw.headers["x-model-router-model"] == "gpt-4.1"
    assert raw.headers["x-model-router-provider"] == "openai"
    assert answer.choices[0].finish_reason == "stop" and answer.choices[0].message.content
    assert answer.usage.completion_tokens == 12, answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 12


def test_cost_agrees_with_header_and_record():
    raw = client.chat.completions.with_raw_response.create(model="gpt-4.1", messages=HELLO)
    usage = json.loads(raw.text, parse_float=str)["usage"]
    record = client.get(f"/generations/{raw.headers['x-model-router-generation-id']}", cast_to=object)["data"]
    assert float(usage["cost"]) > 0
    assert usage["cost"] == raw.headers["x-model-router-cost"] == record["total_cost"], (usage, record)


def test_tiers_and_directions():
    for tier in ("economy", "standard", "auto"):
        for prefer in ("cheap", "fast", "balanced", "quality", "coding"):
            answer = client.chat.completions.create(model=tier, messages=HELLO, extra_body={"prefer": prefer})
            assert answer.choices[0].message.content, (tier, prefer)


def test_stream():
    chunks = streamed(model="gpt-4.1", messages=HELLO)
    assert len({(chunk.id, chunk.model, chunk.created) for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    whole = client.chat.completions.create(model="gpt-4.1", messages=HELLO)
    assert text == whole.choices[0].message.content, (text, whole)
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 12, chunks[-1]


def test_stream_of_every_provider():
    for model in ("grok-3-mini-beta", "llama-3.3-70b-versatile", "llama3.1-8b", "o4-mini"):
        chunks = streamed(model=model, messages=HELLO)
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), model
        body = client.chat.completions.with_raw_response.create(model=model, messages=HELLO).text
        ChatCompletion.model_validate_json(body, strict=True)


def test_stream_helper():
    # The helper reads a call's arguments when the next call begins: it needs one call after the other.
    with client.chat.completions.stream(model="llama3.1-8b", messages=BOTH, tools=strict_tools()) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds, kinds
    assert len(final.choices[0].message.tool_calls) == 2


def strict_tools():
    return [tool | {"function": tool["function"] | {"strict": True}} for tool in TOOLS]


def test_tools_then_their_results():
    ask = [{"role": "user", "content": "Run get_weather for Oslo"}]
    answer = client.chat.completions.create(model="gpt-4.1", messages=ask, tools=TOOLS)
    message = answer.choices[0].message
    assert answer.choices[0].finish_reason == "tool_calls" and message.content is None
    assert [call.function.name for call in message.tool_calls] == ["get_weather"]
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "7 degrees"}
    after = client.chat.completions.create(model="gpt-4.1", messages=[*ask, message, result], tools=TOOLS)
    assert after.choices[0].finish_reason == "stop" and after.choices[0].message.content


def test_streamed_parallel_tools():
    for model in ("gpt-4.1", "llama-3.3-70b-versatile", "grok-3-mini-beta"):
        whole = client.chat.completions.create(model=model, messages=BOTH, tools=TOOLS)
        wanted = [(call.function.name, json.loads(call.function.arguments)) for call in whole.choices[0].message.tool_calls]
        chunks = streamed(model=model, messages=BOTH, tools=TOOLS)
        calls = assembled(chunks)
        assert [(call["name"], json.loads(call["arguments"])) for call in calls] == wanted, (model, calls)
        assert sorted(call["name"] for call in calls) == ["get_time", "get_weather"], (model, calls)
        assert len({call["id"] for call in calls}) == 2 and all(call["id"] for call in calls), (model, calls)
        reasons = [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason]
        assert reasons == ["tool_calls"], (model, reasons)


def test_one_tool_at_a_time():
    calls = assembled(streamed(model="gpt-4.1", messages=BOTH, tools=TOOLS, parallel_tool_calls=False))
    assert len(calls) == 1, calls


def test_json_schema():
    schema = {"name": "city", "strict": True, "schema": CITY}
    form = {"type": "json_schema", "json_schema": schema}
    answer = client.chat.completions.create(model="standard", messages=HELLO, response_format=form)
    value = json.loads(answer.choices[0].message.content)
    assert set(value) == {"city", "days"} and isinstance(value["days"], int), value


def test_parse():
    ask = [{"role": "user", "content": "Ann and Bob meet for lunch."}]
    answer = client.chat.completions.parse(model="standard", messages=ask, response_format=Event)
    assert isinstance(answer.choices[0].message.parsed, Event), answer


def test_two_choices():
    answer = client.chat.completions.create(model="gpt-4.1", messages=HELLO, n=2)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.usage.completion_tokens == 24, answer.usage
    chunks = streamed(model="gpt-4.1", messages=HELLO, n=2)
    texts = {0: "", 1: ""}
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        texts[choice.index] += choice.delta.content or ""
    assert texts == {choice.index: choice.message.content for choice in answer.choices}, texts


def test_logprobs():
    ask = {"model": "gpt-4.1", "messages": HELLO, "logprobs": True, "top_logprobs": 2}
    answer = client.chat.completions.create(**ask)
    tokens = answer.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == answer.choices[0].message.content
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in tokens)
    chunks = streamed(**ask)
    deltas = [choice.logprobs for chunk in chunks for choice in chunk.choices if choice.logprobs]
    assert sum(len(logprobs.content or []) for logprobs in deltas) == len(tokens)


def test_async_client():
    async def run():
        async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0) as other:
            stream = await other.chat.completions.create(model="economy", messages=HELLO, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    assert asyncio.run(run())


def test_base_url_without_version():
    with OpenAI(base_url=URL, api_key=KEY, max_retries=0) as other:
        assert other.chat.completions.create(model="economy", messages=HELLO).choices


def test_models():
    raw = client.models.with_raw_response.list()
    entries = json.loads(raw.text)
    assert entries["object"] == "list"
    ids = [Model.model_validate_json(json.dumps(entry), strict=True).id for entry in entries["data"]]
    assert {"economy", "standard", "premium", "auto", "gpt-4.1"} <= set(ids)
    for model in ("standard", "gpt-4.1", "meta-llama/llama-4-scout-17b-16e-instruct"):
        assert client.models.retrieve(model).id == model
    try:
        client.models.retrieve("gpt-9")
        raise AssertionError("no error")
    except openai.NotFoundError as error:
        assert error.code == "model_not_found", error


def test_bad_key():
    for key in ("sk-nonsense", "mr_sk_"):
        try:
            OpenAI(base_url=f"{URL}/v1", api_key=key, max_retries=0).chat.completions.create(model="economy", messages=HELLO)
            raise AssertionError("no error")
        except openai.AuthenticationError as error:
            assert (error.status_code, error.code) == (401, "invalid_api_key"), error


def test_bad_request():
    error = fails(openai.BadRequestError, model="gpt-4.1", temperature=9)
    assert (error.code, error.param) == ("invalid_value", "temperature"), error
    error = fails(openai.BadRequestError, model="gpt-4.1", messages=[])
    assert error.param == "messages", error
    error = fails(openai.BadRequestError, model="standard", extra_body={"prefer": "best"})
    assert error.param == "prefer", error


def test_unknown_model():
    error = fails(openai.NotFoundError, model="gpt-9")
    assert (error.code, error.type) == ("model_not_found", "invalid_request_error"), error


def test_not_allowed():
    error = fails(openai.PermissionDeniedError, model="gpt-4.1", extra_body={"provider": {"only": ["groq"]}})
    assert error.code == "model_not_allowed", error


def test_rate_limit():
    error = fails(openai.RateLimitError, model="status-429.python")
    assert error.code == "upstream_rate_limited" and error.response.headers["retry-after"] == "7", error


def test_provider_failure():
    error = fails(openai.InternalServerError, model="status-500.python")
    assert (error.status_code, error.code) == (502, "all_candidates_failed"), error
    assert error.body["metadata"]["attempts"][0]["status"] == 500, error.body


def test_providers_own_key_is_not_the_callers():
    error = fails(openai.InternalServerError, model="status-401.python")
    assert (error.status_code, error.code) == (502, "provider_auth"), error


def test_broken_stream():
    text = ""
    try:
        for chunk in client.chat.completions.create(model="cut.python", messages=HELLO, stream=True):
            text += chunk.choices[0].delta.content or "" if chunk.choices else ""
        raise AssertionError("half an answer was shown as a whole one")
    except openai.APIError:
        assert text == "half an answer", text


def test_no_credit():
    poor = account_without_credit()
    with OpenAI(base_url=f"{URL}/v1", api_key=poor, max_retries=0) as other:
        raw = other.chat.completions.with_raw_response.create(model="economy", messages=HELLO)
        assert raw.headers["x-model-router-provider"] in ("groq", "cerebras")
        assert raw.headers["x-model-router-cost"] == "0"
        try:
            other.chat.completions.create(model="standard", messages=HELLO)
            raise AssertionError("no error")
        except openai.APIStatusError as error:
            assert (error.status_code, error.code) == (402, "insufficient_credits"), error
            assert "llama-3.3-70b-versatile" in error.message


def account_without_credit():
    body = json.dumps({"email": "python@example.com"}).encode()
    headers = {"authorization": f"Bearer {ADMIN}", "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/admin/accounts", body, headers)) as response:
        return json.load(response)["api_key"]


def main():
    failed = 0
    for name, test in [(n, t) for n, t in globals().items() if n.startswith("test_")]:
        try:
            test()
            print(f"ok - python {name}")
        except Exception:
            failed += 1
            print(f"not ok - python {name}")
            traceback.print_exc(file=sys.stdout)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
