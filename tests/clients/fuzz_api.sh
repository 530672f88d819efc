#!/usr/bin/env bash
# Asks every operation of /openapi.json with schemathesis of PyPI: what the document allows and what
# it forbids. Wants no 5xx, no status, header or body that the document does not have, nothing
# accepted that it forbids, and nothing refused that it allows.
# MODEL_ROUTER_BIN names a binary to test; without it the release binary is built. EXAMPLES is how
# many requests are made up for an operation, SEED where their chance begins, FUZZ_PYTHON a Python
# that has schemathesis already. Needs python3 with venv, and PyPI.
set -euo pipefail

. "$(dirname "$0")/setup.sh"
router=

clean_up() {
    if [ -n "$router" ]; then
        kill "$router" 2>/dev/null || true
        wait "$router" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT

python=${FUZZ_PYTHON:-}
if [ -z "$python" ]; then
    echo "fuzz-api: installing schemathesis from PyPI"
    pypi "schemathesis==4.32.5"
    python=$work/venv/bin/python
fi

export ADMIN_TOKEN="admin-token-of-the-fuzzer" DATA_DIR="$work/var"
# Nobody waits for mails that are written to files; the fuzzer asks more often than people do.
cat >"$work/router.toml" <<'TOML'
[sign_in]
requests_per_ip_hour = 100000
TOML
env MODEL_ROUTER_BIND=127.0.0.1:0 MODEL_ROUTER_DATA_DIR="$DATA_DIR" MODEL_ROUTER_ADMIN_TOKEN="$ADMIN_TOKEN" \
    "$bin" serve --sandbox --config "$work/router.toml" >"$work/banner" 2>"$work/log" &
router=$!
ROUTER_URL=
for _ in $(seq 100); do
    ROUTER_URL=$(sed -nE 's|^ *endpoint +(http://[^ ]+)/v1$|\1|p' "$work/banner")
    [ -n "$ROUTER_URL" ] && break
    sleep 0.1
done
if [ -z "$ROUTER_URL" ]; then
    echo "fuzz-api: the router did not start" >&2
    cat "$work/banner" "$work/log" >&2
    exit 1
fi
export ROUTER_URL

# Keys and sessions, each of an account of its own, so that no operation ends what another needs.
"$python" "$here/fuzz_credentials.py" >"$work/credentials"
set -a
. "$work/credentials"
set +a

status=0
cd "$work"
fuzz() {
    SESSION=$1 "$python" -m schemathesis.cli --config-file "$here/schemathesis.toml" run "$ROUTER_URL/openapi.json" \
        --no-color --max-examples "${EXAMPLES:-30}" --seed "${SEED:-1}" "${@:2}" || status=1
}
fuzz "$SESSION_OWNER" --exclude-tag Operator --exclude-operation-id logout \
    --exclude-operation-id endSessions --exclude-operation-id deleteAccount
# These end the session that they are asked with.
fuzz "$SESSION_LOGOUT" --include-operation-id logout
fuzz "$SESSION_END_SESSIONS" --include-operation-id endSessions
fuzz "$SESSION_DELETE_ACCOUNT" --include-operation-id deleteAccount
# These switch accounts off.
fuzz "$SESSION_OWNER" --include-tag Operator

# Headers that are none are the fuzzer's fault, and the server library's to say.
if grep -E 'panicked|"level":"ERROR"' "$work/log" | grep -qv 'request parse error'; then
    grep -E 'panicked|"level":"ERROR"' "$work/log" | grep -v 'request parse error' | head -20
    status=1
fi
curl --silent --fail --header "Authorization: Bearer $ADMIN_TOKEN" "$ROUTER_URL/admin/ledger/verify" || status=1
echo
exit "$status"
