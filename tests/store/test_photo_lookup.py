from typing import Any

import pytest
from sqlalchemy import event

from reverse_search.errors import PhotoMissing, PhotoUnreadable
from reverse_search.store.observations import mark_observations_deleted
from reverse_search.store.photos import PhotoRecord, find_photo, mark_photos_deleted, set_photo_problems
from reverse_search.store.session import Connection, Database
from tests.support.store_rows import add_observation, add_photo, observation_ids


def row_ids(connection: Connection, observation: int) -> list[int]:
    (observation_id,) = observation_ids(connection, [observation])
    statement = f"SELECT id FROM photos WHERE observation_id = {observation_id:d}"
    return [row[0] for row in connection.exec_driver_sql(statement)]


def add_shared_photo(connection: Connection) -> None:
    """Photo 5 stands in observations 1, 2 and 3, under another licence in each."""
    for n in (1, 2, 3):
        add_observation(connection, n)
        add_photo(connection, 5, n, license=f"CC-{n}")


def test_a_photo_is_found(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        add_photo(connection, 5, 1, extension="png", license=None)
        add_photo(connection, 6, 1)
        set_photo_problems(connection, [(6, PhotoUnreadable("half a picture"))])
    with database.read() as connection:
        assert find_photo(connection, 5) == PhotoRecord(5, "png", None, None, None)
        assert find_photo(connection, 6) == PhotoRecord(6, "jpg", "CC-BY", "unreadable", "half a picture")


@pytest.mark.parametrize("photo_id", [0, 6, -5, 2**31, 2**63 - 1, 2**63, -(2**63), 10**40])
def test_unknown_whatever_the_number(database: Database, photo_id: int) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        add_photo(connection, 5, 1)
        assert find_photo(connection, photo_id) is None


def test_of_several_observations_the_first_that_is_left_counts(database: Database) -> None:
    with database.write() as connection:
        add_shared_photo(connection)
        assert _license(connection) == "CC-1"
        mark_photos_deleted(connection, row_ids(connection, 1))
        assert _license(connection) == "CC-2"
        mark_observations_deleted(connection, observation_ids(connection, [2]))
        assert _license(connection) == "CC-3"
        mark_photos_deleted(connection, row_ids(connection, 3))
        assert find_photo(connection, 5) is None


def _license(connection: Connection) -> str | None:
    found = find_photo(connection, 5)
    assert found is not None
    return found.license


def test_unknown_where_all_its_observations_are_deleted(database: Database) -> None:
    with database.write() as connection:
        add_shared_photo(connection)
        mark_observations_deleted(connection, observation_ids(connection, [1, 2, 3]))
        assert find_photo(connection, 5) is None
        add_observation(connection, 2)
        assert _license(connection) == "CC-2"


def test_a_problem_is_the_same_in_every_observation(database: Database) -> None:
    with database.write() as connection:
        add_shared_photo(connection)
        set_photo_problems(connection, [(5, PhotoMissing("gone"))])
        mark_photos_deleted(connection, row_ids(connection, 1))
        assert find_photo(connection, 5) == PhotoRecord(5, "jpg", "CC-2", "missing", "gone")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_one_query_that_goes_by_the_index(database: Database) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        asked.append((statement, parameters))

    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1")  # begins the transaction
        event.listen(connection, "before_cursor_execute", note)
        assert find_photo(connection, 5) is None
        ((statement, parameters),) = asked
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert len(plan) == 2, plan  # neither a scan nor a sort
    assert plan[0].startswith("SEARCH photos USING INDEX"), plan
    assert "(photo_id=?)" in plan[0]
    assert plan[1].startswith("SEARCH observations USING INTEGER PRIMARY KEY"), plan
