import os
from openai import OpenAI

client = OpenAI(
    base_url="http://127.0.0.1:8080/v1",
    api_key=os.environ["MODEL_ROUTER_API_KEY"],
)

answer = client.chat.completions.create(
    model="standard",
    messages=[{"role": "user", "content": "Say hello in one line."}],
    extra_body={"prefer": "cheap"},
)
print(answer.choices[0].message.content)

stream = client.chat.completions.create(
    model="economy",
    messages=[{"role": "user", "content": "Count to five."}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
