import random
import uuid
from dataclasses import fields
from datetime import UTC, date, datetime

import numpy as np
import pytest
from sqlalchemy import insert

from reverse_search.errors import PhotoMissing, PhotoUnreachable, PhotoUnreadable
from reverse_search.store.columns import GRADES, NO_DAY, PROBLEMS, ObservationColumns, read_columns
from reverse_search.store.decisions import touched_observation_ids
from reverse_search.store.identifications import upsert_identifications
from reverse_search.store.observations import mark_observations_deleted
from reverse_search.store.people import Decision, User
from reverse_search.store.photos import mark_photos_deleted, set_photo_problems
from reverse_search.store.session import Connection, Database
from reverse_search.store.taxa import upsert_taxa
from tests.support.store_rows import add_observation, add_photo, observation_ids, uuid_of

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
IDENTIFICATION_COLUMNS = (
    "identification_id",
    "observation_id",
    "user_id",
    "taxon_id",
    "current",
    "hidden",
    "disagreement",
    "previous_taxon_id",
    "created_at",
)


def test_empty(database: Database) -> None:
    with database.snapshot() as connection:
        columns = read_columns(connection)
    assert (len(columns.observations), len(columns.photos), len(columns.identifications)) == (0, 0, 0)
    assert (list(columns.taxa), len(columns.touched), columns.watermark) == ([], 0, 0)
    assert columns.photos.license_names == ()
    assert columns.observations.uuids.shape == (0, 16)


