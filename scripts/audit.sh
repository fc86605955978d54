#!/bin/sh
# Looks through what the project depends on: licences, sources, and weaknesses that are known. It needs Rust and the
# network; what it installs goes into $1.
set -eu

tools=$1
deny=0.20.2
pip_audit=2.10.1

if ! "$tools/bin/cargo-deny" --version 2>/dev/null | grep -q " $deny\$"; then
    echo "Building cargo-deny $deny: a few minutes, once."
    cargo install cargo-deny --locked --quiet --version "=$deny" --root "$tools" --target-dir "$tools/build"
    rm -rf "$tools/build"
fi
if [ "$(cat "$tools/pip-audit.txt" 2>/dev/null)" != "$pip_audit" ] || ! "$tools/venv/bin/python" -c '' 2>/dev/null; then
    rm -rf "$tools/venv"
    "${PYTHON:-python3}" -m venv "$tools/venv"
    "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check "pip-audit==$pip_audit"
    echo "$pip_audit" >"$tools/pip-audit.txt"
fi

"${PYTHON:-python3}" -m scripts.requirements >"$tools/requirements.txt"
failed=0
# Apart, as the second asks for the list of known weaknesses, and where that cannot be had the first still tells.
"$tools/bin/cargo-deny" --locked check --hide-inclusion-graph licenses bans sources || failed=1
"$tools/bin/cargo-deny" --locked check --hide-inclusion-graph advisories || failed=1
"$tools/venv/bin/pip-audit" --strict --progress-spinner off --requirement "$tools/requirements.txt" || failed=1
exit $failed
