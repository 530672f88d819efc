#!/usr/bin/env bash
# Sends spans and metrics to a real OTLP collector (rotel) over http/protobuf, http/json and gRPC,
# and compares what it read with what the callers saw. MODEL_ROUTER_BIN names a binary to test;
# without it the release binary is built. Needs python3 with venv, and PyPI.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bin=${MODEL_ROUTER_BIN:-}
if [ -z "$bin" ]; then
    (cd "$root" && cargo build --release --locked --quiet)
    bin=${CARGO_TARGET_DIR:-$root/target}/release/model-router
fi

echo "otlp: installing rotel from PyPI"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "rotel==0.0.1a15"
agent=$(find "$work/venv" -name rotel-agent -type f | head -1)
"$work/venv/bin/python" "$here/test_otlp.py" "$bin" "$agent" "$work"
