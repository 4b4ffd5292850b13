#!/bin/sh
# Installs the Debian packages that xhat builds and tests with, and those named
# on the command line, when any is missing.  Silent and fast when all are there.
# Where there is no apt-get, or no right to use it, the packages are listed and
# the build goes on with what is found.
#
# --tests: also what only tests use.
set -eu

packages="
    gcc g++ libc6-dev make cmake pkg-config
    zlib1g-dev libopenblas-dev libjansson-dev librandom123-dev libdnnl-dev
    libcmocka-dev libmpfr-dev clang clang-format libomp-dev python3 python3-numpy
    lld wasi-libc libclang-rt-dev-wasm32 dataset-fashion-mnist
"

# what only tests use: a browser for the page, readers of the manuals, shells
# for the completions, other programs that open models, another CPU
for_tests="
    chromium python3-websocket groff-base mandoc zsh fish
    python3-torch python3-onnx python3-venv
    qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
"

for word in "$@"; do
    case "$word" in
    --tests) packages="$packages $for_tests" ;;
    *) packages="$packages $word" ;;
    esac
done

missing=""
if command -v dpkg-query >/dev/null 2>&1; then
    # one query for all: a line for each package that is installed
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages \
        2>/dev/null | sed -n 's/^installed //p' || true)
    for package in $packages; do
        case "
$installed
" in
        *"
$package
"*) ;;
        *) missing="$missing $package" ;;
        esac
    done
else
    missing=$(echo $packages)
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "xhat: this system has no apt-get; these Debian packages have no" >&2
    echo "xhat: known counterpart here:" $missing >&2
    echo "xhat: going on with what is found" >&2
    exit 0
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "xhat: missing, and neither root nor sudo to install:" $missing >&2
        echo "xhat: going on with what is found" >&2
        exit 0
    fi
    as_root="sudo"
fi

echo "xhat: installing the Debian packages:" $missing >&2
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
# the package lists may be old or absent: fetch them once, then try again;
# one package that this system does not have must not keep out the others
if ! install $missing 2>/dev/null; then
    $as_root apt-get update -qq >/dev/null || true
    if ! install $missing 2>/dev/null; then
        failed=""
        for package in $missing; do
            install "$package" 2>/dev/null || failed="$failed $package"
        done
        [ -z "$failed" ] ||
            echo "xhat: not installed:$failed; going on with what is found" >&2
    fi
fi
