#!/bin/sh
# Trains the built-in detector in the background of everything else; resumes by itself. Arguments go to the trainer.
set -eu
cd "$(dirname "$0")"
export OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0 KMP_BLOCKTIME=0
exec nice -n 19 "$(./venv.sh)" -m airelay_training train "$@"
