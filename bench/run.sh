#!/bin/sh
# Times the tellings of batch norm beside the limit: bench/run.sh BUILD
set -eu
exec "$1/xhat" bench --method fused,closed,staged
