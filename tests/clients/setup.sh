# What the scripts of this folder begin with, sourced by each: where they stand (`here`, `root`), a
# folder to work in that they remove (`work`), and the binary to test (`bin`): MODEL_ROUTER_BIN, or
# the release binary, which is built.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bin=${MODEL_ROUTER_BIN:-}
if [ -z "$bin" ]; then
    make -s -C "$root" build
    bin=${CARGO_TARGET_DIR:-$root/target}/release/model-router
fi

# A Python of one's own with packages of PyPI: pypi PACKAGE…
pypi() {
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}
