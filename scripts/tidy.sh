#!/bin/bash
# clang-tidy over the sources, with the kept configuration in .clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/.."
# The commands are gcc's; a configuration of its own keeps clang-tidy away from gcc's options.
[ -e build/lint/compile_commands.json ] ||
    cmake -G Ninja -S . -B build/lint -Wno-dev -DCMAKE_C_COMPILER=clang \
        -DCMAKE_CXX_COMPILER=clang++ >/dev/null
cmake build/lint >/dev/null
git ls-files -z --cached --others --exclude-standard 'src/*.c' |
    xargs -0 -r -n 4 -P 2 clang-tidy --quiet -p build/lint 2>/dev/null
