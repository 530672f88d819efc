#!/usr/bin/env bash
# Deposits against localstripe, a double of Stripe on PyPI that others wrote: customers, saved cards,
# off-session payments and signed events. MODEL_ROUTER_BIN names a binary to test; without it the
# release binary is built. Needs python3 with venv, and PyPI.
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

echo "stripe: installing localstripe from PyPI"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "localstripe>=1.15,<2"
"$work/venv/bin/python" "$here/test_stripe.py" "$bin" "$root"
