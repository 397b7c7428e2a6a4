"""Rows to fill a database with."""

import uuid as uuids
from collections.abc import Sequence

from reverse_search.store.observations import find_observations, upsert_observations
from reverse_search.store.photos import upsert_photos
from reverse_search.store.session import Connection
from reverse_search.store.upsert import Value

OBSERVATION: dict[str, Value] = {
    "observer_id": 7,
    "latitude": -33.5,
    "longitude": 18.25,
    "positional_accuracy_m": 12,
    "taxon_id": 47_126,
    "quality_grade": "needs_id",
    "observed_on": "2024-05-06",
    "source": "test",
}


def uuid_of(number: int) -> str:
    return str(uuids.uuid5(uuids.NAMESPACE_OID, str(number)))


def add_observation(connection: Connection, number: int, **values: Value) -> int:
    """Write one observation (1 if it was new or changed), with these values instead of the usual ones."""
    row: dict[str, Value] = {"uuid": uuid_of(number), **OBSERVATION, **values}
    return upsert_observations(connection, tuple(row), [tuple(row.values())])


def observation_ids(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """Internal ids of observations that are known to be there."""
    found = find_observations(connection, [uuid_of(number) for number in numbers])
    return [one for one in found if one is not None]


def add_photo(connection: Connection, photo_id: int, observation: int, **values: Value) -> int:
    (observation_id,) = observation_ids(connection, [observation])
    usual: dict[str, Value] = {"extension": "jpg", "license": "CC-BY", "width": 640, "height": 480, "position": 0}
    row: dict[str, Value] = {"photo_id": photo_id, "observation_id": observation_id, **usual, **values}
    return upsert_photos(connection, tuple(row), [tuple(row.values())])


def seqs(connection: Connection, table: str, key: str) -> dict[object, int]:
    """`change_seq` of every row of a table."""
    rows = connection.exec_driver_sql(f"SELECT {key}, change_seq FROM {table}")
    return {row[0]: row[1] for row in rows}
