#!/bin/sh
# Runs the trainer's tests that need no PyTorch, in a small environment of their own (NumPy and pytest, made if need be).
# The others run in smoke.sh. Part of `make test`.
set -eu
cd "$(dirname "$0")"
cache="${AIRELAY_TRAINING_CACHE:-${AIRELAY_CACHE:-$HOME/.cache/airelay}}"
python="$cache/venv-check/bin/python"
if ! "$python" -c 'import numpy, pytest' 2>/dev/null; then
    mkdir -p "$cache"
    "${PYTHON:-python3}" -m venv "$cache/venv-check"
    grep -E '^(numpy|pytest)==' requirements.txt | xargs "$python" -m pip install -q
fi
exec "$python" -m pytest -q -p no:cacheprovider tests/test_labels.py tests/test_metric.py tests/test_geometry.py \
    tests/test_thresholds.py tests/test_plot.py
