from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reverse_search.domain.taxonomy import TaxonRow
from reverse_search.errors import PhotoMissing, PhotoUnreachable
from reverse_search.store.changes import watermark
from reverse_search.store.identifications import replace_identifications, upsert_identifications
from reverse_search.store.observations import (
    find_observations,
    mark_identifications_complete,
    mark_observations_deleted,
    upsert_observations,
    upsert_observers,
)
from reverse_search.store.photos import (
    add_photo_root,
    list_photo_roots,
    mark_photos_deleted,
    set_photo_problems,
)
from reverse_search.store.session import Connection, Database
from reverse_search.store.taxa import join_ids, load_taxa, upsert_taxa
from reverse_search.store.upsert import sql_moment
from tests.support.store_rows import add_observation, add_photo, observation_ids, seqs, uuid_of

TAXON_COLUMNS = ("taxon_id", "ancestry", "rank", "rank_level", "name", "active", "successors")

# PostgreSQL can't store NUL; neither can store half of a surrogate pair.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
ids = st.integers(1, 2**63 - 1)
taxa = st.builds(
    TaxonRow,
    taxon_id=ids,
    ancestry=st.lists(ids, max_size=5).map(tuple),
    rank=texts,
    rank_level=st.floats(0, 100),
    name=texts,
    active=st.booleans(),
    successors=st.lists(ids, max_size=3).map(tuple),
)


def _row(taxon: TaxonRow) -> tuple[int, str, str, float, str, bool, str | None]:
    return (
        taxon.taxon_id,
        join_ids(taxon.ancestry),
        taxon.rank,
        taxon.rank_level,
        taxon.name,
        taxon.active,
        join_ids(taxon.successors) or None,
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(taxa, max_size=8, unique_by=lambda taxon: taxon.taxon_id))
def test_taxa_come_back_as_they_were_and_a_second_time_changes_nothing(
    database: Database, rows: list[TaxonRow]
) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM taxa")
        assert upsert_taxa(connection, TAXON_COLUMNS, [_row(row) for row in rows]) == len(rows)
    with database.write() as connection:
        before = watermark(connection)
        assert upsert_taxa(connection, TAXON_COLUMNS, [_row(row) for row in rows]) == 0
        assert watermark(connection) == before
        assert list(load_taxa(connection)) == sorted(rows, key=lambda row: row.taxon_id)


def test_only_rows_that_differ_get_a_new_number(database: Database) -> None:
    columns = ("observer_id", "login", "name")
    with database.write() as connection:
        upsert_observers(connection, columns, [(1, "a", None), (2, "b", "B"), (3, "c", "C")])
    with database.write() as connection:
        changed = upsert_observers(connection, columns, [(1, "a", None), (2, "b", None), (3, "c", "C"), (4, "d", "D")])
        assert changed == 2
    with database.read() as connection:
        assert seqs(connection, "observers", "observer_id") == {1: 1, 2: 2, 3: 1, 4: 2}
        assert watermark(connection) == 2


def test_columns_that_are_not_named_keep_what_they_have(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1, captive=True, created_at="2024-05-06 07:08:09.000000")
        add_observation(connection, 1, quality_grade="research")
        row = connection.exec_driver_sql("SELECT captive, quality_grade FROM observations").one()
    assert (bool(row[0]), row[1]) == (True, "research")


def test_the_key_must_be_among_the_columns(database: Database) -> None:
    with pytest.raises(ValueError, match="its key is"), database.write() as connection:
        upsert_observers(connection, ("login", "name"), [("a", "b")])


def test_no_rows_are_no_change(database: Database) -> None:
    with database.write() as connection:
        assert upsert_observers(connection, ("observer_id", "login"), []) == 0
        assert mark_observations_deleted(connection, []) == 0
        assert set_photo_problems(connection, []) == 0
        assert mark_photos_deleted(connection, []) == 0
        assert watermark(connection) == 0


