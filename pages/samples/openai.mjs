import OpenAI from "openai";

const client = new OpenAI({
  baseURL: "http://127.0.0.1:8080/v1",
  apiKey: process.env.MODEL_ROUTER_API_KEY,
});

const answer = await client.chat.completions.create({
  model: "standard",
  prefer: "cheap",
  messages: [{ role: "user", content: "Say hello in one line." }],
});
console.log(answer.choices[0].message.content);

const stream = await client.chat.completions.create({
  model: "economy",
  messages: [{ role: "user", content: "Count to five." }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
console.log();
