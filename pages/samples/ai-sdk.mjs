import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";

const router = createOpenAICompatible({
  name: "model-router",
  baseURL: "http://127.0.0.1:8080/v1",
  apiKey: process.env.MODEL_ROUTER_API_KEY,
});

const { textStream } = streamText({
  model: router("standard"),
  prompt: "Say hello in one line.",
});
for await (const text of textStream) process.stdout.write(text);
console.log();