def test_find_keeps_the_order_and_says_what_is_unknown(database: Database) -> None:
    with database.write() as connection:
        for n in range(5):
            add_observation(connection, n)
        asked = [uuid_of(n) for n in (3, 99, 0, 3)]
        found = find_observations(connection, asked)
        assert found[1] is None
        assert found[0] == found[3]
        assert found == [*observation_ids(connection, [3]), None, *observation_ids(connection, [0, 3])]
        assert find_observations(connection, []) == []


def test_a_deleted_observation_that_comes_again_is_there_again(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        one = observation_ids(connection, [1])
        assert mark_observations_deleted(connection, one) == 1
        assert mark_observations_deleted(connection, one) == 0
        assert add_observation(connection, 1) == 1
        assert not connection.exec_driver_sql("SELECT deleted FROM observations").scalar_one()


@pytest.mark.parametrize(("taxon_id", "complete"), [(47_126, True), (1, False), (None, False)])
def test_a_new_own_taxon_makes_the_list_of_identifications_old(
    database: Database, taxon_id: int | None, complete: bool
) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        assert mark_identifications_complete(connection, observation_ids(connection, [1])) == 1
        assert add_observation(connection, 1, taxon_id=taxon_id) == (0 if complete else 1)
        stored = connection.exec_driver_sql("SELECT identifications_complete FROM observations").scalar_one()
    assert bool(stored) is complete


def test_a_numbered_observation_gets_its_true_uuid(database: Database) -> None:
    columns = ("uuid", "platform_id", "observer_id", "taxon_id", "quality_grade", "source")
    with database.write() as connection:
        made_up = (uuid_of(1), 77, 1, 2, "casual", "export")
        assert upsert_observations(connection, columns, [made_up], key="platform_id") == 1
        assert upsert_observations(connection, columns, [made_up], key="platform_id") == 0
        assert upsert_observations(connection, columns, [(uuid_of(2), 77, 1, 2, "casual", "export")]) == 0
        assert _stored(connection) == [(uuid_of(2), 77, False)]
        # The export again: the true uuid stays.
        assert upsert_observations(connection, columns, [made_up], key="platform_id") == 0
        assert _stored(connection) == [(uuid_of(2), 77, False)]


def test_two_rows_for_one_observation_become_one(database: Database) -> None:
    columns = ("uuid", "platform_id", "observer_id", "taxon_id", "quality_grade", "source")
    with database.write() as connection:
        add_observation(connection, 2)
        upsert_observations(connection, columns, [(uuid_of(1), 77, 1, 2, "casual", "export")], key="platform_id")
        upsert_observations(connection, columns, [(uuid_of(2), 77, 1, 2, "casual", "api")])
        assert sorted(_stored(connection)) == sorted([(uuid_of(2), 77, False), (uuid_of(1), None, True)])


def _stored(connection: Connection) -> list[tuple[str, int | None, bool]]:
    rows = connection.exec_driver_sql("SELECT uuid, platform_id, deleted FROM observations")
    return [(row[0], row[1], bool(row[2])) for row in rows]


def test_one_photo_of_two_observations(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        add_observation(connection, 2)
        assert [add_photo(connection, 5, 1), add_photo(connection, 5, 2), add_photo(connection, 5, 1)] == [1, 1, 0]
        assert set_photo_problems(connection, [(5, PhotoMissing("gone"))]) == 2


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({}, True),
        ({"license": "CC0"}, True),
        ({"width": 7}, False),
        ({"height": None}, False),
        ({"extension": "png"}, False),
    ],
)
def test_a_changed_picture_loses_its_problem(
    database: Database, values: dict[str, int | str | None], kept: bool
) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        add_photo(connection, 5, 1)
        set_photo_problems(connection, [(5, PhotoUnreachable("no network"))])
        add_photo(connection, 5, 1, **values)
        stored = connection.exec_driver_sql("SELECT problem, problem_detail FROM photos").one()
    assert tuple(stored) == (("unreachable", "no network") if kept else (None, None))


