#!/usr/bin/env bash
# Records what the release binary does under the load of `make bench`, for builds that lay the binary out by it:
# data/release.profdata. Takes two release builds' time, and needs what `make bench` needs and llvm-profdata of the
# compiler's LLVM: `rustup component add llvm-tools`, Debian's llvm-22, or LLVM_PROFDATA, which names one.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
cd "$root"

field() { rustc -vV | sed -n "s/^$1: //p"; }
llvm=$(field 'LLVM version')
profdata=${LLVM_PROFDATA:-$(rustc --print sysroot)/lib/rustlib/$(field host)/bin/llvm-profdata}
command -v "$profdata" >/dev/null || profdata=llvm-profdata-${llvm%%.*}
if ! command -v "$profdata" >/dev/null; then
    echo "profile: llvm-profdata of LLVM $llvm is missing: rustup component add llvm-tools" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
RUSTFLAGS="-Cprofile-generate=$work" cargo build --release --locked --bin model-router --target-dir "$target/profile"
# What build scripts and macros of crates did.
rm -f "$work"/*.profraw
cargo build --release --locked --target-dir "$target/tools" --manifest-path tools/bench/Cargo.toml
ROUNDS=1 SUITE=short PAGE="$work/page.md" \
    "$target/tools/release/model-router-bench" "$target/profile/release/model-router" "$root"
# Of code that did not run nothing is said: it is built as without a profile, not as if it never ran.
"$profdata" merge --sparse --output data/release.profdata "$work"/*.profraw
ls -l data/release.profdata
