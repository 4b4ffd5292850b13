#!/bin/sh
# Times the tellings of batch norm against each other: bench/run.sh BUILD
set -eu
"$1/xhat" info | sed -n 's/^\(CPU\|kernels\|threads\|compiler\) .*/&/p'
exec "$1/bench/ladder"
