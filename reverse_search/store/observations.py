"""Observations and their observers, as sources write them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from sqlalchemy import Connection

from reverse_search.store.changes import give_back, next_change_seq
from reverse_search.store.upsert import Row, Target, chunks, execute_many, upsert

_LOOKUP_ROWS = 20_000

_OBSERVERS = Target("observers", key=("observer_id",))
_BY_UUID = Target(
    "observations",
    key=("uuid",),
    also_set=(
        # A new own taxon with no newer list of identifications: the list is no longer the fresher of the two.
        (
            "identifications_complete",
            "observations.identifications_complete AND NOT (observations.taxon_id {differs} excluded.taxon_id)",
            "",
        ),
        ("deleted", "false", "observations.deleted"),
    ),
)
_BY_PLATFORM_ID = replace(
    _BY_UUID, key=("platform_id",), key_predicate="platform_id IS NOT NULL", never_updated=frozenset({"uuid"})
)


def upsert_observers(connection: Connection, columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Write observers. Returns how many were new or changed."""
    return upsert(connection, _OBSERVERS, columns, rows)


def upsert_observations(
    connection: Connection,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    key: Literal["uuid", "platform_id"] = "uuid",
) -> int:
    """Write observations; deleted ones that come again are there again.

    Args:
        connection: of a write transaction.
        columns: names of the model's columns, with `taxon_id` among them.
        rows: the values, in that order.
        key: what tells one observation from another. A source that doesn't know uuids gives one of its own making and
            says "platform_id"; the stored uuid is then left alone, and the true one replaces it when it comes.

    Returns:
        How many were new or changed.
    """
    if key == "platform_id":
        return upsert(connection, _BY_PLATFORM_ID, columns, rows)
    if "platform_id" in columns:
        _adopt(connection, [(row[columns.index("uuid")], row[columns.index("platform_id")]) for row in rows])
    return upsert(connection, _BY_UUID, columns, rows)


def _adopt(connection: Connection, pairs: Sequence[Row]) -> None:
    """Give true uuids to observations known only by number; where both exist as rows, the numbered one goes."""
    numbered = [(uuid, number, uuid) for uuid, number in pairs if number is not None]
    change_seq = next_change_seq(connection)
    kept = execute_many(
        connection,
        f"UPDATE observations SET uuid = ?, change_seq = {change_seq:d} "  # noqa: S608
        "WHERE platform_id = ? AND uuid <> ? AND NOT EXISTS (SELECT 1 FROM observations AS o WHERE o.uuid = ?)",
        [(*row, row[0]) for row in numbered],
    )
    dropped = execute_many(
        connection,
        f"UPDATE observations SET platform_id = NULL, deleted = true, change_seq = {change_seq:d} "  # noqa: S608
        "WHERE platform_id = ? AND uuid <> ?",
        [(number, uuid) for uuid, number, _ in numbered],
    )
    if not kept and not dropped:
        give_back(connection, change_seq)


def find_observations(connection: Connection, uuids: Sequence[str]) -> list[int | None]:
    """The internal id of each uuid, None for those that don't exist."""
    found: list[int | None] = []
    for part in chunks(uuids, _LOOKUP_ROWS):
        # One parameter for all: binding thousands of them costs more than looking them up.
        if connection.dialect.name == "sqlite":
            statement = (
                "SELECT o.id FROM json_each(?) AS j LEFT JOIN observations AS o ON o.uuid = j.value ORDER BY j.id"
            )
            parameters: tuple[object, ...] = (json.dumps(part),)
        else:
            statement = (
                "SELECT o.id FROM unnest(%s::varchar[]) WITH ORDINALITY AS j(uuid, n) "
                "LEFT JOIN observations AS o ON o.uuid = j.uuid ORDER BY j.n"
            )
            parameters = (list(part),)
        found.extend(connection.exec_driver_sql(statement, parameters).scalars())
    return found


def mark_observations_deleted(connection: Connection, observation_ids: Sequence[int]) -> int:
    """Mark observations (by internal id) that are gone from their source. Returns how many were not yet marked."""
    return _set_flag(connection, "deleted", observation_ids)


def mark_identifications_complete(connection: Connection, observation_ids: Sequence[int]) -> int:
    """Say that the stored identifications are all there are, and fresher than the observation's own taxon."""
    return _set_flag(connection, "identifications_complete", observation_ids)


def _set_flag(connection: Connection, column: str, observation_ids: Sequence[int]) -> int:
    if not observation_ids:
        return 0
    change_seq = next_change_seq(connection)
    statement = f"UPDATE observations SET {column} = true, change_seq = {change_seq:d} WHERE id = ? AND NOT {column}"  # noqa: S608
    changed = execute_many(connection, statement, [(observation_id,) for observation_id in observation_ids])
    if not changed:
        give_back(connection, change_seq)
    return changed
