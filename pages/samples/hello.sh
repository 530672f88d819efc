curl http://127.0.0.1:8080/v1/chat/completions \
  -H "Authorization: Bearer $MODEL_ROUTER_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "economy", "prefer": "cheap",
       "messages": [{"role": "user", "content": "Say hello in one line."}]}'