def test_problems_change_only_what_differs(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        add_photo(connection, 5, 1)
        add_photo(connection, 6, 1)
        assert set_photo_problems(connection, [(5, PhotoMissing("a")), (6, None)]) == 1
        assert set_photo_problems(connection, [(5, PhotoMissing("another detail"))]) == 0
        assert set_photo_problems(connection, [(5, None), (6, PhotoUnreachable("b"))]) == 2
        assert set_photo_problems(connection, [(999, PhotoMissing("c"))]) == 0


def test_a_deleted_photo_that_comes_again_is_there_again(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        add_photo(connection, 5, 1)
        row_id = connection.exec_driver_sql("SELECT id FROM photos").scalar_one()
        assert [mark_photos_deleted(connection, [row_id]), mark_photos_deleted(connection, [row_id])] == [1, 0]
        assert add_photo(connection, 5, 1) == 1


IDENTIFICATION_COLUMNS = (
    "identification_id",
    "observation_id",
    "user_id",
    "taxon_id",
    "current",
    "hidden",
    "category",
    "disagreement",
    "previous_taxon_id",
    "created_at",
)


def _identification(identification_id: int, observation_id: int, **values: object) -> tuple[object, ...]:
    usual: dict[str, object] = {
        "identification_id": identification_id,
        "observation_id": observation_id,
        "user_id": 3,
        "taxon_id": 4,
        "current": True,
        "hidden": False,
        "category": "leading",
        "disagreement": None,
        "previous_taxon_id": None,
        "created_at": "2024-01-02 03:04:05.000000",
    }
    return tuple((usual | values).values())


def test_replacing_identifications_deletes_those_gone_and_touches_the_observation(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        add_observation(connection, 2)
        one, two = observation_ids(connection, [1, 2])
        first = [_identification(10, one), _identification(11, one), _identification(20, two)]
        assert upsert_identifications(connection, IDENTIFICATION_COLUMNS, first) == 3  # type: ignore[arg-type]
        before = seqs(connection, "observations", "id")
    with database.write() as connection:
        again = [_identification(11, one, current=False), _identification(12, one)]
        assert replace_identifications(connection, [one], IDENTIFICATION_COLUMNS, again) == 3  # type: ignore[arg-type]
        after = seqs(connection, "observations", "id")
        numbers = seqs(connection, "identifications", "identification_id")
    assert after[one] > max(before.values())
    assert after[two] == before[two]
    assert sorted(map(str, numbers)) == ["11", "12", "20"]
    with database.write() as connection:
        at = watermark(connection)
        assert replace_identifications(connection, [one], IDENTIFICATION_COLUMNS, again) == 0  # type: ignore[arg-type]
        assert watermark(connection) == at


def test_photo_roots_are_kept_once_in_order(database: Database, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    with database.write() as connection:
        assert add_photo_root(connection, tmp_path / "b") == (tmp_path / "b").resolve()
        add_photo_root(connection, tmp_path / "a")
        add_photo_root(connection, tmp_path / "link")
        assert list_photo_roots(connection) == [(tmp_path / "b").resolve(), (tmp_path / "a").resolve()]


def test_moments_are_the_same_whatever_their_zone() -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (
        sql_moment(moment)
        == sql_moment(moment.astimezone(timezone(timedelta(hours=-7))))
        == "2024-01-02 03:04:05.000006"
    )
    assert sql_moment(None) is None
    with pytest.raises(ValueError, match="without a zone"):
        sql_moment(datetime(2024, 1, 2))  # noqa: DTZ001


def test_dates_may_be_dates(database: Database) -> None:
    with database.write() as connection:
        assert add_observation(connection, 1, observed_on="2024-05-06") == 1
    with database.read() as connection:
        stored = connection.exec_driver_sql("SELECT CAST(observed_on AS text) FROM observations").scalar_one()
    assert date.fromisoformat(stored) == date(2024, 5, 6)
