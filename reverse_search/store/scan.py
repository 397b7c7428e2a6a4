"""Reading whole tables into numpy columns, a few thousand rows at a time: no row becomes an object."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from reverse_search.domain.arrays import AnyArray

_FETCH_ROWS = 500  # larger ones fall out of the cache and wake the garbage collector


@dataclass(frozen=True, slots=True)
class Column:
    """One column to read: its name, the SQL that gives it, and how a batch of values becomes an array."""

    name: str
    sql: str
    to_array: Callable[[Sequence[Any]], AnyArray]


def number(name: str, dtype: npt.DTypeLike, sql: str | None = None) -> Column:
    """A column of numbers that are never null."""
    return Column(name, sql or name, lambda values: np.fromiter(values, dtype, len(values)))


def number_or(name: str, dtype: npt.DTypeLike, if_null: int) -> Column:
    """A column of numbers, with one that stands for null."""
    return number(name, dtype, f"COALESCE({name}, {if_null:d})")


def flag_or(name: str, if_null: int) -> Column:
    """A column of booleans as int8: 0, 1, and a number that stands for null."""
    return number(name, np.int8, f"COALESCE(CAST({name} AS INTEGER), {if_null:d})")


def measure(name: str) -> Column:
    """A column of floats, NaN for null."""
    return Column(name, name, lambda values: np.array(values, dtype=np.float64))


def uuid_bytes(name: str) -> Column:
    """A column of uuids, 16 bytes a row."""

    def to_array(values: Sequence[str]) -> AnyArray:
        return np.frombuffer(bytes.fromhex("".join(values).replace("-", "")), dtype=np.uint8).reshape(-1, 16)

    return Column(name, name, to_array)


def word(name: str, words: Sequence[str]) -> Column:
    """A column of words from a closed list, as int8 positions in it; null is the empty word."""
    cases = " ".join(f"WHEN '{w}' THEN {position}" for position, w in enumerate(words))
    return number(name, np.int8, f"CASE COALESCE({name}, '') {cases} END")


def day(name: str, if_null: int, *, sqlite: bool) -> Column:
    """A date or moment as days since 1970, in UTC."""
    if sqlite:
        # A julian day begins at noon, so that midnight is at .5: the difference is whole.
        sql = f"CAST(julianday(substr({name}, 1, 10)) - 2440587.5 AS INTEGER)"
    else:
        sql = f"CAST(CAST({name} AS timestamptz) AT TIME ZONE 'UTC' AS date) - DATE '1970-01-01'"
    return number(name, np.int32, f"COALESCE({sql}, {if_null:d})")


@dataclass(slots=True)
class Names:
    """Gives each name that occurs a number; sorted at the end, so that numbers don't depend on the order read."""

    codes: defaultdict[str, int] = field(default_factory=lambda: defaultdict(lambda: -1))

    def column(self, name: str) -> Column:
        """The column whose names are collected here; null is the empty name."""
        return Column(name, f"COALESCE({name}, '')", self._to_array)

    def _to_array(self, values: Sequence[str]) -> AnyArray:
        for new in sorted(set(values) - self.codes.keys()):
            self.codes[new] = len(self.codes)
        return np.fromiter(map(self.codes.__getitem__, values), np.int16, len(values))

    def sorted(self, found: AnyArray) -> tuple[AnyArray, tuple[str, ...]]:
        """Renumber what the column gave by sorted name. Returns it with the names."""
        names = tuple(sorted(self.codes))
        renumbered = np.zeros(len(names), dtype=np.int16)
        renumbered[[self.codes[name] for name in names]] = np.arange(len(names), dtype=np.int16)
        return (renumbered[found] if len(names) else found), names


def scan(connection: Connection, columns: Sequence[Column], source: str) -> dict[str, AnyArray]:
    """Read `SELECT columns FROM source` into one array per column."""
    statement = f"SELECT {', '.join(c.sql for c in columns)} FROM {source}"  # noqa: S608 (text from this package only)
    parts: dict[str, list[AnyArray]] = {c.name: [c.to_array(())] for c in columns}
    cursor = _driver_cursor(connection)
    try:
        cursor.execute(statement)
        while rows := cursor.fetchmany(_FETCH_ROWS):
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                parts[column.name].append(column.to_array(values))
    finally:
        cursor.close()
    # One column at a time, each freed before the next is joined: the peak is the arrays and one more column.
    return {c.name: np.concatenate(parts.pop(c.name)) for c in columns}


def _driver_cursor(connection: Connection) -> Any:
    """A cursor of the driver, in the connection's transaction: its plain tuples halve the time of a scan."""
    if not connection.in_transaction():
        connection.begin()
    driver_connection: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return driver_connection.cursor()
    # A named cursor stays on the server, so that the client doesn't hold the whole table.
    return driver_connection.cursor(name="scan")
