#!/bin/sh
# Runs all of the trainer's tests in its own environment (made if need be); none is skipped.
set -eu
cd "$(dirname "$0")"
exec nice -n 19 "$(./venv.sh)" -m pytest -q -p no:cacheprovider tests
