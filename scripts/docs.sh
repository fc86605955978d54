#!/bin/sh
# Builds the documentation site into target/docs/site, strictly, with an environment of its own in $1.
set -eu

venv=$1
wanted=scripts/docs/requirements.txt

if ! cmp -s "$wanted" "$venv/installed.txt"; then
    echo "Installing what builds the documentation into $venv."
    rm -rf "$venv"
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$venv/installed.txt"
fi
"$venv/bin/python" -m scripts.docs
