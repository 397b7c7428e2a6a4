"""Prepared upserts: many plain tuples in, and only rows that really changed get a new `change_seq`.

Written as text and run by the driver's own `executemany`, since building statements by object costs as much again as
the database itself.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

from sqlalchemy import Connection

from reverse_search.store.changes import give_back, next_change_seq

T = TypeVar("T")
Value = str | int | float | bool | date | None
Row = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go.

    Attributes:
        table: its name.
        key: columns that tell whether a row is there already.
        key_predicate: of a partial unique index on the key, else "".
        never_updated: columns that only an insert sets.
        also_set: (column, expression, condition): set by an update, and alone reason enough for one.
    """

    table: str
    key: tuple[str, ...]
    key_predicate: str = ""
    never_updated: frozenset[str] = frozenset()
    also_set: tuple[tuple[str, str, str], ...] = ()


def upsert(connection: Connection, target: Target, columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Insert rows, or update those that differ. Columns that aren't named keep what they have.

    Args:
        connection: of a write transaction.
        target: where the rows go.
        columns: the names, in the order of each row's values.
        rows: dates as `date` or ISO text; moments as `sql_moment` gives them.

    Returns:
        How many rows were new or changed.
    """
    if not rows:
        return 0
    change_seq = next_change_seq(connection)
    statement = _statement(target, columns, change_seq, sqlite=connection.dialect.name == "sqlite")
    changed = execute_many(connection, statement, rows)
    if not changed:
        give_back(connection, change_seq)
    return changed


def execute_many(connection: Connection, statement: str, rows: Sequence[Row]) -> int:
    """Run a statement with `?` placeholders for each row. Returns how many rows it touched in all."""
    if connection.dialect.name != "sqlite":
        statement = statement.replace("?", "%s")
    # A copy as plain tuples, which is what the drivers are fast with.
    return connection.exec_driver_sql(statement, [tuple(row) for row in rows]).rowcount


def sql_moment(moment: datetime | None) -> str | None:
    """A moment as text that both databases take for the same one."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone can't be stored; give it one")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Split into parts of at most `size`."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def _statement(target: Target, columns: Sequence[str], change_seq: int, *, sqlite: bool) -> str:
    differs = "IS NOT" if sqlite else "IS DISTINCT FROM"
    table = target.table
    updated = _updated(target, columns)
    extra = [(c, expression, when) for c, expression, when in target.also_set if c not in columns]
    sets = [f"{c} = excluded.{c}" for c in updated] + [f"{c} = {expression}" for c, expression, _ in extra]
    reasons = [f"{table}.{c} {differs} excluded.{c}" for c in updated] + [when for _, _, when in extra if when]
    predicate = f" WHERE {target.key_predicate}" if target.key_predicate else ""
    return (
        f"INSERT INTO {table} ({', '.join(columns)}, change_seq) "  # noqa: S608 (names only from this package's callers)
        f"VALUES ({', '.join('?' * len(columns))}, {change_seq:d}) "
        f"ON CONFLICT ({', '.join(target.key)}){predicate} DO UPDATE SET "
        f"{', '.join(sets)}, change_seq = excluded.change_seq WHERE {' OR '.join(reasons)}"
    ).replace("{differs}", differs)


def _updated(target: Target, columns: Collection[str]) -> list[str]:
    updated = [c for c in columns if c not in target.key and c not in target.never_updated]
    if not updated or not set(target.key) <= set(columns) or not all(c.isidentifier() for c in columns):
        raise ValueError(f"{sorted(columns)} can't be written to {target.table}: its key is {target.key}")
    return updated
