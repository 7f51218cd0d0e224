#!/bin/bash
# Starts Minipulse in the foreground with a shop's demo data; prints the address.
# PORT (8080; the next free one when busy) and DATA_DIR (./data) may be set.
set -euo pipefail
cd "$(dirname "$0")/.."
port=${PORT:-8080}
PORTS_TRIED_MAX=50

is_busy() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
for ((tried = 0; tried < PORTS_TRIED_MAX; tried++)); do
    is_busy "$port" || break
    port=$((port + 1))
done
exec build/release/minipulse serve --demo --data-dir "${DATA_DIR:-data}" \
    --listen "127.0.0.1:$port" "$@"
