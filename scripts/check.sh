#!/bin/sh
# Every test, in every configuration that users build: gcc and clang, the
# sanitizers, and a build without any optional library.
set -eu
cd "$(dirname "$0")/.."
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-2}
incomplete=

# check NAME COMPILER CMAKE-OPTIONS...
check() {
    name=$1 compiler=$2
    shift 2
    if ! command -v "$compiler" >/dev/null 2>&1; then
        echo "xhat: skipped: $name ($compiler is missing)"
        return 0
    fi
    echo "== $name"
    CC=$compiler cmake -S . -B "build-check/$name" -DXHAT_WERROR=ON "$@" \
        >"build-check/$name.log" 2>&1 || { cat "build-check/$name.log"; exit 1; }
    grep -h 'xhat:' "build-check/$name.log" || true
    if grep -q 'xhat:.* is missing: .*test' "build-check/$name.log"; then
        incomplete=yes # a library that only tests need
    fi
    cmake --build "build-check/$name" -j "$jobs" >"build-check/$name.log" 2>&1 ||
        { cat "build-check/$name.log"; exit 1; }
    ctest --test-dir "build-check/$name" -j "$jobs" --output-on-failure \
        --no-tests=error
}

mkdir -p build-check
check gcc gcc -DCMAKE_BUILD_TYPE=Release
check clang clang -DCMAKE_BUILD_TYPE=Release
check sanitizers gcc -DCMAKE_BUILD_TYPE=Debug \
    -DXHAT_SANITIZE=address,undefined
# The thread sanitizer cannot see into libgomp and OpenBLAS and would report
# both; what it watches is several user threads on one plan.
check threads gcc -DCMAKE_BUILD_TYPE=Debug -DXHAT_SANITIZE=thread \
    -DXHAT_WITH_OPENMP=OFF -DXHAT_WITH_NET=OFF
check bare gcc -DCMAKE_BUILD_TYPE=Release -DXHAT_WITH_OPENMP=OFF \
    -DXHAT_WITH_ZLIB=OFF -DXHAT_WITH_JSON=OFF -DXHAT_WITH_NET=OFF \
    -DXHAT_WITH_WASM=OFF
if [ -n "$incomplete" ]; then
    echo "== passed, but tests were left out: see \"is missing\" above"
    exit 1
fi
echo "== every configuration passed"