def test_types_are_as_documented(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        add_photo(connection, 5, 1)
    with database.snapshot() as connection:
        columns = read_columns(connection)
    wanted = {
        "ids": "int64",
        "uuids": "uint8",
        "platform_ids": "int64",
        "observer_ids": "int64",
        "taxon_ids": "int64",
        "grades": "int8",
        "captive": "int8",
        "latitudes": "float64",
        "longitudes": "float64",
        "accuracies_m": "int32",
        "obscured": "int8",
        "observed_days": "int32",
        "created_days": "int32",
        "identifications_complete": "bool",
    }
    assert {f.name: getattr(columns.observations, f.name).dtype.name for f in fields(ObservationColumns)} == wanted
    assert columns.photos.widths.dtype == np.int32
    assert columns.photos.problems.dtype == np.int8


def test_observations_are_ordered_by_uuid_and_hold_what_was_written(database: Database) -> None:
    given = {
        1: {"captive": True, "obscured": False, "quality_grade": "research", "platform_id": 2**40},
        2: {"taxon_id": None, "latitude": None, "longitude": None, "positional_accuracy_m": None, "observed_on": None},
        3: {"observed_on": "1066-10-14", "quality_grade": "casual", "created_at": "1969-12-31 23:59:59.999999"},
        4: {"observed_on": "1970-01-01", "created_at": "2024-02-29 23:59:59.000000", "captive": False},
    }
    with database.write() as connection:
        for number, values in given.items():
            add_observation(connection, number, **values)  # type: ignore[arg-type]
    with database.snapshot() as connection:
        read = read_columns(connection).observations
    order = sorted(given, key=uuid_of)
    assert [str(uuid.UUID(bytes=bytes(row))) for row in read.uuids] == [uuid_of(number) for number in order]
    row = {number: order.index(number) for number in order}
    assert (read.captive[row[1]], read.captive[row[4]], read.captive[row[2]]) == (1, 0, -1)
    assert (read.obscured[row[1]], read.obscured[row[2]]) == (0, -1)
    assert (read.platform_ids[row[1]], read.platform_ids[row[2]]) == (2**40, -1)
    assert [GRADES[read.grades[row[n]]] for n in (1, 2, 3)] == ["research", "needs_id", "casual"]
    assert (read.taxon_ids[row[2]], read.taxon_ids[row[1]], read.accuracies_m[row[2]]) == (-1, 47_126, -1)
    assert np.isnan(read.latitudes[row[2]])
    assert (read.latitudes[row[1]], read.longitudes[row[1]]) == (-33.5, 18.25)
    epoch = date(1970, 1, 1)
    assert read.observed_days[row[3]] == (date(1066, 10, 14) - epoch).days
    assert (read.observed_days[row[4]], read.observed_days[row[2]]) == (0, NO_DAY)
    assert (read.created_days[row[3]], read.created_days[row[1]]) == (-1, NO_DAY)
    assert read.created_days[row[4]] == (date(2024, 2, 29) - epoch).days


def test_photos_are_ordered_and_deleted_ones_left_out(database: Database) -> None:
    with database.write() as connection:
        for number in (1, 2, 3):
            add_observation(connection, number)
        for photo_id, number, position in ((9, 1, 0), (4, 1, 1), (3, 1, 1), (9, 2, 0), (8, 3, 0), (7, 2, 5)):
            add_photo(connection, photo_id, number, position=position, license="CC0" if photo_id == 4 else None)
        add_photo(connection, 1, 2, position=6, width=None, height=None, extension="png", license=None)
        mark_observations_deleted(connection, observation_ids(connection, [3]))
        gone = connection.exec_driver_sql("SELECT id FROM photos WHERE photo_id = 7").scalar_one()
        mark_photos_deleted(connection, [gone])
        problems = [(9, PhotoMissing("a")), (4, PhotoUnreadable("b")), (3, PhotoUnreachable("c"))]
        set_photo_problems(connection, problems)
    with database.snapshot() as connection:
        columns = read_columns(connection)
    order = sorted((1, 2), key=uuid_of)
    photos = columns.photos
    shown = {1: [9, 3, 4], 2: [9, 1]}
    assert photos.photo_ids.tolist() == [photo for number in order for photo in shown[number]]
    assert photos.observation_rows.tolist() == [row for row, number in enumerate(order) for _ in shown[number]]
    words = {9: "missing", 4: "unreadable", 3: "unreachable", 1: ""}
    assert [PROBLEMS[p] for p in photos.problems] == [words[photo_id] for photo_id in photos.photo_ids.tolist()]
    assert (photos.license_names, photos.extension_names) == (("", "CC0"), ("jpg", "png"))
    at = photos.photo_ids.tolist()
    assert photos.license_names[photos.licenses[at.index(4)]] == "CC0"
    assert photos.extension_names[photos.extensions[at.index(1)]] == "png"
    assert (photos.widths[at.index(1)], photos.heights[at.index(4)]) == (-1, 480)


def test_identifications_are_ordered(database: Database) -> None:
    with database.write() as connection:
        for number in (1, 2):
            add_observation(connection, number)
        ids = dict(zip((1, 2), observation_ids(connection, [1, 2]), strict=True))
        rows = [
            (30, ids[1], 5, 6, True, False, None, None, None),
            (20, ids[2], 5, 7, False, True, True, 8, "2024-01-01 00:00:00.000000"),
            (10, ids[1], 4, 6, True, False, False, None, None),
        ]
        upsert_identifications(connection, IDENTIFICATION_COLUMNS, rows)
    with database.snapshot() as connection:
        said = read_columns(connection).identifications
    order = sorted((1, 2), key=uuid_of)
    shown = {1: [10, 30], 2: [20]}
    assert said.identification_ids.tolist() == [i for number in order for i in shown[number]]
    at = said.identification_ids.tolist()
    one = at.index(20)
    assert (said.current[one], said.hidden[one], said.disagreements[one], said.previous_taxon_ids[one]) == (
        False,
        True,
        1,
        8,
    )
    assert (said.disagreements[at.index(30)], said.disagreements[at.index(10)]) == (-1, 0)
    assert (said.user_ids[one], said.taxon_ids[one], said.created_days[one]) == (5, 7, 19_723)
    assert said.created_days[at.index(10)] == NO_DAY


def test_rows_do_not_depend_on_the_order_of_writing(database: Database) -> None:
    numbers = list(range(1_200))  # more than is fetched at a time
    random.Random(3).shuffle(numbers)
    with database.write() as connection:
        for number in numbers:
            add_observation(connection, number, observer_id=number + 1)
    with database.snapshot() as connection:
        read = read_columns(connection).observations
    order = sorted(numbers, key=uuid_of)
    assert (read.observer_ids - 1).tolist() == order


def test_taxa_and_decisions(database: Database) -> None:
    with database.write() as connection:
        upsert_taxa(
            connection,
            ("taxon_id", "ancestry", "rank", "rank_level", "name", "active"),
            [(5, "1", "genus", 20.0, "A", True)],
        )
        for number in (1, 2, 3):
            add_observation(connection, number)
        _decide(connection, observation_ids(connection, [3, 1, 3]))
        mark_observations_deleted(connection, observation_ids(connection, [1]))
    with database.snapshot() as connection:
        columns = read_columns(connection)
        assert touched_observation_ids(connection).tolist() == sorted(observation_ids(connection, [1, 3]))
    assert [taxon.name for taxon in columns.taxa] == ["A"]
    assert columns.touched.tolist() == [sorted((2, 3), key=uuid_of).index(3)]


def _decide(connection: Connection, observations: list[int]) -> None:
    user_id = connection.scalars(insert(User).values(login="a", created_at=NOW).returning(User.id)).one()
    for observation_id in observations:
        values = {
            "user_id": user_id,
            "observation_id": observation_id,
            "action": "refused",
            "created_at": NOW,
            "change_seq": 1,
        }
        connection.execute(insert(Decision).values(values))


@pytest.mark.slow
def test_memory_stays_near_the_arrays(database: Database) -> None:
    import tracemalloc

    if not database.is_sqlite:
        pytest.skip("the server's memory isn't this process's")
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO observations (uuid, observer_id, quality_grade, source, change_seq) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
            "SELECT printf('%08x-0000-4000-8000-000000000000', i), i, 'casual', 'test', 1 FROM n"
        )
    with database.snapshot() as connection:
        tracemalloc.start()
        read = read_columns(connection).observations
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    held_bytes = sum(getattr(read, f.name).nbytes for f in fields(ObservationColumns))
    assert len(read) == 200_000
    assert peak_bytes < 2.5 * held_bytes
