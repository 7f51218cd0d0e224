#!/bin/bash
# Replays each fuzzer's corpus, then lets it run on. Usage: scripts/fuzz.sh SECONDS [name …]
# New inputs go to build/fuzz/found/, a crashing one is named by libFuzzer and printed.
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?"how many seconds for each?"}
shift
seed=${FUZZ_SEED:-$RANDOM}
RSS_MB_MAX=2048
INPUT_SECONDS_MAX=10
passed=0
failed=0
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        name=${source##*/fuzz_}
        names+=("${name%.c}")
    done
fi
for name in "${names[@]}"; do
    found=build/fuzz/found/$name
    corpus=tests/fuzz/corpus/$name
    mkdir -p "$found"
    log=build/fuzz/$name.log
    if build/fuzz/tests/fuzz_"$name" -seed="$seed" -max_total_time="$seconds" \
        -timeout=$INPUT_SECONDS_MAX -rss_limit_mb=$RSS_MB_MAX -print_final_stats=1 \
        -artifact_prefix="$found/crash-" "$found" "$corpus" >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "fuzz $name: passed (seed $seed, ${seconds} s, ${runs:-?} inputs)"
        passed=$((passed + 1))
    else
        echo "fuzz $name: FAILED (seed $seed); the end of $log:"
        tail -40 "$log"
        failed=$((failed + 1))
    fi
done
echo "fuzz: $passed passed, $failed failed"
[ $failed -eq 0 ]
