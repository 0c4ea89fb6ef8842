#!/bin/sh
# Makes the trainer's Python environment in the cache, once, and prints the path of its interpreter.
set -eu
cd "$(dirname "$0")"
cache="${AIRELAY_TRAINING_CACHE:-$(cd ../.. && pwd)/training-cache}"
python="$cache/venv/bin/python"
if ! "$python" -c 'import torch, onnx, onnxruntime, cv2, pytest' 2>/dev/null; then
    mkdir -p "$cache"
    nice -n 19 "${PYTHON:-python3.11}" -m venv "$cache/venv" >&2
    nice -n 19 "$python" -m pip install -q -r requirements.txt >&2
fi
echo "$python"
