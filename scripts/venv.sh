#!/bin/sh
# Makes the virtual environment $1, with the tools that build the project, from $PYTHON or the first Python
# that is new enough. Safe to run again: a sound environment is kept.
set -eu

venv=$1
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

find_python() {
    for candidate in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c "$new_enough" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or later is needed and was not found: install one, then run: make demo PYTHON=/path/to/python3" >&2
    exit 1
}

if ! "$venv/bin/python" -c "$new_enough" 2>/dev/null; then
    python=$(find_python)
    echo "Making a virtual environment in $venv with $("$python" --version)."
    rm -rf "$venv"
    if ! "$python" -m venv "$venv"; then
        rm -rf "$venv"
        echo "This Python cannot make virtual environments; on Debian and Ubuntu run: sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi

# Dependency groups came with pip 25.1.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' 'maturin>=1.16,<2'
