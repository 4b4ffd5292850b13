#!/bin/sh
# What takes longer than the suite should: fifty kills, and whole trainings
# whose results the README states.  XHAT names the command.
set -eu
python=/usr/bin/python3
[ -x "$python" ] || python=python3
XHAT_KILLS=${XHAT_KILLS:-50} XHAT_SEED=${XHAT_SEED:-50} \
    "$python" tests/cli/test_resume.py Resume.test_kills_at_random_moments
"$python" tests/net/whole_trainings.py
