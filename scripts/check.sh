#!/bin/sh
# Every test, in every configuration that users build: gcc and clang, the
# sanitizers, a build without any optional library, and another CPU.
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

# NEON: the library for another CPU, whose bits must be the same.
if command -v aarch64-linux-gnu-gcc >/dev/null 2>&1 &&
    command -v qemu-aarch64 >/dev/null 2>&1; then
    echo "== neon"
    if ! { cmake -S . -B build-check/neon -DXHAT_WERROR=ON \
        -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake -DXHAT_WITH_NET=OFF \
        -DXHAT_WITH_ZLIB=OFF -DXHAT_WITH_JSON=OFF -DXHAT_WITH_WASM=OFF &&
        cmake --build build-check/neon -j "$jobs" --target test_same_bits; } \
        >build-check/neon.log 2>&1; then
        cat build-check/neon.log
        exit 1
    fi
    ctest --test-dir build-check/neon -R '^same_bits$' --output-on-failure \
        --no-tests=error
else
    echo "xhat: skipped: neon (gcc-aarch64-linux-gnu or qemu-user is missing)"
fi

if [ -n "$incomplete" ]; then
    echo "== passed, but tests were left out: see \"is missing\" above"
    exit 1
fi
echo "== every configuration passed"
