curl http://127.0.0.1:8080/v1/route \
  -H "Authorization: Bearer $MODEL_ROUTER_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "auto", "prefer": "coding",
       "messages": [{"role": "user", "content": "Prove that this lock-free queue is linearizable."}]}'
