#!/bin/bash
# Installs what the project needs and this machine lacks: packages of Debian 12 and the npm packages
# of package-lock.json. Says nothing and touches nothing when all is there.
#   scripts/setup.sh build|test|lint|bench …   (each of them includes build)
set -euo pipefail
cd "$(dirname "$0")/.."

# The arm64 sibling of the engine's library; npm could not lock it on the machine that made the
# lock file (see docs/dependencies.md), so its version stands here.
CHDB_ARM64='@chdb/lib-linux-arm64-gnu@26.7.3-stable.1'
APT_LOCK_WAIT_S=300

missing=()
node_folders=(. web)
command_from() { # command package: wanted where the command is not found
    command -v "$1" >/dev/null || PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null ||
        missing+=("$2")
}
library_from() { # pkg-config module, package
    pkg-config --exists "$1" 2>/dev/null || missing+=("$2")
}
package() { # a package that no command or module stands for
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' || missing+=("$1")
}

need_build() {
    command_from gcc gcc
    command_from g++ g++
    command_from make make
    command_from cmake cmake
    command_from ninja ninja-build
    command_from pkg-config pkg-config
    package libc6-dev
    package tzdata
    package ca-certificates
    library_from simdjson libsimdjson-dev
    library_from libxxhash libxxhash-dev
    library_from libsodium libsodium-dev
    library_from libzstd libzstd-dev
    library_from zlib zlib1g-dev
    library_from libmicrohttpd libmicrohttpd-dev
    library_from libcurl libcurl4-gnutls-dev
    library_from libmaxminddb libmaxminddb-dev
    library_from gnutls libgnutls28-dev
    library_from inih libinih-dev
    library_from sqlite3 libsqlite3-dev
    library_from cmocka libcmocka-dev
    command_from node nodejs
    command_from npm npm
}

need_test() {
    [ -x /usr/bin/python3 ] || missing+=(python3)
    package python3-pytest
    package python3-cryptography # notices of WeChat Pay, made independently
    command_from clang clang
    package libclang-rt-14-dev # libFuzzer and the sanitizers' runtimes for clang
    command_from clickhouse-server clickhouse-server
    command_from nginx nginx-light
    node_folders+=(sdk)
    command_from chromium chromium
    package fonts-noto-cjk # Chinese on the screenshots
}

need_lint() {
    command_from clang-format clang-format
    command_from clang-tidy clang-tidy
    [ -x /usr/bin/python3 ] || missing+=(python3)
}

need_bench() {
    node_folders+=(sdk)
    command_from nginx nginx-light
    [ -x /usr/bin/python3 ] || missing+=(python3)
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Packages of servers would start them; tests start their own. The policy is Debian's way to say no.
forbid_services() {
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
        as_root chmod +x /usr/sbin/policy-rc.d
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
}

install_packages() {
    if ! command -v apt-get >/dev/null; then
        echo "Please install the counterparts of these Debian packages: ${missing[*]}" >&2
        exit 1
    fi
    echo "Installing Debian packages: ${missing[*]}"
    forbid_services
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=$APT_LOCK_WAIT_S)
    as_root "${apt[@]}" update
    as_root "${apt[@]}" install --no-install-recommends "${missing[@]}"
}

install_node_modules() { # folder: that of a package-lock.json
    # The stamp is the lock file as it was installed.
    if ! cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock.json"; then
        if [ -L "$1/node_modules" ]; then
            # npm ci would empty what it points to.
            echo "setup.sh: $1/node_modules is a link to another install: remove the link" >&2
            exit 1
        fi
        echo "Installing npm packages of $1/package-lock.json"
        (
            cd "$1"
            npm ci --no-audit --no-fund --loglevel=error
            if [ "$1" = . ] && [ "$(uname -m)" = aarch64 ]; then
                npm install --no-save --no-package-lock --no-audit --no-fund "$CHDB_ARM64"
            fi
            cp package-lock.json node_modules/.installed-lock.json
        )
    fi
}

need_build
for purpose in "$@"; do
    case "$purpose" in
    build) ;;
    test) need_test ;;
    lint) need_lint ;;
    bench) need_bench ;;
    *)
        echo "setup.sh: unknown purpose '$purpose'" >&2
        exit 2
        ;;
    esac
done
if [ ${#missing[@]} -gt 0 ]; then
    install_packages
fi
for folder in "${node_folders[@]}"; do
    install_node_modules "$folder"
done
