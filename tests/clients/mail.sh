#!/usr/bin/env bash
# Signs in with a code that travels through a real SMTP server (aiosmtpd) and is read back by
# Python's email package, in the clear with a login, over TLS and over STARTTLS. MODEL_ROUTER_BIN names a binary to test; without it the release binary is
# built. Needs python3 with venv, and PyPI.
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

echo "mail: installing aiosmtpd and trustme from PyPI"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "aiosmtpd>=1.4,<2" "trustme>=1.2,<2"
"$work/venv/bin/python" "$here/test_mail.py" "$bin"
