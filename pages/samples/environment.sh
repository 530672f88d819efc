export OPENAI_BASE_URL=http://127.0.0.1:8080/v1
export OPENAI_API_KEY=$MODEL_ROUTER_API_KEY
curl "$OPENAI_BASE_URL/models/standard" -H "Authorization: Bearer $OPENAI_API_KEY"
