#!/bin/sh
# What tests want of Python that Debian lacks: onnxruntime, in a virtual
# environment, build/python-environment, on top of Debian's packages.  Silent
# and fast when it is there; without a network the tests that want it skip.
set -eu
cd "$(dirname "$0")/.."
folder=build/python-environment
if "$folder/bin/python" -c "import onnxruntime" >/dev/null 2>&1; then
    exit 0
fi
echo "xhat: installing the Python package onnxruntime into $folder" >&2
mkdir -p build
if ! { /usr/bin/python3 -m venv --system-site-packages "$folder" &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
        --retries 1 --timeout 15 onnxruntime; } >"$folder.log" 2>&1; then
    rm -rf "$folder"
    echo "xhat: not installed (no network?): tests with it are skipped" >&2
fi
