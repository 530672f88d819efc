#!/usr/bin/env bash
# The pages in headless Chromium against `serve --sandbox`; screenshots go to target/screens. Needs
# Debian's chromium (CHROMIUM names another), node, and the packages of package-lock.json. With
# `--if-installed` it installs nothing and says what is missing; otherwise it installs the packages.
# MODEL_ROUTER_BIN names a binary to test; without it the debug binary is built. With FIRST_PAINT_MS=100 a
# page that paints later fails, which is for a release build.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
export CHROMIUM=${CHROMIUM:-$(command -v chromium || true)}
export SCREENS=${SCREENS:-$target/screens}

missing=
command -v node >/dev/null || missing="node"
[ -x "$CHROMIUM" ] || missing="$missing chromium (apt-get install chromium, or CHROMIUM=…)"
if [ "${1:-}" = --if-installed ]; then
    [ -f "$here/node_modules/playwright-core/package.json" ] && [ -f "$here/node_modules/axe-core/axe.js" ] ||
        missing="$missing packages (make test-browser installs them)"
    if [ -n "$missing" ]; then
        echo "browser: left out, not installed: $missing"
        exit 0
    fi
elif [ -n "$missing" ]; then
    echo "browser: not installed: $missing" >&2
    exit 1
else
    (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
fi

if [ -z "${MODEL_ROUTER_BIN:-}" ]; then
    (cd "$root" && cargo build --locked --quiet --bin model-router)
    export MODEL_ROUTER_BIN=$target/debug/model-router
fi
cd "$here"
# One file at a time: each starts a router and a browser of its own.
node --test --test-concurrency=1 --test-timeout=600000 --test-reporter=spec ./*.test.mjs
