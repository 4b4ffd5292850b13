#!/bin/sh
# What tests want of Python that Debian lacks: onnxruntime, in a virtual
# environment, build/python-environment, on top of Debian's packages.  Silent
# and fast when it is there.  Without a network the tests that want it skip;
# after a failure it is tried again a day later, or once its log is removed.
set -eu
cd "$(dirname "$0")/.."
folder=build/python-environment
log=$folder.log
if "$folder/bin/python" -c "import onnxruntime" >/dev/null 2>&1; then
    exit 0
fi
if [ -n "$(find "$log" -mtime -1 2>/dev/null)" ]; then
    exit 0 # it failed lately, and said so then
fi
echo "xhat: installing the Python package onnxruntime into $folder" >&2
mkdir -p build
if { /usr/bin/python3 -m venv --system-site-packages "$folder" &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
        --retries 0 --timeout 5 onnxruntime; } >"$log" 2>&1; then
    rm -f "$log"
else
    rm -rf "$folder"
    echo "xhat: not installed (no network? see $log): tests with it are" \
        "skipped" >&2
fi
