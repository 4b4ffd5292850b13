#!/bin/sh
# What tests want of Python that Debian lacks: onnxruntime, and an onnx with its
# reference evaluator, in a virtual environment, build/python-environment, on
# top of Debian's packages.  Silent and fast when they are there.  Without a
# network the tests that want them skip; after a failure it is tried again a day
# later, or once the log is removed.
set -eu
cd "$(dirname "$0")/.."
folder=build/python-environment
log=$folder.log
if "$folder/bin/python" -c "import onnxruntime, onnx.reference" >/dev/null 2>&1; then
    exit 0
fi
if [ -n "$(find "$log" -mtime -1 2>/dev/null)" ]; then
    exit 0 # it failed lately, and said so then
fi
echo "xhat: installing the Python packages onnxruntime and onnx into $folder" >&2
mkdir -p build
if { /usr/bin/python3 -m venv --system-site-packages "$folder" &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
        --retries 0 --timeout 5 onnxruntime "onnx>=1.13"; } >"$log" 2>&1; then
    rm -f "$log"
else
    rm -rf "$folder"
    echo "xhat: not installed (no network? see $log): tests with them are" \
        "skipped" >&2
fi
