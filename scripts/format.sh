#!/bin/bash
# Formats all C and C++ in place; with --check only says which files differ.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run -Werror)
# What git knows, and what it will know: not what is built or installed.
git ls-files -z --cached --others --exclude-standard '*.c' '*.h' '*.cc' |
    while IFS= read -r -d '' file; do [ -e "$file" ] && printf '%s\0' "$file"; done |
    xargs -0 -r clang-format "${mode[@]}"
