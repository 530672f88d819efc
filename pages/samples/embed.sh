curl http://127.0.0.1:8080/v1/embeddings \
  -H "Authorization: Bearer $MODEL_ROUTER_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "embed-small", "input": ["first text", "second text"]}'
