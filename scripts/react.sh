#!/bin/sh
# Checks, tests and builds the React package. Without Node it fails; given `where-possible`, it says so and goes on.
set -eu

missing() {
    echo "The React package (react/) is not tested: it needs Node 18.18 or later with npm, and $1." >&2
    echo "On Debian and Ubuntu run: sudo apt-get install nodejs npm; elsewhere see https://nodejs.org." >&2
    [ "${wanted:-}" = where-possible ] && exit 0
    exit 1
}

wanted=${1:-}
command -v node >/dev/null 2>&1 || missing "node was not found"
command -v npm >/dev/null 2>&1 || missing "npm was not found"
node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 18 || (major === 18 && minor >= 18) ? 0 : 1)' ||
    missing "this is $(node --version)"

cd react
npm ci --no-audit --no-fund --loglevel=error
npm run --silent lint
npm run --silent typecheck
npm test --silent
npm run --silent build
npm run --silent test:package
npm run --silent example
npm run --silent embed -- --check
cd ..
.venv/bin/python -m pytest tests/react
