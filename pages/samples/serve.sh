export OPENAI_API_KEY=…
export MODEL_ROUTER_ADMIN_TOKEN="$(openssl rand -hex 32)"
model-router check
model-router serve
