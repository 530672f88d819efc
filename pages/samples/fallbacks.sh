curl http://127.0.0.1:8080/v1/chat/completions \
  -H "Authorization: Bearer $MODEL_ROUTER_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "gpt-4.1", "models": ["claude-haiku-4-5", "standard"],
       "provider": {"ignore": ["xai"], "max_price": {"prompt": 5, "completion": 20}},
       "messages": [{"role": "user", "content": "Say hello in one line."}]}'
