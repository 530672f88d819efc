#!/usr/bin/env bash
# Signs in with a code that travels through a real SMTP server (aiosmtpd) and is read back by
# Python's email package, in the clear with a login, over TLS and over STARTTLS. MODEL_ROUTER_BIN names a binary to test; without it the release binary is
# built. Needs python3 with venv, and PyPI.
set -euo pipefail

. "$(dirname "$0")/setup.sh"

echo "mail: installing aiosmtpd and trustme from PyPI"
pypi "aiosmtpd>=1.4,<2" "trustme>=1.2,<2"
"$work/venv/bin/python" "$here/test_mail.py" "$bin"
