#!/bin/bash
# Builds the dashboard, web/ → build/web/{dist,files.c,files.bin}, when its sources have changed.
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/web

# Names and contents of all that the result depends on.
state() {
    find web/src web/public web/index.html web/package-lock.json web/tsconfig.json \
        web/vite.config.ts scripts/pack-web.mjs scripts/build-web.sh -type f -print0 |
        sort -z | xargs -0 sha256sum
}

mkdir -p "$out"
exec 9>"$out/lock" # several kinds of builds may begin at once
flock 9
now=$(state)
if [ "$now" = "$(cat "$out/state" 2>/dev/null)" ] && [ -e "$out/files.c" ]; then
    exit 0
fi
(cd web && node_modules/.bin/vite build --logLevel warn)
scripts/pack-web.mjs "$out/dist" "$out"
echo "$now" >"$out/state"
