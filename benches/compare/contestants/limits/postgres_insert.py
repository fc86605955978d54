"""As `postgres.py`, but jobs are added by INSERT from arrays, with a commit for each thousand."""

from __future__ import annotations

from typing import Any

from contestant import main
from limits.postgres import PostgresLimit

ROWS = 1_000
INSERT = "INSERT INTO bare (payload) SELECT unnest($1::text[])"


class InsertingLimit(PostgresLimit):
    """The bare table, filled by statements."""

    name = "by hand, INSERT"
    notes = f"bare table, INSERT from an array of {ROWS:,}, a commit each"

    async def put(self, connection: Any, payloads: list[str]) -> None:
        for start in range(0, len(payloads), ROWS):
            await connection.execute(INSERT, payloads[start : start + ROWS])


if __name__ == "__main__":
    main(InsertingLimit)
