#!/bin/bash
# Builds one kind of binary under build/. Usage: scripts/build.sh release|asan|tsan|fuzz [target …]
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:?"which build?"}
shift
case "$kind" in
release) options=() ;;
asan) options=(-DMP_SANITIZE=address,undefined) ;;
tsan) options=(-DMP_SANITIZE=thread) ;;
fuzz) options=(-DMP_FUZZ=ON -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++) ;;
*)
    echo "build.sh: unknown kind '$kind'" >&2
    exit 2
    ;;
esac
scripts/build-web.sh
dir=build/$kind
if [ ! -e "$dir/build.ninja" ]; then
    cmake -G Ninja -S . -B "$dir" -Wno-dev "${options[@]}" >"/tmp/minipulse-cmake-$$.log" ||
        { cat "/tmp/minipulse-cmake-$$.log" >&2; exit 1; }
    rm -f "/tmp/minipulse-cmake-$$.log"
fi
[ "$kind" != fuzz ] || set -- fuzzers
ninja -C "$dir" --quiet "$@"
