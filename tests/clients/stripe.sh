#!/usr/bin/env bash
# Deposits against localstripe, a double of Stripe on PyPI that others wrote: customers, saved cards,
# off-session payments and signed events. MODEL_ROUTER_BIN names a binary to test; without it the
# release binary is built. Needs python3 with venv, and PyPI.
set -euo pipefail

. "$(dirname "$0")/setup.sh"

echo "stripe: installing localstripe from PyPI"
pypi "localstripe>=1.15,<2"
"$work/venv/bin/python" "$here/test_stripe.py" "$bin" "$root"
