curl http://127.0.0.1:8080/v1/credits \
  -H "Authorization: Bearer $MODEL_ROUTER_API_KEY"
