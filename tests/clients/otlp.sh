#!/usr/bin/env bash
# Sends spans and metrics to a real OTLP collector (rotel) over http/protobuf, http/json and gRPC,
# and compares what it read with what the callers saw. MODEL_ROUTER_BIN names a binary to test;
# without it the release binary is built. Needs python3 with venv, and PyPI.
set -euo pipefail

. "$(dirname "$0")/setup.sh"

echo "otlp: installing rotel from PyPI"
pypi "rotel==0.0.1a15"
agent=$(find "$work/venv" -name rotel-agent -type f | head -1)
"$work/venv/bin/python" "$here/test_otlp.py" "$bin" "$agent" "$work"
