#!/bin/sh
# Installs the libraries that xhat is timed beside, into virtual environments
# under build/peers, and PyTorch from Debian.  What cannot be had (no network,
# another system) is said and left out.
set -eu
cd "$(dirname "$0")/../.."

scripts/dependencies.sh python3-venv libtorch-dev python3-torch

# environment FOLDER PACKAGES...: a virtual environment with these packages
environment() {
    folder=build/peers/$1
    shift
    [ -f "$folder/complete" ] && return 0
    rm -rf "$folder"
    mkdir -p build/peers
    if python3 -m venv "$folder" >/dev/null 2>&1 &&
        "$folder/bin/pip" install -q "$@" >"$folder/pip.log" 2>&1; then
        touch "$folder/complete"
    else
        echo "xhat: not installed, so not timed: $*" >&2
    fi
}

# The newest oneDNN that is packaged has the SYCL runtime, which costs small
# tensors dearly; the newest with the OpenMP runtime is older.  Both are timed.
environment onednn onednn onednn-devel
environment onednn-openmp onednn-cpu-gomp onednn-devel-cpu-gomp
