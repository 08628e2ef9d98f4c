#!/usr/bin/env bash
# How long `./reelswap demo` takes from a clean clone, split into install, build and job.
#   tests/bench/demo_time.sh            in a temporary folder, compiler cache switched off
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone -q "$root" "$folder/clone"
cd "$folder/clone"
started=$SECONDS
CCACHE_DISABLE=1 ./reelswap demo >"$folder/out" 2>"$folder/err" || { tail -n 30 "$folder/err" "$folder/out"; exit 1; }
whole=$((SECONDS - started))
grep -E 'installed in|built in' "$folder/err" || true
grep -E 'Done in' "$folder/out"
echo "whole: $whole s"
started=$(date +%s%N)
./reelswap --version >/dev/null
echo "start afterwards: $((($(date +%s%N) - started) / 1000000)) ms"
