// The official npm client against a router whose providers are simulated.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const url = process.env.ROUTER_URL;
const apiKey = process.env.ROUTER_KEY;
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });

const messages = [{ role: "user", content: "Say hello. [[tokens:12]]" }];
const both = [{ role: "user", content: "Run get_weather and get_time for Paris" }];
const parameters = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};
const tools = ["get_weather", "get_time"].map((name) => ({ type: "function", function: { name, parameters } }));

async function streamed(request) {
  const chunks = [];
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) chunks.push(chunk);
  return chunks;
}

const choices = (chunks) => chunks.flatMap((chunk) => chunk.choices);
const text = (chunks) => choices(chunks).map((choice) => choice.delta.content ?? "").join("");

function assembled(chunks) {
  const calls = [];
  for (const delta of choices(chunks).flatMap((choice) => choice.delta.tool_calls ?? [])) {
    const call = (calls[delta.index] ??= { id: "", name: "", arguments: "" });
    call.id += delta.id ?? "";
    call.name += delta.function?.name ?? "";
    call.arguments += delta.function?.arguments ?? "";
  }
  return calls;
}

async function refused(kind, request) {
  const error = await client.chat.completions.create({ messages, ...request }).then(() => assert.fail("no error"), (e) => e);
  assert.equal(error.constructor, kind, String(error));
  assert.match(error.requestID, /^req_/);
  return error;
}

test("chat", async () => {
  const { data, response } = await client.chat.completions.create({ model: "gpt-4.1", messages }).withResponse();
  assert.match(data.id, /^gen_/);
  assert.equal(data.model, "gpt-4.1");
  assert.equal(response.headers.get("x-model-router-provider"), "openai");
  assert.equal(data.choices[0].finish_reason, "stop");
  assert.equal(data.usage.completion_tokens, 12);
  assert.ok(data.choices[0].message.content && data.usage.cost > 0);
});

test("a tier and a direction", async () => {
  const answer = await client.chat.completions.create({ model: "standard", prefer: "cheap", messages });
  assert.ok(answer.choices[0].message.content);
});

test("stream", async () => {
  const chunks = await streamed({ model: "gpt-4.1", messages });
  const whole = await client.chat.completions.create({ model: "gpt-4.1", messages });
  assert.equal(text(chunks), whole.choices[0].message.content);
  assert.equal(chunks[0].choices[0].delta.role, "assistant");
  assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.equal(chunks.at(-1).usage.completion_tokens, 12);
});

test("stream helper", async () => {
  const runner = client.chat.completions.stream({ model: "gpt-4.1", messages });
  const final = await runner.finalChatCompletion();
  assert.ok(final.choices[0].message.content);
  assert.equal(final.choices[0].finish_reason, "stop");
});

test("streamed parallel tools", async () => {
  for (const model of ["gpt-4.1", "llama-3.3-70b-versatile", "grok-3-mini-beta"]) {
    const whole = await client.chat.completions.create({ model, messages: both, tools });
    const wanted = whole.choices[0].message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
    const calls = assembled(await streamed({ model, messages: both, tools }));
    assert.deepEqual(calls.map((call) => [call.name, JSON.parse(call.arguments)]), wanted, model);
    assert.deepEqual(calls.map((call) => call.name).sort(), ["get_time", "get_weather"], model);
    assert.equal(new Set(calls.map((call) => call.id)).size, 2, model);
  }
});

test("tools, then their results", async () => {
  const ask = { role: "user", content: "Run get_weather for Oslo" };
  const first = await client.chat.completions.create({ model: "gpt-4.1", messages: [ask], tools });
  const { message, finish_reason } = first.choices[0];
  assert.equal(finish_reason, "tool_calls");
  assert.equal(message.content, null);
  const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "7 degrees" };
  const after = await client.chat.completions.create({ model: "gpt-4.1", messages: [ask, message, result], tools });
  assert.equal(after.choices[0].finish_reason, "stop");
});

test("json schema", async () => {
  const response_format = { type: "json_schema", json_schema: { name: "city", strict: true, schema: parameters } };
  const answer = await client.chat.completions.parse({ model: "standard", messages, response_format });
  const value = JSON.parse(answer.choices[0].message.content);
  assert.deepEqual(Object.keys(value).sort(), ["city", "days"]);
  assert.ok(Number.isInteger(value.days));
});

test("two choices", async () => {
  const answer = await client.chat.completions.create({ model: "gpt-4.1", messages, n: 2 });
  assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1]);
  assert.equal(answer.usage.completion_tokens, 24);
});

test("logprobs", async () => {
  const request = { model: "gpt-4.1", messages, logprobs: true, top_logprobs: 2 };
  const [choice] = (await client.chat.completions.create(request)).choices;
  assert.equal(choice.logprobs.content.map((token) => token.token).join(""), choice.message.content);
});

test("models", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  for (const id of ["economy", "standard", "premium", "auto", "gpt-4.1"]) assert.ok(ids.includes(id), id);
  for (const id of ["auto", "gpt-4.1", "meta-llama/llama-4-scout-17b-16e-instruct"]) {
    assert.equal((await client.models.retrieve(id)).id, id);
  }
  await assert.rejects(client.models.retrieve("gpt-9"), OpenAI.NotFoundError);
});

test("bad key", async () => {
  const other = new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-nonsense", maxRetries: 0 });
  const error = await other.chat.completions.create({ model: "economy", messages }).catch((e) => e);
  assert.equal(error.constructor, OpenAI.AuthenticationError);
  assert.equal(error.code, "invalid_api_key");
});

test("bad request", async () => {
  const error = await refused(OpenAI.BadRequestError, { model: "gpt-4.1", temperature: 9 });
  assert.deepEqual([error.code, error.param], ["invalid_value", "temperature"]);
});

test("unknown model", async () => {
  const error = await refused(OpenAI.NotFoundError, { model: "gpt-9" });
  assert.equal(error.code, "model_not_found");
});

test("not allowed", async () => {
  const error = await refused(OpenAI.PermissionDeniedError, { model: "gpt-4.1", provider: { only: ["groq"] } });
  assert.equal(error.code, "model_not_allowed");
});

test("rate limit", async () => {
  const error = await refused(OpenAI.RateLimitError, { model: "status-429.node" });
  assert.equal(error.code, "upstream_rate_limited");
  assert.equal(error.headers.get("retry-after"), "7");
});

test("provider failure", async () => {
  const error = await refused(OpenAI.InternalServerError, { model: "status-500.node" });
  assert.deepEqual([error.status, error.code], [502, "all_candidates_failed"]);
});

test("broken stream", async () => {
  let seen = "";
  const reading = async () => {
    for await (const chunk of await client.chat.completions.create({ model: "cut.node", messages, stream: true })) {
      seen += chunk.choices[0]?.delta.content ?? "";
    }
  };
  await assert.rejects(reading(), OpenAI.APIError);
  assert.equal(seen, "half an answer");
});
