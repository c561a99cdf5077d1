#!/usr/bin/env bash
# Draws docs/images/session.svg, the session in README.md: runs its commands in a terminal, and draws what is on the screen.
#
#   scripts/session.sh      BARENET=path takes a command that has been built
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${BARENET:-}" ]; then
  cargo build --quiet --release --bin barenet
  BARENET=${CARGO_TARGET_DIR:-target}/release/barenet
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet pyte rich
mkdir "$work/bin" "$work/here"
cp "$BARENET" "$work/bin/barenet"
cp data/tests/tables/iris.csv "$work/here"
PATH=$work/bin:$PATH "$work/venv/bin/python" scripts/session.py "$work/here" docs/images/session.svg
