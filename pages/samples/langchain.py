import os
from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    model="standard",
    base_url="http://127.0.0.1:8080/v1",
    api_key=os.environ["MODEL_ROUTER_API_KEY"],
    extra_body={"prefer": "quality"},
)
print(model.invoke("Say hello in one line.").content)
