#!/usr/bin/env bash
# Installs what the browser tests need, as far as that is allowed and within minutes: Debian's chromium, node
# and npm, and the packages of package-lock.json. It never fails; `run.sh --if-installed` says what is missing.
set -u

here=$(cd "$(dirname "$0")" && pwd)

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        timeout "$@"
    elif command -v sudo >/dev/null; then
        timeout "$1" sudo -n "${@:2}"
    else
        return 1
    fi
}

wanted=
command -v chromium >/dev/null || [ -x "${CHROMIUM:-}" ] || wanted="chromium"
command -v node >/dev/null || wanted="$wanted nodejs"
command -v npm >/dev/null || wanted="$wanted npm"
if [ -n "$wanted" ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    {
        as_root 120 apt-get -qq update
        # The names are split on purpose: each is a package.
        # shellcheck disable=SC2086
        as_root 600 apt-get -qq install --yes --no-install-recommends $wanted
    } >/dev/null 2>&1 || echo "browser: not installed:$wanted"
fi
if command -v npm >/dev/null; then
    (cd "$here" && timeout 180 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null 2>&1) ||
        echo "browser: the packages were not installed"
fi
exit 0
