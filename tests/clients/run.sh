#!/usr/bin/env bash
# Runs the official openai packages of PyPI and npm, unmodified, against `serve --sandbox`.
# MODEL_ROUTER_BIN names a binary to test; without it the release binary is built.
# Needs python3 with venv, node with npm, and the two package registries.
set -euo pipefail

. "$(dirname "$0")/setup.sh"
pids=()

clean_up() {
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT

die() {
    echo "clients: $1" >&2
    shift
    for log in "$@"; do cat "$log" >&2; done
    exit 1
}

# Waits until a file has a line that matches, at most ten seconds, and prints its first group.
await_line() {
    for _ in $(seq 100); do
        found=$(sed -nE "s|$2|\1|p" "$1" | head -n 1)
        if [ -n "$found" ]; then
            echo "$found"
            return
        fi
        sleep 0.1
    done
    return 1
}

echo "clients: installing openai from PyPI and npm"
pypi -r "$here/requirements.txt"
cp "$here/package.json" "$here/test_openai.mjs" "$work"
(cd "$work" && npm install --no-package-lock --no-audit --no-fund --loglevel=error >npm)

python3 "$here/failing_provider.py" >"$work/failing" 2>&1 &
pids+=($!)
port=$(await_line "$work/failing" '^([0-9]+)$') || die "the failing provider did not start" "$work/failing"

{
    # A failure closes its model, and a refused key its provider, so each of them is alone and each client has its own.
    # They are the dearest and the worst, so that nobody gets them who does not name them.
    for client in python node; do
        for model in status-401 status-429 status-500 cut; do
            name=$model.$client
            printf '[[provider]]\nname = "%s"\ndialect = "openai"\n' "${name/./-}"
            printf 'base_url = "http://127.0.0.1:%s/v1"\n' "$port"
            printf '[[model]]\nid = "%s"\nprovider = "%s"\ntier = "premium"\n' "$name" "${name/./-}"
            printf 'price = { input = 500, output = 500 }\nquality = 0.01\n'
            printf 'context_window = 8192\nmax_output = 1024\n'
        done
    done
} >"$work/catalog.toml"

export ROUTER_ADMIN_TOKEN="admin-token-of-the-client-tests"
env MODEL_ROUTER_BIND=127.0.0.1:0 MODEL_ROUTER_DATA_DIR="$work/var" MODEL_ROUTER_CATALOG="$work/catalog.toml" \
    MODEL_ROUTER_ADMIN_TOKEN="$ROUTER_ADMIN_TOKEN" "$bin" serve --sandbox >"$work/banner" 2>"$work/log" &
pids+=($!)
ROUTER_KEY=$(await_line "$work/banner" '^ *API key +(mr_sk_[^ ]+)$') || die "the router did not start" "$work/banner" "$work/log"
ROUTER_URL=$(await_line "$work/banner" '^ *endpoint +(http://[^ ]+)/v1$') || die "no endpoint in the banner" "$work/banner"
export ROUTER_KEY ROUTER_URL

status=0
"$work/venv/bin/python" "$here/test_openai.py" >"$work/python" || status=1
"$work/venv/bin/python" "$here/test_loop.py" >>"$work/python" || status=1
(cd "$work" && node --test-reporter=tap test_openai.mjs) >"$work/node" || status=1
cat "$work/python"
grep -vE '^(#|TAP|  ---|  \.\.\.|  (duration_ms|type|location):|1\.\.)' "$work/node" | sed -E 's/^((not )?ok) [0-9]+ - /\1 - node /'

count() { cat "$work/python" "$work/node" | grep -cE "^$1 " || true; }
passed=$(count ok)
failed=$(count 'not ok')
# A client that died before its first test has not passed.
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
echo "clients: $passed passed, $failed failed"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ]
