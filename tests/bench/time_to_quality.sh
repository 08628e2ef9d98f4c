#!/bin/sh
# Held-out scores over wall time of several networks on one project, on a quiet machine:
#   tests/bench/time_to_quality.sh PROJECT OUT_FOLDER [MINUTES [CLASSIC_MINUTES]]
# Trains light, hd128 and original for MINUTES (10) each and the classic recipe (original, fp32, plain mean error)
# for CLASSIC_MINUTES (100), each from nothing, and draws all curves into OUT_FOLDER/scores.png.
set -eu
project=$1
out=$2
minutes=${3:-10}
classic=${4:-100}
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$root/build/bin/reelswap
plot=$root/build/bin/plot_scores
[ -x "$plot" ] || ninja -C "$root/build" plot_scores
mkdir -p "$out"
"$program" preprocess "$project" --set "workspace=$out/work" --quiet

train() {  # label, minutes, settings...
  label=$1
  hours=$(awk "BEGIN {print $2 / 60}")
  shift 2
  rm -rf "$out/work/model"
  "$program" train "$project" --set "workspace=$out/work" --set "library=$out/library" --quiet \
    --set "train.stop.hours=$hours" --set "train.base=none" "$@"
  rm -rf "${out:?}/$label"
  mv "$out/work/model" "$out/$label"
}

train light "$minutes" --set train.model=light
train hd128 "$minutes" --set train.model=hd128
train original "$minutes" --set train.model=original --set train.batch=16
train classic "$classic" --set train.model=original --set train.batch=64 --set train.precision=fp32
"$plot" "$out/scores.png" "light=$out/light/history.csv" "hd128=$out/hd128/history.csv" \
  "original, bf16=$out/original/history.csv" "original, classic recipe=$out/classic/history.csv"
