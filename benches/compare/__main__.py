"""The command: `python -m benches.compare`."""

from .command import main

if __name__ == "__main__":
    raise SystemExit(main())
