#!/usr/bin/env bash
# Runs the samples of the docs that need packages (pages/samples), unmodified but for the address, each
# against `serve --sandbox` with the newest package that it names. MODEL_ROUTER_BIN names a binary to
# test; without it the release binary is built. Needs python3 with venv, node with npm, and the two
# package registries.
set -euo pipefail

. "$(dirname "$0")/setup.sh"
router=

clean_up() {
    [ -z "$router" ] || kill "$router" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

echo "samples: installing openai, langchain-openai, litellm, ai and @ai-sdk/openai-compatible"
pypi openai langchain-openai litellm
(cd "$work" && npm install --no-package-lock --no-audit --no-fund --loglevel=error openai ai @ai-sdk/openai-compatible >npm)

env MODEL_ROUTER_BIND=127.0.0.1:0 MODEL_ROUTER_DATA_DIR="$work/var" "$bin" serve --sandbox >"$work/banner" 2>"$work/log" &
router=$!
for _ in $(seq 100); do
    url=$(sed -nE 's|^ *endpoint +(http://[^ ]+)/v1$|\1|p' "$work/banner")
    MODEL_ROUTER_API_KEY=$(sed -nE 's|^ *API key +(mr_sk_[^ ]+)$|\1|p' "$work/banner")
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || { echo "samples: the router did not start" >&2; cat "$work/log" >&2; exit 1; }
export MODEL_ROUTER_API_KEY

passed=0
failed=0
check() {
    # Not under its own name: Python would import it in place of the package.
    sed "s|http://127.0.0.1:8080|$url|g" "$root/pages/samples/$1" >"$work/sample-$1"
    if (cd "$work" && timeout 120 "$2" "sample-$1") >"$work/said" 2>&1 && grep -q "simulated model" "$work/said"; then
        echo "ok - $1"
        passed=$((passed + 1))
    else
        echo "not ok - $1"
        cat "$work/said"
        failed=$((failed + 1))
    fi
}
check openai.py "$work/venv/bin/python"
check langchain.py "$work/venv/bin/python"
check litellm.py "$work/venv/bin/python"
check openai.mjs node
check ai-sdk.mjs node
echo "samples: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
