import os
import litellm

answer = litellm.completion(
    model="openai/standard",
    api_base="http://127.0.0.1:8080/v1",
    api_key=os.environ["MODEL_ROUTER_API_KEY"],
    messages=[{"role": "user", "content": "Say hello in one line."}],
    extra_body={"prefer": "fast"},
)
print(answer.choices[0].message.content)
