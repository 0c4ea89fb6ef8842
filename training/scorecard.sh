#!/bin/sh
# Measures models/ on the evaluation pictures and clips and writes docs/detector.md. Usage: scorecard.sh [RUN]
set -eu
cd "$(dirname "$0")"
exec nice -n 19 "$(./venv.sh)" -m airelay_training card --run "${1:-n1}"
