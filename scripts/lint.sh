#!/bin/bash
# All rules that a program can check. Each part runs even when one before it failed.
# --quick leaves out clang-tidy.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
part() {
    local name=$1
    shift
    if "$@"; then
        echo "lint: $name: passed"
    else
        echo "lint: $name: FAILED"
        failed=$((failed + 1))
    fi
}

part format scripts/format.sh --check
part arrows scripts/check-arrows
part style scripts/check-style
part headers scripts/check-headers
part names scripts/check-names
part symbols scripts/check-symbols
part generated-docs scripts/check-generated-docs
part all-run scripts/check-all-run
[ "${1:-}" = --quick ] || part clang-tidy scripts/tidy.sh
[ $failed -eq 0 ]
