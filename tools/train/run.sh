#!/bin/sh
# Trains the classifier of auto on the rows in a directory, in a temporary environment with pinned libraries.
set -eu
data="$(cd "${1:?usage: run.sh DIRECTORY with train.jsonl and dev.jsonl}" && pwd)"
root="$(cd "$(dirname "$0")/../.." && pwd)"
venv="$(mktemp -d)"
trap 'rm -rf "$venv"' EXIT
cargo build --manifest-path "$root/Cargo.toml" --locked --bin model-router
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet -r "$root/tools/train/requirements.txt"
router="${CARGO_TARGET_DIR:-$root/target}/debug/model-router"
OMP_NUM_THREADS=1 "$venv/bin/python" "$root/tools/train/train.py" --router "$router" \
    --train "$data/train.jsonl" --dev "$data/dev.jsonl" --ablation
