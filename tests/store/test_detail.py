from datetime import UTC, date, datetime

from reverse_search.errors import PhotoUnreadable
from reverse_search.store.detail import read_observation
from reverse_search.store.identifications import upsert_identifications
from reverse_search.store.observations import mark_observations_deleted, upsert_observers
from reverse_search.store.photos import mark_photos_deleted, set_photo_problems
from reverse_search.store.session import Database
from tests.support.store_rows import add_observation, add_photo, observation_ids, uuid_of

COLUMNS = (
    "identification_id", "observation_id", "user_id", "taxon_id", "current", "hidden", "category", "disagreement",
    "previous_taxon_id", "created_at",
)  # fmt: skip


def test_all_that_the_sources_gave(database: Database) -> None:
    when = datetime(2024, 5, 7, 8, 9, tzinfo=UTC)
    with database.write() as connection:
        upsert_observers(connection, ("observer_id", "login", "name"), [(7, "seven", None)])
        add_observation(connection, 1)
        add_photo(connection, 12, 1, position=1, license=None)
        add_photo(connection, 11, 1, position=0)
        add_photo(connection, 13, 1, position=2)
        set_photo_problems(connection, [(12, PhotoUnreadable("no picture"))])
        (row,) = connection.exec_driver_sql("SELECT id FROM photos WHERE photo_id = 13").scalars()
        mark_photos_deleted(connection, [row])
        (observation,) = observation_ids(connection, [1])
        upsert_identifications(
            connection,
            COLUMNS,
            [
                (2, observation, 9, 47_126, True, False, "maverick", True, 1, None),
                (1, observation, 7, 3, False, False, "improving", None, None, when),
                (3, observation, 9, 4, True, True, None, None, None, None),
            ],
        )
        found = read_observation(connection, uuid_of(1))
    assert found is not None
    assert (found.observer_login, found.taxon_id, found.quality_grade) == ("seven", 47_126, "needs_id")
    assert (found.latitude, found.longitude, found.observed_on) == (-33.5, 18.25, date(2024, 5, 6))
    assert [(p.photo_id, p.license, p.problem) for p in found.photos] == [(11, "CC-BY", None), (12, None, "unreadable")]
    first, second = found.identifications
    assert (first.identification_id, first.user_login, first.current, first.created_at) == (1, "seven", False, when)
    assert (second.user_login, second.disagreement, second.previous_taxon_id) == (None, True, 1)


def test_one_that_is_not_there(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        mark_observations_deleted(connection, observation_ids(connection, [1]))
        assert read_observation(connection, uuid_of(1)) is None
        assert read_observation(connection, uuid_of(2)) is None
        assert read_observation(connection, "no uuid") is None


def test_one_without_anything(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1, taxon_id=None, observed_on=None, latitude=None, longitude=None)
        found = read_observation(connection, uuid_of(1))
    assert found is not None
    assert (found.observer_login, found.photos, found.identifications) == (None, (), ())
