"""Identifications, as sources write them."""

from collections.abc import Sequence

from sqlalchemy import Connection

from reverse_search.store.changes import give_back, next_change_seq
from reverse_search.store.upsert import Row, Target, chunks, execute_many, upsert

_IDENTIFICATIONS = Target("identifications", key=("identification_id",))
_LOOKUP_ROWS = 10_000


def upsert_identifications(connection: Connection, columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Write identifications; `observation_id` is the internal one. Returns how many were new or changed."""
    return upsert(connection, _IDENTIFICATIONS, columns, rows)


def replace_identifications(
    connection: Connection, observation_ids: Sequence[int], columns: Sequence[str], rows: Sequence[Row]
) -> int:
    """Make `rows` all the identifications that these observations (by internal id) have.

    Identifications that are gone are deleted; their observation then counts as changed, so that readers of changes
    look at its list again.

    Returns:
        How many identifications were new, changed or deleted.
    """
    at = columns.index("identification_id")
    given = {row[at] for row in rows}
    stored = _stored(connection, observation_ids)
    gone = [
        (identification_id, observation_id)
        for identification_id, observation_id in stored
        if identification_id not in given
    ]
    changed = upsert(connection, _IDENTIFICATIONS, columns, rows)
    if gone:
        change_seq = next_change_seq(connection)
        execute_many(connection, "DELETE FROM identifications WHERE identification_id = ?", [(i,) for i, _ in gone])
        touch = f"UPDATE observations SET change_seq = {change_seq:d} WHERE id = ?"  # noqa: S608
        if not execute_many(connection, touch, [(o,) for o in {o for _, o in gone}]):
            give_back(connection, change_seq)
    return changed + len(gone)


def _stored(connection: Connection, observation_ids: Sequence[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for part in chunks(observation_ids, _LOOKUP_ROWS):
        listed = ",".join(f"{observation_id:d}" for observation_id in part)
        statement = f"SELECT identification_id, observation_id FROM identifications WHERE observation_id IN ({listed})"  # noqa: S608
        found.extend((i, o) for i, o in connection.exec_driver_sql(statement))
    return found
