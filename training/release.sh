#!/bin/sh
# Finishes a copy of the newest state, writes models/ and the score card. Usage: release.sh [RUN] [STEPS] [DATA...]
set -eu
cd "$(dirname "$0")"
run="${1:-n1}" steps="${2:-800}"
[ $# -ge 2 ] && shift 2 || shift $#
export OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0 KMP_BLOCKTIME=0
python="$(./venv.sh)"
nice -n 19 "$python" -m airelay_training decay --run "$run" --steps "$steps" ${1:+--data "$@"}
nice -n 19 "$python" -m airelay_training release --run "$run"
./scorecard.sh "$run"
